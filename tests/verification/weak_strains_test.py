"""Proved lower stiffnesses: exact cells, order of the tensors, convergence, ranks."""

import meshio
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
from tests.verification.effective_stiffness_test import laminate
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


def test_a_section_of_phases_that_do_not_contract(tmp_path):
    # a strain along z loads nothing, layers across x have one stress: E = 1/0.55, G = 0.5/0.55
    laws = {"a": isotropic(1.0, 0.0), "b": isotropic(10.0, 0.0)}
    cell = elastic(tmp_path, lambda p: blocks(p, np.array([[0], [1]]), 0.25), 2, laws)
    found = 1.0 / np.diag(np.linalg.inv(weak_strains(cell).tensor))
    # xx, yy, zz, xy; along z it is the mean
    assert found[[0, 2, 3]] == pytest.approx([1.0 / 0.55, 5.5, 0.5 / 0.55], rel=1e-8)
    assert 1.05 / 0.55 < found[1] < 5.5


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


def crossed(path, count, seed):
    """Squares cut by both diagonals, whose middles are off these by 1e-2 to 1e-9 of an edge."""
    rng = np.random.default_rng(seed)
    x, y = (part.ravel() for part in np.meshgrid(*[np.arange(count + 1)] * 2, indexing="ij"))
    i, j = (part.ravel() for part in np.meshgrid(*[np.arange(count)] * 2, indexing="ij"))
    angle, far = 2.0 * np.pi * rng.random(count**2), 10.0 ** rng.uniform(-9.0, -2.0, count**2)
    middles = np.stack([i, j], 1) + 0.5 + far[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
    points = np.concatenate([np.stack([x, y], 1), middles]) / count
    first = (count + 1) * i + j
    ring = np.stack([first, first + count + 1, first + count + 2, first + 1])
    middle = np.broadcast_to((count + 1) ** 2 + np.arange(count**2), ring.shape)
    corners = np.stack([ring, np.roll(ring, -1, axis=0), middle], -1).reshape(-1, 3)
    hard = np.tile(1 + (rng.random(count**2) < 0.3), 4)
    meshio.Mesh(
        np.column_stack([points, np.zeros(len(points))]), [("triangle", corners)],
        cell_data={"gmsh:physical": [hard], "gmsh:geometrical": [hard]},
        field_data={"matrix": np.array([1, 2]), "inclusion": np.array([2, 2])},
    ).write(path, file_format="gmsh22")  # fmt: skip


def test_nodes_whose_edges_nearly_lie_in_two_lines(tmp_path):
    # each is nearly one more motion without strain, at an energy of its angle squared: 1e-4 to
    # 1e-18 of the others', with no gap between what is none and what is small
    laws = {"matrix": SOFT, "inclusion": HARD}
    cell = elastic(tmp_path, lambda p: crossed(p, 24, 1), 2, laws)
    below, above = weak_strains(cell).tensor, uniform_tractions(cell).tensor
    shares = {region.name: region.computed for region in cell.domain.built.report.regions}
    _, reuss = voigt_and_reuss(cell, shares)
    assert least(above - below) > 0.0 and np.trace(below - reuss) > 0.02 * np.trace(reuss)
    assert np.trace(above - below) < 0.1 * np.trace(above)


def test_what_the_solver_leaves_out_of_balance_is_taken_off(tmp_path, monkeypatch):
    # steps that do not converge find too little energy under given tractions: too stiff without
    laws = {"a": HARD, "b": SOFT}
    cell = elastic(tmp_path, lambda p: blocks(p, np.array([[1, 1], [1, 0]]), 0.25), 2, laws)
    exact = weak_strains(cell).tensor
    monkeypatch.setattr(module, "SHIFT", 1e-2)
    poor = weak_strains(cell).tensor
    assert least(exact - poor) > 0.0 and least(poor) > 0.0
    monkeypatch.setattr(module, "_unbalanced", lambda *_: 0.0)
    assert least(exact - weak_strains(cell).tensor) < -1e-3


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
    # what rests on an estimate is not called proved
    with monkeypatch.context() as patch:
        patch.setattr(module, "SHIFT", 1e-2)
        solution = simulate(load_case(path), COMM, lambda _: None)
    poor = {quantity.name: quantity for quantity in solution.quantities}
    assert poor["effective_youngs_modulus.x"].bound == "estimated"
    assert poor["effective_stiffness.xxyy"].bound == "estimated"
    assert "rests on an estimate" in solution.effective.left_out[0]
    monkeypatch.setattr(module, "MOST", {2: 10, 3: 10})
    solution = simulate(load_case(path), COMM, lambda _: None)
    found = {quantity.name: quantity for quantity in solution.quantities}
    assert found["effective_youngs_modulus.x"].lower == pytest.approx(low, rel=1e-9)
    assert "too large" in solution.effective.left_out[0]


def test_rounding_of_a_stiff_direction_leaves_reuss_below(tmp_path):
    # rods along z, 1e10 times as stiff: 1e-8 of them is more than the matrix has
    path = tmp_path / "case.toml"
    assert "100 MPa" in CASE
    path.write_text(CASE.replace("100 MPa", "1e11 MPa"), "utf-8")
    found = {q.name: q for q in simulate(load_case(path), COMM, lambda _: None).quantities}
    modulus = found["effective_youngs_modulus.x"]
    assert modulus.lower == pytest.approx(found["reuss_youngs_modulus.x"].value, rel=1e-9)
    assert 0.0 < modulus.lower < modulus.value <= modulus.upper


def test_layers_that_hardly_change_their_volume(tmp_path):
    # Poisson's ratio 0.499: exact from above, from below less, and no rounding breaks the order
    laws = [isotropic(1.0, 0.499), isotropic(10.0, 0.2)]
    layers = np.array([[0, 1, 1, 1]])
    cell = elastic(
        tmp_path, lambda p: blocks(p, layers, 0.25), 2, dict(zip("ab", laws, strict=True))
    )
    exact = laminate(laws, [0.25, 0.75])[np.ix_(cell.strains, cell.strains)]
    assert response(cell, "periodic").tensor == pytest.approx(exact, rel=1e-9, abs=1e-9)
    weak = weak_strains(cell)
    assert least(exact - weak.tensor) > -1e-9 and weak.unproved < 1e-8
    assert weak.tensor[3, 3] == pytest.approx(exact[3, 3], rel=1e-6)  # one stress in all layers


VOIDS = """title = "Holes"
[geometry]
shape = "particles"
width = "1 um"
resolution = "0.06 um"
layers = [{ name = "solid", thickness = "1 um" }]
name = "holes"
inside = "solid"
volume_fraction = 0.04
arrangement = "cubic"
periodic = "all"
[mechanics]
empty = ["holes"]
[mechanics.solids.solid]
law = "isotropic"
youngs_modulus = "1 GPa"
poissons_ratio = 0.3
[effective]
stiffness = true
uniform_tractions = true
[numerics]
refinement = "none"
"""


def test_holes_of_a_generated_cell(tmp_path):
    # plane strain, k = (C_xxxx + C_xxyy)/2, k0 = E/(2 (1 + nu)(1 - 2 nu)), G0 = E/(2 (1 + nu)): few
    # round holes k = k0 - phi k0 (k0 + G0)/(G0 + phi k0), Hashin's cylinders (1964); what is not
    # there may be as soft as one likes
    path = tmp_path / "case.toml"
    path.write_text(VOIDS, "utf-8")
    solution = simulate(load_case(path), COMM, lambda _: None)
    found = {quantity.name: quantity for quantity in solution.quantities}
    phi = next(p.fraction for p in solution.built.parts if p.name == "holes")
    bulk, shear = 1000.0 / (2.6 * 0.4), 1000.0 / 2.6
    exact = bulk - phi * bulk * (bulk + shear) / (shear + phi * bulk)
    stiffness = [found[f"effective_stiffness.{name}"] for name in ("xxxx", "xxyy")]
    assert sum(q.value for q in stiffness) / 2.0 == pytest.approx(exact, rel=2e-3)
    assert {q.bound for q in stiffness} <= {"guaranteed", "estimated"}
    lower = solution.effective.stiffness.proved
    assert (lower[0, 0] + lower[0, 1]) / 2.0 < exact
    assert (lower[0, 0] + lower[0, 1]) / 2.0 > 0.9 * exact  # Reuss says 0
    soft = VOIDS.replace('empty = ["holes"]\n', "") + SOFTEST
    path.write_text(soft.replace("uniform_tractions = true\n", ""), "utf-8")
    filled = simulate(load_case(path), COMM, lambda _: None).effective.stiffness.periodic.tensor
    more = filled - solution.effective.stiffness.periodic.tensor
    assert least(more) > -1e-9 and np.abs(more).max() < 1e-2


SOFTEST = """[mechanics.solids.holes]
law = "isotropic"
youngs_modulus = "1 kPa"
poissons_ratio = 0.3
"""
