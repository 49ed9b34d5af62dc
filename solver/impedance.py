"""Impedance: the answer of a cell to a small current that oscillates, about a state.

The equations F(x, dx/dt) = 0 of the march (`solver.carriers`) are linearised about a state x0 that
does not change. A current dI exp(i w t) through the driven terminal makes dx exp(i w t) with

    (K + i w M) dx = b,    K = dF/dx,  M = dF/d(dx/dt),    Z = (dE_driven - dE_other) A/dI

b is dI in the row of the driven terminal, A the area of the cell; so Z is per area. All that the
march has is in it: reactions with their double layers, films in series, salt that diffuses, the
detour of the current, displacement currents. PETSc is real here, so the system is solved as

    [ K   -w M ] [ Re dx ]   [ b ]
    [ w M   K  ] [ Im dx ] = [ 0 ]

by one LU factorisation per frequency, checked by GMRES. w M is the difference of two Jacobians of
the march, with the shifts w and 0, so that nothing is derived twice.

Two limits need no frequency: the steady one (w = 0, with the amount of salt of every electrolyte
kept: the slope of the steady voltage), and that for w to infinity with the displacement currents
left out, in which double layers are shorted and the salt stands still: what is ohmic. For it a real
shift far above all frequencies is taken for i w.

Source: Orazem & Tribollet 2008, Electrochemical Impedance Spectroscopy; Lasia 2014.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import pi

from petsc4py import PETSc

from solver.carrier_system import Held, System
from solver.impedance_schema import Impedance
from solver.march import steady_state
from solver.march_fields import Floats
from solver.march_states import Marched
from solver.solve import DIRECT_UNSYMMETRIC, prefixed_options, solve

Progress = Callable[[str], None]
PREFIX = "impedance_"
OPTIONS = {
    **DIRECT_UNSYMMETRIC,
    "ksp_type": "gmres",
    "ksp_rtol": "1e-12",
    "ksp_max_it": "20",
}
BEYOND = 1e12  # shift of the ohmic limit over the highest frequency


@dataclass(frozen=True)
class Spectrum:
    """Impedances per area of the cell, V um^2/pA.

    Attributes:
        frequencies: Hz, falling.
        values: One each.
        steady: At zero frequency.
        ohmic: At infinite frequency, without displacement currents.
        unknowns: Of the real system of one frequency.
    """

    frequencies: tuple[float, ...]
    values: tuple[complex, ...]
    steady: float
    ohmic: float
    unknowns: int


def find_spectrum(
    system: System,
    found: Marched,
    impedance: Impedance,
    frequencies: tuple[float, ...],
    overrides: Mapping[str, str],
    progress: Progress,
) -> Spectrum:
    """Linearise and solve for every frequency; collective. The functions of the system are changed.

    Args:
        system: The problem.
        found: A finished march, whose last state is disturbed if `impedance.state` is "end".
        impedance: What is asked for.
        frequencies: Hz, falling.
        overrides: PETSc options of the case.
        progress: Is told how far it is.

    Raises:
        SolveFailed: No state at rest, or a solve that does not converge.
    """
    usual = list(system.held)
    driven = system.driven
    try:
        x = found.x
        if impedance.state == "rest" or x is None:
            system.held[driven] = Held(None, 0.0)
            x = steady_state(system, overrides).x
        if x is None:
            raise ValueError("no state to disturb")
        # whatever drives the cell, it is a current that is disturbed
        system.held[driven] = Held(None, system.held[driven].current or 0.0)
        steady = _real(system, x, "steady", 0.0, overrides)
        ohmic = _ohmic(system, x, frequencies[0], overrides)
        values = _at_frequencies(system, x, frequencies, overrides)
    finally:
        system.held, system.way = usual, "in time"
    size = 2 * int(system.matrix.getSize()[0])
    progress(f"impedance: {len(values)} frequencies, {size} unknowns each")
    return Spectrum(frequencies, values, steady, ohmic, size)


def _load(system: System, vector: PETSc.Vec) -> float:
    """A current of a usual size in the row of the driven terminal; returns it (pA)."""
    vector.set(0.0)
    if system.comm.rank == 0:
        vector.array[system.first_scalar + system.driven] = system.scale
    return system.scale


def _voltage(system: System, mine: Floats) -> float:
    """Potential of the driven terminal minus that of the first other one, V; on all ranks."""
    other = 1 if system.driven == 0 else 0
    first = system.first_scalar
    there = (
        float(mine[first + system.driven] - mine[first + other]) if system.comm.rank == 0 else 0.0
    )
    return float(system.comm.bcast(there))


def _area(system: System) -> float:
    built = system.domain.built
    return float(built.cell_area / built.multiplicity)


def _solver(matrix: PETSc.Mat, overrides: Mapping[str, str]) -> PETSc.KSP:
    ksp = PETSc.KSP().create(matrix.comm)
    ksp.setOptionsPrefix(PREFIX)
    ksp.setOperators(matrix)
    with prefixed_options(PREFIX, {**OPTIONS, **overrides}):
        ksp.setFromOptions()
        ksp.setUp()
    ksp.setConvergenceHistory()
    return ksp


def _real(
    system: System, x: PETSc.Vec, way: str, shift: float, overrides: Mapping[str, str]
) -> float:
    """Resistance per area with a real shift in place of i w."""
    system.way = "steady" if way == "steady" else "in time"
    matrix = system.empty_matrix()
    system.jacobian(x, None, shift, matrix)
    ksp = _solver(matrix, overrides)
    load, answer = system.vector(), system.vector()
    current = _load(system, load)
    solve(ksp, load, answer, f"impedance, {way} limit")
    ksp.destroy()
    matrix.destroy()
    return _voltage(system, answer.array_r) * _area(system) / current


def _ohmic(system: System, x: PETSc.Vec, highest: float, overrides: Mapping[str, str]) -> float:
    usual = [float(constant.value) for constant in system.permittivity]
    for constant in system.permittivity:
        constant.value = 0.0
    try:
        return _real(system, x, "ohmic", BEYOND * 2.0 * pi * highest, overrides)
    finally:
        for constant, value in zip(system.permittivity, usual, strict=True):
            constant.value = value


def _at_frequencies(
    system: System, x: PETSc.Vec, frequencies: tuple[float, ...], overrides: Mapping[str, str]
) -> tuple[complex, ...]:
    """Impedances per area."""
    system.way = "in time"
    slope, shifted = system.empty_matrix(), system.empty_matrix()
    system.jacobian(x, None, 0.0, slope)
    single = system.vector()
    current = _load(system, single)
    local = single.getLocalSize()
    scale = _area(system) / current
    values: list[complex] = []
    for frequency in frequencies:
        system.jacobian(x, None, 2.0 * pi * frequency, shifted)
        shifted.axpy(-1.0, slope, PETSc.Mat.Structure.SAME_NONZERO_PATTERN)
        back = shifted.copy()
        back.scale(-1.0)
        nest = PETSc.Mat().createNest([[slope, back], [shifted, slope]], comm=system.comm)
        block = nest.convert("aij", out=PETSc.Mat())
        ksp = _solver(block, overrides)
        load, answer = block.createVecs()
        load.set(0.0)
        load.array[:local] = single.array_r  # each rank: its real parts, then its imaginary ones
        solve(ksp, load, answer, f"impedance at {frequency:g} Hz")
        parts = answer.array_r
        real, imaginary = (_voltage(system, parts[begin : begin + local]) for begin in (0, local))
        values.append(complex(real, imaginary) * scale)
        for one in (ksp, block, nest, back, load, answer):
            one.destroy()
    return tuple(values)
