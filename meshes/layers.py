"""Flat layers, and blocks of layers with a crack or a pit: the data. Lengths are um."""

from dataclasses import dataclass
from itertools import accumulate
from math import cos, sin
from typing import Literal


@dataclass(frozen=True)
class Layer:
    """A flat layer of the stack; its name is that of its region. Thickness in um."""

    name: str
    thickness: float


@dataclass(frozen=True)
class Crack:
    """A straight crack in a plane of symmetry of a block; the rest of the plane holds together.

    Attributes:
        face: the plane: `left` (x = 0) or `bottom` (y or z = 0).
        start: where the crack begins, along the face from the corner of both, um.
        end: where it ends; an end inside the face is a tip.
    """

    face: Literal["left", "bottom"]
    start: float
    end: float


@dataclass(frozen=True)
class Flaw:
    """A straight crack inside of a layer of a plane block, of which both faces are meshed.

    Attributes:
        name: of its face, that is of both of them.
        x: where it begins, um; 0: at the left surface.
        y: where it begins, um.
        length: um.
        angle: of its direction from the x axis, rad.
        joined: whether both faces have the same nodes, which the solver then parts.
        surface: the outer face where it begins, if not the left one; "" if it begins inside.
    """

    name: str
    x: float
    y: float
    length: float
    angle: float
    joined: bool = False
    surface: Literal["", "right", "bottom", "top"] = ""

    @property
    def direction(self) -> tuple[float, float]:
        """Unit vector from its beginning to its end."""
        return (cos(self.angle), sin(self.angle))

    @property
    def end(self) -> tuple[float, float]:
        """Where it ends, um."""
        ahead = self.direction
        return (self.x + self.length * ahead[0], self.y + self.length * ahead[1])

    @property
    def emerges(self) -> bool:
        """Whether it begins at the surface."""
        return self.x == 0.0 or self.surface != ""


@dataclass(frozen=True)
class Pit:
    """An empty pit in the middle of the last layer but one, bridged by the last one.

    Attributes:
        width: of the whole pit (a cylinder: its diameter), um; half of it is in the block.
        depth: from the underside of the last layer, um.
    """

    width: float
    depth: float


@dataclass(frozen=True)
class Block:
    """Half of a body of flat layers, for stress and cracks: 0 < x < width, layers along y from 0.

    `block` is 2D plane, `cylinder` is axisymmetric with x the radius. Outer faces are `left`,
    `right`, `bottom`, `top`, `crack`, and of a pit `pit_roof` (the underside of the last layer) and
    `pit` (its wall and floor), and the flaws by their names. What is behind a plane of symmetry is
    not meshed. Below a film with a slit (`window`: all of its width, half of which is in the block)
    the bottom is `window` and, where the film covers it, `film_face`. `marks` are places (x, y) in
    planes between layers where a part that has come off ends.
    """

    shape: Literal["block", "cylinder"]
    width: float
    layers: tuple[Layer, ...]
    crack: Crack | None
    pit: Pit | None = None
    flaws: tuple[Flaw, ...] = ()
    window: float | None = None
    marks: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Shell:
    """A quarter of the section of concentric layers: x and y above zero, from inside outwards.

    `ring` is 2D plane, `ball` is axisymmetric with x the radius. Outer faces are `inner` (unless
    the radius inside is zero), `outer`, and the planes of symmetry `left` (the axis of a ball) and
    `bottom`. Cells have round edges of second order.
    """

    shape: Literal["ring", "ball"]
    inner_radius: float
    layers: tuple[Layer, ...]


def radii(shell: Shell) -> list[float]:
    """Radii (um) of the faces of the layers of a shell, from the innermost one (may be 0)."""
    thickness = (layer.thickness for layer in shell.layers)
    return [*accumulate(thickness, initial=shell.inner_radius)]


@dataclass(frozen=True)
class Ellipse:
    """An elliptical crack around the corner of a box.

    Attributes:
        semi_axes: half lengths along x and y, um.
        filled: half lengths of the part around the corner on which the load of the crack acts, um;
            None: all of it.
    """

    semi_axes: tuple[float, float]
    filled: tuple[float, float] | None = None


@dataclass(frozen=True)
class Box:
    """A quarter of a body of flat layers in 3D: 0 < x < width, 0 < y < depth, layers along z.

    Outer faces are `left`, `right` (x), `front`, `back` (y), `bottom`, `top` (z) and `crack`, which
    lies in the bottom plane, a plane of symmetry then. Around the corner of the top, `touched` um
    wide, cells are as fine as at a front: there an indenter meets it.
    """

    width: float
    depth: float
    layers: tuple[Layer, ...]
    crack: Ellipse | None
    touched: float = 0.0


def height(block: Block | Box) -> float:
    """Height of a block, um."""
    return sum(layer.thickness for layer in block.layers)


def face_length(block: Block, face: Literal["left", "bottom"]) -> float:
    """Length of a face of a block in its section, um."""
    return block.width if face == "bottom" else height(block)


def tips(block: Block) -> tuple[tuple[float, float], ...]:
    """Ends (x, y) of the crack that lie inside of its face, um: first the upper or outer one.

    Of flaws the ends, and the beginnings that are not at the surface.
    """
    crack = block.crack
    if crack is None:
        ends = ((flaw.end, *(() if flaw.emerges else ((flaw.x, flaw.y),))) for flaw in block.flaws)
        return tuple(end for pair in ends for end in pair)
    inside = [s for s in (crack.end, crack.start) if 0.0 < s < face_length(block, crack.face)]
    return tuple((0.0, s) if crack.face == "left" else (s, 0.0) for s in inside)


def pit_corners(block: Block) -> tuple[tuple[float, float], ...]:
    """Rim and foot (x, y) of the wall of a pit, um."""
    if block.pit is None:
        return ()
    half, rim = 0.5 * block.pit.width, height(block) - block.layers[-1].thickness
    return ((half, rim), (half, rim - block.pit.depth))
