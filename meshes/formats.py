"""Formats of mesh files: meshio's reading of them, with what it leaves out.

Tested: `.msh` (2.2 and 4.1), `.med` and `.inp` as Gmsh writes them, `.vtu`, `.vtk` and `.xdmf` as
meshio does. A file is read alone: one that takes data from elsewhere is refused.
"""

import io
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import h5py
import meshio
import numpy as np
from numpy.typing import NDArray

from meshes.mesh import MeshError

CORNERS = {"line": 2, "triangle": 3, "tetra": 4}
# Cells of second order, with nodes in the middle of their edges.
SECOND_ORDER = {"line3": "line", "triangle6": "triangle", "tetra10": "tetra"}
# Distance of a middle node from the middle of an edge, relative to the longest edge of its cell.
STRAIGHT = 1e-9


def read(path: str) -> meshio.Mesh:
    """Read a mesh file; cells of second order with straight edges become first order.

    Raises:
        MeshError: it cannot be read, takes data from other files, or has curved cells.
    """
    suffix = Path(path).suffix.lower()
    try:
        if suffix in (".xdmf", ".xmf"):
            _refuse_far_data(path)
        elif suffix in (".med", ".h5m", ".exo", ".e", ".cgns"):
            _refuse_links(path)
        elif suffix == ".inp":
            _refuse_split_sets(path)
        said = io.StringIO()
        with redirect_stderr(said), redirect_stdout(said):
            return _straight(meshio.read(path))
    except MeshError as error:
        raise MeshError(f"mesh file: {path}: {error}") from error
    except (Exception, SystemExit) as error:  # meshio prints and exits where others raise
        reason = str(error) if not isinstance(error, SystemExit) else "unknown format or content"
        raise MeshError(f"mesh file: {path} cannot be read: {reason}") from error


def named_sets(raw: meshio.Mesh, path: str) -> dict[str, list[NDArray[np.int64]]]:
    """For each name, the members in each block of cells.

    Raises:
        MeshError: the file names nothing.
    """
    own = {name: members for name, members in raw.cell_sets.items() if not name.startswith("gmsh:")}
    if own:
        sets = {name: [_indices(block) for block in members] for name, members in own.items()}
        return _without_blocks(sets, path) if path.lower().endswith(".inp") else sets
    tags = raw.cell_data.get("gmsh:physical")
    if tags is not None and raw.field_data:
        return {
            name: [
                np.flatnonzero((np.asarray(values) == tag) & (block.dim == dim))
                for block, values in zip(raw.cells, tags, strict=True)
            ]
            for name, (tag, dim) in raw.field_data.items()
        }
    families: dict[int, list[str]] = vars(raw).get("cell_tags", {})  # of .med alone
    if families and "cell_tags" in raw.cell_data:
        tags = [np.asarray(values) for values in raw.cell_data["cell_tags"]]
        names = {name for family in families.values() for name in family}
        of = {name: [tag for tag, family in families.items() if name in family] for name in names}
        return {name: [np.flatnonzero(np.isin(v, of[name])) for v in tags] for name in sorted(of)}
    for key, blocks in raw.cell_data.items():
        names_ = key.split("-")
        values = [np.asarray(block) for block in blocks]
        if all(v.ndim == 1 and np.issubdtype(v.dtype, np.integer) for v in values):
            largest = max((int(v.max(initial=-1)) for v in values), default=-1)
            if 0 <= largest == len(names_) - 1:
                return {n: [np.flatnonzero(v == i) for v in values] for i, n in enumerate(names_)}
    raise MeshError("mesh file: no named regions: no sets, and no array named by joined names")


def _indices(block: NDArray[np.int64] | None) -> NDArray[np.int64]:
    return np.empty(0, np.int64) if block is None else np.asarray(block, dtype=np.int64)


def _without_blocks(
    sets: dict[str, list[NDArray[np.int64]]], path: str
) -> dict[str, list[NDArray[np.int64]]]:
    """Sets of an Abaqus file without the blocks of elements that its own sets cover.

    `*ELEMENT, ELSET=` titles a block that is written together: a region if nothing else names its
    elements, else (as Gmsh writes them) a name of the writer's own.
    """
    with open(path, encoding="utf-8", errors="replace") as lines:
        titles = [line.partition(",") for line in lines if line.upper().startswith("*ELSET")]
    chosen = {
        word.partition("=")[2].strip()
        for _, _, rest in titles
        for word in rest.split(",")
        if word.strip().upper().startswith("ELSET")
    }
    count = len(next(iter(sets.values())))
    covered = [
        np.unique(
            np.concatenate([np.empty(0, np.int64)] + [sets[n][i] for n in sets if n in chosen])
        )
        for i in range(count)
    ]

    def is_covered(name: str) -> bool:
        return all(
            np.isin(block, known).all() for block, known in zip(sets[name], covered, strict=True)
        )

    return {name: sets[name] for name in sets if name in chosen or not is_covered(name)}


def _straight(raw: meshio.Mesh) -> meshio.Mesh:
    """The mesh with the corners of cells of second order; MeshError if their edges are curved."""
    for block in raw.cells:
        if block.type not in SECOND_ORDER:
            continue
        corners = CORNERS[SECOND_ORDER[block.type]]
        rows = raw.points[np.asarray(block.data)]
        ends = np.array(list(combinations(range(corners), 2)))
        middles = 0.5 * (rows[:, ends[:, 0]] + rows[:, ends[:, 1]])
        longest = np.linalg.norm(rows[:, ends[:, 0]] - rows[:, ends[:, 1]], axis=2).max(axis=1)
        # formats order the edges differently: each node belongs in the middle of one of them
        off = np.linalg.norm(rows[:, corners:, None] - middles[:, None], axis=3).min(axis=2)
        if (off.max(axis=1) > STRAIGHT * longest).any():
            raise MeshError(f"cells of type {block.type} with curved edges; write first order")
        block.type = SECOND_ORDER[block.type]
        block.data = np.asarray(block.data)[:, :corners]
    return raw


def _refuse_far_data(path: str) -> None:
    """MeshError if an XDMF file names data outside of its folder."""
    for item in ET.parse(path).iter():
        if item.tag.rpartition("}")[2] == "include":
            raise MeshError("takes in another file")
        if item.tag == "DataItem" and item.get("Format", "XML").upper() != "XML":
            name = (item.text or "").strip().partition(":")[0]
            if not name or Path(name).name != name:
                raise MeshError(f"takes data from {name or 'nowhere'}, which is not beside it")
            data = Path(path).with_name(name)
            if data.resolve().parent != Path(path).resolve().parent:
                raise MeshError(f"takes data from {name}, a link to elsewhere")
            if item.get("Format", "").upper() == "HDF" and data.is_file():
                _refuse_links(str(data))


def beside(path: str) -> tuple[str, ...]:
    """Files beside an XDMF file that it takes data from; none of other files."""
    if Path(path).suffix.lower() not in (".xdmf", ".xmf"):
        return ()
    try:
        items = list(ET.parse(path).iter())
    except (OSError, ET.ParseError):
        return ()
    names = {
        (item.text or "").strip().partition(":")[0]
        for item in items
        if item.tag == "DataItem" and item.get("Format", "XML").upper() != "XML"
    }
    return tuple(str(Path(path).with_name(n)) for n in sorted(names) if n and Path(n).name == n)


def _refuse_links(path: str) -> None:
    """MeshError if an HDF5 file takes data from other files."""
    if not h5py.is_hdf5(path):
        return
    with h5py.File(path, "r") as file:
        for group in _groups(file):
            for name in group:
                if isinstance(group.get(name, getlink=True), h5py.ExternalLink):
                    raise MeshError(f"takes {name} from another file")
                if isinstance(group[name], h5py.Dataset) and group[name].external:
                    raise MeshError(f"takes {name} from another file")


def _groups(group: h5py.Group) -> Iterator[h5py.Group]:
    """A group and those below it, links to others left out."""
    yield group
    for name in group:
        link = group.get(name, getlink=True)
        if isinstance(link, h5py.HardLink) and isinstance(group[name], h5py.Group):
            yield from _groups(group[name])


def _refuse_split_sets(path: str) -> None:
    """MeshError if an Abaqus file takes in another, or a set has several parts.

    meshio keeps the last part alone.
    """
    with open(path, encoding="utf-8", errors="replace") as lines:
        titles = [line.upper().replace(" ", "").rstrip() for line in lines if line[:1] == "*"]
    if any(title.startswith("*INCLUDE") for title in titles):
        raise MeshError("takes in another file")
    sets = sorted(title for title in titles if title.startswith("*ELSET,"))
    for first, second in pairwise(sets):
        if first == second:
            raise MeshError(f"more than one part of {first}; join them")
