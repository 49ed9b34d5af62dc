"""Wrong case files: one line on stderr that names the place, status 2, and nothing written.

Each row changes one thing of `tests/bad_cases/_good.toml`.
"""

from pathlib import Path

import pytest

from solver.__main__ import main

BAD_CASES = Path(__file__).parent.parent / "bad_cases"
GOOD = (BAD_CASES / "_good.toml").read_text(encoding="utf-8")
WIDTH = (
    'width = { value = "10 um", source = "a guess", role = "assumed", range = ["1 um", "100 um"] }'
)
FILM = 'film = { thickness = "50 nm", model = "layer" }'
SLIT = 'opening = { kind = "slit", width = "1.48 um" }'
ABOVE = 'above = [{ name = "electrolyte", thickness = "750 um" }]'
KAPPA = 'conductivity = { value = "2.5 mS/cm", source = "a table", role = "paper" }'
FILM_LAW = '[regions.film]\nlaw = "ionic_conductor"\nconductivity = "5e-9 S/cm"\n'
JUMP = """[interfaces."film|electrolyte"]
law = "resistive"
area_specific_resistance = "1 ohm cm2"
"""
TOP = '[boundaries.top]\nlaw = "electrode"\npotential = "1 V"\n'
PETSC = 'ksp_rtol = "1e-10", pc_type = "gamg"'
VARIANT = 'geometry.opening.area_fraction = "50 %"'

# what is wrong, text of the good case, text instead, key that is named, words of the message
WRONG = [
    # keys
    ("unknown key", 'paper = "none"', 'papre = "none"', "papre", "nearest: paper"),
    ("unknown table", "[output]", "[ouput]", "ouput", "nearest: output"),
    ("key in the wrong table", 'filling = "metal"', 'filling = "metal"\naccuracy = "1 %"',
     "geometry.accuracy", "one of the keys above, below"),
    ("unknown key in a list", "sides = 1", 'sides = 1\ndiamter = "1 mm"', "specimens[0].diamter",
     "nearest: diameter"),
    ("unknown key beside a value", 'source = "a guess"', 'sorce = "a guess"',
     "geometry.width.sorce", "nearest: source"),
    ("missing title", 'title = "Slit cell"\n', "", "title", "it is missing"),
    ("empty title", 'title = "Slit cell"', 'title = ""', "title", "not empty"),
    ("title of 300 letters", 'title = "Slit cell"', f'title = "{"x" * 300}"', "title", "200"),
    ("missing width", WIDTH, "", "geometry.width", "it is missing"),
    ("missing stack", ABOVE, "", "geometry.above", "it is missing"),
    ("empty stack", ABOVE, "above = []", "geometry.above", "at least one layer"),
    ("missing filling", 'filling = "metal"\n', "", "geometry.filling", "metal"),
    ("table instead of a text", 'title = "Slit cell"', "title = { a = 1 }", "title", "a text"),
    ("text instead of a table", "[output]\n", "[other]\n", "other", "one of the keys"),
    ("text for a truth", "pictures = false", 'pictures = "no"', "output.pictures", "true or false"),
    ("text for a number", "max_dofs = 1000000", 'max_dofs = "1e6"', "numerics.max_dofs",
     "a whole number"),
    ("fraction for a whole number", "max_dofs = 1000000", "max_dofs = 1.5", "numerics.max_dofs",
     "a whole number"),
    ("no dofs", "max_dofs = 1000000", "max_dofs = 0", "numerics.max_dofs", "from 100"),
    ("number of 4000 digits", "max_dofs = 1000000", f"max_dofs = {'9' * 3900}",
     "numerics.max_dofs", "up to"),
    ("number of 3900 hexadecimal digits", "max_dofs = 1000000", f"max_dofs = 0x{'f' * 3900}",
     "numerics.max_dofs", "up to"),
    ("negative number", "max_dofs = 1000000", "max_dofs = -5", "numerics.max_dofs", "from 100"),
    ("date for a text", 'title = "Slit cell"', "title = 2024-01-01", "title", "a text"),
    ("date for a value", '"1.48 um"', "2024-01-01T00:00:00Z", "geometry.opening.width", "a text"),
    ("truth for a value", '"1.48 um"', "true", "geometry.opening.width", "a text"),
    ("list for a value", '"1.48 um"', '["1.48 um"]', "geometry.opening.width", "a text"),
    ("list for a table", FILM, "film = [1, 2]", "geometry.film", "a table"),
    ("table for a list", ABOVE, 'above = { name = "electrolyte", thickness = "750 um" }',
     "geometry.above", "a list"),
    # units
    ("wrong dimension", '"10 um", source', '"10 mS/cm", source', "geometry.width",
     "another dimension"),
    ("no unit", '"1.48 um"', '"1.48"', "geometry.opening.width", "there is no unit"),
    ("number instead of a text", '"1.48 um"', "1.48", "geometry.opening.width", "a text with"),
    ("unknown unit", '"1.2 ohm cm^2"', '"1.2 ohn cm^2"',
     "boundaries.window.area_specific_resistance", "nearest: ohm"),
    ("capital letter in a unit", '"1.2 ohm cm^2"', '"1.2 Ohm cm^2"',
     "boundaries.window.area_specific_resistance", "nearest: ohm"),
    ("temperature scale", '"1.48 um"', '"1.48 degC"', "geometry.opening.width", "offset"),
    ("logarithmic unit", 'accuracy = "0.1 %"', 'accuracy = "0.1 dB"', "numerics.accuracy", "log"),
    ("negative thickness", '"50 nm"', '"-50 nm"', "geometry.film.thickness", "not negative"),
    ("negative layer", '"750 um"', '"-750 um"', "geometry.above[0].thickness", "above zero"),
    ("zero width", '"1.48 um"', '"0 um"', "geometry.opening.width", "above zero"),
    ("negative conductivity", '"5e-9 S/cm"', '"-5e-9 S/cm"', "regions.film.conductivity",
     "above zero"),
    ("conductivity zero", '"5e-9 S/cm"', '"0 S/cm"', "regions.film.conductivity", "above zero"),
    ("negative resistance", '"1 ohm cm2"', '"-1 ohm cm2"',
     'interfaces."film|electrolyte".area_specific_resistance', "not negative"),
    ("NaN in a text", '"1.48 um"', '"nan um"', "geometry.opening.width", "finite number"),
    ("NaN of TOML", '"0.1 %"', "nan", "numerics.accuracy", "number"),
    ("infinite", '"1.48 um"', '"inf um"', "geometry.opening.width", "finite number"),
    ("huge exponent", '"1.48 um"', '"1e400 um"', "geometry.opening.width", "between 1e-200"),
    ("tower of powers", '"1.48 um"', '"10**10**10 um"', "geometry.opening.width", "one finite"),
    ("power of a unit", '"1.48 um"', '"1 um^9999999999"', "geometry.opening.width", "exponent"),
    ("comma", '"1.48 um"', '"1,48 um"', "geometry.opening.width", "one finite number"),
    ("empty value", '"1.48 um"', '""', "geometry.opening.width", "not an empty text"),
    ("words", '"1.48 um"', '"a little"', "geometry.opening.width", "one finite number"),
    ("code", '"1.48 um"', "\"__import__('os').system('true') um\"", "geometry.opening.width",
     "one finite number"),
    ("environment variable", '"1.48 um"', '"$HOME um"', "geometry.opening.width", "one finite"),
    ("home folder", '"750 um"', '"~"', "geometry.above[0].thickness", "one finite number"),
    ("open bracket", '"5e-9 S/cm"', '"5e-9 S/(cm"', "regions.film.conductivity", "bracket"),
    ("endless text", '"1.48 um"', f'"1.48 {"u" * 1000}"', "geometry.opening.width", "200"),
    # where values come from
    ("unknown role", 'role = "paper"', 'role = "papers"', "regions.electrolyte.conductivity.role",
     "nearest: paper"),
    ("literature without confidence", 'role = "paper"', 'role = "literature"',
     "regions.electrolyte.conductivity.confidence", "beside role"),
    ("assumed without range", KAPPA, 'conductivity = { value = "2.5 mS/cm", role = "assumed" }',
     "regions.electrolyte.conductivity.range", "beside role"),
    ("calibrated without datum", 'role = "paper"', 'role = "calibrated"',
     "regions.electrolyte.conductivity.datum", "beside role"),
    ("value outside its range", '"1 um", "100 um"', '"20 um", "100 um"', "geometry.width",
     "inside its range"),
    ("range upside down", '"1 um", "100 um"', '"100 um", "1 um"', "geometry.width", "range"),
    ("range in another unit", '"1 um", "100 um"', '"1 V", "100 V"', "geometry.width", "dimension"),
    ("range of three", '"1 um", "100 um"', '"1 um", "5 um", "100 um"', "geometry.width.range",
     "two values"),
    # geometry
    ("unknown shape", '"strip"', '"stripe"', "geometry.shape", "nearest: strip"),
    ("unknown opening", '"slit"', '"slot"', "geometry.opening.kind", "nearest: slit"),
    ("unknown film model", 'model = "layer"', 'model = "layers"', "geometry.film.model",
     "nearest: layer"),
    ("slit with a radius", '"1.48 um"', '"1.48 um", radius = "1 um"', "geometry.opening.radius",
     "one of the keys"),
    ("two sizes of a slit", '"1.48 um"', '"1.48 um", area_fraction = "3 %"', "geometry.opening",
     "exactly one of width, area_fraction"),
    ("no size of a slit", SLIT, 'opening = { kind = "slit" }', "geometry.opening", "exactly one"),
    ("slit wider than the cell", '"1.48 um"', '"14.8 um"', "geometry.opening.width",
     "less than the width of the cell"),
    ("all open", SLIT, 'opening = { kind = "slit", area_fraction = "100 %" }',
     "geometry.opening.area_fraction", "below 100 %"),
    ("round hole in a strip", SLIT, 'opening = { kind = "round", radius = "1 um" }',
     "geometry.opening.kind", "one of none, slit in shape strip"),
    ("film thicker than the stack", '"50 nm"', '"800 um"', "geometry.film.thickness", "stack"),
    ("film too thin to mesh", '"50 nm"', '"1e-9 nm"', "geometry.film.thickness", "resolved"),
    ("layer with a path as name", 'name = "electrolyte"', 'name = "../../etc"',
     "geometry.above[0].name", "a letter"),
    # laws and names
    ("no law", FILM_LAW, "", "regions.film", "a law for this region"),
    ("unknown law", 'law = "ionic_conductor"\nconductivity = "5',
     'law = "ionic"\nconductivity = "5', "regions.film.law", "ionic_conductor, binary"),
    ("no name of a law", 'law = "ionic_conductor"\nconductivity = "5', 'conductivity = "5',
     "regions.film.law", "one of ionic_conductor"),
    ("unknown region", FILM_LAW, FILM_LAW + '[regions.flim]\nlaw = "insulator"\n', "regions.flim",
     "nearest: film"),
    ("unknown boundary", TOP, TOP + '[boundaries.bottm]\nlaw = "insulated"\n', "boundaries.bottm",
     "a boundary that the geometry has: film_face, window, top"),
    ("unknown interface", '"film|electrolyte"', '"electrolyte|film"',
     'interfaces."electrolyte|film"', "nearest: film|electrolyte"),
    ("two conditions", 'potential = "1 V"', 'potential = "1 V"\ncurrent = "1 A/m"',
     "boundaries.top", "exactly one of potential, current"),
    ("no condition", 'law = "electrode"\npotential = "1 V"', 'law = "electrode"',
     "boundaries.top", "exactly one of potential, current"),
    ("whole current in a plane cell", 'potential = "1 V"', 'current = "1 mA"',
     "boundaries.top.current", "current per length"),
    ("nothing drives", '"1 V"', '"0 V"', "boundaries", "two different potentials"),
    ("half space behind a strip", 'law = "electrode"\npotential = "1 V"', 'law = "half_space"',
     "boundaries.top.law", "half_space only on far"),
    ("insulating conductor", 'law = "resistive"', 'law = "insulating"',
     'interfaces."film|electrolyte".area_specific_resistance', "one of the keys law"),
    # numerics and output
    ("accuracy zero", 'accuracy = "0.1 %"', "accuracy = 0", "numerics.accuracy", "above zero"),
    ("accuracy beyond reach", 'accuracy = "0.1 %"', "accuracy = 1e-12", "numerics.accuracy",
     "from 1e-08 to 0.5"),
    ("accuracy of 70 %", 'accuracy = "0.1 %"', 'accuracy = "70 %"', "numerics.accuracy", "0.5"),
    ("edges larger than the film", '"20 nm"', '"100 nm"', "numerics.edge_size", "resolve"),
    ("edge above the maximum", 'maximum_size = "1 um"', 'maximum_size = "10 nm"',
     "numerics.maximum_size", "not less than edge_size"),
    ("edges below all bounds", '"20 nm"', '"1e-12 um"', "numerics.edge_size", "1e-9"),
    ("unknown refinement", '"adaptive"', '"adaptative"', "numerics.refinement",
     "nearest: adaptive"),
    ("unknown format", '"vtu", "vtx"', '"vtu", "vtk"', "output.fields[1]", "vtu, vtx"),
    ("PETSc option with a dash", 'ksp_rtol = "1e-10"', '-ksp_rtol = "1e-10"',
     "numerics.petsc_options.-ksp_rtol", "nearest: ksp_rtol"),
    ("PETSc runs a program", PETSC, 'on_error_attach_debugger = "sh"',
     "numerics.petsc_options.on_error_attach_debugger", "begins with ksp_"),
    ("PETSc reads a file", PETSC, 'options_file = "x"', "numerics.petsc_options.options_file",
     "begins with ksp_"),
    ("PETSc writes a file", 'ksp_view = ""', 'ksp_view = ":/tmp/x"',
     "numerics.petsc_options.ksp_view", "a plain word"),
    ("PETSc writes into this folder", 'ksp_view = ""', 'ksp_view_mat = "binary"',
     "numerics.petsc_options.ksp_view_mat", "screen"),
    ("PETSc writes how it ended", 'ksp_view = ""', 'ksp_converged_reason = "binary"',
     "numerics.petsc_options.ksp_converged_reason", "screen"),
    ("PETSc opens a socket", 'ksp_view = ""', 'ksp_error_if_not_converged = "socket"',
     "numerics.petsc_options.ksp_error_if_not_converged", "screen"),
    ("cells without number", 'edge_size = "20 nm"\nmaximum_size = "1 um"',
     'maximum_size = "0.01 nm"', "numerics.maximum_size", "cells, at most"),
    ("PETSc value is a number", '"1e-10"', "1e-10", "numerics.petsc_options.ksp_rtol", "a text"),
    # comparison
    ("three sides", "sides = 1", "sides = 3", "specimens[0].sides", "one of 1, 2"),
    ("sample without size", 'diameter = "13 mm"\n', "", "specimens[0]", "diameter, area"),
    ("unknown quantity", 'quantity = "area_specific_resistance"',
     'quantity = "area_specific_resistence"', "references[0].quantity",
     "nearest: area_specific_resistance"),
    ("reference in another unit", '"30 ohm cm^2"', '"30 ohm"', "references[0].value", "dimension"),
    ("reference without grade", 'grade = "P"\n', "", "references[0].grade", "P, R, C, N or E"),
    ("reference without tolerance", 'tolerance = "5 %"\n', "", "references[0].tolerance",
     "beside relation"),
    ("unknown grade", 'grade = "P"', 'grade = "A"', "references[0].grade", "P, R, C, N"),
    ("calibration of nothing", "boundaries.window.area_specific_resistance",
     "boundaries.windw.area_specific_resistance", "calibrate.parameter",
     "nearest: boundaries.window.area_specific_resistance"),
    ("calibration of the mesh", "boundaries.window.area_specific_resistance", "geometry.width",
     "calibrate.parameter", "a conductivity or area_specific_resistance"),
    ("bracket upside down", '"0.01 ohm cm^2", "10 ohm cm^2"', '"10 ohm cm^2", "0.01 ohm cm^2"',
     "calibrate.bracket", "a first value below the second"),
    ("bracket of zero", '"0.01 ohm cm^2", "10', '"0 ohm cm^2", "10', "calibrate.bracket[0]",
     "above zero"),
    ("target in another unit", '"9.42 ohm cm^2"', '"9.42 V"', "calibrate.target", "dimension"),
    # variants and bases
    ("variant that changes nothing", VARIANT, 'geometry.opening.width = "1.48 um"',
     "variants.half", "a change of at least one value"),
    ("variant with an unknown key", VARIANT, 'geometry.width_ = "5 um"',
     "variants.half.geometry.width_", "nearest: width"),
    ("variant that is impossible", VARIANT, 'geometry.opening.width = "50 um"',
     "variants.half.geometry.opening.width", "less than the width of the cell"),
    ("variant of a variant", VARIANT, 'variants.x.title = "x"', "variants.half.variants",
     "no such key in a variant"),
    ("variant with a path as name", "[variants.half]", '[variants."../x"]', 'variants."../x"',
     "a letter"),
    ("variant that is a number", f"[variants.half]\n{VARIANT}", "[variants]\nhalf = 1",
     "variants.half", "a table"),
    ("base in another folder", 'paper = "none"', 'base = "../x.toml"', "base", 'without ".."'),
    ("absolute base", 'paper = "none"', 'base = "/etc/passwd"', "base", "relative"),
    ("base that isn't there", 'paper = "none"', 'base = "nothing.toml"', "base", "exists"),
    ("base from the net", 'paper = "none"', 'base = "https://x.example/y.toml"', "base", "exists"),
    ("base that is a number", 'paper = "none"', "base = 5", "base", "name of a file"),
    ("base that is this case", 'paper = "none"', 'base = "case.toml"', "base", "lead back"),
    # a balance beside a geometry, a mesh beside a shape
    ("neither geometry nor balance", GOOD[GOOD.index("[geometry]") :], "", "geometry", "[balance]"),
]  # fmt: skip


def run_case(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> tuple[int, list[str]]:
    """Runs a case; the exit status and the lines on stderr without the path of the case."""
    case, out = tmp_path / "case.toml", tmp_path / "out"
    case.write_text(text, encoding="utf-8")
    status = main(["run", str(case), "--out", str(out)])
    printed = capsys.readouterr()
    assert printed.out == ""
    assert not out.exists()
    lines = printed.err.splitlines()
    assert all(line.startswith(f"{case}: ") for line in lines)
    return status, [line.removeprefix(f"{case}: ") for line in lines]


@pytest.mark.parametrize(
    ("old", "new", "key", "words"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG]
)
def test_one_wrong_thing_gives_one_message_at_its_key(tmp_path, capsys, old, new, key, words):
    assert GOOD.count(old) == 1, "the text to change must be there, once"
    status, lines = run_case(tmp_path, GOOD.replace(old, new), capsys)
    assert status == 2
    assert len(lines) == 1, lines
    assert lines[0].startswith((f"{key} = ", f"{key}: "))
    assert "expected" in lines[0] and words in lines[0]


def test_the_good_case_is_good(capsys):
    assert main(["check", str(BAD_CASES / "_good.toml")]) == 0
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("1 case(s) ok\n", "")


# what is wrong, changes of the good case, keys that are named in any order
SEVERAL = [
    ("everything that can be checked together", [
        (WIDTH, 'width = "10 V"'),
        ('"50 nm"', '"-50 nm"'),
        ("paper =", "papre ="),
        (FILM_LAW, ""),
        ("[boundaries.top]", "[boundaries.tpo]"),
        ('potential = "0 mV"', 'potential = "0 mV"\ncurrent = "1 A/m"'),
        ('accuracy = "0.1 %"', 'accuracy = "70 %"'),
        ("sides = 1", "sides = 3"),
    ], ["papre", "geometry.width", "geometry.film.thickness", "regions.film", "boundaries.tpo",
        "boundaries.film_face", "numerics.accuracy", "specimens[0].sides"]),
    ("a thin film and an impossible slit", [
        ('"20 nm"', '"100 nm"'), ('"1.48 um"', '"20 um"'), ("[regions.film]", "[regions.flim]"),
    ], ["geometry.opening.width", "numerics.edge_size", "regions.film", "regions.flim"]),
    ("a slit in a cell of unknown width", [
        (WIDTH, 'width = "50 V"'), ('"1.48 um"', '"14 um"'),
    ], ["geometry.width"]),
    ("elements in a film of unknown thickness", [
        ('"50 nm"', '"-50 nm"'), ('"20 nm"', '"2 um"'), ('_size = "1 um"', '_size = "3 um"'),
    ], ["geometry.film.thickness"]),
    ("a film that isn't there but has laws", [(FILM, "")], [
        "geometry.film"]),
    ("a layer called film", [('name = "electrolyte"', 'name = "film"')],
     ["geometry.above[0].name"]),
    ("one electrode", [(TOP, "")], ["boundaries"]),
    ("electrodes without potential", [
        ('potential = "1 V"', 'current = "1 A/m"'), ('potential = "0 V"', 'current = "-1 A/m"'),
        ('potential = "0 mV"', 'current = "0 A/m"'),
    ], ["boundaries"]),
    ("only insulators", [
        ('law = "ionic_conductor"\n' + KAPPA, 'law = "insulator"'),
        (FILM_LAW, '[regions.film]\nlaw = "insulator"'), (VARIANT, 'title = "another"'),
        (JUMP, ""),
    ], ["regions", "boundaries.window", "boundaries.film_face", "boundaries.film_wall",
        "boundaries.top"]),
    ("PETSc loads code", [
        (PETSC, 'pc_type = "python", pc_python_type = "x.Y"'),
    ], ["numerics.petsc_options.pc_type", "numerics.petsc_options.pc_python_type"]),
    ("shape and mesh file", [
        ('shape = "strip"', 'shape = "strip"\nmesh_file = "m.msh"'),
    ], ["geometry"]),
    ("two wrong references of three", [
        ('quantity = "rms_factor"', 'quantity = "rms"'), ('grade = "P"', 'grade = "Q"'),
    ], ["references[0].grade", "references[1].quantity"]),
    ("two samples of one name", [
        ("sides = 1", 'sides = 1\n[[specimens]]\nname = "die"\narea = "1 cm^2"\nsides = 2'),
    ], ["specimens[1].name"]),
    ("fault of the case and of its variant", [
        ('"750 um"', '"750 V"'), (VARIANT, 'geometry.opening.width = "5 V"'),
    ], ["geometry.above[0].thickness", "variants.half.geometry.opening.width"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "keys"), [row[1:] for row in SEVERAL], ids=[row[0] for row in SEVERAL]
)
def test_all_faults_are_told_at_once(tmp_path, capsys, changes, keys):
    text = GOOD
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    status, lines = run_case(tmp_path, text, capsys)
    assert status == 2
    assert sorted(line.split(": ")[0].split(" = ")[0] for line in lines) == sorted(keys)
