"""Turned crystals and sheared misfits beside planes of symmetry."""

import shutil
from pathlib import Path

import pytest

from solver.case import load_case
from solver.faults import CaseError

CRACK = """crack = { face = "left", start = "0 um", end = "1 um" }"""
TEXT = """title = "A crystal"
[geometry]
shape = "block"
width = "10 um"
layers = [{ name = "solid", thickness = "10 um" }]
CRACK
[mechanics.solids.solid]
law = "cubic"
c11 = "13.5 GPa"
c12 = "11.4 GPa"
c44 = "8.8 GPa"
angle = "ANGLE"
MORE
[mechanics.faces.top]
law = "traction"
pressure = "-1 MPa"
[mechanics.faces.bottom]
law = "BELOW"
"""
MISFIT = 'misfit_strains = ["1 %", "0 %", "0 %"]\nmisfit_angle = '


def case_of(folder, angle="0 degree", crack=CRACK, more="", below="clamped"):
    text = TEXT.replace("ANGLE", angle).replace("CRACK", crack).replace("MORE", more)
    path = folder / "case.toml"
    path.write_text(text.replace('"BELOW"', f'"{below}"'))
    return load_case(path)


@pytest.mark.parametrize("angle", ["0 degree", "45 degree", "-90 degree"])
def test_a_crystal_that_is_its_own_mirror_image_is_one(tmp_path, angle):
    # cos 4 phi: a cubic crystal comes back after a quarter turn, its mirror image after an eighth
    assert case_of(tmp_path, angle).mechanics is not None


@pytest.mark.parametrize("angle", ["15 degree", "44 degree"])
def test_a_turned_crystal_at_a_crack_in_a_plane_of_symmetry_would_be_a_twin(tmp_path, angle):
    with pytest.raises(CaseError, match=r"solid.angle.*own mirror image in the plane of the crack"):
        case_of(tmp_path, angle)
    with pytest.raises(CaseError, match=r"in the plane of symmetry bottom"):
        case_of(tmp_path, angle, crack="", below="symmetry")
    assert case_of(tmp_path, angle, crack="").mechanics is not None


def test_a_turned_orthotropic_solid_comes_back_after_half_a_turn(tmp_path):
    law = 'law = "orthotropic"\ne1 = "3 GPa"\ne2 = "2 GPa"\ne3 = "1 GPa"\nnu12 = 0.3\nnu13 = 0.3\n'
    law += 'nu23 = 0.3\ng12 = "1 GPa"\ng13 = "1 GPa"\ng23 = "1 GPa"\n'
    old = TEXT[TEXT.index('law = "cubic"') : TEXT.index("angle")]
    path = tmp_path / "case.toml"
    text = TEXT.replace(old, law).replace("CRACK", CRACK).replace("MORE", "")
    text = text.replace('"BELOW"', '"clamped"')
    path.write_text(text.replace("ANGLE", "90 degree"))
    assert load_case(path).mechanics is not None
    path.write_text(text.replace("ANGLE", "45 degree"))
    with pytest.raises(CaseError, match="own mirror image"):
        load_case(path)


def test_a_misfit_with_shear_is_refused_there(tmp_path):
    assert case_of(tmp_path, more=MISFIT + '"90 degree"').mechanics is not None
    with pytest.raises(
        CaseError, match=r"misfit_angle.*without shear along the plane of the crack"
    ):
        case_of(tmp_path, more=MISFIT + '"30 degree"')
    assert case_of(tmp_path, crack="", more=MISFIT + '"30 degree"').mechanics is not None


@pytest.mark.parametrize(
    ("name", "plane"),
    [
        ("cracked_lipon.toml", "plane of symmetry bottom"),
        ("skeleton_0mah.toml", "plane of symmetry left"),
    ],
)
def test_films_cut_in_a_plane_of_symmetry_have_no_sheared_misfit(tmp_path, name, plane):
    for path in (Path(__file__).parents[2] / "cases/pan2024_lipon_on_lib").glob("*.toml"):
        shutil.copy(path, tmp_path)
    derived = tmp_path / "sheared.toml"
    text = f'title = "Sheared"\nbase = "{name}"\n[mechanics.solids.film]\n{MISFIT}'
    derived.write_text(text + '"90 degree"\n')
    assert load_case(derived, require_provenance=False).mechanics is not None
    derived.write_text(text + '"30 degree"\n')
    with pytest.raises(CaseError, match=f"misfit_angle.*without shear along the {plane}"):
        load_case(derived, require_provenance=False)


def test_crystals_in_boxes_turn_about_the_upright_axis(tmp_path):
    box = """title = "A crystal"
[geometry]
shape = "box"
width = "10 um"
depth = "10 um"
layers = [{ name = "solid", thickness = "10 um" }]
[mechanics.solids.solid]
law = "cubic"
c11 = "13.5 GPa"
c12 = "11.4 GPa"
c44 = "8.8 GPa"
angle = "30 degree"
[mechanics.faces.bottom]
law = "symmetry"
[mechanics.faces.top]
law = "traction"
pressure = "1 MPa"
"""
    path = tmp_path / "case.toml"
    path.write_text(box)
    assert load_case(path).mechanics is not None
    path.write_text(box.replace("faces.bottom", "faces.left"))
    with pytest.raises(CaseError, match="own mirror image in the plane of symmetry left"):
        load_case(path)
