"""The start mesh of a case: sizes, regions left out, the command `mesh`."""

import dataclasses
import math
import sys
import types
from pathlib import Path

import pytest

from meshes.geometry import Cell, Film, Round
from meshes.layers import Block, Box, Flaw, Layer
from meshes.sizing import default_size
from solver.__main__ import main
from solver.case import load_case
from solver.faults import CaseError
from solver.meshing import left_out, mesh_cache, mesh_table, section_along, start_mesh, start_size
from solver.schema import Electrode, Insulator

GOOD = Path(__file__).parent.parent / "bad_cases" / "_good.toml"
CASES = Path(__file__).parents[2] / "cases"
LIF_YIELDS = CASES / "lim2024_mgf2_interlayer" / "lif_fragmentation_yielding.toml"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "liface" / "meshes"


def test_sizes_of_the_case_come_before_those_of_the_geometry():
    case = load_case(GOOD)  # edge_size 20 nm, maximum_size 1 um
    size = default_size(case.geometry, case.numerics.accuracy)
    assert start_size(case) == dataclasses.replace(size, edge=0.02, maximum=1.0)
    free = dataclasses.replace(case.numerics, edge_size=None, maximum_size=None)
    assert start_size(dataclasses.replace(case, numerics=free)) == size


def test_long_cells_in_layers_are_those_of_blocks_alone():
    case = load_case(LIF_YIELDS)
    long = dataclasses.replace(case.numerics, layer_size=0.3)
    assert start_size(dataclasses.replace(case, numerics=long)).layer == 0.3
    with pytest.raises(CaseError, match=r"numerics\.layer_size.*only blocks and cylinders"):
        load_case(GOOD, change={"numerics": {"layer_size": "300 nm"}})


def test_an_edge_above_the_chosen_maximum_raises_it():
    case = load_case(GOOD)
    chosen = default_size(case.geometry, case.numerics.accuracy).maximum
    numerics = dataclasses.replace(case.numerics, edge_size=2.0 * chosen, maximum_size=None)
    size = start_size(dataclasses.replace(case, numerics=numerics))
    assert size.edge == size.maximum == 2.0 * chosen


def test_insulators_of_the_geometry_are_left_out():
    case = load_case(GOOD)
    assert left_out(case) == ()
    regions = case.regions | {"film": Insulator()}
    assert left_out(dataclasses.replace(case, regions=regions)) == ("film",)
    flat = dataclasses.replace(
        case.geometry, film=dataclasses.replace(case.geometry.film, model="interface")
    )
    assert left_out(dataclasses.replace(case, regions=regions, geometry=flat)) == ()


def test_a_current_along_the_layers_crosses_their_section():
    layers = (Layer("a", 3.0), Layer("b", 2.0))
    flaw = Flaw("flaw", 0.0, 1.0, 1.0, 0.0)
    block = Block("block", 7.0, layers, None, flaws=(flaw,))
    box = Box(7.0, 4.0, layers, None)
    grounded, driven = Electrode(0.0, None, None, 0.0), Electrode(None, None, 1.0, 0.0)

    def section(body, **faces):
        return section_along(dataclasses.replace(load_case(GOOD), geometry=body, boundaries=faces))

    stalled = Electrode(None, 0.0, None, 0.0)
    assert section(block, left=grounded, right=driven, flaw=stalled) == 5.0
    assert section(block, flaw=grounded, right=driven) == 5.0
    assert section(block, left=stalled, bottom=grounded, top=driven) == 0.0
    assert section(block, bottom=grounded, right=driven) == 0.0  # neither along nor across
    assert section(box, left=grounded, right=driven) == 20.0
    assert section(box, front=grounded, back=driven) == 35.0
    assert section(box, front=grounded, right=driven) == 0.0
    assert section(dataclasses.replace(block, shape="cylinder"), right=grounded) == 0.0
    assert section(load_case(GOOD).geometry, left=grounded, right=driven) == 0.0


def test_meshes_lie_in_the_users_cache_and_are_built_once(cache):
    assert mesh_cache() == cache
    case = load_case(GOOD)
    first = start_mesh(case)
    assert cache in first.path.parents
    written = first.path.stat().st_mtime_ns
    assert start_mesh(case) == first
    assert first.path.stat().st_mtime_ns == written


def test_the_command_writes_mesh_and_picture_and_tells_volumes(tmp_path, capsys, monkeypatch):
    drawing = types.ModuleType("solver.pictures")
    drawn = []

    def draw_mesh(built: object, png: Path) -> None:
        drawn.append(built)
        png.write_bytes(b"picture")

    drawing.draw_mesh = draw_mesh  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "solver.pictures", drawing)
    out = tmp_path / "new" / "out"
    assert main(["mesh", str(GOOD), "--out", str(out)]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    built = start_mesh(load_case(GOOD))
    assert (out / "mesh.msh").read_bytes() == built.path.read_bytes()
    assert (out / "mesh.png").read_bytes() == b"picture"
    assert drawn == [built]
    # half a period: (10 um - 1.48 um)/2 times 50 nm of film, 5 um times 2.5 periods of electrolyte
    rows = {line.split("│")[1].strip(): line for line in printed.out.splitlines() if "│" in line}
    assert "0.213" in rows["film"] and "um^2" in rows["film"]
    assert "125" in rows["electrolyte"]
    assert "4.26" in rows["film_face"]
    for word in (f"{built.report.cells} cells", "quality", str(out / "mesh.png")):
        assert word in printed.out


def test_without_out_the_folder_is_named_after_the_case(tmp_path, monkeypatch):
    drawing = types.ModuleType("solver.pictures")
    drawing.draw_mesh = lambda built, png: png.touch()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "solver.pictures", drawing)
    monkeypatch.chdir(tmp_path)
    assert main(["mesh", str(GOOD)]) == 0
    assert sorted(path.name for path in (tmp_path / "_good-mesh").iterdir()) == [
        "mesh.msh",
        "mesh.png",
    ]


def test_a_case_without_geometry_has_no_mesh(tmp_path, capsys):
    path = tmp_path / "case.toml"
    path.write_text(
        'title = "Arithmetic"\n[balance.foil]\ndiameter = "12 mm"\npressed_diameter = "13 mm"\n'
        'thickness = "30 um"\n',
        encoding="utf-8",
    )
    assert main(["mesh", str(path), "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1 and "has none" in said
    assert not (tmp_path / "out").exists()


def test_the_table_of_a_half_space_has_an_axis_without_area():
    layer = Layer("electrolyte", math.inf)
    film = Film(0.0, "interface")
    cell = Cell("half_space", 20.0, film, Round(1.0), "metal", (layer,), (), None)
    case = load_case(GOOD)
    free = dataclasses.replace(case.numerics, edge_size=None, maximum_size=None)
    case = dataclasses.replace(case, geometry=cell, numerics=free)
    table = mesh_table(start_mesh(case), "half space")
    rows = list(zip(*(list(column.cells) for column in table.columns), strict=True))
    assert ("sides", "0", "0", "um^2", "0.0e+00") in rows
