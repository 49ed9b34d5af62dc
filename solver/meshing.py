"""The start mesh of a case: its sizes, the regions left out, and where meshes are kept."""

import dataclasses
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from meshes.layers import Block, Box, Shell, height, radii
from meshes.micro import Fibres, Particles, Rods, Rough, Segmented
from meshes.names import names
from solver.schema import Case, Electrode, Equipotential, Insulator

if TYPE_CHECKING:
    from meshes.mesh import BuiltMesh
    from meshes.sizing import MeshSize


def mesh_cache() -> Path:
    """The folder of meshes in the user's cache."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "liface" / "meshes"


def left_out(case: Case) -> tuple[str, ...]:
    """Regions of the geometry that carry no field: insulators, and metals as one equipotential."""
    if case.geometry is None:
        return ()
    gone = Insulator if case.effective is not None else Insulator | Equipotential
    there = names(case.geometry).regions
    return tuple(name for name in sorted(there) if isinstance(case.regions.get(name), gone))


def start_size(case: Case) -> "MeshSize":
    """Element sizes of the first mesh: by geometry and accuracy, where the case gives none."""
    from meshes.sizing import default_size  # brings Gmsh

    if case.geometry is None:
        raise ValueError("a case without geometry has no mesh")
    size = default_size(case.geometry, case.numerics.accuracy)
    edge = size.edge if case.numerics.edge_size is None else case.numerics.edge_size
    largest = case.numerics.maximum_size
    if largest is None:
        largest = max(size.maximum, edge)
    layer = case.numerics.layer_size or 0.0
    return dataclasses.replace(size, edge=min(edge, largest), maximum=largest, layer=layer)


SIDES = {"left": 0, "right": 0, "front": 1, "back": 1}  # axis that the current follows


def section_along(case: Case) -> float:
    """Section of a body whose current runs along its layers, um^2 (plane: um); 0: it does not.

    It does where all electrodes on its outer faces are on two opposite sides. Faces inside of it
    (cracks and flaws) and what floats do not count. Of round layers it is the area of the outermost
    face: current densities are told of that.
    """
    match case.geometry:
        case Block(shape="block") as body:
            sizes: tuple[float, ...] = (body.width, height(body))
            inside = {"crack", *(flaw.name for flaw in body.flaws)}
        case Box() as box:
            sizes, inside = (box.width, box.depth, height(box)), {"crack"}
        case Particles() | Fibres() | Rods() | Rough() | Segmented() as micro:
            sizes, inside = micro.body.sizes, set()
        case Shell(shape=shape) as shell:
            around = 2.0 * math.pi * radii(shell)[-1]
            return around if shape == "ring" else 2.0 * around * radii(shell)[-1]
        case _:
            return 0.0
    outer = {
        name
        for name, law in case.boundaries.items()
        if isinstance(law, Electrode)
        and 0.0 not in (law.current, law.current_density)
        and name not in inside
    }
    axes = {SIDES.get(name) for name in outer}
    if len(axes) != 1 or None in axes:
        return 0.0
    (axis,) = axes
    return math.prod(size for i, size in enumerate(sizes) if i != axis)


def start_mesh(case: Case, folder: Path | None = None) -> "BuiltMesh":
    """The first mesh of a case, from the cache or built.

    The area of its cell is what the current crosses: see `section_along`.

    Args:
        case: A case with a geometry.
        folder: The cache; None: that of the user.

    Raises:
        MeshError: The mesh can't be built.
    """
    from meshes.cache import cached

    if case.geometry is None:
        raise ValueError("a case without geometry has no mesh")
    built = cached(case.geometry, start_size(case), left_out(case), folder or mesh_cache())
    section = section_along(case)
    return dataclasses.replace(built, cell_area=section) if section > 0.0 else built


def parts_table(built: "BuiltMesh") -> Table:
    """Regions of a microstructure: what was asked for beside what the mesh has."""
    table = Table(title="microstructure", caption=built.method)
    headings = ("region", "fraction", "asked", "pieces", "asked", "from bottom to top", "asked")
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "region" else "right")
    for part in built.parts:
        asked = "" if part.asked is None else f"{part.asked:.6g}"
        made = part.made
        pieces = "" if made is None or made.pieces is None else f"{made.pieces}"
        wanted = "" if made is None or made.percolates is None else _yes(made.percolates)
        has = (f"{part.islands}", pieces, _yes(part.percolates), wanted)
        table.add_row(part.name, f"{part.fraction:.6g}", asked, *has)
    return table


def _yes(true: bool) -> str:
    return "yes" if true else "no"


VOLUME = {"plane": "um^2", "axisymmetric": "um^3", "3d": "um^3"}
AREA = {"plane": "um", "axisymmetric": "um^2", "3d": "um^2"}


def mesh_table(built: "BuiltMesh", title: str) -> Table:
    """Volume of every region and area of every boundary and interface, against the exact values.

    Args:
        built: The mesh.
        title: Heading.
    """
    report = built.report
    quality = f"quality {report.min_quality:.3f} at least, {report.mean_quality:.3f} on average"
    bound = f"{report.below_bound} below {report.quality_bound:g}"
    table = Table(
        title=title, caption=f"{report.cells} cells, {report.nodes} nodes; {quality}; {bound}"
    )
    for heading in ("name", "computed", "exact", "unit", "deviation"):
        table.add_column(heading, justify="left" if heading in ("name", "unit") else "right")
    for measures, units in ((report.regions, VOLUME), (report.facets, AREA)):
        for measure in measures:
            exact, deviation = "", ""
            if measure.exact is not None:
                exact = f"{measure.exact:.9g}"
                scale = measure.exact or 1.0  # an axis has no area
                deviation = f"{abs(measure.computed - measure.exact) / scale:.1e}"
            unit = units[built.dimension]
            table.add_row(measure.name, f"{measure.computed:.9g}", exact, unit, deviation)
        table.add_section()
    for name, area in built.across.items():
        told = f"{name} across periodic sides"
        table.add_row(told, f"{area:.9g}", "", AREA[built.dimension], "")
    return table
