"""Steps whose current or potential goes in a straight line: charge, voltage, salt, events."""

import math

import pytest
from mpi4py import MPI

from solver.case import load_case
from solver.faults import CaseError
from solver.simulate import simulate
from tests.verification.march_example import (
    HELD,
    LIMIT,
    SALT,
    SOLID,
    F,
    case_of,
    driven,
    galvanostatic,
    numbers,
    text,
)

SELF = MPI.COMM_SELF
SIZES = {"size": "4 um", "edge": "2 um", "width": "4 um"}
FILM = 'area_specific_resistance = "10 ohm cm^2"\n'


def solved(folder, law, *parts, **sizes):
    content = text(law, HELD, *parts, **(sizes or SIZES))
    return numbers(simulate(case_of(folder, content), SELF, lambda _: None))


def to_current(first, last, seconds, more=""):
    return galvanostatic(first, seconds, f'to_current_density = "{last!r} mA/cm^2"\n{more}')


def test_a_ramp_of_the_current_passes_its_mean(tmp_path):
    # -1 to 5 mA/cm2 over 60 s: 2 mA/cm2 in the mean; film and electrolyte have 10 ohm cm2 each
    found = solved(tmp_path, SOLID, driven(0.0, FILM), to_current(-1.0, 5.0, 60.0))
    assert found["capacity"] == pytest.approx(2.0 * 60 / 3600, rel=1e-9)
    assert found["voltage_at_start"] == pytest.approx(-0.02, rel=1e-9)
    assert found["voltage"] == pytest.approx(0.1, rel=1e-9)
    assert found["mean_current_density"] == pytest.approx(5.0, rel=1e-9)


def test_a_ramp_ends_where_its_voltage_and_its_capacity_say(tmp_path):
    # 0 to 6 mA/cm2 in 60 s: 0.1 mA/cm2/s; 40 mV at 2 mA/cm2, after 20 s; Q = 0.05 t^2
    said = solved(
        tmp_path, SOLID, driven(0.0, FILM), to_current(0.0, 6.0, 60.0, 'voltage = "40 mV"')
    )
    assert said["time_reached"] == pytest.approx(20.0, rel=1e-9)
    charge = f'capacity = "{0.05 * 30**2 / 3600!r} mAh/cm^2"'
    said = solved(tmp_path, SOLID, driven(0.0, FILM), to_current(0.0, 6.0, 60.0, charge))
    assert said["time_reached"] == pytest.approx(30.0, rel=1e-7)
    assert said["mean_current_density"] == pytest.approx(3.0, rel=1e-7)


def test_a_ramp_of_the_potential(tmp_path):
    # 10 to 30 mV over 100 s through 20 ohm cm2: 20 mV in the mean
    step = (
        '[[programme.steps]]\nkind = "potentiostatic"\npotential = "10 mV"\n'
        'to_potential = "30 mV"\nduration = "100 s"\n'
    )
    found = solved(tmp_path, SOLID, driven(0.0, FILM), step)
    assert found["voltage"] == pytest.approx(0.03, rel=1e-12)
    assert found["capacity"] == pytest.approx(1.0 * 100 / 3600, rel=1e-9)
    assert "bruce_vincent_transference" not in found


@pytest.mark.slow
def test_a_ramp_depletes_salt_when_it_must(tmp_path):
    # c(0) = c0 - (1 - t) 4 r t^(3/2)/(3 F sqrt(pi D)) while the faces do not see each other
    rate = 5 * LIMIT / 1.0  # mA/cm^2/s; of 10 um: L^2/D = 100 s
    share = 1 - 1e-4  # of the salt that is taken
    lost = 3 * F * 1000 * share * math.sqrt(math.pi * 1e-12) / (4 * 0.7 * rate * 10)
    sizes = {"size": "0.5 um", "width": "0.5 um", "edge": "0.01 um"}
    found = solved(tmp_path, SALT, driven(0.0), to_current(0.0, rate * 4, 4.0), **sizes)
    assert found["outcome"] == "depleted"
    assert found["depletion_time"] == pytest.approx(lost ** (2 / 3), rel=1e-3)
    assert 0.8 < lost ** (2 / 3) < 3.0


@pytest.mark.parametrize(
    ("kind", "key"),
    [("rest", 'to_potential = "1 V"'), ("potentiostatic", 'to_current_density = "1 mA/cm^2"')],
)
def test_a_ramp_of_what_is_not_held_is_refused(tmp_path, kind, key):
    more = 'potential = "1 V"\n' if kind == "potentiostatic" else ""
    step = f'[[programme.steps]]\nkind = "{kind}"\nduration = "1 s"\n{more}{key}\n'
    path = tmp_path / "case.toml"
    path.write_text(text(SOLID, HELD, driven(0.0), step))
    with pytest.raises(CaseError, match="no such key in a step with kind"):
        load_case(path)
