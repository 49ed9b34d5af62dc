"""Lithium that flows in its flaw: the current at which the flaw grows, for walls of three widths.

The pressure rises from the mouth with 2 tau_y/w, tau_y = sigma_y/sqrt(3): 0.7 MPa in 10 nm, 100 nm
and 1 um hold 80.8, 8.08 and 0.808 MPa/um, up to F eta/V_Li. K of an edge crack under any pressure
is solved for here by its integral equation, with nothing of the program in it.
"""

import math

import numpy as np
import pytest
from mpi4py import MPI
from scipy.optimize import brentq

from solver.case import load_case
from solver.simulate import simulate

TOUGHNESS, PER_MV = 230.0, 7.423018  # MPa um^0.5, MPa per mV
E, NU, RHO = 22.1e3, 0.37, 1000.0  # MPa, 1, ohm cm^2
LIMIT = (1 - NU**2) / E * TOUGHNESS**2  # Gc, J/m^2
TEXT = """
title = "Current past a flaw with lithium that flows"
[geometry]
shape = "block"
width = "{wide} um"
layers = [{{ name = "electrolyte", thickness = "{wide} um" }}]
crack = {{ face = "left", start = "0 um", end = "{a} um" }}
[regions.electrolyte]
law = "ionic_conductor"
conductivity = "100 mS/cm"
[boundaries.bottom]
law = "electrode"
potential = "0 V"
area_specific_resistance = "1000 ohm cm^2"
[boundaries.crack]
law = "electrode"
current = "0 A/m"
area_specific_resistance = "1000 ohm cm^2"
[boundaries.top]
law = "electrode"
current_density = "{current} mA/cm^2"
[mechanics.solids.electrolyte]
law = "isotropic"
youngs_modulus = "22.1 GPa"
poissons_ratio = 0.37
fracture_toughness = "0.23 MPa m^0.5"
[mechanics.faces.crack]
law = "lithium"
metal = "bottom"
width = "{width} um"
yield_stress = "0.7 MPa"
[numerics]
accuracy = "1.5 %"
"""


def intensity(pressure, points=200):
    """K/sqrt(pi a) of an edge crack in a half plane under a pressure over the depth x/a.

    Dislocations over the crack and their images, phi(t) sqrt((1 + t)/(1 - t)) at the zeros of
    Chebyshev polynomials (Erdogan, Gupta & Cook 1973).
    """
    j = np.arange(1, points + 1)
    t = np.cos((2 * j - 1) * np.pi / (2 * points + 1))
    weight = np.pi * (1 + t) / (2 * points + 1)
    place = 0.5 * (1 + t)
    x = 0.5 * (1 + np.cos(2 * j * np.pi / (2 * points + 1)))[:, None]
    both = place + x
    kernel = 1 / (place - x) - 1 / both + 6 * x / both**2 - 4 * x**2 / both**3
    phi = np.linalg.solve(kernel * weight / np.pi, pressure(x[:, 0]))
    return math.sqrt(2.0) * np.polyval(np.polyfit(t[:4], phi[:4], 3), 1.0)


def of_flaw(gradient, a, stalled):
    """K under a pressure that rises from the mouth up to that of the stall, MPa um^0.5."""
    share = intensity(lambda x: np.minimum(gradient * a * x, stalled))
    return share * math.sqrt(math.pi * a)


def test_the_integral_equation_gives_what_is_known():
    # Tada, Paris & Irwin: 1.12152 under even pressure, 0.683 under one that rises in proportion
    assert intensity(np.ones_like) == pytest.approx(1.1215222552, rel=2e-5)
    assert intensity(lambda x: x) == pytest.approx(0.6829, rel=1e-4)


def solved(folder, width, a, current):
    """Numbers of a run; the bar of G."""
    path = folder / "case.toml"
    path.write_text(TEXT.format(width=width, a=a, wide=400 * a, current=current))
    found = {q.name: q for q in simulate(load_case(path), MPI.COMM_SELF, lambda _: None).quantities}
    rate = found["energy_release_rate"]
    return found, 0.5 * (rate.upper - rate.lower)


@pytest.mark.parametrize(
    ("width", "rounded"),
    [(0.01, 81.0), pytest.param(0.1, 8.1, marks=pytest.mark.slow),
     pytest.param(1.0, 0.81, marks=pytest.mark.slow)],
)  # fmt: skip
def test_verdicts_on_both_sides_of_the_critical_current(tmp_path, width, rounded):
    # a flaw that is critical where the inner half of its lithium has stalled
    gradient = 2 * 0.7 / (math.sqrt(3) * width)
    assert gradient == pytest.approx(rounded, rel=3e-3)
    half = of_flaw(1.0, 1.0, 0.5)  # g a^1.5 of this: 2.3, 10.7, 49.8 um
    a = (TOUGHNESS / (gradient * half)) ** (2 / 3)
    stalled = brentq(
        lambda p: of_flaw(gradient, a, p) - TOUGHNESS, 0.01 * gradient * a, gradient * a
    )
    assert stalled == pytest.approx(0.5 * gradient * a, rel=1e-9)
    critical = stalled / PER_MV / RHO  # mA/cm^2
    for share, word in ((0.97, "stable"), (1.03, "grows unstably")):
        found, bar = solved(tmp_path, width, a, share * critical)
        exact = of_flaw(gradient, a, share * stalled) ** 2 * (1 - NU**2) / E
        # a body 400 a wide is no half space: 6 (a/W)^2 more K, 8e-5 more G
        assert found["energy_release_rate"].value == pytest.approx(exact, abs=bar + 1e-4 * exact)
        assert bar < 0.02 * exact
        assert found["flaw_pressure"].value == pytest.approx(share * stalled, rel=2e-3)
        assert found["verdict"].value == word, (share, exact / LIMIT)
        slope = found["energy_release_rate_slope"]  # where the stall begins does not move
        ends = [of_flaw(gradient, (1 + s) * a, share * stalled) ** 2 for s in (-1e-3, 1e-3)]
        rise = (ends[1] - ends[0]) * (1 - NU**2) / E / (2e-3 * a)
        assert slope.lower < rise < slope.upper
        assert slope.upper - slope.lower < 0.2 * rise

    # inside of the error bar: the current at which the last one's G is Gc
    at = brentq(
        lambda s: found["margin"].value * of_flaw(gradient, a, 1.03 * stalled) ** 2
        - of_flaw(gradient, a, s * stalled) ** 2, 0.97, 1.03, rtol=1e-9
    )  # fmt: skip
    found, bar = solved(tmp_path, width, a, at * critical)
    assert found["margin"].value == pytest.approx(1.0, abs=bar / LIMIT)
    assert found["verdict"].value == "undecided within the error bar"


@pytest.mark.slow
def test_wide_flaws_drain_at_any_current(tmp_path):
    # ten times as wide at the same length: a tenth of the gradient holds 0.15 of K_Ic at most
    gradient = 2 * 0.7 / (math.sqrt(3) * 0.1)
    a = (TOUGHNESS / (10 * gradient * of_flaw(1.0, 1.0, 0.5))) ** (2 / 3)
    most = of_flaw(gradient, a, 1e9)
    assert most / TOUGHNESS == pytest.approx(0.149, rel=1e-2)
    for current in (0.05, 5.0):
        found, _ = solved(tmp_path, 0.1, a, current)
        assert found["verdict"].value == "stable"
        rate = most**2 * (1 - NU**2) / E  # of a half plane; a body of 100 lengths has 0.1 % more
        assert found["energy_release_rate"].value == pytest.approx(rate, rel=3e-3)


def test_stripped_lithium_flows_in_from_the_mouth(tmp_path):
    # 20 MPa at the mouth, p = 14.06 MPa where it has stalled: p(s) = max(p, 20 MPa - g s) with
    # g = 8.083 MPa/um, which falls to p at 0.735 um. The mouth is a plane of symmetry, so the
    # flaw is half of a Griffith crack: K = 2 sqrt(a/pi) int p(s)/sqrt(a^2 - s^2) ds
    text = TEXT.format(width=0.1, a=1.0, wide=60.0, current=-8e-4)
    text += """[mechanics.faces.bottom]
law = "symmetry"
[mechanics.faces.top]
law = "plate"
pressure = "20 MPa"
"""
    path = tmp_path / "case.toml"
    path.write_text(text)
    solution = simulate(load_case(path), MPI.COMM_SELF, lambda _: None)
    found = {q.name: q for q in solution.quantities}
    stalled, gradient = (
        20.0 + PER_MV * found["flaw_overpotential"].value,
        1.4 / (math.sqrt(3) * 0.1),
    )
    assert stalled == pytest.approx(14.06, rel=1e-3)
    for name in ("flaw_pressure", "acting_flaw_pressure"):
        assert found[name].value == pytest.approx(stalled, rel=1e-6)
    end = (20.0 - stalled) / gradient
    more = (20.0 - stalled) * math.asin(end) - gradient * (1.0 - math.sqrt(1.0 - end**2))
    even = stalled + 2.0 / math.pi * more
    exact = math.pi * even**2 * (1 - NU**2) / E
    rate = found["energy_release_rate"]
    bar = 0.5 * (rate.upper - rate.lower)
    assert even > 1.05 * stalled and bar < 0.01 * exact
    assert rate.value == pytest.approx(exact, abs=bar + 2e-3 * exact)  # 60 um wide, not infinite
