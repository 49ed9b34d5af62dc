"""The form of a case file: strict tables, every physical value a text with its unit.

Only forms and dimensions are checked here, the rest in `checks`. The JSON schema is made from this.
"""

from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from solver.balance import BalanceSpec
from solver.contact_tables import FaceContact
from solver.effective_tables import Effective, Study
from solver.faults import nearest
from solver.impedance_tables import Impedance
from solver.interface_tables import Touching
from solver.map_tables import Map
from solver.march_tables import Kinetics, Plating, Programme
from solver.mechanics_tables import Ellipse, Load, Mechanics, not_mirrored
from solver.micro_tables import MICRO, Micro, Segmented, Structured
from solver.region_tables import Storing
from solver.values import (
    Angle,
    Area,
    Conductivity,
    Current,
    CurrentDensity,
    Fraction,
    Given,
    Length,
    LengthOrZero,
    LengthUnit,
    PlaneArea,
    Potential,
    SpecificResistance,
    Strict,
    Thickness,
    as_tuple,
    fault,
    one_of,
)  # fmt: skip

NAME = r"^[A-Za-z][A-Za-z0-9_.+\-]{0,63}$"
VARIANT_NAME = r"^[A-Za-z0-9][A-Za-z0-9_\-.]{0,63}$"
Name = Annotated[str, Field(pattern=NAME)]
VariantName = Annotated[str, Field(pattern=VARIANT_NAME)]


class Layer(Strict):
    """A flat layer; its name is that of its region."""

    name: Name
    thickness: Thickness


class Film(Strict):
    """The film: a meshed layer, or an interface without thickness in the mesh."""

    thickness: LengthOrZero
    model: Literal["layer", "interface"]


class NoOpening(Strict):
    """The film is intact."""

    kind: Literal["none"]


class Slit(Strict):
    """A straight slit: full width per period, or the open share of the area."""

    kind: Literal["slit"]
    width: Length | None = None
    area_fraction: Fraction | None = None

    @model_validator(mode="after")
    def _one_size(self) -> Self:
        return one_of(self, "width", "area_fraction")


class Round(Strict):
    """A round hole: radius, or the open share of the area."""

    kind: Literal["round"]
    radius: Length | None = None
    area_fraction: Fraction | None = None

    @model_validator(mode="after")
    def _one_size(self) -> Self:
        return one_of(self, "radius", "area_fraction")


class Cross(Strict):
    """A net of crossing cracks: full width of the gaps, or the open share of the area."""

    kind: Literal["cross"]
    width: Length | None = None
    area_fraction: Fraction | None = None

    @model_validator(mode="after")
    def _one_size(self) -> Self:
        return one_of(self, "width", "area_fraction")


class TwoDiscs(Strict):
    """Two equal round holes in a half space."""

    kind: Literal["two_discs"]
    radius: Length
    distance: Length


Opening = Annotated[NoOpening | Slit | Round | Cross | TwoDiscs, Field(discriminator="kind")]
Layers = Annotated[tuple[Layer, ...], BeforeValidator(as_tuple)]
Shape = Literal["strip", "tube", "round", "square", "hexagon", "half_space", "half_space_3d"]


class Cell(Strict):
    """A cell of a periodic stack, or a half space."""

    shape: Shape
    width: Length
    film: Film | None = None
    opening: Opening = NoOpening(kind="none")
    filling: Literal["metal", "electrolyte"] | None = None
    above: Layers
    below: Layers = ()
    resolved_height: Length | None = None

    @model_validator(mode="after")
    def _filling_of_a_layer(self) -> Self:
        open_layer = self.film is not None and self.film.model == "layer"
        if open_layer and self.opening.kind != "none" and self.filling is None:
            raise fault(
                '"metal" or "electrolyte" in the opening of a film that is a layer', key="filling"
            )
        return self


class MeshFile(Strict):
    """A mesh from a file in the folder of the case, with named regions and boundaries."""

    mesh_file: str
    dimension: Literal["plane", "axisymmetric", "3d"]
    length_unit: LengthUnit
    multiplicity: Fraction = Fraction(value=1.0)
    cell_area: Area | None = None
    periodic: Annotated[tuple[Literal["x", "y", "z"], ...], BeforeValidator(as_tuple)] = ()


class Crack(Strict):
    """A crack in a plane of symmetry of a block: where it begins and ends along the face.

    Without `end` it goes to the end of the face.
    """

    face: Annotated[Literal["left", "bottom"], BeforeValidator(not_mirrored)]
    start: LengthOrZero
    end: Length | None = None


class Pit(Strict):
    """An empty pit in the last layer but one, bridged by the last; `width` is all of it."""

    width: Length
    depth: Length


class Flaw(Strict):
    """A straight crack inside of a layer: where it begins, how far and in which direction it goes.

    On an outer face (left, right, bottom, top) it begins at the surface. `name` is that of both of
    its faces.
    """

    name: str
    x: LengthOrZero
    y: LengthOrZero
    length: Length
    angle: Angle


class Box(Strict):
    """A quarter of a body of flat layers in 3D."""

    shape: Literal["box"]
    width: Length
    depth: Length
    layers: Layers
    crack: Ellipse | None = None


BLOCKS = ("block", "cylinder")


class Block(Strict):
    """Half of a body of flat layers (plane or axisymmetric), for stress and cracks."""

    shape: Literal["block", "cylinder"]
    width: Length
    layers: Layers
    crack: Crack | None = None
    pit: Pit | None = None
    flaws: Annotated[tuple[Flaw, ...], BeforeValidator(as_tuple)] = ()
    window: Length | None = None  # all of the width of a slit in a film below the block


SHELLS = ("ring", "ball")


class Shell(Strict):
    """A quarter of concentric layers (plane or axisymmetric), from inside outwards, for stress."""

    shape: Literal["ring", "ball"]
    inner_radius: LengthOrZero
    layers: Layers


def _geometry_tag(data: Any) -> str:
    if isinstance(data, MeshFile) or (isinstance(data, dict) and "mesh_file" in data):
        return "mesh"
    for kind, tag in ((Block, "block"), (Box, "box"), (Shell, "shell")):
        if isinstance(data, kind):
            return tag
    if isinstance(data, Structured | Segmented):
        return "micro"
    shape = data.get("shape") if isinstance(data, dict) else None
    if shape == "box":
        return "box"
    if isinstance(shape, str) and shape not in get_args(Shape):
        near = nearest(shape, (*get_args(Shape), *BLOCKS, *SHELLS, *MICRO))
        if shape in MICRO or (near in MICRO and shape not in get_args(Shape)):
            return "micro"
        if shape in SHELLS or near in SHELLS:
            return "shell"
        return "block" if shape in BLOCKS or near in BLOCKS else "cell"
    return "cell"


def _one_sort(data: Any) -> Any:
    if isinstance(data, dict) and {"mesh_file", "shape"} <= data.keys():
        raise fault("shape or mesh_file, not both")
    return data


Geometry = Annotated[
    Annotated[Cell, Tag("cell")]
    | Annotated[Block, Tag("block")]
    | Annotated[Box, Tag("box")]
    | Annotated[Shell, Tag("shell")]
    | Annotated[Micro, Tag("micro")]
    | Annotated[MeshFile, Tag("mesh")],
    Discriminator(_geometry_tag),
    BeforeValidator(_one_sort),
]


class IonicConductor(Strict):
    """div(conductivity grad phi) = 0."""

    law: Literal["ionic_conductor"]
    conductivity: Conductivity
    relative_permittivity: Fraction | None = None


class Equipotential(Strict):
    """A metal: one potential, not meshed."""

    law: Literal["equipotential"]


class Insulator(Strict):
    """Carries no current, not meshed."""

    law: Literal["insulator"]


class Electrode(Strict):
    """A metal face: potential, current or mean current density, and a contact resistance."""

    law: Literal["electrode"]
    potential: Potential | None = None
    current: Current | None = None
    current_density: CurrentDensity | None = None
    area_specific_resistance: SpecificResistance | None = None  # None: ideal contact
    kinetics: Kinetics | None = None
    plating: Plating | None = None
    contact: FaceContact | None = None

    @model_validator(mode="after")
    def _one_condition(self) -> Self:
        return one_of(self, "potential", "current", "current_density")


class HalfSpace(Strict):
    """The domain goes on without end; phi = 0 at infinity."""

    law: Literal["half_space"]


class Insulated(Strict):
    """No current through this boundary."""

    law: Literal["insulated"]


class Resistive(Strict):
    """A jump of the potential, area_specific_resistance times current density."""

    law: Literal["resistive"]
    area_specific_resistance: SpecificResistance


class Bonded(Strict):
    """The potential is continuous."""

    law: Literal["bonded"]


class Insulating(Strict):
    """No current through this interface."""

    law: Literal["insulating"]


Region = Annotated[IonicConductor | Storing | Equipotential | Insulator, Field(discriminator="law")]
Boundary = Annotated[Electrode | HalfSpace | Insulated | Touching, Field(discriminator="law")]
Interface = Annotated[Resistive | Bonded | Insulating | Touching, Field(discriminator="law")]


class Numerics(Strict):
    """How accurately to solve: the accuracy is that of the excess resistance.

    `element_order` is that of the potentials and displacements of a periodic cell ([effective]).
    """

    accuracy: Fraction = Fraction(value="0.1 %")
    refinement: Literal["adaptive", "uniform", "none"] = "adaptive"
    max_dofs: int = Field(2_000_000, ge=100, le=2_000_000_000)
    edge_size: Length | None = None
    maximum_size: Length | None = None
    layer_size: Length | None = None
    element_order: int = Field(2, ge=1, le=3)
    petsc_options: dict[str, str] = Field(default_factory=dict)


class Output(Strict):
    """What a run writes besides the numbers; pictures bring `vtu`, from which they are drawn."""

    fields: Annotated[tuple[Literal["vtu", "vtx"], ...], BeforeValidator(as_tuple)] = ("vtu",)
    pictures: bool = True


class Specimen(Strict):
    """A real sample: area of one face, number of equal faces in series."""

    name: Name
    diameter: Length | None = None
    area: PlaneArea | None = None
    sides: Literal[1, 2]

    @model_validator(mode="after")
    def _one_size(self) -> Self:
        return one_of(self, "diameter", "area")


class Reference(Strict):
    """A reported or exact number to compare a quantity with."""

    quantity: str
    value: Given
    source: str = Field(min_length=1)
    grade: Literal["P", "R", "C", "N", "E"] | None = None
    tolerance: Fraction | None = None
    relation: Literal["equal", "at_most", "at_least"] = "equal"
    exact: bool = False
    reason: str = ""

    @model_validator(mode="after")
    def _comparable(self) -> Self:
        if not self.exact and self.grade is None:
            raise fault("P, R, C, N or E (or exact = true)", key="grade")
        if self.exact and self.relation != "equal":
            raise fault('relation "equal" beside exact = true')
        if self.tolerance is None and self.relation == "equal" and self.grade not in (None, "N"):
            raise fault('a tolerance, as "5 %", beside relation = "equal"', key="tolerance")
        return self


class Calibrate(Strict):
    """A value of the case to be chosen such that a quantity meets its target."""

    parameter: str
    bracket: Annotated[tuple[str, str], BeforeValidator(as_tuple)]
    quantity: str
    target: Given
    source: str = Field(min_length=1)


class SolveFor(Strict):
    """A value of the case for which a quantity meets its target: a critical span, a critical load.

    Without `bracket` it is looked for around the value that the case gives. The answer becomes a
    quantity called `name`.
    """

    parameter: str
    bracket: Annotated[tuple[str, str], BeforeValidator(as_tuple)] | None = None
    quantity: str
    target: Given
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)] = "solved_for"

    @model_validator(mode="after")
    def _not_itself(self) -> Self:
        if self.quantity == self.name:
            raise fault("a name other than that of the quantity", key="name")
        return self


class CaseFile(Strict):
    """A case file. Every physical value is a text with its unit, as "2.5 mS/cm"."""

    title: str = Field(min_length=1, max_length=200)
    question: str = ""
    paper: str = ""
    base: str | None = None
    geometry: Geometry | None = None
    regions: dict[str, Region] = Field(default_factory=dict)
    boundaries: dict[str, Boundary] = Field(default_factory=dict)
    interfaces: dict[str, Interface] = Field(default_factory=dict)
    mechanics: Mechanics | None = None
    effective: Effective | None = None
    load: Load | None = None
    numerics: Numerics = Numerics()
    output: Output = Output()
    specimens: Annotated[tuple[Specimen, ...], BeforeValidator(as_tuple)] = ()
    references: Annotated[tuple[Reference, ...], BeforeValidator(as_tuple)] = ()
    calibrate: Calibrate | None = None
    solve_for: SolveFor | None = None
    map: Map | None = None
    study: Study | None = None
    programme: Programme | None = None
    impedance: Impedance | None = None
    variants: dict[VariantName, dict[str, Any]] = Field(default_factory=dict)
    balance: BalanceSpec | None = None
