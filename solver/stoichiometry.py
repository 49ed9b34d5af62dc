"""Stoichiometric and geometric arithmetic of films, foils and pellets: no field is solved here.

Amounts per area follow from thickness and density, n = h rho / M; a reaction with coefficients nu
(negative: consumed) turns the film's amount into the thicknesses of the other phases,
h = |nu / nu_film| n M / rho. Everything else is the geometry of discs. All data stand in the case
file with their sources; only the atomic masses are a table here.

Working units: um, fmol, pC, V, pA; the coherent unit of mass is then the kilogram (pJ s^2/um^2), so
densities are in kg/um^3 (1 g/cm^3 = 1e-15) and molar masses in kg/fmol (1 g/mol = 1e-18).
"""

import math
import re
from dataclasses import dataclass

from solver.units import FARADAY

# g/mol: abridged standard atomic weights (conventional values where an interval is given),
# Prohaska et al., Pure Appl. Chem. 94, 573 (2022), doi 10.1515/pac-2019-0603.
ATOMIC_MASSES = {
    "H": 1.008, "Li": 6.94, "B": 10.81, "C": 12.011, "N": 14.007, "O": 15.999, "F": 18.998403162,
    "Mg": 24.305, "Al": 26.9815384, "Si": 28.085, "P": 30.973761998, "S": 32.06, "Cl": 35.45,
    "Ni": 58.6934, "Co": 58.933194, "Mn": 54.938043, "Ag": 107.8682, "In": 114.818,
}  # fmt: skip
_ATOM = re.compile(r"([A-Z][a-z]?)(\d+(?:\.\d+)?)?")


@dataclass(frozen=True)
class Phase:
    """A phase of fixed composition.

    Attributes:
        formula: elements with optional counts, as in ``Li6PS5Cl``; no brackets.
        density: kg/um^3.
    """

    formula: str
    density: float


@dataclass(frozen=True)
class Amount:
    """One number of the balance in its display unit; the names begin with ``balance.``."""

    name: str
    value: float
    unit: str
    symbol: str
    meaning: str


def composition(formula: str) -> dict[str, float]:
    """Atoms per formula unit.

    Raises:
        ValueError: the text is not a sequence of known elements with positive counts.
    """
    atoms: dict[str, float] = {}
    end = 0
    for match in _ATOM.finditer(formula):
        element, count = match[1], float(match[2] or 1)
        if match.start() != end or element not in ATOMIC_MASSES or count <= 0:
            break
        atoms[element] = atoms.get(element, 0.0) + count
        end = match.end()
    if not formula or end != len(formula):
        known = ", ".join(ATOMIC_MASSES)
        raise ValueError(f"a formula such as Li6PS5Cl (not {formula!r}) of the elements {known}")
    return atoms


def molar_mass(formula: str) -> float:
    """Mass of one mole, kg/fmol."""
    return 1e-18 * sum(n * ATOMIC_MASSES[element] for element, n in composition(formula).items())


def areal_amount(phase: Phase, thickness: float) -> float:
    """Amount of formula units per area of a dense film, n = h rho / M, fmol/um^2."""
    return thickness * phase.density / molar_mass(phase.formula)


def conversion(
    phases: dict[str, Phase], coefficients: dict[str, float], film: str, thickness: float
) -> list[Amount]:
    """Convert a film completely by a reaction.

    Args:
        phases: data of every phase that the reaction names.
        coefficients: phase -> stoichiometric coefficient, negative when consumed.
        film: the consumed phase that lies there as a film; the others come from elsewhere.
        thickness: of that film, um.

    Raises:
        ValueError: a phase has no data, atoms are not conserved, or the film is not consumed.
    """
    if missing := sorted(set(coefficients) - set(phases)):
        raise ValueError(f"a table in phases for {', '.join(missing)} of the reaction")
    _check_atoms(phases, coefficients)
    if coefficients.get(film, 0.0) >= 0.0:
        raise ValueError(f"a negative coefficient of the film {film}, which is consumed")
    amount = areal_amount(phases[film], thickness)
    extents = {name: nu / -coefficients[film] for name, nu in coefficients.items()}
    heights = {
        name: abs(nu) * amount * molar_mass(phases[name].formula) / phases[name].density
        for name, nu in extents.items()
    }
    products = {name: heights[name] for name, nu in extents.items() if nu > 0}
    product, consumed = sum(products.values()), sum(heights.values()) - sum(products.values())
    lithium = sum(-nu for name, nu in extents.items() if phases[name].formula == "Li")
    amounts = [
        # 1 fmol/um^2 = 1e-7 mol/cm^2
        Amount(f"balance.amount_{film}", 1e-7 * amount, "mol/cm^2", "n", f"{film} per area")
    ]
    for name, height in heights.items():
        if name != film:
            verb = "formed" if extents[name] > 0 else "consumed"
            text = f"dense {name} {verb} per {1e3 * thickness:g} nm {film}"
            amounts.append(Amount(f"balance.thickness_{name}", 1e3 * height, "nm", "h", text))
    amounts.append(
        Amount("balance.product_thickness", 1e3 * product, "nm", "h", "all products, dense")
    )
    for name, height in products.items():
        text = f"volume of {name} in the products"
        amounts.append(
            Amount(f"balance.volume_fraction_{name}", 100 * height / product, "%", "v", text)
        )
    return amounts + [
        Amount("balance.layer_ratio", product / thickness, "1", "", "products over film"),
        Amount(
            "balance.volume_change", 100 * (product / consumed - 1), "%", "",
            "products against everything consumed",
        ),
        # 1 pC/um^2 = 1e-4 C/cm^2 = 1e-4/3.6 mAh/cm^2
        Amount(
            "balance.charge", lithium * amount * FARADAY * 1e-4 / 3.6, "mAh/cm^2", "Q",
            "one electron per metallic lithium consumed",
        ),
    ]  # fmt: skip


def _check_atoms(phases: dict[str, Phase], coefficients: dict[str, float]) -> None:
    sums: dict[str, float] = {}
    for name, nu in coefficients.items():
        for element, count in composition(phases[name].formula).items():
            sums[element] = sums.get(element, 0.0) + nu * count
    if lost := {element: total for element, total in sums.items() if abs(total) > 1e-9}:
        text = ", ".join(f"{element}: {total:+g}" for element, total in lost.items())
        raise ValueError(f"a reaction that keeps its atoms (not {text})")


def solution(
    layer: Phase, thickness: float, host: Phase, host_thickness: float, element: str
) -> list[Amount]:
    """Mean atomic share of one element of a layer after dissolving in a host foil.

    x = n_element / (n_element + all atoms of the host), thicknesses in um.

    Raises:
        ValueError: the layer does not hold the element.
    """
    atoms = composition(layer.formula)
    if element not in atoms:
        raise ValueError(f"an element of {layer.formula} (not {element})")
    dissolved = atoms[element] * areal_amount(layer, thickness)
    whole = sum(composition(host.formula).values()) * areal_amount(host, host_thickness)
    meaning = f"{element} atoms in {host.formula}, mean over the foil"
    share = 100 * dissolved / (dissolved + whole)
    return [Amount(f"balance.atomic_fraction_{element}", share, "%", "x", meaning)]


def pressed_pellet(mass: float, diameter: float, thickness: float, phase: Phase) -> list[Amount]:
    """Density of a pellet, m / (pi d^2 t / 4), absolute and over that of the dense phase."""
    density = mass / (math.pi / 4 * diameter**2 * thickness)
    relative = 100 * density / phase.density
    return [
        Amount("balance.density", 1e15 * density, "g/cm^3", "rho", "mass over volume of the disc"),
        Amount("balance.relative_density", relative, "%", "", f"over dense {phase.formula}"),
    ]


def pressed_foil(diameter: float, pressed_diameter: float, thickness: float) -> list[Amount]:
    """Strains of a foil that spreads from diameter d to D at constant volume (um).

    Rigid islands of a film on it keep their area, so the share 1 - (d/D)^2 becomes uncovered.

    Raises:
        ValueError: the pressed foil is smaller than before.
    """
    stretch = pressed_diameter / diameter
    if stretch < 1:
        raise ValueError("a pressed_diameter not smaller than the diameter")
    uncovered = 100 * (1 - stretch**-2)
    return [
        Amount("balance.areal_strain", 100 * (stretch**2 - 1), "%", "", "(D/d)^2 - 1"),
        Amount("balance.linear_strain", 100 * (stretch - 1), "%", "", "D/d - 1"),
        Amount("balance.pressed_thickness", thickness / stretch**2, "um", "h", "h (d/D)^2"),
        Amount("balance.uncovered_fraction", uncovered, "%", "f", "1 - (d/D)^2"),
    ]


def intact_share(
    thickness: float, conductivity: float, resistance: float, area: float, sides: int
) -> list[Amount]:
    """Most of the current that an intact film can carry beside openings.

    Film and openings bridge the same drop, and ``sides`` equal interfaces share the measured
    resistance, so film current / whole current <= (R A / sides) / (h / kappa): the film covers at
    most the whole area.

    Args:
        thickness: h of the film, um.
        conductivity: kappa of the film, pA/(V um).
        resistance: measured over all interfaces, V/pA.
        area: of one interface, um^2.
        sides: number of interfaces in series.
    """
    measured = resistance * area / sides
    nominal = thickness / conductivity
    share = 100 * min(1.0, measured / nominal)
    # 1 V um^2/pA = 1e4 ohm cm^2
    return [
        Amount("balance.film_resistance", 1e4 * nominal, "ohm cm^2", "h/kappa", "intact film"),
        Amount("balance.measured_resistance", 1e4 * measured, "ohm cm^2", "R A/n", "one interface"),
        Amount("balance.intact_share", share, "%", "", "upper bound of the intact film's current"),
    ]
