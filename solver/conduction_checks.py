"""Cases in which no current can flow, or not the one that is meant: told before anything is meshed.

The cell is a grid of levels and columns (see `meshes.geometry`). Fields of it that conduct are
joined through what they share, unless an interface between them insulates.
"""

from collections.abc import Iterator
from itertools import combinations

from meshes import geometry as shapes
from solver import tables
from solver.faults import Finding, as_given

Place = tuple[int, str]  # level and column


def conduction_faults(
    file: tables.CaseFile, geometry: shapes.Geometry, boundaries: tuple[str, ...]
) -> Iterator[Finding]:
    """What is wrong with where the current comes from and goes to.

    Args:
        file: The tables; every name in them is one of the geometry.
        geometry: In working units, without faults.
        boundaries: Names of the outer faces, regions without field left out.
    """
    unsaid = [*_filling_faults(file), *_metal_faults(file, boundaries)]
    yield from unsaid
    if unsaid or not isinstance(geometry, shapes.Cell):
        return
    sides = file.boundaries.get("sides")
    if isinstance(sides, tables.Electrode):
        allowed = "insulated (or no condition): these are planes of symmetry"
        yield Finding(("boundaries", "sides", "law"), '"electrode"', allowed)
        return
    yield from _contact_faults(file, geometry, boundaries)
    yield from _touching_faults(file, geometry)
    yield from _path_faults(file, geometry)


def _without_field(file: tables.CaseFile) -> list[str]:
    gone = (tables.Equipotential, tables.Insulator)
    return [name for name, law in file.regions.items() if isinstance(law, gone)]


def _filling_faults(file: tables.CaseFile) -> Iterator[Finding]:
    """What fills an opening that is not there."""
    cell = file.geometry
    if isinstance(cell, tables.Cell) and cell.filling is not None:
        layer = cell.film is not None and cell.film.model == "layer"
        if not layer or cell.opening.kind == "none":
            allowed = "no filling without an opening in a film that is a layer"
            yield Finding(("geometry", "filling"), as_given(cell.filling), allowed)


def _metal_faults(file: tables.CaseFile, boundaries: tuple[str, ...]) -> Iterator[Finding]:
    """A metal is an electrode: its surface needs a condition."""
    for name, law in file.regions.items():
        surface = f"{name}_surface"
        if isinstance(law, tables.Equipotential) and surface in boundaries:
            if surface not in file.boundaries:
                allowed = (
                    f"a condition on the surface of the metal {name}: an electrode with a "
                    'potential, or with current = "0 A" if it floats'
                )
                yield Finding(("boundaries", surface), "", allowed)


def _contact_faults(
    file: tables.CaseFile, cell: shapes.Cell, boundaries: tuple[str, ...]
) -> Iterator[Finding]:
    """A film that conducts lies on lithium: silence would leave that contact out."""
    if not isinstance(file.regions.get("film"), tables.IonicConductor):
        return
    metal_beside = cell.filling == "metal" and not isinstance(cell.opening, shapes.NoOpening)
    for name in ("film_face", *(("film_wall",) if metal_beside else ())):
        if name in boundaries and name not in file.boundaries:
            allowed = (
                "a condition where the film that conducts meets the metal: electrode; or insulated"
            )
            yield Finding(("boundaries", name), "", allowed)


# --- electrodes that touch ------------------------------------------------------------------------


def _touching_faults(file: tables.CaseFile, cell: shapes.Cell) -> Iterator[Finding]:
    """Ideal contacts that share an edge are one metal: they can't be at two potentials."""
    ideal = {
        name: contact.potential
        for name, contact in file.boundaries.items()
        if isinstance(contact, tables.Electrode) and contact.potential is not None
        and not (contact.area_specific_resistance and contact.area_specific_resistance.number)
        and not _has_film_resistance(file, cell, name)
    }  # fmt: skip
    touching = _touching(cell, _without_field(file))
    told: set[str] = set()
    for one, other in combinations(sorted(ideal), 2):
        differ = ideal[one].number != ideal[other].number
        if (one, other) in touching and differ and not told & {one, other}:
            told |= {one, other}
            given = as_given(ideal[other].text)
            allowed = (
                f"the potential of {one} ({ideal[one].text}), which it touches; or a contact "
                "resistance on one of them"
            )
            yield Finding(("boundaries", other, "potential"), given, allowed)


def _has_film_resistance(file: tables.CaseFile, cell: shapes.Cell, name: str) -> bool:
    thin = cell.film is not None and cell.film.model == "interface" and cell.film.thickness > 0.0
    conducts = isinstance(file.regions.get("film"), tables.IonicConductor)
    return thin and conducts and name == "film_face"


def _touching(cell: shapes.Cell, omit: list[str]) -> set[tuple[str, str]]:
    """Pairs of faces (in the order of their names) that meet at the rim of the opening."""
    found: set[tuple[str, str]] = set()
    planes: dict[int, set[str]] = {}
    for face in shapes.faces(cell, omit):
        if face.kind == "plane":
            planes.setdefault(face.level, set()).add(face.name)
        elif face.kind == "wall":
            for plane in (face.level, face.level + 1):
                planes.setdefault(plane, set()).add(face.name)
    if len(shapes.columns(cell)) == 2:
        for names in planes.values():
            found |= set(combinations(sorted(names), 2))
    return found


# --- a path for the current -----------------------------------------------------------------------


def _path_faults(file: tables.CaseFile, cell: shapes.Cell) -> Iterator[Finding]:
    """Two electrodes at least must be joined by what conducts."""
    joined = _joined(file, cell)
    omit = _without_field(file)
    members: dict[Place, set[str]] = {}
    for face in shapes.faces(cell, omit):
        condition = file.boundaries.get(face.name)
        contact = isinstance(condition, tables.Electrode | tables.HalfSpace)
        if face.interior or not contact or _is_blocked(file, cell, face.name):
            continue
        for place in _beside(cell, face, omit):
            members.setdefault(joined[place], set()).add(face.name)
    if any(len(names) > 1 for names in members.values()):
        return
    there = sorted({name for names in members.values() for name in names})
    if len(there) > 1:
        allowed = "a conductor that joins two of them: insulating layers or interfaces lie between"
        yield Finding(("boundaries",), f"electrodes {', '.join(there)}", allowed)


def _is_blocked(file: tables.CaseFile, cell: shapes.Cell, name: str) -> bool:
    """Whether an insulating film without thickness in the mesh covers the face."""
    thin = cell.film is not None and cell.film.model == "interface"
    insulates = isinstance(file.regions.get("film"), tables.Insulator)
    return thin and insulates and name == "film_face"


def _beside(cell: shapes.Cell, face: shapes.Face, omit: list[str]) -> list[Place]:
    """The meshed fields of the grid next to a face."""
    stack = shapes.levels(cell)
    if face.kind == "plane":
        places = [(face.level - 1, face.column), (face.level, face.column)]
    elif face.kind == "wall":
        places = [(face.level, column) for column in shapes.columns(cell)]
    else:
        places = [(face.level, face.column)]
    return [
        (level, column)
        for level, column in places
        if 0 <= level < len(stack) and shapes.region(stack[level], column, omit)
    ]


def _joined(file: tables.CaseFile, cell: shapes.Cell) -> dict[Place, Place]:
    """For every meshed field of the grid one that stands for all that it is joined to."""
    omit = _without_field(file)
    stack, columns = shapes.levels(cell), shapes.columns(cell)
    root: dict[Place, Place] = {
        (level, column): (level, column)
        for level in range(len(stack))
        for column in columns
        if shapes.region(stack[level], column, omit)
    }

    def find(place: Place) -> Place:
        while root[place] != place:
            place = root[place]
        return place

    blocked = {
        (face.kind, face.level, face.column)
        for face in shapes.faces(cell, omit)
        if face.interior and _insulates(file, cell, face.name)
    }
    for level, column in list(root):
        for other in columns:
            if other != column and (level, other) in root and ("wall", level, "") not in blocked:
                root[find((level, column))] = find((level, other))
        above = (level + 1, column)
        if above in root and ("plane", level + 1, column) not in blocked:
            root[find((level, column))] = find(above)
    return {place: find(place) for place in root}


def _insulates(file: tables.CaseFile, cell: shapes.Cell, name: str) -> bool:
    """Whether an interface lets no current through."""
    if isinstance(file.interfaces.get(name), tables.Insulating):
        return True
    thin = cell.film is not None and cell.film.model == "interface"
    return thin and name == "film" and isinstance(file.regions.get("film"), tables.Insulator)
