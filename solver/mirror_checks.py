"""Solids that are no mirror images of themselves beside a plane of symmetry.

A crack in a plane of symmetry is solved on one side of it: the other side is the mirror image, with
shear along the plane zero. A crystal that is turned in the section, so that shear of the section
comes with its stretch (C16, C26 or C36 not zero), or a misfit with a shear, goes into its mirror
image there: a twin, not the crystal. In three dimensions crystals turn about the upright axis:
planes across it stay planes of symmetry.
"""

from collections.abc import Iterator

import numpy as np

from meshes import geometry as shapes
from meshes.layers import Block, Box, Shell
from meshes.micro import Micro
from solver import hooke
from solver import mechanics_tables as tables
from solver.faults import Finding, KeyPath, as_given

NONE = 1e-9  # of the largest modulus or strain: no shear comes with a stretch


def mirror_faults(mechanics: tables.Mechanics, geometry: shapes.Geometry) -> Iterator[Finding]:
    """Turned crystals and sheared misfits beside a plane of symmetry.

    Args:
        mechanics: The tables.
        geometry: In working units; of a film with a slit the cracked stack.
    """
    plane = _plane(mechanics, geometry)
    if not plane:
        return
    instead = "; geometry.flaws lie inside of a whole body" if isinstance(geometry, Block) else ""
    for name, solid in mechanics.solids.items():
        path: KeyPath = ("mechanics", "solids", name)
        if isinstance(solid, tables.Cubic | tables.Orthotropic) and solid.angle is not None:
            stiffness = _stiffness(solid, solid.angle.number)
            coupled = abs(stiffness[:3, hooke.XY]).max()
            if coupled > NONE * stiffness.max():
                allowed = f"one at which the solid is its own mirror image in {plane}{instead}"
                yield Finding((*path, "angle"), as_given(solid.angle.value), allowed)
        if isinstance(geometry, Block) and geometry.shape == "cylinder":
            continue  # no misfit turns there: `solver.misfit_checks`
        if solid.misfit_strains is not None and solid.misfit_angle is not None:
            strains = [strain.number for strain in solid.misfit_strains]
            turned = hooke.turned_strain(strains, solid.misfit_angle.number)
            if abs(turned[hooke.XY]) > NONE * max(np.abs(strains)):
                allowed = f"one without shear along {plane}{instead}"
                given = as_given(solid.misfit_angle.value)
                yield Finding((*path, "misfit_angle"), given, allowed)


def _plane(mechanics: tables.Mechanics, geometry: shapes.Geometry) -> str:
    """What mirrors the solids: a plane of symmetry of a body; "" if nothing does."""
    across = ("bottom", "top") if isinstance(geometry, Box | Micro) else ()
    for name, face in mechanics.faces.items():
        if isinstance(face, tables.Symmetry) and name not in across:
            return f"the plane of symmetry {name}"
    if mechanics.cut is not None:
        return "the plane of the cut"
    if isinstance(geometry, Shell):
        return "the planes of symmetry of a shell"
    if isinstance(geometry, Block) and geometry.shape == "cylinder":
        return "the axis"
    if isinstance(geometry, Block) and geometry.crack is not None:
        return f"the plane of the crack, {geometry.crack.face}"
    return ""


def _stiffness(solid: tables.Cubic | tables.Orthotropic, angle: float) -> hooke.Floats:
    """Turned, MPa."""
    if isinstance(solid, tables.Cubic):
        return hooke.cubic(solid.c11.number, solid.c12.number, solid.c44.number, angle)
    return hooke.orthotropic(
        (solid.e1.number, solid.e2.number, solid.e3.number),
        (solid.nu12.number, solid.nu13.number, solid.nu23.number),
        (solid.g23.number, solid.g13.number, solid.g12.number),
        angle,
    )
