"""Strains that are not small are found in the solution; stresses of a body without crack."""

import pytest
from mpi4py import MPI

from solver.case import load_case
from solver.simulate import simulate

E, NU = 1e3, 0.3  # MPa
BLOCK = """title = "Far beyond small strains"
[geometry]
shape = "block"
width = "2 um"
layers = [{ name = "s", thickness = "1 um" }]
[mechanics]
plane = "strain"
[mechanics.solids.s]
law = "isotropic"
youngs_modulus = "1 GPa"
poissons_ratio = 0.3
[mechanics.faces.bottom]
law = "symmetry"
[mechanics.faces.left]
law = "symmetry"
[numerics]
accuracy = "1 %"
"""
PUSHED = '[mechanics.faces.top]\nlaw = "displacement"\nnormal = "{} um"\n'
HELD = '[mechanics.faces.top]\nlaw = "symmetry"\n'


def solved(text, tmp_path, comm=MPI.COMM_SELF):
    path = tmp_path / "case.toml"
    path.write_text(text)
    solution = simulate(load_case(path), comm, lambda _: None)
    return solution.mechanical.remarks, {q.name: q for q in solution.quantities}


def with_solid(more):
    return BLOCK.replace("poissons_ratio = 0.3", f"poissons_ratio = 0.3\n{more}")


WARM = with_solid('thermal_expansion = "1e-4 K^-1"') + HELD + "[load]\ntemperature_change = "


@pytest.mark.parametrize(
    ("text", "strain"),
    [
        (BLOCK + PUSHED.format("-0.3"), "30 %"),  # of 1 um
        (BLOCK + PUSHED.format("-0.019"), ""),
        (with_solid("misfit_strain = 0.2"), "26 %"),  # plane strain: (1 + nu) times 20 %
        (with_solid("misfit_strain = 0.015"), ""),
        (WARM + '"1500 K"\n', "28 %"),  # (1 + nu)/(1 - nu) times 15 % along the free direction
        (WARM + '"50 K"\n', ""),
    ],
    ids=["pushed", "pushed a little", "misfit", "small misfit", "warm", "hardly warm"],
)
def test_large_strains_are_told_by_the_solution(text, strain, tmp_path):
    said, _ = solved(text, tmp_path)
    assert len(said) == (1 if strain else 0)
    if strain:
        assert "100 % of s is strained by more than 2 %" in said[0]
        assert f"by {strain} in the mean" in said[0]


LAYERS = 'layers = [{ name = "s", thickness = "1 um" }]'
SECOND = '[mechanics.solids.t]\nlaw = "isotropic"\nyoungs_modulus = "1 GPa"\npoissons_ratio = 0.3\n'
TORN = (
    BLOCK.replace(LAYERS, LAYERS.replace("}]", '}, { name = "t", thickness = "1 um" }]'))
    + SECOND
    + '[mechanics.interfaces."s|t"]\nlaw = "cohesive"\nstrength = "20 MPa"\n'
    + 'fracture_energy = "1 J/m^2"\n'
).replace('accuracy = "1 %"', 'refinement = "none"\nmaximum_size = "1 um"')


@pytest.mark.parametrize(
    ("moved", "warned"), [("-0.6", ["s", "t"]), ("0.6", [])], ids=["pushed", "torn apart"]
)
def test_layers_that_an_interface_holds_are_strained_too(moved, warned, tmp_path):
    # 0.6 um of 2 um; torn apart the layers are free of strain, however far they are moved
    said, _ = solved(TORN + PUSHED.format(moved), tmp_path)
    assert [text.split(" of ")[1].split()[0] for text in said] == warned
    assert all("by 30 % in the mean" in text for text in said)


def test_the_tip_of_a_crack_is_no_large_strain(tmp_path):
    text = BLOCK.replace(
        '"1 um" }]', '"2 um" }]\ncrack = { face = "left", start = "1 um", end = "2 um" }'
    )
    text = text.replace('[mechanics.faces.left]\nlaw = "symmetry"\n', "")
    text += '[mechanics.faces.crack]\nlaw = "traction"\npressure = "1 MPa"\n'
    said, found = solved(text, tmp_path)
    assert said == ()
    assert found["energy_release_rate"].value > 0.0
    said, _ = solved(text.replace('"1 MPa"', '"100 MPa"'), tmp_path)
    assert len(said) == 1


def test_a_body_without_crack_tells_its_stresses(tmp_path):
    # uniaxial in plane strain: s = E e/(1 - nu^2) = 3.2967 MPa at 0.3 %, (1 + nu) s/3 its mean
    _, found = solved(BLOCK + PUSHED.format("-0.003"), tmp_path)
    stress = E * 3e-3 / (1.0 - NU**2)
    assert found["mean_pressure.top"].value == pytest.approx(stress, rel=1e-9)
    assert found["mean_stress.s"].value == pytest.approx(-(1.0 + NU) * stress / 3.0, rel=1e-9)
    largest = stress * (1.0 - NU + NU**2) ** 0.5
    assert found["largest_equivalent_stress"].value == pytest.approx(largest, rel=1e-9)
    assert found["displacement.right"].value == pytest.approx(2.0 * 3e-3 * NU / (1.0 - NU))
    assert found["mean_stress.s"].bound == "estimated"


def test_a_cylinder_tells_the_stress_along_its_axis(tmp_path):
    text = BLOCK.replace('"block"', '"cylinder"').replace('plane = "strain"\n', "")
    text = text.replace('[mechanics.faces.left]\nlaw = "symmetry"\n', "")
    _, found = solved(text + PUSHED.format("-0.003"), tmp_path)
    assert found["mean_pressure.bottom"].value == pytest.approx(E * 3e-3, rel=1e-9)
    assert found["mean_stress.s"].value == pytest.approx(-E * 1e-3, rel=1e-9)
    assert found["largest_equivalent_stress"].value == pytest.approx(E * 3e-3, rel=1e-9)
    assert found["displacement.right"].value == pytest.approx(2.0 * 3e-3 * NU)
