"""The film on random skeletons of fibres: ordinary realisations, both ends of the stripping."""

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


def tips(case):
    """Share of the plane just below the film that fibres cover."""
    micro = case.geometry
    segments = fibres(micro)
    high = micro.body.span(micro.inside)[1]
    middles = [(np.arange(100) + 0.5) * size / 100 for size in micro.body.sizes[:2]]
    grid = np.meshgrid(*middles, [high - 1e-3], indexing="ij")
    points = np.stack([axis.ravel() for axis in grid], axis=1)
    periods = np.array(micro.body.periods)
    capsules = pieces(segments.centres, segments.halves, segments.radii, periods)
    return float((level_of_capsules(points, *capsules, periods, micro.diameter) < 0.0).mean())


@pytest.mark.parametrize("name", ["7mah", "thin_fibres", "thick_fibres"])
def test_the_realisation_that_is_shown_is_an_ordinary_one(name):
    # A plane cuts fibres that lie at random in the share of their volume, 22 %, in the mean.
    assert tips(load_case(PAN / f"skeleton_{name}.toml")) == pytest.approx(0.22, rel=0.12)


def test_a_realisation_may_be_far_from_an_ordinary_one():
    # the smallest and the largest of twelve: 12.5 and 29.6 %
    case = load_case(PAN / "skeleton_7mah.toml")
    most, least = (tips(with_settings(case, {"geometry.seed": seed})) for seed in (11, 5))
    assert most > 1.25 * 0.22
    assert least < 0.65 * 0.22


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
