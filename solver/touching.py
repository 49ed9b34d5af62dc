"""Equilibrium of an elastic body in 3D whose crack or layers may touch, or that meets an indenter.

With the coefficients q of `solver.bernstein`, q = P y + g (g what supports hold, one unknown for
every plate) and the energy Pi of the body,

    W^T dPi/du(W y + u_g) = 0,  W = S T P,      c_n >= 0 where faces may touch,
                                                c_z <= gap under an indenter,

c_n the coefficients of the opening of a crack in a plane of symmetry or of the jump of layers. What
a bound needs to be kept is the contact force at its coefficient, and over its area the pressure.
Nothing overlaps anywhere, and there is no penalty. Sticking: the tangential jump of a coefficient
is zero where it is pressed; which ones are pressed is found by repeating the solve until their set
does not change (from the `RELEASE`-th time on they are only let go, so that this ends).

The gap under a rigid parabola of the radius R, pushed by d, is (x^2 + y^2)/(2 R) - d; it is
quadratic, so its coefficients are exact.

Source: Benson & Munson 2006, Optim. Methods Softw. 21, 279 (reduced-space active set).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

import numpy as np
import numpy.typing as npt
import ufl
from dolfinx import fem
from dolfinx.fem import petsc as fem_petsc
from petsc4py import PETSc

from solver.bernstein import CORNER, Floats, Ints, Sides, areas, edge_ends, nodes_on, sparse, split
from solver.elasticity import Body
from solver.equilibrium import FIXED, FREE, PLATE, Equilibrium, State, Support, face_normal
from solver.interface_schema import Joint
from solver.solve import DIRECT, NONLINEAR, SolveFailed, newton, prefixed_options

UP = 2  # axis of the normal of interfaces
RELEASE, MOST_ROUNDS = 8, 40  # of the search for what sticks
ENOUGH = 1e-11  # of the loads: rounding
PREFIX = "mechanics_"
VI = {
    "snes_type": "vinewtonrsls",
    "snes_linesearch_type": "basic",
    "snes_vi_zero_tolerance": "1e-14",
    "snes_max_it": "100",
}


@dataclass(frozen=True)
class Touch:
    """What a face or interface does, at its nodes and their coefficients that this rank owns.

    Attributes:
        opening: At the nodes, um: how far what is above slides along x and y, and the distance
            (from the plane of symmetry, from the indenter, of the layers); shape (n, 3).
        apart: Coefficients of the distance, um, shape (n,): none is below zero.
        force: Of the coefficients, uN: on what is above along x and y, and the pressing force;
            shape (n, 3).
        area: um^2, shape (n,).
    """

    opening: Floats
    apart: Floats
    force: Floats
    area: Floats


@dataclass(frozen=True)
class Touched:
    """The equilibrium, and by name what its faces and interfaces do that may touch."""

    state: State
    touches: dict[str, Touch]


@dataclass(frozen=True)
class _Held:
    """What determines every q of this rank, and its value; the components of supports by name."""

    state: Ints
    given: Floats
    rows: dict[str, Ints]
    sign: dict[str, float]
    plates: tuple[str, ...]


def solve_touching(
    body: Body,
    supports: Mapping[str, Support],
    joints: Mapping[str, Joint],
    overrides: Mapping[str, str],
) -> Touched:
    """Equilibrium under all of the load; collective. Without what may touch, the linear one.

    Args:
        body: Laws and loads.
        supports: By name of the face.
        joints: Interfaces with the law `contact`.
        overrides: PETSc options of the case.

    Raises:
        SolveFailed: No convergence, or nothing holds the body.
    """
    obstacles = {
        name: face_normal(body.domain, name)[0]
        for name, support in supports.items()
        if support.kind == "obstacle"
    }
    if not (obstacles or joints):
        return Touched(Equilibrium(body, dict(supports), dict(overrides)).solve(), {})
    return _Touching(body, supports, joints, obstacles, overrides).solve()


class _Touching:
    """One body with all that may touch."""

    def __init__(
        self,
        body: Body,
        supports: Mapping[str, Support],
        joints: Mapping[str, Joint],
        obstacles: Mapping[str, int],
        overrides: Mapping[str, str],
    ) -> None:
        self.body, self.comm, self.joints = body, body.domain.comm, joints
        self.supports, self.overrides = supports, overrides
        self.sides = split(body.domain, joints, obstacles)
        self.held = _hold(self.sides, supports)
        self.areas = areas(self.sides, obstacles, joints)
        self._choose()
        self.displacement = fem.Function(self.sides.space, name="displacement")
        residual = ufl.derivative(
            body.potential_energy(self.displacement),
            self.displacement,
            ufl.TestFunction(self.sides.space),
        )
        tangent = ufl.derivative(residual, self.displacement, ufl.TrialFunction(self.sides.space))
        self.residual = fem.form(residual)
        stiffness = fem_petsc.assemble_matrix(fem.form(tangent))
        stiffness.assemble()
        self.from_y = self.sides.to_cells.matMult(self.expansion)
        self.reduced = stiffness.PtAP(self.from_y)
        self.loads = self._force(self._q(None, 0.0))  # at no displacement
        self.right = self.reduced.createVecRight()
        self.expansion.multTranspose(self._force(self._q(None, 1.0)), self.right)
        self.right.scale(-1.0)

    # -- unknowns ----------------------------------------------------------------------------------

    def _choose(self) -> None:
        """The matrix P, and the places in y of what may touch."""
        state, comm = self.held.state, self.comm
        extra = len(self.held.plates) if comm.rank == 0 else 0
        free = np.flatnonzero(state == FREE)
        mine = extra + len(free)
        first = comm.scan(mine) - mine
        self.column = np.full(len(state), -1, dtype=np.int64)
        self.column[free] = extra + np.arange(len(free))
        target = np.where(state == FREE, first + self.column, state)  # rank 0 owns the plates
        rows = np.flatnonzero(state != FIXED)
        self.expansion = sparse(comm, (len(state), mine), rows, target[rows], np.ones(len(rows)))
        sides = self.sides
        self.joined = {n: sides.jumps[sides.which == n] for n in self.joints}
        self.met: dict[str, Ints] = {}
        for name, support in self.supports.items():
            if support.kind == "obstacle":
                rows = self.held.rows[name]
                self.met[name] = rows[state[rows] == FREE]

    def _gap(self, name: str) -> tuple[Floats, Floats]:
        """The gap of an obstacle, um: at the nodes that may meet it, and its coefficients."""
        rows, support, sides = self.met[name], self.supports[name], self.sides
        at = sides.continuous.tabulate_dof_coordinates()
        gap = (at**2).sum(axis=1) - at[:, rows[0] % 3 if len(rows) else UP] ** 2
        gap = gap / (2.0 * support.radius) - support.value
        node, ends = rows // 3, edge_ends(sides.continuous)[rows // 3]
        between = ends[:, 0] != CORNER
        at_nodes = gap[node]
        found = at_nodes.copy()
        found[between] = 2.0 * at_nodes[between] - 0.5 * gap[ends[between]].sum(axis=1)
        return at_nodes, found

    def _q(self, y: PETSc.Vec | None, share: float = 1.0) -> PETSc.Vec:
        """The coefficients of unknowns (None: all zero) with a share of what is given."""
        q = self.expansion.createVecLeft()
        q.set(0.0)
        if y is not None:
            self.expansion.mult(y, q)
        q.array[:] += share * self.held.given
        return q

    def _put(self, q: PETSc.Vec) -> None:
        moved = self.sides.to_cells.createVecLeft()
        self.sides.to_cells.mult(q, moved)
        self.displacement.x.array[: len(moved.array_r)] = moved.array_r
        self.displacement.x.scatter_forward()

    def _force(self, q: PETSc.Vec) -> PETSc.Vec:
        """dPi/dq; sets the displacement."""
        self._put(q)
        force = fem_petsc.assemble_vector(self.residual)
        force.ghostUpdate(PETSc.InsertMode.ADD, PETSc.ScatterMode.REVERSE)
        out = self.expansion.createVecLeft()
        self.sides.to_cells.multTranspose(force, out)
        return out

    # -- solve -------------------------------------------------------------------------------------

    def solve(self) -> Touched:
        """From a body without openings."""
        y = self._closed()
        sticks = [n for n, joint in self.joints.items() if joint.friction == "sticking"]
        stuck = {name: np.ones(len(self.joined[name]), dtype=bool) for name in sticks}
        steps = 0
        for again in range(MOST_ROUNDS):
            steps += self._newton(y, self._bounds(y, stuck))
            q = self._q(y).array_r
            changed = 0
            for name, before in stuck.items():
                closed = q[self.joined[name][:, UP]] <= 0.0
                if again >= RELEASE:
                    closed &= before
                changed += int((closed != before).sum())
                stuck[name] = closed
            if self.comm.allreduce(changed) == 0:
                return self._answer(y, steps)
        raise SolveFailed("mechanics: the set of nodes that stick keeps changing")

    def _closed(self) -> PETSc.Vec:
        """The unknowns with all crack faces and interfaces closed."""
        y = self.reduced.createVecRight()
        y.set(0.0)
        rigid = {name for name in self.met if self.supports[name].value == 0.0}
        rows = [self.met[name] for name in rigid]
        rows += [places.ravel() for places in self.joined.values()]
        shut = self.column[np.concatenate([np.empty(0, dtype=np.int64), *rows])]
        open_ = np.setdiff1d(np.arange(y.getLocalSize()), shut[shut >= 0])
        first, _ = y.getOwnershipRange()
        free = PETSc.IS().createGeneral((first + open_).astype(PETSc.IntType), comm=self.comm)
        part, right = self.reduced.createSubMatrix(free, free), self.right.getSubVector(free)
        at = right.duplicate()
        ksp = PETSc.KSP().create(self.comm)
        ksp.setOptionsPrefix(PREFIX)
        ksp.setOperators(part)
        with prefixed_options(PREFIX, {**DIRECT, **self.overrides}):
            ksp.setFromOptions()
        ksp.solve(right, at)
        failed = ksp.getConvergedReason() <= 0 or not np.isfinite(at.norm())
        self.right.restoreSubVector(free, right)
        if failed:
            raise SolveFailed("mechanics: nothing holds the body, even with all that touches tied")
        y.array[open_] = at.array_r
        return y

    def _bounds(
        self, y: PETSc.Vec, stuck: Mapping[str, npt.NDArray[np.bool_]]
    ) -> tuple[PETSc.Vec, PETSc.Vec]:
        low, high = y.duplicate(), y.duplicate()
        low.set(-inf)
        high.set(inf)
        for places in self.joined.values():
            apart = self.column[places[:, UP]]
            low.array[apart[apart >= 0]] = 0.0
        for name, closed in stuck.items():
            along = self.column[self.joined[name][closed][:, :UP]].ravel()
            along = along[along >= 0]
            low.array[along], high.array[along] = 0.0, 0.0
        for name, rows in self.met.items():
            side = high if self.held.sign[name] > 0.0 else low
            side.array[self.column[rows]] = self.held.sign[name] * self._gap(name)[1]
        return low, high

    def _newton(self, y: PETSc.Vec, bounds: tuple[PETSc.Vec, PETSc.Vec]) -> int:
        def residual(at: PETSc.Vec, out: PETSc.Vec) -> None:
            self.reduced.mult(at, out)
            out.axpy(-1.0, self.right)

        def tangent(_: PETSc.Vec, __: PETSc.Mat) -> None:
            """The energy is quadratic."""

        enough = {"snes_atol": f"{max(ENOUGH * self.right.norm(), 1e-300):.3e}"}
        options = {**NONLINEAR, **DIRECT, **VI, **enough, **self.overrides}
        return newton("mechanics", residual, tangent, self.reduced, y, PREFIX, options, bounds)

    # -- what is told ------------------------------------------------------------------------------

    def _answer(self, y: PETSc.Vec, steps: int) -> Touched:
        q = self._q(y)
        force = self._force(q)
        left, at, owned = force.array_r.copy(), q.array_r.copy(), 3 * self.sides.owned
        touches = {}
        moved = self.sides.to_sides.createVecLeft()
        self.sides.to_sides.mult(q, moved)
        sides = moved.array_r
        for name, places in self.joined.items():
            below = 3 * self.sides.nodes[self.sides.which == name][:, None] + np.arange(3)
            jump, apart = sides[places] - sides[below], places[:, UP]
            force = np.where(self.column[places] >= 0, left[places], 0.0)  # else a support's
            touches[name] = Touch(jump, at[apart], force, self.areas[apart])
        for name, rows in self.met.items():
            sign, none = self.held.sign[name], np.zeros((len(rows), 2))
            gap, coefficients = self._gap(name)
            opening = np.column_stack([none, gap - sign * sides[rows]])
            pressing = np.column_stack([none, -sign * left[rows]])
            touch = Touch(opening, coefficients - sign * at[rows], pressing, self.areas[rows])
            touches[name] = touch if name != "crack" else _with_front(touch, *self._front(left))
        reactions = {
            name: self.held.sign[name] * self.comm.allreduce(float(left[rows].sum()))
            for name, rows in {**self.held.rows, **self.met}.items()
        }
        held = np.where(self.held.state == FIXED, left, 0.0)
        for rows in self.met.values():
            held[rows] = left[rows]
        held, loads = held[:owned].reshape(-1, 3), self._loads()[:owned].reshape(-1, 3)
        self._put(q)
        total = self.comm.allreduce((held + loads).sum(axis=0))
        size = self.comm.allreduce((np.abs(held) + np.abs(loads)).sum(axis=0))
        balance = float(np.abs(total).max() / max(float(size.max()), np.finfo(float).tiny))
        energy = fem.assemble_scalar(fem.form(self.body.potential_energy(self.displacement)))
        energy = float(self.comm.allreduce(energy))
        return Touched(State(self.displacement, energy, reactions, balance, steps), touches)

    def _front(self, left: Floats) -> tuple[Floats, Floats]:
        """Pressing force and area of a crack at its front, where the plane holds together.

        Of what presses there the crack has the share of its area.
        """
        rows = self.held.rows["crack"]
        rows = rows[self.held.state[rows] == FIXED]
        both = areas(self.sides, dict.fromkeys(("crack", "bottom"), UP), ())[rows]
        own = self.areas[rows]
        return np.maximum(left[rows], 0.0) * own / both, own

    def _loads(self) -> Floats:
        """Forces of tractions, of strains without displacement and of springs, on every q."""
        loads = -np.asarray(self.loads.array_r, dtype=np.float64)
        springs = self.body.springs(self.displacement)
        if springs is None:
            return np.asarray(loads)
        form = ufl.derivative(springs, self.displacement, ufl.TestFunction(self.sides.space))
        pushed = fem_petsc.assemble_vector(fem.form(form))
        pushed.ghostUpdate(PETSc.InsertMode.ADD, PETSc.ScatterMode.REVERSE)
        out = self.expansion.createVecLeft()
        self.sides.to_cells.multTranspose(pushed, out)
        return np.asarray(loads - out.array_r)


def _with_front(touch: Touch, force: Floats, area: Floats) -> Touch:
    """The same with the coefficients of a front, which are closed."""
    none = np.zeros((len(area), 3))
    return Touch(
        np.concatenate([touch.opening, none]),
        np.concatenate([touch.apart, none[:, 0]]),
        np.concatenate([touch.force, np.column_stack([none[:, :UP], force])]),
        np.concatenate([touch.area, area]),
    )


def _hold(sides: Sides, supports: Mapping[str, Support]) -> _Held:
    """Find what supports determine; collective. Where a node is held its jump is zero."""
    owned, domain = sides.owned, sides.domain
    state, given = np.full(3 * owned, FREE, dtype=np.int64), np.zeros(3 * owned)
    rows: dict[str, Ints] = {}
    signs: dict[str, float] = {}
    plates = tuple(sorted(name for name, support in supports.items() if support.kind == "plate"))
    strict = {"obstacle": 0, "plate": 0, "normal": 1, "clamped": 2}  # stricter ones later
    for name, support in sorted(supports.items(), key=lambda item: strict[item[1].kind]):
        axis, sign = face_normal(domain, name)
        nodes = np.flatnonzero(nodes_on(sides.continuous, domain, name)[:owned])
        rows[name], signs[name] = 3 * nodes + axis, sign
        if support.kind == "clamped":
            every = (3 * nodes[:, None] + np.arange(3)).ravel()
            state[every], given[every] = FIXED, 0.0
        if support.kind in ("clamped", "normal"):
            state[rows[name]], given[rows[name]] = FIXED, sign * support.value
        elif support.kind == "plate":
            state[rows[name]] = PLATE + plates.index(name)
    base = state.reshape(-1, 3)[sides.nodes].ravel()
    jumps = np.where(base == FREE, FREE, FIXED)
    values = np.concatenate([np.where(state == FIXED, given, 0.0), np.zeros(len(jumps))])
    return _Held(np.concatenate([state, jumps]), values, rows, signs, plates)
