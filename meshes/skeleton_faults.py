"""Why fibres, rods, rough faces or pictures are impossible, told before they are meshed."""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from meshes.coats import THINNEST_COAT, least_coat, rod_share_faults
from meshes.geometry import Fault
from meshes.heights import map_heights
from meshes.mesh import MeshError
from meshes.micro import Body, Fibres, Pits, Rods, Rough, RoughFace, Segmented, emptied_height
from meshes.pixels import pixels_of

MOST_FIBRES_SHARE = {"any": 0.7, "yes": 0.7, "no": 0.2}
CLIFF = 2.0  # between opposite edges of a map, over steps between its pixels
MOST_WAVES = 1000  # of the shortest ones along a cell
FLATTEST_CONE = 0.2  # depth over diameter: cells at the rims of flatter ones are too flat
CONE_BOXES = 3.0  # of its depth; with fewer the wall is up to half off, the volume a fifth
MAPS = (".npy", ".csv", ".tif", ".tiff")


def um(value: float) -> str:
    """A length in words."""
    return f"{value:g} um"


def fibre_faults(micro: Fibres) -> Iterator[Fault]:
    """Fibres that cannot be placed or resolved."""
    body, dim = micro.body, len(micro.body.sizes)
    low, high = body.span(micro.inside)
    most = MOST_FIBRES_SHARE[micro.percolating]
    if not 0.0 < micro.volume_fraction <= most:
        expected = f"more than 0 and at most {most:g} (percolating = {micro.percolating})"
        yield Fault("volume_fraction", f"{micro.volume_fraction:g}", expected)
    if micro.diameter < 2.0 * body.resolution:
        expected = f"at most half of the diameter ({um(0.5 * micro.diameter)})"
        yield Fault("resolution", um(body.resolution), expected)
    if micro.deviation > 0.5 * micro.diameter:
        expected = f"at most half of the diameter ({um(0.5 * micro.diameter)})"
        yield Fault("deviation", um(micro.deviation), expected)
    whole = (high - low) * math.prod(body.sizes[:-1])
    inner = min(micro.length, *body.sizes[:-1], high - low)
    across = 2.0 * body.resolution
    least = inner * (across if dim == 2 else 0.25 * math.pi * across**2) / whole
    if 0.0 < micro.volume_fraction < least:
        expected = f"at least {least:.3g}, one fibre of two boxes across and {um(inner)}"
        yield Fault("volume_fraction", f"{micro.volume_fraction:g}", expected)
    if micro.length < micro.diameter:
        yield Fault("length", um(micro.length), f"at least the diameter ({um(micro.diameter)})")
    room = min(*body.sizes[:-1], high - low)
    if micro.diameter > 0.5 * room:
        yield Fault("diameter", um(micro.diameter), f"at most {um(0.5 * room)}")
    longest = 10.0 * max(body.sizes)
    if micro.length > longest:
        yield Fault("length", um(micro.length), f"at most {um(longest)}, ten times the cell")
    if len(micro.axis) != dim or not any(micro.axis) or not all(map(math.isfinite, micro.axis)):
        yield Fault("axis", str(list(micro.axis)), f"{dim} numbers, not all zero")
    if micro.emptied:
        if not 0.0 < micro.volume_fraction < 1.0:
            return
        gone, left = emptied_height(micro), high - low
        least = 0.2 * body.resolution
        if micro.stripped > 0.0 and not least <= gone <= left - least:
            most_stripped = 4.8498 * micro.stripped / 36000.0 / gone * left if gone else 0.0
            expected = f"a level inside of the layer: it falls by {um(gone)} of {um(left)}"
            if most_stripped:
                full = left * (1.0 - micro.volume_fraction) / 4.8498
                expected += f", all of it is {full:.4g} mAh/cm^2"
            yield Fault("stripped", f"{micro.stripped / 36000.0:g} mAh/cm^2", expected)
        if micro.emptied in (micro.name, micro.inside):
            yield Fault("emptied", micro.emptied, "another region than fibres and their layer")


def rod_faults(micro: Rods) -> Iterator[Fault]:
    """Rods that do not fit."""
    body, dim = micro.body, len(micro.body.sizes)
    low, high = body.span(micro.inside)
    if len(micro.count) != dim - 1:
        yield Fault("count", str(list(micro.count)), f"{dim - 1} numbers of rods")
        return
    if body.periodic == "all":
        yield Fault("periodic", "all", "sides or none: rods stand on a floor")
    if micro.arrangement == "hexagonal" and (dim == 2 or micro.count[1] % 2):
        yield Fault("count", str(list(micro.count)), "an even number of rows in a hexagonal array")
        return
    if micro.jitter > 0.0 and micro.arrangement != "jittered":
        yield Fault("jitter", um(micro.jitter), 'arrangement = "jittered" beside it')
    shell = 0.0 if micro.shell is None else micro.shell.thickness
    steps = [s / n for s, n in zip(body.sizes[:-1], micro.count, strict=True)]
    spacing = min(steps)
    if micro.arrangement == "hexagonal":
        spacing = min(steps[0], math.hypot(0.5 * steps[0], steps[1]))
    outer = micro.diameter + 2.0 * shell + body.resolution
    if outer > spacing:
        expected = f"less than the spacing ({um(spacing)}) with shells and one box between"
        yield Fault("diameter", um(micro.diameter), expected)
    elif micro.deviation > 0.5 * micro.diameter or outer + 2.0 * micro.deviation > spacing:
        yield Fault("deviation", um(micro.deviation), "rods that have room, two deviations counted")
    if micro.diameter < 2.0 * body.resolution:
        expected = f"at most half of the diameter ({um(0.5 * micro.diameter)})"
        yield Fault("resolution", um(body.resolution), expected)
    deposit = 0.0 if micro.deposit is None else micro.deposit.thickness
    top = micro.length + shell + deposit
    if top > (high - low) * (1.0 + 1e-9) or micro.length < micro.diameter:
        expected = f"from the diameter to what the layer has room for ({um(high - low)})"
        yield Fault("length", um(micro.length), expected)
    box = THINNEST_COAT * body.resolution
    for key, coat, least in (
        ("shell", micro.shell, least_coat(micro)),
        ("deposit", micro.deposit, box),
    ):
        if coat is not None and 0.0 < coat.thickness < least:
            expected = f"at least {um(least)}"
            yield Fault(f"{key}.thickness", um(coat.thickness), expected)
    if deposit and top >= (high - low) * (1.0 - 1e-9) and micro.cap == "flat":
        room = _farthest(micro, steps) - 0.5 * micro.diameter - shell
        if deposit >= room > 0.0 and micro.jitter == micro.deviation == 0.0:
            expected = f"less than {um(room)}, with which it fills all of {micro.inside}"
            yield Fault("deposit.thickness", um(deposit), expected)
    if micro.shell is not None and micro.shell.volume_fraction > 0.0:
        yield from rod_share_faults(micro, spacing)
    if (grains := micro.grains) is not None:
        if not 2.0 * body.resolution <= grains.diameter <= 0.5 * min(high - low, *body.sizes[:-1]):
            expected = f"at least two boxes ({um(2.0 * body.resolution)}), less than the cell"
            yield Fault("grains.diameter", um(grains.diameter), expected)
        if not 0.0 < grains.volume_fraction <= 0.15:
            share = grains.volume_fraction
            yield Fault("grains.volume_fraction", f"{share:g}", "more than 0, at most 0.15")


def _farthest(micro: Rods, steps: list[float]) -> float:
    """Distance of the place on the floor that is farthest from the axes of a regular array, um.

    Of a hexagonal one the radius of the circle around three rods.
    """
    if micro.arrangement != "hexagonal":
        return 0.5 * math.hypot(*steps)
    return (0.25 * steps[0] ** 2 + steps[1] ** 2) / (2.0 * steps[1])


def rough_faces_of(micro: Rough) -> list[str]:
    """Layers that have another one above them."""
    return [layer.name for layer in micro.body.layers[:-1]]


def rough_faults(micro: Rough) -> Iterator[Fault]:
    """Faces and pits that are not there or not resolved."""
    body = micro.body
    there = rough_faces_of(micro)
    if body.periodic == "all":
        yield Fault("periodic", "all", "sides or none: a stack has two ends")
    if not micro.faces and micro.pits is None:
        yield Fault("faces", "none", "at least one rough face, or pits")
    seen: set[str] = set()
    for index, face in enumerate(micro.faces):
        key = f"faces[{index}]"
        if face.layer not in there or face.layer in seen:
            expected = f"one of the layers {', '.join(there)}, each once"
            yield Fault(f"{key}.layer", face.layer, expected)
            continue
        seen.add(face.layer)
        if face.file:
            if not Path(face.file).is_file() or Path(face.file).suffix.lower() not in MAPS:
                expected = f"a file that exists, one of {', '.join(MAPS)}"
                yield Fault(f"{key}.height_map", face.file, expected)
            else:
                yield from _map_faults(micro, face, key)
            continue
        if not 2.0 * body.resolution <= face.correlation <= 0.25 * min(body.sizes[:-1]):
            expected = f"two boxes to a quarter of the cell ({um(0.25 * min(body.sizes[:-1]))})"
            yield Fault(f"{key}.correlation", um(face.correlation), expected)
        least, most = max(body.sizes[:-1]) / MOST_WAVES, face.correlation
        if face.shortest_wavelength and not least <= face.shortest_wavelength <= most:
            expected = f"{um(least)} (of {MOST_WAVES} in the cell) to the correlation length"
            yield Fault(f"{key}.shortest_wavelength", um(face.shortest_wavelength), expected)
        at = next(i for i, layer in enumerate(body.layers) if layer.name == face.layer)
        beside = [i for i in (at, at + 1) if not _may_be_gone(micro, i)]
        thick = min(body.layers[i].thickness for i in beside or (at, at + 1))
        outer = [body.layers[0].name, body.layers[-1].name]
        deep = max(thick, body.layers[0].thickness if face.layer in outer else thick)
        if not 0.0 < face.rms <= max(0.3 * deep, body.resolution):
            expected = f"at most 0.3 of the layers beside it ({um(0.3 * deep)})"
            yield Fault(f"{key}.rms", um(face.rms), expected)
    order = [there.index(face.layer) for face in micro.faces if face.layer in there]
    if order != sorted(order):
        yield Fault("faces", "another order", "faces in the order of their layers from below")
    if micro.contact_fraction > 0.0:
        share = f"{micro.contact_fraction:g}"
        if len(order) < 2 or order[1] != order[0] + 1:
            yield Fault("contact_fraction", share, "two rough faces with one layer between them")
        elif micro.contact_fraction >= 0.95:
            yield Fault("contact_fraction", share, "less than 0.95")
    if micro.pits is not None:
        yield from _pit_faults(micro, micro.pits, there)


def _may_be_gone(micro: Rough, index: int) -> bool:
    """Whether a layer lies between two rough faces that are pressed together."""
    layers, rough = micro.body.layers, [face.layer for face in micro.faces[:2]]
    pressed = micro.contact_fraction > 0.0 and index > 0
    return pressed and rough == [layers[index - 1].name, layers[index].name]


def _map_faults(micro: Rough, face: RoughFace, key: str) -> Iterator[Fault]:
    """A map of heights that cannot be read, has no place in the cell or leaves the layers."""
    name, key, pixel = Path(face.file).name, f"{key}.height_map", f"{key}.pixel"
    try:
        heights = map_heights(face, micro.body.flat)
    except MeshError as error:
        said = str(error).removeprefix("mesh: ").removeprefix(f"{face.file} ")
        yield Fault(key, name, f"a map of finite heights; it {said}")
        return
    yield from _scale_faults(micro.body, face, heights, pixel)
    yield from _edge_faults(micro.body, heights, name, key)
    layers = micro.body.layers
    rough = {other.layer for other in micro.faces}
    at = next(i for i, layer in enumerate(layers) if layer.name == face.layer)
    below, above = layers[at].thickness, layers[at + 1].thickness
    if at and layers[at - 1].name in rough:  # a layer between two rough faces may be gone
        below += layers[at - 1].thickness
    if face.layer in rough and layers[at + 1].name in rough:
        above += layers[at + 2].thickness
    deep, high = float(heights.min() - heights.mean()), float(heights.max() - heights.mean())
    if not -below < deep <= high < above:
        given = f"{name}, heights from {deep:.4g} um to {high:.4g} um about their mean"
        expected = f"more than {um(-below)} and less than {um(above)}, inside of the layers"
        yield Fault(key, given, f"{expected} beside the face")


def _scale_faults(
    body: Body, face: RoughFace, heights: NDArray[np.float64], key: str
) -> Iterator[Fault]:
    """Pixels of a map that do not add up to the cell, but for one of them."""
    if face.pixel <= 0.0:
        return
    for side, size, count in zip(("width", "depth"), body.sizes[:-1], heights.shape, strict=False):
        if abs(count * face.pixel - size) > face.pixel * (1.0 + 1e-9):
            expected = f"{um(size / count)}: {count} pixels of the map over the {side} ({um(size)})"
            yield Fault(key, um(face.pixel), f"{expected}, or a {side} of {um(count * face.pixel)}")
            return


def _edge_faults(body: Body, heights: NDArray[np.float64], name: str, key: str) -> Iterator[Fault]:
    """A map with a cliff where opposite edges meet in a periodic cell."""
    if body.periodic == "none":
        return
    for axis in range(heights.ndim):
        cliff = float(np.sqrt(np.mean((heights.take(0, axis) - heights.take(-1, axis)) ** 2)))
        steps = float(np.sqrt(np.mean(np.diff(heights, axis=axis) ** 2)))
        if cliff > max(heights.std(), CLIFF * steps):
            given = f"{name}, {um(round(cliff, 4))} between opposite edges along {'xy'[axis]}"
            expected = f"at most its rms ({heights.std():.4g} um) in a cell with periodic sides"
            yield Fault(key, given, f'{expected}; or periodic = "none", whose sides are mirrors')
            return


def _pit_faults(micro: Rough, pits: Pits, there: list[str]) -> Iterator[Fault]:
    """Pits that do not fit into their layer."""
    body = micro.body
    if pits.layer not in there:
        yield Fault("pits.layer", pits.layer, f"one of the layers {', '.join(there)}")
        return
    low, high = body.span(pits.layer)
    if not 2.0 * body.resolution <= pits.diameter < min(body.sizes[:-1]):
        expected = "at least two boxes and less than the cell"
        yield Fault("pits.diameter", um(pits.diameter), expected)
        return
    if not body.resolution <= pits.depth < high - low:
        expected = f"at least one box and less than the layer ({um(high - low)})"
        yield Fault("pits.depth", um(pits.depth), expected)
    elif pits.kind == "cone" and pits.layer not in {face.layer for face in micro.faces}:
        if pits.depth < FLATTEST_CONE * pits.diameter * (1.0 - 1e-9):
            least = um(FLATTEST_CONE * pits.diameter)
            expected = f"at least {least}: the rim of flatter cones would be lost"
            yield Fault("pits.depth", um(pits.depth), expected)
        elif pits.depth < CONE_BOXES * body.resolution * (1.0 - 1e-9):
            expected = f"at most {um(pits.depth / CONE_BOXES)}, a third of the depth of the cones"
            yield Fault("resolution", um(body.resolution), expected)
    dim = len(body.sizes)
    each = pits.diameter + body.resolution
    share = pits.count * (each if dim == 2 else 0.25 * math.pi * each**2)
    if share > 0.6 * math.prod(body.sizes[:-1]):
        yield Fault("pits.count", str(pits.count), "pits that take at most 0.6 of the face")


def image_faults(micro: Segmented) -> Iterator[Fault]:
    """A picture that cannot be read, values without name, names without pixel."""
    try:
        pixels = pixels_of(micro.file)
    except MeshError as error:
        yield Fault("file", micro.file, f"a picture: {str(error).removeprefix('mesh: ')}")
        return
    there = {int(value) for value in np.unique(pixels)}
    named = {value for value, _ in micro.values}
    if missing := sorted(there - named):
        some = ", ".join(map(str, missing[:5]))
        yield Fault(
            "values", f"{len(named)} values", f"names of all values; of {some} there is none"
        )
    if spare := sorted(named - there):
        yield Fault(f"values.{spare[0]}", str(spare[0]), "a value that a pixel has")
    if min(micro.pixels) < 2:
        yield Fault("file", str(micro.pixels), "at least two pixels along every axis")
