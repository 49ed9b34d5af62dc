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


class Refused(NoAnswer):
    """A value with which the case makes no sense."""


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
    """Values on both sides of the target, by doubling and halving from a first one.

    The search goes on where the quantity is closer to its target; a side where the case makes no
    sense any more is left.

    Raises:
        NoAnswer: The target is not passed within a factor of some thousands, or in what the case
            allows.
    """
    first, _ = _measured(evaluate(start), target)
    values, misses, left = [start, start], [abs(first)] * 2, [MOST_WIDENINGS] * 2
    refusals = []
    while any(left):
        open_sides = [i for i in (0, 1) if left[i]]
        # one step on both sides, then where the target is closer
        side = min(open_sides, key=lambda i: (left[i] < MOST_WIDENINGS, misses[i]))
        value = values[side] * (1.0 / WIDEN, WIDEN)[side]
        try:
            off, _ = _measured(evaluate(value), target)
        except Refused as error:
            left[side] = 0
            refusals.append(f"; {error}")
            continue
        if off * first <= 0.0:
            return min(values[side], value), max(values[side], value)
        values[side], misses[side] = value, abs(off)
        left[side] -= 1
    tried = f"the target is not passed between {values[0]:.6g} and {values[1]:.6g}"
    raise NoAnswer(f"{tried}{''.join(refusals)}")


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
