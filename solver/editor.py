"""The JSON schema of case files, for editors that complete keys and underline mistakes."""

from typing import Any

from solver.tables import CaseFile


def editor_schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of a case file.

    A file with `base` may leave out whatever the base has, so there only the names of its tables
    are checked.
    """
    strict = _without_null(CaseFile.model_json_schema())
    definitions = strict.pop("$defs")
    whole = {key: strict.pop(key) for key in ("title", "description")}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **whole,
        "type": "object",
        "properties": {key: {} for key in strict["properties"]},
        "additionalProperties": False,
        "if": {"not": {"required": ["base"]}},
        "then": strict,
        "$defs": definitions,
    }


def _without_null(item: Any) -> Any:
    """The schema without the alternative null, which TOML doesn't have."""
    if isinstance(item, list):
        return [_without_null(part) for part in item if part != {"type": "null"}]
    if not isinstance(item, dict):
        return item
    table = {
        key: _without_null(part)
        for key, part in item.items()
        if not (key == "default" and part is None)
    }
    choices = table.get("anyOf")
    if isinstance(choices, list) and len(choices) == 1:
        del table["anyOf"]
        table |= choices[0]
    return table
