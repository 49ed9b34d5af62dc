"""Marches that are kept and go on: the same numbers, on any number of ranks."""

from dataclasses import replace

import h5py
import numpy as np
import pytest
from mpi4py import MPI

from solver import checkpoint_file, march_history
from solver.march import march
from tests.verification.march_example import (
    HELD,
    LIMIT,
    SALT,
    SOLID,
    case_of,
    continued,
    driven,
    galvanostatic,
    kept_at,
    reacts,
    system_of,
    table,
    text,
)

WORLD, SELF = MPI.COMM_WORLD, MPI.COMM_SELF
LAYERS = [("lower", 4.0, SALT), ("wall", 2.0, SOLID), ("upper", 4.0, SALT)]


def cell(folder, error="1e-4"):
    """Two half cycles, the second one until a voltage; three fields and four copies."""
    steps = f"[programme]\nstep_error = {error}\n" + galvanostatic(0.5 * LIMIT, 8.0)
    steps += galvanostatic(-0.6 * LIMIT, 30.0, 'voltage = "-0.175 V"')
    joint = (
        '[interfaces."lower|wall"]\nlaw = "resistive"\narea_specific_resistance = "2 ohm cm^2"\n'
    )
    more = "transfer_coefficient = 0.4"
    parts = [HELD, driven(0.0), steps, joint, reacts("top", more=more)]
    return case_of(
        folder, text(SALT, *parts, layers=LAYERS, edge="1 um", size="2 um", width="2 um")
    )


def test_a_march_goes_on_to_the_same_numbers(tmp_path):
    system = system_of(cell(tmp_path), SELF)
    whole, kept = kept_at(system, 0, 5, 7, 35, 52, 75)
    assert [end.reason for end in whole.ends] == ["duration", "voltage"]
    assert [one.inside for one in kept] == [False, False, True, True, False, True]
    assert {one.step for one in kept} == {0, 1}
    for number, one in enumerate(kept):
        again = continued(system_of(cell(tmp_path), SELF), one, tmp_path / f"{number}.h5")
        assert len(again.moments) == len(whole.moments)
        assert table(again) == pytest.approx(table(whole), rel=1e-9, abs=1e-9)
        assert [(e.step, e.reason, e.first, e.last) for e in again.ends] == [
            (e.step, e.reason, e.first, e.last) for e in whole.ends
        ]
        assert (again.rejected, again.moments[-1].iterations) == (
            whole.rejected, whole.moments[-1].iterations,
        )  # fmt: skip
        assert (again.x - whole.x).norm() < 1e-10 * whole.x.norm()


def test_one_state_alone_would_go_on_to_others(tmp_path, monkeypatch):
    # what the recorded states are for: from the last one alone steps are other ones
    system = system_of(cell(tmp_path), SELF)
    whole, kept = kept_at(system, 25)
    history = kept[0].history
    assert len(history.states) == march_history.REMEMBERED
    blurred = march_history.History(history.times, (history.states[-1],) * len(history.states))
    again = march(
        system_of(cell(tmp_path), SELF), {}, lambda _: None,
        kept=replace(kept[0], history=blurred),
    )  # fmt: skip
    assert abs(again.moments[-1].time - whole.moments[-1].time) > 1e-9 * whole.moments[-1].time


@pytest.mark.parallel
@pytest.mark.parametrize("together", [True, False])
def test_any_number_of_ranks_reads_what_any_other_has_written(tmp_path, together):
    case = WORLD.bcast(cell(tmp_path, "1e-3"))
    folder = WORLD.bcast(tmp_path)
    alone, shared = system_of(case, SELF), system_of(case, WORLD)
    whole, kept = kept_at(alone, 12)
    assert kept[0].inside
    if WORLD.rank == 0:
        checkpoint_file.write(folder / "alone.h5", alone, kept[0], "same")
    WORLD.Barrier()
    taken = checkpoint_file.read(folder / "alone.h5", shared, "same")
    checkpoint_file.write(folder / "shared.h5", shared, taken, "same", together)
    back = checkpoint_file.read(folder / "shared.h5", alone, "same")
    for x, y in zip(back.history.states, kept[0].history.states, strict=True):
        assert np.array_equal(x.array_r, y.array_r)  # there and back: not a bit is lost
    again = march(shared, {}, lambda _: None, kept=taken)
    assert len(again.moments) == len(whole.moments)
    columns = [0, 2, 3, 4, 5]  # time, voltage, current, charge, least concentration
    assert table(again)[:, columns] == pytest.approx(table(whole)[:, columns], rel=1e-6, abs=1e-9)


def test_what_does_not_fit_is_not_used(tmp_path):
    system = system_of(cell(tmp_path), SELF)
    _, kept = kept_at(system, 0)
    place = tmp_path / "kept.h5"
    with pytest.raises(checkpoint_file.Unusable, match="there is none"):
        checkpoint_file.read(place, system, "one")
    checkpoint_file.write(place, system, kept[0], "one")
    with pytest.raises(checkpoint_file.Unusable, match="another case"):
        checkpoint_file.read(place, system, "two")
    parts = [HELD, driven(0.0), galvanostatic(1.0, 1.0)]
    other = case_of(tmp_path, text(SALT, *parts, layers=LAYERS, edge="1 um", size="1 um"))
    with pytest.raises(checkpoint_file.Unusable, match="another mesh"):
        checkpoint_file.read(place, system_of(other, SELF), "one")
    whole = place.read_bytes()
    place.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(checkpoint_file.Unusable, match="cannot be read"):
        checkpoint_file.read(place, system, "one")


def test_a_failed_write_leaves_the_one_before(tmp_path, monkeypatch):
    system = system_of(cell(tmp_path), SELF)
    _, kept = kept_at(system, 0, 20)
    place = tmp_path / "kept.h5"
    checkpoint_file.write(place, system, kept[0], "one")
    monkeypatch.setattr(checkpoint_file, "_put_own", failing)
    with pytest.raises(OSError, match="disk is full"):
        checkpoint_file.write(place, system, kept[1], "one")
    assert [path.name for path in tmp_path.glob("*.h5")] == ["kept.h5"]
    assert not list(tmp_path.glob(".kept*"))
    with h5py.File(place) as file:
        assert file.attrs["step"] == 0 and len(file["moments"]) == 0


def failing(*_):
    raise OSError("disk is full")


@pytest.mark.parametrize("law", [SOLID, pytest.param(SALT, marks=pytest.mark.slow)])
def test_growing_faces_that_move_go_on_where_they_are(tmp_path, law):
    plating = "".join(f"[boundaries.{n}.plating]\nmoves = true\n" for n in ("bottom", "top"))
    steps = "[programme]\nstep_error = 1e-3\n" + galvanostatic(0.5 * LIMIT, 300.0)
    content = text(law, HELD, driven(0.0), plating, steps, edge="1 um", size="2 um", width="2 um")
    case = case_of(tmp_path, content)
    whole, kept = kept_at(system_of(case, SELF), 0, 20)
    place = tmp_path / "kept.h5"
    for one, inside in zip(kept, (False, True), strict=True):
        fresh = system_of(case, SELF)
        checkpoint_file.write(place, fresh, one, "same")
        taken = checkpoint_file.read(place, fresh, "same")
        assert taken.inside == inside
        assert taken.found.moments == one.found.moments
        again = march(fresh, {}, lambda _: None, kept=taken)
        rows = [np.array([moment.growth for moment in run.moments]) for run in (whole, again)]
        assert rows[0].shape[1:] == (2, 3) and rows[0].shape == rows[1].shape
        assert rows[1] == pytest.approx(rows[0], rel=1e-9, abs=1e-9)
        assert abs(rows[0][-1]).max() > 0.1  # um: it has grown
