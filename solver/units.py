"""Quantities as text ("2.5 mS/cm") to floats of the working system and back.

The working system is micrometre, second, MPa, volt, kelvin, fmol. It is coherent: the unit of mass
is 1 kg, of energy 1 pJ, of charge 1 pC and of current 1 pA. So against SI only three of the base
units differ: um = 1e-6 m, pA = 1e-12 A, fmol = 1e-15 mol, all powers of ten. The conversion is made
in decimals, therefore "10 um" is exactly 10.0 and a formatted number reads back to the same float.

Pint is asked for the size and the dimension of single unit names only. The number and the
expression of the units are read here, by a regular expression and a small parser, because a general
expression from a case file ("10**10**10 um") must never be evaluated.
"""

import difflib
import functools
import math
import re
from dataclasses import dataclass
from decimal import Context, Decimal, DecimalException, localcontext
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pint import UnitRegistry

Kind = Literal[
    "length",
    "area",
    "volume",
    "potential",
    "current",
    "current_per_length",
    "current_density",
    "conductivity",
    "resistance",
    "resistance_length",
    "area_specific_resistance",
    "mass",
    "density",
    "stress",
    "force",
    "force_per_length",
    "energy",
    "energy_per_length",
    "energy_release_rate",
    "energy_release_rate_slope",
    "fracture_toughness",
    "angle",
    "thermal_expansion",
    "spring_stiffness",
    "body_force",
    "temperature",
    "time",
    "rate",
    "frequency",
    "velocity",
    "molar_energy",
    "curvature",
    "areal_capacity",
    "specific_capacity",
    "concentration",
    "diffusivity",
    "areal_capacitance",
    "molar_volume",
    "area_per_volume",
    "dimensionless",
]
Sign = Literal["positive", "non_negative", "any"]
Dimension = tuple[Fraction, ...]  # exponents of m, kg, s, A, K, mol

FARADAY = 96.48533212331  # pC/fmol (C/mol times 1e-3), exact in the SI of 2019
GAS_CONSTANT = 8.31446261815324e-3  # pJ/(fmol K), exact in the SI of 2019
VACUUM_PERMITTIVITY = 8.8541878188e-6  # pC/(V um), CODATA 2022

# Kind -> unit in which a value is written, example for the messages.
DISPLAY: dict[Kind, tuple[str, str]] = {
    "length": ("um", "10 um"),
    "area": ("um^2", "1.3 cm^2"),
    "volume": ("um^3", "1 um^3"),
    "potential": ("V", "1 V"),
    "current": ("pA", "1 mA"),
    "current_per_length": ("pA/um", "1 A/m"),
    "current_density": ("mA/cm^2", "0.5 mA/cm^2"),
    "conductivity": ("mS/cm", "2.5 mS/cm"),
    "resistance": ("ohm", "30 ohm"),
    "resistance_length": ("ohm m", "1 ohm m"),
    "area_specific_resistance": ("ohm cm^2", "9.42 ohm cm^2"),
    "mass": ("mg", "150 mg"),
    "density": ("g/cm^3", "3.148 g/cm^3"),
    "stress": ("MPa", "100 MPa"),
    "force": ("uN", "1 mN"),
    "force_per_length": ("N/m", "1 N/m"),
    "energy": ("pJ", "1 pJ"),
    "energy_per_length": ("pJ/um", "1 uJ/m"),
    "energy_release_rate": ("J/m^2", "0.68 J/m^2"),
    "energy_release_rate_slope": ("J/m^2/um", "1 J/m^2/um"),
    "fracture_toughness": ("MPa m^0.5", "0.23 MPa m^0.5"),
    "angle": ("degree", "45 degree"),
    "thermal_expansion": ("K^-1", "4.1e-6 K^-1"),
    "spring_stiffness": ("MPa/um", "0.5 MPa/um"),
    "body_force": ("N/m^3", "-5.2 kN/m^3"),
    "temperature": ("K", "50 K"),
    "time": ("s", "10 hour"),
    "rate": ("s^-1", "1e-4 s^-1"),
    "frequency": ("Hz", "10 kHz"),
    "velocity": ("um/s", "1 nm/s"),
    "molar_energy": ("kJ/mol", "37 kJ/mol"),
    "curvature": ("m^-1", "1 m^-1"),
    "areal_capacity": ("mAh/cm^2", "3 mAh/cm^2"),
    "specific_capacity": ("mAh/g", "2170 mAh/g"),
    "concentration": ("mol/m^3", "1000 mol/m^3"),
    "diffusivity": ("m^2/s", "2e-12 m^2/s"),
    "areal_capacitance": ("uF/cm^2", "10 uF/cm^2"),
    "molar_volume": ("cm^3/mol", "13 cm^3/mol"),
    "area_per_volume": ("um^-1", "7 um^-1"),
    "dimensionless": ("1", "0.148"),
}
# The names offered as "nearest" for a misspelt unit (the ones a case file needs, not all of Pint).
COMMON_UNITS = (
    *(
        "nm",
        "um",
        "mm",
        "cm",
        "m",
        "V",
        "mV",
        "uA",
        "mA",
        "A",
        "mAh",
        "S",
        "mS",
        "uS",
        "ohm",
        "kohm",
    ),
    *("Mohm", "s", "min", "hour", "K", "MPa", "GPa", "mol", "C", "%"),
)
SCALE = {"meter": 6, "ampere": 12, "mole": 15}  # working units per SI unit, as powers of ten
BASE = ("meter", "kilogram", "second", "ampere", "kelvin", "mole")

NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
# a name (micro and ohm have two characters each, also degree and angstrom), a number, an operator
TOKEN = re.compile(
    r"\s*(?:([A-Za-z\u00b5\u03bc\u2126\u03a9\u00b0\u00c5]+|%)"
    r"|(-?[0-9]+(?:\.[0-9]+)?)"
    r"|(\*\*|[*\u00b7\u22c5/^()]))"
)
SMALLEST, LARGEST = 1e-200, 1e200
LONGEST = 200


class UnitError(ValueError):
    """A text that is not a quantity of the wanted kind.

    Attributes:
        expected: What is allowed, to follow the word "expected".
        nearest: The nearest valid spelling, or "".
    """

    def __init__(self, expected: str, nearest: str = "") -> None:
        super().__init__(expected)
        self.expected = expected
        self.nearest = nearest


@dataclass(frozen=True)
class Unit:
    """A product of powers of units: its size in the working system and its dimension."""

    factor: Decimal
    dimension: Dimension


@functools.cache
def _registry() -> "UnitRegistry":
    from pint import UnitRegistry  # takes a quarter of a second: only when a case is read

    return UnitRegistry(non_int_type=Decimal)


@functools.cache
def _named(name: str) -> Unit:
    """Size and dimension of one unit name, from Pint."""
    if name == "%":
        return Unit(Decimal("0.01"), (Fraction(0),) * len(BASE))
    registry = _registry()
    plain = name.replace("\u2126", "\u03a9").replace("\u03bc", "\u00b5")
    try:
        if not registry.Quantity(Decimal(1), plain)._is_multiplicative:
            raise UnitError(f'a unit without an offset or logarithm (not "{name}")')
        factor, units = registry.get_base_units(plain)
        exponents = {str(base): Fraction(str(power)) for base, power in units._units.items()}
    except UnitError:
        raise
    except Exception as error:  # Pint raises errors of many kinds for names that it can't read
        near = difflib.get_close_matches(name, COMMON_UNITS, 1, 0.5)
        raise UnitError(f'a known unit (not "{name}")', near[0] if near else "") from error
    exponents.pop("radian", None)
    if any(base not in BASE for base in exponents):
        raise UnitError(
            f'a unit of length, mass, time, current, temperature, substance (not "{name}")'
        )
    power = sum((exponents.get(base, Fraction(0)) * n for base, n in SCALE.items()), Fraction(0))
    size = Decimal(str(factor)) * _power_of_ten(power)
    return Unit(size, tuple(exponents.get(base, Fraction(0)) for base in BASE))


def _power_of_ten(power: Fraction) -> Decimal:
    if power.denominator == 1:
        return Decimal(1).scaleb(power.numerator)
    return Decimal(10) ** (Decimal(power.numerator) / Decimal(power.denominator))


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        match = TOKEN.match(text, position)
        if match is None:
            raise UnitError("a number and a unit such as mS/cm or ohm cm^2")
        name, number, operator = match.groups()
        if number and found and found[-1][0] != "op" and match.start(2) > position:
            raise UnitError("one number only, in front of the unit")
        found.append(("name", name) if name else ("number", number) if number else ("op", operator))
        position = match.end()
    return found


def _product(tokens: list[tuple[str, str]], depth: int = 0) -> Unit:
    """Reads factors from the front of `tokens` (which it empties) until the end or a ")"."""
    factor, dimension = Decimal(1), [Fraction(0)] * len(BASE)
    sign, factors = 1, 0
    while tokens and tokens[0] != ("op", ")"):
        kind, text = tokens.pop(0)
        if kind == "op" and text in "*·⋅/" and factors and tokens:
            sign = -1 if text == "/" else 1
            kind, text = tokens.pop(0)
        if kind == "name":
            part = _named(text)
        elif kind == "number" and text == "1":
            part = Unit(Decimal(1), (Fraction(0),) * len(BASE))
        elif (kind, text) == ("op", "(") and depth < 4:
            part = _product(tokens, depth + 1)
            if not tokens:
                raise UnitError('a closed bracket in the unit: ")"')
            tokens.pop(0)
        else:
            raise UnitError(f'a unit such as mS/cm or ohm cm^2 (not "{text}" here)')
        exponent = sign * _exponent(tokens)
        factor *= _power(part.factor, exponent)
        dimension = [a + exponent * b for a, b in zip(dimension, part.dimension, strict=True)]
        sign, factors = 1, factors + 1
    return Unit(factor, tuple(dimension))


def _power(base: Decimal, exponent: Fraction) -> Decimal:
    if exponent.denominator == 1:
        return base ** int(exponent)
    return base ** (Decimal(exponent.numerator) / Decimal(exponent.denominator))


def _exponent(tokens: list[tuple[str, str]]) -> Fraction:
    """The exponent after a unit: "cm2", "cm^2", "cm**2", "cm^-2", "um^0.5"; 1 without one."""
    if tokens and tokens[0] in (("op", "^"), ("op", "**")):
        tokens.pop(0)
        if not tokens or tokens[0][0] != "number":
            raise UnitError("a number as exponent of a unit, as in cm^2")
    if not tokens or tokens[0][0] != "number":
        return Fraction(1)
    exponent = Fraction(tokens.pop(0)[1])
    if abs(exponent) > 6 or exponent.denominator > 10:
        raise UnitError("an exponent of a unit between -6 and 6")
    return exponent


@functools.lru_cache(maxsize=1024)
def read_unit(text: str) -> Unit:
    """Reads a unit expression such as "ohm cm^2", "pA/(V um)", "mA/cm2", "%" or "" (no unit).

    Raises:
        UnitError: The text is not a unit.
    """
    if len(text) > LONGEST:
        raise UnitError(f"at most {LONGEST} characters")
    tokens = _tokens(text)
    with localcontext(Context(prec=40)):
        try:
            unit = _product(tokens)
        except DecimalException as error:
            raise UnitError("a unit of ordinary size") from error
    if tokens:
        raise UnitError('an opened bracket before ")" in the unit')
    return unit


def dimension_of(kind: Kind) -> Dimension:
    """Exponents of m, kg, s, A, K and mol of a kind of quantity."""
    return read_unit(DISPLAY[kind][0]).dimension


def split(text: str) -> tuple[Decimal, str]:
    """Splits "2.5 mS/cm" into its number and the text of its unit.

    Raises:
        UnitError: No number in front, or one that is not finite or out of all proportion.
    """
    stripped = text.strip()
    if not stripped:
        raise UnitError("a number with a unit (not an empty text)")
    if len(stripped) > LONGEST:
        raise UnitError(f"at most {LONGEST} characters")
    match = NUMBER.match(stripped)
    rest = stripped[match.end() :] if match else ""
    if match is None or re.match(r"[0-9.,]|\*|\^|[eE][+-]?[0-9]", rest.lstrip()):
        raise UnitError("one finite number with a unit")
    number = Decimal(match.group())
    if number and not SMALLEST <= abs(number) <= LARGEST:
        raise UnitError(f"a number between {SMALLEST:g} and {LARGEST:g}")
    return number, rest.strip()


def parse_any(text: str) -> tuple[float, str, Dimension]:
    """Parses a quantity of any kind.

    Returns:
        The value in the working system, the text of its unit, its dimension.

    Raises:
        UnitError: The text is not a quantity.
    """
    number, unit_text = split(text)
    unit = read_unit(unit_text)
    with localcontext(Context(prec=40)):
        value = float(number * unit.factor)
    if not math.isfinite(value) or (number and abs(value) < SMALLEST):
        raise UnitError("a number of ordinary size")
    return value, unit_text, unit.dimension


def parse(text: str, kind: Kind, sign: Sign = "any") -> float:
    """Parses a quantity of a given kind.

    Args:
        text: Number and unit, as "2.5 mS/cm"; for "dimensionless" also "0.148" or "14.8 %".
        kind: The kind of quantity that is wanted.
        sign: "positive", "non_negative" or "any".

    Returns:
        The value in the working system.

    Raises:
        UnitError: Not a quantity, another dimension, or a sign that is not allowed.
    """
    example = DISPLAY[kind][1]
    words = kind.replace("_", " ")
    wanted = f'a plain number or "%", as "{example}"'
    if kind != "dimensionless":
        wanted = f'{words}, as "{example}"'
    try:
        value, unit_text, dimension = parse_any(text)
    except UnitError as error:
        raise UnitError(f"{wanted}: {error.expected}", error.nearest) from None
    if dimension != dimension_of(kind):
        what = f'"{unit_text}" has another dimension' if unit_text else "there is no unit"
        raise UnitError(f"{wanted} ({what})")
    if (sign == "positive" and value <= 0.0) or (sign == "non_negative" and value < 0.0):
        raise UnitError(f"{wanted}, " + ("above zero" if sign == "positive" else "not negative"))
    return value


def in_unit(value: float, unit_text: str) -> float:
    """Expresses a value of the working system in a display unit.

    Args:
        value: In the working system, of the dimension of `unit_text`.
        unit_text: For example "ohm cm^2", "%" or "" for no unit.
    """
    with localcontext(Context(prec=40)):
        return float(Decimal(repr(value)) / read_unit(unit_text).factor)


def format_value(value: float, unit_text: str) -> str:
    """Writes a value of the working system as number and unit, `parse` reads back the same float.

    The number has as few digits as that allows.
    """
    factor = read_unit(unit_text).factor
    with localcontext(Context(prec=40)):
        exact = Decimal(value) / factor
        number = exact
        for digits in range(1, 40):
            number = Context(prec=digits).create_decimal(exact).normalize()
            if float(number * factor) == value:
                break
    text = f"{number:f}" if number == 0 or -5 < number.adjusted() < 8 else f"{number:e}"
    text = text.replace("e+", "e")
    return text if unit_text in ("", "1") else f"{text} {unit_text}"
