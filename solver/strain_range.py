"""How large the strains of a solution are: the laws take them to be small.

Two strains have to be: the whole one, eps(u), for what is neglected in geometry, and the elastic
one, eps(u) - eps*, for what is neglected in the law. Their size at a point is the largest principal
strain, of either sign, in the middle of a cell. Around the tip of a crack and at corners strains
are large in any case, without a meaning; so a region is told of where it is strained by more than
`SMALL_STRAIN` in more than `SHARE` of its volume, that is where the 99th percentile is above it.
"""

import numpy as np
import ufl
from dolfinx import fem

from solver import compat, schema
from solver.domain import region_of_cells
from solver.elasticity import weight
from solver.hooke import XX, XY, XZ, YY, YZ, ZZ, Floats
from solver.mechanics import Mechanical

SMALL_STRAIN = 0.02  # beyond it, strains are no small ones
SHARE = 0.01  # of the volume of a region
CRACKED = 0.5  # damage of cells whose strain is the opening of a crack


def large_strains(case: schema.Case, found: Mechanical) -> tuple[str, ...]:
    """Warnings of regions that are strained too much; collective.

    Args:
        case: With mechanics.
        found: Its answer. Cells that damage has broken are left out: there a crack is a strain.
            Of layers whose rotations count (Green's strain) nothing is told.
    """
    mechanics, body = case.mechanics, found.body
    if mechanics is None or any(solid.large for solid in mechanics.solids.values()):
        return ()
    mesh, comm = body.domain.mesh, body.domain.comm
    flat = mechanics.plane == "stress" and mesh.topology.dim == 2
    space = fem.functionspace(mesh, ("DG", 0, (6,)))
    middle = fem.Function(space)
    points = compat.interpolation_points(space)
    whole = body.strain(found.state.displacement)  # middles of cells lie off the axis
    sizes = []
    # what has flowed is no elastic strain; damage has its eigenstrain in its own laws
    flowed = found.flowed is not None or found.growth is not None
    for strain in (whole,) if flowed else (whole, whole - body.eigenstrain):
        middle.interpolate(fem.Expression(strain, points))
        values = middle.x.array.reshape(-1, 6).copy()
        if flat:
            values[:, ZZ] = 0.0  # not known from the reduced law
        sizes.append(_largest(values))
    size = np.max(sizes, axis=0)
    if found.growth is not None:
        damage = found.growth.damage
        size[damage.x.array[damage.function_space.dofmap.list].max(axis=1) > CRACKED] = 0.0
    constants = fem.functionspace(mesh, ("DG", 0))
    around = weight(body.domain) * ufl.TestFunction(constants) * ufl.dx(mesh)
    regions = region_of_cells(body.domain)
    owned = mesh.topology.index_map(mesh.topology.dim).size_local
    volumes = fem.assemble_vector(fem.form(around)).array[:owned]
    size, regions = size[:owned], regions[:owned]
    said = []
    for name, tag in sorted(body.domain.built.regions.items()):
        here = regions == tag
        beyond = here & (size > SMALL_STRAIN)
        parts = (volumes[here], volumes[beyond], (volumes * size)[beyond])
        volume, above, moment = (comm.allreduce(float(part.sum())) for part in parts)
        if volume > 0.0 and above > SHARE * volume:
            said.append(
                f"Warning: {100.0 * above / volume:.3g} % of {name} is strained by more than "
                f"{100.0 * SMALL_STRAIN:g} %, by {100.0 * moment / above:.2g} % in the mean there: "
                "the strains are taken to be small."
            )
    return tuple(said)


def _largest(strains: Floats) -> Floats:
    """Largest principal strain, of either sign, of strains (n, 6); shape (n,)."""
    tensors = np.zeros((len(strains), 3, 3))
    for i, component in enumerate((XX, YY, ZZ)):
        tensors[:, i, i] = strains[:, component]
    for (i, j), component in (((1, 2), YZ), ((0, 2), XZ), ((0, 1), XY)):
        tensors[:, i, j] = tensors[:, j, i] = 0.5 * strains[:, component]
    return np.asarray(np.abs(np.linalg.eigvalsh(tensors)).max(axis=1, initial=0.0))
