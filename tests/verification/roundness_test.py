"""Bounds of a cell with discs hold for the discs, not only for the polygons of its mesh."""

from dataclasses import replace

import numpy as np
import pytest
from mpi4py import MPI

from meshes.layers import Layer
from meshes.micro import Body, Coat, Particles
from meshes.roundness import UNKNOWN, _from_centre
from meshes.structure import build_structure
from solver import schema
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
