"""Geometries of an interlayer between lithium and an electrolyte: the data.

Nothing here meshes or imports Gmsh, so a case can be checked without it. Lengths are micrometres.

A cell is a stack of flat layers along z (y in 2D). z = 0 is the upper face of the film, which is
the plane of its opening. In the plane a cell has one or two columns: `covered` by the film and
`opening`. Each level of the stack has one region per column, "" where nothing is meshed (metal).
From this table of levels and columns follow all names: of regions, boundaries and interfaces.
"""

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from meshes.layers import Block, Box, Layer, Shell
from meshes.micro import Fibres, Micro, Particles, Rods, Rough, Segmented

Shape = Literal["strip", "tube", "round", "square", "hexagon", "half_space", "half_space_3d"]
Dimension = Literal["plane", "axisymmetric", "3d"]
Axis = Literal["x", "y", "z"]

SHAPES: tuple[Shape, ...] = (
    "strip", "tube", "round", "square", "hexagon", "half_space", "half_space_3d",
)  # fmt: skip
HEIGHT_IN_WIDTHS = 2.5  # chosen height of the last layer: the field has decayed to exp(-5 pi)


@dataclass(frozen=True)
class Film:
    """The film on the metal: a resolved layer, or an interface without thickness in the mesh."""

    thickness: float
    model: Literal["layer", "interface"]


@dataclass(frozen=True)
class NoOpening:
    """The film is intact."""


@dataclass(frozen=True)
class Slit:
    """A straight slit of this full width (um) in each period."""

    width: float


@dataclass(frozen=True)
class Round:
    """A round hole of this radius (um)."""

    radius: float


@dataclass(frozen=True)
class Cross:
    """A net of crossing cracks: gaps of this full width (um) between square or hexagonal islands.

    The islands have side (square) or distance of opposite sides (hexagon) `cell width - width`.
    The island is in the middle of the cell, the crack runs along the cell's sides.
    """

    width: float


@dataclass(frozen=True)
class TwoDiscs:
    """Two equal round holes; `distance` of their centres (um)."""

    radius: float
    distance: float


Opening = NoOpening | Slit | Round | Cross | TwoDiscs


@dataclass(frozen=True)
class Cell:
    """A cell of a periodic stack, or a half space; lengths in um.

    Attributes:
        shape: `strip` is 2D plane, `tube` and `half_space` are axisymmetric, the others 3D.
        width: strip: period; tube, round: diameter; square: side; hexagon: distance of opposite
            sides; half_space, half_space_3d: twice the reach of the meshed box.
        film: None for a plain stack.
        opening: the hole in the film.
        filling: what fills the opening of a resolved film: `metal`, flush with the film's upper
            face and not meshed, or `electrolyte`, the region `filling`.
        above: layers from the film upwards.
        below: layers from the film downwards; empty: the film lies on metal.
        resolved_height: meshed part of the last layer above, and at most of the last one below;
            None: the smaller of its thickness and 2.5 widths.
    """

    shape: Shape
    width: float
    film: Film | None
    opening: Opening
    filling: Literal["metal", "electrolyte"]
    above: tuple[Layer, ...]
    below: tuple[Layer, ...]
    resolved_height: float | None


@dataclass(frozen=True)
class MeshFile:
    """A mesh from a file with named regions; `length_unit` is um per unit of the file.

    `multiplicity` is the whole cell over the meshed part, `cell_area` (um^2) that of the whole
    cell. Along the axes in `periodic` opposite sides of the mesh are the same, a period apart. What
    the file must contain is described in `meshes.file`.
    """

    path: str
    dimension: Dimension
    length_unit: float
    multiplicity: float
    cell_area: float | None
    periodic: tuple[Axis, ...] = ()


Geometry = Cell | MeshFile | Block | Box | Shell | Micro


@dataclass(frozen=True)
class Names:
    """Names of a geometry: meshed regions, outer boundaries, interfaces between regions."""

    regions: tuple[str, ...]
    boundaries: tuple[str, ...]
    interfaces: tuple[str, ...]


@dataclass(frozen=True)
class Fault:
    """One reason why a geometry is impossible."""

    key: str
    given: str
    expected: str


@dataclass(frozen=True)
class Level:
    """One level of the stack, from z = `bottom` to `top` (um), with the region of each column."""

    bottom: float
    top: float
    opening: str
    covered: str

    @property
    def split(self) -> bool:
        """Whether the two columns differ here."""
        return self.opening != self.covered

    @property
    def height(self) -> float:
        """Height in um."""
        return self.top - self.bottom


@dataclass(frozen=True)
class Face:
    """A named face between two regions ("" is outside): boundary if one is outside."""

    name: str
    interior: bool
    kind: Literal["plane", "wall", "outer"]
    level: int  # plane: the level above it (one more than the last at the top), else its own level
    column: str  # "opening", "covered"; for walls ""


def dimension(geometry: Geometry) -> Dimension:
    """Dimension of the mesh of a geometry."""
    match geometry:
        case MeshFile(dimension=given):
            return given
        case Block(shape=shape):
            return "plane" if shape == "block" else "axisymmetric"
        case Box():
            return "3d"
        case Shell(shape=shape):
            return "plane" if shape == "ring" else "axisymmetric"
        case (
            Particles(body=body)
            | Fibres(body=body)
            | Rods(body=body)
            | Rough(body=body)
            | Segmented(body=body)
        ):
            return "plane" if body.flat else "3d"
        case Cell(shape="strip"):
            return "plane"
        case Cell(shape="tube" | "half_space"):
            return "axisymmetric"
        case Cell():
            return "3d"


def is_half_space(cell: Cell) -> bool:
    """Whether the cell is a box in a half space."""
    return cell.shape in ("half_space", "half_space_3d")


def multiplicity(cell: Cell) -> float:
    """Whole cell over meshed part (axisymmetric: 1, the measure has 2 pi r)."""
    match cell.shape:
        case "strip":
            return 2.0
        case "tube" | "half_space":
            return 1.0
        case "round" | "square" | "half_space_3d":
            return 4.0
        case "hexagon":
            return 12.0


def cell_area(cell: Cell) -> float:
    """Exact area of the whole cell in the plane (um^2; strip: um^2 per um depth); half space: 0."""
    match cell.shape:
        case "strip":
            return cell.width
        case "tube" | "round":
            return math.pi * cell.width**2 / 4.0
        case "square":
            return cell.width**2
        case "hexagon":
            return math.sqrt(3.0) / 2.0 * cell.width**2
        case "half_space" | "half_space_3d":
            return 0.0


def open_area(cell: Cell) -> float:
    """Exact area of the opening of the whole cell (um^2; strip: per um depth)."""
    match cell.opening:
        case NoOpening():
            return 0.0
        case Slit(width):
            return width * (cell.width if cell.shape == "square" else 1.0)
        case Round(radius):
            return math.pi * radius**2
        case TwoDiscs(radius):
            return 2.0 * math.pi * radius**2
        case Cross(width):
            closed = 1.0 - width / cell.width
            return cell_area(cell) * (1.0 - closed * closed)


def meshed_heights(cell: Cell) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Meshed heights of the layers (above, below), each from the film outwards."""
    above = [layer.thickness for layer in cell.above]
    below = [layer.thickness for layer in cell.below]
    if is_half_space(cell):
        above[-1] = cell.width / 2.0 - sum(above[:-1])
        return tuple(above), tuple(below)
    most = HEIGHT_IN_WIDTHS * cell.width if cell.resolved_height is None else cell.resolved_height
    for heights in (above, below):
        if heights:
            heights[-1] = min(heights[-1], most)
    return tuple(above), tuple(below)


def unmeshed(cell: Cell, omit: Collection[str] = ()) -> dict[str, float]:
    """Thickness (um) left out at the far ends of the stack, by layer name."""
    if is_half_space(cell):
        return {}
    out: dict[str, float] = {}
    for layers, heights in zip((cell.above, cell.below), meshed_heights(cell), strict=True):
        if layers and layers[-1].name not in omit and heights[-1] < layers[-1].thickness:
            out[layers[-1].name] = layers[-1].thickness - heights[-1]
    return out


def levels(cell: Cell) -> tuple[Level, ...]:
    """The levels of the stack from below, nothing omitted."""
    above, below = meshed_heights(cell)
    resolved = cell.film is not None and cell.film.model == "layer"
    thickness = cell.film.thickness if cell.film is not None and resolved else 0.0
    out: list[Level] = []
    z = -thickness
    for layer, height in zip(cell.below, below, strict=True):
        out.insert(0, Level(z - height, z, layer.name, layer.name))
        z -= height
    if resolved:
        inside = "filling" if cell.filling == "electrolyte" else ""
        opening = "film" if isinstance(cell.opening, NoOpening) else inside
        out.append(Level(-thickness, 0.0, opening, "film"))
    z = 0.0
    for layer, height in zip(cell.above, above, strict=True):
        out.append(Level(z, z + height, layer.name, layer.name))
        z += height
    return tuple(out)


def columns(cell: Cell) -> tuple[str, ...]:
    """Columns of the cell in the plane, from the origin outwards."""
    match cell.opening:
        case NoOpening():
            return ("covered",)
        case Cross():
            return ("covered", "opening")
        case _:
            return ("opening", "covered")


def region(level: Level, column: str, omit: Collection[str] = ()) -> str:
    """Meshed region of a column in a level, "" if there is none."""
    name = level.opening if column == "opening" else level.covered
    return "" if name in omit else name


def plane_name(cell: Cell, lower: str, upper: str, column: str, omit: Collection[str]) -> str:
    """Name of the horizontal face between two regions ("" is outside); "" if it has none.

    Args:
        cell: the cell.
        lower: region below the face before omission.
        upper: region above it before omission.
        column: column of the face.
        omit: regions that are not meshed.
    """
    gone = [name for name in (lower, upper) if name and name not in omit]
    if not gone or lower == upper:
        return ""
    if not upper:
        return "far" if is_half_space(cell) else "top"
    if not lower:
        if cell.film is None or cell.below:
            return "bottom"
        return "window" if column == "opening" else "film_face"
    if cell.film is not None and cell.film.model == "interface":
        if cell.below and (lower, upper) == (cell.below[0].name, cell.above[0].name):
            covered = "film" if len(gone) == 2 else "film_face"
            return "window" if column == "opening" else covered
    return interface_name(lower, upper, omit)


def interface_name(first: str, second: str, omit: Collection[str]) -> str:
    """Name of the face between two regions of which at most one is omitted."""
    for name in (first, second):
        if name in omit:
            return f"{name}_surface"
    return f"{first}|{second}"


def wall_name(level: Level, omit: Collection[str]) -> str:
    """Name of the vertical face between the columns of a level; "" if it has none."""
    present = [name for name in (level.covered, level.opening) if name and name not in omit]
    if not present or not level.split:
        return ""
    if not level.opening:
        return "film_wall"
    return interface_name(level.covered, level.opening, omit)


def faces(cell: Cell, omit: Collection[str] = ()) -> Iterator[Face]:
    """All named faces of the meshed cell; outer faces of half spaces count as `far`."""
    stack = levels(cell)
    for index in range(len(stack) + 1):
        for column in columns(cell):
            lower = region(stack[index - 1], column) if index else ""
            upper = region(stack[index], column) if index < len(stack) else ""
            name = plane_name(cell, lower, upper, column, omit)
            if name:
                interior = all(side and side not in omit for side in (lower, upper))
                yield Face(name, interior, "plane", index, column)
    for index, level in enumerate(stack):
        name = wall_name(level, omit) if len(columns(cell)) == 2 else ""
        if name:
            interior = all(side and side not in omit for side in (level.opening, level.covered))
            yield Face(name, interior, "wall", index, "")
        for column in columns(cell):
            if region(level, column, omit):
                yield Face("sides", False, "outer", index, column)
                if is_half_space(cell):
                    yield Face("far", False, "outer", index, column)
