"""Equilibrium of bodies that flow, or that hardly change their volume: one step of the load.

Unknowns are the displacement u = P y + g (see `solver.equilibrium`) and, in regions whose
formulation is mixed, the pressure p (MPa, continuous and linear in each such region):

    int sigma(eps(u)) : eps(v) + int_plates k u_n v_n - f(v) = 0,      sigma = s - p 1 where p is
                                                                       an unknown
    int q (tr eps(u) - load tr eps* + (p - p0)/K) = 0

with s from the material points (`solver.radial_return`), p0 = -tr(sigma0)/3, k the stiffness of
springs behind plates. Quadratic u and linear
p (Taylor-Hood) are stable: nothing locks, whatever the bulk modulus K. Flow keeps the volume, so
solids that flow far ask for it as well. Newton's method is PETSc's SNES with the consistent tangent
of the points; stress and tangent are functions on the quadrature points.

Source: Boffi, Brezzi & Fortin 2013, Mixed Finite Element Methods, section 8.8 (Taylor-Hood).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import basix
import basix.ufl
import numpy as np
import numpy.typing as npt
import ufl
from dolfinx import fem
from dolfinx.fem import petsc as fem_petsc
from petsc4py import PETSc

from solver.domain import region_of_cells
from solver.elasticity import Body, strain, weight
from solver.equilibrium import FIXED, Equilibrium
from solver.hooke import Floats
from solver.radial_return import ONE, Answer, Material, fresh_points, respond
from solver.solve import DIRECT_UNSYMMETRIC, NONLINEAR, SolveFailed, newton

QUADRATURE = 4  # degree: six points in a triangle, eleven in a tetrahedron
CLOSE = 1e-11  # of the forces: what may be left of them


@dataclass(frozen=True)
class Reached:
    """A converged step.

    Attributes:
        answers: Of the material points, by region.
        left: Internal minus external forces (those of springs among them) on every component: what
            supports hold, uN (or N/m).
        inner: Internal forces.
        iterations: Newton steps.
    """

    answers: dict[str, Answer]
    left: Floats
    inner: Floats
    iterations: int


class Inelastic:
    """The discrete problem: spaces, forms, matrices."""

    def __init__(
        self,
        body: Body,
        equilibrium: Equilibrium,
        materials: Mapping[str, Material],
        temperature: float,
        overrides: Mapping[str, str],
    ) -> None:
        """Compile the forms; collective.

        Args:
            body: Loads; its elastic law is not used.
            equilibrium: Supports, from the same body.
            materials: Of every region.
            temperature: K.
            overrides: PETSc options of the case.
        """
        self.body, self.domain, self.held = body, body.domain, equilibrium
        self.materials, self.temperature, self.overrides = materials, temperature, overrides
        self.space, self.expansion = equilibrium.space, equilibrium.expansion
        self.comm = self.domain.comm
        mesh = self.domain.mesh
        regions = region_of_cells(self.domain)
        tags = self.domain.built.regions
        self.cells = {n: np.flatnonzero(regions == tags[n]).astype(np.int32) for n in materials}
        places, weights = basix.make_quadrature(mesh.basix_cell(), QUADRATURE)
        self.points_of_cell: Floats = np.array(places, dtype=np.float64)
        self.per_cell = len(np.array(weights))
        self.displacement = fem.Function(self.space, name="displacement")
        self.given = self.expansion.createVecLeft()
        self.given.array[:] = np.where(equilibrium.state == FIXED, equilibrium.given, 0.0)
        self._make_functions()
        self._make_pressures()
        self._make_forms()
        self.history = {
            name: fresh_points(materials[name], len(cells) * self.per_cell)
            for name, cells in self.cells.items()
        }
        self.answers: dict[str, Answer] = {}
        self.load, self.seconds = 0.0, 0.0
        self.strain = fem.Expression(strain(self.displacement, self.domain), self.points_of_cell)
        self.unknowns = self._vector()
        self.scale = self.external.norm()
        here = mesh.topology.index_map(mesh.topology.dim).size_local
        self.cells_here = np.arange(here, dtype=np.int32)

    # -- set-up ------------------------------------------------------------------------------------

    def _make_functions(self) -> None:
        """Stress and tangent on the quadrature points."""
        mesh = self.domain.mesh
        name = mesh.basix_cell().name

        def on_points(shape: tuple[int, ...]) -> fem.Function:
            element = basix.ufl.quadrature_element(name, value_shape=shape, degree=QUADRATURE)
            return fem.Function(fem.functionspace(mesh, element))

        self.stress, self.tangent = on_points((6,)), on_points((6, 6))
        self.rows = np.asarray(self.stress.function_space.dofmap.list)

    def _make_pressures(self) -> None:
        """A pressure for every mixed region, on the nodes that the region touches."""
        tdim = self.domain.mesh.topology.dim
        self.mixed = tuple(sorted(n for n, m in self.materials.items() if m.mixed))
        self.linear = fem.functionspace(self.domain.mesh, ("Lagrange", 1))
        self.pressures = {n: fem.Function(self.linear, name="pressure") for n in self.mixed}
        owned = self.linear.dofmap.index_map.size_local
        self.pressure_at = {
            n: fem.Expression(p, self.points_of_cell) for n, p in self.pressures.items()
        }
        self.nodes: dict[str, npt.NDArray[np.int32]] = {}
        self.select: dict[str, PETSc.Mat] = {}
        for name in self.mixed:
            found = fem.locate_dofs_topological(self.linear, tdim, self.cells[name], remote=True)
            self.nodes[name] = np.unique(found[found < owned])
            self.select[name] = selection(self.nodes[name], owned, self.comm)

    def _make_forms(self) -> None:
        """Forms; all but the stiffness is assembled once."""
        mesh, w = self.domain.mesh, weight(self.domain)
        v, u = ufl.TestFunction(self.space), ufl.TrialFunction(self.space)
        q, p = ufl.TestFunction(self.linear), ufl.TrialFunction(self.linear)
        degree = {"quadrature_degree": QUADRATURE}
        parts = [(i, self.cells[name]) for i, name in enumerate(self.mixed)]
        dx = ufl.Measure("dx", domain=mesh, metadata=degree)
        inside = ufl.Measure("dx", domain=mesh, subdomain_data=parts, metadata=degree)
        eps = strain(v, self.domain)
        force = w * ufl.dot(self.stress, eps) * dx
        stiffness = w * ufl.dot(self.tangent * strain(u, self.domain), eps) * dx
        self.push: fem.Form | None = None  # of the springs behind plates
        springs = self.body.springs(self.displacement)
        if springs is not None:
            push = ufl.derivative(springs, self.displacement, v)
            stiffness += ufl.derivative(push, self.displacement, u)
            self.push = fem.form(push)
        volume = sum(strain(u, self.domain)[i] for i in range(3))
        self.coupling: dict[str, PETSc.Mat] = {}
        compliance: dict[str, PETSc.Mat] = {}
        for i, name in enumerate(self.mixed):
            bulk = self.materials[name].bulk
            self.coupling[name] = _assembled(-w * volume * q * inside(i))
            compliance[name] = _assembled(-w / bulk * p * q * inside(i))
        self.force, self.stiffness = fem.form(force), fem.form(stiffness)
        self.matrix = fem_petsc.create_matrix(self.stiffness)
        zero = fem.Function(self.space)
        external = fem.form(-ufl.derivative(self.body.load_potential(zero), zero, v))
        self.external = fem_petsc.assemble_vector(external)
        self.external.ghostUpdate(PETSc.InsertMode.ADD, PETSc.ScatterMode.REVERSE)
        # rows of the pressure; the reduced ones stay the same all along
        self.offsets = {}
        one = fem.Constant(mesh, np.float64(1.0))
        for i, name in enumerate(self.mixed):
            whole = fem_petsc.assemble_vector(fem.form(w * one * q * inside(i)))
            whole.ghostUpdate(PETSc.InsertMode.ADD, PETSc.ScatterMode.REVERSE)
            self.offsets[name] = self._selected(name, whole)
        self.reduced_coupling = {
            n: self.select[n].transposeMatMult(b.matMult(self.expansion))
            for n, b in self.coupling.items()
        }
        self.reduced_compliance = {n: m.PtAP(self.select[n]) for n, m in compliance.items()}

    def _selected(self, name: str, whole: PETSc.Vec) -> PETSc.Vec:
        part = self.select[name].createVecRight()
        self.select[name].multTranspose(whole, part)
        return part

    def _vector(self) -> PETSc.Vec:
        """Unknowns of this rank: y, then the pressures of the mixed regions."""
        local = self.expansion.getLocalSize()[1] + sum(len(n) for n in self.nodes.values())
        vector = PETSc.Vec().createMPI((local, PETSc.DECIDE), comm=self.comm)
        vector.set(0.0)
        return vector

    # -- one step ----------------------------------------------------------------------------------

    def put(self, unknowns: PETSc.Vec) -> None:
        """Sets displacement and pressures, and what the material points answer."""
        values = unknowns.array_r
        y = self.expansion.createVecRight()
        start = y.getLocalSize()
        y.array[:] = values[:start]
        u = self.given.duplicate()
        self.expansion.mult(y, u)
        u.axpy(self.load, self.given)
        self.displacement.x.array[: len(u.array_r)] = u.array_r
        self.displacement.x.scatter_forward()
        for name in self.mixed:
            count = len(self.nodes[name])
            self.pressures[name].x.array[self.nodes[name]] = values[start : start + count]
            self.pressures[name].x.scatter_forward()
            start += count
        self._answer()
        y.destroy()
        u.destroy()

    def _answer(self) -> None:
        """Stress and tangent at the points for the present displacement."""
        strains = self.strain.eval(self.domain.mesh, self.cells_here)
        strains = np.asarray(strains).reshape(len(self.cells_here), self.per_cell, 6)
        stress = self.stress.x.array.reshape(-1, 6)
        tangent = self.tangent.x.array.reshape(-1, 6, 6)
        for name, cells in self.cells.items():
            found = respond(
                self.materials[name], strains[cells].reshape(-1, 6), self.history[name],
                self.load, self.seconds, self.temperature,
            )  # fmt: skip
            rows = self.rows[cells].ravel()
            stress[rows], tangent[rows] = found.stress, found.tangent
            if name in self.mixed:
                pressure = self.pressure_at[name].eval(self.domain.mesh, cells)
                stress[rows] -= np.multiply.outer(np.asarray(pressure).ravel(), ONE)
            self.answers[name] = found

    def inner_forces(self) -> PETSc.Vec:
        """Forces of the stress on every component of the displacement."""
        force = fem_petsc.assemble_vector(self.force)
        force.ghostUpdate(PETSc.InsertMode.ADD, PETSc.ScatterMode.REVERSE)
        return force

    def outer_forces(self) -> PETSc.Vec:
        """Forces of the loads and of springs behind plates on every component."""
        force = self.external.copy()
        force.scale(self.load)
        if self.push is not None:
            push = fem_petsc.assemble_vector(self.push)
            push.ghostUpdate(PETSc.InsertMode.ADD, PETSc.ScatterMode.REVERSE)
            force.axpy(-1.0, push)
        return force

    def _residual(self, unknowns: PETSc.Vec, out: PETSc.Vec) -> None:
        self.put(unknowns)
        force = self.inner_forces()
        force.axpy(-1.0, self.outer_forces())
        y = self.expansion.createVecRight()
        self.expansion.multTranspose(force, y)
        parts = [y.array_r]
        u = self.given.duplicate()
        u.array[:] = self.displacement.x.array[: u.getLocalSize()]
        start = y.getLocalSize()
        for name in self.mixed:
            material, count = self.materials[name], len(self.nodes[name])
            whole = self.coupling[name].createVecLeft()
            self.coupling[name].mult(u, whole)
            row = self._selected(name, whole)
            p = row.duplicate()
            p.array[:] = unknowns.array_r[start : start + count]
            self.reduced_compliance[name].multAdd(p, row, row)
            free = self.load * float(material.eigenstrain @ ONE)
            free -= float(material.initial_stress @ ONE) / (3.0 * material.bulk)
            row.axpy(free, self.offsets[name])
            parts.append(row.array_r)
            start += count
        out.array[:] = np.concatenate(parts)

    def _jacobian(self) -> PETSc.Mat:
        self.matrix.zeroEntries()
        fem_petsc.assemble_matrix(self.matrix, self.stiffness)
        self.matrix.assemble()
        reduced = self.matrix.PtAP(self.expansion)
        if not self.mixed:
            return reduced
        rows: list[list[PETSc.Mat | None]] = [[reduced]]
        for name in self.mixed:
            coupling = self.reduced_coupling[name]
            rows[0].append(coupling.transpose(PETSc.Mat()))
            blocks = [self.reduced_compliance[n] if n == name else None for n in self.mixed]
            rows.append([coupling, *blocks])
        return PETSc.Mat().createNest(rows, comm=self.comm).convert("aij", PETSc.Mat())

    def step(self, load: float, seconds: float) -> Reached:
        """Solves for the state at the end of a step, from the state before; collective.

        `accept` makes it the state before the next one.

        Args:
            load: Share of the load at the end.
            seconds: Length of the step, s.

        Raises:
            SolveFailed: No convergence; `unknowns` are as before.
        """
        self.load, self.seconds = load, seconds
        before = self.unknowns.copy()
        self.put(self.unknowns)
        if self.scale == 0.0:  # stressed from the start, and maybe in equilibrium already
            self.scale = self.inner_forces().norm()

        def tangent(at: PETSc.Vec, out: PETSc.Mat) -> None:
            self.put(at)
            new = self._jacobian()
            new.copy(out, structure=PETSc.Mat.Structure.SAME_NONZERO_PATTERN)
            new.destroy()

        options = {**NONLINEAR, **DIRECT_UNSYMMETRIC, "snes_linesearch_type": "basic"}
        enough = CLOSE * self.scale if 0.0 < self.scale < np.inf else 1e-300  # not of NaN
        options |= {"snes_atol": f"{enough:.3e}", **self.overrides}
        try:
            steps = newton(
                "mechanics", self._residual, tangent, self._jacobian(), self.unknowns, "mechanics_",
                options,
            )  # fmt: skip
        except SolveFailed:
            before.copy(self.unknowns)
            raise
        self.put(self.unknowns)
        inner = self.inner_forces()
        self.scale = max(self.external.norm(), inner.norm())
        left = inner.array_r - self.outer_forces().array_r
        return Reached(dict(self.answers), left, inner.array_r.copy(), steps)

    def accept(self, reached: Reached) -> None:
        """Makes a converged step the state before the next one."""
        self.history = {name: answer.points for name, answer in reached.answers.items()}

    def stress_at_points(self) -> Floats:
        """The whole stress, MPa, shape (cells, points, 6)."""
        return np.asarray(self.stress.x.array.reshape(-1, 6)[self.rows])


def _assembled(form: ufl.Form) -> PETSc.Mat:
    matrix = fem_petsc.assemble_matrix(fem.form(form))
    matrix.assemble()
    return matrix


def selection(nodes: npt.NDArray[np.int32], owned: int, comm: PETSc.Comm) -> PETSc.Mat:
    """The 0/1 matrix from the values at some owned nodes to all nodes."""
    matrix = PETSc.Mat().createAIJ(
        ((owned, PETSc.DECIDE), (len(nodes), PETSc.DECIDE)), nnz=(1, 1), comm=comm
    )
    first, _ = matrix.getOwnershipRangeColumn()
    present = np.zeros(owned, dtype=PETSc.IntType)
    present[nodes] = 1
    pointer = np.concatenate([[0], np.cumsum(present)]).astype(PETSc.IntType)
    columns = (first + np.arange(len(nodes))).astype(PETSc.IntType)
    matrix.setValuesCSR(pointer, columns, np.ones(len(nodes)))
    matrix.assemble()
    return matrix
