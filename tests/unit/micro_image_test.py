"""Pictures as meshes: a checkerboard as it is, discs smoothed, stacks, files."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from meshes.layers import Layer
from meshes.mesh import MeshError, from_json, to_json
from meshes.micro import Body, Segmented
from meshes.pixels import pixel_counts, pixels_of
from meshes.structure import build_structure
from solver.micro_quantities import structure_quantities
from tests.unit.micro_example import built, face_nodes, same_facets


def picture(
    folder: Path, pixels: np.ndarray, smooth: bool, values: tuple[tuple[int, str], ...]
) -> Segmented:
    file = folder / "picture.npy"
    np.save(file, pixels)
    counts = pixel_counts(str(file))
    sizes = [0.1 * n for n in counts]
    depth = sizes[1] if len(sizes) == 3 else 0.0
    body = Body(sizes[0], depth, (Layer("image", sizes[-1]),), 0.1, "all", 0)
    return Segmented(body, str(file), counts, (0.1,) * len(counts), values, smooth)


def test_a_checkerboard_is_exact(tmp_path: Path):
    board = np.kron([[0, 7], [7, 0]], np.ones((5, 5), int))
    micro = picture(tmp_path, board, False, ((0, "white"), (7, "black")))
    mesh = built(micro, tmp_path)
    measured = {m.name: m.computed for m in mesh.report.regions}
    facets = {m.name: m.computed for m in mesh.report.facets}
    assert measured == {"white": pytest.approx(0.5, rel=1e-13), "black": pytest.approx(0.5)}
    assert facets["white|black"] == pytest.approx(2.0, rel=1e-13)  # a cross, the sides apart
    assert mesh.report.cells == 200 and mesh.report.below_bound == 0
    parts = {part.name: part for part in mesh.parts}
    assert parts["white"].islands == 2 and not parts["white"].percolates
    assert parts["white"].asked == pytest.approx(0.5)
    assert same_facets(face_nodes(mesh, "left"), face_nodes(mesh, "right"), (1.0, 0.0, 0.0))


def test_rows_begin_at_the_top_and_stacks_at_the_bottom(tmp_path: Path):
    np.save(tmp_path / "flat.npy", np.array([[1, 2, 3], [4, 5, 6]]))
    flat = pixels_of(str(tmp_path / "flat.npy"))
    assert flat.shape == (3, 2) and flat[0, 1] == 1 and flat[2, 0] == 6
    stack = np.arange(24).reshape(2, 3, 4).astype(np.uint8)
    np.save(tmp_path / "stack.npy", stack)
    pages = [Image.fromarray(page) for page in stack]
    pages[0].save(tmp_path / "stack.tif", save_all=True, append_images=pages[1:])
    for name in ("stack.npy", "stack.tif"):
        found = pixels_of(str(tmp_path / name))
        assert found.shape == (4, 3, 2)
        assert found[0, 2, 0] == 0 and found[3, 0, 1] == 23  # left, back, bottom; and opposite


def test_smoothed_discs_keep_their_volume_and_lose_their_steps(tmp_path: Path):
    x = (np.arange(40) + 0.5) / 10.0 - 2.0
    inside = np.hypot(x[:, None], x[None]) < 1.2
    areas = {}
    for smooth in (False, True):
        micro = picture(tmp_path, inside.astype(int), smooth, ((0, "rest"), (1, "disc")))
        mesh = built(micro, tmp_path)
        measured = {m.name: m.computed for m in mesh.report.regions}
        assert measured["disc"] == pytest.approx(inside.sum() * 0.01, rel=5e-3)
        assert sum(measured.values()) == pytest.approx(16.0, rel=1e-13)
        areas[smooth] = next(m.computed for m in mesh.report.facets if m.name == "rest|disc")
        assert mesh.report.min_quality >= 0.1
    assert areas[False] == pytest.approx(8.0 * 1.2, rel=0.02)  # steps: those of the square
    assert areas[True] == pytest.approx(2.0 * math.pi * 1.2, rel=0.03)


def test_a_stack_of_three_regions(tmp_path: Path):
    pixels = np.zeros((14, 10, 12), int)
    pixels[2:6] = 1
    pixels[6:12, 2:8, 3:9] = 2
    for smooth in (False, True):
        micro = picture(tmp_path, pixels, smooth, ((0, "pore"), (1, "film"), (2, "grain")))
        mesh = built(micro, tmp_path)
        measured = {m.name: m.computed for m in mesh.report.regions}
        assert mesh.dimension == "3d" and mesh.cell_area == pytest.approx(1.2)
        for index, name in enumerate(("pore", "film", "grain")):
            wanted = (pixels == index).sum() * 1e-3
            tolerance = 0.01 if smooth else 1e-12
            assert measured[name] == pytest.approx(wanted, rel=tolerance)
        assert mesh.report.min_quality >= 0.1


def thin(kind: str) -> np.ndarray:
    """Pixels of 1 of a kind among 0."""
    pixels = np.zeros((12, 12, 12) if kind.endswith("3d") else (20, 20), int)
    match kind:
        case "line":
            pixels[:, 9] = 1
        case "plane 3d":
            pixels[6] = 1
        case "line 3d":
            pixels[:, 6, 6] = 1
        case _:
            pixels[tuple(slice(3, None, 4) for _ in pixels.shape)] = 1
    return pixels


@pytest.mark.parametrize("kind", ["line", "dots", "plane 3d", "line 3d", "dots 3d"])
def test_what_is_as_thin_as_a_pixel_keeps_its_pixels_and_is_told(kind: str, tmp_path: Path):
    pixels = thin(kind)  # smoothed they had a third more or less
    structure = build_structure(picture(tmp_path, pixels, True, ((0, "rest"), (1, "thin"))), ())
    part = structure.parts[1]
    assert part.fraction == pytest.approx(pixels.mean(), rel=0.01)
    assert "thin are those of the pixels: smoothed they lose their volume" in structure.method


@pytest.mark.parametrize("bands", ["RGB", "RGBA", "LA", "CMYK"])
def test_colours_are_no_stack(bands: str, tmp_path: Path):
    grey = np.zeros((24, 32), np.uint8)
    grey[6:18, 8:24] = 255
    picture = np.stack([grey] * len(bands), axis=2)
    picture[3, 4, -1] = 7  # not all channels are equal
    file = str(tmp_path / "picture.tif")
    Image.fromarray(picture, bands).save(file)
    with pytest.raises(MeshError, match=f"{len(bands)} values for each pixel") as said:
        pixels_of(file)
    assert ", ".join(bands) in str(said.value) and "expected one" in str(said.value)
    assert pixel_counts(file) == ()


def test_grey_saved_in_colours_is_grey_but_for_its_alpha(tmp_path: Path):
    grey = np.arange(24 * 32).reshape(24, 32).astype(np.uint8)
    names = ("L", "RGB")
    for name in names:
        Image.fromarray(grey).convert(name).save(tmp_path / f"{name}.tif")
    one, other = (pixels_of(str(tmp_path / f"{name}.tif")) for name in names)
    assert one.shape == (32, 24) and np.array_equal(one, other)
    Image.fromarray(grey).convert("RGBA").save(tmp_path / "RGBA.tif")
    with pytest.raises(MeshError, match="transparency"):
        pixels_of(str(tmp_path / "RGBA.tif"))
    # pages in colours are a stack of grey ones
    pages = [Image.fromarray(page).convert("RGB") for page in (grey, 255 - grey)]
    pages[0].save(tmp_path / "pages.tif", save_all=True, append_images=pages[1:])
    stack = pixels_of(str(tmp_path / "pages.tif"))
    assert stack.shape == (32, 24, 2) and np.array_equal(stack[..., 0], one)


def test_planes_of_colours_are_no_stack(tmp_path: Path):
    colours = np.random.default_rng(1).integers(0, 255, (24, 32, 3), np.uint8)
    np.save(tmp_path / "colours.npy", colours)
    with pytest.raises(MeshError, match="as a colour picture has"):
        pixels_of(str(tmp_path / "colours.npy"))
    np.save(tmp_path / "stack.npy", colours.transpose(2, 0, 1))
    assert pixels_of(str(tmp_path / "stack.npy")).shape == (32, 24, 3)


def test_labels_in_floating_point_are_whole_numbers_or_none(tmp_path: Path):
    labels = np.array([[0.0, 1.0], [2.0, 0.0]], np.float32)
    Image.fromarray(labels).save(tmp_path / "labels.tif")
    assert np.array_equal(pixels_of(str(tmp_path / "labels.tif")), [[2, 0], [0, 1]])
    Image.fromarray(0.4 * labels).save(tmp_path / "greys.tif")  # not to be cut to 0
    with pytest.raises(MeshError, match="whole numbers"):
        pixels_of(str(tmp_path / "greys.tif"))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "wrong", [np.array([[0.0, np.inf], [0.0, 1.0]]), np.array([[np.nan, 0.0], [1.0, 0.0]]),
              np.array([[0, 2**64 - 1], [0, 1]], np.uint64)],
)  # fmt: skip
def test_pixels_that_are_no_labels_are_refused(wrong: np.ndarray, tmp_path: Path):
    np.save(tmp_path / "wrong.npy", wrong)
    with pytest.raises(MeshError, match="no numbers or more than"):
        pixels_of(str(tmp_path / "wrong.npy"))


def interface_areas(micro: Segmented, folder: Path) -> dict[str, float]:
    """Areas by interface that a run would tell."""
    head = "interface_area."
    told = structure_quantities(built(micro, folder))
    return {q.name.removeprefix(head): q.value for q in told if q.name.startswith(head)}


def test_areas_of_periodic_pictures_count_what_lies_in_their_sides(tmp_path: Path):
    laminate = np.zeros((3, 3, 10), int)
    laminate[:, :, :3] = 1  # two faces of 0.3 x 0.3 um in a period, one of them in the side
    micro = picture(tmp_path, laminate, False, ((0, "rest"), (1, "slab")))
    assert interface_areas(micro, tmp_path) == {"rest|slab": pytest.approx(0.18, rel=1e-12)}
    open_ended = replace(micro, body=replace(micro.body, periodic="none"))
    assert interface_areas(open_ended, tmp_path) == {"rest|slab": pytest.approx(0.09, rel=1e-12)}
    # any picture: edges of pixels between different ones, round both axes; the same moved anyhow
    pixels = np.random.default_rng(5).integers(0, 3, (24, 24))
    values = ((0, "a"), (1, "b"), (2, "c"))
    for shift in (0, 5):
        moved = np.roll(pixels, shift, (0, 1))
        found = interface_areas(picture(tmp_path, moved, False, values), tmp_path)
        for one, other in ((0, 1), (0, 2), (1, 2)):
            beside = [np.sort([pixels, np.roll(pixels, 1, axis)], axis=0) for axis in (0, 1)]
            edges = sum(int(((low == one) & (high == other)).sum()) for low, high in beside)
            name = f"{values[one][1]}|{values[other][1]}"
            assert found[name] == pytest.approx(0.1 * edges, rel=1e-12)


def test_regions_that_meet_in_a_side_alone_have_an_area(tmp_path: Path):
    stripes = np.repeat([[0, 1, 2]], 3, axis=0).repeat(3, axis=1)  # a and c: across the side
    micro = picture(tmp_path, stripes, False, ((0, "a"), (1, "b"), (2, "c")))
    wanted = {name: pytest.approx(0.3, rel=1e-12) for name in ("a|b", "b|c", "a|c")}
    assert interface_areas(micro, tmp_path) == wanted
    mesh = built(micro, tmp_path)
    assert from_json(to_json(mesh), tmp_path) == mesh and "a|c" not in mesh.interfaces
