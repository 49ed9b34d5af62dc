"""Proved lower stiffnesses: exact cells, order of the tensors, convergence, ranks."""

import numpy as np
import pytest
from mpi4py import MPI

from solver import weak_strains as module
from solver.case import load_case
from solver.effective_stiffness import response, voigt_and_reuss
from solver.hooke import cubic, isotropic
from solver.simulate import simulate
from solver.uniform_tractions import uniform_tractions
from solver.weak_strains import weak_strains
from tests.verification.helpers import elastic, least
from tests.verification.periodic_cells import blocks, cylinder, sphere
from tests.verification.uniform_tractions_test import CASE, COMM, HARD, SOFT


@pytest.mark.parallel
@pytest.mark.parametrize("dim", [2, 3])
def test_one_material_has_its_own_stiffness(tmp_path, dim):
    crystal = cubic(20.0, 8.0, 9.0, 0.3)
    colours = np.eye(3) if dim == 2 else np.array([[[0, 1]]])
    cell = elastic(tmp_path, lambda p: blocks(p, colours, 0.34), dim, {"a": crystal, "b": crystal})
    exact = crystal[np.ix_(cell.strains, cell.strains)]
    assert weak_strains(cell).tensor == pytest.approx(exact, rel=1e-8, abs=1e-8)


def test_a_laminate_pulled_across_its_layers(tmp_path):
    # half 1, half 10 without lateral contraction: E = 1/0.55, G = 0.5/0.55, one stress everywhere
    laws = {"a": isotropic(1.0, 0.0), "b": isotropic(10.0, 0.0)}
    cell = elastic(tmp_path, lambda p: blocks(p, np.array([[[0], [1]]]), 0.5), 3, laws)
    found = 1.0 / np.diag(np.linalg.inv(weak_strains(cell).tensor))
    assert found[[1, 3, 5]] == pytest.approx([1.0 / 0.55, 0.5 / 0.55, 0.5 / 0.55], rel=1e-8)
    above = 1.0 / np.diag(np.linalg.inv(uniform_tractions(cell).tensor))
    assert (found[[0, 2]] < above[[0, 2]]).all() and (found[[0, 2]] > 1.05 / 0.55).all()


@pytest.mark.parametrize("make", ["cylinder", "corner", "sphere"])
def test_order_of_the_tensors(tmp_path, make):
    laws = {"matrix": SOFT, "inclusion": HARD, "a": HARD, "b": SOFT}
    builders = {
        "cylinder": (lambda p: cylinder(p, 0.3, 0.12, 0.06), 2),
        "corner": (lambda p: blocks(p, np.array([[0, 1, 1], [1, 1, 1], [1, 1, 0]]), 0.1), 2),
        "sphere": (lambda p: sphere(p, 0.3, 0.4, 0.3), 3),
    }
    cell = elastic(tmp_path, *builders[make], laws)
    shares = {region.name: region.computed for region in cell.domain.built.report.regions}
    _, reuss = voigt_and_reuss(cell, shares)
    found, above = weak_strains(cell).tensor, uniform_tractions(cell).tensor
    periodic = response(cell, "periodic").tensor
    scale = 1e-9 * np.trace(periodic)
    assert least(found - reuss) > -scale and np.trace(found - reuss) > 5e-3 * np.trace(reuss)
    assert least(above - found) > -scale and least(periodic - found) > -scale


def test_both_sides_of_uniform_tractions_meet(tmp_path):
    # displacements from above, weak strains from below: both energies as h at re-entrant corners
    laws = {"a": HARD, "b": SOFT}
    colours = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]])

    def gap(size):
        cell = elastic(tmp_path, lambda p: blocks(p, colours, size), 2, laws)
        above, below = uniform_tractions(cell).tensor, weak_strains(cell).tensor
        return np.trace(above - below) / np.trace(above)

    gaps = [gap(size) for size in (0.2, 0.1, 0.05)]
    assert gaps[0] < 0.02
    assert gaps[1] < 0.65 * gaps[0] and gaps[2] < 0.65 * gaps[1]


@pytest.mark.parallel
def test_ranks_agree_also_around_a_void(tmp_path):
    def at(comm):
        cell = elastic(
            tmp_path, lambda p: cylinder(p, 0.3, 0.12, 0.06), 2, {"matrix": SOFT}, comm,
            omit=["inclusion"],
        )  # fmt: skip
        return cell, weak_strains(cell).tensor

    cell, together = at(COMM)
    assert together == pytest.approx(at(MPI.COMM_SELF)[1], rel=1e-6, abs=1e-8)
    periodic = response(cell, "periodic").tensor
    assert least(periodic - together) > -1e-9 and least(together) > 0.05  # Reuss: 0


def test_no_bound_where_a_void_reaches_the_sides_or_the_cell_is_large(tmp_path, monkeypatch):
    corner = np.array([[0, 1, 1], [1, 1, 1], [1, 1, 1]])
    cell = elastic(tmp_path, lambda p: blocks(p, corner, 0.12), 2, {"b": SOFT}, omit=["a"])
    assert weak_strains(cell) is None
    whole = elastic(tmp_path, lambda p: blocks(p, corner, 0.3), 2, {"a": HARD, "b": SOFT})
    assert weak_strains(whole) is not None
    monkeypatch.setattr(module, "MOST", {2: 10, 3: 10})
    assert weak_strains(whole) is None


def test_a_run_has_it_as_lower_end(tmp_path, monkeypatch):
    path = tmp_path / "case.toml"
    path.write_text(CASE, "utf-8")
    solution = simulate(load_case(path), COMM, lambda _: None)
    found = {quantity.name: quantity for quantity in solution.quantities}
    modulus = found["effective_youngs_modulus.x"]
    assert modulus.bound == "guaranteed"
    low, high = found["reuss_youngs_modulus.x"].value, found["traction_youngs_modulus.x"].value
    assert 1.01 * low < modulus.lower < high < modulus.value
    monkeypatch.setattr(module, "MOST", {2: 10, 3: 10})
    solution = simulate(load_case(path), COMM, lambda _: None)
    found = {quantity.name: quantity for quantity in solution.quantities}
    assert found["effective_youngs_modulus.x"].lower == pytest.approx(low, rel=1e-9)
    assert "too large" in solution.effective.left_out[0]
