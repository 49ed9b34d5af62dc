"""Cells of a study: what its keys take in each, and how many features stand there.

Particles and fibres have a share and fill any cell. Rods and pits are given by a number, which
belongs to the cell of the case: in one that is k times as wide and as deep there are k x k times as
many, so that rods keep their pitch and pits their share of the face.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from meshes.geometry import Geometry
from meshes.micro import Rods, Rough
from solver import units
from solver.values import Setting

WHOLE = 1e-6  # how far from a whole number, relative, sizes that are rounded may be


@dataclass(frozen=True)
class Counted:
    """Features that are given by a number: its key, and the numbers in one cell of a study."""

    key: str
    name: str
    numbers: tuple[float, ...]

    @property
    def whole(self) -> bool:
        """Whether the cell has room for whole features alone."""
        return all(abs(n - round(n)) <= WHOLE * n and round(n) > 0 for n in self.numbers)


def lengths(
    keys: Sequence[str],
    sizes: Sequence[str] | None,
    factors: Sequence[float] | None,
    given: Mapping[str, str],
) -> list[dict[str, str]]:
    """The text that every key takes, one table per cell.

    Args:
        keys: Key paths of lengths.
        sizes: Each of the keys takes it; or
        factors: each of the keys is what the case gives, times it.
        given: Texts of the values of the case, by key path.
    """
    if sizes is not None:
        return [dict.fromkeys(keys, size) for size in sizes]
    return [{key: _times(given[key], factor) for key in keys} for factor in factors or ()]


def _times(text: str, factor: float) -> str:
    number, unit = units.split(text)
    return f"{float(number) * factor:.15g} {unit}"


def counted(geometry: Geometry | None, cell: Mapping[str, str]) -> Counted | None:
    """Features of the cell of a study that are given by a number; None without such ones.

    Args:
        geometry: Of the case.
        cell: Texts of the lengths that change, by key path.
    """
    if not isinstance(geometry, Rods | Rough):
        return None
    sides = zip(("width", "depth"), geometry.body.sizes[:-1], strict=False)
    keys = [(f"geometry.{name}", size) for name, size in sides]
    growth = [units.parse(cell[key], "length") / size if key in cell else 1.0 for key, size in keys]
    if isinstance(geometry, Rods):
        pairs = zip(geometry.count, growth, strict=False)
        return Counted("geometry.count", geometry.name, tuple(n * times for n, times in pairs))
    if geometry.pits is None:
        return None
    number = geometry.pits.count * math.prod(growth)
    return Counted("geometry.pits.count", geometry.pits.name, (number,))


def settings(geometry: Geometry | None, cell: Mapping[str, str]) -> dict[str, Setting]:
    """All that changes in a cell: its lengths and the numbers of its features."""
    found = counted(geometry, cell)
    if found is None:
        return dict(cell)
    numbers = [round(n) for n in found.numbers]
    several = isinstance(geometry, Rods)
    return {**cell, found.key: numbers if several else numbers[0]}
