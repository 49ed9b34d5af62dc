"""Numbers, comparisons and the plot of the refinement as text, for the report."""

import math
from typing import Any

NO_BAR = "no bar"  # in place of the error of a number of which none is known


def number(
    value: float | str | None, lower: float | None = None, upper: float | None = None
) -> str:
    """A number with as many digits as its bounds (or, without any, six) justify.

    Digits go one place beyond the first in which the bounds differ.
    """
    if value is None:
        return "–"
    if not isinstance(value, int | float) or isinstance(value, bool):
        return str(value)
    if lower is None or upper is None or abs(upper - lower) <= 1e-9 * abs(value):
        text = f"{value:.6g}"
    else:
        apart = abs(upper - lower) / max(abs(value), abs(upper), abs(lower))
        digits = max(3, min(9, 1 - math.floor(math.log10(apart))))
        text = f"{value:#.{digits}g}".rstrip(".")
    return text.replace("e+0", "e+").replace("e-0", "e-")


def width(entry: dict[str, Any]) -> str:
    """Width of the bounds as text, relative unless the value may be zero; empty without bounds."""
    lower, upper, value = entry["lower"], entry["upper"], entry["value"]
    if lower is None or upper is None or not isinstance(value, int | float) or value == 0:
        return ""
    if lower <= 0.0 <= upper:
        return f"{upper - lower:.2g} {unit(entry['unit'])}".rstrip()
    return f"{100 * (upper - lower) / abs(value):.2g} %"


def half_width(entry: dict[str, Any]) -> str:
    """Half the distance of the bounds as text, relative unless the value may be zero."""
    lower, upper, value = entry["lower"], entry["upper"], entry["value"]
    if lower is None or upper is None or not isinstance(value, int | float) or value == 0:
        return ""
    if upper <= lower:
        return "exact"
    if lower <= 0.0 <= upper:  # zero, as far as one can tell: nothing to be relative to
        return f"{0.5 * (upper - lower):.1g} {unit(entry['unit'])}".rstrip()
    percent = 50 * (upper - lower) / abs(value)
    return f"{percent:.1g} %" if percent >= 1e-6 else "< 1e-6 %"


def without_bar(entry: dict[str, Any]) -> bool:
    """Whether an entry is a number of which no error is known."""
    value = entry["value"]
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and (entry["lower"] is None or entry["upper"] is None)


def unit(text: str) -> str:
    """A unit, empty for pure numbers."""
    return "" if text in ("1", "-") else text


TYPESET = {"m^0.5": "√m", "^2": "²", "^3": "³", "ohm": "Ω", "um": "µm"}


def typeset(text: str) -> str:
    """A unit as pictures show it, empty for pure numbers."""
    words = unit(text)
    for plain, shown in TYPESET.items():
        words = words.replace(plain, shown)
    return words


def verdict(entry: dict[str, Any]) -> str:
    """Whether a compared quantity hits: "hit", "miss" or "not scored"."""
    match entry.get("hit"):
        case True:
            return "hit"
        case False:
            return "miss"
    return "not scored"


def reported(entry: dict[str, Any]) -> str:
    """The reported value, with the relation that it is compared by."""
    words = {"at_most": "at most ", "at_least": "at least "}
    return words.get(entry.get("relation", ""), "") + number(entry.get("reported"))


def ratio(entry: dict[str, Any]) -> str:
    """Computed over reported."""
    value, reported = entry["value"], entry.get("reported")
    if not isinstance(value, int | float) or not isinstance(reported, int | float) or not reported:
        return ""
    return f"{value / reported:.4g}"


def axis(low: float, high: float) -> tuple[float, float, list[float]]:
    """Ends of a logarithmic axis (as logarithms) around a range, and round ticks between them."""
    room = max(0.06 * (high - low), 0.06)
    start, end = low - room, high + room
    steps = (1, 2, 5) if end - start < 2.5 else (1,)
    powers = range(math.floor(start), math.ceil(end) + 1)
    ticks = [step * 10.0**power for power in powers for step in steps]
    ticks = [tick for tick in ticks if start <= math.log10(tick) <= end]
    if len(ticks) < 2:  # too short for round ones
        ticks = [float(f"{10.0**low:.3g}"), float(f"{10.0**high:.3g}")]
    return start, end, ticks


def history_svg(history: list[dict[str, Any]], field: str = "potential") -> str:
    """A small plot: width of the bounds relative to the value over unknowns, both logarithmic.

    Args:
        history: Levels with `dofs`, `value`, `lower` and `upper`.
        field: What the unknowns are of.
    """
    points = [
        (
            math.log10(level["dofs"]),
            math.log10((level["upper"] - level["lower"]) / abs(level["value"])),
        )
        for level in history
        if None not in (level["lower"], level["upper"], level["value"])
        and level["value"] != 0
        and level["upper"] > level["lower"]
    ]
    if len(points) < 2:
        return ""
    x, y = zip(*points, strict=True)
    x0, x1, x_ticks = axis(min(x), max(x))
    y0, y1, y_ticks = axis(min(y), max(y))

    def place(px: float, py: float) -> tuple[float, float]:
        return 60 + 380 * (px - x0) / (x1 - x0), 20 + 200 * (y1 - py) / (y1 - y0)

    parts = [
        '<svg viewBox="0 0 460 270" role="img" aria-label="width of the bounds over unknowns">'
        '<rect x="60" y="20" width="380" height="200" fill="none" stroke="#888"/>'
    ]
    for tick in x_ticks:
        at = place(math.log10(tick), y0)[0]
        parts.append(f'<line x1="{at:.1f}" y1="20" x2="{at:.1f}" y2="220" stroke="#ddd"/>')
        parts.append(f'<text x="{at:.1f}" y="236" text-anchor="middle">{number(tick)}</text>')
    for tick in y_ticks:
        at = place(x0, math.log10(tick))[1]
        parts.append(f'<line x1="60" y1="{at:.1f}" x2="440" y2="{at:.1f}" stroke="#ddd"/>')
        label = f"{number(100 * tick)} %"
        parts.append(f'<text x="54" y="{at + 4:.1f}" text-anchor="end">{label}</text>')
    places = [place(*point) for point in points]
    line = " ".join(f"{px:.1f},{py:.1f}" for px, py in places)
    parts.append(f'<polyline points="{line}" fill="none" stroke="#1d3557" stroke-width="2"/>')
    parts += [f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3" fill="#c1121f"/>' for px, py in places]
    parts.append(f'<text x="250" y="258" text-anchor="middle">unknowns of the {field}</text></svg>')
    return "".join(parts)
