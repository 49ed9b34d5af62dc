"""Stresses and displacements of elastic bodies without crack, by the names that flow has for them.

Means over regions and faces converge with the energy; the largest equivalent stress is that of the
nodes of the stress (degree 2 in every cell, as the displacement), and at a clamped edge or where
stiff layers end at a face it may be unbounded: then its error bar does not close.
"""

import numpy as np
import ufl
from dolfinx import fem
from mpi4py import MPI

from solver import compat
from solver.domain import region_of_cells
from solver.elasticity import Body, weight
from solver.equilibrium import State, Support
from solver.hooke import XX, YY, ZZ, Floats
from solver.point_fields import FaceMeans
from solver.radial_return import equivalent_stress


def box_stresses(
    body: Body,
    names: tuple[str, ...],
    loaded: frozenset[str],
    state: State,
    supports: dict[str, Support],
) -> dict[str, float]:
    """All numbers by name, in working units; collective.

    Args:
        body: Laws and loads.
        names: Its regions.
        loaded: Faces that something acts on or moves.
        state: In equilibrium.
        supports: By name of the face.
    """
    domain, comm = body.domain, body.domain.comm
    free = {"right", "back"} if domain.mesh.topology.dim == 3 else {"right"}
    moved = tuple(sorted(name for name in loaded | free if name in domain.built.facets))
    presses = {n for n, support in supports.items() if support.kind not in ("tangential", "plate")}
    held = tuple(sorted(presses & state.reactions.keys()))
    means = FaceMeans(domain, tuple(dict.fromkeys((*moved, *held))), ())
    u = state.displacement
    found = {f"displacement.{name}": means.mean(means.outwards(u, name), name) for name in moved}
    for name in held:
        found[f"mean_pressure.{name}"] = -state.reactions[name] / means.areas[name]
    stress = body.stress_everywhere(u)
    regions = region_of_cells(domain)
    mean = (stress[XX] + stress[YY] + stress[ZZ]) / 3.0
    one = fem.Constant(domain.mesh, np.float64(1.0))
    for name in names:
        cells = np.flatnonzero(regions == domain.built.regions[name]).astype(np.int32)
        dx = ufl.Measure("dx", domain=domain.mesh, subdomain_data=[(0, cells)])
        around = weight(domain)
        both = (fem.assemble_scalar(fem.form(around * part * dx(0))) for part in (mean, one))
        total, volume = (comm.allreduce(float(part)) for part in both)
        found[f"mean_stress.{name}"] = total / volume
    values = equivalent_stress(stress_at_nodes(body, u))
    largest = comm.allreduce(float(values.max(initial=0.0)), op=MPI.MAX)
    return {**found, "largest_equivalent_stress": largest}


def stress_at_nodes(body: Body, displacement: fem.Function) -> Floats:
    """The six stresses at the nodes of degree 2 in every cell, MPa, shape (cells * nodes, 6)."""
    space = fem.functionspace(body.domain.mesh, ("DG", 2, (6,)))
    at_nodes = fem.Function(space)
    stress = body.stress_everywhere(displacement)
    at_nodes.interpolate(fem.Expression(stress, compat.interpolation_points(space)))
    return np.asarray(at_nodes.x.array.reshape(-1, 6))
