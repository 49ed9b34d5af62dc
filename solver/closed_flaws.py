"""Flaws whose faces are pressed together conduct: which are closed, and the current through them.

A gap conducts nothing across it, closed faces conduct as the sound body. Where the faces may touch
(`law = "contact"`) the solution says which nodes are closed; faces without a law that overlap
(K_I < 0 at a tip) are solved for once more as faces that touch without friction. A flaw that is
closed all along is left out of the body for the current; of one that is closed in part the open
parts are flaws of their own. The ends of these are known to an element: the solve is repeated with
all of them moved for the least and the most contact, and the bounds hold all three (less conduction
anywhere never lowers the resistance, Rayleigh).

The current does not press on these flaws, so that one pass is the fixed point.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from mpi4py import MPI

from meshes.layers import Block, Flaw
from solver import mechanics_schema, schema
from solver.broken import NORMAL
from solver.broken_state import Jump
from solver.flaws import overlapping_flaws
from solver.interface_quantities import most, total
from solver.mechanics import Mechanical
from solver.mechanics_run import simulate_mechanics
from solver.meshing import start_size
from solver.switching import Lean, Trace, open_parts

FREE = mechanics_schema.Free()


@dataclass(frozen=True)
class Closed:
    """Flaws whose faces are together.

    Attributes:
        wholly: From end to end.
        partly: Not all along, and where.
        unknown: Pressed shut, but where is not known.
    """

    wholly: tuple[str, ...] = ()
    partly: tuple[Trace, ...] = ()
    unknown: tuple[str, ...] = ()

    def said(self) -> tuple[str, ...]:
        """What the report says of them."""
        return (
            *(f"{n} is closed all along: the current passes it as sound." for n in self.wholly),
            *(
                f"{trace.name} is closed in part, where it conducts: the current passes what is "
                "open of it; bounds hold the least and the most contact that the mesh allows."
                for trace in self.partly
            ),
            *(
                f"Warning: {n} is pressed shut and would conduct there, but the current was solved "
                "with a gap all along: of flaws that begin at a face only those from the left may "
                "touch."
                for n in self.unknown
            ),
        )


def closed_flaws(
    case: schema.Case, found: Mechanical, comm: MPI.Intracomm, progress: Callable[[str], None]
) -> Closed:
    """Which flaws without a condition for the current are closed; collective."""
    mechanics, block = case.mechanics, case.geometry
    if mechanics is None or not isinstance(block, Block) or not case.regions:
        return Closed()
    gaps = {flaw.name for flaw in block.flaws} - set(case.boundaries)
    overlap = {n for n in overlapping_flaws(mechanics, found) if n in gaps}
    overlap = {
        n for n in overlap if isinstance(mechanics.faces.get(n, FREE), mechanics_schema.Free)
    }
    elsewhere = {flaw.name for flaw in block.flaws if flaw.surface}
    unknown, overlap = tuple(sorted(overlap & elsewhere)), overlap - elsewhere
    if overlap:
        progress(f"{', '.join(sorted(overlap))}: pressed shut; once more with faces that touch")
        touch = {name: mechanics_schema.Contact("none") for name in overlap}
        faces = {**mechanics.faces, **touch}
        closing = replace(case, mechanics=replace(mechanics, faces=faces), references=())
        found = simulate_mechanics(closing, comm, lambda _: None)
    wholly, partly = list[str](), list[Trace]()
    lengths = {flaw.name: flaw.length for flaw in block.flaws}
    for name, jump in ({} if found.broken is None else found.broken.jumps).items():
        if name not in gaps:
            continue
        across = jump.opening[:, NORMAL]
        if most(across, comm) <= 0.0:  # a bound, met exactly
            wholly.append(name)
        elif total(jump.length[across <= 0.0], comm) > 0.0:
            partly.append(_trace(name, lengths[name], jump, comm))
    return Closed(tuple(sorted(wholly)), tuple(partly), unknown)


def _trace(name: str, length: float, jump: Jump, comm: MPI.Intracomm) -> Trace:
    # a line of nodes, not a field: all ranks have to know where the parts of their mesh end
    rows = np.vstack(comm.allgather(np.column_stack([jump.place, jump.opening[:, NORMAL]])))
    place, opening = rows[np.argsort(rows[:, 0])].T
    return Trace(name, 0.0, length, place, np.maximum(opening, 0.0), opening <= 0.0)


def with_open_parts(case: schema.Case, traces: Sequence[Trace], lean: Lean) -> schema.Case:
    """The currents alone, of the body with what is open of flaws that are closed in part.

    Args:
        case: With these flaws.
        traces: Where they are closed.
        lean: 0: as it most likely is; -1 (1): with the least (most) contact.
    """
    block, known = case.geometry, {trace.name: trace for trace in traces}
    if not isinstance(block, Block) or not traces:
        return case
    flaws: list[Flaw] = []
    for flaw in block.flaws:
        trace = known.get(flaw.name)
        flaws += [flaw] if trace is None else _parts(flaw, open_parts(trace, lean))
    made = replace(case, geometry=replace(block, flaws=tuple(flaws)), mechanics=None, references=())
    shortest = min((flaw.length for flaw in flaws), default=block.width)
    edge = min(start_size(made).edge, 0.5 * shortest)
    return replace(made, numerics=replace(case.numerics, edge_size=edge))


def _parts(flaw: Flaw, ends: Sequence[tuple[float, float]]) -> list[Flaw]:
    """Some of a flaw; the part at the surface still begins there."""
    c, s = flaw.direction
    return [
        replace(
            flaw,
            name=flaw.name if i == 0 else f"{flaw.name}#{i}",
            x=flaw.x + low * c if low > 0.0 else flaw.x,
            y=flaw.y + low * s,
            length=high - low,
        )
        for i, (low, high) in enumerate(ends)
    ]


def without_flaws(case: schema.Case, names: tuple[str, ...]) -> schema.Case:
    """The currents alone, of the body without these flaws."""
    block = case.geometry
    if not isinstance(block, Block) or not names:
        return case
    left = tuple(flaw for flaw in block.flaws if flaw.name not in names)
    return replace(case, geometry=replace(block, flaws=left), mechanics=None, references=())
