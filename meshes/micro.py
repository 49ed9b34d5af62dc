"""Microstructures between flat layers: the data. Lengths are um; nothing is computed here.

A microstructure is a cell of flat layers, from below, in one or more of which there are features:
particles, fibres, rods, voids. Sides are `left`, `right` (x), `front`, `back` (y), `bottom`, `top`
(the last axis); a plane section has x and y only.
"""

from dataclasses import dataclass
from typing import Literal

from meshes.layers import Layer


@dataclass(frozen=True)
class Body:
    """The cell of a microstructure.

    Attributes:
        width: period along x.
        depth: period along y; 0 for a plane section.
        layers: flat layers from below.
        resolution: size of the boxes of the background lattice.
        periodic: whether opposite `sides`, or `all` faces, are images of each other; where not,
            features end at the sides as at a mirror.
        seed: of all random numbers; the same seed makes the same features.
    """

    width: float
    depth: float
    layers: tuple[Layer, ...]
    resolution: float
    periodic: Literal["none", "sides", "all"]
    seed: int

    @property
    def flat(self) -> bool:
        """Whether it is a plane section."""
        return self.depth == 0.0

    @property
    def height(self) -> float:
        """All layers together."""
        return sum(layer.thickness for layer in self.layers)

    @property
    def sizes(self) -> tuple[float, ...]:
        """Length of every side."""
        ground = (self.width,) if self.flat else (self.width, self.depth)
        return (*ground, self.height)

    @property
    def periods(self) -> tuple[float, ...]:
        """Period along every axis, 0 where there is none."""
        around = {"none": 0, "sides": len(self.sizes) - 1, "all": len(self.sizes)}[self.periodic]
        return tuple(size if i < around else 0.0 for i, size in enumerate(self.sizes))

    def span(self, name: str) -> tuple[float, float]:
        """Lower and upper face of a layer."""
        low = 0.0
        for layer in self.layers:
            if layer.name == name:
                return low, low + layer.thickness
            low += layer.thickness
        return 0.0, 0.0


@dataclass(frozen=True)
class Coat:
    """A shell of a second phase around features."""

    name: str
    thickness: float


@dataclass(frozen=True)
class Particles:
    """Balls (discs in a plane section) that do not overlap, in one layer.

    Attributes:
        body: the cell.
        name: of their region.
        inside: the layer they are in.
        volume_fraction: of that layer, shells not counted.
        arrangement: `random`, or `cubic`: one ball in the middle.
        diameter: mean of a lognormal distribution; a cubic one follows from the fraction.
        deviation: its standard deviation.
        gap: least distance between two of them.
        contact: `apart`, or `touching`: each is pushed against its nearest neighbour.
        place: `anywhere` in the layer, or settled at its `bottom`.
        shell: around every particle.
    """

    body: Body
    name: str
    inside: str
    volume_fraction: float
    arrangement: Literal["random", "cubic"] = "random"
    diameter: float = 0.0
    deviation: float = 0.0
    gap: float = 0.0
    contact: Literal["apart", "touching"] = "apart"
    place: Literal["anywhere", "bottom"] = "anywhere"
    shell: Coat | None = None


Micro = Particles


def feature_names(micro: Micro) -> tuple[str, ...]:
    """Regions of the features, the innermost first."""
    shell = () if micro.shell is None else (micro.shell.name,)
    return (micro.name, *shell)


def hosts(micro: Micro) -> tuple[str, ...]:
    """Layers in which there are features."""
    return (micro.inside,)


def regions_of(micro: Micro) -> tuple[str, ...]:
    """All regions: of the features, then of the layers from below."""
    layers = (layer.name for layer in micro.body.layers)
    return tuple(dict.fromkeys((*feature_names(micro), *layers)))


def side_names(micro: Micro) -> tuple[str, ...]:
    """Names of the outer faces."""
    ground = ("left", "right") if micro.body.flat else ("left", "right", "front", "back")
    return (*ground, "bottom", "top")
