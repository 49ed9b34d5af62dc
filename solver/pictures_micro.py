"""The picture of a microstructure: its regions in colour, and its features alone, to scale."""

import io
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path

import meshio
import numpy as np
import pyvista
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, ListedColormap
from matplotlib.figure import Figure

from meshes.mesh import BuiltMesh
from solver import drawing
from solver.mesh_pictures import look_from, tagged
from solver.output import FIELDS, MECHANICS, STRESS
from solver.pictures_body import SIZE, SIZE_MAP, TRIM, von_mises
from solver.sections import (
    Picture,
    extent,
    not_flat,
    read_results,
    region_colours,
    region_legend,
)
from solver.simplices import DrawingError, Simplices, merged, read_cells

WINDOW = (1000, 1000)
DIRECTION = (-0.55, -0.85, 0.5)
DPI = 100
CUTS = 25  # places that a cut is chosen from
TALL, SEEN = 3.0, 1.5  # in widths: bodies that are not shown as a whole, and what is shown of them


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
    features = {part.name for part in built.parts if part.feature}
    _regions(body, numbers, features, png, title)


def pictures_of_structure(folder: Path) -> list[Callable[[], Picture]]:
    """The pictures of a run of a microstructure in 3D: its regions, and its stress if it has one.

    Raises:
        DrawingError: There are no results or no fields to draw.
    """
    results = read_results(folder)
    stressed = bool(results["geometry"]["solids"])
    file = f"{MECHANICS if stressed else FIELDS}.pvtu"
    cells = read_cells(folder / file)
    tags = results["geometry"]["solids" if stressed else "regions"]
    numbers = {name: n + 1 for n, name in enumerate(tags)}
    table = np.zeros(max(tags.values()) + 1, dtype=np.int64)
    table[list(tags.values())] = list(numbers.values())
    body = replace(cells, region=table[cells.region]).straight(whole=True)
    features, title = set(results["geometry"]["features"]), str(results["title"])
    pictures = [lambda: structure_picture(folder, body, numbers, features, title)]
    if stressed:
        pictures.append(lambda: stress_picture(folder, body, numbers, features, title))
    return pictures


def has_structure(folder: Path) -> bool:
    """Whether a run is one of a microstructure in 3D."""
    geometry = read_results(folder).get("geometry") or {}
    return bool(geometry.get("features")) and geometry["dimension"] == "3d"


def structure_picture(
    folder: Path, body: Simplices, numbers: dict[str, int], features: set[str], title: str
) -> Picture:
    """The regions in colour."""
    _regions(body, numbers, features, folder / "structure.png", title)
    caption = (
        f"{len(body.cells)} cells. Regions: {', '.join(numbers)}. Left all of what is meshed, "
        "right what is built in. The bars are to scale in the plane of the picture."
    )
    return Picture("structure.png", "Geometry", caption)


def stress_picture(
    folder: Path, body: Simplices, numbers: dict[str, int], features: set[str], title: str
) -> Picture:
    """The von Mises stress on the surface of the body, and on that of its features alone."""
    stress = next(v for name, v in body.values.items() if name.startswith(STRESS))
    coloured = replace(body, values={SIZE: von_mises(stress)})
    width, _, height = np.ptp(body.points, axis=0)
    upper = ""
    if height > TALL * width:  # a film on a high body: what happens is below its top
        top = body.points[:, 2].max()
        coloured = coloured.only(coloured.centres()[:, 2] > top - SEEN * width)
        upper = f", the upper {drawing.length_text(SEEN * width)} of {drawing.length_text(height)}"
    values = coloured.values[SIZE][coloured.cells].mean(axis=1)
    scale = drawing.scale_of(values, coloured.sizes(), trim=TRIM)
    figure, panels = _panels(coloured, numbers, features, scale)
    axes = figure.add_axes((0.25, 0.09, 0.5, 0.025))
    drawing.colour_bar(axes, scale, SIZE_MAP, "von Mises stress / MPa", lying=True)
    heading = "Von Mises stress on surfaces"
    figure.suptitle(drawing.heading(heading, title), fontsize=10)
    figure.savefig(folder / "stress.png", dpi=DPI, metadata={"Software": None})
    kind = "logarithmic" if scale.log else "linear"
    caption = (
        f"How strongly the material is sheared: {panels}{upper}. The colours ({kind}) run from "
        f"{scale.lower:.3g} to {scale.upper:.3g} MPa"
        f"{', beyond that the colours at the ends are used' if scale.beyond != 'neither' else ''}."
    )
    return Picture("stress.png", heading, caption)


def _regions(
    body: Simplices, numbers: dict[str, int], features: set[str], png: Path, title: str
) -> None:
    figure, _ = _panels(replace(body, values={}), numbers, features, None)
    region_legend(figure, figure.axes[0], numbers)
    figure.suptitle(drawing.heading("Geometry", title), fontsize=10)
    figure.savefig(png, dpi=DPI, metadata={"Software": None})


def _panels(
    body: Simplices, numbers: dict[str, int], features: set[str], scale: drawing.Scale | None
) -> tuple[Figure, str]:
    """All of a body and its features alone, and what the two panels show."""
    size = float(np.ptp(body.points, axis=0).max())
    inner = [number for name, number in numbers.items() if name in features]
    figure = drawing.new_figure(4.6)
    low = 0.07 if scale is None else 0.2
    figure.set_layout_engine("constrained", rect=(0, low, 1, 0.98 - low))
    left, right = figure.subplots(1, 2)
    whole = "the meshed part"
    _draw(left, body, numbers, size, whole, scale)
    some = body.only(np.isin(body.region, inner))
    text = ", ".join(name for name, n in numbers.items() if n in inner) + " alone"
    cut = None
    if len(inner) > 1:  # cut open, to see what is inside of what
        cut = _through_most(body.only(body.region == min(inner)), body)
        text += ", cut open"
    if len(some.cells) and len(some.cells) < len(body.cells):
        _draw(right, some, numbers, size, text, scale, cut)
        return figure, f"{whole} and {text}"
    right.set_axis_off()
    return figure, whole


def _through_most(features: Simplices, body: Simplices) -> float:
    """Where along y a cut goes through most of some features, in the middle half of a body."""
    low, high = (float(end(body.points[:, 1])) for end in (np.min, np.max))
    quarter = 0.25 * (high - low)
    ends = (low + quarter, high - quarter)
    volumes, edges = np.histogram(features.centres()[:, 1], CUTS, ends, weights=features.sizes())
    return float(0.5 * (edges[:-1] + edges[1:])[np.argmax(volumes)])


def _draw(
    axes: Axes,
    body: Simplices,
    numbers: dict[str, int],
    size: float,
    title: str,
    scale: drawing.Scale | None,
    cut: float | None = None,
) -> None:
    """The surface of a body (of what is beyond y = `cut`), with a bar in the scale of its plane."""
    grid = merged(replace(body, values={}), size, 1e-9)
    if scale is not None:  # stress jumps between regions: one colour for a cell
        grid.cell_data[SIZE] = scale.shown(body.values[SIZE][body.cells].mean(axis=1))
    if cut is not None:
        grid = grid.clip(normal=(0.0, -1.0, 0.0), origin=(0.0, cut / size, 0.0))
    surface = grid.extract_surface(algorithm="dataset_surface")
    plotter = pyvista.Plotter(off_screen=True, window_size=list(WINDOW))
    plotter.background_color = pyvista.Color("white")
    colours = region_colours(numbers)
    table: Colormap = ListedColormap(colours)
    name, ends = "region", (0.0, float(max(1, len(colours) - 1)))
    if scale is not None:
        name, table, ends = SIZE, colormaps[SIZE_MAP], scale.limits()
    plotter.add_mesh(
        surface, scalars=name, cmap=table, clim=ends, show_scalar_bar=False, show_edges=False,
        preference="cell", ambient=0.35, diffuse=0.7,
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
