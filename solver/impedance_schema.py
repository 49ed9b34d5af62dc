"""The data of an impedance spectrum. Working units (frequencies in Hz)."""

from dataclasses import dataclass
from typing import Literal

State = Literal["rest", "end"]


@dataclass(frozen=True)
class Measured:
    """A measured spectrum in a file beside the case, see `solver.measured`.

    Attributes:
        path: The file.
        area: That turns its ohm into ohm cm^2 (um^2); 0: it is per area already.
        source: Where it comes from.
    """

    path: str
    area: float
    source: str


@dataclass(frozen=True)
class Impedance:
    """A spectrum that is asked for, see `solver.impedance`.

    Attributes:
        frequencies: Hz, falling.
        state: The state that is disturbed: "rest" (no current through the driven electrode) or
            "end" (of the programme; without steps the steady state).
        circuit: Equivalent circuit to be fitted, see `solver.circuit`; "": none.
        measured: Spectrum to compare with, if any.
    """

    frequencies: tuple[float, ...]
    state: State = "rest"
    circuit: str = ""
    measured: Measured | None = None
