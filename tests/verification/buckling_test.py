"""A compressed film that has come off buckles: load, deflection and G against plate theory."""

from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI
from petsc4py import PETSc

from solver.buckling import largest, lowest
from solver.case import load_case
from solver.film_theory import buckling
from solver.mechanics_meta import notes
from solver.simulate import simulate

FOLDER = Path(__file__).parents[2] / "cases" / "verification" / "fracture"


def solved(stress=125, large=True, name="", numerics=None):
    """Numbers and remarks of the film of the case under another compression, with a Gc."""
    film = {"residual_stress": f"-{stress} MPa", "deflections": "large" if large else "small"}
    tough = {"substrate|film": {"fracture_energy": "0.01 J/m^2"}}
    changed = {} if name else {"solids": {"film": film}, "interfaces": tough}
    change = {"mechanics": changed, "numerics": {"refinement": "none"} | (numerics or {})}
    case = load_case(FOLDER / "buckled_film.toml", change=change)
    case = case.variants[name] if name else case
    found = simulate(case, MPI.COMM_WORLD, lambda _: None)
    told = {quantity.name: quantity.value for quantity in found.quantities}
    return told, " ".join(notes(case, found.mechanical))


def plate(stress, thickness=0.15):
    """Of a film with built-in sides; those of the bonded film give way by some h/100."""
    found = buckling(stress, thickness, 77e3, 0.25, 5.0, "strip")
    return {amount.name.removeprefix("balance."): amount.value for amount in found}


def test_a_film_that_is_off_buckles_and_drives_its_sides():
    # h/b = 0.03: sigma_c = (pi^2/12) 82.13 GPa 0.03^2 = 60.8 MPa, at 125 MPa 1.259 of the flat G
    exact, (told, said) = plate(125.0), solved()
    assert exact["buckling_stress"] == pytest.approx(60.8, rel=1e-3)
    share = exact["buckling_stress"] / 125.0
    # both ends give way a little, which makes the strip some 2 % wider
    assert told["buckling_load_factor"] == pytest.approx(share, rel=0.04)
    opening = told["interface_opening.substrate|film"]
    assert opening == pytest.approx(0.15 * exact["deflection_over_thickness"], rel=0.04)
    rate = told["energy_release_rate"]
    assert rate == pytest.approx(exact["buckled_energy_release_rate"], rel=0.02)
    assert told["energy_release_rate_by_extension"] == pytest.approx(rate, rel=5e-3)
    assert "has buckled" in said


@pytest.mark.slow
def test_a_thinner_film_is_closer_to_the_plate_with_clamped_sides():
    # what its sides give way by goes with h/b, so two films tell what an ever thinner one does
    beyond = []
    for thickness, stress, name in ((0.15, 125.0, ""), (0.075, 31.25, "thin")):
        fine = {"layer_size": f"{thickness} um"}
        told, exact = solved(name=name, numerics=fine)[0], plate(stress, thickness)
        found = {
            "buckling_stress": stress * told["buckling_load_factor"],
            "deflection_over_thickness": told["interface_opening.substrate|film"] / thickness,
            "buckled_energy_release_rate": told["energy_release_rate"],
        }
        beyond.append(np.array([value / exact[key] - 1.0 for key, value in found.items()]))
    thick, thin = beyond
    assert np.all(np.abs(thin) < 0.65 * np.abs(thick))
    assert np.abs(2.0 * thin - thick).max() < 1.5e-3


@pytest.mark.parametrize(
    ("name", "thickness", "stress"), [("", 0.15, 125.0), ("thin", 0.075, 31.25)]
)
def test_the_references_of_the_case_are_those_of_the_plate(name, thickness, stress):
    case, exact = load_case(FOLDER / "buckled_film.toml"), plate(stress, thickness)
    case = case.variants[name] if name else case
    assert {reference.quantity: reference.value for reference in case.references} == {
        "buckling_load_factor": pytest.approx(exact["buckling_stress"] / stress, rel=1e-6),
        "interface_opening.substrate|film": pytest.approx(
            exact["deflection_over_thickness"] * thickness, rel=1e-6
        ),
        "energy_release_rate": pytest.approx(exact["buckled_energy_release_rate"], rel=1e-6),
    }


def test_below_its_buckling_stress_it_stays_flat():
    told, said = solved(stress=50)
    share = plate(125.0)["buckling_stress"] / 50.0
    assert told["buckling_load_factor"] == pytest.approx(share, rel=0.04)
    assert told["interface_opening.substrate|film"] < 1e-9
    assert abs(told["energy_release_rate"]) < 1e-9
    assert told["pressed_length.substrate|film"] == 0.0  # not where rounding is a pressure
    assert told["interface_pressure.substrate|film"] == 0.0
    assert "buckle" not in said


def test_small_deflections_give_a_warning_and_no_verdict():
    told, said = solved(large=False)
    share = plate(125.0)["buckling_stress"] / 125.0
    assert told["buckling_load_factor"] == pytest.approx(share, rel=0.04)
    assert told["verdict"] == "undecided: what has come off buckles"
    assert "margin" not in told
    assert "Warning: what has come off buckles at" in said


def dense(values):
    matrix = PETSc.Mat().createAIJ(values.shape, comm=MPI.COMM_SELF)
    matrix.setUp()
    matrix.setValues(range(len(values)), range(len(values)), values)
    matrix.assemble()
    return matrix


def test_the_largest_value_is_that_of_dense_algebra():
    numbers = np.random.default_rng(3)
    a, b = numbers.normal(size=(2, 12, 12))
    stiffness, softened = a @ a.T + np.eye(12), b + b.T
    lift = PETSc.Vec().createSeq(12)
    lift.array[:] = 1.0
    theta, mode = largest(dense(stiffness), dense(softened), lift, {})
    values, vectors = np.linalg.eig(np.linalg.solve(stiffness, softened))
    assert theta == pytest.approx(values.real.max(), rel=1e-8)
    found = vectors[:, values.real.argmax()].real
    cosine = mode.array_r @ found / np.linalg.norm(mode.array_r) / np.linalg.norm(found)
    assert abs(cosine) == pytest.approx(1.0, abs=1e-6)


def test_the_push_goes_beyond_the_lowest_point():
    # -a^2 + a^4 is lowest at 1/sqrt(2); a^2 + a^4 nowhere but at 0
    assert lowest(lambda a: a**4 - a**2, 0.3) == pytest.approx(1.2 / np.sqrt(2.0), rel=1e-9)
    assert lowest(lambda a: a**4 + a**2, 0.3) == 0.0


def test_the_stress_at_the_end_of_a_film_in_tension_is_no_buckling():
    # the film that is off is free of stress; at its end the stress grows with finer cells
    case = load_case(FOLDER / "film_off.toml", change={"numerics": {"refinement": "none"}})
    found = simulate(case, MPI.COMM_WORLD, lambda _: None)
    assert "buckling_load_factor" not in {quantity.name for quantity in found.quantities}
    assert found.mechanical.broken.buckling.lasts
