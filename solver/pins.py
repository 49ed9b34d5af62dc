"""Pins that take the rigid motions out of a body which nothing holds.

Where contact is a bound on unknowns, no null space is kept: each rigid motion that the supports
allow loses one component of one node instead. Loads that balance put no force on these pins, so
that stress and jumps are those of the free body; a force on a pin says that the loads do not
balance.
"""

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from mpi4py import MPI

from solver.broken import Floats, Held, Ints, Sides
from solver.equilibrium import FIXED, FREE, PLATE

NOTHING = 1e-8  # of a motion that violates nothing, relative
ALIKE = 1e-6  # components that move as much as the one that moves most


def pinned(sides: Sides, held: Held, sprung: Collection[int]) -> tuple[Held, Ints]:
    """What is held with the pins, and the components of this rank that are pinned; collective.

    Args:
        sides: Of the nodes; jumps do not move with the body.
        held: By the supports.
        sprung: Numbers of the plates that have a spring behind them.
    """
    comm, owned = sides.domain.comm, sides.owned
    points = sides.continuous.tabulate_dof_coordinates()[:owned, :2]
    both = np.concatenate([points, points[sides.nodes]])
    still, one = np.zeros(len(both)), np.ones(len(both))
    fields = [(one, still), (still, one), (-both[:, 1], both[:, 0])]
    motions = np.array([np.stack(field, axis=1).ravel() for field in fields])
    motions[2] -= _means(comm, motions[2], both) @ motions[:2]  # about the middle
    motions /= np.sqrt(_sum(comm, motions**2))[:, None]
    left = _allowed(comm, motions, held, sprung)
    free = held.state == FREE
    free[2 * owned :] = False
    free.reshape(-1, 2)[sides.nodes] = False
    state, given, pins = held.state.copy(), held.given.copy(), []
    key = both @ np.array([1.0, 0.618]) / max(_most(comm, np.abs(both)), 1e-300)
    key = np.repeat(key, 2) + np.tile([0.0, 1e-3], len(both))
    while len(left):
        size = np.abs(left) * free
        largest = np.array([_most(comm, row) for row in size])
        which = int(largest.argmax())
        ready = size[which] > (1.0 - ALIKE) * largest[which]
        first = comm.allreduce(float(key[ready].min(initial=np.inf)), op=MPI.MIN)
        here = np.flatnonzero(ready & (key == first))[:1]
        mine = comm.allreduce(comm.rank if len(here) else comm.size, op=MPI.MIN)
        column = comm.bcast(left[:, here[0]] if comm.rank == mine else None, root=mine)
        if comm.rank == mine:
            pins.append(int(here[0]))
            state[here], given[here] = FIXED, 0.0
        # what is left does not move that component
        others = np.delete(np.arange(len(left)), which)
        left = left[others] - np.outer(column[others] / column[which], left[which])
    return replace(held, state=state, given=given), np.array(pins, dtype=np.int64)


def _allowed(comm: MPI.Intracomm, motions: Floats, held: Held, sprung: Collection[int]) -> Floats:
    """The combinations of unit motions that supports and plates allow, shape (n, components)."""
    violated = [motions[:, held.state == FIXED]]
    for plate in range(held.plates):
        on = motions[:, held.state == PLATE + plate]
        count = comm.allreduce(on.shape[1])
        mean = _sum(comm, on) / max(count, 1)
        violated.append(on if plate in sprung else on - mean[:, None])
    wrong = np.concatenate(violated, axis=1)
    gram = comm.allreduce(wrong @ wrong.T)
    values, vectors = np.linalg.eigh(gram)
    return np.asarray(vectors[:, values < NOTHING**2].T @ motions)


def _means(comm: MPI.Intracomm, turn: Floats, points: Floats) -> Floats:
    """Translation along x and y in a rotation about the origin."""
    count = comm.allreduce(len(points))
    return np.asarray(_sum(comm, turn.reshape(-1, 2).T) / count)


def _sum(comm: MPI.Intracomm, rows: npt.NDArray[np.float64]) -> Floats:
    return np.asarray(comm.allreduce(rows.sum(axis=1)))


def _most(comm: MPI.Intracomm, values: Floats) -> float:
    return float(comm.allreduce(float(values.max(initial=0.0)), op=MPI.MAX))
