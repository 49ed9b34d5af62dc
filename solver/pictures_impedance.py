"""Pictures of a spectrum: Nyquist and Bode, with the fitted circuit and measured points."""

import csv
import json
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from solver import drawing
from solver.drawing import heading
from solver.output import MEASURED_SPECTRUM, RESULTS, SPECTRUM
from solver.sections import Picture

Table = npt.NDArray[np.float64]
FITTED, FITTED_MEASURED = 7, 5  # columns of a table with a fitted circuit
UNIT = "Ω cm²"
MEASURED, CIRCUIT = "measured", "fitted circuit"
STYLES: dict[str, dict[str, Any]] = {
    MEASURED: {"color": "0.35", "marker": "x", "markersize": 4.0, "linestyle": "none"},
    CIRCUIT: {"color": "tab:orange", "linestyle": "--"},
    f"{CIRCUIT}, measured": {"color": "tab:green", "linestyle": ":"},
}


def has_spectrum(folder: Path) -> bool:
    """Whether a run has one."""
    return (folder / SPECTRUM).is_file()


def nyquist_picture(folder: Path) -> Picture:
    """-Im Z against Re Z, with the decades of the frequency."""
    table = _table(folder, SPECTRUM)
    figure = Figure(figsize=(7.0, 5.0), layout="constrained")
    axes = figure.subplots()
    colour = mpl.colormaps["cividis"](0.1)
    axes.plot(table[:, 1], -table[:, 2], "o-", color=colour, markersize=3.0, label="computed")
    _add_others(axes, folder, table)
    for row in table[_decades(table[:, 0])]:
        word = EngFormatter(unit="Hz", places=0)(float(f"{row[0]:.1g}"))
        axes.annotate(word, (row[1], -row[2]), (4, 4), textcoords="offset points", fontsize=8)
    axes.margins(x=0.14)  # room for the last frequency
    axes.set_aspect("equal", adjustable="box")
    axes.set_xlabel(f"Re Z / ({UNIT})")
    axes.set_ylabel(f"-Im Z / ({UNIT})")
    axes.grid(alpha=0.3)
    if len(axes.lines) > 1:
        axes.legend()
    axes.set_title(heading("Nyquist", _title(folder)))
    drawing.save(figure, folder / "nyquist.png")
    caption = (
        f"Impedance at {len(table)} frequencies from {table[0, 0]:.4g} to {table[-1, 0]:.4g} Hz, "
        f"both axes on one scale; real part from {table[0, 1]:.4g} to {table[-1, 1]:.4g} {UNIT}."
    )
    return Picture("nyquist.png", "Nyquist", caption)


def bode_picture(folder: Path) -> Picture:
    """Modulus and phase against the frequency."""
    table = _table(folder, SPECTRUM)
    figure = Figure(figsize=(7.0, 5.0), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True)
    colour = mpl.colormaps["cividis"](0.1)
    upper.loglog(table[:, 0], table[:, 3], "o-", color=colour, markersize=3.0, label="computed")
    lower.semilogx(table[:, 0], table[:, 4], "o-", color=colour, markersize=3.0)
    for name, f, z in _others(folder, table):
        upper.loglog(f, np.abs(z), label=name, **STYLES[name])
        lower.semilogx(f, np.degrees(np.angle(z)), **STYLES[name])
    upper.set_ylabel(f"|Z| / ({UNIT})")
    lower.set_ylabel("phase / degree")
    lower.set_xlabel("frequency / Hz")
    for axes in (upper, lower):
        axes.grid(alpha=0.3)
    if len(upper.lines) > 1:
        upper.legend()
    upper.set_title(heading("Bode", _title(folder)))
    drawing.save(figure, folder / "bode.png")
    least = float(table[:, 4].min())
    caption = f"Modulus and phase of the impedance; the phase goes down to {least:.3g} degrees."
    return Picture("bode.png", "Bode", caption)


def _title(folder: Path) -> str:
    return str(json.loads((folder / RESULTS).read_text(encoding="utf-8"))["title"])


def _table(folder: Path, name: str) -> Table:
    with (folder / name).open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    return np.array([[float(x) for x in row] for row in rows])


def _others(folder: Path, table: Table) -> list[tuple[str, Table, npt.NDArray[np.complex128]]]:
    """Name, frequencies and impedances of what is drawn beside."""
    found: list[tuple[str, Table, npt.NDArray[np.complex128]]] = []
    if table.shape[1] >= FITTED:
        found.append((CIRCUIT, table[:, 0], table[:, 5] + 1j * table[:, 6]))
    if (folder / MEASURED_SPECTRUM).is_file():
        measured = _table(folder, MEASURED_SPECTRUM)
        found.append((MEASURED, measured[:, 0], measured[:, 1] + 1j * measured[:, 2]))
        if measured.shape[1] >= FITTED_MEASURED:
            z = measured[:, 3] + 1j * measured[:, 4]
            found.append((f"{CIRCUIT}, measured", measured[:, 0], z))
    return found


def _add_others(axes: Axes, folder: Path, table: Table) -> None:
    for name, _, z in _others(folder, table):
        axes.plot(z.real, -z.imag, label=name, **STYLES[name])


def _decades(frequencies: Table) -> list[int]:
    """Of every second decade the frequency that is nearest to it."""
    ends = np.log10(frequencies[-1]), np.log10(frequencies[0])
    marks = np.arange(np.ceil(ends[0]), np.floor(ends[1]) + 1, 2)
    return sorted({int(np.argmin(np.abs(np.log10(frequencies) - mark))) for mark in marks})
