"""Reads maps of heights of rough faces."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from meshes.mesh import MeshError
from meshes.micro import RoughFace

Floats = NDArray[np.float64]


def height_map(path: str) -> Floats:
    """A map of heights from a file: `.npy`, `.csv` (commas), `.tif`.

    Its first row is at the back of the cell (largest y) as in a picture.

    Raises:
        MeshError: it cannot be read or is no map.
    """
    try:
        suffix = Path(path).suffix.lower()
        if suffix == ".npy":
            found = np.load(path, allow_pickle=False)
        elif suffix == ".csv":
            found = np.loadtxt(path, delimiter=",", ndmin=2)
        else:
            from PIL import Image  # brings its readers of files

            with Image.open(path) as picture:
                found = np.asarray(picture)
        heights = np.asarray(found, dtype=np.float64)
    except (OSError, ValueError, SyntaxError) as error:
        raise MeshError(f"mesh: {path} is no map of heights: {error}") from error
    if heights.ndim not in (1, 2) or min(heights.shape) < 1 or heights.size < 4:
        raise MeshError(f"mesh: {path} has the shape {heights.shape}: expected rows of heights")
    if not np.isfinite(heights).all():
        raise MeshError(f"mesh: {path} has heights that are no numbers")
    return heights


def map_heights(face: RoughFace, flat: bool) -> Floats:
    """Heights of the map of a face, um, axes x (and y); of a plane section the first row.

    Raises:
        MeshError: it cannot be read or is no map.
    """
    heights = face.height_unit * height_map(face.file)
    if flat:
        return heights.reshape(-1) if 1 in heights.shape or heights.ndim == 1 else heights[0]
    if heights.ndim != 2 or min(heights.shape) < 2:
        raise MeshError(f"mesh: {face.file} has one row: expected a map")
    return heights[::-1].T
