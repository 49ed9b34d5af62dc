"""Vacancies behind a face: sqrt(t) at first, a line at last, any current in between, voids."""

import math

import numpy as np
import pytest
from mpi4py import MPI
from scipy.integrate import solve_ivp

from solver.case import load_case
from solver.contact_schema import Vacancies, Voids
from solver.faults import CaseError
from solver.simulate import simulate
from solver.vacancies import History, vacancy_current
from tests.verification.march_example import (
    HELD,
    SOLID,
    case_of,
    driven,
    galvanostatic,
    numbers,
    text,
)

F, V = 96.48533212331, 1e-3 * 6.941 / 0.534  # pC/fmol, um^3/fmol
D, EXCESS, DEPTH = 1.0, 1e-3, 10.0  # um^2/s, -, um
LAW = Voids(1.0, vacancies=Vacancies(D, EXCESS, DEPTH), molar_volume=V)
STEADY = F * D * EXCESS / (V * DEPTH)  # pA/um^2
SIZES = {"size": "4 um", "edge": "2 um", "width": "4 um"}
FILM = 'area_specific_resistance = "10 ohm cm^2"\n'
AWAY = (
    '[boundaries.top.contact.voids]\ndepth = "1 um"\n{}[boundaries.top.contact.voids.vacancies]\n'
    'diffusivity = "1e-12 m^2/s"\nexcess = 0.001\nsink_distance = "10 um"\n'
)


def test_what_diffuses_away_steadily():
    # 96485 C/mol/12.998 cm^3/mol 1e-12 m^2/s 1e-3/10 um = 0.742 A/m^2
    assert vacancy_current(LAW) == pytest.approx(STEADY) == pytest.approx(0.7423, rel=1e-4)
    assert vacancy_current(Voids(1.0, 0.3)) == 0.3


def test_the_excess_grows_as_the_root_of_time_at_first():
    for time in (1e-3, 0.1, 1.0):  # of L^2/D = 100 s
        found = History(LAW, ((0.0, 5.0), (time, 5.0))).last
        assert found == pytest.approx(2 * V * 5.0 / F * math.sqrt(time / (math.pi * D)), rel=2e-3)
    # and voids begin at pi D (F x/(2 V i))^2
    begin = History(LAW, ((0.0, 5.0), (100.0, 5.0))).begin()
    assert begin == pytest.approx(math.pi * D * (F * EXCESS / (2 * V * 5.0)) ** 2, rel=1e-4)


def test_at_last_the_excess_is_that_of_a_line():
    assert History(LAW, ((0.0, STEADY), (1000.0, STEADY))).last == pytest.approx(EXCESS, rel=1e-9)
    assert History(LAW, ((0.0, 0.99 * STEADY), (1e4, 0.99 * STEADY))).begin() is None
    assert History(LAW, ((0.0, 1.01 * STEADY), (1e4, 1.01 * STEADY))).begin() > 100.0


def test_any_current_is_that_of_the_diffusion_equation():
    # up, held, reversed at once, to nothing; finite volumes of 1/400 of the depth
    times = [0.0, 10.0, 30.0, 30.0, 50.0]
    currents = [0.0, 2.0, 2.0, -1.0, 0.5]
    cells = 400
    h = DEPTH / cells

    def rate(t, x, ends):
        current = np.interp(t, *ends)
        flux = np.concatenate([[V * current / F], -D * np.diff(x) / h, [2 * D * x[-1] / h]])
        return -np.diff(flux) / h

    x = np.zeros(cells)
    for k in (0, 1, 3):
        ends = times[k : k + 2], currents[k : k + 2]
        x = solve_ivp(rate, ends[0], x, "BDF", args=(ends,), rtol=1e-8, atol=1e-12).y[:, -1]
    exact = x[0] + 0.5 * h * V * currents[-1] / F / D
    found = History(LAW, tuple(zip(times, currents, strict=True))).last
    assert found == pytest.approx(exact, rel=1e-4, abs=1e-8)


def solved(folder, current, seconds, more=""):
    parts = [driven(0.0, FILM), AWAY.format(more), galvanostatic(current, seconds)]
    case = case_of(folder, text(SOLID, HELD, *parts, **SIZES))
    return numbers(simulate(case, MPI.COMM_SELF, lambda _: None))


def test_voids_open_with_what_vacancies_leave(tmp_path):
    # w = (i - i_v) t V/(F d) of 1 mA/cm2 over 100 s, 0.0742 carried away
    found = solved(tmp_path, 1.0, 100.0)
    assert found["vacancy_current_density.top"] == pytest.approx(0.1 * STEADY, rel=1e-9)
    assert found["critical_stripping_current_density.top"] == pytest.approx(0.1 * STEADY)
    lost = (10.0 - STEADY) * 100.0 * V / F
    assert found["contact_fraction.top"] == pytest.approx(1 - lost, rel=1e-6)
    assert found["void_start_time.top"] == pytest.approx(0.43278, rel=1e-3)
    back = solved(tmp_path, -1.0, 100.0)  # plating leaves none
    assert "void_start_time.top" not in back
    assert back["contact_fraction.top"] == pytest.approx(1.0, abs=1e-12)
    assert back["vacancy_excess.top"] < 0.0


def test_one_of_both_is_given(tmp_path):
    path = tmp_path / "case.toml"
    more = 'vacancy_current_density = "0.1 mA/cm^2"\n'
    parts = [driven(0.0, FILM), AWAY.format(more), galvanostatic(1.0, 1.0)]
    path.write_text(text(SOLID, HELD, *parts, **SIZES))
    with pytest.raises(CaseError, match="from which it follows"):
        load_case(path)
