"""Quadratic displacements on faces by Bernstein coefficients, and the two sides of an interface.

A quadratic function on a triangle is nowhere negative if its six Bernstein coefficients are not,

    f(corner) = c_corner,     f(middle of an edge) = c_edge/2 + (c_a + c_b)/4,

a and b the ends of the edge. A bound on the coefficients therefore is one on the function between
its nodes as well; values at nodes give no such bound. The integral of every Bernstein function is
a sixth of the triangle, while those of the corners' own shape functions vanish: under an even
pressure no node of a face would be left without a force of its sign.

Nodes of an interface between layers that may part have two sides. A displacement of a body is
counted by coefficients q: of every node (on faces with an obstacle those of its normal component
are Bernstein's), and of the jump w = u_above - u_below of every node with two sides,

    u_sides = T q,      u_cells = S u_sides      (S: which side a cell takes; without interfaces 1).

Source: Farin 2002, Curves and Surfaces for CAGD, ch. 17 (triangles); Kikuchi & Oden 1988, Contact
Problems in Elasticity, SIAM.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import ufl
from dolfinx import fem, la
from dolfinx.fem import petsc as fem_petsc
from mpi4py import MPI
from petsc4py import PETSc

from solver.domain import Domain, facet_entities, facet_measure, facets_of, region_of_cells
from solver.elasticity import DEGREE, displacement_space

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]
CORNER = -1  # a node that is no middle of an edge


@dataclass(frozen=True)
class Sides:
    """The coefficients q of the displacement of a body in 3D.

    Attributes:
        domain: The mesh.
        continuous: Continuous quadratic displacements.
        space: Those of the cells: discontinuous if there are interfaces, else continuous.
        owned: Number of owned nodes; their components are the first of q on a rank.
        nodes: Owned nodes with two sides, shape (n,); the components of their jumps are the last.
        which: Name of the interface of each.
        to_sides: T, rows and columns laid out alike.
        to_cells: S T.
    """

    domain: Domain
    continuous: fem.FunctionSpace
    space: fem.FunctionSpace
    owned: int
    nodes: Int32Array
    which: npt.NDArray[np.str_]
    to_sides: PETSc.Mat
    to_cells: PETSc.Mat

    @property
    def jumps(self) -> Ints:
        """Places in q of the jumps, shape (n, 3)."""
        return 3 * (self.owned + np.arange(len(self.nodes)))[:, None] + np.arange(3)


def split(domain: Domain, interfaces: Collection[str], obstacles: Mapping[str, int]) -> Sides:
    """Give nodes two sides; collective.

    Args:
        domain: The mesh, in 3D.
        interfaces: Names "lower|upper" of those that may open all over.
        obstacles: Faces that meet an obstacle, with the axis of their normal.
    """
    continuous = displacement_space(domain)
    owned = continuous.dofmap.index_map.size_local
    cell_nodes, regions = continuous.dofmap.list, region_of_cells(domain)
    above = np.zeros(cell_nodes.shape, dtype=bool)
    name_of = np.full(owned, "", dtype=f"<U{max((len(n) for n in interfaces), default=1)}")
    for name in interfaces:
        on = nodes_on(continuous, domain, name)
        upper = regions == domain.built.regions[name.split("|")[1]]
        above |= on[cell_nodes] & upper[:, None]
        name_of[on[:owned]] = name
    bent = np.zeros((owned, 3), dtype=bool)
    for name, axis in obstacles.items():
        bent[nodes_on(continuous, domain, name)[:owned], axis] = True
    nodes = np.flatnonzero(name_of != "").astype(np.int32)
    mine = 3 * (owned + len(nodes))
    first = domain.comm.scan(mine) - mine
    base = _of_owner(continuous, np.arange(owned), first + 3.0 * np.arange(owned))
    upper_side = _of_owner(continuous, nodes, first + 3.0 * (owned + np.arange(len(nodes))))
    to_sides = _to_sides(continuous, nodes, bent, base, upper_side)
    space, to_cells = continuous, to_sides
    if interfaces:
        space = fem.functionspace(domain.mesh, ("Discontinuous Lagrange", DEGREE, (3,)))
        side = np.where(above, upper_side[cell_nodes], base[cell_nodes])
        rows = 3 * space.dofmap.index_map.size_local
        places = np.empty(rows, dtype=np.int64)
        for axis in range(3):
            places[3 * space.dofmap.list.ravel() + axis] = side.ravel() + axis
        selection = sparse(domain.comm, (rows, mine), np.arange(rows), places, np.ones(rows))
        to_cells = selection.matMult(to_sides)
    return Sides(domain, continuous, space, owned, nodes, name_of[nodes], to_sides, to_cells)


def nodes_on(space: fem.FunctionSpace, domain: Domain, name: str) -> npt.NDArray[np.bool_]:
    """Which local nodes lie on a face or interface, whatever rank its facets are on; collective."""
    facets = facets_of(domain, facet_entities(domain, name))
    fdim = domain.mesh.topology.dim - 1
    found = fem.locate_dofs_topological(space, fdim, facets, remote=True)
    count = fem.Function(space)
    count.x.array[3 * found] = 1.0
    count.x.scatter_reverse(la.InsertMode.add)
    count.x.scatter_forward()
    return np.asarray(count.x.array[::3] > 0.0)


def edge_ends(space: fem.FunctionSpace) -> Int32Array:
    """Ends of the edge in whose middle a local node lies, `CORNER` at corners, shape (nodes, 2)."""
    layout, cell_nodes = space.dofmap.dof_layout, space.dofmap.list
    index_map = space.dofmap.index_map
    ends = np.full((index_map.size_local + index_map.num_ghosts, 2), CORNER, dtype=np.int32)
    for edge in range(6):
        one, other, middle = layout.entity_closure_dofs(1, edge)
        ends[cell_nodes[:, middle]] = cell_nodes[:, [one, other]]
    return ends


def _of_owner(space: fem.FunctionSpace, nodes: npt.ArrayLike, values: Floats) -> Floats:
    """Values of owned nodes as all ranks know them; -1 at other nodes."""
    carrier = fem.Function(space)
    carrier.x.array[:] = -1.0
    carrier.x.array[3 * np.asarray(nodes, dtype=np.int64)] = values
    carrier.x.scatter_forward()
    return np.array(carrier.x.array[::3])


def _to_sides(
    space: fem.FunctionSpace,
    nodes: Int32Array,
    bent: npt.NDArray[np.bool_],
    base: Floats,
    upper: Floats,
) -> PETSc.Mat:
    """The matrix T: columns of a node are base + axis, of its jump upper + axis."""
    owned, ends = len(bent), edge_ends(space)
    middle = ends[:, 0] != CORNER
    rows: list[Ints] = []
    columns: list[Ints] = []
    values: list[Floats] = []

    def add(row: Ints, column: Floats, share: float) -> None:
        rows.append(row)
        columns.append(column.astype(np.int64))
        values.append(np.full(len(row), share))

    for axis in range(3):
        every = np.arange(owned)
        curved = bent[:, axis] & middle[:owned]
        add(3 * every[~curved] + axis, base[:owned][~curved] + axis, 1.0)
        add(3 * every[curved] + axis, base[:owned][curved] + axis, 0.5)
        for end in ends[:owned][curved].T:
            add(3 * every[curved] + axis, base[end] + axis, 0.25)
        row = 3 * (owned + np.arange(len(nodes))) + axis
        between = middle[nodes]
        add(row, base[nodes] + axis, 1.0)
        add(row[~between], upper[nodes[~between]] + axis, 1.0)
        add(row[between], upper[nodes[between]] + axis, 0.5)
        for end in ends[nodes[between]].T:
            add(row[between], upper[end] + axis, 0.25)
    size = 3 * (owned + len(nodes))
    places = np.concatenate(rows), np.concatenate(columns)
    return sparse(space.mesh.comm, (size, size), *places, np.concatenate(values))


def sparse(
    comm: MPI.Intracomm, shape: tuple[int, int], rows: Ints, columns: Ints, values: Floats
) -> PETSc.Mat:
    """A matrix from entries: local rows, global columns; shape: local rows and columns."""
    order = np.lexsort((columns, rows))
    pointer = np.searchsorted(rows[order], np.arange(shape[0] + 1)).astype(PETSc.IntType)
    sizes = ((shape[0], PETSc.DETERMINE), (shape[1], PETSc.DETERMINE))
    matrix = PETSc.Mat().createAIJ(sizes, nnz=(8, 8), comm=comm)
    matrix.setValuesCSR(pointer, columns[order].astype(PETSc.IntType), values[order])
    matrix.assemble()
    return matrix


def areas(sides: Sides, obstacles: Mapping[str, int], interfaces: Collection[str]) -> Floats:
    """The integral of the Bernstein function of every q that may touch, um^2; collective."""
    out = sides.to_sides.createVecLeft()
    out.set(0.0)
    local, owned = out.array, 3 * sides.owned
    for name, axis in obstacles.items():
        local[:owned] += np.repeat(_shares(sides, name, ""), 3) * (np.arange(owned) % 3 == axis)
    for name in interfaces:
        shares = _shares(sides, name, name.split("|")[0])[sides.nodes]
        local[owned:] += np.repeat(shares, 3)
    found = sides.to_sides.createVecRight()
    sides.to_sides.multTranspose(out, found)
    return np.array(found.array_r)


def _shares(sides: Sides, name: str, region: str) -> Floats:
    """Integral of the shape function of every owned node over a face seen from one region."""
    pairs = facet_entities(sides.domain, name, (region,) if region else ())
    ds = facet_measure(sides.domain, {0: pairs})
    test = ufl.TestFunction(sides.continuous)
    vector = fem_petsc.assemble_vector(fem.form(test[0] * ds(0)))
    vector.ghostUpdate(PETSc.InsertMode.ADD, PETSc.ScatterMode.REVERSE)
    return np.array(vector.array_r[::3])
