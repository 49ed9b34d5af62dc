"""A crack through a film that lithium fills: its pressure, its opening and the current, together.

Lithium in the slit plates at its mouth at the overpotential eta = rho i_w of the interface there
(i_w the mean current density of the mouth: of all the current but what enters the film, which gives
a part of it to lithium at the walls), and presses on the walls of the crack,

    p(s) = min(F eta/V_Li, 2 tau_y s/w),       s the depth below the mouth, w the width,

since nothing confines it at the mouth but the walls along which it would flow. Lithium that does
not yield is confined and has stalled: its surface takes up no net current and floats to eta, at
which its pressure F eta/V_Li, the same everywhere, stops the plating. Where it flows the shift
V_Li p(s)/F of the walls is left out of the current; it is told (`left_out_shift`). The pressure
opens the crack, w = w_0 + volume/h (h the thickness of the film), and a wider mouth takes up more
current at a smaller density. Both solves in turn, until the width stays (to `TOLERANCE`); the
fixed point does not depend on the start. Units: V, MPa, um.

Source: pressure of stalled lithium: Klinsmann et al. 2019, J. Power Sources 442, 227226; flow to
the mouth: shear at the walls, Prandtl 1923, Z. Angew. Math. Mech. 3, 401.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf

from meshes.geometry import Cell, Slit
from meshes.mesh import BuiltMesh
from solver import mechanics_schema, schema
from solver.margins import scaled
from solver.mechanics_model import overpotential_to_pressure
from solver.quantities import Quantity
from solver.solve import SolveFailed
from solver.units import in_unit

TOLERANCE = 1e-5  # of the width, from one round to the next
MOST_ROUNDS = 30


@dataclass(frozen=True)
class Pressed:
    """Where current and opening agree.

    Attributes:
        width: Of the slit, um; 0: it is pressed shut, no lithium is left in it.
        overpotential: At the mouth, V.
        rounds: Of both solves.
        change: Of the width in the last round, relative.
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


def with_width(case: schema.Case, width: float) -> schema.Case:
    """The currents alone, through a slit of another width (um)."""
    cell, _, _ = _slit(case)
    opened = replace(cell, opening=Slit(width))
    return replace(with_stalled_lithium(case), geometry=opened, mechanics=None, references=())


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
    return replace(case, mechanics=replace(mechanics, faces={**mechanics.faces, "crack": pressed}))


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


def resistance_of_stalled(
    case: schema.Case, built: BuiltMesh, found: Sequence[Quantity]
) -> Iterator[Quantity]:
    """The resistance between the electrodes beside lithium that floats: its power over I^2.

    Args:
        case: Whose lithium may have stalled.
        built: The mesh of its current.
        found: Power and currents.
    """
    law = case.boundaries.get("filling_surface")
    if not isinstance(law, schema.Electrode) or law.current != 0.0:
        return
    power = next((q for q in found if q.name == "power"), None)
    flows = [q for q in found if q.name.startswith("current.") and isinstance(q.value, float)]
    largest = max((abs(q.value) for q in flows if isinstance(q.value, float)), default=0.0)
    if power is None or not largest or not built.cell_area:
        return
    current = largest / in_unit(1.0, flows[0].unit)
    per_power = built.cell_area / in_unit(1.0, power.unit) / current**2
    factor = in_unit(per_power, "ohm cm^2")
    text = "Between the electrodes, times the area of the cell: the power over I^2."
    whole = replace(power, name="area_specific_resistance", unit="ohm cm^2", meaning=text)
    yield scaled(whole, factor)


def find_fixed_point(
    case: schema.Case,
    overpotential_at: Callable[[schema.Case, float], float],
    volume_of: Callable[[schema.Case], float],
    say: Callable[[str], None],
    start: float | None = None,
) -> Pressed:
    """The width and the overpotential that belong together; collective.

    Args:
        case: A strip with a slit that lithium fills.
        overpotential_at: At the mouth of a case of currents with a slit of a width, V.
        volume_of: Of the crack of a case of stress, um^2.
        say: Called with a line per round.
        start: First width, um; None: as given.

    Raises:
        SolveFailed: It does not settle.
    """
    _, given, thickness = _slit(case)
    width, change = given if start is None else start, 1.0
    for rounds in range(1, MOST_ROUNDS + 1):
        step = overpotential_at(with_width(case, width), width)
        volume = volume_of(with_pressure(case, step, width))
        opened = given + volume / thickness
        if opened <= 0.0:
            say(f"round {rounds}: the load presses the crack shut and lithium out of it")
            return Pressed(0.0, 0.0, rounds, 0.0)
        change = abs(opened - width) / opened
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
            "Largest shift V_Li p/F of the equilibrium potential at the walls, which is left out "
            "of the current there: the film gives the lithium less than is told."
        )
        shift = 1e3 * acts / overpotential_to_pressure(1.0)
        yield Quantity("left_out_shift", shift, "mV", meaning=text)
    text = "Rounds of current and stress until the width of the slit stayed."
    yield Quantity("coupling_rounds", float(pressed.rounds), "1", meaning=text)
    text = "Change of the width of the slit in the last round, relative."
    yield Quantity("coupling_change", pressed.change, "1", meaning=text)
