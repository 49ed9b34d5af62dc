"""Fits a background lattice to regions given by level functions, whatever their shape.

Steps, all with whole arrays:

1. Labels. Every cell gets a phase (`meshes.labelling`), a node of every cut edge is to be moved.
2. Moves. Nodes between two phases go to the zero level of the one that is painted over the other,
   nodes between three to both zero levels; the others follow the mean of their neighbours. Steps
   that would make a cell worse than `AIM` (or than it was) are halved, at last undone: no cell
   ever is inverted, and none worse than the bound if no box of the lattice is. So this cannot fail;
   where features are smaller than the boxes, faces are less smooth.
3. Volumes. Levels are shifted by a small offset such that phases have the volumes asked for: first
   by a root on the lattice, then by what the moved mesh lacks over the area of its face. What then
   is missing by more than `ENOUGH`, as of shells as thin as a box, whose cells cannot be made as
   flat as that needs, is asked for in addition where the cells are labelled anew; of `LABELLINGS`
   meshes the nearest counts.

Why cells are not cut along the levels: of 500 fibres cut so without a guard, the worst gamma was
1e-5 and some cells were inverted, and phases that meet in lines need a table of cases. Here the
lattice keeps its cells, periods and flat planes by construction.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from meshes.labelling import Level, first_offsets, labels_of
from meshes.lattice import (
    Flags,
    Floats,
    Ints,
    Lattice,
    cut_boxes,
    first_images,
    neighbours_mean,
    node_points,
    own_nodes,
    quality,
)
from meshes.mesh import Made

AIM = 0.12  # gamma below which no cell is made
SWEEPS = 8
MOST_SWEEPS = 32  # where cells cannot be labelled anew
HALVINGS = 4
LABELLINGS = 5  # of cells, until phases have their volumes
ENOUGH = 0.008  # relative, of those
LEAST_ERROR = 5e-4  # relative, of a volume that was asked for
CHUNK = 400_000  # cells treated at once


@dataclass(frozen=True)
class Phase:
    """A phase of a microstructure.

    Attributes:
        name: of its region; several phases may belong to one.
        level: signed distance (or something like it near zero) at points (n, dim), negative inside,
            periodic where the cell is.
        volume: um^3 (um^2 in 2D) that the mesh must have; None: as it comes.
        made: what was placed of it, if it is of features that are placed one by one.
        faces: pairs of regions and the area of the face between them, um^2 (um in 2D), where that
            of the features is known.
        rim: height of the flat face that it ends at with a rim, um; None: it has none.
    """

    name: str
    level: Level
    volume: float | None = None
    made: Made | None = None
    faces: tuple[tuple[str, str, float], ...] = ()
    rim: float | None = None


@dataclass(frozen=True)
class Fitted:
    """A fitted mesh.

    Attributes:
        points: coordinates, shape (nodes, dim), um.
        cells: node numbers, shape (cells, dim + 1).
        labels: phase of every cell.
        gamma: quality of every cell.
        distance: how far nodes between phases are from the level at most and as root mean square,
            in spacings.
        kept: phases whose faces are those of their pixels, as smoothed ones would not have their
            volumes.
    """

    points: Floats
    cells: Ints
    labels: Ints
    gamma: Floats
    distance: tuple[float, float]
    kept: tuple[str, ...] = ()


def background(points: Floats) -> Floats:
    """The level of a phase that is everywhere."""
    return np.full(len(points), -1.0)


def fit(
    lattice: Lattice, phases: Sequence[Phase], moves: bool = True, labels: Ints | None = None
) -> Fitted:
    """Fits a lattice to phases.

    Args:
        lattice: the background.
        phases: from the one painted last to the background.
        moves: whether nodes are moved; else faces are those of cells of the lattice.
        labels: phase of every cell of `cut_boxes` where it is known, as in a picture.
    """
    start, own = node_points(lattice), own_nodes(lattice)
    first = first_images(lattice)
    cells = cut_boxes(lattice)
    if labels is not None:
        body = _Body(lattice, phases, start, own, first, cells, labels)
        return _of_pixels(body) if moves else _fitted(body, np.zeros(len(phases)), False)[0]
    rims = [phase.rim for phase in phases]
    levels, wanted = [phase.level for phase in phases], [phase.volume for phase in phases]
    values: Floats = np.array([phase.level(start[first]) for phase in phases])
    offsets = first_offsets(lattice, wanted, values)
    asked = np.array([volume or np.nan for volume in wanted])
    best: tuple[float, Fitted | None] = (np.inf, None)
    for _ in range(LABELLINGS):
        shifts = first_offsets(lattice, wanted, values)
        painted = values - shifts[:, None]
        labels = labels_of(lattice, levels, shifts, painted, cells, start, own, rims)
        body = _Body(lattice, phases, start, own, first, cells, labels)
        found, have = _fitted(body, offsets, moves)
        excess = np.nan_to_num(have / asked - 1.0)
        worst = float(np.abs(excess).max())
        if worst < best[0]:
            best = (worst, found)
        if worst < ENOUGH or not moves:
            break
        wanted = [
            None if volume is None else volume * float(np.clip(1.0 - more, 0.5, 2.0))
            for volume, more in zip(wanted, excess, strict=True)
        ]
    return best[1] or found


@dataclass(frozen=True)
class _Body:
    """What stays the same while nodes move."""

    lattice: Lattice
    phases: Sequence[Phase]
    start: Floats
    own: Ints
    first: Ints
    cells: Ints
    labels: Ints

    def places(self, shift: Floats) -> Floats:
        """Coordinates of all nodes."""
        return self.start + shift[self.own]

    def qualities(self, shift: Floats, some: Ints | None = None) -> Floats:
        """Quality of all or some cells."""
        return self._measured(shift, some)[0]

    def volumes(self, shift: Floats) -> Floats:
        """Volume of every phase."""
        every = self._measured(shift, None)[1]
        return np.asarray(np.bincount(self.labels, every, len(self.phases)), dtype=np.float64)

    def _measured(self, shift: Floats, some: Ints | None) -> tuple[Floats, Floats]:
        points = self.places(shift)
        count = len(self.cells) if some is None else len(some)
        parts: list[tuple[Floats, Floats]] = []
        for at in range(0, count, CHUNK):
            rows = slice(at, at + CHUNK) if some is None else some[at : at + CHUNK]
            parts.append(quality(points[self.cells[rows]]))
        return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


def _misses(body: _Body, have: Floats) -> Floats:
    """How far every phase is off the volume asked for, relative."""
    asked = np.array([phase.volume or np.nan for phase in body.phases])
    return np.asarray(np.abs(np.nan_to_num(have / asked - 1.0)))


def _of_pixels(body: _Body) -> Fitted:
    """A picture with smoothed faces, but for phases that would lose their volume so.

    These are those as thin as a pixel; where their nodes stay, their volume is that of the pixels.
    """
    start: Floats = np.zeros((len(body.first), body.lattice.dim))
    rest = body.qualities(start)
    way, gamma, distance = _moved(body, np.zeros(len(body.phases)), rest, True)
    shift, kept = way, np.zeros(len(body.phases), bool)
    mine = body.own[body.cells]
    for _ in body.phases:
        off = _misses(body, body.volumes(shift)) > ENOUGH
        if not (off & ~kept).any():
            break
        kept |= off
        way[mine[kept[body.labels]].ravel()] = 0.0
        shift, gamma = _accepted(body, start, way, rest)
    names = tuple(p.name for p, stays in zip(body.phases, kept, strict=True) if stays)
    return Fitted(body.places(shift), body.cells, body.labels, gamma, distance, names)


def _fitted(body: _Body, offsets: Floats, moves: bool) -> tuple[Fitted, Floats]:
    """The mesh of labelled cells, moved to the levels or as it is, and volumes of its phases."""
    shift: Floats = np.zeros((len(body.first), body.lattice.dim))
    gamma, distance = body.qualities(shift), (0.0, 0.0)
    if moves:
        shift, gamma, distance = _moved(body, offsets, gamma, False)
    found = Fitted(body.places(shift), body.cells, body.labels, gamma, distance)
    return found, body.volumes(shift)


def _moved(
    body: _Body, offsets: Floats, gamma: Floats, patient: bool
) -> tuple[Floats, Floats, tuple[float, float]]:
    """Moves the nodes; shifts of those that are no images, qualities, distances from levels."""
    lattice, phases = body.lattice, body.phases
    between, over, under = _constraints(body)
    held = _held(lattice)
    shift: Floats = np.zeros((len(body.first), lattice.dim))
    base = body.start[body.first]
    offsets = offsets.copy()
    step = 1e-3 * lattice.spacing
    limit = 0.5 * lattice.spacing
    asked = [i for i, phase in enumerate(phases) if phase.volume is not None]
    areas = _areas(body, asked)
    distance = (0.0, 0.0)
    for sweep in range(MOST_SWEEPS if asked and patient else SWEEPS):
        if sweep >= 2 and asked:
            have = body.volumes(shift)
            if sweep >= SWEEPS and _misses(body, have).max() < ENOUGH:
                break
            for index in asked:
                wanted = phases[index].volume or 0.0
                if areas[index] > 0.0 and abs(have[index] - wanted) > LEAST_ERROR * wanted:
                    change = (wanted - have[index]) / areas[index]
                    offsets[index] += float(np.clip(change, -limit, limit))
        smooth = neighbours_mean(lattice, shift) - shift
        smooth[held] = 0.0
        if sweep == 0:
            smooth[:] = 0.0
        way, lack = _to_levels(
            body, offsets, base + shift, smooth, (between, over, under), held, step
        )
        distance = (
            float(np.abs(lack).max(initial=0.0)) / lattice.spacing,
            float(np.sqrt((lack**2).mean())) / lattice.spacing if len(lack) else 0.0,
        )
        smooth *= 0.5
        smooth[between] = way
        far = np.sqrt((smooth**2).sum(axis=1))
        smooth *= np.minimum(1.0, limit / np.maximum(far, 1e-300))[:, None]
        smooth[far < 1e-9 * lattice.spacing] = 0.0
        shift, gamma = _accepted(body, shift, smooth, gamma)
    return shift, gamma, distance


def _held(lattice: Lattice) -> Flags:
    """Which coordinates of nodes that are no images stay: those on sides and planes of layers."""
    own = lattice.own_shape
    held = np.zeros((*own, lattice.dim), bool)
    for axis in range(lattice.dim):
        ends = np.zeros(own[axis], bool)
        ends[0] = True
        if not lattice.periodic[axis]:
            ends[-1] = True
        if axis == lattice.dim - 1:
            ends |= lattice.planes[: own[axis]]
        shape = [1] * lattice.dim
        shape[axis] = own[axis]
        held[..., axis] = ends.reshape(shape)
    return held.reshape(-1, lattice.dim)


def _constraints(body: _Body) -> tuple[Ints, Ints, Ints]:
    """Nodes between regions, the phase painted over the others there, and the next (or -1)."""
    count = len(body.phases)
    seen = np.zeros((len(body.first), count), bool)
    mine = body.own[body.cells]
    for corner in range(mine.shape[1]):
        seen[mine[:, corner], body.labels] = True
    names = [phase.name for phase in body.phases]
    for index, name in enumerate(names):  # phases of one region have no face between them
        for later in range(index + 1, count):
            if names[later] == name:
                both = seen[:, index] & seen[:, later]
                others = seen.copy()
                others[:, [index, later]] = False
                seen[both & ~others.any(axis=1), later] = False
    several = seen.sum(axis=1)
    between = np.flatnonzero(several > 1)
    over = np.argmax(seen[between], axis=1)
    rest = seen[between]
    rest[np.arange(len(between)), over] = False
    under = np.where(several[between] > 2, np.argmax(rest, axis=1), -1)
    return between, over, under


def _areas(body: _Body, asked: Sequence[int]) -> dict[int, float]:
    """About the area of the face of each phase of which a volume is asked for."""
    points = body.start
    out = {}
    for index in asked:
        inside = body.labels == index
        touched = np.zeros(len(body.first), bool)
        touched[body.own[body.cells[inside]]] = True
        other = np.zeros(len(body.first), bool)
        other[body.own[body.cells[~inside]]] = True
        face = (touched & other)[body.own]
        rows = body.cells[inside]
        on = face[rows]
        facing = np.flatnonzero(on.sum(axis=1) == body.lattice.dim)
        order = np.argsort(~on[facing], axis=1, kind="stable")[:, : body.lattice.dim]
        corners = points[np.take_along_axis(rows[facing], order, axis=1)]
        sides = corners[:, 1:] - corners[:, :1]
        if body.lattice.dim == 2:
            out[index] = float(np.sqrt((sides[:, 0] ** 2).sum(axis=1)).sum())
        else:
            normal = np.cross(sides[:, 0], sides[:, 1])
            out[index] = 0.5 * float(np.sqrt((normal**2).sum(axis=1)).sum())
    return out


def _to_levels(
    body: _Body,
    offsets: Floats,
    places: Floats,
    smooth: Floats,
    constraints: tuple[Ints, Ints, Ints],
    held: Flags,
    step: float,
) -> tuple[Floats, Floats]:
    """Steps of the nodes between regions to their levels, and how far away they were."""
    between, over, under = constraints
    at = places[between]
    rows = np.zeros((len(between), 2, body.lattice.dim))
    lack = np.zeros((len(between), 2))
    for index, phase in enumerate(body.phases):
        for slot, which in enumerate((over, under)):
            mine = np.flatnonzero(which == index)
            if not len(mine):
                continue
            points = at[mine]
            value = phase.level(points) - offsets[index]
            lack[mine, slot] = value
            for axis in range(body.lattice.dim):
                ahead = points.copy()
                ahead[:, axis] += step
                slope = (phase.level(ahead) - offsets[index] - value) / step
                rows[mine, slot, axis] = slope
    rows *= ~held[between][:, None, :]
    tangential = 0.5 * smooth[between]
    # the shortest step that fulfils both, beside a part of the smoothing along the face
    gram = np.einsum("nik,njk->nij", rows, rows) + 1e-6 * np.eye(2)
    want = -lack - np.einsum("nik,nk->ni", rows, tangential)
    factor = np.linalg.solve(gram, want[:, :, None])[:, :, 0]
    return tangential + np.einsum("nik,ni->nk", rows, factor), lack


def _accepted(body: _Body, shift: Floats, way: Floats, gamma: Floats) -> tuple[Floats, Floats]:
    """Goes as far along a way as the qualities allow; the new shifts and qualities."""
    least = np.minimum(AIM, gamma)
    scale = np.ones(len(shift))
    moving = (way != 0.0).any(axis=1)
    mine = body.own[body.cells]
    touched = np.flatnonzero(moving[mine].any(axis=1))
    tries = 0
    out = gamma.copy()
    todo = touched
    while len(todo):
        out[todo] = body.qualities(shift + scale[:, None] * way, todo)
        bad = touched[out[touched] < least[touched]]
        if not len(bad):
            break
        nodes = np.unique(mine[bad])
        nodes = nodes[scale[nodes] > 0.0]
        scale[nodes] *= 0.5
        tries += 1
        if tries > HALVINGS:
            scale[nodes] = 0.0
        changed = np.zeros(len(shift), bool)
        changed[nodes] = True
        todo = touched[changed[mine[touched]].any(axis=1)]
    return shift + scale[:, None] * way, out
