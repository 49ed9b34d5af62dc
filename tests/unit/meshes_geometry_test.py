"""Names and faults of geometries: nothing here meshes."""

import math
import subprocess
import sys
from dataclasses import replace

import pytest

from meshes.faults import faults
from meshes.geometry import (
    Cell,
    Cross,
    Film,
    MeshFile,
    NoOpening,
    Round,
    Slit,
    TwoDiscs,
    cell_area,
    levels,
    multiplicity,
    open_area,
    unmeshed,
)
from meshes.layers import Layer
from meshes.names import names

PELLET = (Layer("electrolyte", 750.0),)
LITHIUM = (Layer("lithium", 30.0),)
STRIP = Cell("strip", 10.0, Film(0.05, "layer"), Slit(1.48), "metal", PELLET, (), None)
TUBE = replace(STRIP, shape="tube", opening=Round(1.0))
SQUARE = replace(TUBE, shape="square")
HALF = replace(TUBE, shape="half_space", width=40.0, above=(Layer("electrolyte", math.inf),))
DISCS = replace(HALF, shape="half_space_3d", opening=TwoDiscs(1.0, 3.0))


def test_slit_in_film_with_metal() -> None:
    found = names(STRIP)
    assert set(found.regions) == {"film", "electrolyte"}
    assert set(found.boundaries) == {"top", "sides", "window", "film_face", "film_wall"}
    assert found.interfaces == ("film|electrolyte",)


def test_slit_in_film_with_electrolyte() -> None:
    found = names(replace(STRIP, filling="electrolyte"))
    assert set(found.regions) == {"film", "filling", "electrolyte"}
    assert set(found.boundaries) == {"top", "sides", "window", "film_face"}
    assert set(found.interfaces) == {"film|electrolyte", "filling|electrolyte", "film|filling"}


def test_interface_film_on_metal_and_between_regions() -> None:
    on_metal = replace(STRIP, film=Film(0.0, "interface"))
    assert set(names(on_metal).boundaries) == {"top", "sides", "window", "film_face"}
    assert names(on_metal).interfaces == ()
    between = replace(on_metal, below=LITHIUM)
    assert set(names(between).boundaries) == {"top", "bottom", "sides"}
    assert set(names(between).interfaces) == {"window", "film"}


def test_plain_stack_names_neighbours_from_below() -> None:
    stack = (Layer("a", 1.0), Layer("b", 2.0))
    plain = Cell("strip", 10.0, None, NoOpening(), "metal", stack, LITHIUM, None)
    assert names(plain).regions == ("lithium", "a", "b")
    assert names(plain).interfaces == ("lithium|a", "a|b")
    assert set(names(replace(plain, below=())).boundaries) == {"bottom", "top", "sides"}


def test_half_space_has_far_instead_of_top() -> None:
    assert set(names(HALF).boundaries) == {"window", "film_face", "film_wall", "far", "sides"}


def test_omitted_film_leaves_its_surface() -> None:
    filled = replace(STRIP, filling="electrolyte")
    found = names(filled, ("film",))
    assert set(found.regions) == {"filling", "electrolyte"}
    assert set(found.boundaries) == {"top", "sides", "window", "film_surface"}
    assert found.interfaces == ("filling|electrolyte",)
    assert set(names(STRIP, ("film",)).boundaries) == {"top", "sides", "window", "film_surface"}


def test_omitted_metal_below_an_interface_film_leaves_window_and_film_face() -> None:
    cell = replace(STRIP, film=Film(0.0, "interface"), below=LITHIUM)
    found = names(cell, ("lithium",))
    assert set(found.boundaries) == {"top", "sides", "window", "film_face"}
    assert found.interfaces == ()


def test_omitted_end_of_the_stack_leaves_no_top() -> None:
    cell = replace(STRIP, above=(*PELLET, Layer("cathode", 50.0)))
    found = names(cell, ("cathode",))
    assert "top" not in found.boundaries
    assert "cathode_surface" in found.boundaries
    assert unmeshed(cell) == {"cathode": 25.0}
    assert unmeshed(cell, ("cathode",)) == {}


def test_height_of_the_last_layer() -> None:
    assert levels(STRIP)[-1].top == 25.0  # 2.5 widths
    assert unmeshed(STRIP) == {"electrolyte": 725.0}
    low = replace(STRIP, resolved_height=4.0, below=LITHIUM, filling="electrolyte")
    assert levels(low)[-1].top == 4.0
    assert levels(low)[0].bottom == -4.05
    assert unmeshed(low) == {"electrolyte": 746.0, "lithium": 26.0}
    assert unmeshed(replace(STRIP, above=(Layer("electrolyte", 3.0),))) == {}
    assert levels(HALF)[-1].top == 20.0  # the reach
    assert unmeshed(HALF) == {}


def test_areas_of_the_whole_cell() -> None:
    assert cell_area(STRIP) == 10.0
    assert open_area(STRIP) == 1.48
    assert cell_area(TUBE) == pytest.approx(25.0 * math.pi)
    assert open_area(TUBE) == pytest.approx(math.pi)
    cross = replace(SQUARE, opening=Cross(1.0))
    assert open_area(cross) == pytest.approx(100.0 - 81.0)
    assert open_area(replace(SQUARE, opening=Slit(1.0))) == pytest.approx(10.0)
    hexagon = replace(cross, shape="hexagon")
    side = 10.0 / math.sqrt(3.0)  # a regular hexagon of side s has area 3 sqrt(3)/2 s^2
    assert cell_area(hexagon) == pytest.approx(1.5 * math.sqrt(3.0) * side**2)
    assert open_area(hexagon) == pytest.approx(0.19 * cell_area(hexagon))
    assert open_area(DISCS) == pytest.approx(2.0 * math.pi)
    assert cell_area(DISCS) == 0.0
    assert [multiplicity(cell) for cell in (STRIP, TUBE, SQUARE, hexagon, DISCS)] == [
        2.0, 1.0, 4.0, 12.0, 4.0,
    ]  # fmt: skip


def film(thickness: float, model: str = "layer") -> Film:
    return Film(thickness, model)  # type: ignore[arg-type]


IMPOSSIBLE = [
    (replace(STRIP, width=0.0), "width"),
    (replace(STRIP, width=math.nan), "width"),
    (replace(STRIP, width=math.inf), "width"),
    (replace(STRIP, width=-1.0), "width"),
    (replace(STRIP, opening=Slit(10.0)), "opening.width"),
    (replace(STRIP, opening=Slit(11.0)), "opening.width"),
    (replace(STRIP, opening=Slit(-1.0)), "opening.width"),
    (replace(STRIP, opening=Slit(1e-7)), "opening.width"),
    (replace(STRIP, opening=Slit(10.0 - 1e-9)), "opening.width"),
    (replace(TUBE, opening=Round(5.0)), "opening.radius"),
    (replace(TUBE, opening=Round(math.nan)), "opening.radius"),
    (replace(TUBE, opening=Round(0.0)), "opening.radius"),
    (replace(STRIP, film=film(751.0)), "film.thickness"),
    (replace(STRIP, film=film(0.0)), "film.thickness"),
    (replace(STRIP, film=film(math.nan)), "film.thickness"),
    (replace(STRIP, film=film(-0.05)), "film.thickness"),
    (replace(STRIP, film=film(1e-6)), "film.thickness"),
    (replace(STRIP, film=film(0.05, "paint")), "film.model"),
    (replace(STRIP, film=None), "film"),
    (replace(STRIP, shape="cube"), "shape"),  # type: ignore[arg-type]
    (replace(STRIP, filling="air"), "filling"),  # type: ignore[arg-type]
    (replace(STRIP, below=LITHIUM), "filling"),
    (replace(STRIP, above=()), "above"),
    (replace(STRIP, above=(Layer("electrolyte", -1.0),)), "above[0].thickness"),
    (replace(STRIP, above=(Layer("electrolyte", math.inf),)), "above[0].thickness"),
    (replace(STRIP, above=(Layer("a", 1e-7), *PELLET)), "above[0].thickness"),
    (replace(SQUARE, above=(Layer("a", 1e-2), *PELLET)), "above[0].thickness"),
    (replace(STRIP, above=(*PELLET, *PELLET)), "above[1].name"),
    (replace(STRIP, above=PELLET, below=PELLET, filling="electrolyte"), "below[0].name"),
    (replace(STRIP, above=(Layer("film", 1.0),)), "above[0].name"),
    (replace(STRIP, above=(Layer("a_surface", 1.0),)), "above[0].name"),
    (replace(STRIP, above=(Layer("a|b", 1.0),)), "above[0].name"),
    (replace(STRIP, above=(Layer("", 1.0),)), "above[0].name"),
    (replace(STRIP, resolved_height=751.0), "resolved_height"),
    (replace(STRIP, resolved_height=0.0), "resolved_height"),
    (replace(STRIP, opening=Cross(1.0)), "opening"),
    (replace(STRIP, opening=Round(1.0)), "opening"),
    (replace(TUBE, opening=Slit(1.0)), "opening"),
    (replace(SQUARE, opening=TwoDiscs(1.0, 3.0)), "opening"),
    (replace(SQUARE, shape="hexagon", opening=Slit(1.0)), "opening"),
    (replace(SQUARE, shape="round", opening=Cross(1.0)), "opening"),
    (replace(SQUARE, film=film(1e-3)), "film.thickness"),  # 3D: 2e-4 of the width
    (replace(HALF, opening=NoOpening()), "opening"),
    (replace(HALF, below=LITHIUM), "below"),
    (replace(HALF, resolved_height=5.0), "resolved_height"),
    (replace(HALF, above=(Layer("electrolyte", 19.0),)), "above[0].thickness"),
    (replace(HALF, above=(Layer("coat", 20.0), *PELLET)), "width"),
    (replace(HALF, above=(Layer("coat", math.inf), *PELLET)), "above[0].thickness"),
    (replace(DISCS, opening=TwoDiscs(1.0, 2.0)), "opening.distance"),
    (replace(DISCS, opening=TwoDiscs(1.0, 38.5)), "opening.distance"),
    (MeshFile("no/such/file.msh", "plane", 1.0, 1.0, None), "mesh_file"),
    (MeshFile(".", "plane", 1.0, 1.0, None), "mesh_file"),
    (MeshFile(__file__, "plane", 1.0, 1.0, None), "mesh_file"),
    (MeshFile("x.msh", "round", 1.0, 1.0, None), "dimension"),  # type: ignore[arg-type]
    (MeshFile("x.msh", "plane", 0.0, 1.0, None), "length_unit"),
    (MeshFile("x.msh", "plane", 1.0, math.nan, None), "multiplicity"),
    (MeshFile("x.msh", "plane", 1.0, 1.0, -2.0), "cell_area"),
]


@pytest.mark.parametrize("geometry, key", IMPOSSIBLE)
def test_impossible_geometry_is_refused_by_name(geometry: Cell | MeshFile, key: str) -> None:
    found = faults(geometry)
    assert key in [fault.key for fault in found]
    assert all(fault.expected for fault in found)


@pytest.mark.parametrize("geometry", [STRIP, TUBE, SQUARE, HALF, DISCS])
def test_possible_geometry_has_no_faults(geometry: Cell) -> None:
    assert faults(geometry) == []


def test_all_faults_at_once() -> None:
    cell = replace(STRIP, opening=Slit(12.0), above=(*PELLET, *PELLET), resolved_height=800.0)
    assert [fault.key for fault in faults(cell)] == [
        "opening.width", "above[1].name", "resolved_height",
    ]  # fmt: skip


def test_faults_name_the_numbers() -> None:
    (fault,) = faults(replace(STRIP, opening=Slit(12.0)))
    assert fault.given == "12 um"
    assert "10 um" in fault.expected


def test_names_and_sizes_need_no_gmsh() -> None:
    code = "import sys, meshes.geometry, meshes.sizing, meshes.plan; print('gmsh' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
