"""Lithium that creeps in a flaw: its stress by hand, wrong tables, right ones read back."""

import math

import pytest

from solver.__main__ import main
from solver.case import load_case
from solver.resolved import resolved_toml

GOOD = """title = "Lithium creeps out of a flaw"
[geometry]
shape = "block"
width = "100 um"
layers = [{ name = "electrolyte", thickness = "100 um" }]
crack = { face = "left", start = "99 um", end = "100 um" }
[mechanics.solids.electrolyte]
law = "isotropic"
youngs_modulus = "22 GPa"
poissons_ratio = 0.3
[mechanics.faces.crack]
law = "lithium"
overpotential = "50 mV"
width = "10 nm"
[mechanics.faces.crack.creep]
law = "creep"
stress = "0.7 MPa"
rate = "1e-4 s^-1"
exponent = 6.6
activation_energy = "37 kJ/mol"
reference_temperature = "300 K"
flow_rate = "1e-7 s^-1"
temperature = "330 K"
"""
CREEP = "mechanics.faces.crack.creep"
WRONG = [
    ('flow_rate = "1e-7 s^-1"', 'flow_rate = "0 s^-1"', f"{CREEP}.flow_rate", "above zero"),
    ('flow_rate = "1e-7 s^-1"\n', "", f"{CREEP}.flow_rate", "rate"),
    ('flow_rate = "1e-7 s^-1"', 'flow_rate = "1e-7 s"', f"{CREEP}.flow_rate", "s^-1"),
    ("exponent = 6.6", "exponent = 0.5", f"{CREEP}.exponent", "from 1 to 20"),
    ('"330 K"', '"-1 K"', f"{CREEP}.temperature", "K"),
    ("flow_rate", "flowrate", f"{CREEP}.flowrate", "nearest: flow_rate"),
    ('width = "10 nm"', 'width = "10 nm"\nyield_stress = "1 MPa"', CREEP, "not both"),
    ('width = "10 nm"\n', "", "mechanics.faces.crack", "together"),
]


def load(text, tmp_path):
    file = tmp_path / "case.toml"
    file.write_text(text)
    return load_case(file)


@pytest.mark.parametrize(("old", "new", "key", "words"), WRONG)
def test_one_wrong_thing_is_named_at_its_key(old, new, key, words, tmp_path, capsys):
    assert GOOD.count(old) == 1, old
    file = tmp_path / "case.toml"
    file.write_text(GOOD.replace(old, new))
    status = main(["check", str(file)])
    output = capsys.readouterr()
    lines = [line.split(": ", 1)[-1] for line in (output.out + output.err).splitlines()]
    assert status == 2, lines
    named = [line for line in lines if line.startswith((f"{key} = ", f"{key}: "))]
    assert any(words in line for line in named), lines


def test_the_stress_follows_from_rate_and_temperature(tmp_path):
    # exp(37/R (1/300 - 1/330)) = 3.8517: 0.7 MPa (1e-3/3.8517)^(1/6.6) = 0.20036 MPa
    faster = math.exp(37.0 / 8.31446261815324e-3 * (1 / 300 - 1 / 330))
    assert faster == pytest.approx(3.8517, rel=1e-4)
    face = load(GOOD, tmp_path).mechanics.faces["crack"]
    assert face.yield_stress == pytest.approx(0.7 * (1e-3 / faster) ** (1 / 6.6), rel=1e-12)
    assert face.yield_stress == pytest.approx(0.20036, rel=1e-4)
    assert face.gradient == pytest.approx(2.0 * face.yield_stress / (math.sqrt(3.0) * 0.01))
    # without an activation energy the temperature does not matter
    less = GOOD.replace('activation_energy = "37 kJ/mol"\nreference_temperature = "300 K"\n', "")
    face = load(less, tmp_path).mechanics.faces["crack"]
    assert face.yield_stress == pytest.approx(0.7 * 1e-3 ** (1 / 6.6), rel=1e-12)


def test_a_right_case_is_read_and_reads_back_equal(tmp_path):
    case = load(GOOD, tmp_path)
    again = load(resolved_toml(case), tmp_path)
    assert again.mechanics == case.mechanics
    assert resolved_toml(again) == resolved_toml(case)
