"""What a block consists of: names and exact measures of its regions and faces, without Gmsh."""

import itertools
import math
from collections.abc import Collection

from meshes.geometry import Cell, Slit
from meshes.layers import Block, Box, Crack, Flaw, Layer


def heights(block: Block) -> list[float]:
    """Heights (um) of the faces between the layers of a block, from 0 to the top."""
    return [0.0, *itertools.accumulate(layer.thickness for layer in block.layers)]


def planes_between(block: Block | Box) -> tuple[str, ...]:
    """Names of the planes between neighbouring layers, upwards."""
    return tuple(f"{a.name}|{b.name}" for a, b in itertools.pairwise(block.layers))


def broken(crack: Crack | None, face: str, low: float, high: float) -> tuple[float, ...]:
    """A stretch of a face with the ends of the crack that lie inside of it."""
    ends = (crack.start, crack.end) if crack is not None and crack.face == face else ()
    return (low, *(s for s in ends if low < s < high), high)


def bottom_pieces(block: Block) -> list[tuple[float, float, str]]:
    """The pieces of the bottom from the left, um, each with its name."""
    half = None if block.window is None else 0.5 * block.window
    places = set(broken(block.crack, "bottom", 0.0, block.width))
    places |= {flaw.x for flaw in block.flaws if flaw.surface == "bottom"}
    places |= set() if half is None else {half}

    def name(a: float, b: float) -> str:
        if half is not None:
            return "window" if b <= half else "film_face"
        return "crack" if is_cracked(block.crack, "bottom", a, b) else "bottom"

    return [(a, b, name(a, b)) for a, b in itertools.pairwise(sorted(places))]


def is_cracked(crack: Crack | None, face: str, low: float, high: float) -> bool:
    """Whether a piece of a face between two breaks belongs to the crack."""
    return crack is not None and crack.face == face and crack.start <= low and high <= crack.end


def layer_at(block: Block, y: float) -> Layer:
    """The layer at a height (um)."""
    above = itertools.accumulate(layer.thickness for layer in block.layers)
    pairs = zip(above, block.layers, strict=True)
    return next((layer for top, layer in pairs if y < top), block.layers[-1])


def through_film(block: Block) -> float:
    """Thickness (um) of the film if the crack goes through the upper layers of a block, else 0."""
    crack, levels = block.crack, heights(block)
    if crack is None or crack.face != "left" or crack.end < levels[-1]:
        return 0.0
    on_plane = min(abs(level - crack.start) for level in levels[1:]) <= 1e-9 * levels[-1]
    return float(crack.end - crack.start) if on_plane else 0.0


def mouths(block: Block, name: str, omit: Collection[str]) -> tuple[str, ...]:
    """The outer faces that a crack or a flaw reaches with an end; none if it lies inside.

    Args:
        block: the block.
        name: `crack`, or that of the flaw.
        omit: layers that are left out of the mesh, whose surfaces are outer faces then.
    """
    levels, there = heights(block), [layer.name not in omit for layer in block.layers]
    flaw = next((flaw for flaw in block.flaws if flaw.name == name), None)
    own, ends = "", list[tuple[float, float]]()
    if flaw is not None:
        ends = [(flaw.x, flaw.y), flaw.end]
    elif block.crack is not None:
        own, along = block.crack.face, (block.crack.start, block.crack.end)
        ends = [(0.0, s) if own == "left" else (s, 0.0) for s in along]
    found: list[str] = []
    for x, y in ends:
        sides = {"left": x, "right": block.width - x}
        found += [side for side, room in sides.items() if abs(room) <= 1e-9 * block.width]
        near = [i for i, level in enumerate(levels) if abs(y - level) <= 1e-9 * levels[-1]]
        for i in near:
            below, above = i > 0 and there[i - 1], i < len(there) and there[i]
            if i == 0 and above:
                found += [face for a, b, face in bottom_pieces(block) if a <= x <= b]
            elif below and not above:
                found.append("top" if i == len(there) else f"{block.layers[i].name}_surface")
            elif above and not below:
                found.append(f"{block.layers[i - 1].name}_surface")
    axis = "left" if block.shape == "cylinder" else own
    return tuple(dict.fromkeys(face for face in found if face not in (own, axis, name)))


def meshed_flaws(block: Block, omit: tuple[str, ...]) -> tuple[Flaw, ...]:
    """The flaws in layers that are meshed."""
    return tuple(flaw for flaw in block.flaws if layer_at(block, flaw.y).name not in omit)


def exact_measures_of_block(block: Block, omit: tuple[str, ...]) -> dict[str, float]:
    """Area (axisymmetric: volume) of each region, length (area) of each face, exactly."""
    levels = heights(block)
    names = [layer.name for layer in block.layers]
    present = [name not in omit for name in names]
    plane = block.shape == "block"
    area = block.width if plane else math.pi * block.width**2
    out = {n: area * layer.thickness for n, layer in zip(names, block.layers, strict=True)}
    out = {name: value for name, value in out.items() if name not in omit}

    def add(name: str, value: float) -> None:
        out[name] = out.get(name, 0.0) + value

    for i, (low, high) in enumerate(itertools.pairwise(levels)):
        if not present[i]:
            continue
        add("right", (high - low) * (1.0 if plane else 2.0 * math.pi * block.width))
        for a, b in itertools.pairwise(broken(block.crack, "left", low, high)):
            inside = is_cracked(block.crack, "left", a, b)
            add("crack" if inside else "left", (b - a) if plane else 0.0)
        if block.pit is not None and i == len(levels) - 3:
            half, depth = 0.5 * block.pit.width, block.pit.depth
            out[names[i]] -= half * depth if plane else math.pi * half**2 * depth
            out["left"] -= depth if plane else 0.0
            add("pit", half + depth if plane else math.pi * half * (half + 2.0 * depth))
            add("pit_roof", half if plane else math.pi * half**2)
        if i == 0:
            for a, b, name in bottom_pieces(block):
                add(name, b - a if plane else math.pi * (b**2 - a**2))
    for i in range(1, len(levels)):
        below, above = present[i - 1], i < len(present) and present[i]
        if below and above:
            hole = out["pit_roof"] if block.pit is not None and i == len(levels) - 2 else 0.0
            add(f"{names[i - 1]}|{names[i]}", area - hole)
        elif below:
            add("top" if i == len(present) else f"{names[i]}_surface", area)
        elif above:
            add(f"{names[i - 1]}_surface", area)
    flaws = meshed_flaws(block, omit)
    return out | {f.name: (1.0 if f.joined else 2.0) * f.length for f in flaws}


def faces_of_block(block: Block, omit: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the boundaries and of the interfaces of a block, without meshing it."""
    regions = {layer.name for layer in block.layers}
    names = [name for name in exact_measures_of_block(block, omit) if name not in regions]
    joined = tuple(flaw.name for flaw in block.flaws if flaw.joined)
    inner = tuple(name for name in names if name in (*planes_between(block), *joined))
    return tuple(name for name in names if name not in inner), inner


def cracked_stack(cell: Cell, solids: Collection[str]) -> Block | None:
    """Half of a strip with a slit through its film, as a body that is cracked there.

    Args:
        cell: a strip with a film that is a layer.
        solids: names of the layers that carry stress; those below the film and the film must.

    Returns:
        The layers from below to the last one that carries stress, the slit closed to a crack
        through the film; None if the cell has no such crack.
    """
    film = cell.film
    slit = isinstance(cell.opening, Slit)
    if cell.shape != "strip" or film is None or film.model != "layer" or not slit:
        return None
    below = tuple(reversed(cell.below))
    bottom = sum(layer.thickness for layer in below)
    layers = (*below, Layer("film", film.thickness))
    layers += tuple(layer for layer in cell.above if layer.name in solids)
    crack = Crack("left", bottom, bottom + film.thickness)
    return Block("block", 0.5 * cell.width, layers, crack)


def names_of_planes(
    box: Box, planes: list[list[int]], omit: tuple[str, ...]
) -> list[tuple[str, list[int]]]:
    """The horizontal faces of the layers that are there."""
    names = [layer.name for layer in box.layers]
    out: list[tuple[str, list[int]]] = []
    for index, tags in enumerate(planes):
        below = names[index - 1] if index > 0 and names[index - 1] not in omit else ""
        above = names[index] if index < len(names) and names[index] not in omit else ""
        if below and above:
            out.append((f"{below}|{above}", tags))
        elif index == 0 and above:
            out += [("crack", tags[:-1])] if len(tags) > 1 else []
            out.append(("bottom", tags[-1:]))
        elif index == len(names) and below:
            out.append(("top", tags))
        elif below or above:
            out.append((f"{names[index] if below else names[index - 1]}_surface", tags))
    return out


def faces_of_box(box: Box, omit: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the boundaries and of the interfaces of a box, without meshing it."""
    planes = [[0] for _ in range(len(box.layers) + 1)]
    if box.crack is not None:
        planes[0] = [0, 0]
    names = [name for name, _ in names_of_planes(box, planes, omit)]
    inner = tuple(name for name in names if "|" in name)
    outer = tuple(name for name in names if name not in inner)
    return (*outer, "front", "right", "back", "left"), inner
