"""The data of an interface between two layers that may open, slide or tear (working units)."""

from dataclasses import dataclass
from math import inf
from typing import Literal

Law = Literal["bonded", "free", "contact", "cohesive"]


@dataclass(frozen=True)
class Joint:
    """How two layers hold together.

    Attributes:
        law: `bonded`: they do. `free`: they do not, and may even overlap. `contact`: they may part
            but not overlap. `cohesive`: they hold up to a strength, then tear.
        start: Where a part begins that has come off (um along x); None: no such part. Of `free` and
            `contact` the rest is bonded, of `cohesive` it may still tear; without such a part the
            law is that of the whole interface.
        end: Where it ends.
        friction: Of contact: `none`, or `sticking`: no sliding where the faces are pressed.
        fracture_energy: Of opening, J/m^2; None if not given.
        strength: Largest normal traction, MPa.
        shear_strength: Largest shear traction, MPa.
        shear_fracture_energy: Of sliding, J/m^2.
        exponent: Of Benzeggagh and Kenane; None: `solver.cohesive` has one.
        softening: Shape of the traction beyond its peak.
        rigidity: Final opening over the opening at the peak (exponential: twice the energy over
            strength and opening at the peak); the initial stiffness is that of this ratio.
        steps: Of the load, at least; 0: all of it at once.
    """

    law: Law
    start: float | None = None
    end: float | None = None
    friction: Literal["", "none", "sticking"] = ""
    fracture_energy: float | None = None
    strength: float | None = None
    shear_strength: float | None = None
    shear_fracture_energy: float | None = None
    exponent: float | None = None
    softening: Literal["", "bilinear", "exponential"] = ""
    rigidity: float | None = None
    steps: int = 0

    @property
    def tears(self) -> bool:
        """Whether it holds together up to a strength."""
        return self.law == "cohesive"

    def reach(self, width: float) -> tuple[float, float]:
        """Ends (um) of the part that has come off; empty (inf, -inf) if there is none."""
        if self.start is not None and self.end is not None:
            return self.start, self.end
        return (0.0, width) if self.law in ("free", "contact") else (inf, -inf)


def tips(joint: Joint, width: float) -> tuple[tuple[float, float], ...]:
    """Tips (x, direction of growth) of a part that has come off and is bonded beyond."""
    if joint.law not in ("free", "contact"):
        return ()
    low, high = joint.reach(width)
    found = ((high, 1.0), (low, -1.0))
    return tuple((x, way) for x, way in found if 0.0 < x < width)
