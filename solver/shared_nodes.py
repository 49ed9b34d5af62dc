"""Forces of supports whose faces share nodes: what such a node bears is counted once.

At a node that two faces F hold in one direction e, as on the edge between two parts of a side,
dPi/du = r is the force of both. Of it the face F has

    r_F = w_F + (r - sum of all w)/n,   w_F = int_F (sigma n).e N dA,   N the function of the node,

n the number of the faces: what the stress in the cells does there, and an equal part of what it
leaves, which becomes less with the size of the cells. Forces of all faces so add up to those of
the nodes to rounding, and are exact where the stress is.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import ufl
from dolfinx import fem
from dolfinx.fem import petsc as fem_petsc
from mpi4py import MPI
from petsc4py import PETSc
from ufl.core.expr import Expr

from solver.domain import Domain, facet_entities, facet_measure
from solver.elasticity import weight
from solver.hooke import XX, XY, XZ, YY, YZ, ZZ, Floats

Rows = npt.NDArray[np.int32]
TENSOR = ((XX, XY, XZ), (XY, YY, YZ), (XZ, YZ, ZZ))  # places of its components among the six


def shared_rows(rows: Mapping[str, Rows], comm: MPI.Intracomm) -> dict[str, Rows]:
    """Rows that more than one face has, by name of every face with such on any rank; collective.

    Args:
        rows: of every face, each once.
        comm: the ranks.
    """
    count = np.bincount(np.concatenate([np.empty(0, np.int32), *rows.values()]))
    found = {name: mine[count[mine] > 1] for name, mine in rows.items()}
    return {name: mine for name, mine in found.items() if comm.allreduce(len(mine)) > 0}


def parts(
    space: fem.FunctionSpace,
    domain: Domain,
    stress: Expr,
    left: Floats,
    shared: Mapping[str, Rows],
    axes: Mapping[str, int],
) -> dict[str, Floats]:
    """What every face has of dPi/du at the rows that it shares; collective.

    Args:
        space: Of the displacement.
        domain: The mesh.
        stress: The six stresses in equilibrium, MPa.
        left: dPi/du of the owned components, uN (plane: per um).
        shared: As of `shared_rows`.
        axes: Of the direction in which each face holds.
    """
    test, n = ufl.TestFunction(space), ufl.FacetNormal(domain.mesh)
    own: dict[str, Floats] = {}
    whole, count = np.zeros(len(left)), np.zeros(len(left))
    for name, rows in shared.items():
        axis = axes[name]
        force = sum(stress[TENSOR[axis][j]] * n[j] for j in range(domain.mesh.geometry.dim))
        ds = facet_measure(domain, {0: facet_entities(domain, name)})
        vector = fem_petsc.assemble_vector(fem.form(weight(domain) * force * test[axis] * ds(0)))
        vector.ghostUpdate(PETSc.InsertMode.ADD, PETSc.ScatterMode.REVERSE)
        own[name] = vector.array_r[rows].copy()
        vector.destroy()
        whole[rows] += own[name]
        count[rows] += 1.0
    return {
        name: own[name] + (left[rows] - whole[rows]) / count[rows] for name, rows in shared.items()
    }
