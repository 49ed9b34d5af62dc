"""A spring behind a plate on a body that flows, or has a pressure as an unknown, or comes apart."""

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


# --- layers that may come apart: lower, upper and spring in series --------------------------------

LOWER, UPPER = (10.0, 7820.0), (5.0, 22100.0)  # um, MPa
RATIO = 0.3
CONFINED = (1.0 - RATIO) / ((1.0 + RATIO) * (1.0 - 2.0 * RATIO))  # of E: nothing moves sideways
SIDES = 'left = { law = "symmetry" }\n'
LAYERED = f"""title = "Two layers behind a spring"
[geometry]
shape = "{{shape}}"
width = "8 um"
{{deep}}
layers = [{{{{ name = "lower", thickness = "{LOWER[0]} um" }}}},
  {{{{ name = "upper", thickness = "{UPPER[0]} um" }}}}]
[mechanics.solids.lower]
law = "isotropic"
youngs_modulus = "{LOWER[1]} MPa"
poissons_ratio = {RATIO}
misfit_strains = [0.0, {{strains}}]
[mechanics.solids.upper]
law = "isotropic"
youngs_modulus = "{UPPER[1]} MPa"
poissons_ratio = {RATIO}
[mechanics.interfaces."lower|upper"]
{{joint}}
[mechanics.faces]
bottom = {{{{ law = "symmetry" }}}}
top = {{{{ law = "plate", stiffness = "{{stiff}} MPa/um", pressure = "{{pressure}} MPa" }}}}
{{held}}
[numerics]
maximum_size = "8 um"
refinement = "none"
[output]
pictures = false
"""
LAYERED_KINDS = {
    "block": {"deep": "", "held": SIDES + 'right = { law = "symmetry" }'},
    "cylinder": {"deep": "", "held": ""},
    "box": {"deep": 'depth = "8 um"', "held": SIDES + 'front = { law = "symmetry" }'},
}


def told_of_layers(folder, kind, misfit, pressure, joint='law = "contact"', stiff=STIFF):
    path = folder / "case.toml"
    strains = f"0.0, {misfit}" if kind == "box" else f"{misfit}, 0.0"
    given = {"pressure": pressure, "joint": joint, "stiff": stiff}
    text = LAYERED.format(shape=kind, strains=strains, **given, **LAYERED_KINDS[kind])
    path.write_text(text, encoding="utf-8")
    found = simulate(load_case(path), MPI.COMM_SELF, lambda _: None)
    return {quantity.name: quantity.value for quantity in found.quantities}


def compliance(kind):
    """Of both layers, um/MPa."""
    return sum(h / (E * (CONFINED if kind == "block" else 1.0)) for h, E in (LOWER, UPPER))


@pytest.mark.parametrize("kind", LAYERED_KINDS)
def test_layers_that_touch_and_a_spring_are_in_series(kind, tmp_path):
    # p = p_1 + k u, u = h e - p sum(h/M)
    misfit, given = 0.004, 2.0
    found = told_of_layers(tmp_path, kind, misfit, given)
    p = (given / STIFF + LOWER[0] * misfit) / (1.0 / STIFF + compliance(kind))
    assert found["stack_pressure.top"] == pytest.approx(p, rel=1e-9)
    moved = LOWER[0] * misfit - p * compliance(kind)
    assert found["plate_displacement.top"] == pytest.approx(moved, rel=1e-9)
    assert found["interface_pressure.lower|upper"] == pytest.approx(p, rel=1e-8)
    assert found["interface_opening.lower|upper"] < 1e-12
    assert found["force_balance"] < 1e-9


def test_a_layer_that_has_come_off_hangs_at_its_spring(tmp_path):
    # nothing presses: the spring is at rest, the gap is what the lower layer shrinks by
    found = told_of_layers(tmp_path, "cylinder", -0.001, 0.0)
    assert found["interface_opening.lower|upper"] == pytest.approx(0.001 * LOWER[0], rel=1e-8)
    assert abs(found["stack_pressure.top"]) < 1e-9
    assert abs(found["plate_displacement.top"]) < 1e-10


def test_layers_that_tear_pull_at_the_spring(tmp_path):
    # w + t C + (t + p_1)/k = h |e|, t = sigma (w_f - w)/(w_f - w_0) beyond w_0 = w_f/50
    strength, spent, stiff, given, misfit = 10.0, 0.5, 500.0, 1.0, 0.005
    joint = f'law = "cohesive"\nstrength = "{strength} MPa"\nfracture_energy = "{spent} J/m^2"'
    found = told_of_layers(tmp_path, "block", -misfit, given, joint, stiff)
    last = 2.0 * spent / strength
    slope = strength / (0.98 * last)
    gives = 1.0 / stiff + compliance("block")
    opening = LOWER[0] * misfit - given / stiff - gives * slope * last
    opening /= 1.0 - gives * slope
    pull = slope * (last - opening)
    assert 0.02 * last < opening < last
    assert found["interface_opening.lower|upper"] == pytest.approx(opening, rel=1e-6)
    assert found["stack_pressure.top"] == pytest.approx(-pull, rel=1e-6)
    assert found["plate_displacement.top"] == pytest.approx(-(pull + given) / stiff, rel=1e-6)
    assert found["force_balance"] < 1e-9


@pytest.mark.slow
def test_the_driving_force_of_layers_that_come_off_counts_the_spring(tmp_path):
    # pulled apart: G from contours is that of the energy with that of the spring, ends moved
    joint = 'law = "contact"\nstart = "0 um"\nend = "4 um"'
    found = told_of_layers(tmp_path, "block", -0.004, 0.0, joint, 500.0)
    rate = found["energy_release_rate"]
    assert rate > 0.1
    assert found["energy_release_rate_by_extension"] == pytest.approx(rate, rel=1e-3)
    assert found["interface_opening.lower|upper"] > 0.001
    # bonded beyond: the spring pulls less than in series with what is bonded all along
    series = -LOWER[0] * 0.004 / (1.0 / 500.0 + compliance("block"))
    assert series < found["stack_pressure.top"] < 0.2 * series
