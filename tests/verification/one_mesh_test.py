"""Current and stress on one mesh: the same cells, the same facets, the same balances."""

import math
from dataclasses import replace

import numpy as np
import pytest
from dolfinx import fem
from dolfinx.mesh import compute_midpoints
from mpi4py import MPI

from solver.bounds import certify
from solver.case import load_case
from solver.domain import cell_volumes, facet_entities, facet_measure, facets_of, read_domain
from solver.elasticity import weight
from solver.mechanics_meta import notes
from solver.mechanics_run import make_mesh
from solver.meshing import left_out
from solver.model import build_model
from solver.one_mesh import conductor, refined_conductor
from solver.simulate import simulate
from tests.verification.helpers import case_of

PER_MV = 7.423018  # MPa
TEXT = """
title = "Current past a lithium-filled flaw between a metal and an insulator"
[geometry]
shape = "block"
width = "4 um"
layers = [
    { name = "plate", thickness = "1 um" },
    { name = "electrolyte", thickness = "4 um" },
    { name = "cover", thickness = "1 um" },
]
crack = { face = "left", start = "1 um", end = "2 um" }
[regions.plate]
law = "equipotential"
[regions.electrolyte]
law = "ionic_conductor"
conductivity = "2.5 mS/cm"
[regions.cover]
law = "insulator"
[boundaries.plate_surface]
law = "electrode"
potential = "0 V"
area_specific_resistance = "10 ohm cm^2"
[boundaries.crack]
law = "electrode"
current = "0 A/m"
area_specific_resistance = "10 ohm cm^2"
[boundaries.right]
law = "electrode"
current_density = "1 mA/cm^2"
[mechanics.solids.plate]
law = "isotropic"
youngs_modulus = "7.8 GPa"
poissons_ratio = 0.36
[mechanics.solids.electrolyte]
law = "isotropic"
youngs_modulus = "22.1 GPa"
poissons_ratio = 0.37
[mechanics.solids.cover]
law = "isotropic"
youngs_modulus = "22.1 GPa"
poissons_ratio = 0.37
[mechanics.faces.bottom]
law = "symmetry"
[mechanics.faces.top]
law = "plate"
pressure = "20 MPa"
[mechanics.faces.crack]
law = "lithium"
metal = "plate_surface"
[numerics]
accuracy = "5 %"
edge_size = "0.2 um"
maximum_size = "1 um"
"""
COARSE = TEXT.replace('accuracy = "5 %"', 'accuracy = "5 %"\nrefinement = "none"')
# the same without a layer that does not conduct
ALONE = TEXT[: TEXT.index("[regions.plate]")].replace(
    """layers = [
    { name = "plate", thickness = "1 um" },
    { name = "electrolyte", thickness = "4 um" },
    { name = "cover", thickness = "1 um" },
]
crack = { face = "left", start = "1 um", end = "2 um" }""",
    """layers = [{ name = "electrolyte", thickness = "4 um" }]
crack = { face = "left", start = "0 um", end = "1 um" }""",
) + TEXT[TEXT.index("[regions.electrolyte]") :].replace("plate_surface", "bottom").replace(
    '[regions.cover]\nlaw = "insulator"\n', ""
)
for _name in ("plate", "cover"):
    _at = ALONE.index(f"[mechanics.solids.{_name}]")
    ALONE = ALONE[:_at] + ALONE[ALONE.index("[mechanics.", _at + 1) :]


def solved(case, comm=MPI.COMM_SELF):
    lines = []
    solution = simulate(case, comm, lines.append)
    return solution, {quantity.name: quantity.value for quantity in solution.quantities}, lines


def integral(domain, name, integrand):
    """Of what depends on the measure's own mesh over a face, on all ranks."""
    ds = facet_measure(domain, {0: facet_entities(domain, name)})
    local = fem.assemble_scalar(fem.form(weight(domain) * integrand * ds(0)))
    return domain.comm.allreduce(local)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    return solved(case_of(ALONE, tmp_path_factory.mktemp("alone")))


@pytest.fixture(scope="module")
def layered(tmp_path_factory):
    return solved(case_of(COARSE, tmp_path_factory.mktemp("layered")))


def test_where_all_conducts_both_fields_live_on_one_mesh(alone):
    solution, _, lines = alone
    current, stress = solution.certificate.domain, solution.mechanical.domain
    assert len(solution.mechanical.history) > 1  # of all meshes, not only of the first
    assert current.mesh is stress.mesh
    assert current.facet_tags is stress.facet_tags
    assert solution.certificate.potentials.parts[0].function_space.mesh is stress.mesh
    assert solution.mechanical.state.displacement.function_space.mesh is stress.mesh
    assert lines[0] == "current and stress on one mesh"
    assert any("on one mesh:" in line for line in notes(solution.case, solution.mechanical))


def test_the_step_along_the_flaw_and_its_pressure_are_integrals_over_the_same_facets(alone):
    solution, found, _ = alone
    domain, body = solution.mechanical.domain, solution.mechanical.body
    phi = solution.certificate.potentials.parts[0]  # V; a form of two meshes is refused
    one = fem.Constant(domain.mesh, 1.0)
    length = integral(domain, "crack", one)
    assert length == pytest.approx(1.0, rel=1e-12)
    # without net current the lithium floats to the mean of the electrolyte at its faces
    step = integral(domain, "crack", phi) / length
    assert 1e3 * step == pytest.approx(found["flaw_overpotential"], rel=1e-8)
    pressure = 1e3 * step * PER_MV + found["lithium_pressure.bottom"]
    assert body.tractions["crack"].pressure == pytest.approx(pressure, rel=1e-6)


def test_current_and_normal_stress_of_an_electrode_are_integrals_over_the_same_facets(alone):
    solution, found, _ = alone
    domain, mechanical = solution.mechanical.domain, solution.mechanical
    phi = solution.certificate.potentials.parts[0]
    # 10 ohm cm^2 = 1e-3 V um^2/pA; into the domain, from 0 V; pA per um of depth are 1e-6 A/m
    current = integral(domain, "bottom", -phi / fem.Constant(domain.mesh, 1e-3))
    assert 1e-6 * current == pytest.approx(found["current.bottom"], rel=1e-8)
    stress = mechanical.body.stress_everywhere(mechanical.state.displacement)
    force = integral(domain, "bottom", stress[1])
    # the plate carries 20 MPa on 4 um, and the bottom what is in balance with it
    assert mechanical.state.reactions["bottom"] == pytest.approx(-80.0, rel=1e-8)
    assert force == pytest.approx(-80.0, rel=1e-2)  # read off the stress, not the virtual work
    assert found["lithium_pressure.bottom"] == pytest.approx(20.0, rel=1e-8)


def test_charge_and_force_balance_on_the_one_mesh(alone, layered):
    for _, found, _ in (alone, layered):
        assert found["current_balance"] < 1e-8
        assert found["force_balance"] < 1e-8


def test_what_conducts_is_a_part_of_the_mesh_of_the_stress(layered):
    solution, found, _ = layered
    part, whole = solution.certificate.domain, solution.mechanical.domain
    assert set(whole.built.regions) == {"plate", "electrolyte", "cover"}
    assert set(part.built.regions) == {"electrolyte"}
    assert cell_volumes(part).sum() == pytest.approx(16.0, rel=1e-12)
    assert cell_volumes(whole).sum() == pytest.approx(24.0, rel=1e-12)
    pairs = [
        ("plate_surface", "plate|electrolyte"),
        ("cover_surface", "electrolyte|cover"),
        ("crack", "crack"),
        ("right", "right.electrolyte"),
    ]
    for here, there in pairs:
        middles = []
        for domain, name in ((part, here), (whole, there)):
            facets = facets_of(domain, facet_entities(domain, name))
            rows = compute_midpoints(domain.mesh, 1, facets)
            middles.append(rows[np.lexsort(rows.T)])
        assert len(middles[0]) > 3
        assert np.array_equal(*middles)
    assert any("the part of it that" in line for line in notes(solution.case, solution.mechanical))
    phi = solution.certificate.potentials.parts[0]
    step = integral(part, "crack", phi) / integral(part, "crack", fem.Constant(part.mesh, 1.0))
    assert 1e3 * step == pytest.approx(found["flaw_overpotential"], rel=1e-8)
    # through the section between plate and electrolyte goes all that the stack presses with
    assert found["lithium_pressure.plate_surface"] == pytest.approx(20.0, rel=1e-2)
    pressure = PER_MV * found["flaw_overpotential"] + found["lithium_pressure.plate_surface"]
    assert found["flaw_pressure"] == pytest.approx(pressure, rel=1e-6)


def test_the_part_gives_the_numbers_of_meshes_of_their_own(layered, tmp_path):
    solution, found, _ = layered
    case = solution.case
    own = replace(case, mechanics=None)
    _, current, _ = solved(own)
    step = 1e3 * (current["potential.crack"] - current["potential.plate_surface"])
    assert found["flaw_overpotential"] == pytest.approx(step, rel=1e-3)
    step += found["lithium_pressure.plate_surface"] / PER_MV
    given = COARSE.replace('metal = "plate_surface"', f'overpotential = "{step} mV"')
    at = given.index("[regions.plate]")
    given = given[:at] + given[given.index("[mechanics.solids.plate]") :]
    _, stress, _ = solved(case_of(given, tmp_path))
    rate = stress["energy_release_rate"]
    assert found["energy_release_rate"] == pytest.approx(rate, rel=3e-3)


def test_the_current_refines_the_mesh_that_carries_the_stress(tmp_path):
    # the ideal ends of an electrode beside an insulated face: bounds far apart on the first mesh
    text = ALONE.replace('width = "4 um"', 'width = "4 um"\nwindow = "2 um"')
    text = text.replace("boundaries.bottom", "boundaries.window").replace('"bottom"', '"window"')
    text = text.replace("faces.bottom", "faces.film_face")
    text = text.replace('potential = "0 V"\narea_specific_resistance = "10 ohm cm^2"', "KEPT", 1)
    text = text.replace("KEPT", 'potential = "0 V"').replace('"5 %"', '"1 %"')
    text = text.replace('edge_size = "0.2 um"', 'edge_size = "0.5 um"')
    case = case_of(text, tmp_path)
    solution, found, lines = solved(case)
    bounds = [line for line in lines if "bounds of" in line]
    stresses = [line for line in lines if "error bar" in line]
    assert len(bounds) > len(stresses)
    assert solution.certificate.reached
    assert solution.certificate.domain.mesh is solution.mechanical.domain.mesh
    assert found["current_balance"] < 1e-8
    assert found["force_balance"] < 1e-8


def test_a_part_is_refined_in_the_whole(tmp_path):
    case = case_of(TEXT, tmp_path)
    whole = read_domain(make_mesh(replace(case, regions={}), MPI.COMM_SELF), MPI.COMM_SELF)
    first = conductor(whole, case.geometry, left_out(case))
    marked = np.arange(len(first.cells), dtype=np.int32)
    finer = refined_conductor(first, marked, case.geometry, left_out(case))
    assert len(finer.cells) == 4 * len(first.cells)
    others = len(cell_volumes(whole)) - len(first.cells)
    rest = len(cell_volumes(finer.whole)) - len(finer.cells)
    assert others < rest < 4 * others  # only what conformity asks for
    volumes = cell_volumes(finer.whole)
    assert np.array_equal(cell_volumes(finer.part), volumes[finer.cells])


# --- on several ranks -----------------------------------------------------------------------------


def shared(text, folder, comm):
    if comm.rank == 0:
        (folder / "case.toml").write_text(text)
    comm.barrier()
    return load_case(folder / "case.toml")


@pytest.mark.parallel
def test_the_numbers_of_one_mesh_are_the_same_on_any_number_of_ranks(tmp_path_factory):
    comm = MPI.COMM_WORLD
    folder = comm.bcast(tmp_path_factory.mktemp("one_mesh") if comm.rank == 0 else None)
    case = shared(COARSE, folder, comm)
    _, one, _ = solved(case)
    _, all_, _ = solved(case, comm)
    for name in (
        "flaw_overpotential",
        "flaw_pressure",
        "energy_release_rate",
        "current.plate_surface",
        "crack_volume",
    ):
        assert all_[name] == pytest.approx(one[name], rel=1e-8)


@pytest.mark.parallel
def test_a_part_that_not_all_ranks_have_conducts_as_a_flat_layer(tmp_path_factory):
    """From the bottom to the foot of the insulator: R = h/(kappa w), h 0.5 um of 5 um."""
    comm = MPI.COMM_WORLD
    folder = comm.bcast(tmp_path_factory.mktemp("thin") if comm.rank == 0 else None)
    text = """
title = "A thin conductor below an insulator"
[geometry]
shape = "block"
width = "1 um"
layers = [
    { name = "conductor", thickness = "0.5 um" },
    { name = "insulator", thickness = "4.5 um" },
]
[regions.conductor]
law = "ionic_conductor"
conductivity = "1 mS/cm"
[regions.insulator]
law = "insulator"
[boundaries.bottom]
law = "electrode"
potential = "0 V"
[boundaries.insulator_surface]
law = "electrode"
potential = "1 V"
[numerics]
maximum_size = "0.25 um"
edge_size = "0.25 um"
"""
    case = shared(text, folder, comm)
    domain = read_domain(make_mesh(replace(case, regions={}), comm), comm)
    found = conductor(domain, case.geometry, left_out(case))
    cells = comm.allgather(len(found.cells))
    if comm.size == 3:
        assert min(cells) == 0
    model = build_model(case, found.part.built)
    certificate = certify(found.part, model, case.numerics, 0.0, lambda *_: None)
    exact = 0.5 / (1e5 * 1.0)  # V/pA and um of depth
    assert certificate.lower <= exact <= certificate.upper
    assert math.isclose(certificate.lower, certificate.upper, rel_tol=1e-9)
