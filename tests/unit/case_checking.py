"""Case files that `liface check` is asked about, and what it says of them."""

from solver.__main__ import main
from solver.case import load_case
from solver.resolved import resolved_toml


def checked(text, tmp_path, capsys):
    """Status and messages, without the name of the file."""
    path = tmp_path / "case.toml"
    path.write_text(text, "utf-8")
    status = main(["check", str(path)])
    said = capsys.readouterr()
    return status, [line.removeprefix(f"{path}: ") for line in said.err.splitlines()]


def one_finding(text, tmp_path, capsys, key, words):
    """Asserts that checking a wrong text ends with one message, about this key, in these words."""
    status, said = checked(text, tmp_path, capsys)
    assert status == 2
    assert len(said) == 1, said
    assert key in said[0]
    assert words in said[0]


def wrong_at(text, old, new, key, words, tmp_path, capsys):
    """Assert that `new` in place of `old` brings one message at `key` with `words` in it."""
    assert text.count(old) >= 1
    status, lines = checked(text.replace(old, new, 1), tmp_path, capsys)
    assert status == 2
    named = [line for line in lines if line.startswith((f"{key} = ", f"{key}: "))]
    assert len(named) == 1, lines
    assert words in named[0]


def reads_back_equal(text, tmp_path, capsys):
    """Assert that a right case is read, and that what is resolved of it is the same case."""
    assert checked(text, tmp_path, capsys) == (0, [])
    case = load_case(tmp_path / "case.toml")
    again = tmp_path / "again.toml"
    again.write_text(resolved_toml(case), "utf-8")
    assert load_case(again).mechanics == case.mechanics
    assert load_case(again).geometry == case.geometry
    assert load_case(again).solve_for == case.solve_for
    assert load_case(again).map == case.map
