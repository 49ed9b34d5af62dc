"""Meshes of microstructures: lattice or conformal mesh, phases, names, connectivity."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from meshes import roundness
from meshes.coats import thin_told
from meshes.connected import cells_that_wind, pieces_of
from meshes.contact import CONTACT_ERROR, contact_share, in_contact, pressed_phases
from meshes.fibres import phases_of_fibres, pores_from_above
from meshes.file import FileMesh
from meshes.fitting import Phase, background, fit
from meshes.geometry import interface_name
from meshes.image import labels_of_image, phases_of_image
from meshes.labelling import Level
from meshes.lattice import (
    Floats,
    Ints,
    facet_pairs,
    quality,
)
from meshes.mesh import MeshError, Part
from meshes.meshed import Meshed, areas_across, gone, islands, joined
from meshes.micro import (
    Fibres,
    Micro,
    Particles,
    Rods,
    Rough,
    Segmented,
    emptied_volume,
    feature_names,
    flats,
    hosts,
    regions_of,
    shown_regions,
    side_names,
)
from meshes.micro_lattice import lattice_of
from meshes.particles import phases_of_particles
from meshes.placed import gaps_told, mirrors_told, missed_of, sizes_told
from meshes.rods import phases_of_rods
from meshes.rough import contact_shift, phases_of_rough, rough_faces, stretched
from meshes.roughness import faces_told
from meshes.sound import conform
from meshes.topology import Nodes

LEAST_QUALITY = 0.02
LEVELS = 5  # meshes until the emptied pores have their volume
PORE_ERROR = 0.003  # relative, of that volume
SHARE_ERROR = 0.05  # of the share of a region, beyond which it is told


@dataclass(frozen=True)
class Structure:
    """A meshed microstructure.

    Attributes:
        mesh: with names, regions that are left out are not in it.
        parts: what every region has, next to what was asked for, those left out too.
        method: how it was meshed, in words.
        areas: of interfaces, as far as those of the features as placed are known, um^2 (2D: um).
        roundness: factors of `meshes.roundness`.
        joined: whether a piece without what is left out reaches from the bottom to the top.
        across: areas between regions that meet across periodic sides, by interface, um^2 (2D: um).
    """

    mesh: FileMesh
    parts: tuple[Part, ...]
    method: str
    areas: dict[str, float]
    roundness: tuple[float, ...] = ()
    joined: bool = True
    across: dict[str, float] = field(default_factory=dict)


def build_structure(micro: Micro, omit: Collection[str]) -> Structure:
    """Meshes a microstructure without the regions in `omit`.

    Raises:
        MeshError: the features do not fit.
    """
    body = micro.body
    if isinstance(micro, Fibres) and micro.stripped > 0.0:
        micro, phases, meshed = _emptied(micro)
    else:
        phases = phases_of(micro)
        meshed = _meshed(micro, phases)
    missed = list(meshed.missed)
    names = list(regions_of(micro))
    places = np.array([names.index(phase.name) for phase in phases])
    owners = places[meshed.labels]
    asked = {name: 0.0 for name in names}
    unknown: set[str] = set()
    for phase in phases:
        if phase.volume is None:
            unknown.add(phase.name)
        else:
            asked[phase.name] += phase.volume
    wanted = {n: None if n in unknown else asked[n] for n in names}
    if isinstance(micro, Fibres) and micro.stripped > 0.0:
        layers = sum(x.thickness for x in body.layers if x.name == micro.emptied)
        wanted[micro.emptied] = emptied_volume(micro) + layers * math.prod(body.sizes[:-1])
    spans = [body.span(name) for name in hosts(micro)]
    span = (min(low for low, _ in spans), max(high for _, high in spans))
    shown = shown_regions(micro)
    parts = _parts(meshed, owners, names, wanted, span, shown)
    absent = [part.name for part in parts if part.volume == 0.0 and part.name not in omit]
    if isinstance(micro, Fibres) and micro.stripped == 0.0 and micro.emptied in absent:
        raise MeshError(f"mesh: nothing is stripped: {micro.emptied} has no cell, unless a void")
    if absent:
        raise MeshError(f"mesh: no cell of {', '.join(absent)}; a finer resolution may have some")
    placed = {phase.name: phase.made for phase in phases if phase.made is not None}
    parts = tuple(replace(part, made=placed.get(part.name)) for part in parts)
    missed += missed_of(parts)
    if isinstance(micro, Rough) and (pits := micro.pits) is not None:
        made = next(part.islands for part in parts if part.name == pits.name)
        if made != pits.count:
            missed.append(f"{pits.name} of {made} pieces, not {pits.count}")
    for part in parts:
        if part.asked and abs(part.fraction - part.asked) > SHARE_ERROR * part.asked:
            missed.append(f"{part.name} is {part.fraction:.3g} of the cell, not {part.asked:.3g}")
    factors: tuple[float, ...] = roundness.UNKNOWN
    if isinstance(micro, Particles):
        inside = (owners == names.index(micro.name)).astype(np.int64)
        factors = roundness.roundness(micro, meshed.points, meshed.cells, inside, meshed.pairs())
    elif isinstance(micro, Segmented) and micro.smooth == 0:
        factors = ()
    left = [names.index(name) for name in names if name in omit]
    loose = islands(meshed, owners, left) if left else np.zeros(len(owners), bool)
    told = sizes_told(phases)
    if isinstance(micro, Particles | Rods):
        told += thin_told(micro)
    if isinstance(micro, Particles):
        around = np.isin(owners, [names.index(n) for n in (*feature_names(micro), *hosts(micro))])
        mine = owners[around] == names.index(micro.name)
        told += mirrors_told(micro, meshed.points, meshed.cells[around], mine)
    if isinstance(micro, Rough):
        told += faces_told(micro, meshed.points, meshed.cells, owners, names, meshed.pairs)
    method = "; ".join([meshed.method, *told])
    if loose.any():
        lost = float(quality(meshed.points[meshed.cells[loose]])[1].sum())
        method += (
            f"; islands of {lost:.3g} um^{meshed.dim} in what is left out are left out as well"
        )
        owners = np.where(loose, left[0], owners)
    empty = gone(owners, names, omit)
    if empty:
        method += (
            f"; all of {', '.join(empty)} lies in what is left out: it carries nothing and is left "
            "out as well"
        )
    if missed:
        method += f"; other than asked for ({'; '.join(missed)}): try a finer resolution"
    out = {*omit, *empty}
    mesh = _named(meshed, owners, names, side_names(micro), out)
    outside = np.isin(owners, [names.index(name) for name in out])
    areas = _known_areas(micro, phases, names, out)
    across = areas_across(meshed, owners, names, out)
    return Structure(mesh, parts, method, areas, factors, joined(meshed, outside), across)


def _meshed(micro: Micro, phases: Sequence[Phase]) -> Meshed:
    """The conformal mesh if it is asked for and sound, else the lattice."""
    refused = ""
    if micro.body.mesher == "conformal":
        try:
            found = conform(micro, phases)
        except MeshError as error:
            refused = f"; no conformal mesh: {str(error).removeprefix('mesh: ')}"
        else:
            periodic = tuple(period > 0.0 for period in micro.body.periods)
            method = (
                f"conformal mesh of {len(found.cells)} cells; volumes asked for within "
                f"{100.0 * found.error:.2g} %"
            )
            return Meshed(
                found.points, found.cells, found.labels, lambda: found.pairs,
                micro.body.sizes, periodic, method,
            )  # fmt: skip
    fitted = _fitted(micro, phases)
    return replace(fitted, method=f"{fitted.method}{refused}")


def _fitted(micro: Micro, phases: Sequence[Phase]) -> Meshed:
    """The lattice, fitted to the phases."""
    lattice = lattice_of(micro)
    missed: tuple[str, ...] = ()
    told = ""
    if isinstance(micro, Segmented):
        fitted = fit(lattice, phases, micro.smooth, labels_of_image(micro))
        if fitted.kept:
            names = ", ".join(fitted.kept)
            told = f"; faces of {names} are those of the pixels: smoothed they lose their volume"
    elif isinstance(micro, Rough) and micro.contact_fraction > 0.0:
        fitted, share = in_contact(micro, lattice)
        told = f"; {share:.3g} of the plane in contact ({micro.contact_fraction:g} asked for)"
        if abs(share - micro.contact_fraction) >= CONTACT_ERROR:
            missed = (f"{share:.3g} of the plane in contact, not {micro.contact_fraction:g}",)
    else:
        fitted = fit(lattice, phases)
        if isinstance(micro, Rough) and (pair := pressed_phases(micro)) is not None:
            told = f"; {contact_share(lattice, fitted, pair):.3g} of the plane in contact"
    rods = micro.name if isinstance(micro, Rods) else ""
    told += "".join(f"; {text}" for text in gaps_told(phases, micro.body, rods))
    if isinstance(micro, Rough):
        told += stretched(micro)
    if float(fitted.gamma.min()) < LEAST_QUALITY:
        raise MeshError(f"mesh: a cell of quality {fitted.gamma.min():.3g}")
    far, mean = fitted.distance
    return Meshed(
        fitted.points, fitted.cells, fitted.labels, lambda: facet_pairs(lattice),
        lattice.sizes, lattice.periodic,
        f"lattice of {len(fitted.cells)} cells; faces {mean:.3f} spacings off ({far:.2f} at most)"
        f"{told}",
        missed,
    )  # fmt: skip


def _emptied(micro: Fibres) -> tuple[Fibres, list[Phase], Meshed]:
    """Fibres with the level above which the pores of the mesh have the volume that was stripped.

    The pores above every depth are those between the fibres at points of a lattice; what the mesh
    then has too much or too little is added to the volume that is looked up there.
    """
    asked = emptied_volume(micro)
    depths, volumes = pores_from_above(micro, phases_of_fibres(micro)[0].level)
    looked_up = asked
    for _ in range(LEVELS):
        if looked_up >= volumes[-1]:
            raise MeshError(f"mesh: the pores have {volumes[-1]:.4g} um^3, not the {asked:.4g}")
        micro = replace(micro, fallen=float(np.interp(looked_up, volumes, depths)))
        phases = phases_of(micro)
        meshed = _meshed(micro, phases)
        mine = meshed.cells[meshed.labels == len(phases) - 1]
        found = float(quality(meshed.points[mine])[1].sum())
        if abs(found - asked) < PORE_ERROR * asked:
            return micro, phases, meshed
        looked_up = max(looked_up + asked - found, 0.1 * looked_up)
    missed = (*meshed.missed, f"pores of {found:.4g} um^3, not {asked:.4g}")
    return micro, phases, replace(meshed, missed=missed)


def phases_of(micro: Micro) -> list[Phase]:
    """Features between the layers: layers without features are painted over them."""
    match micro:
        case Particles():
            features = phases_of_particles(micro)
        case Fibres():
            features = phases_of_fibres(micro)
        case Rods():
            features = phases_of_rods(micro)
        case Rough():
            shift = contact_shift(micro, rough_faces(micro), micro.contact_fraction)
            return phases_of_rough(micro, shift)
        case Segmented():
            return phases_of_image(micro)
    over: list[Phase] = []
    under: list[Phase] = []
    for part in flats(micro):
        phase = Phase(part.name, _slab(part.low, part.high))
        (under if part.filled else over).append(phase)
    last = Phase(under[-1].name, background)
    return [*over, *features, *under[:-1], last]


def _slab(low: float, high: float) -> Level:
    middle, half = 0.5 * (low + high), 0.5 * (high - low)

    def level(points: Floats) -> Floats:
        return np.abs(points[:, -1] - middle) - half

    return level


def _parts(
    meshed: Meshed,
    owners: Ints,
    names: Sequence[str],
    asked: dict[str, float | None],
    span: tuple[float, float],
    shown: Collection[str],
) -> tuple[Part, ...]:
    """Volume and pieces of every region; `span` is that of the layers with features."""
    volumes = np.concatenate(
        [quality(meshed.points[rows])[1] for rows in np.array_split(meshed.cells, 20)]
    )
    sums = np.bincount(owners, volumes, len(names))
    pieces = pieces_of(meshed.pairs, owners)
    if meshed.periodic[-1]:
        through = cells_that_wind(meshed.pairs, owners, meshed.dim - 1)
    else:
        z, close = meshed.points[:, -1], 1e-9 * meshed.sizes[-1]
        ends = [np.abs(z - end) < close for end in span]
        low, high = (pieces[end[meshed.cells].any(axis=1)] for end in ends)
        through = np.isin(pieces, np.intersect1d(low, high))
    out = []
    for index, name in enumerate(names):
        mine = owners == index
        wanted = asked[name]
        out.append(
            Part(
                name,
                float(sums[index]),
                float(sums[index]) / meshed.volume,
                None if wanted is None else wanted / meshed.volume,
                len(np.unique(pieces[mine])),
                bool(through[mine].any()),
                name in shown,
            )
        )
    return tuple(out)


def _known_areas(
    micro: Micro, phases: Sequence[Phase], names: Sequence[str], omit: Collection[str]
) -> dict[str, float]:
    """Areas of the features as placed, and of the flat faces that none of them is at.

    What is left out has a surface to all its neighbours: it is known where all of these are.
    """
    whole = isinstance(micro, Particles) or (isinstance(micro, Rods) and micro.deposit is None)
    level = isinstance(micro, Rough) and not micro.faces  # pits in flat faces
    whole = whole or level
    faces = [face for phase in phases for face in phase.faces]
    ground = math.prod(micro.body.sizes[:-1])
    taken = set() if isinstance(micro, Particles) or level else {*hosts(micro)}
    if isinstance(micro, Fibres) and micro.emptied:
        taken.add(micro.emptied)  # a layer that fills pores, too
    layers = [layer.name for layer in micro.body.layers]
    found = {frozenset(face[:2]) for face in faces}
    faces += [
        (one, other, ground)
        for one, other in pairwise(layers)
        if not {one, other} & taken and frozenset((one, other)) not in found
    ]
    out: dict[str, float] = {}
    for one, other, area in faces:
        first, second = sorted((one, other), key=names.index)
        gone = (first in omit) + (second in omit)
        if gone == 0 or (gone == 1 and whole):
            name = interface_name(first, second, omit)
            out[name] = out.get(name, 0.0) + area
    return out


def _named(
    meshed: Meshed,
    owners: Ints,
    names: Sequence[str],
    sides: Sequence[str],
    omit: Collection[str],
) -> FileMesh:
    """The mesh with the names of its regions, outer faces and interfaces."""
    kept = np.array([name not in omit for name in names])
    points = np.zeros((len(meshed.points), 3))
    points[:, : meshed.dim] = meshed.points
    boundaries: dict[str, list[Nodes]] = {}
    interfaces: dict[str, list[Nodes]] = {}
    for pair in meshed.pairs():
        columns = [c for c in range(meshed.dim + 1) if c != pair.opposite]
        mine = owners[pair.cells]
        if pair.side is not None:
            name = sides[2 * pair.side[0] + pair.side[1]]
            # across periodic sides what is left out has its surface as inside
            beyond = owners[pair.others] if meshed.periodic[pair.side[0]] else mine
            behind = np.where(kept[beyond], -1, beyond)
            for each in np.unique(behind[kept[mine]]):
                rows = meshed.cells[pair.cells[kept[mine] & (behind == each)]][:, columns]
                group = name if each < 0 else f"{names[each]}_surface"
                boundaries.setdefault(group, []).append(rows)
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
            groups.setdefault(name, []).append(meshed.cells[cells][:, columns])
    order = [f"{name}_surface" for name in names]
    found = [name for name in (*sides, *order) if sum(map(len, boundaries.get(name, [])))]
    return FileMesh(
        points,
        {
            name: meshed.cells[owners == index]
            for index, name in enumerate(names)
            if name not in omit
        },
        {name: np.concatenate(boundaries[name]) for name in found},
        {name: np.concatenate(interfaces[name]) for name in sorted(interfaces)},
    )
