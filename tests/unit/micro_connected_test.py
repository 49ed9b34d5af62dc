"""Pieces of regions, ways through a cell and around a period: known answers of small cells."""

import numpy as np
import pytest

from meshes.connected import winding
from meshes.layers import Layer
from meshes.micro import Body, Particles, Segmented
from meshes.structure import build_structure


@pytest.mark.parametrize(
    ("links", "winds"),
    [
        ([], [False, False, False]),
        ([(0, 0)], [True, False, False]),  # a column
        ([(0, 1)], [False, False, False]),  # a disc across the face
        ([(0, 1), (1, 0)], [True, True, False]),  # comes back two periods higher
        ([(0, 1), (0, 2), (1, 2)], [True, True, True]),  # two links up by one, or one
        ([(0, 1), (2, 1)], [False, False, False]),
        ([(2, 2), (0, 1)], [False, False, True]),
    ],
)
def test_closed_ways_that_lead_up_wind(links: list[tuple[int, int]], winds: list[bool]):
    found = winding(np.array(links, np.int64).reshape(-1, 2), 3)
    assert found.tolist() == winds


def test_a_long_chain_of_links_winds_only_where_it_is_closed():
    chain = np.stack([np.arange(999), np.arange(1, 1000)], axis=1)
    assert not winding(chain, 1000).any()
    assert winding(np.concatenate([chain, [[999, 0]]]), 1000).all()


def picture(rows: list[str], folder, periodic: str) -> Segmented:
    """A picture of the rows, the uppermost first; # is white."""
    pixels = np.array([[255 * (c == "#") for c in row] for row in rows], dtype=np.uint8)
    np.save(folder / "picture.npy", pixels)
    high, wide = pixels.shape
    body = Body(float(wide), 0.0, (Layer("picture", float(high)),), 1.0, periodic, 0)
    return Segmented(
        body, str(folder / "picture.npy"), (wide, high), (1.0, 1.0),
        ((0, "black"), (255, "white")), False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "white", "black"),
    [
        (["..##..", "......", "......", "..##.."], False, True),  # only lies across the face
        (["..##..", "..##..", "..##..", "..##.."], True, True),  # a column
        (["##....", ".##...", "..##..", "...###"], False, True),  # ends where nothing goes on
        # a stair that is closed across the sides, and one that goes up by two periods
        (["##..##", "###...", "..##..", "...###"], True, True),
        (["#.....", "##....", "#####.", "..#.#."], False, True),
        (["######", "......", "......", "......"], False, False),  # a layer across the way
    ],
)  # fmt: skip
def test_a_way_through_a_periodic_cell_comes_back_to_itself(rows, white, black, tmp_path):
    parts = {p.name: p for p in build_structure(picture(rows, tmp_path, "all"), ()).parts}
    assert parts["white"].percolates is white
    assert parts["black"].percolates is black


def test_discs_that_are_apart_are_no_way_through():
    # eleven discs of 0.3 um with gaps of two boxes, four of them across a face
    body = Body(2.0, 0.0, (Layer("polymer", 2.0),), 0.03, "all", 1)
    micro = Particles(body, "disc", "polymer", 0.2, diameter=0.3, gap=0.06)
    disc, polymer = build_structure(micro, ()).parts
    assert disc.islands == 11
    assert not disc.percolates and polymer.percolates
