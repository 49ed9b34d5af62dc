"""The data of metals that hold lithium, and of conductors of ions and electrons. Working units."""

from dataclasses import dataclass

from solver.march_schema import Curve, Kinetics


@dataclass(frozen=True)
class HeldSides:
    """Elastic data of a flat alloy that cannot spread in its plane: stress from composition.

    Attributes:
        youngs_modulus: MPa.
        poissons_ratio: Of the alloy.
    """

    youngs_modulus: float
    poissons_ratio: float


@dataclass(frozen=True)
class Alloy:
    """A metal in which lithium diffuses, see `solver.alloy`; curves are over the fraction.

    Attributes:
        fraction: Share of the sites that lithium has at the start.
        site_concentration: Sites per volume, fmol/um^3.
        diffusivity: Of lithium, um^2/s.
        equilibrium_potential: Against lithium, V; None: ideal solution.
        partial_molar_volume: Volume that lithium adds, um^3/fmol; 0: none.
        held: Sides that cannot move; None: the alloy swells freely.
        stress_gradient: Of a given hydrostatic stress along the last axis, MPa/um.
    """

    fraction: float
    site_concentration: float
    diffusivity: Curve
    equilibrium_potential: Curve | None = None
    partial_molar_volume: float = 0.0
    held: HeldSides | None = None
    stress_gradient: float = 0.0


@dataclass(frozen=True)
class MixedConductor:
    """Ions and electrons in one region, and their reaction, see `solver.mixed_conductor`.

    Attributes:
        ionic_conductivity: Of all that is in the region, pA/(V um).
        electronic_conductivity: The same, pA/(V um).
        area_per_volume: Of the faces at which ions and electrons meet, 1/um.
        kinetics: Of the reaction there.
    """

    ionic_conductivity: float
    electronic_conductivity: float
    area_per_volume: float
    kinetics: Kinetics
