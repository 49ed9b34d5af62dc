"""Three-point bounds of periodic cells: exact moments, known conductivities inside, random cells.

Square array of cylinders, volume fraction f: the series of Perrins, McKenzie & McPhedran 1979,
k = 1 - 2f/(T + f - c/T), T = (1 + a)/(1 - a) of the contrast a, has to third order in a - 1

    f (1 - f) (1 - f + zeta)/4 = f ((1 - f)^2 + c)/4,   zeta = c/(1 - f),
    c = 0.305827 f^4 + 0.013362 f^8.

Simple cubic spheres (Sangani & Acrivos 1983, Proc. R. Soc. A 386, 263), s = (a - 1)/(a + 2):
k = 1 + 3f/(1/s - f - X), X = 1.305 f^(10/3) (a - 1)/(a + 4/3) + 0.0723 f^(14/3) (a - 1)/(a + 6/5)
+ 0.153 f^6 (a - 1)/(a + 8/7) gives

    zeta = 3/2 (3/7 1.305 f^(10/3) + 5/11 0.0723 f^(14/3) + 7/15 0.153 f^6)/(1 - f).
"""

from dataclasses import replace
from math import inf, sqrt

import numpy as np
import pytest
from mpi4py import MPI

from meshes import particles
from meshes.build import build
from meshes.layers import Layer
from meshes.micro import Body, Fibres, Particles
from meshes.particles import Balls, balls
from meshes.sizing import default_size
from solver import schema
from solver.domain import read_domain
from solver.effective import cell_volume
from solver.effective_conduction import Conducting, both_sides, fluctuations
from solver.mechanics_run import make_mesh
from solver.simulate import simulate
from solver.tensor_bounds import hashin_shtrikman
from solver.three_point import MIDDLES, moments, three_point
from solver.units import in_unit
from tests.verification.helpers import make_case
from tests.verification.periodic_cells import blocks, conducting, cylinder, sphere

COMM = MPI.COMM_WORLD
CONTINUOUS = ("Lagrange", 2)
WITHOUT_SYMMETRY = np.array([[0, 1, 1], [0, 0, 1], [1, 1, 1], [1, 1, 1]])


def least(tensor):
    return np.linalg.eigvalsh(tensor).min()


def beran(share, zeta, poor, good, dimension):
    """Bounds of an isotropic cell in the form of Milton 1981."""
    other, rest = 1.0 - share, dimension - 1
    mean = other * poor + share * good
    turned = share * poor + other * good + rest * ((1.0 - zeta) * poor + zeta * good)
    high = mean - other * share * (good - poor) ** 2 / turned
    turned = rest * (share / poor + other / good) + (1.0 - zeta) / poor + zeta / good
    low = other / poor + share / good - rest * other * share * (1 / good - 1 / poor) ** 2 / turned
    return 1.0 / low, high


def with_contrast(cell, conductivity):
    return replace(cell, conductivity=conductivity)


def check_order(cell, slack=0.0):
    """L <= lower tensor <= upper tensor <= U, for all directions at once."""
    found = three_point(cell)
    lower, upper = both_sides(cell)
    scale = np.trace(upper.tensor)
    for one, other in (
        (found.lower, lower.tensor), (lower.tensor, upper.tensor), (upper.tensor, found.upper),
    ):  # fmt: skip
        assert least(other - one) >= -slack * scale
    return found


@pytest.mark.parallel
@pytest.mark.parametrize("alpha", [10.0, 100.0, 0.01])
def test_bounds_of_laminates_are_one(tmp_path, alpha):
    # layers 1/4 of 1 and 3/4 of alpha along y: means beside each other, harmonic in series
    colours = np.array([[[0], [1], [1], [1]]])
    cell = conducting(tmp_path, COMM, lambda p: blocks(p, colours, 0.25), 3, {"a": 1.0, "b": alpha})
    found = three_point(cell)
    along, across = 0.25 + 0.75 * alpha, 1.0 / (0.25 + 0.75 / alpha)
    for side in (found.lower, found.upper):
        assert side == pytest.approx(np.diag([along, across, along]), rel=1e-9, abs=1e-9 * alpha)
    for one in (found.continuous, found.middles):
        assert one.depolarising() == pytest.approx(np.diag([0.0, 1.0, 0.0]), abs=1e-10)


def test_moments_are_those_of_a_weak_contrast(tmp_path):
    # k(1 + d) = 1 + phi d - M1 d^2 + M2 d^3 - ...: differences of solves of the true problem
    cell = conducting(
        tmp_path, COMM, lambda p: blocks(p, WITHOUT_SYMMETRY, 0.06), 2, {"a": 1.0, "b": 2.0}
    )
    for kind, side in ((CONTINUOUS, "upper"), (MIDDLES, "lower")):
        found, _ = moments(cell, ("b",), kind)
        one, step = np.eye(2), 0.02

        def change(d, side=side):
            weak = with_contrast(cell, {"a": 1.0, "b": 1.0 + d})
            return fluctuations(weak, side).tensor - np.eye(2)

        once, back = change(step), change(-step)
        twice, far_back = change(2.0 * step), change(-2.0 * step)
        assert found.share == pytest.approx(9.0 / 12.0)
        even = (16.0 * (once + back) - (twice + far_back)) / (24.0 * step**2)
        odd = ((twice - far_back) - 2.0 * (once - back)) / (12.0 * step**3)
        assert (once - back) / (2.0 * step) == pytest.approx(found.share * one, abs=1e-4)
        assert even == pytest.approx(-found.first, abs=1e-6)
        assert odd == pytest.approx(found.second, rel=5e-3, abs=1e-4)
        assert abs(found.first[0, 1]) > 1e-3  # no principal axes here


@pytest.mark.parametrize("share", [0.3, 0.7])
def test_square_array_of_cylinders(tmp_path, share):
    # zeta 0.0035399 and 0.247331; k = 1.652036 (0.3) and 4.061707 (0.7) at 10
    cell = conducting(
        tmp_path, COMM, lambda p: cylinder(p, share, 0.1, 0.02), 2,
        {"matrix": 1.0, "inclusion": 10.0},
    )  # fmt: skip
    found = check_order(cell)
    zeta = (0.305827 * share**4 + 0.013362 * share**8) / (1.0 - share)
    assert found.continuous.parameter() == pytest.approx(zeta, abs=5e-5)
    assert found.middles.parameter() == pytest.approx(zeta, abs=2e-3)
    factors = [np.trace(m.depolarising()) for m in (found.continuous, found.middles)]
    assert factors[0] < 1.0 < factors[1] and factors == pytest.approx([1.0, 1.0], abs=6e-3)
    exact = {0.3: 1.652036, 0.7: 4.0617074}[share]
    assert np.diag(found.lower).max() < exact < np.diag(found.upper).min()
    low, high = beran(share, zeta, 1.0, 10.0, 2)
    assert np.diag(found.continuous.lower(1.0, 10.0)) == pytest.approx(low, rel=5e-4)
    assert np.diag(found.upper) == pytest.approx(high, rel=5e-4)
    assert np.diag(found.lower) == pytest.approx(low, rel=2e-2)
    # perfect conductors: 1.860188 and 7.432710; no upper bound without more than zeta
    perfect = replace(found, good=inf)
    best = {0.3: 1.8601883, 0.7: 7.4327093}[share]
    assert 0.85 * best < np.diag(perfect.lower).mean() < best
    assert np.isinf(perfect.upper[0, 0])
    # insulating cylinders: Keller 1964, k(alpha) k(1/alpha) = 1
    insulating = replace(
        found, poor=0.0, good=1.0,
        continuous=replace(
            found.continuous, share=1.0 - share,
            second=found.continuous.first - found.continuous.second,
        ),
    )  # fmt: skip
    upper = np.diag(insulating.upper).max()
    assert 1.0 / best < upper < hashin_shtrikman((1.0 - share, share), (1.0, 0.0), 2)[1]
    assert least(insulating.lower) == 0.0


@pytest.mark.parametrize("ratio", [2.0, 10.0, 100.0])
def test_checkerboard_has_zeta_one_half(tmp_path, ratio):
    # exchange of the phases moves it by half a period
    board = np.array([[0, 1], [1, 0]])
    cell = conducting(tmp_path, COMM, lambda p: blocks(p, board, 0.05), 2, {"a": 1.0, "b": ratio})
    found = check_order(cell)
    assert found.continuous.parameter() == pytest.approx(0.5, abs=1e-4)
    assert found.middles.parameter() == pytest.approx(0.5, abs=5e-4)
    assert np.diag(found.lower).max() < sqrt(ratio) < np.diag(found.upper).min()


@pytest.mark.parametrize(
    ("size", "near", "accuracy"),
    [(0.16, 0.07, 3e-3), pytest.param(0.09, 0.03, 1e-3, marks=[pytest.mark.slow])],
)
def test_simple_cubic_spheres(tmp_path, size, near, accuracy):
    # f = 0.3: zeta = 1.5 (0.010107 + 0.000119 + 0.000052)/0.7 = 0.022024; k(10) = 1.887740
    cell = conducting(
        tmp_path, COMM, lambda p: sphere(p, 0.3, size, near), 3, {"matrix": 1.0, "inclusion": 10.0}
    )
    found = three_point(cell)
    assert found.continuous.parameter() == pytest.approx(0.022024, abs=accuracy)
    assert np.diag(found.lower).max() < 1.8877401 < np.diag(found.upper).min()
    assert np.diag(found.upper) == pytest.approx(1.8877401, rel=4e-2)
    low, high = beran(0.3, 0.022024, 1.0, 10.0, 3)
    assert np.diag(found.continuous.lower(1.0, 10.0)) == pytest.approx(low, rel=accuracy)
    assert np.diag(found.upper) == pytest.approx(high, rel=2.0 * accuracy)
    assert np.diag(replace(found, good=inf).lower).max() < 2.3328845


def body(flat, size, seed=1):
    return Body(1.0, 0.0 if flat else 1.0, (Layer("matrix", 1.0),), size, "all", seed)


RANDOM = {
    "balls": Particles(body(False, 0.1), "filler", "matrix", 0.3, "random", diameter=0.5),
    "fibres": Fibres(
        body(False, 0.1), "filler", "matrix", 0.2, 0.25, 0.0, 1.5, (0.0, 0.0, 1.0)
    ),
    "discs": Particles(body(True, 0.02), "filler", "matrix", 0.3, "random", diameter=0.2),
    "sticks": Fibres(body(True, 0.02), "filler", "matrix", 0.3, 0.1, 0.0, 0.5, (1.0, 0.0)),
}  # fmt: skip


def cell_of(geometry, alpha):
    laws = {"matrix": schema.IonicConductor(1.0), "filler": schema.IonicConductor(alpha)}
    built = make_mesh(make_case(geometry, laws, {}, accuracy=0.3), COMM)
    return Conducting(read_domain(built, COMM), {"matrix": 1.0, "filler": alpha},
                      cell_volume(built), {})  # fmt: skip


@pytest.mark.parametrize("name", RANDOM)
@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=[pytest.mark.slow])])
def test_random_cells_lie_inside_three_point_bounds(name, seed):
    geometry = replace(RANDOM[name], body=replace(RANDOM[name].body, seed=seed))
    cell = cell_of(geometry, 10.0)
    for alpha in (10.0, 100.0, 0.01):
        found = check_order(with_contrast(cell, {"matrix": 1.0, "filler": alpha}))
        # a real interval, inside that of the volume shares
        low, high = (np.diag(side) for side in (found.lower, found.upper))
        share = found.continuous.share
        shares, values = (1.0 - share, share), (found.poor, found.good)
        series, parallel = 1.0 / np.dot(shares, 1.0 / np.array(values)), np.dot(shares, values)
        assert (series < low).all() and (low < high).all() and (high < parallel).all()
        wide, narrow = parallel - series, (high - low).max()
        assert narrow < 0.75 * wide


@pytest.mark.parallel
def test_ranks_agree(tmp_path):
    def at(comm):
        cell = conducting(
            tmp_path, comm, lambda p: blocks(p, WITHOUT_SYMMETRY, 0.08), 2, {"a": 1.0, "b": 20.0}
        )
        found = three_point(cell)
        return np.array([found.lower, found.upper, found.continuous.second, found.middles.first])

    assert at(COMM) == pytest.approx(at(MPI.COMM_SELF), rel=1e-9, abs=1e-11)


def solved(geometry, laws, **asked):
    case = make_case(geometry, laws, {}, accuracy=0.5, refinement="none")
    effective = schema.Effective(conductivity=True, stiffness=False, three_point=True, **asked)
    regions = {name: case.regions[name] for name in laws}
    solution = simulate(replace(case, regions=regions, effective=effective), COMM, lambda _: None)
    return solution, {quantity.name: quantity for quantity in solution.quantities}


def test_a_run_tells_the_bounds():
    laws = {"matrix": schema.IonicConductor(1.0), "filler": schema.IonicConductor(10.0)}
    solution, found = solved(RANDOM["discs"], laws)
    phases = solution.effective.three_point
    for i, axis in enumerate("xy"):
        low, high = found[f"three_point_lower.{axis * 2}"], found[f"three_point_upper.{axis * 2}"]
        assert low.value == pytest.approx(in_unit(float(phases.lower[i, i]), "mS/cm"))
        conductivity = found[f"effective_conductivity.{axis * 2}"]
        assert low.value < conductivity.lower < conductivity.upper < high.value
        assert (low.bound, low.lower, high.upper) == ("estimated", low.value, high.value)
    low, high = found["three_point_lower"].value, found["three_point_upper"].value
    assert low < found["effective_conductivity"].value < high
    assert found["hashin_shtrikman_lower"].value * 0.99 < low
    assert high < found["hashin_shtrikman_upper"].value
    factors = [found[f"depolarising_factor.{axis}"] for axis in "xy"]
    assert all(factor.bound == "guaranteed" for factor in factors)
    assert sum(f.lower for f in factors) < 1.0 < sum(f.upper for f in factors)
    zeta = found["three_point_parameter"]
    assert zeta.lower <= zeta.value <= zeta.upper and "filler" in zeta.meaning


def test_insulators_have_an_upper_bound():
    # Keller's product: the discs as perfect conductors instead, and the other way round
    laws = {"matrix": schema.IonicConductor(1.0), "filler": schema.Insulator()}
    solution, found = solved(RANDOM["discs"], laws)
    assert solution.effective.three_point.regions == ("matrix",)
    assert found["three_point_lower"].value == 0.0
    for axis in ("xx", "yy"):
        top = found[f"three_point_upper.{axis}"].value
        assert found[f"effective_conductivity.{axis}"].upper < top
    assert found["three_point_upper"].value < found["hashin_shtrikman_upper"].value


def test_more_than_two_conductivities_have_none():
    geometry = replace(
        RANDOM["discs"], body=replace(RANDOM["discs"].body, layers=(Layer("matrix", 0.5),))
    )
    laws = {"matrix": schema.IonicConductor(1.0), "filler": schema.IonicConductor(1.0)}
    solution, found = solved(geometry, laws)
    assert solution.effective.three_point is None
    assert any("not just two conductivities" in said for said in solution.effective.left_out)
    assert not any(name.startswith("three_point") for name in found)


@pytest.mark.slow
def test_packings_of_few_discs_have_more_neighbours_than_those_in_equilibrium():
    # Far apart, the dipoles of pairs at distances R (radii): zeta = mean of sum 1/(R^2 - 1)^2. In
    # equilibrium all distances above contact are as likely: R0 = 2 gives phi/3. Our discs that
    # began to overlap end at contact, phi R0^2 of them: with R0 = 2.5 (gap) 0.19 + 0.23 = 0.42 phi.
    phi, diameter, gap = 0.05, 0.0505, 0.0126
    zeta, pairs = [], []
    for seed in range(1, 9):
        geometry = Particles(
            body(True, 0.0063, seed), "filler", "matrix", phi, "random", diameter=diameter, gap=gap
        )
        found, _ = moments(cell_of(geometry, 10.0), ("filler",), CONTINUOUS)
        zeta.append(found.parameter())
        placed = balls(geometry)
        images = [np.array([i, j]) for i in (-1, 0, 1) for j in (-1, 0, 1)]
        away = [placed.centres[:, None] + way - placed.centres[None] for way in images]
        far = np.linalg.norm(np.array(away), axis=-1) / placed.radii[0]
        far = far[far > 1e-9]
        pairs.append(float((1.0 / (far**2 - 1.0) ** 2).sum()) / len(placed.centres))
    assert np.mean(pairs) == pytest.approx(0.42 * phi, rel=0.25)
    assert np.mean(zeta) == pytest.approx(np.mean(pairs), rel=0.25)
    assert np.mean(zeta) > 1.25 * 0.19 * phi


def in_equilibrium(phi, side, seed):
    """Hard discs after many random moves (Metropolis) from a square lattice in the unit cell."""
    random = np.random.default_rng(seed)
    count = side**2
    radius = sqrt(phi / (np.pi * count))
    start = (np.arange(side) + 0.5) / side
    centres = np.stack(np.meshgrid(start, start), axis=-1).reshape(-1, 2)
    for index in np.tile(np.arange(count), 1000):
        there = (centres[index] + (random.random(2) - 0.5) / (2.0 * side)) % 1.0
        away = centres - there
        far = ((away - np.round(away)) ** 2).sum(axis=1)
        far[index] = inf
        if far.min() > 4.0 * radius**2:
            centres[index] = there
    return Balls(centres, np.full(count, radius))


@pytest.mark.slow
def test_discs_in_equilibrium_have_the_published_zeta(monkeypatch, tmp_path):
    # phi/3 - 0.05707 phi^2 (Torquato & Lado 1988, Proc. R. Soc. A 417, 59): 0.0644 at 0.2
    phi, found = 0.2, []
    for seed in range(12):
        placed = in_equilibrium(phi, 5, seed)
        monkeypatch.setattr(particles, "balls", lambda micro, placed=placed: placed)
        geometry = Particles(
            body(True, 0.006, seed), "filler", "matrix", phi, "random",
            diameter=2.0 * float(placed.radii[0]),
        )  # fmt: skip
        built = build(geometry, default_size(geometry, 1e-2), (), tmp_path)
        cell = Conducting(
            read_domain(built, COMM), {"matrix": 1.0, "filler": 2.0}, cell_volume(built), {}
        )
        found.append(moments(cell, ("filler",), CONTINUOUS)[0].parameter())
    error = float(np.std(found, ddof=1) / sqrt(len(found)))
    assert error < 0.01
    assert np.mean(found) == pytest.approx(phi / 3.0 - 0.05707 * phi**2, abs=2.5 * error)
