"""What a march has found: moments, how its steps ended, new meshes, and what it needs to go on."""

from dataclasses import dataclass, field

from petsc4py import PETSc

from solver.carrier_system import System
from solver.march_events import Reason
from solver.march_history import History
from solver.march_schema import Step


@dataclass(frozen=True)
class Moment:
    """A state in time.

    Attributes:
        time: s.
        step: Number of the step of the programme, from 0.
        voltage: Potential of the driven terminal minus that of the other, V.
        current: Into the cell through the driven terminal, pA (of the meshed part).
        charge: That has passed, pC (of the meshed part).
        least: Least concentration over that at the start.
        salt: Largest change of the amount of salt of an electrolyte, relative.
        balance: Sum of all currents over half the sum of their sizes; 0 without current.
        iterations: Newton steps up to here.
        growth: Mean, least and largest growth of every face that is followed, um; then the same of
            the share in contact, where it changes.
        fractions: Mean, least and largest fraction of lithium in every alloy.
        stress: Mean normal stress (MPa) and way outwards (um) of faces of a body that is stressed,
            and how its forces balance.
        flaw: Of a flaw whose growth is followed the step of the potential on its face (V), its
            length (um) and the pressure of its lithium (MPa).
    """

    time: float
    step: int
    voltage: float
    current: float
    charge: float
    least: float
    salt: float
    balance: float
    iterations: int
    growth: tuple[tuple[float, float, float], ...] = ()
    fractions: tuple[tuple[float, float, float], ...] = ()
    stress: tuple[tuple[float, float, float], ...] = ()
    flaw: tuple[tuple[float, float, float], ...] = ()


@dataclass(frozen=True)
class Ended:
    """How a step of the programme ended: the time, the reason, the index of its last moment."""

    step: Step
    time: float
    reason: Reason
    first: int
    last: int


@dataclass(frozen=True)
class Remeshing:
    """A new mesh on the way, and what it has changed; see `solver.remeshing`.

    Attributes:
        time: s.
        quality: Of the worst cell of the mesh before.
        cells: Of the mesh before.
        new_cells: Of the mesh after.
        volume: Of all that is meshed, before, um^3 (plane: um^2).
        new_volume: After.
        voltage: Of the driven terminal against the other, before, V.
        new_voltage: After.
        current: Through the driven terminal, before, pA.
        new_current: After.
        volume_jump: Largest change of the volume of a region, over it.
        deposit_jump: Largest change of the charge in the deposit of a face, over that which has
            moved so far.
        electric_jump: Change of voltage or current, whichever is larger, over them; of faces with
            double layers of their charge.
    """

    time: float
    quality: float
    cells: float
    new_cells: float
    volume: float
    new_volume: float
    voltage: float
    new_voltage: float
    current: float
    new_current: float
    volume_jump: float
    deposit_jump: float
    electric_jump: float

    @property
    def jump(self) -> float:
        """The largest of its relative changes."""
        return max(self.volume_jump, self.deposit_jump, self.electric_jump)


@dataclass
class Marched:
    """A finished march; `x` is its last state, `system` the problem on its last mesh."""

    moments: list[Moment] = field(default_factory=list)
    ends: list[Ended] = field(default_factory=list)
    x: PETSc.Vec | None = None
    rejected: int = 0
    shares: int = 0
    remeshings: list[Remeshing] = field(default_factory=list)
    system: System | None = None

    @property
    def depleted(self) -> bool:
        """Whether the salt ran out somewhere."""
        return bool(self.ends) and self.ends[-1].reason == "depleted"


@dataclass(frozen=True)
class Snapshot:
    """What a march needs to go on from where it is.

    Attributes:
        found: Moments, ends and counts so far, without a state.
        step: Number of the step of the programme that goes on, from 0.
        first: Index of the first moment of that step.
        history: The last states of the integrator, or the one state with which the step begins.
        length: Of the next step in time, s; 0 where the step of the programme begins.
        count: Moments before the first one that comes from here.
        system: The problem on the mesh of these states.
    """

    found: Marched
    step: int
    first: int
    history: History
    length: float
    count: int
    system: System

    @property
    def inside(self) -> bool:
        """Whether the integrator has a memory."""
        return len(self.history.times) > 1

    @property
    def begun(self) -> bool:
        """Whether the step of the programme has begun."""
        return self.count > self.first
