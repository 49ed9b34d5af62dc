"""The discrete problem of charge and salt: unknowns, residual, Jacobian, all from one set of forms.

Unknowns are the potential phi (quadratic, one copy per side of a jump, see `solver.copies`), the
concentration u on the nodes of binary electrolytes alone, z on the nodes of every electrode
(`solver.kinetics`), in alloys the fraction x of lithium in place of a potential (`solver.alloy`),
in mixed conductors the potential e of electrons and the reaction y (`solver.mixed_conductor`), each
on the nodes of its regions alone, and scalars on the first rank: the potential E of every terminal,
the charge Q that has passed through the driven one, and a source of salt per electrolyte that fixes
its amount where nothing changes in time. A map from the nodes of the mesh to the unknowns (-1:
none) stands for the 0/1 matrices of `solver.copies`: nothing is stored where a field is not. With
i_in the current density from metal into the domain, i its sum of conduction and, where a region has
a relative permittivity e, displacement -e e0 grad(dphi/dt):

    -int i.grad(v) - int_contacts i_in v + int_jumps (phi_a - phi_b)/rho (v_a - v_b) = 0
    int eps F c_ref du/dt v - int F N-.grad(v) + source int v = 0
    int (E - phi - shift - eta(z) - rho i_in(z)) w = 0                      on every contact
    E = given, or int i_in = given;      dQ/dt = int i_in of the driven terminal

Growth h of faces (`solver.deposit`), the displacement d of a mesh that moves (`solver.moving`),
elastic bodies at a face (`solver.misfit`) and the displacement q of the body and its stress in
alloys (`solver.march_stress`) are further unknowns where a case asks for them.
Jacobians are derivatives of these forms, shifted by the method in time: dF/dx + a dF/d(dx/dt).
"""

from collections.abc import Iterable
from math import inf
from typing import Any

import numpy as np
import numpy.typing as npt
import ufl
from dolfinx import fem
from mpi4py import MPI
from petsc4py import PETSc
from ufl.core.expr import Expr

from solver import alloy, schema
from solver.copies import Copies, build_copies
from solver.deposit import charge_per_volume, platings
from solver.domain import (
    Domain,
    facet_entities,
    facet_measure,
    facets_of,
    region_of_cells,
    regions_at,
)
from solver.electrolyte import fluxes
from solver.face_contact import Touch, voids_of
from solver.further import further_equations, growth_rows, motion_of, pressure_shift
from solver.kinetics import reaction, shift_of
from solver.march_fields import Adder, Field, Ints, Row
from solver.march_schema import BinaryElectrolyte, Programme
from solver.march_stress import Plate, stress_of
from solver.mixed_conductor import mixed_forms
from solver.model import Contact, Model
from solver.moving import Way, gradient, ways
from solver.region_schema import Alloy, MixedConductor
from solver.salt import assembled, groups_of, integral, salt_forms, salt_of
from solver.transport import volume_weight
from solver.units import FARADAY, GAS_CONSTANT, VACUUM_PERMITTIVITY


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
        self.alloys = {n: r for n, r in regions.items() if isinstance(r, Alloy)}
        self.mixed = {n: r for n, r in regions.items() if isinstance(r, MixedConductor)}
        self.ionic = [name for name in regions if name not in self.alloys]
        self.reference = max((r.concentration for r in self.binary.values()), default=1.0)
        self.copies: Copies = build_copies(domain, model)
        self.space = self.copies.space
        self.owned = self.space.dofmap.index_map.size_local
        self.groups, self.platings = groups_of(domain, self.binary), platings(case)
        self.stress = stress_of(case, domain)
        self._scales()
        self._fields()
        self._forms()

    # -- set-up ------------------------------------------------------------------------------------

    def _scales(self) -> None:
        """A typical conductance per area, and the area of the contacts."""
        self.area = {c.name: self._face_area(c) for c in self.model.contacts}
        self.moving = [n for n, law in self.platings.items() if law.moves and n in self.area]
        dx = ufl.Measure("dx", domain=self.domain.mesh)
        one = fem.Constant(self.domain.mesh, np.float64(1.0))
        weight = volume_weight(self.domain)
        volume = integral(self.domain, weight * one * dx)
        self.volume = volume
        typical = max(self.model.conductivity.values())
        self.conductance = typical * max(self.area.values()) / volume
        self.charge_unit = FARADAY * self.reference * volume  # keeps its unknown near one, pC
        self.scale = self.conductance * self.thermal * max(self.area.values())
        self.room = {name: volume / area for name, area in self.area.items()}

    def _face_area(self, contact: Contact) -> float:
        measure = facet_measure(self.domain, {0: self.face_pairs(contact)})
        one = fem.Constant(self.domain.mesh, np.float64(1.0))
        return integral(self.domain, volume_weight(self.domain) * one * measure(0))

    def face_pairs(self, contact: Contact, inside: list[str] | None = None) -> Ints:
        """(cell, local facet) pairs of a contact, seen from the conductors of ions before it."""
        if not contact.faces:
            return facet_entities(self.domain, contact.name, inside or ())
        names = self.ionic if inside is None else inside
        return np.vstack([facet_entities(self.domain, face, names) for face in contact.faces])

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

        labels, unknown = self.copies.labels, self.copies.unknown
        of_ions = [
            inside(n for n in self.ionic if labels[n] == label) for label in range(len(unknown))
        ]
        used = np.zeros(self.copies.size[0], dtype=np.int32)  # none within alloys
        for label, nodes in enumerate(of_ions):
            used[unknown[label, nodes]] = 1
        number = np.cumsum(used, dtype=np.int32) - 1
        for label, nodes in enumerate(of_ions):
            add(f"phi_{label}", nodes, number[unknown[label, nodes]])
        start = int(used.sum())
        for name, members in (
            ("u", self.binary), ("a", self.binary if self.moving else {}), ("x", self.alloys),
            ("e", self.mixed), ("y", self.mixed),
        ):  # fmt: skip
            nodes = inside(members)
            if members or name == "u":
                add(name, nodes, start + np.arange(len(nodes), dtype=np.int32))
                start += len(nodes)
        for contact in self.model.contacts:
            facets = facets_of(domain, self.face_pairs(contact))
            nodes = self._nodes(facets, tdim - 1)
            add(f"z_{contact.name}", nodes, start + np.arange(len(nodes), dtype=np.int32))
            start += len(nodes)
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
        self.globals = {field.name: self._global_map(field) for field in fields}
        self.salt = next(field for field in fields if field.name == "u")
        self.amount = next((field for field in fields if field.name == "a"), self.salt)
        self.phi = tuple(f for f in fields if f.name.startswith("phi_"))
        self.collector = next((c.terminal for c in self.model.contacts if c.electronic), 0)
        self.z = tuple(f for f in fields if f.name.startswith("z_"))
        self.stored, self.electrons, self.inner = (
            tuple(f for f in fields if f.name == name) for name in "xey"
        )
        self.further = {f.name: f for f in fields if f.name in self._further()}
        self.rows = [Row(field.name, field.nodes, field.unknowns) for field in fields]

    def _further(self) -> tuple[str, ...]:
        """Growth of faces, displacement of the mesh, elastic bodies and the pressure on a face."""
        found = [f"h_{name}" for name in self.platings if name in self.area]
        n = self.domain.mesh.geometry.dim
        found += [f"g_{name}" for name in self.moving]
        found += [f"d_{i}" for i in range(n)] if self.moving else []
        for name, law in self.platings.items():
            if law.backing is not None:
                found += [*(f"{body}_{i}" for body in "sw" for i in range(2)), f"p_{name}"]
            found += [f"c_{name}"] if law.surface_tension > 0.0 and name in self.area else []
        found += [] if self.stress is None else list(self.stress.fields)
        return (*found, *(f"v_{name}" for name in voids_of(self.case) if name in self.area))

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
        u, da = self.salt.value, self.amount.rate  # per volume at the start: da = du at rest
        forms: dict[str, ufl.Form | None] = {field.name: None for field in self.fields}

        def add(name: str, form: ufl.Form) -> None:
            there = forms.get(name)
            forms[name] = form if there is None else there + form

        tags = self.domain.built.regions
        self.applied = [self._constant(0.0) for _ in self.model.terminals]
        self.current_of: dict[str, Expr] = {}
        self.permittivity: list[fem.Constant] = []
        if self.stress is not None:
            self.stress.bind(self.further, self.stored[0].value if self.stored else None)
        self.motion = motion_of(self.domain, self.further)
        back, volume = self.motion, weight * self.motion.volume
        for name in tags:
            phi = self.phi[self.copies.labels[name]]
            law = self.case.regions[name]
            if isinstance(law, Alloy):
                (x,) = self.stored
                here = dx(tags[name])
                pressed = self._hydrostatic(name)
                add("x", alloy.storage(law, (x.value, x.rate), thermal, pressed, v, weight, here))
                continue
            if isinstance(law, MixedConductor):
                self._mixed_forms(add, law, phi, thermal, dx(tags[name]))
            if isinstance(law, BinaryElectrolyte):
                flow = fluxes(law, phi.value, u, reference, thermal, msh, back)
                sizes = FARADAY * self.reference, self.scale / self.volume
                shares = [self._constant(law.porosity * size) for size in sizes]
                amount = da, self.amount.value if self.moving else None, u
                for row, part in salt_forms(flow.anion, amount, shares, weight, back, v):
                    add(row, part * dx(tags[name]))
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
        rows = [
            weight * self._constant(self.scale / self.thermal / self.volume) * v * dx(tags[name])
            for name in self.mixed
        ]
        self.inner_load = [assembled(fem.form(sum(rows[1:], rows[0])))] if rows else []
        salt = salt_of(self.domain, self.binary, self.groups, self.reference, v, dx)
        self.source_load, self.salt_load = salt.source, salt.load
        self.salt_at_start = salt.start

    def _mixed_forms(
        self, add: Adder, law: MixedConductor, phi: Field, thermal: Expr, dx: ufl.Measure
    ) -> None:
        """Electrons and the reaction of a mixed conductor; its ions are those of any conductor."""
        (e,), (y,) = self.electrons, self.inner
        g = self._constant(self.scale / self.thermal / self.volume)
        fields = (phi.value, e.value, y.value, y.rate)
        weight, collector = volume_weight(self.domain), self.applied[self.collector]
        forms = mixed_forms(law, fields, collector, thermal, g, self.test, weight, dx)
        for name, form in zip((phi.name, e.name, y.name), forms, strict=True):
            add(name, form)

    def _further_forms(self, add: Adder, dx: ufl.Measure) -> None:
        """Displacement of the mesh, elastic bodies: inner equations on nodes that nothing holds."""
        equations = further_equations(self.domain, self.platings, self.further, self.test, dx)
        size = self.scale / max(self.area.values())
        self.plates: list[Plate] = []
        if self.stress is not None:
            equations += self.stress.equations(self.further, self.test)
            named = {field.name: field for field in (*self.stored, *self.further.values())}
            scale = self._constant(size)
            self.plates = self.stress.plates(named, self.nodes_of_face, self.test, scale)
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
        self.ways: dict[tuple[str, int], list[tuple[int, Way]]] = {}
        self.jump_id: dict[str, int] = {}
        for contact in self.model.contacts:
            for label in sorted(set(labels.values())):
                inside = [name for name in self.ionic if labels[name] == label]
                if not inside:
                    continue
                pairs = self.face_pairs(contact, inside)
                if self.comm.allreduce(len(pairs)) > 0:
                    self.face_id[contact.name, label] = len(entities)
                    entities[len(entities)] = pairs
                    parts = ways(self.domain, pairs) if contact.name in self.platings else []
                    self.ways[contact.name, label] = list(enumerate(parts, len(entities)))
                    entities |= {k: way.pairs for k, way in self.ways[contact.name, label]}
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
            if contact.alloy:
                at_face = self.alloys[contact.alloy], self.stored[0].value, thermal
                pressed = self._hydrostatic(contact.alloy)
                shift = shift + alloy.potential(*at_face, pressed, self.domain.mesh)
            elif self.stress is not None and not contact.electronic:
                shift = shift + self.stress.shift(law)
            if contact.electronic:  # e counts from there
                shift = shift + self.applied[self.collector]
            touch = Touch(self.case, contact.name, self.further, self._constant)
            area = self.motion.area * touch.share
            held = self.applied[contact.terminal]
            whole: ufl.Form | None = None
            face: ufl.Form | None = None
            for label in sorted(set(labels.values())):
                if (contact.name, label) not in self.face_id:
                    continue
                phi, ds = self.phi[label], self.ds(self.face_id[contact.name, label])
                if contact.electronic:
                    (phi,) = self.electrons
                add(phi.name, -weight * area * rate * v * ds)
                if contact.alloy:
                    add("x", weight * faradaic * v * ds)
                if contact.name in self.platings:
                    share = self._constant(charge_per_volume(self.platings[contact.name]))
                    parts = [(way, self.ds(k)) for k, way in self.ways[contact.name, label]]
                    flows = weight * share, weight * faradaic, area, v
                    fields = self.further, self.motion, contact.name
                    for name, form in growth_rows(*fields, parts, *flows):
                        add(name, form)
                if touch.name:
                    add(touch.name, weight * touch.row(area * faradaic) * v * ds)
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
                if name.startswith(("d_", "v_")) and not slope.empty():
                    self.moved_row_of.append((contact, field, fem.form(slope)))
            self.face_load[contact.name] = assembled(fem.form(face))

    def _hydrostatic(self, alloy: str) -> Expr | None:
        """Of the body that is solved for, MPa."""
        return None if self.stress is None else self.stress.hydrostatic(alloy)

    def _pressed(self, name: str) -> Expr | float:
        """Shift of the equilibrium potential by the pressure that growth makes, V."""
        return pressure_shift(name, self.platings.get(name), self.further, self.domain.mesh)

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


def _expanded(form: ufl.Form) -> ufl.Form:
    return ufl.algorithms.expand_derivatives(form)
