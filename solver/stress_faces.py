"""Normal stress and displacement of the faces of a body in a march, and how its forces balance.

On a face that a support holds the force is what the support bears, the virtual work of the body
when the face moves as a whole; elsewhere it is the integral of the stress.
"""

from dataclasses import dataclass

import numpy as np
import ufl
from dolfinx import fem
from ufl.core.expr import Expr

from solver.carriers import Carriers
from solver.domain import facet_entities, facet_measure, regions_at
from solver.salt import assembled, integral
from solver.transport import volume_weight

Three = tuple[float, float, float]


@dataclass(frozen=True)
class StressedFace:
    """One face.

    Attributes:
        name: Of the face.
        area: um^2 (plane: um).
        force: int sigma_n dA, MPa um^2.
        way: int u.n dA, um^3.
        uneven: int sigma_n^2 dA, of the stress as it is in the cells.
    """

    name: str
    area: float
    force: fem.Form
    way: fem.Form
    uneven: fem.Form


def stressed_faces(carriers: Carriers) -> tuple[StressedFace, ...]:
    """Those of lithium on what carries stress, and of plates; collective."""
    stress = carriers.stress
    if stress is None:
        return ()
    domain, contacts = carriers.domain, carriers.model.contacts
    lithium = [c.name for c in contacts if not c.alloy and not c.electronic]
    solid = [n for n in lithium if set(regions_at(domain, n)) & set(stress.solids)]
    weight, n = volume_weight(carriers.domain), ufl.FacetNormal(carriers.domain.mesh)
    one = fem.Constant(carriers.domain.mesh, np.float64(1.0))
    found = []
    for name in dict.fromkeys([*solid, *stress.ways]):
        ds = facet_measure(carriers.domain, {0: facet_entities(carriers.domain, name)})(0)
        force: Expr = weight * stress.normal() * ds
        hold = next((hold for hold in stress.holds if hold.name == name), None)
        if hold is not None and hold.sign:
            force = stress.pull(hold, carriers.nodes_of_face(name), carriers.test)
        out = weight * ufl.inner(stress.displacement, n) * ds
        area = integral(carriers.domain, weight * one * ds)
        uneven = weight * stress.normal() ** 2 * ds
        found.append(StressedFace(name, area, *(fem.form(x) for x in (force, out, uneven))))
    return tuple(found)


def stress_now(carriers: Carriers, faces: tuple[StressedFace, ...]) -> tuple[Three, ...]:
    """Mean normal stress (MPa) and way outwards (um) of faces, and the balance of all forces.

    The balance is what is left of the equations of the nodes that nothing holds, summed along an
    axis, over the sizes of what holds the others.
    """
    if not faces:
        return ()
    left = force_balance(carriers)
    total = [[_sum(carriers, form) / face.area for form in (face.force, face.way)]
             for face in faces]  # fmt: skip
    return tuple((stress, way, left) for stress, way in total)


def spread(carriers: Carriers, face: StressedFace) -> float:
    """Root of the mean square by which the stress on a face differs from its mean, MPa."""
    mean = _sum(carriers, face.force) / face.area
    return float(np.sqrt(max(_sum(carriers, face.uneven) / face.area - mean**2, 0.0)))


def force_balance(carriers: Carriers) -> float:
    """See `stress_now`; 0 where no force acts."""
    worst, size = 0.0, 0.0
    first = 1 if carriers.domain.axisymmetric else 0  # radial forces balance around the axis
    for row in carriers.rows:
        if not row.name.startswith("inner q_") or int(row.name[-1]) < first:
            continue
        field = carriers.further[row.name.removeprefix("inner ")]
        values = assembled(carriers.residuals[row.name]).array_r
        free, mine = float(values[row.nodes].sum()), np.abs(values[field.nodes]).sum()
        worst = max(worst, abs(carriers.comm.allreduce(free)))
        size = max(size, float(carriers.comm.allreduce(float(mine))))
    return worst / size if size > 0.0 else 0.0


def _sum(carriers: Carriers, form: fem.Form) -> float:
    return float(carriers.comm.allreduce(fem.assemble_scalar(form)))
