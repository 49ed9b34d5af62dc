"""Uniform tractions on the sides of a cell: exact cells, and the order of the tensors."""

from itertools import pairwise

import meshio
import numpy as np
import pytest
from mpi4py import MPI

from solver.case import load_case
from solver.effective_stiffness import response, voigt_and_reuss
from solver.hooke import cubic, isotropic
from solver.simulate import simulate
from solver.uniform_tractions import uniform_tractions
from tests.verification.helpers import elastic, least
from tests.verification.periodic_cells import blocks, cylinder, sphere

COMM = MPI.COMM_WORLD
SOFT, HARD = isotropic(1.0, 0.3), isotropic(10.0, 0.2)


def all_tensors(cell):
    """Reuss, uniform tractions, periodic, affine, Voigt."""
    shares = {region.name: region.computed for region in cell.domain.built.report.regions}
    voigt, reuss = voigt_and_reuss(cell, shares)
    periodic, affine = (response(cell, sides).tensor for sides in ("periodic", "affine"))
    return reuss, uniform_tractions(cell).tensor, periodic, affine, voigt


@pytest.mark.parallel
@pytest.mark.parametrize("dim", [2, 3])
def test_one_material_has_its_own_stiffness(tmp_path, dim):
    crystal = cubic(20.0, 8.0, 9.0, 0.3)
    colours = np.eye(3) if dim == 2 else np.array([[[0, 1]]])
    cell = elastic(tmp_path, lambda p: blocks(p, colours, 0.34), dim, {"a": crystal, "b": crystal})
    exact = crystal[np.ix_(cell.strains, cell.strains)]
    assert uniform_tractions(cell).tensor == pytest.approx(exact, rel=1e-9, abs=1e-9)


def test_a_laminate_pulled_across_and_along_its_layers(tmp_path):
    # half 1, half 10 without lateral contraction, layers normal to y. Across (yy, yz, xy) the same
    # stress is everywhere: E = 1/0.55 = 1.818182, G = 0.5/0.55. Along, a stress that is uniform on
    # the sides is taken over by the stiff layer further inside: between 1.82 and the 5.5 of layers
    # that are stretched alike, and closer to the former as the cell is no longer than a layer.
    laws = {"a": isotropic(1.0, 0.0), "b": isotropic(10.0, 0.0)}
    cell = elastic(tmp_path, lambda p: blocks(p, np.array([[[0], [1]]]), 0.25), 3, laws)
    found = np.linalg.inv(uniform_tractions(cell).tensor)
    across, shear = 1.0 / 0.55, 0.5 / 0.55
    assert 1.0 / np.diag(found)[[1, 3, 5]] == pytest.approx([across, shear, shear], rel=1e-9)
    assert (
        (1.1 * across < 1.0 / np.diag(found)[[0, 2]]) & (1.0 / np.diag(found)[[0, 2]] < 5.0)
    ).all()
    periodic = np.linalg.inv(response(cell, "periodic").tensor)
    assert 1.0 / np.diag(periodic)[:3] == pytest.approx([5.5, across, 5.5], rel=1e-9)


@pytest.mark.parametrize("make", ["cylinder", "corner", "sphere"])
def test_order_of_the_tensors(tmp_path, make):
    laws = {"matrix": SOFT, "inclusion": HARD, "a": HARD, "b": SOFT}
    builders = {
        "cylinder": (lambda p: cylinder(p, 0.3, 0.12, 0.06), 2),
        "corner": (lambda p: blocks(p, np.array([[0, 1, 1], [1, 1, 1], [1, 1, 0]]), 0.1), 2),
        "sphere": (lambda p: sphere(p, 0.3, 0.25, 0.15), 3),
    }
    tensors = all_tensors(elastic(tmp_path, *builders[make], laws))
    scale = np.trace(tensors[-1])
    for one, other in pairwise(tensors):
        assert least(other - one) > -1e-12 * scale
    reuss, tractions, periodic, affine, _ = tensors
    for one, other in ((reuss, tractions), (tractions, periodic)):
        assert np.trace(other - one) > 5e-3 * np.trace(periodic)
    assert np.trace(affine - tractions) > np.trace(affine - periodic) > 0.0


def test_a_cell_of_more_periods_is_nearer_to_the_periodic_one(tmp_path):
    # Huet 1990: cut in pieces that each carry uniform tractions, a body is softer
    laws = {"a": HARD, "b": SOFT}
    one = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]])

    def at(count):
        many = np.tile(one, (count, count))
        cell = elastic(tmp_path, lambda p: blocks(p, many, 0.12 / count), 2, laws)
        return uniform_tractions(cell).tensor, response(cell, "periodic").tensor

    (small, periodic), (large, again) = at(1), at(2)
    assert periodic == pytest.approx(again, rel=5e-3, abs=5e-3)
    gaps = [np.trace(periodic - small), np.trace(again - large)]
    assert 0.0 < gaps[1] < 0.75 * gaps[0]  # a layer at the sides: half, as cells are as many
    assert least(large - small) > -2e-3 * np.trace(periodic)


@pytest.mark.parallel
def test_ranks_agree_also_around_a_void(tmp_path):
    def at(comm):
        cell = elastic(
            tmp_path, lambda p: cylinder(p, 0.3, 0.12, 0.06), 2, {"matrix": SOFT}, comm,
            omit=["inclusion"],
        )  # fmt: skip
        return cell, uniform_tractions(cell).tensor

    cell, together = at(COMM)
    assert together == pytest.approx(at(MPI.COMM_SELF)[1], rel=1e-9, abs=1e-9)
    # along the hole: E of the solid, 0.7 of the plane
    assert 1.0 / np.linalg.inv(together)[2, 2] == pytest.approx(0.7, rel=1e-6)
    periodic = response(cell, "periodic").tensor
    assert least(periodic - together) > -1e-12 and least(together) > 0.05
    assert np.trace(together) < 0.9 * np.trace(periodic)


def test_a_void_in_the_sides_carries_nothing(tmp_path):
    corner = np.array([[0, 1, 1], [1, 1, 1], [1, 1, 1]])
    cell = elastic(tmp_path, lambda p: blocks(p, corner, 0.12), 2, {"b": SOFT}, omit=["a"])
    assert uniform_tractions(cell) is None
    layer = np.array([[1, 1, 0]])
    cell = elastic(tmp_path, lambda p: blocks(p, layer, 0.2), 2, {"b": SOFT}, omit=["a"])
    assert uniform_tractions(cell) is None


CASE = """title = "Discs"
[geometry]
shape = "particles"
width = "1 um"
resolution = "0.06 um"
layers = [{ name = "matrix", thickness = "1 um" }]
name = "discs"
inside = "matrix"
volume_fraction = 0.3
arrangement = "cubic"
periodic = "all"
[mechanics.solids.matrix]
law = "isotropic"
youngs_modulus = "10 MPa"
poissons_ratio = 0.3
[mechanics.solids.discs]
law = "isotropic"
youngs_modulus = "100 MPa"
poissons_ratio = 0.2
[effective]
stiffness = true
uniform_tractions = true
[numerics]
refinement = "none"
"""


def test_a_run_tells_the_moduli(tmp_path):
    (tmp_path / "case.toml").write_text(CASE, "utf-8")
    solution = simulate(load_case(tmp_path / "case.toml"), COMM, lambda _: None)
    found = {quantity.name: quantity.value for quantity in solution.quantities}
    assert solution.effective.left_out == ()
    for axis in "xyz":
        names = ("reuss", "traction", "effective", "affine", "voigt")
        values = [found[f"{name}_youngs_modulus.{axis}"] for name in names]
        assert values == sorted(values) and values[0] < 0.999 * values[-1]
    assert found["traction_shear_modulus.xy"] < found["effective_shear_modulus.xy"]
    assert found["traction_stiffness.xxxx"] < found["effective_stiffness.xxxx"]


def test_a_run_says_that_it_has_none(tmp_path):
    # four by four squares of triangles, without those in the middle of the left and right sides
    line = np.linspace(0.0, 1.0, 5)
    points = np.array([[x, y, 0.0] for x in line for y in line])
    there = [(i, j) for i in range(4) for j in range(4) if not (i in (0, 3) and j == 1)]
    corner = [5 * i + j for i, j in there]
    cells = [[c, c + 5, c + 6] for c in corner] + [[c, c + 6, c + 1] for c in corner]
    tags = [np.zeros(len(cells), dtype=np.int64)]
    mesh = meshio.Mesh(points, [("triangle", np.array(cells))], cell_data={"matrix": tags})
    mesh.write(tmp_path / "cell.vtu")
    head = """title = "Void"
[geometry]
mesh_file = "cell.vtu"
dimension = "plane"
length_unit = "1 um"
periodic = ["x", "y"]
"""
    solid = CASE[CASE.index("[mechanics.solids.matrix]") : CASE.index("[mechanics.solids.discs]")]
    text = head + solid + CASE[CASE.index("[effective]") :]
    (tmp_path / "case.toml").write_text(text, "utf-8")
    lines = []
    solution = simulate(load_case(tmp_path / "case.toml"), COMM, lines.append)
    (said,) = solution.effective.left_out
    assert "a void reaches the sides" in said and said in lines
    names = {quantity.name for quantity in solution.quantities}
    assert "affine_youngs_modulus.x" in names
    assert not any(name.startswith("traction") for name in names)
