"""Periodic sides are walls to the current between electrodes: it is told, and how much it is."""

import json

import numpy as np
import pytest

from solver.__main__ import main
from solver.case import load_case
from solver.run_notes import INSULATED, insulated_sides

PIXEL, WIDE, HIGH = 0.05, 8, 32  # um
GOOD, POOR = 10.0, 0.1  # S/m
TEXT = """
title = "slanted stripes"
question = "How much do they resist between walls?"
[geometry]
shape = "image"
file = "stripes.npy"
pixel = "50 nm"
values = {{ 0 = "a", 1 = "b" }}
periodic = "{periodic}"
smooth = false
[regions]
a = {{ law = "ionic_conductor", conductivity = "1 mS/cm" }}
b = {{ law = "ionic_conductor", conductivity = "100 mS/cm" }}
[numerics]
accuracy = "5 %"
[output]
pictures = false
"""
ENDS = """
[boundaries.bottom]
law = "electrode"
potential = "0 V"
[boundaries.top]
law = "electrode"
potential = "1 V"
"""
CELL = "[effective]\nconductivity = true\n"


def case_in(folder, periodic, more):
    """Stripes at 45 degrees, two pixels of good conductor in eight along the rows."""
    x, y = np.meshgrid(np.arange(WIDE), np.arange(HIGH))
    np.save(folder / "stripes.npy", ((x + y) % 8 < 2).astype(np.uint8))
    path = folder / f"{periodic}_{len(more)}.toml"
    path.write_text(TEXT.format(periodic=periodic) + more, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("periodic", "more", "told"),
    [("sides", ENDS, True), ("all", ENDS, True), ("none", ENDS, False), ("all", CELL, False)],
)
def test_walls_are_told_of_where_a_current_meets_periodic_sides(tmp_path, periodic, more, told):
    said = insulated_sides(load_case(case_in(tmp_path, periodic, more)))
    assert said == ((INSULATED,) if told else ())


def test_a_run_says_it_and_its_resistance_is_that_between_walls(tmp_path):
    path = case_in(tmp_path, "sides", ENDS)
    assert main(["run", str(path), "--out", str(tmp_path / "out")]) == 0
    results = json.loads((tmp_path / "out" / "results.json").read_text("utf-8"))
    assert results["notes"].count(INSULATED) == 1
    assert INSULATED in (tmp_path / "out" / "run.log").read_text("utf-8")
    assert "insulating walls" in (tmp_path / "out" / "report.html").read_text("utf-8")
    found = {q["name"]: q for q in results["quantities"]}["area_specific_resistance"]
    # k1 along and k2 across the layers of a laminate at 45 degrees: with periodic sides (no mean
    # field across the cell) the mean of both conducts, with walls (no mean current across) their
    # harmonic mean, 5.6 times less; the ends of the cell let it be a bit more
    along = 0.25 * GOOD + 0.75 * POOR
    across = 1.0 / (0.25 / GOOD + 0.75 / POOR)
    around = HIGH * PIXEL * 1e-6 / (0.5 * (along + across)) * 1e4  # ohm cm2
    assert found["unit"] == "ohm cm^2"
    assert found["lower"] > 3.0 * around
