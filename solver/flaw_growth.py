"""Growth of a flaw that lithium fills: its length against time, from the current of a march.

A flaw that grows makes room for its lithium, so the pressure is no longer that of lithium that has
stalled: the volume decides. With q = p - s P what presses the flaw open, E' = E/(1 - nu^2):

    v = c q                  c = Y^2 pi a^2/E' (edge, per depth),   16 a^3/(3 E') (penny)
    dv/dt = (V_Li/F) S j     S = 2 a,   2 pi a^2                        both walls of the flaw
    eta(j) + rho j = k eta_face - V_Li (p - P)/F

v volume of the flaw, a its depth or radius, eta_face the step of the potential on the face
(`solver.filled_flaw`), k its amplification; the walls react and resist as the face does. Where K
has reached K_Ic it stays there as long as lithium comes, K = Y q sqrt(pi a) = K_Ic, hence

    v = v_1 a^m              v_1 = sqrt(pi) Y K_Ic/E',  m = 3/2;    8 sqrt(pi) K_Ic/(3 E'),  m = 5/2

At the volume of a flaw K falls as it grows (a^(-3/2), a^(-5/2)): growth is stable and as fast as
lithium arrives. At a fixed step of the potential it does not come to rest, since the pressure that
it takes falls as a^(-1/2). With film and reaction linear, p = p_s (1 - exp(-t/tau)) until it begins
and then, a_c the length that is critical under the stall pressure p_s = F k eta/V_Li,

    da/dt = C (sqrt(a) - sqrt(a_c)),   C = 4 V_Li k i E'/(3 F Y sqrt(pi) K_Ic);   (3 sqrt(pi)/10)
                                           V_Li k i E'/(F K_Ic) of a penny        (i on the face)

A flaw keeps its length where lithium is stripped from it. p does not fall below 0: without lithium
the flaw is shut, or, where s P < 0 pulls it open (q = -s P), as wide as that and its lithium parts.

Between moments of the march the step of the potential is a straight line in time; v is integrated
in pieces (length fixed, growing, empty) whose ends are located. Left out: lithium that flows out of
the flaw, walls further from the face that see less current, the thickness of the solid.

Sources: Tada, Paris & Irwin 2000 (Y); v from G = K^2/E' = dU/da at constant pressure, U = p v/2.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import asinh, exp, pi, sinh, sqrt

from petsc4py import PETSc
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from solver import schema
from solver.carrier_system import System
from solver.filled_flaw import SHAPE_FACTORS, critical_opening, held_shut, pressed_by_stack, step_of
from solver.march_schema import FilledFlaw, Kinetics
from solver.mechanics_model import overpotential_to_pressure
from solver.model import ModelError
from solver.solve import SolveFailed

Way = Callable[[float, list[float]], float]
EXACT = 1e-10  # of the volume: relative error of the integration
MOST_PIECES = 200  # between two moments
MOST_HALF = 300.0  # of F eta/(2 R T): beyond it nothing is told apart


@dataclass(frozen=True)
class Grown:
    """A flaw at a time.

    Attributes:
        step: Of the potential on the face, V.
        length: um.
        pressure: Of its lithium, MPa.
    """

    step: float
    length: float
    pressure: float


@dataclass(frozen=True)
class Shape:
    """How much lithium a flaw of a solid takes.

    Attributes:
        flaw: With an elastic modulus.
    """

    flaw: FilledFlaw

    @property
    def power(self) -> float:
        """m, of the length in the volume of a flaw that grows."""
        return 1.5 if self.flaw.shape == "edge" else 2.5

    @property
    def _modulus(self) -> float:
        return self.flaw.youngs_modulus / (1.0 - self.flaw.poissons_ratio**2)

    def walls(self, length: float) -> float:
        """S, um^2 (edge: um)."""
        return 2.0 * length if self.flaw.shape == "edge" else 2.0 * pi * length**2

    def compliance(self, length: float) -> float:
        """c, volume over what presses the flaw open, um^3/MPa (edge: um^2/MPa)."""
        if self.flaw.shape == "edge":
            return SHAPE_FACTORS["edge"] ** 2 * pi * length**2 / self._modulus
        return 16.0 * length**3 / (3.0 * self._modulus)

    def critical(self, length: float) -> float:
        """Volume at which it grows, um^3 (edge: um^2)."""
        return self.compliance(length) * self.opening(length)

    def length(self, volume: float) -> float:
        """Of a flaw that grows, um."""
        start = self.flaw.length
        return float(start * (volume / self.critical(start)) ** (1.0 / self.power))

    def opening(self, length: float) -> float:
        """q at which it grows, MPa."""
        return critical_opening(self.flaw) * sqrt(self.flaw.length / length)


@dataclass(frozen=True)
class Wall:
    """What resists the current into a flaw.

    Attributes:
        film: V um^2/pA.
        kinetics: Reaction; None: none.
        thermal: R T/F, V.
    """

    film: float
    kinetics: Kinetics | None
    thermal: float

    def plated(self, step: float) -> float:
        """Current density from the solid into the lithium at a step of the potential, pA/um^2."""
        law = self.kinetics
        if law is None:
            return step / self.film
        i0, alpha = law.exchange_current_density, law.transfer_coefficient
        if law.law == "linear":
            return step / (self.film + self.thermal / i0)

        def rate(half: float) -> float:  # half of F eta/(R T)
            if alpha == 0.5:
                return 2.0 * i0 * sinh(half)
            return i0 * (exp(2.0 * (1.0 - alpha) * half) - exp(-2.0 * alpha * half))

        whole = step / (2.0 * self.thermal)
        if self.film == 0.0:
            return rate(max(min(whole, MOST_HALF), -MOST_HALF))

        def left(half: float) -> float:
            return 2.0 * self.thermal * half + self.film * rate(half) - step

        # the film alone bounds the rate, which is never slower than with the smaller exponent
        most = asinh(abs(step) / (2.0 * i0 * self.film)) / min(alpha, 1.0 - alpha)
        bound = min(abs(whole), most)
        return rate(0.0 if bound == 0.0 else float(brentq(left, -bound, bound, xtol=1e-15)))


def growing_flaw(system: System) -> "GrowingFlaw | None":
    """The flaw of a march whose growth is followed.

    Raises:
        ModelError: A face without any resistance, or a flaw that the stack alone opens.
    """
    flaw = system.programme.any_flaw
    if flaw is None or flaw.grows_to is None:
        return None
    found = followed(system, flaw, flaw.grows_to)
    if found is None:
        allowed = "a face that resists: with a film, or with butler_volmer or linear kinetics"
        raise ModelError(f"boundaries.{flaw.face}: expected {allowed}, beside a flaw that grows")
    alone = found.pressed - found.held >= critical_opening(flaw)
    if alone or (found.parted and found.parted >= found.shape.opening(flaw.grows_to)):
        allowed = "a flaw that the stack pressure alone does not open"
        raise ModelError(f"boundaries.{flaw.face}: expected {allowed}, beside grows_to")
    return found


def followed(system: System, flaw: FilledFlaw, most: float) -> "GrowingFlaw | None":
    """A flaw at a face up to a length (um); None where nothing bounds the current into it."""
    face = system.case.boundaries[flaw.face]
    law = face.kinetics if isinstance(face, schema.Electrode) else None
    contact = next(c for c in system.model.contacts if c.name == flaw.face)
    wall = Wall(contact.resistance + contact.series, law, system.thermal)
    if (law is None and wall.film <= 0.0) or (law is not None and law.law == "tafel"):
        return None
    pressed = pressed_by_stack(system.case, flaw)
    held = held_shut(system.case, flaw)
    return GrowingFlaw(Shape(flaw), wall, pressed, held, most, step_of(system, flaw))


@dataclass(frozen=True)
class GrowingFlaw:
    """A flaw that is followed through a march.

    Attributes:
        shape: Of the flaw.
        wall: What resists the current into it.
        pressed: P where lithium touches the face, MPa.
        held: s P, MPa.
        most: Length at which the march ends, um.
        step_of: Step of the potential on the face, of a state.
    """

    shape: Shape
    wall: Wall
    pressed: float
    held: float
    most: float
    step_of: Callable[[PETSc.Vec], float]

    @property
    def parted(self) -> float:
        """What opens the flaw where lithium does not press, MPa: the solid is pulled along."""
        return max(-self.held, 0.0)

    def start(self, step: float) -> Grown:
        """Filled by lithium that only the stack presses, if it does not press the flaw shut."""
        return Grown(step, self.shape.flaw.length, self.pressure(self.pressed - self.held))

    def pressure(self, opening: float) -> float:
        """Of lithium under what presses the flaw open, MPa; 0: shut, none is left."""
        return opening + self.held if opening > 0.0 else 0.0

    def rate(self, length: float, opening: float, step: float) -> float:
        """dv/dt, um^3/s (edge: um^2/s), at what presses the flaw open (MPa) and a step (V)."""
        flaw = self.shape.flaw
        pressure = opening + self.held
        back = (pressure - self.pressed) / overpotential_to_pressure(1.0)
        current = self.wall.plated(flaw.amplification * step - back)
        per_charge = 1.0 / overpotential_to_pressure(1.0)  # V_Li/F
        return per_charge * self.shape.walls(length) * current

    def speed(self, length: float, step: float) -> float:
        """da/dt of a flaw at K_Ic at a step of the potential (V), um/s."""
        room = self.shape.power * self.shape.critical(length) / length
        return max(self.rate(length, self.shape.opening(length), step), 0.0) / room

    def critical_at(self, length: float, pressure: float) -> bool:
        """Whether K is at K_Ic."""
        return pressure - self.held >= self.shape.opening(length) * (1.0 - 1e-9)

    def advance(
        self, before: Grown, begin: float, step: float, end: float
    ) -> tuple[Grown, float, float | None]:
        """To a later time, or to the length at which the march ends.

        Args:
            before: At `begin`.
            begin: s.
            step: Of the potential at `end`, V.
            end: s.

        Returns:
            The flaw, the time that is reached, and when in between it began to grow, s.

        Raises:
            SolveFailed: The integration fails.
        """
        if end <= begin:
            return replace(before, step=step), end, None
        shape, held = self.shape, self.held
        length, time, began = before.length, begin, None
        unit = shape.critical(shape.flaw.length)
        volume = shape.compliance(length) * max(before.pressure - held, self.parted) / unit
        growing = unit * volume >= shape.critical(length) * (1.0 - 1e-12)
        goal = least = 0.0

        def there(t: float) -> float:
            return before.step + (step - before.step) * (t - begin) / (end - begin)

        def empty(t: float) -> float:
            return self.rate(length, self.parted, there(t))

        def fixed(t: float, y: list[float]) -> float:
            opening = unit * float(y[0]) / shape.compliance(length)
            return self.rate(length, opening, there(t)) / unit

        def grows(t: float, y: list[float]) -> float:
            now = shape.length(unit * float(y[0]))
            return self.rate(now, shape.opening(now), there(t)) / unit

        def reached(_: float, y: list[float]) -> float:
            return float(y[0]) - goal

        def gone(_: float, y: list[float]) -> float:
            return float(y[0]) - least

        for _ in range(MOST_PIECES):
            if time >= end or length >= self.most:
                break
            if growing and self.rate(length, shape.opening(length), there(time)) < 0.0:
                growing = False
            least = shape.compliance(length) * self.parted / unit
            if volume <= least and empty(time) <= 0.0:
                if empty(end) <= 0.0:
                    time = end
                    break
                time = float(brentq(empty, time, end))
            goal = shape.critical(self.most if growing else length) / unit
            way, stop = (grows, grows) if growing else (fixed, gone)
            volume, time, which = _integrated(way, (time, end), volume, (reached, stop))
            if growing:
                length = self.most if which == 0 else shape.length(unit * volume)
                growing = which != 1
            elif which == 0:
                growing, volume = True, goal
                began = time if began is None else began
            elif which == 1:
                volume = least
        else:
            raise SolveFailed("the growth of the flaw comes and goes too often in one step")
        pressure = self.pressure(unit * volume / shape.compliance(length))
        return Grown(there(time), length, max(pressure, 0.0)), time, began


def _integrated(
    rate: Way, span: tuple[float, float], start: float, stops: tuple[Way, Way]
) -> tuple[float, float, int]:
    """Volume and time at the end of a piece, and what ended it (-1: its time).

    The first of the stops counts where it rises through zero, the second one where it falls.
    """
    events = [_Event(function, side) for function, side in zip(stops, (1.0, -1.0), strict=True)]
    least = 1e-3 * EXACT
    found = solve_ivp(rate, span, [start], method="LSODA", rtol=EXACT, atol=least, events=events)
    if not found.success:
        raise SolveFailed(f"the growth of the flaw: {found.message}")
    for k, times in enumerate(found.t_events):
        if len(times):
            return float(found.y_events[k][-1][0]), float(times[-1]), k
    return float(found.y[0, -1]), span[1], -1


class _Event:
    """As `solve_ivp` wants it: the end of a piece."""

    terminal = True

    def __init__(self, function: Way, direction: float) -> None:
        """A function of time and volume, and the direction in which it passes zero."""
        self.function, self.direction = function, direction

    def __call__(self, time: float, volume: list[float]) -> float:
        """Zero where the piece ends."""
        return self.function(time, volume)
