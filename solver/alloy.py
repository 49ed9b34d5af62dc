"""Lithium in an alloy or solid solution (Li-Mg, Li-Al), and the potential of its face.

    J = -D (grad c - c Omega/(R T) grad(sigma_h))             dc/dt + div(J) = 0,  c = c_s x
    F J.n = j  at the face to the electrolyte                 J.n = 0 at all others
    E - phi - U(x) - Omega sigma_h/F = eta + rho i            U = -(R T/F) ln(x) or a table

x share of the sites that lithium has, c_s sites per volume (fmol/um^3), D diffusivity (um^2/s, a
number or a table over x), Omega partial molar volume (um^3/fmol), sigma_h hydrostatic stress,
tension positive (MPa), n out of the alloy, j the reaction's current density from the alloy into the
electrolyte (`solver.kinetics`, stripping positive: it takes lithium out). Electrons move freely:
the alloy has the potential E of its electrode. Lithium goes where tension is; pressure lowers E.

The host keeps its sites and its shape. Composition strains it by e = Omega c_s (x - x0)/3 along
every axis, x0 that of the start (Vegard). Where its sides are held (`HeldSides`, a thin flat layer
that neither spreads nor bends) the stress in its plane is -E e/(1 - nu) at every point, and so

    sigma_h = -2 E Omega c_s (x - x0)/(9 (1 - nu)) + g y

the second term a given gradient g along the last axis y. In the flux sigma_h acts with the mobility
D/(R T) of an ideal solution, whatever the table of U says.

Source: Larche & Cahn 1982, Acta Metall. 30, 1835; Yang 2005, Mater. Sci. Eng. A 409, 153.
"""

import numpy as np
import ufl
from dolfinx import fem, mesh
from ufl.core.expr import Expr

from solver.electrolyte import curve
from solver.region_schema import Alloy
from solver.units import FARADAY

LEAST = 1e-12  # of the sites: below it the logarithm stays as it is


def _constant(value: float, msh: mesh.Mesh) -> fem.Constant:
    return fem.Constant(msh, np.float64(value))


def stress_over_strain(law: Alloy) -> float:
    """Stress in the plane of an alloy with held sides over its composition strain, MPa."""
    if law.held is None:
        return 0.0
    return -law.held.youngs_modulus / (1.0 - law.held.poissons_ratio)


def composition_strain(law: Alloy, fraction: float) -> float:
    """Linear strain against the start, along every axis of an alloy that swells freely."""
    return law.partial_molar_volume * law.site_concentration * (fraction - law.fraction) / 3.0


def hydrostatic_stress(law: Alloy, x: Expr, solved: Expr | None, msh: mesh.Mesh) -> Expr:
    """sigma_h, MPa: that of a body that is solved for (`solver.march_stress`), if there is one."""
    if solved is not None:
        return solved
    per_fraction = law.partial_molar_volume * law.site_concentration / 3.0
    slope = _constant(2.0 / 3.0 * stress_over_strain(law) * per_fraction, msh)
    y = ufl.SpatialCoordinate(msh)[msh.geometry.dim - 1]
    return slope * (x - _constant(law.fraction, msh)) + _constant(law.stress_gradient, msh) * y


def stressed(law: Alloy, solved: Expr | None) -> bool:
    """Whether stress moves lithium."""
    given = solved is not None or law.held is not None or law.stress_gradient != 0.0
    return law.partial_molar_volume > 0.0 and given


def potential(law: Alloy, x: Expr, thermal: Expr, solved: Expr | None, msh: mesh.Mesh) -> Expr:
    """E - phi of a face in equilibrium, V; `thermal` is R T/F (V), `solved` the stress (MPa)."""
    if law.equilibrium_potential is None:
        found = -thermal * ufl.ln(ufl.max_value(x, LEAST))
    else:
        found = curve(law.equilibrium_potential, x, msh)
    if stressed(law, solved):
        volume = _constant(law.partial_molar_volume / FARADAY, msh)
        found = found + volume * hydrostatic_stress(law, x, solved, msh)
    return found


def capacity(law: Alloy) -> float:
    """Charge of all sites in a volume, F c_s, pC/um^3."""
    return FARADAY * law.site_concentration


def flow(law: Alloy, x: Expr, thermal: Expr, solved: Expr | None, msh: mesh.Mesh) -> Expr:
    """F J, pA/um^2."""
    slope = ufl.grad(x)
    if stressed(law, solved):
        volume = _constant(law.partial_molar_volume / FARADAY, msh)
        slope = slope - x * volume / thermal * ufl.grad(hydrostatic_stress(law, x, solved, msh))
    diffusivity = curve(law.diffusivity, x, msh)
    return -_constant(capacity(law), msh) * diffusivity * slope


def storage(
    law: Alloy,
    fields: tuple[fem.Function, fem.Function],
    thermal: Expr,
    solved: Expr | None,
    test: Expr,
    weight: Expr | float,
    dx: ufl.Measure,
) -> ufl.Form:
    """int F c_s dx/dt v - int F J.grad(v) over a region.

    Args:
        law: Of the region.
        fields: The fraction and its rate, 1/s.
        thermal: R T/F, V.
        solved: The hydrostatic stress of a body that is solved for, MPa; None: there is none.
        test: v.
        weight: Of the symmetry.
        dx: The region.
    """
    x, rate = fields
    msh = x.function_space.mesh
    held = weight * _constant(capacity(law), msh) * rate * test * dx
    return held - weight * ufl.inner(flow(law, x, thermal, solved, msh), ufl.grad(test)) * dx
