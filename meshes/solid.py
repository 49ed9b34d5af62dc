"""3D meshes: the symmetry-reduced part of a round, square or hexagonal cell or of a half space.

Levels of the stack are prisms over the plan (`meshes.plan`). Where the two columns of a level are
equal it is one volume. The level of a resolved film is meshed like the rest near the rim; away
from it the triangles of its upper face are extruded, and these tetrahedra may be flat.
"""

import math
from collections.abc import Callable, Sequence
from typing import Literal

import gmsh

from meshes.field import Slab, limiting, positive_part, set_sizes
from meshes.geometry import Cell, Level, is_half_space, levels, plane_name, region, wall_name
from meshes.mesh import Arc, Sector, SingularEdge, merge_sectors, rim_heights, rim_section
from meshes.plan import EXTRUDED, Between, Edge, Plan, Point, column_of, loop_area, make_plan
from meshes.section import Model
from meshes.sizing import MeshSize

Place = tuple[float, float, float]

HXT = 10  # 3D algorithm: parallel Delaunay with optimisation, 10 times faster than the default
DELAUNAY = 5  # 2D algorithm: twice as quick as the frontal one, and as good below tetrahedra
SLIVER = 0.05  # gamma of cells worth another optimisation


class Parts:
    """Points, curves and surfaces of the current Gmsh model, each made once."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.points: dict[Place, int] = {}
        self.curves: dict[tuple[int, int], int] = {}
        self.planes: dict[tuple[float, str], int] = {}
        self.walls: dict[tuple[tuple[Point, Point], float], int] = {}

    def point(self, at: Point, z: float) -> int:
        """Tag of a point."""
        place = (*at, z)
        if place not in self.points:
            self.points[place] = gmsh.model.geo.addPoint(*place)
        return self.points[place]

    def curve(self, edge: Edge, z: float) -> int:
        """Tag of a plan edge at a height, negative if it was made from the other end."""
        ends = self.point(edge.start, z), self.point(edge.end, z)
        if ends[::-1] in self.curves:
            return -self.curves[ends[::-1]]
        if ends not in self.curves:
            if edge.centre is None:
                self.curves[ends] = gmsh.model.geo.addLine(*ends)
            else:
                arc = gmsh.model.geo.addCircleArc(ends[0], self.point(edge.centre, z), ends[1])
                gmsh.model.geo.mesh.setTransfiniteCurve(arc, edge.chords + 1)
                self.curves[ends] = arc
        return self.curves[ends]

    def riser(self, at: Point, bottom: float, top: float) -> int:
        """Tag of the vertical line at a point of the plan, upwards."""
        ends = self.point(at, bottom), self.point(at, top)
        if ends[::-1] in self.curves:
            return -self.curves[ends[::-1]]
        if ends not in self.curves:
            self.curves[ends] = gmsh.model.geo.addLine(*ends)
        return self.curves[ends]

    def plane(self, piece: str, z: float) -> int:
        """Tag of the surface of a piece of the plan, or of the whole plan ("")."""
        if (z, piece) not in self.planes:
            loop = self.plan.pieces[piece] if piece else self.outline()
            curves = gmsh.model.geo.addCurveLoop([self.curve(edge, z) for edge in loop])
            self.planes[z, piece] = gmsh.model.geo.addPlaneSurface([curves])
        return self.planes[z, piece]

    def outline(self) -> tuple[Edge, ...]:
        """Edges of the whole plan between its corners."""
        corners = self.plan.corners
        return tuple(Edge(p, q) for p, q in zip(corners, (*corners[1:], corners[0]), strict=True))

    def wall(
        self, ends: tuple[Point, Point], z: tuple[float, float], edges: Sequence[Sequence[Edge]]
    ) -> int:
        """Tag of a vertical plane surface between two points of the plan.

        Args:
            ends: the two points.
            z: lower and upper height.
            edges: plan edges from the first point to the second along its lower and upper side.
        """
        for known in (ends, ends[::-1]):
            if (known, z[0]) in self.walls:
                return self.walls[known, z[0]]
        loop = [
            *(self.curve(edge, z[0]) for edge in edges[0]),
            self.riser(ends[1], *z),
            *(-self.curve(edge, z[1]) for edge in reversed(edges[1])),
            -self.riser(ends[0], *z),
        ]
        surface: int = gmsh.model.geo.addPlaneSurface([gmsh.model.geo.addCurveLoop(loop)])
        self.walls[ends, z[0]] = surface
        return surface

    def extrude_down(
        self, pieces: Sequence[str], top: float, bottom: float, layers: int
    ) -> dict[str, int]:
        """Extrude the surfaces of pieces by some layers of cells; tags of the volumes.

        The points, curves and surfaces that come into being are entered like all others, so that
        the neighbours use them.
        """
        edges = {
            abs(self.curve(edge, top)): edge for piece in pieces for edge in self.plan.pieces[piece]
        }
        corners = [edge.start for edge in edges.values()] + [edge.end for edge in edges.values()]
        sources = {piece: self.plane(piece, top) for piece in pieces}
        surfaces = [(2, tag) for tag in sources.values()]
        made = gmsh.model.geo.extrude(surfaces, 0.0, 0.0, bottom - top, numElements=[layers])
        gmsh.model.geo.synchronize()
        volumes = [tag for dim, tag in made if dim == 3]
        for (piece, source), volume in zip(sources.items(), volumes, strict=True):
            for tag in _boundary(3, volume):
                curves = _boundary(2, tag)
                source_curves = [curve for curve in curves if curve in edges]
                if len(source_curves) == 1:
                    edge = edges[source_curves[0]]
                    self.walls[(edge.start, edge.end), bottom] = tag
                elif tag != source:
                    self.planes[bottom, piece] = tag
                for curve in curves:
                    ends = _boundary(1, curve)
                    self.curves.setdefault((ends[0], ends[1]), curve)
                    for end in ends:
                        x, y, z = gmsh.model.getValue(0, end, [])
                        if z != top:
                            nearest = min(corners, key=lambda at: math.dist(at, (x, y)))
                            self.points[(*nearest, bottom)] = end
        return dict(zip(pieces, volumes, strict=True))


def _boundary(dim: int, tag: int) -> list[int]:
    """Tags of the entities around one; the ends of a curve from its start."""
    around = gmsh.model.getBoundary([(dim, tag)], combined=False, oriented=False)
    return [entity for _, entity in around]


def build_solid(cell: Cell, size: MeshSize, omit: tuple[str, ...]) -> Model:
    """Mesh a cell of a 3D shape in the current Gmsh model."""
    stack = levels(cell)
    heights = [*(level.bottom for level in stack), stack[-1].top]
    film = next((i for i, level in enumerate(stack) if level.covered == "film"), None)
    between = None if film is None else _between(stack[film], omit)
    plan = make_plan(cell, size, between)
    parts = Parts(plan)
    split = {*rim_heights(cell), *((film, film + 1) if film is not None else ())}
    groups: dict[str, list[tuple[int, int]]] = {}
    extruded: dict[int, float] = {}

    def group(name: str, dim: int, tag: int) -> None:
        if name:
            groups.setdefault(name, []).append((dim, tag))

    for index in sorted(range(len(stack)), key=lambda i: i != film):  # the film first: extrusion
        level = stack[index]
        z = (level.bottom, level.top)
        if index == film:
            there = {piece: region(level, column_of(piece), omit) for piece in plan.pieces}
            flat = [piece for piece, name in there.items() if name and piece in EXTRUDED]
            layers = _cell_layers(stack, index, size)
            volumes = parts.extrude_down(flat, level.top, level.bottom, layers) if flat else {}
            extruded = dict.fromkeys(volumes.values(), level.height / layers)
            for piece, name in there.items():
                if name:
                    loop = plan.pieces[piece]
                    group(name, 3, volumes.get(piece) or _prism(parts, loop, z, piece))
                    for edge in loop:
                        wall = parts.wall((edge.start, edge.end), z, ([edge], [edge]))
                        group(_wall_group(cell, plan, edge, wall_name(level, omit)), 2, wall)
        elif level.covered not in omit:
            group(level.covered, 3, _slab(cell, parts, index, heights, split, group))
    for index, at in enumerate(heights):
        for piece in plan.pieces if index in split else ("",):
            lower = region(stack[index - 1], column_of(piece)) if index else ""
            upper = region(stack[index], column_of(piece)) if index < len(stack) else ""
            name = plane_name(cell, lower, upper, column_of(piece), omit)
            if name:
                group(name, 2, parts.planes[at, piece])
    groups = {name: sorted(set(entities)) for name, entities in groups.items()}

    gmsh.model.geo.synchronize()
    rims = [heights[index] for index in rim_heights(cell)]
    _set_sizes(cell, size, plan, rims, between)
    gmsh.option.setNumber("Mesh.Algorithm", DELAUNAY)
    gmsh.option.setNumber("Mesh.Algorithm3D", HXT)
    gmsh.option.setNumber("Mesh.OptimizeThreshold", 0.2)  # more costs much time and gains little
    gmsh.model.mesh.generate(3)
    _repair([tag for _, tag in gmsh.model.getEntities(3) if tag not in extruded])
    return Model(
        groups=groups,
        areas=_areas(plan),
        wall=sum(edge.length for rim in plan.rims for edge in rim.edges),
        outer=_outer_lengths(cell, plan),
        arcs=_arcs(cell, plan, heights, between is not None),
        singular_edges=_singular_edges(cell, plan, heights, between is not None, omit),
        extruded=extruded,
    )


def _cell_layers(stack: tuple[Level, ...], film: int, size: MeshSize) -> int:
    """Number of layers of extruded cells: one, unless triangles are much finer than the film."""
    neighbours = [
        level.height for level in stack[max(film - 1, 0) : film + 2] if level != stack[film]
    ]
    largest = min(size.maximum, *neighbours)
    return max(1, math.ceil(stack[film].height / (1.5 * largest)))


def _repair(volumes: list[int]) -> None:
    """Optimise volumes with slivers once more, by Gmsh's other optimiser."""
    for volume in volumes:
        cells, _ = gmsh.model.mesh.getElementsByType(4, volume)
        if len(cells) and min(gmsh.model.mesh.getElementQualities(cells, "gamma")) < SLIVER:
            gmsh.model.mesh.optimize("", dimTags=[(3, volume)])


def _set_sizes(
    cell: Cell, size: MeshSize, plan: Plan, rims: list[float], between: Between | None
) -> None:
    """The size law; on walls over chords elements are not much longer than these."""
    slabs = [Slab(level.bottom, level.top) for level in levels(cell) if level.covered != "film"]
    distances = [f"sqrt({rim.distance}+(z-({z!r}))^2)" for rim in plan.rims for z in rims]
    others = []
    if between is not None and rims:
        over, under = positive_part(f"z-({rims[-1]!r})"), positive_part(f"({rims[0]!r})-z")
        if plan.vertical is not None:
            x, y = plan.vertical
            distances.append(f"sqrt((x-({x!r}))^2+(y-({y!r}))^2+({over})^2+({under})^2)")
        for rim in plan.rims:
            if rim.centre is not None and not between.is_flat(size):
                off = f"sqrt({rim.distance}+({over})^2+({under})^2)"
                others.append(f"{rim.max_angle * rim.radius!r}+({size.growth!r})*{off}")
    if plan.wall_angle:
        b = cell.width / 2.0
        others.append(f"{plan.wall_angle * b!r}+({size.growth!r})*abs(({b!r})-sqrt(x^2+y^2))")
    set_sizes(size, distances, limiting(slabs, size.maximum), "z", others)


def _between(level: Level, omit: tuple[str, ...]) -> Between | None:
    """What is meshed in the level of the film."""
    covered, opening = (bool(region(level, column, omit)) for column in ("covered", "opening"))
    return Between(level.height, covered, opening) if covered or opening else None


Group = Callable[[str, int, int], None]


def _prism(parts: Parts, loop: tuple[Edge, ...], z: tuple[float, float], piece: str) -> int:
    """Volume over a piece of the plan."""
    surfaces = [parts.plane(piece, z[0]), parts.plane(piece, z[1])]
    surfaces += [parts.wall((edge.start, edge.end), z, ([edge], [edge])) for edge in loop]
    return int(gmsh.model.geo.addVolume([gmsh.model.geo.addSurfaceLoop(surfaces)]))


def _slab(
    cell: Cell, parts: Parts, index: int, heights: list[float], split: set[int], group: Group
) -> int:
    """Volume of a level whose columns are equal."""
    z = (heights[index], heights[index + 1])
    surfaces = []
    for plane in (index, index + 1):
        pieces = parts.plan.pieces if plane in split else ("",)
        surfaces += [parts.plane(piece, heights[plane]) for piece in pieces]
    for side in parts.outline():
        along = parts.plan.outer_edges(side.start, side.end)
        edges = [along if plane in split else [side] for plane in (index, index + 1)]
        surfaces.append(parts.wall((side.start, side.end), z, edges))
        group(_side_name(cell, side), 2, surfaces[-1])
    return int(gmsh.model.geo.addVolume([gmsh.model.geo.addSurfaceLoop(surfaces)]))


def _side_name(cell: Cell, edge: Edge) -> str:
    """Name of the outer faces over an outer edge of the plan."""
    reach = cell.width / 2.0
    at_reach = any(
        math.isclose(edge.start[i], reach) and math.isclose(edge.end[i], reach) for i in (0, 1)
    )
    return "far" if is_half_space(cell) and at_reach else "sides"


def _wall_group(cell: Cell, plan: Plan, edge: Edge, rim: str) -> str:
    """Name of the vertical faces over an edge of a piece; "" over the seam."""
    owners = [
        column_of(piece)
        for piece, loop in plan.pieces.items()
        if edge in loop or edge.reversed in loop
    ]
    if len(owners) == 1:
        return _side_name(cell, edge)
    return rim if owners[0] != owners[1] else ""


def _areas(plan: Plan) -> dict[str, float]:
    """Area of each column of the plan."""
    out: dict[str, float] = {}
    for piece, loop in plan.pieces.items():
        out[column_of(piece)] = out.get(column_of(piece), 0.0) + loop_area(loop)
    return out


def _outer_lengths(cell: Cell, plan: Plan) -> dict[tuple[str, str], float]:
    """Length of the outer edges of each column, by the name of their faces."""
    out: dict[tuple[str, str], float] = {}
    for piece, loop in plan.pieces.items():
        for edge in loop:
            name = _wall_group(cell, plan, edge, "")
            if name:
                key = column_of(piece), name
                out[key] = out.get(key, 0.0) + edge.length
    return out


def _arcs(cell: Cell, plan: Plan, heights: list[float], has_walls: bool) -> tuple[Arc, ...]:
    """Round things of the plan."""
    rims = [heights[index] for index in rim_heights(cell)]
    out = [
        Arc(
            rim.radius,
            rim.centre,
            rims[0] if has_walls else rims[-1],
            rims[-1],
            "rim",
            rim.max_angle,
        )
        for rim in plan.rims
        if rim.centre is not None
    ]
    if plan.wall_angle:
        out.append(
            Arc(cell.width / 2.0, (0.0, 0.0), heights[0], heights[-1], "wall", plan.wall_angle)
        )
    return tuple(out)


def _singular_edges(
    cell: Cell, plan: Plan, heights: list[float], has_walls: bool, omit: tuple[str, ...]
) -> tuple[SingularEdge, ...]:
    """The rims in their planes, and the edge along z at the corner of an island."""
    out = []
    for index in rim_heights(cell):
        sectors, faces = rim_section(cell, index, omit)
        if len(sectors) == 1:  # nothing is meshed there
            continue
        for rim in plan.rims:
            ends = tuple((*at, heights[index]) for at in (rim.edges[0].start, rim.edges[-1].end))
            kind: Literal["line", "arc"] = "line" if rim.centre is None else "arc"
            length = sum(edge.length for edge in rim.edges)
            out.append(SingularEdge(kind, ends, length, sectors, faces))
    if plan.vertical is not None and has_walls:
        level = next(level for level in levels(cell) if level.split)
        inside, outside = region(level, "covered", omit), region(level, "opening", omit)
        wall = wall_name(level, omit)
        if cell.shape == "square":
            wedges = [Sector(inside, math.pi / 2.0), Sector(outside, 1.5 * math.pi)]
            between = [wall, wall]
        else:  # the corner of a hexagon lies on the symmetry plane
            wedges = [
                Sector(inside, math.pi / 3.0),
                Sector(outside, math.pi / 1.5),
                Sector("", math.pi),
            ]
            between = [wall, "sides" if outside else "", "sides" if inside else ""]
        ends = tuple((*plan.vertical, z) for z in (level.bottom, level.top))
        out.append(SingularEdge("line", ends, level.height, *merge_sectors(wedges, between)))
    return tuple(out)
