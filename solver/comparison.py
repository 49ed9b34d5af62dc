"""Checks of what a case is compared with: references, specimens, the calibration."""

import re
from collections.abc import Iterator, Sequence

from meshes import geometry as shapes
from solver import known, stoichiometry, tables, units
from solver.assemble import is_physical, values
from solver.faults import Finding, KeyPath, as_given, nearest
from solver.map_tables import Map


def comparison_faults(
    file: tables.CaseFile, geometry: shapes.Geometry | None, names: set[str]
) -> Iterator[Finding]:
    """What is wrong with specimens, references and calibration.

    Args:
        file: The tables.
        geometry: In working units.
        names: The quantities that this case has.
    """
    plane = geometry is not None and shapes.dimension(geometry) == "plane"
    seen: set[str] = set()
    for index, specimen in enumerate(file.specimens):
        if specimen.name in seen:
            path: KeyPath = ("specimens", index, "name")
            yield Finding(path, as_given(specimen.name), "a name not used for another specimen")
        seen.add(specimen.name)
    for index, reference in enumerate(file.references):
        path = ("references", index)
        yield from _quantity_faults(reference.quantity, (*path, "quantity"), names)
        if reference.quantity in names:
            yield from _number_faults(reference.quantity, reference.value, (*path, "value"), plane)
    if file.calibrate is not None:
        table = file.calibrate
        yield from _quantity_faults(table.quantity, ("calibrate", "quantity"), names)
        if table.quantity in names:
            if table.target == known.UNBOUNDED:
                yield Finding(("calibrate", "target"), as_given(table.target), "a finite value")
            yield from _number_faults(table.quantity, table.target, ("calibrate", "target"), plane)
        yield from _parameter_faults(file, table)
    if file.solve_for is not None:
        yield from _solve_for_faults(file, file.solve_for, names, plane)
    if file.map is not None:
        yield from _map_faults(file, file.map, names)


def _map_faults(file: tables.CaseFile, table: Map, names: set[str]) -> Iterator[Finding]:
    """A value that the case gives, others of its kind, a quantity that is a number."""
    found = {file.solve_for.name} if file.solve_for is not None else set()
    yield from _quantity_faults(table.quantity, ("map", "quantity"), names | found)
    if table.quantity.partition(".")[0] in known.TEXTS:
        yield Finding(("map", "quantity"), as_given(table.quantity), "a quantity with a number")
    yield from _axis_faults(file, table.parameter, table.values, ("map",))
    other = table.against
    if other is not None and other.parameter == table.parameter:
        allowed = "another value than map.parameter"
        yield Finding(("map", "against", "parameter"), as_given(other.parameter), allowed)
    elif other is not None:
        yield from _axis_faults(file, other.parameter, other.values, ("map", "against"))


def _axis_faults(
    file: tables.CaseFile, parameter: str, texts: Sequence[str], path: KeyPath
) -> Iterator[Finding]:
    """A physical value that the case gives, and others of its kind."""
    given = {key: value for key, value in values(file).items() if is_physical(key)}
    value = given.get(parameter)
    if value is None:
        near = nearest(parameter, given)
        allowed = "a physical value that the case gives"
        yield Finding((*path, "parameter"), as_given(parameter), allowed, near)
        return
    for index, text in enumerate(texts):
        try:
            units.parse(text, value.kinds[0])
        except units.UnitError as error:
            yield Finding((*path, "values", index), as_given(text), error.expected, error.nearest)


def _solve_for_faults(
    file: tables.CaseFile, table: tables.SolveFor, names: set[str], plane: bool
) -> Iterator[Finding]:
    """A value that the case gives, a quantity that it has, numbers of the right kinds."""
    yield from _quantity_faults(table.quantity, ("solve_for", "quantity"), names - {table.name})
    if table.quantity.partition(".")[0] in known.TEXTS or table.target == known.UNBOUNDED:
        allowed = "a number: of a verdict, solve for margin = 1"
        yield Finding(("solve_for", "target"), as_given(table.target), allowed)
    elif table.quantity in names:
        yield from _number_faults(table.quantity, table.target, ("solve_for", "target"), plane)
    if file.calibrate is not None:
        yield Finding(("solve_for",), "a table", "either [calibrate] or [solve_for]")
    given = {key: value for key, value in values(file).items() if is_physical(key)}
    value = given.get(table.parameter)
    if value is None:
        near = nearest(table.parameter, given)
        allowed = "a physical value that the case gives"
        yield Finding(("solve_for", "parameter"), as_given(table.parameter), allowed, near)
        return
    yield from _bracket_faults("solve_for", table.bracket or (), value.kinds[0], "any")


def _quantity_faults(name: str, path: KeyPath, names: set[str]) -> Iterator[Finding]:
    if name not in names:
        near = nearest(name, names)
        start = ", ".join(sorted(names)[:4])
        allowed = f"a quantity of this case ({start}, ...)"
        yield Finding(path, as_given(name), allowed, near)


def _number_faults(
    quantity: str, value: str | float, path: KeyPath, plane: bool
) -> Iterator[Finding]:
    try:
        known.read_quantity(quantity, value, plane)
    except units.UnitError as error:
        yield Finding(path, as_given(value), error.expected, error.nearest)


CALIBRATED = re.compile(
    r"(regions|boundaries|interfaces)\..*\.(conductivity|area_specific_resistance)"
)


def _parameter_faults(file: tables.CaseFile, table: tables.Calibrate) -> Iterator[Finding]:
    """The parameter must be a value that the case gives and that needs no new mesh."""
    given = {key: value for key, value in values(file).items() if CALIBRATED.fullmatch(key)}
    value = given.get(table.parameter)
    if value is None:
        allowed = "a conductivity or area_specific_resistance that the case gives: "
        near = nearest(table.parameter, given)
        listed = ", ".join(given) or "none"
        yield Finding(("calibrate", "parameter"), as_given(table.parameter), allowed + listed, near)
        return
    yield from _bracket_faults("calibrate", table.bracket, value.kinds[0], "positive")


def _bracket_faults(
    key: str, bracket: Sequence[str], kind: units.Kind, sign: units.Sign
) -> Iterator[Finding]:
    """Two values of a kind, the first below the second."""
    ends: list[float] = []
    for index, text in enumerate(bracket):
        try:
            ends.append(units.parse(text, kind, sign))
        except units.UnitError as error:
            path = (key, "bracket", index)
            yield Finding(path, as_given(text), error.expected, error.nearest)
    if len(ends) == 2 and not ends[0] < ends[1]:
        given_text = as_given(list(bracket))
        yield Finding((key, "bracket"), given_text, "a first value below the second")


def balance_references(
    file: tables.CaseFile, amounts: list[stoichiometry.Amount]
) -> Iterator[Finding]:
    """References of a case with [balance] must be to what it computes, in such a unit."""
    by_name = {amount.name: amount for amount in amounts}
    for index, reference in enumerate(file.references):
        path: KeyPath = ("references", index, "quantity")
        yield from _quantity_faults(reference.quantity, path, set(by_name))
        if reference.quantity in by_name:
            unit = by_name[reference.quantity].unit
            path = ("references", index, "value")
            try:
                dimension = units.parse_any(str(reference.value))[2]
            except units.UnitError as error:
                yield Finding(path, as_given(reference.value), error.expected, error.nearest)
                continue
            if dimension != units.read_unit(unit).dimension:
                yield Finding(path, as_given(reference.value), f"a value in {unit}")
