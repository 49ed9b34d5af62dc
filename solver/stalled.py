"""Current and stress of a body with stalled flaws, on one mesh.

On every mesh of the stress the current is solved for first: the mesh starts fine at the tips of
cracks, is refined where the bounds of the current ask for it, and only then carries the stress.
So the potential step along a flaw and the pressure on its faces are integrals over the same
facets, and so are the current through an electrode and the normal stress on it; nothing is
interpolated. Between two meshes, from whose difference the error bar of G follows, both change,
and that of the overpotential is in the bar. Where G needs a finer mesh, all of it is refined, and
the bounds of the current are those of the last mesh.

Bodies that the case does not have are not on it: a crack at another length (where does it arrest?)
is solved for on meshes of its own, under the pressure that it has here.

Sources: see `solver.coupling`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from mpi4py import MPI

from meshes.layers import Block, Box
from solver import schema
from solver.bounds import Certificate
from solver.coupling import metals, overpotentials, with_overpotentials
from solver.critical_share import Critical, Loads, critical_share
from solver.domain import Domain
from solver.lithium_face import find_pressures
from solver.mechanics import Mechanical
from solver.mechanics_run import simulate_mechanics
from solver.meshing import left_out
from solver.model import Model, build_model
from solver.one_mesh import Conductor, Refine, conductors
from solver.quantities import currents
from solver.stall_notes import notes_of_stall, proportional

Certify = Callable[[Model, Domain, Refine], Certificate]
ONE = "Current and stress were solved for on one mesh: faces that both have are the same facets."
PART = (
    "Current and stress were solved for on one mesh, the current on the part of it that conducts: "
    "faces that both have are the same facets."
)


@dataclass(frozen=True)
class Driving:
    """The current on a mesh, and what it does to the flaws.

    Attributes:
        case: With the overpotentials and pressures of its flaws.
        conductor: The mesh: all of it carries stress, a part conducts.
        model: Laws and conditions of the current.
        certificate: The current.
        steps: Overpotential of every flaw, V.
        behind: Pressures of the lithium at faces with which flaws are connected, MPa.
        critical: The critical share of the current; None: it is all in proportion, or strips.
    """

    case: schema.Case
    conductor: Conductor
    model: Model
    certificate: Certificate
    steps: dict[str, float]
    behind: dict[str, float]
    critical: Critical | None = None


def solve_together(
    case: schema.Case, certify: Certify, comm: MPI.Intracomm, progress: Callable[[str], None]
) -> tuple[Driving, Mechanical]:
    """Current and stress on finer and finer meshes, until G is known; collective.

    Args:
        case: With flaws whose pressure follows from the current.
        certify: Finds the current of a model on a mesh, which it may refine.
        comm: The ranks.
        progress: Called with a line per solve.

    Returns:
        Current and stress on the last mesh.

    Raises:
        ModelError: The conditions of the current do not make a problem.
        SolveFailed: A solve that does not converge.
        NotBalanced: Currents that do not balance.
        NotInEquilibrium: Forces that do not balance.
    """
    passes: list[Driving] = []

    def driven(_: schema.Case, domain: Domain) -> tuple[schema.Case, Domain]:
        behind = passes[-1].behind if passes else {}
        passes.append(_drive(case, domain, certify, behind, progress))
        return passes[-1].case, passes[-1].conductor.whole

    found = simulate_mechanics(case, comm, progress, driven)
    last = _with_critical(case, passes, found, progress)
    said = ONE if last.conductor.part is last.conductor.whole else PART
    told = notes_of_stall(last.case, found, last.steps, last.critical)
    return last, replace(found, remarks=(*found.remarks, *told, said))


def _with_critical(
    case: schema.Case,
    passes: Sequence[Driving],
    found: Mechanical,
    progress: Callable[[str], None],
) -> Driving:
    """The last pass, with the critical share of its current; collective."""
    last = passes[-1]
    steps = last.steps.values()
    if max(steps, default=0.0) <= 0.0 or proportional(last.case, last.steps):
        return last

    def loads(one: Driving) -> Loads:
        whole = one.conductor.whole

        def at(share: float) -> schema.Case:
            if share == 1.0:
                return one.case
            some = {name: share * step for name, step in one.steps.items()}
            driven_by = partial(with_overpotentials, case, some)
            faces = metals(case, some)
            found = find_pressures(case, faces, driven_by, whole, one.behind, lambda _: None)
            return driven_by(found)

        return at, whole

    critical = critical_share([loads(one) for one in passes[-2:]], found)
    if critical.share is not None:
        progress(f"{critical.first} grows at {critical.share:.6g} of the current")
    return replace(last, critical=critical)


def _drive(
    case: schema.Case,
    domain: Domain,
    certify: Certify,
    behind: dict[str, float],
    progress: Callable[[str], None],
) -> Driving:
    """The current on a mesh or a finer one, and the pressures there."""
    body, gone = case.geometry, left_out(case)
    if not isinstance(body, Block | Box):
        raise ValueError("a case without a body")
    meshes, refine = conductors(domain, body, gone)
    part = meshes[0].part
    model = build_model(case, part.built)
    certificate = certify(model, part, refine)
    steps = overpotentials(case, currents(case, model, certificate))
    for name, step in steps.items():
        progress(f"lithium in {name} has stalled at {1e3 * step:.6g} mV")
    driven_by = partial(with_overpotentials, case, steps)
    whole = meshes[-1].whole
    found = find_pressures(case, metals(case, steps), driven_by, whole, behind, progress)
    return Driving(driven_by(found), meshes[-1], model, certificate, steps, found)
