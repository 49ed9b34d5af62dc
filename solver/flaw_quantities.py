"""What is told of a filled flaw that grows: length, pressure, speed, when it began, when it ended.

Of a steady state the speed is that with which the flaw of the case would begin; of a march, that at
its end.
"""

from collections.abc import Iterator
from itertools import pairwise

from solver.carrier_system import System
from solver.filled_flaw import step_of
from solver.flaw_growth import GrowingFlaw, Grown, followed, growing_flaw
from solver.march_states import Marched, Moment
from solver.quantities import Quantity


def flaw_quantities(system: System, found: Marched) -> Iterator[Quantity]:
    """All numbers of the growth of a flaw, if there is one."""
    given, last = system.programme.any_flaw, found.moments[-1]
    if given is None:
        return
    speed = "Of the length of the flaw, with K at K_Ic and the volume that lithium arrives with"
    flaw = growing_flaw(system)
    if flaw is None:
        if system.programme.steps or given.youngs_modulus == 0.0 or found.x is None:
            return
        at_once = followed(system, given, given.length)
        if at_once is not None:
            value = at_once.speed(given.length, step_of(system, given)(found.x))
            yield Quantity("flaw_growth_rate", value, "um/s", meaning=f"{speed}, as it begins.")
        return
    step, length, pressure = last.flaw[0]
    text = "Of the flaw that is followed, at the end."
    yield Quantity("flaw_length", length, "um", meaning=text)
    yield Quantity("flaw_pressure", pressure, "MPa", meaning="Of its lithium, at the end.")
    rate = flaw.speed(length, step) if flaw.critical_at(length, pressure) else 0.0
    yield Quantity("flaw_growth_rate", rate, "um/s", meaning=f"{speed}, at the end.")
    began = _began(flaw, found.moments)
    if began is not None:
        text = "Time at which K reached K_Ic first."
        yield Quantity("flaw_growth_start_time", began, "s", meaning=text)
    if found.ends[-1].reason == "pierced":
        text = "Time at which the flaw had grown to its end."
        yield Quantity("piercing_time", last.time, "s", meaning=text)


def _began(flaw: GrowingFlaw, moments: list[Moment]) -> float | None:
    """When the flaw first grew, s."""
    for before, after in pairwise(moments):
        if after.flaw[0][1] > before.flaw[0][1]:
            start, end = before.time, after.time
            _, _, began = flaw.advance(Grown(*before.flaw[0]), start, after.flaw[0][0], end)
            return start if began is None else began
    return None
