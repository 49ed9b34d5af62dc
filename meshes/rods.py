"""Upright rods on the floor of a layer, with shells, grains in the gaps and a deposit.

Rods stand on a square or hexagonal lattice. In a cell between mirrors a hexagonal one has rods in
the walls, which are cut in halves and quarters: all its planes of symmetry go through rods.
Jittered ones are moved by normal deviates and pushed apart where they (with their shells) are
nearer than half of the least gap of the array that they were moved from. A shell given by its share
has one thickness on all rods. Grains are balls in the gaps, placed one after the other where they
touch nothing. A deposit is a film of one thickness on all that is below it.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from meshes.coats import rod_volume
from meshes.distances import least_gap, level_of_capsules, pieces
from meshes.fitting import Phase
from meshes.labelling import Level
from meshes.mesh import MeshError
from meshes.micro import Rods
from meshes.particles import ball_areas, ball_volume, lognormal, push_apart
from meshes.placed import made_of

Floats = NDArray[np.float64]

TRIES = 2000
SHARE_KEPT = 0.5  # of the least gap of the regular array
MANY = 200  # points along the floor at which the room between rods is measured
SAMPLES = 500_000  # points at which the volume of a deposit is measured


@dataclass(frozen=True)
class Standing:
    """Rods: places on the floor (n, 1 or 2) and radii (n,), um; grains: centres and radius.

    Of a rod in a wall `shares` is what lies in the cell, 1/2 or 1/4.
    """

    places: Floats
    radii: Floats
    shares: Floats
    shell: float
    grains: Floats


def rods(micro: Rods) -> Standing:
    """Where the rods stand; the same digits for the same seed.

    Raises:
        MeshError: rods or grains do not fit.
    """
    body = micro.body
    ground = np.array(body.sizes[:-1])
    seeds = np.random.SeedSequence(body.seed).spawn(2)
    random = np.random.Generator(np.random.PCG64(seeds[0]))
    places, shares = _lattice(micro, ground)
    array = places
    radii = 0.5 * lognormal(random, micro.diameter, micro.deviation, len(places))
    if micro.arrangement == "jittered":
        places = np.asarray(places + micro.jitter * random.standard_normal(places.shape))
    shell = shell_thickness(micro, radii, shares)
    periods = np.array(body.periods[:-1])
    room = radii + shell
    room += 0.5 * SHARE_KEPT * max(_least_gap_of_array(array, room, ground, periods), 0.0)
    if bool((shares == 1.0).all()):  # rods in the walls stay there
        places = push_apart(places, room, ground, periods)
    grains = _grains(micro, Standing(places, radii, shares, shell, np.empty((0, 3))), seeds[1])
    return Standing(places, radii, shares, shell, grains)


def _lattice(micro: Rods, ground: Floats) -> tuple[Floats, Floats]:
    """Places of a regular array, and what share of each lies in the cell."""
    if micro.arrangement == "hexagonal" and len(ground) == 2 and micro.body.periodic == "none":
        return _between_mirrors(micro, ground)
    # half a spacing from the sides
    axes = [(np.arange(n) + 0.5) * size / n for n, size in zip(micro.count, ground, strict=True)]
    grids = np.meshgrid(*axes, indexing="ij")
    places = np.stack([grid.ravel() for grid in grids], axis=1)
    if micro.arrangement == "hexagonal" and len(ground) == 2:
        row = np.arange(len(places)) % micro.count[1]
        step = ground[0] / micro.count[0]
        places[:, 0] += np.where(row % 2 == 1, 0.25 * step, -0.25 * step)
    return np.asarray(places, dtype=np.float64), np.ones(len(places))


def _between_mirrors(micro: Rods, ground: Floats) -> tuple[Floats, Floats]:
    """A hexagonal array whose first and last rows, and every second row's ends, are in walls."""
    (across, rows), (a, b) = micro.count, ground / micro.count
    places, shares = [], []
    for row in range(rows + 1):
        at = np.arange(across + 1.0) if row % 2 == 0 else np.arange(across) + 0.5
        places.append(np.column_stack([at * a, np.full(len(at), row * b)]))
        share = np.where((at == 0.0) | (at == across), 0.5, 1.0)
        shares.append(share * (0.5 if row in (0, rows) else 1.0))
    return np.concatenate(places), np.concatenate(shares)


def _least_gap_of_array(places: Floats, radii: Floats, ground: Floats, periods: Floats) -> float:
    """Least distance of two rods that stand as in the array, mirror images in walls counted."""
    walls = np.minimum(places, ground - places) - radii[:, None]
    walls[np.minimum(places, ground - places) == 0.0] = np.inf  # rods in walls
    beside = 2.0 * walls[:, periods == 0.0]
    return min(least_gap(places, radii, periods), float(beside.min(initial=np.inf)))


def faces_of_rods(micro: Rods, placed: Standing) -> tuple[tuple[str, str, float], ...]:
    """Areas of the faces of rods, shells and grains, as far as no deposit covers them."""
    body, dim = micro.body, len(micro.body.sizes)
    names = [layer.name for layer in body.layers]
    at = names.index(micro.inside)
    below = names[at - 1] if at else ""
    above = names[at + 1] if at + 1 < len(names) else ""
    low, high = body.span(micro.inside)
    bodies = [(micro.name, 0.0)]
    if micro.shell is not None:
        bodies.append((micro.shell.name, placed.shell))
    around = micro.inside if micro.deposit is None else micro.deposit.name
    outer = [*(name for name, _ in bodies[1:]), around]
    ground, feet, caps = math.prod(body.sizes[:-1]), 0.0, 0.0
    out = []
    for (name, grown), beside in zip(bodies, outer, strict=True):
        r, length = placed.radii + grown, micro.length + grown
        round_ = micro.cap == "round"
        if body.flat:
            foot, wall = 2.0 * r, 2.0 * length + (math.pi - 2.0) * r * round_
        else:
            foot, wall = math.pi * r**2, 2.0 * math.pi * r * length
        foot, wall = placed.shares * foot, placed.shares * wall
        cap = 0.0 if round_ else float(foot.sum())
        if length >= (high - low) * (1.0 - 1e-9):
            caps, cap = cap, 0.0
            out.append((name, above, caps))
        out.append((name, beside, float(wall.sum()) + cap))
        out.append((name, below, float(foot.sum()) - feet))
        feet = float(foot.sum())
    if micro.deposit is None:
        out += [(micro.inside, below, ground - feet), (micro.inside, above, ground - caps)]
        if micro.grains is not None:
            radii = np.full(len(placed.grains), 0.5 * micro.grains.diameter)
            out.append((micro.grains.name, micro.inside, float(ball_areas(radii, dim).sum())))
    return tuple(face for face in out if face[1])


def shell_thickness(micro: Rods, radii: Floats, shares: Floats) -> float:
    """Thickness of the shell, from its share if that is given, um."""
    if micro.shell is None:
        return 0.0
    if micro.shell.thickness > 0.0:
        return micro.shell.thickness
    low, high = micro.body.span(micro.inside)
    whole = (high - low) * math.prod(micro.body.sizes[:-1])
    bare, share = rod_volume(micro, radii, shares, 0.0), micro.shell.volume_fraction

    def lack(thickness: float) -> float:
        return rod_volume(micro, radii, shares, thickness) - bare - share * whole

    most = micro.diameter
    if lack(most) < 0.0:
        raise MeshError("mesh: the share of the shells is more than there is room for")
    return float(brentq(lack, 0.0, most, xtol=1e-12 * most))


def _grains(micro: Rods, standing: Standing, seed: np.random.SeedSequence) -> Floats:
    """Centres of the grains; none may touch a rod or the ends of the rods' layer."""
    grains, body = micro.grains, micro.body
    dim = len(body.sizes)
    if grains is None:
        return np.empty((0, dim))
    random = np.random.Generator(np.random.PCG64(seed))
    low, high = body.span(micro.inside)
    radius = 0.5 * grains.diameter
    reach = 2.0 * grains.diameter + grains.gap
    whole = (high - low) * math.prod(body.sizes[:-1])
    count = max(1, round(grains.volume_fraction * whole / ball_volume(radius, dim)))
    top = min(low + micro.length, high)
    periods = np.array(body.periods)
    centres = np.empty((0, dim))
    zeros = np.zeros((0, dim))
    for _ in range(TRIES):
        tried = random.random((count, dim)) * np.array([*body.sizes[:-1], top - low - 2.0 * radius])
        tried[:, -1] += low + radius
        away = level_of_capsules(
            tried[:, :-1], standing.places, np.zeros_like(standing.places),
            standing.radii + standing.shell, periods[:-1], reach,
        )  # fmt: skip
        for one in tried[away > radius + grains.gap]:
            near = level_of_capsules(
                one[None], centres, zeros, np.full(len(centres), radius), periods, reach
            )
            if near[0] > radius + grains.gap:
                centres = np.concatenate([centres, one[None]])
                zeros = np.zeros_like(centres)
            if len(centres) == count:
                return centres
    raise MeshError("mesh: the grains do not fit between the rods")


def phases_of_rods(micro: Rods) -> list[Phase]:
    """Rods, shells, grains, deposit, painted in this order."""
    placed, body = rods(micro), micro.body
    low, high = body.span(micro.inside)
    periods, reach = np.array(body.periods), 3.0 * body.resolution
    volume = rod_volume(micro, placed.radii, placed.shares, 0.0)
    made = made_of(
        placed.radii, (micro.diameter, micro.deviation),
        least_gap(placed.places, placed.radii, periods[:-1]), True,
        micro.length >= (high - low) * (1.0 - 1e-9),
    )  # fmt: skip
    faces = faces_of_rods(micro, placed)
    out = [Phase(micro.name, _level(micro, placed, 0.0), volume, made, faces)]
    if micro.shell is not None:
        grown = rod_volume(micro, placed.radii, placed.shares, placed.shell)
        out.append(Phase(micro.shell.name, _level(micro, placed, placed.shell), grown - volume))
    if micro.grains is not None:
        radii, none = np.full(len(placed.grains), 0.5 * micro.grains.diameter), 0.0 * placed.grains

        def grain(points: Floats) -> Floats:
            return level_of_capsules(points, placed.grains, none, radii, periods, reach)

        total = len(radii) * ball_volume(0.5 * micro.grains.diameter, len(body.sizes))
        asked, gap = (micro.grains.diameter, 0.0), least_gap(placed.grains, radii, periods)
        out.append(Phase(micro.grains.name, grain, total, made_of(radii, asked, gap, True, False)))
    if micro.deposit is not None:
        film = _level(micro, placed, placed.shell + micro.deposit.thickness)
        floor = low + micro.deposit.thickness

        def deposit(points: Floats) -> Floats:
            return np.minimum(film(points), points[:, -1] - floor)

        share, rest = _painted_shares(micro, out, deposit)
        if rest == 0.0:
            raise MeshError(_filled(micro, placed))
        whole = (high - low) * math.prod(body.sizes[:-1])
        out.append(Phase(micro.deposit.name, deposit, share * whole))
    return out


def _filled(micro: Rods, placed: Standing) -> str:
    """What is to be said of a deposit that leaves nothing of its layer.

    Between rods that reach its top it has room for less than the distance of their faces from the
    place on the floor that is farthest from all of them.
    """
    body = micro.body
    given = 0.0 if micro.deposit is None else micro.deposit.thickness
    axes = [(np.arange(MANY) + 0.5) / MANY * size for size in body.sizes[:-1]]
    floor = np.stack([grid.ravel() for grid in np.meshgrid(*axes, indexing="ij")], axis=1)
    far = level_of_capsules(
        floor, placed.places, 0.0 * placed.places, placed.radii + placed.shell,
        np.array(body.periods[:-1]), 1.01 * given,
    )  # fmt: skip
    return (
        f"mesh: geometry.deposit.thickness: {given:g} um, expected less than {far.max():.3g} um "
        f"or a thicker layer: between these rods it fills all of {micro.inside}"
    )


def _painted_shares(micro: Rods, over: list[Phase], level: Level) -> tuple[float, float]:
    """Shares of the layer inside of a level that nothing is painted over, and inside of none.

    From points on a lattice.
    """
    body = micro.body
    low, high = body.span(micro.inside)
    sizes = np.array([*body.sizes[:-1], high - low])
    spacing = (float(sizes.prod()) / SAMPLES) ** (1.0 / len(sizes))
    counts = [max(4, round(size / spacing)) for size in sizes]
    axes = [(np.arange(n) + 0.5) / n * size for n, size in zip(counts, sizes, strict=True)]
    points = np.stack([grid.ravel() for grid in np.meshgrid(*axes, indexing="ij")], axis=1)
    points[:, -1] += low
    free = np.ones(len(points), bool)
    for phase in over:
        free &= phase.level(points) >= 0.0
    inside = level(points) < 0.0
    return float((inside & free).mean()), float((free & ~inside).mean())


def _level(micro: Rods, placed: Standing, grown: float) -> Level:
    """Level of the rods, grown on all sides but the floor."""
    body = micro.body
    low, _ = body.span(micro.inside)
    periods, reach = np.array(body.periods), 3.0 * body.resolution
    radii, top = placed.radii + grown, low + micro.length + grown
    if micro.cap == "flat":
        none = np.zeros_like(placed.places)

        def flat(points: Floats) -> Floats:
            wall = level_of_capsules(
                points[:, :-1], placed.places, none, radii, periods[:-1], reach
            )
            return np.maximum(wall, points[:, -1] - top)

        return flat
    ends = top - radii
    middles = 0.5 * (low - reach + ends)
    centres = np.column_stack([placed.places, middles])
    halves = np.zeros_like(centres)
    halves[:, -1] = ends - middles
    mine = pieces(centres, halves, radii, periods)

    def level(points: Floats) -> Floats:
        return level_of_capsules(points, *mine, periods, reach)

    return level
