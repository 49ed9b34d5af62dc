"""The curvature of a stack of layers that is free to bend.

The deflection of the underside, from its middle out to half of the width so that the free edge does
not matter, is fitted by a parabola: kappa = 2 cov(x^2, u_y)/var(x^2), in 1/um, positive where the
upper side is hollow (a film in tension on top).

Source: Stoney 1909, Proc. R. Soc. A 82, 172, is the limit of thin films, kappa = 6 sigma h_f/(M
h_s^2) with the biaxial modulus M of the substrate.
"""

import numpy as np
import ufl
from dolfinx import fem

from meshes.layers import Block
from solver.domain import Domain, facet_entities, facet_measure
from solver.elasticity import Traction
from solver.equilibrium import Support

SAME = {"quadrature_degree": 6}  # for all integrals: the fit ends inside of an edge


def bends_freely(
    block: Block, tractions: dict[str, Traction], supports: dict[str, Support]
) -> bool:
    """Whether no face but those of symmetry is held or loaded, and there is more than one layer."""
    held = [name for name in supports if name != "left"]
    whole = block.crack is None and block.pit is None
    return whole and len(block.layers) > 1 and not held and not tractions


def curvature(domain: Domain, displacement: fem.Function, width: float) -> float:
    """Curvature of the underside of a block of a width (um), 1/um."""
    ds = facet_measure(domain, {0: facet_entities(domain, "bottom")})
    x = ufl.SpatialCoordinate(domain.mesh)
    inside = ufl.conditional(ufl.lt(x[0], 0.5 * width), 1.0, 0.0)
    square, one = x[0] ** 2, fem.Constant(domain.mesh, np.float64(1.0))

    def integral(expression: ufl.core.expr.Expr) -> float:
        form = fem.form(inside * expression * ds(0, metadata=SAME))
        return float(domain.comm.allreduce(fem.assemble_scalar(form)))

    size, mean, height = integral(one), integral(square), integral(displacement[1])
    both = integral(square * displacement[1]) - mean * height / size
    return 2.0 * both / (integral(square**2) - mean**2 / size)
