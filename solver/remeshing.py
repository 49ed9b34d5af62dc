"""A new mesh where moving faces have left the cells too flat, and the state on it.

What the moved mesh (`solver.moving`) has become is the body of the next one: its boundary, drawn
by lines and splines through the moved nodes, is meshed anew with the sizes of the case and all
names.
On it the displacement is zero, faces go on along the axis that they lay across at the start, and

    growth h, share of voids v, overpotential of double layers z        are interpolated,
    charge and potentials of the terminals                              are what they were,
    all other potentials                                                fit them.

These are known on the nodes of a face alone. Seen along the axis that it moves along a face is a
line; both meshes of it are laid flat and `interpolate_nonmatching` takes one to the other, on any
number of ranks. What has changed is measured on both meshes and told, never mended: the volume of
every region, the deposit of every face against the charge that has moved, voltage or current (with
double layers, their charge). Of flat faces it is rounding; of curved ones the body between chords
and curve and the elements err by h^2.
"""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import ufl
from dolfinx import fem, la, mesh
from mpi4py import MPI
from petsc4py import PETSc
from scipy.spatial import cKDTree

from meshes.geometry import Cell, NoOpening
from meshes.mesh import BuiltMesh, MeshError
from meshes.redrawn import decoded, redraw
from solver import compat, schema
from solver.carrier_system import System
from solver.deposit import charge_per_volume, platings
from solver.domain import Domain, facet_entities, number_of_cells, read_domain
from solver.kinetics import reaction
from solver.march_fields import Side
from solver.march_newton import fit_potentials
from solver.march_schema import BinaryElectrolyte
from solver.march_states import Marched, Remeshing
from solver.meshing import start_size
from solver.moving import flat_faces, local_facets
from solver.outline import curves_of, moved_nodes, outline
from solver.transport import volume_weight

Floats = npt.NDArray[np.float64]
MakeSystem = Callable[[schema.Case, Domain], System]
PLANE = ("strip", "tube")  # shapes that can be drawn anew
OUTSIDE = 1e-6  # of the length of a face: how far its ends may be apart
KEPT = 1e-9  # by how much a constant may change when it is carried over


def remeshes(case: schema.Case) -> bool:
    """Whether new meshes are made on the way: faces of a flat strip or tube move, without salt."""
    laws = platings(case).values()
    allowed = case.programme is not None and case.programme.remesh
    flat_at_start = any(law.backing is not None or law.surface_tension > 0.0 for law in laws)
    moving = any(law.moves for law in laws) and not flat_at_start
    cell = case.geometry
    flat = isinstance(cell, Cell) and isinstance(cell.opening, NoOpening)
    salt = any(isinstance(law, BinaryElectrolyte) for law in case.regions.values())
    return (
        allowed and moving and not salt and flat and isinstance(cell, Cell) and cell.shape in PLANE
    )


def read_redrawn(built: BuiltMesh, data: bytes, comm: MPI.Intracomm) -> Domain:
    """The domain of a mesh that was drawn anew, from its file; collective."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mesh.msh"
        if comm.rank == 0:
            path.write_bytes(data)
        found = read_domain(replace(built, path=path), comm)
    tags, axes = decoded(found.facet_tags.values)
    facets = found.facet_tags.indices
    named = mesh.meshtags(found.mesh, 1, facets, tags)
    across = tuple(facets[axes == axis] for axis in range(2))
    return replace(found, facet_tags=named, built=built, across=across, file=data)


def renewed(
    old: System,
    x: PETSc.Vec,
    found: Marched,
    make_system: MakeSystem,
    overrides: Mapping[str, str],
) -> tuple[System, PETSc.Vec, Remeshing]:
    """The problem on a new mesh and the state on it; collective.

    Args:
        old: The problem on the mesh so far.
        x: Its state, with potentials that fit.
        found: The march so far.
        make_system: Makes the problem of a case on a mesh.
        overrides: Options of PETSc.

    Raises:
        MeshError: There is no sound mesh of the body, on all ranks.
    """
    quality = old.least_quality(x)
    old.put(x)
    built, data = _redrawn(old)
    new = make_system(old.case, read_redrawn(built, data, old.comm))
    new.held, new.room = list(old.held), old.room
    y = new.start()
    _carry(old, new, y)
    scalars = old.scalars_of(x)
    charge = len(old.applied)
    scalars[charge] *= old.charge_unit / new.charge_unit
    if new.comm.rank == 0:
        y.array[new.first_scalar :] = scalars
    fit_potentials(new, y, overrides)
    new.way = "in time"
    return new, y, _measured(old, x, new, y, found, quality)


def _redrawn(system: System) -> tuple[BuiltMesh, bytes]:
    """The new mesh and its file, made on the first rank."""
    pieces = outline(system)
    outcome: tuple[BuiltMesh, bytes] | str = ""
    if system.comm.rank == 0:
        try:
            curves = [] if pieces is None else list(curves_of(pieces))
            with tempfile.TemporaryDirectory() as folder:
                size = start_size(system.case)
                built = redraw(curves, size, system.domain.built, Path(folder))
                outcome = built, built.path.read_bytes()
        except MeshError as error:
            outcome = str(error)
    outcome = system.comm.bcast(outcome)
    if isinstance(outcome, str):
        raise MeshError(outcome)
    return outcome


# -- the state ---------------------------------------------------------------------------------


def _carry(old: System, new: System, y: PETSc.Vec) -> None:
    """Interpolate what is known on faces alone; the functions of the old system are its state."""
    fields: dict[str, str | Side] = {
        field.name: name for name, field in (*old.growing.items(), *old.voids.items())
    }
    if old.has_double_layer:
        fields |= {side.field.name: side for side in old.z}
    places = moved_nodes(old), moved_nodes(new)
    for before, after in zip(old.fields, new.fields, strict=True):
        if after.name not in fields:
            continue
        total, times = fem.Function(new.space), fem.Function(new.space)
        for axis in range(2):
            lines = [
                _line(system, fields[after.name], axis, there)
                for system, there in zip((old, new), places, strict=True)
            ]
            sizes = [line.space.dofmap.index_map.size_global for line in lines]
            if min(sizes) > 0:
                here = _taken(lines[0], before.value, lines[1])
                total.x.array[lines[1].nodes] += here
                times.x.array[lines[1].nodes] += 1.0
        for function in (total, times):
            function.x.scatter_reverse(la.InsertMode.add)
        if np.any(times.x.array[after.nodes] < 0.5):
            raise RuntimeError(f"a node of {after.name} has no value")
        y.array[after.unknowns] = total.x.array[after.nodes] / times.x.array[after.nodes]


@dataclass(frozen=True)
class Line:
    """The facets of a face across one axis, laid flat along the other one.

    Attributes:
        space: Quadratic functions on them.
        nodes: Of the space of the system, for every local node of that one.
    """

    space: fem.FunctionSpace
    nodes: npt.NDArray[np.int32]


def _line(system: System, face: str | Side, axis: int, places: Floats) -> Line:
    """A face, or what of a contact z is on, on the moved mesh along its axis; collective."""
    domain = system.domain
    if isinstance(face, str):
        pairs = facet_entities(domain, face)
    else:
        pairs = system.pairs_by_label(face.contact)[face.label]
    facets = local_facets(domain, pairs)
    own = np.intersect1d(facets, flat_faces(domain, axis)[0]).astype(np.int32)
    part = compat.facet_mesh(domain.mesh, own)
    space = fem.functionspace(part, ("Lagrange", 2))
    known = np.unique(fem.locate_dofs_topological(system.space, 1, own)).astype(np.int32)
    tree = cKDTree(system.space.tabulate_dof_coordinates()[known].reshape(-1, 3))
    nodes, corners = (
        known[tree.query(points)[1]] if len(points) else np.zeros(0, dtype=np.int32)
        for points in (space.tabulate_dof_coordinates(), part.geometry.x)
    )
    flat = np.zeros((len(corners), 3))
    flat[:, 0] = places[corners, 1 - axis]
    part.geometry.x[:] = flat
    return Line(space, nodes)


def _taken(one: Line, values: fem.Function, other: Line) -> Floats:
    """Values on one line at the local nodes of another.

    Raises:
        MeshError: The lines are not of the same face.
    """
    cells = np.arange(other.space.mesh.topology.index_map(1).size_local, dtype=np.int32)
    extent = float(np.ptp(other.space.mesh.geometry.x) if len(cells) else 0.0)
    padding = OUTSIDE * max(other.space.mesh.comm.allgather(extent))
    found = compat.nonmatching(other.space, one.space, cells, padding)
    result = []
    for given in (values.x.array[one.nodes], 1.0):
        of, to = fem.Function(one.space), fem.Function(other.space)
        of.x.array[:] = given
        to.interpolate_nonmatching(of, cells, found)
        to.x.scatter_forward()
        result.append(np.asarray(to.x.array))
    missed = bool(np.abs(result[1] - 1.0).max(initial=0.0) > KEPT)
    if other.space.mesh.comm.allreduce(missed, op=MPI.LOR):
        raise MeshError("mesh: a face of the new mesh is not that of the old one")
    return result[0]


# -- what has changed --------------------------------------------------------------------------


def _measured(
    old: System, x: PETSc.Vec, new: System, y: PETSc.Vec, found: Marched, quality: float
) -> Remeshing:
    """Both states side by side."""
    volumes, deposits, kept, flows = [], [], [], []
    for system, state in ((old, x), (new, y)):
        system.put(state)
        volumes.append(_volumes(system))
        deposits.append(_deposits(system))
        kept.append(_double_layers(system))
        flows.append(float(system.terminal_currents()[system.driven]))
    other = 1 if old.driven == 0 else 0
    volts = [s.scalars_of(v) for s, v in ((old, x), (new, y))]
    voltage, new_voltage = (float(v[old.driven] - v[other]) for v in volts)
    charges = np.abs(np.diff([m.charge for m in found.moments])).sum()
    electric = max(
        abs(new_voltage - voltage) / max(abs(voltage), old.thermal),
        abs(flows[1] - flows[0]) / max(abs(flows[0]), old.scale),
    )
    if old.has_double_layer:
        electric = float((np.abs(kept[1] - kept[0]) / np.abs(kept[0]).max()).max())
    change = np.abs(deposits[1] - deposits[0]).max(initial=0.0)
    return Remeshing(
        time=found.moments[-1].time,
        quality=quality,
        cells=float(number_of_cells(old.domain)),
        new_cells=float(number_of_cells(new.domain)),
        volume=float(volumes[0].sum()),
        new_volume=float(volumes[1].sum()),
        voltage=voltage,
        new_voltage=new_voltage,
        current=flows[0],
        new_current=flows[1],
        volume_jump=float((np.abs(volumes[1] - volumes[0]) / volumes[0]).max()),
        deposit_jump=float(change / charges) if charges > 0.0 else 0.0,
        electric_jump=electric,
    )


def _integrals(system: System, forms: list[ufl.Form]) -> Floats:
    mine = np.array([fem.assemble_scalar(fem.form(form)) for form in forms])
    return np.asarray(system.comm.allreduce(mine, op=MPI.SUM))


def _volumes(system: System) -> Floats:
    """Of every region as it is moved, um^3."""
    domain = system.domain
    dx = ufl.Measure("dx", domain=domain.mesh, subdomain_data=domain.cell_tags)
    weight = volume_weight(domain) * system.motion.volume
    return _integrals(system, [weight * dx(tag) for tag in domain.built.regions.values()])


def _deposits(system: System) -> Floats:
    """Charge in the deposit of every face since the start, with the height of the start, pC."""
    found = []
    for name, field in system.growing.items():
        mine = float(system.foot_load[name].array_r[field.nodes] @ field.value.x.array[field.nodes])
        charge = charge_per_volume(system.platings[name])
        found.append(charge * float(system.comm.allreduce(mine)))
    return np.array(found)


def _double_layers(system: System) -> Floats:
    """Charge of the double layer of every contact, pC."""
    weight = volume_weight(system.domain) * system.motion.area
    one = fem.Constant(system.domain.mesh, np.float64(1.0))
    alpha = fem.Constant(system.domain.mesh, np.float64(0.5))
    thermal = fem.Constant(system.domain.mesh, np.float64(system.thermal))
    forms = []
    for side in system.z:
        condition = system.case.boundaries[side.contact.name]
        law = condition.kinetics if isinstance(condition, schema.Electrode) else None
        if law is None or law.capacitance <= 0.0:
            continue
        overpotential, _ = reaction(law, side.field.value, one, alpha, thermal)
        ds = system.ds(system.face_id[side.contact.name, side.label])
        capacity = fem.Constant(system.domain.mesh, np.float64(law.capacitance))
        forms.append(weight * capacity * overpotential * ds)
    return _integrals(system, forms) if forms else np.zeros(0)
