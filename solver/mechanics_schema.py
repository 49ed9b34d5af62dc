"""The data of the mechanics of a case: solids, faces, loads (working units, see `units`)."""

from dataclasses import dataclass, field
from math import inf, sqrt
from typing import Literal

from solver.interface_schema import Joint


@dataclass(frozen=True)
class Isotropic:
    """Elastic, isotropic: Young's modulus in MPa, Poisson's ratio."""

    youngs_modulus: float
    poissons_ratio: float


@dataclass(frozen=True)
class Cubic:
    """Elastic, cubic: c11, c12, c44 in MPa; turned by `angle` (rad) about the normal."""

    c11: float
    c12: float
    c44: float
    angle: float


@dataclass(frozen=True)
class Orthotropic:
    """Elastic, orthotropic: moduli in MPa; turned by `angle` (rad) about the normal."""

    e1: float
    e2: float
    e3: float
    nu12: float
    nu13: float
    nu23: float
    g12: float
    g13: float
    g23: float
    angle: float


@dataclass(frozen=True)
class Plastic:
    """Yields at `yield_stress` (MPa), hardens with `hardening_modulus` (MPa); `plasticity`."""

    yield_stress: float
    hardening_modulus: float


@dataclass(frozen=True)
class Creep:
    """Creeps with `rate` (1/s) at `stress` (MPa), to the power `exponent`; see `creep`."""

    stress: float
    rate: float
    exponent: float
    activation_energy: float
    reference_temperature: float


@dataclass(frozen=True)
class Viscoplastic:
    """Rates 1/s, resistances MPa, activation energy kJ/mol; see `viscoplasticity`."""

    rate: float
    activation_energy: float
    rate_exponent: float
    initial_resistance: float
    hardening_modulus: float
    saturation_resistance: float
    hardening_exponent: float
    saturation_exponent: float


Flow = Plastic | Creep | Viscoplastic


@dataclass(frozen=True)
class Graded:
    """Stiffness times `factors` at the places `at` (um) along a coordinate; see `graded`."""

    along: Literal["x", "y"]
    at: tuple[float, ...]
    factors: tuple[float, ...]
    between: Literal["linear", "exponential"] = "linear"


@dataclass(frozen=True)
class SolidRegion:
    """A solid.

    Attributes:
        elastic: Its law.
        residual_stress: Biaxial stress along the layers that it was made with, MPa.
        misfit_strain: Strain, equal in all directions, at which it would be free of stress.
        misfit_strains: The same along x, y, z, to be added; () if it is equal.
        misfit_angle: By which the first two are turned about z, rad.
        fracture_energy: Gc, J/m^2; None if not given so.
        fracture_toughness: K_Ic, MPa um^(1/2); None if not given so.
        strength: Tensile stress at which it breaks, MPa; None if not given.
        large: Whether its rotations change the equilibrium (Green's strain).
        thermal_expansion: Linear, 1/K.
        flow: How it deforms for good; None: not at all.
        mixed: Whether its pressure is an unknown of its own, so that nothing locks.
        graded: How its stiffness varies; None: it does not.
    """

    elastic: Isotropic | Cubic | Orthotropic
    residual_stress: float
    misfit_strain: float
    fracture_energy: float | None
    fracture_toughness: float | None
    strength: float | None = None
    large: bool = False
    thermal_expansion: float = 0.0
    flow: Flow | None = None
    mixed: bool = False
    graded: Graded | None = None
    misfit_strains: tuple[float, ...] = ()
    misfit_angle: float = 0.0

    @property
    def strained(self) -> bool:
        """Whether it has a stress or a misfit by itself."""
        return bool(self.residual_stress or self.misfit_strain or any(self.misfit_strains))


@dataclass(frozen=True)
class Symmetry:
    """No normal displacement, no shear."""


@dataclass(frozen=True)
class Free:
    """No traction; holds for every face that is not named."""


@dataclass(frozen=True)
class Traction:
    """Pressure against the body and shear along the face, MPa."""

    pressure: float
    shear: float


@dataclass(frozen=True)
class Moved:
    """Displacement outwards or along the face, um; exactly one is given.

    A face that sticks to what moves it outwards does not slide along itself.
    """

    normal: float | None
    tangential: float | None
    sticks: bool = False


@dataclass(frozen=True)
class Clamped:
    """No displacement."""


@dataclass(frozen=True)
class Plate:
    """One normal displacement for all of the face, under a mean pressure (MPa).

    The pressure grows by `stiffness` (MPa/um) times the displacement outwards.
    """

    pressure: float
    stiffness: float = 0.0


@dataclass(frozen=True)
class FlawCreep:
    """Lithium creeps in a flaw by a law, with `flow_rate` (1/s) at `temperature` (K)."""

    law: Creep
    flow_rate: float
    temperature: float


@dataclass(frozen=True)
class Lithium:
    """Lithium in a crack, stalled at an overpotential.

    Attributes:
        overpotential: V; None: it follows from the current, against the boundary `metal`.
        metal: "" where the overpotential is given.
        dry_length: Length at the tip without lithium, um.
        width: Of the flaw, um; None: lithium does not flow.
        yield_stress: Of lithium in the flaw, MPa; where it creeps the stress at which it does.
        contact_pressure: On the face of the lithium that it is connected with, MPa.
        contact_limit: Most with which lithium presses there, MPa: it yields; None: no such limit.
        creep: From which `yield_stress` follows, if it does.
    """

    overpotential: float | None
    metal: str = ""
    dry_length: float = 0.0
    width: float | None = None
    yield_stress: float | None = None
    contact_pressure: float = 0.0
    contact_limit: float | None = None
    creep: FlawCreep | None = None

    @property
    def mouth_pressure(self) -> float:
        """Of the lithium at the mouth, MPa: that of its face, within what it bears; no tension."""
        limit = inf if self.contact_limit is None else self.contact_limit
        return max(0.0, min(limit, self.contact_pressure))

    @property
    def gradient(self) -> float:
        """Most that the walls hold, 2 tau_y/w with tau_y = yield_stress/sqrt(3), MPa/um."""
        if self.width is None or self.yield_stress is None:
            return inf
        return 2.0 * self.yield_stress / (sqrt(3.0) * self.width)


@dataclass(frozen=True)
class Contact:
    """The faces of a crack or flaw touch where they are pressed together.

    Attributes:
        friction: Of a flaw: `none`, or `sticking`: no sliding where the faces are pressed; "" of a
            crack in a plane of symmetry, where nothing slides.
    """

    friction: Literal["", "none", "sticking"] = ""


@dataclass(frozen=True)
class Indenter:
    """A rigid smooth parabola of a radius, `depth` below the face at its middle; um."""

    radius: float
    depth: float


Face = Symmetry | Free | Traction | Moved | Clamped | Plate | Contact | Indenter | Lithium


@dataclass(frozen=True)
class History:
    """The load over time: it rises evenly from nothing within `ramp` and stays.

    Attributes:
        duration: s; None: time does not matter, the load rises evenly in `steps` steps.
        ramp: s; 0: all of the load acts at once.
        steps: Number of equal steps; None: as `step_error` asks.
        step_error: Largest error of the stress by a step, over the largest equivalent stress.
        temperature: K.
    """

    duration: float | None = None
    ramp: float = 0.0
    steps: int | None = None
    step_error: float = 5e-3
    temperature: float = 298.15


@dataclass(frozen=True)
class Damage:
    """Fracture as a phase field (AT1) that follows the load in steps.

    Attributes:
        length: l, um: a quarter of the width of the band that stands for a crack.
        split: Which part of the elastic energy damage takes away.
        sound: Faces that stay sound.
        first_step: Share of the load of the first step.
        smallest_step: Of the smallest.
        largest_step: Of the largest.
        cells_per_length: Edges of damaged cells are at most l over this.
        control: What grows in steps: the load, or what cracks cost, the load being found.
        then: Whether the crack that was found is solved for as a sharp one; see `found_crack`.
    """

    length: float
    split: Literal["none", "volumetric_deviatoric", "spectral"]
    sound: tuple[str, ...] = ()
    first_step: float = 0.05
    smallest_step: float = 0.002
    largest_step: float = 0.1
    cells_per_length: float = 5.0
    control: Literal["load", "cracks"] = "load"
    then: Literal["nothing", "energy_release_rate"] = "nothing"


@dataclass(frozen=True)
class Cut:
    """A crack through a layer along all of a side, which is a plane of symmetry."""

    face: str
    layer: str


@dataclass(frozen=True)
class Mechanics:
    """Stress and cracks of a block.

    Attributes:
        plane: Plane strain or plane stress; without meaning in axisymmetry.
        solids: Of every layer.
        faces: Conditions by name of the face; what is missing is free.
        stretch: Of the whole body, equal in both directions along the layers; None: none imposed.
        temperature_change: Of the whole body, K.
        interfaces: Of neighbouring layers, by the name of their plane; others are bonded.
        history: How the load changes with time, for bodies that flow.
        opens_slit: Whether the mean opening of the crack is added to the slit of the conduction.
        damage: How the solids break while the load grows; None: they do not.
        empty: Regions of a microstructure that carry no stress: liquids, voids.
        cut: A crack through a layer of a microstructure.
        body_force: Force per volume along x and y, MPa/um.
    """

    plane: Literal["strain", "stress"]
    solids: dict[str, SolidRegion]
    faces: dict[str, Face]
    stretch: float | None
    opens_slit: bool = False
    temperature_change: float = 0.0
    interfaces: dict[str, Joint] = field(default_factory=dict)
    history: History = field(default_factory=History)
    damage: Damage | None = None
    empty: tuple[str, ...] = ()
    cut: Cut | None = None
    body_force: tuple[float, float] = (0.0, 0.0)
