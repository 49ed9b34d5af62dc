"""Linear systems of a march, field by field: the same states, in a bounded number of iterations."""

import numpy as np
import pytest
from mpi4py import MPI
from petsc4py import PETSc

from solver import march_blocks
from solver.domain import refine_cells
from solver.march import march, steady_state
from solver.march_blocks import fields_of, split
from solver.march_newton import PREFIX, newton_options
from solver.simulate import simulate
from solver.solve import prefixed_options
from tests.verification.manufactured_march_test import content
from tests.verification.march_example import (
    HELD,
    LIMIT,
    SALT,
    SOLID,
    case_of,
    driven,
    galvanostatic,
    numbers,
    reacts,
    system_of,
    text,
)

WORLD, SELF = MPI.COMM_WORLD, MPI.COMM_SELF
BLOCKS = {"pc_type": "fieldsplit"}


def finer(passes):
    def change(domain):
        for _ in range(passes):
            cells = np.arange(domain.mesh.topology.index_map(2).size_local, dtype=np.int32)
            domain = refine_cells(domain, cells)
        return domain

    return change


def iterations(system, length):
    """Of the linear solver, per Newton step of one implicit step in time from uneven salt."""
    start = system.start()
    places = system.space.tabulate_dof_coordinates()[system.salt.nodes]
    wave = np.cos(np.pi * places[:, 0] / 2.0) * np.cos(np.pi * places[:, 1] / 4.0)
    start.array[system.salt.unknowns] += 0.5 * wave
    system.way = "in time"
    snes = PETSc.SNES().create(SELF)
    snes.setOptionsPrefix(PREFIX)
    matrix = system.empty_matrix()

    def rate(x):
        return (x - start) * (1.0 / length)

    snes.setFunction(lambda _, x, out: system.residual(x, rate(x), out), system.vector())
    snes.setJacobian(
        lambda _, x, out, __: system.jacobian(x, rate(x), 1.0 / length, out), matrix, matrix
    )
    with prefixed_options(PREFIX, newton_options(system, BLOCKS) | BLOCKS):
        snes.setFromOptions()
        split(snes, system)
    x = start.copy()
    snes.solve(None, x)
    assert snes.getConvergedReason() > 0
    return snes.getLinearSolveIterations() / snes.getIterationNumber()


@pytest.mark.parametrize("mechanics", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_iterations_do_not_grow_as_the_mesh_gets_finer(tmp_path, mechanics):
    # 8 and 64 times as many cells; a second is a quarter of the time of diffusion
    found = []
    for passes in (0, 1, 3):
        system = system_of(case_of(tmp_path, content(mechanics)), SELF, finer(passes))
        found.append(iterations(system, 1.0))
    assert max(found) <= 25.0, found
    assert found[2] <= 1.25 * found[1], found


def test_every_unknown_is_in_one_block(tmp_path):
    system = system_of(case_of(tmp_path, content(mechanics=True)), SELF)
    blocks = fields_of(system)
    assert list(blocks) == ["charge", "salt", "bodies"]
    assert sorted(np.concatenate(list(blocks.values()))) == list(range(system.local))
    assert len(blocks["salt"]) == len(system.salt.unknowns) + 1  # its source


def test_blocks_give_what_the_whole_gives(tmp_path, monkeypatch):
    case = case_of(tmp_path, content(mechanics=True))
    fixed = {"ts_adapt_type": "none", "ts_dt": "0.5"}
    states, solved = [], []
    told = march_blocks.split

    def counted(snes, system):
        told(snes, system)
        solved.append(snes.getKSP().getPC().getType())

    monkeypatch.setattr("solver.march.split", counted)
    for options in ({}, BLOCKS):
        states.append(march(system_of(case, SELF), {**fixed, **options}, lambda _: None))
    assert solved == ["lu", "fieldsplit"]
    whole, blocks = states
    assert len(blocks.moments) == len(whole.moments) == 9
    difference = np.abs(blocks.x.array_r - whole.x.array_r)
    assert difference.max() < 1e-9
    assert blocks.moments[-1].iterations <= whole.moments[-1].iterations + 3


def test_one_field_alone_is_one_block(tmp_path):
    case = case_of(tmp_path, text(SOLID, HELD, driven(0.1), reacts("top")))
    system = system_of(case, SELF)
    assert list(fields_of(system)) == ["charge"]
    assert newton_options(system, {})["pc_type"] == "lu"
    whole, blocks = (steady_state(system, options).moments[-1] for options in ({}, BLOCKS))
    assert blocks.voltage == pytest.approx(whole.voltage, rel=1e-10)


@pytest.mark.parametrize("way", ["steady", "in time"])
def test_steady_states_and_whole_runs_by_blocks(tmp_path, way):
    # a steady state has its sources of salt; a run finds potentials that fit and an end of salt
    steps = "" if way == "steady" else galvanostatic(2 * LIMIT, 100.0)
    current = 0.9 * LIMIT if way == "steady" else 0.0
    parts = [HELD, driven(current), steps, reacts("top"), reacts("bottom", 1.0, "linear")]
    asked = '[numerics.petsc_options]\npc_type = "fieldsplit"\n'
    case = text(SALT, *parts)
    whole = numbers(simulate(case_of(tmp_path, case), SELF, lambda _: None))
    blocks = numbers(simulate(case_of(tmp_path, case + asked), SELF, lambda _: None))
    assert set(whole) == set(blocks)
    assert ("depletion_time" in whole) == (way == "in time")
    for name in {"voltage", "least_concentration", "depletion_time"} & set(whole):
        assert blocks[name] == pytest.approx(whole[name], rel=1e-6, abs=1e-9), name
    assert blocks["salt_balance"] < 1e-9 and blocks["charge_balance"] < 1e-8


def test_a_march_by_blocks_goes_on_to_the_same_numbers(tmp_path):
    parts = [HELD, driven(0.0), galvanostatic(0.5 * LIMIT, 20.0), reacts("top"), reacts("bottom")]
    case, kept = case_of(tmp_path, text(SALT, *parts, edge="1 um")), []
    whole = march(system_of(case, SELF), BLOCKS, str, lambda _, make: kept.append(make()))
    half = kept[len(kept) // 2]
    assert half.inside
    again = march(system_of(case, SELF), BLOCKS, str, kept=half)
    assert len(again.moments) == len(whole.moments)
    assert again.moments[-1].voltage == pytest.approx(whole.moments[-1].voltage, rel=1e-9)
    assert again.moments[-1].least == pytest.approx(whole.moments[-1].least, rel=1e-9)


@pytest.mark.parallel
def test_blocks_on_any_number_of_ranks(tmp_path):
    steps = "[programme]\nstep_error = 1e-3\n" + galvanostatic(1.0, 3.0)
    parts = [HELD, driven(0.0), steps, reacts("top", more="transfer_coefficient = 0.4")]
    content = text(SALT, *parts, edge="1 um", size="2 um", width="2 um")
    asked = '[numerics.petsc_options]\npc_type = "fieldsplit"\n'
    case = WORLD.bcast(case_of(tmp_path, content + asked))
    together, alone = (numbers(simulate(case, comm, lambda _: None)) for comm in (WORLD, SELF))
    for name in ("voltage", "mean_current_density", "capacity", "least_concentration"):
        assert together[name] == pytest.approx(alone[name], rel=1e-7)
