"""The effective conductivity of a periodic cell, from above and from below.

    q_E = kappa (E + grad w),   div q_E = 0,   w and q_E.n periodic,   k E = <q_E> = 1/|Y| int_Y q_E

E the mean field (V/um) of either sign, w the fluctuation (V), kappa the conductivity (pA/(V um),
constant in every cell of the mesh), |Y| the volume of the whole cell, also of what is left out.

From above: continuous w, quadratic unless another order is asked for. For every w linear in E

    E.k E <= 1/|Y| int kappa |E + grad w|^2 = E.A E.

From below: w of Crouzeix and Raviart (continuous in the middles of facets). Its flux is constant in
every cell, has no divergence, and its normal component is continuous across facets, also across
the sides of the cell; where w is optimal, <q_E>.E = 1/|Y| int |q_E|^2/kappa = E.B E, and with

    E.k E >= 2 E.<q> - 1/|Y| int |q|^2/kappa       for every such q

B <= k <= A: both differences have no negative eigenvalue.

Insulators are left out: no flux through their surface holds from either side. In perfect
conductors E + grad w = 0: they are one unknown for every piece, and what moves their nodes with
the field is found in the conductor itself. One that reaches through the whole cell has no
finite conductivity.

Where no piece of the conductors leads through the cell along E, E.k E = 0: E + grad w = 0 in every
piece. What is computed then is rounding, and both bounds are set to 0 (`ways_through`).

Source: Milton, The Theory of Composites, ch. 13 (both principles); Marini 1985, SIAM J. Numer.
Anal. 22, 493 (the flux of the Crouzeix-Raviart element).
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import ufl
from dolfinx import fem
from dolfinx.fem import petsc as fem_petsc
from petsc4py import PETSc

from solver.domain import Domain, cellwise
from solver.periodic import Numbering, number_unknowns, pieces
from solver.solve import DIRECT, DIRECT_LIMIT, MULTIGRID, MULTIGRID_2D, make_solver, solve

Floats = npt.NDArray[np.float64]
THROUGH = 1e-9  # relative mean square field left in a conductor that ends in the cell
SUSPICIOUS = 1e-8  # of the best conductor: less may be rounding of 0
ROUNDING = 1e-12  # by which bounds are wider, relative to the trace


class Percolates(ValueError):
    """A perfect conductor that reaches from one side of the cell to the opposite one."""


@dataclass(frozen=True)
class Conducting:
    """A periodic cell.

    Attributes:
        domain: The mesh, without insulators.
        conductivity: Of every meshed region, pA/(V um); infinite in perfect conductors.
        volume: Of the whole cell, um^3 (plane: um^2).
        overrides: PETSc options of the case.
        order: Of the continuous elements; currents from below keep their own.
    """

    domain: Domain
    conductivity: dict[str, float]
    volume: float
    overrides: dict[str, str]
    order: int = 2


@dataclass(frozen=True)
class Fluctuations:
    """One side of the bounds.

    Attributes:
        tensor: A or B, pA/(V um), shape (dimension, dimension), symmetric.
        fields: w for the unit field along every axis.
        unknowns: Of one such problem.
        iterations: Krylov iterations of all of them.
    """

    tensor: Floats
    fields: tuple[fem.Function, ...]
    unknowns: int
    iterations: int


def fluctuations(cell: Conducting, side: Literal["upper", "lower"]) -> Fluctuations:
    """Solve for the unit fields along all axes; collective.

    Raises:
        NotPeriodic: Sides do not match.
        Percolates: A perfect conductor reaches through the cell.
        SolveFailed: No convergence.
    """
    domain, mesh = cell.domain, cell.domain.mesh
    space = fem.functionspace(mesh, ("Lagrange", cell.order) if side == "upper" else ("CR", 1))
    perfect = {name for name, value in cell.conductivity.items() if np.isinf(value)}
    finite = {n: 0.0 if n in perfect else value for n, value in cell.conductivity.items()}
    kappa = cellwise(domain, finite, "conductivity")
    numbering = number_unknowns(domain, space)
    expansion = numbering.expansion(domain.comm)
    stiffness = weighted_laplacian(space, kappa).PtAP(expansion)
    loads = [
        reduced(field_load(space, kappa, axis), expansion) for axis in range(mesh.geometry.dim)
    ]
    moved = [load.duplicate() for load in loads]
    for vector in moved:
        vector.set(0.0)
    if perfect:
        inside = {name: float(name in perfect) for name in cell.conductivity}
        place = cellwise(domain, inside, "perfect")
        glue = _move_with_field(cell, space, place, expansion, moved)
        for load, motion in zip(loads, moved, strict=True):
            product = load.duplicate()
            stiffness.mult(motion, product)
            load.axpy(-1.0, product)
        loads = [reduced(load, glue) for load in loads]
        stiffness = stiffness.PtAP(glue)
    else:
        glue = None
    pinned = pinned_rows(stiffness)
    for load in loads:
        load.array[pinned] = 0.0
    begin = stiffness.getOwnershipRange()[0]
    typical = stiffness.getDiagonal().sum() / stiffness.getSize()[0]
    stiffness.zeroRowsColumns((pinned + begin).astype(PETSc.IntType), diag=typical)
    prefix = "primal_" if side == "upper" else "dual_"
    ksp = make_solver(stiffness, prefix, solver_options(cell, stiffness), cell.overrides)
    fields, iterations = [], 0
    for axis, (load, motion) in enumerate(zip(loads, moved, strict=True)):
        answer = load.duplicate()
        answer.set(0.0)
        iterations += solve(ksp, load, answer, f"fluctuation along {'xyz'[axis]}, {side} bound")
        if glue is not None:
            glue.multAdd(answer, motion, motion)
            answer = motion
        fields.append(periodic_function(space, expansion, answer, f"fluctuation {'xyz'[axis]}"))
    tensor = np.asarray(_mean_energy(domain, fields, kappa) / cell.volume)
    return Fluctuations(tensor, tuple(fields), int(stiffness.getSize()[0]), iterations)


def both_sides(cell: Conducting) -> tuple[Fluctuations, Fluctuations]:
    """Lower and upper tensor, wider by what rounding may have done; collective.

    Where bounds have crossed, rounding was as large as that. Both are 0 where no way leads through.
    """
    lower, upper = fluctuations(cell, "lower"), fluctuations(cell, "upper")
    crossed = -float(np.linalg.eigvalsh(upper.tensor - lower.tensor).min())
    wide = max(ROUNDING * float(np.trace(upper.tensor)), crossed) * np.eye(len(upper.tensor))
    through = np.eye(len(upper.tensor))
    best = max((k for k in cell.conductivity.values() if np.isfinite(k)), default=0.0)
    if np.linalg.eigvalsh(upper.tensor).min() <= SUSPICIOUS * best:
        through = ways_through(cell)
    low, high = (through @ t @ through for t in (lower.tensor - wide, upper.tensor + wide))
    return (
        Fluctuations(low, lower.fields, lower.unknowns, lower.iterations),
        Fluctuations(high, upper.fields, upper.unknowns, upper.iterations),
    )


def ways_through(cell: Conducting) -> Floats:
    """The projector on the fields that drive a current through the cell; collective.

    With the conductivity 1 everywhere a current is small only where there is no way, not where
    a way conducts badly. Without a way E + grad w = 0 in every piece.
    """
    alike = replace(cell, conductivity=dict.fromkeys(cell.conductivity, 1.0))
    values, vectors = np.linalg.eigh(fluctuations(alike, "upper").tensor)
    shut = vectors[:, values <= THROUGH]
    through = np.eye(len(values)) - shut @ shut.T
    whole = np.rint(through)
    return np.where(np.abs(through - whole) < 1e-9, whole, through)


def weighted_laplacian(space: fem.FunctionSpace, kappa: fem.Function) -> PETSc.Mat:
    """int kappa grad u . grad v, sides not yet tied."""
    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    form = kappa * ufl.inner(ufl.grad(u), ufl.grad(v)) * ufl.dx
    matrix = fem_petsc.assemble_matrix(fem.form(form))
    matrix.assemble()
    return matrix


def field_load(space: fem.FunctionSpace, kappa: fem.Function, axis: int) -> PETSc.Vec:
    """-int kappa E.grad v for the unit field along an axis."""
    v = ufl.TestFunction(space)
    unit = fem.Constant(space.mesh, np.eye(space.mesh.geometry.dim)[axis])
    vector = fem_petsc.assemble_vector(fem.form(-kappa * ufl.dot(unit, ufl.grad(v)) * ufl.dx))
    vector.ghostUpdate(PETSc.InsertMode.ADD, PETSc.ScatterMode.REVERSE)
    return vector


def reduced(vector: PETSc.Vec, expansion: PETSc.Mat) -> PETSc.Vec:
    """A load on periodic unknowns."""
    out = expansion.createVecRight()
    expansion.multTranspose(vector, out)
    return out


def periodic_function(
    space: fem.FunctionSpace, expansion: PETSc.Mat, unknowns: PETSc.Vec, name: str
) -> fem.Function:
    """The function of periodic unknowns."""
    values = expansion.createVecLeft()
    expansion.mult(unknowns, values)
    function = fem.Function(space, name=name)
    function.x.array[: values.getLocalSize()] = values.array_r
    function.x.scatter_forward()
    return function


def pinned_rows(matrix: PETSc.Mat) -> npt.NDArray[np.int64]:
    """One owned row of every connected piece: what floats is held there."""
    begin = matrix.getOwnershipRange()[0]
    rows = np.arange(matrix.getLocalSize()[0], dtype=np.int64)
    return np.asarray(rows[pieces(matrix) == rows + begin])


def solver_options(cell: Conducting, matrix: PETSc.Mat) -> dict[str, str]:
    """How systems of this size are solved."""
    if matrix.getSize()[0] <= DIRECT_LIMIT:
        return DIRECT
    return MULTIGRID_2D if cell.domain.mesh.topology.dim == 2 else MULTIGRID


def _move_with_field(
    cell: Conducting,
    space: fem.FunctionSpace,
    place: fem.Function,
    expansion: PETSc.Mat,
    moved: list[PETSc.Vec],
) -> PETSc.Mat:
    """w = -E.x up to a constant in every piece of a perfect conductor, across sides as well.

    Args:
        cell: The cell.
        space: Of w.
        place: 1 in perfect conductors, 0 elsewhere.
        expansion: Values of w from periodic unknowns.
        moved: Takes w for the unit fields.

    Returns:
        The 0/1 matrix that gives all of a piece one unknown.
    """
    stiffness = weighted_laplacian(space, place).PtAP(expansion)
    begin, end = stiffness.getOwnershipRange()
    diagonal = stiffness.getDiagonal().array_r.copy()
    largest = stiffness.getDiagonal().max()[1]
    outside = np.flatnonzero(diagonal <= 1e-14 * largest)
    belongs = pieces(stiffness)
    first = belongs == begin + np.arange(end - begin)
    held = np.union1d(np.flatnonzero(first), outside)
    loads = [reduced(field_load(space, place, axis), expansion) for axis in range(len(moved))]
    stiffness.zeroRowsColumns((held + begin).astype(PETSc.IntType), diag=largest)
    ksp = make_solver(stiffness, "conductor_", solver_options(cell, stiffness), {})
    fields = []
    for axis, (load, motion) in enumerate(zip(loads, moved, strict=True)):
        load.array[held] = 0.0
        solve(ksp, load, motion, "the motion of perfect conductors with the field")
        fields.append(periodic_function(space, expansion, motion, "motion"))
        left = _mean_energy(cell.domain, fields[-1:], place, axis)[0, 0]
        if left > THROUGH * cell.volume:
            raise Percolates(
                "regions: perfect conductors reach through the cell along "
                f"{'xyz'[axis]}: expected a conductivity instead of equipotential"
            )
    # all of a piece is one unknown: that of its first row
    comm = cell.domain.comm
    own = first.copy()
    own[outside] = True
    local = int(own.sum())
    number = (comm.exscan(local) or 0) + np.cumsum(own) - 1
    told = stiffness.createVecRight()
    told.array[:] = number
    wanted, back = np.unique(np.where(own, begin + np.arange(end - begin), belongs),
                             return_inverse=True)  # fmt: skip
    found = PETSc.Vec().createSeq(len(wanted))
    index = PETSc.IS().createGeneral(wanted.astype(PETSc.IntType), comm=PETSc.COMM_SELF)
    scatter = PETSc.Scatter().create(told, index, found, None)
    scatter.scatter(told, found, PETSc.InsertMode.INSERT, PETSc.ScatterMode.FORWARD)
    columns = np.rint(found.array_r[back]).astype(np.int64)
    return Numbering(columns, local, int(comm.allreduce(local))).expansion(comm)


def _mean_energy(
    domain: Domain, fields: list[fem.Function], kappa: fem.Function, first: int = 0
) -> Floats:
    """int kappa (e_i + grad w_i).(e_j + grad w_j), for axes from `first` on."""
    gdim = domain.mesh.geometry.dim
    units = [fem.Constant(domain.mesh, np.eye(gdim)[first + i]) for i in range(len(fields))]
    total = [unit + ufl.grad(w) for unit, w in zip(units, fields, strict=True)]
    tensor = np.zeros((len(fields), len(fields)))
    for i, one in enumerate(total):
        for j, other in enumerate(total[: i + 1]):
            part = fem.assemble_scalar(fem.form(kappa * ufl.inner(one, other) * ufl.dx))
            tensor[i, j] = tensor[j, i] = domain.comm.allreduce(float(part))
    return tensor
