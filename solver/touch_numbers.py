"""Numbers of faces and interfaces of a box that may touch, by name, in working units.

Pressures are forces at the coefficients of `solver.bernstein` over their areas, so the largest one
is a mean over a few cells. Areas add up those of the coefficients: they are known to about a cell.
"""

from collections.abc import Mapping

import numpy as np
from mpi4py import MPI

from solver.elasticity import Body
from solver.hooke import Floats
from solver.touching import UP, Touch

LEAST = 1e-9  # of the largest: less is rounding


def touch_numbers(touches: Mapping[str, Touch], comm: MPI.Intracomm) -> dict[str, float]:
    """Openings, forces, pressures and areas of the meshed part; collective."""
    found: dict[str, float] = {}
    for name, touch in touches.items():
        pressing, area = touch.force[:, UP], touch.area
        hardest = _most(pressing, comm)
        pressed = (pressing > LEAST * hardest) & (area > 0.0)
        force, on = _sum(pressing[pressed], comm), _sum(area[pressed], comm)
        peak = _most(pressing[pressed] / area[pressed], comm)
        overlap = _most(-touch.apart, comm)
        if "|" not in name:
            found[f"contact_force.{name}"] = force
            found[f"contact_area.{name}"] = on
            found[f"mean_contact_pressure.{name}"] = force / on if on > 0.0 else 0.0
            found[f"peak_contact_pressure.{name}"] = peak
            if name == "crack":
                found["crack_overlap"] = 2.0 * overlap
            continue
        opening = _most(touch.opening[:, UP], comm)
        found[f"interface_opening.{name}"] = opening
        found[f"interface_slip.{name}"] = _most(np.hypot(*touch.opening[:, :UP].T), comm)
        found[f"interface_overlap.{name}"] = overlap
        found[f"open_area.{name}"] = _sum(area[touch.apart > LEAST * opening], comm)
        found[f"pressed_area.{name}"] = on
        found[f"interface_force.{name}"] = force
        found[f"interface_pressure.{name}"] = peak
    return found


def closed_rate(body: Body, touches: Mapping[str, Touch], length: float) -> float:
    """G that the pressure between the faces of a crack would drive if it pulled, J/m^2; collective.

    About p^2 a/E: the mean of p^2 over the meshed faces times the half length a of the crack.
    """
    crack, comm = touches.get("crack"), body.domain.comm
    if crack is None:
        return 0.0
    whole = crack.area > 0.0
    squares = _sum(crack.force[whole, UP] ** 2 / crack.area[whole], comm)
    stiffest = _most(np.abs(body.stiffness.x.array), comm)
    return squares / _sum(crack.area, comm) * length / stiffest


def _most(values: Floats, comm: MPI.Intracomm) -> float:
    return 0.0 + float(comm.allreduce(float(values.max(initial=0.0)), op=MPI.MAX))


def _sum(values: Floats, comm: MPI.Intracomm) -> float:
    return float(comm.allreduce(float(values.sum())))
