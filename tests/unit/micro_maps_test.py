"""Maps of heights: where they go round and where they end, how large their pixels are."""

from dataclasses import replace
from math import sqrt
from pathlib import Path

import numpy as np
import pytest

from meshes.layers import Layer
from meshes.micro import Body, Rough, RoughFace
from meshes.micro_faults import micro_faults
from meshes.rough import face_heights, interpolated, rough_faces
from solver.case import load_case
from solver.resolved import resolved_toml
from tests.unit.case_checking import checked
from tests.unit.case_micro_test import MAPPED
from tests.unit.micro_example import built

STACK = (Layer("lithium", 3.0), Layer("electrolyte", 3.0))
BODY = Body(8.0, 4.0, STACK, 0.5, "none", 1)
SLOPE = 0.1


def mapped(folder: Path, heights: np.ndarray, body: Body = BODY, pixel: float = 0.0) -> Rough:
    """A face with the heights, axes x and y, of a file that has rows from the back."""
    np.save(folder / "map.npy", heights.T[::-1] if heights.ndim == 2 else heights[None])
    return Rough(body, (RoughFace("lithium", 0.0, 0.0, 0.0, str(folder / "map.npy"), 1.0, pixel),))


def ramp(count: int) -> np.ndarray:
    """Heights in the middles of pixels over 8 um."""
    return SLOPE * 8.0 * (np.arange(count) + 0.5) / count


@pytest.mark.parametrize("count", [5, 32])
def test_a_tilted_map_has_no_cliff_at_its_edges(count, tmp_path):
    (height,) = rough_faces(mapped(tmp_path, np.tile(ramp(count)[:, None], (1, 6))))
    x = np.linspace(0.0, 8.0, 33)
    for y in (0.0, 1.3, 4.0):
        found = height(np.stack([x, np.full(33, y), np.zeros(33)], axis=1))
        assert found == pytest.approx(SLOPE * (x - 4.0), abs=1e-6)  # 0.27^12 of the spline


def test_the_mesh_of_a_tilted_profile_is_a_plane(tmp_path):
    body = replace(BODY, depth=0.0, resolution=0.25)
    mesh = built(mapped(tmp_path, ramp(32), body), tmp_path)
    facets = {m.name: m.computed for m in mesh.report.facets}
    measured = {m.name: m.computed for m in mesh.report.regions}
    # a cliff of 0.8 um would add a tenth to the length
    assert facets["lithium|electrolyte"] == pytest.approx(8.0 * sqrt(1.0 + SLOPE**2), rel=2e-3)
    assert measured["lithium"] == pytest.approx(24.0, rel=1e-3)


def test_pixels_lie_in_the_middle_of_their_squares(tmp_path):
    heights = np.random.default_rng(3).normal(0.0, 0.2, (16, 8))
    (height,) = rough_faces(mapped(tmp_path, heights))
    x, y = np.meshgrid(0.25 + 0.5 * np.arange(16), 0.25 + 0.5 * np.arange(8), indexing="ij")
    found = height(np.stack([x.ravel(), y.ravel(), np.zeros(128)], axis=1))
    assert found == pytest.approx((heights - heights.mean()).ravel(), abs=1e-9)


def test_a_periodic_map_goes_round_and_so_does_a_made_face(tmp_path):
    x = np.arange(32) / 32.0
    wave = 0.2 * np.sin(2.0 * np.pi * (x[:, None] + x[None, :16] * 2.0))
    micro = mapped(tmp_path, wave, replace(BODY, periodic="sides"))
    assert not list(micro_faults(micro))
    (height,) = rough_faces(micro)
    y = np.linspace(0.0, 4.0, 9)
    ends = [height(np.stack([np.full(9, at), y, 0.0 * y], axis=1)) for at in (0.0, 8.0)]
    assert ends[0] == pytest.approx(ends[1], abs=1e-12)
    made = Rough(BODY, (RoughFace("lithium", 0.2, 1.0, 0.8),))  # sides are mirrors
    points = np.random.default_rng(1).random((20, 3)) * 4.0
    (heights,) = face_heights(made)
    assert np.array_equal(rough_faces(made)[0](points), interpolated(heights, (8.0, 4.0))(points))


def told(micro: Rough) -> list[tuple[str, str, str]]:
    return [(fault.key, fault.given, fault.expected) for fault in micro_faults(micro)]


def test_edges_that_do_not_meet_are_refused_in_a_periodic_cell(tmp_path):
    heights = np.tile(ramp(32)[:, None], (1, 16))
    assert not told(mapped(tmp_path, heights))
    ((key, given, expected),) = told(mapped(tmp_path, heights, replace(BODY, periodic="sides")))
    # 0.8 um less a pixel of 0.025 um; the rms of a ramp of 0.8 um is 0.8/sqrt(12) = 0.231
    assert key == "faces[0].height_map" and "0.775 um between opposite edges along x" in given
    assert "at most its rms (0.2308 um)" in expected and 'periodic = "none"' in expected
    # noise has such steps everywhere
    noise = np.random.default_rng(2).normal(0.0, 0.2, (32, 16))
    assert not told(mapped(tmp_path, noise, replace(BODY, periodic="sides")))


@pytest.mark.parametrize(
    ("pixel", "said"),
    [
        (0.25, None),
        (8.0 / 31.0, None),  # from the middle of the first pixel to that of the last
        (0.2, ("0.2 um", "0.25 um: 32 pixels of the map over the width (8 um)")),
        (0.28, ("0.28 um", "or a width of 8.96 um")),
    ],
)
def test_pixels_have_to_add_up_to_the_cell(pixel, said, tmp_path):
    found = told(mapped(tmp_path, np.zeros((32, 16)), BODY, pixel))
    if said is None:
        assert not found
        return
    ((key, given, expected),) = found
    assert key == "faces[0].pixel" and given == said[0] and said[1] in expected


def test_a_map_of_another_shape_than_the_cell_is_told(tmp_path):
    wave = 0.1 * np.sin(2.0 * np.pi * np.arange(16) / 16.0)
    wide = np.tile(wave[:, None], (1, 16))  # a square map over 8 um x 4 um
    mesh = built(mapped(tmp_path, wide), tmp_path)
    assert "map.npy is stretched: its pixels are 0.5 um wide and 0.25 um deep" in mesh.method
    assert "stretched" not in built(mapped(tmp_path, wide[:, :8]), tmp_path).method
    ((key, _, expected),) = told(mapped(tmp_path, wide, BODY, 0.5))
    assert key == "faces[0].pixel" and "0.25 um: 16 pixels of the map over the depth" in expected


WITH_PIXEL = MAPPED.replace('"map.csv"', '"map.csv", pixel = "PIXEL"')


@pytest.mark.parametrize(
    ("pixel", "said"),
    [
        ("0 um", "geometry.faces[0].pixel"),
        ("1 V", "geometry.faces[0].pixel"),
        ("1 nm", 'geometry.faces[0].pixel = "1 nm": expected 3.33333 um: 3 pixels'),
    ],
)
def test_a_wrong_pixel_is_told_at_its_key(pixel, said, tmp_path, capsys):
    (tmp_path / "map.csv").write_text("0,1,0\n1,0,1\n0,1,0\n")
    status, lines = checked(WITH_PIXEL.replace("PIXEL", pixel), tmp_path, capsys)
    assert status == 2 and lines[0].startswith(said), lines


def test_a_pixel_needs_a_map(tmp_path, capsys):
    alone = MAPPED.replace(
        'height_map = "map.csv", height_unit = "um"',
        'rms = "0.3 um", correlation = "2 um", hurst = 0.8, pixel = "1 um"',
    )
    status, lines = checked(alone, tmp_path, capsys)
    assert status == 2 and "pixel" in lines[0] and "height_map" in lines[0]


def test_pixels_read_back(tmp_path):
    (tmp_path / "map.csv").write_text("0,1,0\n1,0,1\n0,1,0\n")
    path, again = tmp_path / "case.toml", tmp_path / "again.toml"
    text = WITH_PIXEL
    path.write_text(text.replace(', pixel = "PIXEL"', ""), "utf-8")
    width = load_case(path).geometry.body.width
    path.write_text(text.replace("PIXEL", f"{width / 3.0} um"), "utf-8")
    case = load_case(path)
    assert case.geometry.faces[0].pixel == pytest.approx(width / 3.0)
    again.write_text(resolved_toml(case), "utf-8")
    assert load_case(again).geometry == case.geometry
