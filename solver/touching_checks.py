"""What is wrong with cracks, flaws and boxes whose faces touch, beyond the form of their tables."""

from collections.abc import Iterator

from meshes import layers as bodies
from meshes.block import planes_between
from solver import interface_tables
from solver import mechanics_tables as tables
from solver.faults import Finding, KeyPath, as_given, nearest
from solver.tables import CaseFile, Electrode, Insulated


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
    for name in names:
        if name in file.boundaries:
            law: KeyPath = ("mechanics", "faces", name, "law")
            allowed = "free, traction or lithium: a flaw that is an electrode does not close"
            yield Finding(law, '"contact"', allowed)
    for name, solid in mechanics.solids.items():
        if solid.deflections == "large":
            key: KeyPath = ("mechanics", "solids", name, "deflections")
            yield Finding(key, '"large"', "small beside a flaw whose faces touch")
    for name in names:
        if surface := flaws[name].surface:
            allowed = f"free, traction or lithium in a flaw from the {surface}: of those at a face "
            allowed += "only one from the left may touch"
            yield Finding(("mechanics", "faces", name, "law"), '"contact"', allowed)
    if not any(flaws[name].emerges for name in names):
        return
    for name, face in mechanics.faces.items():
        beside = name.partition(".")[0] == "left"
        if beside and not isinstance(face, tables.Free | tables.Traction):
            allowed = "free or traction: there the flaw begins whose faces touch"
            yield Finding(("mechanics", "faces", name, "law"), as_given(face.law), allowed)


def gap_faults(file: CaseFile, body: object) -> Iterator[Finding]:
    """A crack that switches a current: in the plane of an electrode, as the mechanics finds it.

    Args:
        file: The tables.
        body: The geometry in working units.
    """
    plane = ""
    if isinstance(body, bodies.Block | bodies.Box) and body.crack is not None and file.mechanics:
        plane = body.crack.face if isinstance(body.crack, bodies.Crack) else "bottom"
    crossed = isinstance(file.boundaries.get(plane), Electrode)
    for name, law in file.boundaries.items():
        if not isinstance(law, interface_tables.Touching):
            continue
        path: KeyPath = ("boundaries", name)
        timed = file.programme is not None or file.impedance is not None
        if name != "crack" or not plane or timed:
            allowed = (
                "electrode or insulated: touching only on the crack of a block, cylinder or box "
                "with [mechanics], at a steady current"
            )
            yield Finding((*path, "law"), '"touching"', allowed)
        elif not crossed:
            allowed = (
                f"an electrode on {plane}, or no condition here: nothing crosses a plane of "
                "symmetry, so that it does not matter whether a crack there is open; and what "
                'flows along a filled one is computed in a slit of a film (shape = "strip") only'
            )
            yield Finding((*path, "law"), '"touching"', allowed)
        elif law.area_specific_resistance is not None:
            allowed = f"no such key: where the crack is closed the current meets that of {plane}"
            given = as_given(law.area_specific_resistance.text)
            yield Finding((*path, "area_specific_resistance"), given, allowed)
        elif isinstance(file.mechanics and file.mechanics.faces.get("crack"), tables.Lithium):
            allowed = "electrode, on a crack that lithium fills"
            yield Finding((*path, "law"), '"touching"', allowed)
    free = not isinstance(file.boundaries.get("crack"), Electrode | Insulated)
    if crossed and free and file.calibrate is not None:
        allowed = f"no such table beside a crack in the plane {plane} of an electrode: it may close"
        yield Finding(("calibrate",), "a table", allowed)


def box_touching_faults(
    file: CaseFile, mechanics: tables.Mechanics, box: bodies.Box
) -> Iterator[Finding]:
    """Contact in a box: between all of two layers, of the faces of its crack, or with an indenter.

    Args:
        file: The tables.
        mechanics: Those of the mechanics.
        box: In working units.
    """
    touching: list[KeyPath] = []
    for name, face in mechanics.faces.items():
        path: KeyPath = ("mechanics", "faces", name)
        if isinstance(face, tables.Contact) and name != "crack":
            allowed = "another condition: contact only between the faces of a crack, or of layers"
            yield Finding((*path, "law"), '"contact"', allowed)
        elif isinstance(face, tables.Indenter) and name != "top":
            yield Finding((*path, "law"), '"indenter"', "an indenter only on the top")
        elif isinstance(face, tables.Indenter) and box.crack is not None:
            allowed = "another condition: no indenter on a box with a crack"
            yield Finding((*path, "law"), '"indenter"', allowed)
        elif isinstance(face, tables.Contact | tables.Indenter):
            touching.append((*path, "law"))
        if isinstance(face, tables.Contact) and face.friction is not None:
            allowed = "no such key: in a plane of symmetry nothing slides"
            yield Finding((*path, "friction"), as_given(face.friction), allowed)
    planes = planes_between(box)
    for name, joint in mechanics.interfaces.items():
        path = ("mechanics", "interfaces", name)
        if name not in planes:
            turned = "|".join(reversed(name.split("|")))
            near = turned if turned in planes else nearest(name, planes)
            listed = ", ".join(planes) or "none: there is one layer"
            given = f'law "{joint.law}"'
            yield Finding(path, given, f"an interface of the box: {listed}", near)
        elif isinstance(joint, interface_tables.Free | interface_tables.Cohesive):
            allowed = "contact or bonded: layers of a box may touch, and do not tear"
            yield Finding((*path, "law"), as_given(joint.law), allowed)
        elif isinstance(joint, interface_tables.Contact) and box.crack is not None:
            yield Finding((*path, "law"), '"contact"', "bonded (or no law), in a box with a crack")
        elif isinstance(joint, interface_tables.Contact):
            touching.append((*path, "law"))
            parts = {key: dict(joint)[key] for key in ("start", "fracture_energy")}
            for key, part in parts.items():
                if part is not None:
                    allowed = "no such key in a box: its layers touch all over the interface"
                    yield Finding((*path, key), as_given(part.value), allowed)
    if not touching:
        return
    if file.boundaries and touching[0] != ("mechanics", "faces", "crack", "law"):
        allowed = (
            "no contact beside a current in a box, but of its crack: where it passes is not known "
            "to it"
        )
        yield Finding(touching[0], "contact", allowed)
    yield from _loose_faults(file, mechanics, box)


def _loose_faults(
    file: CaseFile, mechanics: tables.Mechanics, box: bodies.Box
) -> Iterator[Finding]:
    """Every layer that may come off has to be held along its plane, and the body along z."""
    stretched = file.load is not None and file.load.stretch is not None
    one = not any(joint.law == "contact" for joint in mechanics.interfaces.values())
    glued = one and any(isinstance(face, tables.Clamped) for face in mechanics.faces.values())
    pairs = {"x": ("left", "right"), "y": ("front", "back"), "z": ("bottom", "top")}
    for axis, names in pairs.items():
        held = any(_holds(mechanics.faces.get(name)) for name in names) or glued
        held = held or (stretched if axis != "z" else box.crack is not None)
        if not held:
            allowed = (
                f"symmetry, displacement or clamped on {names[0]} or {names[1]}: beside contact "
                "in a box nothing may float"
            )
            yield Finding(("mechanics", "faces"), f"no support along {axis}", allowed)


def _holds(face: tables.Face | None) -> bool:
    """Whether a face keeps the body from moving along its normal."""
    match face:
        case tables.Symmetry() | tables.Clamped():
            return True
        case tables.Moved() as moved:
            return moved.sticks or moved.normal is not None
        case tables.Plate(stiffness=stiffness):
            return stiffness is not None
    return False
