"""Wrong tables of cells that march: one message each, at its key; right ones read back."""

import pytest

from solver.case import load_case
from solver.resolved import resolved_toml
from tests.unit.case_checking import checked

GOOD = """title = "Cell with salt"
[geometry]
shape = "strip"
width = "1 um"
above = [{ name = "salt", thickness = "10 um" }, { name = "wall", thickness = "1 um" }]
[regions.salt]
law = "binary_electrolyte"
concentration = "1000 mol/m^3"
diffusivity = { concentrations = ["500 mol/m^3", "1500 mol/m^3"], values = ["1e-12 m^2/s", "2e-12 m^2/s"], source = "a table", role = "assumed" }
transference_number = 0.3
conductivity = "0.1 S/m"
thermodynamic_factor = 1.5
porosity = 0.9
[regions.wall]
law = "ionic_conductor"
conductivity = "0.01 S/m"
[boundaries.bottom]
law = "electrode"
potential = "0 V"
[boundaries.top]
law = "electrode"
current_density = "0 mA/cm^2"
area_specific_resistance = "10 ohm cm^2"
[boundaries.top.kinetics]
law = "butler_volmer"
exchange_current_density = "1 mA/cm^2"
transfer_coefficient = 0.4
capacitance = "10 uF/cm^2"
normal_stress = "-5 MPa"
molar_volume = "13 cm^3/mol"
[programme]
temperature = "313 K"
repeat = 2
depletion = 1e-3
step_error = 1e-4
checkpoint_interval = "5 min"
checkpoint_times = ["1 hour", "2 hour"]
[[programme.steps]]
kind = "galvanostatic"
current_density = "0.6 mA/cm^2"
duration = "0.5 hour"
voltage = "1 V"
capacity = "1 mAh/cm^2"
[[programme.steps]]
kind = "potentiostatic"
potential = "10 mV"
duration = "1 hour"
[[programme.steps]]
kind = "rest"
duration = "10 min"
"""  # noqa: E501
WRONG = [
    ('"binary_electrolyte"', '"binary_electrolite"', "regions.salt.law", "nearest"),
    ("transference_number = 0.3", "transference_number = 1.0", "transference_number", "below 1"),
    ("transference_number = 0.3", "", "transference_number", "missing"),
    ('"1000 mol/m^3"', '"0 mol/m^3"', "concentration", "above zero"),
    ('concentration = "1000 mol/m^3"', 'concentration = "1 g/l"', "concentration", "dimension"),
    ('"1500 mol/m^3"]', '"400 mol/m^3"]', "diffusivity", "grow"),
    ('"2e-12 m^2/s"]', '"-2e-12 m^2/s"]', "salt", "above zero"),
    ('"2e-12 m^2/s"]', '"2e-12 m^2/s", "1 m^2/s"]', "diffusivity", "as many values"),
    ("porosity = 0.9", "porosity = 1.2", "porosity", "at most 1"),
    ('exchange_current_density = "1 mA/cm^2"', 'exchange_current_density = "0 mA/cm^2"',
     "exchange_current_density", "above zero"),
    ("transfer_coefficient = 0.4", "transfer_coefficient = 1.4", "transfer_coefficient", "below 1"),
    ('law = "butler_volmer"', 'law = "butler_wolmer"', "kinetics.law", "butler_volmer"),
    ('law = "butler_volmer"', 'law = "tafel"', "capacitance", "tafel"),
    ('temperature = "313 K"', 'temperature = "40 K"', "programme.temperature", "150 K"),
    ("depletion = 1e-3", "depletion = 0.9", "programme.depletion", "1e-06 to 0.5"),
    ("step_error = 1e-4", "step_error = 0.1", "programme.step_error", "1e-09 to 0.01"),
    ('"5 min"', '"0 min"', "programme.checkpoint_interval", "above zero"),
    ('"2 hour"', '"2 ohm"', "programme.checkpoint_times", "time"),
    ("repeat = 2", "repeat = 0", "programme.repeat", "1"),
    ('kind = "rest"', 'kind = "galvanostatic"', "programme.steps[2]", "this key in a step"),
    ('kind = "potentiostatic"', 'kind = "rest"', "programme.steps[1]", "no such key in a step"),
    ('kind = "rest"', 'kind = "reset"', "programme.steps[2].kind", "rest"),
    ('duration = "10 min"', 'duration = "0 s"', "programme.steps[2].duration", "above zero"),
    ('current_density = "0 mA/cm^2"', 'potential = "1 V"', "boundaries", "exactly one electrode"),
    ('capacity = "1 mAh/cm^2"', 'capacity = "0 mAh/cm^2"', "capacity", "above zero"),
]  # fmt: skip


def test_the_good_case_is_good(tmp_path, capsys):
    assert checked(GOOD, tmp_path, capsys) == (0, [])


@pytest.mark.parametrize(("old", "new", "key", "words"), WRONG)
def test_a_wrong_value_gets_one_message(old, new, key, words, tmp_path, capsys):
    assert old in GOOD
    status, said = checked(GOOD.replace(old, new, 1), tmp_path, capsys)
    assert status == 2
    assert len(said) == 1, said
    assert key in said[0]
    assert words in said[0]


def test_salt_of_two_strengths_is_refused(tmp_path, capsys):
    wall = GOOD[GOOD.index("[regions.salt]") : GOOD.index("[regions.wall]")]
    second = wall.replace("regions.salt", "regions.wall").replace("1000 mol", "900 mol")
    solid = GOOD[GOOD.index("[regions.wall]") : GOOD.index("[boundaries.bottom]")]
    status, said = checked(GOOD.replace(solid, second), tmp_path, capsys)
    assert status == 2 and len(said) == 1
    assert "the same concentration" in said[0]


def test_a_case_that_marches_reads_back(tmp_path):
    path = tmp_path / "case.toml"
    path.write_text(GOOD)
    case = load_case(path)
    (tmp_path / "again.toml").write_text(resolved_toml(case))
    again = load_case(tmp_path / "again.toml")
    assert again.regions == case.regions
    assert again.boundaries == case.boundaries
    assert again.programme == case.programme
    assert case.programme.steps[0].duration == 1800.0
    assert case.programme.checkpoint_interval == 300.0
    assert case.programme.checkpoint_times == (3600.0, 7200.0)
    assert case.regions["salt"].concentration == pytest.approx(1.0)  # fmol/um^3
    assert case.regions["salt"].diffusivity.values == pytest.approx((1.0, 2.0))  # um^2/s


def test_a_steady_state_is_not_kept(tmp_path, capsys):
    lone = GOOD[: GOOD.index("[[programme.steps]]")].replace("repeat = 2\n", "")
    lone = lone.replace('checkpoint_times = ["1 hour", "2 hour"]\n', "")
    lone = lone.replace('"0 mA/cm^2"', '"1 mA/cm^2"')
    status, said = checked(lone, tmp_path, capsys)
    assert status == 2 and len(said) == 1
    assert "checkpoint_interval" in said[0] and "without steps" in said[0]
