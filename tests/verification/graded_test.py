"""Graded solids and body forces: exact bars, and J with the terms that they add."""

from dataclasses import replace
from math import log
from pathlib import Path

import numpy as np
import pytest
from dolfinx import fem
from mpi4py import MPI

from meshes.build import build
from meshes.layers import Block, Layer
from meshes.sizing import MeshSize
from solver import compat, hooke
from solver.case import load_case
from solver.domain import read_domain
from solver.elasticity import Solid, Traction, make_body
from solver.equilibrium import Equilibrium, Support
from solver.fracture import energy_release_rates
from solver.graded import factor_at
from solver.mechanics_run import make_mesh
from solver.mechanics_schema import Graded
from solver.problem import make_problem
from solver.simulate import simulate

FRACTURE = Path(__file__).parents[2] / "cases" / "verification" / "fracture"
NONE = np.zeros(6)
HIGH, E = 3.0, 7.0  # um, MPa
HELD = {"left": Support("normal"), "bottom": Support("normal")}


def bar(folder, size, graded=None, force=(0.0, 0.0), pull=0.0, comm=MPI.COMM_SELF):
    """A standing bar of 1 um by 3 um, without lateral strain (nu = 0)."""
    block = Block("block", 1.0, (Layer("bar", HIGH),), None)
    built = comm.bcast(
        build(block, MeshSize(size, 1.0, size), (), folder) if comm.rank == 0 else None
    )
    domain = read_domain(built, comm)
    solid = Solid(hooke.isotropic(E, 0.0), NONE, NONE, graded=graded)
    return make_body(domain, {"bar": solid}, {"top": Traction(-pull)}, force)


def test_a_bar_under_its_own_weight_is_exact(tmp_path):
    # u = -(b/E) (H y - y^2/2), Pi = -b^2 H^3/(6 E) per width; quadratic, so that P2 has it
    state = Equilibrium(bar(tmp_path, 0.5, force=(0.0, -2.0)), HELD, {}).solve()
    u = state.displacement
    y = u.function_space.tabulate_dof_coordinates()[:, 1]
    assert u.x.array[1::2] == pytest.approx(-(2.0 / E) * (HIGH * y - 0.5 * y**2), abs=1e-12)
    assert u.x.array[0::2] == pytest.approx(0.0, abs=1e-12)
    assert state.energy == pytest.approx(-(2.0**2) * HIGH**3 / (6.0 * E), rel=1e-12)
    assert state.reactions["bottom"] == pytest.approx(-2.0 * HIGH, rel=1e-10)
    assert state.balance < 1e-10


@pytest.mark.parametrize("between", ["linear", "exponential"])
def test_a_graded_bar_stretches_as_it_must(between, tmp_path):
    # du/dy = sigma/(E f): H/(f2 - f1) ln(f2/f1) or H (1 - 1/r)/ln r, times sigma/E; r = f2/f1 = 5
    graded = Graded("y", (0.0, HIGH), (1.0, 5.0), between)
    exact = HIGH * (log(5.0) / 4.0 if between == "linear" else 0.8 / log(5.0)) / E
    errors = []
    for size in (0.5, 0.125):
        state = Equilibrium(bar(tmp_path, size, graded, pull=1.0), HELD, {}).solve()
        errors.append(abs(-2.0 * state.energy / exact - 1.0))  # Pi = -sigma u/2
    assert errors[0] < 1e-4
    assert 0.5 * np.log2(errors[0] / errors[1]) > 3.5  # of the energy: h^4


def test_factors_are_read_between_their_places():
    linear = Graded("x", (1.0, 3.0), (2.0, 8.0))
    assert [factor_at(linear, x, 0.0) for x in (0.0, 2.0, 5.0)] == pytest.approx([2.0, 5.0, 8.0])
    steps = replace(linear, along="y", between="exponential")
    assert [factor_at(steps, 0.0, y) for y in (0.0, 2.0, 5.0)] == pytest.approx([2.0, 4.0, 8.0])
    assert factor_at(None, 1.0, 1.0) == 1.0


@pytest.mark.parallel
def test_the_same_numbers_on_any_number_of_ranks(tmp_path):
    comm = MPI.COMM_WORLD
    folder = comm.bcast(tmp_path)
    graded = Graded("y", (0.0, 1.0, HIGH), (1.0, 5.0, 2.0))
    args = (0.3, graded, (0.0, -2.0), 1.0)
    together = Equilibrium(bar(folder, *args, comm=comm), HELD, {}).solve()
    own = tmp_path / f"alone{comm.rank}"
    own.mkdir(parents=True)
    alone = Equilibrium(bar(own, *args), HELD, {}).solve()
    assert together.energy == pytest.approx(alone.energy, rel=1e-10)


HEAVY = """title = "Crack that a body force opens"
[geometry]
shape = "block"
width = "2 um"
layers = [{ name = "solid", thickness = "4 um" }]
crack = { face = "left", start = "3 um", end = "4 um" }
[mechanics.solids.solid]
law = "isotropic"
youngs_modulus = "1 MPa"
poissons_ratio = 0.3
[load]
body_force = ["1 MPa/um", "0 N/m^3"]
[numerics]
accuracy = "0.2 %"
"""


def problem_of(case):
    """The body on a mesh, its answer and its tip."""
    problem = make_problem(case, case.geometry)

    def mesher(made):
        return make_mesh(replace(case, geometry=made, regions={}), MPI.COMM_WORLD)

    body = problem.body_on(problem.mesh(mesher, MPI.COMM_WORLD, 1))
    state = Equilibrium(body, problem.supports, {}).solve()
    return body, state.displacement, problem.tips()[0]


def spread(rates):
    return (max(rates) - min(rates)) / abs(np.mean(rates))


def heavy(tmp_path):
    file = tmp_path / "heavy.toml"
    file.write_text(HEAVY)
    return load_case(file)


def test_a_body_force_has_its_term_in_j(tmp_path):
    # both halves are pulled away from the plane of the crack: b W = 2 MPa there
    case = heavy(tmp_path)
    solution = simulate(case, MPI.COMM_WORLD, lambda _: None)
    numbers = {q.name: q.value for q in solution.quantities}
    rate = numbers["energy_release_rate"]
    # an edge crack of a/W = 1/4 under 2 MPa alone: 1.5^2 pi a sigma^2/E' = 26, with bending of the
    # whole plate more or less; the extension of the crack says how much
    assert 10.0 < rate < 60.0
    assert numbers["energy_release_rate_by_extension"] == pytest.approx(rate, rel=1e-3)
    assert numbers["contour_dependence"] < 1e-3
    intensity = (rate / (1.0 - 0.3**2)) ** 0.5  # MPa um^0.5
    assert 1e3 * numbers["stress_intensity_by_interaction"] == pytest.approx(intensity, rel=1e-4)
    body, u, tip = problem_of(case)
    assert spread(energy_release_rates(body, u, tip)) < 1e-3
    # without the work of the body force J depends on its contour
    assert spread(energy_release_rates(replace(body, force=None), u, tip)) > 5e-3


@pytest.mark.parametrize("variant", ["", "stiffer"])
def test_a_graded_solid_has_its_term_in_j(variant):
    case = load_case(FRACTURE / "graded_plate.toml")
    case = case.variants[variant] if variant else case
    body, u, tip = problem_of(case)
    rates = energy_release_rates(body, u, tip)
    assert spread(rates) < 1e-3
    # with a modulus that moves with the mesh the term of the gradient is missing
    carried = fem.Function(fem.functionspace(body.domain.mesh, ("DG", 2)))
    points = compat.interpolation_points(carried.function_space)
    carried.interpolate(fem.Expression(body.grade, points))
    frozen = energy_release_rates(replace(body, grade=carried), u, tip)
    assert spread(frozen) > 1e-2
    # the smallest contour feels it least
    assert abs(frozen[0] / rates[0] - 1.0) < abs(frozen[-1] / rates[-1] - 1.0)


def test_the_crack_in_a_graded_plate_grows_by_its_energy():
    case = load_case(FRACTURE / "graded_plate.toml").variants["stiffer_a02"]
    solution = simulate(case, MPI.COMM_WORLD, lambda _: None)
    numbers = {q.name: q for q in solution.quantities}
    rate = numbers["energy_release_rate"]
    assert numbers["energy_release_rate_by_extension"].value == pytest.approx(rate.value, rel=1e-3)
    # K_I with the modulus at the tip, 10^0.2 of the one at the side
    intensity = numbers["stress_intensity"].value
    assert 1e6 * intensity**2 * (1.0 - 0.3**2) / 10.0**0.2 == pytest.approx(rate.value, rel=1e-6)
    other = numbers["stress_intensity_by_interaction"].value
    assert other == pytest.approx(intensity, rel=5e-5)
    assert solution.quantities and numbers["shape_factor"].hit


SLANTED = """title = "Slanted crack in a graded body that a body force pulls"
[geometry]
shape = "block"
width = "8 um"
layers = [{ name = "solid", thickness = "8 um" }]
flaws = [{ name = "flaw", x = "3 um", y = "3 um", length = "2 um", angle = "40 degree" }]
[mechanics.solids.solid]
law = "isotropic"
youngs_modulus = "1 MPa"
poissons_ratio = 0.3
[mechanics.solids.solid.graded]
along = "y"
between = "exponential"
at = ["0 um", "8 um"]
factors = [1.0, 20.0]
[mechanics.faces]
bottom = { law = "clamped" }
flaw = { law = "traction", pressure = "0.3 MPa" }
[load]
body_force = ["0.1 MPa/um", "0.5 MPa/um"]
[numerics]
refinement = "none"
[output]
pictures = false
"""


def test_both_modes_of_a_slanted_crack_make_its_driving_force(tmp_path):
    # E'(tip) G = K_I^2 + K_II^2 with E' = 20^(y/8)/(1 - nu^2), whatever the contour
    file = tmp_path / "slanted.toml"
    file.write_text(SLANTED)
    solution = simulate(load_case(file), MPI.COMM_WORLD, lambda _: None)
    found = solution.mechanical
    for (tip, force), both in zip(found.tips, found.intensities, strict=True):
        modulus = 20.0 ** (tip.level / 8.0) / (1.0 - 0.3**2)
        opening, shear = both.values
        assert abs(shear) > 0.1 * opening > 0.0
        assert (opening**2 + shear**2) / modulus == pytest.approx(force.value, rel=3e-4)
        assert both.spread < 1e-3 * opening
