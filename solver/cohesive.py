"""Cohesive interfaces: traction against opening of two layers that tear, in mixed mode.

With the opening w = (w_s, w_n) in um (sliding, normal; w_n >= 0, contact is not this law's matter)

    lambda^2 = w_n^2 + r w_s^2,  r = (G_I/G_II) (tau/sigma)^2,  b = r w_s^2/lambda^2
    mu = lambda/(delta sqrt(g)),  g = G(b)/G_I,  G(b) = G_I + (G_II - G_I) b^eta
    t = (1 - d(kappa)) k (r w_s, w_n),  kappa = largest mu so far, at least 1,  k = sigma/delta

in MPa. b is the share of sliding in the elastic energy, which at a fixed ratio of the openings is
that of the energy spent; G(b) is the law of Benzeggagh and Kenane. The ratio r makes the damage d a
function of one variable for all modes, so that work is never gained when the mode changes. With
m = 2 G_I/(sigma delta), the `rigidity`,

    bilinear       d = m (kappa - 1)/(kappa (m - 1)),  torn at kappa = m
    exponential    d = 1 - exp(-(kappa - 1)/c)/kappa,  c = (m - 1)/2

both with the largest traction sigma (shear: tau) and the area G_I (G_II). The initial stiffness k =
m sigma^2/(2 G_I) is no property: the larger m, the less the interface gives before it tears.
Damage does not heal. Energy spent per area: k delta^2 g (Psi(kappa) - Psi(1)), J/m^2 = MPa um.

Source: Benzeggagh & Kenane 1996, Compos. Sci. Technol. 56, 439; Turon, Camanho, Costa & Davila
2006, Mech. Mater. 38, 1072, and (for r) Turon et al. 2010, Compos. Struct. 92, 1857.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solver.interface_schema import Joint

Floats = npt.NDArray[np.float64]
EXPONENT, RIGIDITY = 2.0, 50.0  # where a joint gives none


@dataclass(frozen=True)
class Law:
    """A traction-separation law.

    Attributes:
        opening: delta, at the peak, um.
        stiffness: k, MPa/um.
        shear: r.
        energies: G_I and G_II, J/m^2.
        exponent: eta.
        rigidity: m.
        exponential: Shape of the softening; else bilinear.
    """

    opening: float
    stiffness: float
    shear: float
    energies: tuple[float, float]
    exponent: float
    rigidity: float
    exponential: bool


def make_law(joint: Joint) -> Law:
    """The law of a cohesive joint; what it does not give of shear is as in opening.

    Raises:
        ValueError: A joint that is not cohesive.
    """
    strength, first = joint.strength, joint.fracture_energy
    if strength is None or first is None:
        raise ValueError("not a cohesive joint")
    shear_strength, second = joint.shear_strength or strength, joint.shear_fracture_energy or first
    rigidity, exponent = joint.rigidity or RIGIDITY, joint.exponent or EXPONENT
    opening = 2.0 * first / (strength * rigidity)
    shear = first / second * (shear_strength / strength) ** 2
    exponential = joint.softening == "exponential"
    energies = (first, second)
    return Law(opening, strength / opening, shear, energies, exponent, rigidity, exponential)


@dataclass(frozen=True)
class _Mix:
    """Effective opening mu, share b of sliding, and g of every point, with derivatives in w."""

    mu: Floats
    g: Floats
    mu_slope: Floats


def _mixed(law: Law, w: Floats) -> _Mix:
    """The effective opening, of w with shape (points, 2)."""
    scaled = np.column_stack([law.shear * w[:, 0], w[:, 1]])
    square = (scaled * w).sum(axis=1)
    safe = np.where(square > 0.0, square, 1.0)
    b = np.clip(law.shear * w[:, 0] ** 2 / safe, 0.0, 1.0)
    ratio = law.energies[1] / law.energies[0] - 1.0
    g = 1.0 + ratio * b**law.exponent
    mu = np.sqrt(square / g) / law.opening
    slide = np.column_stack([2.0 * law.shear * w[:, 0], np.zeros(len(w))])
    b_slope = (slide - 2.0 * b[:, None] * scaled) / safe[:, None]
    g_slope = ratio * law.exponent * b ** (law.exponent - 1.0)
    share = scaled / safe[:, None] - 0.5 * (g_slope / g)[:, None] * b_slope
    return _Mix(mu, g, mu[:, None] * share)


def effective_opening(law: Law, w: Floats) -> Floats:
    """mu of openings w, um, shape (points, 2): above 1 they do damage."""
    return _mixed(law, w).mu


def damage(law: Law, kappa: Floats) -> Floats:
    """d, from 0 (none) to 1 (torn), of the largest effective openings."""
    m = law.rigidity
    if law.exponential:
        return np.asarray(1.0 - np.exp(-2.0 * (kappa - 1.0) / (m - 1.0)) / kappa)
    return np.asarray(np.minimum(m * (kappa - 1.0) / (kappa * (m - 1.0)), 1.0))


def _damage_slope(law: Law, kappa: Floats) -> Floats:
    m = law.rigidity
    if law.exponential:
        left = np.exp(-2.0 * (kappa - 1.0) / (m - 1.0))
        return np.asarray(left / kappa * (1.0 / kappa + 2.0 / (m - 1.0)))
    return np.where(kappa < m, m / ((m - 1.0) * kappa**2), 0.0)


def traction(law: Law, w: Floats, kappa: Floats) -> tuple[Floats, Floats]:
    """Traction and its derivative in the opening.

    Args:
        law: The law.
        w: Openings (sliding, normal), um, shape (points, 2).
        kappa: Largest effective opening before, at least 1, shape (points,).

    Returns:
        MPa, shape (points, 2); MPa/um, shape (points, 2, 2).
    """
    mix = _mixed(law, w)
    worst = np.maximum(kappa, mix.mu)
    intact = law.stiffness * (1.0 - damage(law, worst))
    scaled = np.column_stack([law.shear * w[:, 0], w[:, 1]])
    tangent = intact[:, None, None] * np.diag([law.shear, 1.0])
    growing = np.where(mix.mu > kappa, law.stiffness * _damage_slope(law, worst), 0.0)
    tangent = tangent - growing[:, None, None] * scaled[:, :, None] * mix.mu_slope[:, None, :]
    return intact[:, None] * scaled, tangent


def stored(law: Law, w: Floats, kappa: Floats) -> Floats:
    """Energy per area that unloading gives back, J/m^2."""
    worst = np.maximum(kappa, effective_opening(law, w))
    square = law.shear * w[:, 0] ** 2 + w[:, 1] ** 2
    return np.asarray(0.5 * law.stiffness * (1.0 - damage(law, worst)) * square)


def spent(law: Law, w: Floats, before: Floats, after: Floats) -> Floats:
    """Energy per area that tears the interface as kappa grows, at the present mode, J/m^2."""
    scale = law.stiffness * law.opening**2 * _mixed(law, w).g
    return np.asarray(scale * (_spent_share(law, after) - _spent_share(law, before)))


def _spent_share(law: Law, kappa: Floats) -> Floats:
    """Psi: area under the curve up to kappa, without what unloading gives back."""
    m = law.rigidity
    if law.exponential:
        c = 0.5 * (m - 1.0)
        left = np.exp(-(kappa - 1.0) / c)
        return np.asarray(0.5 + c * (1.0 - left) - 0.5 * kappa * left)
    k = np.minimum(kappa, m)
    area = 0.5 + (m * (k - 1.0) - 0.5 * (k**2 - 1.0)) / (m - 1.0)
    return np.asarray(area - 0.5 * k * (m - k) / (m - 1.0))
