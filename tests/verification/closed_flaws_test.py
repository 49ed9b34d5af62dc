"""Flaws that a load presses shut conduct: along all of their length, in part, or not at all."""

import pytest

from tests.verification.helpers import told

SOUND = 1.61  # 40 um over 2.5 mS/cm and 0.01 ohm cm2, ohm cm2
TEXT = """
title = "A flaw across the current, pressed"
[geometry]
shape = "block"
width = "40 um"
layers = [{ name = "electrolyte", thickness = "40 um" }]
flaws = [{ name = "gap", x = "20 um", y = "5 um", length = "30 um", angle = "90 degree" }]
[regions.electrolyte]
law = "ionic_conductor"
conductivity = "2.5 mS/cm"
[boundaries.left]
law = "electrode"
potential = "0 V"
area_specific_resistance = "0.01 ohm cm^2"
[boundaries.right]
law = "electrode"
current_density = "1 mA/cm^2"
[mechanics.solids.electrolyte]
law = "isotropic"
youngs_modulus = "22.1 GPa"
poissons_ratio = 0.37
fracture_toughness = "0.23 MPa m^0.5"
[mechanics.faces.left]
law = "symmetry"
[mechanics.faces.right]
law = "plate"
pressure = "10 MPa"
[numerics]
accuracy = "3 %"
refinement = "none"
maximum_size = "6 um"
edge_size = "1 um"
"""
TOUCH = TEXT.replace(
    "[mechanics.faces.left]",
    '[mechanics.faces.gap]\nlaw = "contact"\nfriction = "none"\n[mechanics.faces.left]',
)


def test_a_gap_that_is_pulled_open_does_not_conduct(tmp_path):
    found, said = told(TEXT.replace('"10 MPa"', '"-10 MPa"'), tmp_path)
    assert found["area_specific_resistance"].lower > 1.4 * SOUND
    assert "pressed shut" not in found["verdict"].value
    assert "closed all along" not in said


@pytest.mark.parametrize("text", [TEXT, pytest.param(TOUCH, marks=pytest.mark.slow)])
def test_a_flaw_that_is_pressed_shut_conducts_as_sound(text, tmp_path):
    found, said = told(text, tmp_path)
    assert found["area_specific_resistance"].value == pytest.approx(SOUND, rel=1e-6)
    assert "gap is closed all along" in said
    if text is TEXT:  # its stress has faces that overlap
        assert "pressed shut" in found["verdict"].value


@pytest.mark.slow
def test_a_flaw_that_is_closed_in_part_lies_between(tmp_path):
    # sheared at its top and clamped below the body bends: one end of the flaw is pulled, the other
    # one pressed; the resistance is between those of the sound body and of the open flaw
    bent = (
        TOUCH[: TOUCH.index("[mechanics.faces.left]")]
        .replace('x = "20 um", y = "5 um"', 'x = "5 um", y = "20 um"')
        .replace('"90 degree"', '"0 degree"')
        .replace("boundaries.left", "boundaries.bottom")
        .replace("boundaries.right", "boundaries.top")
    )
    bent += '[mechanics.faces.bottom]\nlaw = "clamped"\n[mechanics.faces.top]\nlaw = "traction"\n'
    bent += 'shear = "10 MPa"\n' + TEXT[TEXT.index("[numerics]") :]
    found, said = told(bent, tmp_path)
    assert 1.0 < found["closed_length.gap"].value < 29.0
    resistance = found["area_specific_resistance"]
    assert resistance.lower <= SOUND * (1.0 + 1e-9)
    assert resistance.upper > 1.4 * SOUND
    assert resistance.bound == "estimated"
    assert "gap is closed in part" in said
