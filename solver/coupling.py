"""Current and crack together: lithium that fills a flaw, and the pressure that stalls it.

A filled flaw that cannot drain takes up no net current: plating into it stops when the shift of the
equilibrium potential by its pressure cancels the potential step at its faces,

    <phi_Li - phi - V_Li p/F> = 0      (mean over the faces),
    p = F <dphi>/V_Li,                 7.423 MPa per mV.

In the conduction problem the flaw is therefore an electrode without net current: the potential it
floats to, against that of the lithium that it is connected with, is the shift V_Li p/F itself. (The
step that is left after the shift must not be put into p once more: that would give half of it.)
Pressure appears where lithium plates; where it is stripped there is none. The flaw stays an
electrode however far it opens, so the pressure does not change the current any further: one
pass is the fixed point.

Everything is linear in the current up to here, so G goes with its square and the design carries

    i_c = i sqrt(Gc/G).

A crack through a stretched film opens, and what fills it conducts: the slit of the conduction
problem is wider by the mean opening of the crack. The current does not change the opening (a
crack with a mouth to a liquid confines no lithium), so this way one pass is enough as well.

Source: Klinsmann et al. 2019, J. Power Sources 442, 227226 (pressure of lithium in a crack).
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from meshes.geometry import Cell, Slit
from meshes.mesh import BuiltMesh
from solver import mechanics_schema, schema
from solver.mechanics_model import overpotential_to_pressure
from solver.quantities import Quantity
from solver.units import in_unit


class NotCoupled(ValueError):
    """A current that gives the flaw no overpotential."""


def stalls(case: schema.Case) -> bool:
    """Whether the pressure in the crack follows from the current."""
    return bool(_lithium(case).metal)


def _lithium(case: schema.Case) -> mechanics_schema.Lithium:
    face = None if case.mechanics is None else case.mechanics.faces.get("crack")
    return face if isinstance(face, mechanics_schema.Lithium) else mechanics_schema.Lithium(0.0)


def overpotential_of_flaw(case: schema.Case, found: Sequence[Quantity]) -> float:
    """Potential to which the flaw floats above its lithium, V; positive where lithium plates."""
    potential = {q.name: q.value for q in found if q.name.startswith("potential.")}
    flaw, metal = potential["potential.crack"], potential[f"potential.{_lithium(case).metal}"]
    if not isinstance(flaw, float) or not isinstance(metal, float):
        raise NotCoupled("the potential of the crack is not known")
    return flaw - metal


def with_overpotential(case: schema.Case, overpotential: float) -> schema.Case:
    """The case with the pressure of lithium at an overpotential; none where lithium is stripped."""
    mechanics = case.mechanics
    if mechanics is None:
        return case
    face = replace(_lithium(case), overpotential=max(overpotential, 0.0), metal="")
    return replace(case, mechanics=replace(mechanics, faces={**mechanics.faces, "crack": face}))


def with_opened_slit(case: schema.Case, volume: float) -> tuple[schema.Case, Quantity]:
    """The case with its slit wider by the mean opening of the crack.

    Args:
        case: A film with a slit.
        volume: Of the crack, per depth, um^2.

    Returns:
        The case, and the width of its slit.
    """
    cell = case.geometry
    if not isinstance(cell, Cell) or not isinstance(cell.opening, Slit) or cell.film is None:
        raise NotCoupled("there is no slit to be opened")
    width = cell.opening.width + volume / cell.film.thickness
    if width <= 0.0:
        raise NotCoupled("the load presses the crack shut, so that no slit is left to conduct")
    text = "Width of the slit: as given, and the mean opening of the crack."
    opened = replace(case, geometry=replace(cell, opening=Slit(width)))
    return opened, Quantity("slit_width", 1e3 * width, "nm", meaning=text)


def critical_current(
    case: schema.Case, built: BuiltMesh, found: Sequence[Quantity], overpotential: float
) -> Iterator[Quantity]:
    """What couples the two: overpotential and pressure of the flaw, and the critical current."""
    text = "Potential to which the flaw floats against its lithium."
    yield Quantity("flaw_overpotential", 1e3 * overpotential, "mV", meaning=text)
    pressure = overpotential_to_pressure(max(overpotential, 0.0))
    text = "Pressure of lithium in the flaw, F eta/V_Li, where its walls hold it."
    yield Quantity("flaw_pressure", pressure, "MPa", meaning=text)
    by_name = {quantity.name: quantity for quantity in found}
    margin = by_name.get("margin")
    linear = "critical_overpotential" in by_name  # not where lithium flows: it caps the pressure
    if margin is None or not isinstance(margin.value, float) or not linear or not built.cell_area:
        return
    currents = [q for q in found if q.name.startswith("current.")]
    largest = max((abs(q.value) for q in currents if isinstance(q.value, float)), default=0.0)
    working = largest / in_unit(1.0, currents[0].unit)
    density = in_unit(working / built.cell_area, "mA/cm^2")
    ends = [margin.value if x is None else x for x in (margin.lower, margin.upper)]
    text = "Current density over the whole cell at which G = Gc."
    value, low, high = (density * x**0.5 for x in (margin.value, *ends))
    yield Quantity("critical_current_density", value, "mA/cm^2", low, high, margin.bound, text)
