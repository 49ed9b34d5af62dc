"""From the checked tables of a microstructure to the data of `meshes.micro`."""

from pathlib import Path

from meshes import micro as shapes
from meshes.layers import Layer
from meshes.pixels import pixel_counts
from solver import micro_tables as tables
from solver.values import Value


def microstructure(table: tables.Structured | tables.Segmented, folder: Path) -> shapes.Micro:
    """The microstructure in micrometres; `folder` is that of the case file."""
    match table:
        case tables.Particles():
            return _particles(table)
        case tables.Fibres():
            return _fibres(table)
        case tables.Rods():
            return _rods(table)
        case tables.Rough():
            return _rough(table, folder)
        case tables.Segmented():
            return _segmented(table, folder)
    raise TypeError(f"no microstructure: {type(table).__name__}")


def _particles(table: tables.Particles) -> shapes.Particles:
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
        embedded=_number(table.embedded),
        shell=_coat(table.shell),
    )


def _fibres(table: tables.Fibres) -> shapes.Fibres:
    up = (0.0, 1.0) if table.depth is None else (0.0, 0.0, 1.0)
    return shapes.Fibres(
        body=_body(table),
        name=table.name,
        inside=table.inside,
        volume_fraction=table.volume_fraction.number,
        diameter=table.diameter.number,
        deviation=_number(table.deviation),
        length=table.length.number,
        axis=up if table.axis is None else table.axis,
        concentration=table.concentration,
        percolating=table.percolating,
        stripped=_number(table.stripped),
        emptied=table.emptied or "",
    )


def _rods(table: tables.Rods) -> shapes.Rods:
    grains, film = table.grains, table.deposit
    return shapes.Rods(
        body=_body(table),
        name=table.name,
        inside=table.inside,
        count=table.count,
        arrangement=table.arrangement,
        jitter=_number(table.jitter),
        diameter=table.diameter.number,
        deviation=_number(table.deviation),
        length=table.length.number,
        cap=table.cap,
        shell=_coat(table.shell),
        grains=None
        if grains is None
        else shapes.Grains(
            grains.name,
            grains.diameter.number,
            grains.volume_fraction.number,
            _number(grains.gap),
        ),
        deposit=None if film is None else shapes.Coat(film.name, film.thickness.number),
    )


def _rough(table: tables.Rough, folder: Path) -> shapes.Rough:
    pits = table.pits
    return shapes.Rough(
        body=_body(table),
        faces=tuple(
            shapes.RoughFace(
                layer=face.layer,
                rms=_number(face.rms),
                correlation=_number(face.correlation),
                hurst=face.hurst or 0.0,
                file="" if face.height_map is None else str(folder / face.height_map),
                height_unit=1.0 if face.height_unit is None else face.height_unit.number,
                pixel=_number(face.pixel),
                shortest_wavelength=_number(face.shortest_wavelength),
            )
            for face in table.faces
        ),
        contact_fraction=_number(table.contact_fraction),
        pits=None
        if pits is None
        else shapes.Pits(
            pits.name, pits.layer, pits.kind, pits.diameter.number, pits.depth.number, pits.count
        ),
    )


def _segmented(table: tables.Segmented, folder: Path) -> shapes.Segmented:
    """A picture; without pixels where it cannot be read."""
    file = str(folder / table.file)
    pixels = pixel_counts(file)
    size = table.pixel.number
    high = size if table.slice is None else table.slice.number
    counts = pixels or (4, 4)
    steps = (*(size,) * (len(counts) - 1), high if len(counts) == 3 else size)
    sides = [step * count for step, count in zip(steps, counts, strict=True)]
    body = shapes.Body(
        width=sides[0],
        depth=sides[1] if len(sides) == 3 else 0.0,
        layers=(Layer("image", sides[-1]),),
        resolution=min(steps),
        periodic=table.periodic,
        seed=0,
    )
    values = tuple(sorted((int(value), name) for value, name in table.values.items()))
    return shapes.Segmented(body, file, pixels, steps, values, table.smooth)


def _body(table: tables.Structured) -> shapes.Body:
    return shapes.Body(
        width=table.width.number,
        depth=_number(table.depth),
        layers=tuple(Layer(layer.name, layer.thickness.number) for layer in table.layers),
        resolution=table.resolution.number,
        periodic=table.periodic,
        seed=table.seed,
        mesher=table.mesher,
    )


def _coat(table: tables.Coat | None) -> shapes.Coat | None:
    if table is None:
        return None
    return shapes.Coat(table.name, _number(table.thickness), _number(table.volume_fraction))


def _number(value: Value | None) -> float:
    return 0.0 if value is None else value.number
