"""Case files of cells that march, written from a few numbers."""

from dataclasses import astuple

import numpy as np

from solver import checkpoint_file
from solver.case import load_case
from solver.domain import read_domain
from solver.march import march
from solver.march_run import make_system, with_all_of_the_stack
from solver.mechanics_run import make_mesh
from solver.model import build_model

F, R, T = 96485.33212331, 8.31446261815324, 298.15
SALT = """law = "binary_electrolyte"
concentration = "1000 mol/m^3"
diffusivity = "1e-12 m^2/s"
transference_number = 0.3
"""
SOLID = 'law = "ionic_conductor"\nconductivity = "0.01 S/m"\n'
LIMIT = 2 * F * 1e-12 * 1000 / (0.7 * 10e-6) / 10  # mA/cm^2 of 10 um of SALT: 2.7567
HELD = '[boundaries.bottom]\nlaw = "electrode"\npotential = "0 V"\n'


def electrode(name, drive, more=""):
    return f'[boundaries.{name}]\nlaw = "electrode"\n{drive}\n{more}\n'


def driven(current, more=""):
    """The upper electrode with a current density in mA/cm^2."""
    return electrode("top", f'current_density = "{current!r} mA/cm^2"', more)


def reacts(name, i0=0.1, law="butler_volmer", more=""):
    """Kinetics of an electrode; i0 in mA/cm^2."""
    return (
        f'[boundaries.{name}.kinetics]\nlaw = "{law}"\n'
        f'exchange_current_density = "{i0!r} mA/cm^2"\n{more}\n'
    )


def galvanostatic(current, seconds, more=""):
    return (
        f'[[programme.steps]]\nkind = "galvanostatic"\ncurrent_density = "{current!r} mA/cm^2"\n'
        f'duration = "{seconds!r} s"\n{more}\n'
    )


def text(region, *parts, layers=None, size="1 um", edge="0.1 um", width="1 um", shape="strip"):
    """A stack of one layer of 10 um, or of `layers` (name, um, region)."""
    stack = layers or [("electrolyte", 10.0, region)]
    lines = [f'title = "t"\n[geometry]\nshape = "{shape}"\nwidth = "{width}"\n']
    lines += [f'[[geometry.above]]\nname = "{n}"\nthickness = "{h} um"\n' for n, h, _ in stack]
    lines += [f"[regions.{n}]\n{law}" for n, _, law in stack]
    numerics = f'[numerics]\nmaximum_size = "{size}"\nedge_size = "{edge}"\n'
    return "\n".join([*lines, *parts, numerics, "[output]\npictures = false\n"])


def case_of(folder, content):
    path = folder / "case.toml"
    path.write_text(content)
    return load_case(path)


def system_of(case, comm, change=lambda domain: domain):
    """The discrete problem of a case on its first mesh, or on a change of it."""
    case = with_all_of_the_stack(case)
    built = make_mesh(case, comm)
    return make_system(case, build_model(case, built), change(read_domain(built, comm)))


def numbers(solution):
    return {quantity.name: quantity.value for quantity in solution.quantities}


def kept_at(system, *numbers):
    """The march, and what was offered to be kept at some of its steps."""
    kept = []
    calls = iter(range(10**6))

    def keep(_, make):
        if next(calls) in numbers:
            kept.append(make())

    return march(system, {}, lambda _: None, keep), kept


def continued(system, kept, place):
    """The march of a fresh system from what was written to a file and read again; collective."""
    checkpoint_file.write(place, system, kept, "same")
    return march(system, {}, lambda _: None, kept=checkpoint_file.read(place, system, "same"))


def table(found):
    """All numbers of the moments of a march, a row each."""
    return np.array([np.hstack([np.ravel(v) for v in astuple(m)]) for m in found.moments])
