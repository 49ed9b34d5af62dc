"""Loads that nothing holds, loads that are none, and faults in [load]: one message each."""

import pytest

from tests.unit.case_checking import checked

BLOCK = """title = "Block"
[geometry]
shape = "block"
width = "10 um"
layers = [{ name = "lithium", thickness = "5 um" }]
[mechanics.solids.lithium]
law = "isotropic"
youngs_modulus = "7.82 GPa"
poissons_ratio = 0.38
"""
TOP = '[mechanics.faces.top]\nlaw = "traction"\npressure = "1 MPa"\n'
BOTTOM = '[mechanics.faces.bottom]\nlaw = "traction"\npressure = "1 MPa"\n'
SHEARED = "".join(
    f'[mechanics.faces.{name}]\nlaw = "traction"\nshear = "{shear} MPa"\n'
    for name, shear in (("top", 1), ("bottom", 1), ("left", -1), ("right", -1))
)
PLATE = '[mechanics.faces.top]\nlaw = "plate"\n'
HELD = '[mechanics.faces.bottom]\nlaw = "symmetry"\n'


@pytest.mark.parametrize(
    ("faces", "along"),
    [
        (TOP, "along y"),
        (TOP + BOTTOM.replace("1 MPa", "2 MPa"), "along y"),
        (TOP.replace("top", "right") + HELD, "along x"),
        (TOP + 'shear = "1 MPa"\n' + HELD, "along x"),
        (TOP.replace('"traction"', '"plate"'), "along y"),
    ],
    ids=["push", "unequal", "sideways", "shear", "plate"],
)
def test_forces_that_nothing_holds_are_found_in_the_case(faces, along, tmp_path, capsys):
    status, lines = checked(BLOCK + faces, tmp_path, capsys)
    assert (status, len(lines)) == (2, 1), lines
    assert lines[0].startswith("mechanics.faces = ")
    assert "nothing holds" in lines[0] and along in lines[0]


@pytest.mark.parametrize(
    "faces",
    [
        TOP + BOTTOM,
        SHEARED,
        TOP + HELD,
        TOP + '[mechanics.faces.left]\nlaw = "clamped"\n',
        PLATE + 'pressure = "1 MPa"\nstiffness = "1 MPa/um"\n',
    ],
    ids=["balanced", "pure shear", "held", "clamped beside", "spring"],
)
def test_loads_that_balance_or_are_held_pass(faces, tmp_path, capsys):
    assert checked(BLOCK + faces, tmp_path, capsys) == (0, [])


def test_a_plate_without_pressure_only_keeps_a_face_flat(tmp_path, capsys):
    status, lines = checked(BLOCK + PLATE + HELD, tmp_path, capsys)
    assert (status, len(lines)) == (2, 1)
    assert lines[0].startswith("mechanics = nothing that strains the body")
    strained = BLOCK.replace("ratio = 0.38", "ratio = 0.38\nmisfit_strain = 0.001")
    assert checked(strained + PLATE + HELD, tmp_path, capsys) == (0, [])


@pytest.mark.parametrize(
    ("load", "key"),
    [
        ('stretch = "1 MPa"', "load.stretch"),
        ('strech = "1 %"', "load.strech"),
        ('temperature_change = "100 K"', "load.temperature_change"),
        ('temperature_change = "100 um"', "load.temperature_change"),
        ('stretch = { value = "2 %", role = "assumed", range = ["0 %", "1 %"] }', "load.stretch"),
    ],
)
def test_one_fault_in_the_load_is_one_message(load, key, tmp_path, capsys):
    status, lines = checked(f"{BLOCK}[load]\n{load}\n", tmp_path, capsys)
    assert (status, len(lines)) == (2, 1), lines
    assert lines[0].startswith(key)


CREEP = (
    BLOCK
    + TOP
    + HELD
    + """[mechanics.solids.lithium.flow]
law = "creep"
stress = "0.7 MPa"
rate = "1e-4 s^-1"
exponent = 6.6
[load]
duration = "1 hour"
temperature = "333 K"
"""
)


def test_a_temperature_that_no_law_uses_is_refused(tmp_path, capsys):
    status, lines = checked(CREEP, tmp_path, capsys)
    assert (status, len(lines)) == (2, 1), lines
    assert lines[0].startswith("load.temperature = ")
    warm = 'exponent = 6.6\nactivation_energy = "37 kJ/mol"\nreference_temperature = "298 K"'
    assert checked(CREEP.replace("exponent = 6.6", warm), tmp_path, capsys) == (0, [])
