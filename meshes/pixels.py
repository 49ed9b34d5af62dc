"""Reads segmented pictures.

A picture has rows from the top downwards, a stack of them (`.npy` of three axes, `.tif` of several
pages) begins at the bottom of the cell; the first row of its pictures is at the back (largest y).
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from meshes.mesh import MeshError

Pixels = NDArray[np.int64]
MOST_PIXELS = 40_000_000


def pixels_of(file: str) -> Pixels:
    """Values of the pixels along x (and y) and upwards.

    Raises:
        MeshError: the file cannot be read, or has no whole numbers on two or three axes.
    """
    path = Path(file)
    try:
        if path.suffix.lower() == ".npy":
            found = np.load(path, allow_pickle=False)
        elif path.suffix.lower() in (".tif", ".tiff"):
            found = _pages(path)
        else:
            raise MeshError(f"mesh: {path.name} is neither .npy nor .tif")
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise MeshError(f"mesh: {path.name} cannot be read: {error}") from error
    found = np.asarray(found)
    if found.dtype == bool:
        found = found.astype(np.int64)
    if found.ndim not in (2, 3) or found.dtype.kind not in "iu" or not found.size:
        raise MeshError(
            f"mesh: {path.name} has {found.ndim} axes of {found.dtype}: whole numbers on two axes "
            "(rows, columns) or three (pictures, rows, columns)"
        )
    if found.size > MOST_PIXELS:
        raise MeshError(f"mesh: {path.name} has more than {MOST_PIXELS} pixels")
    if found.ndim == 2:
        return np.asarray(found[::-1].T, dtype=np.int64)
    return np.asarray(found[:, ::-1].transpose(2, 1, 0), dtype=np.int64)


def _pages(path: Path) -> NDArray[np.int64]:
    from PIL import Image, ImageSequence  # brings its readers of files

    with Image.open(path) as picture:
        pages = [np.asarray(page) for page in ImageSequence.Iterator(picture)]
    stack = np.stack(pages).astype(np.int64)
    return stack[0] if len(pages) == 1 else stack


def pixel_counts(file: str) -> tuple[int, ...]:
    """Pixels along every axis of the cell; () if there is no such picture."""
    try:
        return tuple(int(n) for n in pixels_of(file).shape)
    except MeshError:
        return ()
