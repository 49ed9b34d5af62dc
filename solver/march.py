"""A cell in time: PETSc's TS through the steps of a programme, events, steady states.

The equations are a differential-algebraic system F(t, x, dx/dt) = 0 (`solver.carriers`): salt,
double layers and the charge passed change in time, potentials follow. PETSc's backward
differentiation formulas of order 3 integrate it with steps chosen so that the error of the
concentration of every node stays below `step_error` of the start. A step of the programme begins
with potentials that fit the salt as it is. Events (depletion, a voltage, a capacity) are looked for
after every step in time and located by bisection on the interpolant of TS.

A march can be kept on the way and go on from there, see `Snapshot` and `solver.march_history`.

Without a programme the steady state is found by SNES; far from rest potentials and currents are
brought on in shares, halved where Newton's method fails.

Source: Abhyankar et al. 2018, PETSc/TS: a modern scalable ODE/DAE solver library, arXiv 1806.01437.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
from petsc4py import PETSc

from meshes.mesh import MeshError
from solver.carrier_system import Held, System
from solver.flaw_growth import GrowingFlaw, Grown, growing_flaw
from solver.march_blocks import diagonal, split
from solver.march_events import LAST, Reason, events_of, located, voltage_of
from solver.march_history import History, Memory, Replay
from solver.march_newton import PREFIX, at_once, fit_potentials, newton, newton_options
from solver.march_schema import Programme, Step
from solver.march_states import Ended, Marched, Moment, Remeshing, Snapshot
from solver.solve import SolveFailed, prefixed_options
from solver.stress_faces import stress_now

Progress = Callable[[str], None]
SMALLEST_SHARE = 1.0 / 64.0
SMALLEST_STEP = 1e-13  # of the duration of a step of the programme
MOST_STEPS = 100_000
MOMENTS = 50  # of a step of the programme, at least, where a flaw grows
IN_TIME = {
    "ts_type": "bdf",
    "ts_bdf_order": "3",
    "ts_adapt_type": "basic",
    "ts_adapt_wnormtype": "INFINITY",
    "ts_adapt_clip": "0.1,1.5",  # of order 3 only steps that grow by less than 1.618 are stable
    "ts_max_snes_failures": "-1",
    "ts_max_reject": "60",
    "ts_exact_final_time": "matchstep",
}


Keep = Callable[[float, Callable[[], Snapshot]], None]  # called with the time after every step
# makes a new mesh from a state of a march so far, with the state on it
Renew = Callable[[System, PETSc.Vec, Marched], tuple[System, PETSc.Vec, Remeshing]]

# -- steady --------------------------------------------------------------------------------------


def steady_state(system: System, overrides: Mapping[str, str]) -> Marched:
    """The state that does not change any more, with the salt of the start.

    Under held potentials there always is one: towards the limiting current the voltage grows
    without bound, like the logarithm of what is left of the salt. Where a mesh resolves no more of
    that, concentrations fall below zero; the last state above it is given then, as `depleted`.

    Raises:
        SolveFailed: Newton's method fails with the smallest share as well.
    """
    system.way = "steady"
    found = Marched()
    by_potential = bool(system.binary) and all(held.current is None for held in system.held)
    smallest = SMALLEST_SHARE**2 if by_potential else SMALLEST_SHARE
    x, done, share, total = system.start(), 0.0, 1.0, 0
    while done < 1.0:
        trial = x.copy()
        system.share = min(done + share, 1.0)
        failed: SolveFailed | None = None
        try:
            total += newton(system, trial, overrides)
        except SolveFailed as error:
            failed = error
        if failed or (by_potential and system.least_concentration(trial) <= 0.0):
            share *= 0.5
            found.shares += 1
            if share >= smallest:
                continue
            if by_potential and done > 0.0:
                break
            raise failed or SolveFailed("charge and salt: no concentration is above zero")
        x, done = trial, system.share
    found.x = x
    system.share = 1.0
    moment = moment_of(system, x, 0.0, 0, total)
    found.moments.append(moment)
    reason: Reason = "steady" if moment.least > 0.0 and done >= 1.0 else "depleted"
    found.ends.append(Ended(Step("rest", 0.0), 0.0, reason, 0, 0))
    return found


# -- in time -----------------------------------------------------------------------------------


def moment_of(
    system: System, x: PETSc.Vec, time: float, step: int, iterations: int,
    rate: PETSc.Vec | None = None,
) -> Moment:  # fmt: skip
    """What a state says; `rate` counts where currents charge double layers."""
    system.put(x, rate)
    scalars = system.scalars_of(x)
    flows = system.terminal_currents()
    size = 0.5 * float(np.abs(flows).sum())
    change = np.abs(system.salt_over_start(x) - 1.0).max(initial=0.0)
    return Moment(
        time=time,
        step=step,
        voltage=voltage_of(system, scalars),
        current=float(flows[system.driven]),
        charge=float(scalars[len(flows)]) * system.charge_unit,
        least=system.least_concentration(x),
        salt=float(change),
        balance=abs(float(flows.sum())) / size if size > 1e-9 * system.scale else 0.0,
        iterations=iterations,
        growth=system.growth_of(x),
        fractions=system.fractions_of(x),
        stress=stress_now(system, system.stressed),
    )


def march(
    system: System,
    overrides: Mapping[str, str],
    progress: Progress,
    keep: Keep = lambda _, __: None,
    kept: Snapshot | None = None,
    renew: Renew | None = None,
) -> Marched:
    """Go through all steps of the programme; what depletes the cell or fails a staircase ends it.

    Args:
        system: The problem.
        overrides: Options of PETSc.
        progress: Gets a line per step of the programme.
        keep: Is offered a snapshot after every step in time.
        kept: To go on from, with its system; None: from the start.
        renew: Makes a new mesh where cells have become flat; None: there is none.

    Raises:
        SolveFailed: Steps in time become too small, or the potentials of a start are not found.
    """
    programme = system.programme
    steps = [step for _ in range(programme.repeat) for step in programme.steps]
    found = kept.found if kept else Marched()
    system = kept.system if kept else system
    start = system.start()  # changes are told against it, also of a march that goes on
    x = kept.history.states[-1].copy() if kept else start
    time = kept.history.times[-1] if kept else 0.0
    usual = list(system.held)
    flaw = growing_flaw(system)
    for number, step in enumerate(steps):
        if kept is not None and number < kept.step:
            continue
        system.held = list(usual)
        system.held[system.driven] = _held(system, step, 0.0)
        begin = kept if kept is not None and kept.begun and number == kept.step else None
        if begin is None:
            begin = _beginning(found, number, len(found.moments), time, x, 0.0, system)
            keep(time, partial(_so_far, begin))
            iterations = fit_potentials(system, x, overrides)
            before = found.moments[-1].iterations if found.moments else 0
            moment, x = _first_moment(system, x, time, number, before + iterations, overrides)
            found.moments.append(_with_flaw(flaw, found, moment, x))
        first = begin.first
        while True:
            renews = renew is not None and meshes_left(found, programme, first) > 0
            time, x, reason, length = _one_step(begin, x, step, flaw, overrides, keep, renews)
            if renew is None or reason != "remeshed":
                break
            try:
                system, x, remeshing = renew(system, x, found)
            except MeshError as error:
                progress(f"no new mesh at t = {time:.6g} s: {error}")
                reason = "distorted"
                break
            found.remeshings.append(remeshing)
            progress(told(remeshing))
            flaw = growing_flaw(system)
            total = found.moments[-1].iterations
            moment, soon = _first_moment(system, x, time, number, total, overrides)
            found.moments.append(_with_flaw(flaw, found, moment, soon))
            begin = _beginning(found, number, first, time, x, length, system)
        found.ends.append(Ended(step, time, reason, first, len(found.moments) - 1))
        last = found.moments[-1]
        left = f"least concentration {last.least:.4g}, " if system.binary else ""
        word = f"{reason} at t = {time:.6g} s" if reason in LAST else f"ended by {reason}"
        progress(
            f"step {number + 1} ({step.kind}): {word}, t = {time:.6g} s, {last.voltage:.6g} V, "
            f"{left}{len(found.moments) - first} steps in time"
        )
        if reason in LAST or (programme.staircase is not None and reason != "duration"):
            break
    found.x, found.system = x, system
    return found


def _first_moment(
    system: System, x: PETSc.Vec, time: float, step: int, iterations: int,
    overrides: Mapping[str, str],
) -> tuple[Moment, PETSc.Vec]:  # fmt: skip
    """What a state says with its current on, and the state with the potentials of then."""
    soon, rate = at_once(system, x, overrides)
    driven = moment_of(system, soon, time, step, iterations, rate)
    moment = driven if rate is None else moment_of(system, x, time, step, iterations)
    told = replace(moment, voltage=driven.voltage, current=driven.current, balance=driven.balance)
    return told, soon


def meshes_left(found: Marched, programme: Programme, first: int) -> int:
    """How many new meshes there may be in a step of the programme, from its first moment on."""
    since = found.moments[first].time
    made = sum(remeshing.time >= since for remeshing in found.remeshings)
    return max(programme.most_remeshings - made, 0)


def told(remeshing: Remeshing) -> str:
    """A line on a new mesh."""
    return (
        f"new mesh at t = {remeshing.time:.6g} s: {remeshing.new_cells:.0f} cells for "
        f"{remeshing.cells:.0f}, of quality {remeshing.quality:.3g}; jumps: volume "
        f"{remeshing.volume_jump:.1e}, deposit {remeshing.deposit_jump:.1e}, electric "
        f"{remeshing.electric_jump:.1e}"
    )


def _beginning(
    found: Marched, number: int, first: int, time: float, x: PETSc.Vec, length: float,
    system: System,
) -> Snapshot:  # fmt: skip
    """One state to go on from, with no memory before it."""
    history = History((time,), (x.copy(),))
    return Snapshot(found, number, first, history, length, len(found.moments), system)


def _so_far(begin: Snapshot) -> Snapshot:
    """Where the integrator began, without the moments that came after it."""
    found = begin.found
    before = replace(
        found,
        moments=found.moments[: begin.count],
        ends=list(found.ends),
        remeshings=list(found.remeshings),
    )
    return replace(begin, found=before)


def _with_flaw(flaw: GrowingFlaw | None, found: Marched, moment: Moment, x: PETSc.Vec) -> Moment:
    """The moment after those that were found, with the flaw as it is then."""
    if flaw is None:
        return moment
    step = flaw.step_of(x)
    grown = flaw.start(step)
    if found.moments:
        last = found.moments[-1]
        grown, _, _ = flaw.advance(Grown(*last.flaw[0]), last.time, step, moment.time)
    return replace(moment, flaw=((step, grown.length, grown.pressure),))


def _pierced(
    flaw: GrowingFlaw | None, last: Moment, now: float, x: PETSc.Vec
) -> dict[Reason, float]:
    """When a flaw that grows has come to its end since the last moment, if it has."""
    if flaw is None:
        return {}
    grown, time, _ = flaw.advance(Grown(*last.flaw[0]), last.time, flaw.step_of(x), now)
    return {"pierced": time} if grown.length >= flaw.most else {}


def _held(system: System, step: Step, passed: float) -> Held:
    """What the driven terminal is held at, `passed` seconds after the step has begun."""
    share = passed / step.duration
    if step.kind == "potentiostatic":
        last = step.potential if step.to_potential is None else step.to_potential
        return Held(step.potential + share * (last - step.potential), None)
    built = system.domain.built
    whole = step.current_density if step.kind == "galvanostatic" else 0.0
    if step.to_current_density is not None:
        whole += share * (step.to_current_density - whole)
    return Held(None, whole * built.cell_area / built.multiplicity)


def _one_step(
    begin: Snapshot,
    x: PETSc.Vec,
    step: Step,
    flaw: GrowingFlaw | None,
    overrides: Mapping[str, str],
    keep: Keep,
    renews: bool,
) -> tuple[float, PETSc.Vec, Reason, float]:
    """One step of the programme, or a part of one; moments are added to what was found.

    Returns:
        Time and state at its end, how it ended, the length of the next step in time, s.
    """
    found, number, system = begin.found, begin.step, begin.system
    start, since = found.moments[begin.first], begin.history.times[-1]
    events = events_of(system, step, start.voltage, start.charge, renews)
    memory = Memory()
    if not begin.inside:
        for reason, event in events.items():
            if event(x) <= 0.0:
                return since, x, reason, begin.length
        memory.add(since, x)
    end = start.time + step.duration
    rate = x.duplicate()
    ts = _integrator(system, x.copy(), rate, begin, end, step, overrides)
    for time, state in zip(begin.history.times, begin.history.states, strict=True):
        if begin.inside:
            memory.add(time, state)
    previous = float(ts.getTime())
    total = found.moments[-1].iterations - int(ts.getSNESIterations())
    while ts.getTime() < end * (1.0 - 1e-14):
        ts.step()
        if ts.getConvergedReason() < 0:
            raise SolveFailed(
                f"step {number + 1} of the programme: steps in time became too small at "
                f"t = {ts.getTime():.6g} s ({ts.getSNESFailures()} solves failed)"
            )
        now, state = float(ts.getTime()), ts.getSolution()
        iterations = total + int(ts.getSNESIterations())
        hit = _pierced(flaw, found.moments[-1], now, state)
        for reason, event in events.items():
            if event(state) <= 0.0:
                hit[reason] = located(ts, event, previous, now, state)
        if hit:
            reason = min(hit, key=lambda word: hit[word])
            time = hit[reason]
            there = state.copy()
            ts.interpolate(time, there)
            system.held[system.driven] = _held(system, step, time - start.time)
            iterations += fit_potentials(system, there, overrides)
            moment, _ = _first_moment(system, there, time, number, iterations, overrides)
            found.moments.append(_with_flaw(flaw, found, moment, there))
            found.rejected += int(ts.getStepRejections())
            length = float(ts.getTimeStep())
            ts.destroy()
            return time, there, reason, length
        moment = moment_of(system, state, now, number, iterations, rate)
        found.moments.append(_with_flaw(flaw, found, moment, state))
        memory.add(now, state)
        previous = now
        keep(now, partial(_now, begin, memory, ts))
    last = ts.getSolution().copy()
    found.rejected += int(ts.getStepRejections())
    ts.destroy()
    return end, last, "duration", 0.0


def _now(begin: Snapshot, memory: Memory, ts: PETSc.TS) -> Snapshot:
    """A march within a step of its programme; before TS remembers enough, the start of that."""
    history = memory.history()
    if history is None:
        return _so_far(begin)
    found = begin.found
    rejected = found.rejected + int(ts.getStepRejections())
    so_far = replace(
        found,
        moments=list(found.moments),
        ends=list(found.ends),
        rejected=rejected,
        remeshings=list(found.remeshings),
    )
    return Snapshot(
        so_far, begin.step, begin.first, history, float(ts.getTimeStep()), len(found.moments),
        begin.system,
    )  # fmt: skip


def _integrator(
    system: System,
    x: PETSc.Vec,
    latest: PETSc.Vec,
    begin: Snapshot,
    end: float,
    step: Step,
    overrides: Mapping[str, str],
) -> PETSc.TS:
    """From x on; `latest` gets dx/dt of the last state that was tried."""
    ts = PETSc.TS().create(system.comm)
    ts.setOptionsPrefix(PREFIX)
    ts.setProblemType(PETSc.TS.ProblemType.NONLINEAR)
    ts.setEquationType(PETSc.TS.EquationType.DAE_IMPLICIT_INDEX1)
    system.way = "in time"
    replay = Replay(system, begin.history if begin.inside else None)

    def residual(_: PETSc.TS, t: float, at: PETSc.Vec, rate: PETSc.Vec, out: PETSc.Vec) -> None:
        if step.ramps:
            system.held[system.driven] = _held(system, step, t - end + step.duration)
        replay.residual(t, at, rate, out)
        rate.copy(latest)

    def jacobian(
        _: PETSc.TS, __: float, at: PETSc.Vec, rate: PETSc.Vec, shift: float,
        out: PETSc.Mat, ___: PETSc.Mat,
    ) -> None:  # fmt: skip
        replay.jacobian(at, rate, shift, out)

    matrix = system.empty_matrix()
    ts.setIFunction(residual, system.vector())
    ts.setIJacobian(jacobian, matrix, matrix)
    ts.setTime(begin.history.times[0])
    ts.setMaxTime(end)
    ts.setMaxSteps(MOST_STEPS)
    flaw = system.programme.any_flaw
    grows = flaw is not None and flaw.grows_to is not None
    longest = step.duration / MOMENTS if grows else step.duration
    first = min(begin.length, end - begin.history.times[0]) or system.first_step(step)
    ts.setTimeStep(min(first, longest))
    ts.setSolution(begin.history.states[0].copy() if begin.inside else x)
    ts.setTolerances(rtol=0.0, atol=system.tolerances(system.programme.step_error))
    ts.setErrorIfStepFails(False)
    options = {**newton_options(system, overrides), **IN_TIME}
    options["ts_adapt_dt_min"] = f"{SMALLEST_STEP * step.duration:.3e}"
    if longest < step.duration:
        options["ts_adapt_dt_max"] = f"{longest:.17g}"
    with prefixed_options(PREFIX, {**options, **overrides}):
        ts.setFromOptions()
        ts.setUp()
        with diagonal(ts.getSNES()):
            replay.run(ts, begin.length)
        split(ts.getSNES(), system)
    return ts
