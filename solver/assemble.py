"""From the checked tables of a case file to the data of `schema`; nothing is checked here."""

import math
from dataclasses import replace
from itertools import accumulate
from pathlib import Path

from pydantic import BaseModel

from meshes import geometry as shapes
from meshes import layers as bodies
from solver import (
    contact_tables,
    interface_tables,
    known,
    march_tables,
    mechanics_schema,
    mechanics_tables,
    micro_tables,
    region_tables,
    schema,
    tables,
)
from solver.faults import key_path
from solver.flaw_assemble import flaw, lithium_in_flaw
from solver.micro_assemble import microstructure
from solver.values import Value


def geometry(table: tables.Geometry, folder: Path) -> shapes.Geometry:
    """The geometry in micrometres; `folder` is that of the case file."""
    if isinstance(table, tables.Box):
        layers = tuple(bodies.Layer(layer.name, layer.thickness.number) for layer in table.layers)
        crack = None
        if table.crack is not None:
            a, b = table.crack.semi_axes
            part = table.crack.filled
            inner = None if part is None else (part.number, part.number * b.number / a.number)
            crack = bodies.Ellipse((a.number, b.number), inner)
        return bodies.Box(table.width.number, table.depth.number, layers, crack)
    if isinstance(table, tables.Block):
        return block(table)
    if isinstance(table, micro_tables.Structured | micro_tables.Segmented):
        return microstructure(table, folder)
    if isinstance(table, tables.Shell):
        layers = tuple(bodies.Layer(layer.name, layer.thickness.number) for layer in table.layers)
        return bodies.Shell(table.shape, table.inner_radius.number, layers)
    if isinstance(table, tables.MeshFile):
        area = table.cell_area
        return shapes.MeshFile(
            path=str(folder / table.mesh_file),
            dimension=table.dimension,
            length_unit=table.length_unit.number,
            multiplicity=table.multiplicity.number,
            cell_area=None if area is None else area.number,
            periodic=table.periodic,
        )
    film = table.film
    return shapes.Cell(
        shape=table.shape,
        width=table.width.number,
        film=None if film is None else shapes.Film(film.thickness.number, film.model),
        opening=opening(table),
        filling=table.filling or "metal",
        above=tuple(bodies.Layer(layer.name, layer.thickness.number) for layer in table.above),
        below=tuple(bodies.Layer(layer.name, layer.thickness.number) for layer in table.below),
        resolved_height=None if table.resolved_height is None else table.resolved_height.number,
    )


def with_touched(shape: shapes.Geometry | None, file: tables.CaseFile) -> shapes.Geometry | None:
    """The geometry, of a box with the radius of the contact with an indenter, about sqrt(R d)."""
    pushed = None if file.mechanics is None else file.mechanics.faces.get("top")
    if isinstance(shape, bodies.Box) and isinstance(pushed, mechanics_tables.Indenter):
        return replace(shape, touched=math.sqrt(pushed.radius.number * pushed.depth.number))
    return shape


def block(table: tables.Block) -> bodies.Block:
    """A block; an end of the crack that means the end of a layer lies there exactly."""
    layers = tuple(bodies.Layer(layer.name, layer.thickness.number) for layer in table.layers)
    crack = None
    if table.crack is not None:
        marks = [0.0, *accumulate(layer.thickness for layer in layers)]
        if table.crack.face == "bottom":
            marks = [0.0, table.width.number]
        given = _ends(table.crack, marks[-1])
        ends = [min(marks, key=lambda mark: abs(mark - s), default=s) for s in given]
        ends = [
            mark if abs(mark - s) <= 1e-9 * max(marks) else s
            for mark, s in zip(ends, given, strict=True)
        ]
        crack = bodies.Crack(table.crack.face, *ends)
    pit = None
    if table.pit is not None:
        pit = bodies.Pit(table.pit.width.number, table.pit.depth.number)
    top = sum(layer.thickness for layer in layers)
    flaws = tuple(flaw(each, table.width.number, top) for each in table.flaws)
    window = None if table.window is None else table.window.number
    return bodies.Block(table.shape, table.width.number, layers, crack, pit, flaws, window)


def _ends(crack: tables.Crack, last: float) -> tuple[float, float]:
    return crack.start.number, last if crack.end is None else crack.end.number


def mechanics(file: tables.CaseFile) -> mechanics_schema.Mechanics | None:
    """Stress and cracks."""
    table = file.mechanics
    if table is None:
        return None
    load = file.load or mechanics_tables.Load()
    return mechanics_schema.Mechanics(
        plane=table.plane or "strain",
        solids={name: _solid(law) for name, law in table.solids.items()},
        faces={name: _face(condition) for name, condition in table.faces.items()},
        stretch=_number(load.stretch),
        opens_slit=table.opens_slit,
        temperature_change=_number(load.temperature_change) or 0.0,
        interfaces={name: interface_tables.joint(law) for name, law in table.interfaces.items()},
        history=_history(load),
        damage=None if table.damage is None else _damage(table.damage),
        empty=table.empty,
        cut=None if table.cut is None else mechanics_schema.Cut(table.cut.face, table.cut.layer),
        body_force=_body_force(load),
    )


def _body_force(load: mechanics_tables.Load) -> tuple[float, float]:
    given = load.body_force
    return (0.0, 0.0) if given is None else (given[0].number, given[1].number)


def _graded(table: mechanics_tables.Graded) -> mechanics_schema.Graded:
    places = tuple(place.number for place in table.at)
    factors = tuple(factor.number for factor in table.factors)
    return mechanics_schema.Graded(table.along, places, factors, table.between)


def _damage(table: mechanics_tables.Damage) -> mechanics_schema.Damage:
    return mechanics_schema.Damage(
        length=table.length.number,
        split=table.split,
        sound=table.sound,
        first_step=table.first_step,
        smallest_step=table.smallest_step,
        largest_step=table.largest_step,
        cells_per_length=table.cells_per_length,
        control=table.control,
        then=table.then,
    )


def _history(load: mechanics_tables.Load) -> mechanics_schema.History:
    usual = mechanics_schema.History()
    return mechanics_schema.History(
        duration=_number(load.duration),
        ramp=_number(load.ramp) or 0.0,
        steps=load.steps,
        step_error=load.step_error or usual.step_error,
        temperature=_number(load.temperature) or usual.temperature,
    )


def _flow(table: mechanics_tables.Isotropic) -> mechanics_schema.Flow | None:
    match table.flow:
        case None:
            return None
        case mechanics_tables.Plastic() as law:
            return mechanics_schema.Plastic(
                law.yield_stress.number, _number(law.hardening_modulus) or 0.0
            )
        case mechanics_tables.Creep() as law:
            return mechanics_schema.Creep(
                law.stress.number, law.rate.number, law.exponent.number,
                _number(law.activation_energy) or 0.0, _number(law.reference_temperature) or 298.15,
            )  # fmt: skip
        case mechanics_tables.Viscoplastic() as law:
            return mechanics_schema.Viscoplastic(
                law.rate.number, law.activation_energy.number, law.rate_exponent.number,
                law.initial_resistance.number, law.hardening_modulus.number,
                law.saturation_resistance.number, law.hardening_exponent.number,
                law.saturation_exponent.number,
            )  # fmt: skip


def _solid(table: mechanics_tables.SolidLaw) -> mechanics_schema.SolidRegion:
    elastic: mechanics_schema.Isotropic | mechanics_schema.Cubic | mechanics_schema.Orthotropic
    match table:
        case mechanics_tables.Isotropic():
            elastic = mechanics_schema.Isotropic(
                table.youngs_modulus.number, table.poissons_ratio.number
            )
        case mechanics_tables.Cubic():
            angle = _number(table.angle) or 0.0
            elastic = mechanics_schema.Cubic(
                table.c11.number, table.c12.number, table.c44.number, angle
            )
        case mechanics_tables.Orthotropic():
            elastic = mechanics_schema.Orthotropic(
                table.e1.number, table.e2.number, table.e3.number,
                table.nu12.number, table.nu13.number, table.nu23.number,
                table.g12.number, table.g13.number, table.g23.number,
                _number(table.angle) or 0.0,
            )  # fmt: skip
    return mechanics_schema.SolidRegion(
        elastic=elastic,
        residual_stress=_number(table.residual_stress) or 0.0,
        misfit_strain=_number(table.misfit_strain) or 0.0,
        fracture_energy=_number(table.fracture_energy),
        fracture_toughness=_number(table.fracture_toughness),
        strength=_number(table.strength),
        large=table.deflections == "large",
        thermal_expansion=_number(table.thermal_expansion) or 0.0,
        flow=_flow(table) if isinstance(table, mechanics_tables.Isotropic) else None,
        mixed=isinstance(table, mechanics_tables.Isotropic) and table.formulation == "mixed",
        graded=None if table.graded is None else _graded(table.graded),
        misfit_strains=tuple(strain.number for strain in table.misfit_strains or ()),
        misfit_angle=_number(table.misfit_angle) or 0.0,
    )


def _face(table: mechanics_tables.Face) -> mechanics_schema.Face:
    match table:
        case mechanics_tables.Symmetry():
            return mechanics_schema.Symmetry()
        case mechanics_tables.Free():
            return mechanics_schema.Free()
        case mechanics_tables.Traction():
            return mechanics_schema.Traction(
                _number(table.pressure) or 0.0, _number(table.shear) or 0.0
            )
        case mechanics_tables.Moved():
            return mechanics_schema.Moved(
                _number(table.normal), _number(table.tangential), table.sticks
            )
        case mechanics_tables.Clamped():
            return mechanics_schema.Clamped()
        case mechanics_tables.Plate():
            pressure = _number(table.pressure) or 0.0
            return mechanics_schema.Plate(pressure, _number(table.stiffness) or 0.0)
        case mechanics_tables.Contact():
            return mechanics_schema.Contact(table.friction or "")
        case mechanics_tables.Indenter():
            return mechanics_schema.Indenter(table.radius.number, table.depth.number)
        case mechanics_tables.Lithium():
            return lithium_in_flaw(table)


def opening(table: tables.Cell) -> shapes.Opening:
    """The opening with its size; an area fraction becomes the size that opens this fraction.

    A half space has no area to be a fraction of; its size is then NaN, and refused as such.
    """
    width = table.width.number
    match table.opening:
        case tables.Slit() as slit:
            size = slit.width.number if slit.width else math.nan
            if slit.area_fraction is not None:
                size = slit.area_fraction.number * width
            return shapes.Slit(size)
        case tables.Cross() as cross:
            # what stays covered is (width - gap)^2 / width^2, of squares and of hexagons
            size = cross.width.number if cross.width else math.nan
            if cross.area_fraction is not None:
                size = width * (1.0 - math.sqrt(max(0.0, 1.0 - cross.area_fraction.number)))
            return shapes.Cross(size)
        case tables.Round() as hole:
            size = hole.radius.number if hole.radius else math.nan
            if hole.area_fraction is not None:
                area = hole.area_fraction.number * area_over_square(table.shape) * width**2
                size = math.sqrt(area / math.pi)
            return shapes.Round(size)
        case tables.TwoDiscs() as discs:
            return shapes.TwoDiscs(discs.radius.number, discs.distance.number)
        case tables.NoOpening():
            return shapes.NoOpening()


def area_over_square(shape: tables.Shape) -> float:
    """Area of the cell over the square of its width; NaN for half spaces."""
    match shape:
        case "tube" | "round":
            return math.pi / 4.0
        case "hexagon":
            return math.sqrt(3.0) / 2.0
        case "square" | "strip":
            return 1.0
        case "half_space" | "half_space_3d":
            return math.nan


def region(table: tables.Region) -> schema.Region:
    """The law of a region."""
    match table:
        case tables.IonicConductor():
            permittivity = _number(table.relative_permittivity) or 0.0
            return schema.IonicConductor(table.conductivity.number, permittivity)
        case march_tables.BinaryElectrolyte():
            return march_tables.electrolyte(table)
        case region_tables.Alloy():
            return region_tables.alloy(table)
        case region_tables.MixedConductor():
            return region_tables.mixed_conductor(table)
        case tables.Equipotential():
            return schema.Equipotential()
        case tables.Insulator():
            return schema.Insulator()


def boundary(table: tables.Boundary) -> schema.Boundary:
    """The condition on a boundary."""
    match table:
        case tables.Electrode():
            return schema.Electrode(
                potential=_number(table.potential),
                current=_number(table.current),
                current_density=_number(table.current_density),
                area_specific_resistance=_number(table.area_specific_resistance) or 0.0,
                kinetics=march_tables.kinetics(table.kinetics),
                plating=march_tables.plating(table.plating),
                contact=contact_tables.face_contact(table.contact),
            )
        case tables.HalfSpace():
            return schema.HalfSpace()
        case tables.Insulated():
            return schema.Insulated()
        case interface_tables.Touching():
            return _touching(table)


def interface(table: tables.Interface) -> schema.Interface:
    """The condition on an interface."""
    match table:
        case tables.Resistive():
            return schema.Resistive(table.area_specific_resistance.number)
        case tables.Bonded():
            return schema.Bonded()
        case tables.Insulating():
            return schema.Insulating()
        case interface_tables.Touching():
            return _touching(table)


def _touching(table: interface_tables.Touching) -> schema.Touching:
    return schema.Touching(
        _number(table.area_specific_resistance) or 0.0,
        _number(table.gap_conductivity),
        _number(table.tolerance) or 0.0,
    )


def numerics(table: tables.Numerics) -> schema.Numerics:
    """Accuracy and sizes."""
    return schema.Numerics(
        accuracy=table.accuracy.number,
        refinement=table.refinement,
        max_dofs=table.max_dofs,
        edge_size=_number(table.edge_size),
        maximum_size=_number(table.maximum_size),
        layer_size=_number(table.layer_size),
        element_order=table.element_order,
        petsc_options=dict(table.petsc_options),
    )


def specimen(table: tables.Specimen) -> schema.Specimen:
    """A sample with the area of one face."""
    if table.diameter is not None:
        area = math.pi / 4.0 * table.diameter.number**2
    else:
        area = table.area.number if table.area is not None else math.nan
    return schema.Specimen(table.name, area, table.sides)


def reference(table: tables.Reference, plane: bool) -> schema.Reference:
    """A number to compare with."""
    value, unit_text = known.read_quantity(table.quantity, table.value, plane)
    return schema.Reference(
        quantity=table.quantity,
        value=value,
        unit_text=unit_text,
        source=table.source,
        grade=table.grade or "",
        tolerance=_number(table.tolerance),
        relation=table.relation,
        exact=table.exact,
        reason=table.reason,
    )


def _number(value: Value | None) -> float | None:
    return None if value is None else value.number


PHYSICAL = (
    "geometry", "regions", "boundaries", "interfaces", "mechanics", "load", "specimens", "balance",
    "programme.temperature", "programme.steps", "programme.staircase", "programme.flaw",
)  # fmt: skip


def values(table: BaseModel) -> dict[str, Value]:
    """Every physical value of a table that the file gives, by key path."""
    found: dict[str, Value] = {}
    waiting: list[tuple[tuple[str | int, ...], object]] = [((), table)]
    while waiting:
        path, item = waiting.pop()
        if isinstance(item, Value):
            found[key_path(path)] = item
        elif isinstance(item, BaseModel):
            given = [(name, child) for name, child in item if name in item.model_fields_set]
            waiting += [((*path, name), child) for name, child in reversed(given)]
        elif isinstance(item, dict):
            waiting += [((*path, name), child) for name, child in reversed(item.items())]
        elif isinstance(item, tuple):
            waiting += [((*path, i), child) for i, child in reversed(list(enumerate(item)))]
    return found


def is_physical(key: str) -> bool:
    """Whether a key path belongs to what is computed, not to how, or what it's compared with."""
    return key.startswith(PHYSICAL)


def _is_default(key: str, value: Value) -> bool:
    """Whether a value states without a source what holds anyway: no input of its own."""
    if value.source is not None or value.role is not None:
        return False
    contact = key.startswith("boundaries") and key.endswith(".area_specific_resistance")
    return (contact and value.number == 0.0) or (
        key == "geometry.multiplicity" and value.number == 1.0
    )


def inputs(table: tables.CaseFile) -> tuple[schema.Input, ...]:
    """Where every physical value comes from."""
    return tuple(
        schema.Input(
            key=key,
            text=value.text,
            source=value.source or "",
            role=value.role or "",
            confidence=value.confidence or "",
            range=None if value.range is None else (str(value.range[0]), str(value.range[1])),
            datum=value.datum or "",
        )
        for key, value in values(table).items()
        if is_physical(key) and not _is_default(key, value)
    )
