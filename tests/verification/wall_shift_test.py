"""Lithium under pressure at the walls of a slit: E + V_Li p(s)/F - phi = rho i there."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from dolfinx import fem
from mpi4py import MPI

from meshes.geometry import Film
from meshes.layers import Layer
from solver import schema, transport
from solver.case import load_case
from solver.domain import facet_entities, facet_measure
from solver.model import ModelError
from solver.pressed_slit import overpotential_of, with_width
from solver.quantities import through
from solver.simulate import simulate
from tests.verification.helpers import UNIT, make_case, slit, stack

RHO, HEIGHT = 2.0e-6, 0.3  # V um^2/pA, um
FLAT = stack("strip", 1.0, (Layer("electrolyte", 2.5),))
PAPER = Path(__file__).parents[2] / "cases" / "pan2024_lipon_on_lib" / "cracked_lipon.toml"


def lithium(shift, resistance=RHO):
    return schema.Electrode(0.0, None, None, resistance, shift=shift)


@pytest.mark.parametrize("most", [1e-3, 1.0])
def test_the_current_into_a_flat_face_is_what_the_shift_leaves(most):
    # 3 um below the mouth at 2 mV/um: 6 mV, or at most 1; i = (U - g)/(rho + H/kappa)
    shift = schema.WallShift(3.0, 2e-3, most)
    shifted = min(most, 6e-3)
    ends = {"bottom": lithium(shift), "top": schema.Electrode(0.01, None, None, 0.0)}
    case = make_case(FLAT, None, ends)
    solution = simulate(case, MPI.COMM_SELF, str)
    found = {q.name: q for q in solution.quantities}
    density = (0.01 - shifted) / (RHO + 2.5 / UNIT)  # pA/um^2; 1 um of it, in A/m: 1e-6
    assert found["current.top"].value == pytest.approx(1e-6 * density, rel=1e-9)
    assert found["current.bottom"].value == pytest.approx(-1e-6 * density, rel=1e-9)
    power = density * (0.01 - shifted)  # pA V/um = 1e-6 W/m
    assert found["power"].value == pytest.approx(1e-6 * power, rel=1e-9)
    assert found["power"].lower <= 1e-6 * power * (1 + 1e-9)
    assert found["power"].upper >= 1e-6 * power * (1 - 1e-9)
    assert found["current_balance"].value < 1e-8


@pytest.mark.parametrize("most", [1.0, 0.4e-3])
def test_walls_of_a_slit_in_a_good_conductor(most):
    """phi is U everywhere: the current is the mean of (U - g)/rho over mouth and walls.

    int g over a wall of the height h: c h^2/2 at the slope c; capped from the depth m/c on at m,
    m h - m^2/(2 c).
    """
    slope, width, current = 2e-3, 0.4, 300.0  # V/um, um, pA/um
    shift = schema.WallShift(0.0, slope, most)
    ends = {
        "filling_surface": lithium(shift),
        "top": schema.Electrode(None, current, None, 0.0),
    }
    geometry = slit(width, film=Film(HEIGHT, "layer"), filling="electrolyte")
    good = schema.IonicConductor(1e5 * UNIT)
    regions = {"film": good, "electrolyte": good, "filling": schema.Equipotential()}
    case = make_case(geometry, regions, ends, accuracy=1e-2)
    found = {q.name: q for q in simulate(case, MPI.COMM_SELF, str).quantities}
    deep = min(HEIGHT, most / slope)
    once = slope * deep**2 / 2 + most * (HEIGHT - deep)
    twice = slope**2 * deep**3 / 3 + most**2 * (HEIGHT - deep)
    area = width + 2 * HEIGHT
    potential = (RHO * current + 2 * once) / area
    assert found["potential.top"].value == pytest.approx(potential, rel=3e-5)
    power = (potential**2 * area - 4 * potential * once + 2 * twice) / RHO
    assert found["power"].value == pytest.approx(1e-6 * power, rel=1e-4)
    # the conductor takes a hundred-thousandth for itself
    assert found["power"].lower < 1e-6 * power * (1 + 1e-4)
    assert found["power"].upper > 1e-6 * power * (1 - 1e-9)
    assert found["current.filling_surface"].value == pytest.approx(-1e-6 * current, rel=1e-8)
    assert found["current_balance"].value < 1e-8


def test_an_ideal_contact_has_no_shift():
    ends = {
        "bottom": lithium(schema.WallShift(3.0, 2e-3, 1.0), 0.0),
        "top": schema.Electrode(0.01, None, None, 0.0),
    }
    case = make_case(FLAT, None, ends)
    with pytest.raises(ModelError, match=r"boundaries\.bottom: .*ideal contact"):
        simulate(case, MPI.COMM_SELF, str)


@cache
def alone(overpotential):
    return currents(overpotential, MPI.COMM_SELF)


def currents(overpotential, comm):
    """Through the crack of the paper's film, 20 nm wide, without any stress."""
    case = load_case(PAPER).variants["lithium"]
    numerics = replace(case.numerics, refinement="none", accuracy=1.0)
    one = with_width(replace(case, numerics=numerics), 0.02, overpotential)
    return case, one, simulate(one, comm, str)


def test_what_pressure_does_to_the_potential_is_reciprocal():
    """U = R I + int g j/I dA, j the current density at the walls without any pressure.

    Both potentials are of one mesh and one symmetric matrix: to rounding, whatever the mesh.
    """
    _, plain, before = alone(0.0)
    _, pressed, after = alone(6.7e-3)
    law = pressed.boundaries["filling_surface"]
    assert law.shift == schema.WallShift(0.0, pytest.approx(5.4448e-3, rel=1e-4), 6.7e-3)
    certificate = before.certificate
    domain, potentials = certificate.domain, certificate.potentials
    unit, (phi,) = potentials.contact_currents["top"], potentials.parts
    total, sign = abs(unit), 1.0 if unit > 0.0 else -1.0
    held = float(potentials.applied[before.model.contacts[0].terminal])
    ds = facet_measure(domain, {0: facet_entities(domain, "filling_surface")})
    density = sign * (phi - held) / law.area_specific_resistance  # towards lithium
    weighed = transport.shift_along(law.shift, domain) * density / total
    added = fem.assemble_scalar(fem.form(weighed * ds(0)))
    current = plain.boundaries["top"].current_density * before.built.cell_area / 2  # of one half
    expected = current / total + added
    top = {q.name: q.value for q in after.quantities}["potential.top"]
    assert added > 1e-5
    assert top == pytest.approx(expected, abs=1e-6 * added)


def test_the_mouth_takes_what_does_not_enter_the_film():
    for overpotential in (0.0, 6.7e-3):
        case, one, solution = alone(overpotential)
        step = overpotential_of(case, one, 0.02, solution.quantities, solution.certificate)
        certificate = solution.certificate
        film = abs(through(certificate.domain, certificate, "film|electrolyte"))
        share = 1.0 - film / abs(certificate.flux.contact_currents["top"])
        law = one.boundaries["filling_surface"]
        # 0.5 mA/cm2 on 10 um through 20 nm of 1 ohm cm2
        assert step == pytest.approx(0.5e-3 * share * 10.0 / 0.02, rel=1e-6)
        assert law.area_specific_resistance == pytest.approx(1e-4, rel=1e-9)


@pytest.mark.parallel
def test_pressed_walls_are_the_same_on_any_number_of_ranks():
    one, together = (
        {q.name: q.value for q in currents(6.7e-3, comm)[2].quantities}
        for comm in (MPI.COMM_SELF, MPI.COMM_WORLD)
    )
    for name in ("potential.top", "power", "current.filling_surface"):
        assert together[name] == pytest.approx(one[name], rel=1e-8), name


def test_without_yield_stress_or_width_there_is_no_shift():
    case = load_case(PAPER).variants["lithium"]
    assert with_width(case, 0.02, 0.0).boundaries["filling_surface"].shift is None
    assert with_width(case, 0.02, -1e-3).boundaries["filling_surface"].shift is None
    face = replace(case.mechanics.faces["crack"], yield_stress=None)
    stalled = replace(case.mechanics, faces={**case.mechanics.faces, "crack": face})
    held = replace(case, mechanics=stalled)
    assert with_width(held, 0.02, 6.7e-3).boundaries["filling_surface"].shift is None
