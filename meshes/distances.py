"""Distances from many balls, rods and fibres, computed only near them."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Floats = NDArray[np.float64]

CHUNK = 200_000  # points treated at once
CLASSES = 1.5  # features of reaches within this ratio are looked up together


def wrapped(points: Floats, periods: Floats) -> Floats:
    """Points moved into the first period of every periodic axis (period 0: none)."""
    out = np.array(points, dtype=np.float64)
    for axis, period in enumerate(periods):
        if period > 0.0:
            out[:, axis] %= period
            out[out[:, axis] >= period, axis] = 0.0
    return out


def to_nearest_image(vectors: Floats, periods: Floats) -> Floats:
    """Vectors between points and features, to the image that is next."""
    out = vectors
    for axis, period in enumerate(periods):
        if period > 0.0:
            out[:, axis] -= period * np.round(out[:, axis] / period)
    return out


def level_of_capsules(
    points: Floats,
    centres: Floats,
    halves: Floats,
    radii: Floats,
    periods: Floats,
    reach: float,
) -> Floats:
    """Signed distance to a union of capsules (balls, where the half length is zero).

    Args:
        points: shape (n, dim).
        centres: middle of each capsule, shape (m, dim).
        halves: vector from there to one end of its axis, shape (m, dim).
        radii: shape (m,).
        periods: period along every axis, 0 for none.
        reach: what is farther than this from all capsules gets this value.

    Returns:
        Shape (n,): negative inside.
    """
    out = np.full(len(points), reach)
    if not len(centres):
        return out
    around = np.sqrt((halves**2).sum(axis=1)) + radii + reach
    order = np.argsort(around, kind="stable")
    groups: list[list[int]] = []
    for index in order:
        if groups and around[index] <= CLASSES * around[groups[-1][0]]:
            groups[-1].append(int(index))
        else:
            groups.append([int(index)])
    inside = wrapped(centres, periods)
    for start in range(0, len(points), CHUNK):
        some = wrapped(points[start : start + CHUNK], periods)
        tree = cKDTree(some, boxsize=periods, balanced_tree=False, compact_nodes=False)
        for group in groups:
            mine = np.array(group)
            features = cKDTree(inside[mine], boxsize=periods)
            found = features.sparse_distance_matrix(
                tree, float(around[mine].max()), output_type="ndarray"
            )
            one, at = mine[found["i"]], found["j"]
            away = to_nearest_image(some[at] - inside[one], periods)
            square = np.maximum((halves[one] ** 2).sum(axis=1), 1e-300)
            along = np.clip((away * halves[one]).sum(axis=1) / square, -1.0, 1.0)
            away -= along[:, None] * halves[one]
            distance = np.sqrt((away**2).sum(axis=1)) - radii[one]
            np.minimum.at(out, start + at, distance)
    return out


def least_gap(centres: Floats, radii: Floats, periods: Floats) -> float:
    """Least distance between the faces of balls, own images counted; below zero: they overlap.

    Infinite for one ball without periods.

    Args:
        centres: shape (n, dim).
        radii: shape (n,).
        periods: period along every axis, 0 for none.
    """
    largest = float(radii.max())
    around = [float(period) - 2.0 * largest for period in periods if period > 0.0]
    least = min(around, default=np.inf)
    if len(radii) < 2:
        return least
    tree = cKDTree(wrapped(centres, periods), boxsize=periods)
    # the nearest middles bound the gap from above, and with it how far others may be
    far, near = tree.query(tree.data, k=2)
    first = np.where(near[:, 0] == np.arange(len(radii)), 1, 0)
    rows = np.arange(len(radii))
    least = min(least, float((far[rows, first] - radii - radii[near[rows, first]]).min()))
    pairs = tree.query_pairs(least + 2.0 * largest, output_type="ndarray")
    away = to_nearest_image(tree.data[pairs[:, 0]] - tree.data[pairs[:, 1]], periods)
    gaps = np.sqrt((away**2).sum(axis=1)) - radii[pairs[:, 0]] - radii[pairs[:, 1]]
    return min(least, float(gaps.min(initial=np.inf)))


def pieces(
    centres: Floats, halves: Floats, radii: Floats, periods: Floats
) -> tuple[Floats, Floats, Floats]:
    """Capsules cut into pieces, short against every period and not much longer than thick.

    Args:
        centres: middle of each, shape (m, dim).
        halves: vector from there to one end of its axis, shape (m, dim).
        radii: shape (m,).
        periods: period along every axis, 0 for none.
    """
    around = [float(period) for period in periods if period > 0.0]
    length = 2.0 * np.sqrt((halves**2).sum(axis=1))
    longest = np.maximum(6.0 * radii, 1e-12)
    if around:
        longest = np.minimum(longest, min(around) / 8.0)
    count = np.maximum(np.ceil(length / longest), 1.0).astype(np.int64)
    which = np.repeat(np.arange(len(count)), count)
    place = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    share = (2.0 * place + 1.0) / count[which] - 1.0
    cut = halves[which] / count[which, None]
    return centres[which] + share[:, None] * halves[which], cut, radii[which]
