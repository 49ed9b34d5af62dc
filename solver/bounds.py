"""Two-sided guaranteed bounds of the resistance, and the refinement that they drive.

lower = 1/G_h from the potential, on the polygonal domain that conducts better than the round one;
upper = D(q)/I^2 from the current, on the one that conducts worse. Both drop the unmeshed end of the
stack exactly: the potential by an equipotential plane there (which can only lower the resistance),
the current by going on straight (which can only raise it).

The gap identity int |q + kappa grad v|^2/kappa + ... = J_P(v) - J_D(q) splits over cells and
contact facets; its largest parts say where to refine.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from math import inf, log, nan
from time import perf_counter

import numpy as np
import numpy.typing as npt
import ufl
from dolfinx import fem
from dolfinx.fem import petsc as fem_petsc
from mpi4py import MPI
from petsc4py import PETSc

from solver import transport
from solver.copies import Copies, build_copies
from solver.domain import (
    Domain,
    cellwise,
    circumscribed,
    coordinates,
    facet_entities,
    facet_measure,
    number_of_cells,
    regions_at,
)
from solver.dual import Flux, contact_resistance, solve_dual
from solver.enclosure import better_outside, caveats
from solver.matching import refine_alike
from solver.model import Model
from solver.periodic import NotPeriodic
from solver.primal import Potentials, Primal
from solver.schema import Numerics

LOG = logging.getLogger("liface")
COMPARED = 1.3  # growth of the unknowns over which an order is observed
GROWTH = 1.5  # a further mesh has at least this many times the unknowns
BULK = 0.6  # share of the gap that the refined cells carry
SUMS = 1e-12  # of the resistance: what rounding of the sums may change, added on both sides
ROUNDING = 1e-9  # by which rounding may turn the order of the bounds around
WORST_BALANCE = 1e-3  # no rounding floor above this excuses anything
BALANCE = 1e-8  # relative current balance that every solve must keep


class NotBalanced(RuntimeError):
    """Currents in and out differ by more than rounding explains."""


@dataclass(frozen=True)
class Level:
    """One mesh of the refinement.

    Attributes:
        cells: Cells on all ranks.
        dofs: Unknowns of the potential.
        lower: Lower bound of the resistance of the whole cell, V/pA.
        upper: Upper bound.
        iterations: Krylov iterations of the potential.
        steps: Steps of the dual problem.
        seconds: Wall time.
        order: Observed order of the gap in dofs^(1/dimension) (NaN on the first mesh).
    """

    cells: int
    dofs: int
    lower: float
    upper: float
    iterations: int
    steps: int
    seconds: float
    order: float


@dataclass(frozen=True)
class Certificate:
    """The solution on the last mesh with its bounds.

    Attributes:
        domain: Last mesh.
        conductivity: By region, pA/(V um).
        copies: Space of the potential.
        driven: Terminal at unit potential, the other one is at zero; -1 for more than two, and
            where lithium is under a pressure that drives currents of its own.
        potentials: Primal solution.
        flux: Dual solution.
        indicator: Part of the gap on every cell, V pA of the meshed part.
        lower: Lower bound of the resistance of the whole cell, V/pA; with more than two terminals
            of the reciprocal of the dissipated power, 1/(pA V).
        upper: Upper bound.
        balance: Relative imbalance of the terminal currents.
        history: One entry per mesh.
        reached: True if the bounds are as close as asked.
        stopped: Why refinement ended before that.
        caveats: What keeps the bounds from being guaranteed.
    """

    domain: Domain
    conductivity: dict[str, float]
    copies: Copies
    driven: int
    potentials: Potentials
    flux: Flux
    indicator: fem.Function
    lower: float
    upper: float
    balance: float
    history: tuple[Level, ...]
    reached: bool
    stopped: str
    caveats: tuple[str, ...]


def certify(
    domain: Domain,
    model: Model,
    numerics: Numerics,
    reference: float,
    progress: Callable[[Level, float], None],
    refine: Callable[[Domain, npt.NDArray[np.int32]], Domain] = refine_alike,
) -> Certificate:
    """Solve, bound, refine until the excess resistance is known to the asked accuracy; collective.

    Args:
        domain: First mesh.
        model: Laws and conditions.
        numerics: Accuracy (relative, of the excess resistance), refinement, largest size.
        reference: Resistance of the whole cell without the damage, V/pA: what the excess is over.
        progress: Called on every rank with each level and its relative width.
        refine: Bisects the marked cells of a mesh.

    Raises:
        SolveFailed: A solve that does not converge.
        NotBalanced: Currents that do not balance.
    """
    two = model.has_resistance
    driven = driven_terminal(domain, model) if two else -1
    history: list[Level] = []
    while True:
        begin = perf_counter()
        copies = build_copies(domain, model)
        with coordinates(domain, circumscribed(domain, better_outside(domain, model, primal=True))):
            primal = Primal(domain, model, copies, numerics.petsc_options)
            applied = np.eye(2)[driven] if two else network_potentials(model, primal)
            potentials = primal.solve(applied)
        balance = check_balance(potentials)
        outside = external_resistance(domain, model) if two else 0.0
        power = 1.0 / (1.0 / potentials.dissipation + outside)
        points = circumscribed(domain, better_outside(domain, model, primal=False))
        flux = solve_dual(
            domain, model, potentials, copies.labels, points, power, numerics.petsc_options
        )
        indicator = gap_indicator(domain, model, potentials, copies.labels, flux, points)
        lower, upper = _whole_cell(domain, 1.0 / power, 1.0 / flux.power)
        check_order(lower, upper)
        level = Level(
            number_of_cells(domain),
            copies.size[1],
            lower,
            upper,
            potentials.iterations,
            flux.steps,
            perf_counter() - begin,
            _order(history, copies.size[1], upper - lower, domain.mesh.topology.dim),
        )
        history.append(level)
        # every mesh gives bounds of the same number: the best of each hold
        if two:
            lower = max(before.lower for before in history)
            upper = min(before.upper for before in history)
        # a flat stack has no excess: there only rounding separates the bounds
        scale = max(abs(0.5 * (lower + upper) - reference), 1e-9 * upper) if two else lower
        width = (upper - lower) / scale
        progress(level, width)
        reached = width <= numerics.accuracy
        everything = numerics.refinement == "uniform"
        growth = 2.0**domain.mesh.topology.dim if everything else GROWTH
        why = ""
        if numerics.refinement == "none":
            why = "numerics.refinement is none"
        elif growth * copies.size[1] > numerics.max_dofs:
            why = f"a finer mesh has more than numerics.max_dofs = {numerics.max_dofs} unknowns"
        elif _stagnates(history):
            why = "more unknowns hardly help: rounding, or a stack or half space cut too close"
        finer = domain
        if not (reached or why):
            marked = _all_cells(domain) if everything else _largest(domain, indicator)
            try:
                finer = refine(domain, marked)
            except NotPeriodic as error:
                why = str(error)
        if reached or why:
            return Certificate(
                domain,
                model.conductivity,
                copies,
                driven,
                potentials,
                flux,
                indicator,
                lower * (1.0 - SUMS),
                upper * (1.0 + SUMS),
                balance,
                tuple(history),
                reached,
                "" if reached else why,
                caveats(domain, model),
            )
        domain = finer


def _whole_cell(domain: Domain, lower: float, upper: float) -> tuple[float, float]:
    """The meshed parts are in parallel."""
    return lower / domain.built.multiplicity, upper / domain.built.multiplicity


def driven_terminal(domain: Domain, model: Model) -> int:
    """The terminal to be put at unit potential.

    The other one, the ground, lies at infinity or on the best conductor: less rounding there.
    """
    if model.far is not None:
        return 1 - model.far_terminal
    best = [0.0, 0.0]
    for contact in model.contacts:
        for name in regions_at(domain, contact.name):
            best[contact.terminal] = max(best[contact.terminal], model.conductivity[name])
    return 1 if best[0] > best[1] else 0


def network_potentials(model: Model, primal: Primal) -> npt.NDArray[np.float64]:
    """Potentials of more than two terminals, some of them given by their current, V.

    With the conductance matrix G of the terminals, G E + I_0 = I holds in the rows of the given
    currents; I_0 is what lithium under pressure drives where all are at zero.
    """
    given = np.array([terminal.potential is not None for terminal in model.terminals])
    applied = np.array([terminal.potential or 0.0 for terminal in model.terminals])
    if not given.all():
        whole = primal.domain.built.multiplicity
        currents = np.array([(terminal.current or 0.0) / whole for terminal in model.terminals])
        g = primal.conductances()
        right = currents - primal.currents_of_shifts()
        right = right[~given] - g[np.ix_(~given, given)] @ applied[given]
        applied[~given] = np.linalg.solve(g[np.ix_(~given, ~given)], right)
    return applied


def external_resistance(domain: Domain, model: Model, *terminals: int) -> float:
    """Resistance behind the planes where the mesh of the stack ends, V/pA.

    It is that of the meshed, symmetry-reduced part; of the given terminals, or of both.
    """
    total = 0.0
    for contact in model.contacts:
        if contact.series > 0.0 and contact.terminal in (terminals or (0, 1)):
            area = domain.built.cell_area / domain.built.multiplicity
            total += contact_resistance(contact) / area
    return total


def check_order(lower: float, upper: float) -> None:
    """Bounds must have their order, up to rounding.

    Raises:
        NotBalanced: The lower one is above the upper one: the conditions contradict each other.
    """
    if lower > upper * (1.0 + ROUNDING):
        raise NotBalanced(
            f"the lower bound {lower:.12e} is above the upper bound {upper:.12e}: the conditions "
            "contradict each other, or rounding has spoilt the solution"
        )


def check_balance(potentials: Potentials) -> float:
    """Relative imbalance of the terminal currents.

    Raises:
        NotBalanced: If it exceeds 1e-8, or the floor that rounding sets at high contrast.
    """
    largest = float(np.abs(potentials.currents).max())
    imbalance = abs(float(potentials.currents.sum())) / largest
    allowed = max(BALANCE, min(potentials.roundoff, WORST_BALANCE))
    if not imbalance <= allowed:
        raise NotBalanced(
            f"currents do not balance: they differ by {imbalance:.2e} of the largest, allowed are "
            f"{allowed:.2e} (rounding floor {potentials.roundoff:.2e})"
        )
    return imbalance


def gap_indicator(
    domain: Domain,
    model: Model,
    potentials: Potentials,
    labels: dict[str, int],
    flux: Flux,
    points: npt.NDArray[np.float64],
) -> fem.Function:
    """The part of the gap identity on every cell, its contact facets included."""
    space = fem.functionspace(domain.mesh, ("DG", 0))
    w = ufl.TestFunction(space)
    kappa = cellwise(domain, model.conductivity, "conductivity")
    dx = ufl.Measure("dx", domain=domain.mesh, subdomain_data=domain.cell_tags)
    # the same power in both: the dual also drives the unmeshed end of the stack
    scale = fem.Constant(domain.mesh, np.float64(potentials.dissipation / flux.put_in))
    q = scale * flux.flux
    indicator = fem.Function(space, name="gap indicator")
    entities = {i: facet_entities(domain, c.name) for i, c in enumerate(model.contacts)}
    jumps = {name: rho for name, rho in model.jumps.items() if rho < inf}
    for i, name in enumerate(jumps):
        sides = regions_at(domain, name)
        entities[len(model.contacts) + i] = facet_entities(domain, name, sides[:1])
    ds = facet_measure(domain, entities)
    with coordinates(domain, points), coordinates(domain, transport.dual_coordinates(domain)):
        area, leaving = transport.facet_weight(domain), transport.normal_current(q, domain)
        form = None
        for label, phi in enumerate(potentials.parts):
            inside = [name for name, value in labels.items() if value == label]
            tags = tuple(domain.built.regions[name] for name in inside)
            gradient = ufl.grad(phi)
            if domain.axisymmetric:
                s = ufl.SpatialCoordinate(domain.mesh)[0]
                gradient = ufl.as_vector((2.0 * s * gradient[0], gradient[1]))
            mismatch = q + kappa * gradient
            part = w * transport.dissipation(mismatch, mismatch, kappa, domain) * dx(tags)
            form = part if form is None else form + part
        for i, contact in enumerate(model.contacts):
            rho = contact.resistance
            if rho > 0.0 and contact.series == 0.0:
                phi = potentials.parts[labels[regions_at(domain, contact.name)[0]]]
                held = transport.held_at(contact, potentials.applied, domain)
                form += w * area * rho * (leaving - (phi - held) / rho) ** 2 * ds(i)
        for i, (name, rho) in enumerate(jumps.items()):
            one, other = regions_at(domain, name)
            jump = potentials.parts[labels[one]] - potentials.parts[labels[other]]
            c = transport.constant(rho, domain)
            form += w * area * c * (leaving - jump / c) ** 2 * ds(len(model.contacts) + i)
        values = fem_petsc.assemble_vector(fem.form(form))
        values.ghostUpdate(PETSc.InsertMode.ADD, PETSc.ScatterMode.REVERSE)
    indicator.x.array[: len(values.array_r)] = np.maximum(values.array_r, 0.0)
    indicator.x.scatter_forward()
    return indicator


def _all_cells(domain: Domain) -> npt.NDArray[np.int32]:
    index_map = domain.mesh.topology.index_map(domain.mesh.topology.dim)
    return np.arange(index_map.size_local, dtype=np.int32)


def _largest(domain: Domain, indicator: fem.Function) -> npt.NDArray[np.int32]:
    """Cells that together carry the share BULK of the gap, the largest first.

    The threshold is taken from a fixed ladder of powers of 2^(1/4), so that rounding (the number of
    ranks) does not decide about single cells.
    """
    values = indicator.x.array[: _all_cells(domain).size]
    largest = domain.comm.allreduce(float(values.max(initial=0.0)), op=MPI.MAX)
    steps = np.zeros(values.size, dtype=np.int64)
    positive = values > 0.0
    down = np.floor(-4.0 * np.log2(values[positive] / largest))
    steps[positive] = np.clip(down, 0, 399).astype(np.int64)
    shares = np.bincount(steps, weights=values, minlength=400)
    shares = np.asarray(domain.comm.allreduce(shares))
    cumulated = np.cumsum(shares)
    last = int(np.searchsorted(cumulated, BULK * cumulated[-1]))
    return np.flatnonzero(positive & (steps <= last)).astype(np.int32)


def _stagnates(history: list[Level]) -> bool:
    """True if twice in a row many more unknowns have hardly brought the bounds together.

    What is left then is not the discretisation but a truncation (a half space cut too close).
    """
    if len(history) < 3:
        return False
    gaps = [level.upper - level.lower for level in history[-3:]]
    dofs = [level.dofs for level in history[-3:]]
    slow = all(after > 0.95 * before for before, after in pairwise(gaps))
    return slow and dofs[2] > 2.0 * dofs[0]


def _order(history: list[Level], dofs: int, gap: float, dimension: int) -> float:
    """Observed order of the gap in dofs^(-1/dimension), over at least COMPARED times the dofs."""
    before = next((level for level in reversed(history) if dofs >= COMPARED * level.dofs), None)
    if before is None or gap <= 0.0 or before.upper <= before.lower:
        return nan
    return -dimension * log(gap / (before.upper - before.lower)) / log(dofs / before.dofs)
