"""Write `report.html` of a run folder, and the table of several runs.

`python -m solver.report RUNFOLDER` makes one page without links to anything outside of it, from
`results.json`, `captions.json`, the pictures and the scene. Nothing is drawn or computed here. All
text of the case is escaped.
"""

import base64
import io
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from rich.console import Console
from rich.table import Table
from rich.text import Text

from solver.formats import (
    NO_BAR,
    half_width,
    history_svg,
    number,
    ratio,
    reported,
    unit,
    verdict,
    width,
    without_bar,
)
from solver.headline import headline, lines_of
from solver.output import (
    CAPTIONS,
    FRONT,
    REPORT,
    RESULTS,
    SUMMARY,
    OutputError,
    write_atomic,
)
from solver.plain import strict_json

TEMPLATES = Path(__file__).resolve().parent / "templates"
ROLES = {
    "paper": "from the paper",
    "literature": "from the literature, with a range",
    "assumed": "assumed, with a range",
    "calibrated": "calibrated on one datum",
    "definition": "definitions",
}
COLOURS = {"hit": "green", "miss": "bold red", "not scored": "dim"}


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        OutputError: It is missing or is none.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise OutputError(f"{path}: cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise OutputError(f"{path}: is not a JSON object")
    return content


def as_data(path: Path) -> str:
    """A PNG file as data URI."""
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode("ascii")


def by_role(inputs: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Inputs grouped by what they are, in the order of `ROLES`."""
    known = [*ROLES, *sorted({entry["role"] for entry in inputs} - set(ROLES))]
    groups = [(role, [entry for entry in inputs if entry["role"] == role]) for role in known]
    return [(ROLES.get(role, role or "without a source"), rows) for role, rows in groups if rows]


def given(inputs: list[dict[str, Any]]) -> set[str]:
    """The keys that at least one of the inputs has a value for."""
    return {key for entry in inputs for key, value in entry.items() if value}


def templates() -> Environment:
    """The templates of the pages; they escape whatever they are given."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters.update(
        number=number,
        unit=unit,
        width=width,
        verdict=verdict,
        ratio=ratio,
        reported=reported,
        bare=bare,
    )
    return environment


def histories(results: dict[str, Any]) -> list[dict[str, Any]]:
    """The refinement of the currents (bounds) and of the mechanics (estimated error bars)."""
    both = [
        ("history", "potential", True),
        ("mechanics_history", "displacement", False),
    ]
    return [
        {
            "of": results[f"{key}_of"],
            "levels": results[key],
            "guaranteed": guaranteed,
            "plot": history_svg(results[key], field),
        }
        for key, field, guaranteed in both
        if results.get(key)
    ]


def front_rows(folder: Path) -> list[list[float]]:
    """Arc length, angle, G and its error bar at the points of a front; empty without one.

    Raises:
        OutputError: The table of the front cannot be read.
    """
    path = folder / FRONT
    if not path.is_file():
        return []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()[1:]
        return [[float(value) for value in line.split(",")] for line in lines]
    except (OSError, ValueError) as error:
        raise OutputError(f"{path}: cannot be read: {error}") from error


def render(folder: Path) -> str:
    """The text of the report.

    Raises:
        OutputError: `results.json` cannot be read.
    """
    results = read_json(folder / RESULTS)
    captions: dict[str, Any] = {
        "pictures": [],
        "scene": None,
        "missing": ["no pictures were drawn"],
    }
    if (folder / CAPTIONS).is_file():
        captions = read_json(folder / CAPTIONS)
    pictures = [
        {**picture, "data": as_data(folder / picture["file"])}
        for picture in captions["pictures"]
        if (folder / picture["file"]).is_file()
    ]
    scene = captions.get("scene")
    case = folder / "case.resolved.toml"
    quantities = results["quantities"]
    compared = [entry for entry in quantities if "reported" in entry]
    return (
        templates()
        .get_template("report.html.j2")
        .render(
            results=results,
            headline=headline(quantities),
            compared=compared,
            missed=[entry for entry in compared if entry["hit"] is False],
            groups=by_role(results["inputs"]),
            given=given,
            pictures=pictures,
            missing=captions["missing"],
            scene=(folder / scene).read_text(encoding="utf-8") if scene else "",
            histories=histories(results),
            front=front_rows(folder),
            case=case.read_text(encoding="utf-8") if case.is_file() else "",
        )
    )


def bare(entry: dict[str, Any], mesh: dict[str, Any]) -> str:
    """What is said of a number that a mesh gives without an error bar."""
    return NO_BAR if mesh and without_bar(entry) else ""


@dataclass(frozen=True)
class Row:
    """A line of the table: a compared quantity, or of a run without any one that matters."""

    run: str
    folder: Path
    entry: dict[str, Any]
    mesh: dict[str, Any]

    @property
    def compared(self) -> bool:
        """Whether there is a reported value."""
        return "reported" in self.entry

    @property
    def bar(self) -> str:
        """The error bar as text; of a number that a mesh gives without one: that there is none."""
        return bare(self.entry, self.mesh) or half_width(self.entry)

    @property
    def bounds(self) -> str:
        """The bounds as text."""
        lower, upper = self.entry["lower"], self.entry["upper"]
        if lower is None or upper is None:
            return bare(self.entry, self.mesh)
        return f"{number(lower, lower, upper)} .. {number(upper, lower, upper)}"


def name_of(folder: Path, results: dict[str, Any]) -> str:
    """How a run is called: "lif_pressed", or "lif_pressed [f05]" for a variant."""
    variant = f" [{folder.name}]" if folder.parent.name == "variants" else ""
    return Path(results["case"]).stem + variant


def rows_of(folders: Sequence[Path]) -> Iterator[Row]:
    """The lines of the table.

    Raises:
        OutputError: The results of a run cannot be read.
    """
    for folder in folders:
        results = read_json(folder / RESULTS)
        quantities, mesh = results["quantities"], results["mesh"]
        compared = [entry for entry in quantities if "reported" in entry]
        shown = compared or lines_of(quantities)
        yield from (Row(name_of(folder, results), folder, entry, mesh) for entry in shown)


def summary_table(folders: Sequence[Path], wide: bool = False) -> Table:
    """The table for the terminal.

    Args:
        folders: Run folders.
        wide: Whether bounds and sources have columns, too.

    Raises:
        OutputError: The results of a run cannot be read.
    """
    table = Table(title="computed beside reported", title_justify="left", pad_edge=False)
    table.add_column("case", overflow="fold")
    table.add_column("quantity", overflow="fold")
    table.add_column("computed", justify="right", no_wrap=True)
    table.add_column("±", justify="right", no_wrap=True)
    table.add_column("reported", justify="right", no_wrap=True)
    table.add_column("unit", no_wrap=True)
    table.add_column("", no_wrap=True)
    for heading in ("bounds", "source") if wide else ():
        table.add_column(heading, overflow="fold")
    before = ""
    for row in rows_of(folders):
        entry = row.entry
        word = verdict(entry) if row.compared else ""
        grade = f" ({entry['grade']})" if row.compared and entry["grade"] else ""
        # plain text: a title or a source may contain what rich takes for markup
        cells = [row.run if row.run != before else "", entry["name"]]
        cells += [number(entry["value"], entry["lower"], entry["upper"]), row.bar]
        cells += [reported(entry) if row.compared else "", unit(entry["unit"])]
        rest = [row.bounds, entry.get("source", "")] if wide else []
        verdict_cell = Text(word + grade, style=COLOURS.get(word, ""))
        table.add_row(*map(Text, cells), verdict_cell, *map(Text, rest))
        before = row.run
    return table


def write_summary(out: Path, folders: Sequence[Path]) -> Path:
    """Write `summary.json`, `summary.txt` and `summary.html` into a folder.

    Args:
        out: The folder; it is made if need be.
        folders: Run folders.

    Returns:
        The HTML file.

    Raises:
        OutputError: A file cannot be written, or the results of a run cannot be read.
    """
    write_json(out, folders)
    text = io.StringIO()
    Console(file=text, width=180, no_color=True).print(summary_table(folders, wide=True))
    write_atomic(out / "summary.txt", text.getvalue())
    rows = [
        {
            "run": row.run,
            "link": Path(os.path.relpath(row.folder / REPORT, out)).as_posix(),
            "bounds": row.bounds,
            "compared": row.compared,
            **row.entry,
        }
        for row in rows_of(folders)
    ]
    write_atomic(
        out / "summary.html", templates().get_template("summary.html.j2").render(rows=rows)
    )
    return out / "summary.html"


def write_json(out: Path, folders: Sequence[Path]) -> None:
    """Write `summary.json`: of every run its name, title, status and compared quantities."""
    runs = []
    for folder in folders:
        results = read_json(folder / RESULTS)
        runs.append(
            {
                "run": name_of(folder, results),
                "folder": Path(os.path.relpath(folder, out)).as_posix(),
                "title": results["title"],
                "status": results["status"],
                "quantities": [q for q in results["quantities"] if "reported" in q],
            }
        )
    write_atomic(out / SUMMARY, strict_json({"program": "liface", "format": 1, "runs": runs}))


def main() -> int:
    """Write the report of the folder that the command line names."""
    if len(sys.argv) != 2:
        sys.stderr.write("usage: python -m solver.report RUNFOLDER\n")
        return 2
    folder = Path(sys.argv[1])
    try:
        write_atomic(folder / REPORT, render(folder))
    except OutputError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
