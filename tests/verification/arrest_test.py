"""Cracks that grow into other layers: where they come to rest by the Gc of the place they reach."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from mpi4py import MPI

from solver.case import load_case
from solver.crack_quantities import ends_of
from solver.fracture import find_tips
from solver.simulate import simulate
from solver.stability import DrivingForce

# an arm of h = 1 um, opened by D/2 = 1 um at its end: G = 3 E h^3 D^2/(16 (a + 0.67 h)^4), 5.79e-5
# J/m^2 at a = 10 um; the tip has 2 um to go to the layer b, which differs in Gc alone
BEAM = """
title = "Beam through two layers"
[geometry]
shape = "block"
width = "1 um"
layers = [{{ name = "b", thickness = "18 um" }}, {{ name = "a", thickness = "12 um" }}]
crack = {{ face = "left", start = "20 um", end = "30 um" }}
[mechanics]
plane = "stress"
[mechanics.solids.a]
law = "isotropic"
youngs_modulus = "1 MPa"
poissons_ratio = 0.3
{a}
[mechanics.solids.b]
law = "isotropic"
youngs_modulus = "1 MPa"
poissons_ratio = 0.3
{b}
[mechanics.faces.top]
law = "displacement"
tangential = "-1 um"
[numerics]
accuracy = "1 %"
[output]
pictures = false
"""


def tough(limit):
    return "" if limit is None else f'fracture_energy = "{limit} J/m^2"'


def grown(folder, a, b):
    path = folder / "case.toml"
    path.write_text(BEAM.format(a=a, b=b), encoding="utf-8")
    found = simulate(load_case(path), MPI.COMM_WORLD, lambda _: None)
    return {quantity.name: quantity for quantity in found.quantities}


def rest(limit):
    """Length at which G of beam theory is Gc, um."""
    return (3.0 * 1.0 * 4.0 / (16.0 * limit)) ** 0.25 - 0.67


@pytest.mark.parametrize(
    ("limits", "length"),
    [
        ((1e-5, 5e-5), 12.0),  # b holds it: at the interface
        pytest.param((1e-5, 2.5e-5), rest(2.5e-5), marks=pytest.mark.slow),  # 12.5 um: in b
        pytest.param((4e-5, 1e-5), rest(4e-5), marks=pytest.mark.slow),  # 11.0 um: in a, before b
        pytest.param((2e-5, 1e-5), rest(1e-5), marks=pytest.mark.slow),  # 15.9 um: b is brittle
    ],
)
def test_it_rests_by_the_gc_of_the_layer_it_has_reached(tmp_path, limits, length):
    told = grown(tmp_path, *map(tough, limits))
    arrest = told["arrest_length"]
    assert arrest.value == pytest.approx(length, rel=5e-3)
    assert told["verdict"].value == f"arrests at a = {arrest.value:.4g} um"
    assert arrest.lower <= arrest.value <= arrest.upper


@pytest.mark.slow
def test_a_layer_without_gc_holds_nothing(tmp_path):
    told = grown(tmp_path, tough(1e-5), "")
    assert told["verdict"].value == "grows, undecided: of b, which it reaches, no Gc is known"
    assert "arrest_length" not in told


def test_gc_of_a_toughness_follows_the_modulus(tmp_path):
    # E = f MPa, f = 1 at the tip (y = 20 um) and 0.05 less for each um that it goes on downwards:
    # Gc = K_Ic^2/E = 4.9e-5 J/m^2 rises by 5 % of that per um
    graded = 'graded = { along = "y", at = ["12 um", "20 um"], factors = [0.6, 1.0] }'
    given = 'fracture_toughness = "7e-6 MPa m^0.5"\n' + graded
    path = tmp_path / "case.toml"
    path.write_text(BEAM.format(a=given, b=""), encoding="utf-8")
    case = load_case(path)
    ((tip,), force) = find_tips(case.geometry), DrivingForce((1e-4,) * 4, 1e-4, -1e-6, 0.0, 1e-9)
    found = SimpleNamespace(tips=((tip, force),), bars=(1e-8,))
    (end,) = ends_of(case.geometry, case.mechanics, found)
    assert end.limit == pytest.approx(4.9e-5, rel=1e-9)
    assert end.limit_slope == pytest.approx(0.05 * 4.9e-5, rel=2e-3)
    # G - Gc falls also where G rises, but more slowly than Gc
    for slope, word in ((-1e-6, "arrests"), (2e-6, "arrests"), (3e-6, "grows unstably")):
        assert replace(end, force=replace(force, slope=slope)).word == word
