"""A crack through a film that lithium fills: its pressure, its opening and the current, together.

Lithium in the slit plates at its mouth at the overpotential eta = rho i_w of the interface there
(i_w the mean current density of the mouth: of all the current but what enters the film, which gives
a part of it to lithium at the walls), and presses on the walls of the crack,

    p(s) = min(F eta/V_Li, 2 tau_y s/w),       s the depth below the mouth, w the width,

since nothing confines it at the mouth but the walls along which it would flow. What is pressed
plates less and dissolves sooner: the walls are given the normal stress -p(s), so that

    E + V_Li p(s)/F - phi = rho i        (into the film; E the potential of the lithium),

a shift of some millivolts at most, nothing at the mouth, eta where the wall stalls. Lithium that
does not yield is confined and has stalled: its surface takes up no net current and floats to eta,
at which its pressure F eta/V_Li, the same everywhere, stops the plating: that shift is the
potential it floats to. The pressure opens the crack, w = w_0 + volume/h (h the thickness of the
film), and a wider mouth takes up more current at a smaller density. Both solves in turn, until
width and overpotential stay (to `TOLERANCE`); the fixed point does not depend on the start.
Units: V, MPa, um.

Source: pressure of stalled lithium: Klinsmann et al. 2019, J. Power Sources 442, 227226; flow to
the mouth: shear at the walls, Prandtl 1923, Z. Angew. Math. Mech. 3, 401.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf

import numpy as np
from dolfinx import fem

from meshes.geometry import Cell, Slit
from meshes.mesh import BuiltMesh
from solver import mechanics_schema, schema
from solver.bounds import Certificate
from solver.coupling import NotCoupled
from solver.domain import facet_entities, facet_measure
from solver.margins import scaled
from solver.mechanics_model import overpotential_to_pressure
from solver.quantities import Quantity
from solver.solve import SolveFailed
from solver.transport import total_flux
from solver.units import in_unit

TOLERANCE = 1e-5  # of the width and of the overpotential, from one round to the next
MOST_ROUNDS = 30
STRIPS = (
    "Lithium under the pressure that the walls of the slit can hold dissolves there faster than it "
    "plates: nothing feeds it. Pressure, opening and G are upper limits, and the shift is one too."
)
MOUTH = 0.0  # height of the upper face of the film in a cell, um


@dataclass(frozen=True)
class Pressed:
    """Where current and opening agree.

    Attributes:
        width: Of the slit, um; 0: it is pressed shut, no lithium is left in it.
        overpotential: At the mouth, V.
        rounds: Of both solves.
        change: In the last round, of the width or the overpotential, the larger, relative.
    """

    width: float
    overpotential: float
    rounds: int
    change: float


def presses_slit(case: schema.Case) -> bool:
    """Whether lithium in the slit of a film takes its pressure from the current."""
    if case.mechanics is None or not case.mechanics.opens_slit:
        return False
    return bool(metal_of(case))


def metal_of(case: schema.Case) -> str:
    """The boundary of the lithium in the slit; "" if it takes no pressure from the current."""
    face = None if case.mechanics is None else case.mechanics.faces.get("crack")
    return face.metal if isinstance(face, mechanics_schema.Lithium) else ""


def _slit(case: schema.Case) -> tuple[Cell, float, float]:
    """The cell, the given width of its slit and the thickness of its film."""
    cell = case.geometry
    if not isinstance(cell, Cell) or not isinstance(cell.opening, Slit) or cell.film is None:
        raise ValueError("a case without a slit in a film")
    return cell, cell.opening.width, cell.film.thickness


def with_width(case: schema.Case, width: float, overpotential: float = 0.0) -> schema.Case:
    """The currents alone, through a slit of another width (um) with lithium under its pressure."""
    cell, _, _ = _slit(case)
    opened = replace(cell, opening=Slit(width))
    pressed = with_shift(with_stalled_lithium(case), overpotential, width)
    return replace(pressed, geometry=opened, mechanics=None, references=())


def with_shift(case: schema.Case, overpotential: float, width: float) -> schema.Case:
    """The case with the potential of the walls shifted by the pressure of lithium that flows.

    Args:
        case: With lithium in its slit.
        overpotential: At the mouth, V.
        width: Of the slit, um; 0: pressed shut.
    """
    face = None if case.mechanics is None else case.mechanics.faces.get("crack")
    metal = metal_of(case)
    law = case.boundaries.get(metal)
    if not isinstance(face, mechanics_schema.Lithium) or not isinstance(law, schema.Electrode):
        return case
    if face.yield_stress is None or width == 0.0 or overpotential <= 0.0:
        return case
    slope = replace(face, width=width).gradient / overpotential_to_pressure(1.0)
    shift = schema.WallShift(MOUTH, slope, overpotential)
    return replace(case, boundaries={**case.boundaries, metal: replace(law, shift=shift)})


def with_pressure(case: schema.Case, overpotential: float, width: float) -> schema.Case:
    """The case with lithium at an overpotential (V) in a slit of a width (um)."""
    mechanics = case.mechanics
    if mechanics is None:
        return case
    face = mechanics.faces["crack"]
    if not isinstance(face, mechanics_schema.Lithium):
        return case
    flows = None if face.yield_stress is None or width == 0.0 else width
    pressed = replace(face, overpotential=max(overpotential, 0.0), metal="", width=flows)
    faces = {**mechanics.faces, "crack": pressed}
    shifted = with_shift(case, overpotential, width)
    return replace(shifted, mechanics=replace(mechanics, faces=faces))


def with_stalled_lithium(case: schema.Case) -> schema.Case:
    """The case with its slit floating without net current, if its lithium cannot flow."""
    face = None if case.mechanics is None else case.mechanics.faces.get("crack")
    law = case.boundaries.get(metal_of(case))
    if not isinstance(face, mechanics_schema.Lithium) or not isinstance(law, schema.Electrode):
        return case
    if face.yield_stress is not None or law.potential is None:
        return case
    stalled = replace(law, potential=None, current=0.0, current_density=None)
    return replace(case, boundaries={**case.boundaries, face.metal: stalled})


def resistance_beside(
    case: schema.Case, built: BuiltMesh, found: Sequence[Quantity]
) -> Iterator[Quantity]:
    """The resistance between the electrodes of a cell with lithium under pressure in its slit.

    That of lithium which floats is the power over I^2. Where lithium flows, the pressure drives
    currents of its own: the potential over the current, with the error bar of the power.

    Args:
        case: Whose lithium may be under pressure.
        built: The mesh of its current.
        found: Power, potentials and currents.
    """
    law = case.boundaries.get("filling_surface")
    floats = isinstance(law, schema.Electrode) and law.current == 0.0
    if not isinstance(law, schema.Electrode) or not (floats or law.shift):
        return
    power = next((q for q in found if q.name == "power"), None)
    at: dict[float, float] = {}  # current by the potential of its electrodes
    volts = {q.name.removeprefix("potential."): q.value for q in found if "potential." in q.name}
    for q in found:
        held = volts.get(q.name.removeprefix("current."))
        if q.name.startswith("current.") and isinstance(q.value, float) and isinstance(held, float):
            at[held] = at.get(held, 0.0) + q.value / in_unit(1.0, q.unit)
    current = max((abs(value) for value in at.values()), default=0.0)
    if power is None or not current or not built.cell_area:
        return
    per_power = built.cell_area / in_unit(1.0, power.unit) / current**2
    text = "Between the electrodes, times the area of the cell: the power over I^2."
    whole = replace(power, name="area_specific_resistance", unit="ohm cm^2", meaning=text)
    whole = scaled(whole, in_unit(per_power, "ohm cm^2"))
    if floats:
        yield whole
        return
    if len(at) != 2 or whole.lower is None or whole.upper is None:
        return
    value = in_unit((max(at) - min(at)) * built.cell_area / current, "ohm cm^2")
    text = "Potential between the electrodes over the mean current density, at these pressures."
    half = 0.5 * (whole.upper - whole.lower)
    bar = value - half, value + half
    yield Quantity(whole.name, value, whole.unit, *bar, "estimated", text)


def notes_of_slit(case: schema.Case, found: Sequence[Quantity]) -> tuple[str, ...]:
    """What the current says about the pressure that was given to the walls."""
    law = case.boundaries.get("filling_surface")
    flows = {q.name: q.value for q in found}
    current = flows.get("current.filling_surface")
    if not isinstance(law, schema.Electrode) or law.shift is None or not isinstance(current, float):
        return ()
    return (STRIPS,) if current > 0.0 else ()


def overpotential_of(
    case: schema.Case,
    currents: schema.Case,
    width: float,
    found: Sequence[Quantity],
    certificate: Certificate | None,
) -> float:
    """Of lithium in a slit of a width (um), V; positive where it plates; collective.

    Lithium that has stalled floats to it. Else it is that of the current through the mouth, the
    faces of the lithium at the layer above; the film gives its own through the walls.

    Args:
        case: With the potential of the lithium below.
        currents: Through its slit.
        width: Of the slit, um.
        found: Currents and potentials.
        certificate: The current.
    """
    metal = metal_of(case)
    below, law = case.boundaries[metal], currents.boundaries[metal]
    values = {q.name: q for q in found}
    own = values.get(f"potential.{metal}")
    if not isinstance(law, schema.Electrode) or not isinstance(below, schema.Electrode):
        raise NotCoupled(f"{metal} is no electrode")
    if certificate is None:
        raise NotCoupled(f"the current through {metal} is not known")
    if law.current == 0.0 and own is not None and isinstance(own.value, float):
        return own.value - (below.potential or 0.0)
    entering = certificate.flux.contact_currents
    largest = max(entering, key=lambda name: abs(entering[name]))
    whole = values[f"current.{largest}"]
    cell, _, _ = _slit(case)
    domain = certificate.domain
    mouth = facet_entities(domain, metal, [cell.above[0].name])
    if not isinstance(whole.value, float) or not entering[largest]:
        raise NotCoupled(f"the current through {largest} is not known")
    ds = facet_measure(domain, {0: mouth})
    leaving = fem.assemble_scalar(fem.form(total_flux(certificate.flux.flux, domain) * ds(0)))
    share = float(domain.comm.allreduce(float(leaving))) / entering[largest]
    current = share * whole.value / in_unit(1.0, whole.unit)
    return current / width * law.area_specific_resistance


def find_fixed_point(
    case: schema.Case,
    overpotential_at: Callable[[schema.Case, float], float],
    volume_of: Callable[[schema.Case], float],
    say: Callable[[str], None],
    start: tuple[float, float] | None = None,
) -> Pressed:
    """The width and the overpotential that belong together; collective.

    Args:
        case: A strip with a slit that lithium fills.
        overpotential_at: At the mouth of a case of currents with a slit of a width, V.
        volume_of: Of the crack of a case of stress, um^2.
        say: Called with a line per round.
        start: First width, um, and overpotential, V; None: as given, and none.

    Raises:
        SolveFailed: It does not settle.
    """
    _, given, thickness = _slit(case)
    (width, step), change = start or (given, 0.0), 1.0
    for rounds in range(1, MOST_ROUNDS + 1):
        before = step
        step = overpotential_at(with_width(case, width, before), width)
        volume = volume_of(with_pressure(case, step, width))
        opened = given + volume / thickness
        if opened <= 0.0:
            say(f"round {rounds}: the load presses the crack shut and lithium out of it")
            return Pressed(0.0, 0.0, rounds, 0.0)
        change = abs(opened - width) / opened
        change = max(change, abs(step - before) / max(abs(step), np.finfo(float).tiny))
        width = opened
        say(f"round {rounds}: {1e3 * step:.6g} mV, slit of {1e3 * width:.6g} nm")
        if change < TOLERANCE:
            return Pressed(width, step, rounds, change)
    raise SolveFailed(f"current and opening of the slit do not settle in {MOST_ROUNDS} rounds")


def of_slit(case: schema.Case, pressed: Pressed) -> Iterator[Quantity]:
    """What belongs to the fixed point of a case, which has its pressure."""
    text = "Of the lithium in the crack: at its mouth, or floating where it cannot flow."
    yield Quantity("flaw_overpotential", 1e3 * pressed.overpotential, "mV", meaning=text)
    pressure = overpotential_to_pressure(max(pressed.overpotential, 0.0))
    text = "Pressure of lithium in the crack, F eta/V_Li, where its walls hold it."
    yield Quantity("flaw_pressure", pressure, "MPa", meaning=text)
    face = None if case.mechanics is None else case.mechanics.faces["crack"]
    if isinstance(face, mechanics_schema.Lithium) and face.gradient < inf:
        acts = min(pressure, face.gradient * _slit(case)[2])
        text = "Largest pressure on the walls, at the foot of the crack."
        yield Quantity("acting_flaw_pressure", acts, "MPa", meaning=text)
        text = (
            "Largest shift V_Li p/F of the equilibrium potential at the walls, at the foot of the "
            "crack; the film gives the lithium less by it."
        )
        shift = 1e3 * acts / overpotential_to_pressure(1.0)
        yield Quantity("wall_shift", shift, "mV", meaning=text)
    text = "Rounds of current and stress until slit and overpotential stayed."
    yield Quantity("coupling_rounds", float(pressed.rounds), "1", meaning=text)
    text = "Change of width or overpotential of the slit in the last round, relative."
    yield Quantity("coupling_change", pressed.change, "1", meaning=text)
