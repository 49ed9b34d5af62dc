"""From the words of a command line to case files and PETSc options."""

from collections.abc import Iterable
from pathlib import Path

from solver.faults import CaseError, Fault, shown_path


def gather(paths: Iterable[Path]) -> list[Path]:
    """The case files that paths name, each once, in order.

    Args:
        paths: Files, or folders: of a folder all "*.toml" in it, sorted, but those whose name
            begins with "_" (they are bases only).

    Raises:
        CaseError: A folder without a case file, or that can't be read.
    """
    files: dict[Path, Path] = {}
    faults: list[Fault] = []
    for path in paths:
        try:
            inside = [path]
            if path.is_dir():
                inside = sorted(path.glob("*.toml"))
                next(path.iterdir(), None)  # a folder that can't be read is an error, not empty
                inside = [file for file in inside if not file.name.startswith("_")]
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not a file name"
            given, allowed = f"can't be read ({reason})", "a folder that can be read"
            faults.append(Fault(shown_path(path), "", given, allowed))
            continue
        if not inside:
            given, allowed = "a folder without a case", 'case files "*.toml" in it'
            faults.append(Fault(shown_path(path), "", given, allowed))
        for file in inside:
            files.setdefault(file.absolute(), file)
    if faults:
        raise CaseError(faults)
    return list(files.values())


def split_options(words: list[str]) -> tuple[list[str], tuple[str, ...]]:
    """Separates PETSc options from our own.

    PETSc's begin with one dash ("-ksp_view", "-pc_type lu"), ours with two. The word after a PETSc
    option is its value, unless it is an option itself or names a case. All after "--" is PETSc's.

    Returns:
        Our words and PETSc's, each in order.
    """
    ours: list[str] = []
    petsc: list[str] = []
    if not words or words[0] != "run":
        return words, ()
    waiting = False  # for the value of a PETSc option
    for index, word in enumerate(words):
        if word == "--":
            return ours, (*petsc, *words[index + 1 :])
        if is_petsc_option(word):
            petsc.append(word)
            waiting = True
        elif waiting and not word.startswith("--") and not names_case(word):
            petsc.append(word)
            waiting = False
        else:
            ours.append(word)
            waiting = False
    return ours, tuple(petsc)


def is_petsc_option(word: str) -> bool:
    """Whether a word is an option with one dash and a name."""
    return len(word) > 2 and word[0] == "-" and word[1].isalpha()


def names_case(word: str) -> bool:
    """Whether a word is a case file or a folder rather than the value of an option."""
    return word.endswith(".toml") or "/" in word or Path(word).exists()
