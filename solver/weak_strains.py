"""Lower tensors of the stiffness that are proved: weak strains under uniform tractions.

Displacements u of a cell are replaced by their moments alone, m on every facet F against linear
functions and a on every element T against constants; a strain e, linear on every T, follows from

    int_T e:tau = int_dT m.tau n - int_T a.div tau       for all linear symmetric tau.

With the moments of a displacement, e is the projection of its strain, and as C is constant on T,
int e:C e <= int eps(u):C eps(u). So the minimum over all moments is no larger than that over all
displacements. With the uniform stress S on the sides,

    1/2 S.A S = max over (m, a) of  1/|Y| (int_sides m.S n - 1/2 int e:C e),      C_w = A^-1,

which is C_t of `solver.uniform_tractions` on a larger set, hence C_w <= C_t <= periodic in the
sense of Loewner, on every mesh. It is the dual of piecewise linear stresses in equilibrium: C e is
one, with continuous tractions. In a plane section the strain along z is uniform and goes along, as
there.

Where the edges at a node lie in two lines, moments about it have no strain, and where they nearly
do, by an angle of t, their energy is some t^2 of the others'. Bisected triangles have nodes of
every t down to rounding, so that K x = b has no gap in its spectrum and keeps a residual r. It need
not vanish: with x the moments found, x_u those of the displacement u, and
b.x_u = int C e:eps(u) + r.x_u,

    A <= x.K x + 2 r.x_u,

for the stress C e is out of equilibrium by r alone. x_u is taken to be as large as x, unknown by
unknown, and sum |r| |x| is added to A. That is an estimate, no proof: `unproved` says what share of
the energy it makes.

m is taken from two or three fields of Brezzi, Douglas and Marini, whose normal components have all
linear moments on a facet; the sign of n.d, d one direction, makes them the same from both sides.

Source: Fraeijs de Veubeke 1965 (equilibrium elements); Wang & Ye 2013, J. Comput. Appl. Math. 241,
103 (weak derivatives).
"""

from typing import Any

import basix
import basix.ufl
import numpy as np
import numpy.typing as npt
import ufl
from dolfinx import fem
from dolfinx.fem import petsc as fem_petsc
from petsc4py import PETSc

from solver.domain import Domain, facet_measure
from solver.effective_stiffness import Elastic
from solver.elasticity import spread_over_cells
from solver.hooke import XX, XY, XZ, YY, YZ, ZZ
from solver.solve import SEMIDEFINITE, make_solver, solve
from solver.uniform_tractions import PLACES, Tractions, sides_of, stiffness_of

Floats = npt.NDArray[np.float64]
DIRECTION = (1.0, 2.0**0.5, 3.0**0.5)  # d: no facet of a mesh is parallel to it
SHIFT = 1e-11  # of the diagonal
MOST = {2: 400_000, 3: 100_000}  # unknowns that are factorised
WITHIN = {2: [XX, YY, XY], 3: [XX, YY, ZZ, YZ, XZ, XY]}


def weak_strains(cell: Elastic) -> Tractions | None:
    """Solve for all unit stresses; collective.

    None where a void reaches the sides, or for more than `MOST` unknowns.

    Raises:
        SolveFailed: No convergence.
    """
    domain = cell.domain
    gdim = domain.mesh.geometry.dim
    sides = sides_of(domain)
    if sides is None:
        return None
    strains = _space(domain, basix.ufl.element(
        "DG", domain.mesh.basix_cell(), 1, lagrange_variant=basix.LagrangeVariant.legendre,
        discontinuous=True, shape=(6,),
    ))  # fmt: skip
    facets = _space(domain, basix.ufl.element("BDM", domain.mesh.basix_cell(), 1))
    inside = _space(domain, basix.ufl.element("DG", domain.mesh.basix_cell(), 0, shape=(gdim,)))
    spaces = [facets] * gdim + [inside]
    if sum(_unknowns(space) for space in spaces) > MOST[gdim]:
        return None
    law = spread_over_cells(domain, cell.stiffness, "stiffness")
    n = ufl.FacetNormal(domain.mesh)
    sign = ufl.sign(ufl.dot(n, ufl.as_vector(DIRECTION[:gdim])))
    every = np.argwhere(np.ones((_cells(domain), gdim + 1), dtype=bool)).astype(np.int32)
    around, outside = facet_measure(domain, {1: every}), facet_measure(domain, {1: sides})
    tau = ufl.TestFunction(strains)
    stress = _tensor(tau, gdim)
    field, middle = ufl.TrialFunction(facets), ufl.TrialFunction(inside)
    forces = ufl.dot(stress, n)
    parts = [sign * ufl.dot(field, n) * forces[i] * around(1) for i in range(gdim)]
    parts.append(-ufl.inner(middle, ufl.div(stress)) * ufl.dx)
    gradient = _beside([fem_petsc.assemble_matrix(fem.form(part)) for part in parts])
    e = ufl.TrialFunction(strains)
    mass = fem_petsc.assemble_matrix(fem.form(ufl.inner(e, tau) * ufl.dx))
    mass.assemble()
    inverse = mass.getDiagonal()  # Legendre polynomials are orthogonal
    inverse.reciprocal()
    gradient.diagonalScale(L=inverse)
    hooke = fem_petsc.assemble_matrix(fem.form(ufl.inner(tau, law * e) * ufl.dx))
    hooke.assemble()
    matrix = hooke.PtAP(gradient)
    shifted, diagonal = matrix.copy(), matrix.getDiagonal()
    diagonal.scale(1.0 + SHIFT)
    shifted.setDiagonal(diagonal)

    def factorised(pc: PETSc.PC) -> None:
        pc.setOperators(matrix, shifted)

    ksp = make_solver(matrix, "weak_", SEMIDEFINITE, {}, factorised)
    pulled = fem.Constant(domain.mesh, np.zeros((gdim, gdim)))
    other = ufl.TestFunction(facets)
    pulls = [
        fem.form(sign * ufl.dot(other, n) * ufl.dot(pulled, n)[i] * outside(1)) for i in range(gdim)
    ]
    loads = []
    for k in WITHIN[gdim]:
        i, j = PLACES[k]
        unit = np.zeros((gdim, gdim))
        unit[i, j] = unit[j, i] = 1.0
        pulled.value[:] = unit
        rhs = matrix.createVecRight()
        sums = [_assembled(pull).array_r for pull in pulls]
        rhs.array[:] = np.concatenate([*sums, np.zeros(gdim * _cells(domain))])
        loads.append(rhs)
    if gdim == 2:
        along = fem.Constant(domain.mesh, np.eye(6)[ZZ])
        work = _assembled(fem.form(-ufl.inner(tau, law * along) * ufl.dx))
        rhs = matrix.createVecRight()
        gradient.multTranspose(work, rhs)
        loads.append(rhs)
    answers, iterations = [], 0
    for rhs in loads:
        answer = rhs.duplicate()
        answer.set(0.0)
        iterations += solve(ksp, rhs, answer, "weak strains under uniform tractions")
        answers.append(answer)
    more = _unbalanced(matrix, loads, answers)
    tensor = stiffness_of(cell, matrix, loads, answers, law, more)
    energy = np.array([load.dot(answer) for load, answer in zip(loads, answers, strict=True)])
    unproved = float((more / np.where(energy > 0.0, energy, np.inf)).max())
    return Tractions(tensor, int(matrix.getSize()[0]), iterations, unproved)


def _unbalanced(matrix: PETSc.Mat, loads: list[PETSc.Vec], answers: list[PETSc.Vec]) -> Floats:
    """No less than 2 r.x_u for any sum of the loads: what to add to the energy of each, squared."""
    left, large = [], []
    for load, answer in zip(loads, answers, strict=True):
        residual = load.duplicate()
        matrix.mult(answer, residual)
        residual.aypx(-1.0, load)
        residual.abs()
        size = answer.copy()
        size.abs()
        left.append(residual)
        large.append(size)
    work = np.array([[r.dot(x) for x in large] for r in left])
    energy = [load.dot(answer) for load, answer in zip(loads, answers, strict=True)]
    # a strain along z loads nothing where no phase contracts: any weight will do
    scale = np.sqrt([e if e > 0.0 else 1.0 for e in energy])
    # 2 s_i s_j N_ij <= N_ij (s_i^2 scale_i/scale_j + s_j^2 scale_j/scale_i)
    return np.asarray(((work + work.T) * scale[:, None] / scale).sum(axis=1))


def _space(domain: Domain, element: Any) -> fem.FunctionSpace:
    return fem.functionspace(domain.mesh, element)


def _unknowns(space: fem.FunctionSpace) -> int:
    return int(space.dofmap.index_map.size_global) * int(space.dofmap.index_map_bs)


def _beside(blocks: list[PETSc.Mat]) -> PETSc.Mat:
    """Matrices of the same rows in one, whose columns on every rank are those of each in turn."""
    for block in blocks:
        block.assemble()
    return PETSc.Mat().createNest([blocks], comm=blocks[0].comm).convert("aij")


def _cells(domain: Domain) -> int:
    return int(domain.mesh.topology.index_map(domain.mesh.topology.dim).size_local)


def _tensor(vector: Any, gdim: int) -> Any:
    """The stress whose six components are given, within the plane or in space."""
    rows = [[0] * gdim for _ in range(gdim)]
    for k in WITHIN[gdim]:
        i, j = PLACES[k]
        rows[i][j] = rows[j][i] = vector[k]
    return ufl.as_tensor(rows)


def _assembled(form: Any) -> PETSc.Vec:
    vector = fem_petsc.assemble_vector(form)
    vector.ghostUpdate(PETSc.InsertMode.ADD, PETSc.ScatterMode.REVERSE)
    return vector
