"""The numbers that cracks are held against, found again without finite elements.

Each is computed from the sizes that the case file gives, so a number beside the wrong size is
found.
"""

import math
from functools import cache

import numpy as np
import pytest
from mpi4py import MPI

from solver.case import load_case
from solver.simulate import simulate
from tests.verification.fracture_test import CASES, FOLDER
from tests.verification.notched_strip import Notched, notched_strip

FAMILIES = ("penny", "griffith", "edge", "collinear", "strip")
CRACKS = {n: c for n, c in CASES.items() if n.partition("-")[0] in FAMILIES}
WANTED = {"energy_release_rate", "stress_intensity", "crack_opening", "crack_volume"}
KOITER = 1.1215222552


@cache
def strip(length: float) -> Notched:
    return notched_strip(length)


def expected(name, case):
    """K_I (MPa um^0.5), opening and volume of the crack of a case with E = p = 1 MPa."""
    compliance = (
        1.0 - case.mechanics.solids[case.geometry.layers[0].name].elastic.poissons_ratio ** 2
    )
    crack = case.geometry.crack
    a = crack.end - crack.start
    match name.partition("-")[0]:
        case "penny":
            k, opening, volume = 2.0 * math.sqrt(a / math.pi), 8.0 * a / math.pi, 16.0 * a**3 / 3.0
        case "griffith":
            k, opening, volume = math.sqrt(math.pi * a), 4.0 * a, 2.0 * math.pi * a**2
        case "edge":  # the opening as that of a short crack in a strip, which is 3e-5 larger
            k, volume = KOITER * math.sqrt(math.pi * a), math.pi * (KOITER * a) ** 2
            opening = strip(0.003).opening / 0.003 * a
        case "collinear":
            period = 2.0 * case.geometry.layers[0].thickness
            x = math.pi * a / period
            k, scale = math.sqrt(period * math.tan(x)), 4.0 * period / math.pi
            opening = scale * math.acosh(1.0 / math.cos(x))
            volume = -scale * period * math.log(math.cos(x))
        case _:  # W = 1
            found = strip(round(a, 9))
            k = found.shape_factor * math.sqrt(math.pi * a)
            opening, volume = found.opening, found.volume
    return k, compliance * opening, compliance * volume, compliance * k**2


@pytest.mark.parametrize("name", CRACKS)
def test_the_reference_is_that_of_this_very_crack(name):
    case = CRACKS[name]
    k, opening, volume, rate = expected(name, case)
    a = case.geometry.crack.end - case.geometry.crack.start
    exact = {
        "stress_intensity": k,
        "shape_factor": k / math.sqrt(math.pi * a),
        "crack_opening": opening,
        "crack_volume": volume,
        "energy_release_rate": rate,
        "energy_release_rate_slope": rate / a,  # of the penny and the straight crack
    }
    assert {reference.quantity for reference in case.references} >= WANTED
    for reference in case.references:
        near = 5e-5 if name.startswith("edge") else 5e-6
        assert reference.value == pytest.approx(exact[reference.quantity], rel=near)
        assert reference.tolerance <= 2e-3


def test_every_crack_is_loaded_on_its_faces_and_far_away():
    loads = {}
    for name, case in CRACKS.items():
        faces, crack = case.mechanics.faces, case.geometry.crack
        where = {n for n, f in faces.items() if getattr(f, "pressure", 0.0)}
        kind = (name.partition("-")[0], round(crack.end - crack.start, 9))
        loads.setdefault(kind, set()).add("faces" if where == {"crack"} else "far")
    assert all(found == {"faces", "far"} for found in loads.values()), loads
    assert {length for kind, length in loads if kind == "strip"} == {0.1, 0.3, 0.5}


def test_the_collocation_gives_the_factors_of_the_table():
    # Kaya & Erdogan 1987, five digits; a short crack is one in a half plane (Koiter 1965)
    for length, factor in ((0.1, 1.1892), (0.3, 1.6599), (0.5, 2.8246)):
        assert strip(length).shape_factor == pytest.approx(factor, abs=5e-5)
        assert strip(length).residual < 5e-5
        longer = notched_strip(length, half=1.5)  # ends that are nearer do not matter
        assert longer.opening == pytest.approx(strip(length).opening, rel=2e-5)
    assert strip(0.003).shape_factor == pytest.approx(KOITER, rel=1e-4)


def test_the_volume_of_the_crack_is_the_work_of_its_growth():
    # p V/2 is the energy that the crack has set free: V = 2/(p E') times the integral of K^2
    points, share = np.polynomial.legendre.leggauss(4)
    before = 0.0
    volume = 0.0
    for length in (0.1, 0.3, 0.5):
        for point, part in zip(points, share, strict=True):
            a = before + 0.5 * (length - before) * (point + 1.0)
            factor = notched_strip(a, half=1.5, powers=40).shape_factor
            volume += (length - before) * part * math.pi * a * factor**2
        assert strip(length).volume == pytest.approx(volume, rel=2e-5)
        before = length


@pytest.mark.slow
def test_a_pressed_crack_in_a_strip_opens_like_a_pulled_one():
    # the difference is a uniform stretch along the strip, which does not open a plane of symmetry:
    # exact for the discrete solutions as well
    found = []
    once = {"numerics": {"refinement": "none"}}
    variants = load_case(FOLDER / "strip.toml", change=once).variants
    for name in ("a05", "a05_faces"):
        solution = simulate(variants[name], MPI.COMM_WORLD, lambda _: None)
        found.append({q.name: q.value for q in solution.quantities})
    for quantity in WANTED | {"shape_factor"}:
        assert found[0][quantity] == pytest.approx(found[1][quantity], rel=1e-8), quantity
