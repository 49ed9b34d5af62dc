"""Quantities of a crack in 3D: G along its front, its largest and its least value, the verdict."""

from collections.abc import Iterator
from math import pi

import numpy as np

from meshes.layers import Box
from solver import hooke, mechanics_schema
from solver.fracture import stress_intensity
from solver.margins import PER_TOUGHNESS, RATE, estimate, judged, resistance, scaled
from solver.mechanics import Mechanical, is_pressed_shut
from solver.mechanics_model import solid_law
from solver.quantities import Quantity
from solver.stability import verdict


def front_quantities(
    box: Box, mechanics: mechanics_schema.Mechanics, found: Mechanical
) -> Iterator[Quantity]:
    """What is said of a crack with a front."""
    front = found.front
    if front is None:
        return
    if is_pressed_shut(found):
        text = "The loads press the faces of the crack together; in 3D they overlap then."
        yield Quantity("verdict", "undecided: the crack is pressed shut", "", meaning=text)
        return
    region = mechanics.solids[box.layers[0].name]
    stiffness = solid_law(region, mechanics, plane=False, spatial=True).stiffness
    modulus = hooke.crack_modulus(stiffness)
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
    text = "Largest difference of G by two contours, over G."
    spread = float((front.spread / np.abs(front.values)).max())
    yield Quantity("contour_dependence", spread, "1", meaning=text)
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
    word: str = verdict(rate, bar, limit, 0.0)
    word = "grows" if word == "grows unstably" else word  # how G changes is not computed
    yield Quantity("verdict", word, "", meaning="Does the crack grow anywhere?")
    yield from judged(mechanics, rate, bar, limit)
