"""A case that marches: from its mesh to its numbers and fields."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from dolfinx import fem
from mpi4py import MPI
from petsc4py import PETSc

from meshes.geometry import Cell, NoOpening, is_half_space
from meshes.mesh import BuiltMesh
from solver import compat, schema
from solver.carrier_system import Held, System
from solver.checkpoints import Keeper, Keeping, kept_before
from solver.contact_quantities import contact_quantities
from solver.deposit import platings
from solver.deposit_quantities import (
    deposit_quantities,
    jump_warnings,
    meshes_warnings,
    noise_warnings,
    warnings,
)
from solver.domain import (
    Domain,
    number_of_cells,
    read_domain,
    region_of_cells,
    regions_at,
)
from solver.facing import axes_round, goes_round
from solver.fine_faces import refined_at
from solver.flaw_quantities import flaw_quantities
from solver.flaw_thickness import thickness_warnings
from solver.flaw_verdict import judge, verdict_quantities
from solver.impedance import find_spectrum
from solver.impedance_quantities import (
    Analysed,
    all_frequencies,
    analysed,
    circuit_warnings,
    impedance_quantities,
    measured_points,
)
from solver.impedance_schema import Impedance
from solver.interruption import listening
from solver.march import march, steady_state
from solver.march_quantities import limiting_current, march_quantities
from solver.march_schema import BinaryElectrolyte
from solver.march_states import Marched, Remeshing
from solver.matching import refine_alike
from solver.mechanics_run import make_mesh
from solver.metal_faces import with_faces
from solver.model import Model, ModelError, build_model
from solver.quantities import Quantity
from solver.region_quantities import region_quantities
from solver.region_schema import Alloy, MixedConductor
from solver.remeshing import read_redrawn, remeshes, renewed
from solver.stress_quantities import stress_functions, stress_quantities
from solver.units import in_unit

Progress = Callable[[str], None]
AT_FACES = 2000.0  # thickness of a flat cell over the size of elements at its faces
MOST_PASSES = 24


@dataclass(frozen=True)
class Fields:
    """What can be seen of a march on one mesh: functions by name, growth, regions."""

    functions: dict[str, fem.Function]
    grown: dict[str, fem.Function]
    region: fem.Function


@dataclass(frozen=True)
class Marching:
    """A solved march.

    Attributes:
        built: The first mesh.
        system: The problem, with the last state in its functions.
        found: All moments.
        quantities: Its numbers.
        warnings: What a reader has to know of them.
        analysed: Its impedance, if it was asked for.
        earlier: Fields of the meshes before the last one, each at its end.
    """

    built: BuiltMesh
    system: System
    found: Marched
    quantities: tuple[Quantity, ...]
    warnings: tuple[str, ...] = ()
    analysed: Analysed | None = None
    earlier: tuple[Fields, ...] = ()


def marches(case: schema.Case) -> bool:
    """Whether a case is solved as a march, or as the steady state of one."""
    faces = case.boundaries.values()
    reacts = any(isinstance(b, schema.Electrode) and b.kinetics is not None for b in faces)
    touches = any(isinstance(b, schema.Electrode) and b.contact is not None for b in faces)
    laws = (BinaryElectrolyte, Alloy, MixedConductor)
    salt = any(isinstance(law, laws) for law in case.regions.values())
    return case.programme is not None or case.impedance is not None or reacts or salt or touches


def walled(case: schema.Case) -> bool:
    """Whether periodic sides are walls to a march: faces that move take the mesh along there."""
    return any(law.moves for law in platings(case).values())


def solve_march(
    case: schema.Case, comm: MPI.Intracomm, progress: Progress, keeper: Keeper | None = None
) -> Marching:
    """Mesh, march, evaluate; collective.

    With a keeper checkpoints are written on the way, and SIGTERM ends the march at one of them.

    Raises:
        MeshError: The geometry cannot be meshed.
        ModelError: The conditions do not make a problem.
        SolveFailed: Newton's method or the steps in time fail.
        Interrupted: SIGTERM has come; the state is kept.
    """
    case = with_all_of_the_stack(case)
    built = make_mesh(case, comm)
    domain = _graded(case, read_domain(built, comm))
    if not walled(case):
        domain = goes_round(domain, case)
        built = domain.built
    if domain.round is not None:
        progress(f"the current goes round along {axes_round(domain)}")
    model = build_model(case, built)
    system = make_system(case, model, domain)
    progress(f"mesh: {number_of_cells(domain)} cells; {comm.allreduce(system.local)} unknowns")
    overrides = case.numerics.petsc_options
    limit = limiting_current(system, overrides)
    if limit is not None:
        progress(f"limiting current density: {in_unit(limit, 'mA/cm^2'):.6g} mA/cm^2")
    earlier: list[Fields] = []
    if system.programme.steps:
        found = _marched(system, progress, keeper, earlier)
        system = found.system or system
    else:
        found = steady_state(system, overrides)
        if found.depleted:
            raise ModelError(_why_not_steady(system, found, limit))
        last = found.moments[-1]
        progress(f"steady: {last.voltage:.6g} V after {last.iterations} Newton steps")
    judged = None
    if (
        case.programme is not None
        and case.programme.flaw is not None
        and not system.programme.steps
    ):
        finer = system if _is_exact(case) else make_system(case, model, _halved(domain))
        judged = judge((system, finer), found, limit, overrides)
    quantities = [
        *verdict_quantities(system, judged, limit),
        *flaw_quantities(system, found),
        *march_quantities(system, found, limit),
        *deposit_quantities(system, found),
        *contact_quantities(system, found),
        *region_quantities(system, found),
        *stress_quantities(system, found),
    ]
    spectrum = None
    if case.impedance is not None:
        spectrum = _spectrum(case.impedance, system, found, overrides, progress)
        quantities += impedance_quantities(case, spectrum)
    if found.x is not None:
        system.put(found.x)
    said = (
        *warnings(system, found),
        *noise_warnings(system, found),
        *meshes_warnings(system, found),
        *jump_warnings(found),
        *thickness_warnings(case, system.programme.any_flaw),
        *(() if spectrum is None else circuit_warnings(spectrum)),
    )
    for text in said:
        progress(text)
    return Marching(built, system, found, tuple(quantities), said, spectrum, tuple(earlier))


def _why_not_steady(system: System, found: Marched, limit: float | None) -> str:
    """Of a steady state that has no salt left at a face, or less than the mesh resolves."""
    most = "" if limit is None else f" ({in_unit(limit, 'mA/cm^2'):.6g} mA/cm^2)"
    later = "with [[programme.steps]] the time until the cell is depleted is found"
    last = found.moments[-1]
    if last.least <= 0.0:
        return f"there is no steady state: the limiting current is exceeded{most}; {later}"
    return (
        f"the steady state is nearer to the limiting current{most} than the mesh resolves: the "
        "voltage grows without bound towards it, like the logarithm of the salt that is left. The "
        f"last one found is at {last.voltage:.4g} V, with {last.least:.1e} of the salt left; "
        f"smaller numerics.edge_size goes on a little; {later}"
    )


def _spectrum(
    asked: Impedance,
    system: System,
    found: Marched,
    overrides: Mapping[str, str],
    progress: Progress,
) -> Analysed:
    """Solve the spectrum that is asked for, also where it was measured, and read it."""
    if system.domain.built.cell_area <= 0.0:
        raise ModelError("impedance: a mesh file needs geometry.cell_area beside it")
    measured = measured_points(asked)
    frequencies = all_frequencies(asked, measured)
    spectrum = find_spectrum(system, found, asked, frequencies, overrides, progress)
    return analysed(spectrum, asked, measured, system.comm)


def system_on(case: schema.Case, domain: Domain) -> System:
    """The problem of a case on a mesh."""
    return make_system(case, build_model(case, domain.built), domain)


def _marched(
    system: System, progress: Progress, keeper: Keeper | None, earlier: list[Fields]
) -> Marched:
    overrides = system.case.numerics.petsc_options

    def renew(old: System, x: PETSc.Vec, found: Marched) -> tuple[System, PETSc.Vec, Remeshing]:
        anew = renewed(old, x, found, system_on, overrides)
        old.put(x)
        earlier.append(fields_of(old))
        return anew

    anew = renew if remeshes(system.case) else None
    if keeper is None:
        return march(system, overrides, progress, renew=anew)

    def on_mesh(built: BuiltMesh, data: bytes) -> System:
        found = system_on(system.case, read_redrawn(built, data, system.comm))
        found.room = system.room  # of the start
        return found

    kept = kept_before(keeper, system, progress, on_mesh)
    begin = kept.history.times[-1] if kept else 0.0
    with listening() as asked:  # not sooner: what makes a mesh takes handlers away
        keep = Keeping(keeper, system.comm, asked, begin, progress)
        return march(system, overrides, progress, keep, kept, anew)


def with_all_of_the_stack(case: schema.Case) -> schema.Case:
    """The case with every layer meshed up to its end: salt needs the place."""
    cell = case.geometry
    if not isinstance(cell, Cell) or is_half_space(cell):
        return case
    last = [layers[-1].thickness for layers in (cell.above, cell.below) if layers]
    return replace(case, geometry=replace(cell, resolved_height=max(last)))


def _graded(case: schema.Case, domain: Domain) -> Domain:
    """A flat stack with small elements at its faces, where salt and potential are steep."""
    steep = (BinaryElectrolyte, Alloy, MixedConductor)
    salt = any(isinstance(law, steep) for law in case.regions.values())
    cell = case.geometry
    if not salt or not isinstance(cell, Cell) or not isinstance(cell.opening, NoOpening):
        return domain
    size = case.numerics.edge_size
    if size is None:
        size = sum(layer.thickness for layer in (*cell.above, *cell.below)) / AT_FACES
    faces = tuple(
        name
        for name, law in case.boundaries.items()
        if isinstance(law, schema.Electrode) and name in domain.built.facets
    )
    for name in domain.built.interfaces:  # what passes on neither side ends there
        laws = [case.regions[side] for side in regions_at(domain, name)]
        fractions = {law.fraction for law in laws if isinstance(law, Alloy)}
        unlike = len({type(law) for law in laws}) == 2
        if (unlike and any(isinstance(law, steep) for law in laws)) or len(fractions) == 2:
            faces += (name,)
    return refined_at(domain, faces, size, MOST_PASSES)


def _is_exact(case: schema.Case) -> bool:
    """Whether any mesh gives the same steady state: conductors of one ion in flat layers."""
    cell = case.geometry
    laws = (BinaryElectrolyte, Alloy, MixedConductor)
    salt = any(isinstance(law, laws) for law in case.regions.values())
    return isinstance(cell, Cell) and isinstance(cell.opening, NoOpening) and not salt


def _halved(domain: Domain) -> Domain:
    """The mesh with cells about half as large."""
    cells = domain.mesh.topology.index_map(domain.mesh.topology.dim).size_local
    return refine_alike(domain, np.arange(cells, dtype=np.int32))


def make_system(case: schema.Case, model: Model, domain: Domain) -> System:
    """The problem with every terminal held as the case says; currents are of the meshed part."""
    model = with_faces(case, model, domain)
    terminals = model.terminals
    driven = next((i for i, t in enumerate(terminals) if t.current is not None), None)
    if driven is None:
        driven = int(np.argmax([t.potential or 0.0 for t in terminals]))
    system = System(case, model, domain, driven)
    share = domain.built.multiplicity
    system.held = [
        Held(t.potential, None if t.current is None else t.current / share) for t in terminals
    ]
    return system


def fields_of(system: System) -> Fields:
    """Potential (V), current density (mA/cm^2), concentration (mol/m^3) in P2; region per cell."""
    domain = system.domain
    gdim = domain.mesh.geometry.dim
    potential = fem.Function(fem.functionspace(domain.mesh, ("DG", 2)), name="potential")
    salt = fem.Function(potential.function_space, name="concentration")
    fraction = fem.Function(potential.function_space, name="fraction")
    current = fem.Function(fem.functionspace(domain.mesh, ("DG", 2, (gdim,))), name="current")
    regions = region_of_cells(domain)
    scale = in_unit(1.0, "mA/cm^2")
    points = compat.interpolation_points(current.function_space)
    for name, flow in system.current_of.items():
        cells = np.flatnonzero(regions == domain.built.regions[name]).astype(np.int32)
        part = system.phi[system.copies.labels[name]].value
        potential.interpolate(part, cells0=cells)
        current.interpolate(fem.Expression(scale * flow, points), cells0=cells)
        if name in system.binary:
            salt.interpolate(system.salt.value, cells0=cells)
    for contact in system.model.contacts:
        for name in contact.alloys:
            cells = np.flatnonzero(regions == domain.built.regions[name]).astype(np.int32)
            fraction.interpolate(system.stored[0].value, cells0=cells)
            metal = fem.Function(potential.function_space)
            metal.x.array[:] = float(system.applied[contact.terminal].value)
            potential.interpolate(metal, cells0=cells)
    salt.x.array[:] *= in_unit(system.reference, "mol/m^3")
    region = fem.Function(fem.functionspace(domain.mesh, ("DG", 0)), name="region")
    region.x.array[: len(regions)] = regions
    found = {"potential": potential, "current": current, "concentration": salt}
    found |= {"fraction": fraction, **stress_functions(system)}
    return Fields(found, growth_fields(system), region)


def growth_fields(system: System) -> dict[str, fem.Function]:
    """Height of the faces that grow (um), zero elsewhere; displacement of a mesh that moves."""
    if not system.growing:
        return {}
    space = system.space
    height = fem.Function(space)
    for field in system.growing.values():
        height.x.array[:] = np.where(height.x.array == 0.0, field.value.x.array, height.x.array)
    found = {"growth": height}
    parts = [field.value for name, field in system.further.items() if name.startswith("d_")]
    if parts:
        n = len(parts)
        moved = fem.Function(fem.functionspace(system.domain.mesh, ("Lagrange", 2, (n,))))
        for i, part in enumerate(parts):
            moved.x.array[i::n] = part.x.array
        found["displacement"] = moved
    return found
