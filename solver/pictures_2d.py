"""The pictures of a plane or axisymmetric cell."""

from collections.abc import Callable

import numpy as np
import pyvista
from matplotlib.ticker import MaxNLocator

from solver import drawing
from solver.drawing import Window, heading, scale_of
from solver.mesh_pictures import MESH_TITLE, cell_windows, flat_mesh
from solver.output import CURRENT, POTENTIAL
from solver.sections import (
    FACE_COLOURS,
    OTHER_FACE,
    Picture,
    Run,
    View,
    draw_lines,
    face_caption,
    inside,
    mean_current,
    normal_text,
    overview,
    unmeshed_text,
    zooms,
)
from solver.simplices import DrawingError, Floats, Simplices, joined, outline

POTENTIAL_MAP = "cividis"
VOLTS = ((1.0, "V"), (1e-3, "mV"), (1e-6, "µV"))
MIRROR = np.diag([-1.0, 1.0, 1.0])
STREAMLINES = 24


def whole(run: Run, part: Simplices) -> Simplices:
    """The meshed part and its mirror image."""
    return joined([part, part.moved(MIRROR)]) if "x" in run.geometry["mirror"] else part


def pictures_2d(run: Run) -> list[Callable[[], Picture]]:
    """The pictures of a plane or axisymmetric cell."""
    coarse = whole(run, run.field.straight(whole=True))
    view = View(
        whole(run, run.field.straight()),
        outline(coarse),
        {name: whole(run, face) for name, face in run.faces.items()},
        ("r", "z") if run.geometry["dimension"] == "axisymmetric" else ("x", "y"),
    )
    pictures = [lambda: mesh_picture(run, view, coarse), *zooms(run, view)]
    pictures.append(lambda: streamline_picture(run, view))
    if run.faces:
        pictures.append(lambda: face_plot(run, view))
    return pictures


def mesh_picture(run: Run, view: View, coarse: Simplices) -> Picture:
    """Regions and mesh: the cell, and the surroundings of the opening."""
    geometry = run.geometry
    panels = View(coarse, view.lines, view.faces, view.labels)
    parts = cell_windows(coarse, geometry["opening"], geometry["film"])
    figure = flat_mesh(panels, geometry["regions"], parts, run.title)
    drawing.save(figure, run.folder / "mesh.png")
    cells = len(coarse.cells) // (2 if "x" in geometry["mirror"] else 1)
    caption = (
        f"{cells} cells in the meshed part; regions: {', '.join(geometry['regions'])}. The lines in"
        " colour are the faces of the metal; what is grey is not meshed."
        f"{unmeshed_text(geometry)}"
    )
    return Picture("mesh.png", MESH_TITLE, caption)


def streamline_picture(run: Run, view: View) -> Picture:
    """Streamlines over the potential; between two of them flows the same current."""
    window = overview(view.section, run.geometry["opening"])
    seen = inside(view.section, window)
    scale = scale_of(seen.values[POTENTIAL], np.ones(len(seen.points)), may_be_log=False, trim=0.0)
    figure, axes, bar = drawing.image_and_bar((window[3] - window[2]) / (window[1] - window[0]))
    image = drawing.flat_image(view.section, window, POTENTIAL_MAP, scale, POTENTIAL)
    drawing.put_image(axes, image, window, view.labels)
    draw_lines(view, axes)
    lines = streamlines(seen, window, run.geometry["dimension"] == "axisymmetric")
    axes.plot(lines[:, :, 0], lines[:, :, 1], color="white", linewidth=0.9)
    factor, unit = next(
        ((f, u) for f, u in VOLTS if max(abs(scale.lower), abs(scale.upper)) >= f), VOLTS[-1]
    )
    drawing.colour_bar(bar, scale, POTENTIAL_MAP, f"potential φ / {unit}", factor)
    title = "Streamlines over the potential"
    axes.set_title(heading(title, run.title))
    drawing.save(figure, run.folder / "streamlines.png")
    return Picture(
        "streamlines.png",
        title,
        f"{lines.shape[1]} streamlines of the current; neighbours enclose equal currents at the"
        f" upper edge of the view. The potential runs from {scale.lower / factor:.4g} to"
        f" {scale.upper / factor:.4g} {unit}.",
    )


def streamlines(section: Simplices, window: Window, axisymmetric: bool) -> Floats:
    """Streamlines from the upper edge of a window, at equal shares of the current: (n, lines, 2).

    The direction of the current is sampled on a grid of about a pixel and followed with the
    midpoint rule. A line that has left the mesh goes on as NaN.
    """
    x0, x1, y0, y1 = window
    nx, ny = drawing.pixels(window, 900)
    step = np.array([(x1 - x0) / (nx - 1), (y1 - y0) / (ny - 1)])
    raster = pyvista.ImageData(
        dimensions=(nx, ny, 1), spacing=(*step, 1.0), origin=(x0, y0, 0.0)
    ).sample(section.grid())
    flow = np.asarray(raster.point_data[CURRENT])[:, :2].reshape(ny, nx, 2)
    inside_mesh = np.asarray(raster.point_data["vtkValidPointMask"]).reshape(ny, nx) > 0
    flow[~inside_mesh] = 0.0

    x = np.linspace(x0, x1, nx)
    top = flow[-2, :, 1]
    amount = np.abs(top) * (np.abs(x) if axisymmetric else 1.0)
    share = np.cumsum(amount) - amount / 2
    if not share[-1] > 0:
        raise DrawingError("no current flows through the upper edge of the view")
    starts = np.interp((np.arange(STREAMLINES) + 0.5) / STREAMLINES, share / share[-1], x)
    sign = -np.sign(top.mean())  # against the current where it flows upwards

    def direction(at: Floats) -> Floats:
        # outside of the mesh the sampled current is zero: the last half pixel is followed as well
        index = np.clip((at - [x0, y0]) / step, 0, np.array([nx, ny]) - 1.001)
        left = np.nan_to_num(index).astype(int)
        (a, b), (i, j) = (index - left).T, left.T
        value = (
            flow[j, i] * ((1 - a) * (1 - b))[:, None] + flow[j, i + 1] * (a * (1 - b))[:, None]
            + flow[j + 1, i] * ((1 - a) * b)[:, None] + flow[j + 1, i + 1] * (a * b)[:, None]
        )  # fmt: skip
        return np.asarray(sign * value / np.linalg.norm(value, axis=1)[:, None])

    here = np.column_stack([starts, np.full(STREAMLINES, y1 - step[1])])
    path = [here]
    length = 0.7 * float(step.min())
    with np.errstate(invalid="ignore"):
        while np.isfinite(here).any() and len(path) < 6 * (nx + ny):
            here = here + length * direction(here + 0.5 * length * direction(here))
            here[(here[:, 1] < y0) | (here[:, 1] > y1)] = np.nan
            path.append(here)
    return np.array(path)


def face_plot(run: Run, view: View) -> Picture:
    """The normal current density along the faces of the metal."""
    flat = [n for n, f in run.faces.items() if np.ptp(f.points[:, 0]) >= np.ptp(f.points[:, 1])]
    upright = [name for name in run.faces if name not in flat]
    panels = [(names, axis) for axis, names in enumerate((flat, upright)) if names]
    every = np.concatenate([face.values[CURRENT] for face in run.faces.values()])
    positive = every[every > 0]
    log = len(positive) > 0 and positive.min() < positive.max() * 10**-drawing.LOG_FROM
    figure = drawing.new_figure(4.2)
    figure.set_layout_engine("constrained")
    ratios = [2.4, 1.0][: len(panels)]
    grid = np.atleast_1d(figure.subplots(1, len(panels), width_ratios=ratios, sharey=True))
    mean = mean_current(run)
    for axes, (names, axis) in zip(grid, panels, strict=True):
        for name in names:
            face = view.faces[name] if axis == 0 else run.faces[name]
            places, values = profile(face, axis)
            axes.plot(
                places, np.where(values > 0, values, np.nan) if log else values,
                color=FACE_COLOURS.get(name, OTHER_FACE), linewidth=1.4, label=name,
            )  # fmt: skip
        axes.axhline(mean, color="#777777", linewidth=0.9, linestyle="--", label="mean of the cell")
        axes.set_xlabel(f"{view.labels[axis]} / µm")
        axes.grid(alpha=0.3)
        axes.tick_params(labelsize=8)
        axes.legend(fontsize=8)
        axes.xaxis.set_major_locator(MaxNLocator(9 if axis == 0 else 3))
        if log:
            axes.set_yscale("log")
            axes.set_ylim(bottom=lowest_shown(run))
        elif np.ptp(every) <= 1e-6 * abs(mean):  # a constant one is not to show its round-off
            axes.set_ylim(0.0, 2.0 * mean)
    grid[0].set_ylabel(normal_text(run))
    title = "Current density normal to the metal"
    figure.suptitle(heading(title, run.title), fontsize=10)
    drawing.save(figure, run.folder / "face.png")
    return Picture("face.png", title, face_caption(run))


def profile(face: Simplices, axis: int) -> tuple[Floats, Floats]:
    """Places along a face and the values there, with NaN where the face has a gap."""
    ends = face.cells[np.argsort(face.centres()[:, axis])]
    places, values = face.points[ends][:, :, axis], face.values[CURRENT][ends]
    turn = np.argsort(places, axis=1)
    places, values = np.take_along_axis(places, turn, 1), np.take_along_axis(values, turn, 1)
    gaps = 2 * (1 + np.flatnonzero(places[1:, 0] - places[:-1, 1] > 1e-6 * np.ptp(places)))
    return np.insert(places.ravel(), gaps, np.nan), np.insert(values.ravel(), gaps, np.nan)


def lowest_shown(run: Run) -> float:
    """A lower end of a logarithmic axis that leaves out the zero in a corner of a film."""
    lows = []
    for face in run.faces.values():
        values = face.values[CURRENT][face.cells].mean(axis=1)
        if (values > 0).any():
            sizes = face.sizes()[values > 0]
            lows.append(scale_of(values[values > 0], sizes, may_be_log=False).lower)
    return 0.3 * min(lows)
