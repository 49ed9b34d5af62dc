"""The run folder: made beside, renamed whole, never over what is not ours; strict results.json."""

import json
import logging
import math
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from solver import output, postprocess, provenance
from solver.output import OutputError
from solver.plain import plain, strict_json
from tests.unit.output_example import SLIT, Example, Quantity, write_numbers

# --- the folder -----------------------------------------------------------------------------------


def finished(out: Path, mark: str = "") -> Path:
    partial = output.begin(out)
    write_numbers(partial, Example(SLIT))
    (partial / "mark").write_text(mark)
    return output.finish(partial, out)


def test_a_run_appears_at_once(tmp_path):
    out = tmp_path / "a" / "run"
    partial = output.begin(out)
    assert partial.parent == out.parent
    assert partial.name.startswith("run.partial-")
    assert not out.exists()
    write_numbers(partial, Example(SLIT))
    assert output.finish(partial, out) == out
    assert [path.name for path in out.parent.iterdir()] == ["run"]
    assert (out / "results.json").is_file()


def test_a_run_replaces_an_older_one(tmp_path):
    finished(tmp_path / "run", "old")
    (tmp_path / "run" / "left over").write_text("")
    finished(tmp_path / "run", "new")
    assert (tmp_path / "run" / "mark").read_text() == "new"
    assert not (tmp_path / "run" / "left over").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_an_empty_folder_is_taken(tmp_path):
    (tmp_path / "run").mkdir()
    assert finished(tmp_path / "run") == tmp_path / "run"


def test_a_run_does_not_replace_other_runs_inside_of_its_folder(tmp_path):
    finished(tmp_path / "run")
    finished(tmp_path / "run" / "variants" / "half")  # of the case itself
    finished(tmp_path / "run")
    finished(tmp_path / "elsewhere")
    os.rename(tmp_path / "elsewhere", tmp_path / "run" / "other")
    with pytest.raises(OutputError, match="run: holds other of another run"):
        output.begin(tmp_path / "run")


def test_nothing_is_run_into_the_folder_of_another_run(tmp_path):
    finished(tmp_path / "run")
    with pytest.raises(OutputError, match="run: is the folder of a run"):
        output.begin(tmp_path / "run" / "second")


@pytest.mark.parametrize("content", ["{}", "[]", "no json", '{"program": "another"}'])
def test_a_folder_of_others_is_not_replaced(tmp_path, content):
    out = tmp_path / "precious"
    out.mkdir()
    (out / "results.json").write_text(content)
    with pytest.raises(OutputError, match="precious: exists and is not the folder of a run"):
        output.begin(out)
    assert (out / "results.json").read_text() == content
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


def test_a_folder_that_became_someone_elses_is_not_replaced(tmp_path):
    out = tmp_path / "run"
    partial = output.begin(out)
    write_numbers(partial, Example(SLIT))
    out.mkdir()
    (out / "thesis.tex").write_text("...")
    with pytest.raises(OutputError, match="is not replaced"):
        output.finish(partial, out)
    assert (out / "thesis.tex").exists()
    assert partial.is_dir()


def test_a_file_or_a_link_is_not_replaced(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    for name in ("file", "link"):
        with pytest.raises(OutputError, match="is not a folder"):
            output.begin(tmp_path / name)


def test_a_folder_without_results_is_not_finished(tmp_path):
    partial = output.begin(tmp_path / "run")
    with pytest.raises(OutputError, match="not a finished run"):
        output.finish(partial, tmp_path / "run")
    output.abandon(partial)
    output.abandon(partial)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_says_where(tmp_path):
    (tmp_path / "file").write_text("")
    for work in (
        lambda: output.begin(tmp_path / "file" / "run"),
        lambda: output.write_atomic(tmp_path / "no" / "such" / "folder", "text"),
        lambda: output.open_log(tmp_path / "none", 1).__enter__(),
    ):
        with pytest.raises(OutputError, match=f"{tmp_path}.*: cannot be written"):
            work()


def test_a_file_is_written_as_a_whole_or_not_at_all(tmp_path, monkeypatch):
    target = tmp_path / "a.json"
    output.write_atomic(target, "old µ")
    assert target.read_bytes() == "old µ".encode()
    output.write_atomic(target, b"\x00new")
    assert target.read_bytes() == b"\x00new"

    def broken(self, data):
        with open(self, "wb") as file:
            file.write(data[:2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", broken)
    with pytest.raises(OutputError, match="No space left"):
        output.write_atomic(target, "third")
    assert target.read_bytes() == b"\x00new"
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


# --- results.json ---------------------------------------------------------------------------------


def strict(text: str):
    def refuse(name):
        raise AssertionError(f"{name} is no JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (math.nan, None),
        (-math.inf, None),
        (np.float64(2.5), 2.5),
        (np.float32(0.5), 0.5),
        (np.int32(3), 3),
        (np.bool_(True), True),
        (np.array([[1.0, np.nan]]), [[1.0, None]]),
        ((1, "a", None), [1, "a", None]),
        ({1: Path("x/y")}, {"1": "x/y"}),
        (output.Level(1, 2, 3.0, None, math.inf, None), {
            "cells": 1, "dofs": 2, "value": 3.0, "lower": None, "upper": None, "order": None,
            "iterations": None, "seconds": None}),
    ],
)  # fmt: skip
def test_values_become_strict_json(value, expected):
    assert strict(strict_json(value)) == expected
    assert type(plain(value)) is type(expected)


def test_results_hold_the_contract(tmp_path):
    write_numbers(tmp_path, Example(SLIT))
    results = strict((tmp_path / "results.json").read_text(encoding="utf-8"))
    excess, peak, share, total = results["quantities"]
    for entry in results["quantities"]:
        assert {"name", "value", "unit", "lower", "upper", "bound"} <= set(entry)
        assert entry["bound"] in ("guaranteed", "estimated", "none")
    assert (excess["lower"], excess["value"], excess["upper"]) == (0.18684, 0.18691, 0.18698)
    assert excess["bound"] == "guaranteed"
    assert peak["value"] == "unbounded"
    for entry in (excess, peak):
        assert not {"reported", "source", "grade", "hit", "reason"} & set(entry)
    assert {key: share[key] for key in ("reported", "source", "grade", "hit")} == {
        "reported": 0.5, "source": "Nobody 2000", "grade": "R", "hit": False}  # fmt: skip
    assert share["reason"] == "It is larger."
    assert share["relation"] == "at_most"
    assert "relation" not in total  # that reference has another source
    assert total["hit"] is True
    assert results["program"] == "liface"
    assert results["status"] == "solved"
    assert results["title"] == "Slit & <film>"
    assert results["case"] == "slit.toml"
    assert results["ranks"] == 1
    assert results["timings"] == {"mesh": 0.5, "solve": 1.25}
    assert results["memory"]["per rank [MB]"] == [210.5]
    assert results["history"][1] == {
        "cells": 40, "dofs": 92, "value": 0.187, "lower": 0.182, "upper": 0.192, "order": 2.0,
        "iterations": 9, "seconds": 0.1}  # fmt: skip
    assert results["geometry"]["mirror"] == ["x"]
    assert results["inputs"][0]["range"] == ["1 um", "100 um"]
    assert results["versions"]["numpy"] == np.__version__
    assert {"commit", "source_hash", "versions"} <= set(results)


def test_bounds_that_are_not_finite_are_null(tmp_path):
    open_above = Quantity("psi", math.nan, "1", 1.0, math.inf, "estimated")
    write_numbers(tmp_path, Example(SLIT, quantities=(open_above,)))
    (entry,) = strict((tmp_path / "results.json").read_text())["quantities"]
    assert (entry["value"], entry["lower"], entry["upper"]) == (None, 1.0, None)


def test_the_hash_follows_the_case(tmp_path):
    hashes = []
    for n, resolved in enumerate(["a = 1\n", "a = 1\n", "a = 2\n"]):
        folder = tmp_path / str(n)
        folder.mkdir()
        example = Example(SLIT)
        output.write_case_copies(folder, [("a.toml", b"a")], resolved)
        output.write_results(folder, example.case(), (), example.meta(), resolved)
        results = json.loads((folder / "results.json").read_text())
        assert results["case_hash"] == results["input_hash"]
        hashes.append(results["case_hash"])
    assert hashes[0] == hashes[1] != hashes[2]


def test_the_case_and_its_bases_are_copied_byte_for_byte(tmp_path):
    original = b"\xef\xbb\xbf# \xc2\xb5m\r\nbase = 'deep/base.toml'\r\n"
    output.write_case_copies(
        tmp_path, [("case.toml", original), ("deep/base.toml", b"x = 1")], "title = 'µ'\n"
    )
    assert (tmp_path / "case.original.toml").read_bytes() == original
    assert (tmp_path / "case.base-1.base.toml").read_bytes() == b"x = 1"
    assert (tmp_path / "case.resolved.toml").read_text(encoding="utf-8") == "title = 'µ'\n"
    assert len(list(tmp_path.iterdir())) == 3


# --- log and provenance ---------------------------------------------------------------------------


def test_the_log_holds_versions_times_and_memory(tmp_path):
    with output.open_log(tmp_path, 3) as log:
        log.info("hello %d", 7)
        output.log_end(Example(SLIT).meta())
    logging.getLogger("liface").warning("after the end")
    text = (tmp_path / "run.log").read_text(encoding="utf-8")
    assert f"numpy {np.__version__}" in text
    assert "3 rank(s)" in text
    assert provenance.commit() in text
    assert "hello 7" in text
    assert "solve" in text
    assert "1.25 s" in text
    assert "210.5" in text
    assert "after the end" not in text


@pytest.mark.parametrize("where", ["loose", "packed", "detached", "work tree"])
def test_the_commit_is_read_without_git(tmp_path, monkeypatch, where):
    monkeypatch.setattr(provenance, "SOURCES", tmp_path / "checkout")
    (tmp_path / "checkout").mkdir()
    git = tmp_path / "checkout" / ".git"
    sha = "c0ffee" + "0" * 34
    if where == "work tree":
        main = tmp_path / "main" / ".git"
        own = main / "worktrees" / "checkout"
        own.mkdir(parents=True)
        git.write_text(f"gitdir: {own}\n")
        (own / "commondir").write_text("../..\n")
        (own / "HEAD").write_text("ref: refs/heads/main\n")
        (main / "refs" / "heads").mkdir(parents=True)
        (main / "refs" / "heads" / "main").write_text(sha + "\n")
    else:
        (git / "refs" / "heads").mkdir(parents=True)
        (git / "HEAD").write_text(sha if where == "detached" else "ref: refs/heads/main\n")
        if where == "loose":
            (git / "refs" / "heads" / "main").write_text(sha + "\n")
        if where == "packed":
            (git / "packed-refs").write_text(
                f"# pack\n{'1' * 40} refs/heads/x\n{sha} refs/heads/main\n"
            )
    assert provenance.commit() == sha


def test_without_a_checkout_the_version_stands_for_the_commit(tmp_path, monkeypatch):
    monkeypatch.setattr(provenance, "SOURCES", tmp_path)
    assert provenance.commit().startswith("version ")


def test_the_hash_of_the_sources_follows_every_module(tmp_path, monkeypatch):
    monkeypatch.setattr(provenance, "SOURCES", tmp_path)
    for package in ("solver", "meshes"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "a.py").write_text("x = 1")
    before = provenance.source_hash()
    (tmp_path / "meshes" / "a.py").write_text("x = 2")
    assert provenance.source_hash() != before


# --- pictures and report --------------------------------------------------------------------------


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Puts a shell script in the place of Python; it gets "-m MODULE FOLDER"."""

    def put(script: str) -> None:
        path = tmp_path / "python"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(path))

    return put


def test_postprocessing_runs_both_apart_from_mpi(tmp_path, program, monkeypatch):
    for name in ("OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PRTE_LAUNCHED", "PMI_RANK", "KEPT"):
        monkeypatch.setenv(name, "1")
    program(f'echo "$@" >> {tmp_path}/calls; env > {tmp_path}/environment')
    folder = tmp_path / "run"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    postprocess.run_postprocessing(Path("run"), pictures=True)
    calls = (tmp_path / "calls").read_text().splitlines()
    assert calls == [f"-m solver.pictures {folder}", f"-m solver.report {folder}"]
    names = {line.split("=")[0] for line in (tmp_path / "environment").read_text().splitlines()}
    assert "KEPT" in names
    assert not {name for name in names if name.startswith(("OMPI_", "PMIX_", "PRTE_", "PMI_"))}


def test_without_pictures_only_the_report_is_made(tmp_path, program):
    program(f'echo "$2" >> {tmp_path}/calls')
    postprocess.run_postprocessing(tmp_path, pictures=False)
    assert (tmp_path / "calls").read_text() == "solver.report\n"


def test_a_failure_is_only_a_warning_in_the_log(tmp_path, program, monkeypatch):
    program('echo "no libEGL here" >&2; kill -SEGV $$')
    with output.open_log(tmp_path, 1):
        postprocess.run_postprocessing(tmp_path, pictures=True)
    text = (tmp_path / "run.log").read_text()
    assert "WARNING solver.pictures failed with status -11: no libEGL here" in text
    assert "WARNING solver.report failed" in text


def test_what_takes_too_long_is_ended(tmp_path, program, monkeypatch):
    monkeypatch.setattr(postprocess, "POSTPROCESSING_LIMIT", 0.3)
    program("exec sleep 60")
    with output.open_log(tmp_path, 1):
        postprocess.run_postprocessing(tmp_path, pictures=False)
    assert "solver.report: not finished after 0 s" in (tmp_path / "run.log").read_text()


def test_files_of_faces_have_names_without_surprises():
    assert output.face_file("window") == "face_window"
    assert output.face_file("a|b") == "face_a_b"
    assert os.sep not in output.face_file("../../etc/passwd")
