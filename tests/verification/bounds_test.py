"""What the guarantee of the bounds stands on: polygons, meshes, quadrature, truncation, solves."""

import math
from dataclasses import replace

import numpy as np
import pytest
import ufl
from dolfinx import fem

import solver.bounds
import solver.dual
import solver.primal
from meshes.geometry import Cell, Cross, Film, Round
from meshes.layers import Layer
from meshes.sizing import MeshSize
from solver import transport
from solver.axis import axisymmetric_dissipation
from solver.bounds import NotBalanced
from solver.domain import cellwise, coordinates
from solver.schema import HalfSpace, IonicConductor
from solver.solve import MULTIGRID_2D, SolveFailed
from tests.cases import exact
from tests.verification.helpers import (
    BARE,
    UNIT,
    cell,
    electrode,
    make_case,
    mesh_of,
    slit,
    solve,
    start_size,
    tube,
    verification_cases,
)
from tests.verification.rates_test import robin_tube_psi

# --- round things meshed by chords ----------------------------------------------------------------


def coarse_robin_spot():
    """A round contact with resistance in a round cell, 40 and 32 chords: case, size, exact psi."""
    eps, wagner = 0.3, 0.25
    ends = {"window": electrode(0.0, wagner * eps / UNIT), "top": electrode(1.0)}
    case = make_case(cell("round", 2.0, Round(eps)), None, ends, refinement="none")
    value = robin_tube_psi(eps, wagner) - 4.0 * eps * wagner * eps / math.pi
    return case, MeshSize(0.05, 0.3, 0.2), value, 4.0 * UNIT * eps


def test_polygons_do_not_break_the_bounds():
    case, size, value, factor = coarse_robin_spot()
    low, high = solve(case, size).scaled(factor)
    assert low < value < high
    assert high - low < 0.04 * value


def test_without_the_circumscribed_polygon_the_lower_bound_is_wrong(monkeypatch):
    # or else the test above shows nothing
    case, size, value, factor = coarse_robin_spot()
    monkeypatch.setattr(
        solver.bounds, "circumscribed", lambda domain, _: domain.mesh.geometry.x.copy()
    )
    low, _ = solve(case, size).scaled(factor)
    assert low > 1.005 * value


@pytest.mark.parametrize("ratio", [0.1, 10.0])
def test_a_coarse_round_hole_holds_the_axisymmetric_value(ratio):
    # a film that conducts better than what fills its hole needs the larger polygon in the dual
    changes = {"film": Film(0.3, "layer"), "filling": "electrolyte", "height": 1.5}
    film = {"film": IonicConductor(ratio * UNIT)}
    ends = {"window": electrode(0.0), "film_face": electrode(0.0), "top": electrode(1.0)}
    fine = solve(make_case(tube(0.5, **changes), film, ends, accuracy=2e-4)).excess
    solid = make_case(cell("round", 2.0, Round(0.5), **changes), film, ends, refinement="none")
    low, high = solve(solid, MeshSize(0.1, 0.35, 0.25)).excess
    assert low < fine[0] <= fine[1] < high
    assert high - low < {0.1: 0.03, 10.0: 0.3}[ratio] * high


@pytest.mark.parametrize("ratio", [0.1, 10.0])
def test_coarse_chords_of_a_hole_hold_the_value_of_finer_ones(ratio):
    # without a round wall the hole decides: its polygon must enclose the better conductor in the
    # primal and the worse one in the dual, or the bounds change places on the coarse mesh
    geometry = cell(
        "square", 1.0, Round(0.35), Film(0.3, "layer"), filling="electrolyte", height=0.5
    )  # fmt: skip
    film = {"film": IonicConductor(ratio * UNIT)}
    ends = {"window": electrode(0.0), "film_face": electrode(0.0), "top": electrode(1.0)}
    case = make_case(geometry, film, ends, refinement="none")
    coarse, fine = (solve(case, MeshSize(edge, 0.3, 0.1)).excess for edge in (0.03, 0.01))
    assert coarse[0] < fine[0] < fine[1] < coarse[1]


def test_refined_chords_hold_the_axisymmetric_value():
    # bisected sides of the walls go to the circle where their ends lie on it, others stay
    changes = {"film": Film(0.3, "layer"), "filling": "electrolyte", "height": 1.0}
    fine = solve(make_case(tube(0.5, **changes), accuracy=2e-4)).excess
    solid = make_case(cell("round", 2.0, Round(0.5), **changes), accuracy=1e-4, max_dofs=16_000)
    solved = solve(solid, MeshSize(0.1, 0.35, 0.25))
    assert len(solved.certificate.history) >= 3
    for level in solved.certificate.history:
        assert level.lower - solved.reference < fine[0] <= fine[1] < level.upper - solved.reference


IDEAL = {"window": electrode(0.0), "top": electrode(1.0)}


@pytest.mark.parametrize(
    ("ratio", "film_face", "known"),
    [
        (0.1, electrode(0.0), True),
        (0.1, electrode(0.0, 1.0 / UNIT), True),  # better body, better contact
        (0.1, None, True),
        (10.0, electrode(0.0), True),
        (10.0, electrode(0.0, 1.0 / UNIT), False),  # better body, worse contact
        (10.0, None, False),
        (1.0, None, True),
    ],
)
def test_bounds_without_a_known_order_are_not_called_guaranteed(ratio, film_face, known):
    changes = {"film": Film(0.3, "layer"), "filling": "electrolyte", "height": 0.5}
    ends = IDEAL | ({} if film_face is None else {"film_face": film_face})
    film = {"film": IonicConductor(ratio * UNIT)}
    case = make_case(cell("square", 1.0, Round(0.35), **changes), film, ends, refinement="none")
    solved = solve(case, MeshSize(0.1, 0.5, 0.2))
    assert (solved.certificate.caveats == ()) is known
    assert (solved.quantities()["psi"].bound == "guaranteed") is known


# --- meshes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(1, 6))
@pytest.mark.parametrize("name", ["strip", "tube-eps_05"])
def test_no_mesh_moves_the_value_out_in_2d(name, seed):
    case = verification_cases()[name]
    solved = solve(case, replace(start_size(case), seed=seed))
    factor = UNIT if name == "strip" else 4.0 * UNIT * case.geometry.opening.radius
    low, high = solved.scaled(factor)
    assert low < case.references[0].value < high
    assert high - low <= case.numerics.accuracy * high


@pytest.mark.parametrize("seed", [1, 2])
def test_no_mesh_moves_the_value_out_in_3d(seed):
    eps = 0.5
    case = make_case(cell("square", 1.0, Round(eps / 2.0)), refinement="none")
    solved = solve(case, MeshSize(0.01, 0.4, 0.15, seed))
    low, high = solved.scaled(4.0 * UNIT * eps / 2.0)
    assert low < exact.square_psi(eps) < high
    assert high - low < 0.05 * high


def test_seeds_make_different_meshes():
    case = verification_cases()["strip"]
    cells = {mesh_of(case, replace(start_size(case), seed=seed)).report.cells for seed in range(6)}
    assert len(cells) > 1


# --- evaluation -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["solution", "random"])
def test_axisymmetric_dissipation_is_not_below_its_quadrature(kind):
    case = make_case(
        tube(0.3, film=Film(0.2, "layer"), filling="electrolyte"),
        {"film": IonicConductor(0.01 * UNIT)},
        {"window": electrode(0.0), "film_face": electrode(0.0), "top": electrode(1.0)},
        accuracy=0.01,
    )
    solved = solve(case)
    domain, flux = solved.certificate.domain, solved.certificate.flux.flux
    if kind == "random":
        flux = flux.copy()
        closed = fem.locate_dofs_topological(
            flux.function_space, 1, domain.facet_tags.find(domain.built.facets["sides"])
        )
        flux.x.array[:] = np.random.default_rng(3).standard_normal(flux.x.array.size)
        flux.x.array[closed] = 0.0  # what crosses the axis would have infinite dissipation
    kappa = cellwise(domain, solved.model.conductivity, "conductivity")
    with coordinates(domain, transport.dual_coordinates(domain)):
        bound = axisymmetric_dissipation(domain, solved.model.conductivity, flux)
        dx = ufl.dx(domain.mesh, metadata={"quadrature_degree": 30})
        form = fem.form(transport.dissipation(flux, flux, kappa, domain) * dx)
        value = domain.comm.allreduce(fem.assemble_scalar(form))
    assert value * (1.0 - 1e-12) <= bound
    assert bound <= value * (1.0 + (1e-4 if kind == "solution" else 1e-2))


def stack_of_all_terms():
    """A contact with resistance and a film that is a jump around a bonded window, in the plane."""
    geometry = cell(
        "strip", 1.0, slit(0.3).opening, Film(0.01, "interface"), below=(Layer("under", 1.0),)
    )
    ends = {"bottom": electrode(0.0, 0.2 / UNIT), "top": electrode(1.0)}
    regions = {"under": IonicConductor(3.0 * UNIT), "film": IonicConductor(0.02 * UNIT)}
    return make_case(geometry, regions, ends, refinement="none")


IDENTITY = {
    "ideal contact": make_case(slit(0.3), refinement="none"),
    "contact with resistance": make_case(
        slit(0.3),
        boundaries={"window": electrode(0.0, 0.1 / UNIT), "top": electrode(1.0)},
        refinement="none",
    ),
    "contact and jump": stack_of_all_terms(),
    "three dimensions": make_case(
        cell("square", 1.0, Cross(0.3), height=0.5),
        boundaries={"window": electrode(0.0, 0.1 / UNIT), "top": electrode(1.0)},
        refinement="none",
    ),
}


@pytest.mark.parametrize("name", IDENTITY)
def test_the_gap_is_the_sum_of_its_parts(name):
    # int |q + kappa grad v|^2/kappa + ... = D(q) - 2 f.q + P(v), with f.q = P(v) by its amplitude
    solved = solve(IDENTITY[name], MeshSize(0.05, 0.4, 0.2))
    certificate = solved.certificate
    parts = float(certificate.indicator.x.array.sum())
    power, times = certificate.potentials.dissipation, solved.built.multiplicity
    gap = power**2 * times * (certificate.upper - certificate.lower)
    assert gap > 1e-4 * power
    assert parts == pytest.approx(gap, rel=1e-6)


# --- what is not meshed ---------------------------------------------------------------------------


@pytest.mark.parametrize("reach", [3.0, 10.0])
def test_a_small_box_of_a_half_space_holds_the_disc(reach):
    layers = (Layer("electrolyte", math.inf),)
    geometry = Cell("half_space", 2.0 * reach, BARE, Round(1.0), "metal", layers, (), None)
    ends = {"window": electrode(1.0), "far": HalfSpace()}
    solved = solve(make_case(geometry, boundaries=ends, accuracy=1e-3))
    low, high = solved.scaled(4.0 * UNIT)
    assert low < 1.0 < high
    # what is cut off costs accuracy, and it shows
    assert high - low < {3.0: 0.05, 10.0: 2e-3}[reach]


@pytest.mark.parametrize(("ratio", "thickness"), [(1e-4, 0.1), (10.0, 1.0)])
def test_a_small_box_of_a_coated_half_space_holds_the_disc(ratio, thickness):
    case = verification_cases()["disc_on_film"]
    layers = (Layer("coating", thickness), Layer("substrate", math.inf))
    regions = case.regions | {"substrate": IonicConductor(UNIT / ratio)}
    small = replace(case, geometry=replace(case.geometry, width=6.0, above=layers), regions=regions)
    low, high = solve(small).scaled(4.0 * UNIT)
    assert low < exact.disc_on_film_psi(ratio, thickness) < high


def test_the_unmeshed_end_of_the_stack_is_bounded():
    # 0.6 widths above the opening its harmonics have decayed to exp(-2 pi 0.6) only
    value = exact.strip(0.1)
    found = {}
    for height in (0.3, 0.6, 3.0):
        geometry = slit(0.1, height=50.0, resolved_height=height)
        solved = solve(make_case(geometry, accuracy=1e-4))
        low, high = solved.scaled(UNIT)
        assert low < value < high, height
        found[height] = low, high
    assert found[0.6][0] <= found[3.0][1]
    assert found[3.0][0] <= found[0.6][1]
    width = {height: high - low for height, (low, high) in found.items()}
    assert width[3.0] < 1.01e-4 * value  # exp(-6 pi) of the first harmonic does not show
    assert width[0.3] > 10.0 * width[3.0]  # exp(-0.6 pi) does


# --- solves ---------------------------------------------------------------------------------------


def test_a_potential_that_did_not_converge_is_refused(monkeypatch):
    monkeypatch.setattr(solver.primal, "DIRECT_LIMIT", 0)
    case = make_case(slit(0.3), petsc_options={"ksp_max_it": "1"})
    with pytest.raises(SolveFailed, match=r"^potential: DIVERGED_MAX_IT after 1 iterations of cg"):
        solve(case)


def test_a_projection_that_did_not_converge_is_refused(monkeypatch):
    monkeypatch.setattr(solver.dual, "DIRECT_LIMIT", 0)
    monkeypatch.setattr(solver.dual, "REPEATED", MULTIGRID_2D | {"ksp_max_it": "1"})
    with pytest.raises(SolveFailed, match=r"^projection .*: DIVERGED_MAX_IT after 1 iterations"):
        solve(make_case(slit(0.3)))


def test_an_answer_that_is_not_a_number_is_refused(monkeypatch):
    # a direct solver reports success whatever comes out
    case = make_case(slit(0.3), {"electrolyte": IonicConductor(math.nan)})
    with pytest.raises((SolveFailed, NotBalanced)):
        solve(case)


def test_wrong_currents_are_refused(monkeypatch):
    original = solver.primal.Primal._currents

    def wrong(self, *arguments):
        by_contact, by_terminal, roundoff = original(self, *arguments)
        by_terminal[0] *= 1.0 + 1e-6
        return by_contact, by_terminal, roundoff

    monkeypatch.setattr(solver.primal.Primal, "_currents", wrong)
    with pytest.raises(
        NotBalanced, match=r"differ by 1\.00e-06 of the largest, allowed are 1\.00e-08"
    ):
        solve(make_case(slit(0.3)))
