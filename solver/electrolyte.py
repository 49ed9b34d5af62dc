"""Charge and salt in a binary electrolyte (one cation, one anion, both with one charge).

    i  = -kappa grad(phi) + (2 R T kappa/F) (1 - t) X grad(ln c)          div(i) = 0
    N- = -D grad(c) - ((1 - t)/F) i                           eps dc/dt + div(N-) = 0

phi potential against a lithium reference (V), c salt concentration (fmol/um^3), i current density
(pA/um^2), N- flux of the anion (fmol/(um^2 s)), kappa conductivity, D diffusivity of the salt
(um^2/s), t transference number of the cation, X = 1 + d ln f/d ln c, eps porosity. With div(i) = 0
the second line is eps dc/dt = div(D grad c) - div(i t/F). No anion leaves through any face (lithium
exchanges cations alone, single-ion conductors hold theirs), so that N-.n = 0 is the natural
condition everywhere, and the salt is conserved to rounding: the test function 1 shows it.

Without a given conductivity that of an ideal solution holds, kappa = F^2 D c/(2 R T t (1 - t))
(Nernst and Einstein). Properties are constants or piecewise linear in c, constant beyond the table.

Where faces move (`solver.moving`) the electrolyte goes with the mesh: its salt stays in the cells
as they are sheared and stretched, but for N-, which is relative to them. With everything on the
mesh of the start, J the volume now over that at the start, F^-T Grad the gradient,

    a = J c/c_ref                    eps F c_ref da/dt v - J N-.(F^-T Grad v) = 0   in the mean of v

a is an unknown of its own, the projection of J u: so the amount of salt is linear in what is
integrated in time and conserved as well as in a body that rests. A solvent that keeps its volume
would be pressed aside where a face comes closer to another one; by what that carries the salt is
wrong by about the share v L/D (v speed of the face, L distance). Where as much is plated on one
face as is stripped from the other all goes with them and nothing is left out.

The unknown is u = c/c_ref. kappa/c stays finite where c goes to zero; kappa itself is kept above
that at 1e-9 of c_ref, which only keeps the matrices regular: what comes close counts as depleted.

Source: Newman & Thomas-Alyea 2004, Electrochemical Systems, chapter 12.
"""

from dataclasses import dataclass

import numpy as np
import ufl
from dolfinx import fem, mesh
from ufl.core.expr import Expr

from solver.march_schema import BinaryElectrolyte, Curve
from solver.moving import Motion, gradient
from solver.units import FARADAY, GAS_CONSTANT

LEAST = 1e-9  # of the reference concentration, in the conductivity alone


@dataclass(frozen=True)
class Fluxes:
    """Densities of current (pA/um^2) and of the anion times F (pA/um^2)."""

    current: Expr
    anion: Expr


def curve(table: Curve, c: Expr, msh: mesh.Mesh) -> Expr:
    """A property at the concentration c; its numbers are no part of the compiled form."""
    first, *_ = table.values
    total: Expr = _constant(first, msh)
    for k in range(len(table.concentrations) - 1):
        low, high = table.concentrations[k : k + 2]
        slope = (table.values[k + 1] - table.values[k]) / (high - low)
        one, other = _constant(low, msh), _constant(high, msh)
        inside = ufl.min_value(ufl.max_value(c, one), other)
        total = total + _constant(slope, msh) * (inside - one)
    return total


def _constant(value: float, msh: mesh.Mesh) -> fem.Constant:
    return fem.Constant(msh, np.float64(value))


def at(table: Curve, concentration: float) -> float:
    """A property at one concentration."""
    if not table.concentrations:
        return table.values[0]
    return float(np.interp(concentration, table.concentrations, table.values))


def conductivity_at_start(law: BinaryElectrolyte, temperature: float) -> float:
    """Conductivity at the concentration of the start, pA/(V um)."""
    c = law.concentration
    if law.conductivity is not None:
        return at(law.conductivity, c)
    t = at(law.transference_number, c)
    mobility = FARADAY**2 * at(law.diffusivity, c) / (2.0 * GAS_CONSTANT * temperature)
    return mobility * c / (t * (1.0 - t))


def fluxes(
    law: BinaryElectrolyte,
    phi: Expr,
    u: Expr,
    reference: Expr,
    thermal: Expr,
    msh: mesh.Mesh,
    motion: Motion,
) -> Fluxes:
    """Both fluxes in a region.

    Args:
        law: Of the region.
        phi: Potential, V.
        u: Concentration over `reference`.
        reference: fmol/um^3.
        thermal: R T/F, V.
        msh: The mesh.
        motion: Of the mesh: gradients are those in the moved body.
    """
    c = reference * u
    d, t = curve(law.diffusivity, c, msh), curve(law.transference_number, c, msh)
    faraday = _constant(FARADAY, msh)
    positive = reference * ufl.max_value(u, LEAST)
    if law.conductivity is None:
        over_c = faraday * d / (2.0 * thermal * t * (1.0 - t))  # kappa/c
        kappa = over_c * positive
    else:
        kappa = curve(law.conductivity, c, msh)
        over_c = kappa / positive
    factor = curve(law.thermodynamic_factor, c, msh)
    slope = reference * gradient(motion, u)
    current = -kappa * gradient(motion, phi) + 2.0 * thermal * over_c * (1.0 - t) * factor * slope
    return Fluxes(current, -faraday * d * slope - (1.0 - t) * current)
