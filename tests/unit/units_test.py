"""Units: known conversions, reading back what was written, texts that are refused at once."""

import math
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.units import (
    DISPLAY,
    FARADAY,
    UnitError,
    format_value,
    in_unit,
    parse,
    parse_any,
    read_unit,
)

REPEATABLE = settings(deadline=None, derandomize=True, database=None)

# 1 S/m = 1 A/(V m) = 1e12 pA / (V 1e6 um) = 1e6 pA/(V um); 1 ohm cm^2 = 1 V/(1e12 pA) 1e8 um^2
KNOWN = [
    ("10 um", "length", 10.0),
    ("50 nm", "length", 0.05),
    ("1 inch", "length", 25400.0),
    ("1.3 cm^2", "area", 1.3e8),
    ("1 mV", "potential", 1e-3),
    ("1 S/m", "conductivity", 1e6),
    ("2.5 mS/cm", "conductivity", 2.5e5),
    ("1e-11 S/cm", "conductivity", 1e-3),
    ("3 pA/(V um)", "conductivity", 3.0),
    ("1 ohm cm^2", "area_specific_resistance", 1e-4),
    ("9.42 Ω·cm2", "area_specific_resistance", 9.42e-4),
    ("9.42 \u2126 cm**2", "area_specific_resistance", 9.42e-4),
    ("30 ohm", "resistance", 3e-11),
    ("1 ohm m", "resistance_length", 1e-6),
    ("1 mA/cm2", "current_density", 10.0),
    ("1 A/m", "current_per_length", 1e6),
    ("1 nA", "current", 1e3),
    ("10 µm", "length", 10.0),
    ("10 \u03bcm", "length", 10.0),
    ("14.8 %", "dimensionless", 0.148),
    ("0.148", "dimensionless", 0.148),
    ("+.5", "dimensionless", 0.5),
    ("1 g/cm^3", "density", 1e-15),
]


@pytest.mark.parametrize(("text", "kind", "value"), KNOWN)
def test_known_conversions_are_exact(text, kind, value):
    assert parse(text, kind) == value


def test_working_units_are_coherent():
    # V times pA is pW, and pC is pA s: Faraday's constant in C/mol is pC/fmol times 1e-3.
    assert read_unit("V pA s").factor == read_unit("pJ").factor == 1
    assert read_unit("MPa um^3").factor == 1
    assert FARADAY == pytest.approx(float(read_unit("C/mol").factor) * 96485.33212331, rel=1e-15)


@REPEATABLE
@given(
    st.floats(min_value=1e-30, max_value=1e30),
    st.sampled_from(sorted(DISPLAY)),
)
def test_what_is_written_reads_back_to_the_same_float(value, kind):
    assert parse(format_value(value, DISPLAY[kind][0]), kind) == value
    assert parse(format_value(-value, DISPLAY[kind][0]), kind) == -value


@REPEATABLE
@given(
    st.floats(min_value=1e-20, max_value=1e20),
    st.sampled_from(["inch", "mile", "min", "ohm inch^2", "mAh/cm^2", "%", "um^0.5"]),
)
def test_units_that_are_no_power_of_ten_read_back_too(value, unit):
    assert parse_any(format_value(value, unit))[0] == value


def test_numbers_are_written_short():
    assert format_value(250000.0, "mS/cm") == "2.5 mS/cm"
    assert format_value(0.05, "nm") == "50 nm"
    assert format_value(0.00012, "ohm cm^2") == "1.2 ohm cm^2"
    assert format_value(1e-3, "S/cm") == "1e-11 S/cm"
    assert format_value(0.148, "%") == "14.8 %"
    assert format_value(0.0, "V") == "0 V"
    assert format_value(1e-3, "") == "0.001"


def test_values_in_a_unit():
    assert in_unit(9.42e-4, "ohm cm^2") == 9.42
    assert in_unit(0.5, "%") == 50.0


REFUSED = [
    ("", "empty"),
    ("   ", "empty"),
    ("um", "one finite number"),
    ("nan um", "one finite number"),
    ("inf um", "one finite number"),
    ("-inf um", "one finite number"),
    ("1e400 um", "between"),
    ("1e-400 um", "between"),
    ("1e99999 um", "one finite number"),
    ("10**10**10 um", "one finite number"),
    ("10^9 um", "one finite number"),
    ("2*3 um", "one finite number"),
    ("1,5 um", "one finite number"),
    ("1.2.3 um", "one finite number"),
    ("1_000 um", "a number and a unit"),
    ("1 um um", "another dimension"),
    ("10", "no unit"),
    ("10 V", "another dimension"),
    ("10 bananas", "known unit"),
    ("10 degC", "offset"),
    ("10 dBm", "offset or logarithm"),
    ("10 bit", "length, mass"),
    ("10 um)", "bracket"),
    ("10 (um", "bracket"),
    ("10 ((((((um))))))", "not"),
    ("10 um/", "not"),
    ("10 um^", "exponent"),
    ("10 um^99", "exponent"),
    ("10 um 2", "one number only"),
    ("10 um; 3", "a number and a unit"),
    ("10 $HOME", "a number and a unit"),
    ("10 __import__('os')", "a number and a unit"),
    ("10 " + "um*" * 100, "at most"),
    ("1" * 500 + " um", "at most"),
]


@pytest.mark.parametrize(("text", "words"), REFUSED)
def test_other_texts_are_refused_with_a_reason(text, words):
    begin = time.perf_counter()
    with pytest.raises(UnitError) as caught:
        parse(text, "length")
    assert words in caught.value.expected
    assert time.perf_counter() - begin < 10.0


def test_signs():
    with pytest.raises(UnitError, match="above zero"):
        parse("0 um", "length", "positive")
    with pytest.raises(UnitError, match="not negative"):
        parse("-1e-9 um", "length", "non_negative")
    assert parse("0 um", "length", "non_negative") == 0.0
    assert parse("-3 V", "potential") == -3.0


def test_nearest_unit():
    with pytest.raises(UnitError) as caught:
        parse("1 Ohm cm^2", "area_specific_resistance")
    assert caught.value.nearest == "ohm"


@REPEATABLE
@given(st.text(max_size=60))
def test_any_text_is_a_finite_value_or_refused(text):
    try:
        value = parse(text, "length")
    except UnitError:
        return
    assert math.isfinite(value)


@REPEATABLE
@given(st.text(alphabet="0123456789.eE+-*/^() umcVSohA%µΩ", max_size=40))
def test_any_text_of_unit_letters_is_a_finite_value_or_refused(text):
    try:
        value = parse(text, "conductivity")
    except UnitError:
        return
    assert math.isfinite(value)
