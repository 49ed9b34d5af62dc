"""The same case gives the same numbers on any number of ranks.

Every test solves once on all ranks of this run together and once on each rank alone, and compares.
Under one rank the two are the same; the suite runs this file again on 2 and 3 ranks.
"""

import numpy as np
import pytest
from mpi4py import MPI

from meshes.geometry import Cell, Cross, Film, Round, Slit
from meshes.layers import Layer
from meshes.sizing import MeshSize
from solver import schema
from tests.verification.helpers import (
    BARE,
    CONDUCTOR,
    UNIT,
    cell,
    electrode,
    make_case,
    slit,
    solve,
    stack,
    tube,
)

pytestmark = pytest.mark.parallel

FILM = Film(0.01, "layer")
ENDS = {
    "window": electrode(0.0),
    "film_face": electrode(0.0),
    "film_wall": electrode(0.0),
    "top": electrode(1.0),
}
POOR = {"film": schema.IonicConductor(1e-6 * UNIT)}
HALF_SPACE = Cell(
    "half_space", 20.0, BARE, Round(1.0), "metal", (Layer("electrolyte", np.inf),), (), None
)
TWO_LAYERS = (Layer("lower", 0.5), Layer("upper", 1.0))
CASES = {
    # three adaptive meshes and more, singular edge
    "adaptive slit": make_case(slit(0.148), accuracy=1e-3),
    "film as a layer": make_case(slit(0.2, film=FILM), POOR, ENDS, accuracy=5e-3),
    "tube with contact resistance": make_case(
        tube(0.3), boundaries={"window": electrode(0.0, 2e-7), "top": electrode(1.0)}, accuracy=1e-3
    ),
    "half space": make_case(
        HALF_SPACE,
        boundaries={"window": electrode(1.0, 1e-7), "far": schema.HalfSpace()},
        accuracy=1e-3,
    ),
    "jump": make_case(
        stack("strip", 1.0, TWO_LAYERS),
        {"lower": CONDUCTOR, "upper": schema.IonicConductor(1e3 * UNIT)},
        {"bottom": electrode(0.0), "top": electrode(1.0)},
        {"lower|upper": schema.Resistive(3e-7)},
        refinement="none",
    ),
    "partly bonded jump": make_case(
        cell("strip", 1.0, Slit(0.3), Film(0.001, "interface"), below=(Layer("down", 2.0),)),
        {"down": CONDUCTOR, "film": schema.IonicConductor(1e-4 * UNIT)},
        {"bottom": electrode(0.0), "top": electrode(1.0)},
        accuracy=1e-2,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_same_bounds_in_2d_on_any_number_of_ranks(name):
    # direct solves: only rounding differs, also in the choice of the cells to refine
    together = solve(CASES[name], None, MPI.COMM_WORLD)
    alone = solve(CASES[name], None, MPI.COMM_SELF)
    one, other = together.certificate, alone.certificate
    assert [level.cells for level in one.history] == [level.cells for level in other.history]
    assert one.lower == pytest.approx(other.lower, rel=1e-9)
    assert one.upper == pytest.approx(other.upper, rel=1e-9)
    assert one.lower <= one.upper


def test_same_bounds_in_3d_on_any_number_of_ranks():
    case = make_case(cell("square", 1.0, Cross(0.3), height=0.5), refinement="none")
    size = MeshSize(0.03, 0.4, 0.2)
    together = solve(case, size, MPI.COMM_WORLD).certificate
    alone = solve(case, size, MPI.COMM_SELF).certificate
    assert together.lower == pytest.approx(alone.lower, rel=1e-9)
    assert together.upper == pytest.approx(alone.upper, rel=1e-9)
    assert together.balance <= 1e-8


def test_same_quantities_on_any_number_of_ranks():
    case = CASES["tube with contact resistance"]
    together = solve(case, None, MPI.COMM_WORLD).quantities()
    alone = solve(case, None, MPI.COMM_SELF).quantities()
    assert together.keys() == alone.keys()
    for name, quantity in together.items():
        if isinstance(quantity.value, float) and not name.startswith("current_balance"):
            assert quantity.value == pytest.approx(alone[name].value, rel=1e-8), name
