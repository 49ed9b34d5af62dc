"""A face that moves, with current, reactions and double layers, against chosen solutions.

All is written on the body of the start: with F = 1 + grad d, J = det F and n the normal there, the
current through a face of the start is J F^-1 i, i = -kappa F^-T grad(phi), and areas grow by
|J F^-T n|. What the strong form of charge and of both kinds of growth leave of the chosen fields is
given back as a source; the displacement inside is any, so there the source is that of its weak form
(the stiffness of cells differs from one to the next). On the boundary d is what it must be.
"""

import math

import pytest
import ufl
from dolfinx import fem

from solver.domain import cell_volumes, facet_entities, facet_measure, number_of_cells
from solver.march_history import REMEMBERED
from tests.verification.manufactured_march_test import (
    DRIVE,
    FACES,
    HEIGHT,
    PORES,
    THERMAL,
    VOLUME,
    WIDTH,
    Chosen,
    F,
    chosen_on,
    errors_after,
    rates,
)
from tests.verification.march_example import HELD, SOLID, driven, galvanostatic, reacts, text

KAPPA = 1e4  # pA/(V um), of SOLID


def content(_):
    films = {n: f'area_specific_resistance = "{f[3] * 1e4!r} ohm cm^2"\n' for n, f in FACES.items()}
    parts = [HELD + films["bottom"], driven(DRIVE / 10.0, films["top"])]
    for name, (i0, alpha, double, _) in FACES.items():
        more = f'transfer_coefficient = {alpha}\ncapacitance = "{double * 100.0!r} uF/cm^2"'
        parts.append(reacts(name, i0 / 10.0, more=more))
    grows = 'porosity = 0.2\nmolar_volume = "12.998 cm^3/mol"\nmoves = true\n'
    parts += [f"[boundaries.bottom.plating]\n{grows}", galvanostatic(DRIVE / 10.0, 4.0)]
    layers = [("electrolyte", HEIGHT, SOLID)]
    return text(SOLID, *parts, layers=layers, width=f"{2 * WIDTH} um", size="2 um", edge="2 um")


def fields(x, t):
    """The lower face is a wave that rises; cells are sheared and stretched beside it."""
    k = math.pi / WIDTH
    a, b = ufl.cos(0.7 * t), ufl.exp(-0.4 * t)
    way = 0.25 * a * ufl.cos(k * x[0]) + 0.2 * b
    return {
        "u": x[0],  # on no node
        "phi_0": 0.05 * b * ufl.cos(k * x[0] + 0.3) * ufl.exp(0.2 * x[1]) + 0.03 * a * x[1],
        "z_bottom": -0.8 + 0.3 * a * ufl.cos(k * x[0]) - 0.2 * b * ufl.sin(x[0]),
        "z_top": 0.4 + 0.2 * b * ufl.cos(k * x[0]),
        "h_bottom": 0.1 * a * ufl.cos(k * x[0]) + 0.05 * b,
        "g_bottom": way,
        "d_0": 0.3 * b * ufl.sin(k * x[0]) * (1 - x[1] / HEIGHT) * ufl.cos(0.5 * x[1]),
        "d_1": way * (1 - x[1] / HEIGHT) * (1 + 0.2 * ufl.sin(x[1])),
    }, 0.08 + 0.05 * b * a


class Moving(Chosen):
    """A system with a face that moves, whose solution is the chosen one."""

    def _left(self):
        domain, get = self.system.domain, self.fields.get
        n, v = ufl.FacetNormal(domain.mesh), self.system.test
        degree = {"quadrature_degree": 10}
        dx = ufl.dx(domain=domain.mesh, degree=10)
        ids = {i: facet_entities(domain, name) for i, name in enumerate(FACES)}
        both = facet_measure(domain, ids)
        self.face = {name: both(i, metadata=degree) for i, name in enumerate(FACES)}
        moved = ufl.as_vector([get("d_0"), get("d_1")])
        stretch = ufl.Identity(2) + ufl.grad(moved)
        back, size = ufl.inv(stretch), ufl.det(stretch)
        through = -KAPPA * size * ufl.dot(back, ufl.dot(back.T, ufl.grad(get("phi_0"))))
        turned = size * ufl.dot(back.T, n)
        area, shadow = ufl.sqrt(ufl.inner(turned, turned)), ufl.inner(turned, n)
        charge = ufl.div(through) * v * dx - ufl.inner(through, n) * v * both(metadata=degree)
        self.flow, found = {}, {}
        per_volume = F * (1 - PORES) / VOLUME
        for name, (i0, alpha, double, film) in FACES.items():
            z = get(f"z_{name}")
            eta = 2 * THERMAL * ufl.ln(z + ufl.sqrt(1 + z**2))
            there = eta / THERMAL
            faradaic = i0 * (ufl.exp(alpha * there) - ufl.exp((alpha - 1) * there))
            flow = faradaic + double * self.rate(eta)
            self.flow[name] = area * flow
            ds = self.face[name]
            charge -= area * flow * v * ds
            held = self.potential if name == "top" else 0.0
            drop = held - get("phi_0") - eta - film * flow
            found[f"z_{name}"] = self.system.conductance * drop * v * ds
            if name == "bottom":
                deposit = per_volume * self.rate(get("h_bottom")) + area * faradaic
                swept = per_volume * shadow * self.rate(get("g_bottom")) + area * faradaic
                found["h_bottom"], found["g_bottom"] = deposit * v * ds, swept * v * ds
        found["phi_0"] = charge
        unit = self.system.scale / max(self.system.area.values())
        mean = float(cell_volumes(domain).sum()) / number_of_cells(domain)
        stiff = unit * mean / ufl.CellVolume(domain.mesh)
        for i in range(2):
            inner = ufl.inner(ufl.grad(get(f"d_{i}")), ufl.grad(v))
            found[f"inner d_{i}"] = stiff * inner * dx
        rows = {row.name: row for row in self.system.rows}
        return [(rows[name], form) for name, form in found.items()]

    def errors(self, x, time):
        exact = self.state(time)
        self.system.put(x)
        dx = ufl.dx(domain=self.system.domain.mesh, degree=8)
        found = {}
        for field in self.system.fields:
            name = field.name
            on_face = name[:2] in ("z_", "h_", "g_")
            over = self.face["top" if name == "z_top" else "bottom"] if on_face else dx
            if name != "u":
                square = fem.form((field.value - self.fields[name]) ** 2 * over)
                found[name] = math.sqrt(fem.assemble_scalar(square))
        place = self.system.first_scalar + self._terminal("top")
        found["E"] = abs(x.array_r[place] - exact.array_r[place])
        return found


@pytest.fixture
def moving(monkeypatch):
    module = "tests.verification.manufactured_march_test"
    monkeypatch.setattr(f"{module}.content", content)
    monkeypatch.setattr(f"{module}.Chosen", Moving)


@pytest.mark.slow
def test_a_face_that_moves_converges_in_space(tmp_path, monkeypatch, moving):
    # quadratic elements and a quadratic mapping: 3 in L2
    errors = [
        errors_after(chosen_on(tmp_path, fields, n, False), monkeypatch, 0.02, 8, 3, REMEMBERED)
        for n in (1, 2, 3)
    ]
    observed = rates(errors, 2.0)
    assert min(observed.values()) > 2.7, (observed, errors)
    assert errors[-1]["phi_0"] < 1e-3 and errors[-1]["d_1"] < 1e-3
