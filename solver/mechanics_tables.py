"""The form of the tables [mechanics] and [load] of a case file."""

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from solver.interface_tables import Interface
from solver.values import (
    Angle,
    BodyForce,
    Displacement,
    Expansion,
    Fraction,
    FractureEnergy,
    FractureToughness,
    Length,
    LengthOrZero,
    Modulus,
    ModulusOrZero,
    MolarEnergy,
    Number,
    NumberOrZero,
    Potential,
    Rate,
    SpringStiffness,
    Stress,
    Strict,
    Temperature,
    TemperatureChange,
    Time,
    as_tuple,
    fault,
)


class Ellipse(Strict):
    """An elliptical crack in the bottom of a box: its half lengths along x and y.

    `filled`: half length along x of the ellipse of the same shape inside of which its load acts.
    """

    semi_axes: Annotated[tuple[Length, Length], BeforeValidator(as_tuple)]
    filled: Length | None = None


def not_mirrored(face: object) -> object:
    """The face of a crack; of the opposite one, how its case is mirrored."""
    axes = {"right": ("left", "width - x", "x"), "top": ("bottom", "height - y", "y")}
    if isinstance(face, str) and face in axes:
        other, place, axis = axes[face]
        layers = "" if face == "right" else "reverse the layers, "
        raise fault(
            f"{other}, with the body mirrored: {layers}swap the conditions of {face} and {other}, "
            "take -shear, -tangential, -angle, -body_force along "
            f"{axis}, and {place} for every {axis}"
        )
    return face


class Graded(Strict):
    """The stiffness of a solid times `factors` at places `at` along x or y of the body."""

    along: Literal["x", "y"]
    at: Annotated[tuple[LengthOrZero, ...], BeforeValidator(as_tuple)]
    factors: Annotated[tuple[Fraction, ...], BeforeValidator(as_tuple)]
    between: Literal["linear", "exponential"] = "linear"

    @model_validator(mode="after")
    def _one_to_one(self) -> Self:
        places = [place.number for place in self.at]
        if len(places) < 2 or len(places) != len(self.factors):
            raise fault("as many factors as places in at, two or more", key="factors")
        if any(high <= low for low, high in pairwise(places)):
            raise fault("places that rise", key="at")
        return self


class _Solid(Strict):
    """What every solid may have: stress that it was made with, and what it costs to crack it."""

    residual_stress: Stress | None = None  # biaxial, along the layers
    deflections: Literal["small", "large"] = "small"  # large: its rotations count
    strength: Modulus | None = None  # the tensile stress at which it breaks
    misfit_strain: Number | None = None  # equal in all directions
    # or along x, y, z of the body (cylinder: radius, height, around), turned about z
    misfit_strains: Annotated[tuple[Number, Number, Number] | None, BeforeValidator(as_tuple)] = (
        None
    )
    misfit_angle: Angle | None = None
    thermal_expansion: Expansion | None = None  # linear, for load.temperature_change
    fracture_energy: FractureEnergy | None = None
    fracture_toughness: FractureToughness | None = None
    graded: Graded | None = None

    @model_validator(mode="after")
    def _one_resistance(self) -> Self:
        if self.fracture_energy is not None and self.fracture_toughness is not None:
            raise fault("fracture_energy or fracture_toughness, not both")
        return self

    @model_validator(mode="after")
    def _one_misfit(self) -> Self:
        if self.misfit_strain is not None and self.misfit_strains is not None:
            raise fault("misfit_strain or misfit_strains, not both", key="misfit_strains")
        if self.misfit_angle is not None and self.misfit_strains is None:
            raise fault("misfit_strains beside misfit_angle", key="misfit_strains")
        return self

    @property
    def strained(self) -> bool:
        """Whether it has a stress or a misfit by itself."""
        given = (self.residual_stress, self.misfit_strain, self.misfit_strains)
        return any(value is not None for value in given)


class Plastic(Strict):
    """Rate-independent plasticity of von Mises; hardens evenly with plastic strain."""

    law: Literal["plastic"]
    yield_stress: Modulus
    hardening_modulus: ModulusOrZero | None = None


class Creep(Strict):
    """Power-law creep: with `rate` at `stress` and the reference temperature."""

    law: Literal["creep"]
    stress: Modulus
    rate: Rate
    exponent: Fraction
    activation_energy: MolarEnergy | None = None
    reference_temperature: Temperature | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not 1.0 <= self.exponent.number <= 20.0:
            raise fault("an exponent from 1 to 20", key="exponent")
        if (self.activation_energy is None) != (self.reference_temperature is None):
            raise fault("activation_energy and reference_temperature together, or none of them")
        return self


class Viscoplastic(Strict):
    """The law of Anand and Narayan for lithium."""

    law: Literal["viscoplastic"]
    rate: Rate
    activation_energy: MolarEnergy
    rate_exponent: Fraction
    initial_resistance: Modulus
    hardening_modulus: ModulusOrZero
    saturation_resistance: Modulus
    hardening_exponent: Fraction
    saturation_exponent: NumberOrZero

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if not 0.01 <= self.rate_exponent.number <= 1.0:
            raise fault("a rate_exponent from 0.01 to 1", key="rate_exponent")
        if not 1.0 <= self.hardening_exponent.number <= 10.0:
            raise fault("a hardening_exponent from 1 to 10", key="hardening_exponent")
        if self.saturation_exponent.number > 1.0:
            raise fault("a saturation_exponent from 0 to 1", key="saturation_exponent")
        return self


class Isotropic(_Solid):
    """An isotropic elastic solid, which may flow as well.

    With `formulation = "mixed"` its pressure is an unknown: for lithium that flows, for Poisson's
    ratios near one half.
    """

    law: Literal["isotropic"]
    youngs_modulus: Modulus
    poissons_ratio: Number
    flow: Annotated[Plastic | Creep | Viscoplastic, Field(discriminator="law")] | None = None
    formulation: Literal["displacement", "mixed"] = "displacement"

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
    sticks: bool = False  # beside normal: the face can't slide along itself

    @model_validator(mode="after")
    def _one_direction(self) -> Self:
        if (self.normal is None) == (self.tangential is None):
            raise fault("exactly one of normal, tangential")
        if self.sticks and self.normal is None:
            raise fault("normal beside sticks")
        return self


class Clamped(Strict):
    """No displacement."""

    law: Literal["clamped"]


class Plate(Strict):
    """A rigid plate that slides on the face: one normal displacement, a mean pressure.

    With a `stiffness` a spring stands behind it: the pressure grows with the way that the body
    pushes the plate outwards.
    """

    law: Literal["plate"]
    pressure: Stress | None = None
    stiffness: SpringStiffness | None = None


class Contact(Strict):
    """The faces of a crack or flaw, which may touch and press on each other but not overlap.

    Those of a flaw slide where they touch, without friction (as without the key) or not at all.
    """

    law: Literal["contact"]
    friction: Literal["none", "sticking"] | None = None


class Indenter(Strict):
    """A rigid smooth indenter of a radius, pushed into the face by a depth at its middle."""

    law: Literal["indenter"]
    radius: Length
    depth: Length

    @model_validator(mode="after")
    def _shallow(self) -> Self:
        if self.depth.number >= self.radius.number:
            raise fault(
                "less than the radius: deeper, a round indenter is no parabola", key="depth"
            )
        return self


class FlawCreep(Creep):
    """Lithium that creeps in a flaw: power law, and the rate and temperature at which it does."""

    flow_rate: Rate  # equivalent, of the lithium that is pressed out of the flaw
    temperature: Temperature | None = None


class Lithium(Strict):
    """The faces of a crack that lithium fills: p = F eta/V_Li at the overpotential of a stall.

    Without `overpotential` it comes from the current: that of the crack, an electrode without net
    current, against the boundary `metal`. `dry_length` at the tip stays without lithium; in a flaw
    of the `width` lithium of the `yield_stress` flows to the mouth, so that the pressure rises with
    at most 2 yield_stress/(sqrt(3) width) from there; `creep` gives that stress by a power law, a
    rate and a temperature instead. The lithium at `metal` presses with the
    stress that acts on its face, at most with `contact_limit`.
    """

    law: Literal["lithium"]
    overpotential: Potential | None = None
    metal: str | None = None
    dry_length: Length | None = None
    width: Length | None = None
    yield_stress: Modulus | None = None
    creep: FlawCreep | None = None  # instead of yield_stress
    contact_limit: Modulus | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.overpotential is None) == (self.metal is None):
            raise fault("exactly one of overpotential, metal")
        if self.contact_limit is not None and self.metal is None:
            raise fault("metal beside contact_limit", key="metal")
        if self.yield_stress is not None and self.creep is not None:
            raise fault("yield_stress or creep, not both", key="creep")
        flows = self.yield_stress is not None or self.creep is not None
        alone = self.width is None and flows
        if (self.width is not None and not flows) or (alone and not self.metal):
            raise fault("width and yield_stress (or creep) together, or none of them")
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
    control: Literal["load", "cracks"] = "load"
    then: Literal["nothing", "energy_release_rate"] = "nothing"  # of the crack that was found

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.smallest_step <= self.first_step <= self.largest_step:
            raise fault("smallest_step <= first_step <= largest_step", key="first_step")
        return self


class Cut(Strict):
    """A crack through a layer of a microstructure, along all of a side of symmetry."""

    face: Literal["left", "right", "front", "back"]
    layer: str


class Mechanics(Strict):
    """Small-strain mechanics of a block: solids by region, conditions by face."""

    plane: Literal["strain", "stress"] | None = None
    opens_slit: bool = False  # the crack's mean opening is added to the width of the slit
    solids: dict[str, SolidLaw]
    faces: dict[str, Face] = Field(default_factory=dict)
    interfaces: dict[str, Interface] = Field(default_factory=dict)
    damage: Damage | None = None
    empty: Annotated[tuple[str, ...], BeforeValidator(as_tuple)] = ()  # of a microstructure
    cut: Cut | None = None


class Load(Strict):
    """What is done to the whole body.

    The stretch is equal in both directions along the layers; a change of temperature strains every
    solid that has a thermal expansion.
    """

    stretch: Number | None = None
    temperature_change: TemperatureChange | None = None
    duration: Time | None = None  # of the whole load, for solids that flow
    ramp: Time | None = None  # in which it rises from nothing; without it all at once
    steps: Annotated[int, Field(ge=1, le=10000)] | None = None  # equal ones
    step_error: Annotated[float, Field(ge=1e-5, le=0.2)] | None = None  # of the stress, a step's
    temperature: Temperature | None = None
    # per volume, along x and y
    body_force: Annotated[tuple[BodyForce, BodyForce], BeforeValidator(as_tuple)] | None = None

    @model_validator(mode="after")
    def _leaves_something(self) -> Self:
        if self.stretch is not None and self.stretch.number <= -1.0:
            raise fault("more than -100 %, at which nothing is left", key="stretch")
        return self

    @model_validator(mode="after")
    def _in_time(self) -> Self:
        if self.ramp is not None:
            if self.duration is None:
                raise fault("duration beside ramp", key="duration")
            if self.ramp.number > self.duration.number:
                raise fault("a ramp not longer than duration", key="ramp")
        if self.step_error is not None and self.steps is not None:
            raise fault("steps or step_error, not both")
        return self
