"""What is wrong with [study] beyond the form of its table."""

from collections.abc import Iterator

from solver import known, tables, units
from solver.assemble import values
from solver.faults import Finding, KeyPath, as_given, nearest

SEED = "geometry.seed"  # the one key of random numbers that a geometry has


def study_faults(file: tables.CaseFile, names: set[str]) -> Iterator[Finding]:
    """What is wrong with the study of a case.

    Args:
        file: The tables.
        names: The quantities that this case has.
    """
    table = file.study
    if table is None:
        return
    if table.quantity not in names or table.quantity.partition(".")[0] in known.TEXTS:
        near = nearest(table.quantity, names)
        allowed = "a quantity of this case with a number"
        yield Finding(("study", "quantity"), as_given(table.quantity), allowed, near)
    given = {key: value for key, value in values(file).items() if "length" in value.kinds}
    for index, key in enumerate(table.keys):
        if key not in given:
            path: KeyPath = ("study", "keys", index)
            allowed = f"a length that the case gives: {', '.join(given) or 'none'}"
            yield Finding(path, as_given(key), allowed, nearest(key, given))
    geometry = file.geometry
    if table.seed != SEED or geometry is None or "seed" not in dict(geometry):
        allowed = f"{SEED}, of a geometry with random features"
        yield Finding(("study", "seed"), as_given(table.seed), allowed)
    lengths: list[float] = []
    for index, text in enumerate(table.sizes):
        try:
            lengths.append(units.parse(text, "length", "positive"))
        except units.UnitError as error:
            path = ("study", "sizes", index)
            yield Finding(path, as_given(text), error.expected, error.nearest)
    if len(lengths) == len(table.sizes) and lengths != sorted(set(lengths)):
        yield Finding(("study", "sizes"), as_given(list(table.sizes)), "sizes that grow")
    for name, share in (("accuracy", table.accuracy), ("confidence", table.confidence)):
        if not 0.0 < share.number < 1.0:
            allowed = "a share above 0 and below 100 %"
            yield Finding(("study", name), as_given(share.text), allowed)
