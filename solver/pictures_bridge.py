"""The picture of a film that bridges a pit: how it sags, and where it is stretched."""

from pathlib import Path

import numpy as np

from solver import drawing
from solver.drawing import Scale, heading, nice_length, size_text
from solver.output import DISPLACEMENT, STRESS
from solver.pictures_body import (
    OPENING_MAP,
    deformed,
    lines,
    mirrored_text,
    numbers_text,
    read_body,
    title_with_verdict,
    whole,
)
from solver.sections import Picture, inside, not_flat

SAGGED = 0.08  # of the width of the pit: how far the film is drawn to sag, about
LEAST = 1e-12  # um


def bridges_a_pit(folder: Path) -> bool:
    """Whether a film bridges a pit in a run, and is judged by its strength."""
    run = read_body(folder)
    tensions = [name for name in run.numbers if name.startswith("tension.")]
    return run.geometry["pit"] is not None and bool(tensions)


def bridge_picture(folder: Path) -> Picture:
    """The deformed film over its pit with the stress along it."""
    run = read_body(folder)
    wide, _ = run.geometry["pit"]
    top = run.geometry["height"]
    over = np.abs(run.body.points[:, 0]) < 0.5 * wide
    sag = float(np.abs(run.body.values[DISPLACEMENT][over, 1]).max())
    factor = nice_length(SAGGED * wide / max(sag, LEAST))
    part = whole(run, deformed(run, run.body, factor))
    window = not_flat((-0.75 * wide, 0.75 * wide, top - 0.3 * wide, top + 0.06 * wide))
    seen = inside(part, window)
    largest = float(np.abs([q["value"] for n, q in run.numbers.items() if "tension." in n]).max())
    low, high = float(seen.values[STRESS].min()), float(seen.values[STRESS].max())
    under, beyond = low < -largest, high > 1.001 * largest
    kind = {(0, 0): "neither", (1, 0): "min", (0, 1): "max", (1, 1): "both"}[under, beyond]
    scale = Scale(-largest, largest, log=False, beyond=kind)
    figure, axes, bar = drawing.image_and_bar((window[3] - window[2]) / (window[1] - window[0]))
    image = drawing.flat_image(seen, window, OPENING_MAP, scale, STRESS)
    drawing.put_image(axes, image, window, run.labels)
    lines(axes, inside(whole(run, run.body), window), ":")
    lines(axes, seen, "-")
    first = run.labels[0]
    drawing.colour_bar(bar, scale, OPENING_MAP, f"stress σ_{first}{first} / MPa")
    title = "Stress along the film that bridges the pit, deformed"
    axes.set_title(heading(title_with_verdict(run, title), run.title))
    drawing.save(figure, run.folder / "bridge.png")
    more = "; at the rim of the pit they are passed, without bound" if kind != "neither" else ""
    caption = (
        f"Stress σ_{first}{first} along the film (red: tension). Displacements are drawn "
        f"{factor:g} times as large as they are; dotted: the body before. {mirrored_text(run)}"
        f"The colours end at the largest tension on the faces of the film, {largest:.4g} MPa{more}."
        f"{numbers_text(run)} The view is {size_text(window)}."
    )
    return Picture("bridge.png", title, caption)
