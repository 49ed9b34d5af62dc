"""2D meshes of concentric layers: regular between two arcs, free around the centre.

Cells are straight here; `meshes.build` bends their edges to second order after the checks, so that
the solver sees circles within the fourth power of a chord's angle.
"""

import itertools
import math

import gmsh

from meshes.layers import Shell, radii
from meshes.mesh import Arc
from meshes.section import Model
from meshes.shell import cells_across, chords, curved_faces
from meshes.sizing import MeshSize


def build_shell(shell: Shell, size: MeshSize) -> Model:
    """Mesh a shell in the current Gmsh model."""
    geo = gmsh.model.geo
    count = chords(shell, size.maximum)
    angle = 0.5 * math.pi / count
    centre = geo.addPoint(0.0, 0.0, 0.0)
    ends: list[tuple[int, int]] = []
    arcs: list[int] = []
    for r in radii(shell):
        if r == 0.0:
            ends.append((centre, centre))
            arcs.append(0)
            continue
        right, top = geo.addPoint(r, 0.0, 0.0), geo.addPoint(0.0, r, 0.0)
        ends.append((right, top))
        arcs.append(geo.addCircleArc(right, centre, top))
        geo.mesh.setTransfiniteCurve(arcs[-1], count + 1)
    groups: dict[str, list[tuple[int, int]]] = {"left": [], "bottom": []}
    spans = itertools.pairwise(zip(radii(shell), ends, arcs, strict=True))
    for layer, ((low, inside, inner), (high, outside, outer)) in zip(
        shell.layers, spans, strict=True
    ):
        bottom = geo.addLine(inside[0], outside[0])
        left = geo.addLine(outside[1], inside[1])
        around = [bottom, outer, left] if inner == 0 else [bottom, outer, left, -inner]
        surface = geo.addPlaneSurface([geo.addCurveLoop(around)])
        if inner != 0:
            across = cells_across(low, high, angle)
            ratio = (high / low) ** (1.0 / across)
            geo.mesh.setTransfiniteCurve(bottom, across + 1, "Progression", ratio)
            geo.mesh.setTransfiniteCurve(left, across + 1, "Progression", 1.0 / ratio)
            corners = [inside[0], outside[0], outside[1], inside[1]]
            geo.mesh.setTransfiniteSurface(surface, "Alternate", corners)
        groups["bottom"].append((1, bottom))
        groups["left"].append((1, left))
        groups[layer.name] = [(2, surface)]
    tags = [arc for arc in arcs if arc]
    for name, arc in zip(curved_faces(shell), tags, strict=True):
        groups[name] = [(1, arc)]
    geo.synchronize()
    field = gmsh.model.mesh.field
    everywhere = field.add("MathEval")  # around the centre: as the first arc
    first = next(r for r in radii(shell) if r > 0.0)
    field.setString(everywhere, "F", repr(first * angle))
    field.setAsBackgroundMesh(everywhere)
    gmsh.option.setNumber("Mesh.Algorithm", 6)
    gmsh.model.mesh.generate(2)
    circles = tuple(
        Arc(r, (0.0, 0.0), 0.0, 0.0, "wall", angle) for r in curved_faces(shell).values()
    )
    return Model(groups, {}, 0.0, {}, circles, (), {})
