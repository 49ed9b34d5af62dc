"""Where a flat obstacle presses on a face, and how hard: from the forces at the nodes it holds.

At a node that lies on the obstacle the residual dPi/du is the force of the contact. Over the area
of the node, the integral of its shape function, it is a pressure: exact where that is linear along
the face. Unlike the stress inside of the cells it does not know the singular stress at a tip, and
is nothing where the face is free. Nodes that a support holds in the same direction, as that at the
tip of a crack in a plane of symmetry, do not count: their force is that of the support.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

import numpy as np
import numpy.typing as npt
import ufl
from dolfinx import fem
from dolfinx.fem import petsc as fem_petsc
from mpi4py import MPI
from petsc4py import PETSc
from ufl.core.expr import Expr

from solver.domain import facet_entities, facet_measure, facets_of
from solver.elasticity import Body, weight
from solver.equilibrium import State, Support, face_normal
from solver.face_stress import face_stress

ON_IT = 1e-12  # of the largest displacement: what is less is no gap


@dataclass(frozen=True)
class Pressed:
    """The contact of a face with a flat obstacle.

    Attributes:
        force: That presses on it, uN (plane: per depth, N/m).
        length: Along which it is touched, in the section, um.
        pressure: The largest, MPa.
        unsure: Of the length where the face is open elsewhere: what belongs to one node, um.
    """

    force: float
    length: float
    pressure: float
    unsure: float = 0.0


def contacts(
    body: Body, state: State, supports: Mapping[str, Support]
) -> tuple[dict[str, Pressed], dict[str, float]]:
    """What flat obstacles do; the largest pressure of all obstacles, MPa, by face; collective."""
    flat = [name for name in state.touching if supports[name].radius == inf]
    pressed = {name: find_pressed(body, state.displacement, name, supports) for name in flat}
    pressures = {
        name: face_stress(body, state.displacement, name).pressure
        for name in state.touching
        if name not in pressed
    }
    return pressed, pressures | {name: found.pressure for name, found in pressed.items()}


def find_pressed(
    body: Body, displacement: fem.Function, name: str, supports: Mapping[str, Support]
) -> Pressed:
    """The contact of one face of a 2D body; collective.

    Args:
        body: Laws and loads.
        displacement: In equilibrium, um.
        name: The face; its support is an obstacle without a radius.
        supports: Of all faces.
    """
    domain, space = body.domain, displacement.function_space
    comm, value = domain.comm, supports[name].value
    axis, sign = face_normal(domain, name)
    nodes = _nodes(body, space, name)
    for other, support in supports.items():
        held = support.kind in ("normal", "clamped") and other != name
        if held and (support.kind == "clamped" or face_normal(domain, other)[0] == axis):
            nodes = np.setdiff1d(nodes, _nodes(body, space, other))
    test, rows = ufl.TestFunction(space), 2 * nodes + axis
    left = _assembled(ufl.derivative(body.potential_energy(displacement), displacement, test))
    ds = facet_measure(domain, {0: facet_entities(domain, name)})
    area = _assembled(weight(domain) * test[axis] * ds(0))[rows]
    length = _assembled(test[axis] * ds(0))[rows]
    moved = displacement.x.array
    size = comm.allreduce(float(np.abs(moved).max(initial=0.0)), op=MPI.MAX)
    force = -sign * left[rows]
    whole = comm.allreduce(float(area.max(initial=0.0)), op=MPI.MAX)
    has_area = area > 1e-9 * whole  # a node on the axis has none, and bears no force
    touched = (-value - sign * moved[rows] <= ON_IT * size) & ((force > 0.0) | ~has_area)
    there = touched & has_area
    pressure = (force[there] / area[there]).max(initial=0.0)
    apart = comm.allreduce(bool(np.any(~touched)))
    widest = comm.allreduce(float(length[touched].max(initial=0.0)), op=MPI.MAX)
    return Pressed(
        comm.allreduce(float(force[touched].sum())),
        comm.allreduce(float(length[touched].sum())),
        comm.allreduce(float(pressure), op=MPI.MAX),
        widest if apart else 0.0,
    )


def _nodes(body: Body, space: fem.FunctionSpace, name: str) -> npt.NDArray[np.int32]:
    """Owned nodes on a face."""
    facets = facets_of(body.domain, facet_entities(body.domain, name))
    nodes = fem.locate_dofs_topological(space, 1, facets, remote=True)
    return np.asarray(np.unique(nodes[nodes < space.dofmap.index_map.size_local]), dtype=np.int32)


def _assembled(form: Expr) -> npt.NDArray[np.float64]:
    """The owned part of a vector."""
    vector = fem_petsc.assemble_vector(fem.form(form))
    vector.ghostUpdate(PETSc.InsertMode.ADD, PETSc.ScatterMode.REVERSE)
    return np.array(vector.array_r)
