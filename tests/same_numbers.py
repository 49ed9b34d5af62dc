"""Compare the numbers of the same cases, run with two releases of dolfinx.

    python3 tests/same_numbers.py ONE OTHER

ONE and OTHER are folders of results. Prints the largest relative difference of each case, and its
quantity. The status is 1 where a number lies outside of the other release's interval, or where two
values without an interval differ by more than 1e-6. Balances are zero but for rounding: up to 1e-8;
so are components of tensors up to 1e-12 of the largest one.
"""

import json
import sys
from pathlib import Path

CLOSE = 1e-6  # of values that iterate to a tolerance
BALANCED = 1e-8  # of what is zero but for rounding
ROUNDING = 1e-12  # of the largest component of a tensor, or of a value with a bar that is rounding
UNDRIVEN = "nothing drives its crack, what is told of it is rounding"
ZERO = {"closed_crack": UNDRIVEN, "closed_crack_in_3d": UNDRIVEN}


def quantities(path: Path) -> dict[str, dict]:
    """The quantities of a results.json, by name; components that are rounding are 0."""
    found = {one["name"]: one for one in json.loads(path.read_text())["quantities"]}
    largest: dict[str, float] = {}
    for name, one in found.items():
        tensor, _, component = name.partition(".")
        if component and isinstance(one["value"], float):
            largest[tensor] = max(largest.get(tensor, 0.0), abs(one["value"]))
    for name, one in found.items():
        limit = ROUNDING * largest.get(name.partition(".")[0], 0.0)
        if isinstance(one["value"], float) and 0.0 < abs(one["value"]) <= limit:
            one["value"] = 0.0
    return found


def same(one: dict, other: dict) -> bool:
    """Whether two values agree as far as both say how well they are known."""
    if not all(isinstance(each["value"], float | int) for each in (one, other)):
        return bool(one["value"] == other["value"])
    if one["bound"] == "none" or one["lower"] is None or other["lower"] is None:
        return difference(one, other) <= CLOSE
    meet = one["lower"] <= other["upper"] and other["lower"] <= one["upper"]
    return bool(meet or difference(one, other) <= ROUNDING)


def difference(one: dict, other: dict) -> float:
    """Relative difference; 0 for equal texts, infinite for others."""
    a, b = one["value"], other["value"]
    if a == b or (one["name"].endswith("balance") and max(abs(a), abs(b)) <= BALANCED):
        return 0.0
    if not all(isinstance(value, float | int) for value in (a, b)):
        return float("inf")
    return abs(a - b) / max(abs(a), abs(b))


def main(first: Path, second: Path) -> int:
    """Compare all results of two folders."""
    cases = sorted(path.relative_to(first) for path in first.rglob("results.json"))
    wrong = not cases
    for case in cases:
        if (why := ZERO.get(case.parent.name)) is not None:
            print(f"{case.parent}: not compared, {why}")
            continue
        if not (second / case).exists():
            print(f"{case.parent}: missing in {second}")
            wrong = True
            continue
        one, other = quantities(first / case), quantities(second / case)
        far = max(one, key=lambda name: difference(one[name], other.get(name, {"value": ""})))
        unlike = [name for name in one if name not in other or not same(one[name], other[name])]
        wrong = wrong or bool(unlike) or set(one) != set(other)
        largest = difference(one[far], other.get(far, {"value": ""}))
        print(
            f"{case.parent}: {len(one)} numbers, largest difference {largest:.1e} ({far})", *unlike
        )
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
