"""Regions, sides and interfaces of microstructures on any number of ranks and after refinement."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
import ufl
from dolfinx import fem
from mpi4py import MPI

from meshes.layers import Layer
from meshes.micro import (
    Body,
    Coat,
    Fibres,
    Particles,
    Pits,
    Rods,
    Rough,
    RoughFace,
    Segmented,
)
from solver import schema
from solver.domain import (
    cellwise,
    facet_entities,
    facet_measure,
    number_of_cells,
    read_domain,
    refine_cells,
    regions_at,
)
from tests.verification.helpers import CONDUCTOR, UNIT, electrode, make_case, mesh_of, solve

pytestmark = pytest.mark.parallel

PICTURE = Path(tempfile.mkdtemp()) / "picture.npy"  # each rank writes its own, the first one meshes
np.save(PICTURE, np.array([[0, 0, 1, 0], [0, 1, 1, 0], [0, 0, 0, 1]], np.uint8))
LAYERS = (Layer("polymer", 1.0), Layer("film", 0.05))
STRUCTURES = {
    "particles": Particles(
        Body(1.0, 1.0, LAYERS, 0.1, "sides", 3), "ball", "polymer", 0.1, diameter=0.3,
        shell=Coat("coat", 0.1),
    ),
    "conformal": Particles(
        Body(1.0, 1.0, (Layer("polymer", 1.0), Layer("film", 0.2)), 0.15, "sides", 11, "conformal"),
        "ball", "polymer", 0.1, diameter=0.35, gap=0.1,
    ),
    "fibres": Fibres(
        Body(2.0, 2.0, LAYERS, 0.15, "sides", 3), "fibre", "polymer", 0.2, 0.4, 0.0, 1.5,
        (0.0, 0.0, 1.0),
    ),
    "rods": Rods(
        Body(1.0, 1.0, (Layer("film", 0.2), Layer("polymer", 0.8)), 0.06, "none", 3), "fibre",
        "polymer", (2, 2), "hexagonal", 0.0, 0.2, 0.0, 0.6, shell=Coat("coat", 0.06),
    ),
    "rough": Rough(
        Body(2.0, 2.0, (Layer("polymer", 0.8), Layer("gap", 0.3), Layer("film", 0.8)), 0.15,
             "sides", 3),
        (RoughFace("polymer", 0.1, 0.5, 0.8), RoughFace("gap", 0.05, 0.5, 0.8)), 0.3,
    ),
    "pits": Rough(
        Body(1.0, 1.0, LAYERS, 0.1, "sides", 3), (), 0.0,
        Pits("ball", "polymer", "cone", 0.5, 0.4, 2),
    ),
    "picture": Segmented(
        Body(0.4, 0.0, (Layer("picture", 0.3),), 0.1, "none", 0), str(PICTURE), (4, 3), (0.1, 0.1),
        ((0, "polymer"), (1, "ball")), True,
    ),
    "embedded": Particles(
        Body(2.0, 0.0, (Layer("film", 0.3), Layer("polymer", 0.7)), 0.05, "sides", 3), "ball",
        "polymer", 0.1, diameter=0.25, gap=0.1, place="bottom", embedded=0.15,
        shell=Coat("coat", 0.05),
    ),
    "discs": Particles(
        Body(2.0, 0.0, LAYERS, 0.05, "sides", 3), "ball", "polymer", 0.3, diameter=0.3
    ),
}  # fmt: skip


def case_of(name: str) -> schema.Case:
    """A case whose features conduct ten times better, their coats ten times worse."""
    good = schema.IonicConductor(10.0 * UNIT)
    laws = {"polymer": CONDUCTOR, "film": CONDUCTOR, "ball": good, "fibre": good}
    ends = {"bottom": electrode(0.0), "top": electrode(1.0)}
    laws["gap"] = schema.IonicConductor(UNIT)
    laws["coat"] = schema.IonicConductor(0.1 * UNIT)
    return make_case(STRUCTURES[name], laws, ends, refinement="none")


@pytest.mark.parametrize("name", STRUCTURES)
def test_names_and_sides_are_kept_on_all_ranks_and_by_refinement(name):
    built = mesh_of(case_of(name))
    assert built.method.startswith("conformal" if name == "conformal" else "lattice")
    domain = read_domain(built, MPI.COMM_WORLD)
    volumes = {m.name: m.computed for m in built.report.regions}
    areas = {m.name: m.computed for m in built.report.facets}
    cells = number_of_cells(domain)
    assert cells == built.report.cells
    for _ in range(2):
        for region, volume in volumes.items():
            inside = cellwise(domain, {r: float(r == region) for r in volumes}, "inside")
            found = domain.comm.allreduce(
                fem.assemble_scalar(fem.form(inside * domain_measure(domain))), op=MPI.SUM
            )
            assert found == pytest.approx(volume, rel=1e-10)
        for face, area in areas.items():
            between = tuple(face.split("|")) if "|" in face else regions_at(domain, face)
            if "|" in face:
                assert set(regions_at(domain, face)) == set(between)
            sides = [between] if "|" not in face else [(side,) for side in between]
            for side in sides:  # the same from both sides
                ds = facet_measure(domain, {1: facet_entities(domain, face, side)})
                one = fem.Constant(domain.mesh, 1.0)
                found = fem.assemble_scalar(fem.form(one * ds(1)))
                assert domain.comm.allreduce(found, op=MPI.SUM) == pytest.approx(area, rel=1e-10)
        local = domain.mesh.topology.index_map(domain.mesh.topology.dim).size_local
        domain = refine_cells(domain, np.arange(local, dtype=np.int32))
        assert number_of_cells(domain) > 2 * cells


def domain_measure(domain):
    """The measure of the cells."""
    return ufl.Measure("dx", domain=domain.mesh)


@pytest.mark.parametrize("name", ["particles", "discs"])
def test_the_same_bounds_and_a_balance_on_all_ranks(name):
    solved = solve(case_of(name), None, MPI.COMM_WORLD)
    together, found = solved.certificate, solved.quantities()
    asked = {"particles": 0.1, "discs": 0.3}[name] / 1.05  # of all of the cell, film and layer
    assert found["volume_fraction.ball"].value == pytest.approx(asked, rel=1e-2)
    area = {facet.name: facet.computed for facet in solved.built.report.facets}
    face = "ball|coat" if name == "particles" else "ball|polymer"
    across = solved.built.across.get(face, 0.0)  # what lies in periodic sides
    assert found[f"interface_area.{face}"].value == pytest.approx(area[face] + across, rel=1e-12)
    alone = solve(case_of(name), None, MPI.COMM_SELF).certificate
    assert together.lower == pytest.approx(alone.lower, rel=1e-8)
    assert together.upper == pytest.approx(alone.upper, rel=1e-8)
    assert together.lower <= together.upper
    assert together.balance <= 1e-10


@pytest.mark.parametrize("name", ["rods", "rough", "pits", "picture", "embedded"])
def test_other_features_have_the_same_bounds_and_a_balance_on_all_ranks(name):
    together = solve(case_of(name), None, MPI.COMM_WORLD).certificate
    alone = solve(case_of(name), None, MPI.COMM_SELF).certificate
    assert together.lower == pytest.approx(alone.lower, rel=1e-8)
    assert together.upper == pytest.approx(alone.upper, rel=1e-8)
    assert together.lower < together.upper
    assert together.balance <= 1e-10
