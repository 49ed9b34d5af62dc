"""Loads that do not balance on a body that nothing holds, where the case alone shows it."""

from collections.abc import Iterator

from meshes import layers as bodies
from solver import mechanics_tables as tables
from solver.faults import Finding

# outward normal of the faces of a block, and which side of it a shear acts along
NORMALS = {"left": (-1.0, 0.0), "right": (1.0, 0.0), "bottom": (0.0, -1.0), "top": (0.0, 1.0)}
ROUNDING = 1e-9


def floating_faults(
    mechanics: tables.Mechanics, block: bodies.Block, stretched: bool
) -> Iterator[Finding]:
    """Forces along x or y on a block that is free to move there.

    Forces on whole faces only: below a film with a window, over a pit, between parts of a side or
    with layers that may come apart, it is the solution that shows whether they balance.
    """
    faces = mechanics.faces
    whole = block.pit is None and block.window is None and not mechanics.interfaces
    if not whole or any("." in name for name in faces):
        return
    for axis, word in ((0, "x"), (1, "y")):
        if _is_held(mechanics, block, stretched, axis):
            continue
        forces = [_force(block, name, faces[name], axis) for name in NORMALS if name in faces]
        size = sum(abs(force) for force in forces)
        if abs(sum(forces)) > ROUNDING * size:
            allowed = f"a support along {word}, or loads that balance: nothing holds the body there"
            given = f"a force of {abs(sum(forces)) / size:.2g} of the loads along {word}"
            yield Finding(("mechanics", "faces"), given, allowed)


def _is_held(mechanics: tables.Mechanics, block: bodies.Block, stretched: bool, axis: int) -> bool:
    """Whether a support keeps the body from moving along an axis."""
    if axis == 0 and (block.shape == "cylinder" or stretched):
        return True
    if block.crack is not None and (block.crack.face == "left") == (axis == 0):
        return True
    for name, normal in NORMALS.items():
        along = normal[axis] != 0.0
        match mechanics.faces.get(name):
            case tables.Clamped() | tables.Indenter():
                return True
            case tables.Symmetry() if along:
                return True
            case tables.Moved() as moved if moved.sticks or (moved.normal is not None) == along:
                return True
            case tables.Plate(stiffness=stiffness) if stiffness is not None and along:
                return True
    return False


def _force(block: bodies.Block, name: str, face: tables.Face, axis: int) -> float:
    """Of the loads on a face, along an axis, MPa um (of a cylinder: over pi, MPa um^2)."""
    normal = NORMALS[name]
    if block.shape == "cylinder":
        area = 2.0 * block.width * bodies.height(block) if name == "right" else block.width**2
    else:
        area = block.width if normal[0] == 0.0 else bodies.height(block)
    force = 0.0
    if isinstance(face, tables.Traction | tables.Plate) and face.pressure is not None:
        force -= face.pressure.number * area * normal[axis]
    if isinstance(face, tables.Traction) and face.shear is not None:
        force += face.shear.number * area * (-normal[1], normal[0])[axis]
    return force
