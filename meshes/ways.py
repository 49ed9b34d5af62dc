"""Which fibres hang together, and which one would close a way from the bottom to the top.

Two fibres hang together where their faces are nearer than some room, across periods too. In a layer
with a bottom and a top a fibre near both, or near fibres that hang together with either, closes a
way. Where the top is the image of the bottom, every fibre is some number of periods above the first
one of its group; a fibre that one group would put at two heights closes a way, and so does one that
is near its own image a period higher.
"""

import numpy as np
from numpy.typing import NDArray

from meshes.distances import pieces

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BOTTOM, TOP = 0, 1  # groups


class Ways:
    """Fibres placed so far, the group and the height of each, in periods."""

    def __init__(self, span: tuple[float, float], room: float, periods: Floats) -> None:
        """Nothing placed yet.

        Args:
            span: lower and upper face of the layer, um.
            room: faces nearer than this hang together, um.
            periods: along every axis, um; 0 for none.
        """
        self.span, self.room, self.periods = span, room, periods
        dim = len(periods)
        self.middles: Floats = np.empty((0, dim))  # of every piece of a fibre
        self.halves: Floats = np.empty((0, dim))
        self.radii: Floats = np.empty(0)
        self.fibre: Ints = np.empty(0, np.int64)
        self.groups: Ints = np.empty(0, np.int64)  # of every fibre
        self.heights: Ints = np.empty(0, np.int64)

    def would_close(self, centre: Floats, half: Floats, radius: float) -> bool:
        """Whether a fibre closes a way from the bottom to the top; if not, it is kept."""
        number = len(self.groups)
        middles, halves, radii = pieces(centre[None], half[None], np.array([radius]), self.periods)
        around = self.periods[-1] > 0.0
        near = (
            np.concatenate([self.middles, middles]), np.concatenate([self.halves, halves]),
            np.concatenate([self.radii, radii]),
            np.concatenate([self.fibre, np.full(len(radii), number)]),
        )  # fmt: skip
        met, steps = self._met(middles, halves, radius, near)
        if (steps[met == number] != 0).any():
            return True
        others = met != number
        groups = self.groups[met[others]]
        heights = self.heights[met[others]] + steps[others]
        if not around:
            reach = radius + self.room
            ends = centre[-1] + np.array([-1.0, 1.0]) * abs(half[-1])
            below, above = ends[0] - reach < self.span[0], ends[1] + reach > self.span[1]
            faces = np.array([BOTTOM] * int(below) + [TOP] * int(above), np.int64)
            groups = np.concatenate([groups, faces])
            heights = np.zeros(len(groups), np.int64)
        known, first = np.unique(groups, return_index=True)
        if (not around and len(np.intersect1d(known, [BOTTOM, TOP])) == 2) or (
            heights != heights[first][np.searchsorted(known, groups)]
        ).any():
            return True
        # all groups that it meets become one, at heights over this fibre
        mine = int(known[0]) if len(known) else number + 2
        at = np.isin(self.groups, known)
        lifts = heights[first][np.searchsorted(known, self.groups[at])]
        self.heights[at] -= lifts
        self.groups[at] = mine
        self.groups = np.append(self.groups, mine)
        self.heights = np.append(self.heights, 0)
        self.middles, self.halves, self.radii, self.fibre = near
        return False

    def _met(
        self, middles: Floats, halves: Floats, radius: float,
        near: tuple[Floats, Floats, Floats, Ints],
    ) -> tuple[Ints, Ints]:  # fmt: skip
        """Fibres that pieces of a new one are near, and how many periods it is above each."""
        lengths = np.sqrt((near[1] ** 2).sum(axis=1))
        longest = float(np.sqrt((halves**2).sum(axis=1)).max())
        met, steps = [], []
        ways = (-1, 0, 1) if self.periods[-1] > 0.0 else (0,)
        for middle, half in zip(middles, halves, strict=True):
            away = near[0] - middle
            turns = np.zeros(len(away), np.int64)
            for axis, period in enumerate(self.periods):
                if period > 0.0:
                    turns = np.round(away[:, axis] / period).astype(np.int64)
                    away[:, axis] -= period * turns
            for way in ways:
                moved = away.copy()
                moved[:, -1] += way * self.periods[-1]
                reach = lengths + longest + near[2] + radius + self.room
                close = np.flatnonzero((moved**2).sum(axis=1) < reach**2)
                far = distances_of_segments(half, moved[close], near[1][close])
                touch = close[far < near[2][close] + radius + self.room]
                met.append(near[3][touch])
                up = turns[touch] - way if self.periods[-1] > 0.0 else np.zeros_like(touch)
                steps.append(up)
        return np.concatenate(met), np.concatenate(steps)


def distances_of_segments(half: Floats, middles: Floats, halves: Floats) -> Floats:
    """Distances of segments from one whose middle is the origin.

    Args:
        half: vector from there to one end of it, shape (dim,).
        middles: of the others, shape (n, dim).
        halves: vectors from these to one end, shape (n, dim).
    """
    a = max(float(half @ half), 1e-300)
    b, c = halves @ half, np.maximum((halves**2).sum(axis=1), 1e-300)
    d, e = middles @ half, (middles * halves).sum(axis=1)
    # least of |s half - middle - t halves| over s, t in [-1, 1]: first without, then with bounds
    flat = a * c - b * b
    slanted = flat > 1e-12 * a * c
    s = np.clip(np.where(slanted, (d * c - b * e) / np.where(slanted, flat, 1.0), 0.0), -1.0, 1.0)
    t = np.clip((s * b - e) / c, -1.0, 1.0)
    s = np.clip((d + t * b) / a, -1.0, 1.0)
    t = np.clip((s * b - e) / c, -1.0, 1.0)
    away = s[:, None] * half - middles - t[:, None] * halves
    return np.asarray(np.sqrt((away**2).sum(axis=1)))
