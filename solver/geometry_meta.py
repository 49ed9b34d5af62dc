"""What the pictures and the report have to know about the geometry of a run."""

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from meshes.geometry import Cell, Cross, Round, Slit, TwoDiscs
from meshes.layers import Block, Shell, height, radii
from meshes.micro import Micro

if TYPE_CHECKING:
    from meshes.geometry import Geometry
    from meshes.mesh import BuiltMesh

MIRRORS: dict[str, tuple[str, ...]] = {
    "strip": ("x",),
    "tube": ("x",),
    "half_space": ("x",),
    "round": ("x", "y"),
    "square": ("x", "y"),
    "half_space_3d": ("x", "y"),
    "hexagon": ("hexagon",),
}


@dataclasses.dataclass(frozen=True)
class GeometryMeta:
    """What the pictures have to know about the geometry. Lengths in micrometre.

    Attributes:
        dimension: "plane" (x, y), "axisymmetric" (x is r, y is z) or "3d".
        shape: The shape of the cell ("strip", "tube", ..., "file" for a mesh from a file).
        mirror: The planes through the origin that complete the meshed part to the whole cell: "x"
            mirrors x to -x. For an axisymmetric cell ("x",), for a hexagon ("hexagon",), which
            stands for the twelve images of the 30 degree wedge. For a block, the planes of its
            crack and of its symmetry on the left ("x") and below ("y").
        multiplicity: The whole cell is this many times the meshed part; 1 for a block, whose
            numbers for the current are those of the meshed part.
        width: The width of the whole cell.
        opening: The full width or the diameter of the opening, from outer rim to outer rim for two
            discs; 0 without one.
        opening_kind: "none", "slit", "round", "cross", "two_discs".
        film: The thickness of the film; None without a film.
        film_model: "layer", "interface" or "none".
        regions: Region name -> number in the array "region [-]".
        faces: Boundary or interface name -> stem of its file (`face_file(name)`).
        unmeshed: Layer name -> thickness that is not meshed but counted as a series resistance.
        cell_area: Area of the whole cell in um^2 (plane: um, per um of depth); 0 for a half space.
        open_area: Area of the opening of the whole cell.
        crack: Face of a block in which a crack lies ("left" or "bottom"), and its start and end
            along the face; None without one.
        pit: Width and depth of the pit of a block.
        height: Of a block, with all of its layers; else 0.
        flaws: Name and x, y of both ends of every flaw of a block.
        features: Names of the regions of a microstructure that are not layers around them.
        solids: Region name -> number in the array "region [-]" of the fields of the stress, whose
            mesh may be another one; empty without stress in a microstructure.
    """

    dimension: Literal["plane", "axisymmetric", "3d"]
    shape: str
    mirror: tuple[str, ...]
    multiplicity: float
    width: float
    opening: float
    opening_kind: str
    film: float | None
    film_model: str
    regions: dict[str, int]
    faces: dict[str, str]
    unmeshed: dict[str, float]
    cell_area: float
    open_area: float
    crack: tuple[str, float, float] | None = None
    pit: tuple[float, float] | None = None
    height: float = 0.0
    flaws: tuple[tuple[str, float, float, float, float], ...] = ()
    features: tuple[str, ...] = ()
    solids: dict[str, int] = dataclasses.field(default_factory=dict)


def geometry_meta(
    geometry: "Geometry | None",
    built: "BuiltMesh",
    faces: Mapping[str, str],
    planes: tuple[str, ...] = (),
    body: "Geometry | None" = None,
    stressed: "BuiltMesh | None" = None,
) -> GeometryMeta:
    """What the pictures have to know, from the geometry of a case and its mesh.

    Args:
        geometry: The geometry of the case.
        built: The mesh.
        faces: Name -> stem of the files of the faces that were written.
        planes: Planes of symmetry of a block: "x", "y".
        body: The body that carries stress, where it is not the geometry itself.
        stressed: The mesh of the stress, if there is one.
    """
    shape, width, film, model = "file", 0.0, None, "none"
    mirror: tuple[str, ...] = ()
    opening, kind = 0.0, "none"
    if isinstance(geometry, Cell):
        shape, width, mirror = geometry.shape, geometry.width, MIRRORS[geometry.shape]
        if geometry.film is not None:
            film, model = geometry.film.thickness, geometry.film.model
        match geometry.opening:
            case Slit(width=size):
                opening, kind = size, "slit"
            case Round(radius=radius):
                opening, kind = 2 * radius, "round"
            case Cross(width=size):
                opening, kind = size, "cross"
            case TwoDiscs(radius=radius, distance=distance):
                opening, kind = distance + 2 * radius, "two_discs"
    crack, pit, high = None, None, 0.0
    flaws: tuple[tuple[str, float, float, float, float], ...] = ()
    if isinstance(body, Block):
        high = height(body)
        flaws = tuple((flaw.name, flaw.x, flaw.y, *flaw.end) for flaw in body.flaws)
        if body.crack is not None:
            crack = (body.crack.face, body.crack.start, body.crack.end)
    if isinstance(geometry, Block):
        shape, width, high = geometry.shape, geometry.width, height(geometry)
        mirror = tuple(
            name
            for name in ("x", "y")
            if name in planes or (name == "x" and geometry.shape == "cylinder")
        )
        if geometry.crack is not None:
            crack = (geometry.crack.face, geometry.crack.start, geometry.crack.end)
        if geometry.pit is not None:
            pit = (geometry.pit.width, geometry.pit.depth)
    if isinstance(geometry, Shell):
        shape, width, high = geometry.shape, 2.0 * radii(geometry)[-1], radii(geometry)[-1]
        mirror = ("x", "y")
    features: tuple[str, ...] = ()
    solids: dict[str, int] = {}
    if isinstance(geometry, Micro):
        meshes = [built] if stressed is None else [built, stressed]
        names = [part.name for mesh in meshes for part in mesh.parts if part.feature]
        features = tuple(dict.fromkeys(names))
        solids = {} if stressed is None else dict(stressed.regions)
    return GeometryMeta(
        dimension=built.dimension,
        shape=shape,
        mirror=mirror,
        multiplicity=built.multiplicity,
        width=width,
        opening=opening,
        opening_kind=kind,
        film=film,
        film_model=model,
        regions=dict(built.regions),
        faces=dict(faces),
        unmeshed=dict(built.unmeshed),
        cell_area=built.cell_area or 0.0,
        open_area=built.open_area,
        crack=crack,
        pit=pit,
        height=high,
        flaws=flaws,
        features=features,
        solids=solids,
    )
