"""Mean and confidence of a quantity over realisations, and the size of cell that suffices.

The mean of n values with the standard deviation s lies within t s/sqrt(n) of the true one, with
Student's t of n - 1 degrees of freedom at the asked confidence. What the meshes leave open, d, the
mean of the larger distance of a value to its bounds, adds to that. With h = t s/sqrt(n) a size
suffices if

    |mean - mean'| + sqrt(h^2 + h'^2) + d + d' <= accuracy |mean|    for all larger sizes (')

so that it is known, at the confidence, that none of these differs by more: a change that is small
by chance is none. (Welch's interval has more degrees of freedom than n - 1, and is narrower.)
Nothing is known of sizes beyond the largest.

Source: Student 1908, Biometrika 6, 1; Kanit et al. 2003, Int. J. Solids Struct. 40, 3647.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, inf, nan, sqrt

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class Sample:
    """Realisations of one size.

    Attributes:
        size: As the case file gives it.
        values: Of the quantity, one per seed.
        lower: Their lower bounds.
        upper: Their upper bounds.
    """

    size: str
    values: tuple[float, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Of the values."""
        return float(np.mean(self.values)) if self.values else nan

    @property
    def deviation(self) -> float:
        """Standard deviation of one value."""
        return float(np.std(self.values, ddof=1)) if len(self.values) > 1 else nan

    def half_width(self, confidence: float) -> float:
        """Of the interval of the mean; infinite with one value."""
        count = len(self.values)
        if count < 2:
            return inf
        student = float(stats.t.ppf(0.5 * (1.0 + confidence), count - 1))
        return student * self.deviation / sqrt(count)

    @property
    def unresolved(self) -> float:
        """How far a value may be off on its own mesh, by its bounds, in the mean."""
        values, lower, upper = map(np.array, (self.values, self.lower, self.upper))
        return float(np.maximum(upper - values, values - lower).mean())

    def uncertainty(self, confidence: float) -> float:
        """Of the mean: by the choice of seeds, and by the meshes."""
        return self.half_width(confidence) + self.unresolved


def sufficient(samples: Sequence[Sample], accuracy: float, confidence: float) -> int | None:
    """Place of the first size that suffices; None if none does."""
    for place, here in enumerate(samples[:-1]):
        changes = (
            abs(s.mean - here.mean) + _of_change(here, s, confidence) for s in samples[place + 1 :]
        )
        if max(changes) <= accuracy * abs(here.mean):
            return place
    return None


def _of_change(here: Sample, larger: Sample, confidence: float) -> float:
    """Uncertainty of the difference of two means."""
    seeds = hypot(here.half_width(confidence), larger.half_width(confidence))
    return seeds + here.unresolved + larger.unresolved


def statement(
    samples: Sequence[Sample], quantity: str, unit: str, accuracy: float, confidence: float
) -> str:
    """Which size suffices, or why none does."""
    place = sufficient(samples, accuracy, confidence)
    if place is None:
        last = samples[-1]
        half = _relative(last.uncertainty(confidence), last.mean)
        change = _relative(abs(last.mean - samples[-2].mean), last.mean)
        sure = _relative(_of_change(samples[-2], last, confidence), last.mean)
        return (
            f"No size suffices for {quantity} to {accuracy:.2g}: at {last.size} the mean is known "
            f"to {half:.1e} ({confidence:.0%}) and changed by {change:.1e} +- {sure:.1e} from "
            f"{samples[-2].size}."
        )
    here, larger = samples[place], samples[place + 1]
    change = _relative(abs(larger.mean - here.mean), here.mean)
    sure = _relative(_of_change(here, larger, confidence), here.mean)
    left = f"{here.unresolved:.1g} by the meshes" if here.unresolved else "no error bars of meshes"
    return (
        f"{here.size} suffices for {quantity} to {accuracy:.2g}: {here.mean:.6g} +- "
        f"{here.uncertainty(confidence):.2g} {unit} ({confidence:.0%}, {len(here.values)} seeds, "
        f"{left}), changed by {change:.1e} +- {sure:.1e} to {larger.size}."
    )


def _relative(part: float, whole: float) -> float:
    """Over the size of a mean, which is 0 where no cell conducts."""
    if part == 0.0:
        return 0.0
    return part / abs(whole) if whole else inf


def table(samples: Sequence[Sample], quantity: str, unit: str, confidence: float) -> str:
    """All sizes as CSV."""
    head = f"size,seeds,{quantity} [{unit}],half width at {confidence:g},deviation,lower,upper"
    rows = [
        f"{s.size},{len(s.values)},{s.mean:.9g},{s.half_width(confidence):.6g},{s.deviation:.6g},"
        f"{np.mean(s.lower):.9g},{np.mean(s.upper):.9g}"
        for s in samples
    ]
    return "\n".join([head, *rows]) + "\n"
