"""Newton's method for charge and salt: one solve, and potentials that fit the salt as it is."""

from collections.abc import Mapping

import numpy as np
from petsc4py import PETSc

from solver import schema
from solver.carrier_system import System
from solver.march_blocks import linear_options, split
from solver.solve import NONLINEAR, SolveFailed, prefixed_options

PREFIX = "march_"
SOON = 1e-7  # of the time in which a double layer charges
CLOSE = 1e-11  # of a typical current: what may be left of a residual


def newton(system: System, x: PETSc.Vec, overrides: Mapping[str, str], later: float = 0.0) -> int:
    """Solve F(x, 0) = 0 from x on; returns the number of steps.

    Args:
        system: The problem.
        x: The first guess, then the solution.
        overrides: Options of PETSc.
        later: Not 0: solve F(x, (x - first guess)/later) = 0, s.

    Raises:
        SolveFailed: No convergence; x is not to be used.
    """
    snes = PETSc.SNES().create(system.comm)
    snes.setOptionsPrefix(PREFIX)
    before, shift = x.copy(), 1.0 / later if later else 0.0

    def rate(at: PETSc.Vec) -> PETSc.Vec | None:
        return shift * (at - before) if later else None

    def residual(_: PETSc.SNES, at: PETSc.Vec, out: PETSc.Vec) -> None:
        system.residual(at, rate(at), out)

    def jacobian(_: PETSc.SNES, at: PETSc.Vec, out: PETSc.Mat, __: PETSc.Mat) -> None:
        system.jacobian(at, rate(at), shift, out)

    matrix = system.empty_matrix()
    snes.setFunction(residual, system.vector())
    snes.setJacobian(jacobian, matrix, matrix)
    with prefixed_options(PREFIX, {**newton_options(system, overrides), **overrides}):
        snes.setFromOptions()
        split(snes, system)
    snes.solve(None, x)
    reason, steps = snes.getConvergedReason(), int(snes.getIterationNumber())
    norm = snes.getFunctionNorm()
    snes.destroy()
    matrix.destroy()
    if reason <= 0 or not np.isfinite(x.norm()):
        raise SolveFailed(
            f"charge and salt: Newton's method did not converge (residual {norm:.2e} pA after "
            f"{steps} steps)"
        )
    return steps


def newton_options(system: System, overrides: Mapping[str, str]) -> dict[str, str]:
    """Of SNES, with those of its linear solver."""
    return {
        **NONLINEAR,
        **linear_options(system, overrides),
        "snes_linesearch_type": "basic",
        "snes_rtol": "1e-12",
        "snes_stol": "1e-10",
        "snes_atol": f"{CLOSE * system.scale:.3e}",
        "snes_max_it": "40",
        "snes_divergence_tolerance": "1e30",  # far above i0 the first step overshoots by far
    }


def fit_potentials(system: System, x: PETSc.Vec, overrides: Mapping[str, str]) -> int:
    """Potentials and rates that fit the salt of x; nothing is done with double layers.

    The overpotential of a double layer is part of the state and takes time to change.
    """
    if system.has_double_layer:
        return 0
    system.way = "held"
    system.hold_salt(x)
    for face in (
        *(side.field for side in system.z),
        *system.inner,
    ):  # from no current Newton's method comes up to any, not down from one
        x.array[face.unknowns] = 0.0
    try:
        return newton(system, x, overrides)
    finally:
        system.way = "in time"


def at_once(
    system: System, x: PETSc.Vec, overrides: Mapping[str, str]
) -> tuple[PETSc.Vec, PETSc.Vec | None]:
    """The state a moment after x, whose potentials fit double layers as they are, and its rate.

    Raises:
        SolveFailed: No convergence.
    """
    if not system.has_double_layer:
        return x, None
    laws = [b.kinetics for b in system.case.boundaries.values() if isinstance(b, schema.Electrode)]
    laws += [law.kinetics for law in system.mixed.values()]
    least = min(law.capacitance for law in laws if law is not None and law.capacitance > 0.0)
    later, there = SOON * least / system.conductance, x.copy()
    system.way = "in time"
    newton(system, there, overrides, later)
    return there, (there - x) * (1.0 / later)
