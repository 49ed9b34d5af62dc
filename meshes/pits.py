"""Pits or voids of one shape below a face of a layer: where they lie, and the phase they make."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import ellipe

from meshes.fitting import Phase
from meshes.labelling import Level
from meshes.micro import Pits, Rough
from meshes.particles import push_apart

Floats = NDArray[np.float64]

PITTED = 0.6  # of a face, up to which pits with their rims are pushed apart
RIM = 1.5  # width of a pit with its rim, in diameters, where there is room


def pit_places(micro: Rough, pits: Pits) -> Floats:
    """Places of the pits in the plane, shape (count, 1 or 2)."""
    seed = np.random.SeedSequence(micro.body.seed).spawn(len(micro.faces) + 1)[-1]
    random = np.random.Generator(np.random.PCG64(seed))
    sizes = np.array(micro.body.sizes[:-1])
    share = PITTED * float(sizes.prod()) / pits.count  # of the face for each, rims counted
    widest = share if len(sizes) == 1 else math.sqrt(4.0 * share / math.pi)
    radius = 0.5 * max(min(RIM * pits.diameter, widest), pits.diameter)
    places = random.random((pits.count, len(sizes))) * sizes
    if pits.count == 1:
        return np.asarray(0.5 * sizes[None], dtype=np.float64)
    radii, periods = np.full(pits.count, radius), np.array(micro.body.periods[:-1])
    return push_apart(places, radii, sizes, periods)


def pit_volume(pits: Pits, flat: bool) -> float:
    """Volume of one pit, um^3 (um^2 in 2D)."""
    r, depth = 0.5 * pits.diameter, pits.depth
    if flat:
        share = {"ball": 0.5 * math.pi, "cylinder": 2.0, "cone": 1.0}[pits.kind]
        return share * r * depth
    share = {"ball": 2.0 / 3.0, "cylinder": 1.0, "cone": 1.0 / 3.0}[pits.kind]
    return share * math.pi * r**2 * depth


def pit_wall(pits: Pits, flat: bool) -> float:
    """Area of the wall and the floor of one pit below a flat face, um^2 (um in 2D).

    Half of a spheroid of the semi-axes r, r, c: with e^2 = 1 - min(r, c)^2/max(r, c)^2 it is
    pi r^2 (1 + (1 - e^2) artanh(e)/e) for c < r, pi r^2 (1 + c arcsin(e)/(r e)) for c > r; half of
    an ellipse: 2 r E(1 - c^2/r^2) with the complete elliptic integral E(m).
    """
    r, c = 0.5 * pits.diameter, pits.depth
    if pits.kind == "cylinder":
        return 2.0 * (r + c) if flat else math.pi * r * (r + 2.0 * c)
    if pits.kind == "cone":
        return math.hypot(r, c) * (2.0 if flat else math.pi * r)
    if flat:
        return 2.0 * r * float(ellipe(1.0 - (c / r) ** 2))
    e = math.sqrt(1.0 - (min(r, c) / max(r, c)) ** 2)
    if e < 1e-6:
        return 2.0 * math.pi * r**2
    more = (1.0 - e**2) * math.atanh(e) / e if c < r else c * math.asin(e) / (r * e)
    return math.pi * r**2 * (1.0 + more)


def pit_faces(micro: Rough, pits: Pits) -> tuple[tuple[str, str, float], ...]:
    """Areas of walls, of mouths and of what these leave of the face, where this is flat."""
    names = [layer.name for layer in micro.body.layers]
    at = names.index(pits.layer)
    if {face.layer for face in micro.faces} & {*names[max(at - 1, 0) : at + 2]}:
        return ()
    flat, ground = micro.body.flat, math.prod(micro.body.sizes[:-1])
    mouths = pits.count * (pits.diameter if flat else 0.25 * math.pi * pits.diameter**2)
    return (
        (pits.name, pits.layer, pits.count * pit_wall(pits, flat)),
        (pits.name, names[at + 1], mouths),
        (pits.layer, names[at + 1], ground - mouths),
    )


def phase_of_pits(micro: Rough, pits: Pits, face: Level) -> Phase:
    """The pits, which what is above the `face` they are in is painted over."""
    places = pit_places(micro, pits)
    periods = np.array(micro.body.periods[:-1])
    r, depth = 0.5 * pits.diameter, pits.depth
    short = min(r, depth)

    def level(points: Floats) -> Floats:
        down = -face(points)
        near: Floats = np.full(len(points), np.inf)
        for place in places:
            away = points[:, :-1] - place
            for axis, period in enumerate(periods):
                if period > 0.0:
                    away[:, axis] -= period * np.round(away[:, axis] / period)
            near = np.asarray(np.minimum(near, np.sqrt((away**2).sum(axis=1))))
        match pits.kind:
            case "ball":
                return np.asarray(short * (np.hypot(near / r, down / depth) - 1.0))
            case "cylinder":
                return np.asarray(np.maximum(near - r, down - depth))
            case "cone":
                slope = math.hypot(1.0 / r, 1.0 / depth)
                return np.asarray((near / r + down / depth - 1.0) / slope)

    # depths are below the face, rough or not, so it does not change the volume
    volume = pits.count * pit_volume(pits, micro.body.flat)
    rough = pits.layer in {other.layer for other in micro.faces}
    # other walls are upright at the face
    rim = micro.body.span(pits.layer)[1] if pits.kind == "cone" and not rough else None
    return Phase(pits.name, level, volume, None, pit_faces(micro, pits), rim)
