"""Wrong tables of cells that march: one message each, at its key; right ones read back."""

import pytest

from solver.case import load_case
from solver.resolved import resolved_toml
from tests.unit.case_checking import checked, one_finding

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
[boundaries.top.plating]
porosity = 0.1
molar_volume = "13 cm^3/mol"
feature = "1 um"
amplitude = "10 nm"
wavelength = "500 nm"
[boundaries.top.plating.backing]
lithium_modulus = "7.82 GPa"
lithium_poissons_ratio = 0.38
electrolyte_modulus = "22.1 GPa"
electrolyte_poissons_ratio = 0.37
slip = "held"
stack_stiffness = "0.2 MPa/um"
[boundaries.bottom.plating]
porosity = 0.0
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
    ("porosity = 0.1", "porosity = 1.0", "plating.porosity", "below 1"),
    ("porosity = 0.1", "porosity = -0.1", "plating.porosity", "not negative"),
    ("porosity = 0.1", "porosity = 0.1\nmoves = true", "plating.moves", "several regions"),
    ("porosity = 0.0\n[programme]", "porosity = 0.0\nmoves = true\n[programme]\nremesh = true",
     "programme.remesh", "not made anew"),
    ("step_error = 1e-4", "remesh = true", "programme.remesh", "without a face that moves"),
    ("step_error = 1e-4", "most_remeshings = 3", "programme.most_remeshings", "face that moves"),
    ("step_error = 1e-4", "most_remeshings = 0", "programme.most_remeshings", "number from 1"),
    ("step_error = 1e-4", "remeshes = true", "programme.remeshes", "nearest"),
    ("porosity = 0.1", "porosities = 0.1", "plating.porosities", "nearest"),
    ('feature = "1 um"', 'feature = "0 um"', "plating.feature", "above zero"),
    ('wavelength = "500 nm"', 'wavelength = "600 nm"', "plating.wavelength", "whole number"),
    ('wavelength = "500 nm"', "", "plating.wavelength", "beside amplitude"),
    ('amplitude = "10 nm"', 'amplitude = "60 nm"', "plating.amplitude", "0.1 of the wavelength"),
    ("lithium_poissons_ratio = 0.38", "lithium_poissons_ratio = 0.5",
     "backing.lithium_poissons_ratio", "0 to 0.49"),
    ("electrolyte_poissons_ratio = 0.37", "electrolyte_poissons_ratio = -0.1",
     "backing.electrolyte_poissons_ratio", "0 to 0.49"),
    ('lithium_modulus = "7.82 GPa"', 'lithium_modulus = "7.82 um"', "lithium_modulus",
     "dimension"),
    ('electrolyte_modulus = "22.1 GPa"', "", "electrolyte_modulus", "missing"),
    ('slip = "held"', 'slip = "hold"', "backing.slip", "held"),
    ('stack_stiffness = "0.2 MPa/um"', 'stack_stiffness = "0 MPa/um"', "stack_stiffness",
     "above zero"),
    ('capacity = "1 mAh/cm^2"', 'capacity = "0 mAh/cm^2"', "capacity", "above zero"),
]  # fmt: skip


def test_the_good_case_is_good(tmp_path, capsys):
    assert checked(GOOD, tmp_path, capsys) == (0, [])


@pytest.mark.parametrize(("old", "new", "key", "words"), WRONG)
def test_a_wrong_value_gets_one_message(old, new, key, words, tmp_path, capsys):
    assert old in GOOD
    one_finding(GOOD.replace(old, new, 1), tmp_path, capsys, key, words)


def test_salt_of_two_strengths_is_refused(tmp_path, capsys):
    wall = GOOD[GOOD.index("[regions.salt]") : GOOD.index("[regions.wall]")]
    second = wall.replace("regions.salt", "regions.wall").replace("1000 mol", "900 mol")
    solid = GOOD[GOOD.index("[regions.wall]") : GOOD.index("[boundaries.bottom]")]
    status, said = checked(GOOD.replace(solid, second), tmp_path, capsys)
    assert status == 2 and len(said) == 1
    assert "the same concentration" in said[0]


def test_nothing_grows_in_a_steady_state(tmp_path, capsys):
    steady = GOOD[: GOOD.index("[programme]")].replace("[boundaries.top.plating]", "[x]")
    steady = steady[: steady.index("[x]")].replace('"0 mA/cm^2"', '"1 mA/cm^2"')
    steady += "[boundaries.bottom.plating]\nporosity = 0.0\n"
    status, said = checked(steady, tmp_path, capsys)
    assert status == 2 and len(said) == 1
    assert "boundaries.bottom.plating" in said[0] and "without steps" in said[0]


def test_elastic_lithium_is_refused_twice_and_beside_an_opening(tmp_path, capsys):
    begin = GOOD.index("[boundaries.top.plating.backing]")
    table = GOOD[begin : GOOD.index("[boundaries.bottom.plating]")]
    second = GOOD.replace("[programme]", table.replace("top", "bottom") + "[programme]", 1)
    status, said = checked(second, tmp_path, capsys)
    assert status == 2 and len(said) == 1
    assert "boundaries.bottom.plating.backing" in said[0] or "no second one" in said[0]
    status, said = checked(GOOD.replace('"strip"', '"tube"', 1), tmp_path, capsys)
    assert status == 2 and len(said) == 2
    assert all("flat strip" in line for line in said)


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
    plating = case.boundaries["top"].plating
    assert (plating.porosity, plating.amplitude, plating.backing.slip) == (0.1, 0.01, "held")
    assert plating.backing.lithium_modulus == pytest.approx(7820.0)
    assert case.programme.checkpoint_interval == 300.0
    assert case.programme.checkpoint_times == (3600.0, 7200.0)
    assert case.regions["salt"].concentration == pytest.approx(1.0)  # fmol/um^3
    assert case.regions["salt"].diffusivity.values == pytest.approx((1.0, 2.0))  # um^2/s


def test_a_steady_state_is_not_kept(tmp_path, capsys):
    lone = GOOD[: GOOD.index("[[programme.steps]]")].replace("repeat = 2\n", "")
    lone = lone.replace('checkpoint_times = ["1 hour", "2 hour"]\n', "")
    lone = lone.replace('"0 mA/cm^2"', '"1 mA/cm^2"')
    status, said = checked(lone, tmp_path, capsys)
    assert status == 2
    (line,) = (line for line in said if "checkpoint_interval" in line)
    assert "without steps" in line
