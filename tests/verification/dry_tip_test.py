"""A crack whose tip stays dry: dG/da against cracks of other lengths with the same dry length."""

import pytest
from mpi4py import MPI

from solver.case import load_case
from solver.simulate import simulate

CASE = """
title = "Lithium that ends before the tip"
[geometry]
shape = "{shape}"
width = "200 um"
layers = [{{ name = "s", thickness = "200 um" }}]
crack = {{ face = "{face}", start = "0 um", end = "{length:.9f} um" }}
[mechanics.solids.s]
law = "isotropic"
youngs_modulus = "22.1 GPa"
poissons_ratio = 0.37
fracture_energy = "0.1 J/m^2"
[mechanics.faces.crack]
law = "lithium"
overpotential = "10 mV"
dry_length = "0.2 um"
{flow}
[numerics]
accuracy = "1 %"
{meshes}
[output]
pictures = false
"""
# the walls hold 2 * 0.577 * 0.5 MPa * 0.8 um/10 nm = 46 MPa at the end of the lithium, of 74
FLOWING = 'width = "10 nm"\nyield_stress = "0.5 MPa"'


ONE = 'refinement = "none"'


def solved(folder, **changes):
    path = folder / "case.toml"
    given = {"shape": "block", "face": "left", "length": 1.0, "flow": "", "meshes": ONE}
    path.write_text(CASE.format(**(given | changes)), encoding="utf-8")
    solution = simulate(load_case(path), MPI.COMM_WORLD, lambda _: None)
    return {quantity.name: quantity.value for quantity in solution.quantities}


@pytest.mark.parametrize(
    "kind",
    [
        {},
        pytest.param({"flow": FLOWING}, marks=pytest.mark.slow),
        pytest.param({"shape": "cylinder", "face": "bottom"}, marks=pytest.mark.slow),
    ],
    ids=["edge", "flowing", "penny"],
)
def test_the_slope_is_that_of_cracks_with_the_same_dry_length(kind, tmp_path):
    # an edge crack in a half plane, by the fields of point forces on its faces: +0.55 J/m^2/um
    # (with the lithium's end fixed in space -0.5)
    here = solved(tmp_path, meshes="", **kind)
    step = 0.03
    shorter, longer = (
        solved(tmp_path, length=length, **kind)["energy_release_rate"]
        for length in (1.0 - step, 1.0 + step)
    )
    quotient = (longer - shorter) / (2.0 * step)
    assert here["energy_release_rate_slope"] == pytest.approx(quotient, rel=5e-3)
    if not kind:  # and so it goes on: G = 0.33 J/m^2 is above Gc = 0.1 and rises
        assert quotient == pytest.approx(0.55, rel=0.02)
        assert here["verdict"] == "grows unstably"
