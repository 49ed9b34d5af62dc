"""Minutes and memory of the meshes of 500 fibres, 500 particles and 20 x 20 rods.

    ./liface exec python3 benchmarks/microstructures.py [--seed N] [--only fibres|particles|rods]

Every cell is meshed in a process of its own, so that the memory is its own peak, with the
libraries that it loads. Printed are features, cells, the share of the mesh over that asked for, the
least quality, seconds (wall clock and of the processor) and gigabytes.
"""

import argparse
import os
import resource
import subprocess
import sys
from dataclasses import replace
from time import perf_counter, process_time

import numpy as np

from meshes.lattice import quality
from meshes.layers import Layer
from meshes.micro import Body, Fibres, Micro, Particles, Rods
from meshes.structure import build_structure
from solver.provenance import commit

KINDS: dict[str, Micro] = {
    "fibres": Fibres(
        Body(18.5, 18.5, (Layer("lithium", 18.5), Layer("film", 0.5)), 0.5, "sides", 0),
        "fibre", "lithium", 0.25, 1.0, 0.1, 6.0, (0.0, 0.0, 1.0), 1.0,
    ),
    "particles": Particles(
        Body(1.96, 1.96, (Layer("polymer", 1.96),), 0.04, "sides", 0),
        "particle", "polymer", 0.3, diameter=0.2, deviation=0.02,
    ),
    "rods": Rods(
        Body(10.0, 10.0, (Layer("gap", 1.25),), 0.08, "sides", 0),
        "rod", "gap", (20, 20), "jittered", 0.02, 0.3, 0.01, 1.0,
    ),
}  # fmt: skip
HEADER = "what       features    cells   share  quality  wall [s]  processor [s]  memory [GB]"


def measured(kind: str, seed: int) -> str:
    """One line: the mesh of a kind."""
    micro = replace(KINDS[kind], body=replace(KINDS[kind].body, seed=seed))
    begin, busy = perf_counter(), process_time()
    built = build_structure(micro, ())
    wall, busy = perf_counter() - begin, process_time() - busy
    part, mesh = built.parts[0], built.mesh
    cells = np.concatenate(list(mesh.regions.values()))
    least = float(quality(mesh.points[cells])[0].min())
    count = 0 if part.made is None else part.made.count
    share = part.fraction / (part.asked or np.nan)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    head = f"{kind:<10} {count:8d} {len(cells):8d} {share:7.4f} {least:8.3f}"
    return f"{head} {wall:9.1f} {busy:14.1f} {peak:12.2f}"


def main() -> None:
    """Print a line for every kind, each of a process of its own."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=list(KINDS), default="")
    given = parser.parse_args()
    if given.only:
        print(measured(given.only, given.seed), flush=True)
        return
    print(f"commit {commit()}, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(HEADER, flush=True)
    for kind in KINDS:
        command = [sys.executable, __file__, "--only", kind, "--seed", str(given.seed)]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
