"""What a slit of finite width in the mesh of the stress does to a crack through a film.

The mesh of the current has a slit where that of the stress has a crack. With lithium meshed as
well, and filling and electrolyte without stiffness, it can carry the stress; but the foot of the
slit is blunt, and the lithium below it is free. Plain elements, none of the program's mechanics:
G_ss = sigma V/(2 h), V the volume that is opened.
"""

import inspect
from dataclasses import replace
from pathlib import Path

import dolfinx
import numpy as np
import pytest
import ufl
from dolfinx import fem
from dolfinx.fem.petsc import LinearProblem
from mpi4py import MPI

from meshes.geometry import Slit
from solver import schema
from solver.case import load_case
from solver.domain import facet_entities, facet_measure, read_domain, region_of_cells
from solver.mechanics_model import body_case
from solver.mechanics_run import make_mesh, simulate_mechanics
from solver.problem import refined

CASE = Path(__file__).parents[2] / "cases" / "pan2024_lipon_on_lib" / "cracked_lipon.toml"
STRETCH, HEIGHT = 0.005, 0.3
LAWS = {"film": (77e3, 0.25), "lithium": (7.82e3, 0.38)}  # MPa; nothing else is stiff


def opened(width):
    """Volume that the stretch opens in a slit of a width, um^2, on a mesh of all that is there."""
    case = load_case(CASE)
    ends = {"bottom": schema.Electrode(0.0, None, None, 0.0), "top": case.boundaries["top"]}
    one = replace(
        case,
        geometry=replace(case.geometry, opening=Slit(width)),
        regions={**case.regions, "lithium": schema.IonicConductor(1e6)},
        numerics=replace(case.numerics, edge_size=width / 6.0, maximum_size=2.0),
        boundaries=ends,
        mechanics=None,
        references=(),
    )
    domain = refined(read_domain(make_mesh(one, MPI.COMM_SELF), MPI.COMM_SELF))
    mesh, tags = domain.mesh, domain.built.regions
    constants = fem.functionspace(mesh, ("DG", 0))
    lame, shear = fem.Function(constants), fem.Function(constants)
    for name, tag in tags.items():
        modulus, ratio = LAWS.get(name, (1e-4, 0.0))
        cells = region_of_cells(domain) == tag
        lame.x.array[cells] = modulus * ratio / ((1.0 + ratio) * (1.0 - 2.0 * ratio))
        shear.x.array[cells] = modulus / (2.0 * (1.0 + ratio))
    space = fem.functionspace(mesh, ("Lagrange", 2, (2,)))
    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    strain, test = ufl.sym(ufl.grad(u)), ufl.sym(ufl.grad(v))
    stress = lame * ufl.tr(strain) * ufl.Identity(2) + 2.0 * shear * strain
    across = -lame * STRETCH * ufl.tr(test) * ufl.dx  # the section is stretched across as well
    bottom = mesh.geometry.x[:, 1].min()
    held = []
    for axis, place, value in ((0, 0.0, 0.0), (0, 5.0, 5.0 * STRETCH), (1, bottom, 0.0)):
        part = space.sub(axis)
        facets = dolfinx.mesh.locate_entities_boundary(
            mesh, 1, lambda x, axis=axis, place=place: np.isclose(x[axis], place)
        )
        dofs = fem.locate_dofs_topological(part, 1, facets)
        held.append(fem.dirichletbc(np.float64(value), dofs, part))
    options = {"ksp_type": "preonly", "pc_type": "lu", "pc_factor_mat_solver_type": "mumps"}
    wanted = "petsc_options_prefix" in inspect.signature(LinearProblem).parameters  # from 0.10 on
    prefix = {"petsc_options_prefix": "blunt_"} if wanted else {}
    form = ufl.inner(stress, test) * ufl.dx
    u = LinearProblem(form, across, bcs=held, petsc_options=options, **prefix).solve()
    ds = facet_measure(domain, {0: facet_entities(domain, "film|filling", ["film"])})
    gap = u[0] - 0.5 * STRETCH * width  # without what the stretch moves the wall by
    return 2.0 * fem.assemble_scalar(fem.form(gap * ds(0)))


@pytest.mark.slow
def test_a_slit_in_the_mesh_of_the_stress_opens_too_far():
    case = load_case(CASE)
    numerics = replace(case.numerics, refinement="none", accuracy=1.0)
    crack = simulate_mechanics(body_case(replace(case, numerics=numerics)), MPI.COMM_SELF, str)
    # the rate of the program is that of its volume: what opens more has more G
    stress = 77e3 * STRETCH / 0.75
    assert stress * crack.volume / (2.0 * HEIGHT) == pytest.approx(crack.film.rate, rel=2e-3)
    more = {width: opened(width) / crack.volume - 1.0 for width in (0.005, 0.01, 0.02)}
    assert more[0.02] == pytest.approx(0.106, abs=0.005)
    assert more[0.005] == pytest.approx(0.055, abs=0.005)
    # it goes away with the width, as about its root: the crack is the limit
    assert more[0.02] / more[0.005] == pytest.approx(2.0, rel=0.15)
    assert more[0.02] > more[0.01] > more[0.005]
