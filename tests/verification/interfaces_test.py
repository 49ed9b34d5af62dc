"""Layers that press, slide, come off and tear, against what is known without this program."""

import math
from dataclasses import replace

import numpy as np
import pytest
from mpi4py import MPI

from meshes.build import build
from meshes.layers import Block, Layer
from meshes.sizing import MeshSize
from solver import hooke
from solver.broken import NORMAL, TANGENT, Break
from solver.broken_equilibrium import BrokenEquilibrium
from solver.delamination import delamination_force, resolve_zones, tips_of, with_marks
from solver.domain import read_domain, refine_cells
from solver.elasticity import Solid, Traction, make_body
from solver.equilibrium import Equilibrium, Support
from solver.fracture import resolve_tips
from solver.interface_schema import Joint
from solver.solve import SolveFailed

WORLD, SELF = MPI.COMM_WORLD, MPI.COMM_SELF
SLIDES, HELD = Support("normal"), Support("clamped")
NAME = "lower|upper"
CONTACT, FREE = Joint("contact"), Joint("free")
STICKING = Joint("contact", friction="sticking")
COHESIVE = Joint(
    "cohesive", fracture_energy=0.05, strength=0.5, shear_strength=0.5, shear_fracture_energy=0.1,
    exponent=2.0, softening="bilinear", rigidity=20.0, steps=40,
)  # fmt: skip


def block(width=2.0, lower=1.0, upper=0.5, shape="block"):
    return Block(shape, width, (Layer("lower", lower), Layer("upper", upper)), None)


def solid(modulus, ratio=0.3, stress=0.0):
    initial = np.array([stress, 0.0, stress, 0.0, 0.0, 0.0])
    return Solid(hooke.isotropic(modulus, ratio), np.zeros(6), initial)


STIFF = {"lower": solid(30.0), "upper": solid(100.0, 0.2)}
SOLIDS = {"lower": solid(3.0), "upper": solid(10.0, 0.2)}


def domain_of(body, joint, tmp_path, size=0.25, comm=WORLD, refinements=0):
    """The mesh of a block with marks, and the interface."""
    broken = Break(NAME, "lower", "upper", joint, body.width)
    marked = with_marks(body, (broken,))
    built = None
    if comm.rank == 0:
        folder = tmp_path / f"{comm.size}-{WORLD.rank}"
        folder.mkdir(exist_ok=True)
        built = build(marked, MeshSize(size, 0.4, size), (), folder)
    domain = read_domain(comm.bcast(built), comm)
    for _ in range(refinements):
        cells = domain.mesh.topology.index_map(2).size_local
        domain = refine_cells(domain, np.arange(cells, dtype=np.int32))
    return domain, broken


def solve(domain, broken, tractions, supports, solids=SOLIDS):
    body = make_body(domain, solids, tractions)
    answer = BrokenEquilibrium(body, supports, (broken,), {}).solve()
    assert answer.state.balance < 1e-8
    return body, answer, answer.jumps[NAME]


def largest(comm, values):
    return comm.allreduce(float(np.abs(values).max(initial=0.0)), op=MPI.MAX)


# --- contact --------------------------------------------------------------------------------------


@pytest.mark.parallel
@pytest.mark.parametrize("shape", ["block", "cylinder"])
def test_two_blocks_transmit_the_pressure_exactly(shape, tmp_path):
    """Without friction each one spreads by itself: uniform stress, whatever the moduli."""
    p, body = 0.01, block(shape=shape)
    domain, broken = domain_of(body, CONTACT, tmp_path)
    held = {"bottom": SLIDES} | ({"left": SLIDES} if shape == "block" else {})
    _, answer, jump = solve(domain, broken, {"top": Traction(p)}, held)
    on = jump.area > 1e-12
    assert largest(domain.comm, jump.force[on, NORMAL] / jump.area[on] - p) < 1e-10 * p
    assert largest(domain.comm, jump.force[:, TANGENT]) < 1e-10 * p
    assert largest(domain.comm, jump.opening[:, NORMAL]) == 0.0
    if shape == "block":
        # each slides by its own nu (1 + nu)/E p x (plane strain)
        slip = p * body.width * (0.3 * 1.3 / 3.0 - 0.2 * 1.2 / 10.0)
        assert largest(domain.comm, jump.opening[:, TANGENT]) == pytest.approx(slip, rel=1e-9)
        energy = -0.5 * p * p * body.width * (0.91 / 3.0 * 1.0 + 0.96 / 10.0 * 0.5)
        assert answer.state.energy == pytest.approx(energy, rel=1e-9)


def test_a_closed_delamination_that_sticks_is_as_good_as_bonded(tmp_path):
    """Pressed shut it carries pressure and shear; without friction pressure alone."""
    joint = replace(STICKING, start=0.5, end=1.5)
    domain, broken = domain_of(block(), joint, tmp_path, 0.125)
    loads = {"top": Traction(0.01, 0.002)}
    held = {"bottom": HELD}
    body, answer, jump = solve(domain, broken, loads, held)
    bonded = Equilibrium(body, held, {}).solve()
    assert answer.state.energy == pytest.approx(bonded.energy, rel=1e-9)
    assert largest(domain.comm, jump.opening) == 0.0
    # shear p_s of the face goes through the closed part as well: it is 0.002 on average
    assert abs(domain.comm.allreduce(jump.force[:, TANGENT].sum())) > 0.3 * 0.002

    smooth = replace(broken, joint=replace(CONTACT, start=0.5, end=1.5))
    _, answer, jump = solve(domain, smooth, loads, held)
    assert answer.state.energy < bonded.energy  # it gives way
    assert largest(domain.comm, jump.force[:, TANGENT]) < 1e-12
    assert largest(domain.comm, jump.opening[:, TANGENT]) > 1e-5


def bent(joint, tmp_path, pressure=0.02, size=0.0625, comm=WORLD):
    """A layer on a softer one, pressed in the middle: it lifts further out (receding contact)."""
    body = Block("block", 4.0, (Layer("lower", 1.0), Layer("upper", 0.25)), None)
    domain, broken = domain_of(body, joint, tmp_path, size, comm)
    held = {"bottom": HELD, "left": SLIDES}
    # an upper corner that is pulled up, and a face of the layer that is pushed down
    held["right.upper"] = Support("tangential", pressure)
    return domain, solve(domain, broken, {"top": Traction(0.002)}, held)


@pytest.mark.parallel
@pytest.mark.parametrize("joint", [CONTACT, STICKING], ids=["smooth", "sticking"])
def test_what_is_closed_presses_and_what_is_open_is_free(joint, tmp_path):
    domain, (_, answer, jump) = bent(joint, tmp_path)
    w, force, comm = jump.opening, jump.force, domain.comm
    shut = w[:, NORMAL] == 0.0
    size = largest(comm, force)
    assert 0 < comm.allreduce(int(shut.sum())) < comm.allreduce(len(shut))
    assert comm.allreduce(float(w[:, NORMAL].min(initial=1.0)), op=MPI.MIN) == 0.0
    assert comm.allreduce(float(force[:, NORMAL].min(initial=1.0)), op=MPI.MIN) > -1e-9 * size
    assert largest(comm, force[~shut]) < 1e-9 * size
    if joint is STICKING:
        assert largest(comm, w[shut, TANGENT]) == 0.0
        assert answer.rounds > 1  # it had to be found what sticks
    else:
        assert largest(comm, force[:, TANGENT]) < 1e-9 * size


def test_nothing_overlaps_between_the_nodes_either(tmp_path):
    _, (_, _, jump) = bent(CONTACT, tmp_path, size=0.03125)
    assert 0.0 <= jump.overlap < 1e-6 * 4.0


def test_a_receding_contact_is_as_wide_at_any_load(tmp_path):
    """Dundurs: the extent does not depend on the size of the load, all else is proportional."""
    body = Block("block", 4.0, (Layer("lower", 1.0), Layer("upper", 0.25)), None)
    domain, broken = domain_of(body, CONTACT, tmp_path, 0.0625)
    held = {"bottom": HELD, "left": SLIDES}
    found = []
    for factor in (1.0, 3.0):
        moved = held | {"right.upper": Support("tangential", 0.02 * factor)}
        found.append(solve(domain, broken, {"top": Traction(0.002 * factor)}, moved))
    one, other = (jump for _, _, jump in found)
    assert np.array_equal(one.opening[:, NORMAL] == 0.0, other.opening[:, NORMAL] == 0.0)
    assert other.opening == pytest.approx(3.0 * one.opening, rel=1e-8, abs=1e-12)
    assert found[1][1].state.energy == pytest.approx(9.0 * found[0][1].state.energy, rel=1e-8)


@pytest.mark.parallel
def test_only_the_layer_above_may_be_held(tmp_path):
    """A side face of which only the upper part is held: the lower corner stays free."""
    domain, broken = domain_of(block(), CONTACT, tmp_path)
    held = {"bottom": HELD, "left.upper": SLIDES, "right.upper": SLIDES}
    _, answer, jump = solve(domain, broken, {"top": Traction(0.01)}, held)
    # the upper layer cannot spread: uniform uniaxial strain, hence the pressure below it; below,
    # the layer is clamped and spreads above: it slides past a corner that does not move
    assert answer.state.reactions["left.upper"] < 0.0
    assert answer.state.reactions["bottom"] == pytest.approx(-0.02, rel=1e-9)
    # outwards, that is against the sign of the jump on the right, as at the nodes beside it
    ends, beside = jump.place > 2.0 - 1e-9, (jump.place > 1.5) & (jump.place < 2.0 - 1e-9)
    assert largest(domain.comm, jump.opening[ends, TANGENT]) > 1e-4
    assert (jump.opening[ends | beside, TANGENT] < 0.0).all()
    assert (jump.opening[jump.place < 0.5, TANGENT] > 0.0).all()


def test_a_body_that_nothing_holds_is_refused(tmp_path):
    domain, broken = domain_of(block(), CONTACT, tmp_path)
    with pytest.raises(SolveFailed):
        solve(domain, broken, {"top": Traction(-0.01)}, {"bottom": HELD, "left": SLIDES})


# --- delamination ---------------------------------------------------------------------------------


def resolved(body, joint, tmp_path, size, solids, comm=WORLD, refinements=0):
    domain, broken = domain_of(body, joint, tmp_path, size, comm)
    marked = with_marks(body, (broken,))
    domain = resolve_tips(domain, marked, [tip.place for _, tip in tips_of(body, (broken,))])
    return resolve_zones(domain, marked, (broken,), solids), broken


def test_a_stressed_film_comes_off_steadily(tmp_path):
    """G = sigma^2 h/(2 E'): 300 MPa, 1 um, E' = 70 GPa/(1 - 0.2^2): 0.617143 J/m^2.

    Far ahead nothing has moved, far behind the film has no stress left: no plate theory.
    """
    body = block(60.0, 2.0, 1.0)
    solids = {"lower": solid(40e3), "upper": solid(70e3, 0.2, stress=300.0)}
    joint = replace(FREE, start=0.0, end=15.0)
    domain, broken = resolved(body, joint, tmp_path, 0.5, solids)
    held = {"left.lower": SLIDES, "right": SLIDES, "bottom": HELD}
    made, answer, _ = solve(domain, broken, {}, held, solids)
    ((_, tip),) = tips_of(body, (broken,))
    force = delamination_force(made, held, (broken,), answer, (broken, tip), {})
    steady = 300.0**2 * 1.0 / (2.0 * 70e3 / 0.96)
    assert steady == pytest.approx(0.617143, rel=1e-6)
    assert force.value == pytest.approx(steady, rel=5e-4)
    assert force.by_extension == pytest.approx(steady, rel=5e-4)
    assert force.spread < 1e-3 * steady
    assert abs(force.slope) * 1.0 < 1e-3 * steady  # over a thickness of the film


def arms(joint, opening, width=24.0):
    body = block(width, 1.0, 1.0)
    solids = {"lower": solid(1e4), "upper": solid(1e4)}
    held = {
        "left.lower": Support("tangential", 0.5 * opening),  # the tangent of left points down
        "left.upper": Support("tangential", -0.5 * opening),
        "right": SLIDES,
    }
    return body, solids, held


def of_beam(force, a, modulus=1e4 / 0.91, h=1.0):
    """G of two arms pulled apart; Suo, Bao, Fan & Wang 1991, J. Mech. Phys. Solids 39, 235."""
    return 12.0 * (force * a) ** 2 / (modulus * h**3) * (1.0 + 0.677 * h / a) ** 2


def test_two_arms_that_are_pulled_apart(tmp_path):
    joint = replace(FREE, start=0.0, end=8.0)
    body, solids, held = arms(joint, 1.0)
    domain, broken = resolved(body, joint, tmp_path, 0.5, solids)
    made, answer, _ = solve(domain, broken, {}, held, solids)
    ((_, tip),) = tips_of(body, (broken,))
    force = delamination_force(made, held, (broken,), answer, (broken, tip), {})
    pull = abs(answer.state.reactions["left.upper"])
    assert force.value == pytest.approx(of_beam(pull, 8.0), rel=5e-3)
    assert force.by_extension == pytest.approx(force.value, rel=1e-3)
    assert force.slope < 0.0  # under a given opening it becomes ever more stable
    # G ~ 1/(a + 0.677 h)^4 at a given opening
    assert force.slope == pytest.approx(-4.0 * force.value / 8.677, rel=0.02)


# --- tearing --------------------------------------------------------------------------------------


@pytest.mark.parametrize("softening", ["bilinear", "exponential"])
def test_two_blocks_that_are_pulled_apart_evenly(softening, tmp_path):
    """The largest stress is the strength, the work is the fracture energy, nothing is left."""
    joint = replace(COHESIVE, softening=softening, steps=200 if softening == "bilinear" else 600)
    domain, broken = domain_of(block(), joint, tmp_path)
    held = {"left": SLIDES, "right": SLIDES, "bottom": SLIDES}
    far = 0.5 if softening == "bilinear" else 1.5
    held["top"] = Support("normal", far)
    _, answer, jump = solve(domain, broken, {}, held, STIFF)
    stress = np.array([step.reactions["top"] for step in answer.steps]) / 2.0
    assert stress.max() <= 0.5 * (1.0 + 1e-9)
    assert stress.max() > 0.97 * 0.5  # in steps
    assert jump.spent / 2.0 == pytest.approx(0.05, rel=1e-9 if softening == "bilinear" else 1e-3)
    assert abs(stress[-1]) < 1e-3 * 0.5
    assert all(b.spent >= a.spent for a, b in zip(answer.steps, answer.steps[1:], strict=False))


def test_two_blocks_that_are_torn_aslant_spend_the_energy_of_their_mode(tmp_path):
    """Stiff blocks: the openings keep their ratio, so that G(b) is known."""
    domain, broken = domain_of(block(), COHESIVE, tmp_path)
    stiff = {"lower": solid(3e4), "upper": solid(3e4)}
    angle = 0.9
    part = [0.8 * math.sin(angle), 0.8 * math.cos(angle)]
    # the upper layer moves as a whole: clamped faces would not do, hence its side faces
    held = {
        "bottom": HELD,
        "top": Support("normal", part[1]),
        "left.upper": Support("normal", -part[0]),
        "right.upper": Support("normal", part[0]),
    }
    _, _, jump = solve(domain, broken, {}, held, stiff)
    r = 0.05 / 0.1
    b = r * part[0] ** 2 / (r * part[0] ** 2 + part[1] ** 2)
    assert 0.2 < b < 0.8
    assert jump.spent / 2.0 == pytest.approx(0.05 + 0.05 * b**2, rel=2e-3)


def front(jump, rigidity, comm):
    """How far an interface has torn, between nodes."""
    places = np.concatenate(comm.allgather(jump.place))
    kappa = np.concatenate(comm.allgather(jump.kappa))
    order = np.argsort(places)
    places, kappa = places[order], kappa[order]
    last = np.flatnonzero(kappa >= rigidity)[-1]
    share = (kappa[last] - rigidity) / (kappa[last] - kappa[last + 1])
    return places[last] + share * (places[last + 1] - places[last])


def tearing(strength, opening, tmp_path, width=10.0):
    joint = Joint(
        "cohesive", 0.0, 4.0, fracture_energy=1.0, strength=strength, shear_strength=strength,
        shear_fracture_energy=1.0, exponent=2.0, softening="bilinear", rigidity=20.0, steps=25,
    )  # fmt: skip
    body, solids, held = arms(joint, opening, width)
    domain, broken = resolved(body, joint, tmp_path, 0.5, solids)
    _, answer, jump = solve(domain, broken, {}, held, solids)
    return domain, answer, jump


@pytest.mark.slow
def test_arms_that_tear_spend_the_fracture_energy(tmp_path):
    """Energy spent over length torn is Gc, the force that of Griffith, whatever the strength."""
    pulls = []
    for strength in (70.0, 120.0):
        found = [tearing(strength, opening, tmp_path) for opening in (0.8, 1.2)]
        (_, _, first), (domain, answer, second) = found
        length = front(second, 20.0, domain.comm) - front(first, 20.0, domain.comm)
        assert length > 1.0
        assert (second.spent - first.spent) / length == pytest.approx(1.0, rel=1e-2)
        pulls.append(abs(answer.state.reactions["left.upper"]))
        # work at the ends = energy stored + spent (trapezoids of the steps)
        share = np.array([0.0, *(step.share for step in answer.steps)])
        force = np.array([0.0, *(step.reactions["left.upper"] for step in answer.steps)])
        work = 2.0 * np.trapezoid(force, 0.6 * share)
        assert abs(work) == pytest.approx(answer.state.energy + second.spent, rel=1e-2)
    assert pulls[0] == pytest.approx(pulls[1], rel=2e-2)
    # Griffith: G(P, a) = Gc, opening = 8 P (a + 0.677 h)^3/(E' h^3), of which G is the derivative
    # of both arms: G = 12 (P (a + 0.677 h))^2/(E' h^3)
    reach = (3.0 * (1e4 / 0.91) * 1.2**2 / 16.0) ** 0.25  # a + 0.677 h
    assert pulls[1] == pytest.approx(1.2 * (1e4 / 0.91) / (8.0 * reach**3), rel=2e-2)


def test_a_load_that_tears_everything_ends_with_what_it_reached(tmp_path):
    """Under a given force nothing holds beyond the strength: the failure says how far it came."""
    joint = replace(COHESIVE, steps=10)
    domain, broken = domain_of(block(), joint, tmp_path)
    held = {"left": SLIDES, "right": SLIDES, "bottom": SLIDES}
    with pytest.raises(SolveFailed, match=r"49\.|50 % of the load"):
        solve(domain, broken, {"top": Traction(-1.0)}, held, STIFF)


# --- ranks ----------------------------------------------------------------------------------------


@pytest.mark.parallel
def test_the_same_contact_on_any_number_of_ranks(tmp_path):
    for joint in (CONTACT, STICKING):
        _, (_, together, jump) = bent(joint, tmp_path)
        _, (_, alone, same) = bent(joint, tmp_path, comm=SELF)
        assert together.state.energy == pytest.approx(alone.state.energy, rel=1e-9)
        force = WORLD.allreduce(jump.force.sum(axis=0))
        assert force == pytest.approx(same.force.sum(axis=0), rel=1e-8, abs=1e-12)
        closed = WORLD.allreduce(float(jump.length[jump.opening[:, NORMAL] == 0.0].sum()))
        assert closed == pytest.approx(same.length[same.opening[:, NORMAL] == 0.0].sum(), rel=1e-9)


@pytest.mark.parallel
def test_the_same_tear_on_any_number_of_ranks(tmp_path):
    found = []
    for comm in (WORLD, SELF):
        domain, broken = domain_of(block(), replace(COHESIVE, steps=10), tmp_path, comm=comm)
        held = {"bottom": HELD, "left": SLIDES}
        held["right.upper"] = Support("tangential", 0.1)
        _, answer, jump = solve(domain, broken, {}, held, STIFF)
        found.append((jump.spent, answer.steps[-1].reactions["right.upper"]))
    assert found[0] == pytest.approx(found[1], rel=1e-7)
    assert found[0][0] > 0.0
