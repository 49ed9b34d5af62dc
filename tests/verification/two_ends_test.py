"""Cracks with two ends: both are driven, the worse one decides, and the report says which."""

import math
from dataclasses import replace

import pytest
from mpi4py import MPI

from solver.case import load_case
from solver.ends import End, verdict_of, worse
from solver.simulate import simulate
from solver.stability import GROWS, DrivingForce

MODULUS, RATIO, TOUGHNESS = 22.1e3, 0.37, 230.0  # MPa, 1, MPa um^0.5
LIMIT = TOUGHNESS**2 * (1.0 - RATIO**2) / MODULUS  # Gc = K^2/E' = 2.066 J/m^2

CRACKED = """
title = "Crack with two tips"
[geometry]
shape = "block"
width = "{width} um"
layers = [{{ name = "s", thickness = "50 um" }}]
{crack}
[mechanics.solids.s]
law = "isotropic"
youngs_modulus = "22.1 GPa"
poissons_ratio = 0.37
fracture_toughness = "0.23 MPa m^0.5"
[mechanics.faces.right]
law = "traction"
pressure = "-60 MPa"
{left}
[numerics]
accuracy = "1 %"
[output]
pictures = false
"""
FLAW = """[[geometry.flaws]]
name = "f"
x = "50 um"
y = "0.2 um"
length = "4.8 um"
angle = "90 degree"
"""
LEFT = '[mechanics.faces.left]\nlaw = "traction"\npressure = "-60 MPa"'
LOOSE = """
title = "Film that is off in the middle"
[geometry]
shape = "block"
width = "24 um"
layers = [{{ name = "lithium", thickness = "4 um" }}, {{ name = "film", thickness = "1 um" }}]
[mechanics.solids.lithium]
law = "isotropic"
youngs_modulus = "7.82 GPa"
poissons_ratio = 0.38
[mechanics.solids.film]
law = "isotropic"
youngs_modulus = "77 GPa"
poissons_ratio = 0.25
[mechanics.interfaces."lithium|film"]
law = "free"
start = "4 um"
end = "20 um"
fracture_energy = "0.2 J/m^2"
[mechanics.faces."left.lithium"]
law = "symmetry"
[mechanics.faces."left.film"]
law = "displacement"
normal = "{left} um"
[mechanics.faces.bottom]
law = "symmetry"
[mechanics.faces."right.lithium"]
law = "symmetry"
[mechanics.faces."right.film"]
law = "displacement"
normal = "{right} um"
[numerics]
accuracy = "10 %"
[output]
pictures = false
"""
SLOWING = """
title = "Crack that grows from tension into compression, its other tip in a tough layer"
[geometry]
shape = "block"
width = "60 um"
layers = [{{ name = "tough", thickness = "40 um" }}, {{ name = "brittle", thickness = "40 um" }}]
crack = {{ face = "left", start = "38 um", end = "41 um" }}
[mechanics.solids.tough]
law = "isotropic"
youngs_modulus = "10 GPa"
poissons_ratio = 0.3
residual_stress = "100 MPa"
fracture_energy = "{tough} J/m^2"
[mechanics.solids.brittle]
law = "isotropic"
youngs_modulus = "10 GPa"
poissons_ratio = 0.3
residual_stress = "-20 MPa"
fracture_energy = "0.05 J/m^2"
[mechanics.faces.right]
law = "symmetry"
[numerics]
accuracy = "1 %"
[output]
pictures = false
"""


def solved(text, tmp_path):
    path = tmp_path / "case.toml"
    path.write_text(text, "utf-8")
    found = simulate(load_case(path), MPI.COMM_SELF, lambda _: None)
    return {q.name: q for q in found.quantities}


def cracked(start, end, tmp_path):
    crack = f'crack = {{ face = "left", start = "{start} um", end = "{end} um" }}'
    return solved(CRACKED.format(width=50, crack=crack, left=""), tmp_path)


def inside(quantity, value):
    return quantity.lower <= value <= quantity.upper


def test_the_tip_close_to_the_surface_decides(tmp_path):
    # the same body whole, its crack a flaw: another mesh, both faces, another integral
    half = cracked(0.2, 5.0, tmp_path)
    whole = solved(CRACKED.format(width=100, crack=FLAW, left=LEFT), tmp_path)
    assert whole["first_to_grow"].value == "f.start"
    assert half["first_to_grow"].value == "start"
    assert half["verdict"].value == whole["verdict"].value == "grows unstably"
    assert half["verdict.end"].value == "stable"
    for name in ("energy_release_rate", "margin", "energy_release_rate_slope"):
        for end in ("start", "end"):
            exact = whole[f"{name}.f.{end}"].value
            assert half[f"{name}.{end}"].value == pytest.approx(exact, rel=1e-3)
    for name in ("energy_release_rate", "margin", "energy_release_rate_slope", "critical_pressure"):
        assert half[name].value == half[f"{name}.start"].value
    # 60 MPa sqrt(0.53378): the load at which that tip begins to grow
    assert half["critical_pressure"].value == pytest.approx(-43.84, rel=1e-3)  # a tension


def test_upside_down_the_other_tip_decides(tmp_path):
    low, high = cracked(0.5, 5.0, tmp_path), cracked(45.0, 49.5, tmp_path)
    assert (low["first_to_grow"].value, high["first_to_grow"].value) == ("start", "end")
    assert low["verdict"].value == high["verdict"].value
    assert high["margin"].value == pytest.approx(low["margin"].value, rel=1e-3)
    assert high["margin.start"].value == pytest.approx(low["margin.end"].value, rel=1e-3)


def test_alike_tips_are_driven_alike(tmp_path):
    # Griffith: G = s^2 pi a (1 - nu^2)/E = 0.8835 J/m^2 for a = 2 um, in a wide body 0.5 % more
    found = cracked(23.0, 27.0, tmp_path)
    griffith = 60.0**2 * math.pi * 2.0 * (1.0 - RATIO**2) / MODULUS
    one, other = (found[f"energy_release_rate.{end}"] for end in ("start", "end"))
    assert one.value == pytest.approx(griffith, rel=1e-2)
    assert one.value == pytest.approx(other.value, rel=1e-4)
    assert found["margin"].value == pytest.approx(LIMIT / one.value, rel=1e-4)
    assert found["verdict"].value == "stable"


def test_a_crack_with_one_tip_has_no_names_of_ends(tmp_path):
    names = set(cracked(0.0, 2.0, tmp_path))
    assert {"margin", "verdict"} <= names
    assert not names & {"first_to_grow", "margin.end", "margin.start"}


@pytest.mark.slow
def test_a_delamination_and_its_mirror_image_have_one_verdict(tmp_path):
    one = solved(LOOSE.format(left=0.01, right=0.1), tmp_path)
    other = solved(LOOSE.format(left=0.1, right=0.01), tmp_path)
    name = "lithium|film"
    assert one["first_to_grow"].value == f"{name}.end"
    assert other["first_to_grow"].value == f"{name}.start"
    assert one["verdict"].value == other["verdict"].value == "grows unstably"
    assert one[f"verdict.{name}.start"].value == other[f"verdict.{name}.end"].value == "stable"
    for head in ("energy_release_rate", "margin"):
        bar = one[head].upper - one[head].lower
        assert other[head].value == pytest.approx(one[head].value, abs=bar)
        low, high = one[f"{head}.{name}.start"], other[f"{head}.{name}.end"]
        assert high.value == pytest.approx(low.value, abs=low.upper - low.lower)


def intensity(start, end, step, below, above):
    """K_I at the end of a crack under two tractions, from Bueckner's integral, MPa um^0.5."""
    half, middle = 0.5 * (end - start), 0.5 * (start + end)
    at = math.asin((step - middle) / half)
    lower = (at + 0.5 * math.pi) - math.cos(at)
    upper = (0.5 * math.pi - at) + math.cos(at)
    return math.sqrt(half / math.pi) * (below * lower + above * upper)


@pytest.mark.slow
def test_a_crack_comes_to_rest_only_if_its_other_tip_does_not_grow(tmp_path):
    # 100 MPa of tension below 40 um, -20 MPa above: by the integral K of the upper tip falls from
    # 36.8 MPa um^0.5 to sqrt(E' Gc) = 23.4 while the lower one has 193, G = 3.4 J/m^2, and more
    modulus = 1e4 / 0.91
    rest = 41.0
    while intensity(38.0, rest, 40.0, 100.0, -20.0) > math.sqrt(0.05 * modulus):
        rest += 0.001
    held = solved(SLOWING.format(tough=10.0), tmp_path)
    assert held["first_to_grow"].value == "end"
    assert held["arrest_length"].value == pytest.approx(rest - 38.0, rel=2e-2)
    assert str(held["verdict"].value).startswith("arrests at a = ")
    tough = 1.005 * held["energy_release_rate.start"].value  # below what it is where the end rests
    loose = solved(SLOWING.format(tough=tough), tmp_path)
    assert loose["verdict.start"].value == "stable"
    assert loose["verdict"].value == "grows"
    assert "arrest_length" not in loose


def end(label, rate, bar=0.01, limit=1.0, slope=1.0, slope_bar=0.0):
    force = DrivingForce((rate,) * 4, rate, slope, slope_bar=slope_bar)
    return End(label, force, bar, limit)


def test_the_smallest_margin_decides_and_the_worst_word_is_the_verdict():
    assert worse((end("end", 0.5), end("start", 0.9))) == 1
    assert worse((end("end", 0.5, limit=0.2), end("start", 0.9))) == 0  # not the largest G
    assert worse((end("end", 0.9), end("start", 0.9))) == 0
    assert worse((end("end", 0.5, limit=None), end("start", 0.9, limit=None))) == 1
    assert verdict_of((end("end", 0.5), end("start", 0.9))) == "stable"
    assert verdict_of((end("end", 2.0, slope=-1.0), end("start", 1.5))) == "grows unstably"
    unknown = end("end", 2.0, slope=-1.0, slope_bar=2.0)
    assert verdict_of((unknown, end("start", 0.5))) == GROWS
    assert verdict_of((unknown, end("start", 2.0, slope=-1.0))) == GROWS
    assert verdict_of((unknown, end("start", 2.0))) == "grows unstably"
    unsure = (end("end", 0.5), end("start", 0.995))
    assert verdict_of(unsure) == "undecided within the error bar"
    assert verdict_of((end("end", 0.5, limit=None), end("start", 0.5, limit=None))) is None


def test_nothing_is_stable_of_which_one_end_is_unknown():
    known, unknown = end("end", 0.5), replace(end("start", 0.5), limit=None)
    assert verdict_of((known, unknown)) == "undecided: of its end start nothing is known"
    assert verdict_of((known,), ("start",)) == "undecided: of its end start nothing is known"
    assert verdict_of((end("end", 2.0),), ("start",)) == "grows unstably"
