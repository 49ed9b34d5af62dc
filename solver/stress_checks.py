"""What is wrong with stress in a march: [mechanics] beside salt, reactions, alloys, programmes."""

from collections.abc import Iterator
from itertools import pairwise

from meshes import geometry as shapes
from meshes import layers as bodies
from meshes.micro import Micro
from solver import mechanics_tables as tables
from solver.faults import Finding, KeyPath, as_given, nearest
from solver.march_tables import BinaryElectrolyte
from solver.region_tables import Alloy, MixedConductor
from solver.tables import CaseFile, Electrode

Body = bodies.Block | bodies.Box | bodies.Shell
CONDUCTS = ("ionic_conductor", "binary_electrolyte", "alloy", "mixed_conductor")
FACES = (tables.Symmetry, tables.Free, tables.Traction, tables.Moved, tables.Clamped, tables.Plate)
AXES = (("x", ("left", "right")), ("y", ("bottom", "top")))
AXES_OF_BOX = (("x", ("left", "right")), ("y", ("front", "back")), ("z", ("bottom", "top")))


def marches(file: CaseFile) -> bool:
    """Whether a case is solved as a march (or as its steady state), not as plain conduction."""
    faces = file.boundaries.values()
    reacts = any(isinstance(b, Electrode) and b.kinetics is not None for b in faces)
    laws = (BinaryElectrolyte, Alloy, MixedConductor)
    salt = any(isinstance(r, laws) for r in file.regions.values())
    grows = any(isinstance(b, Electrode) and b.plating is not None for b in faces)
    touches = any(isinstance(b, Electrode) and b.contact is not None for b in faces)
    driven = file.programme is not None or file.impedance is not None
    return driven or reacts or salt or grows or touches


def stress_faults(
    file: CaseFile, mechanics: tables.Mechanics, geometry: shapes.Geometry | None
) -> Iterator[Finding]:
    """Findings of the mechanics of a case that marches.

    Args:
        file: The tables.
        mechanics: Those of the mechanics.
        geometry: In working units.
    """
    if isinstance(geometry, Micro) or not isinstance(geometry, Body):
        allowed = (
            'no such table beside a march but in a "block", "cylinder", "ring", "ball" or "box"'
        )
        yield Finding(("mechanics",), "a table", allowed)
        return
    if not isinstance(geometry, bodies.Shell):
        yield from _body_faults(geometry)
    yield from _region_faults(file, mechanics, geometry)
    yield from _solid_faults(mechanics)
    yield from _face_faults(file, mechanics, isinstance(geometry, bodies.Block))
    if not isinstance(geometry, bodies.Shell):  # which its planes of symmetry hold
        yield from _hold_faults(file, mechanics, geometry)
    for key in ("duration", "ramp", "steps", "step_error", "temperature"):
        if isinstance(geometry, bodies.Shell) and dict(file.load or {}).get(key) is not None:
            yield Finding(("load", key), "a value", "no such key: the load is there from the start")


def _body_faults(body: bodies.Block | bodies.Box) -> Iterator[Finding]:
    """Bodies whose stress is singular, or whose faces part."""
    parts: tuple[tuple[str, object], ...] = (("crack", body.crack),)
    if isinstance(body, bodies.Block):
        parts += (("flaws", body.flaws), ("pit", body.pit), ("window", body.window))
    for key, there in parts:
        if there:
            yield Finding(("geometry", key), "a table", "no such key beside a march")


def _region_faults(
    file: CaseFile, mechanics: tables.Mechanics, body: bodies.Block | bodies.Box | bodies.Shell
) -> Iterator[Finding]:
    layers = [layer.name for layer in body.layers]
    for i, name in enumerate(mechanics.empty):
        path: KeyPath = ("mechanics", "empty", i)
        if name not in layers:
            allowed = f"one of {', '.join(layers)}"
            yield Finding(path, as_given(name), allowed, nearest(name, layers))
        elif name in mechanics.solids:
            yield Finding(path, as_given(name), "a region without a law in mechanics.solids")
    if not mechanics.solids:
        yield Finding(("mechanics", "solids"), "", "at least one region that carries stress")
    for name in layers:
        region = file.regions.get(name)
        if region is not None and region.law not in CONDUCTS:
            allowed = f"{', '.join(CONDUCTS)}: beside stress in a march all layers are meshed"
            yield Finding(("regions", name, "law"), as_given(region.law), allowed)
        if isinstance(region, Alloy) and name in mechanics.solids:
            for key in ("held", "stress_gradient"):
                if dict(region)[key] is not None:
                    allowed = f"no such key: the stress of {name} is solved for (mechanics)"
                    yield Finding(("regions", name, key), "a value", allowed)
    for lower, upper in pairwise(layers):
        one, other = file.regions.get(lower), file.regions.get(upper)
        if not isinstance(one, Alloy) or not isinstance(other, Alloy):
            continue
        solids = [mechanics.solids.get(name) for name in (lower, upper)]
        alike = (one.fraction, one.partial_molar_volume) == (
            other.fraction,
            other.partial_molar_volume,
        )
        if solids[0] != solids[1] or (solids[0] is not None and not alike):
            allowed = f"the solid, fraction and partial_molar_volume of {lower}, bonded to it"
            yield Finding(("regions", upper), "an alloy with a stress of its own", allowed)


def _solid_faults(mechanics: tables.Mechanics) -> Iterator[Finding]:
    """Solids are elastic, layers are bonded; loads in time belong to solids that flow."""
    for name, law in mechanics.solids.items():
        path: KeyPath = ("mechanics", "solids", name)
        if isinstance(law, tables.Isotropic) and law.flow is not None:
            yield Finding((*path, "flow"), "a table", "no such table beside a march")
        if isinstance(law, tables.Isotropic) and law.formulation == "mixed":
            yield Finding((*path, "formulation"), '"mixed"', '"displacement" beside a march')
        if law.deflections == "large":
            yield Finding((*path, "deflections"), '"large"', '"small" beside a march')
    for name in mechanics.interfaces:
        allowed = "no such table beside a march: layers are bonded"
        yield Finding(("mechanics", "interfaces", name), "a table", allowed)
    for key in ("damage", "cut", "opens_slit"):
        if dict(mechanics)[key]:
            yield Finding(("mechanics", key), "a value", "no such key beside a march")


def _face_faults(
    file: CaseFile, mechanics: tables.Mechanics, in_section: bool
) -> Iterator[Finding]:
    """Conditions that stay as they are; of a section without crack some are refused anyway."""
    refused = tables.Contact | tables.Lithium
    alloys = any(isinstance(law, Alloy | MixedConductor) for law in file.regions.values())
    plates = [name for name, face in mechanics.faces.items() if isinstance(face, tables.Plate)]
    for name, face in mechanics.faces.items():
        path: KeyPath = ("mechanics", "faces", name)
        allowed = "symmetry, free, traction, displacement (normal), clamped or plate in a march"
        if in_section and isinstance(face, refused):
            continue
        if not isinstance(face, FACES):
            yield Finding((*path, "law"), as_given(face.law), allowed)
        elif isinstance(face, tables.Moved) and (face.tangential is not None or face.sticks):
            yield Finding((*path, "sticks" if face.sticks else "tangential"), "a value", allowed)
        elif isinstance(face, tables.Clamped) and plates:
            allowed = f"symmetry or displacement beside the plate on {plates[0]}"
            yield Finding((*path, "law"), as_given(face.law), allowed)
        elif "." in name:
            yield Finding(path, as_given(face.law), "a whole face in a march")
    for name, electrode in file.boundaries.items():
        if not isinstance(electrode, Electrode):
            continue
        given = ("boundaries", name)
        kinetics, plating = electrode.kinetics, electrode.plating
        if kinetics is not None and kinetics.normal_stress is not None:
            allowed = "no such key: the stress at the face is solved for (mechanics)"
            where: KeyPath = (*given, "kinetics", "normal_stress")
            yield Finding(where, as_given(kinetics.normal_stress.text), allowed)
        if plating is not None and plating.moves and not alloys:  # beside which nothing moves
            allowed = "false beside mechanics: the stress is that of the body of the start"
            yield Finding((*given, "plating", "moves"), "true", allowed)


def _hold_faults(
    file: CaseFile, mechanics: tables.Mechanics, body: bodies.Block | bodies.Box
) -> Iterator[Finding]:
    """A body that could move as a whole: its place would be anywhere."""
    stretched = file.load is not None and file.load.stretch is not None
    box = isinstance(body, bodies.Box)
    around = isinstance(body, bodies.Block) and body.shape == "cylinder"
    for axis, sides in AXES_OF_BOX if box else AXES:
        held = (around and axis == "x") or (stretched and axis in ("xy" if box else "x"))
        for name, face in mechanics.faces.items():
            match face:
                case tables.Clamped():
                    held = True
                case tables.Symmetry() | tables.Moved() if name in sides:
                    held = True
                case tables.Plate(stiffness=stiffness) if stiffness is not None and name in sides:
                    held = True
        if not held:
            given = "nothing that holds the body along " + axis
            allowed = (
                f"a support of {' or '.join(sides)}: symmetry, displacement, plate on a spring"
            )
            yield Finding(("mechanics", "faces"), given, allowed)
