"""The picture of a map over two values: lines where they belong, units, a caption."""

import json

import numpy as np
import pytest

from solver.pictures_map import _between, map_picture

HEAD = "programme.flaw.length / um,a.resistance / ohm cm^2,critical_current_density / mA/cm^2"


def folder_of(tmp_path, rows):
    lines = [f"{HEAD},lower,upper", *(",".join(f"{x:.9g}" for x in row) + ",," for row in rows)]
    (tmp_path / "map.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "results.json").write_text(json.dumps({"title": "a design", "quantities": []}))
    return tmp_path


def test_a_map_of_two_values_is_drawn_with_lines(tmp_path):
    rows = [(a, rho, 15.0 / (rho * a**0.5)) for a in (0.25, 1.0, 4.0) for rho in (3.0, 30.0)]
    picture = map_picture(folder_of(tmp_path, rows))
    assert (tmp_path / "map.png").stat().st_size > 10_000
    assert picture.caption == (
        "critical current density / (mA/cm²) against length of flaw / µm and "
        "resistance of a / (Ω cm²), 6 runs (dots), from 0.25 to 10; white lines: 0.5, 1, 2, 5, "
        "powers between the dots."
    )


def test_lines_of_powers_are_straight_in_logarithms():
    x, y = np.array([0.25, 1.0, 4.0]), np.array([3.0, 30.0])
    along, across, values = _between(x, y, 15.0 / (y[:, None] * x**0.5), True)
    assert (along[0], along[-1], across[-1]) == pytest.approx((0.25, 4.0, 30.0))
    assert values == pytest.approx(15.0 / (across[:, None] * along**0.5))


def test_a_map_with_zeros_is_linear(tmp_path):
    rows = [(a, rho, a * rho) for a in (0.0, 1.0) for rho in (0.0, 10.0)]
    picture = map_picture(folder_of(tmp_path, rows))
    assert picture.caption.endswith("linear between the dots.")


def test_equal_values_have_no_lines(tmp_path):
    rows = [(a, rho, 2.0) for a in (0.5, 1.0) for rho in (1.0, 10.0)]
    assert "white lines: none" in map_picture(folder_of(tmp_path, rows)).caption


CASE = """[geometry]
layers = [{ name = "lithium" }, { name = "film" }]
[load]
stretch = "1 %"
"""


def test_axes_say_of_what_a_value_is_and_a_margin_has_its_line(tmp_path):
    rows = [(h, e, 1e-4 / (h * e**3)) for h in (50.0, 100.0) for e in (0.01, 0.02)]
    folder = folder_of(tmp_path, rows)
    (folder / "case.resolved.toml").write_text(CASE)
    table = (folder / "map.csv").read_text().splitlines()
    table[0] = "geometry.layers[1].thickness / nm,load.stretch / %,margin / 1,lower,upper"
    (folder / "map.csv").write_text("\n".join(table) + "\n")
    caption = map_picture(folder).caption
    assert caption.startswith("margin against thickness of film / nm and stretch / %, 4 runs")
    assert caption.endswith("Black line: a margin of 1, below which it fails.")


def test_a_margin_that_stays_above_one_has_no_line(tmp_path):
    (tmp_path / "results.json").write_text('{"title": "t", "quantities": []}')
    (tmp_path / "map.csv").write_text(
        "geometry.pit.width / um,margin / 1,lower,upper\n1,4,3,5\n2,2,1,3\n"
    )
    assert map_picture(tmp_path).caption == (
        "margin against width of pit / µm, 2 runs, from 2 to 4."
    )


def test_a_margin_that_passes_one_says_between_which_runs(tmp_path):
    (tmp_path / "results.json").write_text('{"title": "t", "quantities": []}')
    (tmp_path / "map.csv").write_text(
        "geometry.pit.width / um,margin / 1,lower,upper\n2,2.3,2,3\n6,0.4,0.3,0.5\n1,9,8,9.5\n"
    )
    assert "It passes 1 somewhere from 2 to 6;" in map_picture(tmp_path).caption
