"""What is told of a spectrum: intercepts, limits, arcs, a fitted circuit, its distance to data."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import hypot, isclose, isfinite, pi
from pathlib import Path

import numpy as np
from mpi4py import MPI

from solver import schema
from solver.arcs import find_arcs
from solver.circuit import Fitted, elements_of, fit_circuit, members_of, parameters_of
from solver.impedance import Spectrum
from solver.impedance_schema import Impedance
from solver.measured import read_spectrum
from solver.quantities import Quantity
from solver.units import in_unit

ASR = "ohm cm^2"
SURE = 3.0  # standard deviations
ROUNDING = 1e-6  # of an element: exact spectra give their elements back better than that
SAME = 1e-6  # between two frequencies: a sweep is rounded, as files are
TOLD = 9  # spectra of at most so many frequencies are told number by number
Points = tuple[tuple[float, complex], ...]  # Hz and ohm cm^2


@dataclass(frozen=True)
class Analysed:
    """A spectrum and what was made of it.

    Attributes:
        spectrum: As it was solved.
        values: Its impedances in ohm cm^2.
        fitted: The circuit, if one was asked for and the fit converged.
        measured: Spectrum to compare with; empty without one.
        of_measured: The same circuit, fitted to it.
    """

    spectrum: Spectrum
    values: tuple[complex, ...]
    fitted: Fitted | None
    measured: Points
    of_measured: Fitted | None = None


def measured_points(impedance: Impedance) -> Points:
    """Frequencies (Hz, falling) and impedances (ohm cm^2) of the file of the case.

    Raises:
        ValueError: The file has changed since it was checked.
    """
    given = impedance.measured
    if given is None:
        return ()
    rows = read_spectrum(Path(given.path), per_area=given.area == 0.0)
    area = in_unit(given.area, "cm^2") if given.area > 0.0 else 1.0
    return tuple((f, z * area) for f, z in rows)


def all_frequencies(impedance: Impedance, measured: Points) -> tuple[float, ...]:
    """Those that were measured and those that are asked for beside them, falling."""
    own = {f for f, _ in measured}
    beside = (f for f in impedance.frequencies if not any(isclose(f, g, rel_tol=SAME) for g in own))
    return tuple(sorted({*own, *beside}, reverse=True))


def analysed(
    spectrum: Spectrum, impedance: Impedance, measured: Points, comm: MPI.Intracomm
) -> Analysed:
    """Fit the circuit to the computed spectrum and to the measured one, on one rank."""
    scale = in_unit(1.0, ASR)
    values = tuple(scale * value for value in spectrum.values)
    fitted = of_measured = None
    if impedance.circuit and comm.rank == 0:
        fitted = fit_circuit(impedance.circuit, spectrum.frequencies, values)
        if 2 * len(measured) > len(elements_of(impedance.circuit)):
            of_measured = fit_circuit(impedance.circuit, *zip(*measured, strict=True))
    return Analysed(spectrum, values, comm.bcast(fitted), measured, comm.bcast(of_measured))


def impedance_quantities(case: schema.Case, found: Analysed) -> Iterator[Quantity]:
    """All numbers of a spectrum."""
    asked = case.impedance
    spectrum, values = found.spectrum, found.values
    if asked is None:
        return
    scale = in_unit(1.0, ASR)
    high, low = spectrum.frequencies[0], spectrum.frequencies[-1]
    text = f"Real part of the impedance at the highest frequency, {high:.6g} Hz."
    yield Quantity("high_frequency_intercept", values[0].real, ASR, meaning=text)
    text = f"Real part of the impedance at the lowest frequency, {low:.6g} Hz."
    yield Quantity("low_frequency_intercept", values[-1].real, ASR, meaning=text)
    text = "Impedance at zero frequency: slope of the steady voltage against the current density."
    yield Quantity("steady_resistance", scale * spectrum.steady, ASR, meaning=text)
    text = "Impedance at infinite frequency, displacement currents in layers left out."
    yield Quantity("ohmic_resistance", scale * spectrum.ohmic, ASR, meaning=text)
    yield from _arcs(found)
    if len(asked.frequencies) <= TOLD and not found.measured:
        for n, (f, z) in enumerate(zip(spectrum.frequencies, values, strict=True), 1):
            yield Quantity(f"real_part.{n}", z.real, ASR, meaning=f"At {f:.6g} Hz.")
            text = f"At {f:.6g} Hz; negative where capacities act."
            yield Quantity(f"imaginary_part.{n}", z.imag, ASR, meaning=text)
    yield from _circuit(asked, found)
    yield from _specimens(case, found)
    if found.measured:
        text = "Root of the mean square of the difference to the measured spectrum, over its own."
        yield Quantity("spectrum_distance", distance(found), "1", meaning=text)


def _arcs(found: Analysed) -> Iterator[Quantity]:
    arcs = find_arcs(found.spectrum.frequencies, found.values)
    text = "Peaks of -Im Z inside of the range of frequencies."
    yield Quantity("arcs", float(len(arcs)), "1", meaning=text)
    for n, arc in enumerate(arcs[:TOLD], 1):
        text = "Difference of the real parts at the troughs of -Im Z on both sides of the peak."
        yield Quantity(f"arc_resistance.{n}", arc.resistance, ASR, meaning=text)
        text = "Frequency at which -Im Z peaks."
        yield Quantity(f"peak_frequency.{n}", arc.peak, "Hz", meaning=text)


def _circuit(asked: Impedance, found: Analysed) -> Iterator[Quantity]:
    if not asked.circuit:
        return
    yield from _elements("circuit", asked.circuit, found.fitted)
    if found.measured:
        yield from _elements("circuit_measured", asked.circuit, found.of_measured)


def _elements(head: str, circuit: str, fitted: Fitted | None) -> Iterator[Quantity]:
    """Those of a measured spectrum with the error bars of their fit."""
    measured = head == "circuit_measured"
    spectrum = "the measured spectrum" if measured else "the computed spectrum"
    if fitted is None:
        text = f"No fit of the circuit to {spectrum} converged, or it has too few points."
        yield Quantity(f"{head}_misfit", None, "1", meaning=text)
        return
    text = (
        f"Of {circuit} to {spectrum}: root of the mean square of the differences over the modulus."
    )
    yield Quantity(f"{head}_misfit", fitted.misfit, "1", meaning=text)
    for name, member in elements_of(circuit).items():
        unit, factor = _unit_of(name)
        value = fitted.parameters[name] * factor
        text = f"Of the circuit fitted to {spectrum}, in {member}."
        width = SURE * fitted.deviations[name] * factor
        if not measured or not isfinite(width):
            yield Quantity(f"{head}.{name}", value, unit, meaning=text)
            continue
        text += f" Error bar: {SURE:g} standard deviations of the fit."
        ends = (value - width, value + width)
        yield Quantity(f"{head}.{name}", value, unit, *ends, "estimated", text)


def circuit_warnings(found: Analysed) -> Iterator[str]:
    """Elements in which the two fits differ by more than both can tell."""
    mine, other = found.fitted, found.of_measured
    if mine is None or other is None:
        return
    unlike = []
    for name, value in mine.parameters.items():
        told = SURE * hypot(mine.deviations[name], other.deviations[name])
        if abs(value - other.parameters[name]) > told + ROUNDING * abs(value):
            unit, factor = _unit_of(name)
            pair = (f"{one * factor:.4g}" for one in (value, other.parameters[name]))
            unlike.append(f"{name} (" + " and ".join(pair) + (f" {unit})" if unit != "1" else ")"))
    if unlike:
        yield (
            f"Warning: the circuit {mine.circuit} differs between the computed and the measured "
            f"spectrum by more than {SURE:g} standard deviations of both fits in "
            f"{', '.join(unlike)}."
        )


def _unit_of(name: str) -> tuple[str, float]:
    """Unit in which a parameter of a circuit is told, and what takes it there."""
    if name.startswith("CPE"):
        return ("1", 1.0) if name.endswith("_1") else ("S/cm^2", 1.0)  # times s^a
    if name.startswith("C"):
        return "uF/cm^2", 1e6
    return ("s", 1.0) if name.endswith("_1") else (ASR, 1.0)


def _specimens(case: schema.Case, found: Analysed) -> Iterator[Quantity]:
    """In ohm: the part in front of all arcs once, the rest as often as there are interfaces."""
    bulk = found.values[0].real
    rest = in_unit(found.spectrum.steady, ASR) - bulk
    how = "the highest frequency"
    if found.fitted is not None:
        members = members_of(found.fitted.circuit)
        lone = [member for member in members if member.startswith("R")]
        others = [n for m in members if m not in lone for n in parameters_of(m)]
        resistances = [n for n in others if n.startswith("R") or n.endswith("_0")]
        resistances = [n for n in resistances if not n.startswith("CPE")]
        bulk = sum(found.fitted.parameters[name] for name in lone)
        rest = sum(found.fitted.parameters[name] for name in resistances)
        how = "the fitted circuit"
    for specimen in case.specimens:
        area = in_unit(specimen.area, "cm^2")
        name = f"specimen.{specimen.name}"
        text = f"Of the sample {specimen.name!r}, {specimen.sides} interface(s), from {how}."
        whole = (bulk + specimen.sides * rest) / area
        yield Quantity(name, whole, "ohm", meaning=text)
        text = f"What lies in front of the arcs of the sample {specimen.name!r}, from {how}."
        yield Quantity(f"{name}.bulk", bulk / area, "ohm", meaning=text)
        text = f"The arcs of the sample {specimen.name!r}, {specimen.sides} interface(s)."
        yield Quantity(f"{name}.interface", specimen.sides * rest / area, "ohm", meaning=text)


def distance(found: Analysed) -> float:
    """Between the computed and the measured spectrum, relative."""
    computed = dict(zip(found.spectrum.frequencies, found.values, strict=True))
    f, z = (np.array(part) for part in zip(*found.measured, strict=True))
    difference = np.array([computed[one] for one in f]) - z
    return float(np.sqrt(np.sum(np.abs(difference) ** 2) / np.sum(np.abs(z) ** 2)))


def table_of_spectrum(found: Analysed) -> str:
    """The spectrum as comma-separated values, with a head of names and units."""
    heads = [
        "frequency [Hz]", f"real [{ASR}]", f"imaginary [{ASR}]", f"modulus [{ASR}]",
        "phase [degree]",
    ]  # fmt: skip
    if found.fitted is not None:
        heads += [f"fitted real [{ASR}]", f"fitted imaginary [{ASR}]"]
    lines = [",".join(heads)]
    for k, (f, z) in enumerate(zip(found.spectrum.frequencies, found.values, strict=True)):
        row = [f, z.real, z.imag, abs(z), float(np.angle(z)) * 180.0 / pi]
        if found.fitted is not None:
            row += [found.fitted.values[k].real, found.fitted.values[k].imag]
        lines.append(",".join(f"{value:.12g}" for value in row))
    return "\n".join(lines) + "\n"


def table_of_measured(found: Analysed) -> str:
    """The measured spectrum per area, in the same form."""
    lines = [f"frequency [Hz],real [{ASR}],imaginary [{ASR}]"]
    rows = [[f, z.real, z.imag] for f, z in found.measured]
    if found.of_measured is not None:
        lines[0] += f",fitted real [{ASR}],fitted imaginary [{ASR}]"
        for row, z in zip(rows, found.of_measured.values, strict=True):
            row += [z.real, z.imag]
    lines += [",".join(f"{value:.12g}" for value in row) for row in rows]
    return "\n".join(lines) + "\n"
