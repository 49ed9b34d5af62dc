"""The cache of meshes: what was built once is not built again."""

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import gmsh

from meshes.build import DATA_NAME, MESH_NAME, build
from meshes.contents import digest, files_read
from meshes.geometry import Geometry
from meshes.mesh import BuiltMesh, MeshError, from_json
from meshes.sizing import MeshSize

SCRATCH = ".building-"
DAY = 86400.0  # s
CACHE_LIMIT = 1e9  # bytes; what was used within a day stays even above it


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
        with suppress(OSError):  # a cache that can only be read
            os.utime(place)
        return known
    try:
        cache_folder.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(cache_folder)
        _remove_oldest(cache_folder)
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


def _remove_oldest(cache_folder: Path) -> None:
    """Remove meshes not used for a day, those first whose last use is longest ago, above a size."""
    entries = [path for path in cache_folder.iterdir() if not path.name.startswith(SCRATCH)]
    used = {path: path.stat().st_mtime for path in entries}
    size = {path: sum(file.stat().st_size for file in path.glob("*")) for path in entries}
    total = sum(size.values())
    for path in sorted(entries, key=used.__getitem__):
        if total <= CACHE_LIMIT or time.time() - used[path] <= DAY:
            break
        total -= size[path]
        shutil.rmtree(path, ignore_errors=True)


def _key(geometry: Geometry, size: MeshSize, omit: tuple[str, ...]) -> str:
    """Hash of everything a mesh depends on: input, Gmsh, this package, files it is made from."""
    hashed = hashlib.sha256(repr((geometry, size, omit, gmsh.__version__)).encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        hashed.update(source.read_bytes())
    for name in files_read(geometry):
        hashed.update(digest(name).encode())
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
