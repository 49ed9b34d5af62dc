"""The table of a map: a quantity for several values of one or two values of the case."""

from solver import schema
from solver.mapping import numbers
from solver.simulate import Solution


def map_table(solution: Solution) -> str:
    """Values, quantity and its error bar as CSV; names and units in the first line."""
    wanted = solution.case.map
    if wanted is None:
        return ""
    unit = solution.mapped[0].unit
    along: list[schema.Map | schema.Against] = [wanted]
    along += [] if wanted.against is None else [wanted.against]
    heads = [f"{axis.parameter} / {axis.unit_text or 1}" for axis in along]
    head = ",".join([*heads, f"{wanted.quantity} / {unit}", "lower", "upper"])
    rows = (
        ",".join(
            [*(f"{x:.9g}" for x in place), f"{q.value:.9g}", _or_empty(q.lower), _or_empty(q.upper)]
        )
        for place, q in zip(numbers(wanted), solution.mapped, strict=True)
    )
    return "\n".join([head, *rows]) + "\n"


def _or_empty(value: float | None) -> str:
    return "" if value is None else f"{value:.9g}"
