"""Quantities of interest, each with its unit, its bounds and what kind of bounds they are.

Areas: resistances are of the whole cell, not of the symmetry-reduced part; area-specific ones refer
to the area of the whole cell in the plane. The excess is over the stack without damage: all layers
above and below the film plus the contact resistance over the full area, without the film.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from math import inf, isfinite
from typing import Literal

from dolfinx import fem

from meshes.geometry import Cell, NoOpening, Round, TwoDiscs
from meshes.mesh import BuiltMesh
from meshes.micro import Micro, Rough
from solver import schema, transport
from solver.bounds import Certificate
from solver.domain import Domain, coordinates, facet_entities, facet_measure, regions_at
from solver.meshing import section_along
from solver.micro_resistance import flattened, plain_layers
from solver.model import Model
from solver.stoichiometry import Amount
from solver.units import in_unit

Bound = Literal["guaranteed", "estimated", "none"]
ASR = "ohm cm^2"


@dataclass(frozen=True)
class Quantity:
    """A number with its error bar; values in `unit`.

    Attributes:
        name: Key for references and scripts.
        value: The number, or a text such as "unbounded".
        unit: Unit of value, lower, upper and reported.
        lower: Lower bound.
        upper: Upper bound.
        bound: `guaranteed` (proved), `estimated`, or `none`.
        meaning: One sentence.
        reported: Value of the paper or of the exact solution.
        source: Where that stands.
        grade: How it may be compared (P predicted, R ratio or order, C calibrated, N not scored,
            E an estimate of another model, no number of a paper).
        hit: Whether the comparison holds.
        reason: Why it misses.
    """

    name: str
    value: float | str | None
    unit: str
    lower: float | None = None
    upper: float | None = None
    bound: Bound = "none"
    meaning: str = ""
    reported: float | str | None = None
    source: str = ""
    grade: str = ""
    hit: bool | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        """Without an error bar there is no kind of it."""
        if self.lower is None and self.upper is None:
            object.__setattr__(self, "bound", "none")


def from_amount(amount: Amount) -> Quantity:
    """A number of a balance: exact arithmetic of its inputs, without bounds."""
    return Quantity(amount.name, amount.value, amount.unit, meaning=amount.meaning)


@dataclass(frozen=True)
class Stack:
    """Exact series resistances of the stack, V um^2/pA.

    Attributes:
        layers: Layers above and below the film.
        contacts: Contact resistances at both ends and between the layers.
        opening: Contact resistances in the opening, over the full area.
        film: The intact film with its contact resistances.
    """

    layers: float
    contacts: float
    opening: float
    film: float

    @property
    def bare(self) -> float:
        """Without film."""
        return self.layers + self.contacts + self.opening

    @property
    def intact(self) -> float:
        """With the film all over."""
        return self.layers + self.contacts + self.film


def series_stack(case: schema.Case, model: Model) -> Stack | None:
    """The flat stack of a built-in cell; None for a mesh from a file or a half space."""
    cell = case.geometry
    if not isinstance(cell, Cell) or cell.shape.startswith("half_space"):
        return None
    stack = (*cell.above, *cell.below)
    layers = sum(
        layer.thickness / model.conductivity[layer.name]
        for layer in stack
        if layer.name in model.conductivity
    )
    film = 0.0
    if cell.film is not None:
        law = case.regions.get("film")
        if isinstance(law, schema.IonicConductor):
            film = cell.film.thickness / law.conductivity
        elif isinstance(law, schema.Insulator):
            film = inf
    names = {layer.name for layer in stack}
    ends = {"top", "bottom", *(f"{name}_surface" for name in names)}
    contacts, opening = 0.0, 0.0
    for name, resistance in _resistances(case):
        sides = name.split("|")
        if name in ends or names.issuperset(sides):
            contacts += resistance
        elif name == "window" or "filling" in sides:
            opening += resistance
        elif name in ("film", "film_face") or "film" in sides:
            film += resistance
    return Stack(layers, contacts, opening, film)


def _resistances(case: schema.Case) -> Iterator[tuple[str, float]]:
    """Area-specific resistances of contacts and interfaces by name."""
    for name, boundary in case.boundaries.items():
        if isinstance(boundary, schema.Electrode):
            yield name, boundary.area_specific_resistance
    for name, interface in case.interfaces.items():
        if isinstance(interface, schema.Resistive):
            yield name, interface.area_specific_resistance
        elif isinstance(interface, schema.Insulating):
            yield name, inf


def reference_resistance(case: schema.Case, model: Model, built: BuiltMesh) -> float:
    """Resistance of the whole cell without the damage (0 if there is no such thing), V/pA."""
    stack = series_stack(case, model)
    if stack is None:
        return 0.0
    whole = isinstance(case.geometry, Cell) and isinstance(case.geometry.opening, NoOpening)
    return (stack.intact if whole else stack.bare) / built.cell_area


def resistances(
    case: schema.Case, model: Model, built: BuiltMesh, certificate: Certificate
) -> list[Quantity]:
    """Everything that follows from the bounds of the resistance of the whole cell."""
    plane, area = built.dimension == "plane", built.cell_area
    unit = "ohm m" if plane else "ohm"
    reference = reference_resistance(case, model, built)
    bounded = partial(_bounded, certificate)
    found = [bounded("resistance", 1.0, 0.0, unit, "Resistance of the whole cell.")]
    known = isinstance(case.geometry, Cell)  # of a mesh from a file nobody knows the stack
    if known:
        text = "Resistance over that of the stack without damage."
        found.append(bounded("excess_resistance", 1.0, reference, unit, text))
    if area > 0.0:
        text = "Resistance times the area of the cell."
        found.append(bounded("area_specific_resistance", area, 0.0, ASR, text))
    if area > 0.0 and known:
        text = "Excess resistance times the area of the cell."
        found.append(bounded("excess_area_specific_resistance", area, reference * area, ASR, text))
    stack = series_stack(case, model)
    if stack is not None:
        text = "All but the layers: constriction, film and contact resistance."
        found.append(bounded("interface_area_specific_resistance", area, stack.layers, ASR, text))
        found += _exact(stack)
    through = section_along(case) == 0.0
    if through and isinstance(case.geometry, Micro) and not isinstance(case.geometry, Rough):
        plain = plain_layers(case.geometry, model)
        text = "All but the layers without features."
        found.append(bounded("interface_area_specific_resistance", area, plain, ASR, text))
    if through and isinstance(case.geometry, Rough):
        flat = flattened(model, certificate)
        text = "What is more than that of flat layers of the same volume."
        found.append(bounded("excess_area_specific_resistance", area, flat, ASR, text))
    cell = case.geometry
    if isinstance(cell, Cell) and cell.above:
        kappa = model.conductivity.get(cell.above[0].name, 0.0)
        if plane:
            text = "Excess resistance times depth times conductivity, per period."
            found.append(bounded("S", kappa, reference * kappa, "1", text))
        elif isinstance(cell.opening, Round | TwoDiscs):
            factor = 4.0 * kappa * cell.opening.radius
            text = "4 kappa a times the excess resistance, a radius of the opening."
            found.append(bounded("psi", factor, reference * factor, "1", text))
    if area > 0.0:
        found += _of_specimens(case, area, stack, bounded)
    return found


def _bounded(
    certificate: Certificate, name: str, factor: float, shift: float, unit: str, meaning: str
) -> Quantity:
    """factor R - shift with the bounds of R (V/pA), in `unit`."""
    ends = (certificate.lower, certificate.upper)
    low, high = sorted(in_unit(factor * end - shift, unit) for end in ends)
    kind: Bound = "estimated" if certificate.caveats else "guaranteed"
    return Quantity(name, 0.5 * (low + high), unit, low, high, kind, meaning)


def _exact(stack: Stack) -> Iterator[Quantity]:
    """The stack without damage, with the film and without it."""
    for name, value, text in (
        ("series", stack.bare, "The stack without damage or film, exact."),
        ("intact", stack.intact, "Stack with the intact film, exact."),
    ):
        shown = in_unit(value, ASR) if isfinite(value) else "unbounded"
        exact = shown if isinstance(shown, float) else None
        name = f"{name}_area_specific_resistance"
        yield Quantity(name, shown, ASR, exact, exact, "guaranteed", text)


def _of_specimens(
    case: schema.Case, area: float, stack: Stack | None, bounded: Callable[..., Quantity]
) -> Iterator[Quantity]:
    """Resistances of real samples: their layers once, what is at the interface once per side."""
    for specimen in case.specimens:
        name = f"specimen.{specimen.name}"
        factor = area / specimen.area * specimen.sides
        layers = 0.0 if stack is None else stack.layers / specimen.area
        text = f"Resistance of the sample {specimen.name!r}, {specimen.sides} interface(s)."
        yield bounded(name, factor, (specimen.sides - 1) * layers, "ohm", text)
        if stack is not None:
            bulk = in_unit(layers, "ohm")
            text = f"The plain layers of the sample {specimen.name!r}, exact."
            yield Quantity(f"{name}.bulk", bulk, "ohm", bulk, bulk, "guaranteed", text)
            text = f"The interface(s) of the sample {specimen.name!r}."
            yield bounded(f"{name}.interface", factor, specimen.sides * layers, "ohm", text)


# --- currents -------------------------------------------------------------------------------


def drive(model: Model, driven: int, resistance: float) -> tuple[float, float]:
    """Current (pA, whole cell) from the driven one of two terminals; potential difference (V).

    Two terminals carry either both potentials or one current.
    """
    one, other = model.terminals[driven], model.terminals[1 - driven]
    if one.potential is not None and other.potential is not None:
        difference = one.potential - other.potential
        return difference / resistance, difference
    current = one.current if one.current is not None else -(other.current or 0.0)
    return current, current * resistance


def positive_terminal(model: Model) -> int:
    """The one of two terminals at which the current through the cell is counted when it enters.

    It is the one with the given current, else the one at the higher potential.
    """
    one, other = model.terminals
    if one.current is not None or other.current is not None:
        return 0 if one.current is not None else 1
    return 0 if (one.potential or 0.0) > (other.potential or 0.0) else 1


def through(domain: Domain, certificate: Certificate, name: str) -> float:
    """Current of the dual solution through a named interface, for unit potential, pA (signed)."""
    sides = regions_at(domain, name)[:1]
    ds = facet_measure(domain, {0: facet_entities(domain, name, sides)})
    with coordinates(domain, transport.dual_coordinates(domain)):
        form = fem.form(transport.total_flux(certificate.flux.flux, domain) * ds(0))
        return float(domain.comm.allreduce(fem.assemble_scalar(form)))


def currents(case: schema.Case, model: Model, certificate: Certificate) -> list[Quantity]:
    """Total current, its balance, and the share of every face and interface."""
    domain = certificate.domain
    built = domain.built
    unit = "A/m" if built.dimension == "plane" else "A"
    two = certificate.driven >= 0
    found: list[Quantity] = []
    scale = built.multiplicity
    if two:
        resistance = 0.5 * (certificate.lower + certificate.upper)
        total, difference = drive(model, certificate.driven, resistance)
        sign = 1.0 if certificate.driven == positive_terminal(model) else -1.0
        entering = sum(
            certificate.flux.contact_currents[contact.name]
            for contact in model.contacts
            if contact.terminal == certificate.driven
        )
        scale = total / entering
        text = "Current through the whole cell (sign: docs/model.md)."
        found.append(Quantity("current", in_unit(sign * total, unit), unit, meaning=text))
        text = "Between the electrodes."
        found.append(Quantity("potential_difference", sign * difference, "V", meaning=text))
        if built.cell_area > 0.0:
            mean = in_unit(sign * total / built.cell_area, "mA/cm^2")
            text = "Current over the area of the whole cell."
            found.append(Quantity("mean_current_density", mean, "mA/cm^2", meaning=text))
    else:
        found += _network(model, certificate, unit)
    if two:
        by_contact = dict(certificate.flux.contact_currents)
    else:  # reactions: given currents come out exactly
        by_contact = dict(certificate.potentials.contact_currents)
    if model.far is not None:
        by_contact.pop(model.far, None)
        by_contact[model.far] = -sum(by_contact.values())
    for name, value in by_contact.items():
        text = "Current into the domain through this boundary."
        shown = in_unit(value * scale, unit)
        found.append(Quantity(f"current.{name}", shown, unit, bound="estimated", meaning=text))
    shares = {name: abs(value) / inflow(certificate) for name, value in by_contact.items()}
    for name in built.interfaces:
        shares[name] = abs(through(domain, certificate, name)) / inflow(certificate)
    film = [share for name, share in shares.items() if name in ("film_face", "film_wall")]
    if "film_face" in shares:
        shares["film"] = sum(film)
    for name, share in shares.items():
        text = "Share of the current that passes here (net)."
        found.append(Quantity(f"share.{name}", share, "1", bound="estimated", meaning=text))
    text = "Sum of all currents into the domain over the largest."
    found.append(Quantity("current_balance", certificate.balance, "1", meaning=text))
    text = "What rounding alone may do to the current balance."
    floor = certificate.potentials.roundoff
    found.append(Quantity("current_balance_floor", floor, "1", meaning=text))
    return found


def _network(model: Model, certificate: Certificate, unit: str) -> list[Quantity]:
    """Dissipated power with its bounds and the potentials of more than two terminals."""
    power_unit = "W/m" if unit == "A/m" else "W"
    low, high = (in_unit(1.0 / r, power_unit) for r in (certificate.upper, certificate.lower))
    given = all(terminal.potential is not None for terminal in model.terminals)
    kind: Bound = "guaranteed" if given and not certificate.caveats else "estimated"
    text = "Power that the whole cell dissipates."
    found = [Quantity("power", 0.5 * (low + high), power_unit, low, high, kind, text)]
    for contact in model.contacts:
        value = float(certificate.potentials.applied[contact.terminal])
        text = "Potential of the electrode on this boundary."
        name = f"potential.{contact.name}"
        found.append(Quantity(name, value, "V", bound="estimated", meaning=text))
    return found


def inflow(certificate: Certificate) -> float:
    """Sum of the currents of the dual solution that enter through contacts, pA."""
    values = certificate.flux.contact_currents.values()
    entering = sum(value for value in values if value > 0.0)
    return entering or -sum(values)


# --- comparison -----------------------------------------------------------------------------


def compare(quantities: list[Quantity], references: tuple[schema.Reference, ...]) -> list[Quantity]:
    """Put reported numbers beside ours; a reference to what was not computed is a miss."""
    by_name = {quantity.name: quantity for quantity in quantities}
    extra: list[Quantity] = []
    used: set[str] = set()
    for reference in references:
        quantity = by_name.get(reference.quantity)
        if quantity is None:
            unit = reference.unit_text or "1"
            quantity = Quantity(reference.quantity, None, unit, meaning="Not computed.")
        judged = _judged(quantity, reference)
        if reference.quantity in used or reference.quantity not in by_name:
            extra.append(judged)
        else:
            used.add(reference.quantity)
            by_name[reference.quantity] = judged
    return [*by_name.values(), *extra]


def _judged(quantity: Quantity, reference: schema.Reference) -> Quantity:
    reported = reference.value
    if isinstance(reported, float):
        reported = in_unit(reported, quantity.unit)
    hit = False
    if isinstance(reported, str) or not isinstance(quantity.value, float):
        hit = quantity.value == reported
    else:
        tolerance = (reference.tolerance or 0.0) * abs(reported)
        value = quantity.value
        match reference.relation:
            case "equal":
                hit = abs(value - reported) <= tolerance
            case "at_most":
                hit = value <= reported + tolerance
            case "at_least":
                hit = value >= reported - tolerance
        if reference.exact and quantity.bound == "guaranteed":
            hit = hit and _contains(quantity, reported)
    return replace(
        quantity,
        reported=reported,
        source=reference.source,
        grade=reference.grade,
        hit=hit,
        reason="" if hit else reference.reason,
    )


def _contains(quantity: Quantity, reported: float) -> bool:
    if quantity.lower is None or quantity.upper is None:
        return False
    # the reference itself is printed with about ten digits
    slack = 1e-9 * abs(reported)
    return quantity.lower - slack <= reported <= quantity.upper + slack
