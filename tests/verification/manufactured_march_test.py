"""Charge, salt, reactions, growth and elastic bodies in one march, against chosen solutions.

Every field is chosen; what the equations as they are written in docs/model.md (strong form, own
signs) leave of it is given back as a source. Nothing but the places of rows is taken from the code.
Working units: um, V, s, pA, fmol, MPa.
"""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import ufl
from dolfinx import fem
from dolfinx.fem import petsc as fem_petsc
from mpi4py import MPI

from solver import compat
from solver.domain import facet_entities, facet_measure, refine_cells
from solver.march import march, moment_of
from solver.march_history import REMEMBERED, History, Replay
from solver.march_schema import Step
from solver.march_states import Marched, Snapshot
from tests.verification.march_example import (
    HELD,
    case_of,
    driven,
    galvanostatic,
    reacts,
    system_of,
    text,
)

SELF = MPI.COMM_SELF
F = 96.48533212331  # pC/fmol
THERMAL = 8.31446261815324e-3 * 298.15 / F  # V
WIDTH, HEIGHT = 2.0, 4.0  # um, of what is meshed
EPS, C0 = 0.4, 1.0  # porosity; fmol/um^3
# per face: i0 (pA/um^2), alpha, capacitance (pC/(V um^2)), film (V um^2/pA)
FACES = {"bottom": (20.0, 0.35, 0.3, 5e-4), "top": (50.0, 0.6, 0.1, 2e-3)}
VOLUME, PORES = 12.998e-3, 0.2  # um^3/fmol of lithium at the lower face; of its deposit
MODULI = {"s": (22.1, 0.37), "w": (7.82, 0.3)}  # MPa, of electrolyte and lithium
SPRING, DRIVE = 0.05, 30.0  # MPa/um; pA/um^2 through the upper face


def properties(c):
    """D (um^2/s), t, kappa (pA/(V um)), X of the salt concentration: straight lines."""
    return 1.0 + 0.6 * c, 0.25 + 0.1 * c, 2e4 + 1e4 * c, 1.5 - 0.2 * c


def table(key, unit, values):
    ends = ", ".join(f'"{value!r}{unit}"' if unit else f"{value!r}" for value in values)
    return f'{key} = {{ concentrations = ["0.1 mol/m^3", "2000 mol/m^3"], values = [{ends}] }}\n'


def content(mechanics):
    """A porous electrolyte between two faces with films and double layers; the lower one grows."""
    low, high = properties(1e-4), properties(2.0)
    law = f'law = "binary_electrolyte"\nconcentration = "1000 mol/m^3"\nporosity = {EPS}\n'
    law += table("diffusivity", " m^2/s", (low[0] * 1e-12, high[0] * 1e-12))
    law += table("transference_number", "", (low[1], high[1]))
    law += table("conductivity", " S/m", (low[2] * 1e-6, high[2] * 1e-6))
    law += table("thermodynamic_factor", "", (low[3], high[3]))
    films = {n: f'area_specific_resistance = "{f[3] * 1e4!r} ohm cm^2"\n' for n, f in FACES.items()}
    parts = [HELD + films["bottom"], driven(DRIVE / 10.0, films["top"])]
    for name, (i0, alpha, double, _) in FACES.items():
        more = f'transfer_coefficient = {alpha}\ncapacitance = "{double * 100.0!r} uF/cm^2"\n'
        more += 'molar_volume = "12.998 cm^3/mol"'
        parts.append(reacts(name, i0 / 10.0, more=more))
    parts.append('[boundaries.bottom.plating]\nporosity = 0.2\nmolar_volume = "12.998 cm^3/mol"\n')
    if mechanics:
        named = {"electrolyte": MODULI["s"], "lithium": MODULI["w"]}
        keys = "".join(
            f'{n}_modulus = "{e} MPa"\n{n}_poissons_ratio = {nu}\n' for n, (e, nu) in named.items()
        )
        spring = f'stack_stiffness = "{SPRING} MPa/um"\n'
        parts.append(f"[boundaries.bottom.plating.backing]\n{keys}{spring}")
    parts.append(galvanostatic(DRIVE / 10.0, 4.0))
    layers = [("electrolyte", HEIGHT, law)]
    return text(law, *parts, layers=layers, width=f"{2 * WIDTH} um", size="2 um", edge="2 um")


def waves(x, t):
    """Fields that are smooth in space; all change in time."""
    k, q = math.pi / WIDTH, math.pi / HEIGHT
    a, b = ufl.cos(0.7 * t), ufl.exp(-0.4 * t)
    return {
        "u": 1.0 + 0.3 * a * ufl.cos(k * x[0]) * ufl.cos(q * x[1]) - 0.2 * b * ufl.sin(q * x[1]),
        "phi_0": 0.05 * b * ufl.cos(k * x[0] + 0.3) * ufl.exp(0.2 * x[1]) + 0.03 * a * x[1],
        "z_bottom": -0.8 + 0.3 * a * ufl.cos(k * x[0]) - 0.2 * b * ufl.sin(x[0]),
        "z_top": 0.4 + 0.2 * b * ufl.cos(k * x[0]),
        "h_bottom": 0.1 * a * ufl.cos(k * x[0]) + 0.05 * b,
        "p_bottom": 0.02 * b * ufl.cos(k * x[0]) + 0.01 * a,
        "s_0": 0.03 * a * ufl.sin(k * x[0]) * ufl.cos(x[1]),
        "s_1": 0.02 * b * ufl.cos(k * x[0]) * ufl.sin(0.8 * x[1] + 0.2),
        "w_0": -0.02 * b * ufl.sin(k * x[0]) * ufl.exp(-0.3 * x[1]),
        "w_1": 0.03 * a * ufl.cos(k * x[0]) * ufl.cos(0.5 * x[1]),
    }, 0.08 + 0.05 * b * a


def parabolas(x, t):
    """Fields that quadratic elements hold exactly: what is left is the error in time."""
    a, b = ufl.cos(0.7 * t), ufl.exp(-0.4 * t)
    return {
        "u": 1.0 + 0.1 * a * (x[0] - 0.5 * x[1]) + 0.05 * b * x[0] * x[1],
        "phi_0": 0.02 * b * x[0] * (x[0] - x[1]) + 0.03 * a * x[1],
        "z_bottom": -0.8 + 0.3 * a * x[0] - 0.1 * b * x[0] ** 2,
        "z_top": 0.4 + 0.2 * b * x[0],
        "h_bottom": 0.1 * a * x[0] ** 2 + 0.05 * b,
        "p_bottom": 0.02 * b * x[0] + 0.01 * a,
        "s_0": 0.03 * a * x[0] * (WIDTH - x[0]),
        "s_1": 0.02 * b * (x[0] + 0.3 * x[1] ** 2),
        "w_0": -0.02 * b * x[0] * (WIDTH - x[0]),
        "w_1": 0.03 * a * (x[1] - 0.2 * x[0] * x[1]),
    }, 0.08 + 0.05 * b * a


class Chosen:
    """A system whose solution is the chosen one."""

    def __init__(self, system, fields):
        self.system, self.now = system, fem.Constant(system.domain.mesh, 0.0)
        self.t = ufl.variable(self.now)
        place = ufl.SpatialCoordinate(system.domain.mesh)
        chosen, self.potential = fields(place, self.t)
        self.fields = {f.name: chosen[f.name] for f in system.fields}
        self.forms = {row.name: fem.form(form) for row, form in self._left()}
        self.through = fem.form(self.flow["top"] * self.face["top"])
        self.loaded = None
        residual = system.residual

        def with_sources(x, rate, out):
            residual(x, rate, out)
            out.array[:] -= self.load()

        system.residual = with_sources

    def rate(self, expression):
        return ufl.diff(expression, self.t)

    def _left(self):
        """What the equations in their strong form leave of the chosen fields, row by row."""
        domain = self.system.domain
        n, v = ufl.FacetNormal(domain.mesh), self.system.test
        dx = ufl.dx(domain=domain.mesh, degree=10)
        both = facet_measure(
            domain, {i: facet_entities(domain, name) for i, name in enumerate(FACES)}
        )
        degree = {"quadrature_degree": 10}
        self.face = {name: both(i, metadata=degree) for i, name in enumerate(FACES)}
        ds = both(metadata=degree)  # of all sides
        get = self.fields.get
        u, phi = get("u"), get("phi_0")
        d, t, kappa, factor = properties(C0 * u)
        i = -kappa * ufl.grad(phi) + 2 * THERMAL * kappa * (1 - t) * factor * ufl.grad(u) / u
        anion = -F * d * C0 * ufl.grad(u) - (1 - t) * i
        self.flow, faradaic, drops = {}, {}, {}
        for name, (i0, alpha, double, film) in FACES.items():
            z = get(f"z_{name}")
            eta = 2 * THERMAL * ufl.ln(z + ufl.sqrt(1 + z**2))
            there = eta / THERMAL
            faradaic[name] = i0 * (ufl.exp(alpha * there) - ufl.exp((alpha - 1) * there))
            self.flow[name] = faradaic[name] + double * self.rate(eta)
            held = self.potential if name == "top" else 0.0
            drops[name] = held - phi - eta - film * self.flow[name]
        charge = -ufl.inner(i, n) * v * ds + ufl.div(i) * v * dx
        charge -= sum(self.flow[name] * v * self.face[name] for name in FACES)
        salt = (EPS * F * C0 * self.rate(u) + ufl.div(anion)) * v * dx
        found = {"phi_0": charge, "u": salt - ufl.inner(anion, n) * v * ds}
        if "p_bottom" in self.fields:
            drops["bottom"] += VOLUME * MODULI["s"][0] * get("p_bottom") / F
            found |= self._bodies(n, v, dx, ds)
        for name, drop in drops.items():
            found[f"z_{name}"] = self.system.conductance * drop * v * self.face[name]
        grown = F * (1 - PORES) / VOLUME * self.rate(get("h_bottom")) + faradaic["bottom"]
        found["h_bottom"] = grown * v * self.face["bottom"]
        rows = {row.name: row for row in self.system.rows}
        return [(rows[name], form) for name, form in found.items()]

    def _bodies(self, n, v, dx, ds):
        """Equilibrium of both bodies, over the modulus of the electrolyte, and their misfit."""
        size = self.system.scale / max(self.system.area.values())
        ends = ufl.conditional(ufl.gt(n[1], 0.5), 1.0, 0.0)  # the face grows at y = 0
        unit, found = MODULI["s"][0], {}
        p, gap = self.fields["p_bottom"], self.fields["h_bottom"]
        for body, (modulus, nu) in MODULI.items():
            move = ufl.as_vector([self.fields[f"{body}_{i}"] for i in range(2)])
            strain = ufl.sym(ufl.grad(move))
            stress = (
                modulus / (1 + nu) * (strain + nu / (1 - 2 * nu) * ufl.tr(strain) * ufl.Identity(2))
            )
            traction, outward = ufl.dot(stress / unit, n), ufl.inner(move, n)
            gap = gap + outward
            for i in range(2):
                left = -ufl.div(stress / unit)[i] * v * dx + traction[i] * v * ds
                left += p * n[i] * v * self.face["bottom"]
                left += 2 * SPRING / unit * outward * n[i] * ends * v * ds
                found[f"inner {body}_{i}"] = size * left
        found["p_bottom"] = size * gap * v * self.face["bottom"]
        return found

    def _terminal(self, name):
        return next(c.terminal for c in self.system.model.contacts if c.name == name)

    def load(self):
        """The sources at the present time."""
        time = float(self.now.value)
        if self.loaded is None or self.loaded[0] != time:
            values = np.zeros(self.system.local)
            for row in self.system.rows:
                if row.name in self.forms:
                    whole = fem_petsc.assemble_vector(self.forms[row.name])
                    np.add.at(values, row.unknowns, whole.array_r[row.nodes])
            place = self.system.first_scalar + self._terminal("top")
            held = self.system.held[self._terminal("top")].current
            values[place] = fem.assemble_scalar(self.through) - held
            self.loaded = time, values
        return self.loaded[1]

    def state(self, time):
        """The chosen fields at the nodes."""
        self.now.value = time
        x = self.system.vector()
        points = compat.interpolation_points(self.system.space)
        for field in self.system.fields:
            there = fem.Function(self.system.space)
            there.interpolate(fem.Expression(self.fields[field.name], points))
            x.array[field.unknowns] = there.x.array[field.nodes]
        first = self.system.first_scalar
        one = fem.Constant(self.system.domain.mesh, 1.0)
        area = fem.assemble_scalar(fem.form(one * self.face["top"]))
        value = fem.form(self.potential * self.face["top"])
        x.array[first + self._terminal("top")] = fem.assemble_scalar(value) / area
        return x

    def errors(self, x, time):
        """L2 norm of the error of every field, and that of the potential of the upper electrode."""
        exact = self.state(time)
        self.system.put(x)
        found = {}
        dx = ufl.dx(domain=self.system.domain.mesh, degree=8)
        for field in self.system.fields:
            name = field.name
            measure = self.face["top" if name == "z_top" else "bottom"]
            over = measure if name[:2] in ("z_", "h_", "p_") else dx
            square = fem.form((field.value - self.fields[name]) ** 2 * over)
            found[name] = math.sqrt(fem.assemble_scalar(square))
        place = self.system.first_scalar + self._terminal("top")
        found["E"] = abs(x.array_r[place] - exact.array_r[place])
        return found


def chosen_on(folder, fields, passes, mechanics):
    """The problem on a mesh that was made finer so many times."""

    def finer(domain):
        for _ in range(passes):
            cells = np.arange(domain.mesh.topology.index_map(2).size_local, dtype=np.int32)
            domain = refine_cells(domain, cells)
        return domain

    return Chosen(system_of(case_of(folder, content(mechanics)), SELF, finer), fields)


def errors_after(chosen, monkeypatch, end, steps, order, known=1):
    """Errors at the end of steps of one length.

    With more than one known state the chosen fields are given at so many times up to 0, so that no
    start of low order counts.
    """
    system, length = chosen.system, end / steps

    class Sourced(Replay):
        def residual(self, time, x, rate, out):
            chosen.now.value = time
            super().residual(time, x, rate, out)

    monkeypatch.setattr("solver.march.Replay", Sourced)
    system.start()
    times = tuple(length * k for k in range(1 - known, 1))
    states = tuple(chosen.state(time) for time in times)
    step = Step("galvanostatic", end - times[0], DRIVE)
    system.programme = replace(system.programme, steps=(step,))
    system.hold_salt(states[0])
    fixed = {"ts_adapt_type": "none", "ts_dt": f"{length!r}", "ts_bdf_order": f"{order}"}
    before = Marched([moment_of(system, states[0], times[0], 0, 0)])
    kept = Snapshot(before, 0, 0, History(times, states), length, int(known > 1), system)
    found = march(system, fixed, lambda _: None, kept=kept)
    assert len(found.moments) == steps + (2 if known == 1 else 1)
    return chosen.errors(found.x, end)


def rates(errors, factor):
    """Observed orders of all fields, the least over the pairs."""
    pairs = list(pairwise(errors))
    return {
        name: min(math.log(one[name] / other[name]) / math.log(factor) for one, other in pairs)
        for name in errors[0]
    }


SLOW = pytest.param(True, marks=pytest.mark.slow)


@pytest.mark.parametrize("mechanics", [False, SLOW])
def test_all_fields_converge_in_space(tmp_path, monkeypatch, mechanics):
    # quadratic elements: 3 in L2; a pressure on a face, like the stress beside it, 2
    errors = [
        errors_after(chosen_on(tmp_path, waves, passes, mechanics), monkeypatch, 0.01, 8, 3)
        for passes in ((1, 2, 3) if mechanics else (1, 2))
    ]
    observed = rates(errors, 2.0)
    assert observed.pop("p_bottom", 2.0) > 1.9
    assert min(observed.values()) > 2.8, observed
    assert errors[-1]["u"] < 2e-3


@pytest.mark.parametrize("mechanics", [False, SLOW])
def test_all_fields_converge_in_time(tmp_path, monkeypatch, mechanics):
    # order 2 from rest, and order 3 from states that are known: elements hold the fields exactly
    chosen = chosen_on(tmp_path, parabolas, 0, mechanics)
    for order, known in ((2, 1), (3, REMEMBERED)):
        errors = [errors_after(chosen, monkeypatch, 1.0, n, order, known) for n in (10, 20, 40)]
        observed = rates(errors, 2.0)
        assert min(observed.values()) > order - 0.2, (order, observed)
        assert errors[-1]["u"] < (1e-5 if order == 2 else 1e-6)
