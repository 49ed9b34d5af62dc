"""The displacement in equilibrium: supports, rigid plates, and what may float freely.

With u = P y + g, where g holds the given displacements and the 0/1 matrix P gives every free
component its own unknown and all normal components on a rigid plate one common unknown,

    P^T K P y = P^T (f - K g).

Rigid motions that no support resists are taken out as the null space: a body that floats needs no
artificial pin, but its loads must balance.
"""

from dataclasses import dataclass, field
from math import inf
from typing import Literal

import numpy as np
import numpy.typing as npt
import ufl
from dolfinx import fem
from dolfinx.fem import petsc as fem_petsc
from mpi4py import MPI
from petsc4py import PETSc
from ufl.core.expr import Expr

from solver.blocks import Blocks
from solver.domain import Domain, facet_entities, facets_of
from solver.elasticity import Body, Traction, displacement_space
from solver.load_path import LoadPath, named_forces
from solver.nonlinear import NonlinearSolver
from solver.rigid import near_null_space, orthonormal, rigid_motions
from solver.shared_nodes import parts, shared_rows
from solver.solve import (
    DIRECT,
    DIRECT_LIMIT,
    ELASTICITY,
    ELASTICITY_LIMIT,
    FLOATING,
    SolveFailed,
    make_solver,
    solve,
)

Floats = npt.NDArray[np.float64]
FREE, FIXED, PLATE = -2, -1, 0  # what determines a component; plates count from 0
BALANCE = 1e-8  # relative imbalance of the loads on a body that floats


class Unbalanced(ValueError):
    """Loads that accelerate a body which nothing holds."""


@dataclass(frozen=True)
class Support:
    """What a flat face along the axes may not do.

    Attributes:
        kind: `normal`: the normal displacement outwards is `value`, the face slides freely along
            itself; `tangential`: the displacement along it is `value`, in 2D along (-n_y, n_x);
            `clamped`: none but `value` along the normal; `plate`: all of the face has one normal
            displacement, which follows from the loads on it; `obstacle`: the normal displacement
            is at most s^2/(2 radius) - value at the distance s from the corner of the face with an
            axis.
        value: um.
        radius: Of a rigid parabola that is pushed into the face, um; infinite: a flat obstacle.
    """

    kind: Literal["normal", "tangential", "clamped", "plate", "obstacle"]
    value: float = 0.0
    radius: float = inf


@dataclass(frozen=True)
class State:
    """A body in equilibrium.

    Attributes:
        displacement: um.
        energy: Potential energy Pi, pJ (plane: pJ/um).
        reactions: Force of every support on the body, outwards along its normal (`tangential`:
            along the face), pJ/um = uN (plane: per um).
        balance: Reactions plus loads, over the sum of the sizes of both.
        iterations: Krylov iterations; Newton steps where one linear solve is not enough.
        touching: Of every obstacle how far along the face it is touched, um; 0: nowhere.
        path: The steps of the load, where one linear solve is not enough.
    """

    displacement: fem.Function
    energy: float
    reactions: dict[str, float]
    balance: float
    iterations: int
    touching: dict[str, float] = field(default_factory=dict)
    path: LoadPath | None = None


class Equilibrium:
    """One matrix and one solver for a body with given supports."""

    def __init__(
        self, body: Body, supports: dict[str, Support], overrides: dict[str, str], freed: str = ""
    ) -> None:
        """Assemble and set up; collective.

        Args:
            body: Laws and loads.
            supports: By name of the face.
            overrides: PETSc options of the case.
            freed: A face whose edges move along its normal, whatever holds the faces beside it.
        """
        self.body, self.domain, self.supports = body, body.domain, supports
        self.freed = freed
        self.space = displacement_space(body.domain)
        zero = fem.Function(self.space)
        test, trial = ufl.TestFunction(self.space), ufl.TrialFunction(self.space)
        residual = ufl.derivative(body.potential_energy(zero), zero, test)
        stiffness = ufl.derivative(residual, zero, trial)
        self.matrix = fem_petsc.assemble_matrix(fem.form(stiffness))
        self.matrix.assemble()
        self.force = fem_petsc.assemble_vector(fem.form(-residual))
        self.force.ghostUpdate(PETSc.InsertMode.ADD, PETSc.ScatterMode.REVERSE)
        self.overrides = overrides
        self._constrain()
        self.nonlinear = body.rotates is not None or bool(self.obstacles)
        self._set_up(overrides)

    # -- constraints -------------------------------------------------------------------------------

    def _constrain(self) -> None:
        """What determines every owned component, and the components of every face."""
        gdim = self.domain.mesh.geometry.dim
        owned = self.space.dofmap.index_map.size_local * gdim
        self.state = np.full(owned, FREE, dtype=np.int64)
        self.given = np.zeros(owned)
        self.rows: dict[str, npt.NDArray[np.int32]] = {}
        self.sign: dict[str, float] = {}
        self.axes: dict[str, int] = {}
        plates = sorted(name for name, s in self.supports.items() if s.kind == "plate")
        # stricter ones later
        order = {"obstacle": 0, "plate": 0, "tangential": 1, "normal": 1, "clamped": 2}
        for name, support in sorted(self.supports.items(), key=lambda item: order[item[1].kind]):
            axis, sign = face_normal(self.domain, name)
            if support.kind == "tangential":
                axis, sign = 1 - axis, sign if axis == 0 else -sign
            self.sign[name], self.axes[name] = sign, axis
            self.rows[name] = self._components(name, axis)
            if support.kind == "clamped":
                every = [self._components(name, i) for i in range(gdim)]
                rows = np.concatenate(every)
                self.state[rows], self.given[rows] = FIXED, 0.0
                self.given[self.rows[name]] = sign * support.value
            elif support.kind in ("normal", "tangential"):
                rows = self.rows[name]
                self.state[rows], self.given[rows] = FIXED, sign * support.value
            elif support.kind == "plate":
                self.state[self.rows[name]] = PLATE + plates.index(name)
        if self.freed:
            axis, _ = face_normal(self.domain, self.freed)
            self.state[self._components(self.freed, axis)] = FREE
        if self.domain.axisymmetric:
            x = self.space.tabulate_dof_coordinates()[: owned // gdim, 0]
            on_axis = np.flatnonzero(np.abs(x) < 1e-12 * self.domain.mesh.geometry.x[:, 0].max())
            self.state[on_axis * gdim], self.given[on_axis * gdim] = FIXED, 0.0
        self.plates = plates
        self.obstacles: dict[str, tuple[npt.NDArray[np.int32], Floats]] = {}
        for name, support in self.supports.items():
            if support.kind == "obstacle":
                rows = self.rows[name]
                rows = rows[self.state[rows] == FREE]
                gap = self._along(name, rows) ** 2 / (2.0 * support.radius) - support.value
                self.obstacles[name] = (rows, gap)
        holding = {n: r for n, r in self.rows.items() if n not in {*plates, *self.obstacles}}
        self.shared = shared_rows(holding, self.domain.comm)

    def _components(self, name: str, axis: int) -> npt.NDArray[np.int32]:
        """Owned rows of one component of the displacement on a face."""
        gdim = self.domain.mesh.geometry.dim
        facets = facets_of(self.domain, facet_entities(self.domain, name))
        fdim = self.domain.mesh.topology.dim - 1
        nodes = fem.locate_dofs_topological(self.space, fdim, facets, remote=True)
        nodes = nodes[nodes < self.space.dofmap.index_map.size_local]
        return np.asarray(np.unique(nodes) * gdim + axis, dtype=np.int32)

    def _expansion(self) -> PETSc.Mat:
        """The matrix P."""
        comm = self.domain.comm
        free = np.flatnonzero(self.state == FREE)
        held = np.flatnonzero(self.state >= PLATE)
        mine = len(free) + (len(self.plates) if comm.rank == 0 else 0)
        rows = self.matrix.getSizes()[0]
        expansion = PETSc.Mat().createAIJ((rows, (mine, PETSc.DECIDE)), nnz=(1, 1), comm=comm)
        first, _ = expansion.getOwnershipRangeColumn()
        start = first + (len(self.plates) if comm.rank == 0 else 0)
        columns = np.zeros(len(self.state), dtype=PETSc.IntType)
        columns[free] = start + np.arange(len(free))
        columns[held] = self.state[held]  # rank 0 owns the plates: the first columns
        self.column = columns - first
        present = (self.state != FIXED).astype(PETSc.IntType)
        pointer = np.concatenate([[0], np.cumsum(present)]).astype(PETSc.IntType)
        expansion.setValuesCSR(pointer, columns[self.state != FIXED], np.ones(present.sum()))
        expansion.assemble()
        return expansion

    def _floating(self, modes: list[PETSc.Vec]) -> list[PETSc.Vec]:
        """The rigid motions that supports and plates allow, in unknowns y, orthonormal."""
        comm = self.domain.comm
        columns = np.array([mode.array_r for mode in modes])
        violated = [columns[:, self.state == FIXED]]
        for plate in range(len(self.plates)):
            on = columns[:, self.state == PLATE + plate]
            count = comm.allreduce(on.shape[1])
            mean = comm.allreduce(on.sum(axis=1)) / count
            name = self.plates[plate]
            held = self.body.tractions.get(name, Traction()).spring > 0.0
            violated.append(on if held else on - mean[:, None])
        wrong = np.concatenate(violated, axis=1)
        gram = comm.allreduce(wrong @ wrong.T)
        scale = comm.allreduce(columns @ columns.T)
        size = np.sqrt(np.diag(scale))
        values, vectors = np.linalg.eigh(gram / np.outer(size, size))
        allowed = []
        for vector in vectors[:, values < 1e-16].T:
            motion = self.matrix.createVecRight()
            for share, mode in zip(vector / size, modes, strict=True):
                motion.axpy(share, mode)
            allowed.append(self.reduced_motion(motion))
        return orthonormal(allowed)

    def reduced_motion(self, motion: PETSc.Vec) -> PETSc.Vec:
        """The unknowns y of a displacement that the constraints allow: P^T u over the counts."""
        y, counts = self.expansion.createVecRight(), self.expansion.createVecRight()
        self.expansion.multTranspose(motion, y)
        ones = motion.duplicate()
        ones.set(1.0)
        self.expansion.multTranspose(ones, counts)
        y.pointwiseDivide(y, counts)
        return y

    # -- solve -------------------------------------------------------------------------------------

    def _set_up(self, overrides: dict[str, str]) -> None:
        self.expansion = self._expansion()
        modes = rigid_motions(self.space, self.domain.axisymmetric)
        self.floating = self._floating(modes)
        flat = self.domain.mesh.topology.dim == 2  # in 3D factors fill in
        limit = ELASTICITY_LIMIT if flat else DIRECT_LIMIT
        direct = self.expansion.getSize()[1] <= limit and not self.floating
        self.blocks: Blocks | None = None
        if not (flat or direct or self.floating or self.nonlinear):
            held = self.state != FREE
            self.blocks = Blocks(self.body, self.space, self.matrix, self.force, held, overrides)
            return
        self.reduced = self.matrix.PtAP(self.expansion)
        self.reduced.setNearNullSpace(near_null_space([self.reduced_motion(m) for m in modes]))
        if self.floating:
            space = PETSc.NullSpace().create(vectors=self.floating, comm=self.domain.comm)
            self.reduced.setNullSpace(space)
        if not self.nonlinear:
            options = DIRECT if direct else (FLOATING if self.floating else ELASTICITY)
            self.ksp = make_solver(self.reduced, "elasticity_", options, overrides)

    def given_displacements(self) -> Floats:
        """The displacements g of the owned components."""
        return np.where(self.state == FIXED, self.given, 0.0)

    def solve(self, partly: bool = False) -> State:
        """The displacement under the loads of the body; collective.

        Args:
            partly: Whether a load that can't be carried to its end ends where it had converged.

        Raises:
            SolveFailed: No convergence.
            Unbalanced: The body floats and its loads do not balance.
        """
        displacement = fem.Function(self.space, name="displacement")
        if self.blocks is not None:
            plates = [self.state == PLATE + number for number in range(len(self.plates))]
            known = self.given_displacements()
            left, iterations = self.blocks.solve(displacement, known, plates)
            return self._state(displacement, left, iterations)
        given = self.matrix.createVecRight()
        given.array[:] = self.given_displacements()
        moved = self.matrix.createVecRight()
        self.matrix.mult(given, moved)
        moved.aypx(-1.0, self.force)
        if self.nonlinear:
            return self._solve_nonlinear(given, partly)
        load = self.expansion.createVecRight()
        self.expansion.multTranspose(moved, load)
        self._check_balance(load)
        y = load.duplicate()
        y.set(0.0)
        iterations = solve(self.ksp, load, y, "equilibrium")
        u = self.matrix.createVecRight()
        self.expansion.mult(y, u)
        u.axpy(1.0, given)
        displacement.x.array[: len(u.array_r)] = u.array_r
        displacement.x.scatter_forward()
        left = self.matrix.createVecRight()
        self.matrix.mult(u, left)
        left.axpy(-1.0, self.force)
        return self._state(displacement, left, iterations)

    def _state(self, displacement: fem.Function, left: PETSc.Vec, iterations: int) -> State:
        """The state of a linear body from its displacement and dPi/du."""
        loads = self._loads(displacement)
        stress = self.body.stress_everywhere(displacement)
        reactions, unbalanced, size = self.reactions(stress, left, loads)
        balance = unbalanced / size
        return State(displacement, self.energy(displacement), reactions, balance, iterations)

    def _solve_nonlinear(self, given: PETSc.Vec, partly: bool) -> State:
        """Large deflections, or obstacles."""
        solver = NonlinearSolver(self.body, self.space, self.expansion, given, self.overrides)
        displacement, load = solver.displacement, self.body.load
        stress = self.body.stress_everywhere(displacement)
        y = self.expansion.createVecRight()
        y.set(0.0)

        def bounds(share: float) -> tuple[PETSc.Vec, PETSc.Vec]:
            low, high = y.duplicate(), y.duplicate()
            low.set(-inf)
            high.set(inf)
            for name, (rows, gap) in self.obstacles.items():
                side = high if self.sign[name] > 0.0 else low
                away = (1.0 - share) * self.supports[name].value
                side.array[self.column[rows]] = self.sign[name] * (gap + away)
            return low, high

        def forces() -> tuple[PETSc.Vec, tuple[dict[str, float], float, float]]:
            left = solver.forces()
            loads = self._loads(displacement, float(load.value))
            return left, self.reactions(stress, left, loads)

        def watch() -> dict[str, float]:
            held = named_forces(forces()[1][0], self.domain.axisymmetric)
            return {"energy [pJ]": self.energy(displacement), **held}

        path = solver.solve(y, watch, bounds if self.obstacles else None)
        if path.stopped and not partly:
            load.value = 1.0
            raise SolveFailed(path.stopped)
        left, (reactions, unbalanced, size) = forces()
        touching = {n: self._touched(n, displacement, left, path.reached) for n in self.obstacles}
        energy, balance = self.energy(displacement), unbalanced / size
        return State(displacement, energy, reactions, balance, path.iterations, touching, path)

    def _loads(self, displacement: fem.Function, share: float = 1.0) -> PETSc.Vec:
        """All that acts from outside besides supports: the loads, and the springs behind plates."""
        springs, force = self.body.springs(displacement), share * self.force
        if springs is None:
            return force
        test = ufl.TestFunction(self.space)
        pushed = fem_petsc.assemble_vector(fem.form(ufl.derivative(springs, displacement, test)))
        pushed.ghostUpdate(PETSc.InsertMode.ADD, PETSc.ScatterMode.REVERSE)
        pushed.aypx(-1.0, force)
        return pushed

    def _touched(
        self, name: str, displacement: fem.Function, left: PETSc.Vec, share: float
    ) -> float:
        """How far along its face an obstacle presses under a share of the load, um."""
        rows, gap = self.obstacles[name]
        away = (1.0 - share) * self.supports[name].value
        room = gap + away - self.sign[name] * displacement.x.array[rows]
        size = self.domain.comm.allreduce(np.abs(gap).max(initial=0.0), op=MPI.MAX)
        pressed = (room <= 1e-12 * max(size, 1e-300)) & (self.sign[name] * left.array_r[rows] < 0.0)
        along = self._along(name, rows)[pressed]
        return float(self.domain.comm.allreduce(along.max(initial=0.0), op=MPI.MAX))

    def _along(self, name: str, rows: npt.NDArray[np.int32]) -> Floats:
        """Distance of rows of a face from its end at an axis, um."""
        axis = 1 - face_normal(self.domain, name)[0]
        gdim = self.domain.mesh.geometry.dim
        return np.asarray(np.abs(self.space.tabulate_dof_coordinates()[rows // gdim, axis]))

    def energy(self, displacement: fem.Function) -> float:
        """Potential energy of a displacement, pJ (plane: pJ/um)."""
        form = fem.form(self.body.potential_energy(displacement))
        return float(self.domain.comm.allreduce(fem.assemble_scalar(form)))

    def _check_balance(self, load: PETSc.Vec) -> None:
        size = load.norm()
        for motion in self.floating:
            part = load.dot(motion)
            if abs(part) > BALANCE * max(size, 1e-300):
                raise Unbalanced(
                    "mechanics: nothing holds the body, and its loads do not balance "
                    f"({part / size:.1e} of them are left): expected a support"
                )
            load.axpy(-part, motion)

    def reactions(
        self, stress: Expr, left: PETSc.Vec, force: PETSc.Vec
    ) -> tuple[dict[str, float], float, float]:
        """Sum of what is left of dPi/du over every support, and how all forces balance.

        A plate passes its load on and has no reaction. Nodes that two supports hold in the same
        direction are shared out (`solver.shared_nodes`). Second the size of the sum of all forces,
        third the sum of their sizes.

        Args:
            stress: The six stresses in equilibrium, MPa.
            left: dPi/du there.
            force: The loads of every component.
        """
        comm, gdim = self.domain.comm, self.domain.mesh.geometry.dim
        # a node that a support holds as well counts there, not for the obstacle
        rows_of = self.rows | {name: rows for name, (rows, _) in self.obstacles.items()}
        out = {
            name: self.sign[name] * comm.allreduce(float(left.array_r[rows].sum()))
            for name, rows in rows_of.items()
        }
        if self.shared:
            shares = parts(self.space, self.domain, stress, left.array_r, self.shared, self.axes)
            for name, share in shares.items():
                more = float((share - left.array_r[self.shared[name]]).sum())
                out[name] += self.sign[name] * comm.allreduce(more)
        holds = self.state == FIXED
        for rows, _ in self.obstacles.values():
            holds[rows] = True
        held = np.where(holds, left.array_r, 0.0).reshape(-1, gdim)
        loads = force.array_r.reshape(-1, gdim)
        axes = slice(1 if self.domain.axisymmetric else 0, gdim)  # radial forces balance around
        total = comm.allreduce((held + loads).sum(axis=0)[axes])
        size = comm.allreduce((np.abs(held) + np.abs(loads)).sum(axis=0)[axes])
        return out, float(np.abs(total).max()), max(float(size.max()), np.finfo(float).tiny)


def face_normal(domain: Domain, name: str) -> tuple[int, float]:
    """Axis and sign of the outward normal of a flat face.

    Raises:
        ValueError: The face is not flat along an axis, or not there.
    """
    pairs = facet_entities(domain, name)
    ds = ufl.Measure("ds", domain=domain.mesh, subdomain_data=[(0, pairs.ravel())])
    n = ufl.FacetNormal(domain.mesh)
    sums = [
        float(domain.comm.allreduce(fem.assemble_scalar(fem.form(part * ds(0)))))
        for part in (*n, fem.Constant(domain.mesh, np.float64(1.0)))
    ]
    direction = np.array(sums[:-1])
    axis = int(np.abs(direction).argmax())
    if sums[-1] == 0.0 or abs(abs(direction[axis]) / sums[-1] - 1.0) > 1e-9:
        raise ValueError(f"face {name!r} is not flat along an axis: it can't be supported")
    return axis, float(np.sign(direction[axis]))
