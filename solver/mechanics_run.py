"""The mechanics of a case on meshes of all that carries stress."""

from collections.abc import Callable
from dataclasses import replace

from mpi4py import MPI

from meshes.layers import Block, Box
from meshes.mesh import BuiltMesh, MeshError
from meshes.micro import Micro
from solver import schema
from solver.arrest import with_arrest
from solver.box_mechanics import solve_box
from solver.crack_quantities import disagreement, starts_and_slows
from solver.domain import Domain
from solver.flowing import flows, solve_flow
from solver.front_arrest import with_front_arrest
from solver.front_quantities import front_limit
from solver.growth_quantities import too_coarse
from solver.mechanics import Mechanical, solve_mechanics
from solver.meshing import start_mesh, start_size
from solver.micro_mechanics import solve_micro
from solver.problem import Driver, Mesher, as_given
from solver.saturation import with_saturation
from solver.strain_range import large_strains

Progress = Callable[[str], None]

NO_INTENSITIES = (
    "K_I and K_II of the flaws are not told: the interaction integral here needs isotropic solids "
    "at all tips and small rotations. Verdict and margin are by G of growth straight on: where a "
    "flaw would kink is not known."
)


def make_mesh(case: schema.Case, comm: MPI.Intracomm) -> BuiltMesh:
    """Build or fetch the mesh on rank 0; every rank learns the outcome.

    Raises:
        MeshError: On all ranks, if it cannot be built.
    """
    outcome: BuiltMesh | str = ""
    if comm.rank == 0 and case.geometry is not None:
        try:
            outcome = start_mesh(case)
        except MeshError as error:
            outcome = str(error)
    outcome = comm.bcast(outcome)
    if isinstance(outcome, str):
        raise MeshError(outcome)
    return outcome


def simulate_mechanics(
    case: schema.Case, comm: MPI.Intracomm, progress: Progress, driven: Driver = as_given
) -> Mechanical:
    """Equilibrium and driving force, and where a crack that grows comes to rest; collective.

    Args:
        case: With mechanics.
        comm: The ranks.
        progress: Called with a line per mesh.
        driven: Finds the loads on every mesh of an elastic block, cylinder or box.
    """
    loaded = [case]

    def loads_on(one: schema.Case, domain: Domain) -> tuple[schema.Case, Domain]:
        one, domain = driven(one, domain)
        loaded.append(one)
        return one, domain

    found = _solved(case, comm, progress, loads_on)
    case = loaded[-1]  # other lengths and spacings of a crack are under the loads of the last mesh
    if isinstance(case.geometry, Block) and not flows(case):
        found = _continued(case, found, comm)
    limit = front_limit(case, found)
    if limit is not None:

        def meshed(one: schema.Case, share: float) -> BuiltMesh:
            return _mesh_of_box(one, share, comm)

        found = with_front_arrest(case, found, limit, meshed, comm)
    said = [*large_strains(case, found)]
    said += () if found.growth is None else too_coarse(found.growth)
    if isinstance(case.geometry, Block) and case.mechanics is not None and found.tips:
        said.append(disagreement(case.geometry, case.mechanics, found))
        if case.geometry.flaws and not found.intensities:
            said.append(NO_INTENSITIES)
    return replace(found, remarks=(*found.remarks, *filter(None, said)))


def _solved(
    case: schema.Case, comm: MPI.Intracomm, progress: Progress, driven: Driver
) -> Mechanical:
    """The answer of the shape and the laws of a case."""
    if flows(case):
        return solve_flow(
            case, lambda one: make_mesh(replace(one, regions={}), comm), comm, progress
        )
    if isinstance(case.geometry, Micro):
        return solve_micro(case, lambda share: _mesh_of_micro(case, share, comm), comm, progress)
    if isinstance(case.geometry, Box):
        return solve_box(
            case, lambda share: _mesh_of_box(case, share, comm), comm, progress, driven
        )
    return solve_mechanics(case, _block_mesher(case, comm), comm, progress, driven)


def _block_mesher(case: schema.Case, comm: MPI.Intracomm) -> Mesher:
    # what carries no current carries stress: every layer is meshed
    return lambda block: make_mesh(replace(case, geometry=block, regions={}), comm)


def _continued(case: schema.Case, found: Mechanical, comm: MPI.Intracomm) -> Mechanical:
    """With what follows from solves of other blocks."""
    mesher = _block_mesher(case, comm)
    found = with_saturation(case, found, mesher, comm)
    slows = starts_and_slows(case, found)
    return found if slows is None else with_arrest(case, found, *slows, mesher, comm)


def _mesh_of_micro(case: schema.Case, share: float, comm: MPI.Intracomm) -> BuiltMesh:
    """A mesh of what carries stress, with a lattice of a share of the first size."""
    micro = case.geometry
    if not isinstance(micro, Micro) or case.mechanics is None:
        raise ValueError("a case without the mechanics of a microstructure")
    body = replace(micro.body, resolution=share * micro.body.resolution)
    left_out: dict[str, schema.Region] = {n: schema.Insulator() for n in case.mechanics.empty}
    return make_mesh(replace(case, geometry=replace(micro, body=body), regions=left_out), comm)


def _mesh_of_box(case: schema.Case, share: float, comm: MPI.Intracomm) -> BuiltMesh:
    """A mesh with cells of a share of the first size at the front, or under an indenter.

    Without either, all cells are of that share.
    """
    size = start_size(case)
    box = case.geometry
    everywhere = not isinstance(box, Box) or (box.crack is None and box.touched == 0.0)
    numerics = replace(
        case.numerics,
        edge_size=share * size.edge,
        maximum_size=share * size.maximum if everywhere else size.maximum,
    )
    return make_mesh(replace(case, regions={}, numerics=numerics), comm)
