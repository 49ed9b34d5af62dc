"""What is wrong with the mechanics of a microstructure beyond the form of its tables."""

from collections.abc import Iterator

from meshes.micro import Micro, hosts, regions_of, side_names
from solver import mechanics_tables as tables
from solver.faults import Finding, KeyPath, as_given, nearest
from solver.tables import CaseFile

ALLOWED = (
    tables.Symmetry,
    tables.Free,
    tables.Traction,
    tables.Moved,
    tables.Clamped,
    tables.Plate,
)


def micro_mechanics_faults(
    file: CaseFile, mechanics: tables.Mechanics, micro: Micro
) -> Iterator[Finding]:
    """Faults of solids, faces and loads of a microstructure.

    Args:
        file: The tables.
        mechanics: Its mechanics.
        micro: In working units.
    """
    regions = regions_of(micro)
    bare = tuple(f"{name}_surface" for name in mechanics.empty)
    faces = (*side_names(micro), *bare)
    if micro.body.flat:
        allowed = "geometry.depth beside it: stress in microstructures is in 3D"
        yield Finding(("mechanics",), "a table", allowed)
        return
    if micro.body.periodic != "none":
        allowed = '"none" beside mechanics: sides are planes of symmetry or free'
        yield Finding(("geometry", "periodic"), as_given(micro.body.periodic), allowed)
    yield from empty_faults(mechanics, regions)
    for name in regions:
        if name not in mechanics.solids and name not in mechanics.empty:
            allowed = "a law: isotropic, cubic or orthotropic; or its name in mechanics.empty"
            yield Finding(("mechanics", "solids", name), "", allowed)
    for key, table, there in (
        ("solids", mechanics.solids, regions),
        ("faces", mechanics.faces, faces),
    ):
        for name in table:
            if name not in there:
                given = f'law "{table[name].law}"'
                allowed = f"one of {', '.join(there)}"
                yield Finding(("mechanics", key, name), given, allowed, nearest(name, there))
    yield from _cut_faults(mechanics, micro)
    yield from _absent(file, mechanics)
    for name, solid in mechanics.solids.items():
        path = ("mechanics", "solids", name)
        if solid.deflections == "large":
            yield Finding((*path, "deflections"), '"large"', "small: others only in 2D")
        flows = isinstance(solid, tables.Isotropic) and (
            solid.flow is not None or solid.formulation == "mixed"
        )
        if flows:
            yield Finding(path, "flow or mixed", "an elastic solid in a microstructure")
    stretched = file.load is not None and file.load.stretch is not None
    for name, face in mechanics.faces.items():
        path = ("mechanics", "faces", name)
        if not isinstance(face, ALLOWED):
            allowed = "symmetry, free, traction, moved, clamped or plate in a microstructure"
            yield Finding((*path, "law"), f'"{face.law}"', allowed)
        elif name in bare and not isinstance(face, tables.Free | tables.Traction):
            allowed = "free or traction: what is next to an empty region is not flat"
            yield Finding((*path, "law"), f'"{face.law}"', allowed)
        elif isinstance(face, tables.Traction) and face.shear is not None:
            yield Finding((*path, "shear"), as_given(face.shear.value), "no such key in 3D")
        elif isinstance(face, tables.Moved) and face.tangential is not None:
            yield Finding((*path, "tangential"), as_given(face.tangential.value), "not in 3D")
        if stretched and name in ("right", "back"):
            allowed = "no condition on this face beside load.stretch, which moves it"
            yield Finding(path, f'law "{face.law}"', allowed)


def empty_faults(mechanics: tables.Mechanics, regions: tuple[str, ...]) -> Iterator[Finding]:
    """Empty regions that are not there, or have a solid."""
    for i, name in enumerate(mechanics.empty):
        if name not in regions or name in mechanics.solids:
            others = [region for region in regions if region not in mechanics.solids]
            allowed = f"a region without a solid: {', '.join(others) or 'none'}"
            path: KeyPath = ("mechanics", "empty", i)
            yield Finding(path, as_given(name), allowed, nearest(name, others))


def _cut_faults(mechanics: tables.Mechanics, micro: Micro) -> Iterator[Finding]:
    cut = mechanics.cut
    if cut is None:
        return
    there = [layer.name for layer in micro.body.layers if layer.name not in hosts(micro)]
    if cut.layer not in there or cut.layer in mechanics.empty:
        allowed = f"a flat layer: {', '.join(there)}"
        path: KeyPath = ("mechanics", "cut", "layer")
        yield Finding(path, as_given(cut.layer), allowed, nearest(cut.layer, there))
    if not isinstance(mechanics.faces.get(cut.face), tables.Symmetry):
        allowed = f'a side with law = "symmetry" in mechanics.faces.{cut.face}'
        yield Finding(("mechanics", "cut", "face"), as_given(cut.face), allowed)
    law = mechanics.solids.get(cut.layer)
    if law is not None and law.fracture_toughness is not None:
        path = ("mechanics", "solids", cut.layer, "fracture_toughness")
        allowed = "fracture_energy, beside a cut"
        yield Finding(path, as_given(law.fracture_toughness.value), allowed)


def _absent(file: CaseFile, mechanics: tables.Mechanics) -> Iterator[Finding]:
    """What only flat bodies have."""
    if mechanics.plane is not None:
        yield Finding(("mechanics", "plane"), as_given(mechanics.plane), "no such key in 3D")
    if mechanics.opens_slit:
        yield Finding(("mechanics", "opens_slit"), "true", "no such key in a microstructure")
    if mechanics.damage is not None:
        yield Finding(("mechanics", "damage"), "a table", "no such table in a microstructure")
    for name, joint in mechanics.interfaces.items():
        allowed = "no such table: regions of a microstructure are bonded"
        yield Finding(("mechanics", "interfaces", name), f'law "{joint.law}"', allowed)
    load = file.load
    for key in ("duration", "ramp", "steps", "step_error", "temperature"):
        if load is not None and dict(load)[key] is not None:
            yield Finding(("load", key), "", "no such key without a solid that flows")
    still = (tables.Free, tables.Symmetry, tables.Clamped)
    driven = any(not isinstance(face, still) for face in mechanics.faces.values())
    solids = mechanics.solids.values()
    strained = any(s.strained for s in solids)
    heated = load is not None and load.temperature_change is not None
    heated = heated and any(s.thermal_expansion for s in solids)
    stretched = load is not None and load.stretch is not None
    if not (driven or strained or heated or stretched):
        allowed = "a load: a traction, a displacement, a stretch, a residual stress or a misfit"
        yield Finding(("mechanics",), "nothing that strains the body", allowed)
