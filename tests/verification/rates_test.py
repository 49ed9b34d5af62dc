"""Uniform refinement: both bounds approach the exact value at the order that the singularity sets.

Around an edge phi = phi_0 + r^lambda f(angle): on uniform meshes the energy, hence each bound, errs
by h^(2 lambda), however high the degree of the elements. A contact with resistance leaves r ln r,
for which the energy of quadratic elements errs by h^2. The order is held from both sides: a higher
one means that reference or error measure is wrong.
"""

import math
from itertools import pairwise

import meshio
import numpy as np
import pytest

from meshes.geometry import Film, MeshFile
from solver.schema import IonicConductor
from tests.cases import exact
from tests.verification.helpers import (
    UNIT,
    electrode,
    even,
    make_case,
    slit,
    solve,
    tube,
)


def robin_tube_psi(eps, wagner, count=50):
    """4 kappa a R_excess of a disc with resistance in a tube, over the tube without either.

    As `exact.robin_disc`, with the modes of the tube: Legendre polynomials of 1 - 2 r^2.
    """
    matrix = exact.tube_sum(count, 1 / eps, 0.0)
    matrix += np.diag(wagner / (2 * (2 * np.arange(count) + 1)))
    return 8 * math.pi * exact.least(matrix, math.pi)


def uniform(case, size=None, largest=44_000):
    """Bounds of the resistance of the whole cell on a sequence of meshes of half the size each."""
    numerics = {"refinement": "uniform", "accuracy": 1e-12, "max_dofs": largest}
    solved = solve(make_case(*case, **numerics), size)
    history = solved.certificate.history
    assert [b.cells for b in history[1:]] == [4 * a.cells for a in history[:-1]]
    assert len(history) >= 3
    return solved, history


def orders(errors):
    assert min(errors) > 0.0  # the bounds are on their sides
    return [math.log2(a / b) for a, b in pairwise(errors)]


def slit_contact():
    return (slit(0.3),), even(0.05), UNIT, exact.strip(0.3), 1.0


def disc():
    return (tube(0.3),), even(0.1), 4 * UNIT * 0.3, exact.tube_psi(0.3), 1.0


def slit_mouth():
    cell = slit(0.3, film=Film(0.3, "layer"), filling="electrolyte")
    return (cell,), even(0.05), UNIT, 1.0 + exact.step(0.3), 4 / 3


def pore_mouth():
    cell = tube(0.3, film=Film(0.66, "layer"), filling="electrolyte")
    psi = 4.0 * (2.2 / math.pi + exact.pore_mouth(0.3))
    return (cell,), even(0.1), 4 * UNIT * 0.3, psi, 4 / 3


def robin_disc():
    eps, wagner = 0.3, 0.25
    ends = {"window": electrode(0.0, wagner * eps / UNIT), "top": electrode(1.0)}
    # the excess is over the stack with the contact resistance on the full area
    psi = robin_tube_psi(eps, wagner) - 4 * eps * wagner * eps / math.pi
    return (tube(eps), None, ends), even(0.1), 4 * UNIT * eps, psi, 2.0


@pytest.mark.parametrize("problem", [slit_contact, disc, slit_mouth, pore_mouth, robin_disc])
def test_the_bounds_converge_as_the_edge_allows(problem):
    case, size, factor, value, expected = problem()
    solved, history = uniform(case, size)
    lower = [value - (level.lower - solved.reference) * factor for level in history]
    upper = [(level.upper - solved.reference) * factor - value for level in history]
    gap = [a + b for a, b in zip(lower, upper, strict=True)]
    for errors in (lower, upper, gap):
        assert orders(errors)[-1] == pytest.approx(expected, abs=0.1)


def checkerboard(path, n):
    """Four squares around a corner, n x n small squares halved towards it; ends left and right."""
    x = np.linspace(-0.5, 0.5, n + 1)
    points = np.array([(a, b, 0.0) for b in x for a in x])
    squares: dict[str, list[tuple[int, ...]]] = {"good": [], "poor": []}
    for j in range(n):
        for i in range(n):
            a = j * (n + 1) + i
            b, c, d = a + 1, a + n + 2, a + n + 1
            same = (i < n // 2) == (j < n // 2)
            squares["good" if same else "poor"] += (
                [(a, b, c), (a, c, d)] if same else [(a, b, d), (b, c, d)]
            )
    side = np.arange(n)[:, None] * (n + 1) + np.array([0, n + 1])
    parts = {
        "good": ("triangle", np.array(squares["good"])),
        "poor": ("triangle", np.array(squares["poor"])),
        "left": ("line", side),
        "right": ("line", side + n),
    }
    empty = np.zeros(0, dtype=int)
    sets = {
        name: [
            np.arange(len(rows)) if other == name else empty for other, (_, rows) in parts.items()
        ]
        for name in parts
    }
    mesh = meshio.Mesh(points, list(parts.values()), cell_sets=sets)
    mesh.cell_sets_to_data()
    mesh.write(path)
    return MeshFile(str(path), "plane", 1.0, 1.0, None)


@pytest.mark.parametrize("ratio", [10.0, 100.0])
def test_the_bounds_converge_as_a_corner_of_a_checkerboard_allows(ratio, tmp_path):
    # by symmetry and duality a checkerboard conducts as the geometric mean (Keller 1964)
    value = ratio**-0.5 / UNIT
    expected = 8.0 / math.pi * math.atan(ratio**-0.5)
    regions = {"good": IonicConductor(ratio * UNIT), "poor": IonicConductor(UNIT)}
    ends = {"left": electrode(0.0), "right": electrode(1.0)}
    board = checkerboard(tmp_path / "board.vtu", 8)
    _, history = uniform((board, regions, ends), largest=70_000)
    # the errors are large: the conductance, not the resistance, of the primal is the energy
    primal = [value / level.lower - 1.0 for level in history]
    dual = [level.upper / value - 1.0 for level in history]
    gap = [(level.upper - level.lower) / value for level in history]
    for errors in (primal, dual, gap):
        assert orders(errors)[-1] == pytest.approx(expected, abs=0.1)
