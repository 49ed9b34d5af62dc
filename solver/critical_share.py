"""The critical current of a body that other loads strain as well: which share of the given one.

While the current grows the other loads (a stack, a misfit, ...) stay as they are. In an elastic
body whose faces do not touch, all is linear in the share s of the given current: the step of the
potential at a flaw, the pressure p = P + F eta/V_Li of its lithium, displacements, hence

    K_I, K_II = k_0 + k_1 s,      G = a + b s + c s^2,

exact on any mesh, from s = 0, 1/2 and 1. What drives the first flaw, the largest G/Gc (or that of
its kink), is convex in s, and grows through 1 once. G goes with K^2, so that it also falls through
1 where the other loads press the faces onto each other; that is none of a crack. Where the other
loads alone make a flaw grow, s is 0.

There the case is solved anew, with its own pressures, on the last two meshes; Newton's method with
the slope of the above goes on until the margin is one (a limit of what lithium bears at its face
bends p). The error bar is that of G there, over dG/ds.

Source: superposition as in Tada, Paris & Irwin 2000, The Stress Analysis of Cracks Handbook.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf, sqrt

import numpy as np
from scipy.optimize import brentq, minimize_scalar

from meshes.layers import Block
from solver import mechanics_schema, schema
from solver.crack_opening import crack_opening
from solver.crack_quantities import of_crack
from solver.domain import Domain
from solver.equilibrium import Equilibrium
from solver.flaws import of_flaws, overlapping_flaws
from solver.force_balance import balanced
from solver.fracture import energy_release_rates
from solver.mechanics import Mechanical, is_pressed_shut, solve_once, with_bars
from solver.mixed_mode import Intensities
from solver.modes import both_modes
from solver.problem import make_problem
from solver.quantities import Quantity
from solver.stability import DrivingForce

CLOSE = 1e-7  # of the root of the margin to one
MOST_TRIALS = 4
FARTHEST = 1e4  # of the given current
STEP = 1e-4  # of the share, for slopes

# A share of the current to the case under it, and the mesh.
Loads = tuple[Callable[[float], schema.Case], Domain]


@dataclass(frozen=True)
class Critical:
    """The current at which the first flaw grows.

    Attributes:
        share: Of the given current; None: it is not known.
        bar: Its error bar; infinite: there is none.
        first: What grows first.
        why: Why it is not known.
    """

    share: float | None
    bar: float = inf
    first: str = ""
    why: str = ""


NOT_LINEAR = Critical(
    None,
    why="not all that loads the body grows with the current, and it is not linear in it (lithium "
    "that flows, faces that touch, solids that yield, layers that part, or a body in 3D)",
)
SHUT = Critical(None, why="where the first flaw would grow, faces of a crack or flaw overlap")
NEVER = Critical(
    None, why=f"up to {FARTHEST:g} times the current no flaw grows beside the other loads"
)
ELSEWHERE = Critical(
    None, why="beside the other loads it was not found to where G goes with the square of it"
)


def critical_share(meshes: Sequence[Loads], found: Mechanical) -> Critical:
    """The least share of the current at which a flaw grows; collective.

    Args:
        meshes: The loads on the last mesh but one, if there is one, and on the last.
        found: The mechanics under all of the current, on the last mesh.
    """
    case_at, domain = meshes[-1]
    whole = case_at(1.0)
    if not _superposable(whole, found):
        return NOT_LINEAR
    none, half = (_quick(case_at(share), domain, found) for share in (0.0, 0.5))
    name, alone = _first(whole, none)
    if alone >= 1.0 and not _shut(whole, none):
        return Critical(0.0, first=name)

    def excess(share: float) -> float:
        return _first(whole, _between(none, half, found, share))[1] - 1.0

    share = _rising_root(excess)
    if share is None:
        return NEVER
    ends = [excess(share * (1.0 + sign * STEP)) for sign in (1.0, -1.0)]
    slope = (ends[0] - ends[1]) / (2.0 * STEP * share)
    for _ in range(MOST_TRIALS):
        there = _solved(case_at(share), domain)
        name, drives = _first(whole, there)
        if abs(sqrt(drives) - 1.0) <= CLOSE:
            break
        share -= (drives - 1.0) / slope
    else:
        return ELSEWHERE
    if _shut(whole, there):
        return SHUT
    if len(meshes) == 1:
        return Critical(share, inf, name)
    coarser_at, coarser = meshes[0]
    there = with_bars(there, _solved(coarser_at(share), coarser))
    least = min(_margins(whole, there), key=_size)
    half_width = inf if least.upper is None else least.upper - _size(least)
    return Critical(share, half_width / slope, name)


def _superposable(case: schema.Case, found: Mechanical) -> bool:
    """Whether displacements are linear in the loads, and tips of cracks are all that may grow."""
    mechanics = case.mechanics
    if mechanics is None or not isinstance(case.geometry, Block) or found.stopped:
        return False
    met = (mechanics_schema.Contact, mechanics_schema.Indenter)
    for face in mechanics.faces.values():
        if isinstance(face, met):
            return False
        if isinstance(face, mechanics_schema.Lithium) and face.gradient < inf:
            return False
    bent = any(solid.large or solid.flow is not None for solid in mechanics.solids.values())
    joined = found.broken is None and found.growth is None and found.flowed is None
    return not bent and joined and bool(found.tips) and bool(list(_margins(case, found)))


def _quick(case: schema.Case, domain: Domain, found: Mechanical) -> Mechanical:
    """G by every contour, K and what overlaps under the loads of a case; collective."""
    block = case.geometry
    if not isinstance(block, Block):
        raise ValueError("a case without a block")
    problem = make_problem(case, block)
    body, supports = problem.body_on(domain), problem.supports
    state = balanced(Equilibrium(body, supports, problem.overrides).solve())
    tips = [tip for tip, _ in found.tips]
    rates = [energy_release_rates(body, state.displacement, tip) for tip in tips]
    opening, overlap = 0.0, 0.0
    if block.crack is not None:
        opening, overlap, _ = crack_opening(block, body, state, supports)
    return replace(
        _without_bars(found),
        body=body,
        state=state,
        tips=tuple((tip, _force(g)) for tip, g in zip(tips, rates, strict=True)),
        intensities=both_modes(problem, body, state, tips) if found.intensities else (),
        opening=opening,
        overlap=-overlap,
    )


def _solved(case: schema.Case, domain: Domain) -> Mechanical:
    """All of the mechanics of a case on a mesh; collective."""
    if not isinstance(case.geometry, Block):
        raise ValueError("a case without a block")
    problem = make_problem(case, case.geometry)
    return _without_bars(solve_once(problem, problem.body_on(domain)))


def _without_bars(found: Mechanical) -> Mechanical:
    unknown = (inf,) * len(found.intensities)
    return replace(found, bar=inf, bars=(inf,) * len(found.tips), intensity_bars=unknown)


def _force(by_contour: tuple[float, ...]) -> DrivingForce:
    return DrivingForce(by_contour, by_contour[-2], 0.0)


def _between(none: Mechanical, half: Mechanical, whole: Mechanical, share: float) -> Mechanical:
    """G and K at a share of the current."""
    s = share
    weights = np.array([(1.0 - s) * (1.0 - 2.0 * s), 4.0 * s * (1.0 - s), s * (2.0 * s - 1.0)])
    tips, modes = [], []
    for (tip, a), (_, b), (_, c) in zip(none.tips, half.tips, whole.tips, strict=True):
        rates = weights @ np.array([a.by_contour, b.by_contour, c.by_contour])
        tips.append((tip, _force(tuple(float(rate) for rate in rates))))
    for one, other in zip(none.intensities, whole.intensities, strict=True):
        opening = _line(one.opening, other.opening, s)
        modes.append(Intensities(opening, _line(one.shear, other.shear, s)))
    return replace(none, tips=tuple(tips), intensities=tuple(modes))


def _line(start: Sequence[float], end: Sequence[float], share: float) -> tuple[float, ...]:
    return tuple((1.0 - share) * a + share * b for a, b in zip(start, end, strict=True))


def _margins(case: schema.Case, found: Mechanical) -> Iterator[Quantity]:
    """Gc/G of all that may grow."""
    block, mechanics = case.geometry, case.mechanics
    if not isinstance(block, Block) or mechanics is None:
        return
    of_tips = of_crack if block.crack is not None else of_flaws
    for quantity in of_tips(block, mechanics, found):
        if quantity.name.partition(".")[0] == "margin":
            yield quantity


def _size(margin: Quantity) -> float:
    return margin.value if isinstance(margin.value, float) else inf


def _first(case: schema.Case, found: Mechanical) -> tuple[str, float]:
    """What is driven most, and its G/Gc."""
    least = min(_margins(case, found), key=_size, default=None)
    if least is None:
        return "", 0.0
    return least.name.partition(".")[2] or "crack", 1.0 / _size(least)


def _shut(case: schema.Case, found: Mechanical) -> bool:
    """Whether faces overlap, of the crack or at the tips of flaws."""
    mechanics = case.mechanics
    return is_pressed_shut(found) or (
        mechanics is not None and bool(overlapping_flaws(mechanics, found))
    )


def _rising_root(excess: Callable[[float], float]) -> float | None:
    """Where a convex function grows through zero, above 0; None: not up to `FARTHEST`."""
    top = 1.0
    while excess(top) <= 0.0 or excess(2.0 * top) <= excess(top):
        top *= 2.0
        if top > FARTHEST:
            return None
    low = 0.0
    if excess(low) > 0.0:
        low = float(minimize_scalar(excess, bounds=(0.0, top), method="bounded").x)
        if excess(low) > 0.0:
            return None
    return float(brentq(excess, low, top, rtol=1e-12))
