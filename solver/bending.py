"""The curvature of a stack of layers that is free to bend.

The deflection of the underside, from the left side out to half of the width, is fitted by the
parabola u_y = c_0 + c_1 x + 1/2 kappa x^2, kappa in 1/um, positive where the upper side is hollow
(a film in tension on top). A plane of symmetry on the left makes it the middle; without one the
free edge is inside of the fit, and matters as far as the body is not much wider than it is high.

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
    x = ufl.SpatialCoordinate(domain.mesh)[0] / width
    inside = ufl.conditional(ufl.lt(x, 0.5), 1.0, 0.0)

    def integral(expression: ufl.core.expr.Expr) -> float:
        form = fem.form(inside * expression * ds(0, metadata=SAME))
        return float(domain.comm.allreduce(fem.assemble_scalar(form)))

    one = fem.Constant(domain.mesh, np.float64(1.0))
    powers = [one, x, x**2]  # where no symmetry holds the left side, the body may turn as well
    normal = np.array([[integral(a * b) for b in powers] for a in powers])
    found = np.linalg.solve(normal, [integral(a * displacement[1]) for a in powers])
    return 2.0 * float(found[2]) / width**2
