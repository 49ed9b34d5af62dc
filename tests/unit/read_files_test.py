"""What stands in files beside a case is part of it: for --resume, studies, checkpoints, meshes."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import meshio
import numpy as np
import pytest

from meshes.contents import files_read
from meshes.geometry import MeshFile
from solver.__main__ import main
from solver.case import load_case
from solver.checkpoints import keeper_of
from solver.done import is_done
from solver.read_files import contents
from tests.unit.case_impedance_test import GOOD as SPECTRUM_CASE
from tests.unit.case_impedance_test import SPECTRUM
from tests.unit.study_test import GOOD as STUDY
from tests.verification.march_example import HELD, LIMIT, SALT, driven, galvanostatic, text

TOP = Path(__file__).resolve().parents[2]
PICTURE = """title = "Picture"
[geometry]
shape = "image"
file = "grains.npy"
pixel = "50 nm"
values = { 0 = "pore", 1 = "grain" }
periodic = "all"
[regions.pore]
law = "ionic_conductor"
conductivity = "1 mS/cm"
[regions.grain]
law = "ionic_conductor"
conductivity = "10 mS/cm"
[effective]
conductivity = true
[numerics]
accuracy = "50 %"
[output]
pictures = false
"""


def effective(out):
    found = json.loads((out / "results.json").read_text("utf-8"))
    value = next(q["value"] for q in found["quantities"] if q["name"] == "effective_conductivity")
    return value, found["files"]


def test_a_changed_picture_is_run_again(tmp_path, capsys):
    pixels = np.zeros((8, 8), np.uint8)
    pixels[2:5, 2:5] = 1
    picture, path, out = tmp_path / "grains.npy", tmp_path / "case.toml", tmp_path / "out"
    np.save(picture, pixels)
    path.write_text(PICTURE, "utf-8")
    words = ["run", str(path), "--out", str(out), "--resume"]
    assert main(words) == 0
    first, files = effective(out)
    assert files == {"grains.npy": hashlib.sha256(picture.read_bytes()).hexdigest()}
    assert main(words) == 0
    assert capsys.readouterr().out.count("done before") == 1
    np.save(picture, 1 - pixels)  # as many bytes, the same name
    assert main(words) == 0
    assert "done before" not in capsys.readouterr().out
    second, _ = effective(out)
    # 9 of 64 pixels conduct ten times as well, then 55 of 64: means 2.3 and 8.7 at most
    assert first < 2.3 and 64.0 / (9.0 + 55.0 / 10.0) < second < 8.8


def test_measured_spectra_are_read_files(tmp_path):
    (tmp_path / "m.csv").write_text(SPECTRUM, "utf-8")
    (tmp_path / "case.toml").write_text(SPECTRUM_CASE, "utf-8")
    case = load_case(tmp_path / "case.toml")
    before = contents(case)
    assert list(before) == ["m.csv"]
    (tmp_path / "m.csv").write_text(SPECTRUM.replace("2.0", "2.1"), "utf-8")
    assert contents(case) != before
    (tmp_path / "m.csv").unlink()
    assert contents(case) == {"m.csv": ""}


def test_data_beside_a_mesh_are_read_files(tmp_path):
    points = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    meshio.write(tmp_path / "m.xdmf", meshio.Mesh(points, [("triangle", np.array([[0, 1, 2]]))]))
    found = files_read(MeshFile(str(tmp_path / "m.xdmf"), "plane", 1.0, 1.0, None))
    assert [Path(file).name for file in found] == ["m.xdmf", "m.h5"]


def test_checkpoints_fit_the_contents_of_files(tmp_path):
    steps = "[programme]\n" + galvanostatic(0.5 * LIMIT, 4.0)
    layers = [("lower", 8.0, SALT)]
    path = tmp_path / "case.toml"
    path.write_text(text(SALT, HELD, driven(0.0), steps, layers=layers), "utf-8")
    case = load_case(path)
    one, other = (keeper_of(case, tmp_path, True, "s", {"a": x}).identity for x in ("1", "2"))
    assert one != other


def test_what_missed_its_accuracy_is_kept_by_a_study_alone(tmp_path):
    path, out = tmp_path / "case.toml", tmp_path / "out"
    np.save(tmp_path / "grains.npy", np.eye(8, dtype=np.uint8))
    path.write_text(PICTURE.replace('"50 %"', '"0.01 %"\nrefinement = "none"'), "utf-8")
    assert main(["run", str(path), "--out", str(out)]) == 1
    case = load_case(path)
    assert not is_done(case, out)
    assert is_done(case, out, ("solved", "accuracy not reached"))


@pytest.mark.parametrize(
    "wanted", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.slow)]
)
def test_an_interrupted_study_keeps_what_was_done(tmp_path, wanted):
    path, out = tmp_path / "discs.toml", tmp_path / "out"
    hard = STUDY.replace('accuracy = "10 %"', 'accuracy = "1e-3 %"\nrefinement = "none"')
    path.write_text(hard, "utf-8")  # all of them miss their accuracy
    command = [sys.executable, "-m", "solver", "study", str(path), "--out", str(out)]
    environment = {**os.environ, "PYTHONPATH": str(TOP)}
    kept = out / "realisations" / "1_um_seed_7" / "results.json"
    with subprocess.Popen(command, cwd=TOP, env=environment, stdout=subprocess.DEVNULL) as process:
        end = time.monotonic() + 120.0
        while not kept.is_file() and time.monotonic() < end:
            time.sleep(0.01)
        process.send_signal(wanted)
    made = {p: p.stat().st_mtime_ns for p in out.glob("realisations/*/results.json")}
    assert kept in made and len(made) < 4
    again = subprocess.run(
        command, cwd=TOP, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("done before") == len(made)
    assert all(p.stat().st_mtime_ns == t for p, t in made.items())
    # nothing of what was cut off is left
    assert {p.name for p in (out / "realisations").iterdir()} == {
        f"{size}_um_seed_{seed}" for size in ("1", "1.5") for seed in (7, 8)
    }
