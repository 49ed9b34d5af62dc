"""Tangential loads on the faces of a crack in a plane of symmetry: G is K_I^2/E' all the same.

Along the crack of Griffith they are odd in x (planes x = 0 and y = 0 of symmetry). A force Q that
pulls both faces at x along the crack has K_I = -+(kappa - 1)/(kappa + 1) Q/sqrt(pi a) at its ends,
wherever x is: two opposite ones have none. So K_I = p sqrt(pi a), whatever the shear.
"""

from dataclasses import replace
from math import pi, sqrt

import pytest
from mpi4py import MPI

from solver.case import load_case
from solver.crack_quantities import disagreement
from solver.faults import CaseError
from solver.mechanics_meta import notes
from solver.mechanics_quantities import mechanical_quantities
from solver.simulate import simulate

MODULUS = 10e3 / (1.0 - 0.3**2)  # E', MPa
GRIFFITH = 100.0 * pi / MODULUS  # 10 MPa in a crack of 1 um: 0.028588 J/m^2
CASE = """
title = "Pressure and shear in a crack"
[geometry]
shape = "{shape}"
width = "{width} um"
layers = [{{ name = "a", thickness = "{width} um" }}]
crack = {{ face = "bottom", start = "0 um", end = "1 um" }}
[mechanics.solids.a]
law = "isotropic"
youngs_modulus = "10 GPa"
poissons_ratio = 0.3
fracture_toughness = "0.1 MPa m^0.5"
{left}
[mechanics.faces.crack]
law = "traction"
pressure = "10 MPa"
shear = "{shear} MPa"
[numerics]
accuracy = "1 %"
[output]
pictures = false
"""
LEFT = '[mechanics.faces.left]\nlaw = "symmetry"'


def solved(folder, **changes):
    path = folder / "case.toml"
    given = {"shape": "block", "width": 60, "left": LEFT, "shear": 10}
    path.write_text(CASE.format(**(given | changes)), encoding="utf-8")
    case = load_case(path)
    found = simulate(case, MPI.COMM_WORLD, lambda _: None)
    return case, found.mechanical, {quantity.name: quantity for quantity in found.quantities}


def test_shear_along_a_crack_of_griffith_does_not_drive_it(tmp_path):
    # the shear gains 2 tau u_t = 0.0104 J/m^2 of work on what the faces grow by, a third of G
    case, found, told = solved(tmp_path)
    rate = told["energy_release_rate"]
    assert rate.value == pytest.approx(GRIFFITH, rel=2e-3)
    assert told["energy_release_rate_by_extension"].value == pytest.approx(GRIFFITH, rel=2e-3)
    intensity = told["stress_intensity"].value
    assert intensity == pytest.approx(1e-3 * 10.0 * sqrt(pi), rel=1e-3)
    assert told["stress_intensity_by_interaction"].value == pytest.approx(intensity, rel=1e-3)
    # G goes with a: dG/da = G/a
    assert told["energy_release_rate_slope"].value == pytest.approx(GRIFFITH, rel=1e-2)
    assert told["verdict"].value == "stable"
    # were G and the intensity not those of one another, it would be said
    assert not disagreement(case.geometry, case.mechanics, found)
    (tip, force), *_ = found.tips
    more = replace(force, by_contour=tuple(1.01 * rate for rate in force.by_contour))
    wrong = replace(found, tips=((tip, more),))
    said = disagreement(case.geometry, case.mechanics, wrong)
    assert said.startswith("Warning: G is 0.0288")
    assert said in notes(case, replace(wrong, remarks=(said,)))
    told = {quantity.name: quantity.value for quantity in mechanical_quantities(case, wrong)}
    assert told["verdict"] == "undecided: G and the interaction integral do not agree"


@pytest.mark.slow
def test_shear_along_a_penny_is_that_of_the_interaction(tmp_path):
    _, _, told = solved(tmp_path, shape="cylinder", width=20, left="")
    by_interaction = told["stress_intensity_by_interaction"].value
    assert told["stress_intensity"].value == pytest.approx(by_interaction, rel=2e-3)
    # of a round crack under pressure; shear along the radius has none at its rim
    assert by_interaction == pytest.approx(2e-3 * 10.0 / sqrt(pi), rel=1e-3)


def test_a_channelling_crack_bears_no_shear(tmp_path):
    path = tmp_path / "case.toml"
    text = CASE.format(shape="block", width=60, left="", shear=10)
    text = text.replace('face = "bottom", start = "0 um"', 'face = "left", start = "60 um"')
    text = text.replace('end = "1 um"', 'end = "61 um"')
    text = text.replace('"60 um" }]', '"60 um" }, { name = "f", thickness = "1 um" }]')
    law = 'law = "isotropic"\nyoungs_modulus = "9 GPa"\npoissons_ratio = 0.3\n'
    text = text.replace(
        "[mechanics.faces.crack]", f"[mechanics.solids.f]\n{law}\n[mechanics.faces.crack]"
    )
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CaseError, match=r"crack\.shear.*drives nothing"):
        load_case(path)
