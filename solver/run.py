"""Runs case files: the straight line from a text to a folder of results.

Loading, messages and files are rank 0's; everything between is collective. A failure reaches all
ranks as the same exception, so that no rank waits for another.
"""

import logging
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path
from time import perf_counter
from typing import Any

from mpi4py import MPI
from rich.console import Console

from meshes.mesh import MeshError
from solver import fields, mechanics_fields, mechanics_meta, output, provenance
from solver.bounds import Level, NotBalanced
from solver.case import load_case
from solver.checkpoints import keeper_of, remove
from solver.compiled import compiled_forms
from solver.copies import InterfaceError
from solver.coupling import NotCoupled
from solver.crack_front import table_of_front
from solver.current_fields import output_functions
from solver.domain import facet_entities, facets_of
from solver.done import SOLVED as DONE
from solver.done import is_done
from solver.effective_conduction import Percolates
from solver.effective_meta import shortfalls as shortfalls_of_cell
from solver.effective_meta import with_effective, write_effective
from solver.effective_stiffness import Loose
from solver.equilibrium import Unbalanced
from solver.flow_quantities import steps_of
from solver.force_balance import NotInEquilibrium
from solver.geometry_meta import geometry_meta
from solver.growth_quantities import table_of_steps
from solver.map_table import map_table
from solver.march_meta import with_march, write_march
from solver.mechanics import Mechanical
from solver.mechanics_model import body_case
from solver.model import ModelError
from solver.periodic import NotPeriodic
from solver.postprocess import run_postprocessing
from solver.quantities import reference_resistance
from solver.read_files import contents
from solver.report import summary_table, write_summary
from solver.resolved import resolved_toml
from solver.rests_table import write_rests
from solver.run_notes import insulated_sides, notes
from solver.schema import Case
from solver.simulate import Solution, simulate
from solver.solve import SolveFailed, command_line
from solver.solving_for import NoAnswer
from solver.units import in_unit

LOG = logging.getLogger("liface")
SOLVED, FAILED = 0, 1
FAILURES = (
    MeshError, ModelError, SolveFailed, NotBalanced, InterfaceError, Unbalanced,
    NotInEquilibrium, NoAnswer, NotCoupled, NotPeriodic, Percolates, Loose,
)  # fmt: skip
NOT_REACHED = "accuracy not reached"
STOPPED = "stopped before the end of the load"


@dataclass(frozen=True)
class Job:
    """A case and the folder for its results."""

    case: Case
    out: Path
    name: str


@compiled_forms()
def run(
    paths: Sequence[Path],
    out: Path | None,
    quiet: bool,
    resume: bool,
    petsc_options: tuple[str, ...],
    change: dict[str, Any] | None = None,
) -> int:
    """Run case files with their variants, collective on all processes.

    Args:
        paths: Case files.
        out: Folder for the results: of the case itself if there is one, else one folder per case in
            it, `<folder of the case>/<case>` where names are alike. None:
            `results/<folder of the case>/<case>`.
        quiet: No progress.
        resume: Leave out what is solved by the same case and sources; go on from checkpoints.
        petsc_options: Words for PETSc's options database.
        change: Tables that every case is taken to have besides its own.

    Returns:
        Exit status: 0 all solved, 1 a run failed or its output can't be written.
    """
    comm = MPI.COMM_WORLD
    command_line(petsc_options)
    # mpirun gives its ranks a terminal that nobody sees: no colours there, and no narrow columns
    seen = sys.stdout.isatty() and comm.size == 1
    console = Console(
        quiet=quiet or comm.rank > 0,
        highlight=False,
        soft_wrap=True,
        width=None if seen else 160,
        force_terminal=None if seen else False,
    )
    errors = Console(stderr=True, quiet=comm.rank > 0, highlight=False, soft_wrap=True)
    loaded = [load_case(path, change=change) for path in paths] if comm.rank == 0 else None
    jobs = _jobs(comm.bcast(loaded), out)
    status = SOLVED
    if twice := {job.out for job in jobs if sum(other.out == job.out for other in jobs) > 1}:
        errors.print(f"liface: {min(twice)}: two cases would be written there", markup=False)
        return FAILED
    folders: list[Path] = []
    for job in jobs:
        if resume and comm.bcast(is_done(job.case, job.out) if comm.rank == 0 else None):
            console.print(f"{job.name}: done before")
            folders.append(job.out)
            continue
        earlier = _stamp(job.out)
        status = max(status, run_job(job, comm, console, errors, resume))
        if _stamp(job.out) != earlier:  # a run that fails keeps the folder of an earlier one
            folders.append(job.out)
    if comm.rank == 0 and folders:
        console.print(summary_table(folders))
        if len(jobs) > 1:
            write_summary(_common(out, jobs), folders)
    return status


def _jobs(cases: Sequence[Case], out: Path | None) -> list[Job]:
    """One job per case and variant, variants after their case."""
    jobs = []
    stems = [case.path.stem for case in cases]
    alike = len(set(stems)) < len(stems)
    for case, stem in zip(cases, stems, strict=True):
        family = case.path.resolve().parent.name
        if out is None:
            folder = Path("results") / family / stem
        elif len(cases) == 1:
            folder = out
        else:
            folder = out / family / stem if alike else out / stem
        jobs.append(Job(case, folder, str(case.path)))
        for name, variant in case.variants.items():
            jobs.append(Job(variant, folder / "variants" / name, f"{case.path} [{name}]"))
    return jobs


def _common(out: Path | None, jobs: Sequence[Job]) -> Path:
    if out is not None:
        return out
    return Path("results") / jobs[0].case.path.resolve().parent.name


def _stamp(folder: Path) -> int:
    path = folder / output.RESULTS
    return path.stat().st_mtime_ns if path.is_file() else 0


def run_job(job: Job, comm: MPI.Intracomm, console: Console, errors: Console, resume: bool) -> int:
    """One case into one folder; a failure leaves none."""
    begin = perf_counter()
    console.print(f"{job.name}: {job.case.title}", markup=False)
    files = comm.bcast(contents(job.case) if comm.rank == 0 else None)
    keeper = keeper_of(job.case, job.out, resume, provenance.source_hash(), files)
    partial = _on_root(comm, lambda: output.begin(job.out))
    if isinstance(partial, output.OutputError):
        errors.print(f"liface: {partial}", markup=False)
        return FAILED
    status = FAILED
    missing: tuple[str, ...] = ()
    try:
        log = output.open_log(partial, comm.size) if comm.rank == 0 else nullcontext()
        with log:

            def progress(text: str) -> None:
                console.print(f"  {text}", markup=False)
                LOG.info("%s", text)

            for text in insulated_sides(job.case):
                progress(text)
            solution = simulate(job.case, comm, progress, keeper)
            missing = shortfalls(solution)
            _write(job, solution, partial, comm, files)
            status = FAILED if missing else SOLVED
    except FAILURES as error:
        errors.print(f"liface: {job.name}: {error}", markup=False)
        if comm.rank == 0:
            output.abandon(partial)
        return FAILED
    except BaseException:
        if comm.rank == 0:
            output.abandon(partial)
        raise
    done = _on_root(comm, lambda: output.finish(partial, job.out, keep_variants=resume))
    if isinstance(done, output.OutputError):
        errors.print(f"liface: {done}", markup=False)
        return FAILED
    remove(keeper, comm)
    for text in missing:
        word = status_of(solution)
        errors.print(f"liface: {job.name}: {word}: {text}; the results say so", markup=False)
    console.print(f"  {job.out} ({perf_counter() - begin:.1f} s)", markup=False)
    return status


def _on_root[T](comm: MPI.Intracomm, work: Callable[[], T]) -> T | output.OutputError:
    """What `work` returns on rank 0, or its OutputError, on all ranks."""
    result: T | output.OutputError | None = None
    if comm.rank == 0:
        try:
            result = work()
        except output.OutputError as error:
            result = error
    answer: T | output.OutputError = comm.bcast(result)
    return answer


def status_of(solution: Solution) -> str:
    """What `results.json` calls the run."""
    found = solution.mechanical
    if found is not None and found.stopped:
        return STOPPED
    return NOT_REACHED if shortfalls(solution) else DONE


def shortfalls(solution: Solution) -> tuple[str, ...]:
    """Why the asked accuracy was not reached, where it was not."""
    certificate, found = solution.certificate, solution.mechanical
    said: list[str] = []
    if certificate is not None and not certificate.reached:
        accuracy = solution.case.numerics.accuracy
        apart = f"the bounds are further apart than numerics.accuracy = {accuracy:g}"
        said.append(f"{apart}; {certificate.stopped}")
    if found is not None:
        said.append(mechanics_meta.shortfall(solution.case, found))
    if solution.effective is not None:
        said += shortfalls_of_cell(solution.case, solution.effective)
    return tuple(text for text in said if text)


# --- one folder --------------------------------------------------------------------------------


def _write(
    job: Job, solution: Solution, folder: Path, comm: MPI.Intracomm, files: dict[str, str]
) -> None:
    """Fields (all ranks), then numbers, pictures and report (rank 0)."""
    begin = perf_counter()
    faces: dict[str, str] = {}
    if solution.certificate is not None:
        faces = _write_fields(job.case, solution, folder)
    if solution.mechanical is not None:
        _write_mechanics(body_case(job.case), solution.mechanical, folder)
    if solution.marching is not None:
        write_march(job.case, solution.marching, folder)
    if solution.effective is not None:
        write_effective(job.case, solution.effective, folder)
    said = (*insulated_sides(job.case), *write_rests(solution, folder, comm, LOG.info))
    timings = {**solution.timings, "fields": perf_counter() - begin}
    memory = provenance.memory(comm)
    if comm.rank != 0:
        return
    resolved = resolved_toml(solution.case)
    output.write_case_copies(folder, job.case.sources, resolved_toml(job.case))
    if solution.mapped and solution.case.map is not None:
        output.write_atomic(folder / output.MAP, map_table(solution))
    if solution.mechanical is not None and solution.mechanical.front is not None:
        output.write_atomic(folder / output.FRONT, table_of_front(solution.mechanical.front))
    meta = _meta(solution, faces, timings, memory, comm.size)
    if solution.mechanical is not None and solution.mechanical.growth is not None:
        table = table_of_steps(solution.case, solution.mechanical.growth)
        output.write_atomic(folder / output.GROWTH, table)
    meta = replace(meta, files=files, notes=(*said, *meta.notes))
    output.write_results(folder, solution.case, solution.quantities, meta, resolved)
    output.log_end(meta)
    run_postprocessing(folder, job.case.output.pictures)


def _write_fields(case: Case, solution: Solution, folder: Path) -> dict[str, str]:
    certificate = solution.certificate
    if certificate is None or solution.model is None:
        return {}
    domain = certificate.domain
    points, cells = output_functions(solution)
    named_points = {output.POTENTIAL: points["potential"], output.CURRENT: points["current"]}
    named_cells = {output.REGION: cells["region"], output.INDICATOR: cells["indicator"]}
    if "vtu" in case.output.fields or case.output.pictures:  # pictures are drawn from it
        fields.write_vtu(folder, output.FIELDS, domain.mesh, named_points, named_cells)
    if "vtx" in case.output.fields:
        fields.write_vtx(folder, domain.mesh, named_points)
    faces: dict[str, str] = {}
    for name in ("window", "film_face", "film_wall"):
        if name not in {contact.name for contact in solution.model.contacts}:
            continue
        facets = facets_of(domain, facet_entities(domain, name))
        fields.write_face(folder, name, domain.mesh, facets, points["current"])
        faces[name] = output.face_file(name)
    return faces


def _write_mechanics(case: Case, found: Mechanical, folder: Path) -> None:
    """Displacement and stress, on the mesh of the mechanics."""
    mesh, axisymmetric = found.domain.mesh, found.domain.axisymmetric
    moved = output.in_components(output.DISPLACEMENT, output.DISPLACEMENT_UNIT, axisymmetric)
    stressed = output.in_components(output.STRESS, output.STRESS_UNIT, axisymmetric)
    table = steps_of(found)
    if table and found.domain.comm.rank == 0:
        output.write_atomic(folder / output.STEPS, table)
    points = {moved: found.state.displacement, stressed: mechanics_fields.stress_of(found)}
    if found.growth is not None:
        points[output.DAMAGE] = mechanics_fields.damage_of(found.growth)
    tensors = {**points, stressed: mechanics_fields.stress_tensor(found)}
    cells = {output.REGION: mechanics_fields.region_function(found.domain)}
    with mechanics_fields.in_the_block(found, case.geometry):
        if "vtu" in case.output.fields or case.output.pictures:
            fields.write_vtu(folder, output.MECHANICS, mesh, points, cells)
        if "vtx" in case.output.fields:
            fields.write_vtx(folder, mesh, tensors)


def _meta(
    solution: Solution,
    faces: dict[str, str],
    timings: dict[str, float],
    memory: dict[str, object],
    ranks: int,
) -> output.RunMeta:
    """What is said besides the quantities: of the currents, of the mechanics, of both or none."""
    case, built, found = solution.case, solution.built, solution.mechanical
    geometry = None
    if built is not None:
        body = body_case(case)
        planes = mechanics_meta.planes(body)
        stressed = None if found is None else found.domain.built
        geometry = geometry_meta(case.geometry, built, faces, planes, body.geometry, stressed)
    meta = output.RunMeta(
        status=status_of(solution),
        ranks=ranks,
        timings=timings,
        memory=memory,
        mesh={},
        geometry=geometry,
    )
    if found is not None:
        name, unit = mechanics_meta.main_quantity(found)
        meta = replace(
            meta,
            mesh=mechanics_meta.mesh_numbers(found),
            mechanics_history=mechanics_meta.history(found),
            mechanics_history_of=f"{name} [{unit}]",
            solver=mechanics_meta.solver_numbers(found),
            notes=mechanics_meta.notes(case, found),
        )
    if solution.marching is not None:
        return with_march(meta, solution.marching)
    if solution.effective is not None:
        return with_effective(meta, case, solution.effective)
    return _with_currents(meta, solution)


def _with_currents(meta: output.RunMeta, solution: Solution) -> output.RunMeta:
    certificate, built, model = solution.certificate, solution.built, solution.model
    if certificate is None or built is None or model is None:
        return meta
    asr = built.cell_area > 0.0
    unit = "ohm cm^2" if asr else ("ohm m" if built.dimension == "plane" else "ohm")
    factor = built.cell_area if asr else 1.0
    reference = reference_resistance(solution.case, model, built)
    last = certificate.history[-1]
    mesh = {
        "cells": last.cells,
        "unknowns of the potential": last.dofs,
        "cells of the first mesh": built.report.cells,
        "worst quality of the first mesh": built.report.min_quality,
        "mean quality of the first mesh": built.report.mean_quality,
    }
    solver = {
        "Krylov iterations of the potential": last.iterations,
        "steps of the dual problem": last.steps,
        "divergence left in the dual, relative": certificate.flux.divergence,
        "current balance, relative": certificate.balance,
        "rounding floor of the balance": certificate.potentials.roundoff,
    }
    return replace(
        meta,
        mesh={**mesh, **meta.mesh},
        history=tuple(_level(level, reference, factor, unit) for level in certificate.history),
        history_of=f"{'excess ' if reference else ''}resistance [{unit}]",
        solver={**solver, **meta.solver},
        notes=(*notes(solution), *meta.notes),
    )


def _level(level: Level, reference: float, factor: float, unit: str) -> output.Level:
    lower, upper = (in_unit((r - reference) * factor, unit) for r in (level.lower, level.upper))
    return output.Level(
        cells=level.cells,
        dofs=level.dofs,
        value=0.5 * (lower + upper),
        lower=lower,
        upper=upper,
        order=level.order if isfinite(level.order) else None,
        iterations=level.iterations,
        seconds=level.seconds,
    )
