"""A mesh of a plane or axisymmetric body that is drawn by the curves around its regions.

A curve comes as points in order: a straight line where they lie on one, else a cubic spline through
them, continued by its mirror image where it ends at a plane of symmetry (`sides`, upright).
Elements are as large as the law of sizes has it around the corners where curves meet inside, and in
every region at most as large as its shortest straight side (`sides`) is long.

A facet keeps the axis that its face lay across at the start: its tag in the file is four times that
of its name, plus one and the axis, or plus zero where there is none.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import gmsh
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from meshes.build import ATTEMPTS, MESH_NAME, gmsh_model
from meshes.checks import check
from meshes.field import number, point_distance, positive_part, set_sizes
from meshes.mesh import BuiltMesh, MeshError, SliverError
from meshes.section import Points
from meshes.sizing import MeshSize, varied

STRAIGHT = 1e-9  # of its length: how far points of a straight line may be off it
CLOSED = 1e-3  # of the longest curve around a region: sides shorter than this have closed
SAMPLES = 16  # points of a spline for each of those that it goes through
SIDES = "sides"


@dataclass(frozen=True)
class Curve:
    """A piece of a boundary or an interface.

    Attributes:
        name: Of the boundary or interface.
        axis: That its face lay across at the start; -1: none.
        regions: At it, one or two.
        points: In order, um, shape (points, 2).
    """

    name: str
    axis: int
    regions: tuple[str, ...]
    points: NDArray[np.float64]

    @property
    def ends(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Its first and its last point."""
        (a, b), (c, d) = self.points[0], self.points[-1]
        return (float(a), float(b)), (float(c), float(d))

    @property
    def length(self) -> float:
        """Of the polygon through its points, um."""
        return float(np.linalg.norm(np.diff(self.points, axis=0), axis=1).sum())

    @property
    def straight(self) -> bool:
        """Whether all points lie on one line."""
        along = self.points[-1] - self.points[0]
        off = self.points - self.points[0]
        across = np.abs(off[:, 0] * along[1] - off[:, 1] * along[0])
        return bool(across.max() <= STRAIGHT * float(along @ along))


def decoded(tags: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Tag of the name and axis (-1: none) of facet tags in the file."""
    return (tags // 4).astype(np.int32), (tags % 4 - 1).astype(np.int32)


def redraw(curves: Sequence[Curve], size: MeshSize, old: BuiltMesh, folder: Path) -> BuiltMesh:
    """Mesh what the curves enclose and write `mesh.msh` into a folder.

    Args:
        curves: All around and between the regions.
        size: Element sizes.
        old: The mesh that had these names; tags and the areas of the cell stay.
        folder: An existing folder.

    Raises:
        MeshError: Gmsh fails, cells are flat, or the names do not fit.
    """
    start = time.monotonic()
    for attempt in range(ATTEMPTS):
        attempted = varied(replace(size, seed=size.seed + attempt * 1000003))
        try:
            with gmsh_model():
                groups = _draw(curves, attempted)
                report = check(groups, old.interfaces, None, {}, old.dimension)
                if report.below_bound:
                    raise SliverError(f"mesh: the worst cell has {report.min_quality:.3g}")
                _name(curves, groups, old)
                gmsh.write(str(folder / MESH_NAME))
        except SliverError:
            if attempt == ATTEMPTS - 1:
                raise
            continue
        report = replace(report, seconds=time.monotonic() - start)
        return replace(old, path=folder / MESH_NAME, arcs=(), singular_edges=(), report=report)
    raise MeshError("mesh: no attempt")


def _draw(curves: Sequence[Curve], size: MeshSize) -> dict[str, list[tuple[int, int]]]:
    """Mesh; entities of every region, and of every facet name with its axis."""
    made = Points()
    groups: dict[str, list[tuple[int, int]]] = {}
    around: dict[str, list[int]] = {}
    on_sides = {end for c in curves if c.name == SIDES for end in c.ends}
    for curve in curves:
        first, last = curve.ends
        if curve.straight:
            line = made.line(first, last)
        else:
            smooth = _smooth(curve.points, [end in on_sides for end in curve.ends])
            inner = [gmsh.model.geo.addPoint(*map(float, at), 0.0) for at in smooth[1:-1]]
            line = gmsh.model.geo.addSpline([made.point(first), *inner, made.point(last)])
        groups.setdefault(curve.name, []).append((1, abs(line)))
        for region in curve.regions:
            around.setdefault(region, []).append(line)
    for region, lines in around.items():
        for loop in gmsh.model.geo.addCurveLoops(lines):
            surface = gmsh.model.geo.addPlaneSurface([loop])
            groups.setdefault(region, []).append((2, surface))
    gmsh.model.geo.synchronize()
    rims = sorted({end for c in curves for end in c.ends} - on_sides)
    set_sizes(size, [point_distance(*rim) for rim in rims], (), "y", _narrow(curves, size))
    gmsh.option.setNumber("Mesh.Algorithm", 6)
    gmsh.model.mesh.generate(2)
    return groups


def _smooth(points: NDArray[np.float64], mirrored: list[bool]) -> NDArray[np.float64]:
    """Many points on the spline through a few, shape (points, 2)."""
    line, before = points, 0
    for end, at_plane in zip((0, -1), mirrored, strict=True):
        if at_plane:
            image = points * (-1.0, 1.0) + (2.0 * points[end, 0], 0.0)
            before += len(points) - 1 if end == 0 else 0
            parts = (image[:0:-1], line) if end == 0 else (line, image[-2::-1])
            line = np.concatenate(parts)
    place = np.concatenate([[0.0], np.linalg.norm(np.diff(line, axis=0), axis=1).cumsum()])
    steps = np.arange(before, before + len(points))
    fine = np.linspace(before, steps[-1], SAMPLES * (len(points) - 1) + 1)
    found = CubicSpline(place, line)(np.interp(fine, steps, place[steps]))
    found[[0, -1]] = points[[0, -1]]
    return np.asarray(found)


def _narrow(curves: Sequence[Curve], size: MeshSize) -> list[str]:
    """Expressions that keep elements of a region as small as its shortest side."""
    found = []
    for region in sorted({name for c in curves for name in c.regions}):
        at = [c for c in curves if region in c.regions]
        sides = [c.length for c in at if c.name == SIDES]
        if not sides or min(sides) >= size.maximum:
            continue
        if min(sides) < CLOSED * max(c.length for c in at):
            raise MeshError(f"mesh: {region} is only {min(sides):.3g} um thick at a side")
        heights = np.concatenate([c.points[:, 1] for c in at])
        over = positive_part(f"y-{number(float(heights.max()))}")
        under = positive_part(f"{number(float(heights.min()))}-y")
        growth = number(size.growth)
        found.append(f"{number(min(sides))}+{growth}*({over}+{under})")
    return found


def _name(
    curves: Sequence[Curve], groups: dict[str, list[tuple[int, int]]], old: BuiltMesh
) -> None:
    """Physical groups: regions, and facets by name and axis."""
    for name, tag in old.regions.items():
        if name not in groups:
            raise MeshError(f"mesh: {name} is missing")
        gmsh.model.addPhysicalGroup(2, [entity for _, entity in groups[name]], tag, name)
    lines: dict[tuple[str, int], list[int]] = {}
    counted = {name: iter(entities) for name, entities in groups.items()}
    for curve in curves:
        lines.setdefault((curve.name, curve.axis), []).append(next(counted[curve.name])[1])
    for (name, axis), entities in lines.items():
        gmsh.model.addPhysicalGroup(1, entities, 4 * old.facets[name] + axis + 1)
