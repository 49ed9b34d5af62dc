"""Every number in cases/ says where it comes from, and every folder has its parts."""

import re
import tomllib
from pathlib import Path

import pytest

from solver.case import load_case

ROOT = Path(__file__).parents[2] / "cases"
FILES = sorted(ROOT.rglob("*.toml"))
FOLDERS = sorted({path.parent for path in FILES})
PAPERS = [folder for folder in FOLDERS if "verification" not in folder.parts]
LINE = re.compile(r"\bL\d+\b")
DOI = re.compile(r"\bdoi 10\.\d{4,}/\S+")

each_file = pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}/{p.stem}")


def with_variants(case):
    return [case, *case.variants.values()]


def test_there_are_cases():
    assert len(FILES) >= 20
    assert len(PAPERS) >= 1


@each_file
def test_every_physical_value_has_source_and_role(path):
    case = load_case(path, require_provenance=True)
    for variant in with_variants(case):
        assert variant.inputs
        for value in variant.inputs:
            assert value.source and value.role, value.key


@each_file
def test_every_case_asks_a_question(path):
    case = load_case(path)
    assert len(case.question) > 80
    assert case.question.rstrip().endswith((".", "?"))


@pytest.mark.parametrize("folder", PAPERS, ids=lambda p: p.name)
def test_values_of_a_paper_name_the_line_of_its_text(folder):
    for path in sorted(folder.glob("*.toml")):
        for variant in with_variants(load_case(path)):
            assert DOI.search(variant.paper), path
            tag = variant.paper.split(",")[0]
            for value in variant.inputs:
                if value.role == "paper":
                    assert value.source.startswith(tag) and LINE.search(value.source), value
            for reference in variant.references:
                if reference.grade in ("P", "R", "C"):
                    assert LINE.search(reference.source), reference


def test_a_miss_that_is_expected_has_its_reason():
    # where a case compares one quantity with an inequality that it was written to break
    text = (ROOT / "lim2024_mgf2_interlayer" / "claim_lower_than_bare.toml").read_text()
    for reference in tomllib.loads(text)["references"]:
        assert len(reference["reason"]) > 60


@pytest.mark.parametrize("folder", PAPERS, ids=lambda p: p.name)
def test_a_folder_of_a_paper_has_its_parts(folder):
    readme = (folder / "README.md").read_text()
    assert (folder / "reference.csv").is_file()
    for path in sorted(folder.glob("*.toml")):
        assert path.name in readme, f"{path.name} is not in the README of its folder"


def test_the_contract_of_file_names():
    names = {path.name for path in (ROOT / "lim2024_mgf2_interlayer").glob("*.toml")}
    films = {f"lif_{kind}.toml" for kind in ("intact", "pressed", "pinholes", "crosscracks")}
    assert films | {"pellet.toml", "lif_fragmentation.toml"} <= names
    for film in ("film_on_lithium", "bridged_film", "cracked_lipon"):
        assert (ROOT / "pan2024_lipon_on_lib" / f"{film}.toml").is_file()
    for folder in ("transport", "fracture", "mechanics"):
        assert list((ROOT / "verification" / folder).glob("*.toml"))
    for flaw in ("edge_flaw", "penny_flaw"):
        assert (ROOT / "sim2025_ndl_lithium" / f"{flaw}.toml").is_file()


def test_the_slit_cell_is_the_one_that_was_promised():
    case = load_case(ROOT / "lim2024_mgf2_interlayer" / "lif_pressed.toml")
    cell = case.geometry
    assert (cell.shape, cell.width) == ("strip", 10.0)
    assert cell.opening.width / cell.width == pytest.approx(0.148, abs=1e-12)
    assert cell.opening.width / cell.width == pytest.approx(1 - (12 / 13) ** 2, rel=1e-3)
