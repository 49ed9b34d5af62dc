"""What a reader looks for first among the quantities of a run: cards of a page, lines of a table.

Names are those in `results.json`; of bodies the part before the first dot counts, so that
`displacement` stands for that of every face.
"""

from typing import Any

Entries = list[dict[str, Any]]

# What a reader looks for first, as far as the run has it
OF_CURRENTS = (
    "excess_area_specific_resistance",
    "interface_area_specific_resistance",
    "area_specific_resistance",
    "psi",
    "S",
    "share.window",
    "share.film",
    "mean_amplification",
    "peak_amplification",
    "outcome",
    "voltage",
    "capacity",
)
# and of stress and a crack
OF_CRACKS = (
    "critical_current_density",
    "critical_span",
    "critical_thickness",
    "solved_for",
    "energy_release_rate",
    "steady_state_energy_release_rate",
    "mean_energy_release_rate",
    "channelling_factor",
    "verdict",
    "margin",
    "arrest_length",
    "critical_overpotential",
    "critical_pressure",
    "critical_stretch",
    "critical_load_factor",
    "stress_intensity",
    "shape_factor",
)
# and of a body: how it bends, what touches it, where its plates rest, what its layers do to each
# other, how it tears, how far its faces go, what holds them, how hard it is strained
OF_BODIES = (
    "buckling_load_factor",
    "curvature",
    "tension",
    "peak_contact_pressure",
    "contact_reach",
    "contact_area",
    "contact_force",
    "stack_pressure",
    "plate_displacement",
    "interface_opening",
    "interface_pressure",
    "pressed_length",
    "pressed_area",
    "torn_length",
    "peak_force",
    "damage_start",
    "crack_length",
    "crack_area",
    "radial_displacement",
    "displacement",
    "mean_pressure",
    "crack_opening",
    "largest_equivalent_stress",
    "largest_plastic_strain",
    "tension_99",
    "mean_stress",
)
MOST_CARDS, MOST_STRESS_CARDS = 4, 6
MOST_LINES = 6  # of a run without reported values
# what a run says of itself, not of its subject
CHECKS = ("force_balance", "current_balance", "load_reached", "load_steps", "cut_steps")


def headline(quantities: Entries) -> Entries:
    """What stands at the head of the page: of the currents, then of stress, cracks and bodies."""
    return of_currents(quantities)[:MOST_CARDS] + of_stress(quantities)[:MOST_STRESS_CARDS]


def lines_of(quantities: Entries) -> Entries:
    """The lines of a run without reported values: one of the currents, then those of stress."""
    found = of_currents(quantities)[:1]
    found += of_stress(quantities)[: MOST_LINES - len(found)]
    telling = [entry for entry in quantities if entry["name"] not in CHECKS]
    return found or telling[:1] or quantities[:1]


def of_currents(quantities: Entries) -> Entries:
    """All that is looked for of currents, the first one first."""
    found = {entry["name"]: entry for entry in quantities}  # some are compared more than once
    return [found[name] for name in OF_CURRENTS if name in found]


def of_stress(quantities: Entries) -> Entries:
    """The same of cracks, then of bodies."""
    found = {entry["name"]: entry for entry in quantities}
    heads = [(name.partition(".")[0], entry) for name, entry in found.items()]
    bodies = [entry for first in OF_BODIES for head, entry in heads if head == first]
    return [found[name] for name in OF_CRACKS if name in found] + bodies
