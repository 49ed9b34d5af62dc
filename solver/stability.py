"""Whether a crack grows: the driving force with its error bar against what the material resists.

    G < Gc                     stable: the crack does not grow
    G > Gc and dG/da >= 0      grows unstably
    G > Gc and dG/da < 0       it grows, and arrests where G = Gc, if it gets there
    |G - Gc| within the bar    undecided
    G > Gc, |dG/da| within its bar, not both zero: it grows; whether it stops is undecided

Where Gc rises with a, as K_Ic^2/E' of a graded solid may, it is d(G - Gc)/da that counts.

dG/da is the central difference of G over two equilibria with the tip moved by a small part of its
reach; the mesh follows the tip. The same two equilibria give -dPi/da by itself, an independent
value of G (virtual crack extension). Loads stay where they are in both; where lithium ends before
the tip and follows it, what that adds to dG/da is known from them as well (`solver.dry_tip`).
The error bar of G is the largest of: the difference of J and virtual extension, the spread over the
contours, the difference of the last two meshes. It is an estimate, not a bound. That of dG/da is
the largest of: twice the difference of the last two meshes, the spread over the contours, and by
how much the quotient forwards and the one backwards, of half the step, differ from the central one.

Source: Griffith 1921, Phil. Trans. R. Soc. A 221, 163; stability as in Lawn, Fracture of Brittle
Solids, ch. 2.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Literal

import numpy as np
from scipy.optimize import brentq

from solver.domain import coordinates
from solver.dry_tip import force_at_end
from solver.elasticity import Body
from solver.equilibrium import Equilibrium, State, Support
from solver.fracture import Tip, energy_release_rates, moved_nodes, work_of_new_faces

STEP = 0.005  # by which the tip is moved for differences, in shares of its reach
SAFETY = 2.0  # dG/da on two meshes may be off to one side by more than they differ
Verdict = Literal[
    "stable",
    "undecided within the error bar",
    "arrests",
    "grows, undecided within the error bar whether it stops",
    "grows unstably",
]
GROWS: Verdict = "grows, undecided within the error bar whether it stops"
FURTHEST = 0.97  # share of its face up to which a crack is followed


@dataclass(frozen=True)
class DrivingForce:
    """The energy release rate of one tip on one mesh, J/m^2.

    Attributes:
        by_contour: J by every contour.
        by_extension: From the energies with the tip moved forwards and backwards.
        slope: dG/da, J/m^2/um.
        slope_spread: Largest difference of dG/da by two contours, or by another step.
        slope_bar: Error bar of dG/da; infinite from one mesh alone.
    """

    by_contour: tuple[float, ...]
    by_extension: float
    slope: float
    slope_spread: float = 0.0
    slope_bar: float = inf

    @property
    def value(self) -> float:
        """The widest contour but one: far from the tip, and from what surrounds it."""
        return self.by_contour[-2]

    @property
    def spread(self) -> float:
        """Largest difference of two contours."""
        return max(self.by_contour) - min(self.by_contour)


def driving_force(
    body: Body, supports: dict[str, Support], state: State, tip: Tip, overrides: dict[str, str]
) -> DrivingForce:
    """G and dG/da of one tip; collective. Solves two more equilibria."""
    domain = body.domain
    distance = STEP * tip.reach
    energies, rates, ends = [], [], []
    for sign in (1.0, -1.0):
        with coordinates(domain, moved_nodes(domain, tip, sign * distance)):
            moved = Equilibrium(body, supports, overrides).solve()
            energies.append(moved.energy)
            shifted = _moved(tip, sign * distance)
            rates.append(energy_release_rates(body, moved.displacement, shifted))
            ends.append(force_at_end(body, moved.displacement, tip.crack))
    by_contour = energy_release_rates(body, state.displacement, tip)
    by_extension = -tip.share * (energies[0] - energies[1]) / (2.0 * distance * tip.front)
    by_extension -= work_of_new_faces(body, state.displacement, tip)
    more = tip.share * (ends[0] - ends[1]) / (2.0 * distance * tip.front)
    return force_between(by_contour, by_extension, rates, distance, more)


def force_between(
    by_contour: tuple[float, ...],
    by_extension: float,
    rates: Sequence[Sequence[float]],
    distance: float,
    more: float = 0.0,
) -> DrivingForce:
    """G and dG/da from those of a tip that was moved forwards and backwards.

    Args:
        by_contour: G where the tip is.
        by_extension: From the energies.
        rates: G by every contour, moved forwards and backwards.
        distance: By which it was moved, um.
        more: What the loads that follow the tip add to dG/da.
    """
    ahead, behind, here = np.array(rates[0]), np.array(rates[1]), np.array(by_contour)
    slopes = (ahead - behind) / (2.0 * distance)
    uneven = abs(ahead[-2] - 2.0 * here[-2] + behind[-2]) / (2.0 * distance)
    spread = max(float(np.ptp(slopes)), float(uneven))
    return DrivingForce(by_contour, by_extension, float(slopes[-2]) + more, spread)


def _moved(tip: Tip, distance: float) -> Tip:
    """The tip at its moved place; its contours shrink a little so that they stay inside."""
    x, y = (p + distance * d for p, d in zip(tip.place, tip.direction, strict=True))
    front = tip.front * (x / tip.place[0] if tip.front != 1.0 else 1.0)
    return replace(tip, place=(x, y), reach=tip.reach * (1.0 - STEP), front=front)


def error_bar(force: DrivingForce, coarser: DrivingForce) -> float:
    """Half width of the estimated error bar of G, J/m^2, from this mesh and a coarser one."""
    methods = abs(force.value - force.by_extension)
    return max(methods, force.spread, abs(force.value - coarser.value))


def with_slope_bar(force: DrivingForce, coarser: DrivingForce) -> DrivingForce:
    """The same with the estimated error bar of dG/da, from this mesh and a coarser one."""
    bar = max(force.slope_spread, SAFETY * abs(force.slope - coarser.slope))
    return replace(force, slope_bar=bar)


def verdict(
    rate: float, bar: float, resistance: float, slope: float, slope_bar: float = 0.0
) -> Verdict:
    """What a crack does whose G (J/m^2) and dG/da (J/m^2/um) are known to within their bars."""
    if abs(rate - resistance) <= bar:
        return "undecided within the error bar"
    if rate < resistance:
        return "stable"
    if slope >= slope_bar:
        return "grows unstably"
    return "arrests" if slope < -slope_bar else GROWS


def arrest_length(
    rate_at: Callable[[float], float],
    resistance: float,
    length: float,
    longest: float,
    closeness: float = 1e-6,
) -> float | None:
    """The length at which a growing crack finds G = Gc, um.

    Args:
        rate_at: G for a length of the crack, J/m^2.
        resistance: Gc.
        length: At which it starts; G is above Gc there.
        longest: As far as the body goes.
        closeness: Of the length, relative.

    Returns:
        None if the driving force stays above the resistance.
    """
    before, after = length, length
    while rate_at(after) > resistance:
        if after >= longest:
            return None
        before, after = after, min(1.3 * after, longest)
    if before == after:
        return length
    found = brentq(lambda a: rate_at(a) - resistance, before, after, rtol=closeness)
    return float(found)
