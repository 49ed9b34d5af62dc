"""Facets of triangles and tetrahedra given by their nodes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Nodes = NDArray[np.int64]


@dataclass(frozen=True)
class Facets:
    """The different facets of some cells.

    Attributes:
        keys: one sorted number per facet, see `facet_keys`.
        of_cell: index of each facet of each cell, shape (cells, corners); facet i of a cell lies
            opposite to its corner i.
        count: number of cells at each facet.
        first: one cell at each facet.
        last: the other cell; the same where there is one only.
    """

    keys: NDArray[np.int64]
    of_cell: Nodes
    count: NDArray[np.int64]
    first: Nodes
    last: Nodes


def facet_keys(facets: Nodes, pairs: NDArray[np.int64], nodes: int) -> NDArray[np.int64]:
    """One number per facet, whatever the order of its nodes; -1 if the pair is unknown.

    Args:
        facets: node numbers, shape (facets, 2 or 3).
        pairs: sorted numbers a nodes + b of the pairs of the two smaller nodes of all facets in
            question; with it the key of a triangle fits into 64 bits for any mesh.
        nodes: number of nodes.
    """
    ordered = np.sort(facets, axis=1)
    pair = ordered[:, 0] * nodes + ordered[:, 1]
    if facets.shape[1] == 2:
        return np.asarray(pair)
    at = np.minimum(np.searchsorted(pairs, pair), max(len(pairs) - 1, 0))
    known = pairs[at] == pair if len(pairs) else np.zeros(len(pair), bool)
    return np.where(known, at * nodes + ordered[:, 2], -1)


def smaller_pairs(facets: Nodes, nodes: int) -> NDArray[np.int64]:
    """The `pairs` of `facet_keys`."""
    ordered = np.sort(facets, axis=1)
    return np.asarray(np.unique(ordered[:, 0] * nodes + ordered[:, 1]))


def facets_of(cells: Nodes, nodes: int) -> tuple[Facets, NDArray[np.int64]]:
    """The facets of cells, and the `pairs` with which to make keys of other facets.

    Args:
        cells: node numbers, shape (cells, 3 or 4).
        nodes: number of nodes.
    """
    corners = cells.shape[1]
    every = np.concatenate([np.delete(cells, i, axis=1) for i in range(corners)])
    pairs = smaller_pairs(every, nodes)
    keys, index = np.unique(facet_keys(every, pairs, nodes), return_inverse=True)
    of_cell = index.reshape(corners, len(cells)).T
    owner = np.tile(np.arange(len(cells)), corners)
    first = np.full(len(keys), len(cells))
    last = np.full(len(keys), -1)
    np.minimum.at(first, index, owner)
    np.maximum.at(last, index, owner)
    return Facets(keys, of_cell, np.bincount(index, minlength=len(keys)), first, last), pairs


def find(facets: Nodes, among: Facets, pairs: NDArray[np.int64], nodes: int) -> Nodes:
    """Index of each of some facets among those of the cells, -1 where it is none of them."""
    keys = facet_keys(facets, pairs, nodes)
    at = np.minimum(np.searchsorted(among.keys, keys), len(among.keys) - 1)
    return np.where(among.keys[at] == keys, at, -1)
