"""The displacement of a large body in 3D by multigrid with two levels (solver/levels.py).

Components that supports hold or plates move keep their rows, as rows of the identity; so the three
components of every node stay together, which both levels need. With u = g on the supports and
u = a_k, one number, on plate k,

    u = u_0 + sum_k a_k u_k,      K u_0 = f, plates at rest;    K u_k = 0, plate k moved by one,

where K and f are those of the free components, and the a_k make the force on every plate vanish:

    sum over the rows of plate j of (K u - f) = 0.

What is left of the forces, K u - f, comes from the energy, so that K is kept only once.
Source: superposition; smoothed aggregation of Vanek, Mandel and Brezina 1996, Computing 56, 179.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import ufl
from dolfinx import fem
from dolfinx.fem import petsc as fem_petsc
from petsc4py import PETSc

from solver.elasticity import Body
from solver.levels import two_levels
from solver.rigid import near_null_space, rigid_motions
from solver.solve import TWO_LEVELS, make_solver, solve

Floats = npt.NDArray[np.float64]


class Blocks:
    """A matrix with held rows, and its solver."""

    def __init__(
        self,
        body: Body,
        space: fem.FunctionSpace,
        matrix: PETSc.Mat,
        force: PETSc.Vec,
        held: npt.NDArray[np.bool_],
        overrides: Mapping[str, str],
    ) -> None:
        """Set up; collective.

        Args:
            body: Laws and loads.
            space: Of the displacements.
            matrix: The stiffness of all components; its held rows and columns are replaced.
            force: The loads f on all components.
            held: Whether an owned component is given or moves with a plate.
            overrides: PETSc options of the case.
        """
        self.body, self.held = body, held
        self.matrix, self.force = matrix, force
        first, _ = matrix.getOwnershipRange()
        rows = (first + np.flatnonzero(held)).astype(PETSc.IntType)
        usual = matrix.getDiagonal().sum() / matrix.getSize()[0]
        matrix.zeroRowsColumns(rows, diag=usual)
        levels = two_levels(space, matrix, held)
        # for multigrid by aggregation alone, where the case asks for it
        matrix.setNearNullSpace(near_null_space(rigid_motions(space)))
        self.ksp = make_solver(matrix, "elasticity_", TWO_LEVELS, overrides, levels)

    def left(self, displacement: fem.Function) -> PETSc.Vec:
        """The forces K u - f on all components, uN (plane: per um)."""
        test = ufl.TestFunction(displacement.function_space)
        form = ufl.derivative(self.body.potential_energy(displacement), displacement, test)
        forces = fem_petsc.assemble_vector(fem.form(form))
        forces.ghostUpdate(PETSc.InsertMode.ADD, PETSc.ScatterMode.REVERSE)
        return forces

    def solve(
        self, displacement: fem.Function, given: Floats, plates: Sequence[npt.NDArray[np.bool_]]
    ) -> tuple[PETSc.Vec, int]:
        """Fill the displacement; the forces that are left on all components, and the iterations.

        Args:
            displacement: The answer, um; collective.
            given: Displacements of the owned components that supports hold, um, else zero.
            plates: Which owned components move with every plate.

        Raises:
            SolveFailed: No convergence.
        """
        moved, iterations = self._with(displacement, given, 1.0)
        left = self.left(displacement)
        if not plates:
            return left, iterations
        comm = self.body.domain.comm
        rest = [comm.allreduce(float(left.array_r[on].sum())) for on in plates]
        each, forces = [], np.zeros((len(plates), len(plates)))
        for k, plate in enumerate(plates):
            field, more = self._with(displacement, plate.astype(float), 0.0)
            iterations += more
            change = self.left(displacement)
            change.axpy(1.0, self.force)
            forces[:, k] = [comm.allreduce(float(change.array_r[on].sum())) for on in plates]
            each.append(field)
        for share, field in zip(np.linalg.solve(forces, np.negative(rest)), each, strict=True):
            moved.axpy(share, field)
        self._fill(displacement, moved)
        return self.left(displacement), iterations

    def _with(self, displacement: fem.Function, held: Floats, load: float) -> tuple[PETSc.Vec, int]:
        """The displacement with given held components under a share of the loads."""
        moved = self.matrix.createVecRight()
        moved.array[:] = held
        self._fill(displacement, moved)
        right = self.left(displacement)
        right.axpy(1.0 - load, self.force)
        right.scale(-1.0)
        right.array[self.held] = 0.0
        change = self.matrix.createVecRight()
        change.set(0.0)
        iterations = solve(self.ksp, right, change, "equilibrium")
        change.array[self.held] = 0.0  # but for rounding it is
        moved.axpy(1.0, change)
        self._fill(displacement, moved)
        return moved, iterations

    def _fill(self, displacement: fem.Function, values: PETSc.Vec) -> None:
        displacement.x.array[: len(values.array_r)] = values.array_r
        displacement.x.scatter_forward()
