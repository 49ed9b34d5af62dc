"""Equilibrium of a body whose layers may part, press on each other, slide or tear.

With the unknowns y of `solver.broken` (displacements and jumps) and the energy Pi of the solids,

    (S T P)^T dPi/du + P_w^T (A t(w)) = 0,   w_n >= 0 where layers touch,

t the traction of a cohesive interface at its nodes (`solver.cohesive`), A their areas. Contact is a
bound on the unknown jump: no penalty, nothing overlaps at a node, and the residual there is the
contact force. Sticking: a node does not slide where it is pressed; which nodes are pressed is found
by repeating the solve until their set does not change (from the `RELEASE`-th time on nodes are only
let go, so that this ends). All load is applied at once, or in equal steps if something tears; the
largest opening is then remembered from step to step. A step that fails is cut, at most `MOST_CUTS`
times in all; then the load ends where it is.

Source: Benson & Munson 2006, Optim. Methods Softw. 21, 279 (reduced-space active set).
"""

from collections.abc import Mapping, Sequence
from math import inf

import numpy as np
import numpy.typing as npt
import ufl
from dolfinx import fem
from dolfinx.fem import petsc as fem_petsc
from mpi4py import MPI
from petsc4py import PETSc

from solver import cohesive
from solver.broken import (
    NO_SIDE,
    NORMAL,
    TANGENT,
    Break,
    Floats,
    Ints,
    Unknowns,
    hold,
    of_pairs,
    split,
    unknowns,
)
from solver.broken_state import Answer, Step, jump_of, path_of
from solver.elasticity import Body
from solver.equilibrium import BALANCE, FIXED, FREE, State, Support, Unbalanced, face_normal
from solver.load_path import MOST_CUTS, LoadPath, why_stopped
from solver.pins import pinned
from solver.solve import (
    DIRECT_UNSYMMETRIC,
    NONLINEAR,
    SolveFailed,
    newton,
    reachable,
    solved_directly,
)

RELEASE, MOST_ROUNDS = 8, 40  # of the search for what sticks
ENOUGH = 3e-10  # of the largest force: rounding, on fine cells of stiff bodies
FASTEST = 1.5  # growth of a step after one that converged
MOST_MOVES = "300"  # of the edge of a contact without cohesion, which may go node by node
PREFIX = "mechanics_"
VI = {
    "snes_type": "vinewtonrsls",
    "snes_linesearch_type": "basic",  # shorter steps get caught at the kinks of cohesive laws
    "snes_vi_zero_tolerance": "1e-14",
    "snes_max_it": "40",
}


class BrokenEquilibrium:
    """One body with its interfaces and supports."""

    def __init__(
        self,
        body: Body,
        supports: Mapping[str, Support],
        breaks: Sequence[Break],
        overrides: Mapping[str, str],
    ) -> None:
        """Find the unknowns and compile the forms; collective.

        Args:
            body: Laws and loads.
            supports: By name of the face.
            breaks: Interfaces that are not bonded everywhere.
            overrides: PETSc options of the case.
        """
        self.body, self.domain, self.comm = body, body.domain, body.domain.comm
        self.supports, self.breaks, self.overrides = supports, tuple(breaks), overrides
        self.sides = split(body.domain, breaks)
        self.held = hold(self.sides, supports)
        self.pins: Ints = np.empty(0, dtype=np.int64)
        if all(broken.flaw is not None for broken in breaks):  # layers may float one by one
            plates = sorted(name for name, support in supports.items() if support.kind == "plate")
            sprung = [i for i, n in enumerate(plates) if n in body.tractions]
            sprung = [i for i in sprung if body.tractions[plates[i]].spring > 0.0]
            self.held, self.pins = pinned(self.sides, self.held, sprung)
        self.unknowns = unknowns(self.sides, self.held)
        self.whole = self.sides.matrix.matMult(self.unknowns.to_sides)  # from y to the cells
        self.displacement = fem.Function(self.sides.space, name="displacement")
        energy = body.potential_energy(self.displacement)
        residual = ufl.derivative(energy, self.displacement, ufl.TestFunction(self.sides.space))
        tangent = ufl.derivative(residual, self.displacement, ufl.TrialFunction(self.sides.space))
        self.residual, self.tangent = fem.form(residual), fem.form(tangent)
        springs, self.push = body.springs(self.displacement), None  # of springs behind plates
        if springs is not None:
            test = ufl.TestFunction(self.sides.space)
            self.push = fem.form(ufl.derivative(springs, self.displacement, test))
        self.matrix = fem_petsc.create_matrix(self.tangent)
        self.strained = body.eigenstrain.x.array.copy(), body.initial_stress.x.array.copy()
        self._find_laws()
        self.steps = max(1, *(b.joint.steps for b in self.breaks))
        self.scale = 0.0
        self.reached = self.unknowns.to_sides.createVecRight()

    def _find_laws(self) -> None:
        sides = self.sides
        number = len(sides.nodes)
        self.laws: dict[int, cohesive.Law] = {}
        self.kappa = np.full(number, inf)
        self.bounded = np.zeros(number, dtype=bool)
        self.sticks = np.zeros(number, dtype=bool)
        for i, broken in enumerate(self.breaks):
            joint, here = broken.joint, sides.which == i
            self.bounded |= here & (joint.law != "free")
            self.sticks |= here & (joint.friction == "sticking")
            if joint.tears:
                self.laws[i] = cohesive.make_law(joint)
                self.kappa[here & ~broken.is_off(sides.place)] = 1.0
        self.spent = np.zeros(number)

    # -- solve -------------------------------------------------------------------------------------

    def solve(self, partly: bool = False) -> Answer:
        """Equilibrium under all of the load; collective.

        Args:
            partly: Whether a load that can't be carried to its end ends where it had converged.

        Raises:
            SolveFailed: No convergence after `MOST_CUTS` cuts: the message says how far it came.
        """
        share, cuts, rounds, stopped = 0.0, 0, 0, ""
        largest = 1.0 / self.steps
        step = largest
        y = self.unknowns.to_sides.createVecRight()
        y.set(0.0)
        history: list[Step] = []
        reached = y.copy()
        while share < 1.0:
            step = min(step, 1.0 - share) if share + step < 1.0 - 1e-9 else 1.0 - share
            self.set_load(share + step)
            try:
                parted = not history and self._start(y)
                count, again = self._stick(y, share + step, parted)
            except SolveFailed as error:
                cuts += 1
                reached.copy(y)
                if cuts > MOST_CUTS:
                    stopped = why_stopped(error, share)
                    if not (partly and history):
                        raise SolveFailed(stopped) from error
                    self.set_load(share)
                    break
                step *= 0.5
                continue
            share = 1.0 if share + step > 1.0 - 1e-9 else share + step
            rounds = max(rounds, again)
            self._remember(y, share)
            history.append(self._told(share, y, count))
            y.copy(reached)
            step = min(FASTEST * step, largest)
        self.reached = y
        path = path_of(history, cuts, stopped, self.domain.axisymmetric)
        return self._answer(y, tuple(history), rounds, path)

    def solve_from(self, y: PETSc.Vec) -> Answer:
        """Equilibrium under all of the load from another place, without tearing; collective."""
        count, rounds = self._stick(y, 1.0)
        history, self.reached = (self._told(1.0, y, count),), y
        path = path_of(history, 0, "", self.domain.axisymmetric)
        return self._answer(y, history, rounds, path)

    def set_load(self, share: float) -> None:
        """Tractions by the share in the forms, eigenstrain and initial stress by their values."""
        self.body.load.value = share
        self.body.eigenstrain.x.array[:] = share * self.strained[0]
        self.body.initial_stress.x.array[:] = share * self.strained[1]

    def _start(self, y: PETSc.Vec) -> bool:
        """Where to begin: where nothing presses (true), or bonded, which parts node by node."""
        if self._part(y):
            return True
        tied = unknowns(self.sides, self.held, tied=True)
        share = float(self.body.load.value)
        at = tied.to_sides.createVecRight()
        at.set(0.0)
        self._put_sides(tied, at, share)
        force = self._forces()
        right = at.duplicate()
        tied.to_sides.multTranspose(force, right)
        right.scale(-1.0)
        self._assemble()
        reduced = self.matrix.PtAP(self.sides.matrix.matMult(tied.to_sides))
        if not solved_directly(reduced, right, at, PREFIX, self.overrides):
            raise SolveFailed("mechanics: nothing holds the body, even with its layers bonded")
        # the free unknowns of the tied body are the first ones of every rank but for the jumps
        both = (self.unknowns.node_column != NO_SIDE) & (tied.node_column != NO_SIDE)
        y.array[self.unknowns.node_column[both]] = at.array_r[tied.node_column[both]]
        if self.comm.rank == 0:
            y.array[: self.held.plates] = at.array_r[: self.held.plates]
        # a force to compare residuals with: what the load does to a body that does not yield to it
        self.scale = float(force.norm(PETSc.NormType.NORM_INFINITY))
        return False

    def _part(self, y: PETSc.Vec) -> bool:
        """Puts the linear equilibrium without contact into y (zero), if it overlaps nowhere.

        Not of bodies that tear, meet an obstacle or have large deflections, which have several.
        """
        if self.body.rotates is not None or self.laws or self._obstacles():
            return False
        left = y.duplicate()
        self.residual_at(y, left)
        self.scale = float(self._forces().norm(PETSc.NormType.NORM_INFINITY))
        left.scale(-1.0)
        tangent = self.tangent_at(y)
        solved = solved_directly(tangent, left, y, PREFIX, self.overrides)
        self.residual_at(y, left)  # of a body that floats it is no zero
        enough = reachable(ENOUGH * self.scale, tangent, y)
        apart = bool(self._opened(y)[self.bounded, NORMAL].min(initial=0.0) >= 0.0)
        if solved and left.norm() <= enough and self.comm.allreduce(apart, op=MPI.LAND):
            return True
        y.set(0.0)
        return False

    def _stick(self, y: PETSc.Vec, share: float, parted: bool = False) -> tuple[int, int]:
        """Newton steps, and solves until the nodes that stick are those that are pressed."""
        stuck: npt.NDArray[np.bool_] = self.sticks & (not parted)
        total = 0
        for again in range(MOST_ROUNDS):
            total += self._newton(y, self._bounds(y, share, stuck))
            closed: npt.NDArray[np.bool_] = self.sticks & (self._jumps(y, share)[:, NORMAL] <= 0.0)
            if again >= RELEASE:
                closed &= stuck
            changed = int((closed != stuck).sum())
            if self.comm.allreduce(changed) == 0:
                return total, again + 1
            stuck = closed
        raise SolveFailed("mechanics: the set of nodes that stick keeps changing")

    def _bounds(
        self, y: PETSc.Vec, share: float, stuck: npt.NDArray[np.bool_]
    ) -> tuple[PETSc.Vec, PETSc.Vec]:
        low, high = y.duplicate(), y.duplicate()
        low.set(-inf)
        high.set(inf)
        column = self.unknowns.column.reshape(-1, 2)
        normal = column[self.bounded, NORMAL]
        low.array[normal[normal != NO_SIDE]] = 0.0
        along = column[stuck, TANGENT]
        along = along[along != NO_SIDE]
        low.array[along], high.array[along] = 0.0, 0.0
        for name, rows in self._obstacles().items():
            support, sign = self.supports[name], self.held.sign[name]
            gap = self._gap(name, rows) + (1.0 - share) * support.value
            side = high if sign > 0.0 else low
            side.array[self.unknowns.node_column[rows]] = sign * gap
        return low, high

    def _obstacles(self) -> dict[str, npt.NDArray[np.int64]]:
        """Free components of nodes against which something rigid is pushed."""
        free = self.held.state == FREE
        free[2 * self.sides.owned :] = False
        names = [n for n, support in self.supports.items() if support.kind == "obstacle"]
        return {n: rows[free[rows]] for n in names for rows in [self.held.rows[n]]}

    def _gap(self, name: str, rows: npt.NDArray[np.int64]) -> Floats:
        support = self.supports[name]
        axis = 1 - face_normal(self.domain, name)[0]
        along = self.sides.continuous.tabulate_dof_coordinates()[rows // 2, axis]
        return np.asarray(along**2 / (2.0 * support.radius) - support.value)

    def _newton(self, y: PETSc.Vec, bounds: tuple[PETSc.Vec, PETSc.Vec]) -> int:
        def tangent(at: PETSc.Vec, out: PETSc.Mat) -> None:
            self.tangent_at(at).copy(out, PETSc.Mat.Structure.SAME_NONZERO_PATTERN)

        limit = VI if self.laws else {**VI, "snes_max_it": MOST_MOVES}
        enough = {"snes_atol": f"{max(ENOUGH * self.scale, 1e-300):.3e}"}
        options = {**NONLINEAR, **DIRECT_UNSYMMETRIC, **limit, **enough, **self.overrides}
        reduced = self.tangent_at(y)
        steps = newton("mechanics", self.residual_at, tangent, reduced, y, PREFIX, options, bounds)
        self.put(y)
        return steps

    def residual_at(self, y: PETSc.Vec, out: PETSc.Vec) -> None:
        """What is left of the forces in the unknowns."""
        self.put(y)
        self.unknowns.to_sides.multTranspose(self._forces(), out)
        traction = self.unknowns.jumps.createVecLeft()
        traction.array[:] = self._tractions(self._opened(y))[0].ravel()
        self.unknowns.jumps.multTransposeAdd(traction, out, out)

    def tangent_at(self, y: PETSc.Vec) -> PETSc.Mat:
        """Their derivative."""
        self.put(y)
        self._assemble()
        found = self.matrix.PtAP(self.whole)
        slopes = of_pairs(self._tractions(self._opened(y))[1], self.comm)
        found.axpy(
            1.0, slopes.PtAP(self.unknowns.jumps), PETSc.Mat.Structure.DIFFERENT_NONZERO_PATTERN
        )
        return found

    # -- pieces ------------------------------------------------------------------------------------

    def put(self, y: PETSc.Vec) -> None:
        """Sets the displacement of every cell."""
        self._put_sides(self.unknowns, y, float(self.body.load.value))

    def _put_sides(self, chosen: Unknowns, y: PETSc.Vec, share: float) -> None:
        u = chosen.to_sides.createVecLeft()
        chosen.to_sides.mult(y, u)
        u.axpy(share, chosen.given)
        cells = self.sides.matrix.createVecLeft()
        self.sides.matrix.mult(u, cells)
        self.displacement.x.array[:] = cells.array_r

    def _forces(self) -> PETSc.Vec:
        """dPi/du on every side."""
        return self._on_sides(self.residual)

    def _on_sides(self, form: fem.Form) -> PETSc.Vec:
        """A vector of the cells, summed over those at every side."""
        force = fem_petsc.assemble_vector(form)
        out = self.sides.matrix.createVecRight()
        self.sides.matrix.multTranspose(force, out)
        return out

    def _assemble(self) -> None:
        self.matrix.zeroEntries()
        fem_petsc.assemble_matrix(self.matrix, self.tangent)
        self.matrix.assemble()

    def _jumps(self, y: PETSc.Vec, share: float) -> Floats:
        """Openings (sliding, normal) of the owned nodes, um, shape (n, 2)."""
        out = self.unknowns.jumps.createVecLeft()
        self.unknowns.jumps.mult(y, out)
        return np.asarray((out.array_r + share * self.unknowns.jumps_given).reshape(-1, 2))

    def _opened(self, y: PETSc.Vec) -> Floats:
        return self._jumps(y, float(self.body.load.value))

    def _tractions(self, w: Floats) -> tuple[Floats, Floats]:
        """Cohesive forces of the nodes, shape (n, 2), and their derivatives, (n, 2, 2)."""
        force, slope = np.zeros_like(w), np.zeros((len(w), 2, 2))
        for i, law in self.laws.items():
            at = (self.sides.which == i) & np.isfinite(self.kappa)
            t, tangent = cohesive.traction(law, w[at], self.kappa[at])
            area = self.sides.area[at]
            force[at], slope[at] = area[:, None] * t, area[:, None, None] * tangent
        return force, slope

    def _remember(self, y: PETSc.Vec, share: float) -> None:
        """The largest openings, and what they have cost."""
        w = self._jumps(y, share)
        for i, law in self.laws.items():
            at = (self.sides.which == i) & np.isfinite(self.kappa)
            before = self.kappa[at]
            after = np.maximum(before, cohesive.effective_opening(law, w[at]))
            self.spent[at] += self.sides.area[at] * cohesive.spent(law, w[at], before, after)
            self.kappa[at] = after

    # -- what is told ------------------------------------------------------------------------------

    def _told(self, share: float, y: PETSc.Vec, iterations: int) -> Step:
        w = self._jumps(y, share)
        opening = self.comm.allreduce(float(w[:, NORMAL].max(initial=0.0)), op=MPI.MAX)
        spent = self.comm.allreduce(float(self.spent.sum()))
        left, _ = self._without_interfaces(self._forces(), w)
        return Step(share, self._reactions(left)[0], spent, opening, iterations)

    def _without_interfaces(self, left: PETSc.Vec, w: Floats) -> tuple[PETSc.Vec, Floats]:
        """Forces on the sides less those of the interfaces, and these (on the upper sides).

        A side that is free bears nothing but the interface; where both are held by supports, it is
        the law that tells.
        """
        owned, number = self.sides.owned, len(self.sides.nodes)
        low = 2 * self.sides.nodes[:, None] + np.arange(2)
        high = 2 * (owned + np.arange(number))[:, None] + np.arange(2)
        below, above = left.array_r[low], left.array_r[high]
        free_low, free_high = (self.held.state[rows] == FREE for rows in (low, high))
        law = self._tractions(w)[0]
        force = np.where(free_high, above, np.where(free_low, -below, law))
        left.array[high] -= force
        left.array[low] += force
        return left, force

    def _reactions(self, left: PETSc.Vec) -> tuple[dict[str, float], float]:
        """Sum of dPi/du over every support, and how all forces balance."""
        out = {}
        for name, rows in (self.held.rows | self._obstacles()).items():
            out[name] = self.held.sign[name] * self.comm.allreduce(float(left.array_r[rows].sum()))
        loads = self._loads()
        holds = self.held.state == FIXED
        for rows in self._obstacles().values():
            holds[rows] = True
        held = np.where(holds, left.array_r, 0.0).reshape(-1, 2)
        axes = slice(1 if self.domain.axisymmetric else 0, 2)
        total = self.comm.allreduce((held + loads).sum(axis=0)[axes])
        size = self.comm.allreduce((np.abs(held) + np.abs(loads)).sum(axis=0)[axes])
        # a body that came off may bear nothing: then what it bears with all bonded is the measure
        measure = max(float(size.max()), self.scale)
        pinned_by = np.abs(left.array_r[self.pins]).max(initial=0.0)
        if self.comm.allreduce(float(pinned_by), op=MPI.MAX) > BALANCE * measure:
            raise Unbalanced("mechanics: nothing holds the body, and its loads do not balance")
        return out, float(np.abs(total).max() / measure)

    def _loads(self) -> Floats:
        """Forces of tractions, of strains without displacement, of springs, shape (sides, 2)."""
        kept = self.displacement.x.array.copy()
        self.displacement.x.array[:] = 0.0
        loads = -self._forces().array_r
        self.displacement.x.array[:] = kept
        if self.push is not None:
            loads = loads - self._on_sides(self.push).array_r
        return np.asarray(loads.reshape(-1, 2))

    def _answer(
        self, y: PETSc.Vec, history: tuple[Step, ...], rounds: int, path: LoadPath
    ) -> Answer:
        self.put(y)
        w = self._jumps(y, path.reached)
        left, forces = self._without_interfaces(self._forces(), w)
        reactions, balance = self._reactions(left)
        stored = 0.0
        for i, law in self.laws.items():
            at = (self.sides.which == i) & np.isfinite(self.kappa)
            each = self.sides.area[at] * cohesive.stored(law, w[at], self.kappa[at])
            stored += self.comm.allreduce(float(each.sum()))
        energy = fem.assemble_scalar(fem.form(self.body.potential_energy(self.displacement)))
        energy = float(self.comm.allreduce(energy)) + stored
        found = (energy, reactions, balance, path.iterations)
        state = State(self.displacement, *found, path=path)
        at_nodes = (w, forces, self.kappa, self.spent)
        jumps = {b.name: jump_of(self.sides, i, b, *at_nodes) for i, b in enumerate(self.breaks)}
        return Answer(state, jumps, history, rounds)
