"""What is known of interfaces that may open, press, slide or tear, when they are solved for."""

from dataclasses import dataclass

from solver.broken import Floats
from solver.equilibrium import State


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
        place: x, um, shape (n,).
        opening: (sliding, normal), um, shape (n, 2).
        force: On the upper layer, uN (plane: N/m), shape (n, 2).
        area: um^2 (plane: um), shape (n,).
        length: Along the section, um, shape (n,).
        kappa: Largest effective opening of a cohesive interface, infinite where it has come off.
        spent: Energy that has torn it, on all ranks.
        overlap: Largest overlap at and between nodes, um, on all ranks.
    """

    place: Floats
    opening: Floats
    force: Floats
    area: Floats
    length: Floats
    kappa: Floats
    spent: float
    overlap: float


@dataclass(frozen=True)
class Answer:
    """The equilibrium at the end of the load.

    Attributes:
        state: With a discontinuous displacement; its energy has that stored in interfaces.
        jumps: By name of the interface.
        steps: Of the load.
        rounds: Solves until the set of sticking nodes did not change.
    """

    state: State
    jumps: dict[str, Jump]
    steps: tuple[Step, ...]
    rounds: int

    @property
    def spent(self) -> float:
        """Energy that has torn interfaces, pJ (plane: pJ/um)."""
        return self.steps[-1].spent
