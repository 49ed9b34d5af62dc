"""Arcs of a spectrum: where -Im Z peaks, and how far apart the troughs beside a peak are.

A peak is a local maximum of -Im Z over the frequencies computed, its frequency that of the parabola
through ln(-Im Z) against ln f at three of them. The resistance of an arc is the difference of Re Z
between the troughs of -Im Z on both sides (the ends of the range where there is none): exact where
arcs are far apart, less than that of the element where they overlap. What stays below a
thousandth of the largest peak above its troughs is no arc.
"""

from dataclasses import dataclass
from itertools import pairwise
from math import exp, log

import numpy as np
import numpy.typing as npt

LEAST = 1e-3


@dataclass(frozen=True)
class Arc:
    """One arc: its resistance, in the unit of the spectrum, and where it peaks, Hz."""

    resistance: float
    peak: float


def find_arcs(frequencies: tuple[float, ...], values: tuple[complex, ...]) -> tuple[Arc, ...]:
    """All arcs, from the highest frequency on.

    Args:
        frequencies: Hz, falling.
        values: One impedance each.
    """
    height = -np.imag(np.asarray(values))
    real = np.real(np.asarray(values))
    inner = range(1, len(height) - 1)
    peaks = [k for k in inner if height[k] > height[k - 1] and height[k] >= height[k + 1]]
    largest = max((float(height[k]) for k in peaks), default=0.0)
    while True:
        edges = [0, *(a + int(np.argmin(height[a : b + 1])) for a, b in pairwise(peaks)), -1]
        depths = [
            float(height[k] - max(height[edges[n]], height[edges[n + 1]]))
            for n, k in enumerate(peaks)
        ]
        # the ends of the range cut arcs that are arcs all the same
        outer = {n: float(height[peaks[n]]) for n in {0, len(peaks) - 1} if peaks}
        worst = min(
            range(len(peaks)), key=lambda n: max(depths[n], outer.get(n, 0.0)), default=None
        )
        if worst is None or max(depths[worst], outer.get(worst, 0.0)) >= LEAST * largest:
            break
        del peaks[worst]
    return tuple(
        Arc(float(real[edges[n + 1]] - real[edges[n]]), _vertex(frequencies, height, k))
        for n, k in enumerate(peaks)
    )


def _vertex(frequencies: tuple[float, ...], height: npt.NDArray[np.float64], k: int) -> float:
    """Frequency of the top of a parabola through a peak and its neighbours."""
    x = [log(frequencies[n]) for n in (k - 1, k, k + 1)]
    if min(height[k - 1 : k + 2]) <= 0.0 or not x[0] > x[1] > x[2]:  # equal but for rounding
        return frequencies[k]
    y = [log(height[n]) for n in (k - 1, k, k + 1)]
    left, right = (y[1] - y[0]) / (x[1] - x[0]), (y[2] - y[1]) / (x[2] - x[1])
    bend = (right - left) / (x[2] - x[0])
    if bend >= 0.0:
        return frequencies[k]
    return exp(0.5 * (x[0] + x[1]) - left / (2.0 * bend))
