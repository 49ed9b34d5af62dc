"""Graded solids: stiffness that varies along one coordinate.

    C(x) = f(s) C,     s = x or y of the body,

f is given at places and linear in between, or exponential (ln f linear); outside of them it stays
as at the last one. Poisson's ratio and the ratios of moduli are the same everywhere. In the energy

    Pi = int 1/2 f(s) (eps - eps*):C:(eps - eps*) + ... dV

f is a function of the coordinates of the mesh, so that the derivative of Pi in the place of a crack
tip (`solver.fracture`) has the term int 1/2 f'(s) q_s (eps - eps*):C:(eps - eps*) dV as well,
without which J would depend on its contour.

Source: Eischen 1987, Int. J. Fract. 34, 3 (tips in graded solids have the usual fields, with the
modulus at the tip); Kim & Paulino 2002, Int. J. Numer. Methods Eng. 53, 1903 (J with the term).
"""

from itertools import pairwise
from math import exp, log

import numpy as np
import ufl
from dolfinx import fem
from dolfinx.mesh import Mesh
from ufl.core.expr import Expr

from solver.mechanics_schema import Graded


def factor(law: Graded, place: Expr, mesh: Mesh) -> Expr:
    """The factor f of the stiffness at a place along the coordinate.

    Args:
        law: Places in the body (um) and factors.
        place: Coordinate in the body, um.
        mesh: On which the numbers live.
    """

    def number(value: float) -> fem.Constant:
        return fem.Constant(mesh, np.float64(value))

    ends = list(pairwise(zip(law.at, law.factors, strict=True)))
    found: Expr = number(law.factors[-1])
    for (start, low), (end, high) in reversed(ends):
        share = (place - number(start)) / number(end - start)
        if law.between == "linear":
            inside = number(low) + number(high - low) * share
        else:
            inside = number(low) * ufl.exp(number(log(high / low)) * share)
        found = ufl.conditional(ufl.lt(place, number(end)), inside, found)
    return ufl.conditional(ufl.lt(place, number(law.at[0])), number(law.factors[0]), found)


def factor_at(law: Graded | None, x: float, y: float) -> float:
    """The factor f at a place of the body (um); 1 in a solid that is not graded."""
    if law is None:
        return 1.0
    s = x if law.along == "x" else y
    if law.between == "linear":
        return float(np.interp(s, law.at, law.factors))
    return exp(float(np.interp(s, law.at, np.log(law.factors))))
