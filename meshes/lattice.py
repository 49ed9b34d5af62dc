"""A background lattice: boxes cut into triangles or tetrahedra, whose sides may be periodic.

Every box is cut in the same way (Kuhn: 2 triangles or 6 tetrahedra around one diagonal), so
opposite sides of the lattice carry the same facets. Planes of flat layers are planes of the
lattice.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

GROWTH = 1.4  # of the spacing from plane to plane where nothing but a flat layer is
MOST_STRETCH = 4.0  # of a box there


@dataclass(frozen=True)
class Lattice:
    """A lattice of boxes; lengths in um.

    Attributes:
        axes: coordinates of the nodes along every axis, ascending.
        periodic: whether the last node of an axis is the image of its first one.
        planes: which places of the last axis are planes between flat layers.
    """

    axes: tuple[Floats, ...]
    periodic: tuple[bool, ...]
    planes: Flags

    @property
    def dim(self) -> int:
        """2 or 3."""
        return len(self.axes)

    @property
    def shape(self) -> tuple[int, ...]:
        """Nodes along every axis."""
        return tuple(len(axis) for axis in self.axes)

    @property
    def own_shape(self) -> tuple[int, ...]:
        """The same without images."""
        return tuple(n - p for n, p in zip(self.shape, self.periodic, strict=True))

    @property
    def sizes(self) -> tuple[float, ...]:
        """Length of every side."""
        return tuple(float(axis[-1] - axis[0]) for axis in self.axes)

    @property
    def volume(self) -> float:
        """Volume (area in 2D)."""
        return math.prod(self.sizes)

    @property
    def spacing(self) -> float:
        """Smallest spacing along the axes in the plane; thin layers have finer ones across."""
        return min(float(np.diff(axis).min()) for axis in self.axes[:-1])


def along(length: float, size: float) -> Floats:
    """Evenly spaced nodes from 0 to a length, at least three boxes."""
    return evenly(length, max(3, math.ceil(length / size - 1e-9)))


def evenly(length: float, boxes: int) -> Floats:
    """Nodes of equal boxes from 0 to a length."""
    return np.asarray(np.linspace(0.0, length, boxes + 1), dtype=np.float64)


def across(heights: Sequence[float], plain: Sequence[bool], size: float) -> tuple[Floats, Flags]:
    """Nodes across flat layers: every face of a layer is met, thin layers get two boxes.

    Args:
        heights: thickness of each layer, from below, um.
        plain: whether nothing but the layer is there, so that boxes may grow away from others.
        size: size of the boxes.

    Returns:
        The coordinates, and which of them are faces of layers.
    """
    nodes: list[Floats] = [np.zeros(1)]
    planes = [np.ones(1, bool)]
    base = 0.0
    for index, (height, free) in enumerate(zip(heights, plain, strict=True)):
        if free:
            ends = (index == 0, index == len(heights) - 1)
            inner = _graded(height, size, *ends)
        else:
            inner = evenly(height, max(2, math.ceil(height / size - 1e-9)))
        inner = base + inner[1:]
        base += height
        inner[-1] = base
        nodes.append(inner)
        planes.append(np.arange(1, len(inner) + 1) == len(inner))
    return np.concatenate(nodes), np.concatenate(planes)


def _graded(height: float, size: float, coarse_below: bool, coarse_above: bool) -> Floats:
    """Nodes from 0 to a height whose spacing grows from its fine ends."""
    if (coarse_below and coarse_above) or height <= 2.0 * size:
        return evenly(height, max(2, math.ceil(height / size - 1e-9)))
    reach = height if coarse_below or coarse_above else 0.5 * height
    steps = [size]
    while sum(steps) < reach:
        steps.append(min(steps[-1] * GROWTH, MOST_STRETCH * size))
    if len(steps) < 2:
        steps.append(size)
    grown = np.concatenate([[0.0], np.cumsum(steps)]) * (reach / sum(steps))
    grown[-1] = reach
    if coarse_above:
        return grown
    if coarse_below:
        return np.asarray(height - grown[::-1])
    return np.concatenate([grown, height - grown[-2::-1]])


def node_points(lattice: Lattice) -> Floats:
    """Coordinates of all nodes, images too, shape (nodes, dim)."""
    grids = np.meshgrid(*lattice.axes, indexing="ij")
    return np.stack([grid.ravel() for grid in grids], axis=1)


def own_nodes(lattice: Lattice) -> Ints:
    """For every node the number of the node of which it is an image, or its own."""
    places = [np.arange(n) % own for n, own in zip(lattice.shape, lattice.own_shape, strict=True)]
    return np.ravel_multi_index(np.meshgrid(*places, indexing="ij"), lattice.own_shape).ravel()


def first_images(lattice: Lattice) -> Ints:
    """The node of the full lattice of every node that is no image."""
    places = [np.arange(n) for n in lattice.own_shape]
    return np.ravel_multi_index(np.meshgrid(*places, indexing="ij"), lattice.shape).ravel()


def cut_boxes(lattice: Lattice) -> Ints:
    """Cells of positive volume, shape (cells, dim + 1)."""
    dim, shape = lattice.dim, lattice.shape
    strides = np.array([math.prod(shape[i + 1 :]) for i in range(dim)])
    low = [np.arange(n - 1) for n in shape]
    corner = np.ravel_multi_index(np.meshgrid(*low, indexing="ij"), shape).ravel()
    cells = np.empty((len(corner), math.factorial(dim), dim + 1), np.int64)
    for index, order in enumerate(itertools.permutations(range(dim))):
        path = np.concatenate([[0], np.cumsum(strides[list(order)])])
        if _odd(order):
            path[[-2, -1]] = path[[-1, -2]]
        cells[:, index] = corner[:, None] + path
    return cells.reshape(-1, dim + 1)


def _odd(order: Sequence[int]) -> bool:
    pairs = itertools.combinations(order, 2)
    return sum(a > b for a, b in pairs) % 2 == 1


@dataclass(frozen=True)
class Adjacent:
    """Cells on both sides of facets.

    Attributes:
        cells: cells on one side.
        others: those on the other; -1 where there is none.
        opposite: the column of `cells` whose node is not on the facet.
        side: (axis, 0 low or 1 high) of the outer face on which the facets lie, None inside.
    """

    cells: Ints
    others: Ints
    opposite: int
    side: tuple[int, int] | None


def facet_pairs(lattice: Lattice) -> Iterator[Adjacent]:
    """All facets of the cells of `cut_boxes`: every inner one once, then those on outer faces.

    Facets on periodic faces come once for each face, with the cell on the other side.
    """
    dim = lattice.dim
    orders = list(itertools.permutations(range(dim)))
    place = {order: index for index, order in enumerate(orders)}
    shape = tuple(n - 1 for n in lattice.shape)
    boxes = np.arange(math.prod(shape)).reshape(shape)
    for index, order in enumerate(orders):
        columns = list(range(dim + 1))
        if _odd(order):
            columns[-2:] = [dim, dim - 1]
        for k in range(1, dim):  # within a box
            swapped = list(order)
            swapped[k - 1], swapped[k] = swapped[k], swapped[k - 1]
            other = place[tuple(swapped)]
            if index < other:
                flat = boxes.ravel() * len(orders)
                yield Adjacent(flat + index, flat + other, columns[k], None)
        after, before = place[(*order[1:], order[0])], place[(order[-1], *order[:-1])]
        for axis, corner, other in ((order[0], 0, after), (order[-1], dim, before)):
            high = corner == 0
            if high:
                low_part = boxes.take(range(shape[axis] - 1), axis).ravel() * len(orders)
                next_part = boxes.take(range(1, shape[axis]), axis).ravel() * len(orders)
                yield Adjacent(low_part + index, next_part + other, columns[corner], None)
            mine = boxes.take([-1 if high else 0], axis).ravel() * len(orders) + index
            image = boxes.take([0 if high else -1], axis).ravel() * len(orders) + other
            if not lattice.periodic[axis]:
                image = np.full(len(mine), -1)
            yield Adjacent(mine, image, columns[corner], (axis, int(high)))


def edge_ways(dim: int) -> list[tuple[int, ...]]:
    """Directions of the edges of the cells, in boxes."""
    return [way for way in itertools.product((0, 1), repeat=dim) if any(way)]


def edges_along(lattice: Lattice, way: Sequence[int]) -> tuple[Ints, Ints]:
    """Both ends of all edges in a direction, as numbers of nodes that are no images."""
    own, ends = lattice.own_shape, ([], [])  # type: tuple[int, ...], tuple[list[Ints], list[Ints]]
    for n, step, repeats in zip(own, way, lattice.periodic, strict=True):
        first = np.arange(n if repeats or not step else n - 1)
        ends[0].append(first)
        ends[1].append((first + step) % n)
    one, other = (
        np.ravel_multi_index(np.meshgrid(*end, indexing="ij"), own).ravel() for end in ends
    )
    return one, other


def neighbours_mean(lattice: Lattice, field: Floats) -> Floats:
    """Mean of a field over the neighbours of every node that is no image.

    Args:
        lattice: the lattice.
        field: one row for each node that is no image.
    """
    own = lattice.own_shape
    grid = field.reshape(*own, -1)
    total, count = np.zeros_like(grid), np.zeros((*own, 1))
    for way in edge_ways(lattice.dim):
        for sign in (1, -1):
            moved, there = grid, np.ones((*own, 1))
            for axis, step in enumerate(way):
                if not step:
                    continue
                moved, there = np.roll(moved, sign, axis), np.roll(there, sign, axis)
                if not lattice.periodic[axis]:
                    edge: list[slice | int] = [slice(None)] * (lattice.dim + 1)
                    edge[axis] = 0 if sign > 0 else -1
                    there[tuple(edge)] = 0.0
            total += moved * there
            count += there
    return np.asarray((total / count).reshape(field.shape))


def quality(corners: Floats) -> tuple[Floats, Floats]:
    """Gamma (3 or 2 inscribed radius over circumscribed; negative if inverted), and volumes.

    Args:
        corners: shape (cells, dim + 1, dim).
    """
    sides = corners[:, 1:] - corners[:, :1]
    if corners.shape[2] == 2:
        area = 0.5 * (sides[:, 0, 0] * sides[:, 1, 1] - sides[:, 0, 1] * sides[:, 1, 0])
        third = sides[:, 1] - sides[:, 0]
        a, b, c = (np.sqrt((x**2).sum(axis=1)) for x in (sides[:, 0], sides[:, 1], third))
        round_ = (a + b + c) * a * b * c
        return 16.0 * area * np.abs(area) / np.where(round_ > 0.0, round_, 1.0), area
    a, b, c = sides[:, 0], sides[:, 1], sides[:, 2]
    bc, ca, ab = np.cross(b, c), np.cross(c, a), np.cross(a, b)
    six = (a * bc).sum(axis=1)
    last = bc + ca + ab
    surface = 0.5 * sum(np.sqrt((x**2).sum(axis=1)) for x in (bc, ca, ab, last))
    squares = [(x**2).sum(axis=1)[:, None] for x in (a, b, c)]
    reach = squares[0] * bc + squares[1] * ca + squares[2] * ab
    outer = np.sqrt((reach**2).sum(axis=1))  # circumscribed radius times 2 |6 V|
    # inscribed radius 3 V / S = six / (2 S)
    gamma = (
        3.0
        * (0.5 * six / np.maximum(surface, 1e-300))
        * 2.0
        * np.abs(six)
        / np.where(outer > 0.0, outer, 1.0)
    )
    return gamma, six / 6.0
