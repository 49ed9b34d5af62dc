"""Tables of a case file for what moves in time: electrolytes, reactions, the programme."""

from itertools import pairwise
from math import inf
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from solver import march_schema
from solver.staircase import steps_of
from solver.values import (
    ArealCapacity,
    ArealCapacityOrZero,
    Capacitance,
    Concentration,
    Conductivity,
    CurrentDensity,
    Diffusivity,
    Fraction,
    FractureEnergy,
    FractureToughness,
    Length,
    Modulus,
    MolarVolume,
    Number,
    NumberOrZero,
    Potential,
    Role,
    SpringStiffness,
    Stress,
    Strict,
    Temperature,
    Time,
    Value,
    as_tuple,
    fault,
)

Texts = Annotated[tuple[str | float, ...], BeforeValidator(as_tuple), Field(min_length=2)]
Places = Annotated[tuple[str, ...], BeforeValidator(as_tuple), Field(min_length=2)]


class Tabulated(Strict):
    """A property at places: linear between them, constant beyond."""

    values: Texts
    source: str = Field("", max_length=400)
    role: Role | Literal[""] = ""

    def check_pairs(self, key: str, places: list[float], wanted: str, most: float = inf) -> None:
        """Raise a fault at `key` unless there are as many places as values, and they grow."""
        if len(places) != len(self.values):
            raise fault(f"as many values as {key}", key="values")
        if any(b <= a for a, b in pairwise(places)) or places[-1] > most:
            raise fault(wanted, key=key)


def value_or(table: type[Tabulated], key: str) -> Discriminator:
    """What tells a value from a table, which has `key`."""

    def form(data: Any) -> str:
        tabulated = isinstance(data, table) or (isinstance(data, dict) and key in data)
        return "table" if tabulated else "value"

    return Discriminator(form)


class Table(Tabulated):
    """A property against the salt concentration."""

    concentrations: Places

    @model_validator(mode="after")
    def _pairs(self) -> Self:
        places = [Concentration.read(text) for text in self.concentrations]
        self.check_pairs("concentrations", places, "concentrations that grow")
        return self


Form = value_or(Table, "concentrations")
DiffusivityOf = Annotated[
    Annotated[Diffusivity, Tag("value")] | Annotated[Table, Tag("table")], Form
]
ConductivityOf = Annotated[
    Annotated[Conductivity, Tag("value")] | Annotated[Table, Tag("table")], Form
]
FractionOf = Annotated[Annotated[Fraction, Tag("value")] | Annotated[Table, Tag("table")], Form]


class BinaryElectrolyte(Strict):
    """One salt of two ions with one charge each; without a conductivity it is an ideal solution."""

    law: Literal["binary_electrolyte"]
    concentration: Concentration
    diffusivity: DiffusivityOf
    transference_number: FractionOf
    conductivity: ConductivityOf | None = None
    thermodynamic_factor: FractionOf | None = None
    porosity: Fraction | None = None
    relative_permittivity: Fraction | None = None

    @model_validator(mode="after")
    def _readable(self) -> Self:
        kinds: dict[str, type[Value]] = {
            "diffusivity": Diffusivity,
            "transference_number": Fraction,
            "conductivity": Conductivity,
            "thermodynamic_factor": Fraction,
        }
        given = dict(self)
        for key, kind in kinds.items():
            if isinstance(given[key], Table):
                for text in given[key].values:
                    kind.read(text)
        return self


class Kinetics(Strict):
    """The reaction at a face of lithium, in series with its area-specific resistance."""

    law: Literal["butler_volmer", "linear", "tafel"]
    exchange_current_density: CurrentDensity
    transfer_coefficient: Number | None = None
    capacitance: Capacitance | None = None
    normal_stress: Stress | None = None
    molar_volume: MolarVolume | None = None


class Backing(Strict):
    """Elastic lithium behind a flat face, the elastic electrolyte before it."""

    lithium_modulus: Modulus
    lithium_poissons_ratio: Number
    electrolyte_modulus: Modulus
    electrolyte_poissons_ratio: Number
    slip: Literal["free", "held"] = "free"
    stack_stiffness: SpringStiffness | None = None


class Plating(Strict):
    """The growth of lithium at a face is followed; amplitude and wavelength go together."""

    porosity: NumberOrZero | None = None
    molar_volume: MolarVolume | None = None
    feature: Length | None = None
    moves: bool = False
    amplitude: Length | None = None
    wavelength: Length | None = None
    backing: Backing | None = None
    surface_tension: FractureEnergy | None = None  # energy per area, as that of fracture

    @model_validator(mode="after")
    def _whole_wave(self) -> Self:
        for key, other in (("amplitude", "wavelength"), ("wavelength", "amplitude")):
            given = dict(self)
            if given[key] is None and given[other] is not None:
                raise fault(f"this key beside {other}", key=key)
        return self


class Step(Strict):
    """One step: galvanostatic needs current_density, potentiostatic potential, rest neither."""

    kind: Literal["galvanostatic", "potentiostatic", "rest"]
    duration: Time
    current_density: CurrentDensity | None = None
    to_current_density: CurrentDensity | None = None
    potential: Potential | None = None
    to_potential: Potential | None = None
    voltage: Potential | None = None
    capacity: ArealCapacityOrZero | None = None

    @model_validator(mode="after")
    def _one_drive(self) -> Self:
        wanted = {"galvanostatic": "current_density", "potentiostatic": "potential"}.get(self.kind)
        given = dict(self)
        for key in ("current_density", "potential"):
            if (given[key] is None) == (key == wanted):
                word = "this key" if key == wanted else "no such key"
                raise fault(f'{word} in a step with kind = "{self.kind}"', key=key)
            if key != wanted and given[f"to_{key}"] is not None:
                raise fault(f'no such key in a step with kind = "{self.kind}"', key=f"to_{key}")
        if self.kind == "potentiostatic" and self.voltage is not None:
            raise fault("no such key in a step that holds the potential", key="voltage")
        return self


class FilledFlaw(Strict):
    """A flaw next to a face of lithium, filled by lithium that cannot leave it."""

    face: str
    shape: Literal["edge", "penny"]
    length: Length
    fracture_toughness: FractureToughness
    amplification: Fraction | None = None
    lateral_share: NumberOrZero | None = None
    youngs_modulus: Modulus | None = None
    poissons_ratio: Number | None = None
    grows_to: Length | None = None
    contact_limit: Modulus | None = None

    @model_validator(mode="after")
    def _both_elastic(self) -> Self:
        for key, other in (
            ("youngs_modulus", "poissons_ratio"),
            ("poissons_ratio", "youngs_modulus"),
        ):
            given = dict(self)
            if given[key] is None and given[other] is not None:
                raise fault(f"this key beside {other}", key=key)
        if self.grows_to is not None:
            if self.youngs_modulus is None:
                allowed = "this key beside grows_to: how much lithium a flaw takes rests on it"
                raise fault(allowed, key="youngs_modulus")
            if self.grows_to.number <= self.length.number:
                raise fault("more than length", key="grows_to")
        return self


class Staircase(Strict):
    """Half cycles at growing currents; they last half_cycle or as long as their capacity takes."""

    protocol: str = Field(min_length=1, max_length=120)
    first: CurrentDensity
    increment: CurrentDensity
    last: CurrentDensity
    half_cycle: Time | None = None
    capacity: ArealCapacity | None = None
    capacity_increment: ArealCapacityOrZero | None = None
    rest: Time | None = None
    cycles: int = Field(1, ge=1, le=1000)
    voltage: Potential | None = None
    flaw: FilledFlaw | None = None

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if (self.half_cycle is None) == (self.capacity is None):
            raise fault("either half_cycle or capacity", key="half_cycle")
        if self.capacity is None and self.capacity_increment is not None:
            raise fault("no such key beside half_cycle", key="capacity_increment")
        return self


class Programme(Strict):
    """Temperature, and what the driven electrode does in time; without steps: the steady state."""

    temperature: Temperature | None = None
    steps: Annotated[tuple[Step, ...], BeforeValidator(as_tuple)] = ()
    staircase: Staircase | None = None
    flaw: FilledFlaw | None = None
    repeat: int = Field(1, ge=1, le=10_000)
    depletion: Fraction | None = None
    step_error: Fraction | None = None
    remesh: bool | None = None
    most_remeshings: int | None = Field(None, ge=1, le=10_000)
    checkpoint_interval: Time | None = None
    checkpoint_times: Annotated[tuple[Time, ...], BeforeValidator(as_tuple)] = ()


def electrolyte(table: BinaryElectrolyte) -> march_schema.BinaryElectrolyte:
    """In working units."""
    factor, conductivity = table.thermodynamic_factor, table.conductivity
    return march_schema.BinaryElectrolyte(
        concentration=table.concentration.number,
        diffusivity=_curve(table.diffusivity, Diffusivity),
        transference_number=_curve(table.transference_number, Fraction),
        conductivity=None if conductivity is None else _curve(conductivity, Conductivity),
        thermodynamic_factor=(
            march_schema.Curve((1.0,)) if factor is None else _curve(factor, Fraction)
        ),
        porosity=1.0 if table.porosity is None else table.porosity.number,
        relative_permittivity=_number(table.relative_permittivity) or 0.0,
    )


def _curve(given: Value | Table, kind: type[Value]) -> march_schema.Curve:
    if isinstance(given, Value):
        return march_schema.Curve((given.number,))
    return march_schema.Curve(
        tuple(kind.read(text) for text in given.values),
        tuple(Concentration.read(text) for text in given.concentrations),
        given.source,
        given.role,
    )


def kinetics(table: Kinetics | None) -> march_schema.Kinetics | None:
    """In working units."""
    if table is None:
        return None
    usual = march_schema.Kinetics(table.law, 1.0)
    coefficient, volume = table.transfer_coefficient, table.molar_volume
    return march_schema.Kinetics(
        law=table.law,
        exchange_current_density=table.exchange_current_density.number,
        transfer_coefficient=(
            usual.transfer_coefficient if coefficient is None else coefficient.number
        ),
        capacitance=_number(table.capacitance) or 0.0,
        normal_stress=_number(table.normal_stress) or 0.0,
        molar_volume=usual.molar_volume if volume is None else volume.number,
    )


def plating(table: Plating | None) -> march_schema.Plating | None:
    """In working units."""
    if table is None:
        return None
    usual = march_schema.Plating()
    volume = table.molar_volume
    return march_schema.Plating(
        porosity=_number(table.porosity) or 0.0,
        molar_volume=usual.molar_volume if volume is None else volume.number,
        feature=_number(table.feature),
        moves=table.moves,
        amplitude=_number(table.amplitude) or 0.0,
        wavelength=_number(table.wavelength) or 0.0,
        backing=None if table.backing is None else _backing(table.backing),
        surface_tension=_number(table.surface_tension) or 0.0,
    )


def _backing(table: Backing) -> march_schema.Backing:
    return march_schema.Backing(
        lithium_modulus=table.lithium_modulus.number,
        lithium_poissons_ratio=table.lithium_poissons_ratio.number,
        electrolyte_modulus=table.electrolyte_modulus.number,
        electrolyte_poissons_ratio=table.electrolyte_poissons_ratio.number,
        slip=table.slip,
        stack_stiffness=_number(table.stack_stiffness),
    )


def programme(table: Programme | None) -> march_schema.Programme | None:
    """In working units."""
    if table is None:
        return None
    usual = march_schema.Programme()
    stairs = None if table.staircase is None else _staircase(table.staircase)
    steps = tuple(_step(step) for step in table.steps)
    return march_schema.Programme(
        temperature=_number(table.temperature) or usual.temperature,
        steps=steps if stairs is None else steps_of(stairs),
        repeat=table.repeat,
        staircase=stairs,
        flaw=None if table.flaw is None else filled_flaw(table.flaw),
        depletion=_number(table.depletion) or usual.depletion,
        step_error=_number(table.step_error) or usual.step_error,
        remesh=usual.remesh if table.remesh is None else table.remesh,
        most_remeshings=table.most_remeshings or usual.most_remeshings,
        checkpoint_interval=_number(table.checkpoint_interval) or usual.checkpoint_interval,
        checkpoint_times=tuple(time.number for time in table.checkpoint_times),
    )


def _step(table: Step) -> march_schema.Step:
    return march_schema.Step(
        kind=table.kind,
        duration=table.duration.number,
        current_density=_number(table.current_density) or 0.0,
        potential=_number(table.potential) or 0.0,
        to_current_density=_number(table.to_current_density),
        to_potential=_number(table.to_potential),
        voltage=_number(table.voltage),
        capacity=_number(table.capacity),
    )


def filled_flaw(table: FilledFlaw) -> march_schema.FilledFlaw:
    """In working units."""
    return march_schema.FilledFlaw(
        face=table.face,
        shape=table.shape,
        length=table.length.number,
        fracture_toughness=table.fracture_toughness.number,
        amplification=_number(table.amplification) or 1.0,
        lateral_share=_number(table.lateral_share) or 0.0,
        youngs_modulus=_number(table.youngs_modulus) or 0.0,
        poissons_ratio=_number(table.poissons_ratio) or 0.0,
        grows_to=_number(table.grows_to),
        contact_limit=_number(table.contact_limit),
    )


def _staircase(table: Staircase) -> march_schema.Staircase:
    flaw = table.flaw
    return march_schema.Staircase(
        protocol=table.protocol,
        first=table.first.number,
        increment=table.increment.number,
        last=table.last.number,
        half_cycle=_number(table.half_cycle),
        capacity=_number(table.capacity) or 0.0,
        capacity_increment=_number(table.capacity_increment) or 0.0,
        rest=_number(table.rest) or 0.0,
        cycles=table.cycles,
        voltage=_number(table.voltage),
        flaw=None if flaw is None else filled_flaw(flaw),
    )


def _number(value: Value | None) -> float | None:
    return None if value is None else value.number
