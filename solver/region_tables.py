"""Tables of a case file for metals that hold lithium, and for conductors of ions and electrons."""

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Tag, model_validator

from solver import march_tables, region_schema
from solver.march_schema import Curve
from solver.march_tables import BinaryElectrolyte, Kinetics, Tabulated, Texts, value_or
from solver.values import (
    Concentration,
    Conductivity,
    Diffusivity,
    Fraction,
    Modulus,
    MolarVolume,
    Number,
    NumberOrZero,
    Potential,
    Strict,
    Value,
    fault,
)


class AreaPerVolume(Value):
    """Area of inner faces per volume, above zero."""

    kinds = ("area_per_volume",)
    sign = "positive"


class StressGradient(Value):
    """Stress per length."""

    kinds = ("spring_stiffness",)


class OverFraction(Tabulated):
    """A property against the lithium fraction."""

    fractions: Texts

    @model_validator(mode="after")
    def _pairs(self) -> Self:
        places = [NumberOrZero.read(text) for text in self.fractions]
        self.check_pairs("fractions", places, "fractions that grow from 0 to 1", most=1.0)
        return self


Form = value_or(OverFraction, "fractions")
DiffusivityOf = Annotated[
    Annotated[Diffusivity, Tag("value")] | Annotated[OverFraction, Tag("table")], Form
]
PotentialOf = Annotated[
    Annotated[Potential, Tag("value")] | Annotated[OverFraction, Tag("table")], Form
]


class HeldSides(Strict):
    """A flat alloy that cannot spread in its plane."""

    youngs_modulus: Modulus
    poissons_ratio: Number


class Alloy(Strict):
    """A metal in which lithium diffuses; without an equilibrium potential an ideal solution."""

    law: Literal["alloy"]
    fraction: Fraction
    site_concentration: Concentration
    diffusivity: DiffusivityOf
    equilibrium_potential: PotentialOf | None = None
    partial_molar_volume: MolarVolume | None = None
    held: HeldSides | None = None
    stress_gradient: StressGradient | None = None

    @model_validator(mode="after")
    def _readable(self) -> Self:
        if isinstance(self.diffusivity, OverFraction):
            for text in self.diffusivity.values:
                Diffusivity.read(text)
        if isinstance(self.equilibrium_potential, OverFraction):
            volts = [Potential.read(text) for text in self.equilibrium_potential.values]
            if any(b > a for a, b in pairwise(volts)):
                allowed = "potentials that do not rise with the fraction"
                raise fault(allowed, key="equilibrium_potential")
        for key in ("held", "stress_gradient"):
            if dict(self)[key] is not None and self.partial_molar_volume is None:
                raise fault(f"this key beside {key}", key="partial_molar_volume")
        return self


class MixedConductor(Strict):
    """Ions and electrons in one region, and the reaction between them."""

    law: Literal["mixed_conductor"]
    ionic_conductivity: Conductivity
    electronic_conductivity: Conductivity
    area_per_volume: AreaPerVolume
    kinetics: Kinetics


Storing = BinaryElectrolyte | Alloy | MixedConductor


def alloy(table: Alloy) -> region_schema.Alloy:
    """In working units."""
    volume, held, gradient = table.partial_molar_volume, table.held, table.stress_gradient
    potential = table.equilibrium_potential
    return region_schema.Alloy(
        fraction=table.fraction.number,
        site_concentration=table.site_concentration.number,
        diffusivity=_curve(table.diffusivity, Diffusivity),
        equilibrium_potential=None if potential is None else _curve(potential, Potential),
        partial_molar_volume=0.0 if volume is None else volume.number,
        held=None
        if held is None
        else region_schema.HeldSides(held.youngs_modulus.number, held.poissons_ratio.number),
        stress_gradient=0.0 if gradient is None else gradient.number,
    )


def _curve(given: Value | OverFraction, kind: type[Value]) -> Curve:
    if isinstance(given, Value):
        return Curve((given.number,))
    return Curve(
        tuple(kind.read(text) for text in given.values),
        tuple(NumberOrZero.read(text) for text in given.fractions),
        given.source,
        given.role,
    )


def mixed_conductor(table: MixedConductor) -> region_schema.MixedConductor:
    """In working units.

    Raises:
        ValueError: Never for a table that has been checked.
    """
    law = march_tables.kinetics(table.kinetics)
    if law is None:
        raise ValueError("a table of kinetics has kinetics")
    return region_schema.MixedConductor(
        table.ionic_conductivity.number,
        table.electronic_conductivity.number,
        table.area_per_volume.number,
        law,
    )
