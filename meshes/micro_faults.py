"""Why a microstructure is impossible, told before anything is placed or meshed."""

import math
import re
from collections.abc import Iterator

from meshes.coats import finer, grown, least_coat, mean_diameter, shell_of_particles
from meshes.geometry import Fault
from meshes.micro import (
    Body,
    Fibres,
    Micro,
    Particles,
    Rods,
    Rough,
    Segmented,
    feature_names,
    hosts,
    side_names,
)
from meshes.skeleton_faults import (
    fibre_faults,
    image_faults,
    rod_faults,
    rough_faults,
    um,
)

MOST_BOXES = {2: 4_000_000, 3: 8_000_000}
DENSEST = {2: 0.75, 3: 0.6}  # fraction, gaps counted, up to which balls are pushed apart
AT_WALLS = 0.4  # what that is less at floor and ceiling, per diameter over the height
MOST_FRACTION = {2: 0.7, 3: 0.5}
MOST_FEATURES = 20_000
THINNEST = 0.2  # a layer, in boxes


def micro_faults(micro: Micro) -> Iterator[Fault]:
    """Why a microstructure is impossible; nothing if it can be meshed."""
    if isinstance(micro, Segmented) and not micro.pixels:
        yield from image_faults(micro)
        return
    whole = isinstance(micro, Segmented)  # a picture is as coarse as it is
    found = list(_body_faults(micro.body, whole)) or [*_name_faults(micro), *_host_faults(micro)]
    yield from found
    if found:
        return
    match micro:
        case Particles():
            yield from _particle_faults(micro)
        case Fibres():
            yield from fibre_faults(micro)
        case Rods():
            yield from rod_faults(micro)
        case Rough():
            yield from rough_faults(micro)
        case Segmented():
            yield from image_faults(micro)


def _body_faults(body: Body, picture: bool) -> Iterator[Fault]:
    """A cell that is none, or needs too many boxes."""
    for key, size in (("width", body.width), ("resolution", body.resolution)):
        if not (math.isfinite(size) and size > 0.0):
            yield Fault(key, um(size), "a positive length")
            return
    if not body.layers:
        yield Fault("layers", "no layer", "at least one layer")
        return
    least = THINNEST * body.resolution
    for index, layer in enumerate(body.layers):
        if not layer.thickness >= least:
            expected = f"at least {um(least)} ({THINNEST:g} of the resolution)"
            yield Fault(f"layers[{index}].thickness", um(layer.thickness), expected)
    smallest = min(size for size in body.sizes[:-1])
    if body.resolution > 0.25 * smallest and not picture:
        yield Fault("resolution", um(body.resolution), f"at most {um(0.25 * smallest)}")
    dim = len(body.sizes)
    boxes = math.prod(body.sizes) / body.resolution**dim
    if boxes > MOST_BOXES[dim]:
        finest = (math.prod(body.sizes) / MOST_BOXES[dim]) ** (1.0 / dim)
        yield Fault("resolution", um(body.resolution), f"at least {um(finest)} in this cell")
    if body.periodic == "all" and len(body.layers) > 1:
        yield Fault("periodic", "all", "sides or none in a cell of several layers")


def _name_faults(micro: Micro) -> Iterator[Fault]:
    """Names that are no names, used twice or those of faces."""
    reserved = side_names(micro)
    seen: set[str] = set()
    layers = [(f"layers[{i}].name", layer.name) for i, layer in enumerate(micro.body.layers)]
    if isinstance(micro, Segmented):
        layers = []
    for key, name in [*layers, *_feature_keys(micro)]:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_.+-]*", name):
            yield Fault(key, name, "a letter, then letters, digits and _ . + -")
        elif name in reserved or name.endswith("_surface"):
            yield Fault(key, name, f"a name other than {', '.join(reserved)} and *_surface")
        elif name in seen:
            yield Fault(key, name, "a name that nothing else has")
        seen.add(name)


def _feature_keys(micro: Micro) -> list[tuple[str, str]]:
    """Keys and names of the regions of features."""
    if isinstance(micro, Segmented):
        return [(f"values.{value}", name) for value, name in dict(_first_of(micro)).items()]
    keys = ["pits.name"] if isinstance(micro, Rough) else ["name"]
    if isinstance(micro, Particles | Rods) and micro.shell is not None:
        keys.append("shell.name")
    if isinstance(micro, Rods):
        keys += ["grains.name"] * (micro.grains is not None)
        keys += ["deposit.name"] * (micro.deposit is not None)
    return list(zip(keys, feature_names(micro), strict=False))


def _first_of(micro: Segmented) -> list[tuple[int, str]]:
    """Values and names of a picture, every name once."""
    names = {name: value for value, name in reversed(micro.values)}
    return [(value, name) for name, value in names.items()]


def _host_faults(micro: Micro) -> Iterator[Fault]:
    """Features in a layer that is not there."""
    there = [layer.name for layer in micro.body.layers]
    if isinstance(micro, Rough | Segmented):
        return
    for name in hosts(micro):
        if name not in there:
            yield Fault("inside", name, f"one of the layers {', '.join(there)}")


def _particle_faults(micro: Particles) -> Iterator[Fault]:
    """Particles that do not fit."""
    body, dim = micro.body, len(micro.body.sizes)
    low, high = micro.room
    fraction, most = micro.volume_fraction, MOST_FRACTION[dim]
    cubic = micro.arrangement == "cubic"
    if micro.place != "anywhere" and body.periodic == "all":
        yield Fault("place", micro.place, "anywhere: a cell that repeats upwards has no ends")
    if not 0.0 < fraction <= most:
        yield Fault("volume_fraction", f"{fraction:g}", f"more than 0 and at most {most:g}")
        return
    if micro.contact == "touching" and (cubic or micro.gap > 0.0 or micro.embedded > 0.0):
        other = "a cubic one" if cubic else "a gap" if micro.gap > 0.0 else "embedded"
        yield Fault("contact", "touching", f"apart, beside {other}")
    if cubic:
        for key, size in (("diameter", micro.diameter), ("deviation", micro.deviation)):
            if size > 0.0:
                yield Fault(key, um(size), "none: the fraction decides the size of a cubic one")
    diameter = mean_diameter(micro)
    if not cubic:
        if diameter <= 0.0:
            yield Fault("diameter", "missing", "the mean diameter of the particles")
            return
        if micro.deviation > 0.5 * diameter:
            expected = f"at most half of the diameter ({um(0.5 * diameter)})"
            yield Fault("deviation", um(micro.deviation), expected)
            return
    shell = 0.0 if micro.shell is None else shell_of_particles(micro, diameter)
    yield from _embedded_faults(micro, diameter + 2.0 * shell)
    by_share = micro.shell is not None and micro.shell.volume_fraction > 0.0
    outer = diameter + 2.0 * shell
    largest = outer if cubic else outer + 3.0 * micro.deviation
    room = min(*(0.5 * size for size in body.sizes[:-1]), high - low)
    if cubic:
        room = min(*body.sizes[:-1], high - low)
    key, given = ("volume_fraction", f"{fraction:g}") if cubic else ("diameter", um(diameter))
    dense = fraction * grown(micro, diameter, shell + 0.5 * micro.gap)
    densest = DENSEST[dim]
    if body.periodic != "all":
        densest *= 1.0 - AT_WALLS * (outer + micro.gap) / (high - low)
    thin = least_coat(micro)
    bottom, top = body.span(micro.inside)
    least_ball = math.pi * body.resolution**2 * (1.0 if dim == 2 else body.resolution / 0.75)
    least_share = least_ball / ((top - bottom) * math.prod(body.sizes[:-1]))
    if largest + micro.gap > room * (1.0 + 1e-9):
        expected = f"particles of at most {um(room)}, shell, gap and three deviations counted"
        yield Fault(key, given, expected)
    elif diameter < 2.0 * body.resolution:
        expected = f"at most half of the diameter ({um(0.5 * diameter)})"
        yield Fault("resolution", um(body.resolution), expected)
    elif fraction < least_share:
        expected = f"at least {least_share:.3g}, one particle of two boxes"
        yield Fault("volume_fraction", f"{fraction:g}", expected)
    elif by_share and micro.shell is not None and shell < thin:
        share = micro.shell.volume_fraction
        least = fraction * (grown(micro, diameter, thin) - 1.0)
        expected = finer(micro, shell)
        widest = largest + 2.0 * (thin - shell) + micro.gap
        tight = fraction * grown(micro, diameter, thin + 0.5 * micro.gap)
        if widest <= room and (cubic or tight <= densest):
            expected = f"at least {least:.3g} (shells one box thick), or {expected}"
        yield Fault("shell.volume_fraction", f"{share:g}", expected)
    elif not cubic and dense > densest:
        expected = f"at most {densest:.3g} with shells and gaps; it is {dense:.3g} with them"
        yield Fault("volume_fraction", f"{fraction:g}", expected)
    elif micro.shell is not None and shell < thin:
        yield Fault("shell.thickness", um(shell), f"at least {um(thin)}")
    elif not cubic and fraction * math.prod(body.sizes) / diameter**dim > MOST_FEATURES:
        yield Fault("diameter", um(diameter), f"at most {MOST_FEATURES} particles")


def _embedded_faults(micro: Particles, outer: float) -> Iterator[Fault]:
    """Particles of an outer diameter that cannot be as deep in the next layer."""
    if micro.embedded <= 0.0:
        return
    given, size = um(micro.embedded), micro.body.resolution
    if micro.place == "anywhere":
        yield Fault("place", "anywhere", "bottom or top, the face that they are embedded in")
    elif not micro.into:
        side = "below" if micro.place == "bottom" else "above"
        yield Fault("embedded", given, f"a layer {side} {micro.inside}")
    else:
        low, high = micro.body.span(micro.into)
        deepest = min(outer, high - low) - size
        if not size <= micro.embedded <= deepest:
            expected = f"from one box ({um(size)}) to {um(deepest)}, one box less than"
            yield Fault("embedded", given, f"{expected} the particles and {micro.into}")
