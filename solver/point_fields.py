"""Integrals, fields and means on faces of what is known at the material points.

Stresses at the points (six in a triangle, eleven in a tetrahedron) are fitted by a linear function
in every cell: that is what quadratic displacements determine of them, to the second power of the
size of the cells.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import basix
import basix.ufl
import numpy as np
import ufl
from dolfinx import fem
from dolfinx.fem import petsc as fem_petsc
from mpi4py import MPI
from petsc4py import PETSc
from ufl.core.expr import Expr

from solver.domain import Domain, facet_entities, facet_measure, facets_of
from solver.elasticity import strain, weight
from solver.hooke import XX, XY, YY, ZZ, Floats
from solver.inelastic import QUADRATURE, Inelastic, selection
from solver.solve import make_solver, solve

MASS = {"ksp_type": "cg", "ksp_rtol": "1e-12", "pc_type": "jacobi"}


class Integral:
    """Integrals over the body (axisymmetric: all around) of values at the points."""

    def __init__(self, problem: Inelastic) -> None:
        """Compile; collective."""
        mesh = problem.domain.mesh
        name = mesh.basix_cell().name
        element = basix.ufl.quadrature_element(name, degree=QUADRATURE)
        self.values = fem.Function(fem.functionspace(mesh, element))
        self.rows = np.asarray(self.values.function_space.dofmap.list)
        dx = ufl.Measure("dx", domain=mesh, metadata={"quadrature_degree": QUADRATURE})
        self.form = fem.form(weight(problem.domain) * self.values * dx)
        self.problem = problem

    def __call__(self, values: Mapping[str, Floats]) -> float:
        """The integral of values by region, each (cells times points,); zero elsewhere."""
        self.put(values)
        return float(self.problem.comm.allreduce(fem.assemble_scalar(self.form)))

    def put(self, values: Mapping[str, Floats]) -> None:
        """Sets `values`, by region; zero elsewhere."""
        array = self.values.x.array
        array[:] = 0.0
        for name, part in values.items():
            array[self.rows[self.problem.cells[name]].ravel()] = part


class Smoothed:
    """The largest of values at the points, smoothed: continuous, linear in each cell of a region.

    Strains of quadratic displacements are off by a tenth at one point of a cell and by as much to
    the other side at the next. Their projection on continuous functions is not, and it reaches to
    the faces, where strains are largest and no point lies.
    """

    def __init__(self, problem: Inelastic, names: Iterable[str]) -> None:
        """Masses of the regions; collective."""
        self.problem, self.integral = problem, Integral(problem)
        space, tdim = problem.linear, problem.domain.mesh.topology.dim
        p, q = ufl.TrialFunction(space), ufl.TestFunction(space)
        owned = space.dofmap.index_map.size_local
        self.loads: dict[str, fem.Form] = {}
        self.select: dict[str, PETSc.Mat] = {}
        self.solvers: dict[str, PETSc.KSP] = {}
        for name in names:
            cells = [(0, problem.cells[name])]
            degree = {"quadrature_degree": QUADRATURE}
            dx = ufl.Measure("dx", problem.domain.mesh, subdomain_data=cells, metadata=degree)(0)
            mass = fem_petsc.assemble_matrix(fem.form(p * q * dx))
            mass.assemble()
            nodes = fem.locate_dofs_topological(space, tdim, problem.cells[name], remote=True)
            self.select[name] = selection(np.unique(nodes[nodes < owned]), owned, problem.comm)
            inside = mass.PtAP(self.select[name])
            self.solvers[name] = make_solver(inside, "smoothed_", MASS, {})
            self.loads[name] = fem.form(self.integral.values * q * dx)

    def largest(self, values: Mapping[str, Floats]) -> float:
        """Of values by region, each (cells times points,), on all ranks; not below zero."""
        most = 0.0
        for name, solver in self.solvers.items():
            self.integral.put(values)
            whole = fem_petsc.assemble_vector(self.loads[name])
            whole.ghostUpdate(PETSc.InsertMode.ADD, PETSc.ScatterMode.REVERSE)
            load, smooth = solver.getOperators()[0].createVecs()
            self.select[name].multTranspose(whole, load)
            solve(solver, load, smooth, f"values at the points of {name}")
            most = max(most, float(smooth.array_r.max(initial=0.0)))
        return float(self.problem.comm.allreduce(most, op=MPI.MAX))


def fitted_stress(problem: Inelastic) -> fem.Function:
    """The stress, MPa, order as in `solver.hooke`: linear in every cell, written as degree 2."""
    mesh = problem.domain.mesh
    cell = mesh.basix_cell()
    linear = basix.create_element(basix.ElementFamily.P, cell, 1)
    space = fem.functionspace(mesh, ("DG", 2, (6,)))
    at = np.array(space.element.basix_element.points, dtype=np.float64)
    here = np.array(linear.tabulate(0, problem.points_of_cell), dtype=np.float64)
    there = np.array(linear.tabulate(0, at), dtype=np.float64)
    spread = there[0, :, :, 0] @ np.linalg.pinv(here[0, :, :, 0])  # from points to nodes
    function = fem.Function(space, name="stress")
    nodal = np.einsum("np,cpi->cni", spread, problem.stress_at_points())
    function.x.array.reshape(-1, 6)[np.asarray(space.dofmap.list)] = nodal
    return function


def tension_across(domain: Domain, stress: fem.Function, face: str, region: str) -> float | None:
    """Mean stress along x, MPa, over what a region has of a vertical face; None: nothing."""
    ds = facet_measure(domain, {0: facet_entities(domain, face, [region])})
    one = fem.Constant(domain.mesh, np.float64(1.0))
    area, force = (
        float(domain.comm.allreduce(fem.assemble_scalar(fem.form(weight(domain) * part * ds(0)))))
        for part in (one, stress[XX])
    )
    return force / area if area > 0.0 else None


@dataclass(frozen=True)
class FaceMeasure:
    """Integrals over faces, compiled, and the areas of the faces."""

    domain: Domain
    forms: dict[str, fem.Form]
    areas: dict[str, float]

    def mean(self, name: str) -> float:
        """Mean over a face at present."""
        whole = self.domain.comm.allreduce(fem.assemble_scalar(self.forms[name]))
        return float(whole) / self.areas[name]


def normal_stress(problem: Inelastic, integral: Integral, face: str, inside: str) -> float:
    """Mean stress along the radius on a round face, MPa, tension positive.

    The force on the face is the virtual work of the stress on one side of it for a displacement of
    one along the radius at the face: far more accurate than the stress at the face itself.

    Args:
        problem: In equilibrium, its body without body forces.
        integral: Of values at the points.
        face: Its name.
        inside: The region on one side of the face, of which it is the outer face, but for `inner`.
    """
    domain, space = problem.domain, problem.space
    pairs = facet_entities(domain, face, [inside])
    along = fem.Function(space)
    facets = facets_of(domain, facet_entities(domain, face))
    nodes = fem.locate_dofs_topological(space, 1, facets, remote=True)
    at = space.tabulate_dof_coordinates()[nodes, :2]
    along.x.array.reshape(-1, 2)[nodes] = at / np.hypot(at[:, 0], at[:, 1])[:, None]
    cells = problem.cells[inside]
    strains = fem.Expression(strain(along, domain), problem.points_of_cell)
    values = np.asarray(strains.eval(domain.mesh, cells))
    values = values.reshape(len(cells), problem.per_cell, 6)
    force = integral({inside: (values * problem.stress_at_points()[cells]).sum(axis=2).ravel()})
    around = weight(domain) * fem.Constant(domain.mesh, np.float64(1.0))
    part = fem.assemble_scalar(fem.form(around * facet_measure(domain, {0: pairs})(0)))
    return (-1.0 if face == "inner" else 1.0) * force / float(domain.comm.allreduce(part))


class FaceMeans:
    """Means over named faces; on a face between two regions over both sides."""

    def __init__(self, domain: Domain, names: tuple[str, ...], round_ones: tuple[str, ...]) -> None:
        """Find the faces; collective.

        Args:
            domain: The mesh.
            names: Of all the faces.
            round_ones: Those of circles around the origin.
        """
        self.domain, self.names, self.round = domain, names, round_ones
        pairs = {i: facet_entities(domain, name) for i, name in enumerate(names)}
        self.ds = facet_measure(domain, pairs)
        self.areas = {
            n: self._integral(fem.Constant(domain.mesh, np.float64(1.0)), n) for n in names
        }
        self.normal = ufl.FacetNormal(domain.mesh)

    def _integral(self, expression: Expr, name: str) -> float:
        around = weight(self.domain)
        form = fem.form(around * expression * self.ds(self.names.index(name)))
        return float(self.domain.comm.allreduce(fem.assemble_scalar(form)))

    def mean(self, expression: Expr, name: str) -> float:
        """Mean of an expression over a face."""
        return self._integral(expression, name) / self.areas[name]

    def displacements(self, displacement: fem.Function, names: tuple[str, ...]) -> "FaceMeasure":
        """Compiled once, for means of the displacement that changes."""
        around = weight(self.domain)
        forms = {
            n: fem.form(around * self.outwards(displacement, n) * self.ds(self.names.index(n)))
            for n in names
        }
        return FaceMeasure(self.domain, forms, self.areas)

    def outwards(self, displacement: fem.Function, name: str) -> Expr:
        """Displacement along the normal, of round faces along the radius."""
        if name not in self.round:
            return ufl.dot(displacement, self.normal)
        x = ufl.SpatialCoordinate(self.domain.mesh)
        return ufl.dot(displacement, x) / ufl.sqrt(ufl.dot(x, x))

    def stresses(self, stress: Expr) -> dict[str, Expr]:
        """Along the face in the section, and equivalent."""
        n, s = self.normal, stress
        shear = 2.0 * n[0] * n[1] * s[XY]
        along = s[XX] * n[1] ** 2 + s[YY] * n[0] ** 2 - shear
        mean = (s[XX] + s[YY] + s[ZZ]) / 3.0
        square = sum((s[i] - mean) ** 2 for i in (XX, YY, ZZ)) + 2.0 * s[XY] ** 2
        return {
            "hoop_stress": along,
            "equivalent_stress": ufl.sqrt(1.5 * square),
        }
