"""Flaws from every outer face: the same numbers as of the flaw from the left one, turned."""

import pytest
from mpi4py import MPI

from solver import fracture
from solver.case import load_case
from solver.simulate import simulate
from tests.unit.case_checking import checked, one_finding, reads_back_equal

TEXT = """
title = "Slanted edge flaw that lithium fills"
[geometry]
shape = "block"
width = "40 um"
layers = [{ name = "solid", thickness = "40 um" }]
flaws = [{ name = "flaw", x = "X um", y = "Y um", length = "1 um", angle = "A degree" }]
[mechanics.solids.solid]
law = "isotropic"
youngs_modulus = "22.1 GPa"
poissons_ratio = 0.37
[mechanics.faces.flaw]
law = "lithium"
overpotential = "20 mV"
width = "10 nm"
yield_stress = "0.7 MPa"
[numerics]
refinement = "none"
maximum_size = "5 um"
"""
# where it begins, its angle, and whether the body is turned (1) or mirrored (-1)
SIDES = {
    "left": (0, 20, 40, 1.0),
    "right": (40, 20, 140, -1.0),
    "bottom": (20, 0, 130, 1.0),
    "top": (20, 40, -50, 1.0),
}


def text(side):
    x, y, angle, _ = SIDES[side]
    return (
        TEXT.replace("X um", f"{x} um").replace("Y um", f"{y} um").replace("A deg", f"{angle} deg")
    )


def numbers(folder, side):
    path = folder / f"{side}.toml"
    path.write_text(text(side))
    solution = simulate(load_case(path), MPI.COMM_SELF, lambda _: None)
    return {q.name: q.value for q in solution.quantities}


@pytest.mark.parametrize(
    "sides", [("right", "top"), pytest.param(("bottom",), marks=pytest.mark.slow)]
)
def test_a_flaw_from_any_face_is_that_from_the_left_turned(tmp_path, monkeypatch, sides):
    # the meshes are not those of the turned body: what they leave is below half a per cent
    monkeypatch.setattr(fracture, "HALVINGS", 5)
    found = {side: numbers(tmp_path, side) for side in sides}
    left = numbers(tmp_path, "left")
    assert abs(left["stress_intensity_shear.flaw"]) > 0.05 * left["stress_intensity.flaw"]
    for side in sides:
        sign = SIDES[side][-1]
        for name in ("energy_release_rate", "stress_intensity", "kink_energy_release_rate"):
            same = pytest.approx(left[f"{name}.flaw"], rel=5e-3)
            assert found[side][f"{name}.flaw"] == same, (side, name)
        shear = sign * found[side]["stress_intensity_shear.flaw"]
        assert shear == pytest.approx(left["stress_intensity_shear.flaw"], rel=2e-2), side


@pytest.mark.parametrize("side", SIDES)
def test_flaws_from_all_faces_are_read(tmp_path, capsys, side):
    reads_back_equal(text(side), tmp_path, capsys)
    turned = text(side).replace(f"{SIDES[side][2]} degree", f"{SIDES[side][2] + 180} degree")
    status, _ = checked(turned, tmp_path, capsys)  # out of the body
    assert status == 2


def test_contact_in_a_flaw_from_another_face_is_refused(tmp_path, capsys):
    law = text("top")[text("top").index('law = "lithium"') : text("top").index("[numerics]")]
    contact = text("top").replace(law, 'law = "contact"\n')
    loaded = contact + '[mechanics.faces.right]\nlaw = "traction"\npressure = "1 MPa"\n'
    loaded += '[mechanics.faces.left]\nlaw = "traction"\npressure = "1 MPa"\n'
    one_finding(loaded, tmp_path, capsys, "mechanics.faces.flaw.law", "only one from the left")


@pytest.mark.parametrize(("face", "other"), [("right", "left"), ("top", "bottom")])
def test_of_a_crack_in_the_opposite_plane_it_is_said_how_to_mirror_the_case(
    tmp_path, capsys, face, other
):
    flaws = text("left")[text("left").index("flaws = ") : text("left").index("[mechanics.solids")]
    crack = f'crack = {{ face = "{face}", start = "0 um", end = "1 um" }}\n'
    wrong = text("left").replace(flaws, crack).replace("faces.flaw", "faces.crack")
    said = f"expected {other}, with the body mirrored"
    one_finding(wrong, tmp_path, capsys, "geometry.crack.face", said)
