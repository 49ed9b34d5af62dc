"""The cases of interfaces in cases/verification, and that their refinement is told."""

from pathlib import Path

import pytest
from mpi4py import MPI

from solver.case import load_case
from solver.simulate import simulate

FOLDER = Path(__file__).parents[2] / "cases" / "verification" / "fracture"


@pytest.mark.parametrize("name", ["film_off", "torn_evenly"])
def test_the_references_of_the_cases_are_met(name):
    said = []
    solution = simulate(load_case(FOLDER / f"{name}.toml"), MPI.COMM_WORLD, said.append)
    judged = [quantity for quantity in solution.quantities if quantity.reported is not None]
    assert len(judged) >= 2
    assert all(quantity.hit for quantity in judged), judged
    found = {quantity.name: quantity for quantity in solution.quantities}
    if name == "film_off":  # the error bar holds the exact number
        rate = found["energy_release_rate"]
        assert rate.lower <= 0.617142857 <= rate.upper
        assert rate.upper - rate.lower < 1e-3 * rate.value
    else:
        assert found["torn_length.lower|upper"].value == pytest.approx(4.0, rel=1e-9)
        assert any("spent on tearing" in line for line in said)
