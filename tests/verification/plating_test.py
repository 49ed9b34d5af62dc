"""Growth of lithium at faces: Faraday's law, balances, faces that move, the misfit kernel."""

import math

import numpy as np
import pytest
from mpi4py import MPI

from solver import checkpoint_file
from solver.deposit_quantities import deposit_quantities, warnings
from solver.march import march
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

WORLD, SELF = MPI.COMM_WORLD, MPI.COMM_SELF
VOLUME = 6.941 / 0.534 * 1e-6  # m^3/mol
PER_CAPACITY = 36000 * VOLUME / F * 1e6  # um per mAh/cm^2
KAPPA = 0.01  # S/m, of SOLID


def grows(name, more=""):
    return f"[boundaries.{name}.plating]\n{more}\n"


def found(folder, content, comm=SELF):
    return numbers(simulate(case_of(folder, content), comm, lambda _: None))


# -- thickness and charge ---------------------------------------------------------------------


def test_dense_lithium_grows_as_faraday_says():
    assert PER_CAPACITY == pytest.approx(4.8498, abs=5e-5)


def test_three_milliamperehours_are_fourteen_micrometres_and_a_half(tmp_path):
    # 3 * 4.8498 = 14.549 um; with 20 % of pores 18.187 um
    said = found(
        tmp_path,
        text(SOLID, HELD, driven(-1.0), reacts("top"), grows("top", "porosity = 0.2"),
             grows("bottom"), galvanostatic(-1.0, 3 * 3600.0)),
    )  # fmt: skip
    assert said["growth.bottom"] == pytest.approx(-3 * PER_CAPACITY, rel=1e-10)
    assert said["growth.top"] == pytest.approx(3 * PER_CAPACITY / 0.8, rel=1e-10)
    assert said["growth_max.top"] == pytest.approx(said["growth_min.top"], rel=1e-9)
    assert said["stack_growth"] == pytest.approx(3 * PER_CAPACITY * 0.25, rel=1e-9)
    assert said["growth_balance"] < 1e-8


def test_capacity_in_is_thickness_out_over_uneven_half_cycles(tmp_path):
    # two alphas and the salt make every half cycle another one; a limit ends one between steps
    charge = 0.4 * LIMIT * 7.0 / 3600
    steps = galvanostatic(0.6 * LIMIT, 20.0) + galvanostatic(
        -0.4 * LIMIT, 100.0, f'capacity = "{charge!r} mAh/cm^2"'
    )
    said = found(
        tmp_path,
        text(SALT, HELD, driven(0.0), steps, reacts("top", 0.3, more="transfer_coefficient = 0.4"),
             reacts("bottom", 1.0, "linear"), grows("top"), grows("bottom", "porosity = 0.5")),
    )  # fmt: skip
    net = said["capacity"] * PER_CAPACITY
    assert net == pytest.approx((0.6 * 20 - 0.4 * 7) * LIMIT / 3600 * PER_CAPACITY, rel=1e-8)
    assert said["growth.top"] == pytest.approx(-net, rel=1e-8)
    assert said["growth.bottom"] == pytest.approx(2 * net, rel=1e-8)
    assert said["growth_balance"] < 1e-8


def test_the_charge_of_a_double_layer_deposits_nothing(tmp_path):
    # C eta is kept: 1 mF/cm^2 at the overpotential 2 R T/F arsinh(5)
    double = 'capacitance = "1000 uF/cm^2"'
    said = found(
        tmp_path,
        text(SOLID, HELD, driven(1.0), reacts("top", more=double), grows("top"), grows("bottom"),
             "[programme]\nstep_error = 1e-6\n", galvanostatic(1.0, 20.0)),
    )  # fmt: skip
    kept = 1e-3 * 2 * R * T / F * math.asinh(5.0)  # C/cm^2
    deposit = -(20e-3 - kept) / 3.6 * PER_CAPACITY
    assert said["growth.top"] == pytest.approx(deposit, rel=1e-5)
    assert kept / 20e-3 > 1e-3  # the difference would show
    assert "growth_balance" not in said


def test_growth_on_a_tip_is_that_of_its_current(tmp_path):
    # the floor of a gap is behind its ribs: what the currents say at the start is what has grown
    case = case_of(tmp_path, slit(1.0))
    system = system_of(case, SELF)
    state = march(system, {}, lambda _: None)
    said = {q.name: q.value for q in deposit_quantities(system, state)}
    assert said["growth_balance"] < 1e-8
    system.put(state.x)
    flows = dict(zip((c.name for c in system.model.contacts), system.currents(), strict=True))
    for name in ("film_surface", "window"):
        current = -flows[name] / system.area[name]  # pA/um^2 = A/m^2, into the lithium
        exact = current * 100.0 * VOLUME / F * 1e6
        assert said[f"growth.{name}"] == pytest.approx(exact, rel=1e-9)
    assert said["growth_max.film_surface"] > 2 * said["growth.window"]
    assert any("film_surface" in line and "a tenth" in line for line in warnings(system, state))


def slit(current, film=0.01, more="", seconds=100.0):
    """Half of a gap between two ribs of lithium, open to the electrolyte above; ohm cm^2."""
    film = f'area_specific_resistance = "{film} ohm cm^2"'
    ribs = electrode("film_surface", 'potential = "0 V"', film)
    floor = electrode("window", 'potential = "0 V"', film)
    return f"""title = "t"
[geometry]
shape = "strip"
width = "1 um"
opening = {{ kind = "slit", width = "0.4 um" }}
filling = "electrolyte"
film = {{ thickness = "1 um", model = "layer" }}
above = [{{ name = "electrolyte", thickness = "2 um" }}]
[regions.electrolyte]
{SOLID}
[regions.filling]
{SOLID}
[regions.film]
law = "equipotential"
{ribs}{floor}{driven(current)}{grows("film_surface", more or 'feature = "10 nm"')}
{grows("window", more)}{galvanostatic(current, seconds)}
[numerics]
maximum_size = "0.3 um"
[output]
pictures = false
"""


# -- faces that move --------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["strip", "tube"])
def test_a_face_that_grows_shortens_the_way(tmp_path, shape):
    # i (L - h)/kappa: 10 A/m^2 through 10 um less h, ideal contacts
    said = found(
        tmp_path,
        text(SOLID, HELD, driven(1.0), grows("bottom", "moves = true"),
             galvanostatic(1.0, 3600.0), size="4 um", edge="2 um", width="4 um", shape=shape),
    )  # fmt: skip
    assert said["outcome"] == "finished"
    left = (10.0 - PER_CAPACITY) * 1e-6
    assert said["voltage"] == pytest.approx(10.0 * left / KAPPA, rel=1e-9)
    assert said["voltage_at_start"] == pytest.approx(10.0 * 10e-6 / KAPPA, rel=1e-9)
    assert said["growth_balance"] < 1e-8


def test_two_faces_that_move_alike_leave_the_cell_as_it_is(tmp_path):
    said = found(
        tmp_path,
        text(SOLID, HELD, driven(1.0), grows("bottom", "moves = true"),
             grows("top", "moves = true"), galvanostatic(1.0, 3 * 3600.0),
             size="4 um", edge="2 um", width="4 um"),
    )  # fmt: skip
    assert said["growth.bottom"] == pytest.approx(3 * PER_CAPACITY, rel=1e-9)  # 14.5 um of 10 um
    assert said["voltage"] == pytest.approx(10.0 * 10e-6 / KAPPA, rel=1e-9)
    assert said["stack_growth"] == pytest.approx(0.0, abs=1e-9)


def test_cells_that_become_too_flat_end_the_march_as_an_event(tmp_path):
    # q = 2 J/(1 + J^2) = 0.1 at J = 10 - sqrt(99) = 0.0501256
    said = found(
        tmp_path,
        text(SOLID, HELD, driven(1.0), grows("bottom", "moves = true"),
             "[programme]\nremesh = false\n",
             galvanostatic(1.0, 1e5), galvanostatic(1.0, 1e5),
             size="4 um", edge="2 um", width="4 um"),
    )  # fmt: skip
    assert said["outcome"] == "distorted"
    grown = 10.0 * (1 - (10 - math.sqrt(99.0)))
    assert said["growth.bottom"] == pytest.approx(grown, rel=1e-7)
    assert said["time_reached"] == pytest.approx(3600 * grown / PER_CAPACITY, rel=1e-7)
    assert said["growth_balance"] < 1e-8


def test_a_wavy_face_is_the_one_that_a_mesh_of_its_form_has(tmp_path):
    # the same face drawn into the mesh: other cells, chords for the wave; errors fall with h^2
    def voltage(size, drawn):
        wave = "" if drawn else 'amplitude = "0.4 um"\nwavelength = "4 um"\nmoves = true'
        parts = [HELD, driven(1.0), grows("bottom", wave), galvanostatic(1.0, 1e-3)]
        content = text(SOLID, *parts, size=size, edge=size, width="4 um")

        def bend(domain):
            x = domain.mesh.geometry.x
            x[:, 1] += 0.4 * np.cos(0.5 * np.pi * x[:, 0]) * (1 - x[:, 1] / 10.0) ** 3
            return domain

        system = system_of(case_of(tmp_path, content), SELF, *([bend] if drawn else []))
        return march(system, {}, lambda _: None).moments[0].voltage

    flat = 10.0 * 10e-6 / KAPPA
    moved = voltage("0.5 um", drawn=False)
    errors = [abs(voltage(size, drawn=True) - moved) / flat for size in ("1 um", "0.5 um")]
    assert abs(moved - flat) > 5e-3 * flat  # what the wave costs: (k A)^2/(2 k L) at second order
    assert errors[1] < 0.4 * errors[0]
    assert errors[1] < 1e-3


def test_the_faces_of_a_rib_all_move_by_the_same_under_an_even_current(tmp_path):
    # behind 1e4 ohm cm^2 the current is even. Tips become wider by what floors lose, walls keep
    # their length: the area stays 0.3 + 0.2 + 1 um per 0.5 um of cell, and g = V i t/(3 F)
    case = case_of(tmp_path, slit(1.0, 1e4, "moves = true", 60.0))
    system = system_of(case, SELF)
    state = march(system, {}, lambda _: None)
    assert state.ends[-1].reason == "duration"
    system.put(state.x)
    exact = PER_CAPACITY * 60.0 / 3600 / 3.0  # 0.0269 um of half a gap of 0.2 um
    for name in ("film_surface", "window"):
        way = system.further[f"g_{name}"]
        assert way.value.x.array[way.nodes] == pytest.approx(exact, rel=1e-3)
    nodes = system.growing["film_surface"].nodes
    places = system.space.tabulate_dof_coordinates()[nodes]
    node = nodes[np.argmin(places[:, 0] - places[:, 1])]  # the upper corner of the wall
    moved = [system.further[f"d_{i}"].value.x.array[node] for i in range(2)]
    assert moved == pytest.approx([-exact, exact], rel=1e-3)  # into the gap, and up
    said = {q.name: q.value for q in deposit_quantities(system, state)}
    assert said["growth_balance"] < 1e-8


# -- the misfit kernel ------------------------------------------------------------------------

WAVE, AMPLITUDE, DEPTH = 4.0, 4e-4, 10.0  # um
MODULI = {"lithium": (7.82, 0.38), "electrolyte": (22.1, 0.37)}  # MPa: a thousandth of the real


def stiffness(slip):
    """S of both bodies in series, MPa."""
    total = 0.0
    for modulus, nu in MODULI.values():
        mu = modulus / (2 * (1 + nu))
        total += 1 / (mu / (1 - nu) if slip == "free" else 4 * mu * (1 - nu) / (3 - 4 * nu))
    return 1 / total


def kernel(moves, slip):
    """d ln(A)/dt: i1 (rho + tanh(k L)/(kappa k)) = i0 A/kappa - V_Li S k A/F, i0 on lithium."""
    k = 2 * math.pi / (WAVE * 1e-6)
    drive = 10.0 / KAPPA if moves else 0.0
    if slip:
        drive -= VOLUME * stiffness(slip) * 1e6 * k / F
    return VOLUME / F * drive / (1e-3 + math.tanh(k * DEPTH * 1e-6) / (KAPPA * k))


def wavy(folder, size, moves, slip):
    film = 'area_specific_resistance = "10 ohm cm^2"'
    more = f'moves = {str(moves).lower()}\namplitude = "{AMPLITUDE} um"\nwavelength = "{WAVE} um"'
    parts = [HELD + film, driven(1.0), grows("bottom", more)]
    if slip:
        keys = "".join(
            f'{name}_modulus = "{modulus} MPa"\n{name}_poissons_ratio = {nu}\n'
            for name, (modulus, nu) in MODULI.items()
        )
        parts.append(f'[boundaries.bottom.plating.backing]\n{keys}slip = "{slip}"\n')
    parts.append(galvanostatic(1.0, 20.0))
    content = text(SOLID, *parts, size=size, edge="0.1 um", width=f"{WAVE} um")
    return found(folder, content)


def test_the_kernel_is_that_of_the_benchmark():
    # LPSCl on lithium: 3.503745 GPa without, 3.367773 GPa with free slip
    assert stiffness("held") == pytest.approx(3.503745, rel=1e-6)
    assert stiffness("free") == pytest.approx(3.367773, rel=1e-6)


@pytest.mark.parametrize(
    ("moves", "slip"),
    [
        (True, ""),  # grows: the tips are nearer
        pytest.param(False, "free", marks=pytest.mark.slow),  # dies: the tips are pressed
        pytest.param(False, "held", marks=pytest.mark.slow),
        pytest.param(True, "free", marks=pytest.mark.slow),  # both: the sum
    ],
)
def test_a_wave_grows_as_fast_as_it_must(tmp_path, moves, slip):
    exact = kernel(moves, slip)
    assert (exact > 0) == moves
    coarse, fine = (
        abs(wavy(tmp_path, size, moves, slip)["growth_rate.bottom"] / exact - 1)
        for size in ("1 um", "0.35 um")
    )
    assert fine < 2e-3
    assert fine < coarse / 4  # at least as (0.35)^1.4; quadratic elements do better


@pytest.mark.slow
def test_even_growth_presses_on_the_stack(tmp_path):
    # p = h/(1/k + L/M_e + L/M_Li), M = E (1 - nu)/((1 + nu)(1 - 2 nu))
    content = wavy_stack()
    said = found(tmp_path, content)
    h = PER_CAPACITY
    give = 1 / 0.05
    for modulus, nu in MODULI.values():
        give += 10.0 * (1 + nu) * (1 - 2 * nu) / (modulus * (1 - nu))
    assert said["growth.bottom"] == pytest.approx(h, rel=1e-9)
    assert said["face_pressure.bottom"] == pytest.approx(h / give, rel=1e-9)
    assert said["pressure_per_capacity.bottom"] == pytest.approx(h / give, rel=1e-9)
    # lithium under pressure dissolves: the cell needs V_Li p/F more
    assert said["voltage"] - said["voltage_at_start"] == pytest.approx(
        VOLUME * h / give * 1e6 / F, rel=1e-9
    )


def wavy_stack():
    keys = "".join(
        f'{name}_modulus = "{modulus} MPa"\n{name}_poissons_ratio = {nu}\n'
        for name, (modulus, nu) in MODULI.items()
    )
    stack = f'[boundaries.bottom.plating.backing]\n{keys}stack_stiffness = "0.05 MPa/um"\n'
    return text(SOLID, HELD, driven(1.0), grows("bottom"), stack, galvanostatic(1.0, 3600.0),
                size="4 um", edge="2 um", width="4 um")  # fmt: skip


# -- going on ---------------------------------------------------------------------------------


def test_a_march_with_a_moving_face_goes_on_to_the_same_numbers(tmp_path):
    wave = 'moves = true\namplitude = "0.2 um"\nwavelength = "4 um"'
    parts = [HELD, driven(1.0), grows("bottom", wave), galvanostatic(1.0, 600.0)]
    case = case_of(tmp_path, text(SOLID, *parts, size="2 um", edge="2 um", width="4 um"))
    kept = []

    def keep(_, make):
        kept.append(make())

    whole = march(system_of(case, SELF), {}, lambda _: None, keep)
    place = tmp_path / "kept.h5"
    first, fresh = system_of(case, SELF), system_of(case, SELF)
    checkpoint_file.write(place, first, kept[len(kept) // 2], "same")
    again = march(fresh, {}, lambda _: None, kept=checkpoint_file.read(place, fresh, "same"))
    assert len(again.moments) == len(whole.moments)
    for one, other in zip(again.moments, whole.moments, strict=True):
        assert np.array(one.growth) == pytest.approx(np.array(other.growth), rel=1e-9, abs=1e-12)
        assert one.voltage == pytest.approx(other.voltage, rel=1e-9)


# -- ranks ------------------------------------------------------------------------------------


@pytest.mark.parallel
def test_any_number_of_ranks_gives_the_same(tmp_path):
    wave = 'moves = true\namplitude = "0.2 um"\nwavelength = "4 um"'
    parts = [HELD, driven(1.0), reacts("top"), grows("bottom", wave), grows("top")]
    parts += ["[programme]\nremesh = false\n", galvanostatic(1.0, 600.0)]
    case = case_of(tmp_path, text(SOLID, *parts, size="2 um", edge="2 um", width="4 um"))
    case = WORLD.bcast(case)
    together, alone = (numbers(simulate(case, comm, lambda _: None)) for comm in (WORLD, SELF))
    assert set(together) == set(alone)
    for name in ("voltage", "growth.bottom", "growth_max.bottom", "growth_rate.bottom"):
        assert together[name] == pytest.approx(alone[name], rel=1e-7)
    assert together["growth_balance"] < 1e-8
