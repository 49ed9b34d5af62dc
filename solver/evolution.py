"""A load in steps: backward Euler with steps that are cut when they fail and grow again.

Time t runs to `duration`, the load rises evenly within `ramp` (at once without one). Without a
duration only the load counts. With a given number of steps they are equal. Else their length
follows from the error that a step of backward Euler makes in the stress, estimated by

    3 G dt/2 |dp/dt(new) - dp/dt(old)|  <=  step_error x largest equivalent stress

over all points of solids whose flow depends on time. A step for which Newton's method fails is
halved, `MOST_CUTS` times in a row at most and not below `ROUNDING` of the path (closer to a limit
load than rounding, shorter and shorter steps go on for ever); then the evolution stops, and what it
had reached stays.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from dolfinx import fem
from mpi4py import MPI
from petsc4py import PETSc

from solver.hooke import Floats
from solver.inelastic import Inelastic, Reached
from solver.mechanics_schema import History, Plastic
from solver.point_fields import Integral
from solver.solve import SolveFailed

MOST_CUTS = 10
LOAD_STEPS = 20  # of a load that does not depend on time
FIRST, LARGEST, SMALLEST = 1e-6, 0.1, 1e-10  # steps that follow the error, over the duration
FASTER, SLOWER = 3.0, 0.2  # how much a step may differ from the one before
ROUNDING = 1e-9  # of the path: closer than that to a corner is there, to a limit load at it


@dataclass(frozen=True)
class Step:
    """A converged step.

    Attributes:
        time: At its end, s.
        load: Share of the load at its end.
        seconds: Its length, s.
        iterations: Newton steps.
        work: Of all forces so far, pJ (plane: pJ/um).
        dissipated: By flow so far, pJ (plane: pJ/um).
        values: What was measured at its end, by name.
    """

    time: float
    load: float
    seconds: float
    iterations: int
    work: float
    dissipated: float
    values: dict[str, float]


@dataclass(frozen=True)
class Evolution:
    """All steps of a load; there is at least one.

    Attributes:
        steps: The converged ones.
        last: The last of them.
        cuts: How many steps were halved because they failed.
        stopped: Why the end of the load was not reached; "" if it was.
    """

    steps: tuple[Step, ...]
    last: Reached
    cuts: int
    stopped: str


@dataclass(frozen=True)
class Flowed:
    """What a body that flows has become on one mesh.

    Attributes:
        evolution: The steps of its load.
        stress: MPa, order as in `solver.hooke`, linear in every cell.
        numbers: Everything that was measured at the end, by name, in working units.
        bars: Difference of each from that on the mesh before; empty on the first one.
    """

    evolution: Evolution
    stress: fem.Function
    numbers: dict[str, float]
    bars: dict[str, float]


Watch = Callable[[Reached], dict[str, float]]


class _Path:
    """Where a load has arrived, and what it has done so far."""

    def __init__(self, problem: Inelastic, watch: Watch, elastic: PETSc.Vec | None) -> None:
        self.problem, self.watch, self.elastic = problem, watch, elastic
        self.integral = Integral(problem)
        self.steps: list[Step] = []
        self.cuts, self.stopped = 0, ""
        self.work, self.dissipated = 0.0, 0.0
        owned = problem.given.getLocalSize()
        self.inner, self.moved = np.zeros(owned), np.zeros(owned)
        self.rates: dict[str, Floats] = {}
        self.last: Reached | None = None
        laws = {name: material.flow for name, material in problem.materials.items()}
        self.timed = [n for n, law in laws.items() if law and not isinstance(law, Plastic)]

    def error(self, reached: Reached, seconds: float) -> float:
        """Estimated error of the stress by a step, over the largest equivalent stress."""
        worst, largest = 0.0, 0.0
        for name, answer in reached.answers.items():
            largest = max(largest, float(answer.equivalent.max(initial=0.0)))
            if name in self.timed and self.rates:
                change = np.abs(answer.increment - seconds * self.rates[name]).max(initial=0.0)
                worst = max(worst, 1.5 * self.problem.materials[name].shear * float(change))
        worst = self.problem.comm.allreduce(worst, op=MPI.MAX)
        largest = self.problem.comm.allreduce(largest, op=MPI.MAX)
        return worst / largest if largest > 0.0 else 0.0

    def take(self, reached: Reached, time: float, load: float, seconds: float) -> None:
        """Makes a step the last one."""
        problem = self.problem
        problem.accept(reached)
        now = problem.displacement.x.array[: len(self.moved)].copy()
        part = 0.5 * float((self.inner + reached.inner) @ (now - self.moved))
        self.work += problem.comm.allreduce(part)
        lost = {n: a.equivalent * a.increment for n, a in reached.answers.items()}
        self.dissipated += self.integral(lost)
        self.inner, self.moved, self.last = reached.inner, now, reached
        if seconds > 0.0:
            self.rates = {n: (1.0 / seconds) * reached.answers[n].increment for n in self.timed}
        found = self.watch(reached)
        self.steps.append(
            Step(time, load, seconds, reached.iterations, self.work, self.dissipated, found)
        )

    def follow(
        self, at: Callable[[float], tuple[float, float]], corner: float, first: float,
        largest: float, tolerance: float | None,
    ) -> None:  # fmt: skip
        """Steps along a path from 0 to 1.

        Args:
            at: Time and load at a place of the path.
            corner: A place where a step has to end.
            first: Length of the first step.
            largest: Of any step.
            tolerance: Of the error of a step; None: not asked for.
        """
        place, size, failures, done = 0.0, first, 0, 0.0
        before_last = self.problem.unknowns.copy()
        while place < 1.0 and not self.stopped:
            goal = corner if place < corner * (1.0 - ROUNDING) else 1.0
            end = goal if place + size >= goal * (1.0 - ROUNDING) else place + size
            (before, loaded), (time, load) = at(place), at(end)
            start = self.problem.unknowns.copy()
            if done > 0.0 and failures == 0:  # go on as in the last step: Newton's method is near
                ahead = (end - place) / done
                self.problem.unknowns.axpby(-ahead, 1.0 + ahead, before_last)
            elif self.elastic is not None:
                self.problem.unknowns.axpy(load - loaded, self.elastic)
            try:
                reached = self.problem.step(load, time - before)
            except SolveFailed as error:
                start.copy(self.problem.unknowns)
                failures += 1
                self.cuts += 1
                if failures > MOST_CUTS or end - place < ROUNDING:
                    where = f"{100.0 * load:.4g} % of the load"
                    where += f" and {time:.6g} s" if time else ""
                    self.stopped = f"{error} at {where}, after {self.cuts} cuts of steps"
                size = 0.5 * (end - place)
                continue
            ratio = 0.0
            if tolerance is not None:
                ratio = self.error(reached, time - before) / tolerance
                if ratio > 1.0 and end - place > SMALLEST:
                    start.copy(self.problem.unknowns)
                    size = (end - place) * max(SLOWER, 0.8 / ratio**0.5)
                    continue
            factor = min(FASTER, 0.9 / max(ratio, 1e-6) ** 0.5)
            size = min(largest, max(size, end - place) * (factor if failures == 0 else 1.5))
            place, failures, done, before_last = end, 0, end - place, start
            self.take(reached, time, load, time - before)


def evolve(
    problem: Inelastic,
    history: History,
    watch: Watch,
    elastic: PETSc.Vec | None = None,
    shorter: int = 1,
) -> Evolution:
    """Takes a body through its load; collective.

    Args:
        problem: The body, unloaded.
        history: The load over time.
        watch: What to measure after every step.
        elastic: Unknowns of the elastic body under all of the load. Steps that cannot go on as the
            one before then begin with its share: displacements that are given at a face alone would
            strain the last row of cells by all of the step, far beyond what Newton's method mends.
        shorter: How much shorter all steps are to be than they would be.

    Raises:
        SolveFailed: Not even one step converged.
    """
    path = _Path(problem, watch, elastic)
    duration, ramp = history.duration, history.ramp
    if duration is None:
        size = 1.0 / (shorter * (history.steps or LOAD_STEPS))
        flows = any(material.flow for material in problem.materials.values())
        size = size if flows or history.steps else 1.0
        path.follow(lambda x: (0.0, x), 1.0, size, size, None)
    else:
        if ramp == 0.0:
            path.follow(lambda x: (0.0, x), 1.0, 1.0, 1.0, None)

        def at(x: float) -> tuple[float, float]:
            return x * duration, min(x * duration / ramp, 1.0) if ramp else 1.0

        corner = ramp / duration if ramp else 1.0
        if history.steps is not None:
            size = 1.0 / (shorter * history.steps)
            path.follow(at, corner, size, size, None)
        else:  # the error of a step goes with the square of its length
            allowed = history.step_error / shorter**2
            path.follow(at, corner, FIRST / shorter, LARGEST / shorter, allowed)
    if path.last is None:
        raise SolveFailed(path.stopped)
    return Evolution(tuple(path.steps), path.last, path.cuts, path.stopped)
