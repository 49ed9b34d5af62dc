"""Pictures and tables of a spectrum."""

import json
from dataclasses import replace

import pytest

from solver.circuit import Fitted
from solver.impedance import Spectrum
from solver.impedance_quantities import Analysed, table_of_measured, table_of_spectrum
from solver.measured import read_spectrum
from solver.output import MEASURED_SPECTRUM, RESULTS, SPECTRUM
from solver.pictures_impedance import bode_picture, has_spectrum, nyquist_picture

FREQUENCIES = (1e5, 1e3, 10.0)
NAMES = ("R0", "R1", "C1")
VALUES = (1.0 - 0.1j, 2.0 - 1.0j, 3.0 - 0.1j)  # ohm cm^2


def found(measured=()):
    spectrum = Spectrum(FREQUENCIES, tuple(1e-4 * z for z in VALUES), 3.1e-4, 1e-4, 10)
    fitted = Fitted(
        "R0-p(R1,C1)", dict.fromkeys(NAMES, 1.0), dict.fromkeys(NAMES, 0.1), VALUES, 0.0
    )
    own = replace(fitted, values=tuple(z for _, z in measured)) if measured else None
    return Analysed(spectrum, VALUES, fitted, measured, own)


def test_a_table_reads_back_as_a_measured_spectrum(tmp_path):
    (tmp_path / "one.csv").write_text(table_of_spectrum(found()))
    rows = read_spectrum(tmp_path / "one.csv", per_area=True)
    assert [f for f, _ in rows] == list(FREQUENCIES)
    assert [z for _, z in rows] == pytest.approx(list(VALUES))
    (tmp_path / "two.csv").write_text(table_of_measured(found(tuple(rows))))
    assert read_spectrum(tmp_path / "two.csv", per_area=True) == rows


def test_pictures_name_frequencies_and_units(tmp_path):
    assert not has_spectrum(tmp_path)
    (tmp_path / RESULTS).write_text(json.dumps({"title": "A spectrum"}))
    (tmp_path / SPECTRUM).write_text(table_of_spectrum(found()))
    (tmp_path / MEASURED_SPECTRUM).write_text(table_of_measured(found(((1e3, 2.1 - 1.1j),))))
    assert "fitted real [ohm cm^2]" in (tmp_path / MEASURED_SPECTRUM).read_text()
    assert has_spectrum(tmp_path)
    for picture in (nyquist_picture(tmp_path), bode_picture(tmp_path)):
        content = (tmp_path / picture.file).read_bytes()
        assert content.startswith(b"\x89PNG") and len(content) > 10_000
    assert "3 frequencies from 1e+05 to 10 Hz" in nyquist_picture(tmp_path).caption
    assert "-26.6 degrees" in bode_picture(tmp_path).caption  # atan(1/2)
