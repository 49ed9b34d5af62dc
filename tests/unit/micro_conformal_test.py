"""Conformal meshes of microstructures: sharp edges, exact areas, periodic sides, the way back."""

import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from meshes import sound
from meshes.cache import cached
from meshes.layers import Layer
from meshes.micro import Body, Coat, Fibres, Grains, Micro, Particles, Rods
from meshes.particles import balls
from meshes.sizing import default_size
from meshes.structure import build_structure, phases_of
from tests.unit.micro_example import built, face_nodes, same_facets

# rows are shifted by a quarter of the pitch of 0.6: one rod and shell of every row cross a side
RODS = Rods(
    Body(1.8, 1.2, (Layer("copper", 0.1), Layer("gap", 0.6)), 0.08, "sides", 4, "conformal"),
    "rod", "gap", (3, 2), "hexagonal", 0.0, 0.35, 0.0, 0.4, shell=Coat("shell", 0.08),
)  # fmt: skip
BALLS = Particles(
    Body(1.0, 1.0, (Layer("polymer", 1.0), Layer("film", 0.2)), 0.15, "sides", 11, "conformal"),
    "ball", "polymer", 0.1, diameter=0.35, gap=0.1,
)  # fmt: skip
ONE = Rods(
    Body(0.5, 0.5, (Layer("copper", 0.1), Layer("gap", 0.5)), 0.06, "sides", 0, "conformal"),
    "rod", "gap", (1, 1), "square", 0.0, 0.3, 0.0, 0.35, shell=Coat("shell", 0.06),
)  # fmt: skip


def test_hexagonal_rods_with_shells_have_sharp_caps(tmp_path: Path):
    mesh = built(RODS, tmp_path)
    assert mesh.method.startswith("conformal mesh of")
    measured = {m.name: m.computed for m in mesh.report.regions}
    rod, outer = 6 * math.pi * 0.175**2 * 0.4, 6 * math.pi * 0.255**2 * 0.48
    assert measured["rod"] == pytest.approx(rod, rel=2e-3)
    assert measured["shell"] == pytest.approx(outer - rod, rel=5e-3)
    assert measured["copper"] == pytest.approx(0.1 * 2.16, rel=1e-12)
    assert sum(measured.values()) == pytest.approx(0.7 * 2.16, rel=1e-12)
    assert mesh.report.min_quality >= 0.02
    # three rods of each of two rows, one of a row in two parts
    assert {part.name: part.islands for part in mesh.parts} == {
        "rod": 6, "shell": 6, "copper": 1, "gap": 1,
    }  # fmt: skip
    assert set(mesh.interfaces) == {
        "rod|shell", "rod|copper", "shell|copper", "shell|gap", "copper|gap",
    }  # fmt: skip
    facets = face_nodes(mesh, "rod|shell")
    away = np.linalg.norm(facets[:, :, :2] - np.array([0.75, 0.3]), axis=2)
    cap = facets[(away < 0.2).all(axis=1) & (facets[:, :, 2] > 0.5 - 1e-3).all(axis=1)]
    assert np.abs(cap[:, :, 2] - 0.5).max() < 1e-12
    corners = np.unique(np.round(cap.reshape(-1, 3), 9), axis=0)[:, :2] - np.array([0.75, 0.3])
    far = np.linalg.norm(corners, axis=1)
    rim = far > 0.173
    n, radius = int(rim.sum()), float(far[rim].mean())
    assert n >= 16 and np.ptp(far[rim]) < 1e-8
    sides = cap[:, 1:, :2] - cap[:, :1, :2]
    area = 0.5 * np.abs(np.linalg.det(sides)).sum()
    assert area == pytest.approx(0.5 * n * radius**2 * math.sin(2 * math.pi / n), rel=1e-6)
    for low, high, way in (("left", "right", (1.8, 0.0, 0.0)), ("front", "back", (0.0, 1.2, 0.0))):
        assert same_facets(face_nodes(mesh, low), face_nodes(mesh, high), way)


def test_areas_of_interfaces_converge_with_the_square_of_the_size(tmp_path: Path):
    exact = {
        "rod|shell": 2 * math.pi * 0.15 * 0.35 + math.pi * 0.15**2,
        "shell|gap": 2 * math.pi * 0.21 * 0.41 + math.pi * 0.21**2,
    }
    errors: list[dict[str, float]] = []
    for size in (0.06, 0.03):
        mesh = built(replace(ONE, body=replace(ONE.body, resolution=size)), tmp_path)
        assert mesh.method.startswith("conformal")
        areas = {m.name: m.computed for m in mesh.report.facets}
        assert areas["copper|gap"] == pytest.approx(0.25 - math.pi * 0.21**2, rel=2e-2)
        whole = areas["copper|gap"] + areas["rod|copper"] + areas["shell|copper"]
        assert whole == pytest.approx(0.25, rel=1e-12)
        errors.append({name: abs(areas[name] / area - 1.0) for name, area in exact.items()})
    # a polygon of n sides and the area of a circle has 1 + (pi/n)^2/6 of its length: 0.6 % of 16
    for name in exact:
        assert errors[0][name] < 0.012
        rate = math.log2(errors[0][name] / errors[1][name])
        assert 1.5 < rate < 3.0, (name, errors)


def test_balls_are_those_of_the_lattice_and_whole_across_sides(tmp_path: Path):
    mesh = built(BALLS, tmp_path)
    assert mesh.method.startswith("conformal")
    placed = balls(replace(BALLS, body=replace(BALLS.body, mesher="lattice")))
    across = (placed.centres[:, :2] - placed.radii[:, None] < 0.0).any(axis=1)
    across |= (placed.centres[:, :2] + placed.radii[:, None] > 1.0).any(axis=1)
    assert across.any()
    assert mesh.parts[0].islands == len(placed.radii)
    nodes = face_nodes(mesh, "ball|polymer").reshape(-1, 3)
    away = nodes[:, None] - placed.centres
    away[..., :2] -= np.round(away[..., :2])
    off = np.abs(np.linalg.norm(away, axis=2) / placed.radii - 1.0).min(axis=1)
    scale = float(np.median(off))  # one factor for all, of the chords that cut off volume
    assert 0.0 < scale < 0.03 and np.abs(off - scale).max() < 1e-6
    assert mesh.parts[0].asked is not None
    assert mesh.parts[0].fraction == pytest.approx(mesh.parts[0].asked, rel=2e-3)
    assert same_facets(face_nodes(mesh, "left"), face_nodes(mesh, "right"), (1.0, 0.0, 0.0))
    assert same_facets(face_nodes(mesh, "front"), face_nodes(mesh, "back"), (0.0, 1.0, 0.0))
    again, once = build_structure(BALLS, ()).mesh, build_structure(BALLS, ()).mesh
    assert np.array_equal(again.points, once.points)
    assert all(np.array_equal(again.regions[name], once.regions[name]) for name in once.regions)


def test_a_region_that_is_left_out_bares_its_surface(tmp_path: Path):
    mesh = built(ONE, tmp_path, ("rod",))
    areas = {m.name: m.computed for m in mesh.report.facets}
    # the cap and the foot, and the wall, within the chords
    whole = 2 * math.pi * 0.15 * 0.35 + 2 * math.pi * 0.15**2
    assert areas["rod_surface"] == pytest.approx(whole, rel=1e-2)
    assert "rod" not in mesh.regions and "rod|shell" not in areas


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TIME_LIMIT", 0.0, "it was not ready after 0 s"),
        ("LEAST_QUALITY", 0.9, "a cell has a quality of 0."),
        ("VOLUME_ERROR", 0.0, "a volume is 0."),
        ("WHOLE_ERROR", -1.0, "of that of the cell"),
        ("COMMAND", (sys.executable, "-c", "import os; os.abort()"), "ended with status -6"),
        ("COMMAND", (sys.executable, "-c", "raise ValueError('x')"), "status 1: ValueError: x"),
        ("COMMAND", (sys.executable, "-c", "pass"), "left no mesh"),
        ("COMMAND", ("/nowhere/python",), "cannot be started"),
    ],
)
def test_what_is_not_sound_is_meshed_by_the_lattice(
    monkeypatch: pytest.MonkeyPatch, name: str, value: Any, said: str
):
    monkeypatch.setattr(sound, name, value)
    monkeypatch.setattr(sound, "PASSES", 1)
    found = build_structure(BALLS, ())
    assert found.method.startswith("lattice of") and "; no conformal mesh: " in found.method
    assert said in found.method
    plain = build_structure(replace(BALLS, body=replace(BALLS.body, mesher="lattice")), ())
    assert "conformal" not in plain.method
    assert np.array_equal(found.mesh.points, plain.mesh.points)


BODY = Body(15.0, 15.0, (Layer("lithium", 15.0),), 0.6, "sides", 0, "conformal")
CROSSING = Fibres(BODY, "fibre", "lithium", 0.25, 1.2, 0.0, 3.0, (0.0, 0.0, 1.0))


@pytest.mark.parametrize(
    ("micro", "said"),
    [
        (CROSSING, "fibres are more than the 60 that it takes"),
        (replace(ONE, grains=Grains("grain", 0.05, 0.001)), "not offered for touching"),
        (replace(BALLS, contact="touching"), "not offered for touching"),
        (replace(CROSSING, percolating="yes"), "not offered for touching"),
        (
            replace(BALLS, body=replace(BALLS.body, depth=0.0)),
            "not offered for plane sections",
        ),
    ],
)
def test_what_is_not_offered_says_so(micro: Micro, said: str):
    with pytest.raises(sound.MeshError, match=said):
        sound.conform(micro, phases_of(micro))


def test_hundreds_of_fibres_are_meshed_by_the_lattice():
    found = build_structure(CROSSING, ())
    count = int(found.method.split("no conformal mesh: ")[1].split()[0])
    assert count > 250 and found.method.startswith("lattice of")
    assert found.parts[0].fraction == pytest.approx(0.25, rel=1e-2)


def test_the_cache_keeps_both_meshes_apart(tmp_path: Path):
    ball = Particles(
        Body(1.0, 1.0, (Layer("matrix", 1.0),), 0.2, "all", 0, "conformal"),
        "ball", "matrix", 0.3, "cubic",
    )  # fmt: skip
    lattice = replace(ball, body=replace(ball.body, mesher="lattice"))
    methods = [cached(each, default_size(each, 1e-3), (), tmp_path).method for each in
               (ball, lattice, ball)]  # fmt: skip
    assert methods[0] == methods[2] and methods[0].startswith("conformal mesh of")
    assert methods[1].startswith("lattice of")
    assert len(list(tmp_path.iterdir())) == 2
