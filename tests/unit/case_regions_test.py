"""Wrong tables of alloys and mixed conductors: one message each; right ones read back."""

import pytest

from solver.case import load_case
from solver.resolved import resolved_toml
from tests.unit.case_checking import checked, one_finding

GOOD = """title = "An alloy against a mixed conductor"
[geometry]
shape = "strip"
width = "1 um"
above = [{ name = "slab", thickness = "10 um" }, { name = "wall", thickness = "1 um" }, { name = "foil", thickness = "5 um" }]
[regions.slab]
law = "mixed_conductor"
ionic_conductivity = "0.1 mS/cm"
electronic_conductivity = "10 S/cm"
area_per_volume = "5 um^-1"
[regions.slab.kinetics]
law = "butler_volmer"
exchange_current_density = "1 mA/cm^2"
transfer_coefficient = 0.4
capacitance = "10 uF/cm^2"
[regions.wall]
law = "ionic_conductor"
conductivity = "0.01 S/m"
[regions.foil]
law = "alloy"
fraction = 0.7
site_concentration = "77 kmol/m^3"
diffusivity = { fractions = [0, 0.5, 1], values = ["1e-10 cm^2/s", "2e-10 cm^2/s", "3e-10 cm^2/s"], source = "a table", role = "assumed" }
equilibrium_potential = { fractions = [0.1, 0.9], values = ["0.3 V", "0.1 V"], source = "another", role = "assumed" }
partial_molar_volume = "13 cm^3/mol"
stress_gradient = "-2 MPa/um"
[regions.foil.held]
youngs_modulus = "8 GPa"
poissons_ratio = 0.38
[boundaries.bottom]
law = "electrode"
potential = "0 V"
[boundaries.top]
law = "electrode"
current_density = "0 mA/cm^2"
[boundaries.top.kinetics]
law = "linear"
exchange_current_density = "1 mA/cm^2"
[interfaces."slab|wall"]
law = "resistive"
area_specific_resistance = "1 ohm cm^2"
[[programme.steps]]
kind = "rest"
duration = "10 min"
"""  # noqa: E501
WRONG = [
    ('"mixed_conductor"', '"mixed_conducter"', "regions.slab.law", "nearest"),
    ('ionic_conductivity = "0.1 mS/cm"', 'ionic_conductivity = "0 S/m"', "ionic_conductivity",
     "above zero"),
    ('electronic_conductivity = "10 S/cm"', "", "electronic_conductivity", "missing"),
    ('electronic_conductivity = "10 S/cm"', 'electronic_conductivity = "1e9 S/cm"',
     "electronic_conductivity", "times the ionic one"),
    ('"5 um^-1"', '"5 um"', "area_per_volume", "dimension"),
    ('"5 um^-1"', '"-5 um^-1"', "area_per_volume", "above zero"),
    ("transfer_coefficient = 0.4", "transfer_coefficient = 1.4",
     "regions.slab.kinetics.transfer_coefficient", "below 1"),
    ('exchange_current_density = "1 mA/cm^2"', 'exchange_current_density = "0 mA/cm^2"',
     "regions.slab.kinetics.exchange_current_density", "above zero"),
    ('law = "butler_volmer"', 'law = "tafel"', "regions.slab.kinetics.capacitance", "tafel"),
    ('law = "alloy"', 'law = "aloy"', "regions.foil.law", "alloy"),
    ("fraction = 0.7", "fraction = 1.7", "regions.foil.fraction", "at most 1"),
    ("fraction = 0.7", "fraction = 0", "regions.foil.fraction", "above zero"),
    ('stress_gradient = "-2', 'stres_gradient = "-2', "regions.foil.stres_gradient", "nearest"),
    ("fraction = 0.7\n", "", "regions.foil.fraction", "missing"),
    ('"77 kmol/m^3"', '"77 g/m^3"', "site_concentration", "dimension"),
    ("[0, 0.5, 1]", "[0, 0.5, 1.2]", "diffusivity.fractions", "from 0 to 1"),
    ("[0, 0.5, 1]", "[0.6, 0.5, 1]", "diffusivity.fractions", "grow"),
    ("[0, 0.5, 1]", "[0, 1]", "diffusivity.values", "as many values"),
    ('"3e-10 cm^2/s"', '"0 cm^2/s"', "foil", "above zero"),
    ('["0.3 V", "0.1 V"]', '["0.1 V", "0.3 V"]', "equilibrium_potential", "do not rise"),
    ('["0.3 V", "0.1 V"]', '["0.3 V", "0.1 m"]', "foil", "dimension"),
    ('partial_molar_volume = "13 cm^3/mol"', "", "partial_molar_volume", "beside held"),
    ('"-2 MPa/um"', '"-2 MPa"', "stress_gradient", "dimension"),
    ('youngs_modulus = "8 GPa"', 'youngs_modulus = "-8 GPa"', "held.youngs_modulus", "above zero"),
    ("poissons_ratio = 0.38", "poissons_ratio = 0.5", "held.poissons_ratio", "0 to 0.49"),
    ('"slab|wall"', '"wall|foil"', "interfaces", "no condition at an alloy"),
]  # fmt: skip


def test_the_good_case_is_good(tmp_path, capsys):
    assert checked(GOOD, tmp_path, capsys) == (0, [])


@pytest.mark.parametrize(("old", "new", "key", "words"), WRONG)
def test_a_wrong_value_gets_one_message(old, new, key, words, tmp_path, capsys):
    assert old in GOOD
    one_finding(GOOD.replace(old, new, 1), tmp_path, capsys, key, words)


def test_two_mixed_conductors_have_no_condition_between_them(tmp_path, capsys):
    begin, end = GOOD.index("[regions.slab]"), GOOD.index("[regions.wall]")
    second = GOOD[begin:end].replace("regions.slab", "regions.wall")
    solid = GOOD[end : GOOD.index("[regions.foil]")]
    one_finding(GOOD.replace(solid, second), tmp_path, capsys, "interfaces", "between mixed")


def test_nothing_moves_beside_an_alloy(tmp_path, capsys):
    moving = GOOD.replace('[interfaces."slab|wall"]', "[x]")
    moving = moving[: moving.index("[x]")] + moving[moving.index("[[programme") :]
    moving += "[boundaries.bottom.plating]\nmoves = true\n"
    one_finding(moving, tmp_path, capsys, "bottom.plating.moves", "keep their shape")


def test_such_regions_read_back(tmp_path):
    path = tmp_path / "case.toml"
    path.write_text(GOOD)
    case = load_case(path)
    (tmp_path / "again.toml").write_text(resolved_toml(case))
    again = load_case(tmp_path / "again.toml")
    assert again.regions == case.regions
    foil, slab = case.regions["foil"], case.regions["slab"]
    assert foil.site_concentration == pytest.approx(77.0)  # fmol/um^3
    assert foil.diffusivity.values == pytest.approx((0.01, 0.02, 0.03))  # um^2/s
    assert foil.equilibrium_potential.concentrations == (0.1, 0.9)
    assert foil.partial_molar_volume == pytest.approx(0.013)  # um^3/fmol
    assert (foil.stress_gradient, foil.held.youngs_modulus) == pytest.approx((-2.0, 8000.0))
    assert slab.area_per_volume == pytest.approx(5.0)
    assert slab.electronic_conductivity == pytest.approx(1e9)  # pA/(V um)
    assert slab.kinetics.capacitance == pytest.approx(0.1)
