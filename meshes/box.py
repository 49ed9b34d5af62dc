"""A box of flat layers in 3D with an elliptical crack in its bottom plane: a quarter of the body.

Elements are graded to the front of the crack, whose ellipse is meshed by chords, to the ellipse
inside of which a load acts on its faces, and to the corner of the top that an indenter touches.
"""

import itertools
from collections.abc import Callable
from dataclasses import replace

import gmsh

from meshes.block import names_of_planes
from meshes.field import Slab, limiting, number, positive_part, set_sizes
from meshes.layers import Box
from meshes.section import Model
from meshes.sizing import MeshSize

Groups = dict[str, list[tuple[int, int]]]
Corners = tuple[int, int, int, int]
EVEN = 1.2  # of the radius of a contact: how far cells under an indenter are of one size


def build_box(box: Box, size: MeshSize, omit: tuple[str, ...]) -> Model:
    """Mesh a box in the current Gmsh model; layers in `omit` are left out."""
    geo = gmsh.model.geo
    levels = [0.0, *itertools.accumulate(layer.thickness for layer in box.layers)]
    corners: list[Corners] = [_corners(box, z) for z in levels]
    lines: dict[tuple[int, int], int] = {}
    groups: Groups = {}

    def line(one: int, other: int) -> int:
        if (one, other) not in lines:
            lines[one, other] = geo.addLine(one, other)
            lines[other, one] = -lines[one, other]
        return lines[one, other]

    def surface(*around: int) -> int:
        return int(geo.addPlaneSurface([geo.addCurveLoop(list(around))]))

    front, points = _arc(corners[0][0], box.crack.semi_axes if box.crack else None)
    edge, (_, *ends) = _arc(corners[0][0], box.crack.filled if box.crack else None)
    planes: list[list[int]] = []
    for level, (a, b, c, d) in enumerate(corners):
        if level == 0 and box.crack is not None:
            centre, along, across = points
            outer = surface(line(along, b), line(b, c), line(c, d), line(d, across), -front)
            if edge:
                rim = [line(ends[0], along), front, line(across, ends[1]), -edge]
                core = surface(line(centre, ends[0]), edge, line(ends[1], centre))
                planes.append([core, surface(*rim), outer])
            else:
                inner = surface(line(centre, along), front, line(across, centre))
                planes.append([inner, outer])
        else:
            planes.append([surface(line(a, b), line(b, c), line(c, d), line(d, a))])
    for index, layer in enumerate(box.layers):
        if layer.name in omit:
            continue
        low, high = corners[index], corners[index + 1]
        foot = list(zip(low, (*low[1:], low[0]), strict=True))
        cut = index == 0 and box.crack is not None
        sides = {}
        for name, (one, other), (up, over) in zip(
            ("front", "right", "back", "left"),
            foot,
            zip(high, (*high[1:], high[0]), strict=True),
            strict=True,
        ):
            base = [line(one, other)]
            if cut and name == "front":
                base = _broken_line(line, one, *((ends[0],) if edge else ()), points[1], other)
            if cut and name == "left":
                base = _broken_line(line, one, points[2], *((ends[1],) if edge else ()), other)
            sides[name] = surface(*base, line(other, over), line(over, up), line(up, one))
        shell = [*planes[index], *planes[index + 1], *sides.values()]
        volume = geo.addVolume([geo.addSurfaceLoop(shell)])
        groups[layer.name] = [(3, volume)]
        for name, tag in sides.items():
            groups.setdefault(name, []).append((2, tag))
    for name, tags in names_of_planes(box, planes, omit):
        groups.setdefault(name, []).extend((2, tag) for tag in tags)
    geo.synchronize()
    slabs = limiting((Slab(a, b) for a, b in itertools.pairwise(levels)), size.maximum)
    crack = box.crack
    near = [] if crack is None else [_size_at(crack.semi_axes, size)]
    if crack is not None and crack.filled is not None:
        share = crack.filled[0] / crack.semi_axes[0]
        near.append(_size_at(crack.filled, replace(size, edge=share * size.edge)))
    near += [_size_under_indenter(box, size, levels[-1])] if box.touched else []
    set_sizes(replace(size, growth=0.5), [], slabs, "z", near)
    gmsh.model.mesh.generate(3)
    return Model(groups, {}, 0.0, {}, (), (), {})


def _corners(box: Box, z: float) -> Corners:
    geo = gmsh.model.geo
    places = ((0.0, 0.0), (box.width, 0.0), (box.width, box.depth), (0.0, box.depth))
    a, b, c, d = (int(geo.addPoint(x, y, z)) for x, y in places)
    return a, b, c, d


def _broken_line(line: Callable[[int, int], int], *points: int) -> list[int]:
    """Lines from point to point."""
    return [line(one, other) for one, other in itertools.pairwise(points)]


def _arc(centre: int, semi_axes: tuple[float, float] | None) -> tuple[int, tuple[int, int, int]]:
    """A quarter of an ellipse, its centre and its ends on the x and the y axis; 0: none."""
    if semi_axes is None:
        return 0, (0, 0, 0)
    geo, (a, b) = gmsh.model.geo, semi_axes
    along, across = int(geo.addPoint(a, 0.0, 0.0)), int(geo.addPoint(0.0, b, 0.0))
    major = along if a >= b else across
    return int(geo.addEllipseArc(along, centre, major, across)), (centre, along, across)


def _size_at(semi_axes: tuple[float, float], size: MeshSize) -> str:
    """The size law with the distance from an ellipse, for the parser of Gmsh."""
    a, b = semi_axes
    round_ = f"sqrt((x/{number(a)})^2+(y/{number(b)})^2)"
    # less than the distance inside of the ellipse, and near it about that
    away = f"sqrt(({number(min(a, b))}*abs({round_}-1))^2+z^2)"
    return f"{number(size.edge)}+{number(size.growth)}*{away}"


def _size_under_indenter(box: Box, size: MeshSize, top: float) -> str:
    """The size law around the corner of the top that is touched, for the parser of Gmsh."""
    away = f"sqrt(x^2+y^2+(z-{number(top)})^2)-{number(EVEN * box.touched)}"
    return f"{number(size.edge)}+{number(size.growth)}*{positive_part(away)}"
