"""The film on random skeletons of fibres: ordinary realisations, both ends of the stripping."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI

from meshes.distances import level_of_capsules, pieces
from meshes.fibres import fibres
from solver.case import load_case, with_settings
from solver.simulate import simulate

PAN = Path(__file__).parents[2] / "cases" / "pan2024_lipon_on_lib"
STRESS, THICKNESS = 100.0, 0.3  # MPa, um
UNIT = STRESS**2 / (77e3 / (1 - 0.25**2))  # s^2/E' of the film, J/m^2 per um: 0.12175
FLAT = 15.0 + 0.03  # ohm cm^2: 0.3 um at 2e-6 S/cm, 3 um at 10 mS/cm


def quantities(case):
    found = simulate(case, MPI.COMM_WORLD, lambda line: None).quantities
    return {quantity.name: quantity for quantity in found}


def covered(micro, points):
    """Which of the points (n, 3) lie in a fibre."""
    segments, periods = fibres(micro), np.array(micro.body.periods)
    capsules = pieces(segments.centres, segments.halves, segments.radii, periods)
    return level_of_capsules(points, *capsules, periods, micro.diameter) < 0.0


def tips(case):
    """Share of the plane just below the film that fibres cover."""
    micro = case.geometry
    high = micro.body.span(micro.inside)[1]
    middles = [(np.arange(100) + 0.5) * size / 100 for size in micro.body.sizes[:2]]
    grid = np.meshgrid(*middles, [high - 1e-3], indexing="ij")
    return float(covered(micro, np.stack([axis.ravel() for axis in grid], axis=1)).mean())


@pytest.mark.parametrize("name", ["7mah", "thin_fibres", "thick_fibres"])
def test_the_realisation_that_is_shown_is_an_ordinary_one(name):
    # A plane cuts fibres that lie at random in the share of their volume, 22 %, in the mean.
    assert tips(load_case(PAN / f"skeleton_{name}.toml")) == pytest.approx(0.22, rel=0.12)


def test_the_crack_over_the_pit_in_lithium_runs_across_the_middle_of_it():
    # half of a circle of 8 um at the left side, where the film is cut; all of it
    case = load_case(PAN / "pit_in_lithium.toml")
    assert tips(case) == pytest.approx(math.pi * 4.0**2 / 2 / 16.0**2, rel=0.02)
    micro = case.geometry
    for height in micro.body.span(micro.inside):
        along = (np.arange(400) + 0.5) * micro.body.sizes[1] / 400
        line = np.column_stack([np.full(400, 1e-6), along, np.full(400, height - 1e-3)])
        inside = along[covered(micro, line)]
        assert len(inside) * 0.04 == pytest.approx(8.0, abs=0.1)
        assert inside.min() > 2.0
        assert inside.max() < 14.0


def test_a_realisation_may_be_far_from_an_ordinary_one():
    # the smallest and the largest of twelve: 12.5 and 29.6 %
    case = load_case(PAN / "skeleton_7mah.toml")
    most, least = (tips(with_settings(case, {"geometry.seed": seed})) for seed in (11, 5))
    assert most > 1.25 * 0.22
    assert least < 0.65 * 0.22


@pytest.mark.slow
def test_the_shares_of_twelve_realisations_are_those_of_the_readme():
    readme = " ".join((PAN / "README.md").read_text(encoding="utf-8").split())
    listed = re.search(r"chance makes: ([\d, and]+) % with the seeds 1 to 12, (\d+) %", readme)
    assert listed
    shares = [int(text) for text in re.findall(r"\d+", listed[1])]
    case = load_case(PAN / "skeleton_7mah.toml")
    found = [100 * tips(with_settings(case, {"geometry.seed": k})) for k in range(1, 13)]
    assert found == pytest.approx(shares, abs=0.51)
    mean = float(np.mean(found))
    assert mean == pytest.approx(int(listed[2]), abs=0.51)
    nearest = int(np.argmin(np.abs(np.array(found) - mean))) + 1
    assert case.geometry.body.seed == nearest


def test_the_estimates_of_the_readme_are_those_of_its_formulas():
    # upright fibres on 22 % of the plane, free as deep as 1 and 7 mAh/cm2 (4.8498 um each) are
    # taken out of the other 78 %; k = 12 n E I/L^3
    def slides(diameter, depth):
        stiff = 12 * 0.22 * 1e5 * diameter**2 / 16 / (4.8498 * depth / 0.78) ** 3
        return math.sqrt(STRESS**2 / UNIT * THICKNESS / stiff)

    readme = " ".join((PAN / "README.md").read_text(encoding="utf-8").split())
    wanted = {
        r"below it: ([\d.]+), (\d+) and (\d+) um": [slides(d, 1) for d in (3.0, 1.0, 0.3)],
        r"one mesh\) it is [\d.]+ J/m2, [\d.]+ of the ([\d.]+) that": [
            UNIT * slides(1.0, 1) * math.tanh(16 / slides(1.0, 1))
        ],
        r"estimate is ([\d.]+) J/m2 for a single": [UNIT * slides(1.0, 1)],
        r"fibres of (\d+) um, after 7,": [4.8498 * 7 / 0.78],
        r"hold the film \((\d+) um, (\d+) J/m2\)": [slides(1.0, 7), UNIT * slides(1.0, 7)],
        r"closer than (\d+) um \(4.4 J/m2\)": [2 * 4.4 / UNIT],
    }
    for pattern, values in wanted.items():
        found = re.search(pattern, readme)
        assert found, pattern
        for text, value in zip(found.groups(), values, strict=True):
            last = len(text.partition(".")[2])
            assert float(text) == pytest.approx(value, abs=0.51 * 10**-last), pattern


@pytest.mark.parametrize("name", ["1mah", "3mah", "5mah", "7mah"])
def test_all_depths_have_the_same_fibres(name):
    # one realisation, so that the depth alone differs; a foil as thick for all of them
    empty, full = (load_case(PAN / f"skeleton_{file}.toml").geometry for file in (name, "0mah"))
    assert empty.body.seed == full.body.seed
    assert empty.body.sizes == full.body.sizes


@pytest.mark.slow
def test_a_film_on_filled_pores():
    # Flat metal below: the film and 3 um of electrolyte in series. A crack every 8 um gives at most
    # all of the strain energy, s^2 4 um/E' = 0.487; on lithium alone, a half space, 5.733 s^2 h/E'
    # = 0.209, on its own modulus 1.976 = 0.072, on rigid ground 1.26 = 0.046.
    found = quantities(load_case(PAN / "skeleton_0mah.toml"))
    assert found["area_specific_resistance"].value == pytest.approx(FLAT, rel=1e-6)
    assert found["mean_amplification"].value == pytest.approx(1.0, rel=1e-6)
    rate = found["mean_energy_release_rate"]
    assert 1.26 * UNIT * THICKNESS < rate.value < 5.733 * UNIT * THICKNESS
    assert found["verdict"].hit


@pytest.mark.slow
def test_a_film_on_the_tips_of_fibres_alone():
    # All current goes through the tips, 4.9 times as dense: more than the flat film resists, less
    # than columns of film above the tips. The strain energy of the film in the cell and the work of
    # 1 MPa (a strip of 2 um: (2/0.3)^2/2 = 22 MPa, a fifth of s) bound G.
    found = quantities(load_case(PAN / "skeleton_7mah.toml"))
    dense = found["mean_amplification"].value
    assert dense == pytest.approx(1 / 0.22, rel=0.15)
    assert FLAT < found["area_specific_resistance"].lower
    assert found["area_specific_resistance"].value < 15.0 * dense
    rate = found["mean_energy_release_rate"]
    assert 5.733 * UNIT * THICKNESS < rate.value < 1.44 * UNIT * 4.0
    assert found["verdict"].hit
    # known: more than over the pit in plain lithium
    assert not rate.hit
    assert rate.reason


@pytest.mark.slow
def test_what_a_crack_releases_goes_with_its_distance_to_the_next():
    # Fibres as beams of 6.2 um, clamped below, guided by the film: with 3.1 of them per um^2 and
    # E I = 1e5 MPa * 3.98e-4 um^4 they hold with k = 6.2 MPa/um, so that the film slides back over
    # sqrt(E' h/k) = 63 um: G = s^2 63 um/E' tanh(w/63 um), nearly all of s^2 w/E'. In some cells
    # a fibre stands where the crack runs and holds both sides: so less; not with this seed.
    case = load_case(PAN / "skeleton_seeds_thin.toml")
    narrow, wide = (quantities(each) for each in (case, case.variants["wide"]))
    for found, width in ((narrow, 1.2), (wide, 4.8)):
        free = UNIT * 63.0 * np.tanh(width / 63.0)
        assert 0.5 * free < found["mean_energy_release_rate"].value < 1.1 * free
    rate = wide["mean_energy_release_rate"]
    assert not rate.hit
    assert rate.reason
