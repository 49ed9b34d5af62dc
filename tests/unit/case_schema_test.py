"""The JSON schema that editors use says what the loader says."""

import json
import tomllib

from solver.editor import editor_schema
from tests.unit.case_load_test import CASES, GOOD, LAWS
from tests.unit.case_mesh_file_test import MESH


def agrees(item: object, schema: dict, whole: dict) -> bool:
    """Whether data agree with a JSON schema, for the words of it that ours uses."""
    if "$ref" in schema:
        target = whole
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return agrees(item, target, whole)
    types = {"string": str, "number": (int, float), "integer": int, "boolean": bool,
             "object": dict, "array": list}  # fmt: skip
    if "type" in schema and not isinstance(item, types[schema["type"]]):
        return False
    if item not in schema.get("enum", [item]) or item != schema.get("const", item):
        return False
    for word, enough in (("anyOf", any), ("oneOf", any), ("allOf", all)):
        if word in schema and not enough(agrees(item, part, whole) for part in schema[word]):
            return False
    if "if" in schema and agrees(item, schema["if"], whole):
        if not agrees(item, schema.get("then", {}), whole):
            return False
    if "not" in schema and agrees(item, schema["not"], whole):
        return False
    if isinstance(item, list):
        return all(agrees(part, schema.get("items", {}), whole) for part in item)
    if not isinstance(item, dict):
        return True
    known, other = schema.get("properties", {}), schema.get("additionalProperties", {})
    if not set(schema.get("required", [])) <= item.keys():
        return False
    if other is False and not item.keys() <= known.keys():
        return False
    return all(
        agrees(part, known.get(key, other if isinstance(other, dict) else {}), whole)
        for key, part in item.items()
    )


def test_the_schema_agrees_with_the_loader():
    schema = json.loads(json.dumps(editor_schema()))
    for text in (GOOD, LAWS, MESH, *(path.read_text(encoding="utf-8") for path in CASES)):
        assert agrees(tomllib.loads(text), schema, schema)
    for old, new in (
        ("question =", "qestion ="),
        ('"strip"', '"stripe"'),
        ('"1.48 um"', "1.48"),
        ('potential = "1 V"', 'potentail = "1 V"'),
        ('role = "paper"', 'role = "papers"'),
        ('title = "Slit cell"\n', ""),
    ):
        assert GOOD.count(old) == 1
        assert not agrees(tomllib.loads(GOOD.replace(old, new)), schema, schema), old
