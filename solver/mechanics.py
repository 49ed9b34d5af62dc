"""A case's stress and crack: equilibrium on ever finer meshes, driving force, verdict.

The mesh is refined as a whole and at the tips until the error bar of the energy release rate is
within the asked accuracy. Through a whole film, a crack has no tip in the section: what matters is
then the steady state of a crack that channels along the film, whose energy release rate is the
energy that the section loses by the crack, over the thickness of the film,

    G_ss = 2 (Pi_closed - Pi_open)/h      (half of the body is meshed)
    Z    = G_ss E'/(sigma^2 h),           sigma the mean stress that the closed crack carries.

Source: Beuth 1992, Int. J. Solids Struct. 29, 1657; lithium in a stalled crack presses with
p = F eta/V_Li (7.423 MPa per mV).
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import inf

from mpi4py import MPI

from meshes.block import through_film
from meshes.layers import Block
from solver import schema
from solver.bending import bends_freely, curvature
from solver.box_stress import box_stresses
from solver.broken_state import Answer
from solver.closed_part import closed_bars
from solver.contact_rim import Rim, find_rim
from solver.crack_front import Front
from solver.crack_opening import crack_opening, crack_volume, mean_displacement
from solver.delamination import delamination_force, solve_broken, tips_of
from solver.domain import Domain, number_of_cells
from solver.elasticity import Body
from solver.equilibrium import Equilibrium, State, Support
from solver.evolution import Flowed
from solver.face_stress import face_stress
from solver.flaw_contact import closed_floor, tip_forces
from solver.floors import Level, floors
from solver.force_balance import balanced
from solver.fracture import Tip
from solver.fragile import make_fragile
from solver.growth import Growth, follow_growth
from solver.mechanics_schema import Plate
from solver.mixed_mode import Intensities
from solver.modes import both_modes
from solver.path_following import steps_along
from solver.pressed import Pressed, contacts
from solver.problem import Driver, Mesher, Problem, as_given, driven_problem, make_problem, refined
from solver.stability import DrivingForce, driving_force, error_bar, with_slope_bar

PER_METRE = 1e6  # 1/m in 1/um
MOST_LEVELS = 5
OVERLAP = 1e-6  # of the opening: more is not rounding
FLOATS = (
    "Nothing holds the body along some direction: its displacements there are those without a mean "
    "motion, and only their differences mean something."
)
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Film:
    """A crack through a film: energies of the section and the stress it releases.

    Attributes:
        rate: G_ss, J/m^2.
        stress: Mean stress on the closed crack, MPa.
        thickness: Of the film, um.
        sequential: 2 W(s) - W(2 s) over the thickness, J/m^2, where W(s) is the energy that each
            of the cracks at a distance s loses: of a crack in the middle between two that are
            there already. None without a plane of symmetry at the side.
        sequential_bar: Its error bar: the difference of the last two meshes, J/m^2.
        error: What the steps leave in the rate where layers yield, J/m^2.
        saturation: Distance of cracks at which no further ones come between, um; None: unknown.
        saturation_bar: Its error bar.
    """

    rate: float
    stress: float
    thickness: float
    sequential: float | None = None
    sequential_bar: float = inf
    error: float = 0.0
    saturation: float | None = None
    saturation_bar: float = inf


@dataclass(frozen=True)
class Mechanical:
    """The mechanical answer of a case on its last mesh.

    Attributes:
        domain: The mesh.
        body: Laws and loads.
        state: Equilibrium.
        tips: The tips that have an energy release rate, with it.
        film: The crack through a film, if it is one.
        bar: Error bar of the largest energy release rate, or of that of the film, J/m^2.
        opening: Largest opening of the crack, um.
        overlap: By how much its faces overlap where they are pressed together, um.
        volume: Of the crack of the whole body, um^3 (plane: um^2).
        opening_bars: Error bars of opening and volume: the differences of the last two meshes.
        plate_bars: Error bars of the ways of plates on springs, um, by face: the same differences.
        tensions: Largest tension along the faces of a layer that has a strength, MPa, by face.
        pressures: Largest pressure on the faces that something touches, MPa, by face.
        pressed: What flat obstacles do, and the faces of a crack to each other, by face.
        rims: Where the contact with indenters ends, by face.
        rim_bars: Their error bars, um.
        closed_bars: Error bars of what is closed in part, by quantity.
        bars: Error bars of the energy release rates of the tips, J/m^2.
        intensities: K_I and K_II of the tips; empty where they are not defined.
        intensity_bars: Error bars of the intensities.
        front: G along the front of a crack in 3D.
        broken: What the interfaces do that are not bonded.
        arrest: Length at which a crack that grows stops, um; None if it does not grow or not stop.
        arrest_bar: Its error bar, of a crack in 3D; of others what the search for it adds.
        arrest_slope: By how much G - Gc falls with the length there, J/m^2/um.
        ahead: A layer without Gc into which the crack grows; "" if there is none.
        history: One entry per mesh.
        flowed: The steps of a body that flows, and what it has become.
        curvature: Of a stack of layers that bends freely, 1/um, hollow side up; else None.
        growth: How cracks grew by themselves, where the solids may break.
        told: Stresses and displacements of a box, by name, in working units.
        told_bars: Their error bars.
        remarks: What the report says besides.
    """

    domain: Domain
    body: Body
    state: State
    tips: tuple[tuple[Tip, DrivingForce], ...]
    film: Film | None
    bar: float
    opening: float = 0.0
    overlap: float = 0.0
    volume: float = 0.0
    opening_bars: tuple[float, float] = (inf, inf)
    plate_bars: dict[str, float] = field(default_factory=dict)
    arrest: float | None = None
    arrest_bar: float = inf
    arrest_slope: float = inf
    ahead: str = ""
    history: tuple[Level, ...] = ()
    bars: tuple[float, ...] = ()
    intensities: tuple[Intensities, ...] = ()
    front: Front | None = None
    intensity_bars: tuple[float, ...] = ()
    tensions: dict[str, float] = field(default_factory=dict)
    pressures: dict[str, float] = field(default_factory=dict)
    pressed: dict[str, Pressed] = field(default_factory=dict)
    rims: dict[str, Rim] = field(default_factory=dict)
    rim_bars: dict[str, float] = field(default_factory=dict)
    closed_bars: dict[str, float] = field(default_factory=dict)
    broken: Answer | None = None
    flowed: Flowed | None = None
    curvature: float | None = None
    growth: Growth | None = None
    told: dict[str, float] = field(default_factory=dict)
    told_bars: dict[str, float] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    @property
    def stopped(self) -> str:
        """Why the load was not carried to its end; "" if it was."""
        if self.growth is not None:
            return self.growth.stopped
        if self.flowed is not None:
            return self.flowed.evolution.stopped
        return "" if self.state.path is None else self.state.path.stopped


def solve_mechanics(
    case: schema.Case,
    mesher: Mesher,
    comm: MPI.Intracomm,
    progress: Progress,
    driven: Driver = as_given,
) -> Mechanical:
    """Solve on finer and finer meshes until the energy release rate is known; collective.

    Args:
        case: A case with mechanics of a block.
        mesher: Makes the first mesh of a block, on all ranks.
        comm: The ranks.
        progress: Called with a line per mesh.
        driven: Finds the loads on every mesh.

    Raises:
        SolveFailed: A solve that does not converge.
        Unbalanced: Loads that nothing holds.
        NotInEquilibrium: Forces that do not balance in the solution.
    """
    block = case.geometry
    if not isinstance(block, Block):
        raise ValueError("a case without a block")
    if case.mechanics is not None and case.mechanics.damage is not None:
        along = steps_along if case.mechanics.damage.control == "cracks" else None
        return _broken(follow_growth(make_fragile(case, block), mesher, comm, progress, along))
    problem = make_problem(case, block)
    domain = problem.mesh(mesher, comm, 0)
    history: list[Level] = []
    before: Mechanical | None = None
    while True:
        case, problem, domain = driven_problem(case, block, domain, driven)
        found = solve_once(problem, problem.body_on(domain))
        if not found.stopped:
            found = replace(with_bars(found, before), plate_bars=_plate_bars(case, found, before))
        value = _main_rate(found)
        dofs = found.state.displacement.function_space.dofmap.index_map.size_global * 2
        widest = max(found.bars, default=found.bar)
        level = Level(number_of_cells(domain), dofs, value, widest, _floor(found))
        history.append(replace(level, bar=found.bar))
        progress(f"{history[-1].cells} cells, {dofs} unknowns: {_told(found)}")
        enough = before is not None and level.is_within(case.numerics.accuracy)
        enough = enough or (before is not None and is_closed(found))
        last = len(history) == MOST_LEVELS or 4 * dofs > case.numerics.max_dofs
        if enough or last or found.stopped or case.numerics.refinement == "none":
            break
        before, domain = found, refined(domain)
    found = replace(found, history=tuple(history))
    if found.film is not None and problem.supports.get("right") == Support("normal"):
        found = _with_sequence(case, found, before, mesher, comm)
    return found


def _broken(growth: Growth) -> Mechanical:
    """A body that has been followed while it broke."""
    level = Level(growth.steps[-1].cells, growth.dofs, growth.state.energy, inf)
    return Mechanical(
        domain=growth.brittle.domain,
        body=growth.brittle.body,
        state=balanced(growth.state),
        tips=(),
        film=None,
        bar=inf,
        history=(level,),
        growth=growth,
    )


def _with_sequence(
    case: schema.Case,
    found: Mechanical,
    before: Mechanical | None,
    mesher: Mesher,
    comm: MPI.Intracomm,
) -> Mechanical:
    """Adds what a crack in the middle between two others releases, by the last two meshes."""
    block, level = case.geometry, len(found.history) - 1
    if not isinstance(block, Block) or found.film is None:
        return found
    problem = make_problem(case, replace(block, width=2.0 * block.width))

    def sequential(film: Film | None, refinements: int) -> float | None:
        body = problem.body_on(problem.mesh(mesher, comm, refinements))
        wide = solve_once(problem, body).film
        return None if film is None or wide is None else 2.0 * film.rate - wide.rate

    rate = sequential(found.film, level)
    coarse = None if before is None else sequential(before.film, level - 1)
    bar = inf if rate is None or coarse is None else abs(rate - coarse)
    return replace(found, film=replace(found.film, sequential=rate, sequential_bar=bar))


def _main_rate(found: Mechanical) -> float:
    if found.tips:
        return found.tips[_driven_most(found)][1].value
    if found.film is not None:
        return found.film.rate
    if found.tensions:
        return max(found.tensions.values())
    if found.pressures:
        return max(found.pressures.values())
    if found.broken is not None and found.broken.spent > 0.0:
        return found.broken.spent
    if found.curvature is not None:
        return PER_METRE * found.curvature
    return found.state.energy


def _driven_most(found: Mechanical) -> int:
    """Index of the tip with the largest G."""
    return max(range(len(found.tips)), key=lambda index: found.tips[index][1].value)


def _floor(found: Mechanical) -> float:
    """What counts as nothing of the main rate."""
    least = floors(found.body, found.state.energy)
    if found.tips and found.broken is not None:
        return max(least.rate, closed_floor(found.body, found.broken))
    if found.tips or found.film is not None:
        return least.rate
    if found.tensions or found.pressures:
        return least.stress
    torn = found.broken is not None and found.broken.spent > 0.0
    return PER_METRE * least.curvature if found.curvature is not None and not torn else least.energy


def _bar(found: Mechanical, before: Mechanical | None) -> float:
    if before is None:
        return float("inf")  # of one mesh alone nobody knows how good it is
    if found.tips:
        return error_bar(*(answer.tips[_driven_most(found)][1] for answer in (found, before)))
    return abs(_main_rate(found) - _main_rate(before))


def with_bars(found: Mechanical, before: Mechanical | None) -> Mechanical:
    """The same with its error bars, from the mesh before."""
    found = replace(found, bar=_bar(found, before))
    if before is None:
        unknown = (inf,) * len(found.intensities)
        return replace(found, bars=(inf,) * len(found.tips), intensity_bars=unknown)
    changes = {n: abs(v - before.told[n]) for n, v in found.told.items()}
    open_by = abs(found.opening - before.opening), abs(found.volume - before.volume)
    found = replace(found, told_bars=changes, opening_bars=open_by)
    pairs = tuple(zip(found.tips, before.tips, strict=True))
    alike = len(found.intensities) == len(before.intensities)
    both = zip(found.intensities, before.intensities if alike else (), strict=alike)
    return replace(
        found,
        bars=tuple(error_bar(force, coarse) for (_, force), (_, coarse) in pairs),
        tips=tuple((tip, with_slope_bar(force, coarse)) for (tip, force), (_, coarse) in pairs),
        intensity_bars=tuple(
            max(k.spread, *(abs(a - b) for a, b in zip(k.values, coarse.values, strict=True)))
            for k, coarse in both
        )
        or (inf,) * len(found.intensities),
        rim_bars={name: rim.bar(before.rims[name]) for name, rim in found.rims.items()},
        closed_bars=closed_bars(
            found.domain.comm, (found.pressed, before.pressed), (found.broken, before.broken)
        ),
    )


def _plate_bars(
    case: schema.Case, found: Mechanical, before: Mechanical | None
) -> dict[str, float]:
    """By how much the ways of plates on springs differ from those on the mesh before, um."""
    if before is None or case.mechanics is None:
        return {}
    faces = case.mechanics.faces.items()
    plates = [name for name, face in faces if isinstance(face, Plate) and face.stiffness]
    ways = [[mean_displacement(m.body, m.state, name) for m in (found, before)] for name in plates]
    return {name: abs(now - then) for name, (now, then) in zip(plates, ways, strict=True)}


def is_closed(found: Mechanical) -> bool:
    """Whether the crack is closed all along: nothing drives it then, to rounding."""
    return found.opening == 0.0 and found.state.touching.get("crack", 0.0) > 0.0


def is_pressed_shut(found: Mechanical) -> bool:
    """Whether faces of the crack overlap, without the law "contact": nothing holds then."""
    return found.overlap > OVERLAP * max(found.opening, found.overlap)


def _told(found: Mechanical) -> str:
    if found.tips:
        return f"G = {_main_rate(found):.6g} J/m^2, error bar {found.bar:.1e}"
    if found.film is not None:
        return f"G_ss = {found.film.rate:.6g} J/m^2, error bar {found.bar:.1e}"
    if found.tensions or found.pressures:
        return f"{'tension' if found.tensions else 'pressure'} {_main_rate(found):.6g} MPa"
    if found.broken is not None and found.broken.spent > 0.0:
        return f"{found.broken.spent:.6g} pJ spent on tearing"
    if found.curvature is not None:
        return f"curvature {_main_rate(found):.6g} 1/m"
    return f"energy {found.state.energy:.9g} pJ"


def solve_once(problem: Problem, body: Body) -> Mechanical:
    """The mechanics on a mesh, without error bars; collective."""
    if problem.breaks:
        return _solve_broken(problem, body)
    block, supports, overrides = problem.block, problem.supports, problem.overrides
    equilibrium = Equilibrium(body, supports, overrides)
    state = balanced(equilibrium.solve(partly=True))
    carried = state.path is None or not state.path.stopped
    rates = [
        (tip, driving_force(body, supports, state, tip, overrides))
        for tip in problem.tips()
        if tip.reach > 0.0 and carried
    ]
    opening, overlap, volume = 0.0, 0.0, 0.0
    if block.flaws:
        volume = sum(crack_volume(body, state, flaw.name) for flaw in block.flaws)
    if block.crack is not None:
        opening, overlap, volume = crack_opening(block, body, state, supports)
    watched = ("top", "pit_roof") if problem.bridge and block.crack is None else ()
    there = [name for name in watched if name in body.domain.built.facets]
    tensions = {name: face_stress(body, state.displacement, name).tension for name in there}
    pressed, pressures = contacts(body, state, supports)
    share = 1.0 if state.path is None else state.path.reached
    apart = () if state.touching.get("crack") else [tip for tip, _ in rates]
    rims = {
        name: find_rim(body, state.displacement, name, supports[name], share, touched)
        for name, touched in state.touching.items()
        if supports[name].radius < inf
    }
    bent = None
    if bends_freely(block, problem.tractions, supports):
        bent = curvature(body.domain, state.displacement, block.width)
    told: dict[str, float] = {}
    if block.crack is None and not (block.flaws or tensions or pressures) and carried:
        layers = tuple(layer.name for layer in block.layers)
        told = box_stresses(body, layers, problem.loaded, state, supports)
    return Mechanical(
        domain=body.domain, body=body, state=state, tips=tuple(rates),
        film=film_between(block, body, supports, state, overrides) if carried else None,
        bar=inf, opening=opening, overlap=-overlap, volume=volume,
        intensities=both_modes(problem, body, state, apart), tensions=tensions,
        pressures=pressures, pressed=pressed, rims=rims, curvature=bent, told=told,
        remarks=(FLOATS,) if told and equilibrium.floating else (),
    )  # fmt: skip


def _solve_broken(problem: Problem, body: Body) -> Mechanical:
    """A body with interfaces that are not bonded; their ends are its tips."""
    loads = (problem.supports, problem.breaks)
    answer = solve_broken(body, *loads, problem.overrides, partly=True)
    stopped = answer.state.path is not None and answer.state.path.stopped
    rates = [
        (at[1], delamination_force(body, *loads, answer, at, problem.overrides))
        for at in tips_of(problem.block, problem.breaks)
        if not stopped
    ]
    tips = () if stopped or not problem.block.flaws else problem.tips()
    rates += tip_forces(body, *loads, answer, tips, problem.overrides)
    modes = both_modes(problem, body, answer.state, tips, answer.jumps)
    return Mechanical(
        domain=body.domain, body=body, state=balanced(answer.state), tips=tuple(rates), film=None,
        bar=inf, intensities=modes, broken=answer,
    )  # fmt: skip


def film_between(
    block: Block, body: Body, supports: dict[str, Support], state: State, overrides: dict[str, str]
) -> Film | None:
    """The crack through a film against the same section with the crack closed."""
    thickness = through_film(block)
    if thickness == 0.0:
        return None
    supported = {**supports, "crack": Support("normal")}
    closed = balanced(Equilibrium(body, supported, overrides).solve())
    rate = 2.0 * (closed.energy - state.energy) / thickness
    return Film(rate, closed.reactions["crack"] / thickness, thickness)
