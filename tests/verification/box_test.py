"""What a box without crack tells of its stresses, against exact ones."""

import pytest
from mpi4py import MPI

from solver.case import load_case
from solver.run import status_of
from solver.simulate import simulate

GIVEN = 'role = "definition", source = "chosen"'
E, NU = 10e3, 0.3  # MPa
BOX = f"""title = "A box"
question = "Which stresses?"

[geometry]
shape = "box"
width = {{ value = "2 um", {GIVEN} }}
depth = {{ value = "1 um", {GIVEN} }}

[[geometry.layers]]
name = "lower"
thickness = {{ value = "1 um", {GIVEN} }}

[[geometry.layers]]
name = "upper"
thickness = {{ value = "0.5 um", {GIVEN} }}

[mechanics.solids.lower]
law = "isotropic"
youngs_modulus = {{ value = "10 GPa", {GIVEN} }}
poissons_ratio = {{ value = 0.3, {GIVEN} }}

[mechanics.solids.upper]
law = "isotropic"
youngs_modulus = {{ value = "10 GPa", {GIVEN} }}
poissons_ratio = {{ value = 0.3, {GIVEN} }}
MORE
[mechanics.faces.left]
law = "symmetry"

[mechanics.faces.front]
law = "symmetry"

[mechanics.faces.bottom]
law = "symmetry"

[numerics]
accuracy = "1 %"
maximum_size = "0.7 um"

[output]
pictures = false

"""


def solved(text, folder):
    comm = MPI.COMM_WORLD
    path = folder / f"{comm.size}-{MPI.COMM_WORLD.rank}.toml"
    path.write_text(text, "utf-8")
    solution = simulate(load_case(path), comm, lambda _: None)
    assert status_of(solution) == "solved"
    return {quantity.name: quantity for quantity in solution.quantities}


@pytest.mark.parallel
def test_a_pulled_box_has_the_stress_of_a_bar(tmp_path):
    # 2 nm on 2 um: sigma = 1e-3 E = 10 MPa along x and nothing else, thinner by nu
    face = '[mechanics.faces.right]\nlaw = "displacement"\n'
    face += f'normal = {{ value = "2 nm", {GIVEN} }}\n'
    found = solved(BOX.replace("MORE", "") + face, tmp_path)
    exact = {
        "displacement.right": 2e-3,
        "displacement.back": -NU * 1e-3,
        "mean_pressure.right": -10.0,
        "mean_pressure.left": -10.0,
        "mean_stress.lower": 10.0 / 3.0,
        "mean_stress.upper": 10.0 / 3.0,
        "largest_equivalent_stress": 10.0,
    }
    for name, value in exact.items():
        assert found[name].value == pytest.approx(value, rel=1e-6), name
        assert found[name].bound == "estimated"
        assert found[name].lower <= found[name].value <= found[name].upper
    assert found["mean_pressure.front"].value == pytest.approx(0.0, abs=1e-6)
    assert not {name for name in found if name.startswith("crack_")}  # there is none


def test_a_layer_with_misfit_between_walls_presses_as_a_blanket_film(tmp_path):
    # sigma = E e/(1 - nu) = 14.2857 MPa in both directions in the upper third, nothing below
    stress = 1e-3 * E / (1.0 - NU)
    more = f'misfit_strain = {{ value = "0.1 %", {GIVEN} }}\n'
    walls = (
        '[mechanics.faces.right]\nlaw = "symmetry"\n\n[mechanics.faces.back]\nlaw = "symmetry"\n'
    )
    found = solved(BOX.replace("MORE", more) + walls, tmp_path)
    assert found["mean_stress.upper"].value == pytest.approx(-2.0 * stress / 3.0, rel=1e-6)
    assert found["mean_stress.lower"].value == pytest.approx(0.0, abs=1e-6)
    assert found["largest_equivalent_stress"].value == pytest.approx(stress, rel=1e-6)
    for name in ("right", "back"):
        assert found[f"mean_pressure.{name}"].value == pytest.approx(stress / 3.0, rel=1e-6)
