"""One mesh for current and stress: the cells that conduct are some of those that carry stress.

All layers of a body carry stress; insulators and metals carry no field of the potential. The mesh
of the current is then the part of the mesh of the stress that conducts: the same cells, the same
nodes, and for a face that both have the same facets. Where every layer conducts it is the mesh
itself. It is refined as a part of the whole, so that both stay one mesh.

A flaw or crack is on both meshes what it is for the stress: a face (of a plane of symmetry) or two
faces (inside of a layer) without a width. A slit that conducts has one, and stays outside of this.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from meshes.layers import Block, Box
from meshes.mesh import BuiltMesh
from meshes.names import names
from solver.domain import Domain, part_of, refine_cells, region_of_cells

Int32Array = npt.NDArray[np.int32]
Refine = Callable[[Domain, Int32Array], Domain]


@dataclass(frozen=True)
class Conductor:
    """A body and the part of it that conducts.

    Attributes:
        whole: The mesh of the stress.
        part: That of the current: the same object where all of the body conducts.
        cells: Of every local cell of the part its number in the whole, shape (cells,).
    """

    whole: Domain
    part: Domain
    cells: Int32Array


def conductor(whole: Domain, body: Block | Box, left_out: Collection[str]) -> Conductor:
    """The part of a meshed body that conducts; collective.

    Args:
        whole: The mesh of all layers.
        body: Its geometry.
        left_out: Layers that carry no current; their faces to the others are `NAME_surface`.
    """
    regions = region_of_cells(whole)
    gone = tuple(name for name in left_out if name in whole.built.regions)
    if not gone:
        return Conductor(whole, whole, np.arange(len(regions), dtype=np.int32))
    built = _named(whole.built, body, gone)
    cells = np.flatnonzero(np.isin(regions, list(built.regions.values()))).astype(np.int32)
    return Conductor(whole, *part_of(whole, cells, _facet_values(whole, built, gone), built))


def refined_conductor(
    one: Conductor, marked: Int32Array, body: Block | Box, left_out: Collection[str]
) -> Conductor:
    """The same with the marked cells of the part bisected, in the whole; collective."""
    return conductor(refine_cells(one.whole, one.cells[marked]), body, left_out)


def conductors(
    whole: Domain, body: Block | Box, left_out: Collection[str]
) -> tuple[list[Conductor], Refine]:
    """A list with the conducting part of a mesh, and what adds a finer one to it; collective."""
    meshes = [conductor(whole, body, left_out)]

    def refine(_: Domain, marked: Int32Array) -> Domain:
        meshes.append(refined_conductor(meshes[-1], marked, body, left_out))
        return meshes[-1].part

    return meshes, refine


def _named(built: BuiltMesh, body: Block | Box, gone: tuple[str, ...]) -> BuiltMesh:
    """What the conducting part is called: as if it had been meshed alone."""
    found = names(body, gone)
    first = max([*built.regions.values(), *built.facets.values()]) + 1
    pieces = tuple(name for name in built.facets if "#" in name)  # of a face, made by the solver
    every = (*found.boundaries, *found.interfaces, *pieces)
    facets = {name: built.facets.get(name, first + i) for i, name in enumerate(every)}
    report = replace(
        built.report,
        regions=tuple(m for m in built.report.regions if m.name in found.regions),
        facets=tuple(m for m in built.report.facets if m.name in facets),
    )
    return replace(
        built,
        regions={name: built.regions[name] for name in found.regions},
        facets=facets,
        boundaries=found.boundaries,
        interfaces=found.interfaces,
        report=report,
    )


def _facet_values(whole: Domain, part: BuiltMesh, gone: tuple[str, ...]) -> Int32Array:
    """Tag in the part of every local facet of the whole; 0: none."""
    facet_map = whole.mesh.topology.index_map(whole.mesh.topology.dim - 1)
    values = np.zeros(facet_map.size_local + facet_map.num_ghosts, dtype=np.int32)
    for name, tag in whole.built.facets.items():
        inner = name in whole.built.interfaces and name not in part.interfaces
        beside = [side for side in name.split("|") if side in gone] if inner else []
        called = f"{beside[0]}_surface" if beside else name
        if len(beside) < 2 and called in part.facets:
            values[whole.facet_tags.find(tag)] = part.facets[called]
    return values
