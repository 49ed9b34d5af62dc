"""Cases whose meshes come from files."""

import os
from pathlib import Path

import pytest

from meshes.geometry import MeshFile
from solver.schema import (
    Electrode,
)
from tests.unit.case_load_test import case_of, equal_again, keys_at_fault

MESH = """
title = "From a file"
[geometry]
mesh_file = "sub/cube.msh"
dimension = "3d"
length_unit = "mm"
multiplicity = 4
cell_area = "1 mm^2"
[regions.a]
law = "ionic_conductor"
conductivity = "1 S/m"
[boundaries.low]
law = "electrode"
potential = "0 V"
[boundaries.high]
law = "electrode"
current = "1 nA"
"""
# one cube of the unit size: six tetrahedra around the diagonal from node 1 to node 7
NODES = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)]
PATHS = [(1, 2, 3), (1, 2, 6), (1, 4, 3), (1, 4, 8), (1, 5, 6), (1, 5, 8)]


def write_cube(path: Path) -> None:
    tetrahedra = [(*corners, 7) for corners in PATHS]
    faces = [(1, 2, 3), (1, 3, 4)], [(5, 6, 7), (5, 7, 8)]
    lines = ["$MeshFormat", "2.2 0 8", "$EndMeshFormat", "$PhysicalNames", "3"]
    lines += ['2 1 "low"', '2 2 "high"', '3 3 "a"', "$EndPhysicalNames", "$Nodes", "8"]
    lines += [f"{n} {x} {y} {z}" for n, (x, y, z) in enumerate(NODES, 1)]
    elements = [(2, tag, face) for tag, pair in enumerate(faces, 1) for face in pair]
    elements += [(4, 3, cell) for cell in tetrahedra]
    lines += ["$EndNodes", "$Elements", str(len(elements))]
    for n, (kind, tag, corners) in enumerate(elements, 1):
        lines.append(f"{n} {kind} 2 {tag} {tag} {' '.join(map(str, corners))}")
    path.write_text("\n".join([*lines, "$EndElements", ""]), encoding="ascii")


def test_a_mesh_file_below_the_case(tmp_path):
    (tmp_path / "sub").mkdir()
    write_cube(tmp_path / "sub" / "cube.msh")
    case = case_of(tmp_path, MESH)
    path = str(tmp_path / "sub" / "cube.msh")
    assert case.geometry == MeshFile(path, "3d", 1000.0, 4.0, 1e6)
    assert case.boundaries["high"] == Electrode(None, 1e3, None, 0.0)
    equal_again(case, tmp_path)


def test_the_mesh_of_a_base_lies_beside_the_base(tmp_path):
    for folder in ("sub", "sub/sub"):
        (tmp_path / folder).mkdir()
    write_cube(tmp_path / "sub" / "sub" / "cube.msh")
    (tmp_path / "sub" / "below.toml").write_text(MESH, encoding="utf-8")
    case = case_of(tmp_path, 'base = "sub/below.toml"\ntitle = "From below"\n')
    assert case.geometry.path == str(tmp_path / "sub" / "sub" / "cube.msh")
    equal_again(case, tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('"sub/cube.msh"', '"sub/cub.msh"', "geometry.mesh_file"),
        ('"sub/cube.msh"', '"../cube.msh"', "geometry.mesh_file"),
        ('"sub/cube.msh"', '"/etc/passwd"', "geometry.mesh_file"),
        ('"sub/cube.msh"', '"link/cube.msh"', "geometry.mesh_file"),
        ('"sub/cube.msh"', '"sub"', "geometry.mesh_file"),
        ('"sub/cube.msh"', '"case.toml"', "geometry.mesh_file"),
        ('"sub/cube.msh"', '"sub/junk.msh"', "geometry.mesh_file"),
        ('"sub/cube.msh"', '"sub/pipe.msh"', "geometry.mesh_file"),
        ('"mm"', '"kg"', "geometry.length_unit"),
        ('"mm"', '"0 mm"', "geometry.length_unit"),
        ("multiplicity = 4", "multiplicity = -4", "geometry.multiplicity"),
        ('"1 mm^2"', '"1 mm"', "geometry.cell_area"),
        ("[regions.a]", "[regions.b]", "regions.a"),
        ("[boundaries.low]", "[boundaries.lowest]", "boundaries.lowest"),
    ],
)
def test_wrong_mesh_files(tmp_path, old, new, key):
    inner = tmp_path / "inner"
    (inner / "sub").mkdir(parents=True)
    for folder in (tmp_path, inner / "sub"):
        write_cube(folder / "cube.msh")
    (inner / "sub" / "junk.msh").write_bytes(bytes(range(256)) * 100)
    os.mkfifo(inner / "sub" / "pipe.msh")
    (inner / "link").symlink_to(tmp_path)
    assert MESH.count(old) == 1
    (inner / "case.toml").write_text(MESH.replace(old, new), encoding="utf-8")
    assert key in keys_at_fault(inner / "case.toml")
