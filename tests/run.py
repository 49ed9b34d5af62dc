"""The test tier: `liface test [--all] [pytest arguments]`.

Runs the formatter's check, the linter, the type checker, the tests on one rank (as many at a time
as there are cores, at most four), and those marked `parallel` again on 2 and 3 ranks. Each has a
time limit; the summary is at the end. `--all` adds the tests marked `slow`, `needs_paraview` and
`needs_browser`. With LIFACE_SUITE=sid (a later dolfinx, whose types are others) only the tests run.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
NO_TESTS = 5  # pytest's status for "nothing collected"


def run(command: list[str], limit: float) -> int:
    """Run a command in a session of its own and end all of it at the time limit."""
    print(f"\n==> {' '.join(command)}", flush=True)
    with subprocess.Popen(command, cwd=TOP, start_new_session=True) as process:
        try:
            return process.wait(limit)
        except subprocess.TimeoutExpired:
            print(f"==> stopped after {limit:.0f} s", flush=True)
            return 124
        finally:
            # also what an ended command has left behind; mpirun ends its ranks on TERM
            for number in (signal.SIGTERM, signal.SIGKILL):
                try:
                    os.killpg(process.pid, number)
                    process.wait(5)
                except (ProcessLookupError, subprocess.TimeoutExpired):
                    pass


def ranks(n: int, arguments: list[str], limit: float) -> int:
    """Run pytest on n ranks. Only rank 0 is heard; what others printed is shown after a failure."""
    with tempfile.TemporaryDirectory(prefix="liface-test-") as logs:
        me = [sys.executable, __file__, "--on-rank", logs]
        status = run(["mpirun", "-n", str(n), *me, *arguments], limit)
        ended = [Path(logs, f"status {rank}") for rank in range(n)]
        found = [int(path.read_text()) if path.exists() else None for path in ended]
        if status:
            for rank in range(1, n):
                print(f"\n==> rank {rank} of {n}, tests' status {found[rank]}, printed last")
                log = Path(logs, f"rank {rank}")
                text = log.read_text(errors="replace") if log.exists() else ""
                print("\n".join(text.splitlines()[-60:]))
    if status not in (0, 124) and all(one in (0, NO_TESTS) for one in found):
        # every rank has said how its tests ended, so this is MPI's own end of a process
        print(f"==> all tests had passed on all ranks when mpirun ended with status {status}")
        status = 0
    return NO_TESTS if status == 0 and set(found) == {NO_TESTS} else status


def on_rank(logs: str, arguments: list[str]) -> None:
    """Be one rank of `ranks`. The first failure ends all ranks: the others could wait for ever."""
    import pytest
    from mpi4py import MPI

    rank = MPI.COMM_WORLD.rank
    if rank:
        file = os.open(Path(logs, f"rank {rank}"), os.O_WRONLY | os.O_CREAT)
        os.dup2(file, 1)
        os.dup2(file, 2)
    # folders of its own: ranks that tidy the common ones at the same time fall over each other
    files = ["--basetemp", str(Path(logs, f"files{rank}"))]
    status = int(pytest.main(["-x", "-p", "no:cacheprovider", *files, *arguments]))
    sys.stdout.flush()
    Path(logs, f"status {rank}").write_text(str(status))
    if status not in (0, NO_TESTS):
        time.sleep(1)  # the same failure elsewhere is to be written, too
        MPI.COMM_WORLD.Abort(status)
    MPI.COMM_WORLD.Barrier()  # no rank goes while another one still computes


def versions() -> str:
    """One line with the versions that matter."""
    names = ["fenics-dolfinx", "petsc4py", "mpi4py", "numpy", "scipy", "gmsh", "pyvista", "pytest"]
    python = ".".join(map(str, sys.version_info[:3]))
    return f"Python {python}, " + ", ".join(f"{name} {version(name)}" for name in names)


def main(arguments: list[str]) -> int:
    """Run everything, print the summary, and return the status."""
    every = "--all" in arguments
    arguments = [argument for argument in arguments if argument != "--all"]
    print(versions())
    # ranks that wait leave their cores to others: there may be fewer cores than ranks
    os.environ.setdefault("OMPI_MCA_mpi_yield_when_idle", "1")
    scale = 8 if every else 1
    left_out = "" if every else "not slow and not needs_paraview and not needs_browser"
    both = f"parallel and {left_out}" if left_out else "parallel"
    shown = ["-ra", "--durations=25", "--durations-min=10"]
    test = [*shown, "-o", f"faulthandler_timeout={240 * scale}", *arguments]
    serial = [sys.executable, "-m", "pytest"]
    workers = ["-n", str(min(4, len(os.sched_getaffinity(0)))), "--dist", "worksteal"]
    packages = [name for name in ("solver", "meshes") if (TOP / name).is_dir()]
    checks = {
        "format": lambda: run(["ruff", "format", "--check", "."], 60),
        "lint": lambda: run(["ruff", "check", "."], 60),
        "types": lambda: run(["mypy", "--strict", *packages], 300),
        "tests": lambda: run([*serial, "-m", left_out, *workers, *test], 3200 * scale),
        "tests, 2 ranks": lambda: ranks(2, ["-m", both, *test], 1200 * scale),
        "tests, 3 ranks": lambda: ranks(3, ["-m", both, *test], 1200 * scale),
    }
    if os.environ.get("LIFACE_SUITE", "trixie") != "trixie":
        checks = {name: check for name, check in checks.items() if name.startswith("tests")}
    table = []
    for name, check in checks.items():
        began = time.monotonic()
        status = check()
        table.append((name, status, time.monotonic() - began))

    failed = 0
    print("\nsummary")
    for name, status, seconds in table:
        # a choice of tests may have no parallel ones; that no test at all is found is a failure
        if status == NO_TESTS and "ranks" in name:
            word = "none"
        else:
            word = {0: "ok", 124: "TIMEOUT"}.get(status, f"FAILED ({status})")
            failed += status != 0
        print(f"  {name:<16} {word:<12} {seconds:7.1f} s")
    print(f"  {'total':<16} {'FAILED' if failed else 'ok':<12} {sum(r[2] for r in table):7.1f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--on-rank"]:
        on_rank(sys.argv[2], sys.argv[3:])
    else:
        sys.exit(main(sys.argv[1:]))
