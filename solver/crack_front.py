"""The energy release rate along the front of an elliptical crack in 3D.

The front is moved by fields q_k: in the plane of the crack, normal to the front, dying out at a
distance from it, along the front a hat function w_k of the angle t of the ellipse
(x, y) = (a cos t, b sin t). As in `solver.fracture`, with the energy Pi of `solver.elasticity`,

    G_k = -2 dPi/dq_k / int w_k ds     (half of the body is above the plane of the crack),

the mean of G around a point of the front. G in J/m^2, arc length s in um from the x axis on. For a
crack in an infinite body under the pressure p on its faces (or the tension p far away), a >= b,

    K_I(t) = p sqrt(pi b)/E(m) [sin^2 t + (b/a)^2 cos^2 t]^(1/4),   m = 1 - (b/a)^2,

E(m) the complete elliptic integral of the second kind.

Source: Irwin 1962, J. Appl. Mech. 29, 651 (ellipse); Li, Shih & Needleman 1985, Eng. Fract. Mech.
21, 405 (domain integral along a front).
"""

from dataclasses import dataclass
from itertools import pairwise
from math import nan

import numpy as np
import ufl
from dolfinx import fem
from dolfinx.fem import petsc as fem_petsc
from petsc4py import PETSc
from scipy.integrate import quad

from meshes.layers import Box, Ellipse
from solver.domain import Domain, coordinates, node_positions
from solver.elasticity import Body
from solver.equilibrium import Equilibrium, Support
from solver.hooke import Floats

POINTS = 9  # of the front at which G is given
# q is one inside of the first radius and zero outside of the second, in shares of the reach
CONTOURS = ((0.1, 0.4), (0.2, 0.6), (0.3, 0.8))
STEP = 0.01  # by which the front is moved for differences, in shares of the reach


@dataclass(frozen=True)
class Front:
    """G along a front.

    Attributes:
        angles: Of the ellipse, from the x axis on, rad, shape (points,).
        lengths: Arc length up to there, um, shape (points,).
        rates: G by every contour, J/m^2, shape (contours, points).
        mean: Over the front, by the widest contour, J/m^2.
        bars: Error bar of G at every point, J/m^2.
        by_extension: The mean from the energies of two bodies with the front moved.
    """

    angles: Floats
    lengths: Floats
    rates: Floats
    mean: float
    bars: Floats
    by_extension: float = nan

    @property
    def values(self) -> Floats:
        """G by the widest contour."""
        return np.asarray(self.rates[-1])

    @property
    def spread(self) -> Floats:
        """Largest difference of two contours, at every point."""
        return np.asarray(np.ptp(self.rates, axis=0))


def table_of_front(front: Front) -> str:
    """Arc length (um), angle (degrees), G and its error bar (J/m^2) as CSV."""
    rows = np.stack([front.lengths, np.degrees(front.angles), front.values, front.bars], 1)
    lines = [",".join(f"{value:.9g}" for value in row) for row in rows]
    return "\n".join(["arc_length_um,angle_degree,G_J_m2,error_bar_J_m2", *lines]) + "\n"


def arc_length(crack: Ellipse, start: float, end: float, hat: tuple[float, float]) -> float:
    """Length of the front between two angles, weighted by a line from hat[0] to hat[1], um."""
    a, b = crack.semi_axes

    def weighted(t: float) -> float:
        share = (t - start) / (end - start)
        return float((hat[0] + share * (hat[1] - hat[0])) * np.hypot(a * np.sin(t), b * np.cos(t)))

    return float(quad(weighted, start, end)[0])


def reach(box: Box, crack: Ellipse) -> float:
    """Radius around the front in which nothing but the crack and its layer lies, um."""
    a, b = crack.semi_axes
    # beyond the smallest radius of curvature normals to the front meet
    return min(a, b, box.width - a, box.depth - b, box.layers[0].thickness, b * b / a, a * a / b)


def _near_front(crack: Ellipse, points: Floats) -> tuple[Floats, Floats, Floats]:
    """Angle, distance from the front and normal in the plane (shape (2, n)) of points (n, 3)."""
    a, b = crack.semi_axes
    t = np.arctan2(points[:, 1] / b, points[:, 0] / a)
    away = np.linalg.norm(points - np.stack([a * np.cos(t), b * np.sin(t), 0.0 * t], 1), axis=1)
    normal = np.stack([b * np.cos(t), a * np.sin(t)])
    return t, away, normal / np.linalg.norm(normal, axis=0)


def _moved(domain: Domain, crack: Ellipse, inner: float, outer: float) -> Floats:
    """How nodes follow a front that moves outwards by one everywhere, shape (nodes, 3)."""
    points = node_positions(domain.mesh)
    _, away, normal = _near_front(crack, points)
    share = np.clip((outer - away) / (outer - inner), 0.0, 1.0)
    return np.stack([share * normal[0], share * normal[1], 0.0 * share], 1)


def front_rates(body: Body, displacement: fem.Function, box: Box) -> Front | None:
    """G along the front of the crack of a box; collective.

    Args:
        body: Laws and loads.
        displacement: In equilibrium.
        box: The geometry; without a crack there is no front.
    """
    crack, domain = box.crack, body.domain
    if crack is None:
        return None
    space = fem.functionspace(domain.mesh, ("Lagrange", 1, (3,)))
    x = ufl.SpatialCoordinate(domain.mesh)
    energy = body.potential_energy(displacement)
    force = fem_petsc.assemble_vector(fem.form(ufl.derivative(energy, x, ufl.TestFunction(space))))
    force.ghostUpdate(PETSc.InsertMode.ADD, PETSc.ScatterMode.REVERSE)
    owned = space.dofmap.index_map.size_local
    at = space.tabulate_dof_coordinates()[:owned]
    pull = force.array_r.reshape(-1, 3)[:owned]
    t, away, normal = _near_front(crack, at)
    outwards = pull[:, 0] * normal[0] + pull[:, 1] * normal[1]
    angles: Floats = np.linspace(0.0, 0.5 * np.pi, POINTS, dtype=np.float64)
    hats = np.maximum(1.0 - np.abs(t[:, None] - angles) / (angles[1] - angles[0]), 0.0)
    pieces = list(pairwise(angles))
    rising = np.array([0.0, *(arc_length(crack, *piece, (0.0, 1.0)) for piece in pieces)])
    falling = np.array([*(arc_length(crack, *piece, (1.0, 0.0)) for piece in pieces), 0.0])
    size = reach(box, crack)
    rates = []
    for inner, outer in CONTOURS:
        share = np.clip((outer * size - away) / ((outer - inner) * size), 0.0, 1.0)
        slope = domain.comm.allreduce((share * outwards) @ hats)
        rates.append(-2.0 * slope / (rising + falling))
    lengths = np.cumsum([0.0, *(arc_length(crack, *piece, (1.0, 1.0)) for piece in pieces)])
    mean = float(rates[-1] @ (rising + falling) / lengths[-1])
    return Front(angles, lengths, np.array(rates), mean, np.full(POINTS, np.inf))


def mean_by_extension(
    body: Body, box: Box, supports: dict[str, Support], overrides: dict[str, str]
) -> float:
    """The mean of G from the energies of two bodies with the front moved, J/m^2; collective."""
    crack, domain = box.crack, body.domain
    if crack is None:
        return 0.0
    size, (inner, outer) = reach(box, crack), CONTOURS[-1]
    follow = _moved(domain, crack, inner * size, outer * size)
    energies = []
    for sign in (1.0, -1.0):
        places = node_positions(domain.mesh) + sign * STEP * size * follow
        with coordinates(domain, places):
            energies.append(Equilibrium(body, supports, overrides).solve().energy)
    length = arc_length(crack, 0.0, 0.5 * np.pi, (1.0, 1.0))
    return -2.0 * (energies[0] - energies[1]) / (2.0 * STEP * size * length)
