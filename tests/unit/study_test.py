"""Studies of a representative volume: the statistics by hand, runs that are not run again."""

import json
import shutil
import subprocess
import sys
from math import inf, sqrt
from pathlib import Path

import numpy as np
import pytest

from solver import study as studies
from solver.__main__ import main
from solver.case import load_case
from solver.resolved import resolved_toml
from solver.statistics import Sample, statement, sufficient
from tests.unit.case_checking import checked

TOP = Path(__file__).resolve().parents[2]
GOOD = """title = "Discs in a polymer"
[geometry]
shape = "particles"
width = "1 um"
resolution = "0.06 um"
layers = [{ name = "polymer", thickness = "1 um" }]
name = "discs"
inside = "polymer"
volume_fraction = 0.3
arrangement = "random"
diameter = "0.3 um"
periodic = "all"
seed = 7
[regions.polymer]
law = "ionic_conductor"
conductivity = "1 mS/cm"
[regions.discs]
law = "ionic_conductor"
conductivity = "10 mS/cm"
[effective]
conductivity = true
[numerics]
accuracy = "10 %"
[output]
pictures = false
[study]
quantity = "effective_conductivity"
keys = ["geometry.width", "geometry.layers[0].thickness"]
sizes = ["1 um", "1.5 um"]
seeds = 2
accuracy = "3 %"
confidence = "90 %"
"""
WRONG = [
    ('quantity = "effective_conductivity"', 'quantity = "effective_conduct"', "study.quantity"),
    ('"geometry.width"', '"geometry.with"', "study.keys[0]"),
    ('sizes = ["1 um", "1.5 um"]', 'sizes = ["2 um", "1.5 um"]', "study.sizes"),
    ('sizes = ["1 um", "1.5 um"]', 'sizes = ["1 um", "1.5 MPa"]', "study.sizes[1]"),
    ('sizes = ["1 um", "1.5 um"]', 'sizes = ["1 um"]', "study.sizes"),
    ("seeds = 2", "seeds = 1", "study.seeds"),
    ('confidence = "90 %"', 'confidence = "100 %"', "study.confidence"),
    ('accuracy = "3 %"', 'accuracy = "3 um"', "study.accuracy"),
    ("seeds = 2", 'seed = "geometry.sed"', "study.seed"),
]


@pytest.mark.parametrize(("old", "new", "key"), WRONG)
def test_a_wrong_value_is_told_at_its_key(tmp_path, capsys, old, new, key):
    assert old in GOOD
    status, said = checked(GOOD.replace(old, new, 1), tmp_path, capsys)
    assert status == 2
    assert any(line.startswith(f"{key} ") or line.startswith(f"{key}:") for line in said), said


def test_the_study_reads_back(tmp_path, capsys):
    assert checked(GOOD, tmp_path, capsys) == (0, [])
    case = load_case(tmp_path / "case.toml")
    again = tmp_path / "again.toml"
    again.write_text(resolved_toml(case), "utf-8")
    assert load_case(again).study == case.study
    assert case.study.first_seed == 7


def sample(size, *values):
    return Sample(size, values, values, values)


def test_interval_of_students_t():
    # 1, 2, 3, 4: mean 2.5, deviation sqrt(5/3); t of 3 degrees at 95 %: 3.182446
    one = sample("1 um", 1.0, 2.0, 3.0, 4.0)
    assert one.mean == 2.5
    assert one.half_width(0.95) == pytest.approx(3.182446 * sqrt(5.0 / 3.0) / 2.0, rel=1e-6)
    assert sample("1 um", 1.0).half_width(0.95) == inf


def test_the_interval_holds_the_mean_as_often_as_it_says():
    rng = np.random.default_rng(5)
    hits = 0
    for _ in range(2000):
        one = sample("x", *rng.normal(3.0, 1.0, 4))
        hits += abs(one.mean - 3.0) <= one.half_width(0.9)
    assert hits / 2000 == pytest.approx(0.9, abs=0.02)  # three deviations of a binomial


def test_the_size_that_suffices():
    wide = sample("1 um", 0.9, 1.1, 1.0)  # t 4.303 x 0.1/sqrt(3) = 0.25
    off = sample("2 um", 1.10, 1.11, 1.09)  # 0.025, but 3 % off the next
    good = sample("4 um", 1.065, 1.070, 1.075)  # 0.012
    same = sample("8 um", 1.068, 1.070, 1.072)
    assert sufficient([wide, off, good, same], 0.025, 0.95) == 2
    assert sufficient([wide, off, good], 0.025, 0.95) is None
    said = statement([wide, off, good, same], "k", "mS/cm", 0.025, 0.95)
    assert said.startswith("4 um suffices for k to 0.025: 1.07 +- 0.012 mS/cm (95%, 3 seeds, no ")
    said = statement([wide, off, good], "k", "mS/cm", 0.025, 0.95)
    assert said.startswith("No size suffices for k to 0.025: at 4 um the mean is known to 1.2e-02")


def test_a_larger_size_that_differs_refutes_a_smaller_one():
    one, two = sample("1 um", 1.00, 1.01, 0.99), sample("2 um", 1.01, 1.02, 1.00)
    far, same = sample("4 um", 1.20, 1.21, 1.19), sample("8 um", 1.20, 1.21, 1.19)
    assert sufficient([one, two], 0.05, 0.95) == 0
    assert sufficient([one, two, far], 0.05, 0.95) is None
    assert sufficient([one, two, far, same], 0.05, 0.95) == 2


def test_a_size_hardly_ever_suffices_where_the_next_differs_by_more():
    # 20 % more than the accuracy: at 90 % no more than one in twenty may be taken for good; without
    # the interval of the change it would be one in four
    rng, hits = np.random.default_rng(3), 0
    for _ in range(2000):
        one, two = (sample("x", *rng.normal(mean, 0.025, 4)) for mean in (1.0, 1.06))
        hits += sufficient([one, two], 0.05, 0.9) is not None
    assert hits < 0.05 * 2000
    sure = [sample("x", *rng.normal(1.0, 0.001, 4)) for _ in range(2)]
    assert sufficient(sure, 0.05, 0.9) == 0


def test_a_mean_of_zero_is_a_mean():
    none = [sample("1 um", 0.0, 0.0, 0.0), sample("2 um", 0.0, 0.0, 0.0)]
    assert statement(none, "k", "mS/cm", 0.02, 0.9).startswith("1 um suffices for k to 0.02: 0 +-")
    some = [none[0], sample("2 um", -1.0, 0.0, 1.0)]
    assert statement(some, "k", "mS/cm", 0.02, 0.9).startswith("No size suffices for k to 0.02")


def test_what_the_meshes_leave_open_counts():
    # 0.0124 and 0.005 by the seeds, 0.0134 of their difference; bounds 0.02 off: 0.0334 of 1.07
    values = (1.065, 1.070, 1.075)
    good = Sample("4 um", values, tuple(v - 0.01 for v in values), tuple(v + 0.02 for v in values))
    assert good.uncertainty(0.95) == pytest.approx(good.half_width(0.95) + 0.02, rel=1e-9)
    same = sample("8 um", 1.068, 1.070, 1.072)
    assert sufficient([good, same], 0.031, 0.95) is None
    assert sufficient([good, same], 0.032, 0.95) == 0


def test_a_study_is_not_run_again(tmp_path, capsys):
    path, out = tmp_path / "discs.toml", tmp_path / "out"
    path.write_text(GOOD, "utf-8")
    assert main(["study", str(path), "--out", str(out)]) == 0
    first = capsys.readouterr().out
    rows = (out / "study.csv").read_text().splitlines()
    assert [row.split(",")[:2] for row in rows[1:]] == [["1 um", "2"], ["1.5 um", "2"]]
    values = [float(row.split(",")[2]) for row in rows[1:]]
    # between a polymer without particles and the mean of both
    assert all(1.0 < value < 0.7 + 3.0 for value in values)
    assert (out / "study.png").stat().st_size > 5000
    assert "suffices for effective_conductivity" in first
    made = {p: p.stat().st_mtime_ns for p in out.glob("realisations/*/results.json")}
    assert {p.parent.name for p in made} == {
        f"{size}_um_seed_{seed}" for size in ("1", "1.5") for seed in (7, 8)
    }
    gone = out / "realisations" / "1_um_seed_8"
    shutil.rmtree(gone)
    assert main(["study", str(path), "--out", str(out)]) == 0
    shown = capsys.readouterr()
    assert shown.out.count("done before") == 3
    after = {p: p.stat().st_mtime_ns for p in out.glob("realisations/*/results.json")}
    assert {p.parent for p in after if made[p] != after[p]} == {gone}
    assert (out / "study.csv").read_text().splitlines() == rows


def test_realisations_without_a_value_are_told(tmp_path, monkeypatch, capsys):
    def run(job, *_):
        job.out.mkdir(parents=True)
        value = None if job.name == "1 um, seed 8" else 2.0
        found = {"name": "effective_conductivity", "value": value, "unit": "mS/cm"}
        text = json.dumps({"quantities": [{**found, "lower": None, "upper": None}]})
        (job.out / "results.json").write_text(text, "utf-8")

    monkeypatch.setattr(studies, "run_job", run)
    path, out = tmp_path / "discs.toml", tmp_path / "out"
    path.write_text(GOOD.replace("seeds = 2", "seeds = 3"), "utf-8")
    assert main(["study", str(path), "--out", str(out)]) == 1
    said = (out / "study.txt").read_text()
    assert said.startswith("1 um suffices") and "(90%, 2 seeds, no error bars of meshes)" in said
    assert "1 of 6 realisations have no value: they are not counted." in said
    rows = (out / "study.csv").read_text().splitlines()
    assert [row.split(",")[1] for row in rows[1:]] == ["2", "3"]


@pytest.mark.slow
def test_realisations_on_two_processes_are_the_same(tmp_path):
    path = tmp_path / "discs.toml"
    path.write_text(GOOD, "utf-8")
    tables = []
    for ranks, more in (("1", []), ("2", []), ("2", ["--together"])):
        out = tmp_path / f"out{len(tables)}"
        command = ["mpirun", "-n", ranks, sys.executable, "-m", "solver", "study", str(path)]
        subprocess.run([*command, "--out", str(out), *more], cwd=TOP, check=True)
        numbers = (out / "study.csv").read_text().splitlines()[1:]
        tables.append([float(word) for row in numbers for word in row.split(",")[1:]])
    assert tables[1] == pytest.approx(tables[0], rel=1e-9)
    assert tables[2] == pytest.approx(tables[0], rel=1e-6)


def test_a_case_without_a_study_is_refused(tmp_path, capsys):
    path = tmp_path / "discs.toml"
    path.write_text(GOOD.partition("[study]")[0], "utf-8")
    assert main(["study", str(path)]) == 2
    assert "expected one case file with a table [study]" in capsys.readouterr().err
