"""Case files that `liface check` is asked about, and what it says of them."""

from solver.__main__ import main


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
