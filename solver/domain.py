"""The distributed mesh with the names of its regions, boundaries and interfaces.

The mesh carries no ghost cells: every integral over an interior interface is written from one side
(the cells of its first region), so each interface facet is seen by exactly one cell of one rank.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import cos

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


class DomainError(RuntimeError):
    """A mesh that the solver cannot use."""


@dataclass(frozen=True)
class Domain:
    """A mesh and the meaning of its tags.

    Attributes:
        mesh: Distributed mesh without ghosts, coordinates in um.
        cell_tags: Region tag of every cell.
        facet_tags: Tag of every named boundary or interface facet.
        built: What the mesh builder said about the mesh (names, areas, multiplicity, arcs).
    """

    mesh: Mesh
    cell_tags: MeshTags
    facet_tags: MeshTags
    built: BuiltMesh

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
        name: Name of a boundary or interface.
        regions: If given, only facets seen from cells of these regions.
    """
    topology = domain.mesh.topology
    tdim = topology.dim
    facet_map = topology.index_map(tdim - 1)
    marked = np.zeros(facet_map.size_local + facet_map.num_ghosts, dtype=bool)
    if name in domain.built.facets:
        marked[domain.facet_tags.find(domain.built.facets[name])] = True
    facets_of_cell = topology.connectivity(tdim, tdim - 1).array.reshape(-1, tdim + 1)
    pairs = np.argwhere(marked[facets_of_cell]).astype(np.int32)
    tags = [domain.built.regions[region] for region in regions]
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
    topology = domain.mesh.topology
    tdim = topology.dim
    topology.create_entities(1)
    topology.create_connectivity(tdim, 1)
    edges = mesh.compute_incident_entities(topology, marked, tdim, 1)
    refined, parent_cell, parent_facet = compat.refine(domain.mesh, edges)
    _connect(refined)
    tdim = refined.topology.dim
    cell_tags = mesh.transfer_meshtag(domain.cell_tags, refined, parent_cell)
    facet_tags = mesh.transfer_meshtag(domain.facet_tags, refined, parent_cell, parent_facet)
    new = Domain(refined, cell_tags, facet_tags, domain.built)
    _snap(new, domain)
    return new


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
    nodes = mesh.entities_to_geometry(domain.mesh, 1, edges)
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
    """Largest angle (rad) that one mesh edge on the arc spans, over all ranks."""
    a, b = _chords(domain, arc)
    angle = np.arctan2(a[:, 1] - arc.centre[1], a[:, 0] - arc.centre[0])
    angle -= np.arctan2(b[:, 1] - arc.centre[1], b[:, 0] - arc.centre[0])
    angle = np.abs((angle + np.pi) % (2.0 * np.pi) - np.pi)
    return float(domain.comm.allreduce(float(angle.max(initial=0.0)), op=MPI.MAX))


def circumscribed(domain: Domain, arcs: Iterable[Arc]) -> npt.NDArray[np.float64]:
    """Node positions with the polygons of `arcs` blown up so that they enclose their circles.

    The other nodes stay: an edge of a polygon with N sides moves by a (pi/N)^2/2, far less than
    its length 2 pi a/N.
    """
    points = node_positions(domain.mesh).copy()
    for arc in arcs:
        nodes = _nodes_of(points, arc)
        stretch = 1.0 / cos(largest_chord_angle(domain, arc) / 2.0)
        for axis in (0, 1):
            c = arc.centre[axis]
            points[nodes, axis] = c + (points[nodes, axis] - c) * stretch
    return points


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
    nodes = mesh.entities_to_geometry(domain.mesh, tdim - 1, facets)
    ends = domain.mesh.geometry.x[nodes]
    span = np.abs(ends[:, 0, :2] - ends[:, 1, :2])
    straight = bool(np.all(span.min(axis=1) <= 1e-9 * span.max(axis=1)))
    return bool(domain.comm.allreduce(straight, op=MPI.LAND))
