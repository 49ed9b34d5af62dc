"""Equilibrium of a microstructure in 3D, and what a crack through one of its layers releases.

Regions without a solid (liquids, voids) are left out: their faces are free. A `cut` is a crack
through a layer along all of a side that is a plane of symmetry. It has no tip in the body; what
counts is the mean of G along its way,

    G = 2 (Pi_closed - Pi_open)/area,        2: the other half of the body beyond the side

with Pi of the same mesh when the crack is held closed and when it is free. Each mesh is made anew
with lattice cells of a smaller size; the error bar is what is left after the change from the mesh
before if errors fall with the root of the size (at the tip of a stiff film they fall a little
faster). Faces of the open crack may overlap where bending presses them together; this is told.

Source: Griffith's balance of energy; Beuth 1992, Int. J. Solids Struct. 29, 1657, for the film.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf

import numpy as np
import ufl
from dolfinx import fem, mesh
from mpi4py import MPI

from meshes.mesh import BuiltMesh
from meshes.micro import Micro
from solver import mechanics_schema, schema
from solver.box_stress import box_stresses, stress_at_nodes
from solver.domain import (
    Domain,
    cell_volumes,
    facet_entities,
    facet_measure,
    number_of_cells,
    read_domain,
    region_of_cells,
)
from solver.elasticity import Body, make_body
from solver.equilibrium import Equilibrium, State, Support
from solver.floors import Level, floors
from solver.force_balance import balanced
from solver.hooke import Floats
from solver.mechanics import Film, Mechanical, Progress
from solver.mechanics_model import conditions, loaded_faces, solid_law

CUT = "crack"
FINER = 0.7  # of the size of the cells, from mesh to mesh
# energies and means converge at least with the root of the size: 1/(FINER**-0.5 - 1) changes
SAFETY = 5.2
GROWTH = 3.5  # of the unknowns, about
MOST_LEVELS = 4
PERCENTS = (50, 99)


def solve_micro(
    case: schema.Case, mesher: Callable[[float], BuiltMesh], comm: MPI.Intracomm, progress: Progress
) -> Mechanical:
    """Solve a microstructure until its energy, or G of its crack, is known; collective.

    Args:
        case: A case with mechanics of a microstructure in 3D.
        mesher: Makes a mesh for a share of the size of the first one, on all ranks.
        comm: The ranks.
        progress: Called with a line per mesh.

    Raises:
        SolveFailed: A solve that does not converge.
        Unbalanced: Loads that nothing holds.
        NotInEquilibrium: Forces that do not balance in the solution.
    """
    micro, mechanics = case.geometry, case.mechanics
    if not isinstance(micro, Micro) or mechanics is None:
        raise ValueError("a case without the mechanics of a microstructure")
    history: list[Level] = []
    before: Mechanical | None = None
    while True:
        domain = read_domain(mesher(FINER ** len(history)), comm)
        found = _solved(domain, micro, mechanics, dict(case.numerics.petsc_options))
        value = found.state.energy if found.film is None else found.film.rate
        bar, changes = inf, {}
        if before is not None:
            coarse = before.state.energy if before.film is None else before.film.rate
            bar = SAFETY * abs(value - coarse)
            changes = {n: SAFETY * abs(v - before.told[n]) for n, v in found.told.items()}
        found = replace(found, bar=bar, told_bars=changes)
        dofs = found.state.displacement.function_space.dofmap.index_map.size_global * 3
        least = floors(found.body)
        floor = least.energy if found.film is None else least.rate
        history.append(Level(number_of_cells(domain), dofs, value, bar, floor))
        what = "energy" if found.film is None else "G"
        progress(f"{history[-1].cells} cells, {dofs} unknowns: {what} {value:.6g}, bar {bar:.1e}")
        enough = history[-1].is_within(case.numerics.accuracy)
        last = len(history) == MOST_LEVELS or GROWTH * dofs > case.numerics.max_dofs
        if enough or last or case.numerics.refinement == "none":
            return replace(found, history=tuple(history))
        before = found


@dataclass(frozen=True)
class _Broken:
    """A crack through a layer: what it releases, and how its faces lie."""

    film: Film
    opening: float
    overlap: float


def _solved(
    domain: Domain,
    micro: Micro,
    mechanics: mechanics_schema.Mechanics,
    options: dict[str, str],
) -> Mechanical:
    solids = {
        name: solid_law(solid, mechanics, plane=False, spatial=True)
        for name, solid in mechanics.solids.items()
    }
    tractions, supports = conditions(micro, mechanics)
    if mechanics.cut is not None:
        domain = with_cut(domain, mechanics.cut.face, mechanics.cut.layer)
        supports[CUT] = Support("normal")
    body = make_body(domain, solids, tractions)
    state = balanced(Equilibrium(body, supports, options).solve())
    there = tuple(name for name in mechanics.solids if name in domain.built.regions)
    told = {
        **box_stresses(body, there, loaded_faces(mechanics), state, supports),
        **_tensions(body, there, state),
    }
    broken = None
    if mechanics.cut is not None:
        broken = _break(body, supports, state, options, micro, mechanics.cut.layer)
    return Mechanical(
        domain=domain,
        body=body,
        state=state,
        tips=(),
        film=None if broken is None else broken.film,
        bar=inf,
        opening=0.0 if broken is None else broken.opening,
        overlap=0.0 if broken is None else broken.overlap,
        volume=0.0,
        arrest=None,
        history=(),
        told=told,
    )


def with_cut(domain: Domain, face: str, layer: str) -> Domain:
    """The mesh with the facets of a side that belong to a layer under a name of their own."""
    msh, built = domain.mesh, domain.built
    tags = domain.facet_tags
    facets = tags.find(built.facets[face])
    tdim = msh.topology.dim
    links = msh.topology.connectivity(tdim - 1, tdim)
    cells = np.array([links.links(facet)[0] for facet in facets], dtype=np.int32)
    chosen = facets[region_of_cells(domain)[cells] == built.regions[layer]]
    number = max(*built.facets.values(), *built.regions.values()) + 1
    values = tags.values.copy()
    values[np.isin(tags.indices, chosen)] = number
    marked = mesh.meshtags(msh, tdim - 1, tags.indices, values)
    named = replace(
        built, facets={**built.facets, CUT: number}, boundaries=(*built.boundaries, CUT)
    )
    return replace(domain, facet_tags=marked, built=named)


def _break(
    body: Body,
    supports: dict[str, Support],
    closed: State,
    options: dict[str, str],
    micro: Micro,
    layer: str,
) -> _Broken:
    """Let the crack go, and compare."""
    free = {name: support for name, support in supports.items() if name != CUT}
    opened = balanced(Equilibrium(body, free, options).solve())
    domain = body.domain
    ds = facet_measure(domain, {0: facet_entities(domain, CUT)})
    one = fem.Constant(domain.mesh, np.float64(1.0))
    axis, sign = _direction(domain)
    held = body.stress(closed.displacement)[axis]  # XX, YY, ZZ come first
    parts = (fem.assemble_scalar(fem.form(part * ds(0))) for part in (one, held))
    area, force = (float(domain.comm.allreduce(part)) for part in parts)
    rate = 2.0 * (closed.energy - opened.energy) / area
    low, high = micro.body.span(layer)
    film = Film(rate, force / area, high - low)
    facets = domain.facet_tags.find(domain.built.facets[CUT])
    space = opened.displacement.function_space
    nodes = fem.locate_dofs_topological(space, 2, facets)
    away = -sign * opened.displacement.x.array[3 * nodes + axis]
    largest = domain.comm.allreduce(float(away.max(initial=0.0)), op=MPI.MAX)
    least = domain.comm.allreduce(float(away.min(initial=0.0)), op=MPI.MIN)
    return _Broken(film, 2.0 * largest, -2.0 * least)


def _direction(domain: Domain) -> tuple[int, float]:
    """Axis and sense of the outward normal of a side; collective."""
    n = ufl.FacetNormal(domain.mesh)
    ds = facet_measure(domain, {0: facet_entities(domain, CUT)})
    sums = [domain.comm.allreduce(fem.assemble_scalar(fem.form(n[i] * ds(0)))) for i in range(3)]
    axis = int(np.argmax(np.abs(sums)))
    return axis, float(np.sign(sums[axis]))


def _tensions(body: Body, names: tuple[str, ...], state: State) -> dict[str, float]:
    """The largest principal stress of every region: what half and 99 % of its volume stay below."""
    stress = stress_at_nodes(body, state.displacement)
    xx, yy, zz, yz, xz, xy = stress.T
    full = np.stack([xx, xy, xz, xy, yy, yz, xz, yz, zz], axis=1).reshape(-1, 3, 3)
    principal = np.linalg.eigvalsh(full)[:, -1].reshape(-1, 10)  # nodes of degree 2 in a cell
    domain = body.domain
    regions = region_of_cells(domain)
    volumes = cell_volumes(domain)
    found = {}
    for name in names:
        mine = regions == domain.built.regions[name]
        values, weights = principal[mine], np.repeat(volumes[mine, None] / 10.0, 10, axis=1)
        for percent in PERCENTS:
            level = _percentile(values.ravel(), weights.ravel(), 0.01 * percent, domain.comm)
            found[f"tension_{percent}.{name}"] = level
    return found


def _percentile(values: Floats, weights: Floats, share: float, comm: MPI.Intracomm) -> float:
    """The level below which a share of the weight lies, by bisection over all ranks."""
    low = comm.allreduce(float(values.min(initial=inf)), op=MPI.MIN)
    high = comm.allreduce(float(values.max(initial=-inf)), op=MPI.MAX)
    wanted = share * comm.allreduce(float(weights.sum()))
    for _ in range(60):
        middle = 0.5 * (low + high)
        if comm.allreduce(float(weights[values <= middle].sum())) < wanted:
            low = middle
        else:
            high = middle
    return float(high)
