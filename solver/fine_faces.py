"""Small cells at faces, where concentrations and potentials are steep."""

import numpy as np
from mpi4py import MPI

from solver import compat
from solver.domain import Domain, facet_entities, facets_of, node_positions, refine_cells


def refined_at(domain: Domain, faces: tuple[str, ...], size: float, most: int) -> Domain:
    """Bisect cells at faces until their edges there are no longer than a size (um).

    Args:
        domain: The first mesh.
        faces: Names of boundaries and interfaces.
        size: Of the longest edge of a facet.
        most: Passes at most.
    """
    for _ in range(most):
        pairs = np.vstack([facet_entities(domain, name) for name in faces])
        facets = facets_of(domain, pairs)
        nodes = compat.nodes_of_entities(domain.mesh, domain.mesh.topology.dim - 1, facets)
        ends = node_positions(domain.mesh)[nodes]
        lengths = np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1)
        longest = domain.comm.allreduce(float(lengths.max(initial=0.0)), op=MPI.MAX)
        if longest <= size:
            return domain
        domain = refine_cells(domain, np.unique(pairs[:, 0]).astype(np.int32))
    return domain
