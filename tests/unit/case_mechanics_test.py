"""Wrong tables of [mechanics] and [load]: one message each, at its key; right ones read back."""

import pytest

from solver.case import load_case
from solver.resolved import resolved_toml
from tests.unit.case_checking import checked

GOOD = """title = "Crack through a film"
[geometry]
shape = "block"
width = "100 um"
layers = [{ name = "substrate", thickness = "30 um" }, { name = "film", thickness = "1 um" }]
crack = { face = "left", start = "30 um", end = "31 um" }
[mechanics]
plane = "strain"
[mechanics.solids.substrate]
law = "cubic"
c11 = "113.9 GPa"
c12 = "47.7 GPa"
c44 = "63.6 GPa"
angle = "45 degree"
[mechanics.solids.film]
law = "isotropic"
youngs_modulus = "77 GPa"
poissons_ratio = 0.25
residual_stress = "100 MPa"
fracture_toughness = "0.6 MPa m^0.5"
[mechanics.faces.bottom]
law = "symmetry"
[mechanics.faces.top]
law = "traction"
pressure = "1 MPa"
[load]
stretch = "0.5 %"
"""
CYLINDER = """title = "Flaw"
[geometry]
shape = "cylinder"
width = "100 um"
layers = [{ name = "solid", thickness = "100 um" }]
crack = { face = "bottom", start = "0 um", end = "1 um" }
[mechanics.solids.solid]
law = "isotropic"
youngs_modulus = "20 GPa"
poissons_ratio = 0.3
[mechanics.faces.crack]
law = "lithium"
overpotential = "10 mV"
"""
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
FILM = 'law = "isotropic"\nyoungs_modulus = "77 GPa"'
TOP = '[mechanics.faces.top]\nlaw = "traction"\npressure = "1 MPa"'

# what is wrong, text of the good case, text instead, key that is named, words of the message
WRONG = [
    ("shape misspelt", '"block"', '"blcok"', "geometry.shape", "nearest: block"),
    (
        "a crack longer than its face",
        '"31 um"',
        '"35 um"',
        "geometry.crack.end",
        "length of the face",
    ),
    (
        "a crack without length",
        'end = "31 um"',
        'end = "30 um"',
        "geometry.crack.start",
        "less than end",
    ),
    (
        "a crack all through",
        'start = "30 um", end',
        'start = "0 um", end',
        "geometry.crack.end",
        "a tip inside of the face",
    ),
    (
        "a face that is none",
        'face = "left"',
        'face = "right"',
        "geometry.crack.face",
        "left, bottom",
    ),
    (
        "no layers",
        'layers = [{ name = "substrate", thickness = "30 um" }, { name = "film", '
        'thickness = "1 um" }]',
        "layers = []",
        "geometry.layers",
        "at least one layer",
    ),
    (
        "a layer without a solid",
        "[mechanics.solids.film]",
        "[mechanics.solids.flim]",
        "mechanics.solids.film",
        "isotropic, cubic or orthotropic",
    ),
    (
        "unknown law",
        'law = "isotropic"',
        'law = "isotopic"',
        "mechanics.solids.film.law",
        "nearest: isotropic",
    ),
    (
        "a modulus in volts",
        '"77 GPa"',
        '"77 V"',
        "mechanics.solids.film.youngs_modulus",
        "dimension",
    ),
    (
        "negative modulus",
        '"77 GPa"',
        '"-77 GPa"',
        "mechanics.solids.film.youngs_modulus",
        "above zero",
    ),
    (
        "incompressible",
        "poissons_ratio = 0.25",
        "poissons_ratio = 0.5",
        "mechanics.solids.film.poissons_ratio",
        "below 0.5",
    ),
    (
        "a crystal that is no solid",
        '"47.7 GPa"',
        '"114 GPa"',
        "mechanics.solids.substrate.c12",
        "less than c11",
    ),
    (
        "two resistances",
        "fracture_toughness",
        'fracture_energy = "1 J/m^2"\nfracture_toughness',
        "mechanics.solids.film",
        "not both",
    ),
    (
        "a toughness without a root",
        '"0.6 MPa m^0.5"',
        '"0.6 MPa m"',
        "mechanics.solids.film.fracture_toughness",
        "dimension",
    ),
    (
        "unknown face",
        "[mechanics.faces.top]",
        "[mechanics.faces.tpo]",
        "mechanics.faces.tpo",
        "nearest: top",
    ),
    ("traction of nothing", 'pressure = "1 MPa"', "", "mechanics.faces.top", "pressure or shear"),
    (
        "lithium on a free face",
        TOP,
        '[mechanics.faces.top]\nlaw = "lithium"\noverpotential = "1 mV"',
        "mechanics.faces.top.law",
        "only in the crack",
    ),
    (
        "a clamped crack",
        TOP,
        '[mechanics.faces.crack]\nlaw = "clamped"',
        "mechanics.faces.crack.law",
        "free, traction, contact or lithium",
    ),
    (
        "the plane of the crack is loaded",
        TOP,
        '[mechanics.faces.left]\nlaw = "traction"\npressure = "1 MPa"',
        "mechanics.faces.left.law",
        "the crack lies in this plane",
    ),
    (
        "a face that is moved twice",
        TOP,
        '[mechanics.faces.right]\nlaw = "symmetry"',
        "mechanics.faces.right",
        "beside load.stretch",
    ),
    (
        "displacement in two directions",
        TOP,
        '[mechanics.faces.top]\nlaw = "displacement"\nnormal = "1 um"\ntangential = "1 um"',
        "mechanics.faces.top",
        "exactly one of normal, tangential",
    ),
    (
        "stretch in plane stress",
        'plane = "strain"',
        'plane = "stress"',
        "mechanics.plane",
        "stretches across",
    ),
    (
        "load of no body",
        GOOD[GOOD.index("[mechanics]") : GOOD.index("[load]")],
        '[regions.film]\nlaw = "insulator"\n',
        "load",
        "[mechanics] beside [load]",
    ),
]


@pytest.mark.parametrize(
    ("old", "new", "key", "words"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG]
)
def test_one_wrong_thing_is_named_at_its_key(old, new, key, words, tmp_path, capsys):
    assert GOOD.count(old) == 1, old
    status, lines = checked(GOOD.replace(old, new), tmp_path, capsys)
    assert status == 2
    named = [line for line in lines if line.startswith((f"{key} = ", f"{key}: "))]
    assert len(named) == 1, lines
    assert "expected" in named[0] and words in named[0]


def test_a_body_that_nothing_strains_is_refused(tmp_path, capsys):
    text = CYLINDER.replace('law = "lithium"\noverpotential = "10 mV"', 'law = "free"')
    status, lines = checked(text, tmp_path, capsys)
    assert (status, len(lines)) == (2, 1)
    assert lines[0].startswith("mechanics = nothing that strains the body")


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        (
            "[mechanics.solids",
            '[mechanics]\nplane = "strain"\n[mechanics.solids',
            "mechanics.plane",
        ),
        ('face = "bottom"', 'face = "left"', "geometry.crack.face"),
        (
            "[mechanics.faces.crack]",
            '[mechanics.faces.left]\nlaw = "symmetry"\n[mechanics.faces.crack]',
            "mechanics.faces.left.law",
        ),
    ],
)
def test_a_cylinder_has_an_axis_on_its_left(old, new, key, tmp_path, capsys):
    status, lines = checked(CYLINDER.replace(old, new), tmp_path, capsys)
    assert status == 2
    assert [line.split(" = ")[0] for line in lines] == [key]


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
MAP = (
    CYLINDER
    + """[map]
parameter = "geometry.crack.end"
values = ["1 um", "4 um"]
quantity = "critical_overpotential"
"""
)
SPRING = GOOD.replace(
    'law = "traction"\npressure = "1 MPa"', 'law = "plate"\nstiffness = "2 MPa/um"'
)
SPRING_WRONG = [
    ('"2 MPa/um"', '"2 MPa"', "mechanics.faces.top.stiffness", "MPa/um"),
    ('"2 MPa/um"', '"-2 MPa/um"', "mechanics.faces.top.stiffness", "above zero"),
]
MAP_WRONG = [
    (
        '"geometry.crack.end"',
        '"geometry.crack.ent"',
        "map.parameter",
        "nearest: geometry.crack.end",
    ),
    ('"4 um"]', '"4 MPa"]', "map.values[1]", "length"),
    ('["1 um", "4 um"]', '["1 um"]', "map.values", "expected"),
    ('"critical_overpotential"', '"critical"', "map.quantity", "a quantity of this case"),
    ('"critical_overpotential"', '"verdict"', "map.quantity", "with a number"),
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
    (
        'law = "traction"\npressure = "1 MPa"',
        'law = "lithium"\noverpotential = "10 mV"\nwidth = "10 nm"\nyield_stress = "0.7 MPa"',
        "mechanics.faces.inner.width",
        "reaches the surface",
    ),
    ('"10 mV"', '"10 mV"\ncontact_limit = "1 MPa"', "mechanics.faces.edge.metal", "beside"),
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
    + [(WEDGED, *row) for row in WEDGED_WRONG]
    + [(MAP, *row) for row in MAP_WRONG]
    + [(SPRING, *row) for row in SPRING_WRONG],
)
def test_wrong_bridges_and_flaws_are_named(text, old, new, key, words, tmp_path, capsys):
    assert text.count(old) >= 1
    status, lines = checked(text.replace(old, new, 1), tmp_path, capsys)
    assert status == 2
    named = [line for line in lines if line.startswith((f"{key} = ", f"{key}: "))]
    assert len(named) == 1, lines
    assert words in named[0]


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


def test_lithium_flows_only_out_of_a_mouth(tmp_path, capsys):
    more = 'overpotential = "10 mV"\nwidth = "10 nm"\nyield_stress = "0.7 MPa"'
    status, lines = checked(CYLINDER.replace('overpotential = "10 mV"', more), tmp_path, capsys)
    assert status == 2
    assert any("reaches the surface" in line for line in lines)


@pytest.mark.parametrize(
    "text",
    [GOOD, CYLINDER, BRIDGE, COUPLED, FLAWS, BOX, WEDGED, MAP, SPRING],
    ids=["block", "cylinder", "bridge", "coupled", "flaws", "box", "wedged", "map", "spring"],
)
def test_a_right_case_is_read_and_reads_back_equal(text, tmp_path, capsys):
    assert checked(text, tmp_path, capsys) == (0, [])
    case = load_case(tmp_path / "case.toml")
    again = tmp_path / "again.toml"
    again.write_text(resolved_toml(case), "utf-8")
    assert load_case(again).mechanics == case.mechanics
    assert load_case(again).geometry == case.geometry
    assert load_case(again).solve_for == case.solve_for
    assert load_case(again).map == case.map


def test_values_are_in_working_units(tmp_path):
    path = tmp_path / "case.toml"
    path.write_text(GOOD, "utf-8")
    mechanics = load_case(path).mechanics
    film, crystal = mechanics.solids["film"], mechanics.solids["substrate"].elastic
    assert film.elastic.youngs_modulus == 77e3  # MPa
    assert film.fracture_toughness == pytest.approx(600.0, rel=1e-12)  # MPa um^(1/2)
    assert (crystal.c44, crystal.angle) == (63.6e3, pytest.approx(0.7853981633974483))
    assert mechanics.stretch == 0.005


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('"77 GPa"', '"77 mV"', "mechanics.solids.film.youngs_modulus"),
        ("poissons_ratio = 0.25", "poissons_ratio = 0.6", "mechanics.solids.film.poissons_ratio"),
        ("poissons_ratio", "poisons_ratio", "mechanics.solids.film.poisons_ratio"),
        ('pressure = "1 MPa"', 'pressure = "nan MPa"', "mechanics.faces.top.pressure"),
    ],
)
def test_one_wrong_value_brings_no_others_with_it(old, new, key, tmp_path, capsys):
    status, lines = checked(GOOD.replace(old, new), tmp_path, capsys)
    assert status == 2
    assert {line.partition(" = ")[0].partition(":")[0] for line in lines} <= {
        key,
        "mechanics.solids.film.poissons_ratio",
    }


def test_an_angle_needs_its_unit(tmp_path, capsys):
    status, lines = checked(FLAWS.replace('"30 degree"', '"30"'), tmp_path, capsys)
    assert status == 2
    assert [line.partition(" = ")[0] for line in lines] == ["geometry.flaws[0].angle"]
