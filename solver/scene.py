"""One scene in 3D that a browser can turn: the cut through the cell, and the faces of the metal.

It is a page of its own, `scene.html`, that needs no network: viewer and data are inside. The data
are made with the serializers of trame-vtk; PyVista's own export starts a web server for them and
tries to download a second viewer.
"""

import io
import json
import re
import zipfile
from collections.abc import Sequence
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pyvista
from trame_vtk.modules.vtk.serializers import (  # type: ignore[import-untyped]
    SynchronizationContext,
    extract_array_hash,
    initialize_serializers,
    reference_id,
    serialize,
)
from trame_vtk.tools import vtksz2html  # type: ignore[import-untyped]

from solver import pictures_3d
from solver.drawing import scale_of
from solver.output import CURRENT, write_atomic
from solver.pictures_2d import whole
from solver.sections import CURRENT_MAP, Run, overview
from solver.simplices import Floats, Simplices, clipped, joined, merged

SCENE = "scene.html"
TURNS = 72  # parts of a circle about the axis
MOST_TRIANGLES = 300_000
UPRIGHT = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]])  # (x, y) -> (x, 0, y)


def parts_of(run: Run) -> list[Simplices]:
    """Triangles in space with the values "speed": a vertical section and the faces of the metal."""
    if run.geometry["dimension"] == "3d":
        # whole facets: a quarter of the triangles
        whole_faces = {name: face.straight(whole=True) for name, face in run.face_cells.items()}
        return pictures_3d.stage(replace(run, faces=whole_faces))
    section = whole(run, run.field.straight())
    top = overview(section, run.geometry["opening"])[3]
    sweep = revolved if run.geometry["dimension"] == "axisymmetric" else extruded
    floor = [sweep(run, face) for face in run.faces.values()]
    for part in floor:
        part.values["speed"] = np.abs(part.values[CURRENT])
    return [clipped(section, 1, top).moved(UPRIGHT), *floor]


def swept(face: Simplices, matrices: Sequence[Floats], offsets: Sequence[Floats]) -> Simplices:
    """Triangles between successive images of the segments of a face."""
    images = joined(
        [face.moved(turn, offset) for turn, offset in zip(matrices, offsets, strict=True)]
    )
    start = np.arange(len(matrices) - 1)[:, None] * len(face.points)
    a, b = (face.cells[:, end] + start for end in (0, 1))
    next_a, next_b = a + len(face.points), b + len(face.points)
    triangles = np.stack([np.stack([a, b, next_b], -1), np.stack([a, next_b, next_a], -1)])
    cells = triangles.reshape(-1, 3)
    return Simplices(images.points, cells, np.zeros(len(cells), np.int64), images.values)


def revolved(run: Run, face: Simplices) -> Simplices:
    """A face in the (r, z) plane turned about the axis."""
    angles = np.linspace(0.0, 2 * np.pi, TURNS + 1)
    turns = [
        np.array([[np.cos(t), 0.0, 0.0], [np.sin(t), 0.0, 0.0], [0.0, 1.0, 0.0]]) for t in angles
    ]
    return swept(face, turns, [np.zeros(3)] * len(turns))


def extruded(run: Run, face: Simplices) -> Simplices:
    """A face of a plane cell, drawn out to the front."""
    depth = 1.2 * float(np.ptp(run.field.points[:, 0]))
    return swept(whole(run, face), [UPRIGHT, UPRIGHT], [np.zeros(3), np.array([0.0, -depth, 0.0])])


def surface_of(part: Simplices, size: float) -> pyvista.PolyData:
    """A part with common points, and not too large for a browser; in units of `size`."""
    surface = merged(part, size, 1e-9).extract_surface(algorithm="dataset_surface")
    if surface.n_cells > MOST_TRIANGLES:
        reduction = 1 - MOST_TRIANGLES / surface.n_cells
        surface = surface.decimate(reduction, enable_all_attribute_error=True)
    return surface


def write_scene(run: Run) -> None:
    """Write `scene.html` into the run folder.

    Raises:
        OutputError: It cannot be written.
    """
    parts = parts_of(run)
    values = np.concatenate([part.values["speed"][part.cells].mean(axis=1) for part in parts])
    scale = scale_of(values, np.concatenate([part.sizes() for part in parts]))
    size = float(np.ptp(parts[0].points[:, 0]))
    plotter = pyvista.Plotter(off_screen=True, window_size=[1000, 700])
    plotter.background_color = pyvista.Color("white")
    title = "log10 of |i| / (mA/cm2)" if scale.log else "|i| / (mA/cm2)"
    for n, part in enumerate(parts):
        surface = surface_of(part, size)
        surface.point_data[title] = scale.shown(np.asarray(surface.point_data["speed"]))
        surface.point_data.remove("speed")
        plotter.add_mesh(
            surface, scalars=title, cmap=mpl.colormaps[CURRENT_MAP], clim=scale.limits(),
            lighting=False, show_scalar_bar=n == 0, scalar_bar_args={"color": "black"},
        )  # fmt: skip
    plotter.camera.focal_point = (0.0, 0.0, 0.25)
    plotter.camera.position = (-1.2, -2.6, 1.7)
    plotter.camera.up = (0.0, 0.0, 1.0)
    plotter.renderer.ResetCamera()
    plotter.screenshot(return_img=True)  # makes the colour tables
    content = page(plotter)
    plotter.close()
    write_atomic(run.folder / SCENE, content)


def page(plotter: pyvista.Plotter) -> str:
    """The page with the viewer and all that the plotter shows."""
    window = plotter.render_window
    initialize_serializers()
    context = SynchronizationContext()
    context.set_ignore_last_dependencies(True)
    state = serialize(None, window, reference_id(window), context, 1)
    camera = plotter.renderer.GetActiveCamera()
    state["extra"] = {
        "vtkRefId": reference_id(window),
        "centerOfRotation": camera.GetFocalPoint(),
        "camera": reference_id(camera),
    }
    arrays = {
        entry["hash"]: {**entry, "content": context.get_cached_data_array(entry["hash"], False)}
        for entry in extract_array_hash(state)
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("index.json", json.dumps({"hashes": arrays, "scene": state}))
    html = io.StringIO()
    vtksz2html.write_html(packed.getvalue(), html)
    # the viewer adds links to icons of its own site
    return re.sub(r"https://[^`\"' ]*favicon[^`\"' ]*\.png", "data:,", html.getvalue())
