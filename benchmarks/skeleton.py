"""Iterations, time and memory of conduction and elasticity in cells with more and more fibres.

    ./liface exec python3 benchmarks/skeleton.py [-n RANKS] [--fibres N ...] [--million M]
        [--only conduction|elasticity]

Fibres of one diameter and length fill a fifth of a cube whose width grows with their number; the
lattice has the same number of cells across a fibre in all of them, so that the unknowns grow as the
fibres do. `--million` sets the unknowns of the largest cell (5). Each cell is meshed, read and
solved twice: the potential between bottom and top with fibres that conduct a hundred times better,
and the displacement of a cube that is pressed from above. The columns are of the program's own
solvers.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import numpy as np
from mpi4py import MPI

from meshes.micro import Fibres
from solver.case import load_case
from solver.copies import build_copies
from solver.domain import Domain, number_of_cells, read_domain
from solver.elasticity import make_body
from solver.equilibrium import Equilibrium
from solver.mechanics_model import conditions, solid_law
from solver.mechanics_run import make_mesh
from solver.model import build_model
from solver.primal import Primal
from solver.provenance import commit, memory, versions
from solver.schema import Case

LENGTH = 10.0  # of a fibre, in diameters of 1 um
FRACTION = 0.2
CASE = """
title = "Fibres in a cube"
question = "How many iterations?"
[geometry]
shape = "fibres"
width = "{width} um"
depth = "{width} um"
layers = [{{ name = "matrix", thickness = "{width} um" }}]
resolution = "{size} um"
periodic = "none"
name = "fibres"
inside = "matrix"
volume_fraction = 0.2
diameter = "1 um"
length = "10 um"
[regions]
matrix = {{ law = "ionic_conductor", conductivity = "1 mS/cm" }}
fibres = {{ law = "ionic_conductor", conductivity = "100 mS/cm" }}
[boundaries]
bottom = {{ law = "electrode", potential = "0 V" }}
top = {{ law = "electrode", potential = "1 V" }}
[mechanics.solids]
matrix = {{ law = "isotropic", youngs_modulus = "7.8 GPa", poissons_ratio = 0.38 }}
fibres = {{ law = "isotropic", youngs_modulus = "100 GPa", poissons_ratio = 0.2 }}
[mechanics.faces]
left = {{ law = "symmetry" }}
front = {{ law = "symmetry" }}
bottom = {{ law = "symmetry" }}
top = {{ law = "traction", pressure = "1 MPa" }}
"""


def width_of(fibres: int) -> float:
    """Of the cube in which fibres of the diameter 1 um fill their share, um."""
    volume = np.pi / 4.0 * (LENGTH - 1.0) + np.pi / 6.0
    return float((fibres * volume / -np.log1p(-FRACTION)) ** (1.0 / 3.0))


def case_of(fibres: int, size: float) -> Case:
    """The case with so many fibres and boxes of a size, um."""
    width = width_of(fibres)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "cube.toml")
        path.write_text(CASE.format(width=f"{width:.4f}", size=f"{size:.4f}"), "utf-8")
        return load_case(path)


def timed[Found](stage: str, seconds: dict[str, float], work: Callable[[], Found]) -> Found:
    """The result of some work, whose time is entered."""
    begin = perf_counter()
    found = work()
    seconds[stage] = perf_counter() - begin
    return found


def domain_of(case: Case, comm: MPI.Intracomm, seconds: dict[str, float]) -> Domain:
    """The mesh of a case; collective."""
    built = timed("mesh", seconds, lambda: make_mesh(case, comm))
    return timed("read", seconds, lambda: read_domain(built, comm))


def conduction(case: Case, comm: MPI.Intracomm) -> tuple[int, int, int, dict[str, float]]:
    """Cells, unknowns, iterations and times of the potential; collective."""
    seconds: dict[str, float] = {}
    domain = domain_of(case, comm, seconds)
    model = build_model(case, domain.built)
    copies = build_copies(domain, model)
    primal = timed("set up", seconds, lambda: Primal(domain, model, copies, {}))
    found = timed("solve", seconds, lambda: primal.solve(np.array([0.0, 1.0])))
    return number_of_cells(domain), copies.size[1], found.iterations, seconds


def elasticity(case: Case, comm: MPI.Intracomm) -> tuple[int, int, int, dict[str, float]]:
    """Cells, unknowns, iterations and times of the displacement; collective."""
    mechanics, micro = case.mechanics, case.geometry
    if mechanics is None or not isinstance(micro, Fibres):
        raise ValueError("a case without mechanics of fibres")
    seconds: dict[str, float] = {}
    domain = domain_of(replace(case, regions={}), comm, seconds)
    laws = mechanics.solids.items()
    solids = {n: solid_law(s, mechanics, plane=False, spatial=True) for n, s in laws}
    tractions, supports = conditions(micro, mechanics)
    body = make_body(domain, solids, tractions)
    equilibrium = timed("set up", seconds, lambda: Equilibrium(body, supports, {}))
    state = timed("solve", seconds, equilibrium.solve)
    dofs = state.displacement.function_space.dofmap.index_map.size_global * 3
    return number_of_cells(domain), dofs, state.iterations, seconds


def benchmark(fibres: list[int], million: float, only: str, comm: MPI.Intracomm) -> None:
    """Run and print all cells; collective."""
    if comm.rank == 0:
        found = versions()
        print(f"commit {commit()}, {comm.size} rank(s), dolfinx {found['fenics-dolfinx']}")
        print("what        fibres    cells  unknowns  iter.  mesh  read  set up  solve [s]  memory")
    for name, solve, each in (("conduction", conduction, 8.0), ("elasticity", elasticity, 24.0)):
        if only not in ("", name):
            continue
        # P2 nodes of a lattice of n boxes along a side: (2 n + 1)^3, 8 n^3 and some
        boxes = (1e6 * million / each) ** (1.0 / 3.0)
        size = min(width_of(max(fibres)) / np.ceil(boxes), 0.5)  # two boxes across at least
        for number in fibres:
            case = comm.bcast(case_of(number, size) if comm.rank == 0 else None)
            cells, dofs, iterations, seconds = solve(case, comm)
            gigabytes = memory(comm)["sum [MB]"] / 1000.0
            if comm.rank == 0:
                times = "  ".join(f"{seconds[s]:5.1f}" for s in ("mesh", "read", "set up", "solve"))
                line = f"{name:<11} {number:6d} {cells:8d} {dofs:9d} {iterations:6d}  {times}"
                print(f"{line}  {gigabytes:6.1f} GB", flush=True)


def main() -> None:
    """Run on ranks of its own, if asked to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("-n", type=int, default=0, help="ranks")
    parser.add_argument("--fibres", type=int, nargs="+", default=[8, 64, 500])
    parser.add_argument("--million", type=float, default=5.0, help="unknowns of the largest cell")
    parser.add_argument("--only", choices=["conduction", "elasticity"], default="")
    given = parser.parse_args()
    if given.n:
        again = [a for i, a in enumerate(sys.argv[1:], 1) if "-n" not in (a, sys.argv[i - 1])]
        command = ["mpirun", "-n", str(given.n), sys.executable, "-m", "mpi4py", __file__, *again]
        sys.exit(subprocess.run(command, env=dict(os.environ), check=False).returncode)
    benchmark(sorted(given.fibres), given.million, given.only, MPI.COMM_WORLD)


if __name__ == "__main__":
    main()
