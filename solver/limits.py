"""Limits of [numerics]: accuracies, element sizes, and what a case may tell PETSc."""

import re
from collections.abc import Iterator

from meshes import geometry as shapes
from meshes.layers import Block
from solver import tables
from solver.faults import Finding, KeyPath, as_given

MOST_CELLS = 2e7  # of a first mesh, by its largest allowed cells alone
LARGEST_RATIO = 1e9  # of two lengths in one mesh: beyond it coordinates lose the small one
ACCURACY = (1e-8, 0.5)
USUAL_ORDER = 2
# What a case may tell PETSc: only solver options. Options that name files, load code or attach
# programs (log_view, python, options_file, on_error_...) are left to the command line.
PETSC_PREFIXES = ("ksp_", "pc_", "sub_", "mg_", "mat_mumps_")
PETSC_FORBIDDEN = (
    "python",
    "file",
    "dump",
    "load",
    "save",
    "draw",
    "plot",
    "shell",
    "saws",
)
PETSC_VALUE = re.compile(r"[A-Za-z0-9_.,+\-]{0,80}")
# These may only go to the screen: everything that takes a viewer, which may be a file or a socket.
PETSC_SHOWN = ("view", "monitor", "reason", "rate")
PETSC_WORDS = ("binary", "hdf5", "socket", "vtk", "matlab", "string", "adios")  # never a value


def numerics_faults(file: tables.CaseFile, geometry: shapes.Geometry | None) -> Iterator[Finding]:
    """What is wrong with [numerics]; sizes are compared with the geometry if it is sound."""
    numerics = file.numerics
    low, high = ACCURACY
    if not low <= numerics.accuracy.number <= high:
        given = as_given(numerics.accuracy.text)
        yield Finding(("numerics", "accuracy"), given, f"a number from {low:g} to {high:g}")
    edge, largest = numerics.edge_size, numerics.maximum_size
    if edge is not None and largest is not None and largest.number < edge.number:
        given = as_given(largest.text)
        yield Finding(("numerics", "maximum_size"), given, f"not less than edge_size ({edge.text})")
    if numerics.layer_size is not None and not isinstance(geometry, Block | None):
        given, allowed = as_given(numerics.layer_size.text), "nothing: only blocks and cylinders"
        yield Finding(("numerics", "layer_size"), given, f"{allowed} have long cells in layers")
    if isinstance(geometry, shapes.Cell):
        film = geometry.film
        for key, size in (("edge_size", edge), ("maximum_size", largest)):
            if size is not None and size.number > geometry.width:
                allowed = f"not more than the width of the cell ({geometry.width:g} um)"
                yield Finding(("numerics", key), as_given(size.text), allowed)
        if edge is not None and film is not None and film.model == "layer":
            if edge.number > film.thickness:
                allowed = (
                    f"not more than the film's thickness ({film.thickness:g} um), to resolve it"
                )
                yield Finding(("numerics", "edge_size"), as_given(edge.text), allowed)
        if largest is not None and not (edge is not None and largest.number < edge.number):
            flat = shapes.dimension(geometry) != "3d"
            high = sum(sum(side) for side in shapes.meshed_heights(geometry))
            boxes = high * geometry.width / largest.number**2
            cells = 2.0 * boxes if flat else 6.0 * boxes * geometry.width / largest.number
            if cells > MOST_CELLS:
                allowed = f"larger: this one makes some {cells:.0e} cells, at most {MOST_CELLS:.0e}"
                yield Finding(("numerics", "maximum_size"), as_given(largest.text), allowed)
        if edge is not None and edge.number * LARGEST_RATIO < geometry.width:
            allowed = f"at least 1e-9 of the width of the cell ({geometry.width:g} um)"
            yield Finding(("numerics", "edge_size"), as_given(edge.text), allowed)
    if numerics.element_order != USUAL_ORDER and file.effective is None:
        allowed = "2, or a case with [effective]: only periodic cells have elements of other orders"
        yield Finding(("numerics", "element_order"), str(numerics.element_order), allowed)
    for key, value in numerics.petsc_options.items():
        yield from _petsc_faults(key, value)


def _petsc_faults(key: str, value: str) -> Iterator[Finding]:
    path: KeyPath = ("numerics", "petsc_options", key)
    bare = key.removeprefix("-")
    allowed_start = bare == key and bare.startswith(PETSC_PREFIXES) and PETSC_VALUE.fullmatch(key)
    if not allowed_start or any(word in key for word in PETSC_FORBIDDEN):
        near = bare if bare != key and bare.startswith(PETSC_PREFIXES) else ""
        allowed = f"a solver option without dash that begins with {', '.join(PETSC_PREFIXES)}"
        yield Finding(path, as_given(value), allowed, near)
    elif not PETSC_VALUE.fullmatch(value) or any(word in value for word in PETSC_FORBIDDEN):
        yield Finding(path, as_given(value), "a plain word or number")
    elif any(word in value for word in PETSC_WORDS):
        yield Finding(path, as_given(value), "no viewer but the screen")
    elif any(word in key for word in PETSC_SHOWN) and value not in ("", "true", "false", "ascii"):
        yield Finding(path, as_given(value), '"" or "ascii": to the screen only')
