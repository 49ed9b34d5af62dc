"""How much lithium alloys have: at the start, at a time, in the mean and at most.

At the start every region has its own fraction. Where two that differ are bonded, the fraction on
the nodes is the projection of the step between them (least squares), so that not even the start has
more or less lithium than it should; next to the step it overshoots within a few cells.
"""

from dataclasses import dataclass

import numpy as np
import ufl
from dolfinx import fem
from dolfinx.fem import petsc as fem_petsc
from mpi4py import MPI
from petsc4py import PETSc

from solver import alloy
from solver.carriers import Carriers
from solver.domain import region_of_cells
from solver.march_fields import Floats, Ints
from solver.salt import assembled, integral
from solver.solve import DIRECT_UNSYMMETRIC, prefixed_options, solve
from solver.transport import volume_weight

PREFIX = "alloy_start_"


@dataclass(frozen=True)
class AlloyRegion:
    """One alloy.

    Attributes:
        inside: Which of the owned unknowns of the fraction lie in it (or on its surface).
        load: Integral of the test function of each of them, um^3.
        volume: Of the meshed part, um^3.
        capacity: Charge of all of its sites, pC.
    """

    inside: Ints
    load: Floats
    volume: float
    capacity: float

    def summary(self, values: Floats, comm: MPI.Intracomm) -> tuple[float, float, float]:
        """Mean, least and largest fraction, of the owned fractions."""
        mean = float(comm.allreduce(float(self.load @ values))) / self.volume
        low = comm.allreduce(float(values[self.inside].min(initial=np.inf)), op=MPI.MIN)
        high = comm.allreduce(float(values[self.inside].max(initial=-np.inf)), op=MPI.MAX)
        return mean, float(low), float(high)


def alloy_regions(carriers: Carriers) -> dict[str, AlloyRegion]:
    """All alloys by name; collective."""
    domain = carriers.domain
    weight, test = volume_weight(domain), carriers.test
    dx = ufl.Measure("dx", domain=domain.mesh, subdomain_data=domain.cell_tags)
    one = fem.Constant(domain.mesh, np.float64(1.0))
    tdim, found = domain.mesh.topology.dim, {}
    for name, law in carriers.alloys.items():
        (field,) = carriers.stored
        tag = domain.built.regions[name]
        cells = domain.cell_tags.find(tag)
        nodes = fem.locate_dofs_topological(carriers.space, tdim, cells, remote=True)
        load = assembled(fem.form(weight * one * test * dx(tag))).array_r[field.nodes]
        volume = integral(domain, weight * one * dx(tag))
        inside = np.flatnonzero(np.isin(field.nodes, nodes)).astype(np.int32)
        capacity = alloy.capacity(law) * volume
        found[name] = AlloyRegion(inside, load, volume, capacity)
    return found


def fractions_at_start(carriers: Carriers) -> Floats:
    """Of the owned unknowns of the fraction, shape (unknowns,); collective."""
    laws = carriers.alloys
    if not laws:
        return np.zeros(0)
    (field,) = carriers.stored
    if len({law.fraction for law in laws.values()}) == 1:
        return np.full(len(field.nodes), next(iter(laws.values())).fraction)
    return _projected(carriers)


def _projected(carriers: Carriers) -> Floats:
    domain, (field,) = carriers.domain, carriers.stored
    tags = domain.built.regions
    step = fem.Function(fem.functionspace(domain.mesh, ("DG", 0)))
    regions = region_of_cells(domain)
    for name, law in carriers.alloys.items():
        step.x.array[: len(regions)][regions == tags[name]] = law.fraction
    dx = ufl.Measure("dx", domain=domain.mesh, subdomain_data=domain.cell_tags)
    cells = dx(tuple(tags[name] for name in carriers.alloys))
    weight, test = volume_weight(domain), carriers.test
    trial = ufl.TrialFunction(carriers.space)
    sizes = (carriers.local, PETSc.DECIDE)
    matrix = PETSc.Mat().create(comm=carriers.comm)
    matrix.setSizes((sizes, sizes))
    matrix.setType("aij")
    matrix.setUp()
    lgmap = PETSc.LGMap().create(carriers.globals[field.name], comm=carriers.comm)
    matrix.setLGMap(lgmap, lgmap)
    fem_petsc.assemble_matrix(matrix, fem.form(weight * trial * test * cells))
    others = np.setdiff1d(np.arange(carriers.local), field.unknowns).astype(PETSc.IntType)
    counts = np.zeros(carriers.local + 1, dtype=PETSc.IntType)
    counts[others + 1] = 1
    matrix.assemble(PETSc.Mat.AssemblyType.FLUSH)
    columns = (others + carriers.offset).astype(PETSc.IntType)
    add = PETSc.InsertMode.ADD_VALUES
    carriers.add_followers(1.0, matrix)
    matrix.setValuesCSR(np.cumsum(counts, dtype=PETSc.IntType), columns, np.ones(len(others)), add)
    matrix.assemble()
    right, found = matrix.createVecs()
    load = assembled(fem.form(weight * step * test * cells))
    right.array[field.unknowns] = load.array_r[field.nodes]
    carriers.sum_images(found, 1.0, right)
    ksp = PETSc.KSP().create(carriers.comm)
    ksp.setOptionsPrefix(PREFIX)
    ksp.setOperators(matrix)
    with prefixed_options(PREFIX, DIRECT_UNSYMMETRIC):
        ksp.setFromOptions()
        ksp.setUp()
    ksp.setConvergenceHistory()
    solve(ksp, right, found, "the start of alloys")
    ksp.destroy()
    return np.asarray(found.array_r[field.unknowns].copy())
