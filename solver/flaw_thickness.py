"""Flaws against the thickness of the solid they are in: what is refused, and by how much K errs.

K of a filled flaw (`solver.filled_flaw`) is that of a half space or of an infinite body. An edge
flaw of depth a in a layer of thickness W that is free to bend has, under even pressure,

    K = F p sqrt(pi a),   F = sqrt(t/b) (0.752 + 2.02 a/W + 0.37 (1 - sin b)^3)/cos b,
    b = pi a/(2 W),   t = tan b                                       (within 0.6 %, for any a/W)

and less where the stack keeps it flat: by how far is not known, so K is not corrected but the
report says what lies between. Of a round flaw inside, whose K grows too, no factor is given.

Source: Tada, Paris & Irwin 2000, The Stress Analysis of Cracks Handbook (single edge notch).
"""

from collections.abc import Collection, Iterator
from math import cos, pi, sin, sqrt, tan

from meshes.geometry import Cell, Geometry, is_half_space
from solver import schema
from solver.march_schema import FilledFlaw

LARGE = 0.05  # of the thickness: K of an edge flaw is 2 % more than in a half space
HALF_SPACE = 0.752 + 0.37  # F at a/W = 0


def bending_factor(ratio: float) -> float:
    """F of an edge flaw of a/W in a layer that is free to bend, over that of a half space."""
    b = 0.5 * pi * ratio
    rising = 0.752 + 2.02 * ratio + 0.37 * (1.0 - sin(b)) ** 3
    return sqrt(tan(b) / b) * rising / cos(b) / HALF_SPACE


def thickness_beside(geometry: Geometry | None, metals: Collection[str], face: str) -> float | None:
    """Of all layers from a face to the next metal, um; None: the geometry does not tell it.

    Args:
        geometry: Of the case.
        metals: Regions that are lithium or another metal.
        face: Name of the electrode; of "top" the uppermost run of layers counts, of "bottom" the
            lowest, of others the thickest.
    """
    if not isinstance(geometry, Cell) or is_half_space(geometry):
        return None
    film = [] if geometry.film is None else [("film", geometry.film.thickness)]
    below = [(layer.name, layer.thickness) for layer in reversed(geometry.below)]
    above = [(layer.name, layer.thickness) for layer in geometry.above]
    runs, going = [], False
    for name, thickness in (*below, *film, *above):
        if name in metals:
            going = False
            continue
        if not going:
            runs.append(0.0)
        runs[-1] += thickness
        going = True
    if not runs:
        return None
    return {"bottom": runs[0], "top": runs[-1]}.get(face, max(runs))


def thickness_warnings(case: schema.Case, flaw: FilledFlaw | None) -> Iterator[str]:
    """What the report says of a flaw that is no small part of its solid."""
    metals = {n for n, law in case.regions.items() if isinstance(law, schema.Equipotential)}
    thickness = None if flaw is None else thickness_beside(case.geometry, metals, flaw.face)
    if flaw is None or thickness is None:
        return
    longest = flaw.length if flaw.grows_to is None else max(flaw.length, flaw.grows_to)
    ratio = longest / thickness
    if ratio <= LARGE:
        return
    grows = "" if flaw.grows_to is None else " grows to"
    if flaw.shape == "penny":
        yield (
            f"Warning: the flaw{grows or ' has'} a radius of {ratio:.3g} of the thickness "
            f"({longest:g} of {thickness:g} um), and K is that in an infinite body: in this one it "
            "is larger, by what is not computed."
        )
        return
    most = "is without bound" if ratio >= 1.0 else f"{bending_factor(ratio):.3g} times as large"
    if ratio < 1.0:
        most = f"is {most}, pressure and current that it bears are as much lower"
    yield (
        f"Warning: the flaw{grows or ' is'} {ratio:.3g} of the thickness ({longest:g} of "
        f"{thickness:g} um), and K is that of a half space: in a layer that is free to bend it "
        f"{most}; where the stack keeps the layer flat, by less."
    )
