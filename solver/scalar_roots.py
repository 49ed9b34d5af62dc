"""Roots of increasing functions, one per material point and all at once: Newton with a bracket."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
MOST_STEPS = 200  # bisection alone needs sixty for a bracket of any sensible width
CLOSE = 4e-15  # relative to the larger of one and the root


def increasing_root(
    function: Callable[[Floats], tuple[Floats, Floats]], low: Floats, high: Floats
) -> Floats:
    """Where an increasing function vanishes.

    The bracket is halved where a step of Newton's leaves it, or is more than half of the last one.

    Args:
        function: Value and slope at x, shapes (n,).
        low: Where the function is not positive, shape (n,).
        high: Where it is not negative.
    """
    low, high = low.copy(), high.copy()
    x, last = high.copy(), high - low
    for _ in range(MOST_STEPS):
        value, slope = function(x)
        low = np.where(value <= 0.0, x, low)
        high = np.where(value >= 0.0, x, high)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = -value / slope
        close = CLOSE * np.maximum(1.0, np.abs(x))
        there = np.abs(step) <= close
        moved = x + step
        inside = (moved >= low) & (moved <= high)  # false for NaN as well
        good = there | (inside & (np.abs(step) <= 0.5 * np.abs(last)))
        moved = np.where(good, moved, 0.5 * (low + high))
        last = moved - x
        done = there | (high - low <= close)
        x = moved
        if done.all():
            break
    return x
