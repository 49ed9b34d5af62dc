"""Rigid motions of a body: the near null space that multigrid by aggregation needs."""

from collections.abc import Sequence

import numpy as np
from dolfinx import fem
from petsc4py import PETSc


def rigid_motions(space: fem.FunctionSpace, axisymmetric: bool = False) -> list[PETSc.Vec]:
    """Rigid motions of the whole body as displacements, not normalised; collective."""
    gdim = space.mesh.geometry.dim
    owned = space.dofmap.index_map.size_local
    x = space.tabulate_dof_coordinates()[:owned]
    fields = []
    for axis in range(gdim):
        if not (axisymmetric and axis == 0):
            fields.append(np.eye(gdim)[axis] * np.ones((owned, 1)))
    pairs = [] if axisymmetric else [(0, 1), (0, 2), (1, 2)][: 2 * gdim - 3]
    for i, j in pairs:
        turn = np.zeros((owned, gdim))
        turn[:, i], turn[:, j] = -x[:, j], x[:, i]
        fields.append(turn)
    motions = []
    for field in fields:
        sizes = (owned * gdim, PETSc.DETERMINE)
        motion = PETSc.Vec().createMPI(sizes, bsize=gdim, comm=space.mesh.comm)
        motion.array[:] = field.ravel()
        motions.append(motion)
    return motions


def near_null_space(motions: Sequence[PETSc.Vec]) -> PETSc.NullSpace:
    """The space of some motions, which are made orthonormal in place."""
    return PETSc.NullSpace().create(vectors=orthonormal(motions), comm=motions[0].comm)


def orthonormal(vectors: Sequence[PETSc.Vec]) -> list[PETSc.Vec]:
    """Gram-Schmidt, twice; vectors that vanish are left out."""
    out: list[PETSc.Vec] = []
    for vector in vectors:
        size = vector.norm()
        for _ in range(2):
            for other in out:
                vector.axpy(-vector.dot(other), other)
        if size > 0.0 and vector.norm() > 1e-10 * size:
            vector.scale(1.0 / vector.norm())
            out.append(vector)
    return out
