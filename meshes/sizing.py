"""Element sizes: graded to the singular edges, never above the thickness of a layer.

    h(d) = min(maximum, edge + growth d),    d = distance to the nearest singular edge

and in a layer of thickness t, at a distance s from it: h <= max(t, layer) + growth s, where layer
is zero unless long cells in thin layers of a block are asked for.
"""

import math
import random
from dataclasses import dataclass

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
from meshes.layers import Block, Box, Shell, height
from meshes.micro import Micro
from meshes.shell import default_chord


@dataclass(frozen=True)
class MeshSize:
    """Element sizes in um; a `seed` other than 0 varies each of them by up to a tenth.

    Attributes:
        edge: element size at the singular edges.
        growth: increase of the size per distance from them.
        maximum: largest size.
        seed: meshes of the same sizes with different seeds are different meshes.
        layer: size that cells of thinner layers may have along them.
    """

    edge: float
    growth: float
    maximum: float
    seed: int = 0
    layer: float = 0.0


def varied(size: MeshSize) -> MeshSize:
    """The sizes with the variation of their seed (Gmsh's own seed does not change its meshes)."""
    if size.seed == 0:
        return size
    edge, growth, maximum = random.Random(size.seed).sample(range(-100, 101), 3)
    return MeshSize(
        size.edge * (1.0 + edge / 1000.0),
        size.growth * (1.0 + growth / 1000.0),
        size.maximum * (1.0 + maximum / 1000.0),
        layer=size.layer,
    )


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
    if isinstance(geometry, Micro):
        return MeshSize(geometry.body.resolution, 1.0, geometry.body.resolution)
    if isinstance(geometry, Block):
        return default_block_size(geometry)
    if isinstance(geometry, Box):
        largest = min(geometry.width, geometry.depth, height(geometry)) / 4.0
        front = largest if geometry.crack is None else min(geometry.crack.semi_axes) / 16.0
        front = geometry.touched / 4.0 if geometry.touched else front
        return MeshSize(front, 0.35, largest)
    if isinstance(geometry, Shell):
        chord = default_chord(geometry)
        return MeshSize(chord, 0.5, chord)
    length = feature(geometry)
    if isinstance(geometry.opening, NoOpening):
        return MeshSize(geometry.width / 10.0, 0.5, geometry.width / 10.0)
    if dimension(geometry) == "3d":
        # measured: straight edges reach the accuracy with elements four times as large
        factor = 4.0 if isinstance(geometry.opening, Cross | Slit) else 1.0
        edge = length * factor * min(max(accuracy, 1e-4), 0.1 / factor)
        return MeshSize(edge, 0.35, geometry.width / 8.0)
    return MeshSize(length / 20.0, 0.5, geometry.width / 10.0)


def default_block_size(block: Block) -> MeshSize:
    """Sizes of the first mesh: fine along the crack, ever coarser away from it."""
    if block.pit is not None:
        film = block.layers[-1].thickness
        largest = max(min(block.width, height(block)) / 8.0, film)
        return MeshSize(film / 8.0, 0.4, largest)
    if block.flaws:
        length = min(flaw.length for flaw in block.flaws)
        return MeshSize(length / 50.0, 0.12, min(block.width, height(block)) / 8.0)
    if block.crack is None and block.marks:
        thinnest = min(layer.thickness for layer in block.layers)
        largest = min(block.width, height(block)) / 4.0
        return MeshSize(min(thinnest, largest) / 8.0, 0.3, largest)
    if block.crack is None:
        largest = min(block.width, height(block)) / 10.0
        return MeshSize(largest, 0.5, largest)
    length = block.crack.end - block.crack.start
    largest = max(min(block.width, height(block)) / 8.0, length / 10.0)
    return MeshSize(length / 50.0, 0.12, largest)
