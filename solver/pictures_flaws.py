"""The picture of a flaw inside of a body: the deformed surroundings with the von Mises stress."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from solver import drawing
from solver.drawing import heading, nice_length, scale_of, size_text
from solver.output import DISPLACEMENT
from solver.pictures_body import OPENED, SIZE, SIZE_MAP, TRIM, lines, numbers_text, read_body
from solver.sections import Picture, inside, not_flat

AROUND = 0.8  # of the length of the flaw: how far the view goes beyond it
LEAST = 1e-12  # um


def has_flaws(folder: Path) -> bool:
    """Whether a body has flaws."""
    return bool(read_body(folder).geometry["flaws"])


def flaw_picture(folder: Path) -> Picture:
    """The surroundings of the flaw that goes first, or of the longest."""
    run = read_body(folder)
    flaws = {name: np.array(ends, dtype=float) for name, *ends in run.geometry["flaws"]}
    first = str(run.numbers.get("first_to_grow", {}).get("value", "")).partition(".")[0]
    longest = max(flaws, key=lambda name: float(np.hypot(*(flaws[name][2:] - flaws[name][:2]))))
    name = first if first in flaws else longest
    x0, y0, x1, y1 = flaws[name]
    length = float(np.hypot(x1 - x0, y1 - y0))
    room = AROUND * length
    window = not_flat(
        (max(min(x0, x1) - room, 0.0), max(x0, x1) + room, min(y0, y1) - room, max(y0, y1) + room)
    )
    wide = (window[0] - room, window[1] + room, window[2] - room, window[3] + room)
    near = inside(run.body, wide)  # what is drawn moved may come from beyond the view
    moved = near.values[DISPLACEMENT]
    used = np.unique(near.cells)
    shifted = moved - moved[used].mean(axis=0)
    largest = float(np.abs(shifted[used]).max())
    factor = nice_length(OPENED * length / max(largest, LEAST))
    seen = inside(replace(near, points=near.points + factor * shifted), window)
    values = seen.values[SIZE][seen.cells].mean(axis=1)
    scale = scale_of(values, seen.sizes(), trim=100.0 * TRIM)
    figure, axes, bar = drawing.image_and_bar((window[3] - window[2]) / (window[1] - window[0]))
    image = drawing.flat_image(seen, window, SIZE_MAP, scale, SIZE)
    drawing.put_image(axes, image, window, run.labels)
    lines(axes, seen, "-", "#ffffff")
    drawing.colour_bar(bar, scale, SIZE_MAP, "von Mises stress / MPa")
    title = f"Deformed surroundings of the flaw “{name}”"
    axes.set_title(heading(title, run.title))
    drawing.save(figure, run.folder / "flaw.png")
    others = "" if len(flaws) == 1 else f" There are {len(flaws)} flaws; this one goes first."
    caption = (
        f"The flaw {name} with the von Mises stress. Displacements, less their mean, are drawn "
        f"{factor:g} times as large as they are. The colours run from {scale.lower:.3g} to "
        f"{scale.upper:.3g} MPa; at the tips the stress is unbounded.{others}{numbers_text(run)} "
        f"The view is {size_text(window)}."
    )
    return Picture("flaw.png", title, caption)
