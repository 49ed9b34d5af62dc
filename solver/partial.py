"""What is left of a case beside its schema faults, so that the other checks can run all the same.

Whatever a fault touches is taken out, or replaced by something plausible where only its size is in
doubt. The checks then see a case of the right form; what they find is reported unless it may be
just a consequence of what was taken out.
"""

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from solver import tables
from solver.faults import Finding, KeyPath

# A size in [geometry] that can't be read: names and laws are checked with this one instead.
PLAUSIBLE = {
    "width": "10 um",
    "thickness": "1 um",
    "radius": "1 um",
    "distance": "3 um",
    "area_fraction": "10 %",
    "resolved_height": None,
    "cell_area": None,
    "multiplicity": None,
}
ENTRIES = ("regions", "boundaries", "interfaces", "numerics", "output")
LISTS = ("specimens", "references")


@dataclass(frozen=True)
class Part:
    """The sound part of a case.

    Attributes:
        file: Its tables.
        doubtful: Key paths that were taken out or replaced.
        kept: Of each list the indices in the file of the items that are left.
    """

    file: tables.CaseFile
    doubtful: frozenset[KeyPath]
    kept: dict[str, list[int]]

    def own(self, findings: Iterable[Finding]) -> list[Finding]:
        """The findings that don't follow from what is missing, with the indices of the file."""
        located = [self._located(finding) for finding in findings]
        return [finding for finding in located if not self._in_doubt(finding.path)]

    def without_geometry(self) -> "Part":
        """The same with the geometry taken out."""
        rest = self.file.model_copy(update={"geometry": None})
        return Part(rest, self.doubtful | {("geometry",)}, self.kept)

    def _in_doubt(self, path: KeyPath) -> bool:
        heads = {taken[0] for taken in self.doubtful if taken}
        if any(path[: len(taken)] == taken for taken in self.doubtful):
            return True
        if path[0] == "geometry":
            return "geometry" in heads
        if path == ("mechanics",) and "load" in heads:
            return True  # what strains the body may stand there
        if (
            path[2:] in (("plating",), ("contact", "voids")) and "programme" in heads
        ):  # whose steps it needs
            return True
        if path[0] == "programme" and path[-1] == "face" and "boundaries" in heads:
            return True  # it may be the name of what was taken out
        in_time = bool(heads & {"programme", "impedance"})
        if path == ("boundaries",) and in_time:  # steps or a small current may drive an electrode
            return True
        if path[-1] == "relative_permittivity" and in_time:
            return True
        if len(path) == 1:  # too few of them, or none expected without a geometry
            return path[0] in heads or ("geometry",) in self.doubtful
        if path[:2] in (("numerics", "edge_size"), ("numerics", "maximum_size")):
            return "geometry" in heads
        if path[0] in ("references", "calibrate", "solve_for", "map"):
            # names of quantities and parameters come from all of these
            return bool(heads & {"geometry", *ENTRIES[:3], "specimens", "programme"})
        return False

    def _located(self, finding: Finding) -> Finding:
        path = finding.path
        if path[0] in self.kept and len(path) > 1 and isinstance(path[1], int):
            path = (path[0], self.kept[str(path[0])][path[1]], *path[2:])
        return Finding(path, finding.given, finding.allowed, finding.nearest)


def sound_part(data: dict[str, Any], faulty: Iterable[tuple[KeyPath, bool]]) -> Part | None:
    """Takes out what schema faults touch.

    Args:
        data: The table of the case.
        faulty: Key path of each fault, and whether the key itself is unknown.

    Returns:
        What is left, or None if that still has faults of its own.
    """
    rest = copy.deepcopy(data)
    doubtful: set[KeyPath] = set()
    gone: dict[str, set[int]] = {name: set() for name in LISTS}
    for path, unknown in faulty:
        if unknown:
            _remove(rest, path)
            if path[0] in ("load", "geometry"):
                doubtful.add(path)  # a load, or a size that is now missing, may have been meant
            continue
        match path:
            case (str(head), int(index), *_) if head in LISTS:
                gone[head].add(index)
                doubtful.add(path[:2])
            case (str(head), str(), *_) if head in ENTRIES:
                _remove(rest, path[:2])
                doubtful.add(path[:2])
            case ("mechanics", str(), *rest_of_path):
                taken = path[:3] if len(rest_of_path) > 1 else path[:2]
                _remove(rest, taken)
                doubtful.add(taken)
            case ("geometry", *_) if not _made_plausible(rest, path):
                _remove(rest, path[:1])
                doubtful.add(path[:1])
            case ("geometry", *_):
                doubtful.add(path)
            case ("title", *_):
                rest["title"] = "-"
            case (head, *_):
                _remove(rest, (head,))
                doubtful.add((head,))
    kept: dict[str, list[int]] = {}
    for name in LISTS:
        if isinstance(rest.get(name), list):
            kept[name] = [i for i in range(len(rest[name])) if i not in gone[name]]
            rest[name] = [rest[name][i] for i in kept[name]]
    try:
        return Part(tables.CaseFile.model_validate(rest), frozenset(doubtful), kept)
    except ValidationError:
        return None


def _made_plausible(rest: dict[str, Any], path: KeyPath) -> bool:
    """Replaces the size at `path`, or that of which `path` is the source or role."""
    for end in range(len(path), max(len(path) - 3, 1), -1):
        key = path[end - 1]
        if key in PLAUSIBLE:
            table = _at(rest, path[: end - 1])
            if not isinstance(table, dict):
                return False
            if PLAUSIBLE[str(key)] is None:
                table.pop(key, None)
            else:
                table[key] = PLAUSIBLE[str(key)]
            return True
    return False


def _at(item: Any, path: KeyPath) -> Any:
    for part in path:
        try:
            item = item[part]
        except (KeyError, IndexError, TypeError):
            return None
    return item


def _remove(rest: dict[str, Any], path: KeyPath) -> None:
    table = _at(rest, path[:-1])
    if isinstance(table, dict):
        table.pop(path[-1], None)
