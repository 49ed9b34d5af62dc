"""Quantities of a crack in a plane of symmetry: of both its tips, the worse of which decides."""

from collections.abc import Iterator, Sequence
from math import hypot, inf, pi, sqrt

from meshes.layers import Block
from solver import mechanics_schema, schema
from solver.ends import End, told, verdict_of, worse
from solver.equilibrium import Support
from solver.fracture import Tip, find_tips, stress_intensity
from solver.margins import (
    PER_TOUGHNESS,
    RATE,
    angle_of,
    crack_modulus_at,
    estimate,
    is_strained,
    judged,
    resistance_at,
    scaled,
)
from solver.mechanics import Mechanical, is_pressed_shut
from solver.mechanics_model import conditions
from solver.quantities import Quantity
from solver.stability import STEP

TOUGHNESS, SLOPE = "MPa m^0.5", "J/m^2/um"


def label_of(tip: Tip) -> str:
    """A crack goes upwards or outwards from its start to its end."""
    return "end" if sum(tip.direction) > 0.0 else "start"


def ends_of(
    block: Block, mechanics: mechanics_schema.Mechanics, found: Mechanical
) -> tuple[End, ...]:
    """The tips that have a driving force, in the order of `Mechanical.tips`."""
    ends = []
    for (tip, force), bar in zip(found.tips, found.bars, strict=True):
        limit, ahead = (_limit(block, mechanics, tip, s) for s in (0.0, STEP * tip.reach))
        rises = 0.0 if limit is None or ahead is None else (ahead - limit) / (STEP * tip.reach)
        ends.append(End(label_of(tip), force, bar, limit, rises))
    return tuple(ends)


def _limit(
    block: Block, mechanics: mechanics_schema.Mechanics, tip: Tip, ahead: float
) -> float | None:
    """Gc at a distance (um) ahead of a tip, J/m^2."""
    (x, _), (along, up) = tip.place, tip.direction
    at = tip.level + ahead * up, angle_of(tip), x + ahead * along
    return resistance_at(block, mechanics, *at)


def starts_and_slows(case: schema.Case, found: Mechanical) -> tuple[int, tuple[float, ...]] | None:
    """The tip that grows if its driving force falls as it does, and Gc less its error bar of each.

    The whole Gc of the tip that grows. None if none does, or if another one may grow as well.
    """
    mechanics, block = case.mechanics, case.geometry
    if mechanics is None or not isinstance(block, Block) or block.crack is None or not found.tips:
        return None
    if found.broken is not None or is_pressed_shut(found):
        return None  # where an end between layers comes to rest is not looked for
    ends = ends_of(block, mechanics, found)
    first = worse(ends)
    others = [end for index, end in enumerate(ends) if index != first]
    if ends[first].word != "arrests" or any(end.word != "stable" for end in others):
        return None
    limits = [(end.limit or 0.0) - end.bar for end in ends]
    limits[first] = ends[first].limit or 0.0
    return first, tuple(limits)


def disagreement(block: Block, mechanics: mechanics_schema.Mechanics, found: Mechanical) -> str:
    """A warning where G of a tip and its intensities differ by more than both bars; else ""."""
    if len(found.intensities) != len(found.tips) or is_pressed_shut(found):
        return ""
    sizes = zip(found.tips, found.bars, found.intensities, found.intensity_bars, strict=True)
    for (tip, force), bar, modes, half in sizes:
        modulus = crack_modulus_at(block, mechanics, tip.level, angle_of(tip), tip.place[0])
        size = hypot(*modes.values)
        by_modes, most = size**2 / modulus, (2.0 * size + half) * half / modulus
        if abs(force.value - by_modes) > bar + most:
            return (
                f"Warning: G is {force.value:.5g} J/m^2, but {by_modes:.5g} J/m^2 by the "
                f"interaction integral, K^2/E': more apart than both error bars ({bar:.2g} and "
                f"{most:.2g}). One of them is wrong: no verdict is given."
            )
    return ""


def of_crack(
    block: Block, mechanics: mechanics_schema.Mechanics, found: Mechanical
) -> Iterator[Quantity]:
    """Driving force and verdict of the crack, by the worse of its tips."""
    ends = ends_of(block, mechanics, found)
    unknown = [label_of(tip) for tip in find_tips(block) if tip.reach == 0.0]
    word = verdict_of(ends, unknown)
    first = worse(ends)
    if word is not None and disagreement(block, mechanics, found):
        word = "undecided: G and the interaction integral do not agree"
    if word == "arrests":
        word = _stopped(found, len(ends) + len(unknown))
    of_one = [list(_of_tip(block, mechanics, found, ends, index)) for index in range(len(ends))]
    yield from told(ends, of_one, word)
    if found.arrest is not None:
        text = "Length of the crack at which G = Gc."
        half = found.arrest_bar + ends[first].bar / found.arrest_slope
        yield estimate("arrest_length", found.arrest, half, "um", text)


def _stopped(found: Mechanical, tips: int) -> str:
    """Where a crack stops whose driving force falls as it grows."""
    if found.arrest is not None:
        return f"arrests at a = {found.arrest:.4g} um"
    if found.ahead:
        return f"grows, undecided: of {found.ahead}, which it reaches, no Gc is known"
    # with another tip, which may go on as well, nobody has followed it to its end
    return "grows unstably" if tips == 1 else "grows"


def _of_tip(
    block: Block,
    mechanics: mechanics_schema.Mechanics,
    found: Mechanical,
    ends: Sequence[End],
    index: int,
) -> Iterator[Quantity]:
    """Driving force of one tip, its intensities and its margin."""
    (tip, force), end = found.tips[index], ends[index]
    modulus = crack_modulus_at(block, mechanics, tip.level, angle_of(tip), tip.place[0])
    rate, bar = force.value, end.bar
    yield estimate("energy_release_rate", rate, bar, RATE, "G of the tip of the crack.")
    text = "From the energies with the tip moved forwards and backwards."
    yield Quantity("energy_release_rate_by_extension", force.by_extension, RATE, meaning=text)
    if rate and not abs(rate) <= bar < inf:  # else it is a share of nothing
        text = "Largest difference of G by two contours, over G."
        yield Quantity("contour_dependence", force.spread / abs(rate), "1", meaning=text)
    text = "dG/da: positive means that the driving force rises as the crack grows."
    yield estimate("energy_release_rate_slope", force.slope, force.slope_bar, SLOPE, text)
    intensity = stress_intensity(rate, modulus)
    half = 0.5 * bar / rate * intensity if rate > 0.0 else inf
    text = "K_I = sqrt(E' G), isotropic: E' = E/(1 - nu^2) (plane stress: E)."
    yield scaled(estimate("stress_intensity", intensity, half, TOUGHNESS, text), PER_TOUGHNESS)
    if found.intensities:
        text = "K_I by the interaction integral."
        value, half_width = found.intensities[index].values[0], found.intensity_bars[index]
        other = estimate("stress_intensity_by_interaction", value, half_width, TOUGHNESS, text)
        yield scaled(other, PER_TOUGHNESS)
    load = _only_load(block, mechanics)
    length = _crack_length(block)
    if load and length and intensity and not rate <= bar < inf:
        factor = 1.0 / (abs(load) * sqrt(pi * length))
        text = "K_I over load times sqrt(pi a), a the length of the crack, of the meshed part."
        yield scaled(estimate("shape_factor", intensity, half, "1", text), factor)
    if end.limit is not None:
        word = "grows" if end.word == "arrests" else end.word
        yield Quantity("verdict", str(word), "", meaning="Does this end grow?")
        yield from judged(mechanics, rate, bar, end.limit)


def _only_load(block: Block, mechanics: mechanics_schema.Mechanics) -> float:
    """The one traction (MPa) of a case that has no other load, else 0."""
    tractions, supports = conditions(block, mechanics)
    given = any(s != Support(s.kind) for s in supports.values()) or mechanics.stretch is not None
    strained = is_strained(mechanics) or any(mechanics.body_force)
    loads = [t for t in tractions.values() if t.pressure or t.shear]
    if given or strained or len(loads) != 1 or loads[0].shear:
        return 0.0
    return loads[0].pressure


def _crack_length(block: Block) -> float:
    return 0.0 if block.crack is None else block.crack.end - block.crack.start
