"""What a result was made with: versions, commit, hash of the sources, memory."""

import hashlib
import importlib.metadata
import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mpi4py import MPI

SOURCES = Path(__file__).resolve().parent.parent


def versions() -> dict[str, str]:
    """The versions of this program and of what it is built on, by distribution name."""
    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    names = ["liface", "fenics-dolfinx", "fenics-basix", "fenics-ffcx", "fenics-ufl", "petsc4py"]
    for name in [*names, "mpi4py", "numpy", "scipy", "gmsh", "meshio", "pyvista", "vtk"]:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            if name == "liface":
                found[name] = _declared_version()
    return found


def _declared_version() -> str:
    # a checkout that is run in place is not installed as a distribution
    try:
        lines = (SOURCES / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    except OSError:
        return "unknown"
    texts = [line.split("=", 1)[1].strip(' "') for line in lines if line.startswith("version =")]
    return texts[0] if texts else "unknown"


def commit() -> str:
    """The commit of the checkout, else "version ..." of the package.

    Read from the files of `.git`, since git itself need not be installed. Changes that are not
    committed do not show here, but in `source_hash`.
    """
    git = SOURCES / ".git"
    try:
        if git.is_file():  # a linked work tree
            git = (SOURCES / git.read_text().removeprefix("gitdir:").strip()).resolve()
        head = (git / "HEAD").read_text().strip()
        if not head.startswith("ref:"):
            return head
        name = head.removeprefix("ref:").strip()
        folders = [git]
        if (git / "commondir").exists():
            folders.append((git / (git / "commondir").read_text().strip()).resolve())
        for folder in folders:
            if (folder / name).is_file():
                return (folder / name).read_text().strip()
        packed = (folders[-1] / "packed-refs").read_text().splitlines()
        return next(line.split()[0] for line in packed if line.endswith(f" {name}"))
    except (OSError, StopIteration):
        return f"version {versions()['liface']}"


def source_hash() -> str:
    """SHA-256 over the Python files of the program: tells apart what a commit cannot."""
    total = hashlib.sha256()
    for package in ("meshes", "solver"):
        for path in sorted((SOURCES / package).rglob("*.py")):
            total.update(path.relative_to(SOURCES).as_posix().encode())
            total.update(path.read_bytes())
    return total.hexdigest()


def memory(comm: "MPI.Comm") -> dict[str, Any]:
    """Largest memory so far, in MB: per rank, and their sum. Collective; the same on all ranks."""
    mine = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    ranks = [round(float(each), 1) for each in comm.allgather(mine)]
    return {"sum [MB]": round(sum(ranks), 1), "per rank [MB]": ranks}
