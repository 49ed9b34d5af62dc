"""A flaw of a solid filled by stalled lithium, at a face whose potentials a march has computed.

Lithium in the flaw is plated or stripped until its pressure cancels the step of the potential on
the unloaded face beside it, so with eta = phi_electrolyte - phi_lithium > 0 where lithium plates:

    p = max(0, P/f + F k eta/V_Li),  K = Y (p - s P) sqrt(pi a),    Y = 1.12152 (edge), 2/pi (penny)

A current that strips, eta < 0, unloads the flaw. Lithium does not pull: at p = 0 all of it may
leave, and where s P > p the flaw is pressed shut (K < 0). It grows where K reaches K_Ic. eta is the
largest on the face (where it strips the nearest to zero: nowhere is p more): film and reaction,
before the shift by the pressure in the flaw (counting that too would halve p). k is the local
current density over that of the face as it is meshed, whichever way that flows; multiplying eta by
it is exact for a film and a linear reaction, of either sign. P is the pressure of the stack on that
face (its `contact`). The share f of the face that touches carries all of it, so the lithium there,
and that in the flaw, presses with P/f (minus the normal stress of its `kinetics`, which is that of
the lithium), no more than `contact_limit` by yield, and with nothing where it is pulled at. s P
presses the solid along the face, which keeps the flaw shut: nothing where its sides are free,
nu/(1 - nu) of P in a stiff die.

Source: Tada, Paris & Irwin 2000, The Stress Analysis of Cracks Handbook (Y).
"""

from collections.abc import Callable
from math import inf, pi, sqrt

import numpy as np
from mpi4py import MPI
from petsc4py import PETSc

from solver import schema
from solver.carrier_system import System
from solver.kinetics import shift_of
from solver.march_schema import FilledFlaw
from solver.mechanics_model import overpotential_to_pressure

SHAPE_FACTORS = {"edge": 1.1215222552, "penny": 2.0 / pi}


def critical_opening(flaw: FilledFlaw) -> float:
    """What presses the flaw open where it grows, MPa."""
    return flaw.fracture_toughness / (SHAPE_FACTORS[flaw.shape] * sqrt(pi * flaw.length))


def acting_on_lithium(case: schema.Case, flaw: FilledFlaw) -> float:
    """P/f, what acts where lithium touches the face of the flaw, however much it bears, MPa."""
    face = case.boundaries[flaw.face]
    if not isinstance(face, schema.Electrode):
        return 0.0
    stress = 0.0 if face.kinetics is None else face.kinetics.normal_stress
    return (face.contact.stack_pressure / _share(case, flaw) if face.contact else 0.0) - stress


def pressed_by_stack(case: schema.Case, flaw: FilledFlaw) -> float:
    """What lithium at the face of the flaw presses with, MPa: it yields, and bears no tension."""
    limit = inf if flaw.contact_limit is None else flaw.contact_limit
    return max(0.0, min(limit, acting_on_lithium(case, flaw)))


def held_shut(case: schema.Case, flaw: FilledFlaw) -> float:
    """s P, with which the stack presses the solid along the face, MPa."""
    return flaw.lateral_share * _share(case, flaw) * acting_on_lithium(case, flaw)


def _share(case: schema.Case, flaw: FilledFlaw) -> float:
    """f, the share of the face that touches."""
    face = case.boundaries[flaw.face]
    contact = face.contact if isinstance(face, schema.Electrode) else None
    return 1.0 if contact is None else contact.open_fraction


def stalled_pressure(case: schema.Case, flaw: FilledFlaw, step: float) -> float:
    """p of lithium that has stalled, at a step of the potential on the face (V), MPa."""
    driven = overpotential_to_pressure(flaw.amplification * step)
    return max(0.0, pressed_by_stack(case, flaw) + driven)


def opening(case: schema.Case, flaw: FilledFlaw, step: float) -> float:
    """p - s P at a step of the potential on the face (V), MPa."""
    return stalled_pressure(case, flaw, step) - held_shut(case, flaw)


def critical_pressure(case: schema.Case, flaw: FilledFlaw) -> float:
    """p at which the flaw grows, MPa; not above 0: also without lithium."""
    return critical_opening(flaw) + held_shut(case, flaw)


def critical_step(case: schema.Case, flaw: FilledFlaw) -> float:
    """The step of the potential on the face at which the flaw grows, V.

    Below 0 it grows without current, and only one that strips as much keeps it; -inf: none does.
    """
    most = critical_pressure(case, flaw)
    if most <= 0.0:
        return -inf
    left = most - pressed_by_stack(case, flaw)
    return left / (flaw.amplification * overpotential_to_pressure(1.0))


def step_of(system: System, flaw: FilledFlaw) -> Callable[[PETSc.Vec], float]:
    """Of a state the largest step from lithium to electrolyte on the face, V: film and reaction."""
    sides = [side for side in system.z if side.contact.name == flaw.face]
    face = system.case.boundaries[flaw.face]
    shift = shift_of(face.kinetics) if isinstance(face, schema.Electrode) else 0.0
    beside = np.concatenate(
        [
            phi.unknowns[np.isin(phi.nodes, side.field.nodes)]
            for side, phi in ((side, system.phi[side.label]) for side in sides)
        ]
    )

    def step(x: PETSc.Vec) -> float:
        potential = float(system.scalars_of(x)[sides[0].contact.terminal])
        mine = float(x.array_r[beside].max(initial=-np.inf))
        return float(system.comm.allreduce(mine, op=MPI.MAX)) - potential + shift

    return step


def strength_left(system: System, flaw: FilledFlaw) -> Callable[[PETSc.Vec], float]:
    """1 - K/K_Ic of a state: positive until the flaw grows."""
    critical, step = critical_opening(flaw), step_of(system, flaw)
    return lambda x: 1.0 - opening(system.case, flaw, step(x)) / critical
