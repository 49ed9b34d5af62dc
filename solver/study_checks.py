"""What is wrong with [study] beyond the form of its table."""

from collections.abc import Iterator, Mapping

from meshes.geometry import Geometry
from solver import known, tables, units
from solver.assemble import values
from solver.effective_tables import Study
from solver.faults import Finding, KeyPath, as_given, nearest
from solver.growing import counted, lengths

SEED = "geometry.seed"  # the one key of random numbers that a geometry has


def given_lengths(file: tables.CaseFile) -> dict[str, str]:
    """Texts of the lengths that a case gives, by key path."""
    return {key: value.text for key, value in values(file).items() if "length" in value.kinds}


def study_faults(
    file: tables.CaseFile, geometry: Geometry | None, names: set[str]
) -> Iterator[Finding]:
    """What is wrong with the study of a case.

    Args:
        file: The tables.
        geometry: `file.geometry` in working units.
        names: The quantities that this case has.
    """
    table = file.study
    if table is None:
        return
    if table.quantity not in names or table.quantity.partition(".")[0] in known.TEXTS:
        near = nearest(table.quantity, names)
        allowed = "a quantity of this case with a number"
        yield Finding(("study", "quantity"), as_given(table.quantity), allowed, near)
    given = given_lengths(file)
    for index, key in enumerate(table.keys):
        if key not in given:
            path: KeyPath = ("study", "keys", index)
            allowed = f"a length that the case gives: {', '.join(given) or 'none'}"
            yield Finding(path, as_given(key), allowed, nearest(key, given))
    if table.seed != SEED or file.geometry is None or "seed" not in dict(file.geometry):
        allowed = f"{SEED}, of a geometry with random features"
        yield Finding(("study", "seed"), as_given(table.seed), allowed)
    impossible = list(_size_faults(table))
    yield from impossible
    if not impossible and set(table.keys) <= set(given):
        yield from _count_faults(table, geometry, given)
    for name, share in (("accuracy", table.accuracy), ("confidence", table.confidence)):
        if not 0.0 < share.number < 1.0:
            allowed = "a share above 0 and below 100 %"
            yield Finding(("study", name), as_given(share.text), allowed)


def _size_faults(table: Study) -> Iterator[Finding]:
    """Sizes that are none, and sizes or factors that do not grow."""
    numbers: list[float] = list(table.factors or ())
    sizes = table.sizes or ()
    for index, text in enumerate(sizes):
        try:
            numbers.append(units.parse(text, "length", "positive"))
        except units.UnitError as error:
            path = ("study", "sizes", index)
            yield Finding(path, as_given(text), error.expected, error.nearest)
    name, given = ("sizes", list(sizes)) if sizes else ("factors", list(table.factors or ()))
    if len(numbers) == len(given) and numbers != sorted(set(numbers)):
        yield Finding(("study", name), as_given(given), f"{name} that grow")


def _count_faults(
    table: Study, geometry: Geometry | None, given: Mapping[str, str]
) -> Iterator[Finding]:
    """Cells in which features that are given by a number are no whole number."""
    name, asked = ("sizes", table.sizes) if table.sizes else ("factors", table.factors)
    for index, cell in enumerate(lengths(table.keys, table.sizes, table.factors, given)):
        found = counted(geometry, cell)
        if found is not None and not found.whole:
            numbers = " x ".join(f"{number:.4g}" for number in found.numbers)
            allowed = f"a cell with a whole number of {found.name}; as dense, it has {numbers}"
            yield Finding(("study", name, index), as_given((asked or ())[index]), allowed)
