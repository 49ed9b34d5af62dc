"""How close the balls of the generator lie: zeta of its packings beside that of hard balls.

    ./liface exec python3 benchmarks/packings.py [--plane] [--share PHI] [--diameter D]
        [--resolution H] [--gap G] [--seeds N]

Lengths are in periods of the cell. Printed for every seed, and as mean with standard error: the
three-point parameter zeta (`solver.three_point`) with continuous quadratic potentials, and what
pairs alone make of the centres, with R their distances in radii: the mean over the balls of
sum 1/(R^2 - 1)^3, over discs of sum 1/(R^2 - 1)^2. That is zeta at small volume shares phi.

In equilibrium, where all positions without overlap are as likely, balls have
0.21068 phi - 0.04693 phi^2 + 0.00247 phi^3 (Miller & Torquato 1990, J. Appl. Phys. 68, 5486) and
discs phi/3 - 0.05707 phi^2 (Torquato & Lado 1988, Proc. R. Soc. A 417, 59). Their first terms are
the sums over pairs, 3 phi int_2^inf R^2/(R^2 - 1)^3 dR and 2 phi int_2^inf R/(R^2 - 1)^2 dR. The
generator throws balls and pushes those that overlap apart until they touch: 8 phi (4 phi) more
neighbours at R = 2, which add 8 phi/27 (4 phi/9), to 0.5070 phi and 7 phi/9.
"""

import argparse
import tempfile
from itertools import product
from pathlib import Path

import numpy as np
from mpi4py import MPI

from meshes.build import build
from meshes.layers import Layer
from meshes.micro import Body, Particles
from meshes.particles import balls
from meshes.sizing import default_size
from solver.domain import read_domain
from solver.effective import cell_volume
from solver.effective_conduction import Conducting
from solver.three_point import CONTINUOUS, moments


def packing(wanted: argparse.Namespace, seed: int) -> Particles:
    """The balls or discs of a seed in a cell of the width 1."""
    layers = (Layer("matrix", 1.0),)
    depth = 0.0 if wanted.plane else 1.0
    return Particles(
        Body(1.0, depth, layers, wanted.resolution, "all", seed), "balls", "matrix",
        wanted.share, "random", diameter=wanted.diameter, gap=wanted.gap,
    )  # fmt: skip


def zeta_of(micro: Particles) -> float:
    """Of the mesh of a packing."""
    comm = MPI.COMM_SELF
    with tempfile.TemporaryDirectory() as folder:
        built = build(micro, default_size(micro, 1e-2), (), Path(folder))
        domain = read_domain(built, comm)
    cell = Conducting(domain, {"matrix": 1.0, "balls": 2.0}, cell_volume(built), {})
    return moments(cell, ("balls",), CONTINUOUS)[0].parameter()


def zeta_of_pairs(micro: Particles) -> float:
    """From the distances alone, with the images in the cells around."""
    placed = balls(micro)
    dim = placed.centres.shape[1]
    ways = np.array(list(product((-1.0, 0.0, 1.0), repeat=dim)))
    away = placed.centres[:, None] - placed.centres[None] + ways[:, None, None]
    far = np.linalg.norm(away, axis=-1) / placed.radii[0]
    return float(((far[far > 1e-9] ** 2 - 1.0) ** -float(dim)).sum()) / len(placed.centres)


def main() -> None:
    """Print a line for every seed, then the means."""
    parser = argparse.ArgumentParser(description="zeta of packings beside that of hard balls")
    parser.add_argument("--plane", action="store_true")
    parser.add_argument("--share", type=float, default=0.1)
    parser.add_argument("--diameter", type=float, default=0.3)
    parser.add_argument("--resolution", type=float, default=0.04)
    parser.add_argument("--gap", type=float, default=0.0)
    parser.add_argument("--seeds", type=int, default=3)
    wanted = parser.parse_args()
    phi = wanted.share
    hard = 0.21068 * phi - 0.04693 * phi**2 + 0.00247 * phi**3
    few = (0.210677 + 8.0 / 27.0) * phi
    if wanted.plane:
        hard, few = phi / 3.0 - 0.05707 * phi**2, 7.0 / 9.0 * phi
    found = []
    print("seed    zeta   of pairs")
    for seed in range(1, wanted.seeds + 1):
        micro = packing(wanted, seed)
        found.append((zeta_of(micro), zeta_of_pairs(micro)))
        print(f"{seed:4d}  {found[-1][0]:.4f}  {found[-1][1]:.4f}", flush=True)
    mean = np.mean(found, axis=0)
    error = np.std(found, axis=0, ddof=1) / np.sqrt(len(found))
    print(f"mean  {mean[0]:.4f}  {mean[1]:.4f}")
    print(f"+-    {error[0]:.4f}  {error[1]:.4f}")
    print(f"in equilibrium {hard:.4f}; few of this generator without a gap {few:.4f}")


if __name__ == "__main__":
    main()
