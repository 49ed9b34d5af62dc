"""Displacement and damage of least energy, one after the other.

For a given share of the load, E(u, d) of `solver.phase_field` is convex in u and in d by
themselves:

    u <- argmin E(u, d)                         supports and plates as in `solver.equilibrium`
    d <- argmin E(u, d),  floor <= d <= 1       floor: the damage before, which never heals

until the damage changes by less than `TOLERANCE` anywhere. Newton's method finds u, one with an
active set d (PETSc SNES, newtonls and vinewtonrsls). Each step lowers E; a run in which it rises by
more than rounding ends, because then one of the two has not been a minimum.

Source: Bourdin, Francfort & Marigo 2008, J. Elasticity 91, 5.
"""

from dataclasses import dataclass

import numpy as np
import ufl
from dolfinx import fem
from dolfinx.fem import petsc as fem_petsc
from mpi4py import MPI
from petsc4py import PETSc

from solver.domain import facet_entities, facets_of
from solver.elasticity import weight
from solver.equilibrium import Equilibrium, Support, Unbalanced
from solver.hooke import Floats
from solver.phase_field import BrittleBody, damage_space
from solver.solve import BOUNDED, CONVEX, DIRECT, NONLINEAR, SolveFailed, prefixed_options

TOLERANCE = 1e-4  # largest change of the damage in the last iteration
MOST_ITERATIONS = 2000
ROUNDING = 1e-9  # of the energy: a rise by less is none
PRECISE = 1e-10  # forces that are left, of those that act
ROUGH = 1e-5  # the same, to start from
ROUNDED = float(np.finfo(float).eps)


class EnergyRises(SolveFailed):
    """A step of the minimisation that made the energy larger."""


@dataclass(frozen=True)
class Minimum:
    """What one minimisation found.

    Attributes:
        stored: Elastic energy minus the work of the tractions, pJ (plane: pJ/um).
        dissipated: What the damage has cost, pJ (plane: pJ/um).
        released: By how much the energy fell after the displacement first followed the load.
        iterations: Alternations.
        finished: False if it was stopped because the damage went too far.
    """

    stored: float
    dissipated: float
    released: float
    iterations: int
    finished: bool


class Displacements:
    """The displacement of least energy for a damage that is given."""

    def __init__(
        self, brittle: BrittleBody, damage: fem.Function, equilibrium: Equilibrium,
        overrides: dict[str, str],
    ) -> None:  # fmt: skip
        """Compile the forms and make the solver; collective."""
        self.equilibrium, self.load = equilibrium, brittle.body.load
        space = equilibrium.space
        self.displacement = fem.Function(space, name="displacement")
        energy = brittle.stored(self.displacement, damage)
        self.energy = fem.form(energy)
        self.stress = brittle.stress(self.displacement, damage)
        residual = ufl.derivative(energy, self.displacement, ufl.TestFunction(space))
        self.residual = fem.form(residual)
        tangent = ufl.derivative(residual, self.displacement, ufl.TrialFunction(space))
        self.tangent = fem.form(tangent)
        nothing = fem.Constant(space.mesh, np.float64(0.0)) * self.displacement[0]
        work = brittle.body.with_loads(nothing * ufl.dx(space.mesh), self.displacement)
        self.loads = fem.form(-ufl.derivative(work, self.displacement, ufl.TestFunction(space)))
        self.matrix = fem_petsc.create_matrix(self.tangent)
        self.given = self.matrix.createVecRight()
        self.given.array[:] = equilibrium.given_displacements()
        self.moved = self.given.norm()
        self.y = equilibrium.expansion.createVecRight()
        self.y.set(0.0)
        linear = {"snes_linesearch_type": "basic"} if brittle.split == "none" else {}
        options = {**NONLINEAR, **DIRECT, **CONVEX, **linear, **overrides}
        self._assemble()
        reduced = self.matrix.PtAP(equilibrium.expansion)
        self.stiffest = reduced.norm(PETSc.NormType.NORM_INFINITY)
        self.snes, self.descent = self._newton(reduced, options), self._newton(reduced, options)
        self.descent.setObjective(self._objective)

    def put(self, y: PETSc.Vec) -> None:
        """Sets the displacement P y + g, of g the share of the load."""
        u = self.given.duplicate()
        self.equilibrium.expansion.mult(y, u)
        u.axpy(float(self.load.value), self.given)
        self.displacement.x.array[: len(u.array_r)] = u.array_r
        self.displacement.x.scatter_forward()
        u.destroy()

    def solve(self) -> None:
        """From the last displacement to that of least energy; collective.

        Raises:
            SolveFailed: Newton's method did not converge.
        """
        self.put(self.y)
        acting = _assembled(self.residual)
        # of a body that has broken, less is left than what its displacements are rounded by
        rounded = ROUNDED * self.stiffest * (self.y.norm() + self.moved * float(self.load.value))
        least = max(PRECISE * acting.norm(), rounded, np.finfo(float).tiny)
        self.snes.setTolerances(atol=least)
        self.descent.setTolerances(rtol=ROUGH, atol=ROUGH * acting.norm())
        acting.destroy()
        start = self.y.copy()
        self.snes.solve(None, self.y)
        if self.snes.getConvergedReason() <= 0:
            # with the energy in place of the forces steps always go down, but not so precisely
            start.copy(self.y)
            self.descent.solve(None, self.y)
            self.snes.solve(None, self.y)
        _check(self.snes, "the displacement of a damaged body")
        self.put(self.y)

    def reactions(self) -> tuple[dict[str, float], float, float]:
        """Force of every support on the body (uN, plane: per um); sum, and sum of sizes, of all."""
        left, loads = _assembled(self.residual), _assembled(self.loads)
        return self.equilibrium.reactions(self.stress, left, loads)

    def _newton(self, reduced: PETSc.Mat, options: dict[str, str]) -> PETSc.SNES:
        snes = PETSc.SNES().create(reduced.comm)
        snes.setOptionsPrefix("mechanics_")
        snes.setFunction(self._residual, self.y.duplicate())
        snes.setJacobian(self._tangent, reduced, reduced)
        with prefixed_options("mechanics_", options):
            snes.setFromOptions()
        return snes

    def _objective(self, _: PETSc.SNES, y: PETSc.Vec) -> float:
        self.put(y)
        comm = self.displacement.function_space.mesh.comm
        return float(comm.allreduce(fem.assemble_scalar(self.energy)))

    def _residual(self, _: PETSc.SNES, y: PETSc.Vec, out: PETSc.Vec) -> None:
        self.put(y)
        force = _assembled(self.residual)
        self.equilibrium.expansion.multTranspose(force, out)
        force.destroy()

    def _tangent(self, _: PETSc.SNES, y: PETSc.Vec, out: PETSc.Mat, __: PETSc.Mat) -> None:
        self.put(y)
        self._assemble()
        self.matrix.PtAP(self.equilibrium.expansion, result=out)

    def _assemble(self) -> None:
        self.matrix.zeroEntries()
        fem_petsc.assemble_matrix(self.matrix, self.tangent)
        self.matrix.assemble()


class Damages:
    """The damage of least energy for a displacement that is given, between its bounds."""

    def __init__(
        self, brittle: BrittleBody, damage: fem.Function, displacement: fem.Function,
        sound: tuple[str, ...], overrides: dict[str, str],
    ) -> None:  # fmt: skip
        """Compile the forms and make the solver; collective.

        Args:
            brittle: Laws.
            damage: Is changed by `solve`.
            displacement: Is given.
            sound: Faces that stay sound.
            overrides: PETSc options of the case.
        """
        self.damage = damage
        space = damage.function_space
        self.cost = fem.form(brittle.dissipated(damage))
        energy = brittle.stored(displacement, damage) + brittle.dissipated(damage)
        residual = ufl.derivative(energy, damage, ufl.TestFunction(space))
        self.residual = fem.form(residual)
        self.tangent = fem.form(ufl.derivative(residual, damage, ufl.TrialFunction(space)))
        self.matrix = fem_petsc.create_matrix(self.tangent)
        self.floor, self.ceiling = self.matrix.createVecRight(), self.matrix.createVecRight()
        self.floor.set(0.0)
        self.ceiling.set(1.0)
        domain = brittle.domain
        for name in sound:
            facets = facets_of(domain, facet_entities(domain, name))
            fdim = domain.mesh.topology.dim - 1
            nodes = fem.locate_dofs_topological(space, fdim, facets, remote=True)
            self.ceiling.array[nodes[nodes < len(self.ceiling.array_r)]] = 0.0
        test = weight(domain) * ufl.TestFunction(space)
        # what a little damage of a sound body costs at every node, and what it sets free
        cost = _assembled(fem.form(0.375 * brittle.toughness / brittle.length * test * brittle.dx))
        self.first_cost = np.array(cost.array_r)
        e = brittle.elastic_strain(brittle.body.strain(displacement))
        self.first_gain = fem.form(2.0 * brittle.damaging_density(e) * test * brittle.dx)
        self.y = self.matrix.createVecRight()
        self.snes = PETSc.SNES().create(space.mesh.comm)
        self.snes.setOptionsPrefix("damage_")
        self.snes.setFunction(self._residual, self.y.duplicate())
        self.snes.setJacobian(self._tangent, self.matrix, self.matrix)
        self.snes.setVariableBounds(self.floor, self.ceiling)
        with prefixed_options("damage_", {**BOUNDED, **DIRECT, **overrides}):
            self.snes.setFromOptions()
        self.snes.setTolerances(atol=PRECISE * cost.norm())

    def hold(self, floor: Floats) -> None:
        """From now on the damage does not fall below its values at the owned nodes."""
        self.floor.array[:] = np.minimum(floor, self.ceiling.array_r)

    def solve(self) -> float:
        """From the last damage to that of least energy; its largest change. Collective.

        Raises:
            SolveFailed: The active set was not found.
        """
        owned = len(self.y.array_r)
        before = self.damage.x.array[:owned].copy()
        self.y.array[:] = np.clip(before, self.floor.array_r, self.ceiling.array_r)
        self.snes.solve(None, self.y)
        _check(self.snes, "the damage")
        # what Newton's method leaves beyond the bounds is rounding
        self.y.array[:] = np.clip(self.y.array_r, self.floor.array_r, self.ceiling.array_r)
        self._put(self.y)
        change = np.abs(self.y.array_r - before).max(initial=0.0)
        return float(self.damage.function_space.mesh.comm.allreduce(float(change), op=MPI.MAX))

    def readiness(self) -> Floats:
        """Of every owned node what a little damage sets free over what it costs: at 1 it starts."""
        gain = _assembled(self.first_gain)
        return np.where(self.ceiling.array_r > 0.0, gain.array_r / self.first_cost, 0.0)

    def _put(self, y: PETSc.Vec) -> None:
        self.damage.x.array[: len(y.array_r)] = y.array_r
        self.damage.x.scatter_forward()

    def _residual(self, _: PETSc.SNES, y: PETSc.Vec, out: PETSc.Vec) -> None:
        self._put(y)
        slope = _assembled(self.residual)
        slope.copy(out)
        slope.destroy()

    def _tangent(self, _: PETSc.SNES, y: PETSc.Vec, out: PETSc.Mat, __: PETSc.Mat) -> None:
        self._put(y)
        out.zeroEntries()
        fem_petsc.assemble_matrix(out, self.tangent)
        out.assemble()


class Minimiser:
    """Displacement and damage of one body on one mesh."""

    def __init__(
        self, brittle: BrittleBody, supports: dict[str, Support], sound: tuple[str, ...],
        overrides: dict[str, str],
    ) -> None:  # fmt: skip
        """Set up both problems; collective.

        Raises:
            Unbalanced: Nothing holds the body.
        """
        self.brittle = brittle
        self.comm = brittle.domain.comm
        equilibrium = Equilibrium(brittle.body, supports, overrides)
        if equilibrium.floating:
            raise Unbalanced("mechanics: a body that may break has to be held: expected supports")
        self.damage = fem.Function(damage_space(brittle.domain), name="damage")
        self.displacements = Displacements(brittle, self.damage, equilibrium, overrides)
        displacement = self.displacements.displacement
        self.damages = Damages(brittle, self.damage, displacement, sound, overrides)

    def energies(self) -> tuple[float, float]:
        """Stored and dissipated, pJ (plane: pJ/um)."""
        forms = (self.displacements.energy, self.damages.cost)
        parts = [float(self.comm.allreduce(fem.assemble_scalar(form))) for form in forms]
        return parts[0], parts[1]

    def owned_damage(self) -> Floats:
        """At the owned nodes."""
        owned = self.damage.function_space.dofmap.index_map.size_local
        return np.array(self.damage.x.array[:owned])

    def put_damage(self, values: Floats) -> None:
        """Sets the damage at the owned nodes; collective."""
        self.damage.x.array[: len(values)] = values
        self.damage.x.scatter_forward()

    def follow(self, load: float) -> float:
        """The displacement under a share of the load with the damage as it is; the energy."""
        self.brittle.body.load.value = load
        self.displacements.solve()
        return sum(self.energies())

    def minimise(self, load: float, floor: Floats, furthest: float) -> Minimum:
        """Displacement and damage of least energy under a share of the load; collective.

        Args:
            load: The share.
            floor: The damage before, at the owned nodes.
            furthest: Dissipated energy beyond which it is given up.

        Raises:
            EnergyRises: A step raised the energy.
            SolveFailed: A step or the whole did not converge.
        """
        self.damages.hold(floor)
        first = energy = self.follow(load)
        change = 0.0
        for iteration in range(1, MOST_ITERATIONS + 1):
            before, change = change, self.damages.solve()
            energy = self._lowered(energy, "damage")
            self.displacements.solve()
            energy = self._lowered(energy, "displacement")
            stored, dissipated = self.energies()
            settled = change < TOLERANCE and change <= before  # what grows may well be a crack
            if settled or dissipated > furthest:
                near = dissipated <= furthest
                return Minimum(stored, dissipated, first - energy, iteration, near)
        raise SolveFailed(
            f"mechanics: damage still changes by {change:.1e} after {MOST_ITERATIONS} alternations"
        )

    def _lowered(self, before: float, what: str) -> float:
        """The energy, if it has not risen."""
        parts = self.energies()
        after = sum(parts)
        size = max(abs(before), *(abs(part) for part in parts))
        if not after <= before + ROUNDING * size:  # NaN as well
            raise EnergyRises(
                f"mechanics: the step of the {what} raised the energy by {after - before:.2e} pJ "
                f"(of {size:.2e}): it is no minimum"
            )
        return after


def _assembled(form: fem.Form) -> PETSc.Vec:
    vector = fem_petsc.assemble_vector(form)
    vector.ghostUpdate(PETSc.InsertMode.ADD, PETSc.ScatterMode.REVERSE)
    return vector


def _check(snes: PETSc.SNES, what: str) -> None:
    reason, steps = snes.getConvergedReason(), snes.getIterationNumber()
    if reason <= 0:
        norm = snes.getFunctionNorm()
        raise SolveFailed(
            f"mechanics: {what} was not found (reason {reason}, residual {norm:.2e} after {steps} "
            "steps)"
        )
