"""Electrolytes, reactions, the programme and the spectrum in the text of a resolved case."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from solver import units
from solver.contact_schema import FaceContact, Voids
from solver.faults import key_path
from solver.given import Given, value
from solver.impedance_schema import Impedance
from solver.march_schema import (
    ROOM_TEMPERATURE,
    Backing,
    BinaryElectrolyte,
    Curve,
    FilledFlaw,
    Kinetics,
    Plating,
    Programme,
    Staircase,
    Step,
)

Tree = dict[str, Any]
OF_SALT: tuple[tuple[str, units.Kind], ...] = (
    ("diffusivity", "diffusivity"),
    ("transference_number", "dimensionless"),
    ("conductivity", "conductivity"),
    ("thermodynamic_factor", "dimensionless"),
)


def electrolyte_tree(name: str, law: BinaryElectrolyte, given: Given) -> Tree:
    """The table of a region."""
    path = ("regions", name)
    curves = {
        "diffusivity": law.diffusivity,
        "transference_number": law.transference_number,
        "conductivity": law.conductivity,
        "thermodynamic_factor": law.thermodynamic_factor,
    }
    concentration = value(
        key_path((*path, "concentration")), law.concentration, "concentration", given
    )
    tree: Tree = {"law": "binary_electrolyte", "concentration": concentration}
    for key, kind in OF_SALT:
        curve = curves[key]
        usual = key == "thermodynamic_factor" and curve == Curve((1.0,))
        if curve is not None and not (usual and key_path((*path, key)) not in given):
            tree[key] = _curve(key_path((*path, key)), curve, kind, given)
    key = key_path((*path, "porosity"))
    if key in given or law.porosity != 1.0:
        tree["porosity"] = value(key, law.porosity, "dimensionless", given)
    return tree | permittivity_tree(name, law.relative_permittivity, given)


def permittivity_tree(name: str, permittivity: float, given: Given) -> Tree:
    """What a region's table has of the displacement current."""
    key = key_path(("regions", name, "relative_permittivity"))
    if permittivity == 0.0:
        return {}
    return {"relative_permittivity": value(key, permittivity, "dimensionless", given)}


def _curve(key: str, curve: Curve, kind: units.Kind, given: Given) -> Any:
    if not curve.concentrations:
        return value(key, curve.values[0], kind, given)
    unit, place = units.DISPLAY[kind][0], units.DISPLAY["concentration"][0]
    return {
        "concentrations": [units.format_value(c, place) for c in curve.concentrations],
        "values": [units.format_value(v, unit) for v in curve.values],
        "source": curve.source,
        "role": curve.role,
    }


def kinetics_tree(name: str, law: Kinetics, given: Given, group: str = "boundaries") -> Tree:
    """The table in that of an electrode, or of a region."""
    numbers: tuple[tuple[str, float, units.Kind], ...] = (
        ("exchange_current_density", law.exchange_current_density, "current_density"),
        ("transfer_coefficient", law.transfer_coefficient, "dimensionless"),
        ("capacitance", law.capacitance, "areal_capacitance"),
        ("normal_stress", law.normal_stress, "stress"),
        ("molar_volume", law.molar_volume, "molar_volume"),
    )
    path = (group, name, "kinetics")
    usual = Kinetics(law.law, law.exchange_current_density)
    numbers_by_default = {
        "transfer_coefficient": usual.transfer_coefficient,
        "capacitance": usual.capacitance,
        "normal_stress": usual.normal_stress,
        "molar_volume": usual.molar_volume,
    }
    tree: Tree = {"law": law.law}
    for key, number, kind in numbers:
        place = key_path((*path, key))
        if place in given or number != numbers_by_default.get(key):
            tree[key] = value(place, number, kind, given)
    return tree


def plating_tree(name: str, law: Plating, given: Given) -> Tree:
    """The table in that of an electrode."""
    path = ("boundaries", name, "plating")
    numbers: tuple[tuple[str, float | None, units.Kind], ...] = (
        ("porosity", law.porosity, "dimensionless"),
        ("molar_volume", law.molar_volume, "molar_volume"),
        ("feature", law.feature, "length"),
        ("amplitude", law.amplitude or None, "length"),
        ("wavelength", law.wavelength or None, "length"),
        ("surface_tension", law.surface_tension or None, "energy_release_rate"),
    )
    usual: Tree = {"porosity": 0.0, "molar_volume": Plating().molar_volume}
    tree: Tree = {"moves": law.moves}
    for key, number, kind in numbers:
        place = key_path((*path, key))
        if number is not None and (place in given or number != usual.get(key)):
            tree[key] = value(place, number, kind, given)
    if law.backing is not None:
        tree["backing"] = _backing((*path, "backing"), law.backing, given)
    return tree


def contact_tree(name: str, law: FaceContact, given: Given) -> Tree:
    """The table in that of an electrode."""
    path = ("boundaries", name, "contact")
    outer: tuple[tuple[str, float, units.Kind], ...] = (
        ("open_fraction", law.open_fraction, "dimensionless"),
        ("stack_pressure", law.stack_pressure, "stress"),
    )
    tree = _unusual(path, outer, {"open_fraction": 1.0, "stack_pressure": 0.0}, given)
    voids = law.voids
    if voids is None:
        return tree
    inner = (*path, "voids")
    numbers: tuple[tuple[str, float, units.Kind], ...] = (
        ("depth", voids.depth, "length"),
        ("vacancy_current_density", voids.vacancy_current_density, "current_density"),
        ("regained", voids.regained, "dimensionless"),
        ("least_contact", voids.least_contact, "dimensionless"),
        ("molar_volume", voids.molar_volume, "molar_volume"),
    )
    tree["voids"] = _unusual(inner, numbers, asdict(Voids(voids.depth)) | {"depth": None}, given)
    gone = voids.vacancies
    if gone is not None:
        away: tuple[tuple[str, float, units.Kind], ...] = (
            ("diffusivity", gone.diffusivity, "diffusivity"),
            ("excess", gone.excess, "dimensionless"),
            ("sink_distance", gone.sink_distance, "length"),
        )
        tree["voids"]["vacancies"] = {
            key: value(key_path((*inner, "vacancies", key)), number, kind, given)
            for key, number, kind in away
        }
    if voids.creep is not None:
        creep: tuple[tuple[str, float, units.Kind], ...] = (
            ("stress", voids.creep.stress, "stress"),
            ("rate", voids.creep.rate, "rate"),
            ("exponent", voids.creep.exponent, "dimensionless"),
        )
        tree["voids"]["creep"] = {
            key: value(key_path((*inner, "creep", key)), number, kind, given)
            for key, number, kind in creep
        }
    return tree


def _unusual(
    path: tuple[str, ...],
    numbers: tuple[tuple[str, float, units.Kind], ...],
    usual: Tree,
    given: Given,
) -> Tree:
    """What is given, or is not as usual."""
    return {
        key: value(key_path((*path, key)), number, kind, given)
        for key, number, kind in numbers
        if number != usual[key] or key_path((*path, key)) in given
    }


def _backing(path: tuple[str, ...], law: Backing, given: Given) -> Tree:
    numbers: tuple[tuple[str, float | None, units.Kind], ...] = (
        ("lithium_modulus", law.lithium_modulus, "stress"),
        ("lithium_poissons_ratio", law.lithium_poissons_ratio, "dimensionless"),
        ("electrolyte_modulus", law.electrolyte_modulus, "stress"),
        ("electrolyte_poissons_ratio", law.electrolyte_poissons_ratio, "dimensionless"),
        ("stack_stiffness", law.stack_stiffness, "spring_stiffness"),
    )
    tree: Tree = {"slip": law.slip}
    for key, number, kind in numbers:
        if number is not None:
            tree[key] = value(key_path((*path, key)), number, kind, given)
    return tree


def programme_tree(programme: Programme, given: Given) -> Tree:
    """The table [programme]."""
    tree: Tree = {"repeat": programme.repeat}
    key = "programme.temperature"
    if key in given or programme.temperature != ROOM_TEMPERATURE:
        tree["temperature"] = value(key, programme.temperature, "temperature", given)
    if programme.flaw is not None:
        tree["flaw"] = _flaw("programme.flaw", programme.flaw, given)
    if programme.staircase is not None:
        tree["staircase"] = _staircase(programme.staircase, given)
    elif programme.steps:
        tree["steps"] = [_step(i, step, given) for i, step in enumerate(programme.steps)]
    if programme.steps:
        tree["depletion"] = programme.depletion
    tree["step_error"] = programme.step_error
    if programme.steps:
        if not programme.remesh:
            tree["remesh"] = False
        if programme.most_remeshings != Programme().most_remeshings:
            tree["most_remeshings"] = programme.most_remeshings
        interval = programme.checkpoint_interval
        tree["checkpoint_interval"] = value(
            "programme.checkpoint_interval", interval, "time", given
        )
        times = programme.checkpoint_times
        tree["checkpoint_times"] = [units.format_value(t, units.DISPLAY["time"][0]) for t in times]
    return tree


def _staircase(stairs: Staircase, given: Given) -> Tree:
    by_time = stairs.half_cycle is not None
    numbers: tuple[tuple[str, float | None, units.Kind], ...] = (
        ("first", stairs.first, "current_density"),
        ("increment", stairs.increment, "current_density"),
        ("last", stairs.last, "current_density"),
        ("half_cycle", stairs.half_cycle, "time"),
        ("capacity", None if by_time else stairs.capacity, "areal_capacity"),
        ("capacity_increment", None if by_time else stairs.capacity_increment, "areal_capacity"),
        ("rest", stairs.rest or None, "time"),
        ("voltage", stairs.voltage, "potential"),
    )
    tree: Tree = {"protocol": stairs.protocol, "cycles": stairs.cycles}
    for key, number, kind in numbers:
        if number is not None:
            tree[key] = value(f"programme.staircase.{key}", number, kind, given)
    if stairs.flaw is not None:
        tree["flaw"] = _flaw("programme.staircase.flaw", stairs.flaw, given)
    return tree


def _flaw(path: str, flaw: FilledFlaw, given: Given) -> Tree:
    numbers: tuple[tuple[str, float | None, units.Kind], ...] = (
        ("length", flaw.length, "length"),
        ("fracture_toughness", flaw.fracture_toughness, "fracture_toughness"),
        ("amplification", flaw.amplification, "dimensionless"),
        ("lateral_share", flaw.lateral_share, "dimensionless"),
        ("youngs_modulus", flaw.youngs_modulus, "stress"),
        ("poissons_ratio", flaw.poissons_ratio, "dimensionless"),
        ("grows_to", flaw.grows_to, "length"),
        ("contact_limit", flaw.contact_limit, "stress"),
    )
    tree: Tree = {"face": flaw.face, "shape": flaw.shape}
    for key, number, kind in numbers:
        usual = 1.0 if key == "amplification" else 0.0
        if number is not None and (number != usual or f"{path}.{key}" in given):
            tree[key] = value(f"{path}.{key}", number, kind, given)
    return tree


def _step(index: int, step: Step, given: Given) -> Tree:
    numbers: tuple[tuple[str, float | None, units.Kind], ...] = (
        ("duration", step.duration, "time"),
        (
            "current_density",
            step.current_density if step.kind == "galvanostatic" else None,
            "current_density",
        ),
        ("to_current_density", step.to_current_density, "current_density"),
        ("potential", step.potential if step.kind == "potentiostatic" else None, "potential"),
        ("to_potential", step.to_potential, "potential"),
        ("voltage", step.voltage, "potential"),
        ("capacity", step.capacity, "areal_capacity"),
    )
    tree: Tree = {"kind": step.kind}
    for key, number, kind in numbers:
        if number is not None:
            tree[key] = value(f"programme.steps[{index}].{key}", number, kind, given)
    return tree


def impedance_tree(impedance: Impedance, path: Path) -> Tree:
    """The table [impedance]; `path` is the case file."""
    unit = units.DISPLAY["frequency"][0]
    tree: Tree = {
        "frequencies": [units.format_value(f, unit) for f in impedance.frequencies],
        "state": impedance.state,
    }
    if impedance.circuit:
        tree["circuit"] = impedance.circuit
    if impedance.measured is not None:
        file = Path(impedance.measured.path).relative_to(path.parent).as_posix()
        tree["measured"] = {"file": file, "source": impedance.measured.source}
        if impedance.measured.area > 0.0:
            area = units.format_value(impedance.measured.area, units.DISPLAY["area"][0])
            tree["measured"]["area"] = area
    return tree
