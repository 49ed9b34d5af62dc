"""The background lattice of a microstructure."""

import numpy as np

from meshes.image import lattice_of_image
from meshes.lattice import Flags, Floats, Lattice, across, along
from meshes.micro import Micro, Rough, Segmented, flats


def lattice_of(micro: Micro) -> Lattice:
    """The background of a cell; layers without features may be coarser away from others."""
    body = micro.body
    size = body.resolution
    parts = flats(micro)
    if isinstance(micro, Segmented):
        return lattice_of_image(micro)
    axes = [along(length, size) for length in body.sizes[:-1]]
    if body.periodic == "all" and len(parts) == 1:
        last = along(body.height, size)
        planes: Flags = np.zeros(len(last), bool)
    elif isinstance(micro, Rough):
        last, planes = _rough_axis(micro)
    else:
        last, planes = across(
            [part.high - part.low for part in parts], [not part.filled for part in parts], size
        )
    periodic = tuple(period > 0.0 for period in body.periods)
    return Lattice((*axes, last), periodic, planes)


def _rough_axis(micro: Rough) -> tuple[Floats, Flags]:
    """Nodes across a stack with rough faces: these are no planes, layers around them are one."""
    rough = {face.layer for face in micro.faces}
    heights: list[float] = []
    plain: list[bool] = []
    joined = False
    for part in flats(micro):
        if joined:
            heights[-1] += part.high - part.low
        else:
            heights.append(part.high - part.low)
            plain.append(not part.filled)
        joined = part.name in rough
    return across(heights, plain, micro.body.resolution)
