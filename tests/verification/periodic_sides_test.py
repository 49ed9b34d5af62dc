"""A current between electrodes that goes round through the periodic sides of a cell."""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI

from meshes.geometry import MeshFile
from meshes.layers import Layer
from meshes.micro import Body, Segmented
from solver import compat, schema
from solver.domain import node_positions, read_domain, refine_cells
from solver.effective_conduction import Conducting, both_sides
from solver.facing import goes_round, matches
from solver.march_schema import Plating, Programme
from solver.matching import refine_alike
from solver.run_notes import INSULATED, insulated_sides
from solver.simulate import simulate
from tests.verification.helpers import UNIT, electrode, make_case, mesh_of, solve

FOLDER = Path(tempfile.mkdtemp())  # each rank writes its own, the first one meshes
PIXEL = 0.05  # um
GOOD, POOR = 10.0 * UNIT, 0.1 * UNIT
ENDS = {"bottom": electrode(0.0), "top": electrode(1.0)}
METAL = {"metal_surface": electrode(0.0), "top": electrode(1.0, 5.0 * PIXEL / UNIT)}
JUMP = {"a|b": schema.Resistive(0.5 * PIXEL / UNIT)}


def stripes(high, spot=True):
    """Stripes at 45 degrees, two pixels of good conductor in eight along the rows, and a spot."""
    x, y = np.meshgrid(np.arange(8), np.arange(high))
    found = ((x + y) % 8 < 2).astype(np.uint8)
    if spot:
        found[5:9, 1:4] = 1
    return found


def with_metal(high):
    """The same with metal at the bottom that has a step, and a void."""
    found = stripes(high)
    found[-3:] = 2  # the first row is at the top
    found[-6:-3, 2:5] = 2
    found[3:5, 5:7] = 3
    return found


def solid():
    """Boxes at random in three dimensions."""
    return (np.random.default_rng(3).random((4, 3, 4)) < 0.4).astype(np.uint8)


def case_of(pixels, name, ends=ENDS, laws=None, interfaces=None, periodic="sides", **numerics):
    """A picture or stack between electrodes."""
    path = FOLDER / f"{name}.npy"
    np.save(path, pixels)
    counts = pixels.shape[::-1]
    sides = [PIXEL * n for n in counts]
    depth = sides[1] if len(sides) == 3 else 0.0
    body = Body(sides[0], depth, (Layer("image", sides[-1]),), PIXEL, periodic, 0)
    names = ((0, "a"), (1, "b"), (2, "metal"), (3, "void"))
    values = tuple(pair for pair in names if pair[0] in pixels)
    picture = Segmented(body, str(path), counts, (PIXEL,) * len(counts), values, False)
    regions = {"a": schema.IonicConductor(POOR), "b": schema.IonicConductor(GOOD)}
    if 2 in pixels:
        regions |= {"metal": schema.Equipotential(), "void": schema.Insulator()}
    numerics = {"accuracy": 0.05, "max_dofs": 8000 if pixels.ndim == 2 else 1500} | numerics
    return make_case(picture, regions | (laws or {}), ends, interfaces, **numerics)


def bars(case, comm=MPI.COMM_WORLD):
    """Certificate of a case."""
    found = solve(case, None, comm).certificate
    assert found.balance < 1e-10
    assert found.domain.round is not None
    assert found.lower <= found.upper
    return found


BODIES = {
    "plain": (stripes(16), ENDS, None),
    "resistive": (stripes(16), ENDS, JUMP),
    "insulating": (stripes(16), ENDS, {"a|b": schema.Insulating()}),
    "metal": (with_metal(16), METAL, JUMP),
    "solid": (solid(), ENDS, None),
    "resistive solid": (solid(), ENDS, JUMP),
}
LONG = ("insulating", "resistive solid")


@pytest.mark.parallel
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] if name in LONG else []) for name in BODIES],
)
def test_a_rolled_picture_resists_the_same_on_all_ranks(name):
    pixels, ends, interfaces = BODIES[name]
    more = {"ends": ends, "interfaces": interfaces, "accuracy": 0.01 if 2 in pixels else 0.05}
    one = bars(case_of(pixels, "one", **more))
    assert len(one.history) > 1  # refined sides match as well
    rolled = np.roll(pixels, (1, 2), axis=(-2, -1)) if pixels.ndim == 3 else np.roll(pixels, 3, 1)
    other = bars(case_of(rolled, "other", **more))
    assert [level.cells for level in other.history] == [level.cells for level in one.history]
    assert (other.lower, other.upper) == pytest.approx((one.lower, one.upper), rel=1e-7)
    alone = bars(case_of(pixels, "one", **more), MPI.COMM_SELF)
    assert (one.lower, one.upper) == pytest.approx((alone.lower, alone.upper), rel=1e-7)


def test_a_mesh_from_a_file_is_the_same_cell():
    picture = case_of(stripes(16), "filed", interfaces=JUMP, refinement="none")
    file = MeshFile(str(mesh_of(picture).path), "plane", 1.0, 1.0, None, ("x",))
    one, other = bars(picture), bars(replace(picture, geometry=file))
    assert (other.lower, other.upper) == pytest.approx((one.lower, one.upper), rel=1e-10)


def test_walls_stay_where_a_condition_is_given_at_a_side():
    picture = stripes(32, spot=False)
    around = bars(case_of(picture, "stripes"))
    ends = ENDS | {"left": schema.Insulated()}
    walls = solve(case_of(picture, "stripes", ends=ends)).certificate
    assert walls.domain.round is None
    assert walls.lower > 4.0 * around.upper
    rolled = case_of(np.roll(picture, 3, axis=1), "rolled", ends=ends)
    assert solve(rolled).certificate.lower > walls.upper  # another cell


@pytest.mark.slow
def test_a_longer_piece_of_oblique_stripes_resists_what_their_effective_conductivity_says():
    """What the ends do falls as exp(-2 pi z/period): from 16 to 24 pixels the bulk is added."""
    fine = {"accuracy": 1e-2, "max_dofs": 40000}
    short, long = (bars(case_of(stripes(n, False), f"of{n}", **fine)) for n in (16, 24))
    cell = make_effective(case_of(stripes(8, False), "cell", periodic="all"))
    low, high = both_sides(cell)
    wide = 8 * PIXEL
    bulk = [8 * PIXEL / (wide * one.tensor[1, 1]) for one in (high, low)]
    added = (long.lower - short.upper, long.upper - short.lower)
    assert added[0] <= bulk[1]
    assert added[1] >= bulk[0]
    assert added[1] - added[0] < 0.1 * bulk[1]
    # the flux of the endless stripes is admissible between the electrodes as well
    assert long.lower <= 24 * PIXEL / (wide * low.tensor[1, 1])


def make_effective(case):
    """The cell of a case, periodic all around."""
    domain = read_domain(mesh_of(case), MPI.COMM_WORLD)
    for _ in range(3):
        cells = domain.mesh.topology.index_map(2).size_local
        domain = refine_cells(domain, np.arange(cells, dtype=np.int32))
    return Conducting(domain, {"a": POOR, "b": GOOD}, float(np.prod(domain.built.periods)), {})


@pytest.mark.parametrize("pixels", [stripes(8), solid()], ids=["plane", "solid"])
def test_an_even_cell_resists_what_its_height_does(pixels):
    even = {"a": schema.IonicConductor(GOOD), "b": schema.IonicConductor(GOOD)}
    found = bars(case_of(pixels, "even", laws=even))
    height, area = pixels.shape[0] * PIXEL, np.prod(np.array(pixels.shape[1:]) * PIXEL)
    assert found.lower == pytest.approx(height / (GOOD * area), rel=1e-9)
    assert found.upper == pytest.approx(height / (GOOD * area), rel=1e-9)


@pytest.mark.parallel
@pytest.mark.parametrize("pixels", [stripes(8), solid()], ids=["plane", "solid"])
def test_refined_sides_match(pixels):
    case = case_of(pixels, "refined")
    domain = goes_round(read_domain(mesh_of(case), MPI.COMM_WORLD), case)
    torn = False
    for turn in range(3):
        middles = node_positions(domain.mesh)[compat.node_numbers(domain.mesh)].mean(axis=1)
        marked = np.flatnonzero(np.hypot(middles[:, 0], middles[:, -2] - 0.1) < 0.12)
        torn |= not matches(refine_cells(domain, marked.astype(np.int32)))
        domain = refine_alike(domain, marked.astype(np.int32))
        assert matches(domain), turn
    assert torn  # without care they do not


def test_walls_are_told_of_only_where_a_current_does_not_go_round():
    steady = case_of(stripes(8), "told")
    assert insulated_sides(steady) == ()
    assert insulated_sides(replace(steady, programme=Programme())) == ()
    moving = {"bottom": replace(electrode(0.0), plating=Plating(moves=True))}
    moved = replace(steady, boundaries=ENDS | moving, programme=Programme())
    assert insulated_sides(moved) == (INSULATED,)
    assert simulate(moved, MPI.COMM_SELF, lambda _: None).marching.system.domain.round is None
    mirrors = case_of(stripes(8), "mirrors", periodic="none")
    assert insulated_sides(replace(mirrors, boundaries=ENDS | moving)) == ()
    assert solve(mirrors).certificate.domain.round is None
