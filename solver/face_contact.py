"""Contact of lithium at a face: what share of it conducts, voids that stripping leaves.

On a face of which the share f touches the electrolyte, the current density (of the whole face) is

    i = f j(eta, film),      film and reaction see the local j = i/f

Stripping leaves voids where it outruns what fills the place again. With w = 1 - f the share that
voids cover and d their depth (volume over area, an input):

    (F d/V_Li) dw/dt = max(i - i_v, 0) - c w max(-i, 0) - (F d/V_Li) k w
    k = (3/2) r (3 P/(2 n s))^n

i_v is the current density that vacancies carry away into the lithium, so that no void begins (about
0.1 mA/cm^2 without pressure): an input, or what diffuses steadily (`solver.vacancies`). k is the
rate at which lithium that creeps with r (q/s)^n closes voids under the stack pressure P: exact for
a round void in an infinite body, and so for half of one on a face along which lithium slips;
neighbours are left out. Plating fills voids with the share c of what arrives before them, so they
close exponentially with the charge, but open in proportion to it: contact that is lost is not all
regained by the same charge, cycles add up.

An even face under a constant current i > i_v, from w = 0:

    w = (g/k)(1 - exp(-k t)),   g = V_Li (i - i_v)/(F d);    lost at t = -ln(1 - k/g)/k
    i_crit = i_v + F d k/V_Li   below it voids come to a share (i - i_v)/(i_crit - i_v)

Sources: Kasemchainan et al. 2019, Nature Materials 18, 1105 (critical stripping current) and
Krauskopf et al. 2019, ACS Appl. Mater. Interfaces 11, 14463 (vacancies), numbers of both from
memory; Budiansky, Hutchinson & Slutsky 1982, in Mechanics of Solids (Hopkins & Sewell), 13 (void in
a power-law body).
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import ufl
from ufl.core.expr import Expr

from solver import schema
from solver.contact_schema import FaceContact, Voids
from solver.units import FARADAY
from solver.vacancies import vacancy_current


def contacts(case: schema.Case) -> dict[str, FaceContact]:
    """Faces whose contact is told."""
    return {
        name: law.contact
        for name, law in case.boundaries.items()
        if isinstance(law, schema.Electrode) and law.contact is not None
    }


def voids_of(case: schema.Case) -> dict[str, Voids]:
    """Faces whose contact changes."""
    return {name: law.voids for name, law in contacts(case).items() if law.voids is not None}


def closing_rate(law: FaceContact) -> float:
    """k, 1/s: how fast creep closes voids under the stack pressure."""
    if law.voids is None or law.voids.creep is None:
        return 0.0
    creep = law.voids.creep
    mean = 3.0 * law.stack_pressure / (2.0 * creep.exponent * creep.stress)
    return float(1.5 * creep.rate * mean**creep.exponent)


def charge_in_voids(law: Voids) -> float:
    """F d/V_Li, pC/um^2: charge of the lithium missing where voids cover all of a face."""
    return FARADAY * law.depth / law.molar_volume


def critical_stripping(law: FaceContact) -> float:
    """Current density above which an even face loses all contact, pA/um^2."""
    if law.voids is None:
        raise ValueError("contact that does not change")
    return vacancy_current(law.voids) + charge_in_voids(law.voids) * closing_rate(law)


class Field(Protocol):
    """What is needed of a field."""

    @property
    def value(self) -> Any:
        """Nodal values."""

    @property
    def rate(self) -> Any:
        """Of their change in time."""


class Touch:
    """The contact of one face in the forms of a march.

    Attributes:
        name: Of the field of voids; "" where contact does not change.
        share: Of the face that conducts.
    """

    def __init__(
        self,
        case: schema.Case,
        face: str,
        fields: Mapping[str, Field],
        constant: Callable[[float], Expr],
    ) -> None:
        """Find what a case says of a face.

        Args:
            case: With contacts.
            face: Name of the electrode.
            fields: All further unknowns: that of voids is `v_<face>`.
            constant: Makes a constant of the mesh, so that no number is compiled into a form.
        """
        self._law = contacts(case).get(face, FaceContact())
        self._constant = constant
        self.name = f"v_{face}" if f"v_{face}" in fields else ""
        self._field = fields[self.name] if self.name else None
        self.share: Expr | float = 1.0
        if self._field is not None:
            self.share = 1.0 - self._field.value
        elif self._law.open_fraction != 1.0:
            self.share = constant(self._law.open_fraction)

    def row(self, current: Expr) -> Expr:
        """What is zero at every place, pA/um^2; `current` is i, stripping positive."""
        law = self._law.voids
        if law is None or self._field is None:
            raise ValueError("contact that does not change")
        share, rate = self._field.value, self._field.rate
        full = charge_in_voids(law)
        over = current - self._constant(vacancy_current(law))
        opens = ufl.conditional(ufl.gt(over, 0.0), over, 0.0)
        arrives = ufl.conditional(ufl.lt(current, 0.0), -current, 0.0)
        closed = self._constant(full * closing_rate(self._law)) * share
        return (
            self._constant(full) * rate
            - opens
            + self._constant(law.regained) * share * arrives
            + closed
        )
