"""The sharp crack that damage has found, and what drives it: G, K, verdict with its error bar.

A run with damage ends with a band of broken cells. With `then = "energy_release_rate"` the case is
solved once more under all of its load, without damage, with a sharp crack on its own meshes. Its
length is what the damage has cost over the effective fracture energy, Gc (1 + 3 h/(8 l)). Where in
a band that fades over l the tip of that crack lies is not known better than to l, so the error bar
of G is that of the sharp crack plus

    |dG/da| l,

with the error bar of dG/da.

A crack that has come to rest has G = Gc within that bar: its verdict is `undecided`, as it must be.

A crack off the planes of symmetry of a block: `solver.found_flaw`.

Source: effective fracture energy: Bourdin, Francfort & Marigo 2008, J. Elasticity 91, 5.
"""

from collections.abc import Callable
from dataclasses import replace
from math import degrees, pi, sqrt
from typing import Literal

from mpi4py import MPI

from meshes.layers import Block, Crack, face_length
from solver import schema
from solver.crack_quantities import starts_and_slows
from solver.found_flaw import NAME, with_found_flaw
from solver.found_flaw import widened as widened_flaw
from solver.growth import BROKEN, Growth
from solver.growth_quantities import correction
from solver.known import OF_A_FOUND_CRACK
from solver.mechanics import Mechanical
from solver.mechanics_quantities import mechanical_quantities
from solver.mechanics_run import simulate_mechanics
from solver.quantities import Quantity

Progress = Callable[[str], None]
NOTHING = "undecided: damage has broken nothing"
ELSEWHERE = "undecided: no single crack along left or bottom with a tip inside of the body"
MEANING = (
    "Only one straight crack with sound material before it is handed over as a sharp crack: in a "
    "plane of symmetry, left or bottom, or inside of one layer of a block."
)


def of_found_crack(
    case: schema.Case, growth: Growth, comm: MPI.Intracomm, progress: Progress
) -> list[Quantity]:
    """G, K and verdict of the crack that was found, where the case asks for it; collective.

    Args:
        case: With damage.
        growth: How its cracks grew.
        comm: The ranks.
        progress: Called with a line per mesh.

    Raises:
        SolveFailed: A solve that does not converge.
        NotInEquilibrium: Forces that do not balance in the solution.
    """
    mechanics = case.mechanics
    damage = None if mechanics is None else mechanics.damage
    if damage is None or damage.then == "nothing" or growth.stopped:
        return []
    broken = growth.steps[-1].largest >= BROKEN
    body = case.geometry
    inside = isinstance(body, Block) and body.shape == "block" and body.crack is None
    if broken and inside and not growth.extents:
        return _of_found_flaw(case, growth, damage.length, comm, progress)
    sharp = with_found_crack(case, growth)
    block = None if sharp is None else sharp.geometry
    if sharp is None or not isinstance(block, Block) or block.crack is None or not broken:
        return [_none(ELSEWHERE if broken else NOTHING)]
    crack = block.crack
    progress(f"sharp crack along {crack.face} from {crack.start:.6g} to {crack.end:.6g} um")
    found = simulate_mechanics(sharp, comm, progress)
    if not found.tips:
        return [_none(ELSEWHERE)]
    found = widened(sharp, found, damage.length)
    text = "Of the sharp crack that stands for the damage, with what was open before."
    told = [Quantity("crack_length", crack.end - crack.start, "um", meaning=text)]
    told += mechanical_quantities(sharp, found)
    return [replace(q, name=f"{q.name}.found_crack") for q in told if q.name in OF_A_FOUND_CRACK]


def _of_found_flaw(
    case: schema.Case, growth: Growth, length: float, comm: MPI.Intracomm, progress: Progress
) -> list[Quantity]:
    """G, K_I, K_II and verdict of either tip of a crack inside of the body."""
    made = with_found_flaw(case, growth)
    if isinstance(made, str):
        return [_none(made)]
    sharp, turn = made
    flaw = sharp.geometry.flaws[0] if isinstance(sharp.geometry, Block) else None
    if flaw is None:
        return [_none(ELSEWHERE)]
    (x, y), (end_x, end_y) = (flaw.x, flaw.y), flaw.end
    progress(f"sharp crack from ({x:.6g}, {y:.6g}) to ({end_x:.6g}, {end_y:.6g}) um")
    found = widened_flaw(simulate_mechanics(sharp, comm, progress), length, turn)
    text = "Of the straight crack that stands for the damage, with the flaw it grew from."
    told = [
        Quantity("crack_length", flaw.length, "um", meaning=text),
        Quantity("crack_angle", degrees(flaw.angle), "degree", meaning=text),
        Quantity("crack_x", x, "um", meaning="Where it begins."),
        Quantity("crack_y", y, "um", meaning="Where it begins."),
    ]
    of_tips = list(mechanical_quantities(sharp, found))
    told += [q for q in of_tips if q.name in ("verdict", "first_to_grow") and not flaw.emerges]
    out = [replace(q, name=f"{q.name}.found_crack") for q in told]
    return out + [q for q in of_tips if q.name.partition(".")[2].startswith(NAME)]


def _none(word: str) -> Quantity:
    return Quantity("verdict.found_crack", word, "", meaning=MEANING)


def widened(case: schema.Case, found: Mechanical, uncertain: float) -> Mechanical:
    """The same with an error bar of G for a length that is known to within `uncertain` (um)."""
    more = [(abs(force.slope) + force.slope_bar) * uncertain for _, force in found.tips]
    bars = tuple(bar + extra for bar, extra in zip(found.bars, more, strict=True))
    found = replace(found, bar=found.bar + more[0], bars=bars)
    return found if starts_and_slows(case, found) is not None else replace(found, arrest=None)


def with_found_crack(case: schema.Case, growth: Growth) -> schema.Case | None:
    """The case with the crack that was found as a crack of its geometry, and without damage.

    For a crack along the left or bottom face, a plane of symmetry (of a cylinder the bottom, where
    a crack is a disc or a ring); what has broken lengthens a crack that the case has. Damage above
    `BROKEN` ends by about l before the sharp crack does that leaves the body as stiff; what the
    damage has cost tells the length (in a cylinder the area) of that one. All damage is taken to be
    of this crack. None where there is no such crack, or no tip is left.
    """
    mechanics, block = case.mechanics, case.geometry
    if mechanics is None or not isinstance(block, Block):
        return None
    round_ = block.shape == "cylinder"
    there = [item for item in growth.extents.items() if not round_ or item[0] == "bottom"]
    longest = max(there, key=lambda item: item[1][1] - item[1][0], default=None)
    if longest is None:
        return None
    (face, (low, high)), near = longest, float(growth.brittle.length.value)
    side: Literal["left", "bottom"] = "left" if face == "left" else "bottom"
    whole = face_length(block, side)
    size = 2.0 * growth.area / correction(growth)

    def area(place: float) -> float:
        return pi * place * place if round_ else place

    def place(area: float) -> float:
        return sqrt(max(area, 0.0) / pi) if round_ else area

    if block.crack is not None:  # lengthened at either end by its share of what has broken
        first, last = block.crack.start, block.crack.end
        if block.crack.face != side or low > last + near or high < first - near:
            return None
        before, beyond = max(area(first) - area(low), 0.0), max(area(high) - area(last), 0.0)
        if before + beyond == 0.0:
            return None
        share = size / (before + beyond)
        low, high = place(area(first) - share * before), place(area(last) + share * beyond)
    elif low <= near:  # grown from there
        low, high = 0.0, place(size)
    elif high >= whole - near:
        low, high = place(area(whole) - size), whole
    else:
        spare = 0.5 * (area(high) - area(low) - size)
        low, high = place(area(low) + spare), place(area(high) - spare)
    if low < near and high > whole - near:
        return None
    crack = Crack(side, max(low, 0.0), min(high, whole))
    mechanics = replace(mechanics, damage=None)
    return replace(case, geometry=replace(block, crack=crack), mechanics=mechanics, references=())
