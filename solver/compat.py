"""The one place that knows what differs between dolfinx 0.9 and 0.11.

Everything else in the package is written once against the functions below.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gmsh
import numpy as np
import numpy.typing as npt
from dolfinx import fem, mesh
from mpi4py import MPI
from petsc4py import PETSc

_model_to_mesh: Callable[..., Any]
try:  # 0.9
    from dolfinx.io import gmshio

    _model_to_mesh = gmshio.model_to_mesh
except ImportError:  # 0.10 and later
    from dolfinx.io import gmsh as gmsh_models  # type: ignore[attr-defined]

    _model_to_mesh = gmsh_models.model_to_mesh


# PETSc 3.25 keeps the value of an old name under the new one for good
RENAMED = {"ts_dt": "ts_time_step", "ts_max_reject": "ts_max_step_rejections"}


def option_name(name: str) -> str:
    """What the PETSc at hand calls an option, without prefix."""
    return RENAMED.get(name, name) if PETSc.Sys.getVersion() >= (3, 25) else name


def read_msh(
    path: Path, comm: MPI.Intracomm, gdim: int
) -> tuple[mesh.Mesh, mesh.MeshTags, mesh.MeshTags]:
    """Read a Gmsh file on rank 0 and distribute it, without ghost cells.

    Returns:
        Mesh, cell tags and facet tags (physical groups of the file).
    """
    if comm.rank == 0:
        gmsh.initialize()
        gmsh.option.setNumber("General.Terminal", 0)
        gmsh.open(str(path))
        gmsh.model.mesh.renumberNodes()  # the reader expects tags without gaps
    try:
        data = _model_to_mesh(gmsh.model, comm, 0, gdim=gdim, partitioner=_without_ghosts())
    finally:
        if comm.rank == 0:
            gmsh.finalize()
    # 0.9 gives a plain tuple, later releases a named one with more fields, and from 0.10 on no tags
    # of facets where the file has none
    msh, cells, facets = data[0], data[1], data[2]
    if facets is None:
        nothing = np.zeros(0, np.int32)
        msh.topology.create_entities(msh.topology.dim - 1)
        facets = mesh.meshtags(msh, msh.topology.dim - 1, nothing, nothing)
    return msh, cells, facets


def _without_ghosts() -> Callable[..., Any]:
    """The default partitioner, for cells without a ghost layer."""
    create: Callable[..., Callable[..., Any]] = mesh.create_cell_partitioner
    try:
        return create(mesh.GhostMode.none)
    except TypeError:  # from 0.11 on it wants to know how many cells may share a facet
        return create(mesh.GhostMode.none, 2)


def refine(
    msh: mesh.Mesh, edges: npt.NDArray[np.int32]
) -> tuple[mesh.Mesh, npt.NDArray[np.int32], npt.NDArray[np.int8]]:
    """Bisect the given edges conformingly; children stay on their parent's rank."""
    both = mesh.RefinementOption.parent_cell_and_facet  # type: ignore[attr-defined]
    refined, parent_cell, parent_facet = mesh.refine(msh, edges, None, both)
    return refined, parent_cell, parent_facet


def submesh(
    msh: mesh.Mesh, cells: npt.NDArray[np.int32]
) -> tuple[mesh.Mesh, npt.NDArray[np.int32]]:
    """The mesh of some cells, on the ranks where they are, and the number of each in `msh`."""
    part, numbers, _, _ = mesh.create_submesh(msh, msh.topology.dim, cells)
    if isinstance(numbers, np.ndarray):  # 0.9
        return part, np.asarray(numbers, dtype=np.int32)
    count = part.topology.index_map(part.topology.dim).size_local
    own = np.arange(count, dtype=np.int32)
    return part, np.asarray(numbers.sub_topology_to_topology(own, False), dtype=np.int32)


def facet_mesh(msh: mesh.Mesh, facets: npt.NDArray[np.int32]) -> mesh.Mesh:
    """The mesh of some facets, on the ranks where they are."""
    return mesh.create_submesh(msh, msh.topology.dim - 1, facets)[0]


def nodes_of_entities(
    msh: mesh.Mesh, dim: int, entities: npt.NDArray[np.int32]
) -> npt.NDArray[np.int32]:
    """The nodes of edges or facets of simplices, shape (entities, dim + 1).

    0.9 divides by their number: a rank without any would end with a floating-point exception.
    """
    if not len(entities):
        return np.zeros((0, dim + 1), np.int32)
    return np.asarray(mesh.entities_to_geometry(msh, dim, entities), np.int32)


def interpolation_points(space: fem.FunctionSpace) -> npt.NDArray[np.float64]:
    """Reference points at which an Expression must be evaluated to be interpolated."""
    points = space.element.interpolation_points
    return np.asarray(points() if callable(points) else points)  # a method until 0.9


def node_numbers(msh: mesh.Mesh) -> npt.NDArray[np.int32]:
    """The nodes of each cell of a mesh with one kind of cells, shape (cells, nodes of a cell)."""
    try:
        maps = msh.geometry.dofmaps  # type: ignore[attr-defined]
    except AttributeError:  # 0.9
        return np.asarray(msh.geometry.dofmap)
    return np.asarray(maps[0])


def nonmatching(
    to: fem.FunctionSpace, of: fem.FunctionSpace, cells: npt.NDArray[np.int32], padding: float
) -> Any:
    """What `interpolate_nonmatching` needs to take functions of one mesh to cells of another."""
    return fem.create_interpolation_data(to, of, cells, padding)
