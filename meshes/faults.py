"""Why a geometry is impossible, told before Gmsh starts."""

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from meshes.geometry import (
    SHAPES,
    Cell,
    Cross,
    Fault,
    Geometry,
    MeshFile,
    NoOpening,
    Round,
    Shape,
    Slit,
    TwoDiscs,
    dimension,
    is_half_space,
)
from meshes.layers import Block, Box, Flaw, Layer, Shell, face_length, height, radii
from meshes.micro import Micro
from meshes.micro_faults import micro_faults

BOUNDARY_NAMES = (
    "top", "bottom", "sides", "window", "film_face", "film_wall", "far", "left", "right", "crack",
    "pit", "pit_roof", "front", "back",
)  # fmt: skip
RESERVED = (*BOUNDARY_NAMES, "film", "filling")
MESH_SUFFIXES = (
    ".msh", ".vtu", ".vtk", ".xdmf", ".med", ".inp", ".bdf", ".nas", ".mesh", ".exo", ".e", ".cgns",
)  # fmt: skip
# Of a layer that is meshed whole: its height, relative to the width of the cell.
MOST_WIDTHS = {"plane": 1000.0, "axisymmetric": 1000.0, "3d": 50.0}
# What a mesh of reasonable size resolves, relative to the width of the cell. In a layer elements
# are as large as it is thick; a film in 3D is extruded and may be thinner than other layers.
NARROWEST_OPENING = {"plane": 1e-6, "axisymmetric": 1e-6, "3d": 2e-4}
THINNEST_FILM = {"plane": 1e-5, "axisymmetric": 1e-5, "3d": 2e-4}
THINNEST_LAYER = {"plane": 1e-5, "axisymmetric": 1e-5, "3d": 2e-3}


def faults(geometry: Geometry) -> list[Fault]:
    """Why a geometry is impossible, all reasons at once; empty if it can be meshed."""
    if isinstance(geometry, MeshFile):
        return list(_file_faults(geometry)) or _content_faults(geometry)
    if isinstance(geometry, Block):
        return list(_block_faults(geometry))
    if isinstance(geometry, Box):
        return list(_box_faults(geometry))
    if isinstance(geometry, Shell):
        return list(_shell_faults(geometry))
    if isinstance(geometry, Micro):
        return list(micro_faults(geometry))
    found = list(_number_faults(geometry))
    if not found:  # comparisons make sense only between sound numbers
        found = [*_film_faults(geometry), *_opening_faults(geometry), *_stack_faults(geometry)]
    return found


def _block_faults(block: Block) -> Iterator[Fault]:
    """A block whose sizes make no body, or with a crack that is none."""
    if not _is_length(block.width):
        yield Fault("width", _um(block.width), "a positive length")
        return
    if not block.layers:
        yield Fault("layers", "no layer", "at least one layer")
        return
    yield from _layer_faults("layers", block.layers, 1e-6 * block.width, set(), BOUNDARY_NAMES)
    yield from _pit_faults(block)
    yield from _flaw_faults(block)
    if block.window is not None:
        if block.pit is not None or (block.crack is not None and block.crack.face == "bottom"):
            yield Fault("window", _um(block.window), "no pit, no crack in the bottom beside it")
        elif not 1e-6 * block.width < block.window < 2.0 * block.width:
            expected = f"more than 0 and less than the whole body ({_um(2.0 * block.width)})"
            yield Fault("window", _um(block.window), expected)
    if block.crack is None or not _is_length(height(block)):
        return
    crack, length = block.crack, face_length(block, block.crack.face)
    if block.shape == "cylinder" and crack.face == "left":
        yield Fault("crack.face", crack.face, "bottom: the left face of a cylinder is its axis")
    if not 0.0 <= crack.start < crack.end:
        yield Fault("crack.start", _um(crack.start), f"from 0 to less than end ({_um(crack.end)})")
    elif crack.end > length * (1.0 + 1e-12):
        yield Fault("crack.end", _um(crack.end), f"at most the length of the face ({_um(length)})")
    elif crack.end - crack.start < 1e-6 * length:
        expected = f"at least {_um(1e-6 * length)} from its start, to be resolved by a mesh"
        yield Fault("crack.end", _um(crack.end), expected)
    elif crack.end - crack.start >= length * (1.0 - 1e-6):
        yield Fault("crack.end", _um(crack.end), "a crack with a tip inside of the face")


def _box_faults(box: Box) -> Iterator[Fault]:
    """A box whose sizes make no body, or with a crack that does not lie inside of its bottom."""
    sides = (("width", box.width), ("depth", box.depth))
    yield from (Fault(key, _um(size), "a positive length") for key, size in sides if size <= 0.0)
    if not box.layers:
        yield Fault("layers", "no layer", "at least one layer")
        return
    yield from _layer_faults("layers", box.layers, 1e-3 * box.width, set(), BOUNDARY_NAMES)
    if box.crack is None:
        return
    for half, (key, size) in zip(box.crack.semi_axes, sides, strict=True):
        if not 1e-2 * size <= half < size:
            expected = f"from {_um(1e-2 * size)} to less than the {key} ({_um(size)})"
            yield Fault("crack.semi_axes", _um(half), expected)
    if not 0.1 <= box.crack.semi_axes[0] / box.crack.semi_axes[1] <= 10.0:
        yield Fault("crack.semi_axes", "two lengths", "none more than ten times the other")
    half = box.crack.semi_axes[0]
    if box.crack.filled is not None and not 0.05 <= box.crack.filled[0] / half <= 0.95:
        expected = f"from 0.05 to 0.95 times the half length along x ({_um(half)})"
        yield Fault("crack.filled", _um(box.crack.filled[0]), expected)


def _shell_faults(shell: Shell) -> Iterator[Fault]:
    """A shell whose sizes make no body, or with layers too thin for their radius."""
    if not shell.layers:
        yield Fault("layers", "no layer", "at least one layer")
        return
    if not (math.isfinite(shell.inner_radius) and shell.inner_radius >= 0.0):
        yield Fault("inner_radius", _um(shell.inner_radius), "a length, or 0 for a solid body")
        return
    least = 0.02 * radii(shell)[-1]
    reserved = ("inner", "outer", "left", "bottom")
    yield from _layer_faults("layers", shell.layers, least, set(), reserved)


def _pit_faults(block: Block) -> Iterator[Fault]:
    """A pit that does not fit into the last layer but one."""
    pit = block.pit
    if pit is None:
        return
    if len(block.layers) < 2:
        yield Fault("pit", "a pit", "at least two layers: the last one bridges the pit")
        return
    if not 0.0 < pit.width < 2.0 * block.width:
        expected = f"more than 0 and less than the whole body ({_um(2.0 * block.width)})"
        yield Fault("pit.width", _um(pit.width), expected)
    below = block.layers[-2].thickness
    if not 0.0 < pit.depth < below:
        expected = f"more than 0 and less than the layer {block.layers[-2].name} ({_um(below)})"
        yield Fault("pit.depth", _um(pit.depth), expected)
    if block.crack is not None:
        yield Fault("pit", "a pit", "a crack or a pit, not both")


def _flaw_faults(block: Block) -> Iterator[Fault]:
    """Flaws that do not lie inside of one layer, or meet."""
    if not block.flaws:
        return
    if block.shape != "block" or block.crack is not None or block.pit is not None:
        expected = 'a plane section (shape = "block") without crack or pit beside it'
        yield Fault("flaws", "flaws", expected)
        return
    seen = {layer.name for layer in block.layers}
    for index, flaw in enumerate(block.flaws):
        key = f"flaws[{index}]"
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_.+-]*", flaw.name):
            yield Fault(f"{key}.name", flaw.name, "a letter, then letters, digits and _ . + -")
        elif flaw.name in seen or (flaw.name in BOUNDARY_NAMES and flaw.name != "crack"):
            yield Fault(f"{key}.name", flaw.name, "a name that nothing else has")
        seen.add(flaw.name)
        if not flaw.length >= 1e-6 * block.width:
            yield Fault(f"{key}.length", _um(flaw.length), f"at least {_um(1e-6 * block.width)}")
            continue
        (x, y), room = flaw.end, 1e-3 * flaw.length
        low, high = _layer_around(block, 0.5 * (flaw.y + y))
        up = (y, y if flaw.surface in ("bottom", "top") else flaw.y)
        along = (x, x if flaw.surface == "right" else flaw.x)
        inside = low + room < min(up) and max(up) < high - room and 0.0 <= flaw.x
        if not (inside and max(along) < block.width - room and x > room):
            ends = f"from ({flaw.x:g}, {flaw.y:g}) to ({x:g}, {y:g}) um"
            expected = "both ends inside of one layer, or the first one on an outer face"
            yield Fault(key, ends, expected)
        elif not flaw.emerges and flaw.x < room:
            yield Fault(f"{key}.x", _um(flaw.x), f"0 (at the surface) or more than {_um(room)}")
        elif any(_meet(flaw, other) for other in block.flaws[:index]):
            yield Fault(key, flaw.name, "flaws that do not meet")


def _layer_around(block: Block, y: float) -> tuple[float, float]:
    """Lower and upper face of the layer at a height; empty outside of the block."""
    low = 0.0
    for layer in block.layers:
        if low < y < low + layer.thickness:
            return low, low + layer.thickness
        low += layer.thickness
    return math.inf, -math.inf


def _meet(one: Flaw, other: Flaw) -> bool:
    """Whether two flaws cross or touch."""

    def side(of: Flaw, point: tuple[float, float]) -> float:
        ahead = of.direction
        return ahead[0] * (point[1] - of.y) - ahead[1] * (point[0] - of.x)

    def parted(a: Flaw, b: Flaw) -> bool:
        return side(a, (b.x, b.y)) * side(a, b.end) > 0.0

    if parted(one, other) or parted(other, one):
        return False
    along = [
        one.direction[0] * (x - one.x) + one.direction[1] * (y - one.y)
        for x, y in ((other.x, other.y), other.end)
    ]
    return max(along) >= 0.0 and min(along) <= one.length


def _layer_faults(
    side: str,
    layers: tuple[Layer, ...],
    least: float,
    seen: set[str],
    reserved: tuple[str, ...] = RESERVED,
) -> Iterator[Fault]:
    """Names that are no names, used twice or reserved; layers that are too thin."""
    for index, layer in enumerate(layers):
        key = f"{side}[{index}].name"
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_.+-]*", layer.name):
            yield Fault(key, layer.name, "a letter, then letters, digits and _ . + -")
        elif layer.name in reserved or layer.name.endswith("_surface"):
            expected = f"a name other than {', '.join(reserved)} and *_surface"
            yield Fault(key, layer.name, expected)
        elif layer.name in seen:
            yield Fault(key, layer.name, "a name not used for another layer")
        seen.add(layer.name)
        if not _is_length(layer.thickness):
            key = f"{side}[{index}].thickness"
            yield Fault(key, _um(layer.thickness), "a positive length")
        elif layer.thickness < least:
            expected = f"at least {_um(least)}, to be resolved by a mesh"
            yield Fault(f"{side}[{index}].thickness", _um(layer.thickness), expected)


def _um(value: float) -> str:
    return f"{value:g} um"


def _is_length(value: float) -> bool:
    return math.isfinite(value) and value > 0.0


def _number_faults(cell: Cell) -> Iterator[Fault]:
    """Sizes that are not positive finite numbers, words that are not in the list."""
    positive = "a positive length"
    if cell.shape not in SHAPES:
        yield Fault("shape", str(cell.shape), f"one of {', '.join(SHAPES)}")
    if cell.filling not in ("metal", "electrolyte"):
        yield Fault("filling", str(cell.filling), "metal or electrolyte")
    lengths = {"width": cell.width}
    if cell.resolved_height is not None:
        lengths["resolved_height"] = cell.resolved_height
    match cell.opening:
        case Slit(width) | Cross(width):
            lengths["opening.width"] = width
        case Round(radius):
            lengths["opening.radius"] = radius
        case TwoDiscs(radius, distance):
            lengths |= {"opening.radius": radius, "opening.distance": distance}
    for side, layers in (("above", cell.above), ("below", cell.below)):
        for index, layer in enumerate(layers):
            endless = (
                cell.shape in ("half_space", "half_space_3d")
                and side == "above"
                and index == len(layers) - 1
                and layer.thickness == math.inf
            )
            if not endless:
                lengths[f"{side}[{index}].thickness"] = layer.thickness
    if cell.film is not None:
        if cell.film.model not in ("layer", "interface"):
            yield Fault("film.model", str(cell.film.model), "layer or interface")
        if not (cell.film.model == "interface" and cell.film.thickness == 0.0):
            lengths["film.thickness"] = cell.film.thickness
    for key, value in lengths.items():
        if not _is_length(value):
            yield Fault(key, _um(value), positive)


def _film_faults(cell: Cell) -> Iterator[Fault]:
    """A film that does not fit the stack."""
    if cell.film is None:
        if not isinstance(cell.opening, NoOpening):
            yield Fault("film", "none", "a film, since there is an opening in it")
        return
    stack = sum(layer.thickness for layer in (*cell.above, *cell.below))
    if cell.film.thickness >= stack:
        expected = f"less than the stack around it ({_um(stack)})"
        yield Fault("film.thickness", _um(cell.film.thickness), expected)
    if cell.film.model == "layer":
        least = THINNEST_FILM[dimension(cell)] * cell.width
        if cell.film.thickness < least:
            expected = f'at least {_um(least)} to be resolved by a mesh, or model = "interface"'
            yield Fault("film.thickness", _um(cell.film.thickness), expected)
        if cell.below and cell.filling == "metal" and not isinstance(cell.opening, NoOpening):
            expected = "electrolyte: metal fills the opening only of a film that lies on metal"
            yield Fault("filling", "metal", expected)


def _opening_faults(cell: Cell) -> Iterator[Fault]:
    """An opening that does not fit the shape or the cell."""
    fitting: dict[Shape, tuple[type, ...]] = {
        "strip": (NoOpening, Slit),
        "tube": (NoOpening, Round),
        "round": (NoOpening, Round),
        "square": (NoOpening, Slit, Round, Cross),
        "hexagon": (NoOpening, Round, Cross),
        "half_space": (Round,),
        "half_space_3d": (Round, TwoDiscs),
    }
    kinds = fitting[cell.shape]
    if not isinstance(cell.opening, kinds):
        expected = f"one of {', '.join(kind.__name__ for kind in kinds)} in shape {cell.shape}"
        yield Fault("opening", type(cell.opening).__name__, expected)
        return
    half = cell.width / 2.0
    least = NARROWEST_OPENING[dimension(cell)] * cell.width
    match cell.opening:
        case Slit(width) | Cross(width):
            if width >= cell.width:
                expected = f"less than the width of the cell ({_um(cell.width)})"
                yield Fault("opening.width", _um(width), expected)
            elif not least <= width <= cell.width - least:
                expected = f"at least {_um(least)} between the rims, to be resolved by a mesh"
                yield Fault("opening.width", _um(width), expected)
        case Round(radius):
            if radius >= half:
                expected = f"less than half the width of the cell ({_um(half)})"
                yield Fault("opening.radius", _um(radius), expected)
            elif not least <= radius <= half - least:
                expected = f"at least {_um(least)}, also to the side, to be resolved by a mesh"
                yield Fault("opening.radius", _um(radius), expected)
        case TwoDiscs(radius, distance):
            if distance - 2.0 * radius < least:
                expected = f"more than two radii ({_um(2 * radius)}), the discs must not overlap"
                yield Fault("opening.distance", _um(distance), expected)
            if distance / 2.0 + radius > half - least:
                expected = f"discs inside the box of reach {_um(half)}"
                yield Fault("opening.distance", _um(distance), expected)
            if radius < least:
                yield Fault("opening.radius", _um(radius), f"at least {_um(least)}")


def _stack_faults(cell: Cell) -> Iterator[Fault]:
    """Layers that do not make a stack."""
    if not cell.above:
        yield Fault("above", "no layer", "at least one layer")
        return
    seen: set[str] = set()
    least = THINNEST_LAYER[dimension(cell)] * cell.width
    for side, layers in (("above", cell.above), ("below", cell.below)):
        finite = tuple(replace(x, thickness=min(x.thickness, 1e300)) for x in layers)
        yield from _layer_faults(side, finite, least, seen)
        most = MOST_WIDTHS[dimension(cell)] * cell.width
        for index, layer in enumerate(finite[:-1]):
            if layer.thickness > most:
                expected = f"at most {_um(most)}: only the last layer of a side may go on unmeshed"
                yield Fault(f"{side}[{index}].thickness", _um(layer.thickness), expected)
    if is_half_space(cell):
        yield from _half_space_faults(cell)
    elif cell.resolved_height is not None:
        last = cell.above[-1].thickness
        least = THINNEST_LAYER[dimension(cell)] * cell.width
        if not least <= cell.resolved_height <= last:
            expected = f"from {_um(least)} to the thickness of the last layer above ({_um(last)})"
            yield Fault("resolved_height", _um(cell.resolved_height), expected)


def _half_space_faults(cell: Cell) -> Iterator[Fault]:
    """What a half space cannot have."""
    if cell.below:
        yield Fault("below", f"{len(cell.below)} layer(s)", "none in a half space")
    if cell.resolved_height is not None:
        expected = "none in a half space: the meshed box has height width / 2"
        yield Fault("resolved_height", _um(cell.resolved_height), expected)
    inner = sum(layer.thickness for layer in cell.above[:-1])
    left = cell.width / 2.0 - inner
    if left <= THINNEST_LAYER[dimension(cell)] * cell.width:
        expected = f"a reach (half the width) of more than the inner layers ({_um(inner)})"
        yield Fault("width", _um(cell.width), expected)
    elif cell.above[-1].thickness < left:
        key = f"above[{len(cell.above) - 1}].thickness"
        expected = f"at least the rest of the reach ({_um(left)}) or inf"
        yield Fault(key, _um(cell.above[-1].thickness), expected)


def _file_faults(file: MeshFile) -> Iterator[Fault]:
    """A mesh file that cannot be read, or numbers that make no sense."""
    path = Path(file.path)
    if not path.exists():
        yield Fault("mesh_file", file.path, "a file that exists")
    elif not path.is_file():
        yield Fault("mesh_file", file.path, "a file, not a directory")
    elif path.suffix.lower() not in MESH_SUFFIXES:
        yield Fault("mesh_file", file.path, f"one of {', '.join(MESH_SUFFIXES)}")
    if file.dimension not in ("plane", "axisymmetric", "3d"):
        yield Fault("dimension", str(file.dimension), "plane, axisymmetric or 3d")
    if not _is_length(file.length_unit):
        yield Fault("length_unit", f"{file.length_unit:g}", "a positive number")
    if not _is_length(file.multiplicity):
        yield Fault("multiplicity", f"{file.multiplicity:g}", "a positive number")
    if file.cell_area is not None and not _is_length(file.cell_area):
        yield Fault("cell_area", f"{file.cell_area:g} um^2", "a positive area")


def _content_faults(file: MeshFile) -> list[Fault]:
    """What is wrong inside a mesh file."""
    from meshes.file import file_fault  # imports the readers of mesh files

    reason = file_fault(file)
    return [Fault("mesh_file", file.path, reason)] if reason else []
