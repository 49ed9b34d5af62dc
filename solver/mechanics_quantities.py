"""Quantities of stress and cracks, each with its unit and its estimated error bar."""

from collections.abc import Iterator
from math import inf

from meshes.layers import Block, Box
from meshes.micro import Micro
from solver import mechanics_schema, schema
from solver.crack_opening import mean_displacement
from solver.crack_quantities import of_crack
from solver.flaws import of_flaws
from solver.flow_quantities import flow_quantities, measured
from solver.front_quantities import front_quantities
from solver.growth_quantities import growth_quantities
from solver.interface_quantities import of_interfaces
from solver.margins import (
    RATE,
    estimate,
    film_modulus,
    film_resistance,
    judged,
    scaled,
)
from solver.mechanics import PER_METRE, Mechanical, is_pressed_shut
from solver.quantities import Quantity
from solver.stability import verdict

SHUT = Quantity(
    "verdict", "undecided: the crack is pressed shut", "",
    meaning='Its faces are pressed together; without law = "contact" they overlap.',
)  # fmt: skip
CLOSURE = (
    "Work that opens the crack in the section, over the thickness; where layers yield an estimate "
    "of what drives a crack that channels along the film."
)


def mechanical_quantities(case: schema.Case, found: Mechanical) -> Iterator[Quantity]:
    """All numbers of the mechanics of a case; no verdict on a load that was not carried."""
    path = found.state.path
    judges = ("verdict", "margin") if path is not None and path.stopped else ()
    yield from (quantity for quantity in _all_of(case, found) if quantity.name not in judges)
    if path is None or not path.is_long:
        return
    yield Quantity("load_reached", path.reached, "1", meaning="Share of the load, at the end.")
    text = "Steps of the load, on the last mesh."
    yield Quantity("load_steps", float(len(path.steps)), "1", meaning=text)
    text = "Steps that failed and were halved."
    yield Quantity("cut_steps", float(path.cuts), "1", meaning=text)


def _all_of(case: schema.Case, found: Mechanical) -> Iterator[Quantity]:
    mechanics, block = case.mechanics, case.geometry
    if found.flowed is not None:
        plane = not (found.domain.axisymmetric or isinstance(block, Box))
        yield from flow_quantities(found.flowed, found.state.balance, plane)
        if mechanics is not None:
            yield from _of_springs(mechanics, found)
        if mechanics is not None and isinstance(block, Block) and found.film is not None:
            if is_pressed_shut(found):
                yield SHUT
            else:
                yield from _of_film(block, mechanics, found)
        return
    if mechanics is None or not isinstance(block, Block | Box | Micro):
        return
    text = "Reactions plus loads, over the sum of the sizes of both."
    yield Quantity("force_balance", found.state.balance, "1", meaning=text)
    yield from _of_springs(mechanics, found)
    if found.growth is not None:
        yield from growth_quantities(case, found.growth)
        return
    if isinstance(block, Micro):
        yield from measured(found.told, found.told_bars, False)
        yield from _of_cut(mechanics, found)
        return
    if isinstance(block, Box):
        yield from front_quantities(block, mechanics, found)
        yield from measured(found.told, found.told_bars, False)
        if block.crack is not None:
            yield from _of_crack(found, "um^3")
        return
    yield from measured(found.told, found.told_bars, not found.domain.axisymmetric)
    if found.curvature is not None:
        text = "Of the stack of layers, which bends freely; positive if its upper side is hollow."
        yield estimate("curvature", PER_METRE * found.curvature, found.bar, "m^-1", text)
    shut = is_pressed_shut(found)
    if shut:
        yield SHUT
    if block.flaws:
        yield from of_flaws(block, mechanics, found)
    elif found.broken is not None:
        yield from of_interfaces(block, mechanics, found)
    elif found.tips and not shut:
        yield from of_crack(block, mechanics, found)
    if found.film is not None and not shut:
        yield from _of_film(block, mechanics, found)
    yield from _of_touching(block, found)
    yield from _of_strength(block, mechanics, found)
    if block.crack is not None:
        yield from _of_crack(found, "um^2" if block.shape == "block" else "um^3")
        if "crack" in found.state.touching:
            text = "By how much the faces of the crack overlap, at any node."
            yield Quantity("crack_overlap", found.overlap, "um", meaning=text)


def _of_cut(mechanics: mechanics_schema.Mechanics, found: Mechanical) -> Iterator[Quantity]:
    """A crack through a layer of a microstructure, along all of a side."""
    film, cut = found.film, mechanics.cut
    if film is None or cut is None:
        return
    if film.stress <= 0.0:
        yield SHUT  # contact of its faces is not modelled
        return
    text = "Mean of G along a crack through the layer, from the energies with it and without."
    yield estimate("mean_energy_release_rate", film.rate, found.bar, RATE, text)
    text = "Mean stress that the crack releases."
    yield Quantity("film_stress", film.stress, "MPa", meaning=text)
    text = "Largest distance of the faces of the crack."
    yield Quantity("crack_opening", found.opening, "um", meaning=text)
    text = "By how much its faces overlap where bending presses them together."
    yield Quantity("crack_overlap", found.overlap, "um", meaning=text)
    solid = mechanics.solids[cut.layer]
    limit = solid.fracture_energy
    if limit is not None:
        word = verdict(film.rate, found.bar, limit, 0.0)
        yield Quantity("verdict", word, "", meaning="Does a crack go through the layer?")
        yield from judged(mechanics, film.rate, found.bar, limit)


def _of_springs(mechanics: mechanics_schema.Mechanics, found: Mechanical) -> Iterator[Quantity]:
    """Where plates with springs behind them come to rest."""
    path = found.state.path
    share = 1.0 if path is None else path.reached
    share = share if found.flowed is None else found.flowed.evolution.steps[-1].load
    for name, face in mechanics.faces.items():
        if isinstance(face, mechanics_schema.Plate) and face.stiffness:
            moved = mean_displacement(found.body, found.state, name)
            text = "Way by which the plate is pushed outwards."
            bar = found.plate_bars.get(name, inf)
            yield estimate(f"plate_displacement.{name}", moved, bar, "um", text)
            pressure = share * face.pressure + face.stiffness * moved
            text = "Mean pressure under the plate, of its load and its spring."
            bar *= abs(face.stiffness)
            yield estimate(f"stack_pressure.{name}", pressure, bar, "MPa", text)


def _of_crack(found: Mechanical, unit: str) -> Iterator[Quantity]:
    text = "Largest distance of the faces of the crack."
    wide, full = found.opening_bars
    yield estimate("crack_opening", found.opening, wide, "um", text)
    text = "Volume between the faces of the crack of the whole body (plane: per depth)."
    yield estimate("crack_volume", found.volume, full, unit, text)


def _of_touching(block: Block, found: Mechanical) -> Iterator[Quantity]:
    """Where bodies touch, and how hard."""
    unit = "N/m" if block.shape == "block" else "uN"
    for name, reach in found.state.touching.items():
        text = (
            f"Force with which what touches {name} presses on it (plane: per depth; meshed part)."
        )
        flat = found.pressed.get(name)
        force = -found.state.reactions[name] if flat is None else flat.force
        half = found.closed_bars.get(f"contact_force.{name}", inf)
        yield estimate(f"contact_force.{name}", force, half, unit, text)
        if name in found.rims:
            text = "How far along the face it is touched, by the gap beyond."
            half = found.rim_bars.get(name, inf)
            yield estimate(f"contact_reach.{name}", found.rims[name].by_gap, half, "um", text)
        elif name != "crack":
            text = "How far along the face it is touched, to the last node."
            yield Quantity(f"contact_reach.{name}", reach, "um", meaning=text)
        if flat is not None:
            text = "Length along which it is touched."
            half = found.closed_bars.get(f"closed_length.{name}", inf)
            yield estimate(f"closed_length.{name}", flat.length, half, "um", text)
        alone = not (found.tips or found.film or found.tensions)
        bar = found.bar if alone else found.closed_bars.get(f"peak_contact_pressure.{name}", inf)
        text = "Largest pressure of the contact."
        pressure = found.pressures[name]
        yield estimate(f"peak_contact_pressure.{name}", pressure, bar, "MPa", text)


def _of_strength(
    block: Block, mechanics: mechanics_schema.Mechanics, found: Mechanical
) -> Iterator[Quantity]:
    """The largest tension in the last layer against its strength."""
    strength = mechanics.solids[block.layers[-1].name].strength
    if strength is None or not found.tensions:
        return
    for name, tension in found.tensions.items():
        text = f"Largest stress along {name}, in the section or across it."
        yield estimate(f"tension.{name}", tension, found.bar, "MPa", text)
    largest = max(found.tensions.values())
    if largest <= 0.0:
        yield Quantity("verdict", "holds", "", meaning="Does the layer break?")
        return
    margin = strength / largest
    half = margin * found.bar / largest
    text = "Strength over the largest tension: above 1 the layer holds."
    yield estimate("margin", margin, half, "1", text)
    word = "holds" if margin > 1.0 else "breaks"
    if abs(margin - 1.0) <= half:
        word = "undecided within the error bar"
    yield Quantity("verdict", word, "", meaning="Does the layer break?")


def _of_film(
    block: Block, mechanics: mechanics_schema.Mechanics, found: Mechanical
) -> Iterator[Quantity]:
    """The steady state of a crack that channels along a film."""
    film = found.film
    if film is None:
        return
    text = "G_ss of a crack that channels along the film, from the energies of the section."
    text = text if found.flowed is None else CLOSURE
    bar = found.bar
    yield estimate("steady_state_energy_release_rate", film.rate, bar, RATE, text)
    text = "Mean stress that the crack releases."
    yield Quantity("film_stress", film.stress, "MPa", meaning=text)
    modulus = film_modulus(block, mechanics, film.thickness)
    if film.stress:
        factor = modulus / (film.stress**2 * film.thickness)
        text = "Z = G_ss E'/(sigma^2 h) of the film; of several layers E' is their mean."
        yield scaled(estimate("channelling_factor", film.rate, bar, "1", text), factor)
        if film.sequential is not None:
            text = "Of a crack in the middle between two: 2 W(s) - W(2 s) over the thickness."
            value, half = film.sequential, film.sequential_bar
            yield estimate("sequential_energy_release_rate", value, half, RATE, text)
            text = "The same times E'/(sigma^2 h)."
            other = estimate("sequential_channelling_factor", value, half, "1", text)
            yield scaled(other, factor)
    if film.saturation is not None:
        text = "Distance that the last cracks leave, each in the middle between two: G_seq = Gc."
        bar_of = film.saturation_bar
        yield estimate("saturation_spacing", film.saturation, bar_of, "um", text)
    limit, without = film_resistance(block, mechanics, film.thickness)
    if without:
        word = f"undecided: of {without}, through which it goes, no Gc is known"
        yield Quantity("verdict", word, "", meaning="Does the crack channel through the film?")
    if limit is not None:
        word = verdict(film.rate, bar, limit, 0.0)
        yield Quantity("verdict", word, "", meaning="Does the crack channel through the film?")
        yield from judged(mechanics, film.rate, bar, limit)
