"""A flaw in a mesh that is whole along it: which nodes have two sides, and which cells lie where.

Both faces of such a flaw have the same nodes, so that contact of its faces is a bound on the jump
of the displacement of a node, whatever the angle of the flaw: in the directions t along the flaw
and n to its left,

    w = w_t t + w_n n = u_left - u_right,     w_n >= 0.

All nodes of the flaw have two sides but its tips (not where it begins at the surface).
"""

import numpy as np
import numpy.typing as npt
from dolfinx import fem, la

from meshes.layers import Flaw
from solver import compat
from solver.domain import Domain, facet_entities, node_positions

Floats = npt.NDArray[np.float64]
Int32Array = npt.NDArray[np.int32]


def left_cells(domain: Domain, flaw: Flaw) -> npt.NDArray[np.bool_]:
    """Whether the local cells lie to the left of the line of a flaw, shape (cells,).

    Args:
        domain: The mesh.
        flaw: In the coordinates of the mesh.
    """
    middle = node_positions(domain.mesh)[compat.node_numbers(domain.mesh)].mean(axis=1)
    c, s = flaw.direction
    return np.asarray(c * (middle[:, 1] - flaw.y) - s * (middle[:, 0] - flaw.x) > 0.0)


def along(flaw: Flaw, places: Floats) -> Floats:
    """Distance from the beginning of a flaw along it, um; places have the shape (n, 2 or 3)."""
    c, s = flaw.direction
    return np.asarray(c * (places[:, 0] - flaw.x) + s * (places[:, 1] - flaw.y))


def frame(flaw: Flaw) -> Floats:
    """The directions t and n as columns, shape (2, 2)."""
    c, s = flaw.direction
    return np.array([[c, -s], [s, c]])


def two_sided(space: fem.FunctionSpace, domain: Domain, flaw: Flaw) -> Int32Array:
    """Local nodes of a quadratic space on a flaw that have two sides; collective."""
    on, tips = _on_flaw(space, domain, flaw)
    return np.flatnonzero(on & ~tips).astype(np.int32)


def tip_nodes(space: fem.FunctionSpace, domain: Domain, flaw: Flaw) -> Int32Array:
    """Local nodes of a quadratic space at the tips of a flaw; collective."""
    return np.flatnonzero(_on_flaw(space, domain, flaw)[1]).astype(np.int32)


def _on_flaw(
    space: fem.FunctionSpace, domain: Domain, flaw: Flaw
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which local nodes lie on a flaw, and which of them at a tip."""
    layout = space.dofmap.dof_layout
    closure = np.array([layout.entity_closure_dofs(1, facet) for facet in range(3)])
    pairs = facet_entities(domain, flaw.name)
    nodes = space.dofmap.list[pairs[:, :1], closure[pairs[:, 1]]]  # two ends and the middle
    count = fem.Function(space)
    np.add.at(count.x.array, 2 * nodes[:, :2], 1.0)  # every facet is seen by two cells
    np.add.at(count.x.array, 2 * nodes[:, 2] + 1, 1.0)
    count.x.scatter_reverse(la.InsertMode.add)
    count.x.scatter_forward()
    ends, middles = count.x.array[::2], count.x.array[1::2]
    x = space.tabulate_dof_coordinates()[:, 0]
    mouth = flaw.emerges & (x < 0.5 * flaw.end[0])
    return (ends > 0.0) | (middles > 0.0), (ends > 0.0) & (ends < 3.0) & ~mouth
