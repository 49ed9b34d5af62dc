"""The current: divergence-free linear fluxes (BDM1), minimised by projected conjugate gradients.

With M the dissipation, B the divergence and f the power that the electrodes put in, f.x = sum of
potential times current, minimise x.M x/2 - f.x over B x = 0. Any x gives (f.x)^2/(x.M x) as a lower
bound of the dissipated power; for a unit potential difference, x.M x/I^2 as an upper bound of R.
Where the current goes round, x are the unknowns of fluxes that are the same on opposite sides.
The preconditioner projects on the fluxes without divergence,

    z = D^-1 (r - B^T y),   (B D^-1 B^T) y = B D^-1 r,   D blocks of M,

so that every iterate is admissible and its dissipation an upper bound of the resistance. The start
is the projected flux of the potential. What divergence remains after the last projection is added
to the bound by the triangle inequality.

Source: Thomson's principle; basis functions of Brezzi, Douglas & Marini 1985, Numer. Math. 47, 217.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, sqrt

import basix.ufl
import numpy as np
import numpy.typing as npt
import ufl
from dolfinx import fem
from dolfinx.fem import petsc as fem_petsc
from dolfinx.mesh import exterior_facet_indices
from petsc4py import PETSc
from ufl.core.expr import Expr

from solver import transport
from solver.axis import axisymmetric_dissipation
from solver.domain import (
    Domain,
    cellwise,
    coordinates,
    facet_entities,
    facet_measure,
    facets_of,
    region_of_cells,
    regions_at,
)
from solver.facing import facing
from solver.levelling import Levelling
from solver.model import Contact, Model
from solver.periodic_flux import Tied, inverse_blocks, tie_fluxes
from solver.primal import Potentials
from solver.solve import DIRECT, DIRECT_LIMIT, REPEATED, make_solver, solve, tolerance

ROUNDING = 1e-11  # relative; a gap below it is no longer one of the discretisation
PROGRESS = 0.01  # stop when one step lowers the bound by less than this share of the gap
MAX_STEPS = 200


@dataclass(frozen=True)
class Flux:
    """An admissible current.

    Attributes:
        flux: BDM1 function for the applied potentials (in the plane (s, z) if axisymmetric).
        power: Lower bound of the dissipated power, pA V; for a unit potential difference of two
            terminals the conductance, with what is not meshed in series, pA/V.
        contact_currents: Current into the domain by contact, pA.
        put_in: Power that the electrodes put in, pA V.
        divergence: Energy norm of what divergence was left, over that of the flux.
        steps: Steps of the projected conjugate gradients.
    """

    flux: fem.Function
    power: float
    contact_currents: dict[str, float]
    put_in: float
    divergence: float
    steps: int


@dataclass(frozen=True)
class _System:
    space: fem.FunctionSpace
    mass: PETSc.Mat
    divergence: PETSc.Mat
    load: PETSc.Vec
    contact_loads: dict[str, PETSc.Vec]
    inverse: PETSc.Mat
    schur: PETSc.KSP
    levelling: Levelling
    tied: Tied | None

    def solve_schur(self, c: PETSc.Vec, y: PETSc.Vec, what: str) -> None:
        """S y = c."""
        solve(self.schur, c, y, what)
        self.levelling.correct(y, c)


def solve_dual(
    domain: Domain,
    model: Model,
    start: Potentials,
    labels: Mapping[str, int],
    points: npt.NDArray[np.float64],
    upper: float,
    overrides: Mapping[str, str],
) -> Flux:
    """Minimise the dissipation over divergence-free currents; collective.

    Args:
        domain: The mesh.
        model: Conditions.
        start: Solution of the primal problem; gives the applied potentials as well.
        labels: Label of every region in `start`.
        points: Nodes of the polygonal domain to use (before the map to the plane (s, z)).
        upper: Upper bound of the power, pA V, to judge progress by.
        overrides: PETSc options of the case.

    Raises:
        SolveFailed: If an inner solve does not converge.
    """
    with coordinates(domain, points), coordinates(domain, transport.dual_coordinates(domain)):
        system = _assemble(domain, model, start.applied, overrides)
        x = _projected_start(system, domain, model, start, labels)
        steps = _minimise(system, x, upper)
        for _ in range(2):
            _project(system, x, 1e-12)
        return _finish(system, domain, model, x, steps)


def contact_resistance(contact: Contact) -> float:
    """What a current meets between the mesh and the electrode, V um^2/pA."""
    return contact.resistance + contact.series


def _assemble(
    domain: Domain,
    model: Model,
    applied: npt.NDArray[np.float64],
    overrides: Mapping[str, str],
) -> _System:
    msh = domain.mesh
    space = fem.functionspace(msh, basix.ufl.element("BDM", msh.basix_cell(), 1))
    constants = fem.functionspace(msh, ("DG", 0))
    q, v, w = ufl.TrialFunction(space), ufl.TestFunction(space), ufl.TestFunction(constants)
    ds, cells, facets = _dissipation(domain, model, q, v)
    form = cells if facets is None else cells + facets
    walls = _closed_facets(domain, model)
    closed = fem.locate_dofs_topological(space, msh.topology.dim - 1, walls)
    zero = fem.Function(space)
    bcs = [fem.dirichletbc(zero, closed)]
    mass = fem_petsc.assemble_matrix(fem.form(form), bcs=bcs)
    mass.assemble()
    divergence = fem_petsc.assemble_matrix(fem.form(ufl.div(q) * w * ufl.dx(msh)), bcs=bcs)
    divergence.assemble()
    found = facing(domain)
    tied = None if found is None else tie_fluxes(domain, space, found)
    if tied is not None:
        mass, divergence = mass.PtAP(tied.expansion), divergence.matMult(tied.expansion)
    loads: dict[str, PETSc.Vec] = {}
    outward = transport.total_flux(v, domain)
    for i, contact in enumerate(model.contacts):
        load = fem_petsc.assemble_vector(fem.form(-outward * ds(i)))
        load.ghostUpdate(PETSc.InsertMode.ADD, PETSc.ScatterMode.REVERSE)
        fem_petsc.set_bc(load, bcs)
        loads[contact.name] = _reduced(load, tied)
    total = mass.createVecRight()
    for contact in model.contacts:
        total.axpy(applied[contact.terminal], loads[contact.name])
    for i, contact in enumerate(model.contacts):
        if contact.shift is not None:
            shift = transport.shift_along(contact.shift, domain)
            load = fem_petsc.assemble_vector(
                fem.form(-outward * shift * ds(i, metadata=transport.rule(contact)))
            )
            load.ghostUpdate(PETSc.InsertMode.ADD, PETSc.ScatterMode.REVERSE)
            fem_petsc.set_bc(load, bcs)
            total.axpy(1.0, _reduced(load, tied))
    inverse = inverse_blocks(space, mass, tied)
    schur = divergence.matMult(inverse).matTransposeMult(divergence)
    small = schur.getSize()[0] <= DIRECT_LIMIT
    solver = make_solver(schur, "dual_", DIRECT if small else REPEATED, overrides)
    levelling = _levelling(domain, divergence, inverse)
    return _System(space, mass, divergence, total, loads, inverse, solver, levelling, tied)


def _reduced(load: PETSc.Vec, tied: Tied | None) -> PETSc.Vec:
    """A load on the unknowns."""
    if tied is None:
        return load
    out = tied.expansion.createVecRight()
    tied.expansion.multTranspose(load, out)
    return out


def _levelling(domain: Domain, divergence: PETSc.Mat, inverse: PETSc.Mat) -> Levelling:
    """For S = B D^-1 B^T, with one indicator per region."""
    indicators, images = [], []
    for name in domain.built.regions:
        w, image = divergence.createVecLeft(), divergence.createVecLeft()
        w.array[:] = region_of_cells(domain) == domain.built.regions[name]
        if w.max()[1] == 0.0:
            continue
        leaving, scaled = inverse.createVecs()
        divergence.multTranspose(w, leaving)
        # inside of the region what leaves one cell enters the next
        largest = leaving.norm(PETSc.NormType.NORM_INFINITY)
        leaving.array[np.abs(leaving.array_r) < 1e-8 * largest] = 0.0
        inverse.mult(leaving, scaled)
        divergence.mult(scaled, image)
        indicators.append(w)
        images.append(image)
    return Levelling(indicators, images)


def _dissipation(
    domain: Domain, model: Model, q: Expr, v: Expr
) -> tuple[ufl.Measure, ufl.Form, ufl.Form | None]:
    """Facet measure (contacts come first), dissipation in the cells, and on facets if any."""
    kappa = cellwise(domain, model.conductivity, "conductivity")
    jumps = {name: rho for name, rho in model.jumps.items() if rho < inf}
    entities = {i: facet_entities(domain, c.name) for i, c in enumerate(model.contacts)}
    resistances: list[Expr | float] = [contact_resistance(c) for c in model.contacts]
    if model.far is not None:
        entities[len(entities)] = facet_entities(domain, model.far)
        resistances.append(transport.far_dual_weight(domain, model))
    for name, rho in jumps.items():
        one_side = regions_at(domain, name)[:1]
        entities[len(entities)] = facet_entities(domain, name, one_side)
        resistances.append(transport.constant(rho, domain))
    ds = facet_measure(domain, entities)
    degree = {"quadrature_degree": 6} if domain.axisymmetric else {}
    cells = transport.dissipation(q, v, kappa, domain) * ufl.dx(domain.mesh, metadata=degree)
    facets = None
    for i, resistance in enumerate(resistances):
        if isinstance(resistance, float) and resistance == 0.0:
            continue
        part = transport.facet_dissipation(q, v, resistance, domain) * ds(i)
        facets = part if facets is None else facets + part
    return ds, cells, facets


def _closed_facets(domain: Domain, model: Model) -> npt.NDArray[np.int32]:
    """Facets that no current crosses: insulating interfaces, and outer ones that are walls.

    That is where there is no contact, and no partner on the opposite side.
    """
    topology = domain.mesh.topology
    fdim = topology.dim - 1
    facet_map = topology.index_map(fdim)
    outer = np.zeros(facet_map.size_local + facet_map.num_ghosts, dtype=bool)
    outer[exterior_facet_indices(topology)] = True
    names = [contact.name for contact in model.contacts]
    names += [model.far] if model.far is not None else []
    for name in names:
        outer[facets_of(domain, facet_entities(domain, name))] = False
    if (found := facing(domain)) is not None:
        outer[found.facets[found.partners() >= 0]] = False
    for name, rho in model.jumps.items():
        if rho == inf:
            outer[facets_of(domain, facet_entities(domain, name))] = True
    return np.flatnonzero(outer).astype(np.int32)


def _projected_start(
    system: _System,
    domain: Domain,
    model: Model,
    start: Potentials,
    labels: Mapping[str, int],
) -> PETSc.Vec:
    """Weighted least-squares fit of -kappa grad(phi), then its part without divergence."""
    v = ufl.TestFunction(system.space)
    dx = ufl.Measure("dx", domain=domain.mesh, subdomain_data=domain.cell_tags)
    factor = 2.0 * np.pi if domain.axisymmetric else 1.0
    form = None
    for label, phi in enumerate(start.parts):
        tags = tuple(domain.built.regions[name] for name, value in labels.items() if value == label)
        # in the plane (s, z) the weighted product of flux and test is again -grad(phi).v
        part = -factor * ufl.inner(ufl.grad(phi), v) * dx(tags)
        form = part if form is None else form + part
    g = fem_petsc.assemble_vector(fem.form(form))
    g.ghostUpdate(PETSc.InsertMode.ADD, PETSc.ScatterMode.REVERSE)
    zero = fem.Function(system.space)
    walls = fem.locate_dofs_topological(
        system.space, domain.mesh.topology.dim - 1, _closed_facets(domain, model)
    )
    fem_petsc.set_bc(g, [fem.dirichletbc(zero, walls)])
    g = _reduced(g, system.tied)
    x = system.load.duplicate()
    x.set(0.0)
    fit = PETSc.KSP().create(domain.comm)
    fit.setOperators(system.mass, system.inverse)
    fit.setType(PETSc.KSP.Type.CG)
    fit.getPC().setType(PETSc.PC.Type.MAT)  # applies D^-1
    fit.setTolerances(rtol=1e-8, max_it=12)  # only a start: twelve steps are enough
    fit.solve(g, x)
    fit.destroy()
    _project(system, x, 1e-8)
    product = x.duplicate()
    system.mass.mult(x, product)
    x.scale(x.dot(system.load) / x.dot(product))  # the best amplitude of this flux
    return x


def _project(system: _System, x: PETSc.Vec, relative: float) -> float:
    """Remove the divergence of x in the norm of D; returns c.S^-1 c of what was removed."""
    c, y = system.divergence.createVecLeft(), system.divergence.createVecLeft()
    system.divergence.mult(x, c)
    with tolerance(system.schur, relative):
        system.solve_schur(c, y, "projection on divergence-free currents")
    load, correction = x.duplicate(), x.duplicate()
    system.divergence.multTranspose(y, load)
    system.inverse.mult(load, correction)
    x.axpy(-1.0, correction)
    return float(abs(c.dot(y)))


class _Projector:
    """PETSc preconditioner context: the constraint preconditioner of the module docstring."""

    def __init__(self, system: _System) -> None:
        self.system = system
        self.c = system.divergence.createVecLeft()
        self.y = system.divergence.createVecLeft()
        self.left = system.mass.createVecRight()

    def apply(self, _pc: PETSc.PC, r: PETSc.Vec, z: PETSc.Vec) -> None:
        """z = D^-1 (r - B^T S^-1 B D^-1 r)."""
        system = self.system
        system.inverse.mult(r, z)
        system.divergence.mult(z, self.c)
        system.solve_schur(self.c, self.y, "constraint preconditioner of the dual problem")
        system.divergence.multTranspose(self.y, self.left)
        self.left.aypx(-1.0, r)
        system.inverse.mult(self.left, z)


def _minimise(system: _System, x: PETSc.Vec, upper: float) -> int:
    """Projected conjugate gradients from x, until a step gains little of the remaining gap."""
    product = x.duplicate()
    history: list[float] = []

    def converged(ksp: PETSc.KSP, iteration: int, norm: float) -> int:
        current = ksp.buildSolution()
        system.mass.mult(current, product)
        bound = current.dot(system.load) ** 2 / current.dot(product)
        history.append(bound)
        ksp.logConvergenceHistory(norm)
        if norm == 0.0 or upper - bound <= ROUNDING * upper:
            return int(PETSc.KSP.ConvergedReason.CONVERGED_ATOL)
        if len(history) > 1 and bound - history[-2] < PROGRESS * (upper - bound):
            return int(PETSc.KSP.ConvergedReason.CONVERGED_RTOL)
        if iteration >= MAX_STEPS:
            return int(PETSc.KSP.ConvergedReason.CONVERGED_ITS)
        return 0

    ksp = PETSc.KSP().create(x.comm)
    ksp.setOptionsPrefix("dual_outer_")
    ksp.setOperators(system.mass)
    ksp.setType(PETSc.KSP.Type.CG)
    ksp.setNormType(PETSc.KSP.NormType.NATURAL)
    ksp.setInitialGuessNonzero(True)
    pc = ksp.getPC()
    pc.setType(PETSc.PC.Type.PYTHON)
    pc.setPythonContext(_Projector(system))
    ksp.setConvergenceTest(converged)
    ksp.setTolerances(max_it=MAX_STEPS + 1)
    ksp.setConvergenceHistory()
    ksp.setUp()
    # at the level of rounding the projected residual may lose its sign: every iterate is admissible
    rounding = (int(PETSc.KSP.ConvergedReason.DIVERGED_INDEFINITE_PC),)
    solve(ksp, _reduced_load(system, x), x, "dual problem", rounding)
    return len(history) - 1


def _reduced_load(system: _System, x: PETSc.Vec) -> PETSc.Vec:
    """f - B^T y, the same for fluxes without divergence, with the multiplier y that belongs to x.

    What is left over x is then small from the start, and so is the error that inexact projections
    make (Gould, Hribar & Nocedal 2001, SIAM J. Sci. Comput. 23, 1376).
    """
    residual, z = x.duplicate(), x.duplicate()
    system.mass.mult(x, residual)
    residual.aypx(-1.0, system.load)
    system.inverse.mult(residual, z)
    c, y = system.divergence.createVecLeft(), system.divergence.createVecLeft()
    system.divergence.mult(z, c)
    with tolerance(system.schur, 1e-12):
        system.solve_schur(c, y, "multiplier of the dual problem")
    system.divergence.multTranspose(y, z)
    z.aypx(-1.0, system.load)
    return z


def _finish(system: _System, domain: Domain, model: Model, x: PETSc.Vec, steps: int) -> Flux:
    c, y = system.divergence.createVecLeft(), system.divergence.createVecLeft()
    system.divergence.mult(x, c)
    system.solve_schur(c, y, "divergence left in the dual problem")
    # D^-1 M has no eigenvalue above the number of blocks that meet in a cell, its facets
    left = sqrt((domain.mesh.topology.dim + 1) * max(c.dot(y), 0.0))
    flux = fem.Function(system.space, name="flux")
    values = x
    if system.tied is not None:
        values = system.tied.expansion.createVecLeft()
        system.tied.expansion.mult(x, values)
    flux.x.array[: len(values.array_r)] = values.array_r
    flux.x.scatter_forward()
    dissipation = (sqrt(total_dissipation(domain, model, flux)) + left) ** 2
    put_in = float(x.dot(system.load))
    power = put_in**2 / dissipation
    by_contact = {name: float(x.dot(load)) for name, load in system.contact_loads.items()}
    return Flux(flux, power, by_contact, put_in, left / sqrt(dissipation), steps)


def total_dissipation(domain: Domain, model: Model, flux: fem.Function) -> float:
    """D(q) as a sum of squares, never too small; on the coordinates of the dual."""
    _, cells, facets = _dissipation(domain, model, flux, flux)
    total = 0.0
    if domain.axisymmetric:
        total += axisymmetric_dissipation(domain, model.conductivity, flux)
    else:
        total += float(domain.comm.allreduce(fem.assemble_scalar(fem.form(cells))))
    if facets is not None:
        total += float(domain.comm.allreduce(fem.assemble_scalar(fem.form(facets))))
    return total
