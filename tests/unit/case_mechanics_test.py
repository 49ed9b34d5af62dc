"""Wrong tables of [mechanics] and [load]: one message each, at its key; right ones read back."""

import pytest

from solver.case import load_case
from tests.unit.case_checking import checked, one_finding, reads_back_equal, wrong_at

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
        'face = "front"',
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
    ("stretched away", '"0.5 %"', '"-100 %"', "load.stretch", "more than -100 %"),
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


@pytest.mark.parametrize(
    ("text", "old", "new", "key", "words"),
    [(MAP, *row) for row in MAP_WRONG] + [(SPRING, *row) for row in SPRING_WRONG],
)
def test_wrong_maps_and_springs_are_named(text, old, new, key, words, tmp_path, capsys):
    wrong_at(text, old, new, key, words, tmp_path, capsys)


def test_lithium_flows_only_out_of_a_mouth(tmp_path, capsys):
    more = 'overpotential = "10 mV"\nwidth = "10 nm"\nyield_stress = "0.7 MPa"'
    status, lines = checked(CYLINDER.replace('overpotential = "10 mV"', more), tmp_path, capsys)
    assert status == 2
    assert any("reaches the surface" in line for line in lines)


@pytest.mark.parametrize(
    "text", [GOOD, CYLINDER, MAP, SPRING], ids=["block", "cylinder", "map", "spring"]
)
def test_a_right_case_is_read_and_reads_back_equal(text, tmp_path, capsys):
    reads_back_equal(text, tmp_path, capsys)


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


def test_a_crack_that_channels_is_solved_for_in_plane_strain(tmp_path, capsys):
    # plane stress has no G_ss: the section across the channel can't contract along it
    text = GOOD.replace('plane = "strain"', 'plane = "stress"')
    text = text[: text.index("[load]")]
    one_finding(text, tmp_path, capsys, 'mechanics.plane = "stress"', "channels")


def test_contact_alone_loads_nothing(tmp_path, capsys):
    text = CYLINDER[: CYLINDER.index("[mechanics.faces")]
    text += '[mechanics.faces.crack]\nlaw = "contact"\n'
    one_finding(text, tmp_path, capsys, "mechanics = ", "nothing that strains the body")
