"""Cracks that find their way: damage of least energy while the load grows, step by step.

The share s of the load grows from 0 to 1; in each step `solver.minimisation` finds displacement and
damage. A step in which the cracks advance by more than about l is taken back and cut to a quarter,
down to the smallest; a smallest step that still goes too far is a jump (snap-back under the given
load), and what the energy falls by in it is told. Where little happens steps grow again. Up to
the load at which damage starts the body is elastic: with one load the stress grows with it, so that
this load is known exactly (for AT1: where 2 psi+ = 3 Gc/(8 l), tested with each function of the
discrete damage), otherwise it is found as a root.

Cells with damage, or close to it, are divided until their edges are at most l/`cells_per_length`;
damage is carried over exactly. A minimisation that does not converge is cut as well; after
`MOST_CUTS` cuts in a row the steps so far stay and the run says why it stopped.

A crack through the mesh of a body that is whole there costs Gc (1 + 3 h/(8 l)) instead of Gc per
area, h the size of the cells along it (Bourdin, Francfort & Marigo 2008, J. Elasticity 91, 5).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf, pi, sqrt

import numpy as np
import ufl
from dolfinx import fem
from mpi4py import MPI
from scipy.optimize import brentq

from meshes.layers import Block
from solver import compat
from solver.domain import (
    Domain,
    Int32Array,
    facet_entities,
    node_positions,
    number_of_cells,
    read_domain,
    refine_cells,
    refine_with_parents,
)
from solver.elasticity import weight
from solver.equilibrium import State, Support
from solver.fracture import origin
from solver.fragile import Fragile
from solver.hooke import Floats
from solver.minimisation import EnergyRises, Minimiser, Minimum
from solver.phase_field import BrittleBody, make_brittle
from solver.problem import Mesher
from solver.solve import SolveFailed

MOST_CUTS = 12  # in a row
MOST_STEPS = 2000
FAR = 0.5  # of Gc l per length of front: energy that the damage of one step may cost
LITTLE = 0.3  # of the same: steps grow again
CUT, LONGER = 0.25, 1.5  # factors of the step
DAMAGED, READY = 0.01, 0.4  # where cells are divided: damage, and readiness for it
BROKEN = 0.9  # damage of a crack
OPPOSITE = np.array([[1, 2], [0, 2], [0, 1]])  # corners of the facets of a triangle
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Step:
    """One step of the load that converged.

    Attributes:
        load: Share of the load.
        stored: Elastic energy minus the work of the tractions, pJ (plane: pJ/um).
        dissipated: What the damage has cost by now.
        released: By how much the minimisation lowered the energy under this load.
        jumped: Whether the cracks advanced far although the step was the smallest.
        largest: Damage.
        iterations: Alternations.
        cells: Of the mesh.
        reactions: Of every support, uN (plane: per um).
        unbalanced: Sum of all forces, uN.
        forces: Sum of the sizes of all forces, uN.
    """

    load: float
    stored: float
    dissipated: float
    released: float
    jumped: bool
    largest: float
    iterations: int
    cells: int
    reactions: dict[str, float]
    unbalanced: float
    forces: float


@dataclass(frozen=True)
class Growth:
    """How cracks grew.

    Attributes:
        brittle: Laws and loads on the last mesh.
        damage: d at the end.
        state: Displacement, energy without that of the damage, reactions at the end.
        steps: One entry per step.
        start: Share of the load at which damage starts; None: it does not.
        area: Of the cracks in the meshed part, int 3/8 (d/l + l |grad d|^2) dV, um (a cylinder:
            um^2).
        cell_size: Mean of the longest edges of the broken cells, or of the damaged ones; um.
        extents: Start and end of what is broken along `left` and `bottom`, um.
        dofs: Unknown components of the displacement.
        stopped: Why it ended before all of the load acted; "" if it did not.
    """

    brittle: BrittleBody
    damage: fem.Function
    state: State
    steps: tuple[Step, ...]
    start: float | None
    area: float
    cell_size: float
    extents: dict[str, tuple[float, float]] = field(default_factory=dict)
    dofs: int = 0
    stopped: str = ""


class Follower:
    """A body whose damage is followed, on its present mesh."""

    def __init__(self, fragile: Fragile, domain: Domain) -> None:
        """A sound body; collective."""
        self.fragile = fragile
        self.floor: Floats = np.zeros(0)
        self._take(domain)
        self.floor = self.minimiser.owned_damage()

    def _take(self, domain: Domain) -> None:
        """Go on on this mesh."""
        fragile, damage = self.fragile, self.fragile.damage
        self.domain = domain
        body = fragile.problem.body_on(domain)
        self.brittle = make_brittle(
            body, fragile.solids, damage.length, damage.split, fragile.plane_stress
        )
        supports, overrides = fragile.problem.supports, fragile.problem.overrides
        self.minimiser = Minimiser(self.brittle, supports, damage.sound, overrides)
        if self.dofs > fragile.most_dofs:
            raise SolveFailed(
                f"mechanics: cells of a fifth of the length of the damage make {self.dofs} "
                f"unknowns, more than numerics.max_dofs = {fragile.most_dofs}"
            )

    @property
    def dofs(self) -> int:
        """Unknown components of the displacement on all ranks."""
        space = self.minimiser.displacements.displacement.function_space
        return int(space.dofmap.index_map.size_global) * 2

    def readiness(self, load: float) -> float:
        """Largest share of what damage of the sound body costs that it sets free at a load."""
        self.minimiser.follow(load)
        most = self.minimiser.damages.readiness().max(initial=0.0)
        return float(self.domain.comm.allreduce(float(most), op=MPI.MAX))

    def start(self) -> float | None:
        """The share of the load at which damage starts; the mesh is refined for it. Collective."""
        while True:
            at_end = self.readiness(1.0)
            if at_end <= 0.0:
                return None
            if self.fragile.proportional:
                load: float | None = 1.0 / sqrt(at_end)
            elif self.readiness(0.0) >= 1.0:
                load = 0.0
            elif at_end < 1.0:
                load = None
            else:
                load = float(brentq(lambda s: self.readiness(s) - 1.0, 0.0, 1.0, xtol=1e-6))
            self.minimiser.follow(1.0 if load is None else min(load, 1.0))
            if not self.refine(READY * min(self._ready_now(), 1.0)):
                return load if load is not None and load <= 1.0 else None

    def _ready_now(self) -> float:
        most = float(self.minimiser.damages.readiness().max(initial=0.0))
        return float(self.domain.comm.allreduce(most, op=MPI.MAX))

    def refine(self, ready: float) -> bool:
        """Divide cells that are too large for the damage in them; False if there are none.

        Args:
            ready: Readiness from which cells count as damaged.
        """
        minimiser, domain = self.minimiser, self.domain
        if self.fragile.refinement != "adaptive":
            return False
        critical = fem.Function(minimiser.damage.function_space)
        found = minimiser.damages.readiness() >= ready
        owned = minimiser.owned_damage()
        critical.x.array[: len(owned)] = np.maximum(owned > DAMAGED, found)
        critical.x.scatter_forward()
        in_cells = critical.x.array[critical.function_space.dofmap.list].max(axis=1) > 0.0
        largest = self.fragile.damage.length / self.fragile.damage.cells_per_length
        marked = np.flatnonzero(in_cells & (longest_edges(domain) > largest * (1.0 + 1e-9)))
        if domain.comm.allreduce(len(marked)) == 0:
            return False
        finer, parents = refine_with_parents(domain, marked.astype(np.int32))
        damage, floor = minimiser.damage, fem.Function(minimiser.damage.function_space)
        floor.x.array[: len(self.floor)] = self.floor
        floor.x.scatter_forward()
        load = float(self.brittle.body.load.value)
        self._take(finer)
        space = self.minimiser.damage.function_space
        self.floor = carried_over(floor, domain, space, finer, parents)
        self.minimiser.put_damage(carried_over(damage, domain, space, finer, parents))
        self.brittle.body.load.value = load
        return True

    def minimise(self, load: float, furthest: float) -> Minimum:
        """The minimum under a load, on a mesh that is fine where its damage is; collective.

        Raises:
            EnergyRises: A step raised the energy.
            SolveFailed: No convergence.
        """
        released, iterations = 0.0, 0
        while True:
            found = self.minimiser.minimise(load, self.floor, furthest)
            released, iterations = released + found.released, iterations + found.iterations
            if not found.finished or not self.refine(READY):
                return Minimum(found.stored, found.dissipated, released, iterations, found.finished)

    def back(self, load: float) -> None:
        """Damage and displacement of the step before."""
        self.minimiser.put_damage(self.floor)
        self.minimiser.follow(load)

    def accept(self, load: float, found: Minimum, jumped: bool) -> Step:
        """Go on from here."""
        self.floor = self.minimiser.owned_damage()
        largest = float(self.floor.max(initial=0.0))
        reactions, unbalanced, forces = self.minimiser.displacements.reactions()
        return Step(
            load=load,
            stored=found.stored,
            dissipated=found.dissipated,
            released=found.released,
            jumped=jumped,
            largest=float(self.domain.comm.allreduce(largest, op=MPI.MAX)),
            iterations=found.iterations,
            cells=number_of_cells(self.domain),
            reactions=reactions,
            unbalanced=unbalanced,
            forces=forces,
        )


def follow_growth(
    fragile: Fragile, mesher: Mesher, comm: MPI.Intracomm, progress: Progress,
    along: "Walk | None" = None,
) -> Growth:  # fmt: skip
    """Damage while the load grows to all of it; collective.

    Args:
        fragile: What may break.
        mesher: Makes the first mesh.
        comm: The ranks.
        progress: Called with a line per step.
        along: How to go on from the first damage; None: in steps of the load.

    Raises:
        SolveFailed: No step converged.
        EnergyRises: A step of a minimisation raised the energy.
    """
    follower = Follower(fragile, first_mesh(fragile, mesher, comm))
    start = follower.start()
    told = "no damage" if start is None else f"damage starts at {100.0 * start:.6g} % of the load"
    progress(f"{number_of_cells(follower.domain)} cells, {follower.dofs} unknowns: {told}")
    steps, stopped = (along or _steps)(follower, start, progress)
    return _grown(follower, steps, start, stopped)


Walk = Callable[[Follower, float | None, Progress], tuple[list[Step], str]]


def _steps(follower: Follower, start: float | None, progress: Progress) -> tuple[list[Step], str]:
    """The steps that converged, and why there are no more."""
    damage = follower.fragile.damage
    far = FAR * cost_of_a_length(follower.fragile)
    steps: list[Step] = []
    load, dissipated, length, cuts = 0.0, 0.0, damage.first_step, 0
    following = start if start is not None else min(length, 1.0)
    while True:
        smallest = length <= damage.smallest_step * (1.0 + 1e-9)
        try:
            found = follower.minimise(following, inf if smallest else dissipated + far)
        except EnergyRises:
            raise
        except SolveFailed as error:
            cuts += 1
            if cuts > MOST_CUTS or len(steps) == 0:
                if not steps:
                    raise
                follower.back(load)
                return steps, f"{error}, at {100.0 * following:.4g} %, after {MOST_CUTS} cuts"
            length *= 0.5
        else:
            cuts = 0
            advance = found.dissipated - dissipated
            if not found.finished or (advance > far and not smallest):
                length = max(CUT * length, damage.smallest_step)
            else:
                steps.append(follower.accept(following, found, advance > far))
                load, dissipated = following, found.dissipated
                progress(told(steps[-1]))
                if advance < LITTLE * far:
                    length = min(LONGER * length, damage.largest_step)
                if load >= 1.0:
                    return steps, ""
                if len(steps) == MOST_STEPS:
                    return steps, f"{MOST_STEPS} steps are the most"
                following = min(load + length, 1.0)
                continue
        follower.back(load)
        following = min(load + length, 1.0)


def told(step: Step) -> str:
    """A line on a step."""
    jump = f", a jump that releases {step.released:.4g} pJ" if step.jumped else ""
    return (
        f"load {100.0 * step.load:.5g} %: damage {step.largest:.4f}, its energy "
        f"{step.dissipated:.6g}, {step.iterations} alternations, {step.cells} cells{jump}"
    )


def cost_of_a_length(fragile: Fragile) -> float:
    """Gc l of the weakest solid, times the length of a front."""
    weakest = min(solid.toughness for solid in fragile.solids.values())
    block = fragile.problem.block
    front = pi * block.width if block.shape == "cylinder" else 1.0
    return weakest * fragile.damage.length * front


def first_mesh(fragile: Fragile, mesher: Mesher, comm: MPI.Intracomm) -> Domain:
    """The mesh of the block, refined as a whole if the case says so.

    Tips are not resolved further: damage spreads over the length l around them.
    """
    domain = read_domain(mesher(fragile.problem.block), comm)
    domain.mesh.geometry.x[:, 1] -= origin(fragile.problem.block)
    largest = fragile.damage.length / fragile.damage.cells_per_length
    while fragile.refinement == "uniform":
        cells = np.flatnonzero(longest_edges(domain) > largest * (1.0 + 1e-9))
        if comm.allreduce(len(cells)) == 0:
            break
        domain = refine_cells(domain, cells.astype(np.int32))
    return domain


def longest_edges(domain: Domain) -> Floats:
    """Of every local cell (2D), um."""
    corners = node_positions(domain.mesh)[compat.node_numbers(domain.mesh)]
    sides = corners - np.roll(corners, 1, axis=1)
    return np.asarray(np.linalg.norm(sides, axis=2).max(axis=1))


def carried_over(
    values: fem.Function,
    coarse: Domain,
    space: fem.FunctionSpace,
    fine: Domain,
    parents: Int32Array,
) -> Floats:
    """A linear function on a mesh that was refined, at the owned nodes of the finer one."""
    here = node_positions(coarse.mesh)[compat.node_numbers(coarse.mesh)][parents][:, :, :2]
    there = node_positions(fine.mesh)[compat.node_numbers(fine.mesh)][:, :, :2]
    along = np.stack([here[:, 1] - here[:, 0], here[:, 2] - here[:, 0]], axis=2)
    shares = np.linalg.solve(along[:, None], (there - here[:, :1])[..., None])[..., 0]
    at = values.x.array[values.function_space.dofmap.list][parents]
    found = at[:, :1] + np.einsum("cnk,ck->cn", shares, at[:, 1:] - at[:, :1])
    out = fem.Function(space)
    out.x.array[space.dofmap.list] = np.clip(found, 0.0, 1.0)
    return np.array(out.x.array[: space.dofmap.index_map.size_local])


def extent_along(
    brittle: BrittleBody, damage: fem.Function, block: Block, face: str
) -> tuple[float, float] | None:
    """Start and end of what is broken along the left or the bottom face, um; None: nothing."""
    domain = brittle.domain
    axis, shift = (1, origin(block)) if face == "left" else (0, 0.0)
    space = damage.function_space
    ends: list[float] = []
    if face in domain.built.facets:
        cells, local = facet_entities(domain, face).T
        nodes = space.dofmap.list[cells[:, None], OPPOSITE[local]]
        x = space.tabulate_dof_coordinates()
        d, s = damage.x.array[nodes], x[nodes, axis]
        inside = d >= BROKEN
        ends += [float(v) for v in s[inside]]
        cut = inside[:, 0] != inside[:, 1]
        share = (BROKEN - d[cut, 0]) / (d[cut, 1] - d[cut, 0])
        ends += [float(v) for v in s[cut, 0] + share * (s[cut, 1] - s[cut, 0])]
    low = domain.comm.allreduce(min(ends, default=inf), op=MPI.MIN)
    high = domain.comm.allreduce(max(ends, default=-inf), op=MPI.MAX)
    return (low + shift, high + shift) if low <= high else None


def _grown(follower: Follower, steps: list[Step], start: float | None, stopped: str) -> Growth:
    """What is left in the end."""
    brittle, minimiser = follower.brittle, follower.minimiser
    domain, damage = follower.domain, minimiser.damage
    last = steps[-1]
    balance = last.unbalanced / max(step.forces for step in steps)  # little is left of a broken one
    displacement = minimiser.displacements.displacement
    state = State(displacement, last.stored, last.reactions, balance, last.iterations)
    length = brittle.length
    local = damage / length + length * ufl.dot(ufl.grad(damage), ufl.grad(damage))
    area = fem.assemble_scalar(fem.form(weight(domain) * 0.375 * local * brittle.dx))
    block = follower.fragile.problem.block
    extents = {}
    for face in ("left", "bottom"):
        found = extent_along(brittle, damage, block, face)
        held = follower.fragile.problem.supports.get(face) == Support("normal")
        # shorter ones are the width of a crack that crosses the face
        if held and found is not None and found[1] - found[0] > 0.5 * float(length.value):
            extents[face] = found
    return Growth(
        brittle=brittle,
        damage=damage,
        state=state,
        steps=tuple(steps),
        start=start,
        area=float(domain.comm.allreduce(area)),
        cell_size=_size_of_broken(domain, damage),
        extents=extents,
        dofs=follower.dofs,
        stopped=stopped,
    )


def _size_of_broken(domain: Domain, damage: fem.Function) -> float:
    """Mean of the longest edges of the broken cells, else of all that are damaged; 0: none are."""
    sizes = longest_edges(domain)
    most = damage.x.array[damage.function_space.dofmap.list].max(axis=1)
    for limit in (BROKEN, 0.0):
        picked = sizes[most > limit]
        count = domain.comm.allreduce(len(picked))
        if count:
            total = float(domain.comm.allreduce(float(picked.sum())))
            return total / float(count)
    return 0.0
