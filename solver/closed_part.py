"""How much of a flaw or of a face is closed, and how hard it presses: two meshes, error bars.

A contact ends between two nodes, so that a length that is closed in part is known to no better than
what belongs to a node; the error bar is the larger of that and the difference of the last two
meshes, of the other numbers that difference. It is an estimate, not a bound.
"""

from collections.abc import Mapping

import numpy as np
from mpi4py import MPI

from solver.broken import NORMAL, TANGENT
from solver.broken_state import Answer, Jump
from solver.hooke import Floats
from solver.pressed import Pressed

Numbers = dict[str, float]


def of_flaw(jump: Jump, comm: MPI.Intracomm) -> Numbers:
    """What the faces of a flaw do that may touch, by the head of the name; um, N/m, MPa."""
    across, pressing = jump.opening[:, NORMAL], jump.force[:, NORMAL]
    closed = across <= 0.0  # a bound, met exactly
    force, area = _sum(pressing[closed], comm), _sum(jump.area[closed], comm)
    return {
        "flaw_opening": _most(across, comm),
        "flaw_slip": _most(np.abs(jump.opening[:, TANGENT]), comm),
        "flaw_overlap": jump.overlap,
        "closed_length": _sum(jump.length[closed], comm),
        "contact_force": force,
        "mean_contact_pressure": force / area if area > 0.0 else 0.0,
    }


def closed_bars(
    comm: MPI.Intracomm,
    pressed: tuple[Mapping[str, Pressed], Mapping[str, Pressed]],
    answers: tuple[Answer | None, Answer | None],
) -> Numbers:
    """Error bars by the name of the quantity, of what the last mesh and the one before say.

    Args:
        comm: The ranks.
        pressed: Faces on flat obstacles, on both meshes.
        answers: Flaws that may touch, on both.
    """
    bars: Numbers = {}
    now, coarse = pressed
    for name, face in now.items():
        if name in coarse:
            bars[f"contact_force.{name}"] = abs(face.force - coarse[name].force)
            hardest = abs(face.pressure - coarse[name].pressure)
            bars[f"peak_contact_pressure.{name}"] = hardest
            change = abs(face.length - coarse[name].length)
            bars[f"closed_length.{name}"] = max(change, face.unsure)
    fine, rough = ({} if one is None else one.jumps for one in answers)
    for name, jump in fine.items():
        if name not in rough:
            continue
        one, other = of_flaw(jump, comm), of_flaw(rough[name], comm)
        changes = {head: abs(value - other[head]) for head, value in one.items()}
        closed = jump.opening[:, NORMAL] <= 0.0
        if comm.allreduce(bool(np.any(~closed))):
            changes["closed_length"] = max(
                changes["closed_length"], _most(jump.length[closed], comm)
            )
        bars |= {f"{head}.{name}": change for head, change in changes.items()}
    return bars


def _most(values: Floats, comm: MPI.Intracomm) -> float:
    return float(comm.allreduce(float(values.max(initial=0.0)), op=MPI.MAX))


def _sum(values: Floats, comm: MPI.Intracomm) -> float:
    return float(comm.allreduce(float(values.sum())))
