"""Equilibria that one linear solve does not find: large deflections, and contact.

The unknowns y of `solver.equilibrium` (u = P y + g) solve

    P^T (dPi/du)(P y + g) = 0,     or, with bounds, the variational inequality
    low <= y <= high,  and the same residual is >= 0 where y = low, <= 0 where y = high.

Newton's method with line search; with bounds the active set is part of it (PETSc SNES, newtonls and
vinewtonrsls): no penalty, so nothing overlaps and pressure appears where bodies touch.

Source: Benson & Munson 2006, Optim. Methods Softw. 21, 279 (reduced-space active set).
"""

from collections.abc import Callable, Mapping

import ufl
from dolfinx import fem
from dolfinx.fem import petsc as fem_petsc
from petsc4py import PETSc

from solver.elasticity import Body
from solver.load_path import MOST_CUTS, LoadPath, LoadStep, why_stopped
from solver.solve import DIRECT_UNSYMMETRIC, NONLINEAR, SolveFailed, newton

Bounds = Callable[[float], tuple[PETSc.Vec, PETSc.Vec]]


class NonlinearSolver:
    """Newton's method for the potential energy of a body in constrained unknowns."""

    def __init__(
        self,
        body: Body,
        space: fem.FunctionSpace,
        expansion: PETSc.Mat,
        given: PETSc.Vec,
        overrides: Mapping[str, str],
    ) -> None:
        """Compile the forms; collective.

        Args:
            body: Laws and loads.
            space: Of the displacement.
            expansion: The matrix P.
            given: The displacements g.
            overrides: PETSc options of the case.
        """
        self.load = body.load
        self.expansion, self.given, self.overrides = expansion, given, overrides
        self.displacement = fem.Function(space, name="displacement")
        energy = body.potential_energy(self.displacement)
        residual = ufl.derivative(energy, self.displacement, ufl.TestFunction(space))
        self.residual = fem.form(residual)
        tangent = ufl.derivative(residual, self.displacement, ufl.TrialFunction(space))
        self.tangent = fem.form(tangent)
        self.matrix = fem_petsc.create_matrix(self.tangent)
        self.comm = space.mesh.comm

    def put(self, y: PETSc.Vec) -> None:
        """Sets the displacement P y + g, of g the share of the load."""
        u = self.given.duplicate()
        self.expansion.mult(y, u)
        u.axpy(float(self.load.value), self.given)
        self.displacement.x.array[: len(u.array_r)] = u.array_r
        self.displacement.x.scatter_forward()
        u.destroy()

    def forces(self) -> PETSc.Vec:
        """dPi/du at the present displacement: what supports and obstacles have to hold."""
        force = fem_petsc.assemble_vector(self.residual)
        force.ghostUpdate(PETSc.InsertMode.ADD, PETSc.ScatterMode.REVERSE)
        return force

    def solve(
        self, y: PETSc.Vec, watch: Callable[[], dict[str, float]], bounds: Bounds | None = None
    ) -> LoadPath:
        """Solves from y, which becomes the answer.

        All of the load (tractions, given displacements, obstacles) at once if that converges, else
        in steps that are cut when they fail and grow again. After `MOST_CUTS` cuts y is what had
        converged, under that share of the load.

        Args:
            y: Where to start.
            watch: What to measure after every step, by name with unit.
            bounds: Lowest and highest y for a share of the load.

        Raises:
            SolveFailed: Not even one step converged.
        """
        load, step, cuts, stopped = 0.0, 1.0, 0, ""
        reached = y.copy()
        steps: list[LoadStep] = []
        while load < 1.0 and not stopped:
            step = min(step, 1.0 - load)
            self.load.value = load + step
            try:
                count = self._newton(y, None if bounds is None else bounds(load + step))
            except SolveFailed as error:
                cuts += 1
                reached.copy(y)
                if cuts > MOST_CUTS:
                    stopped = why_stopped(error, load)
                    self.load.value = load if steps else 1.0
                    self.put(y)
                    if not steps:
                        raise SolveFailed(stopped) from error
                step *= 0.5
            else:
                load += step
                step *= 1.5
                y.copy(reached)
                steps.append(LoadStep(load, count, watch()))
        return LoadPath(tuple(steps), cuts, stopped)

    def _newton(self, y: PETSc.Vec, bounds: tuple[PETSc.Vec, PETSc.Vec] | None) -> int:
        self._assemble()
        reduced = self.matrix.PtAP(self.expansion)

        def residual(at: PETSc.Vec, out: PETSc.Vec) -> None:
            self.put(at)
            force = self.forces()
            self.expansion.multTranspose(force, out)
            force.destroy()

        def tangent(at: PETSc.Vec, out: PETSc.Mat) -> None:
            self.put(at)
            self._assemble()
            self.matrix.PtAP(self.expansion, result=out)

        options = {**NONLINEAR, **DIRECT_UNSYMMETRIC, **self.overrides}
        if bounds is not None:
            options |= {"snes_type": "vinewtonrsls", "snes_linesearch_type": "bt"}
        steps = newton("mechanics", residual, tangent, reduced, y, "mechanics_", options, bounds)
        self.put(y)
        return steps

    def _assemble(self) -> None:
        self.matrix.zeroEntries()
        fem_petsc.assemble_matrix(self.matrix, self.tangent)
        self.matrix.assemble()
