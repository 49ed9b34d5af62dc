"""The viscoplastic law of Anand and Narayan for lithium, small strains.

    dp/dt = r (q/S)^(1/m),            r = A exp(-Q/(R T))
    dS/dt = H |1 - S/S*|^a sign(1 - S/S*) dp/dt,    S* = S_0 ((dp/dt)/r)^n

p is the equivalent plastic strain, q the equivalent stress, S the resistance to flow (MPa, at first
`initial_resistance`), S* the one at which it saturates. A in 1/s, Q in pJ/fmol = kJ/mol, H and S_0
in MPa, m, a, n numbers. Backward Euler; with isotropic elasticity a step is one equation for the
rate, q + 3 G dp = q_trial, with S from a second one inside of it, both monotonic.

Source: Anand & Narayan 2019, J. Electrochem. Soc. 166, A1092. Lithium
there: A = 4.25e4 1/s, Q = 37 kJ/mol, m = 0.15, H = 10 MPa, S_0 = 2 MPa, a = 2, n = 0.05, at first
S = 0.95 MPa.
"""

import numpy as np

from solver.mechanics_schema import Viscoplastic
from solver.scalar_roots import Floats, increasing_root
from solver.units import GAS_CONSTANT


def base_rate(law: Viscoplastic, temperature: float) -> float:
    """The rate r = A exp(-Q/(R T)) at a temperature (K), 1/s."""
    return law.rate * float(np.exp(-law.activation_energy / (GAS_CONSTANT * temperature)))


def increment(
    law: Viscoplastic,
    trial: Floats,
    shear: float,
    resistance: Floats,
    seconds: float,
    temperature: float,
) -> tuple[Floats, Floats, Floats]:
    """Plastic strain of a step, its slope in the trial stress (1/MPa), and the new S, each (n,).

    Args:
        law: The law.
        trial: Equivalent stress if all of the step were elastic, MPa, shape (n,).
        shear: Shear modulus G, MPa.
        resistance: S before the step, MPa, shape (n,).
        seconds: Length of the step, s.
        temperature: K.
    """
    flow, slope, after = np.zeros_like(trial), np.zeros_like(trial), resistance.copy()
    there = trial > 0.0
    if seconds == 0.0 or not there.any():
        return flow, slope, after
    before, goal = resistance[there], np.log(trial[there])
    scale = seconds * base_rate(law, temperature)

    def at(x: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Strain of the step, stress, S, and dS/dx at the rate r e^x."""
        strain = scale * np.exp(x)
        saturated = law.saturation_resistance * np.exp(law.saturation_exponent * x)
        hardened = _hardened(law, before, strain, saturated)
        left = 1.0 - hardened / saturated
        steep = law.hardening_exponent * np.abs(left) ** (law.hardening_exponent - 1.0)
        gain = np.sign(left) * np.abs(left) ** law.hardening_exponent
        gain += steep * law.saturation_exponent * hardened / saturated
        drag = 1.0 + strain * law.hardening_modulus * steep / saturated
        change = strain * law.hardening_modulus * gain / drag
        return strain, hardened * np.exp(law.rate_exponent * x), hardened, change

    def excess(x: Floats) -> tuple[Floats, Floats]:
        strain, stress, hardened, change = at(x)
        elastic = 3.0 * shear * strain
        whole = stress + elastic
        steep = stress * (law.rate_exponent + change / hardened) + elastic
        return np.log(whole) - goal, steep / whole

    high = goal - np.log(3.0 * shear * scale)
    most = law.saturation_resistance * np.exp(law.saturation_exponent * high)
    least = (goal - np.log(2.0 * np.maximum(before, most))) / law.rate_exponent
    low = np.minimum(high - np.log(2.0), least)
    x = increasing_root(excess, low, high)
    strain, _, hardened, _ = at(x)
    flow[there], after[there] = strain, hardened
    slope[there] = strain / (trial[there] * excess(x)[1])
    return flow, slope, after


def _hardened(law: Viscoplastic, before: Floats, strain: Floats, saturated: Floats) -> Floats:
    """S after a step from S before, the strain of the step and S*: between the two."""
    rise = strain * law.hardening_modulus

    def excess(s: Floats) -> tuple[Floats, Floats]:
        left = 1.0 - s / saturated
        gain = np.sign(left) * np.abs(left) ** law.hardening_exponent
        steep = law.hardening_exponent * np.abs(left) ** (law.hardening_exponent - 1.0) / saturated
        return s - before - rise * gain, 1.0 + rise * steep

    return increasing_root(excess, np.minimum(before, saturated), np.maximum(before, saturated))
