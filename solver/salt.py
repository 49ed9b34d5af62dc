"""Which electrolytes share their salt, and how much of it they have."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import ufl
from dolfinx import fem
from dolfinx.fem import petsc as fem_petsc
from petsc4py import PETSc
from ufl.core.expr import Expr

from solver.domain import Domain, regions_at
from solver.march_schema import BinaryElectrolyte
from solver.moving import Motion, gradient
from solver.transport import volume_weight
from solver.units import FARADAY


@dataclass(frozen=True)
class Salt:
    """Of every group of electrolytes.

    Attributes:
        source: int v over it.
        load: int eps F c_ref v, which is its salt, pC.
        start: Its salt at the start, pC.
    """

    source: list[PETSc.Vec]
    load: list[PETSc.Vec]
    start: list[float]


def groups_of(
    domain: Domain, binary: Mapping[str, BinaryElectrolyte]
) -> tuple[tuple[str, ...], ...]:
    """Binary regions that share salt; collective."""
    group = {name: {name} for name in binary}
    for interface in domain.built.interfaces:
        sides = [n for n in regions_at(domain, interface) if n in binary]
        if len(sides) == 2 and group[sides[0]] is not group[sides[1]]:
            joined = group[sides[0]] | group[sides[1]]
            for name in joined:
                group[name] = joined
    found: list[tuple[str, ...]] = []
    for members in group.values():
        if tuple(sorted(members)) not in found:
            found.append(tuple(sorted(members)))
    return tuple(found)


def salt_forms(
    anion: Expr,
    amount: tuple[Expr, Expr | None, Expr],
    shares: Sequence[fem.Constant],
    weight: Expr,
    motion: Motion,
    test: Expr,
) -> Iterator[tuple[str, Expr]]:
    """What is integrated over a region in the rows of u and, where the mesh moves, of a.

    Args:
        anion: F N-, pA/um^2.
        amount: da/dt, a (None: the mesh rests, and a is u), u.
        shares: eps F c_ref, pC/um^3, and what the rows of a are scaled by, pA/um^3.
        weight: Of the symmetry.
        motion: Of the mesh.
        test: v.
    """
    rate, there, u = amount
    stored, scale = shares
    volume = weight * motion.volume
    yield "u", weight * stored * rate * test - volume * ufl.inner(anion, gradient(motion, test))
    if there is not None:
        yield "a", scale * (weight * there - volume * u) * test


def salt_of(
    domain: Domain,
    binary: Mapping[str, BinaryElectrolyte],
    groups: tuple[tuple[str, ...], ...],
    reference: float,
    test: Expr,
    dx: ufl.Measure,
) -> Salt:
    """Assemble the rows of all groups; collective. `reference` is c_ref, fmol/um^3."""
    tags, weight = domain.built.regions, volume_weight(domain)
    one = fem.Constant(domain.mesh, np.float64(1.0))
    salt = Salt([], [], [])
    for members in groups:
        cells = tuple(tags[name] for name in members)
        salt.source.append(assembled(fem.form(weight * one * test * dx(cells))))
        form: ufl.Form | None = None
        start = 0.0
        for name in members:
            law = binary[name]
            share = fem.Constant(domain.mesh, np.float64(FARADAY * reference * law.porosity))
            term = weight * share * test * dx(tags[name])
            form = term if form is None else form + term
            volume = integral(domain, weight * one * dx(tags[name]))
            start += FARADAY * law.concentration * law.porosity * volume
        salt.load.append(assembled(fem.form(form)))
        salt.start.append(start)
    return salt


def integral(domain: Domain, form: ufl.Form) -> float:
    """Of all ranks."""
    return float(domain.comm.allreduce(fem.assemble_scalar(fem.form(form))))


def assembled(form: fem.Form) -> PETSc.Vec:
    """A vector with what all ranks add to it."""
    vector = fem_petsc.assemble_vector(form)
    vector.ghostUpdate(PETSc.InsertMode.ADD, PETSc.ScatterMode.REVERSE)
    return vector
