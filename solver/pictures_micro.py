"""The picture of a microstructure: its regions in colour, and its features alone, to scale."""

import io
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path

import meshio
import numpy as np
import pyvista
from matplotlib.axes import Axes

from meshes.mesh import BuiltMesh
from solver import drawing
from solver.mesh_pictures import look_from, tagged
from solver.sections import extent, not_flat, region_colours, region_legend
from solver.simplices import DrawingError, Simplices, merged

WINDOW = (1000, 1000)
DIRECTION = (-0.55, -0.85, 0.5)
DPI = 100


def draw_structure(built: BuiltMesh, png: Path, title: str) -> None:
    """Draw the mesh of a microstructure.

    Args:
        built: The mesh.
        png: The picture.
        title: Title of the case.

    Raises:
        DrawingError: Nothing can be drawn off screen here.
    """
    if reason := drawing.can_draw():
        raise DrawingError(f"{png}: {reason}")
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        mesh = meshio.read(built.path)
    points = np.asarray(mesh.points, float)
    cells, tags = tagged(mesh, "tetra" if built.dimension == "3d" else "triangle")
    numbers = {name: n + 1 for n, name in enumerate(built.regions)}
    table = {built.regions[name]: n for name, n in numbers.items()}
    body = Simplices(points, cells, np.array([table[int(tag)] for tag in tags]), {})
    if built.dimension != "3d":
        window = not_flat(extent(body))
        figure = drawing.new_figure(4.6)
        figure.set_layout_engine("constrained", rect=(0, 0.07, 1, 0.93))
        axes = figure.subplots()
        image = drawing.flat_image(body, window, region_colours(numbers), None, "")
        drawing.put_image(axes, image, window, ("x", "y"))
        region_legend(figure, axes, numbers)
        figure.suptitle(drawing.heading("Geometry", title), fontsize=10)
        figure.savefig(png, dpi=DPI, metadata={"Software": None})
        return
    inner = [numbers[p.name] for p in built.parts if p.feature and p.name in numbers]
    size = float(np.ptp(points, axis=0).max())
    figure = drawing.new_figure(4.6)
    figure.set_layout_engine("constrained", rect=(0, 0.07, 1, 0.93))
    panels = figure.subplots(1, 2)
    _draw(panels[0], body, numbers, size, "the meshed part")
    some = body.only(np.isin(body.region, inner))
    text = ", ".join(name for name, n in numbers.items() if n in inner) + " alone"
    if len(inner) > 1:  # cut open, to see what is inside of what
        middles = some.points[some.cells][:, :, 1].mean(axis=1)
        some = some.only(middles > 0.5 * (points[:, 1].min() + points[:, 1].max()))
        text += ", cut open"
    if len(some.cells) and len(some.cells) < len(cells):
        _draw(panels[1], some, numbers, size, text)
    else:
        panels[1].set_axis_off()
    region_legend(figure, panels[0], numbers)
    figure.suptitle(drawing.heading("Geometry", title), fontsize=10)
    figure.savefig(png, dpi=DPI, metadata={"Software": None})


def _draw(axes: Axes, body: Simplices, numbers: dict[str, int], size: float, title: str) -> None:
    """The surface of a body, with a bar that is to scale in the plane of the picture."""
    surface = merged(replace(body, values={}), size, 1e-9).extract_surface(
        algorithm="dataset_surface"
    )
    plotter = pyvista.Plotter(off_screen=True, window_size=list(WINDOW))
    plotter.background_color = pyvista.Color("white")
    colours = region_colours(numbers)
    plotter.add_mesh(
        surface, scalars="region", cmap=colours, clim=(0, max(1, len(colours) - 1)),
        show_scalar_bar=False, show_edges=False, preference="cell", ambient=0.35, diffuse=0.7,
    )  # fmt: skip
    plotter.camera.parallel_projection = True
    look_from(plotter, DIRECTION)
    image = np.asarray(plotter.screenshot(return_img=True))
    per_um = 0.5 * WINDOW[1] / plotter.camera.parallel_scale / size
    plotter.close()
    filled = np.any(image < 255, axis=2)
    rows, columns = np.flatnonzero(filled.any(axis=1)), np.flatnonzero(filled.any(axis=0))
    image = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    axes.imshow(image, interpolation="antialiased")
    high, wide = image.shape[:2]
    length = drawing.nice_length(0.25 * wide / per_um)
    at = high + 0.05 * high
    axes.plot([0, length * per_um], [at, at], color="black", linewidth=3, solid_capstyle="butt")
    axes.text(length * per_um + 0.02 * wide, at, drawing.length_text(length), va="center")
    axes.set(xlim=(-5, wide + 5), ylim=(at + 0.05 * high, -5))
    axes.set_axis_off()
    axes.set_title(title, fontsize=9)
