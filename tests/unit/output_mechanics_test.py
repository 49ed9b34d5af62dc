"""What a mechanical run leaves besides its numbers: fields, history, notes, pictures, report."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import meshio
import numpy as np
import pytest
import pyvista
from matplotlib.image import imread

from solver import drawing, pictures_body
from solver.force_balance import NotInEquilibrium, balanced
from solver.output import DISPLACEMENT, STRESS

TOP = Path(__file__).resolve().parents[2]
# a disc of radius 1 um pressed open with p = E = 1 MPa: closed form in an infinite body
PENNY = """
title = "Penny-shaped crack"
[geometry]
shape = "cylinder"
width = "30 um"
layers = [{ name = "solid", thickness = "30 um" }]
crack = { face = "bottom", start = "0 um", end = "1 um" }
[mechanics.solids.solid]
law = "isotropic"
youngs_modulus = "1 MPa"
poissons_ratio = 0.3
fracture_energy = "1 J/m^2"
[mechanics.faces.crack]
law = "traction"
pressure = "1 MPa"
[output]
pictures = false
"""
OPENING = 8 * (1 - 0.3**2) / np.pi  # 8 (1 - nu^2) p a/(pi E)
VOLUME = 16 * (1 - 0.3**2) / 3
MOVED, STRESSED = "displacement (r, z, theta) [um]", "stress (r, z, theta) [MPa]"
# currents through a film with a crack that residual stress opens
BOTH = """
title = "Currents and a crack"
[geometry]
shape = "block"
width = "6 um"
layers = [{ name = "below", thickness = "2 um" }, { name = "above", thickness = "2 um" }]
crack = { face = "left", start = "3 um", end = "4 um" }
[regions]
below = { law = "ionic_conductor", conductivity = "1 mS/cm" }
above = { law = "ionic_conductor", conductivity = "0.1 mS/cm" }
[boundaries]
bottom = { law = "electrode", potential = "0 V", area_specific_resistance = "1 ohm cm^2" }
top = { law = "electrode", potential = "1 V", area_specific_resistance = "1 ohm cm^2" }
[mechanics]
plane = "strain"
[mechanics.solids]
below = { law = "isotropic", youngs_modulus = "100 GPa", poissons_ratio = 0.3 }
[mechanics.solids.above]
law = "isotropic"
youngs_modulus = "50 GPa"
poissons_ratio = 0.2
residual_stress = "200 MPa"
[mechanics.faces]
bottom = { law = "symmetry" }
[output]
pictures = false
"""


def run(folder: Path, text: str) -> subprocess.CompletedProcess:
    case = folder / "case.toml"
    case.write_text(text)
    command = [sys.executable, "-m", "solver", "run", str(case), "--out", str(folder / "out")]
    return subprocess.run(command, cwd=TOP, capture_output=True, text=True, timeout=240)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    scratch = tmp_path_factory.mktemp("penny")
    done = run(scratch, PENNY)
    assert done.returncode == 0, done.stderr
    return scratch / "out"


@pytest.fixture(scope="module")
def results(folder) -> dict:
    return json.loads((folder / "results.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def both(tmp_path_factory) -> Path:
    scratch = tmp_path_factory.mktemp("both")
    done = run(scratch, BOTH)
    assert done.returncode == 0, done.stderr
    return scratch / "out"


def entry(results: dict, name: str) -> dict:
    (found,) = [entry for entry in results["quantities"] if entry["name"] == name]
    return found


# --- fields ---------------------------------------------------------------------------------------


def test_the_crack_of_the_fields_is_that_of_theory_and_of_the_numbers(folder, results):
    mesh = meshio.read(folder / "mechanics_p0.vtu")
    assert set(mesh.point_data) == {MOVED, STRESSED}
    assert mesh.point_data[STRESSED].shape[1] == 6
    u = mesh.point_data[MOVED]
    middle = np.hypot(mesh.points[:, 0], mesh.points[:, 1]) < 1e-9
    assert 2 * u[middle][:, 1] == pytest.approx(OPENING, rel=2e-3)
    assert 2 * u[middle][:, 1] == pytest.approx(entry(results, "crack_opening")["value"], rel=1e-12)
    # volume by Gauss points on the edges of quadratic triangles along the crack
    places, weights = np.polynomial.legendre.leggauss(4)
    t = 0.5 * (1 + places)
    shape = np.array([(1 - t) * (1 - 2 * t), t * (2 * t - 1), 4 * t * (1 - t)])
    volume = 0.0
    for a, b, middle in ((0, 1, 3), (1, 2, 4), (2, 0, 5)):
        nodes = mesh.cells_dict["triangle6"][:, [a, b, middle]]
        x = mesh.points[nodes]
        nodes = nodes[(x[:, :, 1] < 1e-12).all(axis=1) & (x[:, :, 0] <= 1 + 1e-12).all(axis=1)]
        radius, opening = (v[nodes] @ shape for v in (mesh.points[:, 0], 2 * u[:, 1]))
        length = np.ptp(mesh.points[nodes][:, :2, 0], axis=1)
        volume += float(length @ (np.pi * radius * opening) @ weights)
    assert volume == pytest.approx(VOLUME, rel=3e-3)
    assert volume == pytest.approx(entry(results, "crack_volume")["value"], rel=1e-9)


def test_the_cells_of_the_fields_fill_the_body(folder):
    grid = pyvista.read(folder / "mechanics.pvtu")
    corners = grid.points[grid.cell_connectivity.reshape(grid.n_cells, -1)[:, :3]]
    areas = 0.5 * np.abs(np.cross(*(corners[:, 1:] - corners[:, :1]).transpose(1, 0, 2))[:, 2])
    assert 2 * np.pi * areas @ corners[:, :, 0].mean(axis=1) == pytest.approx(np.pi * 30**3)
    assert np.array_equal(grid["region [-]"], np.full(grid.n_cells, grid["region [-]"][0]))


def test_the_stress_is_that_of_theory(folder):
    grid = pyvista.read(folder / "mechanics.pvtu")
    stress, (r, z, _) = grid[STRESSED], grid.points.T
    assert np.isfinite(stress).all()
    on_face = (z < 1e-12) & (r < 0.7)
    assert stress[on_face][:, 1] == pytest.approx(-1.0, abs=0.02)  # zz: the pressure
    middle = (z < 1e-12) & (r < 1e-12)
    for along in (0, 2):  # rr and theta theta: -(1/2 + nu) p
        assert stress[middle][:, along] == pytest.approx(-0.8, abs=5e-3)
    axis = r < 1e-12  # u_r/r is 0/0 there
    assert np.allclose(stress[axis][:, 0], stress[axis][:, 2], atol=1e-9)
    assert not stress[:, 4:].any()  # no twist


def test_a_tensor_of_six_has_the_order_of_paraview(tmp_path, both):
    grid = pyvista.read(both / "mechanics.pvtu")
    assert set(grid.point_data) == {"displacement [um]", "stress [MPa]"}
    stress = grid["stress [MPa]"]
    xx, yy, zz, xy = stress[:, :4].T
    # plane strain below, where nothing was built in: zz = nu (xx + yy)
    below = np.isin(np.arange(grid.n_points), grid.cell_connectivity.reshape(-1, 6)[
        grid.cell_centers().points[:, 1] < 2])  # fmt: skip
    scale = np.abs(stress[below][:, :3]).max()
    assert np.allclose(zz[below], 0.3 * (xx + yy)[below], atol=1e-9 * scale)
    # no shear on the plane of symmetry ahead of the crack; along the interface there is much
    assert np.abs(xy[below]).max() > 1.0
    far = (grid.points[:, 0] > 5.9) & (grid.points[:, 1] < 1.0)
    assert np.abs(xx[far]).max() < 0.2 * np.abs(xx[below]).max()  # the end is free


def test_currents_and_mechanics_are_both_written(both):
    results = json.loads((both / "results.json").read_text(encoding="utf-8"))
    assert (both / "fields.pvtu").is_file()
    assert results["geometry"]["mirror"] == ["x", "y"]  # the crack, and the symmetry below
    assert results["history_of"] == "resistance [ohm cm^2]"
    assert results["mechanics_history_of"] == "energy release rate [J/m^2]"
    assert {"unknowns of the potential", "unknowns of the displacement"} <= set(results["mesh"])
    assert {"current balance, relative", "force balance, relative"} <= set(results["solver"])
    words = (both / "report.html").read_text(encoding="utf-8")
    assert "Bounds of the resistance [ohm cm^2]" in words
    assert "Estimated error bar of the energy release rate [J/m^2] (no bounds)" in words


# --- results.json ---------------------------------------------------------------------------------


def test_the_results_tell_body_history_and_error_bar(results):
    geometry = results["geometry"]
    assert (geometry["shape"], geometry["dimension"]) == ("cylinder", "axisymmetric")
    assert geometry["mirror"] == ["x", "y"]
    assert geometry["crack"] == ["bottom", 0.0, 1.0]
    assert results["status"] == "solved"
    rate = entry(results, "energy_release_rate")
    last = results["mechanics_history"][-1]
    assert results["history"] == []
    assert [last[key] for key in ("value", "lower", "upper")] == pytest.approx(
        [rate[key] for key in ("value", "lower", "upper")], rel=1e-12
    )
    assert last["cells"] == results["mesh"]["cells of the mechanics"]
    assert results["solver"]["force balance, relative"] < 1e-10
    notes = " ".join(results["notes"])
    assert "estimate, not a bound: the largest of" in notes
    assert "not reached" not in notes


def test_an_accuracy_that_is_not_reached_is_said_and_told_by_the_exit_status(tmp_path):
    done = run(tmp_path, PENNY + "[numerics]\nmax_dofs = 40000\naccuracy = 1e-7\n")
    assert done.returncode == 1
    assert re.search(
        r"accuracy not reached: the error bar of the energy release rate is \S+e-0\d of it, more "
        r"than numerics.accuracy = 1e-07; numerics.max_dofs = 40000; the results say so",
        " ".join(done.stderr.split()),
    )
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert results["status"] == "accuracy not reached"
    assert "The asked accuracy was not reached" in " ".join(results["notes"])


def test_one_mesh_that_is_asked_for_is_told_to_have_no_bar_and_is_no_failure(tmp_path):
    text = (TOP / "cases/verification/mechanics/misfit_through.toml").read_text()
    done = run(tmp_path, text + '[numerics]\nrefinement = "none"\n')
    assert done.returncode == 0 and done.stderr == ""
    lines = [line for line in done.stdout.splitlines() if "hit" in line]
    assert len(lines) == 3 and all("no bar" in line for line in lines)
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert results["status"] == "solved"
    assert "One mesh was asked for" in " ".join(results["notes"])
    page = (tmp_path / "out" / "report.html").read_text()
    assert page.count("(no bar)") == 2


def test_forces_that_do_not_balance_end_a_run(tmp_path):
    loose = 'ksp_type = "cg"\npc_type = "jacobi"\nksp_rtol = "1e-2"\n'
    done = run(tmp_path, PENNY + f"[numerics.petsc_options]\n{loose}")
    assert done.returncode == 1
    assert "reactions and loads differ by" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out" / "results.json").exists()


@pytest.mark.parametrize("balance", [1.1e-8, float("nan")])
def test_the_limit_of_the_balance(balance):
    with pytest.raises(NotInEquilibrium, match=r"more than 1e-08"):
        balanced(SimpleNamespace(balance=balance))
    state = SimpleNamespace(balance=0.9e-8)
    assert balanced(state) is state


# --- pictures and report --------------------------------------------------------------------------


def test_von_mises():
    xx, hydrostatic, shear = [2.0, 0, 0, 0, 0, 0], [3.0, 3, 3, 0, 0, 0], [0.0, 0, 0, 1, 0, 0]
    yz, xz = [0.0, 0, 0, 0, 1, 0], [0.0, 0, 0, 0, 0, 1]
    found = pictures_body.von_mises(np.array([xx, hydrostatic, shear, yz, xz]))
    assert found == pytest.approx([2.0, 0.0, 3**0.5, 3**0.5, 3**0.5])


def test_the_whole_body_and_its_open_crack(folder):
    body = pictures_body.read_body(folder)
    assert pictures_body.whole(body, body.body).sizes().sum() == pytest.approx(4 * 30.0**2)
    # the factor is 1, 2 or 5 times a power of ten and opens 2 um of crack by at most 0.3 um
    factor = pictures_body.exaggeration(body)
    assert factor == 0.1
    open_one = pictures_body.whole(body, pictures_body.deformed(body, body.body, factor))
    low, high = (open_one.points[:, 1][open_one.points[:, 1] * s > 0] for s in (-1.0, 1.0))
    axis = np.abs(open_one.points[:, 0]) < 1e-9
    above = open_one.points[axis & (open_one.points[:, 1] > 0)][:, 1].min()
    assert 2 * above == pytest.approx(factor * OPENING, rel=2e-3)
    assert high.min() == pytest.approx(-low.max())
    x0, x1, y0, y1 = pictures_body.crack_window(body, open_one)
    assert (x0, y0) == (-x1, -y1)
    assert 1.5 < x1 < 4
    assert pictures_body.overlap_text(body) == ""
    closing = {**body.body.values, DISPLACEMENT: -body.body.values[DISPLACEMENT]}
    closed = replace(body, body=replace(body.body, values=closing))
    assert 'has not the law "contact"' in pictures_body.overlap_text(closed)


def test_colours_around_the_crack_are_centred_and_cut_at_the_tip(folder):
    body = pictures_body.read_body(folder)
    lips = pictures_body.on_crack(body) & (body.body.points[:, 0] < 0.7)
    assert body.body.values[STRESS][lips] == pytest.approx(-1.0, abs=0.02)  # not -0.8, as rr is
    seen = pictures_body.inside(body.body, (0.0, 2.0, 0.0, 1.0))
    scale = pictures_body.centred_scale(seen)
    assert scale.lower == -scale.upper
    assert 1.0 < scale.upper < 4.0  # the pressure is 1 MPa; cells at the tip reach 1e4 MPa
    assert seen.values[STRESS].max() > 100
    assert scale.beyond == "both"


def test_pictures_and_report_of_a_crack(folder):
    command = [sys.executable, "-m", "solver.pictures", str(folder)]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, timeout=240)
    assert (done.returncode, done.stderr) == (0, "")
    captions = json.loads((folder / "captions.json").read_text())
    assert (captions["missing"], captions["scene"]) == ([], None)
    words = {picture["file"]: picture["caption"] for picture in captions["pictures"]}
    assert list(words) == ["mesh.png", "crack.png", "stress.png"]
    assert "drawn 0.1 times as large as they are" in words["crack.png"]
    assert "mirrored at r = 0 and z = 0" in words["crack.png"]
    assert "at a sharp tip the stress is unbounded" in words["crack.png"]
    for name in ("crack.png", "stress.png"):
        assert re.search(r"Computed: G = 1\.1\d+ J/m², .*verdict: grows unstably", words[name])
    for name in words:
        image = imread(folder / name)
        assert image.shape[1] == drawing.WIDTH
        assert image.reshape(-1, image.shape[2])[:, :3].std() > 0.05, f"{name} is blank"
    # red where the crack is torn open, blue where it is pressed, grey inside, both halves alike
    red, green, blue = np.moveaxis(imread(folder / "crack.png")[..., :3], 2, 0)
    frame = (red < 0.05) & (green < 0.05) & (blue < 0.05)
    columns, rows = np.flatnonzero(frame.mean(axis=0) > 0.5), np.flatnonzero(frame.mean(1) > 0.5)
    left, right, top, bottom = columns[0], columns[columns < 1450][-1], rows[0], rows[-1]
    x0, x1, y0, y1 = -2.2, 2.2, -1.2, 1.2

    def at(x: float, y: float) -> np.ndarray:
        column = left + (right - left) * (x - x0) / (x1 - x0)
        row = bottom - (bottom - top) * (y - y0) / (y1 - y0)
        return np.array([c[round(row), round(column)] for c in (red, green, blue)])

    for side in (-1.0, 1.0):
        tip, pressed, gap = at(1.02 * side, 0.03), at(0.3 * side, 0.4), at(0.2 * side, 0.06)
        assert tip[0] > tip[2] + 0.2
        assert pressed[2] > pressed[0] + 0.2
        assert np.ptp(gap) < 0.02
        assert 0.8 < gap[0] < 0.95
    command[2] = "solver.report"
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    page = (folder / "report.html").read_text(encoding="utf-8")
    cards = re.findall(r'class="card"><span>(\w+)</span><b>([^<]+)</b>', page)
    assert [name for name, _ in cards] == [
        "energy_release_rate", "verdict", "margin", "critical_pressure", "stress_intensity",
        "shape_factor"]  # fmt: skip
    assert dict(cards)["verdict"] == "grows unstably"
    assert "<iframe" not in page
    assert "Not drawn" not in page
    assert "Estimated error bar of the energy release rate [J/m^2] (no bounds)" in page
    assert "unknowns of the displacement" in page
    assert "Bounds of the" not in page


def test_a_body_without_a_crack(tmp_path):
    text = PENNY.replace('crack = { face = "bottom", start = "0 um", end = "1 um" }', "")
    held = '[mechanics.faces.bottom]\nlaw = "symmetry"\n[mechanics.faces.top]'
    text = text.replace("[mechanics.faces.crack]", held)
    done = run(tmp_path, text.replace("pictures = false", "pictures = true"))
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert (results["geometry"]["crack"], results["geometry"]["mirror"]) == (None, ["x", "y"])
    assert results["mechanics_history_of"] == "potential energy [pJ]"
    # p^2 V/(2 E), and minus twice that by the load: the energy is -p^2 V/(2 E)
    last = results["mechanics_history"][-1]["value"]
    assert last == pytest.approx(-0.5 * np.pi * 30.0**3, rel=1e-6)
    captions = json.loads((tmp_path / "out" / "captions.json").read_text())
    assert captions["missing"] == []
    words = {picture["file"]: picture["caption"] for picture in captions["pictures"]}
    assert list(words) == ["mesh.png", "stress.png"]
    assert "from 0.99 to 1.01 MPa" in words["stress.png"]  # uniform: no round-off is drawn
    assert "tip" not in " ".join([*results["notes"], *words.values()])


def test_the_start_mesh_of_a_block_has_table_and_picture(tmp_path):
    case = tmp_path / "case.toml"
    case.write_text(PENNY)
    command = [sys.executable, "-m", "solver", "mesh", str(case), "--out", str(tmp_path / "m")]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if "crack" in line and "um^2" in line]
    assert re.findall(r"3\.14159265", line) == ["3.14159265"] * 2
    image = imread(tmp_path / "m" / "mesh.png")[..., :3]
    red = np.abs(image - np.array([0xC1, 0x12, 0x1F]) / 255).max(axis=2) < 0.02
    rows, columns = np.nonzero(red[:, 800:])  # the right panel: around the crack
    lengths = [np.count_nonzero(columns[rows == row]) for row in np.unique(rows)]
    assert max(lengths) > 250  # pixels: more than half of the panel, and not the legend alone
