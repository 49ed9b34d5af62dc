"""Critical loads of several loads, lithium that is stripped, strengths that no solid has."""

import json
from math import log, sqrt
from types import SimpleNamespace

import pytest
from mpi4py import MPI

from solver.case import load_case
from solver.margins import film_modulus, film_resistance, judged
from solver.mechanics import FLOATS, Film
from solver.mechanics_meta import notes_of_flow, relaxed, stripped
from solver.mechanics_model import conditions, overpotential_to_pressure
from solver.mechanics_quantities import _of_film
from solver.pictures_map import map_picture
from solver.simulate import simulate

CASE = """
title = "Edge crack"
[geometry]
shape = "block"
width = "10 um"
layers = [{{ name = "s", thickness = "10 um" }}]
crack = {{ face = "left", start = "0 um", end = "1 um" }}
[mechanics.solids.s]
law = "isotropic"
youngs_modulus = "10 GPa"
poissons_ratio = 0.3
fracture_energy = "1 J/m^2"
{more}
"""
UP = '[mechanics.faces.top]\nlaw = "traction"\npressure = "{} MPa"\n'
DOWN = '[mechanics.faces.bottom]\nlaw = "traction"\npressure = "{} MPa"\n'
SIDE = '[mechanics.faces.right]\nlaw = "traction"\npressure = "{} MPa"\n'
BOTH = UP.format(-10) + DOWN.format(-10)
FILLED = '[mechanics.faces.crack]\nlaw = "lithium"\noverpotential = "{} mV"\n'
YIELDING = FILLED.format(5) + 'width = "10 nm"\nyield_stress = "1 MPa"\n'
MOVED = '[mechanics.faces.right]\nlaw = "displacement"\nnormal = "10 nm"\n'


def mechanics(folder, more):
    path = folder / "case.toml"
    path.write_text(CASE.format(more=more), encoding="utf-8")
    case = load_case(path)
    return case, case.mechanics


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (SIDE.format(-10), {"critical_pressure": -20.0}),  # a tension, as it was given
        (BOTH, {"critical_pressure": -20.0}),
        (BOTH + SIDE.format(-5), {"critical_load_factor": 2.0}),
        (BOTH + FILLED.format(5), {"critical_load_factor": 2.0}),
        (FILLED.format(5), {"critical_overpotential": 10.0,
                            "critical_pressure": 2.0 * overpotential_to_pressure(5e-3)}),
        (MOVED, {"critical_load_factor": 2.0}),
        ("misfit_strain = 1e-3\n" + BOTH, {"critical_load_factor": 2.0}),
        ('deflections = "large"\n' + BOTH, {}),
        (YIELDING, {}),
    ],
    ids=["one", "alike", "two", "three", "lithium", "moved", "misfit", "large", "yields"],
)  # fmt: skip
def test_loads_in_proportion_have_one_critical_factor(more, expected, tmp_path):
    # G goes with the square of a factor on all loads: Gc/G = 4 is reached at twice of each
    told = list(judged(mechanics(tmp_path, more)[1], 1.0, 0.01, 4.0))
    found = {q.name: q for q in told if q.name.startswith("critical_")}
    assert {name: q.value for name, q in found.items()} == pytest.approx(expected)
    for quantity in found.values():  # half of the share that G is not known to
        assert quantity.upper - quantity.value == pytest.approx(0.005 * abs(quantity.value))
        assert quantity.value - quantity.lower == pytest.approx(0.005 * abs(quantity.value))


def test_lithium_that_is_stripped_does_not_pull(tmp_path):
    case, given = mechanics(tmp_path, FILLED.format(-5))
    assert conditions(case.geometry, given)[0]["crack"].pressure == 0.0
    assert "stripped" in "".join(stripped(given))
    case, given = mechanics(tmp_path, FILLED.format(5))
    pressure = conditions(case.geometry, given)[0]["crack"].pressure
    assert pressure == pytest.approx(5.0 * 7.423, rel=1e-3)
    assert stripped(given) == []


@pytest.mark.parametrize(
    ("flow", "word"),
    [
        ('{ law = "plastic", yield_stress = "STRESS MPa" }', "yield stress"),
        ('{ law = "creep", stress = "STRESS MPa", rate = "1e-3 s^-1", exponent = 6.6 }', "creep"),
        ('{ law = "viscoplastic", rate = "4.25e4 s^-1", activation_energy = "37 kJ/mol", '
         'rate_exponent = 0.15, initial_resistance = "STRESS MPa", hardening_modulus = "10 MPa", '
         'saturation_resistance = "2 MPa", hardening_exponent = 2.0, saturation_exponent = 0.05 }',
         "resistance"),
    ],
    ids=["plastic", "creep", "viscoplastic"],
)  # fmt: skip
def test_no_solid_flows_at_a_tenth_of_its_modulus(flow, word, tmp_path):
    for stress, warned in (("1100", True), ("900", False)):  # of 10 GPa
        text = "flow = " + flow.replace("STRESS", stress)
        path = tmp_path / "case.toml"
        crack = 'crack = { face = "left", start = "0 um", end = "1 um" }\n'
        body = CASE.format(more=text).replace(crack, "")
        path.write_text(body.replace('fracture_energy = "1 J/m^2"\n', "") + LOAD, encoding="utf-8")
        said = notes_of_flow(load_case(path), SimpleNamespace(flowed=None))
        found = [line for line in said if "above 0.1" in line]
        assert bool(found) is warned
        assert all(word in line for line in found)


LOAD = """
[mechanics.faces.left]
law = "symmetry"
[mechanics.faces.bottom]
law = "symmetry"
[mechanics.faces.top]
law = "traction"
pressure = "1 MPa"
[load]
duration = "1 h"
steps = 4
"""


@pytest.mark.parametrize(("name", "stable"), [("critical_span", True), ("solved_for", False)])
def test_only_a_critical_value_parts_what_holds_from_what_fails(name, stable, tmp_path):
    results = {"title": "Map", "quantities": []}
    (tmp_path / "results.json").write_text(json.dumps(results), encoding="utf-8")
    rows = [f"{x},{sqrt(x)},," for x in (1.0, 2.0, 4.0)]
    text = "\n".join([f"layer / um,{name} / um,lower,upper", *rows])
    (tmp_path / "map.csv").write_text(text + "\n", encoding="utf-8")
    picture = map_picture(tmp_path)
    assert ("holds" in picture.caption) is stable
    assert ("Stability" in picture.title) is stable


FILM = """
title = "Crack through two films"
[geometry]
shape = "block"
width = "20 um"
layers = [{{ name = "s", thickness = "20 um" }}, {{ name = "f", thickness = "0.4 um" }}, {{ name = "g", thickness = "0.6 um" }}]
crack = {{ face = "left", start = "20 um", end = "21 um" }}
[mechanics.solids.s]
law = "isotropic"
youngs_modulus = "10 GPa"
poissons_ratio = 0.3
[mechanics.solids.f]
law = "isotropic"
youngs_modulus = "10 GPa"
poissons_ratio = 0
residual_stress = "50 MPa"
{f}
[mechanics.solids.g]
law = "isotropic"
youngs_modulus = "20 GPa"
poissons_ratio = 0
residual_stress = "50 MPa"
{g}
"""  # noqa: E501
GC = 'fracture_energy = "{} J/m^2"'


@pytest.mark.parametrize(
    ("f", "g", "expected"),
    [
        (GC.format(1), GC.format(3), (2.2, "")),  # 0.4 1 + 0.6 3
        (GC.format(1), "", (None, "g")),
        ("", GC.format(3), (None, "f")),
        ("", "", (None, "")),
        # K_Ic^2/E': 10^4 J/m^2 over 10 and 20 GPa in MPa um^0.5: 0.4 1 + 0.6 0.5
        ('fracture_toughness = "0.1 MPa m^0.5"', 'fracture_toughness = "0.1 MPa m^0.5"', (0.7, "")),
        # E from 10 to 20 GPa across f: the mean of 1/(1 + t) is ln 2
        (
            'graded = { along = "y", at = ["20 um", "20.4 um"], factors = [1.0, 2.0] }\n'
            'fracture_toughness = "0.1 MPa m^0.5"',
            GC.format(3),
            (0.4 * log(2.0) + 1.8, ""),
        ),
    ],
)
def test_a_channelling_crack_breaks_all_layers_of_the_film(f, g, expected, tmp_path):
    path = tmp_path / "case.toml"
    path.write_text(FILM.format(f=f, g=g), encoding="utf-8")
    case = load_case(path)
    limit, without = film_resistance(case.geometry, case.mechanics, 1.0)
    assert without == expected[1]
    assert limit == (None if expected[0] is None else pytest.approx(expected[0], rel=1e-9))
    if not f:
        modulus = film_modulus(case.geometry, case.mechanics, 1.0)
        assert modulus == pytest.approx(16e3, rel=1e-12)  # 0.4 10 + 0.6 20 GPa
        middle = {"film": Film(0.5, 50.0, 1.0), "bar": 0.005, "flowed": None}
        told = _of_film(case.geometry, case.mechanics, SimpleNamespace(**middle))
        found = {quantity.name: quantity.value for quantity in told}
        assert found["channelling_factor"] == pytest.approx(0.5 * 16e3 / 50.0**2)
        assert ("of f, through which it goes" in str(found.get("verdict"))) == bool(g)


def test_what_plane_stress_leaves_of_a_residual_stress_is_told(tmp_path):
    given = 'residual_stress = "50 MPa"\n'
    assert relaxed(mechanics(tmp_path, given)[1]) == []  # plane strain
    (said,) = relaxed(mechanics(tmp_path, given + '[mechanics]\nplane = "stress"')[1])
    assert "of the 50 MPa along the layers 35 MPa are left" in said  # 50 (1 - 0.3)


def test_displacements_of_a_body_that_nothing_holds_are_told_as_such(tmp_path):
    pulled = '[mechanics.faces.{}]\nlaw = "traction"\npressure = "-1 MPa"\n'
    text = CASE.format(more=pulled.format("right") + pulled.format("left"))
    text = text.replace('crack = { face = "left", start = "0 um", end = "1 um" }\n', "")
    path = tmp_path / "case.toml"
    path.write_text(text + '[numerics]\nrefinement = "none"\n', encoding="utf-8")
    found = simulate(load_case(path), MPI.COMM_WORLD, lambda _: None).mechanical
    assert FLOATS in found.remarks
    held = pulled.format("right") + '[mechanics.faces.left]\nlaw = "symmetry"\n'
    held += '[mechanics.faces.bottom]\nlaw = "symmetry"\n[numerics]\nrefinement = "none"\n'
    start = text.index("[mechanics.faces")
    path.write_text(text[:start] + held, encoding="utf-8")
    found = simulate(load_case(path), MPI.COMM_WORLD, lambda _: None).mechanical
    assert FLOATS not in found.remarks
