"""Segmented pictures: every pixel is a box of the lattice, its faces as they are or smoothed.

Smoothed faces are level sets: the indicator of a region, averaged by a Gaussian of one pixel, is
one half at a flat face; there its slope is 1/sqrt(2 pi) per pixel, which makes a distance of it.
Offsets of the levels keep the volume that the pixels of every region have.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from meshes.fitting import Phase, background
from meshes.labelling import Level
from meshes.lattice import Lattice, evenly
from meshes.micro import Segmented, feature_names
from meshes.pixels import pixels_of

Floats = NDArray[np.float64]


def lattice_of_image(micro: Segmented) -> Lattice:
    """One box for every pixel."""
    axes = tuple(evenly(s, n) for s, n in zip(micro.body.sizes, micro.pixels, strict=True))
    periodic = tuple(period > 0.0 for period in micro.body.periods)
    return Lattice(axes, periodic, np.zeros(len(axes[-1]), bool))


def phase_of_pixels(micro: Segmented) -> NDArray[np.int64]:
    """Number of the region of every pixel."""
    names = feature_names(micro)
    values = np.array([value for value, _ in micro.values])
    places = np.array([names.index(name) for _, name in micro.values])
    order = np.argsort(values)
    at = np.searchsorted(values[order], pixels_of(micro.file))
    return np.asarray(places[order][at], dtype=np.int64)


def labels_of_image(micro: Segmented) -> NDArray[np.int64]:
    """Phase of every cell of the lattice."""
    return np.repeat(phase_of_pixels(micro).ravel(), math.factorial(len(micro.pixels)))


def phases_of_image(micro: Segmented) -> list[Phase]:
    """A phase for every region, with the volume of its pixels."""
    names, pixels = feature_names(micro), phase_of_pixels(micro)
    share = math.prod(micro.body.sizes) / pixels.size
    phases = []
    for index, name in enumerate(names):
        volume = share * int((pixels == index).sum())
        level = background if index == len(names) - 1 else _level(micro, pixels == index)
        phases.append(Phase(name, level, volume))
    return phases


def _level(micro: Segmented, inside: NDArray[np.bool_]) -> Level:
    """About the distance from the smoothed face of a region, in um."""
    body = micro.body
    modes = ["wrap" if period > 0.0 else "nearest" for period in body.periods]
    blurred = gaussian_filter(inside.astype(np.float64), 1.0, mode=modes)
    scale = np.array([n / s for n, s in zip(micro.pixels, body.sizes, strict=True)])
    padded = blurred
    for axis, period in enumerate(body.periods):
        width = [(1, 1) if i == axis else (0, 0) for i in range(inside.ndim)]
        padded = np.pad(padded, width, mode="wrap" if period > 0.0 else "edge")

    def level(points: Floats) -> Floats:
        wrapped = points.copy()
        for axis, period in enumerate(body.periods):
            if period > 0.0:
                wrapped[:, axis] %= period
        places = wrapped * scale + 0.5  # of pixel centres, one more for the padding
        found = map_coordinates(padded, places.T, order=1, mode="nearest")
        return np.asarray((0.5 - found) * math.sqrt(2.0 * math.pi) / scale.max(), dtype=np.float64)

    return level
