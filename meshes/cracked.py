"""2D meshes of a block: flat layers with a crack in one of the planes of symmetry, or a pit.

Elements are graded to the tips of the crack; how finely a tip is resolved is the solver's matter,
which bisects the cells around it.
"""

import itertools
from dataclasses import replace

import gmsh

from meshes.block import bottom_pieces, broken, heights, is_cracked, meshed_flaws
from meshes.field import Slab, limiting, point_distance, set_sizes
from meshes.layers import Block, Flaw, pit_corners, tips
from meshes.section import Model, Points
from meshes.sizing import MeshSize

Place = tuple[float, float]
AWAY_FROM_LAYERS = 0.5  # growth of the size per distance from a thin layer


def build_block(block: Block, size: MeshSize, omit: tuple[str, ...]) -> Model:
    """Mesh a block in the current Gmsh model; regions in `omit` are left out."""
    levels = heights(block)
    made = Points()
    groups: dict[str, list[tuple[int, int]]] = {}
    present = [layer.name not in omit for layer in block.layers]
    surfaces: list[tuple[float, int]] = []
    flaws = meshed_flaws(block, omit)

    def group(name: str, dim: int, tag: int) -> None:
        groups.setdefault(name, []).append((dim, abs(tag)))

    for (low, high), layer, there in zip(
        itertools.pairwise(levels), block.layers, present, strict=True
    ):
        if not there:
            continue
        pieces = bottom_pieces(block) if low == 0.0 else [(a, b, "") for a, b in _along(block, low)]
        rim = [x for x, _ in pit_corners(block)[:1]] if layer is block.layers[-1] else []
        pit = _pit(block) if len(block.layers) > 1 and layer is block.layers[-2] else ()
        left = broken(block.crack, "left", low, pit[-1][1] if pit else high)
        begun = {f.y for f in flaws if f.x == 0.0 and low < f.y < high}
        left = tuple(sorted({*left, *begun}))
        right = sorted(f.y for f in flaws if f.surface == "right" and low < f.y < high)
        corners: list[Place] = [
            (0.0, low),
            *((x, low) for x in (*rim, *(end for _, end, _ in pieces))),
            *((block.width, y) for y in right),
            *((x, high) for _, x in reversed(_along(block, high))),
            *pit[:-1],
            *((0.0, y) for y in reversed(left)),
        ]
        around = [made.line(one, other) for one, other in itertools.pairwise(corners)]
        for one, other in itertools.pairwise(pit):
            group("pit", 1, made.line(one, other))
        for x in rim:
            group("pit_roof", 1, made.line((0.0, low), (x, low)))
        surface = gmsh.model.geo.addPlaneSurface([gmsh.model.geo.addCurveLoop(around)])
        group(layer.name, 2, surface)
        surfaces.append((high, surface))
        for a, b in itertools.pairwise((low, *right, high)):
            group("right", 1, made.line((block.width, a), (block.width, b)))
        for a, b in itertools.pairwise(left):
            inside = is_cracked(block.crack, "left", a, b)
            group("crack" if inside else "left", 1, made.line((0.0, a), (0.0, b)))
        if low == 0.0:
            for a, b, name in pieces:
                group(name, 1, made.line((a, 0.0), (b, 0.0)))
    for name, tag in _planes(block, levels, present, made):
        group(name, 1, tag)

    lines = [_embed(flaw, made, surfaces) for flaw in flaws]
    gmsh.model.geo.synchronize()
    for line, surface in lines:
        gmsh.model.mesh.embed(1, [line], 2, surface)
    slabs = limiting((Slab(a, b) for a, b in itertools.pairwise(levels)), size.maximum)
    ends = [*tips(block), *pit_corners(block), *block.marks]
    ends += [(0.5 * block.window, 0.0)] if block.window is not None else []
    near = [f"{size.edge!r}+{size.growth!r}*{point_distance(*end)}" for end in ends]
    set_sizes(replace(size, growth=AWAY_FROM_LAYERS), [], slabs, "y", near)
    gmsh.option.setNumber("Mesh.Algorithm", 6)  # frontal: best quality on strongly graded sizes
    gmsh.model.mesh.generate(2)
    for flaw, (line, _) in zip(flaws, lines, strict=True):
        groups[flaw.name] = [(1, line)] if flaw.joined else _opened(flaw, line, made)
    return Model(groups, {}, 0.0, {}, (), (), {})


def _embed(flaw: Flaw, made: Points, surfaces: list[tuple[float, int]]) -> tuple[int, int]:
    """The line of a flaw, and the surface of the layer in which it lies."""
    line = made.line((flaw.x, flaw.y), flaw.end)
    middle = 0.5 * (flaw.y + flaw.end[1])
    return abs(line), next(tag for high, tag in surfaces if middle < high)


def _opened(flaw: Flaw, line: int, made: Points) -> list[tuple[int, int]]:
    """Part the mesh along the line of a flaw; both of its faces."""
    faces = gmsh.model.addPhysicalGroup(1, [line])
    ends = 0
    if flaw.emerges:  # there the faces part as well
        ends = gmsh.model.addPhysicalGroup(0, [made.point((flaw.x, flaw.y))])
    gmsh.plugin.setNumber("Crack", "Dimension", 1)
    gmsh.plugin.setNumber("Crack", "PhysicalGroup", faces)
    gmsh.plugin.setNumber("Crack", "OpenBoundaryPhysicalGroup", ends)
    gmsh.plugin.run("Crack")
    both = [(1, int(tag)) for tag in gmsh.model.getEntitiesForPhysicalGroup(1, faces)]
    gmsh.model.removePhysicalGroups()
    return both


def _along(block: Block, y: float) -> list[tuple[float, float]]:
    """The pieces of a plane between layers, from left to right."""
    inside = sorted(x for x, level in block.marks if level == y)
    if y == heights(block)[-1]:
        inside += sorted(flaw.x for flaw in block.flaws if flaw.surface == "top")
    return list(itertools.pairwise((0.0, *inside, block.width)))


def _pit(block: Block) -> tuple[Place, ...]:
    """The outline of the pit from its rim to the middle of its floor."""
    corners = pit_corners(block)
    return (*corners, (0.0, corners[-1][1])) if corners else ()


def _planes(
    block: Block, levels: list[float], present: list[bool], made: Points
) -> list[tuple[str, int]]:
    """Horizontal faces but that at the bottom of the block, which the crack may break."""
    out = []
    names = [layer.name for layer in block.layers]
    for i, y in enumerate(levels):
        below, above = i > 0 and present[i - 1], i < len(present) and present[i]
        under_last = block.pit is not None and i == len(levels) - 2
        line = ((0.5 * block.pit.width if under_last and block.pit else 0.0, y), (block.width, y))
        if below:
            places = (line[0], *((x, y) for _, x in _along(block, y)))
            pieces = [made.line(one, other) for one, other in itertools.pairwise(places)]
            outer = "top" if i == len(present) else f"{names[i]}_surface"
            name = f"{names[i - 1]}|{names[i]}" if above else outer
            out += [(name, piece) for piece in pieces]
        elif above and i > 0:
            out.append((f"{names[i - 1]}_surface", made.line(*line)))
    return out
