"""Wrong tables of a spectrum: one message each, at its key; right ones read back."""

import pytest

from solver.case import load_case
from solver.impedance_schema import Measured
from solver.resolved import resolved_toml
from tests.unit.case_checking import checked, one_finding

GOOD = """title = "Layer"
[geometry]
shape = "strip"
width = "1 um"
above = [{ name = "wall", thickness = "1 um" }]
[regions.wall]
law = "ionic_conductor"
conductivity = "0.01 S/m"
relative_permittivity = 10
[boundaries.bottom]
law = "electrode"
potential = "0 V"
[boundaries.top]
law = "electrode"
current_density = "0 mA/cm^2"
[impedance]
frequencies = { from = "1 MHz", to = "1 mHz", per_decade = 5 }
state = "end"
circuit = "R0-p(R1,C1)-p(R2,CPE2)-Ws3"
measured = { file = "m.csv", area = "1.3 cm^2", source = "a measurement" }
"""
SPECTRUM = "frequency [Hz],real [ohm],imaginary [ohm]\n1e3,2.0,-1.0\n10,3.0,-0.5\n"
SWEEP = 'frequencies = { from = "1 MHz", to = "1 mHz", per_decade = 5 }'
WRONG = [
    ('from = "1 MHz"', 'from = "1 MV"', "impedance.frequencies", "dimension"),
    ('from = "1 MHz"', 'from = "1 mHz"', "impedance.frequencies.to", "another frequency"),
    ('from = "1 MHz"', 'from = "1e14 Hz"', "impedance.frequencies.from", "1e-09 to 1e+12"),
    ('to = "1 mHz"', 'to = "0 Hz"', "impedance.frequencies", "above zero"),
    (', to = "1 mHz"', "", "impedance.frequencies", "missing"),
    ("per_decade = 5", "per_decade = 0", "per_decade", "1"),
    (SWEEP, 'frequencies = ["1 Hz", "2 V"]', "impedance.frequencies", "dimension"),
    (SWEEP, "frequencies = []", "impedance.frequencies", "at least one"),
    (SWEEP, 'frequencies = ["1 Hz", "2 Hz"]', "impedance.frequencies", "more frequencies"),
    ('state = "end"', 'state = "ends"', "impedance.state", "end"),
    ("p(R1,C1)", "p(R1,L1)", "impedance.circuit", "members in series"),
    ("p(R1,C1)", "__import__", "impedance.circuit", "members in series"),
    ("p(R1,C1)", "p(R0,C1)", "impedance.circuit", "name of its own"),
    ('"m.csv"', '"n.csv"', "impedance.measured.file", "a file that exists"),
    ('"m.csv"', '"../m.csv"', "impedance.measured.file", "relative path"),
    (', area = "1.3 cm^2"', "", "impedance.measured.file", "real [ohm cm^2]"),
    (', source = "a measurement"', "", "impedance.measured", "source"),
    ("relative_permittivity = 10", "relative_permittivity = 0.5", "relative_perm", "at least 1"),
]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "m.csv").write_text(SPECTRUM)
    return tmp_path


def test_the_good_case_is_good(folder, capsys):
    assert checked(GOOD, folder, capsys) == (0, [])


@pytest.mark.parametrize(("old", "new", "key", "words"), WRONG)
def test_a_wrong_value_gets_one_message(old, new, key, words, folder, capsys):
    assert old in GOOD
    one_finding(GOOD.replace(old, new, 1), folder, capsys, key, words)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (SPECTRUM.replace("3.0", "three"), "three numbers in line 3"),
        (SPECTRUM.replace("1e3", "-1e3"), "above zero in line 2"),
        (SPECTRUM.replace("2.0", "nan"), "finite numbers"),
        (SPECTRUM.replace("2.0,-1.0", "0,0"), "other than zero in line 2"),
        (SPECTRUM.replace("real", "Re"), "columns"),
        (SPECTRUM.partition("10,")[0], "at least two"),
        ("", "can be read"),
    ],
)
def test_a_wrong_spectrum_gets_one_message(content, words, folder, capsys):
    (folder / "m.csv").write_text(content)
    status, said = checked(GOOD, folder, capsys)
    assert status == 2 and len(said) == 1, said
    assert "impedance.measured.file" in said[0] and words in said[0]


def test_a_misspelt_key_of_a_sweep_is_told_with_the_right_one(folder, capsys):
    status, said = checked(GOOD.replace("per_decade", "per_decades"), folder, capsys)
    assert status == 2 and len(said) == 2, said  # one too many, one missing
    assert any("from, per_decade, to; nearest: per_decade" in one for one in said)


def test_a_permittivity_that_nothing_uses_is_refused(folder, capsys):
    start = GOOD[: GOOD.index("[impedance]")].replace('"0 mA/cm^2"', '"1 mA/cm^2"')
    status, said = checked(start, folder, capsys)
    assert status == 2 and len(said) == 1, said
    assert "without [impedance]" in said[0]


def test_a_spectrum_reads_back(folder):
    (folder / "case.toml").write_text(GOOD)
    case = load_case(folder / "case.toml")
    (folder / "again.toml").write_text(resolved_toml(case))
    again = load_case(folder / "again.toml")
    assert again.impedance == case.impedance
    assert again.regions == case.regions
    assert len(case.impedance.frequencies) == 9 * 5 + 1
    assert case.impedance.frequencies[0] == 1e6 and case.impedance.frequencies[-1] == 1e-3
    assert case.impedance.frequencies[5] == pytest.approx(1e5, rel=1e-12)
    assert case.impedance.measured == Measured(str(folder / "m.csv"), 1.3e8, "a measurement")
    assert case.regions["wall"].relative_permittivity == 10.0


def test_listed_frequencies_fall(folder):
    changed = GOOD.replace(SWEEP, 'frequencies = ["1 Hz", "1 kHz", "1 Hz", "10 Hz"]')
    (folder / "case.toml").write_text(changed.replace("-p(R1,C1)-p(R2,CPE2)-Ws3", ""))
    assert load_case(folder / "case.toml").impedance.frequencies == (1000.0, 10.0, 1.0)
