"""Fields for ParaView, written by every rank for its own cells.

`write_vtu` and `write_face` write VTK's XML files: `NAME.pvd` (to be opened), `NAME.pvtu` and one
`NAME_p<rank>.vtu` for each rank that has cells. A ghost cell is written by its owner alone.
`write_vtx` writes ADIOS2 files, `NAME.bp`, one for each function. Array names carry the unit:
"potential [V]".

Degree 2 is written as VTK's quadratic triangles and tetrahedra, whose nodes come in the same order
as in its Lagrange cells of degree 2 and which more readers know.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import basix
import dolfinx
import dolfinx.plot
import numpy as np
import numpy.typing as npt
from dolfinx import fem, mesh
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkUnstructuredGrid
from vtkmodules.vtkIOXML import vtkXMLUnstructuredGridWriter

from solver import compat
from solver.output import CURRENT, OutputError, face_file

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]

# VTK cell types by number of nodes; the Lagrange types of degree 2 become the quadratic ones
VTK_FACET = {(2, 2): 3, (2, 3): 21, (3, 3): 5, (3, 6): 22}  # (vertices, nodes)
VTK_QUADRATIC = {68: 21, 69: 22, 71: 24}


def write_vtu(
    folder: Path,
    name: str,
    msh: mesh.Mesh,
    point_functions: Mapping[str, fem.Function],
    cell_functions: Mapping[str, fem.Function],
) -> Path:
    """Write functions on the cells of a mesh. Collective.

    Args:
        folder: An existing folder, the same on all ranks.
        name: Stem of the files.
        msh: The mesh.
        point_functions: Array name with unit -> function in a Lagrange space, continuous or not, of
            degree 1 or 2, the same for all. Scalar; a vector, written with three components; or
            the six components of a symmetric tensor in VTK's order xx, yy, zz, xy, yz, xz.
        cell_functions: Array name with unit -> function in the piecewise constants.

    Returns:
        The .pvd file.

    Raises:
        OutputError: A file cannot be written; on all ranks.
        ValueError: The functions do not share a degree, or a degree is neither 1 nor 2.
    """
    functions = list(point_functions.values())
    degrees = {function.function_space.ufl_element().degree for function in functions}
    if len(degrees) > 1 or not degrees <= {1, 2}:
        raise ValueError(f"point functions must share degree 1 or 2, not {sorted(degrees)}")
    continuous = [f for f in functions if not f.function_space.element.basix_element.discontinuous]
    if not functions:
        topology, types, points = dolfinx.plot.vtk_mesh(msh)
        nodes = topology.reshape(len(types), -1)[:, 1:] if len(types) else np.zeros((0, 3), int)
        return _write(folder, name, msh.comm, points, nodes, types, {}, _cells(msh, cell_functions))
    # Values that differ from cell to cell need points that belong to one cell each.
    leader = next((f for f in functions if f not in continuous), functions[0])
    space = leader.function_space
    topology, types, coordinates = dolfinx.plot.vtk_mesh(space)
    per_cell = space.dofmap.dof_layout.num_dofs
    order = _node_order(space)
    used, nodes = np.unique(topology.reshape(-1, per_cell + 1)[:, 1:], return_inverse=True)
    nodes = nodes.reshape(-1, per_cell)
    arrays: dict[str, Floats] = {}
    for label, function in point_functions.items():
        size = _size(function)
        arrays[label] = np.zeros((len(used), 3 if size == 2 else size))
        values = _cell_values(function)[:, order]
        arrays[label][nodes, : values.shape[2]] = values
    if len(types):  # all cells of a mesh are of one type
        types = np.full(len(types), VTK_QUADRATIC.get(int(types[0]), int(types[0])))
    cells = _cells(msh, cell_functions)
    return _write(folder, name, msh.comm, coordinates[used], nodes, types, arrays, cells)


def write_face(
    folder: Path,
    name: str,
    msh: mesh.Mesh,
    facets: Ints,
    function: fem.Function,
    label: str = CURRENT,
) -> Path:
    """Write the values of a function on facets, for a vector its normal component. Collective.

    The normal points out of the mesh; on facets inside the mesh it points down (against the last
    coordinate; sideways, against the first). On the lithium face below an electrolyte, current that
    flows into the metal is positive.

    Args:
        folder: An existing folder, the same on all ranks.
        name: Name of the boundary or interface; the files are called `face_<name>`.
        msh: A mesh of triangles or tetrahedra with straight edges.
        facets: Local indices of the facets; those of other ranks are left out.
        function: Scalar or vector Lagrange function of degree 1 or 2, in the unit of the label.
        label: Array name with unit.

    Returns:
        The .pvd file.

    Raises:
        OutputError: A file cannot be written; on all ranks.
    """
    tdim = msh.topology.dim
    fdim = tdim - 1
    msh.topology.create_connectivity(fdim, tdim)
    msh.topology.create_connectivity(tdim, fdim)
    function.x.scatter_forward()
    facets = np.unique(facets)
    facets = facets[facets < msh.topology.index_map(fdim).size_local]
    corners = msh.geometry.x[compat.node_numbers(msh)]  # (cells, vertices, 3)
    to_cell = msh.topology.connectivity(fdim, tdim)
    cells = to_cell.array[to_cell.offsets[facets]]
    facets_of_cell = msh.topology.connectivity(tdim, fdim).array.reshape(-1, tdim + 1)
    local = np.argmax(facets_of_cell[cells] == facets[:, None], axis=1)

    space = function.function_space
    on_facet = _facet_nodes(msh, space.ufl_element().degree)[local]  # (facets, nodes of a facet)
    row = np.arange(len(facets))[:, None]
    values = _cell_values(function, cells)[row, on_facet]  # (facets, nodes, components)
    coordinates = space.tabulate_dof_coordinates()[space.dofmap.list[cells][row, on_facet]]
    if _size(function) > 1:
        normal = _normals(corners[cells], on_facet[:, :tdim], local)
        # from which side a facet inside the mesh is seen depends on the partition
        inside = np.diff(to_cell.offsets)[facets] == 2
        inside |= np.isin(facets, msh.topology.interprocess_facets())
        rising = np.where(np.abs(normal[:, tdim - 1]) > 1e-9, normal[:, tdim - 1], normal[:, 0])
        normal[inside & (rising > 0)] *= -1
        values = np.einsum("fnk,fk->fn", values, normal[:, : values.shape[2]])[:, :, None]
    count = on_facet.shape[1]
    nodes = np.arange(len(facets) * count).reshape(-1, count)
    types = np.full(len(facets), VTK_FACET[tdim, count])
    return _write(
        folder,
        face_file(name),
        msh.comm,
        coordinates.reshape(-1, 3),
        nodes,
        types,
        {label: values.reshape(-1, 1)},
        {},
    )


def write_vtx(folder: Path, msh: mesh.Mesh, functions: Mapping[str, fem.Function]) -> list[Path]:
    """Write functions as ADIOS2 files for ParaView's ADIOS2VTXReader, one each. Collective.

    Args:
        folder: An existing folder, the same on all ranks.
        msh: A mesh without ghost cells: VTX would show them twice.
        functions: Array name with unit -> Lagrange function; "potential [V]" becomes
            `potential.bp`.

    Returns:
        The .bp folders.

    Raises:
        OutputError: A file cannot be written; on all ranks.
        ValueError: The mesh has ghost cells.
    """
    if msh.comm.allreduce(msh.topology.index_map(msh.topology.dim).num_ghosts):
        raise ValueError("VTX files of a mesh with ghost cells would show these twice")
    if not dolfinx.has_adios2:
        raise OutputError(f"{folder}: this dolfinx was built without ADIOS2, so no .bp files")
    paths = []
    for label, function in functions.items():
        stem = re.sub(r"\W+", "_", label.split("[")[0].strip()).strip("_")
        path = folder / f"{stem}.bp"
        named = function.name
        function.name = label
        try:
            with dolfinx.io.VTXWriter(msh.comm, path, [function], engine="BP4") as writer:
                writer.write(0.0)
        except RuntimeError as error:
            raise OutputError(f"{path}: cannot be written: {error}") from error
        finally:
            function.name = named
        paths.append(path)
    return paths


# --- values -------------------------------------------------------------------------------------


def _size(function: fem.Function) -> int:
    return int(function.function_space.dofmap.index_map_bs)


def _cell_values(function: fem.Function, cells: Ints | slice = slice(None)) -> Floats:
    """Values at the nodes of the given (or all own) cells: (cells, nodes, components)."""
    space = function.function_space
    own = space.mesh.topology.index_map(space.mesh.topology.dim).size_local
    dofs = space.dofmap.list[cells] if not isinstance(cells, slice) else space.dofmap.list[:own]
    values: Floats = function.x.array.reshape(-1, _size(function))[dofs]
    return values


def _cells(msh: mesh.Mesh, functions: Mapping[str, fem.Function]) -> dict[str, Floats]:
    """Values of piecewise constant functions on the own cells: (cells, components)."""
    arrays = {}
    for label, function in functions.items():
        if function.function_space.ufl_element().degree != 0:
            raise ValueError(f"cell function {label!r} is not piecewise constant")
        arrays[label] = _cell_values(function)[:, 0]
    return arrays


def _node_order(space: fem.FunctionSpace) -> npt.NDArray[np.intp]:
    """Position in a cell's dofs of each node of the VTK cell."""
    per_cell = space.dofmap.dof_layout.num_dofs
    order: npt.NDArray[np.intp] = np.argsort(
        dolfinx.cpp.io.perm_vtk(space.mesh.topology.cell_type, per_cell)
    )
    return order


def _facet_nodes(msh: mesh.Mesh, degree: int) -> npt.NDArray[np.intp]:
    """Nodes in a cell of each of its facets, in VTK's order: (facets of a cell, nodes).

    A discontinuous element has all its nodes inside the cell, but in the order of the continuous
    one: vertices, then, for degree 2, edges.
    """
    kind = basix.CellType[msh.topology.cell_name()]
    topology = basix.topology(kind)
    edges = {frozenset(edge): len(topology[0]) + n for n, edge in enumerate(topology[1])}
    rows = []
    for vertices in topology[msh.topology.dim - 1]:
        ends = zip(vertices, [*vertices[1:], vertices[0]], strict=True)
        # a segment's two "sides" are one edge
        middle = list(dict.fromkeys(edges[frozenset(pair)] for pair in ends))
        rows.append(list(vertices) + (middle if degree == 2 else []))
    return np.array(rows)


def _normals(
    corners: Floats, vertices: npt.NDArray[np.intp], local: npt.NDArray[np.intp]
) -> Floats:
    """Unit outward normals of facets of simplices: (facets, 3).

    Facet i of a simplex lies opposite to vertex i.
    """
    row = np.arange(len(corners))
    points = corners[row[:, None], vertices]
    along = points[:, 1] - points[:, 0]
    if vertices.shape[1] == 2:
        normal = np.stack([along[:, 1], -along[:, 0], np.zeros(len(along))], axis=1)
    else:
        normal = np.cross(along, points[:, 2] - points[:, 0])
    inward = corners[row, local] - points[:, 0]
    normal *= -np.sign(np.einsum("fk,fk->f", normal, inward))[:, None]
    unit: Floats = normal / np.linalg.norm(normal, axis=1)[:, None]
    return unit


# --- files --------------------------------------------------------------------------------------


def _write(
    folder: Path,
    name: str,
    comm: Any,
    points: Floats,
    nodes: npt.NDArray[np.integer[Any]],
    types: npt.NDArray[np.integer[Any]],
    point_arrays: Mapping[str, Floats],
    cell_arrays: Mapping[str, Floats],
) -> Path:
    """Write this rank's piece, and on rank 0 the files that name the pieces. Collective."""
    fault = None
    if len(types):
        grid = vtkUnstructuredGrid()
        vertices = vtkPoints()
        vertices.SetData(_vtk_array(points.astype(np.float64)))
        grid.SetPoints(vertices)
        cells = vtkCellArray()
        offsets = np.arange(len(nodes) + 1, dtype=np.int64) * nodes.shape[1]
        cells.SetData(_vtk_array(offsets), _vtk_array(nodes.astype(np.int64).reshape(-1)))
        grid.SetCells(_vtk_array(types.astype(np.uint8)), cells)
        for data, arrays in (
            (grid.GetPointData(), point_arrays),
            (grid.GetCellData(), cell_arrays),
        ):
            for label, values in arrays.items():
                array = _vtk_array(values)
                array.SetName(label)
                data.AddArray(array)
        writer = vtkXMLUnstructuredGridWriter()
        writer.SetFileName(str(folder / f"{name}_p{comm.rank}.vtu"))
        writer.SetInputData(grid)
        writer.SetDataModeToBinary()  # appended raw data is no XML, and not all readers take it
        writer.SetCompressorTypeToZLib()
        writer.SetCompressionLevel(1)
        if not writer.Write():
            fault = f"{folder / name}_p{comm.rank}.vtu: cannot be written"
    filled = comm.allgather(len(types) > 0)
    if comm.rank == 0:
        try:
            pieces = [f"{name}_p{rank}.vtu" for rank, some in enumerate(filled) if some]
            (folder / f"{name}.pvtu").write_text(_pvtu(pieces, point_arrays, cell_arrays))
            (folder / f"{name}.pvd").write_text(_pvd(f"{name}.pvtu"))
        except OSError as error:
            fault = f"{folder / name}.pvtu: cannot be written: {error.strerror}"
    faults = [text for text in comm.allgather(fault) if text]
    if faults:
        raise OutputError("; ".join(faults))
    return folder / f"{name}.pvd"


def _vtk_array(values: npt.NDArray[Any]) -> Any:
    return numpy_to_vtk(np.ascontiguousarray(values), deep=True)  # type: ignore[no-untyped-call]


def _pvtu(
    pieces: Sequence[str], point_arrays: Mapping[str, Floats], cell_arrays: Mapping[str, Floats]
) -> str:
    def declared(arrays: Mapping[str, Floats]) -> str:
        return "".join(
            f'      <PDataArray type="Float64" Name={quoteattr(label)}'
            f' NumberOfComponents="{values.shape[1]}"/>\n'
            for label, values in arrays.items()
        )

    return (
        '<?xml version="1.0"?>\n'
        '<VTKFile type="PUnstructuredGrid" version="1.0" byte_order="LittleEndian">\n'
        '  <PUnstructuredGrid GhostLevel="0">\n'
        f"    <PPointData>\n{declared(point_arrays)}    </PPointData>\n"
        f"    <PCellData>\n{declared(cell_arrays)}    </PCellData>\n"
        '    <PPoints>\n      <PDataArray type="Float64" NumberOfComponents="3"/>\n    </PPoints>\n'
        + "".join(f"    <Piece Source={quoteattr(piece)}/>\n" for piece in pieces)
        + "  </PUnstructuredGrid>\n</VTKFile>\n"
    )


def _pvd(file: str) -> str:
    return (
        '<?xml version="1.0"?>\n<VTKFile type="Collection" version="0.1">\n  <Collection>\n'
        f'    <DataSet timestep="0" part="0" file={quoteattr(file)}/>\n'
        "  </Collection>\n</VTKFile>\n"
    )
