"""Where the contact of a smooth indenter ends, between the nodes of the mesh.

Where a smooth body leaves another one the gap opens like the power 3/2 of the distance from the
rim, and the pressure falls like its root: gap^(2/3) beyond the rim and p^2 inside of it are smooth
and nothing at the rim itself. A parabola in the distance along the face is fitted to each, over
half of the reach, by least squares; its zero is the rim. The gap is a displacement and gives the
value, the pressure a second one that owes nothing to it.

Source: Johnson 1985, Contact Mechanics, ch. 4 and 5 (Hertz; both powers at the rim).
"""

from dataclasses import dataclass
from math import inf, sqrt

import numpy as np
import numpy.typing as npt
import ufl
from dolfinx import fem
from mpi4py import MPI

from solver.domain import Domain, facet_entities
from solver.elasticity import Body
from solver.equilibrium import Support, face_normal
from solver.face_stress import NODES, ON_EDGE
from solver.hooke import XX, YY

Floats = npt.NDArray[np.float64]
WITHIN = 0.5  # of the reach: how far from the rim the parabolas are fitted
FEWEST = 4  # points, at least: a parabola goes through any three


@dataclass(frozen=True)
class Rim:
    """How far along a face it is touched, um.

    Attributes:
        by_gap: From the gap beyond the rim; to the last node that is touched if too few nodes tell.
        by_pressure: From the pressure inside; infinite if too few do.
    """

    by_gap: float
    by_pressure: float

    def bar(self, coarser: "Rim") -> float:
        """Half width of the estimated error bar, um, from this mesh and a coarser one."""
        return max(abs(self.by_gap - self.by_pressure), abs(self.by_gap - coarser.by_gap))


def find_rim(
    body: Body,
    displacement: fem.Function,
    name: str,
    support: Support,
    share: float,
    touched: float,
) -> Rim:
    """The rim of the contact with an indenter; collective.

    Args:
        body: Laws and loads.
        displacement: In equilibrium, um.
        name: The face, flat along an axis of the mesh.
        support: The indenter.
        share: Of the load, and so of its depth.
        touched: How far along the face the last node lies that is touched, um.
    """
    domain = body.domain
    along, gap = _gaps(domain, displacement, name, support, share)
    beyond = (along > touched) & (along <= (1.0 + WITHIN) * touched)
    by_gap = zero_near(
        along[beyond], np.maximum(gap[beyond], 0.0) ** (2.0 / 3.0), touched, domain.comm
    )
    at, pressure = _pressures(body, displacement, name)
    inside = (at < touched) & (at >= (1.0 - WITHIN) * touched)
    by_pressure = zero_near(at[inside], pressure[inside] ** 2, touched, domain.comm)
    return Rim(
        touched if by_gap is None else by_gap,
        inf if by_gap is None or by_pressure is None else by_pressure,
    )


def _gaps(
    domain: Domain, displacement: fem.Function, name: str, support: Support, share: float
) -> tuple[Floats, Floats]:
    """Distance from the axis and from the indenter of the nodes of a face that this rank owns."""
    axis, sign = face_normal(domain, name)
    space = displacement.function_space
    facets = domain.facet_tags.find(domain.built.facets[name])
    nodes = fem.locate_dofs_topological(space, domain.mesh.topology.dim - 1, facets)
    nodes = nodes[nodes < space.dofmap.index_map.size_local]
    along = np.abs(space.tabulate_dof_coordinates()[nodes, 1 - axis])
    moved = sign * displacement.x.array[domain.mesh.geometry.dim * nodes + axis]
    return along, along**2 / (2.0 * support.radius) - share * support.value - moved


def _pressures(body: Body, displacement: fem.Function, name: str) -> tuple[Floats, Floats]:
    """Distance from the axis of the middles of the facets, um, and the pressure there, MPa."""
    domain = body.domain
    pairs = facet_entities(domain, name)
    axis, _ = face_normal(domain, name)
    stress = fem.Expression(body.stress_everywhere(displacement), NODES)
    place = fem.Expression(ufl.SpatialCoordinate(domain.mesh), NODES)
    if not len(pairs):
        return np.empty(0), np.empty(0)
    middle = (np.arange(len(pairs)), ON_EDGE[pairs[:, 1], 2])
    values = stress.eval(domain.mesh, pairs[:, 0]).reshape(len(pairs), len(NODES), -1)[middle]
    points = place.eval(domain.mesh, pairs[:, 0]).reshape(len(pairs), len(NODES), -1)[middle]
    return np.abs(points[:, 1 - axis]), -values[:, (XX, YY)[axis]]


def zero_near(along: Floats, values: Floats, near: float, comm: MPI.Intracomm) -> float | None:
    """Where the parabola through points on all ranks is zero, next to a place (um)."""
    if comm.allreduce(len(along)) < FEWEST or near <= 0.0:
        return None
    powers = np.vander(along / near - 1.0, 3, increasing=True)
    sums = np.empty((3, 4))
    comm.Allreduce(powers.T @ np.column_stack([powers, values]), sums)
    c, b, a = np.linalg.solve(sums[:, :3], sums[:, 3])
    inner = b**2 - 4.0 * a * c
    if b == 0.0 or inner < 0.0:
        return None
    # the root that goes to -c/b as the curvature a goes to nothing
    return float(near * (1.0 - 2.0 * c / (b + np.copysign(sqrt(inner), b))))
