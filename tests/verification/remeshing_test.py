"""New meshes on the way of a face that moves: exact cells, jumps, what goes on, ranks, resuming."""

import csv
import io
from dataclasses import astuple

import numpy as np
import pytest
from mpi4py import MPI

from solver import checkpoint_file
from solver.march import march
from solver.march_quantities import table_of_remeshings
from solver.march_run import system_on
from solver.remeshing import read_redrawn, remeshes, renewed
from solver.simulate import simulate
from tests.verification.march_example import (
    HELD,
    SOLID,
    case_of,
    driven,
    galvanostatic,
    numbers,
    reacts,
    system_of,
    text,
)
from tests.verification.plating_test import KAPPA, PER_CAPACITY, grows

WORLD, SELF = MPI.COMM_WORLD, MPI.COMM_SELF
WAVE = 'moves = true\namplitude = "0.4 um"\nwavelength = "4 um"'


def flat(folder, shape="strip", current=1.0, more="", way=8.0):
    seconds = 3600 * way / PER_CAPACITY
    parts = [HELD, driven(current), grows("bottom", "moves = true"), more]
    parts.append(galvanostatic(current, seconds))
    content = text(SOLID, *parts, size="4 um", edge="2 um", width="4 um", shape=shape)
    return case_of(folder, content)


def wavy(folder, size, seconds, remesh=True, error="1e-3"):
    """A wave that grows: half of it is 2 um wide, the cell 10 um high, the film 1 ohm cm^2."""
    film = 'area_specific_resistance = "1 ohm cm^2"'
    steps = f"[programme]\nremesh = {str(remesh).lower()}\nstep_error = {error}\n"
    steps = steps if not remesh else steps.replace("remesh = true\n", "")
    parts = [HELD + film, driven(1.0), grows("bottom", WAVE), steps]
    parts.append(galvanostatic(1.0, seconds))
    return case_of(folder, text(SOLID, *parts, size=f"{size} um", edge=f"{size} um", width="4 um"))


def found(case, comm=SELF):
    return simulate(case, comm, lambda _: None)


# -- exact -------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["strip", pytest.param("tube", marks=pytest.mark.slow)])
def test_a_cell_that_loses_most_of_its_length_keeps_its_exact_voltage(tmp_path, shape):
    # i (L - h)/kappa with h = 8 of 10 um; the mesh of the start is worn at J = 0.2087, h = 7.913
    solved = found(flat(tmp_path, shape))
    said = numbers(solved)
    assert said["outcome"] == "finished" and said["remeshings"] == 1.0
    assert said["voltage"] == pytest.approx(10.0 * 2e-6 / KAPPA, rel=1e-8)
    assert said["growth.bottom"] == pytest.approx(8.0, rel=1e-10)
    assert said["stack_growth"] == pytest.approx(8.0, rel=1e-10)
    assert said["growth_balance"] < 1e-10
    assert said["remeshing_jump"] < 1e-8  # of flat faces rounding is left
    (made,) = solved.marching.found.remeshings
    worn = 10.0 * (1 - (2.5 - np.sqrt(2.5**2 - 1)))  # 2 J/(1 + J^2) = 0.4
    assert made.time == pytest.approx(3600 * worn / PER_CAPACITY, rel=1e-7)
    assert made.quality == pytest.approx(0.4, rel=1e-9)
    assert len(solved.marching.earlier) == 1
    rows = list(csv.reader(io.StringIO(table_of_remeshings(solved.marching.system,
                                                           solved.marching.found))))  # fmt: skip
    assert len(rows) == 2 and len(rows[0]) == len(rows[1])
    assert float(rows[1][0]) == pytest.approx(made.time)


def test_without_new_meshes_the_march_ends_distorted(tmp_path):
    case = flat(tmp_path, more="[programme]\nremesh = false\n", way=9.6)
    assert not remeshes(case)
    assert numbers(found(case))["outcome"] == "distorted"


@pytest.mark.slow
def test_the_number_of_new_meshes_is_bounded_and_a_face_that_turns_wavy_by_itself_is_told(tmp_path):
    # 50 mV over 10 um: the flat gap would close at L^2 F/(2 kappa V V_Li) = 742.3 s
    step = '[programme]\nmost_remeshings = 1\n[[programme.steps]]\nkind = "potentiostatic"\n'
    step += 'potential = "50 mV"\nduration = "800 s"\n'
    parts = [HELD, driven(1.0), grows("bottom", "moves = true"), step]
    content = text(SOLID, *parts, size="1 um", edge="0.5 um", width="4 um")
    solved = found(case_of(tmp_path, content))
    said = numbers(solved)
    assert said["outcome"] == "distorted" and said["remeshings"] == 1.0
    assert 600.0 < said["time_reached"] < 742.3
    even, most, jumps = solved.marching.warnings
    assert "bottom is flat at the start" in even and "neither resistance" in even
    assert "programme.most_remeshings" in most and "1 new mesh" in most
    assert "remeshing_jump" in jumps


@pytest.mark.slow
def test_a_double_layer_and_a_face_that_rests_are_carried(tmp_path):
    # a face that reacts, with a double layer, opposite to one that moves: even, so exact
    double = reacts("top", 0.1, more='capacitance = "1000 uF/cm^2"')
    said = numbers(found(flat(tmp_path, more=double + grows("top"))))
    assert said["remeshings"] == 1.0 and said["remeshing_jump"] < 1e-7
    eta = 2 * 8.314462618 * 298.15 / 96485.33212 * np.arcsinh(5.0)
    assert said["voltage"] == pytest.approx(10.0 * 2e-6 / KAPPA + eta, rel=1e-6)


# -- a wave ------------------------------------------------------------------------------------


def jumps_of(folder, size):
    """Of a new mesh for the state at 300 s."""
    case = wavy(folder, size, 300.0)
    state = march(system_of(case, SELF), {}, lambda _: None)
    assert state.ends[-1].reason == "duration"
    return renewed(state.system, state.x, state, system_on, {})[2]


@pytest.mark.slow
def test_the_jump_falls_as_the_square_of_the_mesh_size(tmp_path):
    made = [jumps_of(tmp_path, size) for size in (1.0, 0.5, 0.25)]
    jumps = [one.jump for one in made]
    orders = np.log2(np.divide(jumps[:-1], jumps[1:]))
    assert orders.min() > 1.7
    assert jumps[2] < 1e-4


@pytest.mark.slow
def test_a_wave_goes_on_where_its_first_mesh_is_distorted(tmp_path):
    ended = numbers(found(wavy(tmp_path, 0.5, 1152.0, remesh=False)))
    assert ended["outcome"] == "distorted" and ended["time_reached"] < 700.0
    solved = found(wavy(tmp_path, 0.25, 1152.0))
    said = numbers(solved)
    assert said["outcome"] == "finished" and said["remeshings"] >= 2.0
    # capacity in is thickness out, to the jumps of the deposit that are told
    assert said["growth_balance"] <= said["remeshing_loss"] + 1e-8
    assert said["growth.bottom"] == pytest.approx(0.32 * PER_CAPACITY, rel=3e-4)
    # what faces have swept is what was deposited: 20 um^2 of half a wave, less 2 um of it
    made = solved.marching.found.remeshings
    booked = sum(one.new_volume - one.volume for one in made)
    left = volume(solved.marching.system) - booked
    assert left == pytest.approx(20.0 - 2.0 * 0.32 * PER_CAPACITY, abs=1e-6)
    assert abs(booked) < 0.02


def volume(system):
    import ufl
    from dolfinx import fem

    dx = ufl.Measure("dx", domain=system.domain.mesh)
    return fem.assemble_scalar(fem.form(system.motion.volume * dx))


@pytest.mark.slow
def test_a_new_mesh_leaves_the_numbers_of_a_mesh_that_holds(tmp_path):
    # up to 625 s the mesh of the start holds without a new one; with one it is worn at 621 s
    exact = numbers(found(wavy(tmp_path, 0.25, 625.0, remesh=False)))
    said = numbers(found(wavy(tmp_path, 0.25, 625.0)))
    assert "remeshings" not in exact and said["remeshings"] == 1.0
    assert exact["outcome"] == "finished"
    for name in ("voltage", "growth_max.bottom", "growth_min.bottom"):
        assert said[name] == pytest.approx(exact[name], rel=3e-3)


# -- going on ----------------------------------------------------------------------------------


def renewing(system):
    def renew(old, x, so_far):
        return renewed(old, x, so_far, system_on, {})

    def on_mesh(built, data):
        fresh = system_on(system.case, read_redrawn(built, data, system.comm))
        fresh.room = system.room
        return fresh

    return renew, on_mesh


@pytest.mark.slow
def test_what_was_kept_after_a_new_mesh_goes_on_to_the_same_numbers(tmp_path):
    case = wavy(tmp_path, 1, 800.0)
    system = system_of(case, SELF)
    renew, _ = renewing(system)
    kept = []

    def keep(_, make):
        kept.append(make())

    whole = march(system, {}, lambda _: None, keep, renew=renew)
    assert len(whole.remeshings) == 1
    after = [one for one in kept if one.found.remeshings]
    assert after and not after[0].inside  # the state on the new mesh begins it
    for one in (kept[10], after[-1]):
        fresh = system_of(case, SELF)
        renew, on_mesh = renewing(fresh)
        place = tmp_path / "kept.h5"
        checkpoint_file.write(place, one.system, one, "same")
        taken = checkpoint_file.read(place, fresh, "same", on_mesh)
        assert taken.begun and taken.inside == one.inside
        again = march(fresh, {}, lambda _: None, kept=taken, renew=renew)
        assert len(again.moments) == len(whole.moments)
        assert [astuple(r) for r in again.remeshings] == [
            pytest.approx(astuple(r), rel=1e-6, abs=1e-9) for r in whole.remeshings
        ]
        rows = [[(m.time, m.voltage, *m.growth[0]) for m in run.moments] for run in (whole, again)]
        assert np.array(rows[1]) == pytest.approx(np.array(rows[0]), rel=1e-9, abs=1e-12)


# -- ranks -------------------------------------------------------------------------------------


@pytest.mark.parallel
def test_any_number_of_ranks_makes_the_same_meshes(tmp_path):
    case = WORLD.bcast(wavy(tmp_path, 1, 620.0))
    together, alone = (found(case, comm) for comm in (WORLD, SELF))
    many, one = (solved.marching.found.remeshings for solved in (together, alone))
    assert len(many) == len(one) == 1
    assert astuple(many[0]) == pytest.approx(astuple(one[0]), rel=1e-4, abs=1e-6)
    many, one = numbers(together), numbers(alone)
    for name in ("voltage", "growth.bottom", "growth_max.bottom", "growth_min.bottom"):
        assert many[name] == pytest.approx(one[name], rel=1e-6)
    assert many["growth_balance"] <= many["remeshing_loss"] + 1e-8
