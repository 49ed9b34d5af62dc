"""The pressure with which lithium at a face presses on the electrolyte: the stress that acts there.

What is written on the face is not what acts on it: below a plate on the other side, a face that is
held carries the same pressure by its reaction, and a spring takes up what the body lets it. So

    P = -(1/A) int sigma_nn dA       (mean over the face, pressure positive)

is the pressure of a traction or of a rigid plate, that of the spring where there is one, and the
reaction over the area where the face is held. Where the lithium is a layer of the body, sigma_nn
is that of its neighbours at their common faces. Lithium in a flaw that is connected with it presses
with F eta/V_Li + P, which may change P in turn (a little: the flaw is small against the face): both
are found in turns until P stays to `TOLERANCE` of the largest pressure, on every mesh of the stress
anew. All is linear in P but the profile of lithium that flows.

Source: equilibrium; shift of the potential by the normal stress: see `solver.coupling`.
"""

from collections.abc import Callable, Sequence

import numpy as np
from dolfinx import fem

from meshes.layers import Block, Box
from solver import mechanics_schema, schema
from solver.crack_opening import face_area, mean_displacement
from solver.domain import Domain, facet_entities, facet_measure
from solver.elasticity import Body, make_body, weight
from solver.equilibrium import Equilibrium, State, Support
from solver.hooke import YY, ZZ
from solver.mechanics_model import conditions, solid_law
from solver.problem import make_problem
from solver.solve import SolveFailed

TOLERANCE = 1e-7  # of the pressures, from one round to the next
MOST_ROUNDS = 50


def find_pressures(
    case: schema.Case,
    metals: Sequence[str],
    driven_by: Callable[[dict[str, float]], schema.Case],
    domain: Domain,
    start: dict[str, float],
    say: Callable[[str], None],
) -> dict[str, float]:
    """Pressures of the lithium at faces, together with those in its flaws; collective.

    Args:
        case: With mechanics of a block or a box.
        metals: Faces of the lithium.
        driven_by: The case with flaws under the pressures of the lithium at these faces, MPa.
        domain: The mesh of the body.
        start: Pressures to begin with, MPa, by face: those of a coarser mesh.
        say: Called with a line where a solve is needed.

    Returns:
        MPa, by face.

    Raises:
        SolveFailed: They do not settle.
    """
    found = {name: _given(case, name) for name in metals}
    if all(value is not None for value in found.values()):
        return {name: value or 0.0 for name, value in found.items()}
    pressures = {n: start.get(n, 0.0) if value is None else value for n, value in found.items()}
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
    if _layer_of(case, name):
        return None
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


def _layer_of(case: schema.Case, name: str) -> str:
    """The layer of the body whose faces to the others a boundary of the current is; "" if none."""
    layer, _, what = name.rpartition("_")
    body = case.geometry
    there = isinstance(body, Block | Box) and layer in {one.name for one in body.layers}
    return layer if there and what == "surface" else ""


def _inside(case: schema.Case, body: Body, state: State, layer: str) -> float:
    """The mean pressure between a layer and the others, MPa; the stress is that of the others."""
    domain = body.domain
    beside = [n for n in domain.built.interfaces if layer in n.split("|")]
    others = [n for n in domain.built.regions if n != layer]
    pairs = np.vstack([facet_entities(domain, name, others) for name in beside])
    ds = facet_measure(domain, {0: pairs})
    axis = ZZ if isinstance(case.geometry, Box) else YY  # normal to the layers
    stress = body.stress_everywhere(state.displacement)[axis]
    one = fem.Constant(domain.mesh, np.float64(1.0))
    force, area = (
        float(domain.comm.allreduce(fem.assemble_scalar(fem.form(weight(domain) * what * ds(0)))))
        for what in (stress, one)
    )
    return -force / area


def _acting(
    case: schema.Case, body: Body, supports: dict[str, Support], state: State, name: str
) -> float:
    """The mean pressure on a face in equilibrium, MPa."""
    given = _given(case, name)
    if given is not None:
        return given
    if layer := _layer_of(case, name):
        return _inside(case, body, state, layer)
    face = None if case.mechanics is None else case.mechanics.faces.get(name)
    if isinstance(face, mechanics_schema.Plate):
        return face.pressure + face.stiffness * mean_displacement(body, state, name)
    support = supports.get(name)
    if support is None or support.kind == "tangential":
        return 0.0
    return -state.reactions[name] / face_area(body, name)


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
