"""Writes a case as a case file with every value in force, defaults too; it reads back equal.

A value keeps the text and the source that the case file gave it. One that the program has changed
(a calibrated resistance) is written anew in the usual unit, exactly.
"""

import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

from meshes import geometry as shapes
from meshes import layers as bodies
from meshes.micro import Micro
from solver import known, schema, units
from solver.faults import key_path
from solver.given import Given, number_of, value, with_source
from solver.march_schema import BinaryElectrolyte
from solver.region_schema import Alloy, MixedConductor
from solver.resolved_march import (
    contact_tree,
    electrolyte_tree,
    impedance_tree,
    kinetics_tree,
    permittivity_tree,
    plating_tree,
    programme_tree,
)
from solver.resolved_mechanics import load_tree, mechanics_tree
from solver.resolved_micro import micro_tree
from solver.resolved_regions import alloy_tree, mixed_tree
from solver.schema import Case
from solver.toml_text import Tree, plain, toml


def resolved_toml(case: Case) -> str:
    """The case, without its variants, as the text of a case file.

    It loads again to an equal case. A mesh file must then lie beside it under the same name.
    """
    given = {item.key: item for item in case.inputs}
    tree: Tree = {"title": case.title, "question": case.question, "paper": case.paper}
    if case.geometry is not None:
        tree["geometry"] = _geometry(case.geometry, case.path, given)
    tree["regions"] = {name: _region(name, law, given) for name, law in case.regions.items()}
    tree["boundaries"] = {n: _boundary(n, law, given) for n, law in case.boundaries.items()}
    tree["interfaces"] = {n: _interface(n, law, given) for n, law in case.interfaces.items()}
    if case.mechanics is not None and case.geometry is not None:
        plane = shapes.dimension(case.geometry) == "plane"
        tree["mechanics"] = mechanics_tree(case.mechanics, plane, given)
        if load := load_tree(case.mechanics, given):
            tree["load"] = load
    if case.effective is not None:
        tree["effective"] = asdict(case.effective)
    tree["numerics"] = _numerics(case.numerics)
    tree["output"] = {"fields": list(case.output.fields), "pictures": case.output.pictures}
    tree["specimens"] = [_specimen(i, item, given) for i, item in enumerate(case.specimens)]
    tree["references"] = [_reference(item) for item in case.references]
    if case.solve_for is not None:
        tree["solve_for"] = _solve_for(case.solve_for)
    if case.map is not None:
        tree["map"] = _map(case.map)
    if case.study is not None:
        tree["study"] = _study(case.study)
    if case.programme is not None:
        tree["programme"] = programme_tree(case.programme, given)
    if case.impedance is not None:
        tree["impedance"] = impedance_tree(case.impedance, case.path)
    if case.calibrate is not None:
        tree["calibrate"] = _calibrate(case.calibrate)
    if case.balance is not None:
        tree["balance"] = plain(case.balance)
    return "# Every value in force; sources as in the case file.\n" + toml(tree)


def _geometry(geometry: shapes.Geometry, path: Path, given: Given) -> Tree:
    if isinstance(geometry, shapes.MeshFile):
        area: units.Kind = "length" if geometry.dimension == "plane" else "area"
        tree: Tree = {
            "mesh_file": Path(geometry.path).relative_to(path.parent).as_posix(),
            "dimension": geometry.dimension,
            "length_unit": value("geometry.length_unit", geometry.length_unit, "length", given),
            "multiplicity": value(
                "geometry.multiplicity", geometry.multiplicity, "dimensionless", given
            ),
        }
        if geometry.cell_area is not None:
            tree["cell_area"] = value("geometry.cell_area", geometry.cell_area, area, given)
        if geometry.periodic:
            tree["periodic"] = list(geometry.periodic)
        return tree
    if isinstance(geometry, bodies.Block):
        return _block(geometry, given)
    if isinstance(geometry, bodies.Box):
        return _box(geometry, given)
    if isinstance(geometry, Micro):
        return micro_tree(geometry, path, given)
    if isinstance(geometry, bodies.Shell):
        inner = value("geometry.inner_radius", geometry.inner_radius, "length", given)
        return {
            "shape": geometry.shape,
            "inner_radius": inner,
            "layers": _layers(geometry.layers, given),
        }
    tree = {
        "shape": geometry.shape,
        "width": value("geometry.width", geometry.width, "length", given),
    }
    if geometry.film is not None:
        thickness = value("geometry.film.thickness", geometry.film.thickness, "length", given)
        tree["film"] = {"thickness": thickness, "model": geometry.film.model}
    tree["opening"] = _opening(geometry.opening, given)
    layer = geometry.film is not None and geometry.film.model == "layer"
    if layer and not isinstance(geometry.opening, shapes.NoOpening):
        tree["filling"] = geometry.filling
    for side, layers in (("above", geometry.above), ("below", geometry.below)):
        tree[side] = [
            {
                "name": layer.name,
                "thickness": value(
                    f"geometry.{side}[{i}].thickness", layer.thickness, "length", given
                ),
            }
            for i, layer in enumerate(layers)
        ]
    if geometry.resolved_height is not None:
        tree["resolved_height"] = value(
            "geometry.resolved_height", geometry.resolved_height, "length", given
        )
    return tree


def _layers(layers: tuple[bodies.Layer, ...], given: Given) -> list[Tree]:
    keys = (f"geometry.layers[{i}].thickness" for i in range(len(layers)))
    return [
        {"name": layer.name, "thickness": value(key, layer.thickness, "length", given)}
        for key, layer in zip(keys, layers, strict=True)
    ]


def _box(box: bodies.Box, given: Given) -> Tree:
    tree: Tree = {
        "shape": "box",
        "width": value("geometry.width", box.width, "length", given),
        "depth": value("geometry.depth", box.depth, "length", given),
        "layers": _layers(box.layers, given),
    }
    if box.crack is not None:
        axes = enumerate(box.crack.semi_axes)
        key = "geometry.crack.semi_axes"
        tree["crack"] = {
            "semi_axes": [value(f"{key}[{i}]", half, "length", given) for i, half in axes]
        }
        if box.crack.filled is not None:
            half = box.crack.filled[0]
            tree["crack"]["filled"] = value("geometry.crack.filled", half, "length", given)
    return tree


def _block(block: bodies.Block, given: Given) -> Tree:
    tree: Tree = {
        "shape": block.shape,
        "width": value("geometry.width", block.width, "length", given),
        "layers": _layers(block.layers, given),
    }
    if block.crack is not None:
        tree["crack"] = {
            "face": block.crack.face,
            "start": value("geometry.crack.start", block.crack.start, "length", given),
        }
        end, key = block.crack.end, "geometry.crack.end"
        if key in given or end != bodies.face_length(block, block.crack.face):
            tree["crack"]["end"] = value(key, end, "length", given)
    if block.pit is not None:
        tree["pit"] = {
            "width": value("geometry.pit.width", block.pit.width, "length", given),
            "depth": value("geometry.pit.depth", block.pit.depth, "length", given),
        }
    if block.window is not None:
        tree["window"] = value("geometry.window", block.window, "length", given)
    if block.flaws:
        tree["flaws"] = [
            _flaw(flaw, f"geometry.flaws[{i}]", given) for i, flaw in enumerate(block.flaws)
        ]
    return tree


def _flaw(flaw: bodies.Flaw, key: str, given: Given) -> Tree:
    return {
        "name": flaw.name,
        "x": value(f"{key}.x", flaw.x, "length", given),
        "y": value(f"{key}.y", flaw.y, "length", given),
        "length": value(f"{key}.length", flaw.length, "length", given),
        "angle": value(f"{key}.angle", flaw.angle, "angle", given),
    }


def _opening(opening: shapes.Opening, given: Given) -> Tree:
    key = "geometry.opening"
    fraction = given.get(f"{key}.area_fraction")
    size: tuple[str, float]
    match opening:
        case shapes.NoOpening():
            return {"kind": "none"}
        case shapes.TwoDiscs(radius, distance):
            return {
                "kind": "two_discs",
                "radius": value(f"{key}.radius", radius, "length", given),
                "distance": value(f"{key}.distance", distance, "length", given),
            }
        case shapes.Slit(width):
            kind, size = "slit", ("width", width)
        case shapes.Cross(width):
            kind, size = "cross", ("width", width)
        case shapes.Round(radius):
            kind, size = "round", ("radius", radius)
    if fraction is not None:
        return {"kind": kind, "area_fraction": with_source(fraction.text, fraction)}
    return {"kind": kind, size[0]: value(f"{key}.{size[0]}", size[1], "length", given)}


def _region(name: str, law: schema.Region, given: Given) -> Tree:
    match law:
        case schema.IonicConductor(conductivity):
            key = key_path(("regions", name, "conductivity"))
            text = value(key, conductivity, "conductivity", given)
            tree: Tree = {"law": "ionic_conductor", "conductivity": text}
            return tree | permittivity_tree(name, law.relative_permittivity, given)
        case BinaryElectrolyte():
            return electrolyte_tree(name, law, given)
        case Alloy():
            return alloy_tree(name, law, given)
        case MixedConductor():
            return mixed_tree(name, law, given)
        case schema.Equipotential():
            return {"law": "equipotential"}
        case schema.Insulator():
            return {"law": "insulator"}


def _map(wanted: schema.Map) -> Tree:
    tree: Tree = {
        "parameter": wanted.parameter,
        "values": list(wanted.values),
        "quantity": wanted.quantity,
    }
    if wanted.against is not None:
        other = wanted.against
        tree["against"] = {"parameter": other.parameter, "values": list(other.values)}
    return tree


def _boundary(name: str, law: schema.Boundary, given: Given) -> Tree:
    match law:
        case schema.Electrode():
            return _electrode(name, law, given)
        case schema.HalfSpace():
            return {"law": "half_space"}
        case schema.Insulated():
            return {"law": "insulated"}
        case schema.Touching():
            return _touching(("boundaries", name), law, given)


def _electrode(name: str, law: schema.Electrode, given: Given) -> Tree:
    tree: Tree = {"law": "electrode"}
    current_key = key_path(("boundaries", name, "current"))
    current: units.Kind = "current"
    if current_key in given:
        # a current has one of two dimensions; the text of the case file knows which
        per_length = math.isnan(number_of(given[current_key].text, "current"))
        current = "current_per_length" if per_length else "current"
    conditions: tuple[tuple[str, float | None, units.Kind], ...] = (
        ("potential", law.potential, "potential"),
        ("current", law.current, current),
        ("current_density", law.current_density, "current_density"),
        ("area_specific_resistance", law.area_specific_resistance, "area_specific_resistance"),
    )
    for key, number, kind in conditions:
        if number is not None:
            tree[key] = value(key_path(("boundaries", name, key)), number, kind, given)
    if law.kinetics is not None:
        tree["kinetics"] = kinetics_tree(name, law.kinetics, given)
    if law.plating is not None:
        tree["plating"] = plating_tree(name, law.plating, given)
    if law.contact is not None:
        tree["contact"] = contact_tree(name, law.contact, given)
    return tree


def _interface(name: str, law: schema.Interface, given: Given) -> Tree:
    match law:
        case schema.Resistive(resistance):
            key = key_path(("interfaces", name, "area_specific_resistance"))
            text = value(key, resistance, "area_specific_resistance", given)
            return {"law": "resistive", "area_specific_resistance": text}
        case schema.Bonded():
            return {"law": "bonded"}
        case schema.Insulating():
            return {"law": "insulating"}
        case schema.Touching():
            return _touching(("interfaces", name), law, given)


def _touching(place: tuple[str, str], law: schema.Touching, given: Given) -> Tree:
    tree: Tree = {"law": "touching"}
    keys: tuple[tuple[str, float | None, units.Kind], ...] = (
        ("area_specific_resistance", law.area_specific_resistance, "area_specific_resistance"),
        ("gap_conductivity", law.gap_conductivity, "conductivity"),
        ("tolerance", law.tolerance, "length"),
    )
    for key, number, kind in keys:
        if number:
            tree[key] = value(key_path((*place, key)), number, kind, given)
    return tree


def _study(study: schema.Study) -> Tree:
    cells = {"factors": list(study.factors)} if study.factors else {"sizes": list(study.sizes)}
    return {
        "quantity": study.quantity,
        "keys": list(study.keys),
        **cells,
        "seed": study.seed,
        "seeds": study.seeds,
        "accuracy": study.accuracy,
        "confidence": study.confidence,
    }


def _numerics(numerics: schema.Numerics) -> Tree:
    tree: Tree = {
        "accuracy": numerics.accuracy,
        "refinement": numerics.refinement,
        "max_dofs": numerics.max_dofs,
        "element_order": numerics.element_order,
    }
    sizes = {
        "edge_size": numerics.edge_size,
        "maximum_size": numerics.maximum_size,
        "layer_size": numerics.layer_size,
    }
    for key, size in sizes.items():
        if size is not None:
            tree[key] = units.format_value(size, "um")
    return {**tree, "petsc_options": dict(numerics.petsc_options)}


def _specimen(index: int, specimen: schema.Specimen, given: Given) -> Tree:
    diameter = given.get(f"specimens[{index}].diameter")
    if diameter is not None:
        size = {"diameter": with_source(diameter.text, diameter)}
    else:
        size = {"area": value(f"specimens[{index}].area", specimen.area, "area", given)}
    return {"name": specimen.name, **size, "sides": specimen.sides}


def _reference(reference: schema.Reference) -> Tree:
    value: Any = reference.value
    if not isinstance(value, str):
        value = units.format_value(value, reference.unit_text)
    tree: Tree = {"quantity": reference.quantity, "value": value, "source": reference.source}
    if reference.grade:
        tree["grade"] = reference.grade
    if reference.tolerance is not None:
        tree["tolerance"] = reference.tolerance
    last = {"relation": reference.relation, "exact": reference.exact, "reason": reference.reason}
    return {**tree, **last}


def _calibrate(calibrate: schema.Calibration) -> Tree:
    conductivity = calibrate.parameter.endswith("conductivity")
    kind: units.Kind = "conductivity" if conductivity else "area_specific_resistance"
    return {
        "parameter": calibrate.parameter,
        "bracket": [units.format_value(x, units.DISPLAY[kind][0]) for x in calibrate.bracket],
        "quantity": calibrate.quantity,
        "target": units.format_value(calibrate.target, calibrate.unit_text),
        "source": calibrate.source,
    }


def _solve_for(wanted: schema.SolveFor) -> Tree:
    def text(value: float) -> str:
        return units.format_value(value * wanted.unit, wanted.unit_text)

    tree: Tree = {"parameter": wanted.parameter, "quantity": wanted.quantity}
    if wanted.bracket is not None:
        tree["bracket"] = [text(value) for value in wanted.bracket]
    kinds = known.kinds_of(wanted.quantity)
    unit = units.DISPLAY[kinds[0]][0] if kinds else ""
    return {**tree, "target": units.format_value(wanted.target, unit), "name": wanted.name}
