"""Cracks in a plane of symmetry whose faces touch: where, how hard, what is not said of them."""

import numpy as np
import pytest
from mpi4py import MPI

from solver.case import load_case
from solver.simulate import simulate

CASE = """
title = "Crack with faces that touch"
[geometry]
shape = "block"
width = "6 um"
layers = [{{ name = "lower", thickness = "1 um" }}, {{ name = "upper", thickness = "1 um" }}]
crack = {{ face = "left", start = "{start} um", end = "{end} um" }}
[mechanics.solids.lower]
law = "isotropic"
youngs_modulus = "10 GPa"
poissons_ratio = 0.3
fracture_energy = "1 mJ/m^2"
[mechanics.solids.upper]
law = "isotropic"
youngs_modulus = "10 GPa"
poissons_ratio = 0.3
misfit_strain = {misfit}
[mechanics.faces.right]
law = "traction"
pressure = "{pressure} MPa"
[mechanics.faces.crack]
law = "contact"
[numerics]
accuracy = "1 %"
refinement = "none"
[output]
pictures = false
"""
BENT = {"start": 0.05, "end": 0.6, "misfit": 0.001, "pressure": 0}


def solved(folder, **given):
    path = folder / "case.toml"
    path.write_text(CASE.format(**given), encoding="utf-8")
    solution = simulate(load_case(path), MPI.COMM_WORLD, lambda _: None)
    return solution.mechanical, {q.name: q.value for q in solution.quantities}


def test_faces_that_are_apart_do_not_press(tmp_path):
    # the upper layer bends the lower one: at 0.3 to 0.9 um it is pulled, the crack open all along
    _, told = solved(tmp_path, **(BENT | {"start": 0.3, "end": 0.9}))
    assert told["crack_opening"] > 1e-4
    for name in ("contact_force", "closed_length", "peak_contact_pressure"):
        assert told[f"{name}.crack"] == 0.0
    assert told["stress_intensity_by_interaction"] == pytest.approx(
        told["stress_intensity"], rel=1e-3
    )


def test_a_crack_pressed_shut_passes_the_pressure_on_by_its_nodes(tmp_path):
    # 10 MPa on 0.3 um: 3 N/m; nothing at its tip, and no integral that would not know the pressure
    given = {"start": 0.3, "end": 0.6, "misfit": 0.0, "pressure": 10}
    _, told = solved(tmp_path, **given)
    assert told["peak_contact_pressure.crack"] == pytest.approx(10.0, rel=1e-5)
    assert told["contact_force.crack"] == pytest.approx(3.0, rel=1e-5)
    assert told["closed_length.crack"] == pytest.approx(0.3, rel=1e-5)
    assert "stress_intensity_by_interaction" not in told
    assert "contact_reach.crack" not in told  # it would count from the axis
    assert 0.0 <= told["crack_overlap"] < 1e-6 * 0.3


def test_a_round_crack_pressed_shut_is_closed_to_its_axis(tmp_path):
    # the node on the axis bears no force, for it has no area: it is closed all the same
    text = CASE.format(start=0, end=1, misfit=0.0, pressure=0).replace('"block"', '"cylinder"')
    text = text.replace('face = "left"', 'face = "bottom"').replace(
        'width = "6 um"', 'width = "2 um"'
    )
    text = text.replace("faces.right", "faces.top").replace('"0 MPa"', '"10 MPa"')
    path = tmp_path / "case.toml"
    path.write_text(text, encoding="utf-8")
    told = {q.name: q.value for q in simulate(load_case(path), MPI.COMM_WORLD, print).quantities}
    assert told["closed_length.crack"] == pytest.approx(1.0, rel=1e-4)
    assert told["peak_contact_pressure.crack"] == pytest.approx(10.0, rel=1e-4)
    assert 0.0 <= told["crack_overlap"] < 1e-6


def test_a_crack_partly_open_is_closed_where_it_has_no_gap(tmp_path):
    # stresses of some MPa: E times the misfit is 10 MPa
    found, told = solved(tmp_path, **BENT)
    assert 0.0 < told["peak_contact_pressure.crack"] < 10.0
    assert 0.0 <= told["crack_overlap"] < 1e-6 * told["crack_opening"]
    domain, u = found.domain, found.state.displacement
    x = u.function_space.tabulate_dof_coordinates()[:, :2]
    height = x[:, 1] - domain.mesh.geometry.x[:, 1].min()
    on = (x[:, 0] == 0.0) & (height >= 0.05 - 1e-9) & (height <= 0.6 + 1e-9)
    gap = u.x.array[::2][on]
    first_open = height[on][gap > 1e-9 * gap.max()].min()
    last_touched = height[on][(gap <= 1e-9 * gap.max()) & (height[on] < 0.5)].max()
    assert 0.1 < last_touched - 0.05 < first_open - 0.05 < 0.4
    assert last_touched - 0.05 < told["closed_length.crack"] < first_open - 0.05
    assert gap.min() >= -1e-12 * np.abs(gap).max()
    assert "stress_intensity_by_interaction" not in told
    # and the force is at most that pressure over that length
    most = told["peak_contact_pressure.crack"] * told["closed_length.crack"]
    assert 0.3 * most < told["contact_force.crack"] < most
