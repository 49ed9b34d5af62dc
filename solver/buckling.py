"""Whether layers that have come off buckle: the second variation of the energy of a body.

A film that is compressed and has come off stays flat in an equilibrium of its own, whatever the
load: nothing pushes it aside. That equilibrium does not last if Pi falls in some direction. With
the stiffness K_0 of the unloaded body and the tangent K at the equilibrium,

    (K_0 - K) phi = theta K_0 phi,

Pi rises in all directions if the largest theta is below 1. In a state whose stress is linear in the
load 1/theta is the share of the load at which it buckles, into the mode phi. Where layers are
pressed together they are taken to stay so. theta is found by the Lanczos method in the inner
product K_0, from the displacement under a pressure that lifts what is off.

Along a phi the energy of large deflections is a polynomial of the fourth order in a; its lowest
point tells how far to push the body for Newton's method to find where it comes to rest.

Sources: Bazant & Cedolin 1991, Stability of Structures, ch. 4 and 10; Lanczos 1950, J. Res. Natl.
Bur. Stand. 45, 255; Hutchinson & Suo 1991, Adv. Appl. Mech. 29, 63 (films).
"""

from collections.abc import Callable, Mapping

import numpy as np
from petsc4py import PETSc

from solver.solve import DIRECT_UNSYMMETRIC, prefixed_options

MOST, SETTLED = 40, 1e-9  # steps of the search; relative change of theta at its end
FAR, ENOUGH = 0.1, 10  # theta that is less after so many steps does not come near 1
NOTHING = 1e-8  # of theta and of directions: rounding
FURTHER = 1.2  # than the lowest point: along the layers the body has not given way yet


def largest(
    stiffness: PETSc.Mat, softened: PETSc.Mat, lift: PETSc.Vec, overrides: Mapping[str, str]
) -> tuple[float, PETSc.Vec] | None:
    """The largest theta and its mode; collective.

    Args:
        stiffness: K_0, symmetric and positive.
        softened: K_0 - K.
        lift: Forces from which the search starts.
        overrides: PETSc options of the case.

    Returns:
        None if K_0 is not positive: something floats.
    """
    ksp = PETSc.KSP().create(stiffness.comm)
    ksp.setOptionsPrefix("mechanics_")
    ksp.setOperators(stiffness)
    with prefixed_options("mechanics_", {**DIRECT_UNSYMMETRIC, **overrides}):
        ksp.setFromOptions()
    basis: list[PETSc.Vec] = []
    forces: list[PETSc.Vec] = []  # K_0 times them
    small = np.zeros((MOST, MOST))
    right, found = lift.copy(), (0.0, lift.copy())
    for step in range(MOST):
        direction = lift.duplicate()
        ksp.solve(right, direction)
        whole = direction.norm()
        for _ in range(2):
            for one, force in zip(basis, forces, strict=True):
                direction.axpy(-force.dot(direction), one)
        force = lift.duplicate()
        stiffness.mult(direction, force)
        square = force.dot(direction)
        if not np.isfinite(square) or square < 0.0:
            return None
        if direction.norm() <= NOTHING * whole:
            return found
        direction.scale(1.0 / np.sqrt(square))
        force.scale(1.0 / np.sqrt(square))
        basis.append(direction)
        forces.append(force)
        right = lift.duplicate()
        softened.mult(direction, right)
        small[: step + 1, step] = [right.dot(one) for one in basis]
        small[step, : step + 1] = small[: step + 1, step]
        values, vectors = np.linalg.eigh(small[: step + 1, : step + 1])
        before, theta = found[0], float(values[-1])
        mode = lift.duplicate()
        mode.set(0.0)
        for share, one in zip(vectors[:, -1], basis, strict=True):
            mode.axpy(float(share), one)
        found = (theta, mode)
        same = step > 4 and abs(theta - before) <= SETTLED * abs(theta)
        if same or (step >= ENOUGH and theta < FAR) or right.norm() == 0.0:
            break
    return found


def lowest(energy: Callable[[float], float], size: float) -> float:
    """How far along a mode to push: beyond the lowest point of a polynomial of the fourth order.

    Args:
        energy: At an amplitude; 0 is no minimum.
        size: Of amplitudes that tell the terms apart.
    """
    at = size * np.array([-1.0, -0.5, 0.0, 0.5, 1.0])
    terms = np.polynomial.Polynomial.fit(at, [energy(float(a)) for a in at], 4)
    turns = terms.deriv().roots()
    real = turns[np.abs(turns.imag) <= NOTHING * size].real
    outwards = real[real > NOTHING * size]
    if not len(outwards):
        return 0.0
    return float(FURTHER * outwards[np.argmin(terms(outwards))])
