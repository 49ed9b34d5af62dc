"""Growth of a flaw that lithium fills: length against time in closed form, what stops it."""

import csv
import math

import numpy as np
import pytest
from mpi4py import MPI
from scipy.optimize import brentq

from solver import checkpoint_file
from solver.case import load_case
from solver.faults import CaseError
from solver.flaw_growth import Wall
from solver.march import march
from solver.march_quantities import table_of_moments
from solver.march_schema import Kinetics
from solver.simulate import simulate
from tests.verification.march_example import (
    HELD,
    SOLID,
    F,
    R,
    T,
    case_of,
    driven,
    galvanostatic,
    numbers,
    reacts,
    system_of,
    text,
)

SELF = MPI.COMM_SELF
V = 6.941 / 0.534 * 1e-6  # m^3/mol
RHO, TOUGH, PLANE = 1e-3, 0.23e6, 22.1e9 / (1 - 0.37**2)  # ohm m^2, Pa m^0.5, Pa
FILM = 'area_specific_resistance = "10 ohm cm^2"\n'
Y = {"edge": 1.1215222552, "penny": 2 / math.pi}
SIZES = {"size": "4 um", "edge": "2 um", "width": "4 um"}
SIZES["layers"] = [("electrolyte", 20.0, SOLID)]  # as long as flaws grow


def flaw(shape="edge", length=1.0, most=20.0, more="", place="programme.flaw"):
    return (
        f'[{place}]\nface = "bottom"\nshape = "{shape}"\nlength = "{length!r} um"\n'
        f'fracture_toughness = "0.23 MPa m^0.5"\nyoungs_modulus = "22.1 GPa"\n'
        f'poissons_ratio = 0.37\ngrows_to = "{most!r} um"\n{more}\n'
    )


def cell(folder, *parts, film=FILM):
    content = text(SOLID, HELD + film, driven(0.0, film), *parts, **SIZES)
    return case_of(folder, content)


def solved(folder, *parts, film=FILM):
    return numbers(simulate(cell(folder, *parts, film=film), SELF, lambda _: None))


def stall(current):
    """Pressure of stalled lithium at a current in mA/cm^2, Pa."""
    return F / V * RHO * 10 * current


def filling_time(shape, a):
    """tau: c(a) p_s = tau (V/F) S i with c p the volume; both in SI, per depth of an edge."""
    if shape == "edge":
        return Y["edge"] ** 2 * math.pi * a * RHO * F**2 / (2 * PLANE * V**2)
    return 8 * a * RHO * F**2 / (3 * math.pi * PLANE * V**2)


def growth(shape, current, start):
    """C and a_c of da/dt = C (sqrt(a) - sqrt(a_c)), by the volume of a flaw at K_Ic."""
    supply = V / F * 10 * current * PLANE / TOUGH
    speed = supply * (4 / (3 * Y["edge"] * math.sqrt(math.pi)) if shape == "edge" else 0.0)
    if shape == "penny":
        speed = supply * 3 * math.sqrt(math.pi) / 10
    return speed, (TOUGH / (Y[shape] * stall(current))) ** 2 / math.pi


def time_to_grow(shape, current, a, b):
    """2 (s_b - s_a + s_c ln((s_b - s_c)/(s_a - s_c)))/C with s the roots of the lengths."""
    speed, critical = growth(shape, current, a)
    s, e, c = math.sqrt(a), math.sqrt(b), math.sqrt(critical)
    return 2 / speed * (e - s + c * math.log((e - c) / (s - c)))


def start_of(shape, current, a):
    """tau ln(1/(1 - p_c/p_s))."""
    share = TOUGH / (Y[shape] * math.sqrt(math.pi * a) * stall(current))
    return -filling_time(shape, a) * math.log1p(-share)


@pytest.mark.parametrize(
    ("shape", "current"),
    [("edge", 2.0), pytest.param("edge", 6.0, marks=pytest.mark.slow), ("penny", 4.0)],
)
def test_the_length_against_time_is_the_closed_form(tmp_path, shape, current):
    # from where lithium has filled the flaw: 1.559 mA/cm2 are critical of the edge, 2.746 of the
    # penny of 1 um
    case = cell(tmp_path, flaw(shape), galvanostatic(current, 1e5))
    solution = simulate(case, SELF, lambda _: None)
    found = numbers(solution)
    begin = start_of(shape, current, 1e-6)
    assert found["outcome"] == "pierced"
    assert found["flaw_growth_start_time"] == pytest.approx(begin, rel=1e-6)
    end = begin + time_to_grow(shape, current, 1e-6, 20e-6)
    assert found["piercing_time"] == pytest.approx(end, rel=1e-6)
    assert found["flaw_length"] == pytest.approx(20.0, rel=1e-9)
    speed, critical = growth(shape, current, 1e-6)
    last = 1e6 * speed * (math.sqrt(20e-6) - math.sqrt(critical))
    assert found["flaw_growth_rate"] == pytest.approx(last, rel=1e-6)
    # pressures fall as a^(-1/2): K stays at K_Ic
    for moment in solution.marching.found.moments:
        _, a, p = moment.flaw[0]
        k = Y[shape] * p * 1e6 * math.sqrt(math.pi * a * 1e-6) / TOUGH
        assert k == pytest.approx(1.0, rel=1e-9) if a > 1.0 else k < 1.0 + 1e-9


def test_many_moments_are_in_the_table_and_all_lie_on_the_curve(tmp_path):
    case = cell(tmp_path, flaw(most=5.0), galvanostatic(2.0, 60.0))
    system = system_of(case, SELF)
    found = march(system, {}, lambda _: None)
    head, *rows = csv.reader(table_of_moments(system, found).splitlines())
    place = head.index("length of the flaw [um]")
    times, lengths = np.array([[float(r[0]), float(r[place])] for r in rows]).T
    begin = start_of("edge", 2.0, 1e-6)
    later = np.flatnonzero(lengths > 1.0)
    assert len(later) > 3
    for k in later:
        exact = begin + time_to_grow("edge", 2.0, 1e-6, lengths[k] * 1e-6)
        assert times[k] == pytest.approx(exact, rel=1e-5)


def test_below_the_critical_current_lithium_stalls(tmp_path):
    found = solved(tmp_path, flaw(), galvanostatic(1.5, 3000.0))
    assert found["outcome"] == "finished"
    assert found["flaw_length"] == 1.0
    assert found["flaw_pressure"] == pytest.approx(stall(1.5) * 1e-6, rel=1e-6)
    assert found["flaw_growth_rate"] == 0.0
    assert "flaw_growth_start_time" not in found


def test_a_smaller_current_lets_the_flaw_rest_and_a_longer_flaw_needs_less(tmp_path):
    # 2 mA/cm2 until it has about 2 um; 1.0 is critical at (1.5587/1.0)^2 = 2.43 um: it rests;
    # stripped, and plated again with 1.4, which is above what a flaw of 2 um bears: it grows on
    half = start_of("edge", 2.0, 1e-6) + time_to_grow("edge", 2.0, 1e-6, 2e-6)
    steps = galvanostatic(2.0, half) + galvanostatic(1.0, 400.0) + galvanostatic(-1.0, 300.0)
    case = cell(tmp_path, flaw(), steps + galvanostatic(1.4, 1e5))
    solution = simulate(case, SELF, lambda _: None)
    moments = solution.marching.found.moments
    at_ends = [moments[e.last].flaw[0] for e in solution.marching.found.ends]
    assert at_ends[0][1] == pytest.approx(2.0, rel=1e-5)
    assert at_ends[1][1] == pytest.approx(at_ends[0][1], rel=1e-12)  # no healing, no growth
    assert at_ends[1][2] == pytest.approx(stall(1.0) * 1e-6, rel=1e-4)
    assert at_ends[2][1] == at_ends[1][1] and at_ends[2][2] == 0.0  # drained, and no less
    assert numbers(solution)["outcome"] == "pierced"
    # from empty: fills anew, as a flaw of 2 um
    began = sum(e.step.duration for e in solution.marching.found.ends[:3])
    exact = start_of("edge", 1.4, 2e-6) + time_to_grow("edge", 1.4, 2e-6, 20e-6)
    assert numbers(solution)["piercing_time"] - began == pytest.approx(exact, rel=1e-4)


def test_a_ramp_begins_to_open_the_flaw_later_than_lithium_would_stall(tmp_path):
    # p' = (r t - p)/tau for p_s = r t: p = r (t - tau (1 - exp(-t/tau)))
    ramp = galvanostatic(0.0, 60.0, 'to_current_density = "4 mA/cm^2"')
    found = solved(tmp_path, flaw(), ramp)
    r, tau = stall(4.0) / 60.0, filling_time("edge", 1e-6)
    least = TOUGH / (Y["edge"] * math.sqrt(math.pi * 1e-6))
    exact = brentq(lambda t: r * (t - tau * (1 - math.exp(-t / tau))) - least, 1e-3, 60.0)
    assert found["flaw_growth_start_time"] == pytest.approx(exact, rel=1e-5)
    assert exact > least / r + 0.2 * tau  # the delay would show


def test_a_stack_that_presses_shuts_by_its_share_and_fills_by_all(tmp_path):
    # q = p - s P: lithium starts with P, stalls at p_s + P; grows where q reaches 115.7 MPa
    pressed = '[boundaries.bottom.contact]\nstack_pressure = "20 MPa"\n'
    found = solved(tmp_path, flaw(more="lateral_share = 0.6"), pressed, galvanostatic(2.0, 1e5))
    least = TOUGH / (Y["edge"] * math.sqrt(math.pi * 1e-6))
    tau, most = filling_time("edge", 1e-6), stall(2.0)
    exact = -tau * math.log(1 - (least - 8e6) / most)
    assert found["flaw_growth_start_time"] == pytest.approx(exact, rel=1e-6)


@pytest.mark.parametrize(
    ("face", "start", "least"),
    [
        # p falls to s P = 12 MPa, where the stack shuts the flaw: no lithium is left
        ('[boundaries.bottom.contact]\nstack_pressure = "20 MPa"\n', 20.0, 12.0),
        # pulled along its face with s P = -12 MPa it stays open as p comes to 0
        (reacts("bottom", 1e6, "linear", 'normal_stress = "20 MPa"'), 0.0, 0.0),
    ],
)
def test_stripping_drains_a_flaw_to_no_pressure(tmp_path, face, start, least):
    # p' = (p_s - p)/tau for p_s = P - 74.23 MPa: from 20 MPa to 12 MPa, then empty
    tau = filling_time("edge", 1e-6)
    steps = galvanostatic(-1.0, 3 * tau) + galvanostatic(1.0, 0.1 * tau)
    case = cell(tmp_path, flaw(more="lateral_share = 0.6"), face, steps)
    found = simulate(case, SELF, lambda _: None).marching.found
    times = np.array([moment.time for moment in found.moments])
    pressures = np.array([moment.flaw[0][2] for moment in found.moments])
    assert pressures[0] == pytest.approx(start, abs=1e-12)
    stall_at = -stall(1.0) * 1e-6
    draining = start + stall_at * (1.0 - np.exp(-times / tau))
    stripped = times <= 3 * tau * (1 - 1e-9)
    exact = np.where(draining > least, draining, 0.0)
    assert pressures[stripped] == pytest.approx(exact[stripped], rel=1e-4, abs=1e-9)
    # plated again it begins from there: P + 74.23 MPa (1 - exp(-t/tau)) + what is left
    push = stall(1.0) * 1e-6
    begin, goal = least, start + push
    last = goal + (begin - goal) * math.exp(-0.1)
    assert pressures[-1] == pytest.approx(last, rel=1e-4)


def test_walls_react_as_the_face_does():
    thermal = R * T / F
    for film in (0.0, 1e-3):
        wall = Wall(film, Kinetics("butler_volmer", 10.0, 0.3), thermal)
        for j in (-400.0, -1.0, 1e-6, 30.0, 5e3):
            # plating: j = i0 (exp(0.7 f eta) - exp(-0.3 f eta))
            eta = brentq(
                lambda e, j=j: 10 * (math.exp(0.7 * e / thermal) - math.exp(-0.3 * e / thermal))
                - j,
                -1.5, 1.5, xtol=1e-15,
            )  # fmt: skip
            assert wall.plated(eta + film * j) == pytest.approx(j, rel=1e-8)
    assert Wall(1e-3, Kinetics("linear", 10.0), thermal).plated(0.01) == pytest.approx(
        0.01 / (1e-3 + thermal / 10)
    )


def test_a_steady_state_says_how_fast_the_flaw_begins(tmp_path):
    for current in (1.0, 3.0):
        keys = flaw().replace('grows_to = "20.0 um"\n', "")
        content = text(SOLID, HELD + FILM, driven(current, FILM), keys, **SIZES)
        found = numbers(simulate(case_of(tmp_path, content), SELF, lambda _: None))
        speed, critical = growth("edge", current, 1e-6)
        exact = 1e6 * speed * (1e-3 - math.sqrt(critical))
        assert found["flaw_growth_rate"] == pytest.approx(max(exact, 0.0), rel=1e-6)


@pytest.mark.slow
def test_a_staircase_lets_the_flaw_grow_over_its_cycles(tmp_path):
    # 1.6, 2.1, ... mA/cm2: the first grows too slowly in its half cycle, a later one pierces
    stairs = (
        '[programme.staircase]\nprotocol = "p"\nfirst = "1.6 mA/cm^2"\nincrement = "0.5 mA/cm^2"\n'
        'last = "9.6 mA/cm^2"\nhalf_cycle = "40 s"\n'
    )
    found = solved(tmp_path, stairs, flaw(most=20.0, place="programme.staircase.flaw"))
    assert found["failed_by"] == "crack"
    assert found["outcome"] == "pierced"
    assert found["critical_current_density"] > 1.6
    assert found["flaw_growth_start_time"] < found["piercing_time"]


def test_a_march_goes_on_with_its_flaw(tmp_path):
    case = cell(tmp_path, flaw(most=5.0), galvanostatic(2.0, 60.0))
    kept = []
    system = system_of(case, SELF)
    whole = march(system, {}, lambda _: None, lambda _, now: kept.append(now()))
    place = tmp_path / "kept.h5"
    grown = next(
        k for k, s in enumerate(kept) if s.found.moments and s.found.moments[-1].flaw[0][1] > 1.5
    )
    checkpoint_file.write(place, system, kept[grown], "one")
    again = march(system, {}, lambda _: None, kept=checkpoint_file.read(place, system, "one"))
    assert again.ends[-1].reason == "pierced"
    assert again.ends[-1].time == pytest.approx(whole.ends[-1].time, rel=1e-9)
    assert again.moments[-1].flaw == pytest.approx(np.array(whole.moments[-1].flaw), rel=1e-9)


@pytest.mark.parallel
def test_ranks_agree_on_the_length(tmp_path):
    case = MPI.COMM_WORLD.bcast(cell(tmp_path, flaw(most=5.0), galvanostatic(2.0, 60.0)))
    alone, together = (
        numbers(simulate(case, comm, lambda _: None)) for comm in (SELF, MPI.COMM_WORLD)
    )
    assert together["piercing_time"] == pytest.approx(alone["piercing_time"], rel=1e-7)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda t: t.replace('youngs_modulus = "22.1 GPa"\npoissons_ratio = 0.37\n', ""),
            "modulus",
        ),
        (lambda t: t.replace('grows_to = "20.0 um"', 'grows_to = "0.5 um"'), "more than length"),
        (lambda t: t.partition("[[programme.steps]]")[0] + "[numerics]\n", "no time to grow"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, change, words):
    content = text(SOLID, HELD + FILM, driven(1.0, FILM), flaw(), galvanostatic(2.0, 1.0), **SIZES)
    path = tmp_path / "case.toml"
    path.write_text(change(content))
    with pytest.raises(CaseError, match=words):
        load_case(path)
