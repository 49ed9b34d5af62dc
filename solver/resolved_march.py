"""Electrolytes, reactions and the programme in the text of a resolved case."""

from typing import Any

from solver import units
from solver.faults import key_path
from solver.given import Given, value
from solver.march_schema import (
    ROOM_TEMPERATURE,
    BinaryElectrolyte,
    Curve,
    Kinetics,
    Programme,
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
    return tree


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


def kinetics_tree(name: str, law: Kinetics, given: Given) -> Tree:
    """The table in that of an electrode."""
    numbers: tuple[tuple[str, float, units.Kind], ...] = (
        ("exchange_current_density", law.exchange_current_density, "current_density"),
        ("transfer_coefficient", law.transfer_coefficient, "dimensionless"),
        ("capacitance", law.capacitance, "areal_capacitance"),
        ("normal_stress", law.normal_stress, "stress"),
        ("molar_volume", law.molar_volume, "molar_volume"),
    )
    path = ("boundaries", name, "kinetics")
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


def programme_tree(programme: Programme, given: Given) -> Tree:
    """The table [programme]."""
    tree: Tree = {"repeat": programme.repeat}
    key = "programme.temperature"
    if key in given or programme.temperature != ROOM_TEMPERATURE:
        tree["temperature"] = value(key, programme.temperature, "temperature", given)
    if programme.steps:
        tree["steps"] = [_step(i, step, given) for i, step in enumerate(programme.steps)]
        tree["depletion"] = programme.depletion
    tree["step_error"] = programme.step_error
    if programme.steps:
        interval = programme.checkpoint_interval
        tree["checkpoint_interval"] = value(
            "programme.checkpoint_interval", interval, "time", given
        )
        times = programme.checkpoint_times
        tree["checkpoint_times"] = [units.format_value(t, units.DISPLAY["time"][0]) for t in times]
    return tree


def _step(index: int, step: Step, given: Given) -> Tree:
    numbers: tuple[tuple[str, float | None, units.Kind], ...] = (
        ("duration", step.duration, "time"),
        (
            "current_density",
            step.current_density if step.kind == "galvanostatic" else None,
            "current_density",
        ),
        ("potential", step.potential if step.kind == "potentiostatic" else None, "potential"),
        ("voltage", step.voltage, "potential"),
        ("capacity", step.capacity, "areal_capacity"),
    )
    tree: Tree = {"kind": step.kind}
    for key, number, kind in numbers:
        if number is not None:
            tree[key] = value(f"programme.steps[{index}].{key}", number, kind, given)
    return tree
