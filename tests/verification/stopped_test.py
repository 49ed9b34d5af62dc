"""Loads that are not carried to their end: what had converged is in the results and on disk."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
from mpi4py import MPI

from solver.__main__ import main
from solver.case import load_case
from solver.load_path import MOST_CUTS
from solver.mechanics_fields import stress_tensor
from solver.nonlinear import NonlinearSolver
from solver.simulate import simulate
from solver.solve import SolveFailed

CASES = Path(__file__).parents[2] / "cases"
MECHANICS = CASES / "verification" / "mechanics"
BEYOND = 0.6  # of the load: no step is let through
TORN = MECHANICS / "torn_evenly.toml"
HERTZ = MECHANICS / "hertz_cylinder.toml"
BRIDGE = CASES / "pan2024_lipon_on_lib" / "_bridge.toml"
COARSE = """[numerics]
accuracy = "5 %"
refinement = "none"

[output]
pictures = false
"""
PULLED = """law = "traction"
pressure = { value = "-120 MPa", role = "definition", source = "chosen" }
"""


def torn(folder):
    """The interface of 100 MPa under a given tension of 120 MPa."""
    text = TORN.read_text("utf-8")
    text = text[: text.index('law = "displacement"')] + PULLED + "\n[output]\npictures = false\n"
    (folder / "torn.toml").write_text(text, "utf-8")
    return folder / "torn.toml"


def numbers(quantities):
    return {q["name"]: q["value"] for q in quantities}


def on_disk(out):
    results = json.loads((out / "results.json").read_text("utf-8"))
    with (out / "steps.csv").open(encoding="utf-8") as file:
        rows = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]
    return results["status"], numbers(results["quantities"]), rows


def let_fail(monkeypatch):
    """No step that ends beyond a share of the load converges."""
    newton = NonlinearSolver._newton

    def failing(self, y, bounds):
        if self.load.value > BEYOND:
            y.set(1e3)  # what a failed solve leaves behind must not be used
            raise SolveFailed("mechanics: made to fail")
        return newton(self, y, bounds)

    monkeypatch.setattr(NonlinearSolver, "_newton", failing)


def test_an_interface_that_is_torn_off_keeps_its_steps_on_disk(tmp_path, capsys):
    # 100 of 120 MPa: no equilibrium beyond 5/6 of the load, on 4 um 400 N/m
    out = tmp_path / "out"
    assert main(["run", str(torn(tmp_path)), "--out", str(out)]) == 1
    assert "stopped before the end of the load" in capsys.readouterr().err
    status, found, rows = on_disk(out)
    assert status == "stopped before the end of the load"
    assert found["load_reached"] == pytest.approx(5.0 / 6.0, rel=1e-3)
    assert found["cut_steps"] == MOST_CUTS + 1
    assert "verdict" not in found
    assert len(rows) == found["load_steps"] > 40
    loads = [row["load [1]"] for row in rows]
    assert loads == sorted(loads)
    assert loads[-1] == pytest.approx(found["load_reached"], rel=1e-9)
    for row in rows:
        assert abs(row["force.bottom [N/m]"]) == pytest.approx(480.0 * row["load [1]"], rel=1e-8)
    assert (out / "mechanics.pvd").is_file()


def test_the_stress_that_is_kept_is_that_of_the_last_step(tmp_path):
    found = simulate(load_case(torn(tmp_path)), MPI.COMM_SELF, lambda _: None).mechanical
    assert "after 12 cuts" in found.stopped
    stress = stress_tensor(found).x.array.reshape(-1, 9)[:, 4]  # along the pull
    assert stress == pytest.approx(120.0 * found.state.path.reached, rel=1e-6)


@pytest.mark.parametrize(
    ("file", "key", "names", "enough"),
    [
        (HERTZ, "depth", ("contact_force.top",), 2e-3),  # its mesh differs
        (BRIDGE, "pressure", ("tension.top", "tension.pit_roof"), 1e-7),
    ],
    ids=["contact", "large deflections"],
)
def test_what_is_kept_is_the_answer_to_that_share_of_the_load(
    file, key, names, enough, tmp_path, monkeypatch, capsys
):
    path, out = tmp_path / "case.toml", tmp_path / "out"
    path.write_text(file.read_text("utf-8").partition("[numerics]")[0] + COARSE, "utf-8")
    with monkeypatch.context() as changed:
        let_fail(changed)
        assert main(["run", str(path), "--out", str(out)]) == 1
    assert "made to fail" in capsys.readouterr().err
    status, found, rows = on_disk(out)
    assert status == "stopped before the end of the load"
    share, loads = found["load_reached"], [row["load [1]"] for row in rows]
    assert BEYOND - 1e-2 < share <= BEYOND
    assert "verdict" not in found
    assert loads == sorted(loads)
    assert loads[-1] == pytest.approx(share, rel=1e-9)
    assert len(loads) == found["load_steps"] > 1

    case = load_case(path)
    top = case.mechanics.faces["top"]
    less = {"depth": share * top.depth} if key == "depth" else {"pressure": share * top.pressure}
    faces = {**case.mechanics.faces, "top": replace(top, **less)}
    case = replace(case, mechanics=replace(case.mechanics, faces=faces))
    whole = simulate(case, MPI.COMM_SELF, lambda _: None)
    straight = {q.name: q.value for q in whole.quantities}
    assert "load_reached" not in straight
    for name in names:
        assert found[name] == pytest.approx(straight[name], rel=enough)
