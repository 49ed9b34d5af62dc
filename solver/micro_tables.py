"""The tables of microstructures as they stand in a case file."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from solver.values import Fraction, Length, LengthOrZero, Strict, as_tuple

NAME = r"^[A-Za-z][A-Za-z0-9_.+\-]{0,63}$"
Name = Annotated[str, Field(pattern=NAME)]


class FlatLayer(Strict):
    """A flat layer of the cell; its name is that of its region."""

    name: Name
    thickness: Length


class Structured(Strict):
    """What all microstructures have: the cell. Without `depth` it is a plane section."""

    width: Length
    depth: Length | None = None
    layers: Annotated[tuple[FlatLayer, ...], BeforeValidator(as_tuple)]
    resolution: Length
    periodic: Literal["none", "sides", "all"] = "sides"
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0


class Coat(Strict):
    """A shell of a second phase around features."""

    name: Name
    thickness: Length


class Particles(Structured):
    """Balls (discs in a plane section) in one layer."""

    shape: Literal["particles"]
    name: Name
    inside: Name
    volume_fraction: Fraction
    arrangement: Literal["random", "cubic"] = "random"
    diameter: Length | None = None
    deviation: LengthOrZero | None = None
    gap: LengthOrZero | None = None
    contact: Literal["apart", "touching"] = "apart"
    place: Literal["anywhere", "bottom"] = "anywhere"
    shell: Coat | None = None


MICRO = ("particles",)
Micro = Particles
