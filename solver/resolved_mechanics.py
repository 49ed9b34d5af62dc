"""The tables [mechanics] and [load] of a case with every value in force."""

from dataclasses import replace
from typing import Any

from solver import mechanics_schema, units
from solver.faults import key_path
from solver.given import Given, value
from solver.toml_text import Tree

MECHANICAL: dict[str, units.Kind] = {
    "youngs_modulus": "stress",
    "c11": "stress",
    "c12": "stress",
    "c44": "stress",
    **dict.fromkeys(("e1", "e2", "e3", "g12", "g13", "g23"), "stress"),
    "thermal_expansion": "thermal_expansion",
    "stiffness": "spring_stiffness",
    "angle": "angle",
    "misfit_angle": "angle",
    "residual_stress": "stress",
    "fracture_energy": "energy_release_rate",
    "fracture_toughness": "fracture_toughness",
    "pressure": "stress",
    "shear": "stress",
    "normal": "length",
    "tangential": "length",
    "overpotential": "potential",
    "strength": "stress",
    "radius": "length",
    "depth": "length",
    "dry_length": "length",
    "width": "length",
    "yield_stress": "stress",
    "contact_limit": "stress",
    "start": "length",
    "end": "length",
    "shear_strength": "stress",
    "shear_fracture_energy": "energy_release_rate",
    "hardening_modulus": "stress",
    "stress": "stress",
    "rate": "rate",
    "activation_energy": "molar_energy",
    "reference_temperature": "temperature",
    "initial_resistance": "stress",
    "saturation_resistance": "stress",
}
LAWS = {"moved": "displacement"}  # the others have the names of their classes


def mechanics_tree(mechanics: mechanics_schema.Mechanics, plane: bool, given: Given) -> Tree:
    """The table [mechanics]."""
    tree: Tree = {"plane": mechanics.plane} if plane else {}
    if mechanics.opens_slit:
        tree["opens_slit"] = True
    tree["solids"] = {
        name: {
            **_mechanical(("mechanics", "solids", name), solid.elastic, given),
            **_numbers(("mechanics", "solids", name), vars(solid), given),
            **({"deflections": "large"} if solid.large else {}),
            **({"formulation": "mixed"} if solid.mixed else {}),
            **_flow(name, solid.flow, given),
            **_graded(name, solid.graded, given),
            **_misfit(name, solid.misfit_strains, given),
        }
        for name, solid in mechanics.solids.items()
    }
    if mechanics.faces:
        tree["faces"] = {
            name: {
                **_mechanical(("mechanics", "faces", name), _as_written(face), given),
                **_flaw_creep(name, face, given),
            }
            for name, face in mechanics.faces.items()
        }
    if mechanics.interfaces:
        tree["interfaces"] = {
            name: _mechanical(("mechanics", "interfaces", name), joint, given)
            for name, joint in mechanics.interfaces.items()
        }
    if mechanics.empty:
        tree["empty"] = list(mechanics.empty)
    if mechanics.cut is not None:
        tree["cut"] = {"face": mechanics.cut.face, "layer": mechanics.cut.layer}
    if mechanics.damage is not None:
        damage = vars(mechanics.damage)
        length = value("mechanics.damage.length", mechanics.damage.length, "length", given)
        others = {**damage, "sound": list(mechanics.damage.sound), "length": length}
        tree["damage"] = {"law": "at1", **others}
    return tree


def _flow(name: str, flow: mechanics_schema.Flow | None, given: Given) -> Tree:
    if flow is None:
        return {}
    tree = _mechanical(("mechanics", "solids", name, "flow"), flow, given)
    if isinstance(flow, mechanics_schema.Creep) and "activation_energy" not in tree:
        del tree["reference_temperature"]  # means nothing without
    return {"flow": tree}


def _graded(name: str, law: mechanics_schema.Graded | None, given: Given) -> Tree:
    if law is None:
        return {}
    path = ("mechanics", "solids", name, "graded")
    lists: tuple[tuple[str, tuple[float, ...], units.Kind], ...] = (
        ("at", law.at, "length"), ("factors", law.factors, "dimensionless"),
    )  # fmt: skip
    tree: Tree = {"along": law.along, "between": law.between}
    for key, numbers, kind in lists:
        each = enumerate(numbers)
        tree[key] = [value(key_path((*path, key, i)), x, kind, given) for i, x in each]
    return {"graded": tree}


def _as_written(face: mechanics_schema.Face) -> mechanics_schema.Face:
    """Without the stress that follows from a law of creep."""
    if isinstance(face, mechanics_schema.Lithium) and face.creep is not None:
        return replace(face, yield_stress=None, creep=None)
    return face


def _flaw_creep(name: str, face: mechanics_schema.Face, given: Given) -> Tree:
    """The law of lithium that creeps in a flaw, instead of the stress that it makes."""
    if not isinstance(face, mechanics_schema.Lithium) or face.creep is None:
        return {}
    path = ("mechanics", "faces", name, "creep")
    tree = _mechanical(path, face.creep.law, given)
    if "activation_energy" not in tree:
        del tree["reference_temperature"]  # means nothing without
    rate, warm = face.creep.flow_rate, face.creep.temperature
    tree["flow_rate"] = value(key_path((*path, "flow_rate")), rate, "rate", given)
    tree["temperature"] = value(key_path((*path, "temperature")), warm, "temperature", given)
    return {"creep": tree}


def _misfit(name: str, strains: tuple[float, ...], given: Given) -> Tree:
    path = ("mechanics", "solids", name, "misfit_strains")
    each = [value(key_path((*path, i)), x, "dimensionless", given) for i, x in enumerate(strains)]
    return {"misfit_strains": each} if each else {}


def _history(history: mechanics_schema.History, given: Given) -> Tree:
    tree: Tree = {}
    usual = mechanics_schema.History()
    if history.duration is not None:
        tree["duration"] = value("load.duration", history.duration, "time", given)
    if history.temperature != usual.temperature or "load.temperature" in given:
        tree["temperature"] = value("load.temperature", history.temperature, "temperature", given)
    if history.ramp:
        tree["ramp"] = value("load.ramp", history.ramp, "time", given)
    if history.steps is not None:
        tree["steps"] = history.steps
    elif history.duration is not None:
        tree["step_error"] = history.step_error
    return tree


def _mechanical(path: tuple[str, ...], law: object, given: Given) -> Tree:
    word = type(law).__name__.lower()
    words = {
        name: value for name, value in vars(law).items() if type(value) in (str, int) and value
    }
    flags = {name: True for name, value in vars(law).items() if value is True}
    return {"law": LAWS.get(word, word), **words, **flags, **_numbers(path, vars(law), given)}


def _numbers(path: tuple[str, ...], found: dict[str, Any], given: Given) -> Tree:
    """The numbers of a law; a zero that the case does not give is left out."""
    out: Tree = {}
    for name, number in found.items():
        key = key_path((*path, name))
        if isinstance(number, float) and (number or key in given):
            out[name] = value(key, number, MECHANICAL.get(name, "dimensionless"), given)
    return out


def load_tree(mechanics: mechanics_schema.Mechanics, given: Given) -> Tree:
    """The table [load]; empty if it says nothing."""
    load = _history(mechanics.history, given)
    if mechanics.stretch is not None:
        load["stretch"] = value("load.stretch", mechanics.stretch, "dimensionless", given)
    warmer = mechanics.temperature_change
    if warmer or "load.temperature_change" in given:
        key = "load.temperature_change"
        load["temperature_change"] = value(key, warmer, "temperature", given)
    if any(mechanics.body_force):
        parts = enumerate(mechanics.body_force)
        load["body_force"] = [
            value(key_path(("load", "body_force", i)), part, "body_force", given)
            for i, part in parts
        ]
    return load
