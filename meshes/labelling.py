"""Phases of the cells of a lattice, from level functions.

Regions are painted one over the other: a node belongs to the first phase whose level is negative,
or to the last one. An edge whose ends lie in different phases is cut by a zero level. Of every cut
edge one end is chosen to lie on that level, nodes that have the shortest way first; the other nodes
of a cell then lie in one phase, that of the cell. (Cells with all nodes chosen: by their centre.)
"""

from collections.abc import Callable, Sequence

import numpy as np
from scipy.optimize import brentq

from meshes.lattice import Flags, Floats, Ints, Lattice, edge_ways, edges_along

MOST_OFFSET = 0.6  # of a level, in spacings

Level = Callable[[Floats], Floats]


def first_offsets(lattice: Lattice, volumes: Sequence[float | None], values: Floats) -> Floats:
    """Offsets of the levels that give the volumes asked for, by a rule on the lattice."""
    weight = _weights(lattice)
    free, offsets = weight, np.zeros(len(volumes))
    width = max(lattice.spacing, 1e-12)
    for index, asked in enumerate(volumes):
        level = values[index]
        if asked is not None:
            most = MOST_OFFSET * width

            def lack(
                offset: float, level: Floats = level, free: Floats = free, asked: float = asked
            ) -> float:
                return float((free * _share(level - offset, width)).sum()) - asked

            low, high = lack(-most), lack(most)
            if low < 0.0 < high:
                offsets[index] = brentq(lack, -most, most, xtol=1e-6 * width)
            else:
                offsets[index] = most if high <= 0.0 else -most
        free = free * (1.0 - _share(level - offsets[index], width))
    return offsets


def _share(level: Floats, width: float) -> Floats:
    """Share of a box around a node that is inside of a level."""
    return np.clip(0.5 - level / width, 0.0, 1.0)


def _weights(lattice: Lattice) -> Floats:
    """Volume around every node that is no image."""
    out: Floats = np.ones(1)
    for axis, repeats in zip(lattice.axes, lattice.periodic, strict=True):
        gaps = np.diff(axis)
        if repeats:
            own = 0.5 * (gaps + np.roll(gaps, 1))
        else:
            own = 0.5 * (np.append(gaps, 0.0) + np.append(0.0, gaps))
        out = np.multiply.outer(out, own).ravel()
    return out


def _painted(values: Floats) -> Ints:
    """The first phase whose level is negative, or the last one; values (phases, points)."""
    inside = values < 0.0
    inside[-1] = True
    return np.asarray(np.argmax(inside, axis=0), dtype=np.int64)


def labels_of(
    lattice: Lattice,
    levels: Sequence[Level],
    offsets: Floats,
    values: Floats,
    cells: Ints,
    start: Floats,
    own: Ints,
) -> Ints:
    """Phase of every cell."""
    node_labels = _painted(values)
    chosen = _chosen(lattice, node_labels, values)
    mine = own[cells]
    free = ~chosen[mine]
    which = np.argmax(free, axis=1)
    labels = node_labels[np.take_along_axis(mine, which[:, None], axis=1)[:, 0]]
    unclear = np.flatnonzero(~free.any(axis=1))
    if len(unclear):
        centres = start[cells[unclear]].mean(axis=1)
        there = np.stack([level(centres) - o for level, o in zip(levels, offsets, strict=True)])
        labels[unclear] = _painted(there)
    return labels


def _chosen(lattice: Lattice, labels: Ints, values: Floats) -> Flags:
    """Of every cut edge at least one end: those with the shortest way to the level first."""
    ones, others, ways = [], [], []
    for way in edge_ways(lattice.dim):
        one, other = edges_along(lattice, way)
        cut = np.flatnonzero(labels[one] != labels[other])
        one, other = one[cut], other[cut]
        level = np.minimum(labels[one], labels[other])
        ones.append(one)
        others.append(other)
        ways.append(np.stack([np.abs(values[level, one]), np.abs(values[level, other])], axis=1))
    ends = np.stack([np.concatenate(ones), np.concatenate(others)], axis=1)
    lengths = np.concatenate(ways)
    chosen = np.zeros(len(labels), bool)
    while len(ends):
        far = np.full(len(labels), np.inf)
        np.minimum.at(far, ends.ravel(), lengths.ravel())
        rank = np.empty(len(labels), np.int64)
        rank[np.argsort(far, kind="stable")] = np.arange(len(labels))
        best = np.full(len(labels), len(labels))
        np.minimum.at(best, ends[:, 0], rank[ends[:, 1]])
        np.minimum.at(best, ends[:, 1], rank[ends[:, 0]])
        chosen |= (rank < best) & np.isfinite(far)
        left = ~chosen[ends].any(axis=1)
        ends, lengths = ends[left], lengths[left]
    return chosen
