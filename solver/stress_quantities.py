"""What is told of stress in a march: at faces of lithium, behind plates, in alloys."""

from collections.abc import Iterator

import numpy as np
import ufl
from dolfinx import fem
from mpi4py import MPI

from solver import compat
from solver.carrier_system import System
from solver.march_states import Marched
from solver.mechanics_fields import VTK_ORDER
from solver.quantities import Quantity
from solver.stress_faces import force_balance, spread


def stress_quantities(system: System, found: Marched) -> Iterator[Quantity]:
    """Numbers at the end of a march or of its steady state."""
    stress = system.stress
    if stress is None or found.x is None:
        return
    system.put(found.x)
    last = found.moments[-1]
    for face, (normal, way, _) in zip(system.stressed, last.stress, strict=True):
        text = "Mean normal stress, tension positive: on the lithium as on the body beside it."
        yield Quantity(f"normal_stress.{face.name}", normal, "MPa", meaning=text)
        text = "Root of the mean square by which it differs from its mean over the face."
        yield Quantity(
            f"normal_stress_spread.{face.name}", spread(system, face), "MPa", meaning=text
        )
        text = "Mean displacement of the face, outwards."
        yield Quantity(f"displacement.{face.name}", way, "um", meaning=text)
    for plate in system.plates:
        way = float(plate.way.value)
        text = "How far the plate has been pushed outwards."
        yield Quantity(f"plate_displacement.{plate.name}", way, "um", meaning=text)
        text = "Pressure of the plate: what is given, and its spring."
        pressure = plate.pressure + plate.stiffness * way
        yield Quantity(f"stack_pressure.{plate.name}", pressure, "MPa", meaning=text)
    yield from _of_alloys(system)
    on_the_way = [moment.stress[0][2] for moment in found.moments if moment.stress]
    text = (
        "Sum of the forces on what nothing holds over the sizes of those on all nodes: the largest "
        "on the way (without faces that are told: at the end)."
    )
    worst = max(on_the_way) if on_the_way else force_balance(system)
    yield Quantity("force_balance", worst, "1", meaning=text)


def _of_alloys(system: System) -> Iterator[Quantity]:
    """Of nodes: the stress that acts on lithium is known there."""
    field = system.further.get("t_0")
    if field is None or system.stress is None:
        return
    domain = system.domain
    for name in system.stress.swelling:
        cells = domain.cell_tags.find(domain.built.regions[name])
        dim = domain.mesh.topology.dim
        nodes = fem.locate_dofs_topological(system.space, dim, cells, remote=True)
        values = system.stress.unit * field.value.x.array[np.intersect1d(nodes, field.nodes)]
        low = system.comm.allreduce(float(values.min(initial=np.inf)), op=MPI.MIN)
        high = system.comm.allreduce(float(values.max(initial=-np.inf)), op=MPI.MAX)
        text = "A third of the sum of the normal stresses, tension positive: the least of any node."
        yield Quantity(f"least_hydrostatic_stress.{name}", low, "MPa", meaning=text)
        text = "The largest of any node."
        yield Quantity(f"largest_hydrostatic_stress.{name}", high, "MPa", meaning=text)


def stress_functions(system: System) -> dict[str, fem.Function]:
    """Displacement (um) and stress (MPa, in VTK's order) of the body; none without mechanics."""
    stress = system.stress
    if stress is None:
        return {}
    msh = system.domain.mesh
    n = msh.geometry.dim
    moved = fem.Function(fem.functionspace(msh, ("Lagrange", 2, (n,))))
    for i, part in enumerate(stress.parts):
        moved.x.array[i::n] = part.x.array
    tensor = stress.body.stress_everywhere(stress.displacement)
    space = fem.functionspace(msh, ("DG", 2, (len(VTK_ORDER),)))
    stressed = fem.Function(space)
    components = ufl.as_vector([tensor[i] for i in VTK_ORDER])
    stressed.interpolate(fem.Expression(components, compat.interpolation_points(space)))
    return {"displacement": moved, "stress": stressed}
