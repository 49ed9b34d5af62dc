"""What is wrong with a table [impedance], beyond its form."""

import re
from collections.abc import Iterator

from solver import tables
from solver.faults import Finding, KeyPath, as_given
from solver.impedance_tables import Sweep, frequencies_of
from solver.march_tables import BinaryElectrolyte
from solver.stress_checks import marches

LOWEST, HIGHEST, MOST = 1e-9, 1e12, 2000
ELEMENT = re.compile(r"(R|CPE|C|Ws)([0-9])")


def impedance_faults(file: tables.CaseFile) -> Iterator[Finding]:
    """Findings of the table, and of permittivities that nothing would use."""
    for name, law in file.regions.items():
        if isinstance(law, tables.IonicConductor | BinaryElectrolyte):
            yield from _permittivity_faults(file, name, law)
    table = file.impedance
    if table is None:
        return
    path: KeyPath = ("impedance",)
    given = table.frequencies
    if not given:
        yield Finding((*path, "frequencies"), "[]", "at least one frequency")
        return
    ends = (given.first, given.last) if isinstance(given, Sweep) else given
    keys: tuple[KeyPath, ...] = tuple((index,) for index in range(len(ends)))
    if isinstance(given, Sweep):
        keys = (("from",), ("to",))
        if given.first.number == given.last.number:
            text = as_given(given.last.text)
            yield Finding((*path, "frequencies", "to"), text, 'another frequency than "from"')
            return
    beyond = [not LOWEST <= value.number <= HIGHEST for value in ends]
    for key, value, out in zip(keys, ends, beyond, strict=True):
        if out:
            allowed = f"a frequency from {LOWEST:g} to {HIGHEST:g} Hz"
            yield Finding((*path, "frequencies", *key), as_given(value.text), allowed)
    if not any(beyond) and len(frequencies_of(given)) > MOST:
        count = len(frequencies_of(given))
        yield Finding((*path, "frequencies"), str(count), f"at most {MOST} frequencies")
    elements = ["".join(match) for match in ELEMENT.findall(table.circuit)]
    if len(elements) != len(set(elements)):
        allowed = "a circuit in which every element has a name of its own, as R0-p(R1,C1)"
        yield Finding((*path, "circuit"), as_given(table.circuit), allowed)
    elif table.circuit and 2 * len(frequencies_of(given)) <= len(elements) + 2:
        allowed = "more frequencies than the circuit has elements"
        yield Finding((*path, "frequencies"), str(len(frequencies_of(given))), allowed)


def _permittivity_faults(
    file: tables.CaseFile, name: str, law: tables.IonicConductor | BinaryElectrolyte
) -> Iterator[Finding]:
    value = law.relative_permittivity
    if value is None:
        return
    path: KeyPath = ("regions", name, "relative_permittivity")
    if value.number < 1.0:
        yield Finding(path, as_given(value.text), "a number of at least 1")
    elif not marches(file):
        allowed = "no such key without [impedance] or [programme]: nothing changes in time"
        yield Finding(path, as_given(value.text), allowed)
