"""Discs squeezed between plates to which they stick: mean pressures in closed form.

A perfectly plastic disc of radius R and thickness h, much thinner than wide, shears at its faces
with the yield stress in shear sigma_y/sqrt(3), which the pressure has to overcome (slab method):

    p = sigma_y (1 + 2 R/(3 sqrt(3) h))

A power-law fluid, tau = m g^q for the shear rate g, between plates that approach with the speed v
(lubrication, R >> h):

    F = 2 pi m R^(q+3)/((q+3) h) (v (2 q + 1)/(q h^2))^q

Solids that creep with r (sigma/s)^n are such fluids: q = 1/n, m = s/sqrt(3) (sqrt(3) r)^(-q).
Lengths um, stresses MPa, times s.

Source: Johnson & Mellor 1983, Engineering Plasticity, ch. 6 (slab); Scott 1931, Trans. Inst. Rubber
Ind. 7, 169 (power law).
"""

from math import pi, sqrt

from solver.stoichiometry import Amount


def plastic_pressure(yield_stress: float, radius: float, thickness: float) -> float:
    """Mean pressure on a perfectly plastic disc that sticks, MPa."""
    return yield_stress * (1.0 + 2.0 * radius / (3.0 * sqrt(3.0) * thickness))


def power_law_force(
    consistency: float, index: float, radius: float, thickness: float, speed: float
) -> float:
    """Force on a disc of a power-law fluid between plates that approach, MPa um^2 = uN.

    Args:
        consistency: m, MPa s^q.
        index: q.
        radius: um.
        thickness: Whole gap, um.
        speed: Of its closing, um/s.
    """
    shear = speed * (2.0 * index + 1.0) / (index * thickness**2)
    scale = 2.0 * pi * consistency * radius ** (index + 3.0) / ((index + 3.0) * thickness)
    return float(scale * shear**index)


def as_fluid(stress: float, rate: float, exponent: float) -> tuple[float, float]:
    """Consistency (MPa s^q) and index of a solid that creeps with `rate` (1/s) at `stress`."""
    index = 1.0 / exponent
    return stress / sqrt(3.0) * (sqrt(3.0) * rate) ** -index, index


def squeezed(
    yield_stress: float,
    radius: float,
    thickness: float,
    pressure: float,
    creep: tuple[float, float, float] | None,
) -> list[Amount]:
    """What it takes to squeeze a disc, and how fast one that creeps gives way.

    Args:
        yield_stress: MPa.
        radius: Of the disc as it is then, um.
        thickness: The same, um.
        pressure: That is there, mean over the disc, MPa.
        creep: Stress (MPa), rate (1/s) and exponent of a power law.
    """
    needed = plastic_pressure(yield_stress, radius, thickness)
    found = [
        Amount("balance.squeeze_pressure", needed, "MPa", "p", "At which it yields."),
        Amount(
            "balance.squeeze_yield_stress", yield_stress * pressure / needed, "MPa",
            "p/(1 + 2 R/(3 sqrt(3) h))", "With which it would yield at the pressure that is there.",
        ),
    ]  # fmt: skip
    if creep is not None:
        consistency, index = as_fluid(*creep)
        whole = power_law_force(consistency, index, radius, thickness, 1.0)
        speed = (pressure * pi * radius**2 / whole) ** (1.0 / index)
        text = "With which the plates approach if it creeps, whatever its yield stress."
        found.append(Amount("balance.squeeze_speed", speed, "um/s", "v", text))
    return found
