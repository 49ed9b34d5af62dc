"""Three-point bounds of the effective conductivity of a periodic cell of two phases.

Phase 2 conducts better: kappa = k1 + (k2 - k1) chi, chi its indicator, phi2 = <chi>. The geometry
alone gives a periodic u_e for every unit vector e, by one solve without contrast,

    int grad u_e . grad v = int chi e . grad v       for all periodic v,

and with it two moments,

    e.M1 e = <|grad u_e|^2> = <chi e . grad u_e>,    e.M2 e = <chi |grad u_e|^2>.

Trial fields w = sum c_i u_i in the principle of least dissipation, and currents of the same kind in
the dual one, give L <= k <= U for all directions at once, with a = 1/k2, b = 1/k1 - 1/k2, and 1 the
unit tensor:

    U = <kappa> 1 - (k2 - k1)^2 M1 (k1 M1 + (k2 - k1) M2)^-1 M1
    L^-1 = <1/kappa> 1 - b^2 B (a B + b K)^-1 B
    B = phi1 phi2 1 - M1,    K = phi1 phi2^2 1 - (phi2 - phi1) M1 - M2.

Along every direction k is a mean of the series values 1/(t/k1 + (1 - t)/k2), t between 0 and 1,
with weights whose moments up to the third are 1, phi1, phi1 - M1, phi1 - M1 - M2. Along principal
axes L and U are the rules of Gauss (two points inside) and of Lobatto (both ends and one point) for
them. M1 has the trace phi1 phi2, so that M1/(phi1 phi2) are depolarising factors, 1/3 (in the plane
1/2) where a cell is isotropic; then L and U are Beran's bounds, with (dimension d)

    zeta2 = (d tr M2/tr M1 - phi1)/(d - 1),          zeta1 + zeta2 = 1.

On a mesh chi and the projection onto gradients obey the same rules: U with the moments of
continuous u is above the upper tensor of `solver.effective_conduction` on that mesh, L
with those of the element of Crouzeix and Raviart below the lower one. So both are proved for the
cell itself. M1 of the first is too small, of the second too large. M2 has no proved side.

Source: Beran 1965, Nuovo Cimento 38, 771; Bergman 1978, Phys. Rep. 43, 377; Milton 1981, J. Appl.
Phys. 52, 5294 (zeta); Torquato, Random Heterogeneous Materials, 2002, ch. 21.
"""

from dataclasses import dataclass
from math import isinf

import numpy as np
import numpy.typing as npt
import ufl
from dolfinx import fem
from mpi4py import MPI
from petsc4py import PETSc

from solver.domain import cellwise
from solver.effective_conduction import (
    Conducting,
    field_load,
    periodic_function,
    pinned_rows,
    reduced,
    solver_options,
    weighted_laplacian,
)
from solver.periodic import number_unknowns
from solver.solve import make_solver, solve

Floats = npt.NDArray[np.float64]
ROUNDING = 1e-12  # of phi1 phi2: moments below it are none
MIDDLES = ("CR", 1)


@dataclass(frozen=True)
class Moments:
    """What the geometry of two phases says.

    Attributes:
        share: Of the volume, of phase 2.
        first: M1, shape (dimension, dimension).
        second: M2, the same shape.
    """

    share: float
    first: Floats
    second: Floats

    @property
    def product(self) -> float:
        """phi1 phi2."""
        return self.share * (1.0 - self.share)

    def depolarising(self) -> Floats:
        """M1/(phi1 phi2)."""
        return np.asarray(self.first / self.product)

    def parameter(self) -> float:
        """zeta2, between 0 and 1 in isotropic cells."""
        size = len(self.first)
        ratio = float(np.trace(self.second) / np.trace(self.first))
        return (size * ratio - (1.0 - self.share)) / (size - 1)

    def upper(self, poor: float, good: float) -> Floats:
        """U from the conductivities of phases 1 and 2, which may be 0 and infinite."""
        one = np.eye(len(self.first))
        if isinf(good):
            return np.diag(np.full(len(one), np.inf))
        mean = (1.0 - self.share) * poor + self.share * good
        root, inner = _scaled(self.first, self.second, ROUNDING * self.product)
        detour = _turned_over(root, inner, poor, good - poor)
        return np.asarray(mean * one - (good - poor) ** 2 * detour)

    def lower(self, poor: float, good: float) -> Floats:
        """L, the same."""
        one = np.eye(len(self.first))
        if poor == 0.0:
            return np.asarray(0.0 * one)
        other = 1.0 - self.share
        outer = self.product * one - self.first
        inner = other * self.share**2 * one - (self.share - other) * self.first - self.second
        step = 1.0 / poor - 1.0 / good
        root, middle = _scaled(outer, inner, ROUNDING * self.product)
        detour = _turned_over(root, middle, 1.0 / good, step)
        series = other / poor + self.share / good
        return np.asarray(np.linalg.inv(series * one - step**2 * detour))


@dataclass(frozen=True)
class ThreePoint:
    """The bounds of one cell.

    Attributes:
        poor: Conductivity of phase 1, pA/(V um).
        good: Conductivity of phase 2.
        regions: Of phase 2.
        continuous: Moments of continuous u.
        middles: Moments of the element of Crouzeix and Raviart.
        iterations: Krylov iterations of all solves.
    """

    poor: float
    good: float
    regions: tuple[str, ...]
    continuous: Moments
    middles: Moments
    iterations: int

    @property
    def lower(self) -> Floats:
        """Proved from below, pA/(V um)."""
        return self.middles.lower(self.poor, self.good)

    @property
    def upper(self) -> Floats:
        """Proved from above."""
        return self.continuous.upper(self.poor, self.good)


def two_conductivities(conductivity: dict[str, float]) -> tuple[float, float] | None:
    """The smaller and the larger one, if there are just two of them."""
    values = sorted(set(conductivity.values()))
    return (values[0], values[1]) if len(values) == 2 else None


def three_point(cell: Conducting) -> ThreePoint | None:
    """Both sides, or None where there are not two conductivities; collective.

    Args:
        cell: A cell of which nothing is left out: insulators are meshed, with the value 0.

    Raises:
        NotPeriodic: Sides do not match.
        SolveFailed: No convergence.
    """
    values = two_conductivities(cell.conductivity)
    if values is None:
        return None
    poor, good = values
    better = tuple(name for name, value in cell.conductivity.items() if value == good)
    kinds = (("Lagrange", cell.order), MIDDLES)
    found, steps = zip(*(moments(cell, better, kind) for kind in kinds), strict=True)
    return ThreePoint(poor, good, better, found[0], found[1], sum(steps))


def moments(
    cell: Conducting, better: tuple[str, ...], element: tuple[str, int]
) -> tuple[Moments, int]:
    """Moments with one kind of element, and Krylov iterations; collective."""
    domain = cell.domain
    chi = cellwise(domain, {n: float(n in better) for n in cell.conductivity}, "phase")
    one = cellwise(domain, dict.fromkeys(cell.conductivity, 1.0), "one")
    space = fem.functionspace(domain.mesh, element)
    expansion = number_unknowns(domain, space).expansion(domain.comm)
    matrix = weighted_laplacian(space, one).PtAP(expansion)
    held = pinned_rows(matrix)
    begin = matrix.getOwnershipRange()[0]
    typical = matrix.getDiagonal().sum() / matrix.getSize()[0]
    matrix.zeroRowsColumns((held + begin).astype(PETSc.IntType), diag=typical)
    prefix = "dual_" if element == MIDDLES else "primal_"
    ksp = make_solver(matrix, prefix, solver_options(cell, matrix), cell.overrides)
    fields, iterations = [], 0
    for axis in range(domain.mesh.geometry.dim):
        load = reduced(field_load(space, chi, axis), expansion)  # -u: both moments are even in u
        load.array[held] = 0.0
        answer = load.duplicate()
        answer.set(0.0)
        iterations += solve(ksp, load, answer, f"three-point bounds along {'xyz'[axis]}")
        fields.append(periodic_function(space, expansion, answer, f"moment {'xyz'[axis]}"))
    first, second = (_means(cell, fields, weight) for weight in (one, chi))
    share = domain.comm.allreduce(float(fem.assemble_scalar(fem.form(chi * ufl.dx))), op=MPI.SUM)
    return Moments(share / cell.volume, first, second), iterations


def _means(cell: Conducting, fields: list[fem.Function], weight: fem.Function) -> Floats:
    """Of weight grad u_i . grad u_j over the cell."""
    out = np.zeros((len(fields), len(fields)))
    for i, one in enumerate(fields):
        for j, other in enumerate(fields[: i + 1]):
            form = fem.form(weight * ufl.inner(ufl.grad(one), ufl.grad(other)) * ufl.dx)
            part = cell.domain.comm.allreduce(float(fem.assemble_scalar(form)), op=MPI.SUM)
            out[i, j] = out[j, i] = part / cell.volume
    return out


def _scaled(whole: Floats, part: Floats, least: float) -> tuple[Floats, Floats]:
    """R and N with whole = R R^T, part = R N R^T and 0 <= N <= 1, on the range of `whole`."""
    values, vectors = np.linalg.eigh(whole)
    kept = values > least
    root = vectors[:, kept] * np.sqrt(values[kept])
    back = vectors[:, kept] / np.sqrt(values[kept])
    return np.asarray(root), np.asarray(back.T @ part @ back)


def _turned_over(root: Floats, inner: Floats, a: float, b: float) -> Floats:
    """R (a 1 + b N)^-1 R^T; rounding does not take N out of 0..1."""
    values, vectors = np.linalg.eigh(inner)
    scale = a + b * np.clip(values, ROUNDING, 1.0)
    left = root @ vectors
    return np.asarray((left / scale) @ left.T)
