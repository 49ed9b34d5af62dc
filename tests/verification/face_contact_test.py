"""Contact that stripping takes: an even face exactly, uneven ones within bounds, on any ranks."""

import math

import pytest
from mpi4py import MPI

from solver import checkpoint_file
from solver.case import load_case
from solver.contact_schema import FaceContact, Flowing, Voids
from solver.face_contact import charge_in_voids, closing_rate, critical_stripping
from solver.march import march
from solver.simulate import simulate
from tests.verification.march_example import (
    HELD,
    SOLID,
    case_of,
    driven,
    galvanostatic,
    numbers,
    system_of,
    text,
)

SELF = MPI.COMM_SELF
FILM = 'area_specific_resistance = "10 ohm cm^2"\n'
GROWS = "[boundaries.{}.plating]\n"
F, V = 96485.33212331, 6.941 / 0.534  # C/mol, cm^3/mol
FULL = F / V * 1e-4 * 1e3  # mA s/cm^2 of one um: 742.31
# k = 1.5 1e-4/s (3 5 MPa/(2 6.6 0.7 MPa))^6.6 = 1.5e-4 1.62338^6.6 = 3.6716e-3/s
K = 1.5e-4 * (15 / (13.2 * 0.7)) ** 6.6


def voids(regained=0.8, vacancies=0.1, pressure=5.0, creep=True, start=1.0):
    flows = (
        '[boundaries.top.contact.voids.creep]\nstress = "0.7 MPa"\nrate = "1e-4 s^-1"\n'
        "exponent = 6.6\n"
    )
    return (
        f'[boundaries.top.contact]\nopen_fraction = {start}\nstack_pressure = "{pressure} MPa"\n'
        '[boundaries.top.contact.voids]\ndepth = "1 um"\n'
        f'vacancy_current_density = "{vacancies} mA/cm^2"\nregained = {regained}\n'
        f"{flows if creep else ''}"
    )


def solved(folder, steps, contact, error="1e-6"):
    parts = [HELD + FILM, driven(0.0, FILM), GROWS.format("top"), GROWS.format("bottom"), contact]
    programme = f"[programme]\nstep_error = {error}\n{steps}"
    case = case_of(folder, text(SOLID, *parts, programme, edge="1 um"))
    return simulate(case, SELF, lambda _: None)


def test_voids_close_as_a_round_one_does():
    law = FaceContact(1.0, 5.0, Voids(2.0, 1.0, 1.0, Flowing(0.7, 1e-4, 6.6)))
    assert closing_rate(law) == pytest.approx(K) == pytest.approx(3.6716e-3, rel=1e-4)
    assert charge_in_voids(law.voids) == pytest.approx(2 * 10 * FULL)  # pC/um^2: 0.1 mA s/cm^2
    assert critical_stripping(law) == pytest.approx(1.0 + 2 * 10 * FULL * K)
    # the pressure decides: 5/3 of it closes 5/3 to the power 6.6 = 29.1 times as fast
    lower = FaceContact(1.0, 3.0, law.voids)
    assert closing_rate(law) / closing_rate(lower) == pytest.approx((5 / 3) ** 6.6)


@pytest.mark.parametrize(("creep", "k"), [(True, K), (False, 1e-9)])
def test_an_even_face_loses_its_contact_in_the_exact_time(tmp_path, creep, k):
    found = numbers(solved(tmp_path, galvanostatic(10.0, 500.0), voids(creep=creep)))
    gain = (10.0 - 0.1) / FULL  # of the share of voids, 1/s
    assert found["outcome"] == "contact"
    assert found["contact_loss_time"] == pytest.approx(-math.log1p(-0.99 * k / gain) / k, rel=1e-4)
    assert found["contact_fraction.top"] == pytest.approx(0.01, abs=1e-9)
    # the film sees the current of what is left: 100 times 10 mA/cm2 through 10 ohm cm2 is 10 V,
    # the rest of the cell 0.2 V
    assert found["voltage"] == pytest.approx(10.2, rel=1e-6)
    assert found["growth_balance"] < 1e-8


def test_below_the_critical_current_a_share_stays(tmp_path):
    found = numbers(solved(tmp_path, galvanostatic(1.0, 4000.0), voids()))
    critical = 0.1 + FULL * K  # 2.825 mA/cm^2
    name = "critical_stripping_current_density.top"
    assert found[name] == pytest.approx(critical) == pytest.approx(2.8255, rel=1e-4)
    assert found["outcome"] == "finished"
    assert found["contact_fraction.top"] == pytest.approx(1 - 0.9 / (critical - 0.1), rel=1e-4)


def test_what_vacancies_carry_away_leaves_no_void(tmp_path):
    found = numbers(solved(tmp_path, galvanostatic(0.1, 4000.0), voids(creep=False)))
    assert found["contact_fraction.top"] == pytest.approx(1.0, abs=1e-12)


def test_the_same_charge_does_not_give_all_contact_back(tmp_path):
    # without creep: w = q after stripping q = V Q/(F d) = 0.2694, q exp(-c q) after plating
    steps = galvanostatic(1.0, 200.0) + galvanostatic(-1.0, 200.0)
    found = numbers(solved(tmp_path, steps, voids(creep=False, vacancies=0.0)))
    q = 200.0 / FULL
    assert found["contact_fraction.top"] == pytest.approx(1 - q * math.exp(-0.8 * q), rel=1e-5)
    assert found["growth.top"] == pytest.approx(0.0, abs=1e-9)  # the lithium is all there again
    assert found["growth_balance"] < 1e-8


def test_cycles_add_up_until_the_contact_is_lost(tmp_path):
    # w -> (w + q) exp(-c q): peaks 0.2694, 0.4866, 0.6618, 0.8029, 0.9168, and 1 in the sixth
    q = 200.0 / FULL
    peaks, w = [], 0.0
    while w + q < 0.99:
        peaks.append(w + q)
        w = (w + q) * math.exp(-0.8 * q)
    steps = galvanostatic(1.0, 200.0) + galvanostatic(-1.0, 200.0)
    laws = voids(creep=False, vacancies=0.0)
    parts = [HELD + FILM, driven(0.0, FILM), laws]
    programme = f"[programme]\nrepeat = 20\nstep_error = 1e-6\n{steps}"
    case = case_of(tmp_path, text(SOLID, *parts, programme, edge="1 um"))
    found = simulate(case, SELF, lambda _: None)
    assert len(peaks) == 5
    lost = numbers(found)["contact_loss_time"]
    assert lost == pytest.approx(5 * 400 + (0.99 - w) * FULL, rel=1e-4)
    tops = [found.marching.found.moments[e.last].growth[0][0] for e in found.marching.found.ends]
    assert [1 - t for t in tops[:-1:2]] == pytest.approx(peaks, rel=1e-4)


def test_a_share_in_contact_that_stays_only_narrows_the_face(tmp_path):
    for share in (1.0, 0.25):
        contact = f"[boundaries.top.contact]\nopen_fraction = {share}\n"
        case = case_of(tmp_path, text(SOLID, HELD, driven(1.0, FILM), contact, edge="1 um"))
        voltage = numbers(simulate(case, SELF, lambda _: None))["voltage"]
        assert voltage == pytest.approx(0.01 / share + 0.01, rel=1e-9)  # film, 10 um at 0.01 S/m


UNEVEN = """title = "t"
[geometry]
shape = "strip"
width = "10 um"
film = { thickness = "0.5 um", model = "layer" }
opening = { kind = "slit", width = "4 um" }
filling = "metal"
above = [{ name = "electrolyte", thickness = "20 um" }]
[regions.electrolyte]
law = "ionic_conductor"
conductivity = "0.1 mS/cm"
[regions.film]
law = "insulator"
[boundaries.window]
law = "electrode"
potential = "0 V"
area_specific_resistance = "1 ohm cm^2"
[boundaries.window.plating]
[boundaries.window.contact]
open_fraction = 0.98
[boundaries.window.contact.voids]
depth = "0.5 um"
[boundaries.top]
law = "electrode"
current_density = "0 mA/cm^2"
[boundaries.top.plating]
[[programme.steps]]
kind = "galvanostatic"
current_density = "-1 mA/cm^2"
duration = "60 s"
[[programme.steps]]
kind = "galvanostatic"
current_density = "1 mA/cm^2"
duration = "30 s"
[numerics]
maximum_size = "2 um"
edge_size = "0.2 um"
"""


def uneven(folder, comm):
    path = folder / f"case{MPI.COMM_WORLD.rank}.toml"
    path.write_text(UNEVEN)
    return simulate(load_case(path), comm, lambda _: None)


def test_an_uneven_face_keeps_lithium_and_stays_within_bounds(tmp_path):
    solution = uneven(tmp_path, SELF)
    found = numbers(solution)
    # 1 mA/cm2 for 60 s over 40 % of the cell, voids 0.5 um: w = 0.02 + 150/(742.3 0.5) = 0.4241;
    # plating 75 mA s/cm2 of the window closes w by about exp(-75/371) where both are even
    ends = [
        solution.marching.found.moments[e.last].growth[-1] for e in solution.marching.found.ends
    ]
    assert 1 - ends[0][0] == pytest.approx(0.02 + 150 / (0.5 * FULL), rel=1e-4)
    assert ends[0][1] < ends[0][0] < ends[0][2]  # the edges of the slit lose more
    assert 0.0 < found["contact_fraction_min.window"] < found["contact_fraction.window"] < 1.0
    even = 1 - (0.02 + 150 / (0.5 * FULL)) * math.exp(-75 / (0.5 * FULL))
    assert found["contact_fraction.window"] == pytest.approx(even, abs=0.02)
    assert found["contact_fraction.window"] != pytest.approx(even, abs=1e-5)
    assert found["growth_balance"] < 1e-8
    assert found["void_volume.window"] == pytest.approx(
        0.5 * (1 - found["contact_fraction.window"]), rel=1e-9
    )


@pytest.mark.parallel
def test_an_uneven_face_is_the_same_on_all_ranks(tmp_path):
    alone = numbers(uneven(tmp_path, SELF))
    together = numbers(uneven(tmp_path, MPI.COMM_WORLD))
    for name in ("contact_fraction.window", "contact_fraction_min.window", "voltage"):
        assert together[name] == pytest.approx(alone[name], rel=1e-7)


def test_voids_go_on_from_a_checkpoint(tmp_path):
    parts = [HELD + FILM, driven(0.0, FILM), voids(), galvanostatic(10.0, 500.0)]
    case = case_of(tmp_path, text(SOLID, *parts, edge="1 um"))
    system = system_of(case, SELF)
    kept = []
    whole = march(system, {}, lambda _: None, lambda _, now: kept.append(now()))
    place = tmp_path / "kept.h5"
    checkpoint_file.write(place, system, kept[15], "one")
    taken = checkpoint_file.read(place, system, "one")
    assert taken.inside
    again = march(system, {}, lambda _: None, kept=taken)
    assert again.ends[-1].reason == whole.ends[-1].reason == "contact"
    assert again.ends[-1].time == pytest.approx(whole.ends[-1].time, rel=1e-9)
    assert again.moments[-1].growth[0] == pytest.approx(whole.moments[-1].growth[0], rel=1e-9)
