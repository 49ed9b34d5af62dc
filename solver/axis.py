"""The dissipation of an axisymmetric current, integrated from above.

In the plane (s, z) the density Q_s^2/(2 s kappa) is not polynomial, so no quadrature is exact. On a
triangle, with vertex values q_i of the linear Q_s and s_i of s, and barycentric coordinates l_i:

away from the axis   1/s is convex: 1/s <= sum_i l_i/s_i, then a cubic polynomial is left; or the
                     bound of the last case, if that is smaller;
an edge on the axis  Q_s vanishes there, Q_s = q_k l_k and s = s_k l_k: Q_s^2/s = q_k^2 l_k/s_k;
one vertex on it     the part without q_v: (sum q_i l_i)^2/(sum s_i l_i) <= sum q_i^2 l_i/s_i (the
                     function Q^2/s is convex and homogeneous); the part of q_v is elementary,
                     int l_v^2/s = (2/3) area ln(s_2/s_1)/(s_2 - s_1). The norms of both add up.
"""

from math import pi, sqrt

import numpy as np
import numpy.typing as npt
from dolfinx import fem
from mpi4py import MPI

from solver import compat
from solver.domain import Domain, node_positions, region_of_cells

Array = npt.NDArray[np.float64]
FLAT = 0.01  # largest relative variation of s in a part of a cell
DIVISIONS = (1, 2, 3, 4, 6, 8, 12)  # the last one also close to the axis, where it varies more


def axisymmetric_dissipation(
    domain: Domain, conductivity: dict[str, float], flux: fem.Function
) -> float:
    """2 pi int (Q_s^2/(2 s) + Q_z^2)/kappa ds dz, never too small, all ranks together.

    Args:
        domain: An axisymmetric domain whose nodes are at present in the plane (s, z).
        conductivity: By region, pA/(V um).
        flux: Q = (r q_r, q_z), linear in every cell.

    Raises:
        ValueError: A cell is turned over by the map to the plane (s, z).
    """
    msh = domain.mesh
    cells = msh.topology.index_map(2).size_local
    corners = node_positions(msh)[compat.node_numbers(msh)[:cells]]
    s, z = corners[:, :, 0], corners[:, :, 1]
    doubled = _doubled_area(s, z)
    if np.any(doubled * _doubled_area(np.sqrt(2.0 * s), z) <= 0.0):
        raise ValueError("the map r -> r^2/2 turns cells over: the mesh has too flat triangles")
    area = 0.5 * np.abs(doubled)
    values = corner_values(flux).reshape(cells, 3, 2)
    q, q_z = values[:, :, 0], values[:, :, 1]
    kappa = np.zeros(max(domain.built.regions.values()) + 1)
    for name, tag in domain.built.regions.items():
        kappa[tag] = conductivity[name]
    per_area = area / kappa[region_of_cells(domain)]
    axial = float((per_area * (q_z.sum(axis=1) ** 2 + (q_z**2).sum(axis=1))).sum()) / 12.0
    # the estimates err by the square of the relative variation of s: cut cells up to make it small
    allowed = np.outer(s.min(axis=1), np.array(DIVISIONS[:-1]) * FLAT)
    needed = (np.ptp(s, axis=1)[:, None] > allowed).sum(axis=1)
    parts = [_cut(n, s, q, per_area, needed == i) for i, n in enumerate(DIVISIONS)]
    s, q, per_area = (np.concatenate([part[i] for part in parts]) for i in range(3))
    on_axis = s <= 1e-12 * float(domain.comm.allreduce(float(s.max(initial=0.0)), op=MPI.MAX))
    touching = on_axis.any(axis=1)
    free = ~touching
    convex = _cubic(q[free], np.asarray(1.0 / s[free]))
    subadditive = (q[free] ** 2 / s[free]).sum(axis=1) / 3.0
    away = 0.5 * float((per_area[free] * np.minimum(convex, subadditive)).sum())
    rest, corner = _near_axis(q[touching], s[touching], on_axis[touching], per_area[touching])
    total = np.array([axial + away, rest, corner])
    total = np.asarray(domain.comm.allreduce(total))
    return float(2.0 * pi * (total[0] + (sqrt(total[1]) + sqrt(total[2])) ** 2))


def _cut(
    n: int, s: Array, q: Array, per_area: Array, chosen: npt.NDArray[np.bool_]
) -> tuple[Array, Array, Array]:
    """The chosen cells cut into n^2 equal parts: s and q at their corners, weight of each part."""
    if n == 1:
        return s[chosen], q[chosen], per_area[chosen]
    corners = _pieces(n).reshape(-1, 3)
    return (
        (s[chosen] @ corners.T).reshape(-1, 3),
        (q[chosen] @ corners.T).reshape(-1, 3),
        np.repeat(per_area[chosen] / n**2, n**2),
    )


def _cubic(q: Array, w: Array) -> Array:
    """Mean of (sum_i q_i l_i)^2 sum_k w_k l_k over triangles, shape (cells,).

    From int l_i l_j l_k = (1 + d_ij + d_jk + d_ik + 2 d_ijk)/60 for unit area.
    """
    q_sum, w_sum, square = q.sum(axis=1), w.sum(axis=1), q * q
    mixed = 2.0 * q_sum * (q * w).sum(axis=1) + 2.0 * (square * w).sum(axis=1)
    return np.asarray((q_sum**2 * w_sum + square.sum(axis=1) * w_sum + mixed) / 60.0)


def _pieces(n: int) -> Array:
    """Barycentric coordinates of the corners of n^2 equal parts of a triangle, (n^2, 3, 3)."""

    def corner(i: int, j: int) -> list[float]:
        return [1.0 - (i + j) / n, i / n, j / n]

    parts = []
    for i in range(n):
        for j in range(n - i):
            parts.append([corner(i, j), corner(i + 1, j), corner(i, j + 1)])
            if i + j < n - 1:
                parts.append([corner(i + 1, j), corner(i + 1, j + 1), corner(i, j + 1)])
    return np.array(parts)


def _doubled_area(x: Array, y: Array) -> Array:
    return np.asarray(
        (x[:, 1] - x[:, 0]) * (y[:, 2] - y[:, 0]) - (x[:, 2] - x[:, 0]) * (y[:, 1] - y[:, 0])
    )


def _near_axis(
    q: Array, s: Array, on_axis: npt.NDArray[np.bool_], per_area: Array
) -> tuple[float, float]:
    """Both parts of int Q_s^2/(2 s kappa) over the cells that touch the axis."""
    safe = np.where(on_axis, 1.0, s)
    part = np.where(on_axis, 0.0, q**2 / safe).sum(axis=1) / 6.0
    rest = float((per_area * part).sum())
    single = on_axis.sum(axis=1) == 1
    at_vertex = q[single][on_axis[single]]
    others = s[single][~on_axis[single]].reshape(-1, 2)
    low, high = others.min(axis=1), others.max(axis=1)
    # ln(high/low)/(high - low), without cancellation for nearly equal ones
    ratio = (high - low) / low
    small = ratio < 1e-6
    mean = np.where(small, 1.0, np.log1p(ratio) / np.where(small, 1.0, ratio)) / low
    corner = float((per_area[single] * at_vertex**2 * mean).sum()) / 3.0
    return rest, corner


def corner_values(flux: fem.Function) -> Array:
    """Values of a piecewise linear vector at the corners of the local cells, flat."""
    msh = flux.function_space.mesh
    space = fem.functionspace(msh, ("DG", 1, (2,)))
    corner = fem.Function(space)
    points = compat.interpolation_points(space)
    corner.interpolate(fem.Expression(flux, points))
    cells = msh.topology.index_map(2).size_local
    dofs = space.dofmap.list[:cells]
    return np.asarray(corner.x.array.reshape(-1, 2)[dofs].ravel())
