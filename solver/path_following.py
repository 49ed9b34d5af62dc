"""Cracks that grow by a given amount, and the load under which they do: beyond a snap-back too.

Where all that strains the body grows with the load s, its displacement is u = s u1 and its energy
s^2 Pi1(u1, d). The energy D(d) that the damage costs is given, and the load an unknown:

    Pi1(u1, d) least over u1 and d,   D(d) = D*,   floor <= d <= 1,

one after the other: u1 at fixed d; then d at fixed u1, as in `solver.minimisation` under a load s
that is found as the root of D(d(s)) = D* (the more load, the more damage). 1/s^2 is the multiplier
of D = D*, so that u = s u1 and d are an equilibrium under s, also one that is not stable under a
given load. With D = D* each step lowers Pi1; a run in which it rises by more than rounding ends.

Source: Singh, Verhoosel, de Borst & van Brummelen 2016, Finite Elem. Anal. Des. 113, 14 (the
length of cracks as control); Gutierrez 2004, Commun. Numer. Methods Eng. 20, 19 (dissipation).
"""

from dataclasses import dataclass
from math import inf

import numpy as np
from mpi4py import MPI
from scipy.optimize import brentq

from solver.growth import (
    FAR,
    MOST_CUTS,
    MOST_STEPS,
    READY,
    Follower,
    Progress,
    Step,
    cost_of_a_length,
    told,
)
from solver.hooke import Floats
from solver.minimisation import MOST_ITERATIONS, TOLERANCE, EnergyRises, Minimiser, Minimum
from solver.solve import SolveFailed

FIRST = 0.05  # of Gc l per length of front: energy that the first step spends
TURNS, FLAT = 0.1, 0.03  # relative change of the load in a step: shorter steps, longer ones
SHORTER, LONGER = 0.5, 1.5
WIDER = 1.02  # first bracket of the load in one alternation
HIGHEST = 10.0  # times the load before: what would take more does not grow
SETTLED = 1e-6  # relative change of the load in the last alternation
PRECISE = 1e-10  # of the load
ROUNDING = 1e-6  # of the energy: a rise by less is none


class NotGrown(Exception):
    """No load near the present one makes the damage cost so much."""


@dataclass(frozen=True)
class Balanced:
    """An equilibrium: the share of the load, and the energies under it."""

    load: float
    minimum: Minimum


class _Spender:
    """Displacement and damage of one body, with the load as an unknown."""

    def __init__(self, minimiser: Minimiser, floor: Floats, load: float) -> None:
        self.minimiser, self.load = minimiser, load
        minimiser.damages.hold(floor)
        minimiser.follow(load)

    def scale(self, load: float) -> None:
        """The same displacement, larger by the load."""
        moves, body = self.minimiser.displacements, self.minimiser.brittle.body
        moves.y.scale(load / self.load)
        body.load.value = load
        moves.put(moves.y)
        self.load = load

    def cost(self, load: float) -> float:
        """What the damage costs that this displacement makes under a load."""
        self.scale(load)
        self.minimiser.damages.solve()
        return self.minimiser.energies()[1]

    def spend(self, goal: float) -> float:
        """Damage that costs `goal` at this displacement; its largest change."""
        before = self.minimiser.owned_damage()
        low = high = self.load
        if self.cost(low) < goal:
            while self.cost(high := high * WIDER ** (1.0 + 8.0 * (high / low - 1.0))) < goal:
                low = high
                if high > HIGHEST * self.load and high > 1.0:
                    raise NotGrown
        else:
            while self.cost(low := low / WIDER) >= goal:
                high = low
        root = float(brentq(lambda s: self.cost(s) - goal, low, high, xtol=PRECISE * high))
        self.cost(root)
        change = float(np.abs(self.minimiser.owned_damage() - before).max(initial=0.0))
        return float(self.minimiser.comm.allreduce(change, op=MPI.MAX))


def spend(minimiser: Minimiser, goal: float, load: float, floor: Floats) -> Balanced:
    """Equilibrium in which the damage costs a given energy; collective.

    Args:
        minimiser: The body, with displacement and damage to start from.
        goal: What the damage is to cost, pJ (plane: pJ/um); more than that of `floor`.
        load: Share of the load to start from, above zero.
        floor: The damage before, at the owned nodes.

    Raises:
        NotGrown: No load up to `HIGHEST` times the one before does so.
        EnergyRises: A step raised the energy at a unit load.
        SolveFailed: No convergence.
    """
    spender, last = _Spender(minimiser, floor, load), inf
    for iteration in range(1, MOST_ITERATIONS + 1):
        before = spender.load
        change = spender.spend(goal)
        minimiser.displacements.solve()
        stored, dissipated = minimiser.energies()
        unit = stored / spender.load**2
        if unit > last + ROUNDING * abs(last):
            raise EnergyRises(
                f"mechanics: the energy at a unit load rose by {unit - last:.2e} pJ (of "
                f"{abs(last):.2e}) while the damage cost the same: it is no minimum"
            )
        last = unit
        if change < TOLERANCE and abs(spender.load / before - 1.0) < SETTLED:
            return Balanced(spender.load, Minimum(stored, dissipated, 0.0, iteration, True))
    raise SolveFailed(f"mechanics: the load still changes after {MOST_ITERATIONS} alternations")


def steps_along(
    follower: Follower, start: float | None, progress: Progress
) -> tuple[list[Step], str]:
    """Steps of crack growth from the first damage to all of the load, up and down; collective.

    Args:
        follower: The sound body.
        start: Share of the load at which damage starts; None: it does not.
        progress: Called with a line per step.

    Returns:
        The steps that converged, and why there are no more.

    Raises:
        SolveFailed: What strains the body does not grow with the load as a whole, or no step.
    """
    if not follower.fragile.proportional:
        raise SolveFailed("mechanics.damage.control: only where all strains grow with the load")
    load = 1.0 if start is None else start
    steps = [follower.accept(load, follower.minimise(load, inf), False)]
    progress(told(steps[-1]))
    largest = FAR * cost_of_a_length(follower.fragile)
    size, cuts = FIRST / FAR * largest, 0
    while load < 1.0:
        spent = steps[-1].dissipated
        try:
            reached = _grow(follower, spent + size, load)
        except EnergyRises:
            raise
        except NotGrown:
            reached = None
        except SolveFailed as error:
            cuts += 1
            follower.back(load)
            if cuts > MOST_CUTS:
                return steps, f"{error}, at {100.0 * load:.4g} %, after {MOST_CUTS} cuts"
            size *= SHORTER
            continue
        cuts = 0
        if reached is None or reached.load >= 1.0:
            follower.back(load)
            found, load = follower.minimise(1.0, inf), 1.0
            steps.append(follower.accept(1.0, found, found.dissipated > spent + 2.0 * size))
        else:
            turned = abs(reached.load / load - 1.0)
            if turned > TURNS and size > 1e-3 * largest:
                follower.back(load)
                size *= SHORTER
                continue
            load = reached.load
            steps.append(follower.accept(load, reached.minimum, False))
            size = min(LONGER * size, largest) if turned < FLAT else size
        progress(told(steps[-1]))
        if len(steps) == MOST_STEPS:
            return steps, f"{MOST_STEPS} steps are the most"
    return steps, ""


def _grow(follower: Follower, goal: float, load: float) -> Balanced:
    """The equilibrium on a mesh that is fine where its damage is."""
    iterations = 0
    while True:
        found = spend(follower.minimiser, goal, load, follower.floor)
        iterations += found.minimum.iterations
        if not follower.refine(READY):
            least = found.minimum
            best = Minimum(least.stored, least.dissipated, 0.0, iterations, True)
            return Balanced(found.load, best)
