"""A value of a case for which a quantity reaches a target: critical spans, loads, calibrations.

The quantity is computed for one value after another until it meets the target (Brent's method on
its logarithm where it is positive): every one of them is a whole solve with its own meshes and its
own error bar. The bar of the value that is found is that of the quantity over the slope between the
last two values: an estimate.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite, log

from scipy.optimize import brentq

from solver.quantities import Quantity

ACCURACY = 1e-5  # of the value that is found, relative; its error bar is usually wider
ENOUGH = 0.05  # of the error bar of the quantity: closer to the target means nothing
WIDEN, MOST_WIDENINGS = 2.0, 12


class NoAnswer(ValueError):
    """The quantity does not reach its target between the values that were tried."""


@dataclass(frozen=True)
class Answer:
    """A value and how well it is known, both in the unit of the parameter."""

    value: float
    half_width: float


def find_value(
    evaluate: Callable[[float], Quantity],
    target: float,
    bracket: tuple[float, float],
    say: Callable[[str], None],
    accuracy: float = ACCURACY,
) -> Answer:
    """The value in a bracket for which a quantity meets its target.

    Args:
        evaluate: The quantity for a value.
        target: In the unit of the quantity.
        bracket: Between which values to look.
        say: Called with a line per value.
        accuracy: Of the value, relative.

    Raises:
        NoAnswer: The quantity lies on the same side of the target at both ends.
    """
    known: dict[float, tuple[float, float]] = {}

    def miss(value: float) -> float:
        if value not in known:
            quantity = evaluate(value)
            if not isinstance(quantity.value, float) or not isfinite(quantity.value):
                raise NoAnswer(f"{quantity.name} is {quantity.value} at {value:.6g}")
            say(f"{value:.8g}: {quantity.name} = {quantity.value:.6g} {quantity.unit}")
            known[value] = _measured(quantity, target)
        off, half = known[value]
        return 0.0 if abs(off) < ENOUGH * half else off

    low, high = bracket
    if miss(low) * miss(high) > 0.0:
        raise NoAnswer(f"the target is not passed between {low:.6g} and {high:.6g}")
    value = float(brentq(miss, low, high, xtol=accuracy * abs(high), rtol=accuracy))
    miss(value)
    off, half = known[value]
    # the slope from a value that is clearly on one side of the target, not from two in the bar
    clear = [x for x in known if abs(known[x][0]) > 10.0 * half] or [low, high]
    other = min((x for x in clear if x != value), key=lambda x: abs(x - value))
    slope = (off - known[other][0]) / (value - other)
    return Answer(value, max(abs(half / slope), accuracy * abs(value)))


def bracket_around(
    evaluate: Callable[[float], Quantity], target: float, start: float
) -> tuple[float, float]:
    """Values on both sides of the target, by doubling or halving from a first one.

    Raises:
        NoAnswer: The target is not passed within a factor of some thousands.
    """
    first, _ = _measured(evaluate(start), target)
    values = [start, start]
    for _ in range(MOST_WIDENINGS):
        for i, factor in enumerate((1.0 / WIDEN, WIDEN)):
            before, values[i] = values[i], values[i] * factor
            if _measured(evaluate(values[i]), target)[0] * first <= 0.0:
                return min(before, values[i]), max(before, values[i])
    raise NoAnswer(f"the target is not passed between {values[0]:.6g} and {values[1]:.6g}")


def _measured(quantity: Quantity, target: float) -> tuple[float, float]:
    """How far a quantity is from its target, and the half width of that."""
    value = quantity.value
    if not isinstance(value, float):
        raise NoAnswer(f"{quantity.name} is {value}")
    half = 0.0
    if quantity.lower is not None and quantity.upper is not None:
        half = 0.5 * (quantity.upper - quantity.lower)
    if value > 0.0 and target > 0.0:
        return log(value / target), half / value
    return value - target, half
