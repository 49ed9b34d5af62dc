"""Ranges that stand for what the papers do not say: the order of each, and where it ends."""

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI
from scipy.ndimage import label

from meshes.rough import face_heights
from solver.case import load_case, with_setting
from solver.simulate import simulate

ROOT = Path(__file__).parents[2] / "cases"
PAN, SIM = ROOT / "pan2024_lipon_on_lib", ROOT / "sim2025_ndl_lithium"
PLAIN = 1.481  # margin of 300 nm over a pit of 8 um in lithium
STRENGTH, FILM, PRESSURE = 458.0, 0.3, 1.0  # MPa, um, MPa
EXCESS = "excess_area_specific_resistance"
POINTS = {  # diameter, share of the plane
    f"d{name}_f{share:g}".replace(".", "_"): (diameter, share)
    for name, diameter in (("0_3", 0.3), ("1", 1.0), ("3", 3.0))
    for share in (40, 22, 11, 5.5)
}


def quantities(case):
    found = simulate(case, MPI.COMM_WORLD, lambda line: None).quantities
    return {quantity.name: quantity for quantity in found}


def once(case):
    """All quantities of one mesh."""
    return quantities(replace(case, numerics=replace(case.numerics, refinement="none")))


def sweep():
    case = load_case(PAN / "skeleton_span.toml")
    return {**case.variants, "d1_f22": case}


def point(name):
    diameter, share = POINTS[name]
    spacing = diameter * math.sqrt(math.pi / 4 / (share / 100))
    return diameter, math.sqrt(2) * spacing - diameter


def test_the_sweep_is_that_of_diameters_and_shares():
    there = sweep()
    assert set(POINTS) <= set(there)
    for name in POINTS:
        diameter, gap = point(name)
        block = there[name].geometry
        assert block.pit.width == pytest.approx(gap, abs=1e-3)
        assert block.width == pytest.approx((gap + diameter) / 2, abs=1e-3)


def test_what_the_sweep_is_compared_with_is_the_film_over_a_pit_in_lithium():
    found = once(load_case(PAN / "bridged_film_order.toml").variants["nm300"])
    assert found["margin"].value == pytest.approx(PLAIN, rel=5e-3)
    for name in POINTS:
        values = [r.value for r in sweep()[name].references if r.quantity == "margin"]
        assert values == [PLAIN]


def test_maps_over_spans_have_the_critical_span_among_their_runs():
    # a line from 2 to 6 um alone would pass 1 at 3.8 um for 100 nm, which bridge 3.2 um
    readme = (PAN / "README.md").read_text(encoding="utf-8")
    found = re.search(
        r"break over pits wider than ([\d.]+), ([\d.]+), ([\d.]+) and ([\d.]+)", readme
    )
    assert found
    maps = load_case(PAN / "bridged_film_order.toml").variants
    for thickness, span in zip((100, 200, 300, 400), found.groups(), strict=True):
        wanted = maps[f"spans_nm{thickness}"].map
        assert min(abs(x - float(span)) for x in wanted.numbers) < 0.01 * float(span)


# Margins by a clamped strip, 2 strength/pressure (h/gap)^2: 4.4 (1 um, 5.5 %), 3.3, 1.19 and 0.49.
# Tips give way, and over 13 um the film is a membrane as well: up to 1.6 times as much.
@pytest.mark.parametrize("name", ["d1_f5_5", "d3_f22", "d3_f11", "d3_f5_5"])
def test_the_order_ends_where_the_gap_is_as_wide_as_the_pit(name):
    case = sweep()[name]
    found = quantities(replace(case, numerics=replace(case.numerics, accuracy=0.1)))
    _, gap = point(name)
    clamped = 2 * STRENGTH / PRESSURE * (FILM / gap) ** 2
    assert 1.0 < found["margin"].value / clamped < 1.6
    judged = {r.quantity: r for r in case.references}
    assert (found["margin"].value > PLAIN) == (gap < 8.0)
    assert found["margin"].hit == (gap < 8.0)
    assert bool(judged["margin"].reason) == (gap > 8.0)
    assert found["verdict"].hit == (gap < 9.6)  # the widest gap that 300 nm bridge
    assert bool(judged["verdict"].reason) == (gap > 9.6)


@pytest.mark.parametrize(("gap", "better"), [("7.5 um", True), ("8.2 um", False)])
def test_between_the_points_the_order_is_one_of_spans(gap, better):
    case = sweep()["equal_gap"]
    case = with_setting(case, "geometry.pit.width", gap)
    assert (once(case)["margin"].value > PLAIN) == better


def test_a_film_twice_as_thick_is_about_four_times_as_far_from_breaking():
    case = sweep()["d3_f22"]
    thin, thick = (
        once(with_setting(case, "geometry.layers[1].thickness", text))["margin"].value
        for text in ("200 nm", "400 nm")
    )
    assert thick / thin == pytest.approx(4.0, rel=0.2)
    assert thin > 1.0  # so films of two hours hold on this skeleton: a miss
    missed = sweep()["d3_f22_nm200"].references
    assert [r.value for r in missed] == ["breaks"]
    assert missed[0].reason


# A film with s = 100 MPa that nothing else holds between cracks 2 w apart gives s^2 w/E' to one of
# them, on a half space of its own modulus 1.9758 s^2 h/E'; the pressure adds to the first.
@pytest.mark.slow
@pytest.mark.parametrize(("name", "width"), [("thin", 1.2), ("thick", 12.0)])
def test_random_skeletons_at_the_corners_keep_the_film(name, width):
    case = load_case(PAN / f"skeleton_{name}_fibres.toml")
    found = quantities(case)
    rate, tension = found["mean_energy_release_rate"], found["tension_99.film"]
    unit = 100.0**2 / (77e3 / (1 - 0.25**2))
    assert 1.9758 * unit * FILM < rate.upper
    assert rate.value < unit * width * 1.5
    assert rate.upper < 4.4
    assert found["verdict"].hit
    # less added by the pressure than over the long pit in lithium
    assert tension.value - 100.0 < STRENGTH / PLAIN
    # against the round pit: thick fibres lose the order
    assert tension.hit == (name == "thin")
    assert tension.hit or tension.reason


def test_all_skeletons_are_compared_with_one_pit_in_lithium():
    readme = (PAN / "README.md").read_text(encoding="utf-8")
    rate = re.search(r"would release ([\d.]+) \+- [\d.]+ J/m2 in the mean \(`pit_in", readme)
    tension = re.search(r"tension of at most (\d+) \+- \d+ MPa", readme)
    assert rate
    assert tension
    wanted = {"mean_energy_release_rate": float(rate[1]), "tension_99.film": float(tension[1])}
    found = set()
    for path in PAN.glob("skeleton_*.toml"):
        case = load_case(path)
        for each in (case, *case.variants.values()):
            found |= {(r.quantity, r.value) for r in each.references if "pit_in_" in r.source}
    assert found == set(wanted.items())


@pytest.mark.slow
def test_a_crack_across_a_round_pit_in_lithium():
    # Half of its way is over the pit. Bonded film: 5.733 s^2 h/E' = 0.209 J/m^2. Over a long pit
    # the stress gives s^2 4 um/E' = 0.49, and 1 MPa (0.277 - 0.123)/0.3 = 0.51 as a clamped strip
    # becomes two cantilevers; a round pit gives less.
    found = once(load_case(PAN / "pit_in_lithium.toml"))
    rate = found["mean_energy_release_rate"].value
    tension = found["tension_99.film"].value
    assert 0.209 < rate < 0.209 + 0.5 * (0.49 + 0.51)
    wide = load_case(PAN / "skeleton_seeds_thin.toml").variants["wide"]
    for case in (wide, load_case(PAN / "skeleton_thick_fibres.toml")):
        values = [r.value for r in case.references if r.quantity == "mean_energy_release_rate"]
        assert values == pytest.approx([rate], rel=0.1)  # the second mesh has 8 % more
    for name in ("1mah", "thin_fibres", "thick_fibres"):
        references = load_case(PAN / f"skeleton_{name}.toml").references
        values = [r.value for r in references if r.quantity == "tension_99.film"]
        assert values == pytest.approx([tension], rel=0.3)  # its own error bar, of two meshes


def test_the_line_through_one_and_three_hours():
    # 2 h: (117 + 170)/2 = 143.5 ohm; 4 h: 170 + 26.5; 0.5 mA/cm2 * 1.5394 cm2 * 170 ohm
    case = load_case(PAN / "film_resistance.toml")
    numbers = {name: once(case.variants[name]) for name in ("nm100", "nm200", "nm400")}
    middle = once(case)
    cell = "specimen.cell"
    assert numbers["nm200"][cell].value == pytest.approx(143.5, rel=1e-3)
    assert numbers["nm200"][cell].hit
    assert numbers["nm400"][cell].value == pytest.approx(196.5, rel=1e-3)
    assert not numbers["nm400"][cell].hit
    assert numbers["nm400"][cell].reason
    assert middle["potential_difference"].value == pytest.approx(0.1308, rel=1e-3)
    assert not middle["potential_difference"].hit
    assert middle["potential_difference"].reason


def test_one_resistance_does_not_give_both_overpotentials():
    case = load_case(ROOT / "ma2024_nanorod" / "overpotential.toml")
    slow, fast = once(case)["potential_difference"], once(case.variants["fast"])
    assert slow.hit
    assert fast["potential_difference"].value == pytest.approx(20 * slow.value, rel=1e-6)
    assert not fast["potential_difference"].hit
    assert fast["potential_difference"].reason
    alone = once(case.variants["separator"])["potential_difference"]
    assert alone.value == pytest.approx(20e-3 * 25e-4 / 1.8e-3, rel=2e-3)  # 27.8 mV of the 30
    assert alone.hit


def rough(variant, share):
    case = load_case(SIM / "rough_pressed.toml")
    case = with_setting(
        case.variants[variant] if variant else case, "geometry.contact_fraction", share
    )
    return case, once(case)


def holm(case):
    """Spots as discs, 1/(4 kappa a) each, times (1 - sqrt f)^1.5: ohm cm^2."""
    one, two = face_heights(case.geometry)
    share = case.geometry.contact_fraction
    touching = two - one <= np.quantile(two - one, share)
    n, m = touching.shape
    marks, _ = label(np.tile(touching, (3, 3)))
    inner = marks[n : 2 * n, m : 2 * m]
    names, inside = np.unique(inner[inner > 0], return_counts=True)
    sizes = np.bincount(marks.ravel())[names]
    area = 15.0**2
    radii = float(np.sum(np.sqrt(sizes * area / (n * m) / np.pi) * inside / sizes))
    return (1 - math.sqrt(share)) ** 1.5 * area / (4 * 2.5e5 * radii) * 1e4


def test_the_constriction_falls_faster_than_the_root_of_the_pressure():
    numbers = {}
    for share in ("10 %", "40 %"):
        case, found = rough("", share)
        estimate = holm(case)
        numbers[share] = (found[EXCESS].value, estimate)
        assert 0.5 < found[EXCESS].value / estimate < 2.0
        part = case.geometry.contact_fraction
        assert found["mean_amplification"].value == pytest.approx(1 / part, rel=0.25)
    slope, by_spots = (
        math.log(b / a) / math.log(4) for a, b in zip(*numbers.values(), strict=True)
    )
    # published -0.5, within 20 %: a miss by the field and by the spots counted alike
    assert slope < -0.6
    assert by_spots < -0.6


@pytest.mark.slow
@pytest.mark.parametrize(("variant", "rho"), [("bare", 26.0), ("coated", 5.5)])
def test_the_interface_goes_with_the_area_in_contact(variant, rho):
    numbers = {}
    for share in ("10 %", "40 %"):
        _, found = rough(variant, share)
        numbers[share] = found[EXCESS].value
        # uneven current through rho costs more than even current, and the detour comes on top
        assert numbers[share] > 0.98 * rho * found["mean_amplification"].value
    slope = math.log(numbers["40 %"] / numbers["10 %"]) / math.log(4)
    assert slope == pytest.approx(-1.0, abs=0.2)
