"""The pictures of a cell in 3D: mesh, vertical cut, faces of the metal, cut and faces together.

The meshed part is one of the images of the whole cell under its symmetries. Pictures have the
middle of the opening at x = 0: a net of cracks, whose islands are centred at the origin of the
mesh, is shifted by half a period.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import pyvista

from solver import drawing
from solver.drawing import heading, scale_of
from solver.mesh_pictures import MESH_TITLE, shot, solid_mesh
from solver.output import CURRENT
from solver.sections import (
    CURRENT_MAP,
    CURRENT_TEXT,
    Picture,
    Run,
    View,
    extent,
    face_caption,
    normal_text,
    unmeshed_text,
    zooms,
)
from solver.simplices import Floats, Simplices, clipped, joined, outline, plane_cut

UPRIGHT = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])  # (x, y, z) -> (x, z)


def shift(run: Run) -> Floats:
    """What moves the middle of the opening of the meshed part to x = y = 0."""
    if run.geometry["opening_kind"] == "cross" and "x" in run.geometry["mirror"]:
        return np.asarray(-run.field.points.max(axis=0) * [1.0, 1.0, 0.0])
    return np.zeros(3)


def symmetries(mirror: Sequence[str]) -> list[npt.NDArray[np.float64]]:
    """The images of the meshed part that make up the whole cell, as 3 x 3 matrices."""
    if "hexagon" in mirror:
        angles = np.arange(6) * np.pi / 3
        turns = [
            np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
            for a in angles
        ]
        return [turn @ np.diag([1.0, side, 1.0]) for turn in turns for side in (1.0, -1.0)]
    signs = [(1.0, -1.0) if axis in mirror else (1.0,) for axis in "xy"]
    return [np.diag([x, y, 1.0]) for x in signs[0] for y in signs[1]]


def images(run: Run, part: Simplices) -> Simplices:
    """All images of a part, with the middle of the opening at x = y = 0."""
    centred = part.moved(np.eye(3), shift(run))
    return joined([centred.moved(matrix) for matrix in symmetries(run.geometry["mirror"])])


def row(run: Run, part: Simplices) -> Simplices:
    """A part in the plane of the cut and its mirror image in x."""
    centred = part.moved(np.eye(3), shift(run))
    if not run.geometry["mirror"]:
        return centred
    return joined([centred, centred.moved(np.diag([-1.0, 1.0, 1.0]))])


def cut_position(run: Run) -> float:
    """y of the vertical cut: the lower symmetry plane, else the middle; just inside the mesh."""
    y = run.field.points[:, 1]
    low, high = float(y.min()), float(y.max())
    return low + 1e-6 * (high - low) if run.geometry["mirror"] else (low + high) / 2


def reach(run: Run) -> float:
    """Half the width of what is shown: of a half space only the surroundings of the openings."""
    if run.geometry["shape"].startswith("half_space"):
        return float(min(run.geometry["width"] / 2, 1.5 * run.geometry["opening"]))
    return float("inf")


def near(run: Run, part: Simplices) -> Simplices:
    """What of a centred part is within reach."""
    limit = reach(run)
    if not np.isfinite(limit):
        return part
    for axis in (0, 1):
        part = clipped(clipped(part, axis, limit), axis, -limit, below=False)
    return clipped(part, 2, limit)


def floor_of(run: Run) -> Simplices:
    """All faces of the metal of the whole cell."""
    return near(run, images(run, joined(list(run.faces.values()))))


def section_of(run: Run) -> Simplices:
    """The vertical cut through the whole cell."""
    position = cut_position(run)
    return near(run, row(run, plane_cut(run.field.near(1, position), 1, position)))


def stage(run: Run) -> list[Simplices]:
    """The cut as back wall, and the faces of the metal before it as floor, with values "speed"."""
    wall = section_of(run)
    wall = clipped(wall, 2, 0.6 * float(np.ptp(wall.points[:, 0])))
    if not run.faces:
        return [wall]
    behind = float(wall.points[:, 1].mean())
    if shift(run)[1] < 0:  # one period before the wall, with a crossing of cracks in the middle
        wall, behind = wall.moved(np.eye(3), (0.0, -2 * behind, 0.0)), -behind
    floor = floor_of(run)
    front = floor.only(floor.centres()[:, 1] <= behind)
    return [wall, replace(front, values={"speed": np.abs(front.values[CURRENT])})]


def pictures_3d(run: Run) -> list[Callable[[], Picture]]:
    """The pictures of a cell in 3D."""
    position = cut_position(run)
    section = section_of(run).moved(UPRIGHT)
    faces = {
        name: row(run, plane_cut(face, 1, position)).moved(UPRIGHT)
        for name, face in run.faces.items()
        if face.points[:, 1].min() <= position <= face.points[:, 1].max()
    }
    view = View(section, outline(section), faces, ("x", "z"))
    pictures = [lambda: mesh_picture(run), *zooms(run, view)]
    if run.faces:
        pictures += [lambda: face_picture(run, floor_of(run)), lambda: perspective_picture(run)]
    return pictures


def face_picture(run: Run, floor: Simplices) -> Picture:
    """The normal current density on the faces of the metal, seen from above."""
    window = extent(floor)
    values = floor.values[CURRENT][floor.cells].mean(axis=1)
    scale = scale_of(values, floor.sizes())
    figure, axes, bar = drawing.image_and_bar((window[3] - window[2]) / (window[1] - window[0]))
    image = drawing.flat_image(floor, window, CURRENT_MAP, scale, CURRENT)
    drawing.put_image(axes, image, window, ("x", "y"))
    drawing.colour_bar(bar, scale, CURRENT_MAP, normal_text(run))
    title = "Current density normal to the metal"
    axes.set_title(heading(title, run.title))
    drawing.save(figure, run.folder / "face.png")
    return Picture("face.png", title, f"{face_caption(run)} {scale.text()}")


def perspective_picture(run: Run) -> Picture:
    """The cut as the back wall and the faces of the metal before it as the floor."""
    parts = stage(run)
    values = np.concatenate([part.values["speed"][part.cells].mean(axis=1) for part in parts])
    scale = scale_of(values, np.concatenate([part.sizes() for part in parts]))
    x0, x1, y0, behind = extent(parts[1])
    top = float(parts[0].points[:, 2].max())

    size = x1 - x0
    plotter = pyvista.Plotter(off_screen=True, window_size=[1400, 1000])
    plotter.background_color = pyvista.Color("white")
    for part in parts:
        grid = part.scaled(1 / size).grid()
        grid.point_data["shown"] = scale.shown(part.values["speed"])
        plotter.add_mesh(
            grid, scalars="shown", cmap=mpl.colormaps[CURRENT_MAP], clim=scale.limits(),
            lighting=False, show_scalar_bar=False, interpolate_before_map=True,
        )  # fmt: skip
    length = drawing.nice_length(0.3 * size)
    low = float(parts[1].points[:, 2].min())
    ends = np.array([[x0, y0, low], [x0 + length, y0, low]]) / size - [0, 0.03, 0]
    plotter.add_mesh(pyvista.Line(ends[0], ends[1]), color="black", line_width=7)
    middle = np.array([(x0 + x1) / 2, 0.5 * (behind + y0), 0.4 * top]) / size
    plotter.camera.view_angle = 24.0
    plotter.camera.focal_point = tuple(middle)
    plotter.camera.position = tuple(middle + 3.3 * np.array([-0.38, -0.88, 0.52]))
    plotter.camera.up = (0.0, 0.0, 1.0)
    plotter.reset_camera_clipping_range()
    image, bar_pixels = shot(plotter, ends)

    figure, axes, bar = drawing.image_and_bar(image.shape[0] / image.shape[1], margin=0.15)
    axes.imshow(image, interpolation="antialiased")
    axes.set_axis_off()
    column, line = bar_pixels.mean(axis=0)
    drawing.label_bar(axes, column, line + 8, length)
    drawing.colour_bar(bar, scale, CURRENT_MAP, CURRENT_TEXT)
    title = "Current density on the cut and on the metal"
    axes.set_title(heading(title, run.title))
    drawing.save(figure, run.folder / "perspective.png")
    caption = (
        "Back wall: the magnitude of the current density on a vertical cut. Floor: its part normal"
        f" to the metal. The scale bar lies along the front edge. {scale.text()}"
    )
    return Picture("perspective.png", title, caption)


def mesh_picture(run: Run) -> Picture:
    """The meshed part with its regions, and the mesh on the faces of the metal."""
    geometry = run.geometry
    coarse = run.field.straight(whole=True)
    faces = {name: face.straight(whole=True) for name, face in run.face_cells.items()}
    figure = solid_mesh(coarse, faces, geometry["regions"], reach(run), run.title)
    drawing.save(figure, run.folder / "mesh.png")
    caption = (
        f"{len(coarse.cells)} cells in the meshed part, which is 1/{geometry['multiplicity']:g}"
        f" of the cell; regions: {', '.join(geometry['regions'])}.{unmeshed_text(geometry)}"
    )
    return Picture("mesh.png", MESH_TITLE, caption)
