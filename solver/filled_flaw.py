"""A flaw of a solid filled by stalled lithium, at a face whose potentials a march has computed.

Lithium that cannot leave the flaw is plated until its pressure cancels the step of the potential on
the unloaded face beside it, so with eta = phi_electrolyte - phi_lithium > 0 where lithium plates:

    p = F k eta/V_Li,    K = Y p sqrt(pi a),    Y = 1.12152 (edge), 2/pi (penny)

The flaw grows where K reaches K_Ic. eta is the largest on the face: film and reaction, before the
shift by the pressure (counting that too would halve p). k is the local current density over that of
the face as it is meshed; multiplying eta by it is exact for a film and a linear reaction.

Source: Tada, Paris & Irwin 2000, The Stress Analysis of Cracks Handbook (Y).
"""

from collections.abc import Callable
from math import pi, sqrt

import numpy as np
from mpi4py import MPI
from petsc4py import PETSc

from solver.carrier_system import System
from solver.march_schema import FilledFlaw
from solver.mechanics_model import overpotential_to_pressure

SHAPE_FACTORS = {"edge": 1.1215222552, "penny": 2.0 / pi}


def critical_step(flaw: FilledFlaw) -> float:
    """The local step of the potential at which the flaw grows, V."""
    factor = SHAPE_FACTORS[flaw.shape] * sqrt(pi * flaw.length)
    return flaw.fracture_toughness / (factor * overpotential_to_pressure(1.0))


def strength_left(system: System, flaw: FilledFlaw) -> Callable[[PETSc.Vec], float]:
    """1 - K/K_Ic of a state: positive until the flaw grows."""
    critical = critical_step(flaw) / flaw.amplification
    contact, z = next(
        (c, z) for c, z in zip(system.model.contacts, system.z, strict=True) if c.name == flaw.face
    )
    labels = {label for name, label in system.face_id if name == flaw.face}
    beside = np.concatenate(
        [
            phi.unknowns[np.isin(phi.nodes, z.nodes)]
            for label, phi in enumerate(system.phi)
            if label in labels
        ]
    )

    def left(x: PETSc.Vec) -> float:
        potential = float(system.scalars_of(x)[contact.terminal])
        mine = float(x.array_r[beside].max(initial=-np.inf))
        step = float(system.comm.allreduce(mine, op=MPI.MAX)) - potential
        return 1.0 - max(step, 0.0) / critical

    return left
