"""Share of the plane in which two rough faces touch in a mesh, and faces pressed together to it."""

import numpy as np

from meshes.fitting import Fitted, fit
from meshes.lattice import Lattice, facet_pairs
from meshes.micro import Rough
from meshes.rough import contact_shift, painted_names, phases_of_rough, rough_faces

CONTACT_ERROR = 0.01  # of the share in contact
PRESSINGS = 5  # by shares
SEARCHES = 12  # by the way


def pressed_phases(micro: Rough) -> tuple[int, int] | None:
    """Phases below and above the first two rough faces, if one layer is between these."""
    names = [layer.name for layer in micro.body.layers]
    places = [names.index(face.layer) for face in micro.faces[:2]]
    if len(places) < 2 or places[1] != places[0] + 1:
        return None
    painted = painted_names(micro)
    first, last = sorted(painted.index(names[places[0] + i]) for i in (0, 2))
    return first, last


def contact_share(lattice: Lattice, fitted: Fitted, pair: tuple[int, int]) -> float:
    """Share of the plane in which two phases touch."""
    return _facing(lattice, fitted, pair) / (lattice.volume / lattice.sizes[-1])


def _facing(lattice: Lattice, fitted: Fitted, pair: tuple[int, int]) -> float:
    """Area of the face between two phases as seen from above."""
    total = 0.0
    for adjacent in facet_pairs(lattice):
        if adjacent.side is not None:
            continue
        mine, theirs = fitted.labels[adjacent.cells], fitted.labels[adjacent.others]
        between = (np.minimum(mine, theirs) == pair[0]) & (np.maximum(mine, theirs) == pair[1])
        columns = [c for c in range(lattice.dim + 1) if c != adjacent.opposite]
        corners = fitted.points[fitted.cells[adjacent.cells[between]][:, columns]]
        sides = corners[:, 1:] - corners[:, :1]
        if lattice.dim == 2:
            total += float(np.abs(sides[:, 0, 0]).sum())
        else:
            cross = sides[:, 0, 0] * sides[:, 1, 1] - sides[:, 0, 1] * sides[:, 1, 0]
            total += 0.5 * float(np.abs(cross).sum())
    return total


def in_contact(micro: Rough, lattice: Lattice) -> tuple[Fitted, float]:
    """Two rough faces pressed together until the mesh has the share of contact asked for, and it.

    Where faces part by less than a box the mesh has them in contact. So the share that places the
    second face is changed by what the mesh has too much; where that does not do, as boxes are
    coarser than the faces are rough, the face is moved (apart, too) until one place has too little
    and one too much, and between these by false position. The nearest mesh counts.
    """
    asked = share = micro.contact_fraction
    pair, faces = pressed_phases(micro) or (0, 0), rough_faces(micro)
    best: tuple[float, Fitted | None, float] = (np.inf, None, 0.0)
    ends: dict[bool, tuple[float, float]] = {}  # too little, too much: way and excess
    way = contact_shift(micro, faces, share)
    for turn in range(PRESSINGS + SEARCHES):
        fitted = fit(lattice, phases_of_rough(micro, way))
        found = contact_share(lattice, fitted, pair)
        if abs(found - asked) < best[0]:
            best = (abs(found - asked), fitted, found)
        if best[0] < CONTACT_ERROR:
            break
        ends[found > asked] = (way, found - asked)
        if turn < PRESSINGS - 1:
            share = min(max(share + asked - found, 0.02 * asked), 0.99)
            way = contact_shift(micro, faces, share)
        elif len(ends) < 2:
            way += 0.5 * lattice.spacing * (-1.0 if found > asked else 1.0)
        else:
            (low, lack), (high, excess) = ends[False], ends[True]
            way = low + float(np.clip(lack / (lack - excess), 0.2, 0.8)) * (high - low)
    return best[1] or fitted, best[2]
