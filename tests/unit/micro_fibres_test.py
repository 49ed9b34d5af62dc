"""Fibres and rods: volumes, directions, ways from bottom to top, levels of lithium, the meshes."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from meshes.distances import level_of_capsules, pieces
from meshes.fibres import fibres
from meshes.layers import Layer
from meshes.micro import Body, Coat, Fibres, Grains, Micro, Rods
from meshes.rods import rods
from tests.unit.micro_example import built, face_nodes, same_facets

LAYERS = (Layer("lithium", 8.0), Layer("film", 0.3), Layer("electrolyte", 3.0))
BODY = Body(8.0, 8.0, LAYERS, 0.45, "sides", 1)
FIBRES = Fibres(BODY, "fibre", "lithium", 0.22, 1.0, 0.15, 8.0, (0.0, 0.0, 1.0))
RODS = Rods(
    Body(2.0, 2.0, (Layer("copper", 0.2), Layer("gap", 2.0)), 0.06, "sides", 4),
    "rod", "gap", (4, 4), "square", 0.0, 0.25, 0.0, 1.5,
)  # fmt: skip


def test_crossing_fibres_cover_one_minus_exp_of_their_volume():
    # n V of 0.3 covers 1 - exp(-0.3) = 0.259 where fibres do not see one another
    micro = replace(
        FIBRES, body=Body(24.0, 24.0, (Layer("lithium", 24.0),), 0.5, "all", 2), deviation=0.0,
        volume_fraction=1.0 - math.exp(-0.3), length=6.0,
    )  # fmt: skip
    placed = fibres(micro)
    each = math.pi * 0.5**2 * (6.0 - 1.0) + 4.0 / 3.0 * math.pi * 0.5**3
    crowd = len(placed.radii) * each / (24.0**3)
    assert crowd == pytest.approx(0.3, rel=0.06)
    assert np.abs(placed.radii - 0.5).max() < 0.01


def test_the_same_seed_makes_the_same_fibres():
    one, again = fibres(FIBRES), fibres(FIBRES)
    assert np.array_equal(one.centres, again.centres) and np.array_equal(one.radii, again.radii)
    other = fibres(replace(FIBRES, body=replace(BODY, seed=2)))
    assert not np.array_equal(one.centres[:5], other.centres[:5])


@pytest.mark.parametrize("concentration", [0.0, 3.0])
def test_directions_have_the_mean_cosine_of_their_distribution(concentration: float):
    body = Body(24.0, 24.0, (Layer("lithium", 24.0),), 0.5, "sides", 3)
    micro = replace(
        FIBRES, body=body, axis=(1.0, 1.0, 0.0), concentration=concentration, volume_fraction=0.4
    )
    placed = fibres(micro)
    ways = placed.halves / np.linalg.norm(placed.halves, axis=1)[:, None]
    cosine = ways @ np.array([1.0, 1.0, 0.0]) / math.sqrt(2.0)
    k = concentration
    mean = 1.0 / math.tanh(k) - 1.0 / k if k else 0.0  # Langevin
    assert len(cosine) > 400
    assert cosine.mean() == pytest.approx(mean, abs=3.0 * 0.58 / math.sqrt(len(cosine)))


@pytest.mark.parametrize("asked", ["yes", "no"])
def test_the_mesh_has_a_way_through_where_it_was_asked_for(asked: str, tmp_path: Path):
    micro = replace(FIBRES, percolating=asked, volume_fraction=0.15)
    mesh = built(micro, tmp_path)
    parts = {part.name: part for part in mesh.parts}
    assert parts["fibre"].percolates is (asked == "yes")
    assert parts["lithium"].percolates
    measured = {m.name: m.computed for m in mesh.report.regions}
    assert measured["fibre"] == pytest.approx(0.15 * 512.0, rel=1e-2)
    assert measured["film"] == pytest.approx(0.3 * 64.0, rel=1e-12)
    assert sum(measured.values()) == pytest.approx(64.0 * 11.3, rel=1e-13)
    assert mesh.report.min_quality >= 0.02
    assert same_facets(face_nodes(mesh, "left"), face_nodes(mesh, "right"), (8.0, 0.0, 0.0))
    assert same_facets(face_nodes(mesh, "front"), face_nodes(mesh, "back"), (0.0, 8.0, 0.0))
    with_film = next(f for f in mesh.report.facets if f.name == "lithium|film")
    assert 0.5 * 64.0 < with_film.computed < 64.0


def test_stripped_lithium_leaves_pores_down_to_its_level(tmp_path: Path):
    charge = 0.4 * 36000.0  # 0.4 mAh/cm^2: 1.940 um, over 0.78 of the layer 2.487 um
    micro = replace(FIBRES, stripped=charge, emptied="void")
    mesh = built(micro, tmp_path, ("void",))
    measured = {m.name: m.computed for m in mesh.report.regions}
    facets = {m.name: m.computed for m in mesh.report.facets}
    assert "void" not in measured and "void_surface" in facets
    void = next(part for part in mesh.parts if part.name == "void")
    # the share of the fibres differs from height to height
    assert void.volume / 64.0 == pytest.approx(4.8498 * 0.4, rel=0.15)
    below = measured["lithium"] / (8.0 - 4.8498 * 0.4 / 0.78) / 64.0
    assert below == pytest.approx(0.78, abs=0.05)


def rod_parts(micro: Micro, folder: Path) -> dict[str, float]:
    mesh = built(micro, folder)
    assert mesh.report.min_quality >= 0.02
    measured = {m.name: m.computed for m in mesh.report.regions}
    assert sum(measured.values()) == pytest.approx(2.0 * 2.0 * 2.2, rel=1e-13)
    parts = {part.name: part for part in mesh.parts}
    assert parts["rod"].islands == 16
    return measured


def test_flat_rods_have_the_volume_of_cylinders(tmp_path: Path):
    measured = rod_parts(RODS, tmp_path)
    assert measured["rod"] == pytest.approx(16 * math.pi * 0.125**2 * 1.5, rel=1e-2)


def test_round_jittered_rods_with_shells_of_a_share(tmp_path: Path):
    micro = replace(
        RODS, arrangement="jittered", jitter=0.03, cap="round", diameter=0.25,
        shell=Coat("shell", 0.0, 0.2),
    )  # fmt: skip
    measured = rod_parts(micro, tmp_path)
    each = math.pi * 0.125**2 * (1.5 - 0.125) + 2.0 / 3.0 * math.pi * 0.125**3
    assert measured["rod"] == pytest.approx(16 * each, rel=1e-2)
    assert measured["shell"] == pytest.approx(0.2 * 8.0, rel=1e-2)
    placed = rods(micro)
    assert np.array_equal(placed.places, rods(micro).places)
    away = placed.places[:, None] - placed.places[None]
    away -= 2.0 * np.round(away / 2.0)
    far = np.linalg.norm(away, axis=2) + 9.0 * np.eye(16)
    assert far.min() >= 0.25 + 2.0 * placed.shell


def test_hexagonal_rods_with_grains_and_a_deposit(tmp_path: Path):
    micro = replace(
        RODS, arrangement="hexagonal", grains=Grains("grain", 0.16, 0.01),
        deposit=Coat("deposit", 0.08),
    )  # fmt: skip
    measured = rod_parts(micro, tmp_path)
    count = round(0.01 * 8.0 / (math.pi / 6.0 * 0.16**3))
    assert measured["grain"] == pytest.approx(count * math.pi / 6.0 * 0.16**3, rel=3e-2)
    near = np.sort(np.linalg.norm(rods(micro).places - rods(micro).places[5], axis=1))
    assert near[1] == pytest.approx(0.5) and near[3] == pytest.approx(math.hypot(0.25, 0.5))
    # film on walls, tops and the floor less the feet
    film = 16 * math.pi * ((0.205**2 - 0.125**2) * 1.5 + 0.205**2 * 0.08)
    film += 0.08 * (4.0 - 16 * math.pi * 0.205**2)
    assert measured["deposit"] == pytest.approx(film, rel=0.03)


def test_strips_in_a_plane_section(tmp_path: Path):
    body = Body(2.0, 0.0, (Layer("gap", 1.0),), 0.03, "sides", 4)
    micro = Rods(body, "rod", "gap", (4,), "square", 0.0, 0.2, 0.0, 0.7)
    mesh = built(micro, tmp_path)
    measured = {m.name: m.computed for m in mesh.report.regions}
    assert measured["rod"] == pytest.approx(4 * 0.2 * 0.7, rel=1e-2)
    fibre = Fibres(body, "fibre", "gap", 0.3, 0.1, 0.02, 0.8, (0.0, 1.0), 1.0)
    mesh = built(fibre, tmp_path)
    measured = {m.name: m.computed for m in mesh.report.regions}
    assert measured["fibre"] == pytest.approx(0.6, rel=1e-2)
    assert sum(measured.values()) == pytest.approx(2.0, abs=1e-12)


def test_pieces_are_the_capsule():
    centres, halves = np.array([[0.5, 0.5, 0.5]]), np.array([[0.2, 0.1, 0.3]])
    whole, periods = np.array([0.1]), np.array([2.0, 2.0, 0.0])
    points = np.random.default_rng(0).random((2000, 3))
    one = level_of_capsules(points, centres, halves, whole, periods, 0.5)
    cut = level_of_capsules(points, *pieces(centres, halves, whole, periods), periods, 0.5)
    assert one == pytest.approx(cut, abs=1e-12)
