"""Interfaces that end on electrodes, in solves with kinetics and salt: sides are held one by one.

Two columns side by side between electrodes. An insulating interface between them makes two paths:
the current density is even in each, and jumps from one to the other at its ends.
"""

from dataclasses import replace
from math import asinh

import numpy as np
import pytest
from scipy.optimize import brentq

from solver import schema
from solver.impedance_schema import Impedance
from solver.march import steady_state
from solver.march_run import make_system
from solver.model import build_model
from solver.simulate import simulate
from tests.verification.helpers import electrode, solve
from tests.verification.periodic_march_test import HELD, I0, THERMAL, WORLD, face
from tests.verification.periodic_sides_test import GOOD, JUMP, PIXEL, POOR, case_of

APART = {"a|b": schema.Insulating()}
FILM = THERMAL / I0  # V um^2/pA: a face resists as much as the good column
HIGH, WIDE = 8 * PIXEL, 4 * PIXEL  # of a column, um
COLUMNS = np.tile(np.repeat(np.arange(2, dtype=np.uint8), 4), (8, 1))
SOLID = np.tile(np.repeat(np.arange(2, dtype=np.uint8), 2), (2, 2, 1))


def steady_current(case, domain):
    """pA (plane: per um)."""
    system = make_system(case, build_model(case, domain.built), domain)
    return steady_state(system, {}).moments[-1].current


def faces(volts, **law):
    return {"bottom": face(HELD, **law), "top": face((volts, None, None), **law)}


@pytest.mark.parallel
@pytest.mark.parametrize(
    ("pixels", "interfaces", "law"),
    [
        pytest.param(COLUMNS, APART, None, marks=pytest.mark.slow),
        (COLUMNS, JUMP, None),
        pytest.param(COLUMNS, JUMP, "linear", marks=pytest.mark.slow),
        pytest.param(SOLID, JUMP, None, marks=pytest.mark.slow),
        pytest.param(SOLID, JUMP, "linear", marks=pytest.mark.slow),
    ],
    ids=["insulating", "resistive", "resistive and slow", "solid", "solid and slow"],
)
def test_the_resistance_is_that_of_the_plain_solve(pixels, interfaces, law):
    film = FILM if law else 0.0
    ends = {"bottom": electrode(0.0, film), "top": electrode(1.0, film)}
    plain = solve(case_of(pixels, "ends", ends=ends, interfaces=interfaces)).certificate
    ends = faces(1.0, law=law) if law else ends
    case = case_of(pixels, "ends", ends=ends, interfaces=interfaces)
    assert 1.0 / steady_current(case, plain.domain) == pytest.approx(plain.lower, rel=1e-9)


@pytest.mark.parallel
@pytest.mark.parametrize("volts", [pytest.param(0.01, marks=pytest.mark.slow), 1.0])
def test_two_paths_carry_what_each_carries_alone(volts):
    """V = i h/kappa + (4 R T/F) arsinh(i/(2 i0)) in each."""
    ends = faces(volts, alpha=0.5)
    case = case_of(COLUMNS, "ends", ends=ends, interfaces=APART, refinement="none")
    solution = simulate(case, WORLD, lambda _: None)

    def missing(i, kappa):
        return i * HIGH / kappa + 4.0 * THERMAL * asinh(i / (2.0 * I0)) - volts

    paths = [brentq(missing, 0.0, volts * k / HIGH, args=(k,), rtol=1e-14) for k in (POOR, GOOD)]
    current = solution.marching.found.moments[-1].current
    assert current == pytest.approx(WIDE * sum(paths), rel=1e-9)


@pytest.mark.parallel
@pytest.mark.slow
def test_two_paths_charge_their_double_layers_each():
    """Z = h/kappa + 2 r/(1 + i w r C) in each, per area, r = R T/(F i0)."""
    capacity = 5e3  # pC/(V um^2)
    hertz = (1e4, 1e2, 1.0)
    ends = {
        "bottom": face(HELD, capacitance=capacity),
        "top": face((None, None, 0.0), capacitance=capacity),
    }
    case = case_of(COLUMNS, "ends", ends=ends, interfaces=APART, refinement="none")
    found = simulate(replace(case, impedance=Impedance(hertz)), WORLD, lambda _: None)
    spectrum = found.marching.analysed.spectrum
    omega = 2.0 * np.pi * np.array(spectrum.frequencies)
    reacting = 2.0 * FILM / (1.0 + 1j * omega * FILM * capacity)
    exact = 2.0 / sum(1.0 / (HIGH / kappa + reacting) for kappa in (POOR, GOOD))
    assert np.array(spectrum.values) == pytest.approx(exact, rel=1e-9)
