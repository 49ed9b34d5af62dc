"""Wrong tables of [effective]: one message each, at its key; right ones read back."""

import meshio
import numpy as np
import pytest

from meshes.file import read_mesh
from meshes.geometry import MeshFile
from meshes.mesh import MeshError
from solver.case import load_case
from solver.resolved import resolved_toml
from tests.unit.case_checking import checked

GOOD = """title = "Particles in a polymer"
[geometry]
shape = "particles"
width = "1 um"
resolution = "0.05 um"
layers = [{ name = "polymer", thickness = "1 um" }]
name = "particles"
inside = "polymer"
volume_fraction = 0.2
arrangement = "cubic"
periodic = "all"
[regions.polymer]
law = "ionic_conductor"
conductivity = "0.1 mS/cm"
[regions.particles]
law = "insulator"
[mechanics.solids.polymer]
law = "isotropic"
youngs_modulus = "10 MPa"
poissons_ratio = 0.4
[mechanics.solids.particles]
law = "isotropic"
youngs_modulus = "50 GPa"
poissons_ratio = 0.2
[effective]
conductivity = true
stiffness = true
"""
# text of the good case, text instead, key that is named, words of the message
WRONG = [
    ('periodic = "all"', 'periodic = "sides"', "geometry.periodic", '"all" beside [effective]'),
    ("conductivity = true", "conduct = true", "effective.conduct", "nearest: conductivity"),
    ("conductivity = true", "conductivity = 1", "effective.conductivity", "true or false"),
    (
        "conductivity = true\nstiffness = true", "conductivity = false", "effective",
        "stiffness = true",
    ),
    ("conductivity = true\n", "", "effective.conductivity", "as there are [regions]"),
    ("stiffness = true\n", "", "effective.stiffness", "as there is [mechanics]"),
    (
        "conductivity = true\nstiffness = true", "stiffness = true\nthree_point = true",
        "effective.three_point", "conductivity = true beside it",
    ),
    (
        "stiffness = true\n", "uniform_tractions = true\n", "effective.uniform_tractions",
        "stiffness = true beside it",
    ),
    ("stiffness = true", "three_points = true", "effective.three_points", "nearest: three_point"),
    ("[effective]", '[effective]\nthree_point = "yes"', "effective.three_point", "true or false"),
    ("[regions.particles]", "[regions.particle]", "regions.particle", "nearest: particles"),
    ('"ionic_conductor"\nconductivity = "0.1 mS/cm"', '"insulator"', "regions", "at least one"),
    ("[mechanics.solids.particles]", "[mechanics.solids.part]", "mechanics.solids.part", "one of"),
    (
        'poissons_ratio = 0.2', 'poissons_ratio = 0.2\ndeflections = "large"',
        "mechanics.solids.particles.deflections", "small",
    ),
    (
        "[effective]", '[boundaries.top]\nlaw = "electrode"\npotential = "0 V"\n[effective]',
        "boundaries", "no such table beside [effective]",
    ),
    ("[effective]", '[load]\nstretch = "1 %"\n[effective]', "load", "no such table"),
    (
        "[effective]", '[mechanics.faces]\ntop = { law = "free" }\n[effective]', "mechanics.faces",
        "no such key",
    ),
    ("[effective]", "[numerics]\nelement_order = 4\n[effective]", "numerics.element_order", "3"),
    (
        "[effective]", '[numerics]\nelement_order = "3"\n[effective]', "numerics.element_order",
        "a whole number",
    ),
    (
        "[effective]", "[numerics]\nelement_order = true\n[effective]", "numerics.element_order",
        "a whole number",
    ),
    (
        "[effective]", "[numerics]\nelement_orders = 3\n[effective]", "numerics.element_orders",
        "nearest: element_order",
    ),
    ("[mechanics.solids.polymer]", '[mechanics]\nempty = ["particle"]\n[mechanics.solids.polymer]',
     "mechanics.empty[0]", "a region without a solid"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "key", "words"), WRONG)
def test_a_wrong_value_is_told_at_its_key(tmp_path, capsys, old, new, key, words):
    assert old in GOOD
    status, said = checked(GOOD.replace(old, new, 1), tmp_path, capsys)
    assert status == 2
    told = [line for line in said if line.startswith(f"{key} ") or line.startswith(f"{key}:")]
    assert told and any(words in line for line in told), said


def test_the_good_case_is_good_and_reads_back(tmp_path, capsys):
    status, said = checked(GOOD, tmp_path, capsys)
    assert (status, said) == (0, [])
    case = load_case(tmp_path / "case.toml")
    again = tmp_path / "again.toml"
    again.write_text(resolved_toml(case), "utf-8")
    read = load_case(again)
    assert read.effective == case.effective
    assert resolved_toml(read) == resolved_toml(case)


def test_what_is_asked_beside_reads_back(tmp_path, capsys):
    text = GOOD + "three_point = true\nuniform_tractions = true\n"
    assert checked(text, tmp_path, capsys) == (0, [])
    case = load_case(tmp_path / "case.toml")
    assert case.effective.three_point and case.effective.uniform_tractions
    again = tmp_path / "again.toml"
    again.write_text(resolved_toml(case), "utf-8")
    assert load_case(again).effective == case.effective


def test_the_order_of_elements_reads_back_and_is_that_of_periodic_cells_alone(tmp_path, capsys):
    order = "[numerics]\nelement_order = 3\n"
    assert checked(GOOD + order, tmp_path, capsys) == (0, [])
    case = load_case(tmp_path / "case.toml")
    assert case.numerics.element_order == 3
    again = tmp_path / "again.toml"
    again.write_text(resolved_toml(case), "utf-8")
    assert load_case(again).numerics == case.numerics
    text = """title = "x"
[geometry]
shape = "strip"
width = "1 um"
above = [{ name = "electrolyte", thickness = "1 um" }]
[regions.electrolyte]
law = "ionic_conductor"
conductivity = "1 mS/cm"
[boundaries.top]
law = "electrode"
potential = "1 V"
[boundaries.bottom]
law = "electrode"
potential = "0 V"
"""
    assert checked(text, tmp_path, capsys) == (0, [])
    assert checked(text + order.replace("3", "2"), tmp_path, capsys) == (0, [])
    status, said = checked(text + order, tmp_path, capsys)
    assert status == 2 and len(said) == 1, said
    assert said[0].startswith("numerics.element_order") and "[effective]" in said[0]


def test_a_stack_has_no_effective_properties(tmp_path, capsys):
    text = """title = "x"
[geometry]
shape = "strip"
width = "1 um"
above = [{ name = "electrolyte", thickness = "1 um" }]
[regions.electrolyte]
law = "ionic_conductor"
conductivity = "1 mS/cm"
[effective]
conductivity = true
"""
    status, said = checked(text, tmp_path, capsys)
    assert status == 2
    assert len(said) == 1 and said[0].startswith("geometry.shape") and "mesh file" in said[0]


def square(moved=0.0, count=3):
    """A square of triangles, with a node on its right side out of place."""
    line = np.linspace(0.0, 2.0, count)
    points = np.array([[x, y, 0.0] for x in line for y in line])
    points[-2, 1] += moved
    corner = [(i * count + j) for i in range(count - 1) for j in range(count - 1)]
    cells = [[c, c + count, c + count + 1] for c in corner]
    cells += [[c, c + count + 1, c + 1] for c in corner]
    return points, np.array(cells)


def written(tmp_path, moved):
    points, cells = square(moved)
    path = tmp_path / "cell.vtu"
    tags = np.zeros(len(cells), dtype=np.int64)
    meshio.Mesh(points, [("triangle", cells)], cell_data={"matrix": [tags]}).write(path)
    return MeshFile(str(path), "plane", 1.0, 1.0, None, ("x", "y"))


def test_periods_are_those_of_the_sides(tmp_path):
    assert read_mesh(written(tmp_path, 0.0)).periods == (2.0, 2.0)


def test_sides_that_differ_are_told(tmp_path):
    with pytest.raises(MeshError, match=r"not periodic along x: the node at \(0, 1, 0\)"):
        read_mesh(written(tmp_path, 0.1))
