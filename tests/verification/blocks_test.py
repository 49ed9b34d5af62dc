"""Large bodies in 3D, solved by blocks: the same answers as by elimination, and exact ones."""

import numpy as np
import pytest
from mpi4py import MPI

from meshes.build import build
from meshes.layers import Box, Layer
from meshes.sizing import MeshSize
from solver import equilibrium, hooke
from solver.domain import read_domain
from solver.elasticity import Solid, Traction, make_body
from solver.equilibrium import Equilibrium, Support
from tests.verification.elasticity_test import NU, E, solid

pytestmark = pytest.mark.parallel
SLIDES, PLATE = Support("normal"), Support("plate")
LAYERS = (Layer("soft", 1.0), Layer("stiff", 0.5))
PRESSURE = 2e-3


@pytest.fixture
def domain(tmp_path_factory):
    comm = MPI.COMM_WORLD
    built = None
    if comm.rank == 0:
        folder = tmp_path_factory.mktemp("box")
        built = build(Box(1.0, 0.8, LAYERS, None), MeshSize(0.4, 1.0, 0.4), (), folder)
    return read_domain(comm.bcast(built), comm)


def solved(domain, solids, tractions, supports, monkeypatch, by_blocks):
    """The state, as a small body or as if it were a large one."""
    monkeypatch.setattr(equilibrium, "DIRECT_LIMIT", 0 if by_blocks else 10**9)
    body = make_body(domain, solids, tractions)
    found = Equilibrium(body, supports, {})
    assert (found.blocks is not None) == by_blocks
    state = found.solve()
    assert state.balance < 1e-8
    return state


def test_a_pressed_bar_is_shortened_by_hooke(domain, monkeypatch):
    # a plate on top, free sides: eps_zz = -p/E, eps_xx = eps_yy = nu p/E; the bottom pushes back
    solids = {"soft": solid(), "stiff": solid()}
    supports = {"left": SLIDES, "front": SLIDES, "bottom": SLIDES, "top": PLATE}
    load = {"top": Traction(pressure=PRESSURE)}
    state = solved(domain, solids, load, supports, monkeypatch, True)
    u = state.displacement
    exact = PRESSURE / E * np.array([NU, NU, -1.0])
    x = u.function_space.tabulate_dof_coordinates()
    assert u.x.array.reshape(-1, 3) == pytest.approx(x * exact, abs=1e-10)
    assert state.reactions["bottom"] == pytest.approx(-PRESSURE * 0.8, rel=1e-8)
    # Pi = -(work of the load)/2
    assert state.energy == pytest.approx(-0.5 * PRESSURE**2 / E * 1.5 * 0.8, rel=1e-8)


@pytest.mark.parametrize("spring", [0.0, 0.4])
def test_two_plates_a_misfit_and_a_given_displacement_as_by_elimination(
    domain, monkeypatch, spring
):
    stiff = Solid(
        hooke.isotropic(10.0 * E, 0.2), 1e-3 * np.array([1.0, 2.0, 0.5, 0, 0, 0]), np.zeros(6)
    )
    solids = {"soft": solid(), "stiff": stiff}
    supports = {
        "left": Support("normal", -1e-3),
        "front": Support("clamped"),
        "bottom": SLIDES,
        "top": PLATE,
        "right": PLATE,
    }
    loads = {"top": Traction(PRESSURE, spring=spring), "right": Traction(-0.5 * PRESSURE)}
    blocks = solved(domain, solids, loads, supports, monkeypatch, True)
    whole = solved(domain, solids, loads, supports, monkeypatch, False)
    size = np.abs(whole.displacement.x.array).max()
    assert blocks.displacement.x.array == pytest.approx(whole.displacement.x.array, abs=1e-9 * size)
    assert blocks.energy == pytest.approx(whole.energy, rel=1e-10)
    assert blocks.reactions == pytest.approx(whole.reactions, rel=1e-7)


def cube_of(width, tmp_path_factory):
    comm = MPI.COMM_WORLD
    built = None
    if comm.rank == 0:
        folder = tmp_path_factory.mktemp("cube")
        layers = (Layer("soft", width),)
        built = build(Box(width, width, layers, None), MeshSize(1.0, 1.0, 1.0), (), folder)
    return read_domain(comm.bcast(built), comm)


def test_a_larger_body_takes_no_more_steps(monkeypatch, tmp_path_factory):
    # the mesh is as fine in both; aggregation of quadratic nodes took 36 and 46 here
    counts = []
    for width in (4.0, 8.0):
        cube = cube_of(width, tmp_path_factory)
        load = {"top": Traction(pressure=PRESSURE)}
        supports = {"left": SLIDES, "front": Support("clamped"), "bottom": SLIDES}
        monkeypatch.setattr(equilibrium, "DIRECT_LIMIT", 0)
        found = Equilibrium(make_body(cube, {"soft": solid()}, load), supports, {})
        counts.append(found.solve().iterations)
    assert counts[1] <= counts[0] + 2, counts
    assert counts[1] < 30, counts
