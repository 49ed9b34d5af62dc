"""A crack through a film that lithium fills: its pressure, its opening and the current, together.

Lithium in the slit plates at its mouth at the overpotential eta = rho i_w of the interface there
(i_w the mean current density of the mouth: of all the current but what enters the film, which gives
a part of it to lithium at the walls), and presses on the walls of the crack,

    p(s) = min(F eta/V_Li, 2 tau_y s/w),       s the depth below the mouth, w the width,

since nothing confines it at the mouth but the walls along which it would flow. The pressure opens
the crack, w = w_0 + volume/h (h the thickness of the film), and a wider mouth takes up more
current at a smaller density. Both solves in turn, until the width stays (to `TOLERANCE`); the
fixed point does not depend on the start. Units: V, MPa, um.

Source: pressure of stalled lithium: Klinsmann et al. 2019, J. Power Sources 442, 227226; flow to
the mouth: shear at the walls, Prandtl 1923, Z. Angew. Math. Mech. 3, 401.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from meshes.geometry import Cell, Slit
from solver import mechanics_schema, schema
from solver.mechanics_model import overpotential_to_pressure
from solver.quantities import Quantity
from solver.solve import SolveFailed

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
    return replace(case, geometry=opened, mechanics=None, references=())


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


def of_slit(pressed: Pressed) -> Iterator[Quantity]:
    """What belongs to the fixed point."""
    text = "Mean overpotential of the lithium at the mouth of the crack."
    yield Quantity("flaw_overpotential", 1e3 * pressed.overpotential, "mV", meaning=text)
    pressure = overpotential_to_pressure(max(pressed.overpotential, 0.0))
    text = "Pressure of lithium in the crack, F eta/V_Li, where its walls hold it."
    yield Quantity("flaw_pressure", pressure, "MPa", meaning=text)
    text = "Rounds of current and stress until the width of the slit stayed."
    yield Quantity("coupling_rounds", float(pressed.rounds), "1", meaning=text)
    text = "Change of the width of the slit in the last round, relative."
    yield Quantity("coupling_change", pressed.change, "1", meaning=text)
