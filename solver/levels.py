"""Two levels for quadratic fields: linear ones on the same mesh correct them.

With Q the interpolation of linear fields at the nodes of quadratic ones, and rows of held
components left out of it, the coarse operator is

    K_1 = Q^T K Q,

an eighth of the size of K. Of displacements it has three components at every vertex, so that
aggregation with rigid motions, which on quadratic nodes needs more steps the larger the body is,
works as it should.
Source: Galerkin's coarse operators, Trottenberg, Oosterlee and Schueller 2001, Multigrid, 2.4.2.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from dolfinx import fem
from dolfinx.fem import petsc as fem_petsc
from petsc4py import PETSc

from solver.rigid import near_null_space, rigid_motions


def two_levels(
    space: fem.FunctionSpace, matrix: PETSc.Mat, held: npt.NDArray[np.bool_]
) -> Callable[[PETSc.PC], None]:
    """What gives a preconditioner its levels, see `linear_level`."""
    interpolation, coarse = linear_level(space, matrix, held)

    def levels(pc: PETSc.PC) -> None:
        pc.setType("mg")
        pc.setMGLevels(2)
        pc.setMGInterpolation(1, interpolation)
        pc.getMGCoarseSolve().setOperators(coarse)

    return levels


def linear_level(
    space: fem.FunctionSpace, matrix: PETSc.Mat, held: npt.NDArray[np.bool_]
) -> tuple[PETSc.Mat, PETSc.Mat]:
    """Q, shape (rows of K, components at vertices), and K_1; collective.

    Args:
        space: Of the quadratic field; of displacements K_1 gets the rigid motions.
        matrix: K, with rows of the identity (times a number) for held components.
        held: Whether an owned component of `space` is held.
    """
    size = space.dofmap.bs
    shape = () if size == 1 else (size,)
    linear = fem.functionspace(space.mesh, ("Lagrange", 1, shape))
    interpolation = fem_petsc.interpolation_matrix(linear, space)
    interpolation.assemble()
    marks, at_vertices = fem.Function(space), fem.Function(linear)
    marks.x.array[: len(held)] = held
    marks.x.scatter_forward()
    at_vertices.interpolate(marks)
    owned = linear.dofmap.index_map.size_local
    fixed = at_vertices.x.array[: owned * size] > 0.5
    free_rows, free_columns = interpolation.createVecLeft(), interpolation.createVecRight()
    free_rows.array[:], free_columns.array[:] = ~held, ~fixed
    interpolation.diagonalScale(free_rows, free_columns)
    coarse = matrix.PtAP(interpolation)
    usual = coarse.getDiagonal().sum() / coarse.getSize()[0]
    first, _ = coarse.getOwnershipRange()
    rows = (first + np.flatnonzero(fixed)).astype(PETSc.IntType)
    coarse.zeroRowsColumns(rows, diag=usual)
    if size > 1:
        coarse.setBlockSize(size)
        coarse.setNearNullSpace(near_null_space(rigid_motions(linear)))
    coarse.setOption(PETSc.Mat.Option.SPD, True)
    return interpolation, coarse
