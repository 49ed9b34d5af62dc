"""Microstructures between flat layers: the data. Lengths are um; nothing is computed here.

A microstructure is a cell of flat layers, from below, in one or more of which there are features:
particles, fibres, rods, voids. Sides are `left`, `right` (x), `front`, `back` (y), `bottom`, `top`
(the last axis); a plane section has x and y only.
"""

import math
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
            sides are mirrors: particles, pits, jittered rods are whole inside, others end there.
        seed: of all random numbers; the same seed makes the same features.
        mesher: `lattice` fits a lattice; `conformal` cuts solids where that is sound.
    """

    width: float
    depth: float
    layers: tuple[Layer, ...]
    resolution: float
    periodic: Literal["none", "sides", "all"]
    seed: int
    mesher: Literal["lattice", "conformal"] = "lattice"

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
    """A shell of a second phase around features.

    Attributes:
        name: of its region.
        thickness: um; 0: it follows from the share.
        volume_fraction: of the layer that the features are in; 0: it follows from the thickness.
    """

    name: str
    thickness: float
    volume_fraction: float = 0.0


@dataclass(frozen=True)
class Particles:
    """Balls (discs in a plane section) that do not overlap, in one layer or in one of its faces.

    Attributes:
        body: the cell.
        name: of their region.
        inside: the layer they are in.
        volume_fraction: of that layer, shells not counted; whole particles, embedded or not.
        arrangement: `random`, or `cubic`: one ball in the middle of the plane.
        diameter: mean of a lognormal distribution; a cubic one follows from the fraction.
        deviation: its standard deviation.
        gap: least distance between two of them.
        contact: `apart`, or `touching`: each is pushed against its nearest neighbour.
        place: `anywhere` in the layer, or settled at its `bottom` or, upwards, its `top`.
        embedded: how deep those that lie at the bottom (or top) reach into the next layer.
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
    place: Literal["anywhere", "bottom", "top"] = "anywhere"
    embedded: float = 0.0
    shell: Coat | None = None

    @property
    def into(self) -> str:
        """The layer that they are embedded into; "" where they are not or there is none."""
        names = [layer.name for layer in self.body.layers]
        if self.embedded <= 0.0 or self.place == "anywhere" or self.inside not in names:
            return ""
        at = names.index(self.inside) + (1 if self.place == "top" else -1)
        return names[at] if 0 <= at < len(names) else ""

    @property
    def room(self) -> tuple[float, float]:
        """Floor and ceiling of what they lie in: their layer, and as deep as they are embedded."""
        low, high = self.body.span(self.inside)
        deep = self.embedded if self.into else 0.0
        return (low, high + deep) if self.place == "top" else (low - deep, high)


@dataclass(frozen=True)
class Fibres:
    """Straight fibres with round ends that may cross, in one layer: a skeleton.

    Attributes:
        body: the cell.
        name: of their region.
        inside: the layer they are in; its own region fills the pores below the level.
        volume_fraction: of that layer, what crosses counted once.
        diameter: mean of a lognormal distribution.
        deviation: its standard deviation.
        length: of every fibre with its ends.
        axis: mean direction (x, y, z; in a plane section x, y), of any length.
        concentration: of directions about the axis (von Mises and Fisher); 0: any direction.
        percolating: whether one piece must reach from the bottom to the top of the layer.
        stripped: charge per area that was taken from the pores, pC/um^2: they are empty above the
            level that has 4.8498 um of pores per mAh/cm^2 (36000 pC/um^2) over it; 0: full.
        emptied: region in the emptied pores; may be that of another layer.
        fallen: of the level below the top of the layer, um; 0: as in the mean of the layer.
    """

    body: Body
    name: str
    inside: str
    volume_fraction: float
    diameter: float
    deviation: float
    length: float
    axis: tuple[float, ...]
    concentration: float = 0.0
    percolating: Literal["any", "yes", "no"] = "any"
    stripped: float = 0.0
    emptied: str = ""
    fallen: float = 0.0


@dataclass(frozen=True)
class Grains:
    """Grains in the gaps between rods.

    Attributes:
        name: of their region.
        diameter: of each.
        volume_fraction: of the layer that the rods are in.
        gap: least distance from one another and from rods.
    """

    name: str
    diameter: float
    volume_fraction: float
    gap: float = 0.0


@dataclass(frozen=True)
class Rods:
    """Upright rods on the floor of a layer (strips in a plane section).

    Attributes:
        body: the cell.
        name: of their region.
        inside: the layer they stand in; its own region fills the gaps.
        count: rods along x (and y).
        arrangement: `hexagonal` shifts every second row by half; `jittered` moves each at random.
        jitter: standard deviation of that way along x and y.
        diameter: mean of a lognormal distribution.
        deviation: its standard deviation.
        length: from the floor with the cap.
        cap: `flat` or `round`.
        shell: of a second phase on every rod.
        grains: of a second phase in the gaps.
        deposit: film of this thickness on rods, shells and the floor between them.
    """

    body: Body
    name: str
    inside: str
    count: tuple[int, ...]
    arrangement: Literal["square", "hexagonal", "jittered"]
    jitter: float
    diameter: float
    deviation: float
    length: float
    cap: Literal["flat", "round"] = "flat"
    shell: Coat | None = None
    grains: Grains | None = None
    deposit: Coat | None = None


@dataclass(frozen=True)
class RoughFace:
    """A rough upper face of a layer.

    Attributes:
        layer: the layer below the face.
        rms: root mean square of its height.
        correlation: length at which the correlation of heights has fallen to 1/e.
        hurst: exponent H of the correlation exp(-(r/correlation)^(2 H)).
        file: a map of heights instead, see `meshes.rough`; "" for none.
        height_unit: um per unit of the map.
        pixel: size of a pixel of the map, um; 0: the map is as wide and deep as the cell.
        shortest_wavelength: of its waves, um; 0: two fifths of the correlation length.
    """

    layer: str
    rms: float
    correlation: float
    hurst: float
    file: str = ""
    height_unit: float = 1.0
    pixel: float = 0.0
    shortest_wavelength: float = 0.0

    @property
    def spacing(self) -> float:
        """Of the grid on which heights are drawn, um: half of the shortest wavelength."""
        return 0.5 * self.shortest_wavelength or 0.2 * self.correlation


@dataclass(frozen=True)
class Pits:
    """Pits or voids of one shape below the upper face of a layer.

    Attributes:
        name: of the region in them.
        layer: the layer whose upper face they are in.
        kind: `ball` (a cap of an ellipsoid), `cylinder` or `cone`.
        diameter: at the face.
        depth: below the face.
        count: how many, at random without overlap.
    """

    name: str
    layer: str
    kind: Literal["ball", "cylinder", "cone"]
    diameter: float
    depth: float
    count: int


@dataclass(frozen=True)
class Rough:
    """A stack with rough faces; where two faces cross, the layer between them is gone.

    Attributes:
        body: the cell.
        faces: rough upper faces of layers, from below; each has random numbers of its own.
        contact_fraction: share of the plane in which the layer between the first two rough faces is
            gone; 0: as the thickness of that layer has it.
        pits: at the upper face of a layer.
    """

    body: Body
    faces: tuple[RoughFace, ...]
    contact_fraction: float = 0.0
    pits: Pits | None = None


@dataclass(frozen=True)
class Segmented:
    """A segmented picture (2D) or stack of pictures (3D): every pixel is a box of cells.

    Attributes:
        body: the cell; its one layer is the picture, its resolution a pixel.
        file: `.npy` or `.tif`, see `meshes.image`.
        pixels: along x (and y), and up.
        steps: size of a pixel along the same axes, um.
        values: values of pixels and the region of each; several may be of one region.
        smooth: whether faces are smoothed; else they are those of the pixels.
    """

    body: Body
    file: str
    pixels: tuple[int, ...]
    steps: tuple[float, ...]
    values: tuple[tuple[int, str], ...]
    smooth: bool


Micro = Particles | Fibres | Rods | Rough | Segmented

LITHIUM_PER_CHARGE = 4.8498 / 36000.0  # um of dense lithium per pC/um^2


@dataclass(frozen=True)
class Flat:
    """A flat part of the cell: region, lower and upper face, whether features may be in it."""

    name: str
    low: float
    high: float
    filled: bool


def flats(micro: Micro) -> tuple[Flat, ...]:
    """The flat parts of a microstructure from below."""
    out: list[Flat] = []
    filled = hosts(micro)
    low = 0.0
    for layer in micro.body.layers:
        high = low + layer.thickness
        if isinstance(micro, Fibres) and layer.name == micro.inside and micro.stripped > 0.0:
            level = high - emptied_height(micro)
            out.append(Flat(layer.name, low, level, True))
            out.append(Flat(micro.emptied, level, high, True))
        else:
            out.append(Flat(layer.name, low, high, layer.name in filled))
        low = high
    return tuple(out)


def emptied_height(fibres: Fibres) -> float:
    """How far the pores are empty below the top of the layer, um.

    As long as the level is not known: with as many pores at every height as in the mean.
    """
    if fibres.fallen > 0.0:
        return fibres.fallen
    return LITHIUM_PER_CHARGE * fibres.stripped / (1.0 - fibres.volume_fraction)


def emptied_volume(fibres: Fibres) -> float:
    """Of the pores from which lithium was stripped, um^3 (um^2 in a plane section)."""
    return LITHIUM_PER_CHARGE * fibres.stripped * math.prod(fibres.body.sizes[:-1])


def feature_names(micro: Micro) -> tuple[str, ...]:
    """Regions of the features, the innermost first."""
    match micro:
        case Particles(shell=shell):
            coats: tuple[Coat | Grains | None, ...] = (shell,)
        case Rods(shell=shell, grains=grains, deposit=deposit):
            coats = (shell, grains, deposit)
        case Fibres():
            return (micro.name,)
        case Rough(pits=pits):
            return () if pits is None else (pits.name,)
        case Segmented(values=values):
            return tuple(dict.fromkeys(name for _, name in values))
    return (micro.name, *(coat.name for coat in coats if coat is not None))


def shown_regions(micro: Micro) -> tuple[str, ...]:
    """Regions that are features, not what is around them."""
    names = feature_names(micro)
    if isinstance(micro, Rough):
        first = [face.layer for face in micro.faces][:1]
        return (*names, *(first or [micro.body.layers[0].name]))
    return names[1:] if isinstance(micro, Segmented) else names


def hosts(micro: Micro) -> tuple[str, ...]:
    """Layers in which there are features."""
    if isinstance(micro, Rough):
        names = [layer.name for layer in micro.body.layers]
        below = [face.layer for face in micro.faces]
        if micro.pits is not None:
            below.append(micro.pits.layer)
        around = {at + i for at, name in enumerate(names) if name in below for i in (0, 1)}
        return tuple(name for at, name in enumerate(names) if at in around)
    if isinstance(micro, Segmented):
        return tuple(layer.name for layer in micro.body.layers)
    if isinstance(micro, Particles) and micro.into:
        return (micro.inside, micro.into)
    return (micro.inside,)


def regions_of(micro: Micro) -> tuple[str, ...]:
    """All regions: of the features, then of the layers from below."""
    if isinstance(micro, Segmented):
        return feature_names(micro)
    names = [*feature_names(micro), *(flat.name for flat in flats(micro))]
    if isinstance(micro, Fibres) and micro.emptied and micro.emptied not in names:
        names.insert(names.index(micro.inside) + 1, micro.emptied)  # of full pores: without cells
    return tuple(dict.fromkeys(names))


def side_names(micro: Micro) -> tuple[str, ...]:
    """Names of the outer faces."""
    ground = ("left", "right") if micro.body.flat else ("left", "right", "front", "back")
    return (*ground, "bottom", "top")


def files_of(micro: Micro) -> tuple[str, ...]:
    """Files that a microstructure is made from."""
    if isinstance(micro, Rough):
        return tuple(face.file for face in micro.faces if face.file)
    if isinstance(micro, Segmented):
        return (micro.file,)
    return ()
