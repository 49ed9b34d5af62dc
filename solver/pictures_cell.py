"""The pictures of a periodic cell: its regions, and the current (or the fluctuation) in it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from solver import drawing
from solver.drawing import heading, scale_of, size_text
from solver.mesh_pictures import MESH_TITLE, flat_mesh
from solver.output import CURRENT_OVER_MEAN, EFFECTIVE, RESULTS
from solver.sections import Picture, View, extent
from solver.simplices import Simplices, outline, plane_cut, read_cells

SIZE = "size"
COLOURS = "viridis"


def has_cell(folder: Path) -> bool:
    """Whether a run has effective properties."""
    return (folder / f"{EFFECTIVE}.pvtu").is_file()


def _section(folder: Path) -> tuple[Simplices, str, str]:
    """A plane section with the size of the vector, its name and where it is."""
    cells = read_cells(folder / f"{EFFECTIVE}.pvtu")
    name = next(iter(cells.values))
    size = np.asarray(np.linalg.norm(cells.values[name], axis=1))
    part = replace(cells, values={SIZE: size}).straight()
    if part.cells.shape[1] == 3:
        return part, name, ""
    low, high = part.points[:, 2].min(), part.points[:, 2].max()
    place = float(low + 0.5003 * (high - low))
    return plane_cut(part, 2, place), name, f" Cut at z = {place:.4g} µm."


def regions_picture(folder: Path) -> Picture:
    """Regions and mesh of the cell, or of a cut through it."""
    results = json.loads((folder / RESULTS).read_text(encoding="utf-8"))
    section, _, where = _section(folder)
    view = View(section, outline(section), {}, ("x", "y"))
    parts = {"the cell": extent(section)}
    figure = flat_mesh(view, results["geometry"]["regions"], parts, results["title"])
    drawing.save(figure, folder / "mesh.png")
    caption = f"Regions: {', '.join(results['geometry']['regions'])}.{where}"
    return Picture("mesh.png", MESH_TITLE, caption)


def cell_picture(folder: Path) -> Picture:
    """Current density over its mean under a field along x, or fluctuation of the displacement."""
    results = json.loads((folder / RESULTS).read_text(encoding="utf-8"))
    section, name, where = _section(folder)
    window = extent(section)
    scale = scale_of(section.values[SIZE], np.ones(len(section.points)), may_be_log=False)
    figure, axes, bar = drawing.image_and_bar((window[3] - window[2]) / (window[1] - window[0]))
    image = drawing.flat_image(section, window, COLOURS, scale, SIZE)
    drawing.put_image(axes, image, window, ("x", "y"))
    for (x0, y0), (x1, y1) in outline(section):
        axes.plot([x0, x1], [y0, y1], color="white", linewidth=0.6)
    current = name == CURRENT_OVER_MEAN
    text = "current density over its mean" if current else "size of the fluctuation / µm"
    drawing.colour_bar(bar, scale, COLOURS, text)
    title = "Current in the cell" if current else "Displacement in the cell"
    axes.set_title(heading(title, results["title"]))
    drawing.save(figure, folder / "cell.png")
    what = (
        "Size of the current density over its mean, under a mean field along x."
        if current
        else "Size of the displacement beside the affine one, under a mean strain 1 along x."
    )
    return Picture("cell.png", title, f"{what}{where} The view is {size_text(window)}.")
