"""The problems with exact answers in cases/verification, run as a user runs them."""

import math

import pytest
from mpi4py import MPI

from meshes.geometry import NoOpening, Round, Slit, TwoDiscs, dimension
from solver.simulate import simulate
from tests.cases import exact
from tests.verification.helpers import UNIT, solve, verification_cases, with_numerics

CASES = verification_cases()
# what takes longer than a few seconds
LONG = {
    "square-eps_05", "square-eps_09", "tube_3d-eps_03", "tube_3d-eps_05", "tube_3d-eps_09",
    "two_discs",
}  # fmt: skip
PROMISED = {"plane": 1e-3, "axisymmetric": 1e-3, "3d": 2e-3}


def as_parameter(name):
    return pytest.param(CASES[name], id=name, marks=[pytest.mark.slow] if name in LONG else [])


@pytest.mark.parametrize("case", [as_parameter(name) for name in CASES])
def test_the_bounds_contain_the_exact_number(case):
    solution = simulate(case, MPI.COMM_WORLD, lambda _: None)
    certificate = solution.certificate
    found = {quantity.name: quantity for quantity in solution.quantities}
    assert len(case.references) >= 1
    for reference in case.references:
        quantity = found[reference.quantity]
        assert quantity.hit, quantity
        if reference.quantity in ("psi", "S"):
            assert quantity.bound == "guaranteed"
            assert quantity.lower <= quantity.reported <= quantity.upper
            width = (quantity.upper - quantity.lower) / abs(quantity.reported)
            assert 0.0 < width <= PROMISED[dimension(case.geometry)]
            assert width <= 1.001 * case.numerics.accuracy
    assert certificate.reached
    # each mesh on the way there holds the same number between its bounds
    for level in certificate.history:
        assert level.lower <= certificate.upper
        assert certificate.lower <= level.upper
    if isinstance(case.geometry.opening, NoOpening):
        whole, excess = found["resistance"].value, found["excess_resistance"]
        assert excess.lower <= 1e-12 * whole and excess.upper >= -1e-12 * whole
        assert max(abs(excess.lower), abs(excess.upper)) <= 1e-10 * whole
        assert len(certificate.history) == 1  # there is nothing to refine


def test_every_promised_problem_is_there():
    there = set()
    for case in CASES.values():
        cell, film = case.geometry, case.geometry.film
        resistance = case.boundaries.get("window")
        robin = resistance is not None and resistance.area_specific_resistance > 0.0
        model = "" if film is None else film.model
        match cell.opening:
            case Slit(width):
                there.add((cell.shape, model, round(width / cell.width, 9)))
            case Round(radius) if cell.shape != "half_space":
                there.add((cell.shape, model, round(2.0 * radius / cell.width, 9)))
            case Round(radius) if robin:
                kappa = case.regions["electrolyte"].conductivity
                wagner = kappa * resistance.area_specific_resistance / radius
                there.add(("robin disc", round(wagner, 9)))
            case Round(radius):
                film_over_substrate = (
                    case.regions["coating"].conductivity / case.regions["substrate"].conductivity
                )
                thickness = cell.above[0].thickness / radius
                there.add(("disc on film", round(math.log10(film_over_substrate), 9), thickness))
            case TwoDiscs(radius, distance):
                there.add(("two discs", distance / radius))
            case _:
                there.add(("stack", cell.shape))
    promised = {
        *(("tube", "interface", eps) for eps in (0.1, 0.3, 0.5, 0.9)),
        # at 0.9 the chords of the wall alone are 3 % of psi; the axisymmetric tube has it
        *(("round", "interface", eps) for eps in (0.1, 0.3, 0.5)),
        *(("square", "interface", eps) for eps in (0.3, 0.5, 0.9)),
        *(("strip", "interface", fraction) for fraction in (0.01, 0.1, 0.5)),
        *(("strip", "layer", alpha) for alpha in (0.05, 0.5)),
        ("tube", "layer", 0.3),
        *(("disc on film", ratio, t) for ratio in (-4.0, 1.0) for t in (0.1, 1.0)),
        *(("robin disc", wagner) for wagner in (0.1, 1.0, 10.0)),
        ("two discs", 3.0),
        *(("stack", shape) for shape in ("strip", "tube", "square")),
    }
    assert promised <= there


@pytest.mark.slow
def test_two_discs_feel_on_which_side_the_other_one_is():
    # current densities without an angle, as in 4 x 0.152635175, are 0.3 % off; the field of one
    # disc moves the current of the other to its far side and lowers the resistance
    case = with_numerics(CASES["two_discs"], accuracy=7e-4)
    low, high = solve(case).scaled(4.0 * UNIT)
    assert high - low <= 7e-4 * high
    assert low < exact.two_discs_psi(3.0) < high < 4.0 * 0.152635175
