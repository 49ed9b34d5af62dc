"""Current through layers that touch where their loads press them together."""

import math

import numpy as np
import pytest
from mpi4py import MPI

from solver import schema
from solver.broken_equilibrium import BrokenEquilibrium
from solver.case import load_case
from solver.simulate import simulate
from solver.switching import PIECES, Part, Trace, open_parts, parts_of

KAPPA, WIDTH = 1.0, 4.0  # mS/cm, um
TEXT = """
title = "Two layers that touch over a part"
[geometry]
shape = "block"
width = "4 um"
layers = [{ name = "lower", thickness = "8 um" }, { name = "upper", thickness = "8 um" }]
[regions.lower]
law = "ionic_conductor"
conductivity = "1 mS/cm"
[regions.upper]
law = "ionic_conductor"
conductivity = "1 mS/cm"
[boundaries.bottom]
law = "electrode"
potential = "0 V"
[boundaries.top]
law = "electrode"
current_density = "1 mA/cm^2"
[interfaces."lower|upper"]
law = "touching"
[mechanics.solids.lower]
law = "isotropic"
youngs_modulus = "10 GPa"
poissons_ratio = 0.3
[mechanics.solids.upper]
law = "isotropic"
youngs_modulus = "10 GPa"
poissons_ratio = 0.3
[mechanics.interfaces."lower|upper"]
law = "contact"
[mechanics.faces.left]
law = "symmetry"
[mechanics.faces.bottom]
law = "symmetry"
[mechanics.faces.top]
law = "displacement"
normal = "-10 nm"
[numerics]
accuracy = "0.5 %"
refinement = "none"
"""
PRESSED, APART = 'normal = "-10 nm"', 'normal = "10 nm"'
PART = 'law = "contact"\nstart = "1 um"\nend = "4 um"'
PLAIN = 1.6  # ohm cm^2: 16 um of 1 mS/cm


def case_of(tmp_path, *changes):
    text = TEXT
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    path = tmp_path / f"case-{MPI.COMM_WORLD.rank}.toml"
    path.write_text(text)
    return load_case(path)


def numbers(case, comm=MPI.COMM_SELF):
    return {q.name: q for q in simulate(case, comm, lambda _: None).quantities}


def constriction(touching, width=WIDTH):
    """Of a contact in the middle of two long strips, ohm cm^2: -(4 w/(pi kappa)) ln sin(pi a/2w).

    Half of the strips (0 < x < w) is what is meshed; conformal map of a slit in a strip.
    """
    excess = -(4.0 * width / math.pi) * math.log(math.sin(0.5 * math.pi * touching / width))
    return 0.1 * excess / KAPPA


def area_resistance(found):
    quantity = found["area_specific_resistance"]
    assert found["current_balance"].value < 1e-8
    assert found["force_balance"].value < 1e-8
    return quantity


# --- all closed, all open -------------------------------------------------------------------------


@pytest.mark.parametrize("contact", [0.0, 2.0])
def test_layers_that_are_pressed_together_are_a_series(contact, tmp_path):
    law = f'law = "touching"\narea_specific_resistance = "{contact} ohm cm^2"'
    found = numbers(case_of(tmp_path, ('law = "touching"', law)))
    assert found["touching_length.lower|upper"].value == pytest.approx(WIDTH, rel=1e-12)
    assert area_resistance(found).value == pytest.approx(PLAIN + contact, rel=1e-9)


def test_layers_that_are_apart_pass_no_current(tmp_path):
    found = numbers(case_of(tmp_path, (PRESSED, APART)))
    assert found["touching_length.lower|upper"].value == 0.0
    assert found["resistance"].value == "unbounded"
    assert found["interface_opening.lower|upper"].value == pytest.approx(0.01, rel=1e-9)


def test_a_gap_that_is_filled_conducts_by_its_width(tmp_path):
    # 10 nm of 0.01 mS/cm: 1e-6 cm/1e-5 S/cm = 0.1 ohm cm^2
    law = 'law = "touching"\ngap_conductivity = "0.01 mS/cm"'
    found = numbers(case_of(tmp_path, (PRESSED, APART), ('law = "touching"', law)))
    assert area_resistance(found).value == pytest.approx(PLAIN + 0.1, rel=1e-7)
    # with a tolerance above the gap it is closed
    law += '\ntolerance = "11 nm"'
    found = numbers(case_of(tmp_path, (PRESSED, APART), ('law = "touching"', law)))
    assert area_resistance(found).value == pytest.approx(PLAIN, rel=1e-9)


@pytest.mark.parametrize(("moved", "passes"), [("1 nm", True), ("200 nm", False)])
def test_a_cohesive_interface_conducts_until_it_has_torn(moved, passes, tmp_path):
    law = 'law = "cohesive"\nstrength = "20 MPa"\nfracture_energy = "0.5 J/m^2"'
    found = numbers(case_of(tmp_path, ('law = "contact"', law), (PRESSED, f'normal = "{moved}"')))
    if passes:
        assert area_resistance(found).value == pytest.approx(PLAIN, rel=1e-9)
    else:
        assert found["verdict"].value == "tears"
        assert found["resistance"].value == "unbounded"


# --- a contact of a known width -------------------------------------------------------------------


def opened(tmp_path, *more):
    """Bonded up to 1 um, pulled apart beyond."""
    return case_of(tmp_path, ('law = "contact"', PART), (PRESSED, APART), *more)


@pytest.mark.parallel
def test_a_part_that_is_open_leaves_the_constriction_of_the_rest(tmp_path):
    fine = ('refinement = "none"', 'refinement = "adaptive"')
    found = numbers(opened(tmp_path, fine), MPI.COMM_WORLD)
    exact = PLAIN + constriction(1.0)
    quantity = area_resistance(found)
    assert exact == pytest.approx(2.089, rel=1e-3)
    assert quantity.lower <= exact <= quantity.upper
    assert quantity.upper - quantity.lower < 5e-3 * exact
    assert found["touching_length.lower|upper"].value == pytest.approx(1.0, rel=1e-12)
    # the load the other way: the same interface closes
    closed = numbers(case_of(tmp_path, ('law = "contact"', PART)), MPI.COMM_WORLD)
    assert area_resistance(closed).value == pytest.approx(PLAIN, rel=1e-9)


def lifted(tmp_path):
    """A layer on a rigid one, pressed by q, whose end is lifted: it touches up to w - L.

    A beam: zero moment where it leaves and at its end give L = (24 E' I delta/q)^(1/4), here 8 um
    of 16 um with I = h^3/12, h = 0.5 um, q = 0.1 MPa, delta = q L^4/(2 E' h^3) = 149.1 nm.
    """
    return case_of(
        tmp_path,
        ('width = "4 um"', 'width = "16 um"'),
        ('solids.lower]\nlaw = "isotropic"\nyoungs_modulus = "10 GPa"',
         'solids.lower]\nlaw = "isotropic"\nyoungs_modulus = "60 GPa"'),
        ('"1 mS/cm"\n[regions.upper]', '"1 MS/cm"\n[regions.upper]'),
        ('name = "upper", thickness = "8 um"', 'name = "upper", thickness = "0.5 um"'),
        ('name = "lower", thickness = "8 um"', 'name = "lower", thickness = "2 um"'),
        ('law = "displacement"\n' + PRESSED, 'law = "traction"\npressure = "0.1 MPa"'),
        ("[numerics]", '[mechanics.faces."right.upper"]\nlaw = "displacement"\n'
         'tangential = "149.1 nm"\n[numerics]'),
    )  # fmt: skip


@pytest.mark.parallel
def test_a_layer_that_is_lifted_conducts_where_it_still_lies(tmp_path):
    case = lifted(tmp_path)
    found = numbers(case, MPI.COMM_WORLD)
    touching = found["touching_length.lower|upper"]
    assert touching.value == pytest.approx(8.0, abs=0.5)  # its thickness: a beam has no ends
    assert touching.lower < touching.value < touching.upper
    assert touching.upper - touching.lower < 0.5
    quantity = area_resistance(found)
    quantity = area_resistance(found)
    # the layer below is a metal against it: an electrode as wide as the contact. Its edge adds
    # (2/pi) ln 2 of the thickness to its width (conformal map), here 0.22 um to 8.3 um
    exact = 0.1 * 16.0 / (touching.value / 0.5 + 2.0 / math.pi * math.log(2.0))
    assert exact == pytest.approx(1.6 / 17.1, rel=0.05)
    assert quantity.value == pytest.approx(exact, rel=2e-3)
    assert quantity.lower < exact < quantity.upper
    assert quantity.bound == "estimated"
    ends = [0.1 * 16.0 / (x / 0.5 + 0.4413) for x in (touching.upper, touching.lower)]
    assert [quantity.lower, quantity.upper] == pytest.approx(ends, rel=5e-3)


def test_the_fixed_point_is_the_same_from_two_starting_points(tmp_path, monkeypatch):
    case = lifted(tmp_path)
    first = area_resistance(numbers(case)).value
    start = BrokenEquilibrium._start

    def wide_open(self, y):
        start(self, y)
        column = self.unknowns.column.reshape(-1, 2)[:, 1]
        y.array[column[column >= 0]] = 1.0  # um

    monkeypatch.setattr(BrokenEquilibrium, "_start", wide_open)
    assert area_resistance(numbers(case)).value == pytest.approx(first, rel=1e-10)


# --- pieces ---------------------------------------------------------------------------------------


def trace(touches, gap=None, low=0.0, high=4.0):
    place = np.linspace(low, high, len(touches))
    gap = np.zeros(len(touches)) if gap is None else np.array(gap)
    return Trace("lower|upper", low, high, place, gap, np.array(touches, dtype=bool))


def test_edges_lie_between_nodes_and_move_for_the_bounds():
    found = trace([1, 1, 0, 0, 1])
    assert open_parts(found, 0) == ((1.5, 3.5),)
    assert open_parts(found, -1) == ((0.0, 4.0),)  # 1.5 nodes to either side
    assert open_parts(found, 1) == ()
    assert open_parts(trace([0, 0, 0, 0, 1]), 0) == ((0.0, 3.5),)  # no edge at the end
    assert open_parts(trace([0, 0], low=1.0), 0) == ((1.0, 4.0),)
    merged = trace([1, 0, 0, 1, 0, 0, 0, 1, 1])
    assert open_parts(merged, 0) == ((0.25, 1.25), (1.75, 3.25))
    assert open_parts(merged, -1) == ((0.0, 4.0),)


def test_the_pieces_of_a_filled_gap_have_its_mean_least_and_most():
    found = trace([0, 0, 0, 0, 0], gap=[0.0, 1.0, 2.0, 3.0, 4.0])
    law = schema.Touching(gap_conductivity=2.0)
    for lean, share in ((0, 0.5), (1, 0.0), (-1, 1.0)):
        parts = parts_of(found, law, 4.0, lean)
        assert len(parts) == PIECES
        expected = [(i + share) * (4.0 / PIECES) / 2.0 for i in range(PIECES)]
        assert [part.resistance for part in parts] == pytest.approx(expected)
    parts = parts_of(trace([0, 0], low=1.0), schema.Touching(3.0), 4.0, 0)
    assert parts == (Part("lower|upper", 0.0, 1.0, 3.0), Part("lower|upper", 1.0, 4.0, math.inf))
