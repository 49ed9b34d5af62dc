"""Balls or discs that do not overlap: where they lie, and the phases they make.

Diameters are drawn from a lognormal distribution until the volume is reached and then scaled by one
factor to meet it; in a cell with room for few particles that changes their mean, which is told
where it is more than `meshes.placed.DIAMETER_ERROR`. Centres begin anywhere; whatever overlaps is
pushed apart by half of the overlap each, over and over (the steepest descent of the sum of squared
overlaps), between the walls of the layer and across periodic sides. That reaches fractions of 0.5
well below random close packing (0.64; discs 0.84).

Particles that settle are pressed down: the ceiling comes down by a share of the free height as
long as they can still be pushed apart below it. Then they sink and are pushed apart in turns, and
at last each falls straight to what is below it. Embedded ones settle on a floor that lies in the
next layer; their lowest points (of shells, if any) are as deep as that.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.spatial import cKDTree

from meshes.distances import least_gap, level_of_capsules, to_nearest_image, wrapped
from meshes.fitting import Phase
from meshes.mesh import MeshError
from meshes.micro import Particles
from meshes.placed import made_of

Floats = NDArray[np.float64]

ROUNDS = 20_000
STUCK = 2_000  # rounds after which all are stirred: a row along an edge may be jammed for ever
SLACK = 1e-3  # overlap that is pushed away beyond contact, of a diameter
PRESSED_ROUNDS = 300  # below a ceiling that comes down
STEP_DOWN = 0.2  # of what is free between the ceiling and the solid volume
LEAST_STEP = 0.04
SINKINGS = 20
SINKING_ROUNDS = 100
DROPS = 3
MOST = 20_000  # particles


@dataclass(frozen=True)
class Balls:
    """Centres (n, dim) and radii (n,), um."""

    centres: Floats
    radii: Floats


def ball_volume(radius: float, dim: int) -> float:
    """Volume of a ball, area of a disc."""
    return math.pi * radius**2 if dim == 2 else 4.0 / 3.0 * math.pi * radius**3


def ball_areas(radii: Floats, dim: int) -> Floats:
    """Surfaces of balls, circumferences of discs."""
    return 2.0 * math.pi * radii if dim == 2 else 4.0 * math.pi * radii**2


def radius_of(volume: float, dim: int) -> float:
    """Inverse of `ball_volume`."""
    return math.sqrt(volume / math.pi) if dim == 2 else (3.0 * volume / (4.0 * math.pi)) ** (1 / 3)


def lognormal(random: np.random.Generator, mean: float, deviation: float, count: int) -> Floats:
    """Numbers of a lognormal distribution of this mean and standard deviation."""
    spread = math.log(1.0 + (deviation / mean) ** 2)
    return np.exp(math.log(mean) - 0.5 * spread + math.sqrt(spread) * random.standard_normal(count))


def wanted_volume(micro: Particles) -> float:
    """Volume of all particles, um^3 (um^2 in 2D)."""
    low, high = micro.body.span(micro.inside)
    return micro.volume_fraction * (high - low) * math.prod(micro.body.sizes[:-1])


def balls(micro: Particles) -> Balls:
    """Where the particles lie; the same digits for the same seed.

    Raises:
        MeshError: they do not fit without overlap.
    """
    body, dim = micro.body, len(micro.body.sizes)
    low, high = micro.room
    volume = wanted_volume(micro)
    if micro.arrangement == "cubic":
        radii = np.array([radius_of(volume, dim)])
        outer = float((radii + coat_thickness(micro, radii))[0])
        up = {"anywhere": 0.5 * (low + high), "bottom": low + outer, "top": high - outer}
        middle = [0.5 * size for size in body.sizes[:-1]]
        return Balls(np.array([[*middle, up[micro.place]]]), radii)
    random = np.random.Generator(np.random.PCG64(np.random.SeedSequence(body.seed)))
    radii = _radii(micro, random, volume, dim)
    shell = coat_thickness(micro, radii)
    sizes = np.array([*body.sizes[:-1], high - low])
    centres = random.random((len(radii), dim)) * sizes
    grown = radii + shell + 0.5 * micro.gap
    periods = np.array(body.periods)
    slack = SLACK * 2.0 * float(radii.mean())
    centres = push_apart(centres, grown + slack, sizes, periods)
    if micro.place != "anywhere":
        centres = _settled(centres, grown, slack, sizes, periods)
    if micro.contact == "touching":
        centres = _together(centres, radii + shell, sizes, periods)
    if micro.into:
        centres[:, -1] -= float((centres[:, -1] - radii - shell).min())
    if micro.place == "top":
        centres[:, -1] = sizes[-1] - centres[:, -1]
    return Balls(centres + np.array([*(0.0,) * (dim - 1), low]), radii)


def coat_thickness(micro: Particles, radii: Floats) -> float:
    """Thickness of the shell, from its share if that is given, um."""
    if micro.shell is None or micro.shell.thickness > 0.0:
        return 0.0 if micro.shell is None else micro.shell.thickness
    dim, most = len(micro.body.sizes), 4.0 * float(radii.max())
    wanted = wanted_volume(micro) * (1.0 + micro.shell.volume_fraction / micro.volume_fraction)

    def lack(thickness: float) -> float:
        return sum(ball_volume(float(r) + thickness, dim) for r in radii) - wanted

    return float(brentq(lack, 0.0, most, xtol=1e-12 * most))


def _radii(micro: Particles, random: np.random.Generator, volume: float, dim: int) -> Floats:
    guess = 2.0 * volume / ball_volume(0.5 * micro.diameter, dim) + 10.0
    if guess > 2.0 * MOST:
        raise MeshError(f"mesh: more than {MOST} particles")
    drawn = 0.5 * lognormal(random, micro.diameter, micro.deviation, int(2.0 * guess))
    each = np.array([ball_volume(float(r), dim) for r in drawn])
    total = np.cumsum(each)
    count = max(1, int(np.argmin(np.abs(total - volume))) + 1)
    return np.asarray(drawn[:count] * (volume / total[count - 1]) ** (1.0 / dim))


def _into_walls(centres: Floats, radii: Floats, sizes: Floats, periods: Floats) -> Floats:
    """Centres moved so that no ball crosses a wall; without walls into the first period."""
    for axis, period in enumerate(periods):
        if period == 0.0:
            centres[:, axis] = np.clip(centres[:, axis], radii, sizes[axis] - radii)
    return wrapped(centres, periods)


def push_apart(centres: Floats, radii: Floats, sizes: Floats, periods: Floats) -> Floats:
    """Pushes balls apart until none overlap.

    Raises:
        MeshError: they still do after many rounds.
    """
    found = _apart(centres, radii, sizes, periods, ROUNDS)
    if found is None:
        raise MeshError("mesh: the particles do not fit into their layer without overlap")
    return found


def _apart(
    centres: Floats, radii: Floats, sizes: Floats, periods: Floats, rounds: int
) -> Floats | None:
    """Centres of balls that do not overlap; None if there are none after so many rounds."""
    enough = SLACK * float(radii.mean())
    centres = centres.copy()
    random = np.random.Generator(np.random.PCG64(rounds))
    for turn in range(1, rounds + 1):
        if turn % STUCK == 0:
            centres += 0.2 * radii[:, None] * random.standard_normal(centres.shape)
        centres = _into_walls(centres, radii, sizes, periods)
        one, other, normal, overlap = _overlaps(centres, radii, periods)
        if overlap.max(initial=0.0) < enough:
            return centres
        push = 0.5 * overlap[:, None] * normal
        way = np.zeros_like(centres)
        np.add.at(way, one, push)
        np.add.at(way, other, -push)
        centres = centres + way
    return None


def _settled(
    centres: Floats, grown: Floats, slack: float, sizes: Floats, periods: Floats
) -> Floats:
    """Balls that do not overlap, pressed down by the ceiling and then dropped."""
    radii, dim = grown + slack, len(sizes)
    solid = sum(ball_volume(float(r), dim) for r in radii) / math.prod(sizes[:-1])
    least = max(solid, 2.0 * float(radii.max()))
    ceiling, step = float(sizes[-1]), STEP_DOWN
    while step > LEAST_STEP and ceiling - least > 1e-6 * ceiling:
        lower = least + (1.0 - step) * (ceiling - least)
        tried = centres * np.array([*(1.0,) * (dim - 1), lower / ceiling])
        room = np.array([*sizes[:-1], lower])
        found = _apart(tried, radii, room, periods, PRESSED_ROUNDS)
        if found is None:
            step *= 0.5
        else:
            centres, ceiling = found, lower
    fall, room = 0.2 * float(radii.mean()), np.array([*sizes[:-1], ceiling])
    for _ in range(SINKINGS):  # off what they lie on, where there is room beside it
        tried = centres - fall * np.eye(dim)[-1]
        found = _apart(tried, radii, room, periods, SINKING_ROUNDS)
        if found is None or found[:, -1].mean() > centres[:, -1].mean() - 0.05 * fall:
            break
        centres = found
    for _ in range(DROPS):
        centres = _dropped(centres, grown + 0.5 * slack, periods)
    return centres


def _dropped(centres: Floats, radii: Floats, periods: Floats) -> Floats:
    """Every ball, from the lowest up, falls straight to the floor or the first ball below."""
    centres, up = centres.copy(), centres.shape[1] - 1
    for index in np.argsort(centres[:, up], kind="stable"):
        away = to_nearest_image(centres - centres[index], periods)
        beside = (away[:, :up] ** 2).sum(axis=1)
        reach = (radii + radii[index]) ** 2
        under = (beside < reach) & (away[:, up] < 0.0)
        tops = centres[under, up] + np.sqrt(reach[under] - beside[under])
        rest = max(float(radii[index]), float(tops.max(initial=0.0)))
        centres[index, up] = min(float(centres[index, up]), rest)
    return centres


def _overlaps(
    centres: Floats, radii: Floats, periods: Floats
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats, Floats]:
    """Pairs that overlap: both numbers, the direction from the second to the first, the overlap."""
    tree = cKDTree(centres, boxsize=periods)
    pairs = tree.query_pairs(2.0 * float(radii.max()), output_type="ndarray")
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    one, other = pairs[:, 0], pairs[:, 1]
    away = to_nearest_image(centres[one] - centres[other], periods)
    far = np.sqrt((away**2).sum(axis=1))
    overlap = radii[one] + radii[other] - far
    near = overlap > 0.0
    normal = away[near] / np.maximum(far[near], 1e-12)[:, None]
    normal[far[near] == 0.0, 0] = 1.0  # two that walls have driven into one corner
    return one[near], other[near], normal, overlap[near]


def _together(centres: Floats, radii: Floats, sizes: Floats, periods: Floats) -> Floats:
    """Pushes every ball against the one whose face is next, one after the other."""
    centres = centres.copy()
    for index in range(len(centres)):
        away = to_nearest_image(centres - centres[index], periods)
        far = np.sqrt((away**2).sum(axis=1))
        gaps = far - radii - radii[index]
        gaps[index] = np.inf
        nearest = int(np.argmin(gaps))
        if np.isfinite(gaps[nearest]) and gaps[nearest] > 0.0:
            centres[index] += away[nearest] / far[nearest] * gaps[nearest]
    return _into_walls(centres, radii, sizes, periods)


def phases_of_particles(micro: Particles) -> list[Phase]:
    """The particles and their shells, painted in this order."""
    placed = balls(micro)
    periods = np.array(micro.body.periods)
    shell = coat_thickness(micro, placed.radii)
    reach = 3.0 * micro.body.resolution
    none = np.zeros_like(placed.centres)

    def level(points: Floats) -> Floats:
        return level_of_capsules(points, placed.centres, none, placed.radii, periods, reach)

    def outer(points: Floats) -> Floats:
        radii = placed.radii + shell
        return level_of_capsules(points, placed.centres, none, radii, periods, reach)

    low, high = micro.room
    touching = micro.contact == "touching" or (micro.place != "anywhere" and micro.gap == 0.0)
    made = made_of(
        placed.radii, (micro.diameter, micro.deviation),
        least_gap(placed.centres, placed.radii, periods), not touching,
        None if touching or 2.0 * float(placed.radii.max()) >= 0.999 * (high - low) else False,
    )  # fmt: skip
    dim = placed.centres.shape[1]
    outside = faces_of_balls(micro, placed, shell)
    if micro.shell is None:
        return [Phase(micro.name, level, wanted_volume(micro), made, outside)]
    inner = (micro.name, micro.shell.name, float(ball_areas(placed.radii, dim).sum()))
    grown = sum(ball_volume(float(r) + shell, dim) for r in placed.radii)
    # shells of touching particles touch, too, and do not overlap
    return [
        Phase(micro.name, level, wanted_volume(micro), made, (inner,)),
        Phase(micro.shell.name, outer, grown - wanted_volume(micro), None, outside),
    ]


def faces_of_balls(
    micro: Particles, placed: Balls, shell: float
) -> tuple[tuple[str, str, float], ...]:
    """Areas of the outer faces of balls, and of what they leave of the face they are embedded in.

    With d the depth of the lowest point below the face, caps have 2 pi r d and the face loses
    pi d (2 r - d); in a plane section they have 2 r acos(1 - d/r), it loses 2 sqrt(d (2 r - d)).
    """
    outer = micro.name if micro.shell is None else micro.shell.name
    r, dim = placed.radii + shell, placed.centres.shape[1]
    whole = float(ball_areas(r, dim).sum())
    if not micro.into:
        return ((outer, micro.inside, whole),)
    low, high = micro.body.span(micro.inside)
    z = placed.centres[:, -1]
    d = np.clip(r - (high - z if micro.place == "top" else z - low), 0.0, 2.0 * r)
    if dim == 3:
        caps, holes = 2.0 * math.pi * r * d, math.pi * d * (2.0 * r - d)
    else:
        caps, holes = 2.0 * r * np.arccos(1.0 - d / r), 2.0 * np.sqrt(d * (2.0 * r - d))
    cap, ground = float(caps.sum()), math.prod(micro.body.sizes[:-1])
    free = ground - float(holes.sum())
    return (
        (outer, micro.into, cap),
        (outer, micro.inside, whole - cap),
        (micro.inside, micro.into, free),
    )
