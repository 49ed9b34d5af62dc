"""The curves around and between the regions of a plane body whose mesh has moved.

Every named facet gives the places of its two ends and its middle. They are small beside the fields
and are brought together on the first rank, which joins them to curves: pieces between corners, at
which names, axes or regions change, or at which more than two facets meet.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, depth_first_order

from meshes.mesh import MeshError
from meshes.redrawn import Curve
from solver import compat
from solver.carrier_system import System
from solver.domain import Domain, facet_entities, regions_at
from solver.moving import flat_faces, local_facets

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
STILL = 1e-9  # of the size of the body: nodes that have moved by less have not moved


def moved_nodes(system: System) -> Floats:
    """Places of the nodes of the quadratic space on the moved mesh, um, shape (nodes, 3).

    Of the functions of the system as they are.
    """
    places = np.array(system.space.tabulate_dof_coordinates(), dtype=np.float64)
    parts = [f.value.x.array for name, f in system.further.items() if name.startswith("d_")]
    slack = STILL * extent(system)
    for axis, part in enumerate(parts):
        places[:, axis] += np.where(np.abs(part) < slack, 0.0, part)
    return places


def extent(system: System) -> float:
    """Size of the body at the start of its mesh, um."""
    corners = system.domain.mesh.geometry.x
    mine = float(np.ptp(corners, axis=0).max()) if len(corners) else 0.0
    return float(max(system.comm.allgather(mine)))


@dataclass(frozen=True)
class Outline:
    """Named facets of a moved mesh, of all ranks.

    Attributes:
        rows: Group, axis, global numbers of both ends, shape (facets, 4).
        points: Places of both ends and of the middle, um, shape (facets, 3, 2).
        groups: Name and regions of every group.
        chords: Whether facets were chords of the curve at the start of the mesh, so that their
            middles are not on it.
    """

    rows: Ints
    points: Floats
    groups: list[tuple[str, tuple[str, ...]]]
    chords: bool


def outline(system: System) -> Outline | None:
    """All named facets on the first rank, None on the others; collective."""
    domain = system.domain
    places = moved_nodes(system)
    numbers: list[Ints] = []
    points: list[Floats] = []
    sides: list[tuple[str, tuple[str, ...]]] = []
    for name in domain.built.facets:
        for regions, pairs in _of_name(domain, name):
            ends, at = _nodes(system, pairs)
            axes = _axes(domain, pairs)
            sides.append((name, regions))
            group = np.full(len(pairs), len(sides) - 1)
            numbers.append(np.column_stack([group, axes, ends]))
            points.append(places[at][:, :, :2])
    gathered = domain.comm.gather((np.concatenate(numbers), np.concatenate(points)))
    if gathered is None:
        return None
    every = np.concatenate([rows for rows, _ in gathered])
    return Outline(
        every, np.concatenate([found for _, found in gathered]), sides, bool(domain.across)
    )


def _of_name(domain: Domain, name: str) -> Iterator[tuple[tuple[str, ...], npt.NDArray[np.int32]]]:
    """Regions at facets of a name, and the facets as seen from the first of them."""
    there = regions_at(domain, name)
    if name in domain.built.interfaces:
        yield there, facet_entities(domain, name, there[:1])
    else:
        for region in there:
            yield (region,), facet_entities(domain, name, [region])


def _nodes(system: System, pairs: npt.NDArray[np.int32]) -> tuple[Ints, npt.NDArray[np.int32]]:
    """Global numbers of both ends of facets, and nodes of the space: ends, then the middle."""
    space, msh = system.space, system.domain.mesh
    layout = space.dofmap.dof_layout
    closure = np.array([layout.entity_closure_dofs(1, facet) for facet in range(3)])
    own = closure[pairs[:, 1]]
    at = space.dofmap.list[pairs[:, 0]][np.arange(len(pairs))[:, None], own]
    corners = compat.node_numbers(msh)[pairs[:, 0]][np.arange(len(pairs))[:, None], own[:, :2]]
    shape = corners.shape
    known = msh.geometry.index_map().local_to_global(corners.ravel().astype(np.int32))
    return np.asarray(known, dtype=np.int64).reshape(shape), np.asarray(at)


def _axes(domain: Domain, pairs: npt.NDArray[np.int32]) -> Ints:
    """Axis across which the face of every facet lay at the start; -1: none, or inside."""
    facets = local_facets(domain, pairs)
    found = np.full(len(facets), -1, dtype=np.int64)
    for axis in range(2):
        found[np.isin(facets, flat_faces(domain, axis)[0])] = axis
    return found


def curves_of(found: Outline) -> Iterator[Curve]:
    """Join facets to curves.

    Raises:
        MeshError: A curve has no ends.
    """
    rows, points = found.rows, found.points
    nodes, ends = np.unique(rows[:, 2:], return_inverse=True)
    ends = ends.reshape(-1, 2)
    kind = 4 * rows[:, 0] + rows[:, 1] + 1
    place = np.zeros((len(nodes), 2))
    place[ends] = points[:, :2]
    times = np.bincount(ends.ravel(), minlength=len(nodes))
    low, high = np.full(len(nodes), kind.max()), np.zeros(len(nodes), dtype=np.int64)
    for column in ends.T:
        np.minimum.at(low, column, kind)
        np.maximum.at(high, column, kind)
    corner = (times != 2) | (low != high)
    # facets are joined where they share a node that is no corner
    facet = np.repeat(np.arange(len(ends)), 2)
    inner = ~corner[ends.ravel()]
    shape = (len(ends), len(nodes))
    shares = coo_array((np.ones(inner.sum()), (facet[inner], ends.ravel()[inner])), shape).tocsr()
    count, piece = connected_components(shares @ shares.T, directed=False)
    for number in range(count):
        own = np.flatnonzero(piece == number)
        name, regions = found.groups[rows[own[0], 0]]
        start = ends[own][corner[ends[own]]]
        if len(start) != 2:
            raise MeshError(f"mesh: {name} has {len(start)} ends instead of two")
        path = _path(ends[own], int(start[0]), len(nodes))
        position = np.empty(len(nodes), dtype=np.int64)
        position[path] = np.arange(len(path))
        order = own[np.argsort(position[ends[own]].min(axis=1))]
        line = np.empty((2 * len(own) + 1, 2))
        line[::2], line[1::2] = place[path], points[order, 2]
        yield Curve(name, int(rows[own[0], 1]), regions, line[:: 2 if found.chords else 1])


def _path(ends: Ints, start: int, nodes: int) -> Ints:
    """Nodes along a chain of facets from one end of it."""
    links = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), (nodes, nodes)).tocsr()
    path, _ = depth_first_order(links, start, directed=False)
    return np.asarray(path, dtype=np.int64)
