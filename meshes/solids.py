"""Features of microstructures as solids: cylinders, half balls on them, balls, with their images.

Chords cut off a part of round bodies: of a cylinder with n chords around the share
1 - sin(2 pi/n) n/(2 pi), of a ball about 3/8 (h/r)^2 (h: edges of its triangles). `first_scales`
says by how much radii have to grow for that.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from meshes.fibres import fibres
from meshes.lattice import Floats
from meshes.mesh import MeshError
from meshes.micro import Fibres, Micro, Particles, Rods, flats, hosts
from meshes.particles import balls, coat_thickness
from meshes.rods import rods

MOST = {"particles": 300, "rods": 500, "fibres": 60}  # features; fibres cross
CHORDS = 16  # of a circle at least


@dataclass(frozen=True)
class Solids:
    """Round bodies of one phase: from `start` to `end` (n, 3), radii (n,), um.

    Where `ends` says so half a ball is put on a start or an end; both at one place are a ball.
    """

    start: Floats
    end: Floats
    radii: Floats
    ends: tuple[bool, bool]


def solids_of(micro: Micro) -> list[Solids]:
    """The features of a microstructure, phase by phase.

    Raises:
        MeshError: such features are not meshed so.
    """
    out = []
    match micro:
        case _ if micro.body.flat:
            raise MeshError("it is not offered for plane sections")
        case Particles(contact="apart", embedded=0.0):
            placed, kind = balls(micro), "particles"
            coat = [] if micro.shell is None else [coat_thickness(micro, placed.radii)]
            for grown in (0.0, *coat):
                radii = placed.radii + grown
                out.append(Solids(placed.centres, placed.centres, radii, (True, True)))
        case Rods(grains=None, deposit=None):
            standing, kind = rods(micro), "rods"
            low = np.full(len(standing.radii), micro.body.span(micro.inside)[0])
            floor = np.column_stack([standing.places, low])
            for grown in (0.0,) if micro.shell is None else (0.0, standing.shell):
                radii, top = standing.radii + grown, floor.copy()
                top[:, 2] += micro.length + grown - (radii if micro.cap == "round" else 0.0)
                out.append(Solids(floor, top, radii, (False, micro.cap == "round")))
        case Fibres(percolating="any", stripped=0.0):
            laid, kind = fibres(micro), "fibres"
            up = np.where(laid.halves[:, 2:] < 0.0, -laid.halves, laid.halves)
            out.append(Solids(laid.centres - up, laid.centres + up, laid.radii, (True, True)))
        case _:
            kinds = (
                "touching or embedded particles, grains, deposits, stripped or percolating fibres"
            )
            raise MeshError(f"it is not offered for {kinds}, rough faces and pictures")
    if len(out[0].radii) > MOST[kind]:
        raise MeshError(f"{len(out[0].radii)} {kind} are more than the {MOST[kind]} that it takes")
    return out


def first_scales(solids: list[Solids], resolution: float) -> list[float]:
    """Factor of the radii of each phase, such that chords cut off about nothing."""
    out = []
    for each in solids:
        radius = float(each.radii.mean())
        angle = 2.0 * math.pi / max(CHORDS, math.ceil(2.0 * math.pi * radius / resolution))
        ball = bool((each.start == each.end).all())
        out.append(1.0 + angle**2 / 8.0 if ball else math.sqrt(angle / math.sin(angle)))
    return out


def arrays_of(micro: Micro, solids: Sequence[Solids]) -> dict[str, Floats]:
    """The input of `meshes.conformal`, with the images of features that reach into the cell."""
    body, unit = micro.body, micro.body.resolution
    arrays: dict[str, Floats] = {
        "sizes": np.array(body.sizes) / unit,
        "periodic": np.array([period > 0.0 for period in body.periods]),
        "planes": np.array([0.0, *(part.high for part in flats(micro))]) / unit,
        "host": np.array(body.span(hosts(micro)[0])) / unit,
    }
    for index, solid in enumerate(solids):
        reach = solid.radii[:, None]
        low = np.minimum(solid.start, solid.end) - reach
        high = np.maximum(solid.start, solid.end) + reach
        most = [
            math.ceil(float((high - low)[:, i].max()) / period) + 1 if period > 0.0 else 0
            for i, period in enumerate(body.periods)
        ]
        rows = []
        for turns in itertools.product(*(range(-n, n + 1) for n in most)):
            way = np.array(turns) * np.array(body.periods)
            there = (high + way > 0.0).all(axis=1) & (low + way < np.array(body.sizes)).all(axis=1)
            one, other = solid.start[there] + way, solid.end[there] + way
            rows.append(np.column_stack([one, other, solid.radii[there]]))
        arrays[f"solid_{index}"] = np.concatenate(rows) / unit
        arrays[f"ends_{index}"] = np.array(solid.ends)
    return arrays
