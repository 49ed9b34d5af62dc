"""Displacement and stress as functions to be written: one value per cell and node, no 0/0."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import ufl
from dolfinx import fem
from ufl.core.expr import Expr

from meshes.geometry import Geometry
from meshes.layers import Block
from solver import compat, hooke
from solver.domain import Domain, coordinates, region_of_cells
from solver.fracture import origin
from solver.growth import Growth
from solver.mechanics import Mechanical

# VTK's order of a symmetric tensor: xx, yy, zz, xy, yz, xz
VTK_ORDER = (hooke.XX, hooke.YY, hooke.ZZ, hooke.XY, hooke.YZ, hooke.XZ)


def stress_of(found: Mechanical) -> fem.Function:
    """The stress, MPa, in VTK's order: discontinuous, degree 2 as the displacement (exactly)."""
    return _interpolated(found, ufl.as_vector([_stress(found)[i] for i in VTK_ORDER]), "stress")


def damage_of(growth: Growth) -> fem.Function:
    """The damage, continuous, of degree 2 as the displacement (exactly)."""
    domain = growth.brittle.domain
    function = fem.Function(fem.functionspace(domain.mesh, ("Lagrange", 2)), name="damage")
    function.interpolate(growth.damage)
    return function


def stress_tensor(found: Mechanical) -> fem.Function:
    """The same as a 3 x 3 tensor."""
    s = _stress(found)
    rows = [
        [s[hooke.XX], s[hooke.XY], s[hooke.XZ]],
        [s[hooke.XY], s[hooke.YY], s[hooke.YZ]],
        [s[hooke.XZ], s[hooke.YZ], s[hooke.ZZ]],
    ]
    return _interpolated(found, ufl.as_matrix(rows), "stress")


@contextmanager
def in_the_block(found: Mechanical, block: Geometry | None) -> Iterator[None]:
    """The mesh with its heights counted from the bottom of the block, as its users know them.

    Only for what is written: next to a tip, nodes may then coincide within rounding.
    """
    points = np.array(found.domain.mesh.geometry.x, dtype=np.float64)
    points[:, 1] += origin(block) if isinstance(block, Block) else 0.0
    with coordinates(found.domain, points):
        yield


def region_function(domain: Domain) -> fem.Function:
    """The number of its region on every cell."""
    region = fem.Function(fem.functionspace(domain.mesh, ("DG", 0)), name="region")
    regions = region_of_cells(domain)
    region.x.array[: len(regions)] = regions
    return region


def _stress(found: Mechanical) -> Expr:
    """The six stresses, also on the axis, where the strain around is that along the radius."""
    if found.flowed is not None:
        return found.flowed.stress
    if found.growth is not None:
        return found.growth.brittle.stress(found.state.displacement, found.growth.damage)
    return found.body.stress_everywhere(found.state.displacement)


def _interpolated(found: Mechanical, expression: Expr, name: str) -> fem.Function:
    space = fem.functionspace(found.domain.mesh, ("DG", 2, expression.ufl_shape))
    function = fem.Function(space, name=name)
    function.interpolate(fem.Expression(expression, compat.interpolation_points(space)))
    return function
