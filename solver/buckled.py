"""Layers that have come off and buckle: found, and followed where deflections are large.

The equilibrium that Newton's method finds from the bonded body is flat. `solver.buckling` tells
whether it lasts; if not, the body is pushed along its mode and solved for once more. Contact that
presses holds its nodes, contact without a force does not. The stress at the ends of what is off is
unbounded, and on cells that are fine enough above any modulus: cells next to them do not count.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import ufl
from dolfinx import fem
from dolfinx.fem import petsc as fem_petsc
from mpi4py import MPI
from petsc4py import PETSc

from solver.broken import NO_SIDE, NORMAL, TANGENT, Ints
from solver.broken_equilibrium import BrokenEquilibrium
from solver.broken_state import Answer, Buckling
from solver.buckling import largest, lowest
from solver.elasticity import rotation_strain, strain, weight
from solver.solve import SolveFailed

NEXT = 0.01  # of the length that is off: so near to its ends the stress does not count
PRESSES = 1e-6  # of the largest force: less does not hold a node
SIZE = 0.1  # of the length that is off: amplitudes at which the energy is looked at
LOWER = 1e-9  # of the energy: less is none
PUSHES = (1.0, 0.7, 1.5)  # of the lowest point, where Newton's method begins


def settled(equilibrium: BrokenEquilibrium, answer: Answer, overrides: Mapping[str, str]) -> Answer:
    """The equilibrium that lasts, or the flat one with what is known of its buckling; collective.

    Args:
        equilibrium: That has been solved.
        answer: Its answer.
        overrides: PETSc options of the case.
    """
    path, body = answer.state.path, equilibrium.body
    strange = any(broken.flaw is not None for broken in equilibrium.breaks)
    strange |= any(support.kind == "obstacle" for support in equilibrium.supports.values())
    if strange or (path is not None and path.stopped):
        return answer
    flat = equilibrium.reached
    found = _variation(equilibrium, flat, overrides)
    if found is None:
        return answer
    theta, mode = found
    told = replace(answer, buckling=Buckling(theta, theta < 1.0))
    if theta < 1.0 or body.rotates is None or equilibrium.laws:
        equilibrium.put(flat)
        return told
    start = flat.copy()

    def energy(amplitude: float) -> float:
        flat.copy(start)
        start.axpy(amplitude, mode)
        equilibrium.put(start)
        form = fem.form(body.potential_energy(equilibrium.displacement))
        return float(equilibrium.comm.allreduce(fem.assemble_scalar(form)))

    _, length = _scaled(equilibrium, mode)
    push = lowest(energy, SIZE * length)
    for share in PUSHES:
        flat.copy(start)
        start.axpy(share * push, mode)
        try:
            bent = equilibrium.solve_from(start)
        except SolveFailed:
            continue
        gain = answer.state.energy - bent.state.energy
        if gain > LOWER * abs(answer.state.energy):
            return replace(bent, buckling=Buckling(theta, True), bent=start)
    equilibrium.put(flat)
    return told


def _columns(equilibrium: BrokenEquilibrium) -> tuple[Ints, Ints]:
    """Unknowns of the jumps of nodes that are off, (sliding, normal), `NO_SIDE` if none; nodes."""
    off = np.flatnonzero(~np.isfinite(equilibrium.kappa))
    return equilibrium.unknowns.column.reshape(-1, 2)[off], off


def _scaled(equilibrium: BrokenEquilibrium, mode: PETSc.Vec) -> tuple[PETSc.Vec, float]:
    """The mode with a largest opening of one, outwards; the length that is off, um."""
    columns, off = _columns(equilibrium)
    there = columns[:, NORMAL] != NO_SIDE
    opening = mode.array_r[columns[there, NORMAL]]
    comm, sides = equilibrium.comm, equilibrium.sides
    most = comm.allreduce(float(np.abs(opening).max(initial=0.0)), op=MPI.MAX)
    way = comm.allreduce(float((sides.area[off][there] * opening).sum()))
    mode.scale((1.0 if way >= 0.0 else -1.0) / max(most, 1e-300))
    return mode, comm.allreduce(float(sides.length[off].sum()))


def _variation(
    equilibrium: BrokenEquilibrium, flat: PETSc.Vec, overrides: Mapping[str, str]
) -> tuple[float, PETSc.Vec] | None:
    """The largest theta and its mode at an equilibrium; None if something floats."""
    columns, off = _columns(equilibrium)
    there = columns[:, NORMAL] != NO_SIDE
    sides = equilibrium.sides
    if equilibrium.comm.allreduce(int(there.sum())) == 0:
        return None
    left = flat.duplicate()
    equilibrium.residual_at(flat, left)
    normal, along = columns[there, NORMAL], columns[there, TANGENT]
    pressed = equilibrium.bounded[off][there]
    pressed &= left.array_r[normal] > PRESSES * equilibrium.scale
    stuck = pressed & equilibrium.sticks[off][there] & (along != NO_SIDE)
    first, _ = flat.getOwnershipRange()
    held = first + np.concatenate([normal[pressed], along[stuck]])
    lift = flat.duplicate()
    lift.set(0.0)
    uneven = 1.0 + sides.place[off][there] / equilibrium.breaks[0].width
    lift.array[normal] = np.where(pressed, 0.0, sides.area[off][there] * uneven)
    if lift.norm() == 0.0:
        return None
    stiffness, softened = _matrices(equilibrium, flat)
    rows = held.astype(PETSc.IntType)
    stiffness.zeroRowsColumns(rows, diag=1.0)
    softened.zeroRowsColumns(rows, diag=0.0)
    found = largest(stiffness, softened, lift, overrides)
    return None if found is None else (found[0], _scaled(equilibrium, found[1])[0])


def _matrices(equilibrium: BrokenEquilibrium, flat: PETSc.Vec) -> tuple[PETSc.Mat, PETSc.Mat]:
    """K_0, and K_0 - K without the cells next to the ends of what is off."""
    zero = flat.duplicate()
    zero.set(0.0)
    equilibrium.set_load(0.0)
    stiffness = equilibrium.tangent_at(zero)
    equilibrium.set_load(1.0)
    equilibrium.put(flat)
    body, u = equilibrium.body, equilibrium.displacement
    space, mesh = u.function_space, body.domain.mesh
    counts, still = _counting(equilibrium), fem.Function(space)
    test, trial = ufl.TestFunction(space), ufl.TrialFunction(space)
    if body.rotates is None or equilibrium.laws:
        turned = rotation_strain(still, body.domain)
        work = -counts * weight(body.domain) * ufl.dot(body.stress(u), turned) * ufl.dx(mesh)
        form = ufl.derivative(ufl.derivative(work, still, test), still, trial)
    else:  # of the elastic energy alone: loads keep their direction, springs their stiffness
        elastic = body.strain(u) - body.eigenstrain
        density = 0.5 * ufl.dot(elastic, body.elastic_stress(elastic))
        density += ufl.dot(body.initial_stress, body.strain(u))
        work = counts * weight(body.domain) * density * ufl.dx(mesh)
        loaded = ufl.derivative(ufl.derivative(work, u, test), u, trial)
        strained = strain(still, body.domain)
        density = 0.5 * ufl.dot(strained, body.elastic_stress(strained))
        work = counts * weight(body.domain) * density * ufl.dx(mesh)
        form = ufl.derivative(ufl.derivative(work, still, test), still, trial) - loaded
    matrix = fem_petsc.assemble_matrix(fem.form(form))
    matrix.assemble()
    return stiffness, matrix.PtAP(equilibrium.whole)


def _counting(equilibrium: BrokenEquilibrium) -> fem.Function:
    """1 on cells whose stress counts, 0 next to the ends of what is off."""
    domain, sides = equilibrium.domain, equilibrium.sides
    comm, points = equilibrium.comm, sides.continuous.tabulate_dof_coordinates()
    counts = fem.Function(fem.functionspace(domain.mesh, ("DG", 0)))
    counts.x.array[:] = 1.0
    for i, broken in enumerate(equilibrium.breaks):
        on = sides.nodes[sides.which == i]
        level = comm.allreduce(float(points[on, 1].max(initial=-np.inf)), op=MPI.MAX)
        low, high = broken.joint.reach(broken.width)
        for end in (low, high):
            far = np.hypot(points[:, 0] - end, points[:, 1] - level)
            near = far <= NEXT * (high - low)
            counts.x.array[near[sides.continuous.dofmap.list].any(axis=1)] = 0.0
    return counts
