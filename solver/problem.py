"""A block with its laws, loads and supports, and the meshes on which it is solved."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf, sqrt

import numpy as np
import numpy.typing as npt
from mpi4py import MPI

from meshes.layers import Block, Box, height
from meshes.mesh import BuiltMesh
from solver import compat, schema
from solver.broken import Break
from solver.delamination import find_breaks, resolve_zones, tips_of, with_marks
from solver.domain import Domain, node_positions, read_domain, refine_cells
from solver.elasticity import Body, Profile, Solid, Traction, make_body
from solver.equilibrium import Support
from solver.flaw_contact import find_touching, with_joined
from solver.fracture import Tip, find_tips, origin, resolve_tips
from solver.mechanics_model import conditions, loaded_faces, solid_law

KINK = 1e-3  # size of the cells where a pressure has a kink, in shares of the crack
Mesher = Callable[[Block | Box], BuiltMesh]
# the loads of a case on a mesh, and the mesh, which finding them may have refined; collective
Driver = Callable[[schema.Case, Domain], tuple[schema.Case, Domain]]


def as_given(case: schema.Case, domain: Domain) -> tuple[schema.Case, Domain]:
    """Loads that do not depend on the mesh."""
    return case, domain


@dataclass(frozen=True)
class Problem:
    """A block with its laws and conditions, to be solved on any mesh of it."""

    block: Block
    solids: dict[str, Solid]
    tractions: dict[str, Traction]
    supports: dict[str, Support]
    overrides: dict[str, str]
    bridge: bool
    breaks: tuple[Break, ...] = ()
    loaded: frozenset[str] = frozenset()  # faces that something acts on or moves
    force: tuple[float, float] = (0.0, 0.0)

    def mesh(self, mesher: Mesher, comm: MPI.Intracomm, refinements: int) -> Domain:
        """A mesh with fine cells at the tips, all of its cells divided some times."""
        domain = resolve_tips(read_domain(mesher(self.block), comm), self.block, self.jumps())
        for support in self.supports.values():
            if support.kind == "obstacle" and support.radius < inf:
                domain = _resolve_touch(domain, self.block, sqrt(support.radius * support.value))
        domain = resolve_zones(domain, self.block, self.breaks, self.solids)
        for _ in range(refinements):
            domain = refined(domain)
        return domain

    def _dry_tip(self) -> Profile | None:
        """The pressure of lithium that does not reach the tip, if there is such."""
        profile = self.tractions.get("crack", Traction()).profile
        return profile if profile is not None and profile.dry > 0.0 else None

    def jumps(self) -> tuple[tuple[float, float], ...]:
        """Where lithium in the crack ends before its tip, and where layers that are off end."""
        profile = self._dry_tip()
        if profile is None:
            return tuple(tip.place for _, tip in tips_of(self.block, self.breaks))
        away = 1.0 if profile.mouth > profile.tip else -1.0
        end = profile.tip + away * profile.dry
        return ((0.0, end + origin(self.block)) if profile.axis == 1 else (end, 0.0),)

    def with_stalls(self, domain: Domain) -> Domain:
        """Fine cells where the pressure of lithium that flows along a crack comes to its stall.

        It has a kink there: in a cell that holds it, what the load does jumps about as the tip
        moves. The same mesh if its cells are fine there; collective.
        """
        for tip in find_tips(self.block):
            load = self.tractions.get(tip.crack, Traction())
            profile = load.profile
            if profile is None or profile.gradient in (0.0, inf):
                continue
            length = abs(profile.tip - profile.mouth)
            behind = length - abs(load.pressure - profile.at_mouth) / profile.gradient
            if 0.0 < behind < length:
                away = behind / abs(tip.direction[profile.axis])
                place = np.subtract(tip.place, np.multiply(away, tip.direction))
                domain = _resolve_kink(domain, place, KINK * length)
        return domain

    def tips(self) -> tuple[Tip, ...]:
        """The tips, their contours within what no lithium reaches: they may not cross its end."""
        profile = self._dry_tip()
        dry = inf if profile is None else profile.dry
        return tuple(replace(tip, reach=min(tip.reach, dry)) for tip in find_tips(self.block))

    def body_on(self, domain: Domain) -> Body:
        """Laws and loads on a mesh."""
        return make_body(domain, self.solids, self.tractions, self.force, origin(self.block))


def make_problem(case: schema.Case, block: Block) -> Problem:
    """The problem of a case; `block` may differ from that of the case in its sizes."""
    mechanics = case.mechanics
    if mechanics is None:
        raise ValueError("a case without mechanics")
    solids = {
        name: solid_law(region, mechanics, block.shape == "block")
        for name, region in mechanics.solids.items()
    }
    options = dict(case.numerics.petsc_options)
    loads = conditions(block, mechanics)
    bridge = mechanics.solids[block.layers[-1].name].strength is not None
    breaks, loaded = find_breaks(block, mechanics.interfaces), loaded_faces(mechanics)
    breaks += find_touching(block, mechanics.faces)
    force = mechanics.body_force
    marked = with_joined(with_marks(block, breaks), breaks)
    return Problem(marked, solids, *loads, options, bridge, breaks, loaded, force)


def _resolve_touch(domain: Domain, block: Block, reach: float) -> Domain:
    """Bisect the cells where an indenter touches the top, out to about `reach` from the axis."""
    top = height(block) - origin(block)
    while True:
        points = node_positions(domain.mesh)[compat.node_numbers(domain.mesh)]
        far = np.hypot(points[..., 0], points[..., 1] - top).min(axis=1)
        size = np.ptp(points, axis=1).max(axis=1)
        cells = np.flatnonzero(size > np.maximum(reach / 10.0, 0.4 * (far - 1.5 * reach)))
        if domain.comm.allreduce(len(cells)) == 0:
            return domain
        domain = refine_cells(domain, cells.astype(np.int32))


def _resolve_kink(domain: Domain, place: npt.NDArray[np.float64], size: float) -> Domain:
    """Bisect the cells of the node nearest to a place until all of them are small."""
    while True:
        nodes = compat.node_numbers(domain.mesh)
        points = node_positions(domain.mesh)
        far = np.hypot(points[:, 0] - place[0], points[:, 1] - place[1])
        least = domain.comm.allreduce(float(far.min(initial=np.inf)), op=MPI.MIN)
        near = (far <= least)[nodes].any(axis=1)
        large = np.ptp(points[nodes], axis=1).max(axis=1) > size
        cells = np.flatnonzero(near & large)
        if domain.comm.allreduce(len(cells)) == 0:
            return domain
        domain = refine_cells(domain, cells.astype(np.int32))


def driven_problem(
    case: schema.Case, block: Block, domain: Domain, driven: Driver
) -> tuple[schema.Case, Problem, Domain]:
    """The case under the loads that a mesh gives, its problem, and the mesh; collective."""
    case, domain = driven(case, domain)
    problem = make_problem(case, block)
    finer = problem.with_stalls(domain)
    if finer is domain:
        return case, problem, domain
    case, domain = driven(case, finer)  # current and stress have one mesh
    return case, make_problem(case, block), domain


def refined(domain: Domain) -> Domain:
    """The mesh with all its cells divided."""
    local = domain.mesh.topology.index_map(domain.mesh.topology.dim).size_local
    return refine_cells(domain, np.arange(local, dtype=np.int32))
