"""Facets on opposite sides of a cell, through which a current goes round.

What leaves a cell through a facet on one side comes in through its partner, a period away. Sides at
which a condition is given (an electrode, or insulation) are no such sides, nor is a facet behind
which a region is left out. Where two regions meet across a side, the facets there are of their
interface, seen from both, so that its law holds there as it does inside.

Every rank learns the facets of the sides (a surface, no field) and finds their partners itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from dolfinx import mesh
from mpi4py import MPI
from scipy.spatial import cKDTree

from solver import compat, schema
from solver.domain import (
    Domain,
    Round,
    facet_entities,
    facets_of,
    node_positions,
    region_of_cells,
    regions_at,
)
from solver.model import ModelError
from solver.periodic import MATCH, all_of, cell_box

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
SAME = 1e-9  # relative: two areas that are one


@dataclass(frozen=True)
class Facing:
    """The facets of a rank on sides, and which of all ranks' facets are partners.

    Attributes:
        entities: (cell, local facet) of those of this rank, shape (n, 2).
        facets: Their local numbers.
        first: Place of the first one of them in the list of all ranks.
        lower: Places of facets on lower sides, shape (pairs,).
        upper: Those of their partners.
        axis: Across which each pair lies.
        region: Tag of the region at every facet in the list.
        area: Of every facet in the list, um^2 (plane: um).
        periods: um along the three axes, 0 where nothing goes round.
        low: Lowest corner of the cell, um.
    """

    entities: npt.NDArray[np.int32]
    facets: npt.NDArray[np.int32]
    first: int
    lower: Ints
    upper: Ints
    axis: Ints
    region: Ints
    area: Floats
    periods: Floats
    low: Floats

    def partners(self) -> Ints:
        """Place of the partner of every facet of this rank, -1 if there is none."""
        partner = np.full(len(self.region), -1, dtype=np.int64)
        partner[self.lower], partner[self.upper] = self.upper, self.lower
        return partner[self.first : self.first + len(self.facets)]

    def areas(self) -> tuple[float, ...]:
        """Of the facets on lower sides that have a partner, by axis."""
        return tuple(float(a) for a in np.bincount(self.axis, self.area[self.lower], 3))

    def wrapped(self, points: Floats) -> Floats:
        """Points of upper sides moved to the lower ones, shape (..., 3)."""
        above = (np.abs(points - self.low - self.periods) <= self.slack) & (self.periods > 0.0)
        return np.asarray(points - above * self.periods)

    @property
    def slack(self) -> float:
        """Points closer than this are the same, um."""
        return float(MATCH * self.periods.max())


def facing_sides(domain: Domain, periods: Iterable[float]) -> Facing:
    """Find partners; collective.

    Args:
        domain: A mesh whose sides are straight across the axes.
        periods: um along every axis; 0: its sides are walls.
    """
    topology = domain.mesh.topology
    tdim = topology.dim
    around = np.zeros(3)
    given = tuple(periods)
    around[: len(given)] = given
    low, extent = cell_box(domain)
    slack = MATCH * around.max()
    meets = (around > 0.0) & (np.abs(extent - around) <= slack)
    facets = np.asarray(mesh.exterior_facet_indices(topology), dtype=np.int32)
    corners = node_positions(domain.mesh)[compat.nodes_of_entities(domain.mesh, tdim - 1, facets)]
    below = (np.abs(corners - low) <= slack).all(axis=1) & meets
    above = (np.abs(corners - low - around) <= slack).all(axis=1) & meets
    on = (below | above).any(axis=1)
    facets, corners, below, above = facets[on], corners[on], below[on], above[on]
    cells, local = _cell_of(domain, facets)
    axis = (below | above).argmax(axis=1)
    middle = corners.mean(axis=1) - above * around
    rows = np.column_stack(
        [middle, axis, above.any(axis=1), region_of_cells(domain)[cells], _areas(corners)]
    )
    first = domain.comm.exscan(len(rows)) or 0
    listed = all_of(domain.comm, rows)
    pairs = cKDTree(listed[:, :3]).query_pairs(slack, output_type="ndarray").reshape(-1, 2)
    turned = listed[pairs[:, 0], 4] > listed[pairs[:, 1], 4]
    pairs = np.where(turned[:, None], pairs[:, ::-1], pairs)
    lower, upper = pairs[np.argsort(pairs[:, 0])].T.astype(np.int64)
    return Facing(
        np.column_stack([cells, local]).astype(np.int32), facets, int(first), lower, upper,
        listed[lower, 3].astype(np.int64), listed[:, 5].astype(np.int64), listed[:, 6],
        around, low,
    )  # fmt: skip


def facing(domain: Domain) -> Facing | None:
    """Partners on the sides where the current goes round, if there are any; collective."""
    return None if domain.round is None else facing_sides(domain, domain.round.periods)


def goes_round(domain: Domain, case: schema.Case) -> Domain:
    """The mesh whose current goes round where its sides are periodic; collective.

    An axis has walls where the case has a condition on facets that have a partner.

    Raises:
        ModelError: Two interfaces lie between regions that meet across the sides.
    """
    periods = np.array(domain.built.periods)
    if not (periods > 0.0).any():
        return domain
    found = facing_sides(domain, periods)
    axes = np.full(len(found.region), -1, dtype=np.int64)
    axes[found.lower], axes[found.upper] = found.axis, found.axis
    mine = axes[found.first : found.first + len(found.facets)]
    for name in case.boundaries:
        named = facets_of(domain, facet_entities(domain, name))
        closed = np.unique(mine[np.isin(found.facets, named) & (mine >= 0)])
        for axis in range(len(periods)):
            if domain.comm.allreduce(bool(axis in closed), op=MPI.LOR):
                periods[axis] = 0.0
    for axis, area in enumerate(found.areas()[: len(periods)]):
        periods[axis] *= float(area > 0.0)
    if not (periods > 0.0).any():
        return domain
    found = facing_sides(domain, periods)
    around = Round(tuple(float(p) for p in periods), found.areas())
    return _with_interfaces(replace(domain, round=around), found, case)


def axes_round(domain: Domain) -> str:
    """The axes along which the current goes round, in words."""
    periods = () if domain.round is None else domain.round.periods
    return " and ".join("xyz"[i] for i, period in enumerate(periods) if period > 0.0)


def matches(domain: Domain) -> bool:
    """Whether the facets on opposite sides are as they were before refinement; collective."""
    found = facing(domain)
    if found is None or domain.round is None:
        return True
    return bool(np.allclose(found.areas(), domain.round.areas, rtol=SAME, atol=0.0))


def _cell_of(domain: Domain, facets: npt.NDArray[np.int32]) -> tuple[Ints, Ints]:
    """The one cell at each of some outer facets, and the number of the facet in it."""
    topology = domain.mesh.topology
    tdim = topology.dim
    facets_of_cell = topology.connectivity(tdim, tdim - 1).array.reshape(-1, tdim + 1)
    facet_map = topology.index_map(tdim - 1)
    cell = np.zeros(facet_map.size_local + facet_map.num_ghosts, dtype=np.int64)
    cell[facets_of_cell] = np.arange(len(facets_of_cell))[:, None]
    cells = cell[facets]
    local = (facets_of_cell[cells] == facets[:, None]).argmax(axis=1)
    return cells, local.astype(np.int64)


def _areas(corners: Floats) -> Floats:
    """Of facets with the given corners, shape (n, 2 or 3, 3)."""
    ways = corners[:, 1:] - corners[:, :1]
    if ways.shape[1] == 1:
        return np.asarray(np.linalg.norm(ways[:, 0], axis=1))
    return np.asarray(0.5 * np.linalg.norm(np.cross(ways[:, 0], ways[:, 1]), axis=1))


def _with_interfaces(domain: Domain, found: Facing, case: schema.Case) -> Domain:
    """The mesh whose facets between regions that meet across sides are of their interface."""
    built = domain.built
    names = {frozenset(name.split("|")): name for name in built.across}
    if not built.parts:  # a mesh from a file: interfaces have names of their own
        for name in case.interfaces:
            between = frozenset(regions_at(domain, name))
            if len(between) != 2:
                continue
            if between in names:
                raise ModelError(
                    f"interfaces: {names[between]} and {name} lie between the same two regions, "
                    "which meet across periodic sides: expected one of them"
                )
            names[between] = name
    tags = dict(built.facets)
    values = np.zeros(len(found.facets), dtype=np.int32)
    partner = found.partners()
    own = found.region[found.first : found.first + len(found.facets)]
    other = np.where(partner >= 0, found.region[partner], own)
    for between, name in names.items():
        one, two = sorted(built.regions[region] for region in between)
        here = (np.minimum(own, other) == one) & (np.maximum(own, other) == two)
        if name not in tags:
            tags[name] = max([*tags.values(), *built.regions.values()]) + 1
        values[here] = tags[name]
    count = domain.mesh.topology.index_map(domain.mesh.topology.dim - 1)
    tagged = np.zeros(count.size_local + count.num_ghosts, dtype=np.int32)
    tagged[domain.facet_tags.indices] = domain.facet_tags.values
    changed = values > 0
    tagged[found.facets[changed]] = values[changed]
    indices = np.flatnonzero(tagged).astype(np.int32)
    dim = domain.mesh.topology.dim - 1
    facet_tags = mesh.meshtags(domain.mesh, dim, indices, tagged[indices])
    more = tuple(name for name in names.values() if name not in built.facets)
    built = replace(built, facets=tags, interfaces=(*built.interfaces, *more))
    return replace(domain, built=built, facet_tags=facet_tags)
