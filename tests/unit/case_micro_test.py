"""Microstructures in case files."""

import numpy as np
import pytest

from solver.case import load_case
from solver.resolved import resolved_toml
from tests.unit.case_checking import checked

PIXELS = np.array([[0, 255, 0], [0, 0, 255], [0, 0, 0]])
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
LAWS = PARTICLES[PARTICLES.index("[regions.PEO]") : PARTICLES.index("[interfaces")]
FIBRES = (
    """
title = "Fibres"
[geometry]
shape = "fibres"
width = "10 um"
depth = "10 um"
layers = [
  { name = "coat", thickness = "20 um" }, { name = "film", thickness = "0.3 um" },
  { name = "PEO", thickness = "2 um" },
]
inside = "coat"
name = "Li3N"
diameter = "1.5 um"
deviation = "0.2 um"
length = "12 um"
volume_fraction = "22 %"
concentration = 2.0
axis = [0, 0.5, 1]
percolating = "yes"
stripped = "1 mAh/cm^2"
emptied = "PEO"
seed = 7
resolution = "0.5 um"
[regions.film]
law = "ionic_conductor"
conductivity = "1 mS/cm"
"""
    + LAWS
)
RODS = (
    """
title = "Rods"
[geometry]
shape = "rods"
width = "2 um"
depth = "2 um"
layers = [{ name = "PEO", thickness = "3 um" }]
inside = "PEO"
name = "Li3N"
count = [4, 4]
arrangement = "hexagonal"
diameter = "200 nm"
length = "2 um"
cap = "round"
shell = { name = "coat", volume_fraction = "12 %" }
grains = { name = "grain", diameter = "100 nm", volume_fraction = "0.5 %" }
deposit = { name = "film", thickness = "50 nm" }
resolution = "40 nm"
[regions.film]
law = "insulator"
[regions.grain]
law = "insulator"
"""
    + LAWS
)
ROUGH = """
title = "Rough faces"
[geometry]
shape = "rough"
width = "10 um"
depth = "10 um"
layers = [
  { name = "lithium", thickness = "5 um" }, { name = "void", thickness = "1 um" },
  { name = "PEO", thickness = "5 um" },
]
faces = [
  { layer = "lithium", rms = "0.3 um", correlation = "2 um", hurst = 0.8 },
{ layer = "void", rms = "0.3 um", correlation = "2 um", hurst = 0.8, shortest_wavelength = "1 um" },
]
contact_fraction = "20 %"
pits = { name = "pit", layer = "lithium", kind = "cone", diameter = "1 um", depth = "1 um" }
resolution = "0.4 um"
[regions.lithium]
law = "equipotential"
[regions.void]
law = "insulator"
[regions.pit]
law = "insulator"
[regions.PEO]
law = "ionic_conductor"
conductivity = "1 mS/cm"
[boundaries.lithium_surface]
law = "electrode"
potential = "0 V"
[boundaries.top]
law = "electrode"
potential = "1 V"
"""
IMAGE = """
title = "Picture"
[geometry]
shape = "image"
file = "picture.npy"
pixel = "0.1 um"
values = { 0 = "PEO", 255 = "Li3N" }
smooth = true
periodic = "sides"
""" + LAWS.replace('[regions.coat]\nlaw = "insulator"', "")
CASES = {
    "particles": PARTICLES, "cubic": CUBIC, "fibres": FIBRES, "rods": RODS, "rough": ROUGH,
    "image": IMAGE, "conformal": PARTICLES.replace("seed = 7", 'seed = 7\nmesher = "conformal"'),
}  # fmt: skip


@pytest.mark.parametrize("text", CASES.values(), ids=CASES.keys())
def test_a_right_case_is_read_and_reads_back_equal(text, tmp_path, capsys):
    np.save(tmp_path / "picture.npy", PIXELS)
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
        ("particles", 'thickness = "60 nm"', 'volume_fraction = "2 %"', "shell.volume_fraction"),
        (
            "particles",
            'thickness = "60 nm"',
            'volume_fraction = "60 %"',
            "geometry.volume_fraction",
        ),
        ("particles", 'inside = "PEO"', 'inside = "PEE"', "geometry.inside"),
        ("particles", "seed = 7", "seed = -7", "geometry.seed"),
        ("conformal", '"conformal"', '"conforming"', 'geometry.mesher = "conforming": expected'),
        ("conformal", "mesher =", "meshr =", "geometry.meshr"),
        ("particles", '"50 nm"\n[regions.PEO]', '"5 um"\n[regions.PEO]', "geometry.resolution"),
        ("particles", '"particles"', '"partikles"', "geometry.shape"),
        ("particles", "diameter =", "diametr =", "geometry.diametr"),
        ("particles", '"Li3N|PEO"', '"PEO|Li3N"', 'interfaces."PEO|Li3N"'),
        ("fibres", '"22 %"', '"90 %"', "geometry.volume_fraction"),
        ("fibres", '"1 mAh/cm^2"', '"10 mAh/cm^2"', "all of it is 3.217 mAh/cm^2"),
        ("fibres", 'emptied = "PEO"', "", "geometry.emptied"),
        ("fibres", "[0, 0.5, 1]", "[0, 1]", "geometry.axis"),
        ("fibres", '"0.5 um"', '"1 um"', "geometry.resolution"),
        ("fibres", "concentration = 2.0", "concentration = -1.0", "geometry.concentration"),
        ("rods", "[4, 4]", "[4, 3]", "geometry.count"),
        ("rods", "[4, 4]", "[4]", "geometry.count"),
        ("rods", '"200 nm"', '"600 nm"', "geometry.diameter"),
        ("rods", ', volume_fraction = "12 %" }', " }", "geometry.shell"),
        ("rods", '"2 um"\ncap', '"4 um"\ncap', "geometry.length"),
        ("rods", '"50 nm"', '"5 nm"', "geometry.deposit.thickness"),
        ("rods", '"0.5 %"', '"50 %"', "geometry.grains.volume_fraction"),
        ("rough", 'layer = "void"', 'layer = "PEO"', "geometry.faces[1].layer"),
        ("rough", '"0.3 um", correlation = "2 um"', '"9 um", correlation = "2 um"', "faces[0].rms"),
        ("rough", '"20 %"', '"99 %"', "geometry.contact_fraction"),
        (
            "rough",
            'shortest_wavelength = "1 um"',
            'shortest_wavelength = "2.5 um"',
            "geometry.faces[1].shortest_wavelength",
        ),
        (
            "rough",
            'shortest_wavelength = "1 um"',
            'shortest_wavelength = "5 nm"',
            "geometry.faces[1].shortest_wavelength",
        ),
        (
            "rough",
            'rms = "0.3 um", correlation',
            'height_map = "../x.npy", correlation',
            "geometry",
        ),
        ("image", "255 =", "254 =", "geometry.values"),
        ("image", '"picture.npy"', '"nothing.npy"', "geometry.file"),
        ("image", '"picture.npy"', '"../picture.npy"', "geometry.file"),
        ("image", '255 = "Li3N"', '255 = "Li3N", 7 = "x"', "geometry.values"),
        ("image", '"0.1 um"', '"0 um"', "geometry.pixel"),
        ("rough", 'depth = "1 um" }', 'depth = "6 um" }', "geometry.pits.depth"),
    ],
)
def test_a_wrong_value_is_named(case, old, new, said, tmp_path, capsys):
    np.save(tmp_path / "picture.npy", PIXELS)
    text = CASES[case]
    assert old in text
    status, lines = checked(text.replace(old, new), tmp_path, capsys)
    assert status == 2
    assert any(said in line for line in lines), lines


MAPPED = ROUGH.replace(
    'rms = "0.3 um", correlation = "2 um", hurst = 0.8',
    'height_map = "map.csv", height_unit = "um"',
    1,
)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("0,1,2\n1,0,1\n", None),
        # 25/6 = 4.17 below and 25 - 4.17 = 20.8 above the mean; 5 um above are 1 + 5 um
        ("0,25,0\n0,0,0\n", "heights from -4.167 um to 20.83 um about their mean"),
        ("0,-12,0\n0,0,0\n", "more than -5 um and less than 6 um, inside of the layers"),
        ("1,2,nan\n3,4,5\n", "has heights that are no numbers"),
        ("1,2,x\n3,4,5\n", "is no map of heights"),
        ("1,2,3,4,5\n", "has one row"),
    ],
)
def test_maps_of_heights_are_read_in_the_check(rows, said, tmp_path, capsys):
    (tmp_path / "map.csv").write_text(rows)
    status, lines = checked(MAPPED, tmp_path, capsys)
    if said is None:
        assert (status, lines) == (0, [])
        return
    (line,) = lines
    assert status == 2
    assert line.startswith("geometry.faces[0].height_map = ") and said in line


@pytest.mark.parametrize(
    ("case", "old", "new", "near"),
    [
        ("particles", "diameter =", "diametre =", "diameter"),
        ("fibres", "concentration =", "concentraton =", "concentration"),
        ("rods", "cap =", "capp =", "cap"),
        ("rough", "contact_fraction =", "contact_frction =", "contact_fraction"),
    ],
)
def test_a_misspelt_key_gets_one_message_with_the_nearest(case, old, new, near, tmp_path, capsys):
    status, lines = checked(CASES[case].replace(old, new, 1), tmp_path, capsys)
    assert status == 2
    (line,) = lines
    assert line.startswith(f"geometry.{new.split()[0]} = ")
    assert "expected one of the keys " in line and " resolution, " in line
    assert line.endswith(f"; nearest: {near}")
