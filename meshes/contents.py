"""What stands in the files that a geometry is made from: the same names do not make it the same."""

import hashlib
from pathlib import Path

from meshes.formats import beside
from meshes.geometry import Geometry, MeshFile
from meshes.micro import Micro, files_of


def files_read(geometry: Geometry) -> tuple[str, ...]:
    """Files that a geometry is made from: a mesh and its data, pictures, maps of heights."""
    if isinstance(geometry, MeshFile):
        return (geometry.path, *beside(geometry.path))
    return files_of(geometry) if isinstance(geometry, Micro) else ()


def digest(path: str) -> str:
    """SHA-256 of a file; "" where it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
