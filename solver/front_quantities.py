"""Quantities of a crack in 3D: G along its front, its largest and its least value, the verdict."""

from collections.abc import Iterator
from math import inf, pi

import numpy as np

from meshes.layers import Box
from solver import hooke, mechanics_schema, schema
from solver.crack_front import Front
from solver.fracture import stress_intensity
from solver.margins import PER_TOUGHNESS, RATE, estimate, judged, resistance, scaled
from solver.mechanics import Mechanical, is_pressed_shut
from solver.mechanics_model import solid_law
from solver.quantities import Quantity
from solver.stability import Verdict, verdict

SLOPE = "J/m^2/um"


def front_limit(case: schema.Case, found: Mechanical) -> float | None:
    """Gc of a front that grows while what drives it falls, J/m^2; None of any other."""
    box, mechanics, front = case.geometry, case.mechanics, found.front
    if not isinstance(box, Box) or mechanics is None or front is None or is_pressed_shut(found):
        return None
    limit = _resistance(box, mechanics)
    return limit if limit is not None and word_of(front, limit) == "arrests" else None


def _resistance(box: Box, mechanics: mechanics_schema.Mechanics) -> float | None:
    region = mechanics.solids[box.layers[0].name]
    return resistance(region, _modulus(region, mechanics))


def _modulus(region: mechanics_schema.SolidRegion, mechanics: mechanics_schema.Mechanics) -> float:
    return hooke.crack_modulus(solid_law(region, mechanics, plane=False, spatial=True).stiffness)


def deciding(front: Front, limit: float) -> int:
    """The point of the front that decides whether the crack grows.

    Where G exceeds Gc by most beyond its error bar; if nowhere, where it may exceed it by most.
    """
    least, most = front.values - front.bars, front.values + front.bars
    return int((least if least.max() > limit else most).argmax())


def word_of(front: Front, limit: float) -> Verdict:
    """What the front does."""
    at = deciding(front, limit)
    rate, bar = float(front.values[at]), float(front.bars[at])
    return verdict(rate, bar, limit, front.slope_at(at), front.slope_bar)


def _stopped(word: str, found: Mechanical) -> str:
    """The same with the place where a front that slows comes to rest, if it does."""
    if word != "arrests":
        return word
    return "grows unstably" if found.arrest is None else f"arrests at a = {found.arrest:.4g} um"


def front_quantities(
    box: Box, mechanics: mechanics_schema.Mechanics, found: Mechanical
) -> Iterator[Quantity]:
    """What is said of a crack with a front."""
    front = found.front
    if front is None:
        return
    if is_pressed_shut(found):
        text = 'Its faces are pressed together; without law = "contact" they overlap.'
        yield Quantity("verdict", "undecided: the crack is pressed shut", "", meaning=text)
        return
    region = mechanics.solids[box.layers[0].name]
    modulus = _modulus(region, mechanics)
    most, least = int(front.values.argmax()), int(front.values.argmin())
    rate, bar = float(front.values[most]), float(front.bars[most])
    yield estimate("energy_release_rate", rate, bar, RATE, "Largest G along the front.")
    low, low_bar = float(front.values[least]), float(front.bars[least])
    yield estimate("least_energy_release_rate", low, low_bar, RATE, "Least G along the front.")
    text = "Mean of G along the front."
    mean_bar = float(front.bars.max())
    yield estimate("mean_energy_release_rate", front.mean, mean_bar, RATE, text)
    text = "The same from the energies with all of the front moved forwards and backwards."
    yield Quantity("energy_release_rate_by_extension", front.by_extension, RATE, meaning=text)
    if not rate <= bar < inf:  # else it is a share of nothing
        text = "Largest difference of G by two contours, over G."
        spread = float((front.spread / np.abs(front.values)).max())
        yield Quantity("contour_dependence", spread, "1", meaning=text)
    if front.slopes is not None:
        text = "dG/da where G is largest, as all of the front moves outwards."
        yield estimate("energy_release_rate_slope", front.slope, front.slope_bar, SLOPE, text)
    text = "Where G is largest: angle of the ellipse from the x axis."
    yield Quantity("front_angle", float(front.angles[most]) * 180.0 / pi, "degree", meaning=text)
    for name, value, half, which in (
        ("stress_intensity", rate, bar, "largest"),
        ("least_stress_intensity", low, low_bar, "least"),
    ):
        intensity = stress_intensity(value, modulus)
        width = 0.5 * half / value * intensity if value > 0.0 else half
        text = f"K_I = sqrt(E' G), E' = E/(1 - nu^2), {which} along the front."
        yield scaled(estimate(name, intensity, width, "MPa m^0.5", text), PER_TOUGHNESS)
    limit = resistance(region, modulus)
    if limit is None:
        return
    word = _stopped(word_of(front, limit), found)
    angle = float(front.angles[deciding(front, limit)]) * 180.0 / pi
    text = f"Does the crack grow anywhere? By G and its error bar at {angle:g} degrees."
    yield Quantity("verdict", word, "", meaning=text)
    if found.arrest is not None:
        text = "Half length along x at which G = Gc, if the front keeps its shape."
        yield estimate("arrest_length", found.arrest, found.arrest_bar, "um", text)
    yield from judged(mechanics, rate, bar, limit)
