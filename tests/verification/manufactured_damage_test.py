"""Graded solids, large deflections and damage (AT1) against fields that were chosen.

The body force is minus the divergence of the stress of the chosen displacement, here differentiated
by itself; it enters the energy as the work of a force that varies.
"""

import math
from dataclasses import replace

import numpy as np
import pytest
import ufl
from dolfinx import fem
from mpi4py import MPI

from meshes.build import build
from meshes.layers import Block, Layer
from meshes.sizing import MeshSize
from solver import compat, hooke
from solver.domain import number_of_cells, read_domain
from solver.elasticity import Solid, make_body, weight
from solver.equilibrium import FIXED, Equilibrium, Support
from solver.hooke import XX, XY, YY, ZZ
from solver.mechanics_schema import Graded
from solver.minimisation import Minimiser
from solver.phase_field import RESIDUE, Brittle, make_brittle

NONE = np.zeros(6)
E, NU = 3.0, 0.3
LAME, SHEAR = E * NU / ((1 + NU) * (1 - 2 * NU)), E / (2 * (1 + NU))
STIFFNESS = hooke.isotropic(E, NU)
WALLS = ("left", "right", "bottom", "top")
SHAPES = {"plane": "block", "cylinder": "cylinder"}


def domain_of(kind, size, tmp_path):
    block = Block(SHAPES[kind], 1.0, (Layer("a", 1.0),), None)
    return read_domain(build(block, MeshSize(size, 1.0, size), (), tmp_path), MPI.COMM_SELF)


def held(domain):
    return {n: Support("clamped") for n in WALLS if n in domain.built.facets}


def give(equilibrium, exact):
    """The chosen displacement where the walls hold."""
    space = equilibrium.space
    u = fem.Function(space)
    u.interpolate(fem.Expression(exact, compat.interpolation_points(space)))
    fixed = equilibrium.state == FIXED
    equilibrium.given[fixed] = u.x.array[: len(fixed)][fixed]


def norm(domain, integrand):
    dx = ufl.dx(domain.mesh, metadata={"quadrature_degree": 8})
    return math.sqrt(abs(fem.assemble_scalar(fem.form(weight(domain) * integrand * dx))))


def smooth(domain, expression):
    """A vector as a polynomial of degree 4 in every cell: cheap, and far below other errors."""
    space = fem.functionspace(domain.mesh, ("DG", 4, (2,)))
    values = fem.Function(space)
    values.interpolate(fem.Expression(expression, compat.interpolation_points(space)))
    return values


def order(coarse, fine, what):
    return math.log(coarse[what] / fine[what]) / math.log(coarse["size"] / fine["size"])


def divergence(s, x, kind):
    """Of a stress given as xx, yy, zz, xy."""
    flat = ufl.div(ufl.as_matrix([[s[0], s[3]], [s[3], s[1]]]))
    if kind == "plane":
        return flat
    return flat + ufl.as_vector([(s[0] - s[2]) / x[0], s[3] / x[0]])


def chosen(x, kind):
    radial = x[0] * ufl.cos(x[0] + 2 * x[1]) if kind == "cylinder" else ufl.sin(x[0] + 2 * x[1])
    return ufl.as_vector([radial, ufl.exp(x[0]) * ufl.cos(x[1])])


# --- graded ---------------------------------------------------------------------------------------


def graded_errors(between, along, kind, size, tmp_path):
    domain = domain_of(kind, size, tmp_path)
    x = ufl.SpatialCoordinate(domain.mesh)
    place = x[0] if along == "x" else x[1]
    factor = 5.0**place if between == "exponential" else 1.0 + 4.0 * place
    u = chosen(x, kind)
    g = ufl.grad(u)
    around = u[0] / x[0] if kind == "cylinder" else 0.0
    volume = LAME * (g[0, 0] + g[1, 1] + around)
    normal = [volume + 2 * SHEAR * e for e in (g[0, 0], g[1, 1], around)]
    stress = [factor * s for s in (*normal, SHEAR * (g[0, 1] + g[1, 0]))]
    graded = Graded(along, (0.0, 1.0), (1.0, 5.0), between)
    body = make_body(domain, {"a": Solid(STIFFNESS, NONE, NONE, graded=graded)}, {})
    body = replace(body, force=-divergence(stress, x, kind))
    equilibrium = Equilibrium(body, held(domain), {})
    give(equilibrium, u)
    state = equilibrium.solve()
    off = state.displacement - u
    wrong = body.stress(state.displacement)
    apart = [wrong[i] - s for i, s in zip((XX, YY, ZZ, XY), stress, strict=True)]
    return {
        "displacement": norm(domain, ufl.dot(off, off)),
        "stress": norm(domain, sum(s**2 for s in apart)),
        "size": number_of_cells(domain) ** -0.5,
    }


@pytest.mark.parametrize(
    ("between", "along", "kind"),
    [("exponential", "y", "plane"), ("linear", "x", "plane"), ("linear", "y", "cylinder")],
)
def test_a_graded_solid_converges_with_the_third_power(between, along, kind, tmp_path):
    coarse, fine = (graded_errors(between, along, kind, s, tmp_path) for s in (0.2, 0.1))
    assert 2.7 < order(coarse, fine, "displacement") < 3.4
    assert 1.7 < order(coarse, fine, "stress") < 2.3


# --- large deflections ----------------------------------------------------------------------------


def deflected_errors(size, tmp_path):
    """Second Piola-Kirchhoff stress of Green's strain, P = F S."""
    domain = domain_of("plane", size, tmp_path)
    x = ufl.SpatialCoordinate(domain.mesh)
    u = 0.02 * chosen(x, "plane")
    f = ufl.Identity(2) + ufl.grad(u)
    e = 0.5 * (f.T * f - ufl.Identity(2))
    first = f * (LAME * ufl.tr(e) * ufl.Identity(2) + 2 * SHEAR * e)
    force = smooth(domain, -ufl.div(first))
    body = make_body(domain, {"a": Solid(STIFFNESS, NONE, NONE, large=True)}, {})
    equilibrium = Equilibrium(replace(body, force=force), held(domain), {})
    give(equilibrium, u)
    off = equilibrium.solve().displacement - u
    slope = ufl.grad(off)
    return {
        "displacement": norm(domain, ufl.dot(off, off)),
        "slope": norm(domain, ufl.inner(slope, slope)),
        "size": number_of_cells(domain) ** -0.5,
    }


def test_large_deflections_converge_with_the_third_power(tmp_path):
    coarse, fine = (deflected_errors(size, tmp_path) for size in (0.2, 0.1))
    assert 2.7 < order(coarse, fine, "displacement") < 3.4
    assert 1.7 < order(coarse, fine, "slope") < 2.3


# --- damage ---------------------------------------------------------------------------------------
# d(x) = 0.3 + 0.1 cos(pi x) keeps between its bounds and flat at the walls. For u = (U, b U)(x) the
# equation of the damage, 2 (1 - k)(1 - d) psi+ = 3 Gc/8 (1/l - 2 l d''), says what U' is:
# psi+ = a U'^2/2 with one number a for every split. The force is minus the slope of the stress.

LONG, TOUGH, ALONG = 0.5, 0.2, 0.7  # l, Gc, b


def parts(split, sign):
    """a, and stress xx and xy over U' of psi+ and of psi; sign of U'."""
    whole, middle, root = (LAME + 2 * SHEAR, SHEAR * ALONG), 0.5 * sign, math.hypot(1.0, ALONG)
    if split == "none" or (split == "volumetric_deviatoric" and sign > 0):
        damaged = whole
    elif split == "volumetric_deviatoric":
        damaged = (4.0 / 3.0 * SHEAR, SHEAR * ALONG)
    else:  # one principal strain is positive: m + r, r = |U'| root/2
        first = middle + 0.5 * root
        lame = LAME if sign > 0 else 0.0
        damaged = (
            lame + SHEAR * first * (1.0 + sign / root) * sign,
            SHEAR * first * ALONG / root,
        )
    return damaged[0] + ALONG * damaged[1], damaged, whole


def damage_errors(split, sign, size, tmp_path):
    domain = domain_of("plane", size, tmp_path)
    x = ufl.SpatialCoordinate(domain.mesh)[0]
    stiff, damaged, whole = parts(split, sign)
    d = 0.3 + 0.1 * ufl.cos(math.pi * x)
    bent = -0.1 * math.pi**2 * ufl.cos(math.pi * x)
    psi = 0.375 * TOUGH * (1.0 / LONG - 2.0 * LONG * bent) / (2.0 * (1.0 - RESIDUE) * (1.0 - d))
    slope = sign * ufl.sqrt(2.0 * psi / stiff)
    lost = 1.0 - ((1.0 - RESIDUE) * (1.0 - d) ** 2 + RESIDUE)
    stress = [(w - lost * p) * slope for w, p in zip(whole, damaged, strict=True)]
    force = smooth(domain, -ufl.as_vector([s.dx(0) for s in stress]))
    body = replace(make_body(domain, {"a": Solid(STIFFNESS, NONE, NONE)}, {}), force=force)
    law = {"a": Brittle(STIFFNESS, NONE, NONE, TOUGH)}
    brittle = make_brittle(body, law, LONG, split, False)
    bar = Minimiser(brittle, held(domain), (), {})
    # U from its slope by the points of Gauss: far below what the mesh leaves
    places, weights = np.polynomial.legendre.leggauss(40)

    def exact(at):
        s = 0.5 * at[0][:, None] * (places + 1.0)
        here = 0.3 + 0.1 * np.cos(np.pi * s)
        rise = 0.375 * TOUGH * (1.0 / LONG + 0.2 * LONG * np.pi**2 * np.cos(np.pi * s))
        slopes = np.sqrt(rise / ((1.0 - RESIDUE) * (1.0 - here)) / stiff)
        u = sign * 0.5 * at[0] * (slopes @ weights)
        return np.array([u, ALONG * u])

    fine = fem.Function(fem.functionspace(domain.mesh, ("Lagrange", 4, (2,))))
    fine.interpolate(exact)
    displacements = bar.displacements
    give(displacements.equilibrium, fine)
    displacements.given.array[:] = displacements.equilibrium.given_displacements()
    displacements.moved = displacements.given.norm()
    bar.minimise(1.0, np.zeros(len(bar.owned_damage())), np.inf)
    off = displacements.displacement - fine
    return {
        "displacement": norm(domain, ufl.dot(off, off)) / norm(domain, ufl.dot(fine, fine)),
        "damage": norm(domain, (bar.damage - d) ** 2) / norm(domain, d**2),
        "size": number_of_cells(domain) ** -0.5,
    }


@pytest.mark.parametrize(
    ("split", "sign"),
    [("none", 1), ("volumetric_deviatoric", -1), ("spectral", 1), ("spectral", -1)],
)
def test_damage_converges_with_the_second_power(split, sign, tmp_path, monkeypatch):
    # linear damage: h^2, and with it the displacement
    monkeypatch.setattr("solver.minimisation.TOLERANCE", 1e-8)
    coarse, fine = (damage_errors(split, sign, size, tmp_path) for size in (0.2, 0.1))
    assert 1.7 < order(coarse, fine, "damage") < 2.5
    assert 1.7 < order(coarse, fine, "displacement") < 3.4
    assert fine["damage"] < 5e-3
