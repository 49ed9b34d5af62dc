"""The table of a map: a quantity for several values of one value of the case."""

from solver.simulate import Solution


def map_table(solution: Solution) -> str:
    """Value, quantity and its error bar as CSV; names and units in the first line."""
    wanted = solution.case.map
    if wanted is None:
        return ""
    unit = solution.mapped[0].unit
    head = f"{wanted.parameter} / {wanted.unit_text or 1},{wanted.quantity} / {unit},lower,upper"
    rows = (
        f"{x:.9g},{q.value:.9g},{_or_empty(q.lower)},{_or_empty(q.upper)}"
        for x, q in zip(wanted.numbers, solution.mapped, strict=True)
    )
    return "\n".join([head, *rows]) + "\n"


def _or_empty(value: float | None) -> str:
    return "" if value is None else f"{value:.9g}"
