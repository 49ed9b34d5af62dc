"""The pictures of stress: the deformed body near its crack, and the whole body."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import Rectangle

from solver import drawing
from solver.drawing import Scale, Window, heading, nice_length, scale_of, size_text
from solver.formats import number, typeset
from solver.mesh_pictures import MESH_TITLE, body_windows, flat_mesh
from solver.output import DISPLACEMENT, FIELDS, MECHANICS, STRESS
from solver.sections import Picture, View, extent, inside, not_flat, read_results
from solver.simplices import Floats, Simplices, joined, outline, read_cells

OPENING_MAP, SIZE_MAP = "RdBu_r", "magma"
CLIPPED = 0.02  # share of the area near the crack with a stress above all the rest,
ABOVE = 1.5  # and how far the colours go beyond the rest
DECADES, TRIM = 4.0, 1e-4  # what is shown of a body that is much larger than its crack
OPENED = 0.15  # of the length of a crack: how far it is drawn open, about
MIRRORS = {"x": np.diag([-1.0, 1.0, 1.0]), "y": np.diag([1.0, -1.0, 1.0])}
SIZE = "equivalent stress"
HEADLINE = (
    ("energy_release_rate", "G"),
    ("steady_state_energy_release_rate", "G_ss"),
    ("stress_intensity", "K_I"),
    ("channelling_factor", "Z"),
    ("margin", "margin Gc/G"),
    ("arrest_length", "arrest length"),
)


@dataclass(frozen=True)
class BodyRun:
    """What has been read of a run folder.

    Attributes:
        folder: The run folder.
        title: Title of the case.
        geometry: The key `geometry` of results.json (`geometry_meta.GeometryMeta`).
        body: The meshed part with the values `DISPLACEMENT` (vector), `SIZE` (von Mises) and
            `STRESS` (that normal to the plane of the crack; without one sigma_xx).
        coarse: The same, one triangle per cell.
        numbers: The quantities of results.json by name.
    """

    folder: Path
    title: str
    geometry: dict[str, Any]
    body: Simplices
    coarse: Simplices
    numbers: dict[str, dict[str, Any]]

    @property
    def crack(self) -> tuple[str, float, float] | None:
        """Face, start and end."""
        found = self.geometry["crack"]
        return None if found is None else (str(found[0]), float(found[1]), float(found[2]))

    @property
    def axis(self) -> int:
        """The axis along which the crack opens: 0 for a crack on the left, 1 for one below."""
        return 1 if self.crack is not None and self.crack[0] == "bottom" else 0

    @property
    def labels(self) -> tuple[str, str]:
        """Names of the axes."""
        return ("r", "z") if self.geometry["dimension"] == "axisymmetric" else ("x", "y")


def pictures_of_body(folder: Path) -> list[Callable[[], Picture]]:
    """The pictures of the mechanics of a run.

    Raises:
        DrawingError: There are no results or no fields to draw.
    """
    run = read_body(folder)
    pictures = [lambda: mesh_picture(run)]
    if run.crack is not None:
        pictures.append(lambda: opening_picture(run))
    return [*pictures, lambda: size_picture(run)]


def read_body(folder: Path) -> BodyRun:
    """Read results and fields.

    Raises:
        DrawingError: There are no results or no fields to draw.
    """
    results = read_results(folder)
    cells = read_cells(folder / f"{MECHANICS}.pvtu")
    vectors = {name: cells.values[f] for f in cells.values for name in _means(f)}
    crack = results["geometry"]["crack"]
    axis = 1 if crack is not None and crack[0] == "bottom" else 0
    stress = vectors[STRESS]
    values = {
        DISPLACEMENT: vectors[DISPLACEMENT],
        SIZE: von_mises(stress),
        STRESS: np.asarray(stress[:, axis]),
    }
    cells = replace(cells, values=values)
    numbers = {entry["name"]: entry for entry in results["quantities"]}
    return BodyRun(
        folder, str(results["title"]), results["geometry"], cells.straight(),
        cells.straight(whole=True), numbers,
    )  # fmt: skip


def _means(array: str) -> tuple[str, ...]:
    return tuple(name for name in (DISPLACEMENT, STRESS) if array.startswith(name))


def von_mises(stress: Floats) -> Floats:
    """Von Mises stress of symmetric tensors xx, yy, zz, xy, yz, xz: (n, 6) -> (n,)."""
    xx, yy, zz, xy, yz, xz = stress.T
    normal = (xx - yy) ** 2 + (yy - zz) ** 2 + (zz - xx) ** 2
    return np.asarray(np.sqrt(0.5 * normal + 3.0 * (xy**2 + yz**2 + xz**2)))


def whole(run: BodyRun, part: Simplices) -> Simplices:
    """The meshed part and its mirror images in the planes of symmetry through the origin."""
    for name in run.geometry["mirror"]:
        part = joined([part, part.moved(MIRRORS[name])])
    return part


def deformed(run: BodyRun, part: Simplices, factor: float) -> Simplices:
    """A part with its displacements, drawn larger or smaller by a factor."""
    return replace(part, points=part.points + factor * (part.values[DISPLACEMENT] - _carried(run)))


def _carried(run: BodyRun) -> Floats:
    """Displacement of the tip along the crack where no symmetry holds it: how the view moves."""
    held = np.zeros(3)
    along = 1 - run.axis
    if run.crack is None or "xy"[along] in run.geometry["mirror"]:
        return held
    _, start, end = run.crack
    tip = start if start > 0.0 else end
    place = np.zeros(3)
    place[along] = tip
    nearest = np.argmin(np.linalg.norm(run.body.points - place, axis=1))
    held[along] = run.body.values[DISPLACEMENT][nearest, along]
    return held


def exaggeration(run: BodyRun) -> float:
    """The round factor (1, 2 or 5 times a power of ten) at which a crack is well seen open."""
    if run.crack is None:
        return 1.0
    _, start, end = run.crack
    opening = run.numbers.get("crack_opening", {}).get("value")
    if not isinstance(opening, float) or opening <= 0.0:
        lips = on_crack(run)
        opening = 2.0 * float(np.abs(run.body.values[DISPLACEMENT][lips, run.axis]).max())
    if opening == 0.0:
        return 1.0
    return nice_length(OPENED * crack_length(run, start, end) / opening)


def on_crack(run: BodyRun) -> Any:
    """Marks of the points of the meshed part on the crack."""
    if run.crack is None:
        return np.zeros(len(run.body.points), bool)
    _, start, end = run.crack
    along = run.body.points[:, 1 - run.axis]
    small = 1e-9 * max(run.geometry["width"], run.geometry["height"])
    near = np.abs(run.body.points[:, run.axis]) <= small
    return near & (along >= start - small) & (along <= end + small)


def crack_length(run: BodyRun, start: float, end: float) -> float:
    """Length of the crack as it is drawn: a mirror doubles one from the corner."""
    doubled = start == 0.0 and "xy"[1 - run.axis] in run.geometry["mirror"]
    return (end - start) * (2.0 if doubled else 1.0)


def crack_window(run: BodyRun, section: Simplices) -> Window:
    """A window around the crack, as far as the body goes and a little beyond."""
    x0, x1, y0, y1 = extent(section)
    if run.crack is None:
        return (x0, x1, y0, y1)
    _, start, end = run.crack
    length = crack_length(run, start, end)
    low = -end if length > 1.5 * (end - start) else start
    along = (low - 0.6 * length, end + 0.6 * length)
    across = (-0.9 * length, 0.9 * length)
    across = across if run.axis == 0 else (-0.6 * length, 0.6 * length)
    a, b, c, d = (*across, *along) if run.axis == 0 else (*along, *across)
    rim = 0.08 * length
    window = (max(a, x0 - rim), min(b, x1 + rim), max(c, y0 - rim), min(d, y1 + rim))
    return not_flat(window)


# --- pictures -----------------------------------------------------------------------------------


def mesh_picture(run: BodyRun) -> Picture:
    """Regions and mesh: the meshed part, and the surroundings of the crack."""
    view = View(run.coarse, outline(run.coarse), crack_face(run), run.labels)
    windows = body_windows(run.coarse, view.faces)
    figure = flat_mesh(view, run.geometry["regions"], windows, run.title)
    # beside currents, these have a mesh of their own
    file = "mechanics_mesh.png" if (run.folder / f"{FIELDS}.pvtu").exists() else "mesh.png"
    drawing.save(figure, run.folder / file)
    caption = (
        f"{len(run.coarse.cells)} cells, on which the displacement was solved for; regions: "
        f"{', '.join(run.geometry['regions'])}."
        f"{' The mesh is refined towards the ends of the crack.' if view.faces else ''}"
    )
    return Picture(file, MESH_TITLE, caption)


def crack_face(run: BodyRun) -> dict[str, Simplices]:
    """The crack as a segment, if there is one."""
    if run.crack is None:
        return {}
    _, start, end = run.crack
    points = np.zeros((2, 3))
    points[:, 1 - run.axis] = start, end
    return {"crack": Simplices(points, np.array([[0, 1]]), np.zeros(1, np.int64), {})}


def opening_picture(run: BodyRun) -> Picture:
    """The deformed body near the crack, with the stress that opens it."""
    factor = exaggeration(run)
    still = whole(run, run.body)
    part = whole(run, deformed(run, run.body, factor))
    window = crack_window(run, part)
    seen = inside(part, window)
    scale = centred_scale(seen)
    figure, axes, bar = drawing.image_and_bar((window[3] - window[2]) / (window[1] - window[0]))
    image = drawing.flat_image(seen, window, OPENING_MAP, scale, STRESS)
    drawing.put_image(axes, image, window, run.labels)
    lines(axes, inside(still, window), ":")
    for face in crack_face(run).values():  # its lips lie on each other before it opens
        segments = whole(run, face)
        before = list(segments.points[segments.cells][:, :, :2])
        axes.add_collection(
            LineCollection(before, colors="#000000", linewidths=0.9, linestyles=":")
        )
    lines(axes, seen, "-")
    axis = run.labels[run.axis]
    drawing.colour_bar(bar, scale, OPENING_MAP, f"stress σ_{axis}{axis} / MPa")
    title = "Stress that opens the crack, on the deformed body"
    axes.set_title(heading(title_with_verdict(run, title), run.title))
    drawing.save(figure, run.folder / "crack.png")
    lowest, highest = float(seen.values[STRESS].min()), float(seen.values[STRESS].max())
    caption = (
        f"Stress normal to the plane of the crack, σ_{axis}{axis} (red: tension, which opens it; "
        f"blue: compression). Displacements are drawn {factor:g} times as large as they are"
        f"; dotted: the body before. {mirrored_text(run)}The colours end at "
        f"{-scale.upper:.3g} and {scale.upper:.3g} MPa; {clipped_text(scale, lowest, highest)}"
        f"{overlap_text(run)}{numbers_text(run)} The view is {size_text(window)}."
    )
    return Picture("crack.png", title, caption)


def size_picture(run: BodyRun) -> Picture:
    """The whole body with the von Mises stress."""
    section = whole(run, run.body)
    x0, x1, y0, y1 = extent(section)
    window = readable(run, (x0, x1, y0, y1))
    cut = window != (x0, x1, y0, y1)
    window = not_flat(window)
    seen = inside(section, window)
    values = seen.values[SIZE][seen.cells].mean(axis=1)
    scale = scale_of(values, seen.sizes(), trim=TRIM, decades=DECADES)
    figure, axes, bar = drawing.image_and_bar((window[3] - window[2]) / (window[1] - window[0]))
    image = drawing.flat_image(seen, window, SIZE_MAP, scale, SIZE)
    drawing.put_image(axes, image, window, run.labels)
    lines(axes, seen, "-", "#ffffff90")
    near = crack_window(run, section)
    marked = run.crack is not None and near[1] - near[0] < 0.5 * (window[1] - window[0])
    if marked:
        size = (near[1] - near[0], near[3] - near[2])
        axes.add_patch(
            Rectangle((near[0], near[2]), *size, fill=False, color="#00b4d8", linewidth=1.0)
        )
    drawing.colour_bar(bar, scale, SIZE_MAP, "von Mises stress / MPa")
    title = "Von Mises stress in the body"
    axes.set_title(heading(title_with_verdict(run, title), run.title))
    drawing.save(figure, run.folder / "stress.png")
    kind = "logarithmic" if scale.log else "linear"
    caption = (
        f"How strongly the body is sheared (not deformed in this picture). {mirrored_text(run)}"
        f"The colours ({kind}) run from {scale.lower:.3g} to {scale.upper:.3g} MPa"
        f"{', beyond that the colours at the ends are used' if scale.beyond != 'neither' else ''}."
        f"{' The frame is the view near the crack.' if marked else ''}"
        f"{f' The body goes on: it is {size_text((x0, x1, y0, y1))}.' if cut else ''}"
        f"{numbers_text(run)} The view is {size_text(window)}."
    )
    return Picture("stress.png", title, caption)


def readable(run: BodyRun, window: Window) -> Window:
    """The window on the whole body; of a very long one a part around the crack."""
    x0, x1, y0, y1 = window
    near = crack_window(run, whole(run, run.coarse))
    wide, high = x1 - x0, y1 - y0
    if wide > 5.0 * high:
        middle = 0.5 * (near[0] + near[1])
        x0, x1 = _within(x0, x1, middle, max(5.0 * high, near[1] - near[0]))
    elif high > 2.0 * wide:
        middle = 0.5 * (near[2] + near[3])
        y0, y1 = _within(y0, y1, middle, max(2.0 * wide, near[3] - near[2]))
    return (x0, x1, y0, y1)


def _within(low: float, high: float, middle: float, length: float) -> tuple[float, float]:
    """A stretch of a length around a place, moved inside of another stretch."""
    length = min(length, high - low)
    start = min(max(middle - 0.5 * length, low), high - length)
    return start, start + length


def centred_scale(seen: Simplices) -> Scale:
    """A linear scale around zero that need not hold the share `CLIPPED` of the largest stress."""
    sizes, values = seen.sizes(), np.abs(seen.values[STRESS][seen.cells].mean(axis=1))
    order = np.argsort(values)
    share = np.cumsum(sizes[order])
    top = ABOVE * float(values[order][np.searchsorted(share, (1.0 - CLIPPED) * share[-1])])
    top = top if top > 0.0 else 1.0
    under = bool(seen.values[STRESS].min() < -1.001 * top)
    over = bool(seen.values[STRESS].max() > 1.001 * top)
    beyond = {(0, 0): "neither", (1, 0): "min", (0, 1): "max", (1, 1): "both"}[under, over]
    return Scale(-top, top, log=False, beyond=beyond)


def lines(axes: Axes, section: Simplices, style: str, colour: str = "#000000a0") -> None:
    """Draw where the region changes and where the body ends."""
    axes.add_collection(
        LineCollection(list(outline(section)), colors=colour, linewidths=0.7, linestyles=style)
    )


# --- words --------------------------------------------------------------------------------------


def title_with_verdict(run: BodyRun, title: str) -> str:
    """The title with the driving force and what the crack does."""
    rate = next(
        (f"{word} = {shown(run, name)}" for name, word in HEADLINE[:2] if name in run.numbers), ""
    )
    judged = str(run.numbers["verdict"]["value"]) if "verdict" in run.numbers else ""
    said = ", ".join(text for text in (rate, judged) if text)
    return f"{title}: {said}" if said else title


def shown(run: BodyRun, name: str) -> str:
    """A quantity with its unit."""
    entry = run.numbers[name]
    value = number(entry["value"], entry["lower"], entry["upper"])
    return f"{value} {typeset(entry['unit'])}".rstrip()


def numbers_text(run: BodyRun) -> str:
    """Driving force and verdict in words."""
    said = [f"{word} = {shown(run, name)}" for name, word in HEADLINE if name in run.numbers]
    if "verdict" in run.numbers:
        said.append(f"verdict: {run.numbers['verdict']['value']}")
    return f" Computed: {', '.join(said)}." if said else ""


def mirrored_text(run: BodyRun) -> str:
    """What of the picture is an image of the solved part."""
    names = [f"{run.labels[0 if name == 'x' else 1]} = 0" for name in run.geometry["mirror"]]
    return f"The solved part is mirrored at {' and '.join(names)}. " if names else ""


def overlap_text(run: BodyRun) -> str:
    """A warning where the faces of the crack have passed through each other."""
    apart = run.body.values[DISPLACEMENT][on_crack(run), run.axis]
    if len(apart) == 0 or apart.min() >= -1e-6 * np.abs(apart).max():
        return ""
    return (
        " Where the faces of the crack are pressed together they overlap: the crack has not the "
        'law "contact".'
    )


def clipped_text(scale: Scale, lowest: float, highest: float) -> str:
    """What lies beyond the colours."""
    if scale.beyond == "neither":
        return "nothing lies beyond them."
    return (
        f"beyond them, at the ends of the crack above all, the colours at the ends are used (the "
        f"corners of the cells reach {lowest:.3g} and {highest:.3g} MPa there; at a sharp tip the "
        "stress is unbounded, and such numbers grow with every refinement)."
    )
