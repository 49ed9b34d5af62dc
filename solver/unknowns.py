"""The unknowns of charge and salt: which function has one at which node, and which of them are one.

The potential is quadratic, one copy per side of a jump (`solver.copies`); every other function has
unknowns on the nodes of its regions or faces alone. A map from the nodes of the mesh to the
unknowns (-1: none) stands for 0/1 matrices: nothing is stored where a field is not. Scalars are on
the first rank.

Currents into an electrode have one function per side of an interface with a law that ends there:
they may jump at the end, and each side is held at the potential of the electrode by itself.

Where the current goes round through the sides of a cell (`solver.facing`), the values x at a node
and at its images a period away are one. With E the 0/1 matrix that gives all of them the value of
the first, the leader, the equations F(x) = 0 become

    E^T F(x) + s (x - E x) = 0,     with the Jacobian     E^T (dF/dx) E + s (1 - E):

the equations of all images are added up in the row of the leader, and the row of every other image
says that it is alike (s: a typical size). Matrices are assembled with the numbers of the leaders,
which is all that E takes there. What a law needs from beyond a side is there as well: fields of a
region have values at the images of its nodes.
"""

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt
from dolfinx import fem
from mpi4py import MPI
from petsc4py import PETSc

from solver import schema
from solver.copies import Copies, build_copies, of_images, tie_of
from solver.deposit import platings
from solver.domain import Domain, facet_entities, facets_of, region_of_cells
from solver.face_contact import voids_of
from solver.march_fields import Field, Ints, Row, Side
from solver.march_schema import BinaryElectrolyte
from solver.march_stress import stress_of
from solver.model import Contact, Model
from solver.periodic import all_of
from solver.region_schema import Alloy, MixedConductor
from solver.salt import groups_of

Numbers = npt.NDArray[np.int64]


class Unknowns:
    """The spaces of one mesh and their unknowns."""

    def __init__(self, case: schema.Case, model: Model, domain: Domain) -> None:
        """Number the unknowns; collective."""
        self.case, self.model, self.domain = case, model, domain
        self.comm: MPI.Intracomm = domain.comm
        regions = {name: case.regions[name] for name in domain.built.regions}
        self.binary = {n: r for n, r in regions.items() if isinstance(r, BinaryElectrolyte)}
        self.alloys = {n: r for n, r in regions.items() if isinstance(r, Alloy)}
        self.mixed = {n: r for n, r in regions.items() if isinstance(r, MixedConductor)}
        self.ionic = [name for name in regions if name not in self.alloys]
        self.copies: Copies = build_copies(domain, model)
        self.space = self.copies.space
        self.owned = self.space.dofmap.index_map.size_local
        self.groups, self.platings = groups_of(domain, self.binary), platings(case)
        self.stress = stress_of(case, domain)
        self.touched = {contact.name for contact in model.contacts}
        self.moving = [n for n, law in self.platings.items() if law.moves and n in self.touched]
        self._tie = tie_of(domain, self.space)
        self._fields()

    def face_pairs(self, contact: Contact, inside: list[str] | None = None) -> Ints:
        """(cell, local facet) pairs of a contact, seen from the conductors of ions before it."""
        if not contact.faces:
            return facet_entities(self.domain, contact.name, inside or ())
        names = self.ionic if inside is None else inside
        return np.vstack([facet_entities(self.domain, face, names) for face in contact.faces])

    def pairs_by_label(self, contact: Contact) -> dict[int, Ints]:
        """Those pairs by the label of the potential there, of labels that it has on any rank."""
        labels = self.copies.labels
        found: dict[int, Ints] = {}
        for label in sorted(set(labels.values())):
            inside = [name for name in self.ionic if labels[name] == label]
            pairs = self.face_pairs(contact, inside) if inside else np.zeros((0, 2), np.int32)
            if self.comm.allreduce(len(pairs)) > 0:
                found[label] = pairs
        return found

    def _fields(self) -> None:
        domain, space = self.domain, self.space
        tdim = domain.mesh.topology.dim
        region = region_of_cells(domain)
        fields: list[Field] = []

        def add(name: str, nodes: Ints, unknowns: Ints) -> None:
            value, rate = fem.Function(space, name=name), fem.Function(space, name=f"d{name}")
            fields.append(Field(name, value, rate, nodes, unknowns))

        def inside(names: Iterable[str]) -> Ints:
            tags = [domain.built.regions[name] for name in names]
            return self._nodes(np.flatnonzero(np.isin(region, tags)).astype(np.int32), tdim)

        labels, count = self.copies.labels, len(self.copies.gather)
        of_ions = [  # none within alloys
            self.with_images(inside(n for n in self.ionic if labels[n] == label))
            for label in range(count)
        ]
        start = 0
        glued: dict[int, tuple[int, Numbers]] = {}  # by field: the first of those alike, and behind

        def add_glued(named: Mapping[str, int], at: list[Ints]) -> int:
            """Functions of copies of the potential, by label, which are one where these are."""
            behind = [self.copies.behind(k)[n] for k, n in zip(named.values(), at, strict=True)]
            # copies that are glued at a node have one unknown there, its images each their own
            at_node = np.concatenate(at).astype(np.int64) * (self.copies.size[1] + 1)
            different, number = np.unique(at_node + np.concatenate(behind), return_inverse=True)
            parts = np.split(number.astype(np.int32), np.cumsum([len(nodes) for nodes in at])[:-1])
            first = len(fields)
            for name, nodes, part, names in zip(named, at, parts, behind, strict=True):
                glued[len(fields)] = first, names
                add(name, nodes, np.int32(start) + part)
            return start + len(different)

        start = add_glued({f"phi_{label}": label for label in range(count)}, of_ions)
        for name, members in (
            ("u", self.binary), ("a", self.binary if self.moving else {}), ("x", self.alloys),
            ("e", self.mixed), ("y", self.mixed),
        ):  # fmt: skip
            nodes = self.with_images(inside(members))
            if members or name == "u":
                add(name, nodes, start + np.arange(len(nodes), dtype=np.int32))
                start += len(nodes)
        sides: list[Side] = []
        for contact in self.model.contacts:
            pairs = self.pairs_by_label(contact)
            named = {f"z_{contact.name}" + f"@{k}" * (n > 0): k for n, k in enumerate(pairs)}
            start = add_glued(
                named, [self._nodes(facets_of(domain, p), tdim - 1) for p in pairs.values()]
            )
            of_sides = zip(named.values(), fields[-len(named) :], strict=True)
            sides += [Side(contact, label, field) for label, field in of_sides]
        everywhere = np.arange(self.owned, dtype=np.int32)
        of_body = {} if self.stress is None else self.stress.fields
        for name in self._further():
            face = name.partition("_")[2] if name[0] in "cghpv" else ""
            facets = facets_of(domain, facet_entities(domain, face))
            nodes = self._nodes(facets, tdim - 1) if face else everywhere
            nodes = inside(of_body[name]) if name in of_body else nodes
            add(name, nodes, start + np.arange(len(nodes), dtype=np.int32))
            start += len(nodes)
        self.fields = tuple(fields)
        self.first_scalar = start
        terminals = len(self.model.terminals)
        plates = 0 if self.stress is None else len(self.stress.ways)
        self.scalars = terminals + 1 + len(self.groups) + plates  # E, Q, sources, ways of plates
        self.local = start + (self.scalars if self.comm.rank == 0 else 0)
        before = self.comm.exscan(self.local) or 0
        self.offset = int(before)
        self.scalar_rows = int(self.comm.bcast(start)) + np.arange(self.scalars, dtype=np.int32)
        self.leaders, self._images = self._tied(fields, glued)
        self.globals = {field.name: self._global_map(field) for field in fields}
        self.salt = next(field for field in fields if field.name == "u")
        self.amount = next((field for field in fields if field.name == "a"), self.salt)
        self.phi = tuple(f for f in fields if f.name.startswith("phi_"))
        self.collector = next((c.terminal for c in self.model.contacts if c.electronic), 0)
        self.z = tuple(sides)
        self.stored, self.electrons, self.inner = (
            tuple(f for f in fields if f.name == name) for name in "xey"
        )
        self.further = {f.name: f for f in fields if f.name in self._further()}
        self.rows = [Row(field.name, field.nodes, field.unknowns) for field in fields]

    def _further(self) -> tuple[str, ...]:
        """Growth of faces, displacement of the mesh, elastic bodies and the pressure on a face."""
        found = [f"h_{name}" for name in self.platings if name in self.touched]
        n = self.domain.mesh.geometry.dim
        found += [f"g_{name}" for name in self.moving]
        found += [f"d_{i}" for i in range(n)] if self.moving else []
        for name, law in self.platings.items():
            if law.backing is not None:
                found += [*(f"{body}_{i}" for body in "sw" for i in range(2)), f"p_{name}"]
            found += [f"c_{name}"] if law.surface_tension > 0.0 and name in self.touched else []
        found += [] if self.stress is None else list(self.stress.fields)
        return (*found, *(f"v_{name}" for name in voids_of(self.case) if name in self.touched))

    def _nodes(self, entities: Ints, dimension: int) -> Ints:
        found = fem.locate_dofs_topological(self.space, dimension, entities, remote=True)
        nodes: Ints = np.unique(np.asarray(found)[found < self.owned]).astype(np.int32)
        return nodes

    def nodes_of_face(self, name: str) -> Ints:
        """All local nodes of a face, those of other ranks among them."""
        mine = fem.Function(self.space)
        facets = facets_of(self.domain, facet_entities(self.domain, name))
        mine.x.array[self._nodes(facets, self.domain.mesh.topology.dim - 1)] = 1.0
        mine.x.scatter_forward()
        return np.flatnonzero(mine.x.array).astype(np.int32)

    def _global_map(self, field: Field | Row) -> npt.NDArray[np.int32]:
        """Global unknown of every local node of the space, -1 where there is none."""
        numbers = fem.Function(self.space)
        numbers.x.array[:] = -1.0
        numbers.x.array[field.nodes] = self.leaders[field.unknowns]
        numbers.x.scatter_forward()
        found: npt.NDArray[np.int32] = np.array(numbers.x.array, dtype=np.int32)
        return found

    # -- sides that the current goes round ---------------------------------------------------------

    def with_images(self, nodes: Ints) -> Ints:
        """Owned nodes, and those a period away from one of any rank; collective."""
        if self._tie is None:
            return nodes
        marks = np.zeros(self.owned, dtype=bool)
        marks[nodes] = True
        together, at_nodes = self._tie.createVecs()
        together.array[:] = of_images(self._tie, marks)
        self._tie.mult(together, at_nodes)
        return np.flatnonzero(at_nodes.array_r > 0.5).astype(np.int32)

    def _tied(
        self, fields: list[Field], glued: Mapping[int, tuple[int, Numbers]]
    ) -> tuple[Numbers, PETSc.Mat | None]:
        """Global leader of every unknown, and the matrix E if there are others; collective."""
        leaders = self.offset + np.arange(self.local, dtype=np.int64)
        if self._tie is None:
            return leaders, None
        together, at_nodes = self._tie.createVecs()
        at_nodes.set(1.0)
        self._tie.multTranspose(at_nodes, together)
        self._tie.mult(together, at_nodes)
        alike = at_nodes.array_r > 1.5
        of_node = self._tie.getValuesCSR()[1]
        kinds: list[Numbers] = []
        for number, field in enumerate(fields):
            kind, name = glued.get(number, (number, of_node[field.nodes]))
            rows = np.column_stack([np.full(len(name), kind), name, field.unknowns])
            kinds.append(rows[alike[field.nodes]])
        mine = np.concatenate(kinds)
        first = int(self.comm.exscan(len(mine)) or 0)
        unknowns = mine[:, 2].astype(np.int64)
        mine[:, 2] += self.offset
        listed = all_of(self.comm, mine.astype(np.float64)).astype(np.int64)
        _, place = np.unique(listed[:, :2], axis=0, return_inverse=True)
        place = place.ravel()
        leader = np.full(len(listed), np.iinfo(np.int64).max)
        np.minimum.at(leader, place, listed[:, 2])
        leaders[unknowns] = leader[place[first : first + len(mine)]]
        sizes = (self.local, PETSc.DECIDE)
        matrix = PETSc.Mat().createAIJ((sizes, sizes), nnz=(1, 1), comm=self.comm)
        pointer = np.arange(self.local + 1, dtype=PETSc.IntType)
        matrix.setValuesCSR(pointer, leaders.astype(PETSc.IntType), np.ones(self.local))
        matrix.assemble()
        return leaders, matrix

    def made_alike(self, x: PETSc.Vec) -> PETSc.Vec:
        """E x."""
        if self._images is None:
            return x
        found = x.duplicate()
        self._images.mult(x, found)
        return found

    def sum_images(self, x: PETSc.Vec, size: float, out: PETSc.Vec) -> None:
        """From F in `out` to E^T F + size (x - E x)."""
        if self._images is None:
            return
        summed = out.duplicate()
        self._images.multTranspose(out, summed)
        self._images.mult(x, out)
        out.aypx(-1.0, x)
        out.scale(size)
        out.axpy(1.0, summed)

    def add_followers(self, size: float, out: PETSc.Mat) -> None:
        """Adds size (1 - E) to a matrix."""
        if self._images is None:
            return
        own = self.offset + np.arange(self.local, dtype=np.int64)
        follows = self.leaders != own
        pointer = np.concatenate([[0], np.cumsum(2 * follows)]).astype(PETSc.IntType)
        columns = np.column_stack([own, self.leaders])[follows].ravel().astype(PETSc.IntType)
        values = np.tile([size, -size], int(follows.sum()))
        out.setValuesCSR(pointer, columns, values, PETSc.InsertMode.ADD_VALUES)

    # -- the algebra -------------------------------------------------------------------------------

    def vector(self) -> PETSc.Vec:
        """Zero unknowns."""
        found = PETSc.Vec().createMPI((self.local, PETSc.DECIDE), comm=self.comm)
        found.set(0.0)
        return found

    def empty_matrix(self) -> PETSc.Mat:
        """Of the sizes of the unknowns; entries come with the first Jacobian."""
        sizes = (self.local, PETSc.DECIDE)
        matrix = PETSc.Mat().create(comm=self.comm)
        matrix.setSizes((sizes, sizes))
        matrix.setType("aij")
        matrix.setUp()
        return matrix
