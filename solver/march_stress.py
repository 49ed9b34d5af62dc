"""Stress in a march: a body in equilibrium at every moment, one mesh with charge and lithium.

    div(sigma) = 0,   sigma = C : (eps(u) - eps* - e 1) + sigma0,   e = Omega c_s (x - x0)/3

u (um) is the displacement of all regions that have a solid, x the fraction of lithium in alloys
(`solver.alloy`), e their strain by composition (Vegard). u follows the state at once: its equations
have no derivative in time and are part of the one system of the march. Where the body stresses it,

    E - phi - V_Li sigma_n/F = eta + rho i,      sigma_n = n.sigma n

at faces of lithium (`solver.kinetics`: what presses the lithium presses the body beside it), and

    sigma_h = tr(sigma)/3

in the flux J = -D (grad c - c Omega/(R T) grad(sigma_h)) and in the potential U + Omega sigma_h/F
of alloys. Stress is constant or linear in a cell, so its gradient is that of its projection p on
quadratic functions, int (p - sigma_h) v = 0, an unknown on the nodes of the alloys. That is Biot's
problem of a porous body (x in place of the fluid, R T ln(x) - Omega p of its pressure), and as
accurate as that.

Supports are flat faces along the axes. On faces that they hold and where lithium grows by h
(`solver.deposit`), the deposit lies between the body and the support, u.n = U - h, U the way of the
support: given, zero, or that of a rigid plate with one way for all of its face, which is unknown,

    int sigma_n dA + A (P + k U) = 0

P mean pressure, k stiffness of a spring. The lithium behind such a face is as rigid as the support.

Source: Larche & Cahn 1982, Acta Metall. 30, 1835; Biot 1941, J. Appl. Phys. 12, 155 (the analogy).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import ufl
from dolfinx import fem
from petsc4py import PETSc
from ufl.core.expr import Expr

from meshes.layers import Block, Box, Shell
from solver import compat, mechanics_schema, schema
from solver.domain import (
    Domain,
    cellwise,
    facet_entities,
    facet_measure,
    facets_of,
    node_positions,
)
from solver.elasticity import Body, Solid, make_body
from solver.equilibrium import Support, face_normal
from solver.further import Equation
from solver.hooke import XX, XY, XZ, YY, YZ, ZZ
from solver.march_fields import Field, Ints
from solver.march_schema import Kinetics
from solver.mechanics_model import conditions, solid_law
from solver.moving import flat_faces, pairs_of
from solver.region_schema import Alloy
from solver.salt import assembled
from solver.transport import volume_weight
from solver.units import FARADAY

AXIS = 1e-9  # of the length of a facet: how far from the axis it may lie


@dataclass(frozen=True)
class Hold:
    """A face that does not move along its normal but as its support does.

    Attributes:
        name: Of the face.
        axis: Of its normal.
        sign: Of its normal along it.
        way: Of the support outwards, um.
        plate: Number of the rigid plate; -1: the way is given.
    """

    name: str
    axis: int
    sign: float
    way: float
    plate: int = -1


@dataclass(frozen=True)
class Plate:
    """The equation of a rigid plate.

    Attributes:
        name: Of its face.
        way: U, um.
        pressure: P, MPa.
        stiffness: k, MPa/um.
        area: Of the face, um^2 (plane: um), times what scales the equations over `Stress.unit`.
        pull: int sigma_n dA, scaled alike.
        slopes: Its derivatives by field.
        columns: Derivative of the equations of the face in U, by the field of its component.
    """

    name: str
    way: fem.Constant
    pressure: float
    stiffness: float
    area: float
    pull: fem.Form
    slopes: dict[str, PETSc.Vec]
    columns: tuple[str, PETSc.Vec]


class Stress:
    """What carries stress in a march, on one mesh; `bind` gives it its unknowns."""

    def __init__(
        self, case: schema.Case, mechanics: mechanics_schema.Mechanics, domain: Domain
    ) -> None:
        """Laws, loads and supports; collective."""
        self.domain = domain
        regions = list(domain.built.regions)
        self.solids = tuple(name for name in regions if name in mechanics.solids)
        laws = {name: case.regions[name] for name in regions}
        self.swelling: dict[str, Alloy] = {
            name: law
            for name, law in laws.items()
            if isinstance(law, Alloy) and law.partial_molar_volume > 0.0 and name in self.solids
        }
        none = Solid(np.zeros((6, 6)), np.zeros(6), np.zeros(6))
        spatial, plane = isinstance(case.geometry, Box), not domain.axisymmetric
        solids = {
            name: solid_law(mechanics.solids[name], mechanics, plane and not spatial, spatial)
            if name in self.solids
            else none
            for name in regions
        }
        self.unit = max(float(np.abs(law.stiffness).max()) for law in solids.values())  # MPa
        if not isinstance(case.geometry, Block | Box | Shell):
            raise ValueError("stress in a march is for bodies of layers")
        tractions, supports = conditions(case.geometry, mechanics)
        loads = {name: load for name, load in tractions.items() if supports.get(name) != PLATE}
        self.body: Body = make_body(domain, solids, loads, mechanics.body_force)
        self.pushed = {name: load for name, load in tractions.items() if name not in loads}
        self.holds = tuple(self._holds(supports))
        self.parts: tuple[fem.Function, ...] = ()
        self.ways: dict[str, fem.Constant] = {
            name: fem.Constant(domain.mesh, np.float64(0.0)) for name in sorted(self.pushed)
        }

    def _holds(self, supports: Mapping[str, Support]) -> list[Hold]:
        plates = sorted(self.pushed)
        found = []
        for name, support in supports.items():
            axis, sign = face_normal(self.domain, name)
            if support == PLATE:
                found.append(Hold(name, axis, sign, 0.0, plates.index(name)))
                continue
            found.append(Hold(name, axis, sign, support.value))
            if support.kind == "clamped":
                others = (i for i in range(self.domain.mesh.geometry.dim) if i != axis)
                found += [Hold(name, other, 0.0, 0.0) for other in others]
        return found

    @property
    def fields(self) -> dict[str, tuple[str, ...]]:
        """Names of its unknowns, and the regions on whose nodes they are."""
        found = {f"q_{i}": self.solids for i in range(self.domain.mesh.geometry.dim)}
        return {**found, "t_0": tuple(self.swelling)} if self.swelling else found

    # -- forms -------------------------------------------------------------------------------------

    def bind(self, fields: Mapping[str, Field], fraction: Expr | None) -> None:
        """Give it its unknowns, and the fraction of lithium in alloys."""
        n = self.domain.mesh.geometry.dim
        self.parts = tuple(fields[f"q_{i}"].value for i in range(n))
        self.projected = fields["t_0"].value if self.swelling else None
        if self.swelling and fraction is not None:
            regions = self.domain.built.regions
            none = dict.fromkeys(regions, 0.0)
            per = {k: a.partial_molar_volume * a.site_concentration / 3.0
                   for k, a in self.swelling.items()}  # fmt: skip
            start = {name: law.fraction for name, law in self.swelling.items()}
            swell = cellwise(self.domain, none | per, "swell")
            before = cellwise(self.domain, none | start, "before")
            e = swell * (fraction - before)
            swollen = self.body.eigenstrain + ufl.as_vector([e, e, e, 0.0, 0.0, 0.0])
            self.body = replace(self.body, eigenstrain=swollen)

    @property
    def displacement(self) -> Expr:
        """u, um."""
        return ufl.as_vector(list(self.parts))

    def hydrostatic(self, name: str) -> Expr | None:
        """sigma_h of a region as its projection, MPa; None: the body does not stress it."""
        if name not in self.swelling or self.projected is None:
            return None
        return fem.Constant(self.domain.mesh, np.float64(self.unit)) * self.projected

    def normal(self) -> Expr:
        """sigma_n of the body at a face, MPa; zero where it has no solid."""
        s, n = self.body.stress(self.displacement), ufl.FacetNormal(self.domain.mesh)
        diagonal, beside = (XX, YY, ZZ), ((YZ, 1, 2), (XZ, 0, 2), (XY, 0, 1))
        dim = self.domain.mesh.geometry.dim
        total = sum(n[i] ** 2 * s[diagonal[i]] for i in range(dim))
        return total + sum(2.0 * n[i] * n[j] * s[k] for k, i, j in beside if j < dim)

    def shift(self, kinetics: Kinetics | None) -> Expr:
        """Equilibrium potential of lithium at a face under its normal stress, V."""
        volume = Kinetics("linear", 1.0).molar_volume if kinetics is None else kinetics.molar_volume
        return fem.Constant(self.domain.mesh, np.float64(volume / FARADAY)) * self.normal()

    def equations(self, fields: Mapping[str, Field], test: Expr) -> list[Equation]:
        """Of the displacement and of the projected stress, over `unit`."""
        inner = [self._inner(i, test) for i in range(len(self.parts))]
        found = []
        for i, part in enumerate(self.parts):
            holds = [hold for hold in self.holds if hold.axis == i]
            entities = {k: facet_entities(self.domain, hold.name) for k, hold in enumerate(holds)}
            entities[len(holds)] = pairs_of(self.domain, self._on_axis(i))
            ds = facet_measure(self.domain, entities)
            form = part * test * ds(len(holds))
            for k, hold in enumerate(holds):
                form += (part - hold.sign * self._way(hold, fields)) * test * ds(k)
            facets = [facets_of(self.domain, pairs) for pairs in entities.values()]
            held: Ints = np.unique(np.concatenate(facets)).astype(np.int32)
            found.append(Equation(f"q_{i}", form, inner[i], held))
        if self.projected is not None:
            dx = ufl.Measure("dx", domain=self.domain.mesh, subdomain_data=self.domain.cell_tags)
            there = dx(tuple(self.domain.built.regions[name] for name in self.swelling))
            stress = self.body.stress(self.displacement)
            over = fem.Constant(self.domain.mesh, np.float64(1.0 / (3.0 * self.unit)))
            off = self.projected - over * (stress[XX] + stress[YY] + stress[ZZ])
            found.append(Equation("t_0", volume_weight(self.domain) * off * test * there))
        return found

    def _inner(self, i: int, test: Expr) -> ufl.Form:
        """Virtual work of the body under a component of a displacement, over `unit`."""
        over = fem.Constant(self.domain.mesh, np.float64(1.0 / self.unit))
        energy = over * self.body.potential_energy(self.displacement)
        return ufl.derivative(energy, self.parts[i], test)

    def _way(self, hold: Hold, fields: Mapping[str, Field]) -> Expr:
        """How far a face is outwards: its support less the deposit before that."""
        support = fem.Constant(self.domain.mesh, np.float64(hold.way))
        way = support if hold.plate < 0 else self.ways[hold.name]
        grown = fields.get(f"h_{hold.name}")
        return way if grown is None else way - grown.value

    def _on_axis(self, component: int) -> Ints:
        """Outer facets on the axis of symmetry, which the radial component does not leave."""
        if not self.domain.axisymmetric or component > 0:
            return np.zeros(0, dtype=np.int32)
        across, _ = flat_faces(self.domain, 0)
        msh = self.domain.mesh
        nodes = compat.nodes_of_entities(msh, msh.topology.dim - 1, across)
        places = node_positions(msh)[nodes]
        far, length = places[:, :, 0].max(axis=1, initial=0.0), np.ptp(places, axis=1).max(axis=1)
        return np.asarray(across[far <= AXIS * length], dtype=np.int32)

    # -- plates ------------------------------------------------------------------------------------

    def plates(
        self,
        fields: Mapping[str, Field],
        nodes_of: Callable[[str], Ints],
        test: Expr,
        scale: fem.Constant,
    ) -> list[Plate]:
        """The equations of all plates; collective.

        Args:
            fields: All unknowns that the stress depends on, by name.
            nodes_of: Local nodes of a face, those of other ranks among them.
            test: Test function.
            scale: What all equations of the body are multiplied by.
        """
        found = []
        for name, way in self.ways.items():
            (hold,) = (hold for hold in self.holds if hold.name == name)
            over = fem.Constant(self.domain.mesh, np.float64(1.0 / self.unit))
            pull = scale * over * self.pull(hold, nodes_of(name), test)
            slopes = {}
            for key, field in fields.items():
                slope = ufl.algorithms.expand_derivatives(ufl.derivative(pull, field.value, test))
                if not slope.empty():
                    slopes[key] = assembled(fem.form(slope))
            ds = facet_measure(self.domain, {0: facet_entities(self.domain, name)})
            column = assembled(fem.form(-hold.sign * scale * test * ds(0)))
            face = fem.form(volume_weight(self.domain) * scale * ds(0))
            area = float(self.domain.comm.allreduce(fem.assemble_scalar(face)))
            load = self.pushed[name]
            given = load.pressure, load.spring, area / self.unit
            columns = f"q_{hold.axis}", column
            found.append(Plate(name, way, *given, fem.form(pull), slopes, columns))
        return found

    def pull(self, hold: Hold, nodes: Ints, test: Expr) -> ufl.Form:
        """int sigma_n dA of a face that is held: virtual work where it moves outwards by 1.

        Args:
            hold: What holds it.
            nodes: All local nodes of the face.
            test: Test function.
        """
        moved = fem.Function(test.ufl_function_space())
        moved.x.array[nodes] = hold.sign
        moved.x.scatter_forward()
        energy = self.body.potential_energy(self.displacement)
        return ufl.derivative(energy, self.parts[hold.axis], moved)

    def plate_residual(self, plate: Plate) -> float:
        """What is left of the equation of a plate, of the functions as they are; collective."""
        pull = float(self.domain.comm.allreduce(fem.assemble_scalar(plate.pull)))
        return pull + plate.area * (plate.pressure + plate.stiffness * float(plate.way.value))


PLATE = Support("plate")


def plate_blocks(
    plate: Plate,
    row: int,
    fields: Iterable[Field],
    numbers_of: Mapping[str, Ints],
    out: PETSc.Mat,
) -> None:
    """Add the row of a plate to a matrix, and what its way does to the nodes of its face.

    Args:
        plate: Its equation.
        row: Number of its way among all unknowns.
        fields: All fields.
        numbers_of: Numbers of their unknowns among all, by node.
        out: The matrix.
    """
    add = PETSc.InsertMode.ADD_VALUES
    name, column = plate.columns
    for field in fields:
        numbers = numbers_of[field.name][field.nodes]
        if field.name in plate.slopes:
            out.setValues([row], numbers, plate.slopes[field.name].array_r[field.nodes], addv=add)
        if field.name == name:
            out.setValues(numbers, [row], column.array_r[field.nodes], addv=add)
    if out.comm.rank == 0:
        out.setValue(row, row, plate.area * plate.stiffness, addv=add)


def stress_of(case: schema.Case, domain: Domain) -> Stress | None:
    """What carries stress in a case that marches; None without mechanics. Collective."""
    return None if case.mechanics is None else Stress(case, case.mechanics, domain)
