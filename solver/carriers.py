"""The discrete problem of charge and salt: residual and Jacobian, all from one set of forms.

Unknowns are the potential phi (quadratic, one copy per side of a jump, see `solver.copies`), the
concentration u on the nodes of binary electrolytes alone, z on the nodes of every electrode
(`solver.kinetics`), in alloys the fraction x of lithium in place of a potential (`solver.alloy`),
in mixed conductors the potential e of electrons and the reaction y (`solver.mixed_conductor`), each
on the nodes of its regions alone, and scalars on the first rank: the potential E of every terminal,
the charge Q that has passed through the driven one, and a source of salt per electrolyte that fixes
its amount where nothing changes in time. How they are numbered, and which of them are one where
the current goes round through the sides of a cell, says `solver.unknowns`. With
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

from math import inf
from typing import Any

import numpy as np
import ufl
from dolfinx import fem
from petsc4py import PETSc
from ufl.core.expr import Expr

from solver import alloy, schema
from solver.deposit import charge_per_volume
from solver.domain import (
    Domain,
    facet_entities,
    facet_measure,
    regions_at,
)
from solver.electrolyte import fluxes
from solver.face_contact import Touch
from solver.further import further_equations, growth_rows, motion_of, pressure_shift
from solver.kinetics import reaction, shift_of
from solver.march_fields import Adder, Field, Ints, Row
from solver.march_schema import BinaryElectrolyte, Programme
from solver.march_stress import Plate
from solver.mixed_conductor import mixed_forms
from solver.model import Contact, Model
from solver.moving import Way, gradient, ways
from solver.region_schema import Alloy, MixedConductor
from solver.salt import assembled, integral, salt_forms, salt_of
from solver.transport import volume_weight
from solver.units import FARADAY, GAS_CONSTANT, VACUUM_PERMITTIVITY
from solver.unknowns import Unknowns


class Carriers(Unknowns):
    """Forms on one mesh."""

    def __init__(self, case: schema.Case, model: Model, domain: Domain) -> None:
        """Number the unknowns and compile the forms; collective."""
        super().__init__(case, model, domain)
        self.programme = case.programme or Programme()
        self.thermal = GAS_CONSTANT * self.programme.temperature / FARADAY
        self.reference = max((r.concentration for r in self.binary.values()), default=1.0)
        self._scales()
        self._forms()

    # -- set-up ------------------------------------------------------------------------------------

    def _scales(self) -> None:
        """A typical conductance per area, and the area of the contacts."""
        self.area = {c.name: self._face_area(c) for c in self.model.contacts}
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
        entities: dict[int, Ints] = {}
        self.face_id: dict[tuple[str, int], int] = {}
        self.ways: dict[tuple[str, int], list[tuple[int, Way]]] = {}
        self.jump_id: dict[str, int] = {}
        for contact in self.model.contacts:
            for label, pairs in self.pairs_by_label(contact).items():
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
        g = self._constant(self.conductance)
        flows: dict[str, ufl.Form] = {}  # into the domain
        self.row_of: dict[str, fem.Form] = {}
        self.moved_row_of: list[tuple[Contact, Field, fem.Form]] = []
        self.face_load: dict[str, PETSc.Vec] = {}
        for side in self.z:
            contact, z = side.contact, side.field
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
            phi, ds = self.phi[side.label], self.ds(self.face_id[contact.name, side.label])
            if contact.electronic:
                (phi,) = self.electrons
            add(phi.name, -weight * area * rate * v * ds)
            if contact.alloy:
                add("x", weight * faradaic * v * ds)
            if contact.name in self.platings:
                share = self._constant(charge_per_volume(self.platings[contact.name]))
                parts = [(way, self.ds(k)) for k, way in self.ways[contact.name, side.label]]
                of_growth = weight * share, weight * faradaic, area, v
                fields = self.further, self.motion, contact.name
                for name, form in growth_rows(*fields, parts, *of_growth):
                    add(name, form)
            if touch.name:
                add(touch.name, weight * touch.row(area * faradaic) * v * ds)
            drop = held - phi.value - shift - eta - rho * rate
            add(z.name, g * weight * drop * v * ds)
            whole = weight * area * rate * ds
            there = flows.get(contact.name)
            flows[contact.name] = whole if there is None else there + whole
            slope = _expanded(ufl.derivative(whole, z.value, v))
            change = _expanded(ufl.derivative(whole, z.rate, v))
            total = slope if change.empty() else slope + self.shift * change
            self.row_of[z.name] = fem.form(total)
            for name, field in self.further.items():
                slope = _expanded(ufl.derivative(whole, field.value, v))
                if name.startswith(("d_", "v_")) and not slope.empty():
                    self.moved_row_of.append((contact, field, fem.form(slope)))
            self.face_load[z.name] = assembled(fem.form(g * weight * v * ds))
        self.inward = {name: fem.form(flow) for name, flow in flows.items()}

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
