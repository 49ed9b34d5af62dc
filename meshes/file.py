"""Meshes from files with named regions.

A file may be anything that meshio reads; cells are triangles (plane, axisymmetric with x = r,
y = z) or tetrahedra, facets are lines or triangles, all with straight edges. Names of regions
(cells) and of facet groups come from, in this order:

1. the file's own named sets: physical groups of a Gmsh `.msh`, element sets of `.inp`, groups of
   `.med`;
2. formats without names (`.vtu`, `.vtk`, `.xdmf`): a whole-number cell array whose own name is the
   list of names joined by "-", its values being places in that list from 0, -1 for none. This is
   what meshio's `Mesh.cell_sets_to_data()` makes of named sets.

Each cell belongs to exactly one region, each facet to at most one group; a group lies all on the
surface (a boundary) or all inside (an interface). Outer facets without a name are insulated.
"""

from collections.abc import Collection
from dataclasses import dataclass

import gmsh
import meshio
import numpy as np
from numpy.typing import NDArray

from meshes.formats import CORNERS, named_sets, read
from meshes.geometry import Dimension, MeshFile, Names
from meshes.mesh import MeshError
from meshes.periods import periods_of
from meshes.topology import Facets, Nodes, facets_of, find

CELLS = {"3d": "tetra", "plane": "triangle", "axisymmetric": "triangle"}
FACETS = {"3d": "triangle", "plane": "line", "axisymmetric": "line"}
GMSH_TYPE = {"line": 1, "triangle": 2, "tetra": 4}


@dataclass(frozen=True)
class FileMesh:
    """A mesh with names.

    Attributes:
        points: coordinates in um, shape (points, 3); those no cell uses are there as well.
        regions: cells of each region, node numbers as rows.
        boundaries: facets of each outer group.
        interfaces: facets of each inner group.
        periods: um along every axis, 0.0 where the mesh is not periodic.
    """

    points: NDArray[np.float64]
    regions: dict[str, Nodes]
    boundaries: dict[str, Nodes]
    interfaces: dict[str, Nodes]
    periods: tuple[float, ...] = ()

    @property
    def names(self) -> Names:
        """The names."""
        return Names(tuple(self.regions), tuple(self.boundaries), tuple(self.interfaces))


def names_in_file(file: MeshFile, omit: Collection[str] = ()) -> Names:
    """Names in a mesh file after leaving out some regions; MeshError if it cannot be used."""
    return read_mesh(file, omit).names


def file_fault(file: MeshFile) -> str:
    """What would have to be different in a mesh file; "" if nothing."""
    try:
        read_mesh(file)
    except MeshError as error:
        return f"a mesh with named regions: {str(error).removeprefix('mesh file: ')}"
    return ""


def read_mesh(file: MeshFile, omit: Collection[str] = ()) -> FileMesh:
    """Read a mesh file, without the cells of some regions.

    The facets that a left out region shares with what is kept keep the name of their group if the
    whole group is on the surface now; otherwise they become the boundary `<region>_surface`.

    Raises:
        MeshError: it cannot be read, or is not a mesh with names as described above.
    """
    raw = read(file.path)
    if raw.points.ndim != 2:
        raise MeshError("mesh file: no points")
    points = np.zeros((len(raw.points), 3))
    points[:, : raw.points.shape[1]] = np.asarray(raw.points, dtype=np.float64)[:, :3]
    points *= file.length_unit
    sets = named_sets(raw, file.path)
    cells, regions = _collect(raw, sets, CELLS[file.dimension])
    facets, groups = _collect(raw, sets, FACETS[file.dimension])
    _check_points(points, cells, file.dimension)
    owners = _partition(regions, len(cells), "cell", required=True)
    _partition(groups, len(facets), "facet", required=False)
    known, pairs = facets_of(cells, len(points))
    if (known.count > 2).any():
        raise MeshError("mesh file: a facet belongs to more than two cells")
    surface = _nodes_of(cells, known, np.flatnonzero(known.count == 1))
    periods = periods_of(points, surface, file.periodic, file.dimension)
    kept = _kept(owners, list(regions), omit)
    boundaries: dict[str, Nodes] = {}
    interfaces: dict[str, Nodes] = {}
    named = np.zeros(len(known.keys), dtype=bool)
    left = _sides_left(known, kept)
    for name, members in groups.items():
        rows = facets[members]
        at = find(rows, known, pairs, len(points))
        if (at < 0).any():
            raise MeshError(f"mesh file: facets of {name} are not facets of cells")
        if len({*np.minimum(known.count[at], 2)}) > 1:
            raise MeshError(f"mesh file: {name} lies partly on the surface and partly inside")
        side, whole = left[at], left[at][left[at] > 0]
        if len(whole) and (whole == 1).all():
            boundaries[name] = rows[side == 1]
            named[at[side == 1]] = True
        elif (side == 2).any():
            interfaces[name] = rows[side == 2]
    for index, region in enumerate(regions):
        if region in omit:
            bared = (left == 1) & (known.count == 2) & ~named
            bared &= (owners[known.first] == index) | (owners[known.last] == index)
            if bared.any():
                boundaries[f"{region}_surface"] = _nodes_of(cells, known, np.flatnonzero(bared))
    return FileMesh(
        points,
        {name: cells[at] for name, at in regions.items() if name not in omit},
        boundaries,
        interfaces,
        periods,
    )


def put_into_gmsh(mesh: FileMesh, dimension: Dimension) -> dict[str, list[tuple[int, int]]]:
    """Put a mesh into the current Gmsh model, one discrete entity per name; the entities."""
    top = 3 if dimension == "3d" else 2
    used = np.unique(np.concatenate([cells.ravel() for cells in mesh.regions.values()]))
    number = np.zeros(len(mesh.points), dtype=np.int64)
    number[used] = np.arange(1, len(used) + 1)
    entities: dict[str, list[tuple[int, int]]] = {}
    parts = [(top, CELLS[dimension], mesh.regions)]
    parts += [(top - 1, FACETS[dimension], part) for part in (mesh.boundaries, mesh.interfaces)]
    for dim, kind, part in parts:
        for name, rows in part.items():
            tag = gmsh.model.addDiscreteEntity(dim)
            entities[name] = [(dim, tag)]
            if len(entities) == 1:  # the nodes may lie on any entity
                gmsh.model.mesh.addNodes(dim, tag, number[used], mesh.points[used].ravel())
            gmsh.model.mesh.addElementsByType(tag, GMSH_TYPE[kind], [], number[rows].ravel())
    return entities


def _collect(
    raw: meshio.Mesh, sets: dict[str, list[NDArray[np.int64]]], kind: str
) -> tuple[Nodes, dict[str, NDArray[np.int64]]]:
    """All elements of a kind, and the members of each name that has such elements."""
    rows: list[Nodes] = [np.empty((0, CORNERS[kind]), np.int64)]
    members: dict[str, list[NDArray[np.int64]]] = {}
    count = 0
    for index, block in enumerate(raw.cells):
        if block.type == kind:
            for name, blocks in sets.items():
                if len(blocks[index]):
                    members.setdefault(name, []).append(blocks[index] + count)
            rows.append(np.asarray(block.data, dtype=np.int64))
            count += len(block.data)
    found = {name: np.unique(np.concatenate(members[name])) for name in sets if name in members}
    return np.concatenate(rows), found


def _check_points(points: NDArray[np.float64], cells: Nodes, dimension: Dimension) -> None:
    """Cells there, coordinates finite, plane meshes in the plane, radii not negative."""
    kind = CELLS[dimension]
    if not len(cells):
        raise MeshError(f"mesh file: no cells of type {kind}, which {dimension} needs")
    used = points[np.unique(cells)]
    if not np.isfinite(used).all():
        raise MeshError("mesh file: coordinates that are not finite")
    if dimension != "3d" and np.ptp(used[:, 2]) > 1e-9 * np.ptp(used):
        raise MeshError(f"mesh file: the triangles of a {dimension} mesh do not lie in a plane")
    if dimension == "axisymmetric" and used[:, 0].min() < 0.0:
        raise MeshError("mesh file: negative radius (x) in an axisymmetric mesh")


def _partition(
    members: dict[str, NDArray[np.int64]], count: int, what: str, required: bool
) -> NDArray[np.int64]:
    """Place of the name that each element belongs to, -1 for none."""
    owner = np.full(count, -1)
    for index, (name, at) in enumerate(members.items()):
        if (owner[at] >= 0).any():
            other = list(members)[int(owner[at].max())]
            raise MeshError(f"mesh file: a {what} belongs to {name} and to {other}")
        owner[at] = index
    if required and (owner < 0).any():
        raise MeshError(f"mesh file: {int((owner < 0).sum())} {what}s belong to no region")
    return owner


def _kept(
    owners: NDArray[np.int64], regions: list[str], omit: Collection[str]
) -> NDArray[np.bool_]:
    """Which cells are kept."""
    return np.asarray(np.array([name not in omit for name in regions])[owners])


def _sides_left(known: Facets, kept: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Number of kept cells at each facet."""
    both = kept[known.first].astype(np.int64) + kept[known.last]
    return np.asarray(np.where(known.count == 2, both, both // 2))


def _nodes_of(cells: Nodes, known: Facets, wanted: NDArray[np.int64]) -> Nodes:
    """Node numbers of facets."""
    rows, opposite = cells[known.first[wanted]], known.of_cell[known.first[wanted]]
    facets: Nodes = rows[opposite != wanted[:, None]].reshape(len(wanted), cells.shape[1] - 1)
    return facets
