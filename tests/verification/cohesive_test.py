"""The law of cohesive interfaces: peak, area, mixed modes, unloading, tangent."""

import numpy as np
import pytest

from solver import cohesive
from solver.interface_schema import Joint

STRENGTH, SHEAR, FIRST, SECOND, ETA = 50.0, 80.0, 1.0, 3.0, 1.7
SHAPES = ("bilinear", "exponential")


def law(softening="bilinear", rigidity=40.0):
    joint = Joint(
        "cohesive", fracture_energy=FIRST, strength=STRENGTH, shear_strength=SHEAR,
        shear_fracture_energy=SECOND, exponent=ETA, softening=softening, rigidity=rigidity,
    )  # fmt: skip
    return cohesive.make_law(joint)


def along(made, direction, points=200_001):
    """Openings along a straight path until nothing holds, and the tractions."""
    far = 14.0 if made.exponential else 1.05
    end = far * made.rigidity * made.opening * max(made.energies)
    w = np.linspace(0.0, end, points)[:, None] * np.array(direction)
    return w, cohesive.traction(made, w, np.ones(points))[0]


@pytest.mark.parametrize("softening", SHAPES)
@pytest.mark.parametrize(
    ("direction", "peak", "energy"), [((0.0, 1.0), STRENGTH, FIRST), ((1.0, 0.0), SHEAR, SECOND)]
)
def test_pure_modes_have_their_strength_and_their_energy(softening, direction, peak, energy):
    w, t = along(law(softening), direction)
    traction, opening = t @ direction, w @ np.array(direction)
    assert traction.max() == pytest.approx(peak, rel=2e-3)  # of a sampled kink
    assert np.trapezoid(traction, opening) == pytest.approx(energy, rel=1e-5)


@pytest.mark.parametrize("softening", SHAPES)
@pytest.mark.parametrize("angle", [0.2, 0.7, 1.3])
def test_mixed_modes_follow_benzeggagh_and_kenane(softening, angle):
    """Work by mode at a fixed ratio of openings: G_II/G is the b of G(b)."""
    w, t = along(law(softening), (np.sin(angle), np.cos(angle)))
    work = [np.trapezoid(t[:, i], w[:, i]) for i in (0, 1)]
    share = work[0] / sum(work)
    assert 0.02 < share < 0.98
    assert sum(work) == pytest.approx(FIRST + (SECOND - FIRST) * share**ETA, rel=1e-5)


@pytest.mark.parametrize("softening", SHAPES)
def test_what_is_spent_is_work_less_what_comes_back(softening):
    made = law(softening)
    w, t = along(made, (0.6, 0.8), 100_001)
    work = sum(np.trapezoid(t[:, i], w[:, i]) for i in (0, 1))
    for last in (20_000, len(w) - 1):
        work = sum(np.trapezoid(t[: last + 1, i], w[: last + 1, i]) for i in (0, 1))
        at, one = w[last : last + 1], np.ones(1)
        worst = np.maximum(one, cohesive.effective_opening(made, at))
        spent, back = cohesive.spent(made, at, one, worst), cohesive.stored(made, at, worst)
        assert spent[0] + back[0] == pytest.approx(work, rel=1e-5)


@pytest.mark.parametrize("softening", SHAPES)
def test_unloading_is_elastic_and_damage_does_not_heal(softening):
    made = law(softening)
    w = np.array([[0.0, 8.0 * made.opening]])
    there = cohesive.effective_opening(made, w)
    t, _ = cohesive.traction(made, w, there)
    back, slope = cohesive.traction(made, 0.25 * w, there)
    assert back == pytest.approx(0.25 * t, rel=1e-12)
    assert slope[0, 1, 1] == pytest.approx(t[0, 1] / w[0, 1], rel=1e-12)
    # reloading in another mode spends energy again, and never gains any
    turned = np.array([[5.0 * made.opening, 7.0 * made.opening]])
    again = np.maximum(there, cohesive.effective_opening(made, turned))
    assert cohesive.damage(made, again) >= cohesive.damage(made, there)
    assert cohesive.spent(made, turned, there, again) >= 0.0


@pytest.mark.parametrize("softening", SHAPES)
@pytest.mark.parametrize("kappa", [1.0, 12.0])
def test_the_tangent_is_the_derivative(softening, kappa):
    made = law(softening)
    rng = np.random.default_rng(3)
    w = made.opening * rng.uniform(-15.0, 15.0, (50, 2))
    w[:, 1] = np.abs(w[:, 1])
    before = np.full(len(w), kappa)
    _, slope = cohesive.traction(made, w, before)
    step = 1e-6 * made.opening
    for i in (0, 1):
        shift = step * np.eye(2)[i]
        high, _ = cohesive.traction(made, w + shift, before)
        low, _ = cohesive.traction(made, w - shift, before)
        assert slope[:, :, i] == pytest.approx((high - low) / (2.0 * step), rel=1e-4, abs=1e-4)


def test_torn_is_torn():
    made = law()
    w = np.array([[0.0, made.rigidity * made.opening * 1.01]])
    t, slope = cohesive.traction(made, w, np.ones(1))
    assert t == pytest.approx(0.0, abs=1e-12)
    assert slope == pytest.approx(0.0, abs=1e-12)
