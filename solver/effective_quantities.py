"""The numbers of a periodic cell: tensors by component, moduli, and closed bounds beside them."""

from dataclasses import replace
from math import inf, isfinite

import numpy as np
import numpy.typing as npt

from solver.effective import NEGLIGIBLE, Conductivity, Effective, Stiffness, volume_shares
from solver.effective_stiffness import hashin_shtrikman_moduli
from solver.hooke import XX, XY, YZ, is_isotropic
from solver.known import PAIRS
from solver.partner_quantities import three_point_quantities, traction_quantities
from solver.quantities import Bound, Quantity
from solver.tensor_bounds import Between, hashin_shtrikman, series_and_parallel
from solver.units import in_unit

Floats = npt.NDArray[np.float64]
CONDUCTIVITY, MODULUS = "mS/cm", "MPa"
PROVED = 1e4  # rounding of a matrix with a null space, over that of others
AXES = "xyz"


def effective_quantities(found: Effective) -> list[Quantity]:
    """All numbers of a cell."""
    out: list[Quantity] = []
    built = None
    if found.conductivity is not None:
        built = found.conductivity.cell.domain.built
        out += _of_conductivity(found.conductivity)
    if found.three_point is not None:
        out += three_point_quantities(found.three_point)
    if found.stiffness is not None:
        built = found.stiffness.cell.domain.built
        out += _of_stiffness(found.stiffness)
        if found.tractions is not None:
            out += traction_quantities(found.tractions, found.stiffness.cell.strains)
    shares = {} if built is None or built.parts else volume_shares(built)
    return out + [
        Quantity(f"volume_fraction.{name}", share, "1", meaning=f"Of {name} in the mesh.")
        for name, share in shares.items()
    ]


def _of_conductivity(found: Conductivity) -> list[Quantity]:
    def shown(value: float) -> float:
        return in_unit(value, CONDUCTIVITY)

    def bounded(name: str, value: float, low: float, high: float, meaning: str) -> Quantity:
        ends = shown(low), shown(high)
        return Quantity(name, shown(value), CONDUCTIVITY, *ends, "guaranteed", meaning)

    tensor, meant = found.tensor, found.meant
    text = "Mean over the axes: the effective conductivity where it is isotropic."
    value = sum(tensor.mean()) / 2.0
    out = [bounded("effective_conductivity", value, *meant.mean(), text)]
    half, middle = meant.half_width(), meant.value
    for i in range(len(half)):
        for j in range(i, len(half)):
            name = f"effective_conductivity.{AXES[i]}{AXES[j]}"
            text = f"Mean current density along {AXES[i]} over the mean field along {AXES[j]}."
            low, high = float(middle[i, j] - half[i, j]), float(middle[i, j] + half[i, j])
            out.append(bounded(name, float(tensor.value[i, j]), low, high, text))
    values = np.linalg.eigvalsh(tensor.value)
    text = "Largest over smallest principal value of the middle of the bounds."
    if values[-1] > 0.0:  # infinite where there is no path along some direction
        ratio = float(values[-1] / values[0]) if values[0] > 0.0 else inf
        out.append(Quantity("anisotropy", ratio, "1", meaning=text))
    shares = volume_shares(found.cell.domain.built)
    laws = [found.cell.conductivity[name] for name in shares]
    parts = [*shares.values(), max(1.0 - sum(shares.values()), 0.0)]
    parts[-1] = parts[-1] if parts[-1] > 1e-9 else 0.0  # what is left out insulates
    series, parallel = series_and_parallel(parts, [*laws, 0.0])
    below, above = hashin_shtrikman(parts, [*laws, 0.0], len(half))
    for name, value, text in (
        ("series_conductivity", series, "All phases one behind the other: the least possible."),
        ("parallel_conductivity", parallel, "All phases side by side: the most possible."),
        ("hashin_shtrikman_lower", below, "The least of a statistically isotropic mixture."),
        ("hashin_shtrikman_upper", above, "The most of a statistically isotropic mixture."),
    ):
        if isfinite(value):
            out.append(Quantity(name, shown(value), CONDUCTIVITY, meaning=text))
    return out


def _of_stiffness(found: Stiffness) -> list[Quantity]:
    which = found.cell.strains
    upper = found.periodic.tensor
    wide = 1e-12 * float(np.trace(upper)) * np.eye(len(which))
    if found.proved is not None and np.linalg.eigvalsh(found.proved - PROVED * wide)[0] <= 0.0:
        # rounding of a stiff direction can be more than a soft one has
        found = replace(found, proved=None, unproved=0.0)
    between = Between(found.reuss - wide, upper + wide)
    text = "Mean stress over mean strain, periodic sides; bounds: Reuss, and this finite element."
    if found.proved is not None:
        between = Between(found.proved - PROVED * wide, upper + wide)
        text = text.replace("Reuss", "stresses in equilibrium")
    bound: Bound = "guaranteed" if found.unproved <= NEGLIGIBLE else "estimated"
    out = []
    middle, half = between.value, between.half_width()
    for i, row in enumerate(which):
        for j, column in enumerate(which[i:], start=i):
            low, high = float(middle[i, j] - half[i, j]), float(middle[i, j] + half[i, j])
            name = f"effective_stiffness.{PAIRS[row]}{PAIRS[column]}"
            out.append(_modulus(name, float(upper[i, j]), low, high, bound, text))
    trace = np.array([1.0 if k < 3 else 0.0 for k in which]) / 3.0
    low, value, high = (float(trace @ t @ trace) for t in (between.lower, upper, between.upper))
    text = "Mean pressure over the change of volume under the same strain along all axes."
    out.append(_modulus("effective_bulk_modulus", value, low, high, bound, text))
    out += _engineering(found, between, bound)
    if len(which) == 6:
        out += _of_isotropic_mixtures(found)
    return out


def _modulus(
    name: str, value: float, low: float, high: float, kind: Bound, meaning: str
) -> Quantity:
    return Quantity(name, value, MODULUS, low, high, kind, meaning)


def _engineering(found: Stiffness, between: Between, bound: Bound) -> list[Quantity]:
    """Moduli from the compliances; that of Reuss is none where there are voids."""
    which = found.cell.strains
    compliance = np.linalg.inv(found.periodic.tensor)
    high = np.linalg.inv(between.upper)
    low = np.linalg.inv(found.reuss) if found.reuss.any() else np.full_like(compliance, inf)
    least = low if found.proved is None else np.linalg.inv(between.lower)
    beside = {
        "affine": np.linalg.inv(found.affine),
        "voigt": np.linalg.inv(found.voigt),
        "reuss": low,
    }
    out = []
    for i, k in enumerate(which):
        ends = 1.0 / float(least[i, i]), 1.0 / float(high[i, i])
        if k < 3:
            text = f"Stress over strain along {AXES[k]}, stressed along it alone."
            name = f"effective_youngs_modulus.{AXES[k]}"
        else:
            text = "Shear stress over shear strain, without any other stress."
            name = f"effective_shear_modulus.{PAIRS[k]}"
        out.append(_modulus(name, 1.0 / float(compliance[i, i]), *ends, bound, text))
        if k < 3:
            for key, tensor in beside.items():
                text = {
                    "affine": "The same with affine displacements of the sides: an upper bound.",
                    "voigt": "The same with the strain uniform: an upper bound.",
                    "reuss": "The same with the stress uniform: a lower bound.",
                }[key]
                value = 1.0 / float(tensor[i, i])
                out.append(
                    Quantity(f"{key}_youngs_modulus.{AXES[k]}", value, MODULUS, meaning=text)
                )
    for i, j in ((0, 1), (0, 2), (1, 2)):
        value = -float(compliance[i, j] / compliance[i, i])
        text = f"Contraction along {AXES[j]} over the strain along {AXES[i]}."
        out.append(
            Quantity(f"effective_poissons_ratio.{AXES[i]}{AXES[j]}", value, "1", meaning=text)
        )
    return out


def _of_isotropic_mixtures(found: Stiffness) -> list[Quantity]:
    """Hashin and Shtrikman, where all phases are isotropic."""
    laws = found.cell.stiffness
    if not all(is_isotropic(law) for law in laws.values()):
        return []
    shares = volume_shares(found.cell.domain.built)
    parts = list(shares.values())
    bulk = [float(laws[n][XX, XX] - 4.0 * laws[n][YZ, YZ] / 3.0) for n in shares]
    shear = [float(laws[n][XY, XY]) for n in shares]
    if sum(parts) < 1.0 - 1e-9:
        parts, bulk, shear = [*parts, 1.0 - sum(parts)], [*bulk, 0.0], [*shear, 0.0]
    found_bulk, found_shear = hashin_shtrikman_moduli(parts, bulk, shear)
    text = "Of a statistically isotropic mixture."
    return [
        Quantity(f"hashin_shtrikman_{name}_modulus_{end}", value, MODULUS, meaning=text)
        for name, pair in (("bulk", found_bulk), ("shear", found_shear))
        for end, value in zip(("lower", "upper"), pair, strict=True)
    ]
