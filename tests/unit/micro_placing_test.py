"""Where features lie: the same digits at every resolution, apart where no way is asked for."""

import re
from dataclasses import replace

import numpy as np
import pytest

from meshes.distances import least_gap
from meshes.faults import faults
from meshes.fibres import fibres
from meshes.layers import Layer
from meshes.mesh import MeshError
from meshes.micro import Body, Coat, Fibres, Particles, Pits, Rods, Rough
from meshes.particles import balls
from meshes.pits import pit_places
from meshes.rods import phases_of_rods, rods
from meshes.structure import build_structure
from meshes.ways import Ways, distances_of_segments

FINER = 0.7  # of the size of the boxes, as meshes for stresses are made anew
STACK = (Layer("lithium", 8.0), Layer("film", 0.3), Layer("electrolyte", 2.0))
BODY = Body(8.0, 8.0, STACK, 0.45, "sides", 1)
FIBRES = Fibres(BODY, "fibre", "lithium", 0.18, 1.0, 0.1, 8.0, (0.0, 0.0, 1.0))
RODS = Rods(
    Body(2.0, 2.0, (Layer("gap", 2.0),), 0.08, "none", 4),
    "rod", "gap", (4, 4), "jittered", 0.1, 0.25, 0.03, 1.5, shell=Coat("shell", 0.0, 0.15),
)  # fmt: skip


def finer(micro):
    return replace(micro, body=replace(micro.body, resolution=FINER * micro.body.resolution))


@pytest.mark.parametrize("percolating", ["any", "yes", "no"])
@pytest.mark.parametrize("seed", [0, 1])
def test_fibres_lie_the_same_at_every_resolution(percolating: str, seed: int):
    micro = replace(FIBRES, percolating=percolating, body=replace(BODY, seed=seed))
    one, other = fibres(micro), fibres(finer(micro))
    assert np.array_equal(one.centres, other.centres)
    assert np.array_equal(one.halves, other.halves)
    assert np.array_equal(one.radii, other.radii)


@pytest.mark.parametrize("jitter", [0.02, 0.05, 0.1])
def test_rods_stand_the_same_at_every_resolution(jitter: float):
    micro = replace(RODS, jitter=jitter)
    one, other = rods(micro), rods(finer(micro))
    assert np.array_equal(one.places, other.places) and np.array_equal(one.radii, other.radii)
    # spacing 0.5: apart by half of the least gap of the array, shells counted
    array = replace(micro, arrangement="square", jitter=0.0)
    wide = one.radii + one.shell
    stand = rods(array).places
    walls = np.minimum(stand, 2.0 - stand).min(axis=1) - wide
    least = min(least_gap(stand, wide, np.zeros(2)), 2.0 * walls.min())
    assert 0.0 < least < 0.5 - 0.25 - 2.0 * one.shell
    assert least_gap(one.places, wide, np.zeros(2)) > 0.5 * least - 2e-3 * wide.mean()


def test_particles_and_pits_lie_the_same_at_every_resolution():
    body = Body(1.0, 1.0, (Layer("PEO", 1.0),), 0.05, "sides", 1)
    micro = Particles(body, "Li3N", "PEO", 0.3, diameter=0.2, deviation=0.03)
    assert np.array_equal(balls(micro).centres, balls(finer(micro)).centres)
    pits = Pits("pit", "lithium", "ball", 1.0, 0.5, 20)
    rough = Rough(BODY, (), 0.0, pits)
    places = pit_places(rough, pits)
    assert np.array_equal(places, pit_places(finer(rough), pits))
    assert least_gap(places, np.full(20, 0.5), np.array([8.0, 8.0])) > 0.49  # 1.5 diameters


@pytest.mark.parametrize("periodic", ["none", "sides", "all"])
@pytest.mark.parametrize("seed", [0, 1])
def test_without_a_way_through_none_is_in_the_mesh(periodic: str, seed: int):
    layers = STACK[:1] if periodic == "all" else STACK
    body = replace(BODY, periodic=periodic, layers=layers, seed=seed)
    structure = build_structure(replace(FIBRES, percolating="no", body=body), ())
    assert not structure.parts[0].percolates
    assert "through" not in structure.method


def test_a_way_through_a_cell_that_repeats_upwards_meets_itself():
    body = replace(BODY, periodic="all", layers=STACK[:1], resolution=0.5)
    for seed in range(3):
        micro = replace(
            FIBRES, volume_fraction=0.03, percolating="yes", length=2.0,
            body=replace(body, seed=seed),
        )  # fmt: skip
        first = fibres(micro).halves[0]
        lean = first[:2] / first[2]  # in sides of the cell, which is a cube
        assert np.abs(lean - np.round(lean)).max() < 1e-12
        assert build_structure(micro, ()).parts[0].percolates


def test_distances_of_segments_are_the_least():
    random = np.random.default_rng(0)
    half = np.array([0.3, -0.1, 0.2])
    middles, halves = random.normal(size=(50, 3)), random.normal(size=(50, 3))
    halves[0] = half  # parallel
    halves[1] = 0.0
    found = distances_of_segments(half, middles, halves)
    t = np.linspace(-1.0, 1.0, 401)
    for m, k, far in zip(middles, halves, found, strict=True):
        away = t[:, None, None] * half - m - t[None, :, None] * k
        least = np.sqrt((away**2).sum(axis=2)).min()
        assert far <= least + 1e-12 and far == pytest.approx(least, abs=2e-3)


def test_ways_close_where_both_faces_or_a_period_are_met():
    up, along = np.array([0.0, 0.0, 2.5]), np.array([2.0, 0.0, 0.0])
    ways = Ways((0.0, 10.0), 0.5, np.array([10.0, 10.0, 0.0]))
    low, high = np.array([1.0, 1.0, 2.0]), np.array([9.6, 1.0, 7.0])
    assert not ways.would_close(low, up, 0.2)  # near the bottom
    assert ways.would_close(np.array([1.2, 1.0, 7.0]), up, 0.2)  # above it, near the top
    assert not ways.would_close(np.array([5.0, 1.0, 7.0]), up, 0.2)  # far from it
    assert ways.would_close(np.array([3.0, 1.0, 4.6]), along, 0.2)  # joins both
    assert not ways.would_close(np.array([8.0, 5.0, 4.6]), along, 0.2)  # none
    # 1.4 across the side: faces 1.0 apart are far from it, 0.4 are not
    assert not Ways((0.0, 10.0), 0.5, ways.periods).would_close(high, up, 0.2)
    assert not ways.would_close(high, up, 0.2)
    assert ways.would_close(np.array([0.4, 1.0, 7.0]), up, 0.2)


def test_ways_around_a_period_close_where_a_group_meets_itself_higher():
    up = np.array([0.0, 0.0, 2.0])
    periods = np.array([10.0, 10.0, 10.0])
    ways = Ways((0.0, 10.0), 0.5, periods)
    assert not ways.would_close(np.array([5.0, 5.0, 9.0]), up, 0.2)  # only across the face
    assert not ways.would_close(np.array([5.0, 5.0, 3.5]), up, 0.2)  # goes on from it
    assert ways.would_close(np.array([5.5, 5.0, 6.0]), up, 0.2)  # back to the first one
    assert not ways.would_close(np.array([8.0, 5.0, 6.0]), up, 0.2)
    assert ways.would_close(np.array([2.0, 2.0, 5.0]), 2.4 * up, 0.2)  # meets its own image
    leaning = np.array([2.5, 0.0, 4.7])  # its image is beside it by half of the cell
    assert not Ways((0.0, 10.0), 0.5, periods).would_close(np.array([5.0, 5.0, 5.0]), leaning, 0.2)


def test_what_leaves_no_cell_of_a_region_is_refused_before_anything_is_placed():
    body = Body(1.0, 1.0, (Layer("PEO", 1.0),), 0.05, "sides", 1)
    one = Particles(body, "Li3N", "PEO", 0.0006, diameter=0.2)  # two boxes across: 0.000524
    assert faults(one) == []
    assert [fault.key for fault in faults(replace(one, volume_fraction=0.0005))] == [
        "volume_fraction"
    ]
    film = Coat("deposit", 0.2)
    # the middle of four rods is 0.354 from their axes, 0.204 from their faces
    array = Rods(body, "rod", "PEO", (2, 2), "square", 0.0, 0.3, 0.0, 0.8, deposit=film)
    assert faults(array) == []
    full = replace(array, length=0.79, deposit=Coat("deposit", 0.21))
    assert [fault.key for fault in faults(full)] == ["deposit.thickness"]
    assert faults(replace(full, length=0.7)) == []  # some is left on top
    assert faults(replace(full, cap="round")) == []  # and beside caps
    # rows of 0.25 of rods 0.5 apart: the circle around three of them has a radius of 0.25
    rows = replace(full, count=(2, 4), arrangement="hexagonal", diameter=0.1)
    assert faults(replace(rows, deposit=Coat("deposit", 0.19), length=0.81)) == []
    assert len(faults(replace(rows, deposit=Coat("deposit", 0.21)))) == 1


def test_fractions_of_less_than_a_fibre_are_refused_before_anything_is_placed():
    body = Body(1.0, 1.0, (Layer("PEO", 0.8),), 0.05, "sides", 1)
    # two boxes across, as long as the layer is thick: pi 0.05^2 0.8/0.8 = 0.00785
    one = Fibres(body, "rib", "PEO", 0.0079, 0.1, 0.0, 3.0, (0.0, 0.0, 1.0), 0.0, "any")
    assert faults(one) == []
    (fault,) = faults(replace(one, volume_fraction=0.0078))
    assert (fault.key, fault.given) == ("volume_fraction", "0.0078")
    assert fault.expected == "at least 0.00785, one fibre of two boxes across and 0.8 um"
    # 0.2 long: a quarter of that
    assert faults(replace(one, volume_fraction=0.002, length=0.2)) == []
    assert len(faults(replace(one, volume_fraction=0.0019, length=0.2))) == 1
    # strips: 0.1 0.8/0.8
    flat = replace(one, body=replace(body, depth=0.0), axis=(0.0, 1.0), volume_fraction=0.099)
    assert [fault.key for fault in faults(flat)] == ["volume_fraction"]
    assert faults(replace(flat, volume_fraction=0.101)) == []


@pytest.mark.parametrize("cap", ["flat", "round"])
def test_deposits_that_fill_the_gaps_of_jittered_rods_are_refused_before_the_mesh(cap: str):
    body = Body(1.0, 0.0, (Layer("PEO", 1.0),), 0.05, "sides", 1)
    film = Coat("deposit", 0.2)
    one = Rods(body, "rod", "PEO", (2,), "jittered", 0.05, 0.2, 0.0, 0.8, cap, deposit=film)
    assert faults(one) == []
    places = np.sort(rods(one).places[:, 0])
    # faces of two rods in a period of 1: half of the wider gap is what the deposit has room for
    gap = max(places[1] - places[0], 1.0 - places[1] + places[0]) - 0.2
    room = 0.5 * gap
    thin = replace(one, deposit=Coat("deposit", 0.9 * room), length=1.0 - 0.9 * room)
    assert [phase.name for phase in phases_of_rods(thin)] == ["rod", "deposit"]
    if cap == "flat":
        thick = replace(one, deposit=Coat("deposit", 1.01 * room), length=1.0 - 1.01 * room)
        with pytest.raises(MeshError, match=r"deposit\.thickness: .* all of PEO") as caught:
            phases_of_rods(thick)
        told = float(re.search(r"less than ([\d.]+) um", str(caught.value))[1])
        assert told == pytest.approx(room, abs=0.005)
        phases_of_rods(replace(thick, length=0.7))  # some is left on top
