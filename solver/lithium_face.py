"""The pressure with which lithium at a face presses on the electrolyte: the stress that acts there.

What is written on the face is not what acts on it: below a plate on the other side, a face that is
held carries the same pressure by its reaction, and a spring takes up what the body lets it. So

    P = -(1/A) int sigma_nn dA       (mean over the face, pressure positive)

is the pressure of a traction or of a rigid plate, that of the spring where there is one, and the
reaction over the area where the face is held. Lithium in a flaw that is connected with it presses
with F eta/V_Li + P, which may change P in turn (a little: the flaw is small against the face): both
are found in turns until P stays to `TOLERANCE` of the largest pressure. All is linear in P but the
profile of lithium that flows; the numbers are those of the first mesh, on which forces balance as
on any other.

Source: equilibrium; shift of the potential by the normal stress: see `solver.coupling`.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from mpi4py import MPI

from meshes.layers import Block, Box
from meshes.mesh import BuiltMesh
from solver import mechanics_schema, schema
from solver.crack_opening import face_area, mean_displacement
from solver.domain import Domain, read_domain
from solver.elasticity import Body, make_body
from solver.equilibrium import Equilibrium, State, Support
from solver.mechanics_model import conditions, solid_law
from solver.mechanics_run import make_mesh
from solver.problem import make_problem
from solver.solve import SolveFailed

TOLERANCE = 1e-7  # of the pressures, from one round to the next
MOST_ROUNDS = 50


def find_pressures(
    case: schema.Case,
    metals: Sequence[str],
    driven_by: Callable[[dict[str, float]], schema.Case],
    comm: MPI.Intracomm,
    say: Callable[[str], None],
) -> dict[str, float]:
    """Pressures of the lithium at faces, together with those in its flaws; collective.

    Args:
        case: With mechanics of a block or a box.
        metals: Faces of the lithium.
        driven_by: The case with flaws under the pressures of the lithium at these faces, MPa.
        comm: The ranks.
        say: Called with a line where a solve is needed.

    Returns:
        MPa, by face.

    Raises:
        SolveFailed: They do not settle.
    """
    found = {name: _given(case, name) for name in metals}
    if all(value is not None for value in found.values()):
        return {name: value or 0.0 for name, value in found.items()}
    pressures = {name: value or 0.0 for name, value in found.items()}
    domain = _first_mesh(case, comm)
    for rounds in range(1, MOST_ROUNDS + 1):
        driven = driven_by(pressures)
        body, supports = _loaded(driven, domain)
        state = Equilibrium(body, supports, dict(case.numerics.petsc_options)).solve()
        new = {name: _acting(driven, body, supports, state, name) for name in metals}
        size = max(abs(t.pressure) for t in body.tractions.values())
        size = max(size, *(abs(value) for value in new.values()))
        change = max(abs(new[name] - pressures[name]) for name in metals)
        pressures = new
        if change <= TOLERANCE * size:
            told = ", ".join(f"{value:.6g} MPa on {name}" for name, value in new.items())
            say(f"lithium presses with {told} ({rounds} rounds)")
            return pressures
    raise SolveFailed(f"pressures of lithium do not settle in {MOST_ROUNDS} rounds")


def _given(case: schema.Case, name: str) -> float | None:
    """The pressure on a face where the case says it, MPa; None: it follows from the solution."""
    mechanics = case.mechanics
    face = None if mechanics is None else mechanics.faces.get(name)
    match face:
        case mechanics_schema.Traction(pressure, _):
            return pressure
        case mechanics_schema.Plate(pressure, stiffness) if not stiffness:
            return pressure
        case mechanics_schema.Free():
            return 0.0
    stretched = mechanics is not None and mechanics.stretch is not None and name in SIDES
    return None if face is not None or stretched else 0.0


SIDES = ("right", "back")  # what a stretch moves


def _acting(
    case: schema.Case, body: Body, supports: dict[str, Support], state: State, name: str
) -> float:
    """The mean pressure on a face in equilibrium, MPa."""
    given = _given(case, name)
    if given is not None:
        return given
    face = None if case.mechanics is None else case.mechanics.faces.get(name)
    if isinstance(face, mechanics_schema.Plate):
        return face.pressure + face.stiffness * mean_displacement(body, state, name)
    support = supports.get(name)
    if support is None or support.kind == "tangential":
        return 0.0
    return -state.reactions[name] / face_area(body, name)


def _first_mesh(case: schema.Case, comm: MPI.Intracomm) -> Domain:
    """The first mesh of the body."""
    if isinstance(case.geometry, Box):
        return read_domain(make_mesh(replace(case, regions={}), comm), comm)
    if not isinstance(case.geometry, Block):
        raise ValueError("a case without a body")

    def mesher(block: Block | Box) -> BuiltMesh:
        return make_mesh(replace(case, geometry=block, regions={}), comm)

    return make_problem(case, case.geometry).mesh(mesher, comm, 0)


def _loaded(case: schema.Case, domain: Domain) -> tuple[Body, dict[str, Support]]:
    """Laws and loads of a case on a mesh, and its supports."""
    if isinstance(case.geometry, Box) and case.mechanics is not None:
        solids = {
            name: solid_law(solid, case.mechanics, plane=False, spatial=True)
            for name, solid in case.mechanics.solids.items()
        }
        tractions, supports = conditions(case.geometry, case.mechanics)
        return make_body(domain, solids, tractions), supports
    if not isinstance(case.geometry, Block):
        raise ValueError("a case without a body")
    problem = make_problem(case, case.geometry)
    return problem.body_on(domain), problem.supports
