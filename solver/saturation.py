"""The distance of cracks through a film below which no further ones come between them.

Cracks form one after the other, each in the middle between two that are there. One that leaves the
distance s behind releases per length and thickness

    G_seq(s) = [2 W(s) - W(2 s)]/h,

W(s) the energy that each of the cracks at a distance s loses, and needs Gc. G_seq falls with s,
from the steady state of a single crack to nothing; where G_seq(s) = Gc, cracking ends: the
distances that are left lie between s and 2 s. Layers are elastic: where those below yield, cracks
relieve the film further to their sides, and shear lag (`[balance.fragments]`) gives the larger
distance.

The root is looked for on the first mesh, and corrected by the value on the last one:

    s = s_1 + (Gc - G_n(s_1))/G',       error bar (3 bar + |G_n(s_1) - G_1(s_1)|)/G',

bar the error bar of the driving force of the case, of which G_seq has three. It is an estimate.

Source: Hutchinson & Suo 1991, Adv. Appl. Mech. 29, 63; Thouless, Olsson & Gupta 1992, Acta Metall.
Mater. 40, 1287 (sequential cracking).
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from math import exp, log

from mpi4py import MPI
from scipy.optimize import brentq

from meshes.layers import Block
from solver import schema
from solver.equilibrium import Equilibrium
from solver.margins import film_resistance
from solver.mechanics import Mechanical, film_between
from solver.problem import Mesher, make_problem

FIRST = 0  # refinements of the mesh on which the root is looked for
MOST = 10  # doublings or halvings of the distance
FLAT = 1e-2  # of Gc: G_seq that grows by less with a doubling is that of a single crack
NEAR = 1e-4  # relative, of the root before its correction
STEP = 0.02  # in ln s, for the slope


def with_saturation(
    case: schema.Case, found: Mechanical, mesher: Mesher, comm: MPI.Intracomm
) -> Mechanical:
    """Adds the distance at which cracking ends, where Gc and the sequence are known; collective."""
    film, block, mechanics = found.film, case.geometry, case.mechanics
    if film is None or film.sequential is None or mechanics is None:
        return found
    if not isinstance(block, Block) or film.sequential <= 0.0:
        return found
    limit, _ = film_resistance(block, mechanics, film.thickness)
    if limit is None:
        return found

    @cache
    def released(spacing: float, refinements: int) -> float:
        """W(s)/h of cracks at a distance, J/m^2."""
        problem = make_problem(case, replace(block, width=0.5 * spacing))
        body = problem.body_on(problem.mesh(mesher, comm, refinements))
        state = Equilibrium(body, problem.supports, problem.overrides).solve()
        rate = film_between(problem.block, body, problem.supports, state, problem.overrides)
        return 0.0 if rate is None else rate.rate

    def sequential(spacing: float, refinements: int = FIRST) -> float:
        return 2.0 * released(spacing, refinements) - released(2.0 * spacing, refinements)

    spacing = root_of(sequential, limit, 2.0 * block.width)
    if spacing is None:
        return found
    slope = (sequential(spacing * exp(STEP)) - sequential(spacing * exp(-STEP))) / (2.0 * STEP)
    fine, coarse = sequential(spacing, len(found.history) - 1), sequential(spacing)
    corrected = spacing * exp((limit - fine) / slope)
    half = corrected * (3.0 * found.bar + abs(fine - coarse)) / slope
    return replace(found, film=replace(film, saturation=corrected, saturation_bar=half))


def root_of(rate_at: Callable[[float], float], limit: float, start: float) -> float | None:
    """The distance at which a driving force that rises with it is Gc.

    Args:
        rate_at: G_seq of a distance (um), J/m^2.
        limit: Gc.
        start: Where to begin, um.

    Returns:
        None if a single crack does not grow, or none of the distances that were tried is close.
    """
    low = high = start
    for _ in range(MOST):
        if rate_at(low) <= limit:
            break
        low *= 0.5
    for _ in range(MOST):
        rate = rate_at(high)
        if rate >= limit:
            break
        high *= 2.0
        if rate_at(high) < limit and rate_at(high) - rate < FLAT * limit:
            return None
    if rate_at(low) > limit or rate_at(high) < limit:
        return None
    if low < start:  # the last halving has passed it
        high = 2.0 * low
    elif high > start:
        low = 0.5 * high
    if low == high:
        return start
    root = brentq(lambda t: rate_at(exp(t)) / limit - 1.0, log(low), log(high), xtol=NEAR)
    return exp(float(root))
