"""Circuits fitted to measured spectra: elements, their standard deviations, what differs."""

import math

import numpy as np
import pytest
from mpi4py import MPI

from solver.arcs import find_arcs
from solver.circuit import elements_of, fit_circuit, places_of
from solver.impedance_quantities import all_frequencies
from solver.impedance_schema import Impedance
from solver.simulate import simulate
from tests.verification.march_example import (
    HELD,
    SOLID,
    F,
    R,
    T,
    case_of,
    driven,
    numbers,
    reacts,
    text,
)

CIRCUIT = "R0-p(R1,C1)-Ws2"
EXACT = {"R0": 5.0, "R1": 10.0, "C1": 1e-5, "Ws2_0": 20.0, "Ws2_1": 30.0}  # ohm cm^2, F/cm^2, s
FREQUENCIES = tuple(float(f) for f in np.geomspace(1e6, 1e-4, 51))


def made(frequencies, e):
    """R0 + R1/(1 + i w R1 C1) + Ws tanh(s)/s, s = sqrt(i w tau)."""
    w = 2j * math.pi * np.asarray(frequencies)
    s = np.sqrt(w * e["Ws2_1"])
    return e["R0"] + e["R1"] / (1 + w * e["R1"] * e["C1"]) + e["Ws2_0"] * np.tanh(s) / s


def noisy(z, seed, size):
    """Independent errors of both parts in proportion to the modulus."""
    draw = np.random.default_rng(seed).normal(size=(2, len(z)))
    return z + size * np.abs(z) * (draw[0] + 1j * draw[1])


def written(path, frequencies, values, unit="ohm cm^2"):
    lines = [f"frequency [Hz],real [{unit}],imaginary [{unit}]"]
    lines += [
        f"{f:.17g},{z.real:.17g},{z.imag:.17g}" for f, z in zip(frequencies, values, strict=True)
    ]
    path.write_text("\n".join(lines))


def test_exact_spectra_give_their_elements_back():
    fitted = fit_circuit(CIRCUIT, FREQUENCIES, made(FREQUENCIES, EXACT))
    assert fitted is not None and fitted.misfit < 1e-9
    assert fitted.parameters == pytest.approx(EXACT, rel=1e-6)
    assert all(fitted.deviations[name] < 1e-8 * value for name, value in EXACT.items())


def test_deviations_are_those_of_noise():
    # of 8 spectra with errors of 1 %: differences over their deviations have the variance 1 of a
    # normal distribution, 40 of them to within 3 sqrt(2/40)
    pulls = []
    for seed in range(8):
        values = noisy(made(FREQUENCIES, EXACT), seed, 0.01)
        fitted = fit_circuit(CIRCUIT, FREQUENCIES, values)
        assert fitted.misfit == pytest.approx(0.01 * math.sqrt(2.0), rel=0.3)
        pulls += [(fitted.parameters[n] - e) / fitted.deviations[n] for n, e in EXACT.items()]
    assert np.mean(np.square(pulls)) == pytest.approx(1.0, abs=3 * math.sqrt(2 / len(pulls)))
    assert np.abs(pulls[:5]).max() < 3.0  # of the first seed


def test_members_of_one_kind_stand_by_rising_time_constants():
    # (2 ohm) (0.5 F) = 1 s, (4 ohm) (1 mF) = 4 ms; (10 1e-4)^(1/0.5) = 1e-6 s, (1 1e-4)^1 = 1e-4 s
    found = {"R1": 2.0, "C1": 0.5, "R0": 1.0, "R2": 4.0, "C2": 1e-3, "Ws1_0": 1.0, "Ws1_1": 1.0}
    places = places_of("p(R1,C1)-R0-p(R2,C2)-Ws1", found)
    assert places == {
        "R1": "R2", "C1": "C2", "R0": "R0", "R2": "R1", "C2": "C1", "Ws1_0": "Ws1_0",
        "Ws1_1": "Ws1_1",
    }  # fmt: skip
    found = {"R1": 1.0, "CPE1_0": 1e-4, "CPE1_1": 1.0, "R2": 10.0, "CPE2_0": 1e-4, "CPE2_1": 0.5}
    assert places_of("p(R1,CPE1)-p(R2,CPE2)", found)["CPE1_1"] == "CPE2_1"
    assert list(elements_of(CIRCUIT)) == list(EXACT)


def test_frequencies_are_solved_once():
    # a sweep and a file agree but for rounding; measured ones are kept as they are
    f = (1000.0, 10.0)
    asked = Impedance((1e4, 1000.0000000002, 100.0, 9.99999999999))
    found = all_frequencies(asked, tuple((one, 1.0 - 1.0j) for one in f))
    assert found == (1e4, 1000.0, 100.0, 10.0)
    near = (1.0 + 2e-16, 1.0, 0.1)
    assert find_arcs((2.0, *near), (0j, -0.9j, -1j, 0j))[0].peak == 1.0


@pytest.mark.parametrize(("share", "differs"), [(1.0, []), (1.1, ["R1"])])
def test_a_measured_spectrum_has_a_circuit_of_its_own(tmp_path, share, differs):
    # 10 um of 0.01 S/m: 10 ohm cm^2; i0 = 1 A/m^2: RT/F ohm m^2 beside 10 uF/cm^2. The sample of
    # 2 cm^2 has `share` of that arc, with errors of 1 %: R1 is told to 0.4 % or so
    arc = R * T / F * 1e4
    f = tuple(float(f) for f in np.geomspace(1e5, 1e-1, 25))
    z = 10.0 + share * arc / (1 + 2j * math.pi * np.array(f) * share * arc * 1e-5)
    written(tmp_path / "m.csv", f, noisy(z, 1, 0.01) / 2.0, "ohm")
    content = text(
        SOLID, HELD, driven(0.0), reacts("top", 0.1, more='capacitance = "10 uF/cm^2"'),
        '[impedance]\nfrequencies = ["1 MHz", "1 kHz", "1 Hz"]\ncircuit = "R0-p(R1,C1)"\n'
        'measured = { file = "m.csv", area = "2 cm^2", source = "made" }\n',
    )  # fmt: skip
    solved = simulate(case_of(tmp_path, content), MPI.COMM_SELF, lambda _: None)
    said = {q.name: q for q in solved.quantities}
    exact = {"R0": 10.0, "R1": share * arc, "C1": 10.0}
    for name, value in exact.items():
        other = said[f"circuit_measured.{name}"]
        assert other.lower < value < other.upper and other.bound == "estimated"
        assert other.upper - other.lower < 0.1 * value
    assert said["circuit.R1"].value == pytest.approx(arc, rel=1e-6)
    assert said["circuit.R1"].unit == said["circuit_measured.R1"].unit == "ohm cm^2"
    assert said["circuit_measured_misfit"].value == pytest.approx(0.01 * math.sqrt(2), rel=0.3)
    warned = [note for note in solved.marching.warnings if "circuit" in note]
    assert numbers(solved)["circuit_misfit"] < 1e-6
    assert [name for name in exact for note in warned if f"{name} (" in note] == differs
