"""Cuts the solids of a microstructure with one another and meshes what they bound.

Faces lie on the features and edges stay sharp, where the lattice of `meshes.fitting` rounds them.
Boxes of the flat layers and the features (bodies of one phase are fused first and clipped to their
layer) are cut with one another by OpenCASCADE; cells are of the size 1, finer where curvature asks
for it.

A process of its own: `python -m meshes.conformal IN OUT`, both `.npz`. IN is as
`meshes.solids.arrays_of` has it, lengths in units of the resolution; OUT has points (n, 3), cells
(m, 4) and the number of the solid of each cell.
"""

import itertools
import math
import sys
from pathlib import Path

import gmsh
import numpy as np

from meshes.lattice import Floats, quality
from meshes.mesh import MeshError
from meshes.solids import CHORDS

NEAR = 1e-6
OPTIONS = {
    "General.Terminal": 0,
    "General.NumThreads": 1,
    "Mesh.RandomSeed": 1,
    "Mesh.MeshSizeMax": 1.0,
    "Mesh.MeshSizeFromPoints": 0,
    "Mesh.MeshSizeFromCurvature": CHORDS,
    "Mesh.MeshSizeExtendFromBoundary": 1,
    "Mesh.Algorithm": 6,  # frontal
    "Mesh.Algorithm3D": 10,  # HXT
}


def _build(given: Path, made: Path) -> None:
    """The process: reads its input, cuts and meshes the solids, writes the mesh."""
    with np.load(given) as arrays:
        data = {name: arrays[name] for name in arrays}
    gmsh.initialize([], readConfigFiles=False)
    for key, value in OPTIONS.items():
        gmsh.option.setNumber(key, value)
    _cut(data)
    _tie_sides(data["sizes"], data["periodic"])
    gmsh.model.mesh.generate(3)
    tags, places, _ = gmsh.model.mesh.getNodes()
    number = np.zeros(int(tags.max()) + 1, np.int64)
    number[tags.astype(np.int64)] = np.arange(len(tags))
    cells, owners = [], []
    for _, volume in gmsh.model.getEntities(3):
        nodes = number[gmsh.model.mesh.getElementsByType(4, volume)[1].astype(np.int64)]
        cells.append(nodes.reshape(-1, 4))
        owners.append(np.full(len(cells[-1]), volume))
    points, rows = places.reshape(-1, 3), np.concatenate(cells)
    used, inverse = np.unique(rows, return_inverse=True)
    rows = inverse.reshape(-1, 4)
    negative = quality(points[used][rows])[1] < 0.0
    if negative.any():
        rows[negative] = rows[negative][:, [0, 1, 3, 2]]
    np.savez(made, points=points[used], cells=rows, owners=np.concatenate(owners))


def _cut(data: dict[str, Floats]) -> None:
    """The layers and features of the current model, cut with one another."""
    occ = gmsh.model.occ
    (wide, deep, _), host = data["sizes"], data["host"]
    boxes = [
        (3, occ.addBox(0.0, 0.0, low, wide, deep, high - low))
        for low, high in itertools.pairwise(data["planes"])
    ]
    parts = []
    for index in itertools.takewhile(lambda i: f"solid_{i}" in data, itertools.count()):
        ends = data[f"ends_{index}"]
        bodies = [(3, _round_body(row, *ends)) for row in data[f"solid_{index}"]]
        if len(bodies) > 1:
            bodies, _ = occ.fuse(bodies[:1], bodies[1:])
        frame = occ.addBox(0.0, 0.0, host[0], wide, deep, host[1] - host[0])
        parts += occ.intersect(bodies, [(3, frame)])[0]
    occ.fragment(boxes, parts)
    occ.synchronize()


def _round_body(row: Floats, below: bool, above: bool) -> int:
    """A cylinder, with half balls on its ends, or a ball; its tag."""
    occ = gmsh.model.occ
    start, way, radius = row[:3], row[3:6] - row[:3], float(row[6])
    length = float(np.sqrt((way**2).sum()))
    if length < NEAR:
        return int(occ.addSphere(*start, radius))
    if not (below or above):
        return int(occ.addCylinder(*start, *way, radius))
    foot, head = occ.addPoint(0.0, 0.0, 0.0), occ.addPoint(0.0, 0.0, length)
    low, high = occ.addPoint(radius, 0.0, 0.0), occ.addPoint(radius, 0.0, length)
    lowest = occ.addPoint(0.0, 0.0, -radius) if below else foot
    highest = occ.addPoint(0.0, 0.0, length + radius) if above else head
    loop = [
        occ.addCircleArc(lowest, foot, low) if below else occ.addLine(foot, low),
        occ.addLine(low, high),
        occ.addCircleArc(high, head, highest) if above else occ.addLine(high, head),
        occ.addLine(highest, lowest),
    ]
    face = occ.addPlaneSurface([occ.addCurveLoop(loop)])
    made = occ.revolve([(2, face)], 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0 * math.pi)
    solid = [(dim, tag) for dim, tag in made if dim == 3]
    occ.remove([(2, face)], recursive=True)
    aside = math.hypot(way[0], way[1])
    if aside > NEAR * length:
        occ.rotate(solid, 0.0, 0.0, 0.0, -way[1], way[0], 0.0, math.atan2(aside, way[2]))
    occ.translate(solid, *start)
    return int(solid[0][1])


def _tie_sides(sizes: Floats, periodic: Floats) -> None:
    """Mesh opposite sides of the cell alike."""
    for axis in np.flatnonzero(periodic):
        sides: list[list[tuple[Floats, int]]] = []
        for at in (0.0, float(sizes[axis])):
            low, high = np.full(3, -NEAR), sizes + NEAR
            low[axis], high[axis] = at - NEAR, at + NEAR
            found = []
            for _, tag in gmsh.model.getEntitiesInBoundingBox(*low, *high, 2):
                centre = np.array(gmsh.model.occ.getCenterOfMass(2, tag))
                key = np.append(np.delete(centre, axis), gmsh.model.occ.getMass(2, tag))
                found.append((key, tag))
            sides.append(found)
        below, above = sides
        if len(below) != len(above):
            raise MeshError("opposite sides have different faces")
        others = np.array([key for key, _ in above])
        shift = np.eye(4)
        shift[axis, 3] = sizes[axis]
        for key, tag in below:
            nearest = int(np.argmin(np.abs(others - key).max(axis=1)))
            gmsh.model.mesh.setPeriodic(2, [above[nearest][1]], [tag], shift.ravel())


if __name__ == "__main__":
    _build(Path(sys.argv[1]), Path(sys.argv[2]))
