"""The reach of a contact is known better than the nodes of the mesh lie apart."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI

from solver.case import load_case
from solver.contact_rim import Rim, zero_near
from solver.simulate import simulate

HERTZ = Path(__file__).parents[2] / "cases" / "verification" / "mechanics" / "hertz_cylinder.toml"
STIFF, RADIUS = 10e3 / 0.91, 10.0  # E*, MPa, and um


@pytest.mark.parametrize("offset", [0.0, 0.3, 0.5, 0.9])
def test_the_rim_of_a_hertzian_contact_is_between_the_nodes(offset):
    # nodes a tenth of b = 1 apart; Johnson 1985, ch. 4: the gap of a cylinder grows as
    # sqrt(x^2 - b^2)/R, the pressure is p0 sqrt(1 - x^2/b^2)
    x = 0.1 * (np.arange(25) + offset)
    out = np.maximum(x, 1.0)
    gap = out * np.sqrt(out**2 - 1.0) - np.arccosh(out)
    touched = x[x <= 1.0].max()
    beyond = (x > touched) & (x <= 1.5 * touched)
    by_gap = zero_near(x[beyond], gap[beyond] ** (2.0 / 3.0), touched, MPI.COMM_SELF)
    assert by_gap == pytest.approx(1.0, rel=1e-3)
    inside = (x < touched) & (x >= 0.5 * touched)
    by_pressure = zero_near(x[inside], 1.0 - x[inside] ** 2, touched, MPI.COMM_SELF)
    assert by_pressure == pytest.approx(1.0, rel=1e-12)  # p^2 is a parabola


def test_too_few_points_and_parabolas_without_zero_tell_nothing():
    x = np.array([1.1, 1.2, 1.3])
    assert zero_near(x, x, 1.0, MPI.COMM_SELF) is None
    x = np.linspace(1.1, 1.5, 9)
    assert zero_near(x, 1.0 + (x - 1.2) ** 2, 1.0, MPI.COMM_SELF) is None


def test_the_bar_is_the_larger_of_two_differences():
    assert Rim(1.0, 1.03).bar(Rim(0.99, 1.0)) == pytest.approx(0.03)
    assert Rim(1.0, 1.01).bar(Rim(0.95, 1.0)) == pytest.approx(0.05)
    assert Rim(1.0, math.inf).bar(Rim(0.95, 1.0)) == math.inf


@pytest.mark.parametrize("depth", [0.017, 0.020, 0.024])
def test_the_reach_follows_the_force_without_steps(depth):
    # b^2 = 4 F R/(pi E*), F of both halves; nodes are 5 % of b apart
    case = load_case(HERTZ)
    top = replace(case.mechanics.faces["top"], depth=depth)
    mechanics = replace(case.mechanics, faces={**case.mechanics.faces, "top": top})
    coarse = replace(case.numerics, accuracy=0.05)
    case = replace(case, mechanics=mechanics, numerics=coarse, references=())
    found = {q.name: q for q in simulate(case, MPI.COMM_SELF, lambda _: None).quantities}
    force, reach = found["contact_force.top"].value, found["contact_reach.top"]
    exact = math.sqrt(8.0 * force * RADIUS / (math.pi * STIFF))
    assert reach.bound == "estimated"
    assert reach.lower <= exact <= reach.upper
    assert reach.value == pytest.approx(exact, rel=5e-3)
    assert reach.upper - reach.lower < 0.04 * exact
