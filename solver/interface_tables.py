"""The form of the tables [mechanics.interfaces]: layers that may open, slide, press or tear."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from solver import interface_schema
from solver.values import (
    Conductivity,
    FractureEnergy,
    LengthOrZero,
    Modulus,
    Number,
    SpecificResistance,
    Strict,
    Value,
    fault,
)


class _Joint(Strict):
    """A part between two places along x may have come off."""

    start: LengthOrZero | None = None
    end: LengthOrZero | None = None

    @model_validator(mode="after")
    def _both_ends(self) -> Self:
        if (self.start is None) != (self.end is None):
            raise fault("start and end together, or none of them")
        return self


class Bonded(Strict):
    """The layers hold together; so do those that are not named."""

    law: Literal["bonded"]


class Free(_Joint):
    """The layers have come off; nothing keeps them from overlapping."""

    law: Literal["free"]
    fracture_energy: FractureEnergy | None = None


class Contact(_Joint):
    """The layers have come off; they press on each other and never overlap."""

    law: Literal["contact"]
    friction: Literal["none", "sticking"] = "none"
    fracture_energy: FractureEnergy | None = None


class Cohesive(_Joint):
    """The layers hold up to a strength, and tear when the fracture energy has been spent."""

    law: Literal["cohesive"]
    strength: Modulus
    fracture_energy: FractureEnergy
    shear_strength: Modulus | None = None  # without it, that of opening
    shear_fracture_energy: FractureEnergy | None = None
    exponent: Number | None = None  # of Benzeggagh and Kenane
    softening: Literal["bilinear", "exponential"] = "bilinear"
    rigidity: Number | None = None  # final opening over that at the peak
    steps: int = Field(40, ge=1, le=10_000)  # of the load, at least

    @model_validator(mode="after")
    def _softens(self) -> Self:
        if self.rigidity is not None and not self.rigidity.number > 1.0:
            raise fault("more than 1: the traction falls after its peak", key="rigidity")
        if self.exponent is not None and not 1.0 <= self.exponent.number <= 10.0:
            raise fault("from 1 to 10", key="exponent")
        return self


class Touching(Strict):
    """Layers that conduct where they touch: what the mechanics finds of them."""

    law: Literal["touching"]
    area_specific_resistance: SpecificResistance | None = None  # None: ideal contact
    gap_conductivity: Conductivity | None = None  # None: nothing conducts in a gap
    tolerance: LengthOrZero | None = None  # largest gap that counts as touching


Interface = Annotated[Bonded | Free | Contact | Cohesive, Field(discriminator="law")]


def joint(table: Bonded | Free | Contact | Cohesive) -> interface_schema.Joint:
    """The data of an interface."""
    match table:
        case Bonded():
            return interface_schema.Joint("bonded")
        case Free():
            return interface_schema.Joint(
                "free", *_ends(table), fracture_energy=_number(table.fracture_energy)
            )
        case Contact():
            return interface_schema.Joint(
                "contact", *_ends(table), table.friction, _number(table.fracture_energy)
            )
        case Cohesive():
            return interface_schema.Joint(
                "cohesive",
                *_ends(table),
                fracture_energy=table.fracture_energy.number,
                strength=table.strength.number,
                shear_strength=_number(table.shear_strength),
                shear_fracture_energy=_number(table.shear_fracture_energy),
                exponent=_number(table.exponent),
                softening=table.softening,
                rigidity=_number(table.rigidity),
                steps=table.steps,
            )


def _ends(table: _Joint) -> tuple[float | None, float | None]:
    return _number(table.start), _number(table.end)


def _number(value: Value | None) -> float | None:
    return None if value is None else value.number
