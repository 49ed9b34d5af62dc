"""A conformal mesh of a microstructure that counts, or why there is none.

Solids that touch or cross in awkward ways make models of them fail, or worse, give wrong volumes.
So they are cut and meshed (`meshes.conformal`) in a process of its own with a time limit, and a
mesh counts only if its volume is that of the cell, no cell is worse than the bound, volumes are
those asked for and periodic sides match. Radii are scaled by one factor for each phase until the
mesh of straight cells has the volumes asked for.
"""

import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from meshes.adjacency import adjacent_cells
from meshes.fitting import Phase
from meshes.lattice import Adjacent, Floats, Ints, quality
from meshes.mesh import MeshError
from meshes.micro import Micro, Particles, feature_names, flats
from meshes.solids import Solids, arrays_of, first_scales, solids_of

COMMAND = (sys.executable, "-m", "meshes.conformal")
TIME_LIMIT = 300.0  # s, all passes
PASSES = 3
ENOUGH = 1e-3  # relative error of volumes after which no further pass is made
LEAST_QUALITY = 0.02
WHOLE_ERROR = 1e-6  # of the volume of the cell
VOLUME_ERROR = 0.01  # of every volume asked for
NEAR = 1e-6  # of the resolution: nodes nearer than this to a side or a plane lie in it


@dataclass(frozen=True)
class Conformal:
    """A conformal mesh.

    Attributes:
        points: coordinates, shape (nodes, 3), um.
        cells: node numbers, shape (cells, 4).
        labels: phase of every cell.
        pairs: cells on both sides of facets.
        error: largest relative error of the volumes asked for.
    """

    points: Floats
    cells: Ints
    labels: Ints
    pairs: tuple[Adjacent, ...]
    error: float


def conform(micro: Micro, phases: Sequence[Phase]) -> Conformal:
    """A conformal mesh of a microstructure.

    Args:
        micro: the microstructure.
        phases: of it, from the one painted last to the background.

    Raises:
        MeshError: there is none that counts; the message says why.
    """
    bodies = solids_of(micro)
    names = [phase.name for phase in phases]
    first = names.index(feature_names(micro)[0])
    asked = [phase.volume for phase in phases]
    whole = math.prod(micro.body.sizes)
    power = 3.0 if isinstance(micro, Particles) else 2.0
    scales = first_scales(bodies, micro.body.resolution)
    last = time.monotonic() + TIME_LIMIT
    best: Conformal | None = None
    why = ""
    for _ in range(PASSES):
        scaled = [replace(b, radii=b.radii * s) for b, s in zip(bodies, scales, strict=True)]
        try:
            points, cells, owners = _meshed(micro, scaled, last - time.monotonic())
        except MeshError:
            if best is not None:
                break
            raise
        labels = _labels(points, cells, owners, phases)
        gamma, volumes = quality(points[cells])
        sums = np.bincount(labels, volumes, len(phases))
        errors = [abs(v / a - 1.0) for v, a in zip(sums, asked, strict=True) if a is not None]
        why = _fault(float(volumes.sum()) / whole, float(gamma.min()), max(errors))
        if not (why or (best is not None and best.error <= max(errors))):
            best = Conformal(points, cells, labels, (), max(errors))
        if (max(errors) < ENOUGH and not why) or 0.0 in sums:
            break
        have = np.cumsum(sums[first:])
        wanted = 0.0
        for index, volume in enumerate(asked[first : first + len(bodies)]):
            if volume is not None:
                wanted += volume
                factor = (wanted / float(have[index])) ** (1.0 / power)
            scales[index] *= factor
    if best is None:
        raise MeshError(why)
    periodic = tuple(period > 0.0 for period in micro.body.periods)
    pairs = adjacent_cells(best.points, best.cells, micro.body.sizes, periodic)
    return replace(best, pairs=pairs)


def _fault(share: float, gamma: float, error: float) -> str:
    """Why a mesh does not count; "" if it does."""
    if abs(share - 1.0) > WHOLE_ERROR:
        return f"its volume is {share:.9g} of that of the cell"
    if gamma < LEAST_QUALITY:
        return f"a cell has a quality of {gamma:.2g}"
    return f"a volume is {100.0 * error:.2g} % off" if error > VOLUME_ERROR else ""


def _meshed(micro: Micro, bodies: Sequence[Solids], limit: float) -> tuple[Floats, Ints, Ints]:
    """Points, cells and the solid of every cell, made in a process of its own."""
    top = Path(__file__).resolve().parents[1]
    mpi = ("OMPI_", "PMIX_", "PMI_", "PRTE_")  # it must not think that it is a rank
    around = {key: value for key, value in os.environ.items() if not key.startswith(mpi)}
    with tempfile.TemporaryDirectory(prefix="liface-") as folder:
        given, made = Path(folder) / "in.npz", Path(folder) / "out.npz"
        np.savez(given, allow_pickle=False, **arrays_of(micro, bodies))
        try:
            done = subprocess.run(
                [*COMMAND, str(given), str(made)], cwd=top, env=around, check=False,
                stdin=subprocess.DEVNULL, capture_output=True, timeout=max(limit, 0.0),
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise MeshError(f"it was not ready after {TIME_LIMIT:g} s") from error
        except OSError as error:
            raise MeshError(f"it cannot be started: {error}") from error
        if done.returncode:
            text = done.stderr.decode(errors="replace").strip().splitlines()
            why = f": {text[-1]}" if text else ""
            raise MeshError(f"the mesher ended with status {done.returncode}{why}")
        try:
            with np.load(made) as arrays:
                points, cells, owners = arrays["points"], arrays["cells"], arrays["owners"]
        except (OSError, ValueError, KeyError) as error:
            raise MeshError(f"the mesher left no mesh: {error}") from error
    planes = [(0, 0.0), (0, micro.body.width), (1, 0.0), (1, micro.body.depth)]
    planes += [(2, height) for part in flats(micro) for height in (part.low, part.high)]
    points = points * micro.body.resolution
    for axis, at in planes:
        points[np.abs(points[:, axis] - at) < NEAR * micro.body.resolution, axis] = at
    return points, cells, owners


def _labels(points: Floats, cells: Ints, owners: Ints, phases: Sequence[Phase]) -> Ints:
    """Phase of every cell: that of its solid, read where the solid is farthest from all levels."""
    centres = points[cells].mean(axis=1)
    levels = np.stack([phase.level(centres) for phase in phases])
    depth = np.abs(levels[:-1]).min(axis=0)
    inside = levels < 0.0
    inside[-1] = True
    found = np.argmax(inside, axis=0)
    order = np.lexsort((depth, owners))
    ends = np.flatnonzero(np.diff(owners[order], append=-1))
    out: Ints = np.zeros(int(owners.max()) + 1, np.int64)
    out[owners[order[ends]]] = found[order[ends]]
    return np.asarray(out[owners])
