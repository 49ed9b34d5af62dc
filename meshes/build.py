"""Build a mesh and write it."""

import math
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import gmsh

from meshes.block import exact_measures_of_block
from meshes.box import build_box
from meshes.checks import check, exact_measures
from meshes.cracked import build_block
from meshes.faults import faults
from meshes.file import put_into_gmsh, read_mesh
from meshes.geometry import (
    Cell,
    Geometry,
    MeshFile,
    Names,
    cell_area,
    dimension,
    multiplicity,
    open_area,
    unmeshed,
)
from meshes.layers import Block, Box, Shell
from meshes.mesh import BuiltMesh, MeshError, MeshReport, SliverError, to_json
from meshes.micro import Fibres, Micro, Particles, Rods, Rough, Segmented
from meshes.names import names
from meshes.rings import build_shell
from meshes.section import Model, build_section
from meshes.shell import exact_measures_of_shell
from meshes.sizing import MeshSize, size_faults, varied
from meshes.solid import build_solid
from meshes.structure import build_structure

MESH_NAME = "mesh.msh"
DATA_NAME = "mesh.json"
ATTEMPTS = 4
BARE = 0.02  # of cores in shells, beyond which it is told
AREA_ERROR = 0.1  # of interfaces of a microstructure, beyond which each is told
SAME_AREA = 5e-4  # below which nothing is said of them


@contextmanager
def gmsh_model() -> Iterator[None]:
    """An empty Gmsh model with reproducible options; Gmsh's errors become MeshError."""
    started = not gmsh.isInitialized()
    if started:
        main = threading.current_thread() is threading.main_thread()
        gmsh.initialize([], readConfigFiles=False, interruptible=main)
    gmsh.model.add("liface")
    options = {
        "General.Terminal": 0,
        "General.NumThreads": 1,  # the order of elements must not depend on the machine
        "Mesh.RandomSeed": 1,
        "Mesh.MeshSizeFromPoints": 0,
        "Mesh.MeshSizeFromCurvature": 0,
        "Mesh.MeshSizeExtendFromBoundary": 0,
        "Mesh.MshFileVersion": 4.1,
        "Mesh.Binary": 1,
        "Mesh.SaveAll": 0,
    }
    for key, value in options.items():
        gmsh.option.setNumber(key, value)
    try:
        yield
    except MeshError:
        raise
    except Exception as error:
        # Gmsh raises plain Exception; what is of another kind is not its fault
        who = "Gmsh failed" if type(error) is Exception else f"failed with {type(error).__name__}"
        raise MeshError(f"mesh: {who}: {error}") from error
    finally:
        gmsh.model.remove()
        if started:
            gmsh.finalize()


def build(geometry: Geometry, size: MeshSize, omit: Iterable[str], folder: Path) -> BuiltMesh:
    """Mesh a geometry and write `mesh.msh` and `mesh.json` into a folder.

    Args:
        geometry: what to mesh.
        size: element sizes; no effect for a mesh file.
        omit: regions to leave out; their surfaces become boundaries.
        folder: existing folder.

    Raises:
        MeshError: the geometry is impossible, Gmsh fails, or the mesh is not as it should be.
    """
    left_out = tuple(sorted(set(omit)))
    _refuse(geometry, size, left_out)
    if isinstance(geometry, Micro):
        built = _build_structure(geometry, left_out, folder)
    elif isinstance(geometry, MeshFile):
        file = read_mesh(geometry, left_out)
        with gmsh_model():
            model = Model(put_into_gmsh(file, geometry.dimension), {}, 0.0, {}, (), (), {})
            built = _finish(geometry, file.names, model, left_out, folder, time.monotonic())
            built = replace(built, periods=file.periods)
    else:
        built = _build_cell(geometry, size, left_out, folder)
    (folder / DATA_NAME).write_text(to_json(built), encoding="utf-8")
    return built


def _build_structure(micro: Micro, omit: tuple[str, ...], folder: Path) -> BuiltMesh:
    """Mesh a microstructure; what was asked for stands beside what the mesh has."""
    start = time.monotonic()
    structure = build_structure(micro, omit)
    with gmsh_model():
        groups = put_into_gmsh(structure.mesh, dimension(micro))
        model = Model(groups, {}, 0.0, {}, (), (), {})
        built = _finish(micro, structure.mesh.names, model, omit, folder, start)
    asked = {p.name: p.asked for p in structure.parts}
    whole = math.prod(micro.body.sizes)
    regions = tuple(
        replace(m, exact=None if (share := asked[m.name]) is None else share * whole)
        for m in built.report.regions
    )
    facets = tuple(replace(m, exact=structure.areas.get(m.name)) for m in built.report.facets)
    across = structure.across
    areas = {m.name: m.computed + across.get(m.name, 0.0) for m in facets}
    told = _areas_told({m.name: areas[m.name] / m.exact - 1.0 for m in facets if m.exact})
    told += _bare(micro, areas)
    return replace(
        built,
        report=replace(built.report, regions=regions, facets=facets),
        periods=micro.body.periods,
        parts=structure.parts,
        method=structure.method + told,
        roundness=structure.roundness,
        joined=structure.joined,
        across=across,
    )


def _areas_told(off: Mapping[str, float]) -> str:
    """How far areas of interfaces are off those of the features, relative; "" if they are not."""
    worst = max(map(abs, off.values()), default=0.0)
    if worst <= AREA_ERROR:
        most = f"; areas of interfaces within {100.0 * worst:.2g} % of those of the features"
        return most if worst > SAME_AREA else ""
    every = ", ".join(
        f"{name} {100.0 * x:+.0f} %" for name, x in off.items() if abs(x) > AREA_ERROR
    )
    return f"; areas other than of the features: {every}: try a finer resolution"


def _bare(micro: Micro, areas: Mapping[str, float]) -> str:
    """What is to be said of shells that leave a part of their cores bare; "" where they do not."""
    if not isinstance(micro, Particles | Rods) or micro.shell is None:
        return ""
    bare = areas.get(f"{micro.name}|{micro.inside}", 0.0)
    covered = areas.get(f"{micro.name}|{micro.shell.name}", 0.0)
    if bare <= BARE * (bare + covered):
        return ""
    share = 100.0 * bare / (bare + covered)
    return f"; {micro.shell.name} leaves {share:.0f} % of {micro.name} bare: try a finer resolution"


def _build_cell(
    cell: Cell | Block | Box | Shell, size: MeshSize, omit: tuple[str, ...], folder: Path
) -> BuiltMesh:
    """Mesh a cell; where there are slivers, again with slightly other sizes."""
    start = time.monotonic()
    for attempt in range(ATTEMPTS):
        attempted = varied(replace(size, seed=size.seed + attempt * 1000003))
        try:
            with gmsh_model():
                model = _mesh(cell, attempted, omit)
                return _finish(cell, names(cell, omit), model, omit, folder, start)
        except SliverError:
            if attempt == ATTEMPTS - 1:
                raise
    raise MeshError("mesh: no attempt")


def _mesh(cell: Cell | Block | Box | Shell, size: MeshSize, omit: tuple[str, ...]) -> Model:
    if isinstance(cell, Block):
        return build_block(cell, size, omit)
    if isinstance(cell, Box):
        return build_box(cell, size, omit)
    if isinstance(cell, Shell):
        return build_shell(cell, size)
    builder = build_solid if dimension(cell) == "3d" else build_section
    return builder(cell, size, omit)


def _finish(
    geometry: Geometry,
    found: Names,
    model: Model,
    omit: tuple[str, ...],
    folder: Path,
    start: float,
) -> BuiltMesh:
    """Name, check and write the mesh of the current Gmsh model."""
    tags = _name_groups(found, model)
    groups = {name: model.groups[name] for name in tags}
    exact = _exact_measures(geometry, model, omit)
    kind = dimension(geometry)
    report = check(groups, found.interfaces, exact, model.extruded, kind)
    if isinstance(geometry, Shell):
        gmsh.model.mesh.setOrder(2)
    gmsh.write(str(folder / MESH_NAME))
    times, area, opening, left = _whole_cell(geometry, report, omit)
    return BuiltMesh(
        path=folder / MESH_NAME,
        dimension=kind,
        regions={name: tags[name] for name in found.regions},
        facets={name: tags[name] for name in (*found.boundaries, *found.interfaces)},
        boundaries=found.boundaries,
        interfaces=found.interfaces,
        multiplicity=times,
        cell_area=area,
        open_area=opening,
        unmeshed=left,
        arcs=model.arcs,
        singular_edges=model.singular_edges,
        report=replace(report, seconds=time.monotonic() - start),
    )


def _exact_measures(
    geometry: Geometry, model: Model, omit: tuple[str, ...]
) -> dict[str, float] | None:
    match geometry:
        case Cell():
            return exact_measures(geometry, model, omit)
        case Block():
            return exact_measures_of_block(geometry, omit)
        case Shell():
            return exact_measures_of_shell(geometry, model.arcs[0].max_angle)
        case MeshFile() | Box():  # the ellipse is meshed by chords
            return None
        case Particles() | Fibres() | Rods() | Rough() | Segmented():
            return None


def _name_groups(found: Names, model: Model) -> dict[str, int]:
    """Make the physical groups; tag of each name, regions first."""
    every = (*found.regions, *found.boundaries, *found.interfaces)
    tags = {name: tag for tag, name in enumerate(every, start=1)}
    for name, tag in tags.items():
        entities = model.groups.get(name)
        if not entities:
            raise MeshError(f"mesh: {name} is missing")
        dim = entities[0][0]
        gmsh.model.addPhysicalGroup(dim, sorted({entity for _, entity in entities}), tag, name)
    if odd := set(model.groups) - set(every):
        raise MeshError(f"mesh: unexpected names: {', '.join(sorted(odd))}")
    return tags


def _whole_cell(
    geometry: Geometry, report: MeshReport, omit: tuple[str, ...]
) -> tuple[float, float, float, dict[str, float]]:
    """Multiplicity, area and open area of the whole cell, thickness left out.

    For a mesh file the open area is that of its boundary `window`, and the area of the cell, if
    not given, that of `top`; 0 without these.
    """
    if isinstance(geometry, Cell):
        areas = cell_area(geometry), open_area(geometry)
        return multiplicity(geometry), *areas, unmeshed(geometry, omit)
    if isinstance(geometry, Block):
        wide = geometry.width
        area = wide if geometry.shape == "block" else math.pi * wide**2
        return 1.0, area, 0.0, {}
    if isinstance(geometry, Box):
        return 1.0, geometry.width * geometry.depth, 0.0, {}
    if isinstance(geometry, Micro):
        body = geometry.body
        return 1.0, math.prod(body.sizes[:-1]), 0.0, {}
    if isinstance(geometry, Shell):
        return 4.0 if geometry.shape == "ring" else 2.0, 0.0, 0.0, {}
    measured = {facet.name: facet.computed * geometry.multiplicity for facet in report.facets}
    area = measured.get("top", 0.0) if geometry.cell_area is None else geometry.cell_area
    return geometry.multiplicity, area, measured.get("window", 0.0), {}


def _refuse(geometry: Geometry, size: MeshSize, omit: tuple[str, ...]) -> None:
    """Raise MeshError with all faults of the input, if there are any."""
    found = [*faults(geometry), *size_faults(size)]
    reasons = [f"{fault.key} = {fault.given}: expected {fault.expected}" for fault in found]
    if not reasons:
        there = names(geometry).regions
        reasons = [
            f"omit: no region {name}; one of {', '.join(there)}"
            for name in omit
            if name not in there
        ]
        if not names(geometry, omit).regions:
            reasons.append("omit: no region is left")
    if reasons:
        raise MeshError("mesh: " + "; ".join(reasons))
