"""What pictures are made of: straight simplices, cuts, scales, windows, streamlines."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib import colormaps
from matplotlib.image import imread
from mpi4py import MPI

from solver import drawing, pictures, pictures_2d, pictures_3d, scene, sections, simplices
from solver.output import CURRENT, POTENTIAL
from solver.simplices import Simplices
from tests.unit.output_example import HEIGHT, A, B, complex_potential, write_block, write_slit

TOP = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def slit(tmp_path_factory) -> sections.Run:
    folder = tmp_path_factory.mktemp("slit")
    write_slit(folder, MPI.COMM_SELF)
    return sections.read_run(folder)


@pytest.fixture(scope="module")
def block(tmp_path_factory) -> sections.Run:
    folder = tmp_path_factory.mktemp("block")
    write_block(folder, MPI.COMM_SELF)
    return sections.read_run(folder)


def triangle(*corners: tuple[float, float, float]) -> Simplices:
    points = np.array(corners, float)
    return Simplices(points, np.arange(len(points)).reshape(-1, 3), np.zeros(1, int), {})


# --- simplices ------------------------------------------------------------------------------------


def test_parts_of_quadratic_cells_fill_them(slit, block):
    for run, size, parts in ((slit, B * HEIGHT, 4), (block, 1.0, 8)):
        whole, cut = run.field.straight(whole=True), run.field.straight()
        assert len(cut.cells) == parts * len(whole.cells)
        assert whole.sizes().sum() == pytest.approx(size)
        assert cut.sizes().sum() == pytest.approx(size)
        assert cut.sizes().min() > 0
        # every node is a corner of a part, with its own value
        assert len(np.unique(cut.cells)) == len(run.field.points)
    assert slit.faces["window"].sizes().sum() == pytest.approx(A)


def test_a_cut_has_the_area_and_the_values_of_the_plane(block):
    cut = simplices.plane_cut(block.field.near(1, 0.3), 1, 0.3)
    assert cut.sizes().sum() == pytest.approx(1.0)
    assert np.allclose(cut.points[:, 1], 0.3)
    # the potential is linear, so nothing is lost
    assert np.allclose(cut.values[POTENTIAL], 0.1 * cut.points[:, 2])
    line = simplices.plane_cut(block.faces["window"], 0, 0.3)
    assert line.cells.shape[1] == 2
    assert line.sizes().sum() == pytest.approx(1.0)


def test_a_plane_beside_the_mesh_cuts_nothing(block):
    with pytest.raises(simplices.DrawingError, match="misses"):
        simplices.plane_cut(block.field.straight(whole=True), 1, 1.5)


def test_clipping_leaves_what_lies_below(slit):
    below = simplices.clipped(slit.field.straight(), 1, 0.4)
    assert below.points[:, 1].max() == pytest.approx(0.4)
    assert below.sizes().sum() == pytest.approx(0.4 * B)
    assert {"speed", POTENTIAL} <= set(below.values)


def test_outlines_are_where_regions_meet_and_where_the_mesh_ends():
    points = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [2, 0, 0], [2, 1, 0]], float)
    cells = np.array([[0, 1, 2], [0, 2, 3], [1, 4, 5], [1, 5, 2]])
    exploded = Simplices(points[cells.ravel()], np.arange(12).reshape(4, 3), np.zeros(4, int), {})

    def length(regions: list[int]) -> float:
        lines = simplices.outline(replace(exploded, region=np.array(regions)))
        pairs = {tuple(np.sort(line.round(9), axis=0).ravel()) for line in lines}
        return sum(float(np.hypot(x1 - x0, y1 - y0)) for x0, y0, x1, y1 in pairs)

    assert length([1, 1, 1, 1]) == pytest.approx(6.0)  # around 2 x 1
    assert length([1, 1, 2, 2]) == pytest.approx(7.0)  # and the line between


def test_images_of_a_part_fill_the_whole_cell(block):
    bottom = pictures_3d.floor_of(block)
    assert bottom.sizes().sum() == pytest.approx(4.0)
    for axis in (0, 1):
        assert bottom.points[:, axis].min() == pytest.approx(-1.0)
        assert bottom.points[:, axis].max() == pytest.approx(1.0)


def test_a_net_of_cracks_is_shown_with_its_crossing_in_the_middle(block):
    cracks = replace(block, geometry={**block.geometry, "opening_kind": "cross"})
    centre = pictures_3d.images(cracks, block.faces["window"])
    strongest = centre.points[np.argmax(centre.values[CURRENT])]
    # the field of the example is strongest at the origin of the mesh, half a period away
    assert np.allclose(np.abs(strongest[:2]), 1.0)


def test_the_twelve_images_of_a_wedge_are_a_hexagon():
    wedge = triangle((0, 0, 0), (1, 0, 0), (1, np.tan(np.pi / 6), 0))
    turns = pictures_3d.symmetries(("hexagon",))
    assert len(turns) == 12
    parts = simplices.joined([wedge.moved(turn) for turn in turns])
    assert parts.sizes().sum() == pytest.approx(12 * 0.5 * np.tan(np.pi / 6))
    # no two lie on each other, and the distance of opposite sides is 2
    assert len(np.unique(parts.centres().round(9), axis=0)) == 12
    normals = [np.array([np.cos(a), np.sin(a)]) for a in np.arange(6) * np.pi / 3]
    assert np.allclose([(parts.points[:, :2] @ n).max() for n in normals], 1.0)


def test_vectors_turn_with_the_points():
    part = triangle((0, 0, 0), (1, 0, 0), (0, 1, 0))
    part.values["v"] = np.array([[1.0, 2.0, 3.0]] * 3)
    mirrored = part.moved(np.diag([-1.0, 1.0, 1.0]))
    assert np.allclose(mirrored.values["v"], [-1.0, 2.0, 3.0])


# --- scales ---------------------------------------------------------------------------------------


def test_a_scale_is_logarithmic_over_decades_and_leaves_out_the_tails():
    values = np.array([1e-9, 1.0, 10.0, 1e9])
    scale = drawing.scale_of(values, np.array([1e-4, 1.0, 1.0, 1e-4]))
    assert not scale.log  # the two ends weigh next to nothing, what is left is one decade
    assert 1.0 == pytest.approx(scale.lower, abs=0.1)
    assert scale.beyond == "both"
    scale = drawing.scale_of(np.array([1e-7, 1.0, 50.0, 100.0]), np.ones(4))
    assert scale.log
    assert scale.upper == pytest.approx(100.0, rel=0.02)
    assert scale.lower == pytest.approx(scale.upper * 10**-drawing.DECADES)
    assert scale.beyond == "min"
    assert np.allclose(scale.shown(np.array([-5.0, scale.upper])), scale.limits())


def test_a_constant_field_shows_no_round_off():
    values = 5.0 * (1 + 1e-12 * np.arange(20))
    scale = drawing.scale_of(values, np.ones(20))
    assert (scale.lower, scale.upper) == (pytest.approx(4.95), pytest.approx(5.05))
    zero = drawing.scale_of(np.zeros(5), np.ones(5))
    assert zero.lower < 0 < zero.upper


def test_weights_decide_not_the_number_of_cells():
    values = np.concatenate([np.linspace(1, 2, 100), np.full(10000, 1e6)])
    weights = np.concatenate([np.ones(100), np.full(10000, 1e-9)])
    assert drawing.scale_of(values, weights).upper < 2.1


@pytest.mark.parametrize(
    ("length", "text"),
    [(0.05, "50 nm"), (1.0, "1 µm"), (1.48, "1.48 µm"), (750.0, "750 µm"), (13000.0, "13 mm"),
     (2e-4, "200 pm"), (0.999999999999, "1 µm")],
)  # fmt: skip
def test_lengths_have_readable_units(length, text):
    assert drawing.length_text(length) == text


@pytest.mark.parametrize(("at_most", "bar"), [(2.5, 2.0), (1.0, 1.0), (0.099, 0.05), (740, 500)])
def test_scale_bars_are_round(at_most, bar):
    assert drawing.nice_length(at_most) == pytest.approx(bar)


# --- windows and lines ----------------------------------------------------------------------------


def box(x1: float, y0: float, y1: float) -> Simplices:
    return triangle((-x1, y0, 0), (x1, y0, 0), (x1, y1, 0))


def test_the_overview_ends_where_the_field_is_even():
    assert sections.overview(box(5, -0.05, 25), 1.48)[:2] == (-5, 5)
    assert sections.overview(box(5, -0.05, 25), 1.48)[3] == pytest.approx(7.5)
    # a flat cell: some openings wide
    x0, x1, _, _ = sections.overview(box(500, 0, 25), 1.0)
    assert -x0 == x1 == pytest.approx(25 / 0.6)
    assert sections.overview(box(500, 0, 25), 0.0)[:2] == (-500, 500)
    # between rods the current varies up to their ends
    assert sections.overview(box(0.4, 0.4, 2.4), 0.0)[3] == pytest.approx(2.0)


def test_streamlines_carry_equal_currents_and_follow_the_field(slit):
    section = pictures_2d.whole(slit, slit.field.straight())
    window = sections.overview(section, 2 * A)
    lines = pictures_2d.streamlines(sections.inside(section, window), window, False)
    assert lines.shape[1] == pictures_2d.STREAMLINES
    for line in lines.transpose(1, 0, 2):
        path = line[np.isfinite(line[:, 0])]
        assert path[-1, 1] < 0.02  # down to the metal
        assert abs(path[-1, 0]) < A + 0.02
        away = np.hypot(np.abs(path[:, 0]) - A, path[:, 1]) > 0.1  # the mesh is coarse at the rim
        stream = complex_potential(np.stack([np.abs(path[away, 0]), path[away, 1]])).real
        assert np.ptp(stream) < 0.03 * np.pi
    starts = complex_potential(np.abs(lines[0].T)).real * np.sign(lines[0, :, 0])
    assert np.allclose(np.diff(starts), np.pi / pictures_2d.STREAMLINES, rtol=0.05)


def test_the_mean_current_counts_the_whole_cell(slit, block):
    # from -pi/2 to pi/2 of the stream function goes through the window, over the width 2 B
    assert sections.mean_current(slit) == pytest.approx(1e7 * np.pi / (2 * B), rel=0.1)
    down = block.faces["window"]
    quarter = down.sizes() @ down.values[CURRENT][down.cells].mean(axis=1)
    assert sections.mean_current(block) == pytest.approx(quarter)


def test_current_out_of_the_metal_is_shown_as_positive(block, tmp_path, monkeypatch):
    for file in block.folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    assert block.direction == "into"
    read = simplices.read_cells

    def turned(path):
        cells = read(path)
        cells.values[CURRENT] = -cells.values[CURRENT]
        return cells

    monkeypatch.setattr(sections, "read_cells", turned)
    other = sections.read_run(tmp_path)
    assert other.direction == "out of"
    assert "out of the metal" in sections.face_caption(other)
    assert np.allclose(other.faces["window"].values[CURRENT], block.faces["window"].values[CURRENT])


def test_profiles_keep_gaps(slit):
    face = pictures_2d.whole(slit, slit.faces["window"])
    gap = simplices.joined([face.moved(np.eye(3), (1.0, 0, 0)), face])
    places, values = pictures_2d.profile(gap, 0)
    assert np.isnan(places).sum() == np.isnan(values).sum() == 1
    assert np.nanmax(np.diff(places[np.isfinite(places)])) == pytest.approx(1.0 - 2 * A, abs=0.05)


# --- whole pictures -------------------------------------------------------------------------------


def draw_apart(folder: Path) -> dict:
    """Draw in a process of its own, as a run does."""
    command = [sys.executable, "-m", "solver.pictures", str(folder)]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "captions.json").read_text())


def test_pictures_of_a_plane_cell(slit):
    captions = draw_apart(slit.folder)
    assert captions["missing"] == []
    assert [picture["file"] for picture in captions["pictures"]] == [
        "mesh.png", "current.png", "opening.png", "streamlines.png", "face.png"]  # fmt: skip
    words = {picture["file"]: picture["caption"] for picture in captions["pictures"]}
    assert "576 cells" in words["mesh.png"]
    assert "750 µm of electrolyte" in words["mesh.png"]
    assert "excess area-specific resistance 0.18691 ohm cm^2" in words["current.png"]
    assert "logarithmic" in words["current.png"]
    assert (slit.folder / captions["scene"]).stat().st_size > 1e6
    for picture in captions["pictures"]:
        image = imread(slit.folder / picture["file"])
        assert image.shape[1] == drawing.WIDTH
        assert image.reshape(-1, image.shape[2])[:, :3].std() > 0.05, f"{picture['file']} is blank"
    # the mirrored half is the image of the other one, and the opening is where it glows
    image = imread(slit.folder / "current.png")[..., :3]
    high, wide = image.shape[:2]
    middle = image[int(0.4 * high) : int(0.6 * high)]
    inner = middle[:, int(0.1 * wide) : int(0.8 * wide)]
    columns = inner.mean(axis=(0, 2))
    centre = 0.5 * (np.argmax(columns) + len(columns) - 1 - np.argmax(columns[::-1]))
    assert 0.3 * len(columns) < centre < 0.7 * len(columns)


def test_of_a_state_at_rest_only_the_mesh_is_drawn(slit, monkeypatch, tmp_path):
    # what is left of a current at rest was stretched over the colours as if it were one
    assert sections.flows(slit)
    none = {**slit.field.values, "speed": 0.0 * slit.field.values["speed"]}
    field = replace(slit.field, values=none)
    still = replace(slit, folder=tmp_path, field=field)
    assert not sections.flows(still)
    (tmp_path / "results.json").write_bytes((slit.folder / "results.json").read_bytes())
    made = [sections.Picture(f"{name}.png", name, "") for name in ("mesh", "current")]
    monkeypatch.setattr(pictures, "read_run", lambda _: still)
    monkeypatch.setattr(pictures, "pictures_2d", lambda _: [lambda p=p: p for p in made])
    assert pictures.draw(tmp_path) == [pictures.AT_REST]
    captions = json.loads((tmp_path / "captions.json").read_text())
    assert [picture["file"] for picture in captions["pictures"]] == ["mesh.png"]
    assert captions["scene"] is None


def test_pictures_of_a_block(block):
    captions = draw_apart(block.folder)
    assert captions["missing"] == []
    assert [picture["file"] for picture in captions["pictures"]] == [
        "mesh.png", "current.png", "opening.png", "face.png", "perspective.png"]  # fmt: skip
    for picture in captions["pictures"]:
        image = imread(block.folder / picture["file"])
        assert image.shape[1] == drawing.WIDTH
        assert image.reshape(-1, image.shape[2])[:, :3].std() > 0.05, f"{picture['file']} is blank"


def test_the_colours_of_an_image_are_those_of_the_values(slit):
    # yellow where the current is strong, at the rim of the opening; dark in the dead corner
    section = pictures_2d.whole(slit, slit.field.straight())
    window = (-B, B, 0.0, 1.0)
    scale = sections.scale_in(section, window, "speed")
    image = drawing.flat_image(section, window, "viridis", scale, "speed").astype(float)
    high, wide = image.shape[:2]

    def at(x: float, y: float) -> np.ndarray:
        column = int((x - window[0]) / (window[1] - window[0]) * (wide - 1))
        return image[int((1 - y / window[3]) * (high - 1)), column]

    assert np.allclose(at(A, 0.005), np.array(colormaps["viridis"](1.0)[:3]) * 255, atol=12)
    assert np.allclose(at(B - 0.01, 0.005), np.array(colormaps["viridis"](0.0)[:3]) * 255, atol=12)
    for x, y in ((0.5, 0.3), (0.8, 0.7), (0.2, 0.1)):
        assert np.allclose(at(x, y), at(-x, y), atol=6)
        exact = 1e7 * np.pi / (2 * B)
        assert at(x, 0.95)[1] == pytest.approx(
            255 * colormaps["viridis"](scale.norm()(exact))[1], abs=12
        )


def test_without_a_graphics_library_there_is_a_reason_and_no_crash(slit, tmp_path, monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setattr(drawing.sys, "platform", "linux")

    def missing(name):
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(drawing.ctypes, "CDLL", missing)
    for name in ("results.json", "fields.pvtu"):
        (tmp_path / name).write_bytes((slit.folder / name).read_bytes())
    (reason,) = pictures.draw(tmp_path)
    assert "libegl1" in reason
    assert not list(tmp_path.glob("*.png"))
    captions = json.loads((tmp_path / "captions.json").read_text())
    assert captions == {"pictures": [], "scene": None, "missing": [reason]}


def test_a_run_without_fields_or_mesh_gets_no_pictures(tmp_path):
    (tmp_path / "results.json").write_text('{"geometry": null}')
    (reason,) = pictures.draw(tmp_path)
    assert "nothing was meshed" in reason
    (tmp_path / "results.json").write_text('{"geometry": {"faces": {}}}')
    (reason,) = pictures.draw(tmp_path)
    assert "fields.pvtu: missing" in reason


def test_drawing_never_loads_the_solver():
    code = (
        "import sys, solver.pictures, solver.report;"
        "print(sorted({n.partition('.')[0] for n in sys.modules}"
        " & {'dolfinx', 'petsc4py', 'mpi4py', 'ufl', 'basix', 'gmsh'}))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_surface_too_large_for_a_browser_is_thinned(slit, monkeypatch):
    section = simplices.clipped(slit.field.straight(), 1, 1.0)
    whole = scene.surface_of(section, 1.0)
    assert whole.n_cells == len(section.cells)
    assert whole.n_points < 0.6 * len(section.cells)  # neighbours share their points
    monkeypatch.setattr(scene, "MOST_TRIANGLES", 800)
    thin = scene.surface_of(section, 1.0)
    assert 300 < thin.n_cells <= 800
    assert thin.area == pytest.approx(whole.area, rel=1e-3)
    probed = (
        whole.cell_centers().sample(thin)["speed"] / whole.cell_centers().sample(whole)["speed"]
    )
    assert np.median(np.abs(probed - 1)) < 0.05
