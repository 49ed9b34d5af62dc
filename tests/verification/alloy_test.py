"""Lithium in alloys against exact solutions: diffusion, depletion, stress, balance, impedance."""

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI
from scipy.integrate import solve_ivp
from scipy.optimize import brentq
from scipy.special import erfc

from solver.domain import refine_cells
from solver.march import march
from solver.model import ModelError
from solver.simulate import simulate
from tests.verification.march_example import (
    HELD,
    SALT,
    SOLID,
    F,
    R,
    T,
    case_of,
    continued,
    driven,
    electrode,
    galvanostatic,
    kept_at,
    numbers,
    reacts,
    system_of,
    table,
    text,
)

WORLD, SELF = MPI.COMM_WORLD, MPI.COMM_SELF
THERMAL = R * T / F
SITES, D, LONG = 50e3, 1e-12, 10e-6  # mol/m^3, m^2/s, m
UNIT = F * SITES * D / LONG / 10  # mA/cm^2: F c_s D/L, 48.24


def alloy(fraction=0.5, more="", d='"1e-12 m^2/s"', sites=SITES):
    return (
        f'law = "alloy"\nfraction = {fraction}\nsite_concentration = "{sites} mol/m^3"\n'
        f"diffusivity = {d}\n{more}\n"
    )


def layers(*regions, electrolyte=SOLID):
    return [("electrolyte", 2.0, electrolyte), *regions]


def cell(folder, current, seconds, foil=None, more="", **sizes):
    """2 um of a conductor of 0.01 S/m, a foil of 10 um; current in units of F c_s D/L."""
    regions = layers(("foil", 10.0, foil or alloy()))
    steps = galvanostatic(current * UNIT, seconds)
    usual = {"size": "0.5 um", "width": "0.5 um", "edge": "0.02 um"}
    content = text(SOLID, HELD, driven(0.0), more or steps, layers=regions, **(usual | sizes))
    return case_of(folder, content)


def solved(case, comm=SELF):
    return numbers(simulate(case, comm, lambda _: None))


def slab(tau, y=0.0):
    """(x - x0) F c_s D/(i L) at a depth y/L of a slab that takes up i at y = 0; tau = D t/L^2."""
    n = np.arange(1, 4000)
    series = np.sum(np.cos(n * np.pi * y) * np.exp(-(n**2) * np.pi**2 * tau) / n**2)
    return tau + 1 / 3 - y + y**2 / 2 - 2 / np.pi**2 * series


def test_the_series_of_the_slab():
    # early: 2 sqrt(tau/pi); late: tau + 1/3
    assert slab(1e-3) == pytest.approx(2 * math.sqrt(1e-3 / math.pi), rel=1e-3)
    assert slab(2.0) == pytest.approx(2.0 + 1 / 3, abs=1e-8)


def test_a_current_fills_a_slab_as_it_must(tmp_path):
    # into the alloy at bottom < top: i < 0 leaves through the driven top, lithium enters the foil
    said = solved(cell(tmp_path, -0.4, 30.0))
    assert said["outcome"] == "finished"
    assert said["fraction_at_face.top"] == pytest.approx(0.5 + 0.4 * slab(0.3), abs=2e-5)
    assert said["least_fraction.foil"] == pytest.approx(0.5 + 0.4 * slab(0.3, 1.0), abs=2e-5)
    assert said["mean_fraction.foil"] == pytest.approx(0.5 + 0.4 * 0.3, abs=1e-9)
    assert said["lithium_balance"] < 1e-9 and said["charge_balance"] < 1e-8
    # 2 um over 0.01 S/m, and the ideal solution
    ohmic = -0.4 * UNIT * 10 * 2e-6 / 0.01
    exact = ohmic - THERMAL * math.log(0.5 + 0.4 * slab(0.3))
    assert said["voltage"] == pytest.approx(exact, abs=2e-6)


def test_a_face_is_depleted_after_the_time_of_sand(tmp_path):
    # sqrt(t) = x0 (1 - 1e-4) F c_s sqrt(pi D)/(2 i); i = 5 units: tau = pi (0.1)^2/4 = 7.854e-3
    said = solved(cell(tmp_path, 5.0, 10.0))
    tau = math.pi * (0.5 * (1 - 1e-4) / 5.0) ** 2 / 4
    assert tau == pytest.approx(7.852411e-3, rel=1e-6)
    assert said["outcome"] == "depleted"
    assert said["depletion_time"] == pytest.approx(tau * LONG**2 / D, rel=1e-3)
    assert said["lithium_balance"] < 1e-9
    assert all(math.isfinite(v) for v in said.values() if isinstance(v, float))


def test_a_face_is_full_when_it_must_be(tmp_path):
    # the rest of the sites, 0.5, at 2 units
    said = solved(cell(tmp_path, -2.0, 100.0))
    tau = brentq(lambda t: 2.0 * slab(t) - 0.5, 1e-3, 1.0, xtol=1e-14)
    assert said["outcome"] == "full"
    assert said["filling_time"] == pytest.approx(tau * LONG**2 / D, rel=1e-3)


def test_kinetics_and_films_act_at_the_inner_face(tmp_path):
    # both faces with i0 = 1 mA/cm2, 2 mA/cm2: arsinh each; 5 ohm cm2 on the one of the alloy
    film = 'area_specific_resistance = "5 ohm cm^2"'
    parts = [HELD, driven(2.0, film), reacts("top", 1.0), reacts("bottom", 1.0)]
    flat = '{ fractions = [0.2, 0.8], values = ["0.4 V", "0.1 V"], source = "", role = "" }'
    foil = alloy(0.5, f"equilibrium_potential = {flat}")
    regions = layers(("foil", 10.0, foil))
    said = solved(case_of(tmp_path, text(SOLID, *parts, layers=regions)))
    exact = 0.25 + 2 * 2 * THERMAL * math.asinh(1.0) + 20 * (2e-6 / 0.01 + 5e-4)
    assert said["outcome"] == "steady"
    assert said["voltage"] == pytest.approx(exact, rel=1e-9)
    assert said["mean_fraction.foil"] == pytest.approx(0.5, rel=1e-12)


def test_bonded_alloys_level_out_to_their_mean(tmp_path):
    table = (
        '{ fractions = [0, 1], values = ["1e-12 m^2/s", "5e-12 m^2/s"], source = "", role = "" }'
    )
    parts = [("lower", 4.0, alloy(0.2, d=table)), ("upper", 6.0, alloy(0.9, d=table))]
    content = text(
        SOLID, HELD, driven(0.0), galvanostatic(0.0, 400.0), layers=layers(*parts),
        size="0.5 um", width="0.5 um", edge="0.05 um",
    )  # fmt: skip
    said = solved(case_of(tmp_path, content))
    mean = 0.4 * 0.2 + 0.6 * 0.9
    for name in ("lower", "upper"):
        assert said[f"mean_fraction.{name}"] == pytest.approx(mean, abs=1e-5)
    assert said["lithium_balance"] < 1e-9


def test_diffusivity_over_the_fraction_follows_the_nonlinear_equation(tmp_path):
    # the same by finite volumes of 1/800 of the slab, 2 units of lithium flow in: tau = 0.05
    table = (
        '{ fractions = [0, 1], values = ["1e-12 m^2/s", "5e-12 m^2/s"], source = "", role = "" }'
    )
    said = solved(cell(tmp_path, -2.0, 5.0, alloy(0.3, d=table)))
    assert said["fraction_at_face.top"] == pytest.approx(_volumes(0.3, 2.0, 0.05), abs=1e-4)


def _volumes(x0, i, tau, theta=4.0, cells=800):
    """Fraction at the face of a slab with D = 1 + theta x that takes up i, by finite volumes."""
    h = 1 / cells

    def rate(_, x):
        middle = 0.5 * (x[1:] + x[:-1])
        flux = np.concatenate([[i], -(1 + theta * middle) * np.diff(x) / h, [0.0]])
        return -np.diff(flux) / h

    x = solve_ivp(rate, (0, tau), np.full(cells, x0), method="BDF", rtol=1e-8, atol=1e-10).y[:, -1]
    return x[0] + 0.5 * h * i / (1 + theta * x[0])


# -- orders -----------------------------------------------------------------------------------


def levelled(folder, passes, overrides, step_error="1e-8"):
    """A fraction 0.5 + 0.3 cos(pi y/L) levels out; error of the voltage and of the face."""
    programme = f"[programme]\nstep_error = {step_error}\n" + galvanostatic(0.0, 20.0)
    case = cell(folder, 0.0, 20.0, more=programme, size="4 um", width="4 um", edge="4 um")

    def finer(domain):
        for _ in range(passes):
            cells = np.arange(domain.mesh.topology.index_map(2).size_local, dtype=np.int32)
            domain = refine_cells(domain, cells)
        return domain

    system = system_of(case, SELF, finer)
    (field,) = system.stored
    y = system.space.tabulate_dof_coordinates()[field.nodes, 1]
    system.fractions_at_start = 0.5 + 0.3 * np.cos(np.pi * (y - 2.0) / 10.0)
    state = march(system, overrides, lambda _: None)
    decay = 0.3 * math.exp(-(math.pi**2) * D * 20.0 / LONG**2)
    nodes = state.x.array_r[field.unknowns]
    exact = 0.5 + decay * np.cos(np.pi * (y - 2.0) / 10.0)
    volts = -THERMAL * math.log(0.5 + decay)
    return np.abs(nodes - exact).max(), abs(state.moments[-1].voltage - volts), state


def test_alloys_level_out_as_they_must_in_space(tmp_path):
    errors = [levelled(tmp_path, n, {})[0] for n in (0, 1, 2)]
    for coarse, fine in pairwise(errors):
        assert math.log2(coarse / fine) > 2.7, errors  # quadratic elements: 3 or more
    assert errors[-1] < 1e-4


@pytest.mark.parametrize("order", [2, 3])
def test_alloys_level_out_as_they_must_in_time(tmp_path, order):
    errors = []
    for count in (10, 20, 40):
        fixed = {"ts_adapt_type": "none", "ts_dt": f"{20.0 / count}", "ts_bdf_order": f"{order}"}
        errors.append(levelled(tmp_path, 3, fixed)[1])
    assert min(math.log2(a / b) for a, b in pairwise(errors)) > 1.7, errors


# -- a film that dissolves --------------------------------------------------------------------


def test_a_film_spreads_into_its_foil(tmp_path):
    # 0.5 um with a thousandth on 9.5 um: 1 - x = 0.999 (h/L)(1 + 2 sum sinc exp), tau = 0.02
    parts = [("coat", 0.5, alloy(1e-3)), ("foil", 9.5, alloy(1.0))]
    content = text(
        SOLID, HELD, driven(0.0), "[programme]\nstep_error = 1e-6\n" + galvanostatic(0.0, 2.0),
        layers=layers(*parts), size="0.5 um", width="0.5 um", edge="0.02 um",
    )  # fmt: skip
    said = solved(case_of(tmp_path, content))
    n = np.arange(1, 400)
    share = np.sin(n * np.pi * 0.05) / (n * np.pi * 0.05)
    at_face = 0.999 * 0.05 * (1 + 2 * np.sum(share * np.exp(-(n**2) * np.pi**2 * 0.02)))
    assert 1 - said["fraction_at_face.top"] == pytest.approx(at_face, rel=1e-4)
    whole = 0.05 * said["mean_fraction.coat"] + 0.95 * said["mean_fraction.foil"]
    assert 1 - whole == pytest.approx(0.999 * 0.05, abs=1e-9)
    assert said["lithium_balance"] < 1e-9


# -- stress -----------------------------------------------------------------------------------

OMEGA = 'partial_molar_volume = "10 cm^3/mol"\n'


def test_a_gradient_of_stress_gathers_lithium_where_tension_is(tmp_path):
    # x ~ exp(Omega g y/(R T)): g = 50 MPa/um over 10 um: exp(2.0171); mean 0.2
    foil = alloy(0.2, OMEGA + 'stress_gradient = "50 MPa/um"')
    said = solved(cell(tmp_path, 0.0, 2000.0, foil))
    k = 1e-5 * 500e6 / (R * T)
    assert k == pytest.approx(2.01694, rel=1e-4)
    low = 0.2 * k / (math.exp(k) - 1)
    assert said["least_fraction.foil"] == pytest.approx(low, rel=1e-5)
    assert said["largest_fraction.foil"] == pytest.approx(low * math.exp(k), rel=1e-5)
    assert said["lithium_balance"] < 1e-9
    # the face, 2 um up, is in equilibrium with lithium: mu = R T ln x - Omega sigma
    volts = -THERMAL * math.log(low) + 1e-5 * 100e6 / F
    assert said["voltage"] == pytest.approx(volts, abs=1e-6)


def test_held_sides_stress_the_alloy_and_speed_diffusion(tmp_path):
    # D_eff = D (1 + theta x), theta = 2 E Omega^2 c_s/(9 (1 - nu) R T) = 3.20
    held = OMEGA + '[regions.foil.held]\nyoungs_modulus = "5 GPa"\npoissons_ratio = 0.3\n'
    said = solved(cell(tmp_path, -2.0, 5.0, alloy(0.3, held)))
    theta = 2 * 5e9 * 1e-10 * SITES / (9 * 0.7 * R * T)
    assert theta == pytest.approx(3.2015, rel=1e-3)
    face = _volumes(0.3, 2.0, 0.05, theta)
    assert said["fraction_at_face.top"] == pytest.approx(face, abs=1e-4)
    strain = 1e-5 * SITES * 0.1 / 3  # 2 units over 0.05: 0.1 more in the mean
    assert said["composition_strain.foil"] == pytest.approx(strain, rel=1e-6)
    most = -5e3 / 0.7 * 1e-5 * SITES * (said["largest_fraction.foil"] - 0.3) / 3
    assert said["composition_stress.foil"] == pytest.approx(most, rel=1e-12)
    ohmic = -2.0 * UNIT * 10 * 2e-6 / 0.01
    pressed = 1e-5 * 1e6 * 2 / 3 * most / F  # pressure lowers the potential
    assert said["voltage"] == pytest.approx(ohmic - THERMAL * math.log(face) + pressed, abs=1e-5)


# -- impedance, salt, ranks, resume -----------------------------------------------------------


def test_the_impedance_of_an_alloy_is_that_of_a_finite_slab(tmp_path):
    # Z = 2 um/0.01 S/m + (R T/(F x)) coth(s L)/(F c_s D s), s = sqrt(i w/D)
    asked = '[impedance]\nfrequencies = ["1 Hz", "0.01 Hz", "1 mHz"]\nstate = "rest"\n'
    case = cell(tmp_path, 0.0, 1.0, more=asked, size="0.2 um", width="0.2 um")
    said = solved(case)
    for n, frequency in enumerate((1.0, 0.01, 1e-3), 1):
        s = np.sqrt(2j * np.pi * frequency / D)
        z = 2e-4 + THERMAL / 0.5 / np.tanh(s * LONG) / (F * SITES * D * s)
        found = complex(said[f"real_part.{n}"], said[f"imaginary_part.{n}"])
        assert abs(found - 1e4 * z) < 1e-5 * abs(1e4 * z)
    assert said["steady_resistance"] == pytest.approx(2.0, rel=1e-9)  # alloys as they are


def test_alloys_stand_beside_salt(tmp_path):
    # the salt does not see what lithium does in the metal, but for the voltage
    regions = layers(("foil", 10.0, alloy(0.5)), electrolyte=SALT)
    content = text(
        SALT, HELD, driven(0.0), galvanostatic(2.0, 20.0), layers=regions, width="0.5 um",
        size="0.5 um", edge="0.02 um",
    )  # fmt: skip
    said = solved(case_of(tmp_path, content))
    face = 0.5 - 2.0 / UNIT * slab(0.2)
    assert said["fraction_at_face.top"] == pytest.approx(face, abs=2e-5)
    lone = text(
        SALT, HELD, driven(0.0), galvanostatic(2.0, 20.0), layers=layers(electrolyte=SALT),
        width="0.5 um", size="0.5 um", edge="0.02 um",
    )  # fmt: skip
    plain = solved(case_of(tmp_path, lone))
    assert said["least_concentration"] == pytest.approx(plain["least_concentration"], abs=1e-4)
    exact = plain["voltage"] - THERMAL * math.log(face)
    assert said["voltage"] == pytest.approx(exact, abs=1e-5)
    assert said["salt_balance"] < 1e-11


def test_no_potential_is_stored_in_alloys(tmp_path):
    system = system_of(cell(tmp_path, 0.0, 1.0), SELF)
    y = system.space.tabulate_dof_coordinates()[:, 1]
    assert y[system.phi[0].nodes].max() == pytest.approx(2.0)
    assert y[system.stored[0].nodes].min() == pytest.approx(2.0)
    total = sum(len(field.nodes) for field in system.fields)
    both = np.isclose(y, 2.0).sum()
    assert total == len(y) + 2 * both + np.isclose(y, 0.0).sum()  # two of the inner face, z below


@pytest.mark.parallel
def test_ranks_agree_and_a_march_goes_on(tmp_path):
    # two alloys, so that the projection of their start is shared as well
    parts = [("coat", 2.0, alloy(0.4)), ("foil", 8.0, alloy(0.6))]
    steps = "[programme]\nstep_error = 1e-4\n" + galvanostatic(UNIT, 5.0)
    content = text(
        SOLID, HELD, driven(0.0), steps, layers=layers(*parts), size="2 um", width="2 um",
        edge="0.5 um",
    )  # fmt: skip
    case = WORLD.bcast(case_of(tmp_path, content))
    folder = WORLD.bcast(str(tmp_path))
    system = system_of(case, WORLD)
    whole, kept = kept_at(system, 15)
    again = continued(system_of(case, WORLD), kept[0], Path(folder) / "kept.h5")
    assert table(again) == pytest.approx(table(whole), rel=1e-9, abs=1e-9)
    alone = march(system_of(case, SELF), {}, lambda _: None)
    last, mine = whole.moments[-1], alone.moments[-1]
    assert last.voltage == pytest.approx(mine.voltage, rel=1e-5)
    assert np.ravel(last.fractions) == pytest.approx(np.ravel(mine.fractions), abs=1e-6)


# -- what does not fit ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.replace("50000.0 mol", "40000.0 mol", 1), "site_concentration"),
        (lambda t: t + "[boundaries.top.plating]\nporosity = 0.0\n", "no plating on alloys"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, change, words):
    parts = [("lower", 4.0, alloy(0.2)), ("upper", 6.0, alloy(0.9))]
    steps = galvanostatic(0.0, 1.0)
    content = text(SOLID, HELD, driven(0.0), steps, layers=layers(*parts))
    with pytest.raises(ModelError, match=words):
        solved(case_of(tmp_path, change(content)))


def test_a_flaw_filled_by_lithium_is_at_no_alloy(tmp_path):
    stairs = (
        '[programme.staircase]\nprotocol = "p"\nfirst = "1 mA/cm^2"\nincrement = "1 mA/cm^2"\n'
        'last = "2 mA/cm^2"\nhalf_cycle = "1 s"\n[programme.staircase.flaw]\nface = "{}"\n'
        'shape = "edge"\nlength = "1 um"\nfracture_toughness = "0.3 MPa m^0.5"\n'
    )
    with pytest.raises(ModelError, match="electrode of lithium"):
        solved(cell(tmp_path, 0.0, 1.0, more=stairs.format("top")))
    system_of(cell(tmp_path, 0.0, 1.0, more=stairs.format("bottom")), SELF)


def test_an_alloy_needs_its_own_electrode(tmp_path):
    regions = [("foil", 4.0, alloy(0.2)), ("electrolyte", 2.0, SOLID), ("other", 4.0, alloy(0.2))]
    content = text(SOLID, electrode("top", 'potential = "0 V"'), HELD, layers=regions)
    content = content.replace('[boundaries.bottom]\nlaw = "electrode"\npotential = "0 V"', "")
    content += '[impedance]\nfrequencies = ["1 Hz"]\n'
    with pytest.raises(Exception, match=r"two electrodes|current collector"):
        solved(case_of(tmp_path, content))


def test_the_semi_infinite_limit_is_that_of_the_error_function():
    # an independent look at the series: depth 0.3 of a slab at tau = 0.01
    tau, y = 0.01, 0.3
    near = 2 * math.sqrt(tau / math.pi) * math.exp(-(y**2) / (4 * tau)) - y * erfc(
        y / (2 * math.sqrt(tau))
    )
    assert slab(tau, y) == pytest.approx(near, abs=1e-6)
