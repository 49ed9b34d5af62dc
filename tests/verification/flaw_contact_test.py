"""Faces of flaws at any angle that touch: exact stresses, and other ways to the same numbers."""

import math
from dataclasses import replace

import numpy as np
import pytest
import ufl
from dolfinx import fem
from mpi4py import MPI

from meshes.build import build
from meshes.layers import Block, Crack, Flaw, Layer
from meshes.sizing import MeshSize
from solver import fracture, hooke
from solver.broken import NORMAL, TANGENT
from solver.crack_opening import crack_opening, crack_volume
from solver.delamination import solve_broken
from solver.elasticity import Solid, Traction
from solver.equilibrium import Equilibrium, Support, Unbalanced
from solver.flaw_contact import closed_floor, find_touching, tip_forces, with_joined
from solver.fracture import energy_release_rates
from solver.mechanics_schema import Contact
from solver.modes import both_modes
from solver.problem import Problem

WORLD, SELF = MPI.COMM_WORLD, MPI.COMM_SELF
E, NU = 1000.0, 0.3
STIFF = E / (1.0 - NU**2)
SOLID = {"body": Solid(hooke.isotropic(E, NU), np.zeros(6), np.zeros(6))}
SIZE = 8.0  # um, of the body
HELD = {"bottom": Support("normal"), "left": Support("normal")}


@pytest.fixture(autouse=True)
def _coarse(monkeypatch):
    monkeypatch.setattr(fracture, "HALVINGS", 5)


def middle(angle, length=2.0):
    """A flaw around the middle of the body."""
    c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    start = (0.5 * SIZE - 0.5 * length * c, 0.5 * SIZE - 0.5 * length * s)
    return Flaw("flaw", *start, length, math.radians(angle))


class Case:
    """A body with one flaw on its mesh; `friction` None: its faces do not know of each other."""

    def __init__(self, folder, flaw, friction, tractions, supports, comm=WORLD, size=0.2):
        block = Block("block", SIZE, (Layer("body", SIZE),), None, flaws=(flaw,))
        faces = {} if friction is None else {"flaw": Contact(friction)}
        breaks = find_touching(block, faces)
        joined = with_joined(block, breaks)
        loads = {face: Traction(*load) for face, load in tractions.items()}
        self.problem = Problem(joined, SOLID, loads, supports, {}, False, breaks)
        folder = folder / f"{comm.size}-{WORLD.rank}"

        def mesher(body):
            built = None
            if comm.rank == 0:
                folder.mkdir(exist_ok=True)
                built = build(body, MeshSize(size, 0.4, 1.0), (), folder)
            return comm.bcast(built)

        self.body = self.problem.body_on(self.problem.mesh(mesher, comm, 0))
        if breaks:
            self.answer = solve_broken(self.body, supports, breaks, {})
            self.state, self.jump = self.answer.state, self.answer.jumps["flaw"]
        else:
            self.state = Equilibrium(self.body, supports, {}).solve()
        self.tips = self.problem.tips()

    def intensities(self):
        jumps = self.answer.jumps if self.problem.breaks else None
        found = both_modes(self.problem, self.body, self.state, self.tips, jumps)
        return np.array([k.values for k in found])

    def rates(self):
        u = self.state.displacement
        return np.array([energy_release_rates(self.body, u, tip)[-2] for tip in self.tips])

    def forces(self):
        loads = (self.problem.supports, self.problem.breaks, self.answer, self.tips)
        return tip_forces(self.body, *loads, {})

    def sum(self, values):
        return self.body.domain.comm.allreduce(float(np.sum(values)))

    def pressure(self):
        return self.sum(self.jump.force[:, NORMAL]) / self.sum(self.jump.area)

    def largest(self, component):
        values = np.abs(self.jump.opening[:, component])
        return self.body.domain.comm.allreduce(float(values.max(initial=0.0)), op=MPI.MAX)


def pressed(p):
    return {"top": (p,), "bottom": (p,)}


# --- exact: closed and sticking -------------------------------------------------------------------


@pytest.mark.parametrize("angle", [20.0, 135.0])
@pytest.mark.parametrize("supports", [{}, HELD], ids=["floats", "held"])
def test_a_closed_crack_that_sticks_is_none(tmp_path, angle, supports):
    # -7 MPa upwards and -3 MPa along x everywhere; on the faces their normal component
    loads = {"top": (7.0,), "right": (3.0,)}
    loads |= {} if supports else {"bottom": (7.0,), "left": (3.0,)}
    case = Case(tmp_path, middle(angle), "sticking", loads, supports)
    stress = case.body.stress(case.state.displacement)
    off = stress - ufl.as_vector([-3.0, -7.0, -NU * 10.0, 0.0, 0.0, 0.0])
    error = fem.assemble_scalar(fem.form(ufl.dot(off, off) * ufl.dx(case.body.domain.mesh)))
    assert case.sum(error) < (1e-9 * 7.0 * SIZE) ** 2
    c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    assert case.pressure() == pytest.approx(3.0 * s**2 + 7.0 * c**2, rel=1e-8)
    shear = case.sum(case.jump.force[:, TANGENT]) / case.sum(case.jump.area)
    assert shear == pytest.approx(4.0 * s * c, abs=1e-7)  # of the left face
    assert (case.largest(NORMAL), case.largest(TANGENT), case.jump.overlap) == (0.0, 0.0, 0.0)
    # nothing is far less than K = 7 sqrt(pi) and G = K^2/E'
    assert np.abs(case.intensities()).max() < 1e-5
    assert np.abs(case.rates()).max() < 1e-10
    assert closed_floor(case.body, case.answer) < 1e-6
    assert case.state.balance < 1e-10


# --- closed and sliding: what is left is shear on the faces ---------------------------------------


@pytest.mark.parametrize("angle", [30.0, 120.0])
def test_a_closed_crack_that_slides_is_one_under_shear(tmp_path, angle):
    # the uniform stress of the whole body, and the shear that it has on the faces taken from them
    c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    case = Case(tmp_path, middle(angle), "none", pressed(5.0), {}, size=0.15)
    # the left face with n = (s, -c) bears (0, 5 c) in the whole body, 5 s c of it forwards
    sheared = {"flaw": (0.0, -5.0 * s * c)}
    other = Case(tmp_path, middle(angle), None, sheared, {}, size=0.15)
    assert case.pressure() == pytest.approx(5.0 * c**2, rel=1e-2)  # of an infinite body
    found, same = case.intensities(), other.intensities()
    scale = 5.0 * s * c * math.sqrt(math.pi)  # of an infinite body
    assert np.abs(found[:, 0]).max() < 1e-2 * abs(scale)
    assert found[:, 1] == pytest.approx(same[:, 1], rel=1e-3)
    assert found[:, 1] == pytest.approx(-scale, rel=0.08)
    assert case.rates() == pytest.approx(other.rates(), rel=2e-3)
    assert case.rates() == pytest.approx((found**2).sum(axis=1) / STIFF, rel=5e-3)
    slid = case.sum(case.jump.area * case.jump.opening[:, TANGENT])
    # Griffith: the mean sliding of 2 a is pi tau a/E'
    assert slid == pytest.approx(-2.0 * math.pi * 5.0 * s * c / STIFF, rel=0.08)
    assert case.jump.overlap < 1e-6 * SIZE
    (_, force), _ = case.forces()
    assert force.by_extension == pytest.approx(force.value, rel=1e-3)
    assert force.spread < 2e-3 * force.value
    assert force.slope > 0.0


def test_without_the_pressure_of_the_faces_the_intensity_depends_on_the_contour(tmp_path):
    case = Case(tmp_path, middle(30.0), "none", pressed(5.0), {})
    (with_faces, _), (without, _) = (
        both_modes(case.problem, case.body, case.state, case.tips, jumps)
        for jumps in (case.answer.jumps, None)
    )
    scale = 5.0 * math.sqrt(math.pi)
    assert with_faces.spread < 5e-3 * scale
    assert without.spread > 0.3 * scale


def test_an_open_crack_does_not_know_of_contact(tmp_path):
    touching = Case(tmp_path, middle(45.0), "none", pressed(-5.0), {})
    free = Case(tmp_path, middle(45.0), None, pressed(-5.0), {})
    assert touching.jump.opening[:, NORMAL].min(initial=np.inf) > 0.0
    assert np.abs(touching.jump.force[:, NORMAL]).max(initial=0.0) < 1e-8
    assert touching.intensities() == pytest.approx(free.intensities(), rel=1e-4)
    assert touching.rates() == pytest.approx(free.rates(), rel=1e-4)
    assert touching.state.energy == pytest.approx(free.state.energy, rel=1e-6)


# --- half open: another solver, in half of a body that is symmetric -------------------------------


@pytest.mark.parametrize(("way", "squeezed"), [(1.0, 0.25), (-1.0, 1.0)], ids=["mouth", "tip"])
def test_a_crack_that_touches_at_one_end_is_that_of_half_the_body(tmp_path, way, squeezed):
    # the faces top and bottom are bent alike: a crack at half the height stays in its plane
    loads = {"top": (squeezed, way), "bottom": (squeezed, -way)}
    supports = {"right": Support("normal")}
    flaw = Flaw("flaw", 0.0, 0.5 * SIZE, 6.0, 0.0)
    case = Case(tmp_path, flaw, "none", loads, supports, size=0.1)
    half = Block("block", SIZE, (Layer("body", 0.5 * SIZE),), Crack("bottom", 0.0, 6.0))
    supports = {**supports, "bottom": Support("normal"), "crack": Support("obstacle")}
    tractions = {"top": Traction(squeezed, way)}
    problem = Problem(half, SOLID, tractions, supports, {}, False)

    def mesher(body):
        folder = tmp_path / f"half-{WORLD.rank}"
        folder.mkdir(exist_ok=True)
        return build(body, MeshSize(0.1, 0.4, 1.0), (), folder)

    body = problem.body_on(problem.mesh(mesher, SELF, 0))
    state = Equilibrium(body, supports, {}).solve()
    opening, _, volume = crack_opening(half, body, state, supports)
    closed = case.jump.opening[:, NORMAL] <= 0.0
    assert 3.0 < case.sum(case.jump.length[closed]) < 5.0
    # either it opens or it presses, at every node
    gap, push = case.jump.opening[:, NORMAL], case.jump.force[:, NORMAL]
    assert gap.min(initial=0.0) == 0.0
    assert np.abs(push[~closed]).max(initial=0.0) < 1e-8
    assert push[closed].min(initial=0.0) > -1e-8
    assert case.largest(NORMAL) == pytest.approx(opening, rel=5e-3)
    assert crack_volume(case.body, case.state, "flaw") == pytest.approx(volume, rel=5e-3)
    assert case.largest(TANGENT) < 1e-2 * opening
    assert case.sum(push) == pytest.approx(-state.reactions["crack"], rel=1e-2)
    (tip,) = problem.tips()
    exact = energy_release_rates(body, state.displacement, tip)[-2]
    (rate,), ((k1, k2),) = case.rates(), case.intensities()
    scale = opening**2 * STIFF / 6.0
    assert rate == pytest.approx(exact, rel=1e-2, abs=1e-4 * scale)
    assert k1 == pytest.approx(
        math.sqrt(max(exact, 0.0) * STIFF), abs=1e-2 * math.sqrt(scale * STIFF)
    )
    assert abs(k2) < 1e-2 * math.sqrt(scale * STIFF)


# --- what nothing holds, and ranks ----------------------------------------------------------------


def test_loads_on_a_floating_body_that_do_not_balance_are_named(tmp_path):
    with pytest.raises(Unbalanced, match="do not balance"):
        Case(tmp_path, middle(45.0), "none", {"top": (1.0,)}, {})
    # forces that balance with a moment that does not
    with pytest.raises(Unbalanced, match="do not balance"):
        Case(tmp_path, middle(45.0), "none", {"top": (0.0, 1.0), "bottom": (0.0, 1.0)}, {})


@pytest.mark.parallel
@pytest.mark.parametrize("friction", ["none", "sticking"])
def test_faces_that_touch_are_the_same_on_any_number_of_ranks(tmp_path, friction):
    found = []
    for comm in (SELF, WORLD):
        case = Case(tmp_path, middle(30.0), friction, {"top": (5.0, 0.5)}, HELD, comm)
        numbers = [case.pressure(), case.largest(TANGENT), case.state.energy]
        found.append([*numbers, *case.intensities()[:, 1], *case.rates()])
    scale = [5.0, 0.01, 10.0, 5.0, 5.0, 0.01, 0.01]
    for one, other, size in zip(*found, scale, strict=True):
        assert other == pytest.approx(one, rel=1e-6, abs=1e-8 * size)


def test_a_flaw_keeps_its_place_in_the_mesh(tmp_path):
    case = Case(tmp_path, replace(middle(30.0), y=2.0), "none", pressed(1.0), {})
    ends = case.jump.place.min(initial=np.inf), case.jump.place.max(initial=-np.inf)
    comm = case.body.domain.comm
    assert comm.allreduce(ends[0], op=MPI.MIN) == pytest.approx(0.0, abs=0.01)
    assert comm.allreduce(ends[1], op=MPI.MAX) == pytest.approx(2.0, abs=0.01)
    assert case.sum(case.jump.length) == pytest.approx(2.0, abs=0.01)
