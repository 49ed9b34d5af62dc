"""What is wrong with [mechanics] and [load] beyond the form of their tables."""

from collections.abc import Iterator

from meshes import geometry as shapes
from meshes import layers as bodies
from meshes.block import cracked_stack, faces_of_block, faces_of_box
from meshes.micro import Micro
from solver import mechanics_tables as tables
from solver.faults import Finding, KeyPath, as_given, nearest
from solver.flow_checks import flow_faults
from solver.graded_checks import graded_faults
from solver.interface_checks import interface_faults, sides_of_layers
from solver.load_checks import floating_faults
from solver.micro_checks import micro_mechanics_faults
from solver.misfit_checks import misfit_faults
from solver.tables import CaseFile, Electrode, Equipotential
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
    if isinstance(geometry, Micro):
        yield from micro_mechanics_faults(file, mechanics, geometry)
        return
    for key in ("empty", "cut"):
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
        if name not in mechanics.solids:
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
        yield from touching_face_faults(file, mechanics, geometry)
        stretched = file.load is not None and file.load.stretch is not None
        if file.load is None or file.load.body_force is None:  # else the solution shows it
            yield from floating_faults(mechanics, geometry, stretched)
        laws = {name: face.law for name, face in mechanics.faces.items()}
        yield from interface_faults(mechanics.interfaces, laws, geometry)
    yield from flow_faults(file, mechanics, geometry)
    yield from graded_faults(file, mechanics, geometry)
    yield from _spring_faults(mechanics)
    yield from _load_faults(file, mechanics)
    if mechanics.opens_slit:
        yield from _slit_faults(file, mechanics)
    else:
        yield from _coupling_faults(file, mechanics)
    pushed = (tables.Traction, tables.Plate, tables.Moved)
    loaded = any(isinstance(face, pushed) for face in mechanics.faces.values())
    loaded = loaded or (file.load is not None and file.load.stretch is not None)
    yield from _damage_faults(mechanics, geometry, faces, loaded)
    crystals = [law for law in mechanics.solids.values() if not isinstance(law, tables.Isotropic)]
    if mechanics.plane == "stress" and any(law.residual_stress for law in crystals):
        yield Finding(("mechanics", "plane"), '"stress"', "strain, with a stressed crystal")


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
        elif isinstance(face, tables.Lithium):
            yield from _lithium_faults(face, block)
        elif block.crack is not None and name == block.crack.face and face.law != "symmetry":
            yield Finding(path, given, "symmetry (or no condition): the crack lies in this plane")
        elif name == "left" and block.shape == "cylinder":
            yield Finding(path, given, "no condition: it is the axis")


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
    surface = bodies.face_length(block, crack.face)
    emerges = crack.end >= surface or (crack.face == "left" and crack.start == 0.0)
    if face.width is not None and not emerges:
        allowed = "no such key: lithium flows out only where the crack reaches the surface"
        yield Finding((*path, "width"), as_given(face.width.value), allowed)


def _coupling_faults(file: CaseFile, mechanics: tables.Mechanics) -> Iterator[Finding]:
    """A crack whose overpotential follows from the current is an electrode without current."""
    lithium = [face for face in mechanics.faces.values() if isinstance(face, tables.Lithium)]
    if any(face.metal is not None for face in lithium):
        if file.calibrate is not None:
            allowed = "no such table beside a pressure from a current"
            yield Finding(("calibrate",), "a table", allowed)
        for name, other in mechanics.faces.items():
            if name != "crack" and isinstance(other, tables.Contact):
                # where such a flaw is closed is not known to the current
                allowed = "free, traction or lithium in a flaw beside a pressure from a current"
                yield Finding(("mechanics", "faces", name, "law"), '"contact"', allowed)
    for name, face in mechanics.faces.items():
        if isinstance(face, tables.Lithium) and face.metal is not None:
            if face.width is None and (face.yield_stress or face.creep) is not None:
                path: KeyPath = ("mechanics", "faces", name)
                yield Finding(path, "a yield_stress", "width and yield_stress together")
            yield from _stall_faults(file, name, face.metal)


def _slit_faults(file: CaseFile, mechanics: tables.Mechanics) -> Iterator[Finding]:
    """Lithium in the slit of a film plates at the window, against a resistance."""
    face = mechanics.faces.get("crack")
    if not isinstance(face, tables.Lithium):
        return
    path: KeyPath = ("mechanics", "faces", "crack")
    if face.metal is None:
        allowed = (
            'metal = "filling_surface": in an opened slit its pressure follows from the current'
        )
        yield Finding((*path, "overpotential"), "a value", allowed)
        return
    window = file.boundaries.get(face.metal)
    resists = isinstance(window, Electrode) and window.area_specific_resistance is not None
    filled = isinstance(file.regions.get("filling"), Equipotential)
    if face.metal != "filling_surface" or not filled or not resists:
        allowed = (
            '"filling_surface", of lithium in the slit (regions.filling: an equipotential): an '
            "electrode with an area_specific_resistance"
        )
        yield Finding((*path, "metal"), as_given(face.metal), allowed)
    if face.width is not None:
        allowed = "no such key: the width is that of the slit"
        yield Finding((*path, "width"), as_given(face.width.value), allowed)
    if face.contact_limit is not None:
        allowed = "no such key: at the mouth of an opened slit nothing confines the lithium"
        yield Finding((*path, "contact_limit"), as_given(face.contact_limit.value), allowed)


def _stall_faults(file: CaseFile, name: str, metal: str) -> Iterator[Finding]:
    electrodes = [
        each
        for each, law in file.boundaries.items()
        if isinstance(law, Electrode) and not (law.current is not None and not law.current.number)
    ]
    if metal not in electrodes:
        near = nearest(metal, electrodes)
        allowed = "a boundary of lithium: an electrode with a potential or a current"
        yield Finding(("mechanics", "faces", name, "metal"), as_given(metal), allowed, near)
    law = file.boundaries.get(name)
    stalled = isinstance(law, Electrode) and law.current is not None and law.current.number == 0.0
    if not stalled:
        allowed = 'an electrode with current = "0 A/m" (a cylinder: "0 A"): plating has stalled'
        yield Finding(("boundaries", name), "a table" if law else "", allowed)


def _damage_faults(
    mechanics: tables.Mechanics,
    block: bodies.Block | bodies.Box | bodies.Shell,
    faces: tuple[str, ...],
    loaded: bool,
) -> Iterator[Finding]:
    """Damage needs solids that can break, and a length that fits into the body."""
    damage = mechanics.damage
    if damage is None:
        return
    path: KeyPath = ("mechanics", "damage")
    if not isinstance(block, bodies.Block):
        yield Finding(path, "a table", "no such table: damage is for a block or a cylinder")
        return
    if block.flaws:
        yield Finding(("geometry", "flaws"), "a list", "no flaws beside damage")
    thinnest = min(block.layers, key=lambda layer: layer.thickness)
    limits = [("a fifth of the width of the block", block.width / 5.0)]
    if len(block.layers) > 1:
        limits.append((f"a fifth of the layer {thinnest.name}", thinnest.thickness / 5.0))
    for what, limit in limits:
        if damage.length.number > limit * (1.0 + 1e-9):
            allowed = f"at most {what} ({limit:g} um): a crack is a band four times as wide as this"
            yield Finding((*path, "length"), as_given(damage.length.value), allowed)
            break
    for i, name in enumerate(damage.sound):
        if name not in faces:
            allowed = f"one of {', '.join(faces)}"
            yield Finding((*path, "sound", i), as_given(name), allowed, nearest(name, faces))
    for name, law in mechanics.solids.items():
        solid: KeyPath = ("mechanics", "solids", name)
        if law.fracture_energy is None:
            yield Finding((*solid, "fracture_energy"), "", "the fracture energy, beside damage")
        if law.deflections == "large":
            yield Finding((*solid, "deflections"), '"large"', '"small", beside damage')
        if damage.split == "spectral" and not isinstance(law, tables.Isotropic):
            allowed = f'"volumetric_deviatoric" or "none": {name} is not isotropic'
            yield Finding((*path, "split"), '"spectral"', allowed)
        if damage.split == "volumetric_deviatoric" and isinstance(law, tables.Orthotropic):
            allowed = f'"none": {name} is orthotropic, its volume and its shape change together'
            yield Finding((*path, "split"), '"volumetric_deviatoric"', allowed)
    for name, face in mechanics.faces.items():
        coupled = isinstance(face, tables.Lithium) and face.metal is not None
        if isinstance(face, tables.Contact | tables.Indenter) or coupled:
            allowed = "no contact and no pressure from a current, beside damage"
            yield Finding(("mechanics", "faces", name, "law"), f'"{face.law}"', allowed)
    if damage.then == "energy_release_rate":
        yield from _found_crack_faults(mechanics, block, (*path, "then"), damage.then)
    if mechanics.opens_slit:
        yield Finding(("mechanics", "opens_slit"), "true", "no such key beside damage")
    own = any(s.strained for s in mechanics.solids.values())
    if damage.control == "cracks" and own and loaded:
        allowed = '"load": stress or misfit of solids beside another load does not grow with it'
        yield Finding((*path, "control"), '"cracks"', allowed)
    for name, joint in mechanics.interfaces.items():
        allowed = "no such table beside damage: layers are bonded then"
        yield Finding(("mechanics", "interfaces", name), f'law "{joint.law}"', allowed)


def _found_crack_faults(
    mechanics: tables.Mechanics, block: bodies.Block, path: KeyPath, given: str
) -> Iterator[Finding]:
    """A crack of damage is handed over along a plane of symmetry, and under no pressure."""
    planes = ("left", "bottom") if block.shape == "block" else ("bottom",)
    held = any(isinstance(mechanics.faces.get(name), tables.Symmetry) for name in planes)
    if not (held or block.crack is not None):
        allowed = (
            f"no such key: only a crack along {' or '.join(planes)} of a {block.shape}, with "
            'law = "symmetry" there, is handed over as a sharp one'
        )
        yield Finding(path, as_given(given), allowed)
    if isinstance(mechanics.faces.get("crack"), tables.Traction | tables.Lithium):
        allowed = (
            "no such key beside a load on the faces of the crack: cracks of damage carry none, all "
            "of a sharp one would"
        )
        yield Finding(path, as_given(given), allowed)


def _spring_faults(mechanics: tables.Mechanics) -> Iterator[Finding]:
    """Springs stand only behind plates on bodies whose layers are bonded and stay sound."""
    if not (mechanics.damage or mechanics.interfaces):
        return
    for name, face in mechanics.faces.items():
        if isinstance(face, tables.Plate) and face.stiffness is not None:
            path: KeyPath = ("mechanics", "faces", name, "stiffness")
            allowed = "no spring beside damage or interfaces"
            yield Finding(path, as_given(face.stiffness.value), allowed)


def _load_faults(file: CaseFile, mechanics: tables.Mechanics) -> Iterator[Finding]:
    stretched = file.load is not None and file.load.stretch is not None
    for name, face in mechanics.faces.items():
        if stretched and name.partition(".")[0] == "right":
            allowed = "no condition on this face beside load.stretch, which moves it"
            yield Finding(("mechanics", "faces", name), f'law "{face.law}"', allowed)
    if stretched and mechanics.plane == "stress":
        allowed = "strain beside load.stretch, which stretches across the section as well"
        yield Finding(("mechanics", "plane"), '"stress"', allowed)
    still = (tables.Free, tables.Symmetry, tables.Clamped)
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
    if not (stretched or driven or strained or heavy):
        allowed = "a load: a traction, a displacement, a stretch, a residual stress or a misfit"
        yield Finding(("mechanics",), "nothing that strains the body", allowed)
