"""Impedance against exact answers: layers, double layers, salt, constrictions, limits, ranks."""

import math

import numpy as np
import pytest
from mpi4py import MPI

from solver.arcs import find_arcs
from solver.circuit import fit_circuit
from solver.impedance import find_spectrum
from solver.impedance_schema import Impedance
from solver.march import march, steady_state
from solver.march_states import Marched
from solver.simulate import simulate
from tests.verification.march_example import (
    HELD,
    LIMIT,
    SALT,
    SOLID,
    F,
    R,
    T,
    case_of,
    driven,
    electrode,
    galvanostatic,
    numbers,
    reacts,
    system_of,
    text,
)

THERMAL = R * T / F
E0 = 8.8541878188e-12
WORLD, SELF = MPI.COMM_WORLD, MPI.COMM_SELF
# a film of LiPON on a liquid: 300 nm of 2e-4 S/m, 25 um of 0.18 S/m
LIPON = 'law = "ionic_conductor"\nconductivity = "2e-4 S/m"\nrelative_permittivity = 16.6\n'
LIQUID = 'law = "ionic_conductor"\nconductivity = "0.18 S/m"\nrelative_permittivity = 20\n'
LAYERS = [("lipon", 0.3, LIPON), ("liquid", 25.0, LIQUID)]
BOTH = 'capacitance = "10 uF/cm^2"\ntransfer_coefficient = 0.3\n'


def asked(frequencies, more=""):
    listed = ", ".join(f'"{f!r} Hz"' for f in frequencies)
    return f"[impedance]\nfrequencies = [{listed}]\n{more}\n"


def spectrum_of(system, frequencies, found=None, state="rest"):
    """Impedances in ohm m^2, which is V um^2/pA."""
    impedance = Impedance(tuple(frequencies), state)
    return find_spectrum(
        system, found or Marched(), impedance, tuple(frequencies), {}, lambda _: None
    )


def flat(folder, frequencies, *parts, layers=LAYERS, comm=SELF, **sizes):
    content = text(LIPON, HELD, driven(0.0), asked([1.0]), *parts, layers=layers, **sizes)
    return spectrum_of(system_of(case_of(folder, content), comm), frequencies)


def layered(f):
    """Sum of (h/s)/(1 + i w e e0/s), ohm m^2."""
    w = 2j * math.pi * f
    parts = ((0.3e-6, 2e-4, 16.6), (25e-6, 0.18, 20.0))
    return sum(h / s / (1 + w * e * E0 / s) for h, s, e in parts)


# -- layers -----------------------------------------------------------------------------------


def test_layers_are_resistances_beside_capacitances(tmp_path):
    # 1.6356975e-3 - 6.912369e-5 i, 1.3752753e-3 - 5.7098704e-4 i, 2.0608401e-4 - 3.1115633e-4 i
    frequencies = (1e6, 1e5, 1e4)
    found = flat(tmp_path, frequencies)
    told = (
        2.0608401e-4 - 3.1115633e-4j, 1.3752753e-3 - 5.7098704e-4j, 1.6356975e-3 - 6.912369e-5j,
    )  # fmt: skip
    for f, z, exact in zip(frequencies, found.values, told, strict=True):
        assert z == pytest.approx(exact, rel=1e-7)
        assert z == pytest.approx(layered(f), rel=1e-9)
    assert found.steady == pytest.approx(1.5e-3 + 25e-6 / 0.18, rel=1e-9)
    assert found.ohmic == pytest.approx(found.steady, rel=1e-9)


def test_a_layer_peaks_where_its_own_time_says(tmp_path):
    # s/(2 pi e e0) = 216.57 kHz and 161.8 MHz; troughs between them cut a percent of each arc
    f = tuple(np.geomspace(1e10, 1e3, 141))
    arcs = find_arcs(f, flat(tmp_path, f, size="9 um", edge="9 um", width="9 um").values)
    assert len(arcs) == 2
    for arc, (h, s, e) in zip(arcs, ((25e-6, 0.18, 20.0), (0.3e-6, 2e-4, 16.6)), strict=True):
        assert arc.resistance == pytest.approx(h / s, rel=0.05)
        assert arc.peak == pytest.approx(s / (2 * math.pi * e * E0), rel=0.05)
    # without the other arc nothing is cut
    own = tuple(0.3e-6 / 2e-4 / (1 + 2j * math.pi * x * 16.6 * E0 / 2e-4) for x in f)
    (arc,) = find_arcs(f, own)
    assert arc.resistance == pytest.approx(1.5e-3, rel=1e-3)
    assert arc.peak == pytest.approx(216.57e3, rel=1e-4)


def test_a_circuit_gives_the_layers_back(tmp_path):
    f = tuple(np.geomspace(1e9, 1e3, 31))
    values = tuple(layered(x) * 1e4 for x in f)  # ohm cm^2
    fitted = fit_circuit("p(R1,C1)-p(R2,C2)", f, values)
    assert fitted is not None and fitted.misfit < 1e-8
    exact = {"R1": 25e-2 / 0.18, "C1": 0.2 * E0 / 25e-6 / 1e2, "R2": 15.0}
    exact["C1"] = 20 * E0 / 25e-6 * 1e-4  # F/cm^2
    exact["C2"] = 16.6 * E0 / 0.3e-6 * 1e-4
    for name, value in exact.items():
        assert fitted.parameters[name] == pytest.approx(value, rel=1e-6)


# -- faces ------------------------------------------------------------------------------------


def test_a_face_is_a_film_and_a_reaction_beside_a_double_layer(tmp_path):
    # 2 faces: 10 ohm cm^2 + (RT/F i0)/(1 + i w C RT/F i0), i0 = 1 A/m^2, 0.1 F/m^2; L/kappa
    film = 'area_specific_resistance = "10 ohm cm^2"'
    content = text(
        SOLID, HELD + film + "\n", driven(0.0, film), asked([1.0]),
        reacts("top", 0.1, more=BOTH), reacts("bottom", 0.1, more=BOTH),
    )  # fmt: skip
    frequencies = (1e5, 1e3, 60.0, 1.0)
    found = spectrum_of(system_of(case_of(tmp_path, content), SELF), frequencies)
    ohmic = 10e-6 / 0.01 + 2e-3
    for f, z in zip(frequencies, found.values, strict=True):
        assert z == pytest.approx(
            ohmic + 2 * THERMAL / (1 + 0.2j * math.pi * f * THERMAL), rel=1e-8
        )
    assert found.ohmic == pytest.approx(ohmic, rel=1e-6)
    assert found.steady == pytest.approx(ohmic + 2 * THERMAL, rel=1e-8)


def test_under_current_a_reaction_resists_less(tmp_path):
    # at j the slope of one face is (2 RT/F)/sqrt(j^2 + 4 i0^2) at a transfer coefficient of 1/2
    both = 'capacitance = "10 uF/cm^2"'
    content = text(
        SOLID, HELD, driven(0.7), asked([1.0]),
        reacts("top", 0.1, more=both), reacts("bottom", 0.1, more=both),
    )  # fmt: skip
    system = system_of(case_of(tmp_path, content), SELF)
    state = steady_state(system, {})
    frequencies = (1e4, 300.0, 1.0)
    found = spectrum_of(system, frequencies, state, "end")
    slope = 2 * THERMAL / math.sqrt(7.0**2 + 4.0)
    for f, z in zip(frequencies, found.values, strict=True):
        exact = 10e-6 / 0.01 + 2 * slope / (1 + 0.2j * math.pi * f * slope)
        assert z == pytest.approx(exact, rel=1e-7)


# -- salt -------------------------------------------------------------------------------------

KAPPA = F**2 * 1e-12 * 1000 / (2 * R * T * 0.3 * 0.7)
DIFFUSION = 4 * THERMAL / (10 * LIMIT) - 10e-6 / KAPPA  # d/di of 2 RT/F ln((1 + I)/(1 - I))
TAU = (5e-6) ** 2 / 1e-12  # of half of the cell


@pytest.mark.parametrize(("x", "edge"), [(0.1, 0.2), (1.0, 0.2), (2.5406, 0.2), (100.0, 0.05)])
def test_salt_is_a_finite_warburg_element(tmp_path, x, edge):
    # tanh(s)/s, s = sqrt(i x): 0.8854508 - 0.2869779 i at 1, 0.5816419 - 0.4172266 i at 2.5406
    content = text(SALT, HELD, driven(0.0), asked([1.0]), edge=f"{edge} um", size=f"{edge} um",
                   width=f"{edge} um")  # fmt: skip
    f = x / (2 * math.pi * TAU)
    found = spectrum_of(system_of(case_of(tmp_path, content), SELF), (f,))
    s = np.sqrt(1j * x)
    ohmic = 10e-6 / KAPPA
    told = {1.0: 0.8854508 - 0.2869779j, 2.5406: 0.5816419 - 0.4172266j}
    assert (found.values[0] - ohmic) / DIFFUSION == pytest.approx(np.tanh(s) / s, rel=1e-3)
    if x in told:
        assert (found.values[0] - ohmic) / DIFFUSION == pytest.approx(told[x], rel=1e-4)
    assert found.steady == pytest.approx(ohmic + DIFFUSION, rel=1e-6)
    assert found.ohmic == pytest.approx(ohmic, rel=1e-6)


def test_the_lowest_frequency_is_the_slope_of_the_steady_voltage(tmp_path):
    # of steady states at currents on both sides, about a current of half the limit
    content = text(
        SALT, HELD, driven(0.5 * LIMIT), asked([1.0]), reacts("top", 1.0, more=BOTH),
        reacts("bottom", 3.0, more="transfer_coefficient = 0.6"),
    )  # fmt: skip
    system = system_of(case_of(tmp_path, content), SELF)
    state = steady_state(system, {})
    found = spectrum_of(system, (1e-5,), state, "end")
    area = system.domain.built.cell_area / system.domain.built.multiplicity
    usual = system.held[system.driven]
    voltages = []
    for change in (-1e-3, 1e-3):
        current = (usual.current or 0.0) * (1 + change)
        system.held[system.driven] = type(usual)(None, current)
        voltages.append(steady_state(system, {}).moments[-1].voltage)
    slope = (voltages[1] - voltages[0]) * area / (2e-3 * usual.current)
    assert found.steady == pytest.approx(slope, rel=1e-5)
    assert found.values[0].real == pytest.approx(slope, rel=1e-5)


def test_the_end_of_a_programme_is_no_rest(tmp_path):
    # after 1 s of 0.9 of the limit the salt at the faces has changed, not that of the middle:
    # at a high frequency the resistance is the integral of 1/kappa, kappa in proportion to c
    steps = galvanostatic(0.9 * LIMIT, 2.0)
    content = text(SALT, HELD, driven(0.0), steps, asked([1.0]), reacts("top", 0.2))
    system = system_of(case_of(tmp_path, content), SELF)
    state = march(system, {}, lambda _: None)
    assert state.x is not None
    c = state.x.array_r[system.salt.unknowns]
    y = system.space.tabulate_dof_coordinates()[system.salt.nodes, 1]
    places, first = np.unique(np.round(y, 9), return_index=True)
    # quadratic in y between vertices: Simpson's rule over the nodes is close
    exact = np.trapezoid(1.0 / c[first], places * 1e-6) / KAPPA
    # without a double layer the reaction is there at all frequencies: slope at j and -j
    (there,) = [side.field for side in system.z if side.contact.name == "top"]
    j = float(np.mean(2 * 2.0 * state.x.array_r[there.unknowns]))  # A/m^2
    slope = 2 * THERMAL / math.sqrt(j**2 + 4 * 2.0**2)
    found = spectrum_of(system, (1.0,), state, "end")
    assert found.ohmic == pytest.approx(exact + slope, rel=3e-3)
    rest = spectrum_of(system, (1.0,), state)
    assert rest.ohmic == pytest.approx(10e-6 / KAPPA + THERMAL / 2.0, rel=1e-5)


# -- detours ----------------------------------------------------------------------------------


def test_a_disc_has_its_primary_and_its_secondary_resistance(tmp_path):
    # a disc of half the radius of a tube: psi = 0.3396093901 of 1/(4 kappa a) while the double
    # layer is shorted; 2 a = 4 um, 0.01 S/m, tube 40 um high and 8 um wide
    geometry = (
        'title = "t"\n[geometry]\nshape = "tube"\nwidth = "8 um"\nfilling = "metal"\n'
        'film = { thickness = "0.1 um", model = "layer" }\n'
        'opening = { kind = "round", radius = "2 um" }\n'
        '[[geometry.above]]\nname = "electrolyte"\nthickness = "16 um"\n'
        f'[regions.electrolyte]\n{SOLID}[regions.film]\nlaw = "insulator"\n'
        '[numerics]\nedge_size = "0.001 um"\n[output]\npictures = false\n'
    )
    top = electrode("top", 'potential = "0 V"')
    window = electrode("window", 'current_density = "0.01 mA/cm^2"')
    both = 'capacitance = "10 uF/cm^2"'
    content = geometry + top + window + asked([1.0]) + reacts("window", 2.0, "linear", both)
    system = system_of(case_of(tmp_path, content), SELF)
    found = spectrum_of(system, (1e9, 1e-2))
    area = math.pi * (4e-6) ** 2
    plain = 16e-6 / 0.01
    primary = plain + 0.3396093901 / (4 * 0.01 * 2e-6) * area
    assert found.ohmic == pytest.approx(primary, rel=1e-3)
    assert found.ohmic - plain == pytest.approx(primary - plain, rel=1e-3)
    assert found.values[0].real == pytest.approx(primary, rel=1e-3)
    # secondary: the linear problem with RT/(F i0) on the disc has proved bounds
    rho = 1e4 * THERMAL / 20.0
    robin = electrode(
        "window", 'current_density = "0.01 mA/cm^2"',
        f'area_specific_resistance = "{rho!r} ohm cm^2"',
    )  # fmt: skip
    bounded = simulate(case_of(tmp_path, geometry + top + robin), SELF, lambda _: None)
    asr = next(q for q in bounded.quantities if q.name == "area_specific_resistance")
    assert found.values[1].real * 1e4 == pytest.approx(asr.value, rel=1e-3)
    assert found.steady * 1e4 == pytest.approx(asr.value, rel=1e-3)


def test_real_and_imaginary_parts_belong_together(tmp_path):
    # Kramers and Kronig: R(0) - R(inf) = (2/pi) int -Im Z d(ln f), of layers, faces and salt
    layers = [("wall", 2.0, SOLID), ("salt", 4.0, SALT)]
    content = text(SALT, HELD, driven(0.0), asked([1.0]), reacts("top", 1.0, more=BOTH),
                   layers=layers, edge="0.05 um", size="0.5 um", width="0.5 um")  # fmt: skip
    system = system_of(case_of(tmp_path, content), SELF)
    f = tuple(np.geomspace(1e7, 1e-5, 121))
    found = spectrum_of(system, f)
    integral = -np.trapezoid(-np.imag(found.values), np.log(f)) * 2 / math.pi
    assert integral == pytest.approx(found.steady - found.ohmic, rel=1e-3)
    assert found.steady - found.ohmic > 0.2 * found.steady


# -- whole runs -------------------------------------------------------------------------------


@pytest.mark.parallel
def test_any_number_of_ranks_gives_the_same_spectrum(tmp_path):
    more = 'circuit = "R0-p(R1,C1)-Ws2"'
    content = text(
        SALT, HELD, driven(0.0), asked([1e4, 1e2, 1.0, 1e-3], more),
        reacts("top", 1.0, more=BOTH), layers=[("wall", 2.0, SOLID), ("salt", 4.0, SALT)],
        edge="1 um", size="2 um", width="2 um",
    )  # fmt: skip
    case = WORLD.bcast(case_of(tmp_path, content))
    together, alone = (numbers(simulate(case, comm, lambda _: None)) for comm in (WORLD, SELF))
    assert set(together) == set(alone)
    for name in alone:
        if name.startswith(("real_part", "imaginary_part", "steady_res", "ohmic")):
            assert together[name] == pytest.approx(alone[name], rel=1e-8), name
        elif name.startswith("circuit.R"):
            assert together[name] == pytest.approx(alone[name], rel=1e-4), name


def test_a_measured_spectrum_is_compared_with(tmp_path):
    # of a sample of 2 cm^2, one per cent larger than computed: a distance of 0.01/1.01
    lines = ["frequency [Hz],imaginary [ohm],real [ohm]"]
    for f in (1e4, 1e5, 1e6):
        z = 1.01 * layered(f) * 1e4 / 2.0
        lines.append(f"{f},{z.imag!r},{z.real!r}")
    (tmp_path / "m.csv").write_text("\n".join(lines))
    more = 'measured = { file = "m.csv", area = "2 cm^2", source = "made" }'
    content = text(LIPON, HELD, driven(0.0), asked([1e3], more), layers=LAYERS)
    said = numbers(simulate(case_of(tmp_path, content), SELF, lambda _: None))
    assert said["spectrum_distance"] == pytest.approx(0.01 / 1.01, rel=1e-6)
    assert said["low_frequency_intercept"] == pytest.approx(layered(1e3).real * 1e4, rel=1e-8)


def test_samples_are_told_in_ohm(tmp_path):
    # 2 cm^2, two interfaces: bulk once, arcs twice
    sample = '[[specimens]]\nname = "s"\narea = "2 cm^2"\nsides = 2\n'
    both = 'capacitance = "10 uF/cm^2"'
    listed = [10.0**n for n in range(6, -2, -1)]
    content = text(
        SOLID, HELD, driven(0.0), asked(listed, 'circuit = "R0-p(R1,C1)"'), sample,
        reacts("top", 0.1, more=both),
    )  # fmt: skip
    said = numbers(simulate(case_of(tmp_path, content), SELF, lambda _: None))
    arc, bulk = 1e4 * THERMAL, 10.0  # ohm cm^2: i0 = 1 A/m^2; 10 um of 0.01 S/m
    assert said["specimen.s.bulk"] == pytest.approx(bulk / 2, rel=1e-6)
    assert said["specimen.s.interface"] == pytest.approx(arc, rel=1e-6)
    assert said["specimen.s"] == pytest.approx(bulk / 2 + arc, rel=1e-6)
    assert said["circuit.C1"] == pytest.approx(10.0, rel=1e-6)


def test_a_constant_phase_element_is_found_again():
    # R0 = 5, R1 = 10 beside 1/(Q (i w)^0.8), Q = 1e-4 S s^0.8/cm^2
    f = tuple(np.geomspace(1e5, 1e-1, 31))
    values = tuple(5 + 10 / (1 + 10 * 1e-4 * (2j * math.pi * x) ** 0.8) for x in f)
    fitted = fit_circuit("R0-p(R1,CPE1)", f, values)
    assert fitted is not None and fitted.misfit < 1e-8
    exact = {"R0": 5.0, "R1": 10.0, "CPE1_0": 1e-4, "CPE1_1": 0.8}
    assert fitted.parameters == pytest.approx(exact, rel=1e-6)
