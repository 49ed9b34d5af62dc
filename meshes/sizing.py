"""Element sizes: graded to the singular edges, never above the thickness of a layer.

    h(d) = min(maximum, edge + growth d),    d = distance to the nearest singular edge

and in a layer of thickness t at distance s: h <= t + growth s. The distances are analytic
expressions evaluated inside Gmsh, so the size is exact however fine the edge is.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import gmsh

from meshes.geometry import (
    Cell,
    Cross,
    Fault,
    Geometry,
    MeshFile,
    NoOpening,
    Round,
    Slit,
    TwoDiscs,
    dimension,
)


@dataclass(frozen=True)
class MeshSize:
    """Element sizes in um; `seed` varies the mesh without changing its sizes.

    Attributes:
        edge: element size at the singular edges.
        growth: increase of the size per distance from them.
        maximum: largest size.
        seed: seed of the mesher's random perturbations.
    """

    edge: float
    growth: float
    maximum: float
    seed: int = 0


@dataclass(frozen=True)
class Slab:
    """The layer between two heights (um), in which elements are at most as large as it is thick."""

    bottom: float
    top: float


def size_faults(size: MeshSize) -> list[Fault]:
    """Why element sizes are impossible; empty if they are not."""
    out = [
        Fault(key, f"{value:g} um", "a positive length")
        for key, value in (("edge", size.edge), ("maximum", size.maximum))
        if not (math.isfinite(value) and value > 0.0)
    ]
    if not 0.0 < size.growth <= 2.0:
        out.append(Fault("growth", f"{size.growth:g}", "more than 0 and at most 2"))
    if not out and size.edge > size.maximum:
        out.append(Fault("edge", f"{size.edge:g} um", f"at most the maximum ({size.maximum:g} um)"))
    if size.seed < 0:
        out.append(Fault("seed", str(size.seed), "0 or more"))
    return out


def feature(cell: Cell) -> float:
    """Smallest half width of the opening and of what is left between openings (um)."""
    half = cell.width / 2.0
    match cell.opening:
        case NoOpening():
            return half
        case Slit(width) | Cross(width):
            return min(width / 2.0, half - width / 2.0)
        case Round(radius):
            return min(radius, half - radius)
        case TwoDiscs(radius, distance):
            return min(radius, distance / 2.0 - radius, half - distance / 2.0 - radius)


def default_size(geometry: Geometry, accuracy: float) -> MeshSize:
    """Sizes of the first mesh for a relative accuracy of the excess resistance.

    In 2D coarse, since adaptive refinement follows; in 3D graded to `accuracy` times the feature,
    because the error of a graded mesh is of the order of its edge size over the feature. For a
    mesh file the sizes have no effect.
    """
    if isinstance(geometry, MeshFile):
        return MeshSize(1.0, 1.0, 1.0)
    length = feature(geometry)
    if isinstance(geometry.opening, NoOpening):
        return MeshSize(geometry.width / 10.0, 0.5, geometry.width / 10.0)
    if dimension(geometry) == "3d":
        edge = length * min(max(accuracy, 1e-4), 0.1)
        return MeshSize(edge, 0.35, geometry.width / 8.0)
    return MeshSize(length / 20.0, 0.5, geometry.width / 10.0)


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
        expressions.append(f"{number(slab.top - slab.bottom)}+{growth}*({over}+{under})")
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
