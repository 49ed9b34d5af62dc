"""Writes trees of plain values as TOML, readable and exact."""

import re
from typing import Any

from pydantic import BaseModel

from solver.values import Value

Tree = dict[str, Any]


def plain(item: object) -> Any:
    """A checked table as plain data, values with the text and source that the file gave."""
    if isinstance(item, Value) and item.model_fields_set == {"value"}:
        return item.value
    if isinstance(item, BaseModel):
        return {name: plain(child) for name, child in item if child is not None}
    if isinstance(item, dict):
        return {key: plain(value) for key, value in item.items()}
    if isinstance(item, tuple):
        return [plain(value) for value in item]
    return item


def toml(tree: Tree, path: tuple[str, ...] = ()) -> str:
    """A table as TOML: what fits on a line there, tables under headings, lists of tables too."""
    lines: list[str] = []
    sections: list[str] = []
    for key, value in tree.items():
        here = (*path, key)
        if isinstance(value, dict) and value and "value" not in value:
            body = toml(value, here)
            sections.append(body if body.startswith("\n[") else f"\n[{heading(here)}]\n{body}")
        elif _is_section_list(value):
            sections += [f"\n[[{heading(here)}]]\n{toml(item, here)}" for item in value]
        elif value != {} or key == "petsc_options":
            lines.append(f"{heading((key,))} = {inline(value)}\n")
    return "".join((*lines, *sections))


def _is_section_list(value: object) -> bool:
    if not isinstance(value, list) or not value:
        return False
    return all(isinstance(item, dict) and ("sides" in item or "quantity" in item) for item in value)


BARE = re.compile(r"[A-Za-z0-9_-]+")


def heading(path: tuple[str, ...]) -> str:
    """Keys joined by dots, those in quotes that need it."""
    return ".".join(part if BARE.fullmatch(part) else _quoted(part, "\n") for part in path)


def inline(value: object) -> str:
    """A value as TOML on one line (a text of several lines on several)."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case str():
            return _quoted(value)
        case list():
            return "[" + ", ".join(inline(item) for item in value) + "]"
        case dict():
            items = (f"{heading((key,))} = {inline(item)}" for key, item in value.items())
            return "{ " + ", ".join(items) + " }" if value else "{}"
        case _:
            raise TypeError(f"{type(value).__name__} has no form in a case file")


ESCAPES = {"\\": "\\\\", '"': '\\"', "\t": "\\t", "\r": "\\r"}


def _quoted(text: str, escape_also: str = "") -> str:
    """The text in quotes; with line breaks in it in three, unless they are to be escaped."""

    def escaped(character: str) -> str:
        if character in ESCAPES:
            return ESCAPES[character]
        plain = (31 < ord(character) != 127 or character == "\n") and character not in escape_also
        return character if plain else f"\\u{ord(character):04x}"

    body = "".join(escaped(character) for character in text)
    return f'"""\n{body}"""' if "\n" in body else f'"{body}"'
