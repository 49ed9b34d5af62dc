"""The distributed mesh with the names of its regions, boundaries and interfaces.

The mesh carries no ghost cells: every integral over an interior interface is written from one side
(the cells of its first region), so each interface facet is seen by exactly one cell of one rank.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import acos, cos

import numpy as np
import numpy.typing as npt
import ufl
from dolfinx import fem, mesh
from dolfinx.mesh import Mesh, MeshTags
from mpi4py import MPI
from scipy.spatial import cKDTree

from meshes.mesh import Arc, BuiltMesh
from solver import compat

Int32Array = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]


class DomainError(RuntimeError):
    """A mesh that the solver cannot use."""


@dataclass(frozen=True)
class Round:
    """The sides of a cell through which the current goes round.

    Attributes:
        periods: um along every axis of the mesh; 0 where it does not go round.
        areas: Of the facets that have a partner a period away, by axis, um^2 (plane: um): refined
            meshes have the same.
    """

    periods: tuple[float, ...]
    areas: tuple[float, ...]


@dataclass(frozen=True)
class Domain:
    """A mesh and the meaning of its tags.

    Attributes:
        mesh: Distributed mesh without ghosts, coordinates in um.
        cell_tags: Region tag of every cell.
        facet_tags: Tag of every named boundary or interface facet.
        built: What the mesh builder said about the mesh (names, areas, multiplicity, arcs).
        across: Of a mesh that was drawn anew: outer facets by the axis that their face lay across
            at the start; empty: the facets themselves tell.
        file: The file of such a mesh, on all ranks.
        round: Sides that are no walls to the current, if there are any.
    """

    mesh: Mesh
    cell_tags: MeshTags
    facet_tags: MeshTags
    built: BuiltMesh
    across: tuple[Int32Array, ...] = ()
    file: bytes = b""
    round: Round | None = None

    @property
    def comm(self) -> MPI.Intracomm:
        """Communicator of the mesh."""
        comm: MPI.Intracomm = self.mesh.comm
        return comm

    @property
    def axisymmetric(self) -> bool:
        """True if x is the distance from the axis."""
        return self.built.dimension == "axisymmetric"


def read_domain(built: BuiltMesh, comm: MPI.Intracomm) -> Domain:
    """Read a built mesh and distribute it over the ranks of `comm`."""
    gdim = 3 if built.dimension == "3d" else 2
    msh, cell_tags, facet_tags = compat.read_msh(built.path, comm, gdim)
    _connect(msh)
    return Domain(msh, cell_tags, facet_tags, built)


def _connect(msh: mesh.Mesh) -> None:
    tdim = msh.topology.dim
    msh.topology.create_entities(tdim - 1)
    msh.topology.create_connectivity(tdim - 1, tdim)
    msh.topology.create_connectivity(tdim, tdim - 1)
    msh.topology.create_connectivity(tdim - 1, 0)
    msh.topology.create_connectivity(tdim, tdim)


def part_of(
    domain: Domain, cells: Int32Array, facet_values: Int32Array, built: BuiltMesh
) -> tuple[Domain, Int32Array]:
    """Some cells of a mesh as a mesh of their own: nodes and facets are those of the whole.

    Args:
        domain: The whole.
        cells: Local cells of the part.
        facet_values: Tag of every local facet of the whole in the part; 0: none.
        built: What the part is called.

    Returns:
        The part, and of every local cell of it its number in the whole.
    """
    msh, numbers = compat.submesh(domain.mesh, cells)
    _connect(msh)
    tdim = msh.topology.dim
    regions = region_of_cells(domain)[numbers]
    cell_tags = mesh.meshtags(msh, tdim, np.arange(len(numbers), dtype=np.int32), regions)
    of_whole, of_part = (
        one.topology.connectivity(tdim, tdim - 1).array.reshape(-1, tdim + 1)
        for one in (domain.mesh, msh)
    )
    facet_map = msh.topology.index_map(tdim - 1)
    values = np.zeros(facet_map.size_local + facet_map.num_ghosts, dtype=np.int32)
    values[of_part.ravel()] = facet_values[of_whole[numbers].ravel()]
    named = np.flatnonzero(values).astype(np.int32)
    return Domain(
        msh, cell_tags, mesh.meshtags(msh, tdim - 1, named, values[named]), built
    ), numbers


def number_of_cells(domain: Domain) -> int:
    """Number of cells on all ranks."""
    return int(domain.mesh.topology.index_map(domain.mesh.topology.dim).size_global)


def region_of_cells(domain: Domain) -> Int32Array:
    """Region tag of every local cell, shape (cells,)."""
    tdim = domain.mesh.topology.dim
    region = np.zeros(domain.mesh.topology.index_map(tdim).size_local, dtype=np.int32)
    region[domain.cell_tags.indices] = domain.cell_tags.values
    return region


def cellwise(domain: Domain, values: dict[str, float], name: str) -> fem.Function:
    """A cellwise constant function from one value per region name."""
    space = fem.functionspace(domain.mesh, ("DG", 0))
    function = fem.Function(space, name=name)
    table = np.zeros(max(domain.built.regions.values()) + 1)
    for region, tag in domain.built.regions.items():
        table[tag] = values[region]
    function.x.array[:] = table[region_of_cells(domain)]
    return function


def facet_entities(domain: Domain, name: str, regions: Iterable[str] = ()) -> Int32Array:
    """(cell, local facet) pairs of a named boundary or interface, shape (n, 2).

    Args:
        domain: The domain.
        name: Name of a boundary or interface; "left.film" is the part of left at the film.
        regions: If given, only facets seen from cells of these regions.
    """
    name, _, part = name.partition(".")
    topology = domain.mesh.topology
    tdim = topology.dim
    facet_map = topology.index_map(tdim - 1)
    marked = np.zeros(facet_map.size_local + facet_map.num_ghosts, dtype=bool)
    if name in domain.built.facets:
        marked[domain.facet_tags.find(domain.built.facets[name])] = True
    facets_of_cell = topology.connectivity(tdim, tdim - 1).array.reshape(-1, tdim + 1)
    pairs = np.argwhere(marked[facets_of_cell]).astype(np.int32)
    tags = [domain.built.regions[region] for region in ((part,) if part else regions)]
    if tags:
        pairs = pairs[np.isin(region_of_cells(domain)[pairs[:, 0]], tags)]
    return pairs


def regions_at(domain: Domain, name: str) -> tuple[str, ...]:
    """Names of the regions that touch a boundary or interface, on all ranks."""
    tags = region_of_cells(domain)[facet_entities(domain, name)[:, 0]]
    found: set[int] = set().union(*domain.comm.allgather({int(tag) for tag in np.unique(tags)}))
    return tuple(region for region, tag in domain.built.regions.items() if tag in found)


def facet_measure(domain: Domain, entities: dict[int, Int32Array]) -> ufl.Measure:
    """A one-sided facet measure: integral `i` runs over the pairs `entities[i]`."""
    data = [(i, np.ascontiguousarray(pairs).ravel()) for i, pairs in sorted(entities.items())]
    return ufl.Measure("ds", domain=domain.mesh, subdomain_data=data)


def facets_of(domain: Domain, entities: Int32Array) -> Int32Array:
    """Facet indices of (cell, local facet) pairs."""
    tdim = domain.mesh.topology.dim
    facets_of_cell = domain.mesh.topology.connectivity(tdim, tdim - 1).array.reshape(-1, tdim + 1)
    facets = np.unique(facets_of_cell[entities[:, 0], entities[:, 1]])
    return np.asarray(facets, dtype=np.int32)


@contextmanager
def coordinates(domain: Domain, points: npt.NDArray[np.float64]) -> Iterator[None]:
    """Assemble on the same mesh with its nodes moved to `points`, shape (nodes, 3)."""
    saved = domain.mesh.geometry.x.copy()
    domain.mesh.geometry.x[:] = points
    try:
        yield
    finally:
        domain.mesh.geometry.x[:] = saved


def refine_cells(domain: Domain, marked: Int32Array) -> Domain:
    """Bisect all edges of the marked cells (and what conformity asks for), on all ranks.

    New nodes on round edges are moved onto the circle, so that the geometry converges as well.
    """
    return refine_with_parents(domain, marked)[0]


def refine_with_parents(domain: Domain, marked: Int32Array) -> tuple[Domain, Int32Array]:
    """The same, and of every local cell the number of the local cell that it is a part of."""
    return bisect(domain, edges_of(domain, marked))


def edges_of(domain: Domain, cells: Int32Array) -> Int32Array:
    """The local edges of some cells."""
    topology = domain.mesh.topology
    topology.create_entities(1)
    topology.create_connectivity(topology.dim, 1)
    return np.asarray(mesh.compute_incident_entities(topology, cells, topology.dim, 1))


def bisect(domain: Domain, edges: Int32Array) -> tuple[Domain, Int32Array]:
    """The mesh with some edges bisected (and what conformity asks for), and parents as above."""
    refined, parent_cell, parent_facet = compat.refine(domain.mesh, edges)
    _connect(refined)
    cell_tags = mesh.transfer_meshtag(domain.cell_tags, refined, parent_cell)
    facet_tags = mesh.transfer_meshtag(domain.facet_tags, refined, parent_cell, parent_facet)
    new = Domain(refined, cell_tags, facet_tags, domain.built, round=domain.round)
    _snap(new, domain)
    # dolfinx numbers the new cells once more after it has told their parents
    made = np.asarray(refined.topology.original_cell_index, dtype=np.int64)
    first = domain.comm.exscan(len(made)) or 0
    return new, np.asarray(parent_cell, dtype=np.int32)[made - first]


def _radius(points: npt.NDArray[np.float64], arc: Arc) -> npt.NDArray[np.float64]:
    return np.asarray(np.hypot(points[:, 0] - arc.centre[0], points[:, 1] - arc.centre[1]))


def _nodes_of(points: npt.NDArray[np.float64], arc: Arc) -> npt.NDArray[np.bool_]:
    """Which nodes lie on the circle (at any height that the arc covers), shape (nodes,)."""
    slack = 1e-9 * arc.radius
    z = points[:, 2]
    return np.asarray(
        (np.abs(_radius(points, arc) - arc.radius) <= slack)
        & (z >= arc.z_min - slack)
        & (z <= arc.z_max + slack)
    )


def node_positions(msh: Mesh) -> npt.NDArray[np.float64]:
    """Positions of the local nodes, um, shape (nodes, 3): the array of the mesh itself."""
    return np.asarray(msh.geometry.x, dtype=np.float64)


def _chords(domain: Domain, arc: Arc) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """End points of the local mesh edges that stand for a piece of the arc, each (edges, 3)."""
    points = node_positions(domain.mesh)
    topology = domain.mesh.topology
    topology.create_entities(1)
    topology.create_connectivity(1, 0)
    topology.create_connectivity(1, topology.dim)
    edge_count = topology.index_map(1).size_local + topology.index_map(1).num_ghosts
    edges = np.arange(edge_count, dtype=np.int32)
    nodes = compat.nodes_of_entities(domain.mesh, 1, edges)
    nodes = nodes[_nodes_of(points, arc)[nodes].all(axis=1)]
    return points[nodes[:, 0]], points[nodes[:, 1]]


def _moved_to_circle(points: npt.NDArray[np.float64], arc: Arc) -> npt.NDArray[np.float64]:
    moved = points.copy()
    stretch = arc.radius / _radius(points, arc)
    for axis in (0, 1):
        moved[:, axis] = arc.centre[axis] + (points[:, axis] - arc.centre[axis]) * stretch
    return moved


def _snap(domain: Domain, coarse: Domain) -> None:
    """Move the midpoints of bisected chords of `coarse` onto their circles."""
    points = node_positions(domain.mesh)
    for arc in domain.built.arcs:
        a, b = _chords(coarse, arc)
        if len(a) == 0:
            continue
        middle: npt.NDArray[np.float64] = 0.5 * (a + b)
        length = np.linalg.norm(a - b, axis=1)
        target = _moved_to_circle(middle, arc)
        # a chord that skips a node of the circle is no piece of it: leave its midpoint alone
        distance, _ = cKDTree(np.vstack([a, b])).query(target)
        middle, target = middle[distance > 0.3 * length], target[distance > 0.3 * length]
        distance, chord = cKDTree(middle).query(points)
        new = distance <= 1e-9 * length.min()
        points[new] = target[chord[new]]


def largest_chord_angle(domain: Domain, arc: Arc) -> float:
    """Largest angle (rad) of a side of the polygon that stands for the circle, over all ranks.

    A side of a wall may have nodes along it: its angle follows from how close it comes to the axis.
    """
    if arc.z_max > arc.z_min:
        a, b = _sides(_wall_facets(domain, arc)[0], arc)
        closest = float(_distance_to_axis(a, b).min(initial=arc.radius))
        closest = domain.comm.allreduce(closest, op=MPI.MIN)
        return 2.0 * acos(min(closest / arc.radius, 1.0))
    a, b = _chords(domain, arc)
    angle = np.arctan2(a[:, 1] - arc.centre[1], a[:, 0] - arc.centre[0])
    angle -= np.arctan2(b[:, 1] - arc.centre[1], b[:, 0] - arc.centre[0])
    angle = np.abs((angle + np.pi) % (2.0 * np.pi) - np.pi)
    return float(domain.comm.allreduce(float(angle.max(initial=0.0)), op=MPI.MAX))


def _wall_facets(domain: Domain, arc: Arc) -> tuple[Floats, Floats]:
    """Corners of the named upright facets on a round wall, and of the others, each (n, 3, 3).

    Facets in planes through the axis of the wall are left out.
    """
    nodes = compat.nodes_of_entities(domain.mesh, 2, domain.facet_tags.indices)
    corners = node_positions(domain.mesh)[nodes]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal /= np.linalg.norm(normal, axis=1)[:, None]
    outward = corners.mean(axis=1)[:, :2] - arc.centre
    through = np.abs((normal[:, :2] * outward).sum(axis=1))  # distance of the plane from the axis
    upright = (np.abs(normal[:, 2]) < 0.9) & (through > 1e-6 * arc.radius)
    radius = _radius(corners.reshape(-1, 3), arc).reshape(-1, 3)
    slack = 1e-9 * arc.radius
    inside = arc.radius * cos(arc.max_angle / 2.0) - slack
    on = (radius >= inside) & (radius <= arc.radius + slack)
    on &= (corners[:, :, 2] >= arc.z_min - slack) & (corners[:, :, 2] <= arc.z_max + slack)
    own = upright & on.all(axis=1) & (through > 0.5 * np.linalg.norm(outward, axis=1))
    return corners[own], corners[upright & ~own]


def _sides(corners: Floats, arc: Arc) -> tuple[Floats, Floats]:
    """Ends of the edges of triangles in the plan, seen from the axis, each (n, 2)."""
    plan = corners[:, :, :2] - arc.centre
    return plan.reshape(-1, 2), np.roll(plan, -1, axis=1).reshape(-1, 2)


def _distance_to_axis(a: Floats, b: Floats) -> Floats:
    """Smallest distance of the segments from a to b to the origin."""
    along = b - a
    square = (along**2).sum(axis=1)
    place = -(a * along).sum(axis=1) / np.where(square > 0.0, square, 1.0)
    nearest = a + np.clip(place, 0.0, 1.0)[:, None] * along
    return np.asarray(np.hypot(nearest[:, 0], nearest[:, 1]))


def circumscribed(domain: Domain, arcs: Iterable[Arc]) -> Floats:
    """Node positions with the polygons of `arcs` blown up so that they enclose their circles.

    At a rim without height only its nodes move: by a (pi/N)^2/2 with N chords, which is far less
    than the length of a chord, 2 pi a/N. Around a wall all nodes move, ever less away from it:
    elements there may be much smaller than a chord.

    Raises:
        DomainError: The chords are so long that cells are turned over.
    """
    points = node_positions(domain.mesh).copy()
    arcs = tuple(arcs)
    if not arcs:
        return points
    for arc in arcs:
        stretch = 1.0 / cos(largest_chord_angle(domain, arc) / 2.0)
        share = _nodes_of(points, arc).astype(np.float64)
        if arc.z_max > arc.z_min:
            share = _share_of_movement(domain, arc, points)
        for axis in (0, 1):
            c = arc.centre[axis]
            points[:, axis] = c + (points[:, axis] - c) * (1.0 + (stretch - 1.0) * share)
    before, after = (_volumes(domain, at) for at in (node_positions(domain.mesh), points))
    if domain.comm.allreduce(bool(np.any(before * after <= 0.0)), op=MPI.LOR):
        raise DomainError("the chords of a round wall are too long for the cells at it")
    return points


def _share_of_movement(domain: Domain, arc: Arc, points: Floats) -> Floats:
    """1 between the polygon of a wall and its circle, falling to 0 within half the room around."""
    _, others = _wall_facets(domain, arc)
    room = np.abs(_radius(others.reshape(-1, 3), arc) - arc.radius).min(initial=arc.radius)
    room = 0.5 * float(domain.comm.allreduce(float(room), op=MPI.MIN))
    radius = _radius(points, arc)
    inner = arc.radius * cos(arc.max_angle / 2.0) * (1.0 - 1e-9)
    away = np.maximum(np.maximum(inner - radius, radius - arc.radius * (1.0 + 1e-9)), 0.0)
    return np.asarray(np.clip(1.0 - away / room, 0.0, 1.0))


def _volumes(domain: Domain, points: Floats) -> Floats:
    """Signed size of every local cell, but for a factor."""
    corners = points[compat.node_numbers(domain.mesh)]
    tdim = domain.mesh.topology.dim
    edges = corners[:, 1:, :tdim] - corners[:, :1, :tdim]
    return np.asarray(np.linalg.det(edges))


def cell_volumes(domain: Domain) -> Floats:
    """Size of every local cell, um^3 (plane: um^2)."""
    factor = {2: 2.0, 3: 6.0}[domain.mesh.topology.dim]
    return np.abs(_volumes(domain, node_positions(domain.mesh))) / factor


def axis_parallel(domain: Domain) -> bool:
    """True if every outer facet and every facet between regions is flat or upright (2D)."""
    topology = domain.mesh.topology
    tdim = topology.dim
    facet_map = topology.index_map(tdim - 1)
    count = facet_map.size_local + facet_map.num_ghosts
    facets_of_cell = topology.connectivity(tdim, tdim - 1).array.reshape(-1, tdim + 1)
    region = np.repeat(region_of_cells(domain), tdim + 1)
    low, high = np.full(count, np.iinfo(np.int32).max), np.full(count, -1)
    np.minimum.at(low, facets_of_cell.ravel(), region)
    np.maximum.at(high, facets_of_cell.ravel(), region)
    wanted = low != high
    wanted[mesh.exterior_facet_indices(topology)] = True
    wanted[domain.facet_tags.indices] = True
    facets = np.flatnonzero(wanted).astype(np.int32)
    nodes = compat.nodes_of_entities(domain.mesh, tdim - 1, facets)
    ends = domain.mesh.geometry.x[nodes]
    span = np.abs(ends[:, 0, :2] - ends[:, 1, :2])
    straight = bool(np.all(span.min(axis=1) <= 1e-9 * span.max(axis=1)))
    return bool(domain.comm.allreduce(straight, op=MPI.LAND))
