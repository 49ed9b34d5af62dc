"""The current of a case on a mesh, and where it passes what the stress opens and closes."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from mpi4py import MPI

from meshes.geometry import Cell, NoOpening
from meshes.layers import Block, Box
from meshes.mesh import BuiltMesh
from solver import cracked_plane, quantities, schema, switching
from solver.bounds import Certificate, Level, certify
from solver.domain import Domain, read_domain
from solver.faces import face_statistics
from solver.matching import refine_alike
from solver.mechanics_run import make_mesh
from solver.meshing import left_out
from solver.micro_quantities import structure_quantities
from solver.model import Model, build_model
from solver.one_mesh import Refine, conductors
from solver.quantities import Quantity

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Conducted:
    """A current: its numbers, and where they come from; without a mesh where none passes."""

    case: schema.Case
    quantities: tuple[Quantity, ...]
    built: BuiltMesh | None = None
    model: Model | None = None
    certificate: Certificate | None = None


def certified(
    case: schema.Case,
    model: Model,
    built: BuiltMesh,
    domain: Domain,
    progress: Progress,
    refine: Refine = refine_alike,
) -> Certificate:
    """The current on a mesh, which is refined until its bounds are as close as asked."""
    cell = case.geometry
    # a flat stack has no excess: there the accuracy is that of its whole resistance
    flat = isinstance(cell, Cell) and isinstance(cell.opening, NoOpening)
    reference = 0.0 if flat else quantities.reference_resistance(case, model, built)

    what = "excess resistance" if reference else "resistance"
    if not model.has_resistance:
        what = "power"

    def report(level: Level, width: float) -> None:
        progress(
            f"{level.cells} cells, {level.dofs} unknowns: bounds of the {what} "
            f"{width:.2e} apart ({level.iterations} + {level.steps} iterations, "
            f"{level.seconds:.1f} s)"
        )

    return certify(domain, model, case.numerics, reference, report, refine)


def evaluated(
    case: schema.Case, model: Model, built: BuiltMesh, certificate: Certificate
) -> list[Quantity]:
    """The numbers of a current."""
    two = certificate.driven >= 0
    return [
        *(quantities.resistances(case, model, built, certificate) if two else ()),
        *quantities.currents(case, model, certificate),
        *face_statistics(case, model, certificate),
        *structure_quantities(built),
    ]


def through_contacts(
    case: schema.Case, found: Sequence[switching.Trace], comm: MPI.Intracomm, progress: Progress
) -> Conducted:
    """The current where layers touch, as it most likely is, and with the least and most contact."""
    solutions: list[Conducted] = []
    progress("layers that lie on each other feel no current: one pass is the fixed point")
    for lean in switching.LEANS:
        try:
            parts = switching.pieces_of(case, found, lean)
        except switching.Apart as interface:
            progress(
                f"{interface}: the layers touch nowhere with {switching.CONTACT[lean]} contact"
            )
            if lean == 0:
                text = "The layers touch nowhere: no current passes."
                none = Quantity("resistance", "unbounded", "ohm", meaning=text)
                return Conducted(case, (none,))
            continue
        progress(
            f"current with {switching.CONTACT[lean]} contact, {len(parts)} pieces of interfaces"
        )
        one = switching.conducting_case(case, parts)
        domain = switching.in_pieces(read_domain(make_mesh(one, comm), comm), parts)
        model = build_model(one, domain.built)
        bounded = certified(one, model, domain.built, domain, progress)
        values = tuple(evaluated(one, model, domain.built, bounded))
        solutions.append(Conducted(one, values, domain.built, model, bounded))
    return _between(solutions, len(switching.LEANS))


def through_plane(case: schema.Case, plane: cracked_plane.Plane, progress: Progress) -> Conducted:
    """The current through the plane of a crack that is closed in part, or filled; collective."""
    law, solutions = cracked_plane.gap_law(case), list[Conducted]()
    progress("current and stress on one mesh; the crack feels no current: one pass is enough")
    for lean in switching.LEANS:
        whole, gaps = cracked_plane.conducting(plane, law, lean)
        progress(
            f"current with {switching.CONTACT[lean]} contact: {plane.share(lean):.4g} of the crack "
            "conducts as its plane"
        )
        solutions.append(_on_mesh_of_stress(case, whole, plane.face, gaps, progress))
    return _between(solutions, len(switching.LEANS))


def _on_mesh_of_stress(
    case: schema.Case, whole: Domain, face: str, gaps: dict[str, float], progress: Progress
) -> Conducted:
    """The current on the part that conducts of a mesh that carries stress."""
    body, gone = case.geometry, left_out(case)
    if not isinstance(body, Block | Box):
        raise ValueError("a case without a body")
    meshes, refine = conductors(whole, body, gone)
    part = meshes[0].part
    model = build_model(case, part.built)
    model = cracked_plane.with_gaps(model, part, face, gaps)
    bounded = certified(case, model, part.built, part, progress, refine)
    values = tuple(_without_pieces(evaluated(case, model, part.built, bounded)))
    return Conducted(case, values, part.built, model, bounded)


def _without_pieces(found: Iterable[Quantity]) -> Iterable[Quantity]:
    """What passes the pieces of a face belongs to the face."""
    sums: dict[str, Quantity] = {}
    for quantity in found:
        name, piece, _ = quantity.name.partition("#")
        if not piece:
            yield quantity
        elif name.split(".")[0] in ("current", "share") and isinstance(quantity.value, float):
            before = sums[name].value if name in sums else 0.0
            if isinstance(before, float):
                sums[name] = replace(quantity, name=name, value=before + quantity.value)
    yield from sums.values()


def _between(solutions: Sequence[Conducted], solves: int) -> Conducted:
    """The likely one, with bounds that hold those of the others."""
    first, *others = solutions
    wide = switching.widened(first.quantities, [s.quantities for s in others], solves)
    return replace(first, quantities=wide)
