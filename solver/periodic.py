"""Periodic unknowns: the values on opposite sides of a cell are one.

Points on the sides of a cell that differ by whole periods carry one unknown. With the 0/1 matrix P
from the unknowns to the values of all nodes, K becomes P^T K P. That holds for every element whose
values belong to points: Lagrange elements of any order, and that of Crouzeix and Raviart, whose
points are the middles of the facets. Where a region is left out on the other side there is no
partner: a side of the cell is a surface there.

Every rank learns the points of the sides (a surface, no field) and finds their partners itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from dolfinx import fem
from mpi4py import MPI
from petsc4py import PETSc
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from solver.domain import Domain, node_positions

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
FULL = 1e-9
MATCH = 1e-7  # of the largest period: points closer than this are the same


class NotPeriodic(ValueError):
    """Sides of a cell whose meshes are no translation of each other."""


@dataclass(frozen=True)
class Numbering:
    """Which unknown every owned value is.

    Attributes:
        columns: Global number of the unknown behind every owned value, shape (owned values,).
        local: Number of unknowns of this rank.
        total: Number of all unknowns.
    """

    columns: Integers
    local: int
    total: int

    def expansion(self, comm: MPI.Intracomm) -> PETSc.Mat:
        """The matrix P, values from unknowns."""
        rows = len(self.columns)
        shape = ((rows, PETSc.DETERMINE), (self.local, self.total))
        matrix = PETSc.Mat().createAIJ(shape, nnz=(1, 1), comm=comm)
        pointer = np.arange(rows + 1, dtype=PETSc.IntType)
        matrix.setValuesCSR(pointer, self.columns.astype(PETSc.IntType), np.ones(rows))
        matrix.assemble()
        return matrix


def cell_box(domain: Domain) -> tuple[Floats, Floats]:
    """Lowest corner and size of the box around a mesh on all ranks, um, each (3,)."""
    points = node_positions(domain.mesh)
    low, high = np.empty(3), np.empty(3)
    domain.comm.Allreduce(points.min(axis=0, initial=np.inf), low, op=MPI.MIN)
    domain.comm.Allreduce(points.max(axis=0, initial=-np.inf), high, op=MPI.MAX)
    return low, np.asarray(high - low)


def all_of(comm: MPI.Intracomm, part: npt.NDArray[np.float64]) -> Floats:
    """The rows of all ranks one after the other, shape (all rows, columns)."""
    counts = np.empty(comm.size, dtype=np.int64)
    comm.Allgather(np.array([part.size], dtype=np.int64), counts)
    whole = np.empty((int(counts.sum()) // part.shape[1], part.shape[1]))
    comm.Allgatherv(np.ascontiguousarray(part), [whole, counts.tolist()])
    return whole


def fills_its_box(domain: Domain) -> bool:
    """Whether nothing of a periodic cell is left out: then every point on a side has a partner."""
    volume = sum(region.computed for region in domain.built.report.regions)
    return bool(abs(volume / float(np.prod(domain.built.periods)) - 1.0) < FULL)


def number_unknowns(
    domain: Domain, space: fem.FunctionSpace, around: Sequence[float] = ()
) -> Numbering:
    """Give the values on opposite sides of the cell one unknown; collective.

    Args:
        domain: A mesh with `built.periods`.
        space: Scalar or vector space whose values belong to points.
        around: The periods, if these are not all of the mesh; points may then be without partner.

    Raises:
        NotPeriodic: A point on a side has no partner.
    """
    size = space.dofmap.index_map_bs
    owned = space.dofmap.index_map.size_local
    first = int(space.dofmap.index_map.local_range[0])
    points = np.asarray(space.tabulate_dof_coordinates()[:owned], dtype=np.float64)
    low, extent = cell_box(domain)
    periods = np.zeros(3)
    given = around or domain.built.periods
    periods[: len(given)] = given
    slack = MATCH * periods.max(initial=0.0)
    if slack == 0.0:
        raise NotPeriodic("the mesh is not periodic")
    if (extent - periods > slack)[periods > 0.0].any():
        raise NotPeriodic(f"the mesh is {extent} um large, its periods are {periods} um")
    # with a region left out all along a side, nothing crosses it
    meets = (periods > 0.0) & (np.abs(extent - periods) <= slack)
    above = (np.abs(points - low - periods) <= slack) & meets
    below = (np.abs(points - low) <= slack) & meets
    sides = np.flatnonzero((above | below).any(axis=1))
    wrapped = points[sides] - above[sides] * periods
    partners = 2 ** (above | below)[sides].sum(axis=1)
    listed = all_of(domain.comm, np.column_stack([wrapped, partners, first + sides]))
    place = (domain.comm.exscan(len(sides)) or 0) + np.arange(len(sides))
    count = len(listed)
    pairs = cKDTree(listed[:, :3]).query_pairs(slack, output_type="ndarray")
    graph = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    _, group = connected_components(graph, directed=False)
    lonely = np.bincount(group)[group] < listed[:, 3]
    if lonely.any() and not around and fills_its_box(domain):
        raise NotPeriodic("opposite sides of the cell do not have the same mesh")
    leader = np.full(count, count)
    np.minimum.at(leader, group, np.arange(count))
    leader = leader[group]
    # followers own no unknown
    own = np.ones(owned, dtype=bool)
    own[sides[leader[place] != place]] = False
    local = int(own.sum())
    start = domain.comm.exscan(local) or 0
    number = start + np.cumsum(own) - 1
    told = all_of(domain.comm, number[sides].astype(np.float64)[:, None])[:, 0]
    number[sides] = told[leader[place]].astype(np.int64)
    columns = (number[:, None] * size + np.arange(size)).ravel()
    return Numbering(columns, local * size, int(domain.comm.allreduce(local)) * size)


def pieces(matrix: PETSc.Mat) -> Integers:
    """Which connected piece every owned row of a symmetric matrix belongs to; collective.

    Returns:
        The lowest global row of the piece, shape (owned rows,).
    """
    begin, end = matrix.getOwnershipRange()
    rows = end - begin
    pointer, columns, values = matrix.getValuesCSR()
    row = np.repeat(np.arange(rows), np.diff(pointer))
    row, columns = row[values != 0.0], columns[values != 0.0].astype(np.int64)
    here = (columns >= begin) & (columns < end)
    graph = coo_matrix((np.ones(here.sum()), (row[here], columns[here] - begin)), (rows, rows))
    count, piece = connected_components(graph, directed=False)
    label = np.full(count, end)
    np.minimum.at(label, piece, begin + np.arange(rows))
    far, place = np.unique(columns[~here], return_inverse=True)
    mine = matrix.createVecRight()
    ghosts = PETSc.Vec().createSeq(len(far))
    index = PETSc.IS().createGeneral(far.astype(PETSc.IntType), comm=PETSc.COMM_SELF)
    scatter = PETSc.Scatter().create(mine, index, ghosts, None)
    comm = matrix.comm.tompi4py()
    while True:
        mine.array[:] = label[piece]
        scatter.scatter(mine, ghosts, PETSc.InsertMode.INSERT, PETSc.ScatterMode.FORWARD)
        before = label.copy()
        np.minimum.at(label, piece[row[~here]], ghosts.array_r[place].astype(np.int64))
        if not comm.allreduce(bool((label != before).any()), op=MPI.LOR):
            return np.asarray(label[piece], dtype=np.int64)
