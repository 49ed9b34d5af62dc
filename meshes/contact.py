"""Share of the plane in which two rough faces touch in a mesh."""

import numpy as np

from meshes.fitting import Fitted
from meshes.lattice import Lattice, facet_pairs
from meshes.micro import Rough


def pressed_phases(micro: Rough) -> tuple[int, int] | None:
    """Phases below and above the first two rough faces, if one layer is between these."""
    names = [layer.name for layer in micro.body.layers]
    places = [names.index(face.layer) for face in micro.faces[:2]]
    if len(places) < 2 or places[1] != places[0] + 1:
        return None
    first = places[0] + (micro.pits is not None)
    return first, first + 2


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
