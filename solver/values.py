"""A physical value in a case file: text with unit, and where it comes from.

One class per kind of value: it knows the dimension and the sign that are allowed, and the JSON
schema names it.
"""

import math
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from solver import units

INFINITE = "infinite"
Role = Literal["paper", "literature", "assumed", "calibrated", "definition"]


def as_tuple(value: Any) -> Any:
    """A list of TOML as the tuple that a frozen table holds; anything else as it is."""
    return tuple(value) if isinstance(value, list) else value


def fault(allowed: str, near: str = "", key: str = "") -> PydanticCustomError:
    """An error of a value or table.

    Args:
        allowed: What is allowed instead.
        near: The nearest valid spelling.
        key: The key of the table that is missing, if that's what is wrong.
    """
    context = {"allowed": allowed, "nearest": near, "key": key}
    return PydanticCustomError("fault", "{allowed}", context)


def _text_or_number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise fault('a text with a unit, as "10 um", or a plain number where there is none')
    return value


Given = Annotated[str | float, BeforeValidator(_text_or_number)]


class Strict(BaseModel):
    """A table that has no other keys than its own and no other types than those stated."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Value(Strict):
    """A physical value: text with unit, or a table with the text and where it comes from.

    Roles: `paper`; `literature` (needs confidence and range); `assumed` (needs range); `calibrated`
    (needs datum); `definition` (a choice of this project: unit of a problem, driving potential).
    """

    kinds: ClassVar[tuple[units.Kind, ...]] = ("dimensionless",)
    sign: ClassVar[units.Sign] = "any"

    value: Given
    source: str | None = Field(None, min_length=1)
    role: Role | None = None
    confidence: str | None = Field(None, min_length=1)
    range: Annotated[tuple[Given, Given] | None, BeforeValidator(as_tuple)] = None
    datum: str | None = Field(None, min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _text_or_table(cls, data: Any) -> Any:
        return data if isinstance(data, dict | Value) else {"value": data}

    @model_validator(mode="after")
    def _is_physical(self) -> Self:
        number = self.read(self.value)
        if self.range is not None:
            low, high = (self.read(end) for end in self.range)
            if not low <= high:
                raise fault("a range whose first value is not above the second")
            if not low <= number <= high:
                raise fault("a value inside its range")
        for role, key in NEEDED:
            if self.role == role and dict(self)[key] is None:
                raise fault(f'this key beside role = "{role}"', key=key)
        return self

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Editors are told that a bare text is allowed as well."""
        table = handler.resolve_ref_schema(handler(core_schema))
        examples = [units.DISPLAY[kind][1] for kind in cls.kinds]
        text = {"type": "string", "examples": examples}
        bare = [text, {"type": "number"}] if cls.kinds == ("dimensionless",) else [text]
        return {
            "title": cls.__name__,
            "description": cls.__doc__ or "",
            "anyOf": [*bare, {k: v for k, v in table.items() if k not in ("title", "description")}],
        }

    @classmethod
    def read(cls, text: str | float) -> float:
        """The value in the working system; raises a schema fault."""
        return cls.read_kind(text)[0]

    @classmethod
    def read_kind(cls, text: str | float) -> tuple[float, units.Kind]:
        """The value in the working system and which of the allowed kinds it is."""
        if not isinstance(text, str):
            if cls.kinds != ("dimensionless",):
                example = units.DISPLAY[cls.kinds[0]][1]
                raise fault(f'a text with a unit, as "{example}"')
            text = repr(text)
        error: units.UnitError | None = None
        for kind in cls.kinds:
            try:
                return units.parse(text, kind, cls.sign), kind
            except units.UnitError as caught:
                error = error or caught
        if error is None:
            raise fault("a value")
        raise fault(error.expected, error.nearest) from None

    @property
    def number(self) -> float:
        """The value in the working system."""
        return self.read(self.value)

    @property
    def kind(self) -> units.Kind:
        """The kind of quantity this is."""
        return self.read_kind(self.value)[1]

    @property
    def text(self) -> str:
        """The value as it stands in the file."""
        return self.value if isinstance(self.value, str) else repr(self.value)


NEEDED = (
    ("literature", "source"),
    ("literature", "confidence"),
    ("literature", "range"),
    ("assumed", "range"),
    ("calibrated", "datum"),
    ("paper", "source"),
)


class Length(Value):
    """A length above zero."""

    kinds = ("length",)
    sign = "positive"


class LengthOrZero(Value):
    """A length, may be zero."""

    kinds = ("length",)
    sign = "non_negative"


class LengthUnit(Length):
    """A unit of length ("mm"), or a length ("25.4 mm")."""

    @classmethod
    def read_kind(cls, text: str | float) -> tuple[float, units.Kind]:
        """As for any value; a unit without number is one of it."""
        bare = isinstance(text, str) and text[:1].isalpha()
        return super().read_kind(f"1 {text}" if bare else text)


class Area(Value):
    """An area above zero (of a plane mesh: the width of the cell)."""

    kinds = ("area", "length")
    sign = "positive"


class PlaneArea(Value):
    """An area above zero."""

    kinds = ("area",)
    sign = "positive"


class Conductivity(Value):
    """An ionic conductivity above zero."""

    kinds = ("conductivity",)
    sign = "positive"


class SpecificResistance(Value):
    """An area-specific resistance, may be zero."""

    kinds = ("area_specific_resistance",)
    sign = "non_negative"


class Resistance(Value):
    """A resistance above zero."""

    kinds = ("resistance",)
    sign = "positive"


class Mass(Value):
    """A mass above zero."""

    kinds = ("mass",)
    sign = "positive"


class Density(Value):
    """A mass density above zero."""

    kinds = ("density",)
    sign = "positive"


class ArealCapacity(Value):
    """A charge per area above zero."""

    kinds = ("areal_capacity",)
    sign = "positive"


class SpecificCapacity(Value):
    """A charge per mass above zero."""

    kinds = ("specific_capacity",)
    sign = "positive"


class ConductivityOrZero(Value):
    """A conductivity, may be zero."""

    kinds = ("conductivity",)
    sign = "non_negative"


class Potential(Value):
    """An electric potential."""

    kinds = ("potential",)


class Current(Value):
    """A current through the boundary of the whole cell (of a plane cell: per depth)."""

    kinds = ("current", "current_per_length")


class CurrentDensity(Value):
    """A current over the area of the whole cell."""

    kinds = ("current_density",)


class ArealCapacityOrZero(Value):
    """A charge over the area of the whole cell, may be zero."""

    kinds = ("areal_capacity",)
    sign = "non_negative"


class Concentration(Value):
    """Amount of salt per volume, above zero."""

    kinds = ("concentration",)
    sign = "positive"


class Diffusivity(Value):
    """A diffusivity above zero."""

    kinds = ("diffusivity",)
    sign = "positive"


class Capacitance(Value):
    """Charge per area and potential, may be zero."""

    kinds = ("areal_capacitance",)
    sign = "non_negative"


class MolarVolume(Value):
    """Volume per amount, above zero."""

    kinds = ("molar_volume",)
    sign = "positive"


class Fraction(Value):
    """A plain number or a percentage above zero."""

    sign = "positive"


class Thickness(Length):
    """A length above zero, or "infinite" for the last layer of a half space."""

    @classmethod
    def read_kind(cls, text: str | float) -> tuple[float, units.Kind]:
        """As for any value; "infinite" is read too."""
        return (math.inf, "length") if text == INFINITE else super().read_kind(text)


class Modulus(Value):
    """An elastic modulus above zero."""

    kinds = ("stress",)
    sign = "positive"


class ModulusOrZero(Value):
    """A modulus, may be zero."""

    kinds = ("stress",)
    sign = "non_negative"


class Rate(Value):
    """A rate of strain above zero."""

    kinds = ("rate",)
    sign = "positive"


class Time(Value):
    """A time above zero."""

    kinds = ("time",)
    sign = "positive"


class MolarEnergy(Value):
    """An activation energy, may be zero."""

    kinds = ("molar_energy",)
    sign = "non_negative"


class Temperature(Value):
    """An absolute temperature, in K."""

    kinds = ("temperature",)
    sign = "positive"


class NumberOrZero(Value):
    """A plain number or a percentage, not negative."""

    sign = "non_negative"


class Stress(Value):
    """A stress or pressure."""

    kinds = ("stress",)


class FractureEnergy(Value):
    """A fracture energy above zero."""

    kinds = ("energy_release_rate",)
    sign = "positive"


class FractureToughness(Value):
    """A fracture toughness K_Ic above zero."""

    kinds = ("fracture_toughness",)
    sign = "positive"


class Angle(Value):
    """An angle."""

    kinds = ("angle",)

    @classmethod
    def read_kind(cls, text: str | float) -> tuple[float, units.Kind]:
        """The value in rad; a plain number other than zero could mean degrees as well."""
        found = super().read_kind(text)
        if found[0] != 0.0 and isinstance(text, str) and not units.split(text)[1]:
            raise fault('an angle with its unit, as "45 degree" or "0.5 rad"')
        return found


class Expansion(Value):
    """A coefficient of linear thermal expansion."""

    kinds = ("thermal_expansion",)


class SpringStiffness(Value):
    """Pressure of a spring per way that it is pressed together."""

    kinds = ("spring_stiffness",)
    sign = "positive"


class BodyForce(Value):
    """A component of a force per volume."""

    kinds = ("body_force",)


class TemperatureChange(Value):
    """A difference of temperatures, in K."""

    kinds = ("temperature",)


class Displacement(Value):
    """A displacement."""

    kinds = ("length",)


class Number(Value):
    """A plain number or a percentage."""


Setting = str | int | list[int]  # what may be set in a table instead of what a file gives


def one_of[T: Strict](table: T, *keys: str) -> T:
    """The table, if it has exactly one of the keys."""
    values = dict(iter(table))  # a table may have a field "keys"
    given = [key for key in keys if values[key] is not None]
    if len(given) != 1:
        raise fault(f"exactly one of {', '.join(keys)} (given: {', '.join(given) or 'none'})")
    return table
