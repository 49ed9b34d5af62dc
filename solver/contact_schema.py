"""Contact of lithium with what it is pressed on, at a face of a march. Working units."""

from dataclasses import dataclass

from solver.march_schema import DEPOSIT_MOLAR_VOLUME

LEAST_CONTACT = 0.01


@dataclass(frozen=True)
class Flowing:
    """Power-law creep of the lithium around voids: with `rate` (1/s) at `stress` (MPa)."""

    stress: float
    rate: float
    exponent: float


@dataclass(frozen=True)
class Vacancies:
    """What carries vacancies away into the lithium, see `solver.vacancies`.

    Attributes:
        diffusivity: Of vacancies, um^2/s.
        excess: Share of the sites, above that in equilibrium, at which voids begin.
        sink_distance: From the face to where vacancies end, um.
    """

    diffusivity: float
    excess: float
    sink_distance: float


@dataclass(frozen=True)
class Voids:
    """How contact is lost and regained, see `solver.face_contact`.

    Attributes:
        depth: Volume of the voids over the area that they cover, um.
        vacancy_current_density: Stripped without voids, as vacancies diffuse away, pA/um^2.
        regained: Of the lithium that is plated before voids, the share that fills them.
        creep: Of lithium that closes voids under the stack pressure; None: none does.
        least_contact: Mean share in contact at which the face counts as lost.
        molar_volume: Of lithium, um^3/fmol.
        vacancies: From which that current density follows; None: it is given.
    """

    depth: float
    vacancy_current_density: float = 0.0
    regained: float = 1.0
    creep: Flowing | None = None
    least_contact: float = LEAST_CONTACT
    molar_volume: float = DEPOSIT_MOLAR_VOLUME
    vacancies: Vacancies | None = None


@dataclass(frozen=True)
class FaceContact:
    """What share of a face is in contact.

    Attributes:
        open_fraction: Share of the face that conducts (with voids: at the start).
        stack_pressure: With which the lithium is pressed on, MPa.
        voids: How that share changes; None: it stays.
    """

    open_fraction: float = 1.0
    stack_pressure: float = 0.0
    voids: Voids | None = None
