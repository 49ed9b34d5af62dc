"""Solids that flow against a displacement that was chosen, with the body force it asks for.

u = t w(x) strains every point along a line, so that its stress is that of one ordinary differential
equation in the rate a(x) of the equivalent strain: s = 2/3 Q(a, t) e'/a, e' the deviator of the
rate of strain. Q is integrated by scipy at some rates, once as it is (for the order in time) and
once in steps of backward Euler by its own root finder (for the order in the size of the cells), and
carried to the body as a polynomial in a; the body force is minus the divergence of the stress.
"""

import math
from dataclasses import dataclass

import numpy as np
import pytest
import ufl
from dolfinx import fem
from dolfinx.fem import petsc as fem_petsc
from mpi4py import MPI
from numpy.polynomial import Chebyshev
from petsc4py import PETSc
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from meshes.build import build
from meshes.layers import Block, Box, Layer
from meshes.sizing import MeshSize
from solver import compat, hooke
from solver.domain import number_of_cells, read_domain
from solver.elasticity import Solid, make_body, weight
from solver.equilibrium import FIXED, Equilibrium, Support
from solver.hooke import XX, XY, XZ, YY, YZ, ZZ
from solver.inelastic import Inelastic
from solver.mechanics_schema import Creep, Plastic, Viscoplastic
from solver.radial_return import Material
from solver.units import GAS_CONSTANT

NONE = np.zeros(6)
E, NU, KELVIN = 7820.0, 0.38, 298.0
SHEAR, BULK = E / (2 * (1 + NU)), E / (3 * (1 - 2 * NU))
HARD = 3000.0  # MPa: hardens within strains that are small
PLASTIC = Plastic(0.7, 500.0)
CREEP = Creep(0.7, 1e-4, 6.6, 37.0, KELVIN)
LITHIUM = Viscoplastic(4.25e4, 37.0, 0.15, 0.95, HARD, 2.0, 2.0, 0.05)
LAWS = {"plastic": PLASTIC, "creep": CREEP, "viscoplastic": LITHIUM}
RATE = 1e-4  # 1/s, of the displacement below
END = {"plastic": 4.0, "creep": 0.4, "viscoplastic": 0.4}  # s: yielded; in the transient
DEGREE = 12  # of the polynomials in the rate
BODIES = {
    kind: Block(shape, 1.0, (Layer("a", 1.0),), None)
    for kind, shape in (("plane", "block"), ("cylinder", "cylinder"))
} | {"box": Box(1.0, 1.0, (Layer("a", 1.0),), None)}
WALLS = ("left", "right", "front", "back", "bottom", "top")


# --- one point ------------------------------------------------------------------------------------


def flow(name, q, resistance):
    """Rate of flow and slope of the resistance at a stress, from the papers' formulas."""
    if name == "creep":
        return 1e-4 * (q / 0.7) ** 6.6, 0.0
    base = 4.25e4 * math.exp(-37.0 / (GAS_CONSTANT * KELVIN))
    rate = base * (q / resistance) ** (1 / 0.15)
    if rate < 1e-60:
        return 0.0, 0.0
    left = 1 - resistance / (2.0 * (rate / base) ** 0.05)
    return rate, HARD * left**2 * math.copysign(1, left) * rate


def exact_stress(name, a, times):
    """Q at an even rate of the strain, in time; a in 1/s."""
    if name == "plastic":  # sigma_y + H p, 3 G (a t - p)
        return (0.7 / 500.0 + a * times) / (1 / 500.0 + 1 / (3 * SHEAR))

    def change(_, y):
        rate, gain = flow(name, max(y[0], 0.0), y[1])
        return [3 * SHEAR * (a - rate), gain]

    options = {"method": "LSODA", "rtol": 1e-10, "atol": 1e-12, "t_eval": times}
    return solve_ivp(change, (0, times[-1]), [0.0, 0.95], **options).y[0]


def stepped_stress(name, a, times):
    """The same in steps of backward Euler."""
    if name == "plastic":
        return exact_stress(name, a, times)  # on a line steps are exact
    q, resistance, before, found = 0.0, 0.95, 0.0, []
    for time in times:
        dt, before = time - before, time

        def hardened(stress, old=resistance, dt=dt):
            def off(s):
                return s - old - dt * flow(name, stress, s)[1]

            return old if abs(off(old)) < 1e-15 else brentq(off, 0.5 * old, 3.0 * old, xtol=1e-14)

        def off(stress, q=q, dt=dt, hardened=hardened):
            return stress - q - 3 * SHEAR * dt * (a - flow(name, stress, hardened(stress))[0])

        q = brentq(off, 0.0, q + 3 * SHEAR * dt * a, xtol=1e-14, rtol=1e-14)
        resistance = hardened(q)
        found.append(q)
    return np.array(found)


# --- bodies ---------------------------------------------------------------------------------------


def chosen(x, kind):
    """Rate of displacement, um/s: mostly shear, keeping its sense; zero on the axis."""
    s, c = ufl.sin(x[0] + 2 * x[1]), ufl.cos(x[0] + 2 * x[1])
    if kind == "box":
        turned = 1.5 * x[2] + 0.3 * ufl.sin(x[1] + 2 * x[2])
        return RATE * ufl.as_vector(
            [1.5 * x[1] + 0.3 * s, turned, 0.5 * ufl.sin(x[0]) + x[0] * x[1]]
        )
    first = x[0] * (1.0 + 0.4 * c) if kind == "cylinder" else 1.5 * x[1] + 0.3 * s
    second = ufl.exp(x[0]) * ufl.cos(x[1])
    second += -1.5 * x[1] if kind == "cylinder" else 0.5 * x[0] ** 2
    return RATE * ufl.as_vector([first, second])


def strains(w, x, kind):
    """By themselves, not those of the program."""
    g = ufl.grad(w)
    if kind == "box":
        shears = (g[1, 2] + g[2, 1], g[0, 2] + g[2, 0], g[0, 1] + g[1, 0])
        return ufl.as_vector([g[0, 0], g[1, 1], g[2, 2], *shears])
    around = w[0] / x[0] if kind == "cylinder" else 0.0
    return ufl.as_vector([g[0, 0], g[1, 1], around, 0.0, 0.0, g[0, 1] + g[1, 0]])


def deviator(e):
    mean = (e[XX] + e[YY] + e[ZZ]) / 3.0
    shears = [0.5 * e[i] for i in (YZ, XZ, XY)]
    return ufl.as_vector([e[XX] - mean, e[YY] - mean, e[ZZ] - mean, *shears])


def force(s, x, kind):
    """Minus the divergence of six stresses."""
    if kind == "box":
        rows = [[s[XX], s[XY], s[XZ]], [s[XY], s[YY], s[YZ]], [s[XZ], s[YZ], s[ZZ]]]
        return -ufl.div(ufl.as_matrix(rows))
    flat = -ufl.div(ufl.as_matrix([[s[XX], s[XY]], [s[XY], s[YY]]]))
    if kind == "plane":
        return flat
    return flat - ufl.as_vector([(s[XX] - s[ZZ]) / x[0], s[XY] / x[0]])


@dataclass(frozen=True)
class Errors:
    """Relative errors at the end (of the stress: of its deviator), mean size of the cells."""

    displacement: float
    stress: float
    pressure: float
    size: float

    def order(self, finer, what):
        """Observed power of the size of the cells."""
        ratio = getattr(self, what) / getattr(finer, what)
        return math.log(ratio) / math.log(self.size / finer.size)


def sheared(stress):
    """The deviator: what flow limits."""
    return stress - np.outer(stress[:, :3].mean(axis=1), [1.0, 1.0, 1.0, 0.0, 0.0, 0.0])


class Driven:
    """A body whose walls move as chosen, under the force that this asks for."""

    def __init__(self, kind, size, material, chosen, end, tmp_path):
        built = build(BODIES[kind], MeshSize(size, 1.0, size), (), tmp_path)
        self.kind, self.end, self.domain = kind, end, read_domain(built, MPI.COMM_SELF)
        body = make_body(self.domain, {"a": Solid(material.stiffness, NONE, NONE)}, {})
        walls = [n for n in WALLS if n in built.facets]
        held = Equilibrium(body, {wall: Support("clamped") for wall in walls}, {})
        self.x = ufl.SpatialCoordinate(self.domain.mesh)
        self.w = chosen(self.x, kind)
        moved = fem.Function(held.space)
        moved.interpolate(fem.Expression(self.w, compat.interpolation_points(held.space)))
        fixed = held.state == FIXED
        rates = moved.x.array[: len(fixed)]
        held.given[fixed] = end * rates[fixed]
        self.problem = Inelastic(body, held, {"a": material}, KELVIN, {})
        whole, self.free = self.problem.given.duplicate(), self.problem.expansion.createVecRight()
        whole.array[:] = rates
        self.problem.expansion.multTranspose(whole, self.free)  # where Newton's method begins
        self.dx = ufl.dx(self.domain.mesh, metadata={"quadrature_degree": 8})

    def load(self, stress):
        test = ufl.TestFunction(self.problem.space)
        work = ufl.dot(force(stress, self.x, self.kind), test)
        return fem.form(weight(self.domain) * work * self.dx)

    def step(self, load, time, before):
        problem = self.problem
        problem.external = fem_petsc.assemble_vector(load)
        problem.external.ghostUpdate(PETSc.InsertMode.ADD, PETSc.ScatterMode.REVERSE)
        problem.external.scale(self.end / time)  # the program takes its share of it
        problem.unknowns.array[: len(self.free.array_r)] = time * self.free.array_r
        problem.accept(problem.step(time / self.end, time - before))

    def norm(self, integrand):
        form = fem.form(weight(self.domain) * integrand * self.dx)
        return math.sqrt(abs(fem.assemble_scalar(form)))

    def at_points(self, expression):
        compiled = fem.Expression(expression, self.problem.points_of_cell)
        return np.asarray(compiled.eval(self.domain.mesh, self.problem.cells_here))

    def errors(self, stress, pressure):
        goal = self.end * self.w
        off = self.problem.displacement - goal
        wanted = sheared(self.at_points(stress).reshape(-1, 6))
        found = sheared(self.problem.stress_at_points().reshape(-1, 6))
        wrong = 0.0
        if self.problem.mixed:
            p = self.problem.pressures["a"]
            wrong = self.norm((p - pressure) ** 2) / self.norm(pressure**2)
        return Errors(
            self.norm(ufl.dot(off, off)) / self.norm(ufl.dot(goal, goal)),
            float(np.linalg.norm(found - wanted) / np.linalg.norm(wanted)),
            wrong,
            number_of_cells(self.domain) ** (-1.0 / self.domain.mesh.topology.dim),
        )


def flowed(name, kind, size, times, stress_of, tmp_path, mixed):
    """Errors of a law at the last of some times."""
    material = Material(hooke.isotropic(E, NU), NONE, NONE, LAWS[name], mixed)
    driven = Driven(kind, size, material, chosen, float(times[-1]), tmp_path)
    mesh, rates = driven.domain.mesh, strains(driven.w, driven.x, kind)
    e, volume = deviator(rates), rates[XX] + rates[YY] + rates[ZZ]
    shears = e[XY] ** 2 + e[XZ] ** 2 + e[YZ] ** 2
    a = ufl.sqrt(2.0 / 3.0 * (e[XX] ** 2 + e[YY] ** 2 + e[ZZ] ** 2 + 2.0 * shears))
    there = driven.at_points(a)
    low, high = 0.95 * there.min(), 1.05 * there.max()
    assert high > 1.5 * low  # a stress that is the same everywhere would need no force
    nodes = 0.5 * (low + high) + 0.5 * (high - low) * np.cos(np.pi * (np.arange(19) + 0.5) / 19)
    table = np.array([stress_of(name, node, times) / node for node in nodes]).T
    assert name != "plastic" or (table * nodes).min() > 0.7  # yielded all over from the first step
    share = 2.0 * (a - low) / (high - low) - 1.0
    now = fem.Constant(mesh, 0.0)
    weights = fem.Constant(mesh, np.zeros(DEGREE + 1))
    ratio, later = weights[DEGREE], 0.0  # Clenshaw
    for k in range(DEGREE - 1, -1, -1):
        ratio, later = weights[k] + (2.0 if k else 1.0) * share * ratio - later, ratio
    pressure = -BULK * now * volume
    exact = 2.0 / 3.0 * ratio * e - pressure * ufl.as_vector([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
    load, before = driven.load(exact), 0.0
    for row, time in zip(table, times, strict=True):
        fit = Chebyshev.fit(nodes, row, DEGREE, domain=[low, high])
        assert fit(nodes) == pytest.approx(row, rel=5e-6)
        weights.value[:], now.value = fit.coef, time
        driven.step(load, time, before)
        before = time
    return driven.errors(exact, pressure)


@pytest.mark.parametrize(("kind", "mixed"), [("plane", False), ("cylinder", True)])
@pytest.mark.parametrize("name", LAWS)
def test_flow_converges_with_the_third_power_of_the_cells(name, kind, mixed, tmp_path):
    # quadratic displacements: h^3; their stress, and the linear pressure: h^2
    steps = np.array([0.5, 0.75, 1.0]) if name == "plastic" else np.arange(1, 5) / 4
    coarse, fine = (
        flowed(name, kind, size, END[name] * steps, stepped_stress, tmp_path, mixed)
        for size in (0.15, 0.075)
    )
    assert 2.7 < coarse.order(fine, "displacement") < 3.5
    assert 1.7 < coarse.order(fine, "stress") < 2.7
    assert not mixed or 1.8 < coarse.order(fine, "pressure") < 2.2


@pytest.mark.slow
@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("name", LAWS)
def test_flow_converges_with_the_third_power_of_the_cells_in_3d(name, mixed, tmp_path):
    steps = np.array([0.5, 1.0]) if name == "plastic" else np.arange(1, 3) / 2
    coarse, fine = (
        flowed(name, "box", size, END[name] * steps, stepped_stress, tmp_path, mixed)
        for size in (0.25, 0.125)
    )
    assert 2.5 < coarse.order(fine, "displacement") < 3.7
    assert 1.6 < coarse.order(fine, "stress") < 2.8
    assert not mixed or 1.6 < coarse.order(fine, "pressure") < 2.8


@pytest.mark.parametrize("name", ["creep", "viscoplastic"])
def test_flow_converges_with_the_first_power_of_the_steps(name, tmp_path):
    # cells of 0.1 um leave 1e-5 in the displacement and 7e-4 in the stress: less than the steps do
    few, more = (
        flowed(
            name, "plane", 0.1, END[name] * np.arange(1, n + 1) / n, exact_stress, tmp_path, False
        )
        for n in (8, 16)
    )
    for what in ("displacement", "stress"):
        order = math.log2(getattr(few, what) / getattr(more, what))
        assert order == pytest.approx(1.0, abs=0.15)


# --- nearly incompressible ------------------------------------------------------------------------


def isochoric(bulk):
    """Keeps the volume but for what a pressure of the size of the shear stress does to it.

    It keeps it at the walls as well: what is given at their nodes may not squeeze the whole body.
    """

    def of(x, kind):
        up = ufl.sin(math.pi * x[1]) ** 2
        if kind == "box":  # the curl of (0, 0, f): nothing passes through any wall
            f = ufl.sin(math.pi * x[0]) * ufl.sin(math.pi * x[1]) * ufl.exp(x[2])
            small = ufl.as_vector([x[0] * ufl.cos(x[1]), x[0] ** 2 * x[1], x[1] * x[2]])
            return 0.05 * ufl.as_vector([f.dx(1), -f.dx(0), 0.0 * f]) + small / bulk
        if kind == "cylinder":  # stream function of Stokes, r^2 f
            f = (1 - x[0] ** 2) ** 2 * up
            curl = ufl.as_vector([-x[0] * f.dx(1), 2 * f + x[0] * f.dx(0)])
        else:
            f = ufl.sin(math.pi * x[0]) ** 2 * up
            curl = ufl.as_vector([f.dx(1), -f.dx(0)])
        return 0.05 * curl + ufl.as_vector([x[0] * ufl.cos(x[1]), x[0] ** 2 * x[1]]) / bulk

    return of


def squeezed(ratio, kind, size, tmp_path):
    bulk, shear = 1.0 / (3 * (1 - 2 * ratio)), 1.0 / (2 * (1 + ratio))
    material = Material(hooke.isotropic(1.0, ratio), NONE, NONE, None, True)
    driven = Driven(kind, size, material, isochoric(bulk), 1.0, tmp_path)
    eps = strains(driven.w, driven.x, kind)
    pressure = -bulk * (eps[XX] + eps[YY] + eps[ZZ])
    exact = 2.0 * shear * deviator(eps)
    exact -= pressure * ufl.as_vector([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
    driven.step(driven.load(exact), 1.0, 0.0)
    return driven.errors(exact, pressure)


@pytest.mark.parametrize("kind", ["plane", "cylinder", pytest.param("box", marks=pytest.mark.slow)])
def test_mixed_solids_converge_alike_however_little_they_are_compressed(kind, tmp_path):
    # Taylor and Hood: h^3, h^2, with constants that do not know the bulk modulus
    found = {}
    for ratio in (0.49, 0.49999):
        sizes = (0.25, 0.125) if kind == "box" else (0.2, 0.1)
        coarse, fine = (squeezed(ratio, kind, size, tmp_path) for size in sizes)
        assert 2.7 < coarse.order(fine, "displacement") < 3.6
        assert 1.7 < coarse.order(fine, "stress") < 2.5
        assert 1.7 < coarse.order(fine, "pressure") < 2.7
        found[ratio] = fine
    for what in ("stress", "pressure"):
        one, other = (getattr(fine, what) for fine in found.values())
        assert other == pytest.approx(one, rel=0.05)
