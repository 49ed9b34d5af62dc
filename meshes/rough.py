"""Rough faces between layers: heights, and the phases they make.

A self-affine face has the correlation of heights (Sinha, Sirota, Garoff and Stanley, Phys. Rev. B
38, 2297, 1988)

    <h(x) h(x + r)> = rms^2 exp(-(r / correlation)^(2 H))

on a periodic grid: its Fourier transform is the spectrum; amplitudes are the roots of it, phases
are random. So rms and correlation (less its mean over the cell, as the mean height is zero) are
met on the grid, whatever the seed. The grid has two nodes in the shortest wavelength, which belongs
to the face and not to the mesh: boxes of any size see the same heights. Between the nodes of the
grid heights are cubic splines. A map of heights from a file is taken less its mean and spread over
the cell. It goes round only where the sides are periodic; at sides that are mirrors its pixels are
the cells of a grid, and it goes on as it does up to its edge.

Layers are painted from below: where the face above a layer lies below the face under it the layer
is gone, and what is above touches what is below: partial contact of two rough faces that are
pressed together. The share in contact is that of places at which they cross.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates, spline_filter

from meshes.fitting import Phase, background
from meshes.heights import map_heights
from meshes.labelling import Level
from meshes.micro import Rough, RoughFace
from meshes.pits import phase_of_pits

Floats = NDArray[np.float64]
Heights = Callable[[Floats], Floats]
EDGE = 12  # pixels beyond the edge of a map: their end is felt to 1e-7 inside
STRETCHED = 0.02  # by which pixels may be longer than wide before it is told
MANY, MOST = 100, 1600  # places along a side at which a gap is looked at


def grid_shape(face: RoughFace, sizes: tuple[float, ...]) -> tuple[int, ...]:
    """Nodes of the grid of heights of a face in a cell."""
    return tuple(max(8, round(size / face.spacing)) for size in sizes)


def synthesised(
    shape: tuple[int, ...], sizes: tuple[float, ...], face: RoughFace, seed: np.random.SeedSequence
) -> Floats:
    """Heights of a periodic self-affine face on a grid, um, mean zero and the rms asked for."""
    random = np.random.Generator(np.random.PCG64(seed))
    grids = np.meshgrid(
        *[
            np.minimum(np.arange(n), n - np.arange(n)) * s / n
            for n, s in zip(shape, sizes, strict=True)
        ],
        indexing="ij",
    )
    away = np.sqrt(sum(grid**2 for grid in grids))
    correlation = np.exp(-((away / face.correlation) ** (2.0 * face.hurst)))
    spectrum = np.maximum(np.fft.fftn(correlation).real, 0.0)
    spectrum.flat[0] = 0.0
    phase = np.fft.fftn(random.standard_normal(shape))
    phase /= np.maximum(np.abs(phase), 1e-300)
    heights = np.fft.ifftn(np.sqrt(spectrum) * phase).real
    return np.asarray(face.rms * heights / np.sqrt((heights**2).mean()), dtype=np.float64)


def face_heights(micro: Rough) -> list[Floats]:
    """Heights of every rough face above its mean plane on its grid, um; axes x (and y)."""
    seeds = np.random.SeedSequence(micro.body.seed).spawn(len(micro.faces))
    sizes = micro.body.sizes[:-1]
    out = []
    for face, seed in zip(micro.faces, seeds, strict=True):
        if not face.file:
            out.append(synthesised(grid_shape(face, sizes), sizes, face, seed))
            continue
        heights = map_heights(face, micro.body.flat)
        out.append(np.asarray(heights - heights.mean(), dtype=np.float64))
    return out


def interpolated(heights: Floats, sizes: tuple[float, ...], around: bool = True) -> Heights:
    """Cubic spline of heights: a function of points (n, dim).

    Args:
        heights: at the nodes of a periodic grid, or in the middles of pixels.
        sizes: of the cell.
        around: whether they are periodic; else their slope is kept beyond their edges.
    """
    scale = np.array([n / size for n, size in zip(heights.shape, sizes, strict=True)])
    first = 0.0 if around else EDGE - 0.5
    mode = "grid-wrap" if around else "mirror"
    if not around:
        heights = np.pad(heights, EDGE, mode="reflect", reflect_type="odd")
    smooth = spline_filter(heights, order=3, mode=mode)

    def height(points: Floats) -> Floats:
        places = points[:, :-1] * scale + first
        return np.asarray(
            map_coordinates(smooth, places.T, order=3, mode=mode, prefilter=False),
            dtype=np.float64,
        )

    return height


def rough_faces(micro: Rough) -> list[Heights]:
    """Heights of every rough face, as functions of points."""
    body = micro.body
    return [
        interpolated(heights, body.sizes[:-1], not face.file or body.periodic != "none")
        for face, heights in zip(micro.faces, face_heights(micro), strict=True)
    ]


def stretched(micro: Rough) -> str:
    """What is to be said of maps whose pixels are no squares in the cell; "" where they are."""
    said = ""
    for face, heights in zip(micro.faces, face_heights(micro), strict=True):
        if not face.file or heights.ndim == 1:
            continue
        x, y = (s / n for s, n in zip(micro.body.sizes[:-1], heights.shape, strict=True))
        if abs(x / y - 1.0) > STRETCHED:
            name = Path(face.file).name
            said += f"; {name} is stretched: its pixels are {x:.4g} um wide and {y:.4g} um deep"
    return said


def contact_shift(micro: Rough, faces: list[Heights], share: float) -> float:
    """How far the second rough face is moved down for a share of contact, um; 0 for none."""
    if share == 0.0:
        return 0.0
    low, high = micro.body.span(micro.faces[1].layer)
    grids_of = [heights.shape for heights in face_heights(micro)[:2]]
    counts = [max(MANY, min(4 * max(n), MOST)) for n in zip(*grids_of, strict=True)]
    axes = [np.arange(n) * s / n for n, s in zip(counts, micro.body.sizes[:-1], strict=True)]
    grids = np.meshgrid(*axes, indexing="ij")
    points = np.stack([*(g.ravel() for g in grids), np.zeros(grids[0].size)], axis=1)
    gap = high - low + faces[1](points) - faces[0](points)
    return float(np.quantile(gap, share))


def painted_names(micro: Rough) -> list[str]:
    """Regions of the phases, the one painted last first.

    Layers from below; with pits what is above their layer is painted over them, and their layer
    under all, so that nodes on the rims are moved to the face and to the walls of the pits.
    """
    names = [layer.name for layer in micro.body.layers]
    if micro.pits is None:
        return names
    at = names.index(micro.pits.layer)
    return [*names[:at], *names[at + 1 :], micro.pits.name, micro.pits.layer]


def phases_of_rough(micro: Rough, moved: float = 0.0) -> list[Phase]:
    """Layers, with what is rough of their upper faces, and pits, as in `painted_names`.

    Args:
        micro: the stack.
        moved: how far the second rough face is moved down, um.
    """
    body = micro.body
    faces = rough_faces(micro)
    heights = {face.layer: found for face, found in zip(micro.faces, faces, strict=True)}
    shift = {face.layer: moved for face in micro.faces[1:2]}
    below: dict[str, Level] = {}
    for layer in body.layers[:-1]:
        top = body.span(layer.name)[1] - shift.get(layer.name, 0.0)
        below[layer.name] = _below(top, heights.get(layer.name))
    below[body.layers[-1].name] = background
    if (pits := micro.pits) is None:
        return [Phase(name, level) for name, level in below.items()]
    face, above = below[pits.layer], False
    painted: dict[str, Phase] = {pits.name: phase_of_pits(micro, pits, face)}
    for name, level in below.items():
        painted[name] = Phase(name, _over(face, level) if above else level)
        above = above or name == pits.layer
    painted[pits.layer] = Phase(pits.layer, background)
    return [painted[name] for name in painted_names(micro)]


def _below(top: float, rough: Heights | None) -> Level:
    if rough is None:
        return lambda points: points[:, -1] - top
    return lambda points: points[:, -1] - top - rough(points)


def _over(face: Level, below: Level) -> Level:
    return lambda points: np.maximum(-face(points), below(points))
