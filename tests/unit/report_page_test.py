"""The report: one page, nothing from outside, everything escaped; the table of several runs."""

import itertools
import json
import math
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console

from solver import formats, report
from solver.output import OutputError
from tests.unit.output_example import SLIT, Example, Input, Quantity, write_numbers

TOP = Path(__file__).resolve().parents[2]
PNG = b"\x89PNG\r\n\x1a\n not much of a picture"
EVIL = "</title><script>alert('x')</script>\"'&<img src=http://example.org/x onerror=1>"


class Page(HTMLParser):
    """Elements with their attributes, and the text outside of style and script."""

    def __init__(self, text: str):
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in ("meta", "img", "br", "circle", "line", "rect", "polyline"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def handle_data(self, data):
        if not {"style", "script"} & set(self.open):
            self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


def write_page(folder: Path, example: Example | None = None, captions: dict | None = None) -> Page:
    write_numbers(folder, example or Example(SLIT))
    if captions is not None:
        (folder / "captions.json").write_text(json.dumps(captions))
    command = [sys.executable, "-m", "solver.report", str(folder)]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return Page((folder / "report.html").read_text(encoding="utf-8"))


CAPTIONS = {
    "pictures": [{"file": "current.png", "title": "The current", "caption": "From 1 to 2 mA/cm²."}],
    "scene": "scene.html",
    "missing": ["no face <was> found"],
}
SCENE = "<!doctype html><title>scene</title><script>let s = \"a < b && 'c'\";</script>"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "current.png").write_bytes(PNG)
    (tmp_path / "scene.html").write_text(SCENE)
    return tmp_path


def test_the_page_tells_the_whole_story(folder):
    page = write_page(folder, captions=CAPTIONS)
    for words in (
        "Slit & <film>", "Where does it go?", "Nobody 2000", "status: solved",
        # the numbers, with their kind
        "0.18691", "0.18684", "0.18698", "guaranteed", "unbounded", "estimated",
        # against the paper
        "miss", "hit", "at most 0.5", "It is larger.", "What missed",
        # what went in
        "from the paper", "from the literature, with a range", "assumed, with a range",
        "calibrated on one datum", "1 um to 100 um", "R2 + R3", "medium", "Somebody 1999",
        # pictures
        "From 1 to 2 mA/cm²", "Not drawn: no face <was> found",
        # refinement and the run
        "observed order", "2.00", "excess resistance [ohm cm^2]", "The bounds cover quadrature.",
        "1.25", "commit", "numpy", 'title = "slit <&>"',
    ):  # fmt: skip
        assert words in page.text, words


def test_what_missed_is_only_what_missed(folder):
    page = write_page(folder, captions=CAPTIONS)
    part = page.text.split("What missed")[1].split("Geometry and pictures")[0]
    assert "share.window" in part
    assert "0.75" in part
    assert "area_specific_resistance" not in part


def test_nothing_comes_from_outside(folder):
    page = write_page(folder, captions=CAPTIONS)
    for tag, attributes in page.elements:
        assert tag not in ("link", "base", "object", "embed", "script"), tag
        for name in ("src", "href", "data", "action", "poster", "srcset", "background"):
            if name in attributes:
                assert attributes[name].startswith("data:"), (tag, attributes)
    text = (folder / "report.html").read_text(encoding="utf-8")
    style = text.split("<style>")[1].split("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style
    (policy,) = [m["content"] for m in page.all("meta") if "http-equiv" in m]
    assert "default-src 'none'" in policy
    assert "http" not in policy


def test_pictures_and_scene_are_inside_byte_for_byte(folder):
    import base64

    page = write_page(folder, captions=CAPTIONS)
    (image,) = page.all("img")
    assert base64.b64decode(image["src"].removeprefix("data:image/png;base64,")) == PNG
    (frame,) = page.all("iframe")
    assert frame["srcdoc"] == SCENE


def test_what_the_case_says_is_text_and_nothing_else(folder):
    quantity = Quantity(EVIL, 1.0, EVIL, 0.9, 1.1, "guaranteed", EVIL, 2.0, EVIL, EVIL, False, EVIL)
    example = Example(
        SLIT,
        (quantity,),
        title=EVIL,
        inputs=(Input(EVIL, EVIL, EVIL, EVIL, EVIL, (EVIL, EVIL), EVIL),),
        notes=(EVIL,),
        solver={EVIL: EVIL},
    )
    captions = {"pictures": [{"file": "current.png", "title": EVIL, "caption": EVIL}],
                "scene": None, "missing": [EVIL]}  # fmt: skip
    page = write_page(folder, example, captions)
    assert page.all("script") == []
    assert len(page.all("img")) == 1
    assert page.text.count("alert('x')") > 10


def test_a_run_without_pictures_has_a_report(tmp_path):
    page = write_page(tmp_path)
    assert page.all("img") == []
    assert page.all("iframe") == []
    assert "no pictures were drawn" in page.text


def test_a_balance_has_a_report(tmp_path):
    example = Example(None, (Quantity("share", 0.1, "1"),), inputs=())
    page = write_page(tmp_path, example)
    assert "Against the reported numbers" not in page.text
    assert "The case names no physical values." in page.text


def test_without_results_there_is_one_line(tmp_path):
    command = [sys.executable, "-m", "solver.report", str(tmp_path)]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "results.json: cannot be read" in done.stderr


# --- numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "lower", "upper", "text"),
    [
        (0.18691, 0.18684, 0.18698, "0.18691"),  # digits follow from the bounds
        (30.18691, 30.186841, 30.18698, "30.18691"),
        (12.0, 10.0, 14.0, "12.0"),
        (30.0, 30.0, 30.0, "30"),
        (1 / 3, None, None, "0.333333"),
        (294117.6, None, None, "294118"),
        (1.7e-11, None, None, "1.7e-11"),
        (2.5e-7, 2.4e-7, 2.6e-7, "2.50e-7"),
        (0.0, -1.0, 1.0, "0.00"),
        ("unbounded", None, None, "unbounded"),
        (None, None, None, "–"),
        (7, None, None, "7"),
    ],
)
def test_numbers_have_the_digits_that_their_bounds_justify(value, lower, upper, text):
    assert formats.number(value, lower, upper) == text


def test_bounds_differ_as_printed():
    for width in (1e-1, 3e-3, 1e-4, 7e-6):
        lower, value, upper = 1.2345678, 1.2345678 + width / 2, 1.2345678 + width
        shown = [formats.number(x, lower, upper) for x in (lower, value, upper)]
        assert len(set(shown)) == 3, width


def entry(**changes):
    return {"value": 2.0, "lower": 1.9, "upper": 2.1, "unit": "1", "reported": 4.0, **changes}


def test_words_of_a_comparison():
    assert formats.verdict(entry(hit=True)) == "hit"
    assert formats.verdict(entry(hit=False)) == "miss"
    assert formats.verdict(entry(hit=None)) == "not scored"
    assert formats.ratio(entry()) == "0.5"
    around_zero = entry(value=1e-11, lower=-1e-11, upper=3e-11, unit="ohm")
    assert formats.half_width(around_zero) == "2e-11 ohm"
    assert formats.width(around_zero) == "4e-11 ohm"
    assert formats.half_width(entry(value=2.0, lower=1.98, upper=2.02)) == "1 %"
    assert formats.ratio(entry(value="unbounded")) == ""
    assert formats.ratio(entry(reported=0.0)) == ""
    assert formats.reported(entry(relation="at_most")) == "at most 4"
    assert formats.reported(entry(relation="equal")) == "4"
    assert formats.half_width(entry()) == "5 %"
    assert formats.half_width(entry(lower=2.0, upper=2.0)) == "exact"
    assert formats.half_width(entry(lower=2.0 - 1e-12, upper=2.0 + 1e-12)) == "< 1e-6 %"
    assert formats.half_width(entry(lower=None)) == ""
    assert formats.width(entry()) == "10 %"
    assert [formats.unit(text) for text in ("1", "-", "ohm")] == ["", "", "ohm"]


def test_the_plot_of_the_refinement_falls_with_the_bounds():
    history = [
        {"dofs": 10 * 4**n, "value": 1.0, "lower": 1 - 0.5 * 4.0**-n, "upper": 1 + 0.5 * 4.0**-n}
        for n in range(4)
    ]
    svg = Page(formats.history_svg(history))
    heights = [float(circle["cy"]) for circle in svg.all("circle")]
    assert heights == sorted(heights)
    steps = [b - a for a, b in itertools.pairwise(heights)]
    assert steps == pytest.approx([steps[0]] * 3, abs=0.2)  # a power law is a straight line
    places = [float(circle["cx"]) for circle in svg.all("circle")]
    assert places == sorted(places)
    assert "100 %" in svg.text  # the first pass: bounds as far apart as the value is large
    assert formats.history_svg(history[:1]) == ""
    assert formats.history_svg([{**level, "lower": None} for level in history]) == ""


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [(10.0, 1000.0, [10, 20, 50, 100, 200, 500, 1000]), (2718.0, 2904.0, [2720, 2900]),
     (1.0, 1e5, [1, 10, 100, 1000, 1e4, 1e5]), (3e-4, 3e-3, [5e-4, 1e-3, 2e-3])],
)  # fmt: skip
def test_axes_have_round_ticks(low, high, ticks):
    start, end, found = formats.axis(math.log10(low), math.log10(high))
    assert start < math.log10(low) < math.log10(high) < end
    assert found == pytest.approx(ticks)


# --- several runs ---------------------------------------------------------------------------------


@pytest.fixture
def runs(tmp_path) -> list[Path]:
    """A run, a variant of it, and one without anything to compare with."""
    plain = (Quantity("psi", 0.7, "1", 0.69, 0.71, "guaranteed"), Quantity("S", 1.0, "1"))
    odd = (Quantity("psi", 0.5, "1", reported=0.5, source="[bold]a[/] & <b>", grade="P", hit=True),)
    folders = []
    for name, example in (
        ("slit", Example(SLIT)),
        ("slit/variants/f05", Example(SLIT, odd)),
        ("tube", Example(SLIT, plain)),
    ):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        write_numbers(folder, example)
        folders.append(folder)
    return folders


def terminal(table) -> str:
    console = Console(width=160, no_color=True)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def test_the_table_has_prediction_beside_paper(runs):
    lines = terminal(report.summary_table(runs)).splitlines()
    (miss,) = [line for line in lines if "share.window" in line]
    assert miss.replace("│", " ").split() == [
        "slit", "share.window", "0.75", "no", "bar", "at", "most", "0.5", "miss", "(R)",
    ]  # fmt: skip
    (hit,) = [line for line in lines if "area_specific_resistance" in line]
    assert "29.5" in hit
    assert "ohm cm^2" in hit
    assert "hit (P)" in hit
    assert any("slit [f05]" in line for line in lines)
    # a run without reported values shows what it found
    (found,) = [line for line in lines if "0.700" in line]
    assert "psi" in found
    assert "1 %" in found
    assert "hit" not in found


BODY = (
    Quantity("force_balance", 1e-12, "1"),
    Quantity("displacement.right", 0.25, "um"),
    Quantity("largest_equivalent_stress", 31.0, "MPa"),
    Quantity("mean_pressure.bottom", 7.0, "MPa"),
    Quantity("mean_stress.film", 90.0, "MPa"),
    Quantity("curvature", 2.5, "m^-1", 2.4, 2.6, "estimated"),
    Quantity("load_steps", 5.0, "1"),
)
CRACK = tuple(Quantity(name, 3.0, "1") for name in ("margin", "energy_release_rate", "load_steps"))


def test_a_body_without_reported_values_shows_what_it_is_about(tmp_path):
    write_numbers(tmp_path, Example(SLIT, BODY))
    lines = terminal(report.summary_table([tmp_path])).splitlines()
    at = [
        next(i for i, line in enumerate(lines) if name in line)
        for name in (
            "curvature", "displacement.right", "mean_pressure.bottom",
            "largest_equivalent_stress", "mean_stress.film",
        )
    ]  # fmt: skip
    assert at == sorted(at)
    assert not any("force_balance" in line or "load_steps" in line for line in lines)
    # beside cracks and currents there is room for less, and the page has the same at its head
    write_numbers(tmp_path, Example(SLIT, (*BODY, Quantity("psi", 0.7, "1"), *CRACK)))
    rows = [row.entry["name"] for row in report.rows_of([tmp_path])]
    assert rows[:4] == ["psi", "energy_release_rate", "margin", "curvature"]
    assert len(rows) == 6
    page = report.render(tmp_path)
    assert page.index("curvature") < page.index('id="quantities"')


def test_what_only_checks_itself_shows_that(tmp_path):
    write_numbers(tmp_path, Example(SLIT, BODY[:1]))
    assert [row.entry["name"] for row in report.rows_of([tmp_path])] == ["force_balance"]


def test_sources_are_no_markup(runs):
    assert "[bold]a[/] & <b>" in terminal(report.summary_table(runs, wide=True))


def test_the_summary_is_written_in_three_forms(runs, tmp_path):
    page_file = report.write_summary(tmp_path, runs)
    content = json.loads((tmp_path / "summary.json").read_text())
    assert [run["run"] for run in content["runs"]] == ["slit", "slit [f05]", "slit"]
    assert [run["folder"] for run in content["runs"]] == ["slit", "slit/variants/f05", "tube"]
    assert [q["name"] for q in content["runs"][0]["quantities"]] == [
        "share.window", "area_specific_resistance"]  # fmt: skip
    assert content["runs"][2]["quantities"] == []
    text = (tmp_path / "summary.txt").read_text()
    assert "Nobody 2000" in text
    assert "\x1b" not in text
    page = Page(page_file.read_text())
    assert [link["href"] for link in page.all("a")] == [
        "slit/report.html", "slit/report.html", "slit/variants/f05/report.html",
        "tube/report.html"]  # fmt: skip
    assert "[bold]a[/] & <b>" in page.text
    assert "It is larger." in page.text


def test_a_summary_that_cannot_be_written_says_so(runs, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        report.write_summary(tmp_path / "file" / "x", runs)
