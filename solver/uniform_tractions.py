"""The stiffness of a cell whose sides carry uniform tractions: the partner of affine sides.

    div sigma = 0,   sigma n = S n on the sides,   E = 1/|Y| int_sides sym(u n),   S = C_t E

S a given uniform stress (MPa), u the displacement (um) of a cell that floats, n outward. With
1/2 E.C_t E = min of the energy over all u of the mean strain E, and since displacements that are
periodic but for E x, or affine on the sides, are some of these,

    Reuss <= C_t <= periodic <= affine <= Voigt

in the sense of Loewner, on the same mesh as well. Continuous u of any order make C_t too stiff: it
estimates a lower tensor and proves none. In a plane section the strain along z is uniform: loads
are S_xx, S_yy, S_xy with no strain along z, and that strain without loads; with compliances s,
strains g of the second and its stress k along z

    C_t = [[s^-1, -s^-1 g], [-(s^-1 g)^T, k + g.s^-1 g]].

Voids inside of the cell are free; a void in one of the sides carries no traction, and C_t has no
meaning there.

Source: Huet 1990, J. Mech. Phys. Solids 38, 813; Hazanov & Huet 1994, the same 42, 1995.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import ufl
from dolfinx import fem, mesh
from dolfinx.fem import petsc as fem_petsc
from mpi4py import MPI
from petsc4py import PETSc

from solver.domain import Domain, facet_measure
from solver.effective_stiffness import Elastic, rigid_motions
from solver.elasticity import displacement_space, spread_over_cells, strain
from solver.hooke import XX, XY, XZ, YY, YZ, ZZ
from solver.periodic import Numbering, cell_box
from solver.solve import FLOATING, make_solver, solve

Floats = npt.NDArray[np.float64]
SLACK = 1e-7  # of a period
PLACES = {XX: (0, 0), YY: (1, 1), ZZ: (2, 2), YZ: (1, 2), XZ: (0, 2), XY: (0, 1)}


@dataclass(frozen=True)
class Tractions:
    """What uniform tractions give.

    Attributes:
        tensor: C_t, MPa, one row and column per strain of the cell.
        unknowns: Of one such problem.
        iterations: Krylov iterations of all of them.
        unproved: Largest share of the energy of a load that was added by an estimate.
    """

    tensor: Floats
    unknowns: int
    iterations: int
    unproved: float = 0.0


def uniform_tractions(cell: Elastic) -> Tractions | None:
    """Solve for all unit stresses; None where a void reaches the sides; collective.

    Raises:
        SolveFailed: No convergence.
    """
    domain = cell.domain
    gdim = domain.mesh.geometry.dim
    sides = sides_of(domain)
    if sides is None:
        return None
    ds = facet_measure(domain, {1: sides})
    space = displacement_space(domain, cell.order)
    law = spread_over_cells(domain, cell.stiffness, "stiffness")
    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    matrix = fem_petsc.assemble_matrix(
        fem.form(ufl.inner(strain(v, domain), law * strain(u, domain)) * ufl.dx)
    )
    matrix.assemble()
    rigid = rigid_motions(space, _every_value(space))
    null = PETSc.NullSpace().create(vectors=rigid, comm=domain.comm)
    matrix.setNullSpace(null)
    matrix.setNearNullSpace(null)
    ksp = make_solver(matrix, "elasticity_", FLOATING, cell.overrides)
    stress = fem.Constant(domain.mesh, np.zeros((gdim, gdim)))
    pull = fem.form(ufl.dot(ufl.dot(stress, ufl.FacetNormal(domain.mesh)), v) * ds(1))
    given = [k for k in cell.strains if gdim == 3 or k != ZZ]
    loads = []
    for k in given:
        i, j = PLACES[k]
        unit = np.zeros((gdim, gdim))
        unit[i, j] = unit[j, i] = 1.0
        stress.value[:] = unit
        loads.append(_assembled(pull))
    if gdim == 2:
        along = fem.Constant(domain.mesh, np.eye(6)[ZZ])
        loads.append(_assembled(fem.form(-ufl.inner(strain(v, domain), law * along) * ufl.dx)))
    answers, iterations = [], 0
    for load in loads:
        null.remove(load)
        answer = load.duplicate()
        answer.set(0.0)
        iterations += solve(ksp, load, answer, "displacement under uniform tractions")
        answers.append(answer)
    tensor = stiffness_of(cell, matrix, loads, answers, law)
    return Tractions(tensor, int(matrix.getSize()[0]), iterations)


def stiffness_of(
    cell: Elastic, matrix: PETSc.Mat, loads: list[PETSc.Vec], answers: list[PETSc.Vec],
    law: fem.Function, more: Floats | float = 0.0,
) -> Floats:  # fmt: skip
    """The stiffness, MPa, from the answers to uniform stresses, in a section to a strain along z.

    Args:
        cell: The cell.
        matrix: Of the energy of the answers.
        loads: Of unit stresses, in a section of the strain along z after them.
        answers: One for every load.
        law: The stiffness of every element.
        more: To be added to the energy of every load.
    """
    work = _energies(matrix, loads, answers) + more * np.eye(len(loads))
    energy = np.asarray(work / cell.volume, dtype=np.float64)
    if cell.domain.mesh.geometry.dim == 2:
        return _of_section(cell, energy, law)
    return np.asarray(np.linalg.inv(energy))


def _energies(matrix: PETSc.Mat, loads: list[PETSc.Vec], answers: list[PETSc.Vec]) -> Floats:
    """Work of every load along every answer, symmetric; errors of the solver enter squared."""
    product = matrix.createVecLeft()
    work = np.zeros((len(loads), len(loads)))
    for j, answer in enumerate(answers):
        matrix.mult(answer, product)
        for i, other in enumerate(answers):
            work[i, j] = loads[i].dot(answer) + loads[j].dot(other) - other.dot(product)
    return np.asarray(0.5 * (work + work.T))


def _of_section(cell: Elastic, energy: Floats, law: fem.Function) -> Floats:
    """Stiffness of a plane section from s, g and the energy of the strain along z."""
    part = fem.assemble_scalar(fem.form(law[ZZ, ZZ] * ufl.dx))
    whole = cell.domain.comm.allreduce(float(part), op=MPI.SUM) / cell.volume
    within = np.linalg.inv(energy[:3, :3])
    across = -within @ energy[:3, 3]
    tensor = np.zeros((4, 4))
    tensor[:3, :3] = within
    tensor[:3, 3] = tensor[3, :3] = across
    tensor[3, 3] = whole - energy[3, 3] - energy[:3, 3] @ across
    order = [XX, YY, XY, ZZ]
    places = [order.index(k) for k in cell.strains]
    return np.asarray(tensor[np.ix_(places, places)])


def _assembled(form: Any) -> PETSc.Vec:
    vector = fem_petsc.assemble_vector(form)
    vector.ghostUpdate(PETSc.InsertMode.ADD, PETSc.ScatterMode.REVERSE)
    return vector


def _every_value(space: fem.FunctionSpace) -> PETSc.Mat:
    """The matrix that keeps all values as unknowns."""
    index, size = space.dofmap.index_map, space.dofmap.index_map_bs
    local = index.size_local * size
    columns = np.arange(local, dtype=np.int64) + int(index.local_range[0]) * size
    return Numbering(columns, local, int(index.size_global) * size).expansion(space.mesh.comm)


def sides_of(domain: Domain) -> npt.NDArray[np.int32] | None:
    """(cell, local facet) pairs on the box of the cell, (n, 2); None if they do not cover it."""
    low, extent = cell_box(domain)
    periods = np.array(domain.built.periods)
    tdim = domain.mesh.topology.dim
    if (np.abs(extent[: len(periods)] - periods) > SLACK * periods).any():
        return None
    facets_of_cell = domain.mesh.topology.connectivity(tdim, tdim - 1).array.reshape(-1, tdim + 1)
    facet_map = domain.mesh.topology.index_map(tdim - 1)
    marked = np.zeros(facet_map.size_local + facet_map.num_ghosts, dtype=bool)
    for axis in range(tdim):
        for place in (low[axis], low[axis] + extent[axis]):

            def on_it(x: Floats, axis: int = axis, place: float = place) -> npt.NDArray[np.bool_]:
                return np.asarray(np.abs(x[axis] - place) <= SLACK * extent[axis])

            marked[mesh.locate_entities_boundary(domain.mesh, tdim - 1, on_it)] = True
    pairs = np.argwhere(marked[facets_of_cell]).astype(np.int32)
    ds = facet_measure(domain, {1: pairs})
    one = fem.Constant(domain.mesh, np.float64(1.0))
    area = domain.comm.allreduce(float(fem.assemble_scalar(fem.form(one * ds(1)))), op=MPI.SUM)
    whole = 2.0 * float((periods.prod() / periods).sum())
    return pairs if abs(area / whole - 1.0) < SLACK else None
