"""Exponents of maps and what the error bars of the points leave in them."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

from solver.case import load_case
from solver.mapping import exponents, points_of
from solver.quantities import Quantity
from solver.schema import Map

MAP = Map("length", ("1 um", "10 um"), (1.0, 10.0), "um", "margin")


def point(value, share, bound="estimated"):
    return Quantity("margin", value, "1", value * (1 - share), value * (1 + share), bound)


def test_bars_of_the_points_make_that_of_the_exponent():
    # slope (log q2 - log q1)/log 10; both 10 % off in opposite ways, at most log(1/0.9) each
    (found,) = exponents(MAP, (point(1.0, 0.1), point(100.0, 0.1)))
    assert found.value == pytest.approx(2.0, rel=1e-12)
    assert found.upper - 2.0 == pytest.approx(2.0 * math.log(1 / 0.9) / math.log(10.0), rel=1e-12)
    assert 2.0 - found.lower == pytest.approx(found.upper - 2.0, rel=1e-12)
    assert found.bound == "estimated"


def test_the_weakest_bar_of_a_point_is_that_of_the_exponent():
    proved, guessed = point(1.0, 0.1, "guaranteed"), point(100.0, 0.0)
    assert exponents(MAP, (proved, proved))[0].bound == "guaranteed"
    assert exponents(MAP, (proved, guessed))[0].bound == "estimated"
    bare = replace(guessed, lower=None, upper=None)
    (found,) = exponents(MAP, (proved, bare))
    assert (found.bound, found.lower, found.upper) == ("none", None, None)


def test_the_point_that_is_the_case_itself_is_not_solved_for_again():
    cases = Path(__file__).parents[2] / "cases"
    case = load_case(cases / "lim2024_mgf2_interlayer" / "yielding_map.toml")
    asked = []

    def evaluate(trial):
        asked.append((trial.geometry.layers[1].thickness, trial.mechanics.stretch))
        return (point(2.0, 0.1),)

    found = points_of(case, case.map, (point(7.0, 0.1),), evaluate, lambda _: None)
    here = (case.geometry.layers[1].thickness, case.mechanics.stretch)
    assert here == pytest.approx((0.1, 0.0008))
    assert len(asked) == 3
    assert here not in asked
    assert [q.value for q in found] == [2.0, 2.0, 2.0, 7.0]  # the stretch runs fastest
