"""How fast a power law creeps, and the stress at which it creeps with a given rate.

    r(T) = rate exp(-Q/R (1/T - 1/T_ref)),    q = s (flow_rate/r(T))^(1/n)

r is the rate (1/s) at the stress s (MPa), q the equivalent stress (MPa) at `flow_rate` (1/s). See
`solver.creep` for the law.

Source: Norton 1929; lithium: Masias et al. 2019, J. Mater. Sci. 54, 2585; LePage et al. 2019, J.
Electrochem. Soc. 166, A89.
"""

from math import exp

from solver.mechanics_schema import Creep
from solver.units import GAS_CONSTANT


def rate_at(law: Creep, temperature: float) -> float:
    """Creep rate at the reference stress and a temperature (K), 1/s."""
    change = 1.0 / temperature - 1.0 / law.reference_temperature
    return law.rate * exp(-law.activation_energy / GAS_CONSTANT * change)


def flow_stress(law: Creep, flow_rate: float, temperature: float) -> float:
    """The equivalent stress (MPa) at which it creeps with a rate (1/s)."""
    share = flow_rate / rate_at(law, temperature)
    return float(law.stress * share ** (1.0 / law.exponent))
