"""The plan (view along z) of the symmetry-reduced part of a 3D cell; no Gmsh.

The plan is cut by the rim of the opening. Where there is something between the two faces of a
resolved film, seams at some distance from the rim cut it further: beyond them the film and what
fills its opening are thin compared with their triangles, and are extruded from these. So there
are up to four pieces: `core` and `opening` in the opening, `near` and `plate` under the film; core
and plate are extruded. If the elements at the rim are larger than half the thickness, all is.

Round lines: rims without tetrahedra at their wall are arcs with as many chords as elements. Other
circles are polygons of fewer straight edges, so that the walls on them are plane.
"""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

from meshes.geometry import Cell, Cross, NoOpening, Round, Slit, TwoDiscs
from meshes.sizing import MeshSize, feature

Point = tuple[float, float]

LEAST_CHORDS = 8  # per quarter of a circle
TAN30 = 1.0 / math.sqrt(3.0)


@dataclass(frozen=True)
class Edge:
    """A straight edge, or an arc of at most a quarter of a circle about `centre`, with `chords`."""

    start: Point
    end: Point
    centre: Point | None = None
    chords: int = 0  # 0: as the size law has it

    @property
    def reversed(self) -> "Edge":
        """The same edge from its other end."""
        return Edge(self.end, self.start, self.centre, self.chords)

    @property
    def length(self) -> float:
        """Length of the edge or of its chords."""
        if self.centre is None:
            return math.dist(self.start, self.end)
        angle = self.angle / self.chords
        return 2.0 * math.dist(self.start, self.centre) * math.sin(angle / 2.0) * self.chords

    @property
    def angle(self) -> float:
        """Angle of an arc seen from its centre, rad."""
        if self.centre is None:
            return 0.0
        a = math.atan2(self.start[1] - self.centre[1], self.start[0] - self.centre[0])
        b = math.atan2(self.end[1] - self.centre[1], self.end[0] - self.centre[0])
        return abs(b - a)

    @property
    def segment_area(self) -> float:
        """Area between the chord polygon of an arc and the line of its ends, um^2."""
        if self.centre is None:
            return 0.0
        radius = math.dist(self.start, self.centre)
        polygon = self.chords * math.sin(self.angle / self.chords) - math.sin(self.angle)
        return 0.5 * radius**2 * polygon


@dataclass(frozen=True)
class Rim:
    """A part of the rim: straight, or about a `centre` with this `radius`."""

    edges: tuple[Edge, ...]
    centre: Point | None
    radius: float
    max_angle: float
    distance: str  # squared distance in the plan, as an expression for Gmsh


@dataclass(frozen=True)
class Plan:
    """The plan of a cell.

    Attributes:
        pieces: closed loops of edges, anticlockwise, by the name of the piece.
        corners: corners of the whole plan, anticlockwise.
        rims: parts of the rim of the opening.
        wall_angle: angle of the chords of a round outer wall, 0 if it is not round.
        vertical: corner of the rim, from which an edge runs along z, if there is one.
    """

    pieces: dict[str, tuple[Edge, ...]]
    corners: tuple[Point, ...]
    rims: tuple[Rim, ...]
    wall_angle: float
    vertical: Point | None

    def outer_edges(self, start: Point, end: Point) -> list[Edge]:
        """Edges of the pieces along the side between two corners, in order."""
        used = {(edge.start, edge.end) for loop in self.pieces.values() for edge in loop}
        length = math.dist(start, end)
        along = ((end[0] - start[0]) / length, (end[1] - start[1]) / length)

        def position(at: Point) -> tuple[float, float]:
            dx, dy = at[0] - start[0], at[1] - start[1]
            return dx * along[0] + dy * along[1], dx * along[1] - dy * along[0]

        found = []
        for loop in self.pieces.values():
            for edge in loop:
                if edge.centre is None and (edge.end, edge.start) not in used:
                    ends = position(edge.start), position(edge.end)
                    off = max(abs(across) for _, across in ends)
                    inside = all(-1e-9 < s / length < 1.0 + 1e-9 for s, _ in ends)
                    if off < 1e-9 * length and inside:
                        found.append((ends[0][0], edge))
        return [edge for _, edge in sorted(found, key=lambda item: item[0])]


@dataclass(frozen=True)
class Between:
    """What is meshed between the two faces of a resolved film.

    Attributes:
        thickness: distance of the faces, um.
        covered: whether the film is meshed.
        opening: whether the filling of the opening is meshed.
    """

    thickness: float
    covered: bool
    opening: bool

    def is_flat(self, size: MeshSize) -> bool:
        """Whether elements at the rim are so large that all is extruded."""
        return size.edge > self.thickness / 2.0


EXTRUDED = ("core", "plate")


def column_of(piece: str) -> str:
    """The column (opening or covered) that a piece of the plan belongs to."""
    return "opening" if piece in ("core", "opening") else "covered"


def loop_area(loop: tuple[Edge, ...]) -> float:
    """Area inside a loop of edges, arcs as their chord polygons (anticlockwise: positive)."""
    area = 0.0
    for edge in loop:
        (x0, y0), (x1, y1) = edge.start, edge.end
        area += (x0 * y1 - x1 * y0) / 2.0
        if edge.centre is not None:
            (cx, cy) = edge.centre
            turn = (x0 - cx) * (y1 - cy) - (x1 - cx) * (y0 - cy)
            area += math.copysign(edge.segment_area, turn)
    return area


def make_plan(cell: Cell, size: MeshSize, between: Between | None) -> Plan:
    """The plan of a 3D cell.

    Args:
        cell: a cell of a 3D shape.
        size: element sizes; they decide the number of chords and the distance of the seams.
        between: what is meshed in the level of the film; None if nothing is.
    """
    b = cell.width / 2.0
    wall_angle = 0.0
    far: tuple[Point, ...]
    match cell.shape:
        case "round":
            chords = _chords(math.pi / 2.0, math.sqrt(size.edge / feature(cell)))
            wall_angle = math.pi / 2.0 / chords
            far = _circle((0.0, 0.0), b, 0.0, math.pi / 2.0, chords)
        case "hexagon":
            far = ((b, 0.0), (b, b * TAN30))
        case _:
            far = ((b, 0.0), (b, b), (0.0, b))
    corners = ((0.0, 0.0), *far)
    if isinstance(cell.opening, NoOpening):
        return Plan({"plate": _path((*corners, corners[0]))}, corners, (), wall_angle, None)

    walled = between is not None and not between.is_flat(size)
    family = _family(cell, size, walled, far)
    rim = family.curve(0.0)
    kinds = _pieces(cell, size, between, family)
    lines = [family.curve(offset) for _, offset in kinds[:-1]]
    first, last = lines[0], lines[-1]
    loops = [(*first, *_path((first[-1].end, *family.inner, first[0].start)))]
    for inside, outside in itertools.pairwise(lines):
        start = Edge(inside[0].start, outside[0].start)
        end = Edge(outside[-1].end, inside[-1].end)
        loops.append((start, *outside, end, *_backwards(inside)))
    loops.append((*_path((last[0].start, *family.outer, last[-1].end)), *_backwards(last)))
    pieces = {name: loop for (name, _), loop in zip(kinds, loops, strict=True)}
    return Plan(pieces, corners, _rims(cell, rim), wall_angle, _corner(cell))


def _pieces(
    cell: Cell, size: MeshSize, between: Between | None, family: "Family"
) -> list[tuple[str, float]]:
    """The pieces from inside with the distance of their outer line from the rim.

    A seam lies where the elements are half as large as the film is thick, so that there are
    always nodes inside it between the seams; without them tetrahedra of no height come about.
    """
    names, seams = ["opening", "near"], [math.inf, math.inf]
    if between is not None and between.is_flat(size):
        names = ["core", "plate"]
    elif between is not None:
        half = between.thickness / 2.0
        seam = max((half - size.edge) / size.growth, half)
        present = (between.opening, between.covered)
        rooms = [family.inner_room, family.outer_room]
        if isinstance(cell.opening, Cross):
            rooms.reverse()
        seams = [
            seam if there and room - seam > between.thickness else math.inf
            for there, room in zip(present, rooms, strict=True)
        ]
    inside, outside = (1, 0) if isinstance(cell.opening, Cross) else (0, 1)
    out = [(names[inside], 0.0)]
    if math.isfinite(seams[inside]):
        out.insert(0, (EXTRUDED[inside], -seams[inside]))
    if math.isfinite(seams[outside]):
        out += [(names[outside], seams[outside]), (EXTRUDED[outside], 0.0)]
    else:
        out.append((names[outside], 0.0))
    return out


def _chords(angle: float, most: float) -> int:
    """Number of equal chords of an arc, each with at most this angle."""
    return max(math.ceil(angle / most), math.ceil(LEAST_CHORDS * angle / (math.pi / 2.0)))


def _circle(centre: Point, radius: float, start: float, end: float, n: int) -> tuple[Point, ...]:
    """Points on a circle; those on the axes through the centre have exact coordinates."""
    out = []
    for i in range(n + 1):
        angle = start + (end - start) * i / n
        c, s = math.cos(angle), math.sin(angle)
        c, s = (0.0 if abs(c) < 1e-15 else c), (0.0 if abs(s) < 1e-15 else s)
        out.append((centre[0] + radius * c, centre[1] + radius * s))
    return tuple(out)


def _path(points: tuple[Point, ...]) -> tuple[Edge, ...]:
    """Straight edges from point to point."""
    return tuple(Edge(p, q) for p, q in itertools.pairwise(points))


def _backwards(edges: tuple[Edge, ...]) -> tuple[Edge, ...]:
    return tuple(edge.reversed for edge in reversed(edges))


@dataclass(frozen=True)
class Family:
    """Lines parallel to the rim, and how they are closed to loops.

    Attributes:
        curve: the line at a signed distance from the rim (outwards), anticlockwise about the
            inner piece.
        inner: corners from its end back to its start on the inner side.
        outer: corners from its start to its end on the outer side.
        inner_room: room for lines inside the rim.
        outer_room: room outside it.
    """

    curve: Callable[[float], tuple[Edge, ...]]
    inner: tuple[Point, ...]
    outer: tuple[Point, ...]
    inner_room: float
    outer_room: float


def _family(cell: Cell, size: MeshSize, walled: bool, far: tuple[Point, ...]) -> Family:
    """The lines parallel to the rim of a cell whose outer corners are `far`."""
    b = cell.width / 2.0
    origin = (0.0, 0.0)
    match cell.opening:
        case Slit(width):

            def straight(offset: float) -> tuple[Edge, ...]:
                x = width / 2.0 + offset
                return (Edge((x, 0.0), (x, b)),)

            return Family(straight, ((0.0, b), origin), far[:2], width / 2.0, b - width / 2.0)
        case Cross(width):
            c = b - width / 2.0

            def island(offset: float) -> tuple[Edge, ...]:
                at = c + offset
                if cell.shape == "hexagon":
                    return (Edge((at, 0.0), (at, at * TAN30)),)
                return _path(((at, 0.0), (at, at), (0.0, at)))

            return Family(island, (origin,), far, c, width / 2.0)
        case Round(radius):
            end = math.pi / 6.0 if cell.shape == "hexagon" else math.pi / 2.0
            most = _rim_angle(cell, size, radius, walled)

            def circle(offset: float) -> tuple[Edge, ...]:
                return _arcs(origin, radius, offset, (0.0, end), most, size, walled)

            return Family(circle, (origin,), far, radius, b - radius)
        case TwoDiscs(radius, distance):
            most = _rim_angle(cell, size, radius, walled)
            centre = (distance / 2.0, 0.0)

            def disc(offset: float) -> tuple[Edge, ...]:
                halves = (0.0, math.pi / 2.0, math.pi)
                return _arcs(centre, radius, offset, halves, most, size, walled)

            room = min(distance / 2.0 - radius, b - distance / 2.0 - radius)
            return Family(disc, (), (*far, origin), radius, room)
        case NoOpening():
            raise ValueError("an intact film has no rim")


def _rim_angle(cell: Cell, size: MeshSize, radius: float, walled: bool) -> float:
    """Largest chord angle of a round rim.

    Without a wall a chord is an element. With a wall, replacing the circle by chords of angle A
    changes the resistance of a spot by A^2/8 relative; this is kept to a twentieth of the mesh's
    own error, about edge over feature.
    """
    element = size.edge / radius
    return max(element, math.sqrt(0.4 * size.edge / feature(cell))) if walled else element


def _arcs(
    centre: Point,
    radius: float,
    offset: float,
    angles: tuple[float, ...],
    most: float,
    size: MeshSize,
    walled: bool,
) -> tuple[Edge, ...]:
    """A circle parallel to a round rim, between the angles: chords (the rim) or arcs."""
    out: list[Edge] = []
    r = radius + offset
    for start, end in itertools.pairwise(angles):
        n = _chords(end - start, most)
        if offset:  # a seam: chords as long as the elements there, and well away from the rim
            element = (size.edge + size.growth * abs(offset)) / r
            sagging = 2.0 * math.acos(max(1.0 - 0.3 * abs(offset) / r, 0.0))
            n = math.ceil((end - start) / min(element, sagging))
        points = _circle(centre, r, start, end, n)
        if walled and not offset:
            out += _path(points)
        else:
            out.append(Edge(points[0], points[-1], centre, n))
    return tuple(out)


def _rims(cell: Cell, rim: tuple[Edge, ...]) -> tuple[Rim, ...]:
    """The parts of the rim with their squared distances; symmetry images need no care."""
    match cell.opening:
        case Round(radius) | TwoDiscs(radius):
            distance = cell.opening.distance if isinstance(cell.opening, TwoDiscs) else 0.0
            centre = (distance / 2.0, 0.0)
            most = max(
                edge.angle / edge.chords
                if edge.centre
                else 2.0 * math.asin(edge.length / 2.0 / radius)
                for edge in rim
            )
            r = f"(sqrt((x-({centre[0]!r}))^2+y^2)-({radius!r}))^2"
            return (Rim(rim, centre, radius, most, r),)
        case _:
            return tuple(
                Rim((edge,), None, 0.0, 0.0, segment_distance(edge.start, edge.end)) for edge in rim
            )


def segment_distance(start: Point, end: Point) -> str:
    """Squared distance in the plan to a segment along x or y, as an expression for Gmsh."""
    terms = []
    for name, a, b in (("x", start[0], end[0]), ("y", start[1], end[1])):
        low, high = min(a, b), max(a, b)
        middle, half = (low + high) / 2.0, (high - low) / 2.0
        beyond = f"abs({name}-({middle!r}))-({half!r})" if half else f"{name}-({middle!r})"
        terms.append(f"((abs({beyond})+({beyond}))/2)^2" if half else f"({beyond})^2")
    return "+".join(terms)


def _corner(cell: Cell) -> Point | None:
    """Corner of the island between crossing cracks."""
    if not isinstance(cell.opening, Cross):
        return None
    c = cell.width / 2.0 - cell.opening.width / 2.0
    return (c, c) if cell.shape == "square" else (c, c * TAN30)
