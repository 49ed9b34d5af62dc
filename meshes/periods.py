"""Whether opposite sides of a mesh are the same, a period apart."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from meshes.geometry import Axis, Dimension
from meshes.mesh import MeshError
from meshes.topology import Nodes

MATCH = 1e-7  # of the largest period: nodes closer than this are the same
AXES: tuple[Axis, ...] = ("x", "y", "z")


def periods_of(
    points: NDArray[np.float64], surface: Nodes, periodic: tuple[Axis, ...], dimension: Dimension
) -> tuple[float, ...]:
    """The periods of a mesh, um along every axis of its space; 0.0 where it is not periodic.

    Args:
        points: Coordinates in um, shape (points, 3).
        surface: Facets on the surface, node numbers as rows.
        periodic: The axes along which it has to be periodic.
        dimension: Of the mesh.

    Raises:
        MeshError: Opposite sides differ.
    """
    if not periodic:
        return ()
    count = 3 if dimension == "3d" else 2
    if dimension == "axisymmetric":
        raise MeshError("mesh file: an axisymmetric mesh is not periodic")
    if odd := [axis for axis in periodic if axis not in AXES[:count]]:
        raise MeshError(f"mesh file: a {dimension} mesh has no axis {odd[0]} to be periodic along")
    used = points[np.unique(surface)]
    low, high = used.min(axis=0), used.max(axis=0)
    slack = MATCH * float((high - low).max())
    periods = [0.0] * count
    for axis, name in enumerate(AXES[:count]):
        if name not in periodic:
            continue
        periods[axis] = float(high[axis] - low[axis])
        sides = []
        for level in (low[axis], high[axis]):
            on = (np.abs(points[surface][:, :, axis] - level) <= slack).all(axis=1)
            sides.append(surface[on])
        _compare(points, (sides[0], sides[1]), axis, periods[axis], slack)
    return tuple(periods)


def _compare(
    points: NDArray[np.float64], sides: tuple[Nodes, Nodes], axis: int, period: float, slack: float
) -> None:
    """MeshError unless the facets of one side are those of the other, moved by the period."""
    name = AXES[axis]
    below, above = sides
    if len(below) != len(above):
        raise MeshError(
            f"mesh file: not periodic along {name}: {len(below)} facets on one side, {len(above)} "
            "on the other"
        )
    nodes, opposite = np.unique(below), np.unique(above)
    moved = points[nodes].copy()
    moved[:, axis] += period
    distance, partner = cKDTree(points[opposite]).query(moved)
    if (distance > slack).any():
        at = points[nodes[int(distance.argmax())]]
        raise MeshError(
            f"mesh file: not periodic along {name}: the node at ({at[0]:g}, {at[1]:g}, {at[2]:g}) "
            "um has no partner on the opposite side"
        )
    places = np.sort(opposite[partner][np.searchsorted(nodes, below)], axis=1)
    if {*map(tuple, places)} != {*map(tuple, np.sort(above, axis=1))}:
        raise MeshError(
            f"mesh file: not periodic along {name}: facets of opposite sides do not agree"
        )
