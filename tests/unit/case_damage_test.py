"""Wrong tables of [mechanics.damage]: one message each, at its key; right ones read back."""

from pathlib import Path

import pytest

from solver.__main__ import main
from solver.case import load_case
from solver.faults import CaseError
from solver.resolved import resolved_toml
from tests.unit.case_checking import checked, one_finding, reads_back_equal

GOOD = """title = "Film that breaks"
[geometry]
shape = "block"
width = "10 um"
layers = [{ name = "substrate", thickness = "30 um" }, { name = "film", thickness = "1 um" }]
[mechanics.solids.substrate]
law = "cubic"
c11 = "113.9 GPa"
c12 = "47.7 GPa"
c44 = "63.6 GPa"
fracture_energy = "9 J/m^2"
[mechanics.solids.film]
law = "isotropic"
youngs_modulus = "77 GPa"
poissons_ratio = 0.25
residual_stress = "100 MPa"
fracture_energy = "4 J/m^2"
[mechanics.faces]
left = { law = "symmetry" }
bottom = { law = "symmetry" }
[mechanics.damage]
law = "at1"
length = "100 nm"
split = "volumetric_deviatoric"
sound = ["right", "bottom"]
first_step = 0.1
smallest_step = 0.01
largest_step = 0.5
cells_per_length = 4.0
control = "load"
then = "energy_release_rate"
[load]
stretch = "0.5 %"
"""
DAMAGE = "mechanics.damage"
# text of the good case, text instead, key that is named, words of the message
WRONG = [
    ('"at1"', '"at2"', f"{DAMAGE}.law", "at1"),
    (
        'left = { law = "symmetry" }',
        'top = { law = "plate", stiffness = "1 MPa/um" }',
        "mechanics.faces.top.stiffness",
        "no spring beside damage",
    ),
    ('"100 nm"', '"300 nm"', f"{DAMAGE}.length", "a fifth of the layer film"),
    ('width = "10 um"', 'width = "0.4 um"', f"{DAMAGE}.length", "a fifth of the width"),
    ('"100 nm"', '"-1 nm"', f"{DAMAGE}.length", "above zero"),
    ('"volumetric_deviatoric"', '"volumetric"', f"{DAMAGE}.split", "nearest: volumetric_dev"),
    ('"volumetric_deviatoric"', '"spectral"', f"{DAMAGE}.split", "substrate is not isotropic"),
    ('"bottom"]', '"botom"]', f"{DAMAGE}.sound[1]", "nearest: bottom"),
    ("first_step = 0.1", "first_step = 0.6", f"{DAMAGE}.first_step", "smallest_step <= first_step"),
    ("smallest_step = 0.01", "smallest_step = 0.0", f"{DAMAGE}.smallest_step", "from 1e-06"),
    ("largest_step = 0.5", "largest_step = 1.5", f"{DAMAGE}.largest_step", "up to 1.0"),
    ("cells_per_length = 4.0", "cells_per_length = 1.0", f"{DAMAGE}.cells_per_length", "from 3.0"),
    ('split = "volumetric_deviatoric"\n', "", f"{DAMAGE}.split", "missing"),
    ('control = "load"', 'control = "crack"', f"{DAMAGE}.control", "nearest: cracks"),
    ('control = "load"', 'control = "cracks"', f"{DAMAGE}.control", "beside another load"),
    ('then = "energy_release_rate"', 'then = "G"', f"{DAMAGE}.then", "energy_release_rate"),
    ("sound =", "sond =", f"{DAMAGE}.sond", "nearest: sound"),
    (
        'fracture_energy = "4 J/m^2"\n', "", "mechanics.solids.film.fracture_energy",
        "the fracture energy, beside damage",
    ),
    (
        'fracture_energy = "4 J/m^2"', 'fracture_energy = "4 J/m^2"\ndeflections = "large"',
        "mechanics.solids.film.deflections", "small",
    ),
    (
        "[mechanics.damage]",
        'top = { law = "indenter", radius = "1 um", depth = "1 nm" }\n[mechanics.damage]',
        "mechanics.faces.top.law", "no contact",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "key", "words"), WRONG)
def test_one_wrong_thing_is_named_at_its_key(old, new, key, words, tmp_path, capsys):
    assert GOOD.count(old) == 1, old
    file = tmp_path / "case.toml"
    file.write_text(GOOD.replace(old, new))
    status = main(["check", str(file)])
    output = capsys.readouterr()
    lines = [line.split(": ", 1)[-1] for line in (output.out + output.err).splitlines()]
    assert status == 2
    named = [line for line in lines if line.startswith((f"{key} = ", f"{key}: "))]
    assert len(named) == 1, lines
    assert words in named[0]


def test_an_orthotropic_solid_is_not_split(tmp_path, capsys):
    file = tmp_path / "case.toml"
    keys = [f'e{i} = "10 GPa"' for i in (1, 2, 3)] + [f"nu{i} = 0.2" for i in (12, 13, 23)]
    keys += [f'g{i} = "4 GPa"' for i in (12, 13, 23)]
    law = 'law = "cubic"\nc11 = "113.9 GPa"\nc12 = "47.7 GPa"\nc44 = "63.6 GPa"'
    assert law in GOOD
    text = GOOD.replace(law, "\n".join(['law = "orthotropic"', *keys]))
    file.write_text(text)
    assert main(["check", str(file)]) == 2
    output = capsys.readouterr()
    assert 'expected "none": substrate is orthotropic' in output.out + output.err
    file.write_text(text.replace('"volumetric_deviatoric"', '"none"'))
    assert main(["check", str(file)]) == 0


def test_a_right_case_is_read_and_reads_back_equal(tmp_path):
    file = tmp_path / "case.toml"
    file.write_text(GOOD)
    case = load_case(file)
    damage = case.mechanics.damage
    assert (damage.length, damage.split, damage.sound) == (
        0.1, "volumetric_deviatoric", ("right", "bottom"),
    )  # fmt: skip
    assert (damage.first_step, damage.smallest_step, damage.largest_step) == (0.1, 0.01, 0.5)
    file.write_text(resolved_toml(case))
    again = load_case(file)
    assert again.mechanics == case.mechanics
    assert resolved_toml(again) == resolved_toml(case)


def test_around_an_axis_only_a_crack_in_the_bottom_is_handed_over(tmp_path, capsys):
    file = tmp_path / "case.toml"
    faces = 'left = { law = "symmetry" }\nbottom = { law = "symmetry" }'
    loose, block = 'bottom = { law = "clamped" }', 'shape = "block"'
    cylinder = GOOD.replace(block, 'shape = "cylinder"').replace(faces, loose)
    file.write_text(GOOD.replace(faces, loose))  # a block: any straight crack is
    assert main(["check", str(file)]) == 0
    file.write_text(cylinder)
    assert main(["check", str(file)]) == 2
    output = capsys.readouterr()
    assert f"{DAMAGE}.then" in output.out + output.err
    assert "only a crack along bottom of a cylinder" in output.out + output.err
    file.write_text(cylinder.replace(loose, 'bottom = { law = "symmetry" }'))
    assert main(["check", str(file)]) == 0


def test_a_crack_under_pressure_is_not_handed_over(tmp_path, capsys):
    # the sharp crack would be pressed all along, that of damage is so where it was open before
    crack = (
        'crack = { face = "bottom", start = "0 um", end = "1 um" }\n[mechanics.solids.substrate]'
    )
    text = GOOD.replace("[mechanics.solids.substrate]", crack, 1)
    file = tmp_path / "case.toml"
    file.write_text(text)
    assert main(["check", str(file)]) == 0
    for law in ('"traction", pressure = "1 MPa"', '"lithium", overpotential = "1 mV"'):
        pressed = f"crack = {{ law = {law} }}\n[mechanics.damage]"
        file.write_text(text.replace("[mechanics.damage]", pressed))
        capsys.readouterr()
        assert main(["check", str(file)]) == 2
        output = capsys.readouterr()
        assert f"{DAMAGE}.then" in output.out + output.err
        assert "beside a load on the faces of the crack" in output.out + output.err


def test_damage_is_two_dimensional(tmp_path, capsys):
    folder = Path(__file__).parents[2] / "cases" / "verification" / "fracture"
    boxes = [path for path in folder.glob("*.toml") if 'shape = "box"' in path.read_text()]
    table = {"law": "at1", "length": "10 nm", "split": "none"}
    with pytest.raises(CaseError) as caught:
        load_case(boxes[0], change={"mechanics": {"damage": table}})
    assert "mechanics.damage" in str(caught.value) and "a block or a cylinder" in str(caught.value)


def test_damage_may_grow_from_a_flaw_and_from_one_it_is_handed_over(tmp_path, capsys):
    flaw = '{ name = "NAME", x = "5 um", y = "AT um", length = "1 um", angle = "45 degree" }'
    one, other = flaw.replace("NAME", "a").replace("AT", "9"), flaw.replace("NAME", "b")
    where = "[mechanics.solids.substrate]"
    text = GOOD.replace(where, f"flaws = [{one}]\n{where}", 1)
    assert checked(text, tmp_path, capsys) == (0, [])
    reads_back_equal(text, tmp_path, capsys)
    pressed = text + '[mechanics.faces.a]\nlaw = "traction"\npressure = "1 MPa"\n'
    one_finding(pressed, tmp_path, capsys, f"{DAMAGE}.then", "beside a load on the faces")
    several = text.replace(f"[{one}]", f"[{one}, {other.replace('AT', '20')}]")
    one_finding(several, tmp_path, capsys, f"{DAMAGE}.then", "several flaws")
    touching = text + '[mechanics.faces.a]\nlaw = "contact"\n'
    one_finding(touching, tmp_path, capsys, "mechanics.faces.a.law", "beside damage")
