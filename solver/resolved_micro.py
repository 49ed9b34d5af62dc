"""Writes a microstructure as the table of a case file; it reads back equal."""

from pathlib import Path
from typing import Any

from meshes import micro as shapes
from solver.given import Given, value
from solver.toml_text import Tree

KEY = "geometry"


def micro_tree(micro: shapes.Micro, path: Path, given: Given) -> Tree:
    """The table of a microstructure with every value in force; `path` is that of the case."""
    match micro:
        case shapes.Particles():
            return _particles(micro, given)
        case shapes.Fibres():
            return _fibres(micro, given)
        case shapes.Rods():
            return _rods(micro, given)
        case shapes.Rough():
            return _rough(micro, path, given)
        case shapes.Segmented():
            return _segmented(micro, path, given)


def _particles(micro: shapes.Particles, given: Given) -> Tree:
    tree: Tree = {
        "shape": "particles",
        **_body(micro.body, given),
        "name": micro.name,
        "inside": micro.inside,
        "volume_fraction": _number("volume_fraction", micro.volume_fraction, given),
        "arrangement": micro.arrangement,
        "contact": micro.contact,
        "place": micro.place,
    }
    lengths = (
        ("diameter", micro.diameter),
        ("deviation", micro.deviation),
        ("gap", micro.gap),
        ("embedded", micro.embedded),
    )
    _add_lengths(tree, lengths, given)
    _add_coat(tree, "shell", micro.shell, given)
    return tree


def _fibres(micro: shapes.Fibres, given: Given) -> Tree:
    tree: Tree = {
        "shape": "fibres",
        **_body(micro.body, given),
        "name": micro.name,
        "inside": micro.inside,
        "volume_fraction": _number("volume_fraction", micro.volume_fraction, given),
        "axis": list(micro.axis),
        "concentration": micro.concentration,
        "percolating": micro.percolating,
    }
    lengths = (
        ("diameter", micro.diameter),
        ("deviation", micro.deviation),
        ("length", micro.length),
    )
    _add_lengths(tree, lengths, given)
    if micro.emptied:
        tree["stripped"] = value(f"{KEY}.stripped", micro.stripped, "areal_capacity", given)
        tree["emptied"] = micro.emptied
    return tree


def _rods(micro: shapes.Rods, given: Given) -> Tree:
    tree: Tree = {
        "shape": "rods",
        **_body(micro.body, given),
        "name": micro.name,
        "inside": micro.inside,
        "count": list(micro.count),
        "arrangement": micro.arrangement,
        "cap": micro.cap,
    }
    lengths = (
        ("jitter", micro.jitter),
        ("diameter", micro.diameter),
        ("deviation", micro.deviation),
        ("length", micro.length),
    )
    _add_lengths(tree, lengths, given)
    _add_coat(tree, "shell", micro.shell, given)
    _add_coat(tree, "deposit", micro.deposit, given)
    if micro.grains is not None:
        share = _number("grains.volume_fraction", micro.grains.volume_fraction, given)
        tree["grains"] = {
            "name": micro.grains.name,
            "diameter": _length("grains.diameter", micro.grains.diameter, given),
            "volume_fraction": share,
        }
        if micro.grains.gap > 0.0:
            tree["grains"]["gap"] = _length("grains.gap", micro.grains.gap, given)
    return tree


def _rough(micro: shapes.Rough, path: Path, given: Given) -> Tree:
    tree: Tree = {"shape": "rough", **_body(micro.body, given)}
    tree["faces"] = [_face(i, face, path, given) for i, face in enumerate(micro.faces)]
    if micro.contact_fraction > 0.0:
        tree["contact_fraction"] = _number("contact_fraction", micro.contact_fraction, given)
    if (pits := micro.pits) is not None:
        tree["pits"] = {
            "name": pits.name,
            "layer": pits.layer,
            "kind": pits.kind,
            "diameter": _length("pits.diameter", pits.diameter, given),
            "depth": _length("pits.depth", pits.depth, given),
            "count": pits.count,
        }
    return tree


def _face(index: int, face: shapes.RoughFace, path: Path, given: Given) -> Tree:
    key = f"faces[{index}]"
    if face.file:
        tree: Tree = {
            "layer": face.layer,
            "height_map": Path(face.file).relative_to(path.parent).as_posix(),
            "height_unit": _length(f"{key}.height_unit", face.height_unit, given),
        }
        if face.pixel > 0.0:
            tree["pixel"] = _length(f"{key}.pixel", face.pixel, given)
        return tree
    tree = {
        "layer": face.layer,
        "rms": _length(f"{key}.rms", face.rms, given),
        "correlation": _length(f"{key}.correlation", face.correlation, given),
        "hurst": face.hurst,
    }
    if face.shortest_wavelength > 0.0:
        shortest = _length(f"{key}.shortest_wavelength", face.shortest_wavelength, given)
        tree["shortest_wavelength"] = shortest
    return tree


def _segmented(micro: shapes.Segmented, path: Path, given: Given) -> Tree:
    tree: Tree = {
        "shape": "image",
        "file": Path(micro.file).relative_to(path.parent).as_posix(),
        "pixel": _length("pixel", micro.steps[0], given),
        "values": {str(pixel): name for pixel, name in micro.values},
        "smooth": micro.smooth,
        "periodic": micro.body.periodic,
    }
    if len(micro.steps) == 3:
        tree["slice"] = _length("slice", micro.steps[2], given)
    return tree


def _number(key: str, number: float, given: Given) -> Any:
    return value(f"{KEY}.{key}", number, "dimensionless", given)


def _body(body: shapes.Body, given: Given) -> Tree:
    tree: Tree = {"width": _length("width", body.width, given)}
    if not body.flat:
        tree["depth"] = _length("depth", body.depth, given)
    tree["layers"] = [
        {
            "name": layer.name,
            "thickness": _length(f"layers[{i}].thickness", layer.thickness, given),
        }
        for i, layer in enumerate(body.layers)
    ]
    tree["resolution"] = _length("resolution", body.resolution, given)
    tree |= {"periodic": body.periodic, "seed": body.seed, "mesher": body.mesher}
    return tree


def _length(key: str, number: float, given: Given) -> Any:
    return value(f"{KEY}.{key}", number, "length", given)


def _add_lengths(tree: Tree, lengths: tuple[tuple[str, float], ...], given: Given) -> None:
    """Lengths that are zero where the case file says nothing."""
    for key, number in lengths:
        if number > 0.0:
            tree[key] = _length(key, number, given)


def _add_coat(tree: Tree, key: str, coat: shapes.Coat | None, given: Given) -> None:
    if coat is None:
        return
    tree[key] = {"name": coat.name}
    if coat.thickness > 0.0:
        tree[key]["thickness"] = _length(f"{key}.thickness", coat.thickness, given)
    else:
        share = _number(f"{key}.volume_fraction", coat.volume_fraction, given)
        tree[key]["volume_fraction"] = share
