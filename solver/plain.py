"""Values as strict JSON: without NaN and Infinity, which JSON does not have."""

import dataclasses
import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np


def plain(value: Any) -> Any:
    """Turn a value into what strict JSON can hold.

    Dataclasses and mappings become objects, tuples and arrays lists, paths and other things text;
    numbers that are not finite become null.
    """
    match value:
        case None | bool() | str():
            return value
        case int():
            return int(value)
        case float():
            return float(value) if math.isfinite(value) else None
        case np.generic() | np.ndarray():
            return plain(value.tolist())
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return plain(dataclasses.asdict(value))
    return str(value)


def strict_json(content: Any) -> str:
    """The JSON text of `plain(content)`, indented."""
    return json.dumps(plain(content), indent=1, allow_nan=False, ensure_ascii=False) + "\n"
