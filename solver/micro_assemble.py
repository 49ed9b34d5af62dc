"""From the checked tables of a microstructure to the data of `meshes.micro`."""

from meshes import micro as shapes
from meshes.layers import Layer
from solver import micro_tables as tables
from solver.values import Value


def microstructure(table: tables.Particles) -> shapes.Micro:
    """The microstructure in micrometres."""
    return shapes.Particles(
        body=_body(table),
        name=table.name,
        inside=table.inside,
        volume_fraction=table.volume_fraction.number,
        arrangement=table.arrangement,
        diameter=_number(table.diameter),
        deviation=_number(table.deviation),
        gap=_number(table.gap),
        contact=table.contact,
        place=table.place,
        shell=_coat(table.shell),
    )


def _body(table: tables.Structured) -> shapes.Body:
    return shapes.Body(
        width=table.width.number,
        depth=_number(table.depth),
        layers=tuple(Layer(layer.name, layer.thickness.number) for layer in table.layers),
        resolution=table.resolution.number,
        periodic=table.periodic,
        seed=table.seed,
    )


def _coat(table: tables.Coat | None) -> shapes.Coat | None:
    return None if table is None else shapes.Coat(table.name, table.thickness.number)


def _number(value: Value | None) -> float:
    return 0.0 if value is None else value.number
