"""Solids that flow in 3D: bars against ordinary laws, slabs against plane sections, energies."""

import math
from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI
from scipy.optimize import brentq

from meshes.build import build
from meshes.layers import Box, Layer
from meshes.sizing import MeshSize
from solver import hooke
from solver.case import load_case
from solver.closure import elastic_answer
from solver.domain import read_domain
from solver.elasticity import Solid, make_body
from solver.equilibrium import Equilibrium, Support
from solver.evolution import evolve
from solver.inelastic import Inelastic
from solver.mechanics_schema import Creep, History, Plastic, Viscoplastic
from solver.radial_return import Material
from solver.run import status_of
from solver.simulate import simulate
from solver.units import GAS_CONSTANT

NONE = np.zeros(6)
E, NU, KELVIN = 7820.0, 0.38, 298.0
PLASTIC = Plastic(0.7, 50.0)
CREEP = Creep(0.7, 1e-4, 6.6, 37.0, KELVIN)
LITHIUM = Viscoplastic(4.25e4, 37.0, 0.15, 0.95, 10.0, 2.0, 2.0, 0.05)
LAWS = {"plastic": PLASTIC, "creep": CREEP, "viscoplastic": LITHIUM}
PLANES = {name: Support("normal") for name in ("left", "front", "bottom")}
PULLED = 0.02  # um, by a length of 2 um: 1 %


# --- bars -----------------------------------------------------------------------------------------


def at_rate(rate, before, dt):
    """Stress and resistance of a step of the viscoplastic law, by its formulas."""
    share = rate * math.exp(37.0 / (GAS_CONSTANT * KELVIN)) / 4.25e4
    most = 2.0 * share**0.05

    def off(s):
        left = 1 - s / most
        return s - before - 10.0 * left**2 * math.copysign(1, left) * dt * rate

    s = brentq(off, min(before, most), max(before, most), xtol=1e-14)
    return s * share**0.15, s


def bar_stress(name, strains, times):
    """The stress of a bar in steps of backward Euler, one equation for each."""
    p, s, q, last = 0.0, 0.95, 0.0, 0.0
    for strain, time in zip(strains, times, strict=True):
        dt, last, trial = time - last, time, E * (strain - p)
        if name == "plastic":
            q = min(trial, (0.7 + 50.0 * strain) * E / (E + 50.0))
        elif name == "creep":

            def left(q, dt=dt, trial=trial):
                return q - trial + E * dt * 1e-4 * (q / 0.7) ** 6.6

            q = brentq(left, 0.0, trial)
        else:

            def off(x, s=s, dt=dt, trial=trial):
                return at_rate(math.exp(x), s, dt)[0] + E * dt * math.exp(x) - trial

            rate = math.exp(brentq(off, -40.0, math.log(trial / (E * dt)), xtol=1e-14))
            q, s = at_rate(rate, s, dt)
        p = strain - q / E
    return q


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("name", LAWS)
def test_a_pulled_bar_in_3d_has_the_stress_of_its_law(name, mixed, tmp_path):
    box = Box(1.0, 1.0, (Layer("a", 2.0),), None)
    domain = read_domain(build(box, MeshSize(1.0, 1.0, 1.0), (), tmp_path), MPI.COMM_SELF)
    stiffness = hooke.isotropic(E, NU)
    body = make_body(domain, {"a": Solid(stiffness, NONE, NONE)}, {})
    held = Equilibrium(body, {**PLANES, "top": Support("normal", PULLED)}, {})
    material = Material(stiffness, NONE, NONE, LAWS[name], mixed)
    problem = Inelastic(body, held, {"a": material}, KELVIN, {})
    timed = name != "plastic"
    history = History(10.0 if timed else None, 10.0 if timed else 0.0, 4)
    found = evolve(problem, history, lambda _: {}, elastic_answer(problem, held))
    assert found.stopped == ""
    shares = [step.load for step in found.steps]
    exact = bar_stress(name, [0.5 * PULLED * share for share in shares], [10 * s for s in shares])
    assert exact > 0.5  # it flows
    stress = problem.stress_at_points()
    along = np.array([0.0, 0.0, exact, 0.0, 0.0, 0.0])
    assert stress == pytest.approx(np.broadcast_to(along, stress.shape), abs=1e-7)
    # a bar in plastic flow keeps its volume: eps_x = -(nu q/E + (eps - q/E)/2)
    strain = 0.5 * PULLED
    thinner = NU * exact / E + 0.5 * (strain - exact / E)
    corner = problem.displacement.x.array.reshape(-1, 3)[:, 0].min()
    assert corner == pytest.approx(-thinner, rel=1e-6)


# --- bodies ---------------------------------------------------------------------------------------

GIVEN = 'role = "definition", source = "chosen"'
SQUEEZED = f"""title = "Lithium under a plate to which it sticks"
question = "Which force?"

[geometry]
SHAPE
width = {{ value = "1 um", {GIVEN} }}

[[geometry.layers]]
name = "lithium"
thickness = {{ value = "0.5 um", {GIVEN} }}

[mechanics.solids.lithium]
law = "isotropic"
youngs_modulus = {{ value = "7.82 GPa", {GIVEN} }}
poissons_ratio = {{ value = 0.38, {GIVEN} }}
formulation = "mixed"

[mechanics.solids.lithium.flow]
law = "plastic"
yield_stress = {{ value = "0.7 MPa", {GIVEN} }}
hardening_modulus = {{ value = "500 MPa", {GIVEN} }}
WALLS
[mechanics.faces.left]
law = "symmetry"

[mechanics.faces.bottom]
law = "symmetry"

[mechanics.faces.top]
law = "displacement"
normal = {{ value = "-1 nm", {GIVEN} }}
sticks = true

[load]
steps = STEPS

[numerics]
accuracy = "1 %"
maximum_size = "SIZE"
NUMERICS

[output]
pictures = false
"""
WALLS = '[mechanics.faces.front]\nlaw = "symmetry"\n[mechanics.faces.back]\nlaw = "symmetry"\n'
QUARTER = '[mechanics.faces.front]\nlaw = "symmetry"\n'
BLOCK = 'shape = "block"'
BOX = f'shape = "box"\ndepth = {{ value = "0.5 um", {GIVEN} }}'


def squeezed(
    folder, shape, walls="", steps=4, size="0.25 um", numerics="", comm=MPI.COMM_SELF, text=SQUEEZED
):
    words = {
        "SHAPE": shape, "WALLS": walls, "STEPS": str(steps), "SIZE": size, "NUMERICS": numerics
    }  # fmt: skip
    for word, value in words.items():
        text = text.replace(word, value)
    path = folder / f"{comm.size}-{MPI.COMM_WORLD.rank}.toml"
    path.write_text(text, "utf-8")
    solution = simulate(load_case(path), comm, lambda _: None)
    assert status_of(solution) in ("solved", "accuracy not reached")
    return {quantity.name: quantity for quantity in solution.quantities}


@pytest.mark.slow
def test_the_bar_of_the_case_in_3d_meets_its_reference():
    path = Path(__file__).parents[2] / "cases/verification/mechanics/viscoplastic_bar.toml"
    solution = simulate(load_case(path).variants["box"], MPI.COMM_SELF, lambda _: None)
    judged = [quantity for quantity in solution.quantities if quantity.reported is not None]
    assert [quantity.name for quantity in judged] == ["mean_pressure.top"]
    assert judged[0].hit


@pytest.mark.slow
def test_a_slab_between_walls_is_squeezed_as_its_plane_section(tmp_path):
    plane = squeezed(tmp_path, BLOCK, size="0.1 um")
    box = squeezed(tmp_path, BOX, WALLS)
    for name in ("mean_pressure.top", "mean_stress.lithium", "mean_pressure.left"):
        one, other = plane[name], box[name]
        bars = 0.5 * (one.upper - one.lower + other.upper - other.lower)
        assert other.value == pytest.approx(one.value, abs=bars), name
        assert bars < 0.03 * abs(one.value), name
    # energies of the box are those of its volume
    assert box["external_work"].unit == "pJ"
    for name in ("stored_energy", "dissipated_energy"):
        assert box[name].unit == "pJ"
        assert box[name].value == pytest.approx(0.5 * plane[name].value, rel=2e-2), name


def test_the_work_on_a_box_is_stored_or_spent_but_for_its_steps(tmp_path):
    once = 'refinement = "none"'
    left = []
    for steps in (4, 8):
        found = squeezed(tmp_path, BOX, QUARTER, steps, "0.5 um", once)
        kept = found["stored_energy"].value + found["dissipated_energy"].value
        assert found["largest_plastic_strain"].value > 1e-3
        left.append(abs(found["external_work"].value - kept) / kept)
    assert left[1] < 0.65 * left[0] < 0.65 * 0.2


@pytest.mark.parallel
def test_a_box_that_flows_is_the_same_on_any_number_of_ranks(tmp_path):
    once = 'refinement = "none"'
    alone = squeezed(tmp_path, BOX, QUARTER, 2, "0.5 um", once)
    together = squeezed(tmp_path, BOX, QUARTER, 2, "0.5 um", once, MPI.COMM_WORLD)
    for name in ("mean_pressure.top", "dissipated_energy", "stored_energy", "displacement.right"):
        assert together[name].value == pytest.approx(alone[name].value, rel=1e-8), name


def test_a_stressed_layer_between_walls_relaxes_by_flow(tmp_path):
    # s along both axes of the layer, free above: s0 - E/(1 - nu) p/2 = sigma_y + H p
    p = (1.0 - 0.7) / (500.0 + 0.5 * E / (1.0 - NU))
    stress = 0.7 + 500.0 * p
    words = {
        "[mechanics.faces.top]": "[mechanics.faces.right]",
        f'law = "displacement"\nnormal = {{ value = "-1 nm", {GIVEN} }}\nsticks = true': (
            'law = "symmetry"'
        ),
        'formulation = "mixed"': f'residual_stress = {{ value = "1 MPa", {GIVEN} }}',
    }
    text = SQUEEZED
    for word, value in words.items():
        assert word in text
        text = text.replace(word, value)
    found = squeezed(tmp_path, BOX, WALLS, 2, "0.5 um", 'refinement = "none"', text=text)
    assert found["mean_stress.lithium"].value == pytest.approx(2.0 * stress / 3.0, rel=1e-6)
    assert found["largest_equivalent_stress"].value == pytest.approx(stress, rel=1e-6)
    assert found["largest_plastic_strain"].value == pytest.approx(p, rel=1e-6)
