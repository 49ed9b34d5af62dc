"""The lattice and what is fitted to it: facets, volumes, faces, qualities."""

import math

import numpy as np
import pytest

from meshes.fitting import Phase, background, fit
from meshes.lattice import (
    Lattice,
    across,
    cut_boxes,
    edge_ways,
    edges_along,
    facet_pairs,
    first_images,
    neighbours_mean,
    node_points,
    own_nodes,
    quality,
)
from meshes.topology import facets_of


def box(counts: tuple[int, ...], periodic: tuple[bool, ...]) -> Lattice:
    axes = tuple(np.linspace(0.0, 1.0 + 0.5 * i, n + 1) for i, n in enumerate(counts))
    return Lattice(axes, periodic, np.zeros(counts[-1] + 1, bool))


@pytest.mark.parametrize("counts", [(3, 4), (3, 4, 5)])
@pytest.mark.parametrize("repeats", [False, True])
def test_cells_fill_the_box_and_facet_pairs_are_its_facets(counts: tuple[int, ...], repeats: bool):
    lattice = box(counts, (repeats,) * len(counts))
    cells, points = cut_boxes(lattice), node_points(lattice)
    gamma, volumes = quality(points[cells])
    assert volumes.min() > 0.0 and volumes.sum() == pytest.approx(lattice.volume, rel=1e-14)
    assert gamma.min() > 0.5
    known, _ = facets_of(cells, len(points))
    inner = outer = 0
    for pair in facet_pairs(lattice):
        columns = [c for c in range(cells.shape[1]) if c != pair.opposite]
        facets = cells[pair.cells][:, columns]
        if pair.side is None:
            inner += len(facets)
            both = [np.isin(f, c).all() for f, c in zip(facets, cells[pair.others], strict=True)]
            assert all(both)
        else:
            outer += len(facets)
            axis, high = pair.side
            at = lattice.axes[axis][-1 if high else 0]
            assert np.all(points[facets][..., axis] == at)
            if repeats:  # the cell on the other side has the images of these nodes
                own = own_nodes(lattice)
                mine, theirs = own[facets], own[cells[pair.others]]
                assert all(np.isin(f, c).all() for f, c in zip(mine, theirs, strict=True))
    assert (inner, outer) == ((known.count == 2).sum(), (known.count == 1).sum())


def test_gamma_is_that_of_gmsh():
    corner = np.array([[[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1.0]]])
    # inscribed radius 1 / (3 + sqrt 3), circumscribed sqrt(3) / 2
    assert quality(corner)[0][0] == pytest.approx(3.0 / (3 + math.sqrt(3)) / (math.sqrt(3) / 2))
    assert quality(corner[:, [1, 0, 2, 3]])[0][0] < 0.0
    right = np.array([[[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]]])
    assert quality(right)[0][0] == pytest.approx(2.0 * 1.0 / 2.5)  # 2 r / R
    assert quality(right)[1][0] == 6.0


def test_edges_and_means_know_the_period():
    lattice = box((4, 4), (True, False))
    first = first_images(lattice)
    assert len(first) == 4 * 5
    edges = sum(len(edges_along(lattice, way)[0]) for way in edge_ways(2))
    assert edges == 4 * 5 + 4 * 4 + 4 * 4  # along x, y, the diagonal
    constant = np.full((len(first), 2), 3.0)
    assert neighbours_mean(lattice, constant) == pytest.approx(constant, abs=1e-14)


def test_layers_lie_on_planes_and_thin_ones_have_two_boxes():
    nodes, planes = across([2.0, 0.05, 4.0], [False, True, True], 0.25)
    assert nodes[planes] == pytest.approx([0.0, 2.0, 2.05, 6.05], abs=1e-15)
    assert np.sum((nodes >= 2.0) & (nodes <= 2.05)) == 3
    assert np.diff(nodes[nodes >= 2.05]).max() > 2 * 0.25  # coarser away from the rest


def ball(fraction: float, counts: int) -> tuple[Lattice, float, list[Phase]]:
    radius = (fraction * 0.75 / math.pi) ** (1.0 / 3.0)
    axis = np.linspace(0.0, 1.0, counts + 1)
    lattice = Lattice((axis,) * 3, (True,) * 3, np.zeros(counts + 1, bool))

    def level(points: np.ndarray) -> np.ndarray:
        away = points - 0.03  # across the sides
        away -= np.round(away)
        return np.sqrt((away**2).sum(axis=1)) - radius

    return lattice, radius, [Phase("ball", level, fraction), Phase("rest", background)]


def test_a_ball_across_the_sides_is_periodic_and_has_its_volume():
    lattice, _, phases = ball(0.2, 12)
    fitted = fit(lattice, phases)
    gamma, volumes = quality(fitted.points[fitted.cells])
    assert gamma.min() >= 0.1
    assert volumes.sum() == pytest.approx(1.0, abs=1e-12)
    assert volumes[fitted.labels == 0].sum() == pytest.approx(0.2, rel=5e-3)
    moved = fitted.points - node_points(lattice)
    own = own_nodes(lattice)
    assert np.ptp(moved) > 0.01
    for axis in range(3):  # images move alike
        low = np.flatnonzero(np.isclose(node_points(lattice)[:, axis], 0.0))
        high = np.flatnonzero(np.isclose(node_points(lattice)[:, axis], 1.0))
        assert np.array_equal(own[low], own[high])
        assert np.array_equal(moved[low], moved[high])
    face = np.zeros(len(fitted.points), bool)
    face[fitted.cells[fitted.labels == 0]] = True
    rest = np.zeros(len(fitted.points), bool)
    rest[fitted.cells[fitted.labels == 1]] = True
    off = phases[0].level(fitted.points[face & rest]) * 12.0
    assert np.std(off) < 0.1  # of a spacing, beside the common offset; without moves 0.3


def test_faces_come_closer_to_the_level_with_the_lattice():
    areas = []
    for counts in (8, 24):
        lattice, radius, phases = ball(0.2, counts)
        fitted = fit(lattice, phases)
        inside = fitted.labels == 0
        area = 0.0
        for pair in facet_pairs(lattice):
            if pair.side is None:
                differ = inside[pair.cells] != inside[pair.others]
                columns = [c for c in range(4) if c != pair.opposite]
                corners = fitted.points[fitted.cells[pair.cells[differ]][:, columns]]
                sides = corners[:, 1:] - corners[:, :1]
                normal = np.cross(sides[:, 0], sides[:, 1])
                area += 0.5 * np.sqrt((normal**2).sum(axis=1)).sum()
        areas.append(area / (4.0 * math.pi * radius**2) - 1.0)
    assert abs(areas[1]) < 0.02 and abs(areas[1]) < abs(areas[0])


def test_three_phases_that_meet_in_lines_keep_their_planes():
    nodes, planes = across([0.5, 0.5], [False, False], 0.1)
    axis = np.linspace(0.0, 1.0, 11)
    lattice = Lattice((axis, axis, nodes), (True, True, False), planes)

    def rod(points: np.ndarray) -> np.ndarray:
        return np.hypot(points[:, 0] - 0.5, points[:, 1] - 0.5) - 0.31

    def lower(points: np.ndarray) -> np.ndarray:
        return np.abs(points[:, 2] - 0.25) - 0.25

    share = math.pi * 0.31**2
    phases = [Phase("rod", rod, share), Phase("low", lower), Phase("high", background)]
    fitted = fit(lattice, phases)
    gamma, volumes = quality(fitted.points[fitted.cells])
    parts = [volumes[fitted.labels == i].sum() for i in range(3)]
    assert gamma.min() >= 0.1
    assert parts[0] == pytest.approx(share, rel=5e-3)
    assert parts[1] == pytest.approx(parts[2], rel=1e-2)
    low = fitted.points[np.unique(fitted.cells[fitted.labels == 1])]
    high = fitted.points[np.unique(fitted.cells[fitted.labels == 2])]
    assert low[:, 2].max() == 0.5 == high[:, 2].min()
