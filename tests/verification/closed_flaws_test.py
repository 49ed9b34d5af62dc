"""Flaws that a load presses shut conduct: along all of their length, in part, or not at all."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from mpi4py import MPI

from solver.closed_part import closed_bars
from solver.pressed import Pressed
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
def test_a_flaw_that_is_closed_in_part_conducts_there(tmp_path):
    # sheared at its top and clamped below the body bends: the mouth of the flaw is pulled, its end
    # pressed. What is open, L of the width w, is a slit in a strip, -(4 w/(pi kappa)) ln cos(pi
    # L/2w), and the ends of the strip are far (exp(-2 pi))
    bent = (
        TOUCH[: TOUCH.index("[mechanics.faces.left]")]
        .replace('thickness = "40 um"', 'thickness = "80 um"')
        .replace('x = "20 um", y = "5 um"', 'x = "0 um", y = "40 um"')
        .replace('"90 degree"', '"0 degree"')
        .replace("boundaries.left", "boundaries.bottom")
        .replace("boundaries.right", "boundaries.top")
    )
    bent += '[mechanics.faces.bottom]\nlaw = "clamped"\n[mechanics.faces.top]\nlaw = "traction"\n'
    bent += 'shear = "-10 MPa"\npressure = "30 MPa"\n' + TEXT[TEXT.index("[numerics]") :]
    found, said = told(bent, tmp_path)
    assert found["closed_length.gap"].bound == "none"  # of one mesh
    length = 30.0 - found["closed_length.gap"].value
    assert 3.0 < length < 27.0
    excess = -0.1 * (4.0 * 40.0 / (2.5 * math.pi)) * math.log(math.cos(math.pi * length / 80.0))
    resistance = found["area_specific_resistance"]
    whole = SOUND + 1.6  # the strip is twice as long
    assert resistance.lower < whole + excess < resistance.upper
    assert resistance.value - whole == pytest.approx(excess, rel=0.1)
    assert resistance.upper - resistance.lower < 0.5 * excess
    assert resistance.bound == "estimated"
    assert "gap is closed in part" in said


def test_what_is_closed_in_part_is_known_to_the_difference_of_two_meshes():
    # 8 um in nodes of 1 um against 7.2 um in nodes of 1.2 um; closed all along nothing ends
    def jump(closed, apart, size):
        across = np.array([0.0] * closed + [0.1] * apart)
        count = closed + apart
        return SimpleNamespace(
            opening=np.vstack([0.01 * np.arange(count), across]).T,
            force=np.vstack([np.zeros(count), np.where(across > 0.0, 0.0, 2.0 * size)]).T,
            area=np.full(count, size),
            length=np.full(count, size),
            overlap=0.0,
        )

    def bars(one, other):
        answers = tuple(SimpleNamespace(jumps={"gap": each}) for each in (one, other))
        return closed_bars(MPI.COMM_SELF, ({}, {}), answers)

    found = bars(jump(8, 4, 1.0), jump(6, 4, 1.2))
    assert found["closed_length.gap"] == pytest.approx(1.0)  # a node, more than 0.8 um
    assert found["contact_force.gap"] == pytest.approx(1.6)
    assert found["flaw_slip.gap"] == pytest.approx(0.02)
    assert found["mean_contact_pressure.gap"] == pytest.approx(0.0, abs=1e-12)
    assert bars(jump(8, 4, 1.0), jump(3, 7, 1.2))["closed_length.gap"] == pytest.approx(4.4)
    assert bars(jump(12, 0, 1.0), jump(10, 0, 1.2))["closed_length.gap"] == pytest.approx(0.0)
    flat = {"crack": Pressed(3.0, 1.0, 4.0, 0.2)}, {"crack": Pressed(3.5, 0.9, 4.3, 0.3)}
    found = closed_bars(MPI.COMM_SELF, flat, (None, None))
    assert found == pytest.approx(
        {
            "contact_force.crack": 0.5,
            "closed_length.crack": 0.2,
            "peak_contact_pressure.crack": 0.3,
        }
    )


@pytest.mark.slow
def test_a_flaw_from_below_that_is_pressed_shut_is_told(tmp_path):
    below = TEXT.replace('x = "20 um", y = "5 um"', 'x = "20 um", y = "0 um"')
    found, said = told(below, tmp_path)
    assert found["area_specific_resistance"].lower > 1.2 * SOUND
    assert "gap is pressed shut and would conduct" in said
