"""Plating and stripping: how lithium grows at its faces.

    dh/dt = -V_Li j/(F (1 - p))                 h(0) = A cos(2 pi x/L) or 0

h thickness of lithium against the start (um, into the electrolyte positive), j Faradaic current
density from the lithium into the electrolyte (pA/um^2, stripping positive, as in
`solver.kinetics`; the charge of a double layer deposits nothing), V_Li molar volume, p porosity of
what is deposited. Dense lithium grows by V_Li/F: 4.8498 um per mAh/cm^2 at 12.998 cm^3/mol.

h is an unknown on the nodes of the face (quadratic) and an equation of the same integrator as all
others, so that its error is controlled with them. It is linear in the rate, as that of the charge
Q is: capacity in is thickness out to the tolerance of Newton's method, at any step in time.

The geometry stays as it is (small displacements) unless the face moves (`solver.moving`); h is then
the volume of deposit per area of the face at the start.

Source: Faraday's law; Newman & Thomas-Alyea 2004, Electrochemical Systems, chapter 1.
"""

import numpy as np
import ufl
from dolfinx import fem
from ufl.core.expr import Expr

from solver import schema
from solver.march_schema import Plating
from solver.units import FARADAY

SMALL = 0.1  # of the feature: up to here a fixed geometry is taken to do


def charge_per_volume(plating: Plating) -> float:
    """Charge in a volume of the deposit, F (1 - p)/V_Li, pC/um^3."""
    return FARADAY * (1.0 - plating.porosity) / plating.molar_volume


def platings(case: schema.Case) -> dict[str, Plating]:
    """Faces whose growth is followed."""
    return {
        name: law.plating
        for name, law in case.boundaries.items()
        if isinstance(law, schema.Electrode) and law.plating is not None
    }


def growth_row(
    share: Expr, rate: Expr, current: Expr, area: Expr | float, test: Expr, ds: ufl.Measure
) -> ufl.Form:
    """int (F (1 - p)/V_Li dh/dt dA + j da) v over a face.

    Args:
        share: F (1 - p)/V_Li, pC/um^3, times what h sweeps per area.
        rate: dh/dt, um/s.
        current: j, pA/um^2, with the weight of the symmetry.
        area: Area now over that at the start.
        test: v, with the weight of the symmetry taken by `share` and `current`.
        ds: The face.
    """
    return (share * rate + area * current) * test * ds


def start_of(function: fem.Function, plating: Plating) -> fem.Function:
    """The height of a face at the start as a function of the space, um."""
    found = fem.Function(function.function_space)
    if plating.wavelength > 0.0:
        number = 2.0 * np.pi / plating.wavelength
        found.interpolate(lambda x: plating.amplitude * np.cos(number * x[0]))
    return found
