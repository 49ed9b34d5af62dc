"""Film and electrolyte of any ratio of conductivities, 1e-9 to 1e9: same accuracy, same effort.

The solvers are forced to be iterative, with algebraic multigrid, as on large meshes.
"""

from dataclasses import dataclass

import pytest

import solver.dual
import solver.primal
from meshes.geometry import Film, Round
from meshes.layers import Layer
from solver.schema import Equipotential, Insulator, IonicConductor
from tests.verification.helpers import CONDUCTOR, UNIT, cell, electrode, make_case, slit, solve

RATIOS = [10.0**exponent for exponent in (0, -9, -6, -3, 3, 6, 9)]
LAYER = Film(0.05, "layer")


@dataclass
class Counts:
    """Iterations of the last solve."""

    primal: int
    outer: int
    inner: float


@pytest.fixture
def effort(monkeypatch):
    """Forces iterative solvers; a function that solves a case and counts."""
    inner = []
    original = solver.dual.solve

    def counted(ksp, b, x, what, *accepted):
        iterations = original(ksp, b, x, what, *accepted)
        if what.startswith("constraint preconditioner"):
            inner.append(iterations)
        return iterations

    for module in (solver.primal, solver.dual):
        monkeypatch.setattr(module, "DIRECT_LIMIT", 0)
    monkeypatch.setattr(solver.dual, "solve", counted)

    def run(case):
        inner.clear()
        solved = solve(case)
        history = solved.certificate.history
        return solved, Counts(
            max(level.iterations for level in history),
            max(level.steps for level in history),
            sum(inner) / len(inner),
        )

    return run


def on_metal(film):
    """A slit filled with electrolyte in a film on metal: the current may pass through both."""
    ends = {"window": electrode(0.0), "top": electrode(1.0)}
    ends |= {"film_face" if isinstance(film, IonicConductor) else "film_surface": electrode(0.0)}
    if isinstance(film, Insulator):
        del ends["film_surface"]
    return make_case(slit(0.3, film=LAYER, filling="electrolyte"), {"film": film}, ends)


def floating(film):
    """The same film between two electrolytes."""
    geometry = slit(0.3, film=LAYER, filling="electrolyte", below=(Layer("under", 2.5),))
    ends = {"bottom": electrode(0.0), "top": electrode(1.0)}
    return make_case(geometry, {"under": CONDUCTOR, "film": film}, ends)


def window_only(film):
    """The film carries current along itself only: its lower face is insulated.

    A good film would meet the metal in the line of the rim, where phi goes as (distance)^lambda
    with lambda = (2/pi) atan(ratio^-1/2), 0.02 at 1e3: no refinement resolves that.
    """
    return make_case(slit(0.3, film=LAYER, filling="electrolyte"), {"film": film})


def hole_in_a_floating_film(film):
    """Three dimensions."""
    geometry = cell(
        "square", 1.0, Round(0.25), Film(0.1, "layer"),
        filling="electrolyte", below=(Layer("under", 1.0),), height=1.0,
    )  # fmt: skip
    ends = {"bottom": electrode(0.0), "top": electrode(1.0)}
    return make_case(geometry, {"under": CONDUCTOR, "film": film}, ends, accuracy=0.02)


def check(solved):
    certificate = solved.certificate
    assert certificate.reached
    assert all(level.lower <= level.upper for level in certificate.history)
    assert certificate.lower > solved.reference
    assert certificate.balance <= 1e-8
    assert certificate.flux.divergence <= 1e-12


@pytest.mark.parametrize(
    ("problem", "ratios"),
    [
        (on_metal, RATIOS),
        (floating, RATIOS),
        (window_only, [ratio for ratio in RATIOS if ratio <= 1.0]),
        (hole_in_a_floating_film, [1.0, 1e-9, 1e9]),
    ],
)
def test_any_contrast_takes_the_same_effort(problem, ratios, effort):
    bounds = {}
    for ratio in ratios:
        solved, counts = effort(problem(IonicConductor(ratio * UNIT)))
        check(solved)
        bounds[ratio] = solved.excess
        if ratio == 1.0:
            usual = counts
        assert counts.primal <= 2 * usual.primal, ratio
        assert counts.outer <= 2 * usual.outer, ratio
        assert counts.inner <= 2 * usual.inner, ratio
    # the better the film conducts, the lower the resistance
    ordered = [bounds[ratio] for ratio in sorted(bounds)]
    for i, (low, _) in enumerate(ordered):
        assert all(low <= high for _, high in ordered[:i])


@pytest.mark.parametrize("problem", [on_metal, floating, window_only])
def test_a_very_poor_film_is_an_insulator(problem):
    low, high = solve(problem(IonicConductor(1e-9 * UNIT))).excess
    limit = solve(problem(Insulator()))
    check(limit)
    # the insulator has the higher resistance, by about 1e-9 times the conductance of the film
    assert low <= limit.excess[1]
    assert limit.excess[0] <= high * (1.0 + 1e-7)


def test_a_very_good_film_is_an_equipotential():
    low, high = solve(on_metal(IonicConductor(1e9 * UNIT))).excess
    limit = solve(on_metal(Equipotential()))
    check(limit)
    assert limit.excess[0] <= high
    assert low <= limit.excess[1] * (1.0 + 1e-6)
