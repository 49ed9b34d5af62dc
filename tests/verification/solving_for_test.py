"""The search for the value of a case that meets a target: where it looks, and where it stops."""

import math

import pytest
from mpi4py import MPI

from solver.case import load_case, with_setting
from solver.quantities import Quantity
from solver.simulate import simulate
from solver.solving_for import NoAnswer, Refused, bracket_around, find_value


def law(function, low=0.0, high=math.inf):
    """A quantity that a case has between two values only, and the values that were tried."""
    tried = []

    def evaluate(value):
        tried.append(value)
        if not low <= value <= high:
            raise Refused(f"at x = {value:g}: x is out of the body")
        return Quantity("margin", function(value), "1")

    return evaluate, tried


def test_the_search_goes_where_the_target_is():
    # margin = (8.3/x)^2 from x = 1: up to 16, one step down alone
    evaluate, tried = law(lambda x: (8.3 / x) ** 2)
    assert bracket_around(evaluate, 1.0, 1.0) == (8.0, 16.0)
    assert sorted(tried) == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0]


def test_a_side_where_the_case_ends_is_left():
    evaluate, _ = law(lambda x: 1.0 / x, high=1.5)  # beyond 1.5 there is no body
    assert bracket_around(evaluate, 7.0, 1.0) == (0.125, 0.25)
    assert find_value(evaluate, 7.0, (0.125, 0.25), str).value == pytest.approx(1.0 / 7.0, rel=1e-5)


def test_a_search_that_the_case_ends_says_so_once():
    evaluate, _ = law(lambda x: 1.0 / x, low=0.9, high=1.5)
    with pytest.raises(NoAnswer) as said:
        bracket_around(evaluate, 7.0, 1.0)
    assert "between 1 and 1" in str(said.value)
    assert "at x = 2" in str(said.value)
    assert "at x = 0.5" in str(said.value)


FILM = """
title = "Channelling crack"
[geometry]
shape = "block"
width = "100 um"
layers = [{ name = "base", thickness = "100 um" }, { name = "film", thickness = "1 um" }]
crack = { face = "left", start = "100 um" }
[mechanics.solids.base]
law = "isotropic"
youngs_modulus = "100 GPa"
poissons_ratio = 0.25
[mechanics.solids.film]
law = "isotropic"
youngs_modulus = "100 GPa"
poissons_ratio = 0.25
fracture_energy = "2 J/m^2"
[mechanics.faces.bottom]
law = "symmetry"
[load]
stretch = { value = "0.2 %", role = "assumed", range = ["0.1 %", "0.3 %"] }
[numerics]
accuracy = "1 %"
refinement = "none"
[solve_for]
parameter = "geometry.layers[1].thickness"
quantity = "margin"
target = 1.0
name = "critical_thickness"
"""
Z, MODULUS = 1.975767, 100e3 / (1.0 - 0.25**2)  # Beuth 1992, equal moduli; E', MPa


def test_the_thickness_at_which_a_film_cracks(tmp_path):
    # h_c = Gc E'/(Z sigma^2), sigma = E e/(1 - nu) = 266.7 MPa: 1.518 um, the crack goes with it
    path = tmp_path / "film.toml"
    path.write_text(FILM)
    solution = simulate(load_case(path), MPI.COMM_SELF, lambda _: None)
    found = {q.name: q.value for q in solution.quantities}
    stress = 100e3 * 2e-3 / (1.0 - 0.25)
    expected = 2.0 * MODULUS / (Z * stress**2)
    # the base is 66 films thick: it holds the film a little better than a half space
    assert found["critical_thickness"] == pytest.approx(expected, rel=5e-3)
    assert found["film_stress"] == pytest.approx(stress, rel=1e-6)
    assert solution.case.geometry.crack.end == pytest.approx(100.0 + found["critical_thickness"])


def test_a_range_bounds_what_is_known_and_not_what_is_tried(tmp_path):
    path = tmp_path / "film.toml"
    path.write_text(FILM)
    case = load_case(path)
    tried = [with_setting(case, "load.stretch", text) for text in ("0.25 %", "3 %")]
    inside, outside = (
        next(given for given in one.inputs if given.key == "load.stretch") for one in tried
    )
    assert inside.range == ("0.1 %", "0.3 %")
    assert tried[1].mechanics.stretch == pytest.approx(0.03)
    assert outside.range is None
    assert "out of its range" in outside.source
