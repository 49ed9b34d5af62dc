"""How the current behaves at an edge: the exponent from the angles, its factor from the solution.

Around an edge phi = phi_0 + r^lambda f(theta), with (kappa f')' + lambda^2 kappa f = 0 over the
wedges, f = 0 on an ideal contact, f' = 0 on an insulated face. A contact with resistance counts as
insulated here: close to the edge the resistance of the contact exceeds that of the wedge. The
current goes as r^(lambda - 1): it is unbounded if lambda < 1, its square can't be integrated if
lambda <= 1/2.
"""

from collections.abc import Callable, Sequence
from math import cos, inf, sin

import numpy as np
from scipy.optimize import brentq

from meshes.mesh import SingularEdge
from solver.model import Model


def wedge_exponent(wedges: Sequence[tuple[float, float]], first: bool, last: bool) -> float:
    """Smallest positive lambda of a fan of wedges.

    Args:
        wedges: (conductivity, angle in rad), in order.
        first: True if the first outer face is an ideal contact.
        last: True if the last one is.

    Returns:
        lambda; pi/(2 angle) for one wedge between contact and insulator, pi/angle between equals.
    """

    def residual(exponent: float) -> float:
        value, flux = (0.0, 1.0) if first else (1.0, 0.0)
        for kappa, angle in wedges:
            c, s = cos(exponent * angle), sin(exponent * angle)
            value, flux = (
                c * value + s * flux / (kappa * exponent),
                -kappa * exponent * s * value + c * flux,
            )
        return value if last else flux / exponent

    return _smallest_root(residual)


def _smallest_root(function: Callable[[float], float]) -> float:
    grid = np.linspace(1e-4, 6.0, 6001)
    values = [function(float(point)) for point in grid]
    for left, right, low, high in zip(grid, grid[1:], values, values[1:], strict=False):
        if low == 0.0:
            return float(left)
        if low * high < 0.0:
            return float(brentq(function, left, right, xtol=1e-14))
    return inf


def edge_exponent(edge: SingularEdge, model: Model, face: str = "") -> float:
    """Smallest lambda over the fans of conducting wedges that meet at an edge.

    Args:
        edge: The edge.
        model: Laws by name.
        face: If given, only fans that end on this face count: what the current through it does.
    """
    count = len(edge.sectors)
    ideal = {
        contact.name
        for contact in model.contacts
        if contact.resistance == 0.0 or contact.series > 0.0
    }
    conducting = [sector.region in model.conductivity for sector in edge.sectors]
    # faces[i] follows sectors[i]; a fan ends where a sector conducts nothing or at a jump
    cut = [
        not conducting[i] or not conducting[(i + 1) % count] or edge.faces[i] in model.jumps
        for i in range(count)
    ]
    if not any(cut):
        return inf
    exponents = [inf]
    for start in range(count):
        if not conducting[start] or not cut[start - 1]:
            continue
        wedges: list[tuple[float, float]] = []
        i = start
        while True:
            sector = edge.sectors[i % count]
            wedges.append((model.conductivity[sector.region], sector.angle))
            if cut[i % count]:
                break
            i += 1
        ends = (edge.faces[start - 1], edge.faces[i % count])
        if face and face not in ends:
            continue
        first, last = ends[0] in ideal, ends[1] in ideal
        exponents.append(wedge_exponent(wedges, first, last))
    return min(exponents)
