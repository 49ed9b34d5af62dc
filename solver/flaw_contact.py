"""Flaws whose faces touch: what parts their nodes, G at their tips, the tractions of their faces.

On a mesh that is whole along the flaw (`solver.parted`) the displacement on its left face minus
that on its right one is an unknown w of every node but the tips, and

    w_n >= 0,   p >= 0,   p w_n = 0        (sticking: w_t = 0 where p > 0)

is a bound on w_n in the variational inequality of `solver.broken_equilibrium`; the pressure p is
what the bound needs. The bound does not change as the tip moves along the flaw, and a force that
keeps a jump at zero does no work: G is -dPi/da as of a crack whose faces are free. Stress
intensities need the tractions on the faces, p and the shear of faces that stick: forces at the
nodes over their areas,

    t_i = f_i/int phi_i ds,

which is exact for tractions that are linear along the flaw. They are continuous up to the tip of a
flaw that is closed there, but the cells at a tip, small as they are, spoil some of them by a share
of the singular stress, which would count as much in K_I as all the rest: within a core around the
tip they are continued linearly from beyond it.

Source: Kikuchi & Oden 1988, Contact Problems in Elasticity, SIAM (unilateral contact).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from dolfinx import fem
from mpi4py import MPI

from meshes.block import layer_at
from meshes.layers import Block
from solver.broken import NORMAL, Break
from solver.broken_state import Answer, Jump
from solver.delamination import delamination_force
from solver.domain import Domain
from solver.elasticity import Body
from solver.equilibrium import Support
from solver.fracture import Tip, origin
from solver.interface_schema import Joint
from solver.mechanics_schema import Contact, Face
from solver.parted import along, frame, tip_nodes, two_sided
from solver.stability import DrivingForce

NOTHING = 1e-6  # of t^2 L/E: G of a flaw that is closed all along, by rounding
FITTED = (0.02, 0.1)  # of the reach of a tip: beyond the core, as far as tractions are continued


def find_touching(block: Block, faces: Mapping[str, Face]) -> tuple[Break, ...]:
    """The flaws of a block whose faces may touch."""
    found = []
    for flaw in block.flaws:
        face = faces.get(flaw.name)
        if isinstance(face, Contact):
            layer = layer_at(block, flaw.y).name
            joint = Joint("contact", friction=face.friction or "none")
            placed = replace(flaw, y=flaw.y - origin(block), joined=True)
            found.append(Break(flaw.name, layer, layer, joint, block.width, placed))
    return tuple(found)


def with_joined(block: Block, breaks: Sequence[Break]) -> Block:
    """The block with those flaws whole whose nodes the solver parts."""
    names = {broken.name for broken in breaks if broken.flaw is not None}
    flaws = (replace(flaw, joined=flaw.name in names) for flaw in block.flaws)
    return replace(block, flaws=tuple(flaws)) if names else block


def tip_forces(
    body: Body, supports: Mapping[str, Support], breaks: Sequence[Break], answer: Answer,
    tips: Sequence[Tip], overrides: Mapping[str, str],
) -> tuple[tuple[Tip, DrivingForce], ...]:  # fmt: skip
    """G and dG/da of the tips of a body with flaws that touch; collective."""
    loads = (body, supports, breaks, answer)
    return tuple((tip, delamination_force(*loads, (None, tip), overrides)) for tip in tips)


def closed_floor(body: Body, answer: Answer) -> float:
    """G that counts as nothing where faces of flaws press on each other, J/m^2; collective."""
    flaws = [jump for name, jump in answer.jumps.items() if "|" not in name]
    squares = sum(float((jump.force**2 / jump.area[:, None]).sum()) for jump in flaws)
    stiffest = float(np.abs(body.stiffness.x.array).max(initial=0.0))
    comm = body.domain.comm
    return float(NOTHING * comm.allreduce(squares) / comm.allreduce(stiffest, op=MPI.MAX))


def face_traction(domain: Domain, broken: Break, jump: Jump, tip: Tip) -> fem.Function:
    """Traction on the face to the left of a tip, MPa along x and y, zero off the flaw; collective.

    Args:
        domain: The mesh.
        broken: The flaw.
        jump: Its forces in equilibrium.
        tip: One of its tips.
    """
    flaw, space, comm = broken.flaw, jump.space, domain.comm
    if flaw is None:
        raise ValueError("an interface, not a flaw")
    forwards = tip.direction[0] * flaw.direction[0] + tip.direction[1] * flaw.direction[1] > 0.0
    core, far = (share * tip.reach for share in FITTED)
    away = flaw.length - jump.place if forwards else jump.place
    fitted = (away >= core) & (away <= far)
    terms = np.stack([np.ones(int(fitted.sum())), away[fitted]], axis=1)
    gram = comm.allreduce(terms.T @ (jump.area[fitted, None] * terms))
    fit = np.linalg.pinv(gram, 1e-6, True) @ comm.allreduce(terms.T @ jump.force[fitted])
    traction = fem.Function(space, name="traction")
    values = traction.x.array.reshape(-1, 2)
    values[jump.nodes] = jump.force / jump.area[:, None]
    traction.x.scatter_forward()
    on = np.concatenate([two_sided(space, domain, flaw), tip_nodes(space, domain, flaw)])
    place = along(flaw, space.tabulate_dof_coordinates()[on])
    distance = np.abs(flaw.length - place if forwards else place)
    near = distance < core
    extended = fit[0] + distance[near, None] * fit[1]
    extended[:, NORMAL] = np.maximum(extended[:, NORMAL], 0.0)
    values[on[near]] = extended
    traction.x.array[:] = (values @ frame(flaw).T).ravel() * (1.0 if forwards else -1.0)
    return traction
