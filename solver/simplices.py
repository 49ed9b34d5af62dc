"""The fields of a run folder as straight simplices, for drawing.

Read from the `.pvtu` files, with values at the corners that belong to one cell each, so that a jump
between cells stays one. Lengths in micrometre. Neither dolfinx nor MPI is imported here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyvista

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Marks = npt.NDArray[np.bool_]

# Straight parts of VTK's quadratic cells: cell type -> corners of each part
PARTS = {
    3: [[0, 1]],
    5: [[0, 1, 2]],
    10: [[0, 1, 2, 3]],
    21: [[0, 2], [2, 1]],
    22: [[0, 3, 5], [3, 1, 4], [5, 4, 2], [3, 4, 5]],
    24: [[0, 4, 6, 7], [4, 1, 5, 8], [6, 5, 2, 9], [7, 8, 9, 3],
         [4, 5, 6, 8], [4, 6, 7, 8], [5, 6, 9, 8], [6, 7, 8, 9]],
}  # fmt: skip
CORNERS = {3: 2, 5: 3, 10: 4, 21: 2, 22: 3, 24: 4}


class DrawingError(Exception):
    """There is nothing to draw, or nothing to draw with. Its text says what."""


@dataclass(frozen=True)
class Simplices:
    """Segments, triangles or tetrahedra with point values.

    Attributes:
        points: (n, 3), um.
        cells: (m, 2, 3 or 4) indices of the corners.
        region: (m,) region numbers; zeros where there are none.
        values: Name -> (n,) or (n, 3) values at the points.
    """

    points: Floats
    cells: Ints
    region: Ints
    values: dict[str, Floats]

    def sizes(self) -> Floats:
        """Length, area or volume of the cells."""
        p = self.points[self.cells]
        sides = p[:, 1:] - p[:, :1]
        match self.cells.shape[1]:
            case 2:
                return np.asarray(np.linalg.norm(sides[:, 0], axis=1))
            case 3:
                return np.asarray(np.linalg.norm(np.cross(sides[:, 0], sides[:, 1]), axis=1) / 2)
        return np.asarray(np.abs(np.linalg.det(sides)) / 6)

    def centres(self) -> Floats:
        """Centroids of the cells, (m, 3)."""
        return np.asarray(self.points[self.cells].mean(axis=1))

    def only(self, keep: Marks) -> "Simplices":
        """The cells that are marked, with the points they use."""
        used, cells = np.unique(self.cells[keep], return_inverse=True)
        return Simplices(
            self.points[used],
            cells.reshape(-1, self.cells.shape[1]),
            self.region[keep],
            {name: values[used] for name, values in self.values.items()},
        )

    def moved(self, matrix: npt.ArrayLike, offset: npt.ArrayLike = (0.0, 0.0, 0.0)) -> "Simplices":
        """The image under x -> matrix x + offset; vectors turn along."""
        turn = np.asarray(matrix, float)
        values: dict[str, Floats] = {
            name: array @ turn.T if array.ndim == 2 else array
            for name, array in self.values.items()
        }
        return replace(self, points=self.points @ turn.T + np.asarray(offset), values=values)

    def scaled(self, factor: float) -> "Simplices":
        """The same, blown up, without values: VTK draws very small and very large things badly."""
        return replace(self, points=np.asarray(self.points * factor), values={})

    def grid(self) -> pyvista.UnstructuredGrid:
        """The same for PyVista."""
        kind = {2: 3, 3: 5, 4: 10}[self.cells.shape[1]]
        count = np.full((len(self.cells), 1), self.cells.shape[1])
        grid = pyvista.UnstructuredGrid(
            np.hstack([count, self.cells]).ravel(),
            np.full(len(self.cells), kind, np.uint8),
            self.points,
        )
        for name, array in self.values.items():
            grid.point_data[name] = array
        grid.cell_data["region"] = self.region
        return grid


@dataclass(frozen=True)
class Cells:
    """The cells of a file as they are: straight or quadratic simplices.

    Attributes:
        points: (n, 3), um.
        nodes: (m, k) indices of the nodes in VTK's order.
        kind: VTK cell type, one of `PARTS`.
        region: (m,) region numbers; zeros where there are none.
        values: Name -> (n,) or (n, 3) values at the points.
    """

    points: Floats
    nodes: Ints
    kind: int
    region: Ints
    values: dict[str, Floats]

    def straight(self, whole: bool = False, keep: Marks | None = None) -> Simplices:
        """The cells as straight simplices.

        Args:
            whole: Whether each cell stays one straight cell; else a quadratic cell is cut into
                straight parts, so that no value at a node is lost.
            keep: Marks of the cells that are wanted; None for all.
        """
        parts = np.array([list(range(CORNERS[self.kind]))] if whole else PARTS[self.kind])
        nodes, region = self.nodes, self.region
        if keep is not None:
            nodes, region = nodes[keep], region[keep]
        cells = nodes[:, parts].reshape(-1, CORNERS[self.kind])
        part = Simplices(self.points, cells, np.repeat(region, len(parts)), self.values)
        return part.only(np.ones(len(cells), bool)) if whole or keep is not None else part

    def near(self, axis: int, position: float) -> Simplices:
        """Straight simplices of the cells that the plane x[axis] = position touches."""
        height = self.points[:, axis][self.nodes[:, : CORNERS[self.kind]]]
        return self.straight(
            keep=(height.min(axis=1) <= position) & (height.max(axis=1) >= position)
        )


def read_cells(path: Path) -> Cells:
    """Read a .pvtu file.

    Raises:
        DrawingError: The file is missing or holds cells of several types.
    """
    if not path.is_file():
        raise DrawingError(f"{path.name}: missing")
    grid = pyvista.read(path)
    kinds = np.unique(grid.celltypes)
    if len(kinds) != 1 or int(kinds[0]) not in PARTS:
        grid = grid.triangulate()
        kinds = np.unique(grid.celltypes)
        if len(kinds) != 1 or int(kinds[0]) not in PARTS:
            raise DrawingError(f"{path.name}: cells of types {kinds.tolist()} cannot be drawn")
    nodes: Ints = grid.cell_connectivity.reshape(grid.n_cells, -1).astype(np.int64)
    region: Ints = np.zeros(len(nodes), np.int64)
    if "region [-]" in grid.cell_data:
        region = np.rint(grid.cell_data["region [-]"]).astype(np.int64)
    values = {name: np.asarray(grid.point_data[name]) for name in grid.point_data.keys()}
    return Cells(np.asarray(grid.points, float), nodes, int(kinds[0]), region, values)


def joined(parts: Sequence[Simplices]) -> Simplices:
    """Several as one. Only the values that all of them have are kept."""
    starts = np.cumsum([0] + [len(part.points) for part in parts])
    names = set(parts[0].values).intersection(*(part.values for part in parts))
    return Simplices(
        np.concatenate([part.points for part in parts]),
        np.concatenate([part.cells + start for part, start in zip(parts, starts, strict=False)]),
        np.concatenate([part.region for part in parts]),
        {name: np.concatenate([part.values[name] for part in parts]) for name in sorted(names)},
    )


def _triangles(surface: pyvista.UnstructuredGrid, names: Iterable[str]) -> Simplices:
    flat = surface.extract_surface(algorithm="dataset_surface").triangulate()
    return Simplices(
        np.asarray(flat.points, float),
        flat.faces.reshape(-1, 4)[:, 1:].astype(np.int64),
        np.asarray(flat.cell_data["region"]),
        {name: np.asarray(flat.point_data[name]) for name in names},
    )


def clipped(part: Simplices, axis: int, position: float, below: bool = True) -> Simplices:
    """What of triangles lies below (or above) x[axis] = position."""
    direction = np.eye(3)[axis]
    rest = part.grid().clip(normal=direction, origin=position * direction, invert=below)
    return _triangles(rest, part.values)


def merged(part: Simplices, size: float, tolerance: float) -> pyvista.UnstructuredGrid:
    """The same with common points of neighbours; in units of `size`, as is the tolerance."""
    grid = part.scaled(1 / size).grid()
    for name, array in part.values.items():
        grid.point_data[name] = array
    clean: pyvista.UnstructuredGrid = grid.clean(tolerance=tolerance)
    return clean


def plane_cut(part: Simplices, normal: int, position: float) -> Simplices:
    """What the plane x[normal] = position cuts out of tetrahedra or triangles.

    Raises:
        DrawingError: The plane misses the mesh.
    """
    height = part.points[part.cells][:, :, normal]
    near = part.only((height.min(axis=1) <= position) & (height.max(axis=1) >= position))
    if len(near.cells) == 0:
        raise DrawingError("the cut plane misses the mesh")
    direction = np.eye(3)[normal]
    cut = near.grid().slice(normal=direction, origin=position * direction)
    if part.cells.shape[1] == 4:
        return _triangles(cut.cast_to_unstructured_grid(), part.values)
    cells = cut.lines.reshape(-1, 3)[:, 1:].astype(np.int64)
    values = {name: np.asarray(cut.point_data[name]) for name in part.values}
    return Simplices(
        np.asarray(cut.points, float), cells, np.asarray(cut.cell_data["region"]), values
    )


def outline(section: Simplices) -> Floats:
    """Edges of flat triangles at which the region changes or the mesh ends: (n, 2, 2)."""
    flat = replace(section, points=np.asarray(section.points * [1.0, 1.0, 0.0]), values={})
    size = float(np.ptp(flat.points, axis=0).max())
    surface = merged(flat, size, 1e-12)
    corners = surface.cell_connectivity.reshape(-1, 3)
    edges = np.sort(corners[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    region = np.repeat(np.asarray(surface.cell_data["region"]), 3)
    order: npt.NDArray[np.intp] = np.lexsort((region, edges[:, 1], edges[:, 0]))
    edges, region = edges[order], region[order]
    twin = np.all(edges[1:] == edges[:-1], axis=1) & (region[1:] == region[:-1])
    inside = np.append(twin, False) | np.append(False, twin)
    return np.asarray(size * np.asarray(surface.points)[edges[~inside]][:, :, :2])
