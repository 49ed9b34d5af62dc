"""Case files of shells and of solids that flow: what is wrong is named at its key."""

import pytest

from meshes.build import build
from meshes.layers import Layer, Shell
from meshes.sizing import default_size
from solver.case import load_case
from solver.mechanics_schema import Creep, History, Plastic, Viscoplastic
from solver.resolved import resolved_toml
from tests.unit import case_checking

SHELL = """title = "Ball"
[geometry]
shape = "ball"
inner_radius = "1 um"
layers = [{ name = "lithium", thickness = "1 um" }, { name = "shell", thickness = "0.5 um" }]
[mechanics.solids.lithium]
law = "isotropic"
youngs_modulus = "7.82 GPa"
poissons_ratio = 0.38
formulation = "mixed"
[mechanics.solids.lithium.flow]
law = "creep"
stress = "0.7 MPa"
rate = "1e-4 s^-1"
exponent = 6.6
activation_energy = "37 kJ/mol"
reference_temperature = "298 K"
[mechanics.solids.shell]
law = "isotropic"
youngs_modulus = "22 GPa"
poissons_ratio = 0.37
[mechanics.faces.inner]
law = "traction"
pressure = "1 MPa"
[load]
duration = "10 hour"
ramp = "1 min"
step_error = 0.01
temperature = "333 K"
"""
BLOCK = """title = "Squeeze"
[geometry]
shape = "cylinder"
width = "10 um"
layers = [{ name = "lithium", thickness = "2 um" }]
[mechanics.solids.lithium]
law = "isotropic"
youngs_modulus = "7.82 GPa"
poissons_ratio = 0.38
[mechanics.solids.lithium.flow]
law = "plastic"
yield_stress = "0.7 MPa"
[mechanics.faces.bottom]
law = "symmetry"
[mechanics.faces.top]
law = "displacement"
normal = "-10 nm"
sticks = true
[load]
steps = 8
"""
CRACKED = """title = "Film"
[geometry]
shape = "block"
width = "10 um"
layers = [{ name = "lithium", thickness = "2 um" }, { name = "film", thickness = "0.5 um" }]
[geometry.crack]
face = "left"
start = "2 um"
[mechanics]
plane = "strain"
[mechanics.solids.lithium]
law = "isotropic"
youngs_modulus = "7.82 GPa"
poissons_ratio = 0.38
[mechanics.solids.lithium.flow]
law = "plastic"
yield_stress = "0.7 MPa"
[mechanics.solids.film]
law = "isotropic"
youngs_modulus = "111 GPa"
poissons_ratio = 0.19
[mechanics.faces.bottom]
law = "symmetry"
[mechanics.faces.crack]
law = "free"
[load]
stretch = "0.01 %"
steps = 8
"""
ANAND = """law = "viscoplastic"
rate = "4.25e4 s^-1"
activation_energy = "37 kJ/mol"
rate_exponent = 0.15
initial_resistance = "0.95 MPa"
hardening_modulus = "10 MPa"
saturation_resistance = "2 MPa"
hardening_exponent = 2.0
saturation_exponent = 0.05
"""
SOURCED = ', source = "chosen", role = "assumed", range = ['


def sourced(text):
    """Every physical value with a source, as a case outside of cases/verification needs it."""
    lines = []
    for line in text.splitlines():
        key, _, value = line.partition(" = ")
        plain = (
            "title",
            "shape",
            "law",
            "layers",
            "crack",
            "formulation",
            "sticks",
            "steps",
            "step_error",
            "face",
            "plane",
            "deflections",
        )
        if value and key not in plain:
            line = f"{key} = {{ value = {value}{SOURCED}{value}, {value}] }}"
        lines.append(line)
    text = "\n".join(lines)
    for size in ('"1 um"', '"0.5 um"', '"2 um"'):
        given = f"thickness = {{ value = {size}{SOURCED}{size}, {size}] }}"
        text = text.replace(f"thickness = {size}", given)
    return text + "\n"


def checked(text, tmp_path, capsys):
    return case_checking.checked(sourced(text), tmp_path, capsys)


FLOW = "mechanics.solids.lithium.flow"
WRONG = [
    (
        SHELL,
        "[mechanics.solids.lithium]",
        '[regions.lithium]\nlaw = "insulator"\n[regions.shell]\nlaw = "ionic_conductor"\n'
        'conductivity = "1 mS/cm"\n[mechanics.solids.lithium]',
        "geometry.shape",
        "for stress alone",
    ),
    (SHELL, '"ball"', '"bal"', "geometry.shape", "nearest: ball"),
    (SHELL, 'inner_radius = "1 um"', 'inner_radius = "-1 um"', "geometry.inner_radius", "negative"),
    (SHELL, '"0.5 um"', '"1 nm"', "geometry.layers[1].thickness", "resolved"),
    (SHELL, 'name = "shell"', 'name = "outer"', "geometry.layers[1].name", "other than"),
    (SHELL, "exponent = 6.6", "exponent = 66", f"{FLOW}.exponent", "from 1 to 20"),
    (SHELL, 'rate = "1e-4 s^-1"', 'rate = "1e-4 s"', f"{FLOW}.rate", "rate, as"),
    (SHELL, 'stress = "0.7 MPa"', 'stress = "0 MPa"', f"{FLOW}.stress", "above zero"),
    (SHELL, 'reference_temperature = "298 K"\n', "", FLOW, "together"),
    (SHELL, '"37 kJ/mol"', '"37 kJ"', f"{FLOW}.activation_energy", "molar energy"),
    (SHELL, 'law = "creep"', 'law = "crep"', f"{FLOW}.law", "nearest: creep"),
    (SHELL, '"mixed"', '"mixd"', "mechanics.solids.lithium.formulation", "nearest: mixed"),
    (SHELL, 'duration = "10 hour"\nramp = "1 min"', "", "load.duration", "flows with time"),
    (SHELL, 'ramp = "1 min"', 'ramp = "1 day"', "load.ramp", "not longer than duration"),
    (SHELL, "step_error = 0.01", "step_error = 0.5", "load.step_error", "0.2"),
    (SHELL, "step_error = 0.01", "step_error = 0.01\nsteps = 5", "load", "not both"),
    (SHELL, '"333 K"', '"-3 K"', "load.temperature", "above zero"),
    (SHELL, "faces.inner", "faces.bottom", "mechanics.faces.bottom.law", "plane of symmetry"),
    (SHELL, "faces.inner", "faces.iner", "mechanics.faces.iner", "nearest: inner"),
    (
        SHELL,
        'law = "traction"\npressure = "1 MPa"',
        'law = "plate"\npressure = "1 MPa"',
        "mechanics.faces.inner.law",
        "free or traction on a round face",
    ),
    (
        SHELL,
        'pressure = "1 MPa"',
        'pressure = "1 MPa"\nshear = "1 MPa"',
        "mechanics.faces.inner.shear",
        "pressure alone",
    ),
    (
        SHELL,
        "poissons_ratio = 0.37",
        'poissons_ratio = 0.37\nresidual_stress = "1 MPa"',
        "mechanics.solids.shell.residual_stress",
        "misfit_strain in a shell",
    ),
    (BLOCK, "steps = 8", "steps = 0", "load.steps", "1"),
    (BLOCK, "steps = 8", 'ramp = "1 s"', "load.duration", "duration beside ramp"),
    (BLOCK, 'normal = "-10 nm"', 'tangential = "-10 nm"', "mechanics.faces.top", "beside sticks"),
    (BLOCK, '"0.7 MPa"', '"-0.7 MPa"', f"{FLOW}.yield_stress", "above zero"),
    (
        BLOCK,
        'yield_stress = "0.7 MPa"',
        'yield_stress = "0.7 MPa"\nhardening_modulus = "-1 MPa"',
        f"{FLOW}.hardening_modulus",
        "not negative",
    ),
    (
        BLOCK,
        'law = "displacement"\nnormal = "-10 nm"\nsticks = true',
        'law = "indenter"\nradius = "1 um"\ndepth = "1 nm"',
        "mechanics.faces.top.law",
        "no indenter beside flow",
    ),
    (
        BLOCK,
        "poissons_ratio = 0.38",
        'poissons_ratio = 0.38\ndeflections = "large"',
        "mechanics.solids.lithium.deflections",
        "small beside flow",
    ),
    (
        BLOCK,
        "[mechanics.solids.lithium]",
        '[geometry.crack]\nface = "bottom"\nstart = "0 um"\nend = "1 um"\n'
        "[mechanics.solids.lithium]",
        "geometry.crack",
        "no crack beside flow",
    ),
    (
        CRACKED,
        'law = "free"',
        'law = "traction"\npressure = "1 MPa"',
        "mechanics.faces.crack.law",
        "free beside flow",
    ),
    (CRACKED, 'start = "2 um"', 'start = "1 um"', "geometry.crack", "through a film"),
    (CRACKED, "steps = 8", 'duration = "1 s"', "geometry.crack", "without time"),
    (
        CRACKED,
        "poissons_ratio = 0.19",
        "poissons_ratio = 0.19\n[mechanics.solids.film.flow]\n"
        'law = "plastic"\nyield_stress = "9 MPa"',
        "mechanics.solids.film.flow",
        "crack goes",
    ),
    (
        BLOCK,
        '[mechanics.solids.lithium.flow]\nlaw = "plastic"\nyield_stress = "0.7 MPa"\n',
        "",
        "load.steps",
        "without a solid that flows",
    ),
]


@pytest.mark.parametrize(("text", "old", "new", "key", "words"), WRONG)
def test_one_wrong_thing_is_named_at_its_key(text, old, new, key, words, tmp_path, capsys):
    assert text.count(old) >= 1, old
    status, lines = checked(text.replace(old, new, 1), tmp_path, capsys)
    assert status == 2
    named = [line for line in lines if line.startswith((f"{key} = ", f"{key}: "))]
    assert len(named) == 1, lines
    assert words in named[0], named


ANAND_WRONG = [
    ("rate_exponent = 0.15", "rate_exponent = 1.5", "rate_exponent", "0.01 to 1"),
    ("hardening_exponent = 2.0", "hardening_exponent = 0.5", "hardening_exponent", "1 to 10"),
    ("saturation_exponent = 0.05", "saturation_exponent = 2", "saturation_exponent", "0 to 1"),
]


def viscoplastic(change=("", "")):
    flow = SHELL[SHELL.index('law = "creep"') : SHELL.index("[mechanics.solids.shell]")]
    return SHELL.replace(flow, ANAND.replace(*change))


@pytest.mark.parametrize(("old", "new", "key", "words"), ANAND_WRONG)
def test_numbers_that_make_no_law_are_named(old, new, key, words, tmp_path, capsys):
    status, lines = checked(viscoplastic((old, new)), tmp_path, capsys)
    assert status == 2
    assert any(line.startswith(f"{FLOW}.{key}") and words in line for line in lines), lines


@pytest.mark.parametrize("text", [SHELL, BLOCK, viscoplastic()], ids=["creep", "plastic", "anand"])
def test_a_right_case_is_read_and_reads_back_equal(text, tmp_path, capsys):
    assert checked(text, tmp_path, capsys) == (0, [])
    case = load_case(tmp_path / "case.toml")
    again = tmp_path / "again.toml"
    again.write_text(resolved_toml(case), "utf-8")
    assert load_case(again).mechanics == case.mechanics
    assert load_case(again).geometry == case.geometry
    assert load_case(again).inputs == case.inputs


def test_values_are_in_working_units(tmp_path, capsys):
    checked(SHELL, tmp_path, capsys)
    case = load_case(tmp_path / "case.toml")
    solid = case.mechanics.solids["lithium"]
    assert solid.flow == Creep(0.7, 1e-4, 6.6, 37.0, 298.0)  # kJ/mol = pJ/fmol
    assert solid.mixed
    assert case.mechanics.history == History(36000.0, 60.0, None, 0.01, 333.0)
    assert case.geometry == Shell("ball", 1.0, (Layer("lithium", 1.0), Layer("shell", 0.5)))
    checked(BLOCK, tmp_path, capsys)
    case = load_case(tmp_path / "case.toml")
    assert case.mechanics.solids["lithium"].flow == Plastic(0.7, 0.0)
    assert case.mechanics.faces["top"].sticks
    assert case.mechanics.history.steps == 8
    checked(viscoplastic(), tmp_path, capsys)
    law = load_case(tmp_path / "case.toml").mechanics.solids["lithium"].flow
    assert law == Viscoplastic(4.25e4, 37.0, 0.15, 0.95, 10.0, 2.0, 2.0, 0.05)


@pytest.mark.parametrize("shape", ["ring", "ball"])
@pytest.mark.parametrize("hole", [0.0, 1.0])
def test_a_shell_has_the_faces_and_measures_of_its_chords(shape, hole, tmp_path):
    shell = Shell(shape, hole, (Layer("a", 1.0), Layer("b", 0.5)))
    built = build(shell, default_size(shell, 1e-3), (), tmp_path)  # compares every measure
    named = {"outer", "left", "bottom"} | ({"inner"} if hole else set())
    assert set(built.boundaries) == named
    assert built.interfaces == ("a|b",)
    # with round edges the volume is that of the circle; with chords it is smaller by 6e-3
    measures = {m.name: m.computed for m in built.report.regions}
    whole = sum(measures.values())
    top = hole + 1.5
    exact = 0.25 * 3.14159265 * (top**2 - hole**2)
    if shape == "ball":
        exact = 2.0 / 3.0 * 3.14159265 * (top**3 - hole**3)
    assert 0.98 * exact < whole < 0.999 * exact


def test_a_box_flows_but_not_around_a_crack(tmp_path, capsys):
    text = BLOCK.replace('"cylinder"', '"box"').replace(
        'width = "10 um"', 'width = "10 um"\ndepth = "10 um"'
    )
    assert checked(text, tmp_path, capsys) == (0, [])
    case, again = load_case(tmp_path / "case.toml"), tmp_path / "again.toml"
    again.write_text(resolved_toml(case), "utf-8")
    assert load_case(again).mechanics == case.mechanics
    assert isinstance(case.mechanics.solids["lithium"].flow, Plastic)
    half = f'{{ value = "1 um"{SOURCED}"1 um", "1 um"] }}'
    text = text.replace("layers =", f"crack = {{ semi_axes = [{half}, {half}] }}\nlayers =")
    status, lines = checked(text, tmp_path, capsys)
    assert status == 2
    assert any(line.startswith("geometry.crack = ") and "flow in 3D" in line for line in lines)


def test_a_box_that_flows_is_not_pressed_by_an_indenter(tmp_path, capsys):
    text = BLOCK.replace('"cylinder"', '"box"').replace(
        'width = "10 um"', 'width = "10 um"\ndepth = "10 um"'
    )
    text = text.replace(
        'law = "displacement"\nnormal = "-10 nm"\nsticks = true',
        'law = "indenter"\nradius = "50 um"\ndepth = "10 nm"',
    )
    status, lines = checked(text, tmp_path, capsys)
    assert status == 2
    assert any(
        line.startswith("mechanics.faces.top.law = ") and "no indenter beside flow" in line
        for line in lines
    ), lines
