"""Flaws whose faces touch: what a case may say of them, and how it is written."""

import pytest

from solver.case import load_case
from solver.mechanics_schema import Contact
from solver.resolved import resolved_toml
from tests.unit.case_checking import checked

GOOD = """title = "Flaws pressed shut"
[geometry]
shape = "block"
width = "50 um"
layers = [{ name = "solid", thickness = "50 um" }]
flaws = [
    { name = "edge", x = "0 um", y = "20 um", length = "1 um", angle = "30 degree" },
    { name = "inner", x = "20 um", y = "20 um", length = "2 um", angle = "100 degree" },
]
[mechanics.solids.solid]
law = "isotropic"
youngs_modulus = "20 GPa"
poissons_ratio = 0.3
[mechanics.faces.edge]
law = "contact"
[mechanics.faces.inner]
law = "contact"
friction = "sticking"
[mechanics.faces.bottom]
law = "symmetry"
[mechanics.faces.top]
law = "traction"
pressure = "10 MPa"
"""
CURRENT = """[regions.solid]
law = "ionic_conductor"
conductivity = "1 mS/cm"
[boundaries.bottom]
law = "electrode"
potential = "0 V"
[boundaries.top]
law = "electrode"
current_density = "1 mA/cm^2"
[boundaries.edge]
law = "electrode"
current = "0 A/m"
[mechanics.solids.solid]
"""
CRACK = 'crack = { face = "left", start = "0 um", end = "1 um" }\n'
FLAWS = GOOD[GOOD.index("flaws = [") : GOOD.index("[mechanics.solids")]
WRONG = [
    ('friction = "sticking"', 'friction = "stiking"', "friction", "nearest: sticking"),
    ('friction = "sticking"', "friction = 0.3", "friction", "expected"),
    ('friction = "sticking"', 'frictoin = "none"', "inner", "nearest: friction"),
    ("poissons_ratio = 0.3", 'poissons_ratio = 0.3\ndeflections = "large"',
     "mechanics.solids.solid.deflections", "small beside a flaw"),
    ("[mechanics.faces.bottom]",
     '[mechanics.faces.left]\nlaw = "symmetry"\n[mechanics.faces.bottom]',
     "mechanics.faces.left.law", "free or traction"),
    ("[mechanics.faces.bottom]",
     '[mechanics.faces."left.solid"]\nlaw = "clamped"\n[mechanics.faces.bottom]',
     "left.solid", "free or traction"),
    ("[mechanics.faces.inner]", "[mechanics.faces.top]", "", "top"),
    ("[mechanics.solids.solid]\n", CURRENT, "mechanics.faces.edge.law", "does not close"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "key", "words"), WRONG)
def test_wrong_contact_of_flaws_is_named(old, new, key, words, tmp_path, capsys):
    assert GOOD.count(old) == 1
    status, lines = checked(GOOD.replace(old, new), tmp_path, capsys)
    assert status == 2
    assert any(key in line and words in line for line in lines), lines


def test_in_a_plane_of_symmetry_nothing_slides(tmp_path, capsys):
    text = GOOD.replace(FLAWS, CRACK).replace("[mechanics.faces.inner]", "[mechanics.faces.crack]")
    text = text.replace('[mechanics.faces.edge]\nlaw = "contact"\n', "")
    status, lines = checked(text, tmp_path, capsys)
    assert status == 2
    assert lines[0].startswith('mechanics.faces.crack.friction = "sticking"')
    assert "nothing slides" in lines[0]
    assert checked(text.replace('friction = "sticking"\n', ""), tmp_path, capsys)[0] == 0


def test_contact_of_flaws_reads_back(tmp_path):
    path = tmp_path / "case.toml"
    path.write_text(GOOD, "utf-8")
    case = load_case(path)
    assert case.mechanics.faces["edge"] == Contact("")
    assert case.mechanics.faces["inner"] == Contact("sticking")
    again = tmp_path / "again.toml"
    again.write_text(resolved_toml(case), "utf-8")
    assert load_case(again).mechanics == case.mechanics
    assert load_case(again).geometry == case.geometry
