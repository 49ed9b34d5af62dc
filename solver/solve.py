"""PETSc Krylov and direct solves: options in one place, and no answer without convergence."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
from petsc4py import PETSc

from solver.compat import option_name

# Conjugate gradients with algebraic multigrid: iteration counts hardly grow with mesh or contrast.
# Aggressive coarsening on the first level halves the set-up; ext+i with 4 entries per row keeps the
# coarse operators sparse; the natural norm measures the error in energy, which is what is bounded.
MULTIGRID: dict[str, str] = {
    "ksp_type": "cg",
    "ksp_rtol": "1e-12",
    "ksp_max_it": "500",
    "ksp_norm_type": "natural",
    "pc_type": "hypre",
    "pc_hypre_boomeramg_strong_threshold": "0.5",
    "pc_hypre_boomeramg_coarsen_type": "HMIS",
    "pc_hypre_boomeramg_interp_type": "ext+i",
    "pc_hypre_boomeramg_P_max": "4",
    "pc_hypre_boomeramg_agg_nl": "1",
}
MULTIGRID_2D: dict[str, str] = {
    "ksp_type": "cg",
    "ksp_rtol": "1e-12",
    "ksp_max_it": "500",
    "ksp_norm_type": "natural",
    "pc_type": "hypre",
    "pc_hypre_boomeramg_strong_threshold": "0.25",
}
# Large problems in 3D without jumps: linear potentials on the same mesh correct quadratic ones.
TWO_LEVELS_SCALAR: dict[str, str] = {
    "ksp_type": "cg",
    "ksp_rtol": "1e-12",
    "ksp_max_it": "500",
    "ksp_norm_type": "natural",
    "pc_type": "mg",
    "mg_levels_ksp_type": "chebyshev",
    "mg_levels_pc_type": "jacobi",
    "mg_levels_ksp_max_it": "2",
    "mg_coarse_ksp_type": "preonly",
    "mg_coarse_pc_type": "hypre",
    "mg_coarse_pc_hypre_boomeramg_strong_threshold": "0.5",
    "mg_coarse_pc_hypre_boomeramg_coarsen_type": "HMIS",
    "mg_coarse_pc_hypre_boomeramg_interp_type": "ext+i",
    "mg_coarse_pc_hypre_boomeramg_P_max": "4",
}
# Many solves with one matrix: dearer set-up, cheapest application.
REPEATED: dict[str, str] = {
    "ksp_type": "cg",
    "ksp_rtol": "1e-6",
    "ksp_max_it": "500",
    "ksp_norm_type": "natural",
    "pc_type": "gamg",
    "pc_gamg_threshold": "0.01",
    "mg_levels_ksp_type": "richardson",
    "mg_levels_pc_type": "sor",
    "mg_levels_ksp_max_it": "1",
}
# Small systems; MUMPS asks for more work space now and then when it runs on several ranks.
DIRECT: dict[str, str] = {
    "ksp_type": "preonly",
    "pc_type": "cholesky",
    "pc_factor_mat_solver_type": "mumps",
    "mat_mumps_icntl_14": "100",
}
DIRECT_UNSYMMETRIC: dict[str, str] = {**DIRECT, "pc_type": "lu"}
# A matrix with a null space that is not known, and eigenvalues that come as near to zero as they
# like; what is factorised is shifted a little, and three steps take away what the shift does to
# all but these. No norm says when to stop: the residual is left to who asks.
SEMIDEFINITE: dict[str, str] = {
    **DIRECT,
    "ksp_type": "richardson",
    "ksp_max_it": "3",
    "ksp_norm_type": "none",
    "ksp_convergence_test": "skip",
}
# Newton's method for mechanics; the energy may be far from quadratic at the start.
NONLINEAR: dict[str, str] = {
    "snes_type": "newtonls",
    "snes_linesearch_type": "cp",
    "snes_rtol": "1e-11",
    "snes_atol": "1e-14",
    "snes_stol": "1e-13",
    "snes_max_it": "30",
}
# A convex energy that is quadratic piece by piece: steps are long, and a few more of them.
CONVEX: dict[str, str] = {
    "snes_linesearch_type": "l2",
    "snes_linesearch_max_it": "8",
    "snes_rtol": "1e-10",
    "snes_stol": "0",
    "snes_max_it": "100",
}
# Damage between its bounds: its energy is quadratic, so that only the active set is looked for.
BOUNDED: dict[str, str] = {
    "snes_type": "vinewtonrsls",
    "snes_linesearch_type": "basic",
    "snes_rtol": "1e-10",
    "snes_stol": "0",
    "snes_max_it": "100",
    "snes_vi_zero_tolerance": "1e-12",
}
# Times a residual that is asked for, 1e-11 to 3e-10 of the loads. What floats has pivots that are
# rounding, and goes so far that the rounding of its forces is as large as the loads: no solution.
MOST_ROUNDED = 1e3
DIRECT_LIMIT = 20_000
# Elasticity: smoothed aggregation with the rigid motions as near null space.
ELASTICITY: dict[str, str] = {
    "ksp_type": "cg",
    "ksp_rtol": "1e-12",
    "ksp_max_it": "2000",
    "ksp_norm_type": "natural",
    "pc_type": "gamg",
    "pc_gamg_threshold": "0.02",
    "pc_gamg_aggressive_coarsening": "1",
    "mg_levels_ksp_type": "chebyshev",
    "mg_levels_pc_type": "jacobi",
    "mg_levels_ksp_max_it": "2",
}
# Large bodies in 3D: linear displacements correct quadratic ones, and aggregation acts on these.
# Symmetric Gauss-Seidel minds flat cells less than the diagonal, whose largest eigenvalue is that
# of the worst cell; on several ranks it can go too far (each has its own part), so that Chebyshev's
# polynomial scales it. Three cycles on linear displacements are nearly a whole solve, without which
# the steps grow with the number of features.
TWO_LEVELS: dict[str, str] = {
    "ksp_type": "cg",
    "ksp_rtol": "1e-12",
    "ksp_max_it": "2000",
    "ksp_norm_type": "natural",
    "pc_type": "mg",
    "mg_levels_ksp_type": "chebyshev",
    "mg_levels_pc_type": "sor",
    "mg_levels_ksp_max_it": "1",
    "mg_coarse_ksp_type": "richardson",
    "mg_coarse_ksp_max_it": "3",
    "mg_coarse_ksp_norm_type": "none",
    "mg_coarse_ksp_convergence_test": "skip",
    "mg_coarse_pc_type": "gamg",
    "mg_coarse_pc_gamg_threshold": "0.02",
    "mg_coarse_pc_gamg_aggressive_coarsening": "1",
    "mg_coarse_mg_levels_ksp_type": "chebyshev",
    "mg_coarse_mg_levels_pc_type": "sor",
    "mg_coarse_mg_levels_ksp_max_it": "1",
}
# A body that nothing holds is solved for up to its rigid motions.
FLOATING: dict[str, str] = {**ELASTICITY, "ksp_rtol": "1e-10"}
ELASTICITY_LIMIT = 400_000  # plane problems: a direct solve is quicker than strong grading is slow
PREFIXES = ("primal_", "dual_", "elasticity_", "mechanics_", "damage_", "march_", "impedance_")


def command_line(options: Sequence[str]) -> None:
    """Hand options such as -ksp_view to PETSc; they hold for every solver and win over the case.

    An option without one of the PREFIXES is given to the solver of the potential.
    """
    database = PETSc.Options()
    pending = ""
    for word in options:
        if word.startswith("-") and not _is_number(word):
            if pending:
                database[pending] = ""
            name = word[1:]
            pending = name if name.startswith(PREFIXES) else PREFIXES[0] + name
        elif pending:
            database[pending] = word
            pending = ""
    if pending:
        database[pending] = ""


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


class SolveFailed(RuntimeError):
    """A linear solve that did not converge; its answer is never used."""


UNKNOWN_NAMES = (86, 92)  # PETSC_ERR_UNKNOWN_TYPE, PETSC_ERR_MISSING_FACTOR


def reason_of(error: PETSc.Error) -> str:
    """The last line of what PETSc says, without its places in the source."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return re.sub(r"^\[\d+\]\s*", "", lines[-1]) if lines else f"error {error.ierr}"


@contextmanager
def prefixed_options(prefix: str, options: Mapping[str, str]) -> Iterator[None]:
    """Put options under a prefix; those given on the command line win; remove ours afterwards.

    Raises:
        SolveFailed: PETSc knows no solver of a name that is asked for inside.
    """
    database = PETSc.Options()
    ours = {prefix + option_name(key): value for key, value in options.items()}
    ours = {key: value for key, value in ours.items() if not database.hasName(key)}
    for key, value in ours.items():
        database[key] = value
    try:
        yield
    except PETSc.Error as error:
        if error.ierr not in UNKNOWN_NAMES:
            raise
        raise SolveFailed(
            "PETSc does not take the options of its solver (numerics.petsc_options or the command "
            f"line): {reason_of(error)}"
        ) from error
    finally:
        for key in ours:
            database.delValue(key)


def make_solver(
    matrix: PETSc.Mat,
    prefix: str,
    options: Mapping[str, str],
    overrides: Mapping[str, str],
    levels: Callable[[PETSc.PC], None] | None = None,
) -> PETSc.KSP:
    """A solver for a symmetric positive definite matrix.

    Args:
        matrix: Assembled matrix.
        prefix: Options prefix, ending in an underscore ("primal_", "dual_").
        options: Defaults of this kind of solve.
        overrides: Options from the case file, without prefix.
        levels: What gives geometric multigrid its levels, before the options are read.
    """
    matrix.setOption(PETSc.Mat.Option.SPD, True)
    ksp = PETSc.KSP().create(matrix.comm)
    ksp.setOptionsPrefix(prefix)
    ksp.setOperators(matrix)
    if levels is not None:
        levels(ksp.getPC())
    with prefixed_options(prefix, {**options, **overrides}):
        ksp.setFromOptions()
        ksp.setUp()
    ksp.setConvergenceHistory()
    return ksp


@contextmanager
def tolerance(ksp: PETSc.KSP, relative: float) -> Iterator[None]:
    """Solve to another relative tolerance for a while."""
    usual = ksp.getTolerances()[0]
    ksp.setTolerances(rtol=relative)
    try:
        yield
    finally:
        ksp.setTolerances(rtol=usual)


def reason_name(reason: int) -> str:
    """PETSc's name of a converged reason."""
    for name, value in vars(PETSc.KSP.ConvergedReason).items():
        if value == reason and name.isupper():
            return str(name)
    return str(reason)


def solve(
    ksp: PETSc.KSP, b: PETSc.Vec, x: PETSc.Vec, what: str, accepted: tuple[int, ...] = ()
) -> int:
    """Solve and return the number of iterations.

    Args:
        ksp: Solver.
        b: Right-hand side.
        x: Start, then the answer.
        what: What is solved, for the message.
        accepted: Reasons of divergence that leave an answer good enough.

    Raises:
        SolveFailed: If PETSc reports no convergence or the answer is not finite; the text says what
            was solved, the reason and the last residuals.
    """
    ksp.solve(b, x)
    reason = ksp.getConvergedReason()
    if (reason <= 0 and reason not in accepted) or not np.isfinite(x.norm()):
        last = ", ".join(f"{value:.3e}" for value in ksp.getConvergenceHistory()[-3:])
        raise SolveFailed(
            f"{what}: {reason_name(reason)} after {ksp.getIterationNumber()} iterations of "
            f"{ksp.getType()} with {ksp.getPC().getType()} on {matrix_size(ksp)} unknowns; "
            f"last residuals {last or 'not recorded'}"
        )
    return int(ksp.getIterationNumber())


def solved_directly(
    matrix: PETSc.Mat, right: PETSc.Vec, at: PETSc.Vec, prefix: str, overrides: Mapping[str, str]
) -> bool:
    """Solve by factors and put the answer into `at`; whether there is one."""
    ksp = PETSc.KSP().create(matrix.comm)
    ksp.setOptionsPrefix(prefix)
    ksp.setOperators(matrix)
    with prefixed_options(prefix, {**DIRECT_UNSYMMETRIC, **overrides}):
        ksp.setFromOptions()
    ksp.solve(right, at)
    solved = ksp.getConvergedReason() > 0 and bool(np.isfinite(at.norm()))
    ksp.destroy()
    return solved


def magnitudes(matrix: PETSc.Mat, x: PETSc.Vec) -> PETSc.Vec:
    """|A| |x|, every entry without its sign: what a product A x is rounded against; collective."""
    absolute, size, without = matrix.copy(), matrix.createVecLeft(), x.copy()
    pointer, columns, values = absolute.getValuesCSR()
    absolute.setValuesCSR(pointer, columns, np.abs(values))
    absolute.assemble()
    without.abs()
    absolute.mult(without, size)
    absolute.destroy()
    without.destroy()
    return size


def reachable(least: float, matrix: PETSc.Mat, y: PETSc.Vec) -> float:
    """A norm of residuals that is asked for, or that of rounding where y makes this larger.

    The rounding of a product A y is at most n eps |A| |y| in n terms, about eps |A| |y| as their
    errors mostly cancel. At most `MOST_ROUNDED` times what is asked for.

    Source: Higham 2002, Accuracy and Stability of Numerical Algorithms, ch. 2 and 3.
    """
    size = magnitudes(matrix, y)
    wrong = np.finfo(float).eps * size.norm()
    size.destroy()
    return float(max(least, min(wrong, MOST_ROUNDED * least)))


def newton(
    what: str,
    residual: Callable[[PETSc.Vec, PETSc.Vec], None],
    tangent: Callable[[PETSc.Vec, PETSc.Mat], None],
    matrix: PETSc.Mat,
    y: PETSc.Vec,
    prefix: str,
    options: Mapping[str, str],
    bounds: tuple[PETSc.Vec, PETSc.Vec] | None = None,
) -> int:
    """Solve residual(y) = 0, or between bounds its variational inequality; the number of steps.

    Between bounds a residual that is nothing but rounding is enough.

    Args:
        what: What is solved, for the message.
        residual: Puts the residual at its first argument into its second.
        tangent: Puts the derivative at its first argument into its second.
        matrix: That derivative at y.
        y: Start, then the answer.
        prefix: Options prefix, ending in an underscore.
        options: Of SNES and its linear solver.
        bounds: Lowest and highest y.

    Raises:
        SolveFailed: No convergence; y is not to be used.
    """
    snes = PETSc.SNES().create(matrix.comm)
    snes.setOptionsPrefix(prefix)
    left = y.duplicate()
    snes.setFunction(lambda _, at, out: residual(at, out), left)
    if bounds is not None:
        snes.setVariableBounds(*bounds)
    with prefixed_options(prefix, options):
        snes.setFromOptions()
    least = snes.getTolerances()[1]

    def derivative(own: PETSc.SNES, at: PETSc.Vec, out: PETSc.Mat, _: PETSc.Mat) -> None:
        tangent(at, out)
        if bounds is not None:
            own.setTolerances(atol=reachable(least, out, at))

    snes.setJacobian(derivative, matrix, matrix)
    snes.solve(None, y)
    reason, steps = snes.getConvergedReason(), int(snes.getIterationNumber())
    norm = snes.getFunctionNorm()
    snes.destroy()
    left.destroy()
    if reason <= 0:
        raise SolveFailed(
            f"{what}: Newton's method did not converge (residual {norm:.2e} after {steps} steps, "
            f"reason {reason})"
        )
    return steps


def matrix_size(ksp: PETSc.KSP) -> int:
    """Number of unknowns of a solver."""
    return int(ksp.getOperators()[0].getSize()[0])
