"""2D meshes: the half period of a strip, the half section of a tube or of a half space.

x is the distance from the middle of the opening (the radius in axisymmetry), y is z of the stack.
"""

import math
from dataclasses import dataclass

import gmsh

from meshes.field import Slab, limiting, point_distance, set_sizes
from meshes.geometry import (
    Cell,
    NoOpening,
    Round,
    Slit,
    columns,
    is_half_space,
    levels,
    plane_name,
    region,
    wall_name,
)
from meshes.mesh import Arc, SingularEdge, rim_heights, rim_section
from meshes.sizing import MeshSize


@dataclass(frozen=True)
class Model:
    """What a builder leaves behind besides the current Gmsh model.

    Attributes:
        groups: Gmsh entities (dimension, tag) of each region and facet name.
        areas: plan area of each column of the meshed part, um^2.
        wall: length of the rim in the plan, um.
        outer: length in the plan of the outer faces of each (column, name), um.
        arcs: round things.
        singular_edges: where the current may be singular.
        extruded: thickness of each volume whose cells were extruded and may be flat, um.
    """

    groups: dict[str, list[tuple[int, int]]]
    areas: dict[str, float]
    wall: float
    outer: dict[tuple[str, str], float]
    arcs: tuple[Arc, ...]
    singular_edges: tuple[SingularEdge, ...]
    extruded: dict[int, float]


class Points:
    """Points and lines of the current Gmsh model, each made once."""

    def __init__(self) -> None:
        self.points: dict[tuple[float, float], int] = {}
        self.lines: dict[tuple[int, int], int] = {}

    def point(self, at: tuple[float, float]) -> int:
        """Tag of the point."""
        if at not in self.points:
            self.points[at] = gmsh.model.geo.addPoint(*at, 0.0)
        return self.points[at]

    def line(self, start: tuple[float, float], end: tuple[float, float]) -> int:
        """Tag of the straight line, negative if it was made from the other end."""
        ends = self.point(start), self.point(end)
        if ends[::-1] in self.lines:
            return -self.lines[ends[::-1]]
        if ends not in self.lines:
            self.lines[ends] = gmsh.model.geo.addLine(*ends)
        return self.lines[ends]


def breaks(cell: Cell) -> tuple[float, ...]:
    """X of the axis, of the rim (if there is one), of the side."""
    match cell.opening:
        case Slit(width):
            return (0.0, width / 2.0, cell.width / 2.0)
        case Round(radius):
            return (0.0, radius, cell.width / 2.0)
        case _:
            return (0.0, cell.width / 2.0)


def build_section(cell: Cell, size: MeshSize, omit: tuple[str, ...]) -> Model:
    """Mesh a cell of shape strip, tube or half_space in the current Gmsh model."""
    x = breaks(cell)
    stack = levels(cell)
    heights = [*(level.bottom for level in stack), stack[-1].top]
    made = Points()
    groups: dict[str, list[tuple[int, int]]] = {}

    def spans(index: int) -> list[tuple[float, float, str]]:
        """Pieces (start, end, column) of a plane of the stack."""
        if index in rim_heights(cell):
            return [(x[i], x[i + 1], column) for i, column in enumerate(columns(cell))]
        return [(x[0], x[-1], "covered")]

    def enclose(level: int, start: float, end: float) -> list[int]:
        """Lines around a rectangle of a level, anticlockwise."""
        lower, upper = heights[level], heights[level + 1]
        inside = [
            [(a, b) for a, b, _ in spans(index) if a >= start and b <= end]
            for index in (level, level + 1)
        ]
        return [
            *(made.line((a, lower), (b, lower)) for a, b in inside[0]),
            made.line((end, lower), (end, upper)),
            *(made.line((b, upper), (a, upper)) for a, b in reversed(inside[1])),
            made.line((start, upper), (start, lower)),
        ]

    def group(name: str, line: int) -> None:
        if name:
            groups.setdefault(name, []).append((1, abs(line)))

    for index, level in enumerate(stack):
        whole = not level.split
        pieces = [(x[0], x[-1], "covered")] if whole else spans(index)
        for start, end, column in pieces:
            name = region(level, column, omit)
            if not name:
                continue
            loop = gmsh.model.geo.addCurveLoop(enclose(index, start, end))
            surface = gmsh.model.geo.addPlaneSurface([loop])
            groups.setdefault(name, []).append((2, surface))
            for at, side in ((x[0], "sides"), (x[-1], "far" if is_half_space(cell) else "sides")):
                if at in (start, end):
                    group(side, made.line((at, level.bottom), (at, level.top)))
        name = wall_name(level, omit)
        if name:
            group(name, made.line((x[1], level.bottom), (x[1], level.top)))
    for index, z in enumerate(heights):
        for start, end, column in spans(index):
            lower = region(stack[index - 1], column) if index else ""
            upper = region(stack[index], column) if index < len(stack) else ""
            name = plane_name(cell, lower, upper, column, omit)
            if name:
                group(name, made.line((start, z), (end, z)))

    gmsh.model.geo.synchronize()
    rims = [(x[1], heights[index]) for index in rim_heights(cell)]
    slabs = limiting((Slab(level.bottom, level.top) for level in stack), size.maximum)
    set_sizes(size, [point_distance(*rim) for rim in rims], slabs, "y")
    gmsh.option.setNumber("Mesh.Algorithm", 6)  # frontal: best quality on strongly graded sizes
    gmsh.model.mesh.generate(2)
    return Model(groups, *_plan(cell, x), (), _rims(cell, x, omit), {})


def _plan(
    cell: Cell, x: tuple[float, ...]
) -> tuple[dict[str, float], float, dict[tuple[str, str], float]]:
    """Areas of the columns, length of the rim, lengths of the outer faces."""
    flat = cell.shape == "strip"
    far = "far" if is_half_space(cell) else "sides"
    inner, outer = columns(cell)[0], columns(cell)[-1]
    areas = {
        column: x[i + 1] - x[i] if flat else math.pi * (x[i + 1] ** 2 - x[i] ** 2)
        for i, column in enumerate(columns(cell))
    }
    lengths = {(inner, "sides"): 1.0 if flat else 0.0}  # an axis has no area
    lengths[outer, far] = lengths.get((outer, far), 0.0) + (1.0 if flat else 2.0 * math.pi * x[-1])
    wall = 0.0 if isinstance(cell.opening, NoOpening) else 1.0 if flat else 2.0 * math.pi * x[1]
    return areas, wall, lengths


def _rims(cell: Cell, x: tuple[float, ...], omit: tuple[str, ...]) -> tuple[SingularEdge, ...]:
    """The rims of the opening."""
    stack = levels(cell)
    heights = [*(level.bottom for level in stack), stack[-1].top]
    length = 1.0 if cell.shape == "strip" else 2.0 * math.pi * x[1] if len(x) == 3 else 0.0
    return tuple(
        SingularEdge("point", ((x[1], heights[i]),), length, *rim_section(cell, i, omit))
        for i in rim_heights(cell)
    )
