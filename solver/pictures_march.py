"""The picture of a march: voltage and least concentration against time."""

import csv
import json
from pathlib import Path

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from solver import drawing
from solver.drawing import heading
from solver.output import RESULTS, STEPS
from solver.sections import Picture

Floats = npt.NDArray[np.float64]
CONSTANT = 1e-9  # of its size: what changes less is drawn as constant
FIRST = "time [s]"
VOLTAGE, CURRENT, LEAST = 2, 3, 5  # columns of the table


def has_march(folder: Path) -> bool:
    """Whether the steps of a run are those of a march."""
    path = folder / STEPS
    if not path.is_file():
        return False
    head = path.read_text(encoding="utf-8").partition("\n")[0].split(",")
    return head[:2] == [FIRST, "step"]


def march_picture(folder: Path) -> Picture:
    """Voltage above, current in between, least concentration below, against time."""
    results = json.loads((folder / RESULTS).read_text(encoding="utf-8"))
    with (folder / STEPS).open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    table = np.array([[float(x) for x in row] for row in rows])
    time = table[:, 0]
    unit, share = ("h", 3600.0) if time[-1] > 7200.0 else ("s", 1.0)
    head = (folder / STEPS).read_text(encoding="utf-8").partition("\n")[0].split(",")
    grown = [i for i, name in enumerate(head) if "growth of" in name]
    touching = [i for i, name in enumerate(head) if "contact of" in name]
    flaw = [i for i, name in enumerate(head) if name.startswith("length of the flaw")]
    salt = bool(np.isfinite(table[:, LEAST]).all())
    columns = [VOLTAGE, CURRENT, *flaw, *([LEAST] if salt else [])]
    names = {VOLTAGE: "voltage / V", CURRENT: "current\n/ (mA/cm²)", LEAST: "least c / c$_0$"}
    names |= dict.fromkeys(flaw, "flaw / µm")
    count = len(columns) + bool(grown) + bool(touching)
    figure = Figure(figsize=(7.0, 1.9 * count + 0.8), layout="constrained")
    panels = np.atleast_1d(figure.subplots(count, 1, sharex=True))
    colour = mpl.colormaps["cividis"](0.1)
    for axes, column in zip(panels, columns, strict=False):
        axes.plot(time / share, table[:, column], color=colour, linewidth=1.3)
        axes.set_ylabel(names[column])
        axes.ticklabel_format(axis="y", useOffset=False)
        size = float(np.abs(table[:, column]).max())
        if np.ptp(table[:, column]) < CONSTANT * size:  # rounding is no curve
            axes.set_ylim(*(table[-1, column] + 0.05 * size * np.array([-1.0, 1.0])))
        axes.grid(alpha=0.3)
    if salt:
        panels[len(columns) - 1].set_ylim(bottom=0.0)
    if grown:
        _faces(panels[len(columns)], time / share, table, head, grown)
        panels[len(columns)].set_ylabel("growth / µm\nmean, range")
    if touching:
        _faces(panels[-1], time / share, table, head, touching)
        panels[-1].set_ylabel("contact\nmean, range")
    panels[-1].set_xlabel(f"time / {unit}")
    panels[0].set_title(heading("In time", str(results["title"])))
    drawing.save(figure, folder / "march.png")
    least = f" The least concentration is {table[:, LEAST].min():.4g} of the start." if salt else ""
    caption = (
        f"Voltage, current density{' and least concentration' if salt else ''}"
        f"{', length of the flaw' if flaw else ''}{', growth of lithium' if grown else ''}"
        f"{', share of faces in contact' if touching else ''} against time, "
        f"{len(time)} moments up to {time[-1] / share:.6g} {unit}; at the end "
        f"{table[-1, VOLTAGE]:.4g} V.{least}"
    )
    return Picture("march.png", "In time", caption)


def _faces(axes: Axes, time: Floats, table: Floats, head: list[str], columns: list[int]) -> None:
    """Mean of every face, and between its least and largest a shade."""
    colours = mpl.colormaps["cividis"](np.linspace(0.1, 0.9, max(len(columns) // 3, 2)))
    for colour, first in zip(colours, columns[::3], strict=False):
        name = head[first].partition(" of ")[2].rpartition(" [")[0]
        mean, low, high = (table[:, i] for i in (first, first + 1, first + 2))
        axes.plot(time, mean, color=colour, linewidth=1.3, label=name)
        axes.fill_between(time, low, high, color=colour, alpha=0.25, linewidth=0.0)
    axes.legend(fontsize="small")
    axes.grid(alpha=0.3)
