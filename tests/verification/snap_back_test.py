"""Cracks followed by what they cost, also where the load has to fall, against exact branches."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI

from solver import path_following
from solver.case import load_case
from solver.minimisation import EnergyRises, Minimiser, SolveFailed
from solver.simulate import simulate

FOLDER = Path(__file__).parents[2] / "cases" / "verification" / "fracture"
E, GC, LENGTH, BAR, HEIGHT = 1.0, 1.0, 0.1, 1.0, 0.1  # MPa, J/m^2, um
ANGLE, WEIGHT = np.polynomial.legendre.leggauss(200)
ANGLE, WEIGHT = 0.25 * np.pi * (ANGLE + 1.0), 0.25 * np.pi * WEIGHT


def exact(deepest):
    """Stress, displacement and cost of half of an AT1 bar with the damage `deepest` in its middle.

    At the stress s the damage obeys c (d/l - l d'^2) = s^2/(2 E) (1/g - 1), c = 3 Gc/8, which is a
    first integral of its equation; d' = 0 in the middle gives s, and dx = dd/d' the rest.
    """
    c = 0.375 * GC
    stress = np.sqrt(2.0 * E * c / LENGTH * (1.0 - deepest) ** 2 / (2.0 - deepest))
    d = deepest * np.sin(ANGLE) ** 2
    softer = 1.0 / (1.0 - d) ** 2 - 1.0
    a, b = 1.0 - d, 1.0 - deepest  # the first integral, without cancellation
    slope = np.sqrt(d * deepest * np.cos(ANGLE) ** 2 * (a + b + a * b) / (1.0 + b)) / (a * LENGTH)
    dx = WEIGHT * 2.0 * deepest * np.sin(ANGLE) * np.cos(ANGLE) / slope
    moved = stress / E * (BAR + (softer * dx).sum())
    return stress, moved, (c * (d / LENGTH + LENGTH * slope**2) * dx).sum()


def bar(size, **changes):
    """The bar of the case file on one mesh, followed by what its crack costs."""
    case = load_case(FOLDER / "at1_bar.toml")
    damage = replace(case.mechanics.damage, control="cracks", **changes)
    numerics = replace(case.numerics, maximum_size=size, refinement="none")
    mechanics = replace(case.mechanics, damage=damage)
    return replace(case, mechanics=mechanics, numerics=numerics, references=())


def followed(case, comm=MPI.COMM_SELF):
    solution = simulate(case, comm, lambda _: None)
    return solution.mechanical.growth, {q.name: q.value for q in solution.quantities}


def test_the_exact_branch_is_one():
    # back of the envelope: it starts at the strength and ends at the cost of half a crack, Gc/2
    stress, moved, cost = exact(1e-6)
    assert stress == pytest.approx(np.sqrt(3.0 / 0.8), rel=1e-5)
    assert moved == pytest.approx(stress, rel=1e-5)
    assert cost == pytest.approx(0.0, abs=1e-6)
    assert exact(1.0 - 1e-9)[2] == pytest.approx(0.5, rel=1e-6)
    # and on it the energy released is that of the crack: d(cost)/2 = (s dU - U ds)/2 in all
    points = np.array([exact(d) for d in np.linspace(0.01, 0.99, 400)])
    s, u, cost = points.T
    released = 0.5 * np.trapezoid(s, u) - 0.5 * np.trapezoid(u, s)
    assert released == pytest.approx(cost[-1] - cost[0], rel=1e-4)


def distance(size):
    """Largest errors of displacement (over that at the strength) and of the cost, over the path."""
    growth, numbers = followed(bar(size))
    steps = [step for step in growth.steps if 0.05 < step.largest < 0.93]
    assert len(steps) > 8
    errors = []
    for step in steps:
        stress = step.reactions["right"] / HEIGHT
        q = 0.5 * stress**2 * LENGTH / (0.375 * GC * E)  # (1 - d)^2 = q (2 - d)
        deepest = 1.0 - 0.5 * (q + np.sqrt(q * q + 4.0 * q))
        s, moved, cost = exact(deepest)
        assert s == pytest.approx(stress, rel=1e-12)
        errors.append([abs(3.0 * step.load - moved) / 1.9365, abs(step.dissipated / HEIGHT - cost)])
    return np.max(errors, axis=0), growth, numbers


@pytest.mark.slow
def test_a_bar_snaps_back_along_its_exact_branch():
    coarse, _, _ = distance(0.04)
    fine, growth, numbers = distance(0.02)  # h = l/5
    assert fine.max() < 0.02
    assert fine.max() < 0.6 * coarse.max()
    loads = [step.load for step in growth.steps]
    costs = [step.dissipated for step in growth.steps]
    assert costs == sorted(costs)
    assert not any(step.jumped for step in growth.steps)
    assert max(loads[:5]) == loads[0] == pytest.approx(0.6454972, rel=1e-4)
    assert min(loads) < 0.25  # it falls to a third, and rises to all of the load
    assert loads[-1] == 1.0
    assert numbers["peak_stress.right"] == pytest.approx(np.sqrt(3.0 / 0.8), rel=1e-4)
    assert numbers["snap_back"] == pytest.approx(loads[0] - min(loads), rel=1e-12)
    assert numbers["jumps"] == 0.0
    assert growth.state.balance < 1e-8
    assert growth.stopped == ""


def test_a_split_changes_nothing_in_tension():
    # nu = 0: all of the energy is psi+, and u = s u1 holds for psi+ and psi- by themselves
    plain, _ = followed(bar(0.05))
    split, _ = followed(bar(0.05, split="volumetric_deviatoric"))
    until = sum(step.largest < 0.95 for step in plain.steps)  # then what is broken moves freely
    loads = [[s.load for s in found.steps[:until]] for found in (split, plain)]
    assert until > 10
    assert loads[0] == pytest.approx(loads[1], rel=1e-5)


@pytest.mark.parallel
def test_the_same_path_on_any_number_of_ranks():
    together, _ = followed(bar(0.05), MPI.COMM_WORLD)
    alone, _ = followed(bar(0.05))
    assert len(alone.steps) > 10
    assert [s.load for s in together.steps] == pytest.approx([s.load for s in alone.steps], 1e-6)


def test_a_path_that_is_no_minimum_ends_the_run(monkeypatch):
    energies = Minimiser.energies
    grows = iter(np.linspace(1.0, 2.0, 10_000))

    def rising(self):
        stored, cost = energies(self)
        return stored * next(grows), cost

    monkeypatch.setattr(Minimiser, "_lowered", lambda self, before, what: before)
    monkeypatch.setattr(path_following, "TOLERANCE", 0.0)
    monkeypatch.setattr(Minimiser, "energies", rising)
    with pytest.raises(EnergyRises, match="at a unit load rose"):
        followed(bar(0.05))


def test_it_needs_loads_that_grow_together():
    case = bar(0.05)
    solid = replace(case.mechanics.solids["bar"], residual_stress=1.0)
    mechanics = replace(case.mechanics, solids={"bar": solid})
    with pytest.raises(SolveFailed, match="all strains grow with the load"):
        followed(replace(case, mechanics=mechanics))
