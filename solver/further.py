"""Equations of what only some marches have: a mesh that moves, elastic bodies at a face.

Where something holds a component of a displacement (a face, a plane of symmetry) its equation is
the mean of what it is held at, tested on that boundary; elsewhere it is that of the inside.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import ufl
from dolfinx import fem, mesh
from ufl.core.expr import Expr

from solver.deposit import growth_row
from solver.domain import (
    Domain,
    cell_volumes,
    facet_entities,
    facet_measure,
    facets_of,
    number_of_cells,
)
from solver.march_schema import Plating
from solver.misfit import potential
from solver.moving import STILL, Motion, Way, flat_faces, local_facets, moved_by, pairs_of
from solver.units import FARADAY

Ints = npt.NDArray[np.int32]


class Field(Protocol):
    """What is needed of a field."""

    @property
    def value(self) -> Any:
        """Nodal values."""

    @property
    def rate(self) -> Any:
        """Of their change in time."""


@dataclass(frozen=True)
class Equation:
    """The equation of one field.

    Attributes:
        of: Name of the field.
        form: On all of its nodes; None: nowhere.
        inner: On nodes that nothing holds; None: nowhere.
        held: Facets whose nodes are held.
    """

    of: str
    form: ufl.Form | None
    inner: ufl.Form | None = None
    held: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int32))


def motion_of(domain: Domain, fields: Mapping[str, Field]) -> Motion:
    """How the mesh moves, if it does."""
    parts = tuple(field.value for name, field in fields.items() if name.startswith("d_"))
    return moved_by(domain, parts) if parts else STILL


def growth_rows(
    fields: Mapping[str, Field],
    motion: Motion,
    name: str,
    parts: Sequence[tuple[Way, ufl.Measure]],
    share: Expr,
    current: Expr,
    area: Expr | float,
    test: Expr,
) -> Iterator[tuple[str, ufl.Form]]:
    """Of the deposit on a face, and of the way of one that moves, part by part.

    Args:
        fields: The unknowns by name.
        motion: Of the mesh.
        name: Of the face.
        parts: Its facets by the direction that they move along.
        share: F (1 - p)/V_Li, pC/um^3, with the weight of the symmetry.
        current: j, pA/um^2, with that weight.
        area: Area now over that on this mesh.
        test: v.
    """
    for way, ds in parts:
        flow = current, area, test, ds
        yield f"h_{name}", growth_row(share * way.foot, fields[f"h_{name}"].rate, *flow)
        if f"g_{name}" in fields:
            swept = share * ufl.inner(motion.turned, way.along)
            yield f"g_{name}", growth_row(swept, fields[f"g_{name}"].rate, *flow)


def further_equations(
    domain: Domain,
    platings: Mapping[str, Plating],
    fields: Mapping[str, Field],
    test: Expr,
    dx: ufl.Measure,
) -> list[Equation]:
    """Of the displacement of the mesh and of elastic bodies, in um^2 (2D) where nothing is scaled.

    Args:
        domain: The mesh.
        platings: Faces that grow.
        fields: The unknowns by name.
        test: Test function.
        dx: All cells.
    """
    found: list[Equation] = []
    if "d_0" in fields:
        found += _of_mesh(domain, platings, fields, test, dx)
    for name, law in platings.items():
        if law.backing is not None:
            found += _of_bodies(domain, name, law, fields, test, dx)
        if law.surface_tension > 0.0:
            found.append(_of_tension(domain, name, fields, test))
    return found


def _of_mesh(
    domain: Domain,
    platings: Mapping[str, Plating],
    fields: Mapping[str, Field],
    test: Expr,
    dx: ufl.Measure,
) -> list[Equation]:
    """Harmonic inside, along the growth on faces that move; see `solver.moving`."""
    moving = [name for name, law in platings.items() if law.moves]
    faces = {name: facet_entities(domain, name) for name in moving}
    electrodes = np.concatenate([facets_of(domain, pairs) for pairs in faces.values()])
    normal = ufl.FacetNormal(domain.mesh)
    volumes = cell_volumes(domain)
    mean = domain.comm.allreduce(float(volumes.sum())) / number_of_cells(domain)
    stiff = fem.Constant(domain.mesh, np.float64(mean)) / ufl.CellVolume(domain.mesh)
    found = []
    for i in range(domain.mesh.geometry.dim):
        across, others = flat_faces(domain, i)
        rest = np.setdiff1d(_held_sides(domain, across, others, i), electrodes).astype(np.int32)
        along = _along(domain, i)
        entities = {k: _without(domain, pairs, along) for k, pairs in enumerate(faces.values())}
        entities[len(faces)] = pairs_of(domain, rest)
        ds = facet_measure(domain, entities)
        d = fields[f"d_{i}"].value
        form = d * test * ds(len(faces))
        for k, name in enumerate(moving):
            way = ufl.sign(normal[i]) if domain.across else normal[i]
            form += (d + fields[f"g_{name}"].value * way) * test * ds(k)
        inner = stiff * ufl.inner(ufl.grad(d), ufl.grad(test)) * dx
        held = np.concatenate([np.setdiff1d(electrodes, along), rest]).astype(np.int32)
        found.append(Equation(f"d_{i}", form, inner, held))
    return found


def _along(domain: Domain, axis: int) -> Ints:
    """Outer facets that lie along an axis, and across another one: nodes may slide on them."""
    others = (other for other in range(domain.mesh.geometry.dim) if other != axis)
    return np.concatenate([flat_faces(domain, other)[0] for other in others])


def _without(domain: Domain, pairs: Ints, facets: Ints) -> Ints:
    """(cell, local facet) pairs without those of some facets."""
    return pairs[~np.isin(local_facets(domain, pairs), facets)]


def _held_sides(domain: Domain, across: Ints, others: Ints, axis: int) -> Ints:
    """Facets that do not move along an axis: those across it, those askew, and electrodes."""
    askew = np.setdiff1d(others, _along(domain, axis))
    named = [facets_of(domain, facet_entities(domain, n)) for n in domain.built.facets]
    sides = [facets_of(domain, facet_entities(domain, n)) for n in SLIDING]
    fixed = np.setdiff1d(np.concatenate(named), np.concatenate(sides))
    outer = np.concatenate([across, others])
    held = np.concatenate([across, askew, np.intersect1d(fixed, outer)])
    return np.asarray(np.unique(held), dtype=np.int32)


SLIDING = ("sides", "left", "right", "front", "back")


def pressure_shift(
    name: str, law: Plating | None, fields: Mapping[str, Field], msh: mesh.Mesh
) -> Expr | float:
    """Shift of the equilibrium potential of a face by misfit and surface tension, V."""
    shift: Expr | float = 0.0
    if law is None:
        return shift
    for key, per in _pressures(law):
        if per > 0.0:
            share = fem.Constant(msh, np.float64(law.molar_volume * per / FARADAY))
            shift = shift - share * fields[f"{key}_{name}"].value
    return shift


def _pressures(law: Plating) -> tuple[tuple[str, float], ...]:
    """Unknowns of a face that press on its lithium, and the pressure per unknown, MPa."""
    modulus = 0.0 if law.backing is None else law.backing.electrolyte_modulus
    return ("p", modulus), ("c", law.surface_tension)


def _of_tension(domain: Domain, name: str, fields: Mapping[str, Field], test: Expr) -> Equation:
    """Curvature c (1/um) of the lithium at a face that is flat at the start, positive on tips.

    c = -(g'/sqrt(1 + g'^2))' along the face, with planes of symmetry at its ends:
    int c v dA = int g' v'/sqrt(1 + g'^2) dA, g the way of the face, or its growth where it stays.
    """
    ds = facet_measure(domain, {0: facet_entities(domain, name)})(0)
    n = ufl.FacetNormal(domain.mesh)
    along = ufl.as_vector([-n[1], n[0]])
    height = fields.get(f"g_{name}", fields[f"h_{name}"]).value
    slope = ufl.inner(along, ufl.grad(height))
    bent = slope / ufl.sqrt(1.0 + slope**2) * ufl.inner(along, ufl.grad(test))
    return Equation(f"c_{name}", (fields[f"c_{name}"].value * test - bent) * ds)


def _of_bodies(
    domain: Domain,
    name: str,
    law: Plating,
    fields: Mapping[str, Field],
    test: Expr,
    dx: ufl.Measure,
) -> list[Equation]:
    """Two elastic bodies and the pressure between them; see `solver.misfit`."""
    if law.backing is None:
        return []
    at_face = facet_entities(domain, name)
    upright, _ = flat_faces(domain, 0)
    level, _ = flat_faces(domain, 1)
    ends = np.setdiff1d(level, facets_of(domain, at_face)).astype(np.int32)
    measure = facet_measure(domain, {0: at_face, 1: pairs_of(domain, ends)})
    whole = ufl.Measure("dx", domain=domain.mesh)
    bodies = {body: [fields[f"{body}_{i}"].value for i in range(2)] for body in "sw"}
    pressure = fields[f"p_{name}"].value
    growth = fields[f"h_{name}"].value
    energy = potential(
        domain.mesh,
        law.backing,
        (bodies["s"], bodies["w"]),
        pressure,
        growth,
        whole,
        measure(0),
        measure(1),
    )
    found = [Equation(f"p_{name}", ufl.derivative(energy, pressure, test))]
    for body, parts in bodies.items():
        for i, part in enumerate(parts):
            held = upright if i == 0 else ends[:0]
            if i == 0 and law.backing.slip == "held":
                held = np.concatenate([held, facets_of(domain, at_face)]).astype(np.int32)
            if i == 1 and law.backing.stack_stiffness is None:
                held = ends
            ds = facet_measure(domain, {0: pairs_of(domain, held)})
            inner = ufl.derivative(energy, part, test)
            found.append(Equation(f"{body}_{i}", part * test * ds(0), inner, held))
    return found
