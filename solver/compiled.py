"""The compiled forms on disk: what a killed run has left half made is removed.

A form that is compiled is a file NAME.c, made first and by one process alone, and NAME.c.cached
once the compiler is through; who finds the first waits for the second. A process that is killed
between the two leaves all later ones to wait in vain. So every run holds a shared lock beside those
files for as long as it lives, however it ends. A run that is alone there when it begins removes
them; one that is not removes those that are older than any compiler takes.
"""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dolfinx import jit
from mpi4py import MPI

LOCK = "liface.lock"
LONGEST = 600.0  # s, of one form on a machine that is full; the largest take 20 s on a free core


@contextmanager
def compiled_forms(comm: MPI.Intracomm = MPI.COMM_WORLD) -> Iterator[None]:
    """Let forms be compiled and read while this lasts; collective on `comm` at its begin."""
    # dolfinx waits 10 s for a form that another process compiles, which takes longer than that
    jit.DOLFINX_DEFAULT_JIT_OPTIONS["timeout"] = (int(LONGEST), "seconds")
    folder = Path(jit.get_options()["cache_dir"])
    lock = None
    with suppress(OSError):  # a file system without locks, or nothing may be written
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / LOCK).open("a")
        if comm.rank == 0:
            remove_half_made(folder, LONGEST if _others(lock.fileno()) else 0.0)
    comm.Barrier()
    try:
        if lock is not None:
            with suppress(OSError):
                fcntl.flock(lock, fcntl.LOCK_SH)
        yield
    finally:
        if lock is not None:
            lock.close()


def _others(lock: int) -> bool:
    """Whether somebody else holds the lock; if not, it is ours until it is shared."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def remove_half_made(folder: Path, older: float) -> None:
    """Remove the begun forms of a folder that are older than a time (s)."""
    for begun in folder.glob("libffcx_*.c"):
        with suppress(OSError):  # somebody else was first
            if not begun.with_suffix(".c.cached").exists():
                age = time.time() - begun.stat().st_mtime
                if age >= older:
                    begun.unlink()
