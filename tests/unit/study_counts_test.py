"""Studies of arrays and pits, given by a number: in larger cells there are more of them."""

import numpy as np
import pytest
from mpi4py import MPI

from meshes.pits import pit_places
from meshes.rods import rods
from meshes.structure import build_structure
from solver.case import load_case
from solver.resolved import resolved_toml
from solver.simulate import simulate
from solver.study import realisations
from tests.unit.case_checking import checked

RODS = """title = "Rods in a polymer"
[geometry]
shape = "rods"
width = "1 um"
depth = "1 um"
resolution = "0.125 um"
layers = [{ name = "floor", thickness = "0.125 um" }, { name = "polymer", thickness = "0.375 um" }]
name = "rods"
inside = "polymer"
count = [1, 1]
arrangement = "square"
diameter = "0.375 um"
length = "0.375 um"
seed = 3
[regions.floor]
law = "ionic_conductor"
conductivity = "1 mS/cm"
[regions.polymer]
law = "ionic_conductor"
conductivity = "1 mS/cm"
[regions.rods]
law = "ionic_conductor"
conductivity = "10 mS/cm"
[boundaries.bottom]
law = "electrode"
potential = "0 V"
[boundaries.top]
law = "electrode"
potential = "1 V"
[numerics]
refinement = "none"
[output]
pictures = false
[study]
quantity = "area_specific_resistance"
keys = ["geometry.width", "geometry.depth"]
sizes = ["1 um", "2 um", "3 um"]
seeds = 2
"""
HEXAGONAL = (
    ('depth = "1 um"', 'depth = "1.7320508 um"'),
    ("count = [1, 1]", "count = [1, 2]"),
    ("square", "hexagonal"),
    ('sizes = ["1 um", "2 um", "3 um"]', "factors = [1, 2, 3]"),
)
JITTERED = (("square", "jittered"), ('diameter = "0.375', 'jitter = "20 nm"\ndiameter = "0.375'))
PITS = (
    *((line, "") for line in ('inside = "polymer"\n', 'length = "0.375 um"\n', "count = [1, 1]\n")),
    ('name = "rods"\n', ""),
    ('arrangement = "square"\ndiameter = "0.375 um"\n', ""),
    ('shape = "rods"', 'shape = "rough"'),
    ('seed = 3', 'seed = 3\n[geometry.pits]\nname = "rods"\nlayer = "polymer"\nkind = "cylinder"\n'
     'diameter = "0.375 um"\ndepth = "0.25 um"\ncount = 2'),
    ('{ name = "polymer", thickness = "0.375 um" }]',
     '{ name = "polymer", thickness = "0.375 um" }, { name = "top_one", thickness = "0.25 um" }]'),
    ("[regions.rods]", '[regions.top_one]\nlaw = "ionic_conductor"\nconductivity = "1 mS/cm"\n'
     "[regions.rods]"),
)  # fmt: skip


def changed(*pairs):
    text = RODS
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def cells(folder, *pairs):
    """Cases of the first seed, the cells in order."""
    path = folder / "case.toml"
    path.write_text(changed(*pairs), "utf-8")
    return [job.case for job in realisations(load_case(path), folder) if "seed 3" in job.name]


def solved(case):
    solution = simulate(case, MPI.COMM_WORLD, lambda text: None)
    return {quantity.name: quantity.value for quantity in solution.quantities}


def test_a_square_array_resists_the_same_in_a_cell_of_any_size(tmp_path):
    # one rod, or four of the same pitch: the same period, but not the same mesh, as nodes stay on
    # the sides of a cell and move off the planes between pitches within one (else equal to 4e-15)
    small, large = (solved(case) for case in cells(tmp_path)[:2])
    assert (small["features.rods"], large["features.rods"]) == (1.0, 4.0)
    for name in ("volume_fraction.rods", "area_specific_resistance"):
        assert large[name] == pytest.approx(small[name], rel=5e-6)


def test_rods_keep_their_pitch(tmp_path):
    for case, factor in zip(cells(tmp_path, *HEXAGONAL), (1, 2, 3), strict=True):
        places, periods = rods(case.geometry).places, np.array(case.geometry.body.periods[:-1])
        assert len(places) == 2 * factor**2
        assert periods == pytest.approx([factor, factor * 1.7320508], rel=1e-12)
        away = places[1:] - places[0]
        away -= periods * np.round(away / periods)
        assert np.hypot(*away.T).min() == pytest.approx(1.0, rel=1e-7)  # the side of the hexagons


def test_jittered_ones_are_as_many_and_stand_elsewhere(tmp_path):
    grown = cells(tmp_path, *JITTERED)
    assert [len(rods(case.geometry).places) for case in grown] == [1, 4, 9]
    places = rods(grown[2].geometry).places
    off = places - (np.floor(places) + 0.5)
    assert 0.0 < np.abs(off).max() < 0.1  # five deviations of 20 nm
    assert len(np.unique(off.round(9), axis=0)) == 9


def test_pits_keep_their_share(tmp_path):
    grown = cells(tmp_path, *PITS)
    counts = [len(pit_places(case.geometry, case.geometry.pits)) for case in grown]
    assert counts == [2, 8, 18]
    for case, pieces in zip(grown[:2], (2, 8), strict=True):
        pits = build_structure(case.geometry, ()).parts[0]
        # 2 pi r^2 depth over 1 um x 1 um x 0.75 um
        assert pits.fraction == pytest.approx(2 * np.pi * 0.1875**2 * 0.25 / 0.75, rel=0.01)
        assert (pits.name, pits.islands) == ("rods", pieces)


WRONG = [
    ((('"2 um", "3 um"', '"1.5 um"'),), "study.sizes[1] = ", "1.5 x 1.5"),
    ((('["geometry.width", "geometry.depth"]', '["geometry.width"]'), ('"2 um"', '"2.5 um"')),
     "study.sizes[1] = ", "2.5 x 1"),
    ((*PITS, ('"2 um", "3 um"', '"1.6 um"')), "study.sizes[1] = ", "5.12"),
    ((*HEXAGONAL[:3], (HEXAGONAL[3][0], "factors = [1, 1.25]")), "study.factors[1] = ",
     "1.25 x 2.5"),
    ((*HEXAGONAL[:3], (HEXAGONAL[3][0], "factors = [2, 1]")), "study.factors = ",
     "factors that grow"),
    ((('seeds = 2', 'factors = [1, 2]\nseeds = 2'),), "study", "exactly one of sizes, factors"),
    ((('"2 um", "3 um"', '"300 um"'),), "study.sizes[1]: geometry.", "up to 200"),
]  # fmt: skip


@pytest.mark.parametrize(("pairs", "key", "expected"), WRONG)
def test_what_cannot_grow_is_told(tmp_path, capsys, pairs, key, expected):
    status, said = checked(changed(*pairs), tmp_path, capsys)
    assert status == 2
    assert any(line.startswith(key) and expected in line for line in said), said


def test_factors_read_back(tmp_path):
    path = tmp_path / "case.toml"
    path.write_text(changed(*HEXAGONAL), "utf-8")
    case = load_case(path)
    path.write_text(resolved_toml(case), "utf-8")
    assert load_case(path).study == case.study
    assert case.study.sizes == ("1 um", "2 um", "3 um")
    assert [cell["geometry.depth"] for cell in case.study.cells][2] == "5.1961524 um"
