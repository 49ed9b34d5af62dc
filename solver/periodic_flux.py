"""Currents whose normal component is the same on opposite sides of a cell.

What leaves through a facet on an upper side enters through its partner on the lower one. With the
hat functions h of the corners of a facet and its BDM1 unknowns x, the numbers

    int q.n h_a = (B x)_a

hold all of q.n there. Partners have the same corners, a period apart: B_u x_u + B_l x_l = 0 with
the corners in one order, so that x_u = -B_u^-1 B_l x_l, and all x follow from one of each pair.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import ufl
from dolfinx import fem
from petsc4py import PETSc
from scipy.sparse import coo_matrix, csr_matrix

from solver.domain import Domain, facet_measure
from solver.facing import Facing
from solver.periodic import all_of

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Tied:
    """Unknowns of fluxes that go round.

    Attributes:
        expansion: The matrix P, values of a space from unknowns.
        number: Local unknown of every owned value, -1 where it follows from a partner.
    """

    expansion: PETSc.Mat
    number: Ints


def tie_fluxes(domain: Domain, space: fem.FunctionSpace, found: Facing) -> Tied:
    """Give the normal components on partners one unknown each; collective."""
    comm, owned = domain.comm, space.dofmap.index_map.size_local
    values, corners, moments = _on_facets(domain, space, found)
    width = values.shape[1]
    upper = np.zeros(len(found.region), dtype=bool)
    upper[found.upper] = True
    mine = slice(found.first, found.first + len(values))
    follows = upper[mine]
    number = np.ones(owned, dtype=np.int64)
    number[values[follows]] = 0
    local = int(number.sum())
    start = int(comm.exscan(local) or 0)
    number = np.where(number > 0, np.cumsum(number) - 1, -1)
    count = len(values)  # 0 on a rank that has no side
    rows = np.column_stack([
        start + number[values], corners.reshape(count, 3 * width),
        moments.reshape(count, width * width),
    ])  # fmt: skip
    listed = all_of(comm, rows)
    leader = listed[found.partners()[follows]]
    names = leader[:, :width].astype(np.int64)
    theirs = leader[:, width : 4 * width].reshape(-1, width, 3)
    apart = np.linalg.norm(corners[follows][:, :, None] - theirs[:, None], axis=3)
    order = apart.argmin(axis=2)
    moved = np.take_along_axis(
        leader[:, 4 * width :].reshape(-1, width, width), order[:, :, None], axis=1
    )
    weights = -np.linalg.solve(moments[follows], moved)
    own = np.flatnonzero(number >= 0)
    row = np.concatenate([own, np.repeat(values[follows].ravel(), width)])
    column = np.concatenate([start + number[own], np.repeat(names, width, axis=0).ravel()])
    entries = np.concatenate([np.ones(len(own)), weights.ravel()])
    total = int(comm.allreduce(local))
    csr = coo_matrix((entries, (row, column)), shape=(owned, total)).tocsr()
    expansion = PETSc.Mat().createAIJ(
        ((owned, PETSc.DETERMINE), (local, total)),
        csr=(csr.indptr.astype(PETSc.IntType), csr.indices.astype(PETSc.IntType), csr.data),
        comm=comm,
    )
    return Tied(expansion, number)


def _on_facets(
    domain: Domain, space: fem.FunctionSpace, found: Facing
) -> tuple[Ints, Floats, Floats]:
    """Values on the facets of this rank (n, k), their corners (n, k, 3) and B (n, k, k)."""
    msh, dim = domain.mesh, domain.mesh.topology.dim
    hats = fem.functionspace(msh, ("Lagrange", 1))
    cells, local = found.entities.T
    values = _dofs(space, dim - 1, cells, local, closure=False)
    corners = _dofs(hats, dim - 1, cells, local, closure=True)
    ds = facet_measure(domain, {0: found.entities})
    q, h = ufl.TrialFunction(space), ufl.TestFunction(hats)
    form = fem.form(ufl.inner(q, ufl.FacetNormal(msh)) * h * ds(0))
    matrix = fem.assemble_matrix(form).to_scipy(ghosted=True)  # what this rank's facets give
    shape = (len(values), dim, dim)
    moments = np.zeros(shape)
    if len(values):  # a rank may have no side
        row = np.broadcast_to(corners[:, :, None], shape).ravel()
        column = np.broadcast_to(values[:, None, :], shape).ravel()
        moments = np.asarray(matrix[row, column]).reshape(shape)
    return values, found.wrapped(hats.tabulate_dof_coordinates()[corners]), moments


def _dofs(
    space: fem.FunctionSpace, dim: int, cells: npt.NDArray[np.int32],
    local: npt.NDArray[np.int32], *, closure: bool,
) -> Ints:  # fmt: skip
    """Local numbers of a space on facets, shape (facets, functions of a facet)."""
    layout = space.dofmap.dof_layout
    of = layout.entity_closure_dofs if closure else layout.entity_dofs
    numbers = np.array([of(dim, i) for i in range(dim + 2)])
    every = np.asarray(space.dofmap.list)
    return np.asarray(every[cells[:, None], numbers[local]], dtype=np.int64)


def inverse_blocks(space: fem.FunctionSpace, mass: PETSc.Mat, tied: Tied | None) -> PETSc.Mat:
    """D^-1, where D has the blocks of M that belong to one facet each.

    The linear functions on a facet depend on the order of its nodes. With whole blocks D does not,
    so that the iterates are the same for every numbering, hence on any number of ranks.
    """
    tdim = space.mesh.topology.dim
    layout = space.dofmap.dof_layout
    local = np.array([layout.entity_dofs(tdim - 1, i) for i in range(tdim + 1)])
    size = local.shape[1]
    blocks = np.sort(np.asarray(space.dofmap.list)[:, local].reshape(-1, size), axis=1)
    rows = np.unique(blocks, axis=0)
    # all functions of a facet have one owner
    rows = rows[rows[:, 0] < space.dofmap.index_map.size_local]
    if tied is not None:
        rows = tied.number[rows]
        rows = rows[rows[:, 0] >= 0]
    owned = mass.getLocalSize()[0]
    pointer, columns, values = mass.getDiagonalBlock().getValuesCSR()
    matrix = csr_matrix((values, columns, pointer), shape=(owned, owned))
    pairs = [(i, j) for i in range(size) for j in range(size)]
    entries = [np.zeros(0) for _ in pairs]  # a rank may have no cell
    if len(rows):
        entries = [np.ravel(matrix[rows[:, i], rows[:, j]]) for i, j in pairs]
    inverse = np.linalg.inv(np.stack(entries, axis=1).reshape(-1, size, size))
    inverse = 0.5 * (inverse + inverse.transpose(0, 2, 1))
    where = np.zeros((owned, size), dtype=PETSc.IntType)
    filled = np.zeros((owned, size))
    for i in range(size):
        where[rows[:, i]] = mass.getOwnershipRange()[0] + rows
        filled[rows[:, i]] = inverse[:, i]
    result = PETSc.Mat().createAIJ(mass.getSizes(), nnz=(size, 0), comm=mass.comm)
    pointer = np.arange(0, size * owned + 1, size, dtype=PETSc.IntType)
    result.setValuesCSR(pointer, where.ravel(), filled.ravel())
    result.assemble()
    return result
