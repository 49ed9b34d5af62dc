"""Values of a case as its file gave them, with their sources."""

import math
from typing import Any

from solver import schema, units
from solver.values import INFINITE

Given = dict[str, schema.Input]


def value(key: str, number: float, kind: units.Kind, given: Given) -> Any:
    """A value with its source: the text of the case file if that's still the value."""
    text = INFINITE if math.isinf(number) else units.format_value(number, units.DISPLAY[kind][0])
    item = given.get(key)
    if item is None:
        return text
    bare = item.text[:1].isalpha() and kind == "length"  # length_unit = "mm"
    if number_of(f"1 {item.text}" if bare else item.text, kind) == number:
        text = item.text
    return with_source(text, item)


def with_source(text: str, item: schema.Input) -> Any:
    """A text, with its source if the case file gave one."""
    extra = {
        "source": item.source,
        "role": item.role,
        "confidence": item.confidence,
        "range": None if item.range is None else list(item.range),
        "datum": item.datum,
    }
    table = {key: value for key, value in extra.items() if value}
    return {"value": text, **table} if table else text


def number_of(text: str, kind: units.Kind) -> float:
    """The number that a text gives; NaN if it is not of the kind."""
    try:
        return units.parse(text, kind)
    except units.UnitError:
        return math.nan
