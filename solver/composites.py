"""Bounds of composites of which only the volume shares are known.

Isotropic mixtures of isotropic phases in three dimensions. Hashin & Shtrikman, J. Appl. Phys. 33,
3125 (1962) for conductivities, J. Mech. Phys. Solids 11, 127 (1963), and Walpole, J. Mech. Phys.
Solids 14, 151 (1966) for moduli of phases in any order:

    k_HS = 1/sum_i f_i/(k_i + 2 k*) - 2 k*,                    k* least or largest of all k_i
    K_HS = 1/sum_i f_i/(K_i + 4/3 G*) - 4/3 G*,   G_HS = 1/sum_i f_i/(G_i + z) - z,
    z = G* (9 K* + 8 G*)/(6 (K* + 2 G*)),                      K*, G* least or largest

E = 9 K G/(3 K + G) grows with both, so the bounds of K and G bound it. Bruggeman, Ann. Phys. 416,
636 (1935): sum_i f_i (k_i - k)/(k_i + 2 k) = 0, an estimate that treats all phases alike; it
conducts only where more than a third of the volume does.
"""

import numpy as np
import numpy.typing as npt

from solver.stoichiometry import Amount

Array = npt.NDArray[np.float64]


def conductivity_bounds(shares: Array, conductivities: Array) -> tuple[float, float]:
    """Hashin-Shtrikman bounds, in the unit of the conductivities (n,), which may be zero."""
    ends = conductivities.min(), conductivities.max()
    lower, upper = (_conductivity(shares, conductivities, float(end)) for end in ends)
    return lower, upper


def _conductivity(shares: Array, conductivities: Array, reference: float) -> float:
    around = conductivities + 2 * reference
    if np.any((around == 0) & (shares > 0)):
        return 0.0  # insulating matrix
    return float(1 / np.sum(shares / around) - 2 * reference)


def bruggeman(shares: Array, conductivities: Array) -> float:
    """The self-consistent estimate, 0 where less than a third of the volume conducts."""
    largest = float(conductivities.max())
    if shares[conductivities > 0].sum() <= 1 / 3:
        return 0.0
    scaled = conductivities / largest
    whole = np.zeros(1)
    for i, share in enumerate(shares):
        term = share * np.array([-1.0, scaled[i]])  # powers fall, as numpy.roots wants them
        for k in np.delete(scaled, i):
            term = np.polymul(term, [2.0, k])
        whole = np.polyadd(whole, term)
    # all roots are real, and one of them is above zero
    return largest * float(np.roots(whole).real.max())


def youngs_modulus_bounds(
    shares: Array, youngs_moduli: Array, poissons_ratios: Array
) -> tuple[float, float]:
    """Bounds of Young's modulus, in the unit of the moduli (n,)."""
    bulk = youngs_moduli / (3 * (1 - 2 * poissons_ratios))
    shear = youngs_moduli / (2 * (1 + poissons_ratios))
    out = []
    for end in (np.min, np.max):
        k, g = float(end(bulk)), float(end(shear))
        z = g * (9 * k + 8 * g) / (6 * (k + 2 * g))
        whole_bulk = 1 / np.sum(shares / (bulk + 4 / 3 * g)) - 4 / 3 * g
        whole_shear = 1 / np.sum(shares / (shear + z)) - z
        out.append(float(9 * whole_bulk * whole_shear / (3 * whole_bulk + whole_shear)))
    return out[0], out[1]


def conducting_composite(shares: Array, conductivities: Array) -> list[Amount]:
    """Bounds and estimate, conductivities in pA/(V um)."""
    lower, upper = conductivity_bounds(shares, conductivities)
    parallel = float(np.sum(shares * conductivities))
    values = {
        "conductivity_lower": (lower, "Hashin-Shtrikman, lower"),
        "conductivity_upper": (upper, "Hashin-Shtrikman, upper"),
        "conductivity_parallel": (parallel, "all phases in parallel, the most of any structure"),
        "conductivity_estimate": (bruggeman(shares, conductivities), "Bruggeman, an estimate"),
    }
    # 1 pA/(V um) = 1e-6 S/m = 1e-5 mS/cm
    return [
        Amount(f"balance.{name}", 1e-5 * value, "mS/cm", "k", text)
        for name, (value, text) in values.items()
    ]


def elastic_composite(shares: Array, youngs_moduli: Array, poissons_ratios: Array) -> list[Amount]:
    """Bounds of Young's modulus; moduli in MPa."""
    lower, upper = youngs_modulus_bounds(shares, youngs_moduli, poissons_ratios)
    return [
        Amount("balance.modulus_lower", 1e-3 * lower, "GPa", "E", "Hashin-Shtrikman, lower"),
        Amount("balance.modulus_upper", 1e-3 * upper, "GPa", "E", "Hashin-Shtrikman, upper"),
    ]
