"""The README: its case is a case, its paths and commands are there, its contract is kept."""

import json
import re
from pathlib import Path

import pytest

from solver.__main__ import main
from solver.case import load_case

TOP = Path(__file__).resolve().parents[2]
README = (TOP / "README.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    found = re.findall(rf"^```{language}\n(.*?)^```", README, re.M | re.S)
    assert len(found) == 1
    return found[0]


def test_the_case_is_one(tmp_path):
    path = tmp_path / "case.toml"
    path.write_text(block("toml"), encoding="utf-8")
    case = load_case(path)
    assert case.numerics.accuracy == pytest.approx(1e-3)
    assert case.boundaries["top"].current_density == pytest.approx(5.0)  # pA/um^2


def test_the_numbers_of_the_example_are_a_quantity():
    entry = json.loads(block("json"))
    assert list(entry)[:6] == ["name", "value", "unit", "lower", "upper", "bound"]
    assert entry["lower"] < entry["value"] < entry["upper"]


def test_files_and_folders_that_are_named_are_there():
    links = re.findall(r"\]\(([^)#]+)\)", README)
    named = re.findall(r"\b((?:cases|docs|benchmarks|tests|solver|meshes)/[\w./-]*\w)", README)
    lost = [name for name in {*links, *named} if not (TOP / name).exists()]
    assert links and named and lost == []


@pytest.mark.parametrize(
    "command", re.findall(r"^\| `\./liface ([a-z]+) (?:PATH|CASE)", README, re.M)
)
def test_options_of_the_table_are_known(command, capsys):
    line = next(line for line in README.splitlines() if line.startswith(f"| `./liface {command} "))
    assert main([command, "--help"]) == 0
    said = capsys.readouterr().out
    assert all(option in said for option in re.findall(r"--[a-z]+", line))


def test_the_program_speaks_of_itself_only():
    assert not re.search(r"\bissue\b|#\d|https?://", README)
