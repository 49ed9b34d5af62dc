"""What is wrong with alloys and mixed conductors, beyond the form of their tables."""

from collections.abc import Iterator

from solver import tables
from solver.faults import Finding, KeyPath, as_given
from solver.region_tables import Alloy, MixedConductor

MOST_CONTRAST = 1e10  # of two conductivities in one region: beyond it a number is a slip


def region_faults(file: tables.CaseFile) -> Iterator[Finding]:
    """Findings of a case with such regions (kinetics of mixed conductors are checked elsewhere)."""
    alloys = {n: r for n, r in file.regions.items() if isinstance(r, Alloy)}
    mixed = {n: r for n, r in file.regions.items() if isinstance(r, MixedConductor)}
    for name, law in alloys.items():
        yield from _alloy_faults(("regions", name), law)
    for name, mixture in mixed.items():
        ratio = mixture.electronic_conductivity.number / mixture.ionic_conductivity.number
        if not 1.0 / MOST_CONTRAST <= ratio <= MOST_CONTRAST:
            text = as_given(mixture.electronic_conductivity.text)
            allowed = f"from 1/{MOST_CONTRAST:.0e} to {MOST_CONTRAST:.0e} times the ionic one"
            yield Finding(("regions", name, "electronic_conductivity"), text, allowed)
    for name, contact in file.interfaces.items():
        sides = name.split("|")
        given = f'"{contact.law}"'
        if any(side in alloys for side in sides):
            allowed = (
                "no condition at an alloy: the resistance and kinetics of its face stand in the "
                "electrode on its outside"
            )
            yield Finding(("interfaces", name), given, allowed)
        elif len(sides) == 2 and all(side in mixed for side in sides):
            yield Finding(("interfaces", name), given, "no condition between mixed conductors")
    for name, face in file.boundaries.items():
        if not (alloys or mixed) or not isinstance(face, tables.Electrode):
            continue
        if face.plating is not None and (face.plating.moves or face.plating.backing):
            key = "moves" if face.plating.moves else "backing"
            given = "true" if face.plating.moves else "a table"
            allowed = "no such key beside alloys and mixed conductors: they keep their shape"
            yield Finding(("boundaries", name, "plating", key), given, allowed)


def _alloy_faults(path: KeyPath, law: Alloy) -> Iterator[Finding]:
    if law.fraction.number > 1.0:
        allowed = "a share of the sites, at most 1"
        yield Finding((*path, "fraction"), as_given(law.fraction.text), allowed)
    if law.held is not None and not 0.0 <= law.held.poissons_ratio.number <= 0.49:
        text = as_given(law.held.poissons_ratio.text)
        yield Finding((*path, "held", "poissons_ratio"), text, "a number from 0 to 0.49")
