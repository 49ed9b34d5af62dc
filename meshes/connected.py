"""Connected pieces of regions, and which of them are a way through the cell.

Where the bottom and the top are images of each other, a piece that lies across both is no way
through: one is, if it comes back to itself a period higher. So the cell is cut open there, the
pieces it then has are linked across the cut, and every link leads one period up. Along a tree of
links every piece gets the number of periods that it lies above the first one; where a link that is
not of the tree leads to another number, a closed way winds round, and all that hangs together with
it percolates.
"""

from collections.abc import Callable, Iterable

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order, connected_components

from meshes.lattice import Adjacent, Flags, Ints

Pairs = Callable[[], Iterable[Adjacent]]


def pieces_of(pairs: Pairs, owners: Ints | Flags, cut: int | None = None) -> Ints:
    """Number of the connected piece of every cell; connected are cells that share a facet.

    Args:
        pairs: gives the cells on both sides of all facets.
        owners: region of every cell.
        cut: the axis across whose ends nothing is connected; None: all periods connect.
    """
    ones, others = [], []
    for pair in pairs():
        if pair.side is not None and (
            pair.others[0] < 0 or pair.side[1] == 0 or pair.side[0] == cut
        ):
            continue
        same = owners[pair.cells] == owners[pair.others]
        ones.append(pair.cells[same])
        others.append(pair.others[same])
    one, other = np.concatenate(ones), np.concatenate(others)
    graph = coo_array((np.ones(len(one), bool), (one, other)), shape=(len(owners),) * 2)
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def cells_that_wind(pairs: Pairs, owners: Ints, axis: int) -> Flags:
    """Which cells belong to a piece that goes round along a periodic axis."""
    cut = pieces_of(pairs, owners, axis)
    links = [np.empty((0, 2), np.int64)]
    for pair in pairs():
        if pair.side == (axis, 1):  # from the last cells up to the first ones
            same = owners[pair.cells] == owners[pair.others]
            links.append(np.stack([cut[pair.cells[same]], cut[pair.others[same]]], axis=1))
    return winding(np.unique(np.concatenate(links), axis=0), int(cut.max()) + 1)[cut]


def winding(links: Ints, count: int) -> Flags:
    """Which pieces hang together with a closed way that leads up by a period or more.

    Args:
        links: pairs of pieces, shape (n, 2); the second lies one period above the first.
        count: number of pieces.
    """
    one, other = links.T
    width = (count + 1,) * 2
    graph = coo_array((np.ones(len(one), bool), (one, other)), shape=width)
    groups = connected_components(graph, directed=False)[1]
    firsts = np.unique(groups[:count], return_index=True)[1]
    # a tree through all groups, from a piece that is none
    rows, columns = np.append(one, np.full(len(firsts), count)), np.append(other, firsts)
    joined = coo_array((np.ones(len(rows), bool), (rows, columns)), shape=width).tocsr()
    up = breadth_first_order(joined, count, directed=False)[1].astype(np.int64)
    up[count] = count
    upwards = np.isin(up * (count + 1) + np.arange(count + 1), one * (count + 1) + other)
    level = np.where(upwards, 1, -1)
    level[up == count] = 0
    while (up != count).any():  # sums along the tree, twice as far each time
        level, up = level + level[up], up[up]
    odd = level[other] != level[one] + 1
    return np.isin(groups[:count], groups[one[odd]])
