"""Bodies without stress end at once; a tiny load is solved for as any other."""

import pytest
from mpi4py import MPI

from solver import mechanics_meta
from solver.case import load_case
from solver.floors import STRAIN
from solver.run import status_of
from solver.simulate import simulate

GIVEN = 'role = "definition", source = "chosen"'
E, NU = 10e3, 0.3  # MPa
PLAIN = f"""title = "A body"
question = "Does it end?"

[geometry]
shape = "block"
width = {{ value = "2 um", {GIVEN} }}

[[geometry.layers]]
name = "body"
thickness = {{ value = "1 um", {GIVEN} }}

[mechanics.solids.body]
law = "isotropic"
youngs_modulus = {{ value = "10 GPa", {GIVEN} }}
poissons_ratio = {{ value = 0.3, {GIVEN} }}
thermal_expansion = {{ value = "4.6e-5 K^-1", {GIVEN} }}

[mechanics.faces.left]
law = "symmetry"

[mechanics.faces.bottom]
law = "symmetry"

[mechanics]
plane = "stress"

[numerics]
accuracy = "0.1 %"

[output]
pictures = false

"""
WARM = f'[load]\ntemperature_change = {{ value = "30 K", {GIVEN} }}\n'
PRESSED = '[mechanics.faces.top]\nlaw = "traction"\npressure = {{ value = "{} Pa", {} }}\n'


def solved(text, folder):
    path = folder / "case.toml"
    path.write_text(text, "utf-8")
    return simulate(load_case(path), MPI.COMM_WORLD, lambda _: None)


def test_a_warm_body_without_stress_ends_at_once(tmp_path):
    solution = solved(PLAIN + WARM, tmp_path)
    found = solution.mechanical
    # free expansion of 1.4e-3 would store 2e-2 pJ/um if it were held; free, rounding of it squared
    assert abs(found.state.energy) < 0.5 * E * STRAIN**2 * 2.0
    assert len(found.history) == 2
    assert status_of(solution) == "solved"
    assert mechanics_meta.shortfall(solution.case, found) == ""


@pytest.mark.parametrize("pressure", [1e-2, 10.0])  # Pa: strains of 1e-12 and 1e-9
def test_a_tiny_load_has_its_energy(pressure, tmp_path):
    found = solved(PLAIN + PRESSED.format(pressure, GIVEN), tmp_path).mechanical
    # Pi = -sigma^2/(2 E) times 2 um^2, exactly, on every mesh
    sigma = 1e-6 * pressure
    assert found.state.energy == pytest.approx(-(sigma**2) / (2 * E) * 2.0, rel=1e-9)
    assert found.history[-1].bar <= 1e-3 * abs(found.state.energy)


def test_a_small_load_whose_energy_needs_finer_meshes_gets_them(tmp_path):
    # a stiff foot below half of the load: singular, so several meshes; the energy goes with p^2
    finer = PLAIN.replace("0.1 %", "0.004 %")
    held = finer.replace(
        '[mechanics.faces.bottom]\nlaw = "symmetry"', '[mechanics.faces.bottom]\nlaw = "clamped"'
    )
    numbers = [solved(held + PRESSED.format(p, GIVEN), tmp_path).mechanical for p in (100, 1e6)]
    assert len(numbers[0].history) == len(numbers[1].history) > 2
    ratio = numbers[1].state.energy / numbers[0].state.energy
    assert ratio == pytest.approx(1e8, rel=1e-9)
