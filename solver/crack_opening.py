"""How far a crack opens, and the volume between its faces."""

import numpy as np
import ufl
from dolfinx import fem
from mpi4py import MPI

from meshes.layers import Block
from solver.domain import facet_entities, facet_measure
from solver.elasticity import Body, weight
from solver.equilibrium import State, Support


def crack_volume(body: Body, state: State, name: str) -> float:
    """How much the body has left behind the face of a crack, um^3 (plane: um^2)."""
    domain = body.domain
    ds = facet_measure(domain, {0: facet_entities(domain, name)})
    inwards = -ufl.dot(state.displacement, ufl.FacetNormal(domain.mesh))
    inside = fem.assemble_scalar(fem.form(weight(domain) * inwards * ds(0)))
    return float(domain.comm.allreduce(inside))


def crack_opening(
    block: Block, body: Body, state: State, supports: dict[str, Support]
) -> tuple[float, float, float]:
    """Largest and smallest opening, and volume, of the crack of the whole body."""
    domain, u = body.domain, state.displacement
    volume = 2.0 * crack_volume(body, state, "crack")
    axis = 0 if block.crack is not None and block.crack.face == "left" else 1
    fdim = domain.mesh.topology.dim - 1
    space = u.function_space
    facets = domain.facet_tags.find(domain.built.facets["crack"])
    nodes = fem.locate_dofs_topological(space, fdim, facets)
    normal = u.x.array[2 * nodes + axis]
    largest = domain.comm.allreduce(float(normal.max(initial=0.0)), op=MPI.MAX)
    smallest = domain.comm.allreduce(float(normal.min(initial=0.0)), op=MPI.MIN)
    other = "bottom" if axis == 0 else "left"
    starts_at_corner = block.crack is not None and block.crack.start == 0.0
    mirrored = block.shape == "block" and starts_at_corner and other in supports
    return 2.0 * largest, 2.0 * smallest, volume * (2.0 if mirrored else 1.0)


def mean_displacement(body: Body, state: State, name: str) -> float:
    """Of a face, outwards along its normal, um."""
    return -crack_volume(body, state, name) / face_area(body, name)


def face_area(body: Body, name: str) -> float:
    """Of a face, um^2 (plane: um)."""
    domain = body.domain
    ds = facet_measure(domain, {0: facet_entities(domain, name)})
    one = fem.Constant(domain.mesh, np.float64(1.0))
    area = fem.assemble_scalar(fem.form(weight(domain) * one * ds(0)))
    return float(domain.comm.allreduce(area))
