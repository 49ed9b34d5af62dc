"""The size law as the background field of a Gmsh model.

The distances are analytic expressions that Gmsh evaluates itself, so the sizes are exact however
fine an edge is, and quick.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import gmsh

from meshes.sizing import MeshSize


@dataclass(frozen=True)
class Slab:
    """The layer between two heights (um), in which elements are at most as large as it is thick."""

    bottom: float
    top: float


def number(value: float) -> str:
    """A number as Gmsh's expression parser takes it anywhere in an expression."""
    return f"({value!r})"


def positive_part(expression: str) -> str:
    """The expression max(0, expression)."""
    return f"(abs({expression})+({expression}))/2"


def point_distance(x: float, y: float) -> str:
    """Distance to a point of the (x, y) plane, or in 3D to the line through it along z."""
    return f"sqrt((x-{number(x)})^2+(y-{number(y)})^2)"


def set_sizes(
    size: MeshSize,
    distances: Iterable[str],
    slabs: Sequence[Slab],
    vertical: str,
    others: Sequence[str] = (),
) -> None:
    """Make the size law the background field of the current Gmsh model.

    Args:
        size: the size law.
        distances: expressions of the distance to each singular edge.
        slabs: layers that limit the size.
        vertical: the stacking coordinate, "y" in 2D and "z" in 3D.
        others: expressions of further limits.
    """
    expressions = [number(size.maximum), *others]
    growth = number(size.growth)
    expressions += [f"{number(size.edge)}+{growth}*{distance}" for distance in distances]
    for slab in slabs:
        over = positive_part(f"{vertical}-{number(slab.top)}")
        under = positive_part(f"{number(slab.bottom)}-{vertical}")
        thickness = max(slab.top - slab.bottom, size.layer)
        expressions.append(f"{number(thickness)}+{growth}*({over}+{under})")
    field = gmsh.model.mesh.field
    tags = []
    for expression in expressions:
        tags.append(field.add("MathEval"))
        field.setString(tags[-1], "F", expression)
    least = field.add("Min")
    field.setNumbers(least, "FieldsList", tags)
    field.setAsBackgroundMesh(least)


def limiting(slabs: Iterable[Slab], maximum: float) -> tuple[Slab, ...]:
    """The layers thinner than the largest size: the others limit nothing."""
    return tuple(slab for slab in slabs if slab.top - slab.bottom < maximum)
