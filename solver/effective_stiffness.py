"""The effective stiffness of a periodic cell.

    div sigma = 0,  sigma = C (E + eps(w)),  w and sigma.n periodic,   C_eff E = 1/|Y| int sigma

E the mean strain, w the periodic fluctuation of the displacement (um), C the stiffness (MPa). For
every w that is linear in E

    E.C_eff E <= 1/|Y| int (E + eps(w)).C (E + eps(w)),

so that continuous w (no body forces, no faces; quadratic unless another order is asked for) give an
upper tensor, in the sense of Loewner, on every mesh. With w = 0 on the sides of the cell the
displacement there is affine: an upper tensor again, and further away; with w = 0 everywhere it is
the mean of Voigt. From below there is the mean of Reuss, (1/|Y| int C^-1)^-1: a uniform stress is
in equilibrium everywhere, and closer the bound of solver/weak_strains.py.

In a plane section the strains are xx, yy, zz and xy: a uniform strain along z goes along.
Isotropic phases in 3D, statistically isotropic: Hashin & Shtrikman 1963, J. Mech. Phys. Solids 11,
127, with zeta(K, G) = G (9 K + 8 G)/(6 (K + 2 G)) of the softest and of the stiffest phase:

    K = (sum phi_i/(K_i + 4 G/3))^-1 - 4 G/3,    G = (sum phi_i/(G_i + zeta))^-1 - zeta.

Source: Milton, The Theory of Composites, ch. 13; Huet 1990, J. Mech. Phys. Solids 38, 813 (sides).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import ufl
from dolfinx import fem, mesh
from dolfinx.fem import petsc as fem_petsc
from mpi4py import MPI
from petsc4py import PETSc

from solver.domain import Domain
from solver.elasticity import displacement_space, spread_over_cells, strain
from solver.hooke import XX, XY, YY, ZZ
from solver.periodic import number_unknowns, pieces
from solver.solve import DIRECT, DIRECT_LIMIT, ELASTICITY, ELASTICITY_LIMIT, make_solver, solve

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Sides = Literal["periodic", "affine"]
NOTHING = 1e-12  # of the stiffest phase: less beside voids is rounding of 0


class Loose(ValueError):
    """Solids that nothing holds to the rest of the cell."""


@dataclass(frozen=True)
class Elastic:
    """A periodic cell.

    Attributes:
        domain: The mesh.
        stiffness: Of every region, MPa, shape (6, 6).
        volume: Of the whole cell, um^3 (plane: um^2).
        overrides: PETSc options of the case.
        order: Of the continuous displacements.
    """

    domain: Domain
    stiffness: dict[str, Floats]
    volume: float
    overrides: dict[str, str]
    order: int = 2

    @property
    def strains(self) -> list[int]:
        """Which of the six strains the cell can have."""
        return [XX, YY, ZZ, XY] if self.domain.mesh.topology.dim == 2 else list(range(6))


@dataclass(frozen=True)
class Response:
    """Fluctuations under unit strains.

    Attributes:
        tensor: Upper tensor, MPa, one row and column per strain of the cell.
        fields: w for every unit strain, um.
        unknowns: Of one such problem.
        iterations: Krylov iterations of all of them.
    """

    tensor: Floats
    fields: tuple[fem.Function, ...]
    unknowns: int
    iterations: int


def response(cell: Elastic, sides: Sides) -> Response:
    """Solve for all unit strains; collective.

    Raises:
        NotPeriodic: Sides do not match.
        Loose: A solid that is not held, or solids that do not lead through the cell.
        SolveFailed: No convergence.
    """
    domain = cell.domain
    gdim = domain.mesh.geometry.dim
    space = displacement_space(domain, cell.order)
    law = spread_over_cells(domain, cell.stiffness, "stiffness")
    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    form = ufl.inner(strain(v, domain), law * strain(u, domain)) * ufl.dx
    whole = fem_petsc.assemble_matrix(fem.form(form))
    whole.assemble()
    expansion = number_unknowns(domain, space).expansion(domain.comm)
    stiffness = whole.PtAP(expansion)
    begin = stiffness.getOwnershipRange()[0]
    roots = int((pieces(stiffness) == begin + np.arange(stiffness.getLocalSize()[0])).sum())
    if domain.comm.allreduce(roots) > gdim:
        raise Loose("mechanics: the solids of the cell fall apart: expected one that is connected")
    held: Integers = np.arange(
        gdim if begin == 0 else 0, dtype=np.int64
    )  # translations cost nothing
    if sides == "affine":
        marks = _on_sides(space)
        on_sides = _reduced(marks.x.petsc_vec, expansion).array_r > 0.0
        held = np.flatnonzero(on_sides).astype(np.int64)
    near = rigid_motions(space, expansion)
    typical = stiffness.getDiagonal().sum() / stiffness.getSize()[0]
    stiffness.zeroRowsColumns((held + begin).astype(PETSc.IntType), diag=typical)
    stiffness.setBlockSize(gdim)
    stiffness.setNearNullSpace(PETSc.NullSpace().create(vectors=near, comm=domain.comm))
    limit = ELASTICITY_LIMIT if gdim == 2 else DIRECT_LIMIT
    options = DIRECT if stiffness.getSize()[0] <= limit else ELASTICITY
    ksp = make_solver(stiffness, "elasticity_", options, cell.overrides)
    fields, iterations = [], 0
    unit = fem.Constant(domain.mesh, np.zeros(6))
    work = fem.form(-ufl.inner(strain(v, domain), law * unit) * ufl.dx)  # compiled once
    for which in cell.strains:
        unit.value[:] = np.eye(6)[which]
        load = fem_petsc.assemble_vector(work)
        load.ghostUpdate(PETSc.InsertMode.ADD, PETSc.ScatterMode.REVERSE)
        load = _reduced(load, expansion)
        load.array[held] = 0.0
        answer = load.duplicate()
        answer.set(0.0)
        iterations += solve(ksp, load, answer, "fluctuation of the displacement")
        values = expansion.createVecLeft()
        expansion.mult(answer, values)
        field = fem.Function(space, name="fluctuation")
        field.x.array[: values.getLocalSize()] = values.array_r
        field.x.scatter_forward()
        fields.append(field)
    tensor = _mean_energy(cell, fields, law)
    stiffest = max(float(np.abs(one).max()) for one in cell.stiffness.values())
    if np.linalg.eigvalsh(tensor)[0] <= NOTHING * stiffest and _has_voids(cell):
        raise Loose(
            "mechanics: some strain of the cell costs no energy, as its solids do not lead through "
            "it along all axes: expected solids that do"
        )
    return Response(tensor, tuple(fields), int(stiffness.getSize()[0]), iterations)


def _has_voids(cell: Elastic) -> bool:
    meshed = sum(region.computed for region in cell.domain.built.report.regions)
    return bool(meshed < cell.volume * (1.0 - 1e-9))


def _reduced(vector: PETSc.Vec, expansion: PETSc.Mat) -> PETSc.Vec:
    out = expansion.createVecRight()
    expansion.multTranspose(vector, out)
    return out


def _on_sides(space: fem.FunctionSpace) -> fem.Function:
    """1 on the components of nodes on the outer surface."""
    topology = space.mesh.topology
    facets = mesh.exterior_facet_indices(topology)
    nodes = fem.locate_dofs_topological(space, topology.dim - 1, facets, remote=True)
    size = space.dofmap.index_map_bs
    marks = fem.Function(space)
    marks.x.array[(nodes[:, None] * size + np.arange(size)).ravel()] = 1.0
    return marks


def rigid_motions(space: fem.FunctionSpace, expansion: PETSc.Mat) -> list[PETSc.Vec]:
    """What costs little in every part of the cell, in unknowns, orthonormal."""
    gdim = space.mesh.geometry.dim
    owned = space.dofmap.index_map.size_local
    x = space.tabulate_dof_coordinates()[:owned]
    motions = [np.eye(gdim)[axis] * np.ones((owned, 1)) for axis in range(gdim)]
    for i, j in [(0, 1), (0, 2), (1, 2)][: 2 * gdim - 3]:
        turn = np.zeros((owned, gdim))
        turn[:, i], turn[:, j] = -x[:, j], x[:, i]
        motions.append(turn)
    ones = expansion.createVecLeft()
    ones.set(1.0)
    counts = _reduced(ones, expansion)
    out: list[PETSc.Vec] = []
    for motion in motions:
        values = expansion.createVecLeft()
        values.array[:] = motion.ravel()
        vector = _reduced(values, expansion)
        vector.pointwiseDivide(vector, counts)
        for other in (*out, *out):
            vector.axpy(-vector.dot(other), other)
        vector.scale(1.0 / vector.norm())
        out.append(vector)
    return out


def _mean_energy(cell: Elastic, fields: list[fem.Function], law: fem.Function) -> Floats:
    domain = cell.domain
    total = [
        fem.Constant(domain.mesh, np.eye(6)[which]) + strain(w, domain)
        for which, w in zip(cell.strains, fields, strict=True)
    ]
    tensor = np.zeros((len(fields), len(fields)))
    for i, one in enumerate(total):
        for j, other in enumerate(total[: i + 1]):
            part = fem.assemble_scalar(fem.form(ufl.inner(one, law * other) * ufl.dx))
            tensor[i, j] = tensor[j, i] = domain.comm.allreduce(float(part), op=MPI.SUM)
    return np.asarray(tensor / cell.volume)


def voigt_and_reuss(cell: Elastic, shares: dict[str, float]) -> tuple[Floats, Floats]:
    """Uniform strain and uniform stress: the upper and the lower tensor, MPa.

    Args:
        cell: The cell.
        shares: Of the volume of the whole cell, by region; what is missing to 1 is void.
    """
    part = np.ix_(cell.strains, cell.strains)
    laws = {name: cell.stiffness[name][part] for name in shares}
    voigt = np.sum([share * laws[name] for name, share in shares.items()], axis=0)
    if sum(shares.values()) < 1.0 - 1e-9:
        return voigt, np.zeros_like(voigt)
    compliance = np.sum([p * np.linalg.inv(laws[name]) for name, p in shares.items()], axis=0)
    return voigt, np.asarray(np.linalg.inv(compliance))


def hashin_shtrikman_moduli(
    shares: list[float], bulk: list[float], shear: list[float]
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Lower and upper bulk modulus, lower and upper shear modulus of an isotropic mixture, MPa."""

    def mixed(values: list[float], reference: float) -> float:
        total = sum(p / (k + reference) for p, k in zip(shares, values, strict=True))
        return 1.0 / total - reference

    out = []
    for pick in (min, max):
        k, g = pick(bulk), pick(shear)
        zeta = g * (9.0 * k + 8.0 * g) / (6.0 * (k + 2.0 * g)) if g > 0.0 else 0.0
        if g == 0.0:
            out.append((0.0, 0.0))
            continue
        out.append((mixed(bulk, 4.0 * g / 3.0), mixed(shear, zeta)))
    (k_low, g_low), (k_high, g_high) = out
    return (k_low, k_high), (g_low, g_high)
