"""The data of a march: reactions at faces, binary electrolytes, programmes. Working units."""

from dataclasses import dataclass
from typing import Literal

Rate = Literal["butler_volmer", "linear", "tafel"]
Slip = Literal["free", "held"]
StepKind = Literal["galvanostatic", "potentiostatic", "rest"]
ROOM_TEMPERATURE = 298.15  # K
DEPOSIT_MOLAR_VOLUME = 1e-3 * 6.941 / 0.534  # um^3/fmol: 4.8498 um per mAh/cm^2
LITHIUM_MOLAR_VOLUME = 12.998  # um^3/fmol times 1e-3: cm^3/mol, of 6.941 g/mol and 0.534 g/cm^3


@dataclass(frozen=True)
class Curve:
    """A property against the salt concentration: linear between points, constant beyond them.

    Attributes:
        values: One value: a constant.
        concentrations: fmol/um^3, growing; empty for a constant.
        source: Where a table comes from ("" for a constant, whose source is an input).
        role: What a table is.
    """

    values: tuple[float, ...]
    concentrations: tuple[float, ...] = ()
    source: str = ""
    role: str = ""


@dataclass(frozen=True)
class BinaryElectrolyte:
    """One salt of two ions with one charge each, see `solver.electrolyte`.

    Attributes:
        concentration: Of the salt at the start, fmol/um^3.
        diffusivity: Of the salt, um^2/s.
        transference_number: Of the cation.
        conductivity: pA/(V um); None: Nernst and Einstein, of an ideal solution.
        thermodynamic_factor: 1 + d ln f/d ln c.
        porosity: Share of the volume that holds the electrolyte.
        relative_permittivity: Of the displacement current; 0: none.
    """

    concentration: float
    diffusivity: Curve
    transference_number: Curve
    conductivity: Curve | None = None
    thermodynamic_factor: Curve = Curve((1.0,))
    porosity: float = 1.0
    relative_permittivity: float = 0.0


@dataclass(frozen=True)
class Kinetics:
    """The reaction at a face of lithium, see `solver.kinetics`.

    Attributes:
        law: Of the rate.
        exchange_current_density: pA/um^2.
        transfer_coefficient: Of the anodic direction (stripping); the other one is the rest to 1.
        capacitance: Of the double layer, pC/(V um^2).
        normal_stress: On the lithium at the face, tension positive, MPa.
        molar_volume: Of lithium, um^3/fmol.
    """

    law: Rate
    exchange_current_density: float
    transfer_coefficient: float = 0.5
    capacitance: float = 0.0
    normal_stress: float = 0.0
    molar_volume: float = 1e-3 * LITHIUM_MOLAR_VOLUME


@dataclass(frozen=True)
class Backing:
    """Elastic lithium behind a flat face, the elastic electrolyte before it: `solver.misfit`.

    Attributes:
        lithium_modulus: Young's modulus of the lithium, MPa.
        lithium_poissons_ratio: Of the lithium.
        electrolyte_modulus: Young's modulus of all that is meshed, MPa.
        electrolyte_poissons_ratio: Of all that is meshed.
        slip: Along the face: free, or held (no displacement along it).
        stack_stiffness: Pressure over the growth of the stack, MPa/um; None: rigid ends.
    """

    lithium_modulus: float
    lithium_poissons_ratio: float
    electrolyte_modulus: float
    electrolyte_poissons_ratio: float
    slip: Slip = "free"
    stack_stiffness: float | None = None


@dataclass(frozen=True)
class Plating:
    """A face of lithium whose growth is followed, see `solver.deposit`.

    Attributes:
        porosity: Of what is deposited (and taken away).
        molar_volume: Of lithium, um^3/fmol.
        feature: What the growth is small against in a fixed geometry, um; None: the volume that is
            meshed over the area of the face.
        moves: Whether the face moves with its growth.
        amplitude: Of the height of the face at the start, amplitude cos(2 pi x/wavelength), um.
        wavelength: um; 0: no such height.
        backing: Elastic bodies on both sides; None: growth makes no stress.
        surface_tension: Of the lithium against what is before it, MPa um (J/m^2); 0: none.
    """

    porosity: float = 0.0
    molar_volume: float = DEPOSIT_MOLAR_VOLUME
    feature: float | None = None
    moves: bool = False
    amplitude: float = 0.0
    wavelength: float = 0.0
    backing: Backing | None = None
    surface_tension: float = 0.0


@dataclass(frozen=True)
class Step:
    """One step of a programme.

    Attributes:
        kind: What is held.
        current_density: Into the cell through the driven electrode, pA/um^2 (galvanostatic).
        potential: Of the driven electrode, V (potentiostatic).
        duration: At most, s.
        to_current_density: Reached in a straight line at the end of the duration; None: no ramp.
        to_potential: The same of a potential that is held, V.
        voltage: The step ends where the voltage reaches this, V.
        capacity: The step ends where so much charge has passed since its start, pC/um^2.
    """

    kind: StepKind
    duration: float
    current_density: float = 0.0
    potential: float = 0.0
    voltage: float | None = None
    capacity: float | None = None
    to_current_density: float | None = None
    to_potential: float | None = None

    @property
    def ramps(self) -> bool:
        """Whether what is held changes in time."""
        return self.to_current_density is not None or self.to_potential is not None


@dataclass(frozen=True)
class FilledFlaw:
    """A flaw in a solid next to a face of lithium, see `solver.filled_flaw`.

    Attributes:
        face: Name of the electrode.
        shape: A straight flaw in the surface, or a round one inside.
        length: Depth of the one, radius of the other, um.
        fracture_toughness: Of the solid, MPa um^0.5.
        amplification: Local current density over the mean one of the face.
        lateral_share: Of the stack pressure, what presses the solid along the face and so keeps
            the flaw shut.
        youngs_modulus: Of the solid, MPa; 0: not told, then G is not told either.
        poissons_ratio: Of the solid.
        grows_to: Length at which a march ends that follows the flaw as it grows, um; None: the
            march ends where it begins to grow.
        contact_limit: Most with which lithium presses at the face, MPa: it yields; None: no limit.
    """

    face: str
    shape: Literal["edge", "penny"]
    length: float
    fracture_toughness: float
    amplification: float = 1.0
    lateral_share: float = 0.0
    youngs_modulus: float = 0.0
    poissons_ratio: float = 0.0
    grows_to: float | None = None
    contact_limit: float | None = None


@dataclass(frozen=True)
class Staircase:
    """Half cycles at currents that grow until the cell fails, see `solver.staircase`.

    Attributes:
        protocol: Its name: critical currents of different protocols are different quantities.
        first, increment, last: Current densities, pA/um^2.
        half_cycle: Duration of one, s; None: by capacity.
        capacity, capacity_increment: Of a half cycle at the first current, and more at each next
            one, pC/um^2.
        rest: After each half cycle, s.
        cycles: At each current.
        voltage: Size of the voltage at which the cell has failed, V.
        flaw: What cracks.
    """

    protocol: str
    first: float
    increment: float
    last: float
    half_cycle: float | None = None
    capacity: float = 0.0
    capacity_increment: float = 0.0
    rest: float = 0.0
    cycles: int = 1
    voltage: float | None = None
    flaw: FilledFlaw | None = None


@dataclass(frozen=True)
class Programme:
    """What the driven electrode does in time; without steps the steady state is looked for.

    Attributes:
        temperature: K.
        steps: One after the other.
        repeat: How often all of them.
        staircase: What the steps were made from.
        flaw: What cracks, without a staircase.
        depletion: Share of the salt concentration at the start at which a cell counts as depleted.
        step_error: Of the concentration over that at the start, per step of time.
        remesh: Whether meshes that faces have left too flat are made anew, where that can be.
        most_remeshings: New meshes in one step at most; after them cells become too flat.
        checkpoint_interval: Of computing between two checkpoints, s.
        checkpoint_times: Since the start of the programme, s: checkpoints besides.
    """

    temperature: float = ROOM_TEMPERATURE
    steps: tuple[Step, ...] = ()
    repeat: int = 1
    staircase: Staircase | None = None
    flaw: FilledFlaw | None = None
    depletion: float = 1e-4
    step_error: float = 1e-5
    remesh: bool = True
    most_remeshings: int = 20
    checkpoint_interval: float = 600.0
    checkpoint_times: tuple[float, ...] = ()

    @property
    def any_flaw(self) -> FilledFlaw | None:
        """The flaw, of the programme or of its staircase."""
        return self.flaw if self.staircase is None else self.staircase.flaw
