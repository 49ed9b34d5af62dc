"""What is wrong with lithium in cracks and flaws whose pressure follows from the current."""

from collections.abc import Iterator

from meshes import layers as bodies
from meshes.block import mouths
from solver import mechanics_tables as tables
from solver.faults import Finding, KeyPath, as_given, nearest
from solver.tables import CaseFile, Electrode, Equipotential, Insulator


def coupling_faults(
    file: CaseFile, mechanics: tables.Mechanics, body: bodies.Block | bodies.Box | bodies.Shell
) -> Iterator[Finding]:
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
            yield from _stall_faults(file, body, name, face.metal)


def slit_faults(file: CaseFile, mechanics: tables.Mechanics) -> Iterator[Finding]:
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


def _stall_faults(
    file: CaseFile, body: bodies.Block | bodies.Box | bodies.Shell, name: str, metal: str
) -> Iterator[Finding]:
    """The lithium in a flaw is connected with that at its mouth, and no current flows into it."""
    electrodes = [
        each
        for each, law in file.boundaries.items()
        if isinstance(law, Electrode) and not (law.current is not None and not law.current.number)
    ]
    if metal not in electrodes:
        near = nearest(metal, electrodes)
        allowed = "a boundary of lithium: an electrode with a potential or a current"
        yield Finding(("mechanics", "faces", name, "metal"), as_given(metal), allowed, near)
    elif isinstance(body, bodies.Block):
        gone = [
            layer
            for layer, law in file.regions.items()
            if isinstance(law, Equipotential | Insulator)
        ]
        at = mouths(body, name, gone)
        if metal not in at:
            allowed = (
                f"a face that {name} reaches ({', '.join(at)})"
                if at
                else f"overpotential instead: {name} reaches no face, so no metal is connected"
            )
            allowed += ": lithium in a flaw is an electrode with that at its mouth"
            yield Finding(("mechanics", "faces", name, "metal"), as_given(metal), allowed)
    law = file.boundaries.get(name)
    stalled = isinstance(law, Electrode) and law.current is not None and law.current.number == 0.0
    if not stalled:
        allowed = 'an electrode with current = "0 A/m" (a cylinder: "0 A"): plating has stalled'
        yield Finding(("boundaries", name), "a table" if law else "", allowed)
