"""The ends of a crack, or of a part that has come off: which of them decides, and what it does.

All ends of a crack are driven at once. The worse one decides: that with the smallest margin Gc/G,
without any Gc that with the largest G. The verdict is the worst of those of all ends, and a crack
is stable only if nothing is unknown of any end.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf

from solver.quantities import Quantity
from solver.stability import GROWS, DrivingForce, Verdict, verdict

ALIKE = 1e-6  # margins that differ by less are the same: the first end decides
WORSE: tuple[Verdict, ...] = (
    "stable", "undecided within the error bar", "arrests", GROWS, "grows unstably",
)  # fmt: skip


@dataclass(frozen=True)
class End:
    """One end of a crack and what drives it.

    Attributes:
        label: What it is called.
        force: G and dG/da.
        bar: Error bar of G, J/m^2.
        limit: Gc, J/m^2; None if it is not given.
        limit_slope: By how much it rises as this end grows, J/m^2/um.
    """

    label: str
    force: DrivingForce
    bar: float
    limit: float | None
    limit_slope: float = 0.0

    @property
    def margin(self) -> float:
        """Gc/G; infinite where nothing drives it, or without Gc."""
        rate = self.force.value
        if self.limit is None or rate <= 0.0 or rate <= self.bar < inf:
            return inf
        return self.limit / rate

    @property
    def word(self) -> Verdict | None:
        """What this end does by itself; None without Gc."""
        if self.limit is None:
            return None
        slope = self.force.slope - self.limit_slope
        return verdict(self.force.value, self.bar, self.limit, slope, self.force.slope_bar)


def worse(ends: Sequence[End]) -> int:
    """Index of the end that decides."""
    first = 0
    for index, end in enumerate(ends):
        one, other = ends[first].margin, end.margin
        if one == other == inf:
            less = end.force.value > (1.0 + ALIKE) * ends[first].force.value
        else:
            less = other < (1.0 - ALIKE) * one
        first = index if less else first
    return first


def verdict_of(ends: Sequence[End], unknown: Sequence[str] = ()) -> str | None:
    """What the crack does by the worst of its ends; None without any Gc.

    Args:
        ends: That have a driving force.
        unknown: Ends that have none: they lie on an interface.
    """
    words = [end.word for end in ends if end.word is not None]
    if not words:
        return None
    word = max(words, key=WORSE.index)
    unknown = [*unknown, *(end.label for end in ends if end.limit is None)]
    if word == "stable" and unknown:
        return f"undecided: of its end {unknown[0]} nothing is known"
    return word


def told(
    ends: Sequence[End], of_one: Sequence[Sequence[Quantity]], word: str | None
) -> Iterator[Quantity]:
    """The numbers of the end that decides and, of several, those of each with its label.

    Args:
        ends: At least one.
        of_one: Quantities of each.
        word: The verdict on all of them.
    """
    first = worse(ends)
    yield from (q for q in of_one[first] if q.name != "verdict")
    if word is not None:
        yield Quantity("verdict", word, "", meaning="Does it grow?")
    if len(ends) == 1:
        return
    text = "The end with the smallest margin; its numbers have no end in their name."
    yield Quantity("first_to_grow", ends[first].label, "", meaning=text)
    for end, quantities in zip(ends, of_one, strict=True):
        yield from (replace(q, name=f"{q.name}.{end.label}") for q in quantities)
