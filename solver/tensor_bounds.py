"""Bounds of the components of a symmetric tensor that lies between two others.

B <= K <= A in the sense of Loewner: K - B and A - K have no negative eigenvalue. With D = A - B and
K = (A + B)/2 + X, -D/2 <= X <= D/2, so that for unit vectors e, f

    |e.X f| <= sqrt(e.D e  f.D f)/2.

Source: Horn & Johnson, Matrix Analysis, section 7.7 (Cauchy-Schwarz for D/2 + X and D/2 - X).
Mixtures of isotropic conductors: Wiener 1912 (series and parallel); Hashin & Shtrikman 1962, J.
Appl. Phys. 33, 3125, for statistically isotropic ones, in d dimensions

    k(s) = (sum phi_i/(k_i + (d - 1) s))^-1 - (d - 1) s,    s the least and the largest k_i.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Between:
    """A symmetric tensor between `lower` and `upper`, shape (n, n) each."""

    lower: Floats
    upper: Floats

    @property
    def value(self) -> Floats:
        """The middle."""
        return np.asarray(0.5 * (self.lower + self.upper))

    def half_width(self) -> Floats:
        """How far every component may be from the middle, shape (n, n)."""
        gap = np.maximum(np.diag(self.upper - self.lower), 0.0)
        return np.asarray(0.5 * np.sqrt(np.outer(gap, gap)))

    def width(self) -> float:
        """Largest eigenvalue of the gap, of either sign, over the largest of the middle."""
        gap = float(np.abs(np.linalg.eigvalsh(self.upper - self.lower)).max())
        largest = float(np.linalg.eigvalsh(self.value).max())
        if gap == 0.0:
            return 0.0
        return gap / largest if largest > 0.0 else inf

    def shut(self) -> tuple[int, ...]:
        """Axes along which both are exactly 0."""
        zero = (np.diag(self.lower) == 0.0) & (np.diag(self.upper) == 0.0)
        return tuple(int(axis) for axis in np.flatnonzero(zero))

    def mean(self) -> tuple[float, float]:
        """Lower and upper bound of a third (half, ...) of the trace."""
        size = len(self.lower)
        return float(np.trace(self.lower)) / size, float(np.trace(self.upper)) / size


def series_and_parallel(shares: Sequence[float], values: Sequence[float]) -> tuple[float, float]:
    """Harmonic and arithmetic mean of conductivities with shares of the volume."""
    parallel = sum(p * k for p, k in zip(shares, values, strict=True) if p > 0.0)
    resistance = sum(
        inf if k == 0.0 else p / k for p, k in zip(shares, values, strict=True) if p > 0.0
    )
    return 1.0 / resistance if resistance else inf, parallel


def hashin_shtrikman(
    shares: Sequence[float], values: Sequence[float], dimension: int
) -> tuple[float, float]:
    """Bounds of Hashin and Shtrikman of an isotropic mixture; 0 and infinity may be values."""

    def at(reference: float) -> float:
        if reference == inf:
            return inf
        other = (dimension - 1) * reference
        total = 0.0
        for share, value in zip(shares, values, strict=True):
            if share > 0.0:
                if value + other == 0.0:
                    return 0.0
                total += share / (value + other)
        return 1.0 / total - other if total else inf

    present = [k for p, k in zip(shares, values, strict=True) if p > 0.0]
    return at(min(present)), at(max(present))
