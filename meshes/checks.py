"""Is a mesh what was asked for? Volumes, areas, quality, one group for every cell and facet."""

import math
from collections.abc import Collection, Mapping

import gmsh
import numpy as np
from numpy.typing import NDArray

from meshes.geometry import Cell, Dimension, faces, levels, region
from meshes.mesh import Measure, MeshError, MeshReport, SliverError
from meshes.section import Model
from meshes.topology import Nodes, facets_of, find

MEASURE_TOLERANCE = 1e-9  # relative, of every volume and area
QUALITY_BOUND = {"plane": 0.1, "axisymmetric": 0.1, "3d": 0.02}  # gamma of every cell
FILM_BOUND = 0.2  # gamma of an extruded cell, times its longest edge over its thickness
FLAT = 1e-8  # gamma of a cell without volume


def exact_measures(cell: Cell, model: Model, omit: tuple[str, ...]) -> dict[str, float]:
    """Volume of each region and area of each facet group, from the heights and the plan."""
    out: dict[str, float] = {}

    def add(name: str, value: float) -> None:
        out[name] = out.get(name, 0.0) + value

    stack = levels(cell)
    for level in stack:
        for column, area in model.areas.items():
            name = region(level, column, omit)
            if name:
                add(name, area * level.height)
    for face in faces(cell, omit):
        match face.kind:
            case "plane":
                add(face.name, model.areas[face.column])
            case "wall":
                add(face.name, model.wall * stack[face.level].height)
            case "outer":
                length = model.outer.get((face.column, face.name), 0.0)
                add(face.name, length * stack[face.level].height)
    return out


def simplices(entities: list[tuple[int, int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Elements (tags, and node tags as rows) of some entities of one dimension."""
    dim = entities[0][0]
    kind = {1: 1, 2: 2, 3: 4}[dim]
    tags, nodes = [], []
    for _, entity in entities:
        found, at = gmsh.model.mesh.getElementsByType(kind, entity)
        tags.append(np.asarray(found, dtype=np.int64))
        nodes.append(np.asarray(at, dtype=np.int64).reshape(-1, dim + 1))
    return np.concatenate(tags), np.concatenate(nodes)


def node_coordinates() -> NDArray[np.float64]:
    """Coordinates of all nodes, row = node tag (rows of unused tags are NaN)."""
    tags, coordinates, _ = gmsh.model.mesh.getNodes()
    out = np.full((int(tags.max()) + 1, 3), np.nan)
    out[tags.astype(np.int64)] = np.asarray(coordinates).reshape(-1, 3)
    return out


def measure(points: NDArray[np.float64], axisymmetric: bool) -> NDArray[np.float64]:
    """Lengths, areas or volumes of simplices, times 2 pi r of the centroid in axisymmetry.

    Args:
        points: corners, shape (simplices, corners, 3).
        axisymmetric: whether x is the radius.
    """
    edges = points[:, 1:] - points[:, :1]
    gram = np.einsum("nik,njk->nij", edges, edges)
    if edges.shape[1] == 3:  # the determinant itself keeps the sign and loses no digits
        volume = np.abs(np.linalg.det(edges)) / 6.0
    elif edges.shape[1] == 2:
        volume = np.linalg.norm(np.cross(edges[:, 0], edges[:, 1]), axis=1) / 2.0
    else:
        volume = np.sqrt(gram[:, 0, 0])
    weight = 2.0 * math.pi * points[:, :, 0].mean(axis=1) if axisymmetric else 1.0
    return np.asarray(volume * weight, dtype=np.float64)


def check_conformity(
    regions: Mapping[str, Nodes], boundaries: Mapping[str, Nodes], interfaces: Mapping[str, Nodes]
) -> None:
    """Every outer facet is in one boundary, every interface facet lies between two regions.

    Args:
        regions: cells of each region, node numbers as rows.
        boundaries: facets of each boundary.
        interfaces: facets of each interface.

    Raises:
        MeshError: cells overlap or do not fit together, or a facet has no or the wrong group.
    """
    cells = np.concatenate(list(regions.values()))
    owner = np.repeat(np.arange(len(regions)), [len(rows) for rows in regions.values()])
    nodes = int(cells.max()) + 1
    known, pairs = facets_of(cells, nodes)
    if (known.count > 2).any():
        raise MeshError("mesh: a facet belongs to more than two cells")
    times = np.zeros(len(known.keys), dtype=np.int64)
    for name, rows in [*boundaries.items(), *interfaces.items()]:
        at = find(rows, known, pairs, nodes)
        if (at < 0).any():
            raise MeshError(f"mesh: facets of {name} are not facets of cells")
        np.add.at(times, at, 1)
        if (known.count[at] != (1 if name in boundaries else 2)).any():
            raise MeshError(f"mesh: {name} lies partly where it should not")
    if (times > 1).any():
        raise MeshError("mesh: a facet is in two groups")
    bonded = (known.count == 2) & (owner[known.first] != owner[known.last])
    missing = int(((known.count == 1) | bonded)[times == 0].sum())
    if missing:
        raise MeshError(f"mesh: {missing} facets between regions or on the surface have no name")


def check(
    groups: Mapping[str, list[tuple[int, int]]],
    interfaces: Collection[str],
    exact: Mapping[str, float] | None,
    extruded: Mapping[int, float],
    dimension: Dimension,
) -> MeshReport:
    """Measure the mesh of the current Gmsh model and compare.

    Args:
        groups: entities of each name.
        interfaces: which names are those of interfaces.
        exact: measure of each name; None for a mesh from a file.
        extruded: thickness of the volumes (by tag) whose cells may be flat, um.
        dimension: of the mesh.

    Raises:
        SliverError: a cell is worse than the bound.
        MeshError: a group is empty, a measure is wrong, cells do not fit together.
    """
    coordinates = node_coordinates()
    top = 3 if dimension == "3d" else 2
    found: dict[str, list[Measure]] = {"regions": [], "facets": []}
    rows: dict[str, dict[str, Nodes]] = {"regions": {}, "boundaries": {}, "interfaces": {}}
    qualities: list[NDArray[np.float64]] = [np.empty(0)]
    flat: list[NDArray[np.float64]] = [np.empty(0)]
    flatness: list[NDArray[np.float64]] = [np.empty(0)]
    wrong = []
    for name, entities in groups.items():
        tags, nodes = simplices(entities)
        if not len(tags):
            raise MeshError(f"mesh: {name} has no elements")
        value = float(measure(coordinates[nodes], dimension == "axisymmetric").sum())
        target = None if exact is None else exact[name]
        is_region = entities[0][0] == top
        outer = "interfaces" if name in interfaces else "boundaries"
        rows["regions" if is_region else outer][name] = nodes
        found["regions" if is_region else "facets"].append(Measure(name, value, target))
        if target is not None and abs(value - target) > MEASURE_TOLERANCE * target:
            wrong.append(f"{name}: {value!r} instead of {target!r}")
        if is_region:
            for entity in entities:
                own, _ = simplices([entity])
                gamma = np.asarray(gmsh.model.mesh.getElementQualities(own, "gamma"))
                (flat if entity[1] in extruded else qualities).append(gamma)
                if entity[1] in extruded:
                    longest = gmsh.model.mesh.getElementQualities(own, "maxEdge")
                    flatness.append(gamma * np.asarray(longest) / extruded[entity[1]])
    if exact is not None and set(exact) != set(groups):
        odd = ", ".join(sorted(set(exact) ^ set(groups)))
        wrong.append(f"names that are only expected or only there: {odd}")
    if exact is not None:
        check_conformity(rows["regions"], rows["boundaries"], rows["interfaces"])
    if wrong:
        raise MeshError("mesh: wrong volume or area: " + "; ".join(wrong))
    gamma, film = np.concatenate(qualities), np.concatenate(flat)
    bound = QUALITY_BOUND[dimension]
    below = int((gamma < bound).sum())
    worst = float(min(gamma.min(initial=1.0), film.min(initial=1.0)))
    if (exact is not None and below) or worst <= FLAT:
        raise SliverError(f"mesh: {below} cells below quality {bound}, the worst has {worst:.3g}")
    flattest = float(np.concatenate(flatness).min(initial=math.inf))
    if flattest < FILM_BOUND:
        ratio = f"{flattest:.3g} thickness / longest edge"
        raise SliverError(f"mesh: extruded cells of quality {ratio}, bound {FILM_BOUND}")
    return MeshReport(
        cells=len(gamma) + len(film),
        nodes=int(np.isfinite(coordinates[:, 0]).sum()),
        regions=tuple(found["regions"]),
        facets=tuple(found["facets"]),
        min_quality=float(gamma.min(initial=1.0)),
        mean_quality=float(gamma.mean()) if len(gamma) else 1.0,
        quality_bound=bound,
        below_bound=below,
        min_film_quality=float(film.min(initial=1.0)),
        seconds=0.0,
    )
