"""Stress and tangent at material points: radial return for isotropic solids that flow.

With the elastic trial stress sigma = C (eps - eps* - eps_p) + sigma0, its deviator s and
equivalent q = sqrt(3/2 s:s), every law says how much equivalent strain dp(q) flows in a step. Then

    s -> b s,    b = 1 - 3 G dp/q,    d eps_p = 3/2 dp s/q
    d sigma/d eps = K 1x1 + 2 G b I_dev + 3 G (db/dq) (s x s)/q

the tangent consistent with backward Euler, so that Newton's method converges quadratically.
Six components as in `solver.hooke`; stresses MPa.

Source: Simo & Hughes 1998, Computational Inelasticity, section 3.3.
"""

from dataclasses import dataclass

import numpy as np

from solver import creep, plasticity, viscoplasticity
from solver.hooke import Floats
from solver.mechanics_schema import Creep, Flow, Plastic, Viscoplastic

ONE = np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
DEVIATOR = np.diag([1.0, 1.0, 1.0, 0.5, 0.5, 0.5]) - np.outer(ONE, ONE) / 3.0  # of strains
SHEARS = np.array([1.0, 1.0, 1.0, 2.0, 2.0, 2.0])


@dataclass(frozen=True)
class Material:
    """What the points of a region are made of.

    Attributes:
        stiffness: MPa, shape (6, 6); isotropic where something flows or the pressure is apart.
        eigenstrain: (6,), at full load.
        initial_stress: MPa, (6,).
        flow: The law of flow, if there is one.
        mixed: Whether the mean stress is an unknown of its own: then it is left out here.
    """

    stiffness: Floats
    eigenstrain: Floats
    initial_stress: Floats
    flow: Flow | None
    mixed: bool

    @property
    def shear(self) -> float:
        """Shear modulus of an isotropic stiffness, MPa."""
        return float(self.stiffness[3, 3])

    @property
    def bulk(self) -> float:
        """Bulk modulus of an isotropic stiffness, MPa."""
        return float(self.stiffness[0, 0] + 2.0 * self.stiffness[0, 1]) / 3.0


@dataclass(frozen=True)
class Points:
    """What n material points remember.

    Attributes:
        plastic: Strain that stays, (n, 6).
        accumulated: Equivalent plastic strain, (n,).
        resistance: S of the viscoplastic law, MPa, (n,).
    """

    plastic: Floats
    accumulated: Floats
    resistance: Floats


@dataclass(frozen=True)
class Answer:
    """Points after a step.

    Attributes:
        stress: MPa, (n, 6); of mixed solids the deviator.
        tangent: MPa, (n, 6, 6).
        equivalent: Equivalent stress, MPa, (n,).
        increment: Equivalent plastic strain of the step, (n,).
        points: What they remember now.
    """

    stress: Floats
    tangent: Floats
    equivalent: Floats
    increment: Floats
    points: Points


def fresh_points(material: Material, count: int) -> Points:
    """Points that nothing has happened to."""
    first = 0.0
    if isinstance(material.flow, Viscoplastic):
        first = material.flow.initial_resistance
    return Points(np.zeros((count, 6)), np.zeros(count), np.full(count, first))


def equivalent_stress(stress: Floats) -> Floats:
    """Equivalent stress of von Mises, (..., 6) -> (...)."""
    s = stress - np.multiply.outer(stress[..., :3].mean(axis=-1), ONE)
    return np.asarray(np.sqrt(1.5 * (s**2 * SHEARS).sum(axis=-1)))


def respond(
    material: Material,
    strain: Floats,
    points: Points,
    load: float,
    seconds: float,
    temperature: float,
) -> Answer:
    """Stress after a step.

    Args:
        material: Of these points.
        strain: Total strain after the step, (n, 6).
        points: What they remember from before.
        load: Share of the eigenstrain that acts.
        seconds: Length of the step, s.
        temperature: K.
    """
    elastic = strain - load * material.eigenstrain - points.plastic
    trial = elastic @ material.stiffness.T + material.initial_stress
    mean = trial[:, :3].mean(axis=1)
    deviator = trial - mean[:, None] * ONE
    size = equivalent_stress(trial)
    flow, slope, resistance = _flow(material, size, points, seconds, temperature)
    safe = np.where(size > 0.0, size, 1.0)
    shear = material.shear
    kept = 1.0 - 3.0 * shear * flow / safe
    stress = kept[:, None] * deviator
    count = len(strain)
    if material.flow is None:
        tangent = np.broadcast_to(material.stiffness, (count, 6, 6)).copy()
    else:
        turned = -3.0 * shear * (slope / safe - flow / safe**2) * 3.0 * shear / safe
        tangent = (2.0 * shear * kept)[:, None, None] * DEVIATOR
        tangent += turned[:, None, None] * deviator[:, :, None] * deviator[:, None, :]
        tangent += material.bulk * np.outer(ONE, ONE)
    if material.mixed:
        tangent -= material.bulk * np.outer(ONE, ONE)
    else:
        stress = stress + mean[:, None] * ONE
    direction = 1.5 * deviator / safe[:, None] * SHEARS
    plastic = points.plastic + flow[:, None] * direction
    after = Points(plastic, points.accumulated + flow, resistance)
    return Answer(stress, tangent, kept * size, flow, after)


def _flow(
    material: Material, trial: Floats, points: Points, seconds: float, temperature: float
) -> tuple[Floats, Floats, Floats]:
    """Equivalent plastic strain of the step, its slope in the trial stress, the new resistance."""
    shear = material.shear
    match material.flow:
        case None:
            return np.zeros_like(trial), np.zeros_like(trial), points.resistance
        case Plastic() as law:
            found = plasticity.increment(law, trial, shear, points.accumulated)
            return *found, points.resistance
        case Creep() as law:
            return *creep.increment(law, trial, shear, seconds, temperature), points.resistance
        case Viscoplastic() as law:
            return viscoplasticity.increment(
                law, trial, shear, points.resistance, seconds, temperature
            )
