"""Equivalent circuits, fitted to a spectrum by the package impedance (impedance.py).

A circuit is a row of members in series: R0; p(R1,C1), a resistance beside a capacitance;
p(R1,CPE1), beside a constant phase element 1/(Q (i w)^a); Ws1, a finite Warburg element
R tanh(s)/s, s = sqrt(i w tau). Least squares of the real and imaginary parts over the modulus. The
fit starts from the arcs of the spectrum and, should there be fewer of them than members, from
frequencies spread evenly; of two starts the better fit counts. Members of one kind may change their
places: they are told by rising time constants, so that two fits can be compared. The text of a
circuit is checked when the case is read: the package evaluates it.

The standard deviation of a parameter is that of the linearised fit, scaled to the differences that
are left: of independent errors in proportion to the modulus, whose size is not known beforehand.

Source: Murbach et al. 2020, J. Open Source Softw. 5, 2349.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import log, pi

import numpy as np

from solver.arcs import Arc, find_arcs

EVALUATIONS = 5000
LEAST_SHARE = 0.05  # of the whole resistance: of a member of which no arc is seen
Start = dict[str, float]


@dataclass(frozen=True)
class Fitted:
    """A fitted circuit.

    Attributes:
        circuit: Its text.
        parameters: Value of every parameter in ohm cm^2, F/cm^2, s.
        deviations: Their standard deviations, in the same units; inf: the spectrum does not say.
        values: Its impedance at the frequencies of the fit, ohm cm^2.
        misfit: Root of the mean square of the differences over the modulus.
    """

    circuit: str
    parameters: dict[str, float]
    deviations: dict[str, float]
    values: tuple[complex, ...]
    misfit: float


def members_of(circuit: str) -> list[str]:
    """The members in series."""
    return circuit.split("-")


def parameters_of(member: str) -> list[str]:
    """Names of the parameters of a member, in the order of the package."""
    found: list[str] = []
    for kind, number in re.findall(r"(R|CPE|C|Ws)([0-9])", member):
        name = f"{kind}{number}"
        found += [name] if kind in ("R", "C") else [f"{name}_0", f"{name}_1"]
    return found


def elements_of(circuit: str) -> dict[str, str]:
    """Names of all parameters, each with its member."""
    return {name: member for member in members_of(circuit) for name in parameters_of(member)}


def fit_circuit(
    circuit: str, frequencies: Sequence[float], values: Sequence[complex]
) -> Fitted | None:
    """Fit; None if neither start converges.

    Args:
        circuit: Of the form that the case file allows.
        frequencies: Hz, falling.
        values: ohm cm^2.
    """
    # takes more than a second, and is needed for few cases
    from impedance.models.circuits.fitting import circuit_fit, wrapCircuit

    f, z = np.asarray(frequencies, dtype=float), np.asarray(values, dtype=complex)
    best: Fitted | None = None
    for guess in starts(circuit, tuple(frequencies), tuple(values)):
        names, first = list(guess), np.array(list(guess.values()))
        try:
            found, errors = circuit_fit(
                f, z, circuit, list(first), weight_by_modulus=True, x_scale=first, xtol=1e-14,
                gtol=1e-14, maxfev=EVALUATIONS,
            )  # fmt: skip
        except RuntimeError:  # no convergence from here
            continue
        parts = np.asarray(wrapCircuit(circuit, {})(f, *found))
        fitted = parts[: len(f)] + 1j * parts[len(f) :]
        misfit = float(np.sqrt(np.mean(np.abs((fitted - z) / z) ** 2)))
        if best is None or misfit < best.misfit:
            parameters, deviations = (
                dict(zip(names, (float(value) for value in row), strict=True))
                for row in (found, errors)
            )
            places = places_of(circuit, parameters)
            best = Fitted(
                circuit,
                {name: parameters[places[name]] for name in names},
                {name: deviations[places[name]] for name in names},
                tuple(complex(v) for v in fitted),
                misfit,
            )
    return best


def places_of(circuit: str, parameters: Start) -> dict[str, str]:
    """For every parameter the one whose value it takes: time constants of one kind rise."""
    found: dict[str, str] = {}
    kinds: dict[str, list[str]] = {}
    for member in members_of(circuit):
        kinds.setdefault(re.sub("[0-9]", "", member), []).append(member)
    for members in kinds.values():
        sorted_ones = sorted(members, key=lambda member: _rank(member, parameters))
        for member, other in zip(members, sorted_ones, strict=True):
            found |= zip(parameters_of(member), parameters_of(other), strict=True)
    return found


def _rank(member: str, parameters: Start) -> float:
    """Logarithm of R C, (R Q)^(1/a) or tau over a second; zero of a lone resistance."""
    values = [max(parameters[name], 1e-150) for name in parameters_of(member)]
    if member.startswith("Ws"):
        return log(values[1])
    if len(values) == 1:
        return 0.0
    return log(values[0] * values[1]) / (values[2] if len(values) > 2 else 1.0)


def starts(
    circuit: str, frequencies: tuple[float, ...], values: tuple[complex, ...]
) -> tuple[Start, Start]:
    """Parameters to start from: of the arcs that are seen, and of ones spread evenly."""
    members = members_of(circuit)
    relaxing = [member for member in members if not member.startswith("R")]
    real = np.real(np.asarray(values))
    high, low = float(real.min()), float(real.max())
    whole = max(low - high, 1e-3 * low)
    count = len(relaxing)
    places = np.geomspace(frequencies[0], frequencies[-1], count + 2)[1:-1]
    even = tuple(Arc(whole / max(count, 1), float(place)) for place in places)
    seen = list(find_arcs(frequencies, values))
    while len(seen) > count:
        seen.remove(min(seen, key=lambda arc: arc.resistance))
    for arc in sorted(even, key=lambda arc: -_distance(arc, seen))[: count - len(seen)]:
        seen.append(Arc(LEAST_SHARE * whole, arc.peak))
    seen.sort(key=lambda arc: -arc.peak)
    return _start(members, seen, high), _start(members, list(even), high)


def _distance(arc: Arc, others: list[Arc]) -> float:
    return min((abs(np.log(arc.peak / other.peak)) for other in others), default=np.inf)


def _start(members: list[str], arcs: list[Arc], high: float) -> Start:
    """Members take the arcs in their order, from the highest frequency on."""
    found: Start = {}
    lone = sum(member.startswith("R") for member in members)
    waiting = iter(arcs)
    for member in members:
        names = parameters_of(member)
        if member.startswith("R"):
            found[names[0]] = max(high, 1e-12) / lone
            continue
        arc = next(waiting)
        resistance = max(arc.resistance, 1e-12)
        if member.startswith("Ws"):
            found |= {names[0]: resistance, names[1]: 2.5406 / (2.0 * pi * arc.peak)}
        else:
            found |= {names[0]: resistance, names[1]: 1.0 / (2.0 * pi * arc.peak * resistance)}
            found |= dict.fromkeys(names[2:], 0.95)  # exponent of a constant phase element
    return found
