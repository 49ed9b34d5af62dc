"""Stress in a march: pressed lithium, alloys that swell, deposits between body and plate."""

import math
from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI
from scipy.integrate import solve_ivp
from scipy.sparse import diags

from solver.march import march
from solver.simulate import simulate
from tests.verification.alloy_test import OMEGA, SITES, UNIT, _volumes, alloy
from tests.verification.march_example import (
    HELD,
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
    system_of,
    table,
)

WORLD, SELF = MPI.COMM_WORLD, MPI.COMM_SELF
LITHIUM = 12.998e-6  # m^3/mol
ROLLERS = {name: 'law = "symmetry"' for name in ("left", "right", "bottom")}


def solid(modulus, ratio):
    return f'law = "isotropic"\nyoungs_modulus = "{modulus} GPa"\npoissons_ratio = {ratio}\n'


def content(
    layers, solids, faces, *parts, width=4.0, size=1.0, shape="block", more='plane = "strain"'
):
    """A body of layers (name, um, region) with solids and conditions by name."""
    listed = ", ".join(f'{{ name = "{n}", thickness = "{h} um" }}' for n, h, _ in layers)
    lines = [f'title = "t"\n[geometry]\nshape = "{shape}"\nwidth = "{width} um"']
    lines += [f"layers = [{listed}]", *(f"[regions.{n}]\n{law}" for n, _, law in layers), *parts]
    lines += [f"[mechanics]\n{more}"]
    lines += [f"[mechanics.solids.{name}]\n{law}" for name, law in solids.items()]
    lines += [f"[mechanics.faces.{name}]\n{face}" for name, face in faces.items()]
    numerics = f'[numerics]\nmaximum_size = "{size} um"\nedge_size = "{size} um"\n'
    return "\n".join([*lines, numerics, "[output]\npictures = false\n"])


def solved(case, comm=SELF):
    return numbers(simulate(case, comm, lambda _: None))


def plate(pressure="0 MPa", stiffness=None):
    spring = f'stiffness = "{stiffness} MPa/um"\n' if stiffness else ""
    return f'law = "plate"\npressure = "{pressure}"\n{spring}'


STACK = [("electrolyte", 4.0, SOLID)]


@pytest.mark.slow
def test_a_box_is_pressed_alike(tmp_path):
    # plane stress on both sides: E along, nu/E across
    parts = [electrode("right", 'potential = "0 V"'), driven(0.0), galvanostatic(0.0, 1.0)]
    held = {name: 'law = "symmetry"' for name in ("left", "bottom", "front")}
    faces = {**held, "top": plate("7.423 MPa")}
    layers = [("electrolyte", 2.0, SOLID)]
    solids = {"electrolyte": solid(20, 0.3)}
    text = content(layers, solids, faces, *parts, width=2.0, shape="box", more="")
    text = text.replace('width = "2.0 um"', 'width = "2.0 um"\ndepth = "2 um"')
    said = solved(case_of(tmp_path, text))
    assert said["voltage"] == pytest.approx(-LITHIUM * 7.423e6 / F, rel=1e-9)
    assert said["plate_displacement.top"] == pytest.approx(-7.423 * 2.0 / 20e3, rel=1e-10)
    assert said["displacement.right"] == pytest.approx(0.3 * 7.423 * 2.0 / 20e3, rel=1e-10)


def test_pressed_lithium_is_at_a_lower_potential(tmp_path):
    # 1 mV for 7.423 MPa: the upper face is pressed, the one on the right is free
    parts = [electrode("right", 'potential = "0 V"'), driven(0.0), galvanostatic(0.0, 1.0)]
    faces = {"left": ROLLERS["left"], "bottom": ROLLERS["bottom"], "top": plate("7.423 MPa")}
    text = content(STACK, {"electrolyte": solid(20, 0.3)}, faces, *parts)
    said = solved(case_of(tmp_path, text))
    assert said["voltage"] == pytest.approx(-1e-3, rel=2e-5)
    assert said["voltage"] == pytest.approx(-LITHIUM * 7.423e6 / F, rel=1e-9)
    assert said["normal_stress.top"] == pytest.approx(-7.423, rel=1e-12)
    assert abs(said["normal_stress.right"]) < 1e-10
    # plane strain: E/(1 - nu^2) along, -nu/(1 - nu) of it across
    along = -7.423 * 4.0 * (1 - 0.09) / 20e3
    assert said["plate_displacement.top"] == pytest.approx(along, rel=1e-10)
    assert said["displacement.right"] == pytest.approx(-along * 0.3 / 0.7, rel=1e-10)
    assert said["force_balance"] < 1e-12


def test_deposits_between_body_and_plate_press_a_stack(tmp_path):
    # U (M/L + k) = M (h_top + h_bottom)/L - P: lithium leaves above and grows below, with pores
    porous = "[boundaries.bottom.plating]\nporosity = 0.3\n"
    dense = "[boundaries.top.plating]\nporosity = 0.0\n"
    parts = [HELD, porous, driven(0.0), dense, galvanostatic(2.0, 36.0)]
    faces = ROLLERS | {"top": plate("1 MPa", 50.0)}
    text = content(STACK, {"electrolyte": solid(2, 0.3)}, faces, *parts)
    said = solved(case_of(tmp_path, text))
    stripped = LITHIUM * 20.0 * 36.0 / F * 1e6
    assert said["growth.top"] == pytest.approx(-stripped * 6.941 / 0.534 / 12.998, rel=1e-6)
    grown = said["growth.top"] + said["growth.bottom"]
    assert said["growth.bottom"] == pytest.approx(-said["growth.top"] / 0.7, rel=1e-9)
    stiff = 2e3 * 0.7 / (1.3 * 0.4) / 4.0
    way = (stiff * grown - 1.0) / (stiff + 50.0)
    assert said["plate_displacement.top"] == pytest.approx(way, rel=1e-9)
    assert said["stack_pressure.top"] == pytest.approx(1.0 + 50.0 * way, rel=1e-9)
    for name in ("top", "bottom"):
        assert said[f"normal_stress.{name}"] == pytest.approx(-1.0 - 50.0 * way, rel=1e-9)
    assert said["displacement.top"] == pytest.approx(way - said["growth.top"], rel=1e-9)
    # both faces of lithium are pressed alike
    assert said["voltage"] == pytest.approx(20.0 * 4e-6 / 0.01, rel=1e-8)
    assert said["force_balance"] < 1e-10


FOIL = [("electrolyte", 2.0, SOLID), ("foil", 10.0, alloy(0.3, OMEGA))]


def foil(current, seconds, faces, more="", size=0.5, **sizes):
    """A foil of 5 GPa on a liquid electrolyte; current in units of F c_s D/L."""
    steps = "[programme]\nstep_error = 1e-4\n" + galvanostatic(current * UNIT, seconds)
    parts = [HELD, driven(0.0), steps + more]
    usual = {"width": 0.5, "more": 'plane = "strain"\nempty = ["electrolyte"]'}
    solids = {"foil": solid(5, 0.3)}
    return content(FOIL, solids, faces, *parts, size=size, **(usual | sizes))


def test_a_slab_that_is_held_is_that_with_held_sides(tmp_path):
    # the local form of the flat slab: D (1 + theta x), theta = 2 E Omega^2 c_s/(9 (1 - nu) R T)
    faces = {name: 'law = "symmetry"' for name in ("left", "right", "top")}
    said = solved(case_of(tmp_path, foil(-2.0, 5.0, faces)))
    theta = 2 * 5e9 * 1e-10 * SITES / (9 * 0.7 * R * T)
    face = _volumes(0.3, 2.0, 0.05, theta)
    assert said["fraction_at_face.top"] == pytest.approx(face, abs=1e-4)
    assert said["mean_fraction.foil"] == pytest.approx(0.4, abs=1e-9)
    stress = -2 / 3 * 5e3 / 0.7 * 1e-5 * SITES * (face - 0.3) / 3
    assert said["least_hydrostatic_stress.foil"] == pytest.approx(stress, rel=1e-3)
    volts = -2.0 * UNIT * 10 * 2e-6 / 0.01 - R * T / F * math.log(face) + 1e-5 * stress * 1e6 / F
    assert said["voltage"] == pytest.approx(volts, abs=2e-5)
    assert said["lithium_balance"] < 1e-9 and said["force_balance"] < 1e-10


@pytest.mark.parametrize("shape", ["block", pytest.param("cylinder", marks=pytest.mark.slow)])
def test_an_alloy_that_swells_presses_its_stack(tmp_path, shape):
    # between walls: U = 3 K/M e L + sum(L/M) sigma, sigma = -(P + k U), e = Omega c_s (x - x0)/3
    faces = ROLLERS | {"top": plate("2 MPa", 20.0)}
    plane = 'plane = "strain"\n'
    if shape == "cylinder":
        del faces["left"]
        plane = ""
    steps = "[programme]\nstep_error = 1e-3\n" + galvanostatic(-0.4 * UNIT, 30.0)
    solids = {"electrolyte": solid(2, 0.2), "foil": solid(5, 0.3)}
    text = content(
        FOIL, solids, faces, HELD, driven(0.0), steps, width=0.5, size=0.5, more=plane, shape=shape
    )
    said = solved(case_of(tmp_path, text))
    assert said["mean_fraction.foil"] == pytest.approx(0.3 + 0.4 * 0.3, abs=1e-9)
    e = 1e-5 * SITES * 0.12 / 3
    soft, hard = (1e3 * m * (1 - v) / ((1 + v) * (1 - 2 * v)) for m, v in ((2, 0.2), (5, 0.3)))
    yields = 2.0 / soft + 10.0 / hard
    way = (1.3 / 0.7 * e * 10.0 - 2.0 * yields) / (1 + 20.0 * yields)
    assert said["plate_displacement.top"] == pytest.approx(way, rel=1e-7)
    assert said["stack_pressure.top"] == pytest.approx(2.0 + 20.0 * way, rel=1e-7)
    # the lithium below is pressed as well
    assert said["normal_stress.bottom"] == pytest.approx(-2.0 - 20.0 * way, rel=1e-7)
    assert said["lithium_balance"] < 1e-9 and said["force_balance"] < 1e-10


def _radial(power, flux, seconds, theta, cells=800):
    """Fraction outside and inside of a hollow ball (power 2) or tube, 2 to 6 um, and its mean."""
    edge = np.linspace(2.0, 6.0, cells + 1)
    h, volume = edge[1] - edge[0], np.diff(edge ** (power + 1)) / (power + 1)

    def rate(_, x):
        middle = 0.5 * (x[1:] + x[:-1])
        through = np.concatenate([[0.0], (1 + theta * middle) * np.diff(x) / h, [flux]])
        return np.diff(through * edge**power) / volume

    near = diags([np.ones(cells)] * 3, [-1, 0, 1], shape=(cells, cells))
    options = {"method": "BDF", "rtol": 1e-8, "atol": 1e-10, "jac_sparsity": near}
    x = solve_ivp(rate, (0, seconds), np.full(cells, 0.3), **options).y[:, -1]
    mean = float((x * volume).sum() / volume.sum())
    return x[-1] + 0.5 * h * flux / (1 + theta * x[-1]), x[0], mean


@pytest.mark.slow
@pytest.mark.parametrize(("shape", "power"), [("ball", 2), ("ring", 1)])
def test_round_particles_are_stressed_by_diffusion(tmp_path, shape, power):
    # as by heat: sigma_h = 2 E a (T - t)/(3 (1 - nu)), a T = e: free ball; ring: (1 + nu) T - 2 t
    parts = [electrode("outer", 'potential = "0 V"')]
    parts.append(electrode("inner", 'current_density = "0 mA/cm^2"'))
    parts.append("[programme]\nstep_error = 1e-4\n" + galvanostatic(-80.0, 2.0))
    layers = [("core", 4.0, alloy(0.3, OMEGA)), ("electrolyte", 1.0, SOLID)]
    text = content(
        layers, {"core": solid(5, 0.3)}, {}, *parts, shape=shape, size=1.0, width=2.0,
        more='empty = ["electrolyte"]',
    ).replace('\nwidth = "2.0 um"', '\ninner_radius = "2.0 um"')  # fmt: skip
    said = solved(case_of(tmp_path, text))
    theta = 2 * 5e9 * 1e-10 * SITES / (9 * 0.7 * R * T)
    flux = 800.0 * (7 / 6) ** power / (F * SITES * 1e-6)
    outside, inside, mean = _radial(power, flux, 2.0, theta)
    assert said["mean_fraction.core"] == pytest.approx(mean, abs=1e-5)
    assert said["largest_fraction.core"] == pytest.approx(outside, abs=1e-3)
    assert said["least_fraction.core"] == pytest.approx(inside, abs=1e-3)
    unit = 5e3 * 1e-5 * SITES / 3 / (3 * 0.7)
    free = (2.0 if shape == "ball" else 1.3) * (mean - 0.3)
    for word, x in (("least", outside), ("largest", inside)):
        exact = unit * (free - 2 * (x - 0.3))
        assert said[f"{word}_hydrostatic_stress.core"] == pytest.approx(exact, abs=0.3)
    assert said["lithium_balance"] < 1e-9 and said["force_balance"] < 1e-7


@pytest.mark.slow
def test_the_impedance_of_a_held_foil_has_its_stress(tmp_path):
    # Z = 2 um/kappa + (R T/(F x)) (1 + theta x) coth(s L)/(F c_s D' s), D' = D (1 + theta x)
    asked = '[impedance]\nfrequencies = ["1 Hz", "0.01 Hz"]\nstate = "rest"\n'
    faces = {name: 'law = "symmetry"' for name in ("left", "right", "top")}
    said = solved(case_of(tmp_path, foil(0.0, 1.0, faces, asked, size=0.2)))
    theta = 2 * 5e9 * 1e-10 * SITES / (9 * 0.7 * R * T)
    fast = 1 + theta * 0.3
    for n, frequency in enumerate((1.0, 0.01), 1):
        s = np.sqrt(2j * np.pi * frequency / (1e-12 * fast))
        slope = R * T / (F * 0.3) * fast
        z = 2e-4 + slope / np.tanh(s * 1e-5) / (F * SITES * 1e-12 * fast * s)
        found = complex(said[f"real_part.{n}"], said[f"imaginary_part.{n}"])
        assert abs(found - 1e4 * z) < 1e-3 * abs(1e4 * z)


@pytest.mark.parallel
def test_ranks_agree_and_a_march_goes_on(tmp_path):
    # all kinds of unknowns: displacement, stress in the foil, a plate, growth below
    parts = [HELD, "[boundaries.bottom.plating]\nporosity = 0.2\n", driven(0.0)]
    parts.append("[programme]\nstep_error = 1e-2\n" + galvanostatic(-UNIT, 5.0))
    faces = ROLLERS | {"top": plate("2 MPa", 20.0)}
    solids = {"electrolyte": solid(2, 0.2), "foil": solid(5, 0.3)}
    text = content(FOIL, solids, faces, *parts, width=4.0, size=4.0)
    case = WORLD.bcast(case_of(tmp_path, text))
    folder = WORLD.bcast(str(tmp_path))
    system = system_of(case, WORLD)
    whole, kept = kept_at(system, 15)
    again = continued(system_of(case, WORLD), kept[0], Path(folder) / "kept.h5")
    assert table(again) == pytest.approx(table(whole), rel=1e-9, abs=1e-9)
    alone = march(system_of(case, SELF), {}, lambda _: None)
    last, mine = whole.moments[-1], alone.moments[-1]
    assert last.voltage == pytest.approx(mine.voltage, rel=1e-5)
    assert np.ravel(last.fractions) == pytest.approx(np.ravel(mine.fractions), abs=1e-6)
    assert np.array(last.stress)[:, :2] == pytest.approx(np.array(mine.stress)[:, :2], rel=1e-5)
    blocks = march(system_of(case, WORLD), {"pc_type": "fieldsplit"}, lambda _: None).moments[-1]
    assert np.array(blocks.stress)[:, :2] == pytest.approx(np.array(last.stress)[:, :2], rel=1e-6)
    assert max(moment.stress[0][2] for moment in whole.moments) < 1e-8
