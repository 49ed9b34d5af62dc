"""Vacancies that stripping leaves in lithium: diffusion from a face to sinks at a depth.

Every atom that is stripped leaves a vacancy. x is their share of the sites above equilibrium, y the
depth, L that of the sinks (grain boundaries, dislocations, the far side), D their diffusivity:

    dx/dt = D d^2x/dy^2,     -(F D/V_Li) dx/dy = i  at the face,     x = 0 at y = L

    steady      x = (V_Li i/(F D)) (L - y)
    at first    x(0) = 2 (V_Li i/F) sqrt(t/(pi D)),      t << L^2/D

Voids begin where x at the face comes to a given excess x_v. Below i_v = F D x_v/(V_Li L) it never
does: that is what vacancies carry away. Above it x_v is reached after t_v = pi D (F x_v/(2 V_Li
i))^2 at first. With D x_e = D_Li, the self-diffusion of lithium at x_e vacancies in equilibrium,
i_v = F D_Li (x_v/x_e)/(V_Li L), 0.42 mA/cm^2 x_v/x_e for 5.6e-11 cm^2/s and 10 um.

In time x(0) is the sum of modes cos((n - 1/2) pi y/L), each of them exact for a current density
that is a straight line between moments; those beyond `MODES` follow it at once.

Source: Carslaw & Jaeger 1959, sections 2.9 and 3.8; Krauskopf et al. 2019, ACS Appl. Mater.
Interfaces 11, 14463.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

from solver.contact_schema import Vacancies, Voids
from solver.units import FARADAY

Floats = npt.NDArray[np.float64]
MODES = 4000


def vacancy_current(law: Voids) -> float:
    """i_v, given or from diffusion, pA/um^2."""
    gone = law.vacancies
    if gone is None:
        return law.vacancy_current_density
    steady = gone.diffusivity * gone.excess / gone.sink_distance
    return FARADAY * steady / law.molar_volume


@dataclass(frozen=True)
class History:
    """Vacancies at a face under a current density that changes.

    Attributes:
        law: Of the face, with vacancies.
        currents: Times (s) and current densities (pA/um^2, stripping positive).
    """

    law: Voids
    currents: tuple[tuple[float, float], ...]

    @property
    def _gone(self) -> Vacancies:
        if self.law.vacancies is None:
            raise ValueError("no vacancies")
        return self.law.vacancies

    @cached_property
    def _modes(self) -> tuple[Floats, float, float]:
        """Rates of decay (1/s), gain (1/s per pA/um^2), and x over i of all beyond them."""
        gone = self._gone
        rates = gone.diffusivity * ((np.arange(MODES) + 0.5) * np.pi / gone.sink_distance) ** 2
        per_current = self.law.molar_volume / FARADAY
        gain = 2.0 * per_current / gone.sink_distance
        steady = per_current * gone.sink_distance / gone.diffusivity
        return rates, gain, steady - float((gain / rates).sum())

    @cached_property
    def _states(self) -> list[Floats]:
        """Amplitudes of the modes at all times."""
        found: list[Floats] = [np.zeros(MODES)]
        for before, after in pairwise(self.currents):
            found.append(self._later(found[-1], before, after, after[0]))
        return found

    def _later(
        self, state: Floats, before: tuple[float, float], after: tuple[float, float], time: float
    ) -> Floats:
        rates, gain, _ = self._modes
        (begin, first), (end, last) = before, after
        passed = time - begin
        slope = (last - first) / (end - begin) if end > begin else 0.0
        left = np.exp(-rates * passed)
        held = -np.expm1(-rates * passed) / rates
        grown = gain * (first * held + slope * (passed - held) / rates)
        return np.asarray(state * left + grown)

    def _at_face(self, state: Floats, current: float) -> float:
        return float(state.sum()) + self._modes[2] * current

    @property
    def last(self) -> float:
        """x at the face at the end."""
        return self._at_face(self._states[-1], self.currents[-1][1])

    def _over(self, time: float, number: int) -> float:
        """By how much x at the face is above its excess at a time between two moments."""
        before, after = self.currents[number : number + 2]
        share = (time - before[0]) / (after[0] - before[0])
        state = self._later(self._states[number], before, after, time)
        current = before[1] + share * (after[1] - before[1])
        return self._at_face(state, current) - self._gone.excess

    def begin(self) -> float | None:
        """When x at the face first comes to its excess, s."""
        for number, ((start, _), (end, _)) in enumerate(pairwise(self.currents)):
            if end > start and self._over(end, number) >= 0.0:
                if self._over(start, number) >= 0.0:
                    return start
                return float(brentq(self._over, start, end, args=(number,), rtol=1e-12))
        return None
