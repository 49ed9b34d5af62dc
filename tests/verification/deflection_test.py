"""Large deflections against the exact strip of Timoshenko, contact against Hertz."""

import math
from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI
from scipy.optimize import brentq

from meshes.build import build
from meshes.layers import Block, Crack, Layer
from meshes.sizing import MeshSize
from solver import hooke
from solver.case import load_case
from solver.contact_rim import find_rim
from solver.domain import read_domain
from solver.elasticity import Solid, Traction, make_body
from solver.equilibrium import Equilibrium, Support
from solver.face_stress import face_stress
from solver.simulate import simulate
from solver.solve import SolveFailed
from solver.solving_for import NoAnswer

E, NU = 77e3, 0.25  # MPa
THICKNESS, SPAN = 0.2, 8.0  # um
NONE = np.zeros(6)


def solid(modulus: float, ratio: float, large: bool = False) -> Solid:
    return Solid(hooke.isotropic(modulus, ratio), NONE, NONE, large)


def strip(pressure: float) -> tuple[float, float, float]:
    """Membrane stress, bending stress at the clamped edge (MPa), deflection (um), E, NU as above.

    A long plate with built-in edges under pressure: Timoshenko & Woinowsky-Krieger, Theory of
    Plates and Shells, section 3.
    """

    def left(u: float) -> float:
        terms = (
            -81.0 / (16.0 * u**7 * math.tanh(u)),
            -27.0 / (16.0 * u**6 * math.sinh(u) ** 2),
            27.0 / (4.0 * u**8),
            9.0 / (8.0 * u**6),
        )
        return sum(terms)

    slender = THICKNESS / SPAN
    right = (E / ((1.0 - NU**2) * pressure)) ** 2 * slender**8
    u = brentq(lambda u: math.log(left(u) / right), 0.05, 20.0)
    membrane = E * u**2 / (3.0 * (1.0 - NU**2)) * slender**2
    bending = 0.5 * pressure / slender**2 * 3.0 * (u - math.tanh(u)) / (u**2 * math.tanh(u))
    rigidity = E * THICKNESS**3 / (12.0 * (1.0 - NU**2))
    share = 24.0 / u**4 * (u**2 / 2.0 + u / math.sinh(u) - u / math.tanh(u))
    return membrane, bending, pressure * SPAN**4 / (384.0 * rigidity) * share


def clamped(tmp_path, pressure: float, large: bool, size: float = 0.1):
    """Half of a clamped strip: deflection in the middle, membrane stress, force balance."""
    block = Block("block", 0.5 * SPAN, (Layer("film", THICKNESS),), None)
    domain = read_domain(build(block, MeshSize(size, 1.0, size), (), tmp_path), MPI.COMM_SELF)
    body = make_body(domain, {"film": solid(E, NU, large)}, {"top": Traction(pressure)})
    supports = {"left": Support("normal"), "right": Support("clamped")}
    state = Equilibrium(body, supports, {}).solve()
    down = -state.displacement.x.array.reshape(-1, 2)[:, 1].min()
    return down, state.reactions["left"] / THICKNESS, state.balance


def test_a_small_deflection_is_that_of_the_linear_beam(tmp_path):
    # p L^4 (1 - nu^2)/(32 E h^3), shear adds 4.8 (h/L)^2 k = 0.5 %
    linear = 1e-4 * SPAN**4 * (1.0 - NU**2) / (32.0 * E * THICKNESS**3)
    for large in (False, True):
        down, membrane, balance = clamped(tmp_path, 1e-4, large)
        assert down == pytest.approx(linear, rel=6e-3)
        assert down > linear
        assert abs(membrane) < 1e-6 * 800.0
        assert balance < 1e-8


@pytest.mark.parametrize("pressure", [1.0, 10.0])
def test_a_large_deflection_is_that_of_the_exact_strip(tmp_path, pressure):
    # 1 MPa: 63.4 MPa, 142 nm; 10 MPa (six times the deflection of half a thickness): a membrane
    membrane, _, deflection = strip(pressure)
    down, stress, balance = clamped(tmp_path, pressure, True)
    assert down == pytest.approx(deflection, rel=6e-3)
    assert stress == pytest.approx(membrane, rel=1e-2)
    assert balance < 1e-8
    linear, _, _ = clamped(tmp_path, pressure, False)
    assert linear > 1.2 * deflection


def test_a_load_that_no_step_carries_says_how_far_it_came(tmp_path):
    block = Block("block", 0.5 * SPAN, (Layer("film", THICKNESS),), None)
    domain = read_domain(build(block, MeshSize(0.2, 1.0, 0.2), (), tmp_path), MPI.COMM_SELF)
    body = make_body(domain, {"film": solid(E, NU, True)}, {"top": Traction(math.nan)})
    supports = {"left": Support("normal"), "right": Support("clamped")}
    with pytest.raises(SolveFailed, match=r"did not converge .* % of the load, after 12 cuts"):
        Equilibrium(body, supports, {}).solve()


# --- cases ---------------------------------------------------------------------------------------

FOLDER = Path(__file__).parents[2] / "cases" / "verification" / "mechanics"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.toml")), ids=lambda path: path.stem)
def test_the_references_of_the_cases_are_met(path):
    solution = simulate(load_case(path), MPI.COMM_WORLD, lambda _: None)
    judged = [quantity for quantity in solution.quantities if quantity.reported is not None]
    assert judged
    assert all(quantity.hit for quantity in judged), judged


@pytest.mark.parallel
def test_contact_is_the_same_on_any_number_of_ranks():
    """Numbers of one rank, to solver tolerance."""
    case = load_case(FOLDER / "hertz_sphere.toml")
    found = []
    for comm in (MPI.COMM_SELF, MPI.COMM_WORLD):
        solution = simulate(case, comm, lambda _: None)
        found.append({q.name: q.value for q in solution.quantities})
    for name in ("contact_force.top", "contact_reach.top", "peak_contact_pressure.top"):
        assert found[1][name] == pytest.approx(found[0][name], rel=1e-8)


@pytest.mark.slow
def test_a_value_is_found_for_which_a_quantity_meets_its_target(tmp_path):
    """G goes with p^2: the pressure of margin 4 is half of the critical one."""
    text = (FOLDER.parent / "fracture" / "penny.toml").read_text(encoding="utf-8")
    text = text[: text.index("[[references]]")]
    text = text.replace("[mechanics.faces.crack]", "fracture_energy = 1\n\n[mechanics.faces.crack]")
    text = text.replace("fracture_energy = 1", 'fracture_energy = "1 J/m^2"')
    text = text.replace('accuracy = "0.1 %"', 'accuracy = "1 %"')
    wanted = {"parameter": "mechanics.faces.crack.pressure", "quantity": "margin", "target": "4"}
    path = tmp_path / "penny.toml"
    path.write_text(text)
    whole = simulate(load_case(path), MPI.COMM_SELF, lambda _: None)
    critical = next(q for q in whole.quantities if q.name == "critical_pressure")
    for bracket in ({}, {"bracket": ["0.1 MPa", "2 MPa"]}):
        case = load_case(path, change={"solve_for": wanted | bracket})
        solution = simulate(case, MPI.COMM_SELF, lambda _: None)
        answer = solution.quantities[0]
        assert (answer.name, answer.unit, answer.bound) == ("solved_for", "MPa", "estimated")
        assert answer.value == pytest.approx(0.5 * critical.value, rel=1e-4)
        assert answer.lower <= 0.5 * critical.value <= answer.upper
        margin = next(q for q in solution.quantities if q.name == "margin")
        assert margin.value == pytest.approx(4.0, rel=2e-4)
    nowhere = load_case(path, change={"solve_for": wanted | {"bracket": ["1 MPa", "2 MPa"]}})
    with pytest.raises(NoAnswer, match="not passed between 1 and 2"):
        simulate(nowhere, MPI.COMM_SELF, lambda _: None)


# --- contact --------------------------------------------------------------------------------------

BODY = {"body": solid(10e3, 0.3)}
STIFF = 10e3 / (1.0 - 0.3**2)  # E/(1 - nu^2) against a rigid indenter


def pressed(tmp_path, shape: str, depth: float, size: float):
    """A rigid parabola of radius 1 um pushed into a block that is 20 um wide."""
    block = Block(shape, 20.0, (Layer("body", 20.0),), Crack("bottom", 0.0, 1e-3))
    # the crack grades the mesh to the corner: turned upside down, it is where the indenter touches
    built = build(block, MeshSize(size, 0.1, 4.0), (), tmp_path)
    domain = read_domain(built, MPI.COMM_SELF)
    domain.mesh.geometry.x[:, 1] *= -1.0
    body = make_body(domain, BODY, {})
    supports = {
        "left": Support("normal"),
        "top": Support("normal"),
        "crack": Support("obstacle", depth, 1.0),
        "bottom": Support("obstacle", depth, 1.0),
    }
    if shape == "cylinder":
        del supports["left"]
    state = Equilibrium(body, supports, {}).solve()
    force = -state.reactions["bottom"] - state.reactions["crack"]
    return body, state, force


def reach(body, state, depth):
    """Of the contact, between the nodes, um."""
    support, touched = Support("obstacle", depth, 1.0), state.touching["bottom"]
    return find_rim(body, state.displacement, "bottom", support, 1.0, touched).by_gap


def test_a_sphere_presses_as_hertz_says(tmp_path):
    # F = 4/3 E* sqrt(R) d^1.5, a = sqrt(R d), p0 = 2 E*/pi sqrt(d/R); a/20 um is 0.5 %: the body is
    # stiffer than a half space by about a/(its size)
    depth = 0.01
    body, state, force = pressed(tmp_path, "cylinder", depth, 4e-3)
    assert force == pytest.approx(4.0 / 3.0 * STIFF * depth**1.5, rel=1e-2)
    assert reach(body, state, depth) == pytest.approx(math.sqrt(depth), rel=1e-2)
    peak = face_stress(body, state.displacement, "crack").pressure
    assert peak == pytest.approx(2.0 * STIFF / math.pi * math.sqrt(depth), rel=1e-2)
    assert state.balance < 1e-8


def test_a_cylinder_presses_as_hertz_says(tmp_path):
    # per depth: p0 = sqrt(F E*/(pi R)), a = sqrt(4 F R/(pi E*)), F of both halves
    body, state, force = pressed(tmp_path, "block", 0.02, 2e-3)
    peak = face_stress(body, state.displacement, "crack").pressure
    assert peak == pytest.approx(math.sqrt(2.0 * force * STIFF / math.pi), rel=1e-2)
    exact = math.sqrt(8.0 * force / (math.pi * STIFF))
    assert reach(body, state, 0.02) == pytest.approx(exact, rel=1e-2)


def test_a_crack_that_is_pressed_shut_passes_the_pressure_on(tmp_path):
    block = Block("block", 10.0, (Layer("body", 10.0),), Crack("bottom", 0.0, 1.0))
    domain = read_domain(build(block, MeshSize(0.1, 0.3, 2.0), (), tmp_path), MPI.COMM_SELF)
    body = make_body(domain, BODY, {"top": Traction(7.0)})
    supports = {"left": Support("normal"), "bottom": Support("normal")}
    supports["crack"] = Support("obstacle")
    state = Equilibrium(body, supports, {}).solve()
    # 7 MPa everywhere, 70 N/m on both parts of the plane, and no point below it
    assert face_stress(body, state.displacement, "crack").pressure == pytest.approx(7.0, rel=1e-8)
    force = -state.reactions["crack"] - state.reactions["bottom"]
    assert force == pytest.approx(70.0, rel=1e-10)
    assert -state.reactions["crack"] == pytest.approx(7.0, rel=0.02)  # but for its last node
    rows = Equilibrium(body, supports, {}).rows["crack"]
    assert state.displacement.x.array[rows].min() > -1e-6
    open_ = Equilibrium(body, {k: v for k, v in supports.items() if k != "crack"}, {}).solve()
    assert open_.displacement.x.array[rows].min() < -1e-4


def test_a_crack_half_open_touches_where_it_is_pressed(tmp_path):
    """A wedge of load: the middle of the face is pulled, its end pressed; nothing overlaps."""
    block = Block("block", 4.0, (Layer("body", 4.0),), Crack("bottom", 0.0, 3.0))
    domain = read_domain(build(block, MeshSize(0.05, 0.3, 0.5), (), tmp_path), MPI.COMM_SELF)
    # turned by shear on its top, the body stands on the outer part of the crack and gapes inside
    body = make_body(domain, BODY, {"top": Traction(0.0, shear=1.0)})
    supports = {"left": Support("normal"), "bottom": Support("normal")}
    supports["crack"] = Support("obstacle")
    equilibrium = Equilibrium(body, supports, {})
    state = equilibrium.solve()
    gap = state.displacement.x.array[equilibrium.rows["crack"]]
    assert gap.max() > 1e-5
    assert gap.min() > -1e-6 * gap.max()
    assert -state.reactions["crack"] > 0.0
    assert 0.0 < state.touching["crack"] < 3.0
    assert state.balance < 1e-8
