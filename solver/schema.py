"""The data of a case: frozen, checked, all numbers floats of the working system (see `units`)."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from meshes.geometry import Geometry
from solver.balance import BalanceSpec
from solver.contact_schema import FaceContact
from solver.impedance_schema import Impedance
from solver.march_schema import BinaryElectrolyte, Kinetics, Plating, Programme
from solver.mechanics_schema import Mechanics
from solver.region_schema import Alloy, MixedConductor

Grade = Literal["P", "R", "C", "N", "E"]
Relation = Literal["equal", "at_most", "at_least"]


@dataclass(frozen=True)
class IonicConductor:
    """div(conductivity grad phi) = 0; conductivity in pA/(V um).

    `relative_permittivity` adds the displacement current where fields change in time; 0: none.
    """

    conductivity: float
    relative_permittivity: float = 0.0


@dataclass(frozen=True)
class Equipotential:
    """A metal: one potential, not meshed."""


@dataclass(frozen=True)
class Insulator:
    """Carries no current, not meshed."""


Region = IonicConductor | BinaryElectrolyte | Alloy | MixedConductor | Equipotential | Insulator


@dataclass(frozen=True)
class WallShift:
    """Potential at which lithium under pressure is above its electrode: V_Li p/F, tension negative.

    min(most, slope s) at the depth s below the height `mouth`: of lithium that flows out there.

    Attributes:
        mouth: Coordinate along the axis of the layers, um.
        slope: V/um.
        most: V.
    """

    mouth: float
    slope: float
    most: float


@dataclass(frozen=True)
class Electrode:
    """A metal face with given potential, total current or mean current density (exactly one).

    Attributes:
        potential: V.
        current: Through this boundary of the whole cell, into the domain: pA (plane: pA/um).
        current_density: `current` over the area of the whole cell, pA/um^2.
        area_specific_resistance: Between metal and domain, V um^2/pA; 0 is an ideal contact.
        kinetics: The reaction in series with it; None: it needs no overpotential.
        plating: How lithium grows there; None: its growth is not followed.
        contact: What share of it is in contact; None: all of it.
        shift: By the pressure of its lithium, which the current has given; None: there is none.
    """

    potential: float | None
    current: float | None
    current_density: float | None
    area_specific_resistance: float
    kinetics: Kinetics | None = None
    plating: Plating | None = None
    contact: FaceContact | None = None
    shift: WallShift | None = None


@dataclass(frozen=True)
class HalfSpace:
    """The domain goes on without end behind this boundary, phi = 0 at infinity."""


@dataclass(frozen=True)
class Insulated:
    """No current through this boundary; holds for every boundary that is not named."""


@dataclass(frozen=True)
class Resistive:
    """A jump of the potential: area_specific_resistance (V um^2/pA) times the current density."""

    area_specific_resistance: float


@dataclass(frozen=True)
class Bonded:
    """The potential is continuous; holds for every interface that is not named."""


@dataclass(frozen=True)
class Insulating:
    """No current through this interface."""


@dataclass(frozen=True)
class Touching:
    """Layers that conduct where they touch under their loads, which the mechanics tells.

    Attributes:
        area_specific_resistance: Where they touch, V um^2/pA; 0 is an ideal contact.
        gap_conductivity: Of what fills the gap where they are apart, pA/(V um); None: nothing.
        tolerance: Largest gap (um) that still counts as touching.
    """

    area_specific_resistance: float = 0.0
    gap_conductivity: float | None = None
    tolerance: float = 0.0


Boundary = Electrode | HalfSpace | Insulated | Touching
Interface = Resistive | Bonded | Insulating | Touching


@dataclass(frozen=True)
class Numerics:
    """How accurately to solve; the sizes (um) override those of the start mesh.

    `element_order` is that of the continuous elements of a periodic cell.
    """

    accuracy: float = 1e-3
    refinement: Literal["adaptive", "uniform", "none"] = "adaptive"
    max_dofs: int = 2_000_000
    edge_size: float | None = None
    maximum_size: float | None = None
    layer_size: float | None = None
    petsc_options: dict[str, str] = field(default_factory=dict)
    element_order: int = 2


@dataclass(frozen=True)
class Output:
    """What a run writes besides the numbers."""

    fields: tuple[Literal["vtu", "vtx"], ...] = ("vtu",)
    pictures: bool = True


@dataclass(frozen=True)
class Effective:
    """Which properties of a periodic cell are asked for."""

    conductivity: bool
    stiffness: bool
    three_point: bool = False
    uniform_tractions: bool = False


@dataclass(frozen=True)
class Study:
    """A quantity for cells of several sizes, each with several seeds.

    `cells` has the lengths that change, by key path, of each cell: texts with units, which are
    those of the `sizes`, or those of the case times the `factors`. `seed` is the key of the random
    numbers, from `first_seed` on.
    """

    quantity: str
    cells: tuple[dict[str, str], ...]
    factors: tuple[float, ...]
    seed: str
    seeds: int
    first_seed: int
    accuracy: float
    confidence: float

    @property
    def keys(self) -> tuple[str, ...]:
        """Key paths of the lengths that change."""
        return tuple(self.cells[0])

    @property
    def sizes(self) -> tuple[str, ...]:
        """The first of the lengths that change, of every cell."""
        return tuple(next(iter(cell.values())) for cell in self.cells)


@dataclass(frozen=True)
class Specimen:
    """A real sample: area of one face in um^2 and number of equal faces in series."""

    name: str
    area: float
    sides: int


@dataclass(frozen=True)
class Reference:
    """A reported or exact number to compare a quantity with.

    Attributes:
        quantity: Name of the quantity.
        value: In the working system, or "unbounded".
        unit_text: The unit in which the reference is given ("" for a plain number).
        source: Where it stands.
        grade: How it may be compared; "" for exact references.
        tolerance: Allowed relative deviation, if any.
        relation: How the quantity should lie to the value.
        exact: The value is exact: it must lie inside the guaranteed interval as well.
        reason: Why it misses, if it is known to.
    """

    quantity: str
    value: float | str
    unit_text: str
    source: str
    grade: Grade | Literal[""]
    tolerance: float | None
    relation: Relation
    exact: bool
    reason: str


@dataclass(frozen=True)
class Calibration:
    """One value of the case to be chosen in `bracket` such that `quantity` becomes `target`.

    `parameter` is a key path as "boundaries.window.area_specific_resistance" (see
    `case.with_value`); bracket and target are in the working system.
    """

    parameter: str
    bracket: tuple[float, float]
    quantity: str
    target: float
    unit_text: str
    source: str


@dataclass(frozen=True)
class SolveFor:
    """One value of the case to be found such that `quantity` becomes `target`.

    `parameter` is its key path, its values are in the unit `unit_text` of which one is
    `unit` in the working system; `target` is in the working system.
    """

    parameter: str
    unit_text: str
    unit: float
    bracket: tuple[float, float] | None
    start: float
    quantity: str
    target: float
    name: str


@dataclass(frozen=True)
class Against:
    """The second value of a map, as the first one in `Map`."""

    parameter: str
    values: tuple[str, ...]
    numbers: tuple[float, ...]
    unit_text: str


@dataclass(frozen=True)
class Map:
    """Values (texts with units) of one value of the case for which `quantity` is computed.

    `numbers` are the values in the unit `unit_text`; with `against` for each pair of values.
    """

    parameter: str
    values: tuple[str, ...]
    numbers: tuple[float, ...]
    unit_text: str
    quantity: str
    against: Against | None = None


@dataclass(frozen=True)
class Input:
    """A physical value as the file gives it, and where it comes from."""

    key: str
    text: str
    source: str
    role: str
    confidence: str
    range: tuple[str, str] | None
    datum: str


@dataclass(frozen=True)
class Case:
    """A complete, checked case.

    Attributes:
        title: One line.
        question: What the case answers.
        paper: Which paper it belongs to, or "".
        path: The case file.
        geometry: None for a case that has only a balance.
        regions: Law of every region, also of those that are not meshed.
        boundaries: Conditions by name; what is missing is insulated.
        interfaces: Conditions by name; what is missing is bonded.
        numerics: How accurately to solve.
        output: What to write.
        specimens: Real samples, for resistances in ohm.
        references: Numbers to compare with.
        calibrate: A value to be fitted, if any.
        variants: Complete cases that differ from this one, by name (they have no variants).
        balance: The table [balance]; `balance.quantities` computes it.
        inputs: Every physical value with its source.
        sources: File name and bytes of the case file, then of its bases.
        mechanics: Stress and cracks, if the case has them.
        solve_for: A value to be found, if any.
        map: Values for which a quantity is computed, if any.
        effective: What is asked of a periodic cell, if it is one.
        study: Sizes and seeds for which a quantity is computed, if any.
        programme: Temperature, and what the driven electrode does in time, if anything.
        impedance: Which spectrum is asked for, if any.
        table: What the case file says, with its bases.
    """

    title: str
    question: str
    paper: str
    path: Path
    geometry: Geometry | None
    regions: dict[str, Region]
    boundaries: dict[str, Boundary]
    interfaces: dict[str, Interface]
    numerics: Numerics
    output: Output
    specimens: tuple[Specimen, ...]
    references: tuple[Reference, ...]
    calibrate: Calibration | None
    variants: dict[str, "Case"]
    balance: BalanceSpec | None
    inputs: tuple[Input, ...]
    sources: tuple[tuple[str, bytes], ...] = field(compare=False, repr=False)
    mechanics: Mechanics | None = None
    solve_for: SolveFor | None = None
    map: Map | None = None
    effective: Effective | None = None
    study: Study | None = None
    programme: Programme | None = None
    impedance: Impedance | None = None
    table: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
