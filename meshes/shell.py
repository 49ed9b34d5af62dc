"""What concentric layers consist of: names and measures of regions and faces, without Gmsh."""

import itertools
import math

from meshes.layers import Shell, radii

CHORDS = 8  # of a quarter of a circle in the first mesh; edges are round, of second order
SLENDER = 4.0  # arc over radial length of a cell: fields change along the radius


def default_chord(shell: Shell) -> float:
    """Length of the cells along the outermost arc in the first mesh, um."""
    return 0.5 * math.pi * radii(shell)[-1] / CHORDS


def chords(shell: Shell, largest: float) -> int:
    """Number of cells along every quarter circle, for a largest arc (um)."""
    return max(4, math.ceil(0.5 * math.pi * radii(shell)[-1] / largest * (1.0 - 1e-9)))


def cells_across(low: float, high: float, angle: float) -> int:
    """Number of cells across a layer between two radii (um), for their angle (rad)."""
    return max(2, math.ceil(SLENDER * math.log(high / low) / angle))


def planes_between(shell: Shell) -> tuple[str, ...]:
    """Names of the faces between neighbouring layers, outwards."""
    return tuple(f"{a.name}|{b.name}" for a, b in itertools.pairwise(shell.layers))


def faces_of_shell(shell: Shell) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the boundaries and of the interfaces of a shell."""
    hole = ("inner",) if shell.inner_radius > 0.0 else ()
    return (*hole, "outer", "left", "bottom"), planes_between(shell)


def curved_faces(shell: Shell) -> dict[str, float]:
    """Radius (um) of every round face, outwards."""
    at = radii(shell)
    names = ("inner", *planes_between(shell), "outer")
    return {name: r for name, r in zip(names, at, strict=True) if r > 0.0}


def exact_measures_of_shell(shell: Shell, angle: float) -> dict[str, float]:
    """Area (ball: volume) of each region and length (area) of each face, of chords of an angle."""
    at, count = radii(shell), round(0.5 * math.pi / angle)
    ring = shell.shape == "ring"
    sector = 0.5 * count * math.sin(angle)  # area of a quarter polygon of radius 1
    side = 2.0 * math.sin(0.5 * angle)
    x = [math.cos(i * angle) for i in range(count + 1)]
    pairs = sum(a + b for a, b in itertools.pairwise(x))
    volume = 2.0 * math.pi * 0.5 * math.sin(angle) * pairs / 3.0  # Pappus, triangle by triangle
    area = 2.0 * math.pi * side * 0.5 * pairs
    out = {}
    for layer, (low, high) in zip(shell.layers, itertools.pairwise(at), strict=True):
        size = sector * (high**2 - low**2) if ring else volume * (high**3 - low**3)
        out[layer.name] = size
    for name, r in curved_faces(shell).items():
        out[name] = count * side * r if ring else area * r**2
    flat = at[-1] - at[0]
    out["left"] = flat if ring else 0.0
    out["bottom"] = flat if ring else math.pi * (at[-1] ** 2 - at[0] ** 2)
    return out
