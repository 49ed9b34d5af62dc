"""The report opened by a real browser without a display: it shows, and asks the net for nothing."""

import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from matplotlib import colormaps, image
from mpi4py import MPI

from tests.unit.output_example import write_block, write_slit

pytestmark = [pytest.mark.needs_browser, pytest.mark.slow]

TOP = Path(__file__).resolve().parents[2]
WINDOW = (1100, 1600)


@pytest.fixture(scope="module", params=["slit", "block"])
def folder(request, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp(request.param)
    (write_slit if request.param == "slit" else write_block)(path, MPI.COMM_SELF)
    for module in ("solver.pictures", "solver.report"):
        done = subprocess.run(
            [sys.executable, "-m", module, str(path)], cwd=TOP, capture_output=True, text=True,
            timeout=240,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    return path


def browse(page: Path, scratch: Path, *more: str, size: tuple[int, int] = WINDOW) -> str:
    """Open a page; returns what the browser says."""
    command = [
        "chromium", "--headless=new", "--no-sandbox", "--disable-dev-shm-usage",
        "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--virtual-time-budget=20000",
        f"--user-data-dir={scratch}/profile", f"--log-net-log={scratch}/net.json",
        "--disable-background-networking", "--disable-component-update", "--no-first-run",
        "--disable-sync", "--enable-logging=stderr", "--force-device-scale-factor=1",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        f"--window-size={size[0]},{size[1]}", *more, page.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout + done.stderr


def picture(path: Path) -> np.ndarray:
    return np.asarray(image.imread(path))[..., :3]


def hosts(page: Path, scratch: Path) -> set[str]:
    """Hosts that a page asked for, from the browser's own log of the net."""
    browse(page, scratch, "--dump-dom")
    text = (scratch / "net.json").read_text(encoding="utf-8", errors="replace")
    try:
        events = json.loads(text)["events"]
    except ValueError:  # the browser ended before it closed the list
        events = json.loads(text.rstrip().rstrip(",") + "]}")["events"]
    asked = [event["params"] for event in events if "initiator" in event.get("params", {})]
    assert asked  # the page itself is one of them
    # what the browser wants for itself has no origin
    urls = [urlsplit(one["url"]) for one in asked if one["initiator"] != "not an origin"]
    return {url.netloc for url in urls if url.scheme in ("http", "https", "ws", "wss", "ftp")}


def test_a_request_would_be_noticed(tmp_path):
    page = tmp_path / "page.html"
    page.write_text(
        "<!doctype html><img src='http://pictures.invalid/a.png'>"
        "<iframe srcdoc=\"<link rel=icon href='http://icons.invalid/b.png'>"
        "<img src='http://frame.invalid/c.png'>\"></iframe>"
        "<script>setTimeout(() => fetch('https://late.invalid/d'), 3000)</script>"
    )
    assert hosts(page, tmp_path) >= {"pictures.invalid", "frame.invalid", "late.invalid"}


@pytest.mark.parametrize("name", ["report.html", "scene.html"])
def test_nothing_is_asked_for(folder, tmp_path, name):
    assert hosts(folder / name, tmp_path) == set()


def test_the_report_shows(folder, tmp_path):
    said = browse(folder / "report.html", tmp_path, f"--screenshot={tmp_path}/page.png")
    complaints = [line for line in said.splitlines() if "CONSOLE" in line and "hashes" not in line]
    assert complaints == []
    page = picture(tmp_path / "page.png")
    assert page.shape[:2] == WINDOW[::-1]
    assert page.std() > 0.05
    # the scene is drawn with the colours of its table, which nothing else on the page has
    violet = np.abs(page - np.array(colormaps["viridis"](0.02)[:3])).max(axis=2) < 0.06
    green = np.abs(page - np.array(colormaps["viridis"](0.6)[:3])).max(axis=2) < 0.12
    assert violet.sum() + green.sum() > 2000


def test_the_interactive_scene_is_drawn_and_turns(folder, tmp_path):
    html = (folder / "scene.html").read_text(encoding="utf-8")
    shots = []
    for n, script in enumerate(["", TURN]):
        page = tmp_path / f"scene{n}.html"
        page.write_text(html.replace("</body>", f"{script}</body>"), encoding="utf-8")
        target = tmp_path / f"scene{n}.png"
        browse(page, tmp_path, f"--screenshot={target}", size=(900, 700))
        shots.append(picture(target))
    for shot in shots:
        coloured = shot.max(axis=2) - shot.min(axis=2) > 0.15
        assert coloured.mean() > 0.05
    assert np.abs(shots[0] - shots[1]).max(axis=2).mean() > 0.02


# Drags the mouse over the canvas once the scene is there.
TURN = """
<script>
setTimeout(() => {
  const canvas = document.querySelector("canvas");
  const at = (type, x, y) => canvas.dispatchEvent(new PointerEvent(type, {
    clientX: x, clientY: y, button: 0, buttons: 1, pointerId: 1, bubbles: true, view: window}));
  at("pointerdown", 400, 350);
  for (let i = 1; i <= 20; i++) at("pointermove", 400 + 10 * i, 350 + 3 * i);
  at("pointerup", 600, 410);
}, 4000);
</script>
"""
