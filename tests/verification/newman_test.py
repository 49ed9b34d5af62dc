"""Newman's disc in a march: how the current is spread over it, with a reaction and without."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI

from solver.case import load_case
from solver.fine_faces import refined_at
from solver.march import steady_state
from solver.march_schema import Kinetics
from tests.verification.march_example import system_of

CASE = Path(__file__).parents[2] / "cases" / "verification" / "coupled" / "newman_disc.toml"
KAPPA, RADIUS, THERMAL = 1e4, 1.0, 0.025692579121493725  # pA/(V um), um, V


def spread(kinetics):
    """Places (um from the centre) and currents over their mean, on the nodes of the disc."""
    case = load_case(CASE)
    window = replace(case.boundaries["window"], current_density=1e-9, kinetics=kinetics)
    boundaries = {**case.boundaries, "window": window}
    # ends nearer than in the case: the detour is another one, its shape is not
    geometry = replace(
        case.geometry, width=1000.0, above=(replace(case.geometry.above[0], thickness=1000.0),)
    )
    numerics = replace(case.numerics, edge_size=1e-3, maximum_size=100.0)
    case = replace(
        case, geometry=geometry, boundaries=boundaries, impedance=None, numerics=numerics
    )
    system = system_of(case, MPI.COMM_SELF, lambda d: refined_at(d, ("window",), 0.02, 10))
    state = steady_state(system, {})
    (z,) = [side.field for side in system.z if side.contact.name == "window"]
    places = system.space.tabulate_dof_coordinates()[z.nodes, 0]
    order = np.argsort(places)
    mean = system.face_load[z.name].array_r[z.nodes] @ state.x.array_r[z.unknowns]
    mean /= system.conductance * system.area["window"]
    return places[order], state.x.array_r[z.unknowns][order] / mean


def test_without_a_reaction_the_current_crowds_at_the_edge():
    # i/mean = 0.5/sqrt(1 - r^2)
    places, currents = spread(None)
    for r, exact in ((0.1, 0.502519), (0.5, 0.577350), (0.9, 1.147079)):
        assert np.interp(r, places, currents) == pytest.approx(exact, rel=1e-3)
    assert currents[-1] > 10.0


@pytest.mark.parametrize(
    ("wa", "centre", "edge"),
    [(0.1, 0.622447, 2.26697), (1.0, 0.882587, 1.193206), (10.0, 0.985300, 1.020999)],
)
def test_a_reaction_spreads_the_current(wa, centre, edge):
    law = Kinetics("linear", KAPPA * THERMAL / (wa * RADIUS))
    places, currents = spread(law)
    assert abs(places[0]) < 1e-9 and places[-1] == pytest.approx(1.0, rel=1e-9)
    assert currents[0] == pytest.approx(centre, rel=1e-3)
    assert currents[-1] == pytest.approx(edge, rel=1e-3)
