"""Phases of the cells of a lattice, from level functions.

Regions are painted one over the other: a node belongs to the first phase whose level is negative,
or to the last one. An edge whose ends lie in different phases is cut by a zero level. Of every cut
edge one end is chosen to lie on that level, nodes that have the shortest way first; the other nodes
of a cell then lie in one phase, that of the cell. (Cells with all nodes chosen: by their centre.)

Nodes of the flat face that a pit ends at lie on the level of the face, so they say nothing of the
cells below it: where the pit is shallower than a box these would be of the metal, and the mouth
would lose a ring of the width box r/depth. So there the rim is chosen first, on the face; of other
edges below the face then the lower end goes to the wall, as near the rim as it is (`_rimmed`).
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
    rims: Sequence[float | None],
) -> Ints:
    """Phase of every cell; `rims` are the heights of flat faces that phases end at with a rim."""
    node_labels = _painted(values)
    chosen = _chosen(*_cut_edges(lattice, node_labels, values), np.zeros(len(node_labels), bool))
    mine = own[cells]
    free = ~chosen[mine]
    which = np.argmax(free, axis=1)
    labels = node_labels[np.take_along_axis(mine, which[:, None], axis=1)[:, 0]]
    unclear = np.flatnonzero(~free.any(axis=1))
    if len(unclear):
        centres = start[cells[unclear]].mean(axis=1)
        there = np.stack([level(centres) - o for level, o in zip(levels, offsets, strict=True)])
        labels[unclear] = _painted(there)
    for index, face in enumerate(rims):
        if face is not None:
            _rimmed(lattice, labels, index, face, node_labels, values, cells, own)
    return labels


def _rimmed(
    lattice: Lattice,
    labels: Ints,
    index: int,
    face: float,
    node_labels: Ints,
    values: Floats,
    cells: Ints,
    own: Ints,
) -> None:
    """Labels cells below a flat face by the phase `index` that ends there, and what is under it."""
    layer = np.unravel_index(np.arange(len(node_labels)), lattice.own_shape)[-1]
    top = int(np.argmin(np.abs(lattice.axes[-1] - face)))
    ends, lengths = _cut_edges(lattice, node_labels, values)
    mine = ((node_labels[ends] >= index) & (layer[ends] <= top)).all(axis=1)
    ends, lengths = ends[mine], lengths[mine]
    flat = (layer[ends] == top).all(axis=1)
    rim = _chosen(ends[flat], lengths[flat], np.zeros(len(node_labels), bool))
    fixed = (layer[ends] == top) & ~rim[ends]
    chosen = _chosen(ends, np.where(fixed, np.inf, lengths), rim)
    corners = own[cells]
    below = (layer[corners] <= top).all(axis=1) & (node_labels[corners] >= index).any(axis=1)
    rows = np.flatnonzero(below & (labels >= index))
    corners = corners[rows]
    free = ~chosen[corners] & (node_labels[corners] >= index)
    clear = free.any(axis=1)
    first = np.take_along_axis(corners, np.argmax(free, axis=1)[:, None], axis=1)[:, 0]
    labels[rows[clear]] = node_labels[first[clear]]


def _cut_edges(lattice: Lattice, labels: Ints, values: Floats) -> tuple[Ints, Floats]:
    """Nodes at both ends of edges between phases, and their ways to the level; shape (edges, 2)."""
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
    return ends, np.concatenate(ways)


def _chosen(ends: Ints, lengths: Floats, chosen: Flags) -> Flags:
    """Of every edge at least one end: those with the shortest way to the level first.

    Args:
        ends: nodes at both ends of every edge, shape (edges, 2).
        lengths: their ways to the level; infinite of one that is not to be chosen.
        chosen: nodes that are chosen already.
    """
    count, chosen = len(chosen), chosen.copy()
    left = ~chosen[ends].any(axis=1)
    ends, lengths = ends[left], lengths[left]
    while len(ends):
        far = np.full(count, np.inf)
        np.minimum.at(far, ends.ravel(), lengths.ravel())
        rank = np.empty(count, np.int64)
        rank[np.argsort(far, kind="stable")] = np.arange(count)
        best = np.full(count, count)
        np.minimum.at(best, ends[:, 0], rank[ends[:, 1]])
        np.minimum.at(best, ends[:, 1], rank[ends[:, 0]])
        chosen |= (rank < best) & np.isfinite(far)
        left = ~chosen[ends].any(axis=1)
        ends, lengths = ends[left], lengths[left]
    return chosen
