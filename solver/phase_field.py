"""Brittle fracture as damage: the energy of a phase field with a linear local cost (AT1).

    E(u, d) = int g(d) psi+(e) + psi-(e) dV + int 3 Gc/8 (d/l + l |grad d|^2) dV - int t.u dA
    g(d) = (1 - k) (1 - d)^2 + k,     psi = psi+ + psi- = 1/2 e.C e

d = 0 is sound, d = 1 broken; l is the internal length (um), Gc the fracture energy (J/m^2, which
is MPa um).
e = eps(u) - eps* + C^-1 sigma0 is the elastic strain: eigenstrain and initial stress drive cracks
and are set free by them. E in pJ (plane: pJ/um). A crack is a band 4 l wide, d = (1 - |x|/2l)^2
across it, that costs Gc per area; a bar breaks at sqrt(3 E Gc/(8 l)), and below 2 psi+ = 3 Gc/(8 l)
nothing is damaged. Splits of psi:

    none                    psi+ = psi: compression damages as tension does
    volumetric_deviatoric   psi+ = K/2 <tr e>^2 + energy of the deviator, K the bulk modulus
    spectral                psi+ = lambda/2 <tr e>^2 + mu sum <e_i>^2 over the principal strains

with <x> = max(x, 0). In plane stress the strain across is that of the sound body.

Sources: Pham, Amor, Marigo & Maurini 2011, Int. J. Damage Mech. 20, 618 (AT1); Amor, Marigo &
Maurini 2009, J. Mech. Phys. Solids 57, 1209; Miehe, Welschinger & Hofacker 2010, Int. J. Numer.
Meth. Eng. 83, 1273.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import ufl
from dolfinx import fem
from ufl.core.expr import Expr

from solver.domain import Domain
from solver.elasticity import Body, Solid, spread_over_cells, strain, weight
from solver.hooke import XX, XY, YY, YZ, ZZ, Floats

Split = Literal["none", "volumetric_deviatoric", "spectral"]
RESIDUE = 1e-6  # k: stiffness of what is broken, so that pieces that float have a place
QUADRATURE = 4  # degree: exact for the elastic energy of quadratic displacements


@dataclass(frozen=True)
class Brittle:
    """A solid that may break.

    Attributes:
        stiffness: MPa, shape (6, 6), also in plane stress that of the solid itself.
        at_start: Strain free of stress before any load, eps* - C^-1 sigma0, shape (6,).
        with_load: What all of the load adds to it, shape (6,).
        toughness: Gc, J/m^2.
    """

    stiffness: Floats
    at_start: Floats
    with_load: Floats
    toughness: float


@dataclass(frozen=True)
class BrittleBody:
    """Laws, loads and damage on a mesh.

    Attributes:
        body: Tractions, and the share of the load that acts, `body.load`.
        stiffness: (6, 6) on every cell.
        at_start: (6,) on every cell.
        with_load: (6,) on every cell.
        toughness: Gc on every cell.
        length: l.
        split: Which part of the energy damage takes away.
        plane_stress: Whether there is no stress across the section.
    """

    body: Body
    stiffness: fem.Function
    at_start: fem.Function
    with_load: fem.Function
    toughness: fem.Function
    length: fem.Constant
    split: Split
    plane_stress: bool

    @property
    def domain(self) -> Domain:
        """The mesh."""
        return self.body.domain

    def elastic_strain(self, eps: Expr) -> Expr:
        """The part e of the six strains that stresses the body."""
        e = eps - self.at_start - self.body.load * self.with_load
        if not self.plane_stress:
            return e
        across = self.stiffness[ZZ, XX] * e[XX] + self.stiffness[ZZ, YY] * e[YY]
        across += self.stiffness[ZZ, XY] * e[XY]
        across = -across / self.stiffness[ZZ, ZZ]
        return ufl.as_vector([across if i == ZZ else e[i] for i in range(6)])

    def elastic_density(self, e: Expr) -> Expr:
        """psi of an elastic strain, MPa."""
        return 0.5 * ufl.dot(e, self.stiffness * e)

    def damaging_density(self, e: Expr) -> Expr:
        """psi+ of an elastic strain, MPa."""
        whole = self.elastic_density(e)
        trace = e[XX] + e[YY] + e[ZZ]
        match self.split:
            case "none":
                return whole
            case "volumetric_deviatoric":
                bulk = sum(self.stiffness[i, j] for i in range(3) for j in range(3)) / 9.0
                return whole - 0.5 * bulk * (trace**2 - _positive_square(trace))
            case "spectral":
                shear, lame = self.stiffness[YZ, YZ], self.stiffness[XX, YY]
                principal = _positive_in_plane(e) + _positive_square(e[ZZ])
                return 0.5 * lame * _positive_square(trace) + shear * principal

    def density(self, e: Expr, damage: Expr) -> Expr:
        """g psi+ + psi-, written so that a sound body is elastic whatever the split; MPa."""
        return self.elastic_density(e) - (1.0 - degraded(damage)) * self.damaging_density(e)

    def stored(self, u: Expr, damage: Expr) -> ufl.Form:
        """Elastic energy minus the work of the tractions, pJ (plane: pJ/um)."""
        e = self.elastic_strain(strain(u, self.domain))
        energy = weight(self.domain) * self.density(e, damage) * self.dx
        return self.body.with_loads(energy, u)

    def dissipated(self, damage: Expr) -> ufl.Form:
        """What the damage has cost, pJ (plane: pJ/um)."""
        slope = ufl.grad(damage)
        local = damage / self.length + self.length * ufl.dot(slope, slope)
        return weight(self.domain) * 0.375 * self.toughness * local * self.dx

    def stress(self, u: Expr, damage: Expr) -> Expr:
        """The six stresses, MPa; on the axis, the strain around is that along the radius."""
        eps = ufl.variable(self.body.strain_everywhere(u))
        return ufl.diff(self.density(self.elastic_strain(eps), damage), eps)

    @property
    def dx(self) -> ufl.Measure:
        """One quadrature for all energies: alternate minimisation then sees one and the same."""
        return ufl.Measure("dx", self.domain.mesh, metadata={"quadrature_degree": QUADRATURE})


def degraded(damage: Expr) -> Expr:
    """g(d)."""
    return (1.0 - RESIDUE) * (1.0 - damage) ** 2 + RESIDUE


def _positive_square(x: Expr) -> Expr:
    """<x>^2."""
    return ufl.conditional(ufl.ge(x, 0.0), x**2, 0.0)


def _positive_in_plane(e: Expr) -> Expr:
    """<e1>^2 + <e2>^2 of the principal strains m + r and m - r in the section.

    The root r is taken only where one of them is positive and one negative. Derivatives of both
    branches of a condition are always evaluated, so that it is kept away from zero elsewhere.
    """
    middle, difference = 0.5 * (e[XX] + e[YY]), 0.5 * (e[XX] - e[YY])
    square = difference**2 + 0.25 * e[XY] ** 2
    mixed = ufl.gt(square, middle**2)
    root = ufl.sqrt(ufl.conditional(mixed, square, 1.0))
    both = ufl.conditional(ufl.ge(middle, 0.0), 2.0 * middle**2 + 2.0 * square, 0.0)
    return ufl.conditional(mixed, (middle + root) ** 2, both)


def damage_space(domain: Domain) -> fem.FunctionSpace:
    """Continuous linear damage."""
    return fem.functionspace(domain.mesh, ("Lagrange", 1))


def make_brittle(
    body: Body, solids: dict[str, Brittle], length: float, split: Split, plane_stress: bool
) -> BrittleBody:
    """Spread laws by region over the cells of a mesh.

    Args:
        body: With the tractions.
        solids: Law of every region.
        length: l, um.
        split: Which part of the energy damage takes away.
        plane_stress: Whether there is no stress across the section.
    """
    domain = body.domain
    spread = {
        "stiffness": {name: solid.stiffness for name, solid in solids.items()},
        "at_start": {name: solid.at_start for name, solid in solids.items()},
        "with_load": {name: solid.with_load for name, solid in solids.items()},
        "toughness": {name: np.array(solid.toughness) for name, solid in solids.items()},
    }
    fields = {name: spread_over_cells(domain, values, name) for name, values in spread.items()}
    return BrittleBody(
        body,
        fields["stiffness"],
        fields["at_start"],
        fields["with_load"],
        fields["toughness"],
        fem.Constant(domain.mesh, np.float64(length)),
        split,
        plane_stress,
    )


def brittle(start: Solid, loaded: Solid, toughness: float) -> Brittle:
    """The law of a solid from its elastic one without and with all of the load."""
    relaxed = np.linalg.solve(start.stiffness, start.initial_stress)
    grown = loaded.eigenstrain - np.linalg.solve(loaded.stiffness, loaded.initial_stress)
    first = start.eigenstrain - relaxed
    return Brittle(start.stiffness, first, grown - first, toughness)
