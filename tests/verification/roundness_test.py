"""Bounds of a cell with discs hold for the discs, not only for the polygons of its mesh."""

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from mpi4py import MPI

from meshes.lattice import Adjacent
from meshes.layers import Layer
from meshes.micro import Body, Coat, Particles
from meshes.roundness import UNKNOWN, _from_centre, roundness
from meshes.structure import build_structure
from solver import schema
from solver.effective import of_round_bodies
from solver.simulate import simulate
from tests.verification.helpers import make_case

COMM = MPI.COMM_WORLD


def discs(size: float, gap: float = 0.15) -> Particles:
    body = Body(1.0, 0.0, (Layer("matrix", 1.0),), size, "all", 2)
    return Particles(body, "discs", "matrix", 0.3, "random", diameter=0.35, gap=gap)


def solved(size, law):
    micro = discs(size)
    laws = {"matrix": schema.IonicConductor(1.0), "discs": law}
    case = make_case(micro, laws, {}, accuracy=0.002)
    regions = {name: case.regions[name] for name in laws}
    effective = schema.Effective(conductivity=True, stiffness=False)
    solution = simulate(replace(case, regions=regions, effective=effective), COMM, lambda _: None)
    return solution.effective.conductivity


@pytest.mark.parametrize("law", [schema.Insulator(), schema.IonicConductor(50.0)])
def test_a_coarse_mesh_has_the_discs_inside_its_bounds(law):
    # octagons for circles against polygons of some hundred sides
    coarse, fine = solved(0.06, law), solved(0.01, law)
    assert np.linalg.eigvalsh(coarse.meant.upper - fine.tensor.upper).min() > 0.0
    assert np.linalg.eigvalsh(fine.tensor.lower - coarse.meant.lower).min() > 0.0
    # and the polygons of the coarse mesh are not the discs: their own bounds do not hold them
    high = np.linalg.eigvalsh(coarse.tensor.upper - fine.tensor.upper).min()
    low = np.linalg.eigvalsh(fine.tensor.lower - coarse.tensor.lower).min()
    assert min(low, high) < 0.0
    assert np.trace(fine.meant.upper - fine.meant.lower) < 0.5 * np.trace(
        coarse.meant.upper - coarse.meant.lower
    )


def test_a_polygon_inside_its_circle_widens_one_side_alone():
    # nodes on the circle, so that P < B: k[B] is no less than k[P], and no more than with the
    # polygon stretched by s = 1/cos(pi/n) in the disc that reaches to the images, R = 1/2
    sides, share = 12, 0.3
    radius = (share / math.pi) ** 0.5
    body = Body(1.0, 0.0, (Layer("matrix", 1.0),), 0.1, "all", 0)
    micro = Particles(body, "disc", "matrix", share, "cubic")
    turns = 2.0 * math.pi * np.arange(sides) / sides
    ring = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    points = 0.5 + np.concatenate([np.zeros((1, 2)), radius * ring, 1.1 * radius * ring])
    first, then = 1 + np.arange(sides), 1 + (np.arange(sides) + 1) % sides
    inner = np.stack([np.zeros(sides, np.int64), first, then], axis=1)
    outer = np.stack([first, then, first + sides], axis=1)
    numbers = np.arange(sides)
    pairs = [Adjacent(numbers, numbers + sides, 0, None)]
    inside = np.repeat([1, 0], sides)
    larger, smaller = roundness(micro, points, np.concatenate([inner, outer]), inside, pairs)
    s = 1.0 / math.cos(math.pi / sides)
    assert larger == pytest.approx(s * (0.5 - radius) / (0.5 - s * radius), rel=1e-12)
    assert smaller == pytest.approx(1.0, rel=1e-12)
    # below and above: what conducts better gives more where it is larger, what insulates less
    case = make_case(micro, {"matrix": schema.IonicConductor(1.0)}, {})
    built = SimpleNamespace(roundness=(larger, smaller))
    assert of_round_bodies(case, built, {"matrix": 1.0, "disc": 2.0}) == (smaller, larger)
    assert of_round_bodies(case, built, {"matrix": 1.0}) == (larger, smaller)


def test_distances_of_facets_from_a_centre():
    # above the middle of a triangle, over an edge, over a corner; a sliver has those of its edge
    triangle = np.array([[-1.0, -1.0, 2.0], [2.0, -1.0, 2.0], [-1.0, 2.0, 2.0]])
    shifts = ([0.0, 0.0, 0.0], [0.0, 3.0, 0.0], [3.0, 3.0, 0.0], [0.0, 1.0, 0.0])
    moved = [triangle + shift for shift in shifts]
    assert _from_centre(np.array(moved)) == pytest.approx([2.0, 8.0**0.5, 12.0**0.5, 2.0])
    sliver = np.array([[[1.0, -0.1, 0.0], [1.0, 0.1, 0.0], [1.0 - 1e-9, 0.0, 1e-6]]])
    assert _from_centre(sliver) == pytest.approx([1.0], rel=1e-6)
    assert _from_centre(np.array([[[3.0, -1.0], [3.0, 2.0]], [[3.0, 4.0], [3.0, 9.0]]])) == (
        pytest.approx([3.0, 5.0])
    )


def test_nothing_is_known_of_discs_with_necks_or_shells():
    assert np.isfinite(build_structure(discs(0.03), ()).roundness).all()
    assert build_structure(discs(0.1, gap=0.0), ()).roundness == UNKNOWN
    coated = replace(discs(0.02, gap=0.02), shell=Coat("shell", 0.04))
    assert build_structure(coated, ()).roundness == UNKNOWN


def test_a_disc_cut_off_at_the_side_of_its_cell_is_no_disc():
    # a facet that is nearer to the centre than all others lies on a periodic side
    sides, radius = 12, (0.3 / math.pi) ** 0.5
    body = Body(1.0, 0.0, (Layer("matrix", 1.0),), 0.1, "all", 0)
    micro = Particles(body, "disc", "matrix", 0.3, "cubic")
    turns = 2.0 * math.pi * (np.arange(sides) + 0.5) / sides
    ring = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    ring[[0, -1], 0] *= 0.9  # the edge between the last and the first corner
    points = 0.5 + np.concatenate([np.zeros((1, 2)), radius * ring, 1.1 * radius * ring])
    first, then = 1 + np.arange(sides), 1 + (np.arange(sides) + 1) % sides
    inner = np.stack([np.zeros(sides, np.int64), first, then], axis=1)
    outer = np.stack([first, then, first + sides], axis=1)
    numbers, inside = np.arange(sides), np.repeat([1, 0], sides)

    def factors(side):
        pairs = [
            Adjacent(numbers[:-1], numbers[:-1] + sides, 0, None),
            Adjacent(numbers[-1:], numbers[-1:] + sides, 0, side),
        ]
        return roundness(micro, points, np.concatenate([inner, outer]), inside, pairs)

    s = 1.0 / (0.9 * math.cos(math.pi / sides))
    assert factors((0, 1)) == factors(None)
    assert factors((0, 1))[0] == pytest.approx(s * (0.5 - radius) / (0.5 - s * radius), rel=1e-12)
