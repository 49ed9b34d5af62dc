"""How thick shells of given shares are, and how thin they may be.

A shell takes a box across in the lattice: thinner ones get the right volume there in some cases, in
others a quarter less of it, in many pieces. A conformal mesh needs no box across a shell.
"""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from meshes.geometry import Fault
from meshes.micro import Body, Particles, Rods

Floats = NDArray[np.float64]

THINNEST_COAT = 1.0  # a shell or film, in boxes


def least_coat(micro: Particles | Rods) -> float:
    """How thin a shell may be, um: a box of the lattice; 0 where a conformal mesh is offered."""
    match micro:
        case (
            Particles(body=Body(flat=False, mesher="conformal"), contact="apart", embedded=0.0)
            | Rods(body=Body(flat=False, mesher="conformal"), grains=None, deposit=None)
        ):
            return 0.0
    return THINNEST_COAT * micro.body.resolution


def finer(micro: Particles | Rods, most: float) -> str:
    """What to do about a shell that is too thin for the boxes: at most this large, um."""
    finest = f"a resolution of at most {most:.3g} um"
    cut = replace(micro, body=replace(micro.body, mesher="conformal"))
    return f'{finest}, or mesher = "conformal"' if least_coat(cut) == 0.0 else finest


def thin_told(micro: Particles | Rods) -> tuple[str, ...]:
    """That shells are thinner than a box, if they are."""
    if micro.shell is None:
        return ()
    given = micro.shell.thickness
    match micro:
        case Particles():
            thick = given or shell_of_particles(micro, mean_diameter(micro))
        case Rods():
            thick = given or shell_of_rods(micro)
    boxes = thick / micro.body.resolution
    return (f"shells {boxes:.2g} of a box thick",) if boxes < THINNEST_COAT * (1 - 1e-9) else ()


def mean_diameter(micro: Particles) -> float:
    """That of the particles, um; of a cubic arrangement as the fraction has it."""
    if micro.arrangement != "cubic":
        return micro.diameter
    bottom, top = micro.body.span(micro.inside)
    volume = micro.volume_fraction * (top - bottom) * math.prod(micro.body.sizes[:-1])
    if micro.body.flat:
        return 2.0 * math.sqrt(volume / math.pi)
    return 2.0 * math.cbrt(0.75 * volume / math.pi)


def grown(micro: Particles, diameter: float, thickness: float) -> float:
    """Mean volume of particles with a shell, over that without it."""
    return float(np.polyval(_powers(micro, diameter), thickness))


def _powers(micro: Particles, diameter: float) -> list[float]:
    """Polynomial of the thickness, highest power first, in `grown`; diameters are lognormal."""
    dim, spread = len(micro.body.sizes), 1.0 + (micro.deviation / diameter) ** 2
    moments = [(0.5 * diameter) ** k * spread ** (k * (k - 1) // 2) for k in range(dim + 1)]
    return [math.comb(dim, k) * moment / moments[dim] for k, moment in enumerate(moments)]


def shell_of_particles(micro: Particles, diameter: float) -> float:
    """Thickness of the shell of particles, from its share if that is given, um."""
    if micro.shell is None or micro.shell.thickness > 0.0:
        return 0.0 if micro.shell is None else micro.shell.thickness
    powers = _powers(micro, diameter)
    powers[-1] = -micro.shell.volume_fraction / micro.volume_fraction
    roots = np.roots(powers)  # one is positive, as all other powers are
    return float(roots.real[(abs(roots.imag) < 1e-9 * abs(roots)) & (roots.real > 0.0)].max())


def shell_of_rods(micro: Rods) -> float:
    """Thickness of the shell of equal rods, from its share, um; inf if there is no such one."""
    if micro.shell is None or _rod_share(micro, micro.diameter) < micro.shell.volume_fraction:
        return 0.0 if micro.shell is None else math.inf
    at = np.linspace(0.0, 1.0, 4)  # the share is a cubic of the thickness
    powers = np.polyfit(at, [_rod_share(micro, x * micro.diameter) for x in at], 3)
    powers[-1] -= micro.shell.volume_fraction
    roots = np.roots(powers)
    real = roots.real[(abs(roots.imag) < 1e-9 * abs(roots)) & (roots.real > 0.0)]
    return float(real.min()) * micro.diameter  # in a section another one is rounding, and far off


def rod_share_faults(micro: Rods, spacing: float) -> Iterator[Fault]:
    """A share of shells that are thinner than they may be, or leave no box between the rods.

    Args:
        micro: the rods, with a shell of a given share.
        spacing: of the array, um.
    """
    if micro.shell is None:
        return
    size, least, thick = micro.body.resolution, least_coat(micro), shell_of_rods(micro)
    most, room = 0.5 * (spacing - micro.diameter - size), spacing - micro.diameter - 2.0 * thick
    if least <= thick * (1.0 + 1e-9) and thick <= most * (1.0 + 1e-9):
        return
    if room <= 0.0:
        touching = _rod_share(micro, 0.5 * (spacing - micro.diameter))
        expected = f"less than {touching:.3g}, with which rods touch"
    else:
        coarse = f"a resolution of at most {min(thick if least else math.inf, room):.3g} um"
        expected = finer(micro, min(thick, room)) if thick < min(least, most) else coarse
        upper = f"{_rod_share(micro, max(most, 0.0)):.3g} (one box between rods)"
        lower = f"from {_rod_share(micro, least):.3g} (one box thick) to" if least else "at most"
        if least <= most:
            expected = f"{lower} {upper}, or {expected}"
        else:
            expected += "; shells one box thick leave no box between these rods"
    yield Fault("shell.volume_fraction", f"{micro.shell.volume_fraction:g}", expected)


def _rod_share(micro: Rods, thickness: float) -> float:
    """Share of their layer that shells of a thickness take on equal rods that are whole."""
    low, high = micro.body.span(micro.inside)
    radii = np.full(math.prod(micro.count), 0.5 * micro.diameter)
    whole = np.ones(len(radii))
    more = rod_volume(micro, radii, whole, thickness) - rod_volume(micro, radii, whole, 0.0)
    return more / ((high - low) * math.prod(micro.body.sizes[:-1]))


def rod_volume(micro: Rods, radii: Floats, shares: Floats, grown: float) -> float:
    """Volume of the shares of all rods, grown on all sides but the floor, um^3 (um^2 in 2D)."""
    r, length = radii + grown, micro.length + grown
    if micro.body.flat:
        end = (2.0 - 0.5 * math.pi if micro.cap == "round" else 0.0) * r
        return float((shares * (2.0 * r * length - r * end)).sum())
    end = r * (1.0 / 3.0 if micro.cap == "round" else 0.0)
    return float((shares * math.pi * r**2 * (length - end)).sum())
