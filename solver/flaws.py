"""Quantities of flaws inside of a layer: of each tip, and which of them grows first."""

from collections.abc import Iterator
from dataclasses import replace
from math import degrees, inf

from meshes.layers import Block
from solver import mechanics_schema
from solver.broken_state import Jump
from solver.closed_part import of_flaw
from solver.fracture import Tip
from solver.margins import (
    PER_TOUGHNESS,
    RATE,
    angle_of,
    crack_modulus_at,
    estimate,
    judged,
    law_at,
    resistance,
    scaled,
)
from solver.mechanics import Mechanical
from solver.mixed_mode import kink
from solver.quantities import Quantity
from solver.stability import DrivingForce, verdict

SHUT = "undecided: the crack is pressed shut"
TOLD = {
    "flaw_opening": ("um", "Largest distance of the faces."),
    "flaw_slip": ("um", "Largest sliding of the faces past each other."),
    "flaw_overlap": ("um", "Largest overlap of the faces, at the nodes and between."),
    "closed_length": ("um", "Length that is closed."),
    "contact_force": ("N/m", "Force with which the faces press on each other, per depth."),
    "mean_contact_pressure": ("MPa", "Mean pressure where the flaw is closed."),
}
OVERLAPS = 0.01  # of K_II: a K_I of one mesh, without an error bar, that counts as below zero


def labels(block: Block) -> tuple[str, ...]:
    """What the tips are called: a flaw from the surface has one, others a start and an end."""
    names = (
        (flaw.name,) if flaw.emerges else (f"{flaw.name}.end", f"{flaw.name}.start")
        for flaw in block.flaws
    )
    return tuple(name for pair in names for name in pair)


def of_flaws(
    block: Block, mechanics: mechanics_schema.Mechanics, found: Mechanical
) -> Iterator[Quantity]:
    """Driving force of every tip, and the one with the smallest margin; collective."""
    judged_tips: list[tuple[float, str, str]] = []
    if found.broken is not None:
        for name, jump in found.broken.jumps.items():
            yield from _of_faces(name, jump, found)
    for index, label in enumerate(labels(block) if found.tips else ()):
        of_tip = list(_of_tip(block, mechanics, found, index))
        for quantity in of_tip:
            yield replace(quantity, name=f"{quantity.name}.{label}")
        by_name = {quantity.name: quantity.value for quantity in of_tip}
        word, margin = by_name.get("verdict"), by_name.get("margin", inf)
        if isinstance(word, str) and isinstance(margin, float):
            judged_tips.append((margin, label, word))
    if not judged_tips:
        return
    margin, label, word = min(judged_tips)
    shut = any(other == SHUT for _, _, other in judged_tips)
    if shut and (margin == inf or word == "stable"):
        word = SHUT  # what holds may not hold where the faces of another flaw overlap
    yield Quantity("verdict", word, "", meaning="Of the first to grow.")
    if margin < inf:
        text = "The tip with the smallest margin."
        yield Quantity("first_to_grow", label, "", meaning=text)


def _of_faces(name: str, jump: Jump, found: Mechanical) -> Iterator[Quantity]:
    """What the faces of a flaw do that may touch; collective."""
    for head, value in of_flaw(jump, found.domain.comm).items():
        unit, text = TOLD[head]
        key = f"{head}.{name}"
        yield estimate(key, value, found.closed_bars.get(key, inf), unit, text)


def _of_tip(
    block: Block, mechanics: mechanics_schema.Mechanics, found: Mechanical, index: int
) -> Iterator[Quantity]:
    """Driving force, intensities, kink, verdict and margin of one tip."""
    tip, force = found.tips[index]
    bar = found.bars[index]
    modulus = crack_modulus_at(block, mechanics, tip.level, angle_of(tip), tip.place[0])
    text = "G of the tip, if it grows straight on."
    yield estimate("energy_release_rate", force.value, bar, RATE, text)
    text = "From the energies with the tip moved forwards and backwards."
    yield Quantity("energy_release_rate_by_extension", force.by_extension, RATE, meaning=text)
    if force.value and not abs(force.value) <= bar < inf:  # else it is a share of nothing
        text = "Largest difference of G by two contours, over G."
        share = force.spread / abs(force.value)
        yield Quantity("contour_dependence", share, "1", meaning=text)
    text = "dG/da, straight on."
    yield estimate("energy_release_rate_slope", force.slope, force.slope_bar, "J/m^2/um", text)
    driving = force.value
    if found.intensities:
        yield from _of_modes(found, index)
        opening, shear = found.intensities[index].values
        if _overlaps(mechanics, found, index):
            text = 'Its faces overlap; with law = "contact" they touch.'
            yield Quantity("verdict", SHUT, "", meaning=text)
            return
        angle, equivalent = kink(opening, shear)
        text = "Direction in which it goes on, anticlockwise from its own (largest hoop stress)."
        yield Quantity("kink_angle", degrees(angle), "degree", meaning=text)
        kinked = equivalent**2 / modulus
        text = "K_eq^2/E' of the kinked crack by the largest hoop stress."
        yield estimate("kink_energy_release_rate", kinked, bar, RATE, text)
        driving = max(driving, kinked)
    yield from _judged(block, mechanics, tip, driving, bar, force)


def _overlaps(mechanics: mechanics_schema.Mechanics, found: Mechanical, index: int) -> bool:
    """Whether the faces at a tip overlap, which do not know of each other."""
    if isinstance(mechanics.faces.get(found.tips[index][0].crack), mechanics_schema.Contact):
        return False
    opening, shear = found.intensities[index].values
    bar = found.intensity_bars[index]
    return opening < -(bar if bar < inf else OVERLAPS * abs(shear))


def overlapping_flaws(mechanics: mechanics_schema.Mechanics, found: Mechanical) -> tuple[str, ...]:
    """The flaws whose faces overlap at a tip."""
    tips = range(len(found.tips) if found.intensities else 0)
    names = {found.tips[i][0].crack for i in tips if _overlaps(mechanics, found, i)}
    return tuple(sorted(names))


def _of_modes(found: Mechanical, index: int) -> Iterator[Quantity]:
    names = ("stress_intensity", "stress_intensity_shear")
    texts = ("K_I, by the interaction integral.", "K_II, by the interaction integral.")
    bar = found.intensity_bars[index]
    for name, text, value in zip(names, texts, found.intensities[index].values, strict=True):
        yield scaled(estimate(name, value, bar, "MPa m^0.5", text), PER_TOUGHNESS)


def _judged(
    block: Block,
    mechanics: mechanics_schema.Mechanics,
    tip: Tip,
    driving: float,
    bar: float,
    force: DrivingForce,
) -> Iterator[Quantity]:
    modulus = crack_modulus_at(block, mechanics, tip.level, angle_of(tip), tip.place[0])
    limit = resistance(law_at(block, mechanics, tip.level), modulus)
    if limit is None:
        return
    word: str = verdict(driving, bar, limit, force.slope, force.slope_bar)
    word = "grows" if word == "arrests" else word  # where it stops is not followed
    yield Quantity("verdict", word, "", meaning="Does the crack grow?")
    yield from judged(mechanics, driving, bar, limit)
