"""The picture of a map: a quantity against a value of the case; of a critical load, what holds."""

import csv
import json
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from solver import drawing
from solver.drawing import heading
from solver.output import MAP, RESULTS
from solver.sections import Picture

CRITICAL = ("critical_", "solved_for")


def has_map(folder: Path) -> bool:
    """Whether a run has a map."""
    return (folder / MAP).is_file()


def map_picture(folder: Path) -> Picture:
    """The map with logarithmic axes; below a critical load the crack holds, above it grows."""
    results = json.loads((folder / RESULTS).read_text(encoding="utf-8"))
    with (folder / MAP).open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    table = np.array([[float(x or "nan") for x in row] for row in rows])
    x, y, lower, upper = table[np.argsort(table[:, 0])].T
    figure = Figure(figsize=(7.0, 4.6), layout="constrained")
    axes = figure.add_subplot()
    colours = mpl.colormaps["cividis"]
    axes.plot(x, y, "o-", color=colours(0.1))
    axes.fill_between(x, lower, upper, color=colours(0.1), alpha=0.3, linewidth=0.0)
    axes.set_xlabel(head[0].replace("_", " "))
    axes.set_ylabel(head[1].replace("_", " "))
    logarithmic = bool((x > 0.0).all() and (y > 0.0).all())
    if logarithmic:
        axes.set_xscale("log")
        axes.set_yscale("log")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axis.set_minor_formatter(NullFormatter())
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
        f"{head[1]} against {head[0]}, {len(x)} runs, from {y.min():.4g} to {y.max():.4g}"
        f"{'' if slope is None else f'; slope in logarithms {slope:.3g}'}."
        f"{' Below the line the crack holds, above it grows.' if critical else ''}"
    )
    return Picture("map.png", title, caption)
