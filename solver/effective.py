"""Effective properties of a periodic cell: mesh by mesh until the bounds are close enough.

Meshes are refined evenly: all edges are halved, so that opposite sides go on to match.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf, prod
from time import perf_counter

import numpy as np
import numpy.typing as npt
import ufl
from dolfinx import fem
from mpi4py import MPI

from meshes.mesh import BuiltMesh
from meshes.micro import Particles
from solver import compat, schema
from solver.domain import Domain, cellwise, number_of_cells, read_domain, refine_cells
from solver.effective_conduction import Conducting, Fluctuations, both_sides
from solver.effective_stiffness import Elastic, Response, response, voigt_and_reuss
from solver.elasticity import displacement_space
from solver.mechanics_model import solid_law
from solver.solve import SolveFailed
from solver.tensor_bounds import Between
from solver.three_point import ThreePoint, three_point, two_conductivities
from solver.uniform_tractions import Tractions, uniform_tractions
from solver.weak_strains import weak_strains

Floats = npt.NDArray[np.float64]
Progress = Callable[[str], None]
NEGLIGIBLE = 1e-8  # share of a bound that is as little as the rounding it is widened by


@dataclass(frozen=True)
class Level:
    """One mesh: size of the problem and a third (half) of the trace from below and above."""

    cells: int
    dofs: int
    lower: float
    upper: float
    width: float
    iterations: int
    seconds: float


@dataclass(frozen=True)
class Conductivity:
    """The effective conductivity of a cell.

    Attributes:
        cell: Mesh and laws of the last solve.
        tensor: Its bounds, pA/(V um).
        upper: Fluctuations of the upper one.
        history: The meshes.
        reached: Whether the bounds are as close as asked.
        stopped: Why not.
        meant: Bounds with round bodies that the mesh gives flat facets; see `meshes.roundness`.
    """

    cell: Conducting
    tensor: Between
    upper: Fluctuations
    history: tuple[Level, ...]
    reached: bool
    stopped: str
    meant: Between


@dataclass(frozen=True)
class Stiffness:
    """The effective stiffness of a cell, MPa; rows and columns are the strains of the cell.

    Attributes:
        cell: Mesh and laws of the last solve.
        periodic: Response with periodic sides: an upper tensor.
        affine: Upper tensor with affine displacements of the sides.
        voigt: Mean of the stiffness.
        reuss: Inverse of the mean of the compliance.
        error: Largest change of the periodic tensor against the mesh before, relative; infinite
            with one mesh.
        history: The meshes.
        reached: Whether that change is as small as asked.
        proved: A lower tensor above that of Reuss, where it was asked for and is there.
        unproved: Share of its compliance that rests on an estimate; see `solver.weak_strains`.
    """

    cell: Elastic
    periodic: Response
    affine: Floats
    voigt: Floats
    reuss: Floats
    error: float
    history: tuple[Level, ...]
    reached: bool
    proved: Floats | None = None
    unproved: float = 0.0


@dataclass(frozen=True)
class Effective:
    """What a periodic cell has; None for what was not asked for or is not there.

    Attributes:
        conductivity: Between two tensors.
        stiffness: From above, and from further away.
        three_point: Bounds by the geometry of two conductors.
        tractions: Stiffness with uniform tractions on the sides.
        left_out: What was asked for and is not there, and why.
    """

    conductivity: Conductivity | None
    stiffness: Stiffness | None
    three_point: ThreePoint | None = None
    tractions: Tractions | None = None
    left_out: tuple[str, ...] = ()


def cell_volume(built: BuiltMesh) -> float:
    """Of the whole periodic cell, um^3 (plane: um^2)."""
    return prod(built.periods)


def volume_shares(built: BuiltMesh) -> dict[str, float]:
    """Share of every meshed region in the whole cell."""
    whole = cell_volume(built)
    return {region.name: region.computed / whole for region in built.report.regions}


def solve_effective(
    case: schema.Case,
    mesher: Callable[[schema.Case], BuiltMesh],
    comm: MPI.Intracomm,
    progress: Progress,
) -> Effective:
    """Solve for what is asked; collective.

    Args:
        case: A case with [effective].
        mesher: Makes the mesh of a case, on all ranks.
        comm: The ranks.
        progress: Called with a line per mesh.

    Raises:
        NotPeriodic: Sides do not match.
        Percolates: A perfect conductor reaches through the cell.
        Loose: A solid that nothing holds.
        SolveFailed: No convergence.
    """
    if case.effective is None:
        raise ValueError("a case without [effective]")
    conductivity = stiffness = phases = tractions = None
    left_out: list[str] = []
    if case.effective.conductivity:
        conductivity = solve_conductivity(case, mesher(case), comm, progress)
        if inf in conductivity.cell.domain.built.roundness:
            left_out.append(
                "The bounds of the conductivity are those of the bodies of the mesh, whose volumes "
                "stand beside those asked for, not of round ones."
            )
        if case.effective.three_point:
            phases = _three_point(case, conductivity, mesher, comm)
            if phases is None:
                left_out.append(
                    "No three-point bounds: they are those of two phases, "
                    "and the cell has not just two conductivities."
                )
    if case.effective.stiffness:
        empty = () if case.mechanics is None else case.mechanics.empty
        voids: dict[str, schema.Region] = {name: schema.Insulator() for name in empty}
        stiffness = solve_stiffness(case, mesher(replace(case, regions=voids)), comm, progress)
        if case.effective.uniform_tractions:
            tractions, stiffness, none = _with_tractions(stiffness)
            left_out += none
    for line in left_out:
        progress(line)
    return Effective(conductivity, stiffness, phases, tractions, tuple(left_out))


def _with_tractions(found: Stiffness) -> tuple[Tractions | None, Stiffness, list[str]]:
    """Uniform tractions, the stiffness with what they prove, and what there is not and why."""
    none = "No stiffness under uniform tractions: "
    try:
        tractions = uniform_tractions(found.cell)
    except SolveFailed as error:
        stiffness, said = _from_below(found)
        return None, stiffness, [f"{none}no answer was found ({error}).", *said]
    if tractions is None:
        why = "a void reaches the sides of the cell, and nothing there can carry them."
        return None, found, [f"{none}{why}"]
    return tractions, *_from_below(found)


def _from_below(found: Stiffness) -> tuple[Stiffness, list[str]]:
    """With a lower tensor that is proved; why there is none, if so."""
    alone = "The stiffness is bounded from below by Reuss alone: "
    try:
        weak = weak_strains(found.cell)
    except SolveFailed as error:
        return found, [f"{alone}no linear stresses in equilibrium were found ({error})."]
    if weak is None:
        return found, [f"{alone}the cell is too large for stresses in equilibrium."]
    said = []
    if weak.unproved > NEGLIGIBLE:
        said.append(
            f"The lower end of the stiffness rests on an estimate of {weak.unproved:.0e} of it, "
            "for what its solver left out of balance: it is called estimated. "
            "That of Reuss is proved."
        )
    return replace(found, proved=weak.tensor, unproved=weak.unproved), said


def _three_point(
    case: schema.Case,
    found: Conductivity,
    mesher: Callable[[schema.Case], BuiltMesh],
    comm: MPI.Intracomm,
) -> ThreePoint | None:
    """On the last mesh of the conductivity; on one as fine with the insulators if there are any."""
    cell = found.cell
    if any(isinstance(law, schema.Insulator) for law in case.regions.values()):
        built = mesher(replace(case, regions={}))
        laws = {name: cell.conductivity.get(name, 0.0) for name in built.regions}
        if two_conductivities(laws) is None:
            return None
        domain = read_domain(built, comm)
        for _ in found.history[1:]:
            domain = _refined(domain)
        cell = replace(cell, domain=domain, conductivity=laws)
    return three_point(cell)


def solve_conductivity(
    case: schema.Case, built: BuiltMesh, comm: MPI.Intracomm, progress: Progress
) -> Conductivity:
    """Both tensors on finer and finer meshes; collective."""
    laws = {
        name: law.conductivity if isinstance(law, schema.IonicConductor) else inf
        for name, law in case.regions.items()
        if name in built.regions
    }
    options = dict(case.numerics.petsc_options)
    order = case.numerics.element_order
    cell = Conducting(read_domain(built, comm), laws, cell_volume(built), options, order)
    below, above = of_round_bodies(case, built, laws)
    if max(below, above) > 1.0:
        progress(f"facets of round bodies: {below - 1.0:.1e} below, {above - 1.0:.1e} above")
    history: list[Level] = []
    while True:
        begin = perf_counter()
        lower, upper = both_sides(cell)
        tensor = Between(lower.tensor, upper.tensor)
        meant = Between(np.asarray(lower.tensor / below), np.asarray(upper.tensor * above))
        steps = lower.iterations + upper.iterations
        dofs = max(lower.unknowns, upper.unknowns)
        low, high = tensor.mean()
        cells = number_of_cells(cell.domain)
        level = Level(cells, dofs, low, high, tensor.width(), steps, perf_counter() - begin)
        history.append(level)
        progress(
            f"{cells} cells, {dofs} unknowns: bounds of the conductivity {level.width:.2e} apart "
            f"({steps} iterations, {level.seconds:.1f} s)"
        )
        if tensor.shut():
            progress(no_path(tensor))
        if level.width <= case.numerics.accuracy:
            return Conductivity(cell, tensor, upper, tuple(history), True, "", meant)
        if stopped := _stops(case, cell.domain, dofs):
            return Conductivity(cell, tensor, upper, tuple(history), False, stopped, meant)
        cell = replace(cell, domain=_refined(cell.domain))


def of_round_bodies(
    case: schema.Case, built: BuiltMesh, laws: dict[str, float]
) -> tuple[float, float]:
    """Factors by which k of round particles may be below and above that of the mesh's, at least 1.

    1 where nothing is known, too: then the bounds are those of the mesh's bodies.
    """
    micro = case.geometry
    if not isinstance(micro, Particles) or not np.isfinite(built.roundness).all():
        return 1.0, 1.0
    larger, smaller = built.roundness
    if laws.get(micro.name, 0.0) >= laws.get(micro.inside, 0.0):
        return smaller, larger
    return larger, smaller


def no_path(tensor: Between) -> str:
    """That nothing conducts along some axes; "" where something does along all of them."""
    axes = ", ".join("xyz"[axis] for axis in tensor.shut())
    if not axes:
        return ""
    return f"no path: no conductor leads through the cell along {axes}; it conducts exactly 0 there"


def solve_stiffness(
    case: schema.Case, built: BuiltMesh, comm: MPI.Intracomm, progress: Progress
) -> Stiffness:
    """The periodic tensor on finer and finer meshes, and the tensors beside it; collective."""
    if case.mechanics is None:
        raise ValueError("a case without [mechanics]")
    laws = {
        name: solid_law(solid, case.mechanics, plane=False).stiffness
        for name, solid in case.mechanics.solids.items()
        if name in built.regions
    }
    options = dict(case.numerics.petsc_options)
    order = case.numerics.element_order
    cell = Elastic(read_domain(built, comm), laws, cell_volume(built), options, order)
    voigt, reuss = voigt_and_reuss(cell, volume_shares(built))
    history: list[Level] = []
    before: Floats | None = None
    while True:
        begin = perf_counter()
        found = response(cell, "periodic")
        change = inf
        if before is not None:
            change = float(np.abs(found.tensor - before).max() / np.abs(found.tensor).max())
        if np.abs(voigt - reuss).max() <= 1e-12 * np.abs(voigt).max():
            change = 0.0  # one material
        cells = number_of_cells(cell.domain)
        low, high = Between(reuss, found.tensor).mean()
        steps, seconds = found.iterations, perf_counter() - begin
        history.append(Level(cells, found.unknowns, low, high, change, steps, seconds))
        progress(
            f"{cells} cells, {found.unknowns} unknowns: stiffness, change {change:.1e} "
            f"({steps} iterations, {seconds:.1f} s)"
        )
        reached = change <= case.numerics.accuracy
        if reached or _stops(case, cell.domain, found.unknowns):
            affine = response(cell, "affine").tensor
            return Stiffness(cell, found, affine, voigt, reuss, change, tuple(history), reached)
        before = found.tensor
        cell = replace(cell, domain=_refined(cell.domain))


def _stops(case: schema.Case, domain: Domain, dofs: int) -> str:
    """Why there is no finer mesh; "" if there is one."""
    if case.numerics.refinement == "none":
        return 'refinement = "none"'
    finer = dofs * 2**domain.mesh.topology.dim
    if finer > case.numerics.max_dofs:
        return f"the next mesh has some {finer:.1e} unknowns, more than numerics.max_dofs"
    return ""


def _refined(domain: Domain) -> Domain:
    cells = domain.mesh.topology.index_map(domain.mesh.topology.dim).size_local
    return refine_cells(domain, np.arange(cells, dtype=np.int32))


# --- fields for output ----------------------------------------------------------------------


def current_of(found: Conductivity) -> fem.Function:
    """Current density over its mean under a mean field along x, discontinuous.

    Of one degree less than w, but 1 for linear w, whose gradient is constant in every cell.
    """
    domain = found.cell.domain
    gdim = domain.mesh.geometry.dim
    finite = {n: 0.0 if k == inf else k for n, k in found.cell.conductivity.items()}
    kappa = cellwise(domain, finite, "conductivity")
    unit = fem.Constant(domain.mesh, np.eye(gdim)[0])
    mean = float(found.tensor.value[0, 0])
    # without a path along x there is no current, and what is left of it is rounding
    over_mean = fem.Constant(domain.mesh, np.float64(1.0 / mean if mean > 0.0 else 0.0))
    from_field = over_mean * kappa * (unit + ufl.grad(found.upper.fields[0]))
    element = ("DG", max(found.cell.order - 1, 1), (gdim,))
    function = fem.Function(fem.functionspace(domain.mesh, element), name="current")
    points = compat.interpolation_points(function.function_space)
    function.interpolate(fem.Expression(from_field, points))
    return function


def fluctuation_of(found: Stiffness) -> fem.Function:
    """Displacement beside the affine one under a strain along x, at most quadratic to be drawn."""
    field = found.periodic.fields[0]
    if found.cell.order <= 2:
        return field
    drawn = fem.Function(displacement_space(found.cell.domain, 2), name=field.name)
    drawn.interpolate(field)
    return drawn
