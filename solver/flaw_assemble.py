"""From the tables of a flaw and of the lithium in it to their data."""

from dataclasses import replace

from meshes import layers as bodies
from solver import mechanics_schema, mechanics_tables, tables
from solver.creep_rate import flow_stress
from solver.values import Value


def flaw(table: tables.Flaw, width: float, top: float) -> bodies.Flaw:
    """A flaw; one that begins at an outer face lies there exactly."""
    x, y = table.x.number, table.y.number
    made = bodies.Flaw(table.name, x, y, table.length.number, table.angle.number)
    if abs(x - width) <= 1e-9 * width:
        return replace(made, x=width, surface="right")
    if y == 0.0:
        return replace(made, surface="bottom")
    return replace(made, y=top, surface="top") if abs(y - top) <= 1e-9 * top else made


def lithium_in_flaw(table: mechanics_tables.Lithium) -> mechanics_schema.Lithium:
    """The data of lithium in a crack or flaw, in working units."""
    creep = None if table.creep is None else _creep(table.creep)
    stress = _number(table.yield_stress)
    if creep is not None:
        stress = flow_stress(creep.law, creep.flow_rate, creep.temperature)
    return mechanics_schema.Lithium(
        _number(table.overpotential),
        table.metal or "",
        _number(table.dry_length) or 0.0,
        _number(table.width),
        stress,
        contact_limit=_number(table.contact_limit),
        creep=creep,
    )


def _creep(table: mechanics_tables.FlawCreep) -> mechanics_schema.FlawCreep:
    warm = _number(table.reference_temperature) or 298.15
    law = mechanics_schema.Creep(
        table.stress.number,
        table.rate.number,
        table.exponent.number,
        _number(table.activation_energy) or 0.0,
        warm,
    )
    return mechanics_schema.FlawCreep(
        law, table.flow_rate.number, _number(table.temperature) or warm
    )


def _number(value: Value | None) -> float | None:
    return None if value is None else value.number
