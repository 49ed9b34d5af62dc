"""What is wrong with electrolytes, reactions and a programme, beyond the form of their tables."""

from collections.abc import Iterator

from meshes import geometry as shapes
from solver import tables
from solver.contact_checks import (
    contact_faults,
    flaw_faults,
    protocol_faults,
    thickness_faults,
    verdict_faults,
)
from solver.faults import Finding, KeyPath, as_given
from solver.march_tables import BinaryElectrolyte, Kinetics, Programme, Table
from solver.plating_checks import plating_faults, remesh_faults
from solver.region_checks import region_faults
from solver.region_tables import MixedConductor
from solver.stress_checks import marches
from solver.values import Fraction, Value


def march_faults(file: tables.CaseFile, geometry: shapes.Geometry) -> Iterator[Finding]:
    """Findings of a case that marches; the others have none."""
    if not marches(file):
        return
    salts = {n: r for n, r in file.regions.items() if isinstance(r, BinaryElectrolyte)}
    for name, law in salts.items():
        yield from _salt_faults(("regions", name), law)
    given = {law.concentration.number: name for name, law in salts.items()}
    if len(given) > 1:
        name = list(given.values())[-1]
        text = as_given(salts[name].concentration.text)
        allowed = "the same concentration in all binary electrolytes"
        yield Finding(("regions", name, "concentration"), text, allowed)
    yield from region_faults(file)
    for name, region in file.regions.items():
        if isinstance(region, MixedConductor):
            yield from _kinetics_faults(("regions", name, "kinetics"), region.kinetics)
    for name, face in file.boundaries.items():
        if isinstance(face, tables.Electrode) and face.kinetics is not None:
            yield from _kinetics_faults(("boundaries", name, "kinetics"), face.kinetics)
        if isinstance(face, tables.Electrode) and face.plating is not None:
            yield from plating_faults(file, geometry, name, face.plating)
        if isinstance(face, tables.Electrode) and face.contact is not None:
            yield from contact_faults(file, name, face.contact)
        if isinstance(face, tables.HalfSpace):
            allowed = "another condition: a half space has no place for salt or reactions"
            yield Finding(("boundaries", name, "law"), '"half_space"', allowed)
    if isinstance(geometry, shapes.Cell) and geometry.film is not None:
        if geometry.film.model == "interface":
            yield Finding(("geometry", "film", "model"), '"interface"', '"layer" beside a march')
    for key, table in (
        ("calibrate", file.calibrate),
        ("effective", file.effective),
        ("study", file.study),
    ):
        if table is not None:
            yield Finding((key,), "a table", "no such table beside a march")
    for name, contact in file.interfaces.items():
        if contact.law == "touching":
            allowed = "resistive, bonded or insulating beside a march"
            yield Finding(("interfaces", name, "law"), '"touching"', allowed)
    if file.programme is not None:
        yield from _programme_faults(file, file.programme)
        yield from thickness_faults(file, geometry)
        yield from remesh_faults(file, geometry)


def _salt_faults(path: KeyPath, law: BinaryElectrolyte) -> Iterator[Finding]:
    for text in _texts(law.transference_number):
        if not 0.0 < Fraction.read(text) < 1.0:
            allowed = "a number above 0 and below 1"
            yield Finding((*path, "transference_number"), as_given(text), allowed)
            break
    if law.porosity is not None and law.porosity.number > 1.0:
        text = as_given(law.porosity.text)
        yield Finding((*path, "porosity"), text, "a share of the volume, at most 1")


def _texts(given: Value | Table) -> tuple[str | float, ...]:
    return given.values if isinstance(given, Table) else (given.value,)


def _kinetics_faults(path: KeyPath, law: Kinetics) -> Iterator[Finding]:
    if law.exchange_current_density.number <= 0.0:
        text = as_given(law.exchange_current_density.text)
        yield Finding((*path, "exchange_current_density"), text, "a value above zero")
    coefficient = law.transfer_coefficient
    if coefficient is not None and not 0.0 < coefficient.number < 1.0:
        text = as_given(coefficient.text)
        yield Finding((*path, "transfer_coefficient"), text, "a number above 0 and below 1")
    if law.law == "tafel" and law.capacitance is not None and law.capacitance.number > 0.0:
        allowed = "none beside tafel, whose overpotential is cut at zero"
        yield Finding((*path, "capacitance"), as_given(law.capacitance.text), allowed)


def _programme_faults(file: tables.CaseFile, programme: Programme) -> Iterator[Finding]:
    path: KeyPath = ("programme",)
    temperature = programme.temperature
    if temperature is not None and not 150.0 <= temperature.number <= 1500.0:
        allowed = "an absolute temperature from 150 K to 1500 K"
        yield Finding((*path, "temperature"), as_given(temperature.text), allowed)
    for key, value, low, high in (
        ("depletion", programme.depletion, 1e-6, 0.5),
        ("step_error", programme.step_error, 1e-9, 1e-2),
    ):
        if value is not None and not low <= value.number <= high:
            allowed = f"a share from {low:g} to {high:g}"
            yield Finding((*path, key), as_given(value.text), allowed)
    if programme.flaw is not None:
        yield from verdict_faults(file, programme.flaw, (*path, "flaw"))
    if programme.staircase is not None:
        yield from _staircase_faults(file, programme, (*path, "staircase"))
    if not programme.steps and programme.staircase is None:
        if programme.repeat != 1:
            yield Finding((*path, "repeat"), str(programme.repeat), "1 without steps")
        kept: tuple[tuple[str, Value | None], ...] = (
            ("checkpoint_interval", programme.checkpoint_interval),
            ("checkpoint_times", next(iter(programme.checkpoint_times), None)),
        )
        for key, unused in kept:
            if unused is not None:
                allowed = "no such key without steps: a steady state is not kept on the way"
                yield Finding((*path, key), as_given(unused.text), allowed)
        return
    driven = [
        name for name, b in file.boundaries.items()
        if isinstance(b, tables.Electrode) and b.potential is None
    ]  # fmt: skip
    if len(driven) != 1:
        given = ", ".join(driven) or "none"
        allowed = (
            "exactly one electrode with a current or current_density, which the steps drive "
            "(its own value is that of no step)"
        )
        yield Finding(("boundaries",), given, allowed)
    for index, step in enumerate(programme.steps):
        if step.capacity is not None and step.capacity.number == 0.0:
            text = as_given(step.capacity.text)
            yield Finding((*path, "steps", index, "capacity"), text, "a charge above zero")


MOST_CURRENTS = 1000


def _staircase_faults(
    file: tables.CaseFile, programme: Programme, path: KeyPath
) -> Iterator[Finding]:
    stairs = programme.staircase
    if stairs is None:
        return
    if programme.steps:
        yield Finding(path, "a table", "no such table beside steps")
    if programme.repeat != 1:
        yield Finding((*path[:-1], "repeat"), str(programme.repeat), "1 with a staircase")
    for key, current in (("first", stairs.first), ("increment", stairs.increment)):
        if current.number <= 0.0:
            yield Finding((*path, key), as_given(current.text), "a current density above zero")
            return
    steps = (stairs.last.number - stairs.first.number) / stairs.increment.number
    if not -1e-9 <= steps < MOST_CURRENTS:
        allowed = f"not below the first current, and at most {MOST_CURRENTS} increments above it"
        yield Finding((*path, "last"), as_given(stairs.last.text), allowed)
    if stairs.voltage is not None and stairs.voltage.number <= 0.0:
        yield Finding((*path, "voltage"), as_given(stairs.voltage.text), "a size above zero")
    yield from protocol_faults(file, path)
    if stairs.flaw is not None:
        yield from flaw_faults(file, stairs.flaw, (*path, "flaw"))
