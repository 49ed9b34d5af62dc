"""What is known of interfaces that may open, press, slide or tear, when they are solved for."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from dolfinx import fem
from petsc4py import PETSc

from solver.broken import NORMAL, Break, Floats, Sides, overlap
from solver.equilibrium import State
from solver.load_path import LoadPath, LoadStep, named_forces


@dataclass(frozen=True)
class Step:
    """One step of the load.

    Attributes:
        share: Of the load.
        reactions: By name of the support, as in `State`.
        spent: Energy that has torn interfaces so far, pJ (plane: pJ/um).
        opening: Largest opening, um.
        iterations: Newton steps.
    """

    share: float
    reactions: dict[str, float]
    spent: float
    opening: float
    iterations: int


@dataclass(frozen=True)
class Jump:
    """Openings and forces of one interface, at its nodes that this rank owns.

    Attributes:
        space: Continuous displacements.
        nodes: Its nodes that these are, shape (n,).
        place: x, um, shape (n,); on a flaw the distance from its beginning.
        opening: (sliding, normal), um, shape (n, 2).
        force: On the upper layer (the left face), along and across, uN (plane: N/m), shape (n, 2).
        area: um^2 (plane: um), shape (n,).
        length: Along the section, um, shape (n,).
        kappa: Largest effective opening of a cohesive interface, infinite where it has come off.
        spent: Energy that has torn it, on all ranks.
        overlap: Largest overlap at and between nodes, um, on all ranks.
    """

    space: fem.FunctionSpace
    nodes: npt.NDArray[np.int32]
    place: Floats
    opening: Floats
    force: Floats
    area: Floats
    length: Floats
    kappa: Floats
    spent: float
    overlap: float


def path_of(history: Sequence[Step], cuts: int, stopped: str, axisymmetric: bool) -> LoadPath:
    """The same steps by name and unit."""
    steps = []
    for step in history:
        values = named_forces(step.reactions, axisymmetric)
        values |= {"spent_energy [pJ]": step.spent, "opening [um]": step.opening}
        steps.append(LoadStep(step.share, step.iterations, values))
    return LoadPath(tuple(steps), cuts, stopped)


def jump_of(
    sides: Sides, number: int, broken: Break, w: Floats, forces: Floats, kappa: Floats,
    spent: Floats,
) -> Jump:  # fmt: skip
    """What one interface does; collective.

    Args:
        sides: The nodes with two sides.
        number: Of the interface.
        broken: It.
        w: Jumps of all nodes, um, shape (n, 2).
        forces: On their upper sides, along x and y, shape (n, 2).
        kappa: Largest effective openings, shape (n,).
        spent: Energies that have torn the nodes, shape (n,).
    """
    at = np.flatnonzero(sides.which == number)
    here = at[np.argsort(sides.place[at])]
    return Jump(
        space=sides.continuous,
        nodes=sides.nodes[here],
        place=sides.place[here],
        opening=w[here],
        force=np.einsum("nij,ni->nj", sides.frame[here], forces[here]),
        area=sides.area[here],
        length=sides.length[here],
        kappa=kappa[here],
        spent=float(sides.domain.comm.allreduce(float(spent[here].sum()))),
        overlap=overlap(sides, broken, w[:, NORMAL]),
    )


@dataclass(frozen=True)
class Buckling:
    """Whether what has come off buckles.

    Attributes:
        theta: Inverse of the share of the load at which the flat state no longer lasts; above 1 it
            has buckled.
        lasts: Whether the equilibrium that is told lasts: flat below 1, else the buckled one.
    """

    theta: float
    lasts: bool

    @property
    def has_buckled(self) -> bool:
        """Whether the equilibrium that is told is the buckled one."""
        return self.lasts and self.theta >= 1.0


@dataclass(frozen=True)
class Answer:
    """The equilibrium at the end of the load.

    Attributes:
        state: With a discontinuous displacement; its energy has that stored in interfaces.
        jumps: By name of the interface.
        steps: Of the load.
        rounds: Solves until the set of sticking nodes did not change.
        buckling: Of layers that have come off; None: not looked for.
        bent: The unknowns of what has buckled; None: it has not.
    """

    state: State
    jumps: dict[str, Jump]
    steps: tuple[Step, ...]
    rounds: int
    buckling: Buckling | None = None
    bent: PETSc.Vec | None = None

    @property
    def spent(self) -> float:
        """Energy that has torn interfaces, pJ (plane: pJ/um)."""
        return self.steps[-1].spent
