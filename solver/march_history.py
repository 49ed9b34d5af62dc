"""The memory of a method in time, and how an integrator gets it back.

A backward differentiation formula makes the next state from several before it, so a march that goes
on from one state alone would begin again with order 1 and short steps, and end at other numbers.
PETSc offers no way to put states into its TS. But TS remembers what it has solved: with the
equations w (x - x_k) = 0, x_k the recorded state at the time of the step, it takes the recorded
steps once more, each for a linear solve with a diagonal matrix, and has the same memory to
rounding. Then the equations of the cell come back.

The first step of PETSc's formulas makes a state of its own at half of its length, which the
equations above do not know; it has left the memory after as many steps as TS remembers states.
"""

from collections import deque
from dataclasses import dataclass, field
from itertools import pairwise

from petsc4py import PETSc

from solver.carrier_system import System

REMEMBERED = 8  # states that PETSc's formulas of order 6 keep; of lower order fewer count
WEIGHT = 1e6  # so large that no guess passes for a solution


@dataclass(frozen=True)
class History:
    """States at their times (s), the oldest first."""

    times: tuple[float, ...]
    states: tuple[PETSc.Vec, ...]

    def at(self, time: float) -> PETSc.Vec:
        """The state nearest to a time."""
        nearest = min(range(len(self.times)), key=lambda k: abs(self.times[k] - time))
        return self.states[nearest]


@dataclass
class Memory:
    """The last states that an integrator has gone through, as many as it remembers."""

    times: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    states: deque[PETSc.Vec] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def add(self, time: float, state: PETSc.Vec) -> None:
        """Keep a copy."""
        self.times.append(time)
        self.states.append(state.copy())

    def history(self) -> History | None:
        """All that the next step needs; None before there are enough states."""
        if len(self.times) < REMEMBERED:
            return None
        return History(tuple(self.times), tuple(self.states))


class Replay:
    """Equations whose solutions are recorded states, for as long as `history` is there."""

    def __init__(self, system: System, history: History | None) -> None:
        """None: the equations of the system hold from the start."""
        self.system, self.history = system, history

    def residual(self, time: float, x: PETSc.Vec, rate: PETSc.Vec, out: PETSc.Vec) -> None:
        """Of the recorded states, or of the system."""
        if self.history is None:
            self.system.residual(x, rate, out)
            return
        x.copy(out)
        out.axpy(-1.0, self.history.at(time))
        out.scale(WEIGHT * self.system.scale)

    def jacobian(self, x: PETSc.Vec, rate: PETSc.Vec, shift: float, out: PETSc.Mat) -> None:
        """The same."""
        self.system.jacobian(x, rate, shift, out)
        if self.history is not None:  # the entries of the system, for the steps that follow
            out.zeroEntries()
            diagonal = self.system.vector()
            diagonal.set(WEIGHT * self.system.scale)
            out.setDiagonal(diagonal)
            out.assemble()

    def run(self, ts: PETSc.TS, length: float) -> None:
        """Take the recorded steps, then let the system's equations hold.

        Args:
            ts: Set up at the first recorded state, with these equations.
            length: Of the step that comes next, s.
        """
        if self.history is None:
            return
        times = self.history.times
        allowed = ts.getTolerances()
        free = self.system.vector()
        free.set(1e300)
        ts.setTolerances(rtol=0.0, atol=free)  # what was accepted once is accepted
        for before, after in pairwise(times):
            ts.setTimeStep(after - before)
            ts.step()
        self.history = None
        ts.setTolerances(rtol=allowed[0], atol=allowed[1])
        ts.setTime(times[-1])
        ts.setTimeStep(length)
        ts.getSNES().getKSP().reset()  # an ordering chosen for a diagonal matrix serves no other
