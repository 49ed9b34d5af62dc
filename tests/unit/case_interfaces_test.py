"""Wrong tables of [mechanics.interfaces]: one message each, at its key; right ones read back."""

import pytest

from solver.case import load_case
from solver.cohesive import make_law
from solver.resolved import resolved_toml
from tests.unit.case_checking import checked

GOOD = """title = "Film that may come off"
[geometry]
shape = "block"
width = "100 um"
layers = [{ name = "substrate", thickness = "30 um" }, { name = "film", thickness = "1 um" }]
[mechanics.solids.substrate]
law = "isotropic"
youngs_modulus = "40 GPa"
poissons_ratio = 0.3
[mechanics.solids.film]
law = "isotropic"
youngs_modulus = "70 GPa"
poissons_ratio = 0.2
residual_stress = "100 MPa"
[mechanics.interfaces."substrate|film"]
law = "cohesive"
start = "0 um"
end = "20 um"
strength = "50 MPa"
fracture_energy = "1 J/m^2"
shear_strength = "80 MPa"
shear_fracture_energy = "3 J/m^2"
exponent = 1.5
softening = "exponential"
rigidity = 30
steps = 25
[mechanics.faces."left.substrate"]
law = "symmetry"
[mechanics.faces.bottom]
law = "clamped"
"""
CONTACT = GOOD[: GOOD.index('law = "cohesive"')] + (
    'law = "contact"\nfriction = "sticking"\nstart = "5 um"\nend = "20 um"\n'
    'fracture_energy = "1 J/m^2"\n'
) + GOOD[GOOD.index("[mechanics.faces") :]  # fmt: skip
WRONG = [
    ('"substrate|film"', '"film|substrate"', "film|substrate", "nearest: substrate|film"),
    ('"substrate|film"', '"substrate|flim"', "substrate|flim", "nearest: substrate|film"),
    ('law = "cohesive"', 'law = "cohesiv"', "law", "nearest: cohesive"),
    ('end = "20 um"', "", "", "start and end together"),
    ('end = "20 um"', 'end = "120 um"', "end", "at most the width"),
    ('start = "0 um"', 'start = "30 um"', "start", "less than end"),
    ('start = "0 um"', 'start = "19.99999 um"', "end", "to be resolved by a mesh"),
    ('strength = "50 MPa"', 'strength = "0 MPa"', "strength", "above zero"),
    ('strength = "50 MPa"', 'strength = "50 J"', "strength", "dimension"),
    ('shear_fracture_energy = "3 J/m^2"', 'shear_fracture_energy = "-3 J/m^2"',
     "shear_fracture_energy", "above zero"),
    ("exponent = 1.5", "exponent = 0.5", "exponent", "from 1 to 10"),
    ("rigidity = 30", "rigidity = 1", "rigidity", "more than 1"),
    ("steps = 25", "steps = 0", "steps", "1"),
    ('"exponential"', '"exponental"', "softening", "nearest: exponential"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "key", "words"), WRONG)
def test_wrong_interfaces_are_named(old, new, key, words, tmp_path, capsys):
    assert old in GOOD
    status, lines = checked(GOOD.replace(old, new, 1), tmp_path, capsys)
    assert status == 2
    assert any(key in line and words in line for line in lines), lines


def test_layers_with_a_crack_hold_together(tmp_path, capsys):
    crack = 'crack = { face = "left", start = "30 um", end = "31 um" }\n'
    text = GOOD.replace("[mechanics.solids.substrate]", crack + "[mechanics.solids.substrate]", 1)
    status, lines = checked(text.replace("left.substrate", "right.substrate"), tmp_path, capsys)
    assert status == 2
    assert any("in a block with a crack" in line for line in lines), lines


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("faces.bottom]", "faces.left]", "no law beside left"),
        ('law = "symmetry"', 'law = "plate"', "on a part of a face"),
        ("left.substrate", "left.substrat", "nearest: left.substrate"),
        ("faces.bottom]", 'faces."right.film"]', "which moves it"),
    ],
)
def test_wrong_parts_of_faces_are_named(old, new, words, tmp_path, capsys):
    stretched = GOOD + '[load]\nstretch = "0.1 %"\n' if "right" in new else GOOD
    status, lines = checked(stretched.replace(old, new, 1), tmp_path, capsys)
    assert status == 2
    assert any(words in line for line in lines), lines


def test_a_fracture_energy_needs_an_end(tmp_path, capsys):
    text = CONTACT.replace('start = "5 um"\nend = "20 um"\n', "")
    status, lines = checked(text, tmp_path, capsys)
    assert status == 2
    assert any("start and end beside it" in line for line in lines), lines


@pytest.mark.parametrize("text", [GOOD, CONTACT], ids=["cohesive", "contact"])
def test_a_right_case_reads_back_equal(text, tmp_path, capsys):
    assert checked(text, tmp_path, capsys) == (0, [])
    case = load_case(tmp_path / "case.toml")
    again = tmp_path / "again.toml"
    again.write_text(resolved_toml(case), "utf-8")
    assert load_case(again).mechanics == case.mechanics


def test_what_is_not_given_of_a_cohesive_interface_is_stated(tmp_path):
    path = tmp_path / "case.toml"
    begin, end = GOOD.index("shear_strength"), GOOD.index('[mechanics.faces."left')
    path.write_text(GOOD[:begin] + GOOD[end:], "utf-8")
    joint = load_case(path).mechanics.interfaces["substrate|film"]
    law = make_law(joint)
    assert (law.energies, law.shear, joint.steps) == ((1.0, 1.0), 1.0, 40)
    assert (law.exponent, law.rigidity) == (2.0, 50.0)
