"""A staircase of currents until the cell fails: the protocol of a critical current density.

At every current i_k = first + k increment, up to the last one, the cell makes `cycles` full cycles:
a half cycle with +i_k, rest, one with -i_k, rest. Half cycles last either the same time, or as long
as it takes to pass the capacity Q_k = Q_0 + k dQ (current and capacity rise together).

What counts as failure is part of the protocol: the size of the voltage, the salt used up at a face,
a flaw that grows. The first current with a failure is the critical current density (a paper tells
the current at which the voltage drops); the last one without it is the lower end of its bracket.
Critical currents of protocols that differ in times, capacities or steps are different quantities.
"""

from solver.march_schema import Staircase, Step

SLACK = 1e-9  # of an increment: rounding of the last current


def currents(staircase: Staircase) -> tuple[float, ...]:
    """All of them, pA/um^2, growing."""
    count = int((staircase.last - staircase.first) / staircase.increment + SLACK) + 1
    return tuple(staircase.first + k * staircase.increment for k in range(count))


def steps_of(staircase: Staircase) -> tuple[Step, ...]:
    """The steps of the programme: as many for every current."""
    steps: list[Step] = []
    for k, current in enumerate(currents(staircase)):
        duration = staircase.half_cycle
        if duration is None:
            duration = (staircase.capacity + k * staircase.capacity_increment) / current
        rest = [Step("rest", staircase.rest)] if staircase.rest > 0.0 else []
        for _ in range(staircase.cycles):
            for sign in (1.0, -1.0):
                steps += [Step("galvanostatic", duration, sign * current), *rest]
    return tuple(steps)


def steps_per_current(staircase: Staircase) -> int:
    """How many steps of the programme belong to one current."""
    return staircase.cycles * (4 if staircase.rest > 0.0 else 2)
