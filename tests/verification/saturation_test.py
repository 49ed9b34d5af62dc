"""The distance at which a film stops to crack: the search for it, and a row of cracks."""

from math import exp
from pathlib import Path

import pytest
from mpi4py import MPI

from solver.case import load_case
from solver.saturation import root_of
from solver.simulate import simulate

FRACTURE = Path(__file__).parents[2] / "cases" / "verification" / "fracture"


@pytest.mark.parametrize("start", [0.03, 1.0, 1.7, 40.0])
def test_the_distance_is_found_from_either_side(start):
    # G = 1 - exp(-s/3) is 0.5 at 3 ln 2
    assert root_of(lambda s: 1.0 - exp(-s / 3.0), 0.5, start) == pytest.approx(2.0794415, rel=2e-4)


def test_a_film_that_does_not_crack_has_no_distance():
    assert root_of(lambda s: 1.0 - exp(-s / 3.0), 1.2, 1.0) is None


@pytest.mark.slow
def test_the_distance_is_that_of_the_table():
    # Z_seq(s/h = 1) = 0.078320 at alpha = 0 makes the Gc of the case; the search begins at 2 h
    case = load_case(FRACTURE / "saturation.toml", change={"numerics": {"accuracy": "1 %"}})
    case = case.variants["s1"]
    numbers = {q.name: q for q in simulate(case, MPI.COMM_WORLD, lambda _: None).quantities}
    found = numbers["saturation_spacing"]
    assert found.value == pytest.approx(1.0, rel=2e-3)
    assert found.lower <= 1.0 <= found.upper
    assert found.upper - found.lower < 0.02
