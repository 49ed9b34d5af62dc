"""A crack whose lithium does not reach the tip: how its driving force changes as both move on.

The dry length belongs to the tip: as the crack grows by da, the end w of the lithium follows by da.
G = -dPi/da of growth is at loads fixed in space. Its change along the crack is then

    dG/da = dG/da (w fixed) + dG/dw (a fixed).

The pressure p(w) at the end of the lithium does work there, -dPi/dw = p(w) d(w), d the opening, and
second derivatives of Pi don't depend on the order (Maxwell):

    dG/dw = p(w) dd(w)/da    (w fixed)

the change of the opening at w as the tip alone moves, known from the same two equilibria as dG/da.
In axisymmetry p(w) 2 pi w d(w) in the place of p(w) d(w), over the length of the front.
"""

from math import pi

import numpy as np
from dolfinx import fem
from mpi4py import MPI

from solver.domain import Domain
from solver.elasticity import Body, Profile


def dry_profile(body: Body, crack: str) -> Profile | None:
    """The pressure on a crack if its lithium ends before the tip; else None."""
    traction = body.tractions.get(crack)
    profile = None if traction is None else traction.profile
    return profile if profile is not None and profile.dry > 0.0 else None


def force_at_end(body: Body, displacement: fem.Function, crack: str) -> float:
    """-dPi/dw of the meshed part, uN (plane: per um of depth): 0 without a dry tip; collective.

    Args:
        body: Laws and loads.
        displacement: In equilibrium, um.
        crack: Name of the face.
    """
    profile = dry_profile(body, crack)
    if profile is None:
        return 0.0
    forwards = 1.0 if profile.tip > profile.mouth else -1.0
    end = profile.tip - forwards * profile.dry
    pressure = body.tractions[crack].at(abs(end - profile.mouth))
    around = 2.0 * pi * end if body.domain.axisymmetric else 1.0
    return pressure * around * _opening_at(body.domain, displacement, crack, profile.axis, end)


def _opening_at(
    domain: Domain, displacement: fem.Function, crack: str, axis: int, place: float
) -> float:
    """How far one face has moved off the plane of the crack at a place along it, um; collective.

    Of the two nodes next to the place, by a straight line: cells are small where the load jumps.
    """
    space, comm = displacement.function_space, domain.comm
    facets = domain.facet_tags.find(domain.built.facets[crack])
    nodes = fem.locate_dofs_topological(space, domain.mesh.topology.dim - 1, facets)
    along = space.tabulate_dof_coordinates()[nodes, axis]
    moved = displacement.x.array[2 * nodes + (1 - axis)]
    ends = []
    for side in (along <= place, along > place):
        away = np.abs(along[side] - place)
        near = comm.allreduce(float(away.min(initial=np.inf)), op=MPI.MIN)
        here = moved[side][away <= near]
        ends.append((near, comm.allreduce(float(here.max(initial=-np.inf)), op=MPI.MAX)))
    (below, low), (above, high) = ends
    return float((above * low + below * high) / (above + below))
