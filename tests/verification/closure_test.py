"""The work that opens a crack through a film: over elastic layers, and over ones that yield."""

import math
from itertools import pairwise

import numpy as np
import pytest
from mpi4py import MPI

from meshes.build import build
from meshes.layers import Block, Crack, Layer
from meshes.sizing import MeshSize
from solver import hooke
from solver.closure import closure_work, elastic_answer, open_crack
from solver.domain import read_domain
from solver.elasticity import Solid, make_body
from solver.equilibrium import Equilibrium, Support
from solver.evolution import evolve
from solver.fracture import resolve_tips
from solver.inelastic import Inelastic
from solver.mechanics_schema import History, Plastic
from solver.radial_return import Material

NONE = np.zeros(6)
E, NU, FILM_E, FILM_NU = 7820.0, 0.38, 111e3, 0.19
PRIME = FILM_E / (1 - FILM_NU**2)
HALF = {"left": Support("normal"), "bottom": Support("normal"), "right": Support("normal")}


def opened(folder, stress, flow, width=40.0, edge=0.5, steps=20, mixed=False, modulus=E):
    """A film of 1 um with residual stress on lithium; also the energies of the elastic body."""
    layers = (Layer("lithium", 8.0), Layer("film", 1.0))
    block = Block("block", width, layers, Crack("left", 8.0, 9.0))
    size = MeshSize(edge, 0.3, 4.0 * edge)
    domain = resolve_tips(
        read_domain(build(block, size, (), folder), MPI.COMM_SELF), block, on_interface=2
    )
    initial = np.zeros(6)
    initial[[hooke.XX, hooke.ZZ]] = stress
    stiffness = {"lithium": hooke.isotropic(modulus, NU), "film": hooke.isotropic(FILM_E, FILM_NU)}
    start = {"lithium": NONE, "film": initial}
    body = make_body(domain, {n: Solid(c, NONE, start[n]) for n, c in stiffness.items()}, {})
    laws = {"lithium": flow, "film": None}
    materials = {
        n: Material(c, NONE, start[n], laws[n], mixed and n == "lithium")
        for n, c in stiffness.items()
    }
    both = (
        Equilibrium(body, {**HALF, "crack": Support("normal")}, {}),
        Equilibrium(body, HALF, {}, "crack" if flow else ""),
    )
    closed, free = (
        Inelastic(body, held, materials, 298.0, {"snes_linesearch_type": "bt"}) for held in both
    )
    evolution = evolve(closed, History(steps=1), lambda _: {})
    found = open_crack(closed, free, evolution, 1.0, steps, lambda _, share: {"share": share})
    energies = [held.solve().energy for held in both] if flow is None else [0.0, 0.0]
    return found, 2.0 * (energies[0] - energies[1])


def test_the_work_of_forces_that_fade_is_the_area_under_them():
    # ways (1 - s)^2 as by shear lag: int s d(1 - s)^2 = 1/3, by the trapezoidal rule 1/(6 n^2) more
    for n in (10, 20):
        path = [(s, (1 - s) ** 2) for s in np.linspace(1, 0, n + 1)]
        assert closure_work(path) == pytest.approx(1 / 3 + 1 / (6 * n**2), rel=1e-12)


@pytest.mark.parametrize("mixed", [False, True])
def test_on_elastic_lithium_the_work_is_the_difference_of_the_energies(mixed, tmp_path):
    found, difference = opened(tmp_path, 10.0, None, steps=3)
    assert found.rate == pytest.approx(difference, rel=1e-8)
    assert found.error < 1e-8 * found.rate
    assert found.stress == pytest.approx(10.0, rel=1e-3)
    if mixed:  # another discretisation of the same body
        other, _ = opened(tmp_path, 10.0, None, steps=3, mixed=True)
        assert other.rate == pytest.approx(difference, rel=1e-2)
    # Z of a half space is 6.96; a layer of 8 um on a rigid one is stiffer
    assert 3.0 < found.rate * PRIME / 100.0 < 6.96


def test_over_lithium_that_yields_the_work_is_larger_and_goes_with_the_cube(tmp_path):
    # sigma = 20 and 30 over tau = 1 MPa, l = 20 and 30 um of 60; by shear lag sigma^3/(3 E' tau):
    # 0.023 and 0.078 J/m^2, for any modulus below. A stiff layer below (elastic Z = 2 or so) adds
    # little to it.
    tau, given = 1.0, {"width": 60.0, "modulus": 111e3, "mixed": True}
    flow = Plastic(math.sqrt(3) * tau, 20.0)
    share, elastic = [], opened(tmp_path, 1.0, None, **given, steps=1)[0].rate
    for stress in (20.0, 30.0):
        found, _ = opened(tmp_path, stress, flow, **given)
        assert found.evolution.stopped == ""
        assert found.rate > 1.2 * elastic * stress**2
        assert found.error < 0.01 * found.rate
        steps = found.evolution.steps
        assert all(a.dissipated <= b.dissipated for a, b in pairwise(steps))
        share.append(found.rate / (stress**3 / (3 * PRIME * tau)))

    assert share == pytest.approx([1.0, 1.0], rel=0.5)
    assert 2.5 < 3.0 + math.log(share[1] / share[0]) / math.log(1.5) < 3.1


def test_a_stretch_by_which_all_lithium_yields_at_once_needs_no_cuts(tmp_path):
    # With the crack closed all is uniform: a film of 50 nm bears E' e = 103.6 MPa, whatever the
    # lithium does, which yields at about a tenth of that. A step of the displacement that is given
    # at the side would strain the last row of cells by all of it: Newton's method then stalls.
    layers = (Layer("lithium", 10.0), Layer("film", 0.05))
    block = Block("block", 10.0, layers, Crack("left", 10.0, 10.05))
    built = build(block, MeshSize(0.025, 0.2, 1.0), (), tmp_path)
    domain = resolve_tips(read_domain(built, MPI.COMM_SELF), block, on_interface=3)
    laws = {"lithium": (E, NU, Plastic(0.77, 10.0)), "film": (FILM_E, FILM_NU, None)}
    solids = {n: Solid(hooke.isotropic(e, nu), NONE, NONE) for n, (e, nu, _) in laws.items()}
    body = make_body(domain, solids, {})
    normal = Support("normal")
    supports = {"left": normal, "bottom": normal, "crack": normal, "right": Support("normal", 9e-3)}
    held = Equilibrium(body, supports, {})
    materials = {
        n: Material(hooke.isotropic(e, nu), NONE, NONE, flow, False)
        for n, (e, nu, flow) in laws.items()
    }
    closed = Inelastic(body, held, materials, 298.0, {"snes_linesearch_type": "bt"})
    found = evolve(closed, History(steps=1), lambda _: {}, elastic_answer(closed, held))
    assert (len(found.steps), found.cuts, found.stopped) == (1, 0, "")
    assert found.steps[0].iterations <= 3
    stress = closed.stress_at_points()[closed.cells["film"]].reshape(-1, 6)[:, hooke.XX]
    assert stress == pytest.approx(PRIME * 9e-4, rel=1e-6)
    assert found.last.answers["lithium"].points.accumulated.min() > 1e-4
