"""What is wrong with [mechanics.damage] beyond the form of its table."""

from collections.abc import Iterator

from meshes import layers as bodies
from solver import mechanics_tables as tables
from solver.faults import Finding, KeyPath, as_given, nearest


def damage_faults(
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
    """One crack of damage is handed over, around an axis in the bottom, and under no pressure."""
    held = isinstance(mechanics.faces.get("bottom"), tables.Symmetry) or block.crack is not None
    if block.shape == "cylinder" and not held:
        allowed = (
            "no such key: only a crack along bottom of a cylinder, with "
            'law = "symmetry" there, is handed over as a sharp one'
        )
        yield Finding(path, as_given(given), allowed)
    if len(block.flaws) > 1:
        allowed = "no such key beside several flaws: from which one the crack grew is not told"
        yield Finding(path, as_given(given), allowed)
    names = ("crack", *(flaw.name for flaw in block.flaws))
    loaded = (tables.Traction, tables.Lithium)
    if any(isinstance(mechanics.faces.get(name), loaded) for name in names):
        allowed = (
            "no such key beside a load on the faces of the crack: cracks of damage carry none, all "
            "of a sharp one would"
        )
        yield Finding(path, as_given(given), allowed)
