"""Current through layers that touch here and are apart there, as the mechanics finds them.

Along an interface with the law `touching` in the conduction problem

    phi_below - phi_above = rho i_n     rho = R_c       where the layers touch or hold together
                                        rho = w_n/kappa where they are apart and what fills the gap
                                                        conducts (kappa), else no current passes

w_n the gap (um) that the loads leave, R_c the area-specific resistance of the contact (0: ideal).
Layers touch where the gap is at most the tolerance of the case, or zero but for rounding; a
cohesive interface holds until its traction has gone. Between a node that touches and one that does
not lies the edge of the contact. It is taken half way, and the solve is repeated with all edges
moved by an element to either side, and with the largest and the least gap of every one of the
`PIECES` into which an open part is cut: the spread is the error bar, estimated. The current does
not act back on layers that lie on each other, so that one pass is the fixed point.

Source: Barber 2003, Proc. R. Soc. A 459, 53 (contact resistance between bounds of the contact
area: the resistance falls wherever contact is added).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import inf
from typing import Literal

import numpy as np
from dolfinx.mesh import meshtags
from mpi4py import MPI

from meshes.layers import Block
from solver import cohesive, compat, schema
from solver.broken import NORMAL, Break, Floats
from solver.broken_state import Answer, Jump
from solver.delamination import find_breaks, level_of
from solver.domain import Domain, node_positions
from solver.interface_quantities import SHUT, TORN
from solver.meshing import start_size
from solver.quantities import Quantity

PIECES = 8  # of every part that is apart, if what fills it conducts
EDGE = 1.5  # distances of nodes by which the edge of a contact may be wrong
SHORTEST = 1e-6  # of the width: shorter parts are none
Lean = Literal[-1, 0, 1]  # least contact, most likely, most contact
LEANS: tuple[Lean, Lean, Lean] = (0, -1, 1)
CONTACT = {-1: "the least", 0: "the likely", 1: "the most"}


class Apart(ValueError):
    """Layers that touch nowhere, where all of the current has to pass."""


@dataclass(frozen=True)
class Trace:
    """What the mechanics tells of an interface, on all ranks.

    Attributes:
        name: "lower|upper".
        low: Where the part that may be apart begins, um; beyond it the layers are bonded.
        high: Where it ends.
        place: x of its nodes, um, rising, shape (n,).
        gap: Between the layers there, at least 0, um, shape (n,).
        touches: Whether they touch or hold together, shape (n,).
    """

    name: str
    low: float
    high: float
    place: Floats
    gap: Floats
    touches: np.ndarray[tuple[int], np.dtype[np.bool_]]


@dataclass(frozen=True)
class Part:
    """A piece of an interface with one area-specific resistance (V um^2/pA)."""

    interface: str
    low: float
    high: float
    resistance: float

    @property
    def closed(self) -> bool:
        """Whether no current passes."""
        return self.resistance == inf


def switched(case: schema.Case) -> dict[str, schema.Touching]:
    """The interfaces whose current depends on what the mechanics finds."""
    laws = case.interfaces.items()
    return {name: law for name, law in laws if isinstance(law, schema.Touching)}


def traces(case: schema.Case, answer: Answer, comm: MPI.Intracomm) -> tuple[Trace, ...]:
    """Where the layers touch; collective.

    Args:
        case: With interfaces whose law is `touching`.
        answer: What these do.
        comm: The ranks.
    """
    block, mechanics = case.geometry, case.mechanics
    if not isinstance(block, Block) or mechanics is None:
        return ()
    thinnest = min(layer.thickness for layer in block.layers)
    laws = switched(case)
    return tuple(
        _trace(broken, answer.jumps[broken.name], laws[broken.name].tolerance, thinnest, comm)
        for broken in find_breaks(block, mechanics.interfaces)
        if broken.name in laws
    )


def _trace(
    broken: Break, jump: Jump, tolerance: float, thinnest: float, comm: MPI.Intracomm
) -> Trace:
    holds = np.zeros(len(jump.place), dtype=bool)
    if broken.joint.tears:
        law, whole = cohesive.make_law(broken.joint), np.isfinite(jump.kappa)
        kappa = np.where(whole, jump.kappa, 1.0)
        holds = whole & ((1.0 - cohesive.damage(law, kappa)) * kappa >= TORN)
    # a line of nodes, not a field: all ranks have to know where the pieces of their mesh end
    rows = np.vstack(comm.allgather(np.column_stack([jump.place, jump.opening[:, NORMAL], holds])))
    place, opening, held = rows[np.argsort(rows[:, 0])].T
    closed = max(tolerance, SHUT * max(float(opening.max(initial=0.0)), thinnest))
    low, high = (0.0, broken.width) if broken.joint.tears else broken.joint.reach(broken.width)
    gap = np.maximum(opening, 0.0)
    return Trace(broken.name, low, high, place, gap, (opening <= closed) | (held > 0.0))


def open_parts(trace: Trace, lean: Lean) -> tuple[tuple[float, float], ...]:
    """Where the layers are apart (low, high), um, from left to right.

    Args:
        trace: What is known of the interface.
        lean: 0: edges half way between nodes; -1 (1): moved for the least (most) contact.
    """
    x, apart = trace.place, ~trace.touches
    found: list[tuple[float, float]] = []
    for first, last in _runs(apart):
        low, high = trace.low, trace.high
        if first > 0:
            low = 0.5 * (x[first - 1] + x[first]) + lean * EDGE * (x[first] - x[first - 1])
        if last < len(x) - 1:
            high = 0.5 * (x[last] + x[last + 1]) - lean * EDGE * (x[last + 1] - x[last])
        low, high = max(low, trace.low), min(high, trace.high)
        if found and low <= found[-1][1]:
            low, high = found.pop()[0], max(high, found[-1][1] if found else high)
        if high - low > SHORTEST * (trace.high - trace.low):
            found.append((float(low), float(high)))
    return tuple(found)


def _runs(flags: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[tuple[int, int]]:
    """First and last index of every run of true values."""
    steps = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(a), int(b) - 1) for a, b in steps.reshape(-1, 2)]


def parts_of(trace: Trace, law: schema.Touching, width: float, lean: Lean) -> tuple[Part, ...]:
    """The interface from left to right, in pieces of one resistance each.

    Args:
        trace: What is known of it.
        law: What the case says.
        width: Of the block, um.
        lean: 0: as it most likely is; -1 (1): with the least (most) contact that it may have.
    """
    found: list[Part] = []
    at = 0.0
    for low, high in open_parts(trace, lean):
        if low - at > SHORTEST * width:
            found.append(Part(trace.name, at, low, law.area_specific_resistance))
        found += _apart(trace, law, low, high, lean)
        at = high
    if width - at > SHORTEST * width:
        found.append(Part(trace.name, at, width, law.area_specific_resistance))
    return tuple(found)


def _apart(
    trace: Trace, law: schema.Touching, low: float, high: float, lean: Lean
) -> tuple[Part, ...]:
    """The pieces of an open part."""
    if law.gap_conductivity is None:
        return (Part(trace.name, low, high, inf),)
    ends = np.linspace(low, high, PIECES + 1)
    found = []
    for a, b in pairwise(ends):
        inside = trace.place[(trace.place > a) & (trace.place < b)]
        x = np.concatenate([[a], inside, [b]])
        gap = np.interp(x, trace.place, trace.gap)
        mean = float(np.trapezoid(gap, x) / (b - a))
        size = {-1: float(gap.max()), 0: mean, 1: float(gap.min())}[lean]
        resistance = size / law.gap_conductivity
        found.append(Part(trace.name, float(a), float(b), resistance))
    return tuple(found)


def pieces_of(case: schema.Case, found: Sequence[Trace], lean: Lean) -> tuple[Part, ...]:
    """The pieces of all interfaces.

    Raises:
        Apart: Layers touch nowhere and nothing else conducts between them.
    """
    block = case.geometry
    if not isinstance(block, Block):
        return ()
    laws = switched(case)
    out: list[Part] = []
    for trace in found:
        parts = parts_of(trace, laws[trace.name], block.width, lean)
        if all(part.closed for part in parts):
            raise Apart(trace.name)
        out += parts
    return tuple(out)


def conducting_case(case: schema.Case, parts: Sequence[Part]) -> schema.Case:
    """The case with a law of its own for every piece, and the ends of these as nodes."""
    block, mechanics = case.geometry, case.mechanics
    if not isinstance(block, Block) or mechanics is None:
        raise ValueError("only interfaces of a block can touch")
    levels = {b.name: level_of(block, b) for b in find_breaks(block, mechanics.interfaces)}
    marks = tuple((part.high, levels[part.interface]) for part in parts if part.high < block.width)
    laws = {n: law for n, law in case.interfaces.items() if not isinstance(law, schema.Touching)}
    pieces: dict[str, schema.Interface] = {
        piece_name(i, part): schema.Insulating()
        if part.closed
        else schema.Resistive(part.resistance)
        for i, part in enumerate(parts)
        if part.resistance > 0.0
    }
    shortest = min(part.high - part.low for part in parts)
    made = replace(case, geometry=replace(block, marks=marks), interfaces={**laws, **pieces})
    edge = min(start_size(made).edge, shortest)
    return replace(made, numerics=replace(case.numerics, edge_size=edge))


def piece_name(i: int, part: Part) -> str:
    """Name of the facets of a piece."""
    return f"{part.interface}#{i}"


def in_pieces(domain: Domain, parts: Sequence[Part]) -> Domain:
    """The mesh with names for the pieces of its interfaces; ends of pieces are nodes of it."""
    built, tags = domain.built, domain.facet_tags
    values, fdim = tags.values.copy(), domain.mesh.topology.dim - 1
    nodes = compat.nodes_of_entities(domain.mesh, fdim, tags.indices)
    middle = node_positions(domain.mesh)[nodes][:, :, 0].mean(axis=1)
    facets, first = dict(built.facets), max(built.facets.values()) + 1
    for i, part in enumerate(parts):
        here = tags.values == built.facets[part.interface]
        values[here & (middle > part.low) & (middle < part.high)] = first + i
        facets[piece_name(i, part)] = first + i
    whole = {part.interface for part in parts}
    between = tuple(name for name in built.interfaces if name not in whole)
    told = replace(built, facets=facets, interfaces=between)
    return replace(domain, facet_tags=meshtags(domain.mesh, fdim, tags.indices, values), built=told)


def widened(
    found: Sequence[Quantity], others: Sequence[Sequence[Quantity]], solves: int
) -> tuple[Quantity, ...]:
    """Quantities with bounds that hold those of other solves as well: estimated, not guaranteed.

    Args:
        found: With the edges where they most likely are.
        others: With more and with less contact.
        solves: How many there are of all; a missing one lets no current pass.
    """
    tables = [{q.name: q for q in one} for one in (found, *others)]
    out = []
    for quantity in found:
        same = [table[quantity.name] for table in tables if quantity.name in table]
        lower, upper = [q.lower for q in same], [q.upper for q in same]
        if quantity.lower is None or quantity.upper is None or quantity.bound == "none":
            out.append(quantity)
            continue
        low = min(x for x in lower if x is not None)
        high = None if len(tables) < solves else max(x for x in upper if x is not None)
        out.append(replace(quantity, lower=low, upper=high, bound="estimated"))
    return tuple(out)


def told(case: schema.Case, found: Sequence[Trace]) -> list[Quantity]:
    """How far the layers conduct by touching each other."""
    block = case.geometry
    out: list[Quantity] = []
    for trace in found if isinstance(block, Block) else ():
        width = block.width if isinstance(block, Block) else 0.0
        value, least, most = (
            width - sum(high - low for low, high in open_parts(trace, lean)) for lean in LEANS
        )
        text = "Length along which the layers touch or hold together, and conduct."
        name = f"touching_length.{trace.name}"
        out.append(Quantity(name, value, "um", least, most, "estimated", text))
    return out
