"""Layers and cracks in 3D that press on each other, against what is known without this program."""

from dataclasses import replace
from math import pi
from pathlib import Path

import numpy as np
import pytest
from dolfinx import fem
from mpi4py import MPI

from meshes.build import build
from meshes.layers import Block, Box, Ellipse, Layer
from meshes.sizing import MeshSize
from solver import hooke
from solver.broken import NORMAL, Break
from solver.broken_equilibrium import BrokenEquilibrium
from solver.case import load_case
from solver.crack_front import front_rates, moved_front
from solver.domain import facet_entities, read_domain
from solver.elasticity import Profile, Solid, Traction, make_body
from solver.equilibrium import Equilibrium, Support
from solver.interface_schema import Joint
from solver.run import status_of
from solver.simulate import simulate
from solver.solve import SolveFailed
from solver.touching import UP, solve_touching

WORLD, SELF = MPI.COMM_WORLD, MPI.COMM_SELF
SLIDES = Support("normal")
CORNER = {name: SLIDES for name in ("left", "front", "bottom")}
SMOOTH, STICKING = Joint("contact", friction="none"), Joint("contact", friction="sticking")
NAME = "lower|upper"
LAYERS = Box(2.0, 1.0, (Layer("lower", 1.0), Layer("upper", 0.5)), None)
MISFIT, PRESSURE = 1e-3, 0.01


def solid(modulus, ratio=0.3, misfit=0.0):
    free = misfit * np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
    return Solid(hooke.isotropic(modulus, ratio), free, np.zeros(6))


SOLIDS = {"lower": solid(3.0), "upper": solid(10.0, 0.2, MISFIT)}


def domain_of(body, tmp_path, size=None, comm=WORLD):
    built = None
    if comm.rank == 0:
        folder = tmp_path / f"{comm.size}-{WORLD.rank}"
        folder.mkdir(exist_ok=True)
        built = build(body, size or MeshSize(0.4, 0.35, 0.4), (), folder)
    return read_domain(comm.bcast(built), comm)


def layers_of(tmp_path, joint, loads, supports=CORNER, comm=WORLD):
    body = make_body(domain_of(LAYERS, tmp_path, comm=comm), SOLIDS, loads)
    found = solve_touching(body, supports, {NAME: joint}, {})
    assert found.state.balance < 1e-8
    return body, found, found.touches[NAME]


def largest(comm, values):
    return comm.allreduce(float(np.abs(values).max(initial=0.0)), op=MPI.MAX)


# --- layers ---------------------------------------------------------------------------------------


@pytest.mark.parallel
def test_layers_that_slide_have_each_their_own_uniform_stress(tmp_path):
    # each carries -p and nothing along: energy -p^2/(2 E) + p e per volume, and lateral strains
    # nu p/E below and e + nu' p/E' above, which part the far corner (2, 1) by sqrt(5) times as much
    p = PRESSURE
    body, found, touch = layers_of(tmp_path, SMOOTH, {"top": Traction(p)})
    comm = body.domain.comm
    energy = -(p**2 / 6.0) * 2.0 - (p**2 / 20.0 - p * MISFIT) * 1.0
    assert found.state.energy == pytest.approx(energy, rel=1e-9)
    assert comm.allreduce(float(touch.area.sum())) == pytest.approx(2.0, rel=1e-12)
    assert largest(comm, touch.force[:, UP] / touch.area - p) < 1e-9 * p
    assert largest(comm, touch.force[:, :UP]) < 1e-9 * p
    assert largest(comm, touch.opening[:, UP]) == 0.0
    slip = (MISFIT + 0.2 * p / 10.0 - 0.3 * p / 3.0) * np.array([2.0, 1.0])
    for axis in (0, 1):
        assert largest(comm, touch.opening[:, axis]) == pytest.approx(abs(slip[axis]), rel=1e-9)
    assert found.state.reactions["bottom"] == pytest.approx(-2.0 * p, rel=1e-9)


def test_layers_that_stick_under_pressure_are_as_good_as_bonded(tmp_path):
    # strong enough that the edges of the strained layer do not lift
    loads = {"top": Traction(0.1)}
    body, found, touch = layers_of(tmp_path, STICKING, loads)
    bonded = Equilibrium(body, CORNER, {}).solve()
    assert found.state.energy == pytest.approx(bonded.energy, rel=1e-9)
    assert largest(body.domain.comm, touch.opening) == 0.0
    _, smooth, _ = layers_of(tmp_path, SMOOTH, loads)
    assert smooth.state.energy < bonded.energy - 1e-4 * abs(bonded.energy)  # it gives way


@pytest.mark.parametrize("joint", [SMOOTH, STICKING], ids=["smooth", "sticking"])
def test_layers_that_are_pulled_apart_are_free_of_stress(joint, tmp_path):
    # the upper face goes up by 0.1; the layer itself is longer by e times its thickness 0.5
    supports = {**CORNER, "top": Support("normal", 0.1)}
    body, found, touch = layers_of(tmp_path, joint, {}, supports)
    comm = body.domain.comm
    assert abs(found.state.energy) < 1e-16
    assert abs(found.state.reactions["top"]) < 1e-12
    gap = 0.1 - 0.5 * MISFIT
    assert largest(comm, touch.opening[:, UP] - gap) < 1e-12
    assert largest(comm, touch.force) < 1e-12


def test_a_layer_that_a_tension_lifts_is_held_by_nothing(tmp_path):
    with pytest.raises(SolveFailed, match="mechanics"):
        layers_of(tmp_path, SMOOTH, {"top": Traction(-PRESSURE)})


def curled(tmp_path, depth, size, comm=WORLD, joint=SMOOTH):
    """A strip that curls up from another one, pressed down: 3D for a depth, else plane strain."""
    layers = (Layer("lower", 0.5), Layer("middle", 0.25), Layer("upper", 0.25))
    solids = {"lower": solid(3.0), "middle": solid(10.0), "upper": solid(10.0, 0.3, -MISFIT)}
    loads, body = {"top": Traction(1.5e-4)}, None
    if depth:
        domain = domain_of(
            Box(4.0, depth, layers, None), tmp_path, MeshSize(size, 0.35, size), comm
        )
        body = make_body(domain, solids, loads)
        found = solve_touching(body, {**CORNER, "back": SLIDES}, {"lower|middle": joint}, {})
        touch = found.touches["lower|middle"]
        shares = touch.area[touch.apart > 0.0]
        return found.state, largest(comm, touch.opening[:, UP]), comm.allreduce(shares.sum()), touch
    domain = domain_of(
        Block("block", 4.0, layers, None), tmp_path, MeshSize(size, 0.35, size), comm
    )
    body = make_body(domain, solids, loads)
    broken = Break("lower|middle", "lower", "middle", joint, 4.0)
    held = {name: SLIDES for name in ("left", "bottom")}
    found = BrokenEquilibrium(body, held, (broken,), {}).solve()
    jump = found.jumps["lower|middle"]
    w = jump.opening[:, NORMAL]
    return found.state, largest(comm, w), comm.allreduce(jump.length[w > 0.0].sum()), jump


@pytest.mark.parametrize("joint", [SMOOTH, STICKING], ids=["smooth", "sticking"])
def test_a_layer_that_curls_up_does_so_as_in_plane_strain(joint, tmp_path):
    # between planes of symmetry the box is the section, which another solver has with other bounds
    flat, opening, length, _ = curled(tmp_path, 0.0, 0.05, joint=joint)
    solid_, lifted, area, touch = curled(tmp_path, 0.5, 0.25, joint=joint)
    assert 0.1 < length < 3.9
    assert solid_.energy == pytest.approx(0.5 * flat.energy, rel=2e-3)
    assert lifted == pytest.approx(opening, rel=2e-2)
    assert area == pytest.approx(0.5 * length, abs=0.5 * 0.25)  # to a cell
    size = largest(WORLD, touch.force)
    open_ = touch.apart > 0.0
    assert largest(WORLD, touch.force[open_]) < 1e-9 * size
    assert touch.force[~open_, UP].min() > -1e-9 * size


@pytest.mark.parallel
def test_the_same_opening_on_any_number_of_ranks(tmp_path):
    together, alone = (curled(tmp_path, 0.5, 0.4, comm) for comm in (WORLD, SELF))
    assert together[0].energy == pytest.approx(alone[0].energy, rel=1e-9)
    assert together[1:3] == pytest.approx(alone[1:3], rel=1e-8)


# --- a crack --------------------------------------------------------------------------------------

PENNY = Box(8.0, 8.0, (Layer("solid", 8.0),), Ellipse((1.0, 1.0)))
SIZE = MeshSize(0.0625, 0.35, 2.0)
TOUCHES = {**CORNER, "crack": Support("obstacle")}


def penny(tmp_path, loads, comm=WORLD, size=SIZE):
    return make_body(domain_of(PENNY, tmp_path, size, comm), {"solid": solid(1.0)}, loads)


def between_nodes(body, displacement, name):
    """The distance of a crack from its plane at points of its facets that are no nodes, um."""
    space = displacement.function_space
    layout = space.dofmap.dof_layout
    pairs = facet_entities(body.domain, name)
    closure = np.array([layout.entity_closure_dofs(2, facet) for facet in range(4)])
    up = displacement.x.array[3 * space.dofmap.list[pairs[:, :1], closure[pairs[:, 1]]] + 2]
    grid = np.array([(i, j, 12 - i - j) for i in range(13) for j in range(13 - i)]) / 12.0
    a, b, c = grid.T
    # middles are numbered by the corner that is across
    edges = [4 * b * c, 4 * a * c, 4 * a * b]
    return up @ np.array([a * (2 * a - 1), b * (2 * b - 1), c * (2 * c - 1), *edges])


def test_a_crack_pressed_shut_carries_the_pressure(tmp_path):
    p = 0.01
    body = penny(tmp_path, {"top": Traction(p)})
    found = solve_touching(body, TOUCHES, {}, {})
    comm, touch = body.domain.comm, found.touches["crack"]
    # uniaxial stress -p, as without a crack; its area is that of the chords
    assert found.state.energy == pytest.approx(-0.5 * p**2 * 512.0, rel=1e-9)
    assert largest(comm, touch.apart) == 0.0
    assert largest(comm, touch.force[:, UP] / touch.area - p) < 1e-8 * p
    whole = next(m.computed for m in body.domain.built.report.facets if m.name == "crack")
    assert comm.allreduce(float(touch.force[:, UP].sum())) == pytest.approx(whole * p, rel=1e-9)
    assert whole == pytest.approx(0.25 * pi, rel=2e-3)  # chords
    total = -found.state.reactions["bottom"] - found.state.reactions["crack"]
    assert total == pytest.approx(64.0 * p, rel=1e-9)
    rates = front_rates(body, found.state.displacement, PENNY).values
    assert np.abs(rates).max() < 1e-9 * p**2


def test_a_crack_pulled_open_does_not_know_of_its_contact(tmp_path):
    body = penny(tmp_path, {"top": Traction(-1.0)})
    found = solve_touching(body, TOUCHES, {}, {})
    free = Equilibrium(body, CORNER, {}).solve()
    assert found.state.energy == pytest.approx(free.energy, rel=1e-9)
    rates = [front_rates(body, state.displacement, PENNY).values for state in (found.state, free)]
    assert rates[0] == pytest.approx(rates[1], rel=1e-8)


def pressed_around(tmp_path, size, comm=WORLD, reach=0.6):
    """Where the body is whole the plane carries 1 - 3/2 (r/c)^2: tension in the middle."""
    body = penny(tmp_path, {}, comm, size)
    stress = fem.Function(fem.functionspace(body.domain.mesh, ("Lagrange", 2, (6,))))

    def carried(x):
        out = np.zeros((6, x.shape[1]))
        out[hooke.ZZ] = 1.0 - 1.5 * (x[0] ** 2 + x[1] ** 2) / reach**2
        return out

    stress.interpolate(carried)
    supports = {**TOUCHES, "top": SLIDES}  # so that nothing moves without the crack
    body = replace(body, initial_stress=stress)
    found = solve_touching(body, supports, {}, {})
    touch = found.touches["crack"]
    volume = 8.0 * comm.allreduce(float((touch.apart * touch.area).sum()))
    open_ = comm.allreduce(float(touch.area[touch.apart > 0.0].sum()))
    return body, found, (volume, open_, 2.0 * largest(comm, touch.opening[:, UP]))


def test_a_crack_opens_where_the_body_pulls_and_is_closed_around(tmp_path):
    # K_I = 2/sqrt(pi a) int s(r) r dr/sqrt(a^2 - r^2) vanishes at a = c: the crack of the radius 1
    # is open to 0.6. Volume 16 (1 - nu^2)/E c^3 2/15 (reciprocity with the even pressure), and in
    # the middle 8 (1 - nu^2)/(pi E) c (1 - 1/3): w = 8 (1 - nu^2)/(pi E) int_0^c g(t)/t dt with
    # g(t) = int_0^t s r dr/sqrt(t^2 - r^2) = t - t^3/c^2
    body, found, (volume, open_, middle) = pressed_around(tmp_path, SIZE)
    assert found.state.balance < 1e-8
    assert volume == pytest.approx(16.0 * 0.91 * 0.6**3 * 2.0 / 15.0, rel=1e-2)
    assert middle == pytest.approx(8.0 * 0.91 / pi * 0.6 * 2.0 / 3.0, rel=1e-2)
    assert open_ == pytest.approx(0.25 * pi * 0.36, rel=0.15)  # to a cell
    touch = found.touches["crack"]
    assert touch.apart.min() == 0.0
    size = largest(WORLD, touch.force)
    assert touch.force[:, UP].min() > -1e-9 * size
    assert largest(WORLD, touch.force[touch.apart > 0.0]) < 1e-9 * size
    assert between_nodes(body, found.state.displacement, "crack").min() > -1e-12


def test_a_front_is_driven_where_it_is_open_and_not_where_it_is_closed(tmp_path):
    # faces pushed apart by 1 - x against 0.45 far away: open at the y axis, closed at the x axis.
    # The mean of G by the domain integral and by the energies with the front moved
    falls = Traction(10.0, profile=Profile(0, 1.0, 0.0, 1.0, 0.0))
    body = penny(tmp_path, {"crack": falls, "top": Traction(0.45)})
    found = solve_touching(body, TOUCHES, {}, {})
    assert between_nodes(body, found.state.displacement, "crack").min() > -1e-12
    front = front_rates(body, found.state.displacement, PENNY)
    most = front.values.max()
    assert front.values.argmax() == len(front.values) - 1
    assert most > 0.1
    assert not front.smooth  # a sum of cosines is up to 4 % of the largest G where it is closed
    assert np.abs(front.values[:4]).max() < 1e-2 * most
    assert front.spread.max() < 1e-2 * most
    moved, _ = moved_front(body, PENNY, TOUCHES, {})
    assert moved == pytest.approx(front.mean, rel=2e-3)


@pytest.mark.parallel
def test_a_crack_that_is_partly_open_is_the_same_on_any_number_of_ranks(tmp_path):
    coarse = MeshSize(0.15, 0.5, 3.0)
    together, alone = (pressed_around(tmp_path, coarse, comm)[2] for comm in (WORLD, SELF))
    assert together == pytest.approx(alone, rel=1e-8)


# --- as a user runs them --------------------------------------------------------------------------

FOLDER = Path(__file__).parents[2] / "cases" / "verification" / "mechanics"


@pytest.mark.parametrize("name", ["pressed_box", "closed_crack_in_3d", "hertz_box"])
def test_the_cases_find_their_exact_numbers(name):
    # Hertz: F = 4/3 E* sqrt(R) d^(3/2), p0 = 2/pi E* sqrt(d/R), a quarter of the body
    case = load_case(FOLDER / f"{name}.toml")
    solution = simulate(case, WORLD, lambda _: None)
    assert status_of(solution) == "solved"
    found = {quantity.name: quantity for quantity in solution.quantities}
    for reference in case.references:
        assert found[reference.quantity].hit, found[reference.quantity]
    if name == "hertz_box":
        modulus = 10e3 / (1.0 - 0.3**2)
        force = modulus / 3.0 * (10.0 * 0.01**3) ** 0.5
        assert found["contact_force.top"].value == pytest.approx(force, rel=3e-3)
        for name in ("contact_force.top", "peak_contact_pressure.top"):
            assert found[name].lower <= found[name].reported <= found[name].upper
        peak = 2.0 / pi * modulus * (0.01 / 10.0) ** 0.5
        assert found["peak_contact_pressure.top"].value == pytest.approx(peak, rel=1e-2)
        area = found["contact_area.top"]  # to about a cell
        assert area.value == pytest.approx(0.25 * pi * 0.1, rel=0.1)
