"""The pictures of a run of a microstructure: what they show, to scale, and in which colours."""

import json
from functools import partial

import matplotlib.image
import numpy as np
import pytest

from meshes.layers import Layer
from meshes.micro import Body, Coat, Rods
from solver.__main__ import main
from solver.pictures_micro import draw_structure
from solver.sections import region_colours
from tests.unit.micro_example import built
from tests.verification.micro_mechanics_test import CELL, NU, STRAIN, E, solid


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A ball in two layers of the same solid: the stress is the same everywhere."""
    text = CELL.format(depth=2, size=0.5, fraction=0.2).replace("pictures = false", "")
    text += "".join(solid(name, 10) for name in ("lithium", "film", "ball"))
    text += f"[load]\nstretch = {STRAIN}\n[numerics]\nrefinement = 'none'\n"
    scratch = tmp_path_factory.mktemp("ball")
    (scratch / "case.toml").write_text('title = "t"\nquestion = "q"\n' + text, "utf-8")
    main(["run", str(scratch / "case.toml"), "--out", str(scratch / "out")])
    return scratch / "out"


def test_a_uniform_stress_has_one_colour_of_the_right_value(folder):
    captions = json.loads((folder / "captions.json").read_text("utf-8"))
    assert captions["missing"] == []
    told = {picture["file"]: picture["caption"] for picture in captions["pictures"]}
    assert list(told) == ["structure.png", "stress.png"]
    # equal stretch along x and y: E e/(1 - nu) = 14.2857 MPa in both, so von Mises is the same
    stress = E * STRAIN / (1 - NU)
    low, high = 0.99 * stress, 1.01 * stress  # a constant field is shown with 1 % on both sides
    assert f"run from {low:.3g} to {high:.3g} MPa" in told["stress.png"]
    results = json.loads((folder / "results.json").read_text("utf-8"))
    assert told["structure.png"].startswith(
        f"{results['mesh']['cells of the mechanics']} cells. Regions: ball,"
    )


def share_of(colours, order, part, name):
    """Of the pixels that have the hue of a region, light or in the shade."""
    drawn = part[(np.ptp(part, axis=2) > 0.02) & (part.max(axis=2) > 0.2)]
    hues = np.array([drawn @ c / np.linalg.norm(drawn, axis=1) / np.linalg.norm(c)
                     for c in map(np.array, colours[1:])])  # fmt: skip
    return float((hues.argmax(axis=0) == order[name] - 1).mean())


def test_the_ball_stands_alone_in_its_colour(folder):
    image = matplotlib.image.imread(folder / "structure.png")[:, :, :3]
    geometry = json.loads((folder / "results.json").read_text("utf-8"))["geometry"]
    assert geometry["features"] == ["ball"]
    order = {name: n + 1 for n, name in enumerate(geometry["solids"])}
    colours = [matplotlib.colors.to_rgb(c) for c in region_colours(order)]

    height = image.shape[0]
    upper = image[: int(0.85 * height)]  # without the legend
    half = image.shape[1] // 2
    share = partial(share_of, colours, order)
    assert share(upper[:, half:], "ball") > 0.99
    # the ball of a fifth of the lower layer is inside: none or little of it on the surface
    assert share(upper[:, :half], "ball") < 0.2
    assert share(upper[:, :half], "film") > 0.1


def test_features_are_cut_open_through_the_innermost(tmp_path):
    # two rows of rods under shells under a film: half of the depth is between the rows
    body = Body(0.8, 0.8, (Layer("PEO", 0.8),), 0.04, "sides", 1)
    rods = Rods(
        body, "rod", "PEO", (2, 2), "square", 0.0, 0.16, 0.0, 0.6,
        shell=Coat("shell", 0.04), deposit=Coat("film", 0.04),
    )  # fmt: skip
    draw_structure(built(rods, tmp_path), tmp_path / "rods.png", "t")
    image = matplotlib.image.imread(tmp_path / "rods.png")[:, :, :3]
    order = {name: n + 1 for n, name in enumerate(("rod", "shell", "film", "PEO"))}
    colours = [matplotlib.colors.to_rgb(c) for c in region_colours(order)]
    right = image[: int(0.85 * image.shape[0]), image.shape[1] // 2 :]
    # in the plane of the axes two rods of 0.16 x 0.6 among 0.32 x 0.68 of everything: 0.44
    assert share_of(colours, order, right, "rod") > 0.1
    assert share_of(colours, order, right, "shell") > 0.05
