"""The form of the tables [mechanics] and [load] of a case file."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from solver.interface_tables import Interface
from solver.values import (
    Angle,
    Displacement,
    Expansion,
    FractureEnergy,
    FractureToughness,
    Length,
    Modulus,
    Number,
    Potential,
    Stress,
    Strict,
    TemperatureChange,
    as_tuple,
    fault,
)


class _Solid(Strict):
    """What every solid may have: stress that it was made with, and what it costs to crack it."""

    residual_stress: Stress | None = None  # biaxial, along the layers
    deflections: Literal["small", "large"] = "small"  # large: its rotations count
    strength: Modulus | None = None  # the tensile stress at which it breaks
    misfit_strain: Number | None = None  # equal in all directions
    thermal_expansion: Expansion | None = None  # linear, for load.temperature_change
    fracture_energy: FractureEnergy | None = None
    fracture_toughness: FractureToughness | None = None

    @model_validator(mode="after")
    def _one_resistance(self) -> Self:
        if self.fracture_energy is not None and self.fracture_toughness is not None:
            raise fault("fracture_energy or fracture_toughness, not both")
        return self


class Isotropic(_Solid):
    """An isotropic elastic solid."""

    law: Literal["isotropic"]
    youngs_modulus: Modulus
    poissons_ratio: Number

    @model_validator(mode="after")
    def _stable(self) -> Self:
        if not -1.0 < self.poissons_ratio.number < 0.5:
            raise fault("a Poisson's ratio above -1 and below 0.5", key="poissons_ratio")
        return self


class Cubic(_Solid):
    """A cubic crystal, turned by `angle` about the normal of the section."""

    law: Literal["cubic"]
    c11: Modulus
    c12: Stress
    c44: Modulus
    angle: Angle | None = None

    @model_validator(mode="after")
    def _stable(self) -> Self:
        c11, c12 = self.c11.number, self.c12.number
        if not -0.5 * c11 < c12 < c11:
            raise fault(
                "more than -c11/2 and less than c11: else some strain costs no energy", key="c12"
            )
        return self


class Orthotropic(_Solid):
    """Three planes of symmetry; axis 3 is normal to the section, `angle` turns 1 and 2 in it."""

    law: Literal["orthotropic"]
    e1: Modulus
    e2: Modulus
    e3: Modulus
    nu12: Number
    nu13: Number
    nu23: Number
    g12: Modulus
    g13: Modulus
    g23: Modulus
    angle: Angle | None = None

    @model_validator(mode="after")
    def _stable(self) -> Self:
        e1, e2, e3 = self.e1.number, self.e2.number, self.e3.number
        a, b, c = self.nu12.number, self.nu13.number, self.nu23.number
        left = a * a * e2 / e1 + b * b * e3 / e1 + c * c * e3 / e2 + 2.0 * a * b * c * e3 / e1
        pairs = (a * a * e2 < e1, b * b * e3 < e1, c * c * e3 < e2)
        if not all(pairs) or not left < 1.0:
            raise fault("smaller ratios: with these some strain costs no energy", key="nu12")
        return self


class Symmetry(Strict):
    """A plane of symmetry: no normal displacement, no shear."""

    law: Literal["symmetry"]


class Free(Strict):
    """No traction; holds for every face that is not named."""

    law: Literal["free"]


class Traction(Strict):
    """A given traction: pressure against the body, shear along it."""

    law: Literal["traction"]
    pressure: Stress | None = None
    shear: Stress | None = None

    @model_validator(mode="after")
    def _some(self) -> Self:
        if self.pressure is None and self.shear is None:
            raise fault('pressure or shear (or law = "free")')
        return self


class Moved(Strict):
    """A given displacement outwards (the face slides along itself), or one along the face."""

    law: Literal["displacement"]
    normal: Displacement | None = None
    tangential: Displacement | None = None

    @model_validator(mode="after")
    def _one_direction(self) -> Self:
        if (self.normal is None) == (self.tangential is None):
            raise fault("exactly one of normal, tangential")
        return self


class Clamped(Strict):
    """No displacement."""

    law: Literal["clamped"]


class Plate(Strict):
    """A rigid plate that slides on the face: one normal displacement, a mean pressure."""

    law: Literal["plate"]
    pressure: Stress | None = None


class Contact(Strict):
    """The faces of a crack, which may touch and press on each other but not overlap."""

    law: Literal["contact"]


class Indenter(Strict):
    """A rigid smooth indenter of a radius, pushed into the face by a depth at its middle."""

    law: Literal["indenter"]
    radius: Length
    depth: Length


class Lithium(Strict):
    """The faces of a crack that lithium fills: p = F eta/V_Li at the overpotential of a stall.

    Without `overpotential` it comes from the current: that of the crack, an electrode without net
    current, against the boundary `metal`. `dry_length` at the tip stays without lithium; in a flaw
    of the `width` lithium of the `yield_stress` flows to the mouth, so that the pressure rises with
    at most 2 yield_stress/(sqrt(3) width) from there.
    """

    law: Literal["lithium"]
    overpotential: Potential | None = None
    metal: str | None = None
    dry_length: Length | None = None
    width: Length | None = None
    yield_stress: Modulus | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.overpotential is None) == (self.metal is None):
            raise fault("exactly one of overpotential, metal")
        if (self.width is None) != (self.yield_stress is None):
            raise fault("width and yield_stress together, or none of them")
        return self


SolidLaw = Annotated[Isotropic | Cubic | Orthotropic, Field(discriminator="law")]
Face = Annotated[
    Symmetry | Free | Traction | Moved | Clamped | Plate | Contact | Indenter | Lithium,
    Field(discriminator="law"),
]


class Damage(Strict):
    """Fracture as a phase field (AT1) of the internal `length`, followed while the load grows.

    `sound` names faces that stay sound; the steps are shares of the load, 1 is all of it. Damaged
    cells have edges of at most `length` over `cells_per_length`.
    """

    law: Literal["at1"]
    length: Length
    split: Literal["none", "volumetric_deviatoric", "spectral"]
    sound: Annotated[tuple[str, ...], BeforeValidator(as_tuple)] = ()
    first_step: float = Field(0.05, ge=1e-6, le=1.0)
    smallest_step: float = Field(0.002, ge=1e-6, le=1.0)
    largest_step: float = Field(0.1, ge=1e-6, le=1.0)
    cells_per_length: float = Field(5.0, ge=3.0, le=50.0)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.smallest_step <= self.first_step <= self.largest_step:
            raise fault("smallest_step <= first_step <= largest_step", key="first_step")
        return self


class Mechanics(Strict):
    """Small-strain mechanics of a block: solids by region, conditions by face."""

    plane: Literal["strain", "stress"] | None = None
    opens_slit: bool = False  # the crack's mean opening is added to the width of the slit
    solids: dict[str, SolidLaw]
    faces: dict[str, Face] = Field(default_factory=dict)
    interfaces: dict[str, Interface] = Field(default_factory=dict)
    damage: Damage | None = None


class Load(Strict):
    """What is done to the whole body.

    The stretch is equal in both directions along the layers; a change of temperature strains every
    solid that has a thermal expansion.
    """

    stretch: Number | None = None
    temperature_change: TemperatureChange | None = None
