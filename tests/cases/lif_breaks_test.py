"""Films under a stretch: LiF by a sharp crack and by damage, Mg that yields, fragments, maps."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
from mpi4py import MPI

from meshes.layers import Crack
from solver.case import load_case
from solver.faults import CaseError
from solver.simulate import simulate

FOLDER = Path(__file__).parents[2] / "cases" / "lim2024_mgf2_interlayer"
E, NU, GC, FILM = 111e3, 0.19, 0.68, 0.05  # MPa, J/m^2, um


def quantities(case):
    found = simulate(case, MPI.COMM_WORLD, lambda line: None).quantities
    return {quantity.name: quantity for quantity in found}


@pytest.mark.slow
def test_the_stretch_that_breaks_the_film_is_solved_for():
    # as `liface solve-for ... load.stretch --until verdict=grows`; half space of lithium, Beuth:
    # Gc = Z s^2 h/E', s = E e/(1 - nu), Z = 6.9609: e = 0.3461 %
    table = {"parameter": "load.stretch", "quantity": "margin", "target": 1.0}
    case = load_case(FOLDER / "lif_fragmentation.toml", change={"solve_for": table})
    found = quantities(replace(case, variants={}, references=()))
    stress = math.sqrt(GC * E / (1 - NU**2) / (6.9609 * FILM))
    wanted = 100.0 * stress * (1 - NU) / E
    assert wanted == pytest.approx(0.3461, rel=1e-3)
    answer = found["solved_for"]
    assert answer.unit == "%"
    assert answer.value == pytest.approx(wanted, rel=1e-3)  # 600 films deep: all but a half space
    assert answer.upper - answer.lower < 1e-3 * answer.value
    assert found["critical_stretch"].value == pytest.approx(answer.value / 100.0, rel=1e-3)


@pytest.mark.slow
def test_damage_breaks_the_film_through_where_its_law_says():
    # sound while 2 E e^2/(1 - nu) < 3 Gc/(8 l), l = 10 nm: e = 0.96458 %, of 1 %
    case = load_case(FOLDER / "lif_phase_field.toml")
    found = quantities(case)
    start = math.sqrt(3 * GC * (1 - NU) / (16 * 0.01 * E)) / 0.01
    assert found["damage_start"].value == pytest.approx(start, rel=1e-5)
    assert found["verdict"].hit and found["crack_length"].hit
    assert found["broken_extent.left"].value == pytest.approx(FILM, abs=0.01)
    assert start < found["first_jump"].value <= start + 0.0101  # in the next step
    assert not found["first_jump"].hit and found["first_jump"].reason
    # one crack, half of it meshed, with what it costs in this mesh; its foot spreads along lithium
    factor = found["fracture_energy_factor"].value
    assert 1.0 < found["damage_energy"].value / (0.5 * GC * FILM * factor) < 1.3
    # what the section loses by a sharp crack through the film, without damage: G_ss h/2
    crack = Crack("left", 0.15, 0.2)
    stretch = 0.01 * found["first_jump"].value
    mechanics = replace(case.mechanics, damage=None, stretch=stretch)
    geometry = replace(case.geometry, crack=crack)
    sharp = replace(case, geometry=geometry, mechanics=mechanics, references=())
    numerics = replace(case.numerics, accuracy=0.02, maximum_size=None)
    rate = quantities(replace(sharp, numerics=numerics))["steady_state_energy_release_rate"].value
    lost = found["energy_drop"].value + found["damage_energy"].value
    assert lost == pytest.approx(0.5 * rate * FILM, rel=0.05)


def test_magnesium_follows_the_foil_and_flows():
    # equal stretches e: sigma = sigma_y + H p and e = sigma (1 - nu)/E + p/2, in both layers
    found, stretch = quantities(load_case(FOLDER / "mg_yields.toml")), 0.0833
    for name, youngs, nu, stress in (("film", 45e3, 0.29, 150.0), ("lithium", 7.82e3, 0.38, 0.77)):
        flowed = 2.0 * (stretch - stress * (1 - nu) / youngs)
        assert found[f"mean_plastic_strain.{name}"].value == pytest.approx(flowed, rel=1e-6)
        assert found[f"tension_at_right.{name}"].value == pytest.approx(stress, rel=1e-6)
    assert found["mean_plastic_strain.film"].hit  # sputtered alloys bear up to 18 %
    # without the elastic answer as a start Newton's method needs cuts under a stretch
    assert found["cut_steps"].value == 0.0


def test_a_crack_through_a_film_that_yields_is_refused():
    flow = {"law": "plastic", "yield_stress": "150 MPa"}
    with pytest.raises(CaseError, match="no flow of a layer through which the crack goes"):
        load_case(
            FOLDER / "lif_fragmentation_yielding.toml",
            change={"mechanics": {"solids": {"film": {"flow": flow}}}},
        )


@pytest.mark.slow
def test_mgf2_slides_on_lithium_that_hardens_a_little():
    # shear lag at the first yield stress: 7.045 J/m^2; hardening takes from it, the elastic layer
    # adds Z sigma^2 h/E' = 0.2 J/m^2 of Z = 8 or so
    found = quantities(load_case(FOLDER / "mgf2_fragmentation_yielding.toml"))
    stress, modulus, shear = 303.978, 138.5e3 / (1 - 0.271**2), 0.77 / math.sqrt(3)
    assert found["film_stress"].value == pytest.approx(stress, rel=1e-3)
    lag = stress**3 * FILM / (3 * modulus * shear)
    rate = found["steady_state_energy_release_rate"]
    assert rate.reported == pytest.approx(lag, rel=1e-3)
    assert 0.8 < rate.value / lag < 1.1
    assert found["margin"].value == pytest.approx(6.7 / rate.value, rel=1e-6)
    # two meshes: decided, and the bar holds what cells of 50 nm all along the film have (7604 of
    # them, 33 thousand unknowns), another mesh
    assert rate.upper - rate.lower < 2 * 0.03 * rate.value
    assert rate.lower < 6.174 < rate.upper
    assert (found["verdict"].value, rate.bound) == ("stable", "estimated")


@pytest.mark.slow
def test_the_tension_of_a_fragment_is_that_of_lithium_that_has_hardened():
    # tau W/h with the first yield stress is the least, with that of the largest slip the most:
    # u = 3 D (tau - tau_y)^2/(2 H tau) within a depth D = W/2 of lithium, u = 22 nm: 1.3 tau_y
    found = quantities(load_case(FOLDER / "fragment_yielding.toml"))
    shear, width = 0.77 / math.sqrt(3), 14.38
    tension = found["tension_at_right.film"].value
    assert 1.0 < tension / (shear * width / FILM) < 1.4
    assert tension < found["film_stress"].value  # it slides all along: less than without cracks
    assert found["tension_at_right.film"].bound == "estimated"


@pytest.mark.slow
def test_the_critical_stretch_on_lithium_that_yields_goes_as_by_shear_lag():
    # margin C h^a e^b is 1 at e ~ h^(-a/b): -1/3 by shear lag (-1 over -3), -1/2 on elastic lithium
    found = quantities(load_case(FOLDER / "yielding_map.toml"))
    thickness, stretch = found["map_exponent"].value, found["map_exponent_against"].value
    assert -1.0 < thickness < -0.8
    assert -3.0 < stretch < -2.4
    assert -thickness / stretch == pytest.approx(-1 / 3, rel=0.05)
    # two meshes a point: bars in which shear lag is not (-1 and -3), nor elastic lithium (-1, -2)
    for name, bar in (("map_exponent", 0.05), ("map_exponent_against", 0.1)):
        exponent = found[name]
        assert exponent.bound == "estimated"
        assert exponent.upper - exponent.value < bar
        assert not exponent.lower < exponent.reported < exponent.upper
    assert found["map_exponent_against"].upper < -2.0
    # that of the stretch at which films break, -1/3, is within what the bars leave
    least = found["map_exponent"].lower / -found["map_exponent_against"].upper
    most = found["map_exponent"].upper / -found["map_exponent_against"].lower
    assert least < -1 / 3 < most
