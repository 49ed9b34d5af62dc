"""The energy release rate of a crack: the derivative of the potential energy in the crack's length.

A field q moves the tip by one along the crack and dies out at a distance. With the mesh moved by
s q and the displacement carried along,

    G = -dPi/ds / (length of the front)
      = -int [w div q - sigma:(grad u grad q)] dV + int_faces t.u div_s q dA  (+ explicit terms)

for the energy Pi of `solver.elasticity` with density w. It is the domain integral of Rice's J; what
eigenstrain, initial stress, layers, axisymmetry and loads on the faces of the crack add to it is
all in Pi, so that the derivative has it without a formula for each: UFL differentiates Pi in the
coordinates of the mesh. q must not move an interface or a loaded end of the body.

A shear tau on the faces of a crack in a plane of symmetry acts on what they grow by as well, where
the tip has moved along them by u_t: its work there, 2 tau u_t, comes with the new face and drives
nothing (a pressure does none: nothing opens at the tip). It is taken off, so that G = K_I^2/E'.

G in J/m^2 = MPa um. In a plane of symmetry half of the body is meshed, hence a factor of two; of a
flaw inside of a body both faces are meshed.
Stress intensity: K_I = sqrt(E' G), MPa um^(1/2) (1 MPa m^(1/2) = 1000 of these).

Source: Rice 1968, J. Appl. Mech. 35, 379; Destuynder, Djaoua & Lescure 1983, J. Mec. Theor. Appl.
2, 113 (virtual extension by a field).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi

import numpy as np
import numpy.typing as npt
import ufl
from dolfinx import fem
from dolfinx.fem import petsc as fem_petsc
from mpi4py import MPI
from petsc4py import PETSc

from meshes.layers import Block, Flaw, face_length, height, pit_corners, tips
from solver import compat
from solver.domain import Domain, node_positions, refine_cells
from solver.elasticity import Body

# Contours: q is one inside of the first radius and zero outside of the second, in shares of the
# distance to the next end, interface or face that the field must not move.
# Of the cells at a tip. At the corner of a pit strains must stay moderate for large deflections.
HALVINGS, HALVINGS_ON_INTERFACE, HALVINGS_AT_CORNER = 20, 44, 6
HALVINGS_AT_JUMP = 10  # where the load on a face jumps inside of a cell
CONTOURS = ((0.02, 0.1), (0.1, 0.3), (0.3, 0.6), (0.5, 0.95))


@dataclass(frozen=True)
class Tip:
    """A tip of a crack in a plane of symmetry, or of a flaw.

    Attributes:
        place: x and y in the mesh, um (see `origin`).
        level: y in the block, um.
        direction: In which the crack grows.
        reach: Radius within which nothing but the crack and the body around it lies, um; 0 if the
            tip lies on an interface.
        front: Length of the front, um (plane: 1, per um of depth).
        crack: Name of the faces of the crack.
        share: The whole body over the meshed part: 2 in a plane of symmetry.
    """

    place: tuple[float, float]
    level: float
    direction: tuple[float, float]
    reach: float
    front: float
    crack: str = "crack"
    share: float = 2.0


def origin(block: Block) -> float:
    """The height (um) in a block at which y = 0 in its mesh: the tip of a crack on the left face.

    Cells at a tip on an interface have to be smaller than the rounding of a coordinate that is
    counted from the bottom.
    """
    found = tips(block)
    return found[0][1] if found else 0.0


def find_tips(block: Block) -> tuple[Tip, ...]:
    """The tips of the crack of a block."""
    crack = block.crack
    if crack is None:
        return _tips_of_flaws(block)
    along = (0.0, 1.0) if crack.face == "left" else (1.0, 0.0)
    planes = [0.0, *np.cumsum([layer.thickness for layer in block.layers])]
    found = []
    for x, y in tips(block):
        s = y if crack.face == "left" else x
        sign = 1.0 if s == crack.end else -1.0
        others = [end for end in (crack.start, crack.end) if end != s]
        stops = [*others, 0.0, face_length(block, crack.face)]
        stops += planes if crack.face == "left" else []
        room = min(abs(s - stop) for stop in stops)
        room = min(room, block.width if crack.face == "left" else height(block))
        on_plane = crack.face == "left" and min(abs(s - plane) for plane in planes) < 1e-9 * s
        front = 2.0 * pi * x if block.shape == "cylinder" else 1.0
        direction = (sign * along[0], sign * along[1])
        place = (x, y - origin(block))
        found.append(Tip(place, y, direction, 0.0 if on_plane else room, front))
    return tuple(found)


def _tips_of_flaws(block: Block) -> tuple[Tip, ...]:
    """The tips of the flaws, their contours within the layer and clear of the other flaws."""
    planes = np.cumsum([0.0, *(layer.thickness for layer in block.layers)])
    found = []
    for flaw in block.flaws:
        beginning = ((flaw.x, flaw.y), (-flaw.direction[0], -flaw.direction[1]))
        for (x, y), ahead in ((flaw.end, flaw.direction), *(() if flaw.emerges else (beginning,))):
            others = [_distance((x, y), other) for other in block.flaws if other is not flaw]
            sides = [abs(y - plane) for plane in planes]
            room = min(flaw.length, x, block.width - x, *sides, *others)
            place = (float(x), float(y - origin(block)))
            found.append(Tip(place, y, ahead, float(room), 1.0, flaw.name, 1.0))
    return tuple(found)


def _distance(point: tuple[float, float], flaw: Flaw) -> float:
    """From a point to a flaw, um."""
    away = np.subtract(point, (flaw.x, flaw.y))
    share = float(np.clip(away @ flaw.direction, 0.0, flaw.length))
    return float(np.hypot(*(away - share * np.array(flaw.direction))))


def resolve_tips(
    domain: Domain,
    block: Block,
    jumps: Sequence[tuple[float, float]] = (),
    on_interface: int = HALVINGS_ON_INTERFACE,
) -> Domain:
    """Bisect the cells at the tips and at the corners of a pit again and again; collective.

    The mesh of the block is moved so that `origin` is at y = 0, then the size of the cells at a tip
    halves each time. In a homogeneous body the error that a tip leaves in the energy goes with
    the size of its cells, on an interface between a stiff film and a compliant body only with its
    power 0.4 or so.

    Args:
        domain: The mesh of the block.
        block: The block.
        jumps: Places (x, y) of the block where the load on a face jumps, um.
        on_interface: How often cells at a tip on an interface are halved.
    """
    domain.mesh.geometry.x[:, 1] -= origin(block)
    ends = [(tip.place, HALVINGS if tip.reach else on_interface) for tip in find_tips(block)]
    ends += [((x, y - origin(block)), HALVINGS_AT_CORNER) for x, y in pit_corners(block)]
    ends += [((x, y - origin(block)), HALVINGS_AT_JUMP) for x, y in jumps]
    for place, halvings in ends:
        for _ in range(halvings):
            points = node_positions(domain.mesh)
            far = np.hypot(points[:, 0] - place[0], points[:, 1] - place[1])
            least = domain.comm.allreduce(float(far.min(initial=np.inf)), op=MPI.MIN)
            near = far <= least  # the node at the tip itself, however small its cells are
            nodes = compat.node_numbers(domain.mesh)
            cells = np.flatnonzero(near[nodes].any(axis=1)).astype(np.int32)
            domain = refine_cells(domain, cells)
    return domain


def extension(domain: Domain, tip: Tip, inner: float, outer: float) -> fem.Function:
    """The field q of a tip on the nodes of the mesh: one inside of a radius, zero outside (um)."""
    gdim = domain.mesh.geometry.dim
    q = fem.Function(fem.functionspace(domain.mesh, ("Lagrange", 1, (gdim,))), name="q")

    def values(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        r = np.hypot(x[0] - tip.place[0], x[1] - tip.place[1])
        share = np.clip((outer - r) / (outer - inner), 0.0, 1.0)
        return np.vstack([share * d for d in tip.direction])

    q.interpolate(values)
    return q


def energy_release_rates(body: Body, displacement: fem.Function, tip: Tip) -> tuple[float, ...]:
    """G of one tip by every contour, J/m^2; collective.

    Args:
        body: Laws and loads.
        displacement: In equilibrium.
        tip: Not on an interface.
    """
    domain = body.domain
    space = fem.functionspace(domain.mesh, ("Lagrange", 1, (domain.mesh.geometry.dim,)))
    x = ufl.SpatialCoordinate(domain.mesh)
    energy = body.potential_energy(displacement)
    derivative = fem.form(ufl.derivative(energy, x, ufl.TestFunction(space)))
    force = fem_petsc.assemble_vector(derivative)
    force.ghostUpdate(PETSc.InsertMode.ADD, PETSc.ScatterMode.REVERSE)
    found = []
    idle = work_of_new_faces(body, displacement, tip)
    for inner, outer in CONTOURS:
        q = extension(domain, tip, inner * tip.reach, outer * tip.reach)
        slope = force.dot(q.x.petsc_vec)
        found.append(-tip.share * slope / tip.front - idle)
    return tuple(found)


def work_of_new_faces(body: Body, displacement: fem.Function, tip: Tip) -> float:
    """Work of the shear on the faces by which a crack grows, per area, J/m^2; collective.

    On both sides of a plane of symmetry it points the same way; on the two faces of a flaw, which
    move alike at its tip, the opposite way, and does none.
    """
    load = body.tractions.get(tip.crack)
    if load is None or load.shear == 0.0 or tip.share == 1.0:
        return 0.0
    axis = 0 if tip.direction[0] else 1
    tangent = 1.0 if axis == 0 else -1.0  # of the bottom and of the left face
    comm, space = body.domain.comm, displacement.function_space
    places = space.tabulate_dof_coordinates()
    away = np.hypot(places[:, 0] - tip.place[0], places[:, 1] - tip.place[1])
    near = comm.allreduce(float(away.min(initial=np.inf)), op=MPI.MIN)
    gdim = body.domain.mesh.geometry.dim
    here = displacement.x.array[axis::gdim][: len(away)][away <= near]
    moved = comm.allreduce(float(here.max(initial=-np.inf)), op=MPI.MAX)
    return tip.share * float(body.load.value) * load.shear * tangent * float(moved)


def moved_nodes(domain: Domain, tip: Tip, distance: float) -> npt.NDArray[np.float64]:
    """Node positions with the tip moved along the crack, shape (nodes, 3), um."""
    points = node_positions(domain.mesh).copy()
    r = np.hypot(points[:, 0] - tip.place[0], points[:, 1] - tip.place[1])
    share = np.clip((0.9 * tip.reach - r) / (0.6 * tip.reach), 0.0, 1.0)
    for axis, direction in enumerate(tip.direction):
        points[:, axis] += distance * share * direction
    return points


def stress_intensity(energy_release_rate: float, plane_strain_modulus: float) -> float:
    """K_I in MPa um^(1/2); negative G (a crack that closes) has none."""
    return float(np.sqrt(max(energy_release_rate, 0.0) * plane_strain_modulus))
