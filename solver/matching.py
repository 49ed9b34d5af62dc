"""Refinement of a cell whose opposite sides stay alike.

What is bisected on one side is bisected on the other one. Conformity asks for further edges, so
that a mesh is made, nodes of its sides without a partner are looked for, and where such a node has
its image an edge of the coarse mesh is bisected as well, until none is left that could be.
"""

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from solver import compat
from solver.domain import Domain, bisect, edges_of, node_positions
from solver.facing import matches
from solver.periodic import MATCH, NotPeriodic, all_of, cell_box

Floats = npt.NDArray[np.float64]
Int32Array = npt.NDArray[np.int32]


def refine_alike(domain: Domain, marked: Int32Array) -> Domain:
    """Bisect all edges of the marked cells, and what keeps sides alike; collective.

    Raises:
        NotPeriodic: Facets of opposite sides would not agree any more.
    """
    edges = edges_of(domain, marked)
    if domain.round is None:
        return bisect(domain, edges)[0]
    periods = np.zeros(3)
    periods[: len(domain.round.periods)] = domain.round.periods
    low = cell_box(domain)[0]
    sides, middles = _side_edges(domain, low, periods)
    wanted = _images(middles[np.isin(sides, edges)], low, periods)
    edges = _with_nearest(edges, sides, middles, all_of(domain.comm, wanted), periods)
    count = -1
    while count != domain.comm.allreduce(len(edges)):
        count = domain.comm.allreduce(len(edges))
        finer = bisect(domain, edges)[0]
        alone = _alone(finer, low, periods)
        edges = _with_nearest(edges, sides, middles, all_of(domain.comm, alone), periods)
    if not matches(finer):
        raise NotPeriodic("refined alike, opposite sides would not have the same facets")
    return finer


def _side_edges(domain: Domain, low: Floats, periods: Floats) -> tuple[Int32Array, Floats]:
    """Local edges in the sides that go round, and their middles, um."""
    domain.mesh.topology.create_connectivity(1, domain.mesh.topology.dim)
    index_map = domain.mesh.topology.index_map(1)
    edges = np.arange(index_map.size_local + index_map.num_ghosts, dtype=np.int32)
    ends = node_positions(domain.mesh)[compat.nodes_of_entities(domain.mesh, 1, edges)]
    below, above = _on_sides(ends, low, periods)
    on = np.logical_or(below.all(axis=1), above.all(axis=1)).any(axis=1)
    return edges[on], ends[on].mean(axis=1)


def _on_sides(
    points: Floats, low: Floats, periods: Floats
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Whether points lie on the lower and on the upper side across every axis."""
    slack = MATCH * periods.max()
    below = (np.abs(points - low) <= slack) & (periods > 0.0)
    return below, (np.abs(points - low - periods) <= slack) & (periods > 0.0)


def _images(points: Floats, low: Floats, periods: Floats) -> Floats:
    """Where points of sides are a period further, along one axis or several, shape (n, 3)."""
    found = points
    for axis in np.flatnonzero(periods):
        below, above = (on[:, axis] for on in _on_sides(found, low, periods))
        moved = found + np.outer(1.0 * below - 1.0 * above, periods * (np.arange(3) == axis))
        found = np.concatenate([found, moved[below | above]])
    return found[len(points) :]


def _alone(domain: Domain, low: Floats, periods: Floats) -> Floats:
    """Where on the sides a node is missing that the opposite side has; of this rank's nodes."""
    points = node_positions(domain.mesh)
    on = np.logical_or(*_on_sides(points, low, periods)).any(axis=1)
    there = all_of(domain.comm, points[on])
    wanted = _images(points[on], low, periods)
    if not len(wanted):
        return wanted
    far, _ = cKDTree(there).query(wanted, distance_upper_bound=MATCH * periods.max())
    return np.asarray(wanted[~np.isfinite(far)])


def _with_nearest(
    edges: Int32Array, sides: Int32Array, middles: Floats, points: Floats, periods: Floats
) -> Int32Array:
    """Edges and those of the sides whose middles are among points."""
    if not (len(sides) and len(points)):
        return edges
    far, nearest = cKDTree(middles).query(points, distance_upper_bound=MATCH * periods.max())
    return np.union1d(edges, sides[nearest[np.isfinite(far)]]).astype(np.int32)
