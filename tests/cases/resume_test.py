"""Runs that are cut off: what signals do, what a kill leaves, and `run --resume`."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import pytest

from tests.verification.march_example import (
    HELD,
    LIMIT,
    SALT,
    SOLID,
    driven,
    galvanostatic,
    reacts,
    text,
)

TOP = Path(__file__).resolve().parents[2]
LAYERS = [("lower", 8.0, SALT), ("wall", 2.0, SOLID)]
KEPT, WENT_ON = re.compile(r"checkpoint at t = (\S+) s"), re.compile(r"goes on from t = (\S+) s")
OFTEN = 'checkpoint_interval = "1 us"\n'  # of computing: after every step in time
SELDOM = 'checkpoint_times = ["8 s"]\n'


def started(case: Path, out: Path, *words: str, ranks: int = 1) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "solver", "run", str(case), "--out", str(out), *words]
    if ranks > 1:
        command = ["mpirun", "-n", str(ranks), *command]
    environment = {**os.environ, "PYTHONPATH": str(TOP), "PYTHONUNBUFFERED": "1"}
    environment.setdefault("OMPI_MCA_mpi_yield_when_idle", "1")  # fewer cores than ranks
    return subprocess.Popen(
        command, cwd=TOP, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def finished(*words: object, ranks: int = 1) -> tuple[int, str, str]:
    case, out, *more = words
    process = started(case, out, *more, ranks=ranks)
    said, errors = process.communicate(timeout=300)
    return process.returncode, said, errors


def case_in(folder: Path, keys: str) -> Path:
    steps = f"[programme]\nstep_error = 3e-5\n{keys}" + galvanostatic(0.5 * LIMIT, 4.0)
    steps += galvanostatic(-0.5 * LIMIT, 8.0)
    more = "transfer_coefficient = 0.4"
    content = text(
        SALT, HELD, driven(0.0), steps, reacts("top", more=more),
        layers=LAYERS, size="2 um", edge="1 um", width="2 um",
    )  # fmt: skip
    content += "\n[boundaries.top.plating]\nporosity = 0.1\n"
    path = folder / "case.toml"
    path.write_text(content)
    return path


def moments(out: Path) -> list[list[float]]:
    lines = (out / "steps.csv").read_text("utf-8").splitlines()[1:]
    return [[float(number) for number in line.split(",")] for line in lines]


def same(one: Path, other: Path, rel: float) -> None:
    """Numbers and moments of two runs, but for balances, which are rounding of zero."""
    for row, again in zip(moments(one), moments(other), strict=True):
        kept = [k for k in range(len(row)) if k not in (6, 7)]
        assert [again[k] for k in kept] == pytest.approx([row[k] for k in kept], rel=rel, abs=1e-9)
    first, second = (
        {
            q["name"]: q["value"]
            for q in json.loads((out / "results.json").read_text())["quantities"]
        }
        for out in (one, other)
    )
    assert set(first) == set(second)
    for name, value in first.items():
        if isinstance(value, float) and not name.endswith("_balance"):
            assert second[name] == pytest.approx(value, rel=rel, abs=1e-9), name


def up_to(process: subprocess.Popen[str], pattern: re.Pattern[str]) -> float:
    """Read what a run says until it says this; the number in it."""
    for line in process.stdout:
        if hit := pattern.search(line):
            return float(hit[1])
    raise AssertionError(f"ended without {pattern.pattern}: {process.stderr.read()}")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run that nothing cuts off, and that writes no checkpoint."""
    folder = tmp_path_factory.mktemp("whole")
    status, said, errors = finished(case_in(folder, ""), folder / "out")
    assert (status, errors) == (0, "") and "checkpoint" not in said
    return folder / "out"


def test_sigterm_ends_a_run_at_a_checkpoint_and_sigusr1_does_not(tmp_path, whole):
    case, out = case_in(tmp_path, OFTEN), tmp_path / "out"
    process = started(case, out)
    up_to(process, KEPT)
    process.send_signal(signal.SIGUSR1)
    up_to(process, KEPT)
    process.send_signal(signal.SIGTERM)
    said, errors = process.communicate(timeout=100)
    assert process.returncode == 143
    assert errors.startswith("liface: ended by SIGTERM; `--resume` goes on from t = ")
    assert not list(out.iterdir()) and not list(tmp_path.glob("out.partial*"))
    last = float(KEPT.findall(said)[-1])
    status, said, errors = finished(case, out, "--resume")
    assert (status, errors) == (0, "")
    assert float(WENT_ON.search(said)[1]) == last
    assert {path.name for path in tmp_path.iterdir()} == {"case.toml", "out"}
    same(whole, out, 1e-9)


def test_sigusr1_asks_for_a_checkpoint(tmp_path):
    # no other checkpoint is due: without the signal there would be none
    case, out = case_in(tmp_path, ""), tmp_path / "out"
    process = started(case, out)
    up_to(process, re.compile(r"(\d+) cells;"))
    while process.poll() is None and not (tmp_path / "out.checkpoint.h5").exists():
        process.send_signal(signal.SIGUSR1)
        time.sleep(0.01)
    assert KEPT.search(process.communicate()[0])
    assert process.returncode == 0


def test_a_run_on_one_rank_goes_on_on_two(tmp_path, whole):
    case, out = case_in(tmp_path, SELDOM), tmp_path / "out"
    process = started(case, out)
    kept = up_to(process, KEPT)
    process.kill()
    process.communicate()
    assert 8.0 <= kept < 12.0
    status, said, _ = finished(case, out, "--resume", ranks=2)
    assert status == 0
    assert float(WENT_ON.search(said)[1]) == kept
    same(whole, out, 1e-6)


@pytest.mark.parametrize("kills", [3, pytest.param(50, marks=pytest.mark.slow)])
def test_kills_at_random_moments_lose_no_more_than_the_last_interval(tmp_path, whole, kills):
    chance = random.Random(kills)
    case, out, place = case_in(tmp_path, OFTEN), tmp_path / "out", tmp_path / "out.checkpoint.h5"
    most = len(moments(whole)) // (kills + 1)
    least = 0.0
    for kill in range(kills):
        process = started(case, out, "--resume")
        if kill > 0:
            assert up_to(process, WENT_ON) == least
        told = [up_to(process, KEPT) for _ in range(chance.randint(1, most))]
        time.sleep(chance.uniform(0.0, 0.03))  # some steps and files later, in the middle of one
        process.kill()
        told += map(float, KEPT.findall(process.communicate()[0]))
        assert process.returncode == -signal.SIGKILL
        with h5py.File(place) as file:  # whole, and no older than what the run has told
            reached = float(file["times"][-1])
            assert reached >= max(told) * (1 - 1e-5)
            assert len(file["moments"]) == 0 or file["moments"][-1, 0] == reached
        least = float(f"{reached:.6g}")
    status, said, errors = finished(case, out, "--resume")
    assert (status, errors) == (0, "")
    assert float(WENT_ON.search(said)[1]) == least
    same(whole, out, 1e-8)
    assert {path.name for path in tmp_path.iterdir()} == {"case.toml", "out"}
