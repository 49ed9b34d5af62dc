"""Time, size and error of the slit cell (2d) and of the cross-crack cell (3d) of the first paper.

    ./liface exec python3 benchmarks/transport.py [2d|3d] [-n RANKS]

Solves the case to the accuracy that its file asks for, then once more on a uniform mesh with as
many unknowns (uniform but for the film, where elements are never larger than it is thick), and
prints for both the time of every stage, the bounds of the excess resistance and the largest memory;
at the end the ratio of the guaranteed errors. In 2d all is done several times and medians are
printed. Meshes come from the cache if they are there; the time it took to build them is printed
either way. The first run on a machine also compiles.
"""

import argparse
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dolfinx import fem
from mpi4py import MPI

from meshes.geometry import Cell
from meshes.geometry import dimension as meshed_dimension
from solver.case import load_case
from solver.copies import DEGREE
from solver.domain import read_domain
from solver.mechanics_run import make_mesh
from solver.provenance import commit, memory, versions
from solver.quantities import Quantity
from solver.schema import Case
from solver.simulate import simulate
from solver.units import in_unit

TOP = Path(__file__).resolve().parents[1]
CASES = {
    "2d": TOP / "cases/lim2024_mgf2_interlayer/lif_pressed.toml",
    "3d": TOP / "cases/lim2024_mgf2_interlayer/lif_crosscracks.toml",
}
REPEATS = {"2d": 5, "3d": 1}
EXCESS = "excess_area_specific_resistance"
COARSE = 30  # the first uniform mesh has this many elements along the period
NEAR = 0.1  # its number of unknowns may differ by this share
TRIALS = 6


@dataclass(frozen=True)
class Result:
    """What one solved case took and gave.

    Attributes:
        seconds: Time of every stage.
        cells: Cells of the last mesh.
        dofs: Unknowns of the potential there.
        meshes: Number of meshes.
        excess: Excess resistance with its bounds.
        megabytes: Largest memory of all ranks together up to now.
    """

    seconds: dict[str, float]
    cells: int
    dofs: int
    meshes: int
    excess: Quantity
    megabytes: float

    @property
    def error(self) -> float:
        """Guaranteed relative error: half the interval over its middle."""
        lower, upper = self.excess.lower, self.excess.upper
        if lower is None or upper is None:
            raise ValueError(f"{EXCESS} has no bounds")
        return (upper - lower) / (upper + lower)


def solved(case: Case, comm: MPI.Intracomm) -> Result:
    """Solve a case; collective."""
    solution = simulate(case, comm, lambda _: None)
    if solution.certificate is None or solution.built is None:
        raise ValueError(f"{case.path}: nothing to solve")
    excess = next(quantity for quantity in solution.quantities if quantity.name == EXCESS)
    last = solution.certificate.history[-1]
    seconds = {"build mesh": solution.built.report.seconds, **solution.timings}
    seconds.pop("mesh", None)  # that time is of the cache
    meshes = len(solution.certificate.history)
    megabytes = memory(comm)["sum [MB]"]
    return Result(seconds, last.cells, last.dofs, meshes, excess, megabytes)


def with_uniform_mesh(case: Case, comm: MPI.Intracomm, dofs: int) -> tuple[Case, float]:
    """The case on a uniform mesh with about as many unknowns, and its size, um; collective."""
    if not isinstance(case.geometry, Cell):
        raise ValueError(f"{case.path}: not one of the built-in cells")
    power = 1.0 / 3.0 if meshed_dimension(case.geometry) == "3d" else 1.0 / 2.0
    size = case.geometry.width / COARSE
    uniform = case
    for _ in range(TRIALS):
        numerics = replace(case.numerics, refinement="none", edge_size=size, maximum_size=size)
        uniform = replace(case, numerics=numerics)
        domain = read_domain(make_mesh(uniform, comm), comm)
        space = fem.functionspace(domain.mesh, ("Lagrange", DEGREE))
        found = space.dofmap.index_map.size_global / dofs
        if abs(found - 1.0) < NEAR:
            break
        size *= found**power
    return uniform, size


def show(name: str, results: Sequence[Result], accuracy: float | None) -> None:
    """Print the median times and what the last run found."""
    last = results[-1]
    print(f"\n{name}")
    print(f"  meshes, cells, unknowns    {last.meshes}, {last.cells}, {last.dofs}")
    for stage in last.seconds:
        print(f"  {stage:<26} {statistics.median(r.seconds[stage] for r in results):.2f} s")
    total = [sum(result.seconds.values()) for result in results]
    print(f"  {'all':<26} {statistics.median(total):.2f} s")
    print(f"  {'excess resistance':<26} {last.excess.value:.6g} {last.excess.unit}")
    print(f"  {'bounds':<26} {last.excess.lower:.6g} .. {last.excess.upper:.6g}")
    asked = "" if accuracy is None else f" (asked: {100.0 * accuracy:g} %)"
    print(f"  {'width of the bounds':<26} {200.0 * last.error:.3g} %{asked}")
    print(f"  {'memory, largest so far':<26} {last.megabytes / 1000.0:.2f} GB", flush=True)


def benchmark(dimension: str, comm: MPI.Intracomm) -> None:
    """Run and print one case; collective."""
    case = comm.bcast(load_case(CASES[dimension]) if comm.rank == 0 else None)
    repeats = REPEATS[dimension]
    if repeats > 1:
        solved(case, comm)  # compiles
    graded = [solved(case, comm) for _ in range(repeats)]
    if comm.rank == 0:
        print(f"\n{dimension}: {case.title}, {comm.size} rank(s), {repeats} run(s)")
        show("to the accuracy of the case", graded, case.numerics.accuracy)
    fixed, size = with_uniform_mesh(case, comm, graded[-1].dofs)
    uniform = [solved(fixed, comm) for _ in range(repeats)]
    if comm.rank == 0:
        show(f"on a uniform mesh of size {in_unit(size, 'nm'):.0f} nm", uniform, None)
        ratios = [one.error / other.error for one, other in zip(uniform, graded, strict=True)]
        ratio = statistics.median(ratios)
        dofs = uniform[-1].dofs / graded[-1].dofs
        print(f"\n  error on the uniform mesh over the other: {ratio:.1f} ", end="")
        print(f"(with {dofs:.2f} times the unknowns)", flush=True)


def main() -> int:
    """Read the command line; start the ranks if there are to be several."""
    parser = argparse.ArgumentParser(description="Time, size and error of two cells.")
    parser.add_argument("dimension", nargs="?", choices=list(CASES), help="both if left out")
    parser.add_argument("-n", dest="ranks", type=int, default=1, help="number of MPI ranks")
    given = parser.parse_args()
    comm = MPI.COMM_WORLD
    if given.ranks > 1 and comm.size == 1:
        words = [given.dimension] if given.dimension else []
        command = [TOP / "liface", "-n", str(given.ranks), "python", __file__, *words]
        return subprocess.run(command, check=False).returncode
    if comm.rank == 0:
        load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
        names = ("liface", "fenics-dolfinx", "petsc4py")
        print(
            ", ".join(f"{name} {versions()[name]}" for name in names) + f", {commit():.12}, {load}"
        )
    for dimension in [given.dimension] if given.dimension else CASES:
        benchmark(dimension, comm)
    return 0


if __name__ == "__main__":
    sys.exit(main())
