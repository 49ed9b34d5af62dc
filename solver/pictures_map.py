"""The picture of a map: a quantity against a value of the case; of a critical load, what holds."""

import csv
import json
import re
from pathlib import Path
from typing import Any, cast

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from solver import drawing
from solver.drawing import heading
from solver.formats import typeset
from solver.output import MAP, RESULTS
from solver.reading import read_source
from solver.sections import Picture

Floats = npt.NDArray[np.float64]
OF_PAIRS = 5  # columns of a map of two values
LEVELS = 8
BLACK = " Black line: a margin of 1, below which it fails."
CROWDED = 100.0  # times the least: beyond, only decades of the colours have numbers
FINE = 200  # points of the grid on which the lines are drawn
MARGIN = "margin"  # of a crack: Gc over G, or strength over stress
# tables that hold what has names, and need no mention
TABLES = {"geometry", "layers", "flaws", "above", "below", "regions", "boundaries", "mechanics"}
TABLES |= {"solids", "faces", "load", "programme", "numerics"}
CRITICAL = "critical_"  # what is solved for may be anything: its name says what it is


def _labels(folder: Path, heads: list[str]) -> list[str]:
    """Name and unit of every column for an axis; a key of the case says what it is of."""
    copy = folder / "case.resolved.toml"
    case = read_source(copy).data if copy.is_file() else {}
    found = []
    for head in heads:
        key, _, given = head.rpartition(" / ")
        words = typeset(given)
        unit = f"({words})" if {"/", " "} & set(words) else words
        found.append(f"{_name(key, case)} / {unit}" if unit else _name(key, case))
    return found


def _name(key: str, case: dict[str, Any]) -> str:
    """The last part of a key, of that which has it: "thickness of film"."""
    owner, at = "", cast(dict[Any, Any] | list[Any], case)
    *path, last = re.findall(r"[^.\[\]]+", key)
    for part in path:
        held = at if isinstance(at, dict) else dict(enumerate(at))
        inside = held.get(int(part) if part.isdigit() else part)
        at = inside if isinstance(inside, dict | list) else {}
        own = at.get("name") if isinstance(at, dict) else None
        if own is not None or not (part in TABLES or part.isdigit()):
            owner = str(own or part)
    return f"{last} of {owner}".replace("_", " ") if owner else last.replace("_", " ")


def has_map(folder: Path) -> bool:
    """Whether a run has a map."""
    return (folder / MAP).is_file()


def _logarithmic(axes: Axes) -> None:
    """Both axes, with numbers at 1, 2 and 5."""
    axes.set_xscale("log")
    axes.set_yscale("log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())


def _levels(values: Floats) -> Floats:
    """Round values between the least and the largest: 1, 2 and 5 of decades, or even steps."""
    low, high = float(values.min()), float(values.max())
    if low > 0.0 and high > 5.0 * low:
        decades = np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1.0)
        found = np.sort(np.outer(10.0**decades, (1.0, 2.0, 5.0)).ravel())
    else:
        found = np.asarray(MaxNLocator(LEVELS).tick_values(low, high))
    inside: Floats = found[(found > low) & (found < high)]
    return inside


def _between(
    x: Floats, y: Floats, values: Floats, logarithmic: bool
) -> tuple[Floats, Floats, Floats]:
    """A finer grid on which the logarithms (or values) are linear along both axes."""
    u, v, w = (np.log(part) if logarithmic else part for part in (x, y, values))
    along, across = np.linspace(u[0], u[-1], FINE), np.linspace(v[0], v[-1], FINE)
    rows = np.array([np.interp(along, u, row) for row in w])
    whole = np.array([np.interp(across, v, column) for column in rows.T]).T
    if logarithmic:
        return np.exp(along), np.exp(across), np.exp(whole)
    return along, across, whole


def _contours(folder: Path, head: list[str], table: Floats, title: str) -> Picture:
    """Lines of equal quantity over two values of the case; dots are what was computed."""
    x, y = (np.unique(table[:, i]) for i in (0, 1))
    values = np.full((len(y), len(x)), np.nan)
    values[np.searchsorted(y, table[:, 1]), np.searchsorted(x, table[:, 0])] = table[:, 2]
    figure = Figure(figsize=(7.0, 5.0), layout="constrained")
    axes = figure.add_subplot()
    logarithmic = bool((x > 0.0).all() and (y > 0.0).all() and (values > 0.0).all())
    if logarithmic:
        _logarithmic(axes)
    fine = _between(x, y, values, logarithmic)
    scale = LogNorm() if logarithmic and values.max() > values.min() else None
    filled = axes.pcolormesh(*fine, cmap="cividis", norm=scale, shading="gouraud")
    limit = head[2].startswith(MARGIN) and np.nanmin(values) < 1.0 < np.nanmax(values)
    levels = _levels(values)
    if limit:
        levels = levels[levels != 1.0]
        axes.contour(*fine, levels=[1.0], colors="black", linewidths=2.5)
    if len(levels):
        lines = axes.contour(*fine, levels=levels, colors="white", linewidths=1.2)
        axes.clabel(lines, fmt="%g", fontsize="small")
    axes.plot(table[:, 0], table[:, 1], ".", color="black", markersize=3)
    labels = _labels(folder, head[:3])
    axes.set_xlabel(labels[0])
    axes.set_ylabel(labels[1])
    bar = figure.colorbar(filled, ax=axes)
    bar.set_label(labels[2])
    bar.formatter = FuncFormatter(lambda value, _: f"{value:g}")
    few = values.max() < CROWDED * values.min()
    bar.minorformatter = bar.formatter if few else NullFormatter()
    bar.update_ticks()
    axes.set_title(heading("Map", title))
    drawing.save(figure, folder / "map.png")
    caption = (
        f"{labels[2]} against {labels[0]} and {labels[1]}, "
        f"{len(table)} runs (dots), from {np.nanmin(values):.4g} to {np.nanmax(values):.4g}; "
        "white lines: "
        f"{', '.join(f'{level:g}' for level in levels) or 'none'}, "
        f"{'powers' if logarithmic else 'linear'} between the dots."
        f"{BLACK if limit else ''}"
    )
    return Picture("map.png", "Map", caption)


def _passes(x: Floats, y: Floats) -> str:
    """Between which runs a quantity passes 1: the line from one to the other is no answer."""
    at = np.flatnonzero((y[1:] - 1.0) * (y[:-1] - 1.0) <= 0.0)
    where = " and ".join(f"from {x[i]:g} to {x[i + 1]:g}" for i in at)
    return f" It passes 1 somewhere {where}; lines between runs are only drawn."


def map_picture(folder: Path) -> Picture:
    """The map with logarithmic axes; below a critical load the crack holds, above it grows."""
    results = json.loads((folder / RESULTS).read_text(encoding="utf-8"))
    with (folder / MAP).open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    table = np.array([[float(x or "nan") for x in row] for row in rows])
    if len(head) == OF_PAIRS:
        return _contours(folder, head, table, str(results["title"]))
    x, y, lower, upper = table[np.argsort(table[:, 0])].T
    figure = Figure(figsize=(7.0, 4.6), layout="constrained")
    axes = figure.add_subplot()
    colours = mpl.colormaps["cividis"]
    axes.plot(x, y, "o-", color=colours(0.1))
    axes.fill_between(x, lower, upper, color=colours(0.1), alpha=0.3, linewidth=0.0)
    labels = _labels(folder, head[:2])
    axes.set_xlabel(labels[0])
    axes.set_ylabel(labels[1])
    logarithmic = bool((x > 0.0).all() and (y > 0.0).all())
    if logarithmic:
        _logarithmic(axes)
    limit = head[1].startswith(MARGIN) and y.min() < 1.0 < y.max()
    if limit:
        axes.axhline(1.0, color="black", linewidth=2.5)
    critical = head[1].startswith(CRITICAL)
    if critical:
        low, high = axes.get_ylim()
        axes.fill_between(x, low, y, color=colours(0.9), alpha=0.35, linewidth=0.0)
        axes.set_ylim(low, high)
        axes.text(0.05, 0.06, "holds", transform=axes.transAxes)
        axes.text(0.95, 0.92, "fails", transform=axes.transAxes, ha="right")
    title = "Stability map" if critical else "Map"
    axes.set_title(heading(title, str(results["title"])))
    drawing.save(figure, folder / "map.png")
    found = {entry["name"]: entry["value"] for entry in results["quantities"]}
    slope = found.get("map_exponent")
    caption = (
        f"{labels[1]} against {labels[0]}, {len(x)} runs, "
        f"from {y.min():.4g} to {y.max():.4g}"
        f"{'' if slope is None else f'; slope in logarithms {slope:.3g}'}."
        f"{' Below the line it holds, above it fails.' if critical else ''}"
        f"{BLACK + _passes(x, y) if limit else ''}"
    )
    return Picture("map.png", title, caption)
