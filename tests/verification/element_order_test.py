"""Periodic cells with elements of other orders: counts, images, rates, and bounds that fall."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from dolfinx import fem
from mpi4py import MPI

from solver import effective_conduction, effective_stiffness
from solver.domain import refine_cells
from solver.effective_conduction import both_sides, fluctuations
from solver.effective_stiffness import Elastic, response
from solver.hooke import isotropic
from solver.periodic import cell_box, number_unknowns
from solver.uniform_tractions import uniform_tractions
from tests.verification.periodic_cells import blocks, conducting, cylinder, sphere

COMM = MPI.COMM_WORLD
ORDERS = (1, 2, 3)
SOFT, HARD = isotropic(1.0, 0.3), isotropic(10.0, 0.2)
# 1/I0(1) and I0(1), of exp(sin 2 pi x): int_0^1 exp(+-sin 2 pi x) dx = I0(1) = 1.2660658777520
BESSEL = 1.2660658777520084


def cubic_ball(comm=COMM):
    return lambda folder: conducting(
        folder, comm, lambda p: sphere(p, 0.2, 0.4, 0.2), 3, {"matrix": 1.0, "inclusion": 10.0}
    )


@pytest.mark.parallel
def test_images_are_one_unknown_at_every_order(tmp_path):
    # on a torus of N tetrahedra and V nodes: V + N edges, 2N faces; an edge has k - 1 points, a
    # face (k - 1)(k - 2)/2 and a cell (k - 1)(k - 2)(k - 3)/6
    domain = cubic_ball()(tmp_path).domain
    low, _ = cell_box(domain)
    cells = domain.mesh.topology.index_map(3).size_global
    nodes = number_unknowns(domain, fem.functionspace(domain.mesh, ("Lagrange", 1))).total
    for k in (2, 3, 4):
        space = fem.functionspace(domain.mesh, ("Lagrange", k))
        numbering = number_unknowns(domain, space)
        faces, inside = (k - 1) * (k - 2) // 2, (k - 1) * (k - 2) * (k - 3) // 6
        expected = nodes + (k - 1) * (nodes + cells) + 2 * cells * faces + cells * inside
        assert numbering.total == expected
        # the value behind every unknown is that at the place of all its images
        wave = fem.Function(space)

        def at(x, low=low):
            turn = 2.0 * np.pi * (x - low[:, None])
            return np.sin(turn[0]) + 2.0 * np.cos(turn[1]) + 3.0 * np.sin(turn[2] + turn[0] + 0.3)

        wave.interpolate(at)
        values = wave.x.array[: len(numbering.columns)]
        expansion = numbering.expansion(COMM)
        sums, counts = expansion.createVecRight(), expansion.createVecRight()
        nodal, ones = expansion.createVecLeft(), expansion.createVecLeft()
        nodal.array[:], ones.array[:] = values, 1.0
        expansion.multTranspose(nodal, sums)
        expansion.multTranspose(ones, counts)
        sums.pointwiseDivide(sums, counts)
        expansion.mult(sums, nodal)
        assert np.abs(nodal.array_r - values).max(initial=0.0) < 1e-12


def graded(domain, *_):
    """exp(sin 2 pi x), of a degree at which its own error is nothing."""
    function = fem.Function(fem.functionspace(domain.mesh, ("Lagrange", 6)))
    function.interpolate(lambda x: np.exp(np.sin(2.0 * np.pi * x[0])))
    return function


def refined_cells(folder):
    """Of one phase; all edges are halved from mesh to mesh."""
    cell = conducting(folder, COMM, lambda p: blocks(p, np.zeros((2, 2)), 0.25), 2, {"a": 1.0})
    cells = [cell]
    for _ in range(2):
        domain = cells[-1].domain
        every = np.arange(domain.mesh.topology.index_map(2).size_local, dtype=np.int32)
        cells.append(replace(cell, domain=refine_cells(domain, every)))
    return cells


def rates(errors):
    return np.log2(errors[:-1] / errors[1:])


def test_energies_of_smooth_fields_converge_with_twice_the_order(tmp_path, monkeypatch):
    # kappa = exp(sin 2 pi x): its harmonic mean along x; along y the mean, no fluctuation
    monkeypatch.setattr(effective_conduction, "cellwise", graded)
    cells = refined_cells(tmp_path)
    for order in ORDERS:
        found = [fluctuations(replace(cell, order=order), "upper").tensor for cell in cells]
        errors = np.array([tensor[0, 0] * BESSEL - 1.0 for tensor in found])
        assert (errors > 0.0).all()  # from above, on every mesh
        assert (np.abs(rates(errors) - 2.0 * order) < 0.6).all(), (order, errors)
        assert found[-1][1, 1] == pytest.approx(BESSEL, rel=1e-8)


@pytest.mark.slow
def test_stiffness_of_a_graded_cell_converges_with_twice_the_order(tmp_path, monkeypatch):
    # C = kappa C0, graded along x: what stresses along x do is C0/<1/kappa>, shear as well
    def law(domain, stiffness, name):
        return graded(domain) * fem.Constant(domain.mesh, SOFT)

    monkeypatch.setattr(effective_stiffness, "spread_over_cells", law)
    cells = [Elastic(c.domain, {"a": SOFT}, 1.0, {}) for c in refined_cells(tmp_path)]
    for order in ORDERS:
        found = [response(replace(cell, order=order), "periodic").tensor for cell in cells]
        for place, exact in (((0, 0), SOFT[0, 0]), ((3, 3), SOFT[5, 5])):
            errors = np.array([tensor[place] * BESSEL / exact - 1.0 for tensor in found])
            assert (errors > 0.0).all()
            assert (np.abs(rates(errors) - 2.0 * order) < 0.6).all(), (order, errors)


@pytest.mark.parametrize("inclusion", [10.0, pytest.param(np.inf, marks=pytest.mark.slow)])
def test_the_upper_tensor_falls_with_the_order_and_the_lower_one_stays(tmp_path, inclusion):
    parts = {"matrix": 1.0, "inclusion": inclusion}
    cell = conducting(tmp_path, COMM, lambda p: cylinder(p, 0.3, 0.24, 0.08), 2, parts)
    sides = [both_sides(replace(cell, order=order)) for order in ORDERS]
    lower = [one.tensor for one, _ in sides]
    for coarse, fine in pairwise(sides):
        # for all directions at once: elements of a higher order hold those of a lower one
        assert np.linalg.eigvalsh(coarse[1].tensor - fine[1].tensor).min() > 1e-5
        assert np.linalg.eigvalsh(fine[1].tensor - fine[0].tensor).min() > 0.0
    assert lower[2] == pytest.approx(lower[0], rel=1e-11, abs=1e-11)


def test_stiffnesses_fall_with_the_order_and_keep_theirs(tmp_path):
    laws = {"matrix": SOFT, "inclusion": HARD}
    cell = conducting(
        tmp_path, COMM, lambda p: cylinder(p, 0.3, 0.24, 0.12), 2, dict.fromkeys(laws, 1.0)
    )
    before = None
    for order in ORDERS:
        elastic = Elastic(cell.domain, laws, 1.0, {}, order)
        periodic = response(elastic, "periodic").tensor
        if before is not None:
            assert np.linalg.eigvalsh(before - periodic).min() > -1e-9
            assert np.trace(before - periodic) > 1e-3
        before = periodic
    tractions, affine = uniform_tractions(elastic).tensor, response(elastic, "affine").tensor
    assert np.linalg.eigvalsh(periodic - tractions).min() > -1e-9
    assert np.linalg.eigvalsh(affine - periodic).min() > -1e-9


@pytest.mark.parallel
def test_ranks_agree_on_cubic_elements(tmp_path):
    # points in faces, and two on every edge whose order ranks and images must agree on
    def of(comm):
        return fluctuations(replace(cubic_ball(comm)(tmp_path), order=3), "upper").tensor

    assert of(COMM) == pytest.approx(of(MPI.COMM_SELF), rel=1e-10, abs=1e-10)


@pytest.mark.slow
@pytest.mark.parallel
@pytest.mark.parametrize("order", [1, 3])
def test_ranks_agree_on_the_stiffness_at_every_order(tmp_path, order):
    def of(comm):
        domain = cubic_ball(comm)(tmp_path).domain
        elastic = Elastic(domain, {"matrix": SOFT, "inclusion": HARD}, 1.0, {}, order)
        return response(elastic, "periodic").tensor

    assert of(COMM) == pytest.approx(of(MPI.COMM_SELF), rel=1e-10, abs=1e-10)


def test_a_cell_moved_by_a_third_of_a_period_is_the_same(tmp_path):
    # a conductor in the middle, and the same across corner and sides: both intervals hold k
    def of(i, j):
        colours = np.ones((3, 3))
        colours[i, j] = 0
        cell = conducting(tmp_path, COMM, lambda p: blocks(p, colours, 0.16), 2, {"a": 9, "b": 1})
        return read(both_sides(replace(cell, order=3)))

    def read(sides):
        return [np.diag(side.tensor) for side in sides]

    (low, high), (low_1, high_1) = of(1, 1), of(0, 0)
    assert (low < high_1).all() and (low_1 < high).all()
    assert high == pytest.approx(high_1, rel=2e-3)
