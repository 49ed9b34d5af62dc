"""What is wrong with misfits of solids that have three values."""

from collections.abc import Iterator

from meshes import geometry as shapes
from meshes.layers import Block, Shell
from solver import mechanics_tables as tables
from solver.faults import Finding, KeyPath, as_given


def misfit_faults(mechanics: tables.Mechanics, geometry: shapes.Geometry) -> Iterator[Finding]:
    """Misfits that leave nothing over, or that the shape has no directions for.

    Args:
        mechanics: The tables.
        geometry: In working units.
    """
    for name, solid in mechanics.solids.items():
        if solid.misfit_strains is None:
            continue
        path: KeyPath = ("mechanics", "solids", name, "misfit_strains")
        for index, strain in enumerate(solid.misfit_strains):
            if strain.number <= -1.0:
                yield Finding((*path, index), as_given(strain.value), "more than -1 (-100 %)")
        given = as_given([strain.value for strain in solid.misfit_strains])
        if isinstance(geometry, Shell):
            allowed = "misfit_strain in a shell: it has no flat layers"
            yield Finding(path, given, allowed)
        elif isinstance(geometry, Block) and geometry.shape == "cylinder":
            radial, _, around = (strain.number for strain in solid.misfit_strains)
            if radial != around:
                allowed = "a first and third alike in a cylinder: along the radius and around"
                yield Finding(path, given, allowed)
            if solid.misfit_angle is not None:
                angle = as_given(solid.misfit_angle.value)
                yield Finding((*path[:-1], "misfit_angle"), angle, "no such key in a cylinder")
