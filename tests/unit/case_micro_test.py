"""Microstructures in case files."""

import pytest

from solver.case import load_case
from solver.resolved import resolved_toml
from tests.unit.case_checking import checked

PARTICLES = """
title = "Particles"
[geometry]
shape = "particles"
width = "2 um"
depth = "2 um"
layers = [{ name = "PEO", thickness = "0.9 um" }]
inside = "PEO"
name = "Li3N"
diameter = "250 nm"
deviation = "50 nm"
volume_fraction = "15 %"
shell = { name = "coat", thickness = "60 nm" }
gap = "10 nm"
seed = 7
resolution = "50 nm"
[regions.PEO]
law = "ionic_conductor"
conductivity = "0.1 mS/cm"
[regions.Li3N]
law = "ionic_conductor"
conductivity = "1 mS/cm"
[regions.coat]
law = "insulator"
[boundaries.bottom]
law = "electrode"
potential = "0 V"
[boundaries.top]
law = "electrode"
potential = "1 V"
[interfaces."Li3N|PEO"]
law = "resistive"
area_specific_resistance = "1 ohm cm^2"
[numerics]
refinement = "none"
"""
CUBIC = """
title = "One ball in a cube"
[geometry]
shape = "particles"
width = "1 um"
depth = "1 um"
layers = [{ name = "matrix", thickness = "1 um" }]
inside = "matrix"
name = "ball"
arrangement = "cubic"
volume_fraction = 0.3
resolution = "50 nm"
periodic = "all"
[regions.matrix]
law = "ionic_conductor"
conductivity = "1 mS/cm"
[regions.ball]
law = "ionic_conductor"
conductivity = "10 mS/cm"
[boundaries.bottom]
law = "electrode"
potential = "0 V"
[boundaries.top]
law = "electrode"
potential = "1 V"
"""
CASES = {"particles": PARTICLES, "cubic": CUBIC}


@pytest.mark.parametrize("text", CASES.values(), ids=CASES.keys())
def test_a_right_case_is_read_and_reads_back_equal(text, tmp_path, capsys):
    assert checked(text, tmp_path, capsys) == (0, [])
    case = load_case(tmp_path / "case.toml")
    again = tmp_path / "again.toml"
    again.write_text(resolved_toml(case), "utf-8")
    assert load_case(again).geometry == case.geometry


@pytest.mark.parametrize(
    ("case", "old", "new", "said"),
    [
        ("particles", '"15 %"', '"60 %"', 'geometry.volume_fraction = "60 %": expected'),
        ("particles", '"250 nm"', '"-250 nm"', "geometry.diameter"),
        ("particles", '"60 nm"', '"20 nm"', "geometry.shell.thickness"),
        ("particles", 'inside = "PEO"', 'inside = "PEE"', "geometry.inside"),
        ("particles", "seed = 7", "seed = -7", "geometry.seed"),
        ("particles", '"50 nm"\n[regions.PEO]', '"5 um"\n[regions.PEO]', "geometry.resolution"),
        ("particles", '"particles"', '"partikles"', "geometry.shape"),
        ("particles", "diameter =", "diametr =", "geometry.diametr"),
        ("particles", '"Li3N|PEO"', '"PEO|Li3N"', 'interfaces."PEO|Li3N"'),
    ],
)
def test_a_wrong_value_is_named(case, old, new, said, tmp_path, capsys):
    text = CASES[case]
    assert old in text
    status, lines = checked(text.replace(old, new), tmp_path, capsys)
    assert status == 2
    assert any(said in line for line in lines), lines
