"""Layers that have come off: their interfaces, the driving force at their tips, fine cells there.

The energy release rate at the end of a part that has come off is the derivative of the potential
energy in the place of that end (`solver.fracture`); the field that moves it goes along the layers,
so that no interface moves. Where a film under the stress sigma comes off from an edge it becomes
steady, G = sigma^2 h/(2 E'). Along a cohesive interface cells are a fifth of the zone in which
it tears,

    l = min(pi/8 E' Gc/sigma^2, (E' Gc/sigma^2)^(1/4) h^(3/4)),   h the thinner of the two layers.

On coarser ones the interface tears node by node in jumps, which no small step follows.

Source: Hutchinson & Suo 1992, Adv. Appl. Mech. 29, 63 (steady state); Barenblatt 1962, Adv. Appl.
Mech. 7, 55 (pi/8); Yang & Cox 2005, Int. J. Fract. 133, 107 (zones in slender bodies).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf, pi

import numpy as np
from petsc4py import PETSc

from meshes.block import heights
from meshes.layers import Block
from solver import compat, hooke, interface_schema
from solver.broken import Break
from solver.broken_equilibrium import BrokenEquilibrium
from solver.broken_state import Answer
from solver.buckled import settled
from solver.domain import Domain, coordinates, facet_entities, node_positions, refine_cells
from solver.elasticity import Body, Solid
from solver.equilibrium import Support
from solver.fracture import Tip, energy_release_rates, moved_nodes
from solver.solve import SolveFailed
from solver.stability import STEP, DrivingForce, force_between

CELLS_PER_ZONE = 5.0


def find_breaks(block: Block, joints: Mapping[str, interface_schema.Joint]) -> tuple[Break, ...]:
    """The interfaces of a block that are not bonded everywhere."""
    loose = {name: joint for name, joint in joints.items() if joint.law != "bonded"}
    sides = {name: name.split("|") for name in loose}
    return tuple(
        Break(name, sides[name][0], sides[name][1], joint, block.width)
        for name, joint in loose.items()
    )


def level_of(block: Block, broken: Break) -> float:
    """Height of an interface, um."""
    names = [layer.name for layer in block.layers]
    return heights(block)[names.index(broken.upper)]


def with_marks(block: Block, breaks: Sequence[Break]) -> Block:
    """The block with the ends of what has come off as nodes of its mesh."""
    marks = [
        (x, level_of(block, broken))
        for broken in breaks
        for x in broken.joint.reach(block.width)
        if 0.0 < x < block.width and broken.flaw is None
    ]
    return replace(block, marks=tuple(marks)) if marks else block


def tips_of(block: Block, breaks: Sequence[Break]) -> tuple[tuple[Break, Tip], ...]:
    """The ends of what has come off and is bonded beyond: nothing is mirrored there."""
    found = []
    for broken in (broken for broken in breaks if broken.flaw is None):
        y = level_of(block, broken)
        low, high = broken.joint.reach(block.width)
        for x, way in interface_schema.tips(broken.joint, block.width):
            others = [end for end in (low, high) if end != x]
            room = min(abs(x - stop) for stop in (*others, 0.0, block.width))
            front = 2.0 * pi * x if block.shape == "cylinder" else 1.0
            found.append((broken, Tip((x, y), y, (way, 0.0), room, front, share=1.0)))
    return tuple(found)


def resolve_zones(
    domain: Domain, block: Block, breaks: Sequence[Break], solids: Mapping[str, Solid]
) -> Domain:
    """Bisect the cells along cohesive interfaces until they resolve where these tear."""
    thickness = {layer.name: layer.thickness for layer in block.layers}
    for broken in breaks:
        zone = zone_length(broken, solids, thickness)
        while zone < inf:
            cells = np.unique(facet_entities(domain, broken.name)[:, 0])
            points = node_positions(domain.mesh)[compat.node_numbers(domain.mesh)[cells]]
            size = np.ptp(points, axis=1).max(axis=1)
            coarse = cells[size > zone / CELLS_PER_ZONE]
            if domain.comm.allreduce(len(coarse)) == 0:
                break
            domain = refine_cells(domain, coarse.astype(np.int32))
    return domain


def zone_length(
    broken: Break, solids: Mapping[str, Solid], thickness: Mapping[str, float]
) -> float:
    """Length in which a cohesive interface tears, um; infinite for others."""
    joint = broken.joint
    if joint.strength is None or joint.fracture_energy is None:
        return inf
    sides = (broken.lower, broken.upper)
    modulus = min(hooke.plane_strain_modulus(solids[name].stiffness) for name in sides)
    pairs = [(joint.strength, joint.fracture_energy)]
    pairs += [(joint.shear_strength or inf, joint.shear_fracture_energy or inf)]
    thick = min(modulus * energy / strength**2 for strength, energy in pairs if strength < inf)
    thin = min(thickness[name] for name in sides)
    return float(min(pi / 8.0 * thick, thick**0.25 * thin**0.75))


def solve_broken(
    body: Body,
    supports: Mapping[str, Support],
    breaks: Sequence[Break],
    overrides: Mapping[str, str],
    partly: bool = False,
    buckles: bool = True,
    bent: PETSc.Vec | None = None,
) -> Answer:
    """Equilibrium of a body with broken interfaces, `partly`: as far as it goes; collective.

    With `buckles` it is asked whether what is off does; `bent`: that one next to these unknowns.
    """
    equilibrium = BrokenEquilibrium(body, supports, breaks, overrides)
    answer = equilibrium.solve(partly)
    if bent is not None:
        flat = equilibrium.reached
        try:
            return equilibrium.solve_from(bent.copy())
        except SolveFailed:  # too far from there for Newton's method: from the flat one, then
            equilibrium.put(flat)
            buckles = True
    return settled(equilibrium, answer, overrides) if buckles else answer


def delamination_force(
    body: Body,
    supports: Mapping[str, Support],
    breaks: Sequence[Break],
    answer: Answer,
    at: tuple[Break | None, Tip],
    overrides: Mapping[str, str],
) -> DrivingForce:
    """G and dG/da where layers that have come off end; collective. Solves two more equilibria.

    Tips of flaws have no interface: the nodes that have two sides move with the mesh. What has
    buckled is followed from where it is: large rotations allow more than one equilibrium of the
    contact next to a tip, whose energies differ by as much as the step of the tip.
    """
    domain, (broken, tip) = body.domain, at
    distance = STEP * tip.reach
    energies, rates = [], []
    for sign in (1.0, -1.0):
        step = sign * distance
        moved = [_moved(other, tip, step) if other is broken else other for other in breaks]
        x, y = tip.place
        front = tip.front * ((x + step * tip.direction[0]) / x if tip.front != 1.0 else 1.0)
        place = (x + step * tip.direction[0], y)
        shifted = replace(tip, place=place, front=front, reach=tip.reach * (1.0 - STEP))
        with coordinates(domain, moved_nodes(domain, tip, step)):
            there = solve_broken(body, supports, moved, overrides, buckles=False, bent=answer.bent)
            energies.append(there.state.energy)
            rates.append(energy_release_rates(body, there.state.displacement, shifted))
    by_extension = -(energies[0] - energies[1]) / (2.0 * distance * tip.front)
    by_contour = energy_release_rates(body, answer.state.displacement, tip)
    return force_between(by_contour, by_extension, rates, distance)


def _moved(broken: Break, tip: Tip, step: float) -> Break:
    """The interface with one end of what has come off moved along the crack."""
    joint, (x, _) = broken.joint, tip.place
    low, high = joint.reach(broken.width)
    to = x + step * tip.direction[0]
    ends = (low, to) if x == high else (to, high)
    return replace(broken, joint=replace(joint, start=ends[0], end=ends[1]))
