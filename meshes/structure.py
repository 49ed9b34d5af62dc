"""Meshes of microstructures: lattice, phases, names, connectivity."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from meshes.file import FileMesh
from meshes.fitting import Fitted, Level, Phase, background, fit
from meshes.geometry import interface_name
from meshes.lattice import Flags, Floats, Ints, Lattice, across, along, facet_pairs, quality
from meshes.mesh import MeshError, Part
from meshes.micro import Body, Micro, hosts, regions_of, side_names
from meshes.particles import phases_of_particles
from meshes.topology import Nodes

LEAST_QUALITY = 0.02


@dataclass(frozen=True)
class Structure:
    """A meshed microstructure.

    Attributes:
        mesh: with names, regions that are left out are not in it.
        parts: what every region has, next to what was asked for, those left out too.
        method: how it was meshed, in words.
    """

    mesh: FileMesh
    parts: tuple[Part, ...]
    method: str


def build_structure(micro: Micro, omit: Collection[str]) -> Structure:
    """Meshes a microstructure without the regions in `omit`.

    Raises:
        MeshError: the features do not fit.
    """
    body = micro.body
    lattice = lattice_of(body, hosts(micro))
    phases = [*phases_of_particles(micro)]
    phases = [*flat_phases(body, micro, phases)]
    fitted = fit(lattice, phases)
    names = list(regions_of(micro))
    places = np.array([names.index(phase.name) for phase in phases])
    owners = places[fitted.labels]
    if float(fitted.gamma.min()) < LEAST_QUALITY:
        raise MeshError(f"mesh: a cell of quality {fitted.gamma.min():.3g}")
    asked = {name: 0.0 for name in names}
    unknown: set[str] = set()
    for phase in phases:
        if phase.volume is None:
            unknown.add(phase.name)
        else:
            asked[phase.name] += phase.volume
    wanted = {n: None if n in unknown else asked[n] for n in names}
    spans = [body.span(name) for name in hosts(micro)]
    span = (min(low for low, _ in spans), max(high for _, high in spans))
    parts = _parts(lattice, fitted, owners, names, wanted, span)
    absent = [part.name for part in parts if part.volume == 0.0 and part.name not in omit]
    if absent:
        raise MeshError(f"mesh: no cell of {', '.join(absent)}; a finer resolution may have some")
    mesh = _named(lattice, fitted, owners, names, side_names(micro), omit)
    far, mean = fitted.distance
    method = (
        f"lattice of {len(fitted.cells)} cells; faces {mean:.3f} spacings off ({far:.2f} at most)"
    )
    return Structure(mesh, parts, method)


def lattice_of(body: Body, filled: Collection[str]) -> Lattice:
    """The background of a cell; layers without features may be coarser away from others."""
    size = body.resolution
    heights = [layer.thickness for layer in body.layers]
    plain = [layer.name not in filled for layer in body.layers]
    axes = [along(length, size) for length in body.sizes[:-1]]
    if body.periodic == "all" and len(heights) == 1:
        last = along(heights[0], size)
        planes: Flags = np.zeros(len(last), bool)
    else:
        last, planes = across(heights, plain, size)
    periodic = tuple(period > 0.0 for period in body.periods)
    return Lattice((*axes, last), periodic, planes)


def flat_phases(body: Body, micro: Micro, features: Sequence[Phase]) -> list[Phase]:
    """Features between the layers: layers without features are painted over them."""
    filled = hosts(micro)
    over: list[Phase] = []
    under: list[Phase] = []
    for layer in body.layers:
        low, high = body.span(layer.name)
        phase = Phase(layer.name, _slab(low, high))
        (under if layer.name in filled else over).append(phase)
    last = Phase(under[-1].name, background)
    return [*over, *features, *under[:-1], last]


def _slab(low: float, high: float) -> Level:
    middle, half = 0.5 * (low + high), 0.5 * (high - low)

    def level(points: Floats) -> Floats:
        return np.abs(points[:, -1] - middle) - half

    return level


def _parts(
    lattice: Lattice,
    fitted: Fitted,
    owners: Ints,
    names: Sequence[str],
    asked: dict[str, float | None],
    span: tuple[float, float],
) -> tuple[Part, ...]:
    """Volume and pieces of every region; `span` is that of the layers with features."""
    volumes = np.concatenate(
        [quality(fitted.points[rows])[1] for rows in np.array_split(fitted.cells, 20)]
    )
    sums = np.bincount(owners, volumes, len(names))
    pieces = _pieces(lattice, owners)
    z, close = fitted.points[:, -1], 1e-9 * lattice.sizes[-1]
    ends = [np.abs(z - end) < close for end in span]
    low, high = (np.unique(pieces[end[fitted.cells].any(axis=1)]) for end in ends)
    through = np.zeros(int(pieces.max()) + 1, bool)
    through[np.intersect1d(low, high)] = True
    out = []
    for index, name in enumerate(names):
        mine = np.unique(pieces[owners == index])
        wanted = asked[name]
        out.append(
            Part(
                name,
                float(sums[index]),
                float(sums[index]) / lattice.volume,
                None if wanted is None else wanted / lattice.volume,
                len(mine),
                bool(through[mine].any()),
            )
        )
    return tuple(out)


def _pieces(lattice: Lattice, owners: Ints) -> Ints:
    """Number of the connected piece of every cell."""
    ones, others = [], []
    for pair in facet_pairs(lattice):
        if pair.side is not None and (pair.others[0] < 0 or pair.side[1] == 0):
            continue
        same = owners[pair.cells] == owners[pair.others]
        ones.append(pair.cells[same])
        others.append(pair.others[same])
    one, other = np.concatenate(ones), np.concatenate(others)
    graph = coo_array((np.ones(len(one), bool), (one, other)), shape=(len(owners),) * 2)
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _named(
    lattice: Lattice,
    fitted: Fitted,
    owners: Ints,
    names: Sequence[str],
    sides: Sequence[str],
    omit: Collection[str],
) -> FileMesh:
    """The mesh with the names of its regions, outer faces and interfaces."""
    kept = np.array([name not in omit for name in names])
    points = np.zeros((len(fitted.points), 3))
    points[:, : lattice.dim] = fitted.points
    boundaries: dict[str, list[Nodes]] = {}
    interfaces: dict[str, list[Nodes]] = {}
    for pair in facet_pairs(lattice):
        columns = [c for c in range(lattice.dim + 1) if c != pair.opposite]
        mine = owners[pair.cells]
        if pair.side is not None:
            name = sides[2 * pair.side[0] + pair.side[1]]
            rows = fitted.cells[pair.cells[kept[mine]]][:, columns]
            boundaries.setdefault(name, []).append(rows)
            continue
        theirs = owners[pair.others]
        low, high = np.minimum(mine, theirs), np.maximum(mine, theirs)
        differ = np.flatnonzero((low != high) & (kept[low] | kept[high]))
        code = low[differ] * len(names) + high[differ]
        for each in np.unique(code):
            first, second = divmod(int(each), len(names))
            name = interface_name(names[first], names[second], omit)
            groups = interfaces if kept[first] and kept[second] else boundaries
            cells = pair.cells[differ[code == each]]
            groups.setdefault(name, []).append(fitted.cells[cells][:, columns])
    order = [f"{name}_surface" for name in names]
    found = [name for name in (*sides, *order) if sum(map(len, boundaries.get(name, [])))]
    return FileMesh(
        points,
        {
            name: fitted.cells[owners == index]
            for index, name in enumerate(names)
            if name not in omit
        },
        {name: np.concatenate(boundaries[name]) for name in found},
        {name: np.concatenate(interfaces[name]) for name in sorted(interfaces)},
    )
