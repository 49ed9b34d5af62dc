"""What a case file becomes: numbers, bases, variants, sources, and the way back to a file."""

import dataclasses
import math
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshes.geometry import Cell, Cross, Film, MeshFile, Round, Slit, TwoDiscs
from meshes.layers import Layer
from meshes.micro import Rough
from solver.case import CaseError, load_case, with_value
from solver.resolved import resolved_toml
from solver.schema import (
    Bonded,
    Calibration,
    Case,
    Electrode,
    Equipotential,
    HalfSpace,
    Insulated,
    Insulating,
    Insulator,
    IonicConductor,
    Numerics,
    Output,
    Reference,
    Resistive,
    Specimen,
)

TOP = Path(__file__).parent.parent.parent
GOOD_FILE = TOP / "tests" / "bad_cases" / "_good.toml"
GOOD = GOOD_FILE.read_text(encoding="utf-8")
CASES = sorted(path for path in TOP.glob("cases/**/*.toml") if not path.name.startswith("_"))


def case_of(tmp_path: Path, text: str) -> Case:
    path = tmp_path / "case.toml"
    path.write_text(text, encoding="utf-8")
    return load_case(path)


def keys_at_fault(path: Path) -> list[str]:
    with pytest.raises(CaseError) as caught:
        load_case(path)
    return [fault.key for fault in caught.value.faults]


# 1 mS/cm = 1e5 pA/(V um), 1 ohm cm^2 = 1e-4 V um^2/pA, pi/4 13 mm^2 = 1.3273e8 um^2
def test_all_parts_in_working_units():
    case = load_case(GOOD_FILE)
    assert case.geometry == Cell(
        shape="strip",
        width=10.0,
        film=Film(0.05, "layer"),
        opening=Slit(1.48),
        filling="metal",
        above=(Layer("electrolyte", 750.0),),
        below=(),
        resolved_height=None,
    )
    assert case.regions == {
        "electrolyte": IonicConductor(2.5e5),
        "film": IonicConductor(0.5),
    }
    assert case.boundaries == {
        "window": Electrode(0.0, None, None, 1.2e-4),
        "film_face": Electrode(0.0, None, None, 0.0),
        "film_wall": Insulated(),
        "top": Electrode(1.0, None, None, 0.0),
    }
    assert case.interfaces == {"film|electrolyte": Resistive(1e-4)}
    options = {"ksp_rtol": "1e-10", "pc_type": "gamg", "ksp_view": ""}
    assert case.numerics == Numerics(1e-3, "adaptive", 1000000, 0.02, 1.0, None, options)
    assert case.output == Output(("vtu", "vtx"), False)
    assert case.specimens == (Specimen("die", math.pi / 4.0 * 13000.0**2, 1),)
    assert case.references == (
        Reference("area_specific_resistance", 3e-3, "ohm cm^2", "a table", "P", 0.05, "equal",
                  False, ""),
        Reference("rms_factor", "unbounded", "", "theory", "", None, "equal", True, ""),
    )  # fmt: skip
    parameter = "boundaries.window.area_specific_resistance"
    assert case.calibrate == Calibration(
        parameter,
        (1e-6, 1e-3),
        "interface_area_specific_resistance",
        9.42e-4,
        "ohm cm^2",
        "a table",
    )
    assert case.sources == (("_good.toml", GOOD.encode()),)


def test_where_values_come_from():
    inputs = {item.key: item for item in load_case(GOOD_FILE).inputs}
    width = inputs["geometry.width"]
    assert (width.text, width.source, width.role) == ("10 um", "a guess", "assumed")
    assert width.range == ("1 um", "100 um")
    assert inputs["regions.film.conductivity"].source == ""
    assert 'interfaces."film|electrolyte".area_specific_resistance' in inputs
    assert "specimens[0].diameter" in inputs
    assert not any(key.startswith(("numerics", "references")) for key in inputs)


def test_numerics_and_output_have_defaults_and_physics_has_none(tmp_path):
    text = GOOD[: GOOD.index("[numerics]")]
    case = case_of(tmp_path, text)
    assert (
        case.numerics == Numerics() == Numerics(1e-3, "adaptive", 2_000_000, None, None, None, {})
    )
    assert case.output == Output() == Output(("vtu",), True)
    assert (case.specimens, case.references, case.calibrate) == ((), (), None)


# f of the cell's area is open: f w (slit), pi r^2 = f A (round), gap = w (1 - sqrt(1 - f)) (cross)
FRACTIONS = [
    ("strip", "slit", Slit(2.5)),
    ("tube", "round", Round(2.5)),
    ("round", "round", Round(2.5)),
    ("square", "round", Round(10.0 * math.sqrt(0.25 / math.pi))),
    ("square", "slit", Slit(2.5)),
    ("square", "cross", Cross(10.0 * (1.0 - math.sqrt(0.75)))),
    ("hexagon", "cross", Cross(10.0 * (1.0 - math.sqrt(0.75)))),
    ("hexagon", "round", Round(10.0 * math.sqrt(0.25 * math.sqrt(3.0) / 2.0 / math.pi))),
]


@pytest.mark.parametrize(("shape", "kind", "opening"), FRACTIONS)
def test_an_open_fraction_becomes_a_size(tmp_path, shape, kind, opening):
    text = GOOD[: GOOD.index("[numerics]")].replace('"strip"', f'"{shape}"')
    text = text.replace('"slit", width = "1.48 um"', f'"{kind}", area_fraction = "25 %"')
    found = case_of(tmp_path, text).geometry.opening
    assert type(found) is type(opening)
    assert dataclasses.astuple(found) == pytest.approx(dataclasses.astuple(opening), rel=1e-14)


LAWS = """
title = "Two discs"
[geometry]
shape = "half_space_3d"
width = "40 um"
film = { thickness = "0 um", model = "interface" }
opening = { kind = "two_discs", radius = "1 um", distance = "3 um" }
above = [{ name = "inner", thickness = "5 um" }, { name = "outer", thickness = "infinite" }]
[regions]
film = { law = "insulator" }
inner = { law = "ionic_conductor", conductivity = "1 S/m" }
outer = { law = "ionic_conductor", conductivity = "2 S/m" }
[boundaries]
window = { law = "electrode", current = "1 nA" }
far = { law = "half_space" }
film_face = { law = "insulated" }
[interfaces]
"inner|outer" = { law = "bonded" }
"""


def test_half_space(tmp_path):
    case = case_of(tmp_path, LAWS)
    assert case.geometry.opening == TwoDiscs(1.0, 3.0)
    assert case.geometry.above[1] == Layer("outer", math.inf)
    assert case.geometry.filling == "metal"
    assert case.regions["film"] == Insulator()
    assert case.boundaries == {
        "window": Electrode(None, 1000.0, None, 0.0),
        "far": HalfSpace(),
        "film_face": Insulated(),
    }
    assert case.interfaces == {"inner|outer": Bonded()}
    insulating = LAWS.replace('"bonded"', '"insulating"')
    assert case_of(tmp_path, insulating).interfaces == {"inner|outer": Insulating()}


def test_infinite_only_in_a_half_space(tmp_path):
    path = tmp_path / "case.toml"
    path.write_text(GOOD.replace('"750 um"', '"infinite"'), encoding="utf-8")
    assert keys_at_fault(path) == ["geometry.above[0].thickness"]


def test_a_metal_on_top_and_a_mean_current_density(tmp_path):
    layer = '{ name = "electrolyte", thickness = "750 um" }'
    text = GOOD.replace(layer, layer + ', { name = "li", thickness = "1 um" }')
    text = text.replace("[regions.film]", '[regions.li]\nlaw = "equipotential"\n[regions.film]')
    text = text.replace("[boundaries.top]", "[boundaries.li_surface]")
    text = text.replace('potential = "1 V"', 'current_density = "1 mA/cm^2"')
    case = case_of(tmp_path, text)
    assert case.regions["li"] == Equipotential()
    assert case.boundaries["li_surface"] == Electrode(None, None, 10.0, 0.0)


# --- bases and variants


def write(folder: Path, **files: str) -> Path:
    """Writes files and returns the one called `case`."""
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder / "case.toml"


def test_a_base_is_changed_only_where_the_case_says_so(tmp_path):
    change = 'base = "middle.toml"\ntitle = "changed"\n[geometry]\nwidth = "20 um"\n'
    middle = 'base = "other.toml"\n[regions.film]\nconductivity = "1e-9 S/cm"\n'
    case = load_case(write(tmp_path, case=change, middle=middle, other=GOOD))
    good = load_case(GOOD_FILE)
    assert case.title == "changed"
    assert case.geometry == dataclasses.replace(good.geometry, width=20.0)
    assert case.regions == good.regions | {"film": IonicConductor(0.1)}
    assert case.boundaries == good.boundaries
    assert case.references == good.references
    assert case.variants == {}, "variants belong to the file that names them"
    assert [name for name, _ in case.sources] == ["case.toml", "middle.toml", "other.toml"]


@pytest.mark.parametrize(
    ("value", "source"),
    [('"3 mS/cm"', ""), ('{ value = "3 mS/cm", source = "another" }', "another")],
)
def test_a_value_replaces_the_source_of_the_old_one(tmp_path, value, source):
    change = f'base = "other.toml"\n[regions.electrolyte]\nconductivity = {value}\n'
    case = load_case(write(tmp_path, case=change, other=GOOD))
    item = next(i for i in case.inputs if i.key == "regions.electrolyte.conductivity")
    assert (item.text, item.source, item.role) == ("3 mS/cm", source, "")


@pytest.mark.parametrize(
    ("change", "opening"),
    [
        ('opening.width = "2 um"', Slit(2.0)),
        ('opening.area_fraction = "5 %"', Slit(0.5)),
    ],
)
def test_another_size_takes_the_place_of_the_old_one(tmp_path, change, opening):
    text = f'base = "other.toml"\n[geometry]\n{change}\n'
    assert load_case(write(tmp_path, case=text, other=GOOD)).geometry.opening == opening


@pytest.mark.parametrize(
    ("change", "top"),
    [
        ('current = "1 A/m"', Electrode(None, 1e6, None, 0.0)),
        ('current_density = "1 mA/cm^2"', Electrode(None, None, 10.0, 0.0)),
        ('area_specific_resistance = "1 ohm cm^2"', Electrode(1.0, None, None, 1e-4)),
        ('law = "insulated"', None),
    ],
)
def test_another_condition_takes_the_place_of_the_old_one(tmp_path, change, top):
    path = write(tmp_path, case=f'base = "other.toml"\n[boundaries.top]\n{change}\n', other=GOOD)
    if top is None:  # an insulated top leaves both electrodes at one potential
        assert keys_at_fault(path) == ["boundaries"]
    else:
        assert load_case(path).boundaries["top"] == top


def test_variants_are_complete_cases(tmp_path):
    text = GOOD + 'title = "Half open"\nreferences = []\n[variants."0.5"]\nregions.film.law = '
    case = case_of(tmp_path, text + '"ionic_conductor"\nregions.film.conductivity = "1e-9 S/cm"\n')
    half, other = case.variants["half"], case.variants["0.5"]
    plain = dataclasses.replace(case, variants={})
    assert half.geometry == dataclasses.replace(case.geometry, opening=Slit(5.0))
    assert (half.title, half.references) == ("Half open", ())
    assert other.regions == case.regions | {"film": IonicConductor(0.1)}
    assert dataclasses.replace(other, regions=plain.regions, inputs=plain.inputs) == plain


def test_faults_name_the_file_of_the_chain_that_has_the_key(tmp_path):
    other = GOOD.replace('"1.48 um"', '"1.48 V"')
    change = 'base = "other.toml"\n[numerics]\naccuracy = "70 %"\nmax_dof = 5\n'
    path = write(tmp_path, case=change, other=other)
    with pytest.raises(CaseError) as caught:
        load_case(path)
    found = {fault.key: Path(fault.file).name for fault in caught.value.faults}
    assert found == {
        "geometry.opening.width": "other.toml",
        "numerics.accuracy": "case.toml",
        "numerics.max_dof": "case.toml",
    }


def test_bases_must_not_go_round(tmp_path):
    path = write(tmp_path, case='base = "other.toml"', other='base = "case.toml"')
    assert keys_at_fault(path) == ["base"]


def test_a_chain_of_bases_ends(tmp_path):
    files = {f"b{n}": f'base = "b{n + 1}.toml"' for n in range(20)}
    path = write(tmp_path, case='base = "b0.toml"', **files)
    with pytest.raises(CaseError, match="at most 7 bases"):
        load_case(path)


# --- the way back


def equal_again(case: Case, folder: Path) -> None:
    """Writes the case without variants, reads it, and compares."""
    path = folder / "again.toml"
    path.write_text(resolved_toml(case), encoding="utf-8")
    again = load_case(path)
    assert again == dataclasses.replace(case, variants={}, path=path)
    assert resolved_toml(again) == resolved_toml(case)


@pytest.mark.parametrize("path", CASES, ids=lambda path: str(path.relative_to(TOP / "cases")))
def test_a_resolved_case_of_the_repository_reads_back_equal(path, tmp_path):
    case = load_case(path)
    for each in (case, *case.variants.values()):
        if isinstance(each.geometry, MeshFile):  # the mesh lies beside the case
            mesh = shutil.copy(each.geometry.path, tmp_path)
            geometry = dataclasses.replace(each.geometry, path=str(mesh))
            each = dataclasses.replace(each, geometry=geometry, path=tmp_path / "case.toml")
        elif isinstance(each.geometry, Rough):  # so do maps of heights
            each = with_maps_beside(each, each.geometry, tmp_path)
        equal_again(each, tmp_path)


def with_maps_beside(case: Case, rough: Rough, folder: Path) -> Case:
    """The case with its maps of heights in another folder."""
    faces = tuple(
        dataclasses.replace(face, file=str(shutil.copy(face.file, folder))) if face.file else face
        for face in rough.faces
    )
    geometry = dataclasses.replace(rough, faces=faces)
    return dataclasses.replace(case, geometry=geometry, path=folder / "case.toml")


def test_resolved_cases_read_back_equal(tmp_path):
    half_space = case_of(tmp_path, LAWS)
    equal_again(half_space, tmp_path)
    good = load_case(GOOD_FILE)
    equal_again(good, tmp_path)
    equal_again(good.variants["half"], tmp_path)


def test_resolved_has_every_value_in_force(tmp_path):
    text = resolved_toml(case_of(tmp_path, LAWS))
    assert "accuracy = 0.001" in text and "max_dofs = 2000000" in text
    assert 'area_specific_resistance = "0 ohm cm^2"' in text
    assert "filling" not in text  # what fills an opening that the film doesn't have


words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=60)


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(
    width=st.floats(min_value=1.0, max_value=1e3),
    open_share=st.floats(min_value=1e-3, max_value=0.999),
    conductivity=st.floats(min_value=1e-12, max_value=1e3),
    unit=st.sampled_from(["S/cm", "mS/cm", "S/m", "pA/(V um)", "S/inch"]),
    potential=st.floats(min_value=1e-6, max_value=1e6),
    resistance=st.floats(min_value=0.0, max_value=1e6).filter(lambda x: x == 0 or x > 1e-100),
    title=words,
    source=words,
    tolerance=st.floats(min_value=1e-12, max_value=1.0),
    reference=st.floats(min_value=-1e6, max_value=1e6).filter(lambda x: x == 0 or abs(x) > 1e-100),
)
def test_any_case_reads_back_equal(
    tmp_path_factory, width, open_share, conductivity, unit, potential, resistance, title, source,
    tolerance, reference,
):  # fmt: skip
    def escaped(value: str) -> str:
        return "".join(c if c.isalnum() and c.isascii() else f"\\U{ord(c):08x}" for c in value)

    folder = tmp_path_factory.mktemp("again")
    case = case_of(
        folder,
        f"""
title = "{escaped(title)}"
question = "{escaped(source)}"
[geometry]
shape = "strip"
width = {{ value = "{width!r} um", source = "{escaped(source)}", role = "paper" }}
film = {{ thickness = "50 nm", model = "interface" }}
opening = {{ kind = "slit", width = "{width * open_share!r} um" }}
above = [{{ name = "electrolyte", thickness = "75 cm" }}]
[regions]
film = {{ law = "insulator" }}
electrolyte = {{ law = "ionic_conductor", conductivity = "{conductivity!r} {unit}" }}
[boundaries.window]
law = "electrode"
potential = "0 V"
area_specific_resistance = "{resistance!r} ohm inch^2"
[boundaries]
top = {{ law = "electrode", potential = "{potential!r} mV" }}
[[references]]
quantity = "area_specific_resistance"
value = "{reference!r} ohm inch^2"
source = "{escaped(source)}"
grade = "C"
tolerance = {tolerance!r}
""",
    )
    equal_again(case, folder)
    changed = with_value(case, "boundaries.window.area_specific_resistance", 0.1 + 0.2)
    path = folder / "changed.toml"
    path.write_text(resolved_toml(changed), encoding="utf-8")
    assert load_case(path).boundaries == changed.boundaries


def test_a_value_of_a_case_can_be_changed():
    case = load_case(GOOD_FILE)
    changed = with_value(case, "regions.film.conductivity", 7.0)
    assert changed.regions == case.regions | {"film": IonicConductor(7.0)}
    key = 'interfaces."film|electrolyte".area_specific_resistance'
    assert with_value(case, key, 7.0).interfaces == {"film|electrolyte": Resistive(7.0)}
    changed = with_value(case, "boundaries.top.area_specific_resistance", 7.0)
    assert changed.boundaries["top"] == Electrode(1.0, None, None, 7.0)
    with pytest.raises(KeyError):
        with_value(case, "geometry.width", 7.0)


# --- sources are required


def test_sources_can_be_required(tmp_path):
    with pytest.raises(CaseError) as caught:
        load_case(GOOD_FILE, require_provenance=True)
    keys = [fault.key for fault in caught.value.faults]
    assert "regions.film.conductivity" in keys and "boundaries.top.potential" in keys
    assert "geometry.width" not in keys and "numerics.edge_size" not in keys
    folder = tmp_path / "verification"
    folder.mkdir()
    sourced = LAWS
    for value in ('"40 um"', '"0 um"', '"1 um"', '"3 um"', '"5 um"', '"infinite"', '"1 S/m"',
                  '"2 S/m"', '"1 nA"'):  # fmt: skip
        table = f'{{ value = {value}, source = "here", role = "definition" }}'
        sourced = sourced.replace(f" = {value}", f" = {table}")
    for place, faults in ((folder, 0), (tmp_path, 8)):
        path = write(place, case=sourced)
        try:
            load_case(path, require_provenance=True)
            found = 0
        except CaseError as error:
            found = len(error.faults)
        assert found == faults, "a definition is enough for verification, or for what drives"
