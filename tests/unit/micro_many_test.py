"""Hundreds of features: two seeds always, twenty seeds in a row among the slow tests."""

import math
from dataclasses import replace

import numpy as np
import pytest

from meshes.faults import faults
from meshes.fibres import fibres
from meshes.lattice import quality
from meshes.layers import Layer
from meshes.micro import Body, Fibres, Micro, Particles, Rods
from meshes.particles import balls
from meshes.rods import rods
from meshes.structure import build_structure

PARTICLES = Particles(
    Body(1.96, 1.96, (Layer("polymer", 1.96),), 0.08, "sides", 0),
    "particle", "polymer", 0.3, diameter=0.2, deviation=0.02,
)  # fmt: skip
FIBRES = Fibres(
    Body(18.5, 18.5, (Layer("lithium", 18.5), Layer("film", 0.5)), 0.5, "sides", 0),
    "fibre", "lithium", 0.25, 1.0, 0.1, 6.0, (0.0, 0.0, 1.0), 1.0,
)  # fmt: skip
RODS = Rods(
    Body(10.0, 10.0, (Layer("gap", 1.25),), 0.125, "sides", 0),
    "rod", "gap", (20, 20), "jittered", 0.02, 0.3, 0.01, 1.0,
)  # fmt: skip
KINDS: dict[str, Micro] = {"particles": PARTICLES, "fibres": FIBRES, "rods": RODS}


def check(kind: str, seed: int) -> None:
    """Meshed, sound, of the volume asked for within 1 %, of hundreds of features."""
    micro = replace(KINDS[kind], body=replace(KINDS[kind].body, seed=seed))
    assert faults(micro) == []
    match micro:
        case Particles():
            count = len(balls(micro).radii)
        case Fibres():
            count = len(fibres(micro).radii)
        case Rods():
            count = len(rods(micro).radii)
    assert count >= {"particles": 500, "fibres": 500, "rods": 400}[kind]
    structure = build_structure(micro, ())
    mesh, part = structure.mesh, structure.parts[0]
    cells = np.concatenate(list(mesh.regions.values()))
    gamma, volumes = quality(mesh.points[cells])
    assert gamma.min() >= 0.02 and volumes.min() > 0.0
    assert volumes.sum() == pytest.approx(math.prod(micro.body.sizes), rel=1e-10)
    assert part.asked is not None and abs(part.fraction / part.asked - 1.0) < 0.01
    assert sum(p.fraction for p in structure.parts) == pytest.approx(1.0, abs=1e-10)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("kind", KINDS)
def test_hundreds_of_features_are_meshed(kind: str, seed: int):
    check(kind, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("kind", KINDS)
def test_twenty_seeds_in_a_row_are_meshed(kind: str, seed: int):
    check(kind, 100 + seed)
