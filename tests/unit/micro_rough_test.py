"""Rough faces: statistics of the heights, contact, pits, maps from files, the meshes."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from meshes.faults import faults
from meshes.heights import height_map
from meshes.layers import Layer
from meshes.mesh import MeshError
from meshes.micro import Body, Pits, Rough, RoughFace
from meshes.micro_faults import micro_faults
from meshes.pits import pit_places, pit_wall
from meshes.rough import contact_shift, face_heights, interpolated, rough_faces
from tests.unit.micro_example import built, face_nodes, same_facets

STACK = (Layer("lithium", 3.0), Layer("electrolyte", 3.0))
PRESSED = (Layer("lithium", 3.0), Layer("void", 0.6), Layer("electrolyte", 3.0))
FACE = RoughFace("lithium", 0.4, 2.0, 0.8)
BODY = Body(16.0, 16.0, STACK, 0.4, "sides", 5)
ROUGH = Rough(BODY, (FACE,))


@pytest.mark.parametrize("hurst", [0.5, 0.9])
def test_heights_have_the_rms_and_the_correlation_asked_for(hurst: float):
    (heights,) = face_heights(Rough(BODY, (replace(FACE, hurst=hurst, shortest_wavelength=0.2),)))
    assert heights.shape == (160, 160)
    assert heights.mean() == pytest.approx(0.0, abs=1e-12)
    assert heights.std() == pytest.approx(0.4, rel=1e-12)
    for lag in (5, 10, 20, 40):
        found = np.mean(heights * np.roll(heights, lag, axis=1)) / 0.16
        # less its mean over the cell, pi 2^2 Gamma(1 + 1/H) / 16^2, as the mean height is zero
        mean = math.pi * 4.0 * math.gamma(1.0 + 1.0 / hurst) / 256.0
        wanted = math.exp(-((lag * 0.1 / 2.0) ** (2 * hurst)))
        assert found == pytest.approx((wanted - mean) / (1.0 - mean), abs=0.01)


def test_the_same_seed_makes_the_same_face():
    (one,), (again,) = face_heights(ROUGH), face_heights(ROUGH)
    assert np.array_equal(one, again)
    (other,) = face_heights(replace(ROUGH, body=replace(BODY, seed=6)))
    assert not np.array_equal(one, other)


def test_the_face_is_the_same_in_boxes_of_any_size():
    pressed = Rough(
        replace(BODY, layers=PRESSED), (FACE, replace(FACE, layer="void", rms=0.3)), 0.3
    )
    fine = replace(pressed, body=replace(pressed.body, resolution=0.13))
    for one, other in zip(face_heights(pressed), face_heights(fine), strict=True):
        assert np.array_equal(one, other)
    shifts = [contact_shift(micro, rough_faces(micro), 0.3) for micro in (pressed, fine)]
    assert shifts[0] == shifts[1]


def test_mesh_of_a_rough_face(tmp_path: Path):
    mesh = built(ROUGH, tmp_path)
    measured = {m.name: m.computed for m in mesh.report.regions}
    facets = {m.name: m.computed for m in mesh.report.facets}
    assert mesh.report.min_quality >= 0.1
    assert measured["lithium"] == pytest.approx(3.0 * 256.0, rel=2e-3)  # mean height zero
    assert sum(measured.values()) == pytest.approx(6.0 * 256.0, rel=1e-13)
    (heights,) = face_heights(ROUGH)
    slopes = [(np.roll(heights, -1, axis) - heights) / 0.4 for axis in (0, 1)]
    area = 256.0 * np.sqrt(1.0 + slopes[0] ** 2 + slopes[1] ** 2).mean()
    assert facets["lithium|electrolyte"] == pytest.approx(area, rel=0.04)
    nodes = face_nodes(mesh, "lithium|electrolyte").reshape(-1, 3)
    wanted = 3.0 + interpolated(heights, (16.0, 16.0))(nodes)
    assert np.sqrt(np.mean((nodes[:, 2] - wanted) ** 2)) < 0.1 * 0.4  # of a box
    assert same_facets(face_nodes(mesh, "left"), face_nodes(mesh, "right"), (16.0, 0.0, 0.0))


def test_faces_pressed_together_touch_on_the_share_asked_for(tmp_path: Path):
    faces = (FACE, replace(FACE, layer="void", rms=0.3))
    micro = Rough(replace(BODY, layers=PRESSED), faces, 0.3)
    mesh = built(micro, tmp_path)
    facets = {m.name: m.computed for m in mesh.report.facets}
    touching = facets["lithium|electrolyte"]
    assert touching / (touching + facets["lithium|void"]) == pytest.approx(0.3, abs=0.03)
    told = float(mesh.method.split("; ")[2].split(" of the plane in contact (0.3 asked for)")[0])
    assert told == pytest.approx(0.3, abs=0.01)
    # gaps are normal with 0.6 +- 0.5 um; the mesh closes those below half a box, 0.2 um: 0.212
    by_thickness = built(replace(micro, contact_fraction=0.0), tmp_path)
    facets = {m.name: m.computed for m in by_thickness.report.facets}
    touching = facets["lithium|electrolyte"]
    assert touching / (touching + facets["lithium|void"]) == pytest.approx(0.212, abs=0.04)


@pytest.mark.parametrize("share", [0.05, 0.2])
def test_boxes_coarser_than_the_heights_have_the_contact_asked_for(share, tmp_path: Path):
    # boxes of 1 um close all gaps below 0.5 um: the faces are moved apart until they touch on it
    faces = (FACE, replace(FACE, layer="void", rms=0.3))
    coarse = replace(BODY, layers=PRESSED, resolution=1.0)
    mesh = built(Rough(coarse, faces, share), tmp_path)
    sides = np.diff(face_nodes(mesh, "lithium|electrolyte")[:, :, :2], axis=1)
    seen = 0.5 * np.abs(np.linalg.det(sides)).sum()  # from above
    assert seen / 256.0 == pytest.approx(share, abs=0.01)


def test_a_contact_that_boxes_cannot_have_is_told(tmp_path: Path):
    # in a plane section each of 16 boxes is 6 % of the face
    faces = (FACE, replace(FACE, layer="void", rms=0.3))
    coarse = Body(16.0, 0.0, PRESSED, 1.0, "sides", 5)
    mesh = built(Rough(coarse, faces, 0.1), tmp_path)
    facets = {m.name: m.computed for m in mesh.report.facets}
    assert facets.get("lithium|electrolyte", 0.0) / 16.0 < 0.2
    assert "of the plane in contact, not 0.1): try a finer resolution" in mesh.method


def test_a_layer_that_pressing_takes_away_does_not_bound_the_heights():
    thin = (Layer("lithium", 3.0), Layer("void", 0.3), Layer("electrolyte", 3.0))
    faces = (FACE, replace(FACE, layer="void", rms=0.3))
    micro = Rough(replace(BODY, layers=thin, resolution=0.2), faces, 0.3)
    assert faults(micro) == []
    assert [fault.key for fault in faults(replace(micro, contact_fraction=0.0))] == ["faces[1].rms"]


def outline(kind: str, r: float, depth: float):
    """Distances from the axis and depths of a pit, from its rim to its middle."""
    if kind == "ball":
        t = np.linspace(0.0, 0.5 * math.pi, 20_001)
        return r * np.cos(t), depth * np.sin(t)
    if kind == "cylinder":
        return np.array([r, r, 0.0]), np.array([0.0, depth, depth])
    return np.array([r, 0.0]), np.array([0.0, depth])


def areas_of_wall(kind: str, r: float, depth: float) -> tuple[float, float]:
    """Of revolution, and of both halves in a plane section, chord by chord."""
    away, down = outline(kind, r, depth)
    chords = np.hypot(np.diff(away), np.diff(down))
    return 2.0 * math.pi * float((0.5 * (away[1:] + away[:-1]) * chords).sum()), 2 * chords.sum()


@pytest.mark.parametrize("kind", ["ball", "cylinder", "cone"])
@pytest.mark.parametrize("depth", [0.5, 2.0, 2.0001, 5.0])
def test_areas_of_walls_of_pits(kind: str, depth: float):
    pits = Pits("pit", "lithium", kind, 4.0, depth, 1)
    found = pit_wall(pits, False), pit_wall(pits, True)
    assert found == pytest.approx(areas_of_wall(kind, 2.0, depth), rel=1e-7)


@pytest.mark.parametrize(
    ("kind", "share"), [("ball", 2.0 / 3.0), ("cylinder", 1.0), ("cone", 1.0 / 3.0)]
)
def test_pits_have_their_volume_and_areas(kind: str, share: float, tmp_path: Path):
    pits = Pits("pit", "lithium", kind, 4.0, 1.6, 4)
    mesh = built(Rough(replace(BODY, resolution=0.5), (), 0.0, pits), tmp_path)
    measured = {m.name: m.computed for m in mesh.report.regions}
    facets = {m.name: m for m in mesh.report.facets}
    volume = 4 * share * math.pi * 4.0 * 1.6
    assert measured["pit"] == pytest.approx(volume, rel=1e-2)
    assert measured["lithium"] == pytest.approx(768.0 - volume, rel=2e-3)
    assert measured["electrolyte"] == pytest.approx(768.0, rel=1e-12)
    mouths, walls = 16 * math.pi, 4 * areas_of_wall(kind, 2.0, 1.6)[0]
    for name, area, near in (
        ("pit|electrolyte", mouths, 0.03),
        ("lithium|electrolyte", 256.0 - mouths, 0.03),
        ("pit|lithium", walls, 0.05),  # edges of floors are rounded by a box
    ):
        assert facets[name].exact == pytest.approx(area, rel=1e-7)
        assert facets[name].computed == pytest.approx(area, rel=near)
    assert "areas of interfaces within" in mesh.method
    places = pit_places(Rough(BODY, (), 0.0, pits), pits)
    away = places[:, None] - places[None]
    away -= 16.0 * np.round(away / 16.0)
    assert (np.linalg.norm(away, axis=2) + 9.0 * np.eye(4)).min() >= 4.0


@pytest.mark.parametrize(("depth", "resolution"), [(0.8, 0.25), (0.8, 0.1), (1.6, 0.25)])
def test_flat_cones_keep_their_rims(depth: float, resolution: float, tmp_path: Path):
    pits = Pits("pit", "lithium", "cone", 4.0, depth, 2)
    mesh = built(Rough(Body(16.0, 0.0, STACK, resolution, "sides", 5), (), 0.0, pits), tmp_path)
    facets = {m.name: m.computed for m in mesh.report.facets}
    assert facets["pit|electrolyte"] == pytest.approx(8.0, rel=0.01)
    assert facets["pit|lithium"] == pytest.approx(4.0 * math.hypot(2.0, depth), rel=0.02)
    assert mesh.parts[0].volume == pytest.approx(4.0 * depth, rel=0.01)


@pytest.mark.parametrize(
    ("depth", "resolution", "key", "expected"),
    [
        (0.79, 0.1, "pits.depth", "at least 0.8 um: the rim of flatter cones would be lost"),
        (0.9, 0.31, "resolution", "at most 0.3 um, a third of the depth of the cones"),
        (0.9, 0.3, "", ""),
    ],
)
def test_cones_whose_rim_would_be_lost_are_refused(depth, resolution, key, expected):
    pits = Pits("pit", "lithium", "cone", 4.0, depth, 2)
    body = Body(16.0, 0.0, STACK, resolution, "sides", 5)
    found = [(fault.key, fault.expected) for fault in micro_faults(Rough(body, (), 0.0, pits))]
    assert found == ([(key, expected)] if key else [])


def test_surfaces_of_voids_and_of_a_metal_with_pits_are_known(tmp_path: Path):
    layers = (Layer("foil", 1.0), *STACK, Layer("separator", 1.0))
    pits = Pits("pit", "lithium", "cone", 4.0, 1.6, 2)
    micro = Rough(Body(16.0, 0.0, layers, 0.4, "sides", 5), (), 0.0, pits)
    wall = 2 * areas_of_wall("cone", 2.0, 1.6)[1]
    wanted = {"pit_surface": wall + 8.0, "lithium_surface": wall + 8.0 + 16.0}
    for name, area in wanted.items():
        mesh = built(micro, tmp_path, (name.removesuffix("_surface"),))
        facets = {m.name: m for m in mesh.report.facets}
        assert facets[name].exact == pytest.approx(area, rel=1e-12)
        assert facets[name].computed == pytest.approx(area, rel=0.01)
        assert facets["electrolyte|separator"].exact == pytest.approx(16.0)


def test_pits_in_a_rough_face_have_their_volume_too(tmp_path: Path):
    pits = Pits("pit", "lithium", "cone", 4.0, 1.6, 4)
    mesh = built(Rough(BODY, (replace(FACE, rms=0.15),), 0.0, pits), tmp_path)
    volume = 4 * math.pi * 4.0 * 1.6 / 3.0  # as below a flat face: depths are below the face
    part = mesh.parts[0]
    assert part.asked == pytest.approx(volume / 1536.0)
    assert part.volume == pytest.approx(volume, rel=0.05)
    told = f"other than asked for (pit of {part.islands} pieces, not 4"
    assert (told in mesh.method) == (part.islands != 4)


def test_a_rough_profile_in_a_plane_section(tmp_path: Path):
    body = Body(16.0, 0.0, STACK, 0.2, "sides", 5)
    mesh = built(Rough(body, (FACE,)), tmp_path)
    measured = {m.name: m.computed for m in mesh.report.regions}
    assert measured["lithium"] == pytest.approx(48.0, rel=5e-3)
    assert mesh.report.min_quality >= 0.1


def test_maps_of_heights_are_read_and_lie_as_in_a_picture(tmp_path: Path):
    rows = np.zeros((8, 16), dtype=np.float32)
    rows[0, 3] = 1.0  # at the back, on the left
    np.save(tmp_path / "map.npy", rows)
    np.savetxt(tmp_path / "map.csv", rows, delimiter=",")
    Image.fromarray(rows).save(tmp_path / "map.tif")
    for name in ("map.npy", "map.csv", "map.tif"):
        file = str(tmp_path / name)
        assert np.array_equal(height_map(file), rows)
        micro = Rough(BODY, (RoughFace("lithium", 0.0, 0.0, 0.0, file, 0.5),))
        (heights,) = face_heights(micro)
        assert heights.shape == (16, 8) and heights.mean() == pytest.approx(0.0, abs=1e-15)
        assert np.unravel_index(np.argmax(heights), heights.shape) == (3, 7)
        assert np.ptp(heights) == pytest.approx(0.5)
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n")
    with pytest.raises(MeshError, match="no map of heights"):
        height_map(str(tmp_path / "bad.csv"))
