"""What has been read of a run folder, and pictures of a section through the cell.

The section is a cell in 2D, or the cut through one in 3D.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from solver import drawing
from solver.drawing import Scale, Window, heading, length_text, scale_of, size_text
from solver.formats import number, unit
from solver.output import CURRENT, FIELDS, RESULTS
from solver.simplices import Cells, DrawingError, Floats, Simplices, read_cells

CURRENT_MAP = "viridis"
REGION_COLOURS = {"electrolyte": "#a9d6e5", "film": "#f4a259", "filling": "#b7e4c7"}
OTHER_REGIONS = ["#cdb4db", "#ffe5a0", "#d5bdaf", "#95d5b2", "#ffadad", "#bde0fe"]
FACE_COLOURS = {
    "window": "#c1121f",
    "film_face": "#1d3557",
    "film_wall": "#e07a00",
    "crack": "#c1121f",
}
OTHER_FACE = "#6a4c93"
ROUNDING = 1e-9  # mA/cm^2
CURRENT_TEXT = "current density |i| / (mA/cm²)"


@dataclass(frozen=True)
class Picture:
    """A picture in the run folder."""

    file: str
    title: str
    caption: str


@dataclass(frozen=True)
class Run:
    """What has been read of a run folder.

    Attributes:
        folder: The run folder.
        title: Title of the case.
        geometry: The key `geometry` of results.json (`geometry_meta.GeometryMeta`).
        field: The meshed part, with the values "speed" for the magnitude of the current density.
        face_cells: The faces of the metal by name, with the normal current density, positive in
            the direction in which the current as a whole flows.
        direction: This direction, "into" or "out of" the metal.
        faces: The same, cut into straight parts.
        numbers: The quantities of results.json by name.
    """

    folder: Path
    title: str
    geometry: dict[str, Any]
    field: Cells
    face_cells: dict[str, Cells]
    direction: str
    faces: dict[str, Simplices]
    numbers: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class View:
    """A section of the whole cell in the x-y plane of the picture.

    Attributes:
        section: Triangles.
        lines: Edges at which the region changes, (n, 2, 2).
        faces: Segments of the faces of the metal, by name.
        labels: Names of the axes.
    """

    section: Simplices
    lines: Floats
    faces: dict[str, Simplices]
    labels: tuple[str, str]


def flows(run: Run) -> bool:
    """Whether more than rounding flows; about a state at rest spectra are solved."""
    return float(run.field.values["speed"].max(initial=0.0)) > ROUNDING


def read_results(folder: Path) -> dict[str, Any]:
    """What results.json holds.

    Raises:
        DrawingError: It cannot be read.
    """
    try:
        results: dict[str, Any] = json.loads((folder / RESULTS).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DrawingError(f"{RESULTS}: cannot be read: {error}") from error
    return results


def read_run(folder: Path) -> Run:
    """Read results and fields.

    Raises:
        DrawingError: There are no results or no fields to draw.
    """
    results = read_results(folder)
    geometry = results.get("geometry")
    if not geometry:
        raise DrawingError("nothing was meshed, so there is nothing to draw")
    field = read_cells(folder / f"{FIELDS}.pvtu")
    field.values["speed"] = np.asarray(np.linalg.norm(field.values[CURRENT], axis=1))
    cells = {name: read_cells(folder / f"{stem}.pvtu") for name, stem in geometry["faces"].items()}
    faces = {name: face.straight() for name, face in cells.items()}
    direction = "into"
    if sum(mean_value(face) * face.sizes().sum() for face in faces.values()) < 0:
        direction = "out of"
        for face in faces.values():  # shares its values with the cells
            face.values[CURRENT] = -face.values[CURRENT]
    numbers = {entry["name"]: entry for entry in results.get("quantities", [])}
    return Run(
        folder, str(results.get("title", "")), geometry, field, cells, direction, faces, numbers
    )


def mean_value(face: Simplices) -> float:
    """Mean of the normal current density over a face, in mA/cm^2."""
    return float(np.average(face.values[CURRENT][face.cells].mean(axis=1), weights=face.sizes()))


def normal_text(run: Run) -> str:
    """Label of the normal current density."""
    return f"current density {run.direction} the metal / (mA/cm²)"


# --- windows ------------------------------------------------------------------------------------


def extent(section: Simplices) -> Window:
    """Bounding box in the x-y plane."""
    (x0, y0), (x1, y1) = section.points[:, :2].min(axis=0), section.points[:, :2].max(axis=0)
    return (float(x0), float(x1), float(y0), float(y1))


def not_flat(window: Window, least: float = 0.3) -> Window:
    """The window, with a rim above and below (or beside) if it is too long for a picture."""
    x0, x1, y0, y1 = window
    high = max(0.0, 0.5 * (least * (x1 - x0) - (y1 - y0)))
    wide = max(0.0, 0.5 * (least * (y1 - y0) - (x1 - x0)))
    return (x0 - wide, x1 + wide, y0 - high, y1 + high)


def overview(section: Simplices, opening: float) -> Window:
    """The window on the whole cell, as far from the film as the field still varies.

    Without an opening the field may vary up to the ends of rods and other features.
    """
    x0, x1, y0, y1 = extent(section)
    y1 = min(y1, max(y0, 0.0) + (0.75 if opening else 2.0) * (x1 - x0))
    y0 = max(y0, min(y1, 0.0) - 0.5 * (x1 - x0))
    if opening and y1 - y0 < 0.3 * (x1 - x0):  # a flat cell: only what is around the opening
        half = max(1.5 * opening, (y1 - y0) / 0.6)
        x0, x1 = max(x0, -half), min(x1, half)
    return (x0, x1, y0 - 0.04 * (y1 - y0), y1)  # a rim of what is not meshed


def around(
    section: Simplices, x: float, width: float, film: float | None = None, share: float = 0.5
) -> Window:
    """A window around (x, 0), `share` times as high as wide, with the film if it is not thick."""
    _, _, low, high = extent(section)
    depth = max(0.12 * width, min(1.2 * (film or 0.0), 0.5 * share * width))
    y0 = max(low - 0.06 * width, -depth)
    y1 = min(high, y0 + share * width)
    return (x - width / 2, x + width / 2, y0, y1)


def inside(section: Simplices, window: Window) -> Simplices:
    """The cells that reach into a window.

    Raises:
        DrawingError: There are none.
    """
    x0, x1, y0, y1 = window
    x, y = section.points[section.cells][:, :, 0], section.points[section.cells][:, :, 1]
    keep = (x.max(axis=1) >= x0) & (x.min(axis=1) <= x1)
    keep &= (y.max(axis=1) >= y0) & (y.min(axis=1) <= y1)
    if not keep.any():
        raise DrawingError("there is no cell in the window of the picture")
    return section.only(keep)


def scale_in(section: Simplices, window: Window, name: str) -> Scale:
    """Colour scale of what is seen in a window."""
    seen = inside(section, window)
    values = seen.values[name][seen.cells].mean(axis=1)
    return scale_of(values, seen.sizes())


# --- pictures of any section --------------------------------------------------------------------


def region_colours(regions: Mapping[str, int]) -> list[str]:
    """A colour for each region number from 0 on."""
    colours = [drawing.NOT_MESHED] * (max(regions.values()) + 1)
    others = iter(OTHER_REGIONS * len(regions))
    for name, label in regions.items():
        colours[label] = REGION_COLOURS.get(name) or next(others)
    return colours


def region_legend(figure: Figure, axes: Axes, regions: Mapping[str, int]) -> None:
    """Names of regions and faces by their colour, below all panels."""
    table = region_colours(regions)
    patches = [Patch(color=table[label], label=name) for name, label in regions.items()]
    handles, names = axes.get_legend_handles_labels()
    figure.legend(
        handles=[*patches, *handles], labels=[*regions, *names], loc="lower center", fontsize=8,
        ncols=6, frameon=False, handlelength=1.4,
    )  # fmt: skip


def draw_lines(view: View, axes: Axes, legend: bool = True) -> None:
    """Draw outlines and the faces of the metal over an image, with a legend of the faces."""
    axes.add_collection(LineCollection(list(view.lines), colors="#00000060", linewidths=0.6))
    for name, part in view.faces.items():
        segments = list(part.points[part.cells][:, :, :2])
        colour = FACE_COLOURS.get(name, OTHER_FACE)
        axes.add_collection(
            LineCollection(segments, colors=colour, linewidths=2.0, label=name, zorder=4)
        )
    if view.faces and legend:
        axes.legend(loc="upper right", fontsize=7, framealpha=0.8, handlelength=1.2)


def current_picture(
    run: Run, view: View, window: Window, file: str, title: str, note: str
) -> Picture:
    """A section with the magnitude of the current density."""
    scale = scale_in(view.section, window, "speed")
    figure, axes, bar = drawing.image_and_bar((window[3] - window[2]) / (window[1] - window[0]))
    image = drawing.flat_image(view.section, window, CURRENT_MAP, scale, "speed")
    drawing.put_image(axes, image, window, view.labels)
    draw_lines(view, axes)
    drawing.colour_bar(bar, scale, CURRENT_MAP, CURRENT_TEXT)
    axes.set_title(heading(title, run.title))
    drawing.save(figure, run.folder / file)
    return Picture(file, title, f"{note} {scale.text()} The view is {size_text(window)}.")


def mean_current(run: Run) -> float:
    """Current through the metal over the area of the cell (mA/cm^2); over the faces without one.

    The computed number where there is one: drawn values miss some of the current at singular edges.
    """
    computed = run.numbers.get("mean_current_density", {}).get("value")
    if isinstance(computed, float):
        return abs(computed)
    total = area = 0.0
    for face in run.faces.values():
        weight = face.sizes()
        if run.geometry["dimension"] == "axisymmetric":
            weight = weight * 2 * np.pi * face.centres()[:, 0]
        total += float(weight @ face.values[CURRENT][face.cells].mean(axis=1))
        area += float(weight.sum())
    cell = run.geometry["cell_area"]
    return total * float(run.geometry["multiplicity"]) / cell if cell else total / area


def face_caption(run: Run) -> str:
    """What flows through the faces, in words."""
    parts = []
    for name, face in run.faces.items():
        scale = scale_of(
            face.values[CURRENT][face.cells].mean(axis=1), face.sizes(), may_be_log=False, trim=0.01
        )
        parts.append(f"{name} {scale.lower:.3g} to {scale.upper:.3g} mA/cm²")
    return (
        f"Current {run.direction} the metal is positive. Mean over the cell:"
        f" {mean_current(run):.4g} mA/cm². On 98 % of each face: {'; '.join(parts)}. At an edge"
        " where the current density is singular the largest value grows with refinement and means"
        " nothing by itself."
    )


def numbers_text(run: Run) -> str:
    """The quantities that belong to a picture of the current, in words."""
    said = []
    face = "opening" if run.geometry["opening"] else "metal"
    for name, words in (
        ("share.window", "share of the current through the opening"),
        ("mean_amplification", f"mean amplification on the {face}"),
        ("excess_area_specific_resistance", "excess area-specific resistance"),
    ):
        entry = run.numbers.get(name)
        if entry is not None and isinstance(entry["value"], int | float):
            value = number(entry["value"], entry["lower"], entry["upper"])
            said.append(f"{words} {value} {unit(entry['unit'])}".rstrip())
    return f" Computed: {', '.join(said)}." if said else ""


def unmeshed_text(geometry: dict[str, Any]) -> str:
    """The layers that are counted but not meshed."""
    parts = [f"{length_text(t)} of {name}" for name, t in geometry["unmeshed"].items() if t]
    if not parts:
        return ""
    return f" Not meshed, but counted as a series resistance: {', '.join(parts)}."


def zooms(run: Run, view: View) -> list[Callable[[], Picture]]:
    """The section as a whole, and closer to the opening and to the film."""
    opening, film = run.geometry["opening"], run.geometry["film"]
    window = overview(view.section, opening)

    def picture(part: Window, file: str, title: str, note: str) -> Callable[[], Picture]:
        return lambda: current_picture(run, view, part, file, title, note)

    flat = run.geometry["dimension"] != "3d"
    note = "Magnitude of the current density" + ("" if flat else " on a vertical cut")
    note += "; the solved part is mirrored." if run.geometry["mirror"] else "."
    note += numbers_text(run)
    pictures = [picture(window, "current.png", "Current density in the cell", note)]
    layer = run.geometry["film_model"] == "layer" and film
    if opening:
        near = around(view.section, 0.0, 2.5 * opening, film)
        if near[1] - near[0] < 0.8 * (window[1] - window[0]):
            title = "Current density around the opening"
            text = f"The opening is {length_text(opening)} wide."
            pictures.append(picture(near, "opening.png", title, text))
        if layer and film < 0.1 * opening:
            rim = around(view.section, opening / 2, 10 * film)
            title = "Current density at the rim of the opening"
            text = f"The film is {length_text(film)} thick."
            pictures.append(picture(rim, "rim.png", title, text))
    elif layer and film < 0.1 * (window[3] - window[2]):
        part = around(view.section, 0.0, 10 * film)
        text = f"The film is {length_text(film)} thick."
        pictures.append(picture(part, "film.png", "Current density in the film", text))
    return pictures
