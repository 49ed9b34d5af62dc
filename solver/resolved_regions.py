"""Alloys and mixed conductors in the text of a resolved case."""

from typing import Any

from solver import units
from solver.faults import key_path
from solver.given import Given, value
from solver.march_schema import Curve
from solver.region_schema import Alloy, MixedConductor
from solver.resolved_march import kinetics_tree

Tree = dict[str, Any]


def alloy_tree(name: str, law: Alloy, given: Given) -> Tree:
    """The table of a region."""
    path = ("regions", name)
    numbers: tuple[tuple[str, float, units.Kind], ...] = (
        ("fraction", law.fraction, "dimensionless"),
        ("site_concentration", law.site_concentration, "concentration"),
        ("partial_molar_volume", law.partial_molar_volume, "molar_volume"),
        ("stress_gradient", law.stress_gradient, "spring_stiffness"),
    )
    tree: Tree = {"law": "alloy"}
    for key, number, kind in numbers:
        place = key_path((*path, key))
        if place in given or number != 0.0:
            tree[key] = value(place, number, kind, given)
    curves: tuple[tuple[str, Curve | None, units.Kind], ...] = (
        ("diffusivity", law.diffusivity, "diffusivity"),
        ("equilibrium_potential", law.equilibrium_potential, "potential"),
    )
    for key, curve, kind in curves:
        if curve is not None:
            tree[key] = _curve(key_path((*path, key)), curve, kind, given)
    if law.held is not None:
        held = (*path, "held")
        modulus, ratio = law.held.youngs_modulus, law.held.poissons_ratio
        tree["held"] = {
            "youngs_modulus": value(key_path((*held, "youngs_modulus")), modulus, "stress", given),
            "poissons_ratio": value(
                key_path((*held, "poissons_ratio")), ratio, "dimensionless", given
            ),
        }
    return tree


def _curve(key: str, curve: Curve, kind: units.Kind, given: Given) -> Any:
    if not curve.concentrations:
        return value(key, curve.values[0], kind, given)
    unit = units.DISPLAY[kind][0]
    return {
        "fractions": list(curve.concentrations),
        "values": [units.format_value(v, unit) for v in curve.values],
        "source": curve.source,
        "role": curve.role,
    }


def mixed_tree(name: str, law: MixedConductor, given: Given) -> Tree:
    """The table of a region."""
    path = ("regions", name)
    numbers: tuple[tuple[str, float, units.Kind], ...] = (
        ("ionic_conductivity", law.ionic_conductivity, "conductivity"),
        ("electronic_conductivity", law.electronic_conductivity, "conductivity"),
        ("area_per_volume", law.area_per_volume, "area_per_volume"),
    )
    tree: Tree = {"law": "mixed_conductor"}
    for key, number, kind in numbers:
        tree[key] = value(key_path((*path, key)), number, kind, given)
    tree["kinetics"] = kinetics_tree(name, law.kinetics, given, "regions")
    return tree
