"""Current and crack in one case: pressure from the current, and how it is spread in the flaw."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
from mpi4py import MPI

from meshes.geometry import Slit
from solver import mechanics_schema
from solver.case import load_case
from solver.equilibrium import Equilibrium
from solver.fracture import energy_release_rates, find_tips
from solver.mechanics import make_problem
from solver.mechanics_meta import notes
from solver.mechanics_model import body_case
from solver.mechanics_run import make_mesh, simulate_mechanics
from solver.pressed_slit import find_fixed_point
from solver.simulate import overpotential_at_mouth
from tests.verification.helpers import STALLED, case_of, numbers

KIC, E, NU, RHO = 0.23, 22.1e3, 0.37, 10.0  # MPa m^0.5, MPa, 1, ohm cm^2
# Y p sqrt(pi a) = K_Ic: 115.7 MPa, and p = 7.423018 MPa per mV
CRITICAL_STEP = 1e3 * KIC / (1.1215222552 * math.sqrt(math.pi * 1.0)) / 7.423018  # mV


def test_a_uniform_current_is_critical_at_the_critical_step_over_the_resistance(tmp_path):
    # 15.587 mV / 10 ohm cm^2 = 1.5587 mA/cm^2; the electrolyte along the flaw adds 0.2 %
    solution, found = numbers(case_of(STALLED, tmp_path))
    assert found["critical_overpotential"] == pytest.approx(CRITICAL_STEP, rel=2e-3)
    assert found["critical_current_density"] == pytest.approx(CRITICAL_STEP / RHO, rel=5e-3)
    assert found["flaw_overpotential"] == pytest.approx(RHO * 1.0, rel=5e-3)
    # the step before the shift; after it none is left, and half of it would be half the pressure
    assert found["flaw_pressure"] == pytest.approx(7.423018 * found["flaw_overpotential"], rel=1e-6)
    assert found["current_balance"] < 1e-8
    assert found["force_balance"] < 1e-8
    assert abs(found["current.crack"]) < 1e-10 * abs(found["current.top"])
    assert found["verdict"] == "stable"
    assert solution.mechanical is not None


def test_at_the_critical_current_the_crack_is_at_its_limit(tmp_path):
    _, found = numbers(case_of(STALLED, tmp_path))
    critical = found["critical_current_density"]
    text = STALLED.replace('"1 mA/cm^2"', f'"{1.01 * critical} mA/cm^2"')
    _, above = numbers(case_of(text, tmp_path))
    assert above["verdict"] == "grows unstably"
    assert above["critical_current_density"] == pytest.approx(critical, rel=1e-4)
    assert above["margin"] == pytest.approx(1.01**-2, rel=1e-3)


def test_the_critical_current_goes_with_the_inverse_root_of_the_length(tmp_path):
    _, small = numbers(case_of(STALLED, tmp_path))
    text = STALLED.replace('end = "1 um"', 'end = "0.25 um"')
    _, smaller = numbers(case_of(text, tmp_path))
    ratio = smaller["critical_current_density"] / small["critical_current_density"]
    assert ratio == pytest.approx(2.0, rel=1e-2)


def test_the_pressure_of_a_stack_adds_to_that_of_the_overpotential(tmp_path):
    pressed = """[mechanics.faces.bottom]
law = "traction"
pressure = "10 MPa"
[mechanics.faces.top]
law = "symmetry"
[numerics]"""
    _, found = numbers(case_of(STALLED.replace("[numerics]", pressed), tmp_path))
    expected = 7.423018 * found["flaw_overpotential"] + 10.0
    assert found["flaw_pressure"] == pytest.approx(expected, rel=1e-6)
    # in the face and in the flaw the stack presses alike: it leaves only what lies along the face
    _, alone = numbers(case_of(STALLED, tmp_path))
    stack = found["stress_intensity"] - alone["stress_intensity"]
    assert stack > 0.0
    # K = K_stack + k i, in mA/cm2
    expected = (KIC - stack) / alone["stress_intensity"]
    assert found["critical_current_density"] == pytest.approx(expected, rel=1e-3)


def test_stripping_makes_no_pressure(tmp_path):
    text = STALLED.replace('"1 mA/cm^2"', '"-1 mA/cm^2"')
    _, found = numbers(case_of(text, tmp_path))
    assert found["flaw_overpotential"] == pytest.approx(-RHO, rel=5e-3)
    assert found["flaw_pressure"] == 0.0
    assert found["energy_release_rate"] == 0.0
    assert found["verdict"] == "stable"
    assert "critical_current_density" not in found


@pytest.mark.parallel
def test_the_coupled_numbers_are_the_same_on_any_number_of_ranks(tmp_path_factory):
    comm = MPI.COMM_WORLD
    folder = comm.bcast(tmp_path_factory.mktemp("coupled") if comm.rank == 0 else None)
    if comm.rank == 0:
        (folder / "case.toml").write_text(STALLED)
    comm.barrier()
    case = load_case(folder / "case.toml")
    _, one = numbers(case)
    _, all_ = numbers(case, comm)
    for name in ("flaw_overpotential", "energy_release_rate", "critical_current_density"):
        assert all_[name] == pytest.approx(one[name], rel=1e-8)


# --- several flaws, and a film with an opening ----------------------------------------------------

INSIDE = """
title = "Two flaws in an electrolyte"
[geometry]
shape = "block"
width = "200 um"
layers = [{ name = "electrolyte", thickness = "240 um" }]
flaws = [
    { name = "long", x = "0 um", y = "80 um", length = "1 um", angle = "0 degree" },
    { name = "short", x = "0 um", y = "120 um", length = "0.25 um", angle = "0 degree" },
]
[regions.electrolyte]
law = "ionic_conductor"
conductivity = "2.5 mS/cm"
[boundaries.left]
law = "electrode"
potential = "0 V"
area_specific_resistance = "10 ohm cm^2"
[boundaries.long]
law = "electrode"
current = "0 A/m"
area_specific_resistance = "10 ohm cm^2"
[boundaries.short]
law = "electrode"
current = "0 A/m"
area_specific_resistance = "10 ohm cm^2"
[boundaries.right]
law = "electrode"
current_density = "1 mA/cm^2"
[mechanics.solids.electrolyte]
law = "isotropic"
youngs_modulus = "22.1 GPa"
poissons_ratio = 0.37
fracture_toughness = "0.23 MPa m^0.5"
[mechanics.faces.long]
law = "lithium"
metal = "left"
[mechanics.faces.short]
law = "lithium"
metal = "left"
[numerics]
accuracy = "1 %"
"""


@pytest.mark.slow
def test_the_longer_of_two_flaws_goes_first(tmp_path):
    # eta_c goes with a^-1/2: the flaw of 1 um at 1.5587 mA/cm^2, that of 0.25 um at twice as much;
    # the current goes along the layer and crosses its thickness, not its width
    _, found = numbers(case_of(INSIDE, tmp_path))
    assert found["first_to_grow"] == "long"
    assert found["critical_current_density"] == pytest.approx(CRITICAL_STEP / RHO, rel=5e-3)
    assert found["margin.short"] / found["margin.long"] == pytest.approx(4.0, rel=1e-2)
    assert found["verdict"] == found["verdict.long"] == "stable"
    for name in ("long", "short"):
        assert found[f"flaw_overpotential.{name}"] == pytest.approx(RHO, rel=5e-3)
        assert (
            abs(found[f"stress_intensity_shear.{name}"]) < 1e-3 * found[f"stress_intensity.{name}"]
        )
    assert found["force_balance"] < 1e-8


def test_a_current_along_the_layers_is_one_over_their_thickness(tmp_path):
    # 10 ohm cm^2 and 200 um/2.5 mS/cm = 8 ohm cm^2; 1 mA/cm^2 on 240 um: 2.4e-3 A/m, 18 mV
    text = INSIDE[: INSIDE.index("flaws = [")] + INSIDE[INSIDE.index("[regions") :]
    for name in ("long", "short"):
        at = text.index(f"[boundaries.{name}]")
        text = text[:at] + text[text.index("[boundaries", at + 1) :]
    text = text[: text.index("[mechanics")] + text[text.index("[numerics") :]
    _, found = numbers(case_of(text, tmp_path))
    assert found["area_specific_resistance"] == pytest.approx(18.0, rel=1e-9)
    assert found["current"] == pytest.approx(2.4e-3, rel=1e-9)
    assert found["mean_current_density"] == pytest.approx(1.0, rel=1e-9)
    assert 1e3 * found["potential_difference"] == pytest.approx(18.0, rel=1e-9)


def test_lithium_may_be_the_electrode_with_the_given_current(tmp_path):
    # the current leaves the electrolyte at the bottom, where the flaw is; the top is at 0 V
    coarse = STALLED.replace('accuracy = "1 %"', 'accuracy = "1 %"\nrefinement = "none"')
    _, found = numbers(case_of(coarse, tmp_path))
    text = coarse.replace('potential = "0 V"', 'current_density = "-1 mA/cm^2"')
    top = text.index("[boundaries.top]")
    text = text[:top] + text[top:].replace('current_density = "1 mA/cm^2"', 'potential = "0 V"')
    _, turned = numbers(case_of(text, tmp_path))
    for name in ("flaw_overpotential", "flaw_pressure", "critical_current_density", "verdict"):
        same = turned[name] if name == "verdict" else pytest.approx(turned[name], rel=1e-6)
        assert found[name] == same, name


@pytest.mark.parametrize("fraction", [0.5, 0.25])
def test_a_film_with_an_open_fraction_lowers_the_critical_current_by_it(fraction, tmp_path):
    # through the opening goes i/f: i_c = f eta_c/rho where the interface resists more (1000 ohm
    # cm^2) than the electrolyte between the opening and the rest (100 um/2.5 mS/cm: 4 ohm cm^2)
    window = f'width = "100 um"\nwindow = "{200.0 * fraction} um"'
    text = STALLED.replace('width = "100 um"', window)
    text = text.replace("boundaries.bottom", "boundaries.window").replace('"bottom"', '"window"')
    text = text.replace('"10 ohm cm^2"', '"1000 ohm cm^2"').replace('"1 mA', '"0.001 mA')
    _, found = numbers(case_of(text, tmp_path))
    expected = fraction * CRITICAL_STEP / 1000.0
    assert found["critical_current_density"] == pytest.approx(expected, rel=5e-3)
    assert found["current_balance"] < 1e-8


# --- the crack that the stress opens --------------------------------------------------------------

PAPER = Path(__file__).parents[2] / "cases" / "pan2024_lipon_on_lib" / "cracked_lipon.toml"


@pytest.fixture(scope="module")
def cracked():
    return numbers(load_case(PAPER))[1]


def test_a_crack_filled_by_electrolyte_shorts_the_film(cracked):
    # in parallel: kappa w/(p h) through the crack and sigma_f/h through the film, S/cm^2; before
    # the crack the detour (p/(pi kappa)) ln(1/sin(pi w/2p)), after it the electrolyte above
    kappa, film, height, period = 11e-3, 2e-6, 3e-5, 1e-3  # S/cm, S/cm, cm, cm
    width = cracked["slit_width"] * 1e-7
    through_crack = 1.0 / (kappa * width / (period * height))
    detour = period / (math.pi * kappa) * math.log(1.0 / math.sin(math.pi * width / (2.0 * period)))
    whole = 1.0 / (1.0 / (through_crack + detour) + film / height) + 25e-4 / kappa
    assert cracked["area_specific_resistance"] == pytest.approx(whole, rel=1e-2)
    share = 1.0 - (film / height) * (whole - 25e-4 / kappa)
    assert cracked["share.filling|electrolyte"] == pytest.approx(share, rel=1e-2)
    amplification = share * period / width
    assert cracked["mean_amplification"] == pytest.approx(amplification, rel=1e-2)


def test_the_slit_is_as_wide_as_the_crack_is_open(cracked):
    assert cracked["slit_width"] == pytest.approx(1.0 + cracked["crack_volume"] / 0.3 * 1e3)
    # the film alone, cut loose on a half space of lithium: 4 sigma h/E' times some 3 for its base
    assert 1e3 * cracked["crack_opening"] == pytest.approx(26.0, rel=0.1)


def test_the_crack_is_that_of_the_case_without_current(cracked):
    case = load_case(PAPER.with_name("film_on_lithium.toml"))
    block = replace(case.geometry, width=5.0)
    case = replace(case, geometry=block, references=(), variants={})
    _, found = numbers(case)
    name = "steady_state_energy_release_rate"
    assert found[name] == pytest.approx(cracked[name], rel=1e-3)
    assert found["verdict"] == cracked["verdict"]


def test_without_stress_the_slit_keeps_its_width():
    case = load_case(PAPER)
    case = replace(case, geometry=replace(case.geometry, opening=Slit(0.02)))
    loose = replace(case, mechanics=replace(case.mechanics, stretch=1e-9))
    _, found = numbers(loose)
    assert found["slit_width"] == pytest.approx(20.0, rel=1e-4)
    alone = replace(case, mechanics=None)
    _, plain = numbers(alone)
    name = "area_specific_resistance"
    assert found[name] == pytest.approx(plain[name], rel=1e-4)


@pytest.mark.parametrize("variant", ["", "lithium"])
def test_a_crack_that_is_pressed_shut_conducts_as_the_film(variant):
    # 25 um of electrolyte over 0.3 um of film: 25e-4/11e-3 + 3e-5/2e-6 = 15.227 ohm cm^2
    case = load_case(PAPER)
    case = case.variants[variant] if variant else case
    numerics = replace(case.numerics, refinement="none", accuracy=1.0)  # flat: exact on any mesh
    shut = replace(case.mechanics, stretch=-1e-3)
    closed = replace(case, mechanics=shut, numerics=numerics)
    solution, found = numbers(closed)
    assert found["slit_width"] == 0.0
    assert found["area_specific_resistance"] == pytest.approx(15.22727, rel=1e-5)
    assert found["current_balance"] < 1e-8
    assert "pressed shut" in found["verdict"]
    assert any("conducts as the film" in text for text in notes(closed, solution.mechanical))


# --- how the pressure is spread -------------------------------------------------------------------

PENNY = (
    STALLED[: STALLED.index("[regions")]
    .replace('"block"', '"cylinder"')
    .replace('face = "left"', 'face = "bottom"')
    + """
[mechanics.solids.electrolyte]
law = "isotropic"
youngs_modulus = "22.1 GPa"
poissons_ratio = 0.37
[mechanics.faces.crack]
law = "lithium"
overpotential = "10 mV"
"""
)


def test_a_dry_ring_at_the_tip_of_a_penny(tmp_path):
    # K = 2 p/sqrt(pi a) (a - sqrt(a^2 - b^2)), pressed for r < b = 0.7 a: 28.6 % of all of it
    _, wet = numbers(case_of(PENNY, tmp_path))
    text = PENNY.replace('"10 mV"', '"10 mV"\ndry_length = "0.3 um"')
    _, dry = numbers(case_of(text, tmp_path))
    share = 1.0 - math.sqrt(1.0 - 0.7**2)
    ratio = dry["stress_intensity"] / wet["stress_intensity"]
    assert ratio == pytest.approx(share, rel=5e-3)


def test_lithium_that_flows_presses_in_proportion_to_the_depth(tmp_path):
    """Griffith's crack with its mouth in the middle: p = g x gives K = 2 g a sqrt(a/pi)."""
    text = (
        STALLED[: STALLED.index("[regions")].replace('face = "left"', 'face = "bottom"')
        + """
[mechanics.solids.electrolyte]
law = "isotropic"
youngs_modulus = "22.1 GPa"
poissons_ratio = 0.37
[mechanics.faces.left]
law = "symmetry"
[mechanics.faces.crack]
law = "lithium"
overpotential = "10 mV"
"""
    )
    case = case_of(text, tmp_path)
    # 0.7 MPa in 100 nm: 2 x 0.404/0.1 = 8.083 MPa/um, far below the 74 MPa of the stall
    lithium = mechanics_schema.Lithium(0.01, "", 0.0, 0.1, 0.7)
    assert lithium.gradient == pytest.approx(8.083, rel=1e-4)
    mechanics = replace(case.mechanics, faces={**case.mechanics.faces, "crack": lithium})
    case = replace(case, mechanics=mechanics)

    def mesher(block):
        return make_mesh(replace(case, geometry=block, regions={}), MPI.COMM_SELF)

    problem = make_problem(case, case.geometry)
    body = problem.body_on(problem.mesh(mesher, MPI.COMM_SELF, 1))
    state = Equilibrium(body, problem.supports, {}).solve()
    (tip,) = find_tips(case.geometry)
    rate = energy_release_rates(body, state.displacement, tip)[-2]
    intensity = math.sqrt(rate * E / (1.0 - NU**2))
    expected = 2.0 * lithium.gradient * math.sqrt(1.0 / math.pi)
    assert intensity == pytest.approx(expected, rel=5e-3)
    # with walls that hold everything it is the even pressure again
    thin = replace(lithium, width=1e-6)
    tractions = make_problem(
        replace(case, mechanics=replace(mechanics, faces={**mechanics.faces, "crack": thin})),
        case.geometry,
    ).tractions
    assert tractions["crack"].profile.gradient > 1e5


# --- lithium in the crack of a film: current and opening depend on each other ---------------------


@pytest.fixture(scope="module")
def filled():
    case = load_case(PAPER).variants["lithium"]
    numerics = replace(case.numerics, refinement="none", accuracy=1.0)
    return replace(case, numerics=numerics)


def settled(case, start):
    return find_fixed_point(
        case,
        lambda currents, width: overpotential_at_mouth(case, currents, width, MPI.COMM_SELF),
        lambda stressed: simulate_mechanics(body_case(stressed), MPI.COMM_SELF, str).volume,
        str,
        start,
    )


def test_the_fixed_point_is_the_same_from_two_starts(filled):
    narrow, wide = settled(filled, (2e-3, 0.0)), settled(filled, (0.2, 0.05))
    assert wide.width == pytest.approx(narrow.width, rel=1e-4)
    assert wide.overpotential == pytest.approx(narrow.overpotential, rel=1e-4)
    # the overpotential is that of the current through the mouth, what does not enter the film: at
    # 0.5 mA/cm^2 on 10 um; it cannot be more than all that lies between the electrodes
    _, found = numbers(filled)
    mouth = 0.5 * 10e-4 * (1.0 - found["share.film|electrolyte"])  # mA/cm
    by_hand = mouth / (1e-7 * found["slit_width"]) * 1.0  # of 1 ohm cm^2, mV
    assert found["flaw_overpotential"] == pytest.approx(by_hand, rel=1e-3)
    between = 1e3 * found["potential.top"]
    assert 0.5 * between < found["flaw_overpotential"] < between
    assert found["slit_width"] == pytest.approx(1e3 * narrow.width, rel=1e-4)
    assert found["coupling_change"] < 1e-5
    assert found["current_balance"] < 1e-8
    assert found["force_balance"] < 1e-8


def test_without_current_the_crack_is_open_as_by_the_stress_alone(filled):
    top = replace(filled.boundaries["top"], current_density=1e-6)
    weak = replace(filled, boundaries={**filled.boundaries, "top": top})
    dry = replace(filled.mechanics, faces={"bottom": filled.mechanics.faces["bottom"]})
    _, alone = numbers(replace(filled, mechanics=dry))
    _, found = numbers(weak)
    assert found["slit_width"] == pytest.approx(alone["slit_width"], rel=1e-5)
    _, pressed = numbers(filled)
    assert pressed["slit_width"] > (1.0 + 1e-3) * found["slit_width"]


def test_lithium_that_does_not_flow_opens_the_crack_by_its_pressure(filled):
    # linear: opening of the stretch plus that of p, here three times that of the paper's lithium
    face = replace(filled.mechanics.faces["crack"], yield_stress=None)
    faces = {**filled.mechanics.faces, "crack": face}
    _, found = numbers(replace(filled, mechanics=replace(filled.mechanics, faces=faces)))
    _, flows = numbers(filled)
    assert found["slit_width"] > flows["slit_width"]
    assert found["flaw_overpotential"] < flows["flaw_overpotential"]
    assert found["flaw_pressure"] == pytest.approx(7.423018 * found["flaw_overpotential"], rel=1e-6)
    # it has stalled: no net current; the resistance is below that of the whole film, 15.227 ohm cm2
    assert abs(found["current.filling_surface"]) < 1e-8 * found["current.top"]
    assert 1e3 * found["potential.filling_surface"] == pytest.approx(found["flaw_overpotential"])
    by_hand = 1e3 * found["potential.top"] / 0.5  # mV over mA/cm2
    assert found["area_specific_resistance"] == pytest.approx(by_hand, rel=1e-4)
    assert flows["area_specific_resistance"] < found["area_specific_resistance"] < 15.2273
    assert "wall_shift" not in found
    # lithium that flows takes current all along, less where it is pressed: its walls hold 2 tau_y
    # h/w, a quarter of the potential across the film, and give it that much less
    holds = 2.0 * 0.7 / math.sqrt(3.0) * 0.3 / (1e-3 * flows["slit_width"])
    assert flows["acting_flaw_pressure"] == pytest.approx(holds, rel=1e-4)
    assert flows["wall_shift"] == pytest.approx(holds / 7.423018, rel=1e-4)
