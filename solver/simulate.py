"""One case from geometry to quantities, on the ranks of a communicator."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from time import perf_counter

from mpi4py import MPI

from meshes.mesh import BuiltMesh
from solver import balance, cracked_plane, mapping, quantities, schema, switching
from solver.bounds import Certificate
from solver.case import with_setting, with_value
from solver.checkpoints import Keeper
from solver.closed_flaws import Closed, closed_flaws, with_open_parts, without_flaws
from solver.conducted import (
    Conducted,
    certified,
    evaluated,
    through_contacts,
    through_plane,
)
from solver.coupling import (
    critical_current,
    stalls,
    told_of_contact,
    why_two_meshes,
    with_opened_slit,
)
from solver.domain import Domain, read_domain
from solver.effective import Effective, solve_effective
from solver.effective_quantities import effective_quantities
from solver.facing import axes_round, goes_round
from solver.faults import CaseError
from solver.found_crack import of_found_crack
from solver.march_run import Marching, marches, solve_march
from solver.mechanics import Mechanical
from solver.mechanics_model import body_case
from solver.mechanics_quantities import mechanical_quantities
from solver.mechanics_run import make_mesh, simulate_mechanics
from solver.micro_quantities import structure_quantities
from solver.model import Model, build_model
from solver.one_mesh import Refine
from solver.pressed_slit import (
    Pressed,
    find_fixed_point,
    notes_of_slit,
    of_slit,
    overpotential_of,
    presses_slit,
    resistance_beside,
    with_pressure,
    with_stalled_lithium,
)
from solver.quantities import Quantity
from solver.solving_for import NoAnswer, Refused, bracket_around, find_value
from solver.stall_notes import acting_pressures
from solver.stalled import solve_together
from solver.units import format_value, in_unit

LOG = logging.getLogger("liface")
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Solution:
    """Everything that a finished case leaves for its output.

    Attributes:
        case: The case that was solved in the end (with the calibrated value, if one was asked for).
        quantities: All numbers, compared with the references.
        built: The first mesh; None if nothing was meshed.
        model: Laws and conditions by name.
        certificate: Fields and bounds.
        mechanical: Stress and crack.
        timings: Seconds per stage.
        mapped: The quantity of the map for each of its values, or each pair of them.
        effective: Properties of a periodic cell.
        marching: Charge and salt in time.
    """

    case: schema.Case
    quantities: tuple[Quantity, ...]
    built: BuiltMesh | None
    model: Model | None
    certificate: Certificate | None
    mechanical: Mechanical | None = None
    timings: dict[str, float] = field(default_factory=dict)
    mapped: tuple[Quantity, ...] = ()
    effective: Effective | None = None
    marching: Marching | None = None


@contextmanager
def _timed(timings: dict[str, float], stage: str) -> Iterator[None]:
    begin = perf_counter()
    try:
        yield
    finally:
        timings[stage] = timings.get(stage, 0.0) + perf_counter() - begin


def simulate(
    case: schema.Case, comm: MPI.Intracomm, progress: Progress, keeper: Keeper | None = None
) -> Solution:
    """Mesh, solve, certify and evaluate a case; collective. What marches is kept with a keeper.

    Raises:
        MeshError: The geometry cannot be meshed.
        ModelError: The conditions do not make a problem.
        SolveFailed: A solve did not converge.
        NotBalanced: The currents do not balance.
        Interrupted: SIGTERM has ended a march; the state is kept.
    """
    if case.map is not None:
        return _mapped(case, case.map, comm, progress)
    if case.solve_for is not None:
        return _solved_for(case, case.solve_for, comm, progress)
    timings: dict[str, float] = {}
    found: list[Quantity] = []
    if case.balance is not None:
        spec = balance.BalanceSpec.model_validate(case.balance)
        found += [quantities.from_amount(amount) for amount in balance.quantities(spec)]
    if case.geometry is None:
        return Solution(case, tuple(quantities.compare(found, case.references)), None, None, None)
    if case.effective is not None:
        return _of_cell(case, found, comm, progress)
    if marches(case):
        with _timed(timings, "march"):
            marching = solve_march(case, comm, progress, keeper)
        judged = tuple(quantities.compare([*found, *marching.quantities], case.references))
        return Solution(
            case, judged, marching.built, None, None, timings=timings, marching=marching
        )
    if stalls(case):
        return _together(case, found, timings, comm, progress)
    mechanical, shut = None, Closed()
    if presses_slit(case):
        with _timed(timings, "coupling"):
            pressed = _settled(case, comm, progress)
            case = with_pressure(with_stalled_lithium(case), pressed.overpotential, pressed.width)
            found += of_slit(case, pressed)
    if case.mechanics is not None:
        with _timed(timings, "mechanics"):
            mechanical = simulate_mechanics(body_case(case), comm, progress)
            if two := why_two_meshes(case):
                progress("current and stress on meshes of their own")
                mechanical = replace(mechanical, remarks=(*mechanical.remarks, two))
            found += mechanical_quantities(body_case(case), mechanical)
            if mechanical.growth is not None:
                found += of_found_crack(case, mechanical.growth, comm, progress)
            if case.mechanics.opens_slit:
                case, width = with_opened_slit(case, mechanical.volume)
                found.append(width)
            shut = closed_flaws(case, mechanical, comm, progress)
            mechanical = replace(mechanical, remarks=(*mechanical.remarks, *shut.said()))
    if mechanical is not None and mechanical.broken is not None and switching.switched(case):
        pieces = switching.traces(case, mechanical.broken, comm)
        with _timed(timings, "solve and certify"):
            through = through_contacts(case, pieces, comm, progress)
        found += [*switching.told(case, pieces), *through.quantities]
        judged = tuple(quantities.compare(found, case.references))
        return _solution(through, case, judged, mechanical, timings)
    whole, held = case, without_flaws(case, shut.wholly)
    case = with_open_parts(held, shut.partly, 0)
    if mechanical is not None:
        plane, said = cracked_plane.find_plane(case, mechanical, comm, progress)
        mechanical = replace(mechanical, remarks=(*mechanical.remarks, *said))
        if plane is not None:
            found.append(cracked_plane.told_of_plane(plane))
            if plane.share(-1) == 1.0:
                case = cracked_plane.without_crack(case)
            elif plane.share(1) > 0.0 or cracked_plane.gap_law(case).gap_conductivity is not None:
                with _timed(timings, "solve and certify"):
                    through = through_plane(case, plane, progress)
                judged = tuple(quantities.compare([*found, *through.quantities], case.references))
                return _solution(through, case, judged, mechanical, timings)
    begin = perf_counter()
    with _timed(timings, "mesh"):
        built = make_mesh(case, comm)
    made = f"{built.report.seconds:.1f} s to build"
    kept = perf_counter() - begin < 0.5 * built.report.seconds
    progress(f"mesh: {built.report.cells} cells, {'kept from before' if kept else made}")
    if built.method:
        progress(built.method)
    if not case.regions:
        judged = tuple(quantities.compare(found, case.references))
        return Solution(case, judged, built, None, None, mechanical, timings)
    with _timed(timings, "read mesh"):
        domain = goes_round(read_domain(built, comm), case)
        built = domain.built
    if domain.round is not None:
        progress(f"the current goes round along {axes_round(domain)}")
    with _timed(timings, "solve and certify"):
        if case.calibrate is not None:
            case, domain, calibrated = _calibrated(case, built, domain, progress)
            found.append(calibrated)
        model = build_model(case, built)
        certificate = certified(case, model, built, domain, progress)
    with _timed(timings, "quantities"):
        values = evaluated(case, model, built, certificate)
        if shut.partly:
            others = [
                simulate(with_open_parts(held, shut.partly, lean), comm, progress).quantities
                for lean in switching.LEANS[1:]
            ]
            values = list(switching.widened(values, others, len(switching.LEANS)))
        found += values
        found += resistance_beside(case, built, found)
    if mechanical is not None:
        told = notes_of_slit(case, found)
        mechanical = replace(mechanical, remarks=(*mechanical.remarks, *told))
    case = case if case.geometry is whole.geometry else whole
    judged = tuple(quantities.compare(found, case.references))
    return Solution(case, judged, built, model, certificate, mechanical, timings)


def _solution(
    one: Conducted,
    case: schema.Case,
    found: tuple[Quantity, ...],
    mechanical: Mechanical,
    timings: dict[str, float],
) -> Solution:
    """A current that passes where the stress lets it."""
    return Solution(case, found, one.built, one.model, one.certificate, mechanical, timings)


def _together(
    case: schema.Case,
    found: list[Quantity],
    timings: dict[str, float],
    comm: MPI.Intracomm,
    progress: Progress,
) -> Solution:
    """Current and stress on one mesh, the stress from the current."""

    def solved(model: Model, domain: Domain, refine: Refine) -> Certificate:
        return certified(case, model, domain.built, domain, progress, refine)

    progress("current and stress on one mesh")
    with _timed(timings, "current and stress"):
        driving, mechanical = solve_together(case, solved, comm, progress)
    model, built = driving.model, driving.conductor.part.built
    with _timed(timings, "quantities"):
        found += evaluated(case, model, built, driving.certificate)
        found += told_of_contact(driving.behind)
        found += mechanical_quantities(driving.case, mechanical)
        found += acting_pressures(driving.case, mechanical)
        found += critical_current(driving.case, built, found, driving.steps, driving.critical)
    judged = tuple(quantities.compare(found, case.references))
    return Solution(case, judged, built, model, driving.certificate, mechanical, timings)


def _of_cell(
    case: schema.Case, found: list[Quantity], comm: MPI.Intracomm, progress: Progress
) -> Solution:
    """Effective properties of a periodic cell."""
    timings: dict[str, float] = {}
    meshed: list[BuiltMesh] = []

    def mesher(one: schema.Case) -> BuiltMesh:
        with _timed(timings, "mesh"):
            meshed.append(make_mesh(one, comm))
        progress(f"mesh: {meshed[-1].report.cells} cells")
        return meshed[-1]

    with _timed(timings, "solve"):
        effective = solve_effective(case, mesher, comm, progress)
    found = [*found, *effective_quantities(effective), *structure_quantities(meshed[0])]
    judged = tuple(quantities.compare(found, case.references))
    return Solution(case, judged, meshed[0], None, None, None, timings, (), effective)


def overpotential_at_mouth(
    case: schema.Case, currents: schema.Case, width: float, comm: MPI.Intracomm
) -> float:
    """Of lithium in a slit of a width (um) that the currents of a case pass, V; collective."""
    solution = simulate(currents, comm, lambda _: None)
    return overpotential_of(case, currents, width, solution.quantities, solution.certificate)


def _settled(case: schema.Case, comm: MPI.Intracomm, progress: Progress) -> Pressed:
    """Current and opening of a slit that lithium fills, until they agree."""

    def overpotential_at(currents: schema.Case, width: float) -> float:
        return overpotential_at_mouth(case, currents, width, comm)

    def volume_of(stressed: schema.Case) -> float:
        return simulate_mechanics(body_case(stressed), comm, lambda _: None).volume

    return find_fixed_point(case, overpotential_at, volume_of, progress)


def _calibrated(
    case: schema.Case, built: BuiltMesh, domain: Domain, progress: Progress
) -> tuple[schema.Case, Domain, Quantity]:
    """Choose the calibrated value such that the datum is met; later solves keep the mesh."""
    calibration = case.calibrate
    if calibration is None:
        raise ValueError("nothing to calibrate")
    first = with_value(case, calibration.parameter, sum(calibration.bracket) / 2.0)
    domain = certified(first, build_model(first, built), built, domain, progress).domain

    def evaluate(value: float) -> Quantity:
        trial = with_value(case, calibration.parameter, value)
        model = build_model(trial, built)
        fixed = replace(trial, numerics=replace(trial.numerics, refinement="none"))
        certificate = certified(fixed, model, built, domain, lambda _: None)
        for quantity in quantities.resistances(trial, model, built, certificate):
            if quantity.name == calibration.quantity:
                return replace(quantity, lower=None, upper=None)  # its middle is to meet the datum
        raise NoAnswer(f"calibrate.quantity = {calibration.quantity!r}: not a resistance")

    target = in_unit(calibration.target, evaluate(calibration.bracket[0]).unit)
    value = find_value(evaluate, target, calibration.bracket, lambda _: None, 1e-10).value
    unit = "ohm cm^2" if calibration.parameter.endswith("resistance") else "mS/cm"
    text = f"Chosen so that {calibration.quantity} meets {calibration.source}."
    shown = in_unit(value, unit)
    name = f"calibrated.{calibration.parameter}"
    quantity = Quantity(name, shown, unit, grade="C", source=calibration.source, meaning=text)
    return with_value(case, calibration.parameter, value), domain, quantity


def _solved_for(
    case: schema.Case, wanted: schema.SolveFor, comm: MPI.Intracomm, progress: Progress
) -> Solution:
    """The case with the value for which its quantity meets the target, and that value."""

    def at(value: float) -> schema.Case:
        text = format_value(value * wanted.unit, wanted.unit_text)
        return with_setting(case, wanted.parameter, text)

    @cache
    def evaluate(value: float) -> Quantity:
        try:
            trial = at(value)
        except CaseError as error:
            raise Refused(f"at {wanted.parameter} = {text_of(value)}: {error.faults[0]}") from error
        solution = simulate(trial, comm, lambda _: None)
        for quantity in solution.quantities:
            if quantity.name == wanted.quantity:
                return quantity
        raise NoAnswer(f"solve_for: there is no {wanted.quantity} at {text_of(value)}")

    def text_of(value: float) -> str:
        return f"{value:.8g} {wanted.unit_text}".rstrip()

    def say(line: str) -> None:
        progress(f"{wanted.parameter} = {line}")

    begin = perf_counter()
    first = evaluate(wanted.start if wanted.bracket is None else wanted.bracket[0])
    target = in_unit(wanted.target, first.unit)
    bracket = wanted.bracket or bracket_around(evaluate, target, wanted.start)
    answer = find_value(evaluate, target, bracket, say)
    seconds = perf_counter() - begin
    solution = simulate(at(answer.value), comm, progress)
    text = f"{wanted.parameter} at which {wanted.quantity} is {target:g} {first.unit}".rstrip()
    unit = wanted.unit_text or "1"
    low, high = answer.value - answer.half_width, answer.value + answer.half_width
    found = Quantity(wanted.name, answer.value, unit, low, high, "estimated", f"{text}.")
    judged = quantities.compare([found, *solution.quantities], case.references)
    last = replace(solution.case, references=case.references)
    timings = {"solve for": seconds, **solution.timings}
    return replace(solution, case=last, quantities=tuple(judged), timings=timings)


def _mapped(
    case: schema.Case, wanted: schema.Map, comm: MPI.Intracomm, progress: Progress
) -> Solution:
    """The case, and the quantity for every value of the map."""
    solution = simulate(replace(case, map=None, references=()), comm, progress)
    begin = perf_counter()

    def evaluate(trial: schema.Case) -> tuple[Quantity, ...]:
        return simulate(trial, comm, lambda _: None).quantities

    points = mapping.points_of(case, wanted, solution.quantities, evaluate, progress)
    more = mapping.exponents(wanted, points)
    judged = quantities.compare([*more, *solution.quantities], case.references)
    timings = {"map": perf_counter() - begin, **solution.timings}
    last = replace(solution.case, references=case.references, map=wanted)
    return replace(
        solution, case=last, quantities=tuple(judged), timings=timings, mapped=tuple(points)
    )
