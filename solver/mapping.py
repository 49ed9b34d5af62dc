"""Maps: a quantity of a case for several values of one or two of its values, and their exponents.

The exponents are the slopes of the plane through the logarithms of all points by least squares:
q = C x^a y^b gives a and b back exactly. Slopes are linear in the logarithms, log q_i times P_i,
so that bars of the points move them by no more than the sum of |P_i| times those of log q_i.
"""

from collections.abc import Callable
from itertools import product

import numpy as np

from solver import schema
from solver.case import with_settings
from solver.hooke import Floats
from solver.quantities import Bound, Quantity
from solver.solving_for import NoAnswer

Evaluate = Callable[[schema.Case], tuple[Quantity, ...]]
Progress = Callable[[str], None]


def pairs(wanted: schema.Map) -> list[tuple[str, ...]]:
    """Texts of the values of all points: the second value runs fastest."""
    along = [wanted.values] if wanted.against is None else [wanted.values, wanted.against.values]
    return list(product(*along))


def numbers(wanted: schema.Map) -> list[tuple[float, ...]]:
    """The same in the units of the map."""
    other = wanted.against
    return list(product(*([wanted.numbers] if other is None else [wanted.numbers, other.numbers])))


def points_of(
    case: schema.Case,
    wanted: schema.Map,
    known: tuple[Quantity, ...],
    evaluate: Evaluate,
    progress: Progress,
) -> tuple[Quantity, ...]:
    """The quantity at every point; the one that is the case itself is not solved for again.

    Args:
        case: With the map.
        wanted: Its map.
        known: All quantities of the case as it is.
        evaluate: All quantities of a case.
        progress: Gets a line per point.

    Raises:
        NoAnswer: A case does not have the quantity as a number.
        CaseError: With one of the values the case makes no sense.
    """
    parameters = [wanted.parameter]
    parameters += [] if wanted.against is None else [wanted.against.parameter]
    itself = with_settings(case, {}, True).table
    found = []
    for texts in pairs(wanted):
        settings: dict[str, str | int] = dict(zip(parameters, texts, strict=True))
        place = ", ".join(f"{key} = {text}" for key, text in settings.items())
        trial = with_settings(case, settings, True)
        there = known if trial.table == itself else evaluate(trial)
        point = next((q for q in there if q.name == wanted.quantity), None)
        if point is None or not isinstance(point.value, float):
            raise NoAnswer(f"map: there is no {wanted.quantity} at {place}")
        found.append(point)
        progress(f"{place}: {wanted.quantity} = {point.value:.6g}")
    return tuple(found)


def exponents(wanted: schema.Map, points: tuple[Quantity, ...]) -> list[Quantity]:
    """Slopes of the map in logarithms, where all of it is above zero."""
    values = np.array([point.value for point in points], dtype=np.float64)
    places = np.array(numbers(wanted))
    if not ((values > 0.0).all() and (places > 0.0).all()):
        return []
    system = np.column_stack([np.log(places), np.ones(len(values))])
    inverse = np.linalg.pinv(system)
    slopes = inverse @ np.log(values)
    bound, off = _off(points)
    bars = np.abs(inverse) @ off
    names = [("map_exponent", wanted.parameter)]
    if wanted.against is not None:
        names.append(("map_exponent_against", wanted.against.parameter))
    return [
        Quantity(
            name,
            float(slope),
            "1",
            None if bound == "none" else float(slope - bar),
            None if bound == "none" else float(slope + bar),
            bound,
            meaning=f"Of {wanted.quantity} with {parameter}: slope of the map in logarithms.",
        )
        for (name, parameter), slope, bar in zip(names, slopes, bars, strict=False)
    ]


def _off(points: tuple[Quantity, ...]) -> tuple[Bound, Floats]:
    """How far the logarithms of the points may be off, and by which kind of bar: the weakest."""
    ends = [
        (point.value, point.lower, point.upper)
        for point in points
        if isinstance(point.value, float) and point.lower and point.upper and point.lower > 0.0
    ]
    if len(ends) < len(points):
        return "none", np.zeros(len(points))
    value, lower, upper = np.log(np.array(ends)).T
    guaranteed = all(point.bound == "guaranteed" for point in points)
    return "guaranteed" if guaranteed else "estimated", np.maximum(upper - value, value - lower)
