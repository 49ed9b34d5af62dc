"""How far flat facets can change what balls do to the conductivity of a periodic cell.

The particle P_i of the mesh has flat facets: c B_i < P_i < C B_i, with B_i the ball of radius r_i
that is meant, c r_i the least distance of a facet from its centre and C r_i the largest distance of
a node. So (1/C) P_i < B_i < (1/c) P_i, and for particles that conduct better than what
is around them, as k rises with the conductivity of every part of the cell,

    k[P/C] <= k[B] <= k[P/c]

(the other way round for worse ones). The mesh has k[P]. The map that stretches the ball of radius
rho = C r_i by s and gives the shell from rho to R its radius back, linearly,

    x -> s x,   |x| < rho;    s rho + a (|x| - rho),   rho < |x| < R,   a = (R - s rho)/(R - rho)

with the shells of no two balls overlapping turns P into s P and leaves the sides of the cell as
they are. Conductivities go over as F kappa F^T/det F (F its gradient), of which k is the same, so
that k[sP] and k[P] differ by no more than the eigenvalues of F F^T/det F differ from 1:

    s = 1/c >= 1:  factor  s^(d-1)/a           s = 1/C <= 1:  factor  a/s^(d-1)

Nothing is said of particles with shells, that touch, or between which the mesh has necks.

Source: the transformation of conductivities, Kohn & Vogelius 1984, SIAM-AMS Proc. 14, 113.
"""

import math
from collections.abc import Iterable

import numpy as np
from scipy.spatial import cKDTree

from meshes.distances import to_nearest_image, wrapped
from meshes.lattice import Adjacent, Floats, Ints
from meshes.micro import Particles
from meshes.particles import Balls, balls

UNKNOWN = (math.inf, math.inf)
NEAREST = 32  # neighbours of a ball that are looked at one by one
PIECE = 200_000  # cells at a time


def roundness(
    micro: Particles, points: Floats, cells: Ints, inside: Ints, pairs: Iterable[Adjacent]
) -> tuple[float, float]:
    """Factors by which conductivities of larger and of smaller particles may differ, at least 1.

    Args:
        micro: The particles.
        points: Nodes, shape (nodes, dim), um.
        cells: Node numbers, shape (cells, dim + 1).
        inside: 1 for cells of particles, else 0.
        pairs: Cells on both sides of all facets.

    Returns:
        (s = 1/c, s = 1/C) of the text above; infinite where nothing is known.
    """
    if micro.shell is not None:
        return UNKNOWN
    found, dim = balls(micro), points.shape[1]
    periods = np.array(micro.body.periods)
    tree = cKDTree(wrapped(found.centres, periods), boxsize=periods)
    near, far = np.full(len(found.radii), math.inf), np.zeros(len(found.radii))
    for pair in pairs:
        if (pair.others < 0).any():
            continue  # outer faces; on periodic sides a particle may end as elsewhere
        differ = inside[pair.cells] != inside[pair.others]
        columns = [c for c in range(dim + 1) if c != pair.opposite]
        corners = points[cells[pair.cells[differ]][:, columns]]
        if len(corners):
            _facets(corners, found, tree, periods, near, far)
    if not np.isfinite(near).all():
        return UNKNOWN  # a ball that the mesh has lost
    least, most = near / found.radii, far / found.radii
    if not _are_in_balls(points, cells[inside == 1], found, tree, periods, far):
        return UNKNOWN
    reach = found.radii + clearances(micro, found, tree, periods)
    out = []
    ways: list[tuple[Floats, int]] = [
        (np.maximum(1.0 / least, 1.0), dim - 1),
        (np.minimum(1.0 / most, 1.0), 1 - dim),
    ]
    for stretch, power in ways:
        room = reach - far
        linear: Floats = (reach - stretch * far) / np.where(room > 0.0, room, 1.0)
        fits = (room > 0.0) & (linear > 0.0)
        inner: Floats = np.where(fits, linear, 1.0)
        factor = stretch**power * (1.0 / inner if power > 0 else inner)
        out.append(float(np.where(fits, factor, math.inf).max()))
    return out[0], out[1]


def _facets(
    corners: Floats, found: Balls, tree: cKDTree, periods: Floats, near: Floats, far: Floats
) -> None:
    """Least distance of facets and largest of nodes from the centre of the ball, into near, far."""
    which = _nearest_surface(corners.mean(axis=1), found, tree, periods)
    first = to_nearest_image(corners[:, 0] - found.centres[which], periods)
    edges = corners[:, 1:] - corners[:, :1]
    nodes = first[:, None] + np.concatenate([np.zeros_like(edges[:, :1]), edges], axis=1)
    np.minimum.at(near, which, _from_centre(nodes))
    np.maximum.at(far, which, np.linalg.norm(nodes, axis=2).max(axis=1))


def _from_centre(corners: Floats) -> Floats:
    """Distances of segments or triangles from the origin; corners of shape (n, dim, dim)."""
    count = corners.shape[1]
    pairs = [(0, 1)] if count == 2 else [(0, 1), (1, 2), (2, 0)]
    found: Floats = np.full(len(corners), math.inf)
    for i, j in pairs:
        start, along = corners[:, i], corners[:, j] - corners[:, i]
        share = -(start * along).sum(axis=1) / (along**2).sum(axis=1)
        at = start + np.clip(share, 0.0, 1.0)[:, None] * along
        found = np.minimum(found, np.linalg.norm(at, axis=1))
    if count == 3:  # nearer still where the foot of the perpendicular is in the triangle
        normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        square = np.maximum((normal**2).sum(axis=1), 1e-300)
        foot = normal * ((normal * corners[:, 0]).sum(axis=1) / square)[:, None]
        inside = np.ones(len(corners), dtype=bool)
        for i, j in pairs:
            turn = np.cross(corners[:, j] - corners[:, i], foot - corners[:, i])
            inside &= (turn * normal).sum(axis=1) >= 0.0
        found = np.where(inside, np.minimum(found, np.linalg.norm(foot, axis=1)), found)
    return found


def _nearest_surface(places: Floats, found: Balls, tree: cKDTree, periods: Floats) -> Ints:
    """The ball whose surface is next to a place, among those whose centres are next."""
    count = min(8, len(found.radii))
    distance, which = tree.query(wrapped(places, periods), k=count)
    distance, which = distance.reshape(-1, count), which.reshape(-1, count)
    best = np.abs(distance - found.radii[which]).argmin(axis=1)
    return np.asarray(which[np.arange(len(which)), best], dtype=np.int64)


def _are_in_balls(
    points: Floats, cells: Ints, found: Balls, tree: cKDTree, periods: Floats, far: Floats
) -> bool:
    """Whether every cell of a particle is in one ball as large as its farthest node."""
    for begin in range(0, len(cells), PIECE):
        corners = points[cells[begin : begin + PIECE]]
        count = min(8, len(found.radii))
        distance, near = tree.query(wrapped(corners.mean(axis=1), periods), k=count)
        distance, near = distance.reshape(-1, count), near.reshape(-1, count)
        which = near[np.arange(len(near)), (distance - found.radii[near]).argmin(axis=1)]
        first = to_nearest_image(corners[:, 0] - found.centres[which], periods)
        nodes = first[:, None] + (corners - corners[:, :1])
        limit = far[which] * (1.0 + 1e-12)
        if (np.linalg.norm(nodes, axis=2).max(axis=1) > limit).any():
            return False
    return True


def clearances(micro: Particles, found: Balls, tree: cKDTree, periods: Floats) -> Floats:
    """Width of the shell around every ball that is its own, um; negative where balls overlap."""
    radii, body = found.radii, micro.body
    room = np.full(len(radii), math.inf)
    for period in periods[periods > 0.0]:
        room = np.minimum(room, 0.5 * period - radii)  # its own images
    low, high = body.span(micro.inside)
    if periods[-1] == 0.0 or high - low < body.sizes[-1]:
        room = np.minimum(room, found.centres[:, -1] - low - radii)
        room = np.minimum(room, high - found.centres[:, -1] - radii)
    for axis, period in enumerate(periods[:-1]):
        if period == 0.0:
            room = np.minimum(room, found.centres[:, axis] - radii)
            room = np.minimum(room, body.sizes[axis] - found.centres[:, axis] - radii)
    if len(radii) > 1:
        count = min(NEAREST, len(radii) - 1) + 1
        distance, which = tree.query(wrapped(found.centres, periods), k=count)
        gap = distance[:, 1:] - radii[:, None] - radii[which[:, 1:]]
        beyond = distance[:, -1] - radii - radii.max()
        least = gap.min(axis=1)
        if count < len(radii):
            least = np.minimum(least, beyond)
        room = np.minimum(room, 0.5 * least)
    return room
