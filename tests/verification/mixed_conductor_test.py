"""A slab of ions and electrons against the line of resistances: limits, balance, ranks, time."""

import math

import numpy as np
import pytest
from mpi4py import MPI
from scipy.integrate import solve_bvp

from solver.march import steady_state
from solver.model import ModelError
from solver.simulate import simulate
from tests.verification.march_example import (
    HELD,
    SOLID,
    F,
    R,
    T,
    case_of,
    driven,
    electrode,
    galvanostatic,
    numbers,
    system_of,
    text,
)

WORLD, SELF = MPI.COMM_WORLD, MPI.COMM_SELF
THERMAL = R * T / F
LONG = 20e-6  # m, beside 2 um of 0.01 S/m
OHMIC = 2e-6 / 0.01


def mixed(ions=0.02, electrons=0.05, i0=1.0, law="linear", more="", area=5e6):
    """Conductivities in S/m, i0 in A/m^2, inner faces in m^2/m^3."""
    return (
        f'law = "mixed_conductor"\nionic_conductivity = "{ions!r} S/m"\n'
        f'electronic_conductivity = "{electrons!r} S/m"\narea_per_volume = "{area!r} m^-1"\n'
        f'[regions.slab.kinetics]\nlaw = "{law}"\nexchange_current_density = "{i0!r} A/m^2"\n'
        f"{more}\n"
    )


def cell(folder, slab, current=1.0, more="", drive="", **sizes):
    layers = [("electrolyte", 2.0, SOLID), ("slab", 20.0, slab)]
    usual = {"size": "0.5 um", "width": "0.5 um", "edge": "0.05 um"} | sizes
    top = electrode("top", drive) if drive else driven(current)
    return case_of(folder, text(SOLID, HELD, top, more, layers=layers, **usual))


def solved(case, comm=SELF):
    return numbers(simulate(case, comm, lambda _: None))


def line(ions, electrons, conductance):
    """Resistance of the slab, ohm m^2; `conductance` of the reaction per volume, S/m^3."""
    both = ions + electrons
    n = LONG * np.sqrt(conductance * (1 / ions + 1 / electrons))
    ratio = ions / electrons + electrons / ions
    return LONG / both * (1 + (2 + ratio * np.cosh(n)) / (n * np.sinh(n)))


def peak(ions, electrons, conductance):
    """Largest reaction over its mean, at one of the two faces: from the profile of eta."""
    n = LONG * math.sqrt(conductance * (1 / ions + 1 / electrons))
    ends = [
        n * (b * math.cosh(n) + a) / ((ions + electrons) * math.sinh(n))
        for a, b in ((ions, electrons), (electrons, ions))
    ]
    return max(ends)


@pytest.mark.parametrize(
    ("ions", "electrons", "i0"),
    [(0.02, 0.05, 1.0), (0.02, 0.05, 100.0), (0.05, 0.001, 30.0), (0.01, 1e7, 10.0)],
)
def test_a_slab_is_a_line_of_resistances(tmp_path, ions, electrons, i0):
    said = solved(cell(tmp_path, mixed(ions, electrons, i0)))
    conductance = 5e6 * i0 / THERMAL
    exact = OHMIC + line(ions, electrons, conductance)
    assert said["voltage"] / 10.0 == pytest.approx(exact, rel=1e-4)
    top = peak(ions, electrons, conductance)
    assert said["reaction_over_mean.slab"] == pytest.approx(top, rel=1e-3)
    # all that the electrons bring goes over to the ions
    assert said["reaction_current_density.slab"] == pytest.approx(1.0, rel=1e-8)
    assert said["charge_balance"] < 1e-8


def test_slow_reactions_are_even_and_in_series(tmp_path):
    # a i0 L F/(R T) = 3.892e2 S/m^2 for i0 = 0.1 A/m^2: 2.569e-3 ohm m^2, and L/3 (1/s + 1/s)
    said = solved(cell(tmp_path, mixed(1.0, 2.0, 0.1)))
    exact = OHMIC + THERMAL / (5e6 * 0.1 * LONG) + LONG / 3 * (1.0 + 0.5)
    assert said["voltage"] / 10.0 == pytest.approx(exact, rel=1e-4)
    assert said["reaction_over_mean.slab"] == pytest.approx(1.0, abs=0.01)


def test_fast_reactions_conduct_side_by_side(tmp_path):
    # far from the faces both carry their share; at each face one alone over the reach l
    ions, electrons, i0 = 0.02, 0.05, 2000.0
    reach = 1 / math.sqrt(5e6 * i0 / THERMAL * (1 / ions + 1 / electrons))
    assert reach == pytest.approx(1.916e-7, rel=1e-3)
    both = ions + electrons
    exact = OHMIC + LONG / both + reach / both * (ions / electrons + electrons / ions)
    said = solved(cell(tmp_path, mixed(ions, electrons, i0)))
    assert said["voltage"] / 10.0 == pytest.approx(exact, rel=1e-4)


@pytest.mark.parametrize("current", [1e-3, 1.0, 1e3, 1e6])
def test_newton_needs_a_few_steps_at_any_current(tmp_path, current):
    # current in mA/cm2; i0 over all inner faces is 1 A/m^2 5e6/m 20 um = 100 A/m^2 = 10 mA/cm2
    case = cell(tmp_path, mixed(10.0, 20.0, 1.0, "butler_volmer"), current)
    state = steady_state(system_of(case, SELF), {})
    assert state.shares == 0
    assert state.moments[-1].iterations <= 14


def test_butler_and_volmer_within_a_slab(tmp_path):
    # 20 mA/cm2, by collocation in one dimension
    ions, electrons, i0, i = 0.02, 0.05, 1.0, 200.0
    said = solved(cell(tmp_path, mixed(ions, electrons, i0, "butler_volmer"), 20.0))

    def slope(y, v):  # phi, i, psi; y from the electrolyte to the collector
        phi, inner, psi = v
        rate = 5e6 * i0 * 2 * np.sinh((psi - phi) / (2 * THERMAL))
        # ions flow down, towards the electrolyte: i counts that
        return np.array([inner / ions, -rate, (i - inner) / electrons]) * LONG

    def ends(at, there):
        return np.array([at[0], at[1] - i, there[1]])

    y = np.linspace(0, 1, 400)
    guess = np.array([0.1 * y, i * (1 - y), 0.2 + 0.1 * y])
    found = solve_bvp(slope, ends, y, guess, tol=1e-9, max_nodes=100000)
    assert found.status == 0
    exact = i * OHMIC + found.y[2, -1]
    assert said["voltage"] == pytest.approx(exact, rel=1e-6)


def test_the_impedance_of_a_slab_with_double_layers(tmp_path):
    # the line again, with i0 F/(R T) + i w C in place of i0 F/(R T)
    asked = '[impedance]\nfrequencies = ["10 kHz", "100 Hz", "1 Hz"]\nstate = "rest"\n'
    slab = mixed(0.02, 0.05, 1.0, more='capacitance = "10 uF/cm^2"')
    said = solved(cell(tmp_path, slab, more=asked, size="0.2 um", width="0.2 um"))
    for n, frequency in enumerate((1e4, 100.0, 1.0), 1):
        per_area = 1.0 / THERMAL + 2j * np.pi * frequency * 0.1
        z = OHMIC + line(0.02, 0.05, 5e6 * per_area)
        found = complex(said[f"real_part.{n}"], said[f"imaginary_part.{n}"])
        assert abs(found - 1e4 * z) < 1e-4 * abs(1e4 * z)


def test_double_layers_within_a_slab_charge_to_its_steady_voltage(tmp_path):
    # thermal C/i0 = 2.569 ms; at the start the reaction is shorted: a line without resistance
    slab = mixed(0.02, 0.05, 1.0, more='capacitance = "10 uF/cm^2"')
    steps = "[programme]\nstep_error = 1e-5\n" + galvanostatic(1.0, 0.04)
    case = cell(tmp_path, slab, 0.0, more=steps, size="1 um", width="1 um")
    said = solved(case)
    exact = OHMIC + line(0.02, 0.05, 5e6 / THERMAL)
    assert said["voltage"] / 10.0 == pytest.approx(exact, rel=1e-4)
    assert said["charge_balance"] < 1e-8


def test_a_jump_before_the_slab_is_for_ions(tmp_path):
    more = (
        '[interfaces."electrolyte|slab"]\nlaw = "resistive"\n'
        'area_specific_resistance = "3 ohm cm^2"\n'
    )
    plain, jump = (solved(cell(tmp_path, mixed(), more=m))["voltage"] for m in ("", more))
    assert jump - plain == pytest.approx(10.0 * 3e-4, rel=1e-6)


def test_electrons_live_in_the_slab_alone(tmp_path):
    system = system_of(cell(tmp_path, mixed()), SELF)
    y = system.space.tabulate_dof_coordinates()[:, 1]
    for field in (*system.electrons, *system.inner):
        assert y[field.nodes].min() == pytest.approx(2.0)
    assert len(system.phi[0].nodes) == len(y)


@pytest.mark.parallel
def test_ranks_agree(tmp_path):
    slab = mixed(0.02, 0.05, 3.0, "butler_volmer")
    case = WORLD.bcast(cell(tmp_path, slab, 5.0, size="2 um", width="2 um", edge="0.5 um"))
    together, alone = (solved(case, comm) for comm in (WORLD, SELF))
    for name in ("voltage", "reaction_over_mean.slab", "least_reaction_over_mean.slab"):
        assert together[name] == pytest.approx(alone[name], rel=1e-8)


def test_collectors_have_no_kinetics(tmp_path):
    more = '[boundaries.top.kinetics]\nlaw = "linear"\nexchange_current_density = "1 A/m^2"\n'
    with pytest.raises(ModelError, match="collector of electrons"):
        solved(cell(tmp_path, mixed(), more=more))
