"""Wrong stress of microstructures: one clear message each."""

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from meshes import fitting
from meshes.layers import Layer
from meshes.micro import Body, Fibres
from meshes.structure import build_structure
from solver.case import load_case
from solver.resolved import resolved_toml
from tests.unit.case_checking import checked

GOOD = """
title = "A film on fibres"
question = "Does it hold?"

[geometry]
shape = "fibres"
width = "4 um"
depth = "4 um"
layers = [{ name = "lithium", thickness = "10 um" }, { name = "film", thickness = "0.5 um" }]
resolution = "0.5 um"
periodic = "none"
name = "fibres"
inside = "lithium"
volume_fraction = 0.2
diameter = "1 um"
length = "10 um"
stripped = "1 mAh/cm^2"
emptied = "pores"

[mechanics]
empty = ["pores"]

[mechanics.cut]
face = "left"
layer = "film"

[mechanics.solids.lithium]
law = "isotropic"
youngs_modulus = "7.8 GPa"
poissons_ratio = 0.38

[mechanics.solids.fibres]
law = "isotropic"
youngs_modulus = "100 GPa"
poissons_ratio = 0.2

[mechanics.solids.film]
law = "isotropic"
youngs_modulus = "77 GPa"
poissons_ratio = 0.25
fracture_energy = "4 J/m^2"

[mechanics.faces]
left.law = "symmetry"
bottom.law = "clamped"
top.law = "traction"
top.pressure = "1 MPa"
"""
WRONG = [
    ('periodic = "none"', 'periodic = "sides"', 'geometry.periodic = "sides": expected "none" be'),
    ('depth = "4 um"\n', "", "mechanics = a table: expected geometry.depth beside it"),
    ('empty = ["pores"]', 'empty = ["pore"]', "nearest: pores"),
    ('empty = ["pores"]', 'empty = ["pores", "film"]', "expected a region without a solid: pores"),
    ('empty = ["pores"]', "", "mechanics.solids.pores: expected a law: isotropic, cubic or ortho"),
    ("solids.film]", "solids.flim]", "nearest: film"),
    ('face = "left"\nlayer = "film"', 'face = "right"\nlayer = "film"', 'a side with law = "symm'),
    ('layer = "film"', 'layer = "fibres"', "mechanics.cut.layer"),
    ('top.law = "traction"', 'top.law = "indenter"', "mechanics.faces.top"),
    ("[mechanics]\n", '[mechanics]\nplane = "strain"\n', "no such key in 3D"),
    ("fracture_energy", 'deflections = "large"\nfracture_energy', '"large"'),
    ('top.law = "traction"\ntop.pressure = "1 MPa"', "", "a load: a traction, a displacement"),
    ('top.pressure = "1 MPa"', 'top.pressure = "1 MPa"\npores_surface.law = "clamped"', "not flat"),
]


def test_a_right_one_reads_back_equal(tmp_path, capsys):
    assert checked(GOOD, tmp_path, capsys) == (0, [])
    case = load_case(tmp_path / "case.toml")
    again = tmp_path / "again.toml"
    again.write_text(resolved_toml(case), "utf-8")
    assert load_case(again).mechanics == case.mechanics


def test_nothing_stripped_is_a_case_as_well(tmp_path, capsys):
    text = GOOD.replace('"1 mAh/cm^2"', '"0 mAh/cm^2"')
    assert checked(text, tmp_path, capsys) == (0, [])
    case = load_case(tmp_path / "case.toml")
    again = tmp_path / "again.toml"
    again.write_text(resolved_toml(case), "utf-8")
    assert load_case(again).geometry == case.geometry


@pytest.mark.parametrize(("old", "new", "said"), WRONG)
def test_a_wrong_one_is_told(old, new, said, tmp_path, capsys):
    assert old in GOOD
    status, lines = checked(GOOD.replace(old, new), tmp_path, capsys)
    assert status == 2
    assert any(said in line for line in lines), lines


def test_cuts_are_for_microstructures(tmp_path, capsys):
    text = GOOD[GOOD.index("[mechanics]") :].replace("fibres]", "other]")
    head = GOOD[: GOOD.index("shape")] + 'shape = "block"\nwidth = "4 um"\n'
    layers = 'layers = [{ name = "lithium", thickness = "1 um" }]\n'
    _, lines = checked(head + layers + text, tmp_path, capsys)
    assert any("mechanics.cut" in line and "only for a microstructure" in line for line in lines)
    assert any("mechanics.empty" in line for line in lines)


def test_pieces_that_hang_in_the_void_are_left_out():
    # Short fibres, emptied pores: some touch nothing that reaches the bottom. What is left is one
    # piece by facets, so its stiffness has no motion for nothing.
    layers = (Layer("lithium", 10.0), Layer("film", 0.5))
    body = Body(4.0, 4.0, layers, 0.5, "none", 3)
    fibres = Fibres(
        body, "fibres", "lithium", 0.15, 1.0, 0.0, 5.0, (0, 0, 1), 0.0, "any", 3.6e4, "pores"
    )
    whole = build_structure(fibres, ())
    assert "islands" not in whole.method
    built = build_structure(fibres, ("pores", "film"))
    assert "islands of" in built.method
    cells = np.concatenate(list(built.mesh.regions.values()))
    facets = np.sort(np.concatenate([np.delete(cells, i, axis=1) for i in range(4)]), axis=1)
    owner = np.tile(np.arange(len(cells)), 4)
    order = np.lexsort(facets.T)
    same = (np.diff(facets[order], axis=0) == 0).all(axis=1)
    one, other = owner[order][:-1][same], owner[order][1:][same]
    graph = coo_array((np.ones(len(one)), (one, other)), shape=(len(cells),) * 2)
    count, label = connected_components(graph, directed=False)
    reach = [built.mesh.points[cells[label == i]][:, :, 2].min() for i in range(count)]
    assert max(reach) == pytest.approx(0.0, abs=1e-12)


def test_fibres_that_the_lattice_loses_are_told(monkeypatch):
    # one cell across a fibre: the mesh has gaps in it where cells are not labelled anew
    monkeypatch.setattr(fitting, "ENOUGH", 1.0)
    layers = (Layer("lithium", 50.0), Layer("film", 0.5))
    body = Body(4.0, 4.0, layers, 0.5, "none", 0)
    fibres = Fibres(body, "fibres", "lithium", 0.1, 0.5, 0.0, 20.0, (0, 0, 1), 0.0, "yes")
    built = build_structure(fibres, ())
    part = next(part for part in built.parts if part.name == "fibres")
    assert not part.percolates
    assert "other than asked for (fibres does not reach through" in built.method
