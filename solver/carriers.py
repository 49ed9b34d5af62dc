"""The discrete problem of charge and salt: unknowns, residual, Jacobian, all from one set of forms.

Unknowns are the potential phi (quadratic, one copy per side of a jump, see `solver.copies`), the
concentration u on the nodes of binary electrolytes alone, z on the nodes of every electrode
(`solver.kinetics`), and scalars on the first rank: the potential E of every terminal, the charge Q
that has passed through the driven one, and a source of salt per electrolyte that fixes its amount
where nothing changes in time. A map from the nodes of the mesh to the unknowns (-1: none) stands
for the 0/1 matrices of `solver.copies`: nothing is stored where a field is not. With i_in the
current density from metal into the domain, i its sum of conduction and, where a region has a
relative permittivity e, displacement -e e0 grad(dphi/dt):

    -int i.grad(v) - int_contacts i_in v + int_jumps (phi_a - phi_b)/rho (v_a - v_b) = 0
    int eps F c_ref du/dt v - int F N-.grad(v) + source int v = 0
    int (E - phi - shift - eta(z) - rho i_in(z)) w = 0                      on every contact
    E = given, or int i_in = given;      dQ/dt = int i_in of the driven terminal

Growth h of faces (`solver.deposit`), the displacement d of a mesh that moves (`solver.moving`) and
elastic bodies at a face (`solver.misfit`) are further unknowns where a case asks for them.
Jacobians are derivatives of these forms, shifted by the method in time: dF/dx + a dF/d(dx/dt).
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
import numpy.typing as npt
import ufl
from dolfinx import fem, mesh
from dolfinx.fem import petsc as fem_petsc
from mpi4py import MPI
from petsc4py import PETSc
from ufl.core.expr import Expr

from solver import schema
from solver.copies import Copies, build_copies
from solver.deposit import charge_per_volume, growth_row, platings
from solver.domain import (
    Domain,
    facet_entities,
    facet_measure,
    facets_of,
    node_positions,
    refine_cells,
    region_of_cells,
    regions_at,
)
from solver.electrolyte import fluxes
from solver.further import further_equations, motion_of
from solver.kinetics import reaction, shift_of
from solver.march_schema import BinaryElectrolyte, Programme
from solver.model import Contact, Model
from solver.moving import gradient
from solver.transport import volume_weight
from solver.units import FARADAY, GAS_CONSTANT, VACUUM_PERMITTIVITY

Adder = Callable[[str, ufl.Form], None]
Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Field:
    """One of the functions behind the unknowns.

    Attributes:
        name: phi_<label>, u, or z_<contact>.
        value: Nodal values.
        rate: Of their change in time.
        nodes: Owned nodes that have an unknown.
        unknowns: Local index of the unknown of each of them.
    """

    name: str
    value: fem.Function
    rate: fem.Function
    nodes: Ints
    unknowns: Ints


@dataclass(frozen=True)
class Row:
    """Equations: a name of their form, the owned nodes that they are tested on, their unknowns."""

    name: str
    nodes: Ints
    unknowns: Ints


class Carriers:
    """Spaces, forms and matrices on one mesh."""

    def __init__(self, case: schema.Case, model: Model, domain: Domain) -> None:
        """Number the unknowns and compile the forms; collective."""
        self.case, self.model, self.domain = case, model, domain
        self.comm: MPI.Intracomm = domain.comm
        self.programme = case.programme or Programme()
        self.thermal = GAS_CONSTANT * self.programme.temperature / FARADAY
        regions = {name: case.regions[name] for name in domain.built.regions}
        self.binary = {n: r for n, r in regions.items() if isinstance(r, BinaryElectrolyte)}
        self.reference = max((r.concentration for r in self.binary.values()), default=1.0)
        self.copies: Copies = build_copies(domain, model)
        self.space = self.copies.space
        self.owned = self.space.dofmap.index_map.size_local
        self.groups = self._groups()
        self.platings = platings(case)
        self._scales()
        self._fields()
        self._forms()

    # -- set-up ------------------------------------------------------------------------------------

    def _groups(self) -> tuple[tuple[str, ...], ...]:
        """Binary regions that share salt."""
        group = {name: {name} for name in self.binary}
        for interface in self.domain.built.interfaces:
            sides = [n for n in regions_at(self.domain, interface) if n in self.binary]
            if len(sides) == 2 and group[sides[0]] is not group[sides[1]]:
                joined = group[sides[0]] | group[sides[1]]
                for name in joined:
                    group[name] = joined
        found: list[tuple[str, ...]] = []
        for members in group.values():
            if tuple(sorted(members)) not in found:
                found.append(tuple(sorted(members)))
        return tuple(found)

    def _scales(self) -> None:
        """A typical conductance per area, and the area of the contacts."""
        self.area = {c.name: self._face_area(c) for c in self.model.contacts}
        dx = ufl.Measure("dx", domain=self.domain.mesh)
        one = fem.Constant(self.domain.mesh, np.float64(1.0))
        weight = volume_weight(self.domain)
        volume = self._sum(weight * one * dx)
        typical = max(self.model.conductivity.values())
        self.conductance = typical * max(self.area.values()) / volume
        self.charge_unit = FARADAY * self.reference * volume  # keeps its unknown near one, pC
        self.scale = self.conductance * self.thermal * max(self.area.values())
        self.room = {name: volume / area for name, area in self.area.items()}

    def _face_area(self, contact: Contact) -> float:
        measure = facet_measure(self.domain, {0: facet_entities(self.domain, contact.name)})
        one = fem.Constant(self.domain.mesh, np.float64(1.0))
        return self._sum(volume_weight(self.domain) * one * measure(0))

    def _sum(self, form: ufl.Form) -> float:
        return float(self.comm.allreduce(fem.assemble_scalar(fem.form(form))))

    def _fields(self) -> None:
        domain, space = self.domain, self.space
        tdim = domain.mesh.topology.dim
        region = region_of_cells(domain)
        fields: list[Field] = []

        def add(name: str, nodes: Ints, unknowns: Ints) -> None:
            value, rate = fem.Function(space, name=name), fem.Function(space, name=f"d{name}")
            fields.append(Field(name, value, rate, nodes, unknowns))

        start = self.copies.size[0]
        for label in range(len(self.copies.gather)):
            tags = [domain.built.regions[n] for n, v in self.copies.labels.items() if v == label]
            nodes = self._nodes(np.flatnonzero(np.isin(region, tags)).astype(np.int32), tdim)
            add(f"phi_{label}", nodes, self.copies.unknown[label, nodes])
        tags = [domain.built.regions[name] for name in self.binary]
        nodes = self._nodes(np.flatnonzero(np.isin(region, tags)).astype(np.int32), tdim)
        add("u", nodes, start + np.arange(len(nodes), dtype=np.int32))
        start += len(nodes)
        for contact in self.model.contacts:
            facets = facets_of(domain, facet_entities(domain, contact.name))
            nodes = self._nodes(facets, tdim - 1)
            add(f"z_{contact.name}", nodes, start + np.arange(len(nodes), dtype=np.int32))
            start += len(nodes)
        everywhere = np.arange(self.owned, dtype=np.int32)
        for name in self._further():
            face = name.partition("_")[2] if name[0] in "ghp" else ""
            facets = facets_of(domain, facet_entities(domain, face))
            nodes = self._nodes(facets, tdim - 1) if face else everywhere
            add(name, nodes, start + np.arange(len(nodes), dtype=np.int32))
            start += len(nodes)
        self.fields = tuple(fields)
        self.first_scalar = start
        terminals = len(self.model.terminals)
        self.scalars = terminals + 1 + len(self.groups)  # E, Q, sources
        self.local = start + (self.scalars if self.comm.rank == 0 else 0)
        before = self.comm.exscan(self.local) or 0
        self.offset = int(before)
        self.scalar_rows = int(self.comm.bcast(start)) + np.arange(self.scalars, dtype=np.int32)
        self.globals = {field.name: self._global_map(field) for field in fields}
        self.salt = next(field for field in fields if field.name == "u")
        self.phi = tuple(f for f in fields if f.name.startswith("phi_"))
        self.z = tuple(f for f in fields if f.name.startswith("z_"))
        self.further = {f.name: f for f in fields if f.name in self._further()}
        self.rows = [Row(field.name, field.nodes, field.unknowns) for field in fields]

    def _further(self) -> tuple[str, ...]:
        """Growth of faces, displacement of the mesh, elastic bodies and the pressure on a face."""
        found = [f"h_{name}" for name in self.platings if name in self.area]
        n = self.domain.mesh.geometry.dim
        moving = [name for name, law in self.platings.items() if law.moves and name in self.area]
        found += [f"g_{name}" for name in moving]
        found += [f"d_{i}" for i in range(n)] if moving else []
        for name, law in self.platings.items():
            if law.backing is not None:
                found += [*(f"{body}_{i}" for body in "sw" for i in range(2)), f"p_{name}"]
        return tuple(found)

    def _nodes(self, entities: Ints, dimension: int) -> Ints:
        found = fem.locate_dofs_topological(self.space, dimension, entities, remote=True)
        nodes: Ints = np.unique(np.asarray(found)[found < self.owned]).astype(np.int32)
        return nodes

    def _global_map(self, field: Field | Row) -> npt.NDArray[np.int32]:
        """Global unknown of every local node of the space, -1 where there is none."""
        numbers = fem.Function(self.space)
        numbers.x.array[:] = -1.0
        numbers.x.array[field.nodes] = field.unknowns + self.offset
        numbers.x.scatter_forward()
        found: npt.NDArray[np.int32] = np.array(numbers.x.array, dtype=np.int32)
        return found

    def _forms(self) -> None:
        msh, weight = self.domain.mesh, volume_weight(self.domain)
        v = ufl.TestFunction(self.space)
        self.test = v
        self.shift = self._constant(0.0)  # of the method in time: a in dF/dx + a dF/d(dx/dt)
        thermal, reference = self._constant(self.thermal), self._constant(self.reference)
        dx = ufl.Measure("dx", domain=msh, subdomain_data=self.domain.cell_tags)
        u, du = self.salt.value, self.salt.rate
        faraday = self._constant(FARADAY)
        forms: dict[str, ufl.Form | None] = {field.name: None for field in self.fields}

        def add(name: str, form: ufl.Form) -> None:
            there = forms.get(name)
            forms[name] = form if there is None else there + form

        tags = self.domain.built.regions
        self.current_of: dict[str, Expr] = {}
        self.permittivity: list[fem.Constant] = []
        self.motion = motion_of(self.domain, self.further)
        back, volume = self.motion, weight * self.motion.volume
        for name in tags:
            phi = self.phi[self.copies.labels[name]]
            law = self.case.regions[name]
            if isinstance(law, BinaryElectrolyte):
                flow = fluxes(law, phi.value, u, reference, thermal, msh)
                porosity = self._constant(law.porosity)
                store = weight * porosity * faraday * reference * du * v * dx(tags[name])
                add("u", store - weight * ufl.inner(flow.anion, ufl.grad(v)) * dx(tags[name]))
                self.current_of[name] = flow.current
            else:
                kappa = self._constant(self.model.conductivity[name])
                self.current_of[name] = -kappa * gradient(back, phi.value)
            through = self.current_of[name]
            if isinstance(law, BinaryElectrolyte | schema.IonicConductor):
                if law.relative_permittivity > 0.0:
                    epsilon = self._constant(law.relative_permittivity * VACUUM_PERMITTIVITY)
                    self.permittivity.append(epsilon)
                    through = through - epsilon * gradient(back, phi.rate)
            flow_out = ufl.inner(through, gradient(back, v))
            add(phi.name, -volume * flow_out * dx(tags[name]))
        self._measure_faces()
        self._contact_forms(add, thermal)
        self._jump_forms(add)
        self._further_forms(add, dx)
        self.residuals = {n: fem.form(form) for n, form in forms.items() if form is not None}
        self.jacobians: list[tuple[str, str, Any]] = []
        for name, form in forms.items():
            for field in self.fields if form is not None else ():
                slope = _expanded(ufl.derivative(form, field.value))
                rate = _expanded(ufl.derivative(form, field.rate))
                total = slope if rate.empty() else slope + self.shift * rate
                if not total.empty():
                    self.jacobians.append((name, field.name, fem.form(total)))
        self._salt_rows(dx, weight)

    def _further_forms(self, add: Adder, dx: ufl.Measure) -> None:
        """Displacement of the mesh, elastic bodies: inner equations on nodes that nothing holds."""
        equations = further_equations(self.domain, self.platings, self.further, self.test, dx)
        size = self.scale / max(self.area.values())
        for equation in equations:
            field = self.further[equation.of]
            if equation.form is not None:
                add(equation.of, self._constant(size) * equation.form)
            if equation.inner is None:
                continue
            name = f"inner {equation.of}"
            held = np.isin(
                field.nodes, self._nodes(equation.held, self.domain.mesh.topology.dim - 1)
            )
            row = Row(name, field.nodes[~held], field.unknowns[~held])
            self.rows.append(row)
            self.globals[name] = self._global_map(row)
            add(name, self._constant(size) * equation.inner)

    def _constant(self, value: float) -> fem.Constant:
        return fem.Constant(self.domain.mesh, np.float64(value))

    def _measure_faces(self) -> None:
        """One measure for the faces of all contacts and jumps: forms may have no two."""
        labels = self.copies.labels
        entities: dict[int, Ints] = {}
        self.face_id: dict[tuple[str, int], int] = {}
        self.jump_id: dict[str, int] = {}
        for contact in self.model.contacts:
            for label in sorted(set(labels.values())):
                inside = [name for name, value in labels.items() if value == label]
                pairs = facet_entities(self.domain, contact.name, inside)
                if self.comm.allreduce(len(pairs)) > 0:
                    self.face_id[contact.name, label] = len(entities)
                    entities[len(entities)] = pairs
        for name in self.model.jumps:
            one, _ = regions_at(self.domain, name)
            self.jump_id[name] = len(entities)
            entities[len(entities)] = facet_entities(self.domain, name, [one])
        self.ds = facet_measure(self.domain, entities)

    def _contact_forms(self, add: Adder, thermal: fem.Constant) -> None:
        """Electrodes: current in, the equation of the face, and what couples them to scalars."""
        weight, v = volume_weight(self.domain), self.test
        labels = self.copies.labels
        g = self._constant(self.conductance)
        self.applied = [self._constant(0.0) for _ in self.model.terminals]
        self.inward: dict[str, fem.Form] = {}
        self.row_of: dict[str, fem.Form] = {}
        self.moved_row_of: list[tuple[Contact, Field, fem.Form]] = []
        self.face_load: dict[str, PETSc.Vec] = {}
        for contact, z in zip(self.model.contacts, self.z, strict=True):
            condition = self.case.boundaries[contact.name]
            law = condition.kinetics if isinstance(condition, schema.Electrode) else None
            scale = self.conductance * self.thermal
            i0 = self._constant(scale if law is None else law.exchange_current_density)
            alpha = self._constant(0.5 if law is None else law.transfer_coefficient)
            variable = ufl.variable(z.value)
            eta, rate = reaction(law, variable, i0, alpha, thermal)
            faradaic = rate
            if law is not None and law.capacitance > 0.0:
                rate = rate + self._constant(law.capacitance) * ufl.diff(eta, variable) * z.rate
            rho = self._constant(contact.resistance + contact.series)
            shift = self._constant(shift_of(law)) + self._pressed(contact.name)
            area = self.motion.area
            held = self.applied[contact.terminal]
            whole: ufl.Form | None = None
            face: ufl.Form | None = None
            for label in sorted(set(labels.values())):
                if (contact.name, label) not in self.face_id:
                    continue
                phi, ds = self.phi[label], self.ds(self.face_id[contact.name, label])
                add(phi.name, -weight * area * rate * v * ds)
                if contact.name in self.platings:
                    h = self.further[f"h_{contact.name}"]
                    share = self._constant(charge_per_volume(self.platings[contact.name]))
                    flows = (weight * share, h.rate, weight * faradaic)
                    add(h.name, growth_row(*flows, area, v, ds))
                    if f"g_{contact.name}" in self.further:
                        way = self.further[f"g_{contact.name}"]
                        flows = (weight * share * self.motion.shadow, way.rate, weight * faradaic)
                        add(way.name, growth_row(*flows, area, v, ds))
                drop = held - phi.value - shift - eta - rho * rate
                add(z.name, g * weight * drop * v * ds)
                flow = weight * area * rate * ds
                whole = flow if whole is None else whole + flow
                face = g * weight * v * ds if face is None else face + g * weight * v * ds
            self.inward[contact.name] = fem.form(whole)
            slope = _expanded(ufl.derivative(whole, z.value, v))
            change = _expanded(ufl.derivative(whole, z.rate, v))
            total = slope if change.empty() else slope + self.shift * change
            self.row_of[contact.name] = fem.form(total)
            for name, field in self.further.items():
                slope = _expanded(ufl.derivative(whole, field.value, v))
                if name.startswith("d_") and not slope.empty():
                    self.moved_row_of.append((contact, field, fem.form(slope)))
            self.face_load[contact.name] = self._vector(fem.form(face))

    def _pressed(self, name: str) -> Expr | float:
        """Shift of the equilibrium potential by the pressure that growth makes, V."""
        law = self.platings.get(name)
        if law is None or law.backing is None:
            return 0.0
        unit = law.molar_volume * law.backing.electrolyte_modulus / FARADAY
        return -self._constant(unit) * self.further[f"p_{name}"].value

    def _jump_forms(self, add: Adder) -> None:
        weight, v = volume_weight(self.domain) * self.motion.area, self.test
        for name, rho in self.model.jumps.items():
            if rho == inf:
                continue
            one, other = regions_at(self.domain, name)
            a, b = (self.phi[self.copies.labels[side]] for side in (one, other))
            ds = self.ds(self.jump_id[name])
            through = (a.value - b.value) / self._constant(rho)
            add(a.name, weight * through * v * ds)
            add(b.name, -weight * through * v * ds)

    def _salt_rows(self, dx: ufl.Measure, weight: Expr | float) -> None:
        """Of every group of electrolytes: int v, and int eps F c_ref v, which is its salt."""
        tags = self.domain.built.regions
        self.source_load, self.salt_load, self.salt_at_start = [], [], []
        for members in self.groups:
            cells = tuple(tags[name] for name in members)
            one = self._constant(1.0)
            self.source_load.append(self._vector(fem.form(weight * one * self.test * dx(cells))))
            form: ufl.Form | None = None
            start = 0.0
            for name in members:
                law = self.binary[name]
                share = self._constant(FARADAY * self.reference * law.porosity)
                term = weight * share * self.test * dx(tags[name])
                form = term if form is None else form + term
                volume = self._sum(weight * one * dx(tags[name]))
                start += FARADAY * law.concentration * law.porosity * volume
            self.salt_load.append(self._vector(fem.form(form)))
            self.salt_at_start.append(start)

    def _vector(self, form: fem.Form) -> PETSc.Vec:
        vector = fem_petsc.assemble_vector(form)
        vector.ghostUpdate(PETSc.InsertMode.ADD, PETSc.ScatterMode.REVERSE)
        return vector


def _expanded(form: ufl.Form) -> ufl.Form:
    return ufl.algorithms.expand_derivatives(form)


def refined_at(domain: Domain, faces: tuple[str, ...], size: float, most: int) -> Domain:
    """Bisect cells at faces until their edges there are no longer than a size (um).

    Args:
        domain: The first mesh.
        faces: Names of boundaries and interfaces.
        size: Of the longest edge of a facet.
        most: Passes at most.
    """
    for _ in range(most):
        pairs = np.vstack([facet_entities(domain, name) for name in faces])
        facets = facets_of(domain, pairs)
        nodes = mesh.entities_to_geometry(domain.mesh, domain.mesh.topology.dim - 1, facets)
        ends = node_positions(domain.mesh)[nodes]
        lengths = np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1)
        longest = domain.comm.allreduce(float(lengths.max(initial=0.0)), op=MPI.MAX)
        if longest <= size:
            return domain
        domain = refine_cells(domain, np.unique(pairs[:, 0]).astype(np.int32))
    return domain
