"""Flaws in a crystal: what is not told of them is said."""

from tests.verification.helpers import told

TEXT = """
title = "flaw in a crystal"
[geometry]
shape = "block"
width = "100 um"
[[geometry.layers]]
name = "solid"
thickness = "100 um"
[[geometry.flaws]]
name = "f"
x = "49 um"
y = "50 um"
length = "2 um"
angle = "0 degree"
[mechanics]
plane = "strain"
[mechanics.solids.solid]
law = "cubic"
c11 = "13.5 GPa"
c12 = "11.4 GPa"
c44 = "8.8 GPa"
angle = "30 degree"
fracture_energy = "4e-4 J/m^2"
[mechanics.faces.f]
law = "traction"
pressure = "1 MPa"
[numerics]
refinement = "none"
accuracy = "0.5 %"
[output]
pictures = false
"""


def test_flaws_in_a_crystal_say_why_they_have_no_intensities(tmp_path):
    found, said = told(TEXT, tmp_path)
    assert not any(name.startswith("stress_intensity") for name in found)
    assert "K_I and K_II of the flaws are not told" in said
