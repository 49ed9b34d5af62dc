"""What is wrong with graded solids and body forces beyond the form of their tables."""

from collections.abc import Iterator

from meshes import layers as bodies
from solver import mechanics_tables as tables
from solver.faults import Finding, KeyPath, as_given
from solver.tables import CaseFile


def graded_faults(
    file: CaseFile, mechanics: tables.Mechanics, geometry: bodies.Block | bodies.Box | bodies.Shell
) -> Iterator[Finding]:
    """Graded solids and body forces are for elastic blocks and cylinders whose layers are bonded.

    Args:
        file: The tables.
        mechanics: Those of the mechanics.
        geometry: In working units.
    """
    force = None if file.load is None else file.load.body_force
    keys: list[tuple[KeyPath, str]] = [
        (("mechanics", "solids", name, "graded"), "a table")
        for name, solid in mechanics.solids.items()
        if solid.graded is not None
    ]
    if force is not None:
        keys.append((("load", "body_force"), "a list"))
    why = ""
    if not isinstance(geometry, bodies.Block):
        why = "no such key: only in a block or a cylinder"
    elif mechanics.damage is not None:
        why = "no such key beside damage"
    elif mechanics.interfaces:
        why = "no such key beside interfaces that are not bonded"
    elif any(
        isinstance(solid, tables.Isotropic)
        and (solid.flow is not None or solid.formulation == "mixed")
        for solid in mechanics.solids.values()
    ):
        why = "no such key beside solids that flow or are mixed"
    if why:
        yield from (Finding(path, given, why) for path, given in keys)
    elif force is not None and isinstance(geometry, bodies.Block) and geometry.shape == "cylinder":
        if force[0].number != 0.0:
            allowed = "zero: in a cylinder a body force acts along the axis"
            yield Finding(("load", "body_force", 0), as_given(force[0].value), allowed)
