"""What is wrong with faces whose growth is followed, beyond the form of their tables."""

from collections.abc import Iterator

from meshes import geometry as shapes
from solver import tables
from solver.faults import Finding, KeyPath, as_given
from solver.march_tables import Backing, BinaryElectrolyte, Plating

STEEPEST = 0.1  # amplitude of a face over its wavelength


def plating_faults(
    file: tables.CaseFile, geometry: shapes.Geometry, name: str, law: Plating
) -> Iterator[Finding]:
    """Findings of one face."""
    path: KeyPath = ("boundaries", name, "plating")
    if file.programme is None or not (file.programme.steps or file.programme.staircase):
        allowed = "no such table without steps or a staircase: nothing grows in a steady state"
        yield Finding(path, "a table", allowed)
        return
    porosity = law.porosity
    if porosity is not None and porosity.number >= 1.0:
        text = as_given(porosity.text)
        yield Finding((*path, "porosity"), text, "a share of the volume, below 1")
    salt = any(isinstance(r, BinaryElectrolyte) for r in file.regions.values())
    if law.moves and salt and law.wavelength is not None and len(file.regions) > 1:
        allowed = "false: beside several regions with salt a face that moves is flat at the start"
        yield Finding((*path, "moves"), "true", allowed)
    if law.moves and file.interfaces:
        allowed = "false beside conditions on interfaces, which would have to move as well"
        yield Finding((*path, "moves"), "true", allowed)
    flat = isinstance(geometry, shapes.Cell) and isinstance(geometry.opening, shapes.NoOpening)
    strip = flat and isinstance(geometry, shapes.Cell) and geometry.shape == "strip"
    if law.wavelength is not None and law.amplitude is not None:
        text = as_given(law.wavelength.text)
        if not strip or not isinstance(geometry, shapes.Cell):
            allowed = "no such key: only a flat strip without an opening has a wavy face"
            yield Finding((*path, "wavelength"), text, allowed)
        else:
            waves = geometry.width / law.wavelength.number
            if round(waves) < 1 or abs(waves - round(waves)) > 1e-9 * waves:
                allowed = f"geometry.width ({geometry.width:g} um) over a whole number"
                yield Finding((*path, "wavelength"), text, allowed)
        if law.amplitude.number > STEEPEST * law.wavelength.number:
            text = as_given(law.amplitude.text)
            yield Finding((*path, "amplitude"), text, f"at most {STEEPEST:g} of the wavelength")
    if law.surface_tension is not None and not strip:
        text = as_given(law.surface_tension.value)
        allowed = "no such key: the curvature is known of a face of a flat strip only"
        yield Finding((*path, "surface_tension"), text, allowed)
    if law.backing is not None:
        yield from _backing_faults(file, (*path, "backing"), law.backing, strip)


def remesh_faults(file: tables.CaseFile, geometry: shapes.Geometry) -> Iterator[Finding]:
    """Where new meshes are asked for and cannot be made; unasked they are made where they can."""
    programme = file.programme
    if programme is None:
        return
    most, why = programme.most_remeshings, _why_not_made_anew(file, geometry)
    if programme.remesh and why:
        yield Finding(("programme", "remesh"), "true", f"false {why}")
    why = "beside remesh = false" if programme.remesh is False else why
    if most is not None and why:
        yield Finding(("programme", "most_remeshings"), str(most), f"no such key {why}")


def _why_not_made_anew(file: tables.CaseFile, geometry: shapes.Geometry) -> str:
    """Reads after "false"; "" where meshes can be made anew."""
    faces = [b.plating for b in file.boundaries.values() if isinstance(b, tables.Electrode)]
    if not any(law is not None and law.moves for law in faces):
        return "without a face that moves (plating.moves = true)"
    if any(isinstance(r, BinaryElectrolyte) for r in file.regions.values()):
        return "beside a binary electrolyte: its mesh is not made anew"
    if any(law is not None and (law.backing or law.surface_tension) for law in faces):
        return "beside elastic bodies or surface tension of a face (plating)"
    flat = isinstance(geometry, shapes.Cell) and isinstance(geometry.opening, shapes.NoOpening)
    if not (flat and isinstance(geometry, shapes.Cell) and geometry.shape in ("strip", "tube")):
        return 'here: only a "strip" or a "tube" without an opening is meshed anew'
    return ""


def _backing_faults(
    file: tables.CaseFile, path: KeyPath, law: Backing, strip: bool
) -> Iterator[Finding]:
    if not strip:
        allowed = "no such table: elastic lithium is known behind a face of a flat strip only"
        yield Finding(path, "a table", allowed)
    for key, ratio in (
        ("lithium_poissons_ratio", law.lithium_poissons_ratio),
        ("electrolyte_poissons_ratio", law.electrolyte_poissons_ratio),
    ):
        if not 0.0 <= ratio.number <= 0.49:
            yield Finding((*path, key), as_given(ratio.text), "a number from 0 to 0.49")
    first = next(
        name
        for name, face in file.boundaries.items()
        if isinstance(face, tables.Electrode) and face.plating and face.plating.backing
    )
    if path[1] != first:
        yield Finding(path, "a table", f"no second one: {first} has one")
