"""Rate-independent plasticity of von Mises with linear isotropic hardening.

    q <= Y = sigma_y + H p,    dp >= 0,    dp (q - Y) = 0

q is the equivalent stress, p the accumulated equivalent plastic strain, sigma_y the yield stress
and H the hardening modulus (all MPa but p). The radial return of a step is in closed form:
dp = max(0, q_trial - Y_n)/(3 G + H).

Source: Simo & Hughes 1998, Computational Inelasticity, box 3.2.
"""

import numpy as np

from solver.mechanics_schema import Plastic
from solver.scalar_roots import Floats


def increment(
    law: Plastic, trial: Floats, shear: float, accumulated: Floats
) -> tuple[Floats, Floats]:
    """Plastic strain of a step, and its slope in the trial stress (1/MPa), each (n,).

    Args:
        law: Yield stress and hardening, MPa.
        trial: Equivalent stress if all of the step were elastic, MPa, shape (n,).
        shear: Shear modulus G, MPa.
        accumulated: Equivalent plastic strain p before the step, shape (n,).
    """
    stiffness = 3.0 * shear + law.hardening_modulus
    over = trial - (law.yield_stress + law.hardening_modulus * accumulated)
    return np.maximum(over, 0.0) / stiffness, np.where(over > 0.0, 1.0 / stiffness, 0.0)
