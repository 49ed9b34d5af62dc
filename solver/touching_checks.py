"""What is wrong with cracks and flaws whose faces touch, beyond the form of their tables."""

from collections.abc import Iterator

from meshes import layers as bodies
from solver import mechanics_tables as tables
from solver.faults import Finding, KeyPath, as_given
from solver.tables import CaseFile


def touching_face_faults(
    file: CaseFile, mechanics: tables.Mechanics, block: bodies.Block
) -> Iterator[Finding]:
    """Faces that touch are those of elastic blocks whose rotations are small, without current.

    Args:
        file: The tables.
        mechanics: Those of the mechanics.
        block: In working units.
    """
    flaws = {flaw.name: flaw for flaw in block.flaws}
    touching = [n for n, face in mechanics.faces.items() if isinstance(face, tables.Contact)]
    for name in touching:
        face, path = mechanics.faces[name], ("mechanics", "faces", name)
        if isinstance(face, tables.Contact) and face.friction is not None and name not in flaws:
            allowed = "no such key: in a plane of symmetry nothing slides"
            yield Finding((*path, "friction"), as_given(face.friction), allowed)
    names = [name for name in touching if name in flaws]
    if not names:
        return
    if file.boundaries:
        law: KeyPath = ("mechanics", "faces", names[0], "law")
        allowed = "free, traction or lithium beside a current: none passes faces that touch"
        yield Finding(law, '"contact"', allowed)
    for name, solid in mechanics.solids.items():
        if solid.deflections == "large":
            key: KeyPath = ("mechanics", "solids", name, "deflections")
            yield Finding(key, '"large"', "small beside a flaw whose faces touch")
    if not any(flaws[name].emerges for name in names):
        return
    for name, face in mechanics.faces.items():
        beside = name.partition(".")[0] == "left"
        if beside and not isinstance(face, tables.Free | tables.Traction):
            allowed = "free or traction: there the flaw begins whose faces touch"
            yield Finding(("mechanics", "faces", name, "law"), as_given(face.law), allowed)
