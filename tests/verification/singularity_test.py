"""What is singular: exponents, intensities and distributions against closed forms."""

from dataclasses import replace
from math import cos, pi, sin, sqrt
from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI

from meshes.geometry import Cell, Round
from meshes.layers import Layer
from solver import schema
from solver.case import load_case
from solver.simulate import simulate
from solver.singularity import wedge_exponent
from tests.verification.helpers import BARE, make_case, slit, solve

CASES = Path(__file__).parents[2] / "cases" / "verification" / "transport"
# angle of one wedge in degrees, ideal contact on the first and last face -> lambda
EXPONENTS = [
    (90.0, True, False, 1.0),  # electrode meets wall at a right angle: bounded
    (135.0, True, False, 2.0 / 3.0),
    (180.0, True, False, 0.5),  # contact beside insulator in a plane
    (270.0, True, False, 1.0 / 3.0),
    (270.0, True, True, 2.0 / 3.0),  # metal corner
    (270.0, False, False, 2.0 / 3.0),  # mouth of a slit
    (360.0, True, True, 0.5),  # metal sheet
    (360.0, False, False, 0.5),  # insulating crack
]


@pytest.mark.parametrize(("angle", "first", "last", "exact"), EXPONENTS)
def test_exponent_of_one_wedge(angle, first, last, exact):
    assert wedge_exponent([(3.7, np.radians(angle))], first, last) == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize(("ratio", "exact"), [(0.5, 0.7836531041), (0.1, 0.3899644581)])
def test_exponent_of_a_checkerboard(ratio, exact):
    # four quadrants a, b, a, b: the mode is odd across the diagonals of the quadrants, so half a
    # quadrant with phi = 0 and one whole and a half with phi' = 0: lambda = (4/pi) atan(sqrt(b/a))
    wedges = [(1.0, pi / 4.0), (ratio, pi / 4.0)]
    found = min(wedge_exponent(wedges, True, False), wedge_exponent(wedges, False, True))
    assert found == pytest.approx(exact, rel=1e-8)
    # tan^2(lambda pi/4) = first/second conductivity if the first face is the contact
    assert wedge_exponent(wedges, True, False) == pytest.approx(2.0 - exact, rel=1e-8)
    assert wedge_exponent(wedges[::-1], True, False) == pytest.approx(exact, rel=1e-8)


def test_two_materials_split_a_wedge_without_effect_when_equal():
    halves = [(2.0, 1.0), (2.0, 2.0)]
    assert wedge_exponent(halves, True, False) == pytest.approx(pi / 6.0, rel=1e-9)


def inside(quantity, exact):
    """The exact value lies in the estimated bar."""
    return quantity.lower <= exact <= quantity.upper


@pytest.mark.parametrize("fraction", [0.1, 0.5])
def test_intensity_at_the_edge_of_a_slit(fraction):
    # i(x) = C cos(pi x/p)/sqrt(sin^2(a) - sin^2(pi x/p)), a = pi f/2, p = 1. With u = sin(pi x/p)
    # the half integral is C p/pi * pi/2, so the mean is C/f; at distance r from the edge the root
    # goes to sqrt(2 sin a cos a pi r/p).
    found = solve(make_case(slit(fraction), accuracy=1e-4)).quantities()
    a = pi * fraction / 2.0
    exact = fraction * cos(a) / sqrt(2.0 * sin(a) * cos(a) * pi)
    quantity = found["edge_intensity"]
    assert quantity.unit == "um^0.5"
    assert quantity.value == pytest.approx(exact, rel=0.02)
    assert inside(quantity, exact)
    assert found["edge_exponent"].value == pytest.approx(-0.5, abs=1e-9)
    assert found["peak_amplification"].value == "unbounded"
    assert found["rms_factor"].value == "unbounded"


def disc(resistance, **numerics):
    """A round contact of 1 um on a half space of 1 S/m."""
    layers = (Layer("electrolyte", np.inf),)
    geometry = Cell("half_space", 40.0, BARE, Round(1.0), "metal", layers, (), None)
    window = schema.Electrode(1.0, None, None, resistance)
    return make_case(geometry, boundaries={"window": window, "far": schema.HalfSpace()}, **numerics)


def test_distribution_on_the_disc():
    # i/mean = 1/(2 sqrt(1 - r^2)) on the unit disc. Not above x on the share 1 - 1/(4 x^2) of it:
    # percentile P is x = 1/(2 sqrt(1 - P)); near the edge i/mean = 1/(2 sqrt(2 distance)).
    found = solve(disc(0.0, accuracy=1e-4)).quantities()
    for percent in (50, 90, 99):
        exact = 0.5 / sqrt(1.0 - percent / 100.0)
        assert found[f"percentile_{percent}"].value == pytest.approx(exact, rel=0.02), percent
    assert inside(found["edge_intensity"], 0.5 / sqrt(2.0))
    assert found["edge_intensity"].value == pytest.approx(0.5 / sqrt(2.0), rel=0.02)


def test_a_round_rim_in_three_dimensions_has_the_factor_of_the_axisymmetric_one():
    found = []
    for name, accuracy in (("tube", 1e-3), ("tube_3d", 5e-3)):
        case = load_case(CASES / f"{name}.toml")
        case = replace(case, numerics=replace(case.numerics, accuracy=accuracy))
        solution = simulate(case, MPI.COMM_WORLD, lambda _: None)
        found.append(next(q for q in solution.quantities if q.name == "edge_intensity"))
    # 1/(2 sqrt(2/a)) of a disc alone, a = 0.1 um: the wall around it changes little
    assert found[0].value == pytest.approx(0.5 * sqrt(0.1 / 2.0), rel=1e-2)
    assert found[1].value == pytest.approx(found[0].value, rel=2e-2)


def test_the_mouth_of_a_filled_slit_is_no_edge_of_its_window():
    """At the bottom of a slit with insulating walls the current is even: a straight duct."""
    case = load_case(CASES / "slit_thick.toml")
    solution = simulate(case, MPI.COMM_WORLD, lambda _: None)
    found = {quantity.name: quantity for quantity in solution.quantities}
    assert found["edge_exponent"].value == 0.0
    assert "edge_intensity" not in found
    assert found["rms_factor"].value == pytest.approx(1.0, abs=1e-3)
    assert found["peak_amplification"].value == pytest.approx(1.0, abs=5e-3)


def test_a_contact_with_resistance_has_finite_moments():
    # Wa = 10: between 0.98530 at the centre and 1.0210 at the edge (exact), so the root mean square
    # is 1 within 1e-3 and the largest value is that of the edge
    found = solve(disc(1e-5, accuracy=1e-4)).quantities()
    assert found["edge_exponent"].value == 0.0
    assert found["wagner_number"].value == pytest.approx(10.0, rel=1e-12)
    assert found["rms_factor"].value == pytest.approx(1.0, abs=1e-3)
    assert 1.0 < found["peak_amplification"].value == pytest.approx(1.021, abs=3e-3)
