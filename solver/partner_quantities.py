"""Numbers beside the effective properties of a cell: three-point bounds, uniform tractions."""

from math import isfinite

import numpy as np
import numpy.typing as npt

from solver.known import PAIRS
from solver.quantities import Quantity
from solver.three_point import ThreePoint
from solver.uniform_tractions import Tractions
from solver.units import in_unit

Floats = npt.NDArray[np.float64]
CONDUCTIVITY, MODULUS = "mS/cm", "MPa"
AXES = "xyz"


def three_point_quantities(found: ThreePoint) -> list[Quantity]:
    """Both bounds by axis and their means, depolarising factors, the parameter zeta.

    The value of a bound is the proved one; its error bar ends at that of the other element.
    """
    other = found.continuous.lower(found.poor, found.good)
    out = _bounds("three_point_lower", found.lower, other, "The least")
    other = found.middles.upper(found.poor, found.good)
    out += _bounds("three_point_upper", found.upper, other, "The most")
    ends = [np.diag(m.depolarising()) for m in (found.continuous, found.middles)]
    text = "Of the geometry along this axis: they add to 1, and are equal if it is isotropic."
    for axis, low, high in zip(AXES, *ends, strict=False):
        wide = 1e-12  # rounding
        out.append(
            Quantity(
                f"depolarising_factor.{axis}", float(low + high) / 2.0, "1",
                float(low) - wide, float(high) + wide, "guaranteed", text,
            )
        )  # fmt: skip
    zeta = [m.parameter() for m in (found.continuous, found.middles)]
    text = f"Zeta of {', '.join(found.regions)}: 0 where the rest encloses it, 1 where it does."
    return [
        *out,
        Quantity("three_point_parameter", zeta[0], "1", min(zeta), max(zeta), "estimated", text),
    ]


def _bounds(name: str, proved: Floats, other: Floats, which: str) -> list[Quantity]:
    """By axis, and the mean; what is infinite is left out."""
    ends = [np.diag(side) for side in (proved, other)]
    parts = [(name, float(ends[0].mean()), float(ends[1].mean()), "the mean over the axes")]
    parts += [
        (f"{name}.{axis}{axis}", float(one), float(two), f"along {axis}")
        for axis, one, two in zip(AXES, *ends, strict=False)
    ]
    out = []
    for key, value, far, place in parts:
        if isfinite(value) and isfinite(far):
            value, far = in_unit(value, CONDUCTIVITY), in_unit(far, CONDUCTIVITY)
            text = f"{which} of two phases of this three-point geometry, {place}; proved here."
            low, high = min(value, far), max(value, far)
            out.append(Quantity(key, value, CONDUCTIVITY, low, high, "estimated", text))
    return out


def traction_quantities(found: Tractions, strains: list[int]) -> list[Quantity]:
    """Moduli and components with uniform tractions on the sides.

    Args:
        found: The stiffness.
        strains: What its rows and columns are, of the six.
    """
    text = "Stiffness with uniform tractions on the sides: an estimated lower bound."
    out = [
        Quantity(
            f"traction_stiffness.{PAIRS[row]}{PAIRS[column]}", float(found.tensor[i, j]), MODULUS,
            meaning=text,
        )
        for i, row in enumerate(strains)
        for j, column in enumerate(strains)
        if j >= i
    ]  # fmt: skip
    compliance = np.diag(np.linalg.inv(found.tensor))
    for k, value in zip(strains, compliance, strict=True):
        if k < 3:
            name = f"traction_youngs_modulus.{AXES[k]}"
            text = f"Stress over strain along {AXES[k]}, uniform tractions: estimated from below."
        else:
            name = f"traction_shear_modulus.{PAIRS[k]}"
            text = "Shear stress over shear strain, uniform tractions: estimated from below."
        out.append(Quantity(name, 1.0 / float(value), MODULUS, meaning=text))
    return out
