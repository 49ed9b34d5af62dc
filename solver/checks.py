"""Checks of a case that need several tables, or the geometry. Each finding names one key."""

import re
from collections.abc import Iterator
from pathlib import Path

from meshes import geometry as shapes
from meshes import layers as bodies
from meshes.faults import faults
from meshes.names import names
from solver import balance, known, tables, units
from solver.assemble import is_physical, values
from solver.comparison import balance_references, comparison_faults
from solver.conduction_checks import conduction_faults
from solver.effective_checks import effective_faults
from solver.faults import Finding, KeyPath, as_given, key_path, nearest, split_table_key
from solver.impedance_checks import impedance_faults
from solver.interface_checks import touching_faults
from solver.limits import numerics_faults
from solver.march_checks import march_faults
from solver.march_tables import BinaryElectrolyte
from solver.mechanics_checks import mechanics_faults
from solver.region_tables import MixedConductor
from solver.stress_checks import marches
from solver.study_checks import study_faults
from solver.touching_checks import gap_faults

SIZES = ("width", "thickness", "radius", "distance", "area_fraction", "resolved_height")
KINDS = {
    "NoOpening": "none",
    "Slit": "slit",
    "Round": "round",
    "Cross": "cross",
    "TwoDiscs": "two_discs",
}
WORD = re.compile(r"\w+")


def case_faults(file: tables.CaseFile, geometry: shapes.Geometry | None) -> Iterator[Finding]:
    """Everything that is wrong beyond the form of the tables.

    Args:
        file: The checked tables.
        geometry: `file.geometry` in working units.
    """
    regions: tuple[str, ...] = ()
    found = shapes.Names((), (), ())
    measured = geometry
    if geometry is None:
        yield from _balance_faults(file)
    else:
        if file.balance is not None:
            yield Finding(("balance",), "a table", "either [geometry] or [balance]")
        impossible = list(_geometry_faults(file, geometry))
        yield from impossible
        if any(finding.path[1:2] != ("opening",) for finding in impossible):
            measured = None
        stacked = isinstance(geometry, shapes.Cell) and bool(geometry.above)
        sizes_only = all(finding.path[-1] in SIZES for finding in impossible)
        if not impossible or (stacked and sizes_only):
            regions, found = _names(file, geometry)
            if file.effective is not None:
                yield from effective_faults(file, geometry, names(geometry).regions)
            elif not impossible:
                yield from mechanics_faults(file, geometry, found.boundaries)
            if _conducts(file):
                yield from _name_faults(file, regions, found)
                yield from _touching_faults(file, geometry)
        if _conducts(file):
            contradictions = list(_law_faults(file, geometry))
            yield from contradictions
            yield from march_faults(file, geometry)
            yield from impedance_faults(file)
            drive = [] if contradictions else list(_drive_faults(file))
            yield from drive
            if not (contradictions or drive or impossible):
                yield from conduction_faults(file, geometry, found.boundaries)
    yield from numerics_faults(file, measured)
    if geometry is None and file.balance is not None:
        yield from balance_references(file, balance.quantities(file.balance))
        return
    quantities = known.known_quantities(
        found.boundaries, found.interfaces, regions, [s.name for s in file.specimens]
    )
    yield from comparison_faults(file, geometry, quantities)
    yield from study_faults(file, geometry, quantities)


def _touching_faults(file: tables.CaseFile, geometry: shapes.Geometry) -> Iterator[Finding]:
    laws = {name: table.law for name, table in file.interfaces.items()}
    joints = {} if file.mechanics is None else file.mechanics.interfaces
    yield from touching_faults(laws, joints, isinstance(geometry, bodies.Block))
    yield from gap_faults(file, geometry)
    if "touching" in laws.values() and file.calibrate is not None:
        yield Finding(("calibrate",), "a table", "no such table beside interfaces that touch")


def _conducts(file: tables.CaseFile) -> bool:
    """Whether the case asks for a current: it does unless it has mechanics alone."""
    if file.effective is not None:
        return False
    return file.mechanics is None or bool(file.regions or file.boundaries or file.interfaces)


def _names(
    file: tables.CaseFile, geometry: shapes.Geometry
) -> tuple[tuple[str, ...], shapes.Names]:
    """Regions that need a law, and the names that are there when those without field are out."""
    regions = names(geometry).regions
    laws = {name: file.regions[name] for name in regions if name in file.regions}
    omit = [n for n, law in laws.items() if law.law in ("equipotential", "insulator")]
    found = names(geometry, omit)
    if isinstance(geometry, shapes.Cell) and _interface_film(geometry):
        regions = (*regions, "film")
    return regions, found


def _interface_film(cell: shapes.Cell) -> bool:
    return cell.film is not None and cell.film.model == "interface"


def _balance_faults(file: tables.CaseFile) -> Iterator[Finding]:
    if file.balance is None:
        yield Finding(("geometry",), "", "this key (it is missing); or [balance]")
        return
    given = dict(file)
    for key in (
        "regions",
        "boundaries",
        "interfaces",
        "mechanics",
        "effective",
        "load",
        "calibrate",
    ):
        if given[key]:
            yield Finding((key,), "a table", "no such table in a case without [geometry]")


def _geometry_faults(file: tables.CaseFile, geometry: shapes.Geometry) -> Iterator[Finding]:
    table = file.geometry
    opening = dict(table.opening) if isinstance(table, tables.Cell) else {}
    fraction = opening.get("area_fraction")
    if fraction is not None and isinstance(geometry, shapes.Cell):
        path: KeyPath = ("geometry", "opening", "area_fraction")
        if fraction.number >= 1.0:
            yield Finding(path, as_given(fraction.text), "a fraction below 100 %")
            return
        if shapes.is_half_space(geometry):
            yield Finding(path, as_given(fraction.text), "radius: a half space has no cell area")
            return
    found = faults(geometry)
    found = [fault for fault in found if fault.key == "above"] or found  # the rest follows from it
    given = values(file)
    for fault in found:
        path = ("geometry", *split_key(fault.key))
        if fault.key == "opening" and isinstance(table, tables.Cell):
            allowed = WORD.sub(lambda word: KINDS.get(word.group(), word.group()), fault.expected)
            yield Finding((*path, "kind"), as_given(table.opening.kind), allowed)
            continue
        if fraction is not None and path[1:2] == ("opening",):
            path = ("geometry", "opening", "area_fraction")
        value = given.get(key_path(path))
        yield Finding(path, as_given(value.text) if value else fault.given, fault.expected)
    if isinstance(geometry, shapes.MeshFile) and geometry.cell_area is not None:
        area = table.cell_area if isinstance(table, tables.MeshFile) else None
        wanted: units.Kind = "length" if geometry.dimension == "plane" else "area"
        if area is not None and area.kind != wanted:
            allowed = "the width of the cell, a length (plane)" if wanted == "length" else "an area"
            yield Finding(("geometry", "cell_area"), as_given(area.text), allowed)


def split_key(key: str) -> KeyPath:
    """Splits "above[0].name" of the geometry's faults into its parts."""
    parts: list[str | int] = []
    for part in re.findall(r"[^.\[\]]+", key):
        parts.append(int(part) if part.isdigit() else part)
    return tuple(parts)


def _name_faults(
    file: tables.CaseFile, regions: tuple[str, ...], found: shapes.Names
) -> Iterator[Finding]:
    for name in regions:
        if name not in file.regions:
            allowed = (
                "a law for this region: ionic_conductor, binary_electrolyte, alloy, "
                "mixed_conductor, equipotential or insulator"
            )
            yield Finding(("regions", name), "", allowed)
    tables_and_names = (
        ("regions", file.regions, regions, "region"),
        ("boundaries", file.boundaries, found.boundaries, "boundary"),
        ("interfaces", file.interfaces, found.interfaces, "interface"),
    )
    for key, table, there, word in tables_and_names:
        for name in table:
            if name not in there:
                given = f'law "{table[name].law}"'
                listed = ", ".join(there) or "none"
                article = "an" if word[0] in "aeiou" else "a"
                allowed = f"{article} {word} that the geometry has: {listed}"
                turned = "|".join(reversed(name.split("|")))
                near = turned if turned in there else nearest(name, there)
                yield Finding((key, name), given, allowed, near)


def _law_faults(file: tables.CaseFile, geometry: shapes.Geometry) -> Iterator[Finding]:
    if isinstance(geometry, bodies.Shell) and not (file.mechanics is not None and marches(file)):
        allowed = "another shape: ring and ball are for stress alone, or in a march"
        yield Finding(("geometry", "shape"), as_given(geometry.shape), allowed)
    for name, condition in file.boundaries.items():
        if isinstance(condition, tables.HalfSpace):
            inside = isinstance(geometry, shapes.Cell) and shapes.is_half_space(geometry)
            if name != "far" or not inside:
                allowed = "half_space only on far, of the shapes half_space and half_space_3d"
                yield Finding(("boundaries", name, "law"), '"half_space"', allowed)
        if isinstance(condition, tables.Electrode) and condition.current is not None:
            plane = shapes.dimension(geometry) == "plane"
            wanted: units.Kind = "current_per_length" if plane else "current"
            if condition.current.kind != wanted:
                example = units.DISPLAY[wanted][1]
                allowed = f'{wanted.replace("_", " ")}, as "{example}", in this geometry'
                given = as_given(condition.current.text)
                yield Finding(("boundaries", name, "current"), given, allowed)
        if isinstance(condition, tables.Electrode) and condition.current_density is not None:
            if isinstance(geometry, shapes.Cell) and shapes.is_half_space(geometry):
                given = as_given(condition.current_density.text)
                allowed = "potential or current: a half space has no cell area"
                yield Finding(("boundaries", name, "current_density"), given, allowed)
    if file.regions and all(
        not isinstance(x, tables.IonicConductor | BinaryElectrolyte | MixedConductor)
        for x in file.regions.values()
    ):
        yield Finding(("regions",), "no conductor", "at least one region that is ionic_conductor")
    if isinstance(geometry, shapes.Cell) and _interface_film(geometry):
        yield from _interface_film_faults(file, geometry)


def _interface_film_faults(file: tables.CaseFile, cell: shapes.Cell) -> Iterator[Finding]:
    """A film without thickness in the mesh is either a resistance or an insulator."""
    law = file.regions.get("film")
    path: KeyPath = ("regions", "film", "law")
    if isinstance(law, tables.Equipotential):
        allowed = 'ionic_conductor or insulator, as the film has model = "interface"'
        yield Finding(path, '"equipotential"', allowed)
    if isinstance(law, tables.IonicConductor) and cell.film is not None and not cell.film.thickness:
        yield Finding(path, '"ionic_conductor"', "insulator, or a film thickness above zero")
    if isinstance(law, tables.Insulator) and isinstance(
        file.boundaries.get("film_face"), tables.Electrode
    ):
        allowed = "insulated (or no condition): the film is an insulator"
        yield Finding(("boundaries", "film_face", "law"), '"electrode"', allowed)
    condition = file.interfaces.get("film")
    if law is not None and condition is not None:
        opposed = "insulating" if isinstance(law, tables.IonicConductor) else "resistive"
        if condition.law in (opposed, "bonded"):
            allowed = f"nothing that contradicts the law of region film ({law.law})"
            yield Finding(("interfaces", "film", "law"), f'"{condition.law}"', allowed)


def _drive_faults(file: tables.CaseFile) -> Iterator[Finding]:
    """A current needs two electrodes, a potential to refer to, and something that drives it."""
    electrodes = [b for b in file.boundaries.values() if isinstance(b, tables.Electrode)]
    endless = any(isinstance(b, tables.HalfSpace) for b in file.boundaries.values())
    path: KeyPath = ("boundaries",)
    if len(electrodes) + endless < 2:
        given = f"{len(electrodes)} electrode" + "s" * (len(electrodes) != 1)
        yield Finding(path, given, "two electrodes (or one and a half space) at least")
        return
    potentials = [e.potential.number for e in electrodes if e.potential is not None]
    potentials += [0.0] * endless
    currents = [
        c.number for e in electrodes for c in (e.current, e.current_density) if c is not None
    ]
    if not potentials:
        yield Finding(path, "currents only", "a potential on one electrode, as reference")
    elif len(set(potentials)) == 1 and not any(currents) and not _has_steps(file):
        given = "the same potential everywhere"
        yield Finding(path, given, "two different potentials, or a current other than zero")


def _has_steps(file: tables.CaseFile) -> bool:
    programme = file.programme
    stepped = programme is not None and bool(programme.steps or programme.staircase)
    return stepped or file.impedance is not None


DEFINED = (
    "potential", "current", "current_density", "overpotential", "multiplicity", "length_unit",
    "duration",
)  # fmt: skip


def provenance_faults(file: tables.CaseFile, path: Path) -> Iterator[Finding]:
    """Every physical value must say where it comes from and what it is.

    The role `definition` is for what a problem chooses (a driving potential); in a folder named
    `verification` every value may be one.
    """
    verification = "verification" in path.resolve().parts
    for key, value in values(file).items():
        if not is_physical(key):
            continue
        place: KeyPath = split_table_key(key)
        if value.source is None or value.role is None:
            allowed = 'a table { value = "...", source = "...", role = "..." }'
            yield Finding(place, as_given(value.text), allowed)
        elif value.role == "definition" and not verification and place[-1] not in DEFINED:
            allowed = "role paper, literature, assumed or calibrated"
            yield Finding((*place, "role"), '"definition"', allowed)
