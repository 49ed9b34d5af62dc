"""Effective conductivities of periodic cells against exact ones, which lie inside the bounds.

k over that of the matrix, alpha = inclusion over matrix. Simple cubic spheres and square arrays of
cylinders: series of multipoles (McPhedran & McKenzie 1978, Proc. R. Soc. A 359, 45; Perrins,
McKenzie & McPhedran 1979, Proc. R. Soc. A 369, 207), truncated where they stay the same to 1e-10.
"""

from dataclasses import replace
from math import inf, sqrt

import numpy as np
import pytest
from mpi4py import MPI

from meshes.layers import Layer
from meshes.micro import Body, Particles
from solver import effective_conduction, schema
from solver.effective_conduction import Percolates, both_sides
from solver.simulate import simulate
from solver.tensor_bounds import Between, hashin_shtrikman, series_and_parallel
from solver.units import in_unit
from tests.verification.helpers import make_case
from tests.verification.periodic_cells import blocks, conducting, cylinder, sphere

COMM = MPI.COMM_WORLD
# phi = 0.3 and 0.7, alpha = infinity, 0, 10
CYLINDERS = {
    (0.3, inf): 1.8601883065, (0.3, 0.0): 0.5375799840, (0.3, 10.0): 1.6520360111,
    (0.7, inf): 7.4327093287, (0.7, 0.0): 0.1345404422, (0.7, 10.0): 4.0617073986,
}  # fmt: skip
SPHERES = {
    (0.1, inf): 1.3335588507, (0.1, 0.0): 0.8571119000, (0.1, 10.0): 1.2433385463,
    (0.2, inf): 1.7558760889, (0.2, 0.0): 0.7267030398, (0.2, 10.0): 1.5317238578,
    (0.3, inf): 2.3328845132, (0.3, 0.0): 0.6056612465, (0.3, 10.0): 1.8877400576,
}  # fmt: skip
FAST = {(0.3, inf), (0.3, 0.0)}


def tensor(tmp_path, make, dim, conductivity):
    lower, upper = both_sides(conducting(tmp_path, COMM, make, dim, conductivity))
    found = Between(lower.tensor, upper.tensor)
    # the order itself, for all directions at once
    assert np.linalg.eigvalsh(found.upper - found.lower).min() >= 0.0
    return found


def mixture(alpha):
    return {"matrix": 1.0, "inclusion": alpha}


def check(found, exact, accuracy):
    """Inside of the bounds along every axis, and no further from the middle than asked."""
    assert (np.diag(found.lower) <= exact).all() and (exact <= np.diag(found.upper)).all()
    assert np.diag(found.value) == pytest.approx(exact, rel=accuracy)
    off = found.value - np.diag(np.diag(found.value))
    assert (np.abs(off) <= found.half_width()).all()  # it is 0 by symmetry


@pytest.mark.parametrize(("share", "alpha"), CYLINDERS)
def test_square_array_of_cylinders(tmp_path, share, alpha):
    found = tensor(tmp_path, lambda path: cylinder(path, share, 0.1, 0.02), 2, mixture(alpha))
    check(found, CYLINDERS[share, alpha], 2e-3)


@pytest.mark.parametrize(
    ("share", "alpha"),
    [pytest.param(*key, marks=[] if key == (0.3, 0.0) else [pytest.mark.slow]) for key in SPHERES],
)
def test_simple_cubic_spheres(tmp_path, share, alpha):
    near = 0.024 if alpha == inf else 0.03  # the field is steepest where spheres conduct perfectly
    found = tensor(tmp_path, lambda path: sphere(path, share, 0.09, near), 3, mixture(alpha))
    check(found, SPHERES[share, alpha], 2e-3)


def test_bounds_come_closer_with_the_square_of_the_size(tmp_path):
    def make(size):
        return lambda path: cylinder(path, 0.3, 3.0 * size, size)

    gaps = [tensor(tmp_path, make(size), 2, mixture(10.0)).width() for size in (0.08, 0.04, 0.02)]
    rates = np.log2(np.array(gaps[:-1]) / gaps[1:])
    assert (rates > 1.7).all(), rates  # smooth fields: 2


@pytest.mark.parametrize("ratio", [2.0, 10.0])
def test_checkerboard_is_the_geometric_mean(tmp_path, ratio):
    # at the corners potentials go as r^lambda: the gap falls slowly, the bounds hold anyway
    board = np.array([[0, 1], [1, 0]])
    found = tensor(tmp_path, lambda path: blocks(path, board, 0.02), 2, {"a": 1.0, "b": ratio})
    exact = sqrt(ratio)
    assert (np.diag(found.lower) < exact).all() and (exact < np.diag(found.upper)).all()
    assert np.diag(found.value) == pytest.approx(exact, rel=2e-3 if ratio < 5.0 else 2e-2)


def test_kellers_product(tmp_path):
    # k_xx(a, b) k_yy(b, a) = a b in the plane, for every geometry: here one without any symmetry
    colours = np.array([[0, 1, 1], [0, 0, 1], [1, 1, 1], [1, 1, 1]])

    def make(path):
        return blocks(path, colours, 0.04)

    one = tensor(tmp_path, make, 2, {"a": 1.0, "b": 4.0})
    other = tensor(tmp_path, make, 2, {"a": 4.0, "b": 1.0})
    for i, j in ((0, 1), (1, 0)):
        assert one.lower[i, i] * other.lower[j, j] < 4.0 < one.upper[i, i] * other.upper[j, j]
        assert one.value[i, i] * other.value[j, j] == pytest.approx(4.0, rel=2e-3)
    assert abs(one.value[0, 0] / one.value[1, 1] - 1.0) > 0.02  # it is no isotropic cell
    assert abs(one.value[0, 1]) > 3.0 * one.half_width()[0, 1]  # nor one along the axes


@pytest.mark.parallel
def test_laminates_are_exact(tmp_path):
    # layers 1/4 of 2 and 3/4 of 10 along y: 8 beside each other, 1/(0.125 + 0.075) = 5 in series
    colours = np.array([[[0], [1], [1], [1]]])
    found = tensor(tmp_path, lambda path: blocks(path, colours, 0.25), 3, {"a": 2.0, "b": 10.0})
    for side in (found.lower, found.upper):
        assert side == pytest.approx(np.diag([8.0, 5.0, 8.0]), rel=1e-10, abs=1e-10)


@pytest.mark.parallel
def test_ranks_agree_also_where_conductors_cross_the_sides(tmp_path):
    # a conductor of any shape moved by a third of a period is the same cell
    def at(i, j, comm, value):
        colours = np.ones((3, 3))
        colours[i, j] = 0
        cell = conducting(
            tmp_path, comm, lambda p: blocks(p, colours, 0.08), 2, {"a": value, "b": 1}
        )
        return np.array([side.tensor for side in both_sides(cell)])

    for value in (inf, 0.0, 10.0):
        together = at(0, 0, COMM, value)
        assert together == pytest.approx(at(0, 0, MPI.COMM_SELF, value), rel=1e-10, abs=1e-10)
        low, high = (np.diag(side) for side in together)
        low_1, high_1 = (np.diag(side) for side in at(1, 1, MPI.COMM_SELF, value))
        assert (low < high_1).all() and (low_1 < high).all()
        assert low + high == pytest.approx(low_1 + high_1, rel=2e-3)


def test_a_conductor_through_the_cell_has_no_finite_conductivity(tmp_path):
    colours = np.array([[0, 1], [0, 1]])
    with pytest.raises(Percolates, match="along x"):
        tensor(tmp_path, lambda path: blocks(path, colours, 0.2), 2, {"a": inf, "b": 1.0})


def test_what_floats_in_an_insulator_carries_nothing(tmp_path):
    # b, an island all around which a is left out, and the rest, a laminate along x of c
    colours = np.array([[1, 1, 1, 1, 1], [1, 0, 0, 0, 1], [1, 0, 1, 0, 1], [1, 0, 0, 0, 1]])

    def make(path):
        return blocks(path, colours, 0.1)

    found = tensor(tmp_path, make, 2, {"a": 0.0, "b": 1.0})
    colours_without = colours.copy()
    colours_without[2, 2] = 0
    without = tensor(tmp_path, lambda p: blocks(p, colours_without, 0.1), 2, {"a": 0.0, "b": 1.0})
    assert found.lower == pytest.approx(without.lower, rel=5e-3, abs=5e-3)
    assert found.upper == pytest.approx(without.upper, rel=5e-3, abs=5e-3)


def test_mixtures_in_closed_form():
    # phi = 0.2 of 1 in 0.01: 3D 0.0172263, 0.1520343; plane 0.0148768, 0.1209767
    assert hashin_shtrikman((0.2, 0.8), (1.0, 0.01), 3) == pytest.approx((0.017226277, 0.152034261))
    assert hashin_shtrikman((0.2, 0.8), (1.0, 0.01), 2) == pytest.approx((0.014876847, 0.120976693))
    assert hashin_shtrikman((0.2, 0.8), (0.0, 1.0), 3) == pytest.approx((0.0, 0.8 / 1.1))
    assert series_and_parallel((0.25, 0.75), (2.0, 10.0)) == pytest.approx((5.0, 8.0))
    assert series_and_parallel((0.5, 0.5), (0.0, 1.0)) == (0.0, 0.5)


@pytest.mark.parametrize("seed", [1, 2])
def test_random_blocks_are_between_series_and_parallel(tmp_path, seed):
    colours = np.random.default_rng(seed).integers(0, 2, (5, 5))
    found = tensor(tmp_path, lambda path: blocks(path, colours, 0.08), 2, {"a": 1.0, "b": 5.0})
    share = colours.mean()
    low, high = series_and_parallel((1.0 - share, share), (1.0, 5.0))
    assert np.linalg.eigvalsh(found.upper).min() > low
    assert np.linalg.eigvalsh(found.lower).max() < high


def test_components_lie_where_the_order_of_tensors_lets_them():
    rng = np.random.default_rng(3)
    root = rng.normal(size=(3, 3))
    gap = root @ root.T
    between = Between(np.eye(3), np.eye(3) + gap)
    worst = np.zeros((3, 3))
    for _ in range(2000):
        turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
        share = turn @ np.diag(rng.integers(0, 2, 3)) @ turn.T  # extreme ones: projections
        there = np.eye(3) + root @ share @ root.T
        worst = np.maximum(worst, np.abs(there - between.value) / between.half_width())
    assert (worst <= 1.0 + 1e-12).all() and (worst > 0.95).all()


def dispersion(dimension, seed, alpha):
    """A case of random balls (discs), volume fraction 0.3, in a cell of some diameters."""
    flat = dimension == 2
    body = Body(
        width=1.0,
        depth=0.0 if flat else 1.0,
        layers=(Layer("matrix", 1.0),),
        resolution=0.03 if flat else 0.1,
        periodic="all",
        seed=seed,
    )
    balls = Particles(body, "balls", "matrix", 0.3, "random", diameter=0.25 if flat else 0.5)
    law = schema.Insulator() if alpha == 0.0 else schema.IonicConductor(alpha)
    case = make_case(balls, {"matrix": schema.IonicConductor(1.0), "balls": law}, {}, accuracy=0.3)
    regions = {name: case.regions[name] for name in ("matrix", "balls")}
    effective = schema.Effective(conductivity=True, stiffness=False)
    return replace(case, regions=regions, effective=effective)


@pytest.mark.parametrize(("dimension", "seed"), [(2, 1), (2, 2), (2, 3), (3, 1)])
@pytest.mark.parametrize("alpha", [0.0, 10.0])
def test_random_dispersions_lie_inside_hashin_and_shtrikman(dimension, seed, alpha):
    # of two phases, also where the cell is not isotropic: the trace bounds of Murat and Tartar
    # 1985 give them for the mean of the principal values by Jensen's inequality
    solution = simulate(dispersion(dimension, seed, alpha), COMM, lambda _: None)
    found = {quantity.name: quantity for quantity in solution.quantities}
    mean = found["effective_conductivity"]
    share = solution.effective.conductivity.cell.domain.built.parts
    phi = {part.name: part.fraction for part in share}
    assert phi["balls"] == pytest.approx(0.3, rel=0.02)
    low, high = hashin_shtrikman((phi["matrix"], phi["balls"]), (1.0, alpha), dimension)
    assert found["hashin_shtrikman_upper"].value == pytest.approx(in_unit(high, "mS/cm"))
    low, high = in_unit(low, "mS/cm"), in_unit(high, "mS/cm")
    assert low < mean.value < high
    assert mean.lower < high and low < mean.upper


def test_nothing_conducts_where_no_way_leads_through(tmp_path):
    # islands of b and c that a, left out, keeps apart: 0 exactly, by no tolerance
    islands = np.array([[0, 0, 0, 0], [0, 1, 2, 0], [0, 1, 2, 0], [0, 0, 0, 0]])
    parts = {"a": 0.0, "b": 1.0, "c": 1e6}
    found = tensor(tmp_path, lambda path: blocks(path, islands, 0.1), 2, parts)
    assert not found.lower.any() and not found.upper.any()
    assert found.width() == 0.0 and found.shut() == (0, 1)
    # a row of them conducts along x alone, b and c in series
    rows = np.array([[0, 0, 0, 0], [1, 1, 2, 2], [0, 0, 0, 0], [0, 0, 0, 0]])
    found = tensor(
        tmp_path, lambda path: blocks(path, rows.T, 0.1), 2, {"a": 0.0, "b": 1.0, "c": 4.0}
    )
    assert found.shut() == (1,) and found.value[0, 0] == pytest.approx(0.25 * 1.6, rel=1e-11)
    assert not found.upper[1].any() and not found.lower[:, 1].any()
    assert found.lower[0, 0] <= 0.4 <= found.upper[0, 0]


@pytest.mark.parametrize("ratio", [1e9, 1e15])
def test_a_way_that_conducts_badly_is_a_way(tmp_path, ratio):
    # squares of half the width: columns side by side 0.5 + 0.5 x 2, layers in series 1/(0.5 / 1)
    islands = np.array([[0, 0], [0, 1]])
    parts = {"a": 1.0, "b": ratio}
    found = tensor(tmp_path, lambda path: blocks(path, islands, 0.1), 2, parts)
    assert found.shut() == ()
    assert (np.diag(found.upper) > 1.5).all() and (np.diag(found.lower) < 2.0).all()
    assert found.width() < 0.2


def test_bounds_that_cross_are_made_wider(tmp_path, monkeypatch):
    exact = effective_conduction.fluctuations

    def rounded(cell, side):
        found = exact(cell, side)
        off = 1e-3 if side == "lower" else -1e-3
        return replace(found, tensor=found.tensor + off * np.eye(2))

    monkeypatch.setattr(effective_conduction, "fluctuations", rounded)
    board = np.array([[0, 0], [0, 0]])
    found = tensor(tmp_path, lambda path: blocks(path, board, 0.2), 2, {"a": 1.0})
    # uniform: 1, computed as 1.001 from below and 0.999 from above
    assert (np.diag(found.lower) <= 1.0).all() and (np.diag(found.upper) >= 1.0).all()
    assert found.width() >= 1e-3


def test_a_crossing_is_no_gap_of_zero():
    crossed = Between(np.diag([1.0, 1.0]), np.diag([0.9, 0.9]))
    assert crossed.width() == pytest.approx(0.1 / 0.95)


def test_apart_conductors_are_told_with_one_mesh():
    # discs 0.12 apart in an insulator: no finer mesh makes 0 any better known
    case = dispersion(2, 1, 10.0)
    body = replace(case.geometry.body, resolution=0.06)
    apart = replace(case.geometry, body=body, volume_fraction=0.15, gap=0.12)
    regions = {"matrix": schema.Insulator(), "balls": schema.IonicConductor(10.0)}
    said = []
    solution = simulate(replace(case, geometry=apart, regions=regions), COMM, said.append)
    mean = next(q for q in solution.quantities if q.name == "effective_conductivity")
    assert (mean.value, mean.lower, mean.upper, mean.bound) == (0.0, 0.0, 0.0, "guaranteed")
    found = solution.effective.conductivity
    assert len(found.history) == 1 and found.reached
    assert any(line.startswith("no path: no conductor leads") and "x, y" in line for line in said)
