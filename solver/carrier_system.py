"""Residual and Jacobian of charge and salt as PETSc asks for them, and what states mean.

See `solver.carriers` for the equations. A system is solved in one of three ways: in time; steady,
where the amount of salt of every electrolyte is that of the start; or with the salt held where it
is, which gives potentials that fit a concentration (the start of a step, the place of an event).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from dolfinx import fem
from dolfinx.fem import petsc as fem_petsc
from mpi4py import MPI
from petsc4py import PETSc

from solver import compat, schema
from solver.alloy_amounts import alloy_regions, fractions_at_start
from solver.carriers import Carriers
from solver.deposit import start_of
from solver.domain import Domain
from solver.face_contact import contacts
from solver.march_fields import Field, Floats
from solver.march_schema import Step
from solver.march_stress import plate_blocks
from solver.model import Model
from solver.salt import assembled
from solver.stress_faces import stressed_faces
from solver.transport import volume_weight

Way = Literal["in time", "steady", "held"]


@dataclass(frozen=True)
class Held:
    """What a terminal is held at: a potential (V) or a current into the meshed domain (pA)."""

    potential: float | None
    current: float | None


class System(Carriers):
    """The algebra of one mesh."""

    def __init__(self, case: schema.Case, model: Model, domain: Domain, driven: int) -> None:
        """Set up; collective.

        Args:
            case: Laws and conditions.
            model: Contacts and terminals.
            domain: The mesh.
            driven: Index of the terminal that the programme drives.
        """
        super().__init__(case, model, domain)
        self.driven = driven
        self.held: list[Held] = []
        self.way: Way = "in time"
        self.share = 1.0  # of potentials and currents, on the way to a steady state
        self.salt_held: Floats = np.zeros(0)
        self.charge_held = 0.0
        self.growth_held: dict[str, Floats] = {}
        self.growth_at_start: dict[str, Floats] = {}
        self._measure_feet()
        self._quality: tuple[fem.Function, fem.Expression] | None = None
        if self.motion.quality is not None:
            space = fem.functionspace(domain.mesh, ("DG", 2))
            points = compat.interpolation_points(space)
            expression = fem.Expression(self.motion.quality, points)
            self._quality = fem.Function(space), expression
        self.matrix = self.empty_matrix()
        self.alloy_regions = alloy_regions(self)
        self.stressed = stressed_faces(self)
        self.fractions_at_start = fractions_at_start(self)
        self.fractions_held = self.fractions_at_start
        self._maps = {
            name: PETSc.LGMap().create(numbers, comm=self.comm)
            for name, numbers in self.globals.items()
        }

    def _measure_feet(self) -> None:
        """Area at the start of faces that grow, um^2, and its load on their nodes."""
        weight = volume_weight(self.domain)
        self.foot_load: dict[str, PETSc.Vec] = {}
        for name in self.platings if self.area else ():
            parts = [p for (face, _), found in self.ways.items() if face == name for p in found]
            whole = sum(weight * way.foot * self.test * self.ds(k) for k, way in parts)
            if parts:
                self.foot_load[name] = assembled(fem.form(whole))
        self.foot = {name: float(load.sum()) for name, load in self.foot_load.items()}

    @property
    def has_double_layer(self) -> bool:
        """Whether overpotentials are part of what changes in time."""
        laws = [
            b.kinetics for b in self.case.boundaries.values() if isinstance(b, schema.Electrode)
        ]
        laws += [law.kinetics for law in self.mixed.values()]
        return any(law is not None and law.capacitance > 0.0 for law in laws)

    def tolerances(self, step_error: float) -> PETSc.Vec:
        """Allowed error of every unknown in a step of time; potentials follow and have none."""
        found = self.vector()
        found.set(1e30)
        for field in (self.salt, self.amount):
            found.array[field.unknowns] = step_error
        for field in self.stored:
            found.array[field.unknowns] = step_error
        for field in (*(side.field for side in self.z), *self.inner):
            if self.has_double_layer:
                found.array[field.unknowns] = 10.0 * step_error
        for field, unit, _ in self.grows:
            found.array[field.unknowns] = step_error * unit
        return found

    def first_step(self, step: Step) -> float:
        """Length of the first step in time: short against diffusion across the domain, s."""
        changes = self.binary or self.alloys or self.has_double_layer or self.grows or step.ramps
        if not changes:
            return step.duration  # charge alone changes in time, as fast as the current says
        return 1e-6 * step.duration

    @property
    def growing(self) -> dict[str, Field]:
        """Growth of the faces that are followed, by face."""
        return {n: self.further[f"h_{n}"] for n in self.platings if f"h_{n}" in self.further}

    @property
    def heights(self) -> list[tuple[str, Field]]:
        """Face and field of all that grows: deposits, and ways of faces that move."""
        named = [(name, self.further.get(f"g_{name}")) for name in self.platings]
        return [*self.growing.items(), *((n, field) for n, field in named if field is not None)]

    @property
    def voids(self) -> dict[str, Field]:
        """Share that voids cover of the faces where it changes, by face."""
        return {n: self.further[f"v_{n}"] for n in self.area if f"v_{n}" in self.further}

    @property
    def grows(self) -> list[tuple[Field, float, float]]:
        """What changes in time on faces: its field, a typical size of it, and its place in `start`.

        Sizes are um of deposits, and 1 of the share of voids; the last is its even start.
        """
        deposits = [(field, self.room[name], 0.0) for name, field in self.heights]
        known = contacts(self.case)
        return deposits + [(f, 1.0, 1.0 - known[n].open_fraction) for n, f in self.voids.items()]

    # -- states ------------------------------------------------------------------------------------

    def start(self) -> PETSc.Vec:
        """At rest: salt as at the start, no current, no potential."""
        x = self.vector()
        tdim = self.domain.mesh.topology.dim
        for name, law in self.binary.items():
            cells = self.domain.cell_tags.find(self.domain.built.regions[name])
            nodes = fem.locate_dofs_topological(self.space, tdim, cells, remote=True)
            inside = np.isin(self.salt.nodes, self.with_images(nodes[nodes < self.owned]))
            for field in (self.salt, self.amount):  # the latter follows where the mesh has moved
                x.array[field.unknowns[inside]] = law.concentration / self.reference
        for field in self.stored:
            x.array[field.unknowns] = self.fractions_at_start
        for name, field in self.heights:
            if field.name.startswith("g_") and self.domain.across:
                continue  # a mesh that was drawn anew has the form of its faces
            height = start_of(field.value, self.platings[name])
            x.array[field.unknowns] = height.x.array[field.nodes]
        for field, _, even in self.grows[len(self.heights) :]:
            x.array[field.unknowns] = even
        x = self.made_alike(x)
        self.hold_salt(x)
        self.growth_at_start = {f.name: self.growth_held[f.name] for _, f in self.heights}
        return x

    def put(self, x: PETSc.Vec, rate: PETSc.Vec | None = None) -> None:
        """Sets the functions and the potentials of the terminals."""
        for field in self.fields:
            self._spread(field.value, field, x)
            if rate is None:
                field.rate.x.array[:] = 0.0
            else:
                self._spread(field.rate, field, rate)
        scalars = self.scalars_of(x)
        for constant, value in zip(self.applied, scalars, strict=False):
            constant.value = value
        for plate, way in zip(self.plates, scalars[self._after_sources :], strict=True):
            plate.way.value = way

    def _spread(self, function: fem.Function, field: Field, x: PETSc.Vec) -> None:
        function.x.array[field.nodes] = x.array_r[field.unknowns]
        function.x.scatter_forward()

    def scalars_of(self, x: PETSc.Vec) -> Floats:
        """Potentials of the terminals (V), charge over its unit, sources of salt; on all ranks."""
        mine = x.array_r[self.first_scalar :].copy() if self.comm.rank == 0 else None
        return np.asarray(self.comm.bcast(mine))

    def currents(self) -> Floats:
        """Current into the domain through every contact (pA), of the functions as they are."""
        found = [fem.assemble_scalar(self.inward[c.name]) for c in self.model.contacts]
        return np.asarray(self.comm.allreduce(np.array(found), op=MPI.SUM))

    def terminal_currents(self) -> Floats:
        """The same by terminal."""
        total = np.zeros(len(self.model.terminals))
        for contact, current in zip(self.model.contacts, self.currents(), strict=True):
            total[contact.terminal] += current
        return total

    def least_concentration(self, x: PETSc.Vec) -> float:
        """Of all nodes, over the reference; infinite without an electrolyte."""
        mine = float(x.array_r[self.salt.unknowns].min(initial=np.inf))
        return float(self.comm.allreduce(mine, op=MPI.MIN))

    def growth_of(self, x: PETSc.Vec) -> tuple[tuple[float, float, float], ...]:
        """Mean, least and largest growth of every face that is followed, um; then of contact."""
        found = []
        for name, field in self.growing.items():
            grown = x.array_r[field.unknowns] - self.growth_at_start[field.name]
            mine = float(self.foot_load[name].array_r[field.nodes] @ grown)
            mean = float(self.comm.allreduce(mine)) / self.foot[name]
            low = self.comm.allreduce(float(grown.min(initial=np.inf)), op=MPI.MIN)
            high = self.comm.allreduce(float(grown.max(initial=-np.inf)), op=MPI.MAX)
            found.append((mean, float(low), float(high)))
        return (*found, *(self.contact_of(x, name) for name in self.voids))

    def contact_of(self, x: PETSc.Vec, name: str) -> tuple[float, float, float]:
        """Mean, least and largest share in contact of a face where it changes."""
        field = self.voids[name]
        touch = 1.0 - x.array_r[field.unknowns]
        loads = [self.face_load[s.field.name] for s in self.z if s.contact.name == name]
        mine = float(sum(load.array_r[field.nodes] @ touch for load in loads))
        mean = float(self.comm.allreduce(mine)) / (self.conductance * self.area[name])
        low = self.comm.allreduce(float(touch.min(initial=np.inf)), op=MPI.MIN)
        high = self.comm.allreduce(float(touch.max(initial=-np.inf)), op=MPI.MAX)
        return mean, float(low), float(high)

    def fractions_of(self, x: PETSc.Vec) -> tuple[tuple[float, float, float], ...]:
        """Mean, least and largest fraction of lithium in every alloy."""
        return tuple(
            region.summary(x.array_r[self.stored[0].unknowns], self.comm)
            for region in self.alloy_regions.values()
        )

    def room_at_faces(self, x: PETSc.Vec) -> tuple[float, float]:
        """Least of what lithium the faces of alloys have above its depletion, and of free sites."""
        (field,) = self.stored
        faces = [side.field.nodes for side in self.z if side.contact.alloy]
        there = np.isin(field.nodes, np.concatenate(faces))
        values = x.array_r[field.unknowns][there]
        left = values - self.programme.depletion * self.fractions_at_start[there]
        mine = float(left.min(initial=np.inf)), float((1.0 - values).min(initial=np.inf))
        low, high = (self.comm.allreduce(value, op=MPI.MIN) for value in mine)
        return float(low), float(high)

    def least_quality(self, x: PETSc.Vec) -> float:
        """Of all moved cells, see `solver.moving`; 1 where nothing moves."""
        if self._quality is None:
            return 1.0
        self.put(x)
        quality, expression = self._quality
        quality.interpolate(expression)
        least = float(quality.x.array.min(initial=1.0))
        return float(self.comm.allreduce(least, op=MPI.MIN))

    def way_of(self, x: PETSc.Vec) -> float:
        """Largest way of a face on this mesh over the feature that it moves."""
        most = 0.0
        for name, field in self.heights[len(self.growing) :]:
            moved = np.abs(x.array_r[field.unknowns] - self.growth_at_start[field.name])
            feature = self.platings[name].feature or self.room[name]
            most = max(most, float(moved.max(initial=0.0)) / feature)
        return float(self.comm.allreduce(most, op=MPI.MAX))

    def salt_over_start(self, x: PETSc.Vec) -> Floats:
        """Amount of salt of every electrolyte over that at the start."""
        values = x.array_r[self.amount.unknowns]
        mine = [float(load.array_r[self.salt.nodes] @ values) for load in self.salt_load]
        total = np.asarray(self.comm.allreduce(np.array(mine), op=MPI.SUM))
        return np.asarray(total / np.array(self.salt_at_start)) if len(total) else total

    # -- residual ----------------------------------------------------------------------------------

    def residual(self, x: PETSc.Vec, rate: PETSc.Vec | None, out: PETSc.Vec) -> None:
        """F(x, dx/dt)."""
        self.put(x, rate)
        scalars = self.scalars_of(x)
        values = np.zeros(self.local)
        for row in self.rows:
            if row.name in self.residuals and not self._is_held(row.name):
                whole = assembled(self.residuals[row.name])
                np.add.at(values, row.unknowns, whole.array_r[row.nodes])
        salt = self.salt.unknowns
        sources = scalars[len(self.applied) + 1 : self._after_sources]
        for load, source in zip(self.source_load, sources, strict=True):
            values[salt] += source * load.array_r[self.salt.nodes]
        if self.way == "held":
            values[salt] = self.scale * (x.array_r[salt] - self.salt_held)
        for field in self.stored if self.way != "in time" else ():
            off = x.array_r[field.unknowns] - self.fractions_held
            values[field.unknowns] = self.scale * off
        for field, unit, _ in self.grows:
            if self.way != "in time":
                off = x.array_r[field.unknowns] - self.growth_held[field.name]
                values[field.unknowns] = self.scale / unit * off
        last = self._scalar_residual(x, scalars, rate)
        if self.comm.rank == 0:
            values[self.first_scalar :] = last
        out.array[:] = values
        self.sum_images(x, self.scale, out)

    def _scalar_residual(self, x: PETSc.Vec, scalars: Floats, rate: PETSc.Vec | None) -> Floats:
        flows = self.terminal_currents()
        area = max(self.area.values())
        rows = []
        for held, potential, flow in zip(self.held, scalars, flows, strict=False):
            if held.current is not None:
                rows.append(flow - self.share * held.current)
            else:
                target = self.share * (held.potential or 0.0)
                rows.append(self.conductance * area * (potential - target))
        passed = 0.0 if rate is None else float(self.scalars_of(rate)[len(flows)])
        charge = scalars[len(flows)]
        growth = self.charge_unit * passed - flows[self.driven]
        rows.append(growth if self.way == "in time" else self.scale * charge)
        if self.way == "held":
            rows[-1] = self.scale * (charge - self.charge_held)
        sources = scalars[len(flows) + 1 : self._after_sources]
        if self.way == "steady":
            amounts = (self.salt_over_start(x) - 1.0) * self.scale
            rows += [float(amount) for amount in amounts]
        else:
            rows += [float(source) for source in sources]
        if self.stress is not None:
            rows += [self.stress.plate_residual(plate) for plate in self.plates]
        return np.array(rows)

    @property
    def _after_sources(self) -> int:
        """Where among the scalars the ways of plates begin."""
        return len(self.applied) + 1 + len(self.groups)

    def hold_salt(self, x: PETSc.Vec) -> None:
        """Holds salt, lithium in alloys, growth and charge where they are in x."""
        self.growth_held = {f.name: x.array_r[f.unknowns].copy() for f, _, _ in self.grows}
        self.salt_held = x.array_r[self.salt.unknowns].copy()
        for field in self.stored:
            self.fractions_held = x.array_r[field.unknowns].copy()
        self.charge_held = float(self.scalars_of(x)[len(self.applied)])

    def _is_held(self, row: str) -> bool:
        """Whether the equations of a row are replaced by values."""
        if row.startswith(("h_", "g_", "v_")) or row == "x":
            return self.way != "in time"
        return row == "u" and self.way == "held"

    # -- Jacobian ----------------------------------------------------------------------------------

    def jacobian(self, x: PETSc.Vec, rate: PETSc.Vec | None, shift: float, out: PETSc.Mat) -> None:
        """dF/dx + shift dF/d(dx/dt)."""
        self.put(x, rate)
        self.shift.value = shift
        out.zeroEntries()
        for row, column, form in self.jacobians:
            if self._is_held(row):
                continue
            out.setLGMap(self._maps[row], self._maps[column])
            fem_petsc.assemble_matrix(out, form)
        out.assemble(PETSc.Mat.AssemblyType.FLUSH)
        self._scalar_blocks(shift, out)
        self.add_followers(self.scale, out)
        out.assemble()

    def _scalar_blocks(self, shift: float, out: PETSc.Mat) -> None:
        add = PETSc.InsertMode.ADD_VALUES
        terminals = len(self.applied)
        rows = self.scalar_rows.astype(PETSc.IntType)
        charge = rows[terminals]
        root = self.comm.rank == 0
        area = max(self.area.values())
        for side in self.z:
            contact, z = side.contact, side.field
            numbers = self.globals[z.name][z.nodes]
            load = self.face_load[z.name].array_r[z.nodes]
            column = rows[contact.terminal : contact.terminal + 1]
            out.setValues(numbers, column, load, addv=add)
            if contact.electronic:
                out.setValues(numbers, rows[[self.collector]], -load, addv=add)
            slopes = assembled(self.row_of[z.name]).array_r[z.nodes]
            if self.held[contact.terminal].current is not None:
                out.setValues(column, numbers, slopes, addv=add)
            if contact.terminal == self.driven and self.way == "in time":
                out.setValues([charge], numbers, -slopes, addv=add)
        for field, vector in zip(self.inner, self.inner_load, strict=True):
            numbers = self.globals[field.name][field.nodes]
            load = vector.array_r[field.nodes]
            out.setValues(numbers, rows[[self.collector]], load, addv=add)
        for contact, field, form in self.moved_row_of:
            numbers = self.globals[field.name][field.nodes]
            slopes = assembled(form).array_r[field.nodes]
            if self.held[contact.terminal].current is not None:
                column = rows[contact.terminal : contact.terminal + 1]
                out.setValues(column, numbers, slopes, addv=add)
            if contact.terminal == self.driven and self.way == "in time":
                out.setValues([charge], numbers, -slopes, addv=add)
        for field, unit, _ in self.grows:
            if self.way != "in time":
                for number in self.globals[field.name][field.nodes]:
                    out.setValue(number, number, self.scale / unit, addv=add)
        for field in self.stored if self.way != "in time" else ():
            for number in self.globals[field.name][field.nodes]:
                out.setValue(number, number, self.scale, addv=add)
        for row, held in zip(rows, self.held, strict=False):
            if root:
                diagonal = self.conductance * area if held.current is None else 0.0
                out.setValue(row, row, diagonal, addv=add)
        if root:
            diagonal = shift * self.charge_unit if self.way == "in time" else self.scale
            out.setValue(charge, charge, diagonal, addv=add)
        numbers = self.globals["u"][self.salt.nodes]
        if self.way == "held":
            for number in numbers:
                out.setValue(number, number, self.scale, addv=add)
        for plate, row in zip(self.plates, rows[self._after_sources :], strict=True):
            plate_blocks(plate, row, self.fields, self.globals, out)
        for group, source in enumerate(rows[terminals + 1 : self._after_sources]):
            load = self.source_load[group].array_r[self.salt.nodes]
            if self.way != "held":
                out.setValues(numbers, [source], load, addv=add)
            if self.way == "steady":
                amount = self.salt_load[group].array_r[self.salt.nodes]
                weight = self.scale / self.salt_at_start[group]
                places = self.globals[self.amount.name][self.salt.nodes]
                out.setValues([source], places, weight * amount, addv=add)
                if root:
                    out.setValue(source, source, 0.0, addv=add)
            elif root:
                out.setValue(source, source, 1.0, addv=add)
