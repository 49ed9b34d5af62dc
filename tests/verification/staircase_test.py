"""Staircases of currents: where they fail, and what that says; steps that are cut on the way."""

import math

import numpy as np
import pytest
from mpi4py import MPI

from solver.carrier_system import System
from solver.march import march
from solver.march_schema import Staircase
from solver.simulate import simulate
from solver.staircase import currents, steps_of, steps_per_current
from tests.verification.march_example import (
    HELD,
    LIMIT,
    SALT,
    SOLID,
    case_of,
    driven,
    galvanostatic,
    system_of,
    text,
)

SELF = MPI.COMM_SELF
FILM = 'area_specific_resistance = "10 ohm cm^2"\n'  # of both faces
# p = 0.23 MPa m^0.5/(1.1215222552 sqrt(pi 1 um)) = 115.7 MPa, over 7.423 MPa/mV: 15.587 mV
EDGE, PENNY = 15.58738, 27.45948


def staircase(first, increment, last, *more, half="10 s"):
    lines = [
        '[programme.staircase]\nprotocol = "of a test"',
        f'first = "{first} mA/cm^2"\nincrement = "{increment} mA/cm^2"\nlast = "{last} mA/cm^2"',
        f'half_cycle = "{half}"' if half else "",
    ]
    return "\n".join([*lines, *more, ""])


def flaw(shape="edge", face="bottom", amplification=1.0):
    return (
        f'[programme.staircase.flaw]\nface = "{face}"\nshape = "{shape}"\nlength = "1 um"\n'
        f'fracture_toughness = "0.23 MPa m^0.5"\namplification = {amplification}\n'
    )


def run(folder, steps, law=SOLID, film=FILM):
    case = case_of(folder, text(law, HELD + film, driven(0.0, film), steps, edge="1 um"))
    found = {q.name: q for q in simulate(case, SELF, lambda _: None).quantities}
    return found["critical_current_density"], found


def test_steps_of_equal_times_and_of_growing_capacities():
    times = Staircase("a", 1.0, 0.5, 3.0, half_cycle=7.0, rest=2.0, cycles=2)
    assert currents(times) == pytest.approx((1.0, 1.5, 2.0, 2.5, 3.0))
    steps = steps_of(times)
    assert len(steps) == 5 * steps_per_current(times) == 40
    assert [s.current_density for s in steps[:4]] == [1.0, 0.0, -1.0, 0.0]
    assert [s.duration for s in steps[:4]] == [7.0, 2.0, 7.0, 2.0]
    grows = Staircase("b", 0.1, 0.1, 0.3, capacity=360.0, capacity_increment=180.0)
    assert [s.duration for s in steps_of(grows)[::2]] == pytest.approx([3600.0, 2700.0, 2400.0])
    assert currents(Staircase("c", 0.1, 0.1, 3.2, 1.0))[-1] == pytest.approx(3.2)  # no rounding


@pytest.mark.parametrize(
    ("shape", "amplification", "critical"),
    [("edge", 1.0, EDGE / 10), ("edge", 2.5, EDGE / 25), ("penny", 1.0, PENNY / 10)],
)
def test_a_filled_flaw_ends_the_staircase_where_it_grows(tmp_path, shape, amplification, critical):
    steps = staircase(0.1, 0.1, 4.0, flaw(shape, amplification=amplification))
    found, others = run(tmp_path, steps)
    assert found.value == pytest.approx(math.ceil(critical / 0.1) * 0.1)
    assert (found.lower, found.upper) == pytest.approx((found.value - 0.1, found.value))
    assert found.lower < critical <= found.upper
    assert (others["failed_by"].value, others["outcome"].value) == ("crack", "cracks")
    assert "of a test" in found.meaning


def test_the_other_face_fails_in_the_other_half_cycle(tmp_path):
    # at the same current, half a cycle later: 10 s more
    steps = staircase(0.5, 0.5, 4.0)
    ends = {}
    for face in ("bottom", "top"):
        found, others = run(tmp_path, steps + flaw(face=face))
        assert (found.value, found.lower) == pytest.approx((2.0, 1.5))
        ends[face] = others["time_reached"].value
    assert ends == pytest.approx({"bottom": 60.0, "top": 70.0})


def test_a_voltage_ends_the_staircase(tmp_path):
    # 10 um of 0.01 S/m and two films: 10 + 20 ohm cm2; 0.1 V at 3.33 mA/cm2
    found, others = run(tmp_path, staircase(1.0, 0.5, 9.0, 'voltage = "0.1 V"'))
    assert (found.value, found.lower, found.upper) == pytest.approx((3.5, 3.0, 3.5))
    assert others["failed_by"].value == "voltage"
    assert others["last_passed_current_density"].value == pytest.approx(3.0)
    found, _ = run(tmp_path, staircase(4.0, 0.5, 9.0, 'voltage = "0.1 V"'))
    assert (found.value, found.lower) == (pytest.approx(4.0), 0.0)  # none passed


def test_a_staircase_without_a_failure_says_so(tmp_path):
    found, others = run(tmp_path, staircase(1.0, 1.0, 3.0, 'voltage = "0.1 V"'))
    assert found.value == "unbounded"
    assert others["failed_by"].value == "nothing"
    assert others["last_passed_current_density"].value == pytest.approx(3.0)
    assert others["time_reached"].value == pytest.approx(60.0)


def test_salt_that_is_used_up_ends_the_staircase_above_the_limit(tmp_path):
    # LIMIT is 2.757: 2.5 leaves 9 % of the salt, 3.0 none
    steps = "[programme]\nstep_error = 1e-4\n" + staircase(2.0, 0.5, 9.0, half="100 s")
    found, others = run(tmp_path, steps, SALT, "")
    assert found.lower < LIMIT < found.upper
    assert (found.value, found.lower) == pytest.approx((3.0, 2.5))
    assert others["failed_by"].value == "depletion"
    assert 400.0 < others["depletion_time"].value < 500.0  # in the first half cycle at 3.0


def test_steps_that_fail_are_cut_and_grow_again(tmp_path, monkeypatch):
    # twice the limit uses the salt up after 4.918 s (with this coarse mesh after 4.80 s): a first
    # step of 60 s has no solution, nor has one of 6 s
    steps = "[programme]\nstep_error = 1e-4\n" + galvanostatic(2 * LIMIT, 100.0)
    case = case_of(tmp_path, text(SALT, HELD, driven(0.0), steps, edge="0.05 um"))
    usual = march(system_of(case, SELF), {}, lambda _: None)
    monkeypatch.setattr(System, "first_step", lambda *_: 60.0)
    cut = march(system_of(case, SELF), {}, lambda _: None)
    assert cut.depleted and usual.depleted
    assert cut.ends[-1].time == pytest.approx(usual.ends[-1].time, rel=1e-3)
    assert cut.ends[-1].time == pytest.approx(4.918268, rel=0.03)
    for found in (cut, usual):
        assert all(math.isfinite(m.voltage) and m.least >= 0.0 for m in found.moments)
    lengths = np.diff([moment.time for moment in cut.moments])
    assert lengths[0] < 60.0 / 1e3  # cut, more than once
    assert lengths[:-1].max() > 10 * lengths[0]  # and regained


def test_current_and_capacity_rise_together(tmp_path):
    rising = staircase(
        0.5, 0.5, 4.0, 'capacity = "0.01 mAh/cm^2"\ncapacity_increment = "0.01 mAh/cm^2"', half=""
    )
    found, others = run(tmp_path, rising + flaw())
    assert found.value == pytest.approx(2.0)
    # 0.01, 0.02, 0.03 mAh/cm2 at 0.5, 1.0, 1.5 mA/cm2: 72 s each, two half cycles
    assert others["time_reached"].value == pytest.approx(432.0)


def test_lithium_grows_under_a_staircase_and_a_mesh_too_flat_is_no_failure_of_the_cell(tmp_path):
    # 2 mAh/cm2 would take 9.7 of 10 um; 2 J/(1 + J^2) is 0.1 where a share J of them is left
    moves = "[boundaries.bottom.plating]\nmoves = true\n[programme]\nremesh = false\n"
    steps = staircase(1.0, 1.0, 2.0, 'capacity = "2 mAh/cm^2"', half="")
    found, others = run(tmp_path, moves + steps)
    assert others["outcome"].value == "distorted"
    grown = 10.0 * (1.0 - (1.0 - math.sqrt(0.99)) / 0.1)
    assert others["growth.bottom"].value == pytest.approx(grown, rel=1e-6)
    assert (found.value, others["failed_by"].value) == ("not found", "nothing")
    assert others["last_passed_current_density"].value == 0.0
