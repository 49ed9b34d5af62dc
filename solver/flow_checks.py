"""What is wrong with a body that is to flow, with a shell, with a pressure as an unknown."""

from collections.abc import Iterator
from itertools import accumulate

from meshes import layers as bodies
from solver import mechanics_tables as tables
from solver.faults import Finding, KeyPath, as_given
from solver.tables import CaseFile


def flow_faults(
    file: CaseFile,
    mechanics: tables.Mechanics,
    geometry: bodies.Block | bodies.Box | bodies.Shell,
) -> Iterator[Finding]:
    """Faults of flow, formulation and load in time, and of the faces of a shell."""
    isotropic = {n: s for n, s in mechanics.solids.items() if isinstance(s, tables.Isotropic)}
    flowing = [n for n, s in isotropic.items() if s.flow is not None]
    mixed = [n for n, s in isotropic.items() if s.formulation == "mixed"]
    timed = [n for n in flowing if not isinstance(isotropic[n].flow, tables.Plastic)]
    load = file.load
    duration = None if load is None else load.duration
    if timed and duration is None:
        allowed = f"the time that the load lasts: {', '.join(timed)} flows with time"
        yield Finding(("load", "duration"), "", allowed)
    shell = isinstance(geometry, bodies.Shell)
    if load is not None and not (flowing or mixed or shell):
        for key in ("duration", "steps", "step_error", "temperature"):
            given = dict(load)[key]
            if given is not None:
                text = as_given(given if isinstance(given, int | float) else given.value)
                yield Finding(("load", key), text, "no such key without a solid that flows")
    if not (flowing or mixed or shell):
        return
    if load is not None and load.temperature is not None:
        laws = [isotropic[n].flow for n in flowing]
        thermal = [law for law in laws if isinstance(law, tables.Viscoplastic)]
        creeps = [law for law in laws if isinstance(law, tables.Creep) and law.activation_energy]
        if not (thermal or creeps):
            text = as_given(load.temperature.value)
            allowed = "no such key: no solid flows faster when warm (creep: activation_energy)"
            yield Finding(("load", "temperature"), text, allowed)
    what = "a shell" if shell else ("flow" if flowing else 'formulation = "mixed"')
    if mechanics.plane == "stress":
        yield Finding(("mechanics", "plane"), '"stress"', f"strain beside {what}")
    for name, solid in mechanics.solids.items():
        if solid.deflections == "large":
            path = ("mechanics", "solids", name, "deflections")
            yield Finding(path, '"large"', f"small beside {what}")
    for name, joint in mechanics.interfaces.items():
        place: KeyPath = ("mechanics", "interfaces", name)
        yield Finding(place, f'law "{joint.law}"', f"no such table beside {what}")
    if mechanics.damage is not None:
        yield Finding(("mechanics", "damage"), "a table", f"no such table beside {what}")
    if isinstance(geometry, bodies.Box):
        if geometry.crack is not None:
            yield Finding(("geometry", "crack"), "a table", f"no crack beside {what} in 3D")
        for name, face in mechanics.faces.items():
            if isinstance(face, tables.Indenter | tables.Contact):
                path = ("mechanics", "faces", name, "law")
                yield Finding(path, f'"{face.law}"', f"no {face.law} beside {what}")
    elif isinstance(geometry, bodies.Block):
        if geometry.pit is not None:
            yield Finding(("geometry", "pit"), "a table", f"no pit beside {what}")
        if geometry.crack is not None:
            yield from _crack_faults(mechanics, geometry, what, bool(timed), duration is not None)
        if geometry.flaws:
            yield Finding(("geometry", "flaws"), "a list", f"no flaws beside {what}")
        for name, face in mechanics.faces.items():
            if isinstance(face, tables.Indenter | tables.Contact | tables.Lithium):
                path = ("mechanics", "faces", name, "law")
                yield Finding(path, f'"{face.law}"', f"no {face.law} beside {what}")
    else:
        yield from _shell_faults(file, mechanics)


def _crack_faults(
    mechanics: tables.Mechanics, block: bodies.Block, what: str, timed: bool, lasts: bool
) -> Iterator[Finding]:
    """A crack beside flow goes through a film that does not flow, free, and without time."""
    crack = block.crack
    if crack is None:
        return
    planes = list(accumulate(layer.thickness for layer in block.layers))
    there = [abs(plane - crack.start) <= 1e-9 * planes[-1] for plane in planes[:-1]]
    through = block.shape == "block" and crack.face == "left" and any(there)
    if timed or lasts or not through or crack.end < planes[-1]:
        allowed = f"no crack beside {what}, but one through a film (without time)"
        yield Finding(("geometry", "crack"), "a table", allowed)
        return
    for layer in block.layers[there.index(True) + 1 :]:
        solid = mechanics.solids.get(layer.name)
        if isinstance(solid, tables.Isotropic) and solid.flow is not None:
            path = ("mechanics", "solids", layer.name, "flow")
            yield Finding(path, "a table", "no flow of a layer through which the crack goes")
    face = mechanics.faces.get("crack")
    if face is not None and not isinstance(face, tables.Free):
        path = ("mechanics", "faces", "crack", "law")
        yield Finding(path, f'"{face.law}"', f"free beside {what}")


def _shell_faults(file: CaseFile, mechanics: tables.Mechanics) -> Iterator[Finding]:
    """Round faces may be loaded; the planes of symmetry are held anyway."""
    for name, face in mechanics.faces.items():
        path = ("mechanics", "faces", name, "law")
        if name in ("left", "bottom"):
            yield Finding(path, f'"{face.law}"', "no condition: it is a plane of symmetry")
        elif not isinstance(face, tables.Free | tables.Traction):
            yield Finding(path, f'"{face.law}"', "free or traction on a round face")
        elif isinstance(face, tables.Traction) and face.shear is not None:
            place = ("mechanics", "faces", name, "shear")
            yield Finding(place, as_given(face.shear.value), "pressure alone on a round face")
    for name, solid in mechanics.solids.items():
        if solid.residual_stress is not None:
            place = ("mechanics", "solids", name, "residual_stress")
            given = as_given(solid.residual_stress.value)
            yield Finding(place, given, "misfit_strain in a shell: it has no flat layers")
    if file.load is not None and file.load.stretch is not None:
        given = as_given(file.load.stretch.value)
        yield Finding(("load", "stretch"), given, "no stretch of a shell")
