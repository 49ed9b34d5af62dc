"""Built meshes: grading to rims and edges, resolved layers, seeds."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from meshes.build import build
from meshes.geometry import (
    Cell,
    Cross,
    Film,
    Round,
    Slit,
)
from meshes.layers import Block, Crack, Layer
from meshes.sizing import MeshSize, varied
from tests.unit.meshes_build_test import (
    CROSS,
    INTERFACE,
    PELLET,
    SQUARE,
    STRIP,
    cells_of,
    coarse,
    name_of,
)


@pytest.mark.parametrize("fraction", [1e-2, 1e-5, 1e-7])
def test_grading_in_2d(fraction: float, tmp_path: Path) -> None:
    edge = 0.74 * fraction
    built = build(STRIP, MeshSize(edge, 0.5, 2.0), (), tmp_path)
    centres, shortest, _ = cells_of(built)
    for rim in (0.0, -0.05):
        distance = np.hypot(centres[:, 0] - 0.74, centres[:, 1] - rim)
        near = shortest[distance < 2.0 * edge]
        assert len(near) >= 3
        assert 0.5 * edge < near.min() < 2.0 * edge
    distance = np.minimum(
        np.hypot(centres[:, 0] - 0.74, centres[:, 1]),
        np.hypot(centres[:, 0] - 0.74, centres[:, 1] + 0.05),
    )
    law = np.minimum(edge + 0.5 * distance, 2.0)
    assert (shortest < 2.0 * law).all()
    far = (distance > 20.0 * edge) & (centres[:, 1] > 0.2)
    assert np.median(shortest[far] / law[far]) > 0.3  # neither much finer than asked
    assert built.report.cells < 4000


@pytest.mark.parametrize("film, edge", [(INTERFACE, 1e-3 * 1.5), (Film(0.05, "layer"), 4e-3 * 1.5)])
def test_grading_in_3d(film: Film, edge: float, tmp_path: Path) -> None:
    built = build(replace(SQUARE, film=film), MeshSize(edge, 0.5, 2.0), (), tmp_path)
    centres, shortest, _ = cells_of(built)
    distance = np.hypot(np.hypot(centres[:, 0], centres[:, 1]) - 1.5, centres[:, 2])
    near = shortest[distance < 2.0 * edge]
    assert len(near) > 100
    assert 0.4 * edge < near.min()
    assert np.median(near) < 1.5 * edge
    assert built.report.min_quality > 0.1


def test_film_below_a_thinner_layer_has_several_cells_over_its_thickness(tmp_path: Path) -> None:
    cell = replace(SQUARE, film=Film(1.5, "layer"), opening=Slit(0.2), resolved_height=5.0)
    cell = replace(cell, above=(Layer("coat", 0.3), *PELLET))
    built = build(cell, MeshSize(0.04, 0.6, 2.0), (), tmp_path)
    centres, _, longest = cells_of(built)
    inside = (centres[:, 2] < 0.0) & (centres[:, 0] > 3.5)
    assert inside.sum() > 100
    assert longest[inside].max() < 1.0
    assert built.report.min_film_quality > 0.1


def test_grading_to_the_edge_along_z_of_an_island(tmp_path: Path) -> None:
    cell = replace(CROSS, film=Film(1.0, "layer"), opening=Cross(1.5))
    built = build(cell, MeshSize(0.03, 0.6, 2.0), (), tmp_path)
    centres, shortest, _ = cells_of(built)
    middle = np.abs(centres[:, 2] + 0.5) < 0.2
    near = np.hypot(centres[:, 0] - 4.25, centres[:, 1] - 4.25) < 0.06
    assert (middle & near).sum() > 10
    assert np.median(shortest[middle & near]) < 0.06


def test_deep_narrow_hole_has_no_long_triangles_on_its_wall(tmp_path: Path) -> None:
    cell = replace(SQUARE, film=Film(2.0, "layer"), opening=Round(0.15), resolved_height=5.0)
    built = build(cell, MeshSize(0.03, 0.6, 2.0), (), tmp_path)
    centres, _, longest = cells_of(built)
    radius = np.hypot(centres[:, 0], centres[:, 1])
    at_wall = (radius < 0.17) & (np.abs(centres[:, 2] + 1.0) < 0.5)
    assert at_wall.sum() > 100
    assert np.median(longest[at_wall]) < 4.0 * 0.15 * built.arcs[0].max_angle
    assert built.report.min_quality > 0.05


def test_round_wall_has_elements_as_long_as_its_chords(tmp_path: Path) -> None:
    cell = replace(SQUARE, shape="round", film=INTERFACE, resolved_height=5.0)
    built = build(cell, MeshSize(0.02, 0.5, 2.0), (), tmp_path)
    wall = next(arc for arc in built.arcs if arc.role == "wall")
    chord = 5.0 * wall.max_angle
    assert chord < 0.6  # the law alone would have 1.8
    centres, _, longest = cells_of(built)
    at_wall = np.hypot(centres[:, 0], centres[:, 1]) > 5.0 - chord / 2.0
    assert at_wall.sum() > 100
    assert np.median(longest[at_wall]) < 2.0 * chord  # 3.2 by the law alone


def test_film_is_resolved_between_the_rims(tmp_path: Path) -> None:
    built = build(STRIP, MeshSize(0.2, 0.5, 2.0), (), tmp_path)  # coarser than the film
    centres, _, longest = cells_of(built)
    assert longest[centres[:, 1] < 0.0].max() < 2.0 * 0.05


@pytest.mark.parametrize("cell", [STRIP, replace(SQUARE, film=INTERFACE)], ids=name_of)
def test_thin_layers_are_resolved(cell: Cell, tmp_path: Path) -> None:
    layers = (Layer("se", 2.0), Layer("coat", 0.4), *PELLET)
    built = build(replace(cell, above=layers), MeshSize(0.2, 0.5, 2.0), (), tmp_path)
    centres, _, longest = cells_of(built)
    height = centres[:, 1 if built.dimension == "plane" else 2]
    inside = (height > 2.0) & (height < 2.4)
    assert longest[inside].max() < 2.2 * 0.4
    assert np.median(longest[height > 8.0]) > 1.5  # and only these


def test_cells_of_a_thin_layer_are_as_long_as_asked_for(tmp_path: Path) -> None:
    # 40 um at 50 and at 200 nm; near the crack as fine, and the plane below follows the layer
    block = Block("block", 40.0, (Layer("below", 10.0), Layer("film", 0.05)), None)
    block = replace(block, crack=Crack("left", 10.0, 10.05))
    cells, size = [], MeshSize(0.025, 0.12, 4.0)
    for number, layer in enumerate((0.0, 0.2)):
        (folder := tmp_path / str(number)).mkdir()
        built = build(block, replace(size, layer=layer), (), folder)
        centres, _, longest = cells_of(built)
        film = centres[:, 1] > 10.0
        far, near = film & (centres[:, 0] > 5.0), film & (centres[:, 0] < 0.05)
        assert np.median(longest[far]) == pytest.approx(max(0.06, layer), rel=0.25)
        assert longest[near].max() < 0.06
        assert built.report.min_quality > 0.3
        cells.append(built.report.cells)
    assert cells[1] < 0.45 * cells[0]


def test_extruded_film_is_coarse_far_from_the_rim(tmp_path: Path) -> None:
    cell = replace(SQUARE, film=Film(0.01, "layer"))
    built = build(cell, MeshSize(0.02, 0.6, 2.0), (), tmp_path)
    centres, _, _ = cells_of(built)
    inside = (centres[:, 2] < 0.0) & (np.hypot(centres[:, 0], centres[:, 1]) > 3.0)
    assert 20 < inside.sum() < 1000  # cubes as thick as the film would be a million
    assert 1e-3 < built.report.min_film_quality < 0.05 < built.report.min_quality


def test_the_seed_changes_the_mesh_and_the_same_seed_does_not(tmp_path: Path) -> None:
    files = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1), ("d", 1), ("e", 2)):
        folder = tmp_path / name
        folder.mkdir()
        size = replace(coarse(SQUARE), seed=seed)
        files.append(build(SQUARE, size, (), folder).path.read_bytes())
    assert files[0] == files[1]
    assert files[2] == files[3]
    assert len(set(files)) == 3


def test_a_seed_varies_sizes_by_a_tenth_at_most() -> None:
    size = MeshSize(0.1, 0.5, 1.0)
    assert varied(size) == size
    for seed in range(1, 30):
        other = varied(replace(size, seed=seed))
        for value, asked in ((other.edge, 0.1), (other.growth, 0.5), (other.maximum, 1.0)):
            assert 0.9 * asked <= value <= 1.1 * asked
        assert other.edge != 0.1 and other.growth != 0.5 and other.maximum != 1.0
