"""What is wrong with [mechanics.interfaces] beyond the form of its tables."""

from collections.abc import Iterator, Mapping

from meshes import layers as bodies
from meshes.block import planes_between
from solver import interface_tables as tables
from solver.faults import Finding, KeyPath, as_given, nearest

WHOLE = ("left", "right")  # faces of which a layer has its own part
LEAST = 1e-6  # of the width: shorter parts are not resolved


def sides_of_layers(block: bodies.Block) -> tuple[str, ...]:
    """Names of the parts of the side faces that belong to one layer, "right.film"."""
    plain = block.crack is None and block.pit is None
    sides = WHOLE if block.shape == "block" else WHOLE[1:]
    return tuple(f"{side}.{layer.name}" for side in sides for layer in block.layers if plain)


def interface_faults(
    interfaces: Mapping[str, tables.Interface], faces: Mapping[str, str], block: bodies.Block
) -> Iterator[Finding]:
    """What is wrong with the interfaces of a block.

    Args:
        interfaces: By name.
        faces: Law of every face that has one.
        block: The body.
    """
    planes = planes_between(block)
    for name, table in interfaces.items():
        path: KeyPath = ("mechanics", "interfaces", name)
        given = f'law "{table.law}"'
        if name not in planes:
            turned = "|".join(reversed(name.split("|")))
            near = turned if turned in planes else nearest(name, planes)
            listed = ", ".join(planes) or "none: there is one layer"
            yield Finding(path, given, f"an interface of the block: {listed}", near)
        elif isinstance(table, tables.Bonded):
            continue
        elif block.crack is not None or block.pit is not None or block.flaws:
            what = (
                "crack" if block.crack is not None else "pit" if block.pit is not None else "flaw"
            )
            allowed = f"bonded (or no law), in a block with a {what}"
            yield Finding((*path, "law"), as_given(table.law), allowed)
        else:
            yield from _part_faults(path, table, block)
    for name, law in faces.items():
        side, _, part = name.partition(".")
        if part and side in faces:
            yield Finding(("mechanics", "faces", name), f'law "{law}"', f"no law beside {side}")
        elif part and law in ("plate", "contact", "indenter", "lithium"):
            allowed = "free, symmetry, traction, displacement or clamped on a part of a face"
            yield Finding(("mechanics", "faces", name, "law"), as_given(law), allowed)


def touching_faults(
    laws: Mapping[str, str], interfaces: Mapping[str, tables.Interface], whole: bool
) -> Iterator[Finding]:
    """Interfaces that conduct where they touch, of which the mechanics does not tell where.

    Args:
        laws: Of the interfaces of the conduction problem.
        interfaces: Those of the mechanics.
        whole: Whether the body is a block.
    """
    for name, law in laws.items():
        there = interfaces.get(name)
        if law == "touching" and (not whole or there is None or there.law == "bonded"):
            allowed = (
                "resistive, insulating or bonded; touching needs a block and "
                f'[mechanics.interfaces."{name}"] with law free, contact or cohesive'
            )
            yield Finding(("interfaces", name, "law"), '"touching"', allowed)


def _part_faults(
    path: KeyPath, table: tables.Free | tables.Contact | tables.Cohesive, block: bodies.Block
) -> Iterator[Finding]:
    if table.start is None or table.end is None:
        if isinstance(table, tables.Free | tables.Contact) and table.fracture_energy is not None:
            allowed = "start and end beside it: it is what the end of a part that is off resists"
            given = as_given(table.fracture_energy.value)
            yield Finding((*path, "fracture_energy"), given, allowed)
        return
    start, end = table.start.number, table.end.number
    if start >= end:
        yield Finding((*path, "start"), as_given(table.start.value), "less than end")
    elif end > block.width:
        allowed = f"at most the width of the block ({block.width:g} um)"
        yield Finding((*path, "end"), as_given(table.end.value), allowed)
    elif end - start < LEAST * block.width:
        allowed = f"at least {LEAST * block.width:g} um from start, to be resolved by a mesh"
        yield Finding((*path, "end"), as_given(table.end.value), allowed)
