"""Spectra in files: comma-separated frequency, real and imaginary part, as a run writes its own.

The first line names the columns with their units, of which "frequency [Hz]", "real [ohm cm^2]" and
"imaginary [ohm cm^2]" are read (or "[ohm]", of a sample whose area the case gives). The imaginary
part of a capacitor is negative.
"""

import csv
import math
from pathlib import Path

FREQUENCY, REAL, IMAGINARY = "frequency [Hz]", "real", "imaginary"
PER_AREA, OF_SAMPLE = "ohm cm^2", "ohm"
MOST_ROWS = 20_000


def read_spectrum(path: Path, per_area: bool) -> list[tuple[float, complex]]:
    """Frequencies (Hz, falling) and impedances in ohm cm^2 or ohm.

    Args:
        path: The file.
        per_area: Whether it must be in ohm cm^2; else in ohm.

    Raises:
        ValueError: Not such a file; the text reads after the word "expected".
    """
    unit = PER_AREA if per_area else OF_SAMPLE
    heads = (FREQUENCY, f"{REAL} [{unit}]", f"{IMAGINARY} [{unit}]")
    try:
        with path.open(encoding="utf-8", newline="") as file:
            first, *rows = csv.reader(file)
    except (OSError, ValueError, csv.Error) as error:
        raise ValueError("a text file with comma-separated values that can be read") from error
    names = [name.strip() for name in first]
    missing = [head for head in heads if head not in names]
    if missing:
        raise ValueError(f"a first line with the columns {', '.join(heads)}")
    places = [names.index(head) for head in heads]
    found: dict[float, complex] = {}
    for number, row in enumerate(rows[:MOST_ROWS], 2):
        if not row:
            continue
        try:
            f, real, imaginary = (float(row[place]) for place in places)
        except (ValueError, IndexError) as error:
            raise ValueError(f"three numbers in line {number}") from error
        if not (f > 0.0 and math.isfinite(f) and math.isfinite(real) and math.isfinite(imaginary)):
            raise ValueError(f"finite numbers and a frequency above zero in line {number}")
        if real == imaginary == 0.0:  # differences are weighed by the modulus
            raise ValueError(f"an impedance other than zero in line {number}")
        found[f] = complex(real, imaginary)
    if len(found) < 2:
        raise ValueError("at least two frequencies")
    return sorted(found.items(), reverse=True)
