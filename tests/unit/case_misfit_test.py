"""Wrong misfits with three values: one message each; right ones read back."""

import math

import pytest

from solver.__main__ import main
from solver.case import load_case
from solver.resolved import resolved_toml

GOOD = """title = "Grows through its plane"
[geometry]
shape = "block"
width = "10 um"
layers = [{ name = "film", thickness = "1 um" }]
[mechanics.solids.film]
law = "isotropic"
youngs_modulus = "77 GPa"
poissons_ratio = 0.25
misfit_strains = ["0 %", "70 %", "0.1 %"]
misfit_angle = "30 deg"
[mechanics.faces]
bottom = { law = "plate" }
"""
SOLID = "mechanics.solids.film"
CYLINDER = GOOD.replace('"block"', '"cylinder"')
SHELL = GOOD.replace('"block"\nwidth = "10 um"', '"ball"\ninner_radius = "10 um"')
WRONG = [
    (GOOD, '"70 %"', '"-100 %"', f"{SOLID}.misfit_strains[1]", "more than -1"),
    (GOOD, '"70 %"', '"70 um"', f"{SOLID}.misfit_strains[1]", "a plain number"),
    (GOOD, ', "0.1 %"]', "]", f"{SOLID}.misfit_strains", ""),
    (GOOD, 'misfit_angle', 'misfit_angel', f"{SOLID}.misfit_angel", "nearest: misfit_angle"),
    (GOOD, '"30 deg"', '"30 um"', f"{SOLID}.misfit_angle", "deg"),
    (GOOD, 'misfit_strains = ["0 %", "70 %", "0.1 %"]', "misfit_strain = 0.1",
     f"{SOLID}.misfit_strains", "beside misfit_angle"),
    (GOOD, "poissons_ratio = 0.25", "poissons_ratio = 0.25\nmisfit_strain = 0.1",
     f"{SOLID}.misfit_strains", "not both"),
    (CYLINDER, "[mechanics.faces]", "[mechanics.faces]", f"{SOLID}.misfit_strains", "alike"),
    (CYLINDER, '"0.1 %"]', '"0 %"]', f"{SOLID}.misfit_angle", "in a cylinder"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "old", "new", "key", "words"), WRONG)
def test_one_wrong_thing_is_named_at_its_key(text, old, new, key, words, tmp_path, capsys):
    assert text.count(old) == 1, old
    file = tmp_path / "case.toml"
    file.write_text(text.replace(old, new))
    status = main(["check", str(file)])
    output = capsys.readouterr()
    lines = [line.split(": ", 1)[-1] for line in (output.out + output.err).splitlines()]
    assert status == 2, lines
    named = [line for line in lines if line.startswith((f"{key} = ", f"{key}: "))]
    assert len(named) == 1 and words in named[0], lines


def test_a_shell_has_no_directions_along_its_layers(tmp_path, capsys):
    file = tmp_path / "case.toml"
    faces = SHELL[SHELL.index("[mechanics.faces]") :]
    file.write_text(SHELL.replace(faces, ""))
    assert main(["check", str(file)]) == 2
    output = capsys.readouterr()
    assert "misfit_strain in a shell" in output.out + output.err


def test_a_right_case_is_read_and_reads_back_equal(tmp_path):
    file = tmp_path / "case.toml"
    file.write_text(GOOD)
    case = load_case(file)
    film = case.mechanics.solids["film"]
    assert film.misfit_strains == pytest.approx((0.0, 0.7, 0.001))
    assert film.misfit_angle == pytest.approx(math.pi / 6.0)
    file.write_text(resolved_toml(case))
    again = load_case(file)
    assert again.mechanics == case.mechanics
    assert resolved_toml(again) == resolved_toml(case)
