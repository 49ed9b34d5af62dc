"""Meshes from files."""

import math
from dataclasses import replace
from pathlib import Path

import gmsh
import h5py
import meshio
import numpy as np
import pytest
from numpy.typing import NDArray

from meshes.build import build
from meshes.faults import faults
from meshes.geometry import Cell, Film, MeshFile, Round, Slit
from meshes.layers import Layer
from meshes.mesh import MeshError
from meshes.names import names
from meshes.sizing import MeshSize, default_size

STRIP = Cell(
    "strip", 10.0, Film(0.5, "layer"), Slit(1.5), "electrolyte", (Layer("se", 750.0),), (), None
)
SQUARE = replace(STRIP, shape="square", opening=Round(1.5))
SIZE = MeshSize(0.4, 0.6, 2.0)


def two_triangles(**changes: list[NDArray[np.int64]]) -> meshio.Mesh:
    """A unit square: `left` above its diagonal, `right` below it."""
    points = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    cells = [
        ("triangle", np.array([[0, 1, 2], [0, 2, 3]])),
        ("line", np.array([[0, 1], [2, 3], [0, 2]])),
    ]
    none = np.array([], dtype=np.int64)
    sets = {
        "right": [np.array([0]), none],
        "left": [np.array([1]), none],
        "bottom": [none, np.array([0])],
        "top": [none, np.array([1])],
        "seam": [none, np.array([2])],
    }
    return meshio.Mesh(points, cells, cell_sets=sets | changes)


def with_sets(path: Path) -> meshio.Mesh:
    """The mesh of a Gmsh file with its physical groups as named sets."""
    mesh = meshio.read(path)
    tags = mesh.cell_data["gmsh:physical"]
    sets = {
        name: [
            np.flatnonzero((values == tag) & (block.dim == dim))
            for block, values in zip(mesh.cells, tags, strict=True)
        ]
        for name, (tag, dim) in mesh.field_data.items()
    }
    return meshio.Mesh(mesh.points, mesh.cells, cell_sets=sets)


def write(mesh: meshio.Mesh, path: Path) -> MeshFile:
    mesh.cell_sets_to_data()
    meshio.write(path, mesh)
    return MeshFile(str(path), "plane", 1.0, 1.0, None)


@pytest.mark.parametrize("cell", [STRIP, SQUARE], ids=["plane", "3d"])
@pytest.mark.parametrize("suffix", [".vtu", ".xdmf", ".vtk"])
def test_round_trip_through_meshio(cell: Cell, suffix: str, tmp_path: Path) -> None:
    folder = tmp_path / "again"
    folder.mkdir()
    built = build(cell, SIZE, (), tmp_path)
    mesh = with_sets(built.path)
    mesh.cell_sets_to_data()
    meshio.write(tmp_path / f"copy{suffix}", mesh)
    file = MeshFile(str(tmp_path / f"copy{suffix}"), built.dimension, 2.0, 4.0, None)
    assert faults(file) == []
    assert names(file) == names(cell)
    again = build(file, default_size(file, 1e-3), (), folder)
    power = 3 if built.dimension == "3d" else 2
    for measures, other, scale in (
        (built.report.regions, again.report.regions, 2.0**power),
        (built.report.facets, again.report.facets, 2.0 ** (power - 1)),
    ):
        assert [m.name for m in measures] == [m.name for m in other]
        assert [m.computed for m in other] == pytest.approx([scale * m.computed for m in measures])
    assert again.report.cells == built.report.cells
    assert again.report.min_quality == pytest.approx(
        min(built.report.min_quality, built.report.min_film_quality)
    )


def rewrite(path: Path, other: Path, order: int = 1, version: float = 4.1, bend: bool = False):
    """Write a Gmsh file again, in other elements or another format."""
    gmsh.initialize([], readConfigFiles=False, interruptible=False)
    gmsh.option.setNumber("General.Terminal", 0)
    gmsh.open(str(path))
    gmsh.model.mesh.setOrder(order)
    if bend:
        tags = gmsh.model.mesh.getElementsByType(9 if gmsh.model.getDimension() == 2 else 11)[1]
        at = gmsh.model.mesh.getNode(tags[-1])[0]
        gmsh.model.mesh.setNode(tags[-1], at + [1e-3, 1e-3, 0.0], [])
    gmsh.option.setNumber("Mesh.MshFileVersion", version)
    gmsh.write(str(other))
    gmsh.finalize()


@pytest.mark.parametrize("cell", [STRIP, SQUARE], ids=["plane", "3d"])
@pytest.mark.parametrize("suffix, order", [(".msh", 2), (".med", 1), (".med", 2), (".inp", 1)])
def test_what_gmsh_writes_keeps_names_and_measures(
    cell: Cell, suffix: str, order: int, tmp_path: Path
) -> None:
    built = build(cell, SIZE, (), tmp_path)
    rewrite(built.path, tmp_path / f"other{suffix}", order)
    file = MeshFile(str(tmp_path / f"other{suffix}"), built.dimension, 1.0, 2.0, 10.0)
    assert faults(file) == []
    assert set(names(file).regions) == set(names(cell).regions)
    folder = tmp_path / "again"
    folder.mkdir()
    again = build(file, SIZE, (), folder)
    for measures, others in (
        (built.report.regions, again.report.regions),
        (built.report.facets, again.report.facets),
    ):
        found = {m.name: pytest.approx(m.computed) for m in others}
        assert {m.name: m.computed for m in measures} == found
    assert again.report.cells == built.report.cells


def test_curved_cells_are_refused(tmp_path: Path) -> None:
    built = build(STRIP, SIZE, (), tmp_path)
    rewrite(built.path, tmp_path / "bent.msh", order=2, bend=True)
    (fault,) = faults(MeshFile(str(tmp_path / "bent.msh"), "plane", 1.0, 2.0, 10.0))
    assert "triangle6 with curved edges" in fault.expected


def test_data_from_elsewhere_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "case"
    folder.mkdir()
    file = write(two_triangles(), tmp_path / "small.xdmf")
    text = (tmp_path / "small.xdmf").read_text()
    assert "small.h5:/data" in text
    reasons = {
        "../small.h5": "takes data from ../small.h5, which is not beside it",
        str(tmp_path / "small.h5"): "which is not beside it",
        "link.h5": "takes data from link.h5, a link to elsewhere",
        "outer.h5": "takes data0 from another file",
    }
    (folder / "link.h5").symlink_to(tmp_path / "small.h5")
    with h5py.File(folder / "outer.h5", "w") as outer:
        for name in ("data0", "data1", "data2"):
            outer[name] = h5py.ExternalLink(str(tmp_path / "small.h5"), name)
    for name, reason in reasons.items():
        (folder / "far.xdmf").write_text(text.replace("small.h5", name))
        (fault,) = faults(replace(file, path=str(folder / "far.xdmf")))
        assert reason in fault.expected
    meshio.write(tmp_path / "whole.inp", two_triangles())
    whole = replace(file, path=str(tmp_path / "whole.inp"))
    assert faults(whole) == []
    (folder / "part.inp").write_text(f"*INCLUDE, INPUT={whole.path}\n")
    (fault,) = faults(replace(whole, path=str(folder / "part.inp")))
    assert "takes in another file" in fault.expected


@pytest.mark.parametrize("version", [2.2, 4.1])
def test_msh_keeps_its_physical_names(version: float, tmp_path: Path) -> None:
    built = build(STRIP, SIZE, (), tmp_path)
    rewrite(built.path, tmp_path / "other.msh", version=version)
    file = MeshFile(str(tmp_path / "other.msh"), "plane", 1.0, 2.0, 10.0)
    assert names(file) == names(STRIP)
    folder = tmp_path / "again"
    folder.mkdir()
    again = build(file, SIZE, (), folder)
    volumes = [(m.name, m.computed) for m in again.report.regions]
    assert volumes == [(m.name, pytest.approx(m.computed)) for m in built.report.regions]
    assert (again.cell_area, again.open_area) == (10.0, pytest.approx(1.5))
    assert (folder / "mesh.msh").read_bytes().startswith(b"$MeshFormat\n4.1 ")


def test_names_kinds_and_measures_of_a_small_mesh(tmp_path: Path) -> None:
    file = replace(write(two_triangles(), tmp_path / "small.vtu"), length_unit=1e6)
    found = names(file)
    assert set(found.regions) == {"left", "right"}
    assert set(found.boundaries) == {"bottom", "top"}
    assert found.interfaces == ("seam",)
    built = build(file, SIZE, (), tmp_path)
    measured = {m.name: m.computed for m in (*built.report.regions, *built.report.facets)}
    assert measured == pytest.approx(
        {"left": 0.5e12, "right": 0.5e12, "bottom": 1e6, "top": 1e6, "seam": math.sqrt(2.0) * 1e6}
    )
    assert built.cell_area == pytest.approx(1e6)  # that of `top`, none being given


def test_omitted_region_bares_its_surface(tmp_path: Path) -> None:
    file = write(two_triangles(), tmp_path / "small.vtu")
    found = names(file, ("left",))
    assert found.regions == ("right",)
    assert set(found.boundaries) == {"bottom", "seam"}  # a named surface keeps its name
    nameless = two_triangles()
    del nameless.cell_sets["seam"]
    file = write(nameless, tmp_path / "nameless.vtu")
    assert set(names(file, ("left",)).boundaries) == {"bottom", "left_surface"}
    built = build(file, SIZE, ("left",), tmp_path)
    surface = next(m for m in built.report.facets if m.name == "left_surface")
    assert surface.computed == pytest.approx(math.sqrt(2.0))


NONE = np.array([], dtype=np.int64)
WRONG = [
    ({"left": [NONE, NONE], "right": [np.array([0]), NONE]}, "1 cells belong to no region"),
    ({"right": [np.array([0, 1]), NONE]}, "a cell belongs to left and to right"),
    ({"seam": [NONE, np.array([1, 2])]}, "a facet belongs to seam and to top"),
    ({"top": [NONE, NONE], "seam": [NONE, np.array([1, 2])]}, "seam lies partly on the surface"),
]


@pytest.mark.parametrize("changes, reason", WRONG)
def test_wrong_names_are_refused(
    changes: dict[str, list[NDArray[np.int64]]],
    reason: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mesh = two_triangles(**changes)
    monkeypatch.setattr(meshio, "read", lambda _: mesh)  # arrays cannot hold overlapping sets
    path = tmp_path / "wrong.msh"
    path.write_text("")
    (fault,) = faults(MeshFile(str(path), "plane", 1.0, 1.0, None))
    assert fault.key == "mesh_file"
    assert reason in fault.expected


def test_wrong_cells_are_refused(tmp_path: Path) -> None:
    good = two_triangles()
    file = write(good, tmp_path / "good.vtu")
    (fault,) = faults(replace(file, dimension="3d"))
    assert "no cells of type tetra" in fault.expected
    left = two_triangles()
    left.points[:, 0] -= 1.0
    (fault,) = faults(replace(write(left, tmp_path / "left.vtu"), dimension="axisymmetric"))
    assert "negative radius" in fault.expected
    bent = two_triangles()
    bent.points = np.column_stack([bent.points, [0.0, 0.0, 0.0, 1.0]])
    (fault,) = faults(write(bent, tmp_path / "bent.vtu"))
    assert "do not lie in a plane" in fault.expected
    torn = two_triangles()
    torn.points[3] = np.nan
    (fault,) = faults(write(torn, tmp_path / "torn.vtk"))
    assert "not finite" in fault.expected
    stray = two_triangles()
    stray.cells[1].data[0] = [1, 3]
    (fault,) = faults(write(stray, tmp_path / "stray.vtu"))
    assert "facets of bottom are not facets of cells" in fault.expected
    flat = two_triangles()
    flat.points[3] = [0.5, 0.5]
    with pytest.raises(MeshError, match="the worst has 0"):
        build(write(flat, tmp_path / "flat.vtu"), SIZE, (), tmp_path)


def test_nameless_mesh_is_refused(tmp_path: Path) -> None:
    nameless = two_triangles()
    nameless.cell_sets.clear()
    meshio.write(tmp_path / "nameless.vtu", nameless)
    file = MeshFile(str(tmp_path / "nameless.vtu"), "plane", 1.0, 1.0, None)
    (fault,) = faults(file)
    assert "no named regions" in fault.expected
    with pytest.raises(MeshError, match="no named regions"):
        names(file)


@pytest.mark.parametrize("suffix", [".msh", ".vtu", ".xdmf", ".vtk", ".inp", ".med", ".exo"])
@pytest.mark.parametrize("content", [b"", b"\x00\xff" * 5000, b"garbage\n" * 100])
def test_garbage_is_refused_in_silence(
    suffix: str, content: bytes, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"garbage{suffix}"
    path.write_bytes(content)
    (fault,) = faults(MeshFile(str(path), "plane", 1.0, 1.0, None))
    assert fault.key == "mesh_file"
    assert capfd.readouterr() == ("", "")


def test_sets_in_parts_are_refused(tmp_path: Path) -> None:
    mesh = two_triangles()
    mesh.cell_sets["right"] = [np.array([0]), np.array([0])]
    meshio.write(tmp_path / "parts.inp", mesh)
    (fault,) = faults(MeshFile(str(tmp_path / "parts.inp"), "plane", 1.0, 1.0, None))
    assert "more than one part" in fault.expected
