"""The run folder: made beside its final name, filled, and renamed when the run is whole.

```
begin(out)                    <out>.partial-...   refuses to replace what no run has made
  open_log, write_case_copies, write_results, the fields (solver.fields)
  postprocess.run             pictures and report, each in a process of its own
finish(partial, out)          one rename; an older run of the same name is replaced
abandon(partial)              after a failure
```

All of it runs on rank 0 alone. What the pictures and the report have to know is
in `results.json`; they read nothing but the run folder and can be made again from it:
`python -m solver.pictures RUNFOLDER`, `python -m solver.report RUNFOLDER`.
"""

import dataclasses
import fcntl
import glob
import hashlib
import json
import logging
import math
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solver.geometry_meta import GeometryMeta
from solver.plain import plain, strict_json
from solver.provenance import commit, source_hash, versions

if TYPE_CHECKING:
    from solver.quantities import Quantity
    from solver.schema import Case, Reference

LOGGER = logging.getLogger("liface")
RESULTS = "results.json"
MAP = "map.csv"  # a quantity for several values of the case
RESTS_ON = "rests_on.csv"  # inputs of a critical current density, moved one at a time
FRONT = "front.csv"  # G along the front of a crack in 3D
SUMMARY = "summary.json"
CAPTIONS = "captions.json"
REPORT = "report.html"
LOG = "run.log"
FIELDS = "fields"  # fields.pvd, fields.pvtu, fields_p0.vtu ...
POTENTIAL = "potential [V]"
CONCENTRATION = "concentration [mol/m^3]"
FRACTION = "fraction of lithium"
GROWN = "growth [um]"  # of lithium at faces
CURRENT = "current density [mA/cm^2]"  # in the bulk a vector; on a face its outward normal part
REGION = "region [-]"
INDICATOR = "gap indicator [V pA]"
MECHANICS = "mechanics"  # mechanics.pvd, ...: on a mesh of its own, fine at the tips of a crack
EFFECTIVE = "effective"  # effective.pvd, ...: a periodic cell
CURRENT_OVER_MEAN = "current density over mean [-]"
FLUCTUATION = "fluctuation [um]"
DISPLACEMENT = "displacement"
STRESS = "stress"
DAMAGE = "damage [-]"
STEPS = "steps.csv"  # every converged step of a load, or in time
REMESHINGS = "remeshings.csv"  # new meshes on the way of a march, and what they changed
SPECTRUM = "spectrum.csv"  # impedance against frequency
MEASURED_SPECTRUM = "spectrum_measured.csv"
GROWTH = "growth.csv"  # the steps of the load of cracks that grow by themselves
DISPLACEMENT_UNIT, STRESS_UNIT = "um", "MPa"
LEFT_BY_FAILURE = {"error.log", "variants", "summary.json", "summary.html", "summary.txt"}


class OutputError(Exception):
    """Something could not be written, or would replace what is not ours. Its text says what."""


@dataclasses.dataclass(frozen=True)
class Level:
    """One pass of the refinement loop: bounds of the quantity that `accuracy` refers to.

    For mechanics `lower` and `upper` are the ends of an estimated error bar.
    """

    cells: int
    dofs: int
    value: float
    lower: float | None
    upper: float | None
    order: float | None  # observed order against the pass before, in 1/dofs^(1/dimension)
    iterations: int | None = None
    seconds: float | None = None


@dataclasses.dataclass(frozen=True)
class RunMeta:
    """What `results.json` says besides the quantities. The run module fills it.

    Attributes:
        status: "solved", or what went wrong.
        ranks: Number of MPI ranks.
        timings: Stage -> seconds, in the order of the stages.
        memory: The result of `solver.provenance.memory`.
        mesh: Numbers of the last mesh by readable name ("cells", "worst quality", ...).
        geometry: See `GeometryMeta`; None where nothing was meshed.
        history: The passes of the refinement loop, first to last.
        history_of: Name and unit of the quantity in `history` ("excess resistance [ohm cm^2]").
        mechanics_history: The meshes of the mechanics, first to last.
        mechanics_history_of: As `history_of` ("energy release rate [J/m^2]").
        solver: Readable name -> number or text ("Krylov iterations", "preconditioner", ...).
        notes: Sentences for the report ("the bounds do not cover ...").
        files: SHA-256 of every file that the case reads, taken before it was solved.
    """

    status: str
    ranks: int
    timings: dict[str, float]
    memory: dict[str, Any]
    mesh: dict[str, Any]
    geometry: GeometryMeta | None
    history: tuple[Level, ...] = ()
    history_of: str = ""
    mechanics_history: tuple[Level, ...] = ()
    mechanics_history_of: str = ""
    solver: dict[str, Any] = dataclasses.field(default_factory=dict)
    notes: tuple[str, ...] = ()
    files: dict[str, str] = dataclasses.field(default_factory=dict)


# --- the folder ---------------------------------------------------------------------------------


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error


def is_run_folder(folder: Path) -> bool:
    """Whether liface has made this folder: it has a results.json that says so."""
    try:
        content = json.loads((folder / RESULTS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and content.get("program") == "liface"


def _check_replaceable(out: Path) -> None:
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise OutputError(f"{out}: exists and is not a folder; choose another output folder")
    if out.is_dir() and not is_run_folder(out) and not LEFT_BY_FAILURE.issuperset(os.listdir(out)):
        raise OutputError(
            f"{out}: exists and is not the folder of a run, so it is not replaced;"
            " choose another output folder"
        )
    inside = sorted(out.glob(f"*/{RESULTS}")) + sorted(out.glob(f"*/*/{RESULTS}"))
    others = [path.parent for path in inside if "variants" not in path.relative_to(out).parts]
    if others:
        raise OutputError(
            f"{out}: holds {others[0].relative_to(out)} of another run, so it is not replaced;"
            " choose another output folder"
        )
    if is_run_folder(out.parent):
        raise OutputError(
            f"{out.parent}: is the folder of a run, so no others are put into it;"
            " choose another output folder"
        )


def begin(out: Path) -> Path:
    """Make the folder in which a run is put together, `<out>.partial-<time>-<process>`.

    Raises:
        OutputError: It cannot be made, or `out` exists and is not a run folder.
    """
    out = Path(os.path.abspath(out))
    partial = out.with_name(f"{out.name}.partial-{time.strftime('%Y%m%dT%H%M%S')}-{os.getpid()}")
    with _writing(out):
        _check_replaceable(out)
        _remove_leftovers(out)
        partial.mkdir(parents=True)
    return partial


def _remove_leftovers(out: Path) -> None:
    """Remove what killed runs of the same name have left: nobody holds the lock on their log."""
    for leftover in out.parent.glob(f"{glob.escape(out.name)}.partial-*"):
        try:
            with (leftover / LOG).open("rb") as log:
                fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(leftover)
        except OSError:
            continue  # in use, of somebody else, or too young to have a log


def finish(partial: Path, out: Path, keep_variants: bool = False) -> Path:
    """Give a complete run its final name; an older run of that name is replaced.

    Args:
        partial: The filled folder.
        out: Its final name.
        keep_variants: Keep the runs of variants that lie in the older folder.

    Returns:
        The absolute path of the run folder.

    Raises:
        OutputError: `partial` holds no results, or `out` is not ours, or it cannot be renamed.
    """
    out = Path(os.path.abspath(out))
    if not is_run_folder(partial):
        raise OutputError(f"{partial}: has no {RESULTS}, so it is not a finished run")
    old = out.with_name(f"{out.name}.old-{os.getpid()}")
    with _writing(out):
        _check_replaceable(out)
        if out.is_dir():
            out.rename(old)
        if keep_variants and (old / "variants").is_dir():
            (old / "variants").rename(partial / "variants")
        partial.rename(out)
        if old.is_dir():
            shutil.rmtree(old)
    return out


def abandon(partial: Path) -> None:
    """Remove an unfinished folder; nothing happens when it is gone."""
    shutil.rmtree(partial, ignore_errors=True)


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write a file so that it is there either as a whole or not at all.

    Raises:
        OutputError: It cannot be written.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with _writing(path):
        try:
            beside.write_bytes(data)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)


# --- results.json -------------------------------------------------------------------------------


def quantity_entry(quantity: "Quantity", references: Sequence["Reference"]) -> dict[str, Any]:
    """The object of one quantity under the key `quantities` of results.json.

    An infinite value becomes the text "unbounded". The keys `reported`, `source`, `grade`, `hit`,
    `reason` and `relation` are there only where the case gives a reference.
    """
    entry = dict(plain(quantity))
    if isinstance(quantity.value, float) and math.isinf(quantity.value):
        entry["value"] = "unbounded"
    if quantity.reported is None and not (quantity.source or quantity.grade):
        for key in ("reported", "source", "grade", "hit", "reason"):
            del entry[key]
    for reference in references:
        if (reference.quantity, reference.source) == (quantity.name, quantity.source):
            entry["relation"] = reference.relation
    return entry


def write_results(
    folder: Path, case: "Case", quantities: Sequence["Quantity"], meta: RunMeta, resolved: str
) -> Path:
    """Write `results.json`.

    Args:
        folder: The run folder.
        case: Its title, question, paper, path and inputs are copied, and from its references how
            the values are compared.
        quantities: All quantities of interest, in the order of the report.
        meta: Everything else.
        resolved: The text of the case that was solved, with the calibrated value if one was asked
            for. Its SHA-256 is `case_hash`; `input_hash` is that of the copy `case.resolved.toml`.

    Raises:
        OutputError: The file cannot be written.
    """
    copy = folder / "case.resolved.toml"
    content = {
        "program": "liface",
        "format": 1,
        "title": case.title,
        "question": case.question,
        "paper": case.paper,
        "case": Path(case.path).name,
        "case_hash": _hash(resolved.encode("utf-8")),
        "input_hash": _hash(copy.read_bytes() if copy.is_file() else b""),
        "files": meta.files,
        "status": meta.status,
        "quantities": [quantity_entry(quantity, case.references) for quantity in quantities],
        "inputs": list(case.inputs),
        "mesh": meta.mesh,
        "geometry": meta.geometry,
        "history_of": meta.history_of,
        "history": list(meta.history),
        "mechanics_history_of": meta.mechanics_history_of,
        "mechanics_history": list(meta.mechanics_history),
        "solver": meta.solver,
        "notes": list(meta.notes),
        "ranks": meta.ranks,
        "timings": meta.timings,
        "memory": meta.memory,
        "versions": versions(),
        "commit": commit(),
        "source_hash": source_hash(),
        "written": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }
    path = folder / RESULTS
    write_atomic(path, strict_json(content))
    return path


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def write_case_copies(folder: Path, sources: Sequence[tuple[str, bytes]], resolved: str) -> None:
    """Write `case.original.toml`, its bases, and `case.resolved.toml`.

    Args:
        folder: The run folder.
        sources: File name and exact bytes of the case file, then of its bases; a base becomes
            `case.base-<n>.<name>`.
        resolved: The text of the resolved case.

    Raises:
        OutputError: A file cannot be written.
    """
    for n, (name, content) in enumerate(sources):
        target = "case.original.toml" if n == 0 else f"case.base-{n}.{Path(name).name}"
        write_atomic(folder / target, content)
    write_atomic(folder / "case.resolved.toml", resolved)


# --- the log -----------------------------------------------------------------------------------


@contextmanager
def open_log(folder: Path, ranks: int) -> Iterator[logging.Logger]:
    """Let the logger "liface" write to `run.log` of a run folder, which begins with the versions.

    Raises:
        OutputError: The log cannot be opened.
    """
    path = folder / LOG
    with _writing(path):
        file = path.open("a", encoding="utf-8")
    with suppress(OSError):  # a file system without locks
        fcntl.flock(file, fcntl.LOCK_EX)  # says that this run is alive
    handler = logging.StreamHandler(file)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    LOGGER.addHandler(handler)
    level = LOGGER.level
    LOGGER.setLevel(min(level, logging.INFO) if level else logging.INFO)
    try:
        LOGGER.info("%s", ", ".join(f"{name} {text}" for name, text in versions().items()))
        LOGGER.info("commit %s, sources %.12s, %d rank(s)", commit(), source_hash(), ranks)
        yield LOGGER
    finally:
        LOGGER.removeHandler(handler)
        LOGGER.setLevel(level)
        handler.close()
        file.close()


def log_end(meta: RunMeta) -> None:
    """Log the time per stage and the memory."""
    for stage, seconds in meta.timings.items():
        LOGGER.info("time  %-24s %9.2f s", stage, seconds)
    for name, number in meta.memory.items():
        LOGGER.info("memory  %s: %s", name, number)


def in_components(name: str, unit: str, axisymmetric: bool) -> str:
    """Name of an array with its unit; in axisymmetry it says that x, y, z are r, z, theta."""
    return f"{name} (r, z, theta) [{unit}]" if axisymmetric else f"{name} [{unit}]"


def face_file(name: str) -> str:
    """The stem of the files of a boundary or interface: `face_` and its name, safe for a path."""
    safe = "".join(c if c.isalnum() or c in "_-" else "_" for c in name)
    return f"face_{safe}"
