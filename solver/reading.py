"""From a case file and its bases to one plain table; nothing else is ever read for a case.

A case file is a regular file of at most 1 MB, UTF-8, TOML. `base` names another case file in the
same folder or below it; a chain of bases ends after eight files. Nothing is expanded: "~", "$HOME"
and addresses are just names of files that don't exist.
"""

import os
import stat
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from solver.faults import CaseError, Fault, as_given, nearest, shown_path

Table = dict[str, Any]

LARGEST_FILE = 1_000_000  # bytes
LONGEST_LINE = 4000  # characters; also keeps dotted keys and numbers short
DEEPEST = 12  # tables in tables
LONGEST_CHAIN = 8  # files
# A key of such a group given by the deriving case takes the place of the others in the base.
EXCLUSIVE = (
    frozenset({"potential", "current", "current_density"}),
    frozenset({"width", "radius", "area_fraction"}),
)
KINDS = ("law", "kind", "shape")  # where these differ, tables are replaced, not merged


@dataclass(frozen=True)
class Source:
    """One case file: its path, exact bytes and content."""

    path: Path
    content: bytes
    data: Table


def read_chain(path: Path) -> tuple[Source, ...]:
    """Reads a case file and its bases.

    Args:
        path: The case file.

    Returns:
        The file, its base, the base of that, and so on.

    Raises:
        CaseError: A file can't be read, is too large, is not UTF-8 or not TOML; a base outside of
            the folder of the file that names it, or a cycle.
    """
    chain = [read_source(path)]
    while "base" in chain[-1].data:
        here, name = chain[-1].path, chain[-1].data["base"]
        base = inside(here, "base", name)
        if any(os.path.samefile(base, source.path) for source in chain):
            allowed = "a case that doesn't lead back to this one"
            raise CaseError([Fault(shown_path(here), "base", as_given(name), allowed)])
        if len(chain) == LONGEST_CHAIN:
            allowed = f"at most {LONGEST_CHAIN - 1} bases in a chain"
            raise CaseError([Fault(shown_path(here), "base", as_given(name), allowed)])
        chain.append(read_source(base))
    return tuple(chain)


def inside(file: Path, key: str, name: object) -> Path:
    """The file `name` in the folder of `file` or below it.

    Raises:
        CaseError: Not a text, an absolute path, a path or link that leads out, or no such file.
    """

    def refuse(allowed: str, near: str = "") -> CaseError:
        return CaseError([Fault(shown_path(file), key, as_given(name), allowed, near)])

    if not isinstance(name, str) or not name or not name.isprintable() or len(name) > 300:
        raise refuse("the name of a file in the folder of this case or below it")
    folder = Path(file).parent
    path = folder / name
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise refuse('a relative path without ".."')
    try:
        if not path.resolve(strict=True).is_relative_to(folder.resolve()):
            raise refuse("a file in the folder of this case or below it, also behind links")
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links
        raise refuse("a file that exists", nearest(name, _neighbours(path))) from error
    return path


def _neighbours(path: Path) -> list[str]:
    try:
        return [p.name for p in path.parent.iterdir() if p.suffix == path.suffix]
    except OSError:
        return []


def read_source(path: Path) -> Source:
    """Reads and parses one case file.

    Raises:
        CaseError: See `read_chain`.
    """
    shown = shown_path(path)
    content = _read(path, shown)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        given = f"byte 0x{content[error.start]:02x} in line {line}"
        raise CaseError([Fault(shown, "", given, "a text file in UTF-8")]) from error
    for number, line_text in enumerate(text.split("\n"), 1):
        if len(line_text) > LONGEST_LINE:
            given = f"line {number} with {len(line_text)} characters"
            allowed = f"lines of at most {LONGEST_LINE} characters"
            raise CaseError([Fault(shown, "", given, allowed)])
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: also absurd numbers and dates
        reason = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "nested too deeply"
        raise CaseError([Fault(shown, "", f"not TOML: {reason}", "a TOML file")]) from error
    if _depth(data) > DEEPEST:
        allowed = f"at most {DEEPEST} tables or lists inside each other"
        raise CaseError([Fault(shown, "", "nested too deeply", allowed)])
    return Source(path, content, data)


def _read(path: Path, shown: str) -> bytes:
    """The bytes of a regular file of allowed size; never waits for a pipe or a device."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            mode = os.fstat(descriptor).st_mode
            if stat.S_ISDIR(mode):
                raise CaseError([Fault(shown, "", "a folder", "a case file")])
            if not stat.S_ISREG(mode):
                raise CaseError([Fault(shown, "", "a pipe, socket or device", "a case file")])
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                content = file.read(LARGEST_FILE + 1)
        finally:
            os.close(descriptor)
    except FileNotFoundError as error:
        near = nearest(path.name, _neighbours(path))
        raise CaseError([Fault(shown, "", "no such file", "a case file", near)]) from error
    except CaseError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        reason = (error.strerror or "") if isinstance(error, OSError) else "not a file name"
        given = f"can't be read ({reason})"
        raise CaseError([Fault(shown, "", given, "a case file that can be read")]) from error
    if len(content) > LARGEST_FILE:
        given, allowed = "larger than 1 MB", "a case file of at most 1 MB"
        raise CaseError([Fault(shown, "", given, allowed)])
    return content


def _depth(data: object) -> int:
    deepest, waiting = 0, [(data, 0)]
    while waiting:
        item, depth = waiting.pop()
        deepest = max(deepest, depth)
        children = (
            item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
        )
        waiting += [(child, depth + 1) for child in children if isinstance(child, dict | list)]
    return deepest


def merged(base: Table, change: Table) -> Table:
    """The base with what `change` gives.

    Tables are merged key by key. A physical value, a list, and a table of another law, kind or
    shape (or a mesh file) take the place of what was there.
    """
    if _replaces(base, change):
        return change
    kept = dict(base)
    for group in EXCLUSIVE:
        if group & change.keys():
            kept = {key: value for key, value in kept.items() if key not in group}
    for key, value in change.items():
        old = base.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            kept[key] = merged(old, value)
        else:
            kept[key] = value
    return kept


def _replaces(base: Table, change: Table) -> bool:
    if not isinstance(change.get("value", {}), dict):
        return True
    for key in KINDS:
        before, after = base.get(key), change.get(key)
        if isinstance(before, str) and isinstance(after, str) and before != after:
            return True
    sorts = {"mesh_file", "shape"}
    before_sort, after_sort = sorts & base.keys(), sorts & change.keys()
    return len(before_sort) == len(after_sort) == 1 and before_sort != after_sort


def combined(chain: tuple[Source, ...]) -> Table:
    """What the chain says together; variants belong to the file that names them only."""
    data: Table = {}
    for source in reversed(chain):
        inherited = {key: value for key, value in data.items() if key != "variants"}
        own = {key: value for key, value in source.data.items() if key != "base"}
        data = merged(inherited, _seen_from(chain[0].path.parent, source.path.parent, own))
    return data


def _seen_from(folder: Path, below: Path, data: Table) -> Table:
    """The table of a file in `below` for a case in `folder`: the mesh lies beside that file."""
    geometry = data.get("geometry")
    if not isinstance(geometry, dict):
        return data
    name = geometry.get("mesh_file")
    if not isinstance(name, str) or folder == below or Path(name).is_absolute():
        return data
    return {**data, "geometry": {**geometry, "mesh_file": f"{below.relative_to(folder)}/{name}"}}


def file_of(chain: tuple[Source, ...], path: tuple[str | int, ...]) -> str:
    """The file of the chain that gives a key: the first that has all of it, else the case."""
    for source in chain:
        item: Any = source.data
        try:
            for part in path:
                item = item[part]
        except (KeyError, IndexError, TypeError):
            continue
        return shown_path(source.path)
    return shown_path(chain[0].path)
