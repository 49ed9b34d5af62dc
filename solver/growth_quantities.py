"""What is told of cracks that grew by themselves: quantities and steps.

The size of a crack is what its damage has cost over the effective fracture energy,

    a = (1/Gc) int 3 Gc/8 (d/l + l |grad d|^2) dV / (1 + 3 h/(8 l)),

h the size of the broken cells. A crack in a plane of symmetry is shared with the part behind it.
"""

from collections.abc import Iterator

import numpy as np
from mpi4py import MPI

from meshes.block import exact_measures_of_block
from meshes.layers import Block
from solver import mechanics_schema, schema
from solver.growth import BROKEN, DAMAGED, Growth, longest_edges
from solver.mechanics_model import conditions
from solver.quantities import Quantity

ENERGY_UNITS = {"block": "pJ/um", "cylinder": "pJ"}
RESOLVES = 0.2  # of l: edges of cells that resolve the band of a crack
FORCE_UNITS = {"block": "N/m", "cylinder": "uN"}


def correction(growth: Growth) -> float:
    """1 + 3 h/(8 l): what a crack through the mesh costs over Gc."""
    return 1.0 + 0.375 * growth.cell_size / float(growth.brittle.length.value)


def too_coarse(growth: Growth) -> Iterator[str]:
    """What the report says where damaged cells are larger than l/5; collective."""
    domain, damage = growth.brittle.domain, growth.damage
    most = damage.x.array[damage.function_space.dofmap.list].max(axis=1)
    sizes = longest_edges(domain)[most > DAMAGED]
    largest = float(domain.comm.allreduce(float(sizes.max(initial=0.0)), op=MPI.MAX))
    length = float(growth.brittle.length.value)
    if largest > RESOLVES * length * (1.0 + 1e-9):
        yield (
            f"Warning: cells with damage have edges of up to {largest:.3g} um, more than l/5 = "
            f"{RESOLVES * length:.3g} um: they do not resolve the band of a crack. "
            'cells_per_length = 5 and refinement = "adaptive" do.'
        )


def growth_quantities(case: schema.Case, growth: Growth) -> Iterator[Quantity]:
    """All numbers of cracks that grew by themselves."""
    mechanics, block = case.mechanics, case.geometry
    if mechanics is None or not isinstance(block, Block):
        return
    steps = growth.steps
    broken = steps[-1].largest >= BROKEN
    word = "cracks" if broken else ("is damaged" if steps[-1].largest > 0.0 else "holds")
    yield Quantity("verdict", word, "", meaning="Does anything break under the load?")
    if growth.start is not None:
        text = "Share of the load at which damage starts."
        yield Quantity("damage_start", growth.start, "1", meaning=text)
    for name in moved_faces(block, mechanics):
        area = exact_measures_of_block(block, ())[name]
        peak = max(steps, key=lambda step: abs(step.reactions[name]))
        text = f"Largest mean stress that {name} takes on the way: the strength of the body."
        yield Quantity(f"peak_stress.{name}", peak.reactions[name] / area, "MPa", meaning=text)
        text = f"Share of the load at which {name} takes most."
        yield Quantity(f"peak_load.{name}", peak.load, "1", meaning=text)
    yield Quantity("largest_damage", steps[-1].largest, "1", meaning="1: broken.")
    unit = ENERGY_UNITS[block.shape]
    text = "What the damage has cost, of the meshed part."
    yield Quantity("damage_energy", steps[-1].dissipated, unit, meaning=text)
    yield from _of_the_crack(block, mechanics, growth)
    jumps = [step for step in steps if step.jumped]
    text = "Steps in which cracks jump: the load of the smallest step sufficed for any distance."
    yield Quantity("jumps", float(len(jumps)), "1", meaning=text)
    if jumps:
        text = "Share of the load at which cracks jump first."
        yield Quantity("first_jump", jumps[0].load, "1", meaning=text)
        text = "Energy that the largest jump releases beyond what its damage costs."
        drop = max(step.released for step in jumps)
        yield Quantity("energy_drop", drop, unit, meaning=text)
    if mechanics.damage is not None and mechanics.damage.control == "cracks":
        peaks = np.maximum.accumulate([step.load for step in steps])
        fall = max(float(peak) - step.load for peak, step in zip(peaks, steps, strict=True))
        text = "Largest fall of the load along the path: a snap-back."
        yield Quantity("snap_back", fall, "1", meaning=text)
    text = "Share of the load up to which the steps converged."
    yield Quantity("load_reached", steps[-1].load, "1", meaning=text)
    yield Quantity("load_steps", float(len(steps)), "1", meaning="Steps that converged.")
    text = "Alternations of displacement and damage in all steps."
    total = float(sum(step.iterations for step in steps))
    yield Quantity("alternations", total, "1", meaning=text)


def _of_the_crack(
    block: Block, mechanics: mechanics_schema.Mechanics, growth: Growth
) -> Iterator[Quantity]:
    """Its size, the cells along it and what they add to what it costs."""
    if growth.steps[-1].largest < BROKEN:
        return
    factor = correction(growth)
    text = "Mean of the longest edges of the broken cells."
    yield Quantity("broken_cell_size", growth.cell_size, "um", meaning=text)
    text = "1 + 3 h/(8 l): the fracture energy of the mesh over Gc."
    yield Quantity("fracture_energy_factor", factor, "1", meaning=text)
    given = {solid.fracture_energy for solid in mechanics.solids.values()}
    if len(given) == 1:
        text = "Gc (1 + 3 h/(8 l)): what a crack costs in this mesh."
        effective = factor * (given.pop() or 0.0)
        yield Quantity("effective_fracture_energy", effective, "J/m^2", meaning=text)
    shared = 2.0 if growth.extents else 1.0
    size = shared * growth.area / factor
    name, unit = ("crack_length", "um") if block.shape == "block" else ("crack_area", "um^2")
    text = "Cost of the damage over that of a crack; in a plane of symmetry of both of its sides."
    yield Quantity(name, size, unit, meaning=text)
    for face, (start, end) in growth.extents.items():
        text = f"How far damage above {BROKEN:g} reaches along {face}."
        yield Quantity(f"broken_extent.{face}", end - start, "um", meaning=text)


def moved_faces(block: Block, mechanics: mechanics_schema.Mechanics) -> tuple[str, ...]:
    """Faces with a given displacement other than zero."""
    _, supports = conditions(block, mechanics)
    moved = (name for name, s in supports.items() if s.kind in ("normal", "tangential") and s.value)
    return tuple(sorted(moved))


def table_of_steps(case: schema.Case, growth: Growth) -> str:
    """All steps as comma-separated values, with a head of names and units."""
    mechanics, block = case.mechanics, case.geometry
    if mechanics is None or not isinstance(block, Block):
        return ""
    _, supports = conditions(block, mechanics)
    faces = moved_faces(block, mechanics)
    energy, force = ENERGY_UNITS[block.shape], FORCE_UNITS[block.shape]
    head = ["load"]
    head += [text for n in faces for text in (f"displacement {n} [um]", f"force {n} [{force}]")]
    head += [f"{name} energy [{energy}]" for name in ("stored", "damage", "total", "released")]
    head += ["largest damage", "jump", "alternations", "cells"]
    lines = [head]
    for step in growth.steps:
        row: list[float] = [step.load]
        for n in faces:
            row += [step.load * supports[n].value, step.reactions[n]]
        row += [step.stored, step.dissipated, step.stored + step.dissipated, step.released]
        row += [step.largest, int(step.jumped), step.iterations, step.cells]
        lines.append([f"{value:.12g}" for value in row])
    return "".join(",".join(line) + "\n" for line in lines)
