"""The potential: quadratic elements, double-valued on resistive interfaces.

With A_l assembled on the cells of label l, M on the interfaces with a jump between the labels a and
b, and the 0/1 matrices P_l from the unknowns to the nodal values of copy l (see `solver.copies`),

    K = sum_l P_l^T A_l P_l + sum_jumps (P_a - P_b)^T M (P_a - P_b).

Without jumps there is one label and K = A.
"""

from dataclasses import dataclass
from math import inf

import numpy as np
import numpy.typing as npt
import ufl
from dolfinx import fem
from dolfinx.fem import petsc as fem_petsc
from petsc4py import PETSc

from solver import transport
from solver.copies import Copies, InterfaceError
from solver.domain import Domain, cellwise, facet_entities, facet_measure, facets_of, regions_at
from solver.levelling import Levelling, owners
from solver.levels import two_levels
from solver.model import Model
from solver.solve import (
    DIRECT,
    DIRECT_LIMIT,
    MULTIGRID,
    MULTIGRID_2D,
    TWO_LEVELS_SCALAR,
    magnitudes,
    make_solver,
    solve,
)

Floats = npt.NDArray[np.float64]
BALANCED = 1e-10  # relative imbalance of the currents that is not worth a correction


@dataclass(frozen=True)
class Potentials:
    """The potential for given potentials of the terminals.

    Attributes:
        applied: Potential of every terminal, V.
        parts: One function per label, meaningful on the regions of that label.
        dissipation: As a sum of squares, pA V; never too small. For a unit potential difference of
            two terminals it is the conductance, pA/V.
        currents: Current into the domain through every terminal, pA (reactions).
        contact_currents: The same by contact (the far boundary under its own name).
        roundoff: Floor of the relative current balance that rounding allows.
        iterations: Krylov iterations.
    """

    applied: Floats
    parts: tuple[fem.Function, ...]
    dissipation: float
    currents: Floats
    contact_currents: dict[str, float]
    roundoff: float
    iterations: int


class Primal:
    """One matrix and one solver for all terminals of one mesh."""

    def __init__(
        self, domain: Domain, model: Model, copies: Copies, overrides: dict[str, str]
    ) -> None:
        """Assemble and set up; collective."""
        self.domain, self.model, self.copies = domain, model, copies
        self.kappa = cellwise(domain, model.conductivity, "conductivity")
        self._measures()
        self.free = self._assemble()  # without essential conditions: gives the reactions
        self.fixed = self._fixed_unknowns()
        rows = np.concatenate([np.zeros(0, dtype=np.int32), *self.fixed.values()])
        self.matrix = self.free.copy()
        # a diagonal of the size of the others keeps the multigrid hierarchy sound
        typical = self.free.getDiagonal().norm() / copies.size[1] ** 0.5
        first, _ = self.matrix.getOwnershipRange()
        self.matrix.zeroRowsColumns(np.unique(rows + first).astype(PETSc.IntType), diag=typical)
        options, levels = DIRECT, None
        if copies.size[1] > DIRECT_LIMIT:
            options = MULTIGRID_2D if domain.mesh.topology.dim == 2 else MULTIGRID
            if domain.mesh.topology.dim == 3 and copies.gather[0] is None:
                held = np.zeros(copies.size[0], dtype=bool)
                held[rows] = True
                levels = two_levels(copies.space, self.matrix, held)
                options = TWO_LEVELS_SCALAR
        self.ksp = make_solver(self.matrix, "primal_", options, overrides, levels)

    # -- forms -------------------------------------------------------------------------------------

    def _measures(self) -> None:
        entities: dict[int, npt.NDArray[np.int32]] = {}
        self.facet_id: dict[tuple[str, int], int] = {}
        regions = self.copies.labels
        faces = [contact.name for contact in self.model.contacts]
        faces += [self.model.far] if self.model.far is not None else []
        for label in range(max(regions.values()) + 1):
            inside = [name for name, value in regions.items() if value == label]
            for face in faces:
                identity = len(entities)
                self.facet_id[face, label] = identity
                entities[identity] = facet_entities(self.domain, face, inside)
        self.jump_sides: dict[str, tuple[int, int, int]] = {}
        for name in self.model.jumps:
            one, other = regions_at(self.domain, name)
            identity = len(entities)
            entities[identity] = facet_entities(self.domain, name, [one])
            self.jump_sides[name] = (identity, regions[one], regions[other])
        self.entities = entities
        self.ds = facet_measure(self.domain, entities)
        self.dx = ufl.Measure("dx", domain=self.domain.mesh, subdomain_data=self.domain.cell_tags)

    def _cells(self, label: int) -> tuple[int, ...]:
        tags = self.domain.built.regions
        return tuple(tags[name] for name, value in self.copies.labels.items() if value == label)

    def energy(
        self, u: ufl.core.expr.Expr, v: ufl.core.expr.Expr, label: int, kappa: fem.Function
    ) -> ufl.Form:
        """The bilinear form of one copy without its jump terms."""
        weight = transport.volume_weight(self.domain)
        form = transport.conduction(u, v, kappa, weight) * self.dx(self._cells(label))
        for contact in self.model.contacts:
            rho = contact.resistance
            if rho > 0.0 and contact.series == 0.0:
                identity = self.facet_id[contact.name, label]
                form += transport.contact(u, v, rho, weight) * self.ds(identity)
        if self.model.far is not None:
            outside = transport.far_primal(u, v, self.domain, self.model)
            degree = {"quadrature_degree": transport.FAR_QUADRATURE}
            form += outside * self.ds(self.facet_id[self.model.far, label], metadata=degree)
        return form

    def _assemble(self) -> PETSc.Mat:
        space, gather = self.copies.space, self.copies.gather
        u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
        total: PETSc.Mat | None = None
        for label, selection in enumerate(gather):
            block = fem_petsc.assemble_matrix(fem.form(self.energy(u, v, label, self.kappa)))
            block.assemble()
            if selection is not None:
                block = block.PtAP(selection)
            total = block if total is None else _added(total, block)
        weight = transport.volume_weight(self.domain)
        for name, rho in self.model.jumps.items():
            if rho == inf:
                continue
            identity, a, b = self.jump_sides[name]
            constant = transport.constant(rho, self.domain)
            mass = transport.contact(u, v, constant, weight) * self.ds(identity)
            block = fem_petsc.assemble_matrix(fem.form(mass))
            block.assemble()
            one, other = gather[a], gather[b]
            if one is None or other is None:
                raise InterfaceError(f"interface {name!r}: the two sides share all unknowns")
            difference = one.copy()
            difference.axpy(-1.0, other, PETSc.Mat.Structure.DIFFERENT_NONZERO_PATTERN)
            total = _added(total, block.PtAP(difference))
        return total

    def _fixed_unknowns(self) -> dict[str, npt.NDArray[np.int32]]:
        """Unknowns on every ideal contact (local indices of owned ones)."""
        fixed: dict[str, npt.NDArray[np.int32]] = {}
        owned = self.copies.space.dofmap.index_map.size_local
        fdim = self.domain.mesh.topology.dim - 1
        for contact in self.model.contacts:
            if contact.resistance > 0.0 and contact.series == 0.0:
                continue
            found = []
            for label in range(len(self.copies.gather)):
                pairs = self.entities[self.facet_id[contact.name, label]]
                facets = facets_of(self.domain, pairs)
                dofs = fem.locate_dofs_topological(self.copies.space, fdim, facets, remote=True)
                found.append(self.copies.unknowns(label, dofs[dofs < owned]))
            fixed[contact.name] = np.unique(np.concatenate(found))
        return fixed

    # -- solve -------------------------------------------------------------------------------------

    def solve(self, applied: Floats) -> Potentials:
        """The potential for given potentials of the terminals, shape (terminals,).

        Lithium under pressure is at its own, above them.

        Raises:
            SolveFailed: If the Krylov method does not converge.
        """
        x, b = self.matrix.createVecRight(), self.matrix.createVecRight()
        robin = self._robin_load(applied)
        for contact in self.model.contacts:
            if contact.name in self.fixed:
                x.array[self.fixed[contact.name]] = applied[contact.terminal]
        self.free.mult(x, b)  # what the fixed values take from the free equations
        b.aypx(-1.0, robin)
        rows = np.concatenate([np.zeros(0, dtype=np.int32), *self.fixed.values()])
        diagonal = self.matrix.getDiagonal()
        b.array[rows] = diagonal.array[rows] * x.array[rows]
        iterations = solve(self.ksp, b, x, "potential")
        parts = self._functions(x)
        contact_currents, currents, roundoff = self._currents(x, robin, parts, applied)
        if abs(currents.sum()) > BALANCED * np.abs(currents).max():
            self._levelling().correct(x, robin)
            parts = self._functions(x)
            contact_currents, currents, roundoff = self._currents(x, robin, parts, applied)
        dissipation = self._dissipation(parts, applied)
        return Potentials(
            applied, parts, dissipation, currents, contact_currents, roundoff, iterations
        )

    def conductances(self) -> Floats:
        """Currents into the domain for unit potential on one terminal after the other, pA/V.

        Returns:
            Symmetric matrix, shape (terminals, terminals); its rows add up to zero.
        """
        count = len(self.model.terminals)
        rest = self.currents_of_shifts()
        columns = [self.solve(unit).currents - rest for unit in np.eye(count)[:, : count - 1].T]
        last = -np.sum(columns, axis=0) if columns else np.zeros(count)
        matrix = np.column_stack([*columns, last])
        return np.asarray(0.5 * (matrix + matrix.T))

    def currents_of_shifts(self) -> Floats:
        """Currents into the domain with all terminals at zero, pA: of lithium under pressure."""
        none = np.zeros(len(self.model.terminals))
        if all(contact.shift is None for contact in self.model.contacts):
            return none
        return self.solve(none).currents

    def _robin_load(self, applied: Floats) -> PETSc.Vec:
        load = self.matrix.createVecRight()
        weight = transport.volume_weight(self.domain)
        v = ufl.TestFunction(self.copies.space)
        for contact in self.model.contacts:
            still = applied[contact.terminal] == 0.0 and contact.shift is None
            if contact.name in self.fixed or still:
                continue
            for label in range(len(self.copies.gather)):
                held = transport.held_at(contact, applied, self.domain)
                form = transport.contact(held, v, contact.resistance, weight)
                identity = self.facet_id[contact.name, label]
                form *= self.ds(identity, metadata=transport.rule(contact))
                self._add(load, form, label, 1.0)
        return load

    def _functions(self, x: PETSc.Vec) -> tuple[fem.Function, ...]:
        parts = []
        for label, selection in enumerate(self.copies.gather):
            part = fem.Function(self.copies.space, name=f"potential_{label}")
            owned = self.copies.space.dofmap.index_map.size_local
            if selection is None:
                part.x.array[:owned] = x.array_r
            else:
                values = selection.createVecLeft()
                selection.mult(x, values)
                part.x.array[:owned] = values.array_r
            part.x.scatter_forward()
            parts.append(part)
        return tuple(parts)

    def _levelling(self) -> Levelling:
        owner = owners(self.domain, self.model, self.copies)
        for rows in self.fixed.values():
            owner[rows] = -1
        indicators, images = [], []
        for place, name in enumerate(self.model.conductivity):
            w = self.matrix.createVecRight()
            w.array[:] = owner == place
            if w.max()[1] > 0.0:
                indicators.append(w)
                images.append(self._image(w, name))
        return Levelling(indicators, images)

    def _image(self, w: PETSc.Vec, name: str) -> PETSc.Vec:
        """K w of the indicator of a region.

        Inside of it w - 1 takes the place of w: it is zero exactly, so that a large conductivity
        brings no rounding errors in.
        """
        given = self.model.conductivity
        outside = cellwise(self.domain, given | {name: 0.0}, "outside")
        inside = cellwise(self.domain, dict.fromkeys(given, 0.0) | {name: given[name]}, "inside")
        parts = self._functions(w)
        v = ufl.TestFunction(self.copies.space)
        weight = transport.volume_weight(self.domain)
        image = w.duplicate()
        image.set(0.0)
        for label, part in enumerate(parts):
            self._add(image, self.energy(part, v, label, outside), label, 1.0)
        for jump, rho in self.model.jumps.items():
            if rho != inf:
                identity, a, b = self.jump_sides[jump]
                constant, drop = transport.constant(rho, self.domain), parts[a] - parts[b]
                form = transport.contact(drop, v, constant, weight) * self.ds(identity)
                self._add(image, form, a, 1.0)
                self._add(image, form, b, -1.0)
        label = self.copies.labels[name]
        shifted = parts[label]
        shifted.x.array[:] -= 1.0
        form = transport.conduction(shifted, v, inside, weight) * self.dx(self._cells(label))
        self._add(image, form, label, 1.0)
        return image

    def _add(self, total: PETSc.Vec, form: ufl.Form, label: int, sign: float) -> None:
        """Add the vector of a linear form on one copy to a vector of unknowns."""
        part = fem_petsc.assemble_vector(fem.form(form))
        part.ghostUpdate(PETSc.InsertMode.ADD, PETSc.ScatterMode.REVERSE)
        selection = self.copies.gather[label]
        if selection is None:
            total.array[:] += sign * part.array_r
        else:
            taken = total.duplicate()
            selection.multTranspose(part, taken)
            total.axpy(sign, taken)

    def _sum(self, form: ufl.Form) -> float:
        return float(self.domain.comm.allreduce(fem.assemble_scalar(fem.form(form))))

    def _currents(
        self, x: PETSc.Vec, robin: PETSc.Vec, parts: tuple[fem.Function, ...], applied: Floats
    ) -> tuple[dict[str, float], Floats, float]:
        reaction = self.matrix.createVecRight()
        self.free.mult(x, reaction)
        reaction.axpy(-1.0, robin)
        by_contact: dict[str, float] = {}
        by_terminal = np.zeros(len(self.model.terminals))
        size = magnitudes(self.free, x)
        weight = transport.volume_weight(self.domain)
        taken = np.zeros(len(reaction.array), dtype=bool)
        rounding = 0.0
        for contact in self.model.contacts:
            if contact.name in self.fixed:
                rows = self.fixed[contact.name]
                rows = rows[~taken[rows]]  # a rim node belongs to the contact named first
                taken[rows] = True
                current = self.domain.comm.allreduce(float(reaction.array[rows].sum()))
                rounding += self.domain.comm.allreduce(float(size.array[rows].sum()))
            else:
                held = transport.held_at(contact, applied, self.domain)
                current = 0.0
                for label, phi in enumerate(parts):
                    inward = (held - phi) / contact.resistance * weight
                    identity = self.facet_id[contact.name, label]
                    part = self.ds(identity, metadata=transport.rule(contact))
                    current += self._sum(inward * part)
            by_contact[contact.name] = current
            by_terminal[contact.terminal] += current
        if self.model.far is not None:
            outflow = 0.0
            one = fem.Function(self.copies.space)
            one.x.array[:] = 1.0
            degree = {"quadrature_degree": transport.FAR_QUADRATURE}
            for label, phi in enumerate(parts):
                outside = transport.far_primal(phi, one, self.domain, self.model)
                identity = self.facet_id[self.model.far, label]
                outflow += self._sum(outside * self.ds(identity, metadata=degree))
            by_contact[self.model.far] = -outflow
            by_terminal[self.model.far_terminal] -= outflow
        largest = max(float(np.abs(by_terminal).max()), np.finfo(float).tiny)
        return by_contact, by_terminal, float(np.finfo(float).eps * rounding / largest)

    def _dissipation(self, parts: tuple[fem.Function, ...], applied: Floats) -> float:
        weight = transport.volume_weight(self.domain)
        total = 0.0
        for label, phi in enumerate(parts):
            conduction = transport.conduction(phi, phi, self.kappa, weight)
            total += self._sum(conduction * self.dx(self._cells(label)))
            if self.model.far is not None:
                outside = transport.far_primal(phi, phi, self.domain, self.model)
                degree = {"quadrature_degree": transport.FAR_QUADRATURE}
                identity = self.facet_id[self.model.far, label]
                total += self._sum(outside * self.ds(identity, metadata=degree))
            for contact in self.model.contacts:
                if contact.name in self.fixed:
                    continue
                drop = transport.held_at(contact, applied, self.domain) - phi
                density = transport.contact(drop, drop, contact.resistance, weight)
                identity = self.facet_id[contact.name, label]
                part = self.ds(identity, metadata=transport.rule(contact))
                total += self._sum(density * part)
        for name, rho in self.model.jumps.items():
            if rho != inf:
                identity, a, b = self.jump_sides[name]
                jump = parts[a] - parts[b]
                constant = transport.constant(rho, self.domain)
                density = transport.contact(jump, jump, constant, weight)
                total += self._sum(density * self.ds(identity))
        return total


def _added(total: PETSc.Mat, block: PETSc.Mat) -> PETSc.Mat:
    total.axpy(1.0, block, PETSc.Mat.Structure.DIFFERENT_NONZERO_PATTERN)
    return total
