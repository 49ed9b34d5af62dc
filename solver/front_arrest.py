"""Where a crack in 3D comes to rest that grows under a falling driving force.

Its front is taken to keep its shape: both half lengths grow by one factor until the largest G along
the front is Gc. That is what a round crack does under loads around its axis; another front grows
where G is largest, becomes rounder by it, and comes to rest elsewhere. Loads stay where they are.
"""

from collections.abc import Callable
from dataclasses import replace
from math import inf

from mpi4py import MPI

from meshes.layers import Box, Ellipse
from meshes.mesh import BuiltMesh
from solver import schema
from solver.crack_front import front_rates
from solver.domain import read_domain
from solver.elasticity import make_body
from solver.force_balance import balanced
from solver.mechanics import Mechanical
from solver.mechanics_model import conditions, solid_law
from solver.stability import FURTHEST, arrest_length
from solver.touching import solve_touching

CLOSE = 1e-3  # of the length: meshes made anew differ by more
AHEAD = 1.05  # length at which G is looked at once more, for its slope

CaseMesher = Callable[[schema.Case, float], BuiltMesh]


def with_front_arrest(
    case: schema.Case, found: Mechanical, limit: float, mesher: CaseMesher, comm: MPI.Intracomm
) -> Mechanical:
    """Follows a front that grows under a falling driving force until G = Gc; collective.

    Args:
        case: With a box.
        found: Its answer.
        limit: Gc, J/m^2.
        mesher: Makes the mesh of a case for a share of the sizes of its first one, on all ranks.
        comm: The ranks.

    Returns:
        The same with the half length along x, if the crack comes to rest inside of the box.
    """
    box, mechanics = case.geometry, case.mechanics
    if not isinstance(box, Box) or box.crack is None or mechanics is None or found.front is None:
        return found
    crack, share = box.crack, 0.5 ** (len(found.history) - 1)
    solids = {
        name: solid_law(solid, mechanics, plane=False, spatial=True)
        for name, solid in mechanics.solids.items()
    }

    def rate_at(a: float) -> float:
        wider = replace(box, crack=grown(crack, a))
        tractions, supports = conditions(wider, mechanics)
        domain = read_domain(mesher(replace(case, geometry=wider), share), comm)
        body = make_body(domain, solids, tractions)
        options = dict(case.numerics.petsc_options)
        state = balanced(solve_touching(body, supports, {}, options).state)
        front = front_rates(body, state.displacement, wider)
        return inf if front is None else float(front.values.max())

    a, b = crack.semi_axes
    longest = FURTHEST * min(box.width, box.depth * a / b)
    arrest = arrest_length(rate_at, limit, a, longest, CLOSE)
    if arrest is None:
        return found
    slope = (rate_at(AHEAD * arrest) - limit) / ((AHEAD - 1.0) * arrest)
    bar = found.bar / float(found.front.values.max()) * limit / abs(slope) + CLOSE * arrest
    return replace(found, arrest=arrest, arrest_bar=bar)


def grown(crack: Ellipse, a: float) -> Ellipse:
    """The ellipse with the half length a (um) along x; its filled part stays as it is."""
    return replace(crack, semi_axes=(a, crack.semi_axes[1] * a / crack.semi_axes[0]))
