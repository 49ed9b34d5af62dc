"""Wrong staircases: one message each, at its key; right ones read back."""

import pytest

from solver.case import load_case
from solver.resolved import resolved_toml
from tests.unit.case_checking import checked, one_finding

GOOD = """title = "Staircase"
[geometry]
shape = "strip"
width = "1 um"
above = [{ name = "wall", thickness = "20 um" }]
[regions.wall]
law = "ionic_conductor"
conductivity = "0.01 S/m"
[boundaries.bottom]
law = "electrode"
potential = "0 V"
area_specific_resistance = "10 ohm cm^2"
[boundaries.top]
law = "electrode"
current_density = "0 mA/cm^2"
[programme.staircase]
protocol = "named"
first = "0.1 mA/cm^2"
increment = "0.1 mA/cm^2"
last = "2 mA/cm^2"
half_cycle = "1 hour"
rest = "10 min"
cycles = 2
voltage = "1 V"
[programme.staircase.flaw]
face = "bottom"
shape = "edge"
length = "1 um"
fracture_toughness = "0.23 MPa m^0.5"
amplification = 2.0
"""
CAPACITY = 'capacity = "0.1 mAh/cm^2"\ncapacity_increment = "0.2 mAh/cm^2"'
WRONG = [
    ('first = "0.1 mA/cm^2"', 'first = "0 mA/cm^2"', "staircase.first", "above zero"),
    ('increment = "0.1 mA/cm^2"', 'increment = "-1 mA/cm^2"', "increment", "above zero"),
    ('last = "2 mA/cm^2"', 'last = "0.05 mA/cm^2"', "staircase.last", "not below the first"),
    ('last = "2 mA/cm^2"', 'last = "2 A/cm^2"', "staircase.last", "at most 1000"),
    ('half_cycle = "1 hour"', "", "staircase", "either half_cycle or capacity"),
    ("cycles = 2", CAPACITY, "staircase", "either half_cycle or capacity"),
    ("cycles = 2", "cycles = 0", "staircase.cycles", "1"),
    ('voltage = "1 V"', 'voltage = "-1 V"', "staircase.voltage", "above zero"),
    ('protocol = "named"\n', "", "protocol", "missing"),
    ('face = "bottom"', 'face = "side"', "flaw.face", "bottom, top"),
    ('shape = "edge"', 'shape = "round"', "flaw.shape", "penny"),
    ('length = "1 um"', 'length = "0 um"', "flaw.length", "above zero"),
    ("amplification = 2.0", "amplification = 0.5", "flaw.amplification", "at least 1"),
    ("[programme.staircase]", "[programme]\nrepeat = 2\n[programme.staircase]", "repeat", "1 with"),
    ("[programme.staircase]",
     '[[programme.steps]]\nkind = "rest"\nduration = "1 s"\n[programme.staircase]',
     "staircase", "beside steps"),
    ("[programme.staircase]",
     '[boundaries.top.plating]\nsurface_tension = "0.5 J/m^2"\n[programme.staircase]',
     "staircase.flaw", "surface tension of top"),
]  # fmt: skip


def test_the_good_case_is_good(tmp_path, capsys):
    assert checked(GOOD, tmp_path, capsys) == (0, [])


@pytest.mark.parametrize(("old", "new", "key", "words"), WRONG)
def test_a_wrong_value_gets_one_message(old, new, key, words, tmp_path, capsys):
    assert old in GOOD
    one_finding(GOOD.replace(old, new, 1), tmp_path, capsys, key, words)


def test_a_flaw_does_not_feel_the_stress_of_a_body(tmp_path, capsys):
    # which its amplification would multiply
    layers = 'layers = [{ name = "wall", thickness = "20 um" }]'
    body = (
        GOOD.replace('shape = "strip"', 'shape = "block"', 1).replace(
            'above = [{ name = "wall", thickness = "20 um" }]', layers
        )
        + '[mechanics.solids.wall]\nlaw = "isotropic"\nyoungs_modulus = "20 GPa"\n'
        'poissons_ratio = 0.3\n[mechanics.faces]\nleft = { law = "symmetry" }\n'
        'bottom = { law = "symmetry" }\ntop = { law = "plate", pressure = "7 MPa" }\n'
    )
    one_finding(body, tmp_path, capsys, "staircase.flaw", "contact.stack_pressure")


@pytest.mark.parametrize("lasts", ['half_cycle = "1 hour"', CAPACITY])
def test_a_staircase_reads_back(tmp_path, lasts):
    path = tmp_path / "case.toml"
    path.write_text(GOOD.replace('half_cycle = "1 hour"', lasts))
    case = load_case(path)
    (tmp_path / "again.toml").write_text(resolved_toml(case))
    assert load_case(tmp_path / "again.toml").programme == case.programme
    assert case.programme.staircase.flaw.fracture_toughness == pytest.approx(230.0)  # MPa um^0.5
    assert len(case.programme.steps) == 20 * 8
