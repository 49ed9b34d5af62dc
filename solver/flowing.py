"""The answer of a body that flows, of a shell, and of solids whose pressure is an unknown.

The load is followed on a mesh and again on one with cells of half the size, until the energy that
is stored and dissipated differs by less than the asked accuracy; every number has its difference
between the last two meshes as error bar. Where the flow depends on time, three times its difference
with steps of half the length is added (twice, if backward Euler had reached its first order). It is
found on the first mesh and does not count for the asked accuracy. A crack through a film is held
closed under the load and then let go (`solver.closure`); there the driving force decides on the
mesh.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from dolfinx import fem
from mpi4py import MPI

from meshes.block import through_film
from meshes.layers import Block, Box, Shell
from meshes.mesh import BuiltMesh
from meshes.shell import curved_faces
from solver import mechanics_schema, schema
from solver.closure import HALVINGS, Opened, elastic_answer, open_crack
from solver.crack_opening import crack_opening
from solver.domain import Domain, number_of_cells, read_domain, regions_at
from solver.elasticity import Body, Solid, Traction, make_body
from solver.equilibrium import FIXED, Equilibrium, State, Support, Unbalanced
from solver.evolution import Evolution, Flowed, evolve
from solver.floors import Level, floors
from solver.force_balance import balanced
from solver.fracture import resolve_tips
from solver.hooke import Floats
from solver.inelastic import Inelastic, Reached
from solver.mechanics import MOST_LEVELS, Film, Mechanical
from solver.mechanics_model import conditions, solid_law
from solver.mechanics_schema import Plastic
from solver.meshing import start_size
from solver.point_fields import (
    FaceMeans,
    Integral,
    Smoothed,
    fitted_stress,
    normal_stress,
    tension_across,
)
from solver.problem import refined
from solver.radial_return import ONE, Material

CaseMesher = Callable[[schema.Case], BuiltMesh]
Progress = Callable[[str], None]
SHORTER = {"snes_linesearch_type": "bt"}
MOST_IN_3D = 120_000  # unknowns of a last mesh: the tangent is factorised, and its factors fill in


def flows(case: schema.Case) -> bool:
    """Whether a case is followed in steps: a shell, a flow, a pressure as an unknown."""
    if case.mechanics is None:
        return False
    solids = case.mechanics.solids.values()
    return isinstance(case.geometry, Shell) or any(s.flow is not None or s.mixed for s in solids)


def solve_flow(
    case: schema.Case, mesher: CaseMesher, comm: MPI.Intracomm, progress: Progress
) -> Mechanical:
    """Follow the load on finer and finer meshes; collective.

    Args:
        case: A case for which `flows` holds.
        mesher: Makes the first mesh of a case, on all ranks.
        comm: The ranks.
        progress: Called with a line per mesh.

    Raises:
        SolveFailed: Not even one step converged.
        Unbalanced: Nothing holds the body.
        NotInEquilibrium: Forces that do not balance in the solution.
    """
    setting = _setting(case)
    domain = read_domain(mesher(case), comm)
    if setting.film and isinstance(case.geometry, Block):
        domain = resolve_tips(domain, case.geometry, on_interface=HALVINGS)
    history: list[Level] = []
    before: Flowed | None = None
    by_steps: dict[str, float] = {}
    while True:
        found = _on_mesh(setting, domain)
        flowed = found.flowed
        if flowed is None:
            raise ValueError("a case that does not flow")
        value = flowed.numbers["stored_energy"] + flowed.numbers["dissipated_energy"]
        told = f"{len(flowed.evolution.steps)} steps, "
        if found.film is not None:
            value = found.film.rate
            told += f"G_ss = {value:.6g} J/m^2"
        else:
            told += f"energy {value:.9g} pJ"
        bar = float("inf")
        if before is not None:
            bars = {
                n: _share(n) * abs(v - before.numbers[n]) + by_steps.get(n, 0.0)
                for n, v in flowed.numbers.items()
            }
            flowed = replace(flowed, bars=bars)
            bar = abs(value - history[-1].value) + (found.film.error if found.film else 0.0)
        gdim = domain.mesh.geometry.dim
        dofs = found.state.displacement.function_space.dofmap.index_map.size_global * gdim
        least = floors(found.body)
        floor = least.energy if found.film is None else least.rate
        history.append(Level(number_of_cells(domain), dofs, value, bar, floor))
        progress(f"{history[-1].cells} cells, {dofs} unknowns: {told}")
        found = replace(found, flowed=flowed, bar=bar, history=tuple(history))
        enough = before is not None and history[-1].is_within(case.numerics.accuracy)
        most = case.numerics.max_dofs if gdim == 2 else min(case.numerics.max_dofs, MOST_IN_3D)
        last = len(history) == MOST_LEVELS or 2**gdim * dofs > most
        stopped = flowed.evolution.stopped != ""
        if enough or last or stopped or case.numerics.refinement == "none":
            return found
        if before is None and setting.by_time():
            finer = _on_mesh(setting, domain, shorter=2).flowed
            if finer is not None and not finer.evolution.stopped:
                by_steps = {n: 3.0 * abs(v - finer.numbers[n]) for n, v in flowed.numbers.items()}
        before, domain = flowed, _finer(case, domain, mesher, comm, len(history))


def _finer(
    case: schema.Case, domain: Domain, mesher: CaseMesher, comm: MPI.Intracomm, times: int
) -> Domain:
    """All cells divided; those with round edges, and of boxes, are made anew at half the size."""
    if not isinstance(case.geometry, Shell | Box):
        return refined(domain)
    size = start_size(case).maximum / 2.0**times
    numerics = replace(case.numerics, maximum_size=size, edge_size=None)
    return read_domain(mesher(replace(case, numerics=numerics)), comm)


@dataclass(frozen=True)
class _Setting:
    """Everything but the mesh."""

    case: schema.Case
    geometry: Block | Box | Shell
    mechanics: mechanics_schema.Mechanics
    tractions: dict[str, Traction]
    supports: dict[str, Support]
    materials: dict[str, Material]
    film: float = 0.0  # thickness, um, if a crack goes through it

    def blunts(self) -> bool:
        """Whether the foot of a crack through a film lies on something that yields."""
        return self.film > 0.0 and any(m.flow is not None for m in self.materials.values())

    def by_time(self) -> bool:
        """Whether the steps of the load are steps in time of a body that creeps."""
        laws = (m.flow for m in self.materials.values())
        timed = any(law is not None and not isinstance(law, Plastic) for law in laws)
        return timed and self.film == 0.0 and self.mechanics.history.duration is not None

    def faces(self) -> tuple[str, ...]:
        """Faces whose displacement is told: all round ones, of a block those with a load."""
        if isinstance(self.geometry, Shell):
            return tuple(curved_faces(self.geometry))
        still = (mechanics_schema.Symmetry, mechanics_schema.Free, mechanics_schema.Clamped)
        loaded = {n for n, f in self.mechanics.faces.items() if not isinstance(f, still)}
        if isinstance(self.geometry, Box):  # as of elastic boxes
            return tuple(sorted(loaded | {"right", "back"}))
        return tuple(sorted(loaded | ({"right"} if "right" in self.supports else set())))


def _setting(case: schema.Case) -> _Setting:
    geometry, mechanics = case.geometry, case.mechanics
    if not isinstance(geometry, Block | Box | Shell) or mechanics is None:
        raise ValueError("a case without a body")
    tractions, supports = conditions(geometry, mechanics)
    materials = {}
    for name, region in mechanics.solids.items():
        law = _elastic(region, mechanics, geometry)
        parts = law.stiffness, law.eigenstrain, law.initial_stress
        materials[name] = Material(*parts, region.flow, region.mixed)
    film = through_film(geometry) if isinstance(geometry, Block) else 0.0
    return _Setting(case, geometry, mechanics, tractions, supports, materials, film)


def _elastic(
    region: mechanics_schema.SolidRegion,
    mechanics: mechanics_schema.Mechanics,
    geometry: Block | Box | Shell,
) -> Solid:
    if isinstance(geometry, Box):
        return solid_law(region, mechanics, plane=False, spatial=True)
    return solid_law(region, mechanics, geometry.shape in ("block", "ring"))


def _on_mesh(setting: _Setting, domain: Domain, shorter: int = 1) -> Mechanical:
    """The whole load on one mesh, in steps that are so much shorter."""
    case, mechanics = setting.case, setting.mechanics
    solids = {n: _elastic(r, mechanics, setting.geometry) for n, r in mechanics.solids.items()}
    body = make_body(domain, solids, setting.tractions)
    options = dict(case.numerics.petsc_options)
    held = Equilibrium(body, setting.supports, options, "crack" if setting.blunts() else "")
    if held.floating:
        raise Unbalanced(
            "mechanics: nothing holds the body: expected a support, as for every body that flows "
            "or has a pressure as an unknown"
        )
    temperature = mechanics.history.temperature
    # a crack that opens makes points yield far off: shorter steps of Newton's method then
    options = {**(SHORTER if setting.film else {}), **options}
    problem = Inelastic(body, held, setting.materials, temperature, options)
    round_ones = tuple(
        curved_faces(setting.geometry) if isinstance(setting.geometry, Shell) else ()
    )
    supports = tuple(n for n in sorted(setting.supports) if n in mechanics.faces)
    names = tuple(dict.fromkeys((*setting.faces(), *supports)))
    means = FaceMeans(domain, names, round_ones)

    def watching(problem: Inelastic) -> Callable[[Reached], dict[str, float]]:
        moved = means.displacements(problem.displacement, setting.faces())
        flowing = [name for name, material in setting.materials.items() if material.flow]
        smoothed = Smoothed(problem, flowing)

        def watch(reached: Reached) -> dict[str, float]:
            head = "radial_displacement" if round_ones else "displacement"
            values = {f"{head}.{name}": moved.mean(name) for name in setting.faces()}
            for name in supports:
                if setting.supports[name].kind == "plate":  # it passes its load on
                    given = setting.tractions.get(name, Traction())
                    pushed = given.spring * values[f"displacement.{name}"]
                    values[f"mean_pressure.{name}"] = problem.load * given.pressure + pushed
                    continue
                force = held.sign[name] * _total(domain, reached.left[held.rows[name]])
                values[f"mean_pressure.{name}"] = -force / means.areas[name]
            largest = max(a.equivalent.max(initial=0.0) for a in reached.answers.values())
            values["largest_equivalent_stress"] = _most(domain, float(largest))
            strained = {n: answer.points.accumulated for n, answer in reached.answers.items()}
            values["largest_plastic_strain"] = smoothed.largest(strained)
            return values

        return watch

    crack: Opened | None = None
    if setting.film:
        crack = _opened(setting, body, problem, watching)
        evolution = crack.evolution
    else:
        # in 3D, and under a stretch, a step that begins as an elastic one saves most of the cuts
        jumps = isinstance(setting.geometry, Box) or mechanics.stretch is not None
        start = elastic_answer(problem, held) if jumps else None
        evolution = evolve(problem, mechanics.history, watching(problem), start, shorter)
    stress = fitted_stress(problem)
    stretched = mechanics.stretch is not None and isinstance(setting.geometry, Block)
    numbers = _numbers(problem, evolution, means, stress, round_ones, stretched)
    state = State(
        problem.displacement,
        numbers["stored_energy"],
        {name: held.sign[name] * _total(domain, evolution.last.left[held.rows[name]])
         for name in sorted(setting.supports)},
        _balance(problem, held, evolution),
        sum(step.iterations for step in evolution.steps),
    )  # fmt: skip
    film, opening, overlap, volume = None, 0.0, 0.0, 0.0
    if crack is not None and crack.rate is not None and isinstance(setting.geometry, Block):
        film = Film(crack.rate, crack.stress, setting.film, error=crack.error)
        opening, overlap, volume = crack_opening(setting.geometry, body, state, setting.supports)
    return Mechanical(
        domain=domain, body=body, state=balanced(state), tips=(), film=film, bar=float("inf"),
        opening=opening, overlap=-overlap, volume=volume, arrest=None, history=(),
        flowed=Flowed(evolution, stress, numbers, {}),
    )  # fmt: skip


def _opened(
    setting: _Setting,
    body: Body,
    opened: Inelastic,
    watching: Callable[[Inelastic], Callable[[Reached], dict[str, float]]],
) -> Opened:
    """All of the load with the crack held closed, then the crack let go."""
    mechanics, domain = setting.mechanics, body.domain
    options = dict(setting.case.numerics.petsc_options)
    together = Equilibrium(body, {**setting.supports, "crack": Support("normal")}, options)
    closed = Inelastic(
        body, together, setting.materials, mechanics.history.temperature, {**SHORTER, **options}
    )
    rows, outwards = together.rows["crack"], together.sign["crack"]

    def measured(values: dict[str, float], problem: Inelastic, stress: float) -> dict[str, float]:
        gap = -2.0 * outwards * problem.displacement.x.array[rows]
        opening = _most(domain, float(gap.max(initial=0.0)))
        return {**values, "crack_opening": opening, "crack_stress": stress}

    first, second = watching(closed), watching(opened)

    def on_crack(reached: Reached) -> float:
        return outwards * _total(domain, reached.left[rows]) / setting.film

    evolution = evolve(
        closed,
        mechanics.history,
        lambda reached: measured(first(reached), closed, on_crack(reached)),
        elastic_answer(closed, together),
    )
    if evolution.stopped:
        return Opened(evolution, None, 0.0, on_crack(evolution.last))
    full = on_crack(evolution.last)
    return open_crack(
        closed, opened, evolution, setting.film, mechanics.history.steps,
        lambda reached, share: measured(second(reached), opened, share * full),
    )  # fmt: skip


def _total(domain: Domain, values: Floats) -> float:
    return float(domain.comm.allreduce(float(values.sum())))


def _share(name: str) -> float:
    """Of the difference of two meshes in the error bar: what is largest at points converges slowly.

    At an order r the error is 1/(2^r - 1) of the difference: up to 3 for r above 0.42.
    """
    return 3.0 if name.startswith("largest_") else 1.0


def _most(domain: Domain, value: float) -> float:
    return float(domain.comm.allreduce(value, op=MPI.MAX))


def _numbers(
    problem: Inelastic,
    evolution: Evolution,
    means: FaceMeans,
    stress: fem.Function,
    round_ones: tuple[str, ...],
    stretched: bool,
) -> dict[str, float]:
    """All numbers at the end of the load, by name; energies of the whole body."""
    steps, domain = evolution.steps, problem.domain
    integral, times = Integral(problem), domain.built.multiplicity
    numbers = dict(steps[-1].values)
    if steps[-1].seconds > 0.0 and len(steps) > 1:
        for name, value in steps[-1].values.items():
            head, _, face = name.partition(".")
            if head.endswith("displacement"):
                change = value - steps[-2].values[name]
                numbers[f"{head}_rate.{face}"] = change / steps[-1].seconds
    for name in round_ones:
        outer = name in domain.built.boundaries
        inside = name.partition("|")[0]
        if outer:
            inside = regions_at(domain, name)[0]
            for head, expression in means.stresses(stress).items():
                numbers[f"{head}.{name}"] = means.mean(expression, name)
        numbers[f"normal_stress.{name}"] = normal_stress(problem, integral, name, inside)
    whole = problem.stress_at_points()
    stored = {}
    for name, cells in problem.cells.items():
        part = whole[cells].reshape(-1, 6)
        material = problem.materials[name]
        volume = integral({name: np.ones(len(part))})
        numbers[f"mean_stress.{name}"] = integral({name: part @ ONE / 3.0}) / volume
        if material.flow is not None:
            strained = problem.history[name].accumulated
            numbers[f"mean_plastic_strain.{name}"] = integral({name: strained}) / volume
        if stretched and (tension := tension_across(domain, stress, "right", name)) is not None:
            numbers[f"tension_at_right.{name}"] = tension
        elastic = np.linalg.solve(material.stiffness, (part - material.initial_stress).T).T
        stored[name] = 0.5 * (elastic * part).sum(axis=1)
        stored[name] += 0.5 * elastic @ material.initial_stress
    numbers["stored_energy"] = times * integral(stored)
    numbers["dissipated_energy"] = times * steps[-1].dissipated
    numbers["external_work"] = times * steps[-1].work
    return numbers


def _balance(problem: Inelastic, held: Equilibrium, evolution: Evolution) -> float:
    """Reactions plus loads, over the sum of the sizes of both.

    Where free strains meet nothing, there are none of both: then over what they would press with.
    """
    domain = problem.domain
    gdim = domain.mesh.geometry.dim
    reactions = np.where(held.state == FIXED, evolution.last.left, 0.0).reshape(-1, gdim)
    problem.load = evolution.steps[-1].load
    loads = problem.outer_forces().array_r.reshape(-1, gdim)
    axes = slice(1 if domain.axisymmetric else 0, gdim)  # radial forces balance around
    total = domain.comm.allreduce((reactions + loads).sum(axis=0)[axes])
    size = domain.comm.allreduce((np.abs(reactions) + np.abs(loads)).sum(axis=0)[axes])
    pressed = max(
        float(np.abs(material.stiffness @ material.eigenstrain).max())
        for material in problem.materials.values()
    )
    reach = float(np.abs(domain.mesh.geometry.x).max(initial=0.0))
    reach = domain.comm.allreduce(reach, op=MPI.MAX)
    held_back = pressed * (reach**2 if domain.axisymmetric else reach ** (gdim - 1))
    return float(np.abs(total).max() / max(size.max(), held_back, np.finfo(float).tiny))
