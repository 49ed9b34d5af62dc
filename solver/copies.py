"""The space of the potential: one copy per side of a jump, glued elsewhere.

Regions on the two sides of a jump get different labels. One copy of the continuous space per label
is assembled on the cells of that label only, and the copies are glued wherever they meet without a
jump, with 0/1 matrices from the unknowns to the nodal values of every copy. The two sides share
their nodes geometrically, so that the jump condition is exact, at any ratio of the conductivities.

Where the current goes round through the sides of a cell, a node and its images a period away are
one node, with the copies of all of them: the matrices give the values at all images.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from dolfinx import fem
from mpi4py import MPI
from petsc4py import PETSc

from solver.domain import Domain, facet_entities, facets_of, regions_at
from solver.facing import facing
from solver.model import Model
from solver.periodic import number_unknowns

DEGREE = 2


@dataclass(frozen=True)
class Copies:
    """The space of the potential and how its copies on both sides of jumps are glued.

    Attributes:
        space: Continuous Lagrange space on the whole mesh.
        labels: Label of every region.
        gather: One 0/1 matrix per label, nodal values of the copy from unknowns; None: identity.
        size: Number of unknowns (local, global).
    """

    space: fem.FunctionSpace
    labels: dict[str, int]
    gather: tuple[PETSc.Mat | None, ...]
    size: tuple[int, int]

    def behind(self, label: int) -> npt.NDArray[np.int64]:
        """Number of the unknown behind the value of a copy at every owned node.

        It is that of all ranks where nodes have images, see `tie_of`.
        """
        selection = self.gather[label]
        if selection is None:
            return np.arange(self.size[0])
        return np.asarray(selection.getValuesCSR()[1], dtype=np.int64)

    def unknowns(self, label: int, nodes: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """Local unknowns behind the values of a copy at owned nodes of all ranks; collective."""
        selection = self.gather[label]
        if selection is None:
            return nodes
        marks, taken = selection.createVecLeft(), selection.createVecRight()
        marks.array[nodes] = 1.0
        selection.multTranspose(marks, taken)
        return np.flatnonzero(taken.array_r > 0.5).astype(np.int32)


class InterfaceError(ValueError):
    """A jump that the space cannot represent."""


def label_regions(domain: Domain, model: Model) -> dict[str, int]:
    """Give regions on the two sides of every jump different labels, with as few as possible."""
    neighbours: dict[str, set[str]] = {name: set() for name in domain.built.regions}
    for name in model.jumps:
        sides = regions_at(domain, name)
        if len(sides) != 2:
            raise InterfaceError(
                f"interface {name!r}: a jump needs two regions, one on each side; found {sides}"
            )
        neighbours[sides[0]].add(sides[1])
        neighbours[sides[1]].add(sides[0])
    labels: dict[str, int] = {}
    for name in domain.built.regions:
        taken = {labels[other] for other in neighbours[name] if other in labels}
        labels[name] = next(i for i in range(len(labels) + 1) if i not in taken)
    return labels


def build_copies(domain: Domain, model: Model) -> Copies:
    """Number the unknowns; collective."""
    space = fem.functionspace(domain.mesh, ("Lagrange", DEGREE))
    labels = label_regions(domain, model)
    count = max(labels.values()) + 1
    owned = space.dofmap.index_map.size_local
    tie = tie_of(domain, space)
    if count == 1:
        if tie is not None:
            size = (tie.getLocalSize()[1], tie.getSize()[1])
            return Copies(space, labels, (tie,), size)
        size = (owned, space.dofmap.index_map.size_global)
        return Copies(space, labels, (None,), size)
    tdim = domain.mesh.topology.dim
    region = np.zeros(domain.mesh.topology.index_map(tdim).size_local, dtype=np.int32)
    for name, tag in domain.built.regions.items():
        region[domain.cell_tags.find(tag)] = labels[name]
    touched = np.zeros((count, owned), dtype=bool)
    for label in range(count):
        cells = np.flatnonzero(region == label).astype(np.int32)
        dofs = fem.locate_dofs_topological(space, tdim, cells, remote=True)
        touched[label, dofs[dofs < owned]] = True
    jump, glued = np.zeros((2, owned), dtype=bool)
    on = _nodes_on(domain, space, tuple(model.jumps))
    jump[on[on < owned]] = True
    on = _glued_nodes(domain, space, labels, model)
    glued[on[on < owned]] = True
    if tie is not None:
        touched = np.array([of_images(tie, row) for row in touched])
        jump, glued = of_images(tie, jump), of_images(tie, glued)
    split = jump & ~glued
    owned = len(split)
    # numbering: the lowest label that touches a node owns its first unknown
    new = touched & split
    lowest = touched.argmax(axis=0)
    new[lowest, np.arange(owned)] = True
    flat = np.cumsum(new.T.ravel()) - 1
    number = flat.reshape(owned, count).T
    base = number[lowest, np.arange(owned)]
    unknown = np.where(new, number, base[None, :]).astype(np.int32)
    local = int(new.sum())
    total = int(domain.comm.allreduce(local))
    gather = tuple(_selection(domain.comm, unknown[label], local) for label in range(count))
    if tie is not None:
        gather = tuple(tie.matMult(one) for one in gather)
    return Copies(space, labels, gather, (local, total))


def tie_of(domain: Domain, space: fem.FunctionSpace) -> PETSc.Mat | None:
    """Values at nodes from one value for all images of a node, where the current goes round."""
    if domain.round is None:
        return None
    return number_unknowns(domain, space, domain.round.periods).expansion(domain.comm)


def of_images(tie: PETSc.Mat, marks: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Whether any image of a node is marked."""
    at_nodes, together = tie.createVecLeft(), tie.createVecRight()
    at_nodes.array[:] = marks
    tie.multTranspose(at_nodes, together)
    return np.asarray(together.array_r > 0.5)


def _nodes_on(
    domain: Domain, space: fem.FunctionSpace, names: tuple[str, ...]
) -> npt.NDArray[np.int32]:
    pairs = [facet_entities(domain, name) for name in names]
    facets = facets_of(domain, np.vstack(pairs)) if pairs else np.zeros(0, dtype=np.int32)
    fdim = domain.mesh.topology.dim - 1
    return np.asarray(fem.locate_dofs_topological(space, fdim, facets, remote=True))


def _glued_nodes(
    domain: Domain, space: fem.FunctionSpace, labels: dict[str, int], model: Model
) -> npt.NDArray[np.int32]:
    """Nodes on facets where two labels meet without a jump: the potential is one-valued there."""
    topology = domain.mesh.topology
    tdim = topology.dim
    facet_map = topology.index_map(tdim - 1)
    count = facet_map.size_local + facet_map.num_ghosts
    facets_of_cell = topology.connectivity(tdim, tdim - 1).array.reshape(-1, tdim + 1)
    seen = np.zeros((max(labels.values()) + 1, count))
    for name, tag in domain.built.regions.items():
        seen[labels[name], facets_of_cell[domain.cell_tags.find(tag)].ravel()] = 1.0
    # a facet between two ranks is seen by one cell on each: add up what both saw
    total = sum(_summed(domain, row) > 0.5 for row in seen)
    meeting = np.asarray(total) > 1.5
    if (found := facing(domain)) is not None:
        label = np.zeros(max(domain.built.regions.values()) + 1, dtype=np.int64)
        for name, tag in domain.built.regions.items():
            label[tag] = labels[name]
        partner = found.partners()
        own = found.region[found.first : found.first + len(partner)]
        across = (partner >= 0) & (label[own] != label[found.region[partner]])
        meeting[found.facets[across]] = True
    for name in model.jumps:
        meeting[facets_of(domain, facet_entities(domain, name))] = False
    facets = np.flatnonzero(meeting).astype(np.int32)
    return np.asarray(fem.locate_dofs_topological(space, tdim - 1, facets, remote=True))


def _summed(domain: Domain, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Add facet values over the ranks that share the facet (one lowest-order unknown each)."""
    space = fem.functionspace(domain.mesh, ("CR", 1))
    tdim = domain.mesh.topology.dim
    facets_of_cell = domain.mesh.topology.connectivity(tdim, tdim - 1).array.reshape(-1, tdim + 1)
    cells = np.arange(len(facets_of_cell))
    dof_of_facet = np.zeros(len(values), dtype=np.int64)
    dof_of_facet[facets_of_cell.ravel()] = space.dofmap.list[cells].ravel()
    function = fem.Function(space)
    function.x.array[dof_of_facet] = values
    vector = function.x.petsc_vec
    vector.ghostUpdate(PETSc.InsertMode.ADD, PETSc.ScatterMode.REVERSE)
    vector.ghostUpdate(PETSc.InsertMode.INSERT, PETSc.ScatterMode.FORWARD)
    return np.asarray(function.x.array[dof_of_facet])


def _selection(comm: MPI.Intracomm, columns: npt.NDArray[np.int32], local: int) -> PETSc.Mat:
    owned = len(columns)
    shape = ((owned, PETSc.DETERMINE), (local, PETSc.DETERMINE))
    matrix = PETSc.Mat().createAIJ(shape, nnz=1, comm=comm)
    first, _ = matrix.getOwnershipRangeColumn()
    row_pointer = np.arange(owned + 1, dtype=PETSc.IntType)
    matrix.setValuesCSR(row_pointer, (columns + first).astype(PETSc.IntType), np.ones(owned))
    matrix.assemble()
    return matrix
