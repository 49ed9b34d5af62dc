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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from meshes.geometry import Cell, Cross, Round, Slit, TwoDiscs
from solver.plain import plain, strict_json
from solver.provenance import commit, source_hash, versions

if TYPE_CHECKING:
    from meshes.geometry import Geometry
    from meshes.mesh import BuiltMesh
    from solver.quantities import Quantity
    from solver.schema import Case, Reference

LOGGER = logging.getLogger("liface")
RESULTS = "results.json"
SUMMARY = "summary.json"
CAPTIONS = "captions.json"
REPORT = "report.html"
LOG = "run.log"
FIELDS = "fields"  # fields.pvd, fields.pvtu, fields_p0.vtu ...
POTENTIAL = "potential [V]"
CURRENT = "current density [mA/cm^2]"  # in the bulk a vector; on a face its outward normal part
REGION = "region [-]"
INDICATOR = "gap indicator [-]"
LEFT_BY_FAILURE = {"error.log", "variants", "summary.json", "summary.html", "summary.txt"}
MIRRORS: dict[str, tuple[str, ...]] = {
    "strip": ("x",),
    "tube": ("x",),
    "half_space": ("x",),
    "round": ("x", "y"),
    "square": ("x", "y"),
    "half_space_3d": ("x", "y"),
    "hexagon": ("hexagon",),
}


class OutputError(Exception):
    """Something could not be written, or would replace what is not ours. Its text says what."""


@dataclasses.dataclass(frozen=True)
class GeometryMeta:
    """What the pictures have to know about the geometry. Lengths in micrometre.

    Attributes:
        dimension: "plane" (x, y), "axisymmetric" (x is r, y is z) or "3d".
        shape: The shape of the cell ("strip", "tube", ..., "file" for a mesh from a file).
        mirror: The planes through the origin that complete the meshed part to the whole cell: "x"
            mirrors x to -x. For an axisymmetric cell ("x",), for a hexagon ("hexagon",), which
            stands for the twelve images of the 30 degree wedge.
        multiplicity: The whole cell is this many times the meshed part.
        width: The width of the whole cell.
        opening: The full width or the diameter of the opening, from outer rim to outer rim for two
            discs; 0 without one.
        opening_kind: "none", "slit", "round", "cross", "two_discs".
        film: The thickness of the film; None without a film.
        film_model: "layer", "interface" or "none".
        regions: Region name -> number in the array "region [-]".
        faces: Boundary or interface name -> stem of its file (`face_file(name)`).
        unmeshed: Layer name -> thickness that is not meshed but counted as a series resistance.
        cell_area: Area of the whole cell in um^2 (plane: um, per um of depth); 0 for a half space.
        open_area: Area of the opening of the whole cell.
    """

    dimension: Literal["plane", "axisymmetric", "3d"]
    shape: str
    mirror: tuple[str, ...]
    multiplicity: float
    width: float
    opening: float
    opening_kind: str
    film: float | None
    film_model: str
    regions: dict[str, int]
    faces: dict[str, str]
    unmeshed: dict[str, float]
    cell_area: float
    open_area: float


@dataclasses.dataclass(frozen=True)
class Level:
    """One pass of the refinement loop: bounds of the quantity that `accuracy` refers to."""

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
        solver: Readable name -> number or text ("Krylov iterations", "preconditioner", ...).
        notes: Sentences for the report ("the bounds do not cover ...").
    """

    status: str
    ranks: int
    timings: dict[str, float]
    memory: dict[str, Any]
    mesh: dict[str, Any]
    geometry: GeometryMeta | None
    history: tuple[Level, ...] = ()
    history_of: str = ""
    solver: dict[str, Any] = dataclasses.field(default_factory=dict)
    notes: tuple[str, ...] = ()


def geometry_meta(
    geometry: "Geometry | None", built: "BuiltMesh", faces: Mapping[str, str]
) -> GeometryMeta:
    """What the pictures have to know, from the geometry of a case and its mesh.

    Args:
        geometry: The geometry of the case.
        built: The mesh.
        faces: Name -> stem of the files of the faces that were written.
    """
    shape, width, film, model = "file", 0.0, None, "none"
    mirror: tuple[str, ...] = ()
    opening, kind = 0.0, "none"
    if isinstance(geometry, Cell):
        shape, width, mirror = geometry.shape, geometry.width, MIRRORS[geometry.shape]
        if geometry.film is not None:
            film, model = geometry.film.thickness, geometry.film.model
        match geometry.opening:
            case Slit(width=size):
                opening, kind = size, "slit"
            case Round(radius=radius):
                opening, kind = 2 * radius, "round"
            case Cross(width=size):
                opening, kind = size, "cross"
            case TwoDiscs(radius=radius, distance=distance):
                opening, kind = distance + 2 * radius, "two_discs"
    return GeometryMeta(
        dimension=built.dimension,
        shape=shape,
        mirror=mirror,
        multiplicity=built.multiplicity,
        width=width,
        opening=opening,
        opening_kind=kind,
        film=film,
        film_model=model,
        regions=dict(built.regions),
        faces=dict(faces),
        unmeshed=dict(built.unmeshed),
        cell_area=built.cell_area or 0.0,
        open_area=built.open_area,
    )


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
        "status": meta.status,
        "quantities": [quantity_entry(quantity, case.references) for quantity in quantities],
        "inputs": list(case.inputs),
        "mesh": meta.mesh,
        "geometry": meta.geometry,
        "history_of": meta.history_of,
        "history": list(meta.history),
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


def face_file(name: str) -> str:
    """The stem of the files of a boundary or interface: `face_` and its name, safe for a path."""
    safe = "".join(c if c.isalnum() or c in "_-" else "_" for c in name)
    return f"face_{safe}"
