"""What is so little that it counts as nothing: a load without stress leaves only rounding.

Error bars are compared with the asked share of the value. Of a value that is zero, as of a warm
body that expands freely, no share can be reached. Absolute floors therefore stand beside it, those
of one uniform strain e = 1e-12 in the stiffest direction C of the stiffest solid, well above
rounding and far below any load that is meant (0.1 Pa in 100 GPa):

    stress C e,    energy C e^2/2 times the volume,    energy release rate C e^2/2 times the height,
    curvature 2 e over the height.

Energies are known to some 1e-12 of themselves. Of a crack that the loads of a body do not drive,
differences leave that of the stored energy, so 1e-10 of it counts as no energy release rate, per
area across the height (a crack of 1e-10 of the height under the same stress).
"""

from dataclasses import dataclass

import numpy as np
import ufl
from dolfinx import fem
from mpi4py import MPI

from solver.elasticity import Body, weight

STRAIN = 1e-12
ROUNDED = 1e-10  # of the energy of a body


@dataclass(frozen=True)
class Level:
    """One mesh.

    Attributes:
        cells: On all ranks.
        dofs: Unknown components of the displacement.
        value: The energy release rate that is reported, J/m^2; NaN without a crack.
        bar: Its error bar.
        floor: A bar that is enough, however small the value is.
    """

    cells: int
    dofs: int
    value: float
    bar: float
    floor: float = 0.0

    def is_within(self, accuracy: float) -> bool:
        """Whether the error bar is at most this share of the value, or nothing."""
        return self.bar <= max(accuracy * abs(self.value), self.floor)


@dataclass(frozen=True)
class Floors:
    """Values that count as nothing.

    Attributes:
        stress: MPa.
        energy: Of the meshed part, pJ (plane: pJ/um).
        rate: Energy release rate, J/m^2.
        curvature: 1/um.
    """

    stress: float
    energy: float
    rate: float
    curvature: float


def floors(body: Body, energy: float = 0.0) -> Floors:
    """Of a body on its mesh, with an energy (pJ; plane: pJ/um) under its loads; collective."""
    comm, mesh = body.domain.comm, body.domain.mesh
    stiffest = float(np.abs(body.stiffness.x.array).max(initial=0.0))
    stress = STRAIN * float(comm.allreduce(stiffest, op=MPI.MAX))
    volume = fem.assemble_scalar(fem.form(weight(body.domain) * ufl.dx(mesh)))
    volume = float(comm.allreduce(volume))
    up = mesh.geometry.x[:, mesh.topology.dim - 1]
    top = comm.allreduce(float(up.max(initial=-np.inf)), op=MPI.MAX)
    height = top - comm.allreduce(float(up.min(initial=np.inf)), op=MPI.MIN)
    density = 0.5 * stress * STRAIN
    rate = max(density, ROUNDED * abs(energy) / volume) * height
    return Floors(stress, density * volume, rate, 2.0 * STRAIN / height)
