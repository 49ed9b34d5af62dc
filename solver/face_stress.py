"""Stress on a flat face: the largest tension along it, the largest pressure on it.

The stress of a quadratic displacement, evaluated at the nodes of the facets. At a corner where it
is unbounded its largest value means nothing, which shows as an error bar that does not close.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from dolfinx import fem
from mpi4py import MPI

from solver.domain import facet_entities
from solver.elasticity import Body
from solver.equilibrium import face_normal
from solver.hooke import XX, YY, ZZ

# corners of the reference triangle and middles of its edges; edge i is opposite to corner i
NODES = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.5, 0.5], [0.0, 0.5], [0.5, 0.0]])
ON_EDGE = np.array([[1, 2, 3], [0, 2, 4], [0, 1, 5]])


@dataclass(frozen=True)
class FaceStress:
    """Extreme stresses on a face, MPa.

    Attributes:
        tension: Largest stress along the face (in the section or across it), positive in tension.
        pressure: Largest stress normal to the face, positive in compression.
    """

    tension: float
    pressure: float


def face_stress(body: Body, displacement: fem.Function, name: str) -> FaceStress:
    """Extremes of the stress on a flat face along the axes of a 2D body; collective.

    Args:
        body: Laws and loads.
        displacement: In equilibrium.
        name: Of the face.
    """
    domain = body.domain
    pairs = facet_entities(domain, name)
    axis, _ = face_normal(domain, name)
    expression = fem.Expression(body.stress_everywhere(displacement), NODES)
    values: npt.NDArray[np.float64] = np.empty((0, 6))
    if len(pairs):
        inside = expression.eval(domain.mesh, pairs[:, 0]).reshape(len(pairs), len(NODES), 6)
        values = inside[np.arange(len(pairs))[:, None], ON_EDGE[pairs[:, 1]]].reshape(-1, 6)
    normal, along = (XX, YY) if axis == 0 else (YY, XX)
    tension = max(values[:, along].max(initial=-np.inf), values[:, ZZ].max(initial=-np.inf))
    pressure = (-values[:, normal]).max(initial=-np.inf)
    return FaceStress(
        float(domain.comm.allreduce(float(tension), op=MPI.MAX)),
        float(domain.comm.allreduce(float(pressure), op=MPI.MAX)),
    )
