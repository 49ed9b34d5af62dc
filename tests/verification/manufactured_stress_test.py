"""Lithium in an alloy, stress, reactions and a plate on a spring in one march: chosen solutions.

As in `manufactured_march_test`: what the equations of docs/model.md (own signs, weak form where an
interface is) leave of chosen fields is given back as a source. Working units.
"""

import math

import numpy as np
import pytest
import ufl
from dolfinx import fem
from dolfinx.fem import petsc as fem_petsc
from mpi4py import MPI

from solver import compat
from solver.domain import facet_entities, facet_measure, facets_of, refine_cells
from solver.march_history import REMEMBERED
from tests.verification.manufactured_march_test import DRIVE, errors_after, rates
from tests.verification.march_example import (
    HELD,
    SOLID,
    case_of,
    driven,
    galvanostatic,
    reacts,
    system_of,
)
from tests.verification.march_stress_test import content, plate, solid

SELF = MPI.COMM_SELF
F = 96.48533212331  # pC/fmol
THERMAL = 8.31446261815324e-3 * 298.15 / F  # V
SITES, OMEGA, START, KAPPA = 50.0, 1e-2, 0.3, 1e4
VOLUME = 12.998e-3
MODULI = {"electrolyte": (20e3, 0.25), "foil": (5e3, 0.3)}
PRESSURE, SPRING = 3.0, 40.0
FACES = {"bottom": (200.0, 0.35, 0.3, 5e-4), "top": (500.0, 0.6, 0.1, 2e-3)}


def case_text():
    table = '{ fractions = [0, 1], values = ["1e-12 m^2/s", "3e-12 m^2/s"], source = "" }'
    foil = (
        f'law = "alloy"\nfraction = {START}\nsite_concentration = "50000 mol/m^3"\n'
        f'diffusivity = {table}\npartial_molar_volume = "10 cm^3/mol"\n'
    )
    films = {n: f'area_specific_resistance = "{f[3] * 1e4!r} ohm cm^2"\n' for n, f in FACES.items()}
    parts = [HELD + films["bottom"], driven(DRIVE / 10.0, films["top"])]
    for name, (i0, alpha, double, _) in FACES.items():
        more = f'transfer_coefficient = {alpha}\ncapacitance = "{double * 100.0!r} uF/cm^2"\n'
        parts.append(reacts(name, i0 / 10.0, more=more + 'molar_volume = "12.998 cm^3/mol"'))
    parts.append('[boundaries.bottom.plating]\nmolar_volume = "12.998 cm^3/mol"\n')
    parts.append(galvanostatic(DRIVE / 10.0, 4.0))
    solids = {name: solid(e / 1e3, nu) for name, (e, nu) in MODULI.items()}
    sides = {name: 'law = "symmetry"' for name in ("left", "bottom")}
    faces = {**sides, "top": plate(f"{PRESSURE} MPa", SPRING)}
    layers = [("electrolyte", 2.0, SOLID), ("foil", 2.0, foil)]
    return content(layers, solids, faces, *parts, width=2.0, size=2.0)


def waves(x, t):
    a, b = ufl.cos(0.7 * t), ufl.exp(-0.4 * t)
    return (
        {
            "x": 0.35
            + 0.1 * a * ufl.cos(1.5 * x[0]) * ufl.cos(0.8 * x[1])
            - 0.05 * b * ufl.sin(x[1]),
            "phi_0": 0.05 * b * ufl.cos(1.4 * x[0] + 0.3) * ufl.exp(0.2 * x[1]) + 0.03 * a * x[1],
            "z_bottom": -0.8 + 0.3 * a * ufl.cos(x[0]) - 0.2 * b * ufl.sin(x[0]),
            "z_top": 0.4 + 0.2 * b * ufl.cos(1.3 * x[0]),
            "h_bottom": 0.01 * a * ufl.cos(1.2 * x[0]) + 0.005 * b,
            "q_0": 0.03 * a * ufl.sin(1.6 * x[0]) * ufl.cos(x[1]),
            "q_1": 0.02 * b * ufl.cos(1.6 * x[0]) * ufl.sin(0.8 * x[1] + 0.2),
        },
        0.08 + 0.05 * b * a,
        0.01 * a + 0.02 * b,
    )


def parabolas(x, t):
    a, b = ufl.cos(0.7 * t), ufl.exp(-0.4 * t)
    return (
        {
            "x": 0.35 + 0.05 * a * (x[0] - 0.5 * x[1]) + 0.02 * b * x[0] * x[1],
            "phi_0": 0.02 * b * x[0] * (x[0] - x[1]) + 0.03 * a * x[1],
            "z_bottom": -0.8 + 0.3 * a * x[0] - 0.1 * b * x[0] ** 2,
            "z_top": 0.4 + 0.2 * b * x[0],
            "h_bottom": 0.01 * a * x[0] ** 2 + 0.005 * b,
            "q_0": 0.01 * a * x[0] * (2.5 - x[1]),
            "q_1": 0.01 * b * (x[0] + 0.3 * x[1] ** 2),
        },
        0.08 + 0.05 * b * a,
        0.01 * a + 0.02 * b,
    )


class Chosen:
    """A system whose solution is the chosen one."""

    def __init__(self, system, fields):
        self.system, self.now = system, fem.Constant(system.domain.mesh, 0.0)
        self.t = ufl.variable(self.now)
        self.place = ufl.variable(ufl.SpatialCoordinate(system.domain.mesh))
        self.fields, self.potential, self.way = fields(self.place, self.t)
        self.forms = {name: fem.form(form) for name, form in self._left().items()}
        self.through = fem.form(self.flow["top"] * self.face["top"])
        top = fem.form(fem.Constant(system.domain.mesh, 1.0) * self.plate)
        self.width = fem.assemble_scalar(top)
        self.over = fem.form(self.way * self.plate)
        self.loaded = None
        residual = system.residual

        def with_sources(x, rate, out):
            residual(x, rate, out)
            out.array[:] -= self.load()

        system.residual = with_sources

    def rate(self, expression):
        return ufl.diff(expression, self.t)

    def stress(self, region):
        """Stress in the section, and a third of its trace: plane strain."""
        modulus, nu = MODULI[region]
        slopes = [ufl.diff(self.fields[f"q_{i}"], self.place) for i in range(2)]
        shear, lame = modulus / (2 * (1 + nu)), modulus * nu / ((1 + nu) * (1 - 2 * nu))
        swell = OMEGA * SITES * (self.fields["x"] - START) / 3 if region == "foil" else 0.0
        strain = ufl.sym(ufl.as_matrix([[slope[0], slope[1]] for slope in slopes]))
        pressure = lame * ufl.tr(strain) - (3 * lame + 2 * shear) * swell
        inside = 2 * shear * strain + pressure * ufl.Identity(2)
        return inside, (ufl.tr(inside) + pressure) / 3

    def _left(self):
        system, domain = self.system, self.system.domain
        n, v = ufl.FacetNormal(domain.mesh), system.test
        tags = domain.built.regions
        dx = ufl.Measure(
            "dx", domain=domain.mesh, subdomain_data=domain.cell_tags,
            metadata={"quadrature_degree": 10},
        )  # fmt: skip
        dx = {name: dx(tag) for name, tag in tags.items()}
        names = {0: ("bottom",), 1: ("electrolyte|foil", ["electrolyte"]), 2: ("top",),
                 3: ("left",)}  # fmt: skip
        ds = facet_measure(domain, {i: facet_entities(domain, *args) for i, args in names.items()})
        ds = [ds(i, metadata={"quadrature_degree": 10}) for i in names]
        self.face, self.plate = {"bottom": ds[0], "top": ds[1]}, ds[2]
        get = self.fields
        below, (above, pressed) = self.stress("electrolyte")[0], self.stress("foil")
        self.fields["t_0"] = pressed / system.stress.unit
        self.flow, faradaic, drops = {}, {}, {}
        shift = {
            "bottom": VOLUME / F * ufl.inner(n, ufl.dot(below, n)),
            "top": -THERMAL * ufl.ln(get["x"]) + OMEGA / F * pressed,
        }
        for name, (i0, alpha, double, film) in FACES.items():
            z = get[f"z_{name}"]
            eta = 2 * THERMAL * ufl.ln(z + ufl.sqrt(1 + z**2))
            there = eta / THERMAL
            faradaic[name] = i0 * (ufl.exp(alpha * there) - ufl.exp((alpha - 1) * there))
            self.flow[name] = faradaic[name] + double * self.rate(eta)
            held = self.potential if name == "top" else 0.0
            drops[name] = held - get["phi_0"] - shift[name] - eta - film * self.flow[name]
        charge = KAPPA * ufl.inner(ufl.grad(get["phi_0"]), ufl.grad(v)) * dx["electrolyte"]
        charge -= sum(self.flow[name] * v * self.face[name] for name in FACES)
        x = get["x"]
        drift = ufl.grad(x) - x * OMEGA / (F * THERMAL) * ufl.grad(pressed)
        lithium = F * SITES * self.rate(x) * v + F * SITES * (1 + 2 * x) * ufl.inner(
            drift, ufl.grad(v)
        )
        found = {"phi_0": charge, "x": lithium * dx["foil"] + faradaic["top"] * v * ds[1]}
        for name, drop in drops.items():
            found[f"z_{name}"] = system.conductance * drop * v * self.face[name]
        grown = F / VOLUME * self.rate(get["h_bottom"]) + faradaic["bottom"]
        found["h_bottom"] = grown * v * ds[0]
        size = system.scale / max(system.area.values())
        for i in range(2):
            work = sum(
                ufl.inner(s[i, :], ufl.grad(v)) * dx[name]
                for s, name in ((below, "electrolyte"), (above, "foil"))
            )
            found[f"inner q_{i}"] = size / system.stress.unit * work
        found["q_0"] = size * get["q_0"] * v * ds[3]
        found["q_1"] = size * (
            (get["q_1"] - get["h_bottom"]) * v * ds[0] + (get["q_1"] - self.way) * v * ds[2]
        )
        return found

    def _terminal(self, name):
        return next(c.terminal for c in self.system.model.contacts if c.name == name)

    def load(self):
        """The sources at the present time."""
        time, system = float(self.now.value), self.system
        if self.loaded is None or self.loaded[0] != time:
            values = np.zeros(system.local)
            for row in system.rows:
                if row.name not in self.forms:
                    continue  # no salt; the projection of what a field is
                whole = fem_petsc.assemble_vector(self.forms[row.name])
                np.add.at(values, row.unknowns, whole.array_r[row.nodes])
                if row.name == "inner q_1":
                    facets = facets_of(system.domain, facet_entities(system.domain, "top"))
                    pull = whole.array_r[fem.locate_dofs_topological(system.space, 1, facets)].sum()
            place = system.first_scalar + self._terminal("top")
            held = system.held[self._terminal("top")].current
            values[place] = fem.assemble_scalar(self.through) - held
            way = fem.assemble_scalar(self.over) / self.width
            size = system.scale / max(system.area.values()) / system.stress.unit
            values[-1] = pull + size * self.width * (PRESSURE + SPRING * way)
            self.loaded = time, values
        return self.loaded[1]

    def state(self, time):
        """The chosen fields at the nodes."""
        self.now.value = time
        x = self.system.vector()
        points = compat.interpolation_points(self.system.space)
        for field in self.system.fields:
            if field.name != "u":
                there = fem.Function(self.system.space)
                there.interpolate(fem.Expression(self.fields[field.name], points))
                x.array[field.unknowns] = there.x.array[field.nodes]
        value = fem.assemble_scalar(fem.form(self.potential * self.plate)) / self.width
        x.array[self.system.first_scalar + self._terminal("top")] = value
        x.array[-1] = fem.assemble_scalar(self.over) / self.width
        return x

    def errors(self, x, time):
        """L2 norm of the error of every field; upper electrode's potential, way of the plate."""
        exact = self.state(time)
        self.system.put(x)
        found = {}
        data = self.system.domain.cell_tags
        dx = ufl.Measure("dx", domain=self.system.domain.mesh, subdomain_data=data)
        tags = self.system.domain.built.regions
        parts = {"phi_0": "electrolyte", "x": "foil", "t_0": "foil"}
        for field in self.system.fields:
            name = field.name
            if name == "u":
                continue
            over = self.face["top" if name == "z_top" else "bottom"]
            if name[:2] not in ("z_", "h_"):
                here = tags[parts[name]] if name in parts else tuple(tags.values())
                over = dx(here, metadata={"quadrature_degree": 8})
            square = fem.form((field.value - self.fields[name]) ** 2 * over)
            found[name] = math.sqrt(fem.assemble_scalar(square))
        place = self.system.first_scalar + self._terminal("top")
        found["E"] = abs(x.array_r[place] - exact.array_r[place])
        found["U"] = abs(x.array_r[-1] - exact.array_r[-1])
        return found


def chosen_on(folder, fields, passes):
    def finer(domain):
        for _ in range(passes):
            cells = np.arange(domain.mesh.topology.index_map(2).size_local, dtype=np.int32)
            domain = refine_cells(domain, cells)
        return domain

    return Chosen(system_of(case_of(folder, case_text()), SELF, finer), fields)


@pytest.mark.slow
def test_all_fields_converge_in_space(tmp_path, monkeypatch):
    # 3 in L2 of displacement and potential; stress 2, and what it drives: the fraction, reactions
    errors = [
        errors_after(chosen_on(tmp_path, waves, passes), monkeypatch, 0.01, 8, 3)
        for passes in (2, 3)
    ]
    observed = rates(errors, 2.0)
    for name in ("q_0", "q_1", "phi_0", "U"):
        assert observed.pop(name) > 2.8, (name, observed)
    assert min(observed.values()) > 1.9, observed
    assert errors[-1]["x"] < 5e-4


@pytest.mark.slow
def test_all_fields_converge_in_time(tmp_path, monkeypatch):
    # order 2 from one state, order 3 from states that are known: elements hold the fields exactly
    chosen = chosen_on(tmp_path, parabolas, 0)
    for order, known in ((2, 1), (3, REMEMBERED)):
        errors = [errors_after(chosen, monkeypatch, 1.0, n, order, known) for n in (10, 20, 40)]
        observed = rates(errors, 2.0)
        assert min(observed.values()) > order - 0.2, (order, observed)
        assert errors[-1]["x"] < (1e-5 if order == 2 else 1e-7)
