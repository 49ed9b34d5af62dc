"""A real run, whole: the fields that it writes carry the current that its numbers say."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import pyvista

TOP = Path(__file__).resolve().parents[2]
CASE = TOP / "cases" / "lim2024_mgf2_interlayer" / "lif_pressed.toml"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    scratch = tmp_path_factory.mktemp("run")
    case = scratch / "slit.toml"
    case.write_text(CASE.read_text(encoding="utf-8") + "\n[output]\npictures = false\n")
    command = [sys.executable, "-m", "solver", "run", str(case), "--out", str(scratch / "out")]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return scratch / "out"


@pytest.fixture(scope="module")
def results(folder) -> dict:
    return json.loads((folder / "results.json").read_text(encoding="utf-8"))


def number(results: dict, name: str) -> float:
    (value,) = [entry["value"] for entry in results["quantities"] if entry["name"] == name]
    return value


def test_the_current_through_the_faces_is_that_of_the_numbers(folder, results):
    geometry = results["geometry"]
    assert set(geometry["faces"]) == {"window", "film_face", "film_wall"}
    total = {}
    for name, stem in geometry["faces"].items():
        face = pyvista.read(folder / f"{stem}.pvtu")
        sized = face.compute_cell_sizes()
        values = face.cell_connectivity.reshape(face.n_cells, -1)
        current = face["current density [mA/cm^2]"][values]
        # Simpson's rule on quadratic segments: ends 1/6, middle 4/6
        total[name] = float(sized["Length"] @ (current @ [1 / 6, 1 / 6, 4 / 6]))
    mean = sum(total.values()) * geometry["multiplicity"] / geometry["cell_area"]
    # the flux of the potential at a singular edge converges slowly; the numbers use reactions
    assert mean == pytest.approx(abs(number(results, "mean_current_density")), rel=0.05)
    assert total["window"] / sum(total.values()) == pytest.approx(
        number(results, "share.window"), abs=1e-4
    )


def test_the_potential_is_between_the_electrodes(folder, results):
    grid = pyvista.read(folder / "fields.pvtu")
    values = grid["potential [V]"]
    drop = abs(number(results, "potential_difference"))
    # what the meshed part takes of it: all but the layer that is not meshed
    left = results["geometry"]["unmeshed"]["electrolyte"] * 1e-4 / 2.5e-3 * 0.5e-3
    assert values.min() == pytest.approx(0.0, abs=1e-3 * (drop - left))
    assert values.max() == pytest.approx(drop - left, rel=1e-3)
    far = np.abs(grid.points[:, 1] - grid.bounds[3]) < 1e-9
    current = np.linalg.norm(grid["current density [mA/cm^2]"][far], axis=1)
    assert current == pytest.approx(0.5, rel=1e-2)


def test_the_folder_is_complete_and_the_report_says_that_nothing_was_drawn(folder):
    names = {path.name for path in folder.iterdir()}
    assert names >= {
        "results.json", "case.original.toml", "case.resolved.toml", "run.log", "report.html",
        "fields.pvd", "fields.pvtu", "fields_p0.vtu", "face_window.pvd",
    }  # fmt: skip
    assert not list(folder.glob("*.png"))
    assert "no pictures were drawn" in (folder / "report.html").read_text(encoding="utf-8")
    assert [path.name for path in folder.parent.iterdir() if "partial" in path.name] == []


def test_pictures_are_drawn_from_what_vtx_alone_would_lack(tmp_path):
    text = CASE.read_text(encoding="utf-8")
    assert 'accuracy = "0.1 %"' in text
    case = tmp_path / "slit.toml"
    case.write_text(text.replace('"0.1 %"', '"5 %"') + '\n[output]\nfields = ["vtx"]\n')
    command = [sys.executable, "-m", "solver", "run", str(case), "--out", str(tmp_path / "out")]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    made = {path.name for path in (tmp_path / "out").iterdir()}
    assert any(name.endswith(".bp") for name in made)
    pictures = [name for name in made if name.endswith(".png")]
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert len(pictures) >= 3
    assert page.count("data:image/png;base64,") >= 3
