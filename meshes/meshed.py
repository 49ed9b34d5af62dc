"""A mesh of a microstructure before its regions have names, and what of it hangs together."""

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from meshes.checks import measure
from meshes.connected import pieces_of
from meshes.geometry import interface_name
from meshes.lattice import Adjacent, Flags, Floats, Ints
from meshes.mesh import MeshError


@dataclass(frozen=True)
class Meshed:
    """A mesh of a microstructure without names.

    Attributes:
        points: coordinates, shape (nodes, dim), um.
        cells: node numbers, shape (cells, dim + 1).
        labels: phase of every cell.
        pairs: gives the cells on both sides of all facets.
        sizes: length of every side, um.
        periodic: whether the ends of an axis are images of each other.
        method: how it was made, in words.
        missed: what is other than asked for.
    """

    points: Floats
    cells: Ints
    labels: Ints
    pairs: Callable[[], Iterable[Adjacent]]
    sizes: tuple[float, ...]
    periodic: tuple[bool, ...]
    method: str
    missed: tuple[str, ...] = ()

    @property
    def dim(self) -> int:
        """2 or 3."""
        return self.points.shape[1]

    @property
    def volume(self) -> float:
        """Volume (area in 2D)."""
        return math.prod(self.sizes)


def islands(meshed: Meshed, owners: Ints, left: Sequence[int]) -> Flags:
    """Cells of pieces that neither reach the bottom nor the top through what is not left out."""
    if all(meshed.periodic):
        return np.zeros(len(owners), bool)
    out: Flags = np.isin(owners, left)
    pieces, held = _at_ends(meshed, out)
    return np.asarray(~out & ~np.asarray(held.any(axis=0))[pieces])


def _at_ends(meshed: Meshed, out: Flags) -> tuple[Ints, Flags]:
    """Piece of every cell, and which pieces are at the bottom and at the top, shape (2, pieces)."""
    pieces = pieces_of(meshed.pairs, out)
    z = meshed.points[:, -1]
    held = np.zeros((2, int(pieces.max()) + 1), bool)
    for side, end in enumerate((0.0, meshed.sizes[-1])):
        there = np.abs(z - end) < 1e-9 * meshed.sizes[-1]
        held[side, pieces[there[meshed.cells].any(axis=1)]] = True
    return pieces, held


def areas_across(
    meshed: Meshed, owners: Ints, names: Sequence[str], omit: Collection[str]
) -> dict[str, float]:
    """Areas between regions that meet across periodic sides, by interface, um^2 (2D: um).

    Opposite sides carry the same facets, so those of the upper one count, each with the cell that
    is behind it in the next period.
    """
    kept = np.array([name not in omit for name in names])
    points = np.zeros((len(meshed.points), 3))
    points[:, : meshed.dim] = meshed.points
    sums = np.zeros(len(names) ** 2)
    for pair in meshed.pairs():
        if pair.side is None or pair.side[1] == 0 or not meshed.periodic[pair.side[0]]:
            continue
        mine, theirs = owners[pair.cells], owners[pair.others]
        differ = np.flatnonzero((mine != theirs) & kept[mine] & kept[theirs])
        facets = np.delete(meshed.cells[pair.cells[differ]], pair.opposite, axis=1)
        low, high = np.minimum(mine, theirs)[differ], np.maximum(mine, theirs)[differ]
        areas = measure(points[facets], axisymmetric=False)
        sums += np.bincount(low * len(names) + high, areas, len(sums))
    ends = ((divmod(int(code), len(names)), float(sums[code])) for code in np.flatnonzero(sums))
    return {interface_name(names[low], names[high], omit): area for (low, high), area in ends}


def joined(meshed: Meshed, out: Flags) -> bool:
    """Whether a piece that is not left out reaches from the bottom to the top."""
    if not out.any():
        return True
    pieces, held = _at_ends(meshed, out)
    return bool(np.asarray(held.all(axis=0))[pieces[~out]].any())


def gone(owners: Ints, names: Sequence[str], omit: Collection[str]) -> tuple[str, ...]:
    """Regions without a cell, as all of them lay in what is left out.

    Raises:
        MeshError: nothing is left.
    """
    there = np.bincount(owners, minlength=len(names)) > 0
    wanted = [name for name in names if name not in omit]
    gone = tuple(name for name in wanted if not there[names.index(name)])
    if gone and len(gone) == len(wanted):
        raise MeshError(
            f"mesh: no path from bottom to top: {', '.join(gone)} lies in pieces that reach "
            f"neither of them, as {', '.join(omit)} is left out"
        )
    return gone
