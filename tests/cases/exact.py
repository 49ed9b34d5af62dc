"""Exact resistances of contacts, found without finite elements, to hold the reference numbers.

Everything is for conductivity 1 and contact radius 1. The current density q on the contact is
expanded in functions with known Hankel transforms; the excess resistance is the least of
(dissipated power)/(current)^2 over all q, that is 1/(A^-1)_00 with the power's matrix A. Sums over
modes are finished by the average of their oscillating tails.
"""

import math

import numpy as np
from scipy.integrate import quad
from scipy.special import gamma, j0, jn_zeros, jv, lpmv, spherical_jn

SPHERICAL = 10  # functions with the singular edge of an ideal contact; converges exponentially


def strip(fraction):
    """R sigma per period and depth of an ideal strip contact: conformal mapping."""
    return math.log(1 / math.sin(math.pi * fraction / 2)) / math.pi


def step(alpha):
    """R sigma per period and depth of the mouth of a slit alpha p wide: conformal mapping."""
    widths = (alpha + 1 / alpha) * math.log((1 + alpha) / (1 - alpha))
    return (widths - 2 * math.log(4 * alpha / (1 - alpha**2))) / (2 * math.pi)


def zeros_of_j1(count):
    """Positive zeros of J1: the first from a table, then McMahon's expansion."""
    few = jn_zeros(1, min(count, 200))
    b = (np.arange(len(few) + 1, count + 1) + 0.25) * math.pi
    return np.concatenate([few, b - 3 / (8 * b) + 36 / (3 * (8 * b) ** 3)])


def tube_sum(count, radius, beta, modes=40000):
    """Power matrix of `count` functions in a tube of this radius (contact radius 1).

    Sum over the modes k of 2 h h/(R^2 J0(k R)^2 k); h are the transforms of
    (1-r^2)^beta P_n^(0,beta)(1-2 r^2), which are 2^beta gamma(n+beta+1)/n! J_(2n+beta+1)(k)
    k^(-beta-1) (Tranter).
    """
    zeros = zeros_of_j1(modes)
    k = zeros / radius
    n = np.arange(count)
    size = 2**beta * gamma(n + beta + 1) / gamma(n + 1)
    h = np.array([size[m] * jv(2 * m + beta + 1, k) * k ** (-beta - 1) for m in n])
    # tail: J0^2 -> 2/(pi k R), h^2 -> size^2 k^(-2 beta-3)/pi, the sum an integral over k R/pi
    signed = size * (-1.0) ** n
    end = (modes + 0.75) * math.pi / radius
    tail = end ** (-2 * beta - 2) / (2 * beta + 2) / math.pi
    return (h * (2 / (radius**2 * j0(zeros) ** 2 * k))) @ h.T + tail * np.outer(signed, signed)


def least(matrix, current):
    """Least power over current squared; only the first function carries a net current."""
    return 1 / (np.linalg.inv(matrix)[0, 0] * current**2)


def tube_psi(eps):
    """4 a sigma R of an ideal contact a = eps b in a tube of radius b."""
    matrix = tube_sum(SPHERICAL, 1 / eps, -0.5)
    return 4 * 2 * math.pi * least(matrix, 2 * math.pi)


def pore_mouth(eps):
    """a sigma R of the mouth of a pore a = eps b that opens into a tube of radius b."""
    matrix = tube_sum(30, 1 / eps, -1 / 3) + tube_sum(30, 1.0, -1 / 3)
    current = 2 * math.pi / (2 * (1 - 1 / 3))  # integral of (1-r^2)^(-1/3) over the disc
    return 2 * math.pi * least(matrix, current)


def disc_on_film_psi(ratio, thickness):
    """4 a sigma_f R of an ideal disc on a film on a half space; ratio = sigma_f/sigma_s."""
    mirror = (ratio - 1) / (ratio + 1)
    even = [(-1) ** n * lpmv(0, 2 * n, 0.0) for n in range(SPHERICAL)]
    matrix = np.diag([math.pi / 2 / (4 * n + 1) * even[n] ** 2 for n in range(SPHERICAL)])

    def beyond(s, m, n):
        decay = mirror * math.exp(-2 * s * thickness)
        functions = spherical_jn(2 * m, s) * spherical_jn(2 * n, s)
        return 2 * decay / (1 - decay) * even[m] * even[n] * functions

    reach = 20 / thickness
    for m in range(SPHERICAL):
        for n in range(m + 1):
            options = {"epsabs": 1e-12, "epsrel": 1e-10, "limit": 2000}
            extra = quad(beyond, 0, min(reach, 1.0), (m, n), **options)[0]
            if reach > 1:
                extra += quad(beyond, 1.0, reach, (m, n), **options)[0]
            matrix[m, n] += extra
            matrix[n, m] = matrix[m, n]
    return 4 * 2 * math.pi * least(matrix, 2 * math.pi)


def robin_disc(wagner, count=400):
    """psi, centre and edge current over the mean, of a disc with resistance on a half space.

    In Legendre polynomials of 1 - 2 r^2 the half space is a Weber-Schafheitlin integral,
    int J_mu J_nu/s^2 ds, and the resistance is diagonal.
    """
    n = np.arange(count)
    mu, nu = np.meshgrid(2 * n + 1, 2 * n + 1)
    low = (mu + nu - 1) / 2
    far = abs(mu - nu) / 2  # 1/(gamma(3/2 + x) gamma(3/2 - x)) = cos(pi x)/(pi (1/4 - x^2))
    matrix = np.cos(math.pi * far) / (4 * math.pi * (0.25 - far**2) * low * (low + 1))
    matrix += np.diag(wagner / (2 * (2 * n + 1)))
    density = np.linalg.solve(matrix, np.eye(count)[0])
    psi = 4 * 2 * math.pi * least(matrix, math.pi)
    mean = density[0]
    return psi, density.sum() / mean, (density * (-1.0) ** n).sum() / mean


def square_psi(eps, count=700):
    """4 a sigma R of an ideal disc in a square cell of side 2 a/eps: a lattice sum.

    The functions P_l^m(sqrt(1-r^2))/sqrt(1-r^2) cos(m angle) have, but for a factor each, the
    transforms j_l(k) cos(m angle).
    """
    side = 2 / eps
    functions = [(m, m + 2 * n) for m in (0, 4, 8) for n in range(8 - m // 2 if m < 8 else 4)]
    i, j = np.meshgrid(np.arange(count + 1), np.arange(count + 1))
    inside = (i >= 1) & (i**2 + j**2 <= count**2)  # a quarter of the lattice without its origin
    k = 2 * math.pi / side * np.hypot(i[inside], j[inside])
    angle = np.arctan2(j[inside], i[inside])
    h = np.array([spherical_jn(order, k) * np.cos(m * angle) for m, order in functions])
    matrix = 4 * (h / k) @ h.T / side**2
    tail = side / (8 * math.pi**2 * count)  # j^2 -> 1/(2 k^2), the sum an integral outside
    for a, (m, order) in enumerate(functions):
        for b, (m2, order2) in enumerate(functions):
            if m == m2:
                sign = (-1.0) ** ((order - order2) // 2)
                matrix[a, b] += sign * tail * (1.0 if m == 0 else 0.5)
    return 4 * least(matrix, 1.0)


def two_discs_psi(distance):
    """4 a sigma R of two equal ideal discs in parallel, centres `distance` radii apart."""
    functions = [(m, m + 2 * n) for m in range(7) for n in range(4)]
    nodes, weights = np.polynomial.legendre.leggauss(24)
    cells = np.arange(1500) * 1.0
    k = (cells[:, None] + (nodes + 1) / 2).ravel()
    dk = np.tile(weights / 2, len(cells))
    j = {order: spherical_jn(order, k) for _, order in functions}
    bessel = {n: jv(n, k * distance) for n in range(13)}
    matrix = np.zeros((len(functions), len(functions)))
    for a, (m, order) in enumerate(functions):
        matrix[a, a] += (2 if m == 0 else 1) * math.pi / (2 * (2 * order + 1))
        for b, (m2, order2) in enumerate(functions):
            sign = (-1.0) ** min(m, m2)  # (-1)^m2 J_(m-m2)
            kernel = bessel[m + m2] + sign * bessel[abs(m - m2)]
            matrix[a, b] += np.sum(dk * j[order] * j[order2] * kernel)
    return 4 * least(matrix / (4 * math.pi), 1.0) / 2
