"""Current and crack together: lithium that fills a flaw, and the pressure that stalls it.

A filled flaw that cannot drain takes up no net current: plating into it stops when the shift of the
equilibrium potential by its pressure cancels the potential step at its faces,

    <phi_Li - phi - V_Li p/F> = 0      (mean over the faces),
    p = F <dphi>/V_Li,                 7.423 MPa per mV,

on top of the pressure P with which the lithium that it is connected with presses on the electrolyte
(its equilibrium potential is shifted as well; both shifts are for normal stress, tension positive).
P is the mean normal stress that acts on its face (`solver.lithium_face`), no more than
`contact_limit`: lithium that can flow away at the face presses with little more than its yield
stress, a thin foil between rigid faces with a multiple of it.

In the conduction problem the flaw is therefore an electrode without net current: the potential it
floats to, against that of the lithium that it is connected with, is the shift V_Li p/F itself. (The
step that is left after the shift must not be put into p once more: that would give half of it.)
Where the current strips lithium, dphi < 0, the pressure in the flaw is below P by as much; lithium
does not pull, so p = max(0, P + F <dphi>/V_Li). The flaw stays an electrode however far it opens,
so the pressure does not change the current any further: one pass is the fixed point.

Everything is linear in the current up to here, so G goes with its square and the design carries

    i_c = i sqrt(Gc/G);

beside loads that stay as they are it is a square of the current and a constant load together, and
i_c is where that comes to Gc (`solver.critical_share`).

A crack through a stretched film opens, and what fills it conducts: the slit of the conduction
problem is wider by the mean opening of the crack; pressed shut, it is film again. The current does
not change the opening (a
crack with a mouth to a liquid confines no lithium), so this way one pass is enough as well.

Source: Klinsmann et al. 2019, J. Power Sources 442, 227226 (pressure of lithium in a crack).
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from meshes.geometry import Cell, Slit
from meshes.mesh import BuiltMesh
from solver import mechanics_schema, schema
from solver.critical_share import Critical
from solver.margins import estimate
from solver.mechanics_model import stall_pressure
from solver.quantities import Quantity
from solver.stall_notes import lithium_of, proportional
from solver.units import in_unit

OF_SLIT = (
    "Current and stress were solved for on meshes of their own: for the stress the slit is a crack "
    "without a width, for the current a region as wide as the crack is open, so that there is no "
    "mesh for both. What passes between them are numbers: the volume of the crack and, with "
    "lithium in it, the overpotential at its mouth."
)
OF_CONTACT = (
    "Current and stress were solved for on meshes of their own: a contact ends between two nodes "
    "of the mesh of the stress, and where it ends the mesh of the current has a node. What passes "
    "is where the interface is closed, and the gap along it elsewhere."
)


class NotCoupled(ValueError):
    """A current that gives the flaw no overpotential."""


def why_two_meshes(case: schema.Case) -> str:
    """Why current and stress that depend on each other have no common mesh; "" if they have one."""
    if case.mechanics is None:
        return ""
    if case.mechanics.opens_slit:
        return OF_SLIT
    touching = any(isinstance(law, schema.Touching) for law in case.interfaces.values())
    return OF_CONTACT if touching else ""


def stalls(case: schema.Case) -> bool:
    """Whether the pressure in a crack follows from the current."""
    if case.mechanics is not None and case.mechanics.opens_slit:
        return False  # its opening and the current depend on each other: `solver.pressed_slit`
    return any(face.metal for face in lithium_of(case).values())


def overpotentials(case: schema.Case, found: Sequence[Quantity]) -> dict[str, float]:
    """Potentials to which the flaws float above their lithium, V; positive where lithium plates."""
    potential = {q.name: q.value for q in found if q.name.startswith("potential.")}
    steps = {}
    for name, face in lithium_of(case).items():
        if not face.metal:
            continue
        flaw, metal = potential[f"potential.{name}"], potential[f"potential.{face.metal}"]
        if not isinstance(flaw, float) or not isinstance(metal, float):
            raise NotCoupled(f"the potential of {name} is not known")
        steps[name] = flaw - metal
    return steps


def metals(case: schema.Case, steps: dict[str, float]) -> tuple[str, ...]:
    """The faces of the lithium with which flaws are connected."""
    return tuple(sorted({face.metal for n, face in lithium_of(case).items() if n in steps}))


def with_overpotentials(
    case: schema.Case, steps: dict[str, float], pressures: dict[str, float]
) -> schema.Case:
    """The case with the pressure of lithium at its overpotentials.

    Args:
        case: With flaws whose pressure follows from the current.
        steps: Overpotential of every flaw, V.
        pressures: Of the lithium at the faces that they are connected with, MPa.
    """
    mechanics = case.mechanics
    if mechanics is None:
        return case
    pressed = {
        name: replace(
            face,
            overpotential=steps[name],
            metal="",
            contact_pressure=pressures[face.metal],
        )
        for name, face in lithium_of(case).items()
        if name in steps
    }
    return replace(case, mechanics=replace(mechanics, faces={**mechanics.faces, **pressed}))


def with_opened_slit(case: schema.Case, volume: float) -> tuple[schema.Case, Quantity]:
    """The case with its slit wider by the mean opening of the crack.

    Args:
        case: A film with a slit.
        volume: Of the crack, per depth, um^2.

    Returns:
        The case, and the width of its slit; 0 if the load presses the crack shut: a closed crack
        conducts as the film around it does.
    """
    cell = case.geometry
    if not isinstance(cell, Cell) or not isinstance(cell.opening, Slit) or cell.film is None:
        raise NotCoupled("there is no slit to be opened")
    width = cell.opening.width + volume / cell.film.thickness
    if width <= 0.0:
        text = "0: the load presses the crack shut, which then conducts as the film around it."
        return with_closed_slit(case), Quantity("slit_width", 0.0, "nm", meaning=text)
    text = "Width of the slit: as given, and the mean opening of the crack."
    opened = replace(case, geometry=replace(cell, opening=Slit(width)))
    return opened, Quantity("slit_width", 1e3 * width, "nm", meaning=text)


def told_of_contact(pressures: dict[str, float]) -> Iterator[Quantity]:
    """What acts on the faces of the lithium that flaws are connected with."""
    for name, pressure in pressures.items():
        text = "Mean pressure on the face of the lithium, with which flaws there are connected."
        yield Quantity(f"lithium_pressure.{name}", pressure, "MPa", meaning=text)


def with_closed_slit(case: schema.Case) -> schema.Case:
    """The case with the film in the place of its slit, and no lithium in it.

    How wide that place is does not matter; as wide as the film is thick it is meshed easily.
    """
    cell = case.geometry
    if not isinstance(cell, Cell) or cell.film is None:
        raise NotCoupled("there is no slit to be closed")
    place = Slit(min(cell.film.thickness, 0.5 * cell.width))
    regions = {**case.regions, "filling": case.regions["film"]}
    kept = {n: law for n, law in case.boundaries.items() if n != "filling_surface"}
    return replace(case, geometry=replace(cell, opening=place), regions=regions, boundaries=kept)


def critical_current(
    case: schema.Case,
    built: BuiltMesh,
    found: Sequence[Quantity],
    steps: dict[str, float],
    critical: Critical | None,
) -> Iterator[Quantity]:
    """What couples the two: overpotential and pressure of the flaws, and the critical current.

    Args:
        case: With the overpotentials of its flaws.
        built: The mesh.
        found: Currents, driving forces and margins.
        steps: Overpotential of every flaw, V.
        critical: The critical share of the current, beside loads that are not in proportion to it.
    """
    for name, step in steps.items():
        of = "" if name == "crack" else f".{name}"
        text = "Potential to which the flaw floats against its lithium."
        yield Quantity(f"flaw_overpotential{of}", 1e3 * step, "mV", meaning=text)
        face = None if case.mechanics is None else case.mechanics.faces[name]
        pressure = stall_pressure(face) if isinstance(face, mechanics_schema.Lithium) else 0.0
        text = (
            "Pressure of lithium in the flaw, F eta/V_Li and that behind it, if its walls hold it; "
            "lithium does not pull."
        )
        yield Quantity(f"flaw_pressure{of}", pressure, "MPa", meaning=text)
    currents = [q for q in found if q.name.startswith("current.")]
    largest = max((abs(q.value) for q in currents if isinstance(q.value, float)), default=0.0)
    if not largest or not built.cell_area:
        return
    working = largest / in_unit(1.0, currents[0].unit)
    density = in_unit(working / built.cell_area, "mA/cm^2")
    name = "critical_current_density"
    if critical is not None:
        if critical.share is None:
            return
        text = (
            f"Current density over the whole cell at which G = Gc of {critical.first}, the first "
            "to grow, under the other loads as they are."
        )
        if not critical.share:
            text = f"0: the other loads make {critical.first} grow without any current."
        value, bar = density * critical.share, density * critical.bar
        yield estimate(name, value, bar, "mA/cm^2", text)
        return
    margins = [
        (q.value, q)
        for q in found
        if q.name.partition(".")[0] == "margin" and isinstance(q.value, float)
    ]
    if not margins or not proportional(case, steps):
        return
    least, margin = min(margins, key=lambda pair: pair[0])
    text = "Current density over the whole cell at which G = Gc."
    value = density * least**0.5
    low, high = (None if x is None else density * x**0.5 for x in (margin.lower, margin.upper))
    yield Quantity(name, value, "mA/cm^2", low, high, margin.bound, text)
