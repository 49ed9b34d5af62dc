"""Wrong bridges, flaws, boxes and currents past flaws: one message each; right ones read back."""

import pytest

from tests.unit.case_checking import checked, reads_back_equal, wrong_at

BRIDGE = """title = "Film over a pit"
[geometry]
shape = "block"
width = "20 um"
layers = [{ name = "substrate", thickness = "30 um" }, { name = "film", thickness = "1 um" }]
pit = { width = "10 um", depth = "5 um" }
[mechanics.solids.substrate]
law = "isotropic"
youngs_modulus = "7.8 GPa"
poissons_ratio = 0.38
[mechanics.solids.film]
law = "isotropic"
youngs_modulus = "77 GPa"
poissons_ratio = 0.25
deflections = "large"
strength = "458 MPa"
[mechanics.faces.bottom]
law = "symmetry"
[mechanics.faces.top]
law = "indenter"
radius = "10 um"
depth = "10 nm"
[solve_for]
parameter = "geometry.pit.width"
bracket = ["1 um", "10 um"]
quantity = "margin"
target = 1.0
name = "critical_span"
"""
COUPLED = """title = "Current past a flaw"
[geometry]
shape = "block"
width = "100 um"
layers = [{ name = "electrolyte", thickness = "100 um" }]
crack = { face = "left", start = "0 um", end = "1 um" }
[regions.electrolyte]
law = "ionic_conductor"
conductivity = "2.5 mS/cm"
[boundaries.bottom]
law = "electrode"
potential = "0 V"
[boundaries.crack]
law = "electrode"
current = "0 A/m"
area_specific_resistance = "10 ohm cm^2"
[boundaries.top]
law = "electrode"
current_density = "1 mA/cm^2"
[mechanics.solids.electrolyte]
law = "isotropic"
youngs_modulus = "22.1 GPa"
poissons_ratio = 0.37
[mechanics.faces.crack]
law = "lithium"
metal = "bottom"
dry_length = "0.2 um"
width = "10 nm"
yield_stress = "0.7 MPa"
contact_limit = "2 MPa"
"""
FLAWS = """title = "Two flaws"
[geometry]
shape = "block"
width = "50 um"
window = "20 um"
layers = [{ name = "solid", thickness = "50 um" }, { name = "cover", thickness = "5 um" }]
flaws = [
    { name = "edge", x = "0 um", y = "20 um", length = "1 um", angle = "30 degree" },
    { name = "inner", x = "20 um", y = "20 um", length = "2 um", angle = "100 degree" },
]
[mechanics.solids.solid]
law = "isotropic"
youngs_modulus = "20 GPa"
poissons_ratio = 0.3
[mechanics.solids.cover]
law = "isotropic"
youngs_modulus = "20 GPa"
poissons_ratio = 0.3
[mechanics.faces.edge]
law = "lithium"
overpotential = "10 mV"
[mechanics.faces.inner]
law = "traction"
pressure = "1 MPa"
"""
BOX = """title = "Round crack in 3D"
[geometry]
shape = "box"
width = "10 um"
depth = "10 um"
layers = [{ name = "solid", thickness = "10 um" }]
crack = { semi_axes = ["1 um", "0.5 um"] }
[mechanics.solids.solid]
law = "isotropic"
youngs_modulus = "20 GPa"
poissons_ratio = 0.3
[mechanics.faces.crack]
law = "lithium"
overpotential = "10 mV"
[mechanics.faces.left]
law = "symmetry"
"""
WEDGED = BOX.replace('"0.5 um"] }', '"0.5 um"], filled = "0.4 um" }')
WEDGED_WRONG = [
    ('"lithium"\noverpotential = "10 mV"', '"free"', "geometry.crack.filled", "a given pressure"),
]
BOX_WRONG = [
    ('["1 um", "0.5 um"]', '["2 um", "11 um"]', "geometry.crack.semi_axes", "less than the depth"),
    ('["1 um", "0.5 um"]', '["5 um", "0.2 um"]', "geometry.crack.semi_axes", "ten times"),
    ('["1 um", "0.5 um"]', '["1 um"]', "geometry.crack.semi_axes", "expected"),
    ('"0.5 um"]', '"0.5 um"], filled = "0.99 um"', "geometry.crack.filled", "0.05 to 0.95 times"),
    ('"0.5 um"]', '"0.5 um"], filled = "1 MPa"', "geometry.crack.filled", "length"),
    ('"0.5 um"] }', '"0.5 um"], filed = "0.5 um" }', "geometry.crack.filed", "nearest: filled"),
    ("faces.left]", "faces.leeft]", "mechanics.faces.leeft", "nearest: left"),
    ('"symmetry"', '"contact"', "mechanics.faces.left.law", "between the faces of a crack"),
    ('"symmetry"', '"traction"\nshear = "1 MPa"', "mechanics.faces.left.shear", "in 3D"),
    ("[mechanics.solids", '[mechanics]\nplane = "strain"\n[mechanics.solids', "mechanics.plane",
     "only a block"),
    ('ratio = 0.3', 'ratio = 0.3\ndeflections = "large"', "mechanics.solids.solid.deflections",
     "plane sections"),
    ('"10 mV"', '"10 mV"\ndry_length = "0.1 um"', "mechanics.faces.crack.law", "in 3D"),
]  # fmt: skip
FLAWS_WRONG = [
    ('name = "inner"', 'name = "edge"', "geometry.flaws[1].name", "nothing else has"),
    ('name = "inner"', 'name = "top"', "geometry.flaws[1].name", "nothing else has"),
    ('x = "20 um", y = "20 um"', 'x = "20 um", y = "56 um"', "geometry.flaws[1]", "one layer"),
    ('"2 um", angle = "100', '"2 um", angle = "100 s', "geometry.flaws[1].angle", "angle"),
    ('"20 um", length = "2 um"', '"56 um", length = "2 um"', "geometry.flaws[1]", "one layer"),
    ('x = "20 um", y', 'x = "0.36 um", y', "geometry.flaws[1]", "do not meet"),
    ('shape = "block"', 'shape = "cylinder"', "geometry.flaws", "plane section"),
    ('window = "20 um"', 'window = "200 um"', "geometry.window", "whole body"),
    ("faces.inner]", "faces.iner]", "mechanics.faces.iner", "nearest: inner"),
    (
        'law = "traction"\npressure = "1 MPa"',
        'law = "symmetry"',
        "mechanics.faces.inner.law",
        "flaw",
    ),
    ('"10 mV"', '"10 mV"\ndry_length = "0.1 um"', "mechanics.faces.edge.dry_length", "reaches"),
    ('x = "20 um", y = "20 um"', 'x = "51 um", y = "20 um"', "geometry.flaws[1]", "inside of one"),
    (
        'law = "traction"\npressure = "1 MPa"',
        'law = "lithium"\noverpotential = "10 mV"\nwidth = "10 nm"\nyield_stress = "0.7 MPa"',
        "mechanics.faces.inner.width",
        "reaches the surface",
    ),
    ('"10 mV"', '"10 mV"\ncontact_limit = "1 MPa"', "mechanics.faces.edge.metal", "beside"),
    (
        '"10 mV"',
        '"10 mV"\nwidth = "2 um"\nyield_stress = "0.7 MPa"',
        "mechanics.faces.edge.width",
        "at most the length of the flaw (1 um)",
    ),
    (
        "[mechanics.faces.edge]",
        '[mechanics.faces.right]\nlaw = "displacement"\nnormal = "-60 um"\n[mechanics.faces.edge]',
        "mechanics.faces.right.normal",
        "less inwards than the size of the body (50 um)",
    ),
    (
        "poissons_ratio = 0.3\n",
        'poissons_ratio = 0.3\nstrength = "1 GPa"\n',
        "mechanics.solids.solid.strength",
        "no such key",
    ),
]
BRIDGE_WRONG = [
    ('pit = { width = "10 um"', 'pit = { width = "50 um"', "geometry.pit.width", "whole body"),
    ('depth = "5 um"', 'depth = "40 um"', "geometry.pit.depth", "less than the layer substrate"),
    ('"large"', '"huge"', "mechanics.solids.film.deflections", "small, large"),
    ('"458 MPa"', '"-1 MPa"', "mechanics.solids.film.strength", "above zero"),
    (
        "mechanics.faces.bottom",
        "mechanics.faces.pit",
        "mechanics.faces.pit.law",
        "free or traction",
    ),
    ("faces.top", "faces.right", "mechanics.faces.right.law", "only on the top"),
    ('depth = "10 nm"', 'depth = "11 um"', "mechanics.faces.top.depth", "less than the radius"),
    (
        "poissons_ratio = 0.38",
        'poissons_ratio = 0.38\nstrength = "1 GPa"',
        "mechanics.solids.substrate.strength",
        "only the stress of the last layer",
    ),
    ('"geometry.pit.width"', '"geometry.pit.with"', "solve_for.parameter", "nearest: geometry.pit"),
    ('"1 um", "10 um"]', '"10 um", "1 um"]', "solve_for.bracket", "first value below"),
    ('"1 um", "10 um"]', '"1 MPa", "10 um"]', "solve_for.bracket[0]", "length"),
    ('quantity = "margin"', 'quantity = "verdict"', "solve_for.target", "margin = 1"),
    ("target = 1.0", 'target = "1 um"', "solve_for.target", "plain number"),
]
CALIBRATED = """[calibrate]
parameter = "boundaries.crack.area_specific_resistance"
bracket = ["1 ohm cm^2", "100 ohm cm^2"]
quantity = "area_specific_resistance"
target = "100 ohm cm^2"
source = "a measurement"
"""
COUPLED_WRONG = [
    ('metal = "bottom"', 'metal = "botom"', "mechanics.faces.crack.metal", "nearest: bottom"),
    ('metal = "bottom"', 'metal = "top"', "mechanics.faces.crack.metal", "reaches (bottom)"),
    ('start = "0 um"', 'start = "0.1 um"', "mechanics.faces.crack.metal", "reaches no face"),
    ('current = "0 A/m"', 'current = "1 A/m"', "boundaries.crack", "plating has stalled"),
    ('metal = "bottom"\n', "", "mechanics.faces.crack", "exactly one of overpotential, metal"),
    ('width = "10 nm"\n', "", "mechanics.faces.crack", "width and yield_stress together"),
    ('"0.2 um"', '"1.2 um"', "mechanics.faces.crack.dry_length", "less than the length"),
    ('"2 MPa"', '"-2 MPa"', "mechanics.faces.crack.contact_limit", "above zero"),
    ('"2 MPa"', '"2 mV"', "mechanics.faces.crack.contact_limit", "MPa"),
    ('contact_limit = "2 MPa"', CALIBRATED, "calibrate", "beside a pressure from a current"),
]


@pytest.mark.parametrize(
    ("text", "old", "new", "key", "words"),
    [(BRIDGE, *row) for row in BRIDGE_WRONG]
    + [(COUPLED, *row) for row in COUPLED_WRONG]
    + [(FLAWS, *row) for row in FLAWS_WRONG]
    + [(BOX, *row) for row in BOX_WRONG]
    + [(WEDGED, *row) for row in WEDGED_WRONG],
)
def test_wrong_bridges_and_flaws_are_named(text, old, new, key, words, tmp_path, capsys):
    wrong_at(text, old, new, key, words, tmp_path, capsys)


def test_a_flaw_that_touches_is_not_beside_a_pressure_from_a_current(tmp_path, capsys):
    text = FLAWS.replace('overpotential = "10 mV"', 'metal = "window"')
    text = text.replace('law = "traction"\npressure = "1 MPa"', 'law = "contact"')
    status, lines = checked(text, tmp_path, capsys)
    assert status == 2
    named = [line for line in lines if line.startswith("mechanics.faces.inner.law = ")]
    assert len(named) == 1
    assert "beside a pressure from a current" in named[0]


LAYERED = (
    COUPLED.replace(
        'layers = [{ name = "electrolyte", thickness = "100 um" }]',
        'layers = [{ name = "plate", thickness = "1 um" }, '
        '{ name = "electrolyte", thickness = "100 um" }]',
    )
    .replace('start = "0 um", end = "1 um"', 'start = "1 um", end = "2 um"')
    .replace(
        "[boundaries.bottom]", '[regions.plate]\nlaw = "equipotential"\n[boundaries.plate_surface]'
    )
    .replace(
        'metal = "bottom"\ndry_length = "0.2 um"\nwidth = "10 nm"\nyield_stress = "0.7 MPa"',
        'metal = "plate_surface"',
    )
    + """[mechanics.solids.plate]
law = "isotropic"
youngs_modulus = "7.8 GPa"
poissons_ratio = 0.36
[mechanics.faces.bottom]
law = "symmetry"
"""
)


def test_a_layer_that_does_not_conduct_has_faces_to_be_held(tmp_path, capsys):
    status, lines = checked(LAYERED, tmp_path, capsys)
    assert status == 0, lines
    wrong = LAYERED.replace("faces.bottom", "faces.plate_surface")
    status, lines = checked(wrong, tmp_path, capsys)
    assert status == 2
    assert any(line.startswith("mechanics.faces.plate_surface = ") for line in lines)


@pytest.mark.parametrize(
    "text",
    [BRIDGE, COUPLED, FLAWS, BOX, WEDGED],
    ids=["bridge", "coupled", "flaws", "box", "wedged"],
)
def test_a_right_case_is_read_and_reads_back_equal(text, tmp_path, capsys):
    reads_back_equal(text, tmp_path, capsys)


def test_an_angle_needs_its_unit(tmp_path, capsys):
    status, lines = checked(FLAWS.replace('"30 degree"', '"30"'), tmp_path, capsys)
    assert status == 2
    assert [line.partition(" = ")[0] for line in lines] == ["geometry.flaws[0].angle"]
