"""Quantities of a body that was followed in steps: displacements, stresses, flow, energies."""

from collections.abc import Iterator
from math import isfinite

from solver.evolution import Flowed
from solver.load_path import table_of_path
from solver.mechanics import Mechanical
from solver.quantities import Bound, Quantity

# what a name stands for: unit (two: axisymmetric, plane), meaning with FACE or REGION for its place
MEANINGS: dict[str, tuple[tuple[str, ...], str]] = {
    "radial_displacement": (("um",), "Mean over the face, away from the centre."),
    "radial_displacement_rate": (("um/s",), "The same per time, in the last step."),
    "displacement": (("um",), "Mean over the face, outwards along its normal."),
    "displacement_rate": (("um/s",), "The same per time, in the last step."),
    "normal_stress": (("MPa",), "Mean over the face of the stress along the radius."),
    "hoop_stress": (("MPa",), "Mean over the face of the stress along it, in the section."),
    "equivalent_stress": (("MPa",), "Mean over the face of the equivalent stress of von Mises."),
    "mean_pressure": (("MPa",), "Force of the support against the face, over its area."),
    "mean_stress": (("MPa",), "A third of the trace of the stress, mean over the region."),
    "largest_equivalent_stress": (("MPa",), "Of all material points, at the end."),
    "largest_plastic_strain": (("1",), "Largest equivalent strain that stays, of a smooth fit."),
    "mean_plastic_strain": (("1",), "Equivalent strain that stays, mean over the region."),
    "tension_at_right": (("MPa",), "Of the region across the face that a stretch pulls, mean."),
    "tension_50": (("MPa",), "Largest principal stress; half of the region stays below."),
    "tension_99": (("MPa",), "Largest principal stress; 99 % of the region stay below."),
    "crack_opening": (("um",), "Largest distance of the faces of the crack."),
    "crack_stress": (("MPa",), "Mean stress that still holds the crack closed, at the end."),
    "contact_force": (("uN",), "Force with which it is pressed (meshed part)."),
    "contact_area": (("um^2",), "Area that presses (meshed part), to about a cell."),
    "mean_contact_pressure": (("MPa",), "Mean pressure there."),
    "peak_contact_pressure": (("MPa",), "Largest pressure, of forces at nodes over their areas."),
    "crack_overlap": (("um",), "Largest overlap of the faces of the crack, anywhere."),
    "interface_opening": (("um",), "Largest distance of the layers."),
    "interface_slip": (("um",), "Largest sliding of the layers past each other."),
    "interface_overlap": (("um",), "Largest overlap of the layers, anywhere."),
    "open_area": (("um^2",), "Area where the layers are apart (meshed part)."),
    "pressed_area": (("um^2",), "Area where the layers press on each other (meshed part)."),
    "interface_force": (("uN",), "Force with which they do (meshed part)."),
    "interface_pressure": (("MPa",), "Largest pressure, of forces at nodes over their areas."),
    "stored_energy": (("pJ", "pJ/um"), "Elastic, of the whole body (a block: of the meshed part)."),
    "dissipated_energy": (("pJ", "pJ/um"), "What flow has turned into heat, of the same body."),
    "external_work": (("pJ", "pJ/um"), "Work of all forces from outside, on the same body."),
}  # fmt: skip


def flow_quantities(flowed: Flowed, balance: float, plane: bool) -> Iterator[Quantity]:
    """All numbers at the end of a load.

    Args:
        flowed: The body.
        balance: Of the forces, relative.
        plane: Whether energies are per depth.
    """
    text = "Reactions plus loads, over the sum of the sizes of both."
    yield Quantity("force_balance", balance, "1", meaning=text)
    yield from measured(flowed.numbers, flowed.bars, plane)
    evolution = flowed.evolution
    last = evolution.steps[-1]
    yield Quantity("load_reached", last.load, "1", meaning="Share of the load, at the end.")
    if last.time > 0.0:
        yield Quantity("time_reached", last.time, "s", meaning="At the end.")
    text = "Steps of the load, on the last mesh."
    yield Quantity("load_steps", float(len(evolution.steps)), "1", meaning=text)
    text = "Steps that failed and were halved."
    yield Quantity("cut_steps", float(evolution.cuts), "1", meaning=text)


def measured(numbers: dict[str, float], bars: dict[str, float], plane: bool) -> Iterator[Quantity]:
    """What was measured, by name, with its error bar where there is one."""
    for name, value in sorted(numbers.items()):
        units, text = MEANINGS[name.partition(".")[0]]
        bar = bars.get(name, float("inf"))
        kind: Bound = "estimated" if isfinite(bar) else "none"
        low, high = (value - bar, value + bar) if isfinite(bar) else (None, None)
        yield Quantity(name, value, units[-1 if plane else 0], low, high, kind, text)


def steps_of(found: Mechanical) -> str:
    """All converged steps as comma-separated values; "" if all of the load acted at once."""
    path = found.state.path
    if found.flowed is not None:
        return step_table(found.flowed)
    return table_of_path(path) if path is not None and path.is_long else ""


def step_table(flowed: Flowed) -> str:
    """All converged steps of a body that flows as comma-separated values, working units."""
    steps = flowed.evolution.steps
    names = sorted(steps[0].values)
    heads = ["time [s]", "load [1]", "work [pJ]", "dissipated [pJ]", "Newton steps"]
    for name in names:
        heads.append(f"{name} [{MEANINGS[name.partition('.')[0]][0][0]}]")
    lines = [",".join(heads)]
    for step in steps:
        first = (step.time, step.load, step.work, step.dissipated, float(step.iterations))
        row = (*first, *(step.values[name] for name in names))
        lines.append(",".join(f"{value:.12g}" for value in row))
    return "\n".join(lines) + "\n"
