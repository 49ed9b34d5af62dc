"""What is wrong with [mechanics] and [load] beyond the form of their tables."""

from collections.abc import Iterator

from meshes import geometry as shapes
from meshes import layers as bodies
from meshes.block import cracked_stack, faces_of_block, faces_of_box, through_film
from meshes.micro import Micro
from solver import mechanics_tables as tables
from solver.damage_checks import damage_faults
from solver.faults import Finding, KeyPath, as_given, nearest
from solver.flow_checks import flow_faults
from solver.graded_checks import graded_faults
from solver.interface_checks import interface_faults, sides_of_layers
from solver.load_checks import floating_faults
from solver.micro_checks import micro_mechanics_faults
from solver.mirror_checks import mirror_faults
from solver.misfit_checks import misfit_faults
from solver.stall_checks import coupling_faults, slit_faults
from solver.stress_checks import marches, stress_faults
from solver.tables import CaseFile
from solver.touching_checks import box_touching_faults, touching_face_faults

OPEN = (
    tables.Free,
    tables.Traction,
    tables.Lithium,
    tables.Contact,
)  # what the faces of a crack or flaw may have


def mechanics_faults(
    file: CaseFile, geometry: shapes.Geometry | None, faces: tuple[str, ...]
) -> Iterator[Finding]:
    """What is wrong with the mechanics of a case.

    Args:
        file: The tables.
        geometry: In working units.
        faces: Names of the outer faces.
    """
    mechanics = file.mechanics
    if mechanics is None:
        if file.load is not None:
            yield Finding(("load",), "a table", "[mechanics] beside [load]")
        return
    if isinstance(geometry, shapes.Cell):
        geometry = cracked_stack(geometry, mechanics.solids)
        faces = () if geometry is None else faces_of_block(geometry, ())[0]
    elif mechanics.opens_slit:
        allowed = "no such key: only a strip with a slit in its film has a slit"
        yield Finding(("mechanics", "opens_slit"), "true", allowed)
    if geometry is not None:
        yield from misfit_faults(mechanics, geometry)
        yield from mirror_faults(mechanics, geometry)
    in_march = marches(file)
    if in_march:
        yield from stress_faults(file, mechanics, geometry)
        if not isinstance(geometry, bodies.Block | bodies.Box | bodies.Shell):
            return
    if isinstance(geometry, Micro):
        yield from micro_mechanics_faults(file, mechanics, geometry)
        return
    for key in () if in_march else ("empty", "cut"):
        if dict(mechanics)[key]:
            yield Finding(("mechanics", key), "", "no such key: only for a microstructure")
    if not isinstance(geometry, bodies.Block | bodies.Box | bodies.Shell):
        allowed = (
            'geometry.shape = "block", "cylinder", "ring", "ball" or "box", or "strip" with a slit'
            " in a film that is a layer: mechanics has no other shapes"
        )
        yield Finding(("mechanics",), "a table", allowed)
        return
    layers = [layer.name for layer in geometry.layers]
    if isinstance(geometry, bodies.Block):  # what carries no current carries stress
        faces = (*faces_of_block(geometry, ())[0], *sides_of_layers(geometry))
    elif isinstance(geometry, bodies.Box):
        faces = faces_of_box(geometry, ())[0]
    for name in layers:
        if name not in mechanics.solids and not (in_march and name in mechanics.empty):
            allowed = "a law: isotropic, cubic or orthotropic"
            yield Finding(("mechanics", "solids", name), "", allowed)
    for key, table, there in (
        ("solids", mechanics.solids, layers),
        ("faces", mechanics.faces, faces),
    ):
        for name in table:
            if name not in there:
                allowed = f"one of {', '.join(there)}"
                given = f'law "{table[name].law}"'
                yield Finding(("mechanics", key, name), given, allowed, nearest(name, there))
    flat = not isinstance(geometry, bodies.Box) and geometry.shape in ("block", "ring")
    if not flat and mechanics.plane is not None:
        allowed = "no such key: only a block and a ring have a plane section"
        yield Finding(("mechanics", "plane"), as_given(mechanics.plane), allowed)
    if isinstance(geometry, bodies.Box):
        yield from _box_faults(mechanics, geometry)
        yield from box_touching_faults(file, mechanics, geometry)
    elif isinstance(geometry, bodies.Block):
        yield from _face_faults(mechanics, geometry)
        yield from _crushed_faults(mechanics, geometry)
        yield from touching_face_faults(file, mechanics, geometry)
        stretched = file.load is not None and file.load.stretch is not None
        forced = file.load is not None and file.load.body_force is not None
        if not (in_march or forced):  # else the solution shows it
            yield from floating_faults(mechanics, geometry, stretched)
        laws = {name: face.law for name, face in mechanics.faces.items()}
        yield from interface_faults(mechanics.interfaces, laws, geometry)
    yield from _strength_faults(mechanics, geometry)
    yield from flow_faults(file, mechanics, geometry)
    yield from graded_faults(file, mechanics, geometry)
    yield from _spring_faults(mechanics)
    yield from _load_faults(file, mechanics, in_march)
    if mechanics.opens_slit:
        yield from slit_faults(file, mechanics)
    else:
        yield from coupling_faults(file, mechanics, geometry)
    pushed = (tables.Traction, tables.Plate, tables.Moved)
    loaded = any(isinstance(face, pushed) for face in mechanics.faces.values())
    loaded = loaded or (file.load is not None and file.load.stretch is not None)
    yield from damage_faults(mechanics, geometry, faces, loaded)
    crystals = [law for law in mechanics.solids.values() if not isinstance(law, tables.Isotropic)]
    if mechanics.plane == "stress" and any(law.residual_stress for law in crystals):
        yield Finding(("mechanics", "plane"), '"stress"', "strain, with a stressed crystal")
    channels = isinstance(geometry, bodies.Block) and through_film(geometry) > 0.0
    stretched = file.load is not None and file.load.stretch is not None  # told already
    crack = mechanics.faces.get("crack")
    if isinstance(crack, tables.Traction) and crack.shear and channels and not mechanics.damage:
        allowed = (
            "no such key: what a shear does on the faces that a channelling crack leaves behind "
            "drives nothing, and is not known from the section"
        )
        path: KeyPath = ("mechanics", "faces", "crack", "shear")
        yield Finding(path, as_given(crack.shear.value), allowed)
    if mechanics.plane == "stress" and channels and not (mechanics.damage or stretched):
        allowed = (
            "strain: a crack through the film is the section of one that channels along it, whose "
            "G_ss is the energy that this section loses in plane strain"
        )
        yield Finding(("mechanics", "plane"), '"stress"', allowed)


def _strength_faults(
    mechanics: tables.Mechanics, body: bodies.Block | bodies.Box | bodies.Shell
) -> Iterator[Finding]:
    """Only the stress of the last layer of an elastic body without cracks has a strength."""
    plain = isinstance(body, bodies.Block) and body.crack is None and not body.flaws
    loose = any(joint.law != "bonded" for joint in mechanics.interfaces.values())
    flows = any(isinstance(s, tables.Isotropic) and s.flow for s in mechanics.solids.values())
    compared = plain and not (loose or flows or mechanics.damage)
    for name, solid in mechanics.solids.items():
        if solid.strength is None or (compared and name == body.layers[-1].name):
            continue
        allowed = (
            "no such key: only the stress of the last layer of an elastic block or cylinder, "
            "without crack, flaws, damage or interfaces that open, is compared with a strength"
        )
        path: KeyPath = ("mechanics", "solids", name, "strength")
        yield Finding(path, as_given(solid.strength.value), allowed)


def _crushed_faults(mechanics: tables.Mechanics, block: bodies.Block) -> Iterator[Finding]:
    """A face that is moved inwards by all of the body."""
    for name, face in mechanics.faces.items():
        side = name.partition(".")[0]
        size = block.width if side in ("left", "right") else bodies.height(block)
        if isinstance(face, tables.Moved) and face.normal and face.normal.number <= -size:
            allowed = f"less inwards than the size of the body ({size:g} um)"
            yield Finding(
                ("mechanics", "faces", name, "normal"), as_given(face.normal.value), allowed
            )


def _box_faults(mechanics: tables.Mechanics, box: bodies.Box) -> Iterator[Finding]:
    """What boxes have not."""
    if box.crack is not None and box.crack.filled is not None:
        load = mechanics.faces.get("crack")
        pressed = isinstance(load, tables.Traction) or (
            isinstance(load, tables.Lithium) and load.metal is None
        )
        if not pressed:
            allowed = "a given pressure on the face crack: traction, or lithium at an overpotential"
            yield Finding(
                ("geometry", "crack", "filled"), as_given(f"{box.crack.filled[0]:g} um"), allowed
            )
    for name, solid in mechanics.solids.items():
        if not isinstance(solid, tables.Isotropic) and solid.fracture_toughness is not None:
            allowed = "fracture_energy: along a front in a crystal K_Ic has no one Gc"
            where: KeyPath = ("mechanics", "solids", name, "fracture_toughness")
            yield Finding(where, as_given(solid.fracture_toughness.value), allowed)
        if solid.deflections == "large":
            path: KeyPath = ("mechanics", "solids", name, "deflections")
            yield Finding(path, '"large"', "small: large deflections only in plane sections")
    for name, face in mechanics.faces.items():
        path = ("mechanics", "faces", name, "law")
        given = f'"{face.law}"'
        if name == "crack" and not isinstance(face, OPEN):
            yield Finding(path, given, "free, traction, contact or lithium on a crack")
        elif name != "crack" and isinstance(face, tables.Lithium):
            yield Finding(path, given, "lithium only in the crack: elsewhere it is not confined")
        elif isinstance(face, tables.Traction) and face.shear is not None:
            yield Finding((*path[:-1], "shear"), as_given(face.shear.value), "no such key in 3D")
        elif isinstance(face, tables.Moved) and face.tangential is not None:
            path = (*path[:-1], "tangential")
            yield Finding(path, as_given(face.tangential.value), "no such key in 3D")
        elif isinstance(face, tables.Lithium) and (face.width or face.dry_length) is not None:
            yield Finding(path, given, "lithium without width or dry_length in 3D")


def _face_faults(mechanics: tables.Mechanics, block: bodies.Block) -> Iterator[Finding]:
    for name, face in mechanics.faces.items():
        path: KeyPath = ("mechanics", "faces", name, "law")
        given = f'"{face.law}"'
        flaw = next((flaw for flaw in block.flaws if flaw.name == name), None)
        cracked = flaw is not None or name == "crack"
        if flaw is not None and not isinstance(face, OPEN):
            yield Finding(path, given, "free, traction, contact or lithium in a flaw")
        elif name == "crack" and not isinstance(face, OPEN):
            yield Finding(path, given, "free, traction, contact or lithium on a crack")
        elif not cracked and isinstance(face, tables.Contact):
            yield Finding(path, given, "contact only between the faces of a crack or flaw")
        elif name != "top" and isinstance(face, tables.Indenter):
            yield Finding(path, given, "an indenter only on the top")
        elif name in ("pit", "pit_roof") and not isinstance(face, tables.Free | tables.Traction):
            yield Finding(path, given, "free or traction in a pit")
        elif not cracked and isinstance(face, tables.Lithium):
            yield Finding(path, given, "lithium only in the crack: elsewhere it is not confined")
        elif flaw is not None and isinstance(face, tables.Lithium):
            where: KeyPath = ("mechanics", "faces", name)
            if face.dry_length is not None:
                allowed = "no such key: lithium reaches the tips of a flaw"
                yield Finding((*where, "dry_length"), as_given(face.dry_length.value), allowed)
            if face.width is not None and not flaw.emerges:
                allowed = "no such key: lithium flows out only where the flaw reaches the surface"
                yield Finding((*where, "width"), as_given(face.width.value), allowed)
            yield from _wide_faults(face, where, flaw.length)
        elif isinstance(face, tables.Lithium):
            yield from _lithium_faults(face, block)
        elif block.crack is not None and name == block.crack.face and face.law != "symmetry":
            yield Finding(path, given, "symmetry (or no condition): the crack lies in this plane")
        elif name == "left" and block.shape == "cylinder":
            yield Finding(path, given, "no condition: it is the axis")


def _wide_faults(face: tables.Lithium, path: KeyPath, length: float) -> Iterator[Finding]:
    """Lithium flows along a flaw that is thin: the gradient of its pressure is that of a slit."""
    if face.width is not None and face.width.number > length:
        allowed = f"at most the length of the flaw ({length:g} um): lithium flows along a thin slit"
        yield Finding((*path, "width"), as_given(face.width.value), allowed)


def _lithium_faults(face: tables.Lithium, block: bodies.Block) -> Iterator[Finding]:
    """A dry tip needs one tip, lithium that flows a mouth at the surface."""
    path: KeyPath = ("mechanics", "faces", "crack")
    crack = block.crack
    if crack is None:
        return
    length = crack.end - crack.start
    if face.dry_length is not None:
        if len(bodies.tips(block)) != 1:
            yield Finding((*path, "dry_length"), as_given(face.dry_length.value), "one tip")
        elif face.dry_length.number >= length:
            allowed = f"less than the length of the crack ({length:g} um)"
            yield Finding((*path, "dry_length"), as_given(face.dry_length.value), allowed)
    yield from _wide_faults(face, path, length)
    surface = bodies.face_length(block, crack.face)
    emerges = crack.end >= surface or (crack.face == "left" and crack.start == 0.0)
    if face.width is not None and not emerges:
        allowed = "no such key: lithium flows out only where the crack reaches the surface"
        yield Finding((*path, "width"), as_given(face.width.value), allowed)


def _spring_faults(mechanics: tables.Mechanics) -> Iterator[Finding]:
    """Springs stand only behind plates on bodies that stay sound."""
    if mechanics.damage is None:
        return
    for name, face in mechanics.faces.items():
        if isinstance(face, tables.Plate) and face.stiffness is not None:
            path: KeyPath = ("mechanics", "faces", name, "stiffness")
            allowed = "no spring beside damage"
            yield Finding(path, as_given(face.stiffness.value), allowed)


def _load_faults(file: CaseFile, mechanics: tables.Mechanics, in_march: bool) -> Iterator[Finding]:
    """Of the whole body; lithium that moves in a march strains it without any."""
    stretched = file.load is not None and file.load.stretch is not None
    for name, face in mechanics.faces.items():
        if stretched and name.partition(".")[0] == "right":
            allowed = "no condition on this face beside load.stretch, which moves it"
            yield Finding(("mechanics", "faces", name), f'law "{face.law}"', allowed)
    if stretched and mechanics.plane == "stress":
        allowed = "strain beside load.stretch, which stretches across the section as well"
        yield Finding(("mechanics", "plane"), '"stress"', allowed)
    still = (tables.Free, tables.Symmetry, tables.Clamped, tables.Contact)
    driven = any(
        not isinstance(face, still)
        and not (
            isinstance(face, tables.Plate) and face.pressure is None
        )  # a plate only holds flat
        for face in mechanics.faces.values()
    )
    strained = any(law.strained for law in mechanics.solids.values())
    expands = any(law.thermal_expansion for law in mechanics.solids.values())
    change = None if file.load is None else file.load.temperature_change
    heated = change is not None and change.number != 0.0
    if change is not None and not expands:
        given = as_given(change.value)
        allowed = "thermal_expansion of a solid beside it"
        yield Finding(("load", "temperature_change"), given, allowed)
    strained = strained or heated
    force = None if file.load is None else file.load.body_force
    heavy = force is not None and any(part.number != 0.0 for part in force)
    if not (stretched or driven or strained or heavy or in_march):
        allowed = "a load: a traction, a displacement, a stretch, a residual stress or a misfit"
        yield Finding(("mechanics",), "nothing that strains the body", allowed)
