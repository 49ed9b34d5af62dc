"""The verdict on a filled flaw from a solved current, and the critical current of a design.

From one steady state: the step of the potential on the face (`solver.filled_flaw`), the pressure
of the lithium in the flaw, K, G, the margin Gc/G (above 1 the flaw holds). At a fixed step K goes
as the root of the length, so that a flaw which grows does not come to rest by itself.

The critical current density of the design is the least of three,

    cracking      steady current, plating on the face of the flaw, at which the step is critical
    stripping     where voids begin to take all of a face (`solver.face_contact`)
    salt          the limiting current density

and `limited_by` says which. The cracking one is a root in logarithms (secant; one step where film
and reaction are linear). Step and current are those of a mesh of cells half as large; the error bar
is what halving them has changed (rounding for flat layers without salt, exact on any mesh).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import inf, isfinite, log, pi, sqrt

from solver.carrier_system import Held, System
from solver.face_contact import contacts, critical_stripping, voids_of
from solver.filled_flaw import (
    SHAPE_FACTORS,
    critical_opening,
    critical_pressure,
    critical_step,
    held_shut,
    stalled_pressure,
    step_of,
)
from solver.march import steady_state
from solver.march_schema import FilledFlaw
from solver.march_states import Marched
from solver.margins import PER_TOUGHNESS, estimate
from solver.quantities import Quantity
from solver.solve import SolveFailed
from solver.stability import verdict
from solver.units import in_unit

DENSITY = "mA/cm^2"
MOST_TRIALS = 60
CLOSE = 1e-10
FARTHEST = 30.0  # factor from one trial current to the next
ROUNDING = 1e-9  # of a step: what an error bar is at least
NEAR_LIMIT = 1e-3  # of the limiting current, which is known as closely


@dataclass(frozen=True)
class Judged:
    """Of a flaw on two meshes, the second one finer.

    Attributes:
        steps: Of the potential at the current of the case, V.
        critical: Current density at which the flaw grows, pA/um^2; infinite: none does.
    """

    steps: tuple[float, float]
    critical: tuple[float, float]


def judge(
    systems: tuple[System, System],
    found: Marched,
    limit: float | None,
    overrides: Mapping[str, str],
) -> Judged | None:
    """Solve for the step and for the critical current on both meshes; None without a flaw.

    Args:
        systems: The problem on a mesh and on a finer one; the same where any mesh is exact.
        found: Its steady state on the first.
        limit: The limiting current density, pA/um^2; None: there is none.
        overrides: Options of PETSc.

    Raises:
        SolveFailed: No steady state, or the current is not found.
    """
    flaw = systems[0].programme.flaw
    if flaw is None or found.x is None:
        return None
    step, one = step_of(systems[0], flaw)(found.x), _critical(systems[0], flaw, limit, overrides)
    if systems[1] is systems[0]:
        return Judged((step, step), (one, one))
    finer = steady_state(systems[1], overrides).x
    if finer is None:
        raise ValueError("a steady state without a state")
    other = _critical(systems[1], flaw, limit, overrides)
    return Judged((step, step_of(systems[1], flaw)(finer)), (one, other))


def _critical(
    system: System, flaw: FilledFlaw, limit: float | None, overrides: Mapping[str, str]
) -> float:
    """Current density that plates on the face of the flaw at which that grows, pA/um^2."""
    target = critical_step(system.case, flaw)
    if target <= 0.0:
        return 0.0
    usual = system.held[system.driven]
    try:
        return _root(system, flaw, target, inf if limit is None else limit, overrides)
    finally:
        system.held[system.driven] = usual


def _root(
    system: System, flaw: FilledFlaw, target: float, limit: float, overrides: Mapping[str, str]
) -> float:
    built = system.domain.built
    area = built.cell_area / built.multiplicity
    terminal = next(c.terminal for c in system.model.contacts if c.name == flaw.face)
    sign = -1.0 if terminal == system.driven else 1.0  # so that it is plated
    step = step_of(system, flaw)
    trial = min(system.conductance * system.thermal, 0.5 * limit)
    points: list[tuple[float, float]] = []
    for _ in range(MOST_TRIALS):
        system.held[system.driven] = Held(None, sign * trial * area)
        x = steady_state(system, overrides).x
        there = 0.0 if x is None else step(x)
        if there <= ROUNDING * target:
            return inf  # an ideal contact: no current makes a step
        if abs(there / target - 1.0) <= CLOSE:
            return trial
        points.append((log(trial), log(there)))
        factor = (target / there) ** (1.0 / _slope(points))
        after = trial * min(max(factor, 1.0 / FARTHEST), FARTHEST)
        if after >= limit:
            if limit - trial <= NEAR_LIMIT * limit:
                return inf
            after = 0.5 * (trial + limit)
        trial = after
    raise SolveFailed("the critical current density of the flaw was not found")


def _slope(points: list[tuple[float, float]]) -> float:
    """d ln(step)/d ln(current) between the last two points, kept between a tenth and ten."""
    if len(points) < 2:
        return 1.0
    (a, at_a), (b, at_b) = points[-2:]
    return min(max((at_b - at_a) / (b - a), 0.1), 10.0) if b != a else 1.0


def verdict_quantities(
    system: System, judged: Judged | None, limit: float | None
) -> Iterator[Quantity]:
    """Pressure, K, G, margin, verdict; the critical current density and what limits it."""
    flaw = system.programme.flaw
    if flaw is None or judged is None:
        return
    case = system.case
    coarse, step = judged.steps
    bar = max(abs(step - coarse), ROUNDING * abs(step))
    text = (
        "Step of the potential on the face of the flaw, the largest there, where current is "
        "amplified; negative where lithium is stripped."
    )
    k = 1e3 * flaw.amplification
    yield estimate("flaw_overpotential", k * step, k * bar, "mV", text)
    pressure, held = stalled_pressure(case, flaw, step), held_shut(case, flaw)
    around = (stalled_pressure(case, flaw, step + sign * bar) for sign in (1.0, -1.0))
    change = max(abs(other - pressure) for other in around)
    text = "Of the lithium that has stalled in the flaw."
    if pressure == 0.0:
        text = "Without lithium: more is stripped than the stack presses in; it does not pull."
    elif pressure < held:
        text = "At which lithium in the flaw would stall; the stack presses the flaw shut harder."
    yield estimate("flaw_pressure", pressure, change, "MPa", text)
    text = "Of that lithium where the flaw begins to grow; 0: it grows without."
    yield Quantity(
        "critical_pressure", max(critical_pressure(case, flaw), 0.0), "MPa", meaning=text
    )
    least = 1e3 * flaw.amplification * critical_step(case, flaw)
    if isfinite(least):
        text = (
            "Step of the potential, as amplified, at which the flaw begins to grow; negative: the "
            "stack alone opens it, and only stripping keeps it."
        )
        yield Quantity("critical_overpotential", least, "mV", meaning=text)
    yield from _fracture(flaw, max(pressure - held, 0.0), change, critical_opening(flaw))
    yield from _critical_currents(system, judged, limit)


def _fracture(flaw: FilledFlaw, pressure: float, bar: float, most: float) -> Iterator[Quantity]:
    root = SHAPE_FACTORS[flaw.shape] * sqrt(pi * flaw.length)
    text = "K of the flaw under that pressure, less what keeps it shut."
    unit = PER_TOUGHNESS * root
    yield estimate("stress_intensity", unit * pressure, unit * bar, "MPa m^0.5", text)
    share, widest = (pressure / most) ** 2, ((pressure + bar) / most) ** 2
    if flaw.youngs_modulus > 0.0:
        modulus = flaw.youngs_modulus / (1.0 - flaw.poissons_ratio**2)
        gc = flaw.fracture_toughness**2 / modulus
        text = "G = K^2 (1 - nu^2)/E of the flaw."
        unit_text = "J/m^2"
        yield estimate("energy_release_rate", gc * share, gc * (widest - share), unit_text, text)
        text = "Gc = K_Ic^2 (1 - nu^2)/E, from the input."
        yield Quantity("fracture_energy", gc, unit_text, meaning=text)
    if share > 0.0:
        text = "Gc/G: above 1 the flaw does not grow."
        yield estimate("margin", 1.0 / share, (widest - share) / share**2, "1", text)
    word = verdict(share, widest - share, 1.0, 1.0)
    text = (
        "Does the flaw grow at the current of the case? At the same step it does not come to rest."
    )
    yield Quantity("verdict", word, "", meaning=text)


def _critical_currents(system: System, judged: Judged, limit: float | None) -> Iterator[Quantity]:
    known: list[tuple[str, float, float]] = []
    coarse, cracking = (in_unit(i, DENSITY) for i in judged.critical)
    text = "Of the cell, at which the flaw begins to grow."
    if isfinite(cracking) and isfinite(coarse):
        bar = max(abs(cracking - coarse), ROUNDING * cracking)
        known.append(("crack", cracking, bar))
        yield estimate("cracking_current_density", cracking, bar, DENSITY, text)
    else:
        text = "No current makes the flaw grow that the cell carries."
        yield Quantity("cracking_current_density", "unbounded", DENSITY, meaning=text)
    if limit is not None:
        known.append(("salt", in_unit(limit, DENSITY), 0.0))
    laws = contacts(system.case)
    for name in voids_of(system.case):
        known.append(("stripping", in_unit(critical_stripping(laws[name]), DENSITY), 0.0))
    if not known:
        yield Quantity("critical_current_density", "unbounded", DENSITY, meaning=text)
        return
    word, value, bar = min(known, key=lambda entry: entry[1])
    text = (
        "Of the design: the least of the currents at which the flaw grows, stripping takes all "
        "contact, or the salt is used up."
    )
    yield estimate("critical_current_density", value, bar if bar > 0.0 else inf, DENSITY, text)
    text = "What limits it: crack, stripping or salt."
    yield Quantity("limited_by", word, "", meaning=text)
