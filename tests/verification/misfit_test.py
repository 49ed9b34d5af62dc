"""Misfits with three principal values: through the plane, along it, turned."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from dolfinx import fem
from mpi4py import MPI

from solver import hooke
from solver.case import load_case
from solver.mechanics_model import solid_law
from solver.mechanics_schema import Symmetry
from solver.simulate import simulate
from tests.verification.box_test import BOX, GIVEN, solved

CASE = Path(__file__).parents[2] / "cases" / "verification" / "mechanics" / "misfit_through.toml"
E, NU = 10e3, 0.3  # MPa, of BOX


def quantities(case):
    found = simulate(case, MPI.COMM_SELF, lambda _: None)
    return found.mechanical, {q.name: q.value for q in found.quantities}


def with_film(case, **changes):
    film = replace(case.mechanics.solids["film"], **changes)
    solids = {**case.mechanics.solids, "film": film}
    return replace(case, mechanics=replace(case.mechanics, solids=solids), references=())


def uniaxial(solid):
    """Modulus under uniaxial strain, MPa."""
    modulus, nu = solid.elastic.youngs_modulus, solid.elastic.poissons_ratio
    return modulus * (1 - nu) / ((1 + nu) * (1 - 2 * nu))


def lift(case):
    """H/(1 + k sum h/M) with the misfit along the axes of the body."""
    compliance, rise = 0.0, 0.0
    for layer in case.geometry.layers:
        solid = case.mechanics.solids[layer.name]
        nu = solid.elastic.poissons_ratio
        compliance += layer.thickness / uniaxial(solid)
        along, through, across = solid.misfit_strains or (0.0, 0.0, 0.0)
        c, s = math.cos(solid.misfit_angle) ** 2, math.sin(solid.misfit_angle) ** 2
        along, through = c * along + s * through, s * along + c * through
        rise += layer.thickness * (through + nu / (1 - nu) * (along + across))
    return rise / (1.0 + case.mechanics.faces["top"].stiffness * compliance)


def test_a_misfit_through_the_plane_lifts_a_plate():
    case = load_case(CASE)
    for one in (case, *case.variants.values()):
        wanted = lift(one)
        found = quantities(one)[1]["plate_displacement.top"]
        assert found == pytest.approx(wanted, rel=1e-9)
        (reference,) = (r for r in one.references if r.quantity == "plate_displacement.top")
        assert reference.value == pytest.approx(wanted, rel=1e-8)


def test_an_unknown_pressure_changes_nothing():
    # below a rigid lid, by hand: the layer above is pressed together by H c/S
    case = with_film(load_case(CASE), mixed=True)
    faces = {**case.mechanics.faces, "top": Symmetry()}
    found = quantities(replace(case, mechanics=replace(case.mechanics, faces=faces)))[0]
    assert found.flowed is not None
    rise = 4e-3 + 0.25 * 3e-3
    parts = [uniaxial(case.mechanics.solids[layer.name]) for layer in case.geometry.layers]
    compliances = [
        layer.thickness / m for layer, m in zip(case.geometry.layers, parts, strict=True)
    ]
    u = found.state.displacement
    at = np.abs(u.function_space.tabulate_dof_coordinates()[:, 1] - 5.0) < 1e-9
    moved = rise * compliances[2] / sum(compliances)
    assert u.x.array.reshape(-1, 2)[at, 1] == pytest.approx(moved, rel=1e-7)


def test_three_equal_ones_are_the_one():
    case = load_case(CASE)
    one = quantities(with_film(case, misfit_strains=(), misfit_strain=3e-3))[1]
    three = quantities(with_film(case, misfit_strains=(1e-3,) * 3, misfit_strain=2e-3))[1]
    assert one["stack_pressure.top"] == pytest.approx(three["stack_pressure.top"], rel=1e-12)


def test_a_turned_misfit_of_a_free_body_leaves_no_stress():
    # eps = R(30 deg) diag(4e-3, 1e-3) R^T: 3.25e-3, 1.75e-3, gamma = 2 x 1.2990381e-3
    case = load_case(CASE)
    solid = replace(
        case.mechanics.solids["film"],
        misfit_strains=(4e-3, 1e-3, 0.0),
        misfit_angle=math.radians(30.0),
    )
    solids = dict.fromkeys(case.mechanics.solids, solid)
    free = replace(case.mechanics, solids=solids, faces={})
    found, numbers = quantities(replace(case, mechanics=free, references=()))
    body, u = found.body, found.state.displacement
    assert numbers["largest_equivalent_stress"] < 1e-6  # of 100 GPa
    space = fem.functionspace(body.domain.mesh, ("DG", 0, (6,)))
    strain = fem.Function(space)
    strain.interpolate(fem.Expression(body.strain(u), space.element.interpolation_points()))
    wanted = [3.25e-3, 1.75e-3, 0.0, 0.0, 0.0, 2 * 1.2990381057e-3]
    assert np.abs(strain.x.array.reshape(-1, 6) - wanted).max() < 1e-11


def test_a_turned_strain_is_that_of_the_tensor():
    strain = hooke.turned_strain((1.0, 3.0, 5.0), 0.4)
    c, s = math.cos(0.4), math.sin(0.4)
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    tensor = turn @ np.diag([1.0, 3.0, 5.0]) @ turn.T
    assert strain[:3] == pytest.approx(np.diag(tensor))
    assert strain[5] == pytest.approx(2.0 * tensor[0, 1])
    assert not strain[3:5].any()


def test_warmth_and_stretch_come_on_top():
    case = load_case(CASE)
    region = replace(case.mechanics.solids["film"], thermal_expansion=1e-5)
    mechanics = replace(case.mechanics, temperature_change=100.0, stretch=5e-3)
    found = solid_law(region, mechanics, plane=True).eigenstrain
    assert found == pytest.approx([2e-3, 5e-3, -2e-3, 0.0, 0.0, 0.0])


def test_a_layer_in_3d_grows_through_its_plane(tmp_path):
    # z is the normal: e_z leaves no stress; e_x, e_y: s_x = -E (e_x + nu e_y)/(1 - nu^2) each
    walls = (
        '[mechanics.faces.right]\nlaw = "symmetry"\n\n[mechanics.faces.back]\nlaw = "symmetry"\n'
    )
    more = ", ".join(f'{{ value = "{e} %", {GIVEN} }}' for e in (0.1, 0.3, 2.0))
    found = solved(BOX.replace("MORE", f"misfit_strains = [{more}]\n") + walls, tmp_path)
    one = -E * (1e-3 + NU * 3e-3) / (1.0 - NU**2)
    other = -E * (3e-3 + NU * 1e-3) / (1.0 - NU**2)
    assert found["mean_stress.upper"].value == pytest.approx((one + other) / 3.0, rel=1e-6)
    assert found["mean_pressure.right"].value == pytest.approx(-one / 3.0, rel=1e-6)
    assert found["mean_pressure.back"].value == pytest.approx(-other / 3.0, rel=1e-6)
