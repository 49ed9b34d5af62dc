"""Equilibrium of a box in 3D on finer and finer meshes, and G along the front of its crack.

Each mesh is made anew with cells of half the size at the front: bisection in 3D depends on how a
mesh is spread over the ranks, and does not know the ellipse.
"""

from collections.abc import Callable
from dataclasses import replace
from math import inf

import numpy as np
import ufl
from dolfinx import fem
from mpi4py import MPI

from meshes.layers import Box
from meshes.mesh import BuiltMesh
from solver import mechanics_schema, schema
from solver.box_stress import box_stresses
from solver.crack_front import SAFETY, front_rates, lines_of_front, moved_front, with_front_bars
from solver.domain import (
    facet_entities,
    facet_measure,
    number_of_cells,
    read_domain,
)
from solver.elasticity import Body, displacement_space, make_body
from solver.equilibrium import State, Support
from solver.floors import Level, floors
from solver.force_balance import balanced
from solver.interface_schema import Joint
from solver.mechanics import Mechanical, Progress
from solver.mechanics_model import conditions, loaded_faces, solid_law
from solver.problem import Driver, as_given
from solver.touch_numbers import closed_rate, touch_numbers
from solver.touching import solve_touching

MOST_LEVELS = 5
MOST_TOUCHING = 200_000  # unknowns of a box with contact: its systems are solved directly
NOTHING = 1e-6  # of the G that the pressure on a closed crack would drive: rounding
GROWTH = 4  # of the unknowns from mesh to mesh, about


def solve_box(
    case: schema.Case,
    mesher: Callable[[float], BuiltMesh],
    comm: MPI.Intracomm,
    progress: Progress,
    driven: Driver = as_given,
) -> Mechanical:
    """Solve a box until G is known at every point of the front; collective.

    Args:
        case: A case with mechanics of a box.
        mesher: Makes a mesh for a share of the sizes of the first one, on all ranks.
        comm: The ranks.
        progress: Called with a line per mesh.
        driven: Finds the loads on every mesh.

    Raises:
        SolveFailed: A solve that does not converge.
        Unbalanced: Loads that nothing holds.
        NotInEquilibrium: Forces that do not balance in the solution.
    """
    box, mechanics = case.geometry, case.mechanics
    if not isinstance(box, Box) or mechanics is None:
        raise ValueError("a case without the mechanics of a box")
    solids = {
        name: solid_law(solid, mechanics, plane=False, spatial=True)
        for name, solid in mechanics.solids.items()
    }
    options = dict(case.numerics.petsc_options)
    domain = read_domain(mesher(1.0), comm)
    touches = may_touch(mechanics)
    history: list[Level] = []
    before: Mechanical | None = None
    while True:
        case, domain = driven(case, domain)
        tractions, supports = conditions(box, case.mechanics or mechanics)
        body = make_body(domain, solids, tractions)
        found, closed = _solved(body, box, supports, mechanics.interfaces, options)
        found = _with_bar(found, before)
        bar, told = found.bar, found.told
        if box.crack is None:
            layers = tuple(layer.name for layer in box.layers)
            loaded = loaded_faces(mechanics)
            told = told | box_stresses(body, layers, loaded, found.state, supports)
        changes = {n: abs(v - before.told[n]) for n, v in told.items()} if before else {}
        found = replace(found, told=told, told_bars=changes)
        value = found.state.energy if found.front is None else float(found.front.values.max())
        dofs = displacement_space(domain).dofmap.index_map.size_global * 3
        least = floors(body)
        floor = least.energy if found.front is None else least.rate
        # of the G of a front that is closed, which is nothing, no share can be reached
        floor = max(floor, (case.numerics.accuracy if value <= bar else NOTHING) * closed)
        history.append(Level(number_of_cells(domain), dofs, value, bar, floor))
        what = "energy" if found.front is None else "largest G"
        progress(f"{history[-1].cells} cells, {dofs} unknowns: {what} {value:.6g}, bar {bar:.1e}")
        enough = history[-1].is_within(case.numerics.accuracy)
        most = min(case.numerics.max_dofs, MOST_TOUCHING if touches else inf)
        last = len(history) == MOST_LEVELS or GROWTH * dofs > most
        if enough or last or case.numerics.refinement == "none":
            break
        before, domain = found, read_domain(mesher(0.5 ** len(history)), comm)
    if found.front is None:
        return replace(found, history=tuple(history))
    by_extension, slopes = moved_front(found.body, box, supports, options)
    bars = np.maximum(found.front.bars, abs(found.front.mean - by_extension))
    front = replace(found.front, bars=bars, by_extension=by_extension, slopes=slopes)
    if before is not None:  # the slope on that mesh as well: how far apart are they?
        _, coarse = moved_front(before.body, box, supports, options)
        change = SAFETY * float(np.abs(slopes[-1] - coarse[-1]).max())
        front = replace(front, slope_bar=max(change, float(np.ptp(slopes, axis=0).max())))
    for line in lines_of_front(front):
        progress(line)
    bar = float(bars[front.values.argmax()])
    history[-1] = replace(history[-1], bar=bar)
    return replace(found, front=front, bar=bar, history=tuple(history))


def may_touch(mechanics: mechanics_schema.Mechanics) -> bool:
    """Whether anything is pressed on something else without being bonded to it."""
    meets = mechanics_schema.Contact | mechanics_schema.Indenter
    joints = mechanics.interfaces.values()
    return any(isinstance(face, meets) for face in mechanics.faces.values()) or any(
        joint.law == "contact" for joint in joints
    )


def _with_bar(found: Mechanical, before: Mechanical | None) -> Mechanical:
    """With the error bars of the front and of its largest G, or of the energy."""
    coarser = None if before is None else before.front
    if found.front is not None:
        front = with_front_bars(found.front, coarser)
        return replace(found, front=front, bar=float(front.bars[front.values.argmax()]))
    change = inf if before is None else abs(found.state.energy - before.state.energy)
    return replace(found, bar=change)


def _solved(
    body: Body,
    box: Box,
    supports: dict[str, Support],
    joints: dict[str, Joint],
    options: dict[str, str],
) -> tuple[Mechanical, float]:
    """The answer on one mesh, and the G that the pressure on a closed crack would drive, J/m^2."""
    loose = {name: joint for name, joint in joints.items() if joint.law == "contact"}
    answer = solve_touching(body, supports, loose, options)
    state = balanced(answer.state)
    front = front_rates(body, state.displacement, box)
    opening, overlap, volume, closed = 0.0, 0.0, 0.0, 0.0
    if box.crack is not None:
        opening, overlap, volume = _opening(body, state, supports)
        closed = closed_rate(body, answer.touches, min(box.crack.semi_axes))
    found = Mechanical(
        domain=body.domain,
        body=body,
        state=state,
        tips=(),
        film=None,
        bar=inf,
        opening=opening,
        overlap=overlap,
        volume=volume,
        arrest=None,
        history=(),
        front=front,
        told=touch_numbers(answer.touches, body.domain.comm),
    )
    return found, closed


def _opening(body: Body, state: State, supports: dict[str, Support]) -> tuple[float, float, float]:
    """Largest opening, overlap and volume of the crack of the whole body, um and um^3."""
    domain, u = body.domain, state.displacement
    ds = facet_measure(domain, {0: facet_entities(domain, "crack")})
    normal = fem.form(-ufl.dot(u, ufl.FacetNormal(domain.mesh)) * ds(0))
    quarter = float(domain.comm.allreduce(fem.assemble_scalar(normal)))
    facets = domain.facet_tags.find(domain.built.facets["crack"])
    nodes = fem.locate_dofs_topological(u.function_space, 2, facets)
    up = u.x.array[3 * nodes + 2]
    largest = domain.comm.allreduce(float(up.max(initial=0.0)), op=MPI.MAX)
    smallest = domain.comm.allreduce(float(up.min(initial=0.0)), op=MPI.MIN)
    mirrors = sum(supports.get(name) == Support("normal") for name in ("left", "front"))
    return 2.0 * largest, -2.0 * smallest, 2.0 ** (1 + mirrors) * quarter
