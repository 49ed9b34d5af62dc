"""Power-law creep (Norton) with an Arrhenius factor.

    dp/dt = r(T) (q/s)^n,    r(T) = rate exp(-Q/R (1/T - 1/T_ref))

p is the equivalent creep strain, q the equivalent stress, s (`stress`, MPa) the stress at which it
creeps with `rate` (1/s) at the temperature T_ref (K), Q the activation energy (pJ/fmol = kJ/mol).
A of the usual dp/dt = A q^n is rate/s^n. With backward Euler and isotropic elasticity the step is
q + 3 G dt r (q/s)^n = q_trial, solved for log q, in which it is convex: Newton's method converges
from above for any n.

Source: Norton 1929; lithium: n = 6.6, Masias et al. 2019, J. Mater. Sci. 54, 2585; Q = 37 kJ/mol,
LePage et al. 2019, J. Electrochem. Soc. 166, A89.
"""

import numpy as np

from solver.creep_rate import rate_at
from solver.mechanics_schema import Creep
from solver.scalar_roots import Floats, increasing_root


def increment(
    law: Creep, trial: Floats, shear: float, seconds: float, temperature: float
) -> tuple[Floats, Floats]:
    """Creep strain of a step, and its slope in the trial stress (1/MPa), each (n,).

    Args:
        law: The law.
        trial: Equivalent stress if all of the step were elastic, MPa, shape (n,).
        shear: Shear modulus G, MPa.
        seconds: Length of the step, s.
        temperature: K.
    """
    flow, slope = np.zeros_like(trial), np.zeros_like(trial)
    there = trial > 0.0
    if seconds == 0.0 or not there.any():
        return flow, slope
    n = law.exponent
    scale = seconds * rate_at(law, temperature)
    target = np.log(trial[there] / law.stress)
    factor = np.log(3.0 * shear * scale / law.stress)

    def excess(x: Floats) -> tuple[Floats, Floats]:
        share = 1.0 / (1.0 + np.exp(x - factor - n * x))  # of the creep in the sum
        return np.logaddexp(x, factor + n * x) - target, 1.0 + (n - 1.0) * share

    # one of the two terms is at least half of the sum: so low is below the root
    low = np.minimum(target, (target - factor) / n) - np.log(2.0)
    x = increasing_root(excess, low, np.minimum(target, (target - factor) / n))
    stress = law.stress * np.exp(x)
    strain = scale * np.exp(n * x)
    flow[there] = strain
    slope[there] = n * strain / (stress + 3.0 * shear * n * strain)
    return flow, slope
