"""One Newton method for all fields: its order, its steps at any current, a staggered solution."""

import math
from dataclasses import replace

import numpy as np
import pytest
from mpi4py import MPI
from petsc4py import PETSc

from solver.march import march, steady_state
from solver.march_newton import PREFIX, newton_options
from solver.simulate import simulate
from solver.solve import prefixed_options
from tests.verification.manufactured_march_test import content
from tests.verification.march_example import (
    HELD,
    LIMIT,
    SALT,
    SOLID,
    case_of,
    driven,
    electrode,
    galvanostatic,
    numbers,
    reacts,
    system_of,
    text,
)

SELF = MPI.COMM_SELF
RATIOS = [1e-3, 1e-2, 0.1, 1.0, 1e1, 1e2, 1e3, 1e4]  # i/i0


# -- order and number of steps ----------------------------------------------------------------


def iterates(system):
    """All states of Newton's method on the way to the steady one."""
    system.way = "steady"
    found = []
    snes = PETSc.SNES().create(SELF)
    snes.setOptionsPrefix(PREFIX)
    matrix = system.empty_matrix()
    snes.setFunction(lambda _, x, out: system.residual(x, None, out), system.vector())
    snes.setJacobian(lambda _, x, out, __: system.jacobian(x, None, 0.0, out), matrix, matrix)
    snes.setMonitor(lambda s, *_: found.append(s.getSolution().array_r.copy()))
    with prefixed_options(PREFIX, newton_options(system, {}) | {"snes_stol": "0"}):
        snes.setFromOptions()
    x = system.start()
    snes.solve(None, x)
    assert snes.getConvergedReason() > 0
    return found


@pytest.mark.parametrize("ratio", RATIOS)
def test_newton_is_quadratic_near_the_solution(tmp_path, ratio):
    # salt at 0.8 of its limit between two reactions: z and u are both far from linear
    i = 0.8 * LIMIT
    more = "transfer_coefficient = 0.3"
    parts = [HELD, driven(i), reacts("top", i / ratio, more=more), reacts("bottom", i / ratio)]
    system = system_of(case_of(tmp_path, text(SALT, *parts)), SELF)
    states = iterates(system)
    assert len(states) - 1 <= 10
    end = states[-1]
    size = np.abs(end) + 1e-3
    errors = [np.abs((x - end) / size).max() for x in states[:-1]]
    # below 0.1 every error is at most some number times the square of the one before
    near = [k for k in range(len(errors) - 1) if errors[k] < 0.1 and errors[k + 1] > 1e-13]
    assert near, errors
    assert all(errors[k + 1] < 3.0 * errors[k] ** 2 + 1e-12 for k in near), errors


def uneven(i, i0):
    """A window of a fifth of a strip, with a reaction; the current crowds at its edge."""
    geometry = (
        'title = "t"\n[geometry]\nshape = "strip"\nwidth = "2 um"\nfilling = "metal"\n'
        'film = { thickness = "0.1 um", model = "layer" }\n'
        'opening = { kind = "slit", area_fraction = "20 %" }\n'
        '[[geometry.above]]\nname = "electrolyte"\nthickness = "4 um"\n'
        f'[regions.electrolyte]\n{SOLID}[regions.film]\nlaw = "insulator"\n'
        '[numerics]\nedge_size = "0.01 um"\n[output]\npictures = false\n'
    )
    top = electrode("top", 'potential = "0 V"')
    window = electrode("window", f'current_density = "{i!r} mA/cm^2"')
    return geometry + top + window + reacts("window", i0, more="transfer_coefficient = 0.3")


def test_newton_needs_a_few_steps_where_the_current_crowds(tmp_path):
    # from Wa = 257 to 2.6e-6: even at first, then that of an ideal contact, 1/(2 pi kappa) ln(...)
    steps = []
    for ratio in RATIOS:
        i = 0.2 * 0.1 * ratio  # i0 = 0.1 mA/cm^2 on a fifth of the area
        state = steady_state(system_of(case_of(tmp_path, uneven(i, 0.1)), SELF), {})
        assert state.shares == 0
        steps.append(state.moments[-1].iterations)
    assert max(steps) <= 10, steps


@pytest.mark.slow
def test_steps_in_time_need_few_newton_steps_at_any_current(tmp_path):
    # from rest up to 0.9 of the limit, with salt, two reactions and a double layer
    per_step = []
    for ratio in RATIOS:
        i = 0.9 * LIMIT
        more = 'transfer_coefficient = 0.35\ncapacitance = "10 uF/cm^2"'
        parts = [
            HELD, driven(0.0), "[programme]\nstep_error = 1e-3\n", galvanostatic(i, 50.0),
            reacts("top", i / ratio, more=more), reacts("bottom", i / ratio),
        ]  # fmt: skip
        state = march(system_of(case_of(tmp_path, text(SALT, *parts)), SELF), {}, lambda _: None)
        counts = np.diff([moment.iterations for moment in state.moments])
        assert state.moments[-1].time == pytest.approx(50.0)
        assert all(math.isfinite(m.voltage) and m.least > 0.0 for m in state.moments)
        per_step.append(counts.mean())
    assert max(per_step) <= 6.0, per_step


@pytest.mark.parametrize(
    "ratio",
    [pytest.param(1e-3, marks=pytest.mark.slow), 1.0, pytest.param(1e4, marks=pytest.mark.slow)],
)
def test_above_the_limit_the_end_is_an_event_at_any_exchange_current(tmp_path, ratio):
    # I = 2: tau = 0.0491826849 of 100 s, whatever the reaction does
    i = 2 * LIMIT
    more = 'capacitance = "1 uF/cm^2"'
    parts = [
        HELD, driven(0.0), galvanostatic(i, 100.0),
        reacts("top", i / ratio, more=more), reacts("bottom", i / ratio),
    ]  # fmt: skip
    sizes = {"size": "0.5 um", "width": "0.5 um", "edge": "0.01 um"}
    case = case_of(tmp_path, text(SALT, *parts, **sizes))
    said = numbers(simulate(case, SELF, lambda _: None))
    assert said["outcome"] == "depleted"
    assert said["depletion_time"] == pytest.approx(4.91826849, rel=1e-3)
    assert all(math.isfinite(value) for value in said.values() if isinstance(value, float))


# -- a staggered solution ---------------------------------------------------------------------


def staggered(system, x, length, groups):
    """One step of order 1 by turns: every group of unknowns with the others held, until all stay.

    Returns:
        The state, and the number of rounds.
    """
    before, matrix, left = x.copy(), system.empty_matrix(), system.vector()
    for rounds in range(1, 200):
        old = x.array_r.copy()
        for group in groups:
            places = PETSc.IS().createGeneral(group.astype(PETSc.IntType), comm=SELF)
            for _ in range(20):
                rate = (x - before) * (1.0 / length)
                system.residual(x, rate, left)
                system.jacobian(x, rate, 1.0 / length, matrix)
                block = matrix.createSubMatrix(places, places)
                ksp = PETSc.KSP().create(SELF)
                ksp.setOperators(block)
                ksp.setType("preonly")
                ksp.getPC().setType("lu")
                ksp.getPC().setFactorSolverType("mumps")
                step, right = block.createVecs()
                right.array[:] = left.array_r[group]
                ksp.solve(right, step)
                x.array[group] -= step.array_r
                if np.abs(step.array_r).max() < 1e-13:
                    break
        if np.abs(x.array_r - old).max() < 1e-12:
            return x, rounds
    raise AssertionError("the rounds do not settle")


@pytest.mark.slow
def test_all_fields_at_once_are_what_they_are_by_turns(tmp_path):
    # salt | potentials, reactions, growth | bodies and their pressure; uneven salt at the start
    steps, length = 3, 0.2
    system = system_of(case_of(tmp_path, content(mechanics=True)), SELF)
    system.programme = replace(
        system.programme, steps=(replace(system.programme.steps[0], duration=steps * length),)
    )
    start = system.start()
    places = system.space.tabulate_dof_coordinates()[system.salt.nodes]
    wave = np.cos(np.pi * places[:, 0] / 2.0) * np.cos(np.pi * places[:, 1] / 4.0)
    start.array[system.salt.unknowns] += 0.3 * wave
    system.start = lambda: start
    implicit = {"ts_type": "beuler", "ts_adapt_type": "none", "ts_dt": f"{length!r}"}
    together = march(system, implicit, lambda _: None)
    assert len(together.moments) == steps + 1
    bodies = np.concatenate(
        [f.unknowns for n, f in system.further.items() if n[:2] in ("s_", "w_", "p_")]
    )
    salt = system.salt.unknowns
    rest = np.setdiff1d(np.arange(system.local), np.concatenate([salt, bodies]))
    x, rounds = start.copy(), []
    system.way = "in time"
    for _ in range(steps):
        x, count = staggered(system, x, length, (salt, rest, bodies))
        rounds.append(count)
    difference = np.abs(x.array_r - together.x.array_r)
    assert difference.max() < 1e-8
    assert min(rounds) >= 4  # what is coupled is coupled: one round is not the answer
