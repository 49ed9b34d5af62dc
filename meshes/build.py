"""Build a mesh and write it, or take it from a cache."""

import hashlib
import math
import shutil
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import gmsh

from meshes.block import exact_measures_of_block
from meshes.checks import check, exact_measures
from meshes.cracked import build_block
from meshes.faults import faults
from meshes.file import put_into_gmsh, read_mesh
from meshes.geometry import (
    Block,
    Cell,
    Geometry,
    MeshFile,
    Names,
    cell_area,
    dimension,
    multiplicity,
    open_area,
    unmeshed,
)
from meshes.mesh import BuiltMesh, MeshError, MeshReport, SliverError, from_json, to_json
from meshes.names import names
from meshes.section import Model, build_section
from meshes.sizing import MeshSize, size_faults, varied
from meshes.solid import build_solid

MESH_NAME = "mesh.msh"
DATA_NAME = "mesh.json"
ATTEMPTS = 4
SCRATCH = ".building-"
DAY = 86400.0  # s


@contextmanager
def gmsh_model() -> Iterator[None]:
    """An empty Gmsh model with reproducible options; Gmsh's errors become MeshError."""
    started = not gmsh.isInitialized()
    if started:
        main = threading.current_thread() is threading.main_thread()
        gmsh.initialize([], readConfigFiles=False, interruptible=main)
    gmsh.model.add("liface")
    options = {
        "General.Terminal": 0,
        "General.NumThreads": 1,  # the order of elements must not depend on the machine
        "Mesh.RandomSeed": 1,
        "Mesh.MeshSizeFromPoints": 0,
        "Mesh.MeshSizeFromCurvature": 0,
        "Mesh.MeshSizeExtendFromBoundary": 0,
        "Mesh.MshFileVersion": 4.1,
        "Mesh.Binary": 1,
        "Mesh.SaveAll": 0,
    }
    for key, value in options.items():
        gmsh.option.setNumber(key, value)
    try:
        yield
    except MeshError:
        raise
    except Exception as error:  # Gmsh raises plain Exception
        raise MeshError(f"mesh: Gmsh failed: {error}") from error
    finally:
        gmsh.model.remove()
        if started:
            gmsh.finalize()


def build(geometry: Geometry, size: MeshSize, omit: Iterable[str], folder: Path) -> BuiltMesh:
    """Mesh a geometry and write `mesh.msh` and `mesh.json` into a folder.

    Args:
        geometry: what to mesh.
        size: element sizes; no effect for a mesh file.
        omit: regions to leave out; their surfaces become boundaries.
        folder: existing folder.

    Raises:
        MeshError: the geometry is impossible, Gmsh fails, or the mesh is not as it should be.
    """
    left_out = tuple(sorted(set(omit)))
    _refuse(geometry, size, left_out)
    if isinstance(geometry, MeshFile):
        file = read_mesh(geometry, left_out)
        with gmsh_model():
            model = Model(put_into_gmsh(file, geometry.dimension), {}, 0.0, {}, (), (), {})
            built = _finish(geometry, file.names, model, left_out, folder, time.monotonic())
    else:
        built = _build_cell(geometry, size, left_out, folder)
    (folder / DATA_NAME).write_text(to_json(built), encoding="utf-8")
    return built


def _build_cell(
    cell: Cell | Block, size: MeshSize, omit: tuple[str, ...], folder: Path
) -> BuiltMesh:
    """Mesh a cell; where there are slivers, again with slightly other sizes."""
    start = time.monotonic()
    for attempt in range(ATTEMPTS):
        attempted = varied(replace(size, seed=size.seed + attempt * 1000003))
        try:
            with gmsh_model():
                model = _mesh(cell, attempted, omit)
                return _finish(cell, names(cell, omit), model, omit, folder, start)
        except SliverError:
            if attempt == ATTEMPTS - 1:
                raise
    raise MeshError("mesh: no attempt")


def _mesh(cell: Cell | Block, size: MeshSize, omit: tuple[str, ...]) -> Model:
    if isinstance(cell, Block):
        return build_block(cell, size, omit)
    builder = build_solid if dimension(cell) == "3d" else build_section
    return builder(cell, size, omit)


def _finish(
    geometry: Geometry,
    found: Names,
    model: Model,
    omit: tuple[str, ...],
    folder: Path,
    start: float,
) -> BuiltMesh:
    """Name, check and write the mesh of the current Gmsh model."""
    tags = _name_groups(found, model)
    groups = {name: model.groups[name] for name in tags}
    exact = _exact_measures(geometry, model, omit)
    kind = dimension(geometry)
    report = check(groups, found.interfaces, exact, model.extruded, kind)
    gmsh.write(str(folder / MESH_NAME))
    times, area, opening, left = _whole_cell(geometry, report, omit)
    return BuiltMesh(
        path=folder / MESH_NAME,
        dimension=kind,
        regions={name: tags[name] for name in found.regions},
        facets={name: tags[name] for name in (*found.boundaries, *found.interfaces)},
        boundaries=found.boundaries,
        interfaces=found.interfaces,
        multiplicity=times,
        cell_area=area,
        open_area=opening,
        unmeshed=left,
        arcs=model.arcs,
        singular_edges=model.singular_edges,
        report=replace(report, seconds=time.monotonic() - start),
    )


def _exact_measures(
    geometry: Geometry, model: Model, omit: tuple[str, ...]
) -> dict[str, float] | None:
    match geometry:
        case Cell():
            return exact_measures(geometry, model, omit)
        case Block():
            return exact_measures_of_block(geometry, omit)
        case MeshFile():
            return None


def _name_groups(found: Names, model: Model) -> dict[str, int]:
    """Make the physical groups; tag of each name, regions first."""
    every = (*found.regions, *found.boundaries, *found.interfaces)
    tags = {name: tag for tag, name in enumerate(every, start=1)}
    for name, tag in tags.items():
        entities = model.groups.get(name)
        if not entities:
            raise MeshError(f"mesh: {name} is missing")
        dim = entities[0][0]
        gmsh.model.addPhysicalGroup(dim, sorted({entity for _, entity in entities}), tag, name)
    if odd := set(model.groups) - set(every):
        raise MeshError(f"mesh: unexpected names: {', '.join(sorted(odd))}")
    return tags


def _whole_cell(
    geometry: Geometry, report: MeshReport, omit: tuple[str, ...]
) -> tuple[float, float, float, dict[str, float]]:
    """Multiplicity, area and open area of the whole cell, thickness left out.

    For a mesh file the open area is that of its boundary `window`, and the area of the cell, if
    not given, that of `top`; 0 without these.
    """
    if isinstance(geometry, Cell):
        areas = cell_area(geometry), open_area(geometry)
        return multiplicity(geometry), *areas, unmeshed(geometry, omit)
    if isinstance(geometry, Block):
        wide = geometry.width
        area = wide if geometry.shape == "block" else math.pi * wide**2
        return 1.0, area, 0.0, {}
    measured = {facet.name: facet.computed * geometry.multiplicity for facet in report.facets}
    area = measured.get("top", 0.0) if geometry.cell_area is None else geometry.cell_area
    return geometry.multiplicity, area, measured.get("window", 0.0), {}


def _refuse(geometry: Geometry, size: MeshSize, omit: tuple[str, ...]) -> None:
    """Raise MeshError with all faults of the input, if there are any."""
    found = [*faults(geometry), *size_faults(size)]
    reasons = [f"{fault.key} = {fault.given}: expected {fault.expected}" for fault in found]
    if not reasons:
        there = names(geometry).regions
        reasons = [
            f"omit: no region {name}; one of {', '.join(there)}"
            for name in omit
            if name not in there
        ]
        if not names(geometry, omit).regions:
            reasons.append("omit: no region is left")
    if reasons:
        raise MeshError("mesh: " + "; ".join(reasons))


def cached(
    geometry: Geometry, size: MeshSize, omit: Iterable[str], cache_folder: Path
) -> BuiltMesh:
    """As `build`, in a subfolder of the cache named by a hash of all that makes the mesh.

    A mesh is built beside its place and renamed, so an interrupted run leaves none that looks
    finished. An entry whose files do not fit their checksums is built again.

    Raises:
        MeshError: as `build`, or the cache cannot be written.
    """
    left_out = tuple(sorted(set(omit)))
    place = cache_folder / _key(geometry, size, left_out)
    known = _read_entry(place)
    if known is not None:
        return known
    try:
        cache_folder.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(cache_folder)
        with tempfile.TemporaryDirectory(dir=cache_folder, prefix=SCRATCH) as scratch:
            work = Path(scratch) / "mesh"
            work.mkdir()
            build(geometry, size, left_out, work)
            (work / "sha256").write_text(_checksums(work), encoding="ascii")
            _move_in(work, place)
    except OSError as error:
        raise MeshError(f"mesh: cannot write to the cache {cache_folder}: {error}") from error
    done = _read_entry(place)
    if done is None:
        raise MeshError(f"mesh: {place} cannot be read back")
    return done


def _move_in(work: Path, place: Path) -> None:
    """Put a finished mesh in its place, unless another run has done so meanwhile."""
    if place.exists() and _read_entry(place) is None:
        shutil.rmtree(place)
    try:
        work.rename(place)
    except OSError:
        if _read_entry(place) is None:
            raise


def _remove_leftovers(cache_folder: Path) -> None:
    """Remove what builds that were killed left behind more than a day ago."""
    for scratch in cache_folder.glob(f"{SCRATCH}*"):
        if time.time() - scratch.stat().st_mtime > DAY:
            shutil.rmtree(scratch, ignore_errors=True)


def _key(geometry: Geometry, size: MeshSize, omit: tuple[str, ...]) -> str:
    """Hash of everything a mesh depends on: input, Gmsh, this package, the mesh file."""
    hashed = hashlib.sha256(repr((geometry, size, omit, gmsh.__version__)).encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        hashed.update(source.read_bytes())
    if isinstance(geometry, MeshFile) and Path(geometry.path).is_file():
        hashed.update(Path(geometry.path).read_bytes())
    return hashed.hexdigest()[:32]


def _checksums(folder: Path) -> str:
    return "\n".join(
        hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in (MESH_NAME, DATA_NAME)
    )


def _read_entry(place: Path) -> BuiltMesh | None:
    """A cache entry; None if it is not there or not sound."""
    try:
        if (place / "sha256").read_text(encoding="ascii") != _checksums(place):
            return None
        return from_json((place / DATA_NAME).read_text(encoding="utf-8"), place)
    except (OSError, ValueError, KeyError, TypeError):
        return None
