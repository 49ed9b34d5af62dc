"""Warnings of loads and strengths beyond what the laws of solids are for."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from solver import mechanics_meta
from solver.case import load_case
from solver.mechanics_model import conditions

TOP = Path(__file__).resolve().parents[2]
PITTED = """title = "Film over a pit"
[geometry]
shape = "block"
width = "20 um"
layers = [{ name = "substrate", thickness = "30 um" }, { name = "film", thickness = "1 um" }]
pit = { width = "10 um", depth = "5 um" }
[mechanics.solids.substrate]
law = "isotropic"
youngs_modulus = "7.8 GPa"
poissons_ratio = 0.38
[mechanics.solids.film]
law = "isotropic"
youngs_modulus = "77 GPa"
poissons_ratio = 0.25
strength = "458 MPa"
[mechanics.faces.bottom]
law = "symmetry"
[mechanics.faces.top]
law = "traction"
pressure = "1 MPa"
"""


@pytest.mark.parametrize(
    ("old", "new", "warned"),
    [
        ('"1 MPa"', '"1 GPa"', "the pressure on top strains a layer by 13 %"),
        ('"458 MPa"', '"20 GPa"', "the strength of film is above 0.1 of its modulus"),
        ('"1 MPa"', '"2 MPa"', ""),
    ],
)
def test_what_leaves_the_range_of_the_laws_is_warned_about(old, new, warned, tmp_path):
    path = tmp_path / "case.toml"
    path.write_text(PITTED.replace(old, new))
    case = load_case(path)
    tractions, _ = conditions(case.geometry, case.mechanics)
    body = SimpleNamespace(tractions=tractions)
    found = SimpleNamespace(tensions={"top": 400.0}, film=None, body=body)
    said = mechanics_meta.beyond_the_laws(case, found)
    assert [warned in text for text in said] == ([True] if warned else [])
    found = SimpleNamespace(tensions={"top": 4000.0}, film=None, body=body)
    said = mechanics_meta.beyond_the_laws(case, found)
    assert sum("the tension along top strains a layer by 5.2 %" in text for text in said) == 1


BROKEN = {  # E 1 MPa and Gc 1 J/m^2: 0.19 MPa at l = 10 um, 0.087 MPa at 50 um
    ("fracture/at1_bar.toml", "length", 10.0): "strength sqrt(3 E Gc/(8 l)) of bar",
    ("fracture/at1_bar.toml", "length", 50.0): "",
    ("mechanics/torn_evenly.toml", "strength", 1e4): "the strength of",
    ("mechanics/torn_evenly.toml", "shear_strength", 1e4): "the shear strength of",
    ("mechanics/torn_evenly.toml", "strength", 100.0): "",
}


@pytest.mark.parametrize(("file", "key", "value"), BROKEN)
def test_strengths_of_damage_and_of_interfaces_are_no_more_than_a_solid_has(file, key, value):
    case = load_case(TOP / "cases" / "verification" / file)
    mechanics, body = case.mechanics, SimpleNamespace(tractions={})
    if mechanics.damage is not None:
        mechanics = replace(mechanics, damage=replace(mechanics.damage, **{key: value}))
    else:
        joints = {n: replace(joint, **{key: value}) for n, joint in mechanics.interfaces.items()}
        mechanics = replace(mechanics, interfaces=joints)
    found = SimpleNamespace(tensions={}, film=None, body=body)
    said = mechanics_meta.beyond_the_laws(replace(case, mechanics=mechanics), found)
    warned = BROKEN[file, key, value]
    assert [warned in text for text in said] == ([True] if warned else [])


@pytest.mark.parametrize(("moved", "strain"), [(-0.3, "30 %"), (-0.019, ""), (0.3, "")])
def test_what_may_break_is_not_pushed_far(moved, strain):
    # a bar of 1 um with a plane of symmetry; pulled as far its crack opens, which is no strain
    case = load_case(TOP / "cases" / "verification" / "fracture" / "at1_bar.toml")
    faces = dict(case.mechanics.faces)
    faces["right"] = replace(faces["right"], normal=moved)
    case = replace(case, mechanics=replace(case.mechanics, faces=faces))
    found = SimpleNamespace(tensions={}, film=None, body=SimpleNamespace(tractions={}))
    said = [t for t in mechanics_meta.beyond_the_laws(case, found) if "strains a layer" in t]
    text = f"the displacement of left and right strains a layer by {strain}"
    assert [text in line for line in said] == ([True] if strain else [])


def test_a_film_is_strained_by_its_own_modulus():
    # 519 MPa over the 77 GPa of LiPON is 0.67 %, over the 7.8 GPa of the lithium below it 6.6 %
    case = load_case(TOP / "cases" / "pan2024_lipon_on_lib" / "cracked_lipon.toml")
    body = SimpleNamespace(tractions={})
    for stress, warned in ((519.0, 0), (1600.0, 1)):
        found = SimpleNamespace(tensions={}, film=SimpleNamespace(stress=stress), body=body)
        said = mechanics_meta.beyond_the_laws(case, found)
        assert sum("the stress of the film strains a layer" in text for text in said) == warned
