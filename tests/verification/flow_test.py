"""Solids that flow: laws against ordinary differential equations, bodies against exact ones."""

import math
from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI
from scipy.integrate import solve_ivp

from meshes.build import build
from meshes.layers import Block, Layer, Shell
from meshes.sizing import MeshSize
from solver import evolution, hooke
from solver.case import load_case
from solver.creep import rate_at
from solver.domain import read_domain
from solver.elasticity import Solid, Traction, make_body
from solver.equilibrium import Equilibrium, Support
from solver.evolution import evolve
from solver.inelastic import Inelastic
from solver.mechanics_schema import Creep, History, Plastic, Viscoplastic
from solver.point_fields import FaceMeans
from solver.radial_return import Material, fresh_points, respond
from solver.scalar_roots import increasing_root
from solver.solve import SolveFailed
from solver.units import GAS_CONSTANT

NONE = np.zeros(6)
SLIDES = Support("normal")
E, NU = 7820.0, 0.38
ELASTIC = hooke.isotropic(E, NU)
PLASTIC = Plastic(0.7, 50.0)
CREEP = Creep(0.7, 1e-4, 6.6, 37.0, 298.0)
LITHIUM = Viscoplastic(4.25e4, 37.0, 0.15, 0.95, 10.0, 2.0, 2.0, 0.05)
LAWS = {"plastic": PLASTIC, "creep": CREEP, "viscoplastic": LITHIUM}
FOLDER = Path(__file__).parents[2] / "cases" / "verification" / "mechanics"


def material(law, mixed=False, stiffness=ELASTIC):
    return Material(stiffness, NONE, NONE, law, mixed)


# --- one material point ---------------------------------------------------------------------------


def test_roots_of_steep_functions_are_found_to_rounding():
    # x^9 = c between 0 and 10 and e^(200 x) = c: Newton's method alone would leave the bracket
    target = np.array([1e-9, 1.0, 1e6])
    root = increasing_root(lambda x: (x**9 - target, 9.0 * x**8), np.zeros(3), np.full(3, 10.0))
    assert root == pytest.approx(target ** (1 / 9), rel=1e-13)
    root = increasing_root(
        lambda x: (np.exp(200 * x) - target, 200 * np.exp(200 * x)), np.full(3, -3.0), np.ones(3)
    )
    assert root == pytest.approx(np.log(target) / 200, rel=1e-12, abs=1e-13)


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
@pytest.mark.parametrize("seconds", [1e-6, 1.0, 1e6])
def test_the_tangent_is_the_slope_of_the_stress(law, seconds):
    # central differences with a relative step of 1e-6: some 1e-9 of truncation and rounding
    random = np.random.default_rng(1)
    strain = random.normal(size=(500, 6)) * 10 ** random.uniform(-7, -1, size=(500, 1))
    step = random.normal(size=6) * np.linalg.norm(strain, axis=1)[:, None] * 1e-6
    points = fresh_points(material(law), 500)

    def stress(at):
        return respond(material(law), at, points, 1.0, seconds, 298.0).stress

    slope = (stress(strain + step) - stress(strain - step)) / 2.0
    answer = respond(material(law), strain, points, 1.0, seconds, 298.0)
    expected = np.einsum("nij,nj->ni", answer.tangent, step)
    assert np.linalg.norm(slope - expected, axis=1) == pytest.approx(
        0.0, abs=1e-7 * np.linalg.norm(expected, axis=1).max()
    )
    off = np.linalg.norm(slope - expected, axis=1) / np.linalg.norm(expected, axis=1)
    assert off.max() < 1e-6


def sheared(law, seconds, steps, rate, temperature=298.0):
    """Shear stress of a point sheared at an even rate, by steps of backward Euler; 1/s."""
    points = fresh_points(material(law), 1)
    strain = np.zeros((1, 6))
    found = []
    for _ in range(steps):
        strain[0, hooke.XY] += rate * seconds / steps
        answer = respond(material(law), strain, points, 1.0, seconds / steps, temperature)
        points = answer.points
        found.append(answer.stress[0, hooke.XY])
    return np.array(found), points


def test_hardening_in_shear_is_exact_in_every_step():
    # q = sqrt(3) tau, dp = d gamma_p/sqrt(3): tau = tau_y + H/3 gamma_p, d tau = G d gamma_e
    shear = E / (2 * (1 + NU))
    gamma = 0.02
    tau_y, hard = 0.7 / math.sqrt(3), 50.0 / 3.0
    exact = (tau_y / hard + gamma) / (1 / hard + 1 / shear)
    for steps in (1, 7):
        tau, points = sheared(PLASTIC, 1.0, steps, gamma)
        assert tau[-1] == pytest.approx(exact, rel=1e-12)
        assert points.accumulated[0] == pytest.approx((gamma - exact / shear) / math.sqrt(3))


def creep_exact(seconds, rate, temperature):
    """The same by an ordinary differential equation for the shear stress."""
    shear = E / (2 * (1 + NU))
    base = 1e-4 * math.exp(-37.0 / GAS_CONSTANT * (1 / temperature - 1 / 298.0))

    def change(_, y):
        flow = math.sqrt(3) * base * (math.sqrt(3) * y[0] / 0.7) ** 6.6
        return [shear * (rate - flow)]

    return solve_ivp(change, (0, seconds), [0.0], method="Radau", rtol=1e-11, atol=1e-12).y[0, -1]


def anand_exact(seconds, rate, temperature):
    """Anand and Narayan, small strains: stress and resistance by an independent integration."""
    shear = E / (2 * (1 + NU))
    base = 4.25e4 * math.exp(-37.0 / (GAS_CONSTANT * temperature))

    def change(_, y):
        tau, resistance = max(y[0], 0.0), y[1]
        flow = base * (math.sqrt(3) * tau / resistance) ** (1 / 0.15)
        if flow < 1e-60:
            return [shear * rate, 0.0]
        left = 1 - resistance / (2.0 * (flow / base) ** 0.05)
        gain = 10.0 * abs(left) ** 2 * math.copysign(1, left)
        return [shear * (rate - math.sqrt(3) * flow), gain * flow]

    span = (0, seconds)
    return solve_ivp(change, span, [0.0, 0.95], method="Radau", rtol=1e-10, atol=1e-12).y[:, -1]


@pytest.mark.parametrize("temperature", [298.0, 333.0])
@pytest.mark.parametrize("name", ["creep", "viscoplastic"])
def test_a_law_converges_to_its_differential_equation(name, temperature):
    # within the transient: creep 1e-4 1/s to a strain of 2e-4 (elastic: 0.3 MPa), Anand to 3 %
    seconds, rate = (2.0, 1e-4) if name == "creep" else (30.0, 1e-3)
    exact = creep_exact if name == "creep" else anand_exact
    goal = np.atleast_1d(exact(seconds, rate, temperature))
    errors = []
    for steps in (80, 160, 320):
        tau, points = sheared(LAWS[name], seconds, steps, rate, temperature)
        error = [tau[-1] / goal[0] - 1]
        if name == "viscoplastic":
            error.append(points.resistance[0] / goal[1] - 1)
        errors.append(np.abs(error))
    orders = np.log2(np.array(errors[:-1]) / np.array(errors[1:]))
    assert np.all(np.abs(orders[-1] - 1.0) < 0.15), orders  # backward Euler: first order
    assert np.all(errors[-1] < 2e-2)


def test_warm_lithium_creeps_faster_as_arrhenius_says():
    # exp(37/R (1/298 - 1/333)) = 4.80 with R = 8.314e-3 kJ/(mol K)
    assert rate_at(CREEP, 333.0) / rate_at(CREEP, 298.0) == pytest.approx(4.80, rel=2e-3)
    assert rate_at(CREEP, 298.0) == 1e-4


def test_the_viscoplastic_law_flows_at_the_stress_of_its_formula():
    # in steady flow S = S*, q = S_0 (e/r)^(n + m); e = 2e-5 1/s at 298 K: r = 0.0139 1/s, 0.54 MPa
    rate = 2e-5
    base = 4.25e4 * math.exp(-37.0 / (GAS_CONSTANT * 298.0))
    steady = 2.0 * (rate / base) ** 0.2
    assert steady == pytest.approx(0.54, rel=0.01)
    # at the strain p: 1 - S/S* = x with 1/x = 1/x0 + H p/S*, slowly (a = 2): at p = 1 still 0.10
    goal = 2.0 * (rate / base) ** 0.05
    left = 1 / (1 / (1 - 0.95 / goal) + 10.0 / goal)
    tau, _ = sheared(LITHIUM, 5e4, 400, rate * math.sqrt(3))
    assert tau[-1] * math.sqrt(3) == pytest.approx(steady * (1 - left), rel=2e-3)


# --- bodies ---------------------------------------------------------------------------------------


def problem_of(geometry, tmp_path, materials, tractions, supports, size=0.25, comm=MPI.COMM_SELF):
    built = build(geometry, MeshSize(size, 1.0, size), (), tmp_path)
    domain = read_domain(built, comm)
    solids = {n: Solid(m.stiffness, m.eigenstrain, m.initial_stress) for n, m in materials.items()}
    body = make_body(domain, solids, tractions)
    return Inelastic(body, Equilibrium(body, supports, {}), materials, 298.0, {})


BAR = Block("cylinder", 1.0, (Layer("bar", 2.0),), None)


def pulled(law, tmp_path, history, displacement, mixed=True):
    """A bar of radius 1 um and length 2 um, pulled: stress along it after every step, MPa."""
    supports = {"bottom": SLIDES, "top": Support("normal", displacement)}
    bar = {"bar": material(law, mixed)}
    problem = problem_of(BAR, tmp_path, bar, {}, supports, 1.0)
    rows = problem.held.rows["top"]

    def watch(reached):
        return {"stress": reached.left[rows].sum() / math.pi}

    return evolve(problem, history, watch)


@pytest.mark.parametrize("mixed", [False, True])
def test_a_bar_that_hardens_follows_its_curve(mixed, tmp_path):
    # 1 %: sigma = (sigma_y + H eps)/(1 + H/E) = (0.7 + 0.5)/(1 + 50/7820) = 1.1924 MPa
    found = pulled(PLASTIC, tmp_path, History(steps=4), 0.02, mixed)
    exact = [(0.7 + 50.0 * 0.01 * step.load) / (1 + 50.0 / E) for step in found.steps]
    assert [step.values["stress"] for step in found.steps] == pytest.approx(exact, rel=1e-9)
    assert (len(found.steps), found.cuts, found.stopped) == (4, 0, "")
    # what is dissipated in the last step: volume times stress times plastic strain of the step
    last = (0.01 - exact[-1] / E) - (0.0075 - exact[-2] / E)
    lost = found.steps[-1].dissipated - found.steps[-2].dissipated
    assert lost == pytest.approx(2 * math.pi * exact[-1] * last, rel=1e-8)


def uniaxial(law, rate, seconds):
    """Stress of a bar at an even rate, by scipy."""
    n = 1 / 0.15
    base = 4.25e4 * math.exp(-37.0 / (GAS_CONSTANT * 298.0))

    def change(_, y):
        q = max(y[0], 0.0)
        if law is CREEP:
            return [E * (rate - 1e-4 * (q / 0.7) ** 6.6), 0.0]
        flow = base * (q / y[1]) ** n
        if flow < 1e-60:
            return [E * rate, 0.0]
        left = 1 - y[1] / (2.0 * (flow / base) ** 0.05)
        return [E * (rate - flow), 10.0 * abs(left) ** 2 * math.copysign(1, left) * flow]

    out = solve_ivp(change, (0, seconds), [0.0, 0.95], method="Radau", rtol=1e-10, atol=1e-12)
    return out.y[0, -1]


@pytest.mark.parametrize("name", ["creep", "viscoplastic"])
def test_a_bar_at_an_even_rate_is_that_of_the_differential_equation(name, tmp_path):
    # 1e-3 1/s to 2 %; the order of backward Euler is one, and steps by their error keep to it
    law, seconds = LAWS[name], 20.0
    goal = uniaxial(law, 1e-3, seconds)
    errors = []
    for steps in (20, 40):
        history = History(seconds, seconds, steps)
        found = pulled(law, tmp_path, history, 2.0 * 1e-3 * seconds)
        errors.append(abs(found.steps[-1].values["stress"] / goal - 1))
    if name == "viscoplastic":  # creep is steady by then: there is no error left
        assert 0.8 < math.log2(errors[0] / errors[1]) < 1.2
    assert errors[-1] < 2e-3
    history = History(seconds, seconds, None, 2e-3)
    found = pulled(law, tmp_path, history, 2.0 * 1e-3 * seconds)
    assert found.steps[-1].values["stress"] == pytest.approx(goal, rel=2e-3)
    assert found.steps[-1].time == seconds
    assert 20 < len(found.steps) < 400


def test_a_relaxing_bar_ends_where_norton_says(tmp_path):
    # held at a strain: dq/dt = -E A q^n, q^(1-n) = q0^(1-n) + (n-1) E A t; A = 1e-4/0.7^6.6
    strain, seconds = 1e-4, 100.0
    coarse = pulled(CREEP, tmp_path, History(seconds, 0.0, None, 4e-3), 2.0 * strain)
    found = pulled(CREEP, tmp_path, History(seconds, 0.0, None, 1e-3), 2.0 * strain)
    a = 1e-4 / 0.7**6.6
    exact = ((E * strain) ** -5.6 + 5.6 * E * a * seconds) ** (-1 / 5.6)
    assert found.steps[0].time == 0.0  # at once elastic
    assert found.steps[0].values["stress"] == pytest.approx(E * strain, rel=1e-3)
    errors = [f.steps[-1].values["stress"] / exact - 1 for f in (coarse, found)]
    assert 0.0 < errors[1] < 1e-2  # of a step 1e-3, of all together the root of it
    assert errors[0] / errors[1] == pytest.approx(2.0, rel=0.3)
    # energy: what is put in at once is stored, and dissipated later on
    put = found.steps[-1].work
    left = 0.5 * exact**2 / E * 2 * math.pi
    assert found.steps[-1].dissipated == pytest.approx(put - left, rel=1e-2)


def test_a_step_that_fails_is_cut_and_what_converged_stays(tmp_path):
    # perfect plasticity: a sphere carries at most 2 sigma_y ln(b/a) = 0.9704 MPa of its 2 MPa
    shell = Shell("ball", 1.0, (Layer("lithium", 1.0),))
    parts = {"lithium": material(Plastic(0.7, 0.0), True)}
    tractions, supports = {"inner": Traction(2.0)}, {"bottom": SLIDES}
    problem = problem_of(shell, tmp_path, parts, tractions, supports, 0.4)
    found = evolve(problem, History(steps=5), lambda _: {})
    assert found.cuts > evolution.MOST_CUTS
    assert f"after {found.cuts} cuts of steps" in found.stopped
    carried = 2.0 * found.steps[-1].load
    assert carried == pytest.approx(2 * 0.7 * math.log(2.0), rel=5e-3)
    assert carried < 2 * 0.7 * math.log(2.0) * (1 + 1e-3)
    loads = [step.load for step in found.steps]
    assert loads == sorted(loads)
    assert min(np.diff(loads)) < 0.1


def test_a_load_that_nothing_carries_is_refused(tmp_path):
    bar = {"bar": material(Plastic(0.7, 0.0), True)}
    problem = problem_of(BAR, tmp_path, bar, {"top": Traction(math.nan)}, {"bottom": SLIDES}, 1.0)
    with pytest.raises(SolveFailed, match="after 11 cuts of steps"):
        evolve(problem, History(steps=2), lambda _: {})


# --- nearly incompressible ------------------------------------------------------------------------


@pytest.mark.parametrize("ratio", [0.49, 0.4999])
@pytest.mark.parametrize("shape", ["ring", "ball"])
def test_a_mixed_shell_does_not_lock(shape, ratio, tmp_path):
    # u(a) of Lame for p = E = a = 1, b = 2; on 112 cells: displacements alone are 0.3 .. 40 % off
    exact = (1 + ratio) / 3 * (5 - 2 * ratio)
    if shape == "ball":
        exact = ((1 - 2 * ratio) + 4 * (1 + ratio)) / 7
    shell = Shell(shape, 1.0, (Layer("body", 1.0),))
    supports = {"bottom": SLIDES} | ({"left": SLIDES} if shape == "ring" else {})
    errors = {}
    for mixed in (False, True):
        parts = {"body": material(None, mixed, hooke.isotropic(1.0, ratio))}
        problem = problem_of(shell, tmp_path, parts, {"inner": Traction(1.0)}, supports, 0.4)
        problem.step(1.0, 0.0)
        means = FaceMeans(problem.domain, ("inner",), ("inner",))
        moved = means.mean(means.outwards(problem.displacement, "inner"), "inner")
        errors[mixed] = abs(moved / exact - 1)
    assert errors[True] < 1e-3
    if ratio > 0.499:
        assert errors[False] > 5 * errors[True]


def test_layers_of_different_stiffness_have_pressures_of_their_own(tmp_path):
    # a soft core (nu = 0.4999, misfit 1e-3) in a stiff shell: p = 3 e/(1/K + 1/k) with the shell's
    # k = p a/(3 u(a)); the pressure jumps from p to -... across the face, which no node smears
    shell = Shell("ball", 0.0, (Layer("core", 1.0), Layer("shell", 1.0)))
    soft, stiff = hooke.isotropic(1.0, 0.4999), hooke.isotropic(100.0, 0.3)
    misfit = 1e-3 * np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
    parts = {
        "core": Material(soft, misfit, NONE, None, True),
        "shell": material(None, True, stiff),
    }
    problem = problem_of(shell, tmp_path, parts, {}, {"bottom": SLIDES}, 0.3)
    problem.step(1.0, 0.0)
    compliance = 0.8 / 100.0 * 3.0  # 3 u(a)/(p a) of Lame's sphere with a free outside
    bulk = 1.0 / (3 * (1 - 2 * 0.4999))
    pressure = 3e-3 / (1 / bulk + compliance)
    here = problem.stress_at_points()[problem.cells["core"]].mean(axis=(0, 1))
    assert here[:3] == pytest.approx([-pressure] * 3, rel=2e-3)


# --- cases and shells -----------------------------------------------------------------------------


def test_the_reference_of_the_bar_is_that_of_the_differential_equation():
    case = load_case(FOLDER / "viscoplastic_bar.toml")
    assert case.mechanics.solids["lithium"].flow == LITHIUM
    wanted = {r.quantity: r.value for r in case.references}
    assert wanted["mean_pressure.top"] == pytest.approx(-uniaxial(LITHIUM, 1e-3, 20.0), rel=1e-7)


@pytest.mark.parametrize("kind", ["elastic", "creep"])
def test_shells_converge_with_the_order_of_their_elements(kind, tmp_path):
    # quadratic displacements on round cells: third order, fourth in means over a face
    shell = Shell("ball", 1.0, (Layer("body", 1.0),))
    law = None if kind == "elastic" else Creep(1.0, 1.0, 3.0, 0.0, 298.15)
    stiff = hooke.isotropic(1.0 if law is None else 1000.0, 0.3)
    errors = []
    for size in (0.6, 0.3):
        parts = {"body": material(law, law is not None, stiff)}
        problem = problem_of(
            shell, tmp_path, parts, {"inner": Traction(1.0)}, {"bottom": SLIDES}, size
        )
        means = FaceMeans(problem.domain, ("inner",), ("inner",))
        moved = means.displacements(problem.displacement, ("inner",))
        history = History() if law is None else History(1.0, 0.0, None, 0.2)
        found = evolve(problem, history, lambda _, m=moved: {"moved": m.mean("inner")})
        if law is None:
            errors.append(abs(found.steps[-1].values["moved"] / 0.8 - 1))
        else:
            last, before = found.steps[-1], found.steps[-2]
            rate = (last.values["moved"] - before.values["moved"]) / last.seconds
            errors.append(abs(rate / 0.5 - 1))
    assert errors[1] < 2e-4
    assert math.log2(errors[0] / errors[1]) > 2.5
