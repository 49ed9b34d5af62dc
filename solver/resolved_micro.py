"""Writes a microstructure as the table of a case file; it reads back equal."""

from typing import Any

from meshes import micro as shapes
from solver.given import Given, value
from solver.toml_text import Tree

KEY = "geometry"


def micro_tree(micro: shapes.Micro, given: Given) -> Tree:
    """The table of a microstructure with every value in force."""
    fraction = value(f"{KEY}.volume_fraction", micro.volume_fraction, "dimensionless", given)
    tree: Tree = {
        "shape": "particles",
        **_body(micro.body, given),
        "name": micro.name,
        "inside": micro.inside,
        "volume_fraction": fraction,
        "arrangement": micro.arrangement,
        "contact": micro.contact,
        "place": micro.place,
    }
    _add_lengths(tree, (("diameter", micro.diameter),), given)
    _add_lengths(tree, (("deviation", micro.deviation), ("gap", micro.gap)), given)
    _add_coat(tree, micro.shell, given)
    return tree


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
    tree |= {"periodic": body.periodic, "seed": body.seed}
    return tree


def _length(key: str, number: float, given: Given) -> Any:
    return value(f"{KEY}.{key}", number, "length", given)


def _add_lengths(tree: Tree, lengths: tuple[tuple[str, float], ...], given: Given) -> None:
    """Lengths that are zero where the case file says nothing."""
    for key, number in lengths:
        if number > 0.0:
            tree[key] = _length(key, number, given)


def _add_coat(tree: Tree, coat: shapes.Coat | None, given: Given) -> None:
    if coat is not None:
        thickness = _length("shell.thickness", coat.thickness, given)
        tree["shell"] = {"name": coat.name, "thickness": thickness}
