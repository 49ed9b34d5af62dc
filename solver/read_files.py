"""The files that a case reads besides its own text, by what is in them."""

from pathlib import Path

from meshes.contents import digest, files_read
from solver.schema import Case


def contents(case: Case) -> dict[str, str]:
    """SHA-256 of every file that a case reads, by its name beside the case.

    Meshes with their data, pictures, maps of heights, measured spectra; case files and their bases
    are in the resolved case.
    """
    files = [] if case.geometry is None else list(files_read(case.geometry))
    if case.impedance is not None and case.impedance.measured is not None:
        files.append(case.impedance.measured.path)
    folder = case.path.parent
    return {Path(file).relative_to(folder).as_posix(): digest(file) for file in sorted(set(files))}
