"""Stress in microstructures: uniform fields, a crack as in a plane section, any number of ranks."""

import pytest
from mpi4py import MPI

from solver.case import load_case
from solver.simulate import simulate

E, NU, STRAIN = 10e3, 0.3, 1e-3  # MPa
SOLID = """
[mechanics.solids.{name}]
law = "isotropic"
youngs_modulus = "{modulus} GPa"
poissons_ratio = 0.3
"""
CELL = """
[geometry]
shape = "particles"
width = "2 um"
depth = "{depth} um"
layers = [{{ name = "lithium", thickness = "2 um" }}, {{ name = "film", thickness = "0.5 um" }}]
resolution = "{size} um"
periodic = "none"
name = "ball"
inside = "lithium"
arrangement = "cubic"
volume_fraction = {fraction}

[mechanics.faces.left]
law = "symmetry"

[mechanics.faces.front]
law = "symmetry"

[mechanics.faces.bottom]
law = "symmetry"

[output]
pictures = false
"""


def solid(name, modulus):
    return SOLID.format(name=name, modulus=modulus)


def numbers(text, tmp_path, comm=MPI.COMM_SELF):
    path = tmp_path / f"case{MPI.COMM_WORLD.rank}.toml"
    path.write_text('title = "t"\nquestion = "q"\n' + text, "utf-8")
    solution = simulate(load_case(path), comm, lambda line: None)
    return {q.name: q for q in solution.quantities}


def test_what_is_all_of_one_solid_is_stretched_uniformly(tmp_path):
    # equal stretch along x and y, top free: sigma = E e/(1 - nu) = 14.2857 MPa everywhere
    text = CELL.format(depth=2, size=0.4, fraction=0.1)
    text += "".join(solid(name, 10) for name in ("lithium", "film", "ball"))
    text += f"[load]\nstretch = {STRAIN}\n[numerics]\nrefinement = 'none'\n"
    found = numbers(text, tmp_path)
    stress = E * STRAIN / (1 - NU)
    for name in ("lithium", "film", "ball"):
        assert found[f"tension_50.{name}"].value == pytest.approx(stress, rel=1e-6)
        assert found[f"tension_99.{name}"].value == pytest.approx(stress, rel=1e-6)
        assert found[f"mean_stress.{name}"].value == pytest.approx(2 / 3 * stress, rel=1e-6)
    assert found["mean_pressure.right"].value == pytest.approx(-stress, rel=1e-6)
    assert found["displacement.right"].value == pytest.approx(2 * STRAIN, rel=1e-9)
    assert found["force_balance"].value < 1e-10


PLANE = """
[geometry]
shape = "block"
width = "2 um"
layers = [{ name = "lithium", thickness = "2 um" }, { name = "film", thickness = "0.5 um" }]
crack = { face = "left", start = "2 um" }

[mechanics.faces.bottom]
law = "symmetry"

[output]
pictures = false
[numerics]
accuracy = "0.5 %"
"""


def test_a_crack_through_a_film_releases_what_it_does_in_a_plane_section(tmp_path):
    # The ball is of the same solid as what is around it, so nothing changes along the crack: the
    # mean of G is that of the steady state in the section, which another program part finds.
    solids = solid("lithium", 5) + solid("film", 10)
    load = f"[load]\nstretch = {STRAIN}\n"
    plane = numbers(PLANE + solids + load, tmp_path)["steady_state_energy_release_rate"].value
    text = CELL.format(depth=0.8, size=0.2, fraction=0.05) + solids + solid("ball", 5) + load
    text += '[mechanics.cut]\nface = "left"\nlayer = "film"\n[numerics]\naccuracy = "50 %"\n'
    tough = '[mechanics.solids.film]\nfracture_energy = "1 J/m^2"'
    found = numbers(text.replace("[mechanics.solids.film]", tough), tmp_path)
    rate = found["mean_energy_release_rate"]
    assert rate.lower < plane < rate.upper
    assert rate.value == pytest.approx(plane, rel=0.15)
    # the stress that it releases is that of the film without a crack: E e/(1 - nu)
    assert found["film_stress"].value == pytest.approx(E * STRAIN / (1 - NU), rel=1e-6)
    assert found["crack_overlap"].value == 0.0
    assert found["verdict"].value == "stable"
    assert found["margin"].value == pytest.approx(1.0 / rate.value, rel=1e-9)


VOID = """
[geometry]
shape = "particles"
width = "1 um"
depth = "1 um"
layers = [{ name = "solid", thickness = "1 um" }]
resolution = "0.125 um"
periodic = "none"
name = "void"
inside = "solid"
arrangement = "cubic"
volume_fraction = 0.2

[mechanics]
empty = ["void"]

[mechanics.faces]
left.law = "symmetry"
front.law = "symmetry"
bottom.law = "symmetry"
right.law = "plate"
back.law = "plate"
top.law = "displacement"
top.normal = "-1 nm"

[numerics]
refinement = "none"
[output]
pictures = false
"""


@pytest.mark.parallel
def test_a_void_softens_on_any_number_of_ranks(tmp_path):
    # sides are rigid plates without force: the modulus of a simple cubic array of voids along an
    # axis; below that of the solid share alone, above the one of loose spheres
    found = numbers(VOID + solid("solid", 10), tmp_path, MPI.COMM_WORLD)
    alone = numbers(VOID + solid("solid", 10), tmp_path)
    modulus = found["mean_pressure.top"].value / 1e-3
    assert 0.5 * E < modulus < 0.8 * E
    for name, one in alone.items():
        if name == "force_balance":
            assert found[name].value < 1e-10 and one.value < 1e-10
        else:
            assert found[name].value == pytest.approx(one.value, rel=1e-6, abs=1e-9), name


@pytest.mark.parallel
def test_forces_of_the_parts_of_a_cut_side_add_up_on_any_number_of_ranks(tmp_path):
    # Only the film is stressed, 100 MPa along both sides, and everything else is free of stress:
    # the part of the film in the cut side, 0.5 of 2.5 um, bears all of it, what is below nothing.
    text = CELL.format(depth=2, size=0.4, fraction=0.05) + solid("lithium", 5) + solid("ball", 5)
    text += solid("film", 10) + 'residual_stress = "100 MPa"\nfracture_energy = "9 J/m^2"\n'
    text += '[mechanics.faces]\nright.law = "symmetry"\nback.law = "symmetry"\n'
    text += '[mechanics.cut]\nface = "left"\nlayer = "film"\n[numerics]\nrefinement = "none"\n'
    found = numbers(text, tmp_path, MPI.COMM_WORLD)
    lower, cut, other = (found[f"mean_pressure.{n}"].value for n in ("left", "crack", "right"))
    assert lower == pytest.approx(0.0, abs=1e-10 * 100.0)
    assert cut == pytest.approx(-100.0, rel=1e-10)
    assert 2.0 * lower + 0.5 * cut == pytest.approx(2.5 * other, rel=1e-10)
    # stretched as well, and with a stiff ball in a soft solid, the stress is not uniform
    text = text.replace('right.law = "symmetry"\n', "").replace("5 GPa", "1 GPa", 1)
    text = text.replace("fraction = 0.05", "fraction = 0.1") + f"[load]\nstretch = {STRAIN}\n"
    found = numbers(text.replace('back.law = "symmetry"\n', ""), tmp_path, MPI.COMM_WORLD)
    lower, cut, other = (found[f"mean_pressure.{n}"].value for n in ("left", "crack", "right"))
    assert abs(lower) > 1.0
    assert 2.0 * lower + 0.5 * cut == pytest.approx(2.5 * other, rel=1e-10)
