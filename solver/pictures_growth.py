"""The picture of cracks that find their way: forces and energies while the load grows."""

import csv
from pathlib import Path

import numpy as np

from solver import drawing
from solver.drawing import heading
from solver.output import GROWTH
from solver.pictures_body import read_body
from solver.sections import Picture


def has_grown(folder: Path) -> bool:
    """Whether a run has followed damage in steps."""
    return (folder / GROWTH).is_file()


def growth_picture(folder: Path) -> Picture:
    """Energies, and the forces on moved faces, against the share of the load."""
    run = read_body(folder)
    rows = list(csv.DictReader((folder / GROWTH).read_text(encoding="utf-8").splitlines()))
    columns = {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}
    load = 100.0 * columns["load"]
    figure = drawing.new_figure(5.0)
    axes = figure.add_subplot()
    energies = [name for name in columns if name.split()[0] in ("stored", "damage", "total")]
    for name in energies:
        if "energy" in name:
            axes.plot(load, columns[name], marker=".", label=name.partition(" [")[0])
    unit = energies[0].partition("[")[2].rstrip("]")
    axes.set_xlabel("share of the load / %")
    axes.set_ylabel(f"energy / {unit}")
    forces = [name for name in columns if name.startswith("force")]
    if forces:
        other = axes.twinx()
        for name in forces:
            other.plot(load, columns[name], "k--", label=name.partition(" [")[0])
        other.set_ylabel(f"force / {forces[0].partition('[')[2].rstrip(']')}")
        other.legend(loc="center right")
    axes.legend(loc="upper center")
    title = "Energies while the load grows"
    axes.set_title(heading(title, run.title))
    drawing.save(figure, folder / "growth.png")
    jumps = int(columns["jump"].sum())
    caption = (
        "Elastic energy less the work of the tractions, cost of the damage and their sum, of the "
        f"meshed part, in {len(rows)} steps of the load; dashed: forces on the faces that are "
        f"moved. Steps in which cracks jumped: {jumps}."
    )
    return Picture("growth.png", title, caption)
