"""Wrong contacts, flaws, maps of two values, protocols: one message each; right ones read back."""

import pytest

from solver.case import load_case
from solver.resolved import resolved_toml
from tests.unit.case_checking import checked, one_finding
from tests.unit.case_regions_test import GOOD as STORING

GOOD = """title = "Contact"
[geometry]
shape = "strip"
width = "1 um"
above = [{ name = "wall", thickness = "100 um" }]
[regions.wall]
law = "ionic_conductor"
conductivity = "0.01 S/m"
[boundaries.bottom]
law = "electrode"
potential = "0 V"
area_specific_resistance = "10 ohm cm^2"
[boundaries.bottom.contact]
open_fraction = 0.5
stack_pressure = "5 MPa"
[boundaries.bottom.contact.voids]
depth = "1 um"
vacancy_current_density = "0.1 mA/cm^2"
regained = 0.5
least_contact = 0.02
[boundaries.bottom.contact.voids.creep]
stress = "0.7 MPa"
rate = "1e-4 s^-1"
exponent = 6.6
[boundaries.top]
law = "electrode"
current_density = "1 mA/cm^2"
[programme.flaw]
face = "bottom"
shape = "edge"
length = "1 um"
fracture_toughness = "0.23 MPa m^0.5"
amplification = 2.0
lateral_share = 0.5
youngs_modulus = "20 GPa"
poissons_ratio = 0.3
[map]
parameter = "programme.flaw.length"
values = ["1 um", "2 um"]
quantity = "critical_current_density"
[map.against]
parameter = "boundaries.bottom.contact.open_fraction"
values = ["0.1", "50 %"]
"""
STAIRS = """[programme.staircase]
protocol = "PAPER, as told"
first = "0.1 mA/cm^2"
increment = "0.1 mA/cm^2"
last = "2 mA/cm^2"
LASTS
"""
STEPS = '[[programme.steps]]\nkind = "rest"\nduration = "1 s"\n'
CONTACT = "boundaries.bottom.contact"
WRONG = [
    ("open_fraction = 0.5", "open_fraction = 1.5", f"{CONTACT}.open_fraction", "at most 1"),
    ("open_fraction = 0.5", "open_fraction = 0", f"{CONTACT}.open_fraction", "above zero"),
    ('stack_pressure = "5 MPa"', 'stack_pressure = "5 um"', f"{CONTACT}.stack_pressure", "MPa"),
    ('stack_pressure = "5 MPa"\n', "", f"{CONTACT}.voids.creep", "without contact.stack_pressure"),
    ('depth = "1 um"', 'depth = "0 um"', f"{CONTACT}.voids.depth", "above zero"),
    ('depth = "1 um"\n', "", f"{CONTACT}.voids.depth", "missing"),
    ('"0.1 mA/cm^2"', '"-0.1 mA/cm^2"', "vacancy_current_density", "not negative"),
    ("regained = 0.5", "regained = -1", f"{CONTACT}.voids.regained", "negative"),
    ("least_contact = 0.02", "least_contact = 0.9", "least_contact", "0.0001 to 0.5"),
    ("least_contact = 0.02", "least_contact = 0.5", "least_contact", "less than open_fraction"),
    ("exponent = 6.6", "exponent = 60", f"{CONTACT}.voids.creep.exponent", "1 to 20"),
    ('rate = "1e-4 s^-1"', 'rate = "0 s^-1"', f"{CONTACT}.voids.creep.rate", "above zero"),
    ("regained = 0.5", "regianed = 0.5", f"{CONTACT}.voids.regianed", "regained"),
    ('face = "bottom"', 'face = "side"', "programme.flaw.face", "bottom, top"),
    ('length = "1 um"', 'length = "100 um"', "programme.flaw.length", "depth below the 100 um"),
    ('length = "1 um"', 'length = "500 um"', "programme.flaw.length", "of solid beside bottom"),
    ('shape = "edge"\nlength = "1 um"', 'shape = "penny"\nlength = "50 um"',
     "programme.flaw.length", "radius below half of the 100 um"),
    ("amplification = 2.0", "amplification = 0.5", "flaw.amplification", "at least 1"),
    ("lateral_share = 0.5", "lateral_share = 1.5", "flaw.lateral_share", "0 to 1"),
    ("poissons_ratio = 0.3", "poissons_ratio = 0.6", "flaw.poissons_ratio", "below 0.5"),
    ("poissons_ratio = 0.3\n", "", "flaw", "beside youngs_modulus"),
    ('current_density = "1 mA/cm^2"', 'potential = "1 V"', "boundaries", "exactly one electrode"),
    ("contact.open_fraction", "contact.open", "map.against.parameter", "open_fraction"),
    ('["0.1", "50 %"]', '["0.1", "50 um"]', "map.against.values[1]", "number"),
    (f'"{CONTACT}.open_fraction"', '"programme.flaw.length"', "map.against", "another value"),
    ('law = "electrode"\npotential = "0 V"\n',
     'law = "electrode"\npotential = "0 V"\nkinetics = { law = "linear", '
     'exchange_current_density = "1 mA/cm^2", normal_stress = "-1 MPa" }\n',
     f"{CONTACT}.stack_pressure", "kinetics.normal_stress"),
    ("[programme.flaw]", '[impedance]\nfrequencies = ["1 Hz"]\n[programme.flaw]',
     f"{CONTACT}.voids", "beside impedance"),
]  # fmt: skip
PROTOCOLS = [
    ("Lim2024", 'half_cycle = "1 hour"', "half_cycle", "no such key (Lim2024 L148"),
    ("Lim2024", 'capacity = "0.2 mAh/cm^2"\ncapacity_increment = "0.1 mAh/cm^2"', "capacity",
     "0.1 mAh/cm^2 (Lim2024 L148"),
    ("Sim2025", 'half_cycle = "0.5 hour"', "half_cycle", "1 hour (Sim2025 L96"),
    ("Sim2025", 'capacity = "0.2 mAh/cm^2"', "half_cycle", "1 hour (Sim2025 L96"),
    ("Li2023", 'half_cycle = "1 hour"', "half_cycle", "0.5 hour (Li2023 L123"),
]  # fmt: skip
KEPT = [
    ("Lim2024", 'capacity = "0.1 mAh/cm^2"\ncapacity_increment = "0.1 mAh/cm^2"'),
    ("Sim2025", 'half_cycle = "60 min"'),
    ("Li2023", 'half_cycle = "30 min"'),
    ("of nobody", 'half_cycle = "7 s"'),
]


def stairs(paper, lasts):
    text = GOOD[: GOOD.index("[programme.flaw]")]
    return text + STAIRS.replace("PAPER", paper).replace("LASTS", lasts)


def test_the_good_case_is_good(tmp_path, capsys):
    assert checked(GOOD, tmp_path, capsys) == (0, [])


@pytest.mark.parametrize(("old", "new", "key", "words"), WRONG)
def test_a_wrong_value_gets_one_message(old, new, key, words, tmp_path, capsys):
    assert old in GOOD
    one_finding(GOOD.replace(old, new, 1), tmp_path, capsys, key, words)


def test_voids_need_something_that_moves(tmp_path, capsys):
    text = GOOD[: GOOD.index("[programme.flaw]")]
    one_finding(text, tmp_path, capsys, f"{CONTACT}.voids", "without steps or a flaw")
    assert checked(text + STEPS, tmp_path, capsys) == (0, [])


def test_a_contact_says_something(tmp_path, capsys):
    head, _, rest = GOOD.partition("open_fraction = 0.5")
    text = head + rest[rest.index("[boundaries.top]") : rest.index("[map]")]
    one_finding(text, tmp_path, capsys, CONTACT, "open_fraction, stack_pressure or voids")


def test_faces_of_alloys_have_neither_contact_nor_flaw(tmp_path, capsys):
    contact = "[boundaries.top.contact]\nopen_fraction = 0.5\n[boundaries.top.kinetics]"
    text = STORING.replace("[boundaries.top.kinetics]", contact, 1)
    one_finding(text, tmp_path, capsys, "boundaries.top.contact", "beside alloys")
    flaw = GOOD[GOOD.index("[programme.flaw]") : GOOD.index("[map]")]
    one_finding(f"{STORING}\n{flaw}", tmp_path, capsys, "programme.flaw", "beside alloys")


def test_a_flaw_beside_a_staircase_stands_in_its_table(tmp_path, capsys):
    text = GOOD[: GOOD.index("[map]")]
    text += STAIRS.replace("PAPER", "of nobody").replace("LASTS", 'half_cycle = "7 s"')
    one_finding(text, tmp_path, capsys, "programme.flaw", "beside a staircase")


@pytest.mark.parametrize(("paper", "lasts", "key", "words"), PROTOCOLS)
def test_a_protocol_of_a_paper_is_that_of_the_paper(paper, lasts, key, words, tmp_path, capsys):
    one_finding(stairs(paper, lasts), tmp_path, capsys, f"programme.staircase.{key}", words)


@pytest.mark.parametrize(("paper", "lasts"), KEPT)
def test_a_protocol_as_told_is_good(paper, lasts, tmp_path, capsys):
    assert checked(stairs(paper, lasts), tmp_path, capsys) == (0, [])


def test_all_of_it_reads_back(tmp_path):
    path = tmp_path / "case.toml"
    path.write_text(GOOD)
    case = load_case(path)
    (tmp_path / "again.toml").write_text(resolved_toml(case))
    again = load_case(tmp_path / "again.toml")
    assert (again.programme, again.boundaries, again.map) == (
        case.programme, case.boundaries, case.map,
    )  # fmt: skip
    assert case.map.against.numbers == pytest.approx((0.1, 0.5))
    voids = case.boundaries["bottom"].contact.voids
    assert (voids.depth, voids.vacancy_current_density, voids.creep.exponent) == (1.0, 1.0, 6.6)
    flaw = case.programme.flaw
    assert (flaw.lateral_share, flaw.youngs_modulus) == pytest.approx((0.5, 20e3))  # MPa
