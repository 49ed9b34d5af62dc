"""Scales and images: PyVista draws off screen, Matplotlib puts a frame around the image.

The frame has axes in micrometre, a colour bar with quantity and unit, a scale bar and a title.
"""

import ctypes
import os
import sys
import textwrap
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

if sys.platform == "linux" and not os.environ.get("DISPLAY"):
    os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import pyvista
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from solver.formats import number
from solver.simplices import Floats, Simplices

Window = tuple[float, float, float, float]  # x0, x1, y0, y1 in um
Image = npt.NDArray[np.uint8]

WIDTH = 1600  # pixels of a picture
DPI = 200
LOG_FROM = 1.5  # decades from which a logarithmic scale is used
DECADES = 2.0  # and the most that it shows
NOT_MESHED = "#e4e4e4"


# --- scales -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scale:
    """A colour scale: its range, whether it is logarithmic, and where values lie beyond it."""

    lower: float
    upper: float
    log: bool
    beyond: str  # Matplotlib's `extend`: "neither", "min", "max", "both"

    def shown(self, values: Floats) -> Floats:
        """What is handed to the colour table."""
        return np.log10(np.maximum(values, self.lower)) if self.log else values

    def limits(self) -> tuple[float, float]:
        """Range of `shown`."""
        ends = self.shown(np.array([self.lower, self.upper]))
        return (float(ends[0]), float(ends[1]))

    def norm(self) -> Normalize:
        """The same for Matplotlib."""
        return (LogNorm if self.log else Normalize)(self.lower, self.upper)

    def text(self) -> str:
        """What the colours of a current density stand for."""
        kind = "logarithmic" if self.log else "linear"
        ends = {
            "neither": "",
            "min": "; below it the lowest colour is used",
            "max": "; above it the highest colour is used",
            "both": "; beyond it the colours at the ends are used",
        }[self.beyond]
        return f"The colours ({kind}) run from {self.lower:.3g} to {self.upper:.3g} mA/cm²{ends}."


def scale_of(
    values: Floats,
    weights: Floats,
    may_be_log: bool = True,
    trim: float = 0.002,
    decades: float = DECADES,
) -> Scale:
    """The range that holds all but the share `trim` of the weight at either end.

    It is logarithmic where it spans more than `LOG_FROM` decades, and then shows `decades` at most:
    a film that carries 1e-7 of the current should not use up the colours.
    """
    order: npt.NDArray[np.intp] = np.argsort(values)
    share = np.cumsum(weights[order])
    ordered = values[order]
    low, high = ordered[np.searchsorted(share, [trim * share[-1], (1 - trim) * share[-1]])]
    log = bool(may_be_log and high > 0 and low < high * 10**-LOG_FROM)
    if log:
        low = max(low, high * 10**-decades)
    if high - low <= 1e-6 * abs(high):  # a constant field is not to show its round-off
        middle, half = high, 1e-9 + 0.01 * abs(high)
        low, high = middle - half, middle + half
    tolerance = 1e-3 * (high - low)
    under, over = ordered[0] < low - tolerance, ordered[-1] > high + tolerance
    beyond = {(0, 0): "neither", (1, 0): "min", (0, 1): "max", (1, 1): "both"}
    return Scale(float(low), float(high), log, beyond[int(under), int(over)])


def nice_length(length: float) -> float:
    """The largest 1, 2 or 5 times a power of ten that is not above a length."""
    power = 10.0 ** np.floor(np.log10(length))
    return float(max(step * power for step in (1, 2, 5) if step * power <= length * (1 + 1e-9)))


def length_text(length: float) -> str:
    """A length in um as text: 0.05 -> "50 nm"."""
    for unit, size in (("mm", 1e3), ("µm", 1.0), ("nm", 1e-3)):
        if length >= size * (1 - 1e-9):
            return f"{length / size:.4g} {unit}"
    return f"{length * 1e6:.4g} pm"


def size_text(window: Window) -> str:
    """Width and height of a window as text."""
    x0, x1, y0, y1 = window
    return f"{length_text(x1 - x0)} wide and {length_text(y1 - y0)} high"


# --- images -------------------------------------------------------------------------------------


def can_draw() -> str:
    """Empty, or the reason why nothing can be drawn off screen here."""
    if sys.platform != "linux" or os.environ.get("DISPLAY"):
        return ""
    for library in ("libEGL.so.1", "libOSMesa.so.8"):
        try:
            ctypes.CDLL(library)
        except OSError:
            continue
        return ""
    return "libEGL is not installed (Debian: libegl1), so nothing can be drawn off screen"


def pixels(window: Window, longest: int = 1400) -> tuple[int, int]:
    """Size of the image of a window."""
    x0, x1, y0, y1 = window
    factor = longest / max(x1 - x0, y1 - y0)
    return (max(2, round(factor * (x1 - x0))), max(2, round(factor * (y1 - y0))))


def flat_image(
    section: Simplices,
    window: Window,
    colours: str | list[str],
    scale: Scale | None,
    name: str,
    edges: bool = False,
) -> Image:
    """Draw triangles that lie in the x-y plane.

    Args:
        section: The triangles; z is ignored.
        window: The part of the plane that is seen.
        colours: Name of the colour map, or a colour for each region number from 0 on.
        scale: None for the regions as colours.
        name: Point values to be drawn.
        edges: Whether the edges of the cells are drawn.
    """
    x0, x1, y0, y1 = window
    # VTK loses digits far from the origin and in very small views: draw in units of the window
    size = max(x1 - x0, y1 - y0)
    flat = np.asarray((section.points - [x0, y0, 0.0]) * [1.0, 1.0, 0.0] / size)
    grid = replace(section, points=flat, values={}).grid()
    options: dict[str, Any] = {"scalars": "region", "cmap": colours}
    if scale is not None:
        grid.point_data["shown"] = scale.shown(section.values[name])
        options = {"scalars": "shown", "cmap": colours, "clim": scale.limits()}
    else:
        options["clim"] = (0, max(1, len(colours) - 1))
    plotter = pyvista.Plotter(off_screen=True, window_size=list(pixels(window)))
    plotter.background_color = pyvista.Color(NOT_MESHED)
    plotter.add_mesh(
        grid, lighting=False, show_scalar_bar=False, interpolate_before_map=True, show_edges=edges,
        edge_color="#202020", line_width=1, **options,
    )  # fmt: skip
    camera = plotter.camera
    camera.parallel_projection = True
    middle = ((x1 - x0) / 2 / size, (y1 - y0) / 2 / size)
    camera.focal_point = (*middle, 0.0)
    camera.position = (*middle, 10.0)
    camera.up = (0.0, 1.0, 0.0)
    camera.parallel_scale = (y1 - y0) / 2 / size
    camera.clipping_range = (1.0, 20.0)
    image = plotter.screenshot(return_img=True)
    plotter.close()
    return np.asarray(image)


# --- frames -------------------------------------------------------------------------------------


def new_figure(height: float) -> Figure:
    """An empty white figure, `WIDTH` pixels wide; height in inch."""
    mpl.rcParams.update({"font.size": 9, "axes.titlesize": 10})
    return Figure(figsize=(WIDTH / DPI, height), dpi=DPI, facecolor="white")


def heading(title: str, case: str) -> str:
    """Title of a picture: what it shows, and below it the title of the case."""
    shortened = textwrap.shorten(case, 100, placeholder="...").replace("$", r"\$")
    return f"{title}\n{shortened}"


def image_and_bar(ratio: float, margin: float = 0.7) -> tuple[Figure, Axes, Axes]:
    """A figure with axes for an image (height over width = ratio) and for its colour bar.

    `margin` is the room for ticks on the left and below, in inch.
    """
    room, top, bar = 7.0 - margin, 0.55, 0.16
    wide, high = (room, room * ratio) if ratio < 1.1 else (7.0 / ratio, 7.0)
    total = high + margin + top
    left = margin + (room - wide) / 2
    width = WIDTH / DPI
    figure = new_figure(total)
    axes = figure.add_axes((left / width, margin / total, wide / width, high / total))
    beside = ((left + wide + 0.1) / width, margin / total, bar / width, high / total)
    return figure, axes, figure.add_axes(beside)


def put_image(axes: Axes, image: Image, window: Window, labels: tuple[str, str]) -> None:
    """Put an image of a window into axes, with ticks in um and a scale bar."""
    x0, x1, y0, y1 = window
    axes.imshow(image, extent=window, interpolation="antialiased", aspect="equal")
    axes.set(xlim=(x0, x1), ylim=(y0, y1), xlabel=f"{labels[0]} / µm", ylabel=f"{labels[1]} / µm")
    axes.tick_params(labelsize=8)
    if labels[0] == "r":  # a radius has no sign, also in the mirror image
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{abs(value):g}"))
    length = nice_length(0.25 * (x1 - x0))
    left, high = x0 + 0.04 * (x1 - x0), y1 - 0.035 * max(y1 - y0, 0.3 * (x1 - x0))
    for colour, thickness in (("white", 5.5), ("black", 3.0)):
        axes.plot(
            [left, left + length], [high, high], color=colour, linewidth=thickness,
            solid_capstyle="butt", zorder=6,
        )  # fmt: skip
    label_bar(axes, left + length / 2, high, length)


def label_bar(axes: Axes, x: float, y: float, length: float) -> None:
    """Write the length of a scale bar below it."""
    box = {"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 2.0}
    axes.annotate(
        length_text(length), (x, y), (0, -5), textcoords="offset points", ha="center", va="top",
        fontsize=8, bbox=box, zorder=7,
    )  # fmt: skip


def colour_bar(
    axes: Axes,
    scale: Scale,
    colours: str,
    text: str,
    factor: float = 1.0,
    lying: bool = False,
) -> None:
    """Fill axes with a colour bar that names the quantity and its unit.

    Args:
        axes: Of the bar.
        scale: Of the values.
        colours: Name of the colour map.
        text: Quantity and unit.
        factor: The unit, in that of the values.
        lying: Whether the bar runs from left to right.
    """
    mappable = mpl.cm.ScalarMappable(norm=scale.norm(), cmap=colours)
    way = "horizontal" if lying else "vertical"
    bar = axes.figure.colorbar(
        mappable, cax=axes, extend=scale.beyond, extendfrac=0.03, orientation=way
    )
    axis = bar.ax.xaxis if lying else bar.ax.yaxis
    if scale.log:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
        axis.set_minor_formatter(NullFormatter())
    elif factor != 1.0:
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / factor:g}"))
    bar.set_label(text)
    axes.tick_params(labelsize=8)


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG."""
    figure.savefig(path, dpi=DPI)
