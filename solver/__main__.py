"""The command line: run, check, mesh, schema.

Exit status: 0 done, 1 a run failed or its output can't be written, 2 bad input, 130 interrupted,
143 ended by SIGTERM (a march keeps its state before).
Results go to stdout; what went wrong to stderr, one line per fault, never a traceback. Only `run`
and `mesh` import more than the case loader. Under mpirun rank 0 reads and prints. All ranks end
with the same status, but where the words of the command line are wrong: that is told before MPI
begins, and an mpirun that sees another rank fail first would end rank 0 before it has spoken.
"""

import json
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from rich.console import Console

from solver.case import load_case
from solver.faults import CaseError, Fault, one_line
from solver.gathering import gather, split_options
from solver.interruption import STOPPED, Interrupted
from solver.provenance import versions

if TYPE_CHECKING:
    from mpi4py import MPI

    from meshes.mesh import BuiltMesh
    from solver.schema import Case

app = typer.Typer(
    name="liface",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
Paths = Annotated[
    list[str], typer.Argument(help="Case files, or folders: all their *.toml but those named _*.")
]


ERROR_LOG = "error.log"
WITH_PATHS = (
    "run",
    "check",
    "mesh",
    "solve-for",
    "study",
)  # commands that do nothing without a path
# Typer names the base of all errors in the words of a command line only as the base of this one.
USAGE_ERROR = cast("type[Exception]", typer.BadParameter.__bases__[0])


class Failed(Exception):
    """A failure of the command line itself: message and exit status."""

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.status = status


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"liface {versions()['liface']}")
        raise typer.Exit


@app.callback()
def program(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Currents through damaged interlayers of lithium-metal batteries, with error bars."""


@app.command()
def run(
    context: typer.Context,
    paths: Paths,
    out: Annotated[str | None, typer.Option(help="Folder for the results.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Skip what is solved, go on from checkpoints.")
    ] = False,
) -> int:
    """Solve cases and write numbers, pictures and a report.

    PETSc options such as -ksp_view may stand anywhere, or after --.
    """
    comm = _world()
    files = _on_root(comm, lambda: _checked(paths, out))
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # asks for a checkpoint: else it is not the end
    from solver.run import run as run_cases  # brings dolfinx, PETSc and MPI

    return run_cases(
        files, None if out is None else Path(out), quiet, resume, tuple(context.obj or ())
    )


@app.command("solve-for")
def solve_for(
    context: typer.Context,
    path: Annotated[str, typer.Argument(help="A case file.")],
    parameter: Annotated[str, typer.Argument(help="Key of a value, as geometry.pit.width.")],
    until: Annotated[str, typer.Option(help='As "verdict=grows" or "margin=2".')],
    between: Annotated[
        tuple[str, str] | None, typer.Option(help='As "1 um" "20 um"; else from the case\'s own.')
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the answer.")] = "solved_for",
    out: Annotated[str | None, typer.Option(help="Folder for the results.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> int:
    """Find the value of a case for which a quantity meets its target, and run the case with it.

    A verdict (grows, breaks) changes where the margin is 1.
    """
    quantity, sign, target = until.partition("=")
    quantity, target = quantity.strip(), target.strip()
    if not sign or not quantity or not target:
        raise Failed(f'--until "{until}": expected as "verdict=grows" or "margin=2"', 2)
    if quantity == "verdict":
        if target not in ("grows", "grows unstably", "breaks", "stable", "holds", "arrests"):
            raise Failed(f'--until "{until}": expected verdict=grows, breaks, stable or holds', 2)
        quantity, target = "margin", "1"
    table = {"parameter": parameter, "quantity": quantity, "target": target, "name": name}
    change = {"solve_for": table | ({"bracket": list(between)} if between else {})}
    files = _on_root(_world(), lambda: _checked([path], out, change))
    from solver.run import run as run_cases

    folder = None if out is None else Path(out)
    return run_cases(files, folder, quiet, False, tuple(context.obj or ()), change)


@app.command()
def study(
    context: typer.Context,
    path: Annotated[str, typer.Argument(help="A case file with [study].")],
    out: Annotated[str | None, typer.Option(help="Folder for the results.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
    together: Annotated[
        bool, typer.Option("--together", help="All ranks on one realisation at a time.")
    ] = False,
) -> int:
    """Cells of growing size with several seeds: mean, confidence, and the size that suffices.

    Realisations that are there already are not run again.
    """
    files = _on_root(_world(), lambda: _checked([path], out))
    if len(files) != 1 or load_case(files[0]).study is None:
        raise Failed(f"{path}: study: expected one case file with a table [study]", 2)
    from solver.study import study as run_study

    folder = None if out is None else Path(out)
    return run_study(files[0], folder, quiet, together, tuple(context.obj or ()))


@app.command()
def check(paths: Paths) -> int:
    """Check case files without solving anything."""
    files = _on_root(_world(), lambda: _checked(paths, None))
    if _rank() == 0:
        typer.echo(f"{len(files)} case(s) ok")
    return 0


@app.command()
def mesh(
    path: Annotated[str, typer.Argument(help="A case file.")],
    out: Annotated[str | None, typer.Option(help="Folder for mesh and picture.")] = None,
) -> int:
    """Write and draw the start mesh of a case."""
    if _rank() > 0:
        return 0  # Gmsh is serial
    case = load_case(Path(path))
    if case.geometry is None:
        raise Failed(f"{path}: geometry: this case has none, so no mesh", 2)
    folder = Path(out or f"{case.path.stem}-mesh")
    make_folder(folder)
    from meshes.mesh import MeshError
    from solver.meshing import start_mesh

    try:
        built = start_mesh(case)
    except MeshError as error:
        raise Failed(f"{path}: {error}") from error
    target = folder / "mesh.msh"
    shutil.copyfile(built.path, target)
    _print_mesh(built, case, target)
    from solver.pictures import draw_mesh
    from solver.simplices import DrawingError

    try:
        if built.parts:
            from solver.pictures_micro import draw_structure

            draw_structure(built, folder / "mesh.png", case.title)
        else:
            draw_mesh(built, folder / "mesh.png")
    except DrawingError as error:
        raise Failed(f"{path}: no picture of the mesh: {error}") from error
    typer.echo(f"{folder / 'mesh.png'}")
    return 0


@app.command()
def schema() -> int:
    """Print the JSON schema of case files, for editors."""
    from solver.editor import editor_schema

    typer.echo(json.dumps(editor_schema(), indent=2))
    return 0


def _print_mesh(built: "BuiltMesh", case: "Case", target: Path) -> None:
    from solver.meshing import mesh_table, parts_table

    console = Console(highlight=False, width=None if sys.stdout.isatty() else 100)
    console.print(mesh_table(built, case.title))
    if built.parts:
        console.print(parts_table(built))
    console.print(str(target), soft_wrap=True)


def _checked(
    paths: Sequence[str], out: str | None, change: dict[str, Any] | None = None
) -> list[Path]:
    """The case files named by the paths, all of them loaded once; the output folder tried."""
    files = gather(Path(path) for path in paths)
    faults: list[Fault] = []
    for file in files:
        try:
            load_case(file, change=change)
        except CaseError as error:
            faults += error.faults
    if faults:
        raise CaseError(faults)
    if out is not None:
        make_folder(Path(out))
    return files


def make_folder(folder: Path) -> None:
    """Makes a folder for output and tries to write in it.

    Raises:
        Failed: It can't be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a name of a folder"
        raise Failed(f"{folder}: the output folder can't be written ({reason})") from error


def _rank() -> int:
    """Rank of this process under mpirun, without importing MPI; 0 if there is one process."""
    for name in ("OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"):
        if os.environ.get(name, "").isdigit():
            return int(os.environ[name])
    return 0


def _is_parallel() -> bool:
    """Whether there is more than one process, without importing MPI."""
    names = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS")
    sizes = (os.environ.get(name, "") for name in names)
    return any(size.isdigit() and int(size) > 1 for size in sizes)


def _world() -> "MPI.Comm | None":
    """All processes, if there is more than one."""
    if not _is_parallel():
        return None
    from mpi4py import MPI

    return MPI.COMM_WORLD


def _on_root[T](comm: "MPI.Comm | None", work: Callable[[], T]) -> T:
    """What `work` returns or raises on rank 0, on all ranks."""
    if comm is None:
        return work()
    result: T | None = None
    error: Exception | None = None
    if comm.rank == 0:
        try:
            result = work()
        except Exception as caught:  # whatever it is, the other ranks must not wait for it
            error = caught
    error = comm.bcast(error, root=0)
    if error is not None:
        raise error
    answer: T = comm.bcast(result, root=0)
    return answer


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns the exit status.

    Args:
        arguments: The words after the program's name; None: those of this process.
    """
    words, petsc_options = split_options(list(sys.argv[1:] if arguments is None else arguments))
    first = _rank() == 0
    words = words or ["--help"]
    if not first and ("--help" in words or words == ["--version"]):
        return 0
    if first and len(words) == 1 and words[0] in WITH_PATHS:
        app([*words, "--help"], prog_name="liface", standalone_mode=False)
    message = ""
    try:
        status = app(words, prog_name="liface", standalone_mode=False, obj=petsc_options)
        return _left_for_the_launcher(status if isinstance(status, int) else 0)
    except CaseError as error:
        message, status = str(error), 2
    except Failed as error:
        message, status = f"liface: {one_line(str(error), 600)}", error.status
    except Interrupted as stopped:
        message, status = f"liface: {stopped}", STOPPED
    except (KeyboardInterrupt, typer.Abort):
        message, status = "liface: interrupted", 130
    except USAGE_ERROR as error:
        if not first:
            return 0
        message, status = f"liface: {one_line(str(error), 600)} (see liface --help)", 2
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # the exit flushes it once more
        return 1
    except Exception as error:
        log = _keep_traceback(words)
        text = one_line(f"{type(error).__name__}: {error}", 300)
        message, status = f"liface: internal error: {text} (log: {log})", 1
        _end_all_ranks(message)
    if first:
        sys.stderr.write(message + "\n")
    return _left_for_the_launcher(status)


def _left_for_the_launcher(status: int) -> int:
    """The status; 0 under an mpirun of the launcher's, which finds the status in a file."""
    place = os.environ.get("LIFACE_STATUS", "")
    if status not in (1, 2, STOPPED) or not place or not _is_parallel():
        return status
    if _rank() == 0:
        Path(place).write_text(str(status), encoding="ascii")
    return 0


def _end_all_ranks(message: str) -> None:
    """Under mpirun: tells an error that may be of one rank only, and ends the ranks waiting for it.

    Rank 0 goes first, so an error of all ranks is told once.
    """
    comm = _world()
    if comm is None or comm.size == 1:
        return
    if comm.rank > 0:
        time.sleep(2.0)
    sys.stderr.write(f"{message} [rank {comm.rank}]\n")
    sys.stderr.flush()
    comm.Abort(1)


def _keep_traceback(words: Sequence[str]) -> Path:
    """Writes the traceback into the output folder of this command if there is one, else to temp."""
    text = traceback.format_exc()
    given = [word.removeprefix("--out=") for word in words if word.startswith("--out=")]
    given += [words[i + 1] for i, word in enumerate(words[:-1]) if word == "--out"]
    for folder in given:
        try:
            with open(Path(folder) / ERROR_LOG, "a", encoding="utf-8") as file:
                file.write(text)
            return Path(folder) / ERROR_LOG
        except OSError:
            continue
    with tempfile.NamedTemporaryFile(
        "w", prefix="liface-", suffix=".log", delete=False, encoding="utf-8"
    ) as kept:
        kept.write(text)
    return Path(kept.name)


if __name__ == "__main__":
    sys.exit(main())
