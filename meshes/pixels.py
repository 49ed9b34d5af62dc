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
LARGEST = 2**53  # label: beyond it floating-point numbers are no longer all whole ones
COLOURS = (3, 4)  # values of a pixel of a colour picture
LEAST_PICTURE = 8  # pixels along both sides of what may be a colour picture, not a stack


def pixels_of(file: str) -> Pixels:
    """Values of the pixels along x (and y) and upwards.

    Raises:
        MeshError: the file cannot be read, or has no whole numbers on two or three axes.
    """
    path = Path(file)
    try:
        if path.suffix.lower() == ".npy":
            found = np.load(path, allow_pickle=False)
            _refuse_colours(found, path)
        elif path.suffix.lower() in (".tif", ".tiff"):
            found = _pages(path)
        else:
            raise MeshError(f"mesh: {path.name} is neither .npy nor .tif")
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise MeshError(f"mesh: {path.name} cannot be read: {error}") from error
    found = np.asarray(found)
    if found.dtype.kind in "uf" and found.size and not np.abs(found).max() <= LARGEST:
        raise MeshError(
            f"mesh: {path.name} has pixels that are no numbers or more than {LARGEST}: expected "
            "the grey or the label of a region"
        )
    if found.dtype == bool:
        found = found.astype(np.int64)
    if found.dtype.kind == "f" and (found == np.rint(found)).all():
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
        pages = []
        for page in ImageSequence.Iterator(picture):
            pixels, bands = np.asarray(page), page.getbands()
            if pixels.ndim == 3:
                # the same grey in red, green and blue is one value for each pixel
                if bands != ("R", "G", "B") or (pixels != pixels[..., :1]).any():
                    raise MeshError(f"mesh: {path.name} {_in_colours(bands)}")
                pixels = pixels[..., 0]
            pages.append(pixels)
    stack = np.stack(pages)
    return stack[0] if len(pages) == 1 else stack


def _in_colours(bands: tuple[str, ...]) -> str:
    """What is wrong with a picture of several values for each pixel."""
    return (
        f"is a picture of {len(bands)} values for each pixel ({', '.join(bands)}): expected one, "
        "the grey or the label of its region; save it as such, without colours or transparency"
    )


def _refuse_colours(pixels: NDArray[np.generic], path: Path) -> None:
    """MeshError for an array of bytes whose last axis is that of colours, not of a stack."""
    colours = pixels.ndim == 3 and pixels.shape[-1] in COLOURS and pixels.dtype == np.uint8
    if colours and min(pixels.shape[:2]) >= LEAST_PICTURE:
        raise MeshError(
            f"mesh: {path.name} has the shape {pixels.shape}, as a colour picture has: expected "
            "one value for each pixel (rows, columns), or a stack (pictures, rows, columns) of "
            "pictures that are wider"
        )


def pixel_counts(file: str) -> tuple[int, ...]:
    """Pixels along every axis of the cell; () if there is no such picture."""
    try:
        return tuple(int(n) for n in pixels_of(file).shape)
    except MeshError:
        return ()
