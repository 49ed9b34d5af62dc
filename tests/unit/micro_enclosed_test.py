"""What insulators enclose: it carries no current, a run goes on without it and says so."""

import json
from dataclasses import replace

import numpy as np
import pytest

from meshes.build import gmsh_model
from meshes.layers import Layer
from meshes.mesh import MeshError
from meshes.micro import Body, Coat, Particles
from solver.__main__ import main
from tests.unit.micro_example import built

BODY = Body(1.0, 0.0, (Layer("matrix", 1.0),), 0.04, "sides", 1)
COATED = Particles(BODY, "core", "matrix", 0.2, "cubic", shell=Coat("shell", 0.1))
CASE = """title = "Insulating shells round conductors"
[geometry]
shape = "particles"
width = "1 um"
layers = [{ name = "matrix", thickness = "1 um" }]
inside = "matrix"
name = "core"
arrangement = "cubic"
volume_fraction = 0.2
shell = { name = "shell", thickness = "0.1 um" }
resolution = "0.04 um"
periodic = "sides"
[regions.matrix]
law = "ionic_conductor"
conductivity = "1 mS/cm"
[regions.shell]
law = "insulator"
[regions.core]
law = "ionic_conductor"
conductivity = "10 mS/cm"
[interfaces."core|matrix"]
law = "resistive"
area_specific_resistance = "1 ohm cm^2"
[boundaries.bottom]
law = "electrode"
potential = "0 V"
[boundaries.top]
law = "electrode"
potential = "1 V"
[numerics]
refinement = "none"
accuracy = "10 %"
[output]
pictures = false
"""


def test_cores_in_insulating_shells_are_left_out(tmp_path):
    mesh = built(COATED, tmp_path, ("shell",))
    assert list(mesh.regions) == ["matrix"] and mesh.joined
    assert "all of core lies in what is left out: it carries nothing" in mesh.method
    assert [part.name for part in mesh.parts] == ["core", "shell", "matrix"]
    assert mesh.parts[0].fraction == pytest.approx(0.2, rel=0.02)
    # with the shell in it every region is there
    assert list(built(COATED, tmp_path).regions) == ["core", "shell", "matrix"]


def resistance(folder, text):
    path, out = folder / "case.toml", folder / "out"
    path.write_text(text, "utf-8")
    assert main(["run", str(path), "--out", str(out)]) == 0
    found = json.loads((out / "results.json").read_text("utf-8"))["quantities"]
    return next(q for q in found if q["name"] == "area_specific_resistance")


def test_a_run_goes_on_as_if_they_were_insulators(tmp_path, capsys):
    found = resistance(tmp_path, CASE)
    assert "all of core lies in what is left out" in capsys.readouterr().out
    core = CASE[CASE.index("[regions.core]") : CASE.index("[interfaces")]
    insulator = CASE.replace(core, '[regions.core]\nlaw = "insulator"\n')
    insulator = insulator.replace(
        insulator[insulator.index("[inter") : insulator.index("[bou")], ""
    )
    other = resistance(tmp_path, insulator)
    assert {k: found[k] for k in ("value", "lower", "upper")} == pytest.approx(
        {k: other[k] for k in ("value", "lower", "upper")}, rel=1e-12
    )
    # 1 um of 1 mS/cm without any disc: 0.1 ohm cm^2
    assert found["lower"] > 0.1


def test_only_apart_conductors_have_no_path(tmp_path):
    apart = Particles(BODY, "core", "matrix", 0.2, "cubic")
    with pytest.raises(MeshError, match="no path from bottom to top: core lies in pieces") as said:
        built(apart, tmp_path, ("matrix",))
    assert "Gmsh" not in str(said.value) and "as matrix is left out" in str(said.value)


def test_halves_that_an_insulator_parts_have_no_path(tmp_path, capsys):
    pixels = np.zeros((9, 6), np.uint8)
    pixels[3:6] = 1
    np.save(tmp_path / "halves.npy", pixels)
    laws = CASE[CASE.index("[regions.matrix]") : CASE.index("[regions.shell]")]
    laws += '[regions.gap]\nlaw = "insulator"\n' + CASE[CASE.index("[boundaries.bottom]") :]
    values = 'pixel = "0.1 um"\nvalues = { 0 = "matrix", 1 = "gap" }\n'
    head = 'title = "Halves"\n[geometry]\nshape = "image"\nfile = "halves.npy"\n'
    path = tmp_path / "case.toml"
    path.write_text(head + values + laws, "utf-8")
    assert main(["run", str(path), "--out", str(tmp_path / "out")]) == 1
    said = capsys.readouterr().err
    assert "no path from bottom to top through conductors" in said and "balance" not in said
    # one pixel of a bridge is a path
    pixels[3:6, 2] = 0
    np.save(tmp_path / "halves.npy", pixels)
    path.write_text(head + values + laws.replace("10 %", "50 %"), "utf-8")
    assert main(["run", str(path), "--out", str(tmp_path / "out")]) == 0


def test_halves_of_a_mesh_are_not_joined(tmp_path):
    layers = (Layer("low", 0.4), Layer("gap", 0.2), Layer("high", 0.4))
    body = replace(BODY, layers=layers, resolution=0.1)
    dust = Particles(body, "dust", "low", 0.1, "cubic")
    assert not built(dust, tmp_path, ("gap",)).joined
    assert built(dust, tmp_path).joined


def test_gmsh_is_named_where_it_failed():
    with pytest.raises(MeshError, match="Gmsh failed: loop"), gmsh_model():
        raise Exception("loop")
    with pytest.raises(MeshError) as said, gmsh_model():
        np.zeros(0).max()
    assert "Gmsh" not in str(said.value) and "ValueError" in str(said.value)
