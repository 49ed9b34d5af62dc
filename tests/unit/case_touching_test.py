"""Interfaces that conduct where they touch: what a case may say of them, and how it is written."""

import pytest

from solver.case import load_case
from solver.resolved import resolved_toml
from tests.unit.case_checking import checked

GOOD = """title = "Layers that touch"
[geometry]
shape = "block"
width = "4 um"
layers = [{ name = "lower", thickness = "2 um" }, { name = "upper", thickness = "1 um" }]
[regions.lower]
law = "ionic_conductor"
conductivity = "1 mS/cm"
[regions.upper]
law = "ionic_conductor"
conductivity = "1 mS/cm"
[boundaries.bottom]
law = "electrode"
potential = "0 V"
[boundaries.top]
law = "electrode"
current_density = "1 mA/cm^2"
[interfaces."lower|upper"]
law = "touching"
area_specific_resistance = "2 ohm cm^2"
gap_conductivity = "0.1 mS/cm"
tolerance = "2 nm"
[mechanics.solids.lower]
law = "isotropic"
youngs_modulus = "10 GPa"
poissons_ratio = 0.3
[mechanics.solids.upper]
law = "isotropic"
youngs_modulus = "10 GPa"
poissons_ratio = 0.3
[mechanics.interfaces."lower|upper"]
law = "contact"
[mechanics.faces.bottom]
law = "clamped"
[mechanics.faces.top]
law = "traction"
pressure = "1 MPa"
"""
JOINT = '[mechanics.interfaces."lower|upper"]\nlaw = "contact"\n'
WRONG = [
    (JOINT, "", "law", "touching needs a block"),
    (JOINT, JOINT.replace("contact", "bonded"), "law", "free, contact or cohesive"),
    ('law = "touching"', 'law = "touchin"', "law", "nearest: touching"),
    ('gap_conductivity = "0.1 mS/cm"', 'gap_conductivity = "0 mS/cm"', "gap_conductivity",
     "above zero"),
    ('tolerance = "2 nm"', 'tolerance = "-2 nm"', "tolerance", "not negative"),
    ('tolerance = "2 nm"', 'tolerence = "2 nm"', "tolerence", "nearest: tolerance"),
    ("2 ohm cm^2", "2 ohm", "area_specific_resistance", "dimension"),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "key", "said"), WRONG)
def test_a_wrong_value_is_told_at_its_key(right, wrong, key, said, tmp_path, capsys):
    assert right in GOOD
    status, lines = checked(GOOD.replace(right, wrong), tmp_path, capsys)
    assert status == 2
    assert any(key in line and said in line for line in lines), lines


def test_a_resistance_cannot_be_fitted_beside_it(tmp_path, capsys):
    fitted = """[calibrate]
parameter = "interfaces.lower|upper.area_specific_resistance"
quantity = "area_specific_resistance"
target = "5 ohm cm^2"
bracket = ["1 ohm cm^2", "9 ohm cm^2"]
source = "chosen"
"""
    _, lines = checked(GOOD + fitted, tmp_path, capsys)
    assert any("no such table beside interfaces that touch" in line for line in lines), lines


@pytest.mark.parametrize("kept", [True, False])
def test_a_right_case_reads_back_equal(kept, tmp_path, capsys):
    begin, end = GOOD.index("area_specific"), GOOD.index("[mechanics.solids.lower")
    text = GOOD if kept else GOOD[:begin] + GOOD[end:]
    assert checked(text, tmp_path, capsys) == (0, [])
    case = load_case(tmp_path / "case.toml")
    again = tmp_path / "again.toml"
    again.write_text(resolved_toml(case), "utf-8")
    assert load_case(again).interfaces == case.interfaces
