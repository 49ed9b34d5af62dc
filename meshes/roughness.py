"""Height and correlation length of rough faces in a mesh, next to those asked for.

The rms is that of the height of the straight facets over the plane. The correlation length is
where the correlation of heights, on a grid between the nodes and averaged over all directions, has
fallen to 1/e; as the mean height is zero, in a small cell that is a little sooner than asked for.
"""

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from scipy.interpolate import griddata

from meshes.lattice import Adjacent, Floats, Ints
from meshes.micro import Rough

FALLEN = math.exp(-1.0)


def faces_told(
    micro: Rough, points: Floats, cells: Ints, owners: Ints, names: Sequence[str],
    pairs: Callable[[], Iterable[Adjacent]],
) -> list[str]:  # fmt: skip
    """What every rough face without pits has, in words.

    Args:
        micro: the stack.
        points: coordinates, shape (nodes, dim), um.
        cells: node numbers, shape (cells, dim + 1).
        owners: place of the region of every cell among the names.
        names: of the regions: pits, then layers from below.
        pairs: gives the cells on both sides of all facets.
    """
    out = []
    for face in micro.faces:
        if micro.pits is not None and micro.pits.layer == face.layer:
            continue
        rows = []
        under = owners <= names.index(face.layer)
        if micro.pits is not None:  # those of another face
            inside = names.index(micro.pits.layer) <= names.index(face.layer)
            under = np.where(owners == names.index(micro.pits.name), inside, under)
        for pair in pairs():
            if pair.side is not None:
                continue
            columns = [c for c in range(cells.shape[1]) if c != pair.opposite]
            between = under[pair.cells] != under[pair.others]
            rows.append(cells[pair.cells[between]][:, columns])
        corners = points[np.concatenate(rows)]
        rms, correlation = rms_of(corners), correlation_of(corners, micro)
        text = f"face of {face.layer}: rms {rms:.4g} um"
        asked = "" if face.file else f" ({face.rms:.4g} um asked for)"
        text += f"{asked}, correlation {correlation:.4g} um"
        out.append(text + ("" if face.file else f" ({face.correlation:.4g} um asked for)"))
    return out


def rms_of(corners: Floats) -> float:
    """Root mean square over the plane of the height of facets, shape (facets, dim, dim), um."""
    sides = corners[:, 1:, :-1] - corners[:, :1, :-1]
    dim = corners.shape[1]
    areas = np.abs(np.linalg.det(sides))
    middle = float((areas * corners[:, :, -1].mean(axis=1)).sum() / areas.sum())
    z = corners[:, :, -1] - middle
    squares = (z.sum(axis=1) ** 2 + (z**2).sum(axis=1)) / (dim * (dim + 1))
    return math.sqrt(float((areas * squares).sum() / areas.sum()))


def correlation_of(corners: Floats, micro: Rough) -> float:
    """Distance at which the correlation of heights has fallen to 1/e, um."""
    nodes = np.unique(corners.reshape(-1, corners.shape[2]), axis=0)
    sizes = micro.body.sizes[:-1]
    shape = [max(8, 2 * round(size / micro.body.resolution)) for size in sizes]
    axes = [(np.arange(n) + 0.5) * size / n for n, size in zip(shape, sizes, strict=True)]
    plane, z = nodes[:, :-1], nodes[:, -1]
    if len(sizes) == 1:
        heights = np.interp(axes[0], plane[:, 0], z)
    else:
        heights = griddata(plane, z, tuple(np.meshgrid(*axes, indexing="ij")), method="linear")
        heights = np.where(np.isfinite(heights), heights, np.nanmean(heights))
    heights = heights - heights.mean()
    alike = np.fft.ifftn(np.abs(np.fft.fftn(heights)) ** 2).real
    ways = [np.minimum(np.arange(n), n - np.arange(n)) * s / n
            for n, s in zip(shape, sizes, strict=True)]  # fmt: skip
    away = np.sqrt(sum(grid**2 for grid in np.meshgrid(*ways, indexing="ij"))).ravel()
    step = max(size / n for n, size in zip(shape, sizes, strict=True))
    ring = np.round(away / step).astype(np.int64)
    count = np.bincount(ring)
    share = np.bincount(ring, alike.ravel()) / np.maximum(count, 1) / alike.ravel()[0]
    far = np.bincount(ring, away) / np.maximum(count, 1)
    fallen = np.flatnonzero(share < FALLEN)
    if not len(fallen):
        return math.inf
    at = int(fallen[0])
    part = (share[at - 1] - FALLEN) / (share[at - 1] - share[at])
    return float(far[at - 1] + part * (far[at] - far[at - 1]))
