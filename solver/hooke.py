"""Hooke's law: the stress of a linear elastic solid, with eigenstrain and initial stress.

    sigma = C : (eps - eps*) + sigma0

Six components in the order xx, yy, zz, yz, xz, xy (axisymmetric: r, z, theta take the places of
x, y, z); shear strains are twice those of the tensor, so that sigma.eps is a product of six.
Moduli and stresses in MPa, strains without unit.

Source: isotropic, cubic and plane stress as in Nye, Physical Properties of Crystals, ch. VIII.
"""

from collections.abc import Sequence
from math import cos, pi, sin

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
XX, YY, ZZ, YZ, XZ, XY = range(6)


def isotropic(youngs_modulus: float, poissons_ratio: float) -> Floats:
    """Stiffness of an isotropic solid, MPa, shape (6, 6)."""
    shear = youngs_modulus / (2.0 * (1.0 + poissons_ratio))
    lame = youngs_modulus * poissons_ratio / ((1.0 + poissons_ratio) * (1.0 - 2.0 * poissons_ratio))
    stiffness = np.diag([2.0 * shear] * 3 + [shear] * 3)
    stiffness[:3, :3] += lame
    return stiffness


def cubic(c11: float, c12: float, c44: float, angle: float = 0.0) -> Floats:
    """Stiffness of a cubic crystal turned by `angle` (rad) about the z axis, MPa, shape (6, 6)."""
    stiffness = np.diag([c11 - c12] * 3 + [c44] * 3)
    stiffness[:3, :3] += c12
    return turned(stiffness, angle)


def orthotropic(
    youngs_moduli: tuple[float, float, float],
    poissons_ratios: tuple[float, float, float],
    shear_moduli: tuple[float, float, float],
    angle: float = 0.0,
) -> Floats:
    """Stiffness of an orthotropic solid turned by `angle` (rad) about the z axis, MPa, (6, 6).

    Args:
        youngs_moduli: Along its axes 1, 2, 3 (x, y, z before it is turned), MPa.
        poissons_ratios: nu_12, nu_13, nu_23: strain along j for a stress along i is -nu_ij/E_i.
        shear_moduli: G_23, G_13, G_12 (the order of the shear strains), MPa.
        angle: By which the crystal is turned.
    """
    e1, e2, _ = youngs_moduli
    nu12, nu13, nu23 = poissons_ratios
    compliance = np.diag([*(1.0 / e for e in youngs_moduli), *(1.0 / g for g in shear_moduli)])
    for (i, j), share in (((0, 1), nu12 / e1), ((0, 2), nu13 / e1), ((1, 2), nu23 / e2)):
        compliance[i, j] = compliance[j, i] = -share
    return turned(np.linalg.inv(compliance), angle)


def turned(stiffness: Floats, angle: float) -> Floats:
    """A stiffness turned about the z axis: C' = K C K^T with Bond's matrix K of the stress."""
    c, s = cos(angle), sin(angle)
    bond = np.array(
        [
            [c * c, s * s, 0.0, 0.0, 0.0, -2.0 * c * s],
            [s * s, c * c, 0.0, 0.0, 0.0, 2.0 * c * s],
            [0.0, 0.0, 1.0, 0.0, 0.0, 0.0],
            [0.0, 0.0, 0.0, c, s, 0.0],
            [0.0, 0.0, 0.0, -s, c, 0.0],
            [c * s, -c * s, 0.0, 0.0, 0.0, c * c - s * s],
        ]
    )
    return np.asarray(bond @ stiffness @ bond.T)


def turned_strain(principal: Sequence[float], angle: float) -> Floats:
    """The strain with principal values along x, y, z, turned by `angle` (rad) about z, (6,)."""
    one, other, across = principal
    c, s = cos(angle), sin(angle)
    along, beside = c * c * one + s * s * other, s * s * one + c * c * other
    return np.array([along, beside, across, 0.0, 0.0, 2.0 * c * s * (one - other)])


def without_stress_across(stiffness: Floats, initial: Floats) -> tuple[Floats, Floats]:
    """Plane stress: stiffness and initial stress once sigma_zz = 0 has given the strain across.

    Args:
        stiffness: Shape (6, 6).
        initial: Initial stress, shape (6,).
    """
    share = stiffness[:, ZZ] / stiffness[ZZ, ZZ]
    return stiffness - np.outer(share, stiffness[ZZ]), initial - share * initial[ZZ]


def plane_strain_modulus(stiffness: Floats) -> float:
    """E' = E/(1 - nu^2) along x: sigma_xx over eps_xx where sigma_yy = 0 and eps_zz = 0, MPa."""
    return float(stiffness[XX, XX] - stiffness[XX, YY] ** 2 / stiffness[YY, YY])


def crack_modulus(stiffness: Floats, angle: float = 0.0) -> float:
    """E' in G = K_I^2/E' of a crack that runs in a direction of the section, MPa.

    1/E' = -b22/2 Im((m1 + m2)/(m1 m2)) with the roots m1, m2 (Im > 0) of b11 m^4 - 2 b16 m^3 +
    (2 b12 + b66) m^2 - 2 b26 m + b22 = 0 and the compliances b of the section in the axes of the
    crack; isotropic: E/(1 - nu^2), in plane stress E. Source: Sih, Paris & Irwin 1965, Int. J.
    Fract. Mech. 1, 189.

    Args:
        stiffness: Shape (6, 6); for plane stress the reduced one.
        angle: Of the crack's direction from the x axis, rad.
    """
    section = np.ix_([XX, YY, XY], [XX, YY, XY])
    b = np.linalg.inv(turned(stiffness, -angle)[section])
    quartic = [b[0, 0], -2.0 * b[0, 2], 2.0 * b[0, 1] + b[2, 2], -2.0 * b[1, 2], b[1, 1]]
    one, other = (root for root in np.roots(quartic) if root.imag > 0.0)
    return float(-2.0 / (b[1, 1] * ((one + other) / (one * other)).imag))


def is_isotropic_in_plane(stiffness: Floats) -> bool:
    """Whether the law in the section does not change when it is turned about z."""
    turned_by_half = turned(stiffness, 0.25 * pi)
    section = np.ix_([XX, YY, XY], [XX, YY, XY])
    return bool(np.allclose(turned_by_half[section], stiffness[section], rtol=1e-9))


def is_isotropic(stiffness: Floats) -> bool:
    """Whether the law is the same in all directions."""
    shear = stiffness[XY, XY]
    same = np.diag([2.0 * shear] * 3 + [shear] * 3)
    same[:3, :3] += stiffness[XX, YY]
    return bool(np.allclose(stiffness, same, rtol=1e-9, atol=1e-9 * stiffness.max()))
