"""What is told of features that were placed: how many, how thick, how near, with which faces.

Sizes are drawn from a distribution and then changed by one factor (particles) or one offset
(fibres) until they have the volume that was asked for. In a cell with room for few features that
is much: a mean diameter that is more than `DIAMETER_ERROR` other than asked for is told, and a
larger cell mends it. Features that are apart by less than a box of the lattice may be joined by
necks in the mesh; this is told, too. So is how much less of the particles is next to sides that are
mirrors, where that is a part of the whole that counts.
"""

import math
from collections.abc import Sequence

import numpy as np

from meshes.distances import Floats
from meshes.fitting import Phase
from meshes.lattice import Flags, Ints, quality
from meshes.mesh import Made, Part
from meshes.micro import Body, Particles
from meshes.micro_faults import MOST_BOXES

DIAMETER_ERROR = 0.05  # of the mean diameter asked for
RIM = 0.25  # mean diameters from a mirror
LACKING = 0.01  # of all particles: what is missing there, beyond which it is told


def made_of(
    radii: Floats, asked: tuple[float, float], gap: float, apart: bool, percolates: bool | None
) -> Made:
    """What was placed.

    Args:
        radii: of the features, um.
        asked: mean and standard deviation of the diameters, um; 0, 0: nothing was asked.
        gap: least distance of two of them, um; infinite for one that is alone.
        apart: whether every one is a piece of its own.
        percolates: whether they have to reach from the bottom to the top; None: it is open.
    """
    mean, deviation = (2.0 * float(x) for x in (radii.mean(), radii.std()))
    deviation = deviation if deviation > 1e-9 * mean else 0.0  # of equal ones: the last digits
    wanted, spread = asked if asked[0] > 0.0 else (None, None)
    return Made(
        len(radii), len(radii) if apart else None, gap if apart and math.isfinite(gap) else None,
        mean, deviation, wanted, spread, percolates,
    )  # fmt: skip


def sizes_told(phases: Sequence[Phase]) -> list[str]:
    """Number and diameters of the features of every phase next to those asked for."""
    out = []
    for phase in phases:
        if (made := phase.made) is None:
            continue
        text = f"{phase.name}: {made.count} of {made.diameter:.4g} +- {made.deviation:.3g} um"
        if made.asked_diameter is not None:
            text += f" ({made.asked_diameter:.4g} +- {made.asked_deviation:.3g} um asked for)"
            if abs(made.diameter / made.asked_diameter - 1.0) > DIAMETER_ERROR:
                text += ", the cell is too small for features of that size"
        out.append(text)
    return out


def gaps_told(phases: Sequence[Phase], body: Body, standing: str = "") -> list[str]:
    """Features that are nearer to one another than a box is wide, and what parts them.

    Those with the name `standing` have no `gap` of their own: their array has.
    """
    dim, size = len(body.sizes), body.resolution
    finest = (math.prod(body.sizes) / MOST_BOXES[dim]) ** (1.0 / dim)
    out = []
    for phase in phases:
        if phase.made is None or phase.made.gap is None or phase.made.gap >= size:
            continue
        gap = phase.made.gap
        parts = f"a gap of {size:.3g} um keeps it open"
        if phase.name == standing:
            parts = f"an array with {size:.3g} um between them keeps it open"
        if gap >= finest:
            parts = f"a resolution of {gap:.3g} um or {parts}"
        out.append(
            f"the least gap of {phase.name}, {gap:.3g} um, is {gap / size:.2g} of a box and may be "
            f"closed: {parts}"
        )
    return out


def missed_of(parts: Sequence[Part]) -> list[str]:
    """Pieces and ways through that are other than those of the features that were placed."""
    out = []
    for part in parts:
        if part.made is None:
            continue
        if part.made.pieces not in (None, part.islands):
            pieces = "1 piece" if part.islands == 1 else f"{part.islands} pieces"
            out.append(f"{part.name} of {pieces}, not {part.made.pieces}")
        if part.made.percolates not in (None, part.percolates):
            does = "reaches" if part.percolates else "does not reach"
            out.append(f"{part.name} {does} through")
    return out


def mirrors_told(micro: Particles, points: Floats, cells: Ints, inside: Flags) -> list[str]:
    """Shares of particles next to the sides and in the middle, where sides are mirrors.

    With the share f of the cell that is next to a side and the shares v of particles in it and V in
    the middle, f (1 - v/V) of them is missing; where it is less than `LACKING` nothing is said.

    Args:
        micro: the particles.
        points: coordinates, shape (nodes, dim), um.
        cells: those of the layers with particles, shape (cells, dim + 1).
        inside: which of them are of particles.
    """
    body = micro.body
    if body.periodic != "none" or micro.arrangement == "cubic":
        return []  # the images of one ball in the middle are a lattice
    corners = points[cells]
    volumes, middles = quality(corners)[1], corners.mean(axis=1)[:, :-1]
    sizes = np.array(body.sizes[:-1])
    away = np.minimum(middles, sizes - middles)
    rim = max(RIM * micro.diameter, body.resolution)
    far = np.minimum(micro.diameter, 0.25 * sizes)
    near, middle = (away < rim).any(axis=1), (away > far).all(axis=1)
    there = float(volumes[near & inside].sum() / volumes[near].sum())
    deep = float(volumes[middle & inside].sum() / volumes[middle].sum())
    lacking = float(volumes[near].sum() / volumes.sum()) * (1.0 - there / max(deep, 1e-300))
    if lacking < LACKING:
        return []
    return [
        f"{micro.name} has a share of {there:.2g} within {rim:.3g} um of the sides and {deep:.2g} "
        'in the middle, as sides are mirrors that cut none: periodic = "sides" has no such rim'
    ]
