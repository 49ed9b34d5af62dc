"""Charge and salt in time against exact solutions, balances, events, ranks."""

import math
from itertools import pairwise

import numpy as np
import pytest
import ufl
from dolfinx import fem
from mpi4py import MPI
from scipy.integrate import quad
from scipy.optimize import brentq, fsolve

from solver.domain import refine_cells
from solver.march import march, steady_state
from solver.model import ModelError
from solver.simulate import simulate
from tests.verification.march_example import (
    HELD,
    LIMIT,
    SALT,
    SOLID,
    F,
    R,
    T,
    case_of,
    driven,
    electrode,
    galvanostatic,
    numbers,
    reacts,
    system_of,
    text,
)

FINE = {"size": "0.5 um", "width": "0.5 um", "edge": "0.01 um"}
THERMAL = R * T / F  # 25.69 mV
WORLD, SELF = MPI.COMM_WORLD, MPI.COMM_SELF


def solved(folder, content, comm=SELF):
    return simulate(case_of(folder, content), comm, lambda _: None)


def found(folder, content, comm=SELF):
    return numbers(solved(folder, content, comm))


# -- kinetics ---------------------------------------------------------------------------------


def voltage_of_two_faces(i, law, i0, alpha):
    """i in A/m^2 from bottom to top electrode, each with 10 ohm cm^2; 10 um of 0.01 S/m."""
    f = 1 / THERMAL

    def rate(eta):
        if law == "linear":
            return i0 * f * eta
        if law == "tafel":
            return math.copysign(
                i0 * math.exp((alpha if eta > 0 else 1 - alpha) * f * abs(eta)), eta
            )
        return i0 * (math.exp(alpha * f * eta) - math.exp(-(1 - alpha) * f * eta))

    strips = brentq(lambda eta: rate(eta) - i, 1e-12, 3.0, xtol=1e-15, rtol=1e-14)
    plates = brentq(lambda eta: rate(eta) + i, -3.0, -1e-12, xtol=1e-15, rtol=1e-14)
    return i * 10e-6 / 0.01 + 2 * 1e-3 * i + strips - plates


@pytest.mark.parametrize(
    ("law", "alpha", "ratio"),
    [
        ("butler_volmer", 0.5, 1.0), ("butler_volmer", 0.3, 1e-3), ("butler_volmer", 0.3, 1.0),
        ("butler_volmer", 0.7, 1e2), ("butler_volmer", 0.3, 1e4), ("linear", 0.5, 3.0),
        ("tafel", 0.4, 50.0),
    ],
)  # fmt: skip
def test_a_flat_cell_has_the_voltage_of_its_parts(tmp_path, law, alpha, ratio):
    film = 'area_specific_resistance = "10 ohm cm^2"'
    more = f"transfer_coefficient = {alpha}"
    faces = HELD + film + "\n" + driven(0.1 * ratio, film)
    said = found(
        tmp_path,
        text(SOLID, faces, reacts("top", 0.1, law, more), reacts("bottom", 0.1, law, more)),
    )
    exact = voltage_of_two_faces(ratio, law, 1.0, alpha)
    assert said["voltage"] == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize("volts", [1e-4, 0.1, 1.0, 3.0, 20.0])
@pytest.mark.parametrize("alpha", [0.5, 0.25])
def test_newton_needs_a_few_steps_at_any_voltage(tmp_path, volts, alpha):
    # without a film: arsinh alone stands between i0 and 1e4 i0
    faces = HELD + electrode("top", f'potential = "{volts} V"')
    kinetics = f"transfer_coefficient = {alpha}"
    case = case_of(
        tmp_path,
        text(SOLID, faces, reacts("top", 0.1, more=kinetics), reacts("bottom", 0.1, more=kinetics)),
    )
    system = system_of(case, SELF)
    state = steady_state(system, {})
    assert state.shares == 0
    assert state.moments[-1].iterations <= 12
    i = state.moments[-1].current / (0.5 * 1.0)  # pA/um^2 = A/m^2; half of the cell is meshed
    exact = brentq(
        lambda j: voltage_of_two_faces(j, "butler_volmer", 1.0, alpha) - 2e-3 * j - volts,
        1e-9, 1e5, rtol=1e-14,
    )  # fmt: skip
    assert i == pytest.approx(exact, rel=1e-8)


@pytest.mark.parametrize("ratio", [1e-3, 1e-1, 1.0, 1e2, 1e4])
def test_newton_needs_a_few_steps_at_any_current(tmp_path, ratio):
    # uneven current: two flat films of one cell would need one step each
    faces = HELD + driven(0.1 * ratio)
    more = "transfer_coefficient = 0.35"
    case = case_of(
        tmp_path,
        text(SOLID, faces, reacts("top", 0.1, more=more), reacts("bottom", 0.1, "linear")),
    )
    state = steady_state(system_of(case, SELF), {})
    assert state.shares == 0
    assert state.moments[-1].iterations <= 8


def test_faces_under_pressure_make_a_voltage(tmp_path):
    # 74.23 MPa of pressure on the one, 7.423 MPa of tension on the other: -10 mV - 1 mV
    stress = 'normal_stress = "{} MPa"\nmolar_volume = "12.998 cm^3/mol"'
    parts = [
        HELD, driven(0.0), reacts("top", more=stress.format(-74.23)),
        reacts("bottom", more=stress.format(7.423)), galvanostatic(0.0, 1.0),
    ]  # fmt: skip
    said = found(tmp_path, text(SOLID, *parts))
    assert said["voltage"] == pytest.approx(-11e-3, rel=2e-4)


def test_a_reaction_near_equilibrium_is_a_resistance(tmp_path):
    # through a window of a fifth of the width; bounds of the linear problem are proved
    geometry = (
        'title = "t"\n[geometry]\nshape = "strip"\nwidth = "2 um"\nfilling = "metal"\n'
        'film = { thickness = "0.1 um", model = "layer" }\n'
        'opening = { kind = "slit", area_fraction = "20 %" }\n'
        '[[geometry.above]]\nname = "electrolyte"\nthickness = "4 um"\n'
        f'[regions.electrolyte]\n{SOLID}[regions.film]\nlaw = "insulator"\n'
        '[numerics]\nedge_size = "0.01 um"\n[output]\npictures = false\n'
    )
    top = electrode("top", 'potential = "0 V"')
    rho = 1e4 * THERMAL / 20.0  # ohm cm^2 of i0 = 2 mA/cm^2 = 20 A/m^2
    robin = electrode(
        "window", 'current_density = "0.01 mA/cm^2"',
        f'area_specific_resistance = "{rho!r} ohm cm^2"',
    )  # fmt: skip
    linear = electrode("window", 'current_density = "0.01 mA/cm^2"') + reacts(
        "window", 2.0, "linear"
    )
    bounded = solved(tmp_path, geometry + top + robin)
    asr = next(q for q in bounded.quantities if q.name == "area_specific_resistance")
    said = found(tmp_path, geometry + top + linear)
    assert said["voltage"] / said["mean_current_density"] * 1e3 == pytest.approx(
        asr.value, rel=2e-3
    )


def test_double_layers_charge_through_the_reaction(tmp_path):
    # 2 faces with R = thermal/i0 = 256.9 ohm cm^2 and 10 uF/cm^2: 2.569 ms; i L/kappa at once
    steps = "[programme]\nstep_error = 1e-6\n" + galvanostatic(0.1, 4e-3)
    both = 'capacitance = "10 uF/cm^2"'
    parts = [HELD, driven(0.0), steps]
    parts += [reacts(name, 0.1, "linear", both) for name in ("top", "bottom")]
    case = case_of(tmp_path, text(SOLID, *parts))
    state = march(system_of(case, SELF), {}, lambda _: None)
    resistance = THERMAL / 1.0  # ohm m^2
    for moment in state.moments[len(state.moments) // 2 :: 5]:
        charged = 1 - math.exp(-moment.time / (resistance * 0.1))
        exact = 10e-6 / 0.01 + 2 * resistance * charged
        assert moment.voltage == pytest.approx(exact, rel=1e-4)


# -- salt: an exact solution of the coupled problem in space and time --------------------------


def concentration_cell(folder, passes, overrides, duration=20.0, step_error="1e-8"):
    """Salt 1 + 0.5 cos(pi y/L) that levels out without current; error of u, and of the voltage.

    u = 1 + 0.5 cos(pi y/L) exp(-pi^2 D t/L^2), V = (2 R T/F) (1 - t) ln(c_top/c_bottom).
    """
    programme = f"[programme]\nstep_error = {step_error}\n" + galvanostatic(0.0, duration)
    faces = HELD + driven(0.0)
    case = case_of(folder, text(SALT, faces, programme, width="4 um", size="4 um"))

    def finer(domain):
        for _ in range(passes):
            cells = np.arange(domain.mesh.topology.index_map(2).size_local, dtype=np.int32)
            domain = refine_cells(domain, cells)
        return domain

    system = system_of(case, SELF, finer)
    x = system.start()
    y = system.space.tabulate_dof_coordinates()[system.salt.nodes, 1]
    x.array[system.salt.unknowns] = 1 + 0.5 * np.cos(np.pi * y / 10.0)
    system.start = lambda: x
    state = march(system, overrides, lambda _: None)
    system.put(state.x)
    decay = 0.5 * math.exp(-(math.pi**2) * 1.0 * duration / 100.0)
    place = ufl.SpatialCoordinate(system.domain.mesh)[1]
    exact = 1 + decay * ufl.cos(math.pi * place / 10.0)
    error = fem.assemble_scalar(fem.form((system.salt.value - exact) ** 2 * ufl.dx))
    volts = 2 * THERMAL * 0.7 * math.log((1 - decay) / (1 + decay))
    return math.sqrt(error), abs(state.moments[-1].voltage - volts), state


def test_salt_levels_out_as_it_must_in_space(tmp_path):
    errors = [concentration_cell(tmp_path, n, {})[:2] for n in (0, 1, 2)]
    for (salt, _), (finer, _) in pairwise(errors):
        assert math.log2(salt / finer) > 2.7  # quadratic elements: 3
    assert errors[-1][0] < 1e-3 and errors[-1][1] < 1e-6


@pytest.mark.parametrize("order", [2, 3])
def test_salt_levels_out_as_it_must_in_time(tmp_path, order):
    # steps of one length; of the first ones the order grows from 1, which costs their square
    errors = []
    for count in (10, 20, 40):
        fixed = {"ts_adapt_type": "none", "ts_dt": f"{20.0 / count}", "ts_bdf_order": f"{order}"}
        state = concentration_cell(tmp_path, 3, fixed)[2]
        assert len(state.moments) == count + 1
        decay = 0.5 * math.exp(-(math.pi**2) * 20.0 / 100.0)
        exact = 2 * THERMAL * 0.7 * math.log((1 - decay) / (1 + decay))
        errors.append(abs(state.moments[-1].voltage - exact))
    rates = [math.log2(a / b) for a, b in pairwise(errors)]
    assert min(rates) > 1.7, errors


def test_smaller_errors_per_step_make_smaller_errors(tmp_path):
    loose, tight = (
        concentration_cell(tmp_path, 3, {}, step_error=error) for error in ("1e-3", "1e-6")
    )
    assert tight[1] < 0.1 * loose[1]
    assert len(loose[2].moments) < len(tight[2].moments)
    assert tight[1] < 2e-6  # V, of 6.9 mV


# -- salt under current -----------------------------------------------------------------------


def g(tau):
    n = np.arange(1, 4000, 2)
    return float(1 - 8 / np.pi**2 * np.sum(np.exp(-(n**2) * np.pi**2 * tau) / n**2))


def test_the_series_of_depletion():
    for tau, value in ((0.01, 0.2256758334), (0.1, 0.6978819062), (0.5, 0.9941704789)):
        assert g(tau) == pytest.approx(value, abs=1e-9)


def test_too_much_current_depletes_the_salt_when_it_must(tmp_path):
    # I = 2: tau = 0.0491826849, t = tau L^2/D = 4.91826849 s
    said = found(tmp_path, text(SALT, HELD, driven(0.0), galvanostatic(2 * LIMIT, 100.0), **FINE))
    assert said["outcome"] == "depleted"
    assert said["depletion_time"] == pytest.approx(4.91826849, rel=1e-3)
    assert said["limiting_current_density"] == pytest.approx(LIMIT, rel=1e-4)
    assert all(math.isfinite(value) for value in said.values() if isinstance(value, float))
    passed = 2 * LIMIT * said["depletion_time"] / 3600
    assert said["capacity"] == pytest.approx(passed, rel=1e-9)
    assert said["salt_balance"] < 1e-11 and said["charge_balance"] < 1e-8


def test_more_than_the_limit_has_no_steady_state(tmp_path):
    with pytest.raises(ModelError, match="limiting current is exceeded"):
        solved(tmp_path, text(SALT, HELD, driven(1.05 * LIMIT)))


def test_a_held_potential_has_a_steady_current_below_the_limit(tmp_path):
    # V = (2 R T/F) ln((1 + I)/(1 - I)), so I = tanh(V/(4 R T/F)): 1 - I is 5.8e-3 at 0.3 V
    coarse = {"size": "1 um", "width": "1 um", "edge": "0.1 um"}
    exact = math.tanh(0.3 / (4 * THERMAL)) * LIMIT
    said = found(tmp_path, text(SALT, HELD, electrode("top", 'potential = "0.3 V"'), **coarse))
    assert said["mean_current_density"] == pytest.approx(exact, rel=1e-3)
    with pytest.raises(ModelError, match=r"nearer to the limiting current \(2\.7.* at 0\.[34]"):
        solved(tmp_path, text(SALT, HELD, electrode("top", 'potential = "1 V"'), **coarse))


def test_half_cycles_come_back(tmp_path):
    steps = "[programme]\nrepeat = 2\n" + "".join(
        galvanostatic(sign * 0.5 * LIMIT, 30.0) for sign in (1, -1)
    )
    parts = [
        HELD,
        driven(0.0),
        steps,
        reacts("top"),
        reacts("bottom", 0.3, more="transfer_coefficient = 0.4"),
    ]
    said = found(tmp_path, text(SALT, *parts))
    assert said["time_reached"] == pytest.approx(120.0, rel=1e-12)
    assert abs(said["capacity"]) < 1e-9 * LIMIT * 30 / 3600
    assert said["salt_balance"] < 1e-11 and said["charge_balance"] < 1e-8
    # a cycle on, the salt is where it was a cycle ago, but for what is left of the start
    assert said["least_concentration"] == pytest.approx(1 - 0.5 * cycled(30.0 / 100.0), rel=1e-3)


def cycled(tau):
    """Superposition of the steps of four half cycles."""
    return abs(g(4 * tau) - 2 * g(3 * tau) + 2 * g(2 * tau) - 2 * g(tau))


def test_steps_stop_where_they_should(tmp_path):
    charge = 0.5 * LIMIT * 7.0 / 3600  # mAh/cm^2 after 7 s
    steps = galvanostatic(0.5 * LIMIT, 100.0, f'capacity = "{charge!r} mAh/cm^2"')
    steps += galvanostatic(0.9 * LIMIT, 1000.0, 'voltage = "80 mV"')
    case = case_of(tmp_path, text(SALT, HELD, driven(0.0), steps))
    state = march(system_of(case, SELF), {}, lambda _: None)
    assert [end.reason for end in state.ends] == ["capacity", "voltage"]
    assert state.ends[0].time == pytest.approx(7.0, rel=1e-9)
    assert state.moments[-1].voltage == pytest.approx(0.08, rel=1e-6)


@pytest.mark.parametrize("drive", ["current", "potential"])
def test_currents_count_what_charges_double_layers(tmp_path, drive):
    # 10 ohm cm2 of electrolyte, 20 of film, 256.9 of a reaction beside 10 uF/cm2; twice
    film = 'area_specific_resistance = "20 ohm cm^2"\n'
    layer = reacts("top", 0.1, "linear", 'capacitance = "10 uF/cm^2"')
    held = '[[programme.steps]]\nkind = "potentiostatic"\npotential = "30 mV"\nduration = "1 ms"\n'
    steps = galvanostatic(1.0, 1e-3) + galvanostatic(-1.0, 1e-3) if drive == "current" else held
    state = march(
        system_of(case_of(tmp_path, text(SOLID, HELD, driven(0.0, film), layer, steps)), SELF),
        {}, lambda _: None,
    )  # fmt: skip
    moments, r, rs = state.moments, 1e4 * THERMAL, 30.0
    assert max(m.balance for m in moments) < 1e-8
    if drive == "current":
        assert moments[0].voltage == pytest.approx(0.03, rel=1e-6)
        second = state.ends[1].first
        jump = moments[second].voltage - moments[second - 1].voltage
        assert jump == pytest.approx(-0.06, rel=1e-6)  # both currents through 30 ohm cm2
        currents = [m.current / moments[0].current for m in moments]
        assert currents == pytest.approx([1.0] * second + [-1.0] * (len(moments) - second))
        return
    start, tau = 30.0 / rs, 1e-5 * r * rs / (r + rs)
    steady = 30.0 / (r + rs)
    for m in moments:
        i = steady + (start - steady) * math.exp(-m.time / tau)
        assert m.current / moments[0].current == pytest.approx(i / start, abs=2e-3)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_voltage_that_is_past_its_stop_at_once_ends_the_step_at_once(tmp_path, sign):
    # 10 ohm cm2: 2 mA/cm2 make 20 mV, past 15 mV from the start, short of 25 mV to the end
    steps = galvanostatic(2.0 * sign, 10.0, f'voltage = "{15 * sign} mV"')
    steps += galvanostatic(2.0 * sign, 10.0, f'voltage = "{25 * sign} mV"')
    state = march(
        system_of(case_of(tmp_path, text(SOLID, HELD, driven(0.0), steps)), SELF), {}, print
    )
    assert [(end.reason, end.time) for end in state.ends] == [("voltage", 0.0), ("duration", 10.0)]


def test_what_resists_besides_the_salt_is_not_read_as_its_transference(tmp_path):
    # 20 ohm cm2 at half of both faces, 30 within: 0.3 comes back as it does without them
    film = 'area_specific_resistance = "20 ohm cm^2"\n'
    half = "[boundaries.{}.contact]\nopen_fraction = 0.5\n"
    joint = '[interfaces."lower|upper"]\nlaw = "resistive"\narea_specific_resistance = '
    held = '[[programme.steps]]\nkind = "potentiostatic"\npotential = "1 mV"\nduration = "900 s"\n'
    said = found(
        tmp_path,
        text(
            SALT, HELD + film, driven(0.0, film), half.format("top"), half.format("bottom"),
            joint + '"30 ohm cm^2"\n', held,
            layers=[("lower", 4.0, SALT), ("upper", 6.0, SALT)], edge="1 um",
        ),
    )  # fmt: skip
    assert said["current_ratio"] > 0.8
    assert said["bruce_vincent_transference"] == pytest.approx(0.3, rel=1e-3)


def test_a_diffusivity_that_changes_with_the_salt(tmp_path):
    # D = 1 + c/c0 in 1e-12 m^2/s: D dc/dx = (1 - t) i/F; the amount of salt gives the constant
    table = (
        'diffusivity = { concentrations = ["0 mol/m^3", "2000 mol/m^3"], '
        'values = ["1e-12 m^2/s", "3e-12 m^2/s"] }'
    )
    table = table.replace('"0 mol/m^3"', '"1e-9 mol/m^3"')
    law = SALT.replace('diffusivity = "1e-12 m^2/s"', table) + 'conductivity = "0.1 S/m"\n'
    i = 10.0 * LIMIT  # A/m^2
    said = found(tmp_path, text(law, HELD, driven(LIMIT)))
    slope = 0.7 * i * 10e-6 / (F * 1e-12 * 1000)  # 2: of D over its first value, from end to end

    def at(x, low):  # c + c^2/2 grows evenly
        return math.sqrt(1 + 2 * (low + low**2 / 2 + slope * x)) - 1

    low = fsolve(lambda low: quad(lambda x: at(x, low[0]), 0, 1)[0] - 1, 0.3)[0]
    assert said["least_concentration"] == pytest.approx(low, rel=1e-4)
    # kappa is constant: V = i L/kappa - (2 R T/F) (1 - t) ln(c_low/c_high)
    exact = i * 10e-6 / 0.1 + 2 * THERMAL * 0.7 * math.log(at(1, low) / low)
    assert said["voltage"] == pytest.approx(exact, rel=1e-4)


def test_salt_does_not_pass_a_conductor_of_one_ion(tmp_path):
    layers = [("lower", 4.0, SALT), ("wall", 2.0, SOLID), ("upper", 4.0, SALT)]
    steps = galvanostatic(0.5 * LIMIT, 2000.0)
    case = case_of(tmp_path, text(SALT, HELD, driven(0.0), steps, layers=layers))
    system = system_of(case, SELF)
    state = march(system, {}, lambda _: None)
    assert len(system.groups) == 2
    assert np.abs(system.salt_over_start(state.x) - 1).max() < 1e-11
    # both come to a linear profile of their own: 0.5 LIMIT is 0.2 of the limit of 4 um
    assert state.moments[-1].least == pytest.approx(0.8, rel=2e-5)


def test_a_resistive_interface_in_the_salt_is_a_resistance(tmp_path):
    layers = [("lower", 4.0, SALT), ("wall", 2.0, SOLID), ("upper", 4.0, SALT)]
    joint = '[interfaces."lower|wall"]\nlaw = "resistive"\narea_specific_resistance = "{} ohm cm^2"'
    with_it, without = (
        found(tmp_path, text(SALT, HELD, driven(1.0), joint.format(rho), layers=layers))["voltage"]
        for rho in (7.0, 1e-9)
    )
    assert with_it - without == pytest.approx(7e-3, rel=1e-6)


@pytest.mark.parallel
def test_any_number_of_ranks_gives_the_same(tmp_path):
    layers = [("lower", 4.0, SALT), ("wall", 2.0, SOLID), ("upper", 4.0, SALT)]
    steps = (
        "[programme]\nstep_error = 1e-3\n"
        + galvanostatic(1.0, 3.0)
        + ('[[programme.steps]]\nkind = "potentiostatic"\npotential = "20 mV"\nduration = "3 s"\n')
    )
    parts = [HELD, driven(0.0), steps, reacts("top", more="transfer_coefficient = 0.4")]
    case = case_of(
        tmp_path, text(SALT, *parts, layers=layers, edge="1 um", size="2 um", width="2 um")
    )
    case = WORLD.bcast(case)
    together, alone = (numbers(simulate(case, comm, lambda _: None)) for comm in (WORLD, SELF))
    assert set(together) == set(alone)
    for name in ("voltage", "mean_current_density", "capacity", "least_concentration"):
        assert together[name] == pytest.approx(alone[name], rel=1e-7)
    assert together["salt_balance"] < 1e-11 and together["charge_balance"] < 1e-8
