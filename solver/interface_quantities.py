"""Quantities of interfaces that open, press, slide or tear."""

from collections.abc import Iterator
from math import inf

import numpy as np
from mpi4py import MPI

from meshes.layers import Block
from solver import cohesive, mechanics_schema
from solver.broken import NORMAL, TANGENT, Break, Floats
from solver.broken_state import Jump, Step
from solver.crack_quantities import label_of
from solver.delamination import find_breaks, tips_of
from solver.ends import End, told, verdict_of
from solver.floors import floors
from solver.margins import RATE, estimate, judged
from solver.mechanics import Mechanical
from solver.quantities import Quantity

TORN = 0.01  # of the strength: a traction below it holds nothing
TELLING = 0.1  # at less than a tenth of what buckles it nothing is said
BUCKLED = "undecided: what has come off buckles"
GROWS = "grows, ever less driven"
JUDGES = ("verdict", "margin", "critical_")
SHUT = 1e-9  # of the largest opening: what is less is closed


def of_interfaces(
    block: Block, mechanics: mechanics_schema.Mechanics, found: Mechanical
) -> Iterator[Quantity]:
    """Interfaces that are not bonded, and the ends of those that have come off; collective."""
    if found.broken is None:
        return
    breaks = find_breaks(block, mechanics.interfaces)
    driven = tuple(
        name
        for name, face in mechanics.faces.items()
        if isinstance(face, mechanics_schema.Moved) and (face.normal or face.tangential)
    )
    answer, comm, plane = found.broken, found.domain.comm, block.shape == "block"
    least = floors(found.body).stress
    yield from interface_quantities(breaks, answer.jumps, answer.steps, driven, plane, least, comm)
    if answer.buckling is not None and answer.buckling.theta > TELLING:
        text = (
            "Share of the load at which what has come off buckles, if stress grows with the load."
        )
        yield Quantity("buckling_load_factor", 1.0 / answer.buckling.theta, "1", meaning=text)
    if not found.tips:
        return
    there = zip(tips_of(block, breaks), found.tips, found.bars, strict=True)
    ends = [
        End(f"{broken.name}.{label_of(tip)}", force, bar, broken.joint.fracture_energy)
        for (broken, _), (tip, force), bar in there
    ]
    word = verdict_of(ends)
    word = GROWS if word == "arrests" else word
    of_one = [list(_of_end(mechanics, end)) for end in ends]
    if answer.buckling is not None and not answer.buckling.lasts:
        word = (
            None if word is None else BUCKLED
        )  # the numbers are those of a state that does not last
        of_one = [[q for q in one if not q.name.startswith(JUDGES)] for one in of_one]
    yield from told(ends, of_one, word)


def _of_end(mechanics: mechanics_schema.Mechanics, end: End) -> Iterator[Quantity]:
    """Driving force of one end of a part that has come off."""
    force = end.force
    text = "G where the part that has come off ends."
    yield estimate("energy_release_rate", force.value, end.bar, RATE, text)
    text = "From the energies with that end moved forwards and backwards."
    yield Quantity("energy_release_rate_by_extension", force.by_extension, RATE, meaning=text)
    if force.value and not abs(force.value) <= end.bar < inf:  # else it is a share of nothing
        text = "Largest difference of G by two contours, over G."
        share = force.spread / abs(force.value)
        yield Quantity("contour_dependence", share, "1", meaning=text)
    text = "dG/da: positive means that the driving force rises as the part grows."
    slope_unit = f"{RATE}/um"
    yield estimate("energy_release_rate_slope", force.slope, force.slope_bar, slope_unit, text)
    if end.limit is not None:
        word = GROWS if end.word == "arrests" else str(end.word)
        yield Quantity("verdict", word, "", meaning="Does the part that has come off grow there?")
        yield from judged(mechanics, force.value, end.bar, end.limit)


def interface_quantities(
    breaks: tuple[Break, ...],
    jumps: dict[str, Jump],
    steps: tuple[Step, ...],
    driven: tuple[str, ...],
    plane: bool,
    least: float,
    comm: MPI.Intracomm,
) -> Iterator[Quantity]:
    """All numbers of the interfaces; collective.

    Args:
        breaks: Interfaces with their laws.
        jumps: What they do.
        steps: Of the load.
        driven: Faces with a given displacement.
        plane: Whether the section is plane: forces are per depth.
        least: Pressure that counts as nothing, MPa.
        comm: The ranks.
    """
    force = "N/m" if plane else "uN"
    for broken in breaks:
        yield from _of_one(broken, jumps[broken.name], force, plane, least, comm)
    if len(steps) > 1:
        for name in driven:
            largest = max((step.reactions[name] for step in steps), key=abs)
            text = f"Largest force that {name} needs on the way to its displacement."
            yield Quantity(f"peak_force.{name}", largest, force, meaning=text)


def torn(broken: Break, jump: Jump, comm: MPI.Intracomm) -> float:
    """Length (um) along which a cohesive interface has torn in this run."""
    law = cohesive.make_law(broken.joint)
    tore = np.isfinite(jump.kappa)
    kappa = np.where(tore, jump.kappa, 1.0)
    left = (1.0 - cohesive.damage(law, kappa)) * kappa  # of the strength
    return total(jump.length[tore & (left < TORN)], comm)


def _of_one(
    broken: Break, jump: Jump, force: str, plane: bool, least: float, comm: MPI.Intracomm
) -> Iterator[Quantity]:
    name, normal = broken.name, jump.opening[:, NORMAL]
    opening = most(normal, comm)
    text = "Largest distance of the layers."
    yield Quantity(f"interface_opening.{name}", opening, "um", meaning=text)
    slip = most(np.abs(jump.opening[:, TANGENT]), comm)
    text = "Largest sliding of the layers past each other."
    yield Quantity(f"interface_slip.{name}", slip, "um", meaning=text)
    text = "Largest overlap of the layers, at the nodes and between them."
    yield Quantity(f"interface_overlap.{name}", jump.overlap, "um", meaning=text)
    apart = normal > SHUT * opening
    text = "Length along which the layers are apart."
    yield Quantity(f"open_length.{name}", total(jump.length[apart], comm), "um", meaning=text)
    if broken.joint.law != "free":
        pressing = jump.force[:, NORMAL]
        nothing = np.maximum(SHUT * most(pressing, comm), least * jump.area)
        pressed = ~apart & (pressing > nothing)
        text = "Length along which the layers press on each other where they do not hold together."
        yield Quantity(
            f"pressed_length.{name}", total(jump.length[pressed], comm), "um", meaning=text
        )
        text = "Force with which they do (plane: per depth; meshed part)."
        yield Quantity(
            f"interface_force.{name}", total(pressing[pressed], comm), force, meaning=text
        )
        there = pressed & (jump.area > 0.0)
        pressure = most(pressing[there] / jump.area[there], comm)
        text = "Largest pressure there, of forces at nodes over their areas."
        yield Quantity(f"interface_pressure.{name}", pressure, "MPa", meaning=text)
    if broken.joint.tears:
        text = "Energy that has torn the interface (plane: per depth)."
        unit = "uJ/m" if plane else "pJ"
        yield Quantity(f"spent_energy.{name}", jump.spent, unit, meaning=text)
        length = torn(broken, jump, comm)
        text = "Length along which it has torn in this run."
        yield Quantity(f"torn_length.{name}", length, "um", meaning=text)
        word = "tears" if length > 0.0 else "holds"
        damaged = bool(comm.allreduce(bool((jump.kappa[np.isfinite(jump.kappa)] > 1.0).any())))
        word = "is damaged" if word == "holds" and damaged else word
        yield Quantity("verdict", word, "", meaning=f"Does {name} tear?")


def most(values: Floats, comm: MPI.Intracomm) -> float:
    """Largest of values that are spread over the ranks, at least zero."""
    return float(comm.allreduce(float(values.max(initial=0.0)), op=MPI.MAX))


def total(values: Floats, comm: MPI.Intracomm) -> float:
    """Sum of values that are spread over the ranks."""
    return float(comm.allreduce(float(values.sum())))
