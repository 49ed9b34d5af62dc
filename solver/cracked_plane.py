"""A crack in a plane of symmetry: what its opening and closing does to the current.

Nothing crosses a plane to which the current is its own mirror image (one without an electrode), so
that it does not matter to the current whether a crack there is open, dry or closed. A plane that is
an electrode of the half that is meshed (`bottom`, or `left`: the plane between two equal halves, or
a metal that the body lies on) is crossed by all of the current. A crack in it is in the way

    where it is open        no current passes, or u_n/kappa is in its way beside what the plane has
                            if what fills the gap conducts (kappa); u_n is half of the opening
    where it is closed      as the plane

Where, says the mechanics at the nodes of its mesh, and the current is solved for on that mesh: the
facets of the crack that are closed become facets of the plane, those with a filled gap electrodes
behind its resistance, in `PIECES` classes by the gap. The edge of the contact is known to a facet:
the solve is repeated with the least and the most contact that the nodes allow, and with the largest
and the least gap of every class; the bounds hold all three and are estimated. The current does not
act on the crack (that would need lithium in it), so that one pass is the fixed point.

Source: Barber 2003, Proc. R. Soc. A 459, 53 (contact resistance between bounds of the contact
area: the resistance falls wherever contact is added).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from dolfinx import fem, la
from dolfinx.mesh import meshtags
from mpi4py import MPI

from meshes.layers import Block, Box
from solver import mechanics_schema, schema
from solver.domain import Domain, facet_entities, facet_measure, facets_of, regions_at
from solver.elasticity import weight
from solver.mechanics import Mechanical, is_pressed_shut
from solver.mechanics_run import simulate_mechanics
from solver.model import Contact, Model
from solver.pressed import ON_IT
from solver.quantities import Quantity
from solver.switching import LEANS, Lean

PIECES = 16  # classes of gaps that are filled, each as wide as the others
CRACK = "crack"
CONDUCTS_ALIKE = (
    "The crack lies in a plane of symmetry of the current, which nothing crosses: whether it is "
    "open, dry or closed makes no difference to the current."
)
OPEN_3D = (
    "Warning: the crack is pressed shut and would conduct there, but the current was solved with a "
    'gap all along: with law = "contact" on the crack it passes where the faces touch.'
)
NO_CONDITION = (
    "Warning: lithium fills the crack, but the current has no condition on it and takes it as a "
    'gap: an electrode with a current of zero (and metal = "...", where its pressure follows from '
    "the current) makes it one."
)
Floats = npt.NDArray[np.float64]
Int32Array = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Plane:
    """The facets of a crack in the plane of an electrode, on this rank.

    Attributes:
        face: The plane.
        domain: The mesh of the stress.
        pairs: Cells and local facets of the crack, shape (n, 2).
        closed: Whether they conduct as the plane with the least, likely, most contact, (n,) each.
        gap: From the plane at the nodes of each: mean, largest, smallest, um, shape (n, 3).
    """

    face: str
    domain: Domain
    pairs: Int32Array
    closed: dict[Lean, Flags]
    gap: Floats

    def share(self, lean: Lean) -> float:
        """Of the crack that is closed; collective."""
        chosen = {0: self.pairs, 1: self.pairs[self.closed[lean]]}
        ds = facet_measure(self.domain, chosen)
        one = fem.Constant(self.domain.mesh, np.float64(1.0))
        whole, shut = (
            self.domain.comm.allreduce(
                fem.assemble_scalar(fem.form(weight(self.domain) * one * ds(i)))
            )
            for i in (0, 1)
        )
        return float(shut / whole)


def plane_of(case: schema.Case) -> str:
    """The plane of symmetry that holds a crack without a condition of its own; "" if none does."""
    body = case.geometry
    if case.mechanics is None or not case.regions or not isinstance(body, Block | Box):
        return ""
    if body.crack is None or not isinstance(case.boundaries.get(CRACK), schema.Touching | None):
        return ""
    return body.crack.face if isinstance(body, Block) and body.crack is not None else "bottom"


def is_crossed(case: schema.Case) -> bool:
    """Whether current crosses the plane of the crack."""
    return isinstance(case.boundaries.get(plane_of(case)), schema.Electrode)


def gap_law(case: schema.Case) -> schema.Touching:
    """What the case says of the gap of the crack."""
    law = case.boundaries.get(CRACK)
    return law if isinstance(law, schema.Touching) else schema.Touching()


def without_crack(case: schema.Case) -> schema.Case:
    """The currents alone, of the body without its crack."""
    body = case.geometry
    if not isinstance(body, Block | Box):
        return case
    kept = {name: law for name, law in case.boundaries.items() if name != CRACK}
    whole = replace(body, crack=None)
    return replace(case, geometry=whole, boundaries=kept, mechanics=None, references=())


def find_plane(
    case: schema.Case, found: Mechanical, comm: MPI.Intracomm, progress: Callable[[str], None]
) -> tuple[Plane | None, tuple[str, ...]]:
    """Where the crack is closed, if the current minds, and what is to be said; collective.

    Faces without a law that overlap are solved for once more as faces that touch.
    """
    face, mechanics = plane_of(case), case.mechanics
    if not face or mechanics is None:
        return None, ()
    law = mechanics.faces.get(CRACK, mechanics_schema.Free())
    if isinstance(law, mechanics_schema.Lithium):
        return None, (NO_CONDITION,)
    if not is_crossed(case):
        return None, (CONDUCTS_ALIKE,)
    if is_pressed_shut(found):
        if isinstance(case.geometry, Box) or not isinstance(law, mechanics_schema.Free):
            return None, (OPEN_3D,)
        progress("crack: pressed shut; once more with faces that touch")
        touching = {**mechanics.faces, CRACK: mechanics_schema.Contact()}
        closing = replace(case, mechanics=replace(mechanics, faces=touching), references=())
        found = simulate_mechanics(closing, comm, lambda _: None)
    return _read(face, found, gap_law(case).tolerance), ()


def _read(face: str, found: Mechanical, tolerance: float) -> Plane:
    """Where the crack touches, from the displacement of its nodes."""
    domain, u = found.domain, found.state.displacement
    space, dim = u.function_space, domain.mesh.topology.dim
    axis, size = (0 if face == "left" else dim - 1), u.function_space.dofmap.bs
    layout = space.dofmap.dof_layout
    closure = np.array([layout.entity_closure_dofs(dim - 1, i) for i in range(dim + 1)])

    def nodes_at(pairs: Int32Array) -> Int32Array:
        return np.asarray(space.dofmap.list[pairs[:, :1], closure[pairs[:, 1]]], dtype=np.int32)

    def marked(nodes: Int32Array) -> Flags:
        count = fem.Function(space)
        count.x.array[size * np.unique(nodes)] = 1.0
        count.x.scatter_reverse(la.InsertMode.add)
        count.x.scatter_forward()
        return np.asarray(count.x.array[::size] > 0.0)

    pairs = facet_entities(domain, CRACK)
    nodes = nodes_at(pairs)
    front = marked(nodes_at(facet_entities(domain, face)))[nodes]  # held by the plane in any case
    moved = domain.comm.allreduce(float(np.abs(u.x.array).max(initial=0.0)), op=MPI.MAX)
    gap = np.maximum(u.x.array[size * nodes + axis], 0.0)
    touches = gap <= max(0.5 * tolerance, ON_IT * moved)
    shut, apart = (touches | front).all(axis=1), (~touches | front).all(axis=1)
    apart_near = marked(nodes[~shut])[nodes].any(axis=1)
    shut_near = marked(nodes[~apart])[nodes].any(axis=1)
    likely = (touches & ~front).sum(axis=1) > 0.5 * (~front).sum(axis=1)
    closed: dict[Lean, Flags] = {-1: shut & ~apart_near, 0: likely, 1: ~apart | shut_near}
    gap = np.where(touches, 0.0, gap)
    three = np.column_stack([gap.mean(axis=1), gap.max(axis=1), gap.min(axis=1)])
    return Plane(face, domain, pairs, closed, three.reshape(-1, 3))


def conducting(plane: Plane, law: schema.Touching, lean: Lean) -> tuple[Domain, dict[str, float]]:
    """The mesh whose facets know where the crack conducts; collective.

    Args:
        plane: Where it is closed.
        law: What its gap conducts.
        lean: With the least, likely or most contact that the nodes allow.

    Returns:
        The mesh, and the area-specific resistance (V um^2/pA) of every class of filled gaps.
    """
    domain, comm = plane.domain, plane.domain.comm
    tags, fdim = domain.facet_tags, domain.mesh.topology.dim - 1
    values, facets = tags.values.copy(), dict(domain.built.facets)
    shut = plane.closed[lean]

    def become(chosen: Flags, tag: int) -> None:
        there = facets_of(domain, plane.pairs[chosen])
        values[np.searchsorted(tags.indices, there)] = tag

    become(shut, facets[plane.face])
    resistances: dict[str, float] = {}
    if law.gap_conductivity is not None:
        mean, high, low = plane.gap.T
        largest = comm.allreduce(float(mean.max(initial=0.0)), op=MPI.MAX)
        classes = np.minimum((PIECES * mean / (largest or 1.0)).astype(int), PIECES - 1)
        first = max(facets.values()) + 1
        for i in range(PIECES):
            chosen = ~shut & (classes == i)
            count = comm.allreduce(int(chosen.sum()))
            if not count:
                continue
            name = f"{CRACK}#{i}"
            middle = comm.allreduce(float(mean[chosen].sum())) / count
            most = comm.allreduce(float(high[chosen].max(initial=0.0)), op=MPI.MAX)
            least = comm.allreduce(float(low[chosen].min(initial=np.inf)), op=MPI.MIN)
            facets[name] = first + i
            become(chosen, first + i)
            resistances[name] = {-1: most, 0: middle, 1: least}[lean] / law.gap_conductivity
    told = replace(domain.built, facets=facets)
    tagged = meshtags(domain.mesh, fdim, tags.indices, values)
    return replace(domain, facet_tags=tagged, built=told), resistances


def with_gaps(model: Model, domain: Domain, face: str, gaps: dict[str, float]) -> Model:
    """The model with the electrode of a plane behind the filled gaps of a crack in it.

    Args:
        model: Whose plane is an electrode.
        domain: The mesh of the current, of which not all gaps need to be a part.
        face: The plane.
        gaps: Resistances of the gaps.
    """
    plane = next(contact for contact in model.contacts if contact.name == face)
    behind = tuple(
        Contact(name, plane.terminal, plane.resistance + gap, 0.0)
        for name, gap in gaps.items()
        if regions_at(domain, name)
    )
    return replace(model, contacts=(*model.contacts, *behind))


def told_of_plane(plane: Plane) -> Quantity:
    """How much of the crack conducts as the plane."""
    likely, least, most = (plane.share(lean) for lean in LEANS)
    text = "Share of the crack whose faces touch and conduct."
    return Quantity("conducting_share.crack", likely, "1", least, most, "estimated", text)
