"""A conductor of ions and electrons: two potentials and the reaction between them.

    i = -sigma_i grad(phi),   k = -sigma_e grad(psi)
    div(i) = a (j(eta) + C d(eta)/dt) = -div(k)
    psi - phi - shift = eta

phi potential of the ions, as in the electrolyte beside it, psi that of the electrons (V), sigma_i
and sigma_e conductivities of the region as a whole (pA/(V um)), a area of the inner faces per
volume (1/um), j, C and shift as at a face of lithium (`solver.kinetics`): positive j dissolves
lithium that lies within the region, negative j deposits it there. The unknown is psi minus the
potential of the collector, so that the small differences within a metal keep their digits. It lives
on the nodes of mixed conductors alone, and so does the unknown z of the reaction. Ions pass into
electrolytes beside the region, electrons do not; an electrode on its outside is a collector,
through which electrons pass and ions do not. Nothing fills up: how much lithium the region can hold
is not part of the model.

With a linear reaction a slab of thickness L has per area, with the collector on the one side and
the electrolyte on the other, the resistance

    L/(sigma_i + sigma_e) (1 + (2 + (sigma_i/sigma_e + sigma_e/sigma_i) cosh n)/(n sinh n)),
    n = L sqrt(a i0 F/(R T) (1/sigma_i + 1/sigma_e)),

R T/(F i0 a L) if the reaction is slow (n -> 0, plus a third of both conductors).

Source: Newman & Tobias 1962, J. Electrochem. Soc. 109, 1183.
"""

import numpy as np
import ufl
from dolfinx import fem
from ufl.core.expr import Expr

from solver.kinetics import reaction, shift_of
from solver.region_schema import MixedConductor


def mixed_forms(
    law: MixedConductor,
    fields: tuple[fem.Function, fem.Function, fem.Function, fem.Function],
    collector: Expr,
    thermal: Expr,
    conductance: Expr,
    test: Expr,
    weight: Expr | float,
    dx: ufl.Measure,
) -> tuple[ufl.Form, ufl.Form, ufl.Form]:
    """What the region adds to the rows of phi, psi and z (the current of the ions is not in it).

    Args:
        law: Of the region.
        fields: phi, psi minus the potential of the collector, z and dz/dt.
        collector: Its potential, V.
        thermal: R T/F, V.
        conductance: Scale of the row of z, pA/(V um^3).
        test: Test function.
        weight: Of the symmetry.
        dx: The region.
    """
    phi, e, z, rate_of_z = fields
    msh = phi.function_space.mesh

    def constant(value: float) -> fem.Constant:
        return fem.Constant(msh, np.float64(value))

    eta, source = source_of(law, z, rate_of_z, thermal)
    electrons = -constant(law.electronic_conductivity) * ufl.grad(e)
    drop = collector + e - phi - constant(shift_of(law.kinetics)) - eta
    return (
        -weight * source * test * dx,
        weight * (source * test - ufl.inner(electrons, ufl.grad(test))) * dx,
        weight * conductance * drop * test * dx,
    )


def source_of(
    law: MixedConductor, z: fem.Function, rate_of_z: fem.Function, thermal: Expr
) -> tuple[Expr, Expr]:
    """Overpotential (V), and current from electrons to ions per volume (pA/um^3)."""
    msh = z.function_space.mesh
    i0, alpha, c, a = (
        fem.Constant(msh, np.float64(value))
        for value in (
            law.kinetics.exchange_current_density,
            law.kinetics.transfer_coefficient,
            law.kinetics.capacitance,
            law.area_per_volume,
        )
    )
    variable = ufl.variable(z)
    eta, rate = reaction(law.kinetics, variable, i0, alpha, thermal)
    if law.kinetics.capacitance > 0.0:
        rate = rate + c * ufl.diff(eta, variable) * rate_of_z
    return eta, a * rate
