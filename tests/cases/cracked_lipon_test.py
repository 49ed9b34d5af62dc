"""Cracked LiPON of all thicknesses: what is in the crack decides over the current, h over G."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
from mpi4py import MPI

from solver.case import load_case
from solver.simulate import simulate

CASE = Path(__file__).parents[2] / "cases" / "pan2024_lipon_on_lib" / "cracked_lipon.toml"
KAPPA, FILM, PERIOD, ABOVE = 11e-3, 2e-6, 1e-3, 25e-4  # S/cm, S/cm, cm, cm
STRESS, MODULUS = 77e3 * 0.005 / 0.75, 77e3 / (1 - 0.25**2)  # MPa: 513.3, E' of the film
TOUGH = 0.6**2 / 82.1333e3 * 1e6  # K^2/E', J/m^2: 4.383
ISOLATED, EQUAL = 5.7331, 1.9758  # Z of LiPON on lithium, and of equal moduli
CLOSE = 5.062  # Z of 300 nm with a crack per 10 um: 33 films apart


def numbers(variant):
    """All quantities of one mesh."""
    case = load_case(CASE)
    case = case.variants[variant] if variant else case
    numerics = replace(case.numerics, refinement="none", accuracy=1.0)
    found = simulate(replace(case, numerics=numerics), MPI.COMM_WORLD, lambda line: None)
    return case, {q.name: q.value for q in found.quantities}


def channelling(found, thickness):
    return found["steady_state_energy_release_rate"] * MODULUS / (STRESS**2 * thickness)


def check_stress(variant, case, found):
    """Z of cracks that are further apart, in films, is closer to that of one alone."""
    thickness = case.geometry.film.thickness
    z = channelling(found, thickness)
    if "fibres" in variant:  # stiffer than the film
        assert 1.2 < z < EQUAL
    elif thickness < 0.3:
        assert CLOSE < z < ISOLATED
    elif thickness > 0.3:
        assert 0.8 * CLOSE < z < CLOSE
    else:
        assert z == pytest.approx(CLOSE, rel=1e-3)
    rate = found["steady_state_energy_release_rate"]
    assert found["fracture_energy"] == pytest.approx(TOUGH, rel=1e-4)
    assert (rate > TOUGH) == (thickness > 0.25 and "fibres" not in variant)
    opened = 1.0 + 1e3 * found["crack_volume"] / thickness
    assert found["slit_width"] == pytest.approx(opened, rel=1e-6)


@pytest.mark.parametrize("variant", ["empty", "nm100_empty", "nm400_empty", "on_fibres_empty"])
def test_an_empty_crack_carries_nothing(variant):
    # film and electrolyte in series; the film lacks the width of the slit, 0.3 % of it at most
    case, found = numbers(variant)
    height = case.geometry.film.thickness * 1e-4
    intact = height / FILM + ABOVE / KAPPA
    lost = found["slit_width"] * 1e-7 / PERIOD
    assert 1.0 < found["area_specific_resistance"] / intact < (1.0 + 1e-3) / (1.0 - lost)
    assert found["current_balance"] < 1e-8
    check_stress(variant, case, found)


@pytest.mark.parametrize("variant", ["nm100", "nm200", "nm400", "on_fibres", "on_fibres_nm400"])
def test_electrolyte_in_the_crack_shorts_the_film_whatever_its_thickness(variant):
    # kappa w/(p h) through the crack with the detour before it, beside sigma_f/h through the film
    case, found = numbers(variant)
    height, width = case.geometry.film.thickness * 1e-4, found["slit_width"] * 1e-7
    detour = PERIOD / (math.pi * KAPPA) * math.log(1 / math.sin(math.pi * width / (2 * PERIOD)))
    crack = 1.0 / (PERIOD * height / (KAPPA * width) + detour)
    whole = 1.0 / (crack + FILM / height) + ABOVE / KAPPA
    assert found["area_specific_resistance"] == pytest.approx(whole, rel=2e-2)
    share = crack / (crack + FILM / height)
    assert found["share.filling|electrolyte"] == pytest.approx(share, rel=1e-2)
    assert share > 0.7
    check_stress(variant, case, found)
