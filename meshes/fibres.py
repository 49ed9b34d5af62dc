"""Straight fibres that may cross: where they lie, and the phase they make.

Centres are even in the layer and, where it is not periodic, half a length above and below it and
beside it: what reaches in from there is as dense at a mirror as anywhere. Directions follow the
density of von Mises and Fisher about the mean axis, exp(k cos) (k = 0: any direction), diameters a
lognormal one. Fibres are added until they cover the volume asked for (what crosses counted once; of
n fibres of volume V per unit volume that is about 1 - exp(-n V)), measured at points on a lattice;
one offset of all radii then meets it. It is small where many fibres are; in a cell with room for
few it changes their mean diameter, which is told where it is more than
`meshes.placed.DIAMETER_ERROR`.

Connected or not: where no way from the bottom to the top is asked for, a fibre that would close
one (with faces nearer than `ROOM` diameters, `meshes.ways`) is not placed; where one is asked for,
the first fibre is made so long that it reaches both. Sides that are not periodic would cut it off:
its axis stays between them, and it stands as steep as that needs. Where the top is the
image of the bottom, it leans by a whole number of periods, so that its end meets its beginning.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from meshes.distances import level_of_capsules, pieces, wrapped
from meshes.fitting import Phase
from meshes.labelling import Level
from meshes.mesh import MeshError
from meshes.micro import Fibres
from meshes.particles import lognormal
from meshes.placed import made_of
from meshes.ways import Ways

Floats = NDArray[np.float64]

MOST = 20_000  # fibres
DRAWN = 100  # for each one that reaches into a cell between mirrors
SAMPLES = {2: 60_000, 3: 120_000}  # points at which coverage is measured
ROOM = 1.0  # mean diameters: two boxes of the coarsest mesh that fibres may have
STEEP = 0.3  # least vertical part of the direction of a fibre that has to reach both faces


@dataclass(frozen=True)
class Segments:
    """Fibres: middles (n, dim), vectors from there to the ends of the axes (n, dim), radii (n,)."""

    centres: Floats
    halves: Floats
    radii: Floats


def fibres(micro: Fibres) -> Segments:
    """Where the fibres lie; the same digits for the same seed.

    Raises:
        MeshError: the volume cannot be reached without a way from the bottom to the top.
    """
    body, dim = micro.body, len(micro.body.sizes)
    random = np.random.Generator(np.random.PCG64(np.random.SeedSequence(body.seed)))
    low, high = body.span(micro.inside)
    points = _sample_points(micro, low, high)
    level = np.full(len(points), np.inf)
    periods = np.array(body.periods)
    tree = cKDTree(wrapped(points, periods), boxsize=periods)
    mirrors = body.periodic == "none"
    around = 0.0 if body.periodic == "all" else 0.5 * micro.length
    placed: list[tuple[Floats, Floats, float]] = []
    ways = Ways((low, high), ROOM * micro.diameter, periods)
    for turn in range(MOST * (DRAWN if mirrors else 1)):
        radius = float(0.5 * lognormal(random, micro.diameter, micro.deviation, 1)[0])
        direction = _direction(random, micro, dim)
        centre = random.random(dim) * np.array(body.sizes)
        centre[-1] = low - around + random.random() * (high - low + 2.0 * around)
        half = max(0.5 * micro.length - radius, 0.0) * direction
        if turn == 0 and micro.percolating == "yes":
            centre, half = _through(micro, centre, direction, radius)
        elif mirrors:
            centre[:-1] += (centre[:-1] / body.sizes[:-1] - 0.5) * micro.length
            first, last = _within(centre, half, radius, body.sizes[:-1])
            if first > last:
                continue
        if micro.percolating == "no":
            part = _within(centre, half, radius, body.sizes[:-1]) if mirrors else (-1.0, 1.0)
            inside = centre + 0.5 * (part[0] + part[1]) * half, 0.5 * (part[1] - part[0]) * half
            if ways.would_close(*inside, radius):
                continue
        placed.append((centre, half, radius))
        mine = pieces(centre[None], half[None], np.array([radius]), periods)
        reach = 2.0 * radius
        far = reach + radius + float(np.sqrt((mine[1] ** 2).sum(axis=1)).max())
        beside = tree.query_ball_point(wrapped(mine[0], periods), far)
        close = np.unique(np.concatenate([np.array(some, dtype=np.int64) for some in beside]))
        found = level_of_capsules(points[close], *mine, periods, reach)
        level[close] = np.minimum(level[close], found)
        if np.mean(level < 0.0) >= micro.volume_fraction:
            offset = float(np.quantile(level, micro.volume_fraction))
            parts = list(zip(*placed, strict=True))
            centres, halves = np.array(parts[0]), np.array(parts[1])
            return Segments(centres, halves, np.array(parts[2]) + offset)
    raise MeshError("mesh: the fibres do not reach their volume fraction as they have to lie")


def _direction(random: np.random.Generator, micro: Fibres, dim: int) -> Floats:
    """A direction about the axis."""
    axis = np.array(micro.axis, dtype=np.float64)
    axis = axis / np.sqrt((axis**2).sum())
    k = micro.concentration
    if dim == 2:
        angle = math.atan2(axis[1], axis[0]) + random.vonmises(0.0, k)
        return np.array([math.cos(angle), math.sin(angle)])
    u, turn = random.random(), 2.0 * math.pi * random.random()
    cosine = 1.0 - 2.0 * u
    if k > 0.0:
        cosine = 1.0 + math.log(u + (1.0 - u) * math.exp(-2.0 * k)) / k
    sine = math.sqrt(max(1.0 - cosine**2, 0.0))
    aside = np.eye(3)[int(np.argmin(np.abs(axis)))]
    first = np.cross(axis, aside)
    first /= np.sqrt((first**2).sum())
    second = np.cross(axis, first)
    return np.asarray(cosine * axis + sine * (math.cos(turn) * first + math.sin(turn) * second))


def _within(
    centre: Floats, half: Floats, radius: float, sizes: Sequence[float]
) -> tuple[float, float]:
    """The part of a fibre between the sides, from -1 to 1 along it; none if first > last."""
    first, last = -1.0, 1.0
    for middle, along, size in zip(centre, half, sizes, strict=False):
        low, high = -radius - middle, size + radius - middle
        if along == 0.0:
            if low > 0.0 or high < 0.0:
                return 1.0, -1.0
            continue
        ends = sorted((low / along, high / along))
        first, last = max(first, ends[0]), min(last, ends[1])
    return first, last


def _through(
    micro: Fibres, centre: Floats, direction: Floats, radius: float
) -> tuple[Floats, Floats]:
    """A fibre that reaches both faces, inside of the sides that are not periodic."""
    low, high = micro.body.span(micro.inside)
    steep = direction.copy()
    if abs(steep[-1]) < STEEP:
        steep[-1] = STEEP
        steep[:-1] *= math.sqrt((1.0 - STEEP**2) / max(float((steep[:-1] ** 2).sum()), 1e-300))
    half = steep * (0.5 * (high - low) + radius) / abs(steep[-1])
    middle = centre.copy()
    middle[-1] = 0.5 * (low + high)
    for axis, size in enumerate(micro.body.sizes[:-1]):
        if micro.body.periods[-1] > 0.0:
            lean = half[axis] / half[-1] * (high - low)
            half[axis] = half[-1] / (high - low) * size * round(lean / size)
        elif micro.body.periods[axis] == 0.0:
            room = 0.5 * size
            half[axis] = float(np.clip(half[axis], -room, room))
            free = room - abs(half[axis])
            middle[axis] = float(np.clip(middle[axis], 0.5 * size - free, 0.5 * size + free))
    return middle, half


def pores_from_above(micro: Fibres, level: Level) -> tuple[Floats, Floats]:
    """Depths below the top of the layer, ascending from 0, um, and the pores above each, um^3.

    Args:
        micro: the fibres.
        level: negative inside of them.
    """
    low, high = micro.body.span(micro.inside)
    points = _sample_points(micro, low, high)
    planes, plane = np.unique(points[:, -1], return_inverse=True)
    free = np.bincount(plane, level(points) >= 0.0) / np.bincount(plane)
    each = free[::-1] * (high - low) / len(planes)
    volumes = np.concatenate([[0.0], np.cumsum(each)]) * math.prod(micro.body.sizes[:-1])
    depths = np.asarray(np.linspace(0.0, high - low, len(planes) + 1), dtype=np.float64)
    return depths, volumes


def _sample_points(micro: Fibres, low: float, high: float) -> Floats:
    """Points of a lattice in the layer, in the middles of their boxes."""
    sizes = np.array([*micro.body.sizes[:-1], high - low])
    spacing = (float(sizes.prod()) / SAMPLES[len(sizes)]) ** (1.0 / len(sizes))
    counts = [max(4, round(size / spacing)) for size in sizes]
    axes = [(np.arange(n) + 0.5) / n * size for n, size in zip(counts, sizes, strict=True)]
    grids = np.meshgrid(*axes, indexing="ij")
    points = np.stack([grid.ravel() for grid in grids], axis=1)
    points[:, -1] += low
    return np.asarray(points, dtype=np.float64)


def phases_of_fibres(micro: Fibres) -> list[Phase]:
    """The fibres."""
    periods = np.array(micro.body.periods)
    placed = fibres(micro)
    mine = pieces(placed.centres, placed.halves, placed.radii, periods)
    reach = 3.0 * micro.body.resolution
    low, high = micro.body.span(micro.inside)

    def level(points: Floats) -> Floats:
        return level_of_capsules(points, *mine, periods, reach)

    volume = micro.volume_fraction * (high - low) * math.prod(micro.body.sizes[:-1])
    asked = {"any": None, "yes": True, "no": False}[micro.percolating]
    diameters = (micro.diameter, micro.deviation)
    return [
        Phase(micro.name, level, volume, made_of(placed.radii, diameters, math.inf, False, asked))
    ]
