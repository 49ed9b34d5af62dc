"""A strip with an edge crack in tension, without finite elements: boundary collocation.

Width W = 1, crack of length a, tip at z = 0, faces along -a < x < 0, tension p = 1 far away and
E' = 1.
Every pair of functions (Muskhelishvili's Phi and Omega, real coefficients)

    Phi = f(z)/sqrt(z), Omega = Phi        or        Phi = f(z), Omega = -Phi
    s_yy - i s_xy = Phi(z) + Omega(z*) + (z - z*) Phi'(z)*        s_xx + s_yy = 4 Re Phi

balances all forces, is even about the crack and leaves its faces free: with powers f = z^m they are
the eigenfunctions of Williams 1957, J. Appl. Mech. 24, 109. Their factors follow from the tractions
on the three outer sides of one half by least squares, as of Gross, Srawley & Brown 1964, NASA TN
D-2395. Powers alone converge slowly: they are made orthogonal on the sides, and some poles
f = 1/(z - z_j) outside, which crowd at the mouth of the crack, take up the corner there. With
P = f(-r) of the first kind the faces are apart by an opening of slope 8 P/(E' sqrt(r)).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]


@dataclass(frozen=True)
class Notched:
    """Of a strip with W = p = E' = 1.

    Attributes:
        shape_factor: K_I over p sqrt(pi a).
        opening: Distance of the faces at the mouth.
        volume: Integral of the distance of the faces along the crack.
        residual: Root of the integral of the squared tractions that are missed on the outer sides.
    """

    shape_factor: float
    opening: float
    volume: float
    residual: float


def notched_strip(
    length: float, half: float = 2.0, powers: int = 60, poles: int = 24, crowding: float = 4.0
) -> Notched:
    """A crack of this length; half the length of the strip is given, and how much is spent."""
    z, normal, weight = _sides(length, half, 6 * (powers + poles), np.exp(-crowding * poles**0.5))
    gauss, share = np.polynomial.legendre.leggauss(100)
    root = 0.5 * np.sqrt(length) * (gauss + 1.0)  # of the distance from the tip
    share = 0.5 * np.sqrt(length) * share
    behind = np.concatenate([[0.0], -(root**2)])
    away = np.exp(-crowding * (poles**0.5 - np.sqrt(np.arange(1, poles + 1))))
    f, slope, on_crack = _functions(z, behind, powers, -length - away)
    kinds = [
        (f / np.sqrt(z)[:, None], (slope - f / (2.0 * z[:, None])) / np.sqrt(z)[:, None], 1.0),
        (f, slope, -1.0),
    ]
    columns = np.hstack([_tractions(z, normal, *kind) for kind in kinds])
    pulled = np.concatenate([0.0 * z.real, np.where(normal == 1j, 1.0, 0.0)])
    weight = np.concatenate([weight, weight])
    matrix, asked = weight[:, None] * columns, weight * pulled
    size = np.linalg.norm(matrix, axis=0)
    found = np.linalg.lstsq(matrix / size, asked, rcond=1e-14)[0] / size
    p = on_crack @ found[: powers + poles]
    return Notched(
        2.0 * np.sqrt(2.0) * p[0] / np.sqrt(length),  # s_yy = 2 P/sqrt(r) = K/sqrt(2 pi r)
        16.0 * float(share @ p[1:]),
        16.0 * float(share @ (p[1:] * (length - root**2))),  # by parts
        float(np.linalg.norm(matrix @ found - asked)),
    )


def _sides(length: float, half: float, count: int, finest: float) -> tuple[Complex, Complex, Array]:
    """Points on the sides ahead, at the end and behind; normals; roots of quadrature weights."""
    angle = np.pi * (np.arange(count) + 0.5) / count
    even = 0.5 - 0.5 * np.cos(angle)  # closer at both ends
    part = np.sin(angle) / count
    crowded = np.geomspace(0.1 * length * finest, half / 3.0, count // 2)
    mouth = np.sort(np.concatenate([crowded, half * even]))
    ahead = 1.0 - length
    z = np.concatenate([ahead + 1j * half * even, even - length + 1j * half, 1j * mouth - length])
    normal = np.repeat([1.0, 1.0j, -1.0], [count, count, len(mouth)])
    return z, normal, np.sqrt(np.concatenate([half * part, part, np.gradient(mouth)]))


def _functions(
    z: Complex, behind: Array, powers: int, poles: Array
) -> tuple[Complex, Complex, Array]:
    """Polynomials, orthogonal on z (Arnoldi), and poles; derivatives; values on the crack."""
    values, slopes = np.ones((2, len(z), powers), dtype=complex)
    slopes[:, 0] = 0.0
    there = np.ones((len(behind), powers))
    for k in range(1, powers):
        value, slope = z * values[:, k - 1], values[:, k - 1] + z * slopes[:, k - 1]
        on = behind * there[:, k - 1]
        for _ in range(2):
            part = (values[:, :k].conj().T @ value).real / len(z)
            value, slope, on = (
                v - old[:, :k] @ part
                for v, old in ((value, values), (slope, slopes), (on, there))
            )  # fmt: skip
        size = np.linalg.norm(value) / np.sqrt(len(z))
        values[:, k], slopes[:, k], there[:, k] = value / size, slope / size, on / size
    from_pole = 1.0 / (z[:, None] - poles)
    return (
        np.hstack([values, from_pole]),
        np.hstack([slopes, -(from_pole**2)]),
        np.hstack([there, 1.0 / (behind[:, None] - poles)]),
    )


def _tractions(
    z: Complex, normal: Complex, function: Complex, slope: Complex, sign: float
) -> Array:
    """Along x and along y at every point, for every Phi with Omega = sign Phi, shape (2 n, k)."""
    apart = (z - z.conj())[:, None] * slope.conj()
    complex_stress = function + sign * function.conj() + apart
    s_yy, s_xy = complex_stress.real, -complex_stress.imag
    s_xx = 4.0 * function.real - s_yy
    n_x, n_y = normal.real[:, None], normal.imag[:, None]
    return np.vstack([s_xx * n_x + s_xy * n_y, s_xy * n_x + s_yy * n_y])
