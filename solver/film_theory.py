"""Films under compression: when they buckle, and what drives them off their substrate.

Closed forms for a film of thickness h, plane-strain modulus E' = E/(1 - nu^2), under the biaxial
compression sigma, that has come off over a straight strip of half width b or a circle of radius b:

    sigma_c = (pi^2/12) E' (h/b)^2 (strip),  1.2234975535 E' (h/b)^2 (circle, clamped edge)
    w_0/h   = sqrt(4/3 (sigma/sigma_c - 1))                  deflection of the strip
    G_0     = sigma^2 h/(2 E')                               a flat film comes off, steady state
    G       = G_0 (1 - sigma_c/sigma)(1 + 3 sigma_c/sigma)   at the sides of the buckled strip

1.2234975535 is k^2/12, k = 3.8317 the first zero of the Bessel function J_1. Stresses in MPa,
lengths in um, G in J/m^2 (MPa um).

Source: Hutchinson & Suo 1991, Adv. Appl. Mech. 29, 63, doi 10.1016/S0065-2156(08)70164-9.
"""

from math import pi, sqrt
from typing import Literal

from solver.stoichiometry import Amount

FIRST_ZERO = 3.8317059702075125  # of the Bessel function J_1


def buckling(
    stress: float,
    thickness: float,
    youngs_modulus: float,
    poissons_ratio: float,
    half_width: float,
    shape: Literal["strip", "circle"],
) -> list[Amount]:
    """Critical stress, and beyond it deflection and driving force.

    Args:
        stress: Compression, positive, MPa.
        thickness: um.
        youngs_modulus: MPa.
        poissons_ratio: Of the film.
        half_width: Half the width of the strip, or the radius of the circle, um.
        shape: Of the part that has come off.
    """
    modulus = youngs_modulus / (1.0 - poissons_ratio**2)
    factor = pi**2 / 12.0 if shape == "strip" else FIRST_ZERO**2 / 12.0
    critical = factor * modulus * (thickness / half_width) ** 2
    flat = stress**2 * thickness / (2.0 * modulus)
    found = [
        Amount("balance.buckling_stress", critical, "MPa", "sigma_c", "At which it buckles."),
        Amount(
            "balance.delamination_energy_release_rate", flat, "J/m^2", "G_0",
            "Of a flat film that comes off in steady state.",
        ),
    ]  # fmt: skip
    if shape == "strip" and stress > critical:
        ratio = critical / stress
        deflection = sqrt(4.0 / 3.0 * (1.0 / ratio - 1.0))
        share = (1.0 - ratio) * (1.0 + 3.0 * ratio)
        found += [
            Amount("balance.deflection_over_thickness", deflection, "1", "w_0/h", "In the middle."),
            Amount(
                "balance.buckled_energy_release_rate", share * flat, "J/m^2", "G",
                "At the sides of the buckled strip.",
            ),
            Amount("balance.buckled_over_flat", share, "1", "G/G_0", "What buckling changes."),
        ]  # fmt: skip
    return found
