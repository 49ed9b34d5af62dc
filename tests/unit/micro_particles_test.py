"""Particles: where they lie, what the mesh has of them, the case file."""

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from meshes.distances import level_of_capsules
from meshes.faults import faults
from meshes.layers import Layer
from meshes.micro import Body, Coat, Particles
from meshes.particles import balls
from meshes.structure import build_structure
from tests.unit.micro_example import built, face_nodes, same_facets

BODY = Body(1.0, 1.0, (Layer("PEO", 1.0),), 0.05, "sides", 1)
DENSE = Particles(BODY, "Li3N", "PEO", 0.5, diameter=0.2, deviation=0.03)
CUBIC = Particles(replace(BODY, periodic="all"), "ball", "PEO", 0.3, "cubic")


def test_levels_of_capsules_are_distances():
    random = np.random.default_rng(0)
    points = random.random((4000, 3))
    centres, radii = random.random((30, 3)), 0.02 + 0.1 * random.random(30)
    halves = 0.2 * (random.random((30, 3)) - 0.5)
    found = level_of_capsules(points, centres, halves, radii, np.array([1.0, 1.0, 0.0]), 0.1)
    least = np.full(len(points), 0.1)
    for i in range(-1, 2):
        for j in range(-1, 2):
            for centre, half, radius in zip(centres, halves, radii, strict=True):
                away = points - centre - np.array([i, j, 0.0])
                t = np.clip(away @ half / (half @ half), -1.0, 1.0)
                least = np.minimum(least, np.linalg.norm(away - t[:, None] * half, axis=1) - radius)
    assert found == pytest.approx(least, abs=1e-12)


@pytest.mark.parametrize("seed", [1, 2])
def test_dense_balls_do_not_overlap_and_have_their_volume(seed: int):
    micro = replace(DENSE, body=replace(BODY, seed=seed))
    placed = balls(micro)
    assert (4 / 3 * math.pi * placed.radii**3).sum() == pytest.approx(0.5, rel=1e-12)
    assert placed.radii.std() / placed.radii.mean() == pytest.approx(0.15, abs=0.03)
    low, high = placed.centres[:, 2] - placed.radii, placed.centres[:, 2] + placed.radii
    assert low.min() > -1e-9 and high.max() < 1.0 + 1e-9
    away = placed.centres[:, None] - placed.centres[None]
    away[..., :2] -= np.round(away[..., :2])
    gaps = np.linalg.norm(away, axis=2) - placed.radii[:, None] - placed.radii[None]
    np.fill_diagonal(gaps, 1.0)
    assert gaps.min() > -1e-9
    again = balls(micro)
    assert np.array_equal(placed.centres, again.centres)
    assert np.array_equal(placed.radii, again.radii)
    other = balls(replace(micro, body=replace(BODY, seed=seed + 10)))
    assert not np.array_equal(placed.radii[:5], other.radii[:5])


@pytest.mark.parametrize(
    ("depth", "fraction", "seed"),
    [(0.0, 0.3, 5), pytest.param(8.0, 0.5, 2, marks=pytest.mark.slow)],
)
def test_walls_do_not_jam_balls_for_ever(depth: float, fraction: float, seed: int):
    # two are moved to the one place in a corner that is clear of all walls; eight in a row lie
    # along an edge that is eight diameters long, with a little slack each
    body = Body(8.0, depth, (Layer("PEO", 8.0),), 0.1, "none", seed)
    placed = balls(Particles(body, "Li3N", "PEO", fraction, diameter=1.0))
    gaps = np.linalg.norm(placed.centres[:, None] - placed.centres[None], axis=2)
    np.fill_diagonal(gaps, 8.0)
    assert gaps.min() > 2.0 * placed.radii[0] - 1e-9


def test_balls_are_fewer_beside_mirrors_than_across_periodic_sides():
    # none is cut: within a quarter of a diameter of a side a plane section has 0.6 of its share
    def share(periodic: str) -> float:
        found = []
        for seed in range(6):
            body = Body(8.0, 0.0, (Layer("PEO", 8.0),), 0.1, periodic, seed)
            placed = balls(Particles(body, "Li3N", "PEO", 0.5, diameter=1.0))
            steps = (np.arange(400) + 0.5) / 400.0
            points = np.stack(np.meshgrid(0.25 * steps[::8], 8.0 * steps), -1).reshape(-1, 2)
            points = np.concatenate([points, np.array([8.0, 0.0]) + points * [-1.0, 1.0]])
            none = np.zeros_like(placed.centres)
            level = level_of_capsules(
                points, placed.centres, none, placed.radii, np.array(body.periods), 0.1
            )
            found.append((level < 0.0).mean() / 0.5)
        return float(np.mean(found))

    assert share("none") == pytest.approx(0.6, abs=0.1)
    assert share("sides") == pytest.approx(1.0, abs=0.15)


def test_a_rim_at_mirrors_with_fewer_balls_is_told_where_it_counts(tmp_path: Path):
    body = Body(8.0, 0.0, (Layer("PEO", 8.0), Layer("film", 1.0)), 0.125, "none", 0)
    micro = Particles(body, "Li3N", "PEO", 0.3, diameter=1.0, shell=Coat("coat", 0.13))
    told = built(micro, tmp_path).method
    placed = balls(micro)
    steps = 8.0 * (np.arange(800) + 0.5) / 800.0
    points = np.stack(np.meshgrid(steps, steps), -1).reshape(-1, 2)
    none = np.zeros_like(placed.centres)
    level = level_of_capsules(points, placed.centres, none, placed.radii, np.zeros(2), 0.1)
    away = np.minimum(points[:, 0], 8.0 - points[:, 0])
    near, middle = (float((level[some] < 0.0).mean()) for some in (away < 0.25, away > 1.0))
    found = re.search(
        r"Li3N has a share of ([\d.]+) within 0.25 um of the sides and ([\d.]+)", told
    )
    assert found
    assert [float(x) for x in found.groups()] == pytest.approx([near, middle], abs=0.02)
    assert near < 0.8 * middle
    for other in (
        replace(body, periodic="sides"),
        Body(60.0, 0.0, (Layer("PEO", 3.0),), 0.25, "none", 0),  # a rim of 0.8 % of the cell
    ):
        bare = replace(micro, body=other, shell=None)
        assert "of the sides" not in built(bare, tmp_path).method


def test_touching_balls_touch_and_settled_ones_lie_on_the_floor():
    touching = balls(replace(DENSE, volume_fraction=0.1, contact="touching"))
    away = touching.centres[:, None] - touching.centres[None]
    away[..., :2] -= np.round(away[..., :2])
    gaps = np.linalg.norm(away, axis=2) - touching.radii[:, None] - touching.radii[None]
    np.fill_diagonal(gaps, 1.0)
    assert gaps.min() > -1e-9
    assert np.median(gaps.min(axis=1)) < 1e-9
    settled = balls(replace(DENSE, volume_fraction=0.05, place="bottom"))
    assert (settled.centres[:, 2] - settled.radii).max() < 0.05 < 0.5
    risen = balls(replace(DENSE, volume_fraction=0.05, place="top"))
    height = DENSE.body.layers[0].thickness
    assert risen.centres[:, 2] == pytest.approx(height - settled.centres[:, 2], abs=1e-12)
    assert np.array_equal(risen.radii, settled.radii)


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("fraction", [0.1, 0.3, 0.5])
def test_particles_settle_at_every_fraction_that_fits(fraction: float, seed: int):
    body = Body(1.0, 1.0, (Layer("PEO", 0.9), Layer("cover", 0.2)), 0.04, "sides", seed)
    placed = balls(Particles(body, "Li3N", "PEO", fraction, diameter=0.2, place="bottom"))
    assert (4 / 3 * math.pi * placed.radii**3).sum() == pytest.approx(0.9 * fraction, rel=1e-12)
    away = placed.centres[:, None] - placed.centres[None]
    away[..., :2] -= np.round(away[..., :2])
    gaps = np.linalg.norm(away, axis=2) - 2.0 * placed.radii[0]
    np.fill_diagonal(gaps, 1.0)
    assert gaps.min() > -1e-9
    low = placed.centres[:, 2] - placed.radii
    assert low.min() > -1e-9
    # one layer of discs up to 0.446 of its slab; else at least loose random packing of 0.47
    top = float((low + 2.0 * placed.radii).max())
    assert top < max(0.21, 0.9 * fraction / 0.47)
    # each lies on the floor or on another one: falls no further
    centres, diameter = placed.centres, 2.0 * placed.radii[0]
    for index, centre in enumerate(centres):
        beside = np.linalg.norm(away[index, :, :2], axis=1)
        under = (beside < diameter) & (centres[:, 2] < centre[2])
        tops = centres[under, 2] + np.sqrt(diameter**2 - beside[under] ** 2)
        assert centre[2] - max(float(placed.radii[0]), tops.max(initial=0.0)) < 0.01


def test_mesh_of_a_cubic_ball(tmp_path: Path):
    mesh = built(CUBIC, tmp_path)
    assert mesh.periods == (1.0, 1.0, 1.0) and mesh.cell_area == 1.0
    ball, rest = mesh.report.regions
    assert ball.exact == pytest.approx(0.3) and ball.computed == pytest.approx(0.3, rel=5e-3)
    assert ball.computed + rest.computed == pytest.approx(1.0, abs=1e-12)
    radius = (0.3 * 0.75 / math.pi) ** (1 / 3)
    area = next(f.computed for f in mesh.report.facets if f.name == "ball|PEO")
    assert area == pytest.approx(4 * math.pi * radius**2, rel=0.03)
    assert mesh.report.min_quality >= 0.1
    part = mesh.parts[0]
    assert (part.asked, part.islands, part.percolates) == (pytest.approx(0.3), 1, False)
    assert mesh.parts[1].percolates
    for low, high, way in (
        ("left", "right", (1.0, 0.0, 0.0)),
        ("front", "back", (0.0, 1.0, 0.0)),
        ("bottom", "top", (0.0, 0.0, 1.0)),
    ):
        assert same_facets(face_nodes(mesh, low), face_nodes(mesh, high), way)


def test_mesh_of_coated_particles_over_lithium_without_the_lithium(tmp_path: Path):
    layers = (Layer("lithium", 0.1), Layer("PEO", 0.9), Layer("film", 0.02))
    micro = Particles(
        replace(BODY, layers=layers, resolution=0.05),
        "Li3N", "PEO", 0.15, diameter=0.3, shell=Coat("coat", 0.06), gap=0.02,
    )  # fmt: skip
    mesh = built(micro, tmp_path, ("lithium",))
    measured = {m.name: m.computed for m in mesh.report.regions}
    assert measured["Li3N"] == pytest.approx(0.15 * 0.9, rel=1e-2)
    assert sum(measured.values()) == pytest.approx(0.92, abs=1e-12)
    assert measured["film"] == pytest.approx(0.02, rel=1e-12)
    assert mesh.parts[1].volume == pytest.approx((mesh.parts[1].asked or 0) * 1.02, rel=2e-2)
    facets = {m.name: m.computed for m in mesh.report.facets}
    assert facets["lithium_surface"] == pytest.approx(1.0, rel=1e-12)
    assert "PEO|film" in facets and "Li3N|coat" in facets and "bottom" not in facets


def test_discs_in_a_plane_section(tmp_path: Path):
    body = Body(2.0, 0.0, (Layer("PEO", 1.0),), 0.04, "sides", 3)
    mesh = built(Particles(body, "Li3N", "PEO", 0.4, diameter=0.2, gap=0.02), tmp_path)
    measured = {m.name: m.computed for m in mesh.report.regions}
    assert mesh.dimension == "plane" and mesh.periods == (2.0, 0.0)
    assert measured["Li3N"] == pytest.approx(0.8, rel=1e-2)
    assert sum(measured.values()) == pytest.approx(2.0, abs=1e-12)
    assert mesh.report.min_quality >= 0.1
    assert same_facets(face_nodes(mesh, "left"), face_nodes(mesh, "right"), (2.0, 0.0, 0.0))
    # 0.8 / (pi 0.1^2) = 25.5 discs
    assert mesh.parts[0].islands in (25, 26) or mesh.parts[0].islands < 25


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"volume_fraction": 0.6}, "volume_fraction"),
        ({"volume_fraction": 0.5, "gap": 0.03}, "volume_fraction"),
        ({"diameter": 0.0}, "diameter"),
        ({"diameter": 0.7}, "diameter"),
        ({"diameter": 0.08}, "resolution"),
        ({"deviation": 0.15}, "deviation"),
        ({"inside": "nothing"}, "inside"),
        ({"name": "PEO"}, "name"),
        ({"name": "left"}, "name"),
        ({"volume_fraction": 0.1, "shell": Coat("coat", 0.01)}, "shell.thickness"),
        ({"body": replace(BODY, resolution=0.3)}, "resolution"),
        ({"body": replace(BODY, resolution=1e-3)}, "resolution"),
        ({"body": replace(BODY, width=-1.0)}, "width"),
        ({"body": replace(BODY, layers=(Layer("PEO", 1.0), Layer("x", 0.001)))}, "layers"),
        ({"volume_fraction": 0.3, "shell": Coat("coat", 0.0, 0.1)}, "shell.volume_fraction"),
        ({"volume_fraction": 0.3, "shell": Coat("coat", 0.0, 0.9)}, "volume_fraction"),
        ({"arrangement": "cubic"}, "diameter"),
        ({"place": "bottom", "body": replace(BODY, periodic="all")}, "place"),
        ({"place": "top", "body": replace(BODY, periodic="all")}, "place"),
    ],
)
def test_what_is_impossible_is_named(change: dict[str, object], key: str):
    found = [fault.key for fault in faults(replace(DENSE, **change))]
    assert any(name.startswith(key) for name in found)


def test_the_least_share_of_a_shell_is_one_of_one_box():
    # 0.1 ((0.2 + 2 0.05)^3 / 0.2^3 - 1) = 0.2375 of equal particles in boxes of 50 nm
    thin = replace(DENSE, deviation=0.0, volume_fraction=0.1, shell=Coat("coat", 0.0, 0.02))
    (found,) = faults(thin)
    # as thick as 1.2^(1/3) - 1 = 0.0627 of the radius of 0.1
    assert found.expected.startswith("at least 0.238 ") and "at most 0.00627 um" in found.expected
    assert 'mesher = "conformal"' in found.expected
    assert faults(replace(thin, body=replace(BODY, resolution=0.006, width=0.7, depth=0.7))) == []
    assert faults(replace(thin, body=replace(BODY, mesher="conformal"))) == []
    # 0.3 with shells of one box would be 1.01 of the layer: no share is told that cannot be
    (found,) = faults(replace(thin, volume_fraction=0.3))
    assert found.expected.startswith("a resolution of at most 0.00217 um")


def test_shells_by_share_and_of_touching_particles_have_their_volume(tmp_path: Path):
    body = Body(0.6, 0.6, (Layer("PEO", 0.6),), 0.025, "sides", 2)
    micro = Particles(
        body, "Li3N", "PEO", 0.15, diameter=0.2, contact="touching", shell=Coat("coat", 0.0, 0.2)
    )
    mesh = built(micro, tmp_path)
    for part, share in zip(mesh.parts, (0.15, 0.2), strict=False):
        assert part.asked == pytest.approx(share)
        assert part.fraction == pytest.approx(share, rel=0.03)
    assert "other than asked for" not in mesh.method


def test_a_share_that_the_mesh_does_not_have_is_told():
    # shells of half a box: the check refuses them, the mesh says what it has of them
    micro = Particles(BODY, "Li3N", "PEO", 0.3, diameter=0.2, shell=Coat("coat", 0.0, 0.1))
    assert faults(micro) != []
    mesh = build_structure(micro, ())
    coat = mesh.parts[1]
    assert coat.asked == pytest.approx(0.1) and abs(coat.fraction - 0.1) > 0.005
    assert "other than asked for (" in mesh.method
    assert f"coat is {coat.fraction:.3g} of the cell, not 0.1)" in mesh.method


def test_what_is_possible_is_not_refused():
    assert faults(DENSE) == [] and faults(CUBIC) == []
