"""Tables of a case file for the contact of lithium at a face, and what they are in the schema."""

from typing import Self

from pydantic import model_validator

from solver import contact_schema
from solver.values import (
    CurrentDensity,
    Diffusivity,
    Fraction,
    Length,
    Modulus,
    MolarVolume,
    NumberOrZero,
    Rate,
    Strict,
    fault,
)

EXPONENTS = (1.0, 20.0)


class Flowing(Strict):
    """Power-law creep of the lithium around voids: with `rate` at `stress`."""

    stress: Modulus
    rate: Rate
    exponent: Fraction

    @model_validator(mode="after")
    def _in_range(self) -> Self:
        low, high = EXPONENTS
        if not low <= self.exponent.number <= high:
            raise fault(f"an exponent from {low:g} to {high:g}", key="exponent")
        return self


class Vacancies(Strict):
    """Diffusion of the vacancies that stripping leaves, to sinks in the lithium."""

    diffusivity: Diffusivity
    excess: Fraction
    sink_distance: Length

    @model_validator(mode="after")
    def _share(self) -> Self:
        if self.excess.number > 1.0:
            raise fault("a share of the sites, at most 1", key="excess")
        return self


class Voids(Strict):
    """How contact is lost when stripping outruns creep, and regained."""

    depth: Length
    vacancy_current_density: CurrentDensity | None = None
    regained: NumberOrZero | None = None
    creep: Flowing | None = None
    least_contact: Fraction | None = None
    molar_volume: MolarVolume | None = None
    vacancies: Vacancies | None = None

    @model_validator(mode="after")
    def _one_current(self) -> Self:
        if self.vacancies is not None and self.vacancy_current_density is not None:
            allowed = "no such key beside vacancies, from which it follows"
            raise fault(allowed, key="vacancy_current_density")
        return self


class FaceContact(Strict):
    """The share of a face that is in contact, and the pressure with which lithium lies on it."""

    open_fraction: Fraction | None = None
    stack_pressure: Modulus | None = None
    voids: Voids | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.open_fraction is None and self.stack_pressure is None and self.voids is None:
            raise fault("open_fraction, stack_pressure or voids")
        return self


def face_contact(table: FaceContact | None) -> contact_schema.FaceContact | None:
    """In working units."""
    if table is None:
        return None
    share, pressure = table.open_fraction, table.stack_pressure
    return contact_schema.FaceContact(
        open_fraction=1.0 if share is None else share.number,
        stack_pressure=0.0 if pressure is None else pressure.number,
        voids=None if table.voids is None else _voids(table.voids),
    )


def _voids(table: Voids) -> contact_schema.Voids:
    usual = contact_schema.Voids(1.0)
    vacancies, regained = table.vacancy_current_density, table.regained
    least, volume = table.least_contact, table.molar_volume
    law, gone = table.creep, table.vacancies
    return contact_schema.Voids(
        depth=table.depth.number,
        vacancy_current_density=0.0 if vacancies is None else vacancies.number,
        regained=usual.regained if regained is None else regained.number,
        creep=None
        if law is None
        else contact_schema.Flowing(law.stress.number, law.rate.number, law.exponent.number),
        least_contact=usual.least_contact if least is None else least.number,
        molar_volume=usual.molar_volume if volume is None else volume.number,
        vacancies=None
        if gone is None
        else contact_schema.Vacancies(
            gone.diffusivity.number, gone.excess.number, gone.sink_distance.number
        ),
    )
