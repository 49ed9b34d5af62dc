"""The table [balance] of a case file: arithmetic of films instead of a field.

Only data stand in the table, with unit and source; what is computed from them is in
`stoichiometry`. A case has [balance] or [geometry]; its quantities are exact arithmetic, so they
carry no bounds. To add one: a table here, a function there, a line in `quantities`.
"""

import math
from collections.abc import Sequence
from typing import Literal, Self

import numpy as np
from pydantic import Field, field_validator, model_validator

from solver.capacities import composite_foil, deposit, kneaded, thinner_stack
from solver.composites import conducting_composite, elastic_composite
from solver.film_theory import buckling, fragments, pulled
from solver.squeeze import squeezed
from solver.stoichiometry import (
    Amount,
    Phase,
    composition,
    conversion,
    intact_share,
    pressed_foil,
    pressed_pellet,
    solution,
)
from solver.values import (
    ArealCapacity,
    Conductivity,
    ConductivityOrZero,
    Density,
    Fraction,
    FractureEnergy,
    Length,
    Mass,
    Modulus,
    Number,
    Rate,
    Resistance,
    SpecificCapacity,
    Strict,
    Value,
    fault,
)


class PhaseSpec(Strict):
    """A phase: formula without brackets, density of the dense phase."""

    formula: str
    density: Density

    @field_validator("formula")
    @classmethod
    def _readable(cls, formula: str) -> str:
        try:
            composition(formula)
        except ValueError as error:
            raise fault(str(error)) from None
        return formula


class ConversionSpec(Strict):
    """A film of this thickness reacts completely; coefficients are negative when consumed."""

    film: str
    thickness: Length
    coefficients: dict[str, float] = Field(min_length=2)


class SolutionSpec(Strict):
    """A layer dissolves in a host foil; the share of one element of it is asked for."""

    layer: str
    thickness: Length
    element: str
    host: str
    host_thickness: Length


class PelletSpec(Strict):
    """A pressed disc of one phase."""

    phase: str
    mass: Mass
    diameter: Length
    thickness: Length


class FoilSpec(Strict):
    """A disc of foil that pressing spreads."""

    diameter: Length
    pressed_diameter: Length
    thickness: Length


class ShareSpec(Strict):
    """An intact film against the resistance measured over `sides` equal interfaces."""

    thickness: Length
    conductivity: Conductivity
    resistance: Resistance
    diameter: Length
    sides: Literal[1, 2]


class BucklingSpec(Strict):
    """A film under biaxial compression that has come off over a strip or a circle."""

    compression: Modulus
    thickness: Length
    youngs_modulus: Modulus
    poissons_ratio: Number
    half_width: Length
    shape: Literal["strip", "circle"]


class FragmentsSpec(Strict):
    """A film under tension on a substrate that yields; it breaks by its strength or by its Gc."""

    stress: Modulus
    thickness: Length
    youngs_modulus: Modulus
    poissons_ratio: Number
    yield_stress: Modulus
    strength: Modulus | None = None
    fracture_energy: FractureEnergy | None = None

    @model_validator(mode="after")
    def _breaks(self) -> Self:
        if (self.strength is None) == (self.fracture_energy is None):
            raise fault("either strength or fracture_energy")
        if not 0.0 <= self.poissons_ratio.number < 0.5:
            raise fault("from 0 to below 0.5", key="poissons_ratio")
        return self


class SurfaceTensionSpec(Strict):
    """The tension of a surface on a thin film, against a stress that matters."""

    surface_tension: FractureEnergy
    thickness: Length
    stress: Modulus


class SqueezeSpec(Strict):
    """A disc between plates to which it sticks; as it is when pressing ends.

    With `creep_stress`, `creep_rate` and `creep_exponent` the speed as well.
    """

    yield_stress: Modulus
    diameter: Length
    thickness: Length
    pressure: Modulus
    creep_stress: Modulus | None = None
    creep_rate: Rate | None = None
    creep_exponent: Fraction | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        creep = (self.creep_stress, self.creep_rate, self.creep_exponent)
        if 0 < creep.count(None) < 3:
            raise fault("creep_stress, creep_rate and creep_exponent together, or none of them")
        if self.creep_exponent is not None and not 1.0 <= self.creep_exponent.number <= 20.0:
            raise fault("an exponent from 1 to 20", key="creep_exponent")
        if self.diameter.number < 10.0 * self.thickness.number:
            raise fault("a disc at least ten times as wide as thick", key="diameter")
        return self


class DepositSpec(Strict):
    """Lithium of a charge per area, against a thickness that was measured or that of its foil."""

    lithium: str
    charge: ArealCapacity
    measured: Length | None = None
    foil: Length | None = None


class CompositeFoilSpec(Strict):
    """A disc of free lithium in a skeleton of lithium and one other element."""

    lithium: str
    element: str
    diameter: Length
    thickness: Length
    mass: Mass
    density: Density
    skeleton_density: Density
    free_capacity: SpecificCapacity
    total_capacity: SpecificCapacity


class KneadedSpec(Strict):
    """A mixture of phases by mass that reacts until one is used up, then a dense foil."""

    lithium: str
    shares: dict[str, Fraction] = Field(min_length=2)
    coefficients: dict[str, float] = Field(min_length=2)
    thickness: Length
    measured_capacity: ArealCapacity | None = None
    cathode_capacity: ArealCapacity | None = None


class StackSpec(Strict):
    """A stack whose one electrode becomes thinner.

    `densities`, of the electrode `before` and `after` and of all others, add the energy per mass.
    """

    thickness_before: Length
    thickness_after: Length
    others: dict[str, Length] = Field(min_length=1)
    densities: dict[str, Density] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _weighed(self) -> Self:
        wanted = {"before", "after", *self.others}
        if self.densities and set(self.densities) != wanted:
            raise fault(f"a density of each: {', '.join(sorted(wanted))}", key="densities")
        return self


class MixedPhaseSpec(Strict):
    """One phase of a composite: its share of the volume and what it does."""

    volume_fraction: Fraction
    conductivity: ConductivityOrZero | None = None
    youngs_modulus: Modulus | None = None
    poissons_ratio: Number | None = None

    @model_validator(mode="after")
    def _elastic(self) -> Self:
        if (self.youngs_modulus is None) != (self.poissons_ratio is None):
            raise fault("youngs_modulus and poissons_ratio together")
        if self.poissons_ratio is not None and not 0 <= self.poissons_ratio.number < 0.5:
            raise fault("from 0 to below 0.5", key="poissons_ratio")
        return self


class BalanceSpec(Strict):
    """Arithmetic instead of a field; every table that is there is computed."""

    phases: dict[str, PhaseSpec] = Field(default_factory=dict)
    conversion: ConversionSpec | None = None
    solution: SolutionSpec | None = None
    pellet: PelletSpec | None = None
    foil: FoilSpec | None = None
    share: ShareSpec | None = None
    buckling: BucklingSpec | None = None
    squeeze: SqueezeSpec | None = None
    fragments: FragmentsSpec | None = None
    surface: SurfaceTensionSpec | None = None
    deposit: DepositSpec | None = None
    composite_foil: CompositeFoilSpec | None = None
    kneaded: KneadedSpec | None = None
    stack: StackSpec | None = None
    composite: dict[str, MixedPhaseSpec] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _computable(self) -> Self:
        try:
            found = quantities(self)
        except ValueError as error:
            raise fault(str(error)) from None
        if not found:
            raise fault(
                "one of conversion, solution, pellet, foil, share, buckling, squeeze, fragments, "
                "surface, deposit, composite_foil, kneaded, stack, composite"
            )
        return self


def quantities(spec: BalanceSpec) -> list[Amount]:
    """All numbers of a balance, in the order of its tables.

    Raises:
        ValueError: the data contradict each other; the text says what would be right.
    """
    phases = {name: Phase(p.formula, p.density.number) for name, p in spec.phases.items()}
    used = [
        *((spec.solution.layer, spec.solution.host) if spec.solution else ()),
        *((spec.pellet.phase,) if spec.pellet else ()),
        *(table.lithium for table in (spec.deposit, spec.composite_foil, spec.kneaded) if table),
        *(spec.kneaded.shares if spec.kneaded else ()),
        *(spec.kneaded.coefficients if spec.kneaded else ()),
    ]
    if missing := [name for name in used if name not in phases]:
        raise ValueError(f"a table in phases for {', '.join(missing)}")
    found: list[Amount] = []
    if c := spec.conversion:
        found += conversion(phases, c.coefficients, c.film, c.thickness.number)
    if s := spec.solution:
        layer, host = phases[s.layer], phases[s.host]
        found += solution(layer, s.thickness.number, host, s.host_thickness.number, s.element)
    if p := spec.pellet:
        sizes = p.mass.number, p.diameter.number, p.thickness.number
        found += pressed_pellet(*sizes, phases[p.phase])
    if f := spec.foil:
        found += pressed_foil(f.diameter.number, f.pressed_diameter.number, f.thickness.number)
    if i := spec.share:
        area = math.pi / 4 * i.diameter.number**2
        film = i.thickness.number, i.conductivity.number
        found += intact_share(*film, i.resistance.number, area, i.sides)
    if b := spec.buckling:
        film = b.compression.number, b.thickness.number
        elastic = b.youngs_modulus.number, b.poissons_ratio.number
        found += buckling(*film, *elastic, b.half_width.number, b.shape)
    if z := spec.squeeze:
        law = None
        if z.creep_stress and z.creep_rate and z.creep_exponent:
            law = z.creep_stress.number, z.creep_rate.number, z.creep_exponent.number
        disc = 0.5 * z.diameter.number, z.thickness.number
        found += squeezed(z.yield_stress.number, *disc, z.pressure.number, law)
    if k := spec.fragments:
        broken_at = None if k.strength is None else k.strength.number
        limit = None if k.fracture_energy is None else k.fracture_energy.number
        body = k.thickness.number, k.youngs_modulus.number, k.poissons_ratio.number
        found += fragments(k.stress.number, broken_at, *body, k.yield_stress.number, limit)
    if y := spec.surface:
        found += pulled(y.surface_tension.number, y.thickness.number, y.stress.number)
    if d := spec.deposit:
        found += deposit(d.charge.number, phases[d.lithium], _known(d.measured), _known(d.foil))
    if e := spec.composite_foil:
        found += composite_foil(
            (e.diameter.number, e.thickness.number),
            e.mass.number,
            (e.density.number, e.skeleton_density.number),
            (e.free_capacity.number, e.total_capacity.number),
            phases[e.lithium],
            e.element,
        )
    if m := spec.kneaded:
        shares = {name: share.number for name, share in m.shares.items()}
        taken = {name: phases[name] for name in {**m.shares, **m.coefficients, m.lithium: None}}
        limits = _known(m.measured_capacity), _known(m.cathode_capacity)
        found += kneaded(taken, m.coefficients, shares, m.thickness.number, m.lithium, *limits)
    if t := spec.stack:
        layers = {"before": t.thickness_before, "after": t.thickness_after, **t.others}
        lengths = {name: length.number for name, length in layers.items()}
        masses = {name: rho.number * lengths[name] for name, rho in t.densities.items()}
        found += thinner_stack(lengths, masses)
    if spec.composite:
        found += _composite(list(spec.composite.values()))
    return found


def _known(value: Value | None) -> float | None:
    return None if value is None else value.number


def _composite(parts: Sequence[MixedPhaseSpec]) -> list[Amount]:
    shares = np.array([part.volume_fraction.number for part in parts])
    if abs(shares.sum() - 1) > 1e-9:
        raise ValueError("volume fractions of the composite that add up to 1")
    kappa = [part.conductivity.number for part in parts if part.conductivity]
    elastic = [
        (part.youngs_modulus.number, part.poissons_ratio.number)
        for part in parts
        if part.youngs_modulus and part.poissons_ratio
    ]
    if len(kappa) not in (0, len(parts)) or len(elastic) not in (0, len(parts)):
        raise ValueError("the same properties for every phase of the composite")
    if not kappa and not elastic:
        raise ValueError("a conductivity, or youngs_modulus and poissons_ratio, of every phase")
    found = conducting_composite(shares, np.array(kappa)) if kappa else []
    return found + (elastic_composite(shares, *np.array(elastic).T) if elastic else [])
