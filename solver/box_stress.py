"""Stresses and displacements of a box without crack, by the names that bodies in 2D have for them.

Means over regions and faces converge with the energy; the largest equivalent stress is that of the
nodes of the stress (degree 2 in every cell, as the displacement), and at a clamped edge or where
stiff layers end at a face it may be unbounded: then its error bar does not close.
"""

import numpy as np
import ufl
from dolfinx import fem
from mpi4py import MPI

from meshes.layers import Box
from solver import compat, mechanics_schema
from solver.domain import region_of_cells
from solver.elasticity import Body
from solver.equilibrium import State, Support
from solver.hooke import XX, YY, ZZ
from solver.point_fields import FaceMeans
from solver.radial_return import equivalent_stress

STILL = (mechanics_schema.Symmetry, mechanics_schema.Free, mechanics_schema.Clamped)


def box_stresses(
    body: Body,
    box: Box,
    mechanics: mechanics_schema.Mechanics,
    state: State,
    supports: dict[str, Support],
) -> dict[str, float]:
    """All numbers by name, in working units; none of a box with a crack; collective.

    Args:
        body: Laws and loads.
        box: Its layers.
        mechanics: Faces as given.
        state: In equilibrium.
        supports: By name of the face.
    """
    if box.crack is not None:
        return {}
    domain, comm = body.domain, body.domain.comm
    loaded = {name for name, face in mechanics.faces.items() if not isinstance(face, STILL)}
    moved = tuple(sorted(loaded | {"right", "back"}))
    held = tuple(sorted(name for name in supports if name in state.reactions))
    means = FaceMeans(domain, tuple(dict.fromkeys((*moved, *held))), ())
    u = state.displacement
    found = {f"displacement.{name}": means.mean(means.outwards(u, name), name) for name in moved}
    for name in held:
        found[f"mean_pressure.{name}"] = -state.reactions[name] / means.areas[name]
    stress = body.stress(u)
    regions = region_of_cells(domain)
    mean = (stress[XX] + stress[YY] + stress[ZZ]) / 3.0
    one = fem.Constant(domain.mesh, np.float64(1.0))
    for layer in box.layers:
        cells = np.flatnonzero(regions == domain.built.regions[layer.name]).astype(np.int32)
        dx = ufl.Measure("dx", domain=domain.mesh, subdomain_data=[(0, cells)])
        both = (fem.assemble_scalar(fem.form(part * dx(0))) for part in (mean, one))
        total, volume = (comm.allreduce(float(part)) for part in both)
        found[f"mean_stress.{layer.name}"] = total / volume
    space = fem.functionspace(domain.mesh, ("DG", 2, (6,)))
    at_nodes = fem.Function(space)
    at_nodes.interpolate(fem.Expression(stress, compat.interpolation_points(space)))
    values = equivalent_stress(at_nodes.x.array.reshape(-1, 6))
    largest = comm.allreduce(float(values.max(initial=0.0)), op=MPI.MAX)
    return {**found, "largest_equivalent_stress": largest}
