"""Cases in which no current flows, or another than is meant, are refused by `check`."""

import pytest

from tests.unit.case_checking import checked

CONDUCTOR = 'law = "ionic_conductor"\nconductivity = "1 S/m"\n'


def electrode(name, potential, more=""):
    return f'[boundaries.{name}]\nlaw = "electrode"\npotential = "{potential}"\n{more}'


ENDS = electrode("window", "0 V") + electrode("top", "1 V")
RESISTANCE = 'area_specific_resistance = "1 ohm cm^2"\n'


def film(model="layer", law=CONDUCTOR, opening='kind = "slit", width = "1 um"', filling="metal"):
    """A film with a slit below one conductor."""
    filled = f'filling = "{filling}"\n' if filling else ""
    return f"""title = "film"
[geometry]
shape = "strip"
width = "10 um"
film = {{ thickness = "100 nm", model = "{model}" }}
opening = {{ {opening} }}
{filled}above = [{{ name = "electrolyte", thickness = "50 um" }}]
[regions.electrolyte]
{CONDUCTOR}
[regions.film]
{law}
"""


def stack(middle, between=""):
    """Three layers with contacts at both ends."""
    return f"""title = "stack"
[geometry]
shape = "strip"
width = "10 um"
above = [
  {{ name = "lower", thickness = "5 um" }},
  {{ name = "middle", thickness = "5 um" }},
  {{ name = "upper", thickness = "5 um" }},
]
[regions.lower]
{CONDUCTOR}
[regions.middle]
{middle}
[regions.upper]
{CONDUCTOR}
{between}
{electrode("bottom", "0 V")}{electrode("top", "1 V")}
"""


NAKED = 'law = "insulator"\n'
FACES = electrode("film_face", "0 V") + electrode("film_wall", "0 V")
METAL = 'law = "equipotential"\n'
INSULATED = '[boundaries.film_face]\nlaw = "insulated"\n[boundaries.film_wall]\nlaw = "insulated"\n'
BETWEEN = '[interfaces."lower|middle"]\nlaw = "insulating"\n'

# what is wrong, the case, key that is named, words of the message
WRONG = [
    ("a metal layer without condition", stack(METAL), "boundaries.middle_surface",
     'or with current = "0 A" if it floats'),
    ("an electrode in a plane of symmetry", film() + ENDS + FACES + electrode("sides", "0 V"),
     "boundaries.sides.law", "planes of symmetry"),
    ("a film that silently loses its lithium", film() + ENDS + electrode("film_wall", "0 V"),
     "boundaries.film_face", "electrode; or insulated"),
    ("lithium beside a film, not told", film() + ENDS + electrode("film_face", "0 V"),
     "boundaries.film_wall", "electrode; or insulated"),
    ("filling of an interface", film("interface", NAKED) + ENDS, "geometry.filling",
     "no filling without an opening"),
    ("filling of an intact film",
     film(opening='kind = "none"') + electrode("film_face", "0 V") + electrode("top", "1 V"),
     "geometry.filling", "no filling without an opening"),
    ("an insulator across the stack", stack(NAKED), "boundaries",
     "a conductor that joins two of them"),
    ("an insulating interface across the stack", stack(CONDUCTOR, BETWEEN), "boundaries",
     "a conductor that joins two of them"),
    ("two potentials on touching faces",
     film() + ENDS + electrode("film_face", "0 V") + electrode("film_wall", "0.5 V"),
     "boundaries.film_wall.potential", "which it touches"),
    ("an interface the other way round",
     stack(CONDUCTOR, '[interfaces."middle|lower"]\nlaw = "bonded"\n'),
     'interfaces."middle|lower"', "nearest: lower|middle"),
]  # fmt: skip
RIGHT = {
    "metal with a condition": stack(METAL) + electrode("middle_surface", "0.5 V"),
    "floating metal": stack(METAL)
    + '[boundaries.middle_surface]\nlaw = "electrode"\ncurrent = "0 A/m"\n',
    "insulated on purpose": film() + ENDS + INSULATED,
    "touching faces with a resistance": film() + ENDS + electrode("film_face", "0 V")
    + electrode("film_wall", "0.5 V", RESISTANCE),
    "an opening in an insulator": film("interface", NAKED, filling="") + ENDS,
    "an insulating film, current through its filling": film(law=NAKED, filling="electrolyte")
    + f"[regions.filling]\n{CONDUCTOR}" + ENDS,
    "a resistive interface": stack(CONDUCTOR, BETWEEN.replace("insulating", "bonded")),
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "key", "words"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG]
)
def test_a_current_that_cannot_be_meant_is_refused(text, key, words, tmp_path, capsys):
    status, lines = checked(text, tmp_path, capsys)
    assert status == 2
    assert len(lines) == 1, lines
    assert lines[0].startswith((f"{key} = ", f"{key}: "))
    assert "expected" in lines[0] and words in lines[0]


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT.keys())
def test_what_can_be_meant_is_not_refused(text, tmp_path, capsys):
    assert checked(text, tmp_path, capsys) == (0, [])
