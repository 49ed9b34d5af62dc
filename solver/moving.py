"""Faces that move with their growth: all forms pulled back to the mesh of the start.

The mesh is moved by d, which follows the face and is harmonic inside:

    d.N = -g on faces that move,   d = 0 on other electrodes,   d.N = 0 on other flat faces
    div(grad d_i) = 0 inside,      F = I + grad d,   J = det F

    F (1 - p)/V_Li (N.J F^-T N) dg/dt + j |J F^-T N| = 0               on faces that move

N outward normal of the mesh at the start (into the lithium), g way of the face along it: the volume
that it sweeps is that of the deposit. With
grad = F^-T Grad, dV = J dV_0, da = J |F^-T N| dA_0 the equations of the moved body are integrals
over the mesh of the start. d is an unknown of the same system: time steps, Newton's method and
their tolerances hold for the moved body, nothing is interpolated between meshes and nothing is lost
on the way. A slope has more area than its shadow: on a flat face dg/dt = v sqrt(1 + |grad g|^2) for
a face that grows by v along its own normal. The volume of deposit per area at the start is still h
(`solver.deposit`), with its exact balance; g = h on a flat face.

How good the moved cells are is told by q = n J^(2/n)/|F|^2 in n dimensions: 1 where a cell keeps
its form, 0 where it is flat; negative J counts as 0. At `POOREST` the march ends as an event, with
its state kept. Faces across an axis let the mesh slide along them, so that both faces at a corner
move by their own growth; on slanted ones d = -g N. What sliding along a slope moves the face by is
left out.

Source: Donea et al. 2004, Arbitrary Lagrangian-Eulerian methods, Encyclopedia of Computational
Mechanics (mesh motion by Laplace's equation).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import ufl
from dolfinx import fem, mesh
from ufl.core.expr import Expr

from solver import compat
from solver.domain import Domain, node_positions

Ints = npt.NDArray[np.int32]
POOREST = 0.1  # quality of moved cells at which a march ends
WORN, BARE = 0.4, 0.2  # at which a new mesh is made: where a face has moved far, and in any case
FAR = 0.1  # of the feature that a face moves


@dataclass(frozen=True)
class Motion:
    """How integrals over the mesh of the start become those over the moved body.

    Attributes:
        back: F^-T; None: nothing moves.
        volume: J (axisymmetric: with the radius now over that at the start).
        area: Area of a facet now over that at the start.
        turned: J F^-T N, a vector; None: nothing moves.
        quality: Of the moved cells, 1 where they keep their form.
    """

    back: Expr | None
    volume: Expr | float
    area: Expr | float
    turned: Expr | None
    quality: Expr | None


STILL = Motion(None, 1.0, 1.0, None, None)


def moved_by(domain: Domain, displacement: tuple[fem.Function, ...]) -> Motion:
    """The motion of a mesh by a displacement, one function per component."""
    n = domain.mesh.geometry.dim
    gradient = ufl.as_matrix([[part.dx(j) for j in range(n)] for part in displacement])
    stretch = ufl.Identity(n) + gradient
    volume = ufl.det(stretch)
    back = ufl.inv(stretch).T
    normal = ufl.FacetNormal(domain.mesh)
    turned = ufl.dot(back, normal)
    area = volume * ufl.sqrt(ufl.inner(turned, turned))
    turned = volume * turned
    if domain.axisymmetric:
        radius = ufl.SpatialCoordinate(domain.mesh)[0]
        grown = (radius + displacement[0]) / radius
        volume, area, turned = grown * volume, grown * area, grown * turned
    size = ufl.max_value(ufl.det(stretch), 0.0) ** (2.0 / n)
    return Motion(back, volume, area, turned, n * size / ufl.inner(stretch, stretch))


def gradient(motion: Motion, function: Expr) -> Expr:
    """Gradient in the moved body."""
    slope = ufl.grad(function)
    return slope if motion.back is None else ufl.dot(motion.back, slope)


def flat_faces(domain: Domain, axis: int) -> tuple[Ints, Ints]:
    """Local outer facets across an axis, and the other outer ones.

    Those of a mesh that was drawn anew are where their face lay across the axis at the start.
    """
    topology = domain.mesh.topology
    facets = mesh.exterior_facet_indices(topology)
    if domain.across:
        lay = np.isin(facets, domain.across[axis])
        return facets[lay].astype(np.int32), facets[~lay].astype(np.int32)
    nodes = compat.nodes_of_entities(domain.mesh, topology.dim - 1, facets)
    span = np.ptp(node_positions(domain.mesh)[nodes], axis=1)
    flat = span[:, axis] <= 1e-9 * span.max(axis=1)
    return facets[flat].astype(np.int32), facets[~flat].astype(np.int32)


def wear_left(quality: float, way: float) -> float:
    """How much quality is left, or how far faces may move, before a new mesh; zero: now.

    Args:
        quality: Least quality of the moved cells.
        way: Largest way of a face on this mesh over the feature that it moves.
    """
    return min(quality - BARE, max(quality - WORN, FAR - way))


@dataclass(frozen=True)
class Way:
    """Facets that move along one direction.

    Attributes:
        pairs: (cell, local facet) pairs.
        along: Outward normal of the face at the start, N.
        foot: Area at the start over that on this mesh.
    """

    pairs: Ints
    along: Expr
    foot: Expr | float


def ways(domain: Domain, pairs: Ints) -> list[Way]:
    """The directions along which some outer facets move.

    On the first mesh each moves along its own normal. On a mesh that was drawn anew it goes on
    along the axis that its face lay across at the start, however it has turned since: so the
    equations are those of the first mesh, and growth is told per area of the face at the start.
    """
    normal = ufl.FacetNormal(domain.mesh)
    if not domain.across:
        return [Way(pairs, normal, 1.0)]
    found = []
    for axis, across in enumerate(domain.across):
        part = pairs[np.isin(local_facets(domain, pairs), across)]
        axes = range(len(domain.across))
        along = ufl.as_vector([ufl.sign(normal[i]) if i == axis else 0.0 for i in axes])
        found.append(Way(part, along, abs(normal[axis])))
    return found


def local_facets(domain: Domain, pairs: Ints) -> Ints:
    """Facet of every (cell, local facet) pair."""
    tdim = domain.mesh.topology.dim
    facets_of_cell = domain.mesh.topology.connectivity(tdim, tdim - 1).array.reshape(-1, tdim + 1)
    return np.asarray(facets_of_cell[pairs[:, 0], pairs[:, 1]], dtype=np.int32)


def pairs_of(domain: Domain, facets: Ints) -> Ints:
    """(cell, local facet) pairs of outer facets, shape (n, 2)."""
    topology = domain.mesh.topology
    tdim = topology.dim
    cells_of_facet = topology.connectivity(tdim - 1, tdim)
    cells = cells_of_facet.array[cells_of_facet.offsets[facets]]
    facets_of_cell = topology.connectivity(tdim, tdim - 1).array.reshape(-1, tdim + 1)
    local = np.argmax(facets_of_cell[cells] == facets[:, None], axis=1)
    return np.column_stack([cells, local]).astype(np.int32)
