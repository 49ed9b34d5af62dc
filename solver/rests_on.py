"""What a critical current density rests on: every input of the case, moved one at a time.

Each physical value of the case is moved by a hundredth and the case solved again: the exponent is
d ln i_c/d ln x. A value with a range is also put at both ends of it. What is told is one at a time,
not a probability: inputs that are wrong together may do more.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import log

from mpi4py import MPI

from solver import schema
from solver.case import with_settings
from solver.faults import CaseError
from solver.model import ModelError
from solver.quantities import Quantity
from solver.simulate import simulate
from solver.solve import SolveFailed
from solver.units import UnitError, parse_any

NAME = "critical_current_density"
MOVED = (1.01, 0.99)  # the second one where the first makes no sense
ENTERS = 1e-7  # an exponent below it is rounding: the input does not enter
COUNTS = 1e-4  # one below it does not count, unless the range of the input is wide:
WIDE = 1e-2  # relative change of the current density at an end of it


@dataclass(frozen=True)
class Rest:
    """One input.

    Attributes:
        key: Of the case file.
        text: Its value.
        role: What it is (paper, literature, ...).
        source: Where it is from, and of a calibrated one its datum.
        exponent: d ln i_c/d ln x.
        ends: Of its range, as texts; None: it has none.
        at_ends: The critical current density there; None: the case makes no sense there.
    """

    key: str
    text: str
    role: str
    source: str
    exponent: float
    ends: tuple[str, str] | None
    at_ends: tuple[float | None, float | None]


def has_rests(case: schema.Case) -> bool:
    """Whether a case asks for the critical current density of a design."""
    given = case.programme
    return given is not None and given.flaw is not None and not given.steps


def rests_on(
    case: schema.Case,
    found: tuple[Quantity, ...],
    comm: MPI.Intracomm,
    progress: Callable[[str], None],
) -> tuple[Rest, ...]:
    """All inputs on which the critical current density depends, the strongest first; collective.

    Args:
        case: As it was solved.
        found: Its quantities.
        comm: The ranks.
        progress: Gets a line per input that counts.
    """
    value = next((q.value for q in found if q.name == NAME), None)
    if not has_rests(case) or not isinstance(value, float) or value <= 0.0:
        return ()

    def at(key: str, text: str) -> float | None:
        try:
            trial = with_settings(case, {key: text})
            there = simulate(trial, comm, lambda _: None).quantities
        except (CaseError, ModelError, SolveFailed):
            return None
        moved = next((q.value for q in there if q.name == NAME), None)
        return moved if isinstance(moved, float) else None

    rests = []
    for item in case.inputs:
        exponent, ends = _exponent(item, value, at), item.range
        if exponent is not None and abs(exponent) < ENTERS:
            continue
        at_ends = (None, None) if ends is None else (at(item.key, ends[0]), at(item.key, ends[1]))
        off = max((abs(there / value - 1.0) for there in at_ends if there is not None), default=0.0)
        exponent = exponent or 0.0
        if abs(exponent) < COUNTS and off < WIDE:
            continue
        source = f"{item.source}; datum: {item.datum}" if item.datum else item.source
        rests.append(Rest(item.key, item.text, item.role, source, exponent, ends, at_ends))
        progress(f"{NAME} goes with {item.key} to the power {exponent:.3g}")
    return tuple(sorted(rests, key=lambda rest: -abs(rest.exponent)))


def _exponent(
    item: schema.Input, value: float, at: Callable[[str, str], float | None]
) -> float | None:
    """d ln i_c/d ln x; None of a value that is zero."""
    try:
        number, unit, _ = parse_any(item.text)  # in the working system
        size = parse_any(f"1 {unit}")[0] if unit else 1.0
    except UnitError:
        return 0.0
    if number == 0.0:
        return None if item.range else 0.0
    for factor in MOVED:
        moved = at(item.key, f"{factor * number / size!r} {unit}".rstrip())
        if moved is not None and moved > 0.0:
            return log(moved / value) / log(factor)
    return 0.0
