"""Wrong tables of graded solids and body forces: one message each; right ones read back."""

import pytest

from solver.__main__ import main
from solver.case import load_case
from solver.mechanics_schema import Graded
from solver.resolved import resolved_toml

GOOD = """title = "Graded and heavy"
[geometry]
shape = "block"
width = "10 um"
layers = [{ name = "base", thickness = "30 um" }, { name = "film", thickness = "1 um" }]
[mechanics.solids.base]
law = "isotropic"
youngs_modulus = "10 GPa"
poissons_ratio = 0.2
[mechanics.solids.film]
law = "isotropic"
youngs_modulus = "77 GPa"
poissons_ratio = 0.25
[mechanics.solids.film.graded]
along = "y"
at = ["30 um", "31 um"]
factors = [1, 0.5]
between = "exponential"
[mechanics.faces]
bottom = { law = "symmetry" }
[load]
body_force = ["0 N/m^3", "-26 kN/m^3"]
"""
GRADED = "mechanics.solids.film.graded"
WRONG = [
    ('along = "y"', 'along = "z"', f"{GRADED}.along", "one of x, y"),
    ('"31 um"]', '"30 um"]', f"{GRADED}.at", "places that rise"),
    ("[1, 0.5]", "[1, 0.5, 2]", f"{GRADED}.factors", "as many factors"),
    ("[1, 0.5]", "[1, 0]", f"{GRADED}.factors[1]", "above zero"),
    ('"exponential"', '"exponent"', f"{GRADED}.between", "nearest: exponential"),
    ('"-26 kN/m^3"', '"-26 kN/m^2"', "load.body_force[1]", "kN/m^3"),
    ("body_force", "bodyforce", "load.bodyforce", "nearest: body_force"),
    ('shape = "block"', 'shape = "cylinder"', "", ""),
    (
        'poissons_ratio = 0.2\n', 'poissons_ratio = 0.2\nformulation = "mixed"\n', GRADED,
        "beside solids that flow or are mixed",
    ),
    (
        "[load]", '[mechanics.interfaces."base|film"]\nlaw = "contact"\nfriction = "none"\n[load]',
        "load.body_force", "beside interfaces",
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
    assert status == (2 if key else 0), lines
    named = [line for line in lines if line.startswith((f"{key} = ", f"{key}: "))]
    assert not key or (len(named) == 1 and words in named[0]), lines


def test_a_cylinder_is_pulled_along_its_axis_alone(tmp_path, capsys):
    file = tmp_path / "case.toml"
    file.write_text(GOOD.replace('"block"', '"cylinder"').replace('"0 N/m^3"', '"1 N/m^3"'))
    assert main(["check", str(file)]) == 2
    output = capsys.readouterr()
    assert "load.body_force[0]" in output.out + output.err
    assert "along the axis" in output.out + output.err


def test_a_right_case_is_read_and_reads_back_equal(tmp_path):
    file = tmp_path / "case.toml"
    file.write_text(GOOD)
    case = load_case(file)
    graded = Graded("y", (30.0, 31.0), (1.0, 0.5), "exponential")
    assert case.mechanics.solids["film"].graded == graded
    assert case.mechanics.body_force == pytest.approx((0.0, -2.6e-8))  # MPa/um
    file.write_text(resolved_toml(case))
    again = load_case(file)
    assert again.mechanics == case.mechanics
    assert resolved_toml(again) == resolved_toml(case)
