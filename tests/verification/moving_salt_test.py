"""Salt beside faces that move: thin layers, layers that travel, bodies that were moved before."""

import math

import numpy as np
import pytest
import ufl
from dolfinx import fem
from mpi4py import MPI

from solver.carrier_system import System
from solver.march import march
from solver.moving import moved_by
from solver.simulate import simulate
from solver.transport import volume_weight
from solver.units import FARADAY
from tests.verification.march_example import (
    HELD,
    SALT,
    F,
    case_of,
    driven,
    galvanostatic,
    numbers,
    reacts,
    system_of,
    text,
)

SELF, WORLD = MPI.COMM_SELF, MPI.COMM_WORLD
VOLUME = 12.998e-6  # m^3/mol
GROWS = 'molar_volume = "12.998 cm^3/mol"\n'
MOVES = "[boundaries.{}.plating]\n" + GROWS + "moves = true\n"
# hardly any anion moves by migration, and diffusion is quick: no gradient of salt
FAST = """law = "binary_electrolyte"
concentration = "1000 mol/m^3"
conductivity = "0.1 S/m"
diffusivity = "1e-8 m^2/s"
transference_number = 0.999999
"""
FILM = 'area_specific_resistance = "1000 ohm cm^2"\n'
CURRENT, SECONDS = 1.0, 3600.0  # mA/cm^2: 4.8497 um of 10 um


def amount_of(system: System, x) -> float:
    """int J u of the moved body, without what is integrated in time."""
    system.put(x)
    moved = tuple(f.value for name, f in system.further.items() if name.startswith("d_"))
    motion = moved_by(system.domain, moved)
    form = volume_weight(system.domain) * motion.volume * system.salt.value * ufl.dx
    return system.comm.allreduce(fem.assemble_scalar(fem.form(form)))


SHAPES = ["strip", pytest.param("tube", marks=pytest.mark.slow)]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_layer_that_becomes_thin_keeps_its_salt(tmp_path, shape):
    # c = c0 L0/(L0 - v t), v = V_Li i/F; without a gradient of salt U = i (L0 - v t)/kappa
    # + i rho; the film keeps the face flat, which would amplify any rounding without it
    content = text(
        FAST, HELD + FILM, driven(CURRENT), MOVES.format("bottom"), galvanostatic(CURRENT, SECONDS),
        size="2 um", edge="2 um", width="2 um", shape=shape,
    )  # fmt: skip
    system = system_of(case_of(tmp_path, content), SELF)
    found = march(system, {}, lambda _: None)
    assert found.ends[-1].reason == "duration"
    thin = 10e-6 - VOLUME * CURRENT * 10.0 / F * SECONDS
    assert thin == pytest.approx(5.1503e-6, rel=1e-4)
    u = found.x.array_r[system.salt.unknowns]
    assert u == pytest.approx(10e-6 / thin * np.ones(len(u)), rel=1e-8)
    assert found.moments[-1].voltage == pytest.approx(10.0 * (thin / 0.1 + 0.1), rel=1e-8)
    assert amount_of(system, found.x) == pytest.approx(amount_of(system, system.start()), rel=1e-9)
    assert max(moment.salt for moment in found.moments) < 1e-9


@pytest.mark.slow
def test_a_layer_that_travels_is_one_that_rests(tmp_path):
    # what one face loses the other one gains: all goes upwards by 2.5 um in 3000 s, in 30 times the
    # time of diffusion; a solvent that stayed behind would change u by v L/D = 0.8 %
    both = [MOVES.format(name) for name in ("bottom", "top")]
    found = []
    for more in (both, [part.replace("moves = true", "") for part in both]):
        content = text(
            SALT, HELD, driven(0.6), *more, galvanostatic(0.6, 3000.0), reacts("top"),
            reacts("bottom"), size="1 um", edge="1 um", width="1 um",
        )  # fmt: skip
        system = system_of(case_of(tmp_path, content), SELF)
        state = march(system, {}, lambda _: None)
        found.append((state.x.array_r[system.salt.unknowns], state.moments[-1].voltage))
        if more is both:
            way = state.x.array_r[system.further["d_1"].unknowns]
            assert way == pytest.approx(VOLUME * 6.0 / F * 3000.0 * 1e6, rel=1e-5)
    (moved, voltage), (resting, other) = found
    assert np.ptp(resting) > 0.3
    assert moved == pytest.approx(resting, abs=1e-5)
    assert voltage == pytest.approx(other, rel=1e-5)


def bent(x):
    """A displacement without symmetries, um."""
    return (
        0.3 * np.sin(0.9 * x[0] + 0.2) * (1 + 0.1 * x[1]),
        0.4 * np.cos(0.8 * x[0]) * (1 - 0.07 * x[1]) - 0.1 * x[1],
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_equations_are_those_of_a_mesh_that_was_moved_before(tmp_path, shape):
    # linear displacements, so that the moved mesh has straight cells; residuals with all couplings
    parts = [HELD, driven(0.1), galvanostatic(0.1, 1.0)]
    sizes = {"size": "2 um", "edge": "2 um", "width": "8 um", "shape": shape}
    here = case_of(tmp_path, text(SALT, *parts, MOVES.format("bottom"), **sizes))
    moving = system_of(here, SELF)
    straight = fem.Function(fem.functionspace(moving.domain.mesh, ("Lagrange", 1)))
    for i in range(2):
        straight.interpolate(lambda x, i=i: bent(x)[i])
        moving.further[f"d_{i}"].value.interpolate(straight)

    def move(domain):
        places = domain.mesh.geometry.x
        places[:, :2] += np.array(bent(places.T)).T
        return domain

    resting = system_of(case_of(tmp_path, text(SALT, *parts, **sizes)), SELF, move)
    (phi,) = moving.phi
    phi.value.interpolate(lambda x: 0.02 * np.sin(x[0]) + 0.01 * x[1] ** 2 / 10)
    moving.salt.value.interpolate(lambda x: 1 + 0.3 * np.cos(0.7 * x[0]) * np.sin(0.5 * x[1]))
    resting.phi[0].value.x.array[:] = phi.value.x.array
    resting.salt.value.x.array[:] = moving.salt.value.x.array
    rows = (moving, "u"), (resting, "u"), (moving, "phi_0"), (resting, "phi_0")
    salt, its, charge, other = (fem.assemble_vector(s.residuals[n]).array for s, n in rows)
    assert salt == pytest.approx(its, abs=1e-11 * np.abs(its).max())
    assert charge == pytest.approx(other, abs=1e-11 * np.abs(other).max())
    # stored: a = 0 leaves -scale/volume int J u v; eps F c_ref int du/dt v of a mesh at rest
    stored = fem.assemble_vector(moving.residuals["a"]).array
    resting.phi[0].value.x.array[:] = 0.0
    resting.salt.rate.x.array[:] = resting.salt.value.x.array
    resting.salt.value.x.array[:] = 1.0
    amount = fem.assemble_vector(resting.residuals["u"]).array / (FARADAY * resting.reference)
    size = moving.scale / moving.volume
    assert -stored / size == pytest.approx(amount, abs=1e-9 * np.abs(amount).max())


WAVE = 'amplitude = "0.3 um"\nwavelength = "8 um"\n'


def wavy(folder):
    """A wave that grows against a salt that is used up beside it."""
    content = text(
        SALT, HELD, driven(0.5), MOVES.format("bottom") + WAVE, galvanostatic(0.5, 600.0),
        reacts("bottom", 1.0), reacts("top", 1.0), size="1 um", edge="1 um", width="8 um",
    )  # fmt: skip
    return case_of(folder, content)


@pytest.mark.slow
def test_salt_beside_a_wave_that_grows_is_conserved(tmp_path):
    # 0.5 um in the mean, in a strip of 4 x 10 um (half of a wave): int J u is that of the start
    system = system_of(wavy(tmp_path), SELF)
    found = march(system, {}, lambda _: None)
    assert found.ends[-1].reason == "duration"
    start = 1.0 * system.volume
    assert amount_of(system, found.x) == pytest.approx(start, rel=1e-8)
    assert max(moment.salt for moment in found.moments) < 1e-9
    u = found.x.array_r[system.salt.unknowns]
    assert np.ptp(u) > 0.1
    assert math.isclose(system.domain.built.cell_area / system.domain.built.multiplicity, 4.0)


@pytest.mark.slow
@pytest.mark.parallel
def test_any_number_of_ranks_moves_the_same_salt(tmp_path):
    case = WORLD.bcast(wavy(tmp_path))
    together, alone = (numbers(simulate(case, comm, lambda _: None)) for comm in (WORLD, SELF))
    assert together.keys() == alone.keys()
    for name in ("voltage", "least_concentration"):
        assert together[name] == pytest.approx(alone[name], rel=1e-6), name
    assert together["salt_balance"] < 1e-8
