"""Contact in a box: what a case may say of it, and how it is written."""

import pytest

from solver.case import load_case
from solver.resolved import resolved_toml
from tests.unit.case_checking import checked, one_finding

SOLID = 'law = "isotropic"\nyoungs_modulus = "10 GPa"\npoissons_ratio = 0.3\n'
LAYERS = f"""title = "Layers of a box that touch"
[geometry]
shape = "box"
width = "4 um"
depth = "4 um"
layers = [{{ name = "lower", thickness = "4 um" }}, {{ name = "upper", thickness = "1 um" }}]
[mechanics.solids.lower]
{SOLID}[mechanics.solids.upper]
{SOLID}[mechanics.interfaces."lower|upper"]
law = "contact"
friction = "sticking"
[mechanics.faces.left]
law = "symmetry"
[mechanics.faces.front]
law = "symmetry"
[mechanics.faces.bottom]
law = "clamped"
[mechanics.faces.top]
law = "traction"
pressure = "1 MPa"
"""
JOINT = '[mechanics.interfaces."lower|upper"]\nlaw = "contact"\nfriction = "sticking"\n'
LEFT = '[mechanics.faces.left]\nlaw = "symmetry"\n'
CRACK = LAYERS.replace(JOINT, '[mechanics.faces.crack]\nlaw = "contact"\n').replace(
    '[mechanics.faces.bottom]\nlaw = "clamped"\n', ""
).replace('depth = "4 um"', 'depth = "4 um"\ncrack = { semi_axes = ["1 um", "1 um"] }')  # fmt: skip
PUSHED = LAYERS.replace(JOINT, "").replace(
    'law = "traction"\npressure = "1 MPa"',
    'law = "indenter"\nradius = "10 um"\ndepth = "10 nm"',
)
SPRING = LAYERS.replace(
    'law = "traction"\npressure = "1 MPa"',
    'law = "plate"\npressure = "1 MPa"\nstiffness = "1 MPa/um"',
)
CURRENT = """[regions.lower]
law = "ionic_conductor"
conductivity = "1 mS/cm"
[regions.upper]
law = "ionic_conductor"
conductivity = "1 mS/cm"
[boundaries.bottom]
law = "electrode"
potential = "0 V"
[boundaries.top]
law = "electrode"
current_density = "1 mA/cm^2"
"""
WRONG = [
    (LAYERS, '"contact"\nfriction = "sticking"', '"free"', "law", "contact or bonded"),
    (LAYERS, '"contact"\nfriction = "sticking"',
     '"cohesive"\nstrength = "1 MPa"\nfracture_energy = "1 J/m^2"', "law", "do not tear"),
    (LAYERS, 'friction = "sticking"', 'start = "1 um"\nend = "2 um"', "start",
     "all over the interface"),
    (LAYERS, 'friction = "sticking"', 'fracture_energy = "1 J/m^2"', "fracture_energy",
     "all over the interface"),
    (LAYERS, '"sticking"', '"some"', "friction", "none"),
    (LAYERS, '"lower|upper"', '"upper|lower"', "upper|lower", "nearest: lower|upper"),
    (LAYERS, LEFT, "", "mechanics.faces", "symmetry, displacement or clamped on left or right"),
    (LAYERS, 'law = "clamped"', 'law = "free"', "mechanics.faces", "on bottom or top"),
    (LAYERS, LEFT, LEFT + '[mechanics.faces.right]\nlaw = "contact"\n', "right",
     "only between the faces of a crack"),
    (LAYERS, "[mechanics.solids.lower]", CURRENT + "[mechanics.solids.lower]", "law",
     "no contact beside a current"),
    (CRACK, 'law = "contact"', 'law = "contact"\nfriction = "none"', "friction",
     "in a plane of symmetry nothing slides"),
    (CRACK, "[mechanics.faces.crack]", JOINT + "[mechanics.faces.crack]", "law",
     "bonded (or no law), in a box with a crack"),
    (CRACK, LEFT, "", "mechanics.faces", "beside contact in a box nothing may float"),
    (PUSHED, "[mechanics.faces.top]", "[mechanics.faces.back]", "law", "only on the top"),
    (PUSHED, 'radius = "10 um"', 'radius = "10 MPa"', "radius", "dimension"),
    (PUSHED, 'depth = "4 um"', 'depth = "4 um"\ncrack = { semi_axes = ["1 um", "1 um"] }',
     "mechanics.faces.top.law", "no indenter on a box with a crack"),
]  # fmt: skip


@pytest.mark.parametrize(("good", "right", "wrong", "key", "said"), WRONG)
def test_a_wrong_value_is_told_at_its_key(good, right, wrong, key, said, tmp_path, capsys):
    assert right in good
    one_finding(good.replace(right, wrong), tmp_path, capsys, key, said)


@pytest.mark.parametrize(
    "good", [LAYERS, SPRING, CRACK, PUSHED], ids=["layers", "spring", "crack", "indenter"]
)
def test_contact_of_a_box_is_written_back(good, tmp_path):
    path = tmp_path / "case.toml"
    path.write_text(good, "utf-8")
    case = load_case(path)
    again = tmp_path / "again.toml"
    again.write_text(resolved_toml(case), "utf-8")
    other = load_case(again)
    assert (other.mechanics, other.geometry) == (case.mechanics, case.geometry)


def test_a_clamped_body_needs_no_plane_of_symmetry(tmp_path, capsys):
    assert checked(PUSHED.replace(LEFT, ""), tmp_path, capsys)[0] == 0
