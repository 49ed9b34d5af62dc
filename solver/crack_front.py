"""The energy release rate along the front of an elliptical crack in 3D.

The front is moved by fields q_k: in the plane of the crack, normal to the front, dying out at a
distance from it, along the front a function w_k of the angle t of the ellipse
(x, y) = (a cos t, b sin t). As in `solver.fracture`, with the energy Pi of `solver.elasticity` and
the area A of the crack of the mesh,

    -2 dPi/dq_k = int G w_k ds     (half of the body is above the plane of the crack),
    int v w_k ds = sum over nodes n of v_n w_k,n dA/dq_n.

In an infinite body K_I^2 under a pressure that is a polynomial of the place is ds/dt times one of
cos 2t (in a quarter), so

    G(t) = ds/dt sum_m g_m cos 2mt,   w_k = ds/dt cos 2kt,   k, m < MODES

gives equations for the g_m. The force on single nodes at the front is uneven by more than G is
wrong; that smooth functions leave out, hats would not. What the mean of G around a point, by a hat
of the angle, differs from that of the sum is told with it: the share of what MODES do not show.
Where the crack is closed G is zero and has a kink, which no such sum follows: along a front whose G
by hats falls below NOTHING of the largest, G is that by hats, and the bar one for all of it.
G in J/m^2, arc length s in um from the x axis on. For a crack in an infinite body under the
pressure p on its faces (or the tension p far away), a >= b,

    K_I(t) = p sqrt(pi b)/E(m) [sin^2 t + (b/a)^2 cos^2 t]^(1/4),   m = 1 - (b/a)^2,

E(m) the complete elliptic integral of the second kind.

How G changes as the front moves outwards evenly, by d everywhere: the mesh follows it by a field
that dies out further away, and G of two such bodies, d = +-STEP of the reach, are subtracted.
Points of the front stay at their angle t, on their normal. Their energies give the mean of G once
more, without a domain integral. For the penny dG/da = G/a.

The error bar of G at a point is the largest of: the spread over the contours there, what MODES do
not show there, twice the difference of the last two meshes there, the same share of G as that has
of all of the front (of one point alone it may be small by chance), and the difference of the mean
of G and that of the energies.

Source: Irwin 1962, J. Appl. Mech. 29, 651 (ellipse); Shah & Kobayashi 1971, Eng. Fract. Mech. 3, 71
(polynomials); Li, Shih & Needleman 1985, Eng. Fract. Mech. 21, 405 (domain integral along a front).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import inf, nan

import numpy as np
import ufl
from dolfinx import fem
from dolfinx.fem import petsc as fem_petsc
from petsc4py import PETSc
from scipy.integrate import quad

from meshes.layers import Box, Ellipse
from solver.domain import Domain, coordinates, facet_entities, facet_measure, node_positions
from solver.elasticity import Body
from solver.equilibrium import Support
from solver.hooke import Floats
from solver.touching import solve_touching

POINTS = 9  # of the front at which G is given
MODES = 4  # of its course
NOTHING = 0.02  # of the largest G: a front with less somewhere may be closed there
SAFETY = 2.0  # G converges with the first power of the size at the front: the change is its error
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
        slopes: dG/da as all of the front moves outwards, by every contour, J/m^2/um, shape
            (contours, points).
        slope_bar: Error bar of dG/da at every point.
        unseen: By how much the mean of G around a point differs from what is told, J/m^2, shape
            (points,).
        smooth: Whether G is a sum of MODES; by hats where not.
    """

    angles: Floats
    lengths: Floats
    rates: Floats
    mean: float
    bars: Floats
    by_extension: float = nan
    slopes: Floats | None = None
    slope_bar: float = inf
    unseen: Floats = field(default_factory=lambda: np.zeros(POINTS))
    smooth: bool = True

    def slope_at(self, point: int) -> float:
        """dG/da at a point, by the widest contour; nan if it was not computed."""
        return nan if self.slopes is None else float(self.slopes[-1][point])

    @property
    def slope(self) -> float:
        """The same where G is largest."""
        return self.slope_at(int(self.values.argmax()))

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


def lines_of_front(front: Front) -> Iterator[str]:
    """The same as lines of a log."""
    for row in zip(front.lengths, np.degrees(front.angles), front.values, front.bars, strict=True):
        yield "front at {:.4g} um ({:.4g} degrees): G {:.6g}, bar {:.1e}".format(*row)


def arc_length(
    crack: Ellipse, start: float, end: float, hat: tuple[float, float], distance: float = 0.0
) -> float:
    """Length of the front between two angles, weighted by a line from hat[0] to hat[1], um.

    Args:
        crack: The ellipse.
        start: Angle, rad.
        end: Angle, rad.
        hat: The weight at both.
        distance: By which the front has moved outwards from the ellipse, um.
    """
    a, b = crack.semi_axes

    def weighted(t: float) -> float:
        share = (t - start) / (end - start)
        piece = np.hypot(a * np.sin(t), b * np.cos(t))
        return float((hat[0] + share * (hat[1] - hat[0])) * (piece + distance * a * b / piece**2))

    return float(quad(weighted, start, end)[0])


def reach(box: Box, crack: Ellipse) -> float:
    """Radius around the front in which nothing but the crack and its layer lies, um.

    Where a part of the crack is filled, nothing of that either: its edge may not be moved.
    """
    a, b = crack.semi_axes
    dry = [] if crack.filled is None else [a - crack.filled[0], b - crack.filled[1]]
    # beyond the smallest radius of curvature normals to the front meet
    return min(
        *dry, a, b, box.width - a, box.depth - b, box.layers[0].thickness, b * b / a, a * a / b
    )


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


@dataclass(frozen=True)
class _Track:
    """The front on a mesh that has not moved yet; what is said of nodes goes with them.

    Attributes:
        space: Of the coordinates of the nodes.
        normal: Of the front at the nearest point of it, shape (2, owned nodes).
        hats: Around the points, shape (owned nodes, points).
        modes: w_k, shape (owned nodes, MODES).
        shares: How far nodes follow the front, by contour, shape (contours, owned nodes).
    """

    domain: Domain
    crack: Ellipse
    space: fem.FunctionSpace
    angles: Floats
    normal: Floats
    hats: Floats
    modes: Floats
    shares: Floats

    def outwards(self, whole: ufl.Form) -> Floats:
        """What an integral grows by as nodes of this rank move outwards; collective."""
        x = ufl.SpatialCoordinate(self.domain.mesh)
        slope = fem.form(ufl.derivative(whole, x, ufl.TestFunction(self.space)))
        force = fem_petsc.assemble_vector(slope)
        force.ghostUpdate(PETSc.InsertMode.ADD, PETSc.ScatterMode.REVERSE)
        pull = force.array_r.reshape(-1, 3)[: len(self.hats)]
        return np.asarray(pull[:, 0] * self.normal[0] + pull[:, 1] * self.normal[1])

    def rates(
        self, body: Body, displacement: fem.Function, smooth: bool | None = None
    ) -> tuple[Floats, float, Floats, bool]:
        """G where the mesh is now; collective.

        Args:
            body: Laws and loads.
            displacement: In equilibrium.
            smooth: Whether by MODES; by None that is found out.

        Returns:
            At every point by every contour (contours, points), its mean, what is unseen of it at
            every point, J/m^2, and whether it is by MODES.
        """
        domain, comm = self.domain, self.domain.comm
        ds = facet_measure(domain, {0: facet_entities(domain, "crack")})
        area = self.shares[-1] * self.outwards(fem.Constant(domain.mesh, np.float64(1.0)) * ds(0))
        forces = -2.0 * self.shares * self.outwards(body.potential_energy(displacement))
        length = comm.allreduce(area @ self.hats)
        around = comm.allreduce(forces @ self.hats) / length
        mean = float(around[-1] @ length / length.sum())
        if smooth is None:
            smooth = bool(around[-1].min() >= NOTHING * around[-1].max())
        if not smooth:
            return around, mean, np.zeros(POINTS), False
        lengths = comm.allreduce((self.modes.T * area) @ self.modes)
        terms = np.linalg.solve(lengths, comm.allreduce(forces @ self.modes).T)
        told = comm.allreduce((area * (self.modes @ terms[:, -1])) @ self.hats) / length
        rates = np.asarray((_modes(self.crack, self.angles) @ terms).T)
        return rates, mean, np.abs(around[-1] - told), True


def _modes(crack: Ellipse, angles: Floats) -> Floats:
    """ds/dt cos 2mt over the longer half axis, shape (angles, MODES)."""
    a, b = crack.semi_axes
    stretch = np.hypot(a * np.sin(angles), b * np.cos(angles)) / max(a, b)
    return np.asarray(stretch[:, None] * np.cos(2.0 * np.outer(angles, np.arange(MODES))))


def _track(domain: Domain, box: Box, crack: Ellipse) -> _Track:
    space = fem.functionspace(domain.mesh, ("Lagrange", 1, (3,)))
    owned = space.dofmap.index_map.size_local
    t, away, normal = _near_front(crack, space.tabulate_dof_coordinates()[:owned])
    angles: Floats = np.linspace(0.0, 0.5 * np.pi, POINTS, dtype=np.float64)
    hats = np.maximum(1.0 - np.abs(t[:, None] - angles) / (angles[1] - angles[0]), 0.0)
    size = reach(box, crack)
    shares = [
        np.clip((outer * size - away) / ((outer - inner) * size), 0.0, 1.0)
        for inner, outer in CONTOURS
    ]
    return _Track(domain, crack, space, angles, normal, hats, _modes(crack, t), np.array(shares))


def front_rates(body: Body, displacement: fem.Function, box: Box) -> Front | None:
    """G along the front of the crack of a box; collective.

    Args:
        body: Laws and loads.
        displacement: In equilibrium.
        box: The geometry; without a crack there is no front.
    """
    crack = box.crack
    if crack is None:
        return None
    track = _track(body.domain, box, crack)
    rates, mean, unseen, smooth = track.rates(body, displacement)
    pieces = pairwise(track.angles)
    lengths = np.cumsum([0.0, *(arc_length(crack, *piece, (1.0, 1.0)) for piece in pieces)])
    return Front(
        track.angles, lengths, rates, mean, np.full(POINTS, inf), unseen=unseen, smooth=smooth
    )


def with_front_bars(front: Front, coarser: Front | None) -> Front:
    """The same with its error bars, from this mesh and a coarser one; infinite without that."""
    if coarser is None:
        return front
    changes = SAFETY * np.abs(front.values - coarser.values)
    if not front.smooth:
        return replace(front, bars=np.full(POINTS, max(front.spread.max(), changes.max())))
    size = np.abs(front.values)
    usual = size * changes.sum() / max(size.sum(), np.finfo(float).tiny)
    return replace(front, bars=np.maximum.reduce([front.spread, front.unseen, changes, usual]))


def moved_front(
    body: Body, box: Box, supports: dict[str, Support], overrides: dict[str, str]
) -> tuple[float, Floats]:
    """From two bodies with the front moved inwards and outwards; collective.

    Returns:
        The mean of G from their energies, J/m^2, and dG/da at every point by every contour,
        J/m^2/um, shape (contours, points).
    """
    crack, domain = box.crack, body.domain
    if crack is None:
        return 0.0, np.zeros((len(CONTOURS), POINTS))
    size, (inner, outer) = reach(box, crack), CONTOURS[-1]
    track = _track(domain, box, crack)
    follow = _moved(domain, crack, inner * size, outer * size)
    energies, rates, smooth = [], [], None  # both by the same functions
    for distance in (STEP * size, -STEP * size):
        with coordinates(domain, node_positions(domain.mesh) + distance * follow):
            state = solve_touching(body, supports, {}, overrides).state
            energies.append(state.energy)
            found, _, _, smooth = track.rates(body, state.displacement, smooth)
            rates.append(found)
    length = arc_length(crack, 0.0, 0.5 * np.pi, (1.0, 1.0))
    mean = -2.0 * (energies[0] - energies[1]) / (2.0 * STEP * size * length)
    return mean, np.asarray((rates[0] - rates[1]) / (2.0 * STEP * size), dtype=np.float64)
