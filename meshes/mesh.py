"""What a built mesh is, and how it is written beside its `.msh` file."""

import dataclasses
import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from meshes.geometry import Cell, Dimension, NoOpening, levels, plane_name, region, wall_name


class MeshError(RuntimeError):
    """A mesh could not be built, or is not what was asked for."""


class SliverError(MeshError):
    """A mesh has cells below the quality bound; with slightly other sizes it may not."""


@dataclass(frozen=True)
class Arc:
    """A vertical cylinder (part) meshed by chords with vertices on the circle (inscribed).

    Attributes:
        radius: in um.
        centre: in the plane, um.
        z_min: lower end, um.
        z_max: upper end; equal to the lower one for the rim of an opening without thickness.
        role: `rim` of an opening or outer `wall` of the round shape.
        max_angle: largest angle of a chord seen from the centre, rad.
    """

    radius: float
    centre: tuple[float, float]
    z_min: float
    z_max: float
    role: Literal["rim", "wall"]
    max_angle: float


@dataclass(frozen=True)
class Sector:
    """A wedge at a singular edge: its region ("" is outside the mesh) and its angle in rad."""

    region: str
    angle: float


@dataclass(frozen=True)
class SingularEdge:
    """An edge at which the current may be singular, with the cross section of the mesh there.

    Attributes:
        kind: `point` in 2D, `line` or `arc` in 3D.
        points: 2D: the point. line: its ends. arc: its ends. Coordinates in um.
        length: um; 1 for a plane section (per um depth), 2 pi r in axisymmetry; in 3D that of the
            meshed part.
        sectors: around the edge, anticlockwise in the plane (towards the covered side, up) for the
            rims; all angles add up to 2 pi.
        faces: names of the faces: `faces[i]` lies between `sectors[i]` and the next one, the last
            between the last sector and the first.
    """

    kind: Literal["point", "line", "arc"]
    points: tuple[tuple[float, ...], ...]
    length: float
    sectors: tuple[Sector, ...]
    faces: tuple[str, ...]


@dataclass(frozen=True)
class Measure:
    """Volume of a region or area of a facet group: of the mesh and as it must be.

    In um^3 and um^2 of the meshed part; plane: um^2 and um (per um depth); axisymmetric: of the
    whole body of revolution. `exact` is that of the chord polygons where something is round, that
    of the features as they were placed in a microstructure, and None where it is not known.
    """

    name: str
    computed: float
    exact: float | None


@dataclass(frozen=True)
class MeshReport:
    """Size and quality of a mesh; quality is Gmsh's gamma (1 is equilateral, 0 is flat).

    Attributes:
        cells: number of cells.
        nodes: number of nodes.
        regions: volume of each region.
        facets: area of each facet group.
        min_quality: worst cell outside extruded films.
        mean_quality: mean over the same cells.
        quality_bound: smallest allowed quality.
        below_bound: number of cells below it.
        min_film_quality: worst cell of an extruded film, 1 if there is none; such cells are flat
            on purpose, their bound follows from their shape.
        seconds: time of building.
    """

    cells: int
    nodes: int
    regions: tuple[Measure, ...]
    facets: tuple[Measure, ...]
    min_quality: float
    mean_quality: float
    quality_bound: float
    below_bound: int
    min_film_quality: float
    seconds: float


@dataclass(frozen=True)
class Made:
    """Features that were placed in a microstructure, before it is meshed.

    Attributes:
        count: how many.
        pieces: of how many pieces they are; None where they may cross or touch.
        gap: least distance of two that are apart, um; None where there is none.
        diameter: mean of their diameters, um.
        deviation: its standard deviation, um.
        asked_diameter: mean asked for, um; None where it follows from something else.
        asked_deviation: standard deviation asked for, um.
        percolates: whether they have to reach from the bottom to the top; None: it is open.
    """

    count: int
    pieces: int | None
    gap: float | None
    diameter: float
    deviation: float
    asked_diameter: float | None
    asked_deviation: float | None
    percolates: bool | None


@dataclass(frozen=True)
class Part:
    """What a region of a microstructure has in the mesh.

    Attributes:
        name: of the region.
        volume: um^3; in a plane section um^2.
        fraction: of the cell.
        asked: the fraction asked for; None where nothing was.
        islands: pieces that no facet connects, periodic sides counted as connected.
        percolates: whether one piece reaches from the bottom to the top of the layers with
            features; where these are images of each other, whether one comes back to itself a
            period higher.
        feature: whether it is one, not a layer around them.
        made: what was placed of it; None for what is not placed one by one.
    """

    name: str
    volume: float
    fraction: float
    asked: float | None
    islands: int
    percolates: bool
    feature: bool = True
    made: Made | None = None


@dataclass(frozen=True)
class BuiltMesh:
    """A mesh on disk, with names.

    Attributes:
        path: the `.msh` (4.1) file with physical groups.
        dimension: plane, axisymmetric (x = r, y = z) or 3d.
        regions: physical tag of each region.
        facets: physical tag of each boundary and interface; all tags differ.
        boundaries: names of outer facet groups.
        interfaces: names of inner facet groups.
        multiplicity: whole cell over meshed part.
        cell_area: exact area of the whole cell in the plane, um^2; half space: 0.
        open_area: exact area of the opening of the whole cell, um^2.
        unmeshed: thickness (um) left out at the far ends, by layer.
        arcs: round things meshed by chords.
        singular_edges: where the current may be singular.
        report: sizes and qualities.
        periods: um along every axis; 0 where the mesh is not periodic; empty: nowhere. Opposite
            faces of a period carry the same facets.
        parts: regions of a microstructure, also those left out.
        method: how a microstructure was meshed.
        roundness: factors of `meshes.roundness`; infinite where nothing is known, empty where the
            mesh is the body that is meant.
        joined: whether a piece of the mesh of a microstructure reaches from the bottom to the top.
        across: areas between regions of a microstructure that meet across periodic sides, by
            interface, um^2 (plane: um): no facets of the mesh, which end there.
    """

    path: Path
    dimension: Dimension
    regions: dict[str, int]
    facets: dict[str, int]
    boundaries: tuple[str, ...]
    interfaces: tuple[str, ...]
    multiplicity: float
    cell_area: float
    open_area: float
    unmeshed: dict[str, float]
    arcs: tuple[Arc, ...]
    singular_edges: tuple[SingularEdge, ...]
    report: MeshReport
    periods: tuple[float, ...] = ()
    parts: tuple[Part, ...] = ()
    method: str = ""
    roundness: tuple[float, ...] = ()
    joined: bool = True
    across: dict[str, float] = field(default_factory=dict)


def to_json(built: BuiltMesh) -> str:
    """The mesh's data as JSON, without the folder of its file."""
    return json.dumps(dataclasses.asdict(built) | {"path": built.path.name}, indent=1)


def from_json(text: str, folder: Path) -> BuiltMesh:
    """Inverse of `to_json` for a file in a folder; KeyError, TypeError, ValueError on nonsense."""
    data: dict[str, Any] = json.loads(text)
    report = data["report"]
    for key in ("regions", "facets"):
        report[key] = tuple(Measure(**measure) for measure in report[key])
    edges = tuple(
        SingularEdge(
            kind=edge["kind"],
            points=tuple(tuple(point) for point in edge["points"]),
            length=edge["length"],
            sectors=tuple(Sector(**sector) for sector in edge["sectors"]),
            faces=tuple(edge["faces"]),
        )
        for edge in data["singular_edges"]
    )
    arcs = tuple(Arc(**arc | {"centre": tuple(arc["centre"])}) for arc in data["arcs"])
    changed = {
        "path": folder / data["path"],
        "boundaries": tuple(data["boundaries"]),
        "interfaces": tuple(data["interfaces"]),
        "arcs": arcs,
        "singular_edges": edges,
        "report": MeshReport(**report),
        "periods": tuple(data.get("periods", ())),
        "parts": tuple(_part(part) for part in data.get("parts", ())),
        "roundness": tuple(data.get("roundness", ())),
    }
    return BuiltMesh(**data | changed)


def _part(data: dict[str, Any]) -> Part:
    made = data.get("made")
    return Part(**data | {"made": None if made is None else Made(**made)})


def rim_heights(cell: Cell) -> tuple[int, ...]:
    """Indices of the planes (the level above each) in which the opening has a rim."""
    if isinstance(cell.opening, NoOpening):
        return ()
    stack = levels(cell)
    out = []
    for index in range(len(stack) + 1):
        around = stack[max(index - 1, 0) : index + 1]
        if any(level.split for level in around) or plane_is_split(cell, index):
            out.append(index)
    return tuple(out)


def plane_is_split(cell: Cell, index: int) -> bool:
    """Whether a plane of the stack has different names in the two columns."""
    return _plane(cell, index, "opening", ()) != _plane(cell, index, "covered", ())


def _plane(cell: Cell, index: int, column: str, omit: tuple[str, ...]) -> str:
    stack = levels(cell)
    lower = region(stack[index - 1], column) if index else ""
    upper = region(stack[index], column) if index < len(stack) else ""
    return plane_name(cell, lower, upper, column, omit)


def rim_section(
    cell: Cell, index: int, omit: tuple[str, ...]
) -> tuple[tuple[Sector, ...], tuple[str, ...]]:
    """Sectors and faces around the rim in a plane of the stack.

    The quadrants, anticlockwise, are upper covered, upper opening, lower opening, lower covered.
    """
    stack = levels(cell)
    upper = stack[index] if index < len(stack) else None
    lower = stack[index - 1] if index else None
    regions = [
        region(upper, "covered", omit) if upper else "",
        region(upper, "opening", omit) if upper else "",
        region(lower, "opening", omit) if lower else "",
        region(lower, "covered", omit) if lower else "",
    ]
    between = [
        wall_name(upper, omit) if upper else "",
        _plane(cell, index, "opening", omit),
        wall_name(lower, omit) if lower else "",
        _plane(cell, index, "covered", omit),
    ]
    return merge_sectors([Sector(name, math.pi / 2.0) for name in regions], between)


def merge_sectors(
    sectors: list[Sector], between: list[str]
) -> tuple[tuple[Sector, ...], tuple[str, ...]]:
    """Join neighbours of one region without a named face between them, around the circle."""
    count = len(sectors)
    starts = [
        i for i in range(count) if between[i - 1] or sectors[i - 1].region != sectors[i].region
    ]
    if not starts:
        return (Sector(sectors[0].region, 2.0 * math.pi),), ("",)
    out: list[Sector] = []
    names: list[str] = []
    for start, following in zip(starts, [*starts[1:], starts[0] + count], strict=True):
        angle = sum(sectors[i % count].angle for i in range(start, following))
        out.append(Sector(sectors[start].region, angle))
        names.append(between[(following - 1) % count])
    return tuple(out), tuple(names)
