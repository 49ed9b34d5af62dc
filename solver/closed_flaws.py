"""Flaws whose faces are pressed together conduct: which are closed, and the current through them.

A gap conducts nothing across it, closed faces conduct as the sound body. Where the faces may touch
(`law = "contact"`) the solution says which nodes are closed; faces without a law that overlap
(K_I < 0 at a tip) are solved for once more as faces that touch without friction. A flaw that is
closed all along is left out of the body for the current. One that is closed in part lies between
the two: less conduction anywhere never lowers the resistance (Rayleigh), so that the solve with
the flaw open, and the one without it, hold that of the half-closed one between them.

The current does not press on these flaws, so that one pass is the fixed point.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from mpi4py import MPI

from meshes.layers import Block
from solver import mechanics_schema, schema
from solver.broken import NORMAL
from solver.flaws import overlapping_flaws
from solver.interface_quantities import most, total
from solver.mechanics import Mechanical
from solver.mechanics_run import simulate_mechanics

FREE = mechanics_schema.Free()


@dataclass(frozen=True)
class Closed:
    """Flaws whose faces are together.

    Attributes:
        wholly: From end to end.
        partly: Not all along.
    """

    wholly: tuple[str, ...] = ()
    partly: tuple[str, ...] = ()

    def said(self) -> tuple[str, ...]:
        """What the report says of them."""
        return (
            *(f"{n} is closed all along: the current passes it as sound." for n in self.wholly),
            *(
                f"Warning: {n} is closed in part, where it conducts. The current was solved with "
                "all of it open, and without it: the bounds hold both, the value is that of the "
                "open one, and other numbers of the current are not known better than that."
                for n in self.partly
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
    if overlap:
        progress(f"{', '.join(sorted(overlap))}: pressed shut; once more with faces that touch")
        touch = {name: mechanics_schema.Contact("none") for name in overlap}
        faces = {**mechanics.faces, **touch}
        closing = replace(case, mechanics=replace(mechanics, faces=faces), references=())
        found = simulate_mechanics(closing, comm, lambda _: None)
    wholly, partly = [], []
    for name, jump in ({} if found.broken is None else found.broken.jumps).items():
        if name not in gaps:
            continue
        across = jump.opening[:, NORMAL]
        if most(across, comm) <= 0.0:  # a bound, met exactly
            wholly.append(name)
        elif total(jump.length[across <= 0.0], comm) > 0.0:
            partly.append(name)
    return Closed(tuple(sorted(wholly)), tuple(sorted(partly)))


def without_flaws(case: schema.Case, names: tuple[str, ...]) -> schema.Case:
    """The currents alone, of the body without these flaws."""
    block = case.geometry
    if not isinstance(block, Block) or not names:
        return case
    left = tuple(flaw for flaw in block.flaws if flaw.name not in names)
    return replace(case, geometry=replace(block, flaws=left), mechanics=None, references=())
