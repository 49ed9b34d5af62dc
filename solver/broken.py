"""Displacements that may jump across interfaces, on a mesh that is whole.

Every cell has its own quadratic displacement (discontinuous). Its nodes are tied to sides: a node
on an interface that may open has two, below and above; every other node has one. With the 0/1
matrix S from sides to cells, and the jump w = u_above - u_below as an unknown beside one of the
sides (the other one is given where only one is held),

    u_cells = S T v + ...,   v = (displacements of one side per node, jumps),
    v = P y + g,             P gives every free component its own unknown

so that contact is a bound on an unknown, w_n >= 0. Interfaces are flat, along x; of a flaw at an
angle (`solver.parted`) the jump is counted along it and to its left. Forces of an interface act at
its nodes: the integral of each node's shape function is its area.

Source: split nodes, Melosh & Raefsky 1981, Bull. Seismol. Soc. Am. 71, 1391; forces at the nodes,
which keeps tractions from oscillating: Schellekens & de Borst 1993, Int. J. Numer. Methods Eng. 36,
43.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import ufl
from dolfinx import fem, la
from dolfinx.fem import petsc as fem_petsc
from mpi4py import MPI
from petsc4py import PETSc

from meshes.layers import Flaw
from solver.domain import Domain, facet_entities, facet_measure, facets_of, region_of_cells
from solver.elasticity import DEGREE, displacement_space, weight
from solver.equilibrium import FIXED, FREE, PLATE, Support, face_normal
from solver.interface_schema import Joint
from solver.parted import along, frame, left_cells, two_sided

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
TANGENT, NORMAL = 0, 1  # components of a jump: interfaces lie along x
NO_SIDE = -1
# quadratic shape functions (two ends, middle) at the nodes and half way between them
BETWEEN = np.array(
    [[1.0, 0.375, 0.0, -0.125, 0.0], [0.0, -0.125, 0.0, 0.375, 1.0], [0.0, 0.75, 1.0, 0.75, 0.0]]
)


@dataclass(frozen=True)
class Break:
    """An interface that is not bonded everywhere.

    Attributes:
        name: "lower|upper".
        lower: Region below.
        upper: Region above.
        joint: Its law.
        width: Of the block, um.
        flaw: The flaw whose faces these are, in the coordinates of the mesh: its left face is the
            upper one, the layers are the same. None: an interface.
    """

    name: str
    lower: str
    upper: str
    joint: Joint
    width: float
    flaw: Flaw | None = None

    def is_off(self, x: Floats) -> npt.NDArray[np.bool_]:
        """Where along x (um) the layers have come off; an end inside of the body still holds."""
        low, high = self.joint.reach(self.width)
        slack = 1e-9 * self.width
        off = (x > low + slack) & (x < high - slack)
        off |= (x <= slack) & (low <= slack)
        return np.asarray(off | ((x >= self.width - slack) & (high >= self.width - slack)))


@dataclass(frozen=True)
class Sides:
    """The nodes with two sides, and the matrix S.

    Attributes:
        domain: The mesh.
        space: Discontinuous displacements.
        nodes: Owned nodes (of the continuous space) with two sides, shape (n,).
        which: Index of the interface of each, shape (n,).
        place: x of each, um; on a flaw the distance from its beginning.
        area: What each stands for on its interface, um (axisymmetric: um^2).
        length: The same along the section, um.
        owned: Number of owned nodes.
        cell_nodes: Node of every cell and local number, shape (cells, 6).
        above: Whether a cell takes the upper side there, same shape.
        frame: Directions (columns) in which the jump of each is counted, shape (n, 2, 2).
        matrix: S; columns of a rank: components of its nodes, then those of the upper sides.
    """

    domain: Domain
    space: fem.FunctionSpace
    continuous: fem.FunctionSpace
    nodes: npt.NDArray[np.int32]
    which: Ints
    place: Floats
    area: Floats
    length: Floats
    owned: int
    cell_nodes: npt.NDArray[np.int32]
    above: npt.NDArray[np.bool_]
    frame: Floats
    matrix: PETSc.Mat


def split(domain: Domain, breaks: Sequence[Break]) -> Sides:
    """Find the nodes with two sides; collective."""
    continuous = displacement_space(domain)
    space = fem.functionspace(domain.mesh, ("Discontinuous Lagrange", DEGREE, (2,)))
    owned = continuous.dofmap.index_map.size_local
    cell_nodes, regions = continuous.dofmap.list, region_of_cells(domain)
    points = continuous.tabulate_dof_coordinates()
    place, frames = points[:, 0].copy(), np.tile(np.eye(2), (owned, 1, 1))
    area, length = np.zeros(owned), np.zeros(owned)
    which = np.full(owned, -1, dtype=np.int64)
    above = np.zeros(cell_nodes.shape, dtype=bool)
    for i, broken in enumerate(breaks):
        if broken.flaw is not None:
            loose, upper = (
                two_sided(continuous, domain, broken.flaw),
                left_cells(domain, broken.flaw),
            )
        else:
            facets = facets_of(domain, facet_entities(domain, broken.name))
            found = fem.locate_dofs_topological(continuous, 1, facets, remote=True)
            loose = found if broken.joint.tears else found[broken.is_off(points[found, 0])]
            upper = regions == domain.built.regions[broken.upper]
        on = _shared(continuous, loose, 1.0) > 0.0
        above |= on[cell_nodes] & upper[:, None]
        which[on[:owned]] = i
        if broken.flaw is not None:
            place[on], frames[on[:owned]] = along(broken.flaw, points[on]), frame(broken.flaw)
        pairs = {0: lower_facets(domain, broken)}
        area += _areas(continuous, domain, pairs, weight(domain))
        length += _areas(continuous, domain, pairs, 1.0)
    nodes = np.flatnonzero(which >= 0).astype(np.int32)
    matrix = _selection(continuous, space, nodes, cell_nodes, above)
    return Sides(
        domain, space, continuous, nodes, which[nodes], place[nodes], area[nodes], length[nodes],
        owned, cell_nodes, above, frames[nodes], matrix,
    )  # fmt: skip


def lower_facets(domain: Domain, broken: Break) -> npt.NDArray[np.int32]:
    """The facets of an interface as its lower side sees them: (cell, local facet) pairs."""
    pairs = facet_entities(domain, broken.name, [broken.lower])
    return pairs if broken.flaw is None else pairs[~left_cells(domain, broken.flaw)[pairs[:, 0]]]


def _shared(
    space: fem.FunctionSpace, nodes: npt.NDArray[np.int32], value: float | Floats
) -> Floats:
    """Values at nodes as all ranks that have these nodes know them: the sum over the ranks."""
    carrier = fem.Function(space)
    carrier.x.array[2 * nodes] = value
    carrier.x.scatter_reverse(la.InsertMode.add)
    carrier.x.scatter_forward()
    return np.array(carrier.x.array[::2])


def _areas(
    space: fem.FunctionSpace,
    domain: Domain,
    pairs: dict[int, npt.NDArray[np.int32]],
    factor: ufl.core.expr.Expr | float,
) -> Floats:
    """Integral of the shape function of every owned node over facets."""
    ds = facet_measure(domain, pairs)
    test = ufl.TestFunction(space)
    vector = fem_petsc.assemble_vector(fem.form(factor * test[0] * ds(0)))
    vector.ghostUpdate(PETSc.InsertMode.ADD, PETSc.ScatterMode.REVERSE)
    return np.array(vector.array_r[::2])


def _selection(
    continuous: fem.FunctionSpace,
    space: fem.FunctionSpace,
    nodes: npt.NDArray[np.int32],
    cell_nodes: npt.NDArray[np.int32],
    above: npt.NDArray[np.bool_],
) -> PETSc.Mat:
    """The matrix S."""
    comm = space.mesh.comm
    owned = continuous.dofmap.index_map.size_local
    mine = 2 * (owned + len(nodes))
    first = comm.scan(mine) - mine
    base = _shared_from_owner(continuous, np.arange(owned), first + 2.0 * np.arange(owned))
    upper = _shared_from_owner(continuous, nodes, first + 2.0 * (owned + np.arange(len(nodes))))
    column = np.where(above, upper[cell_nodes], base[cell_nodes])
    rows = 2 * space.dofmap.index_map.size_local
    found = np.empty(rows, dtype=PETSc.IntType)
    for axis in (0, 1):
        found[2 * space.dofmap.list.ravel() + axis] = column.ravel() + axis
    matrix = PETSc.Mat().createAIJ(
        ((rows, PETSc.DETERMINE), (mine, PETSc.DETERMINE)), nnz=(1, 1), comm=comm
    )
    pointer = np.arange(rows + 1, dtype=PETSc.IntType)
    matrix.setValuesCSR(pointer, found, np.ones(rows))
    matrix.assemble()
    return matrix


def _shared_from_owner(
    space: fem.FunctionSpace, nodes: npt.NDArray[np.int32] | Ints, values: Floats
) -> Floats:
    carrier = fem.Function(space)
    carrier.x.array[2 * nodes] = values
    carrier.x.scatter_forward()
    return np.array(carrier.x.array[::2])


# -- what is held ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Held:
    """What supports do to the sides.

    Attributes:
        state: Of every component of the sides: FREE, FIXED, or the number of its plate.
        given: Displacements of fixed ones, um, at full load.
        rows: Components on which a support acts, by its name.
        sign: Of the outward normal (`tangential`: of the tangent) along the axis, by name.
        plates: Number of plates.
    """

    state: Ints
    given: Floats
    rows: dict[str, Ints]
    sign: dict[str, float]
    plates: int


ORDER = {"obstacle": 0, "plate": 0, "tangential": 1, "normal": 1, "clamped": 2}  # strict ones last


def hold(sides: Sides, supports: Mapping[str, Support]) -> Held:
    """Find the components that supports determine; collective."""
    count = 2 * (sides.owned + len(sides.nodes))
    state, given = np.full(count, FREE, dtype=np.int64), np.zeros(count)
    rows: dict[str, Ints] = {}
    signs: dict[str, float] = {}
    plates = sorted(name for name, support in supports.items() if support.kind == "plate")
    for name, support in sorted(supports.items(), key=lambda item: ORDER[item[1].kind]):
        axis, sign = face_normal(sides.domain, name)
        if support.kind == "tangential":
            axis, sign = 1 - axis, sign if axis == 0 else -sign
        on = 2 * _sides_on(sides, name)
        rows[name], signs[name] = on + axis, sign
        if support.kind == "clamped":
            every = np.concatenate([on, on + 1])
            state[every], given[every] = FIXED, 0.0
        elif support.kind in ("normal", "tangential"):
            state[rows[name]], given[rows[name]] = FIXED, sign * support.value
        elif support.kind == "plate":
            state[rows[name]] = PLATE + plates.index(name)
    if sides.domain.axisymmetric:
        x = sides.continuous.tabulate_dof_coordinates()[: sides.owned, 0]
        at = np.concatenate([x, sides.place])
        on_axis = np.flatnonzero(np.abs(at) < 1e-12 * sides.domain.mesh.geometry.x[:, 0].max())
        state[2 * on_axis], given[2 * on_axis] = FIXED, 0.0
    return Held(state, given, rows, signs, len(plates))


def _sides_on(sides: Sides, name: str) -> Ints:
    """The owned sides of nodes on a face: the node, or `owned` + number of the upper side."""
    layout = sides.continuous.dofmap.dof_layout
    closure = np.array([layout.entity_closure_dofs(1, facet) for facet in range(3)])
    pairs = facet_entities(sides.domain, name)
    cells, local = np.repeat(pairs[:, :1], 3, axis=1), closure[pairs[:, 1]]
    nodes, above = sides.cell_nodes[cells, local], sides.above[cells, local]
    below = _shared(sides.continuous, np.unique(nodes[~above]), 1.0)[: sides.owned] > 0.0
    over = _shared(sides.continuous, np.unique(nodes[above]), 1.0)[: sides.owned] > 0.0
    upper = sides.owned + np.flatnonzero(over[sides.nodes])
    return np.concatenate([np.flatnonzero(below), upper])


@dataclass(frozen=True)
class Unknowns:
    """From the unknowns y to the sides: u = T (P y + g), and where the jumps are in y.

    Attributes:
        to_sides: The matrix T P.
        given: T g at full load.
        jumps: P restricted to the jumps: rows are jump components of this rank.
        jumps_given: Jumps in g.
        column: Local number in y of every jump component, NO_SIDE where it is not free.
        node_column: The same of the components of the nodes.
    """

    to_sides: PETSc.Mat
    given: PETSc.Vec
    jumps: PETSc.Mat
    jumps_given: Floats
    column: Ints
    node_column: Ints


def unknowns(sides: Sides, held: Held, tied: bool = False) -> Unknowns:
    """Choose unknowns; collective.

    Args:
        sides: Of the nodes.
        held: By supports.
        tied: Whether all jumps are zero, as if everything were bonded.

    Raises:
        ValueError: The sides of one node hang on different plates.
    """
    comm, owned = sides.domain.comm, sides.owned
    low = 2 * sides.nodes[:, None] + np.arange(2)
    high = 2 * (owned + np.arange(len(sides.nodes)))[:, None] + np.arange(2)
    state, given = held.state[: 2 * owned].copy(), held.given[: 2 * owned].copy()
    below, over = held.state[low], held.state[high]
    turned = (below == FREE) & (over != FREE)  # then the side above is the one that is kept
    both = (below != FREE) & (over != FREE)
    if comm.allreduce(bool((both & (below != over)).any())):
        raise ValueError("one support for both sides of an interface where it ends, or none")
    jump_state = np.where(both, FIXED, FREE)
    jump_given = np.where(both & (below == FIXED), held.given[high] - held.given[low], 0.0)
    state[low[turned]], given[low[turned]] = over[turned], held.given[high[turned]]
    if tied:
        jump_state[:], jump_given[:] = FIXED, 0.0
    state = np.concatenate([state, jump_state.ravel()])
    given = np.where(state == FIXED, np.concatenate([given, jump_given.ravel()]), 0.0)
    extra = held.plates if comm.rank == 0 else 0
    free = np.flatnonzero(state == FREE)
    mine = extra + len(free)
    first = comm.scan(mine) - mine
    column = np.full(len(state), NO_SIDE, dtype=np.int64)
    column[free] = extra + np.arange(len(free))
    target = np.where(state == FREE, first + column, state)  # rank 0 owns the plates
    expansion = _rows(comm, (len(state), mine), state != FIXED, target)
    kept = _one_side(sides, turned)
    vector = kept.createVecRight()
    vector.array[:] = given
    moved = kept.createVecLeft()
    kept.mult(vector, moved)
    jumps = _rows(
        comm, (2 * len(sides.nodes), mine), jump_state.ravel() != FIXED, target[2 * owned :]
    )
    return Unknowns(
        kept.matMult(expansion), moved, jumps, given[2 * owned :], column[2 * owned :],
        column[: 2 * owned],
    )  # fmt: skip


def _rows(
    comm: object, shape: tuple[int, int], present: npt.NDArray[np.bool_], target: Ints
) -> PETSc.Mat:
    """A matrix with a one in those rows that are present, in a global column."""
    rows, mine = shape
    matrix = PETSc.Mat().createAIJ(
        ((rows, PETSc.DETERMINE), (mine, PETSc.DETERMINE)), nnz=(1, 1), comm=comm
    )
    pointer = np.concatenate([[0], np.cumsum(present)]).astype(PETSc.IntType)
    matrix.setValuesCSR(pointer, target[present].astype(PETSc.IntType), np.ones(pointer[-1]))
    matrix.assemble()
    return matrix


def _one_side(sides: Sides, turned: npt.NDArray[np.bool_]) -> PETSc.Mat:
    """The matrix T: from one side per node and the jumps to both sides."""
    comm, owned, number = sides.domain.comm, sides.owned, len(sides.nodes)
    count = 2 * (owned + number)
    first = comm.scan(count) - count
    low = (2 * sides.nodes[:, None] + np.arange(2)).ravel()
    jump = 2 * owned + np.arange(2 * number)
    kept = np.arange(count)
    kept[jump] = low  # what a side has besides the jump
    # a jump of every component, in the directions of the node
    of_row = np.repeat(jump.reshape(-1, 2), 2, axis=1)
    of_column = np.tile(jump.reshape(-1, 2), (1, 2))
    there = sides.frame.reshape(-1, 4) != 0.0
    below = np.repeat(turned, 2, axis=1)
    lower = np.repeat(low.reshape(-1, 2), 2, axis=1)
    rows = np.concatenate([np.arange(count), np.where(below, lower, of_row)[there]])
    columns = np.concatenate([kept, of_column[there]])
    share = np.where(below, -1.0, 1.0) * sides.frame.reshape(-1, 4)
    values = np.concatenate([np.ones(count), share[there]])
    order = np.lexsort((columns, rows))
    pointer = np.searchsorted(rows[order], np.arange(count + 1)).astype(PETSc.IntType)
    matrix = PETSc.Mat().createAIJ(
        ((count, PETSc.DETERMINE), (count, PETSc.DETERMINE)), nnz=(3, 0), comm=comm
    )
    matrix.setValuesCSR(pointer, (columns[order] + first).astype(PETSc.IntType), values[order])
    matrix.assemble()
    return matrix


# -- what jumps do ---------------------------------------------------------------------------------


def overlap(sides: Sides, broken: Break, normal: Floats) -> float:
    """Largest overlap at the nodes of an interface and half way between them, um; collective.

    Args:
        sides: The nodes.
        broken: The interface.
        normal: Openings of the owned nodes with two sides, um.
    """
    opening = _shared_from_owner(sides.continuous, sides.nodes, normal)
    layout = sides.continuous.dofmap.dof_layout
    closure = np.array([layout.entity_closure_dofs(1, facet) for facet in range(3)])
    pairs = lower_facets(sides.domain, broken)
    nodes = sides.cell_nodes[pairs[:, :1], closure[pairs[:, 1]]]
    least = float((opening[nodes] @ BETWEEN).min(initial=0.0))
    return 0.0 - min(float(sides.domain.comm.allreduce(least, op=MPI.MIN)), 0.0)


def of_pairs(blocks: Floats, comm: MPI.Intracomm) -> PETSc.Mat:
    """A matrix of the given blocks on its diagonal, shape (n, 2, 2) on this rank; collective."""
    count = 2 * len(blocks)
    matrix = PETSc.Mat().createAIJ(
        ((count, PETSc.DETERMINE), (count, PETSc.DETERMINE)), nnz=(2, 0), comm=comm
    )
    first, _ = matrix.getOwnershipRange()
    pointer = 2 * np.arange(count + 1, dtype=PETSc.IntType)
    pairs = first + 2 * (np.arange(count) // 2)
    columns = (pairs[:, None] + np.arange(2)).astype(PETSc.IntType)
    matrix.setValuesCSR(pointer, columns.ravel(), blocks.reshape(-1))
    matrix.assemble()
    return matrix
