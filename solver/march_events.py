"""What ends a step of a march: events as functions of the state that are positive until then."""

from collections.abc import Callable
from math import copysign, inf
from typing import Literal

from petsc4py import PETSc

from solver.carrier_system import System
from solver.face_contact import voids_of
from solver.filled_flaw import strength_left
from solver.march_fields import Floats
from solver.march_schema import Step
from solver.moving import POOREST, wear_left

Reason = Literal[
    "duration", "voltage", "capacity", "depleted", "distorted", "steady", "cracks", "full",
    "contact", "pierced", "remeshed",
]  # fmt: skip
# these end the whole programme
LAST = ("depleted", "distorted", "cracks", "full", "contact", "pierced")
HALVINGS = 60


def voltage_of(system: System, scalars: Floats) -> float:
    """Potential of the driven terminal minus that of the first other one, V."""
    other = 1 if system.driven == 0 else 0
    return float(scalars[system.driven] - scalars[other])


def events_of(
    system: System, step: Step, voltage: float, charge: float, renews: bool = False
) -> dict[Reason, Callable[[PETSc.Vec], float]]:
    """Functions of the state that are positive until the event.

    Args:
        system: The problem.
        step: Of the programme.
        voltage: At its start, V.
        charge: That has passed until then, pC (of the meshed part).
        renews: Whether there is a new mesh where moved cells are worn.
    """
    built = system.domain.built
    area = built.cell_area / built.multiplicity
    events: dict[Reason, Callable[[PETSc.Vec], float]] = {}
    if system.binary:
        least = system.programme.depletion
        events["depleted"] = lambda x: system.least_concentration(x) - least
    if system.alloys:
        left = system.programme.depletion if system.binary else -inf
        events["depleted"] = lambda x: min(
            system.least_concentration(x) - left, system.room_at_faces(x)[0]
        )
        events["full"] = lambda x: system.room_at_faces(x)[1]
    if system.motion.quality is not None:
        events["distorted"] = lambda x: system.least_quality(x) - POOREST
        if renews:
            events["remeshed"] = lambda x: wear_left(system.least_quality(x), system.way_of(x))
    if system.voids:
        events["contact"] = lambda x: _least_contact_left(system, x)
    flaw, stairs = system.programme.any_flaw, system.programme.staircase
    if flaw is not None and flaw.grows_to is None:
        events["cracks"] = strength_left(system, flaw)
    if stairs is not None and stairs.voltage is not None:
        most_volts = stairs.voltage
        events["voltage"] = lambda x: most_volts - abs(voltage_of(system, system.scalars_of(x)))
    if step.voltage is not None:
        limit, side = step.voltage, _side(step, voltage)
        events["voltage"] = lambda x: side * (limit - voltage_of(system, system.scalars_of(x)))
    if step.capacity is not None:
        most, place = step.capacity * area / system.charge_unit, len(system.applied)
        before = charge / system.charge_unit
        events["capacity"] = lambda x: most - abs(system.scalars_of(x)[place] - before)
    return events


def _side(step: Step, voltage: float) -> float:
    """1 where the stop is at or above its voltage, -1 at or below.

    A current drives the voltage its own way, also past a stop at once; where it falls or changes
    its sign, and at rest, the stop is where the voltage passes it.
    """
    first, last = step.current_density, step.to_current_density
    last = first if last is None else last
    if last != 0.0 and first * last >= 0.0 and abs(last) >= abs(first):
        return copysign(1.0, last)
    return 1.0 if voltage < (step.voltage or 0.0) else -1.0


def _least_contact_left(system: System, x: PETSc.Vec) -> float:
    """By how much the mean contact of a face is above that at which it counts as lost."""
    laws = voids_of(system.case)
    return min(system.contact_of(x, name)[0] - laws[name].least_contact for name in system.voids)


def located(
    ts: PETSc.TS, event: Callable[[PETSc.Vec], float], low: float, high: float, like: PETSc.Vec
) -> float:
    """Time at which an event happens, by bisection on the interpolant of the last step."""
    there = like.copy()
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        ts.interpolate(middle, there)
        if event(there) <= 0.0:
            high = middle
        else:
            low = middle
    return high
