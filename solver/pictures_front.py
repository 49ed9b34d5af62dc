"""The picture of the energy release rate along the front of a crack in 3D."""

import json
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from solver import drawing
from solver.drawing import heading
from solver.output import FRONT, RESULTS
from solver.sections import Picture


def has_front(folder: Path) -> bool:
    """Whether a run has a crack with a front."""
    return (folder / FRONT).is_file()


def front_picture(folder: Path) -> Picture:
    """G against the arc length of the front, with its error bar and Gc."""
    results = json.loads((folder / RESULTS).read_text(encoding="utf-8"))
    rows = np.loadtxt(folder / FRONT, delimiter=",", skiprows=1)
    length, _, rate, bar = rows.T
    figure = Figure(figsize=(7.0, 4.2), layout="constrained")
    axes = figure.add_subplot()
    colour = mpl.colormaps["cividis"](0.25)
    axes.fill_between(length, rate - bar, rate + bar, color=colour, alpha=0.25, linewidth=0.0)
    axes.plot(length, rate, "o-", color=colour)
    numbers = {entry["name"]: entry["value"] for entry in results["quantities"]}
    limit = numbers.get("fracture_energy")
    if limit is not None:
        axes.axhline(limit, color="0.3", linestyle="--")
        axes.annotate("Gc", (length[-1], limit), xytext=(0, 3), textcoords="offset points")
    axes.set_ylim(bottom=0.0)
    axes.set_xlabel("arc length from the x axis / µm")
    axes.set_ylabel("energy release rate G / (J/m²)")
    title = "Energy release rate along the front of the crack"
    axes.set_title(heading(title, str(results["title"])))
    drawing.save(figure, folder / "front.png")
    caption = (
        f"G at {len(length)} points of the front of a quarter of the crack, from the x axis to the "
        f"y axis, with its error bar (band). It lies between {rate.min():.4g} and "
        f"{rate.max():.4g} J/m².{'' if limit is None else f' Dashed: Gc = {limit:.4g} J/m².'}"
    )
    return Picture("front.png", title, caption)
