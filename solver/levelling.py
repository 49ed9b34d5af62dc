"""Whole regions at the potential at which their currents balance.

A good conductor among poor ones floats: its mean potential follows from the poor ones alone, and
next to its own large matrix entries that is lost to rounding (1e-5 of the current at a contrast of
1e9). A Krylov method that measures errors in energy forgives it, too. Here the potential of every
region is moved by a constant on its free unknowns. With one indicator of each region per column
of W,

    W^T (f - K (x + W c)) = 0.

This is a Galerkin correction: the dissipation comes closer to the true one, and the currents of all
terminals add up to zero.
"""

import numpy as np
import numpy.typing as npt
from dolfinx import fem
from petsc4py import PETSc

from solver.copies import Copies
from solver.domain import Domain
from solver.model import Model


def owners(domain: Domain, model: Model, copies: Copies) -> npt.NDArray[np.int64]:
    """Best conducting region at every local unknown, as its place in `model.conductivity`."""
    found = np.full(copies.size[0], -1, dtype=np.int64)
    tdim = domain.mesh.topology.dim
    owned = copies.space.dofmap.index_map.size_local
    names = list(model.conductivity)
    for name in sorted(names, key=lambda name: model.conductivity[name]):
        cells = domain.cell_tags.find(domain.built.regions[name])
        dofs = fem.locate_dofs_topological(copies.space, tdim, cells, remote=True)
        found[copies.unknowns(copies.labels[name], dofs[dofs < owned])] = names.index(name)
    return found


class Levelling:
    """The correction for one matrix, to be used with many right-hand sides."""

    def __init__(self, indicators: list[PETSc.Vec], images: list[PETSc.Vec]) -> None:
        """Set up; collective.

        Args:
            indicators: 1 on the free unknowns of a region, 0 elsewhere; at least one is not 0.
            images: K times the indicators, without the rounding errors of such a product.
        """
        self.indicators, self.images = indicators, images
        matrix = np.array([[w.dot(image) for w in indicators] for image in images])
        self.scale = np.sqrt(np.diag(matrix))
        self.matrix = matrix / np.outer(self.scale, self.scale)

    def correct(self, x: PETSc.Vec, load: PETSc.Vec) -> None:
        """Move x by a constant in every region, such that what is left of K x = load balances."""
        if not self.indicators:
            return
        pairs = zip(self.indicators, self.images, strict=True)
        left = np.array([w.dot(load) - image.dot(x) for w, image in pairs])
        change = np.linalg.solve(self.matrix, left / self.scale) / self.scale
        for w, by in zip(self.indicators, change, strict=True):
            x.axpy(float(by), w)
