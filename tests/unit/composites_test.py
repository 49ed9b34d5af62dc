"""Capacities and bounds of composites against sums done by hand."""

import numpy as np
import pytest

from solver.capacities import composite_foil, deposit, kneaded, thinner_stack
from solver.composites import bruggeman, conductivity_bounds, youngs_modulus_bounds
from solver.stoichiometry import Phase

LI = Phase("Li", 0.534e-15)
MAH_CM2 = 3.6e4  # pC/um^2: 3.6 C over 1e8 um^2
MAH_G = 3.6e15  # pC/kg: 3600 C/kg, 1e12 pC each
REACTION = {"AlN": -1.0, "Li": -5.25, "Li3N": 1.0, "Li9Al4": 0.25}
KNEADED = {
    "AlN": Phase("AlN", 3.26e-15),
    "Li": LI,
    "Li3N": Phase("Li3N", 1.27e-15),
    "Li9Al4": Phase("Li9Al4", 1.27e-15),
}


def values(amounts):
    return {amount.name.removeprefix("balance."): amount.value for amount in amounts}


def test_dense_lithium_of_a_charge():
    # 1 mAh/cm^2 = 3.6 C/cm^2; 3.6/96485.332 mol * 6.94 g/mol / 0.534 g/cm^3 = 4.84911e-4 cm.
    found = values(deposit(3 * MAH_CM2, LI, 18.0, 50.0))
    assert found["dense_thickness"] == pytest.approx(3 * 4.84911, rel=1e-5)
    # 1 - 14.5473/18 = 0.19182; 14.5473/50 = 0.29095
    assert found["porosity"] == pytest.approx(19.182, rel=1e-4)
    assert found["foil_share"] == pytest.approx(29.095, rel=1e-4)


def test_a_foil_whose_volumes_do_not_add_up():
    # Disc: pi/4 * 1.4^2 = 1.539380 cm^2, 50 um: 0.00769690 cm^3, at 0.83 g/cm^3 6.38843 mg.
    # 2170 mAh/g * 6.4 mg / 1.53938 cm^2 = 9.02181 mAh/cm^2; 2830: 11.76577.
    # 1 g Li = 96485.332/3.6/6.94 = 3861.88 mAh: free 0.561902, whole 0.732804.
    # Skeleton: Li (0.732804 - 0.561902)/6.94 = 0.0246257; B 0.267196/10.81 = 0.0247175: 0.99629.
    # Volumes: 0.83*0.561902/0.534 = 0.873369; 0.83*0.438098/1.50 = 0.242414; sum 1.115783.
    # Ideal: 1/(0.561902/0.534 + 0.438098/1.5) = 1/1.344317 = 0.743872 g/cm^3.
    sizes, densities = (14e3, 50.0), (0.83e-15, 1.5e-15)
    capacities = (2170 * MAH_G, 2830 * MAH_G)
    found = values(composite_foil(sizes, 6.4e-6, densities, capacities, LI, "B"))
    expected = {
        "foil_mass": 6.38843, "free_capacity": 9.02181, "total_capacity": 11.76577,
        "free_lithium": 56.1902, "lithium": 73.2804, "skeleton_ratio": 0.99629,
        "lithium_volume": 87.3369, "skeleton_volume": 24.2414, "volume_sum": 111.5783,
        "ideal_density": 0.743872,
    }  # fmt: skip
    assert found == pytest.approx(expected, rel=2e-5)
    with pytest.raises(ValueError, match="total_capacity"):
        composite_foil(sizes, 6.4e-6, densities, (capacities[1], capacities[0]), LI, "B")


def test_kneaded_aluminium_nitride():
    # 1 g of 95 % Li, 5 % AlN. AlN: 0.05/40.98854 = 1.219853e-3 mol takes 5.25 times as much Li:
    # 6.404228e-3 mol = 0.0444453 g, left 0.9055547 g. Li3N 1.219853e-3 mol * 34.827 = 0.0424838 g;
    # Li9Al4 3.049633e-4 mol * 170.386154 = 0.0519615 g. Sum 1.
    # Volumes: 0.9055547/0.534 = 1.6957953; 0.0424838/1.27 = 0.0334518; 0.0519615/1.27 = 0.0409146;
    # sum 1.7701617 cm^3: density 0.564920 g/cm^3, Li 95.7989 %, Li3N 1.88976 %, Li9Al4 2.31135 %.
    # Capacity: 0.9055547 * 3861.88 = 3497.14 mAh/g; 35 um: * 0.564920 * 35e-4 = 6.91462 mAh/cm^2.
    # With Li9Al4: 9 * 3.049633e-4 mol = 2.744670e-3 mol more = 73.561 mAh/g: 7.06007 mAh/cm^2.
    shares = {"Li": 0.95, "AlN": 0.05}
    found = values(kneaded(KNEADED, REACTION, shares, 35.0, "Li", 4.46 * MAH_CM2, 3.3 * MAH_CM2))
    assert found["free_lithium"] == pytest.approx(90.55547, rel=1e-6)
    assert found["volume_Li"] == pytest.approx(95.7989, rel=1e-5)
    assert found["volume_Li3N"] == pytest.approx(1.88976, rel=1e-5)
    assert found["volume_Li9Al4"] == pytest.approx(2.31135, rel=1e-5)
    assert "volume_AlN" not in found
    assert found["mixture_density"] == pytest.approx(0.564920, rel=1e-5)
    assert found["specific_capacity"] == pytest.approx(3497.14, rel=1e-5)
    assert found["dense_capacity"] == pytest.approx(6.91462, rel=1e-5)
    assert found["capacity_with_Li9Al4"] == pytest.approx(7.06007, rel=1e-5)
    assert found["accessible"] == pytest.approx(100 * 4.46 / 6.91462, rel=1e-5)
    assert found["capacity_ratio"] == pytest.approx(6.91462 / 3.3, rel=1e-5)
    assert found["measured_ratio"] == pytest.approx(4.46 / 3.3, rel=1e-9)


def test_the_part_that_is_used_up_limits_the_reaction():
    # 50/50: AlN 0.5/40.98854 = 0.0121985 mol would need 0.0640423 mol Li, there are 0.0720461:
    # all AlN goes. 90 % AlN: 0.1/6.94 = 0.0144092 mol Li, AlN left.
    found = values(kneaded(KNEADED, REACTION, {"Li": 0.5, "AlN": 0.5}, 35.0, "Li", None, None))
    assert found["free_lithium"] == pytest.approx(100 * 6.94 * (0.0720461 - 0.0640423), rel=1e-4)
    poor = values(kneaded(KNEADED, REACTION, {"Li": 0.1, "AlN": 0.9}, 35.0, "Li", None, None))
    assert poor["free_lithium"] == pytest.approx(0, abs=1e-9)
    assert poor["volume_AlN"] > 50
    with pytest.raises(ValueError, match="add up"):
        kneaded(KNEADED, REACTION, {"Li": 0.5, "AlN": 0.4}, 35.0, "Li", None, None)
    with pytest.raises(ValueError, match="consumes"):
        kneaded(KNEADED, REACTION, {"Li": 0.5, "Li3N": 0.5}, 35.0, "Li", None, None)


def test_a_thinner_electrode():
    # (100 + 77)/(100 + 35) = 1.31111; with 25 um more (202/160) 1.2625
    foil = {"before": 77.0, "after": 35.0, "cathode": 100.0}
    assert values(thinner_stack(foil, {}))["volumetric_gain"] == pytest.approx(31.1111, rel=1e-5)
    more = values(thinner_stack({**foil, "separator": 25.0}, {}))
    assert more == {"volumetric_gain": pytest.approx(26.25, rel=1e-9)}
    # 77 um of 0.534 and 35 of 0.565 g/cm^3 beside 24 mg/cm^2: 28.1118/25.9775 - 1
    masses = {"before": 4.1118, "after": 1.9775, "cathode": 24.0}
    assert values(thinner_stack(foil, masses))["gravimetric_gain"] == pytest.approx(
        8.21596, rel=1e-5
    )


def test_spheres_in_a_matrix_are_one_of_the_bounds():
    # Maxwell: k = (1 + 2 f b)/(1 - f b), b = (a - 1)/(a + 2); f = 0.2, a = 10: b = 0.75, 1.3/0.85.
    shares = np.array([0.2, 0.8])
    lower, upper = conductivity_bounds(shares, np.array([10.0, 1.0]))
    assert lower == pytest.approx(1.3 / 0.85, rel=1e-12)
    # the other one is Maxwell of the poor phase in the good one: a = 0.1, f = 0.8, b = -0.9/2.1
    b = -0.9 / 2.1
    assert upper == pytest.approx(10 * (1 + 1.6 * b) / (1 - 0.8 * b), rel=1e-12)
    # reported: 0.415 of a conductor in 1e-6 lies between 3.128e-6 and 0.321084
    found = conductivity_bounds(np.array([0.415, 0.585]), np.array([1.0, 1e-6]))
    assert found == pytest.approx((3.128e-6, 0.321084), rel=2e-4)
    assert conductivity_bounds(shares, np.array([1.0, 0.0]))[0] == 0.0


def test_the_estimate_percolates_at_a_third():
    conductors = np.array([1.0, 0.0])
    assert bruggeman(np.array([0.3, 0.7]), conductors) == 0.0
    # k = (3 f - 1)/2
    assert bruggeman(np.array([0.6, 0.4]), conductors) == pytest.approx(0.4, rel=1e-10)
    assert bruggeman(np.array([0.5, 0.5]), np.array([3.0, 3.0])) == pytest.approx(3.0)


def test_bounds_of_the_modulus():
    # equal phases: their modulus; rigid spheres of equal shear modulus: Hill, exact in K
    same = youngs_modulus_bounds(np.array([0.3, 0.7]), np.array([5.0, 5.0]), np.array([0.3, 0.3]))
    assert same == pytest.approx((5.0, 5.0), rel=1e-12)
    # E, nu = 8/3, 1/3 (K 8/3, G 1) and 9/4, 1/8 (K 1, G 1): both bounds of K equal Hill's
    # 1/(0.5/(8/3 + 4/3) + 0.5/(1 + 4/3)) - 4/3 = 1/(0.125 + 0.2142857) - 4/3 = 1.614035
    hill = 1.614035
    found = youngs_modulus_bounds(
        np.array([0.5, 0.5]), np.array([8 / 3, 9 / 4]), np.array([1 / 3, 1 / 8])
    )
    assert found == pytest.approx([9 * hill / (3 * hill + 1)] * 2, rel=1e-5)
    lower, upper = youngs_modulus_bounds(
        np.array([0.5, 0.5]), np.array([140.0, 2.0]), np.array([0.2, 0.3])
    )
    # between Reuss 1/(0.5/140 + 0.5/2) = 3.944 and Voigt 71 (nearly: nu differ)
    assert 3.9 < lower < upper < 71.5


def test_the_upper_bound_of_a_porous_solid():
    # Voids, f = 0.2, in K = 5/3, G = 1 (E = 2.5, nu = 0.25):
    # K_HS = 4 K G (1 - f)/(4 G + 3 K f) = 16/15
    # G_HS = G (1 - f)(9 K + 8 G)/(9 K + 8 G + 6 f (K + 2 G)) = 18.4/27.4
    shares, ratios = np.array([0.8, 0.2]), np.array([0.25, 0.25])
    upper = youngs_modulus_bounds(shares, np.array([2.5, 2.5e-12]), ratios)[1]
    bulk, shear = 16 / 15, 18.4 / 27.4
    assert upper == pytest.approx(9 * bulk * shear / (3 * bulk + shear), rel=1e-9)
