"""The critical current of a flaw under a stack: by the analytic K, and where the margin is one."""

import math

import pytest

from solver.critical_share import _rising_root
from tests.verification.helpers import STACKED, STALLED, case_of, numbers, told

PER_MV, KIC, RHO = 7.423018, 230.0, 10.0  # MPa, MPa um^0.5, ohm cm^2
EDGE = 1.1215222552
NAME = "critical_current_density"
# a crack of 1 um from a face that stays flat: K = p sqrt(pi a); from a free one 1.1215 times that
FLAT, FREE = (KIC / math.sqrt(math.pi) / shape for shape in (1.0, EDGE))  # MPa


def sideways(pressure, current):
    """Pressed across the crack, its mouth at a free face."""
    across = f'[mechanics.faces.right]\nlaw = "traction"\npressure = "{pressure} MPa"\n[numerics]'
    text = STALLED.replace("[numerics]", across) + 'refinement = "none"\n'
    return text.replace('"1 mA/cm^2"', f'"{current} mA/cm^2"')


def at(text, current):
    return text.replace('current_density = "1 mA/cm^2"', f'current_density = "{current!r} mA/cm^2"')


def test_under_a_plate_it_is_that_of_the_pressure_that_is_left(tmp_path):
    # p = 20 MPa + 74.23 MPa i: 129.76 MPa at 1.479 mA/cm2, not i sqrt(margin) = 1.375
    found, said = told(STACKED, tmp_path)
    critical = found[NAME]
    step = found["flaw_overpotential"].value  # per mA/cm2: the electrolyte adds a little to rho
    assert critical.value == pytest.approx((FLAT - 20.0) / PER_MV / step, rel=1e-3)
    assert critical.value == pytest.approx((FLAT - 20.0) / PER_MV / RHO, rel=5e-3)  # asked for
    assert (critical.lower, critical.upper, critical.bound) == (None, None, "none")  # one mesh
    assert "rests on other loads that stay as they are" in said
    assert "solve-for" not in said
    # what solve-for looks for is there
    _, there = numbers(case_of(at(STACKED, critical.value), tmp_path))
    assert there["margin"] == pytest.approx(1.0, rel=1e-6)
    assert there[NAME] == pytest.approx(critical.value, rel=1e-6)


@pytest.mark.parametrize(
    ("pressure", "current", "exact"),
    [
        # pressed shut, and without current G is above Gc, of faces that overlap
        (200.0, 0.2, FREE + 200.0),
        (-30.0, 1.0, FREE - 30.0),
    ],
)
def test_pressed_or_pulled_across_it_is_the_analytic_one(tmp_path, pressure, current, exact):
    # K = 1.1215 (p - S) sqrt(pi a), p = 74.23 MPa i
    _, found = numbers(case_of(sideways(pressure, current), tmp_path))
    step = found["flaw_overpotential"] / current
    assert found[NAME] * PER_MV * step == pytest.approx(exact, abs=2e-3 * FREE)


def test_what_grows_without_current_has_none(tmp_path):
    found, said = told(sideways(-120.0, 1.0), tmp_path)
    assert found[NAME].value == 0.0
    assert "without any current" in found[NAME].meaning
    assert "solve-for" not in said


@pytest.mark.slow
def test_beside_next_to_no_load_it_and_its_error_bar_are_those_without(tmp_path):
    # i sqrt(Gc/G), with the error bar of G; two meshes
    text = sideways(1e-6, 1.0).replace('refinement = "none"\n', "")
    pressed, _ = told(text, tmp_path)
    alone, _ = told(STALLED, tmp_path)
    beside, without = pressed[NAME], alone[NAME]
    assert beside.bound == without.bound == "estimated"
    assert beside.value == pytest.approx(without.value, rel=1e-6)
    ends = [one.upper - one.lower for one in (beside, without)]
    assert ends[0] == pytest.approx(ends[1], rel=1e-2)
    assert 0.0 < ends[0] < 0.02 * beside.value


SLANTED = """
[mechanics.faces.bottom]
law = "traction"
pressure = "-20 MPa"
[mechanics.faces.top]
law = "traction"
pressure = "-20 MPa"
[numerics]
accuracy = "5 %"
refinement = "none"
"""


@pytest.mark.slow
def test_of_a_slanted_flaw_the_kink_decides(tmp_path):
    # G of the kink is no square of the current: Newton's method goes on to where it is Gc
    at_face = 'name = "crack", x = "0 um", y = "50 um"'
    flaw = f'flaws = [{{ {at_face}, length = "1 um", angle = "40 degree" }}]'
    text = STALLED.replace('crack = { face = "left", start = "0 um", end = "1 um" }', flaw)
    text = text[: text.index("[numerics]")] + SLANTED
    text = text.replace("[boundaries.bottom]", "[boundaries.left]").replace('"bottom"', '"left"')
    text = text.replace("[boundaries.top]", "[boundaries.right]")
    _, found = numbers(case_of(at(text, 0.3), tmp_path))
    _, there = numbers(case_of(at(text, found[NAME]), tmp_path))
    assert there["margin.crack"] == pytest.approx(1.0, rel=1e-6)
    assert there["kink_energy_release_rate.crack"] > there["energy_release_rate.crack"]
    assert found[NAME] != pytest.approx(0.3 * math.sqrt(found["margin.crack"]), rel=1e-2)


@pytest.mark.parametrize(
    ("excess", "root"),
    [
        (lambda s: (0.2 + 0.1 * s) ** 2 - 1.0, 8.0),
        (lambda s: (1.0 * s - 3.0) ** 2 - 1.0, 4.0),  # above zero at first, of K < 0
        (lambda s: (0.1 * s - 3.0) ** 2 - 1.0, 40.0),
        (lambda s: (0.5 - 0.1 * s) ** 2 - 1.0, 15.0),
        (lambda s: 0.3 + 0.0 * s - 1.0, None),
        (lambda s: (0.1 * s - 3.0) ** 2 + 0.5, None),
    ],
)
def test_the_rising_root(excess, root):
    assert _rising_root(excess) == (root if root is None else pytest.approx(root, rel=1e-9))
