"""Current through a plane of symmetry with a crack that is open, closed, closed in part, filled."""

import math

import pytest
from mpi4py import MPI

from solver import cracked_plane
from solver.case import load_case
from solver.faults import CaseError
from solver.nonlinear import NonlinearSolver
from solver.simulate import simulate

WIDTH = 4.0  # um
SOUND = 0.8  # 8 um of 1 mS/cm, ohm cm^2
TEXT = """
title = "A crack in the plane of an electrode"
[geometry]
shape = "block"
width = "4 um"
layers = [{ name = "electrolyte", thickness = "8 um" }]
[geometry.crack]
face = "bottom"
start = "0 um"
end = "2 um"
[regions.electrolyte]
law = "ionic_conductor"
conductivity = "1 mS/cm"
[boundaries.bottom]
law = "electrode"
potential = "0 V"
[boundaries.top]
law = "electrode"
current_density = "1 mA/cm^2"
[mechanics.solids.electrolyte]
law = "isotropic"
youngs_modulus = "10 GPa"
poissons_ratio = 0.3
fracture_energy = "1 J/m^2"
[mechanics.faces.left]
law = "symmetry"
[mechanics.faces.right]
law = "symmetry"
[mechanics.faces.crack]
law = "contact"
[mechanics.faces.top]
law = "traction"
pressure = "10 MPa"
[numerics]
accuracy = "1 %"
"""
PULLED = ('pressure = "10 MPa"', 'pressure = "-10 MPa"')
ONE_MESH = ('accuracy = "1 %"', 'accuracy = "1 %"\nrefinement = "none"')
FILLED = ("[regions", '[boundaries.crack]\nlaw = "touching"\ngap_conductivity = "{}"\n[regions')
BOX = (
    ('shape = "block"', 'shape = "box"\ndepth = "4 um"'),
    ('face = "bottom"\nstart = "0 um"\nend = "2 um"', 'semi_axes = ["2 um", "2 um"]'),
    (
        "[mechanics.faces.right]",
        '[mechanics.faces.front]\nlaw = "symmetry"\n[mechanics.faces.right]',
    ),
)


def case_of(tmp_path, *changes):
    text = TEXT
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    path = tmp_path / f"case-{MPI.COMM_WORLD.rank}.toml"
    path.write_text(text)
    return load_case(path)


def solved(case, comm=MPI.COMM_SELF):
    solution = simulate(case, comm, lambda _: None)
    found = {q.name: q for q in solution.quantities}
    assert found["current_balance"].value < 1e-8
    assert found["force_balance"].value < 1e-8
    return found, " ".join(solution.mechanical.remarks)


def resistance(found):
    return found["area_specific_resistance"]


# --- closed, open ---------------------------------------------------------------------------------


@pytest.mark.parametrize("law", ["contact", pytest.param("free", marks=pytest.mark.slow)])
def test_a_crack_that_is_pressed_shut_conducts_as_its_plane(law, tmp_path):
    found, _ = solved(case_of(tmp_path, ONE_MESH, ('law = "contact"', f'law = "{law}"')))
    assert resistance(found).value == pytest.approx(SOUND, rel=1e-9)
    assert found["conducting_share.crack"].value == 1.0


@pytest.mark.slow
def test_the_resistance_of_the_plane_counts_where_the_crack_is_closed(tmp_path):
    slow = ('potential = "0 V"', 'potential = "0 V"\narea_specific_resistance = "2 ohm cm^2"')
    found, _ = solved(case_of(tmp_path, ONE_MESH, slow))
    assert resistance(found).value == pytest.approx(SOUND + 2.0, rel=1e-9)


@pytest.mark.slow
def test_a_crack_that_is_open_leaves_the_constriction_of_the_rest(tmp_path):
    found, _ = solved(case_of(tmp_path, PULLED))
    # -(2 w/(pi kappa)) ln sin(pi b/2w), b = 2 um what is whole (conformal map)
    excess = -0.1 * (2.0 * WIDTH / math.pi) * math.log(math.sin(math.pi / 4.0))
    assert resistance(found).value == pytest.approx(SOUND + excess, rel=1e-3)
    assert found["conducting_share.crack"].upper == 0.0


@pytest.mark.slow
def test_a_round_gap_adds_its_closed_form(tmp_path):
    # the potential jumps by (4/pi)(i/kappa) sqrt(a^2 - r^2) across an insulating disc in a body
    # without end, which adds (1/kappa A^2) int jump dA = 8 a^3/(3 kappa A^2); half of it is meshed
    case = case_of(
        tmp_path,
        ('shape = "block"', 'shape = "cylinder"'),
        PULLED,
        ('[mechanics.faces.left]\nlaw = "symmetry"\n', ""),
        ('width = "4 um"', 'width = "20 um"'),
        ('accuracy = "1 %"', 'accuracy = "0.05 %"'),
    )
    found, _ = solved(case)
    excess = 0.1 * (4.0 / 3.0) * 2.0**3 / (math.pi * 20.0**2)
    assert resistance(found).value - SOUND == pytest.approx(excess, rel=0.02)


def test_in_a_plane_that_nothing_crosses_a_crack_does_not_matter(tmp_path):
    case = case_of(
        tmp_path,
        ('face = "bottom"', 'face = "left"'),
        ("[mechanics.faces.left]", "[mechanics.faces.bottom]"),
        ONE_MESH,
    )
    found, said = solved(case)
    assert resistance(found).value == pytest.approx(SOUND, rel=1e-9)
    assert cracked_plane.CONDUCTS_ALIKE in said


# --- filled ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_gap_that_conducts_adds_its_volume_over_its_conductivity(tmp_path):
    # while it is little in the way the current stays uniform: what is added is the mean of
    # u/kappa, V/(2 kappa_f) over the area of the half, for the volume V of the whole crack
    filled = (FILLED[0], FILLED[1].format("10 mS/cm"))
    found, _ = solved(case_of(tmp_path, PULLED, filled, ONE_MESH))
    volume = found["crack_volume"].value
    added = 0.1 * 0.5 * (0.5 * volume) / WIDTH / 10.0
    assert 1e-6 < added < 1e-3 * SOUND
    assert resistance(found).value - SOUND == pytest.approx(added, rel=0.02)
    assert resistance(found).lower - SOUND < added < resistance(found).upper - SOUND


# --- closed in part -------------------------------------------------------------------------------


def lifted(tmp_path, *more):
    """Pressed on its plane and lifted at its right side, where the crack opens."""
    return case_of(
        tmp_path,
        ('start = "0 um"\nend = "2 um"', 'start = "1 um"'),
        ('[mechanics.faces.right]\nlaw = "symmetry"',
         '[mechanics.faces.right]\nlaw = "displacement"\ntangential = "0.5 nm"'),
        ('accuracy = "1 %"', 'accuracy = "1 %"\nrefinement = "none"\nmaximum_size = "0.5 um"'),
        *more,
    )  # fmt: skip


@pytest.mark.parallel
def test_a_crack_that_is_closed_in_part_conducts_there(tmp_path):
    found, _ = solved(lifted(tmp_path), MPI.COMM_WORLD)
    share = found["conducting_share.crack"]
    touching = [1.0 + 3.0 * x for x in (share.lower, share.value, share.upper)]
    assert 1.3 < touching[1] < 3.5
    assert touching[0] < touching[1] < touching[2] < touching[0] + 0.9
    exact = [
        SOUND - 0.1 * (2.0 * WIDTH / math.pi) * math.log(math.sin(0.5 * math.pi * x / WIDTH))
        for x in touching
    ]
    quantity = resistance(found)
    assert quantity.value == pytest.approx(exact[1], rel=2e-3)
    assert quantity.lower < exact[2] < exact[0] < quantity.upper
    assert quantity.bound == "estimated"


@pytest.mark.slow
def test_the_fixed_point_is_the_same_from_two_starting_points(tmp_path, monkeypatch):
    case = lifted(tmp_path)
    first, _ = solved(case)
    newton = NonlinearSolver.solve

    def wide_open(self, y, *more):
        y.set(1.0)  # um
        return newton(self, y, *more)

    monkeypatch.setattr(NonlinearSolver, "solve", wide_open)
    second, _ = solved(case)
    assert resistance(second).value == pytest.approx(resistance(first).value, rel=1e-10)
    assert second["conducting_share.crack"] == first["conducting_share.crack"]


# --- in 3D ----------------------------------------------------------------------------------------


def test_a_crack_of_a_box_that_is_pressed_shut_conducts_as_its_plane(tmp_path):
    size = 'accuracy = "1 %"\nrefinement = "none"\nmaximum_size = "3 um"\nedge_size = "0.5 um"'
    found, _ = solved(case_of(tmp_path, *BOX, ('accuracy = "1 %"', size)))
    assert resistance(found).value == pytest.approx(SOUND, rel=1e-9)
    assert found["conducting_share.crack"].value == 1.0


@pytest.mark.slow
def test_a_gap_of_a_box_that_conducts_adds_its_volume_over_its_conductivity(tmp_path):
    filled = (FILLED[0], FILLED[1].format("10 mS/cm"))
    size = 'accuracy = "1 %"\nrefinement = "none"\nmaximum_size = "2 um"\nedge_size = "0.3 um"'
    found, _ = solved(case_of(tmp_path, *BOX, PULLED, filled, ('accuracy = "1 %"', size)))
    # a quarter of the volume over and below the plane lies above the quarter that is meshed
    added = 0.1 * (found["crack_volume"].value / 8.0) / 10.0 / WIDTH**2
    assert resistance(found).value - SOUND == pytest.approx(added, rel=0.03)
    assert resistance(found).lower - SOUND < added < resistance(found).upper - SOUND


@pytest.mark.slow
def test_a_round_crack_of_a_box_is_closed_in_part(tmp_path):
    # open by g sqrt(1 - (r/a)^2), g = 8 (1 - nu^2) p a/(pi E) (and more, the body being finite),
    # it counts as closed beyond 0.8 a if gaps up to 0.6 g do; a disc of the radius c adds about
    # 4 c^3/(3 kappa A) to the half, A = (2 w)^2
    gap = 1e3 * 8.0 * 0.91 * 10.0 * 2.0 / (math.pi * 1e4)
    law = f'[boundaries.crack]\nlaw = "touching"\ntolerance = "{0.6 * gap} nm"\n[regions'
    size = 'accuracy = "1 %"\nrefinement = "none"\nmaximum_size = "3 um"\nedge_size = "0.4 um"'
    case = case_of(tmp_path, *BOX, PULLED, ("[regions", law), ('accuracy = "1 %"', size))
    found, _ = solved(case)
    share, part = found["conducting_share.crack"], resistance(found)
    assert share.value == pytest.approx(1.0 - 0.8**2, abs=0.1)

    def exact(closed):
        return SOUND + 0.1 * (4.0 / 3.0) * (2.0 * math.sqrt(1.0 - closed)) ** 3 / (2.0 * WIDTH) ** 2

    assert part.value - SOUND == pytest.approx(exact(share.value) - SOUND, rel=0.2)
    assert part.lower < exact(share.upper) < exact(share.lower) < part.upper


# --- wrong cases ----------------------------------------------------------------------------------

GAP = (FILLED[0], FILLED[1].format("10 mS/cm"))
NO_ELECTRODE = (
    ('face = "bottom"', 'face = "left"'),
    ("[mechanics.faces.left]", "[mechanics.faces.bottom]"),
)


@pytest.mark.parametrize(
    ("changes", "key", "word"),
    [
        ((GAP, *NO_ELECTRODE), "boundaries.crack.law", "nothing crosses a plane of symmetry"),
        ((("[boundaries.top]\nlaw = \"electrode\"\ncurrent_density = \"1 mA/cm^2\"",
           "[boundaries.top]\nlaw = \"touching\""),), "boundaries.top.law", "only on the crack"),
        ((GAP, ('gap_conductivity', 'area_specific_resistance = "1 ohm cm^2"\ngap_conductivity')),
         "boundaries.crack.area_specific_resistance", "that of bottom"),
        ((GAP, ('law = "contact"', 'law = "lithium"\noverpotential = "1 mV"')),
         "boundaries.crack.law", "that lithium fills"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(changes, key, word, tmp_path):
    with pytest.raises(CaseError) as error:
        case_of(tmp_path, *changes)
    told = " ".join(str(fault) for fault in error.value.faults)
    assert key in told
    assert word in told
