"""The form of a case file: strict tables, every physical value a text with its unit.

Only the form of each table and the dimension of each value is checked here; what needs the geometry
or several tables is in `checks`. The JSON schema for editors is made from these classes.
"""

import math
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)
from pydantic_core import PydanticCustomError

from solver import units

NAME = r"^[A-Za-z][A-Za-z0-9_.+\-]{0,63}$"
VARIANT_NAME = r"^[A-Za-z0-9][A-Za-z0-9_\-.]{0,63}$"
INFINITE = "infinite"
Name = Annotated[str, Field(pattern=NAME)]
Role = Literal["paper", "literature", "assumed", "calibrated", "definition"]


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def fault(allowed: str, near: str = "") -> PydanticCustomError:
    """An error whose text is what is allowed, with the nearest valid spelling."""
    return PydanticCustomError("fault", "{allowed}", {"allowed": allowed, "nearest": near})


class Strict(BaseModel):
    """A table that has no other keys than its own and no other types than those stated."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


T = TypeVar("T", bound=Strict)


class Value(Strict):
    """A physical value: text with unit, or a table with the text and where it comes from.

    Roles: `paper`; `literature` (needs confidence and range); `assumed` (needs range); `calibrated`
    (needs datum); `definition` (a choice of this project: unit of a problem, driving potential).
    """

    kinds: ClassVar[tuple[units.Kind, ...]] = ("dimensionless",)
    sign: ClassVar[units.Sign] = "any"

    value: str | float
    source: str | None = Field(None, min_length=1)
    role: Role | None = None
    confidence: str | None = Field(None, min_length=1)
    range: Annotated[tuple[str | float, str | float] | None, BeforeValidator(_tuple)] = None
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
            if self.role == role and getattr(self, key) is None:
                raise fault(f'the key "{key}" beside role = "{role}"')
        return self

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


class Potential(Value):
    """An electric potential."""

    kinds = ("potential",)


class Current(Value):
    """A current through the boundary of the whole cell (of a plane cell: per depth)."""

    kinds = ("current", "current_per_length")


class CurrentDensity(Value):
    """A current over the area of the whole cell."""

    kinds = ("current_density",)


class Fraction(Value):
    """A plain number or a percentage above zero."""

    sign = "positive"


# ---- geometry


class Thickness(Length):
    """A length above zero, or "infinite" for the last layer of a half space."""

    @classmethod
    def read_kind(cls, text: str | float) -> tuple[float, units.Kind]:
        """As for any value; "infinite" is read too."""
        return (math.inf, "length") if text == INFINITE else super().read_kind(text)


class Layer(Strict):
    name: Name
    thickness: Thickness


class Film(Strict):
    thickness: LengthOrZero
    model: Literal["layer", "interface"]


class NoOpening(Strict):
    kind: Literal["none"]


class Slit(Strict):
    kind: Literal["slit"]
    width: Length | None = None
    area_fraction: Fraction | None = None

    @model_validator(mode="after")
    def _one_size(self) -> Self:
        return one_of(self, "width", "area_fraction")


class Round(Strict):
    kind: Literal["round"]
    radius: Length | None = None
    area_fraction: Fraction | None = None

    @model_validator(mode="after")
    def _one_size(self) -> Self:
        return one_of(self, "radius", "area_fraction")


class Cross(Strict):
    kind: Literal["cross"]
    width: Length | None = None
    area_fraction: Fraction | None = None

    @model_validator(mode="after")
    def _one_size(self) -> Self:
        return one_of(self, "width", "area_fraction")


class TwoDiscs(Strict):
    kind: Literal["two_discs"]
    radius: Length
    distance: Length


Opening = Annotated[NoOpening | Slit | Round | Cross | TwoDiscs, Field(discriminator="kind")]
Layers = Annotated[tuple[Layer, ...], BeforeValidator(_tuple)]
Shape = Literal["strip", "tube", "round", "square", "hexagon", "half_space", "half_space_3d"]


def one_of(table: T, *keys: str) -> T:
    """The table, if it has exactly one of the keys."""
    given = [key for key in keys if getattr(table, key) is not None]
    if len(given) != 1:
        raise fault(f"exactly one of {', '.join(keys)} (there are {len(given)})")
    return table


class Cell(Strict):
    shape: Shape
    width: Length
    film: Film | None = None
    opening: Opening = NoOpening(kind="none")
    filling: Literal["metal", "electrolyte"] | None = None
    above: Layers
    below: Layers = ()
    resolved_height: Length | None = None

    @model_validator(mode="after")
    def _filling_of_a_layer(self) -> Self:
        open_layer = self.film is not None and self.film.model == "layer"
        if open_layer and self.opening.kind != "none" and self.filling is None:
            raise fault(
                'the key "filling" ("metal" or "electrolyte") for an open film that is a layer'
            )
        return self


class MeshFile(Strict):
    mesh_file: str
    dimension: Literal["plane", "axisymmetric", "3d"]
    length_unit: LengthUnit
    multiplicity: Fraction = Fraction(value=1.0)
    cell_area: Area | None = None


def _geometry_tag(data: Any) -> str:
    if isinstance(data, MeshFile) or (isinstance(data, dict) and "mesh_file" in data):
        return "mesh"
    return "cell"


Geometry = Annotated[
    Annotated[Cell, Tag("cell")] | Annotated[MeshFile, Tag("mesh")], Discriminator(_geometry_tag)
]

# ---- laws and conditions


class IonicConductor(Strict):
    law: Literal["ionic_conductor"]
    conductivity: Conductivity


class Equipotential(Strict):
    law: Literal["equipotential"]


class Insulator(Strict):
    law: Literal["insulator"]


class Electrode(Strict):
    law: Literal["electrode"]
    potential: Potential | None = None
    current: Current | None = None
    current_density: CurrentDensity | None = None
    area_specific_resistance: SpecificResistance = SpecificResistance(value="0 ohm cm^2")

    @model_validator(mode="after")
    def _one_condition(self) -> Self:
        return one_of(self, "potential", "current", "current_density")


class HalfSpace(Strict):
    law: Literal["half_space"]


class Insulated(Strict):
    law: Literal["insulated"]


class Resistive(Strict):
    law: Literal["resistive"]
    area_specific_resistance: SpecificResistance


class Bonded(Strict):
    law: Literal["bonded"]


class Insulating(Strict):
    law: Literal["insulating"]


Region = Annotated[IonicConductor | Equipotential | Insulator, Field(discriminator="law")]
Boundary = Annotated[Electrode | HalfSpace | Insulated, Field(discriminator="law")]
Interface = Annotated[Resistive | Bonded | Insulating, Field(discriminator="law")]

# ---- numbers, output, comparison


class Numerics(Strict):
    accuracy: Fraction = Fraction(value="0.1 %")
    refinement: Literal["adaptive", "uniform", "none"] = "adaptive"
    max_dofs: int = Field(2_000_000, ge=100, le=2_000_000_000)
    edge_size: Length | None = None
    maximum_size: Length | None = None
    petsc_options: dict[str, str] = {}


class Output(Strict):
    fields: Annotated[tuple[Literal["vtu", "vtx"], ...], BeforeValidator(_tuple)] = ("vtu",)
    pictures: bool = True


class Specimen(Strict):
    name: Name
    diameter: Length | None = None
    area: PlaneArea | None = None
    sides: Literal[1, 2]

    @model_validator(mode="after")
    def _one_size(self) -> Self:
        return one_of(self, "diameter", "area")


class Reference(Strict):
    quantity: str
    value: str | float
    source: str = Field(min_length=1)
    grade: Literal["P", "R", "C", "N"] | None = None
    tolerance: Fraction | None = None
    relation: Literal["equal", "at_most", "at_least"] = "equal"
    exact: bool = False
    reason: str = ""

    @model_validator(mode="after")
    def _comparable(self) -> Self:
        if not self.exact and self.grade is None:
            raise fault('the key "grade" (P, R, C or N), or exact = true')
        if self.exact and self.relation != "equal":
            raise fault('relation = "equal" beside exact = true')
        if self.tolerance is None and self.relation == "equal" and self.grade not in (None, "N"):
            raise fault('the key "tolerance" beside relation = "equal"')
        return self


class Calibrate(Strict):
    parameter: str
    bracket: Annotated[tuple[str, str], BeforeValidator(_tuple)]
    quantity: str
    target: str | float
    source: str = Field(min_length=1)


class CaseFile(Strict):
    """A case file. Every physical value is a text with its unit, as "2.5 mS/cm"."""

    title: str = Field(min_length=1, max_length=200)
    question: str = ""
    paper: str = ""
    base: str | None = None
    geometry: Geometry | None = None
    regions: dict[str, Region] = {}
    boundaries: dict[str, Boundary] = {}
    interfaces: dict[str, Interface] = {}
    numerics: Numerics = Numerics()
    output: Output = Output()
    specimens: Annotated[tuple[Specimen, ...], BeforeValidator(_tuple)] = ()
    references: Annotated[tuple[Reference, ...], BeforeValidator(_tuple)] = ()
    calibrate: Calibrate | None = None
    variants: dict[Annotated[str, Field(pattern=VARIANT_NAME)], dict[str, Any]] = {}
    balance: dict[str, Any] | None = None
