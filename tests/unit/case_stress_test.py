"""Wrong stress beside a march: one message each; right cases read back."""

import pytest

from tests.unit.case_checking import one_finding, reads_back_equal

GOOD = """title = "A foil that swells"
[geometry]
shape = "block"
width = "4 um"
layers = [{ name = "electrolyte", thickness = "2 um" }, { name = "foil", thickness = "4 um" }]
[regions.electrolyte]
law = "ionic_conductor"
conductivity = "0.01 S/m"
[regions.foil]
law = "alloy"
fraction = 0.3
site_concentration = "50000 mol/m^3"
diffusivity = "1e-12 m^2/s"
partial_molar_volume = "10 cm^3/mol"
[boundaries.bottom]
law = "electrode"
potential = "0 V"
[boundaries.bottom.kinetics]
law = "linear"
exchange_current_density = "1 mA/cm^2"
[boundaries.top]
law = "electrode"
current_density = "0 mA/cm^2"
[[programme.steps]]
kind = "galvanostatic"
current_density = "-1 mA/cm^2"
duration = "10 s"
[mechanics]
plane = "strain"
empty = ["electrolyte"]
[mechanics.solids.foil]
law = "isotropic"
youngs_modulus = "5 GPa"
poissons_ratio = 0.3
[mechanics.faces.left]
law = "symmetry"
[mechanics.faces.top]
law = "plate"
stiffness = "1 MPa/um"
"""
SIDE = '[mechanics.faces.left]\nlaw = "symmetry"\n'
STIFF = 'law = "plate"\nstiffness = "1 MPa/um"\n'
SOLID = "poissons_ratio = 0.3\n"
SECOND = (
    '{ name = "coat", thickness = "1 um" }, { name = "foil"',
    '[regions.coat]\nlaw = "alloy"\nfraction = 0.2\nsite_concentration = "50000 mol/m^3"\n'
    'diffusivity = "1e-12 m^2/s"\npartial_molar_volume = "10 cm^3/mol"\n[regions.foil]',
    f'[mechanics.solids.coat]\nlaw = "isotropic"\nyoungs_modulus = "5 GPa"\n{SOLID}'
    "[mechanics.solids.foil]",
)
WRONG = [
    (SIDE, "", "mechanics.faces", "holds the body along x"),
    ('stiffness = "1 MPa/um"', 'pressure = "1 MPa"', "mechanics.faces", "along y"),
    (STIFF, f'{STIFF}[mechanics.faces.right]\nlaw = "contact"\n', "mechanics.faces.right",
     "contact only"),
    (STIFF, f'{STIFF}[mechanics.faces."right.foil"]\nlaw = "free"\n',
     'mechanics.faces."right.foil"', "a whole face"),
    (STIFF, f'{STIFF}[mechanics.faces.right]\nlaw = "displacement"\ntangential = "1 nm"\n',
     "mechanics.faces.right.tangential", "displacement (normal)"),
    (SIDE, '[mechanics.faces.left]\nlaw = "clamped"\n',
     "mechanics.faces.left.law", "beside the plate on top"),
    ('empty = ["electrolyte"]', 'empty = ["electrolyte", "electrolite"]', "mechanics.empty[1]",
     "nearest: electrolyte"),
    ('empty = ["electrolyte"]', 'empty = ["electrolyte", "foil"]', "mechanics.empty[1]",
     "without a law"),
    ('empty = ["electrolyte"]\n', "", "mechanics.solids.electrolyte", "a law"),
    (SOLID, SOLID + 'flow = { law = "plastic", yield_stress = "1 MPa" }\n',
     "mechanics.solids.foil.flow", "beside a march"),
    (SOLID, SOLID + 'formulation = "mixed"\n', "mechanics.solids.foil.formulation", "displacement"),
    (SOLID, SOLID + 'deflections = "large"\n', "mechanics.solids.foil.deflections", "small"),
    ("[mechanics]\n", '[load]\nduration = "1 s"\n[mechanics]\n', "load.duration",
     "a solid that flows"),
    ('partial_molar_volume = "10 cm^3/mol"\n', 'partial_molar_volume = "10 cm^3/mol"\n'
     'stress_gradient = "1 MPa/um"\n', "regions.foil.stress_gradient", "is solved for"),
    ('partial_molar_volume = "10 cm^3/mol"\n', 'partial_molar_volume = "10 cm^3/mol"\n'
     'held = { youngs_modulus = "5 GPa", poissons_ratio = 0.3 }\n', "regions.foil.held",
     "is solved for"),
    ('exchange_current_density = "1 mA/cm^2"\n', 'exchange_current_density = "1 mA/cm^2"\n'
     'normal_stress = "1 MPa"\n', "boundaries.bottom.kinetics.normal_stress", "is solved for"),
    ('thickness = "4 um" }]\n', 'thickness = "4 um" }]\ncrack = { face = "left", start = "0 um", '
     'end = "1 um" }\n', "geometry.crack", "beside a march"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "key", "words"), WRONG)
def test_one_wrong_thing_is_named_at_its_key(old, new, key, words, tmp_path, capsys):
    assert GOOD.count(old) == 1, old
    one_finding(GOOD.replace(old, new), tmp_path, capsys, key, words)


def test_bonded_alloys_share_their_stress(tmp_path, capsys):
    layers, region, law = SECOND
    text = GOOD.replace('{ name = "foil"', layers).replace("[regions.foil]", region)
    text = text.replace("[mechanics.solids.foil]", law)
    one_finding(text, tmp_path, capsys, "regions.foil", "partial_molar_volume of coat")
    assert text.count("fraction = 0.2") == 1
    reads_back_equal(text.replace("fraction = 0.2", "fraction = 0.3"), tmp_path, capsys)


def test_faces_of_bodies_under_stress_stay(tmp_path, capsys):
    law, conductor = GOOD[GOOD.index('law = "alloy"') : GOOD.index("[boundaries.bottom]")], (
        'law = "ionic_conductor"\nconductivity = "0.1 S/m"\n'
    )  # fmt: skip
    text = GOOD.replace(law, conductor)
    moving = "[boundaries.bottom.plating]\nmoves = true\n[boundaries.top]"
    text = text.replace("[boundaries.top]", moving)
    one_finding(text, tmp_path, capsys, "boundaries.bottom.plating.moves", "beside mechanics")


def test_metals_are_not_meshed_in_a_march(tmp_path, capsys):
    text = GOOD.replace('law = "alloy"\n', 'law = "insulator"\n')
    keys = ("fraction =", "site_conc", "diffusivity", "partial_")
    text = "\n".join(line for line in text.splitlines() if not line.startswith(keys))
    text = text.replace("[boundaries.top]", "[boundaries.foil_surface]")
    one_finding(text, tmp_path, capsys, "regions.foil.law", "all layers are meshed")


@pytest.mark.parametrize("shape", ['"block"', '"cylinder"'])
def test_right_ones_read_back(shape, tmp_path, capsys):
    text = GOOD.replace('"block"', shape)
    if "cylinder" in shape:
        text = text.replace(SIDE, "").replace('plane = "strain"\n', "")
    reads_back_equal(text, tmp_path, capsys)


def test_a_strip_has_no_mechanics_in_a_march(tmp_path, capsys):
    text = GOOD.replace("layers = [", "above = [").replace('"block"', '"strip"')
    one_finding(text, tmp_path, capsys, "mechanics", '"block", "cylinder"')


BALL = (
    GOOD.replace('shape = "block"\nwidth = "4 um"', 'shape = "ball"\ninner_radius = "1 um"')
    .replace('plane = "strain"\n', "")
    .replace(SIDE, "")
    .replace("mechanics.faces.top", "mechanics.faces.outer")
    .replace(STIFF, 'law = "traction"\npressure = "1 MPa"\n')
    .replace("boundaries.top", "boundaries.outer")
    .replace("boundaries.bottom", "boundaries.inner")
)


def test_round_particles_march_with_their_stress(tmp_path, capsys):
    reads_back_equal(BALL, tmp_path, capsys)
    alone = BALL[: BALL.index("[mechanics]")]
    one_finding(alone, tmp_path, capsys, "geometry.shape", "in a march")
    timed = BALL.replace("[mechanics]\n", '[load]\nduration = "1 s"\n[mechanics]\n')
    one_finding(timed, tmp_path, capsys, "load.duration", "from the start")
