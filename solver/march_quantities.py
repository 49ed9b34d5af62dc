"""What is told of a march: numbers at its end and on the way, and the table of its moments.

The limiting current is that at which the least concentration of a steady state is zero: steady
states at growing currents, and a straight line through the last two, of which the last has about
a thousandth of the salt left (exact where properties do not depend on the concentration).

Bruce and Vincent read the transference number from a symmetric cell that is held at a small voltage
V: I(0) at the start, I at the end, R the resistance of the interfaces (films and reaction; both
here as the case gives them, at both times the same):

    t = I (V - I(0) R) / (I(0) (V - I R))

R counts inner interfaces that resist, and faces by the share of them that touches.

Source: Evans, Vincent & Bruce 1987, Polymer 28, 2324.
"""

from collections.abc import Iterator, Mapping
from dataclasses import astuple, replace
from math import inf

import numpy as np
from dolfinx import fem

from solver import schema
from solver.carrier_system import Held, System
from solver.electrolyte import at
from solver.face_contact import contacts
from solver.kinetics import transfer_resistance
from solver.march import steady_state
from solver.march_events import LAST
from solver.march_schema import BinaryElectrolyte
from solver.march_states import Marched
from solver.quantities import Quantity
from solver.salt import integral
from solver.solve import SolveFailed
from solver.staircase import currents, steps_per_current
from solver.transport import volume_weight
from solver.units import FARADAY, in_unit

LEFT = 1e-3  # share of the salt that is left where the limiting current is looked for
MOST_TRIALS = 8
FAILED_BY = {
    "cracks": "crack",
    "pierced": "crack",
    "voltage": "voltage",
    "depleted": "depletion",
    "full": "filling",
    "contact": "contact",
}
HEADS = (
    "time [s]", "step", "voltage [V]", "current density [mA/cm^2]", "capacity [mAh/cm^2]",
    "least concentration over that at the start", "relative change of the salt",
    "relative sum of currents", "Newton steps",
)  # fmt: skip


def march_quantities(system: System, found: Marched, limit: float | None) -> Iterator[Quantity]:
    """All numbers of a march or of its steady state.

    Args:
        system: The problem.
        found: Its states in time.
        limit: The limiting current density, pA/um^2.
    """
    area = _area(system)
    last = found.moments[-1]
    ended = found.ends[-1]
    word = ended.reason if ended.reason in (*LAST, "steady") else "finished"
    text = (
        "How it ended: finished, depleted (the salt ran out at a face), distorted (moving faces "
        "left cells too flat and there was no new mesh), cracks, pierced (a flaw has grown to its "
        "end), full (an alloy has no free site at a face), contact (voids left too little of a "
        "face) or steady."
    )
    yield Quantity("outcome", word, "", meaning=text)
    yield from _critical_current(system, found)
    text = "Potential of the driven electrode minus that of the other, at the end."
    yield Quantity("voltage", last.voltage, "V", meaning=text)
    text = "Into the cell through the driven electrode, over the area of the cell, at the end."
    density = in_unit(last.current / area, "mA/cm^2")
    yield Quantity("mean_current_density", density, "mA/cm^2", meaning=text)
    if system.binary:
        text = "Least salt concentration over that at the start, at the end."
        yield Quantity("least_concentration", last.least, "1", meaning=text)
        largest = max(moment.salt for moment in found.moments)
        text = "Largest change of the amount of salt of an electrolyte on the way, relative."
        yield Quantity("salt_balance", largest, "1", meaning=text)
    largest = max(moment.balance for moment in found.moments)
    text = "Largest sum of all currents on the way, over half the sum of their sizes."
    yield Quantity("charge_balance", largest, "1", meaning=text)
    if limit is not None:
        text = "Steady current at which the salt is used up at a face."
        value = in_unit(limit, "mA/cm^2")
        yield Quantity("limiting_current_density", value, "mA/cm^2", meaning=text)
    if ended.reason == "steady":
        return
    first = found.moments[0]
    text = "The same potential difference at the start, with the current of the first step on."
    yield Quantity("voltage_at_start", first.voltage, "V", meaning=text)
    text = "Charge through the driven electrode over the area of the cell, in minus out."
    capacity = in_unit(last.charge / area, "mAh/cm^2")
    yield Quantity("capacity", capacity, "mAh/cm^2", meaning=text)
    if ended.reason == "depleted":
        share = system.programme.depletion
        text = (
            f"Time at which {share:g} of the salt of the start is left at some point, or of the "
            "lithium of an alloy at its face."
        )
        yield Quantity("depletion_time", last.time, "s", meaning=text)
    if system.binary:
        least = min(moment.least for moment in found.moments)
        text = "The least of the least concentrations on the way."
        yield Quantity("least_concentration_on_the_way", least, "1", meaning=text)
    yield Quantity("time_reached", last.time, "s", meaning="At the end.")
    count = float(len(found.moments) - len(found.ends))
    yield Quantity("load_steps", count, "1", meaning="Steps in time.")
    text = "Steps of Newton's method in all of them."
    yield Quantity("newton_steps", float(last.iterations), "1", meaning=text)
    yield from _remeshings(found)
    yield from _bruce_vincent(system, found, area)


def _remeshings(found: Marched) -> Iterator[Quantity]:
    """New meshes on the way, and the largest jump of each kind."""
    if not found.remeshings:
        return
    count = float(len(found.remeshings))
    yield Quantity("remeshings", count, "1", meaning="New meshes on the way.")
    jumps = {
        "volume": [r.volume_jump for r in found.remeshings],
        "deposit": [r.deposit_jump for r in found.remeshings],
        "electric": [r.electric_jump for r in found.remeshings],
    }
    texts = {
        "volume": "Largest change of the volume of a region by a new mesh, relative.",
        "deposit": "Largest change of a deposit by a new mesh, over the charge that had moved.",
        "electric": "Largest change of voltage or current (with double layers: of their charge) by "
        "a new mesh, relative.",
    }
    text = "The largest change that a new mesh has made, of volume, deposit, voltage or current."
    yield Quantity("remeshing_jump", max(map(max, jumps.values())), "1", meaning=text)
    for kind, values in jumps.items():
        yield Quantity(f"remeshing_jump.{kind}", max(values), "1", meaning=texts[kind])
    text = "Sum of the changes of deposits by all new meshes: what the balance may be off by."
    yield Quantity("remeshing_loss", sum(jumps["deposit"]), "1", meaning=text)


def table_of_remeshings(system: System, found: Marched) -> str:
    """All new meshes as comma-separated values, with a head of names and units."""
    area, depth = _area(system), {"plane": "um^2"}.get(system.domain.built.dimension, "um^3")
    heads = (
        "time [s]", "quality of the worst cell before", "cells before", "cells after",
        f"volume before [{depth}]", f"volume after [{depth}]", "voltage before [V]",
        "voltage after [V]", "current density before [mA/cm^2]", "current density after [mA/cm^2]",
        "jump of the volume", "jump of the deposit", "jump of voltage or current",
    )  # fmt: skip
    lines = [",".join(heads)]
    for r in found.remeshings:
        density, new_density = (in_unit(i / area, "mA/cm^2") for i in (r.current, r.new_current))
        row = replace(r, current=density, new_current=new_density)
        lines.append(",".join(f"{value:.12g}" for value in astuple(row)))
    return "\n".join(lines) + "\n"


def _critical_current(system: System, found: Marched) -> Iterator[Quantity]:
    """Of a staircase: the first current that failed, and the last one that did not."""
    stairs = system.programme.staircase
    if stairs is None:
        return
    tried = currents(stairs)
    reason = found.ends[-1].reason
    name = f"Protocol {stairs.protocol}."
    failed = (len(found.ends) - 1) // steps_per_current(stairs)
    passed = in_unit(tried[failed - 1], "mA/cm^2") if failed else 0.0
    word = FAILED_BY.get(reason, "nothing")
    if reason == "duration":
        passed = in_unit(tried[-1], "mA/cm^2")
        text = f"None failed. {name}"
        yield Quantity("critical_current_density", "unbounded", "mA/cm^2", meaning=text)
    elif reason in FAILED_BY:
        value = in_unit(tried[failed], "mA/cm^2")
        text = f"The first that failed; below it the last that did not. {name}"
        yield Quantity(
            "critical_current_density", value, "mA/cm^2", passed, value, "estimated", text
        )
    else:
        text = f"The mesh became too flat before one failed. {name}"
        yield Quantity("critical_current_density", "not found", "mA/cm^2", meaning=text)
    text = "What ended the staircase: crack, voltage, depletion, filling, contact or nothing."
    yield Quantity("failed_by", word, "", meaning=text)
    text = f"The last current of the staircase without a failure. {name}"
    yield Quantity("last_passed_current_density", passed, "mA/cm^2", meaning=text)


def _bruce_vincent(system: System, found: Marched, area: float) -> Iterator[Quantity]:
    """If the first step holds a potential to its end, from rest."""
    ended = found.ends[0]
    if ended.step.kind != "potentiostatic" or ended.reason != "duration" or not system.binary:
        return
    if ended.step.ramps:
        return
    begin, end = found.moments[ended.first], found.moments[ended.last]
    if abs(begin.current) <= 1e-9 * system.scale or system.has_double_layer or system.voids:
        return
    ratio = end.current / begin.current
    text = "Current at the end of the first step over that at its start."
    yield Quantity("current_ratio", ratio, "1", meaning=text)
    resistance = _resistance_of_interfaces(system)
    v = begin.voltage
    number = ratio * (v - begin.current * resistance) / (v - end.current * resistance)
    text = "As Bruce and Vincent read it from the first step, with the interfaces' resistance."
    yield Quantity("bruce_vincent_transference", number, "1", meaning=text)
    text = "Of the first step, with the salt as at the start."
    density = in_unit(begin.current / area, "mA/cm^2")
    yield Quantity("current_density_at_start", density, "mA/cm^2", meaning=text)


def _resistance_of_interfaces(system: System) -> float:
    """Films and reactions of electrodes, in their contact, and inner interfaces, V/pA."""
    found, touching = 0.0, contacts(system.case)
    for contact in system.model.contacts:
        condition = system.case.boundaries[contact.name]
        law = condition.kinetics if isinstance(condition, schema.Electrode) else None
        transfer = transfer_resistance(law, system.programme.temperature)
        share = touching[contact.name].open_fraction if contact.name in touching else 1.0
        found += (contact.resistance + transfer) / (share * system.area[contact.name])
    one = fem.Constant(system.domain.mesh, np.float64(1.0))
    for name, rho in system.model.jumps.items():
        if rho < inf:
            there = volume_weight(system.domain) * one * system.ds(system.jump_id[name])
            found += rho / integral(system.domain, there)
    return found


def _area(system: System) -> float:
    built = system.domain.built
    return built.cell_area / built.multiplicity


def limiting_current(system: System, overrides: Mapping[str, str]) -> float | None:
    """Limiting current density of the driven terminal (pA/um^2); None if no salt limits it.

    Raises:
        SolveFailed: Newton's method fails well below it.
    """
    if not system.binary:
        return None
    usual, programme = list(system.held), system.programme
    area = _area(system)
    guess = 0.5 * area * _flat_limit(system)
    points: list[tuple[float, float]] = [(0.0, 1.0)]
    try:
        for _ in range(MOST_TRIALS):
            system.held[system.driven] = Held(None, guess)
            try:
                least = steady_state(system, overrides).moments[-1].least
            except SolveFailed:
                least = -1.0
            if least <= 0.0:
                guess = 0.5 * (guess + points[-1][0])
                continue
            if least > 1.0 - 1e-9:
                return None
            points.append((guess, least))
            root = _root(points)
            if least <= 2.0 * LEFT:
                break
            guess = points[-1][0] + (1.0 - LEFT / least) * (root - points[-1][0])
    finally:
        system.held, system.programme = usual, programme
    return _root(points) / area if len(points) > 1 else None


def _root(points: list[tuple[float, float]]) -> float:
    (a, at_a), (b, at_b) = points[-2:]
    return b + at_b * (b - a) / (at_a - at_b)


def _flat_limit(system: System) -> float:
    """2 F D c/((1 - t) L) of a flat cell of the volume of the electrolytes, pA/um^2."""
    worst = 0.0
    for law in system.binary.values():
        worst = max(worst, _length_over(law))
    volume = sum(
        start / (FARADAY * law.concentration * law.porosity)
        for start, law in zip(system.salt_at_start, _firsts(system), strict=True)
    )
    return 2.0 * FARADAY / (worst * volume / _area(system))


def _firsts(system: System) -> list[BinaryElectrolyte]:
    return [system.binary[members[0]] for members in system.groups]


def _length_over(law: BinaryElectrolyte) -> float:
    t, d = at(law.transference_number, law.concentration), at(law.diffusivity, law.concentration)
    return (1.0 - t) / (d * law.concentration)


def table_of_moments(system: System, found: Marched) -> str:
    """All moments as comma-separated values, with a head of names and units."""
    area = _area(system)
    heads = [
        f"{word} growth of {name} [um]"
        for name in system.growing
        for word in ("mean", "least", "largest")
    ]
    heads += [
        f"{word} contact of {name} [1]"
        for name in system.voids
        for word in ("mean", "least", "largest")
    ]
    heads += [
        f"{word} fraction of lithium in {name}"
        for name in system.alloys
        for word in ("mean", "least", "largest")
    ]
    heads += [
        f"{word} of {face.name} [{unit}]"
        for face in system.stressed
        for word, unit in (("normal stress", "MPa"), ("way outwards", "um"), ("force balance", "1"))
    ]
    if found.moments[-1].flaw:
        heads += [
            "step of the potential at the flaw [V]", "length of the flaw [um]",
            "pressure in the flaw [MPa]",
        ]  # fmt: skip
    lines = [",".join([*HEADS, *heads])]
    for m in found.moments:
        row = (
            m.time, float(m.step + 1), m.voltage, in_unit(m.current / area, "mA/cm^2"),
            in_unit(m.charge / area, "mAh/cm^2"), m.least, m.salt, m.balance, float(m.iterations),
            *(value for three in (*m.growth, *m.fractions, *m.stress, *m.flaw) for value in three),
        )  # fmt: skip
        lines.append(",".join(f"{value:.12g}" for value in row))
    return "\n".join(lines) + "\n"
