"""What resists a crack, its margin, and the load at which it begins to grow."""

from collections.abc import Iterator
from itertools import pairwise
from math import atan2, inf, isfinite, pi, sqrt

import numpy as np

from meshes.block import layer_at
from meshes.layers import Block
from solver import hooke, mechanics_schema
from solver.fracture import Tip
from solver.graded import factor_at
from solver.mechanics_model import overpotential_to_pressure, solid_law
from solver.quantities import Bound, Quantity

RATE = "J/m^2"
PER_TOUGHNESS = 1e-3  # MPa m^(1/2) in 1 MPa um^(1/2)
OTHER = ""  # a load in proportion to which all stresses grow, without a name for its critical value
POINTS = 8  # of Gauss and Legendre in a layer, whose modulus may vary
NO_FACTOR = "-"  # a load of which G is no square


def modulus_at(
    block: Block, mechanics: mechanics_schema.Mechanics, y: float, x: float = 0.0
) -> float:
    """E' of the layer at a height: E/(1 - nu^2), in plane stress E; MPa."""
    plane, region = block.shape == "block", law_at(block, mechanics, y)
    stiffness = solid_law(region, mechanics, plane).stiffness
    return hooke.plane_strain_modulus(stiffness) * factor_at(region.graded, x, y)


def angle_of(tip: Tip) -> float:
    """Of the direction in which a crack grows, from the x axis, rad."""
    return atan2(tip.direction[1], tip.direction[0])


def crack_modulus_at(
    block: Block, mechanics: mechanics_schema.Mechanics, y: float, angle: float, x: float = 0.0
) -> float:
    """E' in G = K_I^2/E' of a crack at a place that runs in a direction (rad), MPa."""
    plane, region = block.shape == "block", law_at(block, mechanics, y)
    stiffness = solid_law(region, mechanics, plane).stiffness
    return hooke.crack_modulus(stiffness, angle) * factor_at(region.graded, x, y)


def law_at(
    block: Block, mechanics: mechanics_schema.Mechanics, y: float
) -> mechanics_schema.SolidRegion:
    """The solid at a height (um)."""
    return mechanics.solids[layer_at(block, y).name]


def resistance(region: mechanics_schema.SolidRegion, modulus: float) -> float | None:
    """Gc, J/m^2, from what is given: itself, or K_Ic^2/E'; None if nothing is."""
    if region.fracture_energy is not None:
        return region.fracture_energy
    if region.fracture_toughness is not None:
        return region.fracture_toughness**2 / modulus
    return None


def resistance_at(
    block: Block, mechanics: mechanics_schema.Mechanics, y: float, angle: float, x: float = 0.0
) -> float | None:
    """Gc of a crack at a place that runs in a direction (rad), J/m^2; None if it is not given."""
    modulus = crack_modulus_at(block, mechanics, y, angle, x)
    return resistance(law_at(block, mechanics, y), modulus)


def film_modulus(block: Block, mechanics: mechanics_schema.Mechanics, thickness: float) -> float:
    """E' of the upper layers of a block of that thickness (um): their mean over it, MPa."""
    places = _through(block, thickness)
    return sum(share * modulus_at(block, mechanics, y) for y, share in places)


def film_resistance(
    block: Block, mechanics: mechanics_schema.Mechanics, thickness: float
) -> tuple[float | None, str]:
    """What a crack that channels through the upper layers of a block pays per area of it, J/m^2.

    The mean of Gc over the thickness (um): as it goes on by one, all of the layers break.

    Returns:
        Gc and "", or None and the name of a layer without Gc, if others have one.
    """
    found: list[tuple[float, float]] = []
    without = ""
    for y, share in _through(block, thickness):
        limit = resistance_at(block, mechanics, y, 0.5 * pi)
        if limit is None:
            without = layer_at(block, y).name
        else:
            found.append((limit, share))
    if without:
        return None, without if found else ""
    return sum(limit * share for limit, share in found), ""


def _through(block: Block, thickness: float) -> Iterator[tuple[float, float]]:
    """Heights (um) in the upper layers of a block and their shares in means over them."""
    points, weights = np.polynomial.legendre.leggauss(POINTS)
    planes = np.cumsum([0.0, *(layer.thickness for layer in block.layers)])
    top = planes[-1]
    for low, high in pairwise(planes):
        if low >= top - (1.0 + 1e-9) * thickness:
            for point, weight in zip(points, weights, strict=True):
                y = 0.5 * (low + high + point * (high - low))
                yield float(y), float(0.5 * weight * (high - low) / thickness)


def estimate(name: str, value: float, bar: float, unit: str, meaning: str) -> Quantity:
    """A quantity with its error bar; an infinite one says that there is none."""
    kind: Bound = "estimated" if isfinite(bar) else "none"
    low, high = (value - bar, value + bar) if isfinite(bar) else (None, None)
    return Quantity(name, value, unit, low, high, kind, meaning)


def judged(
    mechanics: mechanics_schema.Mechanics, rate: float, bar: float, limit: float
) -> Iterator[Quantity]:
    """Margin and, of elastic bodies, the load at which the crack begins to grow."""
    yield Quantity("fracture_energy", limit, RATE, meaning="Gc, from the input.")
    if rate <= 0.0 or rate <= bar < inf:
        return  # nothing drives it, as far as one can tell
    margin = limit / rate
    text = "Gc/G: above 1 the crack does not grow."
    yield estimate("margin", margin, margin * bar / rate, "1", text)
    root, half = sqrt(margin), 0.5 * bar / rate * sqrt(margin)
    found = loads(mechanics)
    names = {name for name, _ in found}
    if not found or NO_FACTOR in names:
        return  # no square of the load
    one = len(found) == 1 or (len(names) == 1 and len(set(found)) == 1)
    if not one or OTHER in names:
        text = "Factor on all loads together at which G = Gc."
        yield estimate("critical_load_factor", root, half, "1", text)
        return
    (name, value), text = found[0], "Load at which G = Gc."
    if len(found) > 1:
        text = "At which G = Gc: of all loads, which are alike."
    if name == "critical_overpotential":
        pressure = overpotential_to_pressure(value)
        yield scaled(estimate("critical_pressure", root, half, "MPa", text), pressure)
        yield scaled(estimate(name, root, half, "mV", text), 1e3 * value)
    elif name == "critical_pressure":
        yield scaled(estimate(name, root, half, "MPa", text), value)
    else:
        yield scaled(estimate(name, root, half, "1", text), value)


def scaled(quantity: Quantity, factor: float) -> Quantity:
    """The same with value and error bar times a factor, of either sign."""

    def times(x: float | None) -> float | None:
        return None if x is None else factor * x

    value = quantity.value
    low, high = times(quantity.lower), times(quantity.upper)
    if factor < 0.0:
        low, high = high, low
    return Quantity(
        quantity.name,
        factor * value if isinstance(value, float) else value,
        quantity.unit,
        low,
        high,
        quantity.bound,
        quantity.meaning,
    )


def loads(mechanics: mechanics_schema.Mechanics) -> list[tuple[str, float]]:
    """What strains the body, by the name of its critical value: `OTHER`, `NO_FACTOR` if none.

    G is a square of a factor on all loads together, also of faces that touch without a gap, but not
    where deflections are large, solids flow, interfaces tear, lithium yields or an indenter comes.
    """
    out: list[tuple[str, float]] = []
    for face in mechanics.faces.values():
        match face:
            case mechanics_schema.Lithium(gradient=held, mouth_pressure=mouth) if held < inf or (
                mouth and face.contact_limit is not None
            ):
                out.append((NO_FACTOR, 1.0))  # not all of the pressure grows with the load
            case mechanics_schema.Lithium(overpotential=eta, mouth_pressure=mouth) if eta and (
                eta > 0.0 or mouth
            ):
                out.append(("critical_overpotential", eta))
            case mechanics_schema.Traction(pressure, shear) if pressure or shear:
                out.append((OTHER if shear else "critical_pressure", pressure))
            case mechanics_schema.Plate(pressure) if pressure:
                out.append(("critical_pressure", pressure))
            case mechanics_schema.Indenter():
                out.append((NO_FACTOR, 1.0))
            case mechanics_schema.Moved(normal, tangential) if normal or tangential:
                out.append((OTHER, 1.0))
    if mechanics.stretch:
        out.append(("critical_stretch", mechanics.stretch))
    if any(mechanics.body_force) or is_strained(mechanics):
        out.append((OTHER, 1.0))
    solids, joints = mechanics.solids.values(), mechanics.interfaces.values()
    if any(solid.large or solid.flow is not None for solid in solids):
        out.append((NO_FACTOR, 1.0))
    if any(joint.tears for joint in joints):
        out.append((NO_FACTOR, 1.0))
    return out


def is_strained(mechanics: mechanics_schema.Mechanics) -> bool:
    """Whether solids are strained by themselves: as made, by a misfit, or by warmth."""
    return any(
        solid.strained or solid.thermal_expansion * mechanics.temperature_change
        for solid in mechanics.solids.values()
    )
