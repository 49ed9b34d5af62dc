"""Films: when they buckle, what drives them off their substrate, how they break into fragments.

Closed forms for a film of thickness h, plane-strain modulus E' = E/(1 - nu^2), under the biaxial
compression sigma, that has come off over a straight strip of half width b or a circle of radius b:

    sigma_c = (pi^2/12) E' (h/b)^2 (strip),  1.2234975535 E' (h/b)^2 (circle, clamped edge)
    w_0/h   = sqrt(4/3 (sigma/sigma_c - 1))                  deflection of the strip
    G_0     = sigma^2 h/(2 E')                               a flat film comes off, steady state
    G       = G_0 (1 - sigma_c/sigma)(1 + 3 sigma_c/sigma)   at the sides of the buckled strip

A film on a substrate that yields is held by tau_y = sigma_y/sqrt(3) at most (shear lag). From a
crack its stress rises by tau_y/h per length, so that between two cracks at the distance s

    l = sigma h/tau_y         the stress is sigma beyond l (sigma: of the film without cracks)
    s from l_f to 2 l_f,      l_f = sigma_f h/tau_y: fragments longer than 2 l_f reach the stress
                              sigma_f at which the film breaks, and break again
    G = sigma^3 h/(3 E' tau_y)  of a crack that channels, sigma >> tau_y (see `solver.closure`)

The tension gamma of a surface (J/m^2, or N/m) pulls a film of thickness h like the stress gamma/h.

1.2234975535 is k^2/12, k = 3.8317 the first zero of the Bessel function J_1. Stresses in MPa,
lengths in um, G in J/m^2 (MPa um).

Source: Hutchinson & Suo 1991, Adv. Appl. Mech. 29, 63, doi 10.1016/S0065-2156(08)70164-9;
Kelly & Tyson 1965, J. Mech. Phys. Solids 13, 329 (fragments); Hu & Evans 1989, Acta Metall. 37,
917 (cracks in films on substrates that yield).
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


def pulled(surface_tension: float, thickness: float, stress: float) -> list[Amount]:
    """What the tension of a surface does to a thin film.

    Args:
        surface_tension: J/m^2.
        thickness: Of the film, um.
        stress: To compare with, MPa.
    """
    own = surface_tension / thickness
    text = "Stress of a film that the tension of a surface pulls."
    more = "By how much the given stress is larger."
    return [
        Amount("balance.surface_stress", own, "MPa", "gamma/h", text),
        Amount("balance.stress_over_surface_stress", stress / own, "1", "sigma h/gamma", more),
    ]


def fragments(
    stress: float,
    breaking_stress: float | None,
    thickness: float,
    youngs_modulus: float,
    poissons_ratio: float,
    yield_stress: float,
    fracture_energy: float | None,
) -> list[Amount]:
    """Shear lag of a film on a substrate that yields: driving force, fragments.

    Args:
        stress: Of the film without cracks, tension, MPa.
        breaking_stress: At which it breaks, MPa; None: that at which a crack channels.
        thickness: um.
        youngs_modulus: Of the film, MPa.
        poissons_ratio: Of the film.
        yield_stress: Of the substrate in tension, MPa.
        fracture_energy: Of the film, J/m^2.
    """
    modulus, shear = youngs_modulus / (1.0 - poissons_ratio**2), yield_stress / sqrt(3.0)
    rate = stress**3 * thickness / (3.0 * modulus * shear)
    length, text = stress * thickness / shear, "Of a channelling crack."
    found = [
        Amount("balance.shear_lag_length", length, "um", "l", "Beside a crack."),
        Amount("balance.shear_lag_energy_release_rate", rate, "J/m^2", "G", text),
    ]
    limit, head = breaking_stress, "strength"
    if limit is None and fracture_energy is not None:
        head, limit = (
            "channelling",
            (3.0 * fracture_energy * modulus * shear / thickness) ** (1 / 3),
        )
        text = "Stress of the film at which a crack channels."
        found.append(Amount("balance.channelling_stress", limit, "MPa", "sigma_f", text))
    if limit is not None:
        strain = limit * (1.0 - poissons_ratio) / youngs_modulus
        text = "Stretch, equal in both directions, that brings the film there."
        found.append(Amount(f"balance.{head}_stretch", strain, "1", "e_f", text))
        least = limit * thickness / shear
        found += [
            Amount("balance.least_fragment", least, "um", "l_f", "Shortest at saturation."),
            Amount("balance.longest_fragment", 2.0 * least, "um", "2 l_f", "Longest that stays."),
        ]
    return found
