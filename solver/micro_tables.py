"""The tables of microstructures as they stand in a case file."""

import re
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from solver.values import (
    ArealCapacityOrZero,
    Fraction,
    Length,
    LengthOrZero,
    LengthUnit,
    Strict,
    as_tuple,
    fault,
    one_of,
)

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
    mesher: Literal["lattice", "conformal"] = "lattice"


class Coat(Strict):
    """A shell of a second phase around features: its thickness, or its share of the layer."""

    name: Name
    thickness: Length | None = None
    volume_fraction: Fraction | None = None

    @model_validator(mode="after")
    def _one_size(self) -> Self:
        return one_of(self, "thickness", "volume_fraction")


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
    place: Literal["anywhere", "bottom", "top"] = "anywhere"
    embedded: Length | None = None
    shell: Coat | None = None


class Fibres(Structured):
    """Straight fibres that may cross, in one layer."""

    shape: Literal["fibres"]
    name: Name
    inside: Name
    volume_fraction: Fraction
    diameter: Length
    deviation: LengthOrZero | None = None
    length: Length
    axis: Annotated[tuple[float, ...], BeforeValidator(as_tuple)] | None = None
    concentration: Annotated[float, Field(ge=0.0, le=500.0)] = 0.0
    percolating: Literal["any", "yes", "no"] = "any"
    stripped: ArealCapacityOrZero | None = None
    emptied: Name | None = None

    @model_validator(mode="after")
    def _emptied_with_stripped(self) -> Self:
        if (self.stripped is None) != (self.emptied is None):
            raise fault("both of stripped and emptied, or none", key="emptied")
        return self


class Grains(Strict):
    """Grains in the gaps between rods."""

    name: Name
    diameter: Length
    volume_fraction: Fraction
    gap: LengthOrZero | None = None


class Film(Strict):
    """A film of one thickness on rods and the floor between them."""

    name: Name
    thickness: Length


Count = Annotated[int, Field(ge=1, le=200)]


class Rods(Structured):
    """Upright rods on the floor of a layer."""

    shape: Literal["rods"]
    name: Name
    inside: Name
    count: Annotated[tuple[Count, ...], BeforeValidator(as_tuple)]
    arrangement: Literal["square", "hexagonal", "jittered"] = "square"
    jitter: LengthOrZero | None = None
    diameter: Length
    deviation: LengthOrZero | None = None
    length: Length
    cap: Literal["flat", "round"] = "flat"
    shell: Coat | None = None
    grains: Grains | None = None
    deposit: Film | None = None


class RoughFace(Strict):
    """A rough upper face of a layer: statistics, or a map of heights in a file beside the case."""

    layer: Name
    rms: Length | None = None
    correlation: Length | None = None
    hurst: Annotated[float, Field(gt=0.0, le=1.0)] | None = None
    height_map: str | None = None
    height_unit: LengthUnit | None = None
    pixel: Length | None = None
    shortest_wavelength: Length | None = None

    @model_validator(mode="after")
    def _one_sort(self) -> Self:
        if self.height_map is None and None in (self.rms, self.correlation, self.hurst):
            raise fault("rms, correlation and hurst, or height_map and height_unit")
        given = (self.rms, self.correlation, self.hurst)
        if self.height_map is not None and (given != (None,) * 3 or self.height_unit is None):
            raise fault("height_map and height_unit without rms, correlation, hurst")
        if self.pixel is not None and self.height_map is None:
            raise fault("a height_map beside it, whose pixels these are", key="pixel")
        if self.shortest_wavelength is not None and self.height_map is not None:
            raise fault("a face without height_map", key="shortest_wavelength")
        return self


class Pits(Strict):
    """Pits below the upper face of a layer."""

    name: Name
    layer: Name
    kind: Literal["ball", "cylinder", "cone"] = "ball"
    diameter: Length
    depth: Length
    count: Annotated[int, Field(ge=1, le=10_000)] = 1


class Rough(Structured):
    """A stack with rough faces and pits."""

    shape: Literal["rough"]
    faces: Annotated[tuple[RoughFace, ...], BeforeValidator(as_tuple)] = ()
    contact_fraction: Fraction | None = None
    pits: Pits | None = None


class Segmented(Strict):
    """A segmented picture or stack of pictures in a file beside the case."""

    shape: Literal["image"]
    file: str
    pixel: Length
    slice: Length | None = None  # distance of the pictures of a stack
    values: Annotated[dict[str, Name], Field(min_length=1, max_length=60)]
    smooth: bool = True
    periodic: Literal["none", "sides", "all"] = "none"

    @field_validator("values")
    @classmethod
    def _whole_numbers(cls, values: dict[str, str]) -> dict[str, str]:
        for key in values:
            if not re.fullmatch(r"-?[0-9]{1,9}", key):
                raise fault("whole numbers as keys, the values of pixels", key=key)
        return values


MICRO = ("particles", "fibres", "rods", "rough", "image")
Micro = Annotated[Particles | Fibres | Rods | Rough | Segmented, Field(discriminator="shape")]
