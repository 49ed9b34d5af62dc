"""Plans of 3D cells: the pieces fill the plan, the seams lie where they should."""

import math
from dataclasses import replace

import pytest

from meshes.geometry import Cell, Cross, Film, NoOpening, Round, Slit, TwoDiscs
from meshes.layers import Layer
from meshes.plan import Between, Edge, column_of, loop_area, make_plan
from meshes.sizing import MeshSize

SQUARE = Cell(
    "square", 10.0, Film(0.05, "layer"), Round(1.5), "electrolyte", (Layer("se", 750.0),), (), None
)
SIZE = MeshSize(0.01, 0.5, 2.0)
SEAM = (0.025 - 0.01) / 0.5  # elements are half as large as the film is thick
BOTH = Between(0.05, covered=True, opening=True)
CELLS = {
    "round": SQUARE,
    "slit": replace(SQUARE, opening=Slit(1.5)),
    "cross": replace(SQUARE, opening=Cross(1.5)),
    "hexagon": replace(SQUARE, shape="hexagon"),
    "hexagon cross": replace(SQUARE, shape="hexagon", opening=Cross(1.5)),
    "discs": replace(SQUARE, shape="half_space_3d", opening=TwoDiscs(1.0, 3.0)),
    "intact": replace(SQUARE, opening=NoOpening()),
}
PLANS = {"square": 25.0, "hexagon": 25.0 / math.sqrt(3.0) / 2.0, "half_space_3d": 25.0}


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS.keys())
@pytest.mark.parametrize("between", [None, BOTH, Between(0.05, True, False)])
@pytest.mark.parametrize("edge", [0.01, 0.1])
def test_pieces_fill_the_plan(cell: Cell, between: Between | None, edge: float) -> None:
    plan = make_plan(cell, replace(SIZE, edge=edge), between)
    areas = [loop_area(loop) for loop in plan.pieces.values()]
    assert min(areas) > 0.0
    assert sum(areas) == pytest.approx(PLANS[cell.shape], rel=1e-12)
    for loop in plan.pieces.values():  # each closed
        for first, second in zip(loop, (*loop[1:], loop[0]), strict=True):
            assert first.end == second.start


@pytest.mark.parametrize("name", ["round", "slit", "cross", "hexagon", "hexagon cross", "discs"])
def test_pieces_between_the_faces_of_a_film(name: str) -> None:
    cell = CELLS[name]
    assert set(make_plan(cell, SIZE, BOTH).pieces) == {"core", "opening", "near", "plate"}
    film_only = Between(0.05, covered=True, opening=False)
    assert set(make_plan(cell, SIZE, film_only).pieces) == {"opening", "near", "plate"}
    assert set(make_plan(cell, SIZE, None).pieces) == {"opening", "near"}
    flat = make_plan(cell, replace(SIZE, edge=0.03), BOTH)  # coarser than half the film
    assert set(flat.pieces) == {"core", "plate"}
    thick = Between(8.0, covered=True, opening=True)  # no room for a seam
    assert set(make_plan(cell, SIZE, thick).pieces) == {"opening", "near"}


def test_seams_lie_where_elements_are_half_the_thickness() -> None:
    pieces = make_plan(CELLS["slit"], SIZE, BOTH).pieces
    areas = {name: loop_area(loop) for name, loop in pieces.items()}
    assert areas == pytest.approx(
        {
            "core": 5.0 * (0.75 - SEAM),
            "opening": 5.0 * SEAM,
            "near": 5.0 * SEAM,
            "plate": 5.0 * (4.25 - SEAM),
        }
    )
    cross = make_plan(CELLS["cross"], SIZE, BOTH).pieces
    assert loop_area(cross["plate"]) == pytest.approx((4.25 - SEAM) ** 2)
    assert loop_area(cross["core"]) == pytest.approx(25.0 - (4.25 + SEAM) ** 2)
    assert [column_of(piece) for piece in cross] == ["covered", "covered", "opening", "opening"]


def test_chords() -> None:
    arc = Edge((2.0, 0.0), (0.0, 2.0), (0.0, 0.0), 3)  # chords of 30 degrees
    assert arc.length == pytest.approx(3.0 * 4.0 * math.sin(math.pi / 12.0))
    assert arc.segment_area == pytest.approx(3.0 * 0.5 * 4.0 * 0.5 - 2.0)
    sector = (Edge((0.0, 0.0), (2.0, 0.0)), arc, Edge((0.0, 2.0), (0.0, 0.0)))
    assert loop_area(sector) == pytest.approx(3.0)
    back = (Edge((0.0, 0.0), (0.0, 2.0)), arc.reversed, Edge((2.0, 0.0), (0.0, 0.0)))
    assert loop_area(back) == pytest.approx(-3.0)


def test_chords_of_a_rim_follow_the_elements_or_the_accuracy() -> None:
    (flat,) = make_plan(SQUARE, SIZE, None).rims
    assert flat.max_angle * 1.5 == pytest.approx(0.01, rel=0.01)  # one chord per element
    (walled,) = make_plan(SQUARE, SIZE, BOTH).rims
    change = walled.max_angle**2 / 8.0  # of the resistance
    assert change == pytest.approx(0.05 * 0.01 / 1.5, rel=0.05)
