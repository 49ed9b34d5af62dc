"""Faults of a case file: what is wrong, where, what is allowed, what was probably meant."""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

MOST_PRINTED = 50
LONGEST_PATH = 250
KeyPath = tuple[str | int, ...]


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong in a case file.

    Attributes:
        file: The file that holds the fault (of a chain of bases the one that gives the key).
        key: Path of the key, "geometry.film.thickness"; "" for the file as a whole.
        given: What stands there, as in the file; "" when the key is missing.
        allowed: What is expected instead.
        nearest: The nearest valid spelling, or "".
    """

    file: str
    key: str
    given: str
    allowed: str
    nearest: str = ""

    def __str__(self) -> str:
        place = f"{self.file}: {self.key}" if self.key else self.file
        value = (
            f" = {self.given}" if self.given and self.key else f": {self.given}" * bool(self.given)
        )
        near = f"; nearest: {self.nearest}" if self.nearest else ""
        return one_line(f"{place}{value}: expected {self.allowed}{near}", 600)


@dataclass(frozen=True)
class Finding:
    """A fault whose key is still a path of keys; see `Fault`."""

    path: KeyPath
    given: str
    allowed: str
    nearest: str = ""


class CaseError(ValueError):
    """A case that can't be run; holds all its faults."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(dict.fromkeys(faults))
        super().__init__("\n".join(self.lines()))

    def lines(self) -> list[str]:
        """One line per fault; beyond fifty a last line with the number of the others."""
        lines = [str(fault) for fault in self.faults[:MOST_PRINTED]]
        if len(self.faults) > MOST_PRINTED:
            lines.append(f"{self.faults[0].file}: {len(self.faults) - MOST_PRINTED} more faults")
        return lines

    def __reduce__(self) -> tuple[type["CaseError"], tuple[tuple[Fault, ...]]]:
        return CaseError, (self.faults,)  # the faults cross from rank 0 to the others


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that is most like `word`, or ""."""
    candidates = sorted({name for name in known if name != word})
    if len(word) > 100:
        return ""
    exact = [name for name in candidates if name.lower() == word.lower()]
    found = exact or difflib.get_close_matches(word, candidates, 1, 0.55)
    return found[0] if found else ""


def one_line(text: str, longest: int = 80) -> str:
    """The text without control characters, cut to `longest` characters."""
    flat = "".join(c if c.isprintable() else "?" for c in text.replace("\n", " "))
    return flat if len(flat) <= longest else flat[: longest - 3] + "..."


def as_given(value: object) -> str:
    """A value of a TOML file as it would be written there, on one short line."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() if value.bit_length() > 200:
            return f"a whole number of {value.bit_length()} bits"  # str() refuses the longest
        case str():
            return f'"{one_line(value, 60)}"'
        case dict():
            shown = [f"{key} = {_inside(key, item)}" for key, item in list(value.items())[:8]]
            return one_line("{ " + ", ".join(shown) + " }")
        case list() | tuple():
            return one_line("[" + ", ".join(as_given(item) for item in value[:4]) + "]")
        case _:
            return one_line(str(value), 60)


def _inside(key: str, item: object) -> str:
    """What a table says: of a physical value its number and range, of the others their names."""
    plain = isinstance(item, str | int | float | list) and key in ("value", "range")
    return as_given(item) if plain else "..."


def key_path(parts: Iterable[str | int]) -> str:
    """Joins keys as TOML would: `interfaces."a|b".law`, `above[0].name`."""
    text = ""
    for part in parts:
        if isinstance(part, int):
            text += f"[{part}]"
            continue
        bare = part and all(c.isascii() and (c.isalnum() or c in "_-") for c in part)
        quoted = one_line(part, 60).replace("\\", "\\\\").replace('"', '\\"')
        text += ("." if text else "") + (part if bare else f'"{quoted}"')
    return text


def split_table_key(key: str) -> KeyPath:
    """Splits a key path made by `key_path`."""
    parts: list[str | int] = []
    for quoted, index, bare in re.findall(r'"([^"]*)"|\[(\d+)\]|([^."\[\]]+)', key):
        parts.append(int(index) if index else quoted or bare)
    if key_path(parts) != key:
        return (key,)
    return tuple(parts)


def shown_path(path: Path) -> str:
    """The path relative to the current folder where that's shorter; the end of a very long one."""
    try:
        text = str(path.absolute().relative_to(Path.cwd()))
    except (ValueError, OSError):
        text = str(path)
    return one_line(text if len(text) <= LONGEST_PATH else f"...{text[-LONGEST_PATH:]}", 600)
