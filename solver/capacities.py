"""Capacities, thicknesses and volumes of lithium electrodes: arithmetic of foils, no field.

Lithium of charge Q per area is a dense layer of h = Q M/(F rho), one electron per atom: 4.85 um for
1 mAh/cm^2 at 0.534 g/cm^3. A layer measured to be thicker is porous by 1 - h/measured. Volumes of
phases add up (no voids), so that a sum over 100 % says that the data contradict each other.

Working units as in `stoichiometry` (um, pC, kg, fmol): charges in pC/um^2 and pC/kg.
"""

import math
from collections.abc import Mapping

from solver.stoichiometry import Amount, Phase, composition, molar_mass
from solver.units import FARADAY

AREAL = 1e-4 / 3.6  # mAh/cm^2 per pC/um^2
SPECIFIC = 1e-15 / 3.6  # mAh/g per pC/kg


def dense_thickness(charge: float, lithium: Phase) -> float:
    """Thickness of dense lithium (um) of a charge per area (pC/um^2)."""
    return charge / FARADAY * molar_mass(lithium.formula) / lithium.density


def deposit(
    charge: float, lithium: Phase, measured: float | None, foil: float | None
) -> list[Amount]:
    """Lithium that is plated or stripped.

    Args:
        charge: per area, pC/um^2.
        lithium: its formula and density.
        measured: change of thickness as seen, um; gives the porosity.
        foil: thickness of the foil it comes from, um; gives the share of it.
    """
    dense = dense_thickness(charge, lithium)
    found = [Amount("balance.dense_thickness", dense, "um", "h", "dense lithium of the charge")]
    if measured is not None:
        text = "1 - dense thickness over measured one"
        porosity = 100 * (1 - dense / measured)
        found.append(Amount("balance.porosity", porosity, "%", "p", text))
    if foil is not None:
        text = "dense thickness over that of the foil"
        found.append(Amount("balance.foil_share", 100 * dense / foil, "%", "", text))
    return found


def composite_foil(
    size: tuple[float, float],
    mass: float,
    densities: tuple[float, float],
    capacities: tuple[float, float],
    lithium: Phase,
    element: str,
) -> list[Amount]:
    """A foil of free lithium in a skeleton of lithium and one other element.

    Free lithium gives the first capacity, the lithium of the skeleton the rest; what is not lithium
    by mass is the other element. Volumes are those of free lithium and of the skeleton.

    Args:
        size: diameter and thickness of the disc, um.
        mass: of the disc, kg.
        densities: of the foil as reported and of the dense skeleton, kg/um^3.
        capacities: per mass of the foil, of the free lithium and of all lithium, pC/kg.
        lithium: its formula and density.
        element: the other element of the skeleton.

    Raises:
        ValueError: the capacities are those of more lithium than there is mass.
    """
    area, thickness = math.pi / 4 * size[0] ** 2, size[1]
    density, dense_skeleton = densities
    molar = molar_mass(lithium.formula)
    free, whole = (capacity * molar / FARADAY for capacity in capacities)
    if not free < whole < 1:
        raise ValueError("a total_capacity above the free one and below that of pure lithium")
    skeleton_lithium = (whole - free) / molar
    other = (1 - whole) / molar_mass(element)
    volumes = density * free / lithium.density, density * (1 - free) / dense_skeleton
    ideal = 1 / (free / lithium.density + (1 - free) / dense_skeleton)
    by_density = density * area * thickness
    return [
        Amount("balance.foil_mass", 1e6 * by_density, "mg", "m", "density times volume"),
        _areal("balance.free_capacity", capacities[0] * mass / area, "free lithium of the disc"),
        _areal("balance.total_capacity", capacities[1] * mass / area, "all lithium of the disc"),
        _percent("balance.free_lithium", free, "mass of free lithium in the foil"),
        _percent("balance.lithium", whole, "mass of all lithium in the foil"),
        Amount(
            "balance.skeleton_ratio", skeleton_lithium / other, "1", "",
            f"lithium atoms per {element} in the skeleton",
        ),
        _percent("balance.lithium_volume", volumes[0], "free lithium, of the foil's volume"),
        _percent("balance.skeleton_volume", volumes[1], "skeleton, of the foil's volume"),
        _percent("balance.volume_sum", sum(volumes), "both; over 100 % the data contradict"),
        Amount("balance.ideal_density", 1e15 * ideal, "g/cm^3", "rho", "of the two without voids"),
    ]  # fmt: skip


def kneaded(
    phases: Mapping[str, Phase],
    coefficients: Mapping[str, float],
    shares: Mapping[str, float],
    thickness: float,
    lithium: str,
    measured: float | None,
    cathode: float | None,
) -> list[Amount]:
    """A mixture that reacts until one of its parts is used up, as a dense foil.

    Args:
        phases: data of every phase.
        coefficients: phase -> stoichiometric coefficient, negative when consumed.
        shares: phase -> mass share of the mixture before; they add up to 1.
        thickness: of the foil, um.
        lithium: the phase that is free lithium.
        measured: capacity per area that was found, pC/um^2.
        cathode: capacity per area of the other electrode, pC/um^2.

    Raises:
        ValueError: the shares are not those of a mixture, or no part of it is consumed.
    """
    if abs(sum(shares.values()) - 1) > 1e-9:
        raise ValueError("shares that add up to 1")
    moles = {name: shares.get(name, 0.0) / molar_mass(phases[name].formula) for name in phases}
    consumed = {name: nu for name, nu in coefficients.items() if nu < 0}
    if not consumed or any(name not in shares for name in consumed):
        raise ValueError("a share of every phase that the reaction consumes")
    if phases[lithium].formula != "Li":
        raise ValueError("lithium with the formula Li")
    extent = min(moles[name] / -nu for name, nu in consumed.items())
    after = {name: moles[name] + coefficients.get(name, 0.0) * extent for name in phases}
    masses = {name: max(n, 0.0) * molar_mass(phases[name].formula) for name, n in after.items()}
    volumes = {name: mass / phases[name].density for name, mass in masses.items()}
    density = 1 / sum(volumes.values())  # the masses add up to 1
    free = masses[lithium] / molar_mass("Li") * FARADAY
    bound = {n: composition(p.formula).get("Li", 0.0) for n, p in phases.items() if n != lithium}
    areal = free * density * thickness
    found = [_percent("balance.free_lithium", masses[lithium], "mass of free lithium")]
    for name, volume in volumes.items():
        if masses[name] > 1e-12:
            text = f"volume of {name}"
            found.append(_percent(f"balance.volume_{name}", volume * density, text))
    found += [
        Amount("balance.mixture_density", 1e15 * density, "g/cm^3", "rho", "without voids"),
        Amount("balance.specific_capacity", SPECIFIC * free, "mAh/g", "", "free lithium"),
        _areal("balance.dense_capacity", areal, "free lithium of the dense foil"),
    ]
    for name, atoms in bound.items():
        if atoms and after[name] > 0 and coefficients.get(name, 0.0) > 0:
            more = (free + atoms * after[name] * FARADAY) * density * thickness
            text = f"free lithium and that of {name}"
            found.append(_areal(f"balance.capacity_with_{name}", more, text))
    if measured is not None:
        found.append(_percent("balance.accessible", measured / areal, "measured over dense"))
    if cathode is not None:
        found.append(
            Amount("balance.capacity_ratio", areal / cathode, "1", "N/P", "dense over cathode")
        )
        if measured is not None:
            ratio = measured / cathode
            text = "measured over cathode"
            found.append(Amount("balance.measured_ratio", ratio, "1", "N/P", text))
    return found


def thinner_stack(lengths: Mapping[str, float], masses: Mapping[str, float]) -> list[Amount]:
    """Most that a thinner electrode can add to the energy of a stack per volume and per mass.

    Energy, voltage and everything else as before: (others + before)/(others + after) - 1, of what
    the stack has per area. What is left out of the others makes the gain smaller.

    Args:
        lengths: of the electrode `before` and `after` and of everything else, um.
        masses: of the same, kg/um^2; none: no gain per mass.
    """

    def gain(parts: Mapping[str, float]) -> float:
        others = sum(part for name, part in parts.items() if name not in ("before", "after"))
        return (others + parts["before"]) / (others + parts["after"]) - 1

    text = "energy per volume, by thickness alone"
    found = [_percent("balance.volumetric_gain", gain(lengths), text)]
    if masses:
        text = "energy per mass, by the mass of the electrode alone"
        found.append(_percent("balance.gravimetric_gain", gain(masses), text))
    return found


def _percent(name: str, share: float, text: str) -> Amount:
    return Amount(name, 100 * share, "%", "", text)


def _areal(name: str, charge: float, text: str) -> Amount:
    return Amount(name, AREAL * charge, "mAh/cm^2", "Q", text)
