"""Case files that `liface check` is asked about, and what it says of them."""

from solver.__main__ import main


def checked(text, tmp_path, capsys):
    """Status and messages, without the name of the file."""
    path = tmp_path / "case.toml"
    path.write_text(text, "utf-8")
    status = main(["check", str(path)])
    said = capsys.readouterr()
    return status, [line.removeprefix(f"{path}: ") for line in said.err.splitlines()]
