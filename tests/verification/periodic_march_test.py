"""Currents with kinetics, in time, with salt and at frequencies go round through periodic sides."""

from dataclasses import replace

import numpy as np
import pytest
from mpi4py import MPI

from solver import schema
from solver.impedance_schema import Impedance
from solver.march import steady_state
from solver.march_run import make_system
from solver.march_schema import BinaryElectrolyte, Curve, Kinetics, Plating, Programme, Step
from solver.model import build_model
from solver.region_schema import Alloy, MixedConductor
from solver.simulate import simulate
from solver.units import FARADAY, GAS_CONSTANT
from tests.verification.helpers import electrode, solve
from tests.verification.periodic_sides_test import GOOD, JUMP, POOR, case_of, stripes

THERMAL = GAS_CONSTANT * 298.15 / FARADAY
I0 = 2.5e4  # pA/um^2: a face resists as much as the picture
WORLD, SELF = MPI.COMM_WORLD, MPI.COMM_SELF
SALT = BinaryElectrolyte(1.0, Curve((1.0,)), Curve((0.3,)))
SLOW = replace(SALT, diffusivity=Curve((0.2,)), transference_number=Curve((0.5,)))
TIMES = (0.02, 0.01)  # s


def picture(high=12):
    """Stripes whose two ends are of one region."""
    found = stripes(high)
    found[:2], found[-2:] = 0, 0
    return found


def on_metal(high=12):
    """The same on metal with a step, and a void."""
    found = picture(high)
    found[-4:] = 0
    found[-2:] = 2  # the first row is at the top
    found[-3, 2:5] = 2
    found[3:5, 5:7] = 3
    return found


def in_metal():
    """Two alloys, one on the other, with an uneven face to a conductor of ions."""
    found = np.zeros((8, 8), dtype=np.uint8)
    found[-3:] = 1
    found[-5:-3, 1:4] = 1
    found[-1] = 2
    return found


def face(drive, i0=I0, **more):
    """An electrode that reacts: at a potential (V) or with a current density (pA/um^2)."""
    law, alpha = more.pop("law", "butler_volmer"), more.pop("alpha", 0.3)
    kinetics = Kinetics(law, i0, alpha, more.pop("capacitance", 0.0))
    return schema.Electrode(*drive, 0.0, kinetics, **more)


def in_time(current):
    """A current density (pA/um^2), then a voltage."""
    held = Step("potentiostatic", TIMES[1], potential=0.1)
    return Programme(steps=(Step("galvanostatic", TIMES[0], current), held), step_error=1e-4)


def driven(current):
    return None, None, current


HELD = (0.0, None, None)
SLOWLY = 50.0  # pA/um^2: a seventh of the limiting current of the salt
KINETICS = {"bottom": face(HELD), "top": face(driven(20.0 * I0))}
PLATED = {
    "metal_surface": face(HELD, plating=Plating()),
    "top": face(driven(0.0), plating=Plating(), capacitance=5e3),
}
LAYERED = {"bottom": face(HELD, capacitance=5e3), "top": face(driven(0.0), capacitance=5e3)}
SALTY = {"bottom": face(HELD, SLOWLY), "top": face(driven(SLOWLY), SLOWLY)}
COLLECTOR = {"bottom": electrode(0.0), "top": face(driven(SLOWLY), SLOWLY)}
ALLOY = Alloy(0.4, 10.0, Curve((1.0,)))
MIXED = MixedConductor(POOR, GOOD, 20.0, Kinetics("linear", I0, capacitance=5e3))
DIELECTRIC = schema.IonicConductor(GOOD, relative_permittivity=1e4)
SPECTRUM = Impedance((1e4, 1e2, 1.0))
CASES = {
    "kinetics": (picture(), {"ends": KINETICS, "interfaces": JUMP}, {}),
    "plating": (
        on_metal(), {"ends": PLATED, "interfaces": JUMP}, {"programme": in_time(-2.0 * I0)},
    ),
    "impedance": (
        picture(),
        {"ends": LAYERED, "interfaces": JUMP, "laws": {"b": DIELECTRIC}},
        {"impedance": SPECTRUM},
    ),
    "salt": (
        picture(),
        {"ends": SALTY, "laws": {"a": SALT, "b": SLOW}},
        {"programme": in_time(SLOWLY), "impedance": SPECTRUM},
    ),
    "alloys": (
        in_metal(),
        {"ends": COLLECTOR, "laws": {"b": ALLOY, "metal": replace(ALLOY, fraction=0.6)}},
        {"programme": in_time(SLOWLY)},
    ),
    "mixed": (
        in_metal(),
        {"ends": COLLECTOR, "laws": {"b": MIXED, "metal": MIXED}},
        {"impedance": SPECTRUM},
    ),
}  # fmt: skip
QUICK = ("plating", "impedance")


def numbers_of(name, shift=0, comm=WORLD):
    """What a run says of a rolled picture, by name."""
    pixels, given, more = CASES[name]
    case = replace(case_of(np.roll(pixels, shift, axis=1), f"{name}{shift}", **given), **more)
    told = []
    solution = simulate(case, comm, told.append)
    assert "the current goes round along x" in told
    marching = solution.marching
    assert max(m.balance for m in marching.found.moments) < 1e-8
    found = {q.name: q.value for q in solution.quantities if q.name != "newton_steps"}
    found = {k: v for k, v in found.items() if not isinstance(v, str) and "balance" not in k}
    for number, end in enumerate(marching.found.ends):
        last = marching.found.moments[end.last]
        found |= {f"voltage {number}": last.voltage, f"current {number}": last.current}
        for key in ("growth", "fractions", "least"):
            for place, value in enumerate(np.ravel(getattr(last, key))):
                found[f"{key} {number} {place}"] = float(value)
    return found


@pytest.mark.parallel
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name in QUICK else [pytest.mark.slow]) for name in CASES],
)
def test_a_rolled_picture_answers_the_same_on_all_ranks(name):
    one, rolled = numbers_of(name), numbers_of(name, 3)
    assert rolled == pytest.approx(one, rel=1e-7, abs=1e-10)
    if WORLD.size > 1:
        assert numbers_of(name, 0, SELF) == pytest.approx(one, rel=1e-7, abs=1e-10)


def solid():
    """Boxes at random in three dimensions, between two layers of one region."""
    found = (np.random.default_rng(3).random((5, 3, 4)) < 0.4).astype(np.uint8)
    found[0], found[-1] = 0, 0
    return found


@pytest.mark.parallel
@pytest.mark.parametrize(
    ("pixels", "bottom"),
    [
        (on_metal(), "metal_surface"),
        pytest.param(solid(), "bottom", marks=pytest.mark.slow),
    ],
    ids=["plane", "solid"],
)
def test_little_current_obeys_the_law_of_ohm(pixels, bottom):
    """The potentials of the bounds, whose power is proved to be the least, on one mesh."""
    film = THERMAL / I0
    ends = {bottom: electrode(0.0, film), "top": electrode(1.0, film)}
    ohmic = solve(case_of(pixels, "ohmic", ends=ends, interfaces=JUMP)).certificate
    assert ohmic.domain.round is not None
    for law, volts in (("linear", 1.0), ("butler_volmer", 1e-6)):
        more = {"law": law, "alpha": 0.5}
        faces = {bottom: face(HELD, **more), "top": face((volts, None, None), **more)}
        case = case_of(pixels, "ohmic", ends=faces, interfaces=JUMP)
        system = make_system(case, build_model(case, ohmic.domain.built), ohmic.domain)
        current = steady_state(system, {}).moments[-1].current
        assert volts / current == pytest.approx(ohmic.lower, rel=1e-9)
