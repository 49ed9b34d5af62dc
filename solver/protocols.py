"""Protocols of critical current densities, as papers tell them; each is a quantity of its own.

A staircase whose `protocol` begins with one of these names (up to a comma) is checked against what
that paper tells of it; what the paper does not tell is free. All other names are free.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from solver.faults import as_given
from solver.march_tables import Staircase
from solver.values import Value

SAME = 1e-9


@dataclass(frozen=True)
class Protocol:
    """What is told, as texts of a case file: "" where a paper says nothing, "none" for no key."""

    place: str
    first: str = ""
    increment: str = ""
    half_cycle: str = ""
    capacity: str = ""
    capacity_increment: str = ""


PROTOCOLS = {
    "Lim2024": Protocol(
        "Lim2024 L148: current and capacity rise together",
        first="0.1 mA/cm^2",
        increment="0.1 mA/cm^2",
        half_cycle="none",
        capacity="0.1 mAh/cm^2",
        capacity_increment="0.1 mAh/cm^2",
    ),
    "Sim2025": Protocol(
        "Sim2025 L96: one hour at each current", first="0.1 mA/cm^2", half_cycle="1 hour"
    ),
    "Li2023": Protocol("Li2023 L123: half cycles of half an hour", half_cycle="0.5 hour"),
}


def deviations(stairs: Staircase) -> Iterator[tuple[str, str, str]]:
    """Key, given and expected of what is not as in the paper that the protocol names."""
    told = PROTOCOLS.get(stairs.protocol.partition(",")[0].strip())
    if told is None:
        return
    values: tuple[tuple[str, Value | None, str], ...] = (
        ("first", stairs.first, told.first),
        ("increment", stairs.increment, told.increment),
        ("half_cycle", stairs.half_cycle, told.half_cycle),
        ("capacity", stairs.capacity, told.capacity),
        ("capacity_increment", stairs.capacity_increment, told.capacity_increment),
    )
    for key, value, wanted in values:
        if not wanted or (value is None and wanted == "none"):
            continue
        if value is None:
            yield key, "nothing", f"{wanted} ({told.place})"
            return  # by time or by capacity: the other keys follow from it
        same = wanted != "none" and abs(type(value).read(wanted) / value.number - 1.0) <= SAME
        if not same:
            word = "no such key" if wanted == "none" else wanted
            yield key, as_given(value.text), f"{word} ({told.place})"
            if wanted == "none":
                return
