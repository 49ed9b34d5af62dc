"""What couples must not lag: marches against the exact solution of their own steps in time.

A flat cell is a few numbers in time. They are solved here by PETSc's backward differentiation
formulas, written out once more, at the times that the march has chosen: the error in time is in
both, and what is left is that of space (none, or little) and of Newton's method. A stress, a
thickness or a concentration that is a step too old would stand out by the error of a step.
"""

import math

import numpy as np
import pytest
from mpi4py import MPI
from scipy.optimize import brentq

from solver.march import march
from tests.verification.march_example import (
    HELD,
    SALT,
    SOLID,
    F,
    R,
    T,
    case_of,
    driven,
    reacts,
    system_of,
    text,
)

SELF = MPI.COMM_SELF
THERMAL = R * T / F
VOLUME = 6.941 / 0.534 * 1e-6  # m^3/mol
KAPPA, LENGTH, FILM = 0.01, 10e-6, 1e-3  # S/m, m, ohm m^2
MODULI = {"lithium": (7.82, 0.38), "electrolyte": (22.1, 0.37)}  # GPa
FILM_TEXT = 'area_specific_resistance = "10 ohm cm^2"\n'


def slope_weights(times):
    """d/dt at times[0] of the polynomial through values at times, over these values."""
    weights = np.zeros(len(times))
    t0 = times[0]
    for j in range(1, len(times)):
        others = [t for k, t in enumerate(times) if k not in (0, j)]
        over = np.prod([(t0 - t) / (times[j] - t) for t in others])
        weights[j] = over / (times[j] - t0)
    weights[0] = -weights[1:].sum()
    return weights


def stepped(times, order, start, solve):
    """States at all times, by the formulas of TSBDF.

    The first step begins with one of order 1 over its half, whose state stays in the memory.

    Args:
        times: Of the steps, from the start on.
        order: Of the formulas.
        start: First state, shape (n,).
        solve: The state x with x' = weight x + past, of (weight, past).
    """

    def step(there, memory):
        weights = slope_weights([there, *(t for t, _ in memory)])
        past = sum(w * x for w, (_, x) in zip(weights[1:], memory, strict=True))
        return solve(weights[0], past)

    half = 0.5 * (times[0] + times[1])
    memory = [(times[0], start)]
    memory.append((half, step(half, memory)))
    found, k = [start], min(2, order)
    for there in times[1:]:
        found.append(step(there, memory[:k]))
        memory.insert(0, (there, found[-1]))
        k = min(k + 1, order)
    return np.array(found)


def potentiostatic(volts, seconds):
    return (
        f'[[programme.steps]]\nkind = "potentiostatic"\npotential = "{volts} V"\n'
        f'duration = "{seconds} s"\n'
    )


def marched(folder, parts, options, region=SOLID, **sizes):
    system = system_of(case_of(folder, text(region, *parts, **sizes)), SELF)
    found = march(system, options, lambda _: None)
    return system, found, [moment.time for moment in found.moments]


def test_slopes_of_polynomials_are_exact():
    assert slope_weights([3.0, 2.0, 1.0]) == pytest.approx([1.5, -2.0, 0.5])
    times = np.array([2.0, 1.3, 1.0, 0.1])
    assert slope_weights(times) @ times**3 == pytest.approx(12.0)


@pytest.mark.parametrize("order", [2, 3])
def test_pressure_acts_in_the_step_that_makes_it(tmp_path, order):
    # plated at -30 mV through film, reaction and double layer, until V_Li p/F is as much:
    # -V - i L/kappa + V_Li p/F = eta + rho i,   p = h/give,   h' = -V_Li j/F,   i = j + C eta'
    keys = "".join(
        f'{n}_modulus = "{e} GPa"\n{n}_poissons_ratio = {nu}\n' for n, (e, nu) in MODULI.items()
    )
    more = 'transfer_coefficient = 0.35\ncapacitance = "2e5 uF/cm^2"'
    backing = f"[boundaries.bottom.plating.backing]\n{keys}"
    parts = [
        HELD + FILM_TEXT, driven(0.0), reacts("bottom", 0.1, more=more),
        '[boundaries.bottom.plating]\nmolar_volume = "12.998 cm^3/mol"\n', backing,
        "[programme]\nstep_error = 1e-3\n", potentiostatic(0.03, 1500.0),
    ]  # fmt: skip
    _, found, times = marched(
        tmp_path, parts, {"ts_bdf_order": f"{order}"}, size="4 um", edge="2 um", width="4 um"
    )
    give = 0.0  # m/Pa
    for modulus, nu in MODULI.values():
        give += 1e-9 * LENGTH * (1 + nu) * (1 - 2 * nu) / (modulus * (1 - nu))
    volume, double, i0, alpha = 12.998e-6, 2e3, 1.0, 0.35  # m^3/mol, F/m^2, A/m^2

    before = [0.0]

    def solve(weight, past, late=False):
        def values(z):
            there = 2 * math.asinh(z)
            j = i0 * (math.exp(alpha * there) - math.exp((alpha - 1) * there))
            charging = double * 2 * THERMAL / math.sqrt(1 + z**2) * (weight * z + past[1])
            h = (-volume * j / F - past[0]) / weight  # m
            return there * THERMAL, j + charging, h

        def left(z):
            eta, i, h = values(z)
            pressure = (before[0] if late else h) / give
            return -0.03 - i * LENGTH / KAPPA + volume * pressure / F - eta - FILM * i

        z = brentq(left, -20.0, 20.0, xtol=1e-14, rtol=1e-14)
        before[0] = values(z)[2]
        return np.array([before[0], z])

    exact = stepped(times, order, np.zeros(2), solve)
    grown = np.array([moment.growth[0][0] for moment in found.moments])
    assert len(times) > 15
    assert grown == pytest.approx(1e6 * exact[:, 0], rel=1e-7, abs=1e-9 * grown[-1])
    # it matters: the pressure has taken away more than half of the potential
    back = volume * exact[-1, 0] / give / F
    assert 0.015 < back < 0.03
    # and that of the step before would be seen
    before[0] = 0.0
    late = stepped(times, order, np.zeros(2), lambda weight, past: solve(weight, past, True))
    assert np.abs(late - exact)[:, 0].max() > 1e-3 * exact[-1, 0]


@pytest.mark.parametrize("order", [2, 3])
def test_a_face_that_moves_is_where_it_is_in_the_step(tmp_path, order):
    # at 50 mV the current grows as the way gets shorter: h' = (V_Li/F) V/(rho + (L - h)/kappa)
    parts = [
        HELD + FILM_TEXT, driven(0.0), "[boundaries.bottom.plating]\nmoves = true\n",
        "[programme]\nstep_error = 1e-3\n", potentiostatic(0.05, 2000.0),
    ]  # fmt: skip
    _, found, times = marched(
        tmp_path, parts, {"ts_bdf_order": f"{order}"}, size="4 um", edge="2 um", width="4 um"
    )

    def solve(weight, past):
        def left(h):
            return weight * h + past[0] - VOLUME / F * 0.05 / (FILM + (LENGTH - h) / KAPPA)

        return np.array([brentq(left, -1e-6, 9.9e-6, xtol=1e-20, rtol=1e-14)])

    exact = stepped(times, order, np.zeros(1), solve)
    grown = np.array([moment.growth[0][0] for moment in found.moments])
    assert len(times) > 15
    assert grown == pytest.approx(1e6 * exact[:, 0], rel=1e-8, abs=1e-10)
    assert grown[-1] > 4.0  # um, of 10
    currents = [moment.current for moment in found.moments]
    assert currents[-1] > 1.2 * currents[1]


@pytest.mark.parametrize("order", [2, 3])
def test_salt_and_potential_are_of_the_same_step(tmp_path, order):
    # at 60 mV, kappa constant: V = i L/kappa + 2 (2 R T/F) (1 - t) artanh(s), 1 +- s at the faces,
    # s = sum of a_n over odd n, a_n' = -q_n a_n + 4 (1 - t) i/(F c L), q_n = D (n pi/L)^2
    law = SALT + 'conductivity = "0.005 S/m"\n'
    parts = [HELD, driven(0.0), potentiostatic(0.06, 40.0)]
    fixed = {"ts_adapt_type": "none", "ts_dt": "2.0", "ts_bdf_order": f"{order}"}
    sizes = {"size": "0.25 um", "edge": "0.01 um", "width": "0.5 um"}
    _, found, times = marched(tmp_path, parts, fixed, law, **sizes)
    odd = np.arange(1, 4000, 2)
    decay = 1e-12 * (odd * np.pi / LENGTH) ** 2
    drive = 4 * 0.7 / (F * 1000.0 * LENGTH)

    def current(s):
        return (0.06 - 4 * THERMAL * 0.7 * math.atanh(s)) * 0.005 / LENGTH

    tail = 1e12 * (LENGTH / math.pi) ** 2 * (math.pi**2 / 8 - np.sum(1.0 / odd**2))

    def solve(weight, past):
        def modes(i):
            return (drive * i - past[1:]) / (weight + decay)

        def left(s):
            i = current(s)
            return s - modes(i).sum() - drive * i * tail  # high ones follow at once

        s = brentq(left, 0.0, 0.999, xtol=1e-15, rtol=1e-14)
        return np.array([s, *modes(current(s))])

    exact = stepped(times, order, np.zeros(len(odd) + 1), solve)
    flows = [current(state[0]) for state in exact[1:]]
    area = 0.25  # um^2 of the meshed half
    computed = [moment.current / area for moment in found.moments[1:]]
    assert computed == pytest.approx(flows, rel=5e-6)  # of elements twice as large 2e-5
