"""Effective conductivity with a conformal mesh: that of the lattice, and the exact one."""

from dataclasses import replace

import pytest
from mpi4py import MPI

from meshes.layers import Layer
from meshes.micro import Body, Particles
from solver import schema
from solver.simulate import simulate
from solver.units import in_unit
from tests.verification.helpers import make_case

EXACT = 1.8877400576  # simple cubic spheres, phi = 0.3, alpha = 10: series of multipoles


def conductivity(mesher, size):
    """Effective conductivity of a cubic cell with a ball, and how it was meshed."""
    body = Body(1.0, 1.0, (Layer("matrix", 1.0),), size, "all", 0, mesher)
    ball = Particles(body, "ball", "matrix", 0.3, "cubic")
    laws = {"matrix": schema.IonicConductor(1.0), "ball": schema.IonicConductor(10.0)}
    case = make_case(ball, laws, {}, accuracy=0.3)
    regions = {name: case.regions[name] for name in laws}
    case = replace(
        case, regions=regions, effective=schema.Effective(conductivity=True, stiffness=False)
    )
    solution = simulate(case, MPI.COMM_SELF, lambda _: None)
    found = {quantity.name: quantity for quantity in solution.quantities}
    built = solution.effective.conductivity.cell.domain.built
    return found["effective_conductivity"], built.method


def test_cubic_spheres_have_the_conductivity_of_the_series():
    value, method = conductivity("conformal", 0.05)
    assert method.startswith("conformal mesh of")
    exact = in_unit(EXACT, "mS/cm")
    # the bounds are those of the mesh, which has 0.3 within 1e-3: 6e-4 of the conductivity
    assert value.lower * (1.0 - 6e-4) < exact < value.upper * (1.0 + 6e-4)
    assert value.value == pytest.approx(exact, rel=2e-3)


def test_the_conductivity_is_that_of_the_lattice():
    value, _ = conductivity("conformal", 0.07)
    other, method = conductivity("lattice", 0.07)
    assert method.startswith("lattice of")
    assert value.value == pytest.approx(other.value, rel=2e-3)
    assert value.lower < other.upper and other.lower < value.upper
