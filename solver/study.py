"""Studies of a representative volume: growing cells, several seeds, mean and confidence.

Every realisation is a run with a folder of its own below `realisations`; one that is there from
the same case and the same sources is not run again. On several ranks each realisation has one
process, or, on request, all of them.
"""

import json
from pathlib import Path

from mpi4py import MPI
from rich.console import Console

from solver import output
from solver.case import load_case, with_settings
from solver.compiled import compiled_forms
from solver.done import SOLVED as DONE
from solver.done import is_done
from solver.growing import settings
from solver.pictures_study import study_picture
from solver.run import FAILED, NOT_REACHED, SOLVED, Job, run_job
from solver.schema import Case, Study
from solver.solve import command_line
from solver.statistics import Sample, statement, table

CSV, PICTURE, TEXT = "study.csv", "study.png", "study.txt"


@compiled_forms()
def study(
    path: Path, out: Path | None, quiet: bool, together: bool, petsc_options: tuple[str, ...]
) -> int:
    """Run what is not there yet and sum up; collective on all processes.

    Args:
        path: A case file with [study].
        out: Folder; None: `results/<folder of the case>/<case>_study`.
        quiet: No progress.
        together: All ranks work on one realisation after the other.
        petsc_options: Words for PETSc's options database.

    Returns:
        0 if all realisations have the quantity, else 1.
    """
    world = MPI.COMM_WORLD
    command_line(petsc_options)
    case = world.bcast(load_case(path) if world.rank == 0 else None)
    if case.study is None:
        raise ValueError("a case without [study]")
    folder = out or Path("results") / path.resolve().parent.name / f"{path.stem}_study"
    comm = world if together else MPI.COMM_SELF
    console = Console(quiet=quiet or comm.rank > 0, highlight=False, soft_wrap=True, width=160)
    errors = Console(stderr=True, quiet=comm.rank > 0, highlight=False, soft_wrap=True)
    jobs = world.bcast(realisations(case, folder) if world.rank == 0 else None)
    mine = jobs if together else jobs[world.rank :: world.size]
    for job in mine:
        if comm.bcast(is_done(job.case, job.out, (DONE, NOT_REACHED)) if comm.rank == 0 else None):
            console.print(f"{job.name}: done before", markup=False)
        else:
            run_job(job, comm, console, errors, True)
    world.Barrier()
    status = SOLVED
    if world.rank == 0:
        status = _sum_up(case, case.study, jobs, folder, console)
    return int(world.bcast(status))


def realisations(case: Case, folder: Path) -> list[Job]:
    """One job per size and seed."""
    wanted = case.study
    if wanted is None:
        return []
    jobs = []
    for size, cell in zip(wanted.sizes, wanted.cells, strict=True):
        for seed in range(wanted.first_seed, wanted.first_seed + wanted.seeds):
            varied = with_settings(case, {**settings(case.geometry, cell), wanted.seed: seed})
            name = f"{size.replace(' ', '_')}_seed_{seed}"
            jobs.append(Job(varied, folder / "realisations" / name, f"{size}, seed {seed}"))
    return jobs


def _sum_up(case: Case, wanted: Study, jobs: list[Job], folder: Path, console: Console) -> int:
    """Table, picture and statement of all realisations that are there."""
    samples, unit, missing = [], "", 0
    for place, size in enumerate(wanted.sizes):
        rows = []
        for job in jobs[place * wanted.seeds : (place + 1) * wanted.seeds]:
            found = _quantity(job.out, wanted.quantity)
            if found is None:
                missing += 1
                continue
            value, lower, upper, unit = found
            rows.append((value, lower, upper))
        if rows:
            values, lower_ends, upper_ends = zip(*rows, strict=True)
            samples.append(Sample(size, values, lower_ends, upper_ends))
    if len(samples) < 2:
        console.print("fewer than two sizes have results", markup=False)
        return FAILED
    said = statement(samples, wanted.quantity, unit, wanted.accuracy, wanted.confidence)
    if missing:
        said += f" {missing} of {len(jobs)} realisations have no value: they are not counted."
    text = table(samples, wanted.quantity, unit, wanted.confidence)
    output.write_atomic(folder / CSV, text)
    output.write_atomic(folder / TEXT, said + "\n")
    study_picture(samples, wanted.quantity, unit, wanted.confidence, case.title, folder / PICTURE)
    console.print(text + said, markup=False)
    return FAILED if missing else SOLVED


def _quantity(folder: Path, name: str) -> tuple[float, float, float, str] | None:
    """Value, bounds (the value without any) and unit of a quantity of a run."""
    try:
        results = json.loads((folder / output.RESULTS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    for quantity in results.get("quantities", ()):
        value = quantity["value"]
        if quantity["name"] == name and isinstance(value, float):
            lower, upper = quantity["lower"], quantity["upper"]
            ends = (value if lower is None else lower, value if upper is None else upper)
            return value, float(ends[0]), float(ends[1]), str(quantity["unit"])
    return None
