"""Surface tension of a wavy face of lithium: its curvature, and what it does to growth."""

import math

import numpy as np
import pytest
from mpi4py import MPI

from solver.march_newton import fit_potentials
from solver.simulate import simulate
from tests.unit.case_checking import checked
from tests.verification.march_example import (
    HELD,
    SOLID,
    F,
    case_of,
    driven,
    galvanostatic,
    numbers,
    system_of,
    text,
)

SELF, WORLD = MPI.COMM_SELF, MPI.COMM_WORLD
VOLUME = 6.941e-6 / 0.534  # m^3/mol


def wavy(amplitude, tension, size, moves="true", shape="strip"):
    """10 um before a face of one wave of 4 um; 10 ohm cm2, 1 mA/cm2 that plate below."""
    film = 'area_specific_resistance = "10 ohm cm^2"\n'
    wave = f'amplitude = "{amplitude} um"\nwavelength = "4 um"\n' if shape == "strip" else ""
    plating = f"[boundaries.bottom.plating]\nmoves = {moves}\n{wave}"
    plating += f'surface_tension = "{tension} J/m^2"\n'
    parts = [HELD + film, plating, driven(1.0), galvanostatic(1.0, 20.0)]
    return text(SOLID, *parts, size=size, edge=size, width="4 um", shape=shape)


@pytest.mark.parallel
def test_curvature_is_that_of_a_steep_wave(tmp_path):
    # c = -g''/(1 + g'^2)^(3/2), slopes up to 0.47; on every node of the face, on any ranks
    errors = []
    for size in ("0.5 um", "0.25 um"):
        case = WORLD.bcast(case_of(tmp_path, wavy(0.3, 0.5, size)))
        system = system_of(case, WORLD)
        x = system.start()
        fit_potentials(system, x, {})
        field = system.further["c_bottom"]
        place = system.space.tabulate_dof_coordinates()[field.nodes, 0]
        k = math.pi / 2
        slope, bend = -0.3 * k * np.sin(k * place), -0.3 * k**2 * np.cos(k * place)
        exact = -bend / (1 + slope**2) ** 1.5
        off = np.abs(x.array_r[field.unknowns] - exact).max(initial=0.0)
        errors.append(WORLD.allreduce(float(off), op=MPI.MAX))
    assert errors[1] < 2e-3 * 0.3 * k**2, errors
    assert errors[1] < 0.6 * errors[0], errors  # at the worst node: order 1


@pytest.mark.parametrize("moves", [pytest.param(True, marks=pytest.mark.slow), False])
def test_surface_tension_slows_the_growth_of_waves(tmp_path, moves):
    # V_Li/F (i0/kappa - V_Li gamma k^2/F)/(rho + tanh(k L)/(kappa k)), the first with the motion
    case = case_of(tmp_path, wavy(4e-4, 0.5, "0.25 um", str(moves).lower()))
    said = numbers(simulate(case, SELF, lambda _: None))
    k = math.pi / 2 * 1e6
    drive = (10.0 / 0.01 if moves else 0.0) - VOLUME * 0.5 * k**2 / F
    exact = VOLUME / F * drive / (1e-3 + math.tanh(k * 1e-5) / (0.01 * k))
    assert said["growth_rate.bottom"] == pytest.approx(exact, rel=2e-3)


def test_only_flat_strips_have_a_curvature(tmp_path, capsys):
    status, said = checked(wavy(0.3, 0.5, "1 um", shape="tube"), tmp_path, capsys)
    assert status == 2 and len(said) == 1
    assert "boundaries.bottom.plating.surface_tension" in said[0] and "flat strip" in said[0]
