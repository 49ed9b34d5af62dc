"""Hooke's law and equilibrium against uniform fields, thick shells and bilayers."""

import math

import gmsh
import numpy as np
import pytest
import ufl
from dolfinx import fem
from mpi4py import MPI

from meshes.build import build, gmsh_model
from meshes.geometry import MeshFile
from meshes.layers import Block, Layer
from meshes.sizing import MeshSize
from solver import hooke
from solver.bending import curvature
from solver.case import load_case
from solver.crack_opening import mean_displacement
from solver.domain import facet_entities, facet_measure, read_domain
from solver.elasticity import Solid, Traction, make_body, strain
from solver.equilibrium import Equilibrium, Support, Unbalanced
from solver.mechanics import make_problem
from solver.resolved import resolved_toml

E, NU = 3.0, 0.3
NONE = np.zeros(6)
SLIDES = Support("normal")


def solid(modulus=E, ratio=NU, misfit=0.0, stress=0.0, plane_stress=False):
    stiffness = hooke.isotropic(modulus, ratio)
    initial = np.array([stress, 0.0, stress, 0.0, 0.0, 0.0])
    if plane_stress:
        stiffness, initial = hooke.without_stress_across(stiffness, initial)
    return Solid(stiffness, misfit * np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0]), initial)


def domain_of(geometry, tmp_path, size=0.25, growth=1.0):
    built = build(geometry, MeshSize(size, growth, size), (), tmp_path)
    return read_domain(built, MPI.COMM_SELF)


def solve(domain, solids, tractions, supports):
    body = make_body(domain, solids, tractions)
    state = Equilibrium(body, supports, {}).solve()
    assert state.balance < 1e-8
    return body, state


def mean(domain, expression, weight=1.0):
    volume = fem.assemble_scalar(fem.form(weight * fem.Constant(domain.mesh, 1.0) * ufl.dx))
    return fem.assemble_scalar(fem.form(weight * expression * ufl.dx)) / volume


def deviation(domain, expression, value):
    """Root mean square distance of a vector from a constant one."""
    off = expression - ufl.as_vector([float(x) for x in value])
    return math.sqrt(mean(domain, ufl.dot(off, off)))


BLOCK = Block("block", 2.0, (Layer("a", 1.0), Layer("b", 0.5)), None)
CYLINDER = Block("cylinder", 2.0, (Layer("a", 1.0), Layer("b", 0.5)), None)


# --- the law --------------------------------------------------------------------------------------


def test_a_cubic_crystal_with_isotropic_constants_is_isotropic():
    shear = E / (2.0 * (1.0 + NU))
    lame = E * NU / ((1.0 + NU) * (1.0 - 2.0 * NU))
    for angle in (0.0, 0.3, math.pi / 4.0):
        crystal = hooke.cubic(lame + 2.0 * shear, lame, shear, angle)
        assert crystal == pytest.approx(hooke.isotropic(E, NU), abs=1e-14)


def test_lithium_fluoride_is_softest_along_its_edges():
    # C11 = 113.9, C12 = 47.7, C44 = 63.6 GPa: 1/E[100] and 1/E[110] by Nye's formula
    c11, c12, c44 = 113.9, 47.7, 63.6
    s11 = (c11 + c12) / ((c11 - c12) * (c11 + 2.0 * c12))
    s12 = -c12 / ((c11 - c12) * (c11 + 2.0 * c12))
    edge = 1.0 / s11
    diagonal = 1.0 / (s11 - 0.5 * (s11 - s12 - 0.5 / c44))
    for angle, modulus in ((0.0, edge), (math.pi / 4.0, diagonal), (math.pi / 2.0, edge)):
        compliance = np.linalg.inv(hooke.cubic(c11, c12, c44, angle))
        assert 1.0 / compliance[0, 0] == pytest.approx(modulus, rel=1e-12)
    assert diagonal > 1.1 * edge
    assert np.linalg.eigvalsh(hooke.cubic(c11, c12, c44)).min() > 0.0


def test_an_orthotropic_solid_has_the_moduli_it_is_given():
    moduli, ratios, shears = (10.0, 5.0, 2.0), (0.3, 0.2, 0.1), (1.5, 1.2, 2.5)
    compliance = np.linalg.inv(hooke.orthotropic(moduli, ratios, shears))
    assert 1.0 / np.diag(compliance) == pytest.approx([*moduli, *shears])
    assert -compliance[[1, 2, 2], [0, 0, 1]] * (10.0, 10.0, 5.0) == pytest.approx(ratios)
    # turned by a right angle, axis 1 lies where axis 2 was
    turned = np.linalg.inv(hooke.orthotropic(moduli, ratios, shears, math.pi / 2.0))
    assert 1.0 / np.diag(turned) == pytest.approx([5.0, 10.0, 2.0, 1.2, 1.5, 2.5])
    g = E / (2.0 * (1.0 + NU))
    same = hooke.orthotropic((E, E, E), (NU, NU, NU), (g, g, g), 0.4)
    assert same == pytest.approx(hooke.isotropic(E, NU), abs=1e-13)


WARM = """title = "Warmed between walls"
[geometry]
shape = "block"
width = "2 um"
layers = [{ name = "film", thickness = "1 um" }]
[mechanics.solids.film]
law = LAW
thermal_expansion = "4.1e-6 K^-1"
[mechanics.faces.left]
law = "symmetry"
[mechanics.faces.right]
law = "symmetry"
[mechanics.faces.bottom]
law = "symmetry"
[load]
temperature_change = "100 K"
"""
ISOTROPIC = '"isotropic"\nyoungs_modulus = "77 GPa"\npoissons_ratio = 0.25'
ORTHOTROPIC = (
    '"orthotropic"\ne1 = "77 GPa"\ne2 = "77 GPa"\ne3 = "77 GPa"\nnu12 = 0.25\nnu13 = 0.25\n'
    'nu23 = 0.25\ng12 = "30.8 GPa"\ng13 = "30.8 GPa"\ng23 = "30.8 GPa"'
)


@pytest.mark.parametrize("law", [ISOTROPIC, ORTHOTROPIC], ids=["isotropic", "orthotropic"])
def test_warmth_between_walls_presses_as_a_blanket_film(law, tmp_path):
    # -E alpha dT/(1 - nu) = 77 GPa x 4.1e-4/0.75 = 42.093 MPa, in both directions
    path = tmp_path / "case.toml"
    path.write_text(WARM.replace("LAW", law))
    case = load_case(path)
    problem = make_problem(case, case.geometry)
    domain = domain_of(case.geometry, tmp_path)
    _, state = solve(domain, problem.solids, {}, problem.supports)
    assert -state.reactions["right"] / 1.0 == pytest.approx(77e3 * 4.1e-4 / 0.75, rel=1e-12)
    again = tmp_path / "again.toml"
    again.write_text(resolved_toml(case))
    assert load_case(again).mechanics == case.mechanics


def test_a_crack_in_a_crystal_has_the_modulus_of_irwin():
    # 1/E' = sqrt(b11 b22/2) sqrt(sqrt(b22/b11) + (2 b12 + b66)/(2 b11)) along axes of symmetry
    assert hooke.crack_modulus(hooke.isotropic(E, NU), 0.7) == pytest.approx(E / (1 - NU**2))
    stiffness = hooke.orthotropic((4.0, 2.0, 3.0), (0.3, 0.2, 0.25), (1.5, 1.2, 0.8))
    b = np.linalg.inv(stiffness[np.ix_([0, 1, 5], [0, 1, 5])])
    for first, second, angle in ((0, 1, 0.0), (1, 0, math.pi / 2.0)):
        b1, b2, both = b[first, first], b[second, second], 2.0 * b[0, 1] + b[2, 2]
        inverse = math.sqrt(b1 * b2 / 2.0) * math.sqrt(math.sqrt(b2 / b1) + both / (2.0 * b1))
        assert hooke.crack_modulus(stiffness, angle) == pytest.approx(1.0 / inverse)


def test_moduli_of_plane_strain_and_stress():
    assert hooke.plane_strain_modulus(hooke.isotropic(E, NU)) == pytest.approx(E / (1 - NU**2))
    reduced = hooke.without_stress_across(hooke.isotropic(E, NU), NONE)[0]
    assert hooke.plane_strain_modulus(reduced) == pytest.approx(E)


# --- patch tests ----------------------------------------------------------------------------------

PATCHES = {
    # tension 1 along x, free across: strain of plane strain and of plane stress
    "plane strain": (False, [(1 - NU**2) / E, -NU * (1 + NU) / E, 0.0]),
    "plane stress": (True, [1 / E, -NU / E, 0.0]),
}


@pytest.mark.parametrize("name", PATCHES)
def test_uniform_tension_is_exact(name, tmp_path):
    plane_stress, expected = PATCHES[name]
    domain = domain_of(BLOCK, tmp_path)
    solids = dict.fromkeys(("a", "b"), solid(plane_stress=plane_stress))
    supports = {"left": SLIDES, "bottom": SLIDES}
    body, state = solve(domain, solids, {"right": Traction(-1.0)}, supports)
    eps = [*expected, 0.0, 0.0, 0.0]
    assert deviation(domain, strain(state.displacement, domain), eps) < 1e-12
    across = 0.0 if plane_stress else NU
    assert deviation(domain, body.stress(state.displacement), [1, 0, across, 0, 0, 0]) < 1e-12
    assert state.reactions["left"] == pytest.approx(1.5, rel=1e-12)  # tension times height
    assert state.energy == pytest.approx(-0.5 * eps[0] * 3.0, rel=1e-12)


def test_uniform_shear_is_exact(tmp_path):
    # t = (-n_y, n_x) runs anticlockwise: sigma_xy = shear on right, left; -shear on top, bottom
    domain = domain_of(BLOCK, tmp_path)
    shear = {"right": 1.0, "left": 1.0, "top": -1.0, "bottom": -1.0}
    tractions = {name: Traction(0.0, value) for name, value in shear.items()}
    body, state = solve(domain, dict.fromkeys(("a", "b"), solid()), tractions, {})
    assert deviation(domain, body.stress(state.displacement), [0, 0, 0, 0, 0, 1]) < 1e-9


def test_uniform_axial_and_radial_stress_is_exact(tmp_path):
    domain = domain_of(CYLINDER, tmp_path)
    solids = dict.fromkeys(("a", "b"), solid())
    tractions = {"top": Traction(-1.0), "right": Traction(2.0)}
    body, state = solve(domain, solids, tractions, {"bottom": SLIDES})
    assert deviation(domain, body.stress(state.displacement), [-2, 1, -2, 0, 0, 0]) < 1e-11
    assert state.reactions["bottom"] == pytest.approx(math.pi * 4.0, rel=1e-12)


def test_a_blanket_film_carries_its_misfit_stress(tmp_path):
    # between rigid sides: sigma = E eps/(1 - nu), here of a misfit of 1e-3 (77 GPa, 0.25)
    domain = domain_of(CYLINDER, tmp_path)
    solids = dict.fromkeys(("a", "b"), solid(77e3, 0.25, misfit=-1e-3))
    body, state = solve(domain, solids, {}, {"right": SLIDES, "bottom": SLIDES})
    stress = body.stress(state.displacement)
    assert deviation(domain, stress, [102.6666667, 0, 102.6666667, 0, 0, 0]) < 1e-5


def test_a_stressed_layer_keeps_its_stress_between_planes_of_symmetry(tmp_path):
    domain = domain_of(BLOCK, tmp_path)
    solids = {"a": solid(), "b": solid(stress=5.0)}
    body, state = solve(domain, solids, {}, {"left": SLIDES, "right": SLIDES, "bottom": SLIDES})
    n = ufl.FacetNormal(domain.mesh)
    ds = facet_measure(domain, {0: facet_entities(domain, "right", ["b"])})
    s = body.stress(state.displacement)
    force = fem.assemble_scalar(fem.form((s[0] * n[0] + s[5] * n[1]) * ds(0)))
    assert force == pytest.approx(5.0 * 0.5, rel=1e-6)


# --- floating bodies and plates -------------------------------------------------------------------


def test_a_floating_body_needs_no_pin(tmp_path):
    domain = domain_of(BLOCK, tmp_path)
    solids = dict.fromkeys(("a", "b"), solid())
    pull = {"left": Traction(-1.0), "right": Traction(-1.0)}
    _, state = solve(domain, solids, pull, {})
    expected = [(1 - NU**2) / E, -NU * (1 + NU) / E, 0, 0, 0, 0]
    assert deviation(domain, strain(state.displacement, domain), expected) < 1e-9


def test_a_floating_body_with_a_force_left_over_is_refused(tmp_path):
    domain = domain_of(BLOCK, tmp_path)
    body = make_body(domain, dict.fromkeys(("a", "b"), solid()), {"right": Traction(-1.0)})
    with pytest.raises(Unbalanced, match="nothing holds"):
        Equilibrium(body, {}, {}).solve()
    Equilibrium(body, {"left": SLIDES}, {}).solve()  # y floats, and nothing pushes along y


def test_a_plate_moves_as_one_and_carries_its_load(tmp_path):
    # two layers side by side against the plate: both have its displacement, the forces add up
    domain = domain_of(BLOCK, tmp_path)
    solids = {"a": solid(1.0, 0.0), "b": solid(9.0, 0.0)}
    supports = {"left": SLIDES, "bottom": SLIDES, "right": Support("plate")}
    _, state = solve(domain, solids, {"right": Traction(-1.0)}, supports)
    # nu = 0: strain = force/(E1 h1 + E2 h2) = 1.5/(1 + 4.5)
    assert mean(domain, strain(state.displacement, domain)[0]) == pytest.approx(
        1.5 / 5.5, rel=1e-10
    )
    assert state.reactions["left"] == pytest.approx(1.5, rel=1e-10)


def test_a_spring_behind_a_plate_takes_what_the_body_gives(tmp_path):
    # nu = 0: p = (p0 + k H e)/(1 + k H/E) with k = 2, H = 1.5, e = 0.01, E = 3, p0 = 0.02
    domain = domain_of(BLOCK, tmp_path)
    solids = dict.fromkeys(("a", "b"), solid(3.0, 0.0, misfit=0.01))
    supports = {"left": SLIDES, "bottom": SLIDES, "top": Support("plate")}
    body, state = solve(domain, solids, {"top": Traction(0.02, spring=2.0)}, supports)
    pressure = (0.02 + 2.0 * 1.5 * 0.01) / (1.0 + 2.0 * 1.5 / 3.0)
    assert -state.reactions["bottom"] / 2.0 == pytest.approx(pressure, rel=1e-10)
    moved = mean_displacement(body, state, "top")
    assert 0.02 + 2.0 * moved == pytest.approx(pressure, rel=1e-10)
    # a spring alone holds a body along its axis
    body, state = solve(domain, solids, {"top": Traction(spring=2.0)}, {"top": Support("plate")})
    assert mean_displacement(body, state, "top") == pytest.approx(0.0, abs=1e-9)


def test_a_bilayer_bends_as_it_must(tmp_path):
    # film 77 GPa, 0.25 of 20 um on 200 um of 70 GPa, 0.22, misfit 1e-3: biaxial bending, exact
    # 2.465924889 1/m; Stoney's formula would give 3.432. Inner half of a wide, free disc.
    block = Block("cylinder", 3000.0, (Layer("glass", 200.0), Layer("lipon", 20.0)), None)
    domain = domain_of(block, tmp_path, 20.0)
    solids = {"glass": solid(70e3, 0.22), "lipon": solid(77e3, 0.25, misfit=1e-3)}
    _, state = solve(domain, solids, {}, {})
    space = state.displacement.function_space
    at = space.tabulate_dof_coordinates()
    u = state.displacement.x.array.reshape(-1, 2)
    bottom = (at[:, 1] < 1e-9) & (at[:, 0] < 1500.0)
    curvature = 2.0 * np.polyfit(at[bottom, 0] ** 2, u[bottom, 1], 1)[0]
    assert abs(curvature) * 1e6 == pytest.approx(2.465924889, rel=1e-3)
    assert curvature < 0.0  # the film is too long: the disc is highest in its middle


@pytest.mark.parametrize("held", [True, False])
def test_a_plane_bilayer_bends_about_its_middle_wherever_that_is(held, tmp_path):
    # equal halves of 1 um, misfit 1e-4 above: kappa = -3/2 (1 + nu) e/h, h = 2 um: -97.5 1/m
    block = Block("block", 80.0, (Layer("lower", 1.0), Layer("upper", 1.0)), None)
    domain = domain_of(block, tmp_path, 0.5)
    solids = {"lower": solid(1e3, 0.3), "upper": solid(1e3, 0.3, misfit=1e-4)}
    _, state = solve(domain, solids, {}, {"left": SLIDES} if held else {})
    assert 1e6 * curvature(domain, state.displacement, 80.0) == pytest.approx(-97.5, rel=2e-3)


# --- thick shells ---------------------------------------------------------------------------------


def annulus(tmp_path, kind, chord):
    """A quarter of the section between radii 1 and 2, as a mesh file."""
    path = tmp_path / "annulus.msh"
    with gmsh_model():
        geo = gmsh.model.geo
        centre, *corners = (
            geo.addPoint(x, y, 0.0) for x, y in ((0, 0), (1, 0), (2, 0), (0, 2), (0, 1))
        )
        gmsh.option.setNumber("Mesh.MeshSizeMax", chord)
        lines = {
            "bottom": geo.addLine(corners[0], corners[1]),
            "outer": geo.addCircleArc(corners[1], centre, corners[2]),
            "left": geo.addLine(corners[2], corners[3]),
            "inner": geo.addCircleArc(corners[3], centre, corners[0]),
        }
        surface = geo.addPlaneSurface([geo.addCurveLoop(list(lines.values()))])
        geo.synchronize()
        for name, tag in lines.items():
            gmsh.model.addPhysicalGroup(1, [tag], name=name)
        gmsh.model.addPhysicalGroup(2, [surface], name="shell")
        gmsh.model.mesh.generate(2)
        gmsh.write(str(path))
    folder = tmp_path / "built"
    folder.mkdir(exist_ok=True)
    return domain_of(MeshFile(str(path), kind, 1.0, 1.0, None), folder)


SHELLS = {"plane": 1.906666667, "axisymmetric": 0.8}  # u(a) for p = a = E = 1, b = 2, nu = 0.3


@pytest.mark.parametrize("kind", SHELLS)
def test_a_thick_shell_under_inner_pressure(kind, tmp_path):
    errors = []
    for chord in (0.1, 0.05):
        domain = annulus(tmp_path, kind, chord)
        supports = {"bottom": SLIDES} | ({"left": SLIDES} if kind == "plane" else {})
        tractions = {"inner": Traction(1.0)}
        _, state = solve(domain, {"shell": solid(1.0, 0.3)}, tractions, supports)
        # u(a) over the inner face; at a single node the corners of the chords show
        n = ufl.FacetNormal(domain.mesh)
        ds = facet_measure(domain, {0: facet_entities(domain, "inner")})
        around = 2.0 * math.pi * ufl.SpatialCoordinate(domain.mesh)[0] if kind != "plane" else 1.0
        moved = fem.assemble_scalar(fem.form(-around * ufl.dot(state.displacement, n) * ds(0)))
        area = 2.0 * math.pi if kind != "plane" else math.pi / 2.0
        errors.append(abs(moved / area / SHELLS[kind] - 1.0))
    assert errors[1] < 1e-3
    assert 1.6 < math.log2(errors[0] / errors[1]) < 2.6  # chords stand for the circles: O(h^2)


def test_nearly_incompressible_shells_are_known_to_lock_no_more_than_this(tmp_path):
    # quadratic displacements at nu = 0.499: still within a per cent, of the plane strain formula
    ratio = 0.499
    domain = annulus(tmp_path, "plane", 0.05)
    supports = {"bottom": SLIDES, "left": SLIDES}
    _, state = solve(domain, {"shell": solid(1.0, ratio)}, {"inner": Traction(1.0)}, supports)
    exact = (1 + ratio) / 3.0 * ((1 - 2 * ratio) + 4.0)  # u(a) = (1+nu)/(E (b^2-a^2)) (...)
    at = state.displacement.function_space.tabulate_dof_coordinates()
    u = state.displacement.x.array.reshape(-1, 2)
    corner = np.argmin(np.hypot(at[:, 0] - 1.0, at[:, 1]))
    assert u[corner, 0] == pytest.approx(exact, rel=1e-2)
