"""The names of the regions, boundaries and interfaces of a geometry, without meshing it.

Of a microstructure these are all interfaces that there may be; the mesh has those that it has.
"""

from collections.abc import Collection, Iterator
from itertools import combinations

from meshes.block import faces_of_block, faces_of_box
from meshes.geometry import (
    Geometry,
    MeshFile,
    Names,
    columns,
    faces,
    interface_name,
    levels,
    region,
)
from meshes.layers import Block, Box, Shell
from meshes.micro import Micro, regions_of, side_names
from meshes.shell import faces_of_shell


def names(geometry: Geometry, omit: Collection[str] = ()) -> Names:
    """Names of a geometry without meshing it.

    Args:
        geometry: a cell, a block, or a mesh file (its names are read from the file).
        omit: regions that are not to be meshed; their surfaces become boundaries.
    """
    if isinstance(geometry, MeshFile):
        from meshes.file import names_in_file  # imports the readers of mesh files

        return names_in_file(geometry, omit)
    if isinstance(geometry, Block):
        present = tuple(layer.name for layer in geometry.layers if layer.name not in omit)
        return Names(present, *faces_of_block(geometry, tuple(omit)))
    if isinstance(geometry, Box):
        present = tuple(layer.name for layer in geometry.layers if layer.name not in omit)
        return Names(present, *faces_of_box(geometry, tuple(omit)))
    if isinstance(geometry, Shell):
        present = tuple(layer.name for layer in geometry.layers)
        return Names(present, *faces_of_shell(geometry))
    if isinstance(geometry, Micro):
        every = regions_of(geometry)
        pairs = [pair for pair in combinations(every, 2) if not {*pair} <= {*omit}]
        named = {True: [], False: []}  # type: dict[bool, list[str]]
        for pair in pairs:
            named[not {*pair} & {*omit}].append(interface_name(*pair, omit))
        kept = tuple(name for name in every if name not in omit)
        return Names(kept, (*side_names(geometry), *unique(iter(named[False]))), tuple(named[True]))
    found = list(faces(geometry, omit))
    regions = [
        region(level, column, omit)
        for level in levels(geometry)
        for column in sorted(columns(geometry))
    ]
    return Names(
        unique(name for name in regions if name),
        unique(face.name for face in found if not face.interior),
        unique(face.name for face in found if face.interior),
    )


def unique(items: Iterator[str]) -> tuple[str, ...]:
    """The items without repetition, in order."""
    return tuple(dict.fromkeys(items))
