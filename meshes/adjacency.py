"""Neighbours in any mesh of tetrahedra in a box, across periodic sides too."""

import numpy as np
from scipy.spatial import cKDTree

from meshes.lattice import Adjacent, Flags, Floats, Ints
from meshes.mesh import MeshError
from meshes.topology import Facets, facets_of, find

MATCH = 1e-9  # of the largest side: nodes nearer than this are images of each other


def adjacent_cells(
    points: Floats, cells: Ints, sizes: tuple[float, ...], periodic: tuple[bool, ...]
) -> tuple[Adjacent, ...]:
    """As `meshes.lattice.facet_pairs`: every inner facet once, then those on outer faces.

    Args:
        points: coordinates, shape (nodes, 3), um; nodes of outer faces lie in them exactly.
        cells: node numbers, shape (cells, 4).
        sizes: of the box from the origin.
        periodic: whether the upper side of an axis is the image of the lower one.

    Raises:
        MeshError: facets of more than two cells, on no outer face, or without an image.
    """
    known, pairs = facets_of(cells, len(points))
    if int(known.count.max()) > 2:
        raise MeshError("a facet belongs to more than two cells")
    out = []
    inner = known.count == 2
    for column in range(4):
        mine = known.of_cell[:, column]
        first = np.flatnonzero(inner[mine] & (known.first[mine] == np.arange(len(cells))))
        if len(first):
            out.append(Adjacent(first, known.last[mine[first]], column, None))
    told = 0
    for axis, size in enumerate(sizes):
        on = tuple(points[:, axis] == end for end in (0.0, size))
        both = [_outer(cells, known, flags) for flags in on]
        images: Ints = np.arange(len(points))
        if periodic[axis]:
            images = _images(points, on, axis, size)
        for end in (0, 1):
            for column in range(4):
                mine, at = both[end][0][column], both[end][1][column]
                if not len(mine):
                    continue
                others: Ints = np.full(len(mine), -1)
                if periodic[axis]:
                    corners = np.delete(cells[mine], column, axis=1)
                    there = find(images[corners], known, pairs, len(points))
                    if (there < 0).any() or (known.count[there] != 1).any():
                        raise MeshError("facets of opposite sides do not match")
                    others = known.first[there]
                told += len(at)
                out.append(Adjacent(mine, others, column, (axis, end)))
    if told != int((~inner).sum()):
        raise MeshError("facets that nothing lies behind are not on the sides of the cell")
    return tuple(out)


def _outer(cells: Ints, known: Facets, on: Flags) -> tuple[list[Ints], list[Ints]]:
    """Cells and facets on an outer face, by the column of the corner that is not there."""
    mine, at = [], []
    for column in range(4):
        flat = on[np.delete(cells, column, axis=1)].all(axis=1)
        facets = known.of_cell[:, column]
        found = np.flatnonzero(flat & (known.count[facets] == 1))
        mine.append(found)
        at.append(facets[found])
    return mine, at


def _images(points: Floats, on: tuple[Flags, Flags], axis: int, size: float) -> Ints:
    """The node opposite to every node on two sides, itself elsewhere."""
    low, high = np.flatnonzero(on[0]), np.flatnonzero(on[1])
    moved = points[low].copy()
    moved[:, axis] += size
    far, partner = cKDTree(points[high]).query(moved)
    if len(low) != len(high) or float(far.max()) > MATCH * float(np.ptp(points, axis=0).max()):
        raise MeshError("nodes of opposite sides do not match")
    out: Ints = np.arange(len(points))
    out[low] = high[partner]
    out[high[partner]] = low
    return out
