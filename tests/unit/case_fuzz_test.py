"""Whatever stands in a case file, it loads or is refused by faults: never another exception."""

import copy
import datetime as dt
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from solver.case import CaseError, load_case
from solver.resolved import resolved_toml
from solver.toml_text import heading, inline

REPEATABLE = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
BAD_CASES = Path(__file__).parent.parent / "bad_cases"
SEEDS = [tomllib.loads(path.read_text(encoding="utf-8")) for path in BAD_CASES.glob("*.toml")]

ODD = """
10 um|0 um|-1 um|1e300 um|5 %|nan|1 V|electrode|insulator|interface|layer|unbounded|infinite|tube
square|half_space|cross|round|two_discs|none|top|film|a.b|a"b|\\|../x|x.toml|1 mA|1 A/m|{}|[]
"""
MORE = ["", " ", "a|b", "\u00b5", "\x7f"]
odd_texts = st.sampled_from(MORE + ODD.strip().replace("\n", "|").split("|"))
odd_values: st.SearchStrategy[Any] = st.recursive(
    odd_texts
    | st.booleans()
    | st.integers(-3, 10**20)
    | st.floats()
    | st.just(dt.date(2024, 1, 1))
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(odd_texts, inner, max_size=3),
    max_leaves=5,
)
odd_keys = st.sampled_from(
    ["title", "geometry", "shape", "width", "film", "opening", "kind", "law", "value", "source",
     "role", "range", "potential", "current", "area_fraction", "mesh_file", "dimension", "variants",
     "references", "calibrate", "balance", "numerics", "edge_size", "below", "above", "name",
     "thickness", "interfaces", "filling", "base", "regions", "boundaries", "specimens"]
)  # fmt: skip


def places(item: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of everything in a table."""
    found = [path] if path else []
    children: Any = item.items() if isinstance(item, dict) else ()
    if isinstance(item, list):
        children = enumerate(item)
    for key, child in children:
        found += places(child, (*path, key))
    return found


@st.composite
def spoiled_cases(draw: st.DrawFn) -> dict[str, Any]:
    data = copy.deepcopy(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 4))):
        paths = places(data)
        if not paths:
            break
        *parents, last = draw(st.sampled_from(paths))
        table = data
        for part in parents:
            table = table[part]
        match draw(st.sampled_from(["change", "remove", "add", "swap"])):
            case "change":
                table[last] = draw(odd_values)
            case "remove":
                del table[last]
            case "add" if isinstance(table, dict):
                table[draw(odd_keys)] = draw(odd_values)
            case "swap" if isinstance(table, dict):
                table[draw(odd_keys)] = table.pop(last)
    return data


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One file for all examples."""
    return tmp_path_factory.mktemp("fuzz") / "case.toml"


def as_text(data: dict[str, Any]) -> str:
    """TOML, also of data that no case has."""

    def known(item: Any) -> Any:
        if isinstance(item, dict):
            return {str(key): known(child) for key, child in item.items()}
        if isinstance(item, list):
            return [known(child) for child in item]
        return item if isinstance(item, str | bool | int | float) else str(item)

    return "".join(f"{heading((key,))} = {inline(item)}\n" for key, item in known(data).items())


@settings(REPEATABLE, max_examples=300)
@given(data=spoiled_cases())
def test_a_spoiled_case_loads_or_has_faults(path, data):
    path.write_text(as_text(data), encoding="utf-8")
    try:
        case = load_case(path)
    except CaseError as error:
        assert error.faults
        assert all(len(line.splitlines()) == 1 for line in error.lines())
    else:
        path.write_text(resolved_toml(case), encoding="utf-8")
        assert load_case(path).geometry == case.geometry


@settings(REPEATABLE, max_examples=200)
@given(content=st.binary(max_size=200))
def test_any_bytes_load_or_have_faults(path, content):
    path.write_bytes(content)
    with pytest.raises(CaseError):
        load_case(path)
