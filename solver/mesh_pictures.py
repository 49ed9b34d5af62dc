"""Pictures of meshes: of the one that was solved on, and of one in a `.msh` file."""

import io
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import meshio
import numpy as np
import numpy.typing as npt
import pyvista
from matplotlib.figure import Figure

from meshes.mesh import BuiltMesh
from solver import drawing
from solver.drawing import Image, Window, heading
from solver.sections import (
    FACE_COLOURS,
    OTHER_FACE,
    View,
    around,
    draw_lines,
    extent,
    not_flat,
    overview,
    region_colours,
    region_legend,
)
from solver.simplices import DrawingError, Floats, Simplices, joined, merged, outline

MESH_TITLE = "Geometry and mesh"
CORNERS = {"line": 2, "triangle": 3, "tetra": 4}
CURVED = {"line": "line3", "triangle": "triangle6"}
METAL = ("window", "film_face", "film_wall")


def cell_windows(section: Simplices, opening: float, film: float | None) -> dict[str, Window]:
    """The cell, and the surroundings of its opening (full width; 0 without one)."""
    window = overview(section, opening)
    share = (window[3] - window[2]) / (window[1] - window[0])
    parts = {"the cell": window}
    if opening and 2.5 * opening < 0.8 * (window[1] - window[0]):
        near = around(section, 0.0, 2.5 * opening, film, share)
        parts["around the opening"] = (max(near[0], window[0]), *near[1:])
    return parts


def body_windows(section: Simplices, faces: Mapping[str, Simplices]) -> dict[str, Window]:
    """All of a body, and the surroundings of its crack if it is small."""
    x0, x1, y0, y1 = extent(section)
    parts = {"the meshed part": not_flat((x0, x1, y0, y1))}
    if "crack" not in faces:
        return parts
    points = faces["crack"].points[faces["crack"].cells].reshape(-1, 3)
    low, high = points.min(axis=0), points.max(axis=0)
    length = float((high - low).max())
    if length < 0.3 * max(x1 - x0, y1 - y0):
        a, c = (float(v) - 0.7 * length for v in low[:2])
        b, d = (float(v) + 0.7 * length for v in high[:2])
        rim = 0.05 * length
        near = (max(a, x0 - rim), min(b, x1 + rim), max(c, y0 - rim), min(d, y1 + rim))
        parts["around the crack"] = not_flat(near)
    return parts


def flat_mesh(
    view: View, regions: Mapping[str, int], parts: Mapping[str, Window], title: str
) -> Figure:
    """A mesh in 2D: the cell as a whole, and parts of it.

    Args:
        view: Whole cells, outlines and faces.
        regions: Name -> number.
        parts: Windows by their heading.
        title: Title of the case.
    """
    shares = [(w[3] - w[2]) / (w[1] - w[0]) for w in parts.values()]
    share = max(max(shares), 0.12 * len(parts))
    figure = drawing.new_figure(min(7.5, (6.6 / len(parts)) * share + 1.65))
    figure.set_layout_engine("constrained", rect=(0, 0.06, 1, 0.94))
    panels = np.atleast_1d(figure.subplots(1, len(parts)))
    colours = region_colours(regions)
    for axes, (name, part) in zip(panels, parts.items(), strict=True):
        image = drawing.flat_image(view.section, part, colours, None, "", edges=True)
        drawing.put_image(axes, image, part, view.labels)
        draw_lines(view, axes, legend=False)
        axes.set_title(name, fontsize=9)
    region_legend(figure, panels[0], regions)
    figure.suptitle(heading(MESH_TITLE, title), fontsize=10)
    return figure


def solid_mesh(
    coarse: Simplices,
    faces: Mapping[str, Simplices],
    regions: Mapping[str, int],
    reach: float,
    title: str,
) -> Figure:
    """A mesh in 3D: its surface, and the mesh on the faces of the metal.

    Args:
        coarse: Whole cells.
        faces: Whole facets, by name.
        regions: Name -> number.
        reach: How far from the origin the faces are shown.
        title: Title of the case.
    """
    size = float(np.ptp(coarse.points, axis=0).max())
    # the cells have points of their own; without common points every facet would be a surface
    grid = merged(replace(coarse, values={}), size, 1e-9)
    surface = grid.extract_surface(algorithm="dataset_surface")
    plotter = pyvista.Plotter(off_screen=True, window_size=[1000, 1200])
    plotter.background_color = pyvista.Color("white")
    colours = region_colours(regions)
    plotter.add_mesh(
        surface, scalars="region", cmap=colours, clim=(0, max(1, len(colours) - 1)),
        show_scalar_bar=False, show_edges=True, edge_color="#303030", line_width=1, lighting=False,
    )  # fmt: skip
    plotter.camera.parallel_projection = True
    look_from(plotter, (-0.5, -0.8, 0.45))
    image, _ = shot(plotter, np.zeros((0, 3)))

    figure = drawing.new_figure(4.9)
    figure.set_layout_engine("constrained", rect=(0, 0.06, 1, 0.94))
    panels = figure.subplots(1, 2, width_ratios=[1, 1.2])
    panels[0].imshow(image, interpolation="antialiased")
    panels[0].set_axis_off()
    panels[0].set_title(f"the meshed part, {drawing.length_text(size)} long", fontsize=9)
    if faces:
        face = joined(
            [
                replace(part, region=np.full(len(part.cells), n))
                for n, part in enumerate(faces.values())
            ]
        )
        x0, x1, y0, y1 = extent(face)
        window = (max(x0, -reach), min(x1, reach), max(y0, -reach), min(y1, reach))
        tints = [pale(FACE_COLOURS.get(name, OTHER_FACE)) for name in faces]
        image = drawing.flat_image(face, window, tints, None, "", edges=True)
        drawing.put_image(panels[1], image, window, ("x", "y"))
        for name, tint in zip(faces, tints, strict=True):
            panels[1].fill([], [], color=tint, label=name)
        panels[1].set_title("the faces of the metal, from above", fontsize=9)
    else:
        panels[1].set_axis_off()
    region_legend(figure, panels[1], regions)
    figure.suptitle(heading(MESH_TITLE, title), fontsize=10)
    return figure


def pale(colour: str) -> str:
    """A colour mixed with white."""
    red, green, blue = mpl.colors.to_rgb(colour)
    return str(mpl.colors.to_hex((0.4 * red + 0.6, 0.4 * green + 0.6, 0.4 * blue + 0.6)))


def look_from(plotter: pyvista.Plotter, direction: tuple[float, float, float]) -> None:
    """Look at everything from a direction, z upwards."""
    plotter.camera.focal_point = (0.0, 0.0, 0.0)
    plotter.camera.position = direction
    plotter.camera.up = (0.0, 0.0, 1.0)
    plotter.renderer.ResetCamera()


def shot(plotter: pyvista.Plotter, points: Floats) -> tuple[Image, Floats]:
    """The image without its white rim, and where points in space lie on it (column, row)."""
    image = np.asarray(plotter.screenshot(return_img=True))
    renderer = plotter.renderer
    places = []
    for x, y, z in points:
        renderer.SetWorldPoint(x, y, z, 1.0)
        renderer.WorldToDisplay()
        column, line, _ = renderer.GetDisplayPoint()
        places.append([column, image.shape[0] - 1 - line])
    plotter.close()
    filled = np.any(image < 255, axis=2)
    rows, columns = np.flatnonzero(filled.any(axis=1)), np.flatnonzero(filled.any(axis=0))
    top, left = max(rows[0] - 8, 0), max(columns[0] - 8, 0)
    cropped = image[top : rows[-1] + 45, left : columns[-1] + 9]
    return cropped, np.array(places).reshape(-1, 2) - [left, top]


def draw_mesh(built: BuiltMesh, png: Path, title: str = "") -> None:
    """Draw a mesh file.

    Args:
        built: The mesh.
        png: The picture.
        title: Title of the case.

    Raises:
        DrawingError: Nothing can be drawn off screen here, or the file holds no cells.
    """
    if reason := drawing.can_draw():
        raise DrawingError(f"{png}: {reason}")
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        mesh = meshio.read(built.path)
    points = np.asarray(mesh.points, float)
    kinds = ("tetra", "triangle") if built.dimension == "3d" else ("triangle", "line")
    cells, tags = tagged(mesh, kinds[0])
    facets, facet_tags = tagged(mesh, kinds[1])
    if len(cells) == 0:
        raise DrawingError(f"{built.path}: holds no cells")
    body = Simplices(points, cells, tags, {}).only(np.isin(tags, list(built.regions.values())))
    faces = {}
    for name in (*METAL, "crack"):
        marked = facet_tags == built.facets.get(name, -1)
        if marked.any():
            faces[name] = Simplices(points, facets[marked], np.zeros(int(marked.sum()), int), {})
    numbers = {name: n + 1 for n, name in enumerate(built.regions)}
    table = {built.regions[name]: n for name, n in numbers.items()}
    body = replace(body, region=np.array([table[int(tag)] for tag in body.region]))
    if built.dimension == "3d":
        figure = solid_mesh(body, faces, numbers, float("inf"), title)
    else:
        labels = ("r", "z") if built.dimension == "axisymmetric" else ("x", "y")
        metal = any(name in faces for name in METAL)
        rims = [edge.points[0][0] for edge in built.singular_edges]
        film = -min((edge.points[0][1] for edge in built.singular_edges), default=0.0)
        view = View(body, outline(body), faces, labels)
        opening = 2 * max(rims, default=0.0)
        parts = cell_windows(body, opening, film) if metal else body_windows(body, faces)
        figure = flat_mesh(view, numbers, parts, title)
    drawing.save(figure, png)


def tagged(mesh: meshio.Mesh, kind: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Corners and physical tags of all cells of a kind, with straight or with round edges."""
    wanted, corners_of = {kind, CURVED.get(kind)}, CORNERS[kind]
    physical = mesh.cell_data.get("gmsh:physical", [])
    found = [
        (block.data[:, :corners_of], marks)
        for block, marks in zip(mesh.cells, physical, strict=False)
        if block.type in wanted
    ]
    if not found:
        return np.zeros((0, 2), np.int64), np.zeros(0, np.int64)
    corners, marks = zip(*found, strict=True)
    return np.concatenate(corners).astype(np.int64), np.concatenate(marks).astype(np.int64)
