"""A spring behind a plate on a body that flows, or whose pressure is an unknown."""

import pytest
from mpi4py import MPI
from scipy.optimize import brentq

from solver.case import load_case
from solver.simulate import simulate

HIGH, STIFF, E, MISFIT = 20.0, 5.0, 7820.0, 0.01  # um, MPa/um, MPa, 1
GIVES = 1.0 / (STIFF * HIGH) + 1.0 / E  # what body and spring give way together, 1/MPa
CREEP = 1e-4 / 0.7**6.6  # MPa^-n/s
CASE = f"""title = "Stack behind a spring"
[geometry]
shape = "{{shape}}"
width = "40 um"
{{deep}}
layers = [{{{{ name = "lithium", thickness = "{HIGH} um" }}}}]
[mechanics.solids.lithium]
law = "isotropic"
youngs_modulus = "7.82 GPa"
poissons_ratio = 0.38
misfit_strains = [0.0, {{strains}}]
{{formulation}}
[mechanics.faces]
bottom = {{{{ law = "symmetry" }}}}
top = {{{{ law = "plate", stiffness = "{STIFF} MPa/um", pressure = "{{pressure}} MPa" }}}}
{{held}}
[numerics]
maximum_size = "40 um"
refinement = "none"
[output]
pictures = false
"""
FLOW = """[mechanics.solids.lithium.flow]
law = "creep"
stress = "0.7 MPa"
rate = "1e-4 s^-1"
exponent = 6.6
[load]
duration = "50 s"
steps = 5
"""
KINDS = {
    "cylinder": {"shape": "cylinder", "deep": "", "held": "", "strains": f"{MISFIT}, 0.0"},
    "box": {
        "shape": "box",
        "deep": 'depth = "30 um"',
        "held": 'left = { law = "symmetry" }\nfront = { law = "symmetry" }',
        "strains": f"0.0, {MISFIT}",
    },
}


def told(folder, kind, pressure, mixed, flow, comm=MPI.COMM_SELF):
    path = folder / "case.toml"
    formulation = 'formulation = "mixed"' if mixed else ""
    text = CASE.format(pressure=pressure, formulation=formulation, **KINDS[kind])
    path.write_text(text + (FLOW if flow else ""), encoding="utf-8")
    found = simulate(load_case(path), comm, lambda _: None)
    return {quantity.name: quantity.value for quantity in found.quantities}


@pytest.mark.parametrize("pressure", [0.0, 2.0])
def test_a_mixed_body_and_a_plain_one_come_to_rest_alike(pressure, tmp_path):
    # p = p1 + k u, u = h (e - p/E)
    exact = (pressure / (STIFF * HIGH) + MISFIT) / GIVES
    for mixed in (True, False):
        found = told(tmp_path, "cylinder", pressure, mixed, False)
        assert found["stack_pressure.top"] == pytest.approx(exact, rel=1e-9)
        assert found["mean_pressure.bottom"] == pytest.approx(exact, rel=1e-9)
        moved = HIGH * (MISFIT - exact / E)
        assert found["plate_displacement.top"] == pytest.approx(moved, rel=1e-9)


@pytest.mark.parametrize(("kind", "pressure"), [("cylinder", 0.5), ("box", 0.0)])
def test_creep_takes_the_stack_pressure_step_by_step(kind, pressure, tmp_path):
    # backward Euler of C dp/dt = -A p^n, from what the load makes at once
    found = told(tmp_path, kind, pressure, True, True)
    now = (pressure / (STIFF * HIGH) + MISFIT) / GIVES
    for _ in range(5):
        now = brentq(lambda p, q=now: GIVES * (p - q) + CREEP * p**6.6 * 10.0, 0.0, now)
    for name in ("stack_pressure.top", "mean_pressure.top", "mean_pressure.bottom"):
        assert found[name] == pytest.approx(now, rel=1e-7), name
    assert found["force_balance"] < 1e-10


def test_a_plate_tells_the_pressure_under_it(tmp_path):
    # without a spring it was once told to be nothing
    text = CASE.replace(f'stiffness = "{STIFF} MPa/um", ', "")
    path = tmp_path / "case.toml"
    formulation = 'formulation = "mixed"'
    path.write_text(text.format(pressure=2.0, formulation=formulation, **KINDS["cylinder"]))
    found = {q.name: q.value for q in simulate(load_case(path), MPI.COMM_SELF, print).quantities}
    assert found["mean_pressure.top"] == pytest.approx(2.0, rel=1e-12)
    assert found["mean_pressure.bottom"] == pytest.approx(2.0, rel=1e-9)
