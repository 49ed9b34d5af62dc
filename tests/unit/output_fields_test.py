"""The fields for ParaView, read back by meshio and by VTK: values, integrals, no cell twice."""

import shutil
import tempfile
from pathlib import Path
from xml.etree import ElementTree as ET

import meshio
import numpy as np
import pytest
import pyvista
from dolfinx import mesh
from mpi4py import MPI

from solver import compat, fields
from solver.output import CURRENT, POTENTIAL, REGION, OutputError
from tests.unit.output_example import lagrange

pytestmark = pytest.mark.parallel

COMM = MPI.COMM_WORLD
NODES = {(2, 1): 3, (2, 2): 6, (3, 1): 4, (3, 2): 10}
MESHIO = {3: "triangle", 6: "triangle6", 4: "tetra", 10: "tetra10"}
EDGES = {2: [(0, 1), (1, 2), (2, 0)], 3: [(0, 1), (1, 2), (2, 0), (0, 3), (1, 3), (2, 3)]}


@pytest.fixture
def folder():
    """One empty folder for all ranks."""
    path = COMM.bcast(tempfile.mkdtemp() if COMM.rank == 0 else None)
    yield Path(path)
    COMM.barrier()
    if COMM.rank == 0:
        shutil.rmtree(path)


def unit_mesh(dim: int, ghosts: mesh.GhostMode) -> mesh.Mesh:
    if dim == 2:
        return mesh.create_unit_square(COMM, 7, 5, ghost_mode=ghosts)
    return mesh.create_unit_cube(COMM, 3, 4, 3, ghost_mode=ghosts)


def polynomial(degree: int):
    return lambda x: x[0] ** degree + 2 * x[1] + 3 * x[2] - x[0] * x[1] ** (degree - 1)


def vector(dim: int):
    return lambda x: np.vstack([1 + x[1], 2 - x[0], x[0] + x[2]])[:dim]


@pytest.mark.parametrize("ghosts", [mesh.GhostMode.none, mesh.GhostMode.shared_facet])
@pytest.mark.parametrize("kind", ["DG", "P"])
@pytest.mark.parametrize("degree", [1, 2])
@pytest.mark.parametrize("dim", [2, 3])
def test_fields_read_back_by_meshio(folder, dim, degree, kind, ghosts):
    msh = unit_mesh(dim, ghosts)
    potential = lagrange(msh, polynomial(degree), kind, degree)
    current = lagrange(msh, vector(dim), "DG", degree, dim)
    region = lagrange(msh, lambda x: np.where(x[0] < 2 / 3, 1.0, 4.0), degree=0)
    written = fields.write_vtu(
        folder, "f", msh, {POTENTIAL: potential, CURRENT: current}, {REGION: region}
    )
    cells = msh.topology.index_map(dim).size_global
    COMM.barrier()
    if COMM.rank:
        return
    assert written == folder / "f.pvd"
    pieces = [meshio.read(path) for path in sorted(folder.glob("f_p*.vtu"))]
    count = volume = weighted = 0
    for piece in pieces:
        assert list(piece.cells_dict) == [MESHIO[NODES[dim, degree]]]
        nodes = piece.cells_dict[MESHIO[NODES[dim, degree]]]
        x = piece.points.T
        assert np.allclose(piece.point_data[POTENTIAL], polynomial(degree)(x), atol=1e-12)
        values = piece.point_data[CURRENT]
        assert np.allclose(values[:, :dim].T, vector(dim)(x), atol=1e-12)
        assert values.shape[1] == 3
        assert not values[:, dim:].any()
        corners = piece.points[nodes[:, : dim + 1]]
        sides = (corners[:, 1:] - corners[:, :1])[:, :, :dim]
        sizes = np.abs(np.linalg.det(sides)) / (2 if dim == 2 else 6)
        count += len(nodes)
        volume += sizes.sum()
        weighted += sizes @ piece.cell_data[REGION][0].ravel()
        if degree == 2:  # nodes on edges come in VTK's order
            for middle, (a, b) in enumerate(EDGES[dim], dim + 1):
                ends = piece.points[nodes[:, a]] + piece.points[nodes[:, b]]
                assert np.allclose(piece.points[nodes[:, middle]], ends / 2)
    assert count == cells
    assert volume == pytest.approx(1.0)
    inner = msh_region_integral(dim)
    assert weighted == pytest.approx(inner)


def msh_region_integral(dim: int) -> float:
    """Integral of the region numbers: cells are marked by their centre, at which P0 is taken."""
    n = (7, 5, 1) if dim == 2 else (3, 4, 3)
    square = mesh.create_unit_square if dim == 2 else mesh.create_unit_cube
    msh = square(MPI.COMM_SELF, *n[:dim])
    centres = msh.geometry.x[compat.node_numbers(msh)].mean(axis=1)
    return float(np.where(centres[:, 0] < 2 / 3, 1.0, 4.0).mean())


def test_the_collection_read_by_vtk(folder):
    msh = unit_mesh(3, mesh.GhostMode.shared_facet)
    potential = lagrange(msh, polynomial(2))
    current = lagrange(msh, vector(3), size=3)
    path = fields.write_vtu(folder, "f", msh, {POTENTIAL: potential, CURRENT: current}, {})
    cells = msh.topology.index_map(3).size_global
    if COMM.rank:
        return
    grid = pyvista.read(path)[0]
    assert (grid.n_cells, set(grid.celltypes)) == (cells, {24})
    assert sorted(grid.point_data.keys()) == sorted([POTENTIAL, CURRENT])
    # a quadratic at points that are no nodes: the order is in the cells, not in the nodes alone
    places = np.random.default_rng(1).uniform(0.05, 0.95, (50, 3))
    probed = pyvista.PolyData(places).sample(grid)
    # VTK finds the place in a quadratic cell to about 1e-5
    assert np.allclose(probed[POTENTIAL], polynomial(2)(places.T), atol=1e-4)
    named = [node.get("Source") for node in ET.parse(folder / "f.pvtu").iter("Piece")]
    assert named == sorted(path.name for path in folder.glob("f_p*.vtu"))


def test_a_symmetric_tensor_has_six_components_beside_a_continuous_vector(folder):
    msh = unit_mesh(2, mesh.GhostMode.none)

    def tensor(x):
        return np.vstack([x[0] ** 2, x[1], 1 + 0 * x[0], x[0] * x[1], -x[0], -(x[1] ** 2)])

    stress = lagrange(msh, tensor, size=6)
    moved = lagrange(msh, vector(2), "P", size=2)
    fields.write_vtu(folder, "m", msh, {"displacement [um]": moved, "stress [MPa]": stress}, {})
    if COMM.rank:
        return
    for piece in (meshio.read(path) for path in folder.glob("m_p*.vtu")):
        x = piece.points.T
        assert np.allclose(piece.point_data["stress [MPa]"].T, tensor(x), atol=1e-12)
        assert np.allclose(piece.point_data["displacement [um]"][:, :2].T, vector(2)(x))
    assert pyvista.read(folder / "m.pvtu")["stress [MPa]"].shape[1] == 6


@pytest.mark.parametrize("degree", [1, 2])
@pytest.mark.parametrize("dim", [2, 3])
def test_faces_have_the_outward_normal_component(folder, dim, degree):
    msh = unit_mesh(dim, mesh.GhostMode.none)
    flow = lagrange(msh, vector(dim), size=dim, degree=degree)
    for axis in range(dim):
        for end in (0.0, 1.0):
            facets = mesh.locate_entities_boundary(
                msh, dim - 1, lambda x, a=axis, e=end: np.isclose(x[a], e)
            )
            fields.write_face(folder, f"{axis}{end:g}", msh, facets, flow)
    if COMM.rank:
        return
    for axis in range(dim):
        for end in (0.0, 1.0):
            face = pyvista.read(folder / f"face_{axis}{end:g}.pvtu")
            sized = face.compute_cell_sizes()
            assert (sized["Length"] if dim == 2 else sized["Area"]).sum() == pytest.approx(1.0)
            sign = 1.0 if end else -1.0
            expected = sign * vector(dim)(face.points.T)[axis]
            assert np.allclose(face[CURRENT], expected, atol=1e-12)
            assert np.allclose(face.points[:, axis], end)


@pytest.mark.parametrize("dim", [2, 3])
def test_faces_inside_the_mesh_point_down_whatever_the_partition(folder, dim):
    n = (6, 6) if dim == 2 else (4, 4, 4)
    make = mesh.create_unit_square if dim == 2 else mesh.create_unit_cube
    msh = make(COMM, *n, ghost_mode=mesh.GhostMode.none)
    flow = lagrange(msh, lambda x: np.vstack([0 * x[0]] * (dim - 1) + [-1.0 - x[0]]), size=dim)
    facets = mesh.locate_entities(msh, dim - 1, lambda x: np.isclose(x[dim - 1], 0.5))
    fields.write_face(folder, "a|b", msh, facets, flow)
    if COMM.rank:
        return
    face = pyvista.read(folder / "face_a_b.pvtu")
    sized = face.compute_cell_sizes()
    assert (sized["Length"] if dim == 2 else sized["Area"]).sum() == pytest.approx(1.0)
    assert np.allclose(face[CURRENT], 1.0 + face.points[:, 0])


@pytest.mark.parametrize("ghosts", [mesh.GhostMode.none, mesh.GhostMode.shared_facet])
def test_no_facet_is_written_twice(folder, ghosts):
    msh = unit_mesh(2, ghosts)
    msh.topology.create_entities(1)
    facets = msh.topology.index_map(1)
    known = np.arange(facets.size_local + facets.num_ghosts, dtype=np.int32)
    fields.write_face(folder, "all", msh, known, lagrange(msh, vector(2), size=2))
    if COMM.rank == 0:
        face = pyvista.read(folder / "face_all.pvtu")
        middles = face.cell_centers().points.round(9)
        assert face.n_cells == facets.size_global == len(np.unique(middles, axis=0))


def test_scalars_on_a_face_are_written_as_they_are(folder):
    msh = unit_mesh(2, mesh.GhostMode.none)
    facets = mesh.locate_entities_boundary(msh, 1, lambda x: np.isclose(x[1], 0))
    fields.write_face(folder, "window", msh, facets, lagrange(msh, lambda x: 3 + x[0] ** 2))
    if COMM.rank == 0:
        face = pyvista.read(folder / "face_window.pvtu")
        assert np.allclose(face[CURRENT], 3 + face.points[:, 0] ** 2)


def test_a_face_of_no_facets_is_an_empty_collection(folder):
    msh = unit_mesh(2, mesh.GhostMode.none)
    fields.write_face(folder, "none", msh, np.zeros(0, np.int32), lagrange(msh, vector(2), size=2))
    if COMM.rank == 0:
        tree = ET.parse(folder / "face_none.pvtu")
        assert list(tree.iter("Piece")) == []


def test_degrees_that_do_not_fit_are_refused(folder):
    msh = unit_mesh(2, mesh.GhostMode.none)
    one, two = lagrange(msh, polynomial(1), degree=1), lagrange(msh, polynomial(1))
    three = lagrange(msh, polynomial(1), degree=3)
    with pytest.raises(ValueError, match="share degree 1 or 2"):
        fields.write_vtu(folder, "f", msh, {"a": one, "b": two}, {})
    with pytest.raises(ValueError, match=r"not \[3\]"):
        fields.write_vtu(folder, "f", msh, {"a": three}, {})
    with pytest.raises(ValueError, match="'c' is not piecewise constant"):
        fields.write_vtu(folder, "f", msh, {"a": one}, {"c": one})


def test_what_cannot_be_written_is_an_error_on_all_ranks(folder, capfd):
    msh = unit_mesh(2, mesh.GhostMode.none)
    if COMM.rank == 0:
        (folder / "file").write_text("no folder")
    COMM.barrier()
    with pytest.raises(OutputError, match="file/f"):
        fields.write_vtu(folder / "file", "f", msh, {"a": lagrange(msh, polynomial(1))}, {})


def test_vtx_files_are_written(folder):
    msh = unit_mesh(2, mesh.GhostMode.none)
    written = fields.write_vtx(
        folder,
        msh,
        {POTENTIAL: lagrange(msh, polynomial(2)), CURRENT: lagrange(msh, vector(2), size=2)},
    )
    assert [path.name for path in written] == ["potential.bp", "current_density.bp"]
    COMM.barrier()
    assert all((path / "md.idx").stat().st_size > 0 for path in written)


def test_vtx_would_show_ghost_cells_twice(folder):
    msh = unit_mesh(2, mesh.GhostMode.shared_facet)
    potential = {POTENTIAL: lagrange(msh, polynomial(2))}
    if COMM.size == 1:  # one rank has no ghosts
        assert len(fields.write_vtx(folder, msh, potential)) == 1
    else:
        with pytest.raises(ValueError, match="twice"):
            fields.write_vtx(folder, msh, potential)
