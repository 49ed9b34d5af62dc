"""Cracks with known energy release rates, from cases/verification/fracture."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import ufl
from dolfinx import fem
from mpi4py import MPI

from meshes.layers import Block, Crack, Layer
from solver import fracture, mechanics, mechanics_schema, schema
from solver.case import load_case
from solver.domain import facet_entities, facet_measure
from solver.elasticity import strain
from solver.equilibrium import Equilibrium
from solver.mechanics_run import make_mesh, simulate_mechanics
from solver.mixed_mode import kink
from solver.simulate import simulate
from solver.stability import arrest_length, verdict

FOLDER = Path(__file__).parents[2] / "cases" / "verification" / "fracture"


def cases_of(folder):
    found = {}
    for path in sorted(folder.glob("*.toml")):
        case = load_case(path)
        found[path.stem] = case
        found |= {f"{path.stem}-{name}": variant for name, variant in case.variants.items()}
    return found


# cracks that find their way are in growth_test.py
CASES = {n: c for n, c in cases_of(FOLDER).items() if c.mechanics.damage is None}
QUICK = {
    "beam", "beam_opened", "penny", "griffith-tension", "edge", "collinear-a04", "strip-a05",
    "periodic", "periodic-s4_a08", "film_off",
    "graded_plate-stiffer_a02", "misfit_film",
}  # fmt: skip


def as_parameter(name):
    return pytest.param(CASES[name], id=name, marks=[] if name in QUICK else [pytest.mark.slow])


def solved(case, comm=MPI.COMM_WORLD):
    solution = simulate(case, comm, lambda _: None)
    return solution.mechanical, {q.name: q for q in solution.quantities}


@pytest.mark.parametrize("case", [as_parameter(name) for name in CASES])
def test_the_error_bar_holds_the_reference(case):
    found, by_name = solved(case)
    assert len(case.references) >= 1
    assert found.state.balance < 1e-8
    for reference in case.references:
        quantity = by_name[reference.quantity]
        assert quantity.hit == (not reference.reason), quantity
        if reference.exact:
            assert quantity.bound == "estimated"
            assert quantity.lower <= quantity.reported <= quantity.upper
            half = 0.5 * (quantity.upper - quantity.lower)
            error = abs(quantity.value - quantity.reported)
            if found.front is not None:  # the bar is one for all of the front
                exact = [by_name[r.quantity] for r in case.references if r.exact]
                error = max(abs(q.value - q.reported) for q in exact)
            assert half <= max(5.0 * error, 1e-3 * abs(quantity.value))
    for tip, force in found.tips:
        assert tip.reach > 0.0
        assert force.spread <= 1e-3 * force.value
        assert force.by_extension == pytest.approx(force.value, rel=1e-3)


def test_every_promised_crack_is_there():
    there = {name: case.geometry for name, case in CASES.items()}
    names = set(there)
    assert {
        "penny",
        "penny-tension",
        "griffith",
        "griffith-tension",
        "edge",
        "edge-tension",
    } <= names
    assert {"collinear-tension", "strip-a05_faces", "misfit_film", "misfit_film-cooled"} <= names
    # a/W of the strip and of the row of cracks
    strip = {round(1.0 - there[n].crack.start, 9) for n in names if n.startswith("strip")}
    row = {there[n].crack.end for n in names if n.startswith("collinear")}
    assert (strip, row) == ({0.1, 0.3, 0.5}, {0.2, 0.4})
    edge = there["edge"]
    assert (edge.crack.end - edge.crack.start) / edge.width <= 0.01
    films = {n for n in names if n.startswith("channelling")}
    pairs = {f"channelling-{p}" for p in ("lipon_li", "lif_li", "mgf2_li", "lif_lpscl")}
    assert pairs <= films
    assert {dundurs(CASES[n]) for n in films - pairs} == {-0.9, 0.0, 0.5, 0.8, 0.9}
    spacings = {
        (2.0 * there[n].width, dundurs(CASES[n])) for n in names if n.startswith("periodic")
    }
    assert spacings == {(s, a) for s in (1.0, 4.0, 16.0) for a in (0.0, 0.5, 0.8, 0.9)}


def dundurs(case):
    """Dundurs' alpha of the film and the substrate, which have one Poisson's ratio."""
    film, substrate = (
        case.mechanics.solids[name].elastic.youngs_modulus for name in ("film", "substrate")
    )
    return round((film - substrate) / (film + substrate), 9)


# --- loads on the faces and far away, and what a second solve says --------------------------------


def test_pressure_in_the_crack_is_tension_far_away():
    pairs = [
        [solved(CASES[name])[0].tips[0][1].value for name in ("edge", "edge-tension")],
        [solved(CASES[name])[0].tips[0][1].value for name in ("griffith", "griffith-tension")],
    ]
    for inside, outside in pairs:  # superposition: exact for the discrete solutions as well
        assert inside == pytest.approx(outside, rel=1e-9)


def test_initial_stress_drives_a_crack_like_the_tension_that_balances_it():
    # a film stressed to 1 MPa between symmetric sides, and pressure 1 MPa in its crack
    case = CASES["periodic-s4_a08"]
    film = replace(case.mechanics.solids["film"], residual_stress=1.0)
    stressed = replace(
        case,
        references=(),
        mechanics=replace(
            case.mechanics,
            solids={**case.mechanics.solids, "film": film},
            faces={n: f for n, f in case.mechanics.faces.items() if n != "crack"},
        ),
    )
    one, other = solved(case)[1], solved(stressed)[1]
    for name in ("steady_state_energy_release_rate", "channelling_factor", "film_stress"):
        assert other[name].value == pytest.approx(one[name].value, rel=1e-7)


def test_a_misfit_is_its_stress():
    # eps* in all directions between rigid sides, free upwards: sigma_xx = -E eps*/(1 - nu)
    case = CASES["periodic-s4_a08"]
    elastic = case.mechanics.solids["film"].elastic
    misfit = -(1.0 - elastic.poissons_ratio) / elastic.youngs_modulus
    film = replace(case.mechanics.solids["film"], misfit_strain=misfit)
    faces = {n: f for n, f in case.mechanics.faces.items() if n != "crack"}
    solids = {**case.mechanics.solids, "film": film}
    strained = replace(
        case, references=(), mechanics=replace(case.mechanics, solids=solids, faces=faces)
    )
    found = solved(strained)[1]
    assert found["film_stress"].value == pytest.approx(1.0, rel=1e-6)
    assert found["channelling_factor"].value == pytest.approx(1.698701, rel=1e-4)


def test_the_derivative_in_the_coordinates_is_the_domain_integral():
    # by hand: G = -2 {int [w div q - sigma:(grad u grad q)] dV + int_crack p (u.n) div_s q dA}
    found = solved(CASES["griffith"])[0]
    tip, force = found.tips[0]
    u, domain = found.state.displacement, found.domain
    n = ufl.FacetNormal(domain.mesh)
    ds = facet_measure(domain, {0: facet_entities(domain, "crack")})
    s = found.body.stress(u)
    sigma = ufl.as_matrix([[s[0], s[5]], [s[5], s[1]]])
    density = 0.5 * ufl.dot(s, strain(u, domain))
    for (inner, outer), rate in zip(fracture.CONTOURS, force.by_contour, strict=True):
        q = fracture.extension(domain, tip, inner * tip.reach, outer * tip.reach)
        along = ufl.div(q) - ufl.dot(n, ufl.grad(q) * n)
        volume = density * ufl.div(q) - ufl.inner(sigma, ufl.grad(u) * ufl.grad(q))
        form = volume * ufl.dx(domain.mesh) + 1.0 * ufl.dot(u, n) * along * ds(0)
        by_hand = -2.0 * domain.comm.allreduce(fem.assemble_scalar(fem.form(form)))
        assert by_hand == pytest.approx(rate, rel=1e-9)


def test_without_the_pressure_on_its_faces_the_integral_depends_on_the_contour():
    found = solved(CASES["griffith"])[0]
    free = replace(found.body, tractions={})
    rates = fracture.energy_release_rates(free, found.state.displacement, found.tips[0][0])
    assert max(rates) - min(rates) > 0.5 * max(rates)


# --- convergence ----------------------------------------------------------------------------------


def rates_on_meshes(case, halvings, monkeypatch, levels=3):
    monkeypatch.setattr(fracture, "HALVINGS", halvings)
    block = case.geometry
    problem = mechanics.make_problem(case, block)
    found = []
    for level in range(levels):
        mesh = problem.mesh(
            lambda b: make_mesh(replace(case, geometry=b), MPI.COMM_WORLD), MPI.COMM_WORLD, level
        )
        body = problem.body_on(mesh)
        state = Equilibrium(body, problem.supports, {}).solve()
        tip = fracture.find_tips(block)[0]
        found.append(fracture.energy_release_rates(body, state.displacement, tip)[-2])
    return np.array(found)


def test_uniform_meshes_converge_with_the_order_of_the_singularity(monkeypatch):
    exact = math.pi * 0.91
    errors = np.abs(rates_on_meshes(CASES["griffith"], 0, monkeypatch) / exact - 1.0)
    orders = np.log2(errors[:-1] / errors[1:])
    assert np.all((orders > 0.8) & (orders < 1.2)), orders  # O(h), whatever the elements


def test_resolved_tips_converge_faster(monkeypatch):
    exact = math.pi * 0.91
    coarse = np.abs(rates_on_meshes(CASES["griffith"], 0, monkeypatch, 2) / exact - 1.0)
    fine = np.abs(rates_on_meshes(CASES["griffith"], 20, monkeypatch, 2) / exact - 1.0)
    assert fine[0] < 0.1 * coarse[0]
    assert fine[1] < 0.25 * fine[0]


# --- verdicts -------------------------------------------------------------------------------------


def test_both_modes_are_told_apart():
    # tension far away and the traction it takes from the faces differ by a uniform stress, so even
    # in a finite body the intensities are equal; G is that of both modes
    case = CASES["mixed_mode"]
    # Gc = 1.8 lies between G straight on, 1.43, and that of the kink, 1.43 x 1.6: it grows
    solid = replace(case.mechanics.solids["solid"], fracture_energy=1.8)
    _, far = solved(replace(case, mechanics=replace(case.mechanics, solids={"solid": solid})))
    assert far["verdict"].value == far["verdict.flaw.end"].value == "grows unstably"
    assert far["margin.flaw.end"].value == pytest.approx(1.8 / 2.28707945, rel=1e-3)
    found, near = solved(CASES["mixed_mode-faces"])
    for mode in ("stress_intensity", "stress_intensity_shear"):
        for end in ("start", "end"):
            name = f"{mode}.flaw.{end}"
            assert near[name].value == pytest.approx(far[name].value, rel=1e-5)
            assert near[name].value > 0.0
    for (_, force), k in zip(found.tips, found.intensities, strict=True):
        assert force.value == pytest.approx(0.91 * sum(v**2 for v in k.values), rel=1e-4)
        assert k.spread < 1e-4 * max(k.values)


def test_the_intensity_in_a_crystal_is_that_of_the_traction():
    # Griffith: K = p sqrt(pi a) whatever the crystal; lithium's constants, in MPa
    case = CASES["griffith"]
    crystal = mechanics_schema.Cubic(13.4, 11.3, 8.78, 0.0)
    solid = replace(case.mechanics.solids["solid"], elastic=crystal)
    mechanics = replace(case.mechanics, solids={"solid": solid})
    _, by_name = solved(replace(case, mechanics=mechanics, references=()))
    assert by_name["shape_factor"].value == pytest.approx(1.0, rel=1e-3)


@pytest.mark.parametrize("name", ["griffith-tension", "edge", "strip-a05", "penny"])
def test_the_interaction_integral_gives_the_intensity_of_the_driving_force(name):
    found, by_name = solved(CASES[name])
    intensity = by_name["stress_intensity_by_interaction"].value
    assert intensity == pytest.approx(by_name["stress_intensity"].value, rel=1e-3)
    assert found.intensities[0].values[1] == 0.0


def test_a_crack_kinks_by_the_largest_hoop_stress():
    # pure shear: 70.53 degrees, K_eq = 1.1547 K_II; numerically for mixed modes
    angle, equivalent = kink(0.0, 1.0)
    assert math.degrees(angle) == pytest.approx(-70.5288, abs=1e-3)
    assert equivalent == pytest.approx(1.154700538)
    theta = np.linspace(-math.pi, math.pi, 200001)
    for opening, shear in ((1.0, 0.3), (1.0, -2.0)):
        cosine = np.cos(theta / 2)
        hoop = cosine * (opening * cosine**2 - 1.5 * shear * np.sin(theta))
        angle, equivalent = kink(opening, shear)
        assert angle == pytest.approx(theta[hoop.argmax()], abs=1e-4)
        assert equivalent == pytest.approx(hoop.max(), rel=1e-8)


def test_the_verdict_needs_more_than_the_error_bar():
    assert verdict(0.9, 0.05, 1.0, 1.0) == "stable"
    assert verdict(1.1, 0.05, 1.0, 1.0) == "grows unstably"
    assert verdict(1.1, 0.05, 1.0, -1.0) == "arrests"
    assert verdict(1.04, 0.05, 1.0, 1.0) == "undecided within the error bar"
    assert verdict(0.96, 0.05, 1.0, -1.0) == "undecided within the error bar"


def test_a_crack_arrests_where_its_driving_force_meets_the_resistance():
    assert arrest_length(lambda a: 8.0 / a**3, 1.0, 1.0, 10.0) == pytest.approx(2.0, rel=1e-5)
    assert arrest_length(lambda a: 8.0 / a**3, 1.0, 1.0, 1.5) is None


def test_the_beam_is_unstable_under_a_force_and_stable_under_an_opening():
    forced, opened = (solved(CASES[name])[1] for name in ("beam", "beam_opened"))
    assert forced["energy_release_rate_slope"].value > 0.0
    assert opened["energy_release_rate_slope"].value < 0.0
    assert forced["verdict"].value == "grows unstably"
    assert str(opened["verdict"].value).startswith("arrests at a = 10.39")


def test_a_crack_that_is_pressed_shut_has_no_driving_force():
    case = CASES["griffith-tension"]
    faces = {**case.mechanics.faces, "right": mechanics_schema.Traction(1.0, 0.0)}
    shut = replace(case, references=(), mechanics=replace(case.mechanics, faces=faces))
    found, by_name = solved(shut)
    assert found.overlap > 3.0
    assert by_name["verdict"].value == "undecided: the crack is pressed shut"
    assert "energy_release_rate" not in by_name


def test_one_mesh_alone_has_no_error_bar():
    case = CASES["penny"]
    once = replace(case, numerics=replace(case.numerics, refinement="none"))
    quantity = solved(once)[1]["energy_release_rate"]
    assert (quantity.bound, quantity.lower) == ("none", None)


def test_layers_without_current_carry_stress():
    # lithium as an equipotential is not meshed for the current; its stiffness counts all the same
    case = CASES["periodic"]
    metal = replace(case, regions={"substrate": schema.Equipotential()}, references=())
    found = simulate_mechanics(metal, MPI.COMM_WORLD, lambda _: None)
    assert set(found.domain.built.regions) == {"substrate", "film"}


# --- ranks ----------------------------------------------------------------------------------------


@pytest.mark.parallel
@pytest.mark.parametrize("name", ["penny", "periodic"])
def test_same_rates_on_any_number_of_ranks(name):
    case = replace(CASES[name], numerics=replace(CASES[name].numerics, refinement="none"))
    together, alone = solved(case)[1], solved(case, MPI.COMM_SELF)[1]
    assert together.keys() == alone.keys()
    for key, quantity in together.items():
        if isinstance(quantity.value, float) and key not in ("force_balance", "contour_dependence"):
            assert quantity.value == pytest.approx(alone[key].value, rel=1e-7), key


def test_tips_lie_where_the_crack_ends():
    layers = (Layer("below", 2.0), Layer("above", 1.0))
    inside = Block("block", 4.0, layers, Crack("left", 2.5, 3.0))
    (tip,) = fracture.find_tips(inside)
    assert (tip.place, tip.level, tip.direction) == ((0.0, 0.0), 2.5, (0.0, -1.0))
    assert tip.reach == pytest.approx(0.5)
    (at_plane,) = fracture.find_tips(replace(inside, crack=Crack("left", 2.0, 3.0)))
    assert at_plane.reach == 0.0
    two = fracture.find_tips(replace(inside, crack=Crack("left", 0.5, 1.0)))
    assert [tip.direction for tip in two] == [(0.0, 1.0), (0.0, -1.0)]
