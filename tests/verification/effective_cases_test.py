"""The periodic cells of cases/verification/microstructure, run as a user runs them."""

from pathlib import Path

import pytest
from mpi4py import MPI

from solver.case import load_case
from solver.simulate import simulate

FOLDER = Path(__file__).parents[2] / "cases" / "verification" / "microstructure"
LONG = ("cubic_spheres",)


def all_cases():
    found = []
    for path in sorted(FOLDER.glob("*.toml")):
        case = load_case(path)
        if case.effective is None:
            continue
        long = [pytest.mark.slow] if path.stem in LONG else []
        found.append(pytest.param(case, id=path.stem, marks=long))
        for name, variant in case.variants.items():
            found.append(pytest.param(variant, id=f"{path.stem}-{name}", marks=long))
    return found


@pytest.mark.parametrize("case", all_cases())
def test_every_reference_is_met(case):
    solution = simulate(case, MPI.COMM_WORLD, lambda _: None)
    found = {quantity.name: quantity for quantity in solution.quantities}
    assert case.references
    for reference in case.references:
        quantity = found[reference.quantity]
        assert quantity.hit, quantity
        bound = "estimated" if reference.quantity.startswith("three_point") else "guaranteed"
        assert quantity.bound == bound
        assert reference.tolerance <= 2e-3
    conductivity = solution.effective.conductivity
    assert conductivity.reached
    # every mesh on the way holds what the last one holds
    for level in conductivity.history:
        assert level.lower <= conductivity.history[-1].upper
        assert conductivity.history[-1].lower <= level.upper


def test_all_promised_cells_are_there():
    spheres = load_case(FOLDER / "cubic_spheres.toml")
    there = set()
    for case in (spheres, *spheres.variants.values()):
        assert case.references[0].exact  # inside of the bounds
        there.add((case.geometry.volume_fraction, type(case.regions["spheres"]).__name__))
    laws = ("IonicConductor", "Equipotential", "Insulator")
    assert there == {(phi, law) for phi in (0.1, 0.2, 0.3) for law in laws}
    cylinders = load_case(FOLDER / "square_cylinders.toml")
    shares = {c.geometry.volume_fraction for c in (cylinders, *cylinders.variants.values())}
    assert shares == {0.3, 0.7}


@pytest.mark.parametrize("name", ["insulating", "conducting"])
def test_spheres_half_in_lithium_are_half_of_a_lattice(name):
    case = load_case(FOLDER / f"embedded_{name}.toml")
    found = {q.name: q for q in simulate(case, MPI.COMM_WORLD, lambda _: None).quantities}
    quantity = found["area_specific_resistance"]
    assert quantity.hit and quantity.bound == "guaranteed"
    assert case.references[0].tolerance <= 2e-3
    assert quantity.upper / quantity.lower < 1.001
