"""Cracks that end at an interface, on uniform meshes: the orders that their singularities leave.

The stress at the foot of a crack through a film goes as r^(-s), s > 1/2 on a compliant body, and
the energy converges as the size of the cells to the 2 - 2 s, whatever the elements: 1 for equal
moduli (s = 1/2), 0.51 for LiPON and 0.44 for LiF on lithium (Zak & Williams 1963, J. Appl. Mech.
30, 142). What the program does about it, cells that shrink towards the foot, is taken away here.
"""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from mpi4py import MPI
from scipy.optimize import brentq

from solver import fracture, mechanics, problem
from solver.mechanics_run import make_mesh
from tests.verification.fracture_test import CASES

LEVELS = 4


def dundurs_of(case):
    """alpha and beta, plane strain."""
    film, below = (case.mechanics.solids[name].elastic for name in ("film", "substrate"))
    shears = [e.youngs_modulus / (2 * (1 + e.poissons_ratio)) for e in (film, below)]
    modes = [e.youngs_modulus / (1 - e.poissons_ratio**2) for e in (film, below)]
    a, b = (1 - 2 * e.poissons_ratio for e in (film, below))
    alpha = (modes[0] - modes[1]) / sum(modes)
    v, w = (1 - e.poissons_ratio for e in (film, below))
    beta = 0.5 * (shears[0] * b - shears[1] * a) / (shears[0] * w + shears[1] * v)
    return alpha, beta


def exponent(alpha, beta):
    """s of r^(-s) at a crack that meets an interface at a right angle from the side of alpha."""

    def left(s):
        low = 2 * (alpha - beta) / (1 - beta) * (1 - s) ** 2
        return np.cos(s * np.pi) - low + (alpha - beta**2) / (1 - beta**2)

    return brentq(left, 1e-3, 1 - 1e-3)


def shallow(case):
    """The same film on a body of 20 films: what its foot leaves is the same."""
    film = case.geometry.layers[-1]
    depth = 20.0 * film.thickness
    layers = (replace(case.geometry.layers[0], thickness=depth), film)
    crack = replace(case.geometry.crack, start=depth, end=depth + film.thickness)
    return replace(case.geometry, width=depth, layers=layers, crack=crack)


def rates(case):
    """G_ss on uniform meshes, each with cells half as large."""
    block = shallow(case)
    numerics = replace(case.numerics, edge_size=0.125 * block.layers[-1].thickness)
    case = replace(case, geometry=block, numerics=numerics)
    posed = mechanics.make_problem(case, block)
    found = []
    for level in range(LEVELS):
        mesh = posed.mesh(
            lambda b: make_mesh(replace(case, geometry=b), MPI.COMM_WORLD), MPI.COMM_WORLD, level
        )
        found.append(mechanics.solve_once(posed, posed.body_on(mesh)).film.rate)
    return np.array(found)


@pytest.mark.parametrize(
    ("name", "order"),
    [
        pytest.param("channelling", 1.0, marks=pytest.mark.slow),
        ("channelling-lipon_li", 0.51),
        pytest.param("channelling-lif_li", 0.44, marks=pytest.mark.slow),
    ],
)
def test_the_order_is_that_of_the_foot_of_the_crack(name, order, monkeypatch):
    case = CASES[name]
    assert 2.0 - 2.0 * exponent(*dundurs_of(case)) == pytest.approx(order, abs=0.01)
    uniform = partial(fracture.resolve_tips, on_interface=0)
    monkeypatch.setattr(problem, "resolve_tips", uniform)
    gained = np.diff(rates(case))  # each gains 2^-order of the one before
    orders = np.log2(gained[:-1] / gained[1:])
    assert orders[-1] == pytest.approx(order, abs=0.05), orders
