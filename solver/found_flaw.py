"""A crack that damage has found inside of a body: one straight line at any place and angle.

The line is that of the damage above one half, by its moments with the weight w = <d - 1/2>,

    x0 = int w x dA / int w dA,      its direction the axis of largest int w (x - x0)(x - x0) dA,

or that of a flaw of the case from which the damage has grown. Along it lies what is broken, from
`low` to `high`; across it nothing that is broken may be further away than l, and no piece of the
length l may be without: else the crack bends, forks, or there are several. All are sums, smallest
and largest values over the ranks.

Its length is what the damage has cost over the effective fracture energy (`solver.found_crack`). A
tip is not known better than l, the direction not better than

    dtheta = offset/(length/2),      offset the largest distance of what is broken from the line,

so that the error bars of a tip are those of the sharp crack plus

    dG = l sum |dG/da| + 2 G dtheta,      dK = K dG/(2 G) + |(K_I, K_II)| dtheta,

the sum over both tips: each of them moves the other.
"""

from dataclasses import dataclass, replace
from math import atan2, cos, hypot, inf, sin

import numpy as np
import ufl
from dolfinx import fem
from mpi4py import MPI

from meshes import faults
from meshes.layers import Block, Flaw
from solver import schema
from solver.fracture import origin
from solver.growth import BROKEN, Growth
from solver.growth_quantities import correction
from solver.hooke import Floats
from solver.mechanics import Mechanical

NAME = "found_crack"
SOUND = 0.5  # damage below it has no weight
BENDS = "undecided: the crack bends or forks, or there are several"
SEVERAL = "undecided: there are several cracks in a line"
FAR = "undecided: damage apart from the flaw"
MORE = (
    "undecided: the damage has cost {cost:.3g} um, the straight crack in it is {seen:.3g} um long"
)
OUTSIDE = "undecided: the crack is no flaw inside of one layer, or from its left face ({why})"


@dataclass(frozen=True)
class Line:
    """What is broken, along a line.

    Attributes:
        place: A point of the line (x, y) in the block, um.
        angle: Of its direction from the x axis, rad; above -pi/2, at most pi/2.
        low: Where it begins, from the place along the direction, um.
        high: Where it ends.
        offset: Largest distance from the line, um.
        gap: Whether a piece of the length l has nothing broken.
    """

    place: tuple[float, float]
    angle: float
    low: float
    high: float
    offset: float
    gap: bool

    def at(self, along: float) -> tuple[float, float]:
        """A point of the line."""
        x, y = self.place
        return x + along * cos(self.angle), y + along * sin(self.angle)


def with_found_flaw(case: schema.Case, growth: Growth) -> tuple[schema.Case, float] | str:
    """The case with the crack that was found as a flaw, without damage; collective.

    Args:
        case: A block with damage and without a crack in a plane of symmetry.
        growth: How its crack grew.

    Returns:
        It and how well the direction is known (rad), or why there is no such flaw.
    """
    mechanics, block = case.mechanics, case.geometry
    if mechanics is None or not isinstance(block, Block):
        raise ValueError("a case without a block")
    before = block.flaws[0] if block.flaws else None
    line = find_line(growth, block, before)
    near = float(growth.brittle.length.value)
    if line is None or line.offset > near:
        return FAR if before is not None else BENDS
    if line.gap:
        return SEVERAL
    flaw = _lengthened(before, line, growth) if before else _made(line, growth)
    if before is None and abs(flaw.length - (line.high - line.low)) > 4.0 * near:
        return MORE.format(cost=flaw.length, seen=line.high - line.low)
    made = replace(block, flaws=(flaw,))
    if why := faults.faults(made):
        return OUTSIDE.format(why=f"{why[0].given}: {why[0].expected}")
    faces = {
        name: face
        for name, face in mechanics.faces.items()
        if before is None or name != before.name
    }
    mechanics = replace(mechanics, damage=None, faces=faces)
    turn = line.offset / (0.5 * flaw.length)
    return replace(case, geometry=made, mechanics=mechanics, references=()), turn


def find_line(growth: Growth, block: Block, before: Flaw | None) -> Line | None:
    """The line along which a block has broken, that of a flaw if there is one; collective."""
    damage, comm = growth.damage, growth.brittle.domain.comm
    shift = origin(block)
    if before is None:
        place, angle = _axis(damage)
    else:
        place, angle = (before.x, before.y - shift), before.angle
    space = damage.function_space
    owned = space.dofmap.index_map.size_local
    broken = damage.x.array[:owned] >= BROKEN
    away = space.tabulate_dof_coordinates()[:owned][broken, :2] - place
    along = away @ (cos(angle), sin(angle))
    offset = comm.allreduce(
        float(np.abs(away @ (-sin(angle), cos(angle))).max(initial=0.0)), MPI.MAX
    )
    low = comm.allreduce(float(along.min(initial=inf)), MPI.MIN)
    high = comm.allreduce(float(along.max(initial=-inf)), MPI.MAX)
    if low > high:
        return None
    pieces = max(int((high - low) / float(growth.brittle.length.value)), 1)
    filled = np.histogram(along, pieces, (low, high + 1e-9))[0].astype(np.float64)
    if before is not None:  # of itself it is open
        middles = low + (np.arange(pieces) + 0.5) * (high - low) / pieces
        filled += (middles > 0.0) & (middles < before.length)
    comm.Allreduce(MPI.IN_PLACE, filled)
    gap = bool((filled == 0.0).any())
    return Line((place[0], place[1] + shift), angle, low, high, offset, gap)


def _axis(damage: fem.Function) -> tuple[tuple[float, float], float]:
    """Centroid (in the mesh) and direction of the damage above one half; collective."""
    mesh = damage.function_space.mesh
    x = ufl.SpatialCoordinate(mesh)
    weight = ufl.conditional(ufl.gt(damage, SOUND), damage - SOUND, 0.0)
    dx = ufl.Measure("dx", mesh, metadata={"quadrature_degree": 4})

    def moments(*factors: ufl.core.expr.Expr) -> Floats:
        parts = [fem.assemble_scalar(fem.form(f * weight * dx)) for f in factors]
        found = np.array(parts, dtype=np.float64)
        mesh.comm.Allreduce(MPI.IN_PLACE, found)
        return found

    whole, *first = moments(ufl.as_ufl(1.0), x[0], x[1])
    if whole <= 0.0:
        return (0.0, 0.0), 0.0
    place = (float(first[0] / whole), float(first[1] / whole))
    dx_, dy_ = x[0] - place[0], x[1] - place[1]
    xx, xy, yy = moments(dx_**2, dx_ * dy_, dy_**2)
    return place, 0.5 * atan2(2.0 * xy, xx - yy)


def _made(line: Line, growth: Growth) -> Flaw:
    """A new flaw around the middle of what is broken, or from the left face on."""
    near = float(growth.brittle.length.value)
    size = growth.area / correction(growth)
    start, angle = line.at(line.low)[0], line.angle
    if start <= near and cos(angle) > 0.0:  # it begins at the surface x = 0
        along = -line.place[0] / cos(angle)
        return Flaw(NAME, 0.0, line.at(along)[1], size, angle)
    middle = 0.5 * (line.low + line.high)
    x, y = line.at(middle - 0.5 * size)
    return Flaw(NAME, x, y, size, angle)


def _lengthened(before: Flaw, line: Line, growth: Growth) -> Flaw:
    """A flaw of the case, longer at either end by its share of what has broken."""
    size = growth.area / correction(growth)
    behind = 0.0 if before.emerges else max(-line.low, 0.0)
    beyond = max(line.high - before.length, 0.0)
    if behind + beyond == 0.0:
        return replace(before, name=NAME)
    share = size / (behind + beyond)
    x, y = line.at(-share * behind) if behind else (before.x, before.y)
    return replace(before, name=NAME, x=x, y=y, length=before.length + size)


def widened(found: Mechanical, uncertain: float, turn: float) -> Mechanical:
    """The same with the error bars of a line of which the ends and the direction are not exact.

    Args:
        found: Of the sharp crack.
        uncertain: How well a tip is known, um.
        turn: How well the direction is known, rad.
    """
    length = uncertain * sum(abs(force.slope) + force.slope_bar for _, force in found.tips)
    more = [length + 2.0 * abs(force.value) * turn for _, force in found.tips]
    bars = tuple(bar + extra for bar, extra in zip(found.bars, more, strict=True))
    shares = [0.5 * length / abs(force.value) if force.value else 0.0 for _, force in found.tips]
    wide = tuple(
        bar + hypot(*modes.values) * (share + turn)
        for bar, modes, share in zip(
            found.intensity_bars, found.intensities, shares[: len(found.intensities)], strict=True
        )
    )
    return replace(found, bar=max(bars, default=found.bar), bars=bars, intensity_bars=wide)
