"""Table [impedance] of a case file."""

import math
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, field_validator

from solver import impedance_schema
from solver.values import Area, Strict, Value, as_tuple, fault

# members in series: R1, p(R1,C1), p(R1,CPE1), Ws1
MEMBER = r"(R[0-9]|p\(R[0-9],(C|CPE)[0-9]\)|Ws[0-9])"
CIRCUIT = re.compile(rf"({MEMBER}(-{MEMBER}){{0,8}})?")


class Frequency(Value):
    """A frequency above zero."""

    kinds = ("frequency",)
    sign = "positive"


class Sweep(Strict):
    """Frequencies from one end to the other, evenly on a logarithmic scale."""

    first: Frequency = Field(alias="from")
    last: Frequency = Field(alias="to")
    per_decade: int = Field(ge=1, le=100)


def _form(data: Any) -> str:
    sweep = isinstance(data, Sweep) or (isinstance(data, dict) and "value" not in data)
    return "sweep" if sweep else "list"


Listed = Annotated[tuple[Frequency, ...], BeforeValidator(as_tuple)]
Frequencies = Annotated[
    Annotated[Listed, Tag("list")] | Annotated[Sweep, Tag("sweep")], Discriminator(_form)
]


class Measured(Strict):
    """A file with a spectrum in ohm cm^2, or with the area of the sample in ohm."""

    file: str
    area: Area | None = None
    source: str = Field(min_length=1, max_length=400)


class Impedance(Strict):
    """Frequencies, the state that is disturbed, what the spectrum is compared with."""

    frequencies: Frequencies
    state: Literal["rest", "end"] = "rest"
    circuit: str = ""
    measured: Measured | None = None

    @field_validator("circuit")
    @classmethod
    def _members_in_series(cls, circuit: str) -> str:
        if not CIRCUIT.fullmatch(circuit):
            raise fault("members in series, each R0, p(R1,C1), p(R1,CPE1) or Ws1, joined by -")
        return circuit


def impedance(table: Impedance | None, folder: Path) -> impedance_schema.Impedance | None:
    """In working units; `folder` is that of the case file."""
    if table is None:
        return None
    measured = table.measured
    return impedance_schema.Impedance(
        frequencies=frequencies_of(table.frequencies),
        state=table.state,
        circuit=table.circuit,
        measured=None
        if measured is None
        else impedance_schema.Measured(
            str(folder / measured.file),
            0.0 if measured.area is None else measured.area.number,
            measured.source,
        ),
    )


def frequencies_of(given: tuple[Frequency, ...] | Sweep) -> tuple[float, ...]:
    """All frequencies, Hz, falling, each once."""
    if not isinstance(given, Sweep):
        return tuple(sorted({value.number for value in given}, reverse=True))
    high, low = (
        pick(given.first.number, given.last.number) for pick in (max, min)
    )  # given from either end
    decades = math.log10(high / low)
    count = max(1, round(decades * given.per_decade))
    inner = (high * 10.0 ** (-decades * k / count) for k in range(1, count))
    return (high, *inner, low)
