"""What is told of placed features: pieces, gaps, diameters and areas next to those asked for."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from meshes.distances import least_gap
from meshes.fibres import fibres
from meshes.layers import Layer
from meshes.mesh import from_json, to_json
from meshes.micro import Body, Coat, Fibres, Grains, Particles, Rods
from meshes.particles import balls
from meshes.rods import rods
from meshes.structure import build_structure
from solver.micro_quantities import structure_quantities
from tests.unit.micro_example import built

LAYERS = (Layer("layer", 0.9), Layer("PEO", 0.6))
BALLS = Particles(
    Body(1.0, 1.0, LAYERS, 0.06, "sides", 1), "Li3N", "layer", 0.3, diameter=0.25, deviation=0.05
)  # fmt: skip


@pytest.mark.parametrize("periods", [(0.0, 0.0, 0.0), (1.0, 1.0, 0.0), (1.0, 1.0, 1.0)])
def test_the_least_gap_is_that_of_all_pairs_and_images(periods: tuple[float, ...]):
    random = np.random.default_rng(3)
    for _ in range(20):
        centres, radii = random.random((12, 3)), 0.02 + 0.2 * random.random(12)
        away = centres[:, None] - centres[None]
        for axis, period in enumerate(periods):
            if period:
                away[..., axis] -= np.round(away[..., axis])
        gaps = np.linalg.norm(away, axis=2) - radii[:, None] - radii[None]
        np.fill_diagonal(gaps, min((1.0 - 2 * radii.max() for p in periods if p), default=9.0))
        assert least_gap(centres, radii, np.array(periods)) == pytest.approx(gaps.min())


def test_balls_that_the_mesh_joins_are_told_with_what_parts_them():
    structure = build_structure(BALLS, ())
    part = structure.parts[0]
    count = len(balls(BALLS).radii)
    assert part.made is not None and part.made.pieces == part.made.count == count
    assert part.islands < count
    pieces = "1 piece" if part.islands == 1 else f"{part.islands} pieces"
    assert f"Li3N of {pieces}, not {count}" in structure.method
    gap = least_gap(balls(BALLS).centres, balls(BALLS).radii, np.array(BALLS.body.periods))
    assert part.made.gap == gap < 1e-3
    assert f"the least gap of Li3N, {gap:.3g} um" in structure.method
    assert "closed: a gap of 0.06 um keeps it open" in structure.method  # boxes are too many
    near = replace(BALLS, volume_fraction=0.1, gap=0.03, body=replace(BALLS.body, seed=6))
    gap = least_gap(balls(near).centres, balls(near).radii, np.array(BALLS.body.periods))
    assert 0.0299 < gap < 0.06
    told = f"closed: a resolution of {gap:.3g} um or a gap of 0.06 um keeps it open"
    assert told in build_structure(near, ()).method


def test_balls_with_a_gap_of_a_box_are_apart_and_nothing_is_told():
    micro = replace(BALLS, volume_fraction=0.1, gap=0.06, deviation=0.01)
    structure = build_structure(micro, ())
    assert structure.parts[0].islands == len(balls(micro).radii)
    assert "least gap" not in structure.method and "other than" not in structure.method
    assert not structure.parts[0].percolates and structure.parts[0].made.percolates is False


def test_joined_balls_that_reach_through_are_told():
    structure = build_structure(replace(BALLS, volume_fraction=0.5, deviation=0.02), ())
    part = structure.parts[0]
    assert part.islands == 1 and part.percolates  # of 0.25 um, at half of the layer: no wonder
    assert "Li3N reaches through" in structure.method
    touching = replace(BALLS, contact="touching")
    part = build_structure(touching, ()).parts[0]
    assert (part.made.pieces, part.made.percolates) == (None, None)


def test_a_cell_too_small_for_its_fibres_is_told(tmp_path: Path):
    # 1 % of 8^3 um^3 is 5.12 um^3; one upright fibre of 1.6 um through it has 16
    layers = (Layer("lithium", 8.0), Layer("film", 0.4))
    body = Body(8.0, 8.0, layers, 0.4, "sides", 1)
    small = Fibres(
        body, "fibre", "lithium", 0.01, 1.6, 0.0, 8.0, (0, 0, 1), 9.0, percolating="yes"
    )  # fmt: skip
    mesh = built(small, tmp_path)
    made, placed = mesh.parts[0].made, fibres(small)
    assert made is not None and made.count == 1
    assert made.diameter == pytest.approx(2.0 * placed.radii[0], rel=1e-12) and made.diameter < 1.0
    told = f"fibre: 1 of {made.diameter:.4g} +- 0 um (1.6 +- 0 um asked for), the cell is too small"
    assert told in mesh.method
    found = {q.name: q for q in structure_quantities(mesh)}
    assert found["features.fibre"].value == 1.0
    assert found["mean_diameter.fibre"].value == made.diameter
    assert found["mean_diameter.fibre"].meaning.endswith("Asked for: 1.6.")
    assert found["percolates.fibre"].meaning.endswith("Asked for: 1.")
    assert from_json(to_json(mesh), tmp_path) == mesh


def test_many_fibres_have_the_diameter_asked_for():
    body = Body(12.0, 12.0, (Layer("lithium", 12.0),), 0.6, "sides", 1)
    micro = Fibres(body, "fibre", "lithium", 0.2, 1.2, 0.2, 8.0, (0, 0, 1))
    structure = build_structure(micro, ())
    made = structure.parts[0].made
    assert made.count > 30
    assert made.diameter == pytest.approx(1.2, rel=0.05)
    assert made.deviation == pytest.approx(0.2, rel=0.3)
    assert "too small" not in structure.method


def exact(mesh) -> dict[str, float]:
    return {m.name: m.exact for m in mesh.report.facets if m.exact is not None}


@pytest.mark.slow
def test_areas_of_coated_balls_are_those_of_spheres(tmp_path: Path):
    layers = (Layer("lithium", 0.2), Layer("PEO", 0.9), Layer("film", 0.1))
    body = Body(1.0, 1.0, layers, 0.03, "sides", 1)
    micro = Particles(
        body, "Li3N", "PEO", 0.06, diameter=0.25, deviation=0.01, shell=Coat("coat", 0.06), gap=0.06
    )  # fmt: skip
    mesh = built(micro, tmp_path)
    radii, known = balls(micro).radii, exact(mesh)
    assert known["Li3N|coat"] == pytest.approx((4 * math.pi * radii**2).sum(), rel=1e-12)
    assert known["coat|PEO"] == pytest.approx((4 * math.pi * (radii + 0.06) ** 2).sum(), rel=1e-12)
    assert known["lithium|PEO"] == known["PEO|film"] == pytest.approx(1.0)
    measured = {m.name: m.computed for m in mesh.report.facets}
    for name in ("Li3N|coat", "coat|PEO", "lithium|PEO"):
        assert measured[name] == pytest.approx(known[name], rel=0.06)
    text = {q.name: q.meaning for q in structure_quantities(mesh)}["interface_area.Li3N|coat"]
    assert text.endswith(f"Of the features as placed: {known['Li3N|coat']:.6g}.")


@pytest.mark.parametrize("cap", ["flat", "round"])
@pytest.mark.parametrize("shell", [None, Coat("shell", 0.06)])
def test_areas_of_rods_are_those_of_cylinders(cap: str, shell: Coat | None, tmp_path: Path):
    layers = (Layer("copper", 0.2), Layer("gap", 1.2), Layer("film", 0.1))
    body = Body(1.0, 1.0, layers, 0.04, "none", 4)
    micro = Rods(
        body, "rod", "gap", (2, 2), "square", 0.0, 0.25, 0.02, 0.9, cap, shell,
        Grains("grain", 0.12, 0.005),
    )  # fmt: skip
    mesh = built(micro, tmp_path)
    known, measured = exact(mesh), {m.name: m.computed for m in mesh.report.facets}
    r, out = rods(micro).radii, "gap" if shell is None else "shell"
    ends = 1.0 if cap == "flat" else 0.0  # half a ball has the wall that is not there
    side = (2 * math.pi * r * 0.9 + ends * math.pi * r**2).sum()
    assert known[f"rod|{out}"] == pytest.approx(side, rel=1e-12)
    assert known["rod|copper"] == pytest.approx((math.pi * r**2).sum(), rel=1e-12)
    wide = r + (0.0 if shell is None else 0.06)
    assert known["copper|gap"] == pytest.approx(1.0 - (math.pi * wide**2).sum(), rel=1e-12)
    if shell is not None:
        around = (2 * math.pi * wide * 0.96 + ends * math.pi * wide**2).sum()
        assert known["shell|gap"] == pytest.approx(around, rel=1e-12)
    count = round(0.005 * 1.2 / (math.pi / 6 * 0.12**3))
    assert known["grain|gap"] == pytest.approx(count * math.pi * 0.12**2, rel=1e-12)
    assert known["gap|film"] == pytest.approx(1.0, rel=1e-12)
    for name in known:
        assert measured[name] == pytest.approx(known[name], rel=0.1)
    made = {part.name: part.made for part in mesh.parts}
    assert made["rod"].pieces == 4 and made["grain"].pieces == count
    assert made["rod"].asked_deviation == 0.02


def test_surfaces_of_what_is_left_out_have_both_sides(tmp_path: Path):
    body = Body(2.0, 0.0, (Layer("PEO", 2.0),), 0.03, "all", 1)
    micro = Particles(
        body, "ball", "PEO", 0.15, diameter=0.4, gap=0.06, shell=Coat("shell", 0.1)
    )  # fmt: skip
    mesh = built(micro, tmp_path, ("shell",))
    radii, known = balls(micro).radii, exact(mesh)
    wide = (2 * math.pi * (2 * radii + 0.1)).sum()
    assert known == pytest.approx({"shell_surface": wide}, rel=1e-12)
    measured = {m.name: m.computed for m in mesh.report.facets}
    assert measured["shell_surface"] == pytest.approx(wide, rel=0.02)


def test_areas_that_are_off_are_told(tmp_path: Path):
    # a shell of 1.2 boxes: what moves nodes onto one of its faces takes them from the other
    layers = (Layer("copper", 0.2), Layer("gap", 1.2))
    body = Body(0.6, 0.6, layers, 0.05, "none", 4)
    micro = Rods(
        body, "rod", "gap", (1, 1), "square", 0.0, 0.25, 0.0, 0.9, shell=Coat("shell", 0.06)
    )  # fmt: skip
    mesh = built(micro, tmp_path)
    known, measured = exact(mesh), {m.name: m.computed for m in mesh.report.facets}
    off = measured["rod|shell"] / known["rod|shell"] - 1.0
    assert off > 0.1
    assert f"rod|shell {100 * off:+.0f} %" in mesh.method
    finer = built(replace(micro, body=replace(body, resolution=0.04)), tmp_path)
    assert "areas other than" not in finer.method


def test_cores_that_shells_leave_bare_are_told(tmp_path: Path):
    body = Body(0.5, 0.5, (Layer("gap", 1.0),), 0.06, "sides", 3)
    micro = Rods(
        body, "rod", "gap", (1, 1), "jittered", 0.05, 0.25, 0.0, 0.8, shell=Coat("shell", 0.06)
    )  # fmt: skip
    mesh = built(micro, tmp_path)
    area = {m.name: m.computed for m in mesh.report.facets}
    bare = area["rod|gap"] / (area["rod|gap"] + area["rod|shell"])
    assert bare > 0.02
    assert f"shell leaves {100 * bare:.0f} % of rod bare: try a finer resolution" in mesh.method
    finer = built(replace(micro, body=replace(body, resolution=0.03)), tmp_path)
    assert "bare" not in finer.method


def test_grains_keep_their_gap_from_one_another_and_from_rods():
    body = Body(2.0, 2.0, (Layer("floor", 0.2), Layer("gap", 1.2)), 0.06, "sides", 3)
    micro = Rods(
        body, "rod", "gap", (3, 3), "square", 0.0, 0.25, 0.0, 0.9,
        grains=Grains("grain", 0.15, 0.02, 0.08),
    )  # fmt: skip
    placed = rods(micro)
    radii, periods = np.full(len(placed.grains), 0.075), np.array(body.periods)
    assert least_gap(placed.grains, radii, periods) >= 0.08
    away = placed.grains[:, None, :2] - placed.places[None]
    away -= 2.0 * np.round(away / 2.0)
    assert np.linalg.norm(away, axis=2).min() >= 0.125 + 0.075 + 0.08
    assert "least gap of grain" not in build_structure(micro, ()).method


@pytest.mark.parametrize(("emptied", "known"), [("void", 64.0), ("electrolyte", None)])
def test_a_layer_that_fills_pores_has_no_known_face(emptied: str, known: float | None):
    layers = (Layer("lithium", 8.0), Layer("film", 0.4), Layer("electrolyte", 1.0))
    body = Body(8.0, 8.0, layers, 0.5, "sides", 1)
    micro = Fibres(
        body, "fibre", "lithium", 0.1, 1.6, 0.0, 8.0, (0, 0, 1), 9.0,
        stripped=0.3 * 36000.0, emptied=emptied,
    )  # fmt: skip
    assert build_structure(micro, ()).areas.get("film|electrolyte") == known


def test_rods_as_long_as_their_layer_touch_what_is_above(tmp_path: Path):
    body = Body(1.0, 0.0, (Layer("gap", 0.6), Layer("film", 0.2)), 0.02, "sides", 4)
    micro = Rods(body, "rod", "gap", (2,), "square", 0.0, 0.2, 0.0, 0.6)
    mesh = built(micro, tmp_path)
    known = exact(mesh)
    assert known == pytest.approx({"rod|gap": 4 * 0.6, "rod|film": 0.4, "gap|film": 0.6})
    measured = {m.name: m.computed for m in mesh.report.facets}
    for name in known:
        # four edges, each rounded by about half a box
        assert measured[name] == pytest.approx(known[name], abs=4 * 0.5 * 0.02)
    assert mesh.parts[0].percolates and mesh.parts[0].made.percolates
