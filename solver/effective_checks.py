"""What is wrong with [effective] beyond the form of its table."""

from collections.abc import Iterator

from meshes import geometry as shapes
from meshes import layers as bodies
from meshes.micro import Micro
from solver import mechanics_tables, tables
from solver.faults import Finding, KeyPath, as_given, nearest
from solver.micro_checks import empty_faults


def effective_faults(
    file: tables.CaseFile, geometry: shapes.Geometry, regions: tuple[str, ...]
) -> Iterator[Finding]:
    """What is wrong with a case that asks for effective properties.

    Args:
        file: The tables.
        geometry: In working units.
        regions: Names of all regions of the geometry.
    """
    wanted = file.effective
    if wanted is None:
        return
    yield from _periodic_faults(geometry)
    if geometry_is_wrong(geometry):
        return
    given = dict(file)
    for key in ("boundaries", "interfaces", "load", "calibrate", "specimens"):
        if given[key]:
            allowed = "no such table beside [effective]: a periodic cell has neither faces nor ends"
            yield Finding((key,), "a table", allowed)
    yield from _conduction_faults(file, regions) if wanted.conductivity else ()
    yield from _stiffness_faults(file, regions) if wanted.stiffness else ()
    for key, needs, on in (
        ("three_point", "conductivity", wanted.conductivity),
        ("uniform_tractions", "stiffness", wanted.stiffness),
    ):
        if dict(wanted)[key] and not on:
            yield Finding(("effective", key), "true", f"false, or {needs} = true beside it")
    if not wanted.conductivity and file.regions:
        yield Finding(("effective", "conductivity"), "false", "true, as there are [regions]")
    if not wanted.stiffness and file.mechanics is not None:
        yield Finding(("effective", "stiffness"), "false", "true, as there is [mechanics]")


def geometry_is_wrong(geometry: shapes.Geometry) -> bool:
    """Whether a geometry is not periodic along all of its axes."""
    return any(_periodic_faults(geometry))


def _periodic_faults(geometry: shapes.Geometry) -> Iterator[Finding]:
    if isinstance(geometry, shapes.MeshFile):
        axes = ("x", "y", "z") if geometry.dimension == "3d" else ("x", "y")
        if geometry.dimension == "axisymmetric":
            where: KeyPath = ("geometry", "dimension")
            yield Finding(where, '"axisymmetric"', "plane or 3d beside [effective]")
        elif set(geometry.periodic) != set(axes):
            listed = ", ".join(f'"{axis}"' for axis in axes)
            given = as_given(list(geometry.periodic))
            yield Finding(("geometry", "periodic"), given, f"[{listed}] beside [effective]")
    elif isinstance(geometry, Micro):
        if not all(geometry.body.periods):
            given = as_given(geometry.body.periodic)
            yield Finding(("geometry", "periodic"), given, '"all" beside [effective]')
    elif isinstance(geometry, shapes.Cell | bodies.Block | bodies.Box | bodies.Shell):
        allowed = "a microstructure or a mesh file that is periodic, beside [effective]"
        shape = "box" if isinstance(geometry, bodies.Box) else geometry.shape
        yield Finding(("geometry", "shape"), as_given(shape), allowed)


def _conduction_faults(file: tables.CaseFile, regions: tuple[str, ...]) -> Iterator[Finding]:
    for name in regions:
        if name not in file.regions:
            allowed = "a law for this region: ionic_conductor, equipotential or insulator"
            yield Finding(("regions", name), "", allowed)
    for name, law in file.regions.items():
        if name not in regions:
            allowed = f"a region that the geometry has: {', '.join(regions)}"
            yield Finding(("regions", name), f'law "{law.law}"', allowed, nearest(name, regions))
    laws = list(file.regions.values())
    if laws and not any(isinstance(law, tables.IonicConductor) for law in laws):
        yield Finding(("regions",), "no conductor", "at least one region that is ionic_conductor")


def _stiffness_faults(file: tables.CaseFile, regions: tuple[str, ...]) -> Iterator[Finding]:
    mechanics = file.mechanics
    if mechanics is None:
        yield Finding(("mechanics",), "", "[mechanics.solids] beside stiffness = true")
        return
    yield from empty_faults(mechanics, regions)
    for name in regions:
        if name not in mechanics.solids and name not in mechanics.empty:
            allowed = "a law: isotropic, cubic or orthotropic; or its name in mechanics.empty"
            yield Finding(("mechanics", "solids", name), "", allowed)
    if regions and set(regions) <= set(mechanics.empty):
        yield Finding(("mechanics", "empty"), as_given(list(mechanics.empty)), "at least one solid")
    for name, solid in mechanics.solids.items():
        path: KeyPath = ("mechanics", "solids", name)
        if name not in regions:
            allowed = f"one of {', '.join(regions)}"
            yield Finding(path, f'law "{solid.law}"', allowed, nearest(name, regions))
        elif solid.deflections == "large":
            yield Finding((*path, "deflections"), '"large"', "small: a stiffness is that of none")
        elif isinstance(solid, mechanics_tables.Isotropic) and solid.flow is not None:
            yield Finding(
                (*path, "flow"), f'law "{solid.flow.law}"', "no flow: stiffness is elastic"
            )
    for key, given in (
        ("faces", mechanics.faces), ("interfaces", mechanics.interfaces),
        ("damage", mechanics.damage), ("plane", mechanics.plane == "stress"),
    ):  # fmt: skip
        if given:
            yield Finding(("mechanics", key), "given", "no such key beside [effective]")
