"""Where a crack comes to rest that grows under a falling driving force: lengths until G = Gc.

G and Gc are those of the place that the tip has reached: of the layer there, and of a toughness by
the modulus there. A crack that would grow on this side of an interface and not beyond it comes to
rest at the interface. How far G - Gc falls there with the length a is known from the lengths that
were tried; with the error bar of G and what the meshes of the search miss of it,

    error bar of a = (bar + |G_search(a_0) - G(a_0)|)/|d(G - Gc)/da|,

at an interface as close as the search comes to it.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import accumulate, pairwise
from math import inf

from mpi4py import MPI

from meshes.block import layer_at
from meshes.layers import Block, face_length
from solver import schema
from solver.equilibrium import Equilibrium
from solver.fracture import energy_release_rates
from solver.margins import angle_of, resistance_at
from solver.mechanics import Mechanical
from solver.problem import Mesher, make_problem
from solver.stability import FURTHEST, arrest_length

NEAR = 0.01  # how close to an interface the tip is put, over the thickness of the thinner layer
APART = 0.01  # of the length: by less, the difference of two meshes is not that of G


def with_arrest(
    case: schema.Case,
    found: Mechanical,
    growing: int,
    limits: tuple[float, ...],
    mesher: Mesher,
    comm: MPI.Intracomm,
) -> Mechanical:
    """Follows a tip that grows under a falling driving force until G = Gc; collective.

    Args:
        case: With a crack in a plane of symmetry.
        found: Its answer.
        growing: Index of the tip.
        limits: What drives the tips at most, J/m^2, that stay. Where the growing one comes to rest
            another one that is driven further makes it no arrest.
        mesher: Makes meshes.
        comm: The ranks.
    """
    block, mechanics = case.geometry, case.mechanics
    if not isinstance(block, Block) or block.crack is None or not found.tips or mechanics is None:
        return found
    crack, tip = block.crack, found.tips[growing][0]
    forwards = sum(tip.direction) > 0.0
    whole = face_length(block, crack.face)
    length = crack.end - crack.start
    longest = FURTHEST * (whole - crack.start if forwards else crack.end)

    def place_at(a: float) -> float:
        return crack.start + a if forwards else crack.end - a

    def limit_at(a: float) -> float | None:
        x, y = (0.0, place_at(a)) if crack.face == "left" else (place_at(a), tip.level)
        return resistance_at(block, mechanics, y, angle_of(tip), x)

    def rates_at(a: float) -> list[float]:
        ends = (crack.start, place_at(a)) if forwards else (place_at(a), crack.end)
        longer = replace(block, crack=replace(crack, start=ends[0], end=ends[1]))
        problem = make_problem(case, longer)
        body = problem.body_on(problem.mesh(mesher, comm, 1))
        state = Equilibrium(body, problem.supports, problem.overrides).solve()
        there = [t for t in problem.tips() if t.reach > 0.0]
        return [energy_release_rates(body, state.displacement, t)[-2] for t in there]

    tried: dict[float, list[float]] = {}

    def excess_at(a: float) -> float:
        if a not in tried:
            tried[a] = rates_at(a)
        return tried[a][growing] - (limit_at(a) or 0.0)

    for part in _parts(block, length, longest, place_at):
        start, end, plane = part
        if limit_at(end) is None:
            return replace(found, ahead=layer_at(block, place_at(end)).name)
        arrest = arrest_length(excess_at, 0.0, start, end)
        if arrest is not None:
            break
    else:
        return found
    excess_at(arrest)
    others = [index for index in range(len(limits)) if index != growing]
    if not all(tried[arrest][index] < limits[index] for index in others):
        return found
    if start == arrest > length:  # beyond the interface, but not before it
        return replace(found, arrest=plane, arrest_bar=start - plane)
    slope = _fall({a: excess_at(a) for a in tried if start <= a <= end}, arrest)
    missed = abs(tried[length][growing] - found.tips[growing][1].value)
    return replace(found, arrest=arrest, arrest_bar=missed / slope, arrest_slope=slope)


def _parts(
    block: Block, length: float, longest: float, place_at: Callable[[float], float]
) -> Iterator[tuple[float, float, float]]:
    """Lengths from and to which the tip is in one layer, and that at which this begins, um."""
    origin, planes = place_at(0.0), []
    sizes = [layer.thickness for layer in block.layers]
    if block.crack is not None and block.crack.face == "left":
        for level, pair in zip(accumulate(sizes), pairwise(sizes), strict=False):
            plane = (level - origin) * (place_at(1.0) - origin)
            if length < plane < longest:
                planes.append((plane, NEAR * min(pair)))
    start = began = length
    for plane, near in sorted(planes):
        yield start, max(start, plane - near), began
        start, began = plane + near, plane
    yield start, max(start, longest), began


def _fall(excess: dict[float, float], arrest: float) -> float:
    """How fast G - Gc falls with the length where the crack rests, from lengths on both sides."""
    below = [a for a in excess if a < (1.0 - APART) * arrest] or [min(excess)]
    above = [a for a in excess if a > (1.0 + APART) * arrest] or [max(excess)]
    low, high = max(below), min(above)
    return (excess[low] - excess[high]) / (high - low) if high > low else inf
