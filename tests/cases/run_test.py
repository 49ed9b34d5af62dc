"""The command as a script uses it: exit status, results.json, what is printed, ranks, --resume."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
SLIT = TOP / "cases/lim2024_mgf2_interlayer/lif_pressed.toml"
KEYS = ["name", "value", "unit", "lower", "upper", "bound"]


def liface(*words: object, ranks: int = 1) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "solver", *map(str, words)]
    if ranks > 1:
        command = ["mpirun", "-n", str(ranks), *command]
    environment = {**os.environ, "PYTHONPATH": str(TOP)}
    return subprocess.run(
        command, cwd=TOP, env=environment, capture_output=True, text=True, timeout=200, check=False
    )


@pytest.fixture
def slit(tmp_path):
    """The slit cell of the first paper without pictures."""
    path = tmp_path / "slit.toml"
    path.write_text(SLIT.read_text("utf-8") + "\n[output]\npictures = false\n", "utf-8")
    return path


def results(folder: Path) -> dict:
    return json.loads((folder / "results.json").read_text("utf-8"))


def numbers(folder: Path) -> dict[str, tuple[object, object, object]]:
    return {q["name"]: (q["value"], q["lower"], q["upper"]) for q in results(folder)["quantities"]}


def test_one_run_keeps_the_contract(slit, tmp_path):
    out = tmp_path / "out"
    done = liface("run", slit, "--out", out)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("LiF film opened by pressing: slit cell") == 1
    assert done.stdout.count("computed beside reported") == 1
    assert done.stdout.count("specimen.both_sides.interface") == 1
    found = results(out)
    assert found["status"] == "solved"
    for entry in found["quantities"]:
        assert set(KEYS) <= set(entry)
        assert entry["bound"] in ("guaranteed", "estimated", "none")
        if entry["bound"] == "guaranteed" and isinstance(entry["value"], float):
            assert entry["lower"] <= entry["value"] <= entry["upper"]
    compared = [entry for entry in found["quantities"] if "reported" in entry]
    assert [entry["name"] for entry in compared] == ["specimen.both_sides.interface"]
    assert {"reported", "source", "grade", "hit"} <= set(compared[0])
    files = {path.name for path in out.iterdir()}
    assert {"case.original.toml", "case.resolved.toml", "run.log", "fields.pvd"} <= files
    assert (out / "case.original.toml").read_bytes() == slit.read_bytes()
    assert "report.html" in files
    # S = ln(1/sin(pi f/2))/pi of a slit in an insulating film, whose conductivity adds 1e-6
    excess = next(q for q in found["quantities"] if q["name"] == "S")
    assert excess["lower"] - 1e-5 <= 0.467276 <= excess["upper"] + 1e-5


def test_ranks_print_once_and_find_the_same(slit, tmp_path):
    said = {}
    for ranks in (1, 2):
        done = liface("run", slit, "--out", tmp_path / str(ranks), ranks=ranks)
        assert done.returncode == 0, done.stderr
        said[ranks] = [line for line in done.stdout.splitlines() if "bounds" in line]
        assert done.stdout.count("slit cell") == 1
    assert len(said[1]) == len(said[2]) >= 2
    one, other = numbers(tmp_path / "1"), numbers(tmp_path / "2")
    assert list(other) == list(one)
    for name in ("excess_area_specific_resistance", "S"):
        assert other[name] == pytest.approx(one[name], rel=1e-7)
    assert other["share.window"][0] == pytest.approx(one["share.window"][0], rel=1e-7)


def test_an_error_of_one_rank_ends_all(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "import sys\n"
        "from mpi4py import MPI\n"
        "import solver.run\n"
        "from solver.__main__ import main\n"
        "def run(*arguments):\n"
        "    if MPI.COMM_WORLD.rank == 1:\n"
        "        raise RuntimeError('broken')\n"
        "    MPI.COMM_WORLD.barrier()\n"
        "solver.run.run = run\n"
        "sys.exit(main())\n"
    )
    command = ["mpirun", "-n", "2", sys.executable, program, "run", SLIT]
    environment = {**os.environ, "PYTHONPATH": str(TOP)}
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.count("internal error: RuntimeError: broken") == 1


def test_quiet_is_silent_and_resume_leaves_out_what_is_done(slit, tmp_path):
    out = tmp_path / "out"
    done = liface("run", slit, "--out", out, "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    written = (out / "results.json").stat().st_mtime_ns
    done = liface("run", slit, "--out", out, "--resume")
    assert done.returncode == 0
    assert "done before" in done.stdout
    assert (out / "results.json").stat().st_mtime_ns == written
    slit.write_text(slit.read_text("utf-8").replace('"0.1 %"', '"0.2 %"'), "utf-8")
    done = liface("run", slit, "--out", out, "--resume")
    assert done.returncode == 0
    assert "done before" not in done.stdout
    assert (out / "results.json").stat().st_mtime_ns > written


def test_an_accuracy_out_of_reach_is_a_failed_run_with_valid_bounds(slit, tmp_path):
    text = slit.read_text("utf-8")
    slit.write_text(text.replace("[numerics]", '[numerics]\nrefinement = "none"'), "utf-8")
    out = tmp_path / "out"
    done = liface("run", slit, "--out", out)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "accuracy not reached" in done.stderr
    found = results(out)
    assert found["status"] == "accuracy not reached"
    lower, upper = next((q["lower"], q["upper"]) for q in found["quantities"] if q["name"] == "S")
    assert lower < 0.467276 < upper
    assert upper - lower > 1e-3 * 0.467276


def test_a_solve_that_does_not_converge_leaves_no_results(slit, tmp_path):
    text = slit.read_text("utf-8")
    options = 'petsc_options = { pc_type = "none", ksp_type = "cg", ksp_max_it = "3" }'
    slit.write_text(text.replace("[numerics]", f"[numerics]\n{options}"), "utf-8")
    out = tmp_path / "out"
    done = liface("run", slit, "--out", out)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "after 3 iterations" in done.stderr and "last residuals" in done.stderr
    assert "computed beside reported" not in done.stdout
    assert not (out / "results.json").exists()
    assert [path.name for path in tmp_path.iterdir() if path.name != "out"] == ["slit.toml"]


def test_cases_of_one_name_have_folders_of_their_own(slit, tmp_path):
    again = tmp_path / "again" / slit.name
    again.parent.mkdir()
    again.write_bytes(slit.read_bytes())
    out = tmp_path / "out"
    done = liface("run", slit, again, "--out", out)
    assert (done.returncode, done.stderr) == (0, "")
    runs = json.loads((out / "summary.json").read_text("utf-8"))["runs"]
    assert [run["folder"] for run in runs] == [f"{tmp_path.name}/slit", "again/slit"]
    third = tmp_path / "below" / "again" / slit.name
    third.parent.mkdir(parents=True)
    third.write_bytes(slit.read_bytes())
    done = liface("run", again, third, "--out", tmp_path / "other")
    assert done.returncode == 1
    assert "two cases would be written there" in done.stderr


def test_several_cases_end_with_one_table(slit, tmp_path):
    other = tmp_path / "other.toml"
    other.write_text(
        f'base = "{slit.name}"\n[variants.wide]\ngeometry.opening.area_fraction = "20 %"\n'
    )
    out = tmp_path / "out"
    done = liface("run", slit, other, "--out", out)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("computed beside reported") == 1
    runs = json.loads((out / "summary.json").read_text("utf-8"))["runs"]
    assert [run["folder"] for run in runs] == ["slit", "other", "other/variants/wide"]
    assert all(run["status"] == "solved" for run in runs)
