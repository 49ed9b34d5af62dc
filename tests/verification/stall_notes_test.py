"""What acts in flaws that are pulled at, stripped, or drain, and what the report says of it."""

import math
from types import SimpleNamespace

import pytest

from solver import mechanics_schema
from solver.margins import loads
from solver.mechanics_model import overpotential_to_pressure, stall_pressure
from solver.stall_notes import pressed_shut, stripped, yields_at_face
from tests.verification.helpers import STACKED, told

PER_MV = 7.423018  # MPa
TEXT = (
    STACKED.replace('"100 um"', '"4 um"')
    .replace("2.5 mS/cm", "100 mS/cm")
    .replace('accuracy = "1 %"', 'accuracy = "5 %"\nedge_size = "0.2 um"\nmaximum_size = "1 um"')
)
UNLOADED = TEXT.replace('[mechanics.faces.top]\nlaw = "plate"\npressure = "20 MPa"\n', "")


def test_lithium_transmits_no_tension(tmp_path):
    # pulled at with 20 MPa the flaw keeps the pressure of its stall, 74 MPa, all of it
    pulled = TEXT.replace('"20 MPa"', '"-20 MPa"')
    found, said = told(pulled, tmp_path)
    assert found["lithium_pressure.bottom"].value == pytest.approx(-20.0, rel=1e-6)
    stall = PER_MV * found["flaw_overpotential"].value
    assert found["flaw_pressure"].value == pytest.approx(stall, rel=1e-6)
    assert "pull at the lithium behind crack with 20 MPa" in said
    # pulled along the crack, which feels nothing of it: G goes with the square of the current
    critical = found["critical_current_density"].value
    assert critical == pytest.approx(found["margin"].value ** 0.5, rel=1e-3)
    assert "solve-for" not in said


@pytest.mark.parametrize(
    ("pressure", "given", "warned"),
    [
        (70.0, {}, "more than the yield stress of bulk lithium (0.73 MPa)"),
        (0.5, {}, ""),
        (70.0, {"contact_limit": 100.0}, ""),
        (70.0, {"contact_limit": 7.0}, "no more than that counts in crack"),
        (70.0, {"width": 1.0, "yield_stress": 2.0}, "more than its yield stress (2 MPa)"),
        (-1.0, {}, "pull at the lithium behind crack"),
    ],
)
def test_a_stack_above_what_lithium_bears_is_warned_about(pressure, given, warned):
    face = mechanics_schema.Lithium(0.01, contact_pressure=pressure, **given)
    mechanics = SimpleNamespace(faces={"crack": face})
    said = yields_at_face(SimpleNamespace(mechanics=mechanics))
    assert len(said) == (1 if warned else 0)
    assert all(line.startswith("Warning: ") and warned in line for line in said)


FLOWS = {"width": 1.0, "yield_stress": 2.0}


@pytest.mark.parametrize(
    ("pressure", "step", "given", "first", "then"),
    [
        # plating, stripping (5.94 MPa), stripping all: what the stack does, what the current does
        (20.0, 1e-3, {}, "all of it counts in crack, beside", ""),
        (20.0, -0.8e-3, {}, "all of it counts in crack, less", "until 14.06 MPa are left"),
        (20.0, -8e-3, {}, "", "it leaves, and neither presses nor pulls"),
        (20.0, 1e-3, {"contact_limit": 7.0}, "no more than that counts", ""),
        (20.0, -0.8e-3, {"contact_limit": 7.0}, "no more than that counts", "until 1.062 MPa"),
        (20.0, -8e-3, {"contact_limit": 7.0}, "no more than that counts", "not 7 MPa"),
        (-20.0, 1e-3, {}, "adds nothing to the pressure in crack", ""),
        (-20.0, -1e-3, {}, "adds nothing to", "it leaves, and neither presses nor pulls"),
        (0.0, -1e-3, {}, "", "it leaves, and neither presses nor pulls"),
        (20.0, -0.8e-3, FLOWS, "all of it counts in crack, less", "flows in from the mouth"),
        (20.0, -8e-3, FLOWS, "all of it counts in crack, less", "flows in from the mouth"),
    ],
)
def test_what_is_said_fits_what_acts(pressure, step, given, first, then):
    face = mechanics_schema.Lithium(step, contact_pressure=pressure, **given)
    case = SimpleNamespace(mechanics=SimpleNamespace(faces={"crack": face}))
    of_stack, of_current = yields_at_face(case), list(stripped(case, {"crack": step}))
    assert [first in line for line in of_stack] == ([True] if first else [])
    assert [then in line for line in of_current] == ([True] if then else [])
    assert all(line.startswith("Warning: ") for line in (*of_stack, *of_current))


def test_a_current_that_strips_is_warned_about(tmp_path):
    found, said = told(UNLOADED.replace('"1 mA/cm^2"', '"-1 mA/cm^2"'), tmp_path)
    assert found["flaw_overpotential"].value == pytest.approx(-10.0, rel=1e-2)
    assert found["flaw_pressure"].value == 0.0
    assert "the current strips lithium at crack" in said
    assert "critical_current_density is not told: the current strips" in said
    assert "critical_current_density" not in found


@pytest.mark.parametrize(
    ("current", "left", "word"),
    [
        ("-0.08", 14.06, "14.06 MPa are left of the 20 MPa"),
        ("-0.8", 0.0, "behind it would balance, not 20 MPa"),
    ],
)
def test_stripping_takes_from_the_pressure_of_the_stack(current, left, word, tmp_path):
    # zero net current: p = P + F eta/V_Li, until nothing presses; 0.8 mV are 5.94 MPa
    found, said = told(TEXT.replace('"1 mA/cm^2"', f'"{current} mA/cm^2"'), tmp_path)
    step = found["flaw_overpotential"].value
    assert step == pytest.approx(10.0 * float(current), rel=2e-3)
    assert found["flaw_pressure"].value == pytest.approx(max(0.0, 20.0 + PER_MV * step), rel=1e-6)
    assert found["flaw_pressure"].value == pytest.approx(left, rel=1e-3)
    # half of a Griffith crack of 1 um: K = p sqrt(pi a), in a body of 4 um by 100 um
    expected = math.pi * left**2 * (1.0 - 0.37**2) / 22.1e3
    if not left:
        assert found["verdict"].value == "undecided: the crack is pressed shut"
    else:
        assert found["energy_release_rate"].value == pytest.approx(expected, rel=0.2)
    assert word in said
    assert ("neither presses nor pulls" in said) is (left == 0.0)


def test_nothing_is_left_of_a_stack_where_the_stall_needs_all_of_it():
    balance = 20.0 / overpotential_to_pressure(1.0)  # V
    assert 1e3 * balance == pytest.approx(20.0 / PER_MV, rel=1e-6)

    def left(step, **given):
        return stall_pressure(mechanics_schema.Lithium(step, contact_pressure=20.0, **given))

    assert left(-balance) == pytest.approx(0.0, abs=1e-12)
    assert left(-0.999 * balance) == pytest.approx(0.02, rel=1e-9)
    assert left(-1.001 * balance) == 0.0
    assert left(balance) == pytest.approx(40.0, rel=1e-12)
    # lithium that yields at its face presses with no more than it bears: 5 MPa, not 20
    assert left(-0.1 * balance, contact_limit=5.0) == pytest.approx(3.0, rel=1e-12)
    assert left(-0.3 * balance, contact_limit=5.0) == 0.0


@pytest.mark.parametrize(("step", "counts"), [(-1e-3, True), (1e-3, True), (0.0, False)])
def test_what_is_stripped_below_a_stack_grows_with_the_current(step, counts):
    # p = P + F eta/V_Li: the stack alone is no factor of it
    face = mechanics_schema.Lithium(step, contact_pressure=20.0)
    mechanics = mechanics_schema.Mechanics("strain", {}, {"crack": face}, None)
    assert loads(mechanics) == ([("critical_overpotential", step)] if counts else [])


def test_a_critical_current_of_one_mesh_has_no_bounds(tmp_path):
    found, said = told(UNLOADED, tmp_path)
    critical = found["critical_current_density"]
    assert critical.value == pytest.approx(found["margin"].value ** 0.5, rel=1e-9)  # of 1 mA/cm2
    assert (critical.lower, critical.upper, critical.bound) == (None, None, "none")
    assert "critical_current_density is not told" not in said


def test_what_acts_in_a_flaw_that_drains_is_told(tmp_path):
    # 2 x 0.7/sqrt(3) = 0.8083 MPa/um over 1 um; in 10 nm 80.8 MPa/um hold all of the stall
    def drains(width, stress="0.7 MPa"):
        given = f'metal = "bottom"\nwidth = "{width}"\nyield_stress = "{stress}"'
        return UNLOADED.replace('metal = "bottom"', given)

    found, said = told(drains("1 um"), tmp_path)
    assert found["flaw_pressure"].value == pytest.approx(74.23, rel=1e-2)
    assert found["acting_flaw_pressure"].value == pytest.approx(0.80829, rel=1e-4)
    assert "Lithium flows out of crack" in said
    assert "opens by" not in said
    found, said = told(drains("10 nm"), tmp_path)
    acts, whole = found["acting_flaw_pressure"].value, found["flaw_pressure"].value
    assert acts == pytest.approx(whole, rel=1e-9)
    assert "Lithium flows out of crack" not in said
    # the mean opening of a crack of this size, some 4 p a/E' (half of it open to a side)
    width = found["crack_volume"].value / 1.0
    assert f"opens by {1e3 * width:.4g} nm on average" in said


@pytest.mark.parametrize(
    ("opening", "bar", "face", "shut"),
    [
        (-1.0, 0.1, mechanics_schema.Free(), True),
        (-1.0, 2.0, mechanics_schema.Free(), False),
        (-1.0, math.inf, mechanics_schema.Free(), True),  # of one mesh, against K_II = 1
        (-1e-3, math.inf, mechanics_schema.Free(), False),
        (1.0, 0.1, mechanics_schema.Free(), False),
        (-1.0, 0.1, mechanics_schema.Contact("none"), False),
    ],
)
def test_a_gap_that_is_pressed_shut_beside_lithium_is_warned_about(opening, bar, face, shut):
    case = SimpleNamespace(mechanics=SimpleNamespace(faces={"gap": face}))
    tips = ((SimpleNamespace(crack="gap"), None),)
    modes = (SimpleNamespace(values=(opening, 1.0)),)
    found = SimpleNamespace(tips=tips, intensities=modes, intensity_bars=(bar,))
    said = list(pressed_shut(case, found))
    assert len(said) == (1 if shut else 0)
    assert all(line.startswith("Warning: gap is pressed shut") for line in said)
