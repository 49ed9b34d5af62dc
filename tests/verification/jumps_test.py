"""Potentials with two values on an interface: partly bonded, resistive, insulating."""

from dataclasses import replace
from math import log, pi, sin

import pytest

from meshes.geometry import Film, Slit
from meshes.layers import Layer
from solver import schema
from solver.model import ModelError
from tests.verification.helpers import CONDUCTOR, UNIT, cell, electrode, make_case, solve, stack

ENDS = {"bottom": electrode(0.0), "top": electrode(1.0)}
THIN = Film(0.001, "interface")


def two_sided(fraction, film, above=UNIT, below=UNIT, **numerics):
    """A film without thickness in the middle of a bulk, open and bonded on a share of it."""
    geometry = cell("strip", 1.0, Slit(fraction), THIN, below=(Layer("down", 2.5),))
    regions = {
        "electrolyte": schema.IonicConductor(above),
        "down": schema.IonicConductor(below),
        "film": film,
    }
    return solve(make_case(geometry, regions, ENDS, **numerics))


def contains(bounds, exact):
    """The interval contains the exact value."""
    return bounds[0] <= exact <= bounds[1]


@pytest.mark.parametrize("fraction", [0.1, 0.5])
def test_an_insulating_film_in_a_bulk_costs_a_mouth_on_each_side(fraction):
    # by symmetry the potential is constant in the opening: twice ln(1/sin(pi f/2))/pi
    solved = two_sided(fraction, schema.Insulator(), accuracy=1e-3)
    exact = 2.0 * log(1.0 / sin(pi * fraction / 2.0)) / pi
    assert contains(solved.scaled(UNIT), exact)
    assert solved.width <= 1e-3


def test_different_bulks_cost_one_mouth_each():
    # the opening is an equipotential also between different conductivities: mirrored fields
    solved = two_sided(0.2, schema.Insulator(), below=0.1 * UNIT, accuracy=1e-3)
    mouth = log(1.0 / sin(pi * 0.1)) / pi
    assert contains(solved.excess, mouth / UNIT + mouth / (0.1 * UNIT))


def test_above_and_below_may_be_swapped():
    film = schema.IonicConductor(1e-3 * UNIT)
    one = two_sided(0.3, film, above=UNIT, below=7.0 * UNIT, accuracy=1e-3)
    other = two_sided(0.3, film, above=7.0 * UNIT, below=UNIT, accuracy=1e-3)
    low, high = max(one.excess[0], other.excess[0]), min(one.excess[1], other.excess[1])
    assert low <= high  # both contain the same number
    assert low > 0.0


def test_the_film_leads_from_insulating_to_nothing():
    # thickness/conductivity from 1e3 to 1e-6 of (width/conductivity): R falls between the limits,
    # and what a poor film saves is at most its share of the current, S/(S + 1e3/(1 - f)) = 5e-4
    closed = two_sided(0.3, schema.Insulator(), accuracy=1e-3)
    excess = [
        two_sided(0.3, schema.IonicConductor(0.001 * UNIT / rho), accuracy=5e-4).scaled(UNIT)
        for rho in (1e3, 1.0, 1e-3, 1e-6)
    ]
    for (_, above), (below, _) in zip(excess[1:], excess, strict=False):
        assert above < below
    assert excess[0][0] == pytest.approx(closed.scaled(UNIT)[0], rel=2e-3)
    assert 0.0 <= excess[-1][1] <= 1e-6  # never more than the whole film in series


@pytest.mark.parametrize("contrast", [1e-9, 1e-3, 1.0, 1e3, 1e9])
@pytest.mark.parametrize("rho", [1e-9, 1e-6, 1e-3])
def test_a_flat_jump_is_exact_at_any_contrast(contrast, rho):
    # 1 um/kappa + rho + 2 um/(contrast kappa), in V um^2/pA; one um^2 of it
    layers = (Layer("lower", 1.0), Layer("upper", 2.0))
    regions = {"lower": CONDUCTOR, "upper": schema.IonicConductor(contrast * UNIT)}
    jump = {"lower|upper": schema.Resistive(rho)}
    geometry = stack("strip", 1.0, layers)
    solved = solve(make_case(geometry, regions, ENDS, jump, refinement="none"))
    exact = 1.0 / UNIT + rho + 2.0 / (contrast * UNIT)
    assert solved.certificate.lower == pytest.approx(exact, rel=1e-9)
    assert solved.certificate.upper == pytest.approx(exact, rel=1e-8)
    assert solved.certificate.lower <= exact * (1.0 + 1e-12)
    # away from the interface the copies agree; on it they differ by its share of the whole drop
    one, other = (part.x.array for part in solved.certificate.potentials.parts)
    assert abs(other - one).max() == pytest.approx(rho / exact, rel=1e-6, abs=1e-12)


def test_a_metal_without_a_condition_is_refused_not_insulated():
    geometry = cell("strip", 1.0, Slit(0.3), Film(0.01, "layer"), below=(Layer("down", 1.0),))
    geometry = replace(geometry, filling="electrolyte")
    regions = {"down": CONDUCTOR, "film": schema.Equipotential()}
    with pytest.raises(ModelError, match=r"boundaries\.film_surface: no condition"):
        solve(make_case(geometry, regions, ENDS, refinement="none"))


def test_planes_of_symmetry_are_no_electrodes():
    ends = ENDS | {"sides": electrode(0.5)}
    geometry = stack("strip", 1.0, (Layer("lower", 1.0),))
    with pytest.raises(ModelError, match=r"boundaries\.sides"):
        solve(make_case(geometry, {"lower": CONDUCTOR}, ends, refinement="none"))
