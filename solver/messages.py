"""From the errors of pydantic to faults: key path as in the file, what is allowed, nearest."""

from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, Tag, ValidationError
from pydantic_core import ErrorDetails

from solver import tables
from solver.faults import Finding, as_given, nearest

Path = tuple[str | int, ...]
MOST_FAULTS = 500
TYPES = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
}


def schema_findings(error: ValidationError, data: Any) -> list[tuple[Finding, bool]]:
    """One finding per error, and whether its key is unknown.

    Args:
        error: What validation of `data` by `tables.CaseFile` raised.
        data: The table that was validated.
    """
    found: list[tuple[Finding, bool]] = []
    for details in error.errors(include_url=False)[:MOST_FAULTS]:
        path = _written_path(details, data)
        allowed, near = _allowed(details, path)
        given = _given(data, path)
        unknown = details["type"] == "extra_forbidden"
        found.append((Finding(path, given, allowed, near), unknown))
    return found


def _written_path(details: ErrorDetails, data: Any) -> Path:
    """The place of an error without what pydantic adds: tags of unions, the key of a value."""
    path: list[str | int] = []
    item = data
    parts = details["loc"]
    for index, part in enumerate(parts):
        if part == "[key]":
            continue
        here = isinstance(item, dict) and part in item
        listed = isinstance(item, list | tuple) and isinstance(part, int) and part < len(item)
        if here or listed:
            path.append(part)
            item = item[part]
        elif isinstance(item, dict) and index == len(parts) - 1 and details["type"] == "missing":
            path.append(part)
    if details["type"] == "fault" and details["ctx"]["key"]:
        path.append(str(details["ctx"]["key"]))
    if details["type"] in ("union_tag_invalid", "union_tag_not_found"):
        path.append(str(details.get("ctx", {}).get("discriminator", "")).strip("'"))
    return tuple(path)


def _given(data: Any, path: Path) -> str:
    item = data
    for part in path:
        if isinstance(item, dict) and part not in item:
            return ""
        item = item[part]
    return as_given(item)


def _allowed(details: ErrorDetails, path: Path) -> tuple[str, str]:
    """What is allowed instead, and the nearest valid spelling."""
    kind, context, given = details["type"], details.get("ctx", {}), details["input"]
    match kind:
        case "fault":
            return str(context["allowed"]), str(context["nearest"])
        case "missing":
            return "this key (it is missing)", ""
        case "extra_forbidden":
            keys = sorted(set(keys_at(details["loc"][:-1])))
            near = nearest(str(path[-1]), keys)
            return "one of the keys " + ", ".join(keys), near
        case "literal_error":
            words = [str(word) for word in _literals(details["loc"])]
            words = words or [str(context["expected"])]
            return _one_of(words), nearest(str(given), words)
        case "union_tag_invalid" | "union_tag_not_found":
            words = [w.strip("' ") for w in str(context.get("expected_tags", "")).split(",")]
            words = [w for w in words if w] or _tags(details["loc"])
            return _one_of(words), nearest(str(context.get("tag", "")), words)
        case "string_pattern_mismatch":
            return "a letter, then letters, digits and _ . + - (at most 64)", ""
        case "string_too_short":
            return "a text that is not empty", ""
        case "string_too_long":
            return f"a text of at most {context['max_length']} characters", ""
        case "greater_than_equal":
            return f"a number from {context['ge']}", ""
        case "less_than_equal":
            return f"a number up to {context['le']}", ""
        case "too_long" | "too_short":
            return "a list of two values", ""
    return TYPES.get(kind, details["msg"].removeprefix("Input should be ")), ""


def _one_of(words: list[str]) -> str:
    return f"one of {', '.join(words)}" if len(words) > 1 else words[0]


def keys_at(loc: Path) -> list[str]:
    """Allowed keys of the table at a place given by pydantic (with the tags of unions)."""
    fields = (item for kind in _types_at(loc) for item in kind.model_fields.items())
    return [field.alias or key for key, field in fields]


def _types_at(loc: Path) -> list[type[BaseModel]]:
    return [kind for kind in _walk(tables.CaseFile, loc) if _is_model(kind)]


def _literals(loc: Path) -> list[object]:
    return [
        word for kind in _walk(tables.CaseFile, loc) if _is_literal(kind) for word in get_args(kind)
    ]


def _tags(loc: Path) -> list[str]:
    kinds = [kind for kind in _walk(tables.CaseFile, loc) if _is_model(kind)]
    fields = [kind.model_fields.get("law") or kind.model_fields.get("kind") for kind in kinds]
    return [word for field in fields if field for word in get_args(field.annotation)]


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _is_literal(kind: Any) -> bool:
    return get_origin(kind) is Literal


def _walk(kind: Any, loc: Path) -> Iterator[Any]:
    """The types at a place below a type: steps through keys, items, and tags of unions."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        yield from _walk(arguments[0], loc)
    elif origin in (Union, UnionType):
        members = [member for member in arguments if member is not type(None)]
        tagged = [member for member in members if loc and loc[0] in _tag(member)]
        for member in tagged or members:
            yield from _walk(member, loc[1:] if tagged else loc)
    elif not loc:
        yield kind
    elif _is_model(kind):
        field = kind.model_fields.get(loc[0])
        if field is not None:
            yield from _walk(field.annotation, loc[1:])
    elif origin is dict:
        yield from _walk(arguments[1], loc[1:])
    elif origin is tuple:
        yield from _walk(arguments[0], loc[1:])


def _tag(member: Any) -> tuple[str, ...]:
    """The words by which a member of a tagged union is chosen."""
    if get_origin(member) is Annotated:
        tags = [mark.tag for mark in get_args(member)[1:] if isinstance(mark, Tag)]
        return tuple(tags) or _tag(get_args(member)[0])
    fields = member.model_fields if _is_model(member) else {}
    field = fields.get("law") or fields.get("kind") or fields.get("shape")
    return tuple(get_args(field.annotation)) if field is not None else ()
