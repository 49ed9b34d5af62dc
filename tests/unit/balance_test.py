"""The arithmetic of films, foils and pellets against sums done by hand."""

import math

import pytest

from solver.film_theory import buckling, fragments
from solver.squeeze import as_fluid, power_law_force, squeezed
from solver.stoichiometry import (
    Phase,
    composition,
    conversion,
    intact_share,
    molar_mass,
    pressed_foil,
    pressed_pellet,
    solution,
)

# Densities in kg/um^3 (1 g/cm^3 = 1e-15), lengths in um, conductivities in pA/(V um).
MGF2 = Phase("MgF2", 3.148e-15)
MG = Phase("Mg", 1.738e-15)
LIF = Phase("LiF", 2.635e-15)
LI = Phase("Li", 0.534e-15)
LPSCL = Phase("Li6PS5Cl", 1.86e-15)
ARGYRODITE = {"Li": 6, "P": 1, "S": 5, "Cl": 1}
PHASES = {"MgF2": MGF2, "Mg": MG, "LiF": LIF, "Li": LI}
COEFFICIENTS = {"MgF2": -1.0, "Li": -2.0, "LiF": 2.0, "Mg": 1.0}


def values(amounts):
    return {amount.name: (amount.value, amount.unit) for amount in amounts}


def test_a_formula_is_read_into_its_atoms():
    assert composition("Li6PS5Cl") == ARGYRODITE
    assert composition("MgF2") == {"Mg": 1, "F": 2}
    assert composition("Li2.5In") == pytest.approx({"Li": 2.5, "In": 1})


@pytest.mark.parametrize("formula", ["", "mgF2", "Mg F2", "Xx2", "MgF2)", "2Li", "Li0"])
def test_a_wrong_formula_is_refused(formula):
    with pytest.raises(ValueError, match="formula"):
        composition(formula)


def test_molar_masses_by_hand():
    # MgF2: 24.305 + 2 * 18.998403162 = 62.301806 g/mol; 1 g/mol = 1e-18 kg/fmol.
    assert molar_mass("MgF2") == pytest.approx(62.301806e-18, rel=1e-7)
    # LiF: 6.94 + 18.998403162 = 25.938403 g/mol.
    assert molar_mass("LiF") == pytest.approx(25.938403e-18, rel=1e-7)


def test_fifty_nanometres_of_magnesium_fluoride():
    # 5e-6 cm * 3.148 g/cm^3 / 62.301806 g/mol = 2.526412e-7 mol/cm^2;
    # Mg: 2.526412e-7 * 24.305 / 1.738 = 3.533051e-6 cm = 35.33 nm;
    # LiF: 2 * 2.526412e-7 * 25.938403 / 2.635 = 4.973897e-6 cm = 49.74 nm;
    # Li: 2 * 2.526412e-7 * 6.94 / 0.534 = 6.566778e-6 cm = 65.67 nm.
    found = values(conversion(PHASES, COEFFICIENTS, "MgF2", 0.050))
    assert found["balance.amount_MgF2"] == (pytest.approx(2.526412e-7, rel=1e-6), "mol/cm^2")
    assert found["balance.thickness_Mg"] == (pytest.approx(35.33051, rel=1e-6), "nm")
    assert found["balance.thickness_LiF"] == (pytest.approx(49.73896, rel=1e-6), "nm")
    assert found["balance.thickness_Li"] == (pytest.approx(65.66778, rel=1e-6), "nm")
    # 35.33051 + 49.73896 = 85.06947 nm; 49.73896 / 85.06947 = 58.4686 %;
    # 85.06947 / 50 = 1.701390; 85.06947 / (50 + 65.66778) - 1 = -26.4536 %.
    assert found["balance.product_thickness"] == (pytest.approx(85.06947, rel=1e-6), "nm")
    assert found["balance.volume_fraction_LiF"] == (pytest.approx(58.46864, rel=1e-6), "%")
    assert found["balance.volume_fraction_Mg"] == (pytest.approx(41.53136, rel=1e-6), "%")
    assert found["balance.layer_ratio"] == (pytest.approx(1.701390, rel=1e-6), "1")
    assert found["balance.volume_change"] == (pytest.approx(-26.45361, rel=1e-5), "%")
    # 2 Li per MgF2: 2 * 2.526412e-7 mol/cm^2 * 96485.332 C/mol / 3.6 C/mAh = 1.354231e-2 mAh/cm^2.
    assert found["balance.charge"] == (pytest.approx(1.354231e-2, rel=1e-6), "mAh/cm^2")


def test_the_amounts_scale_with_the_film_and_not_the_ratios():
    thin = values(conversion(PHASES, COEFFICIENTS, "MgF2", 0.020))
    thick = values(conversion(PHASES, COEFFICIENTS, "MgF2", 0.100))
    for name, (value, _) in thick.items():
        factor = 1.0 if "fraction" in name or name.endswith(("ratio", "change")) else 5.0
        assert value == pytest.approx(factor * thin[name][0], rel=1e-12), name


@pytest.mark.parametrize("lithium", [-1.0, -3.0, 2.0])
def test_a_reaction_that_loses_atoms_is_refused(lithium):
    with pytest.raises(ValueError, match="Li: "):
        conversion(PHASES, COEFFICIENTS | {"Li": lithium}, "MgF2", 0.050)


def test_a_film_that_is_not_consumed_is_refused():
    with pytest.raises(ValueError, match="coefficient of the film Mg"):
        conversion(PHASES, COEFFICIENTS, "Mg", 0.050)


def test_a_phase_without_data_is_refused():
    with pytest.raises(ValueError, match="LiF"):
        conversion({"MgF2": MGF2, "Mg": MG, "Li": LI}, COEFFICIENTS, "MgF2", 0.050)


def test_magnesium_dissolved_in_the_foil():
    # Mg 35 nm: 3.5e-6 * 1.738 / 24.305 = 2.502777e-7 mol/cm^2;
    # Li 30 um: 3e-3 * 0.534 / 6.94 = 2.308357e-4 mol/cm^2;
    # 2.502777e-7 / (2.308357e-4 + 2.502777e-7) = 0.1083050 %.
    found = values(solution(MG, 0.035, LI, 30.0, "Mg"))
    assert found["balance.atomic_fraction_Mg"] == (pytest.approx(0.1083050, rel=1e-6), "%")
    # From 50 nm MgF2 (its Mg alone): 2.526412e-7 / (2.308357e-4 + 2.526412e-7) = 0.1093266 %.
    found = values(solution(MGF2, 0.050, LI, 30.0, "Mg"))
    assert found["balance.atomic_fraction_Mg"] == (pytest.approx(0.1093266, rel=1e-6), "%")


def test_an_element_the_layer_does_not_hold_is_refused():
    with pytest.raises(ValueError, match="Al"):
        solution(MG, 0.035, LI, 30.0, "Al")


def test_the_pellet_of_150_milligram():
    # pi/4 * 1.3^2 cm^2 * 0.075 cm = 0.09954922 cm^3; 0.150 g / 0.09954922 cm^3 = 1.506792 g/cm^3;
    # / 1.86 = 81.0103 %.
    found = values(pressed_pellet(150e-6, 13000.0, 750.0, LPSCL))
    assert found["balance.density"] == (pytest.approx(1.506792, rel=1e-6), "g/cm^3")
    assert found["balance.relative_density"] == (pytest.approx(81.01034, rel=1e-6), "%")


def test_the_foil_pressed_from_12_to_13_millimetres():
    # (13/12)^2 - 1 = 25/144 = 17.36111 %; 13/12 - 1 = 8.333333 %; 30 * 144/169 = 25.56213 um;
    # 1 - 144/169 = 25/169 = 14.79290 %.
    found = values(pressed_foil(12000.0, 13000.0, 30.0))
    assert found["balance.areal_strain"] == (pytest.approx(100 * 25 / 144, rel=1e-12), "%")
    assert found["balance.linear_strain"] == (pytest.approx(100 / 12, rel=1e-12), "%")
    assert found["balance.pressed_thickness"] == (pytest.approx(30 * 144 / 169, rel=1e-12), "um")
    assert found["balance.uncovered_fraction"] == (pytest.approx(100 * 25 / 169, rel=1e-12), "%")


def test_a_foil_that_shrinks_is_refused():
    with pytest.raises(ValueError, match="not smaller"):
        pressed_foil(13000.0, 12000.0, 30.0)


def test_the_share_an_intact_film_can_carry():
    # 14.2 ohm * pi/4 * 1.3^2 cm^2 / 2 = 9.423993 ohm cm^2; 50 nm at 5e-9 S/cm: 1000 ohm cm^2;
    # share at most 0.9423993 %. 1 S/cm = 1e8 pA/(V um); 1 ohm = 1e-12 V/pA.
    film = (0.050, 5e-9 * 1e8)
    found = values(intact_share(*film, 14.2e-12, math.pi / 4 * 13000.0**2, 2))
    assert found["balance.film_resistance"] == (pytest.approx(1000.0, rel=1e-12), "ohm cm^2")
    assert found["balance.measured_resistance"] == (pytest.approx(9.423993, rel=1e-6), "ohm cm^2")
    assert found["balance.intact_share"] == (pytest.approx(0.9423993, rel=1e-6), "%")


def test_a_film_better_than_measured_can_carry_everything():
    film = (0.050, 1e-6 * 1e8)  # 5 ohm cm^2 < 9.42 ohm cm^2
    found = values(intact_share(*film, 14.2e-12, math.pi / 4 * 13000.0**2, 2))
    assert found["balance.intact_share"] == (pytest.approx(100.0, rel=1e-12), "%")


def test_a_compressed_film_buckles_as_a_plate():
    # E' = 77/0.9375 = 82.133 GPa; (pi^2/12) E' (0.3/5)^2 = 243.19 MPa; at 500 MPa w/h = 1.187
    found = {
        a.name.removeprefix("balance."): a for a in buckling(500.0, 0.3, 77e3, 0.25, 5.0, "strip")
    }
    assert found["buckling_stress"].value == pytest.approx(243.187, rel=1e-6)
    assert found["deflection_over_thickness"].value == pytest.approx(1.186609, rel=1e-6)
    assert found["buckled_over_flat"].value == pytest.approx(1.263069, rel=1e-6)
    assert found["delamination_energy_release_rate"].value == pytest.approx(0.45657, rel=1e-4)
    # below the critical stress it lies flat; a circle carries 1.22350 E' (h/b)^2
    flat = buckling(200.0, 0.3, 77e3, 0.25, 5.0, "strip")
    assert [amount.symbol for amount in flat] == ["sigma_c", "G_0"]
    circle = buckling(200.0, 0.3, 77e3, 0.25, 5.0, "circle")[0].value
    assert circle == pytest.approx(1.2234975535 * 77e3 / 0.9375 * 0.0036, rel=1e-9)


def test_a_foil_that_sticks_is_squeezed_by_its_shear():
    # 1 + 2 x 6500/(3 sqrt(3) x 25.56213) = 98.87; times 0.70 MPa: 69.2 MPa; 70 MPa: 0.708 MPa
    found = values(squeezed(0.70, 6500.0, 30.0 * 144 / 169, 70.0, (0.7, 1e-4, 6.6)))
    assert found["balance.squeeze_pressure"] == (pytest.approx(69.2, rel=1e-3), "MPa")
    assert found["balance.squeeze_yield_stress"] == (pytest.approx(0.708, rel=1e-3), "MPa")
    # the speed is that at which the force of the fluid is the pressure times the area
    speed, unit = found["balance.squeeze_speed"]
    force = power_law_force(*as_fluid(0.7, 1e-4, 6.6), 6500.0, 30.0 * 144 / 169, speed)
    assert unit == "um/s"
    assert force == pytest.approx(70.0 * math.pi * 6500.0**2, rel=1e-9)
    assert "balance.squeeze_speed" not in values(squeezed(0.70, 6500.0, 25.56, 70.0, None))


def test_a_power_law_fluid_is_squeezed_as_by_lubrication():
    # by hand for a Newtonian fluid (Stefan): F = 3 pi m R^4 v/(2 h^3)
    newton = power_law_force(2.0, 1.0, 3.0, 0.1, 0.5)
    assert newton == pytest.approx(1.5 * math.pi * 2.0 * 81.0 * 0.5 / 1e-3, rel=1e-12)
    # and integrated numerically: dp/dr = 2 tau_w/h, tau_w = m ((2q+1)/q r v/h^2)^q
    q, radius, gap, speed = 1 / 6.6, 1.0, 0.05, 1e-3
    count = 20000
    steps = [(i + 0.5) / count * radius for i in range(count)]
    slopes = [2 / gap * ((2 * q + 1) / q * r * speed / gap**2) ** q for r in steps]
    force = sum(math.pi * r**2 * slope for r, slope in zip(steps, slopes, strict=True)) / count
    assert power_law_force(1.0, q, radius, gap, speed) == pytest.approx(force, rel=1e-6)
    assert force == pytest.approx(48.0825175, rel=1e-6)


def test_creep_is_a_fluid_with_the_same_shear_stress():
    # r (sigma/s)^n in tension; in shear tau = sigma/sqrt(3), g = sqrt(3) eps'
    m, q = as_fluid(0.7, 1e-4, 6.6)
    sigma = 1.1
    shear = math.sqrt(3) * 1e-4 * (sigma / 0.7) ** 6.6
    assert m * shear**q == pytest.approx(sigma / math.sqrt(3), rel=1e-12)


def test_a_film_on_a_substrate_that_yields_breaks_into_fragments_by_shear_lag():
    # LiF of 50 nm, tau = 0.77/sqrt(3) = 0.4446 MPa, E' = 111/(1 - 0.19^2) = 115.16 GPa. Under 100
    # MPa: l = 100 x 0.05/0.4446 = 11.25 um, G = 1e6 x 0.05/(3 x 115157 x 0.4446) = 0.3255 J/m^2;
    # 0.68 J/m^2 takes (0.68/0.3255)^(1/3) x 100 = 127.8 MPa: fragments of 14.4 to 28.7 um
    film = (0.05, 111e3, 0.19, 0.77)
    found = {a.name.removeprefix("balance."): a.value for a in fragments(100.0, None, *film, 0.68)}
    assert found["shear_lag_length"] == pytest.approx(11.247, rel=1e-4)
    assert found["shear_lag_energy_release_rate"] == pytest.approx(0.32553, rel=1e-4)
    assert found["channelling_stress"] == pytest.approx(127.83, rel=1e-4)
    assert found["channelling_stretch"] == pytest.approx(127.83 * 0.81 / 111e3, rel=1e-4)
    assert found["least_fragment"] == pytest.approx(14.377, rel=1e-4)
    assert found["longest_fragment"] == 2.0 * found["least_fragment"]
    # with a strength it is that which counts; at the stress that breaks it G is Gc
    strong = {a.symbol: a.value for a in fragments(100.0, 11.0, *film, None)}
    assert strong["l_f"] == pytest.approx(0.11 * found["shear_lag_length"])
    assert strong["e_f"] == pytest.approx(11.0 * 0.81 / 111e3, rel=1e-12)  # sigma_f (1 - nu)/E
    again = {a.symbol: a.value for a in fragments(found["channelling_stress"], None, *film, 0.68)}
    assert again["G"] == pytest.approx(0.68, rel=1e-12)
