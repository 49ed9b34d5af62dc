"""The table of reported numbers: every row that can be scored is computed, or says why not."""

import csv
from pathlib import Path

import pytest

from solver import known, units
from solver.balance import quantities
from solver.case import load_case

ROOT = Path(__file__).parents[2] / "cases"
TABLES = sorted(ROOT.rglob("reference.csv"))
COLUMNS = [
    *("quantity", "value", "unit", "place", "uncertainty", "grade"),
    *("case", "computed", "remark"),
]
# The unit texts of the table that are written without their power sign.
SPELLED = {"mA/cm2": "mA/cm^2", "%": "%"}


def rows(path):
    with path.open(newline="") as file:
        reader = csv.DictReader(file)
        assert reader.fieldnames == COLUMNS
        return list(reader)


ROWS = [pytest.param(path, row, id=row["quantity"]) for path in TABLES for row in rows(path)]
each_row = pytest.mark.parametrize(("path", "row"), ROWS)


def case_of(path, row):
    name, _, variant = row["case"].partition("#")
    case = load_case(path.parent / name)
    return case.variants[variant] if variant else case


def names_of(case):
    if case.balance is not None:
        return {amount.name for amount in quantities(case.balance)}
    specimens = [specimen.name for specimen in case.specimens]
    inside = {*case.regions, *(case.mechanics.solids if case.mechanics is not None else ())}
    faces = {*case.boundaries, *(case.mechanics.faces if case.mechanics is not None else ())}
    found = known.known_quantities(faces, case.interfaces, inside, specimens)
    return found if case.solve_for is None else found | {case.solve_for.name}


def test_there_are_rows():
    assert len(TABLES) >= 1
    assert len(ROWS) >= 40


@each_row
def test_the_grade_is_one_of_the_five(path, row):
    assert None not in row, "a comma in a remark without quotes"
    assert row["grade"] in ("P", "R", "C", "N", "E")
    assert not (row["grade"] == "E" and row["value"])  # a reported number is no estimate


@each_row
def test_what_can_be_scored_is_computed_or_says_why_not(path, row):
    assert bool(row["case"]) == bool(row["computed"])
    if row["case"]:
        assert row["computed"] in names_of(case_of(path, row))
    else:
        assert len(row["remark"]) > 20


@each_row
def test_what_cannot_be_predicted_is_not_scored(path, row):
    if row["grade"] == "N":
        assert not row["case"]


@each_row
def test_a_reported_number_says_where_it_stands(path, row):
    assert row["place"] or not row["value"]
    if not row["value"]:
        assert "not reported" in row["remark"]


@each_row
def test_a_number_is_the_one_the_case_compares_with(path, row):
    try:
        float(row["value"])
    except ValueError:
        return  # an order or a statement
    if not row["case"] or row["quantity"].startswith("CCD"):
        return  # the CCDs enter as their ratio
    case = case_of(path, row)
    value = units.parse_any(f"{row['value']} {SPELLED.get(row['unit'], row['unit'])}")[0]
    reported = [ref.value for ref in case.references if ref.quantity == row["computed"]]
    assert any(number == pytest.approx(value, rel=1e-12) for number in reported)
    places = [ref.source for ref in case.references if ref.value == pytest.approx(value, rel=1e-12)]
    assert any(place in source for source in places for place in row["place"].split())


def test_every_comparison_of_a_case_stands_in_the_table():
    for path in TABLES:
        table = {(row["case"].partition("#")[0], row["computed"]) for row in rows(path)}
        computed = {quantity for _, quantity in table}
        for file in sorted(path.parent.glob("*.toml")):
            for reference in load_case(file).references:
                assert reference.quantity in computed, (file.name, reference.quantity)
