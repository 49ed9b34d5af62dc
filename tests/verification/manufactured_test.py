"""Every elastic law against a displacement that was chosen, with the body force it asks for."""

import inspect
import math

import numpy as np
import pytest
import ufl
from dolfinx import fem, mesh
from dolfinx.fem.petsc import LinearProblem
from mpi4py import MPI

from meshes.build import build
from meshes.layers import Block, Box, Layer
from meshes.sizing import MeshSize
from solver import compat, hooke
from solver.domain import number_of_cells, read_domain
from solver.elasticity import Solid, displacement_space, make_body, weight
from solver.hooke import XX, XY, XZ, YY, YZ, ZZ

NONE = np.zeros(6)
LAWS = {
    "isotropic": hooke.isotropic(3.0, 0.3),
    "cubic": hooke.cubic(5.0, 2.0, 2.5, 0.4),
    "orthotropic": hooke.orthotropic((4.0, 2.0, 3.0), (0.3, 0.2, 0.25), (1.5, 1.2, 0.8), 0.3),
}
PLANE_STRESS = hooke.without_stress_across(LAWS["isotropic"], NONE)[0]
LAYER = (Layer("a", 1.0),)
BODIES = {
    "plane": Block("block", 1.0, LAYER, None),
    "cylinder": Block("cylinder", 1.0, LAYER, None),
    "box": Box(1.0, 1.0, LAYER, None),
}


def chosen(x, kind):
    """A displacement without symmetry; zero on the axis of a cylinder."""
    if kind == "box":
        return ufl.as_vector(
            [ufl.sin(x[1] + x[2]) * x[0], ufl.cos(2 * x[0]) * x[2], ufl.exp(x[0] - x[1]) * x[2]]
        )
    radial = x[0] * ufl.cos(x[0] + 2 * x[1]) if kind == "cylinder" else ufl.sin(x[0] + 2 * x[1])
    return ufl.as_vector([radial, ufl.exp(x[0]) * ufl.cos(x[1])])


def force(stress, x, kind):
    """Minus the divergence of six stresses."""
    s = stress
    if kind == "box":
        rows = ufl.as_matrix([[s[XX], s[XY], s[XZ]], [s[XY], s[YY], s[YZ]], [s[XZ], s[YZ], s[ZZ]]])
        return -ufl.div(rows)
    flat = -ufl.div(ufl.as_matrix([[s[XX], s[XY]], [s[XY], s[YY]]]))
    if kind == "plane":
        return flat
    return flat - ufl.as_vector([(s[XX] - s[ZZ]) / x[0], s[XY] / x[0]])


def errors(stiffness, kind, size, tmp_path):
    """L2 and energy errors of the displacement, and the mean size of the cells."""
    built = build(BODIES[kind], MeshSize(size, 1.0, size), (), tmp_path)
    domain = read_domain(built, MPI.COMM_SELF)
    body = make_body(domain, {"a": Solid(stiffness, NONE, NONE)}, {})
    space = displacement_space(domain)
    x = ufl.SpatialCoordinate(domain.mesh)
    exact = chosen(x, kind)
    dx = ufl.dx(domain.mesh, metadata={"quadrature_degree": 8})
    u, v = fem.Function(space), ufl.TestFunction(space)
    residual = ufl.derivative(body.potential_energy(u), u, v)
    work = weight(domain) * ufl.dot(force(body.stress(exact), x, kind), v) * dx
    domain.mesh.topology.create_connectivity(domain.mesh.topology.dim - 1, domain.mesh.topology.dim)
    facets = mesh.exterior_facet_indices(domain.mesh.topology)
    held = fem.locate_dofs_topological(space, domain.mesh.topology.dim - 1, facets)
    given = fem.Function(space)
    given.interpolate(fem.Expression(exact, compat.interpolation_points(space)))
    tangent = ufl.derivative(residual, u, ufl.TrialFunction(space))
    options = {"ksp_type": "preonly", "pc_type": "lu", "pc_factor_mat_solver_type": "mumps"}
    wanted = "petsc_options_prefix" in inspect.signature(LinearProblem).parameters  # from 0.10 on
    prefix = {"petsc_options_prefix": "manufactured_"} if wanted else {}
    bcs = [fem.dirichletbc(given, held)]
    problem = LinearProblem(tangent, work, bcs=bcs, petsc_options=options, **prefix)
    off = problem.solve() - exact

    def norm(integrand):
        return math.sqrt(fem.assemble_scalar(fem.form(weight(domain) * integrand * dx)))

    strain = body.strain(off)
    energy = norm(ufl.dot(strain, body.stiffness * strain))
    h = number_of_cells(domain) ** (-1.0 / domain.mesh.topology.dim)
    return norm(ufl.dot(off, off)) / norm(ufl.dot(exact, exact)), energy, h


@pytest.mark.parametrize(
    ("law", "kind"),
    [*((law, kind) for law in LAWS for kind in BODIES), ("plane stress", "plane")],
)
def test_quadratic_displacements_converge_with_the_third_power(law, kind, tmp_path):
    stiffness = PLANE_STRESS if law == "plane stress" else LAWS[law]
    sizes = (0.4, 0.15) if kind == "box" else (0.2, 0.1)
    coarse, fine = (errors(stiffness, kind, size, tmp_path) for size in sizes)
    finer = math.log(coarse[2] / fine[2])
    assert 2.5 < math.log(coarse[0] / fine[0]) / finer < 3.6
    assert 1.6 < math.log(coarse[1] / fine[1]) / finer < 2.5
    assert fine[0] < 1e-3
