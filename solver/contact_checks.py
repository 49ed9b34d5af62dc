"""What is wrong with contact at faces and with filled flaws, beyond the form of their tables."""

from collections.abc import Iterator

from meshes.geometry import Geometry
from solver import tables
from solver.contact_tables import FaceContact
from solver.faults import Finding, KeyPath, as_given
from solver.flaw_thickness import thickness_beside
from solver.march_tables import FilledFlaw
from solver.protocols import deviations
from solver.region_tables import Alloy, MixedConductor

LEAST = (1e-4, 0.5)


def contact_faults(file: tables.CaseFile, name: str, law: FaceContact) -> Iterator[Finding]:
    """Findings of the contact of one face."""
    path: KeyPath = ("boundaries", name, "contact")
    if _stores(file):
        allowed = "no such table beside alloys and mixed conductors, whose faces touch all over"
        yield Finding(path, "a table", allowed)
        return
    share = law.open_fraction
    if share is not None and share.number > 1.0:
        yield Finding(
            (*path, "open_fraction"), as_given(share.text), "a share of the face, at most 1"
        )
    face = file.boundaries[name]
    pressure = law.stack_pressure
    stress = (
        face.kinetics.normal_stress
        if isinstance(face, tables.Electrode) and face.kinetics
        else None
    )
    if pressure is not None and stress is not None:
        allowed = "no such key beside kinetics.normal_stress, which is the same pressure"
        yield Finding((*path, "stack_pressure"), as_given(pressure.text), allowed)
    voids = law.voids
    if voids is None:
        return
    path = (*path, "voids")
    if file.programme is None or not (file.programme.steps or file.programme.staircase):
        if file.programme is None or file.programme.flaw is None:
            allowed = "no such table without steps or a flaw: nothing changes in a steady state"
            yield Finding(path, "a table", allowed)
    if file.impedance is not None:
        yield Finding(path, "a table", "no such table beside impedance: contact stands still there")
    if voids.creep is not None and pressure is None:
        allowed = "no such table without contact.stack_pressure, under which lithium creeps"
        yield Finding((*path, "creep"), "a table", allowed)
    if voids.vacancy_current_density is not None and voids.vacancy_current_density.number < 0.0:
        text = as_given(voids.vacancy_current_density.text)
        yield Finding((*path, "vacancy_current_density"), text, "a size, not negative")
    least = voids.least_contact
    low, high = LEAST
    if least is not None and not low <= least.number <= high:
        given = as_given(least.text)
        yield Finding((*path, "least_contact"), given, f"a share from {low:g} to {high:g}")
    start, end = (1.0 if share is None else share.number), (0.01 if least is None else least.number)
    if low <= end <= high and start <= end:
        yield Finding((*path, "least_contact"), f"{end:g}", "less than open_fraction")


def _stores(file: tables.CaseFile) -> bool:
    """Whether lithium diffuses or deposits within a region."""
    return any(isinstance(law, Alloy | MixedConductor) for law in file.regions.values())


def flaw_faults(file: tables.CaseFile, flaw: FilledFlaw, path: KeyPath) -> Iterator[Finding]:
    """Findings of a flaw that lithium fills."""
    faces = [n for n, b in file.boundaries.items() if isinstance(b, tables.Electrode)]
    if flaw.face not in faces:
        allowed = f"the name of an electrode: {', '.join(faces)}"
        yield Finding((*path, "face"), f'"{flaw.face}"', allowed)
    if file.mechanics is not None:
        allowed = "no such table beside mechanics: contact.stack_pressure says what presses there"
        yield Finding(path, "a table", allowed)
    for name in faces:
        face = file.boundaries[name]
        law = face.plating if isinstance(face, tables.Electrode) else None
        if law is not None and (law.backing or law.surface_tension):
            allowed = f"no such table beside elastic lithium or surface tension of {name} (plating)"
            yield Finding(path, "a table", allowed)
    factor, share, ratio = flaw.amplification, flaw.lateral_share, flaw.poissons_ratio
    if factor is not None and factor.number < 1.0:
        yield Finding((*path, "amplification"), as_given(factor.text), "a factor of at least 1")
    if share is not None and share.number > 1.0:
        yield Finding((*path, "lateral_share"), as_given(share.text), "a share from 0 to 1")
    if ratio is not None and not 0.0 <= ratio.number < 0.5:
        allowed = "a number from 0 to below 0.5"
        yield Finding((*path, "poissons_ratio"), as_given(ratio.text), allowed)
    programme = file.programme
    if flaw.grows_to is not None and programme is not None:
        if not programme.steps and programme.staircase is None:
            allowed = "no such key without steps: a steady state has no time to grow in"
            yield Finding((*path, "grows_to"), as_given(flaw.grows_to.text), allowed)


def thickness_faults(file: tables.CaseFile, geometry: Geometry) -> Iterator[Finding]:
    """Findings of a flaw that does not fit into the solid beside its face."""
    programme = file.programme
    if programme is None:
        return
    path: KeyPath = ("programme", "flaw")
    stairs, flaw = programme.staircase, programme.flaw
    if stairs is not None:
        flaw, path = stairs.flaw, ("programme", "staircase", "flaw")
    if flaw is None:
        return
    metals = {n for n, law in file.regions.items() if isinstance(law, tables.Equipotential)}
    thickness = thickness_beside(geometry, metals, flaw.face)
    if thickness is None:
        return
    most, what = (thickness, "depth") if flaw.shape == "edge" else (thickness / 2.0, "radius")
    if flaw.length.number >= most:
        part = "" if flaw.shape == "edge" else "half of "
        allowed = f"a {what} below {part}the {thickness:g} um of solid beside {flaw.face}"
        yield Finding((*path, "length"), as_given(flaw.length.text), allowed)
    elif flaw.grows_to is not None and flaw.grows_to.number > thickness * (1.0 + 1e-12):
        allowed = f"at most the {thickness:g} um of solid beside {flaw.face}"
        yield Finding((*path, "grows_to"), as_given(flaw.grows_to.text), allowed)


def verdict_faults(file: tables.CaseFile, flaw: FilledFlaw, path: KeyPath) -> Iterator[Finding]:
    """Findings of a flaw whose critical current is asked for, in a steady state or in steps."""
    yield from flaw_faults(file, flaw, path)
    if _stores(file):
        allowed = "no such table beside alloys and mixed conductors: no lithium fills a flaw there"
        yield Finding(path, "a table", allowed)
    programme = file.programme
    if programme is None:
        return
    if programme.staircase is not None:
        yield Finding(path, "a table", "no such table beside a staircase, which has its own flaw")
        return
    driven = [
        name for name, b in file.boundaries.items()
        if isinstance(b, tables.Electrode) and b.potential is None
    ]  # fmt: skip
    if not programme.steps and len(driven) != 1:
        given = ", ".join(driven) or "none"
        allowed = (
            "exactly one electrode with a current or current_density, whose size is looked for"
        )
        yield Finding(("boundaries",), given, allowed)


def protocol_faults(file: tables.CaseFile, path: KeyPath) -> Iterator[Finding]:
    """What a staircase that names the protocol of a paper has otherwise than the paper."""
    stairs = None if file.programme is None else file.programme.staircase
    if stairs is None:
        return
    for key, given, wanted in deviations(stairs):
        yield Finding((*path, key), given, wanted)
